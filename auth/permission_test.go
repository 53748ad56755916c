package auth

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata/permissions.txt anew")

var (
	allRoles = []Role{Requester, Accompanying, Expert, Coordinator, Interpreter, Observer,
		InstitutionAdmin, PartnershipAdmin, QualityReviewer, Finance, Auditor}
	allSeats = []Seat{SeatNone, SeatOwner, SeatAccompanying, SeatInvited, SeatExpert, SeatChair,
		SeatMember, SeatInterpreter, SeatObserver, SeatBreakGlass}
	allStages = append(slices.Clone(always), "")
	content   = []Action{"case.read", "attachment.read", "chat.read", "opinion.read", "opinion.draft", "room.enter", "room.speak"}
)

func grants(at string, roles ...Role) []Grant {
	var list []Grant
	for _, r := range roles {
		list = append(list, Grant{Institution: at, Role: r})
	}
	return list
}

func drawActor(t *rapid.T) Actor {
	return Actor{
		Person: "somebody", Tenant: "here",
		Grants: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Grant {
			return Grant{
				Institution: rapid.SampledFrom([]string{"", "clinic", "hospital", "elsewhere"}).Draw(t, "institution"),
				Role:        rapid.SampledFrom(allRoles).Draw(t, "role"),
			}
		}), 0, 4).Draw(t, "grants"),
	}
}

func drawObject(t *rapid.T) Object {
	return Object{
		Tenant:       "here",
		Institutions: rapid.SliceOfN(rapid.SampledFrom([]string{"clinic", "hospital"}), 0, 2).Draw(t, "institutions"),
		Seat:         rapid.SampledFrom(allSeats).Draw(t, "seat"),
		Stage:        rapid.SampledFrom(allStages).Draw(t, "stage"),
	}
}

func TestDeniedWhateverTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, o := drawActor(t), drawObject(t)
		act := rapid.SampledFrom(Actions()).Draw(t, "action")
		deny := func(why string, a Actor, act Action, o Object) {
			if Allow(a, act, o) {
				t.Fatalf("%s: %s is allowed to %+v on %+v", why, act, a, o)
			}
		}
		deny("the zero actor", Actor{}, act, o)
		deny("an actor without a person", Actor{Tenant: a.Tenant, Grants: a.Grants}, act, o)
		deny("no roles", Actor{Person: a.Person, Tenant: a.Tenant}, act, o)
		deny("the zero object", a, act, Object{})
		foreign := o
		foreign.Tenant = "there"
		deny("another partnership", a, act, foreign)
		deny("an unknown action", a, act+"x", o)
		deny("no action", a, "", o)
		odd := o
		odd.Seat = "throne"
		if odd.Stage != "" && o.Seat != SeatNone && !Allow(a, act, Object{Tenant: o.Tenant, Institutions: o.Institutions, Stage: o.Stage}) {
			deny("an unknown seat", a, act, odd)
		}
		odd = o
		odd.Stage = "limbo"
		deny("an unknown stage", a, act, odd)
	})
}

func TestFewerRolesNeverAllowMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, o := drawActor(t), drawObject(t)
		act := rapid.SampledFrom(Actions()).Draw(t, "action")
		if len(a.Grants) == 0 || Allow(a, act, o) {
			return
		}
		fewer := a
		fewer.Grants = a.Grants[1:]
		if Allow(fewer, act, o) {
			t.Fatalf("%s is denied with %+v and allowed with %+v", act, a.Grants, fewer.Grants)
		}
	})
}

// What the domain says of each role, for any case in any stage.
func TestNoRoleOpensACase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, o := drawActor(t), drawObject(t)
		o.Seat = SeatNone
		for _, act := range content {
			if Allow(a, act, o) {
				t.Fatalf("%s without a seat for %+v on %+v", act, a.Grants, o)
			}
		}
		if Allow(a, "case.summary", o) && (!a.Has(Coordinator) || o.Stage == StageDraft || o.Stage == StageArchived) {
			t.Fatalf("a summary without a seat for %+v on %+v", a.Grants, o)
		}
	})
}

