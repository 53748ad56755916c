package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
)

type signingKeyRow struct {
	bun.BaseModel `bun:"table:signing_keys,alias:k"`

	ID      string    `bun:"id,pk"`
	Public  []byte    `bun:"public"`
	Private []byte    `bun:"private"`
	Since   time.Time `bun:"since"`
	Retire  time.Time `bun:"retire"`
	Until   time.Time `bun:"until"`
}

// SigningKeys returns the key ring, oldest first.
func (r Reader) SigningKeys(ctx context.Context) ([]auth.SigningKey, error) {
	var rows []signingKeyRow
	if err := r.db.NewSelect().Model(&rows).Order("since", "id").Scan(ctx); err != nil {
		return nil, translate(err)
	}
	keys := make([]auth.SigningKey, len(rows))
	for i, k := range rows {
		keys[i] = auth.SigningKey{ID: k.ID, Public: k.Public, Private: k.Private, From: k.Since, Retire: k.Retire, Until: k.Until}
	}
	return keys, nil
}

// AddSigningKey adds a key to the ring.
func (s *Store) AddSigningKey(ctx context.Context, k auth.SigningKey) error {
	row := signingKeyRow{ID: k.ID, Public: k.Public, Private: k.Private, Since: k.From, Retire: k.Retire, Until: k.Until}
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.db.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// SpendTicket remembers the ticket until it expires, and reports true to the
// first caller only.
func (s *Store) SpendTicket(ctx context.Context, id string, expires time.Time) (bool, error) {
	var n int64
	err := s.Write(ctx, func(tx *Tx) (err error) {
		n, err = affected(tx.db.NewRaw("INSERT INTO spent_tickets (id, expires) VALUES (?, ?) ON CONFLICT DO NOTHING", id, expires).Exec(ctx))
		return err
	})
	return n == 1, err
}
