package rooms

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// Consult is the case as far as the reader's seat opens it.
func (d *Desk) Consult(ctx context.Context, by auth.Actor, id string) (CaseView, error) {
	c, err := d.store.Case(ctx, by.Tenant, id)
	if err != nil {
		return CaseView{}, hide(err)
	}
	act := auth.Action("case.read")
	if !auth.Allow(by, act, c.Object(by.Person, d.now())) {
		act = "case.summary"
	}
	if c, err = d.open(ctx, by, id, act); err != nil {
		return CaseView{}, err
	}
	return d.view(ctx, by, c)
}

// viewAfter is the view of a case that the person just acted on. Their act may
// have taken the case out of their sight (they declined): they get its number
// and state, and no more.
func (d *Desk) viewAfter(ctx context.Context, by auth.Actor, c *consult.Case) (CaseView, error) {
	v, err := d.view(ctx, by, c)
	if !errors.Is(err, errHidden) {
		return v, err
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant)
	v = CaseView{ID: c.ID, Number: c.Number, Version: c.Version, Scope: "none", State: c.State, Since: c.Since, Created: c.Created, Masked: true,
		Kind: c.Kind, Urgency: c.Urgency, StartNow: c.StartNow, Institution: n.institution(c.Institution), Author: c.Author}
	v.fill()
	return v, err
}

// view builds the view. It asks the table for every part by itself, so that no
// route can show more than another.
func (d *Desk) view(ctx context.Context, by auth.Actor, c *consult.Case) (CaseView, error) {
	now := d.now()
	o := c.Object(by.Person, now)
	may := func(act auth.Action) bool { return auth.Allow(by, act, o) }
	if !auth.Visible(by, o) {
		return CaseView{}, errHidden
	}
	v := CaseView{ // what a guest in the call may know, too: that there is a call, and with whom
		ID: c.ID, Number: c.Number, Version: c.Version, Scope: "none", Seat: string(o.Seat), State: c.State, Since: c.Since, Due: c.Due,
		Created: c.Created, Ended: c.Ended, Kind: c.Kind, Urgency: c.Urgency, StartNow: c.StartNow, Author: c.Author, Masked: true,
		Members: c.Members, Booking: c.Booking, Chair: c.Chair, Arrived: c.Arrived, Began: c.Began, Finished: c.Finished,
		WaitsFor: string(c.WaitsFor()), Possible: possible(by, c, o), May: mayHere(by, c, o),
	}
	if may("case.summary") {
		v.summarise(c, o.Seat)
	}
	if may("case.read") {
		v.Scope, v.Masked, v.Request = "whole", false, c.Request
		v.Consents, v.Deferred, v.Explained, v.Bypass, v.Writing = c.Consents, c.Deferred, c.Explained, c.Bypass, c.Writing
		v.Decision, v.Outcomes, v.Breaches = c.Decision, c.Outcomes, c.Breaches
	}
	if o.Seat == auth.SeatBreakGlass {
		for _, b := range c.Breaches {
			if b.Person == by.Person {
				v.BreakGlass = b.Until
			}
		}
	}
	if err := d.addRecords(ctx, by, c, o, &v); err != nil {
		return CaseView{}, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, v.mentions(c)...)
	if err != nil {
		return CaseView{}, err
	}
	v.Institution, v.Invited, v.Department = n.institution(c.Institution), n.institutionOrNil(c.Invited), n.departmentOrNil(c.Department)
	v.Phones = n.phones(c)
	v.People = map[string]PersonName{}
	for id := range n.people {
		v.People[id] = n.person(id, seatedAt(c, id))
	}
	v.fill()
	return v, nil
}

// summarise adds what goes with the case's summary.
func (v *CaseView) summarise(c *consult.Case, seat auth.Seat) {
	v.Scope = "summary"
	v.Request, v.Masked = summary(c, seat)
	v.Triage, v.Missing, v.Note, v.Reason, v.Absent = c.Triage, c.Missing, c.Note, c.Reason, c.Absent
	v.Wave, v.RingUntil, v.Unheard, v.Asked, v.Prepared = c.Wave, c.WaveEnds, c.Unheard, c.Asked, c.Prepared
	if c.State == consult.Draft || c.State == consult.Returned || c.State == consult.Submitted {
		v.Lacks = append(c.Request.Patient.Unidentified(), c.Request.Lacks()...)
		if c.Request.Question == "" {
			v.Lacks = append(v.Lacks, "question")
		}
	}
}

