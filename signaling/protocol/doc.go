// Package protocol is the language of the two sockets: every message, its
// direction and fields, the error codes and the close codes. It holds types and
// tables only; it knows nothing of rooms, people or networks. PROTOCOL.md and
// the app's TypeScript types are generated from it.
package protocol

//go:generate go run ./generate
