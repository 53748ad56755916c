package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// scene is a room with people in it, in fake time: the registry under test and
// a desk on paper behind it.
type scene struct {
	*testing.T
	desk     *paperDesk
	registry *Registry
}

const sceneCase = "case-1"

// play runs f in a scene whose case is in the given state.
func play(t *testing.T, state consult.State, f func(s *scene)) {
	synctest.Test(t, func(t *testing.T) {
		desk := &paperDesk{
			state: RoomCase{State: state, Version: 1},
			seats: map[string]auth.Seat{
				"doctor": auth.SeatOwner, "nurse": auth.SeatAccompanying,
				"expert": auth.SeatExpert, "second": auth.SeatExpert,
				"student": auth.SeatObserver,
			},
			refuse: make(map[consult.Verb]error),
		}
		registry, err := NewRegistry(RegistryConfig{Casework: desk, Chatbook: desk})
		if err != nil {
			t.Fatal(err)
		}
		defer registry.Close()
		f(&scene{T: t, desk: desk, registry: registry})
	})
}

// someone is a person with one open page.
type someone struct {
	*scene
	ear  *ear
	hold *Hold
}

func sceneActor(person string) auth.Actor {
	roles := map[string]auth.Role{
		"doctor": auth.Requester, "nurse": auth.Accompanying, "student": auth.Observer,
	}
	role, ok := roles[person]
	if !ok {
		role = auth.Expert
	}
	return auth.Actor{Person: person, Tenant: "t", Session: "session-" + person, Epoch: 1,
		Grants: []auth.Grant{{Institution: "clinic", Role: role}}}
}

// opens has a person open the room with a ticket.
func (s *scene) opens(person string) *someone {
	s.Helper()
	p, err := s.tries(RoomEntry{Actor: sceneActor(person)})
	if err != nil {
		s.Fatalf("%s does not get into the lobby: %v", person, err)
	}
	return p
}

func (s *scene) tries(e RoomEntry) (*someone, error) {
	s.Helper()
	out := &ear{}
	e.Consult, e.Out = sceneCase, out
	hold, err := s.registry.Enter(s.Context(), e)
	synctest.Wait()
	return &someone{scene: s, ear: out, hold: hold}, err
}

// goesIn opens the room and knocks, and expects to be in.
func (s *scene) goesIn(person string) *someone {
	s.Helper()
	p := s.opens(person)
	p.hold.Knock()
	p.expectPhase(PhaseIn)
	return p
}

func (s *scene) passes(d time.Duration) {
	time.Sleep(d) // fake time
	synctest.Wait()
}

func (s *scene) expectState(want consult.State) {
	s.Helper()
	synctest.Wait()
	if got := s.desk.now().State; got != want {
		s.Errorf("the case is %s, want %s", got, want)
	}
}

func (s *scene) expectNotes(want ...string) {
	s.Helper()
	synctest.Wait()
	if got := s.desk.noted(); !slices.Equal(got, want) {
		s.Errorf("the session's record says %q, want %q", got, want)
	}
}

// phase is the last that the person was told of their own phase.
func (p *someone) phase() RoomPhase {
	var phase RoomPhase
	for _, t := range p.ear.all() {
		switch t := t.(type) {
		case RoomSnapshot:
			phase = t.Phase
		case RoomPhaseChanged:
			phase = t.Phase
		}
	}
	return phase
}

func (p *someone) expectPhase(want RoomPhase) {
	p.Helper()
	synctest.Wait()
	if got := p.phase(); got != want {
		p.Errorf("told to be in phase %q, want %q", got, want)
	}
}

func (p *someone) expectClosed(want RoomClose) {
	p.Helper()
	synctest.Wait()
	if got := p.ear.closedWith(); got != want {
		p.Errorf("socket closed with %q, want %q", got, want)
	}
}

func (p *someone) expectRefused(code string) {
	p.Helper()
	synctest.Wait()
	if got := last[RoomRefused](p); got.Code != code {
		p.Errorf("refused with %q, want %q", got.Code, code)
	}
}

func (p *someone) snapshot() RoomSnapshot { return last[RoomSnapshot](p) }

// sees is the roster as the person knows it from snapshot and events.
func (p *someone) sees() map[string]RoomPerson {
	roster := make(map[string]RoomPerson)
	for _, t := range p.ear.all() {
		switch t := t.(type) {
		case RoomSnapshot:
			clear(roster)
			for _, q := range t.Roster {
				roster[q.ID] = q
			}
		case RoomJoined:
			roster[t.Person.ID] = t.Person
		case RoomUpdated:
			roster[t.Person.ID] = t.Person
		case RoomLeft:
			delete(roster, t.Participant)
		}
	}
	byPerson := make(map[string]RoomPerson)
	for _, q := range roster {
		byPerson[q.Person] = q
	}
	return byPerson
}

