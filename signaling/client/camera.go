package client

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"consilium/signaling/protocol"
)

// The header extensions by which a packet tells its section, its layer, and the layer
// that it repairs.
const (
	sdesMID    = "urn:ietf:params:rtp-hdrext:sdes:mid"
	sdesRID    = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	sdesRepair = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
)

const (
	pictureClock = 90_000
	packetMost   = 1200 // bytes
	// soundRate is what the microphone takes of what the server says is of use, bit/s.
	soundRate = 30_000
	// least is sent however little is of use, bit/s: frames are not smaller.
	least = 10_000
	// smallWidth is the small layer's width, by which its frames are told.
	smallWidth = 160
)

// camera sends one picture in two layers as the app does: the small one only while
// the server asks for it.
type camera struct {
	small, large layer
	every        time.Duration // between frames
	line         *webrtc.RTPTransceiver

	mu     sync.Mutex // guards what follows, bit/s
	most   int        // of the large layer
	asked  int        // of the small layer; 0: nobody watches it
	useful int        // of both, as the server says
}

// layer is one size of the picture.
type layer struct {
	track      *webrtc.TrackLocalStaticRTP
	packetizer rtp.Packetizer
	next       func() []byte
}

func newLayer(rid string, width, height int) (layer, error) {
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: pictureClock}
	track, err := webrtc.NewTrackLocalStaticRTP(codec, codec.MimeType, "page", webrtc.WithRTPStreamID(rid))
	return layer{
		track:      track,
		packetizer: rtp.NewPacketizerWithOptions(packetMost, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewRandomSequencer(), pictureClock),
		next:       picture(width, height),
	}, err
}

// film adds a camera whose large layer is sent at a rate, bit/s; 0: ten small frames
// a second.
func (m *Media) film(ctx context.Context, rate int) error {
	c := &m.camera
	c.every, c.most, c.useful = frameEvery, least, math.MaxInt
	if rate > 0 {
		c.every, c.most = fullRateEvery, rate
	}
	var err error
	if c.small, err = newLayer("s", smallWidth, 120); err != nil {
		return err
	}
	if c.large, err = newLayer("l", 320, 240); err != nil {
		return err
	}
	c.line, err = m.pc.AddTransceiverFromTrack(c.small.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	if err := c.line.Sender().AddEncoding(c.large.track); err != nil {
		return err
	}
	for _, l := range []layer{c.small, c.large} {
		m.work.Go(func() { c.listen(l.track.RID()) })
	}
	m.work.Go(func() {
		select {
		case <-m.up: // else the packets could not be named yet
			c.play(ctx)
		case <-ctx.Done():
		}
	})
	return nil
}

// listen takes in how much is of use. Every frame is a key frame already.
func (c *camera) listen(rid string) {
	for {
		packets, _, err := c.line.Sender().ReadSimulcastRTCP(rid)
		if err != nil {
			return
		}
		for _, p := range packets {
			if p, is := p.(*rtcp.ReceiverEstimatedMaximumBitrate); is {
				c.mu.Lock()
				c.useful = int(p.Bitrate) - soundRate
				c.mu.Unlock()
			}
		}
	}
}

// ask takes in which layers somebody watches in place of the large one.
func (c *camera) ask(layers []protocol.Layer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = 0
	for _, l := range layers {
		if l.Source == "camera" && l.RID == c.small.track.RID() {
			c.asked = l.Rate * 1000
		}
	}
}

func (c *camera) rates() (small, large int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked, min(c.most, max(c.useful-c.asked, least))
}

func (c *camera) play(ctx context.Context) {
	var mid, rid uint8
	for _, e := range c.line.Sender().GetParameters().HeaderExtensions {
		switch e.URI {
		case sdesMID:
			mid = uint8(e.ID)
		case sdesRID:
			rid = uint8(e.ID)
		}
	}
	send := func(l layer, rate int) error {
		samples := uint32(pictureClock * c.every / time.Second)
		if rate == 0 {
			l.packetizer.SkipSamples(samples)
			return nil
		}
		frame := padded(l.next(), int(float64(rate)/8*c.every.Seconds()))
		for _, p := range l.packetizer.Packetize(frame, samples) {
			err := errors.Join(p.SetExtension(mid, []byte(c.line.Mid())), p.SetExtension(rid, []byte(l.track.RID())), l.track.WriteRTP(p))
			if err != nil && !errors.Is(err, io.ErrClosedPipe) {
				return err
			}
		}
		return nil
	}
	repeat(ctx, c.every, func() error {
		small, large := c.rates()
		return errors.Join(send(c.small, small), send(c.large, large))
	})
}

// padded makes a frame as large as it is to be, bytes. A decoder does not read on
// after the last partition's data.
func padded(frame []byte, size int) []byte {
	return slices.Concat(frame, make([]byte, max(0, size-len(frame))))
}

// isSmall tells whether a VP8 packet begins a frame of the small layer (RFC 6386,
// section 9.1).
func isSmall(payload []byte) bool {
	var p codecs.VP8Packet
	frame, err := p.Unmarshal(payload)
	return err == nil && p.S == 1 && p.PID == 0 && len(frame) >= 10 && frame[0]&1 == 0 &&
		binary.LittleEndian.Uint16(frame[6:])&0x3fff == smallWidth
}
