package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	password = "correct horse 马"
	clinicIP = "192.0.2.10"
	otherIP  = "198.51.100.7"
)

// cheap is a cost that tests can afford.
var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

// house is a gate with one of each kind of person, inside a bubble of time.
type house struct {
	*Gate
	memory *memory
	mu     sync.Mutex // guards told
	told   []Revocation
}

func newHouse(t *testing.T, cfg Config) *house {
	t.Helper()
	m := newMemory()
	seal, err := NewSeal(make([]byte, SealKeySize))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := OpenKeys(t.Context(), m, seal, KeysConfig{})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{memory: m}
	cfg.Cost = cheap
	cfg.Announce = func(_ context.Context, r Revocation) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, r)
	}
	if h.Gate, err = NewGate(m, keys, cfg); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for login, roles := range map[string][]Role{
		"doctor": {Requester}, "admin": {InstitutionAdmin, Requester}, "head": {PartnershipAdmin},
	} {
		p := Person{ID: "id-" + login, Tenant: "here", Login: login, Grants: grants("clinic", roles...)}
		for i := range p.Grants {
			p.Grants[i].From = now
		}
		m.people[p.ID] = p
		m.secrets[p.ID] = Credentials{Person: p.ID, Hash: HashPassword(password, cheap)}
	}
	return h
}

func (h *house) in(t *testing.T, login string) (Session, string) {
	t.Helper()
	s, cookie, err := h.SignIn(t.Context(), login, password, "", clinicIP)
	if err != nil {
		t.Fatalf("sign in as %s: %v", login, err)
	}
	return s, cookie
}

func (h *house) change(id string, f func(*Person)) {
	h.memory.mu.Lock()
	defer h.memory.mu.Unlock()
	p := h.memory.people[id]
	f(&p)
	h.memory.people[id] = p
}

func wantCode(t *testing.T, err error, code Code) {
	t.Helper()
	if !Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestSignInAndOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, cookie := h.in(t, " Doctor ") // capitals and blanks are the keyboard's
		a, again, err := h.Authenticate(t.Context(), cookie)
		if err != nil || a.Person != "id-doctor" || a.Tenant != "here" || a.Session != s.ID || !a.HasAt(Requester, "clinic") || again.ID != s.ID {
			t.Fatalf("got %+v, %+v, %v", a, again, err)
		}
		for _, stored := range h.memory.sessions {
			if strings.Contains(string(stored.Hash), cookie) || len(stored.Hash) != 32 {
				t.Error("the cookie's value is stored")
			}
		}
		for _, forged := range []string{"", "x", cookie[:42], cookie + "x", strings.Repeat("A", 43), strings.Repeat("A", 1<<20)} {
			if _, _, err := h.Authenticate(t.Context(), forged); !Is(err, CodeSignedOut) {
				t.Errorf("a forged cookie of %d characters: %v", len(forged), err)
			}
		}
		if err := h.SignOut(t.Context(), cookie); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
		if len(h.told) != 1 || !h.told[0].Ends(a) {
			t.Errorf("signing out was told as %+v", h.told)
		}
		if err := h.SignOut(t.Context(), cookie); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
	})
}

func TestRefusedSignIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		h.memory.people["id-new"] = Person{ID: "id-new", Tenant: "here", Login: "new"} // no password yet
		for _, c := range []struct{ login, password string }{
			{"doctor", "wrong"}, {"nobody", password}, {"new", ""}, {"new", password}, {"", ""},
			{"doctor", strings.Repeat("x", maxPassword+1)}, {strings.Repeat("x", maxLogin+1), password},
		} {
			_, _, err := h.SignIn(t.Context(), c.login, c.password, "", otherIP)
			wantCode(t, err, CodeWrongCredentials)
		}
		h.change("id-doctor", func(p *Person) { p.Disabled = true })
		_, _, err := h.SignIn(t.Context(), "doctor", "wrong", "", clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		_, _, err = h.SignIn(t.Context(), "doctor", password, "", clinicIP)
		wantCode(t, err, CodeDisabled)

		h.memory.broken = errors.New("disk on fire")
		_, _, err = h.SignIn(t.Context(), "head", password, "", clinicIP)
		if err == nil || errors.As(err, new(*Error)) {
			t.Errorf("a broken storage is told to the person as %v", err)
		}
	})
}

func TestGuessingIsSlowedThenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		h.in(t, "doctor")
		var waits []time.Duration
		for range triesPlaceLogin {
			began := time.Now()
			_, _, err := h.SignIn(t.Context(), "doctor", "wrong", "", clinicIP)
			wantCode(t, err, CodeWrongCredentials)
			waits = append(waits, time.Since(began))
		}
		if waits[triesFree-1] != 0 || waits[triesFree] != triesSlow || waits[triesPlaceLogin-1] != triesSlowest {
			t.Errorf("the tries waited %v", waits)
		}
		_, _, err := h.SignIn(t.Context(), "doctor", password, "", clinicIP)
		wantCode(t, err, CodeTooManyTries)
		var refusal *Error
		if errors.As(err, &refusal); refusal.RetryAfter <= 0 || refusal.RetryAfter > triesWindow {
			t.Fatalf("retry after %v", refusal.RetryAfter)
		}
		if _, _, err := h.SignIn(t.Context(), "doctor", password, "", otherIP); err != nil {
			t.Errorf("from elsewhere the owner is kept out: %v", err)
		}
		if _, _, err := h.SignIn(t.Context(), "admin", password, "", clinicIP); err != nil {
			t.Errorf("a colleague at the same clinic is kept out: %v", err)
		}
		time.Sleep(refusal.RetryAfter)
		h.in(t, "doctor")
	})
}

func TestParallelGuessesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for range 60 {
			wg.Go(func() {
				_, _, err := h.SignIn(t.Context(), "doctor", "wrong", "", clinicIP)
				mu.Lock()
				defer mu.Unlock()
				if Is(err, CodeTooManyTries) {
					refused++
				}
			})
		}
		wg.Wait()
		if refused != 60-triesPlaceLogin {
			t.Errorf("%d of 60 parallel guesses were refused", refused)
		}
	})
}

func TestStrangersDoNotKeepTheOwnerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		h.in(t, "doctor")
		var err error
		for i := range 2 * triesLogin {
			_, _, err = h.SignIn(t.Context(), "doctor", "wrong", "", "2001:db8:0:"+string(rune('1'+i%9))+"::"+string(rune('1'+i%7)))
		}
		wantCode(t, err, CodeTooManyTries)
		h.in(t, "doctor") // from where they came before
	})
}

func TestIdleLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, cookie := h.in(t, "doctor")
		for range 10 { // working
			time.Sleep(10 * time.Minute)
			if _, _, err := h.Authenticate(t.Context(), cookie); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 { // talking
			time.Sleep(10 * time.Minute)
			if err := h.KeepAwake(t.Context(), s.ID, false); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Minute)
		if _, _, err := h.Peek(t.Context(), cookie); err != nil { // the page refreshes by itself
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		a, locked, err := h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeLocked)
		if a.Person != "" || locked.Person != "id-doctor" || !locked.Locked {
			t.Errorf("locked: actor %+v, session %+v", a, locked)
		}
		if err := h.KeepAwake(t.Context(), s.ID, false); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeLocked) // and stays locked
		_, err = h.Unlock(t.Context(), cookie, "wrong", clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		if open, err := h.Unlock(t.Context(), cookie, password, clinicIP); err != nil || open.Locked {
			t.Fatalf("unlock: %+v, %v", open, err)
		}
		if _, _, err := h.Authenticate(t.Context(), cookie); err != nil {
			t.Fatal(err)
		}
		if err := h.Lock(t.Context(), cookie); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeLocked)
	})
}

// The absolute limit does not end a call, and counts again when it is over.
func TestACallOutlastsTheSessionsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, cookie := h.in(t, "doctor")
		actor, _, err := h.Authenticate(t.Context(), cookie)
		if err != nil {
			t.Fatal(err)
		}
		stay := func(inCall bool, minutes int) {
			t.Helper()
			for range minutes {
				time.Sleep(time.Minute)
				if err := h.KeepAwake(t.Context(), s.ID, inCall); err != nil {
					t.Fatal(err)
				}
			}
		}
		stay(false, 12*60-30) // a day at the desk: this alone moves no limit
		stay(true, 120)       // a call over the limit
		token, err := h.Issue(actor, RoomToken, Claims{Consult: "c", Participant: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.AuthenticateToken(t.Context(), RoomToken, token); err != nil {
			t.Errorf("the call ended with the session's limit: %v", err)
		}
		if _, _, err := h.Authenticate(t.Context(), cookie); err != nil {
			t.Errorf("the page of a call was signed out: %v", err)
		}
		stay(false, 10) // the call is over
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
		_, _, err = h.AuthenticateToken(t.Context(), RoomToken, token)
		if err == nil {
			t.Error("the room token outlived the session")
		}
	})
}

