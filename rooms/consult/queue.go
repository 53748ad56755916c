package consult

// Rank orders urgencies, the most urgent first. It is the first key of the
// queue, here and in the lists that rooms/store reads in this order.
func (u Urgency) Rank() int {
	switch u {
	case Emergency:
		return 0
	case Urgent:
		return 1
	}
	return 2
}

// Order is the order of the queue, for sorting: clinical urgency, then due time,
// then age, and nothing else. Who the patient is, who asks, who pays and who is
// asked cannot enter here. A case without a due time comes after those with one.
func Order(a, b *Case) int {
	if n := a.Urgency.Rank() - b.Urgency.Rank(); n != 0 {
		return n
	}
	if a.Due.IsZero() != b.Due.IsZero() {
		if a.Due.IsZero() {
			return 1
		}
		return -1
	}
	if n := a.Due.Compare(b.Due); n != 0 {
		return n
	}
	return a.Created.Compare(b.Created)
}
