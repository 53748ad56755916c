package consult

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"consilium/auth"
	"consilium/rooms/schedule"
)

// The scripts in testdata say who does what and what follows. A line at the
// margin acts, an indented line checks what the last act did:
//
//	open KIND URGENCY [bare]     Li opens a request, whole or with the bare fields
//	NAME: VERB [JSON]            a person acts; names are ids; @+2h is a time from now
//	NAME drafts [JSON]           an expert saves a draft of the opinion, whole by default
//	armed NAME… | nobody         whose app can ring
//	off NAME…                    nobody is on duty but the rest of the roster
//	without agreement PLACE · licence NAME · PLACE: the facts change
//	busy NAME CASE @+1h 30m      someone's time is taken by another case
//	present NAME…                who is connected to the room
//	after DURATION               time passes, timers fire in their order
//
//	is STATE                     and: waits for PARTY, due in DURATION
//	refused CODE [KEY…]          the last act was refused, for these missing keys
//	asked · released · rings · holds NAME… | nobody
//	seat NAME SEAT | none · can NAME [AS ROLE] VERB… · fired KIND…
//	unheard                      the doctor and the coordinator are told at once
//	field JSONPATH VALUE         a field of the case
type script struct {
	t        *testing.T
	at       string // file:line
	now      time.Time
	c        *Case
	event    Event
	err      error
	fired    []TimerKind
	done     map[Timer]bool
	armed    []string
	off      []string
	agreed   map[string]string
	expired  []string // licences
	busy     []Busy
	present  []string
	draft    *Opinion
	signed   []Opinion
	sealed   string
	rowsSeen map[string]bool
}

// The cast of every script.
var (
	cast = map[string]auth.Grant{
		"Li": {Institution: "clinic", Role: auth.Requester}, "Mei": {Institution: "clinic", Role: auth.Accompanying},
		"Qian": {Institution: "other-clinic", Role: auth.Requester}, "Zhou": {Institution: "county", Role: auth.Coordinator},
		"Wang": {Institution: "city", Role: auth.Expert}, "Chen": {Institution: "city", Role: auth.Expert},
		"Sun": {Institution: "city", Role: auth.Expert}, "Zhao": {Institution: "county", Role: auth.Expert},
		"He": {Institution: "county", Role: auth.Interpreter}, "Bao": {Institution: "city", Role: auth.Observer},
		"Gu": {Institution: "clinic", Role: auth.InstitutionAdmin},
	}
	roster = []Group{
		{Institution: "city", Department: "cardiology", Rank: 1, People: []string{"Wang", "Chen"}},
		{Institution: "city", Department: "cardiology", Rank: 2, People: []string{"Sun"}},
		{Institution: "county", Department: "medicine", Rank: 1, People: []string{"Zhao"}},
	}
	morning = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // 08:00 in Shanghai
)

func actor(name string) auth.Actor {
	if name == SystemPerson {
		return System("alliance")
	}
	return auth.Actor{Person: name, Tenant: "alliance", Grants: []auth.Grant{cast[name]}}
}

var whole = OpinionContent{Findings: "ST elevation in V1 to V4", Diagnosis: "Anterior myocardial infarction", Treatment: "Thrombolysis, then transfer"}

func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts in testdata")
	}
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			run(t, file, seen)
		})
	}
	for _, r := range table {
		for _, from := range r.from {
			if key := fmt.Sprint(r.verb, " → ", r.to); !seen[key] {
				t.Errorf("no script shows %s from %s (to %q)", r.verb, from, r.to)
				break
			}
		}
	}
}

func run(t *testing.T, file string, seen map[string]bool) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &script{
		t: t, now: morning, armed: []string{"Wang", "Chen", "Sun", "Zhao"}, done: map[Timer]bool{}, rowsSeen: seen,
		agreed: map[string]string{"city": "agreement-city", "county": "agreement-county"},
	}
	lines := bufio.NewScanner(f)
	checked := true
	for n := 1; lines.Scan(); n++ {
		s.at = fmt.Sprintf("%s:%d", filepath.Base(file), n)
		line := lines.Text()
		if i := strings.Index(line, "# "); i >= 0 {
			line = line[:i]
		}
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			checked = checked || strings.HasPrefix(strings.TrimSpace(line), "refused")
			s.check(strings.TrimSpace(line))
			continue
		}
		if !checked {
			t.Fatalf("before %s: the last act was refused: %v", s.at, s.err)
		}
		s.act(line)
		checked = s.err == nil
	}
	if !checked {
		t.Fatalf("%s: the last act was refused: %v", s.at, s.err)
	}
}

