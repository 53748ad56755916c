package rooms

import (
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/sfu"
)

// Participant is one person in a live room. It belongs to the room's goroutine;
// a socket reaches it through a Hold.
type Participant struct {
	id       string
	actor    auth.Actor
	pass     RoomPass
	may      []RoomRight
	hold     *Hold     // the socket that speaks for the person; nil while it is away
	away     time.Time // since when there has been no socket; zero while there is one
	phase    RoomPhase
	since    time.Time // when the phase was entered
	entered  time.Time // when the person last came into the call; zero: not in it
	arrived  bool      // the case knows that the person knocked
	media    RoomMedia
	peer     *sfu.Peer // nil until the first offer
	mediaUp  bool      // media can flow now
	hadMedia bool      // it could, since this socket's page was loaded
	link     linkTally

	linkShown time.Time // when the others were last told of the link
}

// rights lists what the permission table grants in a room, in the order in
// which it is told.
var rights = []struct {
	right RoomRight
	needs auth.Action
}{
	{MayMicrophone, "room.speak"},
	{MayCamera, "room.speak"},
	{MayScreen, "room.share"},
	{MayChat, "chat.write"},
	{MayAdmit, "room.admit"},
	{MayEnd, "room.end"},
	{MayInvite, "consult.join"},
}

func rightsOf(actor auth.Actor, o auth.Object) []RoomRight {
	var may []RoomRight
	for _, r := range rights {
		if auth.Allow(actor, r.needs, o) {
			may = append(may, r.right)
		}
	}
	return may
}

// readsChat reports whether the person is told what is said. Guests hear the
// call, but chat is part of the record.
func (p *Participant) readsChat() bool { return auth.Allow(p.actor, "chat.read", p.pass.Object) }

func (p *Participant) has(r RoomRight) bool { return slices.Contains(p.may, r) }

// mediaRights is what the person may send.
func (p *Participant) mediaRights() sfu.Rights {
	return sfu.Rights{Microphone: p.has(MayMicrophone), Camera: p.has(MayCamera), Screen: p.has(MayScreen)}
}

// invitedSide reports whether the person answers rather than asks.
func (p *Participant) invitedSide() bool {
	switch p.pass.Object.Seat {
	case auth.SeatExpert, auth.SeatChair, auth.SeatMember:
		return true
	}
	return false
}

// invitingSide reports whether the person is with the patient.
func (p *Participant) invitingSide() bool {
	return p.pass.Object.Seat == auth.SeatOwner || p.pass.Object.Seat == auth.SeatAccompanying
}

// unannounced reports whether the person knocked and the case does not know yet.
// Guests come and go without a trace in the case.
func (p *Participant) unannounced() bool {
	return p.phase != PhaseLobby && !p.arrived && (p.invitingSide() || p.invitedSide())
}

// here reports whether the person takes part in the call at this moment: media
// flows or, for who could not connect media at all, the socket is open.
func (p *Participant) here() bool {
	return p.phase == PhaseIn && (p.mediaUp || p.hold != nil && !p.hadMedia)
}

// goneAt is when a person whose socket is away loses the seat. While media
// still flows only the signaling has failed, and the seat is kept for as long
// as a room token can be good.
func (p *Participant) goneAt() time.Time {
	switch {
	case p.away.IsZero():
		return time.Time{}
	case p.mediaUp:
		return p.away.Add(longestAway)
	}
	return p.away.Add(ResumeGrace)
}

func (p *Participant) tell(t RoomTelling) {
	if p.hold != nil {
		p.hold.out.Send(t)
	}
}

func (p *Participant) refuse(re, code, message string) {
	p.tell(RoomRefused{Re: re, Code: code, Message: message})
}

// view is the participant as the others see them.
func (p *Participant) view() RoomPerson {
	v := RoomPerson{
		ID:        p.id,
		Person:    p.actor.Person,
		RoomName:  p.pass.RoomName,
		Seat:      p.pass.Object.Seat,
		Phase:     p.phase,
		Since:     p.since,
		Connected: p.hold != nil,
		Media:     p.media,
		Link:      p.link.word,
		RTT:       p.link.last.RTT,
		Loss:      p.link.last.loss(),
	}
	if p.hadMedia && !p.mediaUp {
		v.Link = LinkLost
	}
	return v
}

// lines is the map of the person's receiving lines now.
func (p *Participant) lines() []sfu.Line {
	if p.peer == nil {
		return nil
	}
	return p.peer.Lines()
}

// layers are the sizes of the person's own pictures of which something is to be said.
func (p *Participant) layers() []sfu.Layer {
	if p.peer == nil {
		return nil
	}
	return p.peer.Layers()
}

// closeMedia ends what the person sends and receives.
func (p *Participant) closeMedia() {
	if p.peer != nil {
		p.peer.Close()
		p.peer = nil
	}
	p.mediaUp, p.hadMedia = false, false
}

// note sums up the person's time in the call for the session's record.
func (p *Participant) note(what string, now time.Time) SessionNote {
	n := p.link.summary()
	n.What = what
	if !p.entered.IsZero() {
		n.Lasted = now.Sub(p.entered)
	}
	return n
}
