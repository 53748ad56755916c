package schedule

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the tests do not depend on the machine's zones

	"pgregory.net/rapid"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// span is the interval from a to b minutes after nine.
func span(a, b int) Interval {
	return Interval{nine.Add(time.Duration(a) * time.Minute), nine.Add(time.Duration(b) * time.Minute)}
}

func draw(t *rapid.T, what string) Interval {
	a := rapid.IntRange(-60, 180).Draw(t, what+" start")
	return span(a, a+rapid.IntRange(-10, 60).Draw(t, what+" minutes"))
}

func drawMany(t *rapid.T) []Interval {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Interval { return draw(t, "busy") }), 0, 8).Draw(t, "busy")
}

func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		a, b Interval
		want bool
	}{
		{span(0, 30), span(30, 60), false}, // one ends as the next starts
		{span(0, 30), span(29, 60), true},
		{span(0, 60), span(10, 20), true},
		{span(10, 10), span(0, 60), false}, // nothing lies in an empty one
		{span(20, 10), span(0, 60), false},
	} {
		if c.a.Overlaps(c.b) != c.want || c.b.Overlaps(c.a) != c.want {
			t.Errorf("%v and %v: want %v", c.a, c.b, c.want)
		}
	}
}

// TestOverlapIsASharedMinute: on whole minutes two intervals overlap exactly
// when some minute lies in both.
func TestOverlapIsASharedMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		shared := false
		for m := -70; m < 250; m++ {
			at := nine.Add(time.Duration(m) * time.Minute)
			shared = shared || a.Contains(at) && b.Contains(at)
		}
		if a.Overlaps(b) != shared || b.Overlaps(a) != shared || !a.Within(b).Empty() != shared {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

func TestUnionAndGapsTileTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		busy, window := drawMany(t), span(0, 120)
		union, gaps := Union(busy), Gaps(busy, window)
		for m := 0; m < 120; m++ {
			at := nine.Add(time.Duration(m) * time.Minute)
			in := func(list []Interval) bool {
				return slices.ContainsFunc(list, func(i Interval) bool { return i.Contains(at) })
			}
			if in(busy) != in(union) || in(union) == in(gaps) {
				t.Fatalf("minute %d: busy %v, union %v, gaps %v", m, busy, union, gaps)
			}
		}
		for i := 1; i < len(union); i++ {
			if !union[i-1].End.Before(union[i].Start) {
				t.Fatalf("%v are not apart", union)
			}
		}
		for _, g := range gaps {
			if g.Empty() || g.Within(window) != g {
				t.Fatalf("gap %v of %v", g, window)
			}
		}
	})
}

// TestFree: exactly the grid's slots that conflict with nothing are offered.
func TestFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		busy, window := drawMany(t), span(0, 120)
		length := time.Duration(rapid.IntRange(5, 60).Draw(t, "length")) * time.Minute
		step := time.Duration(rapid.IntRange(1, 30).Draw(t, "step")) * time.Minute
		var want []Interval
		for at := window.Start; !at.Add(length).After(window.End); at = at.Add(step) {
			if slot := Of(at, length); !slices.ContainsFunc(busy, slot.Overlaps) {
				want = append(want, slot)
			}
		}
		if got := Free(busy, window, length, step); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
	if got := Free(nil, span(0, 60), 0, time.Minute); got != nil {
		t.Errorf("slots without length: %v", got)
	}
	if got := Free(nil, span(0, 60), 30*time.Minute, 0); len(got) != 2 {
		t.Errorf("without a step the slots follow each other: %v", got)
	}
	if got := Free(nil, span(60, 0), 30*time.Minute, 0); got != nil {
		t.Errorf("slots in an empty window: %v", got)
	}
}

func TestZones(t *testing.T) {
	local, err := In(nine, "Asia/Shanghai")
	if err != nil || local.Hour() != 17 || !local.Equal(nine) {
		t.Errorf("%v %v", local, err)
	}
	for _, zone := range []string{"", "Local", "Mars/Olympus"} {
		if _, err := In(nine, zone); err == nil {
			t.Errorf("%q is taken for a zone", zone)
		}
	}
	for _, c := range []struct {
		zone, day string
		hours     float64
	}{
		{"Asia/Shanghai", "2026-03-02", 24},
		{"Europe/Berlin", "2026-03-29", 23},
		{"Europe/Berlin", "2026-10-25", 25},
		{"America/Santiago", "2026-09-06", 23}, // midnight itself is skipped
	} {
		noon, _ := time.Parse(time.DateOnly+" 15", c.day+" 12")
		got, err := Day(noon, c.zone)
		if err != nil || got.Length().Hours() != c.hours || !got.Contains(noon) {
			t.Errorf("%s in %s: %v, %v hours, %v", c.day, c.zone, got, got.Length().Hours(), err)
		}
		first, _ := In(got.Start, c.zone)
		before, _ := In(got.Start.Add(-time.Second), c.zone)
		if first.Format(time.DateOnly) != c.day || before.Format(time.DateOnly) == c.day {
			t.Errorf("%s in %s begins at %v", c.day, c.zone, first)
		}
	}
}
