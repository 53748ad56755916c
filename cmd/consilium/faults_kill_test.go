package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"mime/multipart"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"consilium/rooms"
	"consilium/rooms/consult"
	"consilium/rooms/store"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// killDuringWrites cuts the power in the middle of a storm of writes and of a
// call: what was acknowledged is there, what was not can be asked for again
// without happening twice, and the people are back in their call.
func killDuringWrites(t *testing.T, w *workshop) {
	data := w.copy(t)
	srv := demo(t, data, "localhost:0")
	s := on(t, srv)
	talking := s.call(s.signsIn("li"), s.signsIn("wang"), cardiology)
	early, late := s.remindsIn(2*time.Second, "chen", "liu"), s.remindsIn(8*time.Second, "ma", "sun")

	storm := s.storm("li", "li", "chen", "chen", "he")
	select {
	case <-storm.enough:
	case <-s.ctx.Done():
		t.Fatal("the writers do not get on")
	}
	srv.kill()
	storm.writers.Wait()

	s.at = srv.again(t)
	storm.isKept()
	talking.comesBack()
	for _, id := range []string{late, early} { // the late one last would prove less of the early one
		if n := s.remindersOf(data, id); n != 1 {
			t.Errorf("a reminder came %d times", n)
		}
	}
}

// remindsIn books a consult whose reminder, 15 minutes before its start, is due
// after d.
func (s *stage) remindsIn(d time.Duration, doctor, expert string) string {
	s.Helper()
	coordinator := s.signsIn("tang")
	v := s.signsIn(doctor).accepted(coordinator, s.signsIn(expert), demoID(expert), cityHospital.id)
	coordinator.does(v.ID, "schedule", map[string]any{"start": time.Now().Add(consult.Standard.Prepare + d).UTC(), "minutes": 10})
	return v.ID
}

// remindersOf waits until the case's reminder was sent and counts how often.
func (s *stage) remindersOf(data, id string) (n int) {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "demo", "consilium.db")+"?_pragma=query_only(1)&_pragma=busy_timeout(10000)")
	s.ok(err)
	defer db.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s.ok(db.QueryRowContext(s.ctx, "SELECT count(*) FROM outbox WHERE kind = 'notice' AND case_id = ? AND body = '\"due\"' AND sent IS NOT NULL", id).Scan(&n))
		if n > 0 {
			return n
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.Fatal("a reminder that fell due around the crash never came")
		}
	}
}

// storm is people who write as fast as they can until the server is gone.
type storm struct {
	*stage
	writers sync.WaitGroup
	enough  chan struct{} // closed when much was acknowledged
	done    atomic.Int64
	kept    [][]*written // by writer
}

// written is a request of the storm and what was acknowledged of it.
type written struct {
	by       *person
	key      string // of the creation; the question too
	body     map[string]any
	id       string // empty: not acknowledged
	version  int64  // the last that was acknowledged
	state    consult.State
	submits  bool // submission was asked for
	file     string
	fileSent []byte
}

const stormy = 60 // acknowledged writes before the power goes

func (s *stage) storm(logins ...string) *storm {
	s.Helper()
	st := &storm{stage: s, enough: make(chan struct{}), kept: make([][]*written, len(logins))}
	for i, login := range logins {
		by := s.signsIn(login)
		st.writers.Go(func() {
			for n := 0; ; n++ {
				w := &written{by: by, key: fmt.Sprintf("storm-%d-%d.", i, n)}
				w.body = request(w.key)
				st.kept[i] = append(st.kept[i], w)
				if !st.writes(w) {
					return
				}
			}
		})
	}
	return st
}

// writes files one request with an attachment; false: the server is gone.
func (st *storm) writes(w *written) bool {
	acknowledged := func(a answer, err error, status int) bool {
		if err != nil {
			return false
		}
		if a.status != status {
			st.Errorf("a write is answered %d: %s", a.status, a.raw)
			return false
		}
		if st.done.Add(1) == stormy {
			close(st.enough)
		}
		return true
	}
	a, err := w.by.try("POST", "/api/consults", w.body, withKey(w.key)...)
	if !acknowledged(a, err, 201) {
		return false
	}
	v := a.view()
	w.id, w.version, w.state = v.ID, v.Version, v.State
	w.fileSent = []byte("%PDF-1.4 " + w.key)
	body, contentType := upload("report.pdf", w.fileSent)
	a, err = w.by.try("POST", "/api/consults/"+w.id+"/attachments", body, append(withKey(w.key+"file"), "Content-Type", contentType)...)
	if !acknowledged(a, err, 201) {
		return false
	}
	w.file = decoded[rooms.AttachmentView](a).ID
	w.submits = true
	a, err = w.by.try("POST", "/api/consults/"+w.id+"/submit", map[string]any{}, withKey(w.key+"submit")...)
	if !acknowledged(a, err, 200) {
		return false
	}
	w.version, w.state = a.view().Version, a.view().State
	return true
}

