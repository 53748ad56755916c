package sfu

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func TestTwoSeeAndHearEachOther(t *testing.T) {
	r := listen(t).NewRoom()
	clinic := join(t, r, "clinic", clientOptions{})
	expert := join(t, r, "expert", clientOptions{})
	for _, s := range []Source{Microphone, Camera} {
		clinic.gets("expert", s)
		expert.gets("clinic", s)
	}
	// Sound and picture of one person come as one stream, for lip sync.
	streams := map[string]bool{}
	for _, tr := range expert.pc.GetTransceivers() {
		if mid := tr.Mid(); mid == expert.on("clinic", Microphone) || mid == expert.on("clinic", Camera) {
			streams[tr.Receiver().Track().StreamID()] = true
		}
	}
	if len(streams) != 1 {
		t.Errorf("one person's media are in %d streams", len(streams))
	}
	eventually(t, "hooks tell that both are connected and live", func() bool {
		clinic.mu.Lock()
		defer clinic.mu.Unlock()
		return clinic.up && clinic.live[Microphone] && clinic.live[Camera]
	})
}

func TestLateJoinerStartsAtAKeyFrame(t *testing.T) {
	r := listen(t).NewRoom()
	clinic := join(t, r, "clinic", clientOptions{})
	expert := join(t, r, "expert", clientOptions{})
	expert.gets("clinic", Camera)

	late := join(t, r, "late", clientOptions{})
	late.gets("clinic", Camera)
	late.gets("expert", Camera)
	for _, from := range []string{"clinic", "expert"} {
		if first := late.packets(late.on(from, Camera))[0]; !first.key {
			t.Errorf("%s's picture begins with something that cannot be decoded", from)
		}
	}
	late.gets("clinic", Microphone)
	clinic.gets("late", Camera)
}

func TestKeyFrameRequestsAreThrottled(t *testing.T) {
	r := listen(t).NewRoom()
	clinic := join(t, r, "clinic", clientOptions{})
	expert := join(t, r, "expert", clientOptions{})
	expert.gets("clinic", Camera)

	began := time.Now()
	mid := expert.on("clinic", Camera)
	for _, tr := range expert.pc.GetTransceivers() {
		if tr.Mid() != mid {
			continue
		}
		ssrc := uint32(tr.Receiver().Track().SSRC())
		for range 200 {
			must(t, expert.pc.WriteRTCP(pli(ssrc)))
		}
	}
	expert.gets("clinic", Camera)
	clinic.camera.mu.Lock()
	n := clinic.camera.keyFrames
	clinic.camera.mu.Unlock()
	if most := 4 + int(time.Since(began)/keyFrameInterval); n > most {
		t.Errorf("%d key frames were made, want at most %d", n, most)
	}
}

func TestMute(t *testing.T) {
	r := listen(t).NewRoom()
	clinic := join(t, r, "clinic", clientOptions{withScreen: true})
	expert := join(t, r, "expert", clientOptions{})
	for _, s := range []Source{Microphone, Camera, Screen} {
		expert.gets("clinic", s)
	}
	for _, s := range []Source{Microphone, Camera} {
		mid := expert.on("clinic", s)
		clinic.peer.Mute(s, true)
		eventually(t, "the room learns that it is off", func() bool {
			clinic.mu.Lock()
			defer clinic.mu.Unlock()
			return !clinic.live[s]
		})
		settled := quiet(t, expert, mid)
		if expert.on("clinic", s) != mid {
			t.Errorf("muted %s lost its line", s)
		}
		clinic.peer.Mute(s, false)
		expert.gets("clinic", s)
		after := expert.packets(mid)[settled]
		if last := expert.packets(mid)[settled-1]; after.header.SequenceNumber != last.header.SequenceNumber+1 {
			t.Errorf("%s: sequence number %d after %d: the browser would ask for packets that do not exist",
				s, after.header.SequenceNumber, last.header.SequenceNumber)
		}
		if s == Camera && !after.key {
			t.Error("the picture does not begin again with a key frame")
		}
	}
	clinic.peer.Mute(Screen, true)
	eventually(t, "the screen gives its line back", func() bool { return expert.on("clinic", Screen) == "" })
	clinic.peer.Mute(Screen, false)
	expert.gets("clinic", Screen)
}

