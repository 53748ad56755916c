package api

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes and drops the tests' databases

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// partnership is a small one, behind the real API on a real database: two
// clinics, a county hospital and a city hospital with two departments.
type partnership struct {
	t     testing.TB
	store *store.Store
	desk  *rooms.Desk
	api   *API
	web   *httptest.Server

	mu      sync.Mutex // guards cookies
	cookies map[string]*http.Cookie
}

// tenant is new for each run: the Redis of the tests is shared.
var tenant = store.NewID()

const (
	clinic     = "clinic"
	otherPlace = "other-clinic"
	city       = "city"
	cardiology = "cardiology-dep"
	medicine   = "medicine-dep"
	password   = "a good long password"
)

type member struct {
	login string
	place string
	roles []auth.Role
}

var members = []member{
	{"doctor", clinic, []auth.Role{auth.Requester}},
	{"nurse", clinic, []auth.Role{auth.Accompanying}},
	{"stranger", otherPlace, []auth.Role{auth.Requester}},
	{"heart", city, []auth.Role{auth.Expert}},
	{"deputy", city, []auth.Role{auth.Expert}},
	{"physician", city, []auth.Role{auth.Expert}},
	{"coordinator", city, []auth.Role{auth.Coordinator}},
	{"interpreter", city, []auth.Role{auth.Interpreter}},
	{"local-admin", clinic, []auth.Role{auth.InstitutionAdmin}},
	{"admin", city, []auth.Role{auth.PartnershipAdmin}},
	{"reviewer", city, []auth.Role{auth.QualityReviewer}},
	{"auditor", city, []auth.Role{auth.Auditor}},
}

// onBoth runs a test on SQLite and memory, and on PostgreSQL and Redis.
func onBoth(t *testing.T, test func(t *testing.T, p *partnership)) {
	t.Run("one machine", func(t *testing.T) { test(t, found(t)) })
	t.Run("PostgreSQL and Redis", func(t *testing.T) {
		database, redis := os.Getenv("CONSILIUM_TEST_DATABASE_URL"), os.Getenv("CONSILIUM_TEST_REDIS_URL")
		if database == "" || redis == "" {
			if os.Getenv("CONSILIUM_TEST_REQUIRE") == "1" {
				t.Fatal("CONSILIUM_TEST_DATABASE_URL and CONSILIUM_TEST_REDIS_URL are not set; deploy/dev/services.sh starts servers and prints them")
			}
			t.Skip("no PostgreSQL and Redis to test on")
		}
		test(t, foundOn(t, freshPostgres(t, database), redis))
	})
}

// freshPostgres makes an empty database and returns its URL.
func freshPostgres(t *testing.T, server string) string {
	t.Helper()
	admin := must(sql.Open("pgx", server))(t)
	name := "api_" + strings.ReplaceAll(store.NewID(), "-", "")
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	u := must(url.Parse(server))(t)
	u.Path = "/" + name
	return u.String()
}

func found(t testing.TB) *partnership {
	t.Helper()
	return foundOn(t, "sqlite:"+filepath.Join(t.TempDir(), "db"), "memory:")
}

func foundOn(t testing.TB, database, redis string) *partnership {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st := must(store.Open(ctx, database, log))(t)
	cl := must(cluster.Open(redis, log))(t)
	seal := must(auth.OpenSeal(filepath.Join(dir, "seal")))(t)
	keys := must(auth.OpenKeys(ctx, st, seal, auth.KeysConfig{}))(t)
	p := &partnership{t: t, store: st, cookies: map[string]*http.Cookie{}}
	cheap := auth.Cost{Memory: 64, Passes: 1, Lanes: 1}
	gate := must(auth.NewGate(st, keys, auth.Config{Cost: cheap, Announce: func(ctx context.Context, r auth.Revocation) { p.desk.Withdraw(ctx, r) }}))(t)
	blobs := must(store.OpenBlobs(filepath.Join(dir, "files")))(t)
	p.desk = must(rooms.NewDesk(rooms.DeskConfig{Store: st, Blobs: blobs, Cluster: cl, Gate: gate, Log: log}))(t)
	registry := must(rooms.NewRegistry(rooms.RegistryConfig{Casework: p.desk, Chatbook: p.desk, Log: log}))(t)
	p.desk.Watch(registry)
	mux := http.NewServeMux()
	p.api = must(Mount(mux, Config{Desk: p.desk, Gate: gate, Log: log, Version: "test"}))(t)
	p.web = httptest.NewServer(mux)
	p.settle(auth.HashPassword(password, cheap))
	var run sync.WaitGroup
	run.Go(func() { p.desk.Run(ctx) })
	t.Cleanup(func() {
		p.web.Close()
		registry.Close()
		stop()
		run.Wait()
		_ = cl.Close()
		_ = st.Close()
	})
	return p
}