func (s *script) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s: %s", s.at, fmt.Sprintf(format, args...))
}

func (s *script) act(line string) {
	s.err = nil
	words := strings.Fields(line)
	switch {
	case words[0] == "open":
		s.open(Kind(words[1]), Urgency(words[2]), len(words) > 3)
	case words[0] == "armed":
		s.armed = names(words[1:])
	case words[0] == "off":
		s.off = names(words[1:])
	case words[0] == "present":
		s.present = names(words[1:])
	case words[0] == "without" && words[1] == "agreement":
		delete(s.agreed, words[2])
	case words[0] == "without" && words[1] == "licence":
		s.expired = append(s.expired, words[2])
	case words[0] == "busy":
		length, _ := time.ParseDuration(words[4])
		s.busy = append(s.busy, Busy{words[1], words[2], schedule.Of(s.moment(words[3]), length)})
	case words[0] == "after":
		s.pass(s.duration(words[1]))
	case len(words) > 1 && words[1] == "drafts":
		s.draft = &Opinion{Case: s.c.ID, Author: words[0], Saved: s.now, Content: whole}
		if _, body, ok := strings.Cut(line, "{"); ok {
			s.draft.Content = OpinionContent{}
			s.decode("{"+body, &s.draft.Content)
		}
	case strings.HasSuffix(words[0], ":"):
		verb, body, _ := strings.Cut(strings.TrimSpace(line[len(words[0]):]), " ")
		if verb == "edits" {
			e := Edit{Request: s.c.Request.clone()}
			s.decode(body, &e)
			s.event, s.err = s.c.Edit(e, actor(strings.TrimSuffix(words[0], ":")), s.now)
			return
		}
		s.give(strings.TrimSuffix(words[0], ":"), s.command(Verb(verb), body))
	default:
		s.fail("what does %q mean?", line)
	}
}

func names(words []string) []string {
	if len(words) == 1 && words[0] == "nobody" {
		return nil
	}
	return words
}

func (s *script) open(k Kind, u Urgency, bare bool) {
	s.c, s.event = New(Opening{ID: "case-1", Number: 1, Institution: "clinic", Kind: k, Urgency: u, Request: wholeRequest(bare)}, actor("Li"), s.now)
	s.draft, s.signed, s.sealed, s.done = nil, nil, "", map[Timer]bool{}
}

func wholeRequest(bare bool) Request {
	age, one := 63, 1.0
	r := Request{
		Patient: Patient{Name: "Patient", Age: &age, Sex: "male"}, Question: "Is this an infarction?",
		Specialty: "cardiology", Companion: "Mei",
	}
	if bare {
		return r
	}
	r.Complaint, r.History, r.Medication = "Chest pain", "Since this morning", "None"
	r.Diagnoses = []Diagnosis{{System: "icd-10", Code: "I21.9", Text: "Myocardial infarction"}}
	r.Vitals = []Vitals{{Taken: morning, Systolic: &one, Diastolic: &one, HeartRate: &one}}
	r.Data = map[string]string{"onset": "06:30", "ecg": "ST elevation"}
	return r
}

