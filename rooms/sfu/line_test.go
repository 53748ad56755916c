package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sink counts what a line sends.
type sink struct {
	packets int
	ssrcs   map[uint32]int
	last    rtp.Header
	payload []byte
}

func (s *sink) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	s.packets++
	s.last = *h
	s.payload = payload
	if s.ssrcs != nil {
		s.ssrcs[h.SSRC]++
	}
	return len(payload) + 12, nil
}

// offline is a connection without a network, whose owner hears nothing.
func offline() *connection {
	p := &Peer{room: &Room{}, events: events{closed: true}}
	p.conn = &connection{peer: p}
	return p.conn
}

// onAirLine is a bound line with a publication on it, without a network.
func onAirLine(out *sink) (*line, *feed) {
	c := offline()
	c.ready.Store(true)
	p := &publication{source: Camera, peer: &Peer{}}
	p.open.Store(true)
	f := newFeed(p, 0, offline(), 0, true)
	f.live.Store(true)
	p.feeds[0].Store(f)
	l := newLine(c, receiving{mid: "3", kind: video, twcc: 4})
	l.out, l.ssrc, l.rtxSSRC = out, 100, 200
	l.types[vp8], l.rtxTypes[vp8] = 96, 97
	l.tune(p)
	l.occupant, c.lines = p, []*line{l}
	lines := []*line{l}
	p.subscribers.Store(&lines)
	return l, f
}

func send(f *feed, seq uint16, now time.Time) {
	payload := vp8Header(seq, uint8(seq), seq == 0)
	p := packet{seq: seq, time: uint32(seq) * 3000, codec: vp8, key: seq == 0, payload: append(payload, make([]byte, 1000)...)}
	p.picture, _ = look(vp8, p.payload)
	f.take(&p, false, 1100, now)
}

func TestForwardingDoesNotAllocate(t *testing.T) {
	_, f := onAirLine(&sink{})
	now := time.Now()
	payload := append(vp8Header(0, 0, true), make([]byte, 1000)...)
	p := packet{codec: vp8, payload: payload}
	seq := uint16(0)
	step := func() {
		p.seq, p.time, p.key = seq, uint32(seq)*3000, true
		p.picture, _ = look(vp8, p.payload)
		f.take(&p, false, 1100, now)
		seq++
	}
	for range cacheSize + 1 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func TestRepairsAreRTXAndBounded(t *testing.T) {
	out := &sink{ssrcs: map[uint32]int{}}
	l, f := onAirLine(out)
	now := time.Now()
	for seq := range uint16(300) {
		send(f, seq, now)
	}
	last := out.last.SequenceNumber
	l.repair(last-10, now)
	if out.last.SSRC != 200 || out.last.PayloadType != 97 || out.ssrcs[200] != 1 {
		t.Fatalf("the repair is %+v", out.last)
	}
	if lost := uint16(out.payload[0])<<8 | uint16(out.payload[1]); lost != last-10 {
		t.Errorf("the repair is for %d, want %d", lost, last-10)
	}
	for range 20 {
		for seq := last - 250; seq != last; seq++ {
			l.repair(seq, now)
		}
	}
	if n := out.ssrcs[200]; n > pictureBurst {
		t.Errorf("%d repairs of 300 packets: a link that is full would be filled more", n)
	}
	// What was never sent, or is long gone, is not made up.
	before := out.packets
	l.repair(last+5, now)
	l.repair(last-400, now)
	if out.packets != before {
		t.Error("a packet that was not sent was repaired")
	}
}

// A browser that comes back after a while asks for more than there is: it gets a key
// frame at once, and no repairs. What may still come from the publisher, and what
// the last key frame has made of no use, call for none.
func TestWhatIsGoneBringsAKeyFrame(t *testing.T) {
	out := &sink{ssrcs: map[uint32]int{}}
	l, f := onAirLine(out)
	asked := 0
	f.conn.ready.Store(true)
	f.conn.control = func(packets []rtcp.Packet) error {
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				asked++
			}
		}
		return nil
	}
	now := time.Now()
	lose := func(from, to uint16) {
		now = now.Add(time.Second)
		var numbers []uint16
		for seq := from; seq != to; seq++ {
			numbers = append(numbers, seq)
		}
		l.feedback(&rtcp.TransportLayerNack{MediaSSRC: l.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)}, now)
	}
	send(f, 0, now)
	first := out.last.SequenceNumber
	for seq := uint16(1); seq < 400; seq++ {
		if seq != 390 { // it is still under way
			send(f, seq, now)
		}
	}
	lose(first+390, first+391)
	if asked > 0 {
		t.Error("a key frame is asked for though the packet may still come")
	}
	lose(first+395, first+396)
	if asked > 0 || out.ssrcs[200] != 1 {
		t.Errorf("a packet of just now: %d key frames are asked for and %d packets repaired, want none and one", asked, out.ssrcs[200])
	}
	lose(first+300, first+400) // the first are three seconds old
	lose(first+100, first+400)
	if asked != 2 || out.ssrcs[200] != 1 {
		t.Errorf("old ones: %d key frames are asked for and %d packets repaired, want two and none", asked, out.ssrcs[200]-1)
	}
	p := packet{seq: 400, time: 400 * 3000, codec: vp8, key: true, payload: append(vp8Header(400, 144, true), make([]byte, 1000)...)}
	f.take(&p, false, 1100, now)
	lose(first+100, first+400)
	if asked != 2 {
		t.Error("a key frame is asked for though one has come")
	}
}