// addRecords adds opinions and attachments, as far as the reader may see them.
func (d *Desk) addRecords(ctx context.Context, by auth.Actor, c *consult.Case, o auth.Object, v *CaseView) error {
	if auth.Allow(by, "opinion.read", o) {
		versions, err := d.store.Opinions(ctx, c.Tenant, c.ID)
		if err != nil {
			return err
		}
		v.Opinions = d.checked(ctx, versions)
		if c.Author == by.Person {
			for _, signed := range v.Opinions {
				if signed.Delivered.IsZero() {
					if _, err := d.store.NoteReceipt(ctx, c.Tenant, c.ID, signed.Version, by.Person, store.Delivered, d.now()); err != nil && !errors.Is(err, store.ErrFull) {
						return err // a full disk must not keep a doctor from reading
					}
				}
			}
		}
	}
	if auth.Allow(by, "opinion.draft", o) {
		draft, err := d.draftOf(ctx, d.store.Reader, c, by.Person)
		if err != nil {
			return err
		}
		v.Draft = draft
	}
	if auth.Allow(by, "attachment.read", o) {
		list, err := d.store.Attachments(ctx, c.Tenant, c.ID)
		if err != nil {
			return err
		}
		for _, a := range list {
			v.Attachments = append(v.Attachments, attachmentView(a))
		}
	}
	return nil
}

// mentions is everybody whose name the view needs.
func (v *CaseView) mentions(c *consult.Case) []string {
	ids := everybody(c)
	for _, a := range v.Asked {
		ids = append(ids, a.Person)
	}
	if v.Triage != nil {
		ids = append(ids, v.Triage.By)
	}
	if v.Scope == "whole" {
		for _, g := range c.Consents {
			ids = append(ids, g.RecordedBy)
		}
		for _, b := range c.Breaches {
			ids = append(ids, b.Person, b.ReviewedBy)
		}
		for _, o := range c.Outcomes {
			ids = append(ids, o.By)
		}
	}
	for _, m := range v.Request.Vitals {
		ids = append(ids, m.By)
	}
	for _, o := range v.Opinions {
		ids = append(ids, o.Author)
	}
	for _, a := range v.Attachments {
		ids = append(ids, a.By)
	}
	if c.Booking != nil {
		ids = append(ids, c.Booking.People...)
	}
	return ids
}

// fill makes empty lists of missing ones: an app need not tell null from empty.
func (v *CaseView) fill() {
	orEmpty(&v.Lacks)
	orEmpty(&v.Members)
	orEmpty(&v.Missing)
	orEmpty(&v.Consents)
	orEmpty(&v.Asked)
	orEmpty(&v.Arrived)
	orEmpty(&v.Breaches)
	orEmpty(&v.Outcomes)
	orEmpty(&v.Opinions)
	orEmpty(&v.Attachments)
	orEmpty(&v.Possible)
	orEmpty(&v.May)
	orEmpty(&v.Phones)
	if v.People == nil {
		v.People = map[string]PersonName{}
	}
	if v.Booking != nil && v.Booking.People == nil {
		b := *v.Booking
		orEmpty(&b.People)
		v.Booking = &b
	}
}

func orEmpty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// summary is what an invited expert and a coordinator may know of the request:
// enough to decide, without what would tell who the patient is and without the
// record.
func summary(c *consult.Case, seat auth.Seat) (consult.Request, bool) {
	r := c.Request
	age := ageOf(r.Patient, c.Created)
	out := consult.Request{
		Patient:  consult.Patient{Name: r.Patient.Name, Age: age, Sex: r.Patient.Sex, Confidential: r.Patient.Confidential},
		Question: r.Question, Specialty: r.Specialty, Complaint: r.Complaint, Diagnoses: r.Diagnoses, Companion: r.Companion,
	}
	if len(r.Vitals) > 0 {
		out.Vitals = r.Vitals[len(r.Vitals)-1:]
	}
	name, masked := patientLabel(c, seat)
	out.Patient.Name = name
	return out, masked
}

// patientLabel is the patient's name, masked when the case is handled
// confidentially and the reader takes no part in it. It never changes the order.
func patientLabel(c *consult.Case, seat auth.Seat) (string, bool) {
	name := c.Request.Patient.Name
	if !c.Request.Patient.Confidential || name == "" {
		return name, false
	}
	switch seat {
	case auth.SeatNone, auth.SeatInvited, auth.SeatInterpreter, auth.SeatObserver:
		first, _ := utf8.DecodeRuneInString(name)
		return string(first) + "＊＊", true
	}
	return name, false
}

