package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func guarded(t *testing.T, cfg Config) http.Handler {
	t.Helper()
	g, err := NewGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("a mistake")
		}
		_, _ = io.WriteString(w, g.Remote(r))
	}))
}

func TestGuard(t *testing.T) {
	local := Config{Public: address(t, "http://localhost:8080"), Hosts: []string{"127.0.0.1:8080"}}
	real := Config{Public: address(t, "https://consult.example.org"), Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, OnlyProxies: true}
	for name, c := range map[string]struct {
		cfg    Config
		method string
		path   string
		host   string
		from   string
		header map[string]string
		status int
		body   string
	}{
		"by its name":                     {local, "GET", "/", "localhost:8080", "127.0.0.1:5", nil, 200, "127.0.0.1"},
		"by its number":                   {local, "GET", "/", "127.0.0.1:8080", "127.0.0.1:5", nil, 200, ""},
		"by a name pointed at it":         {local, "GET", "/", "evil.example:8080", "127.0.0.1:5", nil, 421, "unknown-host"},
		"health under any name":           {local, "GET", "/healthz", "10.1.2.3", "127.0.0.1:5", nil, 200, ""},
		"a page of its own":               {local, "POST", "/api/x", "localhost:8080", "127.0.0.1:5", map[string]string{"Origin": "http://localhost:8080"}, 200, ""},
		"a page of another site":          {local, "POST", "/api/x", "localhost:8080", "127.0.0.1:5", map[string]string{"Origin": "https://evil.example"}, 403, "cross-origin"},
		"another site, no origin":         {local, "POST", "/api/x", "localhost:8080", "127.0.0.1:5", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "cross-origin"},
		"a program":                       {local, "POST", "/api/x", "localhost:8080", "127.0.0.1:5", nil, 200, ""},
		"a mistake inside":                {local, "GET", "/panic", "localhost:8080", "127.0.0.1:5", nil, 500, "internal"},
		"through the proxy":               {real, "GET", "/", "consult.example.org", "10.1.1.1:5", map[string]string{"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.2.2.2"}, 200, "203.0.113.9"},
		"past the proxy":                  {real, "GET", "/", "consult.example.org", "203.0.113.9:5", nil, 403, "plain-http"},
		"past the proxy, as if from it":   {real, "GET", "/", "consult.example.org", "203.0.113.9:5", map[string]string{"X-Forwarded-For": "10.0.0.1"}, 403, "plain-http"},
		"an address nobody vouches for":   {local, "GET", "/", "localhost:8080", "127.0.0.1:5", map[string]string{"X-Forwarded-For": "1.2.3.4"}, 200, "127.0.0.1"},
		"through the proxy, not a number": {real, "GET", "/", "consult.example.org", "10.1.1.1:5", map[string]string{"X-Forwarded-For": "garbage"}, 200, "10.1.1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host, r.RemoteAddr = c.host, c.from
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			guarded(t, c.cfg).ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"} {
				if w.Header().Get(h) == "" {
					t.Errorf("no %s", h)
				}
			}
			if strings.Contains(w.Header().Get("Permissions-Policy"), "bluetooth") {
				t.Error("browsers complain on every page of a feature that they do not know")
			}
			if strings.Contains(w.Header().Get("Content-Security-Policy"), "evil") {
				t.Error("the policy repeats a stranger's host")
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no address": {}, "a path": {Public: address(t, "https://a.example/x")}, "not a web address": {Public: address(t, "ftp://a.example")},
		"only proxies, and none": {Public: address(t, "https://a.example"), OnlyProxies: true},
	} {
		if _, err := NewGuard(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheAppIsServed(t *testing.T) {
	page := "<!doctype html><title>app</title>" + strings.Repeat(" ", 500)
	h, err := appFrom(fstest.MapFS{
		"index.html": {Data: []byte(page)}, "assets/a-123.js": {Data: []byte(strings.Repeat("let a = 1;", 100))}, "icon.svg": {Data: []byte("<svg/>")}, ".gitkeep": {},
		"assets/b-123.css": {Data: []byte("a{}")}, "assets/b-123.css.br": {Data: []byte("brotli")},
		".vite/manifest.json": {Data: []byte(builtManifest)},
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{"/", "/consults/5", "/sign-in", "/index.html", "/../../etc/passwd"} {
		if w := get(path); w.Code != 200 || w.Body.String() != page || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	w := get("/assets/a-123.js", "Accept-Encoding", "br, gzip;q=0.8")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("script: %v, %d bytes", w.Header(), w.Body.Len())
	}
	if w := get("/assets/a-123.js", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error("gzip for who refuses it")
	}
	if w := get("/assets/b-123.css", "Accept-Encoding", "gzip, br"); w.Header().Get("Content-Encoding") != "br" || w.Body.String() != "brotli" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style in brotli: %v, %q", w.Header(), w.Body)
	}
	if w := get("/assets/b-123.css", "Accept-Encoding", "gzip, br;q=0"); w.Header().Get("Content-Encoding") != "" || w.Body.String() != "a{}" {
		t.Errorf("brotli for who refuses it: %v, %q", w.Header(), w.Body)
	}
	if w := get("/assets/b-123.css.br"); w.Code != 404 {
		t.Errorf("the compressed form by its own name: %d", w.Code)
	}
	if again := get("/assets/a-123.js", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
		t.Errorf("known file: %d", again.Code)
	}
	if w := get("/assets/gone.js"); w.Code != 404 {
		t.Errorf("a part of an older build: %d, and must not be the page", w.Code)
	}
	r := httptest.NewRequest("POST", "/", nil)
	post := httptest.NewRecorder()
	if h.ServeHTTP(post, r); post.Code != 405 {
		t.Errorf("POST: %d", post.Code)
	}
	empty, err := appFrom(fstest.MapFS{".gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	if empty.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); !strings.Contains(w.Body.String(), "make app") {
		t.Error("without a build nobody is told what to type")
	}
}
