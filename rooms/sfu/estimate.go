package sfu

import (
	"math"
	"time"
)

const (
	// A queue that does not get shorter than this within estimateWindow is too
	// long, and one below the second is as good as empty.
	queueMost, queueCalm = 100 * time.Millisecond, 50 * time.Millisecond
	// So much loss tells that a link is full when there is a queue too. Alone it
	// tells nothing: radio loses a tenth, a browser short of time a third. With more
	// than lossCalm nothing is raised.
	lossCrowd, lossCalm = 0.05, 0.15
	// estimateWindow is what is judged; estimateLeast packets are needed for it.
	estimateWindow, estimateLeast = time.Second, 8
	// fillingReports in a row with a queue tell that one begins, unless they come
	// at once: those were held up.
	fillingReports = 2
	reportsApart   = 20 * time.Millisecond
	// A full link gives packets one after the other, at its rate. A run of so many
	// that comes burstPace times as fast as all of the window waited for a browser
	// that was short of time, or for a radio that was away. Both let the queue get
	// empty within burstTime.
	runLength = 3
	burstPace = 3
	burstTime = 6 * time.Second
	// The limit becomes this share of what got through, and until the queue is
	// gone only drain of the limit is to be sent.
	relief, drain = 0.85, 0.75
	// Then it grows by growth per second, up to the rate at which it was too much;
	// there it stays for topTime and goes on slowly, by growthNear, up to topNear
	// of it.
	growth, growthNear, topNear = 0.15, 0.02, 1.2
	topTime                     = 30 * time.Second
	// reliefWait, and a round trip, is what a step down is given to show: the
	// publisher has to hear of it.
	reliefWait = time.Second
	// estimateMin is below anything of use, bits/s.
	estimateMin = 30_000
	// carriedTime is how long what was carried once tells something.
	carriedTime = 30 * time.Second
	// baseTime is how long the shortest delay stands for an empty queue, at least:
	// clocks drift by some milliseconds in it.
	baseTime = time.Minute
)

// estimate is how much video a browser's downlink carries. It looks at how long
// packets wait in the queue before the link, how many are lost, and how much
// gets through, and knows nothing before there was too much once: what a link
// carries is not known until it is tried.
type estimate struct {
	base    lowest
	periods []period // of the last estimateWindow
	came    time.Duration
	run     run
	first   bool      // the report is the first after a while without packets
	empty   time.Time // the queue was, the last time
	held    bool      // the window's queue is not the link's

	carried   int // the most that got through without a queue of late, bits/s
	carriedAt time.Time

	limit   int           // bits/s; 0: there was never too much
	top     int           // what got through when it was too much
	lowered time.Time     // the limit was
	queue   time.Duration // then
	full    bool          // the queue is not gone yet
	stepped time.Time
}

// period is what one report of the browser said.
type period struct {
	at             time.Time
	lasted         time.Duration // by the browser's clock
	bytes          int
	received, lost int
	queue          time.Duration // the shortest
	pace           float64       // the fastest that a run came at, bits/s
}

// begin begins a report; add takes what it says of a packet, judge concludes.
func (e *estimate) begin(now time.Time) {
	keep := 0
	for keep < len(e.periods) && now.Sub(e.periods[keep].at) > estimateWindow {
		keep++
	}
	e.first = keep == len(e.periods)
	if e.first {
		e.full = false
	}
	e.periods = append(e.periods[keep:], period{at: now, queue: math.MaxInt64})
}

func (e *estimate) add(a arrived, now time.Time) {
	p := &e.periods[len(e.periods)-1]
	if a.lost {
		if !e.first { // else it was lost before
			p.lost++
		}
		return
	}
	p.received++
	p.queue = min(p.queue, e.base.above(a.took, now))
	p.pace = max(p.pace, e.run.pace(a))
	if e.first && p.received == 1 {
		e.came = a.came // nothing is to be learnt from the time before
		return
	}
	p.bytes += a.size
	if since := a.came - e.came; since > 0 {
		if e.came != 0 {
			p.lasted += min(since, estimateWindow)
		}
		e.came = a.came
	}
}

// run is the packets that came last.
type run struct {
	packets [runLength]arrived
	next    int
}

// pace takes a packet in and returns how fast the run that ends with it came,
// bits/s.
func (r *run) pace(a arrived) float64 {
	r.packets[r.next] = a
	r.next = (r.next + 1) % runLength
	first := r.packets[r.next]
	if first.size == 0 {
		return 0
	}
	bytes := -first.size
	for _, p := range r.packets {
		bytes += p.size
	}
	return float64(bytes*8) / max(a.came-first.came, time.Millisecond).Seconds()
}

