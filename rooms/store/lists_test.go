package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"consilium/auth"
	"consilium/rooms/consult"
)

func numbers(list []consult.Case) []int64 {
	n := []int64{}
	for _, c := range list {
		n = append(n, c.Number)
	}
	return n
}

func TestPagesHoldEachCaseOnceInOrder(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i := range 23 {
			f.create(t, func(c *consult.Case) {
				c.Urgency = []consult.Urgency{consult.Emergency, consult.Urgent, consult.Routine}[rand.IntN(3)]
				c.Created = f.now.Add(time.Duration(rand.IntN(4)) * time.Minute) // many at the same time
				if i%3 != 0 {
					c.Due = f.now.Add(time.Duration(rand.IntN(3)) * 1500 * time.Microsecond)
				}
				if i%2 == 0 {
					c.Booking = f.slot(rand.IntN(3)*100, 500+i, fmt.Sprint("person", i))
				}
			})
		}
		read := func(order CaseOrder) (list []consult.Case) {
			for cursor := ""; ; {
				page, next, err := f.Cases(t.Context(), CaseFilter{Tenant: f.tenant, Order: order, Limit: 4, Cursor: cursor})
				must(t, err)
				list = append(list, page...)
				if cursor = next; next == "" {
					return list
				}
			}
		}
		queue := read(ByQueue)
		if len(queue) != 23 || !slices.IsSortedFunc(queue, func(a, b consult.Case) int { return consult.Order(&a, &b) }) {
			t.Errorf("the queue is not in the lifecycle's order: %v", numbers(queue))
		}
		newest := read(ByNewest)
		if len(newest) != 23 || !slices.IsSortedFunc(newest, func(a, b consult.Case) int { return b.Created.Compare(a.Created) }) {
			t.Errorf("newest first: %v", numbers(newest))
		}
		start := read(ByStart)
		if len(start) != 12 || !slices.IsSortedFunc(start, func(a, b consult.Case) int { return a.Booking.Start.Compare(b.Booking.Start) }) {
			t.Errorf("by start: %v", numbers(start))
		}
		for _, list := range [][]consult.Case{queue, newest, start} {
			n := numbers(list)
			slices.Sort(n)
			if len(slices.Compact(n)) != len(list) {
				t.Errorf("a case is on two pages: %v", n)
			}
		}
		if _, _, err := f.Cases(t.Context(), CaseFilter{Tenant: f.tenant, Cursor: "bad"}); !errors.Is(err, ErrBadCursor) {
			t.Errorf("a forged cursor: %v", err)
		}
	})
}

