package sfu

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// A link that bears sound only gets a still every few seconds beside it, and is told so.
// One that bears hardly more than sound keeps that as it is.
func TestAThinLinkGetsStills(t *testing.T) {
	for _, c := range []struct {
		rate, stills  int // bits/s, in two minutes
		frozen, queue time.Duration
	}{
		{28_000, 0, 2 * time.Minute, 800 * time.Millisecond},
		{32_000, 12, 20 * time.Second, 500 * time.Millisecond},
		{36_000, 16, 12 * time.Second, 250 * time.Millisecond},
		{40_000, 16, 12 * time.Second, 150 * time.Millisecond},
		{50_000, 16, 12 * time.Second, 150 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("%d kbit/s", c.rate/1000), func(t *testing.T) {
			t.Parallel()
			w := newWorld(1)
			v := w.watch("expert", wire{rate: c.rate, queue: time.Second, delay: 150 * time.Millisecond, loss: 0.01}, w.publish("clinic", 1_200_000))
			w.run(time.Minute)
			v.forget()
			w.run(2 * time.Minute)
			r := &v.record
			t.Logf("%d stills, the longest time without %.1f s, queue %d ms (half), %d ms (95 %%), %d of %d packets of sound dropped",
				r.frames, r.frozen.Seconds(), r.quantile(50).Milliseconds(), r.quantile(95).Milliseconds(), r.soundDropped, r.sound)
			if r.frames < c.stills || r.frozen > c.frozen || r.switches > 0 {
				t.Errorf("%d stills, the longest time without is %v", r.frames, r.frozen)
			}
			if c.rate >= 36_000 && v.Lines()[1] != (Line{MID: "expert", Participant: "clinic", Source: Camera, Stills: true}) {
				t.Errorf("the browser is told %+v", v.Lines()[1])
			}
			if r.soundDropped > r.sound/500 || r.quantile(50) > 100*time.Millisecond || r.quantile(95) > c.queue {
				t.Errorf("a queue of %v, and %v for one moment in twenty, %d packets of sound dropped",
					r.quantile(50), r.quantile(95), r.soundDropped)
			}
			if r.broken > 0 {
				t.Errorf("%d packets do not go on where the one before ended", r.broken)
			}
		})
	}
}

// tape keeps what a line sends.
type tape []rtp.Packet

func (t *tape) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	p := rtp.Packet{Header: *h, Payload: slices.Clone(payload)}
	*t = append(*t, p)
	return len(payload) + 12, nil
}

// stillLine is a paused line that is to send stills, and its publisher, who is counted
// the requests for key frames.
type stillLine struct {
	*line
	feed  *feed
	sent  tape
	now   time.Time
	seq   uint16
	asked int
}

func newStillLine() *stillLine {
	l, f := onAirLine(&sink{})
	s := &stillLine{line: l, feed: f, now: time.Unix(1_800_000_000, 0)}
	l.out = &s.sent
	f.conn.ready.Store(true)
	f.conn.control = func(packets []rtcp.Packet) error {
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				s.asked++
			}
		}
		return nil
	}
	l.hold(true)
	l.keepStills(stillsRate, 0, false)
	return s
}

// stamp is the time of what the camera takes now.
func (s *stillLine) stamp() uint32 { return uint32(s.now.UnixMilli() * 90) }

// film brings the next packet of the camera, a fifth of a second after the last, unless
// it belongs to the same picture.
func (s *stillLine) film(key, ends bool, body []byte) {
	if s.seq++; key {
		body = slices.Concat([]byte{0}, body)
	}
	p := packet{
		seq: s.seq, time: s.stamp(), codec: vp8, key: key, marker: ends,
		payload: slices.Concat(vp8Header(s.seq, uint8(s.seq), key)[:5], body),
	}
	if !key {
		p.payload[0] &^= 0x10
	}
	p.picture, _ = parseVP8(p.payload)
	s.feed.take(&p, false, 1100, s.now)
	if ends {
		s.now = s.now.Add(time.Second / 5)
	}
}

// watch brings small pictures for a while.
func (s *stillLine) watch(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.film(false, true, []byte{1, 2, 3})
	}
}

