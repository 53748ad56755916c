package consult

import (
	"slices"
	"time"

	"consilium/auth"
)

// archiveAfter is how long the invited side keeps seeing a case that has ended.
const archiveAfter = 30 * 24 * time.Hour

// glassOpen is how long a break-glass seat lasts.
const glassOpen = 60 * time.Minute

// seatOrder ranks the seats that one person may hold at once; the first wins.
var seatOrder = []auth.Seat{
	auth.SeatOwner, auth.SeatChair, auth.SeatExpert, auth.SeatMember, auth.SeatAccompanying,
	auth.SeatInvited, auth.SeatInterpreter, auth.SeatObserver, auth.SeatBreakGlass,
}

// SeatOf is the person's seat in the case now.
func (c *Case) SeatOf(person string, now time.Time) auth.Seat {
	for _, seat := range seatOrder {
		for _, m := range c.Members {
			if m.Person == person && m.Seat == seat && (m.Until.IsZero() || now.Before(m.Until)) {
				return seat
			}
		}
	}
	return auth.SeatNone
}

// Object is the case as the permission table sees it for this person now.
func (c *Case) Object(person string, now time.Time) auth.Object {
	o := auth.Object{
		Tenant:       c.Tenant,
		Institutions: []string{c.Institution},
		Seat:         c.SeatOf(person, now),
		Stage:        c.State.Stage(c.Archived(now)),
	}
	if c.Invited != "" && c.Invited != c.Institution {
		o.Institutions = append(o.Institutions, c.Invited)
	}
	return o
}

// Archived reports whether the case ended so long ago that only its owner
// still reads it.
func (c *Case) Archived(now time.Time) bool {
	return c.State.Over() && !now.Before(c.Ended.Add(archiveAfter))
}

// In lists who holds one of the seats, in the order in which they were seated.
func (c *Case) In(seats ...auth.Seat) []string {
	var out []string
	for _, m := range c.Members {
		if slices.Contains(seats, m.Seat) && !slices.Contains(out, m.Person) {
			out = append(out, m.Person)
		}
	}
	return out
}

// Ringing lists whose app rings for this case now: the people of the present
// wave who have not answered, while the wave lasts; and experts invited into a
// running call, who have no wave.
func (c *Case) Ringing(now time.Time) []string {
	var out []string
	for _, a := range c.Asked {
		if a.Answer != "" {
			continue
		}
		switch {
		case c.State == Invited && c.Wave > 0 && a.Wave == c.Wave && now.Before(c.WaveEnds),
			c.State == InCall || c.State == Interrupted:
			out = append(out, a.Person)
		}
	}
	return out
}

// seat gives the person the seat, in place of any other but owner or companion.
func (c *Case) seat(person, institution string, seat auth.Seat, now, until time.Time) {
	c.unseat(person)
	c.Members = append(c.Members, Member{Person: person, Institution: institution, Seat: seat, Since: now, Until: until})
}

// unseat takes every seat but the inviting side's from the person.
func (c *Case) unseat(person string) {
	c.Members = slices.DeleteFunc(c.Members, func(m Member) bool { return m.Person == person && !inviting(m.Seat) })
}

func inviting(s auth.Seat) bool { return s == auth.SeatOwner || s == auth.SeatAccompanying }

func invited(s auth.Seat) bool {
	return s == auth.SeatExpert || s == auth.SeatChair || s == auth.SeatMember
}

// people is everyone with a seat.
func (c *Case) people() []string {
	out := make([]string, 0, len(c.Members))
	for _, m := range c.Members {
		out = append(out, m.Person)
	}
	return union(out)
}

// union is every string of the lists once, in order of first appearance.
func union(lists ...[]string) []string {
	out := []string{}
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
