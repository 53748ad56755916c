package rooms

import (
	"context"
	"testing"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// TestOnDutyInTwoPlaces: an expert on duty in two departments of different
// institutions acts for the one that is asked, and where they hold no role they
// are not rung.
func TestOnDutyInTwoPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		practises []string // institutions where the expert holds the role
		place     string   // for which they are then asked
		dep       string
	}{
		"in both":         {[]string{cityID, "county"}, cityID, heartDep},
		"in the first":    {[]string{cityID}, cityID, heartDep},
		"in the next one": {[]string{"county"}, "county", "county-medicine"},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t)
			ctx, began := context.Background(), o.clock.Add(-time.Hour)
			o.ok(o.store.SaveInstitution(ctx, store.Institution{ID: "county", Tenant: deskTenant, Name: "county", Tier: "county", Telephone: "1", Zone: "UTC"}))
			o.ok(o.store.SaveDepartment(ctx, store.Department{ID: "county-medicine", Tenant: deskTenant, Institution: "county", Name: "m", Specialty: "general"}))
			o.ok(o.store.SaveDepartment(ctx, store.Department{ID: heartDep, Tenant: deskTenant, Institution: cityID, Name: heartDep, Specialty: "cardiology", Next: "county-medicine"}))
			o.ok(o.store.SaveAgreement(ctx, store.Agreement{ID: "b", Tenant: deskTenant, Inviting: clinicID, Invited: "county", Kinds: []consult.Kind{consult.Video}, From: began}))
			p := auth.Person{ID: "both", Tenant: deskTenant, Login: "both", Name: "both", Licence: "L", Created: began}
			for _, place := range c.practises {
				p.Grants = append(p.Grants, auth.Grant{Institution: place, Role: auth.Expert, From: began})
			}
			o.ok(o.store.AddPerson(ctx, p, ""))
			for _, dep := range []string{heartDep, "county-medicine"} {
				o.ok(o.store.TakeDuty(ctx, store.Duty{Department: dep, Rank: 1, Tenant: deskTenant, Person: "both", From: began}))
			}

			o.attends("both", DeskPosition{})
			id := o.start()
			if c.dep != heartDep { // first the department's own
				o.later(61 * time.Second)
				o.fires()
				o.later(61 * time.Second)
				o.fires()
			}
			if _, err := o.Do(ctx, o.actor("both"), id, "", 0, consult.AcceptCmd{}); err != nil {
				t.Fatal(err)
			}
			if got := o.theCase(id); got.Invited != c.place || got.Department != c.dep || seatedAt(got, "both") != c.place {
				t.Errorf("accepted for %s, %s, seated at %s", got.Invited, got.Department, seatedAt(got, "both"))
			}

			if c.place != cityID {
				return
			}
			// By invitation, without a ring.
			v, err := o.CreateDraft(ctx, o.actor("doctor"), "", DraftInput{Kind: consult.Video, Urgency: consult.Urgent, Request: consult.Request{
				Patient: consult.Patient{Name: "P", Birth: "1960", Sex: "male"}, Question: "?", Specialty: "general",
				Complaint: "c", History: "h", Diagnoses: []consult.Diagnosis{{System: "icd-10", Text: "d"}}}})
			o.ok(err)
			for login, cmd := range map[string]consult.Command{"doctor": consult.SubmitCmd{}} {
				_, err := o.Do(ctx, o.actor(login), v.ID, "", 0, cmd)
				o.ok(err)
			}
			for _, cmd := range []consult.Command{consult.TriageCmd{Urgency: consult.Urgent, Grounds: "g"}, consult.InviteCmd{Department: heartDep}} {
				_, err := o.Do(ctx, o.actor("coordinator"), v.ID, "", 0, cmd)
				o.ok(err)
			}
			if got := o.theCase(v.ID); seatedAt(got, "both") != cityID || got.Invited != cityID {
				t.Errorf("invited at %s, for %s", seatedAt(got, "both"), got.Invited)
			}
		})
	}
}