// A paused line sends nothing but the padding of a probe, and allocates nothing;
// the stream goes on without a gap.
func TestAPausedLineSendsPaddingOnly(t *testing.T) {
	out := &sink{ssrcs: map[uint32]int{}}
	l, f := onAirLine(out)
	now := time.Now()
	send(f, 0, now)
	last := out.last.SequenceNumber
	l.hold(true)
	send(f, 1, now)
	l.repair(last, now)
	if out.packets != 1 {
		t.Fatalf("%d packets were sent, want the one of before", out.packets)
	}
	l.pad(100_000, now)
	payload := append(vp8Header(0, 0, false), make([]byte, 1000)...)
	p := packet{codec: vp8, payload: payload, seq: 2}
	step := func() {
		now = now.Add(20 * time.Millisecond)
		l.write(f, &p, now)
	}
	if n := testing.AllocsPerRun(99, step); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
	// Two seconds of 100 kbit/s, where nobody misses what is lost.
	if bytes := out.ssrcs[200] * paddingSize; out.ssrcs[100] != 1 || bytes < 24_000 || bytes > 26_000 {
		t.Errorf("%d bytes of padding, %d packets of the picture", bytes, out.ssrcs[100])
	}
	if !out.last.Padding || out.last.PaddingSize != paddingSize || len(out.payload) != 0 {
		t.Errorf("not padding: %+v", out.last)
	}
	l.hold(false)
	before := out.packets
	f.take(&packet{seq: 299, time: 87_000, codec: vp8, payload: payload}, false, 1100, now)
	if out.packets != before {
		t.Error("the picture goes on with something that cannot be decoded")
	}
	f.take(&packet{seq: 300, time: 90_000, codec: vp8, key: true, payload: payload}, false, 1100, now)
	if out.last.SequenceNumber != last+1 || out.last.Padding {
		t.Errorf("the picture goes on with %+v after %d", out.last, last)
	}
}

// largerThan puts a larger layer beside one.
func largerThan(small *feed) *feed {
	large := newFeed(small.publication, 1, small.conn, 0, true)
	large.live.Store(true)
	small.publication.feeds[1].Store(large)
	return large
}

