package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"consilium/auth"
	"consilium/rooms/consult"
)

func TestCaseComesBackAsItWasWritten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		age := 71
		hr := 38.5
		want := f.create(t, func(c *consult.Case) {
			c.Request.Patient.Age = &age
			c.Request.History = "胸痛 3 小时; it's 100% 'quoted' \\u0000 and ? ?0 ?TableName"
			c.Request.Vitals = []consult.Vitals{{Taken: f.now, HeartRate: &hr}}
			c.Due = f.now.Add(time.Hour)
			c.Consents = []consult.Consented{}
			c.Outcomes = []consult.Outcome{}
		})
		got, err := f.Case(t.Context(), f.tenant, want.ID)
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if want.Number != 1 || want.Version != 1 {
			t.Errorf("number %d, version %d, want 1 and 1", want.Number, want.Version)
		}
		if second := f.create(t, nil); second.Number != 2 {
			t.Errorf("the second case has number %d, want 2", second.Number)
		}
	})
}

func TestTransitionWritesEverythingTogether(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		due := f.now.Add(30 * time.Minute)
		r, err := f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, By: f.by(f.doctor), IP: "192.0.2.7", Institution: clinic},
			func(_ *Tx, c *consult.Case) (consult.Event, error) {
				c.State, c.Version = consult.Submitted, c.Version+1
				return consult.Event{Verb: consult.Submit, From: consult.Draft, At: f.now,
					Timers: []consult.Timer{{Case: c.ID, Kind: consult.TimerOverdue, At: due}}}, nil
			})
		must(t, err)
		if r.Case.Version != 2 || r.Event.Version != 2 || r.Event.To != consult.Submitted {
			t.Errorf("result %+v", r)
		}
		stored, err := f.Case(ctx, f.tenant, c.ID)
		must(t, err)
		if stored.State != consult.Submitted || stored.Version != 2 {
			t.Errorf("stored as %s, version %d", stored.State, stored.Version)
		}
		timeline, err := f.Timeline(ctx, f.tenant, c.ID)
		must(t, err)
		want := []AuditEntry{
			{Tenant: "t1", At: f.now, Person: f.doctor, Session: "s-doctor", Action: "consult.create", Case: c.ID, From: "draft", To: "draft", Version: 1, Outcome: Done, Told: true},
			{Tenant: "t1", At: f.now, Person: f.doctor, Session: "s-doctor", IP: "192.0.2.7", Institution: clinic, Action: "consult.submit", Case: c.ID, From: "draft", To: "submitted", Version: 2, Outcome: Done, Told: true},
		}
		if d := cmp.Diff(want, timeline, cmpopts.IgnoreFields(AuditEntry{}, "ID")); d != "" {
			t.Error(d)
		}
		timers, err := f.Timers(ctx, f.tenant, c.ID)
		must(t, err)
		if len(timers) != 1 || timers[0].Kind != consult.TimerOverdue || !timers[0].At.Equal(due) {
			t.Errorf("timers %+v", timers)
		}
		outbox, err := f.Pending(ctx, "node", f.now, 10, time.Minute)
		must(t, err)
		if len(outbox) != 2 || outbox[1].Verb != consult.Submit || outbox[1].Version != 2 || outbox[1].Event.From != consult.Draft {
			t.Errorf("outbox %+v", outbox)
		}
		select {
		case <-f.Committed():
		default:
			t.Error("no signal that there is something to publish")
		}
	})
}

func TestFailedTransitionLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		_, err := f.Pending(ctx, "node", f.now, 10, time.Hour)
		must(t, err)
		refusal := &consult.Error{Code: consult.StateForbids, Message: "no"}
		for name, change := range map[string]func(tx *Tx, c *consult.Case) (consult.Event, error){
			"refused by the lifecycle": func(tx *Tx, c *consult.Case) (consult.Event, error) {
				must(t, tx.Audit(ctx, AuditEntry{Tenant: f.tenant, At: f.now, Action: "x", Case: c.ID, Told: true}))
				c.State = consult.Closed
				return consult.Event{}, refusal
			},
			"text that cannot be kept": func(_ *Tx, c *consult.Case) (consult.Event, error) {
				c.Request.Question = "a\x00b"
				return consult.Event{}, nil
			},
		} {
			_, err := f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, Key: "k", By: f.by(f.doctor)}, change)
			if !errors.Is(err, refusal) && !errors.Is(err, ErrBadText) {
				t.Errorf("%s: %v", name, err)
			}
		}
		got, err := f.Case(ctx, f.tenant, c.ID)
		must(t, err)
		if d := cmp.Diff(c, got, cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
		timeline, err := f.Timeline(ctx, f.tenant, c.ID)
		must(t, err)
		outbox, err := f.Pending(ctx, "node", f.now, 10, time.Hour)
		must(t, err)
		if len(timeline) != 1 || len(outbox) != 0 {
			t.Errorf("%d audit entries and %d outbox entries were left", len(timeline)-1, len(outbox))
		}
	})
}

func TestPanicInTransitionFreesTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.create(t, nil)
		func() {
			defer func() { _ = recover() }()
			_, _ = f.Transition(t.Context(), TransitionInput{Tenant: f.tenant, ID: c.ID, By: f.by(f.doctor)},
				func(*Tx, *consult.Case) (consult.Event, error) { panic("boom") })
		}()
		f.mustStep(t, c.ID, consult.Submitted, nil)
	})
}

func TestStaleVersionIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.create(t, nil)
		errs := parallel(20, func(int) error {
			_, err := f.Transition(t.Context(), TransitionInput{Tenant: f.tenant, ID: c.ID, Expect: 1, By: f.by(f.doctor)},
				moveTo(f, consult.Submitted, nil))
			return err
		})
		if got := codes(t, errs); got[""] != 1 || got[consult.Stale] != 19 {
			t.Errorf("%v, want one success and 19 stale", got)
		}
	})
}

func TestConcurrentTransitionsLoseNoWrite(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.create(t, nil)
		errs := parallel(30, func(i int) error {
			_, err := f.Transition(t.Context(), TransitionInput{Tenant: f.tenant, ID: c.ID, By: f.by(f.doctor)},
				func(_ *Tx, c *consult.Case) (consult.Event, error) {
					c.Missing = append(c.Missing, fmt.Sprint(i))
					return consult.Event{}, nil
				})
			return err
		})
		if got := codes(t, errs); got[""] != 30 {
			t.Fatal(got)
		}
		got, err := f.Case(t.Context(), f.tenant, c.ID)
		must(t, err)
		if len(got.Missing) != 30 || got.Version != 31 {
			t.Errorf("%d writes are there, version %d", len(got.Missing), got.Version)
		}
	})
}

func TestOneKeyHasOneEffect(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		results := make([]Result, 20)
		errs := parallel(20, func(i int) (err error) {
			results[i], err = f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, Key: "key-1", Request: "submit", By: f.by(f.doctor)},
				moveTo(f, consult.Submitted, func(c *consult.Case) { c.Missing = append(c.Missing, "x") }))
			return err
		})
		if got := codes(t, errs); got[""] != 20 {
			t.Fatal(got)
		}
		fresh := 0
		for _, r := range results {
			if !r.Replayed {
				fresh++
			}
			if d := cmp.Diff(results[0].Event, r.Event, cmpopts.EquateEmpty()); d != "" || r.Case.ID != c.ID {
				t.Errorf("answers differ: %s", d)
			}
		}
		got, err := f.Case(ctx, f.tenant, c.ID)
		must(t, err)
		if fresh != 1 || got.Version != 2 || len(got.Missing) != 1 {
			t.Errorf("%d effects, version %d", fresh, got.Version)
		}

		_, err = f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: c.ID, Key: "key-1", Request: "cancel", By: f.by(f.doctor)}, moveTo(f, consult.Cancelled, nil))
		if code(t, err) != CodeKeyReused {
			t.Errorf("another request with the key: %v", err)
		}
		other := f.create(t, nil)
		_, err = f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: other.ID, Key: "key-1", Request: "submit", By: f.by(f.doctor)}, moveTo(f, consult.Submitted, nil))
		if code(t, err) != CodeKeyReused {
			t.Errorf("the key for another case: %v", err)
		}
		if r, err := f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: other.ID, Key: "key-1", Request: "submit", By: f.by(f.coord)}, moveTo(f, consult.Submitted, nil)); err != nil || r.Replayed {
			t.Errorf("another person's key of the same name: %v", err)
		}
	})
}

