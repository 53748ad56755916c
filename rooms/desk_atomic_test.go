package rooms

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// tamper runs a statement on the database behind the desk's back.
func (o *office) tamper(statement string) {
	o.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(o.file, "sqlite:")+"?_pragma=busy_timeout(5000)")
	o.ok(err)
	defer db.Close()
	_, err = db.Exec(statement)
	o.ok(err)
}

func TestAMessageIsKeptToldAndWrittenDownOrNothing(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	id := o.start()
	doctor := o.actor("doctor")
	o.tamper(`CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.action = 'chat.write' BEGIN SELECT RAISE(ABORT, 'no room'); END`)
	if _, err := o.Chat(ctx, id, doctor, "k1", "hello"); err == nil {
		t.Fatal("a message that could not be written down was taken")
	}
	if list, err := o.ChatSince(ctx, id, doctor, 0); err != nil || len(list) != 0 {
		t.Errorf("a refused message was kept: %v %v", list, err)
	}
	o.tamper(`DROP TRIGGER full`)
	o.publish(ctx)
	expert, _ := o.attends("heart", DeskPosition{})
	for range 2 { // the sender tries again, twice
		if _, err := o.Chat(ctx, id, doctor, "k1", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := o.ChatSince(ctx, id, doctor, 0); err != nil || len(list) != 1 || list[0].Text != "hello" {
		t.Errorf("kept %v %v", list, err)
	}
	trail, _, err := o.store.AuditTrail(ctx, store.AuditFilter{Tenant: deskTenant, Case: id, Action: "chat.write"})
	if err != nil || len(trail) != 1 {
		t.Errorf("%d entries in the trail, %v", len(trail), err)
	}
	o.publish(ctx)
	o.hears(expert, "DeskChanged {Consult:"+id)
}

func TestABreachIsReviewedWholeOrNotAtAll(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	id := o.start()
	if _, err := o.BreakGlass(ctx, o.actor("physician"), id, consult.GlassCmd{Reason: "the patient is with me now, unconscious"}); err != nil {
		t.Fatal(err)
	}
	review := func() error {
		return o.ReviewGlass(ctx, o.actor("doctor"), id, consult.ReviewCmd{Person: "physician", Note: "was needed"})
	}
	o.tamper(`CREATE TRIGGER full BEFORE UPDATE ON break_glasses BEGIN SELECT RAISE(ABORT, 'no room'); END`)
	if review() == nil {
		t.Fatal("a review that could not be written was taken")
	}
	if b := o.theCase(id).Breaches; len(b) != 1 || !b[0].Reviewed.IsZero() {
		t.Errorf("half reviewed: %+v", b)
	}
	o.tamper(`DROP TRIGGER full`)
	o.ok(review())
	if b := o.theCase(id).Breaches; b[0].Reviewed.IsZero() {
		t.Errorf("not reviewed: %+v", b)
	}
	if open, err := o.store.BreakGlasses(ctx, deskTenant, id, false); err != nil || len(open) != 0 {
		t.Errorf("still flagged: %v %v", open, err)
	}
}

// TestTheTimelineHasOneOrder: entries of the same instant come in the order in
// which they were written, each time.
func TestTheTimelineHasOneOrder(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	id := o.start() // the clock stands still
	for _, name := range []string{"joined", "left", "joined", "left"} {
		o.ok(o.SessionNote(ctx, id, o.actor("doctor"), SessionNote{What: name}))
	}
	o.ok(o.store.Audit(ctx, store.AuditEntry{ID: "0", Tenant: deskTenant, At: o.time().Add(time.Second), Person: "doctor", Action: "room.joined", Case: id, Told: true}))
	list, err := o.Timeline(ctx, o.actor("doctor"), id)
	o.ok(err)
	var actions []string
	for i, e := range list {
		actions = append(actions, e.Action)
		if i > 0 && (e.At.Before(list[i-1].At) || e.At.Equal(list[i-1].At) && e.ID <= list[i-1].ID) {
			t.Errorf("entry %d (%s %s) is not after %s %s", i, e.At, e.ID, list[i-1].At, list[i-1].ID)
		}
	}
	if got := strings.Join(actions, " "); got != "consult.start room.joined room.left room.joined room.left room.joined" {
		t.Error(got)
	}
}
