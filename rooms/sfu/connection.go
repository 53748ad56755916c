package sfu

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	// reportInterval is how often each connection sends its RTCP reports and
	// takes stock.
	reportInterval = time.Second
	// gatherTimeout bounds the wait for the agent to open its side of the
	// sockets, which takes about a millisecond.
	gatherTimeout = 5 * time.Second
)

// connection is our side of one PeerConnection of a participant's browser.
type connection struct {
	peer     *Peer
	identity identity // of the last offer; guarded by the peer's negotiation mutex
	ids      layerIDs // of the first offer; guarded likewise
	answer   answer   // the last; guarded likewise
	way      *carrier
	ssrc     uint32                    // sender of our RTCP
	control  func([]rtcp.Packet) error // takes RTCP to the browser

	streams  streams
	feedback arrivalFeedback // only receive uses it

	departures departures

	ready atomic.Bool  // media can be sent
	thin  atomic.Bool  // the downlink bears sound only
	rtt   atomic.Int64 // nanoseconds, 0: unknown

	stop  context.CancelFunc
	done  context.Context
	tasks sync.WaitGroup

	// Guarded by the room's mutex.
	lines    []*line
	asked    int // receiving sections of each kind asked for with Hooks.More
	downlink downlink
	limited  bool // the browser was told a ceiling

	mu         sync.Mutex // guards what follows
	closed     bool
	sending    map[string]*publication // by mid
	rids       layersByMID             // of those that come in layers
	feeds      []*feed
	difference *time.Duration // from the publisher's clock to ours
	link       link
}

func newConnection(p *Peer) (*connection, error) {
	done, stop := context.WithCancel(context.Background())
	c := &connection{peer: p, ssrc: rand.Uint32(), done: done, stop: stop, feedback: newArrivalFeedback()}
	c.answer = answer{session: rand.Uint64() >> 1, fingerprint: p.room.server.fingerprint}
	var err error
	if c.way, err = newCarrier(c); err != nil {
		stop()
		return nil, err
	}
	c.control = c.way.writeControl
	c.tasks.Go(c.report)
	return c, nil
}

// accept says which sections may send what, before the answer opens them.
func (c *connection) accept(sending map[string]*publication, rids layersByMID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sending, c.rids = sending, rids
}

func (c *connection) accepted() (map[string]*publication, layersByMID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.sending), c.rids
}

func (c *connection) lineMIDs() []string {
	lines := c.receiving()
	mids := make([]string, len(lines))
	for i, l := range lines {
		mids[i] = l.mid
	}
	return mids
}

// negotiate agrees on an offer and returns the answer and the lines that are
// new. The caller holds the peer's negotiation mutex.
func (c *connection) negotiate(ctx context.Context, o *offer, p plan) (text string, added []*line, err error) {
	for _, f := range c.streams.declare(o.accepted(p), o.ids) {
		c.drop(f)
	}
	lines, added := c.bind(p.receiving)
	a := &c.answer
	switch {
	case c.identity == (identity{}):
		a.ufrag, a.pwd, err = c.way.start(ctx, o)
	case !c.way.names.knows(o.ufrag):
		a.ufrag, a.pwd, err = c.way.restart(ctx, o)
	}
	if err != nil {
		return "", nil, fmt.Errorf("ICE: %w", err)
	}
	a.version++
	a.candidates = c.peer.room.server.candidateLines()
	return a.write(o, p.directions, lines), added, nil
}

// bind gives every receiving section that is new its line, and returns all by mid.
func (c *connection) bind(wanted []receiving) (lines map[string]*line, added []*line) {
	lines = map[string]*line{}
	for _, l := range c.receiving() {
		lines[l.mid] = l
	}
	for _, w := range wanted {
		if lines[w.mid] == nil {
			l := newLine(c, w)
			lines[w.mid], added = l, append(added, l)
		}
	}
	return lines, added
}

// receiving are the lines. They are never taken away.
func (c *connection) receiving() []*line {
	c.peer.room.mu.Lock()
	defer c.peer.room.mu.Unlock()
	return c.lines
}

// receive takes a packet of media. Its calls come one after the other.
func (c *connection) receive(h *rtp.Header, raw []byte, size int, now time.Time) {
	st, number := c.streams.find(h)
	if len(number) == 2 {
		if reports := c.feedback.note(h.SSRC, binary.BigEndian.Uint16(number), c.thin.Load(), now); len(reports) > 0 {
			c.sendRTCP(reports...)
		}
	}
	if st == nil {
		c.suspect(h.SSRC)
		return
	}
	f := st.feed.Load()
	if f == nil {
		if f = c.feedOf(st, h.SSRC); f == nil {
			return
		}
		st.feed.Store(f)
	}
	p := packet{codec: st.codecs[h.PayloadType&0x7f]}
	if p.codec == noCodec || !p.read(h, raw, size, st.repaired) {
		return
	}
	f.take(&p, st.repaired, len(raw), now)
}