func TestOneKeyCreatesOneCase(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		results := make([]Result, 20)
		errs := parallel(20, func(i int) (err error) {
			results[i], err = f.Create(ctx, CreateInput{Case: f.draft(), Key: "new", By: f.by(f.doctor)}, nil)
			return err
		})
		if got := codes(t, errs); got[""] != 20 {
			t.Fatal(got)
		}
		list, _, err := f.Cases(ctx, CaseFilter{Tenant: f.tenant})
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("%d cases were made", len(list))
		}
		for _, r := range results {
			if r.Case.ID != list[0].ID {
				t.Errorf("an answer names another case")
			}
		}
	})
}

func TestOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		answers := make([]string, 20)
		errs := parallel(20, func(i int) error {
			_, err := f.Once(ctx, OnceInput{Tenant: f.tenant, Person: f.coord, Key: "k", Request: "r"}, &answers[i], func(tx *Tx) error {
				answers[i] = fmt.Sprint("made by ", i)
				return tx.SaveDepartment(ctx, Department{ID: NewID(), Tenant: f.tenant, Institution: hospital, Name: "神经内科", Specialty: "neurology"})
			})
			return err
		})
		if got := codes(t, errs); got[""] != 20 {
			t.Fatal(got)
		}
		departments, err := f.Departments(ctx, f.tenant)
		must(t, err)
		if len(departments) != 2 || len(slices.Compact(answers)) != 1 {
			t.Errorf("%d departments were made, answers %q", len(departments)-1, slices.Compact(answers))
		}
		_, err = f.Once(ctx, OnceInput{Tenant: f.tenant, Person: f.coord, Key: "k", Request: "other"}, new(string), func(*Tx) error { return nil })
		if code(t, err) != CodeKeyReused {
			t.Errorf("%v", err)
		}
		must(t, f.ForgetKeys(ctx, time.Now().Add(time.Hour)))
		if replayed, err := f.Once(ctx, OnceInput{Tenant: f.tenant, Person: f.coord, Key: "k", Request: "other"}, new(string), func(*Tx) error { return nil }); err != nil || replayed {
			t.Errorf("a forgotten key: %v %v", replayed, err)
		}
	})
}

func TestOutboxTellsWhoMayKnow(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		f.mustStep(t, c.ID, consult.Submitted, nil)
		f.mustStep(t, c.ID, consult.Invited, func(c *consult.Case) {
			c.Members = append(c.Members, consult.Member{Person: f.expert, Institution: hospital, Seat: auth.SeatInvited, Since: f.now})
		})
		f.mustStep(t, c.ID, consult.Triaged, func(c *consult.Case) { c.Members = c.Members[:1] })
		list, err := f.Pending(ctx, "node", f.now, 10, time.Minute)
		must(t, err)
		var got [][]string
		for _, e := range list {
			got = append(got, e.People)
		}
		want := [][]string{{f.doctor}, {f.coord, f.doctor}, {f.coord, f.doctor, f.expert}, {f.coord, f.doctor, f.expert}}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestOutboxIsClaimedOnceAndComesAgainUntilSent(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for range 40 {
			must(t, f.Announce(ctx, OutboxEntry{Tenant: f.tenant, Kind: "notice", Body: []byte(`{"n":1}`), At: f.now}))
		}
		claimed := make([][]OutboxEntry, 8)
		for _, err := range parallel(8, func(i int) (err error) {
			claimed[i], err = f.Pending(ctx, fmt.Sprint("node", i), f.now, 10, time.Minute)
			return err
		}) {
			must(t, err)
		}
		seen := map[int64]bool{}
		var ids []int64
		for _, list := range claimed {
			for _, e := range list {
				if seen[e.ID] {
					t.Errorf("entry %d was claimed twice", e.ID)
				}
				seen[e.ID] = true
				ids = append(ids, e.ID)
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d of 40 entries were claimed", len(seen))
		}
		must(t, f.MarkSent(ctx, f.now, ids[:30]...))
		if list, err := f.Pending(ctx, "node", f.now.Add(30*time.Second), 100, time.Minute); err != nil || len(list) != 0 {
			t.Errorf("claimed within another's lease: %d %v", len(list), err)
		}
		list, err := f.Pending(ctx, "node", f.now.Add(2*time.Minute), 100, time.Minute)
		must(t, err)
		if len(list) != 10 || !slices.IsSortedFunc(list, func(a, b OutboxEntry) int { return int(a.ID - b.ID) }) {
			t.Errorf("%d entries come again, want the 10 unsent ones in order", len(list))
		}
		if string(list[0].Body) == "" {
			t.Error("the body is lost")
		}
		must(t, f.ForgetSent(ctx, f.now.Add(time.Hour)))
	})
}
