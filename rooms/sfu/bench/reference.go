package main

import (
	"fmt"
	"sync"

	"github.com/pion/webrtc/v4"
)

// reference is the smallest forwarder: what a track brings is written to a
// TrackLocalStaticRTP, to which everybody else in the room is bound. No
// interceptors, no reports, no repair, no feedback.
type reference struct {
	lite bool // as ours: who calls has to choose the path, which pion does a fifth of a second later

	mu    sync.Mutex // guards what follows
	rooms map[int][]*referencePerson
}

type referencePerson struct {
	tracks [2]*webrtc.TrackLocalStaticRTP // sound, picture
	pc     *webrtc.PeerConnection         // nil until the person joins
}

func newReference(lite bool) *reference {
	return &reference{lite: lite, rooms: map[int][]*referencePerson{}}
}

// people makes everybody's tracks when the first of a room joins, so that nobody
// needs a second offer.
func (r *reference) people(j Join) ([]*referencePerson, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[j.Room] != nil {
		return r.rooms[j.Room], nil
	}
	people := make([]*referencePerson, j.Size)
	for i := range people {
		p := &referencePerson{}
		for k, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime, fmt.Sprint(i))
			if err != nil {
				return nil, err
			}
			p.tracks[k] = track
		}
		people[i] = p
	}
	r.rooms[j.Room] = people
	return people, nil
}

func (r *reference) join(j Join) (string, error) {
	people, err := r.people(j)
	if err != nil {
		return "", err
	}
	var se webrtc.SettingEngine
	se.SetLite(r.lite)
	api, err := newAPI(se, nil)
	if err != nil {
		return "", err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	own := people[j.Person]
	own.pc = pc
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		to := own.tracks[0]
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			to = own.tracks[1]
		}
		buffer := make([]byte, 1500)
		for {
			n, _, err := t.Read(buffer)
			if err != nil {
				return
			}
			_, _ = to.Write(buffer[:n]) // whoever has left is not written to
		}
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: j.SDP}); err != nil {
		return "", err
	}
	for i, p := range people {
		if i == j.Person {
			continue
		}
		for _, t := range p.tracks {
			if _, err := pc.AddTrack(t); err != nil {
				return "", err
			}
		}
	}
	return answer(pc)
}

// answer answers the offer that a connection has, with all its candidates.
func answer(pc *webrtc.PeerConnection) (string, error) {
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}

func (r *reference) leave(room, person int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.rooms[room][person].pc.Close()
}
