package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// Compress gzips JSON answers for browsers on thin links. Files of patients,
// streams and sockets pass as they are.
func Compress(next http.Handler) http.Handler {
	pool := sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !accepts(r, "gzip") || !strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/openapi.json" {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipWriter{ResponseWriter: w, pool: &pool}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// zipWriter decides at the first byte whether the answer is worth compressing.
type zipWriter struct {
	http.ResponseWriter
	pool    *sync.Pool
	gz      *gzip.Writer
	decided bool
}

func (z *zipWriter) Unwrap() http.ResponseWriter { return z.ResponseWriter }

func (z *zipWriter) WriteHeader(status int) {
	if !z.decided {
		z.decided = true
		h := z.Header()
		json := strings.Contains(h.Get("Content-Type"), "json")
		if json && h.Get("Content-Encoding") == "" && status != http.StatusNoContent && status != http.StatusNotModified {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			z.gz, _ = z.pool.Get().(*gzip.Writer)
			z.gz.Reset(z.ResponseWriter)
		}
	}
	z.ResponseWriter.WriteHeader(status)
}

func (z *zipWriter) Write(p []byte) (int, error) {
	if !z.decided {
		z.WriteHeader(http.StatusOK)
	}
	if z.gz != nil {
		return z.gz.Write(p)
	}
	return z.ResponseWriter.Write(p)
}

func (z *zipWriter) close() {
	if z.gz != nil {
		_ = z.gz.Close()
		z.gz.Reset(nil)
		z.pool.Put(z.gz)
	}
}
