package rooms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"consilium/auth"
	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// office is a desk with a clock of its own, on a real database.
type office struct {
	*Desk
	t    *testing.T
	dir  string
	file string
	cl   *cluster.Cluster

	mu    sync.Mutex // guards clock
	clock time.Time
}

const (
	deskTenant = "t1"
	clinicID   = "clinic"
	cityID     = "city"
	heartDep   = "cardiology"
	nextDep    = "medicine"
)

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), clock: time.Now().UTC().Truncate(time.Second)}
	o.file = "sqlite:" + filepath.Join(o.dir, "db")
	var err error
	o.cl, err = cluster.Open("memory:", nil)
	o.ok(err)
	t.Cleanup(func() { _ = o.cl.Close() })
	o.Desk = o.another(o.cl)
	o.furnish()
	return o
}

func (o *office) ok(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) time() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clock
}

func (o *office) later(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock = o.clock.Add(d)
}

// another opens the same database as another node would, or the same one after
// a restart.
func (o *office) another(cl *cluster.Cluster) *Desk {
	o.t.Helper()
	st, err := store.Open(context.Background(), o.file, nil)
	o.ok(err)
	o.t.Cleanup(func() { _ = st.Close() })
	blobs, err := store.OpenBlobs(filepath.Join(o.dir, "files"))
	o.ok(err)
	seal, err := auth.OpenSeal(filepath.Join(o.dir, "seal"))
	o.ok(err)
	keys, err := auth.OpenKeys(context.Background(), st, seal, auth.KeysConfig{})
	o.ok(err)
	gate, err := auth.NewGate(st, keys, auth.Config{})
	o.ok(err)
	d, err := NewDesk(DeskConfig{Store: st, Blobs: blobs, Cluster: cl, Gate: gate, Log: slog.New(slog.DiscardHandler), Now: o.time})
	o.ok(err)
	return d
}

func (o *office) furnish() {
	ctx, began := context.Background(), o.clock.Add(-time.Hour)
	o.ok(o.store.SaveTenant(ctx, store.Tenant{ID: deskTenant, Name: "partnership", Created: began}))
	for _, id := range []string{clinicID, cityID} {
		o.ok(o.store.SaveInstitution(ctx, store.Institution{ID: id, Tenant: deskTenant, Name: id, Tier: "city", Telephone: "1", Zone: "UTC"}))
	}
	o.ok(o.store.SaveDepartment(ctx, store.Department{ID: nextDep, Tenant: deskTenant, Institution: cityID, Name: nextDep, Specialty: "general"}))
	o.ok(o.store.SaveDepartment(ctx, store.Department{ID: heartDep, Tenant: deskTenant, Institution: cityID, Name: heartDep, Specialty: "cardiology", Next: nextDep}))
	o.ok(o.store.SaveAgreement(ctx, store.Agreement{ID: "a", Tenant: deskTenant, Inviting: clinicID, Invited: cityID, Kinds: []consult.Kind{consult.Video}, From: began}))
	for login, role := range map[string]auth.Role{"doctor": auth.Requester, "heart": auth.Expert, "deputy": auth.Expert, "physician": auth.Expert, "coordinator": auth.Coordinator} {
		place := cityID
		if role == auth.Requester {
			place = clinicID
		}
		o.ok(o.store.AddPerson(ctx, auth.Person{ID: login, Tenant: deskTenant, Login: login, Name: login, Licence: "L", Specialty: "cardiology",
			Grants: []auth.Grant{{Institution: place, Role: role, From: began}}, Created: began}, ""))
	}
	for person, duty := range map[string]store.Duty{"heart": {Department: heartDep, Rank: 1}, "deputy": {Department: heartDep, Rank: 2}, "physician": {Department: nextDep, Rank: 1}} {
		duty.Tenant, duty.Person, duty.From = deskTenant, person, began
		o.ok(o.store.TakeDuty(ctx, duty))
	}
}

func (o *office) actor(login string) auth.Actor {
	p, err := o.store.Person(context.Background(), login)
	o.ok(err)
	return auth.Actor{Person: login, Tenant: deskTenant, Grants: p.Grants}
}

// heard is what an app was told.
type heard struct {
	mu   sync.Mutex // guards list
	list []DeskEvent
}

func (h *heard) add(e DeskEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, e)
}

func (h *heard) all() []DeskEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}

// attends opens an app for the person that can ring.
func (o *office) attends(login string, last DeskPosition) (*heard, func()) {
	o.t.Helper()
	app := DeskApp{Actor: o.actor(login), Socket: store.NewID(), Last: last}
	h := &heard{}
	leave, err := o.Attend(context.Background(), app, h.add)
	o.ok(err)
	o.ok(o.Arm(context.Background(), app, true))
	o.t.Cleanup(leave)
	return h, leave
}

