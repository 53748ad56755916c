package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

type draftRow struct {
	bun.BaseModel `bun:"table:opinion_drafts,alias:d"`

	Case     string    `bun:"case_id,pk"`
	Author   string    `bun:"author,pk"`
	Tenant   string    `bun:"tenant"`
	Content  string    `bun:"content"`
	Saved    time.Time `bun:"saved"`
	Revision int64     `bun:"revision"`
	Signed   time.Time `bun:"signed,nullzero"`
}

type opinionRow struct {
	bun.BaseModel `bun:"table:opinions,alias:op"`

	Case    string    `bun:"case_id,pk"`
	Version int       `bun:"version,pk"`
	Tenant  string    `bun:"tenant"`
	Author  string    `bun:"author"`
	Signed  time.Time `bun:"signed"`
	Digest  string    `bun:"digest"`
	Doc     string    `bun:"doc"`

	Delivered time.Time `bun:"delivered,scanonly"`
	Read      time.Time `bun:"read,scanonly"`
}

// OpinionDraft returns the author's own unsigned opinion. There is no way to ask
// for somebody else's.
func (r Reader) OpinionDraft(ctx context.Context, tenant, id, author string) (consult.Opinion, error) {
	var row draftRow
	err := r.db.NewSelect().Model(&row).
		Where("tenant = ? AND case_id = ? AND author = ? AND signed IS NULL", tenant, id, author).Scan(ctx)
	if err != nil {
		return consult.Opinion{}, translate(err)
	}
	o := consult.Opinion{Case: row.Case, Author: row.Author, Saved: row.Saved}
	return o, json.Unmarshal([]byte(row.Content), &o.Content)
}

// SaveOpinionDraft saves what the author has written so far. check sees the case
// in the same transaction and can refuse: the case may have been signed or taken
// away since the author last looked.
func (s *Store) SaveOpinionDraft(ctx context.Context, tenant, id, author string, content consult.OpinionContent, at time.Time,
	check func(*consult.Case) error) (consult.Opinion, error) {
	text, err := document(content)
	if err != nil {
		return consult.Opinion{}, err
	}
	err = s.Write(ctx, func(tx *Tx) error {
		c, err := tx.oneCase(ctx, tenant, id, true)
		if err != nil {
			return err
		}
		if err := check(c); err != nil {
			return err
		}
		row := draftRow{Case: id, Author: author, Tenant: tenant, Content: text, Saved: at.UTC(), Revision: 1}
		n, err := affected(tx.db.NewInsert().Model(&row).On("CONFLICT (case_id, author) DO UPDATE").
			Set("content = EXCLUDED.content, saved = EXCLUDED.saved, revision = d.revision + 1").
			Where("d.signed IS NULL").Exec(ctx))
		if err == nil && n == 0 {
			return &consult.Error{Code: consult.StateForbids, Message: "This opinion is signed. What is missing goes into an addendum."}
		}
		return err
	})
	return consult.Opinion{Case: id, Author: author, Saved: at.UTC(), Content: content}, err
}

// AddOpinion stores a signed version: 1 closes the author's draft, later ones
// are addenda. Nothing of it can be changed afterwards. ErrExists when the
// version is there already.
func (tx *Tx) AddOpinion(ctx context.Context, tenant string, o consult.Opinion) error {
	o.Delivered, o.Read = time.Time{}, time.Time{}
	text, err := document(o)
	if err != nil {
		return err
	}
	row := opinionRow{Case: o.Case, Version: o.Version, Tenant: tenant, Author: o.Author, Signed: o.Signed.UTC(), Doc: text}
	if o.Record != nil {
		row.Digest = o.Record.Digest
	}
	if _, err := tx.db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	_, err = tx.db.NewRaw("UPDATE opinion_drafts SET signed = ? WHERE tenant = ? AND case_id = ? AND author = ? AND signed IS NULL",
		row.Signed, tenant, o.Case, o.Author).Exec(ctx)
	return err
}

// Opinions lists the signed versions, the first one first, with when each first
// reached the requester and when they first opened it.
func (r Reader) Opinions(ctx context.Context, tenant, id string) ([]consult.Opinion, error) {
	var rows []opinionRow
	received := `(SELECT MIN(rc.at) FROM opinion_receipts AS rc JOIN cases AS c ON c.id = rc.case_id AND c.author = rc.person
		WHERE rc.case_id = op.case_id AND rc.version = op.version AND rc.kind = ?) AS ?`
	err := r.db.NewSelect().Model(&rows).ColumnExpr("op.*").
		ColumnExpr(received, Delivered, bun.Ident("delivered")).ColumnExpr(received, Read, bun.Ident("read")).
		Where("op.tenant = ? AND op.case_id = ?", tenant, id).Order("op.version").Scan(ctx)
	if err != nil {
		return nil, translate(err)
	}
	list := make([]consult.Opinion, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Doc), &list[i]); err != nil {
			return nil, err
		}
		list[i].Delivered, list[i].Read = row.Delivered, row.Read
	}
	return list, nil
}

// Receipt is what a receipt says of a signed opinion.
type Receipt string

const (
	Delivered Receipt = "delivered" // it reached the person's app
	Read      Receipt = "read"      // the person opened it
)

// NoteReceipt notes that the version reached the person or was opened by them,
// the first time it happens; first reports whether this was it.
func (s *Store) NoteReceipt(ctx context.Context, tenant, id string, version int, person string, what Receipt, at time.Time) (first bool, err error) {
	known, err := s.db.NewSelect().TableExpr("opinion_receipts").
		Where("case_id = ? AND version = ? AND person = ? AND kind = ?", id, version, person, what).Exists(ctx)
	if err != nil || known {
		return false, translate(err)
	}
	err = s.Write(ctx, func(tx *Tx) error {
		found, err := tx.db.NewSelect().Model((*opinionRow)(nil)).
			Where("tenant = ? AND case_id = ? AND version = ?", tenant, id, version).Exists(ctx)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		n, err := affected(tx.db.NewRaw(`INSERT INTO opinion_receipts (case_id, version, person, kind, tenant, at)
			VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, id, version, person, what, tenant, at).Exec(ctx))
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// UnreadOpinions lists which of the cases have a signed version that the person
// has not opened.
func (r Reader) UnreadOpinions(ctx context.Context, tenant, person string, ids []string) (map[string]bool, error) {
	unread := map[string]bool{}
	if len(ids) == 0 {
		return unread, nil
	}
	var list []string
	err := r.db.NewSelect().TableExpr("opinions AS op").ColumnExpr("DISTINCT op.case_id").
		Where("op.tenant = ? AND op.case_id IN (?)", tenant, bun.List(ids)).
		Where("NOT EXISTS (SELECT 1 FROM opinion_receipts AS rc WHERE rc.case_id = op.case_id AND rc.version = op.version AND rc.person = ? AND rc.kind = ?)", person, Read).
		Scan(ctx, &list)
	for _, id := range list {
		unread[id] = true
	}
	return unread, translate(err)
}
