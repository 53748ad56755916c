// Package client is the other end of the two sockets in Go: a desk, a room and
// a pion peer with made-up sound and picture. End-to-end tests and load use it.
// It knows the protocol and nothing of the server.
package client
