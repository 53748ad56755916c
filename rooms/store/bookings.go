package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

// BusyInterval is time of a person that a consult has taken, half-open.
type BusyInterval struct {
	bun.BaseModel `bun:"table:busy_intervals,alias:b" json:"-"`

	ID        string    `bun:"id,pk"`
	Tenant    string    `bun:"tenant"`
	Case      string    `bun:"case_id"`
	Person    string    `bun:"person"`
	Start     time.Time `bun:"starts"`
	End       time.Time `bun:"ends"`
	Overrides bool      `bun:"overrides"` // an emergency that was booked over another booking
	Active    bool      `bun:"active"`
}

// Busy lists what takes the people's time within [from, to), but not the case
// except. Empty people: everybody's of the tenant.
func (r Reader) Busy(ctx context.Context, tenant string, people []string, from, to time.Time, except string) ([]BusyInterval, error) {
	list := []BusyInterval{}
	q := r.db.NewSelect().Model(&list).Where("tenant = ? AND active AND starts < ? AND ends > ?", tenant, to, from).
		Order("person", "starts")
	if len(people) > 0 {
		q = q.Where("person IN (?)", bun.List(people))
	}
	if except != "" {
		q = q.Where("case_id <> ?", except)
	}
	return list, translate(q.Scan(ctx))
}

// writeBusy brings the case's busy intervals in line with its booking. The
// database refuses a second ordinary booking of the same time.
func (tx *Tx) writeBusy(ctx context.Context, c *consult.Case) error {
	var wanted []BusyInterval
	for _, h := range c.Holds() {
		wanted = append(wanted, BusyInterval{ID: NewID(), Tenant: c.Tenant, Case: c.ID, Person: h.Person,
			Start: h.Start.UTC().Truncate(time.Microsecond), End: h.End.UTC().Truncate(time.Microsecond),
			Overrides: !h.Exclusive, Active: true})
	}
	// In one order everywhere, so that two bookings cannot wait for each other.
	slices.SortStableFunc(wanted, func(a, b BusyInterval) int { return strings.Compare(a.Person, b.Person) })
	wanted = slices.CompactFunc(wanted, func(a, b BusyInterval) bool { return a.Person == b.Person })
	var have []BusyInterval
	if err := tx.db.NewSelect().Model(&have).Where("case_id = ? AND active", c.ID).Scan(ctx); err != nil {
		return err
	}
	same := func(a, b BusyInterval) bool {
		return a.Person == b.Person && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.Overrides == b.Overrides
	}
	for _, h := range have {
		if slices.ContainsFunc(wanted, func(w BusyInterval) bool { return same(h, w) }) {
			continue
		}
		if _, err := tx.db.NewRaw("UPDATE busy_intervals SET active = FALSE WHERE id = ?", h.ID).Exec(ctx); err != nil {
			return err
		}
	}
	for _, w := range wanted {
		if slices.ContainsFunc(have, func(h BusyInterval) bool { return same(h, w) }) {
			continue
		}
		if _, err := tx.db.NewInsert().Model(&w).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bookedTwice explains a booking that the database refused.
func (s *Store) bookedTwice(ctx context.Context, c *consult.Case) error {
	e := &consult.Error{Code: consult.BookedTwice,
		Message: "Somebody in this consult is booked at that time already. Choose another time or another expert."}
	if c.Booking == nil {
		return e
	}
	busy, err := s.Busy(ctx, c.Tenant, c.Booking.People, c.Booking.Start, c.Booking.End, c.ID)
	if err != nil {
		return e // the refusal stands, only the names are missing
	}
	for _, b := range busy {
		if !slices.Contains(e.Missing, b.Person) {
			e.Missing = append(e.Missing, b.Person)
		}
	}
	return e
}
