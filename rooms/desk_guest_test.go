package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// secrets are texts of the record that no guest may be told.
var secrets = []string{"Secretname", "7391-local", "why-does-she-faint", "complaint-text", "triage-grounds", "declined-because", "neurology"}

// callWithGuests is a running call with an interpreter and an observer, whose
// record is full of secrets.
func (o *office) callWithGuests() string {
	o.t.Helper()
	ctx, age := context.Background(), 61
	for login, role := range map[string]auth.Role{"interpreter": auth.Interpreter, "student": auth.Observer} {
		o.ok(o.store.AddPerson(ctx, auth.Person{ID: login, Tenant: deskTenant, Login: login, Name: login,
			Grants: []auth.Grant{{Institution: cityID, Role: role, From: o.clock.Add(-time.Hour)}}, Created: o.clock}, ""))
	}
	o.attends("heart", DeskPosition{})
	v, err := o.StartNow(ctx, o.actor("doctor"), "", consult.StartCmd{Department: heartDep, Specialty: "neurology",
		Patient:  consult.Patient{Name: "Secretname", LocalID: "7391-local", Age: &age, Sex: "female"},
		Question: "why-does-she-faint", Complaint: "complaint-text", ConsentDeferred: "unconscious"})
	o.ok(err)
	do := func(login string, cmd consult.Command) {
		o.t.Helper()
		if _, err := o.Do(ctx, o.actor(login), v.ID, "", 0, cmd); err != nil {
			o.t.Fatal(err)
		}
	}
	do("heart", consult.AcceptCmd{})
	do("doctor", consult.ConsentCmd{Purposes: []string{"care", "sharing", "attendance"}, Version: "1", Language: "en", Signer: "S", Relationship: "self"})
	do("heart", consult.JoinCmd{Person: "physician"})
	do("physician", consult.DeclineCmd{Reason: "declined-because"})
	do("doctor", consult.JoinCmd{Person: "interpreter", Seat: "interpreter"})
	do("doctor", consult.JoinCmd{Person: "student", Seat: "observer"})
	o.publish(ctx)
	return v.ID
}

func TestAGuestInTheCallLearnsNothingOfTheRecord(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	id := o.callWithGuests()
	for _, login := range []string{"interpreter", "student"} {
		guest := o.actor(login)
		told := map[string]any{}
		for _, scope := range []string{"", "mine", "today"} {
			list, err := o.Consults(ctx, guest, ListFilter{Scope: scope})
			o.ok(err)
			if len(list.Items) != 1 || list.Items[0].ID != id || list.Items[0].Age != nil || list.Items[0].Sex != "" || !list.Items[0].Masked {
				t.Errorf("%s, list %q: %+v", login, scope, list.Items)
			}
			told["list "+scope] = list
		}
		for _, wanted := range []string{"Secretname", "faint", "7391"} {
			list, err := o.Consults(ctx, guest, ListFilter{Query: wanted})
			o.ok(err)
			if len(list.Items) != 0 {
				t.Errorf("%s learns by a search that the record holds %q", login, wanted)
			}
		}
		if _, err := o.Consult(ctx, guest, id); !errors.Is(err, errForbidden) {
			t.Errorf("%s opens the case: %v", login, err)
		}
		view, err := o.view(ctx, guest, o.theCase(id)) // however they got there
		o.ok(err)
		if view.Scope != "none" || !view.Masked || view.Request.Patient.Sex != "" || view.Request.Patient.Age != nil || view.Triage != nil || len(view.Asked) > 0 || len(view.Opinions)+len(view.Attachments)+len(view.Consents) > 0 {
			t.Errorf("%s sees %+v", login, view)
		}
		told["case"] = view
		if told["rings"], err = o.Rings(ctx, guest); err != nil {
			t.Error(err)
		}
		if told["join"], err = o.JoinRoom(ctx, guest, id); err != nil {
			t.Errorf("%s cannot enter the call: %v", login, err)
		}
		told["pass"], err = o.RoomPass(ctx, guest, id)
		o.ok(err)
		if told["schedule"], err = o.Schedule(ctx, guest, o.time().Add(-time.Hour), o.time().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		for what, got := range told {
			raw, err := json.Marshal(got)
			o.ok(err)
			for _, secret := range secrets {
				if strings.Contains(string(raw), secret) {
					t.Errorf("%s is told %q by %s", login, secret, what)
				}
			}
		}
		_, timeline := o.Timeline(ctx, guest, id)
		_, chat := o.ChatSince(ctx, id, guest, 0)
		_, read := o.ReadOpinion(ctx, guest, id)
		for what, err := range map[string]error{"timeline": timeline, "chat": chat, "opinion": read} {
			if err == nil {
				t.Errorf("%s may read the %s", login, what)
			}
		}
	}
	expert, err := o.Consult(ctx, o.actor("heart"), id)
	o.ok(err)
	if expert.Request.Question != "why-does-she-faint" || expert.Request.Patient.Name != "Secretname" {
		t.Errorf("the expert sees %+v", expert.Request)
	}
}
