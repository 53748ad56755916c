package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
)

type credentialRow struct {
	bun.BaseModel `bun:"table:credentials,alias:cr"`

	Person  string `bun:"person,pk"`
	Hash    string `bun:"hash"`
	Secret  []byte `bun:"secret"`
	Pending []byte `bun:"pending"`
	Step    int64  `bun:"step"`
}

type linkRow struct {
	bun.BaseModel `bun:"table:links,alias:l"`

	ID      string        `bun:"id,pk"`
	Kind    auth.LinkKind `bun:"kind"`
	Hash    []byte        `bun:"hash"`
	Tenant  string        `bun:"tenant"`
	Person  string        `bun:"person"`
	Issuer  string        `bun:"issuer"`
	Factor  bool          `bun:"factor"`
	Created time.Time     `bun:"created"`
	Expires time.Time     `bun:"expires"`
	Used    time.Time     `bun:"used,nullzero"`
}

// Credentials returns the person's secrets.
func (r Reader) Credentials(ctx context.Context, person string) (auth.Credentials, error) {
	var row credentialRow
	if err := r.db.NewSelect().Model(&row).Where("person = ?", person).Scan(ctx); err != nil {
		return auth.Credentials{}, translate(err)
	}
	return auth.Credentials{Person: row.Person, Hash: row.Hash, Secret: row.Secret, Pending: row.Pending, Step: row.Step}, nil
}

// SetPassword stores the hash, raises the person's epoch and ends their
// sessions but keep, which gets the new epoch.
func (s *Store) SetPassword(ctx context.Context, person, hash, keep string) (int64, error) {
	var epoch int64
	err := s.Write(ctx, func(tx *Tx) error {
		var err error
		if epoch, err = tx.revoke(ctx, person, keep); err != nil {
			return err
		}
		return tx.setHash(ctx, person, hash)
	})
	return epoch, err
}

// Rehash replaces the hash if it is still old.
func (s *Store) Rehash(ctx context.Context, person, old, hash string) error {
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.db.NewRaw("UPDATE credentials SET hash = ? WHERE person = ? AND hash = ?", hash, person, old).Exec(ctx)
		return err
	})
}

// Revoke raises the person's epoch by one, ends all their sessions and returns
// the new epoch.
func (s *Store) Revoke(ctx context.Context, person string) (int64, error) {
	var epoch int64
	err := s.Write(ctx, func(tx *Tx) (err error) {
		epoch, err = tx.Revoke(ctx, person)
		return err
	})
	return epoch, err
}

// Revoke does the same within the transaction.
func (tx *Tx) Revoke(ctx context.Context, person string) (int64, error) {
	return tx.revoke(ctx, person, "")
}

func (tx *Tx) revoke(ctx context.Context, person, keep string) (int64, error) {
	var epoch int64
	err := tx.db.NewRaw("UPDATE people SET epoch = epoch + 1 WHERE id = ? RETURNING epoch", person).Scan(ctx, &epoch)
	if err != nil {
		return 0, translate(err)
	}
	if _, err := tx.db.NewRaw("DELETE FROM sessions WHERE person = ? AND id <> ?", person, keep).Exec(ctx); err != nil {
		return 0, err
	}
	_, err = tx.db.NewRaw("UPDATE sessions SET epoch = ? WHERE person = ?", epoch, person).Exec(ctx)
	return epoch, err
}

func (tx *Tx) setHash(ctx context.Context, person, hash string) error {
	return mustBeOwn(affected(tx.db.NewRaw("UPDATE credentials SET hash = ? WHERE person = ?", hash, person).Exec(ctx)))
}

// SetSecondFactor stores the sealed secrets; either may be nil.
func (s *Store) SetSecondFactor(ctx context.Context, person string, secret, pending []byte) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.setSecondFactor(ctx, person, secret, pending) })
}

func (tx *Tx) setSecondFactor(ctx context.Context, person string, secret, pending []byte) error {
	n, err := affected(tx.db.NewUpdate().Model((*credentialRow)(nil)).
		Set("secret = ?", secret).Set("pending = ?", pending).Where("person = ?", person).Exec(ctx))
	if err := mustBeOwn(n, err); err != nil {
		return err
	}
	_, err = tx.db.NewRaw("UPDATE people SET totp = ? WHERE id = ?", len(secret) > 0, person).Exec(ctx)
	return err
}

// UseStep sets the time step if it is greater than the stored one and reports
// whether it was.
func (s *Store) UseStep(ctx context.Context, person string, step int64) (bool, error) {
	var n int64
	err := s.Write(ctx, func(tx *Tx) (err error) {
		n, err = affected(tx.db.NewRaw("UPDATE credentials SET step = ? WHERE person = ? AND step < ?", step, person, step).Exec(ctx))
		return err
	})
	return n == 1, err
}

// AddLink stores the link and voids unused ones of its kind for the same person
// (reset) or tenant (enrolment).
func (s *Store) AddLink(ctx context.Context, l auth.Link) error {
	row := linkRow{ID: l.ID, Kind: l.Kind, Hash: l.Hash, Tenant: l.Tenant, Person: l.Person, Issuer: l.By,
		Factor: l.Factor, Created: l.Created, Expires: l.Expires, Used: l.Used}
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.db.NewRaw(`DELETE FROM links WHERE kind = ? AND tenant = ? AND person = ? AND used IS NULL`,
			l.Kind, l.Tenant, l.Person).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.db.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// LinkByHash returns the link whose token has the hash.
func (r Reader) LinkByHash(ctx context.Context, hash []byte) (auth.Link, error) {
	var row linkRow
	if err := r.db.NewSelect().Model(&row).Where("hash = ?", hash).Scan(ctx); err != nil {
		return auth.Link{}, translate(err)
	}
	return row.link(), nil
}

func (l linkRow) link() auth.Link {
	return auth.Link{ID: l.ID, Kind: l.Kind, Hash: l.Hash, Tenant: l.Tenant, Person: l.Person, By: l.Issuer,
		Factor: l.Factor, Created: l.Created, Expires: l.Expires, Used: l.Used}
}

// redeem marks the link used; nil when another call used or voided it.
func (tx *Tx) redeem(ctx context.Context, link string, at time.Time) (*linkRow, error) {
	var rows []linkRow
	err := tx.db.NewRaw("UPDATE links SET used = ? WHERE id = ? AND used IS NULL RETURNING *", at, link).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// RedeemReset uses a reset link: new password, no second factor if the link
// says so, a new epoch and no sessions. All or nothing.
func (s *Store) RedeemReset(ctx context.Context, link string, at time.Time, hash string) (epoch int64, used bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		epoch, used = 0, false
		row, err := tx.redeem(ctx, link, at)
		if err != nil || row == nil {
			return err
		}
		if epoch, err = tx.revoke(ctx, row.Person, ""); err != nil {
			return err
		}
		if row.Factor {
			if err := tx.setSecondFactor(ctx, row.Person, nil, nil); err != nil {
				return err
			}
		}
		used = true
		return tx.setHash(ctx, row.Person, hash)
	})
	return epoch, used && err == nil, err
}

// RedeemEnrolment uses an enrolment link: the person is created with the hash.
// All or nothing.
func (s *Store) RedeemEnrolment(ctx context.Context, link string, at time.Time, p auth.Person, hash string) (used bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		used = false
		row, err := tx.redeem(ctx, link, at)
		if err != nil || row == nil {
			return err
		}
		used = true
		return tx.AddPerson(ctx, p, hash)
	})
	return used && err == nil, err
}
