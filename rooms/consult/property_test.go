package consult

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"consilium/auth"
	"consilium/rooms/schedule"
)

// clinical marks every free text that the properties write, so that it can be
// recognised where it must not be.
const clinical = "CLINICAL"

// world is a case that people and the system do things to at random.
type world struct {
	c        *Case
	now      time.Time
	opinions []Opinion
	sealed   string
}

var people = []string{"Li", "Mei", "Qian", "Zhou", "Wang", "Chen", "Sun", "Zhao", "He", "Bao", "Gu", SystemPerson}

// TestLifecycle holds what no sequence of commands, by anyone, at any time, with
// any facts, may break.
func TestLifecycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: morning}
		request := wholeRequest(rapid.Bool().Draw(t, "bare"))
		request.Question, request.History = clinical, clinical
		w.c, _ = New(Opening{
			ID: "case-1", Number: 1, Institution: "clinic", Request: request,
			Kind:    rapid.SampledFrom([]Kind{Video, Written, RemoteDiagnosis, MDT, Teaching}).Draw(t, "kind"),
			Urgency: rapid.SampledFrom([]Urgency{Emergency, Urgent, Routine}).Draw(t, "urgency"),
		}, actor("Li"), w.now)
		w.walk(t, rapid.IntRange(0, len(path)).Draw(t, "begun"))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.step(t)
			w.hold(t)
		}
	})
}

// path is a booked consult step by step: random steps alone seldom come far.
var path = []struct {
	who string
	cmd Command
}{
	{"Li", SubmitCmd{Bypass: clinical}},
	{"Zhou", TriageCmd{Urgency: Emergency, Grounds: clinical}},
	{"Zhou", InviteCmd{People: []string{"Wang"}, Chair: "Wang"}},
	{"Wang", AcceptCmd{}},
	{"Li", ConsentCmd{Deferred: clinical}},
	{"Zhou", ScheduleCmd{Start: morning.Add(10 * time.Minute), Minutes: 30}},
	{"Li", PrepareCmd{Speaker: true}},
	{"Li", ArriveCmd{}},
	{"Wang", AdmitCmd{}},
	{SystemPerson, InterruptCmd{}},
	{"Wang", EndCmd{}},
	{"Wang", ConcludeCmd{}}, // of a kind that is answered in writing
	{"Li", ConsentCmd{Explained: clinical}},
	{"Wang", SignCmd{}},
	{"Li", DecideCmd{Choice: "partly", Why: clinical}},
	{"Li", FollowCmd{Day: 30, Text: clinical}},
	{"Li", CloseCmd{}},
}

// walk goes the first steps of the path, as far as the kind of case allows.
func (w *world) walk(t *rapid.T, steps int) {
	for _, s := range path[:steps] {
		w.try(t, s.who, s.cmd, w.facts(t, s.who))
		w.hold(t)
	}
}

// step lets time pass and one actor give one command: mostly one that is
// possible for them, sometimes any.
func (w *world) step(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 1, 30, 61, 600, 2000, 4000, 4_000_000}).Draw(t, "seconds")) * time.Second)
	able := slices.DeleteFunc(slices.Clone(people), func(p string) bool { return len(w.verbs(p)) == 0 })
	if len(able) == 0 || rapid.IntRange(0, 9).Draw(t, "anybody") == 0 {
		able = people
	}
	who := rapid.SampledFrom(able).Draw(t, "who")
	verbs := w.verbs(who)
	if forward := slices.DeleteFunc(slices.Clone(verbs), func(v Verb) bool { return slices.Contains(sideways, v) }); len(forward) > 0 &&
		rapid.IntRange(0, 3).Draw(t, "sideways") > 0 {
		verbs = forward
	}
	if len(verbs) == 0 || rapid.IntRange(0, 9).Draw(t, "any") == 0 {
		verbs = nil
		for v := range commands {
			verbs = append(verbs, v)
		}
		slices.Sort(verbs)
	}
	cmd := w.command(t, rapid.SampledFrom(verbs).Draw(t, "verb"))
	w.try(t, who, cmd, w.facts(t, who))
}

