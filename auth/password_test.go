package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPasswordsOnEveryKeyboard(t *testing.T) {
	h := newHasher(cheap, 1)
	hash := HashPassword("ｐａｓｓ word-é", cheap)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash %s", hash)
	}
	for password, want := range map[string]bool{"pass word-e\u0301": true, "ｐａｓｓ word-é": true, "Pass word-é": false, "": false} {
		if fits, stale, err := h.verify(t.Context(), password, hash); err != nil || fits != want || stale {
			t.Errorf("%q: %v, %v, %v", password, fits, stale, err)
		}
	}
	if first, second := HashPassword("same", cheap), HashPassword("same", cheap); first == second {
		t.Error("two hashes of one password are equal")
	}
}

func TestOldHashesAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		old := HashPassword(password, Cost{Memory: 128, Passes: 1, Lanes: 1})
		h.memory.secrets["id-doctor"] = Credentials{Person: "id-doctor", Hash: old}
		h.in(t, "doctor")
		if now := h.memory.secrets["id-doctor"].Hash; now == old || !strings.Contains(now, "m=64,") {
			t.Errorf("the hash is %s", now)
		}
		h.in(t, "doctor")
	})
}

func TestStoredHashesAreChecked(t *testing.T) {
	h := newHasher(cheap, 1)
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=64,t=0,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=64,t=1,p=0$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$$" + strings.Repeat("A", 43),
	} {
		if fits, _, err := h.verify(t.Context(), "p", bad); fits || !errors.Is(err, errBadHash) {
			t.Errorf("%s: %v, %v", bad, fits, err)
		}
	}
}

func TestHashingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap, 2)
		var ends []func()
		for range 2 {
			end, err := h.turn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, end)
		}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, maxWaiting)
		for range maxWaiting {
			go func() {
				end, err := h.turn(ctx)
				if err == nil {
					end()
				}
				results <- err
			}()
		}
		synctest.Wait()
		if len(results) != 0 {
			t.Error("more hash at once than may")
		}
		_, err := h.turn(t.Context())
		wantCode(t, err, CodeBusy)
		ends[0]()
		ends[1]()
		cancel()
		for range maxWaiting {
			if err := <-results; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		if _, _, err := h.verify(t.Context(), "p", ""); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestTriesStaySmall(t *testing.T) {
	tries := newTries(time.Now)
	for i := range 3 * triesKeys {
		a := &attempt{t: tries, login: fmt.Sprintf("login%d", i), place: fmt.Sprintf("place%d", i)}
		a.count()
		if n := len(tries.counts); n > triesKeys+3 {
			t.Fatalf("%d entries", n)
		}
	}
}

func TestPlaces(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:443": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:1": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "unknown", "pipe": "unknown",
	} {
		if got := placeOf(address); got != want {
			t.Errorf("%q is at %s, want %s", address, got, want)
		}
	}
}

func FuzzStoredHash(f *testing.F) {
	f.Add(HashPassword("p", cheap))
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err == nil && (h.cost.Memory > maxMemory || h.cost.Passes > maxPasses || h.cost.Lanes == 0 || len(h.digest) != digestSize) {
			t.Fatalf("accepted %q as %+v", s, h.cost)
		}
	})
}
