package sfu

import (
	"testing"
	"time"
)

// A browser hears soon how its packets came, but not with every packet of sound where
// nothing else fits through.
func TestFeedbackSparesAThinLink(t *testing.T) {
	for spared, most := range map[bool]int{false: 100, true: 25} {
		a, now, reports := newArrivalFeedback(), time.Now(), 0
		for n := range uint16(100) {
			now = now.Add(60 * time.Millisecond)
			reports += len(a.note(1, n, spared, now))
		}
		if reports > most || reports < most*3/4 {
			t.Errorf("spared %v: %d reports of a hundred packets of sound", spared, reports)
		}
	}
}
