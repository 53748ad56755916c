package sfu

import "time"

const (
	// followTime is how long a publisher may take to come down to its ceiling, or to
	// begin a layer, before a picture that does not fit is paused.
	followTime = 3 * time.Second
	// cutTime is how long a layer that is too much goes on while a smaller one that
	// comes already takes to begin: its key frame is under way.
	cutTime = time.Second
	// A picture stays paused or small for pauseLeast, and for twice as long as the
	// last time when that comes too soon after it: one that comes and goes is worse
	// than none.
	pauseLeast, pauseMost = 3 * time.Second, 48 * time.Second
	pauseSoon             = 20 * time.Second
	// A picture comes back, or a larger layer, when its share is this much above what
	// it takes, and is over its share when it takes this much more.
	headroom, excess = 1.15, 1.25
	// Who watches a smaller layer and has this part of what others have gets the same
	// as they, which comes down to it: so much that it stays above half when the link
	// proves to have been overrated.
	joinShare = 0.9
	// lingerTime is how long a layer is of use after the last who watched it: links
	// that became better become worse again.
	lingerTime = 10 * time.Second
	// Layers but the largest take this part of what a source makes at most, and are
	// not asked for when there is less than smallLeast for them, bits/s.
	smallPart, smallLeast = 3, 80_000
)

// pause is what a line sends of its picture: a layer, or nothing while the link does
// not carry any. Guarded by the room's mutex.
type pause struct {
	share  int  // of the link, bits/s
	ramp   bool // the share is the ramp's
	layer  int
	paused bool
	quiet  bool      // paused before it has begun: not worth a word
	stills bool      // come while it is paused
	since  time.Time // it is so
	least  time.Duration
	over   time.Time // since when it takes too much, or does not come; zero: it fits
	asked  time.Time // when the layer was asked for that has not begun yet; zero: it has
	from   int       // what is sent until it begins, -1: nothing
	trying bool      // until it begins the picture counts as paused
}

// showsPaused tells whether the browser is told that the picture is paused.
func (l *line) showsPaused() bool {
	return l.pause.paused && !l.pause.quiet || l.pause.trying
}

// level is the layer that is sent, -1 while the picture is paused.
func (l *line) level() int {
	if l.pause.paused {
		return -1
	}
	return l.pause.layer
}

// judge decides on the line's layer and reports whether there is something to tell.
// The caller holds the room's mutex.
func (l *line) judge(now time.Time) (tell bool) {
	told := l.showsPaused()
	l.decide(now)
	return told != l.showsPaused()
}

func (l *line) decide(now time.Time) {
	s := &l.pause
	if s.ramp || s.quiet {
		l.begin(now)
		return
	}
	if l.waits(now) {
		return
	}
	larger := l.larger()
	switch {
	case !s.paused && l.isGone():
		if s.over.IsZero() {
			s.over = now
		} else if now.Sub(s.over) >= cutTime { // it had not just come back
			l.step(max(larger, l.smaller()), now)
		}
	case !s.paused && l.isOver(now):
		l.step(l.smaller(), now)
	case larger >= 0 && (s.share >= unlimited || now.Sub(s.since) >= s.least):
		l.step(larger, now) // a share that has risen has held: budget.go
	}
}

// waits tells whether the layer is still to begin. One that does not is given up.
func (l *line) waits(now time.Time) bool {
	s := &l.pause
	if s.asked.IsZero() {
		return false
	}
	waited := now.Sub(s.asked)
	switch {
	case l.aimed():
		s.asked, s.trying = time.Time{}, false
		return false
	case waited >= followTime:
		l.step(s.from, now)
	case waited >= cutTime && s.from > s.layer:
		s.from = -1
		l.aim(s.layer, true)
	}
	return true
}

// isGone tells whether the layer does not come any more while another does: the
// publisher's uplink has become thin.
func (l *line) isGone() bool {
	p, others := l.occupant, false
	for k := range p.top() + 1 {
		others = others || k != l.pause.layer && p.isLive(k)
	}
	return others && !p.isLive(l.pause.layer)
}