// try gives the command and holds what is true of every act.
func (w *world) try(t *rapid.T, who string, cmd Command, f Facts) {
	before, version := encoded(w.c), w.c.Version
	from := w.c.State
	event, err := w.c.Apply(cmd, actor(who), w.now, f)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Code == "" || e.Message == "" {
			t.Fatalf("a refusal that nobody can act on: %v", err)
		}
		if after := encoded(w.c); after != before {
			t.Fatalf("a refused %s changed the case\nfrom %s\nto   %s", cmd.Verb(), before, after)
		}
		return
	}
	if w.c.Version != version+1 || event.Version != w.c.Version {
		t.Fatalf("version %d → %d, event %d", version, w.c.Version, event.Version)
	}
	if event.From != from || event.To != w.c.State || !inTable(from, cmd.Verb(), w.c.State) {
		t.Fatalf("%s leads from %s to %s: not in the table", cmd.Verb(), from, w.c.State)
	}
	if strings.Contains(encoded(event), clinical) {
		t.Fatalf("the event of %s carries clinical text: %s", cmd.Verb(), encoded(event))
	}
	switch cmd := cmd.(type) {
	case SignCmd:
		w.opinions = []Opinion{w.c.Seal(*f.Draft, OpinionRecord{})}
		w.sealed = encoded(w.opinions[0])
	case AppendCmd:
		w.opinions = append(w.opinions, Addendum(w.opinions, who, cmd.Text, w.now))
	}
}

// sideways is what does not lead a case on to its end; drawn less often, or no
// random walk would come far.
var sideways = []Verb{Return, Decline, Write, Withdraw, Cancel, Miss, Glass, Review, Join, Append, Interrupt}

func (w *world) verbs(who string) []Verb {
	m := &move{c: w.c, by: actor(who), seat: w.c.SeatOf(who, w.now), now: w.now}
	return m.possible()
}

func inTable(from State, v Verb, to State) bool {
	return slices.ContainsFunc(table, func(r row) bool {
		return r.verb == v && slices.Contains(r.from, from) && (r.to == to || r.to == stay && from == to)
	})
}

