package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"consilium/rooms/consult"
)

// book schedules the case for the people at minutes after ten.
func (f *fixture) book(t *testing.T, id string, from, to int, people ...string) error {
	_, err := f.step(t.Context(), id, f.coord, consult.Scheduled, func(c *consult.Case) { c.Booking = f.slot(from, to, people...) })
	return err
}

func (f *fixture) slot(from, to int, people ...string) *consult.Booking {
	ten := f.now.Add(2 * time.Hour)
	return &consult.Booking{Start: ten.Add(time.Duration(from) * time.Minute), End: ten.Add(time.Duration(to) * time.Minute), People: people}
}

func TestOneOf200ParallelBookingsOfASlotWins(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ids := make([]string, 200)
		for i := range ids {
			ids[i] = f.create(t, nil).ID
		}
		errs := parallel(len(ids), func(i int) error {
			// They start within the same half hour, not at the same minute.
			return f.book(t, ids[i], i%30, 30+i%30, f.expert)
		})
		if got := codes(t, errs); got[""] != 1 || got[consult.BookedTwice] != 199 {
			t.Errorf("%v, want one booking and 199 refusals", got)
		}
		for _, err := range errs {
			if refusal := new(consult.Error); errors.As(err, &refusal) && !slices.Equal(refusal.Missing, []string{f.expert}) {
				t.Fatalf("the refusal names %v", refusal.Missing)
			}
		}
		busy, err := f.Busy(t.Context(), f.tenant, []string{f.expert}, f.now, f.now.Add(24*time.Hour), "")
		must(t, err)
		scheduled, _, err := f.Cases(t.Context(), CaseFilter{Tenant: f.tenant, States: []consult.State{consult.Scheduled}})
		must(t, err)
		if len(busy) != 1 || len(scheduled) != 1 || busy[0].Case != scheduled[0].ID {
			t.Errorf("%d busy intervals, %d scheduled cases", len(busy), len(scheduled))
		}
	})
}

func TestBookingsOfSeveralPeopleNeverDeadlock(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ids := make([]string, 40)
		for i := range ids {
			ids[i] = f.create(t, nil).ID
		}
		errs := parallel(len(ids), func(i int) error {
			people := []string{f.expert, f.deputy, f.doctor}
			if i%2 == 1 {
				slices.Reverse(people)
			}
			return f.book(t, ids[i], 10*i, 10*i+10, people...) // one after the other, touching
		})
		if got := codes(t, errs); got[""] != len(ids) {
			t.Errorf("%v, want %d bookings", got, len(ids))
		}
	})
}

func TestBookingRules(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		first, second, third := f.create(t, nil).ID, f.create(t, nil).ID, f.create(t, nil).ID
		must(t, f.book(t, first, 0, 30, f.expert))
		for name, s := range map[string][2]int{"the same": {0, 30}, "inside": {10, 20}, "around": {-10, 40}, "the beginning": {-10, 1}, "the end": {29, 60}} {
			if err := f.book(t, second, s[0], s[1], f.deputy, f.expert); code(t, err) != consult.BookedTwice {
				t.Errorf("%s of the slot: %v", name, err)
			}
		}
		busy, err := f.Busy(ctx, f.tenant, []string{f.deputy}, f.now, f.now.Add(24*time.Hour), "")
		must(t, err)
		if len(busy) != 0 {
			t.Error("a refused booking took somebody's time")
		}
		must(t, f.book(t, second, 30, 60, f.expert)) // touching is not overlapping
		must(t, f.book(t, third, 0, 30, f.deputy))   // another person's time

		if err := f.book(t, second, 15, 45, f.expert); code(t, err) != consult.BookedTwice {
			t.Errorf("moving onto another booking: %v", err)
		}
		must(t, f.book(t, second, 35, 65, f.expert)) // moving over its own old time
		must(t, f.book(t, third, 30, 35, f.expert, f.deputy))

		f.mustStep(t, first, consult.Cancelled, nil)
		must(t, f.book(t, third, 0, 30, f.expert)) // a cancelled one gives the time back
		busy, err = f.Busy(ctx, f.tenant, nil, f.now, f.now.Add(24*time.Hour), third)
		must(t, err)
		if len(busy) != 1 || busy[0].Case != second {
			t.Errorf("busy beside the third: %+v", busy)
		}
		other, err := f.Busy(ctx, "t2", nil, f.now, f.now.Add(24*time.Hour), "")
		must(t, err)
		if len(other) != 0 {
			t.Error("another partnership sees the bookings")
		}
	})
}

