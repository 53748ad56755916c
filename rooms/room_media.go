package rooms

import (
	"context"
	"errors"
	"time"

	"consilium/rooms/sfu"
)

// peerOf is the person's media, made at the first offer. Hooks come from the
// media's own goroutines, so they only post. nil: refused.
func (r *Room) peerOf(p *Participant) *sfu.Peer {
	if p.peer != nil {
		return p.peer
	}
	if r.media == nil {
		p.refuse("offer", RefusedUnavailable, "this server has no media")
		return nil
	}
	peer, err := r.media.Join(p.id, p.mediaRights(), r.hooks(p))
	if err != nil {
		r.log.Error("media not joined", "participant", p.id, "error", err)
		p.refuse("offer", RefusedUnavailable, "media is not available; try again")
		return nil
	}
	p.peer = peer
	r.muteAll(p)
	if p.phase == PhaseIn {
		peer.Enter()
	}
	return peer
}

func (r *Room) hooks(p *Participant) sfu.Hooks {
	return sfu.Hooks{
		// Map and list are read when their turn comes: what is told is always the
		// latest, in whatever order answers and changes arrive.
		Lines:  func([]sfu.Line) { r.inbox.post(func() { p.tell(RoomLines{Lines: p.lines()}) }) },
		Layers: func([]sfu.Layer) { r.inbox.post(func() { p.tell(RoomLayers{Layers: p.layers()}) }) },
		More: func(audio, video int) {
			r.inbox.post(func() { p.tell(RoomMoreLines{Audio: audio, Video: video}) })
		},
		Connected: func(up bool) { r.inbox.post(func() { r.connected(p, up) }) },
	}
}

// answered tells what came of an offer.
func (r *Room) answered(p *Participant, peer *sfu.Peer, id int64, answer string, err error) {
	if p.peer != peer {
		return
	}
	if err == nil {
		p.tell(RoomAnswer{ID: id, SDP: answer, Lines: p.lines()})
		return
	}
	refused := (*sfu.Error)(nil)
	if !errors.As(err, &refused) || refused.Code == sfu.CodeFailed {
		r.log.Warn("offer failed", "participant", p.id, "error", err)
	}
	if refused == nil {
		refused = &sfu.Error{Message: "media could not be negotiated"}
	}
	p.refuse("offer", RefusedOffer, refused.Message)
}

// connected: the person's media can flow, or no longer can.
func (r *Room) connected(p *Participant, up bool) {
	if p.peer == nil || p.mediaUp == up {
		return
	}
	p.mediaUp = up
	if up {
		if p.hadMedia {
			p.link.reconnects++
		}
		p.hadMedia = true
	}
	r.show(p)
	r.settle()
}

// setMedia turns the person's own sources on and off, as far as they may.
func (r *Room) setMedia(p *Participant, m RoomMedia) {
	m.Microphone = m.Microphone && p.has(MayMicrophone)
	m.Camera = m.Camera && p.has(MayCamera)
	m.Screen = m.Screen && p.has(MayScreen)
	m.Paused = m.Paused && m.Camera
	if m == p.media {
		return
	}
	presents := m.Screen && !p.media.Screen && p.phase == PhaseIn
	p.media = m
	r.muteAll(p)
	r.show(p)
	if presents {
		r.record(p.actor, SessionNote{What: "presented"})
	}
}

// muteAll has the media forward what is on and nothing else, whatever the
// browser goes on sending.
func (r *Room) muteAll(p *Participant) {
	if p.peer == nil {
		return
	}
	p.peer.Mute(sfu.Microphone, !p.media.Microphone)
	p.peer.Mute(sfu.Camera, !p.media.Camera)
	p.peer.Mute(sfu.Screen, !p.media.Screen)
}

// report takes the person's view of their link; the others are told when the
// word changes, and otherwise not more often than they could read.
func (r *Room) report(p *Participant, l LinkReport) {
	if l.RTT == 0 && p.peer != nil {
		l.RTT = float64(p.peer.Stats().RTT) / float64(time.Millisecond)
	}
	if p.link.add(l) || time.Since(p.linkShown) >= linkShownEvery {
		p.linkShown = time.Now()
		r.show(p)
	}
}

const linkShownEvery = 10 * time.Second

// say keeps a message with the case; once kept, everybody who may read it is
// told, the sender too.
func (r *Room) say(p *Participant, key, text string) {
	id, by := p.id, p.actor
	r.do(func(ctx context.Context) func() {
		said, err := r.registry.cfg.Chatbook.Chat(ctx, r.id, by, key, text)
		return func() {
			if err != nil {
				r.log.Error("chat message not kept", "error", err)
				if p := r.byID(id); p != nil {
					p.refuse("chat", refusalCode(err), refusalMessage(err))
				}
				return
			}
			r.heard(said)
		}
	})
}

// heard tells everybody who may read the chat of a message that is kept.
func (r *Room) heard(m RoomChat) {
	for _, p := range r.people {
		if p.readsChat() {
			p.tell(m)
		}
	}
}

// drop: the person's socket is gone; media goes on meanwhile.
func (r *Room) drop(p *Participant) {
	p.hold, p.away = nil, time.Now()
	r.show(p)
	r.settle()
}
