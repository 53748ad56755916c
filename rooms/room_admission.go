package rooms

import (
	"context"
	"errors"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// roomOpen reports whether a case in this state has a room: from acceptance
// (for 急会诊 from the moment it rings) until the call is over.
func roomOpen(c RoomCase) bool {
	switch c.State {
	case consult.Invited, consult.Triaged:
		return c.StartNow
	case consult.Accepted, consult.Scheduled, consult.Ready, consult.Waiting, consult.InCall, consult.Interrupted:
		return true
	}
	return false
}

// begun reports whether the call itself has begun.
func begun(s consult.State) bool { return s == consult.InCall || s == consult.Interrupted }

// pastTheDoor reports whether the case knows of somebody who knocked.
func pastTheDoor(s consult.State) bool { return s == consult.Waiting || begun(s) }

// stepBack: the consult has been booked anew while people were here. The case
// knows of no knock any more, and whoever was inside waits to be let in again.
func (r *Room) stepBack() {
	r.met = false
	clear(r.admitted)
	now := time.Now()
	for _, p := range r.people {
		p.arrived = false
		if p.phase != PhaseIn {
			continue
		}
		r.record(p.actor, p.note("left", now))
		p.entered = time.Time{}
		if p.peer != nil {
			p.peer.Exit()
		}
		r.setPhase(p, PhaseWaiting, "")
	}
}

// settle brings people and case into accord after anything has changed: who may
// go in, which transition follows, whether the room is over. It is safe to call
// at any time.
func (r *Room) settle() {
	if r.over {
		return
	}
	if !roomOpen(r.state) {
		r.endCall(RoomName{})
		return
	}
	for _, p := range r.people {
		if p.phase == PhaseWaiting && r.goesIn(p) && r.inCall() < mostInCall {
			r.letIn(p, "")
		}
	}
	r.watchSides()
	if r.moving || time.Now().Before(r.retry) {
		return
	}
	switch {
	case r.state.State == consult.Ready || r.state.State == consult.Waiting:
		if p := r.find((*Participant).unannounced); p != nil {
			r.move(consult.Arrive, p.actor, func() { p.arrived = true })
		}
	case r.state.State == consult.Interrupted && r.bothHere():
		r.move(consult.Resume, consult.System(r.tenant), nil)
	case r.state.State == consult.InCall && !r.apart.IsZero() && !time.Now().Before(r.interruptAt()):
		r.move(consult.Interrupt, consult.System(r.tenant), nil)
	}
}

// goesIn reports whether a person who knocked needs nobody to let them in:
// experts never do; nobody does twice in one call; the requester does not once
// the call has begun, be it by an emergency's acceptance or before a restart of
// this server.
func (r *Room) goesIn(p *Participant) bool {
	if p.invitedSide() {
		return r.state.State == consult.Waiting || begun(r.state.State)
	}
	if r.admitted[p.actor.Person] {
		return r.state.State == consult.Waiting || begun(r.state.State)
	}
	switch p.pass.Object.Seat {
	case auth.SeatOwner:
		return begun(r.state.State)
	case auth.SeatAccompanying:
		return begun(r.state.State) && r.state.StartNow
	}
	return false
}

func (r *Room) inCall() int {
	n := 0
	for _, p := range r.people {
		if p.phase == PhaseIn {
			n++
		}
	}
	return n
}

// letIn brings a person into the call.
func (r *Room) letIn(p *Participant, by string) {
	r.admitted[p.actor.Person] = true
	p.entered = time.Now()
	r.setPhase(p, PhaseIn, by)
	if p.peer != nil {
		p.peer.Enter()
	}
	r.record(p.actor, SessionNote{What: "joined"})
}

func (r *Room) setPhase(p *Participant, phase RoomPhase, by string) {
	p.phase, p.since = phase, time.Now()
	p.tell(RoomPhaseChanged{Phase: phase, By: by, May: p.may})
	r.show(p)
}

// knock: the person is ready to enter.
func (r *Room) knock(p *Participant) {
	if p.phase != PhaseLobby {
		p.tell(RoomPhaseChanged{Phase: p.phase, May: p.may})
		return
	}
	if r.goesIn(p) && r.inCall() >= mostInCall {
		p.refuse("knock", RefusedFull, "eight people are in the call already; you are let in when somebody leaves")
	}
	r.setPhase(p, PhaseWaiting, "")
	r.settle()
}

// admit: an expert lets a waiting person in. The first of the inviting side
// begins the call.
func (r *Room) admit(by *Participant, id string) {
	p := r.byID(id)
	switch {
	case p == nil || p.phase != PhaseWaiting:
		by.refuse("admit", RefusedNoParticipant, "this person is not waiting any more")
		return
	case by.phase != PhaseIn:
		by.refuse("admit", RefusedNotAdmitted, "come in first, then let others in")
		return
	case r.inCall() >= mostInCall:
		by.refuse("admit", RefusedFull, "eight people are in the call already")
		return
	}
	if r.state.State == consult.Waiting && p.invitingSide() {
		if !p.arrived { // the knock has not reached the case yet
			r.ask("admit", consult.Arrive, p.actor, by, func() {
				p.arrived = true
				r.admit(by, id)
			})
			return
		}
		r.ask("admit", consult.Admit, by.actor, by, func() { r.enterAdmitted(id, by.id) })
		return
	}
	r.letIn(p, by.id)
	r.settle()
}

func (r *Room) enterAdmitted(id, by string) {
	if p := r.byID(id); p != nil && p.phase == PhaseWaiting {
		r.letIn(p, by)
	}
}

// move has the clerk make a transition that follows from what happens here. If
// the desk cannot, settle tries again later.
func (r *Room) move(verb consult.Verb, by auth.Actor, done func()) {
	r.moving = true
	r.do(func(ctx context.Context) func() {
		c, err := r.registry.cfg.Casework.RoomEvent(ctx, r.id, verb, by)
		return func() {
			r.moving = false
			if err != nil {
				// Too early, or somebody else was first: read anew, try again.
				r.log.Info("transition did not follow", "verb", verb, "error", err)
				r.retry = time.Now().Add(retryAfter)
				r.refresh()
				return
			}
			r.setCase(c)
			if done != nil {
				done()
			}
			r.settle()
		}
	})
}

// ask has the clerk make a transition that a participant asked for, and tells
// the asker when it is refused.
func (r *Room) ask(re string, verb consult.Verb, by auth.Actor, asker *Participant, done func()) {
	r.do(func(ctx context.Context) func() {
		c, err := r.registry.cfg.Casework.RoomEvent(ctx, r.id, verb, by)
		return func() {
			if err == nil {
				r.setCase(c)
				done()
				r.settle()
				return
			}
			asker.refuse(re, refusalCode(err), refusalMessage(err))
			if refusalCode(err) == RefusedUnavailable {
				r.log.Error("transition failed", "verb", verb, "error", err)
			}
			r.refresh()
		}
	})
}

// refusalCode translates the desk's answer into a code of the room.
func refusalCode(err error) string {
	if e := (*consult.Error)(nil); errors.As(err, &e) {
		switch e.Code {
		case consult.NotYours:
			return RefusedNotAllowed
		case consult.GuardConsent:
			return RefusedConsent
		case consult.GuardWaiting:
			return RefusedNoParticipant
		}
		return RefusedState
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Code != codeFull {
		return RefusedNotAllowed
	}
	return RefusedUnavailable
}

// refusalMessage is the part of the desk's answer that was written for people.
func refusalMessage(err error) string {
	if e := (*consult.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return "the server could not carry this out; try again"
}

// endForAll ends the call because a participant says so.
func (r *Room) endForAll(p *Participant) {
	name := p.pass.RoomName
	r.ask("end", consult.End, p.actor, p, func() { r.endCall(name) })
}

// endCall tells everybody that the call is over and closes the room.
func (r *Room) endCall(by RoomName) {
	r.tell(nil, RoomEnded{By: by})
	r.finish(ClosedEnded)
}

// interruptAt is when a missing side makes the call an interrupted one.
func (r *Room) interruptAt() time.Time {
	if r.met {
		return r.apart.Add(apartAfter)
	}
	return r.apart.Add(meetWithin)
}

// bothHere reports whether both sides take part at this moment.
func (r *Room) bothHere() bool {
	inviting := r.find(func(p *Participant) bool { return p.invitingSide() && p.here() })
	invited := r.find(func(p *Participant) bool { return p.invitedSide() && p.here() })
	return inviting != nil && invited != nil
}

// watchSides notes since when a side has been missing from the call.
func (r *Room) watchSides() {
	switch {
	case r.bothHere():
		r.met, r.apart = true, time.Time{}
	case r.state.State != consult.InCall:
		r.apart = time.Time{}
	case r.apart.IsZero():
		r.apart = time.Now()
	}
}
