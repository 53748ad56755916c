package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

// profile is the only one that people and reference offer, so it is the one used.
const profile = "SRTP_AEAD_AES_128_GCM"

const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// eagerly is how often somebody looks for a path whose joining is measured. Pion does
// so five times a second unless the server asks too, and a lite one does not: its
// clock would be most of what is measured. Browsers look twenty times a second, and
// take a path at its first answer.
const eagerly = 10 * time.Millisecond

// newAPI is pion without interceptors, with settings. With arrived, packets of media
// are handed to it instead of being queued for a reader.
func newAPI(se webrtc.SettingEngine, arrived func(packet []byte)) (*webrtc.API, error) {
	se.SetIncludeLoopbackCandidate(true)
	se.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	se.SetIPFilter(func(ip net.IP) bool { return ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	if arrived != nil {
		se.BufferFactory = func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
			b := &counted{Buffer: packetio.NewBuffer()}
			if kind == packetio.RTPBufferPacket {
				b.arrived = arrived
			}
			return b
		}
	}
	var m webrtc.MediaEngine
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}}
	err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, RTCPFeedback: feedback,
	}}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, err
	}
	feedback = append(feedback, webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTCPFeedback{Type: "nack", Parameter: "pli"})
	err = m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback,
	}}, webrtc.RTPCodecTypeVideo)
	if err != nil {
		return nil, err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportCC}, kind); err != nil {
			return nil, err
		}
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&interceptor.Registry{})), nil
}

// counted tells of media packets and forgets them: what a person would do with
// them is no part of the measurement.
type counted struct {
	*packetio.Buffer
	arrived func(packet []byte)
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	if c.arrived != nil {
		c.arrived(p)
		return len(p), nil
	}
	return c.Buffer.Write(p)
}

// person is one participant.
type person struct {
	pc     *webrtc.PeerConnection
	sound  *webrtc.TrackLocalStaticRTP
	view   *webrtc.TrackLocalStaticRTP
	got    atomic.Int64  // media packets
	first  chan struct{} // closed with the first of them
	key    atomic.Bool   // a key frame is wanted
	stop   chan struct{}
	work   sync.WaitGroup
	arrive sync.Once

	reports reports
}

// enter joins a room of a server and waits until media can flow.
func enter(server *process, room, number, size int, eager bool) (*person, error) {
	p := &person{first: make(chan struct{}), stop: make(chan struct{})}
	p.key.Store(true)
	var se webrtc.SettingEngine
	if eager {
		se.SetICETimeouts(eagerly, time.Minute, eagerly) // it looks as often as its shortest time-out
	}
	api, err := newAPI(se, func(packet []byte) {
		p.got.Add(1)
		p.arrive.Do(func() { close(p.first) })
		if server.kind == "ours" {
			p.reports.note(packet)
		}
	})
	if err != nil {
		return nil, err
	}
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, err
	}
	if p.sound, err = p.send(webrtc.MimeTypeOpus); err != nil {
		return nil, err
	}
	if p.view, err = p.send(webrtc.MimeTypeVP8); err != nil {
		return nil, err
	}
	for range size - 1 {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if _, err := p.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return nil, err
			}
		}
	}
	connected := make(chan struct{})
	up := sync.OnceFunc(func() { close(connected) })
	// DTLS comes last; who looks for a path eagerly finds it away between two packets.
	p.pc.GetSenders()[0].Transport().OnStateChange(func(s webrtc.DTLSTransportState) {
		if s == webrtc.DTLSTransportStateConnected {
			up()
		}
	})
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	<-gathered
	var answer string
	err = server.calls.Call("Service.Join", Join{Room: room, Person: number, Size: size, SDP: p.pc.LocalDescription().SDP}, &answer)
	if err != nil {
		return nil, err
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return nil, err
	}
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	select {
	case <-connected:
		p.work.Go(p.report)
		return p, nil
	case <-timeout.C:
		return nil, fmt.Errorf("%s: person %d of room %d does not connect", server.name, number, room)
	}
}

