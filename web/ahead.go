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
// there, so that they come right behind the app. A room's page also brings a script
// that is small enough to run long before the app, and begins to join. All other
// pages name the part of the app that knows them.
var (
	ofCase      = regexp.MustCompile(`^/consults/[0-9a-f-]{36}(/room)?$`)
	textFolders = map[string]string{"zh-CN": "zh", "en": "en"} // by the language cookie's value
)

// aheadOf makes the page of a case and of its room for each language, and the one
// of all others under "". A build without a part of them is an error: the name here
// has to follow.
func aheadOf(built fs.FS, index []byte) (map[string]file, error) {
	data, err := fs.ReadFile(built, ".vite/manifest.json")
	if err != nil {
		return nil, err
	}
	var manifest map[string]struct{ File string } // by source
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("the build's manifest: %w", err)
	}
	var missing error
	// crossorigin as the module loader asks, or the browser would fetch twice.
	tag := func(format, source string) string {
		chunk, ok := manifest[source]
		if !ok {
			missing = fmt.Errorf("the build has no %s, which a page is to load ahead", source)
		}
		return fmt.Sprintf(format, chunk.File)
	}
	early := tag("<head><script type=\"module\" crossorigin src=\"/%s\"></script>\n", "src/early.ts")
	naming := func(source string) []byte {
		return bytes.Replace(index, []byte("</head>"), []byte(tag("<link rel=\"modulepreload\" crossorigin href=\"/%s\">\n</head>", source)), 1)
	}
	out := map[string]file{"": newFile("index.html", naming("src/more-pages.ts"))}
	for language, folder := range textFolders {
		page := naming("src/core/text/" + folder + "/app.ts")
		out[language] = newFile("index.html", page)
		out[language+"/room"] = newFile("index.html", bytes.Replace(page, []byte("<head>"), []byte(early), 1)) // scripts run in the order in which they stand
	}
	return out, missing
}

// pageFor picks the key of aheadOf's page. The cookie is the app's own: a browser
// without it has never been signed in, and is about to see another page.
func pageFor(r *http.Request) string {
	cookie, err := r.Cookie("language")
	of := ofCase.FindStringSubmatch(r.URL.Path)
	if err != nil || of == nil || textFolders[cookie.Value] == "" {
		return ""
	}
	return cookie.Value + of[1]
}
