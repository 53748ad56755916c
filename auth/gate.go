package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Config says how a Gate behaves. The zero value is fit for use.
type Config struct {
	RequireTOTP bool                              // administrators need a second factor
	IdleLock    time.Duration                     // a session locks after so long without activity; zero: 15 min
	SessionLife time.Duration                     // and ends so long after signing in; zero: 12 h
	Cost        Cost                              // of a password check; zero: DefaultCost
	HashAtOnce  int                               // passwords hashed at once; zero: half the processors
	Announce    func(context.Context, Revocation) // told after access was withdrawn, to spread it; nil: nobody
	Now         func() time.Time                  // nil: time.Now
	Log         *slog.Logger                      // nil: nothing is logged
}

func (c Config) validate() (Config, error) {
	if c.IdleLock == 0 {
		c.IdleLock = 15 * time.Minute
	}
	if c.SessionLife == 0 {
		c.SessionLife = 12 * time.Hour
	}
	if c.IdleLock < time.Minute || c.SessionLife < c.IdleLock {
		return c, errors.New("auth: the idle lock is at least a minute, and a session lasts at least as long")
	}
	if c.Announce == nil {
		c.Announce = func(context.Context, Revocation) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Revocation says that access ended. With a Session, only what was opened in
// that session ends; otherwise everything of the person with an epoch below
// Epoch, except what belongs to the session Keep.
type Revocation struct {
	Person  string `json:"person"`
	Epoch   int64  `json:"epoch,omitempty"`
	Session string `json:"session,omitempty"`
	Keep    string `json:"keep,omitempty"`
}

// Ends reports whether what the actor opened must end now.
func (r Revocation) Ends(a Actor) bool {
	if a.Person != r.Person {
		return false
	}
	if r.Session != "" {
		return a.Session == r.Session
	}
	return a.Epoch < r.Epoch && (r.Keep == "" || a.Session != r.Keep)
}

// Gate is where people come in: signing in and out, sessions and their idle
// lock, second factors, one-time links, and the withdrawal of access.
type Gate struct {
	store  storage
	keys   *Keys
	cfg    Config
	hasher *hasher
	tries  *tries
}

// NewGate makes a gate on the storage. The keys sign tickets and seal secrets.
func NewGate(store storage, keys *Keys, cfg Config) (*Gate, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, errors.New("auth: a gate needs keys")
	}
	return &Gate{
		store: store, keys: keys, cfg: cfg,
		hasher: newHasher(cfg.Cost, cfg.HashAtOnce),
		tries:  newTries(cfg.Now),
	}, nil
}

const (
	cookieSize  = 32 // random bytes of a cookie's or link's value
	cookieChars = 43 // of these in Base64 without padding
	maxLogin    = 128
	touchEvery  = 30 * time.Second // activity is written down this often at most
	sweepKeeps  = 24 * time.Hour   // what ended is deleted so much later
)

// SignIn checks login, password and, where one is set up, the second factor's
// code, and opens a session. cookie is the only copy of the session's secret.
// address is where the browser is. Without a code that is needed the answer is
// CodeSecondFactor: ask for it and call again with all three.
func (g *Gate) SignIn(ctx context.Context, login, password, code, address string) (s Session, cookie string, err error) {
	if len(login) > maxLogin || len(password) > maxPassword {
		return Session{}, "", wrongCredentials()
	}
	login = NormalLogin(login)
	try, err := g.tries.begin(ctx, login, address)
	if err != nil {
		return Session{}, "", err
	}
	person, credentials, err := g.byLogin(ctx, login)
	if err != nil {
		try.uncount()
		return Session{}, "", err
	}
	fits, stale, err := g.hasher.verify(ctx, password, credentials.Hash)
	if err != nil {
		try.uncount()
		return Session{}, "", err
	}
	if !fits {
		return Session{}, "", wrongCredentials()
	}
	if person.Disabled {
		return Session{}, "", refuse(CodeDisabled, "This account is closed. Ask your administrator to open it again.")
	}
	if len(credentials.Secret) > 0 {
		if code == "" {
			try.uncount()
			return Session{}, "", refuse(CodeSecondFactor, "Enter the six digits that your authenticator app shows.")
		}
		if err := g.useCode(ctx, credentials, code); err != nil {
			if !Is(err, CodeWrongCredentials) {
				try.uncount()
			}
			return Session{}, "", err
		}
	}
	try.succeeded()
	if stale {
		g.rehash(ctx, person.ID, credentials.Hash, password)
	}
	return g.openSession(ctx, person, len(credentials.Secret) > 0, address)
}

func wrongCredentials() *Error {
	return refuse(CodeWrongCredentials, "Login, password or code is not right. Check them and try again.")
}

// byLogin finds the person and their secrets; both are zero when there is
// nobody, and the caller goes on so that the answer takes as long.
func (g *Gate) byLogin(ctx context.Context, login string) (Person, Credentials, error) {
	person, err := g.store.PersonByLogin(ctx, login)
	if errors.Is(err, ErrNoRecord) {
		return Person{}, Credentials{}, nil
	}
	if err != nil {
		return Person{}, Credentials{}, fmt.Errorf("auth: find the login: %w", err)
	}
	credentials, err := g.credentials(ctx, person.ID)
	return person, credentials, err
}

// credentials are zero for a person who has none yet.
func (g *Gate) credentials(ctx context.Context, person string) (Credentials, error) {
	c, err := g.store.Credentials(ctx, person)
	if errors.Is(err, ErrNoRecord) {
		return Credentials{Person: person}, nil
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("auth: read the credentials: %w", err)
	}
	return c, nil
}

// rehash brings an old hash to today's cost. The sign-in is good without it.
func (g *Gate) rehash(ctx context.Context, person, old, password string) {
	hash, err := g.hasher.hash(ctx, password)
	if err == nil {
		err = g.store.Rehash(ctx, person, old, hash)
	}
	if err != nil {
		g.cfg.Log.Warn("password hash not renewed", "person", person, "error", err)
	}
}

func (g *Gate) openSession(ctx context.Context, p Person, factor bool, address string) (Session, string, error) {
	now := g.cfg.Now().UTC()
	cookie, hash := newSecret()
	s := Session{
		ID: uuid.Must(uuid.NewV7()).String(), Person: p.ID, Tenant: p.Tenant, Hash: hash, Epoch: p.Epoch,
		Created: now, Seen: now, Expires: now.Add(g.cfg.SessionLife), SecondFactor: factor, Address: address,
	}
	if err := g.store.AddSession(ctx, s); err != nil {
		return Session{}, "", fmt.Errorf("auth: open a session: %w", err)
	}
	s.SecondFactorDue = g.factorDue(p, s, now)
	return s, cookie, nil
}

// newSecret makes the value of a cookie or link and what is stored of it.
func newSecret() (value string, hash []byte) {
	raw := make([]byte, cookieSize)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	value = base64.RawURLEncoding.EncodeToString(raw)
	return value, hashOf(value)
}

func hashOf(value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return sum[:]
}

// Authenticate says who is behind a cookie, and counts as activity. A locked
// session is CodeLocked, returned with the session so that the screen can say
// whose it is; every other refusal is CodeSignedOut.
func (g *Gate) Authenticate(ctx context.Context, cookie string) (Actor, Session, error) {
	actor, s, err := g.Peek(ctx, cookie)
	if err != nil {
		return actor, s, err
	}
	g.touch(ctx, s)
	return actor, s, nil
}

// Peek is Authenticate for what a page does by itself (refreshing after an
// event): it does not count as activity, so an abandoned page still locks.
func (g *Gate) Peek(ctx context.Context, cookie string) (Actor, Session, error) {
	s, p, err := g.session(ctx, cookie)
	if err != nil {
		return Actor{}, Session{}, err
	}
	now := g.cfg.Now()
	if !s.Locked && now.Sub(s.Seen) >= g.cfg.IdleLock {
		if err := g.store.LockSession(ctx, s.ID); err != nil {
			g.cfg.Log.Warn("idle session not marked locked", "session", s.ID, "error", err)
		}
		s.Locked = true
	}
	if s.Locked {
		return Actor{}, s, refuse(CodeLocked, "The screen was locked after a while without activity. Enter your password to go on.")
	}
	return g.actor(p, s, now), s, nil
}

// session finds a live session and its person, whether locked or not.
func (g *Gate) session(ctx context.Context, cookie string) (Session, Person, error) {
	out := func() (Session, Person, error) {
		return Session{}, Person{}, refuse(CodeSignedOut, "You are signed out. Sign in to go on.")
	}
	if len(cookie) != cookieChars {
		return out()
	}
	s, err := g.store.SessionByHash(ctx, hashOf(cookie))
	if errors.Is(err, ErrNoRecord) {
		return out()
	}
	if err != nil {
		return Session{}, Person{}, fmt.Errorf("auth: find the session: %w", err)
	}
	p, live, err := g.holder(ctx, s)
	if err != nil {
		return Session{}, Person{}, err
	}
	if !live {
		return out()
	}
	s.SecondFactorDue = g.factorDue(p, s, g.cfg.Now())
	return s, p, nil
}

// holder finds whose session it is, and whether it still lets them in.
func (g *Gate) holder(ctx context.Context, s Session) (Person, bool, error) {
	p, err := g.store.Person(ctx, s.Person)
	if errors.Is(err, ErrNoRecord) {
		return Person{}, false, nil
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("auth: find the person: %w", err)
	}
	live := !p.Disabled && p.Epoch == s.Epoch && p.Tenant == s.Tenant && g.cfg.Now().Before(s.Expires)
	return p, live, nil
}

func (g *Gate) actor(p Person, s Session, now time.Time) Actor {
	grants := p.Holds(now)
	if s.SecondFactorDue {
		grants = slices.DeleteFunc(grants, func(x Grant) bool { return administers(x.Role) })
	}
	return Actor{Person: p.ID, Tenant: p.Tenant, Session: s.ID, Grants: grants, Epoch: p.Epoch}
}

// factorDue: an administrator's roles wait for a second factor used in this
// very session. Their other roles do not: a doctor must not lose an emergency.
func (g *Gate) factorDue(p Person, s Session, now time.Time) bool {
	return g.cfg.RequireTOTP && !s.SecondFactor &&
		slices.ContainsFunc(p.Holds(now), func(x Grant) bool { return administers(x.Role) })
}

func administers(r Role) bool { return r == InstitutionAdmin || r == PartnershipAdmin }

func (g *Gate) touch(ctx context.Context, s Session) {
	now := g.cfg.Now().UTC()
	if now.Sub(s.Seen) < touchEvery {
		return
	}
	if err := g.store.TouchSession(ctx, s.ID, now); err != nil {
		// On a full disk people can go on reading until the idle lock falls.
		g.cfg.Log.Warn("activity not written down", "session", s.ID, "error", err)
	}
}

// afterCall is what is left of a session that met its absolute limit in a call,
// from the last KeepAwake on: enough to save what was begun.
const afterCall = 10 * time.Minute

// KeepAwake counts as activity of an unlocked session. A live room calls it
// several times a minute: nobody is locked out while talking. Nor does the absolute
// limit end a call: while its person is in one it moves on ahead of them, and
// counts again when the call is over. Call it only for whom a check let in
// moments ago.
func (g *Gate) KeepAwake(ctx context.Context, session string, inCall bool) error {
	s, err := g.store.Session(ctx, session)
	if errors.Is(err, ErrNoRecord) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("auth: find the session: %w", err)
	}
	now := g.cfg.Now().UTC()
	if !s.Locked && now.Sub(s.Seen) < g.cfg.IdleLock {
		g.touch(ctx, s)
	}
	if until := now.Add(afterCall); inCall && s.Expires.Before(until) {
		if err := g.store.ExtendSession(ctx, s.ID, until); err != nil {
			return fmt.Errorf("auth: carry the session through a call: %w", err)
		}
	}
	return nil
}

