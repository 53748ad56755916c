// Package consult is the lifecycle of a consultation: its states, who may move
// it from one to the next, what must be true, and by when. table.go is the
// whole of it on one page; timers.go is what happens when nobody acts.
//
// It is pure. It owns no state: a Case belongs to whoever loaded it, and Apply
// changes it wholly or not at all. It must not know SQL, HTTP, WebSocket or
// Redis, nor read a clock: time and everything else from outside are arguments
// (Facts).
package consult
