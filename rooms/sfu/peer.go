package sfu

import (
	"context"
	"sync"
)

var errClosed = &Error{CodeClosed, "this call's media has ended"}

// Peer is one participant's media.
type Peer struct {
	id     string
	room   *Room
	events events

	// negotiation serialises Offer. It is taken before the room's mutex.
	negotiation sync.Mutex

	// The room's mutex guards what follows.
	may          Rights
	muted        [len(sources)]bool
	inside       bool
	closed       bool
	up           bool
	conn         *connection
	publications [len(sources)]*publication
}

// Offer answers the browser's offer. It may be called again at any time: with
// more sections, for an ICE restart, or with an offer of a whole new
// PeerConnection, which replaces the old one. Calls are served one at a time.
//
// An *Error says what is wrong. With any code but CodeFailed the connection of
// before goes on; after CodeFailed the browser must begin with a new
// PeerConnection.
func (p *Peer) Offer(ctx context.Context, sdp string, tracks []Track) (answer string, lines []Line, err error) {
	o, err := parseOffer(sdp)
	if err != nil {
		return "", nil, err
	}
	p.negotiation.Lock()
	defer p.negotiation.Unlock()

	p.room.mu.Lock()
	conn, may, closed := p.conn, p.may, p.closed
	p.room.mu.Unlock()
	if closed {
		return "", nil, errClosed
	}
	if conn != nil && !o.identity().continues(conn.identity) {
		conn = nil
	}
	plan, err := planFor(o, tracks, may, conn)
	if err != nil {
		return "", nil, err
	}
	if conn == nil {
		if conn, err = newConnection(p); err != nil {
			p.room.server.log.Error("media: new connection", "err", err)
			return "", nil, &Error{CodeFailed, "the server could not open a media connection"}
		}
	}
	sending := p.publish(plan)
	conn.accept(sending, plan.rids)
	answer, added, err := conn.negotiate(ctx, o, plan)
	if err != nil {
		p.room.server.log.Warn("media: negotiation", "err", err)
		p.lose(conn)
		return "", nil, &Error{CodeFailed, "the media connection could not be agreed on"}
	}
	conn.identity, conn.ids = o.identity(), o.ids
	lines, err = p.install(conn, added, sending, plan.rids)
	return answer, lines, err
}

// lose gives up a connection whose negotiation failed.
func (p *Peer) lose(conn *connection) {
	conn.close()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.conn == conn {
		p.conn = nil
		p.noteState()
		p.room.arrange(p)
	}
}

// publish finds or makes the publications that a plan names, by mid.
func (p *Peer) publish(plan plan) map[string]*publication {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	sending := make(map[string]*publication, len(plan.sources))
	for mid, source := range plan.sources {
		pub := p.publications[source.index()]
		if pub == nil {
			pub = newPublication(p, source)
		}
		sending[mid] = pub
	}
	return sending
}

// install makes a negotiated connection the peer's own.
func (p *Peer) install(conn *connection, added []*line, sending map[string]*publication, rids layersByMID) ([]Line, error) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.closed {
		conn.close()
		return nil, errClosed
	}
	if old := p.conn; old != conn {
		p.conn = conn
		if old != nil {
			old.close()
		}
		p.noteState()
	}
	conn.lines = append(conn.lines, added...)
	conn.asked = 0

	var now [len(sources)]*publication
	for mid, pub := range sending {
		now[pub.source.index()] = pub
		pub.layOut(rids[mid])
	}
	for i, pub := range p.publications {
		if pub != nil && pub != now[i] {
			pub.retire()
		}
	}
	p.publications = now
	p.room.arrange(p)
	return p.lines(), nil
}

// Allow changes what the peer may send. What is withdrawn stops at once; what
// is newly granted needs a new offer unless its section was accepted before.
func (p *Peer) Allow(may Rights) {
	p.change(func() { p.may = may })
}