// command fills the command with something plausible, or with nothing.
func (w *world) command(t *rapid.T, v Verb) Command {
	empty := reflect.New(commands[v]).Elem().Interface().(Command)
	if rapid.IntRange(0, 14).Draw(t, "empty") == 0 {
		return empty
	}
	person := func() string { return rapid.SampledFrom(people).Draw(t, "person") }
	expert := func() string { return rapid.SampledFrom([]string{"Wang", "Chen", "Sun", "Zhao"}).Draw(t, "expert") }
	given := ConsentCmd{Purposes: []string{ForCare, ForSharing}, Version: "1", Language: "en", Signer: clinical, Relationship: "self"}
	age := 40
	switch v {
	case Submit:
		return SubmitCmd{Bypass: rapid.SampledFrom([]string{"", clinical}).Draw(t, "bypass")}
	case Return:
		return ReturnCmd{Missing: []string{"history"}, Note: clinical}
	case Triage:
		return TriageCmd{Urgency: rapid.SampledFrom([]Urgency{Emergency, Urgent, Routine}).Draw(t, "urgency"), Grounds: clinical,
			Override: rapid.SampledFrom([]string{"", clinical}).Draw(t, "override")}
	case Invite:
		chair := expert()
		return InviteCmd{People: []string{chair, expert()}, Chair: chair, Ring: rapid.IntRange(0, 3).Draw(t, "ring") == 0}
	case Decline:
		return DeclineCmd{Reason: clinical}
	case Schedule:
		return ScheduleCmd{Start: w.now.Add(time.Hour), Minutes: 30, Clash: rapid.Bool().Draw(t, "clash")}
	case Prepare:
		return PrepareCmd{Speaker: true}
	case Write:
		return WriteCmd{Reason: clinical}
	case Append:
		return AppendCmd{Text: clinical}
	case Decide:
		return DecideCmd{Choice: "adopted", Why: clinical}
	case Follow:
		return FollowCmd{Day: rapid.SampledFrom([]int{7, 30}).Draw(t, "day"), Text: clinical}
	case Cancel:
		return CancelCmd{Reason: clinical}
	case Reopen:
		return ReopenCmd{Reason: clinical}
	case Start:
		return StartCmd{Department: "cardiology", Patient: Patient{Name: clinical, Age: &age, Sex: "male"}, Question: clinical,
			Specialty: "cardiology", ConsentDeferred: clinical, Companion: "Mei"}
	case Consent:
		switch rapid.IntRange(0, 3).Draw(t, "consent") {
		case 0:
			return ConsentCmd{Deferred: clinical}
		case 1:
			return ConsentCmd{Explained: clinical}
		case 2:
			given.Purposes = append(given.Purposes, ForAttendance)
		}
		return given
	case Withdraw:
		if n := len(w.c.Consents); n > 0 {
			return WithdrawCmd{ID: w.c.Consents[rapid.IntRange(0, n-1).Draw(t, "which")].ID}
		}
	case Escalate:
		return EscalateCmd{Wave: rapid.IntRange(0, 3).Draw(t, "wave")}
	case Join:
		return JoinCmd{Person: person(), Seat: rapid.SampledFrom([]string{"", "expert", "observer", "interpreter"}).Draw(t, "seat")}
	case Miss:
		return MissCmd{Absent: rapid.SampledFrom([]Side{"", Inviting, InvitedSide, BothSides}).Draw(t, "absent")}
	case Glass:
		return GlassCmd{Reason: clinical}
	case Review:
		return ReviewCmd{Person: person(), Note: clinical}
	}
	return empty
}

func (w *world) facts(t *rapid.T, who string) Facts {
	f := Facts{
		ID: fmt.Sprint("consent-", w.c.Version), Agreements: map[string]string{"city": "agreement-city", "county": "agreement-county"},
		Experts: map[string]Expert{}, Draft: &Opinion{Case: w.c.ID, Author: who, Content: whole},
	}
	if rapid.IntRange(0, 9).Draw(t, "agreed") == 0 {
		f.Agreements = nil
	}
	for name, g := range cast {
		f.Experts[name] = Expert{Institution: g.Institution, Licensed: g.Role == auth.Expert}
	}
	for _, g := range roster {
		if rapid.Bool().Draw(t, "armed") {
			g.Armed = g.People
		}
		f.Roster = append(f.Roster, g)
	}
	if rapid.IntRange(0, 4).Draw(t, "busy") == 0 {
		f.Busy = []Busy{{"Wang", "case-2", schedule.Of(w.now, 2*time.Hour)}}
	}
	return f
}

