package consult

import (
	"reflect"
	"slices"
	"time"

	"consilium/auth"
)

// move is one command on its way through the table: the case as it will be, and
// what the guards look at.
type move struct {
	c     *Case // a copy; it replaces the case only when every guard agreed
	cmd   Command
	by    auth.Actor
	seat  auth.Seat
	now   time.Time
	facts Facts
	event *Event
}

// Apply does one command to the case, or refuses and leaves it as it was. It is
// the only way in which the state of a case changes.
func (c *Case) Apply(cmd Command, by auth.Actor, now time.Time, f Facts) (Event, error) {
	now = instant(now)
	if v := reflect.ValueOf(cmd); v.Kind() == reflect.Pointer && !v.IsNil() {
		cmd = v.Elem().Interface().(Command)
	}
	m := &move{c: c.clone(), cmd: cmd, by: by, seat: c.SeatOf(by.Person, now), now: now, facts: f}
	m.event = &Event{Verb: cmd.Verb()}
	r, err := m.find()
	if err != nil {
		return Event{}, err
	}
	for _, guard := range r.guards {
		if e := guard(m); e != nil {
			return Event{}, e
		}
	}
	if r.does != nil {
		r.does(m)
	}
	to := c.State
	if r.to != stay {
		to = r.to
	}
	m.enter(to, r.to != stay)
	return m.commit(c), nil
}

// find is the row of the table for this command, or why there is none.
func (m *move) find() (row, error) {
	verb, who := m.cmd.Verb(), m.parties()
	forbidden := false // some row has the verb for this state, but not for this person
	for _, r := range table {
		if r.verb != verb || !slices.Contains(r.from, m.c.State) || r.when != nil && !r.when(m) {
			continue
		}
		if r.who&who == 0 {
			forbidden = true
			continue
		}
		return r, nil
	}
	if verb == Accept && m.c.answerOf(m.by.Person) == "taken" {
		return row{}, refuse(Taken, "A colleague has accepted this consult already. There is nothing left for you to do.")
	}
	possible := m.possible()
	if forbidden {
		return row{}, &Error{Code: NotYours, Message: "This step belongs to somebody else in this consult.", Possible: possible}
	}
	return row{}, &Error{Code: StateForbids, Message: "This is not possible while the consult is " + inWords[m.c.State] + ".", Possible: possible}
}

// enter puts the case into the state. Since and Due change only with the state,
// or when a row renews it (a second invitation, a new booking).
func (m *move) enter(to State, moved bool) {
	c := m.c
	if !moved {
		return
	}
	c.State, c.Since = to, m.now
	c.Due = m.times().due(c)
	if c.Triage != nil && c.Triage.Override != "" && to == Triaged && m.cmd.Verb() == Triage {
		c.Due = m.now // moved to the front of its urgency: due at once
	}
	if to.Over() {
		c.Ended = m.now
		m.release()
	}
}

// commit writes the copy over the case and completes the event.
func (m *move) commit(c *Case) Event {
	e := m.event
	e.Case, e.Tenant, e.By, e.At = c.ID, c.Tenant, m.by.Person, m.now
	e.From, e.To = c.State, m.c.State
	e.People = union(c.people(), m.c.people())
	m.c.Version = c.Version + 1
	*c = *m.c
	e.Version, e.Timers = c.Version, m.times().Timers(c)
	return *e
}

func (m *move) times() *Times {
	if m.facts.Times != nil {
		return m.facts.Times
	}
	return &Standard
}

// instant is the time as it is kept: UTC, whole milliseconds, so that it is the
// same after a round trip through either database.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
