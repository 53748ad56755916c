package sfu

import (
	"testing"
	"time"
)

// A browser that becomes ready in the middle of a key frame, or shortly after it, is
// given that, and need not wait for another.
func TestALineBeginsWithAFreshKeyFrame(t *testing.T) {
	for _, c := range []struct {
		name        string
		came, comes []uint16 // packets before and after the browser is ready
		late        time.Duration
		want        int // packets that it gets
	}{
		{"in the middle", []uint16{0}, []uint16{1, 2, 3}, 20 * time.Millisecond, 4},
		{"all of it", []uint16{0, 1, 2}, []uint16{3}, replayWithin, 4},
		{"none yet", nil, []uint16{3}, 0, 0},
		{"too old", []uint16{0, 1, 2}, []uint16{3}, replayWithin + time.Millisecond, 0},
		{"a packet is missing", []uint16{0, 2}, []uint16{3}, 20 * time.Millisecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &sink{}
			l, f := onAirLine(out)
			l.conn.ready.Store(false)
			now := time.Now()
			for _, seq := range c.came {
				send(f, seq, now)
			}
			before := l.lastSeq
			l.conn.ready.Store(true)
			for _, seq := range c.comes {
				send(f, seq, now.Add(c.late))
			}
			if out.packets != c.want || l.lastSeq != before+int64(c.want) {
				t.Errorf("%d packets up to number %d, not %d", out.packets, l.lastSeq-before, c.want)
			}
			if c.want > 0 && l.lastKey != before+1 {
				t.Errorf("the key frame is number %d", l.lastKey-before)
			}
		})
	}
}
