package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
)

// On the way into a call every round trip counts. The app has the pages of a case
// in itself and would ask for their words when it runs; index.html names them
// there, so that they come right behind the app.
var (
	ofCase      = regexp.MustCompile(`^/consults/[0-9a-f-]{36}(/room)?$`)
	textFolders = map[string]string{"zh-CN": "zh", "en": "en"} // by the language cookie's value
)

// aheadOf makes the page of a case for each language. A build without the words
// is an error: the name here has to follow.
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
		source := "src/core/text/" + folder + "/app.ts"
		text, ok := manifest[source]
		if !ok {
			return nil, fmt.Errorf("the build has no %s, which a page is to load ahead", source)
		}
		// crossorigin as the module loader asks, or the browser would fetch twice.
		link := fmt.Sprintf("<link rel=\"modulepreload\" crossorigin href=\"/%s\">\n</head>", text.File)
		out[language] = newFile("index.html", bytes.Replace(index, []byte("</head>"), []byte(link), 1))
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
