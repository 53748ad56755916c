package sfu

import "time"

const (
	// stillsRate is what stills take of a link that bears no picture, bits/s, and with
	// what each packet costs beside it a fourth more.
	stillsRate = 10_000
	// stillsLeast is how slowly they go at least. When they find a queue they rest, four
	// times as long as the last time when that was not long ago; and a while after a probe.
	stillsLeast                = 6_000
	stillsWait, stillsWaitMost = 3 * time.Second, 2 * time.Minute
	stillsAfterProbe           = 4 * time.Second
	// stillsQueue is what a packet of a still may wait before the link. One waits by itself
	// for a packet of sound, and for its own length.
	stillsQueue = 150 * time.Millisecond
	// stillsCalm is for how many looks no queue makes one forget the last.
	stillsCalm = 8
	// stillSlack is for how many bits each byte of a still is given time: a fourth more than
	// it has, for the publisher's packets, which are the clock, do not come evenly.
	stillSlack = 10
	// stillEvery is the least time from one still to the next.
	stillEvery = 4 * time.Second
	// stillMost is the largest key frame that is sent as a still, bytes; what comes at more
	// than stillFrom, bits/s, has larger ones. To ask for them costs others something: who
	// sends larger ones all the same is looked at again after stillRest.
	stillMost = 8_000
	stillFrom = 200_000
	stillRest = 2 * time.Minute
	// stillFor is how long the last still counts as a picture.
	stillFor = 15 * time.Second
)

// stills are what a paused line sends now and then in place of its picture: a key
// frame alone, in packets so small and so far apart that sound passes between them.
// It has the time at which its last packet leaves: one of a picture that is late would
// have the browser delay the sound. VP8 alone, which all send unless they cannot, may be
// cut anywhere. Guarded by the line's mutex.
type stills struct {
	rate  int       // of the next, bits/s, 0: none
	layer int       // that they are made of
	pace  int       // of the present one, bits/s
	next  time.Time // not before
	asked time.Time // the publisher was, for a key frame
	shown time.Time // the last was sent whole

	head   []byte // of each packet: the payload descriptor
	frame  []byte // what is coded
	parts  int    // sent
	first  int64  // number of the first of them
	time   uint32
	leaves time.Time // when the last is to
}

// pace is how fast the stills of a connection go: more slowly when their packets wait
// before the link, for there is sound behind them. Guarded by the room's mutex.
type pace struct {
	rate   int           // bits/s
	queue  time.Duration // the shortest since the last look
	heard  bool          // of one
	looked time.Time
	calm   int // looks without a queue
	wait   time.Duration
	rests  time.Time // until then
}

// note takes in what a browser says of a packet.
func (p *pace) note(a arrived, base *lowest, now time.Time) {
	if a.lost {
		return
	}
	if queue := base.above(a.took, now); !p.heard || queue < p.queue {
		p.heard, p.queue = true, queue
	}
}

// rest is for when a queue is to get short.
func (p *pace) rest(d time.Duration, now time.Time) {
	if end := now.Add(d); end.After(p.rests) {
		p.rests = end
	}
}

// look is the rate of the next still, about once per second brought up to date, and
// whether the present one is too much.
func (p *pace) look(now time.Time) (rate int, tooMuch bool) {
	if now.Before(p.rests) {
		p.heard = false
		return 0, false
	}
	if now.Sub(p.looked) < time.Second {
		return p.rate, false
	}
	switch {
	case p.rate == 0:
		p.rate = stillsLeast
	case p.heard && p.queue > stillsQueue:
		p.rate, p.calm = max(p.rate*3/4, stillsLeast), 0
		p.wait = min(max(4*p.wait, stillsWait), stillsWaitMost)
		p.rest(p.wait, now)
		tooMuch = true
	case p.heard:
		p.rate = min(p.rate+p.rate/8, stillsRate)
		if p.calm++; p.calm == stillsCalm {
			p.wait = 0
		}
	}
	p.looked, p.heard = now, false
	return p.rate, tooMuch
}

// partSize is how much of a still a packet has.
func (s *stills) partSize() int { return paddingSize - len(s.head) }

// left tells how many packets of a still are to be sent.
func (s *stills) left() int {
	return (len(s.frame)+s.partSize()-1)/s.partSize() - s.parts
}

// part is one packet's payload behind two bytes, and whether it is the last.
func (s *stills) part(n int, buffer []byte) (payload []byte, last bool) {
	from := n * s.partSize()
	to := min(from+s.partSize(), len(s.frame))
	payload = append(append(buffer[:2], s.head...), s.frame[from:to]...)
	if n > 0 {
		payload[2] &^= 0x10 // S: the frame begins
	}
	return payload, to == len(s.frame)
}

// keepStills says at what rate the next still is to be sent, 0: none is, and of which
// layer. The present one goes on, unless that is cut.
func (l *line) keepStills(rate, layer int, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stills.rate, l.stills.layer = rate, layer
	if cut {
		l.stills.drop()
	}
}

