package store

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

// Outcomes of an audit entry.
const (
	Done    = "done"
	Refused = "refused"
)

// AuditEntry says who did, read or was refused what, when. It holds no clinical
// text. Entries are only ever added; the database refuses anything else.
type AuditEntry struct {
	bun.BaseModel `bun:"table:audit,alias:au" json:"-"`

	ID          string        `bun:"id,pk"` // made when empty
	Tenant      string        `bun:"tenant"`
	At          time.Time     `bun:"at"`
	Person      string        `bun:"person"` // consult.SystemPerson for timers and the live room
	Session     string        `bun:"session"`
	IP          string        `bun:"ip"`
	Action      string        `bun:"action"` // consult.<verb>, case.read, attachment.add …
	Case        string        `bun:"case_id"`
	Institution string        `bun:"institution"`
	From        consult.State `bun:"from_state"`
	To          consult.State `bun:"to_state"`
	Version     int64         `bun:"version"`
	Detail      string        `bun:"detail"`
	Outcome     string        `bun:"outcome"` // Done unless set
	Told        bool          `bun:"told"`    // shown in the case's timeline
}

// Audit adds entries to the trail.
func (s *Store) Audit(ctx context.Context, entries ...AuditEntry) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.Audit(ctx, entries...) })
}

// Audit adds entries within the transaction.
func (tx *Tx) Audit(ctx context.Context, entries ...AuditEntry) error {
	for _, e := range entries {
		if e.ID == "" {
			e.ID = NewID()
		}
		if e.Outcome == "" {
			e.Outcome = Done
		}
		e.At = e.At.UTC()
		e.Detail = strings.ReplaceAll(e.Detail, "\x00", "")
		if _, err := tx.db.NewInsert().Model(&e).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Timeline lists what happened to the case, oldest first.
func (r Reader) Timeline(ctx context.Context, tenant, id string) ([]AuditEntry, error) {
	list := []AuditEntry{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ? AND case_id = ? AND told", tenant, id).Order("at", "id").Scan(ctx)
	return list, translate(err)
}

// AuditFilter narrows the trail; zero fields do not narrow.
type AuditFilter struct {
	Tenant      string // required
	Person      string
	Case        string
	Institution string
	Action      string // exact, or a prefix when it ends with a dot
	Outcome     string
	From, To    time.Time // [From, To)
	Limit       int       // 0: 100, at most 1,000
	Cursor      string    // of the previous page
}

type auditCursor struct {
	At time.Time `json:"a"`
	ID string    `json:"i"`
}

// AuditTrail lists entries, newest first, and the cursor of the next page.
func (r Reader) AuditTrail(ctx context.Context, f AuditFilter) (list []AuditEntry, next string, err error) {
	list = []AuditEntry{}
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 100
	}
	q := r.db.NewSelect().Model(&list).Where("tenant = ?", f.Tenant).Order("at DESC", "id DESC").Limit(int64(f.Limit) + 1)
	for column, value := range map[string]string{"person": f.Person, "case_id": f.Case, "institution": f.Institution, "outcome": f.Outcome} {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if strings.HasSuffix(f.Action, ".") {
		q = q.Where("substr(action, 1, ?) = ?", len(f.Action), f.Action)
	} else if f.Action != "" {
		q = q.Where("action = ?", f.Action)
	}
	if !f.From.IsZero() {
		q = q.Where("at >= ?", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where("at < ?", f.To)
	}
	if f.Cursor != "" {
		var cur auditCursor
		if err := decodeCursor(f.Cursor, &cur); err != nil {
			return nil, "", err
		}
		q = q.Where("(at < ? OR (at = ? AND id < ?))", cur.At, cur.At, cur.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", translate(err)
	}
	if len(list) > f.Limit {
		list = list[:f.Limit]
		last := list[f.Limit-1]
		next = encodeCursor(auditCursor{At: last.At, ID: last.ID})
	}
	return list, next, nil
}
