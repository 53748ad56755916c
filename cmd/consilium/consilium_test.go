package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"log/slog"

	"consilium/rooms"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// console captures standard output while f runs.
func console(t *testing.T, f func() error) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = w
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	ferr := f()
	os.Stdout = old
	_ = w.Close()
	return <-text, ferr
}

func TestWhatIsRefusedBeforeItListens(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"demo off localhost":           {[]string{"demo", "--listen", "0.0.0.0:0"}, "localhost only"},
		"demo media off localhost":     {[]string{"demo", "--listen", "localhost:0", "--media-listen", "0.0.0.0:0"}, "stays on localhost"},
		"plain HTTP":                   {[]string{"serve", "--listen", "0.0.0.0:0", "--public-url", "https://a.example"}, "plain HTTP"},
		"no public address":            {[]string{"serve", "--listen", "0.0.0.0:0", "--trusted-proxy", "10.0.0.0/8"}, "--public-url"},
		"a public address without TLS": {[]string{"serve", "--listen", "0.0.0.0:0", "--trusted-proxy", "10.0.0.0/8", "--public-url", "http://a.example"}, "https://"},
		"half a certificate":           {[]string{"serve", "--listen", "localhost:0", "--tls-cert", "x"}, "belong together"},
		"no such certificate":          {[]string{"serve", "--listen", "localhost:0", "--media-listen", "127.0.0.1:0", "--tls-cert", "x", "--tls-key", "y"}, "certificate"},
		"a secret given twice":         {[]string{"serve", "--database-url", "sqlite:x", "--database-url-file", "y"}, "twice"},
		"a bad proxy":                  {[]string{"serve", "--listen", "localhost:0", "--media-listen", "127.0.0.1:0", "--trusted-proxy", "everyone"}, "--trusted-proxy"},
		"a bad media address":          {[]string{"serve", "--listen", "localhost:0", "--media-listen", "127.0.0.1:0", "--media-address", "example.org:1"}, "--media-address"},
		"an unknown database":          {[]string{"serve", "--listen", "localhost:0", "--database-url", "mysql://x"}, "sqlite: or postgres://"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			args := append(c.args, "--data", t.TempDir())
			_, err := console(t, func() error { return run(ctx, args) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// running is a server in this process.
type running struct {
	url  string
	stop func() error
}

// begin starts a server and waits for its ready line.
func begin(t *testing.T, cfg settings, before func(context.Context, *server) error) running {
	t.Helper()
	r, w := io.Pipe()
	cfg.out = w
	if cfg.log == nil {
		cfg.log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx, cfg, before)
		_ = w.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("never ready: %v", <-ended)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("the line says %q", line)
	}
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			t.Fatal("the server did not end")
			return nil
		}
	}
	t.Cleanup(func() { _ = stop() })
	return running{address, stop}
}

func demoSettings(t *testing.T) settings {
	return settings{listen: "localhost:0", data: t.TempDir(), media: "localhost:0", demo: true}
}

func fetch(t *testing.T, method, url string, body any, cookie *http.Cookie, header ...string) *http.Response {
	t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// seedAlone fills the demonstration without a crowd.
func seedAlone(ctx context.Context, s *server) error { return seedOnce(ctx, s, 0) }

func TestADemonstrationIsBelievableAndKept(t *testing.T) {
	cfg := demoSettings(t)
	srv := begin(t, cfg, seedAlone)
	signIn := func(base, login string) *http.Cookie {
		t.Helper()
		res := fetch(t, "POST", base+"/api/session", map[string]string{"login": login, "password": demoPassword}, nil)
		if res.StatusCode != 200 {
			t.Fatalf("%s cannot sign in: %s", login, text(t, res))
		}
		return res.Cookies()[0]
	}
	states := map[string]bool{}
	for _, scope := range []string{"queue", "closed"} {
		var list rooms.Lines
		if err := json.Unmarshal([]byte(text(t, fetch(t, "GET", srv.url+"/api/consults?scope="+scope, nil, signIn(srv.url, "tang")))), &list); err != nil {
			t.Fatal(err)
		}
		for _, l := range list.Items {
			states[string(l.State)] = true
		}
	}
	for _, want := range []string{"submitted", "returned", "triaged", "scheduled", "async", "signed", "follow-up", "closed", "cancelled"} {
		if !states[want] {
			t.Errorf("no case in state %s among %v", want, states)
		}
	}
	roles := map[string]bool{}
	for _, p := range demoPeople {
		signIn(srv.url, p.login)
		for _, r := range p.roles {
			roles[string(r)] = true
		}
	}
	for _, r := range roleNames() {
		if !roles[r] {
			t.Errorf("nobody is %s", r)
		}
	}
	if other := strings.Replace(srv.url, "localhost", "127.0.0.1", 1); signIn(other, "wang") == nil {
		t.Error("the second address does not work")
	}
	printed, _ := console(t, func() error {
		printDemo(os.Stdout, &server{settings: settings{public: mustURL(t, srv.url)}})
		return nil
	})
	port := mustURL(t, srv.url).Port()
	for _, want := range []string{"http://localhost:" + port, "http://127.0.0.1:" + port, demoPassword, "tang"} {
		if !strings.Contains(printed, want) {
			t.Errorf("what is printed lacks %s", want)
		}
	}
	if err := srv.stop(); err != nil {
		t.Fatal(err)
	}
	// The second start fills nothing and finds the same.
	again := begin(t, cfg, seedAlone)
	signIn(again.url, "li")
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	// The real server refuses data whose passwords everybody knows.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := serve(ctx, settings{listen: "localhost:0", data: cfg.data, media: "localhost:0", log: slog.New(slog.DiscardHandler), out: io.Discard}, prepare)
	if err == nil || !strings.Contains(err.Error(), "demonstration") {
		t.Errorf("serve on demonstration data: %v", err)
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestARealServerFromEnrolmentToTheEnd(t *testing.T) {
	data := t.TempDir()
	var logged bytes.Buffer
	srv := begin(t, settings{listen: "localhost:0", data: data, media: "localhost:0", log: slog.New(slog.NewJSONHandler(&logged, nil))}, prepare)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/openapi.json": 200, "/": 200, "/api/session": 401} {
		if res := fetch(t, "GET", srv.url+path, nil, nil); res.StatusCode != want {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if res := fetch(t, "GET", srv.url+"/metrics", nil, nil, "X-Forwarded-For", "203.0.113.1"); res.StatusCode != 404 {
		t.Errorf("metrics through a proxy: %d", res.StatusCode)
	}
	if m := text(t, fetch(t, "GET", srv.url+"/metrics", nil, nil)); !strings.Contains(m, `consilium_http_requests_total{route="GET /healthz",status="200"}`) {
		t.Error("metrics do not count requests")
	}
	link, err := os.ReadFile(filepath.Join(data, "enrolment-link"))
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`/enrol#(\S+)`).FindStringSubmatch(string(link))
	if token == nil || strings.Contains(logged.String(), token[1]) {
		t.Fatalf("the link is %q, and must not be in the log", link)
	}
	newcomer := map[string]string{"token": token[1], "login": "first", "name": "First Administrator", "password": "a very long secret"}
	if res := fetch(t, "POST", srv.url+"/api/enrolment", newcomer, nil); res.StatusCode != 204 {
		t.Fatalf("enrolment: %s", text(t, res))
	}
	if res := fetch(t, "POST", srv.url+"/api/enrolment", newcomer, nil); res.StatusCode == 204 {
		t.Error("the link worked twice")
	}
	res := fetch(t, "POST", srv.url+"/api/session", map[string]string{"login": "first", "password": "a very long secret"}, nil)
	var me rooms.Me
	if err := json.Unmarshal([]byte(text(t, res)), &me); err != nil || !me.TOTPRequired || len(me.May) != 0 && contains(me.May, "people.manage") {
		t.Errorf("an administrator without a second factor: %+v", me)
	}
	if err := srv.stop(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestAdministrationWithoutPrompts(t *testing.T) {
	data := t.TempDir()
	admin := func(args ...string) string {
		t.Helper()
		out, err := console(t, func() error { return run(t.Context(), append(args, "--data", data)) })
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return strings.TrimSpace(out)
	}
	secret := filepath.Join(data, "pw")
	if err := os.WriteFile(secret, []byte("a very long secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin("admin", "tenant", "--name", "医联体")
	clinic := admin("admin", "institution", "add", "--name", "Clinic", "--tier", "township", "--telephone", "1")
	city := admin("admin", "institution", "add", "--name", "City", "--tier", "city", "--telephone", "2")
	admin("admin", "department", "add", "--institution", city, "--name", "Cardiology", "--specialty", "cardiology", "--telephone", "3")
	admin("admin", "agreement", "add", "--inviting", clinic, "--invited", city, "--kinds", "video,mdt")
	admin("admin", "account", "add", "doctor", "--name", "Doctor", "--role", "requester@"+clinic, "--password-file", secret)
	admin("admin", "role", "add", "doctor", "accompanying", clinic)
	if list := admin("admin", "account", "list"); !strings.Contains(list, "requester@"+clinic+" accompanying@"+clinic) {
		t.Errorf("accounts:\n%s", list)
	}
	if list := admin("admin", "institution", "list"); !strings.Contains(list, "cardiology") {
		t.Errorf("institutions:\n%s", list)
	}
	srv := begin(t, settings{listen: "localhost:0", data: data, media: "localhost:0"}, prepare)
	credentials := map[string]string{"login": "doctor", "password": "a very long secret"}
	res := fetch(t, "POST", srv.url+"/api/session", credentials, nil)
	if res.StatusCode != 200 {
		t.Fatalf("sign-in: %s", text(t, res))
	}
	cookie := res.Cookies()[0]
	token := admin("token", "doctor")
	if res := fetch(t, "GET", srv.url+"/api/consults", nil, nil, "Authorization", "Bearer "+token); res.StatusCode != 200 {
		t.Errorf("token: %s", text(t, res))
	}
	// While the server runs, the command line closes the account: the session ends.
	admin("admin", "account", "disable", "doctor")
	if res := fetch(t, "GET", srv.url+"/api/consults", nil, cookie); res.StatusCode != 401 {
		t.Errorf("the session of a closed account: %d", res.StatusCode)
	}
	admin("admin", "account", "enable", "doctor")
	link := admin("admin", "reset", "doctor", "--public-url", srv.url)
	if !strings.HasPrefix(link, srv.url+"/reset#") {
		t.Errorf("link %s", link)
	}
	for _, args := range [][]string{
		{"admin", "account", "add", "x y", "--name", "X"}, {"admin", "account", "add", "x2", "--name", "X", "--role", "king@" + clinic},
		{"admin", "role", "remove", "doctor", "expert", clinic}, {"admin", "account", "disable", "nobody"}, {"admin", "department", "add", "--institution", clinic, "--name", "D", "--specialty", "alchemy", "--telephone", "1"},
	} {
		if _, err := console(t, func() error { return run(t.Context(), append(args, "--data", data)) }); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
}
