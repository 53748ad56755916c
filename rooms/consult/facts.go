package consult

import (
	"fmt"
	"time"

	"consilium/auth"
	"consilium/rooms/schedule"
)

// Facts is what the guards must know from outside the case. Whoever calls Apply
// reads it in the same transaction; a field that a verb does not need may be
// left zero. An absent fact is always the refusing one: no agreement, no
// licence, nobody on duty.
type Facts struct {
	// ID is a fresh id for what this act records (a consent). Needed by
	// consent and by a start that records consent.
	ID string
	// Agreements holds, per invited institution, the id of the agreement with
	// the inviting institution that is in force now and covers the case's kind.
	// Needed by invite, accept, start, escalate, join.
	Agreements map[string]string
	// Experts holds everyone the act may ask or seat, by person id: named
	// people, the roster, the one who accepts, the one who is joined.
	Experts map[string]Expert
	// Roster is who is on duty, in the order in which groups ring: the
	// department's first on duty, its deputies, then the next department or
	// tier. A group without people still names its department. Needed by start,
	// escalate, and an invitation of a department.
	Roster []Group
	// Busy is what else is booked for the case's people around the time in
	// question, without this case's own booking. Needed by schedule, and by
	// accept when the case rings or is booked.
	Busy []Busy
	// Present is who is connected to the room now. Needed by miss.
	Present []string
	// Draft is the signer's saved draft. Needed by sign.
	Draft *Opinion
	// Times replaces Standard.
	Times *Times
}

// Expert is a person as far as an invitation depends on them.
type Expert struct {
	Institution string // where they would act in this case
	Department  string
	Licensed    bool // licence and scope of practice are valid now, and they hold the role there now
}

// Group is people on duty who ring together.
type Group struct {
	Institution string
	Department  string
	Rank        int // 1 first on duty, 2 deputies
	People      []string
	Armed       []string // those of them who have a page open that can ring
}

// Busy is someone's time taken by another case.
type Busy struct {
	Person string
	Case   string
	schedule.Interval
}

// Event is what an act did, without clinical text: it goes to the audit and to
// the outbox.
type Event struct {
	Case     string    `json:"case"`
	Tenant   string    `json:"tenant"`
	Verb     Verb      `json:"verb,omitempty" doc:"empty: the request was edited"`
	From     State     `json:"from"`
	To       State     `json:"to"`
	By       string    `json:"by" doc:"person id, or system"`
	At       time.Time `json:"at"`
	Version  int64     `json:"version"`
	People   []string  `json:"people" doc:"everyone with a seat before or after: whose view of the case changed"`
	Asked    []string  `json:"asked,omitempty" doc:"who is asked or rung by this"`
	Released []string  `json:"released,omitempty" doc:"whose open invitation ended, their own answer included: their ring stops"`
	Unheard  bool      `json:"unheard,omitempty" doc:"nobody answered or nobody could ring: the doctor and the coordinator are told at once"`
	Timers   []Timer   `json:"-"` // all timers of the case from now on; replaces what was set
}

// Error is a refusal that a person can act on.
type Error struct {
	Code     string   `json:"code"`               // kebab-case, see the constants
	Message  string   `json:"message"`            // what is wrong and what to do
	Possible []Verb   `json:"possible,omitempty"` // what this person can do now
	Missing  []string `json:"missing,omitempty"`  // stable keys of what is missing, or ids of who or what stands in the way
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Codes of Error. The edge maps StateForbids, Stale, Taken and BookedTwice to
// 409, NotYours to 403 (or 404 where the case is hidden), the guards to 422.
const (
	StateForbids = "state-forbids"
	Stale        = "stale" // somebody changed the case first
	Taken        = "taken" // a colleague accepted first
	NotYours     = "not-yours"
	BookedTwice  = "booked-twice"

	GuardIncomplete = "guard-incomplete" // the request lacks the keys in Missing
	GuardReason     = "guard-reason"     // a reason or text is required
	GuardUrgency    = "guard-urgency"    // only an emergency may
	GuardAgreement  = "guard-agreement"  // no agreement with the institution in Missing
	GuardLicence    = "guard-licence"    // the people in Missing may not act now
	GuardNobody     = "guard-nobody"     // nobody to ask
	GuardChair      = "guard-chair"      // an MDT needs a chair among its people
	GuardTime       = "guard-time"       // too early, in the past, too long
	GuardConsent    = "guard-consent"    // the consents in Missing are not recorded
	GuardPresenter  = "guard-presenter"
	GuardDevices    = "guard-devices"
	GuardWaiting    = "guard-waiting" // nobody of the inviting side is waiting
	GuardOpinion    = "guard-opinion" // the opinion lacks the fields in Missing
	GuardOutcome    = "guard-outcome" // no outcome at 30 days yet
	GuardAbsent     = "guard-absent"  // both sides are there
	GuardPerson     = "guard-person"  // the person is in the case already, or is unknown
	GuardKnown      = "guard-known"   // unknown consent, specialty, kind or choice
)

func refuse(code, message string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(message, args...)}
}

func lacking(code string, missing []string, message string) *Error {
	return &Error{Code: code, Message: message, Missing: missing}
}

// SystemPerson is the id under which timers and the live room act. No person
// has it: ids of persons are UUIDs.
const SystemPerson = "system"

// System is the actor of timers and of the live room.
func System(tenant string) auth.Actor {
	return auth.Actor{Person: SystemPerson, Tenant: tenant}
}

// TimerKind names a rule of the timer table.
type TimerKind string

const (
	TimerExpire    TimerKind = "expire"      // ExpireCmd
	TimerNoShow    TimerKind = "no-show"     // MissCmd
	TimerRing      TimerKind = "ring"        // EscalateCmd
	TimerGiveUp    TimerKind = "give-up"     // WriteCmd: the link did not come back
	TimerOverdue   TimerKind = "overdue"     // notice to whom the case waits for, and the coordinator
	TimerWaiting   TimerKind = "waiting"     // notice to the coordinator: someone waits too long
	TimerCallBack  TimerKind = "call-back"   // notice to both sides: call back, the telephone is on the screen
	TimerOfferText TimerKind = "offer-async" // notice to the expert: continue in writing?
	TimerArchive   TimerKind = "archive"     // the invited side's access ends
)

// Timer is something that happens by itself. A timer is known by case, kind and
// At: a store that replaces a case's timers keeps one that is already there,
// fired or not.
type Timer struct {
	Case string    `json:"case"`
	Kind TimerKind `json:"kind"`
	At   time.Time `json:"at"`
	Wave int       `json:"wave,omitempty" doc:"ring: the wave that times out"`
}
