package sfu

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// layeredOffer is an offer of Chromium whose camera comes in layers. Firefox names
// streams (ssrc) too.
func layeredOffer(t testing.TB, firefox bool, lines ...string) string {
	t.Helper()
	blocks := splitSections(chromium(t))
	var camera []string
	for _, line := range blocks[2] {
		if firefox || !strings.HasPrefix(line, "a=ssrc") {
			camera = append(camera, line)
		}
	}
	blocks[2] = append(camera, lines...)
	return strings.Join(slices.Concat(blocks...), "\r\n") + "\r\n"
}

var layerLines = []string{"a=rid:q send", "a=rid:h send pt=96;max-width=640", "a=rid:f send", "a=simulcast:send q;h;f"}

func TestOffersWithLayers(t *testing.T) {
	for name, firefox := range map[string]bool{"Chromium": false, "Firefox": true} {
		t.Run(name, func(t *testing.T) {
			p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
			must(t, err)
			answer, _, err := p.Offer(context.Background(), layeredOffer(t, firefox, layerLines...), chromiumTracks)
			must(t, err)
			blocks := splitSections(answer)
			camera := strings.Join(blocks[2], "\n") + "\n"
			for _, want := range []string{
				"a=rid:q recv\n", "a=rid:h recv\n", "a=rid:f recv\n", "a=simulcast:recv q;h;f\n", "a=recvonly\n",
				"a=extmap:4 " + sdesMID, "a=extmap:10 " + sdesRID, "a=extmap:11 " + sdesRepair, "goog-remb",
			} {
				if !strings.Contains(camera, want) {
					t.Errorf("the answer lacks %q:\n%s", want, camera)
				}
			}
			if line := strings.Join(blocks[4], "\n"); strings.Contains(line, "sdes") || strings.Contains(line, "rid") {
				t.Errorf("a line's answer speaks of layers:\n%s", line)
			}
			// The same again is an ordinary offer.
			if _, _, err := p.Offer(context.Background(), layeredOffer(t, firefox, layerLines...), chromiumTracks); err != nil {
				t.Error(err)
			}
			// Others are not.
			if _, _, err := p.Offer(context.Background(), layeredOffer(t, firefox, "a=rid:q send", "a=simulcast:send q"), chromiumTracks); err == nil {
				t.Error("a section may change its layers")
			}
		})
	}
}

func TestLayersOfAnOffer(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  []string // nil: refused
	}{
		"one":                  {[]string{"a=rid:a send", "a=simulcast:send a"}, []string{"a"}},
		"paused":               {[]string{"a=rid:a send", "a=rid:b send", "a=simulcast:send ~a;b"}, []string{"a", "b"}},
		"alternatives":         {[]string{"a=rid:a send", "a=rid:b send", "a=simulcast:send a,b"}, []string{"a"}},
		"a space, and back":    {[]string{"a=rid:a send", "a=rid:b recv", "a=simulcast: recv b send a"}, []string{"a"}},
		"unknown":              {[]string{"a=rid:a send", "a=simulcast:send b"}, nil},
		"twice":                {[]string{"a=rid:a send", "a=rid:b send", "a=simulcast:send a;a"}, nil},
		"four":                 {[]string{"a=rid:a send", "a=rid:b send", "a=rid:c send", "a=rid:d send", "a=simulcast:send a;b;c;d"}, nil},
		"none":                 {[]string{"a=rid:a send", "a=simulcast:send"}, nil},
		"an empty one":         {[]string{"a=rid:a send", "a=rid:b send", "a=simulcast:send a;"}, nil},
		"of odd bytes":         {[]string{"a=rid:a\x00 send", "a=simulcast:send a\x00"}, nil},
		"a long name":          {[]string{"a=rid:abcdefghijklmnopq send", "a=simulcast:send abcdefghijklmnopq"}, nil},
		"many names":           {append(slices.Repeat([]string{"a=rid:a send"}, 17), "a=simulcast:send a"), nil},
		"an id for two things": {[]string{"a=rid:a send", "a=simulcast:send a", "a=extmap:10 " + sdesMID}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parseOffer(layeredOffer(t, false, c.lines...))
			if c.want == nil {
				if err == nil {
					t.Errorf("accepted as %v", o.sections[1].rids)
				}
				return
			}
			must(t, err)
			if !slices.Equal(o.sections[1].rids, c.want) {
				t.Errorf("%v, want %v", o.sections[1].rids, c.want)
			}
		})
	}
}

