package consult

import (
	"slices"
	"testing"
	"time"
)

// TestDeadlines is the domain's table of times, written out.
func TestDeadlines(t *testing.T) {
	for _, row := range []struct {
		state                      State
		emergency, urgent, routine time.Duration
	}{
		{Submitted, 5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		{Returned, 5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		{Triaged, 5 * time.Minute, 30 * time.Minute, 4 * time.Hour},
		{Invited, 10 * time.Minute, 2 * time.Hour, 24 * time.Hour},
		{Accepted, 30 * time.Minute, 24 * time.Hour, 7 * 24 * time.Hour},
		{OpinionDue, 30 * time.Minute, 2 * time.Hour, 24 * time.Hour},
		{Signed, time.Hour, 24 * time.Hour, 72 * time.Hour},
		{Decided, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour},
		{Draft, 0, 0, 0},
		{Closed, 0, 0, 0},
	} {
		allowed := Standard.Allowed[row.state]
		got := []time.Duration{allowed.of(Emergency), allowed.of(Urgent), allowed.of(Routine)}
		if want := []time.Duration{row.emergency, row.urgent, row.routine}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", row.state, got, want)
		}
	}
}

// TestTimers: what happens by itself in each state, with the times as they are
// configured, and which command it becomes.
func TestTimers(t *testing.T) {
	start := morning.Add(2 * time.Hour)
	c := &Case{
		ID: "case-1", Urgency: Urgent, Since: morning, Wave: 2, WaveEnds: morning.Add(time.Minute), Ended: morning,
		Booking: &Booking{Start: start, End: start.Add(time.Hour)}, Decision: &Decision{At: morning},
	}
	type at map[TimerKind]time.Duration // from morning
	const booked = 2 * time.Hour
	for state, want := range map[State]at{
		Draft:       {},
		Submitted:   {TimerOverdue: 30 * time.Minute, TimerExpire: 30*time.Minute + 7*day},
		Invited:     {TimerOverdue: 2 * time.Hour, TimerExpire: 2*time.Hour + 7*day, TimerRing: time.Minute},
		Scheduled:   {TimerOverdue: booked - 15*time.Minute, TimerNoShow: booked + 30*time.Minute},
		Ready:       {TimerOverdue: booked, TimerNoShow: booked + 30*time.Minute},
		Waiting:     {TimerWaiting: 15 * time.Minute, TimerNoShow: booked + time.Hour},
		InCall:      {},
		Interrupted: {TimerCallBack: 2 * time.Minute, TimerOfferText: 10 * time.Minute, TimerGiveUp: 30 * time.Minute},
		OpinionDue:  {TimerOverdue: 2 * time.Hour},
		FollowUp:    {TimerOverdue: 30 * day},
		Closed:      {TimerArchive: 30 * day},
		NoShow:      {TimerArchive: 30 * day},
	} {
		c.State = state
		c.Due = Standard.due(c)
		got := at{}
		for _, timer := range c.Timers(morning) {
			got[timer.Kind] = timer.At.Sub(morning)
		}
		for kind, d := range want {
			if got[kind] != d {
				t.Errorf("%s: %s after %v, want %v", state, kind, got[kind], d)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
	if cmd := (Timer{Kind: TimerRing, Wave: 2}).Command(); cmd != (EscalateCmd{Wave: 2}) {
		t.Errorf("a ring that times out becomes %+v", cmd)
	}
	if cmd := (Timer{Kind: TimerOverdue}).Command(); cmd != nil {
		t.Errorf("a notice becomes the command %+v", cmd)
	}
	short := Standard
	short.Ring, short.Allowed = time.Second, map[State]Allowance{Submitted: {Urgent: time.Minute}}
	c.State = Submitted
	if due := short.due(c); !due.Equal(morning.Add(time.Minute)) {
		t.Errorf("configured times are not used: %v", due)
	}
}
