package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

type idempotencyRow struct {
	bun.BaseModel `bun:"table:idempotency,alias:i"`

	Tenant  string    `bun:"tenant,pk"`
	Person  string    `bun:"person,pk"`
	Key     string    `bun:"key,pk"`
	Request string    `bun:"request"`
	Case    string    `bun:"case_id"`
	Result  string    `bun:"result"`
	At      time.Time `bun:"at"`
}

// remembered returns the row of a key that was used before, nil for a new one.
func (tx *Tx) remembered(ctx context.Context, tenant, person, key, request string) (*idempotencyRow, error) {
	if key == "" {
		return nil, nil
	}
	if err := plain(key, request); err != nil {
		return nil, err
	}
	var row idempotencyRow
	err := tx.db.NewSelect().Model(&row).Where("tenant = ? AND person = ? AND key = ?", tenant, person, key).Scan(ctx)
	if errors.Is(translate(err), ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if row.Request != request {
		return nil, keyReused()
	}
	return &row, nil
}

func keyReused() *consult.Error {
	return &consult.Error{Code: CodeKeyReused, Message: "This idempotency key was used for something else. Use a new key for each new request."}
}

// replay returns the event of a key that was used before for this case (or,
// with an empty id, for creating one).
func (tx *Tx) replay(ctx context.Context, tenant, person, key, request, id string) (e consult.Event, found bool, err error) {
	row, err := tx.remembered(ctx, tenant, person, key, request)
	if err != nil || row == nil {
		return e, false, err
	}
	if row.Case == "" || id != "" && row.Case != id {
		return e, false, keyReused()
	}
	return e, true, json.Unmarshal([]byte(row.Result), &e)
}

// remember writes the answer to a key. When another transaction was faster, this
// one starts again and finds the other's answer.
func (tx *Tx) remember(ctx context.Context, row idempotencyRow) error {
	row.At = row.At.UTC()
	n, err := affected(tx.db.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return errAgain
	}
	return err
}

// OnceInput names a request that must have one effect.
type OnceInput struct {
	Tenant  string
	Person  string
	Key     string // empty: f just runs
	Request string // digest of what is asked; the same key with another one is refused
}

// Once runs f in one transaction unless the key was used before, in which case
// it fills result from what was stored then. result is a pointer to what f set;
// it is kept as JSON, so it must not hold a secret or clinical text: keep ids.
func (s *Store) Once(ctx context.Context, in OnceInput, result any, f func(tx *Tx) error) (replayed bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		replayed = false
		row, err := tx.remembered(ctx, in.Tenant, in.Person, in.Key, in.Request)
		if err != nil {
			return err
		}
		if row != nil {
			if row.Case != "" {
				return keyReused()
			}
			replayed = true
			return json.Unmarshal([]byte(row.Result), result)
		}
		if err := f(tx); err != nil || in.Key == "" {
			return err
		}
		kept, err := document(result)
		if err != nil {
			return err
		}
		return tx.remember(ctx, idempotencyRow{Tenant: in.Tenant, Person: in.Person, Key: in.Key, Request: in.Request, Result: kept, At: time.Now()})
	})
	return replayed && err == nil, err
}

// ForgetKeys deletes the answers to keys used before the time.
func (s *Store) ForgetKeys(ctx context.Context, before time.Time) error {
	return s.exec(ctx, "DELETE FROM idempotency WHERE at < ?", before)
}
