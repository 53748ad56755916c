package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"consilium/auth"
	"consilium/rooms"
)

// policy is what an operation demands before its handler runs: an action of the
// permission table, or one of the three below. For an action on a case the table
// is asked by the Desk once the case is loaded; here it is enough that someone
// is signed in.
type policy string

const (
	open      policy = "open"      // nobody need be signed in
	lockedToo policy = "lockedToo" // signed in, even behind the idle lock
	signedIn  policy = "signedIn"  // signed in
)

type contextKey int

const (
	actorKey contextKey = iota
	sessionKey
	addressKey
	cookieKey
)

func actor(ctx context.Context) auth.Actor {
	a, _ := ctx.Value(actorKey).(auth.Actor)
	return a
}

func session(ctx context.Context) auth.Session {
	s, _ := ctx.Value(sessionKey).(auth.Session)
	return s
}

func address(ctx context.Context) string {
	s, _ := ctx.Value(addressKey).(string)
	return s
}

func cookieValue(ctx context.Context) string {
	s, _ := ctx.Value(cookieKey).(string)
	return s
}

// CookieName is the session cookie's name. Over TLS the prefix makes browsers
// insist on Secure, on path / and on this very host.
func CookieName(secure bool) string {
	if secure {
		return "__Host-session"
	}
	return "session"
}

// gatekeeper runs before every operation: content type, who asks, and whether
// the operation's policy lets them.
func (a *API) gatekeeper(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	ip := r.RemoteAddr
	if a.Remote != nil {
		ip = a.Remote(r)
	}
	ctx = huma.WithValue(ctx, addressKey, ip)
	ctx = huma.WithContext(ctx, rooms.WithAddress(ctx.Context(), ip))
	w.Header().Set("Cache-Control", "no-store")
	if err := contentType(r); err != nil {
		a.deny(ctx, w, err)
		return
	}
	p, _ := ctx.Operation().Metadata["policy"].(policy)
	if p == open {
		next(ctx)
		return
	}
	quiet, _ := ctx.Operation().Metadata["quiet"].(bool)
	who, sess, err := a.who(r, quiet || r.Header.Get(Background) != "")
	if err != nil {
		if p == lockedToo && auth.Is(err, auth.CodeLocked) {
			err = nil
		}
	}
	switch {
	case err != nil:
		a.deny(ctx, w, err)
		return
	case who.Person == "" && sess.ID == "":
		a.deny(ctx, w, refuse("sign-in-needed", "sign in first"))
		return
	}
	if p != signedIn && p != lockedToo && !aboutCase(ctx.Operation().Path) && !rooms.Somewhere(who, auth.Action(p)) {
		a.deny(ctx, w, refuse("forbidden", "your roles do not include this; an administrator of your institution can change them"))
		return
	}
	ctx = huma.WithValue(ctx, actorKey, who)
	ctx = huma.WithValue(ctx, sessionKey, sess)
	if c, err := r.Cookie(CookieName(a.Secure)); err == nil {
		ctx = huma.WithValue(ctx, cookieKey, c.Value)
	}
	next(ctx)
}

// aboutCase reports whether the operation names one case; the Desk then asks the
// table, and answers 404 for what is hidden.
func aboutCase(path string) bool { return strings.Contains(path, "{id}") }

// Background is a request header by which the app says that nobody clicked: the
// request does not hold off the idle lock.
const Background = "Consilium-Background"

// who finds the person behind the cookie or the bearer token. A quiet request is
// no activity.
func (a *API) who(r *http.Request, quiet bool) (auth.Actor, auth.Session, error) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		who, _, err := a.Gate.AuthenticateToken(r.Context(), auth.APIToken, bearer)
		return who, auth.Session{}, err
	}
	c, err := r.Cookie(CookieName(a.Secure))
	if err != nil {
		return auth.Actor{}, auth.Session{}, nil
	}
	if quiet {
		return a.Gate.Peek(r.Context(), c.Value)
	}
	return a.Gate.Authenticate(r.Context(), c.Value)
}

func (a *API) deny(ctx huma.Context, w http.ResponseWriter, err error) {
	var p *Problem
	errors.As(problem(ctx.Context(), a.Log, err), &p)
	writeProblem(w, p)
}

// contentType admits JSON, and multipart for files; an HTML form of another
// site can send neither without a preflight, apart from multipart, which
// CrossOriginProtection stops.
func contentType(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
		return nil
	}
	ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch ct = strings.ToLower(strings.TrimSpace(ct)); {
	case ct == "application/json":
		return nil
	case ct == "multipart/form-data" && strings.HasSuffix(r.URL.Path, "/attachments"):
		return nil
	}
	return refuse("unsupported-type", "send application/json")
}
