package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID           string    `bun:"id,pk"`
	Person       string    `bun:"person"`
	Tenant       string    `bun:"tenant"`
	Hash         []byte    `bun:"hash"`
	Epoch        int64     `bun:"epoch"`
	Created      time.Time `bun:"created"`
	Seen         time.Time `bun:"seen"`
	Expires      time.Time `bun:"expires"`
	Locked       bool      `bun:"locked"`
	SecondFactor bool      `bun:"second_factor"`
	Address      string    `bun:"address"`
}

// AddSession stores a new session.
func (s *Store) AddSession(ctx context.Context, v auth.Session) error {
	row := sessionRow{ID: v.ID, Person: v.Person, Tenant: v.Tenant, Hash: v.Hash, Epoch: v.Epoch, Created: v.Created,
		Seen: v.Seen, Expires: v.Expires, Locked: v.Locked, SecondFactor: v.SecondFactor, Address: v.Address}
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.db.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// Session returns the session with the id.
func (r Reader) Session(ctx context.Context, id string) (auth.Session, error) {
	return r.session(ctx, "id = ?", id)
}

// SessionByHash returns the session whose cookie value has the hash.
func (r Reader) SessionByHash(ctx context.Context, hash []byte) (auth.Session, error) {
	return r.session(ctx, "hash = ?", hash)
}

func (r Reader) session(ctx context.Context, where string, arg any) (auth.Session, error) {
	var v sessionRow
	if err := r.db.NewSelect().Model(&v).Where(where, arg).Scan(ctx); err != nil {
		return auth.Session{}, translate(err)
	}
	return auth.Session{ID: v.ID, Person: v.Person, Tenant: v.Tenant, Hash: v.Hash, Epoch: v.Epoch, Created: v.Created,
		Seen: v.Seen, Expires: v.Expires, Locked: v.Locked, SecondFactor: v.SecondFactor, Address: v.Address}, nil
}

// EndSession forgets the session; ending a missing one is no error.
func (s *Store) EndSession(ctx context.Context, id string) error {
	return s.exec(ctx, "DELETE FROM sessions WHERE id = ?", id)
}

// TouchSession notes activity; never back in time, never unlocking.
func (s *Store) TouchSession(ctx context.Context, id string, seen time.Time) error {
	return s.exec(ctx, "UPDATE sessions SET seen = ? WHERE id = ? AND seen < ? AND NOT locked", seen, id, seen)
}

// ExtendSession moves the session's end to a later time.
func (s *Store) ExtendSession(ctx context.Context, id string, until time.Time) error {
	return s.exec(ctx, "UPDATE sessions SET expires = ? WHERE id = ? AND expires < ?", until, id, until)
}

// Epochs answers today's epoch of each of these people who may sign in, and of
// each of these sessions; who or what is missing is left out.
func (r Reader) Epochs(ctx context.Context, people, sessions []string) (ofPeople, ofSessions map[string]int64, err error) {
	ofPeople, err = r.epochs(ctx, "people", "NOT disabled", people)
	if err == nil {
		ofSessions, err = r.epochs(ctx, "sessions", "TRUE", sessions)
	}
	return ofPeople, ofSessions, err
}

func (r Reader) epochs(ctx context.Context, table, where string, ids []string) (map[string]int64, error) {
	out := make(map[string]int64, len(ids))
	for some := range slices.Chunk(ids, 1000) { // SQLite takes 32,766 variables
		var rows []struct {
			ID    string `bun:"id"`
			Epoch int64  `bun:"epoch"`
		}
		if err := r.db.NewSelect().Table(table).Column("id", "epoch").Where("id IN (?)", bun.List(some)).Where(where).Scan(ctx, &rows); err != nil {
			return nil, translate(err)
		}
		for _, row := range rows {
			out[row.ID] = row.Epoch
		}
	}
	return out, nil
}

// LockSession asks for the password again.
func (s *Store) LockSession(ctx context.Context, id string) error {
	return s.exec(ctx, "UPDATE sessions SET locked = TRUE WHERE id = ?", id)
}

// UnlockSession opens a locked session and notes activity.
func (s *Store) UnlockSession(ctx context.Context, id string, seen time.Time) error {
	return s.exec(ctx, "UPDATE sessions SET locked = FALSE, seen = ? WHERE id = ?", seen, id)
}

// Sweep deletes sessions and links that ended before the time, tickets spent
// that expired before it, and signing keys void since before it.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	return s.Write(ctx, func(tx *Tx) error {
		for _, statement := range []string{
			"DELETE FROM sessions WHERE expires < ?",
			"DELETE FROM links WHERE expires < ?",
			"DELETE FROM spent_tickets WHERE expires < ?",
			"DELETE FROM signing_keys WHERE until < ?",
		} {
			if _, err := tx.db.NewRaw(statement, before).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// exec runs one statement as a transaction of its own.
func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.db.NewRaw(statement, args...).Exec(ctx)
		return err
	})
}