// The camera may come later than the first offer, but not in layers then.
func TestLayersAreInTheFirstOffer(t *testing.T) {
	p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
	must(t, err)
	_, _, err = p.Offer(context.Background(), chromium(t), chromiumTracks[:1])
	must(t, err)
	if _, _, err := p.Offer(context.Background(), layeredOffer(t, false, layerLines...), chromiumTracks); err == nil {
		t.Error("accepted")
	}
}

// lookingAt tells which layer of the participant's camera comes to the client now,
// repairs of another aside; none while it changes.
func (c *client) lookingAt(participant string) string {
	layer := ""
	for _, p := range lastOf(c.packets(c.on(participant, Camera)), 20) {
		name, ok := strings.CutPrefix(p.from(), participant+" camera ")
		switch {
		case !ok:
		case layer != "" && layer != name:
			return ""
		default:
			layer = name
		}
	}
	return layer
}

func lastOf[T any](list []T, n int) []T { return list[max(len(list)-n, 0):] }

// One gets a smaller layer and then the largest again, another the largest all the
// time; nobody's stream has a gap.
func TestALineGoesFromLayerToLayer(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	other := join(t, r, "other", clientOptions{listenOnly: true})
	clinic := join(t, r, "clinic", clientOptions{rids: []string{"q", "h", "f"}})
	for _, c := range []*client{expert, other} {
		eventually(t, c.name+" sees the largest layer", func() bool { return c.lookingAt("clinic") == "f" })
	}
	eventually(t, "the room learns that the camera is on", func() bool {
		clinic.mu.Lock()
		defer clinic.mu.Unlock()
		return clinic.live[Camera]
	})
	mid := expert.on("clinic", Camera)
	for range 3 {
		for layer, rid := range []string{"q", "h"} {
			eventually(t, "the layer comes", func() bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				p := clinic.peer.publications[Camera.index()]
				return p != nil && p.isLive(layer)
			})
			before := expert.count(mid, "clinic camera "+rid)
			eventually(t, "a smaller one comes", func() bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				for _, l := range expert.peer.conn.lines {
					if l.mid == mid && l.level() != layer {
						l.step(layer, time.Now())
					}
				}
				return expert.count(mid, "clinic camera "+rid) > before
			})
			// Nothing is known against the link.
			eventually(t, "the largest comes again", func() bool { return expert.lookingAt("clinic") == "f" })
		}
	}
	for _, c := range []*client{expert, other} {
		changes := 0
		packets := c.packets(c.on("clinic", Camera))
		for i := 1; i < len(packets); i++ {
			a, b := packets[i-1], packets[i]
			da, db := a.picture, b.picture
			if b.header.SequenceNumber != a.header.SequenceNumber+1 || int32(b.header.Timestamp-a.header.Timestamp) <= 0 ||
				db.id != (da.id+1)&0x7fff || db.tl0Index != da.tl0Index+1 {
				t.Fatalf("%s: packet %d at %d of picture %d/%d, after %d at %d of %d/%d", c.name,
					b.header.SequenceNumber, b.header.Timestamp, db.id, db.tl0Index,
					a.header.SequenceNumber, a.header.Timestamp, da.id, da.tl0Index)
			}
			if a.from() != b.from() {
				changes++
				if !b.key {
					t.Errorf("%s: from %s to %s without a key frame", c.name, a.from(), b.from())
				}
			}
		}
		if c == other && changes > 0 {
			t.Errorf("the other one gets another layer %d times", changes)
		}
	}
}

// Over a real link: who is on a thin one gets a smaller layer than the other at the
// same time. How it goes on is for the tests in virtual time.
func TestAThinLinkGetsASmallerLayer(t *testing.T) {
	t.Parallel()
	s := listen(t)
	r := s.NewRoom()
	clinic := join(t, r, "clinic", clientOptions{rids: []string{"s", "l"}, camera: 200_000})
	strong := join(t, r, "strong", clientOptions{listenOnly: true})
	weak := join(t, r, "weak", clientOptions{listenOnly: true, path: newPath(t, s, 150_000)})
	eventually(t, "the strong one sees the largest layer", func() bool { return strong.lookingAt("clinic") == "l" })
	within(t, time.Minute, "the weak one sees the smaller", func() bool { return weak.lookingAt("clinic") == "s" })
	eventually(t, "the clinic learns that it is of use", func() bool {
		clinic.mu.Lock()
		defer clinic.mu.Unlock()
		return len(clinic.asked) == 1 && clinic.asked[0].RID == "s" && clinic.asked[0].Rate > 0
	})
	if layer := strong.lookingAt("clinic"); layer != "l" {
		t.Errorf("the strong one sees %q", layer)
	}
}