// Who comes into a booked consult later is booked with it, or not at all.
func TestComingIntoABookingTakesTheTime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first, second := f.create(t, nil).ID, f.create(t, nil).ID
		must(t, f.book(t, first, 0, 30, f.deputy))
		must(t, f.book(t, second, 10, 40, f.expert))
		accept := func(person string) error {
			_, err := f.step(t.Context(), second, person, consult.Waiting, func(c *consult.Case) {
				c.Booking = f.slot(10, 40, f.expert, person)
			})
			return err
		}
		if err := accept(f.deputy); code(t, err) != consult.BookedTwice {
			t.Errorf("accepted over another booking: %v", err)
		}
		must(t, accept(f.doctor))
		if err := f.book(t, first, 0, 30, f.doctor); code(t, err) != consult.BookedTwice {
			t.Errorf("the time of who accepted was given away: %v", err)
		}
	})
}

func TestEmergencyOverridesABooking(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		planned, emergency, later := f.create(t, nil).ID, f.create(t, nil).ID, f.create(t, nil).ID
		must(t, f.book(t, planned, 0, 30, f.expert))
		_, err := f.step(t.Context(), emergency, f.coord, consult.Scheduled, func(c *consult.Case) {
			c.Urgency, c.Booking = consult.Emergency, f.slot(10, 50, f.expert)
			c.Booking.Clashes = []string{planned}
		})
		must(t, err)
		if err := f.book(t, later, 40, 60, f.expert); code(t, err) != consult.BookedTwice {
			t.Errorf("an ordinary booking over the emergency: %v", err)
		}
		must(t, f.book(t, later, 50, 60, f.expert))
		f.mustStep(t, planned, consult.Ready, nil) // the overridden one goes on
	})
}

func TestDatabaseItselfRefusesOverlap(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		insert := func(id string, from, to int, active bool) error {
			s := f.slot(from, to)
			_, err := f.writer.NewInsert().Model(&BusyInterval{ID: id, Tenant: f.tenant, Case: c.ID, Person: f.expert, Start: s.Start, End: s.End, Active: active}).Exec(ctx)
			return translate(err)
		}
		must(t, insert("a", 0, 30, true))
		must(t, insert("b", 10, 20, false))
		if err := insert("c", 29, 31, true); !errors.Is(err, errBookedTwice) {
			t.Errorf("inserting: %v", err)
		}
		_, err := f.writer.ExecContext(ctx, "UPDATE busy_intervals SET active = TRUE WHERE id = 'b'")
		if !errors.Is(translate(err), errBookedTwice) {
			t.Errorf("activating: %v", err)
		}
		if err := insert("d", 60, 60, true); err == nil {
			t.Error("an empty interval is let in")
		}
	})
}

func TestTimersFireOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		const cases = 30
		for range cases {
			c := f.create(t, nil)
			f.timed(t, c.ID, consult.Timer{Case: c.ID, Kind: consult.TimerExpire, At: f.now.Add(-time.Minute)},
				consult.Timer{Case: c.ID, Kind: consult.TimerOverdue, At: f.now.Add(time.Hour)})
		}
		fired := make([]int, 8)
		for _, err := range parallel(8, func(i int) error {
			for {
				list, err := f.ClaimTimers(ctx, fmt.Sprint("node", i), f.now, 4, time.Minute)
				if err != nil || len(list) == 0 {
					return err
				}
				for _, timer := range list {
					_, err := f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: timer.Case, Timer: timer.ID, By: consult.System(f.tenant)},
						moveTo(f, consult.Expired, func(c *consult.Case) { c.Missing = append(c.Missing, "fired") }))
					if err != nil {
						return err
					}
					fired[i]++
				}
			}
		}) {
			must(t, err)
		}
		total := 0
		for _, n := range fired {
			total += n
		}
		list, _, err := f.Cases(ctx, CaseFilter{Tenant: f.tenant, Limit: 100})
		must(t, err)
		for _, c := range list {
			if len(c.Missing) != 1 {
				t.Errorf("a case was expired %d times", len(c.Missing))
			}
		}
		if total != cases {
			t.Errorf("%d timers fired, want %d", total, cases)
		}
	})
}

// timed gives the case its timers.
func (f *fixture) timed(t *testing.T, id string, timers ...consult.Timer) {
	t.Helper()
	_, err := f.Transition(t.Context(), TransitionInput{Tenant: f.tenant, ID: id, By: f.by(f.doctor)}, func(_ *Tx, c *consult.Case) (consult.Event, error) {
		return consult.Event{Verb: "timed", At: f.now, Timers: timers}, nil
	})
	must(t, err)
}

