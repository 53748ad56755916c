package signaling

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"consilium/auth"
	"consilium/rooms"
	"consilium/signaling/protocol"
)

func (s *Server) serveDesk(w http.ResponseWriter, r *http.Request) {
	s.connect(w, r, protocol.Desk, s.deskSession)
}

// deskSession is the life of one desk socket.
func (s *Server) deskSession(sock *socket, c caller) {
	ctx := context.Background()
	body, err := sock.hello()
	if err != nil {
		return
	}
	hello, ok := body.(protocol.DeskHello)
	if !ok {
		sock.close(protocol.CloseViolation)
		return
	}
	actor, claims, ok := s.ticket(sock, c, auth.DeskSocket, hello.Ticket)
	if !ok || claims.Consult != "" {
		sock.close(protocol.CloseTicket)
		return
	}
	app := rooms.DeskApp{
		Actor:  actor,
		Socket: uuid.Must(uuid.NewV7()).String(),
		Last:   rooms.DeskPosition{Epoch: hello.Epoch, Offset: hello.Offset},
	}
	leave, err := s.cfg.Desk.Attend(ctx, app, func(e rooms.DeskEvent) {
		sock.send(protocol.EncodeEvent(e.Offset, deskMessage(e.Body)))
	})
	if err != nil {
		s.cfg.Log.Error("desk socket not attended", "error", err)
		sock.close(protocol.CloseFault)
		return
	}
	defer leave()

	var (
		armed   = limit{burst: 10, perSecond: 1}
		pings   = limit{burst: 10, perSecond: 2}
		checked = time.Now()
	)
	alive := func() {
		if time.Since(checked) < checkEvery {
			return
		}
		checked = time.Now()
		s.checkDesk(sock, c, app)
	}
	for {
		body, err := sock.next(alive)
		if err != nil {
			return
		}
		switch body := body.(type) {
		case protocol.Armed:
			if !armed.allow(time.Now()) {
				sock.refuse("armed", protocol.TooFast, "too many in a short time")
				continue
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			if err := s.cfg.Desk.Arm(ctx, app, body.Armed); err != nil {
				s.cfg.Log.Error("app not armed", "error", err)
				sock.refuse("armed", protocol.Unavailable, "the server could not note this; try again")
			}
			cancel()
		case protocol.Ping:
			if pings.allow(time.Now()) {
				sock.tell(protocol.Pong{At: body.At, Server: time.Now().UnixMilli()})
			}
		default: // a second hello
			sock.close(protocol.CloseViolation)
			return
		}
	}
}

// checkEvery is how often a socket asks whether its person still has access and
// what they may do now: Watch finds revocations sooner, this also what has run out.
const checkEvery = 14 * time.Second // a little less than between two pongs

// checkDesk keeps presence fresh and ends a socket whose session has ended. A
// locked session stays: a locked screen must still ring.
func (s *Server) checkDesk(sock *socket, c caller, app rooms.DeskApp) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	if c.bearer != "" {
		_, _, err = s.cfg.Gate.AuthenticateToken(ctx, auth.APIToken, c.bearer)
	} else {
		_, _, err = s.cfg.Gate.Peek(ctx, c.cookie)
	}
	switch {
	case auth.Is(err, auth.CodeTokenExpired):
		sock.close(protocol.CloseTicket)
		return
	case auth.Is(err, auth.CodeSignedOut), auth.Is(err, auth.CodeRevoked):
		sock.close(protocol.CloseRevoked)
		return
	}
	if err := s.cfg.Desk.Beat(ctx, app); err != nil {
		s.cfg.Log.Warn("presence not refreshed", "error", err)
	}
}

// ticket verifies a single-use ticket of the person who connected.
func (s *Server) ticket(sock *socket, c caller, which, token string) (auth.Actor, auth.Claims, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	actor, claims, err := s.cfg.Gate.AuthenticateToken(ctx, auth.TicketToken, token)
	return s.verified(sock, c, actor, claims, which, err)
}

// verified holds a token against who connected; what does not fit is answered
// by the same code as an expired one.
func (s *Server) verified(sock *socket, c caller, actor auth.Actor, claims auth.Claims, which string, err error) (auth.Actor, auth.Claims, bool) {
	refusal := (*auth.Error)(nil)
	switch {
	case auth.Is(err, auth.CodeRevoked):
		sock.close(protocol.CloseRevoked)
	case asRefusal(err, &refusal):
		sock.close(protocol.CloseTicket)
	case err != nil:
		s.cfg.Log.Error("ticket not checked", "error", err)
		sock.close(protocol.CloseFault)
	case actor.Person != c.actor.Person || actor.Tenant != c.actor.Tenant || claims.Session != c.actor.Session || claims.Socket != which:
		sock.close(protocol.CloseTicket)
	default:
		return actor, claims, true
	}
	return auth.Actor{}, auth.Claims{}, false
}

// deskMessage translates what the desk tells into the protocol.
func deskMessage(body any) any {
	switch b := body.(type) {
	case rooms.DeskSnapshot:
		m := protocol.DeskWelcome{Epoch: b.Epoch, Offset: b.Offset, Resumed: b.Resumed}
		for _, r := range b.Rings {
			m.Rings = append(m.Rings, protocol.Ring(r))
		}
		return m
	case rooms.DeskRing:
		return protocol.Ring(b)
	case rooms.DeskRingStopped:
		return protocol.RingStopped(b)
	case rooms.DeskChanged:
		return protocol.Changed(b)
	case rooms.DeskPresence:
		return protocol.Presence(b)
	case rooms.DeskNotice:
		return protocol.Notice(b)
	}
	return body // Encode says that it is no message
}
