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
	room := workload{"a room of three", 1, 3, 300_000, time.Second / 15}
	perSecond := float64(time.Second / soundEvery)
	for frame := range 15 {
		perSecond += float64(len(room.split(frame, false)))
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

func TestSplitIsEvenAndWhole(t *testing.T) {
	for frame := range 5 {
		sizes := twoOfSix.split(frame, frame == 0)
		if slices.Max(sizes) > packetMax || slices.Max(sizes)-slices.Min(sizes) > 1 || !slices.IsSorted(sizes) {
			t.Errorf("frame %d is cut into %v", frame, sizes)
		}
	}
}