// Mute stops or resumes forwarding one of the peer's own sources. A muted
// microphone or camera keeps its lines at the others; a muted screen gives its
// lines back. Sources start unmuted.
func (p *Peer) Mute(source Source, muted bool) {
	if source.valid() {
		p.change(func() { p.muted[source.index()] = muted })
	}
}

// Enter lets media flow: the peer's sources get lines at the others who are
// inside, and theirs at it. A peer that joins is outside, so that it can connect
// while its person still waits in the lobby.
func (p *Peer) Enter() { p.change(func() { p.inside = true }) }

// Exit is the opposite of Enter; the connection stays.
func (p *Peer) Exit() { p.change(func() { p.inside = false }) }

func (p *Peer) change(f func()) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.closed {
		return
	}
	f()
	p.room.arrange(nil)
}

// Lines is the present map of the peer's lines.
func (p *Peer) Lines() []Line {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.lines()
}

// lines is Lines for a caller that holds the room's mutex.
func (p *Peer) lines() []Line {
	if p.conn == nil {
		return nil
	}
	out := make([]Line, len(p.conn.lines))
	for i, l := range p.conn.lines {
		out[i].MID = l.mid
		if l.showsPaused() {
			out[i].Paused, out[i].Stills = !l.pause.stills, l.pause.stills
		}
		if l.occupant != nil {
			out[i].Participant, out[i].Source = l.occupant.peer.id, l.occupant.source
		}
	}
	return out
}

// Holds tells whether the browser's connection can go on, if need be by an ICE
// restart, whether or not media flows now.
func (p *Peer) Holds() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return !p.closed && p.conn != nil && p.conn.way.holds()
}

// Layers are the layers of the peer's pictures as Hooks.Layers has them.
func (p *Peer) Layers() []Layer {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.layers()
}

// layers is Layers for a caller that holds the room's mutex.
func (p *Peer) layers() []Layer {
	var out []Layer
	for _, pub := range p.publications {
		if pub == nil {
			continue
		}
		for k := range pub.top() + 1 {
			rid := ""
			if pub.rids != nil {
				rid = pub.rids[k]
			}
			if asked := pub.limits[k].asked; asked > 0 {
				out = append(out, Layer{pub.source, rid, asked})
			}
		}
	}
	return out
}

// tellLayers passes that on. The caller holds the room's mutex.
func (p *Peer) tellLayers() {
	layers := p.layers()
	p.events.post(func(h *Hooks) {
		if h.Layers != nil {
			h.Layers(layers)
		}
	})
}

// tellLines passes the map on. The caller holds the room's mutex.
func (p *Peer) tellLines() {
	lines := p.lines()
	p.events.post(func(h *Hooks) {
		if h.Lines != nil {
			h.Lines(lines)
		}
	})
}

// Stats is the link as of the last seconds.
func (p *Peer) Stats() Stats {
	p.room.mu.Lock()
	conn := p.conn
	p.room.mu.Unlock()
	if conn == nil {
		return Stats{}
	}
	return conn.stats()
}

// Close ends the peer's media; the others' lines that it occupied become spare.
// It does not wait for the network. No hook begins after it has returned.
func (p *Peer) Close() {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.room.remove(p)
}

// askMore asks the browser for receiving sections, once per number. The caller
// holds the room's mutex.
func (p *Peer) askMore(total int) {
	if p.conn.asked >= total {
		return
	}
	p.conn.asked = total
	p.events.post(func(h *Hooks) {
		if h.More != nil {
			h.More(total, total)
		}
	})
}

// noteState tells when the peer's connection has come up or gone down. The
// caller holds the room's mutex.
func (p *Peer) noteState() {
	up := p.conn != nil && p.conn.isUp()
	if p.closed || p.up == up {
		return
	}
	p.up = up
	p.events.post(func(h *Hooks) {
		if h.Connected != nil {
			h.Connected(up)
		}
	})
}