// quiet waits until nothing more comes on a line and returns how much came.
func quiet(t *testing.T, c *client, mid string) int {
	t.Helper()
	n := len(c.packets(mid))
	eventually(t, "the line falls silent", func() bool {
		before := n
		pause := time.NewTimer(100 * time.Millisecond)
		defer pause.Stop()
		<-pause.C
		n = len(c.packets(mid))
		return n == before
	})
	return n
}

func TestAnObserverIsNotHeard(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	observer := join(t, r, "observer", clientOptions{rights: &Rights{}})
	observer.gets("expert", Camera)
	never(t, "the observer's media came through", 300*time.Millisecond, func() bool {
		return expert.on("observer", Microphone) != "" || expert.on("observer", Camera) != ""
	})
	for _, tr := range observer.pc.GetTransceivers() {
		if tr.Mid() == observer.camera.transceiver.Mid() &&
			!strings.Contains(observer.pc.RemoteDescription().SDP, "a=mid:"+tr.Mid()) {
			t.Error("the refused section is missing from the answer")
		}
	}

	// Entitled later, the next offer opens the section.
	observer.peer.Allow(Rights{Microphone: true})
	observer.offer()
	expert.gets("observer", Microphone)
	if expert.on("observer", Camera) != "" {
		t.Error("the camera was not granted")
	}

	// Withdrawn, it stops at once.
	mid := expert.on("observer", Microphone)
	observer.peer.Allow(Rights{})
	eventually(t, "the line is free", func() bool { return expert.on("observer", Microphone) == "" })
	quiet(t, expert, mid)
}

func TestLobby(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	waiting := join(t, r, "waiting", clientOptions{outside: true})
	eventually(t, "the waiting one is connected", func() bool {
		waiting.mu.Lock()
		defer waiting.mu.Unlock()
		return waiting.up
	})
	never(t, "media passed the lobby's door", 200*time.Millisecond, func() bool {
		return waiting.on("expert", Camera) != "" || expert.on("waiting", Camera) != ""
	})
	waiting.peer.Enter()
	waiting.gets("expert", Camera)
	expert.gets("waiting", Camera)
	waiting.peer.Exit()
	eventually(t, "all lines are spare", func() bool {
		return waiting.on("expert", Camera) == "" && expert.on("waiting", Camera) == ""
	})
}

func TestLinesRunOut(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{pairs: 1})
	join(t, r, "first", clientOptions{pairs: 1, withScreen: true})
	expert.gets("first", Camera)
	eventually(t, "more lines are asked for", func() bool {
		expert.mu.Lock()
		defer expert.mu.Unlock()
		return expert.more == [2]int{3, 3}
	})
	expert.addLines(2)
	expert.offer()
	expert.gets("first", Screen)
	expert.gets("first", Camera)
	join(t, r, "second", clientOptions{pairs: 2})
	expert.gets("second", Camera)
	expert.gets("second", Microphone)
}

// dropper loses packets of a kind on the client's side, not their repairs.
type dropper struct {
	interceptor.NoOp
	every uint16
	mime  string
}

func (d dropper) NewInterceptor(string) (interceptor.Interceptor, error) { return &d, nil }

func (d *dropper) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	if info.MimeType != d.mime {
		return r
	}
	seen := map[uint16]bool{}
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, a, err := r.Read(b, a)
			if err != nil {
				return n, a, err
			}
			var h rtp.Header
			if _, err := h.Unmarshal(b[:n]); err != nil {
				continue
			}
			first := !seen[h.SequenceNumber]
			seen[h.SequenceNumber] = true
			if len(seen) > 20 && first && h.SequenceNumber%d.every == 0 {
				continue
			}
			return n, a, err
		}
	})
}

func TestLostPacketsAreRepaired(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{interceptors: []interceptor.Factory{dropper{every: 7, mime: webrtc.MimeTypeVP8}}})
	join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	mid := expert.on("clinic", Camera)
	eventually(t, "a hundred packets without a gap", func() bool {
		seen := map[uint16]bool{}
		packets := expert.packets(mid)
		if len(packets) < 200 {
			return false
		}
		first := packets[0].header.SequenceNumber
		for _, p := range packets {
			seen[p.header.SequenceNumber-first] = true
		}
		for i := range uint16(100) {
			if !seen[i] {
				return false
			}
		}
		return true
	})
	for i, p := range expert.packets(mid) {
		if p.from() != "clinic camera" {
			t.Fatalf("packet %d is damaged: %q", i, p.payload)
		}
	}
}

