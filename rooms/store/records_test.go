package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"consilium/rooms/consult"
)

func allowed(*consult.Case) error { return nil }

func TestDraftOfAnOpinionIsItsAuthorsAlone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		content := consult.OpinionContent{Findings: "ST 段抬高; 'quoted'", Diagnosis: "急性心肌梗死", Treatment: "转诊"}
		_, err := f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, consult.OpinionContent{Findings: "first words"}, f.now, allowed)
		must(t, err)
		_, err = f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, content, f.now.Add(time.Second), allowed)
		must(t, err)
		got, err := f.OpinionDraft(ctx, f.tenant, c.ID, f.expert)
		must(t, err)
		if d := cmp.Diff(consult.Opinion{Case: c.ID, Author: f.expert, Saved: f.now.Add(time.Second), Content: content}, got); d != "" {
			t.Error(d)
		}
		for _, other := range []string{f.deputy, f.doctor, f.coord, ""} {
			if _, err := f.OpinionDraft(ctx, f.tenant, c.ID, other); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q reads the draft: %v", other, err)
			}
		}
		if list, err := f.Opinions(ctx, f.tenant, c.ID); err != nil || len(list) != 0 {
			t.Errorf("a draft is listed as an opinion: %v %v", list, err)
		}
		refusal := &consult.Error{Code: consult.StateForbids, Message: "no"}
		_, err = f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, consult.OpinionContent{}, f.now, func(*consult.Case) error { return refusal })
		if !errors.Is(err, refusal) {
			t.Errorf("saved against the check: %v", err)
		}
		if got, err := f.OpinionDraft(ctx, f.tenant, c.ID, f.expert); err != nil || got.Content.Findings != content.Findings {
			t.Errorf("a refused save changed the draft: %v", err)
		}
		_, err = f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, consult.OpinionContent{Findings: "a\x00b"}, f.now, allowed)
		if !errors.Is(err, ErrBadText) {
			t.Errorf("NUL in a draft: %v", err)
		}
	})
}

func (f *fixture) sign(t *testing.T, o consult.Opinion) error {
	_, err := f.Transition(t.Context(), TransitionInput{Tenant: f.tenant, ID: o.Case, By: f.by(o.Author)}, func(tx *Tx, c *consult.Case) (consult.Event, error) {
		e, err := moveTo(f, consult.Signed, nil)(tx, c)
		if err != nil {
			return e, err
		}
		return e, tx.AddOpinion(t.Context(), f.tenant, o)
	})
	return err
}

func TestSignedOpinionNeverChanges(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		content := consult.OpinionContent{Findings: "ST 段抬高 \\u0000 <b>&", Diagnosis: "急性心肌梗死", Treatment: "转诊"}
		_, err := f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, content, f.now, allowed)
		must(t, err)
		signed := consult.Opinion{Case: c.ID, Version: 1, Author: f.expert, Signed: f.now, Content: content,
			Record: &consult.OpinionRecord{Number: 1, Inviting: "青山镇卫生院", Invited: "市第一医院", Experts: []consult.Signatory{}, Material: []consult.Material{}, Digest: strings.Repeat("ab", 32)}}
		must(t, f.sign(t, signed))
		if err := f.sign(t, signed); !errors.Is(err, ErrExists) {
			t.Errorf("signed twice: %v", err)
		}
		addendum := consult.Opinion{Case: c.ID, Version: 2, Author: f.expert, Signed: f.now.Add(time.Hour), Addendum: "补充"}
		must(t, f.sign(t, addendum))
		list, err := f.Opinions(ctx, f.tenant, c.ID)
		must(t, err)
		if d := cmp.Diff([]consult.Opinion{signed, addendum}, list); d != "" {
			t.Error(d)
		}
		if _, err := f.OpinionDraft(ctx, f.tenant, c.ID, f.expert); !errors.Is(err, ErrNotFound) {
			t.Errorf("the draft is still there after signing: %v", err)
		}
		_, err = f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.expert, content, f.now, allowed)
		if code(t, err) != consult.StateForbids {
			t.Errorf("the draft is saved after signing: %v", err)
		}
	})
}