// Beside a small layer padding is sent that no decoder sees; neither costs an
// allocation, nor do the packets of the layer that is not sent.
func TestASmallLayerWithPaddingBesideIt(t *testing.T) {
	out := &sink{ssrcs: map[uint32]int{}}
	l, small := onAirLine(out)
	large := largerThan(small)
	now := time.Now()
	send(small, 0, now)
	l.pad(100_000, now)
	payload := append(vp8Header(0, 0, true), make([]byte, 1000)...)
	p := packet{codec: vp8, payload: payload}
	step := func() {
		now = now.Add(20 * time.Millisecond)
		p.seq, p.time = p.seq+1, p.time+1800
		p.picture, _ = look(vp8, p.payload)
		small.take(&p, false, 1100, now)
		large.take(&p, false, 1100, now)
	}
	for range cacheSize + 1 {
		step()
	}
	packets, padding, last := out.ssrcs[100], out.ssrcs[200], out.last
	if n := testing.AllocsPerRun(99, step); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if n := out.ssrcs[100] - packets; n != 100 {
		t.Errorf("%d packets of 100 were sent", n)
	}
	// Two seconds of 100 kbit/s.
	if bytes := (out.ssrcs[200] - padding) * paddingSize; bytes < 24_000 || bytes > 26_000 {
		t.Errorf("%d bytes of padding", bytes)
	}
	if last.SSRC != 200 || last.PayloadType != 97 || !last.Padding {
		t.Errorf("the padding is %+v", last)
	}
}

// Two layers come on two goroutines: the new one's packet may have come before the
// last that was sent of the other. Time does not go back for that.
func TestALayerThatBeginsInThePast(t *testing.T) {
	out := &sink{}
	l, small := onAirLine(out)
	large := largerThan(small)
	now := time.Now()
	send(small, 0, now)
	last := out.last
	l.aim(1, false)
	send(large, 0, now.Add(-time.Millisecond))
	if out.packets != 2 || int32(out.last.Timestamp-last.Timestamp) <= 0 {
		t.Errorf("%d packets, from %d to %d", out.packets, last.Timestamp, out.last.Timestamp)
	}
}

// onAirSound is the same for a microphone.
func onAirSound(out *sink) (*line, *feed) {
	c := offline()
	c.ready.Store(true)
	p := &publication{source: Microphone, peer: &Peer{}}
	p.open.Store(true)
	f := newFeed(p, 0, c, 0, true)
	f.live.Store(true)
	p.feeds[0].Store(f)
	l := newLine(c, receiving{mid: "2", kind: audio})
	l.out, l.ssrc = out, 100
	l.types[opus] = 111
	l.tune(p)
	p.subscribers.Store(&[]*line{l})
	return l, f
}

func say(f *feed, seq uint16) {
	f.take(&packet{seq: seq, codec: opus, key: true, payload: []byte{1, 2, 3}}, false, 15, time.Now())
}

// FuzzFeedback: whatever RTCP a browser sends about its lines, the server goes on.
func FuzzFeedback(f *testing.F) {
	for _, seed := range [][]rtcp.Packet{
		nack(100, 7), pli(100),
		{&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 30_000, SSRCs: []uint32{100}}},
		{&rtcp.FullIntraRequest{MediaSSRC: 100, FIR: []rtcp.FIREntry{{SSRC: 100}}}},
		{&rtcp.TransportLayerCC{
			Header:    rtcp.Header{Type: rtcp.TypeTransportSpecificFeedback, Count: rtcp.FormatTCC, Length: 5},
			MediaSSRC: 100, PacketStatusCount: 2,
			PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2}},
			RecvDeltas:   []*rtcp.RecvDelta{{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}, {Type: rtcp.TypeTCCPacketReceivedSmallDelta}},
		}},
		{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 100, TotalLost: 1, LastSequenceNumber: 1 << 31, LastSenderReport: 1}}}},
	} {
		raw, err := rtcp.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		packets, err := rtcp.Unmarshal(raw)
		if err != nil {
			return
		}
		picture, camera := onAirLine(&sink{})
		sound, microphone := onAirSound(&sink{})
		for seq := range uint16(5) {
			send(camera, seq, time.Now())
			say(microphone, seq)
		}
		picture.conn.receiveControl(packets, time.Now())
		sound.conn.receiveControl(packets, time.Now())
		send(camera, 5, time.Now())
		say(microphone, 5)
		picture.collect()
		sound.collect()
	})
}