// commands is every command by its verb, for the scripts and the properties.
var commands = func() map[Verb]reflect.Type {
	out := map[Verb]reflect.Type{}
	for _, c := range []Command{
		SubmitCmd{}, ReturnCmd{}, TriageCmd{}, InviteCmd{}, AcceptCmd{}, DeclineCmd{}, ScheduleCmd{}, PrepareCmd{}, ArriveCmd{},
		AdmitCmd{}, InterruptCmd{}, ResumeCmd{}, EndCmd{}, WriteCmd{}, ConcludeCmd{}, SignCmd{}, AppendCmd{}, DecideCmd{}, FollowCmd{},
		CloseCmd{}, CancelCmd{}, ExpireCmd{}, MissCmd{}, ReopenCmd{}, StartCmd{}, ConsentCmd{}, WithdrawCmd{}, EscalateCmd{}, JoinCmd{},
		GlassCmd{}, ReviewCmd{},
	} {
		out[c.Verb()] = reflect.TypeOf(c)
	}
	return out
}()

var relative = regexp.MustCompile(`@[+-][0-9a-z]+`)

func (s *script) moment(word string) time.Time { return s.now.Add(s.duration(word[1:])) }

func (s *script) duration(word string) time.Duration {
	if n, ok := strings.CutSuffix(word, "d"); ok {
		hours, err := time.ParseDuration(n + "h")
		if err != nil {
			s.fail("%v", err)
		}
		return 24 * hours
	}
	d, err := time.ParseDuration(word)
	if err != nil {
		s.fail("%v", err)
	}
	return d
}

func (s *script) decode(body string, into any) {
	body = relative.ReplaceAllStringFunc(body, func(w string) string { return s.moment(w).Format(time.RFC3339Nano) })
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		s.fail("%v in %s", err, body)
	}
}

func (s *script) command(v Verb, body string) Command {
	typ, ok := commands[v]
	if !ok {
		s.fail("no verb %q", v)
	}
	into := reflect.New(typ)
	if strings.TrimSpace(body) != "" {
		s.decode(body, into.Interface())
	}
	return into.Interface().(Command) // a pointer, as the API hands it over
}

func (s *script) facts() Facts {
	f := Facts{
		ID: fmt.Sprintf("consent-%d", len(s.c.Consents)), Agreements: s.agreed, Experts: map[string]Expert{},
		Busy: s.busy, Present: s.present, Draft: s.draft,
	}
	for name, g := range cast {
		licensed := g.Role == auth.Expert && !slices.Contains(s.expired, name)
		f.Experts[name] = Expert{Institution: g.Institution, Department: "cardiology", Licensed: licensed}
	}
	for _, g := range roster {
		g.People = slices.DeleteFunc(slices.Clone(g.People), func(p string) bool { return slices.Contains(s.off, p) })
		g.Armed = s.armed
		f.Roster = append(f.Roster, g)
	}
	return f
}

// give applies the command and holds what is true of every act.
func (s *script) give(who string, cmd Command) {
	before := encoded(s.c)
	version, state := s.c.Version, s.c.State
	s.event, s.err = s.c.Apply(cmd, actor(who), s.now, s.facts())
	if s.err != nil {
		if after := encoded(s.c); after != before {
			s.fail("a refusal changed the case from\n%s\nto\n%s", before, after)
		}
		return
	}
	if s.c.Version != version+1 || s.event.Version != s.c.Version || s.event.From != state || s.event.To != s.c.State {
		s.fail("version %d → %d, event %+v", version, s.c.Version, s.event)
	}
	to := s.c.State
	if to == state {
		s.rowsSeen[fmt.Sprint(cmd.Verb(), " → ", stay)] = true
	}
	s.rowsSeen[fmt.Sprint(cmd.Verb(), " → ", to)] = true
	switch c := cmd.(type) {
	case *SignCmd:
		s.signed = []Opinion{s.c.Seal(*s.draft, OpinionRecord{Inviting: "Clinic", Invited: "City"})}
		s.sealed = encoded(s.signed[0])
	case *AppendCmd:
		s.signed = append(s.signed, Addendum(s.signed, who, c.Text, s.now))
	}
	if len(s.signed) > 0 && (encoded(s.signed[0]) != s.sealed || !s.signed[0].Intact()) {
		s.fail("the signed opinion changed")
	}
}

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// pass lets time go by; each timer that falls due fires once, in order, the
// notices too.
func (s *script) pass(d time.Duration) {
	end := s.now.Add(d)
	s.fired = nil
	for {
		var next *Timer
		for _, t := range s.c.Timers(s.now) {
			if !s.done[t] && !t.At.After(end) && (next == nil || t.At.Before(next.At)) {
				next = &t
			}
		}
		if next == nil {
			break
		}
		s.done[*next] = true
		if next.At.After(s.now) {
			s.now = next.At
		}
		s.fired = append(s.fired, next.Kind)
		if cmd := next.Command(); cmd != nil {
			s.give(SystemPerson, cmd)
			var e *Error
			if errors.As(s.err, &e) {
				s.err = nil // a timer that comes too late does nothing
			}
		}
	}
	s.now = end
}

