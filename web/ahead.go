package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
)

// On the way into a call every round trip counts. The app would ask for a page's
// parts when its frame has run; the pages of a case name theirs in index.html,
// so that they come right behind the frame.
var (
	ofCase    = regexp.MustCompile(`^/consults/[0-9a-f-]{36}(/room)?$`)
	pageParts = map[string][]string{ // by what follows the case in the path, as src/pages.ts has it
		"":      {"src/pages/consult/Consult.svelte", "text/shell", "text/consult"},
		"/room": {"src/pages/room/Room.svelte", "text/shell", "text/consult", "text/room"},
	}
	textFolders = map[string]string{"zh-CN": "zh", "en": "en"} // by the language cookie's value
)

// manifest is what the build says of its files, by source.
type manifest map[string]struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
	IsEntry bool     `json:"isEntry"`
}

// aheadOf makes the page for each path suffix and language. A part that the
// build no longer has is an error: the list above has to follow.
func aheadOf(built fs.FS, index []byte) (map[string]file, error) {
	data, err := fs.ReadFile(built, ".vite/manifest.json")
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("the build's manifest: %w", err)
	}
	out := map[string]file{}
	for suffix, parts := range pageParts {
		for language, folder := range textFolders {
			seen := map[string]bool{}
			for source, chunk := range m {
				if chunk.IsEntry { // index.html names these itself
					if _, err := m.tags(source, seen); err != nil {
						return nil, err
					}
				}
			}
			var all strings.Builder
			for _, part := range parts {
				if name, isText := strings.CutPrefix(part, "text/"); isText {
					part = "src/core/text/" + folder + "/" + name + ".ts"
				}
				tags, err := m.tags(part, seen)
				if err != nil {
					return nil, err
				}
				all.WriteString(tags)
			}
			page := bytes.Replace(index, []byte("</head>"), []byte(all.String()+"</head>"), 1)
			out[suffix+" "+language] = newFile("index.html", page)
		}
	}
	return out, nil
}

// tags are the links for a source and all that it imports, without those seen.
func (m manifest) tags(source string, seen map[string]bool) (string, error) {
	if seen[source] {
		return "", nil
	}
	seen[source] = true
	chunk, ok := m[source]
	if !ok {
		return "", fmt.Errorf("the build has no %s, which a page is to load ahead", source)
	}
	// crossorigin as the module loader asks, or the browser would fetch twice.
	var out strings.Builder
	fmt.Fprintf(&out, "<link rel=\"modulepreload\" crossorigin href=\"/%s\">\n", chunk.File)
	for _, name := range chunk.CSS {
		fmt.Fprintf(&out, "<link rel=\"preload\" as=\"style\" crossorigin href=\"/%s\">\n", name)
	}
	for _, next := range chunk.Imports {
		tags, err := m.tags(next, seen)
		if err != nil {
			return "", err
		}
		out.WriteString(tags)
	}
	return out.String(), nil
}

// pageFor picks the key of aheadOf's page. The cookie is the app's own: a browser
// without it has never been signed in, and is about to see another page.
func pageFor(r *http.Request) string {
	found := ofCase.FindStringSubmatch(r.URL.Path)
	cookie, err := r.Cookie("language")
	if found == nil || err != nil {
		return ""
	}
	return found[1] + " " + cookie.Value
}
