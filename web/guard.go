package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
)

// Config says where this installation stands.
type Config struct {
	// Public is the address under which people reach it. Its scheme decides
	// whether cookies are Secure.
	Public *url.URL
	// Hosts are further values of the Host header that are answered, as
	// 127.0.0.1:8080 in a demonstration. Any other is refused: a foreign name
	// that was pointed at this machine (DNS rebinding) gets nothing.
	Hosts []string
	// Proxies are the addresses from which X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// OnlyProxies refuses plain HTTP from anywhere else but this machine.
	OnlyProxies bool
	Log         *slog.Logger
}

func (c Config) validate() error {
	if c.Public == nil || c.Public.Host == "" || c.Public.Scheme != "http" && c.Public.Scheme != "https" {
		return errors.New("the public address must be like https://consult.example.org")
	}
	if c.Public.Path != "" && c.Public.Path != "/" || c.Public.RawQuery != "" || c.Public.Fragment != "" || c.Public.User != nil {
		return fmt.Errorf("the public address %s must be a scheme and a host only", c.Public.Redacted())
	}
	if c.OnlyProxies && len(c.Proxies) == 0 {
		return errors.New("plain HTTP off localhost needs a trusted proxy")
	}
	return nil
}

// Secure reports whether browsers reach this installation over TLS.
func (c Config) Secure() bool { return c.Public.Scheme == "https" }

// Origins are the origins whose pages may open sockets.
func (c Config) Origins() []string {
	out := []string{c.Public.Scheme + "://" + c.Public.Host}
	for _, h := range c.Hosts {
		out = append(out, c.Public.Scheme+"://"+h)
	}
	return out
}

// Guard stands in front of every handler.
type Guard struct {
	Config
	hosts map[string]bool
	cross *http.CrossOriginProtection
}

// NewGuard checks the configuration.
func NewGuard(cfg Config) (*Guard, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &Guard{Config: cfg, hosts: map[string]bool{strings.ToLower(cfg.Public.Host): true}, cross: http.NewCrossOriginProtection()}
	for _, h := range cfg.Hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	for _, o := range cfg.Origins() {
		if err := g.cross.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Remote is the address of who asks, looked up behind trusted proxies.
func (g *Guard) Remote(r *http.Request) string {
	peer := peerOf(r)
	if !g.trusted(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = addr.Unmap()
		if !g.trusted(peer) {
			break
		}
	}
	return peer.String()
}

func peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		a, _ := netip.ParseAddr(host)
		return a
	}
	return ap.Addr().Unmap()
}

func (g *Guard) trusted(a netip.Addr) bool {
	for _, p := range g.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Local reports whether the request comes from this machine itself, not through
// a proxy on it.
func (g *Guard) Local(r *http.Request) bool {
	return peerOf(r).IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}

// Wrap guards next.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				g.Log.ErrorContext(r.Context(), "handler panicked", "panic", fmt.Sprint(v), "method", r.Method, "stack", string(debug.Stack()))
				refuse(w, http.StatusInternalServerError, "internal", "the server could not do this; nothing was changed. Try again")
			}
		}()
		g.headers(w, r)
		switch {
		case r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics":
			// Asked by machines under whatever name; these tell nothing of people.
			next.ServeHTTP(w, r)
		case !g.hosts[strings.ToLower(r.Host)]:
			refuse(w, http.StatusMisdirectedRequest, "unknown-host", "this server does not answer under that name; its address is "+g.Public.String())
		case g.OnlyProxies && r.TLS == nil && !g.trusted(peerOf(r)) && !g.Local(r):
			refuse(w, http.StatusForbidden, "plain-http", "plain HTTP is taken from the trusted proxy only; use "+g.Public.String())
		case g.cross.Check(r) != nil:
			refuse(w, http.StatusForbidden, "cross-origin", "requests of other sites' pages are refused")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"code":%q,"detail":%q}`+"\n", http.StatusText(status), status, code, detail)
}

// headers are what browsers are told to forbid themselves.
func (g *Guard) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	sockets := "ws://" + r.Host
	if g.Secure() {
		sockets = "wss://" + r.Host
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if !g.hosts[strings.ToLower(r.Host)] {
		sockets = ""
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; "+
		"connect-src 'self' "+sockets+"; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html consilium")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), screen-wake-lock=(self), geolocation=(), payment=(), usb=(), serial=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