func TestFiltersOfCases(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.create(t, func(c *consult.Case) {
			c.Request.Patient = consult.Patient{Name: "Zhang_San", LocalID: "ZY-7"}
			c.Request.Question = "Anticoagulate?"
		})
		f.create(t, func(c *consult.Case) {
			c.Request.Patient = consult.Patient{Name: "王小明 100%", Confidential: true}
			c.State, c.Invited, c.Department = consult.Invited, hospital, cardiology
			c.Due = f.now
			c.Members = append(c.Members, consult.Member{Person: f.expert, Seat: auth.SeatInvited, Since: f.now},
				consult.Member{Person: f.deputy, Seat: auth.SeatBreakGlass, Since: f.now, Until: f.now.Add(time.Hour)})
		})
		f.create(t, func(c *consult.Case) {
			c.State, c.Urgency, c.Created = consult.Closed, consult.Emergency, f.now.Add(time.Hour)
		})
		for name, c := range map[string]struct {
			f    CaseFilter
			want []int64
		}{
			"all":                    {CaseFilter{}, []int64{3, 2, 1}},
			"seat":                   {CaseFilter{Person: f.expert, At: f.now}, []int64{2}},
			"seat of another kind":   {CaseFilter{Person: f.expert, At: f.now, Seats: []auth.Seat{auth.SeatExpert}}, []int64{}},
			"seat that holds":        {CaseFilter{Person: f.deputy, At: f.now.Add(59 * time.Minute)}, []int64{2}},
			"seat that ended":        {CaseFilter{Person: f.deputy, At: f.now.Add(time.Hour)}, []int64{}},
			"invited institution":    {CaseFilter{Institution: hospital}, []int64{2}},
			"inviting institution":   {CaseFilter{Inviting: hospital}, []int64{}},
			"department":             {CaseFilter{Departments: []string{cardiology}}, []int64{2}},
			"no department":          {CaseFilter{Departments: []string{}}, []int64{}},
			"state":                  {CaseFilter{States: []consult.State{consult.Draft, consult.Closed}}, []int64{3, 1}},
			"no state":               {CaseFilter{States: []consult.State{}}, []int64{}},
			"not a state":            {CaseFilter{NotStates: []consult.State{consult.Closed}}, []int64{2, 1}},
			"urgency":                {CaseFilter{Urgency: consult.Emergency}, []int64{3}},
			"overdue":                {CaseFilter{Overdue: f.now.Add(time.Second)}, []int64{2}},
			"created":                {CaseFilter{From: f.now, To: f.now.Add(time.Minute)}, []int64{2, 1}},
			"number":                 {CaseFilter{Query: " 3 "}, []int64{3}},
			"name":                   {CaseFilter{Query: "zhang_"}, []int64{1}},
			"question":               {CaseFilter{Query: "anticoag"}, []int64{1}},
			"underscore is a letter": {CaseFilter{Query: "g_s_n"}, []int64{}},
			"percent is a letter":    {CaseFilter{Query: "%"}, []int64{}},
			"local number":           {CaseFilter{Query: "zy-7"}, []int64{1}},
			"confidential":           {CaseFilter{Query: "王小明", Reader: f.coord, At: f.now}, []int64{}},
			"confidential, seated":   {CaseFilter{Query: "王小明 100%", Reader: f.expert, At: f.now}, []int64{2}},
			"an attack":              {CaseFilter{Query: `\' OR 1=1 --`}, []int64{}},
			"another partnership":    {CaseFilter{Tenant: "t2"}, []int64{}},
		} {
			if c.f.Tenant == "" {
				c.f.Tenant = f.tenant
			}
			c.f.Order = ByNewest
			list, _, err := f.Cases(ctx, c.f)
			must(t, err)
			got := numbers(list)
			slices.SortFunc(got, func(a, b int64) int { return int(b - a) })
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		counts, err := f.Counts(ctx, f.tenant, f.now.Add(time.Second))
		must(t, err)
		want := []CaseCount{{consult.Closed, consult.Emergency, 1, 0, f.now}, {consult.Draft, consult.Routine, 1, 0, f.now}, {consult.Invited, consult.Routine, 1, 1, f.now}}
		if d := cmp.Diff(want, counts); d != "" {
			t.Error(d)
		}
	})
}

