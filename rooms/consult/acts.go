package consult

import (
	"slices"
	"time"

	"consilium/auth"
)

// What the rows of the table write, before the new state is entered.

func (m *move) submit() {
	m.c.Bypass = m.cmd.(SubmitCmd).Bypass
	m.c.Missing, m.c.Note = nil, ""
}

func (m *move) sendBack() {
	cmd := m.cmd.(ReturnCmd)
	m.c.Missing, m.c.Note = union(cmd.Missing), cmd.Note
}

func (m *move) triage() {
	c, cmd := m.c, m.cmd.(TriageCmd)
	c.Urgency = cmd.Urgency
	if cmd.Specialty != "" {
		c.Request.Specialty = cmd.Specialty
	}
	c.Triage = &Triaging{By: m.by.Person, At: m.now, Grounds: cmd.Grounds, Override: cmd.Override}
}

func (m *move) schedule() {
	c, cmd := m.c, m.cmd.(ScheduleCmd)
	start := instant(cmd.Start)
	c.Booking = &Booking{Start: start, End: start.Add(time.Duration(cmd.Minutes) * time.Minute), People: c.participants()}
	c.Booking.Clashes = m.clashes(*c.Booking)
	c.Prepared, c.Arrived = nil, nil
}

// participants is whose time a booking takes: the owner, the invited side, and
// the members of an MDT who have not answered yet.
func (c *Case) participants() []string {
	people := union([]string{c.Author}, c.In(auth.SeatChair, auth.SeatExpert, auth.SeatMember))
	if c.Kind == MDT {
		people = union(people, c.In(auth.SeatInvited))
	}
	return people
}

// clashes lists the other consults whose people and time the booking takes too.
func (m *move) clashes(b Booking) []string {
	var out []string
	for _, busy := range m.facts.Busy {
		if slices.Contains(b.People, busy.Person) && busy.Overlaps(b.Interval()) && busy.Case != m.c.ID {
			out = union(out, []string{busy.Case})
		}
	}
	return out
}

func (m *move) prepare() {
	cmd := m.cmd.(PrepareCmd)
	m.c.Prepared = &Prepared{
		By: m.by.Person, At: m.now, Presenter: m.presenter(),
		Camera: cmd.Camera, Microphone: cmd.Microphone, Speaker: cmd.Speaker,
	}
}

func (m *move) presenter() string {
	if p := m.cmd.(PrepareCmd).Presenter; p != "" {
		return p
	}
	return m.by.Person
}

func (m *move) arrive() { m.c.Arrived = union(m.c.Arrived, []string{m.by.Person}) }

func (m *move) begin() {
	m.arrive()
	m.c.Began = m.now
}

func (m *move) finish() {
	m.c.Finished = m.now
	if b := m.c.Booking; b != nil && m.now.Before(b.End) && b.Start.Before(m.now) {
		m.c.Booking = &Booking{Start: b.Start, End: m.now, People: b.People, Clashes: b.Clashes} // the rest of the time is free again
	}
	m.release()
}

// join invites an expert into the case, or seats a guest until the session ends.
func (m *move) join() {
	cmd := m.cmd.(JoinCmd)
	e := m.facts.Experts[cmd.Person]
	switch cmd.Seat {
	case "interpreter", "observer":
		m.c.seat(cmd.Person, e.Institution, auth.Seat(cmd.Seat), m.now, time.Time{})
	default:
		m.ask(cmd.Person, e.Institution, e.Department)
	}
}

func (m *move) write() {
	c := m.c
	c.Writing = m.cmd.(WriteCmd).Reason
	switch {
	case c.Began.IsZero():
		c.Booking, c.Prepared, c.Arrived = nil, nil, nil
		m.dismissGuests() // there will be no session
	default:
		m.finish()
	}
}

func (m *move) decide() {
	cmd := m.cmd.(DecideCmd)
	m.c.Decision = &Decision{By: m.by.Person, At: m.now, Choice: cmd.Choice, Why: cmd.Why}
}

func (m *move) follow() {
	cmd := m.cmd.(FollowCmd)
	m.c.Outcomes = append(m.c.Outcomes, Outcome{By: m.by.Person, At: m.now, Day: cmd.Day, Lost: cmd.Lost, Text: cmd.Text})
}

func (m *move) cancel() {
	m.c.Reason = m.cmd.(CancelCmd).Reason
	m.c.Booking = nil
}

func (m *move) expire() { m.c.Reason = "nobody took it further in time" }

func (m *move) miss() {
	m.c.Absent = m.absent()
	m.c.Reason = map[Side]string{
		Inviting: "the inviting side did not appear", InvitedSide: "the invited side did not appear", BothSides: "the two sides did not meet",
	}[m.c.Absent]
	m.c.Booking = nil
}

// absent is which side did not appear: as the command says, or from who knocked
// and who is connected; empty when both are there. Sides that knocked and never
// met are both past by the time the system asks: then who is connected counts.
func (m *move) absent() Side {
	if side := m.cmd.(MissCmd).Absent; side != "" {
		return side
	}
	side := m.missingFrom(union(m.c.Arrived, m.facts.Present))
	if side == "" && m.by.Person == SystemPerson {
		return m.missingFrom(m.facts.Present)
	}
	return side
}

// missingFrom is which side has nobody among the people.
func (m *move) missingFrom(people []string) Side {
	seated := func(sides func(auth.Seat) bool) bool {
		return slices.ContainsFunc(people, func(p string) bool { return sides(m.c.SeatOf(p, m.now)) })
	}
	switch us, them := seated(inviting), seated(invited); {
	case us && them:
		return ""
	case us:
		return InvitedSide
	case them:
		return Inviting
	}
	return BothSides
}

// reopen puts the case back to triaged; who was invited before is not any more.
func (m *move) reopen() {
	c := m.c
	m.reroute()
	c.Absent, c.Reason, c.Ended = "", "", time.Time{}
	if c.Triage == nil {
		c.Triage = &Triaging{By: m.by.Person, At: m.now, Grounds: m.cmd.(ReopenCmd).Reason}
	}
}

// breakGlass opens the case for a clinician outside the consult, flagged until
// reviewed.
func (m *move) breakGlass() {
	until := m.now.Add(glassOpen)
	var institution string
	for _, g := range m.by.Grants {
		if g.Role == auth.Expert || g.Role == auth.Requester {
			institution = g.Institution
			break
		}
	}
	m.c.seat(m.by.Person, institution, auth.SeatBreakGlass, m.now, until)
	m.c.Breaches = append(m.c.Breaches, Breach{Person: m.by.Person, At: m.now, Until: until, Reason: m.cmd.(GlassCmd).Reason})
}

func (m *move) review() {
	cmd := m.cmd.(ReviewCmd)
	for i, b := range m.c.Breaches {
		if b.Person == cmd.Person && b.Reviewed.IsZero() {
			m.c.Breaches[i].Reviewed, m.c.Breaches[i].ReviewedBy, m.c.Breaches[i].Note = m.now, m.by.Person, cmd.Note
		}
	}
}

func (m *move) sign() { m.c.Signer, m.c.Signed = m.by.Person, m.now }
