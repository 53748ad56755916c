package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", to make a database

	"consilium/rooms"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// together runs f so many times at once and collects the answers; none where
// the server gave none.
func (s *stage) together(n int, f func(i int) (answer, error)) []answer {
	s.Helper()
	answers := make([]answer, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			answers[i], errs[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			s.Error(err)
		}
	}
	return answers
}

// oneKeyTwentyTimes sends each request twenty times at once by one key, as a
// page on a bad link does: it happens once.
func oneKeyTwentyTimes(s *stage) {
	doctor := s.signsIn("ma")
	for name, c := range map[string]struct {
		path string
		body map[string]any
	}{
		"a request":    {"/api/consults", request("Twenty times?")},
		"an emergency": {"/api/consults/start", emergency(imaging)},
	} {
		key := store.NewID()
		made := map[string]bool{}
		for _, a := range s.together(20, func(int) (answer, error) { return doctor.try("POST", c.path, c.body, withKey(key)...) }) {
			made[a.is(http.StatusCreated).view().ID] = true
		}
		if len(made) != 1 {
			s.Errorf("%s, twenty times by one key, became %d cases", name, len(made))
		}
		for id := range made {
			if count := doctor.timeline(id); count["consult.create"]+count["consult.start"] < 1 || count["consult.start"] > 1 || count["consult.create"] > 1 {
				s.Errorf("%s: its timeline holds %v", name, count)
			}
			for _, a := range s.together(20, func(int) (answer, error) {
				return doctor.try("POST", "/api/consults/"+id+"/cancel", map[string]any{"reason": "twenty times"}, withKey(key+"cancel")...)
			}) {
				a.is(http.StatusOK)
			}
			if n := doctor.timeline(id)["consult.cancel"]; n != 1 {
				s.Errorf("%s was cancelled %d times", name, n)
			}
		}
		c.body["institution"] = countyHospital.id
		doctor.send("POST", c.path, c.body, withKey(key)...).refused(http.StatusConflict, "key-reused")
	}
	if n := len(decoded[rooms.Lines](doctor.send("GET", "/api/consults?scope=closed&q=Twenty", nil).is(200)).Items); n != 1 {
		s.Errorf("the list holds %d cases", n)
	}
}

// outOfTurn does what the state forbids, and writes on what is no longer so.
func outOfTurn(s *stage) {
	doctor, expert := s.signsIn("chen"), s.signsIn("wang")
	v := doctor.send("POST", "/api/consults", request("Out of turn?"), withKey(store.NewID())...).is(201).view()
	at := func(version int64) []string { return []string{"If-Match", fmt.Sprint(version)} }
	p := doctor.send("POST", "/api/consults/"+v.ID+"/end", map[string]any{}).refused(http.StatusConflict, "state-forbids")
	if !slices.Contains(p.Possible, consult.Submit) || slices.Contains(p.Possible, consult.End) {
		s.Errorf("a draft cannot end; what is possible is said to be %v", p.Possible)
	}
	expert.send("POST", "/api/consults/"+v.ID+"/sign", map[string]any{}).refused(http.StatusNotFound, "not-found")

	// Twenty tabs submit the version that they show.
	won := 0
	for _, a := range s.together(20, func(int) (answer, error) {
		return doctor.try("POST", "/api/consults/"+v.ID+"/submit", map[string]any{}, at(v.Version)...)
	}) {
		if a.status == http.StatusOK {
			won++
		} else {
			a.refused(http.StatusConflict, "stale")
		}
	}
	if won != 1 {
		s.Errorf("%d of twenty writes on one version were taken", won)
	}
	doctor.send("POST", "/api/consults/"+v.ID+"/cancel", map[string]any{"reason": "x"}, at(v.Version)...).refused(http.StatusConflict, "stale")
	doctor.send("POST", "/api/consults/"+v.ID+"/cancel", map[string]any{"reason": "x"}, "If-Match", "yesterday").refused(http.StatusBadRequest, "malformed")
	p = doctor.send("POST", "/api/consults/"+v.ID+"/submit", map[string]any{}).refused(http.StatusConflict, "state-forbids")
	if !slices.Contains(p.Possible, consult.Cancel) {
		s.Errorf("a submitted request can be cancelled; what is possible is said to be %v", p.Possible)
	}
	now := doctor.send("GET", "/api/consults/"+v.ID, nil).is(200).view()
	if now.State != consult.Submitted || doctor.timeline(v.ID)["consult.submit"] != 1 {
		s.Errorf("it is %s, submitted %d times", now.State, doctor.timeline(v.ID)["consult.submit"])
	}
	s.twoAccept(doctor)
}

