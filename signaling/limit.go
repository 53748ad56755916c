package signaling

import "time"

// limit is a token bucket that belongs to one goroutine.
type limit struct {
	burst     float64
	perSecond float64

	level float64
	last  time.Time // zero: full
}

// allow takes one token if there is one.
func (l *limit) allow(now time.Time) bool {
	if l.last.IsZero() {
		l.level = l.burst
	} else {
		l.level = min(l.burst, l.level+now.Sub(l.last).Seconds()*l.perSecond)
	}
	l.last = now
	if l.level < 1 {
		return false
	}
	l.level--
	return true
}
