package rooms

import (
	"context"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// casework is what a live room asks of the desk: the durable side of a case.
// Calls block on the database, so a room makes them from its clerk, never from
// its own goroutine.
type casework interface {
	// RoomPass says who the person is in this case's room, as of now. A case
	// that the person may not see is an *Error with code "not-found".
	RoomPass(ctx context.Context, by auth.Actor, caseID string) (RoomPass, error)
	// RoomEvent makes a transition that follows from what happens in the room:
	// arrive, admit, interrupt, resume, end. An actor without a person is the
	// system. It answers how the case stands afterwards.
	RoomEvent(ctx context.Context, caseID string, verb consult.Verb, by auth.Actor) (RoomCase, error)
	// SessionNote writes down who joined, left, presented, and how the link was.
	SessionNote(ctx context.Context, caseID string, by auth.Actor, note SessionNote) error
}

// chatbook keeps what is said in the room with the case.
type chatbook interface {
	// Chat stores a message; the same person and key again is the same message.
	Chat(ctx context.Context, caseID string, by auth.Actor, key, text string) (RoomChat, error)
	// ChatSince answers the messages after seq, oldest first, at most 500 (the last ones).
	ChatSince(ctx context.Context, caseID string, by auth.Actor, seq int64) ([]RoomChat, error)
}

// RoomPass is a person's standing in one room.
type RoomPass struct {
	Object auth.Object // the case as the permission table sees it, with the person's seat
	RoomName
	Case RoomCase
}

// RoomName is what a person in a room is called, and the institution that they
// sit there for; in Latin script too where that is known.
type RoomName struct {
	Name, NameLatin               string
	Institution, InstitutionLatin string
}

// RoomCase is what a room needs to know of its case.
type RoomCase struct {
	State    consult.State
	Version  int64
	StartNow bool      // 急会诊: acceptance counts as admission
	Began    time.Time // when the call began; zero: not yet
}

// SessionNote is one line of the session's record. No clinical text.
type SessionNote struct {
	What       string        // joined, left, lost, removed, presented
	Lasted     time.Duration // how long the person was in the call (left, lost, removed)
	RTT        float64       // ms, mean over that time; 0: unknown
	Loss       float64       // share of packets lost, 0 to 1, the worse direction, mean
	Path       string        // udp, tcp, relay or empty
	Freezes    int
	RateUp     float64 // kbit/s, mean
	RateDown   float64
	Concealed  float64 // share of the sound that had to be invented, mean
	Reconnects int     // times that media came back after it was lost
}

// RoomChat is one kept chat message.
type RoomChat struct {
	Seq       int64
	Key       string
	Person    string
	Name      string
	NameLatin string
	At        time.Time
	Text      string
}
