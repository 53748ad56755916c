package auth

import (
	"context"
	"errors"
	"time"
)

// What storage answers when a row is missing, or a login belongs to another
// person. Implementations may wrap them.
var (
	ErrNoRecord   = errors.New("auth: no such record")
	ErrLoginTaken = errors.New("auth: login belongs to another person")
)

// Credentials are a person's secrets. They never leave the server.
type Credentials struct {
	Person  string
	Hash    string // argon2id in PHC form; empty: no password set yet, so nobody can sign in
	Secret  []byte // sealed TOTP secret in force; empty: no second factor
	Pending []byte // sealed TOTP secret that was begun and not confirmed
	Step    int64  // last TOTP time step used; a code of this or an earlier step is a replay
}

// Session is one signed-in browser. The browser holds a random value of which
// only the SHA-256 is stored.
type Session struct {
	ID           string    `json:"id"`
	Person       string    `json:"person"`
	Tenant       string    `json:"tenant"`
	Hash         []byte    `json:"-"` // SHA-256 of the cookie value, unique
	Epoch        int64     `json:"-"` // the person's epoch when signing in
	Created      time.Time `json:"created"`
	Seen         time.Time `json:"seen" doc:"last activity, to within half a minute"`
	Expires      time.Time `json:"expires"`
	Locked       bool      `json:"locked" doc:"idle too long: the password is needed again"`
	SecondFactor bool      `json:"second_factor" doc:"a second factor was used to sign in"`
	Address      string    `json:"address" doc:"network address of the browser when signing in"`

	// SecondFactorDue is worked out on each use and not stored: the person is
	// an administrator, must have a second factor, and has none yet; until it
	// is set up the administrator's roles are not in force.
	SecondFactorDue bool `json:"second_factor_due"`
}

// Holder is who the session belongs to, without any role: as much as a locked
// session still is good for.
func (s Session) Holder() Actor {
	return Actor{Person: s.Person, Tenant: s.Tenant, Session: s.ID, Epoch: s.Epoch}
}

// LinkKind says what a one-time link is for.
type LinkKind string

const (
	ResetLink     LinkKind = "reset"     // sets a person's password anew
	EnrolmentLink LinkKind = "enrolment" // makes the first administrator of a partnership
)

// Link is a one-time link. Its token travels in the URL's fragment, which
// browsers do not send; only the SHA-256 is stored.
type Link struct {
	ID      string
	Kind    LinkKind
	Hash    []byte // SHA-256 of the token, unique
	Tenant  string
	Person  string // whose password; empty for an enrolment
	By      string // person who issued it; empty for the command line
	Factor  bool   // using it also removes the second factor (lost telephone)
	Created time.Time
	Expires time.Time
	Used    time.Time // zero: not yet
}

// SigningKey is one Ed25519 key of the ring. The private half is sealed.
type SigningKey struct {
	ID      string // the token header's kid
	Public  []byte // 32 bytes
	Private []byte // the sealed seed
	From    time.Time
	Retire  time.Time // from here on it verifies only
	Until   time.Time // from here on it is void
}

// The interfaces below are what this package asks of its storage; rooms/store
// implements them all, a test keeps them in memory. Every method is one
// transaction. Times are UTC. A missing row is ErrNoRecord.

type accounts interface {
	Person(ctx context.Context, id string) (Person, error)
	PersonByLogin(ctx context.Context, login string) (Person, error) // login as NormalLogin makes it
	Credentials(ctx context.Context, person string) (Credentials, error)
}

type passwords interface {
	// SetPassword stores the hash, raises the person's epoch by one and ends
	// all the person's sessions but keep (may be empty), which gets the new
	// epoch. It returns the new epoch.
	SetPassword(ctx context.Context, person, hash, keep string) (int64, error)
	// Rehash replaces the hash if it is still old (same password, new cost).
	Rehash(ctx context.Context, person, old, hash string) error
	// Revoke raises the person's epoch by one, ends all their sessions and
	// returns the new epoch.
	Revoke(ctx context.Context, person string) (int64, error)
}

type secondFactors interface {
	// SetSecondFactor stores the sealed secrets, either of which may be nil;
	// Person.TOTP is true exactly when secret is not empty. Step is kept.
	SetSecondFactor(ctx context.Context, person string, secret, pending []byte) error
	// UseStep sets the step if it is greater than the stored one, and reports
	// whether it was: of two equal attempts at most one is true.
	UseStep(ctx context.Context, person string, step int64) (bool, error)
}

type sessions interface {
	AddSession(ctx context.Context, s Session) error
	Session(ctx context.Context, id string) (Session, error)
	SessionByHash(ctx context.Context, hash []byte) (Session, error)
	EndSession(ctx context.Context, id string) error // ending a missing one is no error
}

type idling interface {
	TouchSession(ctx context.Context, id string, seen time.Time) error   // never back in time, never unlocks
	ExtendSession(ctx context.Context, id string, until time.Time) error // never shortens
	LockSession(ctx context.Context, id string) error
	UnlockSession(ctx context.Context, id string, seen time.Time) error
}

type standing interface {
	// Epochs answers today's epoch of each of these people who may sign in, and
	// of each of these sessions; who or what is missing is left out.
	Epochs(ctx context.Context, people, sessions []string) (ofPeople, ofSessions map[string]int64, err error)
}

type links interface {
	// AddLink stores the link and voids unused ones of its kind for the same
	// person (reset) or tenant (enrolment).
	AddLink(ctx context.Context, l Link) error
	LinkByHash(ctx context.Context, hash []byte) (Link, error)
	// RedeemReset marks the link used, stores the hash, removes the second
	// factor if the link says so, raises the epoch and ends all sessions: all
	// or nothing. used is false when another call used or voided the link.
	RedeemReset(ctx context.Context, link string, at time.Time, hash string) (epoch int64, used bool, err error)
	// RedeemEnrolment marks the link used and creates the person with the
	// hash: all or nothing; ErrLoginTaken when the login is in use.
	RedeemEnrolment(ctx context.Context, link string, at time.Time, p Person, hash string) (used bool, err error)
}

type upkeep interface {
	// Enrolled reports whether the tenant has a partnership administrator who
	// is not disabled.
	Enrolled(ctx context.Context, tenant string) (bool, error)
	// Sweep deletes sessions and links that ended before the time, tickets
	// spent that expired before it, and signing keys void since before it.
	Sweep(ctx context.Context, before time.Time) error
}

// storage is all that a Gate asks for.
type storage interface {
	accounts
	passwords
	secondFactors
	sessions
	idling
	standing
	links
	upkeep
}

// keyStorage is all that Keys asks for.
type keyStorage interface {
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	AddSigningKey(ctx context.Context, k SigningKey) error
	// SpendTicket stores the ticket's id until it expires and reports true
	// for the first caller only.
	SpendTicket(ctx context.Context, id string, expires time.Time) (bool, error)
}
