package consult

import "time"

// Command is one act on a case. The structs below are the bodies of the API:
// what a client sends to POST …/{verb} is exactly what the lifecycle reads.
type Command interface{ Verb() Verb }

// SubmitCmd sends the request to the coordinator.
type SubmitCmd struct {
	Bypass string `json:"bypass,omitempty" maxLength:"1000" doc:"why an emergency cannot wait for the minimum data set; only an emergency may"`
}

// ReturnCmd sends the request back for completion.
type ReturnCmd struct {
	Missing []string `json:"missing" maxItems:"40" doc:"keys of what is missing, e.g. data.ecg, vitals.spo2, history"`
	Note    string   `json:"note,omitempty" maxLength:"2000" doc:"what the requester should do, in words"`
}

// TriageCmd sets the urgency on clinical grounds.
type TriageCmd struct {
	Urgency   Urgency `json:"urgency" enum:"emergency,urgent,routine"`
	Grounds   string  `json:"grounds" minLength:"1" maxLength:"2000" doc:"the clinical grounds of the urgency"`
	Specialty string  `json:"specialty,omitempty" maxLength:"64" doc:"another specialty than the one asked for"`
	Override  string  `json:"override,omitempty" maxLength:"1000" doc:"clinical reason for moving the case to the front of its urgency; counted in the equity report"`
}

// InviteCmd asks experts: named people, or those on duty in a department.
type InviteCmd struct {
	People      []string `json:"people,omitempty" maxItems:"20" doc:"person ids"`
	Department  string   `json:"department,omitempty" maxLength:"64" doc:"department id: its experts on duty are asked"`
	Institution string   `json:"institution,omitempty" maxLength:"64" doc:"institution id at which the people are asked; needed when they practise at several"`
	Chair       string   `json:"chair,omitempty" maxLength:"64" doc:"person id of the MDT chair, one of the people"`
	Ring        bool     `json:"ring,omitempty" doc:"emergency only: ring now; the first to accept is in the call at once"`
}

// AcceptCmd takes the case on.
type AcceptCmd struct{}

// DeclineCmd refuses the case, or gives it back before the call.
type DeclineCmd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// ScheduleCmd books the time, also anew.
type ScheduleCmd struct {
	Start   time.Time `json:"start" doc:"start of the consult, UTC"`
	Minutes int       `json:"minutes" minimum:"5" maximum:"240"`
	Clash   bool      `json:"clash,omitempty" doc:"emergency only: book although someone is booked already; the clash is kept with the booking"`
}

// PrepareCmd says that the inviting side is ready.
type PrepareCmd struct {
	Camera     bool   `json:"camera" doc:"the camera works"`
	Microphone bool   `json:"microphone" doc:"the microphone works"`
	Speaker    bool   `json:"speaker" doc:"the speaker was heard"`
	Presenter  string `json:"presenter,omitempty" maxLength:"64" doc:"person id of the clinician beside the patient; empty: the one who sends this"`
}

// ArriveCmd knocks: the participant is in the waiting room.
type ArriveCmd struct{}

// AdmitCmd opens the call to those who wait.
type AdmitCmd struct{}

// InterruptCmd records that the link to one side broke.
type InterruptCmd struct{}

// ResumeCmd records that both sides are connected again.
type ResumeCmd struct{}

// EndCmd ends the call for all.
type EndCmd struct{}

