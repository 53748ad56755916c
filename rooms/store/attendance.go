package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Attendance is a stay of a person in the call.
type Attendance struct {
	bun.BaseModel `bun:"table:attendances,alias:at" json:"-"`

	ID       string    `bun:"id,pk"`
	Tenant   string    `bun:"tenant"`
	Case     string    `bun:"case_id"`
	Person   string    `bun:"person"`
	Entered  time.Time `bun:"entered"`
	Departed time.Time `bun:"departed,nullzero"` // zero: still there
}

// Enter notes that the person entered the call; a second time without leaving
// changes nothing.
func (s *Store) Enter(ctx context.Context, tenant, id, person string, at time.Time) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Case(ctx, tenant, id); err != nil {
			return err
		}
		row := Attendance{ID: NewID(), Tenant: tenant, Case: id, Person: person, Entered: at.UTC()}
		_, err := tx.db.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
}

// Depart notes that the person left the call.
func (s *Store) Depart(ctx context.Context, tenant, id, person string, at time.Time) error {
	return s.exec(ctx, "UPDATE attendances SET departed = ? WHERE tenant = ? AND case_id = ? AND person = ? AND departed IS NULL",
		at, tenant, id, person)
}

// Attendances lists who was in the call, in the order of entering.
func (r Reader) Attendances(ctx context.Context, tenant, id string) ([]Attendance, error) {
	list := []Attendance{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ? AND case_id = ?", tenant, id).Order("entered", "id").Scan(ctx)
	return list, translate(err)
}
