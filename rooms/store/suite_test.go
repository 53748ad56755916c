package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"consilium/auth"
	"consilium/rooms/consult"
)

func TestMain(m *testing.M) {
	status := m.Run()
	dropTemplate()
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// each runs the test on a fresh SQLite database, and on a fresh PostgreSQL one
// when there is a server; CONSILIUM_TEST_REQUIRE=1 makes its absence a failure.
func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, "sqlite:"+filepath.Join(t.TempDir(), "data", "consilium.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, freshPostgres(t)))
	})
}

// template is a PostgreSQL database that is migrated already; each test gets a
// copy of it.
var template struct {
	mu     sync.Mutex
	server string // guarded by mu: set once the template is made
	name   string // guarded by mu
	copies int    // guarded by mu
}

func adminPostgres(server, statement string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func databaseURL(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return err.Error()
	}
	u.Path = "/" + name
	return u.String()
}

// postgresServer is the server to test on; the test is skipped without one, or
// fails when CONSILIUM_TEST_REQUIRE=1.
func postgresServer(t *testing.T) string {
	t.Helper()
	server := os.Getenv("CONSILIUM_TEST_DATABASE_URL")
	if server == "" {
		if os.Getenv("CONSILIUM_TEST_REQUIRE") == "1" {
			t.Fatal("CONSILIUM_TEST_DATABASE_URL is not set; deploy/dev/services.sh starts a server and prints it")
		}
		t.Skip("CONSILIUM_TEST_DATABASE_URL is not set")
	}
	return server
}

// freshPostgres makes a database with the schema and returns its URL.
func freshPostgres(t *testing.T) string {
	t.Helper()
	server := postgresServer(t)
	template.mu.Lock()
	defer template.mu.Unlock()
	if template.server == "" {
		template.name = fmt.Sprintf("store_%d", os.Getpid())
		must(t, adminPostgres(server, "CREATE DATABASE "+template.name))
		template.server = server
		s, err := Open(t.Context(), databaseURL(server, template.name), nil)
		must(t, err)
		must(t, s.Close())
	}
	template.copies++
	name := fmt.Sprintf("%s_%d", template.name, template.copies)
	must(t, adminPostgres(server, "CREATE DATABASE "+name+" TEMPLATE "+template.name))
	t.Cleanup(func() { must(t, adminPostgres(server, "DROP DATABASE "+name+" WITH (FORCE)")) })
	return databaseURL(server, name)
}

// emptyPostgres makes a database without a schema and returns its URL.
func emptyPostgres(t *testing.T) string {
	t.Helper()
	server := postgresServer(t)
	name := fmt.Sprintf("empty_%d_%d", os.Getpid(), time.Now().UnixNano())
	must(t, adminPostgres(server, "CREATE DATABASE "+name))
	t.Cleanup(func() { must(t, adminPostgres(server, "DROP DATABASE "+name+" WITH (FORCE)")) })
	return databaseURL(server, name)
}

