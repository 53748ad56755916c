package rooms

import (
	"time"

	"consilium/rooms/consult"
)

// BoardView is the coordinator's live picture: what rings, who is in a call,
// and how much waits. It holds no patient's name.
type BoardView struct {
	At     time.Time        `json:"at"`
	Counts []BoardCount     `json:"counts"`
	Rings  []BoardRing      `json:"rings"`
	Rooms  []BoardRoom      `json:"rooms"`
	Duty   []DutyDepartment `json:"duty"`
}

// BoardCount is how many consults stand in one state, by urgency.
type BoardCount struct {
	State   consult.State   `json:"state" enum:"draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Urgency consult.Urgency `json:"urgency" enum:"emergency,urgent,routine"`
	Count   int             `json:"count"`
	Late    int             `json:"late" doc:"of those, past their due time"`
	Oldest  time.Time       `json:"oldest,omitzero" doc:"since when the oldest waits"`
}

// BoardRing is a consult that rings now.
type BoardRing struct {
	Consult     string          `json:"consult"`
	Number      int64           `json:"number"`
	Institution Named           `json:"institution"`
	Department  *Named          `json:"department,omitempty"`
	Since       time.Time       `json:"since"`
	Until       time.Time       `json:"until,omitzero"`
	Wave        int             `json:"wave"`
	Asked       []consult.Asked `json:"asked"`
	People      []Named         `json:"people" doc:"names of those asked"`
	Telephone   string          `json:"telephone,omitempty" doc:"of the department"`
}

// BoardRoom is a consult whose room is open.
type BoardRoom struct {
	Consult     string          `json:"consult"`
	Number      int64           `json:"number"`
	State       consult.State   `json:"state" enum:"draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Urgency     consult.Urgency `json:"urgency" enum:"emergency,urgent,routine"`
	Institution Named           `json:"institution"`
	Department  *Named          `json:"department,omitempty"`
	Since       time.Time       `json:"since"`
	People      []BoardPerson   `json:"people"`
}

// BoardPerson is someone in a room.
type BoardPerson struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	NameLatin string    `json:"name_latin,omitempty"`
	Seat      string    `json:"seat"`
	Phase     string    `json:"phase" enum:"lobby,waiting,in"`
	Since     time.Time `json:"since"`
	Link      string    `json:"link" enum:"unknown,good,fair,poor,lost"`
}

// Slot is a free or busy stretch of time, half-open, UTC.
type Slot struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// ExpertView is an expert who could be invited, with the time they have.
type ExpertView struct {
	Person     PersonName `json:"person"`
	Department string     `json:"department,omitempty" doc:"department id, when on duty there"`
	Online     bool       `json:"online"`
	OnDuty     bool       `json:"on_duty"`
	Agreement  bool       `json:"agreement" doc:"an agreement covers this consult with the expert's institution"`
	Busy       []Slot     `json:"busy"`
	Free       []Slot     `json:"free" doc:"stretches of at least the wanted length"`
}

// ScheduleView is the bookings of a stretch of time, by expert.
type ScheduleView struct {
	From time.Time     `json:"from"`
	To   time.Time     `json:"to"`
	Rows []ScheduleRow `json:"rows"`
}

// ScheduleRow is one expert's bookings.
type ScheduleRow struct {
	Person   PersonName        `json:"person"`
	Bookings []ScheduleBooking `json:"bookings"`
}

// ScheduleBooking is one booked consult.
type ScheduleBooking struct {
	Consult     string          `json:"consult"`
	Number      int64           `json:"number"`
	State       consult.State   `json:"state" enum:"draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Urgency     consult.Urgency `json:"urgency" enum:"emergency,urgent,routine"`
	Start       time.Time       `json:"start"`
	End         time.Time       `json:"end"`
	Institution Named           `json:"institution"`
	Patient     string          `json:"patient,omitempty" doc:"empty when the reader may not know"`
	Clashes     []string        `json:"clashes,omitempty" doc:"consults that this one overrode"`
}

// AuditEntry is one row of the audit trail.
type AuditEntry struct {
	ID          string        `json:"id"`
	At          time.Time     `json:"at"`
	Person      string        `json:"person,omitempty"`
	Name        string        `json:"name,omitempty"`
	NameLatin   string        `json:"name_latin,omitempty"`
	Institution string        `json:"institution,omitempty"`
	Action      string        `json:"action"`
	Case        string        `json:"case,omitempty"`
	Address     string        `json:"address,omitempty" doc:"network address"`
	From        consult.State `json:"from,omitempty"`
	To          consult.State `json:"to,omitempty"`
	Detail      string        `json:"detail,omitempty"`
	Outcome     string        `json:"outcome" enum:"done,refused"`
}

// AuditPage is one page of the audit trail, newest first.
type AuditPage struct {
	Items []AuditEntry `json:"items"`
	Next  string       `json:"next,omitempty"`
}

// SampleView is a closed case for quality review, without anything that names
// the patient, the people or the institutions.
type SampleView struct {
	Kind      consult.Kind            `json:"kind" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	Urgency   consult.Urgency         `json:"urgency" enum:"emergency,urgent,routine"`
	Specialty string                  `json:"specialty"`
	AgeBand   string                  `json:"age_band" doc:"decade of life, as 60-69"`
	Sex       string                  `json:"sex,omitempty"`
	Question  string                  `json:"question"`
	Opinion   *consult.OpinionContent `json:"opinion,omitempty"`
	Choice    string                  `json:"choice,omitempty" enum:",adopted,partly,not"`
	Minutes   int                     `json:"minutes" doc:"from submission to signature"`
}

// BreachView is an emergency access (紧急调阅) that waits for its review.
type BreachView struct {
	Consult string     `json:"consult"`
	Number  int64      `json:"number"`
	Person  PersonName `json:"person" doc:"who opened the case"`
	Owner   PersonName `json:"owner"`
	Reason  string     `json:"reason"`
	Opened  time.Time  `json:"opened"`
	Until   time.Time  `json:"until"`
}
