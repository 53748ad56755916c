package rooms

import (
	"context"
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// States in which a case is over, and in which a call is going on.
var (
	overStates = []consult.State{consult.Closed, consult.Cancelled, consult.Expired, consult.NoShow}
	liveStates = []consult.State{consult.Waiting, consult.InCall, consult.Interrupted}
)

// seatsThatRead are the seats that open at least a case's summary: all but the
// guests'.
var seatsThatRead = []auth.Seat{auth.SeatOwner, auth.SeatAccompanying, auth.SeatInvited, auth.SeatExpert, auth.SeatChair, auth.SeatMember, auth.SeatBreakGlass}

// Consults lists consults that concern the reader. The order is clinical urgency,
// then due time; ended ones come newest first.
func (d *Desk) Consults(ctx context.Context, by auth.Actor, in ListFilter) (Lines, error) {
	now := d.now()
	f := store.CaseFilter{Tenant: by.Tenant, At: now, Query: in.Query, Reader: by.Person, Limit: in.Limit, Cursor: in.Cursor}
	for _, s := range in.States {
		f.States = append(f.States, consult.State(s))
	}
	coordinates := Somewhere(by, "queue.read")
	if !coordinates || in.Scope == "mine" {
		f.Person = by.Person
	}
	if in.Query != "" && !coordinates {
		f.Seats = seatsThatRead // that a search finds a case already says what is in it
	}
	var list []consult.Case
	var next string
	var err error
	switch in.Scope {
	case "queue":
		if !coordinates {
			return Lines{}, errForbidden
		}
		f.NotStates = append([]consult.State{consult.Draft}, overStates...)
		list, next, err = d.store.Cases(ctx, f)
	case "today":
		list, err = d.today(ctx, by, f, in.Zone, now)
	case "closed":
		f.Order = store.ByNewest
		if f.States == nil {
			f.States = overStates
		}
		list, next, err = d.store.Cases(ctx, f)
	default:
		if f.States == nil {
			f.NotStates = overStates
		}
		list, next, err = d.store.Cases(ctx, f)
	}
	if err != nil {
		return Lines{}, hide(err)
	}
	list = slices.DeleteFunc(list, func(c consult.Case) bool { return !auth.Visible(by, c.Object(by.Person, now)) })
	items, err := d.lines(ctx, by, list, now)
	if err != nil {
		return Lines{}, hide(err)
	}
	if len(items) > 0 && d.reads.first(by.Person, in.Scope, "case.list", now) {
		e := d.entry(ctx, by, "case.list", nil)
		e.Detail = in.Scope
		if err := d.noteRead(ctx, e); err != nil {
			return Lines{}, err
		}
	}
	return Lines{Items: items, Next: next}, nil
}

// today is what is booked for the day, and what is live.
func (d *Desk) today(ctx context.Context, by auth.Actor, f store.CaseFilter, zone string, now time.Time) ([]consult.Case, error) {
	day := d.day(ctx, by, zone, now)
	f.Cursor, f.Limit = "", 500
	live := f
	f.Order, f.From, f.To = store.ByStart, day.Start, day.End
	f.NotStates = []consult.State{consult.Cancelled, consult.Expired}
	list, _, err := d.store.Cases(ctx, f)
	if err != nil {
		return nil, err
	}
	if live.States == nil {
		live.States = append([]consult.State{consult.Invited}, liveStates...)
	}
	now2, _, err := d.store.Cases(ctx, live)
	for _, c := range now2 {
		rings := c.State != consult.Invited || c.Wave > 0
		if rings && !slices.ContainsFunc(list, func(x consult.Case) bool { return x.ID == c.ID }) {
			list = append(list, c)
		}
	}
	return list, err
}

// day is the calendar day on the clock asked for, or the person's own, or UTC.
func (d *Desk) day(ctx context.Context, by auth.Actor, wanted string, now time.Time) schedule.Interval {
	if wanted == "" {
		if p, err := d.store.Colleague(ctx, by.Tenant, by.Person); err == nil {
			wanted = p.Zone
		}
	}
	day, err := schedule.Day(now, wanted)
	if err != nil {
		day, _ = schedule.Day(now, "UTC") // which every machine knows
	}
	return day
}

// lines turns cases into rows.
func (d *Desk) lines(ctx context.Context, by auth.Actor, list []consult.Case, now time.Time) ([]Line, error) {
	out := make([]Line, 0, len(list))
	var people, own []string
	for i := range list {
		people = append(people, list[i].Author)
		people = append(people, consultants(&list[i])...)
		if list[i].Author == by.Person {
			own = append(own, list[i].ID)
		}
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, people...)
	if err != nil {
		return nil, err
	}
	unread, err := d.store.UnreadOpinions(ctx, by.Tenant, by.Person, own)
	if err != nil {
		return nil, err
	}
	for i := range list {
		out = append(out, n.line(by, &list[i], now, unread[list[i].ID]))
	}
	return out, nil
}

// consultants is who accepted; before anybody has, who was asked.
func consultants(c *consult.Case) []string {
	if in := c.In(auth.SeatExpert, auth.SeatChair, auth.SeatMember); len(in) > 0 {
		return in
	}
	return c.In(auth.SeatInvited)
}

func (n names) line(by auth.Actor, c *consult.Case, now time.Time, unread bool) Line {
	o := c.Object(by.Person, now)
	l := Line{
		ID: c.ID, Number: c.Number, Version: c.Version, State: c.State, Since: c.Since, Due: c.Due, Created: c.Created,
		Kind: c.Kind, Urgency: c.Urgency, StartNow: c.StartNow, Masked: true,
		Institution: n.institution(c.Institution), Invited: n.institutionOrNil(c.Invited), Department: n.departmentOrNil(c.Department),
		Author: n.named(c.Author), Experts: []Named{}, Booking: c.Booking, WaitsFor: string(c.WaitsFor()), Seat: string(o.Seat),
		Possible: possible(by, c, o), Unread: unread,
	}
	if auth.Allow(by, "case.summary", o) { // a guest in the call learns nothing of the record
		l.Specialty, l.Question = c.Request.Specialty, c.Request.Question
		l.Age, l.Sex = ageOf(c.Request.Patient, c.Created), c.Request.Patient.Sex
		l.Patient, l.Masked = patientLabel(c, o.Seat)
	}
	for _, id := range consultants(c) {
		l.Experts = append(l.Experts, n.named(id))
	}
	orEmpty(&l.Possible)
	return l
}
