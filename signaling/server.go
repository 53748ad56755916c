package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"consilium/auth"
	"consilium/rooms"
	"consilium/signaling/protocol"
)

// gate says who is behind a cookie or a token; *auth.Gate.
type gate interface {
	Peek(ctx context.Context, cookie string) (auth.Actor, auth.Session, error)
	AuthenticateToken(ctx context.Context, kind auth.Kind, token string) (auth.Actor, auth.Claims, error)
	Issue(a auth.Actor, kind auth.Kind, c auth.Claims) (string, error)
	Withdrawn(ctx context.Context, actors []auth.Actor) ([]auth.Revocation, error)
	KeepAwake(ctx context.Context, session string, inCall bool) error
}

// desk tells an open app what it should know; *rooms.Desk.
type desk interface {
	// Attend tells send first a rooms.DeskSnapshot, then what the app missed
	// since its last event if that can be continued, then what happens. After
	// a gap another snapshot is told. send returns at once; it is called until
	// leave has returned.
	Attend(ctx context.Context, app rooms.DeskApp, send func(rooms.DeskEvent)) (leave func(), err error)
	// Arm says whether the app may ring.
	Arm(ctx context.Context, app rooms.DeskApp, armed bool) error
	// Beat says that the app is still there.
	Beat(ctx context.Context, app rooms.DeskApp) error
}

var (
	_ gate = (*auth.Gate)(nil)
)

// Config is what the sockets need around them.
type Config struct {
	Gate     gate            // required
	Desk     desk            // required
	Registry *rooms.Registry // required
	// Origins are the origins whose pages may connect, as
	// "https://consult.example.org"; their hosts are the only ones answered.
	Origins []string
	// Relay tells a participant of the relays they may use; nil: there are none.
	Relay  func(participant string) []protocol.ICEServer
	Cookie string       // name of the session cookie; empty: "session"
	Log    *slog.Logger // nil: nothing is logged
}

func (c Config) validate() (Config, error) {
	if c.Gate == nil || c.Desk == nil || c.Registry == nil {
		return c, errors.New("signaling: a gate, a desk and a registry are needed")
	}
	if len(c.Origins) == 0 {
		return c, errors.New("signaling: at least one origin is needed")
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" {
			return c, errors.New("signaling: an origin is a scheme and a host: " + o)
		}
	}
	if c.Cookie == "" {
		c.Cookie = "session"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Server holds the open sockets.
type Server struct {
	cfg      Config
	upgrader websocket.Upgrader
	origins  map[string]bool // in lower case, as browsers name them
	hosts    map[string]bool
	pace     pace
	work     sync.WaitGroup // sessions

	mu      sync.Mutex // guards what follows
	open    map[*socket]auth.Actor
	held    map[string]int // sockets and upgrades under way, by person
	closing bool
}

// New makes a server without sockets.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, origins: make(map[string]bool), hosts: make(map[string]bool), pace: standard, open: make(map[*socket]auth.Actor), held: make(map[string]int)}
	for _, o := range cfg.Origins {
		u, err := url.Parse(o)
		if err != nil {
			return nil, err
		}
		s.origins[strings.ToLower(o)] = true
		s.hosts[strings.ToLower(u.Host)] = true
	}
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second,
		ReadBufferSize:   4 << 10,
		WriteBufferSize:  4 << 10,
		WriteBufferPool:  &sync.Pool{},
		// A description of 6 KB takes a second of a 64 kbit/s uplink; without context
		// takeover (RFC 7692) it is a third of that and no memory is held between.
		EnableCompression: true,
		CheckOrigin:       func(*http.Request) bool { return true }, // admit has checked it
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			http.Error(w, reason.Error(), status)
		},
	}
	return s, nil
}

// Mount adds the two sockets to a mux.
func (s *Server) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /ws/desk", s.serveDesk)
	mux.HandleFunc("GET /ws/rooms/{consult}", s.serveRoom)
}

// caller is who connects, and how they showed it.
type caller struct {
	actor  auth.Actor
	cookie string
	bearer string
}