func TestSeats(t *testing.T) {
	everything := Actor{Person: "p", Tenant: "here", Grants: grants("clinic", allRoles...)}
	for _, c := range []struct {
		name  string
		seat  Seat
		stage Stage
		roles []Role
		may   []Action
		not   []Action
	}{
		{"an invited expert sees the summary and answers", SeatInvited, StageQueue, []Role{Expert},
			[]Action{"case.summary", "consult.accept", "consult.decline"}, append(content, "case.timeline", "consult.sign")},
		{"an expert works on the case", SeatExpert, StageWriting, []Role{Expert},
			[]Action{"case.read", "attachment.read", "opinion.draft", "consult.sign"}, []Action{"consult.decide", "case.edit"}},
		{"an expert reads on for thirty days", SeatExpert, StageEnded, []Role{Expert},
			[]Action{"case.read", "opinion.read"}, []Action{"opinion.draft", "chat.write", "room.enter"}},
		{"and then no more", SeatExpert, StageArchived, []Role{Expert}, nil, append(content, "case.summary")},
		{"the owner reads for ever", SeatOwner, StageArchived, []Role{Requester},
			[]Action{"case.read", "opinion.read", "attachment.read"}, []Action{"case.edit", "consult.decide", "chat.write"}},
		{"a seat ends with the role it rests on", SeatOwner, StageCall, []Role{Expert, Accompanying}, nil, append(content, "case.summary")},
		{"the draft of an opinion is not the requester's to read", SeatOwner, StageWriting, []Role{Requester},
			[]Action{"case.read"}, []Action{"opinion.draft", "opinion.read"}},
		{"an observer is in the call, silent, without the record", SeatObserver, StageCall, []Role{Observer},
			[]Action{"room.enter"}, []Action{"room.speak", "room.share", "chat.read", "chat.write", "case.summary", "case.read"}},
		{"and out when it ends", SeatObserver, StageWriting, []Role{Observer}, nil, append(content, "case.summary")},
		{"an interpreter speaks", SeatInterpreter, StageCall, []Role{Interpreter},
			[]Action{"room.enter", "room.speak"}, []Action{"room.share", "chat.read", "case.summary", "case.read"}},
		{"who is with the patient takes vitals and decides nothing", SeatAccompanying, StageCall, []Role{Accompanying},
			[]Action{"case.vitals", "room.speak", "consult.consent"}, []Action{"consult.decide", "consult.end", "consult.submit", "opinion.read"}},
		{"a member does not sign", SeatMember, StageWriting, []Role{Expert},
			[]Action{"opinion.draft", "case.read"}, []Action{"consult.sign", "consult.conclude"}},
		{"break-glass reads and writes nothing", SeatBreakGlass, StageAnswered, []Role{Expert},
			[]Action{"case.read", "opinion.read", "attachment.read"}, []Action{"chat.write", "consult.append", "room.enter", "case.edit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Actor{Person: "p", Tenant: "here", Grants: grants("clinic", c.roles...)}
			o := Object{Tenant: "here", Institutions: []string{"clinic", "hospital"}, Seat: c.seat, Stage: c.stage}
			for _, act := range c.may {
				if !Allow(a, act, o) {
					t.Errorf("%s is denied", act)
				}
			}
			for _, act := range c.not {
				if Allow(a, act, o) {
					t.Errorf("%s is allowed", act)
				}
			}
		})
	}
	t.Run("a colleague's draft is nobody else's", func(t *testing.T) {
		for _, act := range Actions() {
			if Allow(everything, act, Object{Tenant: "here", Institutions: []string{"clinic"}, Stage: StageDraft}) {
				t.Errorf("%s is allowed on a draft without a seat", act)
			}
		}
	})
}

