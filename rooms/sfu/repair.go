package sfu

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
)

const (
	// Repairs may make up this share of a stream's packets, plus a burst: on a
	// link that loses because it is full, more repairs mean more loss.
	repairShare  = 0.3
	pictureBurst = 100
	soundBurst   = 20
	// pictureWithin, or repairTrips round trips, is how old a repaired picture may be:
	// a browser plays all that is repaired, and would be late by as much.
	pictureWithin = time.Second
	repairTrips   = 3
)

// allowance is how many repairs of a stream may be sent or asked for now.
type allowance struct{ left, most float64 }

func newAllowance(k kind) allowance {
	if k == audio {
		return allowance{soundBurst, soundBurst}
	}
	return allowance{pictureBurst, pictureBurst}
}

// earn counts a packet of the stream.
func (a *allowance) earn() { a.left = min(a.left+repairShare, a.most) }

// spend takes one repair, if there is one.
func (a *allowance) spend() bool {
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}

// mend answers a NACK. Where something is missing that is not kept any more, or is
// too old, the rest is of no use: only a key frame mends the picture, and a browser
// that waits for the repairs asks for one seconds later.
func (l *line) mend(nacks []rtcp.NackPair, now time.Time) {
	for _, pair := range nacks {
		gone := false
		pair.Range(func(seq uint16) bool {
			gone = !l.repair(seq, now)
			return !gone
		})
		if gone {
			l.requestKeyFrame(now)
			return
		}
	}
}

// repair sends one packet again, from the publisher's cache. It reports false when the packet is wanted and gone, or too old.
func (l *line) repair(lost uint16, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		l.repairStill(lost, now)
		return true
	}
	if l.kind == audio && !l.soundIsOfUse(lost, now) {
		return true
	}
	seq := l.lastSeq - int64(uint16(l.lastSeq)-lost)
	m, p := l.kept(seq)
	if m == nil {
		return l.kind == audio || seq < l.lastKey || l.lastSeq-seq < cacheSize // it may still come
	}
	if l.kind == video && l.isOld(p.time+m.time) {
		return seq < l.lastKey
	}
	if !l.allowance.spend() {
		return true
	}
	ssrc, pt, number, payload := l.again(p.codec, lost, l.scratch[:2+len(p.payload)])
	if ssrc == l.ssrc {
		l.noteLate(lost, now)
	}
	l.send(m, &p, ssrc, pt, number, payload, now)
	return true
}

// again is how a packet goes out once more: as RTX (RFC 4588) when the browser speaks
// it, with the original number in front, for which whole has two bytes; else as it was.
// The caller holds mu.
func (l *line) again(c codec, lost uint16, whole []byte) (ssrc uint32, pt uint8, seq uint16, payload []byte) {
	rtx := l.rtxTypes[c]
	if rtx == 0 || l.rtxSSRC == 0 {
		return l.ssrc, l.types[c], lost, whole[2:]
	}
	binary.BigEndian.PutUint16(whole, lost)
	l.rtxSeq++
	return l.rtxSSRC, rtx, l.rtxSeq, whole
}

// isOld tells whether a picture of a time is too old to be repaired.
func (l *line) isOld(timestamp uint32) bool {
	age := time.Duration(l.lastTime-timestamp) * time.Second / time.Duration(vp8.clock())
	return age > max(pictureWithin, repairTrips*l.conn.roundTrip())
}

// kept finds a packet that was sent, by the line's number, and the mapping that it
// went by; nil when it is gone. Its payload is in scratch, behind two bytes for the
// original sequence number.
func (l *line) kept(seq int64) (*mapping, packet) {
	for i := len(l.maps) - 1; i >= 0; i-- {
		m := &l.maps[i]
		if seq < m.first {
			continue
		}
		if l.lastSeq-seq >= int64(m.feed.cache.size()) {
			break
		}
		if p, ok := m.feed.cache.get(uint16(seq)-m.seq, l.buffer()[2:]); ok {
			return m, p
		}
		break
	}
	return nil, packet{}
}

// buffer holds a packet behind two bytes for an original sequence number. The caller
// holds mu.
func (l *line) buffer() []byte {
	if l.scratch == nil {
		l.scratch = make([]byte, 2+maxPacket)
	}
	return l.scratch
}

// lateSound is a packet of sound that went out after its time.
type lateSound struct {
	seq uint16
	at  time.Time
}

func (l *line) noteLate(seq uint16, now time.Time) {
	if l.kind != audio {
		return
	}
	if l.late == nil {
		l.late = make([]lateSound, soundCacheSize)
	}
	l.late[seq%soundCacheSize] = lateSound{seq, now}
}

// soundIsOfUse tells whether the browser can still play a packet that it asks for,
// and does not have it under way: it asks again with every packet that comes.
func (l *line) soundIsOfUse(lost uint16, now time.Time) bool {
	roundTrip := l.conn.roundTrip()
	if roundTrip >= soundWithin {
		return false
	}
	if l.late == nil {
		return true
	}
	late := l.late[lost%soundCacheSize]
	return late.seq != lost || now.Sub(late.at) > roundTrip+roundTrip/4
}
