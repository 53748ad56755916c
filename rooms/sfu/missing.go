package sfu

import "time"

const (
	// reorderGrace lets packets overtake one another before they count as lost.
	reorderGrace = 10 * time.Millisecond
	// retryFloor is the least time between two requests for the same packet.
	retryFloor = 40 * time.Millisecond
	// soundWithin is how late a repair of sound may come: no listener waits so long.
	soundWithin = 300 * time.Millisecond
)

// insistence is how a kind of stream is asked for what it lacks.
type insistence struct {
	most   int           // packets at once; a larger gap is not worth repairing
	grace  time.Duration // until a packet counts as lost
	tries  int
	within time.Duration // from when it was missed until it comes; 0: while it is kept
	kept   int           // packets
	capped bool          // by an allowance
}

// Packets of sound are too far apart to overtake one another. Of a picture that is
// given up a key frame must mend the rest.
var insistences = [...]insistence{
	audio: {most: 25, tries: 5, within: soundWithin, kept: soundCacheSize, capped: true},
	video: {most: 128, grace: reorderGrace, tries: 8, kept: cacheSize},
}

// missing knows which packets of a stream have not arrived and when to ask for
// them. Only feed.take uses it.
type missing struct {
	insistence
	allowance allowance
	started   bool
	highest   uint16
	list      []absent
	due       []uint16 // reused between calls
	gone      bool     // something will never come
}

type absent struct {
	seq   uint16
	tries int
	since time.Time
	next  time.Time
}

func newMissing(k kind) missing {
	return missing{insistence: insistences[k], allowance: newAllowance(k)}
}

// note takes in a sequence number that arrived (whether as the original or as a
// repair) and returns the numbers to ask for now. The slice is valid until the
// next call.
func (m *missing) note(seq uint16, now time.Time, roundTrip time.Duration) []uint16 {
	m.allowance.earn()
	if !m.started {
		m.started, m.highest = true, seq
		return nil
	}
	ahead := int16(seq - m.highest)
	switch {
	case ahead > 0:
		if int(ahead)-1+len(m.list) > m.most {
			m.list, m.gone = m.list[:0], true
		} else {
			for s := m.highest + 1; s != seq; s++ {
				m.list = append(m.list, absent{seq: s, since: now, next: now.Add(m.grace)})
			}
		}
		m.highest = seq
	case ahead < 0:
		if i := m.find(seq); i >= 0 {
			m.list = append(m.list[:i], m.list[i+1:]...)
		}
	}
	return m.collect(now, roundTrip)
}

// asked tells whether a packet comes because it was asked for.
func (m *missing) asked(seq uint16) bool {
	i := m.find(seq)
	return i >= 0 && m.list[i].tries > 0
}

func (m *missing) find(seq uint16) int {
	for i := range m.list {
		if m.list[i].seq == seq {
			return i
		}
	}
	return -1
}

func (m *missing) collect(now time.Time, roundTrip time.Duration) []uint16 {
	m.due = m.due[:0]
	kept := m.list[:0]
	for _, a := range m.list {
		if !now.Before(a.next) {
			waited := now.Sub(a.since)
			if m.within > 0 && waited >= m.within || a.tries == m.tries || int(m.highest-a.seq) >= m.kept {
				m.gone = true
				continue
			}
			inTime := m.within == 0 || waited+roundTrip < m.within
			if inTime && (!m.capped || m.allowance.spend()) {
				a.tries++
				a.next = now.Add(max(roundTrip+roundTrip/4, retryFloor))
				m.due = append(m.due, a.seq)
			}
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
