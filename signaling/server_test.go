package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"consilium/auth"
	"consilium/rooms"
	"consilium/signaling/protocol"
)

// clockGate issues tokens that say when they end, and whose check needs a
// database that may be away.
type clockGate struct {
	gate
	away    bool
	carried bool      // somebody was kept in for a call
	limit   time.Time // when the session ends unless it was; zero: never
}

func (g *clockGate) Issue(auth.Actor, auth.Kind, auth.Claims) (string, error) {
	return time.Now().Add(auth.RoomToken.Life()).Format(time.RFC3339Nano), nil
}

func (g *clockGate) AuthenticateToken(_ context.Context, _ auth.Kind, token string) (auth.Actor, auth.Claims, error) {
	ends, err := time.Parse(time.RFC3339Nano, token)
	if err != nil {
		return auth.Actor{}, auth.Claims{}, err
	}
	if !time.Now().Before(ends) {
		return auth.Actor{}, auth.Claims{}, &auth.Error{Code: auth.CodeTokenExpired}
	}
	if g.away {
		return auth.Actor{}, auth.Claims{}, errors.New("the database is away")
	}
	if !g.limit.IsZero() && time.Now().After(g.limit) && !g.carried {
		return auth.Actor{}, auth.Claims{}, &auth.Error{Code: auth.CodeRevoked}
	}
	return auth.Actor{Person: "doctor", Session: "s"}, auth.Claims{}, nil
}

func (g *clockGate) KeepAwake(_ context.Context, _ string, inCall bool) error {
	g.carried = g.carried || inCall
	return nil
}

func (g *clockGate) Peek(context.Context, string) (auth.Actor, auth.Session, error) {
	return auth.Actor{Person: "doctor"}, auth.Session{}, nil
}

// Browsers name a host in small letters, however it was configured.
func TestAddressConfiguredInCapitals(t *testing.T) {
	s, err := New(Config{Gate: &clockGate{}, Desk: struct{ desk }{}, Registry: &rooms.Registry{}, Origins: []string{"https://Consult.Example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "https://consult.example.org/ws/desk", nil)
	r.Header.Set("Origin", "https://consult.example.org")
	r.AddCookie(&http.Cookie{Name: "session", Value: "x"})
	answer := httptest.NewRecorder()
	if _, ok := s.admit(answer, r, protocol.Room); !ok {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestCallOutlastsTheSessionsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &clockGate{limit: time.Now().Add(20 * time.Second)}
		s := &Server{cfg: Config{Gate: g, Log: slog.New(slog.DiscardHandler)}}
		// Without a hold: revoking anybody would panic.
		v := &visit{server: s, sock: newSocket(nil, protocol.Room, standard), actor: auth.Actor{Person: "doctor", Session: "s"}, phase: rooms.PhaseIn}
		if _, ok := v.renew(); !ok {
			t.Fatal("no token")
		}
		for range 60 / 15 {
			time.Sleep(15 * time.Second)
			v.alive()
		}
		if v.sock.closed() {
			t.Error("the call ended with the session")
		}
	})
}

func TestCallOutlastsADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &clockGate{}
		s := &Server{cfg: Config{Gate: g, Log: slog.New(slog.DiscardHandler)}}
		// Without a hold: revoking anybody would panic.
		v := &visit{server: s, sock: newSocket(nil, protocol.Room, standard), actor: auth.Actor{Person: "doctor"}}
		if _, ok := v.renew(); !ok {
			t.Fatal("no token")
		}
		g.away = true
		for range 2 * 60 { // half an hour of pongs
			time.Sleep(15 * time.Second)
			v.alive()
		}
		g.away = false
		v.alive()
		if n := len(v.sock.queue); n < 5 {
			t.Errorf("the page got %d fresh tokens in half an hour", n)
		}
	})
}