// isOver tells whether the layer is too much, and nobody will make it smaller.
func (l *line) isOver(now time.Time) bool {
	p, s := l.occupant, &l.pause
	over := s.share == 0 || float64(p.rate(s.layer)) > float64(s.share)*excess
	patience := followTime
	switch {
	case over && s.share > 0 && p.limits[s.layer].ceiling > s.share:
		return true
	case !over:
		s.over = time.Time{}
	case s.over.IsZero():
		s.over = now
	}
	if s.share == 0 {
		patience = cutTime
	}
	return over && now.Sub(s.over) >= patience
}

// larger is the largest layer above the present one that the link bears, -1: none.
// One that does not come is asked for only when it is the next.
func (l *line) larger() int {
	for k := l.occupant.top(); k > l.level(); k-- {
		if l.bears(k) && (l.occupant.isLive(k) || k == l.level()+1) {
			return k
		}
	}
	return -1
}

// smaller is the largest layer below the present one that the link may bear, -1:
// none.
func (l *line) smaller() int {
	p, share := l.occupant, l.pause.share
	for k := l.pause.layer - 1; k >= 0 && share > 0; k-- {
		comes := p.isLive(k)
		if comes && float64(p.rate(k)) <= float64(share)*excess || !comes && share >= smallLeast {
			return k
		}
	}
	return -1
}

// bears tells whether the link carries a layer, as far as is known.
func (l *line) bears(layer int) bool {
	p, share := l.occupant, l.pause.share
	if !l.pause.paused && layer == p.top() && !p.isLive(layer) {
		return false
	}
	takes := p.takes(layer)
	if f := p.feeds[layer].Load(); f != nil && l.pause.paused {
		takes = max(takes, f.flow.mean) // after a key frame for a still it is low
	}
	if share >= unlimited || float64(share) >= float64(takes)*headroom {
		return true
	}
	return !l.pause.paused && p.limits[layer].ceiling <= share && takes <= share
}

// next is the layer above the present one, -1: there is none.
func (l *line) next() int {
	if next := l.level() + 1; next <= l.occupant.top() {
		return next
	}
	return -1
}

// step goes to another layer, or pauses the picture (-1). The caller holds the
// room's mutex.
func (l *line) step(level int, now time.Time) {
	p, before := l.occupant, l.pause
	if level < 0 && before.paused {
		return
	}
	down := level < l.level()
	s := pause{share: before.share, ramp: before.ramp, layer: before.layer, since: now, least: before.least, from: -1, stills: before.stills}
	if down {
		s.least = pauseLeast
		if before.least > 0 && now.Sub(before.since) <= pauseSoon {
			s.least = min(2*before.least, pauseMost)
		}
	}
	if level < 0 {
		s.paused, s.quiet = true, before.quiet
		l.pause = s
		l.hold(true)
		return
	}
	s.layer = level
	comes := p.isLive(level)
	if p.top() > 0 {
		s.asked = now
		s.trying = l.showsPaused() && !comes
	}
	cut := before.paused || down && !comes
	if !cut {
		s.from = before.layer
	}
	l.pause = s
	if before.paused {
		l.hold(false)
	}
	l.aim(level, cut)
	if f := p.feeds[level].Load(); f != nil {
		f.requestKeyFrame(now)
	}
}

// limit is how much of a layer is of use. Guarded by the room's mutex.
type limit struct {
	ceiling int       // bits/s
	told    int       // what the publisher was told of that with its ceilings
	asked   int       // what it was asked for; 0: nothing, or all of the largest layer
	used    time.Time // somebody watched it, when it is not the largest
}

// rate is what a layer takes, bits/s. The caller holds the room's mutex.
func (p *publication) rate(layer int) int {
	if f := p.feeds[layer].Load(); f != nil {
		return f.flow.rate
	}
	return 0
}

// takes is what has to fit for a layer to be sent on. One that does not come because
// nobody wanted it will be as small as it has to be. The caller holds the room's mutex.
func (p *publication) takes(layer int) int {
	if layer < p.top() && !p.isLive(layer) {
		return smallLeast
	}
	return max(p.rate(layer), videoLeast)
}