// Lock locks the session now, as when a doctor leaves a shared computer.
func (g *Gate) Lock(ctx context.Context, cookie string) error {
	s, _, err := g.session(ctx, cookie)
	if err != nil {
		return err
	}
	if err := g.store.LockSession(ctx, s.ID); err != nil {
		return fmt.Errorf("auth: lock the session: %w", err)
	}
	return nil
}

// Unlock opens a locked session with the password.
func (g *Gate) Unlock(ctx context.Context, cookie, password, address string) (Session, error) {
	s, p, err := g.session(ctx, cookie)
	if err != nil {
		return Session{}, err
	}
	if err := g.confirm(ctx, p, password, address); err != nil {
		return Session{}, err
	}
	s.Seen, s.Locked = g.cfg.Now().UTC(), false
	if err := g.store.UnlockSession(ctx, s.ID, s.Seen); err != nil {
		return Session{}, fmt.Errorf("auth: unlock the session: %w", err)
	}
	return s, nil
}

// confirm checks the password of someone who is signed in already.
func (g *Gate) confirm(ctx context.Context, p Person, password, address string) error {
	if len(password) > maxPassword {
		return wrongCredentials()
	}
	try, err := g.tries.begin(ctx, p.Login, address)
	if err != nil {
		return err
	}
	credentials, err := g.credentials(ctx, p.ID)
	if err != nil {
		try.uncount()
		return err
	}
	fits, _, err := g.hasher.verify(ctx, password, credentials.Hash)
	if err != nil {
		try.uncount()
		return err
	}
	if !fits {
		return refuse(CodeWrongCredentials, "The password is not right. Try again.")
	}
	try.succeeded()
	return nil
}

// SignOut ends the session, and with it what was opened in it. An unknown
// cookie is no error: the person is out already.
func (g *Gate) SignOut(ctx context.Context, cookie string) error {
	if len(cookie) != cookieChars {
		return nil
	}
	s, err := g.store.SessionByHash(ctx, hashOf(cookie))
	if errors.Is(err, ErrNoRecord) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("auth: find the session: %w", err)
	}
	if err := g.store.EndSession(ctx, s.ID); err != nil {
		return fmt.Errorf("auth: end the session: %w", err)
	}
	g.cfg.Announce(ctx, Revocation{Person: s.Person, Session: s.ID})
	return nil
}

// Sweep deletes what ended a day ago or more: sessions, links, spent tickets,
// void keys. Calling it once an hour is enough.
func (g *Gate) Sweep(ctx context.Context) error {
	if err := g.store.Sweep(ctx, g.cfg.Now().Add(-sweepKeeps).UTC()); err != nil {
		return fmt.Errorf("auth: sweep: %w", err)
	}
	return nil
}
