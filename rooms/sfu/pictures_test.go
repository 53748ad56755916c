package sfu

import (
	"encoding/binary"
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestALineGoesOnWithItsNextOccupant(t *testing.T) {
	for _, c := range []codec{vp8, h264, vp9, av1} {
		t.Run(c.String(), func(t *testing.T) { goesOnWithTheNext(t, c) })
	}
}

func goesOnWithTheNext(t *testing.T, c codec) {
	r := listen(t).NewRoom()
	opts := clientOptions{pairs: 1, pictures: []codec{c}}
	expert := join(t, r, "expert", clientOptions{pairs: 1})
	first := join(t, r, "first", opts)
	expert.gets("first", Camera)
	expert.gets("first", Microphone)
	video, audio := expert.on("first", Camera), expert.on("first", Microphone)

	first.peer.Close()
	eventually(t, "the line is spare again", func() bool { return expert.on("first", Camera) == "" })

	join(t, r, "second", opts)
	expert.gets("second", Camera)
	expert.gets("second", Microphone)
	if expert.on("second", Camera) != video || expert.on("second", Microphone) != audio {
		t.Fatalf("second is on %s and %s, want the lines of first", expert.on("second", Camera), expert.on("second", Microphone))
	}
	for _, mid := range []string{video, audio} {
		packets := expert.packets(mid)
		changed := false
		for i := 1; i < len(packets); i++ {
			a, b := packets[i-1], packets[i]
			if b.header.SequenceNumber != a.header.SequenceNumber+1 {
				t.Fatalf("line %s: sequence number %d after %d", mid, b.header.SequenceNumber, a.header.SequenceNumber)
			}
			if int32(b.header.Timestamp-a.header.Timestamp) <= 0 {
				t.Fatalf("line %s: timestamp went from %d to %d", mid, a.header.Timestamp, b.header.Timestamp)
			}
			if a.from() == b.from() {
				continue
			}
			changed = true
			if mid != video {
				continue
			}
			if !b.key {
				t.Error("the second picture does not begin with a key frame")
			}
			da, db := a.picture, b.picture
			if numbers := c == vp8 || c == vp9; numbers && (db.id != da.id+1 || db.tl0Index != da.tl0Index+1) {
				t.Errorf("picture ids %d/%d after %d/%d", db.id, db.tl0Index, da.id, da.tl0Index)
			}
		}
		if !changed {
			t.Errorf("line %s never changed hands", mid)
		}
	}
}

// Who lacks a codec misses that picture alone.
func TestAPictureGoesToThoseWhoHaveItsCodec(t *testing.T) {
	r := listen(t).NewRoom()
	old := join(t, r, "old", clientOptions{pictures: []codec{vp8}})
	other := join(t, r, "other", clientOptions{pictures: []codec{vp8, vp9}})
	join(t, r, "new", clientOptions{pictures: []codec{vp9, vp8}})
	for _, c := range []*client{old, other} {
		c.gets("new", Microphone)
	}
	other.gets("new", Camera)
	old.gets("other", Camera)
	if n := old.count(old.on("new", Camera), "new camera"); n > 0 {
		t.Errorf("%d packets of a picture that cannot be decoded", n)
	}
}

// mimes are the media types of codecs.
var mimes = map[codec]string{
	opus: webrtc.MimeTypeOpus, vp8: webrtc.MimeTypeVP8, h264: webrtc.MimeTypeH264,
	vp9: webrtc.MimeTypeVP9, av1: webrtc.MimeTypeAV1,
}

func codecOf(track *webrtc.TrackRemote) codec {
	for c, mime := range mimes {
		if track.Codec().MimeType == mime {
			return c
		}
	}
	return noCodec
}

// registerCodecs gives a browser Opus and these pictures, nil: all.
func registerCodecs(m *webrtc.MediaEngine, pictures []codec) error {
	if pictures == nil {
		return m.RegisterDefaultCodecs()
	}
	for i, c := range append([]codec{opus}, pictures...) {
		params := webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType(100 + i)}
		params.MimeType, params.ClockRate = mimes[c], c.clock()
		if c == h264 {
			params.SDPFmtpLine = h264Parameters("42e01f")
		}
		kind := webrtc.RTPCodecTypeVideo
		if c == opus {
			params.Channels, kind = 2, webrtc.RTPCodecTypeAudio
		}
		if err := m.RegisterCodec(params, kind); err != nil {
			return err
		}
	}
	return nil
}

// pictureHeader begins a picture of one packet; its counters are n, where the codec has
// some.
func pictureHeader(c codec, n uint16, key bool) []byte {
	switch {
	case c == vp8:
		return vp8Header(n, uint8(n), key)
	case c == vp9: // ends what it begins, in one layer, predicted or not
		b := []byte{0xec, 0, 0, 0, uint8(n)}
		if key {
			b[0] &^= vp9Predicts
		}
		binary.BigEndian.PutUint16(b[1:], n|0x8000)
		return b
	case c == h264 && key: // a parameter set
		return []byte{0x67}
	case c == h264: // of a picture that is no reference
		return []byte{0x01}
	case key: // AV1: one unit of any length, a sequence of its own
		return []byte{0x18}
	default:
		return []byte{0x10}
	}
}

func vp8Header(picture uint16, tl0 uint8, key bool) []byte {
	b := []byte{0x90, 0xc0, 0, 0, tl0, 1}
	binary.BigEndian.PutUint16(b[2:], picture|0x8000)
	if key {
		b[5] = 0
	}
	return b
}