// Whoever comes again without layers, or with, is seen.
func TestAReloadWithOtherLayers(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{listenOnly: true})
	clinic := join(t, r, "clinic", clientOptions{rids: []string{"s", "l"}})
	eventually(t, "the largest layer comes", func() bool { return expert.lookingAt("clinic") == "l" })
	clinic.hangUp()
	again := join(t, r, "clinic", clientOptions{peer: clinic.peer})
	expert.gets("clinic", Camera)
	again.hangUp()
	join(t, r, "clinic", clientOptions{peer: clinic.peer, rids: []string{"q", "h", "f"}})
	eventually(t, "the largest layer comes again", func() bool { return expert.lookingAt("clinic") == "f" })
}

var someIDs = layerIDs{mid: 4, rid: 10, repaired: 11}

// layerPacket is a packet of a stream that says what it is.
func layerPacket(t testing.TB, ssrc uint32, extensions map[int]string) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, PayloadType: 96}, Payload: []byte{1, 2, 3}}
	for id, text := range extensions {
		if err := p.SetExtension(uint8(id), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What an offer declared comes through, by number or by name; nothing else does.
func TestOnlyWhatWasDeclaredComesIn(t *testing.T) {
	var s streams
	layered, plain, another := section{mid: "1", rids: []string{"q", "f"}}, section{mid: "0", ssrc: 7}, section{mid: "5", ssrc: 8}
	s.declare([]section{plain, layered}, someIDs)
	comes := func(ssrc uint32, extensions map[int]string) bool {
		var h rtp.Header
		_, err := h.Unmarshal(layerPacket(t, ssrc, extensions))
		must(t, err)
		st, _ := s.find(&h)
		return s.wants(ssrc) && st != nil
	}
	for _, c := range []struct {
		name       string
		ssrc       uint32
		extensions map[int]string
		want       bool
	}{
		{"declared", 7, nil, true},
		{"a stranger", 8, nil, false},
		{"of no layer", 9, map[int]string{4: "1", 10: "h"}, false},
		{"of no section", 10, map[int]string{4: "2", 10: "q"}, false},
		{"without a section", 11, map[int]string{10: "q"}, false},
		{"a layer", 12, map[int]string{4: "1", 10: "q"}, true},
		{"the same of another stream", 13, map[int]string{4: "1", 10: "q"}, false},
		{"its repairs", 14, map[int]string{4: "1", 11: "q"}, true},
		{"the layer, known by now", 12, nil, true},
	} {
		if got := comes(c.ssrc, c.extensions); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	// A later offer that keeps the layer keeps its stream.
	s.declare([]section{plain, another, layered}, someIDs)
	if !comes(12, nil) || !comes(14, nil) || !comes(8, nil) {
		t.Error("a later offer shuts a layer, or does not open a stream")
	}
	s.declare([]section{plain}, someIDs)
	if comes(12, nil) || comes(8, nil) || s.wants(12) {
		t.Error("what is declared no more still comes in")
	}
}

// A browser that opens ever more streams is found out, however it names them.
func TestTooManyStreamsAreFoundOut(t *testing.T) {
	var s streams
	s.declare([]section{{mid: "0", ssrc: 7}}, layerIDs{})
	for ssrc := range uint32(maxStrangers + 8) {
		if ssrc != 7 && s.tooMany(ssrc) != (ssrc > maxStrangers+1) {
			t.Fatalf("stream %d", ssrc)
		}
	}
	if s.tooMany(0) || s.tooMany(7) || s.tooMany(3) {
		t.Error("what was known before is one too many")
	}
}

// FuzzLayerName: whatever a packet says, only one stream is a layer.
func FuzzLayerName(f *testing.F) {
	f.Add(layerPacket(f, 12, map[int]string{4: "1", 10: "q"}))
	f.Add(layerPacket(f, 12, map[int]string{4: "1", 11: "q"}))
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0x10, 0x00, 0, 2, 4, 1, '1', 10, 1, 'q', 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s streams
		s.declare([]section{{mid: "1", rids: []string{"q"}}}, someIDs)
		var h rtp.Header
		if _, err := h.Unmarshal(raw); err != nil {
			return
		}
		st, _ := s.find(&h)
		known := 0
		for _, ssrc := range s.layers {
			if ssrc != 0 {
				known++
			}
		}
		if known > 1 || st != nil && h.SSRC != 0 && known == 0 {
			t.Fatalf("%d layers are known", known)
		}
	})
}
