// Package signaling is the two WebSockets that an open app holds: the desk
// socket and the room socket. It checks who connects, speaks package protocol
// with them and hands what they say to the desk or to a live room. A socket's
// reader and writer own the socket; whatever else there is belongs to package
// rooms. It knows no SQL, no media and no HTTP API.
package signaling
