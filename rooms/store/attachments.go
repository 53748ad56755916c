package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Attachment is what is known of a file of a case; its bytes are a [Blobs] file.
type Attachment struct {
	bun.BaseModel `bun:"table:attachments,alias:a" json:"-"`

	ID     string    `bun:"id,pk"`
	Tenant string    `bun:"tenant"`
	Case   string    `bun:"case_id"`
	Name   string    `bun:"name"` // as the uploader's machine called it
	Kind   string    `bun:"kind"` // photo, pdf, file
	Type   string    `bun:"type"` // media type
	Size   int64     `bun:"size"` // bytes
	Hash   string    `bun:"hash"` // SHA-256, hex
	Width  int       `bun:"width"`
	Height int       `bun:"height"`
	Person string    `bun:"person"` // uploader
	At     time.Time `bun:"at"`
}

// AddAttachment adds the file to the case, within the transaction that tells of
// it. Its bytes must be on disk before.
func (tx *Tx) AddAttachment(ctx context.Context, a Attachment) error {
	if err := plain(a.Name, a.Type); err != nil {
		return err
	}
	a.At = a.At.UTC()
	_, err := tx.db.NewInsert().Model(&a).Exec(ctx)
	return err
}

// Attachments lists the files of the case, the oldest first.
func (r Reader) Attachments(ctx context.Context, tenant, id string) ([]Attachment, error) {
	list := []Attachment{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ? AND case_id = ?", tenant, id).Order("at", "id").Scan(ctx)
	return list, translate(err)
}

// Attachment returns one file of the case.
func (r Reader) Attachment(ctx context.Context, tenant, id, attachment string) (Attachment, error) {
	var a Attachment
	err := r.db.NewSelect().Model(&a).Where("tenant = ? AND case_id = ? AND id = ?", tenant, id, attachment).Scan(ctx)
	return a, translate(err)
}