func (p *person) send(mime string) (*webrtc.TrackLocalStaticRTP, error) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime, "person")
	if err != nil {
		return nil, err
	}
	t, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	p.work.Go(func() {
		for {
			packets, _, err := t.Sender().ReadRTCP()
			if err != nil {
				return
			}
			for _, packet := range packets {
				if _, is := packet.(*rtcp.PictureLossIndication); is {
					p.key.Store(true)
				}
			}
		}
	})
	return track, nil
}

// reportEvery is how often Chromium tells when packets came.
const reportEvery = 50 * time.Millisecond

// reports tells the server when packets came, as browsers do (transport-wide
// congestion control). The reference has no numbers of its own to be told of.
type reports struct {
	mu       sync.Mutex // guards all
	recorder *twcc.Recorder
	header   rtp.Header
	began    time.Time
}

func (r *reports) note(packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.header.Unmarshal(packet); err != nil {
		return
	}
	if number := r.header.GetExtension(1); len(number) == 2 {
		if r.recorder == nil {
			r.recorder, r.began = twcc.NewRecorder(1), time.Now()
		}
		r.recorder.Record(r.header.SSRC, binary.BigEndian.Uint16(number), time.Since(r.began).Microseconds())
	}
}

func (r *reports) take() []rtcp.Packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder == nil {
		return nil
	}
	return r.recorder.BuildFeedbackPacket()
}

func (p *person) report() {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			if packets := p.reports.take(); len(packets) > 0 {
				_ = p.pc.WriteRTCP(packets)
			}
		}
	}
}

func (p *person) leave() {
	close(p.stop)
	_ = p.pc.GracefulClose()
	p.work.Wait()
}

// play sends while on is true, until the person leaves. begins, a share, is where in
// the recording and in a frame's interval.
func (p *person) play(w workload, begins float64, on *atomic.Bool) {
	p.work.Go(func() {
		tick := time.NewTicker(playStep)
		defer tick.Stop()
		began := time.Now().Add(time.Duration((begins - 1) * float64(w.frameEvery)))
		var wide, soundSeq, viewSeq uint16
		var frames, sounds int
		payload := make([]byte, 1500)
		packet := rtp.Packet{Header: rtp.Header{Version: 2}}
		write := func(track *webrtc.TrackLocalStaticRTP, seq uint16, timestamp uint32, marker bool, payload []byte) {
			wide++
			var ext [2]byte
			binary.BigEndian.PutUint16(ext[:], wide)
			packet.SequenceNumber, packet.Timestamp, packet.Marker = seq, timestamp, marker
			_ = packet.SetExtension(1, ext[:])
			packet.Payload = payload
			_ = track.WriteRTP(&packet)
		}
		for {
			select {
			case <-p.stop:
				return
			case now := <-tick.C:
				elapsed := now.Sub(began)
				frame, sound := int(elapsed/w.frameEvery), int(elapsed/soundEvery)
				if !on.Load() {
					frames, sounds = frame, sound
					continue
				}
				for ; sounds < sound; sounds++ {
					soundSeq++
					write(p.sound, soundSeq, uint32(sounds)*960, false, payload[:soundSize])
				}
				for ; frames < frame; frames++ {
					key := p.key.Swap(false)
					sizes := w.packets(frames, begins, key)
					for i, size := range sizes {
						viewSeq++
						describe(payload, uint16(frames), i == 0, key)
						write(p.view, viewSeq, uint32(frames)*3000, i == len(sizes)-1, payload[:size])
					}
				}
			}
		}
	})
}

// describe writes the VP8 payload descriptor with a picture id of 15 bits (RFC
// 7741, section 4.2), and of a frame's first packet the bit that tells a key
// frame.
func describe(payload []byte, picture uint16, first, key bool) {
	payload[0] = 0x80
	if first {
		payload[0] |= 0x10
	}
	payload[1] = 0x80
	binary.BigEndian.PutUint16(payload[2:], picture|0x8000)
	payload[4] = 1
	if key {
		payload[4] = 0
	}
}
