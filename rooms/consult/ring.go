package consult

import (
	"slices"
	"time"

	"consilium/auth"
)

// ask invites the person and seats them as invited. Whoever is asked again
// keeps their earlier answers in the record; of their invitations only the last
// is open.
func (m *move) ask(person, institution, department string) {
	c := m.c
	if c.SeatOf(person, m.now) == auth.SeatInvited && c.answerOf(person) == "" {
		m.answer(person, "unanswered", "")
	}
	c.seat(person, institution, auth.SeatInvited, m.now, time.Time{})
	c.Asked = append(c.Asked, Asked{Person: person, Department: department, At: m.now, Wave: c.Wave})
	m.event.Asked = append(m.event.Asked, person)
}

// answer closes the person's last invitation.
func (m *move) answer(person, answer, reason string) {
	asked := m.c.Asked
	for i := len(asked) - 1; i >= 0; i-- {
		if asked[i].Person != person {
			continue
		}
		if asked[i].Answer == "" {
			m.event.Released = append(m.event.Released, person)
		}
		asked[i].Answer, asked[i].Reason, asked[i].Answered = answer, reason, m.now
		return
	}
}

// answerOf is what the person answered last, or what became of the invitation.
func (c *Case) answerOf(person string) string {
	for _, a := range slices.Backward(c.Asked) {
		if a.Person == person {
			return a.Answer
		}
	}
	return ""
}

// hasDeclined reports whether the person has declined since the last triage.
func (c *Case) hasDeclined(person string) bool {
	return slices.ContainsFunc(c.Asked, func(a Asked) bool {
		return a.Person == person && a.Answer == "declined" && a.Answered.After(c.Triage.At)
	})
}

// hasRung reports whether the person's last invitation rang.
func (c *Case) hasRung(person string) bool {
	for _, a := range slices.Backward(c.Asked) {
		if a.Person == person {
			return a.Wave > 0
		}
	}
	return false
}

