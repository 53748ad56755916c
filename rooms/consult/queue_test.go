package consult

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"consilium/auth"
)

// TestOrderIsClinical permutes everything that is not clinical urgency, due
// time or age of the case among the cases of a queue: names, titles, employers,
// payers, authors, confidentiality, kinds. The order does not change.
func TestOrderIsClinical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "cases")
		queue := make([]*Case, n)
		for i := range queue {
			queue[i] = drawn(t)
		}
		shuffled := rapid.Permutation(queue).Draw(t, "donors")
		swapped := make([]*Case, n)
		for i, c := range queue {
			other := shuffled[i].clone() // everything of another case …
			other.Urgency, other.Due, other.Created = c.Urgency, c.Due, c.Created
			swapped[i] = other // … but its place in the queue
		}
		a, b := places(queue), places(swapped)
		if !slices.Equal(a, b) {
			t.Fatalf("the order was %v and became %v", a, b)
		}
		for i := range queue {
			for j := range queue {
				if n := Order(queue[i], queue[j]); n != Order(swapped[i], swapped[j]) || n != -Order(queue[j], queue[i]) {
					t.Fatalf("%d and %d", i, j)
				}
			}
		}
	})
}

// places is the order of the queue as positions in the list.
func places(queue []*Case) []int {
	out := make([]int, len(queue))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(i, j int) int { return Order(queue[i], queue[j]) })
	return out
}

func drawn(t *rapid.T) *Case {
	word := func(what string) string { return rapid.StringMatching(`[a-zA-Z一-龟]{0,6}`).Draw(t, what) }
	minutes := func(what string) time.Time {
		return morning.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, what)) * time.Minute)
	}
	age := rapid.IntRange(0, 100).Draw(t, "age")
	c := &Case{
		ID: word("id"), Tenant: word("tenant"), Number: rapid.Int64Range(1, 99).Draw(t, "number"),
		State:       rapid.SampledFrom([]State{Submitted, Triaged, Invited, Accepted}).Draw(t, "state"),
		Kind:        rapid.SampledFrom([]Kind{Video, Written, MDT, Teaching}).Draw(t, "kind"),
		Urgency:     rapid.SampledFrom([]Urgency{Emergency, Urgent, Routine}).Draw(t, "urgency"),
		Institution: word("institution"), Author: word("author"), Invited: word("invited"), Department: word("department"),
		Created: minutes("created"),
		Request: Request{
			Patient:   Patient{Name: word("name"), LocalID: word("local id"), Age: &age, Confidential: rapid.Bool().Draw(t, "confidential")},
			Specialty: word("specialty"), Question: word("question"),
		},
		Members: []Member{{Person: word("member"), Institution: word("employer"), Seat: auth.SeatOwner}},
	}
	if rapid.Bool().Draw(t, "is due") {
		c.Due = minutes("due")
	}
	return c
}

func TestOrder(t *testing.T) {
	at := func(u Urgency, due, created int) *Case {
		c := &Case{Urgency: u, Created: morning.Add(time.Duration(created) * time.Minute)}
		if due > 0 {
			c.Due = morning.Add(time.Duration(due) * time.Minute)
		}
		return c
	}
	want := []*Case{
		at(Emergency, 50, 9), at(Emergency, 60, 1), at(Emergency, 60, 2), at(Emergency, 0, 0),
		at(Urgent, 1, 0), at(Routine, 1, 0), at(Routine, 2, 0),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, Order)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
