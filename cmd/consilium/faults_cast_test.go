package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"consilium/rooms"
	"consilium/rooms/store"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
	"consilium/web/api"
)

// patientName is every patient's: it must not be in any log.
const patientName = "欧阳无痕"

// stage is one test at one server.
type stage struct {
	*testing.T
	at  *process
	ctx context.Context // ends the test's patience
	web *http.Client
}

func on(t *testing.T, at *process) *stage {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	at.keepsSecret("the patient's name", patientName)
	return &stage{T: t, at: at, ctx: ctx, web: &http.Client{Transport: transport}}
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// person is somebody who is signed in.
type person struct {
	*stage
	login, cookie string
}

func (s *stage) signsIn(login string) *person { s.Helper(); return s.signsInWith(login, demoPassword) }

func (s *stage) signsInWith(login, password string) *person {
	s.Helper()
	a := s.nobody().send("POST", "/api/session", map[string]any{"login": login, "password": password}).is(200)
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "session" {
			s.at.keepsSecret("a session's cookie", c.Value)
			return &person{s, login, c.Value}
		}
	}
	s.Fatal("no session cookie")
	return nil
}

// nobody is not signed in.
func (s *stage) nobody() *person { return &person{stage: s} }

// answer is what the server said.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
}

// try sends a request; a body that is not bytes becomes JSON. Further arguments
// are header names and values; Host and Cookie are meant too.
func (p *person) try(method, path string, body any, headers ...string) (answer, error) {
	var r io.Reader
	if raw, ok := body.([]byte); ok {
		r = bytes.NewReader(raw)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(p.ctx, method, p.at.url+path, r)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: p.cookie})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.web.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{p.T, res.StatusCode, res.Header, raw}, err
}

func (p *person) send(method, path string, body any, headers ...string) answer {
	p.Helper()
	a, err := p.try(method, path, body, headers...)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// refused is a problem with status and code, in words.
func (a answer) refused(status int, code string) api.Problem {
	a.t.Helper()
	a.is(status)
	p := a.problem()
	if p.Code != code || p.Detail == "" || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Fatalf("problem %s, want code %s", a.raw, code)
	}
	return p
}

func (a answer) problem() (p api.Problem) {
	_ = json.Unmarshal(a.raw, &p)
	return p
}

func decoded[T any](a answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.raw, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.raw)
	}
	return v
}

func (a answer) view() rooms.CaseView { a.t.Helper(); return decoded[rooms.CaseView](a) }

func withKey(key string) []string { return []string{"Idempotency-Key", key} }

// request is one that nothing is missing from. It can be found by its question,
// which is the patient's number in the clinic too.
func request(question string) map[string]any {
	return map[string]any{"kind": "video", "urgency": "urgent", "request": map[string]any{
		"patient": map[string]any{"name": patientName, "local_id": question, "birth": "1960-05-01", "sex": "male"}, "question": question, "specialty": "cardiology",
		"complaint": "pain", "history": "none", "diagnoses": []any{map[string]any{"system": "icd-10", "code": "I20.9", "text": "angina"}}, "medication": "none",
		"data":   map[string]any{"onset": "today", "ecg": "normal"},
		"vitals": []any{map[string]any{"taken": time.Now().UTC(), "systolic": 120, "diastolic": 80, "heart_rate": 70}},
	}}
}

// emergency is what the doctor types to start now.
func emergency(department string) map[string]any {
	return map[string]any{"department": department, "patient": map[string]any{"name": patientName, "age": 60, "sex": "female"},
		"question": "Help?", "consent_deferred": "unconscious"}
}

// does gives a command on the case.
func (p *person) does(id, verb string, body map[string]any) rooms.CaseView {
	p.Helper()
	if body == nil {
		body = map[string]any{}
	}
	return p.send("POST", "/api/consults/"+id+"/"+verb, body, withKey(store.NewID())...).is(200).view()
}

// accepted brings a request of the doctor's to where it can be booked.
func (p *person) accepted(coordinator, expert *person, expertID, institution string) rooms.CaseView {
	p.Helper()
	v := p.send("POST", "/api/consults", request("Which anticoagulant?"), withKey(store.NewID())...).is(201).view()
	p.does(v.ID, "submit", nil)
	coordinator.does(v.ID, "triage", map[string]any{"urgency": "urgent", "grounds": "stable"})
	coordinator.does(v.ID, "invite", map[string]any{"people": []string{expertID}, "institution": institution})
	return expert.does(v.ID, "accept", nil)
}

func (p *person) timeline(id string) map[string]int {
	p.Helper()
	count := map[string]int{}
	for _, e := range decoded[[]rooms.TimelineEntry](p.send("GET", "/api/consults/"+id+"/timeline", nil).is(200)) {
		count[e.Action]++
	}
	return count
}

func (p *person) config() client.Config {
	return client.Config{URL: p.at.url, Cookie: "session=" + p.cookie}
}

// ticket asks for one; path names what it opens.
func (p *person) ticket(path string) string {
	p.Helper()
	v := decoded[rooms.TicketView](p.send("POST", path, nil).is(200))
	p.at.keepsSecret("a ticket", v.Ticket)
	return v.Ticket
}

func (p *person) deskTicket() string { p.Helper(); return p.ticket("/api/tickets/desk") }
func (p *person) roomTicket(id string) string {
	p.Helper()
	return p.ticket("/api/consults/" + id + "/join")
}

