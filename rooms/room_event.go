package rooms

import (
	"time"

	"consilium/auth"
	"consilium/rooms/sfu"
)

// outlet is the far end of one participant's socket. Both methods return at
// once; an outlet that cannot keep up closes itself.
type outlet interface {
	Send(RoomTelling)
	Close(RoomClose)
}

// RoomClose says why a room lets go of a socket.
type RoomClose string

const (
	ClosedDrain     RoomClose = "drain"      // this server stops; come back
	ClosedTakenOver RoomClose = "taken-over" // the same person opened the room elsewhere
	ClosedRevoked   RoomClose = "revoked"    // signed out, or access was taken away
	ClosedRemoved   RoomClose = "removed"    // no seat in this consult any more
	ClosedEnded     RoomClose = "ended"      // the call is over
	ClosedLeft      RoomClose = "left"       // the person left
)

// RoomTelling is what a room tells one participant.
type RoomTelling interface{ telling() }

// RoomPhase is how far a person has come into the room.
type RoomPhase string

const (
	PhaseLobby   RoomPhase = "lobby"   // trying devices
	PhaseWaiting RoomPhase = "waiting" // has knocked
	PhaseIn      RoomPhase = "in"      // in the call
)

// RoomRight is one thing that a participant may do.
type RoomRight string

const (
	MayMicrophone RoomRight = "microphone"
	MayCamera     RoomRight = "camera"
	MayScreen     RoomRight = "screen"
	MayChat       RoomRight = "chat"
	MayAdmit      RoomRight = "admit"
	MayEnd        RoomRight = "end"
	MayInvite     RoomRight = "invite"
)

// RoomLink is the quality of a person's link in one word.
type RoomLink string

const (
	LinkUnknown RoomLink = "unknown"
	LinkGood    RoomLink = "good"
	LinkFair    RoomLink = "fair"
	LinkPoor    RoomLink = "poor"
	LinkLost    RoomLink = "lost"
)

// RoomLine tells whose media a receiving section of the browser carries, RoomTrack
// what it sends on one, and RoomLayer a size of that and how much of it is of use: the
// media server's own words.
type (
	RoomLine   = sfu.Line
	RoomLayer  = sfu.Layer
	RoomTrack  = sfu.Track
	RoomSource = sfu.Source
)

// RoomMedia says which of a person's own sources are on.
type RoomMedia struct {
	Microphone, Camera, Screen bool
	// Paused: the camera is on, but the link bears sound only.
	Paused bool
}

// RoomPerson is a participant as the others see them.
type RoomPerson struct {
	ID     string
	Person string
	RoomName
	Seat      auth.Seat
	Phase     RoomPhase
	Since     time.Time // when the phase was entered
	Connected bool      // false while the socket is away and may come back
	Media     RoomMedia
	Link      RoomLink
	RTT       float64 // ms, 0: unknown
	Loss      float64 // 0 to 1, the worse direction
}

// RoomSnapshot is the first thing that a participant is told.
type RoomSnapshot struct {
	Participant string
	Grace       time.Duration
	Resumed     bool // the media connection of before can go on, if need be on another path
	Phase       RoomPhase
	Case        RoomCase
	May         []RoomRight
	Roster      []RoomPerson
	Chat        []RoomChat
	Lines       []RoomLine
	Layers      []RoomLayer
}

// RoomJoined says that someone came into the room or its lobby.
type RoomJoined struct{ Person RoomPerson }

// RoomUpdated replaces what is known of a participant.
type RoomUpdated struct{ Person RoomPerson }

// RoomLeft says that someone is gone for good: left, lost or removed.
type RoomLeft struct{ Participant, Why string }

// RoomAnswer answers an offer.
type RoomAnswer struct {
	ID    int64
	SDP   string
	Lines []RoomLine
}

// RoomLines replaces the map of the participant's receiving lines.
type RoomLines struct{ Lines []RoomLine }

// RoomLayers replaces the list of the sizes of the participant's own pictures of which
// something is to be said.
type RoomLayers struct{ Layers []RoomLayer }

// RoomMoreLines asks for an offer with more receiving sections.
type RoomMoreLines struct{ Audio, Video int }

// RoomCaseChanged says that the consult has changed.
type RoomCaseChanged struct{ Case RoomCase }

// RoomPhaseChanged tells the person's own phase and rights.
type RoomPhaseChanged struct {
	Phase RoomPhase
	By    string // participant who admitted; empty: nobody needed to
	May   []RoomRight
}

// RoomEnded says that the call is over, and by whom; no name: by the system.
type RoomEnded struct{ By RoomName }

// RoomRefused answers something that could not be done.
type RoomRefused struct {
	Re      string // what was asked: the wire name of the message
	Code    string // one of the Refused codes
	Message string
}

// Why something could not be done in a room; the socket's protocol has the same
// codes.
const (
	RefusedNotAllowed    = "not-allowed"
	RefusedNotAdmitted   = "not-admitted"
	RefusedNoParticipant = "no-such-participant"
	RefusedState         = "state-forbids"
	RefusedConsent       = "consent-missing"
	RefusedOffer         = "bad-offer"
	RefusedFull          = "room-full"
	RefusedEmpty         = "empty-text"
	RefusedUnavailable   = "unavailable"
)

func (RoomSnapshot) telling()     {}
func (RoomJoined) telling()       {}
func (RoomUpdated) telling()      {}
func (RoomLeft) telling()         {}
func (RoomAnswer) telling()       {}
func (RoomLines) telling()        {}
func (RoomLayers) telling()       {}
func (RoomMoreLines) telling()    {}
func (RoomChat) telling()         {}
func (RoomCaseChanged) telling()  {}
func (RoomPhaseChanged) telling() {}
func (RoomEnded) telling()        {}
func (RoomRefused) telling()      {}
