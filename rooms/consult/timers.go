package consult

import "time"

// Allowance is the time allowed per urgency.
type Allowance struct{ Emergency, Urgent, Routine time.Duration }

func (a Allowance) of(u Urgency) time.Duration {
	switch u {
	case Emergency:
		return a.Emergency
	case Urgent:
		return a.Urgent
	}
	return a.Routine
}

// Times is how long things may take. Standard holds the domain's defaults.
type Times struct {
	Allowed    map[State]Allowance // in a state, until it is overdue
	Grace      Allowance           // overdue before the call, until it expires
	Ring       time.Duration       // one wave of a ring
	Prepare    time.Duration       // before the start, when the inviting side should be ready
	Doors      time.Duration       // before the start, when the waiting room opens
	NoShow     time.Duration       // after the start, when nobody came
	LookAgain  time.Duration       // from a no-show that was none because both sides are there
	Wait       time.Duration       // in the waiting room, until the coordinator is alerted
	CallBack   time.Duration       // after a break, until both sides are told to call back
	OfferText  time.Duration       // after a break, until writing is offered
	GiveUp     time.Duration       // after a break, until the consult continues in writing by itself
	CallLength time.Duration       // how long a call that rang is expected to keep the expert
}

const day = 24 * time.Hour

// Standard is the domain's table of times.
var Standard = Times{
	Allowed: map[State]Allowance{
		Submitted:  {5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		Returned:   {5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		Triaged:    {5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		Invited:    {10 * time.Minute, 2 * time.Hour, 24 * time.Hour},
		Accepted:   {30 * time.Minute, 24 * time.Hour, 7 * day},
		Async:      {30 * time.Minute, 2 * time.Hour, 24 * time.Hour},
		OpinionDue: {30 * time.Minute, 2 * time.Hour, 24 * time.Hour},
		Signed:     {time.Hour, 24 * time.Hour, 72 * time.Hour},
		Decided:    {24 * time.Hour, 7 * day, 30 * day},
		FollowUp:   {30 * day, 30 * day, 30 * day},
	},
	Grace:      Allowance{24 * time.Hour, 7 * day, 30 * day},
	Ring:       60 * time.Second,
	Prepare:    15 * time.Minute,
	Doors:      30 * time.Minute,
	NoShow:     30 * time.Minute,
	LookAgain:  time.Minute,
	Wait:       15 * time.Minute,
	CallBack:   2 * time.Minute,
	OfferText:  10 * time.Minute,
	GiveUp:     30 * time.Minute,
	CallLength: 30 * time.Minute,
}

// due is when the case's present state must be left; zero: no such time.
func (t *Times) due(c *Case) time.Time {
	switch c.State {
	case Scheduled:
		return c.Booking.Start.Add(-t.Prepare)
	case Ready:
		return c.Booking.Start
	case Waiting:
		return c.Since.Add(t.Wait)
	case Interrupted:
		return c.Since.Add(t.OfferText)
	case FollowUp:
		return c.Decision.At.Add(t.Allowed[FollowUp].of(c.Urgency))
	}
	allowed, ok := t.Allowed[c.State]
	if !ok {
		return time.Time{}
	}
	return c.Since.Add(allowed.of(c.Urgency))
}

// rule is one line of the timer table: in which states something happens by
// itself, when, and which command the system then gives (nil: a notice).
type rule struct {
	kind   TimerKind
	states []State
	at     func(*Times, *Case) time.Time // zero: not for this case
	does   func(Timer) Command
}

var unbooked = []State{Submitted, Returned, Triaged, Invited, Accepted}

var rules = []rule{
	{TimerOverdue, []State{Submitted, Returned, Triaged, Invited, Accepted, Scheduled, Ready, Async, OpinionDue, Signed, Decided, FollowUp},
		func(_ *Times, c *Case) time.Time { return c.Due }, nil},
	{TimerExpire, unbooked,
		func(t *Times, c *Case) time.Time { return c.Due.Add(t.Grace.of(c.Urgency)) },
		func(Timer) Command { return ExpireCmd{} }},
	{TimerRing, []State{Invited},
		func(_ *Times, c *Case) time.Time {
			if c.Wave == 0 || c.Unheard {
				return time.Time{}
			}
			return c.WaveEnds
		},
		func(t Timer) Command { return EscalateCmd{Wave: t.Wave} }},
	{TimerNoShow, []State{Scheduled, Ready},
		func(t *Times, c *Case) time.Time { return c.Booking.Start.Add(t.NoShow) },
		func(Timer) Command { return MissCmd{} }},
	// Somebody waits: they are not sent away before the booked time is over.
	{TimerNoShow, []State{Waiting},
		func(t *Times, c *Case) time.Time { return later(c.Booking.End, c.Booking.Start.Add(t.NoShow)) },
		func(Timer) Command { return MissCmd{} }},
	{TimerWaiting, []State{Waiting}, since(func(t *Times) time.Duration { return t.Wait }), nil},
	{TimerCallBack, []State{Interrupted}, since(func(t *Times) time.Duration { return t.CallBack }), nil},
	{TimerOfferText, []State{Interrupted}, since(func(t *Times) time.Duration { return t.OfferText }), nil},
	{TimerGiveUp, []State{Interrupted}, since(func(t *Times) time.Duration { return t.GiveUp }),
		func(Timer) Command { return WriteCmd{Reason: linkLost} }},
	{TimerArchive, []State{Closed, Cancelled, Expired, NoShow},
		func(_ *Times, c *Case) time.Time { return c.Ended.Add(archiveAfter) }, nil},
}

// linkLost is the reason of the system's WriteCmd.
const linkLost = "the link broke and did not come back"

func since(d func(*Times) time.Duration) func(*Times, *Case) time.Time {
	return func(t *Times, c *Case) time.Time { return c.Since.Add(d(t)) }
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Timers is everything that happens to the case by itself if nobody acts.
func (t *Times) Timers(c *Case) []Timer {
	var out []Timer
	for _, r := range rules {
		if !has(r.states, c.State) {
			continue
		}
		if at := r.at(t, c); !at.IsZero() {
			timer := Timer{Case: c.ID, Kind: r.kind, At: at}
			if r.kind == TimerRing {
				timer.Wave = c.Wave
			}
			out = append(out, timer)
		}
	}
	return out
}

// Timers is the case's whole set of timers by Standard, also those that are
// past: a store keeps a timer that it has already (same kind and At, fired or
// not), adds new ones and drops the rest.
func (c *Case) Timers(time.Time) []Timer { return Standard.Timers(c) }

// Again is how long after this refusal the timer comes again; zero: it is done.
// Sides that are both there may part without the call having begun.
func (t Timer) Again(refused *Error) time.Duration {
	if t.Kind == TimerNoShow && refused.Code == GuardAbsent {
		return Standard.LookAgain
	}
	return 0
}

// Command is what the system does when the timer fires; nil for a notice.
func (t Timer) Command() Command {
	for _, r := range rules {
		if r.kind == t.Kind && r.does != nil {
			return r.does(t)
		}
	}
	return nil
}
