package rooms

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/sfu"
)

// How long a room waits.
const (
	// ResumeGrace is how long a seat is kept after its socket dropped.
	ResumeGrace = 30 * time.Second
	// longestAway bounds it for a person whose media still flows; a room token
	// lives as long.
	longestAway = 10 * time.Minute
	// apartAfter is how long a whole side may be gone before the call counts
	// as interrupted.
	apartAfter = 10 * time.Second
	// meetWithin is the same before both sides have met: a page that loads over
	// a slow link is no broken call.
	meetWithin = time.Minute
	// emptyAfter is how long a room without people stays.
	emptyAfter = 90 * time.Second
	// retryAfter is the pause after the desk failed to carry out a transition
	// that follows from what happens in the room, or to read who is who.
	retryAfter = 10 * time.Second
	// deskPatience bounds one call to the desk.
	deskPatience = 10 * time.Second
)

// How many people a room takes.
const (
	mostInCall = 8
	mostInRoom = 32 // lobby and waiting included
)

// Room is one live consult. Everything in it belongs to one goroutine; others
// post functions to it. What has to reach the database goes through its clerk,
// a second goroutine that does one thing after the other, so that a slow
// database delays neither the people in the room nor the order of the record.
type Room struct {
	id       string // consult id
	tenant   string
	registry *Registry
	log      *slog.Logger
	inbox    *mailbox
	clerk    *mailbox
	status   atomic.Pointer[RoomStatus] // for readers outside
	media    *sfu.Room                  // nil on a server without media
	gone     chan struct{}              // closed when the room has ended

	// What follows belongs to the room's goroutine.
	state      RoomCase
	people     []*Participant  // in order of coming
	admitted   map[string]bool // persons whom an expert let in, for the whole call
	met        bool            // both sides were in the call together
	apart      time.Time       // since when a side has been missing; zero: none is
	empty      time.Time       // since when nobody has been here; zero: somebody is
	moving     bool            // a transition is with the clerk
	retry      time.Time       // not before then the next automatic transition
	refreshing bool            // everybody's standing is being read anew
	stale      bool            // and has to be again
	reread     time.Time       // when a standing that could not be read is tried again; zero: none is owed
	over       bool
}

func newRoom(g *Registry, id, tenant string, c RoomCase) *Room {
	r := &Room{
		id: id, tenant: tenant, registry: g,
		log:   g.cfg.Log.With("consult", id),
		inbox: newMailbox(), clerk: newMailbox(), gone: make(chan struct{}),
		state:    c,
		admitted: make(map[string]bool),
		empty:    time.Now(),
	}
	if g.cfg.Media != nil {
		r.media = g.cfg.Media.NewRoom()
	}
	r.publish()
	return r
}

// run is the room's life.
func (r *Room) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for !r.over {
		select {
		case <-r.inbox.wake:
		case <-timer.C:
		}
		jobs, _ := r.inbox.take()
		for _, f := range jobs {
			if !r.over {
				f()
			}
		}
		if r.over {
			break
		}
		now := time.Now()
		r.expire(now)
		r.publish()
		timer.Reset(r.next(now))
	}
	r.registry.forget(r)
	r.inbox.close()
	close(r.gone)
	if r.media != nil {
		r.media.Close()
	}
	r.publish()
	r.clerk.close()
}

// do has the clerk carry out job, which may block, and then runs what job
// returns in the room.
func (r *Room) do(job func(ctx context.Context) (then func())) {
	r.clerk.post(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deskPatience)
		defer cancel()
		if then := job(ctx); then != nil {
			r.inbox.post(then)
		}
	})
}

// tell tells everybody but one participant, who may be nil.
func (r *Room) tell(but *Participant, t RoomTelling) {
	for _, p := range r.people {
		if p != but {
			p.tell(t)
		}
	}
}

// show tells everybody what is new about p.
func (r *Room) show(p *Participant) { r.tell(nil, RoomUpdated{Person: p.view()}) }

func (r *Room) byID(id string) *Participant {
	return r.find(func(p *Participant) bool { return p.id == id })
}