// hears waits until an event fits what.
func (o *office) hears(h *heard, what string) {
	o.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; {
		var lines []string
		for _, e := range h.all() {
			line := fmt.Sprintf("%T %+v", e.Body, e.Body)
			if strings.Contains(line, what) {
				return
			}
			lines = append(lines, line)
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("never heard %q among\n%s", what, strings.Join(lines, "\n"))
		}
		time.Sleep(time.Millisecond) // between looks, not instead of one
	}
}

func (o *office) start() string {
	o.t.Helper()
	age := 60
	v, err := o.StartNow(context.Background(), o.actor("doctor"), "", consult.StartCmd{Department: heartDep,
		Patient: consult.Patient{Name: "P", Age: &age, Sex: "male"}, Question: "?", ConsentDeferred: "unconscious"})
	o.ok(err)
	o.publish(context.Background())
	return v.ID
}

// fires fires what is due now, and tells of it.
func (o *office) fires() {
	o.fireDue(context.Background())
	o.publish(context.Background())
}

func (o *office) theCase(id string) *consult.Case {
	o.t.Helper()
	c, err := o.store.Case(context.Background(), deskTenant, id)
	o.ok(err)
	return c
}

func TestARingGoesDownTheLine(t *testing.T) {
	o := openOffice(t)
	doctor, _ := o.attends("doctor", DeskPosition{})
	coordinator, _ := o.attends("coordinator", DeskPosition{})
	heart, _ := o.attends("heart", DeskPosition{})
	deputy, _ := o.attends("deputy", DeskPosition{})
	physician, _ := o.attends("physician", DeskPosition{})

	id := o.start()
	o.hears(heart, "DeskRing {Consult:"+id+" Department:cardiology Wave:1")
	o.later(59 * time.Second)
	o.fires()
	if c := o.theCase(id); c.Wave != 1 {
		t.Fatalf("the wave ended after 59 s: %d", c.Wave)
	}
	o.later(2 * time.Second)
	o.fires()
	o.hears(heart, "DeskRingStopped {Consult:"+id+" Why:timeout}")
	o.hears(deputy, "DeskRing {Consult:"+id+" Department:cardiology Wave:2")
	o.hears(doctor, "DeskNotice {Kind:unanswered Consult:"+id)
	o.hears(coordinator, "DeskNotice {Kind:unanswered Consult:"+id)
	o.later(61 * time.Second)
	o.fires()
	o.hears(physician, "DeskRing {Consult:"+id+" Department:medicine Wave:3")
	// Who did not answer in time may still take it.
	if _, err := o.Do(context.Background(), o.actor("heart"), id, "", 0, consult.AcceptCmd{}); err != nil {
		t.Fatal(err)
	}
	o.publish(context.Background())
	o.hears(physician, "DeskRingStopped {Consult:"+id+" Why:taken}")
	if c := o.theCase(id); c.State != consult.InCall {
		t.Errorf("state %s", c.State)
	}
}

func TestATimerFiresOnceOnWhicheverNode(t *testing.T) {
	o := openOffice(t)
	o.attends("heart", DeskPosition{})
	o.attends("deputy", DeskPosition{})
	id := o.start()
	o.later(61 * time.Second)
	nodes := []*Desk{o.Desk, o.another(o.cl), o.another(o.cl)} // the others as after a restart
	var all sync.WaitGroup
	for _, d := range nodes {
		all.Go(func() { d.fireDue(context.Background()) })
	}
	all.Wait()
	if c := o.theCase(id); c.Wave != 2 || len(c.Asked) != 2 {
		t.Errorf("three nodes escalated to wave %d and asked %d", c.Wave, len(c.Asked))
	}
}

