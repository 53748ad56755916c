package sfu

import (
	"math"
	"time"
)

const (
	// rampStart is what a link is given at first, bits/s, and taken to carry when there
	// is a first sign that the ramp is too much. It doubles in rampDouble, and after
	// rampDoublings it is more than a room's pictures take.
	rampStart     = 64_000
	rampDouble    = 500 * time.Millisecond
	rampDoublings = 8
	// rampWait is how long the first report may take to come: before it nothing is
	// raised. The end of the handshake may have been lost, and the browser reads nothing
	// until that has come again. However late it is, the ramp doubles within rampSlow.
	rampWait = 3 * time.Second
	rampSlow = time.Second
)

// ramp is what a link may carry of which nothing is known yet, in place of an
// estimate: little, then more and more until that was too much or more than is
// needed. It is for browsers that report what comes; to others it gives all.
type ramp struct {
	applies bool
	began   time.Time     // zero: nothing could flow yet
	heard   time.Time     // the last report came
	double  time.Duration // in which it doubles
	rises   time.Time     // from then on
}

// begin begins the ramp when a picture could flow on one of the lines.
func (r *ramp) begin(pictures []*line, now time.Time) {
	for _, l := range pictures {
		r.applies = r.applies || l.numbered
		if r.began.IsZero() && l.numbered && l.conn.ready.Load() && l.occupant.rate(l.occupant.largest()) > 0 {
			r.began, r.rises, r.double = now, now.Add(rampWait), rampSlow
		}
	}
}

// reported takes a report in. What is sent shows in reports only later, and the
// ramp must not be far up by then.
func (r *ramp) reported(queued bool, now time.Time) {
	switch {
	case r.began.IsZero():
		return
	case r.heard.IsZero():
		r.rises, r.double = now, min(max(now.Sub(r.began), rampDouble), rampSlow)
	case queued:
		r.rises = r.rises.Add(now.Sub(r.heard))
	}
	r.heard = now
}

func (r *ramp) value(now time.Time) int {
	switch {
	case !r.applies:
		return unlimited
	case r.began.IsZero(), now.Before(r.rises):
		return rampStart
	}
	doublings := float64(now.Sub(r.rises)) / float64(r.double)
	if doublings > rampDoublings {
		return unlimited
	}
	return int(rampStart * math.Exp2(doublings))
}

// starting tells whether nothing is known of the link but the ramp.
func (d *downlink) starting(now time.Time) bool {
	return d.estimate.limit == 0 && d.ramp.value(now) < unlimited
}

// allowed is what may be sent now, or unlimited. The ramp does not wait, as a
// budget does, before it rises.
func (d *downlink) allowed(now time.Time) int {
	if d.estimate.limit == 0 {
		return d.ramp.value(now)
	}
	return d.budget.value(now)
}

// calm tells whether nothing of the ramp waits any more as far as is known.
func (d *downlink) calm(now time.Time) bool {
	if d.estimate.limit == 0 {
		return !d.estimate.queued() && d.ramp.value(now) > rampStart*3/2
	}
	return now.Sub(d.estimate.lowered) >= reliefWait
}

// begin holds a picture back that is more than the ramp gives, until it fits for
// the first time: the publisher comes down, or the ramp goes up. A smaller layer
// that comes anyway stands in for it. Once it has begun nothing is held for the
// ramp's sake, which gives more soon. The caller holds the room's mutex.
func (l *line) begin(now time.Time) {
	s := &l.pause
	best, rate := l.fitting() // it may just have come down
	calm := l.conn.downlink.calm(now)
	switch {
	case s.quiet && best >= 0 && s.share > 0 && calm:
		l.step(best, now)
		s.least = 0 // it was none
	case s.quiet && !s.ramp && l.smaller() >= 0 && l.occupant.limits[s.layer].ceiling > s.share:
		l.step(l.smaller(), now)
	case s.quiet && !s.ramp && now.Sub(s.since) >= followTime:
		s.quiet, s.since, s.least = false, now, pauseLeast
	case s.since.IsZero() && best < 0:
		s.quiet = true
		l.step(-1, now)
	case s.since.IsZero() && rate > 0:
		if best != s.layer {
			l.step(best, now)
		}
		s.since, s.least = now, 0
	case !s.paused && !s.since.IsZero() && best > s.layer && calm && s.asked.IsZero():
		l.step(best, now)
		s.least = 0
	}
}

// fitting is the largest layer that comes and is no more than the ramp gives, -1:
// none, and what it takes.
func (l *line) fitting() (layer, rate int) {
	p := l.occupant
	largest := p.largest()
	for k := largest; k >= 0; k-- {
		last := 0
		if f := p.feeds[k].Load(); f != nil {
			last = f.flow.last
		}
		if float64(last) <= float64(l.pause.share)*excess && (last > 0 || k == largest) {
			return k, last
		}
	}
	return -1, 0
}
