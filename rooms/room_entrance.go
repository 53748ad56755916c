package rooms

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"consilium/auth"
)

// errRoomGone means that a room ended while somebody was at its door.
var errRoomGone = errors.New("the room has ended")

// enter goes through the clerk, so that no chat message falls between those in
// the snapshot and those told afterwards. It waits for the outcome even when ctx
// ends, which ends the call to the desk: a seat must not be bound to a socket
// that has given up.
func (r *Room) enter(ctx context.Context, e RoomEntry, pass RoomPass) (*Hold, error) {
	type outcome struct {
		hold *Hold
		err  error
	}
	done := make(chan outcome, 1)
	posted := r.clerk.post(func() {
		var chat []RoomChat
		if auth.Allow(e.Actor, "chat.read", pass.Object) {
			var err error
			if chat, err = r.registry.cfg.Chatbook.ChatSince(ctx, r.id, e.Actor, e.Chat); err != nil {
				done <- outcome{nil, err}
				return
			}
		}
		if !r.inbox.post(func() {
			if ctx.Err() != nil {
				done <- outcome{nil, ctx.Err()}
				return
			}
			hold, err := r.attach(e, pass, chat)
			done <- outcome{hold, err}
		}) {
			done <- outcome{nil, errRoomGone}
		}
	})
	if !posted {
		return nil, errRoomGone
	}
	select {
	case o := <-done:
		return o.hold, o.err
	case <-r.gone:
		// What was posted may have been dropped with the room, or just have run.
		select {
		case o := <-done:
			return o.hold, o.err
		default:
			return nil, errRoomGone
		}
	}
}

// attach binds a socket to the person's seat, a new one if they had none.
func (r *Room) attach(e RoomEntry, pass RoomPass, chat []RoomChat) (*Hold, error) {
	now := time.Now()
	r.setCase(pass.Case)
	p := r.byPerson(e.Actor.Person)
	known := p != nil
	if !known {
		if len(r.people) >= mostInRoom {
			return nil, errRoomFull
		}
		p = r.newcomer(e, now)
		r.people = append(r.people, p)
		r.empty = time.Time{}
	}
	resumed := known && e.Participant == p.id && (p.mediaUp || p.peer != nil && p.peer.Holds())
	if p.hold != nil {
		p.hold.out.Close(ClosedTakenOver)
	}
	hold := &Hold{room: r, out: e.Out}
	p.hold, p.away, p.actor = hold, time.Time{}, e.Actor
	hold.participant = p
	if !resumed {
		p.hadMedia = false // a page that was just loaded has no media yet, and has lost none
	}
	r.stand(p, pass)
	e.Out.Send(RoomSnapshot{
		Participant: p.id, Grace: ResumeGrace, Resumed: resumed, Phase: p.phase, Case: r.state,
		May: p.may, Roster: r.roster(), Chat: chat, Lines: p.lines(), Layers: p.layers(),
	})
	if known {
		r.tell(p, RoomUpdated{Person: p.view()})
	} else {
		r.tell(p, RoomJoined{Person: p.view()})
	}
	r.settle()
	return hold, nil
}

// newcomer makes a seat. Who comes back with a room token after this server
// was restarted gets their id and their place in the call back.
func (r *Room) newcomer(e RoomEntry, now time.Time) *Participant {
	p := &Participant{id: e.Participant, phase: PhaseLobby, since: now, link: linkTally{word: LinkUnknown}}
	if p.id == "" || r.byID(p.id) != nil {
		p.id = uuid.Must(uuid.NewV7()).String()
	}
	if e.Admitted {
		r.admitted[e.Actor.Person] = true
		p.phase = PhaseWaiting // settle brings them in
	}
	return p
}

// stand takes over what the desk says about a person's standing.
func (r *Room) stand(p *Participant, pass RoomPass) {
	may := rightsOf(p.actor, pass.Object)
	changed := !slices.Equal(may, p.may)
	p.pass, p.may = pass, may
	if !p.has(MayMicrophone) {
		p.media.Microphone = false
	}
	if !p.has(MayCamera) {
		p.media.Camera = false
	}
	if !p.has(MayScreen) {
		p.media.Screen = false
	}
	if changed && p.peer != nil {
		p.peer.Allow(p.mediaRights())
		r.muteAll(p) // a right that comes back switches nothing on
	}
}

// refresh reads everybody's standing anew, because the case has changed.
func (r *Room) refresh() {
	if r.refreshing {
		r.stale = true
		return
	}
	r.refreshing, r.stale, r.reread = true, false, time.Time{}
	actors := make(map[string]auth.Actor, len(r.people))
	for _, p := range r.people {
		actors[p.id] = p.actor
	}
	r.do(func(ctx context.Context) func() {
		passes := make(map[string]RoomPass, len(actors))
		gone := make(map[string]bool)
		failed := false
		for id, actor := range actors {
			pass, err := r.registry.cfg.Casework.RoomPass(ctx, actor, r.id)
			switch hidden := (*Error)(nil); {
			case err == nil && auth.Visible(actor, pass.Object):
				passes[id] = pass
			case err == nil || errors.As(err, &hidden) && hidden.Code == errHidden.Code:
				gone[id] = true
			default:
				r.log.Error("standing not read", "error", err)
				failed = true
			}
		}
		return func() {
			if failed { // a seat that was taken away must not outlast a database that was
				r.reread = time.Now().Add(retryAfter)
			}
			r.refreshed(passes, gone)
		}
	})
}

func (r *Room) refreshed(passes map[string]RoomPass, gone map[string]bool) {
	for _, pass := range passes {
		r.setCase(pass.Case)
	}
	for _, p := range slices.Clone(r.people) {
		pass, ok := passes[p.id]
		switch {
		case r.over:
			return
		case gone[p.id], ok && roomOpen(pass.Case) && !auth.Allow(p.actor, "room.enter", pass.Object):
			r.remove(p, "removed", ClosedRemoved)
		case ok:
			before, seat := slices.Clone(p.may), p.pass.Object.Seat
			r.stand(p, pass)
			if !slices.Equal(before, p.may) {
				p.tell(RoomPhaseChanged{Phase: p.phase, May: p.may})
			}
			if seat != p.pass.Object.Seat || !slices.Equal(before, p.may) {
				r.show(p)
			}
		}
	}
	r.refreshing = false
	r.settle()
	if r.stale && !r.over {
		r.refresh()
	}
}

// renew takes over what a person may be now: grants end while a call goes on.
func (r *Room) renew(p *Participant, actor auth.Actor) {
	p.actor = actor
	if !auth.Allow(actor, "room.enter", p.pass.Object) {
		r.remove(p, "removed", ClosedRemoved)
		return
	}
	r.stand(p, p.pass)
}

// revoke removes a person whose access was taken away or whose session ended.
func (r *Room) revoke(v auth.Revocation) {
	if p := r.byPerson(v.Person); p != nil && v.Ends(p.actor) {
		r.remove(p, "removed", ClosedRevoked)
	}
}