func TestReceiptsOfAnOpinion(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		must(t, f.sign(t, consult.Opinion{Case: c.ID, Version: 1, Author: f.expert, Signed: f.now}))
		unread := func(person string) bool {
			m, err := f.UnreadOpinions(ctx, f.tenant, person, []string{c.ID, "none"})
			must(t, err)
			return m[c.ID]
		}
		if !unread(f.doctor) {
			t.Error("a new opinion is not unread")
		}
		note := func(person string, what Receipt, minutes int) bool {
			first, err := f.NoteReceipt(ctx, f.tenant, c.ID, 1, person, what, f.now.Add(time.Duration(minutes)*time.Minute))
			must(t, err)
			return first
		}
		if !note(f.coord, Read, 1) || !note(f.doctor, Delivered, 2) || !note(f.doctor, Read, 3) || note(f.doctor, Read, 4) {
			t.Error("the first receipt is not told from the others")
		}
		list, err := f.Opinions(ctx, f.tenant, c.ID)
		must(t, err)
		if !list[0].Delivered.Equal(f.now.Add(2*time.Minute)) || !list[0].Read.Equal(f.now.Add(3*time.Minute)) {
			t.Errorf("delivered %v, read %v; want the requester's", list[0].Delivered, list[0].Read)
		}
		if unread(f.doctor) || !unread(f.expert) {
			t.Error("unread is not each person's own")
		}
		if _, err := f.NoteReceipt(ctx, "t2", c.ID, 1, "stranger", Read, f.now); !errors.Is(err, ErrNotFound) {
			t.Errorf("a receipt from another partnership: %v", err)
		}
	})
}

func TestChatIsKeptInOneOrder(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		for _, err := range parallel(30, func(i int) error {
			_, _, err := f.AddChat(ctx, ChatMessage{Tenant: f.tenant, Case: c.ID, Person: []string{f.doctor, f.expert}[i%2],
				Key: fmt.Sprint("k", i/4), At: f.now, Text: fmt.Sprint("第", i)})
			return err
		}) {
			must(t, err)
		}
		list, err := f.Chat(ctx, f.tenant, c.ID, 0)
		must(t, err)
		seen := map[string]bool{}
		for i, m := range list {
			if m.Seq != int64(i+1) {
				t.Fatalf("message %d has number %d", i+1, m.Seq)
			}
			if seen[m.Person+m.Key] {
				t.Errorf("the same key twice: %+v", m)
			}
			seen[m.Person+m.Key] = true
		}
		if len(list) != 16 {
			t.Errorf("%d messages, want 16", len(list))
		}
		again, replayed, err := f.AddChat(ctx, ChatMessage{Tenant: f.tenant, Case: c.ID, Person: list[0].Person, Key: list[0].Key, At: f.now, Text: "other"})
		if err != nil || !replayed || again.Seq != list[0].Seq || again.Text != list[0].Text {
			t.Errorf("a key used again: %+v %v %v", again, replayed, err)
		}
		if tail, err := f.Chat(ctx, f.tenant, c.ID, 14); err != nil || len(tail) != 2 {
			t.Errorf("after 14: %d %v", len(tail), err)
		}
		_, _, err = f.AddChat(ctx, ChatMessage{Tenant: "t2", Case: c.ID, Person: "stranger", Key: "k", At: f.now, Text: "x"})
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("a message from another partnership: %v", err)
		}
		_, _, err = f.AddChat(ctx, ChatMessage{Tenant: f.tenant, Case: c.ID, Person: f.doctor, Key: "n", At: f.now, Text: "a\x00b"})
		if !errors.Is(err, ErrBadText) {
			t.Errorf("NUL in a message: %v", err)
		}
	})
}