func dropTemplate() {
	template.mu.Lock()
	defer template.mu.Unlock()
	if template.server != "" {
		if err := adminPostgres(template.server, "DROP DATABASE "+template.name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// fixture is a small partnership: a township clinic that may ask a city
// hospital, and another partnership that must never see anything of it.
type fixture struct {
	*Store
	url    string
	now    time.Time
	tenant string
	doctor string // of the clinic
	expert string // of the hospital
	deputy string
	coord  string
}

const (
	clinic     = "clinic"
	hospital   = "hospital"
	cardiology = "cardiology"
)

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	ctx := t.Context()
	s, err := Open(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	f := &fixture{Store: s, url: url, now: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), tenant: "t1",
		doctor: "doctor", expert: "expert", deputy: "deputy", coord: "coord"}
	for _, tenant := range []string{"t1", "t2"} {
		must(t, s.SaveTenant(ctx, Tenant{ID: tenant, Name: "医联体", Created: f.now}))
	}
	must(t, s.SaveInstitution(ctx, Institution{ID: clinic, Tenant: "t1", Name: "青山镇卫生院", Tier: "township", Zone: "Asia/Shanghai"}))
	must(t, s.SaveInstitution(ctx, Institution{ID: hospital, Tenant: "t1", Name: "市第一医院", Tier: "city", Zone: "Asia/Shanghai"}))
	must(t, s.SaveInstitution(ctx, Institution{ID: "elsewhere", Tenant: "t2", Name: "别处医院", Tier: "city", Zone: "Asia/Shanghai"}))
	must(t, s.SaveDepartment(ctx, Department{ID: cardiology, Tenant: "t1", Institution: hospital, Name: "心内科", Specialty: "cardiology"}))
	f.person(t, f.doctor, "t1", clinic, auth.Requester)
	f.person(t, f.expert, "t1", hospital, auth.Expert)
	f.person(t, f.deputy, "t1", hospital, auth.Expert)
	f.person(t, f.coord, "t1", hospital, auth.Coordinator)
	f.person(t, "stranger", "t2", "elsewhere", auth.Coordinator)
	return f
}

func (f *fixture) person(t *testing.T, id, tenant, institution string, role auth.Role) {
	t.Helper()
	must(t, f.AddPerson(t.Context(), auth.Person{ID: id, Tenant: tenant, Login: id, Name: "人" + id, Created: f.now,
		Grants: []auth.Grant{{Institution: institution, Role: role, From: f.now.Add(-time.Hour)}}}, "hash of "+id))
}

func (f *fixture) by(person string) auth.Actor {
	return auth.Actor{Person: person, Tenant: f.tenant, Session: "s-" + person}
}

// draft is a new case of the doctor's that is not stored yet.
func (f *fixture) draft() *consult.Case {
	return &consult.Case{ID: NewID(), Tenant: f.tenant, State: consult.Draft, Since: f.now, Created: f.now, Kind: consult.Video,
		Urgency: consult.Routine, Institution: clinic, Author: f.doctor,
		Members: []consult.Member{{Person: f.doctor, Institution: clinic, Seat: auth.SeatOwner, Since: f.now}},
		Request: consult.Request{Patient: consult.Patient{Name: "李秀英", LocalID: "ZY-1001"}, Question: "心电图如何处理？", Specialty: "cardiology"}}
}

// create stores a new case that change may alter first.
func (f *fixture) create(t *testing.T, change func(c *consult.Case)) *consult.Case {
	t.Helper()
	c := f.draft()
	if change != nil {
		change(c)
	}
	r, err := f.Create(t.Context(), CreateInput{Case: c, By: f.by(f.doctor), Event: consult.Event{At: f.now}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Case
}

// step moves the case to the state; the lifecycle's own rules are tested where
// they are.
func (f *fixture) step(ctx context.Context, id, person string, to consult.State, change func(c *consult.Case)) (Result, error) {
	return f.Transition(ctx, TransitionInput{Tenant: f.tenant, ID: id, By: f.by(person)}, moveTo(f, to, change))
}

func moveTo(f *fixture, to consult.State, change func(c *consult.Case)) func(tx *Tx, c *consult.Case) (consult.Event, error) {
	return func(_ *Tx, c *consult.Case) (consult.Event, error) {
		from := c.State
		c.State, c.Since = to, f.now
		c.Version++
		if change != nil {
			change(c)
		}
		return consult.Event{Verb: consult.Verb("to-" + to), From: from, At: f.now}, nil
	}
}

func (f *fixture) mustStep(t *testing.T, id string, to consult.State, change func(c *consult.Case)) *consult.Case {
	t.Helper()
	r, err := f.step(t.Context(), id, f.coord, to, change)
	if err != nil {
		t.Fatal(err)
	}
	return r.Case
}

// parallel runs n calls at once and returns their errors.
func parallel(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// codes counts the codes of refusals; "" counts successes.
func codes(t *testing.T, errs []error) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, err := range errs {
		count[code(t, err)]++
	}
	return count
}

func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := err.(*consult.Error)
	if !ok {
		t.Fatalf("not a refusal that a person can act on: %v", err)
	}
	if e.Message == "" || strings.Contains(e.Message, "SQL") {
		t.Fatalf("refusal without words for a person: %q", e.Message)
	}
	return e.Code
}
