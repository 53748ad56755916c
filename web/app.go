package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:app/dist
var dist embed.FS

// file is one file of the built app, zipped once at the start. The build brings
// scripts and styles in brotli too, as NAME.br.
type file struct {
	plain, zipped, brotli []byte // zipped is nil where it would not be smaller, brotli where the build made none
	kind, etag            string
}

// App serves the built app. Paths that are no file answer with the app's page:
// the app reads its own path. It fails when the build is broken, not when there
// is none: then it serves a page that says so.
func App() (http.Handler, error) {
	sub, err := fs.Sub(dist, "app/dist")
	if err != nil {
		return nil, err
	}
	return appFrom(sub)
}

func appFrom(built fs.FS) (http.Handler, error) {
	files := map[string]file{}
	err := fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == ".gitkeep" || path.Ext(name) == ".br" {
			return err
		}
		data, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		f := newFile(name, data)
		f.brotli, err = fs.ReadFile(built, name+".br")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		files["/"+name] = f
		return nil
	})
	if err != nil {
		return nil, err
	}
	index, ok := files["/index.html"]
	var ahead map[string]file
	if !ok {
		index = newFile("index.html", []byte(notBuilt))
	} else if ahead, err = aheadOf(built, index.plain); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
			return
		}
		name := path.Clean(r.URL.Path)
		f, found := files[name]
		switch {
		case found && strings.HasPrefix(name, "/assets/"):
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // the name holds a hash
		case found && name != "/index.html":
			w.Header().Set("Cache-Control", "no-cache")
		case strings.HasPrefix(name, "/assets/"):
			// An older page asks for a part that a newer build no longer has.
			http.NotFound(w, r)
			return
		default:
			f = index
			if ahead != nil {
				f = ahead[pageFor(r)]
			}
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Vary", "Cookie")
		}
		f.serve(w, r)
	}), nil
}

func newFile(name string, data []byte) file {
	sum := sha256.Sum256(data)
	f := file{plain: data, kind: mime.TypeByExtension(path.Ext(name)), etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	switch path.Ext(name) {
	case ".js", ".mjs":
		f.kind = "text/javascript; charset=utf-8"
	case ".webmanifest":
		f.kind = "application/manifest+json"
	case ".woff2":
		f.kind = "font/woff2"
	case "":
		f.kind = "application/octet-stream"
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(data)
	_ = z.Close()
	if b.Len() < len(data) {
		f.zipped = b.Bytes()
	}
	return f
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.etag)
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	switch {
	case f.brotli != nil && accepts(r, "br"):
		h.Set("Content-Encoding", "br")
		body = f.brotli
	case f.zipped != nil && accepts(r, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// accepts reports whether the browser takes this encoding.
func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == encoding && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Consilium</title></head>
<body><h1>Consilium runs, its app is not built</h1>
<p>This binary was made without the browser app. Type <code>make app</code> in the checkout and start it again; the API under <code>/api</code> works.</p>
<p lang="zh-CN">服务器已启动，但此程序未包含浏览器界面。请在源码目录运行 <code>make app</code> 后重新启动。</p></body></html>
`
