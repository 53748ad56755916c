package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"consilium/rooms"
	"consilium/rooms/store"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// redisComesAndGoes takes Redis away during a call: sound and picture flow on,
// work is saved, and when it is back people hear of what they missed and are
// seen again.
func redisComesAndGoes(t *testing.T, _ *workshop) {
	r := newRedis(t)
	r.start()
	h := settle(t, "")
	secretURL := filepath.Join(t.TempDir(), "redis-url")
	h.ok(os.WriteFile(secretURL, []byte(r.url+"\n"), 0o600))
	srv := launch(t, []string{"CONSILIUM_REDIS_URL_FILE=" + secretURL}, "serve", "--data", h.data, "--listen", "localhost:0", "--media-listen", "127.0.0.1:0")
	srv.keepsSecret("Redis' password", r.password)
	srv.keepsSecret("a password", settledPassword)
	s := on(t, srv)
	doctor, expert, coordinator := s.settler("doctor"), s.settler("expert"), s.settler("coordinator")
	expert.send("PUT", "/api/duty/"+h.department, map[string]any{"on": true}).is(200)
	desk, experts := coordinator.opensDesk(), expert.opensDesk()
	talking := s.call(doctor, expert, h.department)

	r.stop()
	s.cluster("away")
	talking.flows()
	s.ok(talking.doctor.Say(store.NewID(), "can you hear me?"))
	s.ok(talking.expert.Await(s.ctx, "what was said without Redis", func(r *client.Room) bool { return len(r.Chat()) == 1 }))
	missed := doctor.send("POST", "/api/consults", request("While Redis is away"), withKey("away")...).is(201).view().ID
	doctor.does(missed, "submit", nil)
	s.signsInWith("doctor", settledPassword)

	r.start()
	s.cluster("ok")
	s.ok(desk.Await(s.ctx, "what was missed", func(d *client.Desk) bool { return hasChanged(d, missed) || toldToReadAnew(d) }))
	after := doctor.send("POST", "/api/consults", request("After Redis is back"), withKey("back")...).is(201).view().ID
	doctor.does(after, "submit", nil)
	s.ok(desk.Await(s.ctx, "what happens now", func(d *client.Desk) bool { return hasChanged(d, after) }))
	s.seen(coordinator, h.department, "expert")
	s.ok(experts.Await(s.ctx, "a desk that stayed open", func(*client.Desk) bool { return true }))
	talking.undisturbed()
}

func hasChanged(d *client.Desk, id string) bool {
	for _, m := range d.Heard() {
		if c, ok := m.(protocol.Changed); ok && c.Consult == id {
			return true
		}
	}
	return false
}

// toldToReadAnew: after a gap the desk welcomes again, and the app reads what
// is on its screen.
func toldToReadAnew(d *client.Desk) bool {
	for _, m := range d.Heard() {
		if w, ok := m.(protocol.DeskWelcome); ok && !w.Resumed {
			return true
		}
	}
	return false
}

// cluster waits until the server says so of Redis. It is ready all the time.
func (s *stage) cluster(want string) {
	s.Helper()
	s.until("the cluster being "+want, func() bool {
		return decoded[readiness](s.nobody().send("GET", "/readyz", nil).is(200)).Cluster == want
	})
}

// seen waits until the roster shows the person with an app open.
func (s *stage) seen(by *person, department, login string) {
	s.Helper()
	s.until(login+" being seen", func() bool {
		for _, d := range decoded[rooms.DutyView](by.send("GET", "/api/duty", nil).is(200)).Departments {
			for _, p := range d.People {
				if d.Department.ID == department && p.Name == "Dr "+login && p.Online && p.Armed {
					return true
				}
			}
		}
		return false
	})
}

// until asks again and again until it is so.
func (s *stage) until(what string, is func() bool) {
	s.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.Fatalf("waited in vain for %s", what)
		}
	}
}

// redis is a Redis of the test's own, which it may stop.
type redis struct {
	t                   *testing.T
	port, password, url string
	dir                 string
	cmd                 *exec.Cmd
}

func newRedis(t *testing.T) *redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CONSILIUM_TEST_REQUIRE") != "" {
			t.Fatal("redis-server is missing; type: apt-get install redis-server")
		}
		t.Skip("redis-server is missing; type: apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	r := &redis{t: t, port: port, password: store.NewID(), dir: t.TempDir()}
	r.url = fmt.Sprintf("redis://:%s@127.0.0.1:%s/0", r.password, port)
	t.Cleanup(r.stop)
	return r
}

func (r *redis) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", "-")
	r.cmd.Stdin = strings.NewReader(fmt.Sprintf("bind 127.0.0.1\nport %s\nrequirepass %s\nsave \"\"\nappendonly no\ndir %s\n", r.port, r.password, r.dir))
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("Redis does not start: %v", err)
		}
	}
}

func (r *redis) stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // killed
	r.cmd = nil
}

// settlement is an installation that the command line has furnished: a clinic,
// a hospital with cardiology, an agreement, and a person of each role.
type settlement struct {
	*testing.T
	env                                []string
	data, clinic, hospital, department string
	expertID                           string
}

const settledPassword = "quite a long secret 7"

// settle furnishes an installation by consilium admin, as its operator does.
// database is the URL of PostgreSQL; empty: SQLite.
func settle(t *testing.T, database string) *settlement {
	t.Helper()
	h := &settlement{T: t, data: t.TempDir()}
	if database != "" {
		file := filepath.Join(t.TempDir(), "database-url")
		h.ok(os.WriteFile(file, []byte(database), 0o600))
		h.env = append(h.env, "CONSILIUM_DATABASE_URL_FILE="+file)
	}
	password := filepath.Join(t.TempDir(), "password")
	h.ok(os.WriteFile(password, []byte(settledPassword+"\n"), 0o600))
	h.clinic = h.admin("institution", "add", "--name", "石桥镇卫生院", "--tier", "township", "--telephone", "0571-1")
	h.hospital = h.admin("institution", "add", "--name", "City hospital", "--tier", "city", "--telephone", "0571-2")
	h.department = h.admin("department", "add", "--institution", h.hospital, "--name", "Cardiology", "--specialty", "cardiology", "--telephone", "0571-3")
	h.admin("agreement", "add", "--inviting", h.clinic, "--invited", h.hospital)
	h.admin("account", "add", "doctor", "--name", "Dr doctor", "--role", "requester@"+h.clinic, "--password-file", password)
	h.expertID = h.admin("account", "add", "expert", "--name", "Dr expert", "--licence", "L1", "--specialty", "cardiology", "--department", h.department,
		"--role", "expert@"+h.hospital, "--password-file", password)
	h.admin("account", "add", "coordinator", "--name", "Coordinator", "--role", "coordinator@"+h.hospital, "--password-file", password)
	return h
}

func (h *settlement) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// admin runs one command to its end and answers the last line it printed.
func (h *settlement) admin(args ...string) string {
	h.Helper()
	p := command(h.T, h.env, append(append([]string{"admin"}, args...), "--data", h.data)...)
	if code := p.wait(); code != 0 {
		h.Fatalf("consilium admin %s ends with %d:\n%s", strings.Join(args, " "), code, p.text)
	}
	lines := strings.Split(strings.TrimSpace(p.text.String()), "\n")
	return lines[len(lines)-1]
}

func (s *stage) settler(login string) *person {
	s.Helper()
	return s.signsInWith(login, settledPassword)
}
