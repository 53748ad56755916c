package rooms

import (
	"context"
	"fmt"
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// Rings is what rings for the person now.
func (d *Desk) Rings(ctx context.Context, by auth.Actor) ([]RingView, error) {
	now := d.now()
	list, n, err := d.ringing(ctx, by, now)
	if err != nil {
		return nil, hide(err)
	}
	out := make([]RingView, 0, len(list))
	for _, c := range list {
		v := RingView{
			Consult: c.ID, Number: c.Number, Urgency: c.Urgency, Specialty: c.Request.Specialty, Department: n.departmentOrNil(askedFor(&c, by.Person)),
			From: n.institution(c.Institution), Telephone: n.institutions[c.Institution].Telephone, Author: n.person(c.Author, c.Institution),
			Age: ageOf(c.Request.Patient, c.Created), Sex: c.Request.Patient.Sex, Question: c.Request.Question,
			Since: c.Since, Until: c.WaveEnds, Wave: c.Wave, Invitation: c.State != consult.Invited,
		}
		if v.Invitation {
			v.Until = time.Time{}
		}
		if d.reads.first(by.Person, c.ID, "ring.read", now) {
			if err := d.noteRead(ctx, d.entry(ctx, by, "ring.read", &c)); err != nil {
				return nil, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// ringing is the cases that ring for the person.
func (d *Desk) ringing(ctx context.Context, by auth.Actor, now time.Time) ([]consult.Case, names, error) {
	list, _, err := d.store.Cases(ctx, store.CaseFilter{Tenant: by.Tenant, Person: by.Person, Seats: []auth.Seat{auth.SeatInvited}, At: now,
		States: []consult.State{consult.Invited, consult.InCall, consult.Interrupted}})
	if err != nil {
		return nil, names{}, err
	}
	list = slices.DeleteFunc(list, func(c consult.Case) bool {
		return !slices.Contains(c.Ringing(now), by.Person) || !auth.Allow(by, "case.summary", c.Object(by.Person, now))
	})
	var people []string
	for _, c := range list {
		people = append(people, c.Author)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, people...)
	return list, n, err
}

// askedFor is the department for which the person was asked last.
func askedFor(c *consult.Case, person string) string {
	for _, a := range slices.Backward(c.Asked) {
		if a.Person == person {
			return a.Department
		}
	}
	return c.Department
}

// Board is the coordinator's live picture.
func (d *Desk) Board(ctx context.Context, by auth.Actor) (BoardView, error) {
	now := d.now()
	v := BoardView{At: now, Counts: []BoardCount{}, Rings: []BoardRing{}, Rooms: []BoardRoom{}}
	counts, err := d.store.Counts(ctx, by.Tenant, now)
	if err != nil {
		return v, hide(err)
	}
	for _, c := range counts {
		if c.State != consult.Draft && !slices.Contains(overStates, c.State) {
			v.Counts = append(v.Counts, BoardCount(c))
		}
	}
	list, _, err := d.store.Cases(ctx, store.CaseFilter{Tenant: by.Tenant, States: append([]consult.State{consult.Invited}, liveStates...), Limit: 500})
	if err != nil {
		return v, hide(err)
	}
	var people []string
	for i := range list {
		for _, a := range list[i].Asked {
			people = append(people, a.Person)
		}
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, people...)
	if err != nil {
		return v, hide(err)
	}
	live := map[string]RoomStatus{}
	if d.live != nil {
		for _, s := range d.live.All(by.Tenant) {
			live[s.Consult] = s
		}
	}
	for i := range list {
		c := &list[i]
		if c.State == consult.Invited && c.Wave == 0 {
			continue
		}
		if c.State == consult.Invited {
			v.Rings = append(v.Rings, n.boardRing(c))
		}
		if s, open := live[c.ID]; open || c.State != consult.Invited {
			v.Rooms = append(v.Rooms, n.boardRoom(c, s))
		}
	}
	duty, err := d.Duty(ctx, by)
	v.Duty = duty.Departments
	return v, err
}

func (n names) boardRing(c *consult.Case) BoardRing {
	r := BoardRing{Consult: c.ID, Number: c.Number, Institution: n.institution(c.Institution), Department: n.departmentOrNil(c.Department),
		Since: c.Since, Until: c.WaveEnds, Wave: c.Wave, Asked: c.Asked, People: []Named{}, Telephone: n.departments[c.Department].Telephone}
	orEmpty(&r.Asked)
	for _, a := range c.Asked {
		r.People = append(r.People, n.named(a.Person))
	}
	return r
}

func (n names) boardRoom(c *consult.Case, s RoomStatus) BoardRoom {
	r := BoardRoom{Consult: c.ID, Number: c.Number, State: c.State, Urgency: c.Urgency, Institution: n.institution(c.Institution),
		Department: n.departmentOrNil(c.Department), Since: c.Since, People: []BoardPerson{}}
	for _, p := range s.People {
		r.People = append(r.People, BoardPerson{ID: p.Person, Name: p.Name, NameLatin: p.NameLatin, Seat: string(p.Seat), Phase: string(p.Phase), Since: p.Since, Link: string(p.Link)})
	}
	return r
}

const (
	longestSearch   = 31 * 24 * time.Hour // of free time of experts
	longestSchedule = 42 * 24 * time.Hour // of bookings shown at once
	slotStep        = 15 * time.Minute
)

func span(from, to time.Time, longest time.Duration) error {
	if !to.After(from) || to.Sub(from) > longest {
		return &Error{Code: "invalid", Message: fmt.Sprintf("choose an end after the beginning, at most %d days later", longest/(24*time.Hour)), Missing: []string{"to"}}
	}
	return nil
}

// Experts lists who could be invited to the case, and when each is free.
func (d *Desk) Experts(ctx context.Context, by auth.Actor, id string, from, to time.Time, length time.Duration) ([]ExpertView, error) {
	if err := span(from, to, longestSearch); err != nil {
		return nil, err
	}
	c, err := d.store.Case(ctx, by.Tenant, id)
	if err != nil {
		return nil, hide(err)
	}
	now := d.now()
	if err := allow(by, "consult.invite", c, now); err != nil {
		d.refused(ctx, by, "consult.invite", id)
		return nil, err
	}
	list, err := d.store.People(ctx, store.PeopleFilter{Tenant: by.Tenant, Role: auth.Expert, At: now})
	if err != nil {
		return nil, hide(err)
	}
	ids := make([]string, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	f := consult.Facts{Agreements: map[string]string{}, Experts: map[string]consult.Expert{}}
	if err := d.know(ctx, d.store.Reader, c, ids, "", now, &f); err != nil {
		return nil, hide(err)
	}
	busy, err := d.store.Busy(ctx, by.Tenant, append(slices.Clone(ids), c.Author), from, to, c.ID)
	if err != nil {
		return nil, hide(err)
	}
	duties, err := d.store.Duties(ctx, by.Tenant, now)
	if err != nil {
		return nil, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, ids...)
	if err != nil {
		return nil, hide(err)
	}
	present := d.presentOrNobody(ctx, by.Tenant)
	out := []ExpertView{}
	for _, p := range list {
		e := f.Experts[p.ID]
		if seat := c.SeatOf(p.ID, now); !e.Licensed || seat == auth.SeatOwner || seat == auth.SeatAccompanying {
			continue
		}
		v := ExpertView{Person: n.person(p.ID, e.Institution), Department: e.Department, Online: present[p.ID].Online,
			Agreement: e.Institution == c.Institution || f.Agreements[e.Institution] != "", Busy: []Slot{}, Free: []Slot{}}
		for _, duty := range duties {
			if duty.Person != p.ID {
				continue
			}
			if here := n.departments[duty.Department].Institution == e.Institution; here || !v.OnDuty {
				v.OnDuty, v.Department = true, duty.Department
			}
		}
		addTimes(&v, busy, c.Author, from, to, length)
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b ExpertView) int { return fitness(c, b) - fitness(c, a) })
	return out, nil
}

// fitness puts first who has the wanted specialty, then who may be asked at all,
// then who is on duty.
func fitness(c *consult.Case, v ExpertView) int {
	score := 0
	if v.Person.Specialty == c.Request.Specialty {
		score += 4
	}
	if v.Agreement {
		score += 2
	}
	if v.OnDuty {
		score++
	}
	return score
}

// addTimes adds when the expert is taken, and when both the expert and the
// requester are free.
func addTimes(v *ExpertView, busy []store.BusyInterval, author string, from, to time.Time, length time.Duration) {
	var taken []schedule.Interval
	for _, b := range busy {
		switch b.Person {
		case v.Person.ID:
			v.Busy = append(v.Busy, Slot{Start: b.Start, End: b.End})
			taken = append(taken, schedule.Interval{Start: b.Start, End: b.End})
		case author:
			taken = append(taken, schedule.Interval{Start: b.Start, End: b.End})
		}
	}
	for _, free := range schedule.Free(taken, schedule.Interval{Start: from, End: to}, length, slotStep) {
		v.Free = append(v.Free, Slot{Start: free.Start, End: free.End})
	}
}

// Schedule is the bookings of a stretch of time by expert. Who does not
// coordinate sees the own row.
func (d *Desk) Schedule(ctx context.Context, by auth.Actor, from, to time.Time) (ScheduleView, error) {
	if err := span(from, to, longestSchedule); err != nil {
		return ScheduleView{}, err
	}
	now := d.now()
	coordinates := by.Has(auth.Coordinator)
	f := store.PeopleFilter{Tenant: by.Tenant, Role: auth.Expert, At: now}
	if !coordinates {
		f.IDs = []string{by.Person}
	}
	list, err := d.store.People(ctx, f)
	if err != nil {
		return ScheduleView{}, hide(err)
	}
	ids := make([]string, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	v := ScheduleView{From: from, To: to, Rows: []ScheduleRow{}}
	if len(ids) == 0 {
		return v, nil
	}
	busy, err := d.store.Busy(ctx, by.Tenant, ids, from, to, "")
	if err != nil {
		return v, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, ids...)
	if err != nil {
		return v, hide(err)
	}
	cases := map[string]*consult.Case{}
	for _, b := range busy {
		if cases[b.Case] == nil {
			if cases[b.Case], err = d.store.Case(ctx, by.Tenant, b.Case); err != nil {
				return v, hide(err)
			}
		}
	}
	for _, id := range ids {
		row := ScheduleRow{Person: n.person(id, ""), Bookings: []ScheduleBooking{}}
		for _, b := range busy {
			if b.Person == id {
				row.Bookings = append(row.Bookings, n.booked(by, cases[b.Case], b, now))
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

func (n names) booked(by auth.Actor, c *consult.Case, b store.BusyInterval, now time.Time) ScheduleBooking {
	s := ScheduleBooking{Consult: c.ID, Number: c.Number, State: c.State, Urgency: c.Urgency, Start: b.Start, End: b.End, Institution: n.institution(c.Institution)}
	if o := c.Object(by.Person, now); auth.Allow(by, "case.summary", o) {
		s.Patient, _ = patientLabel(c, o.Seat)
	}
	if c.Booking != nil {
		s.Clashes = c.Booking.Clashes
	}
	return s
}

// Audit is the audit trail.
func (d *Desk) Audit(ctx context.Context, by auth.Actor, in AuditFilter) (AuditPage, error) {
	list, next, err := d.store.AuditTrail(ctx, store.AuditFilter{Tenant: by.Tenant, Person: in.Person, Case: in.Case, Action: in.Action, From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return AuditPage{}, hide(err)
	}
	ids := make([]string, 0, len(list))
	for _, e := range list {
		ids = append(ids, e.Person)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, ids...)
	if err != nil {
		return AuditPage{}, hide(err)
	}
	page := AuditPage{Items: make([]AuditEntry, 0, len(list)), Next: next}
	for _, e := range list {
		page.Items = append(page.Items, AuditEntry{ID: e.ID, At: e.At, Person: e.Person, Name: n.people[e.Person].Name, NameLatin: n.people[e.Person].NameLatin, Address: e.IP,
			Institution: n.institutions[e.Institution].Name, Action: e.Action, Case: e.Case, From: e.From, To: e.To, Detail: e.Detail, Outcome: e.Outcome})
	}
	if d.reads.first(by.Person, "", "audit.read", d.now()) {
		err = d.noteRead(ctx, d.entry(ctx, by, "audit.read", nil))
	}
	return page, err
}

// Quality is a sample of closed consults without names, for review.
func (d *Desk) Quality(ctx context.Context, by auth.Actor, limit int) ([]SampleView, error) {
	list, _, err := d.store.Cases(ctx, store.CaseFilter{Tenant: by.Tenant, States: []consult.State{consult.Closed, consult.FollowUp, consult.Decided}, Order: store.ByNewest, Limit: limit})
	if err != nil {
		return nil, hide(err)
	}
	out := make([]SampleView, 0, len(list))
	for _, c := range list {
		v := SampleView{Kind: c.Kind, Urgency: c.Urgency, Specialty: c.Request.Specialty, Sex: c.Request.Patient.Sex, Question: masked(c.Request.Question, &c)}
		if age := ageOf(c.Request.Patient, c.Created); age != nil {
			v.AgeBand = fmt.Sprintf("%d-%d", *age/10*10, *age/10*10+9)
		}
		versions, err := d.store.Opinions(ctx, by.Tenant, c.ID)
		if err != nil {
			return nil, hide(err)
		}
		if len(versions) > 0 {
			content := maskedOpinion(versions[0].Content, &c)
			v.Opinion = &content
			v.Minutes = int(versions[0].Signed.Sub(c.Created).Minutes())
		}
		if c.Decision != nil {
			v.Choice = c.Decision.Choice
		}
		out = append(out, v)
	}
	if err := d.store.Audit(ctx, d.entry(ctx, by, "quality.sample", nil)); err != nil {
		return nil, hide(err)
	}
	return out, nil
}
