package rooms

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"consilium/auth"
	"consilium/rooms/sfu"
)

// RegistryConfig is what live rooms need around them.
type RegistryConfig struct {
	Casework casework     // required
	Chatbook chatbook     // required
	Media    *sfu.Server  // nil: rooms without sound and picture
	Log      *slog.Logger // nil: nothing is logged
}

func (c RegistryConfig) validate() (RegistryConfig, error) {
	if c.Casework == nil || c.Chatbook == nil {
		return c, errors.New("rooms: a registry needs casework and a chatbook")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Registry is the live rooms of this server by the id of their consult. A room
// comes into being when the first person with a ticket enters and ends with the
// call, or when nobody has been there for a while.
type Registry struct {
	cfg  RegistryConfig
	work sync.WaitGroup // the goroutines of all rooms

	mu     sync.Mutex // guards what follows
	rooms  map[string]*Room
	closed bool
}

// NewRegistry makes a registry without rooms.
func NewRegistry(cfg RegistryConfig) (*Registry, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	return &Registry{cfg: cfg, rooms: make(map[string]*Room)}, nil
}

// RoomEntry is a person at a room's door, with a ticket or a room token that
// has been verified.
type RoomEntry struct {
	Actor       auth.Actor
	Consult     string
	Participant string // from a room token: the id that the person had; empty with a ticket
	Admitted    bool   // from a room token: an expert had let the person in
	Chat        int64  // last chat message that the app has seen
	Out         outlet
}

// Refusals at the door.
var (
	errNoRoom   = &Error{Code: "no-such-room", Message: "this consult has no open room; read the case anew"}
	errRoomFull = &Error{Code: "room-full", Message: "too many people are at this room's door; try again when some have left"}
	errDraining = &Error{Code: "draining", Message: "this server is stopping; connect again"}
)

// Enter takes a person into the room's lobby, or back to where they were. The
// first thing told to the outlet is a RoomSnapshot. The Hold is how the socket
// speaks for the person from then on.
func (g *Registry) Enter(ctx context.Context, e RoomEntry) (*Hold, error) {
	pass, err := g.cfg.Casework.RoomPass(ctx, e.Actor, e.Consult)
	if err != nil {
		return nil, err
	}
	if !auth.Allow(e.Actor, "room.enter", pass.Object) || !roomOpen(pass.Case) {
		return nil, errNoRoom
	}
	for {
		room, err := g.room(e.Consult, pass.Object.Tenant, pass.Case)
		if err != nil {
			return nil, err
		}
		hold, err := room.enter(ctx, e, pass)
		if errors.Is(err, errRoomGone) {
			continue // it ended just now; the next one is new
		}
		return hold, err
	}
}

// Reopen opens the room of a call that was going on when the server stopped.
// People come back to it by themselves; if they do not, the call counts as
// interrupted, which is where call-back and the other ways on begin.
func (g *Registry) Reopen(consultID, tenant string, c RoomCase) {
	if r, err := g.room(consultID, tenant, c); err == nil {
		r.inbox.post(func() {}) // have it look at its deadlines
	}
}

// room finds the consult's room or opens one.
func (g *Registry) room(id, tenant string, c RoomCase) (*Room, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, errDraining
	}
	if r, ok := g.rooms[id]; ok {
		return r, nil
	}
	r := newRoom(g, id, tenant, c)
	g.rooms[id] = r
	g.work.Go(r.run)
	g.work.Go(r.clerk.serve)
	return r, nil
}

func (g *Registry) forget(r *Room) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rooms[r.id] == r {
		delete(g.rooms, r.id)
	}
}

func (g *Registry) all() []*Room {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]*Room, 0, len(g.rooms))
	for _, r := range g.rooms {
		list = append(list, r)
	}
	return list
}

// Changed tells a live room that its case has changed: it reads everybody's
// standing anew. Without a live room it does nothing.
func (g *Registry) Changed(consultID string) {
	g.mu.Lock()
	r := g.rooms[consultID]
	g.mu.Unlock()
	if r != nil {
		r.inbox.post(r.refresh)
	}
}

// Said tells a live room of a chat message that was kept without it.
func (g *Registry) Said(consultID string, m RoomChat) {
	g.mu.Lock()
	r := g.rooms[consultID]
	g.mu.Unlock()
	if r != nil {
		r.inbox.post(func() { r.heard(m) })
	}
}

// Revoked ends the sockets and the media of a person whose access was taken
// away (every session older than the epoch) or who signed out (one session).
func (g *Registry) Revoked(v auth.Revocation) {
	for _, r := range g.all() {
		r.inbox.post(func() { r.revoke(v) })
	}
}

// Actors are the people of every live room here, also those whose socket is away
// while their media flows.
func (g *Registry) Actors() []auth.Actor {
	var list []auth.Actor
	for _, r := range g.all() {
		list = append(list, r.status.Load().actors...)
	}
	return list
}

// Live answers how a consult's room stands, if it is live here.
func (g *Registry) Live(consultID string) (RoomStatus, bool) {
	g.mu.Lock()
	r := g.rooms[consultID]
	g.mu.Unlock()
	if r == nil {
		return RoomStatus{}, false
	}
	return *r.status.Load(), true
}

// All answers how every live room of the partnership stands.
func (g *Registry) All(tenant string) []RoomStatus {
	var list []RoomStatus
	for _, r := range g.all() {
		if r.tenant == tenant {
			list = append(list, *r.status.Load())
		}
	}
	return list
}

// Close lets everybody go, so that they come back to another server, and waits
// until what the rooms had to write is written.
func (g *Registry) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	for _, r := range g.all() {
		r.inbox.post(func() { r.finish(ClosedDrain) })
	}
	g.work.Wait()
}
