package schedule

import (
	"fmt"
	"time"
)

// In is the instant on the clock of the place with this IANA zone. A place
// whose zone is unknown is an error: a time shown on the wrong clock is worse
// than none.
func In(t time.Time, zone string) (time.Time, error) {
	if zone == "" || zone == "Local" { // never the server's own clock
		return time.Time{}, fmt.Errorf("schedule: no zone named %q", zone)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule: no zone named %q: %w", zone, err)
	}
	return t.In(loc), nil
}

// Day is the calendar day of the instant on the place's clock, from midnight to
// midnight: 23 or 25 hours long where clocks change.
func Day(t time.Time, zone string) (Interval, error) {
	local, err := In(t, zone)
	if err != nil {
		return Interval{}, err
	}
	y, m, d := local.Date()
	return Interval{Start: midnight(y, m, d, local.Location()), End: midnight(y, m, d+1, local.Location())}, nil
}

// midnight is the first instant of the day. Where clocks skip midnight itself
// the day begins later, and time.Date may answer with the evening before.
func midnight(y int, m time.Month, d int, loc *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, loc)
	for want := time.Date(y, m, d, 12, 0, 0, 0, loc).Day(); t.Day() != want; {
		t = t.Add(15 * time.Minute)
	}
	return t.UTC()
}