// fill makes a case with one of everything that belongs to it.
func (f *fixture) fill(t *testing.T) *consult.Case {
	t.Helper()
	ctx := t.Context()
	c := f.create(t, nil)
	f.mustStep(t, c.ID, consult.Submitted, nil)
	must(t, f.sign(t, consult.Opinion{Case: c.ID, Version: 1, Author: f.expert, Signed: f.now}))
	_, _, err := f.AddChat(ctx, ChatMessage{Tenant: f.tenant, Case: c.ID, Person: f.doctor, Key: "k", At: f.now, Text: "您好"})
	must(t, err)
	_, err = f.SaveOpinionDraft(ctx, f.tenant, c.ID, f.deputy, consult.OpinionContent{Findings: "x"}, f.now, allowed)
	must(t, err)
	_, err = f.NoteReceipt(ctx, f.tenant, c.ID, 1, f.doctor, Read, f.now)
	must(t, err)
	must(t, f.Enter(ctx, f.tenant, c.ID, f.doctor, f.now))
	_, err = f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, By: f.by(f.doctor), Action: "attachment.add", Told: true}, func(tx *Tx, _ *consult.Case) (consult.Event, error) {
		if err := tx.AddBreakGlass(ctx, BreakGlass{ID: NewID(), Tenant: f.tenant, Case: c.ID, Person: f.deputy, Reason: "急诊", Opened: f.now, Until: f.now.Add(time.Hour)}); err != nil {
			return consult.Event{}, err
		}
		return consult.Event{}, tx.AddAttachment(ctx, Attachment{ID: "att", Tenant: f.tenant, Case: c.ID, Name: "心电图.jpg", Kind: "photo", Type: "image/jpeg", Size: 3, Hash: strings.Repeat("0", 64), Person: f.doctor, At: f.now})
	})
	must(t, err)
	return c
}

func TestRecordCannotBeChangedOrDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.fill(t)
		statements := []string{"DELETE FROM cases", "DELETE FROM opinion_drafts", "DELETE FROM break_glasses",
			"UPDATE opinion_drafts SET content = '{}' WHERE author = 'expert'"}
		for _, table := range []string{"audit", "opinions", "opinion_receipts", "chat", "attachments", "case_history"} {
			statements = append(statements, "DELETE FROM "+table)
		}
		statements = append(statements, "UPDATE audit SET detail = 'x'", "UPDATE opinions SET doc = '{}'", "UPDATE opinion_receipts SET person = 'x'",
			"UPDATE chat SET text = 'x'", "UPDATE attachments SET name = 'x'", "UPDATE case_history SET doc = '{}'")
		if f.postgres {
			statements = append(statements, "TRUNCATE audit", "TRUNCATE chat", "TRUNCATE cases CASCADE")
		}
		// The expert's own draft became version 1.
		_, err := f.writer.ExecContext(t.Context(), `INSERT INTO opinion_drafts (case_id, author, tenant, content, saved, revision, signed)
			SELECT case_id, 'expert', tenant, '{}', saved, 1, saved FROM opinion_drafts`)
		must(t, err)
		for _, statement := range statements {
			if _, err := f.writer.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

func TestHistoryKeepsEveryVersionAfterTheDraft(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.create(t, nil)
		f.mustStep(t, c.ID, consult.Draft, nil)
		f.mustStep(t, c.ID, consult.Submitted, func(c *consult.Case) { c.Request.Question = "first" })
		f.mustStep(t, c.ID, consult.Returned, func(c *consult.Case) { c.Request.Question = "second" })
		var docs []string
		must(t, f.writer.NewRaw("SELECT doc FROM case_history WHERE case_id = ? ORDER BY version", c.ID).Scan(t.Context(), &docs))
		if len(docs) != 2 || !strings.Contains(docs[0], "first") || !strings.Contains(docs[1], "second") {
			t.Errorf("%d versions are kept", len(docs))
		}
	})
}