type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (p *partnership) settle(hash string) {
	ctx, began := context.Background(), time.Now().Add(-24*time.Hour).UTC()
	p.ok(p.store.SaveTenant(ctx, store.Tenant{ID: tenant, Name: "partnership", Created: began}))
	for _, in := range []store.Institution{
		{ID: clinic, Name: "Clinic", Tier: "township", Telephone: "100"}, {ID: otherPlace, Name: "Other clinic", Tier: "township", Telephone: "200"},
		{ID: city, Name: "City hospital", Tier: "city", Telephone: "300"},
	} {
		in.Tenant, in.Zone = tenant, "Asia/Shanghai"
		p.ok(p.store.SaveInstitution(ctx, in))
	}
	p.ok(p.store.SaveDepartment(ctx, store.Department{ID: medicine, Tenant: tenant, Institution: city, Name: "Medicine", Specialty: "general", Telephone: "302"}))
	p.ok(p.store.SaveDepartment(ctx, store.Department{ID: cardiology, Tenant: tenant, Institution: city, Name: "Cardiology", Specialty: "cardiology", Telephone: "301", Next: medicine}))
	kinds := []consult.Kind{consult.Video, consult.Written, consult.RemoteDiagnosis, consult.MDT}
	for i, from := range []string{clinic, otherPlace} {
		p.ok(p.store.SaveAgreement(ctx, store.Agreement{ID: fmt.Sprint("a", i), Tenant: tenant, Inviting: from, Invited: city, Kinds: kinds, From: began}))
	}
	for _, m := range members {
		person := auth.Person{ID: m.login, Tenant: tenant, Login: m.login, Name: "Dr " + m.login, Locale: "en", Zone: "Asia/Shanghai", Created: began}
		for _, r := range m.roles {
			person.Grants = append(person.Grants, auth.Grant{Institution: m.place, Role: r, From: began})
		}
		if m.roles[0] == auth.Expert {
			person.Licence, person.Specialty = "L-"+m.login, "cardiology"
		}
		p.ok(p.store.AddPerson(ctx, person, hash))
	}
	for person, duty := range map[string]store.Duty{"heart": {Department: cardiology, Rank: 1}, "deputy": {Department: cardiology, Rank: 2}, "physician": {Department: medicine, Rank: 1}} {
		duty.Tenant, duty.Person, duty.From = tenant, person, began
		p.ok(p.store.TakeDuty(ctx, duty))
	}
}

func (p *partnership) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// answer is what the API said.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    []byte
}

// as signs the person in once and returns their cookie.
func (p *partnership) as(login string) *http.Cookie {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.cookies[login]; c != nil {
		return c
	}
	a := p.send("", "POST", "/api/session", map[string]any{"login": login, "password": password})
	a.is(200)
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "session" {
			p.cookies[login] = c
			return c
		}
	}
	p.t.Fatal("no session cookie")
	return nil
}

// send sends a request as the person ("" for nobody); a body that is not bytes
// becomes JSON. Further arguments are header names and values.
func (p *partnership) send(login, method, path string, body any, headers ...string) answer {
	p.t.Helper()
	var cookie *http.Cookie
	if login != "" {
		cookie = p.as(login)
	}
	return p.sendWith(cookie, method, path, body, headers...)
}

func (p *partnership) sendWith(cookie *http.Cookie, method, path string, body any, headers ...string) answer {
	p.t.Helper()
	var r io.Reader
	if raw, ok := body.([]byte); ok {
		r = bytes.NewReader(raw)
	} else if body != nil {
		b, err := json.Marshal(body)
		p.ok(err)
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.web.URL+path, r)
	p.ok(err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	res, err := p.web.Client().Do(req)
	p.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	p.ok(err)
	return answer{p.t, res.StatusCode, res.Header, raw}
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// refused is a problem with the status and code.
func (a answer) refused(status int, code string) Problem {
	a.t.Helper()
	a.is(status)
	var p Problem
	if err := json.Unmarshal(a.raw, &p); err != nil {
		a.t.Fatalf("%v: %s", err, a.raw)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		a.t.Errorf("content type %s", ct)
	}
	if p.Code != code || p.Status != status || p.Detail == "" || p.Title == "" {
		a.t.Fatalf("problem %+v, want code %s", p, code)
	}
	return p
}

func into[T any](a answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.raw, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.raw)
	}
	return v
}

