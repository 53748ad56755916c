package sfu

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestKeyFrameBegins(t *testing.T) {
	for name, c := range map[string]struct {
		codec   codec
		payload []byte
		want    bool
	}{
		"VP8 key frame":                     {vp8, []byte{0x10, 0x00}, true},
		"VP8 key frame with all extensions": {vp8, []byte{0x90, 0xf0, 0x81, 0x02, 0x03, 0x04, 0x00}, true},
		"VP8 inter frame":                   {vp8, []byte{0x10, 0x01}, false},
		"VP8 continuation":                  {vp8, []byte{0x00, 0x00}, false},
		"VP8 second partition":              {vp8, []byte{0x11, 0x00}, false},
		"VP8 truncated":                     {vp8, []byte{0x90, 0x80, 0x81}, false},
		"VP8 without payload":               {vp8, []byte{0x10}, false},
		"H.264 parameter set":               {h264, []byte{0x67, 0x42}, true},
		"H.264 aggregate with one":          {h264, []byte{0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 0x42}, true},
		"H.264 aggregate without":           {h264, []byte{0x78, 0, 2, 0x09, 0x10, 0, 2, 0x68, 0x42}, false},
		"H.264 aggregate that lies":         {h264, []byte{0x78, 0xff, 0xff, 0x67}, false},
		"H.264 fragment of a slice":         {h264, []byte{0x7c, 0x85}, false},
		"H.264 picture":                     {h264, []byte{0x41, 0x9a}, false},
		"H.264 nothing":                     {h264, nil, false},
		"VP9 key frame":                     {vp9, []byte{0x08}, true},
		"VP9 key frame in layers":           {vp9, []byte{0xaa, 0x81, 0x02, 0x00, 0x03, 0x00}, true},
		"VP9 second layer of a key frame":   {vp9, []byte{0xaa, 0x81, 0x02, 0x02, 0x03, 0x00}, false},
		"VP9 key frame, flexible":           {vp9, []byte{0xbc, 0x01, 0x00}, true},
		"VP9 inter frame":                   {vp9, []byte{0x48}, false},
		"VP9 continuation":                  {vp9, []byte{0x04}, false},
		"VP9 truncated id":                  {vp9, []byte{0x88, 0x81}, false},
		"VP9 truncated layer":               {vp9, []byte{0x28, 0x00}, false},
		"VP9 nothing":                       {vp9, nil, false},
		"AV1 sequence":                      {av1, []byte{0x18, 0x0a}, true},
		"AV1 picture":                       {av1, []byte{0x10, 0x32}, false},
		"AV1 continuation":                  {av1, []byte{0x98, 0x00}, false},
		"AV1 nothing":                       {av1, nil, false},
	} {
		if _, got := look(c.codec, c.payload); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestShiftGoesOnAcrossTheWrap(t *testing.T) {
	for _, c := range []codec{vp8, vp9} {
		p := pictureHeader(c, 0x7fff, true)
		d, _ := look(c, p)
		if d.id != 0x7fff || d.tl0Index != 255 {
			t.Fatalf("%v: %+v", c, d)
		}
		d.shift(p, 2, 3)
		d, key := look(c, p)
		if d.id != 1 || d.tl0Index != 2 || !d.long || !key {
			t.Errorf("%v, after the wrap: %+v", c, d)
		}
	}
}

func TestCacheForgetsTheOldest(t *testing.T) {
	c := newCache(video)
	buffer := make([]byte, maxPacket)
	for seq := uint16(65000); seq != 200; seq++ {
		c.put(&packet{seq: seq, payload: []byte{byte(seq), byte(seq >> 8)}})
	}
	for seq := uint16(65536 + 200 - cacheSize); seq != 200; seq++ {
		p, ok := c.get(seq, buffer)
		if !ok || !bytes.Equal(p.payload, []byte{byte(seq), byte(seq >> 8)}) {
			t.Fatalf("packet %d: %v %v", seq, p.payload, ok)
		}
	}
	if _, ok := c.get(65000, buffer); ok {
		t.Error("the oldest is still there")
	}
	if _, ok := c.get(201, buffer); ok {
		t.Error("a packet that never came is there")
	}
}

func TestMissing(t *testing.T) {
	now := time.Unix(0, 0)
	rtt := 100 * time.Millisecond
	m := newMissing(video)
	step := func(seq uint16, after time.Duration, want ...uint16) {
		t.Helper()
		now = now.Add(after)
		if got := m.note(seq, now, rtt); !slices.Equal(got, want) {
			t.Fatalf("after %d: asked for %v, want %v", seq, got, want)
		}
	}
	step(65534, 0)
	step(1, 0)                           // 65535 and 0 are missing, perhaps only late
	step(0, 5*time.Millisecond)          // 0 was late
	step(2, 20*time.Millisecond, 65535)  // 65535 is lost
	step(3, 20*time.Millisecond)         // within the round trip: patience
	step(4, 110*time.Millisecond, 65535) // again
	step(65535, 10*time.Millisecond)     // repaired
	step(5, time.Second)                 // nothing left to ask for
	step(1000, 10*time.Millisecond)      // a gap too large to repair
	step(1001, 100*time.Millisecond)     // is not asked for
	step(1003, 0)                        //
	for range m.tries {
		step(1003, time.Second, 1002)
	}
	step(1004, time.Second) // given up
}

func FuzzPacket(f *testing.F) {
	f.Add(uint8(vp8), []byte{0xb0, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x31, 1, 2, 0, 0x90, 0xf0, 0x81, 2, 3, 4, 0, 1})
	f.Add(uint8(h264), []byte{0x80, 102, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x78, 0, 2, 0x67, 0x42})
	f.Add(uint8(vp9), []byte{0x80, 98, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xaa, 0x81, 2, 0, 3, 0})
	f.Add(uint8(av1), []byte{0x80, 45, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x18, 0x0a})
	f.Fuzz(func(t *testing.T, c uint8, raw []byte) {
		var h rtp.Header
		size, err := h.Unmarshal(raw)
		if err != nil {
			return
		}
		p := packet{codec: codec(c%uint8(codecCount-1) + 1)}
		if !p.read(&h, raw, size, c&128 != 0) {
			return
		}
		length := len(p.payload)
		p.picture.shift(p.payload, 5, 7)
		store := newCache(video)
		store.put(&p)
		got, ok := store.get(p.seq, make([]byte, maxPacket))
		if !ok || len(got.payload) != length || !bytes.Equal(got.payload, p.payload) {
			t.Fatal("the cache gives back something else")
		}
	})
}