func TestAttachmentsAttendanceAndBreakGlass(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.fill(t)
		list, err := f.Attachments(ctx, f.tenant, c.ID)
		must(t, err)
		one, err := f.Attachment(ctx, f.tenant, c.ID, "att")
		must(t, err)
		if len(list) != 1 || !cmp.Equal(list[0], one) || one.Name != "心电图.jpg" || !one.At.Equal(f.now) {
			t.Errorf("attachments %+v", list)
		}
		timeline, err := f.Timeline(ctx, f.tenant, c.ID)
		must(t, err)
		if last := timeline[len(timeline)-1]; last.Action != "attachment.add" || last.Outcome != Done {
			t.Errorf("the timeline ends with %+v", last)
		}

		must(t, f.Enter(ctx, f.tenant, c.ID, f.doctor, f.now.Add(time.Minute))) // still there: no second stay
		must(t, f.Depart(ctx, f.tenant, c.ID, f.doctor, f.now.Add(2*time.Minute)))
		must(t, f.Enter(ctx, f.tenant, c.ID, f.doctor, f.now.Add(3*time.Minute)))
		stays, err := f.Attendances(ctx, f.tenant, c.ID)
		must(t, err)
		if len(stays) != 2 || !stays[0].Entered.Equal(f.now) || !stays[0].Departed.Equal(f.now.Add(2*time.Minute)) || !stays[1].Departed.IsZero() {
			t.Errorf("stays %+v", stays)
		}

		open, err := f.BreakGlasses(ctx, f.tenant, "", false)
		must(t, err)
		if len(open) != 1 || open[0].Person != f.deputy {
			t.Fatalf("open break-glass %+v", open)
		}
		must(t, f.ReviewBreakGlass(ctx, f.tenant, open[0].ID, f.coord, "合理", f.now))
		if err := f.ReviewBreakGlass(ctx, f.tenant, open[0].ID, f.coord, "again", f.now); !errors.Is(err, ErrNotFound) {
			t.Errorf("reviewed twice: %v", err)
		}
		open, err = f.BreakGlasses(ctx, f.tenant, c.ID, false)
		must(t, err)
		all, err := f.BreakGlasses(ctx, f.tenant, c.ID, true)
		must(t, err)
		if len(open) != 0 || len(all) != 1 || all[0].Note != "合理" {
			t.Errorf("after the review: %d open, %d in all", len(open), len(all))
		}
	})
}

func TestAuditTrail(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for i := range 25 {
			must(t, f.Audit(ctx, AuditEntry{Tenant: f.tenant, At: f.now.Add(time.Duration(i/5) * time.Second), Person: []string{f.doctor, f.expert}[i%2],
				Action: []string{"case.read", "room.enter"}[i%2], Case: "c", Outcome: []string{Done, Refused}[i%2]}))
		}
		must(t, f.Audit(ctx, AuditEntry{Tenant: "t2", At: f.now, Action: "case.read", Case: "c"}))
		var all []AuditEntry
		pages := 0
		for cursor := ""; ; pages++ {
			page, next, err := f.AuditTrail(ctx, AuditFilter{Tenant: f.tenant, Limit: 7, Cursor: cursor})
			must(t, err)
			all = append(all, page...)
			if cursor = next; next == "" {
				break
			}
		}
		if len(all) != 25 || pages != 3 || !slices.IsSortedFunc(all, func(a, b AuditEntry) int { return b.At.Compare(a.At) }) {
			t.Errorf("%d entries on %d pages", len(all), pages+1)
		}
		for name, c := range map[string]struct {
			f    AuditFilter
			want int
		}{
			"person":  {AuditFilter{Person: f.doctor}, 13},
			"case":    {AuditFilter{Case: "other"}, 0},
			"action":  {AuditFilter{Action: "room.enter"}, 12},
			"prefix":  {AuditFilter{Action: "case."}, 13},
			"outcome": {AuditFilter{Outcome: Refused}, 12},
			"time":    {AuditFilter{From: f.now.Add(time.Second), To: f.now.Add(3 * time.Second)}, 10},
		} {
			c.f.Tenant = f.tenant
			if list, _, err := f.AuditTrail(ctx, c.f); err != nil || len(list) != c.want {
				t.Errorf("by %s: %d entries, want %d (%v)", name, len(list), c.want, err)
			}
		}
		if _, _, err := f.AuditTrail(ctx, AuditFilter{Tenant: f.tenant, Cursor: "x'; --"}); !errors.Is(err, ErrBadCursor) {
			t.Errorf("a forged cursor: %v", err)
		}
		if told, err := f.Timeline(ctx, f.tenant, "c"); err != nil || len(told) != 0 {
			t.Errorf("reads are told in the timeline: %v", err)
		}
	})
}
