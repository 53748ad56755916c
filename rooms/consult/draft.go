package consult

import (
	"maps"
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/schedule"
)

// Opening is what a new case begins with.
type Opening struct {
	ID          string
	Number      int64
	Institution string // the inviting institution, at which the author holds the requester's role
	Kind        Kind
	Urgency     Urgency
	Request     Request
}

// New opens a draft that belongs to its author.
func New(o Opening, by auth.Actor, now time.Time) (*Case, Event) {
	now = instant(now)
	c := &Case{
		ID: o.ID, Tenant: by.Tenant, Number: o.Number, Version: 1, State: Draft, Since: now, Created: now,
		Kind: o.Kind, Urgency: o.Urgency, Institution: o.Institution, Author: by.Person, Request: o.Request,
		Members:  []Member{{Person: by.Person, Institution: o.Institution, Seat: auth.SeatOwner, Since: now}},
		Consents: []Consented{}, Outcomes: []Outcome{},
	}
	if c.Kind == "" {
		c.Kind = Video
	}
	if c.Urgency == "" {
		c.Urgency = Routine
	}
	c.Request = o.Request.clone()
	c.Request.measured(nil, by.Person, now)
	c.accompany(o.Request.Companion, now)
	return c, Event{
		Case: c.ID, Tenant: c.Tenant, From: Draft, To: Draft, By: by.Person, At: now, Version: 1,
		People: c.people(), Timers: Standard.Timers(c),
	}
}

// accompany gives the accompanying clinician's seat to the person, and to
// nobody else. Whoever calls has made sure that they work at the institution.
func (c *Case) accompany(person string, now time.Time) {
	c.Request.Companion = person
	c.Members = slices.DeleteFunc(c.Members, func(m Member) bool {
		return m.Seat == auth.SeatAccompanying && m.Person != person
	})
	if person != "" && person != c.Author && !has(c.In(auth.SeatAccompanying), person) {
		c.Members = append(c.Members, Member{Person: person, Institution: c.Institution, Seat: auth.SeatAccompanying, Since: now})
	}
}

// Edit is a change of the request outside the lifecycle (saved as one types).
type Edit struct {
	Request Request `json:"request"`
	Kind    Kind    `json:"kind,omitempty" enum:",video,asynchronous,diagnosis,mdt,teaching" doc:"empty: unchanged"`
	Urgency Urgency `json:"urgency,omitempty" enum:",emergency,urgent,routine" doc:"empty: unchanged; triage has the last word"`
}

// Editable reports whether the request may still be written: before it is sent
// or after it was returned, and until the opinion is signed when it began with a
// handful of fields.
func (c *Case) Editable() bool {
	switch c.State {
	case Draft, Returned:
		return true
	case Invited, Accepted, Scheduled, Ready, Waiting, InCall, Interrupted, Async, OpinionDue:
		return c.StartNow
	}
	return false
}

// Edit replaces the request. Vitals are added by AddVitals and stay; kind and
// urgency change only before the request is sent.
func (c *Case) Edit(e Edit, by auth.Actor, now time.Time) (Event, error) {
	m, err := c.touch(by, now)
	if err != nil {
		return Event{}, err
	}
	if !c.Editable() {
		return Event{}, &Error{Code: StateForbids, Message: "The request can no longer be changed. Add measurements, or write in the consult's chat.", Possible: m.possible()}
	}
	d := m.c
	if err := e.Request.fits(); err != nil {
		return Event{}, err
	}
	companion, vitals := e.Request.Companion, d.Request.Vitals
	d.Request = e.Request.clone()
	if c.State != Draft {
		d.Request.Vitals = vitals
	}
	d.Request.measured(vitals, by.Person, m.now)
	if c.SeatOf(by.Person, m.now) == auth.SeatOwner {
		d.accompany(companion, m.now)
	} else {
		d.Request.Companion = c.Request.Companion
	}
	if c.State == Draft || c.State == Returned {
		if e.Kind != "" {
			d.Kind = e.Kind
		}
		if e.Urgency != "" {
			d.Urgency = e.Urgency
		}
	}
	return m.commit(c), nil
}

// fits holds what the API's validation cannot say about a request that need not
// be complete yet.
func (r Request) fits() *Error {
	if r.Specialty != "" {
		if err := specialtyOf(r.Specialty); err != nil {
			return err
		}
	}
	if len(r.Data) > maxData {
		return lacking(GuardKnown, []string{"data"}, "There are too many entries.")
	}
	for key, text := range r.Data {
		if len(key) > 64 || len(text) > maxDatum {
			return lacking(GuardKnown, []string{"data." + key[:min(len(key), 64)]}, "This entry is too long. Put the text into the history or attach a document.")
		}
	}
	return nil
}

