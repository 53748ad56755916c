// Package api is the JSON API under /api: it turns requests into use cases of
// rooms.Desk and auth.Gate, and their answers and refusals into JSON. The
// OpenAPI 3.1 document comes from the types here. It owns no state; it must not
// know SQL, sockets or media.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"consilium/auth"
	"consilium/rooms"
)

// Config is what the API needs to know of its surroundings.
type Config struct {
	Desk    *rooms.Desk
	Gate    *auth.Gate
	Log     *slog.Logger
	Secure  bool                       // cookies over TLS: __Host-session
	Version string                     // of this build
	Remote  func(*http.Request) string // the client's address, trusted proxies taken into account
}

// API is the mounted API.
type API struct {
	Config
	huma     huma.API
	actions  map[string]policy // by operation id
	document []byte
}

// maxJSON bounds every JSON body. The largest honest one is a request with all
// its text fields full.
const maxJSON = 512 << 10

func init() {
	huma.NewError = newError
	huma.DefaultArrayNullable = false
	// Uploads are held in memory, bounded by their own middleware, so that no
	// patient's file lands in a temporary folder.
	humago.MultipartMaxMemory = maxUpload + 1<<20
}

// Mount registers every operation on mux, and /openapi.json. It fails when an
// operation has no policy.
func Mount(mux *http.ServeMux, cfg Config) (*API, error) {
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Consilium", Version: "1", Description: "Consultations between clinics and hospitals. Errors are problem+json with a stable code."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: "session", Description: "set by POST /api/session; over TLS its name is __Host-session"},
					"bearer":  {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "for machines: consilium token"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat: "application/json",
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{Config: cfg, huma: humago.New(mux, c), actions: map[string]policy{}}
	a.huma.UseMiddleware(a.gatekeeper)
	a.sessionRoutes()
	a.directoryRoutes()
	a.consultRoutes()
	a.verbRoutes()
	a.fileRoutes()
	a.boardRoutes()
	a.linkRoutes()
	a.adminRoutes()
	if err := a.verify(); err != nil {
		return nil, err
	}
	doc, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, err
	}
	a.document = append(doc, '\n')
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(a.document)
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { a.nothingHere(mux, w, r) })
	return a, nil
}

// Document is the OpenAPI 3.1 document.
func (a *API) Document() []byte { return a.document }

// Operations lists method, path and policy of every operation, for tests.
func (a *API) Operations() []Operation {
	var out []Operation
	a.each(func(o *huma.Operation) {
		out = append(out, Operation{ID: o.OperationID, Method: o.Method, Path: o.Path, Action: string(a.actions[o.OperationID])})
	})
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Operation is one operation of the API.
type Operation struct{ ID, Method, Path, Action string }

func (a *API) each(f func(*huma.Operation)) {
	for _, item := range a.huma.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete, item.Head, item.Options, item.Trace} {
			if o != nil {
				f(o)
			}
		}
	}
}

// verify is the start-up check that every operation has a policy that the
// permission table knows.
func (a *API) verify() error {
	known := map[policy]bool{open: true, signedIn: true, lockedToo: true}
	for _, act := range auth.Actions() {
		known[policy(act)] = true
	}
	var bad []string
	a.each(func(o *huma.Operation) {
		if !known[a.actions[o.OperationID]] {
			bad = append(bad, o.Method+" "+o.Path)
		}
	})
	if len(bad) > 0 {
		sort.Strings(bad)
		return fmt.Errorf("no policy for %s: every operation names an action of auth.Actions", strings.Join(bad, ", "))
	}
	return nil
}

// strictJSON is JSON without trailing data; unknown fields are refused by the
// schema.
var strictJSON = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}

// route says what an operation is.
type route struct {
	id, method, path, summary string
	policy                    policy
	status                    int // on success; 200 when zero
	maxBody                   int64
	bodyTime                  time.Duration // to receive the body; jsonTime when zero
	middle                    huma.Middlewares
	quiet                     bool // the app asks by itself: it does not hold off the idle lock
}

// jsonTime lets a body of maxJSON through a 64 kbit/s uplink.
const jsonTime = 2 * time.Minute

// on registers an operation. Its handler's errors are translated here.
func on[I, O any](a *API, r route, f func(context.Context, *I) (*O, error)) {
	a.actions[r.id] = r.policy
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary,
		DefaultStatus: r.status, MaxBodyBytes: r.maxBody, Middlewares: r.middle,
		Metadata:        map[string]any{"policy": r.policy, "quiet": r.quiet},
		Tags:            []string{strings.SplitN(strings.TrimPrefix(r.path, "/api/"), "/", 2)[0]},
		BodyReadTimeout: max(r.bodyTime, jsonTime),
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxJSON
	}
	if r.policy != open {
		op.Security = []map[string][]string{{"session": {}}, {"bearer": {}}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, problem(ctx, a.Log, err)
		}
		return out, nil
	})
}

// nothingHere answers for paths under /api that no operation has, in the API's
// own form.
func (a *API) nothingHere(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	err := &Problem{Type: "about:blank", Status: http.StatusNotFound, Title: http.StatusText(http.StatusNotFound), Code: "not-found", Detail: "the API has no such path"}
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		probe := r.Clone(r.Context())
		probe.Method = m
		if _, pattern := mux.Handler(probe); pattern != "" && pattern != "/api/" {
			w.Header().Add("Allow", m)
			err.Status, err.Title, err.Code = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed), "method"
			err.Detail = "this path does not take " + r.Method
		}
	}
	writeProblem(w, err)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// body is an answer or a request that consists of one JSON value.
type body[T any] struct {
	Body T
}

// nothing is an answer without a body (204).
type nothing struct{}

func reply[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{Body: v}, nil
}
