package sfu

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// studio is a publisher on a good link: a microphone and a camera that keep to
// what they are told, as the app does.
type studio struct {
	*Peer
	world     *world
	most      int // bits/s of the camera
	target    int // bits/s it aims at
	allowed   int // bits/s it was told
	keyFrames int
	voice     voice
	sound     uint16     // packets of it
	encoders  []*encoder // the smallest first
	silent    bool       // sends nothing
	thin      bool       // its uplink does not bear a second layer
	alone     int        // bits/s of its smallest layer, which comes alone; 0: as the app
}

// encoder makes one layer of the camera.
type encoder struct {
	feed     *feed
	rate     func() int // bits/s, 0: nothing
	wantKey  bool
	owes     int // bytes that key frames were larger by
	pictures uint16
	packets  uint16
}

const (
	uplinkTime = 20 * time.Millisecond // one way
	framesRate = 15
	pictureMin = 30_000 // bits/s, what an encoder makes at least
)

// voice is how sound is coded.
type voice struct {
	packet time.Duration
	size   int // bytes of Opus in it
}

var (
	fullVoice   = voice{20 * time.Millisecond, 60} // 24 kbit/s, 42 on the wire
	frugalVoice = voice{60 * time.Millisecond, 90} // 12 kbit/s, 20 on the wire
)

// The app's voice is frugal when it is told less than frugally, until it is told
// freelyAgain, bits/s.
const frugally, freelyAgain = 100_000, 130_000

// takes is what it takes on the wire, bits/s.
func (v voice) takes() int {
	return int(float64((v.size+12+headers)*8) / v.packet.Seconds())
}

func (w *world) publish(id string, most int) *studio {
	return w.publishLayers(id, most, nil)
}

// publishLayers is the same with a camera whose picture may come in layers, as many
// as have a name: the largest is as without, a smaller one comes when it is asked for.
func (w *world) publishLayers(id string, most int, rids []string) *studio {
	s := &studio{world: w, most: most, target: 300_000, allowed: unlimited, voice: fullVoice}
	s.target = min(s.target, most)
	s.Peer = w.peer(id, func(p rtcp.Packet) { w.after(uplinkTime, func() { s.told(p) }) })
	for _, source := range []Source{Microphone, Camera} {
		pub := newPublication(s.Peer, source)
		pub.open.Store(true)
		s.publications[source.index()] = pub
		if source == Microphone {
			s.feed(pub, 0)
			continue
		}
		pub.rids = rids
		for k := range pub.top() {
			s.encoders = append(s.encoders, &encoder{feed: s.feed(pub, k), wantKey: true, rate: s.asked(pub, k)})
		}
		f := s.feed(pub, pub.top())
		s.encoders = append(s.encoders, &encoder{feed: f, wantKey: true, rate: s.largest})
		f.live.Store(true)
	}
	w.after(0, s.speak)
	for _, e := range s.encoders {
		w.after(0, func() { s.film(e) })
	}
	return s
}

func (s *studio) feed(pub *publication, layer int) *feed {
	f := newFeed(pub, layer, s.conn, uint32(10*pub.source.index()+layer+1), true)
	pub.feeds[layer].Store(f)
	s.conn.feeds = append(s.conn.feeds, f)
	s.world.every(time.Second, func() {
		f.arrivals.reported(&rtcp.SenderReport{
			SSRC: f.ssrc, NTPTime: toNTP(s.world.now), RTPTime: s.stamp(f),
		}, s.conn, s.world.now)
	})
	return f
}

// asked is the rate that a smaller layer has: what the server asked for some time
// ago, over the signaling.
func (s *studio) asked(pub *publication, layer int) func() int {
	rate := 0
	s.world.every(50*time.Millisecond, func() {
		asked := pub.limits[layer].asked
		s.world.after(200*time.Millisecond, func() { rate = asked })
	})
	return func() int {
		switch {
		case s.alone > 0 && layer == 0:
			return s.alone
		case s.thin:
			return 0
		}
		return rate
	}
}

// largest is the rate of the largest layer: what the others leave it. Its uplink is
// tried out.
func (s *studio) largest() int {
	if s.alone > 0 {
		return 0
	}
	s.target = min(s.most, s.target+s.target/framesRate/4)
	rest := s.allowed
	for _, e := range s.encoders[:len(s.encoders)-1] {
		rest -= e.rate()
	}
	return max(min(s.target, rest), pictureMin)
}

func (s *studio) told(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.PictureLossIndication:
		for _, e := range s.encoders {
			e.wantKey = e.wantKey || e.feed.ssrc == p.MediaSSRC
		}
	case *rtcp.ReceiverEstimatedMaximumBitrate:
		switch {
		case p.Bitrate < frugally:
			s.voice = frugalVoice
		case p.Bitrate >= freelyAgain:
			s.voice = fullVoice
		}
		s.allowed = int(p.Bitrate) - s.voice.takes()
	}
}

// sent is the codec that a studio sends.
func sent(f *feed) codec {
	if f.publication.source.kind() == audio {
		return opus
	}
	return vp8
}

func (s *studio) stamp(f *feed) uint32 {
	return uint32(s.world.now.UnixNano() / 1000 * int64(sent(f).clock()) / 1_000_000)
}

func (s *studio) speak() {
	s.sound++
	s.send(s.publications[Microphone.index()].feeds[0].Load(), s.sound, true, make([]byte, s.voice.size))
	s.world.after(s.voice.packet, s.speak)
}

// film makes a frame, fewer when there is little for them. A key frame is four
// times as large as others; those differ by a third, and are smaller after it at the floor.
func (s *studio) film(e *encoder) {
	rate := e.rate()
	if rate == 0 {
		e.wantKey = true
		s.world.after(time.Second/framesRate, func() { s.film(e) })
		return
	}
	frames := framesRate
	switch {
	case rate < 80_000:
		frames = framesRate / 3
	case rate < 130_000:
		frames = framesRate * 2 / 3
	}
	s.world.after(time.Second/time.Duration(frames), func() { s.film(e) })
	size := int(float64(rate) / 8 / float64(frames) * (0.7 + 0.6*s.world.chance.Float64()))
	key := e.wantKey
	if key {
		if rate < 4*pictureMin/3 { // then it has nothing to spare
			e.owes += 3 * size
		}
		size, e.wantKey = size*4, false
		s.keyFrames++
	} else {
		less := min(e.owes, size/2)
		e.owes, size = e.owes-less, size-less
	}
	e.pictures++
	for n := size/1100 + 1; n > 0; n-- {
		part := size / n
		size -= part
		payload := append(vp8Header(e.pictures, uint8(e.pictures), key), make([]byte, part)...)
		if !key {
			payload[5] = 1
		}
		key = false
		e.packets++
		s.send(e.feed, e.packets, n == 1, payload)
	}
}

func (s *studio) send(f *feed, seq uint16, marker bool, payload []byte) {
	h := rtp.Header{Version: 2, Marker: marker, SequenceNumber: seq, Timestamp: s.stamp(f)}
	if s.silent {
		return
	}
	s.world.after(uplinkTime, func() {
		p := packet{codec: sent(f)}
		p.read(&h, payload, 0, false)
		f.take(&p, false, len(payload)+12, s.world.now)
	})
}