// suspect disconnects a browser that opens more streams than any would.
func (c *connection) suspect(ssrc uint32) {
	if c.streams.tooMany(ssrc) && c.done.Err() == nil {
		c.peer.room.server.log.Warn("media: a browser opens too many streams and is disconnected")
		c.close()
	}
}

// feedOf begins to forward a stream when its first packet has come. A stream that
// repairs waits for the one that it repairs.
func (c *connection) feedOf(st *stream, ssrc uint32) *feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	pub := c.sending[st.mid]
	layer := max(slices.Index(c.rids[st.mid], st.rid), 0)
	if pub == nil || c.closed {
		return nil
	}
	for _, f := range c.feeds {
		if st.repaired && f.publication == pub && f.layer == layer {
			return f
		}
	}
	if st.repaired {
		return nil
	}
	f := newFeed(pub, layer, c, ssrc, st.asks)
	c.feeds = append(c.feeds, f)
	pub.feeds[layer].Store(f)
	return f
}

// receiveControl takes what the browser says of streams, either way.
func (c *connection) receiveControl(packets []rtcp.Packet, now time.Time) {
	lines := c.receiving()
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.TransportLayerCC:
			c.measured(p, now)
			continue
		case *rtcp.SenderReport:
			c.reported(p, now)
		}
		for _, l := range lines {
			l.feedback(p, now)
		}
	}
}

func (c *connection) reported(sr *rtcp.SenderReport, now time.Time) {
	c.mu.Lock()
	feeds := c.feeds
	c.mu.Unlock()
	for _, f := range feeds {
		if f.ssrc == sr.SSRC {
			f.arrivals.reported(sr, c, now)
		}
	}
}

func (c *connection) drop(f *feed) {
	f.setLive(false)
	f.publication.feeds[f.layer].CompareAndSwap(f, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.feeds {
		if c.feeds[i] == f {
			c.feeds = slices.Concat(c.feeds[:i], c.feeds[i+1:])
			return
		}
	}
}

func (c *connection) isUp() bool { return c.way.isUp() }

// onState runs after each change of the connection's state. Runs may overtake
// one another, so it looks at the state of now.
func (c *connection) onState() {
	if c.way.over.Load() {
		c.dropAll()
	}
	r := c.peer.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.isUp() && !c.ready.Swap(true) {
		now := time.Now()
		if c.peer.conn == c {
			r.fit(c.peer, now)
		}
		for _, l := range c.lines {
			l.requestKeyFrame(now)
		}
	}
	if c.peer.conn == c {
		c.peer.noteState()
	}
}

// moved is for a browser that has another way: what was on the old one is lost, both
// ways, and only key frames mend the pictures.
func (c *connection) moved(now time.Time) {
	for _, l := range c.receiving() {
		l.requestKeyFrame(now)
	}
	c.mu.Lock()
	feeds := c.feeds
	c.mu.Unlock()
	for _, f := range feeds {
		f.requestKeyFrameAnew(now)
	}
}

// sendRTCP sends packets to the browser, as one compound packet.
func (c *connection) sendRTCP(packets ...rtcp.Packet) {
	if c.ready.Load() {
		// A path that is broken shows itself in the connection's state.
		_ = c.control(packets)
	}
}

// roundTrip is the connection's, or an assumption.
func (c *connection) roundTrip() time.Duration {
	if rtt := c.rtt.Load(); rtt > 0 {
		return time.Duration(rtt)
	}
	return 100 * time.Millisecond
}

// clockDifference is what to add to the publisher's clock to get ours, fixed by
// its first sender report.
func (c *connection) clockDifference(theirs, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.difference == nil {
		d := now.Sub(theirs)
		c.difference = &d
	}
	return *c.difference
}

// close takes the connection down, in the background: the caller may hold the
// room's mutex.
func (c *connection) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.peer.room.server.ending.Go(func() {
		if err := c.way.close(); err != nil {
			c.peer.room.server.log.Debug("media: close connection", "err", err)
		}
		c.dropAll()
		c.tasks.Wait()
	})
}

// dropAll ends all that comes in.
func (c *connection) dropAll() {
	c.mu.Lock()
	feeds := c.feeds
	c.mu.Unlock()
	for _, f := range feeds {
		c.drop(f)
	}
}
