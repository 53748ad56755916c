package sfu

import (
	"context"
	"net/netip"
)

// Server owns the sockets that all rooms share.
type Server struct{ cfg Config }

// Listen opens the sockets.
func Listen(cfg Config) (*Server, error) { return &Server{cfg: cfg}, nil }

// Addr is the address listened on, with the port that was picked.
func (s *Server) Addr() netip.AddrPort { return s.cfg.Listen }

// Close ends every room and waits for everything that the server started.
func (s *Server) Close() error { return nil }

// NewRoom makes an empty room.
func (s *Server) NewRoom() *Room { return &Room{server: s} }

// Room is a group of peers that see and hear one another.
type Room struct{ server *Server }

// Close closes every peer of the room.
func (r *Room) Close() {}

// Join adds a participant. A participant who is already there is replaced: the
// old Peer is closed. The order of joining is the order of lines.
func (r *Room) Join(id string, may Rights, h Hooks) (*Peer, error) {
	return &Peer{room: r}, nil
}

// Peer is one participant's media.
type Peer struct{ room *Room }

// Offer answers the browser's offer. It may be called again at any time: with
// more sections, for an ICE restart, or with an offer of a whole new
// PeerConnection, which replaces the old one. Calls are served one at a time.
// An *Error says what is wrong with the offer; the connection of before goes on.
func (p *Peer) Offer(ctx context.Context, sdp string, tracks []Track) (answer string, lines []Line, err error) {
	return "", nil, &Error{CodeFailed, "media is not available"}
}

// Allow changes what the peer may send. What is withdrawn stops at once; what
// is newly granted needs a new offer unless its section was accepted before.
func (p *Peer) Allow(may Rights) {}

// Mute stops or resumes forwarding one of the peer's own sources. A muted
// microphone or camera keeps its lines at the others; a muted screen gives its
// lines back. Sources start unmuted.
func (p *Peer) Mute(source Source, muted bool) {}

// Enter lets media flow: the peer's sources get lines at the others who are
// inside, and theirs at it. A peer that joins is outside, so that it can connect
// while its person still waits in the lobby.
func (p *Peer) Enter() {}

// Exit is the opposite of Enter; the connection stays.
func (p *Peer) Exit() {}

// Lines is the present map of the peer's lines.
func (p *Peer) Lines() []Line { return nil }

// Stats is the link as of the last seconds.
func (p *Peer) Stats() Stats { return Stats{} }

// Close ends the peer's media; the others' lines that it occupied become spare.
// It does not wait for the network.
func (p *Peer) Close() {}
