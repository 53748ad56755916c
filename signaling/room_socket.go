package signaling

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"consilium/auth"
	"consilium/rooms"
	"consilium/signaling/protocol"
)

func (s *Server) serveRoom(w http.ResponseWriter, r *http.Request) {
	consult := r.PathValue("consult")
	s.connect(w, r, protocol.Room, func(sock *socket, c caller) { s.roomSession(sock, c, consult) })
}

// roomSession is the life of one room socket.
func (s *Server) roomSession(sock *socket, c caller, consult string) {
	body, err := sock.hello()
	if err != nil {
		return
	}
	hello, ok := body.(protocol.RoomHello)
	if !ok {
		sock.close(protocol.CloseViolation)
		return
	}
	entry, ok := s.entry(sock, c, consult, hello)
	if !ok {
		return
	}
	v := &visit{server: s, sock: sock, consult: consult, actor: entry.Actor}
	entry.Out = v
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hold, err := s.cfg.Registry.Enter(ctx, entry)
	if err != nil {
		s.refuseEntry(sock, err)
		return
	}
	v.hold = hold
	v.listen()
	if sock.left {
		hold.Leave()
	}
	hold.Drop()
}

// entry is the person at the room's door, by ticket or by room token.
func (s *Server) entry(sock *socket, c caller, consult string, hello protocol.RoomHello) (rooms.RoomEntry, bool) {
	entry := rooms.RoomEntry{Consult: consult, Chat: hello.Chat}
	if hello.Resume == "" {
		actor, claims, ok := s.ticket(sock, c, auth.RoomSocket, hello.Ticket)
		if ok && claims.Consult != consult {
			sock.close(protocol.CloseNoSuchRoom)
			return entry, false
		}
		entry.Actor = actor
		return entry, ok
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	actor, claims, err := s.cfg.Gate.AuthenticateToken(ctx, auth.RoomToken, hello.Resume)
	actor, claims, ok := s.verified(sock, c, actor, claims, claims.Socket, err)
	if ok && claims.Consult != consult {
		sock.close(protocol.CloseNoSuchRoom)
		return entry, false
	}
	entry.Actor, entry.Participant, entry.Admitted = actor, claims.Participant, slices.Contains(claims.May, mayEnter)
	return entry, ok
}

// refuseEntry closes the socket of who may not enter.
func (s *Server) refuseEntry(sock *socket, err error) {
	refused := (*rooms.Error)(nil)
	if !errors.As(err, &refused) {
		s.cfg.Log.Error("room not entered", "error", err)
		sock.close(protocol.CloseFault)
		return
	}
	switch refused.Code {
	case "room-full":
		sock.refuse("hello", protocol.RoomFull, refused.Message)
		sock.close(protocol.CloseFault)
	case "draining":
		sock.close(protocol.CloseDrain)
	default:
		sock.close(protocol.CloseNoSuchRoom)
	}
}

// mayEnter stands in a room token for an admission that has happened.
const mayEnter = "enter"

// tokenRenewed is how often a room token is replaced; it is good for ten minutes.
const tokenRenewed = 4 * time.Minute

// visit is one room socket between its hello and its end. Its outlet is called
// by the room, everything else belongs to the reader.
type visit struct {
	server  *Server
	sock    *socket
	hold    *rooms.Hold
	consult string
	checked time.Time // when access was last checked; reader only

	mu          sync.Mutex // guards what follows
	actor       auth.Actor
	participant string
	phase       rooms.RoomPhase
	may         []rooms.RoomRight
	token       string
	issued      time.Time
}

// listen reads until the socket ends.
func (v *visit) listen() {
	limits := make(map[string]*limit, len(roomHandlers))
	for name, h := range roomHandlers {
		limits[name] = &limit{burst: h.burst, perSecond: h.perSecond}
	}
	v.checked = time.Now()
	for {
		body, err := v.sock.next(v.alive)
		if err != nil {
			return
		}
		name := protocol.TypeOf(protocol.Room, protocol.Client, body)
		h, ok := roomHandlers[name]
		if !ok { // a second hello
			v.sock.close(protocol.CloseViolation)
			return
		}
		if !limits[name].allow(time.Now()) {
			v.sock.refuse(name, protocol.TooFast, "too many in a short time")
			continue
		}
		h.do(v, body)
	}
}

// handler carries out one message. The room checks the right that it needs.
type handler struct {
	burst     float64
	perSecond float64
	do        func(v *visit, body any)
}

func on[B any](burst, perSecond float64, do func(v *visit, body B)) handler {
	return handler{burst, perSecond, func(v *visit, body any) { do(v, body.(B)) }}
}

// roomHandlers is every message of the room socket but hello.
var roomHandlers = map[string]handler{
	"offer":   on(10, 1, (*visit).offer), // needs nothing: the media's rights decide what is accepted
	"media":   on(30, 5, func(v *visit, m protocol.Media) { v.hold.SetMedia(rooms.RoomMedia(m)) }),
	"knock":   on(5, 1, func(v *visit, _ protocol.Knock) { v.hold.Knock() }),
	"admit":   on(10, 2, func(v *visit, m protocol.Admit) { v.hold.Admit(m.Participant) }),  // needs admit
	"chat":    on(10, 2, func(v *visit, m protocol.ChatSend) { v.hold.Say(m.Key, m.Text) }), // needs chat
	"quality": on(10, 2, (*visit).quality),                                                  // needs nothing
	"leave":   on(1, 1, func(v *visit, _ protocol.Leave) { v.hold.Leave() }),                // needs nothing
	"end":     on(2, 1, func(v *visit, _ protocol.EndAll) { v.hold.EndForAll() }),           // needs end
	"ping":    on(10, 2, (*visit).ping),                                                     // needs nothing
}

func (v *visit) offer(m protocol.Offer) {
	tracks := make([]rooms.RoomTrack, len(m.Tracks))
	for i, t := range m.Tracks {
		tracks[i].MID = t.MID
		tracks[i].Source = rooms.RoomSource(t.Source)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	v.hold.Offer(ctx, m.ID, m.SDP, tracks)
}

func (v *visit) quality(m protocol.Quality) {
	share := func(x float64) float64 { return min(max(x, 0), 1) }
	v.hold.Report(rooms.LinkReport{
		RTT: min(max(m.RTT, 0), 60_000), LossUp: share(m.LossUp), LossDown: share(m.LossDown),
		RateUp: min(max(m.RateUp, 0), 10_000_000), RateDown: min(max(m.RateDown, 0), 10_000_000),
		Concealed: share(m.Concealed), Freezes: max(m.Freezes, 0), Path: m.Path,
	})
}

func (v *visit) ping(m protocol.Ping) {
	v.sock.tell(protocol.Pong{At: m.At, Server: time.Now().UnixMilli()})
}

// alive runs on every sign of life: now and then it checks that the person
// still has access, renews the room token, and keeps the session from locking.
func (v *visit) alive() {
	if time.Since(v.checked) < checkEvery {
		return
	}
	v.checked = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	v.mu.Lock()
	token, issued, session, inCall := v.token, v.issued, v.actor.Session, v.phase == rooms.PhaseIn
	v.mu.Unlock()
	// Before the check, so that a call in which the session reaches its limit goes on.
	if session != "" {
		if err := v.server.cfg.Gate.KeepAwake(ctx, session, inCall); err != nil {
			v.server.cfg.Log.Warn("session not kept awake", "error", err)
		}
	}
	// First, so that a call outlasts a database that is away for longer than a
	// token is good: the token opens nothing that the check does not.
	if time.Since(issued) >= tokenRenewed {
		if fresh, ok := v.renew(); ok {
			token = fresh
			v.sock.tell(v.renewed(token))
		}
	}
	actor, _, err := v.server.cfg.Gate.AuthenticateToken(ctx, auth.RoomToken, token)
	refusal := (*auth.Error)(nil)
	switch {
	case asRefusal(err, &refusal):
		v.hold.Revoke()
		return
	case err != nil:
		v.server.cfg.Log.Warn("access not checked", "error", err)
		return
	}
	v.mu.Lock()
	changed := !slices.Equal(actor.Grants, v.actor.Grants)
	v.actor = actor
	v.mu.Unlock()
	if changed {
		v.hold.Renew(actor)
	}
}

// renew issues a room token for where the person is now.
func (v *visit) renew() (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	claims := auth.Claims{Consult: v.consult, Participant: v.participant}
	for _, m := range v.may {
		claims.May = append(claims.May, string(m))
	}
	if v.phase == rooms.PhaseIn {
		claims.May = append(claims.May, mayEnter)
	}
	token, err := v.server.cfg.Gate.Issue(v.actor, auth.RoomToken, claims)
	if err != nil {
		v.server.cfg.Log.Error("no room token", "error", err)
		return "", false
	}
	v.token, v.issued = token, time.Now()
	return token, true
}

// renewed is a fresh token and what else is short-lived.
func (v *visit) renewed(token string) protocol.Renewed {
	return protocol.Renewed{Token: token, ICEServers: v.relays()}
}

func (v *visit) relays() []protocol.ICEServer {
	if v.server.cfg.Relay == nil {
		return []protocol.ICEServer{}
	}
	v.mu.Lock()
	participant := v.participant
	v.mu.Unlock()
	return v.server.cfg.Relay(participant)
}

func asRefusal(err error, refusal **auth.Error) bool { return errors.As(err, refusal) }