const (
	maxData  = 60     // entries of a minimum data set
	maxDatum = 12_000 // bytes of one entry: 4000 Chinese characters
)

// measured signs the sets of measurements that are new with who entered them.
func (r *Request) measured(before []Vitals, by string, now time.Time) {
	for i, v := range r.Vitals {
		if v.Taken.IsZero() {
			v.Taken = now
		}
		v.Taken = instant(v.Taken)
		if j := slices.IndexFunc(before, func(old Vitals) bool { return digest(old) == digest(v) }); j < 0 {
			v.By = by
		}
		r.Vitals[i] = v
	}
}

// AddVitals adds one set of measurements, until the opinion is signed.
func (c *Case) AddVitals(v Vitals, by auth.Actor, now time.Time) (Event, error) {
	m, err := c.touch(by, now)
	if err != nil {
		return Event{}, err
	}
	switch {
	case c.State.Over() || has(answered, c.State):
		return Event{}, &Error{Code: StateForbids, Message: "The opinion is signed: measurements taken now belong to the outcome or to a new consult.", Possible: m.possible()}
	case v.Empty():
		return Event{}, lacking(GuardIncomplete, []string{"vitals"}, "Enter at least one measurement.")
	case v.Taken.After(m.now.Add(5 * time.Minute)):
		return Event{}, refuse(GuardTime, "The measurement's time is in the future.")
	case len(c.Request.Vitals) >= 200:
		return Event{}, refuse(GuardKnown, "There are 200 sets of measurements already.")
	}
	if v.Taken.IsZero() {
		v.Taken = m.now
	}
	v.Taken, v.By = instant(v.Taken), by.Person
	m.c.Request.Vitals = append(m.c.Request.Vitals, v)
	return m.commit(c), nil
}

// touch begins a change by the clinicians beside the patient that is no step of
// the lifecycle.
func (c *Case) touch(by auth.Actor, now time.Time) (*move, error) {
	now = instant(now)
	m := &move{c: c.clone(), by: by, seat: c.SeatOf(by.Person, now), now: now, event: &Event{}}
	if m.parties()&bedside == 0 {
		return nil, &Error{Code: NotYours, Message: "Only the clinicians beside the patient write the request.", Possible: m.possible()}
	}
	return m, nil
}

// clone copies everything that a move may write.
func (c *Case) clone() *Case {
	d := *c
	d.Request = c.Request.clone()
	d.Members = slices.Clone(c.Members)
	d.Consents = slices.Clone(c.Consents)
	d.Asked = slices.Clone(c.Asked)
	d.Outcomes = slices.Clone(c.Outcomes)
	d.Breaches = slices.Clone(c.Breaches)
	return &d // the rest is replaced whole, never written in place
}

func (r Request) clone() Request {
	r.Vitals = slices.Clone(r.Vitals)
	r.Diagnoses = slices.Clone(r.Diagnoses)
	r.Data = maps.Clone(r.Data)
	return r
}

// Interval is the booked time.
func (b Booking) Interval() schedule.Interval { return schedule.Interval{Start: b.Start, End: b.End} }

// Hold is one person's time as the store keeps it busy. Two exclusive holds of
// one person never overlap; one that is not exclusive is shown and hinders
// nothing: an emergency may override a booking.
type Hold struct {
	Person    string
	Exclusive bool
	schedule.Interval
}

// Holds is whose time the case takes, when.
func (c *Case) Holds() []Hold {
	if c.Booking == nil || !slices.Contains(meets, c.State) {
		return nil
	}
	var out []Hold
	for _, p := range c.Booking.People {
		out = append(out, Hold{p, len(c.Booking.Clashes) == 0 && !c.rang(), c.Booking.Interval()})
	}
	return out
}

// meets are the states in which the two sides will meet or are meeting: a call
// that ended early gives the rest of its time back.
var meets = in(Scheduled, Ready, Waiting, InCall, Interrupted)

// rang reports whether the call rang: nobody prepared for it.
func (c *Case) rang() bool { return !c.Began.IsZero() && c.Prepared == nil }

// Waits names whose step is next.
type Waits string

const (
	ForNobody      Waits = ""
	ForRequester   Waits = "requester"
	ForCoordinator Waits = "coordinator"
	ForExpert      Waits = "expert"
	ForBoth        Waits = "both" // the two sides meet, or talk
)

// WaitsFor is whose step is next.
func (c *Case) WaitsFor() Waits {
	switch c.State {
	case Draft, Returned, Scheduled, Signed, Decided, FollowUp:
		return ForRequester
	case Submitted, Triaged, Accepted:
		return ForCoordinator
	case Invited, Waiting, Async, OpinionDue:
		return ForExpert
	case Ready, InCall, Interrupted:
		return ForBoth
	}
	return ForNobody
}
