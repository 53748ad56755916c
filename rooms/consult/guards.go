package consult

import (
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/schedule"
)

// has reports whether the list contains the value.
func has[T comparable](list []T, v T) bool { return slices.Contains(list, v) }

// The request.

func patientIdentified(m *move) *Error {
	if missing := m.c.Request.Patient.Unidentified(); len(missing) > 0 {
		return lacking(GuardIncomplete, missing, "The patient is not identified yet: give a name or the institution's number, the age or birth date, and the sex.")
	}
	return nil
}

func questionAsked(m *move) *Error {
	if !filled(m.c.Request.Question) {
		return lacking(GuardIncomplete, []string{"question"}, "Write the question to the expert.")
	}
	return specialtyOf(m.c.Request.Specialty)
}

func specialtyOf(code string) *Error {
	if _, ok := SpecialtyOf(code); !ok {
		return lacking(GuardIncomplete, []string{"specialty"}, "Choose the specialty that should answer.")
	}
	return nil
}

// minimumData: an emergency may bypass it with a reason.
func minimumData(m *move) *Error {
	missing := m.c.Request.Lacks()
	bypass := filled(m.cmd.(SubmitCmd).Bypass)
	switch {
	case len(missing) == 0 || bypass && m.c.Urgency == Emergency:
		return nil
	case bypass:
		return lacking(GuardUrgency, missing, "Only an emergency may be sent without the minimum data. Complete what is missing.")
	}
	return lacking(GuardIncomplete, missing, "The expert needs more to answer. Complete what is missing; an emergency may be sent without it, with a reason.")
}

func startFields(m *move) *Error {
	cmd := m.cmd.(StartCmd)
	missing := cmd.Patient.Unidentified()
	if !filled(cmd.Question) {
		missing = append(missing, "question")
	}
	if len(missing) > 0 {
		return lacking(GuardIncomplete, missing, "Starting now needs the patient's name, age and sex, and one question.")
	}
	return specialtyOf(cmd.Specialty)
}

func consentOrReason(m *move) *Error {
	cmd := m.cmd.(StartCmd)
	switch {
	case cmd.Consent != nil && len(cmd.Consent.Purposes) > 0:
		return wholeRecord(*cmd.Consent, m.now)
	case filled(cmd.ConsentDeferred):
		return nil
	}
	return lacking(GuardConsent, []string{"consent-care"}, "Record the patient's consent, or say why it cannot be asked for now.")
}

func rosterNamed(m *move) *Error {
	if len(m.facts.Roster) == 0 {
		return lacking(GuardNobody, []string{"department"}, "Choose the department that should be rung.")
	}
	return nil
}

func missingListed(m *move) *Error {
	if cmd := m.cmd.(ReturnCmd); !slices.ContainsFunc(cmd.Missing, filled) && !filled(cmd.Note) {
		return lacking(GuardReason, []string{"missing"}, "List what is missing, so that the requester can complete it.")
	}
	return nil
}

func groundsGiven(m *move) *Error {
	cmd := m.cmd.(TriageCmd)
	if !has([]Urgency{Emergency, Urgent, Routine}, cmd.Urgency) {
		return lacking(GuardKnown, []string{"urgency"}, "Choose the urgency: emergency, urgent or routine.")
	}
	if !filled(cmd.Grounds) {
		return lacking(GuardReason, []string{"grounds"}, "Say on which clinical grounds the urgency is set.")
	}
	return nil
}

func specialtyKnown(m *move) *Error {
	if s := m.cmd.(TriageCmd).Specialty; s != "" {
		return specialtyOf(s)
	}
	return nil
}

// reasonGiven: the texts that the record cannot do without.
func reasonGiven(m *move) *Error {
	var key, text string
	switch cmd := m.cmd.(type) {
	case DeclineCmd:
		key, text = "reason", cmd.Reason
	case WriteCmd:
		key, text = "reason", cmd.Reason
	case CancelCmd:
		key, text = "reason", cmd.Reason
	case ReopenCmd:
		key, text = "reason", cmd.Reason
	case GlassCmd:
		key, text = "reason", cmd.Reason
	case ReviewCmd:
		key, text = "note", cmd.Note
	case AppendCmd:
		key, text = "text", cmd.Text
	case DecideCmd:
		key, text = "why", cmd.Why
	case FollowCmd:
		key, text = "text", cmd.Text
	}
	if !filled(text) {
		return lacking(GuardReason, []string{key}, "Say why, in a few words: it stays with the case.")
	}
	return nil
}

// The invitation.

func ringIsEmergency(m *move) *Error {
	switch cmd := m.cmd.(InviteCmd); {
	case !cmd.Ring:
		return nil
	case m.c.Urgency != Emergency:
		return refuse(GuardUrgency, "Only an emergency rings. Invite without ringing, or triage the case as an emergency.")
	case m.c.Kind != Video:
		return refuse(GuardKnown, "Only a video consultation can ring. Invite without ringing.")
	}
	return nil
}

