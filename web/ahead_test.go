package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const builtManifest = `{
	"src/core/text/zh/shell.ts": {"file": "assets/v/shell-zh.js"},
	"src/core/text/en/shell.ts": {"file": "assets/v/shell-en.js"},
	"src/core/text/zh/case.ts": {"file": "assets/v/case-zh.js"},
	"src/core/text/en/case.ts": {"file": "assets/v/case-en.js"}
}`

func builtWith(manifest string) fstest.MapFS {
	page := `<!doctype html><head><script type="module" crossorigin src="/assets/v/app.js"></script></head>`
	return fstest.MapFS{"index.html": {Data: []byte(page)}, ".vite/manifest.json": {Data: []byte(manifest)}}
}

func TestAPageOfACaseNamesItsWords(t *testing.T) {
	h, err := appFrom(builtWith(builtManifest))
	if err != nil {
		t.Fatal(err)
	}
	const of = "/consults/019abcde-0000-7000-8000-000000000001"
	for name, c := range map[string]struct {
		path, language string
		want           []string // in any order; nothing else
	}{
		"the room, in English":   {of + "/room", "en", []string{"shell-en.js", "case-en.js"}},
		"the room, in Chinese":   {of + "/room", "zh-CN", []string{"shell-zh.js", "case-zh.js"}},
		"the case":               {of, "en", []string{"shell-en.js", "case-en.js"}},
		"nobody was here before": {of + "/room", "", nil},
		"an unknown language":    {of + "/room", "xx", nil},
		"another page of a case": {of + "/print", "en", nil},
		"another page":           {"/", "en", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", c.path, nil)
			if c.language != "" {
				r.AddCookie(&http.Cookie{Name: "language", Value: c.language})
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			page := w.Body.String()
			for _, file := range c.want {
				if strings.Count(page, `<link rel="modulepreload" crossorigin href="/assets/v/`+file+`">`) != 1 {
					t.Errorf("%s is not named once: %s", file, page)
				}
			}
			if got := strings.Count(page, `preload" `); got != len(c.want) {
				t.Errorf("%d texts are named, want %d: %s", got, len(c.want), page)
			}
			if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.Contains(vary, "Cookie") {
				t.Errorf("a cache would give it to readers of the other language: Vary: %s", vary)
			}
		})
	}
}

func TestABuildWithoutATextIsBroken(t *testing.T) {
	for _, part := range []string{"src/core/text/en/case.ts", "src/core/text/zh/shell.ts"} {
		without := strings.Replace(builtManifest, `"`+part+`": {`, `"renamed": {`, 1)
		if _, err := appFrom(builtWith(without)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("without %s: %v", part, err)
		}
	}
	if _, err := appFrom(fstest.MapFS{"index.html": {Data: []byte("<head></head>")}}); err == nil {
		t.Error("without a manifest: accepted")
	}
}
