package auth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func newKeys(t testing.TB, m *memory, cfg KeysConfig) *Keys {
	t.Helper()
	seal, err := NewSeal(make([]byte, SealKeySize))
	if err != nil {
		t.Fatal(err)
	}
	k, err := OpenKeys(t.Context(), m, seal, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sample is a set of claims that a token of the kind may carry.
func sample(kind Kind) Claims {
	c := Claims{Person: "p", Tenant: "t", PersonEpoch: 3}
	switch kind {
	case TicketToken:
		c.Session, c.Socket, c.Consult, c.Seat = "s", RoomSocket, "c", SeatExpert
	case RoomToken:
		c.Session, c.Consult, c.Participant, c.RoomEpoch, c.May = "s", "c", "x", 7, []string{"camera", "chat"}
	}
	return c
}

var kinds = []Kind{APIToken, TicketToken, RoomToken}

func TestTokensSayWhatTheyWereIssuedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeys(t, newMemory(), KeysConfig{})
		for _, kind := range kinds {
			token, err := k.Issue(kind, sample(kind))
			if err != nil {
				t.Fatal(err)
			}
			got, err := k.Verify(t.Context(), kind, token)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample(kind), got, cmpopts.IgnoreFields(Claims{}, "ID", "Issued", "Expires")); diff != "" {
				t.Errorf("%s: %s", kind, diff)
			}
			if got.ID == "" || got.Expires.Sub(got.Issued) != kind.Life() {
				t.Errorf("%s: %+v", kind, got)
			}
			for _, other := range kinds {
				if other != kind {
					_, err := k.Verify(t.Context(), other, token)
					wantCode(t, err, CodeBadToken)
				}
			}
			time.Sleep(kind.Life())
			_, err = k.Verify(t.Context(), kind, token)
			wantCode(t, err, CodeTokenExpired)
		}
	})
}

func TestIncompleteTokensAreNotIssued(t *testing.T) {
	k := newKeys(t, newMemory(), KeysConfig{})
	change := func(kind Kind, f func(*Claims)) Claims { c := sample(kind); f(&c); return c }
	for _, c := range []struct {
		kind   Kind
		claims Claims
	}{
		{"visa", sample(APIToken)},
		{APIToken, Claims{}},
		{APIToken, change(APIToken, func(c *Claims) { c.Consult = "c" })},
		{TicketToken, change(TicketToken, func(c *Claims) { c.Socket = "back-door" })},
		{TicketToken, change(TicketToken, func(c *Claims) { c.Consult = "" })},
		{TicketToken, change(TicketToken, func(c *Claims) { c.Socket = DeskSocket })},
		{RoomToken, change(RoomToken, func(c *Claims) { c.Participant = "" })},
		{RoomToken, change(RoomToken, func(c *Claims) { c.May = []string{strings.Repeat("x", maxToken)} })},
	} {
		if token, err := k.Issue(c.kind, c.claims); err == nil {
			t.Errorf("issued %s %+v: %s", c.kind, c.claims, token)
		}
	}
}

func TestATicketWorksOnce(t *testing.T) {
	m := newMemory()
	k := newKeys(t, m, KeysConfig{})
	other := newKeys(t, m, KeysConfig{}) // another node
	token, err := k.Issue(TicketToken, sample(TicketToken))
	if err != nil {
		t.Fatal(err)
	}
	var opened, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			node := k
			if i%2 == 0 {
				node = other
			}
			switch _, err := node.Verify(t.Context(), TicketToken, token); {
			case err == nil:
				opened.Add(1)
			case Is(err, CodeTokenUsed):
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if opened.Load() != 1 || refused.Load() != 19 {
		t.Errorf("opened %d, refused %d", opened.Load(), refused.Load())
	}
}

// forge signs any header and claims with any key.
func forge(t testing.TB, key ed25519.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))
}

