package auth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Issue signs a token for the actor: person, tenant, session and revocation
// epoch are the actor's, the rest is what the claims say.
func (g *Gate) Issue(a Actor, kind Kind, c Claims) (string, error) {
	c.Person, c.Tenant, c.Session, c.PersonEpoch = a.Person, a.Tenant, a.Session, a.Epoch
	return g.keys.Issue(kind, c)
}

// AuthenticateToken says who is behind a token: it verifies it (which spends a
// ticket) and that neither the person nor the session it came from has lost
// access since. The roles are the ones held now, not those held when it was
// issued; an administrator's roles are not exercised through sockets.
func (g *Gate) AuthenticateToken(ctx context.Context, kind Kind, token string) (Actor, Claims, error) {
	c, err := g.keys.Verify(ctx, kind, token)
	if err != nil {
		return Actor{}, Claims{}, err
	}
	revoked := refuse(CodeRevoked, "This access was withdrawn. Sign in again.")
	p, err := g.store.Person(ctx, c.Person)
	if errors.Is(err, ErrNoRecord) {
		return Actor{}, Claims{}, revoked
	}
	if err != nil {
		return Actor{}, Claims{}, fmt.Errorf("auth: find the person: %w", err)
	}
	if p.Disabled || p.Tenant != c.Tenant || c.Session == "" && p.Epoch != c.PersonEpoch {
		return Actor{}, Claims{}, revoked
	}
	// A session that is still there at today's epoch was kept by whatever raised
	// it, as when its person changes their password; so is what was made in it.
	if c.Session != "" {
		s, err := g.store.Session(ctx, c.Session)
		if errors.Is(err, ErrNoRecord) {
			return Actor{}, Claims{}, revoked
		}
		if err != nil {
			return Actor{}, Claims{}, fmt.Errorf("auth: find the session: %w", err)
		}
		if s.Person != p.ID || s.Epoch != p.Epoch || !g.cfg.Now().Before(s.Expires) {
			return Actor{}, Claims{}, revoked
		}
	}
	grants := p.Holds(g.cfg.Now())
	if kind != APIToken {
		grants = slices.DeleteFunc(grants, func(x Grant) bool { return administers(x.Role) })
	}
	return Actor{Person: p.ID, Tenant: p.Tenant, Session: c.Session, Grants: grants, Epoch: p.Epoch}, c, nil
}

// Revoke withdraws all access that the person has now: every session and token
// ends, live calls included. Call it after disabling a person or taking a role
// away. It returns the new epoch.
func (g *Gate) Revoke(ctx context.Context, person string) (int64, error) {
	epoch, err := g.store.Revoke(ctx, person)
	if err != nil {
		return 0, fmt.Errorf("auth: revoke: %w", err)
	}
	g.cfg.Announce(ctx, Revocation{Person: person, Epoch: epoch})
	return epoch, nil
}

// Withdrawn says which of these actors have lost access since they were let in,
// as the revocations that end what they opened. The database is asked, so that
// it also finds what no announcement told: the command line's work, and what
// other nodes did while the bus was away.
func (g *Gate) Withdrawn(ctx context.Context, actors []Actor) ([]Revocation, error) {
	var people, sessions []string
	for _, a := range actors {
		people = append(people, a.Person)
		if a.Session != "" {
			sessions = append(sessions, a.Session)
		}
	}
	slices.Sort(people)
	slices.Sort(sessions)
	ofPeople, ofSessions, err := g.store.Epochs(ctx, slices.Compact(people), slices.Compact(sessions))
	if err != nil {
		return nil, fmt.Errorf("auth: look for withdrawn access: %w", err)
	}
	kept := make(map[string]string) // the session in which a person changed their password
	for _, a := range actors {
		if e, open := ofSessions[a.Session]; open && a.Epoch < e && e == ofPeople[a.Person] {
			kept[a.Person] = a.Session
		}
	}
	var out []Revocation
	for _, a := range actors {
		today, known := ofPeople[a.Person]
		session, open := ofSessions[a.Session]
		switch {
		case !known:
			out = append(out, Revocation{Person: a.Person, Epoch: math.MaxInt64})
		case a.Session == "" && a.Epoch < today:
			out = append(out, Revocation{Person: a.Person, Epoch: today, Keep: kept[a.Person]})
		case a.Session != "" && (!open || session != today):
			out = append(out, Revocation{Person: a.Person, Session: a.Session})
		}
	}
	slices.SortFunc(out, func(a, b Revocation) int { return strings.Compare(a.Person+a.Session, b.Person+b.Session) })
	return slices.Compact(out), nil
}

// ChangePassword replaces the password of who is signed in, and ends the
// person's other sessions and everything opened in them.
func (g *Gate) ChangePassword(ctx context.Context, s Session, old, fresh, address string) error {
	p, err := g.store.Person(ctx, s.Person)
	if err != nil {
		return fmt.Errorf("auth: find the person: %w", err)
	}
	if err := g.confirm(ctx, p, old, address); err != nil {
		return err
	}
	if old == fresh {
		return refuse(CodeWeakPassword, "The new password is the old one: choose another.")
	}
	if err := CheckPassword(fresh, p.Login); err != nil {
		return err
	}
	hash, err := g.hasher.hash(ctx, fresh)
	if err != nil {
		return err
	}
	epoch, err := g.store.SetPassword(ctx, p.ID, hash, s.ID)
	if err != nil {
		return fmt.Errorf("auth: set the password: %w", err)
	}
	g.cfg.Announce(ctx, Revocation{Person: p.ID, Epoch: epoch, Keep: s.ID})
	return nil
}

// SetPassword gives a person a password without asking for the old one; the
// command line uses it. All their sessions end.
func (g *Gate) SetPassword(ctx context.Context, person, password string) error {
	p, err := g.store.Person(ctx, person)
	if err != nil {
		return fmt.Errorf("auth: find the person: %w", err)
	}
	if err := CheckPassword(password, p.Login); err != nil {
		return err
	}
	hash, err := g.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	epoch, err := g.store.SetPassword(ctx, p.ID, hash, "")
	if err != nil {
		return fmt.Errorf("auth: set the password: %w", err)
	}
	g.cfg.Announce(ctx, Revocation{Person: p.ID, Epoch: epoch})
	return nil
}
