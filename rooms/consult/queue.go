package consult

import "time"

// rank is everything that the order of the queue may look at.
type rank struct {
	urgency int
	due     time.Time
	created time.Time
}

// rank reduces a case to its place in the queue. Who the patient is, who asks,
// who pays and who is asked cannot enter here.
func (c *Case) rank() rank {
	r := rank{urgency: 2, due: c.Due, created: c.Created}
	switch c.Urgency {
	case Emergency:
		r.urgency = 0
	case Urgent:
		r.urgency = 1
	}
	return r
}

// Before is the order of the queue: clinical urgency, then due time, then age.
// Nothing else is an input. A case without a due time comes after those with one.
func Before(a, b *Case) bool { return Order(a, b) < 0 }

// Order is Before for sorting; keep the sort stable.
func Order(a, b *Case) int {
	x, y := a.rank(), b.rank()
	if x.urgency != y.urgency {
		return x.urgency - y.urgency
	}
	if x.due.IsZero() != y.due.IsZero() {
		if x.due.IsZero() {
			return 1
		}
		return -1
	}
	if n := x.due.Compare(y.due); n != 0 {
		return n
	}
	return x.created.Compare(y.created)
}
