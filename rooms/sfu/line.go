package sfu

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// mappingsKept is how many changes of the publisher back a line can still repair.
const mappingsKept = 2

// line is a receiving section of a browser: one outgoing stream, bound for its
// life, whose occupant changes, and the layer of it. Sequence numbers, timestamps
// and picture ids go on across both, so the browser's decoder notices nothing
// but a key frame.
type line struct {
	mid    string
	kind   kind
	pair   int // lines of one pair share a stream id
	stream string
	conn   *connection

	// occupant and pause are guarded by the room's mutex; onAir and held are the
	// forwarding path's copies.
	occupant *publication
	pause    pause

	mu        sync.Mutex // guards what follows
	onAir     *publication
	layer     int  // of it that is to be sent; what feed says is, until a key frame
	held      bool // paused
	padding   padding
	stills    stills
	out       mediaWriter
	ssrc      uint32
	rtxSSRC   uint32
	types     [codecCount]uint8 // payload type by codec, 0: not negotiated
	rtxTypes  [codecCount]uint8
	header    rtp.Header
	numbered  bool    // the header has a number
	number    [2]byte // transport-wide, see departures
	rtxSeq    uint16
	scratch   []byte
	late      []lateSound // by number; made with the first of them
	allowance allowance

	feed     *feed     // what the newest mapping maps; nil: the next packet starts one
	maps     []mapping // newest last
	lastSeq  int64     // highest sent, extended beyond 16 bits
	lastKey  int64     // where the newest key frame begins
	lastTime uint32
	lastSent time.Time
	lastID   uint16
	lastTL0  uint8

	packets, octets uint32 // for sender reports
	bytes           uint64 // on the wire, without transport headers
	reception       reception
}

// mapping turns a publisher's numbers into the line's, by addition.
type mapping struct {
	feed     *feed
	first    int64 // extended sequence number of its first packet
	seq      uint16
	time     uint32
	pictures uint16
	tl0s     uint8
}

// mediaWriter sends a packet and returns its size.
type mediaWriter interface {
	WriteRTP(h *rtp.Header, payload []byte) (int, error)
}

func newLine(c *connection, r receiving) *line {
	l := &line{
		mid: r.mid, kind: r.kind, pair: r.pair, stream: fmt.Sprintf("line%d", r.pair), conn: c,
		lastSeq: 1<<16 + rand.Int64N(1<<15), lastTime: rand.Uint32(), rtxSeq: uint16(rand.Uint32()),
		allowance: newAllowance(r.kind), numbered: r.kind == video && r.twcc != 0,
		out: c.way, ssrc: rand.Uint32(),
	}
	for _, codec := range r.codecs {
		l.types[codec.codec] = uint8(codec.pt)
		if codec.rtx >= 0 {
			l.rtxTypes[codec.codec], l.rtxSSRC = uint8(codec.rtx), l.ssrc+1
		}
	}
	if l.numbered {
		l.header.Extension, l.header.ExtensionProfile = true, rtp.ExtensionProfileOneByte
		// The header keeps the slice, so a packet's number is written into it in place.
		_ = l.header.SetExtension(uint8(r.twcc), l.number[:]) // parseOffer has checked the id
	}
	return l
}

// tune puts a publication on the air, or nothing. The next packet (for video,
// the next key frame) starts a new mapping.
func (l *line) tune(p *publication) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onAir, l.feed = p, nil
	l.stills.drop()
	if p == nil {
		l.maps = nil // they would keep the publisher's cache
	}
}

// write sends a packet of a feed on. The feed's calls come one after the other.
func (l *line) write(f *feed, p *packet, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onAir != f.publication || !l.conn.ready.Load() ||
		!f.publication.open.Load() || l.types[p.codec] == 0 {
		return
	}
	if l.held {
		l.takeStill(f, p, now)
		l.fill(p.codec, now)
		return
	}
	if l.feed != f {
		if f.layer != l.layer || f.publication.feeds[f.layer].Load() != f {
			return // another layer, or the publisher's connection of before
		}
		switch {
		case p.key:
			l.start(f, p, now)
		case !l.replay(f, p, now):
			f.requestKeyFrame(now)
			return
		}
	}
	l.pass(p, now)
}

