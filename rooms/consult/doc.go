// Package consult is the lifecycle of a consultation: its states, who may move
// it from one to the next, what must be true, and by when. It is pure: no SQL,
// HTTP, WebSocket or Redis, and time is always an argument.
package consult