func someoneAsked(m *move) *Error {
	if len(m.wanted()) > 0 {
		return nil
	}
	if d := m.cmd.(InviteCmd).Department; d != "" {
		return lacking(GuardNobody, []string{d}, "Nobody who may answer is on duty in this department now. Name an expert, choose another department, or telephone.")
	}
	return lacking(GuardNobody, []string{"people"}, "Choose whom to invite.")
}

// strangers: nobody beside the patient, and nobody who is in the case already.
func strangers(m *move) *Error {
	var already []string
	for _, p := range m.wanted() {
		if s := m.c.SeatOf(p, m.now); inviting(s) || invited(s) {
			already = append(already, p)
		}
	}
	if len(already) > 0 {
		return lacking(GuardPerson, already, "They take part in this consult already. Choose somebody else.")
	}
	return nil
}

func chairNamed(m *move) *Error {
	if m.c.Kind != MDT {
		return nil
	}
	chair := m.cmd.(InviteCmd).Chair
	if m.c.Chair != "" && (chair == "" || chair == m.c.Chair) && m.c.State == Invited {
		return nil // further members
	}
	if chair == "" || !has(m.wanted(), chair) {
		return lacking(GuardChair, []string{"chair"}, "A multidisciplinary consult needs a chair among the people invited: the chair signs the consensus.")
	}
	return nil
}

func licensed(m *move) *Error {
	if guest(m) {
		return nil
	}
	var not []string
	for _, p := range m.wanted() {
		if e, ok := m.facts.Experts[p]; !ok || !e.Licensed {
			not = append(not, p)
		}
	}
	if len(not) > 0 {
		return lacking(GuardLicence, not, "Their licence or scope of practice does not cover this now. Choose another expert, or have the institution correct the entry.")
	}
	return nil
}

// agreement is the id of the agreement with the institution, if one is in force.
func (m *move) agreement(institution string) string { return m.facts.Agreements[institution] }

// agreementInForce: between the inviting institution and each invited one;
// within one institution none is needed.
func agreementInForce(m *move) *Error {
	if guest(m) {
		return nil
	}
	var institutions []string
	for _, p := range m.wanted() {
		institutions = append(institutions, m.facts.Experts[p].Institution)
	}
	if m.cmd.Verb() == Start {
		institutions = []string{m.facts.Roster[0].Institution}
	}
	var without []string
	for _, i := range union(institutions) {
		if i != m.c.Institution && m.agreement(i) == "" {
			without = append(without, i)
		}
	}
	if len(without) > 0 {
		return lacking(GuardAgreement, without, "No agreement between the institutions covers this consult now. Choose another institution, or telephone.")
	}
	return nil
}

// guest: the command seats an interpreter or observer, who answers for nothing.
func guest(m *move) bool {
	cmd, ok := m.cmd.(JoinCmd)
	return ok && (cmd.Seat == "interpreter" || cmd.Seat == "observer")
}

// waveIsOver: the timer's escalation counts once, for the wave it was set for.
func waveIsOver(m *move) *Error {
	cmd := m.cmd.(EscalateCmd)
	if cmd.Wave != 0 && cmd.Wave != m.c.Wave || m.by.Person == SystemPerson && (m.c.Unheard || m.now.Before(m.c.WaveEnds)) {
		return refuse(Stale, "The next in line rings already.")
	}
	return nil
}

// The booking.

func timeIsAhead(m *move) *Error {
	switch cmd := m.cmd.(ScheduleCmd); {
	case cmd.Minutes < 5 || cmd.Minutes > 240:
		return refuse(GuardTime, "A consult takes between 5 and 240 minutes.")
	case cmd.Start.Before(m.now.Add(-time.Minute)):
		return refuse(GuardTime, "This time is in the past. Choose a later one.")
	case cmd.Start.After(m.now.Add(366 * day)):
		return refuse(GuardTime, "This time is more than a year ahead. Choose an earlier one.")
	}
	return nil
}

// nobodyBookedTwice explains the conflict; the database prevents it. An
// emergency may override a booking, knowingly.
func nobodyBookedTwice(m *move) *Error {
	cmd := m.cmd.(ScheduleCmd)
	if cmd.Clash && m.c.Urgency == Emergency {
		return nil
	}
	want, people := schedule.Of(instant(cmd.Start), time.Duration(cmd.Minutes)*time.Minute), m.c.participants()
	var twice []string
	for _, b := range m.facts.Busy {
		if has(people, b.Person) && b.Overlaps(want) && b.Case != m.c.ID {
			twice = union(twice, []string{b.Person})
		}
	}
	if len(twice) == 0 {
		return nil
	}
	if cmd.Clash {
		return lacking(BookedTwice, twice, "Only an emergency may override a booking. Choose a time at which everybody is free.")
	}
	return lacking(BookedTwice, twice, "Somebody is booked at this time already. Choose a time at which everybody is free; an emergency may override the booking.")
}

