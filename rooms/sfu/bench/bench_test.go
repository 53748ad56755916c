package main

import (
	"os"
	"slices"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveVariable); kind != "" {
		exit(serve(kind))
	}
	os.Exit(m.Run())
}

// Both forward everything to everyone: the figures compare the same work.
func TestBothForwardTheSame(t *testing.T) {
	room := scaled("a room of three", 1, 3, 300_000, time.Second/15)
	perSecond := float64(time.Second / soundEvery)
	for frame := range room.frames[1:] {
		perSecond += float64(len(room.packets(frame, 0, false))) * 15 / float64(len(room.frames)-1)
	}
	want := perSecond * 3 * 2 // each of three to two
	for _, kind := range []string{"reference", "ours"} {
		s, err := open(kind, 0, room)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.close)
		cost, rate, err := s.turn(time.Second)
		if err != nil {
			t.Fatal(err)
		}
		// A busy machine delays some of it.
		if cost <= 0 || rate < want*0.6 || rate > want*1.4 {
			t.Errorf("%s forwards %.0f packets per second at %v each, want about %.0f", kind, rate, cost, want)
		}
	}
}

// What was recorded makes the rate that the tables name; cut anew it comes out as it
// was: what is scaled is cut as Chromium does it.
func TestFramesAreAsRecorded(t *testing.T) {
	if len(recorded) != 1+recordFrames {
		t.Fatalf("%d frames are recorded", len(recorded))
	}
	for _, w := range []workload{twoOfSix, twentyOfTwo, small(1)} {
		bits := 0.0
		for frame := range recordFrames {
			for _, size := range w.packets(frame, 0.5, false) {
				bits += float64(size * 8)
			}
		}
		rate := bits / (recordFrames * w.frameEvery.Seconds())
		if rate < 0.95*float64(w.rate) || rate > 1.05*float64(w.rate) {
			t.Errorf("%s have pictures of %.0f bit/s, want %d", w.name, rate, w.rate)
		}
	}
	for i, sizes := range recorded {
		bytes := 0
		for _, size := range sizes {
			bytes += size - descriptor
		}
		if again := split(bytes); !slices.Equal(again, sizes) {
			t.Errorf("frame %d was cut into %v, not %v", i, sizes, again)
		}
	}
}

func TestPeopleBeginAtDifferentFrames(t *testing.T) {
	a, b := twoOfSix.packets(0, 0, false), twoOfSix.packets(0, 0.5, false)
	if &a[0] == &b[0] {
		t.Error("two people begin at one frame")
	}
	if key := twoOfSix.packets(7, 0.5, true); &key[0] != &recorded[0][0] {
		t.Error("a key frame is not the recorded one")
	}
}
