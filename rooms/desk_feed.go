package rooms

import (
	"consilium/auth"
)

// What the desk tells an open app over its desk socket. Ids and states only.

// DeskPosition is a place in the stream of a partnership's events.
type DeskPosition struct {
	Epoch  string
	Offset uint64
}

// DeskEvent is one thing to tell. Its body is one of DeskSnapshot, DeskRing,
// DeskRingStopped, DeskChanged, DeskPresence and DeskNotice.
type DeskEvent struct {
	Offset uint64 // position of the event; 0 when it has none (rings, presence)
	Body   any
}

// DeskSnapshot is where the stream stands. Not resumed: everything may have
// changed since the app last looked.
type DeskSnapshot struct {
	DeskPosition
	Resumed bool
	Rings   []DeskRing
}

// DeskRing asks the person to take a case.
type DeskRing struct {
	Consult    string
	Department string
	Wave       int
	Until      int64 // ms since the Unix epoch
	Invitation bool  // into a running call
}

// DeskRingStopped ends a ring: taken, answered, timeout or cancelled.
type DeskRingStopped struct {
	Consult string
	Why     string
}

// DeskChanged says that a case which the person may see has changed.
type DeskChanged struct {
	Consult string
	State   string
	Version int64
	Verb    string
}

// DeskPresence says that a person came, went or changed what they can hear.
type DeskPresence struct {
	Person string
	Online bool
	Armed  bool
}

// DeskNotice is something that the person should know now: unanswered,
// knocking, waiting-long, due, break-glass or agreement.
type DeskNotice struct {
	Kind    string
	Consult string
}

// DeskApp is one open app at its desk socket.
type DeskApp struct {
	Actor  auth.Actor
	Socket string       // unique id of the socket, for presence
	Last   DeskPosition // last event that the app has seen; zero: none
}