// last is the last telling of its kind that the person got, or the zero one.
func last[T RoomTelling](p *someone) (found T) {
	for _, t := range p.ear.all() {
		if t, ok := t.(T); ok {
			found = t
		}
	}
	return found
}

func every[T RoomTelling](p *someone) (found []T) {
	for _, t := range p.ear.all() {
		if t, ok := t.(T); ok {
			found = append(found, t)
		}
	}
	return found
}

// ear is an outlet that remembers.
type ear struct {
	mu     sync.Mutex // guards what follows
	heard  []RoomTelling
	closed RoomClose
}

var _ outlet = (*ear)(nil)

func (e *ear) Send(t RoomTelling) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, t)
}

func (e *ear) Close(why RoomClose) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = why
}

func (e *ear) all() []RoomTelling {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

func (e *ear) closedWith() RoomClose {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// paperDesk keeps one case in memory, with the transitions that rooms cause.
type paperDesk struct {
	mu     sync.Mutex // guards what follows
	state  RoomCase
	seats  map[string]auth.Seat
	chat   []RoomChat
	notes  []string
	refuse map[consult.Verb]error // what it refuses to do
	away   error                  // what every call answers while the database is away
	stuck  chan struct{}          // while not nil, calls wait for it
	verbs  []string               // what was asked and done, by whom
}

var (
	_ casework = (*paperDesk)(nil)
	_ chatbook = (*paperDesk)(nil)
)

var paperMoves = map[consult.Verb]map[consult.State]consult.State{
	consult.Arrive:    {consult.Ready: consult.Waiting, consult.Waiting: consult.Waiting},
	consult.Admit:     {consult.Waiting: consult.InCall},
	consult.Interrupt: {consult.InCall: consult.Interrupted},
	consult.Resume:    {consult.Interrupted: consult.InCall},
	consult.End:       {consult.InCall: consult.OpinionDue, consult.Interrupted: consult.OpinionDue},
}

func (d *paperDesk) enter(ctx context.Context) error {
	d.mu.Lock()
	stuck := d.stuck
	d.mu.Unlock()
	if stuck != nil {
		select {
		case <-stuck:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.away
}

func (d *paperDesk) RoomPass(ctx context.Context, by auth.Actor, caseID string) (RoomPass, error) {
	if err := d.enter(ctx); err != nil {
		return RoomPass{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	seat := d.seats[by.Person]
	if seat == auth.SeatNone || caseID != sceneCase {
		return RoomPass{}, errHidden
	}
	return RoomPass{
		Object:   auth.Object{Tenant: "t", Institutions: []string{"clinic"}, Seat: seat, Stage: d.state.State.Stage(false)},
		RoomName: RoomName{Name: "Name of " + by.Person, Institution: "Clinic"}, Case: d.state,
	}, nil
}

func (d *paperDesk) RoomEvent(ctx context.Context, _ string, verb consult.Verb, by auth.Actor) (RoomCase, error) {
	if err := d.enter(ctx); err != nil {
		return RoomCase{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refuse[verb]; err != nil {
		return RoomCase{}, err
	}
	to, ok := paperMoves[verb][d.state.State]
	if !ok {
		return RoomCase{}, &consult.Error{Code: consult.StateForbids, Message: "not now"}
	}
	d.state.State = to
	d.state.Version++
	d.verbs = append(d.verbs, fmt.Sprintf("%s by %s", verb, by.Person))
	return d.state, nil
}

func (d *paperDesk) SessionNote(ctx context.Context, _ string, by auth.Actor, note SessionNote) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, by.Person+" "+note.What)
	return nil
}

func (d *paperDesk) Chat(ctx context.Context, _ string, by auth.Actor, key, text string) (RoomChat, error) {
	if err := d.enter(ctx); err != nil {
		return RoomChat{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.chat {
		if m.Person == by.Person && m.Key == key {
			return m, nil
		}
	}
	m := RoomChat{Seq: int64(len(d.chat) + 1), Key: key, Person: by.Person, Name: "Name of " + by.Person, At: time.Now(), Text: text}
	d.chat = append(d.chat, m)
	return m, nil
}

func (d *paperDesk) ChatSince(ctx context.Context, _ string, _ auth.Actor, seq int64) ([]RoomChat, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.chat[min(int(seq), len(d.chat)):]), nil
}

func (d *paperDesk) now() RoomCase {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

func (d *paperDesk) noted() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.notes)
}

func (d *paperDesk) did() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.verbs)
}

// turns has the case change outside the room, as the API does.
func (s *scene) turns(state consult.State, change func(d *paperDesk)) {
	s.desk.mu.Lock()
	s.desk.state.State = state
	s.desk.state.Version++
	if change != nil {
		change(s.desk)
	}
	s.desk.mu.Unlock()
	s.registry.Changed(sceneCase)
	synctest.Wait()
}

func (s *scene) databaseGone(err error) {
	s.desk.mu.Lock()
	s.desk.away = err
	s.desk.mu.Unlock()
}

var errDatabase = errors.New("the database is away")