// Nothing of a partnership may be read, or written, under another one's name.
func TestPartnershipsAreApart(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.fill(t)
		f.timed(t, c.ID, consult.Timer{Case: c.ID, Kind: consult.TimerExpire, At: f.now})
		must(t, f.SaveAgreement(ctx, Agreement{ID: "a", Tenant: f.tenant, Inviting: clinic, Invited: hospital, Kinds: []consult.Kind{consult.Video}, From: f.now}))
		must(t, f.TakeDuty(ctx, Duty{Tenant: f.tenant, Department: cardiology, Person: f.expert, Rank: 1, From: f.now}))
		const other = "t2"
		hidden := map[string]func() error{
			"case":        func() error { _, err := f.Case(ctx, other, c.ID); return err },
			"draft":       func() error { _, err := f.OpinionDraft(ctx, other, c.ID, f.deputy); return err },
			"attachment":  func() error { _, err := f.Attachment(ctx, other, c.ID, "att"); return err },
			"institution": func() error { _, err := f.Institution(ctx, other, clinic); return err },
			"department":  func() error { _, err := f.Department(ctx, other, cardiology); return err },
			"colleague":   func() error { _, err := f.Colleague(ctx, other, f.doctor); return err },
			"agreement":   func() error { _, err := f.Agreement(ctx, other, clinic, hospital, consult.Video, f.now); return err },
			"transition": func() error {
				_, err := f.Transition(ctx, TransitionInput{Tenant: other, ID: c.ID, By: f.by("stranger")}, moveTo(f, consult.Closed, nil))
				return err
			},
			"save draft": func() error {
				_, err := f.SaveOpinionDraft(ctx, other, c.ID, "stranger", consult.OpinionContent{}, f.now, allowed)
				return err
			},
			"enter": func() error { return f.Enter(ctx, other, c.ID, "stranger", f.now) },
			"save institution": func() error {
				return f.SaveInstitution(ctx, Institution{ID: clinic, Tenant: other, Name: "x", Tier: "city"})
			},
			"save department": func() error {
				return f.SaveDepartment(ctx, Department{ID: cardiology, Tenant: other, Institution: "elsewhere", Name: "x"})
			},
			"move department": func() error {
				return f.SaveDepartment(ctx, Department{ID: cardiology, Tenant: f.tenant, Institution: clinic, Name: "x"})
			},
			"save agreement": func() error {
				return f.SaveAgreement(ctx, Agreement{ID: "a", Tenant: other, Inviting: "elsewhere", Invited: "elsewhere", From: f.now})
			},
			"save person": func() error { return f.SavePerson(ctx, auth.Person{ID: f.doctor, Tenant: other, Name: "x"}) },
			"set grants":  func() error { return f.SetGrants(ctx, other, f.doctor, nil) },
			"grant at a foreign institution": func() error {
				return f.SetGrants(ctx, other, "stranger", []auth.Grant{{Institution: clinic, Role: auth.Expert, From: f.now}})
			},
		}
		for name, call := range hidden {
			if err := call(); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s under another partnership: %v", name, err)
			}
		}
		empty := map[string]func() (int, error){
			"opinions":    func() (int, error) { l, err := f.Opinions(ctx, other, c.ID); return len(l), err },
			"chat":        func() (int, error) { l, err := f.Chat(ctx, other, c.ID, 0); return len(l), err },
			"attachments": func() (int, error) { l, err := f.Attachments(ctx, other, c.ID); return len(l), err },
			"timeline":    func() (int, error) { l, err := f.Timeline(ctx, other, c.ID); return len(l), err },
			"timers":      func() (int, error) { l, err := f.Timers(ctx, other, c.ID); return len(l), err },
			"attendances": func() (int, error) { l, err := f.Attendances(ctx, other, c.ID); return len(l), err },
			"break-glass": func() (int, error) { l, err := f.BreakGlasses(ctx, other, "", true); return len(l), err },
			"counts":      func() (int, error) { l, err := f.Counts(ctx, other, f.now); return len(l), err },
			"departments": func() (int, error) { l, err := f.Departments(ctx, other); return len(l), err },
			"agreements":  func() (int, error) { l, err := f.Agreements(ctx, other); return len(l), err },
			"duties":      func() (int, error) { l, err := f.Duties(ctx, other, f.now); return len(l), err },
			"on duty":     func() (int, error) { l, err := f.OnDuty(ctx, other, cardiology, f.now); return len(l), err },
			"people by id": func() (int, error) {
				l, err := f.People(ctx, PeopleFilter{Tenant: other, IDs: []string{f.doctor}})
				return len(l), err
			},
			"audit": func() (int, error) { l, _, err := f.AuditTrail(ctx, AuditFilter{Tenant: other}); return len(l), err },
			"unread": func() (int, error) {
				l, err := f.UnreadOpinions(ctx, other, f.doctor, []string{c.ID})
				return len(l), err
			},
		}
		for name, call := range empty {
			if n, err := call(); err != nil || n != 0 {
				t.Errorf("%s under another partnership: %d rows, %v", name, n, err)
			}
		}
	})
}
