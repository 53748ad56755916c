package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

const (
	// budgetShare is the share of an estimate that is used: the rest is for repairs
	// and the unevenness of pictures.
	budgetShare = 0.9
	// soundLeast is left to a publisher's microphone beside its pictures, bits/s.
	// It is what the app's voice for a thin link takes on the wire.
	soundLeast = 21_000
	// lookLeast is what a rate is measured over, at least.
	lookLeast = 250 * time.Millisecond
	// freely is what a publisher is told that has no ceiling any more, bits/s.
	freely = 10_000_000
)

// downlink is what a connection can carry to its browser. Guarded by the room's
// mutex.
type downlink struct {
	ramp     ramp
	estimate estimate
	budget   budget
	probe    probe
	pace     pace
}

// flow is how fast a feed comes in. Guarded by the room's mutex.
type flow struct {
	rate   int // bits/s, over the last two looks
	last   int // over the last
	mean   int // over some ten
	bytes  uint64
	looked time.Time
}

// look is for once per second, but while somebody begins to watch more often.
func (w *flow) look(bytes uint64, now time.Time) {
	since := now.Sub(w.looked)
	if since < lookLeast {
		return
	}
	if !w.looked.IsZero() {
		rate := int(float64(bytes-w.bytes) * 8 / since.Seconds())
		w.rate, w.last = (rate+w.last)/2, rate
		w.mean += (rate - w.mean) / 8
	}
	w.bytes, w.looked = bytes, now
}

// measured takes in what the browser says of the packets that it got.
func (c *connection) measured(p *rtcp.TransportLayerCC, now time.Time) {
	r := c.peer.room
	r.mu.Lock()
	defer r.mu.Unlock()
	d := &c.downlink
	tried := false
	c.departures.reported(p, func(a arrived) {
		if a.still {
			d.pace.note(a, &d.estimate.base, now)
			return
		}
		if !tried {
			tried = true
			d.estimate.begin(now)
		}
		d.estimate.add(a, now)
	})
	if !tried {
		return
	}
	d.ramp.reported(d.estimate.queued(), now)
	if d.estimate.judge(c.roundTrip(), d.starting(now), now) || d.estimate.filling() {
		d.probe.tooMuch(d.estimate.value(), now)
		d.pace.rest(stillsAfterProbe, now)
	}
	lowered, starting := d.budget.note(d.estimate.value(), now), d.starting(now)
	if !lowered && !starting || c.peer.conn != c {
		return
	}
	if starting { // a second is long then
		for _, l := range c.pictures() {
			for k := range l.occupant.feeds {
				if f := l.occupant.feeds[k].Load(); f != nil {
					f.flow.look(f.arrivals.total(), now)
				}
			}
		}
	}
	r.fit(c.peer, now)
}

// fit divides a peer's downlink among the pictures on its lines: publishers
// whose audience is on thin links are told to send less, and what still does not
// fit is paused. Sound is not in question. The caller holds the room's mutex.
func (r *Room) fit(p *Peer, now time.Time) {
	c := p.conn
	lines := c.pictures()
	demands := make([]demand, len(lines))
	for i, l := range lines {
		demands[i] = demand{l.occupant.source, l.occupant.rate(l.occupant.largest())}
	}
	d := &c.downlink
	d.ramp.begin(lines, now)
	budget := d.allowed(now)
	if budget < unlimited {
		budget = int(budgetShare * float64(budget))
	}
	changed := false
	for i, share := range allot(budget, demands) {
		lines[i].pause.share, lines[i].pause.ramp = share, d.starting(now)
	}
	gather(lines)
	for _, l := range lines {
		l.occupant.limit(now)
		if l.judge(now) {
			changed = true
		}
	}
	for _, l := range lines {
		l.occupant.limit(now) // without those who are paused now
	}
	if c.fitStills(lines, now) {
		changed = true
	}
	if d.starting(now) {
		d.probe.tick(c, now)
	}
	if changed {
		p.tellLines()
	}
}

// gather gives the first of several paused pictures what none of them could come back
// on. The caller holds the room's mutex.
func gather(lines []*line) {
	var first *pause
	for _, l := range lines {
		s := &l.pause
		switch {
		case !s.paused || s.quiet || s.ramp || l.larger() >= 0:
		case first == nil:
			first = s
		default:
			first.share, s.share = first.share+s.share, 0
		}
	}
}

// pictures are the lines that carry video now, the most important first. The
// caller holds the room's mutex.
func (c *connection) pictures() []*line {
	var out []*line
	for _, l := range c.lines {
		if o := l.occupant; o != nil && l.kind == video && o.open.Load() {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b *line) int {
		return b.occupant.source.weight() - a.occupant.source.weight()
	})
	return out
}

// hold stops or resumes what the line sends.
func (l *line) hold(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held || l.held {
		l.maps = nil // padding and stills take their numbers
	}
	l.held, l.feed, l.padding, l.stills = held, nil, padding{}, stills{}
}

// sendCeiling tells the browser how much of its pictures is of use, as the limit
// that an estimate of the far end would be. It covers sound too. The caller
// holds the room's mutex.
func (c *connection) sendCeiling() {
	sum, sound, limited := 0, soundLeast, false
	var ssrcs []uint32
	for _, p := range c.peer.publications {
		if p == nil {
			continue
		}
		for k := range p.feeds {
			f := p.feeds[k].Load()
			if f == nil || f.conn != c {
				continue
			}
			if p.source == Microphone {
				sound = max(sound, f.flow.rate)
				continue
			}
			limit, most := &p.limits[k], p.most(k)
			ssrcs, limit.told = append(ssrcs, f.ssrc), limit.ceiling
			if p.open.Load() && (k == p.top() || limit.asked > 0) {
				sum += min(limit.ceiling, most)
				limited = limited || limit.ceiling < most
			}
		}
	}
	if len(ssrcs) == 0 || !limited && !c.limited {
		return
	}
	// Once told, a browser keeps to it: the end of a limit has to be told too.
	c.limited = true
	total := sum + sound
	if !limited {
		total = freely
	}
	c.sendRTCP(&rtcp.ReceiverEstimatedMaximumBitrate{
		SenderSSRC: c.ssrc, Bitrate: float32(total), SSRCs: ssrcs,
	})
}

// balance is the once-a-second part: it measures what comes in, divides what
// goes out, and repeats the ceilings.
func (c *connection) balance(feeds []*feed, now time.Time) {
	r := c.peer.room
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range feeds {
		f.flow.look(f.arrivals.total(), now)
	}
	if c.peer.conn != c || c.peer.closed {
		return
	}
	for _, p := range c.peer.publications {
		if p != nil {
			p.limit(now) // nobody may watch it any more
		}
	}
	r.fit(c.peer, now)
	c.downlink.probe.tick(c, now)
	c.sendCeiling()
}