func TestTimerSurvivesItsClaimantAndARestart(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		f.timed(t, c.ID, consult.Timer{Case: c.ID, Kind: consult.TimerRing, At: f.now, Wave: 2})
		claim := func(s *Store, at time.Time) []Timer {
			list, err := s.ClaimTimers(ctx, "node", at, 10, time.Minute)
			must(t, err)
			return list
		}
		if len(claim(f.Store, f.now.Add(-time.Millisecond))) != 0 {
			t.Error("claimed before its time")
		}
		if list := claim(f.Store, f.now); len(list) != 1 || list[0].Wave != 2 || list[0].Kind != consult.TimerRing {
			t.Fatalf("claimed %+v", list)
		}
		again, err := Open(ctx, f.url, nil)
		must(t, err)
		defer again.Close()
		if len(claim(again, f.now.Add(30*time.Second))) != 0 {
			t.Error("claimed within another's lease")
		}
		list := claim(again, f.now.Add(2*time.Minute)) // the claimant died
		if len(list) != 1 {
			t.Fatal("a timer was lost with its claimant")
		}
		must(t, again.Fire(ctx, list[0].ID, f.now))
		if err := f.Fire(ctx, list[0].ID, f.now); !errors.Is(err, ErrTimerGone) {
			t.Errorf("fired twice: %v", err)
		}
		// A transition that still has the timer must not arm it again.
		f.timed(t, c.ID, consult.Timer{Case: c.ID, Kind: consult.TimerRing, At: f.now, Wave: 2})
		if len(claim(f.Store, f.now.Add(time.Hour))) != 0 {
			t.Error("a fired timer was armed again")
		}
	})
}

func TestATimerThatIsPutOffComesAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		f.timed(t, c.ID, consult.Timer{Case: c.ID, Kind: consult.TimerNoShow, At: f.now})
		claim := func(after time.Duration) []Timer {
			list, err := f.ClaimTimers(ctx, "node", f.now.Add(after), 10, time.Second)
			must(t, err)
			return list
		}
		list := claim(0)
		if len(list) != 1 {
			t.Fatalf("claimed %+v", list)
		}
		must(t, f.PutOff(ctx, list[0].ID, f.now.Add(time.Minute)))
		if list := claim(59 * time.Second); len(list) != 0 {
			t.Errorf("it came too soon: %+v", list)
		}
		if list := claim(time.Minute); len(list) != 1 {
			t.Error("it never came again")
		}
	})
}

func TestTransitionReplacesTimers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		at := func(kind consult.TimerKind, minutes int) consult.Timer {
			return consult.Timer{Case: c.ID, Kind: kind, At: f.now.Add(time.Duration(minutes)*time.Minute + 1500*time.Nanosecond)}
		}
		f.timed(t, c.ID, at(consult.TimerRing, 1), at(consult.TimerOverdue, 2))
		list, err := f.ClaimTimers(ctx, "node", f.now.Add(90*time.Second), 10, time.Minute)
		must(t, err)
		ring := list[0]
		must(t, f.Write(ctx, func(tx *Tx) error {
			return tx.SetTimer(ctx, Timer{Tenant: f.tenant, Case: c.ID, Kind: "rule", At: f.now.Add(9 * time.Minute)})
		}))
		f.timed(t, c.ID, at(consult.TimerOverdue, 2), at(consult.TimerExpire, 3))
		list, err = f.Timers(ctx, f.tenant, c.ID)
		must(t, err)
		var kinds []consult.TimerKind
		for _, timer := range list {
			kinds = append(kinds, timer.Kind)
		}
		if !slices.Equal(kinds, []consult.TimerKind{consult.TimerOverdue, consult.TimerExpire, "rule"}) {
			t.Errorf("pending timers: %v", kinds)
		}
		// The ring was claimed before it was replaced: it must not have its effect.
		_, err = f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, Timer: ring.ID, By: consult.System(f.tenant)}, moveTo(f, consult.Expired, nil))
		if !errors.Is(err, ErrTimerGone) {
			t.Errorf("a replaced timer: %v", err)
		}
		next, ok, err := f.NextTimer(ctx, f.now)
		if err != nil || !ok || next.Sub(f.now).Round(time.Minute) != 2*time.Minute {
			t.Errorf("next timer %v %v %v", next, ok, err)
		}
	})
}