func (s *script) check(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	switch verb {
	case "is":
		s.checkIs(rest)
	case "refused":
		var e *Error
		if !errors.As(s.err, &e) || e.Code != words[0] {
			s.fail("want %s, got %v", rest, s.err)
		}
		if want := words[1:]; len(want) > 0 && !slices.Equal(want, e.Missing) {
			s.fail("missing %v, want %v", e.Missing, want)
		}
		if e.Message == "" {
			s.fail("a refusal without words")
		}
	case "asked":
		s.same("asked", s.event.Asked, names(words))
	case "released":
		s.same("released", s.event.Released, names(words))
	case "rings":
		s.same("rings", s.c.Ringing(s.now), names(words))
	case "holds":
		var got []string
		for _, h := range s.c.Holds() {
			if h.Exclusive {
				got = append(got, h.Person)
			}
		}
		s.same("holds", got, names(words))
	case "fired":
		var got []string
		for _, k := range s.fired {
			got = append(got, string(k))
		}
		if !slices.Equal(got, names(words)) {
			s.fail("fired %v, want %v", got, words)
		}
	case "unheard":
		if !s.event.Unheard {
			s.fail("nobody is told")
		}
	case "seat":
		if got := s.c.SeatOf(words[0], s.now); got != auth.Seat(strings.ReplaceAll(words[1], "none", "")) {
			s.fail("%s has the seat %q", words[0], got)
		}
	case "can":
		var got []string
		for _, v := range s.c.Possible(s.c.SeatOf(words[0], s.now), cast[words[0]].Role) {
			got = append(got, string(v))
		}
		s.same("can", got, words[1:])
	case "field":
		s.checkField(words[0], strings.TrimSpace(rest[len(words[0]):]))
	default:
		s.fail("what does %q check?", line)
	}
}

func (s *script) same(what string, got, want []string) {
	s.t.Helper()
	a, b := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(a, b) {
		s.fail("%s %v, want %v", what, got, want)
	}
}

func (s *script) checkIs(rest string) {
	for n, part := range strings.Split(rest, ", ") {
		switch {
		case n == 0:
			if s.c.State != State(part) {
				s.fail("the case is %s, want %s", s.c.State, part)
			}
		case strings.HasPrefix(part, "waits for "):
			want := strings.ReplaceAll(strings.TrimPrefix(part, "waits for "), "nobody", "")
			if got := s.c.WaitsFor(); string(got) != want {
				s.fail("waits for %q", got)
			}
		case strings.HasPrefix(part, "due in "):
			if want := s.duration(strings.TrimPrefix(part, "due in ")); !s.c.Due.Equal(s.now.Add(want)) {
				s.fail("due in %v, want %v", s.c.Due.Sub(s.now), want)
			}
		default:
			s.fail("what does %q check?", part)
		}
	}
}

func (s *script) checkField(path, want string) {
	var tree any
	if err := json.Unmarshal([]byte(encoded(s.c)), &tree); err != nil {
		s.fail("%v", err)
	}
	for _, key := range strings.Split(path, ".") {
		switch at := tree.(type) {
		case map[string]any:
			tree = at[key]
		case []any:
			var n int
			if _, err := fmt.Sscan(key, &n); err != nil || n >= len(at) {
				s.fail("%s has no %s", path, key)
			}
			tree = at[n]
		default:
			tree = nil
		}
	}
	if got := fmt.Sprint(tree); got != want {
		s.fail("%s is %v, want %s", path, got, want)
	}
}
