package rooms

import (
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// DraftInput begins a request.
type DraftInput struct {
	Institution string          `json:"institution,omitempty" maxLength:"64" doc:"where the requester asks from; may be left out by who asks from one place only"`
	Kind        consult.Kind    `json:"kind" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	Urgency     consult.Urgency `json:"urgency,omitempty" enum:"emergency,urgent,routine" doc:"as the requester sees it; triage decides"`
	Request     consult.Request `json:"request"`
}

// RequestEdit is the request as typed so far.
type RequestEdit struct {
	Kind    consult.Kind    `json:"kind,omitempty" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	Urgency consult.Urgency `json:"urgency,omitempty" enum:"emergency,urgent,routine"`
	Request consult.Request `json:"request"`
	Version int64           `json:"version,omitempty" minimum:"0" doc:"version that the person started from; a newer one answers 409 stale. Absent: the last writer wins"`
}

// ListFilter selects lines.
type ListFilter struct {
	Scope  string
	States []string
	Query  string
	Cursor string
	Limit  int
	Zone   string
}

// PeopleFilter selects people of the directory.
type PeopleFilter struct {
	Role        string
	Specialty   string
	Institution string
	Query       string
}

// DutyChange puts a person on or off duty.
type DutyChange struct {
	On     bool      `json:"on"`
	Rank   int       `json:"rank,omitempty" minimum:"1" maximum:"2" doc:"1 first, 2 deputy; 1 when left out"`
	Person string    `json:"person,omitempty" maxLength:"64" doc:"somebody else, for coordinators and administrators"`
	Until  time.Time `json:"until,omitzero" doc:"when the duty ends by itself; 24 hours from now when left out"`
}

// AuditFilter selects rows of the audit trail.
type AuditFilter struct {
	Person, Case, Action string
	From, To             time.Time
	Cursor               string
	Limit                int
}

// AccountCreate makes an account.
type AccountCreate struct {
	AccountDraft
	Grants []auth.Grant `json:"grants" maxItems:"50"`
}

// InstitutionAccount is an institution as its administrators see it.
type InstitutionAccount struct {
	InstitutionView
	Agreements []AgreementView `json:"agreements"`
}

// AgreementView is an agreement between two institutions.
type AgreementView struct {
	ID       string         `json:"id"`
	Inviting Named          `json:"inviting"`
	Invited  Named          `json:"invited"`
	Kinds    []consult.Kind `json:"kinds"`
	From     time.Time      `json:"from"`
	Until    time.Time      `json:"until,omitzero"`
}
