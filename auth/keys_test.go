package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRotationOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := newKeys(t, m, KeysConfig{Rotate: 24 * time.Hour, Overlap: 2 * time.Hour})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); k.Run(ctx) }()
		defer func() { stop(); <-done }()

		first := k.current().id
		time.Sleep(24*time.Hour - 5*time.Minute)
		token, err := k.Issue(APIToken, sample(APIToken))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute)
		if now := k.current().id; now == first {
			t.Error("the key was not rotated")
		}
		if _, err := k.Verify(t.Context(), APIToken, token); err != nil {
			t.Errorf("a token from before the rotation: %v", err)
		}
		time.Sleep(3 * time.Hour)
		if _, known := k.lookUp(t.Context(), first); known {
			t.Error("the old key still verifies after the overlap")
		}
	})
}

func TestNodesShareTheRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		a, b := newKeys(t, m, KeysConfig{}), newKeys(t, m, KeysConfig{})
		if a.current().id != b.current().id || len(m.keys) != 1 {
			t.Fatal("two nodes do not start with one key")
		}
		time.Sleep(30 * 24 * time.Hour)
		if err := a.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		token, err := a.Issue(APIToken, sample(APIToken))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Verify(t.Context(), APIToken, token); err != nil {
			t.Errorf("another node does not know a key that was just made: %v", err)
		}
	})
}

func TestUnknownKeysDoNotFloodTheStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		k := newKeys(t, m, KeysConfig{})
		time.Sleep(time.Minute)
		before := m.reads
		for range 1000 {
			k.lookUp(t.Context(), rand.Text())
		}
		if n := m.reads - before; n != 1 {
			t.Errorf("1000 unknown keys caused %d reads", n)
		}
		m.broken = errors.New("storage away")
		time.Sleep(time.Minute)
		token, err := k.Issue(APIToken, sample(APIToken))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Verify(t.Context(), APIToken, token); err != nil {
			t.Errorf("known keys do not work without the storage: %v", err)
		}
		if _, known := k.lookUp(t.Context(), "x"); known {
			t.Error("an unknown key is known")
		}
	})
}

func TestTheDatabaseAloneSignsNothing(t *testing.T) {
	m := newMemory()
	k := newKeys(t, m, KeysConfig{})
	if strings.Contains(string(m.keys[0].Private), string(k.current().key.Seed())) {
		t.Error("the private key is stored as it is")
	}
	other, err := NewSeal([]byte(strings.Repeat("x", SealKeySize)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeys(t.Context(), m, other, KeysConfig{}); err == nil || !strings.Contains(err.Error(), "key file") {
		t.Errorf("opened with another sealing key: %v", err)
	}
	m.keys[0].ID = "moved"
	if err := k.Refresh(t.Context()); err == nil {
		t.Error("a private key opens in another row")
	}
}

func TestKeysRefuseSillyTimes(t *testing.T) {
	seal, _ := NewSeal(make([]byte, SealKeySize))
	if _, err := OpenKeys(t.Context(), newMemory(), seal, KeysConfig{Overlap: time.Second}); err == nil {
		t.Error("an overlap of a second")
	}
	if _, err := OpenKeys(t.Context(), newMemory(), nil, KeysConfig{}); err == nil {
		t.Error("no seal")
	}
}

func TestSealFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	var wg sync.WaitGroup
	seals := make([]*Seal, 8)
	for i := range seals {
		wg.Go(func() {
			s, err := OpenSeal(path)
			if err != nil {
				t.Error(err)
			}
			seals[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	box := seals[0].seal([]byte("secret"), "this")
	for i, s := range seals {
		if plain, err := s.open(box, "this"); err != nil || string(plain) != "secret" {
			t.Errorf("process %d that started together has another key: %v", i, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	for name, bad := range map[string][]byte{"short": box[:10], "empty": nil, "changed": append([]byte{box[0] ^ 1}, box[1:]...)} {
		if _, err := seals[0].open(bad, "this"); err == nil {
			t.Errorf("a %s box opens", name)
		}
	}
	if _, err := seals[0].open(box, "that"); err == nil {
		t.Error("a box opens for another purpose")
	}
	for _, text := range []string{"", "not base64!", "c2hvcnQ="} {
		bad := filepath.Join(t.TempDir(), "bad.key")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSeal(bad); err == nil {
			t.Errorf("a key file with %q opens", text)
		}
	}
}