// most is what a layer takes at most, bits/s.
func (p *publication) most(layer int) int {
	if layer < p.top() {
		return p.source.most() / smallPart
	}
	return p.source.most()
}

// limit finds the ceilings of the publication's layers and, when one has fallen or is
// a quarter above what the publisher knows, tells the publisher at once; otherwise
// the next report does. Sound has no ceiling. The caller holds the room's mutex.
func (p *publication) limit(now time.Time) {
	if p.source.kind() == audio {
		return
	}
	// Who has only just come must not make the picture small for the others.
	var shares, starting [layersMost][]int
	paused, top := 0, p.top()
	for _, l := range p.lines() {
		s := &l.pause
		switch {
		case s.ramp:
			starting[s.layer] = append(starting[s.layer], s.share)
		case s.paused && !s.quiet, s.share == 0 && !s.since.IsZero():
			paused++
		case s.share > 0: // else nothing was decided yet
			shares[s.layer] = append(shares[s.layer], s.share)
		}
		if !s.paused && s.layer < top {
			p.limits[s.layer].used = now
		}
	}
	shares[top] = append(shares[top], p.joining(shares[:top], shares[top], len(starting[top]) > 0)...)
	var tell *connection
	for k := range top + 1 {
		limit := &p.limits[k]
		before := limit.ceiling
		switch {
		case len(shares[k]) > 0:
			limit.ceiling = ceilingFor(p.most(k), shares[k])
		case len(starting[k]) > 0:
			limit.ceiling = ceilingFor(p.most(k), starting[k])
		case k == top && (paused > 0 || len(p.lines()) == 0):
			limit.ceiling = videoFloor // it is small when somebody can watch it
		default:
			limit.ceiling = unlimited
		}
		if f := p.feeds[k].Load(); f != nil && (limit.ceiling < before || limit.ceiling/5 > limit.told/4) {
			tell = f.conn
		}
	}
	if tell != nil {
		tell.sendCeiling()
	}
	p.ask(now)
}

// joining are the shares of those who watch a smaller layer and could have most of
// what others have of the largest, which comes down to it then. When nobody watches
// the largest it is all of them.
func (p *publication) joining(smaller [][]int, largest []int, starting bool) (out []int) {
	best := 0
	for _, share := range largest {
		best = max(best, min(share, p.source.most()))
	}
	if best == 0 && starting {
		return nil
	}
	for _, shares := range smaller {
		for _, share := range shares {
			if float64(share) >= joinShare*float64(best) {
				out = append(out, share)
			}
		}
	}
	return out
}

// ask tells the publisher which layers are of use beside the largest, and when less
// than all of that is, once it has changed. The caller holds the room's mutex.
func (p *publication) ask(now time.Time) {
	changed := false
	var rates [layersMost]int
	for k := range p.top() + 1 {
		rate, before := p.useful(k, now), p.limits[k].asked
		less, more := before*9/10, before*5/4
		if k == p.top() { // it keeps to its ceiling anyway: this is for what its screen says
			less, more = before/2, 2*before
		}
		rates[k] = rate
		changed = changed || (rate > 0) != (before > 0) || rate < less || rate > more
	}
	if !changed {
		return
	}
	for k := range p.top() + 1 {
		p.limits[k].asked = rates[k]
	}
	p.peer.tellLayers()
}

// useful is how much of a layer is of use, bits/s; 0: nothing, or all of the largest.
func (p *publication) useful(layer int, now time.Time) int {
	limit, most := &p.limits[layer], p.most(layer)
	switch {
	case layer == p.top() && limit.ceiling >= most:
		return 0
	case layer == p.top():
		return limit.ceiling
	case limit.used.IsZero() || now.Sub(limit.used) >= lingerTime:
		return 0
	case now.After(limit.used) && limit.asked > 0:
		return limit.asked // nobody has a say in it any more
	}
	return min(limit.ceiling, most)
}
