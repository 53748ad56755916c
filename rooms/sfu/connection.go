package sfu

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	// reportInterval is how often each connection sends its RTCP reports and
	// takes stock.
	reportInterval = time.Second
	// gatherTimeout bounds the wait for the stack to open its side of the
	// sockets, which takes about a millisecond.
	gatherTimeout = 5 * time.Second
)

// connection is one PeerConnection of a participant's browser.
type connection struct {
	peer     *Peer
	identity identity // of the last offer; guarded by the peer's negotiation mutex
	pc       *webrtc.PeerConnection
	ssrc     uint32                    // sender of our RTCP
	control  func([]rtcp.Packet) error // takes RTCP to the browser
	began    time.Time
	ids      layerIDs // of the first offer; guarded likewise

	buffers buffers

	departures departures

	ready atomic.Bool  // media can be sent
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
	c := &connection{
		peer: p, ssrc: rand.Uint32(), began: time.Now(), done: done, stop: stop,
	}
	c.buffers.overflow = func() {
		p.room.server.log.Warn("media: a browser opens too many streams and is disconnected")
		p.room.server.ending.Go(c.close)
	}
	api, err := p.room.server.newAPI(&c.buffers)
	if err != nil {
		stop()
		return nil, err
	}
	c.pc, err = api.NewPeerConnection(webrtc.Configuration{
		SDPSemantics: webrtc.SDPSemanticsUnifiedPlan,
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		stop()
		return nil, err
	}
	c.control = c.pc.WriteRTCP
	c.pc.OnTrack(c.onTrack)
	c.pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) { c.onState() })
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
	c.peer.room.mu.Lock()
	defer c.peer.room.mu.Unlock()
	mids := make([]string, len(c.lines))
	for i, l := range c.lines {
		mids[i] = l.mid
	}
	return mids
}

// negotiate agrees on an offer and returns the answer and the lines that are
// new. The caller holds the peer's negotiation mutex.
func (c *connection) negotiate(ctx context.Context, o *offer, p plan) (string, []*line, error) {
	err := c.pc.SetRemoteDescription(webrtc.SessionDescription{
		Type: webrtc.SDPTypeOffer, SDP: o.describe(p.directions),
	})
	if err != nil {
		return "", nil, fmt.Errorf("offer: %w", err)
	}
	c.buffers.declare(o.streams(p), o.ids, p.rids)
	added, err := c.bind(p.receiving)
	if err != nil {
		return "", nil, err
	}
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", nil, fmt.Errorf("answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(answer); err != nil {
		return "", nil, fmt.Errorf("answer: %w", err)
	}
	timeout := time.NewTimer(gatherTimeout)
	defer timeout.Stop()
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", nil, ctx.Err()
	case <-timeout.C:
		return "", nil, errors.New("no local candidates")
	}
	text, err := writeAnswer(answer.SDP, o, c.peer.room.server.candidateLines())
	return text, added, err
}

// bind gives every new receiving section its line. The stack hands tracks to
// transceivers in the order of their sections; that each went where it should
// is checked.
func (c *connection) bind(wanted []receiving) ([]*line, error) {
	bound := map[string]bool{}
	for _, mid := range c.lineMIDs() {
		bound[mid] = true
	}
	var added []*line
	for _, w := range wanted {
		if bound[w.mid] {
			continue
		}
		l := newLine(c, w)
		sender, err := c.pc.AddTrack(l)
		if err != nil {
			return nil, fmt.Errorf("line %s: %w", w.mid, err)
		}
		if got := c.midOf(sender); got != w.mid {
			return nil, fmt.Errorf("line %s was bound to section %q", w.mid, got)
		}
		added = append(added, l)
		c.tasks.Go(func() { l.listen(sender) })
	}
	return added, nil
}

func (c *connection) midOf(sender *webrtc.RTPSender) string {
	for _, t := range c.pc.GetTransceivers() {
		if t.Sender() == sender {
			return t.Mid()
		}
	}
	return ""
}

// onTrack begins to forward a stream when its first packet has come.
func (c *connection) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	transceiver := receiver.RTPTransceiver()
	if transceiver == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pub, rids := c.sending[transceiver.Mid()], c.rids[transceiver.Mid()]
	layer := max(slices.Index(rids, track.RID()), 0)
	if pub == nil || c.closed {
		return
	}
	f := newFeed(pub, layer, c, track, receiver)
	c.feeds = append(c.feeds, f)
	pub.feeds[layer].Store(f)
	c.tasks.Go(f.listen)
	c.tasks.Go(func() {
		f.run()
		c.drop(f)
	})
}

func (c *connection) drop(f *feed) {
	f.setLive(false)
	f.publication.feeds[f.layer].CompareAndSwap(f, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.feeds {
		if c.feeds[i] == f {
			c.feeds = append(c.feeds[:i], c.feeds[i+1:]...)
			return
		}
	}
}

func (c *connection) isUp() bool {
	return c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}

// onState runs after each change of the connection's state. Runs may overtake
// one another, so it looks at the state of now.
func (c *connection) onState() {
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
		if err := c.pc.GracefulClose(); err != nil {
			c.peer.room.server.log.Debug("media: close connection", "err", err)
		}
		c.tasks.Wait()
	})
}
