package consult

import "consilium/auth"

// State is where a consult stands (domain: "A consult (会诊)").
type State string

const (
	Draft       State = "draft"
	Submitted   State = "submitted"
	Returned    State = "returned"
	Triaged     State = "triaged"
	Invited     State = "invited"
	Accepted    State = "accepted"
	Scheduled   State = "scheduled"
	Ready       State = "ready"
	Waiting     State = "waiting"
	InCall      State = "in-call"
	Interrupted State = "interrupted"
	Async       State = "async"
	OpinionDue  State = "opinion-due"
	Signed      State = "signed"
	Decided     State = "decided"
	FollowUp    State = "follow-up"
	Closed      State = "closed"
	Cancelled   State = "cancelled"
	Expired     State = "expired"
	NoShow      State = "no-show"
)

// Verb names a transition or an act on a case. It is also the last word of the
// permission that the act needs ("consult.triage") and of its API route.
type Verb string

const (
	Submit    Verb = "submit"
	Return    Verb = "return"
	Triage    Verb = "triage"
	Invite    Verb = "invite"
	Accept    Verb = "accept"
	Decline   Verb = "decline"
	Schedule  Verb = "schedule"
	Prepare   Verb = "prepare" // scheduled → ready: consent, presenter, device check
	Arrive    Verb = "arrive"  // ready → waiting: the first participant knocks
	Admit     Verb = "admit"   // waiting → in call
	Interrupt Verb = "interrupt"
	Resume    Verb = "resume"
	End       Verb = "end"      // in call → opinion due
	Write     Verb = "write"    // → async: continue in writing
	Conclude  Verb = "conclude" // async → opinion due
	Sign      Verb = "sign"
	Append    Verb = "append" // an addendum to a signed opinion
	Decide    Verb = "decide"
	Follow    Verb = "follow" // an outcome at 7 or 30 days, or lost to follow-up
	Close     Verb = "close"
	Cancel    Verb = "cancel"
	Expire    Verb = "expire"
	Miss      Verb = "miss"   // no-show, with the side that was absent
	Reopen    Verb = "reopen" // no-show or expired → triaged
	Start     Verb = "start"  // 急会诊: draft → invited at once
	Consent   Verb = "consent"
	Withdraw  Verb = "withdraw"    // the patient withdraws a consent
	Escalate  Verb = "escalate"    // nobody answered: the next in line rings
	Join      Verb = "join"        // another expert is invited into the running call
	Glass     Verb = "break-glass" // 紧急调阅: a clinician outside the consult opens the case
	Review    Verb = "review"      // a break-glass access was reviewed
)

// Stage maps the state onto the part of the case's life that access depends on.
// archived is true from 30 days after the case ended.
func (s State) Stage(archived bool) auth.Stage {
	switch s {
	case Draft:
		return auth.StageDraft
	case Returned:
		return auth.StageReturned
	case Submitted, Triaged, Invited:
		return auth.StageQueue
	case Accepted, Scheduled:
		return auth.StageOpen
	case Ready, Waiting, InCall, Interrupted:
		return auth.StageCall
	case Async, OpinionDue:
		return auth.StageWriting
	case Signed, Decided, FollowUp:
		return auth.StageAnswered
	}
	if archived {
		return auth.StageArchived
	}
	return auth.StageEnded
}

// Over reports whether the consult has ended in this state. A no-show or an
// expired consult may be reopened.
func (s State) Over() bool {
	return s == Closed || s == Cancelled || s == Expired || s == NoShow
}

// States lists every state, in the order of a consult's life.
func States() []State {
	return []State{
		Draft, Submitted, Returned, Triaged, Invited, Accepted, Scheduled, Ready, Waiting, InCall, Interrupted,
		Async, OpinionDue, Signed, Decided, FollowUp, Closed, Cancelled, Expired, NoShow,
	}
}

// inWords is the state as a message to a person says it.
var inWords = map[State]string{
	Draft: "a draft", Submitted: "waiting for triage", Returned: "returned for completion", Triaged: "waiting for an invitation",
	Invited: "waiting for an expert's answer", Accepted: "waiting for a time", Scheduled: "booked", Ready: "ready to begin",
	Waiting: "in the waiting room", InCall: "in the call", Interrupted: "interrupted", Async: "being answered in writing",
	OpinionDue: "waiting for the opinion", Signed: "waiting for the decision", Decided: "decided", FollowUp: "in follow-up",
	Closed: "closed", Cancelled: "cancelled", Expired: "expired", NoShow: "recorded as a no-show",
}
