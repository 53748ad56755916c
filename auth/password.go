package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what one password check costs (argon2id, RFC 9106). The zero value
// is DefaultCost.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost takes about a tenth of a second on a small server.
var DefaultCost = Cost{Memory: 46 * 1024, Passes: 2, Lanes: 1}

const (
	minPassword = 10  // characters
	maxPassword = 256 // bytes, checked before anything is computed from them
	saltSize    = 16  // bytes
	digestSize  = 32  // bytes
	maxMemory   = 256 * 1024
	maxPasses   = 16
	maxWaiting  = 64 // checks that may queue for their turn
)

var errBadHash = errors.New("auth: stored password hash is not argon2id in PHC form")

// HashPassword makes the PHC form that Credentials.Hash holds. It does not ask
// whether the password is a good one; CheckPassword does.
func HashPassword(password string, cost Cost) string {
	cost = cost.orDefault()
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	digest := argon2.IDKey(normalPassword(password), salt, cost.Passes, cost.Memory, cost.Lanes, digestSize)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		cost.Memory, cost.Passes, cost.Lanes, b64.EncodeToString(salt), b64.EncodeToString(digest))
}

// CheckPassword refuses a new password that would be guessed early.
func CheckPassword(password, login string) error {
	if len(password) > maxPassword || !utf8.ValidString(password) {
		return refuse(CodeWeakPassword, fmt.Sprintf("The password is too long: at most %d bytes.", maxPassword))
	}
	plain := string(normalPassword(password))
	distinct := make(map[rune]bool)
	for _, r := range plain {
		distinct[r] = true
	}
	switch {
	case utf8.RuneCountInString(plain) < minPassword:
		return refuse(CodeWeakPassword, fmt.Sprintf("The password is too short: use at least %d characters.", minPassword))
	case len(distinct) < 4:
		return refuse(CodeWeakPassword, "The password repeats a few characters: use more different ones.")
	case login != "" && strings.Contains(NormalLogin(plain), NormalLogin(login)):
		return refuse(CodeWeakPassword, "The password contains the login: use something else.")
	}
	return nil
}

// normalPassword makes full-width and composed forms of the same characters
// the same password on every keyboard.
func normalPassword(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

func (c Cost) orDefault() Cost {
	if c == (Cost{}) {
		return DefaultCost
	}
	return c
}

// phc is a parsed hash.
type phc struct {
	cost         Cost
	salt, digest []byte
}

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errBadHash
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.Memory, &h.cost.Passes, &h.cost.Lanes); err != nil {
		return phc{}, errBadHash
	}
	var errSalt, errDigest error
	h.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	h.digest, errDigest = base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errDigest != nil || len(h.salt) < 8 || len(h.digest) != digestSize ||
		h.cost.Memory == 0 || h.cost.Memory > maxMemory || h.cost.Passes == 0 || h.cost.Passes > maxPasses || h.cost.Lanes == 0 {
		return phc{}, errBadHash
	}
	return h, nil
}

// hasher bounds how many passwords are hashed at once: each takes Cost.Memory,
// and a flood of sign-ins must not take the machine from a call in progress.
type hasher struct {
	cost    Cost
	decoy   string        // compared with when there is no account, so both take the same time
	turns   chan struct{} // hashing now
	waiting chan struct{} // hashing or waiting to
}

func newHasher(cost Cost, atOnce int) *hasher {
	if atOnce <= 0 {
		atOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	cost = cost.orDefault()
	return &hasher{
		cost:    cost,
		decoy:   HashPassword(rand.Text(), cost),
		turns:   make(chan struct{}, atOnce),
		waiting: make(chan struct{}, atOnce+maxWaiting),
	}
}

// turn waits until it may hash. The returned function ends the turn.
func (h *hasher) turn(ctx context.Context) (func(), error) {
	select {
	case h.waiting <- struct{}{}:
	default:
		return nil, &Error{Code: CodeBusy, RetryAfter: 2 * time.Second,
			Message: "Too many people are signing in at this moment. Try again in a few seconds."}
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.waiting }, nil
	case <-ctx.Done():
		<-h.waiting
		return nil, ctx.Err()
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return HashPassword(password, h.cost), nil
}

// verify reports whether the password fits, and whether the hash was made at
// another cost than today's. An empty hash costs as much and never fits.
func (h *hasher) verify(ctx context.Context, password, hash string) (fits, stale bool, err error) {
	if len(password) > maxPassword {
		return false, false, nil
	}
	stored := hash
	if stored == "" {
		stored = h.decoy
	}
	want, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	got := argon2.IDKey(normalPassword(password), want.salt, want.cost.Passes, want.cost.Memory, want.cost.Lanes, digestSize)
	same := subtle.ConstantTimeCompare(got, want.digest) == 1
	return same && hash != "", want.cost != h.cost, nil
}
