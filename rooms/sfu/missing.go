package sfu

import "time"

const (
	// maxMissing bounds how many packets are asked for at once. A larger gap is
	// not worth repairing: a key frame will do.
	maxMissing = 128
	// reorderGrace lets packets overtake one another before they count as lost.
	reorderGrace = 10 * time.Millisecond
	// retryFloor is the least time between two requests for the same packet.
	retryFloor = 40 * time.Millisecond
	maxTries   = 8
)

// missing knows which packets of a stream have not arrived and when to ask for
// them. Only feed.take uses it.
type missing struct {
	started bool
	highest uint16
	list    []absent
	due     []uint16 // reused between calls
	gone    bool     // something will never come
}

type absent struct {
	seq   uint16
	tries int
	next  time.Time
}

// note takes in a sequence number that arrived (whether as the original or as a
// repair) and returns the numbers to ask for now. The slice is valid until the
// next call.
func (m *missing) note(seq uint16, now time.Time, roundTrip time.Duration) []uint16 {
	if !m.started {
		m.started, m.highest = true, seq
		return nil
	}
	ahead := int16(seq - m.highest)
	switch {
	case ahead > 0:
		if int(ahead)-1+len(m.list) > maxMissing {
			m.list, m.gone = m.list[:0], true
		} else {
			for s := m.highest + 1; s != seq; s++ {
				m.list = append(m.list, absent{seq: s, next: now.Add(reorderGrace)})
			}
		}
		m.highest = seq
	case ahead < 0:
		for i := range m.list {
			if m.list[i].seq == seq {
				m.list = append(m.list[:i], m.list[i+1:]...)
				break
			}
		}
	}
	return m.collect(now, max(roundTrip+roundTrip/4, retryFloor))
}

func (m *missing) collect(now time.Time, wait time.Duration) []uint16 {
	m.due = m.due[:0]
	kept := m.list[:0]
	for _, a := range m.list {
		if !now.Before(a.next) {
			if a.tries == maxTries || m.highest-a.seq >= cacheSize {
				m.gone = true
				continue
			}
			a.tries++
			a.next = now.Add(wait)
			m.due = append(m.due, a.seq)
		}
		kept = append(kept, a)
	}
	m.list = kept
	return m.due
}

// takeGone tells, once, that packets were given up since the last time.
func (m *missing) takeGone() bool {
	gone := m.gone
	m.gone = false
	return gone
}
