package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/store"
	"consilium/signaling/protocol"
)

// wrongPasswords guesses twenty times at one login: ten guesses are let through,
// each slower than the one before, and then no more. Others from the same
// address sign in meanwhile.
func wrongPasswords(s *stage) {
	const guess = "Wrong.Password.0"
	s.at.keepsSecret("a wrong password", guess)
	began := time.Now()
	guesses := make(chan []answer)
	go func() {
		guesses <- s.together(20, func(int) (answer, error) {
			return s.nobody().try("POST", "/api/session", map[string]any{"login": "zhou", "password": guess})
		})
	}()
	s.signsIn("zhao")
	let := 0
	for _, a := range <-guesses {
		if a.status == http.StatusUnauthorized {
			a.refused(http.StatusUnauthorized, "wrong-credentials")
			let++
		} else if p := a.refused(http.StatusTooManyRequests, "too-many-tries"); p.RetryAfter < 1 || a.header.Get("Retry-After") != fmt.Sprint(p.RetryAfter) {
			s.Errorf("it is not said when to try again: %v %s", a.header, a.raw)
		}
	}
	if took := time.Since(began); let != 10 || took < 8*time.Second {
		s.Errorf("%d guesses were let through within %v", let, took)
	}
	// The right password is refused too: who guesses learns nothing.
	s.nobody().send("POST", "/api/session", map[string]any{"login": "zhou", "password": demoPassword}).refused(http.StatusTooManyRequests, "too-many-tries")
}

// mint makes tokens as the server does, with its own keys.
type mint struct {
	*stage
	keys  *auth.Keys
	store *store.Store
	shift time.Duration // of the clock
}

func (s *stage) mint(issuer string) *mint {
	s.Helper()
	data := ""
	for i, a := range s.at.args {
		if a == "--data" {
			data = filepath.Join(s.at.args[i+1], "demo")
		}
	}
	m := &mint{stage: s}
	var err error
	m.store, err = store.Open(s.ctx, "sqlite:"+filepath.Join(data, "consilium.db"), nil)
	s.ok(err)
	s.Cleanup(func() { _ = m.store.Close() })
	seal, err := auth.OpenSeal(filepath.Join(data, "seal.key"))
	s.ok(err)
	m.keys, err = auth.OpenKeys(s.ctx, m.store, seal, auth.KeysConfig{Issuer: issuer, Now: func() time.Time { return time.Now().Add(m.shift) }})
	s.ok(err)
	return m
}

func (m *mint) issue(kind auth.Kind, c auth.Claims) string {
	m.Helper()
	c.Person, c.Tenant, c.PersonEpoch = demoID("li"), demoTenant, m.epoch()
	token, err := m.keys.Issue(kind, c)
	m.ok(err)
	return token
}

func (m *mint) epoch() int64 {
	p, err := m.store.Person(m.ctx, demoID("li"))
	m.ok(err)
	return p.Epoch
}

// forged is a token with the header and claims of a genuine one, changed and
// signed otherwise.
func (m *mint) forged(genuine string, method jwt.SigningMethod, key any, change func(header, claims map[string]any)) string {
	m.Helper()
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(genuine, claims)
	m.ok(err)
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"], t.Header["typ"] = parsed.Header["kid"], parsed.Header["typ"]
	if change != nil {
		change(t.Header, claims)
	}
	token, err := t.SignedString(key)
	m.ok(err)
	return token
}

