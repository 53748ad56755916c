package auth

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memory is the storage of this package's own tests; the real one is
// rooms/store, which has a suite of its own.
type memory struct {
	mu       sync.Mutex // guards the fields below
	people   map[string]Person
	secrets  map[string]Credentials
	sessions map[string]Session
	links    map[string]Link
	keys     []SigningKey
	spent    map[string]time.Time
	reads    int   // of the ring
	broken   error // answer of everything, if set
}

var (
	_ storage    = (*memory)(nil)
	_ keyStorage = (*memory)(nil)
)

func newMemory() *memory {
	return &memory{
		people: map[string]Person{}, secrets: map[string]Credentials{}, sessions: map[string]Session{},
		links: map[string]Link{}, spent: map[string]time.Time{},
	}
}

func (m *memory) do(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	return f()
}

// one finds a single element.
func one[T any](m *memory, all map[string]T, fits func(T) bool) (found T, err error) {
	err = m.do(func() error {
		for _, v := range all {
			if fits(v) {
				found = v
				return nil
			}
		}
		return ErrNoRecord
	})
	return found, err
}

func (m *memory) Person(_ context.Context, id string) (Person, error) {
	return one(m, m.people, func(p Person) bool { return p.ID == id })
}

func (m *memory) PersonByLogin(_ context.Context, login string) (Person, error) {
	return one(m, m.people, func(p Person) bool { return p.Login == login })
}

func (m *memory) Credentials(_ context.Context, person string) (Credentials, error) {
	return one(m, m.secrets, func(c Credentials) bool { return c.Person == person })
}

func (m *memory) setHashLocked(person, hash, keep string) int64 {
	p := m.people[person]
	p.Epoch++
	m.people[person] = p
	if hash != "" {
		c := m.secrets[person]
		c.Person, c.Hash = person, hash
		m.secrets[person] = c
	}
	maps.DeleteFunc(m.sessions, func(id string, s Session) bool { return s.Person == person && id != keep })
	if s, ok := m.sessions[keep]; ok {
		s.Epoch = p.Epoch
		m.sessions[keep] = s
	}
	return p.Epoch
}

func (m *memory) SetPassword(_ context.Context, person, hash, keep string) (epoch int64, err error) {
	err = m.do(func() error { epoch = m.setHashLocked(person, hash, keep); return nil })
	return epoch, err
}

func (m *memory) Rehash(_ context.Context, person, old, hash string) error {
	return m.do(func() error {
		if c := m.secrets[person]; c.Hash == old {
			c.Hash = hash
			m.secrets[person] = c
		}
		return nil
	})
}

func (m *memory) Revoke(_ context.Context, person string) (epoch int64, err error) {
	err = m.do(func() error { epoch = m.setHashLocked(person, "", ""); return nil })
	return epoch, err
}

func (m *memory) SetSecondFactor(_ context.Context, person string, secret, pending []byte) error {
	return m.do(func() error {
		c := m.secrets[person]
		c.Person, c.Secret, c.Pending = person, secret, pending
		m.secrets[person] = c
		p := m.people[person]
		p.TOTP = len(secret) > 0
		m.people[person] = p
		return nil
	})
}

func (m *memory) UseStep(_ context.Context, person string, step int64) (fresh bool, err error) {
	err = m.do(func() error {
		c := m.secrets[person]
		if fresh = step > c.Step; fresh {
			c.Step = step
			m.secrets[person] = c
		}
		return nil
	})
	return fresh, err
}

func (m *memory) AddSession(_ context.Context, s Session) error {
	return m.do(func() error { m.sessions[s.ID] = s; return nil })
}

func (m *memory) Session(_ context.Context, id string) (Session, error) {
	return one(m, m.sessions, func(s Session) bool { return s.ID == id })
}

func (m *memory) SessionByHash(_ context.Context, hash []byte) (Session, error) {
	return one(m, m.sessions, func(s Session) bool { return bytes.Equal(s.Hash, hash) })
}

func (m *memory) EndSession(_ context.Context, id string) error {
	return m.do(func() error { delete(m.sessions, id); return nil })
}

func (m *memory) changeSession(id string, change func(*Session)) error {
	return m.do(func() error {
		if s, ok := m.sessions[id]; ok {
			change(&s)
			m.sessions[id] = s
		}
		return nil
	})
}

func (m *memory) TouchSession(_ context.Context, id string, seen time.Time) error {
	return m.changeSession(id, func(s *Session) {
		if seen.After(s.Seen) {
			s.Seen = seen
		}
	})
}

