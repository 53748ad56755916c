package sfu

import (
	"math"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// ntpEpoch is seconds from 1900 to 1970.
const ntpEpoch = 2208988800

func toNTP(t time.Time) uint64 {
	seconds := uint64(t.Unix() + ntpEpoch)
	fraction := uint64(t.Nanosecond()) << 32 / 1e9
	return seconds<<32 | fraction
}

func fromNTP(ntp uint64) time.Time {
	return time.Unix(int64(ntp>>32)-ntpEpoch, int64(ntp&0xffffffff*1e9>>32))
}

// arrivals is what a receiver report says of a stream (RFC 3550 §6.4, A.3, A.8)
// and how the publisher's clock relates to ours.
type arrivals struct {
	mu       sync.Mutex // guards all
	started  bool
	clock    uint32
	base     int64 // extended sequence numbers
	highest  int64
	received int64
	bytes    uint64

	jitter      float64 // in clock units
	lastTransit float64

	expectedThen, receivedThen int64 // at the last report

	lastSR   uint32 // middle bits of the last sender report's NTP time
	lastSRAt time.Time
	sync     clockPoint
}

// clockPoint says that a timestamp of a stream was taken at an instant of this
// machine's clock.
type clockPoint struct {
	at   time.Time
	time uint32
}

func (c clockPoint) known() bool { return !c.at.IsZero() }

// when extrapolates the stream's timestamp to an instant.
func (c clockPoint) when(now time.Time, clock uint32) uint32 {
	return c.time + uint32(int64(math.Round(now.Sub(c.at).Seconds()*float64(clock))))
}

func (a *arrivals) count(p *packet, size int, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.started {
		a.started, a.base = true, int64(p.seq)
		a.highest, a.clock = a.base, p.codec.clock()
	}
	seq := a.highest + int64(int16(p.seq-uint16(a.highest)))
	a.highest = max(a.highest, seq)
	a.received++
	a.bytes += uint64(size)

	transit := float64(now.UnixNano())/1e9*float64(a.clock) - float64(p.time)
	if d := math.Abs(transit - a.lastTransit); a.received > 1 && d < float64(a.clock) {
		a.jitter += (d - a.jitter) / 16
	}
	a.lastTransit = transit
}

// reported takes a sender report in. All streams of a connection share one
// clock, so their timestamps are put on ours by one common difference: that
// keeps sound and picture together.
func (a *arrivals) reported(sr *rtcp.SenderReport, c *connection, now time.Time) {
	theirs := fromNTP(sr.NTPTime)
	ours := theirs.Add(c.clockDifference(theirs, now))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastSR, a.lastSRAt = uint32(sr.NTPTime>>16), now
	a.sync = clockPoint{at: ours, time: sr.RTPTime}
}

func (a *arrivals) point() clockPoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sync
}

// report makes the block for the next receiver report and what was expected and
// lost since the last.
func (a *arrivals) report(ssrc uint32, now time.Time) (block rtcp.ReceptionReport, expected, lost int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.started {
		return block, 0, 0, false
	}
	all := a.highest - a.base + 1
	expected = all - a.expectedThen
	lost = max(expected-(a.received-a.receivedThen), 0)
	a.expectedThen, a.receivedThen = all, a.received
	block = rtcp.ReceptionReport{
		SSRC:               ssrc,
		TotalLost:          uint32(min(max(all-a.received, 0), 1<<23-1)),
		LastSequenceNumber: uint32(a.highest),
		Jitter:             uint32(a.jitter),
		LastSenderReport:   a.lastSR,
	}
	if expected > 0 {
		block.FractionLost = uint8(min(lost*256/expected, 255))
	}
	if !a.lastSRAt.IsZero() {
		block.Delay = uint32(now.Sub(a.lastSRAt).Seconds() * 65536)
	}
	return block, expected, lost, true
}

func (a *arrivals) total() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bytes
}

// reception is what the browser says of a line.
type reception struct {
	started        bool
	highest        uint32
	lastSR         uint32 // the newest that a round trip was taken from
	lost           uint32
	expectedSince  int64 // since it was last collected
	lostSince      int64
	roundTripSince time.Duration
}

// report takes the browser's report blocks in.
func (l *line) report(blocks []rtcp.ReceptionReport, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range blocks {
		if b.SSRC != l.ssrc {
			continue
		}
		r := &l.reception
		if r.started {
			r.expectedSince += max(int64(int32(b.LastSequenceNumber-r.highest)), 0)
			r.lostSince += max(int64(int32(b.TotalLost-r.lost)), 0)
		}
		r.started, r.highest, r.lost = true, b.LastSequenceNumber, b.TotalLost
		// A browser repeats what it knows; only news counts.
		if b.LastSenderReport != 0 && b.LastSenderReport != r.lastSR {
			r.lastSR = b.LastSenderReport
			now := uint32(toNTP(at) >> 16)
			units := int32(now - b.LastSenderReport - b.Delay) // of 1/65536 s
			r.roundTripSince = time.Duration(max(units, 1)) * time.Second / 65536
		}
	}
}

// collect hands over what the browser reported since the last time.
func (l *line) collect() (expected, lost int64, roundTrip time.Duration, bytes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.reception
	expected, lost, roundTrip = r.expectedSince, r.lostSince, r.roundTripSince
	r.expectedSince, r.lostSince, r.roundTripSince = 0, 0, 0
	return expected, lost, roundTrip, l.bytes
}

// senderReport tells the browser how the line's timestamps relate to time, or
// nil while that is not known. Both lines of a pair get theirs from the same
// publisher's clock.
func (l *line) senderReport(now time.Time) *rtcp.SenderReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.feed == nil {
		return nil
	}
	point := l.feed.arrivals.point()
	if !point.known() {
		return nil
	}
	m := &l.maps[len(l.maps)-1]
	clock := uint32(90000)
	if l.kind == audio {
		clock = opus.clock()
	}
	return &rtcp.SenderReport{
		SSRC:        l.ssrc,
		NTPTime:     toNTP(now),
		RTPTime:     point.when(now, clock) + m.time,
		PacketCount: l.packets,
		OctetCount:  l.octets,
	}
}
