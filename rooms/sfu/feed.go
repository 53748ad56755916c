package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

const (
	// keyFrameInterval is the least time between two key-frame requests to one
	// publisher, whoever asks; the publisher's round trip comes on top, because
	// within it the answer is still under way.
	keyFrameInterval = 400 * time.Millisecond
	// liveTimeout is how long a source may be silent and count as live. Opus
	// DTX sends every 400 ms.
	liveTimeout = 2 * time.Second
)

// feed is one incoming stream. take does everything that happens per packet, up to
// the write at each subscriber.
type feed struct {
	publication *publication
	layer       int // its place in publication.feeds
	conn        *connection
	ssrc        uint32
	cache       *cache
	asks        bool // the publisher for what is missing

	missing missing // only take uses it
	key     keyed

	live     atomic.Bool
	arrived  atomic.Int64 // Unix nanoseconds of the last packet
	arrivals arrivals
	flow     flow // guarded by the room's mutex

	keyMu      sync.Mutex // guards the two below
	keyAsked   time.Time
	keyPending bool
}

func newFeed(p *publication, layer int, c *connection, ssrc uint32, asks bool) *feed {
	k := p.source.kind()
	return &feed{
		publication: p, layer: layer, conn: c, ssrc: ssrc,
		cache: newCache(k), asks: asks, missing: newMissing(k),
	}
}

// take handles one packet. Its calls come one after the other.
func (f *feed) take(p *packet, repaired bool, size int, now time.Time) {
	f.arrived.Store(now.UnixNano())
	if !repaired && !f.missing.asked(p.seq) {
		f.arrivals.count(p, size, now)
	}
	f.cache.put(p)
	if f.asks {
		f.miss(p.seq, now)
	}
	if p.codec != opus {
		if f.missing.takeGone() {
			f.requestKeyFrame(now) // nothing else mends the picture
		}
		f.pendingKeyFrame(p.key, now)
		if p.key {
			f.key = keyed{p.seq, now}
		}
	}
	if !f.publication.open.Load() {
		return
	}
	if !f.live.Load() {
		f.setLive(true)
	}
	f.publication.forward(f, p, now)
}

// miss takes in what came and asks the publisher for what did not.
func (f *feed) miss(came uint16, now time.Time) {
	if lost := f.missing.note(came, now, f.conn.roundTrip()); len(lost) > 0 {
		f.conn.sendRTCP(&rtcp.TransportLayerNack{
			SenderSSRC: f.conn.ssrc, MediaSSRC: f.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(lost),
		})
	}
}

// setLive notes when the stream begins or stops to arrive.
func (f *feed) setLive(live bool) {
	if f.live.Swap(live) != live {
		f.publication.tellLive()
	}
}

// checkLive is called about once per second.
func (f *feed) checkLive(now time.Time) {
	fresh := now.UnixNano()-f.arrived.Load() < int64(liveTimeout)
	if f.live.Load() && (!fresh || !f.publication.open.Load()) {
		f.setLive(false)
	}
}

// requestKeyFrame asks the publisher for a key frame, now or as soon as the
// throttle allows. All subscribers of all kinds come through here.
func (f *feed) requestKeyFrame(now time.Time) {
	f.keyMu.Lock()
	if now.Sub(f.keyAsked) < keyFrameInterval+f.conn.roundTrip() {
		f.keyPending = true
		f.keyMu.Unlock()
		return
	}
	f.keyAsked, f.keyPending = now, false
	f.keyMu.Unlock()
	f.conn.sendRTCP(&rtcp.PictureLossIndication{SenderSSRC: f.conn.ssrc, MediaSSRC: f.ssrc})
}

// requestKeyFrameAnew is for a publisher whom the last request may not have reached.
func (f *feed) requestKeyFrameAnew(now time.Time) {
	f.keyMu.Lock()
	f.keyAsked = time.Time{}
	f.keyMu.Unlock()
	f.requestKeyFrame(now)
}

// pendingKeyFrame sends the request that the throttle held back, unless what was
// asked for before has come in the meantime: to a thin link a second key frame is a
// second of queue. Packets come often enough to be its clock: without packets a
// key frame is of no use.
func (f *feed) pendingKeyFrame(came bool, now time.Time) {
	f.keyMu.Lock()
	f.keyPending = f.keyPending && !came
	pending := f.keyPending
	f.keyMu.Unlock()
	if pending {
		f.requestKeyFrame(now)
	}
}