// measure sums the window up.
func (e *estimate) measure() (through int, queue time.Duration, loss float64, enough bool) {
	queue = math.MaxInt64
	var lasted time.Duration
	bytes, received, lost := 0, 0, 0
	for _, p := range e.periods {
		bytes, received, lost = bytes+p.bytes, received+p.received, lost+p.lost
		lasted += p.lasted
		queue = min(queue, p.queue)
	}
	enough = received+lost >= estimateLeast && received > 0 && lasted >= estimateWindow/2
	if received > 0 && lasted > 0 {
		through = int(float64(bytes*8) / lasted.Seconds())
		loss = float64(lost) / float64(received+lost)
	}
	return through, queue, loss, enough
}

// judge brings the limit up to date and reports whether there is too much now.
// While a ramp is under way it does so at the first sign.
func (e *estimate) judge(roundTrip time.Duration, starting bool, now time.Time) (crowded bool) {
	seconds := min(now.Sub(e.stepped), estimateWindow).Seconds()
	e.stepped = now
	through, queue, loss, enough := e.measure()
	e.held = e.heldUp(through, now)
	if starting && e.filling() {
		// The ramp would be far up before there is a window full. Some ten packets err,
		// and what they err by is not to cost the picture: the next window corrects it.
		e.periods = e.periods[len(e.periods)-fillingReports:]
		through, queue, loss, _ = e.measure()
		e.relieve(max(through, rampStart), queue, loss, roundTrip, now)
		return true
	}
	switch {
	case !enough:
	case e.held && queue > queueCalm:
	case queue > queueMost, queue > queueCalm && loss > lossCrowd:
		e.relieve(through, queue, loss, roundTrip, now)
		return true
	case queue < queueCalm && loss < lossCalm:
		e.full = false
		if through >= e.carried || now.Sub(e.carriedAt) > carriedTime {
			e.carried, e.carriedAt = through, now
		}
		e.grow(through, seconds, now)
	}
	return false
}

// relieve lowers the limit below what gets through, and again while the queue
// does not get shorter.
func (e *estimate) relieve(through int, queue time.Duration, loss float64, roundTrip time.Duration, now time.Time) {
	if e.full && (now.Sub(e.lowered) < reliefWait+roundTrip || queue < e.queue*9/10) {
		return
	}
	e.top = through
	// Where pictures are lost sound is too: part of what got through was its share.
	less := max(int(relief*float64(through)*(1-loss/2)), estimateMin)
	if e.limit == 0 || less < e.limit {
		e.limit = less
	}
	e.lowered, e.queue, e.full = now, queue, true
}

// grow raises the limit. What got through without a queue is allowed anyway.
func (e *estimate) grow(through int, seconds float64, now time.Time) {
	if e.limit == 0 {
		return
	}
	more := growth
	switch {
	case through < e.limit*7/10:
		more = 0 // it is not tried
	case e.limit < e.top || float64(e.limit) > topNear*float64(e.top):
	case now.Sub(e.lowered) < topTime:
		more = 0
	default:
		more = growthNear
	}
	e.limit += int(more * seconds * float64(e.limit))
	if !e.held { // else more of it came than went
		e.limit = max(e.limit, through)
	}
}

// queued tells whether the last report has a queue.
func (e *estimate) queued() bool {
	n := len(e.periods)
	return n > 0 && e.periods[n-1].received > 0 && e.periods[n-1].queue >= queueCalm
}

// heldUp tells whether the window's queue is not the link's: packets that were
// held up elsewhere came all at once.
func (e *estimate) heldUp(through int, now time.Time) bool {
	burst := false
	for _, p := range e.periods {
		if p.received > 0 && p.queue < queueCalm {
			e.empty = p.at
		}
		burst = burst || p.pace > burstPace*float64(through)
	}
	return burst && now.Sub(e.empty) < burstTime
}

// filling tells whether the last reports have a queue, long before it stands:
// what comes evenly makes none.
func (e *estimate) filling() bool {
	if e.held || len(e.periods) < fillingReports {
		return false
	}
	var last time.Time
	for _, p := range e.periods[len(e.periods)-fillingReports:] {
		if p.received == 0 || p.queue < queueCalm || p.at.Sub(last) < reportsApart {
			return false
		}
		last = p.at
	}
	return true
}

// value is what may be sent now, or unlimited.
func (e *estimate) value() int {
	switch {
	case e.limit == 0:
		return unlimited
	case e.full:
		return int(drain * float64(e.limit))
	}
	return e.limit
}

// lowest is the least of the values of the last baseTime to twice of it.
type lowest struct {
	least, newer time.Duration // newer: since then
	since        time.Time
}

// above takes a value in and returns by how much it is above the least.
func (l *lowest) above(d time.Duration, now time.Time) time.Duration {
	switch {
	case l.since.IsZero():
		*l = lowest{d, d, now}
	case now.Sub(l.since) >= baseTime:
		*l = lowest{min(l.newer, d), d, now}
	default:
		l.least, l.newer = min(l.least, d), min(l.newer, d)
	}
	return d - l.least
}
