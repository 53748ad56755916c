package sfu

import (
	"sync/atomic"
	"time"
)

// publication is one source of one participant, for as long as the participant
// offers it. Connections and streams beneath it may change.
type publication struct {
	peer   *Peer
	source Source
	// ceiling is how much of it is of use, bits/s, and told what its publisher was
	// told of that; guarded by the room's mutex.
	ceiling, told int

	// open is false while the source must not be forwarded: muted, not
	// entitled, or its participant outside. Written under the room's mutex.
	open atomic.Bool
	// subscribers is never changed, only replaced, under the room's mutex.
	subscribers atomic.Pointer[[]*line]
	// feed is the stream that carries the source now.
	feed atomic.Pointer[feed]
}

func (p *publication) wanted() wanted { return wanted{p.peer.id, p.source} }

// gate opens or shuts the source as its peer's state says. The caller holds the
// room's mutex.
func (p *publication) gate() {
	q := p.peer
	open := q.inside && q.may.allow(p.source) && !q.muted[p.source.index()]
	if p.open.Swap(open) == open {
		return
	}
	if open {
		p.requestKeyFrame(time.Now())
		return
	}
	// What follows after the next opening must not look like a gap.
	if lines := p.subscribers.Load(); lines != nil {
		for _, l := range *lines {
			l.tune(p)
		}
	}
	if f := p.feed.Load(); f != nil {
		f.setLive(false)
	}
}

// retire ends the publication. The caller holds the room's mutex and arranges
// the room afterwards.
func (p *publication) retire() {
	p.open.Store(false)
	p.subscribers.Store(nil)
	if f := p.feed.Load(); f != nil {
		f.setLive(false)
	}
}

// forward passes a packet on to everyone who gets this source.
func (p *publication) forward(f *feed, pkt *packet, now time.Time) {
	lines := p.subscribers.Load()
	if lines == nil {
		return
	}
	for _, l := range *lines {
		l.write(f, pkt, now)
	}
}

func (p *publication) requestKeyFrame(now time.Time) {
	if f := p.feed.Load(); f != nil && p.source.kind() == video {
		f.requestKeyFrame(now)
	}
}