func TestForgedTokens(t *testing.T) {
	m := newMemory()
	k := newKeys(t, m, KeysConfig{})
	key := k.current()
	_, stranger, _ := ed25519.GenerateKey(nil)
	now := time.Now().Unix()

	type set = map[string]any
	header := func() set { return set{"alg": "EdDSA", "kid": key.id, "typ": APIToken.typ()} }
	claims := func() set {
		return set{"jti": "1", "iss": "consilium", "sub": "p", "aud": []string{APIToken.audience()},
			"iat": now, "exp": now + 60, "tenant": "t", "person_epoch": 1}
	}
	if _, err := k.Verify(t.Context(), APIToken, forge(t, key.key, header(), claims())); err != nil {
		t.Fatalf("the pattern itself: %v", err)
	}
	with := func(s set, key string, value any) set {
		if value == nil {
			delete(s, key)
		} else {
			s[key] = value
		}
		return s
	}
	hmacToken, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims())).SignedString([]byte(key.key.Public().(ed25519.PublicKey)))
	if err != nil {
		t.Fatal(err)
	}
	good := forge(t, key.key, header(), claims())
	for name, token := range map[string]string{
		"another's key":       forge(t, stranger, header(), claims()),
		"unknown key":         forge(t, key.key, with(header(), "kid", "k"), claims()),
		"no key":              forge(t, key.key, with(header(), "kid", nil), claims()),
		"method none":         forge(t, key.key, with(header(), "alg", "none"), claims()),
		"method HS256":        forge(t, key.key, with(header(), "alg", "HS256"), claims()),
		"public key as HMAC":  hmacToken,
		"no typ":              forge(t, key.key, with(header(), "typ", nil), claims()),
		"plain typ":           forge(t, key.key, with(header(), "typ", "JWT"), claims()),
		"another issuer":      forge(t, key.key, header(), with(claims(), "iss", "elsewhere")),
		"no issuer":           forge(t, key.key, header(), with(claims(), "iss", nil)),
		"another audience":    forge(t, key.key, header(), with(claims(), "aud", RoomToken.audience())),
		"no audience":         forge(t, key.key, header(), with(claims(), "aud", nil)),
		"several audiences":   forge(t, key.key, header(), with(claims(), "aud", []string{APIToken.audience(), "other"})),
		"no expiry":           forge(t, key.key, header(), with(claims(), "exp", nil)),
		"expiry as text":      forge(t, key.key, header(), with(claims(), "exp", "tomorrow")),
		"issued never":        forge(t, key.key, header(), with(claims(), "iat", nil)),
		"not yet":             forge(t, key.key, header(), with(claims(), "nbf", now+3600)),
		"no id":               forge(t, key.key, header(), with(claims(), "jti", nil)),
		"nobody":              forge(t, key.key, header(), with(claims(), "sub", nil)),
		"no tenant":           forge(t, key.key, header(), with(claims(), "tenant", nil)),
		"a session":           forge(t, key.key, header(), with(claims(), "sid", "s")),
		"too large":           forge(t, key.key, header(), with(claims(), "tenant", strings.Repeat("x", maxToken))),
		"very large":          strings.Repeat("a.", 1<<20),
		"signature cut":       good[:len(good)-4],
		"without a signature": good[:strings.LastIndexByte(good, '.')+1],
		"two parts":           good[:strings.LastIndexByte(good, '.')],
		"four parts":          good + ".x",
		"padding":             good + "==",
		"a newline":           good + "\n",
		"nothing":             "",
		"dots":                "..",
	} {
		if c, err := k.Verify(t.Context(), APIToken, token); !Is(err, CodeBadToken) || c.Person != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	m := newMemory()
	k := newKeys(f, m, KeysConfig{})
	issued := make(map[string]Kind)
	for _, kind := range kinds {
		token, err := k.Issue(kind, sample(kind))
		if err != nil {
			f.Fatal(err)
		}
		issued[token] = kind
		f.Add(token)
	}
	f.Add("")
	f.Add("e30.e30.e30")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJwIn0.")
	f.Fuzz(func(t *testing.T, token string) {
		for _, kind := range kinds {
			c, err := k.parse(t.Context(), kind, token)
			if own, known := issued[token]; err == nil && (!known || own != kind) {
				t.Fatalf("not issued, and accepted as %s: %+v", kind, c)
			}
		}
	})
}

// FuzzClaims signs arbitrary claims with the real key: whatever decodes must be
// complete, or be refused without a panic.
func FuzzClaims(f *testing.F) {
	k := newKeys(f, newMemory(), KeysConfig{})
	key := k.current()
	for _, kind := range kinds {
		token, err := k.Issue(kind, sample(kind))
		if err != nil {
			f.Fatal(err)
		}
		body, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(kind), body)
	}
	f.Add("room", []byte(`{"exp":1e400,"aud":{},"may":[1]}`))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		kind := Kind(name)
		header, err := json.Marshal(map[string]string{"alg": "EdDSA", "kid": key.id, "typ": kind.typ()})
		if err != nil {
			t.Skip()
		}
		b64 := base64.RawURLEncoding
		signed := b64.EncodeToString(header) + "." + b64.EncodeToString(body)
		token := signed + "." + b64.EncodeToString(ed25519.Sign(key.key, []byte(signed)))
		c, err := k.parse(t.Context(), kind, token)
		if err == nil && (c.check(kind) != nil || c.ID == "" || c.Expires.IsZero()) {
			t.Fatalf("accepted %s %+v", kind, c)
		}
	})
}
