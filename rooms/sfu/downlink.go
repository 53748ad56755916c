package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

const (
	// followTime is how long a publisher may take to come down to its ceiling
	// before a picture that does not fit is paused.
	followTime = 3 * time.Second
	// A picture stays paused for pauseLeast, and for twice as long as the last time
	// when it comes too soon after that: one that comes and goes is worse than none.
	pauseLeast, pauseMost = 3 * time.Second, 48 * time.Second
	pauseSoon             = 20 * time.Second
	// A picture comes back when its share is this much above what it takes, and
	// is over its share when it takes this much more.
	headroom, excess = 1.15, 1.25
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
}

// pause is how far a line's picture is from fitting. Guarded by the room's mutex.
type pause struct {
	share  int  // of the link, bits/s
	ramp   bool // the share is the ramp's
	paused bool
	quiet  bool      // paused before it has begun: not worth a word
	since  time.Time // it is so
	least  time.Duration
	over   time.Time // since when it takes too much; zero: it fits
}

// flow is how fast a feed comes in. Guarded by the room's mutex.
type flow struct {
	rate   int // bits/s, over the last two looks
	last   int // over the last
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
	}
	w.bytes, w.looked = bytes, now
}

// measured takes in what the browser says of the packets that it got.
func (c *connection) measured(p *rtcp.TransportLayerCC, now time.Time) {
	r := c.peer.room
	r.mu.Lock()
	defer r.mu.Unlock()
	d := &c.downlink
	d.estimate.begin(now)
	c.departures.reported(p, func(a arrived) { d.estimate.add(a, now) })
	d.ramp.reported(d.estimate.queued(), now)
	if d.estimate.judge(c.roundTrip(), d.starting(now), now) || d.estimate.filling() {
		d.probe.tooMuch(d.estimate.value(), now)
	}
	lowered, starting := d.budget.note(d.estimate.value(), now), d.starting(now)
	if !lowered && !starting || c.peer.conn != c {
		return
	}
	if starting { // a second is long then
		for _, l := range c.pictures() {
			if f := l.occupant.feed.Load(); f != nil {
				f.flow.look(f.arrivals.total(), now)
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
		demands[i] = demand{l.occupant.source, l.occupant.rate()}
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
	for _, l := range lines {
		l.occupant.limit()
		if l.judge(now) {
			changed = true
		}
	}
	for _, l := range lines {
		l.occupant.limit() // without those who are paused now
	}
	if d.starting(now) {
		d.probe.tick(c, now)
	}
	if changed {
		p.tellLines()
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

// judge pauses or resumes the line and reports whether it did. The caller holds
// the room's mutex.
func (l *line) judge(now time.Time) bool {
	rate, share, ceiling := l.occupant.rate(), l.pause.share, l.occupant.ceiling
	if l.pause.ramp || l.pause.quiet {
		return l.begin(now)
	}
	if share >= unlimited {
		return l.setPaused(false, now)
	}
	if l.pause.paused {
		need := float64(max(rate, videoLeast)) * headroom
		if float64(share) >= need && now.Sub(l.pause.since) >= l.pause.least {
			return l.setPaused(false, now)
		}
		return false
	}
	over := float64(rate) > float64(share)*excess
	switch {
	case share == 0, over && ceiling > share: // nobody will make it smaller for us
		return l.setPaused(true, now)
	case !over:
		l.pause.over = time.Time{}
	case l.pause.over.IsZero():
		l.pause.over = now
	case now.Sub(l.pause.over) >= followTime:
		return l.setPaused(true, now)
	}
	return false
}

func (l *line) setPaused(paused bool, now time.Time) bool {
	if l.pause.paused == paused {
		return false
	}
	least := l.pause.least
	if paused {
		if least == 0 || now.Sub(l.pause.since) > pauseSoon {
			least = pauseLeast
		} else {
			least = min(2*least, pauseMost)
		}
	}
	l.pause = pause{
		share: l.pause.share, ramp: l.pause.ramp, paused: paused, quiet: paused && l.pause.quiet, since: now, least: least,
	}
	l.hold(paused)
	if !paused {
		l.occupant.requestKeyFrame(now)
	}
	return true
}

// hold stops or resumes what the line sends.
func (l *line) hold(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.feed, l.padding = held, nil, padding{}
	if held {
		l.maps = nil // padding takes their numbers
	}
}

// limit finds the publication's ceiling and, when it has fallen or is a quarter
// above what the publisher knows, tells the publisher at once; otherwise the next
// report does. The caller holds the room's mutex.
func (p *publication) limit() {
	// Who has only just come must not make the picture small for the others.
	var shares, starting []int
	paused := 0
	if lines := p.subscribers.Load(); lines != nil {
		for _, l := range *lines {
			switch {
			case l.pause.ramp:
				starting = append(starting, l.pause.share)
			case l.pause.paused && (!l.pause.quiet || l.pause.share == 0):
				paused++
			case l.pause.share > 0: // else nothing was decided yet
				shares = append(shares, l.pause.share)
			}
		}
	}
	before := p.ceiling
	switch {
	case len(shares) > 0:
		p.ceiling = ceilingFor(p.source, shares)
	case len(starting) > 0:
		p.ceiling = ceilingFor(p.source, starting)
	case paused > 0:
		p.ceiling = videoFloor
	default:
		p.ceiling = unlimited
	}
	if p.ceiling < before || p.ceiling/5 > p.told/4 {
		if f := p.feed.Load(); f != nil {
			f.conn.sendCeiling()
		}
	}
}

// rate is what the publication takes, bits/s. The caller holds the room's mutex.
func (p *publication) rate() int {
	if f := p.feed.Load(); f != nil {
		return f.flow.rate
	}
	return 0
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
		f := p.feed.Load()
		if f == nil || f.conn != c {
			continue
		}
		if p.source == Microphone {
			sound = max(sound, f.flow.rate)
			continue
		}
		ssrcs, p.told = append(ssrcs, f.ssrc), p.ceiling
		if p.open.Load() {
			sum += min(p.ceiling, p.source.most())
			limited = limited || p.ceiling < p.source.most()
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
	r.fit(c.peer, now)
	c.downlink.probe.tick(c, now)
	c.sendCeiling()
}
