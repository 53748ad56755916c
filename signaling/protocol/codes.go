package protocol

import "fmt"

// ErrorCode says why a message could not be carried out. The app shows its own
// words for it; the socket stays open.
type ErrorCode string

const (
	UnknownMessage ErrorCode = "unknown-message"
	Malformed      ErrorCode = "malformed"
	NotAllowed     ErrorCode = "not-allowed"
	NotAdmitted    ErrorCode = "not-admitted"
	NoParticipant  ErrorCode = "no-such-participant"
	StateForbids   ErrorCode = "state-forbids"
	ConsentMissing ErrorCode = "consent-missing"
	TooFast        ErrorCode = "too-fast"
	BadOffer       ErrorCode = "bad-offer"
	RoomFull       ErrorCode = "room-full"
	EmptyText      ErrorCode = "empty-text"
	Unavailable    ErrorCode = "unavailable"
)

// ErrorDoc documents one error code. Temporary errors may go away by trying again.
type ErrorDoc struct {
	Code      ErrorCode
	Temporary bool
	Doc       string
}

// ErrorCodes is every error code, in the order of the document.
func ErrorCodes() []ErrorDoc { return errorCodes }

var errorCodes = []ErrorDoc{
	{UnknownMessage, false, "this socket has no message of that type; after ten bad messages the socket closes with 4500"},
	{Malformed, false, "the body is not what the type's table says: an unknown, missing, null or over-long field, or a value outside its list"},
	{NotAllowed, false, "the person's seat in the consult does not permit this"},
	{NotAdmitted, false, "only people in the call may do this; knock first"},
	{NoParticipant, false, "nobody with that id is here, or they are not waiting"},
	{StateForbids, false, "the consult's state does not permit this now; read the case anew"},
	{ConsentMissing, false, "the patient's consent is neither recorded nor explained, so the call cannot begin"},
	{TooFast, true, "too many messages of this type; wait a few seconds"},
	{BadOffer, false, "the SDP offer cannot be used; make a new media connection and offer that"},
	{RoomFull, true, "eight people are in the call already"},
	{EmptyText, false, "a chat message needs text"},
	{Unavailable, true, "the server could not store or load what this needs; try again"},
}

// CloseCode is a WebSocket close code. After 4000–4499 the app may come back,
// after 4500–4999 it must not by itself.
type CloseCode int

const (
	CloseDrain      CloseCode = 4000
	CloseSlow       CloseCode = 4001
	CloseNoHello    CloseCode = 4002
	CloseTicket     CloseCode = 4003
	CloseFault      CloseCode = 4004
	CloseSilent     CloseCode = 4005
	CloseViolation  CloseCode = 4500
	CloseTakenOver  CloseCode = 4501
	CloseRevoked    CloseCode = 4502
	CloseRemoved    CloseCode = 4503
	CloseRoomEnded  CloseCode = 4504
	CloseTooBig     CloseCode = 4505
	CloseLeft       CloseCode = 4506
	CloseNoSuchRoom CloseCode = 4507
)

// MayReturn reports whether the app may connect again by itself.
func (c CloseCode) MayReturn() bool { return c < 4500 }

// String is the code's name, the reason in the close frame.
func (c CloseCode) String() string {
	for _, d := range closeCodes {
		if d.Code == c {
			return d.Name
		}
	}
	return fmt.Sprintf("close-%d", int(c))
}

// CloseDoc documents one close code.
type CloseDoc struct {
	Code CloseCode
	Name string
	Doc  string
}

// CloseCodes is every close code, in the order of the document.
func CloseCodes() []CloseDoc { return closeCodes }

var closeCodes = []CloseDoc{
	{CloseDrain, "going-away", "the server stops or moves; come back at once"},
	{CloseSlow, "slow-reader", "the app did not read for too long and its queue is full; come back and take a new snapshot"},
	{CloseNoHello, "no-hello", "no hello within 10 seconds of connecting"},
	{CloseTicket, "ticket-refused", "the ticket or room token is used, expired or of another kind; ask the API for a new ticket"},
	{CloseFault, "fault", "something went wrong on the server; come back after a few seconds"},
	{CloseSilent, "silent", "nothing arrived for 40 seconds, not even an answer to a WebSocket ping"},
	{CloseViolation, "protocol-violation", "a binary frame, something that is no JSON envelope, a message before or instead of hello, or ten bad messages"},
	{CloseTakenOver, "taken-over", "the same person opened this room in another tab or device"},
	{CloseRevoked, "revoked", "signed out, or access was taken away; sign in anew"},
	{CloseRemoved, "removed", "the person no longer has a seat in this consult"},
	{CloseRoomEnded, "ended", "the call is over for everybody"},
	{CloseTooBig, "frame-too-big", "a frame was larger than 64 KB"},
	{CloseLeft, "left", "the person left; from the app it says the same as leave"},
	{CloseNoSuchRoom, "no-such-room", "the ticket is for another room"},
}
