package schedule

import (
	"slices"
	"time"
)

// Interval is the half-open span [Start, End): one that ends when the next
// starts does not overlap it. An interval whose End is not after Start is empty.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Of is the interval of the given length from start.
func Of(start time.Time, length time.Duration) Interval {
	return Interval{Start: start, End: start.Add(length)}
}

// Empty reports whether the interval contains no instant.
func (i Interval) Empty() bool { return !i.Start.Before(i.End) }

// Length is zero for an empty interval.
func (i Interval) Length() time.Duration {
	if i.Empty() {
		return 0
	}
	return i.End.Sub(i.Start)
}

// Contains reports whether the instant lies in the interval.
func (i Interval) Contains(t time.Time) bool {
	return !t.Before(i.Start) && t.Before(i.End)
}

// Overlaps reports whether some instant lies in both. An empty interval
// overlaps nothing.
func (i Interval) Overlaps(j Interval) bool {
	return !i.Empty() && !j.Empty() && i.Start.Before(j.End) && j.Start.Before(i.End)
}

// Within is the part of i that lies in j; it may be empty.
func (i Interval) Within(j Interval) Interval {
	if i.Start.Before(j.Start) {
		i.Start = j.Start
	}
	if j.End.Before(i.End) {
		i.End = j.End
	}
	return i
}

// Union sorts the intervals and joins those that overlap or touch, so that the
// result is in order with gaps between. Empty intervals vanish.
func Union(all []Interval) []Interval {
	sorted := slices.DeleteFunc(slices.Clone(all), Interval.Empty)
	slices.SortFunc(sorted, func(a, b Interval) int { return a.Start.Compare(b.Start) })
	var out []Interval
	for _, i := range sorted {
		if n := len(out); n > 0 && !out[n-1].End.Before(i.Start) {
			if out[n-1].End.Before(i.End) {
				out[n-1].End = i.End
			}
			continue
		}
		out = append(out, i)
	}
	return out
}

// Gaps is what of the window no busy interval covers, in order.
func Gaps(busy []Interval, window Interval) []Interval {
	var out []Interval
	from := window.Start
	for _, b := range Union(busy) {
		if gap := (Interval{from, b.Start}).Within(window); !gap.Empty() {
			out = append(out, gap)
		}
		if from.Before(b.End) {
			from = b.End
		}
	}
	if rest := (Interval{from, window.End}).Within(window); !rest.Empty() {
		out = append(out, rest)
	}
	return out
}

// Free lists the slots of the given length in the window that overlap nothing
// busy. Slots start at whole multiples of step from the window's start, so
// that a calendar shows 9:00 and 9:15, not 9:07; a step of zero is the length.
// Slots of a step shorter than the length overlap each other: they are offers.
func Free(busy []Interval, window Interval, length, step time.Duration) []Interval {
	if length <= 0 {
		return nil
	}
	if step <= 0 {
		step = length
	}
	var out []Interval
	for _, gap := range Gaps(busy, window) {
		// First grid point at or after the gap's start.
		n := (gap.Start.Sub(window.Start) + step - 1) / step
		for at := window.Start.Add(n * step); !at.Add(length).After(gap.End); at = at.Add(step) {
			out = append(out, Of(at, length))
		}
	}
	return out
}
