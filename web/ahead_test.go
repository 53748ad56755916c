package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const builtManifest = `{
	"_frame.js": {"file": "assets/v/frame.js", "css": ["assets/v/frame.css"]},
	"_case.js": {"file": "assets/v/case.js", "imports": ["_frame.js"], "css": ["assets/v/case.css"]},
	"src/pages/case.ts": {"file": "assets/v/case2.js", "imports": ["_case.js", "_frame.js"]},
	"src/core/text/zh/shell.ts": {"file": "assets/v/shell-zh.js"},
	"src/core/text/en/shell.ts": {"file": "assets/v/shell-en.js"},
	"src/core/text/zh/case.ts": {"file": "assets/v/case-zh.js"},
	"src/core/text/en/case.ts": {"file": "assets/v/case-en.js"}
}`

func builtWith(manifest string) fstest.MapFS {
	page := `<!doctype html><head><script type="module" crossorigin src="/assets/v/frame.js"></script>` +
		`<link rel="stylesheet" crossorigin href="/assets/v/frame.css"></head>`
	return fstest.MapFS{"index.html": {Data: []byte(page)}, ".vite/manifest.json": {Data: []byte(manifest)}}
}

func TestAPageOfACaseNamesItsParts(t *testing.T) {
	h, err := appFrom(builtWith(builtManifest))
	if err != nil {
		t.Fatal(err)
	}
	const of = "/consults/019abcde-0000-7000-8000-000000000001"
	for name, c := range map[string]struct {
		path, language string
		want           []string // in any order; nothing else
	}{
		"the room, in English":   {of + "/room", "en", []string{"case2.js", "case.js", "case.css", "shell-en.js", "case-en.js"}},
		"the room, in Chinese":   {of + "/room", "zh-CN", []string{"case2.js", "case.js", "case.css", "shell-zh.js", "case-zh.js"}},
		"the case":               {of, "en", []string{"case2.js", "case.js", "case.css", "shell-en.js", "case-en.js"}},
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
				as := `rel="modulepreload"`
				if strings.HasSuffix(file, ".css") {
					as = `rel="preload" as="style"`
				}
				if strings.Count(page, `<link `+as+` crossorigin href="/assets/v/`+file+`">`) != 1 {
					t.Errorf("%s is not named once: %s", file, page)
				}
			}
			if got := strings.Count(page, `preload" `); got != len(c.want) {
				t.Errorf("%d parts are named, want %d: %s", got, len(c.want), page)
			}
			if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.Contains(vary, "Cookie") {
				t.Errorf("a cache would give it to readers of the other language: Vary: %s", vary)
			}
		})
	}
}

func TestABuildWithoutAPartIsBroken(t *testing.T) {
	for _, part := range []string{"src/core/text/en/case.ts", "src/pages/case.ts", "_frame.js"} {
		without := strings.Replace(builtManifest, `"`+part+`": {`, `"renamed": {`, 1)
		if _, err := appFrom(builtWith(without)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("without %s: %v", part, err)
		}
	}
	if _, err := appFrom(fstest.MapFS{"index.html": {Data: []byte("<head></head>")}}); err == nil {
		t.Error("without a manifest: accepted")
	}
}
