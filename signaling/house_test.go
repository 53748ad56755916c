package signaling_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/sfu"
	"consilium/rooms/store"
	"consilium/signaling"
	"consilium/signaling/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a whole server on real parts (SQLite, media, sockets) with a clinic
// and a hospital whose people a test plays.
type house struct {
	*testing.T
	url      string
	store    *store.Store
	gate     *auth.Gate
	desk     *rooms.Desk
	registry *rooms.Registry
	sockets  *signaling.Server
	ctx      context.Context // ends the test's patience
}

const (
	tenant     = "partnership"
	clinicID   = "clinic"
	hospitalID = "hospital"
	cardiology = "cardiology"
	password   = "correct horse battery staple"
)

var experts = []string{"expert", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"}

var cheap = auth.Cost{Memory: 64, Passes: 1, Lanes: 1}

func open(t *testing.T) *house {
	t.Parallel() // tests mostly wait for packets
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	h := &house{T: t, ctx: ctx}
	dir := t.TempDir()
	h.store = must(store.Open(ctx, "sqlite:"+filepath.Join(dir, "house.db"), nil))(t)
	t.Cleanup(func() { h.store.Close() })
	blobs := must(store.OpenBlobs(filepath.Join(dir, "blobs")))(t)
	bus := must(cluster.Open("memory:", nil))(t)
	t.Cleanup(func() { bus.Close() })
	seal := must(auth.NewSeal(make([]byte, 32)))(t)
	keys := must(auth.OpenKeys(ctx, h.store, seal, auth.KeysConfig{}))(t)
	h.gate = must(auth.NewGate(h.store, keys, auth.Config{
		Cost:     cheap,
		Announce: func(ctx context.Context, r auth.Revocation) { h.desk.Withdraw(ctx, r) },
	}))(t)
	h.desk = must(rooms.NewDesk(rooms.DeskConfig{Store: h.store, Blobs: blobs, Cluster: bus, Gate: h.gate}))(t)
	media := must(sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")}))(t)
	t.Cleanup(func() { media.Close() })
	h.registry = must(rooms.NewRegistry(rooms.RegistryConfig{Casework: h.desk, Chatbook: h.desk, Media: media}))(t)
	h.desk.Watch(h.registry)

	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
	h.sockets = must(signaling.New(signaling.Config{Gate: h.gate, Desk: h.desk, Registry: h.registry, Origins: []string{server.URL}}))(t)
	h.sockets.Mount(mux)
	h.desk.OnRevoked(h.sockets.Revoked)
	t.Cleanup(h.sockets.Close)
	t.Cleanup(h.registry.Close)

	running, stop := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() { h.desk.Run(running) })
	loops.Go(func() { h.sockets.Watch(running) })
	t.Cleanup(func() { stop(); loops.Wait() })
	h.furnish()
	return h
}

// must fails the test on an error.
func must[V any](v V, err error) func(*testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (h *house) furnish() {
	h.Helper()
	now := time.Now().UTC()
	since := now.Add(-time.Hour)
	h.ok(h.store.SaveTenant(h.ctx, store.Tenant{ID: tenant, Name: "Partnership", Created: since}))
	for id, tier := range map[string]string{clinicID: "township", hospitalID: "city"} {
		h.ok(h.store.SaveInstitution(h.ctx, store.Institution{ID: id, Tenant: tenant, Name: "The " + id, NameLatin: "Latin " + id, Tier: tier, Telephone: "1", Zone: "Asia/Shanghai"}))
	}
	h.ok(h.store.SaveDepartment(h.ctx, store.Department{ID: cardiology, Tenant: tenant, Institution: hospitalID, Name: "Cardiology", Specialty: "cardiology", Telephone: "2"}))
	h.ok(h.store.SaveAgreement(h.ctx, store.Agreement{ID: "agreement", Tenant: tenant, Inviting: clinicID, Invited: hospitalID,
		Kinds: []consult.Kind{consult.Video, consult.Written, consult.MDT}, From: since}))
	hash := auth.HashPassword(password, cheap)
	add := func(id, institution, department string, role auth.Role) {
		h.ok(h.store.AddPerson(h.ctx, auth.Person{
			ID: id, Tenant: tenant, Login: id, Name: "Name of " + id, NameLatin: "Latin name of " + id, Licence: "L-" + id, Department: department, Specialty: "cardiology",
			Created: since, Epoch: 1, Grants: []auth.Grant{{Institution: institution, Role: role, From: since}},
		}, hash))
	}
	add("doctor", clinicID, "", auth.Requester)
	add("stranger", clinicID, "", auth.Requester)
	add("coordinator", hospitalID, "", auth.Coordinator)
	for _, id := range experts {
		add(id, hospitalID, cardiology, auth.Expert)
		h.ok(h.store.TakeDuty(h.ctx, store.Duty{Tenant: tenant, Department: cardiology, Person: id, Rank: 1, From: since}))
	}
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// page is one signed-in browser.
type page struct {
	*house
	actor  auth.Actor
	cookie string
	cfg    client.Config
}

func (h *house) signsIn(login string) *page {
	h.Helper()
	_, cookie, err := h.gate.SignIn(h.ctx, login, password, "", "192.0.2.1")
	h.ok(err)
	actor, _, err := h.gate.Authenticate(h.ctx, cookie)
	h.ok(err)
	return &page{house: h, actor: actor, cookie: cookie, cfg: client.Config{URL: h.url, Cookie: "session=" + cookie}}
}

// startsNow starts an emergency consult and answers its id.
func (p *page) startsNow() string {
	p.Helper()
	age := 61
	view, err := p.desk.StartNow(p.ctx, p.actor, store.NewID(), consult.StartCmd{
		Department: cardiology, Question: "Chest pain, is this an infarction?",
		Patient: consult.Patient{Name: "Patient", Age: &age, Sex: "male"}, ConsentDeferred: "unconscious",
	})
	p.ok(err)
	return view.ID
}

// books brings a request of the doctor's through triage to a booking that
// starts now, and prepares it.
func (p *page) books(expert *page) string {
	p.Helper()
	coordinator := p.signsIn("coordinator")
	age, systolic, diastolic, rate := 61, 150.0, 90.0, 88.0
	view, err := p.desk.CreateDraft(p.ctx, p.actor, store.NewID(), rooms.DraftInput{Kind: consult.Video, Urgency: consult.Routine, Request: consult.Request{
		Patient: consult.Patient{Name: "Patient", Age: &age, Sex: "female"}, Question: "Which anticoagulant?", Specialty: cardiology,
		Complaint: "palpitations", History: "since a week", Diagnoses: []consult.Diagnosis{{System: "icd-10", Code: "I48", Text: "atrial fibrillation"}}, Medication: "none", Data: map[string]string{"onset": "a week ago", "ecg": "atrial fibrillation"},
		Vitals: []consult.Vitals{{Taken: time.Now(), Systolic: &systolic, Diastolic: &diastolic, HeartRate: &rate}},
	}})
	p.ok(err)
	for _, step := range []struct {
		by  *page
		cmd consult.Command
	}{
		{p, consult.SubmitCmd{}},
		{coordinator, consult.TriageCmd{Urgency: consult.Routine, Grounds: "stable"}},
		{coordinator, consult.InviteCmd{People: []string{expert.actor.Person}, Institution: hospitalID}},
		{expert, consult.AcceptCmd{}},
		{coordinator, consult.ScheduleCmd{Start: time.Now(), Minutes: 30}},
		{p, consult.ConsentCmd{Purposes: []string{"care", "sharing"}, Version: "1", Language: "en", Signer: "Patient", Relationship: "self"}},
		{p, consult.PrepareCmd{Camera: true, Microphone: true, Speaker: true}},
	} {
		if _, err := p.desk.Do(p.ctx, step.by.actor, view.ID, store.NewID(), 0, step.cmd); err != nil {
			p.Fatalf("%s: %v", step.cmd.Verb(), err)
		}
	}
	return view.ID
}

func (p *page) accepts(id string) {
	p.Helper()
	_, err := p.desk.Do(p.ctx, p.actor, id, store.NewID(), 0, consult.AcceptCmd{})
	p.ok(err)
}

func (p *page) deskTicket() string {
	p.Helper()
	view, err := p.desk.DeskTicket(p.ctx, p.actor)
	p.ok(err)
	return view.Ticket
}

func (p *page) roomTicket(id string) string {
	p.Helper()
	view, err := p.desk.JoinRoom(p.ctx, p.actor, id)
	p.ok(err)
	return view.Ticket
}

func (p *page) opensDesk() *client.Desk {
	p.Helper()
	d, err := client.OpenDesk(p.ctx, p.cfg, p.deskTicket(), client.DeskPosition{})
	p.ok(err)
	p.Cleanup(d.Drop)
	return d
}

// opens enters the room's lobby.
func (p *page) opens(id string) *client.Room {
	p.Helper()
	r, err := client.OpenRoom(p.ctx, p.cfg, id, p.roomTicket(id))
	p.ok(err)
	p.Cleanup(func() {
		if err := r.Close(); err != nil {
			p.Errorf("page not closed: %v", err)
		}
	})
	return r
}

// goesIn enters the room, connects media with so many spare pairs, turns
// microphone and camera on and knocks.
func (p *page) goesIn(id string, pairs int) *client.Room {
	p.Helper()
	r := p.opens(id)
	p.ok(r.Connect(p.ctx, pairs))
	p.ok(r.SetMedia(both))
	p.ok(r.Knock())
	p.ok(r.Await(p.ctx, "being in the call", func(r *client.Room) bool { return r.Phase() == "in" }))
	return r
}
