package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// ChatMessage is something said in a room, kept with the case.
type ChatMessage struct {
	bun.BaseModel `bun:"table:chat,alias:ch" json:"-"`

	Tenant string    `bun:"tenant"`
	Case   string    `bun:"case_id,pk"`
	Seq    int64     `bun:"seq,pk"` // 1, 2, 3 … within the case
	Person string    `bun:"person"`
	Key    string    `bun:"key"` // made by the sender: the same key twice is one message
	At     time.Time `bun:"at"`
	Text   string    `bun:"text"`
}

// AddChat keeps the message and returns it with its sequence number. A key that
// the person used before in this case returns the first message; replayed is
// true then, and nobody need be told again.
func (s *Store) AddChat(ctx context.Context, m ChatMessage) (kept ChatMessage, replayed bool, err error) {
	err = s.Write(ctx, func(tx *Tx) (err error) {
		kept, replayed, err = tx.AddChat(ctx, m)
		return err
	})
	if err != nil {
		return ChatMessage{}, false, err
	}
	return kept, replayed, nil
}

// AddChat keeps the message within the transaction.
func (tx *Tx) AddChat(ctx context.Context, m ChatMessage) (kept ChatMessage, replayed bool, err error) {
	if err := plain(m.Text, m.Key); err != nil {
		return ChatMessage{}, false, err
	}
	m.At = m.At.UTC().Truncate(time.Microsecond)
	// The case's row orders those who speak at once.
	if _, err := tx.oneCase(ctx, m.Tenant, m.Case, true); err != nil {
		return ChatMessage{}, false, err
	}
	var before []ChatMessage
	if err := tx.db.NewSelect().Model(&before).
		Where("case_id = ? AND person = ? AND key = ?", m.Case, m.Person, m.Key).Scan(ctx); err != nil {
		return ChatMessage{}, false, err
	}
	if len(before) == 1 {
		return before[0], true, nil
	}
	if err := tx.db.NewRaw("SELECT COALESCE(MAX(seq), 0) + 1 FROM chat WHERE case_id = ?", m.Case).Scan(ctx, &m.Seq); err != nil {
		return ChatMessage{}, false, err
	}
	_, err = tx.db.NewInsert().Model(&m).Exec(ctx)
	return m, false, err
}

// Chat lists the case's messages after the sequence number, in their order.
func (r Reader) Chat(ctx context.Context, tenant, id string, after int64) ([]ChatMessage, error) {
	list := []ChatMessage{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ? AND case_id = ? AND seq > ?", tenant, id, after).Order("seq").Scan(ctx)
	return list, translate(err)
}
