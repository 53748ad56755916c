// Package turn is a relay for people whose network lets nothing but TLS out: it
// carries their media, over a connection that its caller accepted, to the media
// ports of this server and nowhere else (RFC 8656).
//
// That it reaches nothing else does not rest on a list of forbidden addresses.
// An allocation has no socket on the network: it holds one connected socket to
// each media port, so the kernel itself neither sends to nor takes from any
// other place, and a packet for an address and port that is not announced has
// nowhere to go.
//
// State: Relay owns the connections, the accounts of who holds how many
// allocations, and the protocol server underneath; an allocation owns its
// sockets and one reader for each. The package knows no people and no rooms; a
// user is an opaque name that the caller gave a credential to.
package turn