// WriteCmd continues the consult in writing.
type WriteCmd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"why writing: the link does not carry video, writing suffices …"`
}

// ConcludeCmd says that the written material suffices for an opinion.
type ConcludeCmd struct{}

// SignCmd signs the saved draft of the opinion.
type SignCmd struct {
	Digest string `json:"digest,omitempty" maxLength:"64" doc:"digest of the content as the signer saw it; refused when the saved draft differs"`
}

// AppendCmd adds an addendum to the signed opinion.
type AppendCmd struct {
	Text string `json:"text" minLength:"1" maxLength:"20000"`
}

// DecideCmd records what the inviting doctor makes of the opinion.
type DecideCmd struct {
	Choice string `json:"choice" enum:"adopted,partly,not"`
	Why    string `json:"why" minLength:"1" maxLength:"4000"`
}

// FollowCmd records an outcome, or that the patient was lost to follow-up.
type FollowCmd struct {
	Day  int    `json:"day,omitempty" enum:"0,7,30" doc:"7 or 30 days after the decision; 0 only when lost"`
	Lost bool   `json:"lost,omitempty" doc:"lost to follow-up"`
	Text string `json:"text" minLength:"1" maxLength:"4000" doc:"the outcome, or what was tried to reach the patient"`
}

// CloseCmd closes the case.
type CloseCmd struct{}

// CancelCmd calls the consult off before the call.
type CancelCmd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// ExpireCmd ends a case that nobody took further in time; only the system may.
type ExpireCmd struct{}

// MissCmd records a no-show.
type MissCmd struct {
	Absent Side `json:"absent,omitempty" enum:",inviting,invited,both" doc:"which side did not appear; empty: from who knocked"`
}

// ReopenCmd puts an expired case or a no-show back to triaged.
type ReopenCmd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// StartCmd starts an emergency consult at once (急会诊) with a handful of fields.
// Consent is either recorded here or deferred with a reason.
type StartCmd struct {
	Institution     string      `json:"institution,omitempty" maxLength:"64" doc:"inviting institution id; needed when the requester practises at several"`
	Department      string      `json:"department" minLength:"1" maxLength:"64" doc:"department id whose experts on duty ring"`
	Patient         Patient     `json:"patient"`
	Question        string      `json:"question" minLength:"1" maxLength:"2000"`
	Specialty       string      `json:"specialty,omitempty" maxLength:"64" doc:"empty: the department's"`
	Complaint       string      `json:"complaint,omitempty" maxLength:"4000"`
	Vitals          *Vitals     `json:"vitals,omitempty"`
	Companion       string      `json:"companion,omitempty" maxLength:"64" doc:"person id of the accompanying clinician"`
	Consent         *ConsentCmd `json:"consent,omitempty" doc:"consent given now"`
	ConsentDeferred string      `json:"consent_deferred,omitempty" maxLength:"1000" doc:"why consent cannot be asked for now"`
}

// ConsentCmd records consent (one entry per purpose), or defers it in an
// emergency, or explains before signing why deferred consent could not be had.
type ConsentCmd struct {
	Purposes     []string  `json:"purposes,omitempty" maxItems:"4" enum:"care,sharing,recording,attendance" doc:"care: the consult itself; sharing: data goes to the other institution; recording; attendance: an interpreter or observer is present"`
	Version      string    `json:"version,omitempty" maxLength:"40" doc:"version of the consent text"`
	Language     string    `json:"language,omitempty" maxLength:"16" doc:"BCP 47"`
	Signer       string    `json:"signer,omitempty" maxLength:"120" doc:"who consented"`
	Relationship string    `json:"relationship,omitempty" maxLength:"60" doc:"self, parent, child, spouse, guardian …"`
	Expires      time.Time `json:"expires,omitzero"`
	Deferred     string    `json:"deferred,omitempty" maxLength:"1000" doc:"emergency only: why consent cannot be asked for now"`
	Explained    string    `json:"explained,omitempty" maxLength:"2000" doc:"why deferred or withdrawn consent was not recorded; lets the opinion be signed"`
}

// WithdrawCmd withdraws one recorded consent.
type WithdrawCmd struct {
	ID string `json:"id" minLength:"1" maxLength:"64" doc:"id of the recorded consent"`
}

// EscalateCmd rings the next in line.
type EscalateCmd struct {
	Wave int `json:"wave,omitempty" minimum:"0" doc:"the wave that went unanswered; 0: whichever rings now"`
}

// JoinCmd invites one more person: an expert, who then accepts, or an
// interpreter or observer, who is seated until the session ends.
type JoinCmd struct {
	Person      string `json:"person" minLength:"1" maxLength:"64"`
	Seat        string `json:"seat,omitempty" enum:",expert,interpreter,observer" doc:"empty: expert"`
	Institution string `json:"institution,omitempty" maxLength:"64" doc:"institution id at which the person is asked; needed when they practise at several"`
}

// GlassCmd opens the case for 60 minutes to a clinician outside the consult
// (紧急调阅).
type GlassCmd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// ReviewCmd takes the flag off one break-glass access.
type ReviewCmd struct {
	Person string `json:"person" minLength:"1" maxLength:"64" doc:"person id of who opened the case"`
	Note   string `json:"note" minLength:"1" maxLength:"1000" doc:"what the review found"`
}

func (SubmitCmd) Verb() Verb    { return Submit }
func (ReturnCmd) Verb() Verb    { return Return }
func (TriageCmd) Verb() Verb    { return Triage }
func (InviteCmd) Verb() Verb    { return Invite }
func (AcceptCmd) Verb() Verb    { return Accept }
func (DeclineCmd) Verb() Verb   { return Decline }
func (ScheduleCmd) Verb() Verb  { return Schedule }
func (PrepareCmd) Verb() Verb   { return Prepare }
func (ArriveCmd) Verb() Verb    { return Arrive }
func (AdmitCmd) Verb() Verb     { return Admit }
func (InterruptCmd) Verb() Verb { return Interrupt }
func (ResumeCmd) Verb() Verb    { return Resume }
func (EndCmd) Verb() Verb       { return End }
func (WriteCmd) Verb() Verb     { return Write }
func (ConcludeCmd) Verb() Verb  { return Conclude }
func (SignCmd) Verb() Verb      { return Sign }
func (AppendCmd) Verb() Verb    { return Append }
func (DecideCmd) Verb() Verb    { return Decide }
func (FollowCmd) Verb() Verb    { return Follow }
func (CloseCmd) Verb() Verb     { return Close }
func (CancelCmd) Verb() Verb    { return Cancel }
func (ExpireCmd) Verb() Verb    { return Expire }
func (MissCmd) Verb() Verb      { return Miss }
func (ReopenCmd) Verb() Verb    { return Reopen }
func (StartCmd) Verb() Verb     { return Start }
func (ConsentCmd) Verb() Verb   { return Consent }
func (WithdrawCmd) Verb() Verb  { return Withdraw }
func (EscalateCmd) Verb() Verb  { return Escalate }
func (JoinCmd) Verb() Verb      { return Join }
func (GlassCmd) Verb() Verb     { return Glass }
func (ReviewCmd) Verb() Verb    { return Review }
