package sfu

import "time"

const (
	// After a probe that was too much the next waits twice as long, unless it has
	// raised the estimate by so much.
	probeWait, probeWaitMost = 5 * time.Second, 30 * time.Second
	worthwhile               = 1.1
	// probeFirst is the first wait for a picture that is away: what took its place
	// may have been a file.
	probeFirst = 2 * time.Second
	// A probe begins below the estimate and goes up by this per second.
	probeStart, probeStep = 0.8, 1.25
	// probeLeast is what a probe begins with at least, bits/s.
	probeLeast  = 20_000
	paddingSize = 255 // bytes, the most that RTP padding can be
	// paddingLag is how much padding may be late: pictures come in frames, and
	// their packets are its clock.
	paddingLag = 150 * time.Millisecond
)

// probe finds out whether a paused picture would fit by now, or a larger layer
// than the one that is sent: nothing of it flows, so there is nothing to estimate
// from. It sends padding in its place, first less than the link is known to carry
// and then more and more, and stops at the first sign that it is too much, long
// before sound is in danger. Guarded by the room's mutex.
type probe struct {
	line *line // nil: no probe is under way
	rate int   // bits/s
	base int   // the estimate when it began
	next time.Time
	wait time.Duration
}

// tick begins probes and carries them on; about once per second, or with each
// report while a ramp is under way, which it carries in place of the pictures that
// wait for it.
func (p *probe) tick(c *connection, now time.Time) {
	var held *line
	flowing, need := 0, 0
	for _, l := range c.pictures() {
		if !l.pause.paused {
			flowing += l.occupant.rate(l.pause.layer)
		}
		lacks := l.lacks()
		if lacks > 0 && (held == nil || l.pause.paused && !held.pause.paused) {
			held = l // a picture that is away comes before a small one
		}
		need += lacks
	}
	switch {
	case held == nil:
		p.end()
		*p = probe{}
	case p.line != nil && p.line != held:
		p.end()
	case c.downlink.starting(now):
		p.line = held
		p.pad(min(c.downlink.ramp.value(now)-flowing, need), now)
	case p.line != nil:
		p.run(int(probeStep*float64(p.rate)), now)
	case p.next.IsZero():
		p.wait = probeWait
		p.next = now.Add(p.wait)
		if held.pause.paused {
			p.next = now.Add(probeFirst)
		}
	case !now.Before(p.next):
		p.line, p.base = held, c.downlink.estimate.value()
		p.run(max(p.start(&c.downlink.estimate, flowing, now), probeLeast), now)
	}
}

// start is what a probe begins with.
func (p *probe) start(e *estimate, flowing int, now time.Time) int {
	known := e.value()
	if flowing == 0 && now.Sub(e.carriedAt) < 2*carriedTime {
		known = max(known, min(e.carried, rampStart))
	}
	return int(probeStart*float64(known)) - flowing
}

// run sends at a rate, but no more than the picture needs to come back or grow.
func (p *probe) run(rate int, now time.Time) {
	p.pad(min(rate, p.line.lacks()), now)
}

func (p *probe) pad(rate int, now time.Time) {
	p.rate = max(rate, 0)
	p.line.pad(p.rate, now)
}

// lacks is how much more has to fit for the line's picture to come back or to grow,
// 0 when only time is missing. The caller holds the room's mutex.
func (l *line) lacks() int {
	next, present := l.next(), 0
	if next < 0 {
		return 0
	}
	if !l.pause.paused {
		if l.bears(next) {
			return 0
		}
		present = l.occupant.rate(l.pause.layer)
	}
	need := float64(l.occupant.takes(next)) * headroom / budgetShare * 1.05
	return max(int(need)-present, 0)
}

// tooMuch ends the probe that is under way.
func (p *probe) tooMuch(estimate int, now time.Time) {
	if p.line == nil {
		return
	}
	p.end()
	p.wait = min(2*p.wait, probeWaitMost)
	if float64(estimate) > worthwhile*float64(p.base) {
		p.wait = probeWait
	}
	p.next = now.Add(p.wait)
}

func (p *probe) end() {
	if p.line != nil {
		p.line.pad(0, time.Time{})
		p.line = nil
	}
}

// padding is what a line sends in place of a picture, or beside a small one.
// Guarded by the line's mutex.
type padding struct {
	rate   int // bits/s, 0: nothing
	credit float64
	last   time.Time
}

// pad begins to send padding, goes on with another rate, or ends.
func (l *line) pad(rate int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.padding.rate == 0 {
		l.padding.last = now
	}
	l.padding.rate = rate
}

// fill is called for each packet that a held line does not send and that another
// sends, as its clock. It sends what is left of a still, or else padding, which goes
// with the repairs, whose numbers nobody asks for again when they are lost. The caller
// holds mu.
func (l *line) fill(c codec, now time.Time) {
	d := &l.padding
	rate := float64(d.rate) / 8
	if l.stills.left() > 0 {
		rate = max(rate, float64(l.stills.pace)/8)
	}
	if rate == 0 {
		return
	}
	d.credit = min(d.credit+now.Sub(d.last).Seconds()*rate, max(paddingLag.Seconds()*rate+paddingSize, 2*paddingSize))
	d.last = now
	for ; d.credit >= paddingSize; d.credit -= paddingSize {
		if l.stills.left() > 0 {
			l.sendPart(now)
		} else if d.rate > 0 {
			l.sendPadding(c, now)
		}
	}
}

func (l *line) sendPadding(c codec, now time.Time) {
	l.header.Padding, l.header.PaddingSize = true, paddingSize
	switch {
	case l.rtxTypes[c] != 0 && l.rtxSSRC != 0:
		l.rtxSeq++
		l.emit(l.rtxSSRC, l.rtxTypes[c], l.rtxSeq, l.lastTime, nil, now)
	case l.held:
		l.lastSeq++
		l.packets++
		l.emit(l.ssrc, l.types[c], uint16(l.lastSeq), l.lastTime, nil, now)
	}
	l.header.Padding, l.header.PaddingSize = false, 0
}
