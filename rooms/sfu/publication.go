package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// publication is one source of one participant, for as long as the participant
// offers it. Connections and streams beneath it may change. It comes as one
// stream, or in layers: the same picture in several sizes.
type publication struct {
	peer   *Peer
	source Source

	// Guarded by the room's mutex.
	rids   []string // of the layers, the smallest first; nil: one stream
	limits [layersMost]limit

	// open is false while the source must not be forwarded: muted, not
	// entitled, or its participant outside. Written under the room's mutex.
	open atomic.Bool
	// subscribers is never changed, only replaced, under the room's mutex.
	subscribers atomic.Pointer[[]*line]
	// feeds are the streams that carry the source now, the smallest first. A single
	// one is the first.
	feeds [layersMost]atomic.Pointer[feed]

	liveMu sync.Mutex // guards the one below
	live   bool       // as the room was told
}

func newPublication(p *Peer, s Source) *publication {
	return &publication{peer: p, source: s, limits: freeLimits()}
}

func freeLimits() (limits [layersMost]limit) {
	for k := range limits {
		limits[k].ceiling = unlimited
	}
	return limits
}

func (p *publication) wanted() wanted { return wanted{p.peer.id, p.source} }

// layOut says which layers the source comes in, and has all who get it begin
// with the largest when these are others than before. The caller holds the room's
// mutex.
func (p *publication) layOut(rids []string) {
	if slices.Equal(p.rids, rids) {
		return
	}
	p.rids = rids
	p.limits = freeLimits()
	for _, l := range p.lines() {
		l.pause = pause{layer: p.top()}
		l.hold(false)
		l.aim(p.top(), true)
	}
}

// top is the largest layer. The caller holds the room's mutex.
func (p *publication) top() int { return max(len(p.rids), 1) - 1 }

// largest is the largest layer that arrives; the largest of all while none does. The
// caller holds the room's mutex.
func (p *publication) largest() int {
	for k := p.top(); k >= 0; k-- {
		if p.isLive(k) {
			return k
		}
	}
	return p.top()
}

// lines are those that the source is on.
func (p *publication) lines() []*line {
	if lines := p.subscribers.Load(); lines != nil {
		return *lines
	}
	return nil
}

// gate opens or shuts the source as its peer's state says. The caller holds the
// room's mutex.
func (p *publication) gate() {
	q := p.peer
	open := q.inside && q.may.allow(p.source) && !q.muted[p.source.index()]
	if p.open.Swap(open) == open {
		return
	}
	if open {
		now := time.Now()
		for _, l := range p.lines() {
			l.requestKeyFrame(now)
		}
		return
	}
	// What follows after the next opening must not look like a gap.
	for _, l := range p.lines() {
		l.tune(p)
	}
	p.silence()
}

// retire ends the publication. The caller holds the room's mutex and arranges
// the room afterwards.
func (p *publication) retire() {
	p.open.Store(false)
	p.subscribers.Store(nil)
	p.silence()
}

func (p *publication) silence() {
	for k := range p.feeds {
		if f := p.feeds[k].Load(); f != nil {
			f.setLive(false)
		}
	}
}

// isLive tells whether a layer arrives.
func (p *publication) isLive(layer int) bool {
	f := p.feeds[layer].Load()
	return f != nil && f.live.Load()
}

// smallest is the smallest layer that arrives.
func (p *publication) smallest() int {
	for k := range p.top() {
		if p.isLive(k) {
			return k
		}
	}
	return p.top()
}

// tellLive tells the room when the source begins or stops to arrive.
func (p *publication) tellLive() {
	p.liveMu.Lock()
	defer p.liveMu.Unlock()
	live := false
	for k := range p.feeds {
		live = live || p.isLive(k)
	}
	if p.live == live {
		return
	}
	p.live = live
	p.peer.events.post(func(h *Hooks) {
		if h.Media != nil {
			h.Media(p.source, live)
		}
	})
}

// forward passes a packet on to everyone who gets this source.
func (p *publication) forward(f *feed, pkt *packet, now time.Time) {
	for _, l := range p.lines() {
		l.write(f, pkt, now)
	}
}