// pass sends a packet by the newest mapping. The caller holds mu.
func (l *line) pass(p *packet, now time.Time) {
	m := &l.maps[len(l.maps)-1]
	seq := l.lastSeq + int64(int16(p.seq+m.seq-uint16(l.lastSeq)))
	if seq < m.first {
		return // out of order from before the start
	}
	timestamp := p.time + m.time
	if p.key {
		l.lastKey = max(l.lastKey, seq)
	}
	if seq > l.lastSeq {
		l.lastSeq, l.lastTime, l.lastSent = seq, timestamp, now
		l.lastID, l.lastTL0 = p.picture.id+m.pictures, p.picture.tl0Index+m.tl0s
	} else {
		l.noteLate(uint16(seq), now)
	}
	l.allowance.earn()
	l.packets++
	l.octets += uint32(len(p.payload))
	l.send(m, p, l.ssrc, l.types[p.codec], uint16(seq), p.payload, now)
	if l.padding.rate > 0 {
		l.fill(p.codec, now)
	}
}

// aim says which layer is to be sent, from its next key frame on. Until then what
// is sent goes on, unless that is cut.
func (l *line) aim(layer int, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.layer = layer
	if cut {
		l.feed = nil
	}
}

// aimed tells whether the layer that is to be sent is being sent.
func (l *line) aimed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.feed != nil && l.feed.layer == l.layer
}

// start begins a mapping with the packet.
func (l *line) start(f *feed, p *packet, now time.Time) {
	clock := p.codec.clock()
	step := clock / 50
	if !l.lastSent.IsZero() {
		since := max(now.Sub(l.lastSent), 0) // another feed may be ahead
		step = max(step, uint32(since.Seconds()*float64(clock)))
	}
	m := mapping{
		feed:     f,
		first:    l.lastSeq + 1,
		seq:      uint16(l.lastSeq+1) - p.seq,
		time:     l.lastTime + step - p.time,
		pictures: l.lastID + 1 - p.picture.id,
		tl0s:     l.lastTL0 + 1 - p.picture.tl0Index,
	}
	if len(l.maps) == mappingsKept {
		copy(l.maps, l.maps[1:])
		l.maps = l.maps[:mappingsKept-1]
	}
	l.maps = append(l.maps, m)
	l.feed = f
}

// send writes one packet. The payload is patched in place: every subscriber
// overwrites the same few bytes, so nothing is copied.
func (l *line) send(m *mapping, p *packet, ssrc uint32, pt uint8, seq uint16, payload []byte, now time.Time) {
	p.picture.shift(p.payload, m.pictures, m.tl0s)
	l.header.Marker = p.marker
	l.emit(ssrc, pt, seq, p.time+m.time, payload, now)
	l.header.Marker = false
}

// emit puts a packet on the network. Marker and padding are the caller's to set
// and to clear. The caller holds mu.
func (l *line) emit(ssrc uint32, pt uint8, seq uint16, timestamp uint32, payload []byte, now time.Time) {
	l.header.Version, l.header.PayloadType = 2, pt
	l.header.SequenceNumber, l.header.Timestamp, l.header.SSRC = seq, timestamp, ssrc
	if l.numbered {
		size := l.header.MarshalSize() + len(payload) + int(l.header.PaddingSize)
		still := l.held && l.padding.rate == 0 // but one that a probe sends tries the link
		l.conn.departures.leave(&l.number, size, still, now)
	}
	n, err := l.out.WriteRTP(&l.header, payload)
	if err == nil {
		l.bytes += uint64(n)
	}
}

// feedback handles one RTCP packet. Every line gets all of them and looks only at
// what is its own.
func (l *line) feedback(p rtcp.Packet, now time.Time) {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC != l.ownSSRC() {
			return
		}
		l.mend(p.Nacks, now)
	case *rtcp.PictureLossIndication:
		if p.MediaSSRC == l.ownSSRC() {
			l.requestKeyFrame(now)
		}
	case *rtcp.FullIntraRequest:
		for _, e := range p.FIR {
			if e.SSRC == l.ownSSRC() {
				l.requestKeyFrame(now)
			}
		}
	case *rtcp.ReceiverReport:
		l.report(p.Reports, now)
	case *rtcp.SenderReport:
		l.report(p.Reports, now)
	}
}

func (l *line) ownSSRC() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ssrc
}

// requestKeyFrame asks for a key frame of what is sent, or is to be.
func (l *line) requestKeyFrame(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onAir == nil || l.held || l.kind == audio {
		return
	}
	f := l.feed
	if f == nil {
		f = l.onAir.feeds[l.layer].Load()
	}
	if f != nil {
		f.requestKeyFrame(now)
	}
}