// badTokens shows tokens that are not what they must be at every door.
func badTokens(s *stage) {
	m, elsewhere := s.mint(""), s.mint("elsewhere")
	li := s.signsIn("li")
	id := li.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	claims := map[auth.Kind]auth.Claims{
		auth.APIToken:    {},
		auth.TicketToken: {Socket: auth.DeskSocket},
		auth.RoomToken:   {Consult: id, Participant: store.NewID()},
	}
	keys, err := m.store.SigningKeys(s.ctx)
	s.ok(err)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	s.ok(err)
	for kind, c := range claims {
		genuine := m.issue(kind, c)
		m.shift = -kind.Life() - time.Minute
		expired := m.issue(kind, c)
		m.shift = 0
		parts := strings.Split(genuine, ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		s.ok(err)
		altered := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), demoID("li"), demoID("gao"), 1)))
		bad := map[string]string{
			"expired":             expired,
			"of another issuer":   elsewhere.issue(kind, c),
			"altered":             parts[0] + "." + altered + "." + parts[2],
			"without signature":   parts[0] + "." + parts[1] + ".",
			"alg none":            m.forged(genuine, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
			"HS256 by public key": m.forged(genuine, jwt.SigningMethodHS256, keys[0].Public, nil),
			"by a stranger's key": m.forged(genuine, jwt.SigningMethodEdDSA, stranger, nil),
			"of an unknown key":   m.forged(genuine, jwt.SigningMethodEdDSA, stranger, func(h, _ map[string]any) { h["kid"] = store.NewID() }),
			"oversized":           m.forged(genuine, jwt.SigningMethodEdDSA, stranger, func(_, c map[string]any) { c["x"] = strings.Repeat("x", 5000) }),
			"no token":            "x.y.z",
			"empty":               "",
		}
		for other, c := range claims {
			if other != kind {
				bad["of kind "+string(other)] = m.issue(other, c)
			}
		}
		for name, token := range bad {
			li.showsBad(kind, id, name, token)
		}
	}
	// The genuine ones open the doors, so it was the flaw that shut them.
	s.nobody().send("GET", "/api/session", nil, "Authorization", "Bearer "+m.issue(auth.APIToken, auth.Claims{})).is(200)
}

// showsBad shows the token where one of the kind is asked for.
func (p *person) showsBad(kind auth.Kind, id, name, token string) {
	p.Helper()
	switch kind {
	case auth.APIToken:
		a := p.nobody().send("GET", "/api/session", nil, "Authorization", "Bearer "+token)
		if code := a.problem().Code; a.status != http.StatusUnauthorized || code != "token-invalid" && code != "token-expired" && token != "" {
			p.Errorf("the API answers an API token %s with %d %s", name, a.status, a.raw)
		}
		for _, path := range []string{"/ws/desk", "/ws/rooms/" + id} {
			if _, status := p.raw(path, "Authorization", "Bearer "+token, "Cookie", ""); status != http.StatusUnauthorized {
				p.Errorf("%s answers an API token %s with %d", path, name, status)
			}
		}
	case auth.TicketToken:
		hello := fmt.Sprintf(`{"ticket":%q}`, token)
		want := protocol.CloseTicket
		if len(token) > 4096 { // the protocol's own bound comes first
			want = protocol.CloseViolation
		}
		p.refusedHello("/ws/desk", "a ticket "+name, hello, want)
		p.refusedHello("/ws/rooms/"+id, "a ticket "+name, hello, want)
	case auth.RoomToken:
		if token == "" || len(token) > 4096 {
			return
		}
		p.refusedHello("/ws/rooms/"+id, "a room token "+name, fmt.Sprintf(`{"resume":%q}`, token), protocol.CloseTicket)
	}
}

// refusedHello says hello and expects the door to be shut, or the message to be
// refused without a welcome.
func (p *person) refusedHello(path, what, body string, want protocol.CloseCode) {
	p.Helper()
	conn := p.greets(path, body)
	if want == protocol.CloseViolation {
		p.hears(conn, "error")
		_ = conn.Close()
		return
	}
	p.shuts(path+" with "+what, conn, want)
}