func (m *memory) ExtendSession(_ context.Context, id string, until time.Time) error {
	return m.changeSession(id, func(s *Session) {
		if until.After(s.Expires) {
			s.Expires = until
		}
	})
}

func (m *memory) Epochs(_ context.Context, people, sessions []string) (ofPeople, ofSessions map[string]int64, err error) {
	ofPeople, ofSessions = make(map[string]int64), make(map[string]int64)
	err = m.do(func() error {
		for _, id := range people {
			if p, ok := m.people[id]; ok && !p.Disabled {
				ofPeople[id] = p.Epoch
			}
		}
		for _, id := range sessions {
			if s, ok := m.sessions[id]; ok {
				ofSessions[id] = s.Epoch
			}
		}
		return nil
	})
	return ofPeople, ofSessions, err
}

func (m *memory) LockSession(_ context.Context, id string) error {
	return m.changeSession(id, func(s *Session) { s.Locked = true })
}

func (m *memory) UnlockSession(_ context.Context, id string, seen time.Time) error {
	return m.changeSession(id, func(s *Session) { s.Locked, s.Seen = false, seen })
}

func (m *memory) AddLink(_ context.Context, l Link) error {
	return m.do(func() error {
		maps.DeleteFunc(m.links, func(_ string, x Link) bool {
			return x.Used.IsZero() && x.Kind == l.Kind && x.Person == l.Person && x.Tenant == l.Tenant
		})
		m.links[l.ID] = l
		return nil
	})
}

func (m *memory) LinkByHash(_ context.Context, hash []byte) (Link, error) {
	return one(m, m.links, func(l Link) bool { return bytes.Equal(l.Hash, hash) })
}

func (m *memory) useLinkLocked(id string, at time.Time) (Link, bool) {
	l, ok := m.links[id]
	if !ok || !l.Used.IsZero() {
		return l, false
	}
	l.Used = at
	m.links[id] = l
	return l, true
}

func (m *memory) RedeemReset(_ context.Context, link string, at time.Time, hash string) (epoch int64, used bool, err error) {
	err = m.do(func() error {
		var l Link
		if l, used = m.useLinkLocked(link, at); !used {
			return nil
		}
		epoch = m.setHashLocked(l.Person, hash, "")
		if l.Factor {
			c, p := m.secrets[l.Person], m.people[l.Person]
			c.Secret, c.Pending, p.TOTP = nil, nil, false
			m.secrets[l.Person], m.people[l.Person] = c, p
		}
		return nil
	})
	return epoch, used, err
}

func (m *memory) RedeemEnrolment(_ context.Context, link string, at time.Time, p Person, hash string) (used bool, err error) {
	err = m.do(func() error {
		for _, other := range m.people {
			if other.Login == p.Login {
				return ErrLoginTaken
			}
		}
		if _, used = m.useLinkLocked(link, at); used {
			m.people[p.ID] = p
			m.secrets[p.ID] = Credentials{Person: p.ID, Hash: hash}
		}
		return nil
	})
	return used, err
}

func (m *memory) Enrolled(_ context.Context, tenant string) (found bool, err error) {
	err = m.do(func() error {
		for _, p := range m.people {
			found = found || (p.Tenant == tenant && !p.Disabled &&
				slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role == PartnershipAdmin }))
		}
		return nil
	})
	return found, err
}

func (m *memory) Sweep(_ context.Context, before time.Time) error {
	return m.do(func() error {
		maps.DeleteFunc(m.sessions, func(_ string, s Session) bool { return s.Expires.Before(before) })
		maps.DeleteFunc(m.links, func(_ string, l Link) bool { return l.Expires.Before(before) })
		maps.DeleteFunc(m.spent, func(_ string, at time.Time) bool { return at.Before(before) })
		m.keys = slices.DeleteFunc(m.keys, func(k SigningKey) bool { return k.Until.Before(before) })
		return nil
	})
}

func (m *memory) SigningKeys(context.Context) (keys []SigningKey, err error) {
	err = m.do(func() error { m.reads++; keys = slices.Clone(m.keys); return nil })
	return keys, err
}

func (m *memory) AddSigningKey(_ context.Context, k SigningKey) error {
	return m.do(func() error { m.keys = append(m.keys, k); return nil })
}

func (m *memory) SpendTicket(_ context.Context, id string, expires time.Time) (first bool, err error) {
	err = m.do(func() error {
		if _, again := m.spent[id]; !again {
			m.spent[id], first = expires, true
		}
		return nil
	})
	return first, err
}
