package sfu

import (
	"slices"
	"sync"
	"time"
)

// maxReceiving bounds the receiving sections of one kind that are asked for, so
// that an offer stays within maxSections.
const maxReceiving = 28

// Room is a group of peers that see and hear one another.
type Room struct {
	server *Server

	mu     sync.Mutex // guards what follows, and what Peer says it guards there
	peers  map[string]*Peer
	order  []*Peer // of joining
	closed bool
}

// Join adds a participant, outside for now. A participant who is already there
// is replaced: the old Peer is closed, and the new one takes its place in the
// order of joining, which is the order of lines.
func (r *Room) Join(id string, may Rights, h Hooks) (*Peer, error) {
	if id == "" {
		return nil, &Error{CodeFailed, "a participant needs an id"}
	}
	p := &Peer{id: id, room: r, may: may, events: events{hooks: h, wait: &r.server.ending}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if old := r.peers[id]; old != nil {
		at := slices.Index(r.order, old)
		r.remove(old)
		r.order = slices.Insert(r.order, at, p)
	} else {
		r.order = append(r.order, p)
	}
	r.peers[id] = p
	return p, nil
}

// Close closes every peer of the room.
func (r *Room) Close() {
	r.mu.Lock()
	r.closed = true
	for _, p := range slices.Clone(r.order) {
		r.remove(p)
	}
	r.mu.Unlock()
	r.server.forget(r)
}

// remove takes a peer out. The caller holds mu.
func (r *Room) remove(p *Peer) {
	if p.closed {
		return
	}
	p.closed, p.inside = true, false
	p.events.close()
	if r.peers[p.id] == p {
		delete(r.peers, p.id)
	}
	r.order = slices.DeleteFunc(r.order, func(q *Peer) bool { return q == p })
	for _, pub := range p.publications {
		if pub != nil {
			pub.retire()
		}
	}
	if p.conn != nil {
		p.conn.close()
	}
	r.arrange(nil)
}

// arrange brings lines and subscriptions up to date after any change, and tells
// those whose lines changed, except for one peer (who learns them otherwise).
// The caller holds mu.
func (r *Room) arrange(except *Peer) {
	now := time.Now()
	for _, p := range r.order {
		for _, pub := range p.publications {
			if pub != nil {
				pub.gate()
			}
		}
	}
	audience := map[*publication][]*line{}
	var fresh []*line
	var moved []*Peer
	for _, p := range r.order {
		if p.conn == nil {
			continue
		}
		tuned, changed := r.arrangeFor(p)
		fresh = append(fresh, tuned...)
		for _, l := range p.conn.lines {
			if l.occupant != nil {
				audience[l.occupant] = append(audience[l.occupant], l)
			}
		}
		if len(tuned) > 0 {
			moved = append(moved, p)
		}
		if changed && p != except {
			p.tellLines()
		}
	}
	for _, p := range r.order {
		for _, pub := range p.publications {
			if pub != nil {
				lines := audience[pub]
				pub.subscribers.Store(&lines)
				pub.limit(now)
			}
		}
	}
	for _, p := range moved {
		r.fit(p, now) // before the pictures begin
	}
	for _, l := range fresh {
		l.requestKeyFrame(now)
	}
}

// arrangeFor assigns one peer's lines. It returns those that something came on, and
// whether anything changed. The caller holds mu.
func (r *Room) arrangeFor(p *Peer) (tuned []*line, changed bool) {
	lines := p.conn.lines
	places := make([]place, len(lines))
	audioLines := 0
	for i, l := range lines {
		places[i] = place{kind: l.kind, pair: l.pair}
		if l.occupant != nil {
			places[i].has = l.occupant.wanted()
		}
		if l.kind == audio {
			audioLines++
		}
	}
	wants, from := r.wantedBy(p)
	assigned, audioMissing, videoMissing := assign(places, wants)
	for i, l := range lines {
		pub := from[assigned[i]]
		if l.occupant == pub {
			continue
		}
		changed = true
		l.occupant, l.pause = pub, pause{}
		l.hold(false)
		l.tune(pub)
		if pub != nil {
			l.pause.layer = pub.top()
			l.aim(pub.top(), true)
			tuned = append(tuned, l)
		}
	}
	if audioMissing+videoMissing > 0 {
		videoLines := len(lines) - audioLines
		// One pair more than needed: the next newcomer finds a line at once.
		total := min(max(audioLines+audioMissing, videoLines+videoMissing)+1, maxReceiving)
		p.askMore(total)
	}
	return tuned, changed
}

// wantedBy lists what a peer should receive: everyone else's microphone and
// camera in the order of joining, then the screens. The caller holds mu.
func (r *Room) wantedBy(p *Peer) ([]wanted, map[wanted]*publication) {
	from := map[wanted]*publication{}
	if !p.inside {
		return nil, from
	}
	var wants, screens []wanted
	for _, q := range r.order {
		if q == p || !q.inside {
			continue
		}
		for _, pub := range q.publications {
			if pub == nil || !q.may.allow(pub.source) {
				continue
			}
			w := pub.wanted()
			if pub.source == Screen {
				if !q.muted[Screen.index()] {
					screens, from[w] = append(screens, w), pub
				}
				continue
			}
			wants, from[w] = append(wants, w), pub
		}
	}
	return append(wants, screens...), from
}