// ownTimeFree explains why an expert cannot accept into a booking; the database
// prevents it. In an emergency the clash is kept with the booking.
func ownTimeFree(m *move) *Error {
	if !m.meetingAhead() || m.c.Urgency == Emergency {
		return nil
	}
	own := Booking{Start: m.c.Booking.Start, End: m.c.Booking.End, People: []string{m.by.Person}}
	if len(m.clashes(own)) == 0 {
		return nil
	}
	return lacking(BookedTwice, own.People, "You are booked elsewhere at the time of this consult. Decline with a word about it, or ask the coordinator for another time.")
}

func presenterBeside(m *move) *Error {
	if p := m.presenter(); !inviting(m.c.SeatOf(p, m.now)) {
		return lacking(GuardPresenter, []string{"presenter"}, "Whoever presents the patient must be a clinician of this consult beside the patient.")
	}
	return nil
}

func devicesWork(m *move) *Error {
	if cmd := m.cmd.(PrepareCmd); !cmd.Speaker && !cmd.Microphone {
		return lacking(GuardDevices, []string{"microphone", "speaker"}, "Neither microphone nor speaker works. Try another device, or agree to talk by telephone.")
	}
	return nil
}

// The call.

func doorsOpen(m *move) *Error {
	if opens := m.c.Booking.Start.Add(-m.times().Doors); m.now.Before(opens) {
		return refuse(GuardTime, "The waiting room opens %d minutes before the start.", int(m.times().Doors/time.Minute))
	}
	return nil
}

func someoneWaits(m *move) *Error {
	if !slices.ContainsFunc(m.c.Arrived, func(p string) bool { return inviting(m.c.SeatOf(p, m.now)) }) {
		return refuse(GuardWaiting, "The doctor and the patient are not in the waiting room yet.")
	}
	return nil
}

func joinable(m *move) *Error {
	cmd := m.cmd.(JoinCmd)
	if s := m.c.SeatOf(cmd.Person, m.now); s != auth.SeatNone && s != auth.SeatBreakGlass {
		return lacking(GuardPerson, []string{cmd.Person}, "They are in this consult already.")
	}
	if guest(m) && !m.c.consentsTo(ForAttendance, m.now) {
		return lacking(GuardConsent, []string{"consent-attendance"}, "Ask the patient first: an interpreter or observer may be present only with recorded consent.")
	}
	if _, known := m.facts.Experts[cmd.Person]; guest(m) && !known {
		return lacking(GuardPerson, []string{cmd.Person}, "This person is not known in the partnership.")
	}
	return nil
}

// What comes of it.

func choiceKnown(m *move) *Error {
	if !has([]string{"adopted", "partly", "not"}, m.cmd.(DecideCmd).Choice) {
		return lacking(GuardKnown, []string{"choice"}, "Say whether the opinion was adopted, partly adopted or not adopted.")
	}
	return nil
}

func outcomeDay(m *move) *Error {
	if cmd := m.cmd.(FollowCmd); cmd.Day != 7 && cmd.Day != 30 && !(cmd.Lost && cmd.Day == 0) {
		return lacking(GuardKnown, []string{"day"}, "Say whether this is the outcome at 7 or at 30 days, or that the patient was lost to follow-up.")
	}
	return nil
}

func outcomeKnown(m *move) *Error {
	if slices.ContainsFunc(m.c.Outcomes, func(o Outcome) bool { return o.Day == 30 || o.Lost }) {
		return nil
	}
	return lacking(GuardOutcome, []string{"outcome-30"}, "Record the outcome at 30 days, or that the patient was lost to follow-up; then the case can be closed.")
}

// Ends before the call.

func longOverdue(m *move) *Error {
	if at := m.c.Due.Add(m.times().Grace.of(m.c.Urgency)); m.now.Before(at) {
		return refuse(Stale, "The consult has been taken further since.")
	}
	return nil
}

// pastStart: people may record a no-show once the wait is over, the system later.
func pastStart(m *move) *Error {
	after := m.times().Wait
	if m.by.Person == SystemPerson {
		after = m.times().NoShow
	}
	if m.now.Before(m.c.Booking.Start.Add(after)) {
		return refuse(GuardTime, "It is too early for a no-show: wait %d minutes from the start.", int(after/time.Minute))
	}
	return nil
}

func sideAbsent(m *move) *Error {
	if !has([]Side{Inviting, InvitedSide, BothSides}, m.absent()) {
		return refuse(GuardAbsent, "Both sides are there. The expert can admit the doctor, or the coordinator books another time.")
	}
	return nil
}

func breachOpen(m *move) *Error {
	p := m.cmd.(ReviewCmd).Person
	if m.by.Person == p {
		return refuse(NotYours, "Somebody else reviews your own access.")
	}
	if !slices.ContainsFunc(m.c.Breaches, func(b Breach) bool { return b.Person == p && b.Reviewed.IsZero() }) {
		return lacking(GuardPerson, []string{p}, "There is no access of this person to review.")
	}
	return nil
}