// A call keeps nobody in whose access was taken away.
func TestACallDoesNotReviveWhatWasRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, cookie := h.in(t, "doctor")
		if _, err := h.Revoke(t.Context(), "id-doctor"); err != nil {
			t.Fatal(err)
		}
		if err := h.KeepAwake(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		_, _, err := h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
	})
}

func TestWithdrawnFindsWhatNobodyAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		here := map[string]Actor{}
		for _, login := range []string{"doctor", "admin", "head"} {
			_, cookie := h.in(t, login)
			a, _, err := h.Authenticate(t.Context(), cookie)
			if err != nil {
				t.Fatal(err)
			}
			here[login] = a
		}
		machine := Actor{Person: "id-doctor", Tenant: "here"}
		second, _ := h.in(t, "doctor")
		other := Actor{Person: "id-doctor", Tenant: "here", Session: second.ID}
		all := []Actor{here["doctor"], here["admin"], here["head"], machine, other}
		withdrawn := func() []Revocation {
			t.Helper()
			list, err := h.Withdrawn(t.Context(), all)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := withdrawn(); len(list) != 0 {
			t.Fatalf("nobody lost access: %+v", list)
		}
		// The password is changed in the first session, which stays; the head's account is closed.
		epoch, err := h.memory.SetPassword(t.Context(), "id-doctor", "hash", here["doctor"].Session)
		if err != nil {
			t.Fatal(err)
		}
		h.change("id-head", func(p *Person) { p.Disabled = true })
		list := withdrawn()
		for name, c := range map[string]struct {
			actor Actor
			ends  bool
		}{"kept": {here["doctor"], false}, "untouched": {here["admin"], false}, "closed": {here["head"], true}, "machine": {machine, true}, "other": {other, true}} {
			if ends := slices.ContainsFunc(list, func(r Revocation) bool { return r.Ends(c.actor) }); ends != c.ends {
				t.Errorf("%s: ends %v, want %v (epoch %d, %+v)", name, ends, c.ends, epoch, list)
			}
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, cookie := h.in(t, "doctor")
		for range 12 * 6 {
			time.Sleep(10 * time.Minute)
			_, _, _ = h.Authenticate(t.Context(), cookie)
		}
		_, _, err := h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
		_, err = h.Unlock(t.Context(), cookie, password, clinicIP)
		wantCode(t, err, CodeSignedOut)
		time.Sleep(sweepKeeps + time.Minute)
		if err := h.Sweep(t.Context()); err != nil || len(h.memory.sessions) != 0 {
			t.Errorf("%d sessions are left, %v", len(h.memory.sessions), err)
		}
	})
}

func TestGrantsBeginAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		now := time.Now()
		h.change("id-doctor", func(p *Person) {
			p.Grants = []Grant{
				{Institution: "clinic", Role: Requester, From: now, Until: now.Add(5 * time.Minute)},
				{Institution: "hospital", Role: Expert, From: now.Add(5 * time.Minute)},
			}
		})
		_, cookie := h.in(t, "doctor")
		if a, _, err := h.Authenticate(t.Context(), cookie); err != nil || !a.Has(Requester) || a.Has(Expert) {
			t.Fatalf("at first: %+v, %v", a, err)
		}
		time.Sleep(5 * time.Minute)
		if a, _, err := h.Authenticate(t.Context(), cookie); err != nil || a.Has(Requester) || !a.Has(Expert) {
			t.Fatalf("then: %+v, %v", a, err)
		}
	})
}

func TestRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, cookie := h.in(t, "doctor")
		a, _, _ := h.Authenticate(t.Context(), cookie)
		room := Claims{Consult: "c", Participant: "x", May: []string{"camera"}}
		token, err := h.Issue(a, RoomToken, room)
		if err != nil {
			t.Fatal(err)
		}
		got, c, err := h.AuthenticateToken(t.Context(), RoomToken, token)
		if err != nil || got.Person != a.Person || got.Session != a.Session || !got.Has(Requester) || c.Consult != "c" || c.May[0] != "camera" {
			t.Fatalf("before: %+v, %+v, %v", got, c, err)
		}
		if _, err := h.Revoke(t.Context(), "id-doctor"); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
		_, _, err = h.AuthenticateToken(t.Context(), RoomToken, token)
		wantCode(t, err, CodeRevoked)
		if len(h.told) != 1 || !h.told[0].Ends(a) || h.told[0].Ends(Actor{Person: "id-head"}) {
			t.Errorf("told %+v", h.told)
		}
		_, cookie = h.in(t, "doctor")
		a, _, _ = h.Authenticate(t.Context(), cookie)
		if h.told[0].Ends(a) {
			t.Error("an old revocation ends what was opened after it")
		}
		token, _ = h.Issue(a, RoomToken, room)
		if err := h.SignOut(t.Context(), cookie); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.AuthenticateToken(t.Context(), RoomToken, token)
		wantCode(t, err, CodeRevoked)
		_, cookie = h.in(t, "doctor")
		a, _, _ = h.Authenticate(t.Context(), cookie)
		token, _ = h.Issue(a, RoomToken, room)
		h.change("id-doctor", func(p *Person) { p.Disabled = true })
		_, _, err = h.AuthenticateToken(t.Context(), RoomToken, token)
		wantCode(t, err, CodeRevoked)
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
	})
}

func TestChangePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, other := h.in(t, "doctor")
		s, cookie := h.in(t, "doctor")
		const fresh = "another horse 牛"
		wantCode(t, h.ChangePassword(t.Context(), s, "wrong", fresh, clinicIP), CodeWrongCredentials)
		for _, weak := range []string{"short", "aaaaaaaaaaaaaaa", "my-doctor-password", password, strings.Repeat("xyzw", 65), "bad\xffbytes here"} {
			wantCode(t, h.ChangePassword(t.Context(), s, password, weak, clinicIP), CodeWeakPassword)
		}
		mine, _, _ := h.Authenticate(t.Context(), cookie)
		theirs, _, _ := h.Authenticate(t.Context(), other)
		call := Claims{Consult: "c", Participant: "p"}
		myCall, err1 := h.Issue(mine, RoomToken, call)
		theirCall, err2 := h.Issue(theirs, RoomToken, call)
		if err := errors.Join(err1, err2, h.ChangePassword(t.Context(), s, password, fresh, clinicIP)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.AuthenticateToken(t.Context(), RoomToken, myCall); err != nil {
			t.Errorf("changing the password ends the call in the same browser: %v", err)
		}
		_, _, err := h.AuthenticateToken(t.Context(), RoomToken, theirCall)
		wantCode(t, err, CodeRevoked)
		if _, _, err := h.Authenticate(t.Context(), cookie); err != nil {
			t.Errorf("the own session ended: %v", err)
		}
		_, _, err = h.Authenticate(t.Context(), other)
		wantCode(t, err, CodeSignedOut)
		if r := h.told[len(h.told)-1]; r.Ends(mine) || !r.Ends(theirs) {
			t.Errorf("told %+v", r)
		}
		_, _, err = h.SignIn(t.Context(), "doctor", password, "", clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		if _, _, err := h.SignIn(t.Context(), "doctor", fresh, "", clinicIP); err != nil {
			t.Error(err)
		}
		if err := h.SetPassword(t.Context(), "id-doctor", password); err != nil {
			t.Fatal(err)
		}
		h.in(t, "doctor")
	})
}

func TestFullDiskDoesNotSignOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, cookie := h.in(t, "doctor")
		h.store = readOnly{h.memory}
		time.Sleep(time.Minute)
		if _, _, err := h.Authenticate(t.Context(), cookie); err != nil {
			t.Errorf("reading is refused on a full disk: %v", err)
		}
		time.Sleep(time.Hour)
		_, _, err := h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeLocked)
	})
}

// readOnly is a storage on a full disk.
type readOnly struct{ *memory }

var errFull = errors.New("no space left on device")

func (readOnly) TouchSession(context.Context, string, time.Time) error { return errFull }
func (readOnly) LockSession(context.Context, string) error             { return errFull }
