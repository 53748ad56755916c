package rooms

import (
	"context"
	"strings"

	"consilium/auth"
	"consilium/rooms/sfu"
)

// Hold is one socket's grip on a participant. When another socket of the same
// person takes over, what this one says no longer counts. Methods return at
// once, except for Offer; what cannot be done is answered by a RoomRefused.
type Hold struct {
	room        *Room
	participant *Participant
	out         outlet
}

// do runs f in the room if the socket still speaks for the person and the
// person has the right (empty: none needed).
func (h *Hold) do(re string, needs RoomRight, f func(p *Participant)) {
	h.room.inbox.post(func() {
		p := h.participant
		if p.hold != h {
			return
		}
		if needs != "" && !p.has(needs) {
			p.refuse(re, RefusedNotAllowed, "your seat in this consult does not include this")
			return
		}
		f(p)
	})
}

// Knock says that the person is ready to enter.
func (h *Hold) Knock() { h.do("knock", "", h.room.knock) }

// Admit lets a waiting person in.
func (h *Hold) Admit(participant string) {
	h.do("admit", MayAdmit, func(p *Participant) { h.room.admit(p, participant) })
}

// Say keeps a message with the case and tells everybody who may read it.
func (h *Hold) Say(key, text string) {
	h.do("chat", MayChat, func(p *Participant) {
		if strings.TrimSpace(text) == "" || key == "" {
			p.refuse("chat", RefusedEmpty, "a chat message needs a key and text")
			return
		}
		h.room.say(p, key, text)
	})
}

// SetMedia says which of the person's own sources are on.
func (h *Hold) SetMedia(m RoomMedia) {
	h.do("media", "", func(p *Participant) { h.room.setMedia(p, m) })
}

// Report is the person's own view of their link.
func (h *Hold) Report(l LinkReport) {
	h.do("quality", "", func(p *Participant) { h.room.report(p, l) })
}

// Leave leaves the room; the case goes on.
func (h *Hold) Leave() {
	h.do("leave", "", func(p *Participant) { h.room.remove(p, "left", ClosedLeft) })
}

// EndForAll ends the call for everybody.
func (h *Hold) EndForAll() { h.do("end", MayEnd, h.room.endForAll) }

// Drop says that the socket is gone. The seat is kept for the grace time.
func (h *Hold) Drop() {
	h.do("", "", h.room.drop)
}

// Renew takes over the person's grants as they are now.
func (h *Hold) Renew(actor auth.Actor) {
	h.do("", "", func(p *Participant) { h.room.renew(p, actor) })
}

// Revoke removes the person at once: the socket has found out that their
// session has ended.
func (h *Hold) Revoke() {
	h.do("", "", func(p *Participant) { h.room.remove(p, "removed", ClosedRevoked) })
}

// Offer negotiates media and blocks until it is done; the answer is told as a
// RoomAnswer.
func (h *Hold) Offer(ctx context.Context, id int64, sdp string, tracks []RoomTrack) {
	got := make(chan *sfu.Peer, 1)
	h.do("offer", "", func(p *Participant) { got <- h.room.peerOf(p) })
	var peer *sfu.Peer
	select {
	case peer = <-got:
	case <-h.room.gone:
		return
	case <-ctx.Done():
		return
	}
	if peer == nil {
		return // refused already
	}
	answer, _, err := peer.Offer(ctx, sdp, tracks)
	h.do("offer", "", func(p *Participant) { h.room.answered(p, peer, id, answer, err) })
}
