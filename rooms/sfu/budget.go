package sfu

import "time"

const (
	// raiseAfter is how long more must have been possible before it counts.
	raiseAfter = 3 * time.Second
	// budgetStep bounds how many estimates are kept.
	budgetStep = 100 * time.Millisecond
)

// budget is the part of an estimate that is acted on: it falls with it at once
// and rises only when a higher one has held for raiseAfter.
type budget struct {
	// estimates rise from the oldest, the one in force, to the newest.
	estimates []estimated
}

type estimated struct {
	at    time.Time
	value int
}

// note takes an estimate in and reports whether it lowered the budget.
func (b *budget) note(value int, now time.Time) bool {
	before := b.value(now)
	for n := len(b.estimates); n > 0 && b.estimates[n-1].value > value; n-- {
		b.estimates = b.estimates[:n-1]
	}
	if n := len(b.estimates); n > 0 {
		// The same again must not make the first wait longer.
		if last := b.estimates[n-1]; last.value == value || now.Sub(last.at) < budgetStep {
			return false
		}
	}
	b.estimates = append(b.estimates, estimated{now, value})
	return value < before
}

// value is the budget, or unlimited before there is an estimate.
func (b *budget) value(now time.Time) int {
	if len(b.estimates) == 0 {
		return unlimited
	}
	for len(b.estimates) > 1 && now.Sub(b.estimates[1].at) >= raiseAfter {
		b.estimates = b.estimates[1:]
	}
	return b.estimates[0].value
}