// twoAccept has two experts take one emergency at the same moment.
func (s *stage) twoAccept(doctor *person) {
	s.Helper()
	pair := []*person{s.signsIn("wang"), s.signsIn("zhao")}
	id := doctor.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	won := 0
	for _, a := range s.together(len(pair), func(i int) (answer, error) {
		return pair[i].try("POST", "/api/consults/"+id+"/accept", map[string]any{})
	}) {
		switch {
		case a.status == http.StatusOK:
			won++
		case a.status == http.StatusConflict && a.problem().Detail != "":
		default:
			s.Errorf("who came second is answered %d %s", a.status, a.raw)
		}
	}
	if won != 1 {
		s.Errorf("%d experts took one emergency", won)
	}
}

// oneSlot has 20 consults compete for one expert's time in 200 requests.
func oneSlot(s *stage) {
	s.competes(s.signsIn("he"), s.signsIn("tang"), s.signsIn("xu"), demoID("xu"), cityHospital.id)
}

func oneSlotOnPostgres(t *testing.T, _ *workshop) {
	admin := os.Getenv("CONSILIUM_TEST_DATABASE_URL")
	if admin == "" {
		if os.Getenv("CONSILIUM_TEST_REQUIRE") != "" {
			t.Fatal("CONSILIUM_TEST_DATABASE_URL is not set; deploy/dev/services.sh starts a PostgreSQL and prints it")
		}
		t.Skip("CONSILIUM_TEST_DATABASE_URL is not set; deploy/dev/services.sh starts a PostgreSQL and prints it")
	}
	h := settle(t, ownDatabase(t, admin))
	srv := launch(t, h.env, "serve", "--data", h.data, "--listen", "localhost:0", "--media-listen", "127.0.0.1:0")
	s := on(t, srv)
	if u, err := url.Parse(admin); err == nil {
		if password, ok := u.User.Password(); ok {
			srv.keepsSecret("the database's password", password)
		}
	}
	s.competes(s.settler("doctor"), s.settler("coordinator"), s.settler("expert"), h.expertID, h.hospital)
}

// ownDatabase makes a database and answers its URL.
func ownDatabase(t *testing.T, admin string) string {
	t.Helper()
	db, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	name := "faults_" + strings.ReplaceAll(store.NewID(), "-", "")
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("database not dropped: %v", err)
		}
		_ = db.Close()
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal("CONSILIUM_TEST_DATABASE_URL is no URL")
	}
	u.Path = "/" + name
	return u.String()
}

func (s *stage) competes(doctor, coordinator, expert *person, expertID, institution string) {
	const cases, requests = 20, 200
	ids := make([]string, cases)
	versions := make([]int64, cases)
	var work sync.WaitGroup
	for worker := range 4 {
		work.Go(func() {
			for i := worker; i < cases; i += 4 {
				v := doctor.accepted(coordinator, expert, expertID, institution)
				ids[i], versions[i] = v.ID, v.Version
			}
		})
	}
	work.Wait()
	if s.Failed() {
		s.FailNow()
	}
	start := time.Now().Add(200 * time.Hour).UTC().Truncate(time.Hour)
	won := 0
	for _, a := range s.together(requests, func(i int) (answer, error) {
		// Half an hour each, at times that all overlap in one minute.
		at := start.Add(time.Duration(i%30) * time.Minute)
		return coordinator.try("POST", "/api/consults/"+ids[i%cases]+"/schedule", map[string]any{"start": at, "minutes": 30},
			"If-Match", fmt.Sprint(versions[i%cases]))
	}) {
		switch {
		case a.status == http.StatusOK:
			won++
		case a.status == http.StatusConflict && a.problem().Code == "stale":
		default:
			if p := a.refused(http.StatusConflict, "booked-twice"); !slices.Contains(p.Missing, expertID) {
				s.Errorf("the refusal does not say who is booked: %s", a.raw)
			}
		}
	}
	if won != 1 {
		s.Errorf("%d of %d bookings of one expert's time were taken", won, requests)
	}
	booked := 0
	for _, id := range ids {
		if v := doctor.send("GET", "/api/consults/"+id, nil).is(200).view(); v.Booking != nil {
			booked++
		}
	}
	if booked != 1 {
		s.Errorf("%d consults are booked", booked)
	}
}