func TestAdministratorsStayInTheirInstitution(t *testing.T) {
	clinic := Actor{Person: "p", Tenant: "here", Grants: grants("clinic", InstitutionAdmin)}
	partnership := Actor{Person: "q", Tenant: "here", Grants: grants("", PartnershipAdmin)}
	at := func(institution string) Object { return Object{Tenant: "here", Institutions: []string{institution}} }

	if !Allow(clinic, "people.manage", at("clinic")) || Allow(clinic, "people.manage", at("hospital")) ||
		Allow(clinic, "people.manage", Object{Tenant: "here"}) || Allow(clinic, "people.manage", at("")) {
		t.Error("an institution's administrator manages the own institution's people and no others")
	}
	if !Allow(partnership, "people.manage", at("hospital")) {
		t.Error("the partnership's administrator manages everybody")
	}
	for _, r := range []Role{PartnershipAdmin, Auditor, Coordinator, QualityReviewer, Finance} {
		if MayGrant(clinic, "here", Grant{Institution: "clinic", Role: r}) {
			t.Errorf("an institution's administrator makes a %s, who sees the whole partnership", r)
		}
	}
	person := func(list ...Grant) Person { return Person{Tenant: "here", Grants: list} }
	for _, c := range []struct {
		name string
		who  Person
		may  bool
	}{
		{"own doctor", person(Grant{Institution: "clinic", Role: Requester}), true},
		{"also works elsewhere", person(Grant{Institution: "clinic", Role: Requester}, Grant{Institution: "hospital", Role: Expert}), false},
		{"partnership administrator", person(Grant{Institution: "clinic", Role: Requester}, Grant{Role: PartnershipAdmin}), false},
		{"nobody's", person(), false},
		{"another partnership's", Person{Tenant: "there", Grants: grants("clinic", Requester)}, false},
	} {
		if got := MayManage(clinic, c.who); got != c.may {
			t.Errorf("%s: MayManage is %v", c.name, got)
		}
	}
	if MayGrant(Actor{}, "", Grant{Institution: "clinic", Role: Requester}) || MayManage(Actor{}, Person{}) {
		t.Error("the zero actor administers")
	}
}

// The table written out, so that a change of it is seen for what it changes.
func TestTableWrittenOut(t *testing.T) {
	got := writtenOut()
	path := filepath.Join("testdata", "permissions.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the permissions changed (go test ./auth -run WrittenOut -update, and look at the difference):\n%s", diff)
	}
}

// writtenOut asks the table everything: one line per action and kind of
// person, with the stages in which they may.
func writtenOut() string {
	letters := "DRQOCWAEX"
	var b strings.Builder
	b.WriteString("# D draft  R returned  Q queue  O open  C call  W writing  A answered  E ended  X archived  * no case\n")
	for _, act := range Actions() {
		fmt.Fprintf(&b, "\n%s\n", act)
		line := func(name string, a Actor, seat Seat) {
			var in strings.Builder
			for i, s := range always {
				if Allow(a, act, Object{Tenant: "t", Institutions: []string{"i"}, Seat: seat, Stage: s}) {
					in.WriteByte(letters[i])
				} else {
					in.WriteByte('.')
				}
			}
			if seat == SeatNone && Allow(a, act, Object{Tenant: "t", Institutions: []string{"i"}}) {
				in.WriteByte('*')
			} else {
				in.WriteByte('.')
			}
			if in.String() != ".........." {
				fmt.Fprintf(&b, "  %-20s %s\n", name, in.String())
			}
		}
		for _, s := range allSeats[1:] {
			line("seat "+string(s), Actor{Person: "p", Tenant: "t", Grants: grants("i", Requester, Accompanying, Expert, Interpreter, Observer)}, s)
		}
		for _, r := range allRoles {
			line(string(r), Actor{Person: "p", Tenant: "t", Grants: grants("i", r)}, SeatNone)
		}
	}
	return b.String()
}
