package auth

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"time"
)

// Limits on tries of a secret. A try is counted before it is made, so that
// parallel tries count too, and forgotten when it succeeds.
const (
	triesWindow     = 15 * time.Minute
	triesFree       = 3                      // tries before it slows down
	triesSlow       = 500 * time.Millisecond // then each waits twice as long as the one before
	triesSlowest    = 8 * time.Second
	triesPlaceLogin = 10                  // of one login from one place
	triesLogin      = 40                  // of one login from places it never came from
	triesPlace      = 100                 // from one place: a clinic shares an address
	triesKeys       = 50_000              // entries kept in memory
	triesRemember   = 30 * 24 * time.Hour // how long a place where a login succeeded stays familiar
)

// tries counts attempts in memory, on each node for itself: an attacker gains
// at most a factor of the number of nodes, and sign-in works without Redis.
type tries struct {
	now func() time.Time

	mu      sync.Mutex // guards the fields below
	counts  map[tryKey]*tally
	sweepAt time.Time
}

type tryKey struct{ login, place string }

type tally struct {
	n        int
	since    time.Time
	familiar bool // the login succeeded from this place before
}

func newTries(now func() time.Time) *tries {
	return &tries{now: now, counts: make(map[tryKey]*tally)}
}

// attempt is one counted try. Its outcome must be told by at most one of
// succeeded and uncount; neither means that it failed.
type attempt struct {
	t            *tries
	login, place string
}

// begin counts a try and waits as long as the slow-down asks, or refuses it.
func (t *tries) begin(ctx context.Context, login, address string) (*attempt, error) {
	a := &attempt{t: t, login: login, place: placeOf(address)}
	wait, refused := a.count()
	if refused > 0 {
		return nil, &Error{Code: CodeTooManyTries, RetryAfter: refused,
			Message: "Too many wrong tries. Wait a while, or ask your administrator for a reset link."}
	}
	if wait == 0 {
		return a, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err() // stays counted
	}
}

func (a *attempt) keys() (both, login, place tryKey) {
	return tryKey{a.login, a.place}, tryKey{login: a.login}, tryKey{place: a.place}
}

func (a *attempt) count() (wait, refused time.Duration) {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	now := a.t.now()
	a.t.sweepLocked(now)
	kBoth, kLogin, kPlace := a.keys()
	place := a.t.tallyLocked(kPlace, now)
	if place.n >= triesPlace { // before anything is kept of a made-up login
		return 0, place.left(now)
	}
	both, login := a.t.tallyLocked(kBoth, now), a.t.tallyLocked(kLogin, now)
	if both.n >= triesPlaceLogin {
		return 0, both.left(now)
	}
	if login.n >= triesLogin && !both.familiar {
		// Strangers who guess at a login must not keep its owner out.
		return 0, login.left(now)
	}
	both.n++
	login.n++
	place.n++
	if over := both.n - triesFree; over > 0 {
		wait = min(triesSlow<<(over-1), triesSlowest)
	}
	return wait, 0
}

// succeeded forgets the tries of this login from this place.
func (a *attempt) succeeded() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	now := a.t.now()
	kBoth, kLogin, kPlace := a.keys()
	both := a.t.tallyLocked(kBoth, now)
	login, place := a.t.tallyLocked(kLogin, now), a.t.tallyLocked(kPlace, now)
	login.n = max(0, login.n-both.n)
	place.n = max(0, place.n-both.n)
	both.n, both.familiar = 0, true
}

// uncount takes back this one try: it was neither right nor wrong.
func (a *attempt) uncount() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	now := a.t.now()
	kBoth, kLogin, kPlace := a.keys()
	for _, k := range []tryKey{kBoth, kLogin, kPlace} {
		e := a.t.tallyLocked(k, now)
		e.n = max(0, e.n-1)
	}
}

func (e *tally) left(now time.Time) time.Duration {
	return max(time.Second, e.since.Add(triesWindow).Sub(now).Round(time.Second))
}

func (t *tries) tallyLocked(k tryKey, now time.Time) *tally {
	e := t.counts[k]
	if e == nil {
		e = &tally{since: now}
		t.counts[k] = e
	}
	if e.n == 0 || now.Sub(e.since) >= triesWindow {
		e.n, e.since = 0, now
	}
	return e
}

// sweepLocked keeps the memory bounded: once a window, what has run out goes.
// In a flood of made-up logins from everywhere, what was tried once or twice
// goes first, so that the flood does not wash away the count of a real attack.
func (t *tries) sweepLocked(now time.Time) {
	if now.Before(t.sweepAt) && len(t.counts) < triesKeys {
		return
	}
	t.sweepAt = now.Add(triesWindow)
	maps.DeleteFunc(t.counts, func(_ tryKey, e *tally) bool {
		idle := now.Sub(e.since)
		return idle >= triesWindow && !e.familiar || idle >= triesRemember
	})
	if len(t.counts) < triesKeys {
		return
	}
	maps.DeleteFunc(t.counts, func(_ tryKey, e *tally) bool { return e.n <= 2 && !e.familiar })
	if len(t.counts) >= triesKeys/2 {
		clear(t.counts)
	}
}

// placeOf is the network a try comes from: an IPv4 address, an IPv6 /64.
func placeOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		if ap, errPort := netip.ParseAddrPort(address); errPort == nil {
			ip = ap.Addr()
		} else {
			return "unknown"
		}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		prefix, _ := ip.Prefix(64)
		return prefix.String()
	}
	return ip.String()
}
