package consult

import (
	"slices"

	"consilium/auth"
)

// party is who may give a command: seats in the case, roles, and the system, as
// a set.
type party uint16

const (
	owner     party = 1 << iota // the requester
	companion                   // the accompanying clinician
	asked                       // invited, has not accepted
	expert
	chair
	member
	coordinator
	clinician // any requester or expert of the partnership without a seat
	admin     // institution or partnership administrator
	system    // timers and the live room
)

const (
	bedside    = owner | companion       // beside the patient
	consultant = expert | chair          // answers for the opinion
	panel      = expert | chair | member // the invited side
	desk       = owner | coordinator     // who asked, and who arranges
	anybody    = bedside | panel         // everyone who takes part
	guests     = coordinator | consultant | owner
)

// row is one line of the transition table.
type row struct {
	from   []State
	verb   Verb
	to     State                // stay: the state does not change
	who    party                // who may
	when   func(*move) bool     // the row applies only then (nil: always)
	guards []func(*move) *Error // what must be true, in the order in which a person would fix it
	does   func(*move)          // what it writes, before the state is entered
}

const stay State = ""

func in(s ...State) []State   { return s }
func must(g ...guard) []guard { return g }

type guard = func(*move) *Error

var (
	beforeCall = in(Draft, Submitted, Returned, Triaged, Invited, Accepted, Scheduled, Ready, Waiting)
	taken      = in(Accepted, Scheduled, Ready, Waiting, InCall, Interrupted, Async, OpinionDue)
	going      = in(Accepted, Scheduled, Ready, Waiting, InCall, Interrupted)
	answered   = in(Signed, Decided, FollowUp, Closed)
	alive      = slices.DeleteFunc(States(), State.Over)
	opened     = slices.DeleteFunc(States(), func(s State) bool { return s == Draft })
)

// table is the lifecycle: the first row that fits state, verb, condition and
// party decides. How long each state may last is in Times, what happens when
// nobody acts in rules.
//
// It is filled by init because guards ask it in turn what is possible.
var table []row

func init() {
	table = []row{
		// The request.
		{in(Draft, Returned), Submit, Submitted, owner, nil, must(patientIdentified, questionAsked, minimumData), (*move).submit},
		{in(Draft), Start, Invited, owner, nil, must(startFields, consentOrReason, rosterNamed, agreementInForce), (*move).start},
		{in(Submitted), Return, Returned, coordinator, nil, must(missingListed), (*move).sendBack},
		{in(Submitted), Triage, Triaged, coordinator, nil, must(groundsGiven, specialtyKnown), (*move).triage},
		{in(Triaged), Triage, Triaged, coordinator, nil, must(groundsGiven, specialtyKnown), (*move).triage},

		// The invitation.
		{in(Triaged, Invited), Invite, Invited, coordinator, nil, must(ringIsEmergency, someoneAsked, strangers, chairNamed, licensed, agreementInForce), (*move).invite},
		{in(Invited), Accept, InCall, asked, rings, must(licensed, agreementInForce), (*move).takeCall},
		{in(Invited), Accept, Async, asked, inWriting, must(licensed, agreementInForce), (*move).take},
		{in(Invited), Accept, stay, asked, chairPending, must(licensed, agreementInForce), (*move).seatSelf},
		{in(Invited), Accept, Accepted, asked, nil, must(licensed, agreementInForce), (*move).take},
		{taken, Accept, stay, asked, nil, must(licensed, agreementInForce, ownTimeFree), (*move).seatSelf},
		{in(Invited), Decline, Triaged, asked, lastHope, must(reasonGiven), (*move).declineAll},
		{in(Invited), Decline, stay, asked | member, nil, must(reasonGiven), (*move).decline},
		{taken, Decline, stay, asked, nil, must(reasonGiven), (*move).decline},
		{in(Accepted, Scheduled, Ready, Async), Decline, Triaged, consultant, soleBeforeCall, must(reasonGiven), (*move).declineAll},
		{in(Accepted, Scheduled, Ready, Async), Decline, stay, panel, shared, must(reasonGiven), (*move).decline},
		{in(Invited), Escalate, stay, desk | system, rings, must(waveIsOver), (*move).escalate},

		// The booking.
		{in(Accepted, Scheduled, Ready, Waiting), Schedule, Scheduled, coordinator, nil, must(timeIsAhead, nobodyBookedTwice), (*move).schedule},
		{in(Scheduled), Prepare, Ready, bedside, nil, must(consentRecorded, presenterBeside, devicesWork), (*move).prepare},

		// The call.
		{in(Ready), Arrive, Waiting, anybody, nil, must(doorsOpen), (*move).arrive},
		{in(Waiting), Arrive, stay, anybody, nil, nil, (*move).arrive},
		{in(Waiting), Admit, InCall, consultant, nil, must(someoneWaits, consentRecorded), (*move).begin},
		{in(InCall), Interrupt, Interrupted, system, nil, nil, nil},
		{in(Interrupted), Resume, InCall, system | consultant | owner, nil, nil, nil},
		{in(InCall), End, OpinionDue, consultant | owner, nil, nil, (*move).finish},
		{in(Interrupted), End, OpinionDue, consultant, nil, nil, (*move).finish},
		{going, Join, stay, guests, nil, must(joinable, licensed, agreementInForce), (*move).join},

		// In writing.
		{going, Write, Async, consultant | system, nil, must(reasonGiven), (*move).write},
		{in(Async), Conclude, OpinionDue, consultant, nil, nil, nil},

		// The opinion, and what comes of it.
		{in(OpinionDue), Sign, Signed, consultant, nil, must(opinionComplete, asSeen, consentSettled), (*move).sign},
		{answered, Append, stay, panel, nil, must(reasonGiven), nil},
		{in(Signed), Decide, Decided, owner, nil, must(choiceKnown, reasonGiven), (*move).decide},
		{in(Decided), Follow, FollowUp, owner, nil, must(outcomeDay, reasonGiven), (*move).follow},
		{in(FollowUp), Follow, stay, owner, nil, must(outcomeDay, reasonGiven), (*move).follow},
		{in(FollowUp), Close, Closed, owner, nil, must(outcomeKnown), nil},

		// Ends before the call, and ways back.
		{beforeCall, Cancel, Cancelled, desk | system, nil, must(reasonGiven), (*move).cancel},
		{in(Async), Cancel, Cancelled, desk, neverCalled, must(reasonGiven), (*move).cancel},
		{unbooked, Expire, Expired, system, nil, must(longOverdue), (*move).expire},
		{in(Scheduled, Ready, Waiting), Miss, NoShow, system | desk | consultant, nil, must(pastStart, sideAbsent), (*move).miss},
		{in(Expired, NoShow), Reopen, Triaged, desk, nil, must(reasonGiven), (*move).reopen},

		// Beside the line: consent, and access in an emergency.
		{alive, Consent, stay, bedside, nil, must(consentWhole), (*move).consent},
		{alive, Consent, stay, consultant, nil, must(consentExplainedOnly), (*move).consent},
		{alive, Withdraw, stay, bedside, nil, must(consentStands), (*move).withdraw},
		{opened, Glass, stay, clinician, nil, must(reasonGiven), (*move).breakGlass},
		{opened, Review, stay, owner | admin, nil, must(reasonGiven, breachOpen), (*move).review},
	}
}

