package sfu

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config says where a Server listens.
type Config struct {
	// Listen is the address of the UDP socket and of the TCP listener (same
	// port number). An unspecified address means every address of the machine,
	// loopback included. Port 0 picks a free port.
	Listen netip.AddrPort
	// Announce, when not empty, replaces the machine's own addresses in what
	// browsers are told: the addresses and ports under which a NAT or a load
	// balancer passes UDP and TCP through to Listen. Port 0 means the port
	// listened on.
	Announce []netip.AddrPort
	// Logger takes causes that no caller sees. Nil discards them. Neither SDP
	// nor media ever reaches it.
	Logger *slog.Logger
}

// Source is what a participant sends.
type Source string

const (
	Microphone Source = "microphone"
	Camera     Source = "camera"
	Screen     Source = "screen"
)

// Rights says which sources a participant may send. What is not granted is
// refused in the answer and never forwarded.
type Rights struct {
	Microphone, Camera, Screen bool
}

// Track names what the browser sends on one section of its offer.
type Track struct {
	MID    string
	Source Source
}

// Line tells whose media a receiving section of the browser carries now.
// Participant and Source are empty on a spare line. Paused says that the picture
// is not sent, because the browser's downlink does not carry it; Stills that it is not,
// but a still of it every few seconds.
type Line struct {
	MID         string
	Participant string
	Source      Source
	Paused      bool
	Stills      bool
}

// Layer is a size of one of a peer's own pictures: a smaller one that somebody watches
// in place of the largest, or the largest when less than all of it is of use. RID is
// empty for a picture of one size, Rate is how much is of use, bits/s.
type Layer struct {
	Source Source
	RID    string
	Rate   int
}

// Hooks is how a peer tells its owner of changes. Hooks are called from the
// package's own goroutines, in order for one peer, never with a lock held; they
// must return quickly and must not call back into the package. Any may be nil.
// None is called after Close has returned.
type Hooks struct {
	// Lines carries the whole map of the peer's lines after every change.
	Lines func([]Line)
	// More asks the browser to offer again with so many receiving sections in
	// all; called when a participant's media found no line.
	More func(audio, video int)
	// Layers carries the whole list of the peer's own layers of which something is to be
	// said, after every change that matters: the smaller ones that are of use, and the
	// largest of a picture while the browser is held to less than all of it. Smaller
	// ones that are not listed need not be sent; at first none is of use.
	Layers func([]Layer)
	// Connected tells when media can flow, and when it no longer can: the path
	// is silent for some seconds, or the browser closed the connection.
	Connected func(up bool)
	// Media tells when packets of one of the peer's own sources begin to arrive
	// and when they have stopped.
	Media func(source Source, live bool)
}

// Stats describes a peer's link over the last seconds. Up is towards the
// server. Zero values mean unknown.
type Stats struct {
	RTT      time.Duration
	LossUp   float64 // share of packets lost, 0 to 1, before repair
	LossDown float64
	RateUp   float64 // kbit/s
	RateDown float64
	Path     string // "udp", "tcp" or empty while not connected
}

// Error is a refusal with a stable code and words for the person who sees it.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Codes of Error.
const (
	CodeOfferTooBig      = "offer-too-big"     // over 64 KB, or over 64 sections
	CodeOfferMalformed   = "offer-malformed"   // not SDP that a browser makes
	CodeOfferUnsupported = "offer-unsupported" // well-formed, but outside of what the package comment asks for
	CodeClosed           = "media-closed"      // the peer, room or server is closed
	CodeFailed           = "media-failed"      // negotiation failed inside the server
)