func TestAStillIsAKeyFrameInSmallPackets(t *testing.T) {
	s := newStillLine()
	s.feed.arrivals.reported(&rtcp.SenderReport{NTPTime: toNTP(s.now), RTPTime: s.stamp()}, s.feed.conn, s.now)
	first, second := bytes.Repeat([]byte{1, 2, 3, 4}, 270), bytes.Repeat([]byte{5, 6, 7, 8}, 260)
	s.film(true, false, first)
	if len(s.sent) > 0 {
		t.Fatal("half a key frame is sent")
	}
	began := s.now
	s.film(false, true, second)
	s.watch(3 * time.Second)
	takes := time.Duration(1+len(first)+len(second)) * stillSlack * time.Second / stillsRate

	var got []byte
	begins := s.sent[0].Header
	for i, p := range s.sent {
		d, ok := parseVP8(p.Payload)
		last := i == len(s.sent)-1
		if !ok || d.start != (i == 0) || p.Marker != last || p.Padding ||
			p.SequenceNumber != begins.SequenceNumber+uint16(i) || p.Timestamp != begins.Timestamp || len(p.Payload) > paddingSize {
			t.Errorf("packet %d of %d is %+v", i, len(s.sent), p.Header)
		}
		got = append(got, p.Payload[d.size:]...)
	}
	if want := slices.Concat([]byte{0}, first, second); !bytes.Equal(got, want) {
		t.Errorf("%d bytes came of a key frame of %d, or others", len(got), len(want))
	}
	// It is of the moment at which its last packet leaves, as the browser is told, and the
	// next picture, of two seconds later, comes as much later.
	if late := int32(s.senderReport(began.Add(takes)).RTPTime-begins.Timestamp) / 90; late < -1 || late > 1 {
		t.Errorf("its last packet leaves %d ms late", late)
	}
	s.hold(false)
	s.now = began.Add(takes + 2*time.Second)
	s.film(true, true, first)
	next := s.sent[len(s.sent)-1].Header
	if next.Timestamp-begins.Timestamp != 2*90_000 || next.SequenceNumber != begins.SequenceNumber+uint16(len(s.sent)-1) {
		t.Errorf("the picture goes on with %+v after %+v", next, begins)
	}
}

// What is lost of a still is sent again.
func TestAStillIsRepaired(t *testing.T) {
	s := newStillLine()
	s.film(true, true, make([]byte, 1500))
	s.watch(3 * time.Second)
	for _, i := range []int{0, 3, len(s.sent) - 1} {
		lost := s.sent[i]
		before := len(s.sent)
		s.feedback(nack(s.ssrc, lost.SequenceNumber)[0], s.now)
		if len(s.sent) != before+1 {
			t.Fatalf("packet %d is not sent again", i)
		}
		again := s.sent[before]
		s.sent = s.sent[:before]
		want := append([]byte{byte(lost.SequenceNumber >> 8), byte(lost.SequenceNumber)}, lost.Payload...)
		if again.SSRC != 200 || again.PayloadType != 97 || again.Timestamp != lost.Timestamp || again.Marker != lost.Marker ||
			!bytes.Equal(again.Payload, want) {
			t.Errorf("packet %d is sent again as %+v", i, again.Header)
		}
	}
	before := len(s.sent)
	s.feedback(nack(s.ssrc, s.sent[0].SequenceNumber-1)[0], s.now)
	s.feedback(nack(s.ssrc, s.sent[before-1].SequenceNumber+1)[0], s.now)
	if len(s.sent) != before {
		t.Error("what is not of the still is sent again")
	}
}

// A publisher is asked for key frames seldom, however often the browser asks, and more
// seldom when they are too large.
func TestStillsAskForFewKeyFrames(t *testing.T) {
	s := newStillLine()
	ask := func(d time.Duration) {
		for end := s.now.Add(d); s.now.Before(end); {
			s.feedback(pli(s.ssrc)[0], s.now)
			s.watch(time.Second)
		}
	}
	ask(40 * time.Second)
	if s.asked < 8 || s.asked > 10 {
		t.Errorf("the publisher, who sends none, is asked for a key frame %d times in 40 s", s.asked)
	}
	s.asked = 0
	for n := range 8 {
		s.film(n == 0, false, make([]byte, 1100))
	}
	s.film(false, true, make([]byte, 1100))
	ask(stillRest - 2*time.Second)
	if len(s.sent) > 0 || s.asked > 0 {
		t.Errorf("of a key frame of 10 KB %d packets are sent, and %d asked for", len(s.sent), s.asked)
	}
	ask(3 * time.Second)
	if s.asked != 1 {
		t.Errorf("after %v %d are asked for", stillRest, s.asked)
	}
}

// Where others watch a large picture nobody is asked for key frames of that.
func TestStillsCostOthersNothing(t *testing.T) {
	w := newWorld(1)
	clinic := w.publish("clinic", 1_200_000)
	w.watch("strong", strongLink, clinic)
	weak := w.watch("weak", wire{rate: 100_000, queue: time.Second, delay: 150 * time.Millisecond}, clinic)
	w.run(30 * time.Second)
	before := clinic.keyFrames
	w.run(2 * stillRest)
	if n := clinic.keyFrames - before; n > 0 || !weak.Lines()[1].Paused {
		t.Errorf("%d key frames; the weak one is told %+v", n, weak.Lines()[1])
	}
}