// opensDesk opens an app that may ring.
func (p *person) opensDesk() *client.Desk {
	p.Helper()
	d, err := client.OpenDesk(p.ctx, p.config(), p.deskTicket(), client.DeskPosition{})
	p.ok(err)
	p.Cleanup(d.Drop)
	p.ok(d.Arm(true))
	return d
}

// opens enters the room's lobby.
func (p *person) opens(id string) *client.Room {
	p.Helper()
	r, err := client.OpenRoom(p.ctx, p.config(), id, p.roomTicket(id))
	p.ok(err)
	p.Cleanup(func() {
		if err := r.Close(); err != nil {
			p.Errorf("page not closed: %v", err)
		}
	})
	return r
}

var bothOn = protocol.Media{Microphone: true, Camera: true}

// shows connects media and waits until the person is in the call.
func (p *person) shows(r *client.Room) {
	p.Helper()
	p.ok(r.Connect(p.ctx, 2))
	p.ok(r.SetMedia(bothOn))
	p.ok(r.Knock())
	p.ok(r.Await(p.ctx, "being in the call", func(r *client.Room) bool { return r.Phase() == "in" }))
}

func (p *person) goesIn(id string) *client.Room {
	p.Helper()
	r := p.opens(id)
	p.shows(r)
	return r
}

// call is two people who see and hear each other.
type call struct {
	*stage
	id             string
	doctor, expert *client.Room
}

func (s *stage) call(doctor, expert *person, department string) *call {
	s.Helper()
	id := doctor.send("POST", "/api/consults/start", emergency(department), withKey(store.NewID())...).is(201).view().ID
	expert.does(id, "accept", nil)
	c := &call{s, id, doctor.goesIn(id), expert.goesIn(id)}
	c.flows()
	return c
}

// flows waits until sound and picture arrive on both sides.
func (c *call) flows() {
	c.Helper()
	for _, source := range []string{"microphone", "camera"} {
		c.ok(c.doctor.AwaitMedia(c.ctx, c.expert.Self(), source, 5))
		c.ok(c.expert.AwaitMedia(c.ctx, c.doctor.Self(), source, 5))
	}
}

// undisturbed makes sure that nothing happened to the people of the call.
func (c *call) undisturbed() {
	c.Helper()
	c.flows()
	for _, r := range []*client.Room{c.doctor, c.expert} {
		c.ok(r.Await(c.ctx, "a call in which nothing happened", func(r *client.Room) bool {
			return r.Phase() == "in" && r.State() == "in-call" && r.People() == 2 && len(r.Errors()) == 0
		}))
	}
}

// closes waits for a socket's end and holds its code against want.
func (s *stage) closes(what string, ended func(context.Context) error, want protocol.CloseCode) {
	s.Helper()
	closed := (*client.Closed)(nil)
	if err := ended(s.ctx); !errors.As(err, &closed) || closed.Code != want {
		s.Errorf("%s ended with %v, want %d %s", what, err, int(want), want)
	}
}

// raw opens a socket without keeping to the protocol; without one it answers
// the status of the refusal.
func (p *person) raw(path string, headers ...string) (*websocket.Conn, int) {
	p.Helper()
	header := http.Header{"Origin": {p.at.url}, "Cookie": {"session=" + p.cookie}}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			header.Del(headers[i])
		}
	}
	conn, res, err := websocket.DefaultDialer.DialContext(p.ctx, "ws"+strings.TrimPrefix(p.at.url, "http")+path, header)
	if err != nil {
		if res == nil {
			p.Fatal(err)
		}
		return nil, res.StatusCode
	}
	p.Cleanup(func() { _ = conn.Close() })
	p.ok(conn.SetReadDeadline(time.Now().Add(patience)))
	return conn, res.StatusCode
}

// greets opens a raw socket and says hello with the body.
func (p *person) greets(path, body string) *websocket.Conn {
	p.Helper()
	conn, status := p.raw(path)
	if conn == nil {
		p.Fatalf("%s refused: %d", path, status)
	}
	p.says(conn, `{"type":"hello","body":`+body+`}`)
	return conn
}

// speaks is in the room with a raw socket.
func (p *person) speaks(id string) *websocket.Conn {
	p.Helper()
	conn := p.greets("/ws/rooms/"+id, fmt.Sprintf(`{"ticket":%q}`, p.roomTicket(id)))
	p.hears(conn, "welcome")
	return conn
}

func (s *stage) says(conn *websocket.Conn, frame string) {
	s.Helper()
	s.ok(conn.WriteMessage(websocket.TextMessage, []byte(frame)))
}

// hears reads until a message of the type comes.
func (s *stage) hears(conn *websocket.Conn, name string) json.RawMessage {
	s.Helper()
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			s.Fatalf("waiting for %s: %v", name, err)
		}
		var env struct {
			Type string
			Body json.RawMessage
		}
		s.ok(json.Unmarshal(frame, &env))
		if env.Type == name {
			return env.Body
		}
	}
}

// shuts reads until the socket ends and holds its code against want.
func (s *stage) shuts(what string, conn *websocket.Conn, want protocol.CloseCode) {
	s.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		if !websocket.IsCloseError(err, int(want)) {
			s.Errorf("%s: ended with %v, want %d %s", what, err, int(want), want)
		}
		return
	}
}