func (r *Room) byPerson(person string) *Participant {
	return r.find(func(p *Participant) bool { return p.actor.Person == person })
}

func (r *Room) find(is func(*Participant) bool) *Participant {
	if i := slices.IndexFunc(r.people, is); i >= 0 {
		return r.people[i]
	}
	return nil
}

func (r *Room) roster() []RoomPerson {
	list := make([]RoomPerson, 0, len(r.people))
	for _, p := range r.people {
		list = append(list, p.view())
	}
	return list
}

// setCase takes the case as somebody read it. Older readings are ignored:
// transitions and readings arrive from several sides.
func (r *Room) setCase(c RoomCase) {
	if c.Version < r.state.Version {
		return
	}
	changed := c.State != r.state.State || c.Version != r.state.Version
	back := pastTheDoor(r.state.State) && !pastTheDoor(c.State)
	r.state = c
	if changed {
		r.tell(nil, RoomCaseChanged{Case: c})
	}
	if back && roomOpen(c) {
		r.stepBack()
	}
}

// remove takes a participant out of the room.
func (r *Room) remove(p *Participant, why string, with RoomClose) {
	now := time.Now()
	r.people = slices.DeleteFunc(r.people, func(q *Participant) bool { return q == p })
	if !p.entered.IsZero() {
		r.record(p.actor, p.note(why, now))
	}
	if with == ClosedRemoved {
		delete(r.admitted, p.actor.Person) // a seat given anew is let in anew
	}
	p.closeMedia()
	if p.hold != nil {
		p.hold.out.Close(with)
		p.hold = nil
	}
	r.tell(nil, RoomLeft{Participant: p.id, Why: why})
	if len(r.people) == 0 {
		r.empty = now
	}
	r.settle()
}

// record has the clerk write a line of the session's record.
func (r *Room) record(by auth.Actor, note SessionNote) {
	r.do(func(ctx context.Context) func() {
		if err := r.registry.cfg.Casework.SessionNote(ctx, r.id, by, note); err != nil {
			r.log.Error("session note lost", "what", note.What, "error", err)
		}
		return nil
	})
}

// finish ends the room for everybody.
func (r *Room) finish(with RoomClose) {
	if r.over {
		return
	}
	r.over = true
	now := time.Now()
	for _, p := range r.people {
		if !p.entered.IsZero() {
			r.record(p.actor, p.note("left", now))
		}
		p.closeMedia()
		if p.hold != nil {
			p.hold.out.Close(with)
			p.hold = nil
		}
	}
	r.people = nil
}

// expire does what has come due.
func (r *Room) expire(now time.Time) {
	for _, p := range slices.Clone(r.people) {
		if at := p.goneAt(); !r.over && !at.IsZero() && !now.Before(at) {
			r.remove(p, "lost", ClosedLeft)
		}
	}
	if r.over {
		return
	}
	if len(r.people) == 0 && !r.moving && r.state.State != consult.InCall && !now.Before(r.empty.Add(emptyAfter)) {
		r.over = true
		return
	}
	if !r.reread.IsZero() && !now.Before(r.reread) {
		r.refresh()
	}
	r.settle()
}

// next is how long the room may sleep.
func (r *Room) next(now time.Time) time.Duration {
	at := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	for _, p := range r.people {
		sooner(p.goneAt())
	}
	sooner(r.reread)
	if !r.moving {
		switch {
		case r.retry.After(now):
			sooner(r.retry)
		case !r.apart.IsZero():
			sooner(r.interruptAt())
		}
		if len(r.people) == 0 && r.state.State != consult.InCall {
			sooner(r.empty.Add(emptyAfter))
		}
	}
	return max(at.Sub(now), time.Millisecond)
}

// RoomStatus is a live room as the board shows it.
type RoomStatus struct {
	Consult string
	Tenant  string
	Case    RoomCase
	People  []RoomPerson

	actors []auth.Actor // of the people
}

func (r *Room) publish() {
	status := &RoomStatus{Consult: r.id, Tenant: r.tenant, Case: r.state, People: r.roster()}
	for _, p := range r.people {
		status.actors = append(status.actors, p.actor)
	}
	r.status.Store(status)
}
