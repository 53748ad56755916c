// Package rooms is the consultation itself: the Desk, which holds the use cases
// that people reach over HTTP and sockets, and the Registry with its Rooms and
// Participants, which are the calls that are going on now.
//
// The Desk owns no state beside its connections to storage and cluster; a live
// room is owned by its goroutine. The package must not know HTTP, WebSockets or
// SQL.
package rooms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"consilium/auth"
	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// DeskConfig is what a Desk works with. Store, Blobs, Cluster and Gate are needed.
type DeskConfig struct {
	Store   *store.Store
	Blobs   *store.Blobs
	Cluster *cluster.Cluster
	Gate    *auth.Gate
	Log     *slog.Logger     // nil: nothing is logged
	Now     func() time.Time // nil: time.Now
	Node    string           // names this process in claims; empty: made up
	Demo    bool             // a demonstration: Me says so
}

// Desk is the use cases. Each loads, asks the permission table, lets the
// lifecycle decide, and writes case, audit and outbox in one transaction; what
// is in the outbox is told after the commit.
type Desk struct {
	store   *store.Store
	cluster *cluster.Cluster
	gate    *auth.Gate
	log     *slog.Logger
	now     func() time.Time
	node    string
	demo    bool
	blobs   *store.Blobs
	live    *Registry // nil until Watch
	reads   readLog

	onRevoked []func(auth.Revocation)

	mu       sync.Mutex      // guards what follows
	armed    map[string]bool // sockets of this node that may ring
	reopened map[string]bool // cases whose room was opened at the start, and nobody has come yet
}

// NewDesk makes a desk; Run makes it work by itself.
func NewDesk(cfg DeskConfig) (*Desk, error) {
	if cfg.Store == nil || cfg.Blobs == nil || cfg.Cluster == nil || cfg.Gate == nil {
		return nil, errors.New("rooms: a desk needs a store, blobs, a cluster and a gate")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Node == "" {
		cfg.Node = store.NewID()
	}
	return &Desk{
		store: cfg.Store, blobs: cfg.Blobs, cluster: cfg.Cluster, gate: cfg.Gate, log: cfg.Log, now: cfg.Now, node: cfg.Node, demo: cfg.Demo,
		armed: map[string]bool{}, reopened: map[string]bool{},
	}, nil
}

// Watch lets the desk tell the live rooms of this node of changed cases. Call it
// before Run.
func (d *Desk) Watch(live *Registry) { d.live = live }

type addressKey struct{}

// WithAddress notes the network address of who asks, for the audit trail.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

func addressOf(ctx context.Context) string {
	s, _ := ctx.Value(addressKey{}).(string)
	return s
}

// allow asks the permission table about an act on the case. Who may not even
// know of the case is told that there is none.
func allow(by auth.Actor, act auth.Action, c *consult.Case, now time.Time) error {
	o := c.Object(by.Person, now)
	switch {
	case auth.Allow(by, act, o):
		return nil
	case auth.Visible(by, o):
		return errForbidden
	}
	return errHidden
}

// Explain gives the store's own errors words for people, wherever they came
// through: a full disk shows at the gate as well.
func Explain(err error) error { return hide(err) }

// codeFull says that the disk is full. It may have room again later.
const codeFull = "storage-full"

// hide turns "no such row" into the answer for what is hidden.
func hide(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errHidden
	}
	if errors.Is(err, store.ErrFull) {
		return &Error{Code: codeFull, Message: "the server's disk is full, nothing was saved; tell the administrator, and use the telephone meanwhile"}
	}
	if errors.Is(err, store.ErrBadText) {
		return &Error{Code: "malformed", Message: "the text holds a character that cannot be kept"}
	}
	if errors.Is(err, store.ErrBadCursor) {
		return &Error{Code: "malformed", Message: "this page of the list does not exist; begin with the first"}
	}
	return err
}

// open loads a case for an act that only reads, and writes down that it was
// read, or that it was refused.
func (d *Desk) open(ctx context.Context, by auth.Actor, id string, act auth.Action) (*consult.Case, error) {
	c, err := d.store.Case(ctx, by.Tenant, id)
	if err != nil {
		return nil, hide(err)
	}
	now := d.now()
	if err := allow(by, act, c, now); err != nil {
		d.refused(ctx, by, act, id)
		return nil, err
	}
	if d.reads.first(by.Person, id, act, now) {
		entry := d.entry(ctx, by, act, c)
		entry.Told = act == "case.read" && entry.Person != c.Author
		if err := d.noteRead(ctx, entry); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// noteRead writes down that something was read. On a full disk the server's log
// has to do: nothing can be written, but a doctor must go on reading.
func (d *Desk) noteRead(ctx context.Context, e store.AuditEntry) error {
	err := d.store.Audit(ctx, e)
	if errors.Is(err, store.ErrFull) {
		d.log.ErrorContext(ctx, "the disk is full, a reading is written down here only", "person", e.Person, "action", e.Action, "case", e.Case, "address", e.IP)
		return nil
	}
	return hide(err)
}

func (d *Desk) entry(ctx context.Context, by auth.Actor, act auth.Action, c *consult.Case) store.AuditEntry {
	e := store.AuditEntry{Tenant: by.Tenant, At: d.now(), Person: by.Person, Session: by.Session, IP: addressOf(ctx), Action: string(act)}
	if c != nil {
		e.Case, e.Institution, e.Version = c.ID, institutionOf(by, c), c.Version
	}
	return e
}

// refused writes down an attempt. It must not make the attempt's answer fail.
func (d *Desk) refused(ctx context.Context, by auth.Actor, act auth.Action, id string) {
	e := d.entry(ctx, by, act, nil)
	e.Case, e.Outcome = id, store.Refused
	if err := d.store.Audit(ctx, e); err != nil {
		d.log.ErrorContext(ctx, "refusal not written down", "action", act, "err", err)
	}
}

// institutionOf is where the person acts from in this case.
func institutionOf(by auth.Actor, c *consult.Case) string {
	for _, m := range c.Members {
		if m.Person == by.Person {
			return m.Institution
		}
	}
	for _, g := range by.Grants {
		if g.Institution != "" {
			return g.Institution
		}
	}
	return ""
}

// digest names a request, so that one idempotency key is not used for two.
func digest(parts ...any) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, p := range parts {
		_ = e.Encode(p) // plain data; a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readLog remembers for a minute who read what, so that a page which refreshes
// itself is one read.
type readLog struct {
	mu   sync.Mutex // guards seen
	seen map[string]time.Time
}

const readsCountOnceIn = time.Minute

func (l *readLog) first(person, id string, act auth.Action, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil || len(l.seen) > 20_000 {
		l.seen = map[string]time.Time{}
	}
	k := person + " " + id + " " + string(act)
	if at, ok := l.seen[k]; ok && now.Sub(at) < readsCountOnceIn {
		return false
	}
	l.seen[k] = now
	return true
}