// admit checks host, origin and session before anything is upgraded. A cookie
// counts only together with the Origin that browsers always send. A locked
// session opens the desk's socket, which tells ids and states only, and no room:
// the locked screen of an expert on duty must still ring.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, which protocol.Socket) (c caller, ok bool) {
	if !s.hosts[strings.ToLower(r.Host)] {
		http.Error(w, "this server does not answer under that name", http.StatusMisdirectedRequest)
		return c, false
	}
	origin := r.Header.Get("Origin")
	if origin != "" && !s.origins[strings.ToLower(origin)] {
		http.Error(w, "pages of other sites may not connect", http.StatusForbidden)
		return c, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	var err error
	if token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); isBearer {
		c.bearer = token
		c.actor, _, err = s.cfg.Gate.AuthenticateToken(ctx, auth.APIToken, token)
	} else {
		cookie, missing := r.Cookie(s.cfg.Cookie)
		if missing != nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return c, false
		}
		if origin == "" {
			http.Error(w, "a browser names its page's origin", http.StatusForbidden)
			return c, false
		}
		c.cookie = cookie.Value
		var session auth.Session
		c.actor, session, err = s.cfg.Gate.Peek(ctx, cookie.Value)
		if which == protocol.Desk && auth.Is(err, auth.CodeLocked) {
			c.actor, err = session.Holder(), nil
		}
	}
	refusal := (*auth.Error)(nil)
	switch {
	case err == nil:
		return c, true
	case auth.Is(err, auth.CodeLocked):
		http.Error(w, "the session is locked", http.StatusLocked)
	case errors.As(err, &refusal):
		http.Error(w, "sign in first", http.StatusUnauthorized)
	default:
		s.cfg.Log.Error("session not checked", "error", err)
		http.Error(w, "the server cannot check the session now", http.StatusServiceUnavailable)
	}
	return c, false
}

// patience bounds one call to what is behind the sockets.
const patience = 10 * time.Second

// connect upgrades the request and runs the session, whose whole life is
// session's call. The socket is closed and its writer has ended when connect
// returns.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, which protocol.Socket, session func(*socket, caller)) {
	if !s.begin() {
		http.Error(w, "this server is stopping", http.StatusServiceUnavailable)
		return
	}
	defer s.work.Done()
	c, ok := s.admit(w, r, which)
	if !ok {
		return
	}
	if !s.reserve(c.actor.Person) {
		http.Error(w, "too many pages are open; close some", http.StatusTooManyRequests)
		return
	}
	defer s.release(c.actor.Person)
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	sock := newSocket(conn, which, s.pace)
	s.add(sock, c.actor)
	defer s.remove(sock)
	sock.serve(func() { session(sock, c) })
}

// mostSockets is how many sockets one person may hold: some tabs on some devices.
const mostSockets = 24

func (s *Server) reserve(person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[person] >= mostSockets {
		return false
	}
	s.held[person]++
	return true
}

func (s *Server) release(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[person]--; s.held[person] == 0 {
		delete(s.held, person)
	}
}

// begin counts a session in, unless the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.work.Add(1)
	}
	return !s.closing
}

func (s *Server) add(sock *socket, a auth.Actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[sock] = a
	if s.closing {
		sock.close(protocol.CloseDrain)
	}
}

func (s *Server) remove(sock *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sock)
}

// watchEvery is how often the database is asked who has lost access: an
// announcement comes sooner, but the command line makes none.
const watchEvery = 2 * time.Second

// Watch ends the sockets and the media of people whose access was taken away
// without this server having been told, until ctx ends. It costs two look-ups by
// key while somebody is here.
func (s *Server) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		actors := s.cfg.Registry.Actors()
		s.mu.Lock()
		for _, a := range s.open {
			actors = append(actors, a)
		}
		s.mu.Unlock()
		if len(actors) == 0 {
			continue
		}
		look, cancel := context.WithTimeout(ctx, patience)
		gone, err := s.cfg.Gate.Withdrawn(look, actors)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("access not checked", "error", err)
		}
		for _, v := range gone {
			s.cfg.Registry.Revoked(v)
			s.Revoked(v)
		}
	}
}

// Revoked closes the sockets that the revocation ends. The registry ends the
// media; tell it too.
func (s *Server) Revoked(v auth.Revocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sock, actor := range s.open {
		if v.Ends(actor) {
			sock.close(protocol.CloseRevoked)
		}
	}
}

// Close asks every app to come back elsewhere and waits until all sockets are
// closed. Close the registry first: it knows what to tell its people.
func (s *Server) Close() {
	s.mu.Lock()
	s.closing = true
	for sock := range s.open {
		sock.close(protocol.CloseDrain)
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Open counts the open sockets.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}