// ageOf is the age in years, from the birth date as far as it is known.
func ageOf(p consult.Patient, at time.Time) *int {
	if p.Age != nil || len(p.Birth) < 4 {
		return p.Age
	}
	year, err := strconv.Atoi(p.Birth[:4])
	if err != nil {
		return nil
	}
	age := at.Year() - year
	if born, err := time.Parse("2006-01-02", p.Birth); err == nil && born.AddDate(age, 0, 0).After(at) {
		age--
	} else if month, err := time.Parse("2006-01", p.Birth); err == nil && month.Month() > at.Month() {
		age--
	}
	return &age
}

func numberOf(c *consult.Case) string { return strconv.FormatInt(c.Number, 10) }

// possible is what the reader may do now through the API: the lifecycle's
// answer, as far as the permission table agrees. Arriving, admitting and resuming
// happen in the room; starting now makes a case of its own.
func possible(by auth.Actor, c *consult.Case, o auth.Object) []consult.Verb {
	roles := make([]auth.Role, 0, len(by.Grants))
	for _, g := range by.Grants {
		roles = append(roles, g.Role)
	}
	return slices.DeleteFunc(c.Possible(o.Seat, roles...), func(v consult.Verb) bool {
		switch v {
		case consult.Start, consult.Arrive, consult.Admit, consult.Interrupt, consult.Resume, consult.Expire:
			return true
		case consult.Withdraw:
			return !slices.ContainsFunc(c.Consents, func(g consult.Consented) bool { return g.Withdrawn.IsZero() })
		case consult.Review:
			return !slices.ContainsFunc(c.Breaches, func(b consult.Breach) bool { return b.Reviewed.IsZero() })
		}
		return !auth.Allow(by, actionOf(v), o)
	})
}

// here are the acts on a case that are no steps of the lifecycle.
var here = []auth.Action{
	"case.read", "case.timeline", "case.vitals", "attachment.add", "attachment.read", "opinion.read",
	"chat.read", "chat.write", "room.speak", "room.share",
}

func mayHere(by auth.Actor, c *consult.Case, o auth.Object) []string {
	out := []string{}
	for _, act := range here {
		if auth.Allow(by, act, o) {
			out = append(out, string(act))
		}
	}
	if auth.Allow(by, "case.edit", o) && c.Editable() {
		out = append(out, "case.edit")
	}
	if auth.Allow(by, "opinion.draft", o) && c.State.Drafted() {
		out = append(out, "opinion.draft")
	}
	if auth.Allow(by, "room.enter", o) && roomOpen(roomCase(c)) {
		out = append(out, "room.enter")
	}
	return out
}

// phones are the numbers of the last resort.
func (n names) phones(c *consult.Case) []Phone {
	var out []Phone
	if in := n.institutions[c.Institution]; in.Telephone != "" {
		out = append(out, Phone{Of: "inviting", Name: in.Name, NameLatin: in.NameLatin, Number: in.Telephone})
	}
	if dep, ok := n.departments[c.Department]; ok && dep.Telephone != "" {
		out = append(out, Phone{Of: "department", Name: dep.Name, NameLatin: dep.NameLatin, Number: dep.Telephone})
	}
	if in, ok := n.institutions[c.Invited]; ok && in.Telephone != "" {
		out = append(out, Phone{Of: "invited", Name: in.Name, NameLatin: in.NameLatin, Number: in.Telephone})
	}
	return out
}

// Timeline is who did what, when: oldest first, and at the same instant by id.
func (d *Desk) Timeline(ctx context.Context, by auth.Actor, id string) ([]TimelineEntry, error) {
	c, err := d.open(ctx, by, id, "case.timeline")
	if err != nil {
		return nil, err
	}
	list, err := d.store.Timeline(ctx, by.Tenant, c.ID)
	if err != nil {
		return nil, hide(err)
	}
	ids := make([]string, 0, len(list))
	for _, e := range list {
		ids = append(ids, e.Person)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, ids...)
	if err != nil {
		return nil, hide(err)
	}
	out := make([]TimelineEntry, 0, len(list))
	for _, e := range list {
		t := TimelineEntry{ID: e.ID, At: e.At, Action: e.Action, From: e.From, To: e.To, Detail: e.Detail, Outcome: e.Outcome}
		if strings.HasPrefix(e.Action, "room.") {
			t.Detail = ""
			t.Lasted, t.Link = summarised(e.Detail)
		}
		if p, ok := n.people[e.Person]; ok {
			t.Person, t.Name = e.Person, p.Name
			place := e.Institution
			if place == "" {
				place = seatedAt(c, e.Person)
			}
			t.Institution = n.institutions[place].Name
		}
		out = append(out, t)
	}
	return out, nil
}
