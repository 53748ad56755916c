package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

// KindChanged is the outbox entry of every transition.
const KindChanged = "changed"

// OutboxEntry is something to be told once its transaction is committed. It
// holds ids and states, no clinical text. Told twice does no harm.
type OutboxEntry struct {
	ID      int64
	Tenant  string
	Kind    string // KindChanged, or what the desk calls it
	Case    string
	Version int64
	State   consult.State
	Verb    consult.Verb
	People  []string        // person ids of who may be told
	Event   *consult.Event  // of KindChanged
	Body    json.RawMessage // of other kinds: what the kind adds
	At      time.Time
}

type outboxRow struct {
	bun.BaseModel `bun:"table:outbox,alias:o"`

	ID      int64         `bun:"id,pk,autoincrement"`
	Tenant  string        `bun:"tenant"`
	Kind    string        `bun:"kind"`
	Case    string        `bun:"case_id"`
	Version int64         `bun:"version"`
	State   consult.State `bun:"state"`
	Verb    consult.Verb  `bun:"verb"`
	People  string        `bun:"people"`
	Body    string        `bun:"body,nullzero"`
	At      time.Time     `bun:"at"`
}

// Announce puts an entry into the outbox, to be told after the commit.
func (tx *Tx) Announce(ctx context.Context, e OutboxEntry) error {
	if e.People == nil {
		e.People = []string{}
	}
	people, err := document(e.People)
	if err != nil {
		return err
	}
	body := string(e.Body)
	if e.Event != nil {
		if body, err = document(e.Event); err != nil {
			return err
		}
	}
	row := outboxRow{Tenant: e.Tenant, Kind: e.Kind, Case: e.Case, Version: e.Version, State: e.State, Verb: e.Verb,
		People: people, Body: body, At: e.At.UTC()}
	tx.announced = true
	_, err = tx.db.NewInsert().Model(&row).Exec(ctx)
	return err
}

// Announce puts an entry into the outbox in a transaction of its own.
func (s *Store) Announce(ctx context.Context, e OutboxEntry) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.Announce(ctx, e) })
}

// Pending claims entries that nobody has sent, oldest first, for the owner: no
// other owner gets them before the lease ends. Mark them sent, or they come
// again.
func (s *Store) Pending(ctx context.Context, owner string, now time.Time, limit int, lease time.Duration) ([]OutboxEntry, error) {
	var rows []outboxRow
	// A look first: claiming nothing would still take the writer's lock.
	found, err := s.db.NewSelect().Model((*outboxRow)(nil)).Where("sent IS NULL").
		Where("(claimed_until IS NULL OR claimed_until <= ?)", now).Exists(ctx)
	if err != nil || !found {
		return nil, translate(err)
	}
	err = s.Write(ctx, func(tx *Tx) error {
		rows = nil
		return tx.db.NewRaw(`UPDATE outbox SET claimed_by = ?, claimed_until = ? WHERE id IN (
			SELECT id FROM outbox WHERE sent IS NULL AND (claimed_until IS NULL OR claimed_until <= ?)
			ORDER BY id LIMIT ?`+tx.skipLocked()+`)
			RETURNING id, tenant, kind, case_id, version, state, verb, people, body, at`,
			owner, now.Add(lease), now, limit).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b outboxRow) int { return int(a.ID - b.ID) })
	list := make([]OutboxEntry, len(rows))
	for i, r := range rows {
		e := OutboxEntry{ID: r.ID, Tenant: r.Tenant, Kind: r.Kind, Case: r.Case, Version: r.Version, State: r.State, Verb: r.Verb, At: r.At}
		if err := json.Unmarshal([]byte(r.People), &e.People); err != nil {
			return nil, err
		}
		if r.Kind == KindChanged && r.Body != "" {
			e.Event = new(consult.Event)
			if err := json.Unmarshal([]byte(r.Body), e.Event); err != nil {
				return nil, err
			}
		} else if r.Body != "" {
			e.Body = json.RawMessage(r.Body)
		}
		list[i] = e
	}
	return list, nil
}

// MarkSent notes that the entries were told.
func (s *Store) MarkSent(ctx context.Context, now time.Time, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.exec(ctx, "UPDATE outbox SET sent = ? WHERE id IN (?)", now, bun.List(ids))
}

// ForgetSent deletes entries that were sent before the time.
func (s *Store) ForgetSent(ctx context.Context, before time.Time) error {
	return s.exec(ctx, "DELETE FROM outbox WHERE sent < ?", before)
}

// skipLocked lets concurrent claimers take different rows instead of waiting for
// each other. SQLite has one writer, so there is nobody to skip.
func (r Reader) skipLocked() string {
	if r.postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
