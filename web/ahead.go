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
	ofCase      = regexp.MustCompile(`^/consults/[0-9a-f-]{36}(/room)?$`)
	caseParts   = []string{"src/pages/case.ts", "text/shell", "text/case"} // as src/pages.ts has it
	textFolders = map[string]string{"zh-CN": "zh", "en": "en"}             // by the language cookie's value
)

// manifest is what the build says of its files, by source.
type manifest map[string]struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
}

// aheadOf makes the page of a case for each language. A part that the build no
// longer has is an error: the list above has to follow.
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
	for language, folder := range textFolders {
		seen := map[string]bool{}
		var all strings.Builder
		for _, part := range caseParts {
			if name, isText := strings.CutPrefix(part, "text/"); isText {
				part = "src/core/text/" + folder + "/" + name + ".ts"
			}
			tags, err := m.tags(part, seen, index)
			if err != nil {
				return nil, err
			}
			all.WriteString(tags)
		}
		page := bytes.Replace(index, []byte("</head>"), []byte(all.String()+"</head>"), 1)
		out[language] = newFile("index.html", page)
	}
	return out, nil
}

// tags are the links for a source and all that it imports, without those seen
// and those that index.html names itself.
func (m manifest) tags(source string, seen map[string]bool, index []byte) (string, error) {
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
	link := func(rel, name string) {
		if !bytes.Contains(index, []byte(`"/`+name+`"`)) {
			fmt.Fprintf(&out, "<link rel=%s crossorigin href=\"/%s\">\n", rel, name)
		}
	}
	link(`"modulepreload"`, chunk.File)
	for _, name := range chunk.CSS {
		link(`"preload" as="style"`, name)
	}
	for _, next := range chunk.Imports {
		tags, err := m.tags(next, seen, index)
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
	cookie, err := r.Cookie("language")
	if err != nil || !ofCase.MatchString(r.URL.Path) {
		return ""
	}
	return cookie.Value
}