// uplinkDropper loses what the client sends of a kind on the way up, not its repairs.
type uplinkDropper struct {
	interceptor.NoOp
	mime string
}

func (d uplinkDropper) NewInterceptor(string) (interceptor.Interceptor, error) { return &d, nil }

func (d *uplinkDropper) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	if info.MimeType != d.mime {
		return w
	}
	var highest atomic.Uint32 // repairs are sent by other goroutines
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		seq := uint32(h.SequenceNumber)
		if h.SSRC == info.SSRC && seq > highest.Load() {
			highest.Store(seq)
			if seq%9 == 0 {
				return len(payload), nil
			}
		}
		return w.Write(h, payload, a)
	})
}

func TestLossOnThePublishersUplinkIsRepaired(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{interceptors: []interceptor.Factory{uplinkDropper{mime: webrtc.MimeTypeVP8}}})
	expert.gets("clinic", Camera)
	mid := expert.on("clinic", Camera)
	eventually(t, "a hundred packets without a gap", func() bool {
		packets := expert.packets(mid)
		seen := map[uint16]bool{}
		for _, p := range packets {
			seen[p.header.SequenceNumber-packets[0].header.SequenceNumber] = true
		}
		for i := range uint16(100) {
			if !seen[i] {
				return false
			}
		}
		return true
	})
	eventually(t, "the loss shows in the link's figures", func() bool {
		s := clinic.peer.Stats()
		return s.LossUp > 0.02 && s.LossUp < 0.5
	})
}

func TestReload(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	clinic.gets("expert", Camera)
	mid := expert.on("clinic", Camera)

	clinic.hangUp()
	again := join(t, r, "clinic", clientOptions{peer: clinic.peer})
	again.gets("expert", Camera)
	again.gets("expert", Microphone)
	expert.gets("clinic", Camera)
	expert.gets("clinic", Microphone)
	if expert.on("clinic", Camera) != mid {
		t.Error("a reload moved the participant to another line")
	}
	packets := expert.packets(mid)
	for i := 1; i < len(packets); i++ {
		if packets[i].header.SequenceNumber != packets[i-1].header.SequenceNumber+1 {
			t.Fatal("the sequence broke at the reload")
		}
	}
}

func TestASecondJoinReplacesTheFirst(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	old := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	_, _, err := old.peer.Offer(context.Background(), old.pc.LocalDescription().SDP, nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeClosed {
		t.Errorf("the replaced peer answers %v", err)
	}
}

func TestICERestart(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	before := clinic.pc.RemoteDescription().SDP
	clinic.offerWith(&webrtc.OfferOptions{ICERestart: true})
	if clinic.pc.RemoteDescription().SDP == before {
		t.Error("the answer is the old one")
	}
	expert.gets("clinic", Camera)
	clinic.gets("expert", Camera)
	clinic.gets("expert", Microphone)
}

func TestTCPOnly(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{tcpOnly: true})
	expert.gets("clinic", Camera)
	clinic.gets("expert", Camera)
	clinic.gets("expert", Microphone)
	eventually(t, "the path is named", func() bool {
		return clinic.peer.Stats().Path == "tcp" && expert.peer.Stats().Path == "udp"
	})
}

func TestStats(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	eventually(t, "round trip and rates are known", func() bool {
		s := clinic.peer.Stats()
		return s.RTT > 0 && s.RTT < time.Second && s.RateUp > 10 && s.RateDown > 10
	})
}

func TestCloseEndsEverything(t *testing.T) {
	s := listen(t)
	r := s.NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	r.Close()
	eventually(t, "the browsers notice", func() bool {
		return clinic.pc.ConnectionState() == webrtc.PeerConnectionStateClosed
	})
	if _, err := r.Join("late", Rights{}, Hooks{}); err == nil {
		t.Error("a closed room took somebody in")
	}
	must(t, s.Close())
	if _, err := s.NewRoom().Join("late", Rights{}, Hooks{}); err == nil {
		t.Error("a closed server took somebody in")
	}
}
