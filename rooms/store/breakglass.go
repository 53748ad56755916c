package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// BreakGlass is one emergency access (紧急调阅). It stays flagged until reviewed.
type BreakGlass struct {
	bun.BaseModel `bun:"table:break_glasses,alias:bg" json:"-"`

	ID         string    `bun:"id,pk"`
	Tenant     string    `bun:"tenant"`
	Case       string    `bun:"case_id"`
	Person     string    `bun:"person"`
	Reason     string    `bun:"reason"`
	Opened     time.Time `bun:"opened"`
	Until      time.Time `bun:"until"`
	Reviewed   time.Time `bun:"reviewed,nullzero"`
	ReviewedBy string    `bun:"reviewed_by"`
	Note       string    `bun:"note"`
}

// AddBreakGlass notes an emergency access, within the transition that gives the
// seat.
func (tx *Tx) AddBreakGlass(ctx context.Context, b BreakGlass) error {
	if err := plain(b.Reason); err != nil {
		return err
	}
	_, err := tx.db.NewInsert().Model(&b).Exec(ctx)
	return err
}

// BreakGlasses lists emergency accesses, the newest first; open ones only, or
// all. An empty id means every case.
func (r Reader) BreakGlasses(ctx context.Context, tenant, id string, all bool) ([]BreakGlass, error) {
	list := []BreakGlass{}
	q := r.db.NewSelect().Model(&list).Where("tenant = ?", tenant).Order("opened DESC", "id DESC").Limit(500)
	if id != "" {
		q = q.Where("case_id = ?", id)
	}
	if !all {
		q = q.Where("reviewed IS NULL")
	}
	return list, translate(q.Scan(ctx))
}

// ReviewBreakGlass notes the review; ErrNotFound when there is none left to do.
func (s *Store) ReviewBreakGlass(ctx context.Context, tenant, breakGlass, by, note string, at time.Time) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.ReviewBreakGlass(ctx, tenant, breakGlass, by, note, at) })
}

// ReviewBreakGlass notes the review within the transition that takes the flag
// off the case.
func (tx *Tx) ReviewBreakGlass(ctx context.Context, tenant, breakGlass, by, note string, at time.Time) error {
	if err := plain(note); err != nil {
		return err
	}
	return mustBeOwn(affected(tx.db.NewRaw(`UPDATE break_glasses SET reviewed = ?, reviewed_by = ?, note = ?
		WHERE tenant = ? AND id = ? AND reviewed IS NULL`, at, by, note, tenant, breakGlass).Exec(ctx)))
}