// upload is a form with one file.
func upload(name string, content []byte) (body []byte, contentType string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err != nil || form.Close() != nil {
		panic("a buffer is full")
	}
	return b.Bytes(), form.FormDataContentType()
}

// isKept holds what the server has after its restart against what it
// acknowledged before.
func (st *storm) isKept() {
	st.Helper()
	for _, list := range st.kept {
		for _, w := range list {
			if w.id == "" {
				st.asksAgain(w)
				continue
			}
			v := w.by.send("GET", "/api/consults/"+w.id, nil).is(200).view()
			if v.Version < w.version || v.Request.Question != w.key || v.State != w.state && !(w.submits && v.State == consult.Submitted) {
				st.Errorf("acknowledged: version %d %s %q; kept: version %d %s %q", w.version, w.state, w.key, v.Version, v.State, v.Request.Question)
			}
			if count := w.by.timeline(w.id); count["consult.create"] != 1 || count["consult.submit"] > 1 {
				st.Errorf("its timeline holds %v", count)
			}
			if w.file != "" {
				if got := w.by.send("GET", "/api/consults/"+w.id+"/attachments/"+w.file, nil).is(200); !bytes.Equal(got.raw, w.fileSent) {
					st.Errorf("an acknowledged file holds %q, want %q", got.raw, w.fileSent)
				}
			}
		}
	}
}

// asksAgain repeats what was on its way when the power went, by its key: it
// happened once, whether the server had come to it or not.
func (st *storm) asksAgain(w *written) {
	st.Helper()
	w.by.send("POST", "/api/consults", w.body, withKey(w.key)...).is(201)
	list := decoded[rooms.Lines](w.by.send("GET", "/api/consults?scope=mine&q="+url.QueryEscape(w.key), nil).is(200)).Items
	if len(list) != 1 {
		st.Errorf("%d requests came of one that was cut off and repeated", len(list))
	}
}

// comesBack brings the people of a call whose server was restarted back in,
// each by the room token that their page still holds.
func (c *call) comesBack() {
	c.Helper()
	for _, r := range []*client.Room{c.doctor, c.expert} {
		c.Log("the socket of before ended with: ", r.Ended(c.ctx))
		self := r.Self()
		c.ok(r.Resume(c.ctx))
		if r.Self() != self {
			c.Errorf("came back as %s, was %s", r.Self(), self)
		}
	}
	for _, r := range []*client.Room{c.doctor, c.expert} {
		c.ok(r.Connect(c.ctx, 2))
		c.ok(r.SetMedia(bothOn))
		c.ok(r.Await(c.ctx, "the call of before", func(r *client.Room) bool { return r.Phase() == "in" && r.State() == "in-call" }))
	}
	c.flows()
}

// terminateDuringCall stops the server as an administrator does: pages are told
// to come back, the process ends well, and the call goes on at the next one.
func terminateDuringCall(t *testing.T, w *workshop) {
	srv := demo(t, w.copy(t), "localhost:0")
	s := on(t, srv)
	doctor := s.signsIn("li")
	desk := doctor.opensDesk()
	talking := s.call(doctor, s.signsIn("wang"), cardiology)
	s.ok(talking.doctor.Say(store.NewID(), "last words"))
	s.ok(talking.expert.Await(s.ctx, "the last words", func(r *client.Room) bool { return len(r.Chat()) == 1 }))

	began := time.Now()
	if code := srv.terminate(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	s.closes("the doctor's desk", desk.Ended, protocol.CloseDrain)
	s.closes("the doctor's room", talking.doctor.Ended, protocol.CloseDrain)
	s.closes("the expert's room", talking.expert.Ended, protocol.CloseDrain)

	s.at = srv.again(t)
	talking.comesBack()
	s.ok(talking.expert.Await(s.ctx, "what was said", func(r *client.Room) bool { return len(r.Chat()) == 1 }))
}