// badTickets uses good tickets wrongly.
func badTickets(s *stage) {
	li, wang := s.signsIn("li"), s.signsIn("wang")
	id := li.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	other := li.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	hello := func(ticket string) string { return fmt.Sprintf(`{"ticket":%q}`, ticket) }

	// A ticket works once, also when two pages show it at the same moment.
	ticket := li.deskTicket()
	first := li.greets("/ws/desk", hello(ticket))
	li.hears(first, "welcome")
	li.refusedHello("/ws/desk", "a used ticket", hello(ticket), protocol.CloseTicket)
	ticket = li.roomTicket(id)
	var pages sync.WaitGroup
	welcomed := make(chan bool, 8)
	for range cap(welcomed) {
		conn := li.greets("/ws/rooms/"+id, hello(ticket))
		pages.Go(func() {
			_, frame, err := conn.ReadMessage()
			welcomed <- err == nil && strings.Contains(string(frame), `"welcome"`)
		})
	}
	pages.Wait()
	close(welcomed)
	n := 0
	for yes := range welcomed {
		if yes {
			n++
		}
	}
	if n != 1 {
		s.Errorf("one ticket opened the room %d times", n)
	}

	li.refusedHello("/ws/rooms/"+id, "the desk's ticket", hello(li.deskTicket()), protocol.CloseTicket)
	li.refusedHello("/ws/desk", "a room's ticket", hello(li.roomTicket(id)), protocol.CloseTicket)
	li.refusedHello("/ws/rooms/"+other, "another room's ticket", hello(li.roomTicket(id)), protocol.CloseNoSuchRoom)
	wang.refusedHello("/ws/desk", "somebody else's ticket", hello(li.deskTicket()), protocol.CloseTicket)
	wang.refusedHello("/ws/rooms/"+id, "somebody else's ticket", hello(li.roomTicket(id)), protocol.CloseTicket)
	s.signsIn("li").refusedHello("/ws/desk", "another session's ticket", hello(li.deskTicket()), protocol.CloseTicket)
	ticket = li.deskTicket()
	li.send("DELETE", "/api/session", nil).is(204)
	s.signsIn("li").refusedHello("/ws/desk", "a signed-out session's ticket", hello(ticket), protocol.CloseRevoked)
	s.shuts("the desk of who signed out", first, protocol.CloseRevoked)

	// Another clinic's doctor gets no ticket, and no word that there is a room.
	he := s.signsIn("he")
	a := he.send("POST", "/api/consults/"+id+"/join", nil).refused(http.StatusNotFound, "not-found")
	if b := he.send("POST", "/api/consults/"+store.NewID()+"/join", nil).refused(http.StatusNotFound, "not-found"); a.Detail != b.Detail {
		s.Errorf("a hidden room says %q, none says %q", a.Detail, b.Detail)
	}
}

// foreignPages sends what a page of another site, or a name that was pointed at
// this machine, could have a browser send.
func foreignPages(s *stage) {
	li := s.signsIn("li")
	draft := request("From a foreign page")
	for name, headers := range map[string][]string{
		"another origin":        {"Origin", "https://evil.example"},
		"another port":          {"Origin", "http://localhost:1"},
		"no origin to speak of": {"Origin", "null"},
		"an origin like ours":   {"Origin", s.at.url + ".evil.example"},
		"another site's fetch":  {"Sec-Fetch-Site", "cross-site"},
		"a sibling's fetch":     {"Sec-Fetch-Site", "same-site"},
	} {
		li.send("POST", "/api/consults", draft, headers...).refused(http.StatusForbidden, "cross-origin")
		li.send("DELETE", "/api/session", nil, headers...).refused(http.StatusForbidden, "cross-origin")
		if headers[0] != "Origin" {
			continue
		}
		for _, path := range []string{"/ws/desk", "/ws/rooms/" + store.NewID()} {
			if _, status := li.raw(path, headers...); status != http.StatusForbidden {
				s.Errorf("%s from %s: %d", path, name, status)
			}
		}
		a := li.send("GET", "/api/session", nil, headers...)
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			s.Errorf("%s may read the answer: %v", name, a.header)
		}
	}
	if _, status := li.raw("/ws/desk", "Origin", ""); status != http.StatusForbidden {
		s.Errorf("a cookie without an origin opens the desk socket: %d", status)
	}
	for _, host := range []string{"rebound.example", "localhost", "localhost:1", "127.0.0.1.evil.example"} {
		for _, path := range []string{"/", "/api/session", "/openapi.json", "/ws/desk"} {
			if a := li.send("GET", path, nil, "Host", host); a.status != http.StatusMisdirectedRequest {
				s.Errorf("%s under the name %s: %d", path, host, a.status)
			}
		}
	}
	// The own page is let in, under both of a demonstration's names.
	li.send("GET", "/api/session", nil, "Origin", s.at.url, "Sec-Fetch-Site", "same-origin").is(200)
	n := len(decoded[rooms.Lines](li.send("GET", "/api/consults?scope=mine&q=foreign", nil).is(200)).Items)
	if n != 0 {
		s.Errorf("%d requests of foreign pages were filed", n)
	}
}
