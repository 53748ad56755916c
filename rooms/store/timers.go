package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

// Timer is something that must happen at a time: a due time, an expiry, a
// no-show, a ring that times out. It is known by case, kind and time, and fires
// once, on whichever node claims it first.
type Timer struct {
	bun.BaseModel `bun:"table:timers,alias:t" json:"-"`

	ID      string            `bun:"id,pk"`
	Tenant  string            `bun:"tenant"`
	Case    string            `bun:"case_id"`
	Kind    consult.TimerKind `bun:"kind"`
	At      time.Time         `bun:"at"`
	Wave    int               `bun:"wave"`
	Derived bool              `bun:"derived"` // follows from the case's state and is replaced with it
}

// replaceTimers makes the pending derived timers of the case be the given ones.
// One that is already there stays as it is, fired or not.
func (tx *Tx) replaceTimers(ctx context.Context, c *consult.Case, timers []consult.Timer) error {
	var pending []Timer
	if err := tx.db.NewSelect().Model(&pending).Where("case_id = ? AND derived AND fired IS NULL", c.ID).Scan(ctx); err != nil {
		return err
	}
	for _, old := range pending {
		keep := slices.ContainsFunc(timers, func(t consult.Timer) bool {
			return t.Kind == old.Kind && t.At.Truncate(time.Microsecond).Equal(old.At)
		})
		if keep {
			continue
		}
		if _, err := tx.db.NewDelete().Model((*Timer)(nil)).Where("id = ?", old.ID).Exec(ctx); err != nil {
			return err
		}
	}
	for _, t := range timers {
		if err := tx.setTimer(ctx, Timer{Tenant: c.Tenant, Case: c.ID, Kind: t.Kind, At: t.At, Wave: t.Wave, Derived: true}); err != nil {
			return err
		}
	}
	return nil
}

// SetTimer adds a timer that does not follow from a case's state.
func (tx *Tx) SetTimer(ctx context.Context, t Timer) error {
	t.Derived = false
	return tx.setTimer(ctx, t)
}

func (tx *Tx) setTimer(ctx context.Context, t Timer) error {
	t.ID = NewID()
	t.At = t.At.UTC().Truncate(time.Microsecond)
	tx.announced = true // whoever waits for the next timer looks again
	_, err := tx.db.NewInsert().Model(&t).On("CONFLICT (case_id, kind, at) DO NOTHING").Exec(ctx)
	return err
}

// ClaimTimers claims timers that are due, the longest due first, for the owner:
// no other owner gets them before the lease ends. Each must then be fired, with
// a transition ([TransitionInput].Timer) or with [Store.Fire], or put off with
// [Store.PutOff], or it comes again.
func (s *Store) ClaimTimers(ctx context.Context, owner string, now time.Time, limit int, lease time.Duration) ([]Timer, error) {
	found, err := s.db.NewSelect().Model((*Timer)(nil)).Where("fired IS NULL AND at <= ?", now).
		Where("(claimed_until IS NULL OR claimed_until <= ?)", now).Exists(ctx)
	if err != nil || !found {
		return nil, translate(err)
	}
	var list []Timer
	err = s.Write(ctx, func(tx *Tx) error {
		list = nil
		return tx.db.NewRaw(`UPDATE timers SET claimed_by = ?, claimed_until = ? WHERE id IN (
			SELECT id FROM timers WHERE fired IS NULL AND at <= ? AND (claimed_until IS NULL OR claimed_until <= ?)
			ORDER BY at LIMIT ?`+tx.skipLocked()+`)
			RETURNING id, tenant, case_id, kind, at, wave, derived`,
			owner, now.Add(lease), now, now, limit).Scan(ctx, &list)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Timer) int { return a.At.Compare(b.At) })
	return list, nil
}

// Fire marks the timer as fired; ErrTimerGone when it was fired before or no
// longer exists.
func (s *Store) Fire(ctx context.Context, id string, now time.Time) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.Fire(ctx, id, now) })
}

// PutOff lets a claimed timer come again at a later time, as the same timer: it
// still goes when the case's state does.
func (s *Store) PutOff(ctx context.Context, id string, until time.Time) error {
	return s.exec(ctx, "UPDATE timers SET claimed_until = ? WHERE id = ? AND fired IS NULL", until, id)
}

// Fire does the same within the transaction that has the timer's effect.
func (tx *Tx) Fire(ctx context.Context, id string, now time.Time) error {
	n, err := affected(tx.db.NewRaw("UPDATE timers SET fired = ? WHERE id = ? AND fired IS NULL", now, id).Exec(ctx))
	if err == nil && n == 0 {
		return ErrTimerGone
	}
	return err
}

// NextTimer returns when the next timer is due that nobody has claimed beyond
// now; ok is false when there is none.
func (r Reader) NextTimer(ctx context.Context, now time.Time) (at time.Time, ok bool, err error) {
	var t Timer
	err = r.db.NewSelect().Model(&t).Where("fired IS NULL AND (claimed_until IS NULL OR claimed_until <= ?)", now).
		Order("at").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return t.At, err == nil, translate(err)
}

// Timers lists the pending timers of the case, the next one first.
func (r Reader) Timers(ctx context.Context, tenant, id string) ([]Timer, error) {
	list := []Timer{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ? AND case_id = ? AND fired IS NULL", tenant, id).Order("at", "kind").Scan(ctx)
	return list, translate(err)
}
