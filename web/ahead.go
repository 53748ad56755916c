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

// On the way into a call every round trip counts. The app has the pages of a case
// in itself and would ask for the words of one when it runs; index.html names them
// there, so that they come right behind the app.
var (
	ofCase      = regexp.MustCompile(`^/consults/[0-9a-f-]{36}(/room)?$`)
	caseTexts   = []string{"shell", "case"}                    // as main.ts and src/pages.ts ask for them
	textFolders = map[string]string{"zh-CN": "zh", "en": "en"} // by the language cookie's value
)

// aheadOf makes the page of a case for each language. A text that the build no
// longer has is an error: the list above has to follow.
func aheadOf(built fs.FS, index []byte) (map[string]file, error) {
	data, err := fs.ReadFile(built, ".vite/manifest.json")
	if err != nil {
		return nil, err
	}
	var manifest map[string]struct{ File string } // by source
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("the build's manifest: %w", err)
	}
	out := map[string]file{}
	for language, folder := range textFolders {
		var links strings.Builder
		for _, text := range caseTexts {
			source := "src/core/text/" + folder + "/" + text + ".ts"
			chunk, ok := manifest[source]
			if !ok {
				return nil, fmt.Errorf("the build has no %s, which a page is to load ahead", source)
			}
			// crossorigin as the module loader asks, or the browser would fetch twice.
			fmt.Fprintf(&links, "<link rel=\"modulepreload\" crossorigin href=\"/%s\">\n", chunk.File)
		}
		page := bytes.Replace(index, []byte("</head>"), []byte(links.String()+"</head>"), 1)
		out[language] = newFile("index.html", page)
	}
	return out, nil
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
