package signaling

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"consilium/auth"
	"consilium/signaling/protocol"
)

// clockGate issues tokens that say when they end, and whose check needs a
// database that may be away.
type clockGate struct {
	gate
	away bool
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
	return auth.Actor{Person: "doctor"}, auth.Claims{}, nil
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