// eligible is whom of the group may be rung now: licensed, under an agreement,
// and not beside the patient.
func (m *move) eligible(g Group) []string {
	if m.agreement(g.Institution) == "" && g.Institution != m.c.Institution {
		return nil
	}
	var out []string
	for _, p := range g.People {
		if m.facts.Experts[p].Licensed && !inviting(m.c.SeatOf(p, m.now)) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// ring starts the next wave: the first group in line with somebody who has not
// been asked. Groups in which nobody's app can ring are asked as well, but the
// ring goes on to the next one at once. Again includes those who were rung
// before. It reports whether anybody was asked.
func (m *move) ring(again bool) bool {
	c, heard := m.c, false
	wave := c.Wave + 1
	for _, g := range m.facts.Roster {
		people := slices.DeleteFunc(m.eligible(g), func(p string) bool {
			switch c.SeatOf(p, m.now) {
			case auth.SeatNone, auth.SeatBreakGlass:
				return c.hasDeclined(p)
			case auth.SeatInvited:
				return c.hasRung(p) && !again
			}
			return true
		})
		if len(people) == 0 {
			continue
		}
		c.Wave = wave
		c.Invited, c.Department, c.Agreement = g.Institution, g.Department, m.agreement(g.Institution)
		for _, p := range people {
			m.ask(p, g.Institution, g.Department)
			heard = heard || slices.Contains(g.Armed, p)
		}
		if heard {
			break
		}
		m.event.Unheard = true
	}
	c.Unheard = !heard
	m.event.Unheard = m.event.Unheard || c.Unheard
	if len(m.event.Asked) > 0 {
		c.WaveEnds = m.now.Add(m.times().Ring)
	}
	return len(m.event.Asked) > 0
}

// start: an emergency is triaged by its nature and invited by the roster.
func (m *move) start() {
	c, cmd := m.c, m.cmd.(StartCmd)
	c.StartNow, c.Urgency, c.Kind = true, Emergency, Video
	c.Request.Patient, c.Request.Question = cmd.Patient, cmd.Question
	c.Request.Specialty, c.Request.Complaint = cmd.Specialty, cmd.Complaint
	if cmd.Vitals != nil {
		v := *cmd.Vitals
		v.By = m.by.Person
		if v.Taken.IsZero() {
			v.Taken = m.now
		}
		v.Taken = instant(v.Taken)
		c.Request.Vitals = append(c.Request.Vitals, v)
	}
	if cmd.Companion != "" {
		c.accompany(cmd.Companion, m.now)
	}
	c.Deferred = cmd.ConsentDeferred
	if cmd.Consent != nil {
		m.record(*cmd.Consent)
	}
	c.Triage = &Triaging{By: m.by.Person, At: m.now, Grounds: "start now"}
	first := m.facts.Roster[0]
	c.Invited, c.Department, c.Agreement = first.Institution, first.Department, m.agreement(first.Institution)
	c.Wave = 0
	m.ring(false)
	c.Wave = max(c.Wave, 1) // it rings even when there is nobody to ring yet
}

// escalate: the wave went unanswered. Who did not answer may still accept, but
// their ring stops and the next in line rings. When the line is at its end the
// system stops; a person who asks again rings everybody who has not declined.
func (m *move) escalate() {
	c := m.c
	m.event.Unheard = true
	for i, a := range c.Asked {
		if a.Answer == "" {
			c.Asked[i].Answer, c.Asked[i].Answered = "unanswered", m.now
			m.event.Released = append(m.event.Released, a.Person)
		}
	}
	if m.ring(false) || m.by.Person == SystemPerson {
		return
	}
	c.Wave++
	c.WaveEnds = m.now.Add(m.times().Ring)
	for _, s := range slices.Clone(c.Members) {
		if s.Seat == auth.SeatInvited {
			m.ask(s.Person, s.Institution, c.departmentOf(s.Person))
		}
	}
	c.Unheard = len(m.event.Asked) == 0
}

// departmentOf is the department for which the person was asked last.
func (c *Case) departmentOf(person string) string {
	for _, a := range slices.Backward(c.Asked) {
		if a.Person == person {
			return a.Department
		}
	}
	return ""
}

// invite asks the named people, or those on duty in the department.
func (m *move) invite() {
	c, cmd := m.c, m.cmd.(InviteCmd)
	if c.Kind == MDT && cmd.Chair != "" {
		c.Chair = cmd.Chair
	}
	if cmd.Ring && cmd.Department != "" && len(cmd.People) == 0 {
		m.ring(true) // by the roster: first on duty, then the deputies, then the next department
		return
	}
	if cmd.Ring || c.Wave > 0 { // it rings already: the newcomers ring too
		if c.Wave == 0 || !m.now.Before(c.WaveEnds) {
			c.Wave++
		}
		c.WaveEnds, c.Unheard = m.now.Add(m.times().Ring), false
	}
	for _, p := range m.wanted() {
		if c.SeatOf(p, m.now) == auth.SeatInvited && c.answerOf(p) == "" && c.Wave == 0 {
			continue
		}
		e := m.facts.Experts[p]
		department := cmd.Department
		if department == "" {
			department = e.Department
		}
		m.ask(p, e.Institution, department)
		c.Invited, c.Department, c.Agreement = e.Institution, department, m.agreement(e.Institution)
	}
}

// wanted is whom an act is about: the people it names, the department's people
// on duty, or the actor.
func (m *move) wanted() []string {
	switch cmd := m.cmd.(type) {
	case InviteCmd:
		people := union(cmd.People)
		for _, g := range m.facts.Roster {
			if cmd.Department != "" && len(cmd.People) == 0 && (g.Department == cmd.Department || cmd.Ring) {
				people = union(people, m.eligible(g))
			}
		}
		return people
	case JoinCmd:
		return []string{cmd.Person}
	case AcceptCmd:
		return []string{m.by.Person}
	}
	return nil
}

// seatSelf seats the one who accepts.
func (m *move) seatSelf() {
	c, p := m.c, m.by.Person
	seat := auth.SeatExpert
	if c.Kind == MDT {
		seat = auth.SeatMember
		if p == c.Chair {
			seat = auth.SeatChair
		}
	}
	m.answer(p, "accepted", "")
	c.seat(p, m.facts.Experts[p].Institution, seat, m.now, time.Time{})
	if m.meetingAhead() { // their time is booked as well
		b := *c.Booking
		b.People = union(b.People, []string{p})
		b.Clashes = union(b.Clashes, m.clashes(b))
		c.Booking = &b
	}
}

// meetingAhead: the two sides have a time at which they will meet. Whoever is
// asked into a call that runs already decides alone what to leave for it.
func (m *move) meetingAhead() bool {
	return m.c.State == Scheduled || m.c.State == Ready || m.c.State == Waiting
}

// take: the first to accept has the case; the others are released. An MDT keeps
// its invited members.
func (m *move) take() {
	c, p := m.c, m.by.Person
	c.Department = c.departmentOf(p)
	c.Invited = m.facts.Experts[p].Institution
	c.Agreement = m.agreement(c.Invited)
	m.seatSelf()
	if c.Kind == MDT {
		return
	}
	for _, other := range c.In(auth.SeatInvited) {
		m.answer(other, "taken", "")
		c.unseat(other)
	}
	c.Wave, c.WaveEnds, c.Unheard = 0, time.Time{}, false
}

// takeCall: an emergency's acceptance counts as admission. The expert's time is
// taken from now; what it clashes with is shown, not refused.
func (m *move) takeCall() {
	m.take()
	c := m.c
	c.Arrived = union(c.Arrived, []string{c.Author, m.by.Person})
	c.Began = m.now
	c.Booking = &Booking{Start: m.now, End: m.now.Add(m.times().CallLength), People: []string{c.Author, m.by.Person}}
	c.Booking.Clashes = m.clashes(*c.Booking)
}

// decline takes the person out of the case, who has given a reason.
func (m *move) decline() {
	c, p := m.c, m.by.Person
	m.answer(p, "declined", m.cmd.(DeclineCmd).Reason)
	c.unseat(p)
	if c.Booking != nil {
		b := *c.Booking
		b.People = slices.DeleteFunc(slices.Clone(b.People), func(q string) bool { return q == p })
		c.Booking = &b
	}
	if c.State == Invited && c.Wave > 0 && !c.Unheard && !slices.ContainsFunc(c.Asked, func(a Asked) bool { return a.Answer == "" }) {
		c.WaveEnds = m.now // nobody rings any more: the next in line, at once
	}
}

// declineAll: nobody is left, the case is routed anew.
func (m *move) declineAll() {
	m.decline()
	m.reroute()
}

// reroute takes the invited side and its time out of the case.
func (m *move) reroute() {
	c := m.c
	m.release()
	for _, p := range c.In(auth.SeatExpert, auth.SeatChair, auth.SeatMember) {
		c.unseat(p)
	}
	c.Invited, c.Department, c.Agreement, c.Chair = "", "", "", ""
	c.Booking, c.Prepared, c.Arrived = nil, nil, nil
}

// release ends every open invitation and the seats that end with a session.
func (m *move) release() {
	c := m.c
	for _, p := range c.In(auth.SeatInvited) {
		if c.answerOf(p) == "" {
			m.answer(p, "unanswered", "")
		}
		c.unseat(p)
	}
	m.dismissGuests()
	c.Wave, c.WaveEnds, c.Unheard = 0, time.Time{}, false
}

// dismissGuests ends the seats of interpreters and observers.
func (m *move) dismissGuests() {
	for _, p := range m.c.In(auth.SeatInterpreter, auth.SeatObserver) {
		m.c.unseat(p)
	}
}