func (a answer) view() rooms.CaseView { a.t.Helper(); return into[rooms.CaseView](a) }

// ear is an open app of a person, and what it was told.
type ear struct {
	t      testing.TB
	events chan rooms.DeskEvent
}

// listen opens an app for the person; armed ones can ring.
func (p *partnership) listen(login string, armed bool) *ear {
	p.t.Helper()
	person, err := p.store.Person(context.Background(), login)
	p.ok(err)
	app := rooms.DeskApp{Actor: auth.Actor{Person: login, Tenant: tenant, Grants: person.Holds(time.Now())}, Socket: store.NewID()}
	e := &ear{p.t, make(chan rooms.DeskEvent, 1000)}
	leave, err := p.desk.Attend(context.Background(), app, func(ev rooms.DeskEvent) { e.events <- ev })
	p.ok(err)
	p.t.Cleanup(leave)
	if armed {
		p.ok(p.desk.Arm(context.Background(), app, true))
	}
	return e
}

// waitFor reads events until one of type T fits; it fails after five seconds.
func waitFor[T any](e *ear, what string, fits func(T) bool) T {
	e.t.Helper()
	timeout := time.After(5 * time.Second)
	var heard []string
	for {
		select {
		case ev := <-e.events:
			if body, ok := ev.Body.(T); ok && (fits == nil || fits(body)) {
				return body
			}
			heard = append(heard, fmt.Sprintf("%T%+v", ev.Body, ev.Body))
		case <-timeout:
			e.t.Fatalf("never heard %s; heard %s", what, strings.Join(heard, "\n"))
		}
	}
}

func (e *ear) changed(id string, verb consult.Verb) {
	e.t.Helper()
	waitFor(e, "changed "+string(verb), func(c rooms.DeskChanged) bool { return c.Consult == id && c.Verb == string(verb) })
}

func (e *ear) notice(id, kind string) {
	e.t.Helper()
	waitFor(e, "notice "+kind, func(n rooms.DeskNotice) bool { return n.Consult == id && n.Kind == kind })
}

// silent fails if the ear has heard of the case.
func (e *ear) silent(id string) {
	e.t.Helper()
	for {
		select {
		case ev := <-e.events:
			if strings.Contains(fmt.Sprintf("%+v", ev.Body), id) {
				e.t.Fatalf("told of a case that is none of theirs: %T%+v", ev.Body, ev.Body)
			}
		default:
			return
		}
	}
}

// complete is a request that nothing is missing from.
func complete() map[string]any {
	return map[string]any{
		"patient": map[string]any{"name": "Patient P", "local_id": "77", "birth": "1960-05-01", "sex": "male"}, "question": "What now?", "specialty": "cardiology",
		"complaint": "pain", "history": "none", "diagnoses": []any{map[string]any{"system": "icd-10", "code": "I20.9", "text": "angina"}}, "medication": "none",
		"data":   map[string]any{"onset": "today", "ecg": "normal"},
		"vitals": []any{map[string]any{"taken": time.Now().UTC(), "systolic": 120, "diastolic": 80, "heart_rate": 70}},
	}
}

var consent = map[string]any{"purposes": []string{"care", "sharing"}, "version": "1", "language": "en", "signer": "Patient P", "relationship": "self"}

var written = map[string]any{"content": map[string]any{"findings": "f", "diagnosis": "d", "treatment": "t"}}

// file makes a submitted case of the doctor's.
func (p *partnership) file() string {
	p.t.Helper()
	id := p.send("doctor", "POST", "/api/consults", map[string]any{"kind": "video", "urgency": "urgent", "request": complete()}).is(201).view().ID
	p.send("doctor", "POST", "/api/consults/"+id+"/consent", consent).is(200)
	p.send("doctor", "POST", "/api/consults/"+id+"/submit", map[string]any{}).is(200)
	return id
}

// startNow starts an emergency of the doctor's.
func (p *partnership) startNow(headers ...string) answer {
	p.t.Helper()
	return p.send("doctor", "POST", "/api/consults/start", map[string]any{
		"department": cardiology, "patient": map[string]any{"name": "Patient E", "age": 60, "sex": "female"}, "question": "Help?", "consent_deferred": "unconscious",
	}, headers...)
}

func has[T comparable](list []T, v T) bool { return slices.Contains(list, v) }
