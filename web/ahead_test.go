package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const builtManifest = `{
	"src/early.ts": {"file": "assets/v/early.js"},
	"src/more-pages.ts": {"file": "assets/v/more.js"},
	"src/core/text/zh/app.ts": {"file": "assets/v/zh.js"},
	"src/core/text/en/app.ts": {"file": "assets/v/en.js"}
}`

func builtWith(manifest string) fstest.MapFS {
	page := `<!doctype html><head><script type="module" crossorigin src="/assets/v/app.js"></script></head>`
	return fstest.MapFS{"index.html": {Data: []byte(page)}, ".vite/manifest.json": {Data: []byte(manifest)}}
}

func TestAPageNamesWhatItNeeds(t *testing.T) {
	h, err := appFrom(builtWith(builtManifest))
	if err != nil {
		t.Fatal(err)
	}
	const of = "/consults/019abcde-0000-7000-8000-000000000001"
	for name, c := range map[string]struct {
		path, language string
		want           string // nothing else
		joins          bool
	}{
		"the room, in English":   {of + "/room", "en", "en.js", true},
		"the room, in Chinese":   {of + "/room", "zh-CN", "zh.js", true},
		"the case":               {of, "en", "en.js", false},
		"nobody was here before": {of + "/room", "", "more.js", false},
		"an unknown language":    {of + "/room", "xx", "more.js", false},
		"another page of a case": {of + "/print", "en", "more.js", false},
		"another page":           {"/", "en", "more.js", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", c.path, nil)
			if c.language != "" {
				r.AddCookie(&http.Cookie{Name: "language", Value: c.language})
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			page := w.Body.String()
			want := `<link rel="modulepreload" crossorigin href="/assets/v/` + c.want + `">`
			if strings.Count(page, "preload") != strings.Count(want, "preload") || !strings.Contains(page, want) {
				t.Errorf("want %q: %s", want, page)
			}
			before, _, _ := strings.Cut(page, "app.js")
			if strings.Contains(page, "early.js") != c.joins || strings.Contains(before, "early.js") != c.joins {
				t.Errorf("joining begins before the app: want %v: %s", c.joins, page)
			}
			if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.Contains(vary, "Cookie") {
				t.Errorf("a cache would give it to readers of the other language: Vary: %s", vary)
			}
		})
	}
}

func TestABuildWithoutAPartIsBroken(t *testing.T) {
	for _, part := range []string{"src/core/text/en/app.ts", "src/early.ts", "src/more-pages.ts"} {
		without := strings.Replace(builtManifest, `"`+part+`": {`, `"renamed": {`, 1)
		if _, err := appFrom(builtWith(without)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("without %s: %v", part, err)
		}
	}
	if _, err := appFrom(fstest.MapFS{"index.html": {Data: []byte("<head></head>")}}); err == nil {
		t.Error("without a manifest: accepted")
	}
}