// Conditions of rows.

func rings(m *move) bool        { return m.c.Wave > 0 }
func inWriting(m *move) bool    { return m.c.Kind == Written || m.c.Kind == RemoteDiagnosis }
func chairPending(m *move) bool { return m.c.Kind == MDT && m.by.Person != m.c.Chair }
func neverCalled(m *move) bool  { return m.c.Began.IsZero() }

// lastHope: with this refusal nobody is left who could take the case: an MDT
// loses its chair, or everyone asked has declined. A ring goes on to the next in
// line first.
func lastHope(m *move) bool {
	c := m.c
	if c.Kind == MDT {
		return m.by.Person == c.Chair
	}
	for _, a := range c.Asked {
		if a.Person != m.by.Person && c.SeatOf(a.Person, m.now) == auth.SeatInvited {
			return false
		}
	}
	return c.Wave == 0 || c.Unheard
}

// soleConsultant: without this expert nobody answers for the opinion.
func soleConsultant(m *move) bool {
	return len(m.c.In(auth.SeatExpert, auth.SeatChair)) == 1
}

// soleBeforeCall: they may still give the case back; after a call they owe the
// opinion.
func soleBeforeCall(m *move) bool { return soleConsultant(m) && neverCalled(m) }

// shared: others of the invited side stay.
func shared(m *move) bool {
	return m.seat == auth.SeatMember || !soleConsultant(m)
}

var seatParty = map[auth.Seat]party{
	auth.SeatOwner: owner, auth.SeatAccompanying: companion, auth.SeatInvited: asked,
	auth.SeatExpert: expert, auth.SeatChair: chair, auth.SeatMember: member,
}

var roleParty = map[auth.Role]party{
	auth.Coordinator: coordinator, auth.InstitutionAdmin: admin, auth.PartnershipAdmin: admin,
}

// partiesOf is what someone with this seat and these roles counts as.
func partiesOf(seat auth.Seat, roles []auth.Role) party {
	who := seatParty[seat]
	for _, r := range roles {
		who |= roleParty[r]
		if seat == auth.SeatNone && (r == auth.Requester || r == auth.Expert) {
			who |= clinician
		}
	}
	return who
}

// parties is what the actor counts as; nothing at all in another partnership.
func (m *move) parties() party {
	switch {
	case m.by.Tenant != m.c.Tenant || m.by.Person == "":
		return 0
	case m.by.Person == SystemPerson:
		return system
	}
	roles := make([]auth.Role, 0, len(m.by.Grants))
	for _, g := range m.by.Grants {
		roles = append(roles, g.Role)
	}
	return partiesOf(m.seat, roles)
}

func (m *move) possible() []Verb { return m.c.possible(m, m.parties()) }

// Possible lists what someone with this seat and these roles may do in the
// present state, in the order of the table. Guards may still refuse, and say
// what is missing.
func (c *Case) Possible(seat auth.Seat, roles ...auth.Role) []Verb {
	return c.possible(&move{c: c, seat: seat}, partiesOf(seat, roles))
}

func (c *Case) possible(m *move, who party) []Verb {
	var out []Verb
	for _, r := range table {
		if r.who&who != 0 && slices.Contains(r.from, c.State) && !slices.Contains(out, r.verb) && (r.when == nil || r.when(m)) {
			out = append(out, r.verb)
		}
	}
	return out
}