func TestWhatHappensByItself(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	coordinator, _ := o.attends("coordinator", DeskPosition{})
	expert, _ := o.attends("heart", DeskPosition{})
	request := consult.Request{Patient: consult.Patient{Name: "P", Birth: "1960", Sex: "male"}, Question: "?", Specialty: "general",
		Complaint: "c", History: "h", Diagnoses: []consult.Diagnosis{{System: "icd-10", Text: "d"}}}
	do := func(login, id string, cmd consult.Command) {
		t.Helper()
		if _, err := o.Do(ctx, o.actor(login), id, "", 0, cmd); err != nil {
			t.Fatal(err)
		}
	}
	submitted := func() string {
		t.Helper()
		v, err := o.CreateDraft(ctx, o.actor("doctor"), "", DraftInput{Kind: consult.Video, Urgency: consult.Urgent, Request: request})
		o.ok(err)
		do("doctor", v.ID, consult.SubmitCmd{})
		return v.ID
	}
	scheduled := func() string {
		t.Helper()
		id := submitted()
		do("coordinator", id, consult.TriageCmd{Urgency: consult.Urgent, Grounds: "g"})
		do("coordinator", id, consult.InviteCmd{People: []string{"heart"}})
		do("heart", id, consult.AcceptCmd{})
		do("doctor", id, consult.ConsentCmd{Purposes: []string{"care", "sharing"}, Version: "1", Language: "en", Signer: "P", Relationship: "self"})
		do("coordinator", id, consult.ScheduleCmd{Start: o.time().Add(20 * time.Minute), Minutes: 30})
		return id
	}

	late := submitted()
	o.later(31 * time.Minute)
	o.fires()
	o.hears(coordinator, "DeskNotice {Kind:due Consult:"+late)
	o.later(8 * 24 * time.Hour)
	o.fires()
	if c := o.theCase(late); c.State != consult.Expired {
		t.Errorf("a case that nobody took further is %s", c.State)
	}

	missed := scheduled()
	o.later(51 * time.Minute)
	o.fires()
	if c := o.theCase(missed); c.State != consult.NoShow || c.Absent != consult.BothSides {
		t.Errorf("nobody came, and the case is %s, absent %s", c.State, c.Absent)
	}

	broken := scheduled()
	do("doctor", broken, consult.PrepareCmd{Camera: true, Microphone: true, Speaker: true})
	event := func(login string, v consult.Verb) {
		t.Helper()
		by := auth.Actor{Tenant: deskTenant} // nobody: the system
		if login != "" {
			by = o.actor(login)
		}
		_, err := o.RoomEvent(ctx, broken, v, by)
		o.ok(err)
	}
	event("doctor", consult.Arrive)
	o.later(16 * time.Minute)
	o.fires()
	o.hears(coordinator, "DeskNotice {Kind:waiting-long Consult:"+broken)
	event("heart", consult.Admit)
	event("", consult.Interrupt)
	o.later(3 * time.Minute)
	o.fires()
	o.hears(expert, "DeskNotice {Kind:call-back Consult:"+broken)
	o.later(8 * time.Minute)
	o.fires()
	o.hears(expert, "DeskNotice {Kind:offer-async Consult:"+broken)
	o.later(20 * time.Minute)
	o.fires()
	if c := o.theCase(broken); c.State != consult.Async || c.Writing == "" {
		t.Errorf("a call that stayed broken is %s", c.State)
	}
}

func TestAnAppGoesOnWhereItStopped(t *testing.T) {
	o := openOffice(t)
	first, leave := o.attends("doctor", DeskPosition{})
	id := o.start()
	o.hears(first, "DeskChanged {Consult:"+id)
	var last DeskPosition
	for _, e := range first.all() {
		if s, ok := e.Body.(DeskSnapshot); ok {
			last.Epoch = s.Epoch
			if s.Resumed {
				t.Error("a first connection has nothing to resume")
			}
		}
		last.Offset = max(last.Offset, e.Offset)
	}
	leave()
	if _, err := o.Do(context.Background(), o.actor("doctor"), id, "", 0, consult.CancelCmd{Reason: "better"}); err != nil {
		t.Fatal(err)
	}
	o.publish(context.Background())
	again, _ := o.attends("doctor", last)
	o.hears(again, "Resumed:true")
	o.hears(again, "Verb:cancel")
	for _, e := range again.all() {
		if c, ok := e.Body.(DeskChanged); ok && c.Verb == "start" {
			t.Error("told again what it had seen")
		}
	}
	elsewhere, _ := o.attends("doctor", DeskPosition{Epoch: "another", Offset: 1})
	o.hears(elsewhere, "Resumed:false")
}

// deafBus fails to publish as long as it is deaf.
type deafBus struct {
	cluster.Bus
	mu   sync.Mutex // guards deaf
	deaf bool
}

func (b *deafBus) Publish(ctx context.Context, channel string, payload []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.deaf {
		return errors.New("the bus is away")
	}
	return b.Bus.Publish(ctx, channel, payload)
}

func TestWhatCouldNotBeToldIsToldLater(t *testing.T) {
	o := openOffice(t)
	bus := &deafBus{Bus: o.cl.Bus}
	o.cl.Bus = bus
	doctor, _ := o.attends("doctor", DeskPosition{})
	bus.mu.Lock()
	bus.deaf = true
	bus.mu.Unlock()
	id := o.start() // the transition itself does not need the bus
	if c := o.theCase(id); c.State != consult.Invited {
		t.Fatalf("state %s", c.State)
	}
	bus.mu.Lock()
	bus.deaf = false
	bus.mu.Unlock()
	o.later(claimLease + time.Second)
	o.publish(context.Background())
	o.hears(doctor, "DeskChanged {Consult:"+id)
}

func TestRunEndsAndTellsTheRest(t *testing.T) {
	o := openOffice(t)
	doctor, _ := o.attends("doctor", DeskPosition{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.Run(ctx); close(done) }()
	age := 60
	v, err := o.StartNow(context.Background(), o.actor("doctor"), "", consult.StartCmd{Department: heartDep,
		Patient: consult.Patient{Name: "P", Age: &age, Sex: "male"}, Question: "?", ConsentDeferred: "x"})
	o.ok(err)
	stop()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not end")
	}
	o.hears(doctor, "DeskChanged {Consult:"+v.ID)
}