// drop gives up the still that is being sent.
func (s *stills) drop() { s.frame, s.parts = s.frame[:0], 0 }

// fitStills has the paused pictures of a connection sent as stills where there is room
// for these, and reports whether there is something to tell. The caller holds the room's
// mutex.
func (c *connection) fitStills(pictures []*line, now time.Time) (tell bool) {
	var paused []*line
	flows, room := false, 0
	for _, l := range pictures {
		switch s := &l.pause; {
		case !s.paused:
			flows = true
		case !s.quiet:
			paused, room = append(paused, l), room+s.share
		}
	}
	c.thin.Store(len(paused) > 0 && !flows)
	rate, cut := 0, false
	if len(paused) > 0 && !c.downlink.starting(now) && (!flows || room > 2*stillsRate) {
		rate, cut = c.downlink.pace.look(now)
	}
	for _, l := range paused {
		own, layer := rate/len(paused), l.occupant.smallest()
		if now.Sub(l.pause.since) < stillsWait || l.occupant.rate(layer) > stillFrom {
			own = 0 // there is a queue, or it is too large
		}
		l.keepStills(own, layer, cut)
		if shows := l.showsStills(now); shows != l.pause.stills {
			l.pause.stills, tell = shows, true
		}
	}
	return tell
}

// showsStills tells whether the browser has one that is not old.
func (l *line) showsStills(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.stills
	return !s.shown.IsZero() && now.Sub(s.shown) < stillFor
}

// takeStill begins with a feed's newest key frame when it is time for a still, and
// asks for one when there is none. The caller holds mu.
func (l *line) takeStill(f *feed, p *packet, now time.Time) {
	s := &l.stills
	if s.rate == 0 || f.layer != s.layer || p.codec != vp8 || s.left() > 0 || now.Before(s.next) ||
		f.publication.feeds[f.layer].Load() != f {
		return
	}
	if now.Sub(f.key.at) > stillEvery {
		if now.Sub(s.asked) > stillEvery {
			s.asked = now
			f.requestKeyFrame(now)
		}
		return
	}
	d, whole := l.copyKeyFrame(f)
	if !whole {
		if len(s.frame) > stillMost {
			s.next = now.Add(stillRest)
		}
		s.drop()
		return
	}
	l.start(f, p, now)
	s.pace = s.rate
	takes := time.Duration(len(s.frame)) * stillSlack * time.Second / time.Duration(s.pace)
	l.lastID, l.lastTL0 = l.lastID+1, l.lastTL0+1
	d.shift(s.head, l.lastID-d.id, l.lastTL0-d.tl0Index)
	s.first, s.leaves, s.next = l.lastSeq+1, now.Add(takes), now.Add(stillEvery)
	s.time = p.time + l.maps[len(l.maps)-1].time + uint32(takes.Seconds()*float64(vp8.clock()))
	if l.padding.rate == 0 {
		l.padding.last, l.padding.credit = now, paddingSize
	}
}

// copyKeyFrame makes a feed's newest key frame the next still, as far as it has come and
// is not too large.
func (l *line) copyKeyFrame(f *feed) (d descriptor, whole bool) {
	s := &l.stills
	s.frame, s.parts = s.frame[:0], 0
	for seq := f.key.seq; len(s.frame) <= stillMost; seq++ {
		p, ok := f.cache.get(seq, l.buffer()[2:])
		if !ok || p.codec != vp8 {
			return d, false
		}
		if seq == f.key.seq {
			d = p.picture
			s.head = append(s.head[:0], p.payload[:d.size]...)
		}
		s.frame = append(s.frame, p.payload[p.picture.size:]...)
		if p.marker {
			return d, true
		}
	}
	return d, false
}

// sendPart sends the next packet of a still. The caller holds mu.
func (l *line) sendPart(now time.Time) {
	s := &l.stills
	payload, last := s.part(s.parts, l.buffer())
	s.parts++
	l.lastSeq++
	l.packets++
	l.octets += uint32(len(payload) - 2)
	l.header.Marker = last
	l.emit(l.ssrc, l.types[vp8], uint16(l.lastSeq), s.time, payload[2:], now)
	l.header.Marker = false
	if last {
		l.lastTime, l.lastSent, s.shown = s.time, s.leaves, now
	}
	l.allowance.earn()
}

// repairStill sends a packet of the last still again.
func (l *line) repairStill(lost uint16, now time.Time) {
	s := &l.stills
	n := int(int16(lost - uint16(s.first)))
	if n < 0 || n >= s.parts || !l.allowance.spend() {
		return
	}
	whole, last := s.part(n, l.buffer())
	ssrc, pt, number, payload := l.again(vp8, lost, whole)
	l.header.Marker = last
	l.emit(ssrc, pt, number, s.time, payload, now)
	l.header.Marker = false
}
