package rooms

import (
	"context"
	"runtime"
	"testing"
	"time"

	"consilium/rooms/consult"
)

// TestNoShowIsFoundAfterASideLeaves: when the time for it came both sides were
// there; then one goes without the call ever having begun.
func TestNoShowIsFoundAfterASideLeaves(t *testing.T) {
	o := openOffice(t)
	o.serves(o.Desk)
	ctx := context.Background()
	v, err := o.CreateDraft(ctx, o.actor("doctor"), "", DraftInput{Kind: consult.Video, Urgency: consult.Urgent, Request: consult.Request{
		Patient: consult.Patient{Name: "P", Birth: "1960", Sex: "male"}, Question: "?", Specialty: "general",
		Complaint: "c", History: "h", Diagnoses: []consult.Diagnosis{{System: "icd-10", Text: "d"}}}})
	o.ok(err)
	for _, step := range []struct {
		login string
		cmd   consult.Command
	}{
		{"doctor", consult.SubmitCmd{}},
		{"coordinator", consult.TriageCmd{Urgency: consult.Urgent, Grounds: "g"}},
		{"coordinator", consult.InviteCmd{People: []string{"heart"}}},
		{"heart", consult.AcceptCmd{}},
		{"coordinator", consult.ScheduleCmd{Start: o.time().Add(10 * time.Minute), Minutes: 30}},
		{"doctor", consult.ConsentCmd{Purposes: []string{"care", "sharing"}, Version: "1", Language: "en", Signer: "P", Relationship: "self"}},
		{"doctor", consult.PrepareCmd{Camera: true, Microphone: true, Speaker: true}},
		{"doctor", consult.ArriveCmd{}},
		{"heart", consult.ArriveCmd{}},
	} {
		if _, err := o.Do(ctx, o.actor(step.login), v.ID, "", 0, step.cmd); err != nil {
			t.Fatalf("%s: %v", step.cmd.Verb(), err)
		}
	}
	doctor, err := o.live.Enter(ctx, RoomEntry{Actor: o.actor("doctor"), Consult: v.ID, Out: deafOutlet{}})
	o.ok(err)
	_, err = o.live.Enter(ctx, RoomEntry{Actor: o.actor("heart"), Consult: v.ID, Out: deafOutlet{}})
	o.ok(err)

	o.later(2 * time.Hour)
	o.fires()
	if got := o.theCase(v.ID).State; got != consult.Waiting {
		t.Fatalf("both sides are there, and the consult is %s", got)
	}
	doctor.Leave()
	for deadline := time.Now().Add(5 * time.Second); len(o.inRoom(v.ID)) != 1; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the doctor's seat is still taken")
		}
	}
	o.later(consult.Standard.LookAgain)
	o.fires()
	if got := o.theCase(v.ID); got.State != consult.NoShow || got.Absent != consult.Inviting {
		t.Errorf("the doctor left, and the consult is %s, absent %q", got.State, got.Absent)
	}
}