// hold is what is true of a case after every step.
func (w *world) hold(t *rapid.T) {
	c := w.c
	if !slices.Contains(States(), c.State) || inWords[c.State] == "" {
		t.Fatalf("undefined state %q", c.State)
	}
	if owners := c.In(auth.SeatOwner); !slices.Equal(owners, []string{"Li"}) {
		t.Fatalf("owners %v", owners)
	}
	if len(w.opinions) > 0 && (encoded(w.opinions[0]) != w.sealed || !w.opinions[0].Intact() || c.Signer == "") {
		t.Fatal("the signed opinion changed")
	}
	if slices.Contains([]State{Signed, Decided, FollowUp, Closed}, c.State) != (len(w.opinions) > 0) {
		t.Fatalf("%s with %d opinions", c.State, len(w.opinions))
	}
	if c.State.Over() == c.Ended.IsZero() {
		t.Fatalf("%s, ended %v", c.State, c.Ended)
	}
	if _, allowed := Standard.Allowed[c.State]; allowed && c.Due.IsZero() {
		t.Fatalf("%s is never due", c.State)
	}
	for _, m := range c.Members {
		if invited(m.Seat) && c.answerOf(m.Person) != "accepted" {
			t.Fatalf("%s has the seat %s and never accepted", m.Person, m.Seat)
		}
		if m.Seat == auth.SeatInvited && (c.State.Over() || c.State == OpinionDue && !c.Began.IsZero()) {
			t.Fatalf("%s is still invited when %s", m.Person, c.State)
		}
	}
	if seats := slices.ContainsFunc(c.Members, func(m Member) bool { return m.Seat == auth.SeatChair || m.Seat == auth.SeatExpert }); !seats &&
		slices.Contains(taken, c.State) {
		t.Fatalf("%s without anybody who answers for the opinion", c.State)
	}
	for _, p := range c.Ringing(w.now) {
		if c.SeatOf(p, w.now) != auth.SeatInvited {
			t.Fatalf("it rings at %s, who is not invited", p)
		}
	}
	if len(c.Holds()) > 0 && (c.State.Over() || c.Booking == nil) {
		t.Fatalf("%s takes the time of %v", c.State, c.Holds())
	}
	timers := Standard.Timers(c)
	if c.State != Draft && c.State != InCall && len(timers) == 0 {
		t.Fatalf("%s: nothing ever happens by itself", c.State)
	}
	for _, timer := range timers {
		if cmd := timer.Command(); cmd != nil && !slices.ContainsFunc(table, func(r row) bool {
			return r.verb == cmd.Verb() && slices.Contains(r.from, c.State) && r.who&system != 0
		}) {
			t.Fatalf("%s: the timer %s gives a command that the system may not", c.State, timer.Kind)
		}
	}
}

// TestEveryCaseCanEnd: from each state, some path of the table leads to an end,
// and each state is reached from a draft.
func TestEveryCaseCanEnd(t *testing.T) {
	next := map[State][]State{}
	for _, r := range table {
		for _, from := range r.from {
			if r.to != stay {
				next[from] = append(next[from], r.to)
			}
		}
	}
	reach := func(from State) map[State]bool {
		seen, todo := map[State]bool{from: true}, []State{from}
		for len(todo) > 0 {
			for _, to := range next[todo[0]] {
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
			todo = todo[1:]
		}
		return seen
	}
	fromDraft := reach(Draft)
	for _, s := range States() {
		if !fromDraft[s] {
			t.Errorf("%s is never reached", s)
		}
		ends := false
		for to := range reach(s) {
			ends = ends || to.Over()
		}
		if !ends {
			t.Errorf("%s never ends", s)
		}
	}
}

func TestEveryVerbIsInTheTable(t *testing.T) {
	for v := range commands {
		if !slices.ContainsFunc(table, func(r row) bool { return r.verb == v }) {
			t.Errorf("%s leads nowhere", v)
		}
	}
	for _, r := range table {
		if commands[r.verb] == nil || r.who == 0 || len(r.from) == 0 {
			t.Errorf("the row of %s is not whole", r.verb)
		}
	}
}

// TestAnotherPartnership: an actor of another tenant may do nothing, whatever
// seat an id of theirs would have here.
func TestAnotherPartnership(t *testing.T) {
	c, _ := New(Opening{ID: "case-1", Institution: "clinic", Kind: Video, Urgency: Routine, Request: wholeRequest(false)}, actor("Li"), morning)
	stranger := actor("Li")
	stranger.Tenant = "elsewhere"
	for v := range commands {
		cmd := reflect.New(commands[v]).Elem().Interface().(Command)
		var e *Error
		if _, err := c.Apply(cmd, stranger, morning, Facts{}); !errors.As(err, &e) || len(e.Possible) > 0 {
			t.Errorf("%s: %v", v, err)
		}
	}
	if _, err := c.Edit(Edit{}, stranger, morning); err == nil {
		t.Error("edited from another partnership")
	}
	if _, err := c.Apply(SubmitCmd{}, auth.Actor{Tenant: "alliance"}, morning, Facts{}); err == nil {
		t.Error("submitted by nobody")
	}
}
