package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"consilium/signaling/protocol"
)

// Media is a page's media connection: a made-up microphone and camera, and
// counters of what arrives.
type Media struct {
	pc     *webrtc.PeerConnection
	early  early
	work   sync.WaitGroup
	cancel context.CancelFunc
	audio  int // receiving sections
	video  int

	mu       sync.Mutex // guards what follows
	id       int64
	received map[string]Received // by mid
	up       chan struct{}       // closed once connected
}

// Received counts what arrived on one section.
type Received struct {
	Packets int
	Frames  int       // packets that end a frame
	Lost    int       // gaps in the sequence numbers that nothing filled
	First   time.Time // when the first packet came

	lowest, highest int64 // sequence numbers, extended (RFC 3550, appendix A.1)
}

// add counts a packet.
func (n *Received) add(seq uint16, marker bool, now time.Time) {
	if n.Packets == 0 {
		n.First, n.lowest, n.highest = now, int64(seq), int64(seq)
	}
	extended := n.highest + int64(int16(seq-uint16(n.highest)))
	n.lowest, n.highest = min(n.lowest, extended), max(n.highest, extended)
	n.Packets++
	if marker {
		n.Frames++
	}
	n.Lost = int(n.highest-n.lowest) + 1 - n.Packets
}

// picture and sound are sent at these rates.
const (
	frameEvery    = 100 * time.Millisecond
	fullRateEvery = time.Second / 30 // of a picture whose rate is given
	soundEvery    = 20 * time.Millisecond
)

// Connect makes a media connection as the browser does: microphone and camera,
// and pairs of spare receiving sections. It waits until media can flow.
func (r *Room) Connect(ctx context.Context, pairs int) error {
	r.watch.mu.Lock()
	relays := r.relays
	r.watch.mu.Unlock()
	m, err := newMedia(pairs, r.cfg.Picture, configuration(r.cfg, relays))
	if err != nil {
		return err
	}
	r.watch.mu.Lock()
	former := r.media
	r.media = m
	r.watch.mu.Unlock()
	if former != nil {
		if err := former.close(); err != nil {
			return err
		}
	}
	if err := r.negotiate(ctx, m, true); err != nil {
		return err
	}
	select {
	case <-m.up:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for media to connect: %w", ctx.Err())
	}
}

// Widen offers again with as many receiving sections as the server asked for.
func (r *Room) Widen(ctx context.Context) error {
	if err := r.Await(ctx, "more-lines", func(r *Room) bool { return r.more != nil }); err != nil {
		return err
	}
	r.watch.mu.Lock()
	m, more := r.media, *r.more
	r.more = nil
	r.watch.mu.Unlock()
	if m == nil {
		return errNoMedia
	}
	for ; m.audio < more.Audio; m.audio++ {
		if err := m.line(webrtc.RTPCodecTypeAudio); err != nil {
			return err
		}
	}
	for ; m.video < more.Video; m.video++ {
		if err := m.line(webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
	}
	return r.negotiate(ctx, m, false)
}

// negotiate offers and takes the answer.
func (r *Room) negotiate(ctx context.Context, m *Media, fresh bool) error {
	r.offers.Lock()
	defer r.offers.Unlock()
	offer, err := m.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(m.pc)
	if err := m.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	m.id++
	send := protocol.Offer{ID: m.id, Fresh: fresh, SDP: m.pc.LocalDescription().SDP, Tracks: m.tracks()}
	var refused int
	r.watch.mu.Lock()
	refused = len(r.errors)
	r.watch.mu.Unlock()
	m.early.answered.Lock()
	defer m.early.answered.Unlock()
	if err := r.send(send); err != nil {
		return err
	}
	var answer protocol.Answer
	var failure error
	err = r.Await(ctx, "the answer", func(r *Room) bool {
		answer = r.answer
		for _, e := range r.errors[refused:] {
			if e.Re == "offer" {
				failure = fmt.Errorf("offer refused: %s: %s", e.Code, e.Message)
			}
		}
		return answer.ID == m.id && answer.SDP != "" || failure != nil
	})
	if err = errors.Join(err, failure); err != nil {
		return err
	}
	r.watch.change(func() { r.answer = protocol.Answer{} })
	return m.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP})
}

// Received counts what has arrived from a participant's source so far.
func (r *Room) Received(participant, source string) Received {
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	return r.received(participant, source)
}

func (r *Room) received(participant, source string) Received {
	if r.media == nil {
		return Received{}
	}
	for _, l := range r.lines {
		if l.Participant == participant && l.Source == source {
			r.media.mu.Lock()
			defer r.media.mu.Unlock()
			return r.media.received[l.MID]
		}
	}
	return Received{}
}

// Total sums what has arrived on all sections so far; it has no First.
func (r *Room) Total() (sum Received) {
	r.watch.mu.Lock()
	m := r.media
	r.watch.mu.Unlock()
	if m == nil {
		return sum
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.received {
		sum.Packets += n.Packets
		sum.Frames += n.Frames
		sum.Lost += n.Lost
	}
	return sum
}

// AwaitMedia waits until so many more packets of a participant's source arrive.
func (r *Room) AwaitMedia(ctx context.Context, participant, source string, packets int) error {
	start := r.Received(participant, source).Packets
	tick := time.NewTicker(frameEvery / 2)
	defer tick.Stop()
	for {
		if got := r.Received(participant, source).Packets; got >= start+packets {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.watch.mu.Lock()
			defer r.watch.mu.Unlock()
			return fmt.Errorf("waiting for %d packets of %s from %s: %w (got %d, lines %+v)",
				packets, source, participant, ctx.Err(), r.received(participant, source).Packets-start, r.lines)
		}
	}
}

// configuration takes relays only where they are to be used: a page in a Go
// program is behind no firewall.
func configuration(cfg Config, relays []protocol.ICEServer) webrtc.Configuration {
	var out webrtc.Configuration
	if !cfg.Relayed {
		return out
	}
	out.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	for _, s := range relays {
		out.ICEServers = append(out.ICEServers, webrtc.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
	}
	return out
}

// transportCC is the header extension that numbers a connection's packets.
const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

func newMedia(pairs, rate int, cfg webrtc.Configuration) (*Media, error) {
	// A page that ends its call hears late packets; pion's errors about them say
	// nothing. PION_LOG_ERROR=pc brings them back.
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	var settings webrtc.SettingEngine
	settings.LoggerFactory = quiet
	settings.SetIncludeLoopbackCandidate(true) // a machine without a network still talks to itself
	var engine webrtc.MediaEngine
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	// It does not tell when packets came, though they are numbered: many clients
	// on one busy machine would look like many thin links.
	var registry interceptor.Registry
	if err := errors.Join(
		webrtc.ConfigureNack(&engine, &registry),
		webrtc.ConfigureRTCPReports(&registry),
		engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportCC}, webrtc.RTPCodecTypeVideo),
	); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Media{cancel: cancel, audio: pairs, video: pairs, received: make(map[string]Received), up: make(chan struct{})}
	settings.BufferFactory = m.early.make
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(&registry))
	pc, err := api.NewPeerConnection(cfg)
	if err != nil {
		cancel()
		return nil, err
	}
	m.pc = pc
	connected := sync.OnceFunc(func() { close(m.up) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connected()
		}
	})
	pc.OnTrack(m.count)
	every, frames := frameEvery, picture(320, 240)
	if rate > 0 {
		every = fullRateEvery
		frames = padded(frames, int(float64(rate)/8*every.Seconds()))
	}
	err = errors.Join(
		m.source(ctx, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, soundEvery, noise()),
		m.source(ctx, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, every, frames),
	)
	for range pairs {
		err = errors.Join(err, m.line(webrtc.RTPCodecTypeAudio), m.line(webrtc.RTPCodecTypeVideo))
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// source sends what next makes, again and again.
func (m *Media) source(ctx context.Context, codec webrtc.RTPCodecCapability, every time.Duration, next func() []byte) error {
	track, err := webrtc.NewTrackLocalStaticSample(codec, codec.MimeType, "page")
	if err != nil {
		return err
	}
	transceiver, err := m.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	m.work.Go(func() {
		for {
			if _, _, err := transceiver.Sender().ReadRTCP(); err != nil {
				return
			}
		}
	})
	m.work.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := track.WriteSample(media.Sample{Data: next(), Duration: every}); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					return
				}
			}
		}
	})
	return nil
}

// line adds a receiving section.
func (m *Media) line(kind webrtc.RTPCodecType) error {
	_, err := m.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	return err
}

// count reads one receiving section until the connection ends.
func (m *Media) count(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := ""
	for _, t := range m.pc.GetTransceivers() {
		if t.Receiver() == receiver {
			mid = t.Mid()
		}
	}
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		m.mu.Lock()
		n := m.received[mid]
		n.add(packet.SequenceNumber, packet.Marker, time.Now())
		m.received[mid] = n
		m.mu.Unlock()
	}
}

// tracks names the sections that send.
func (m *Media) tracks() []protocol.Track {
	var list []protocol.Track
	for _, t := range m.pc.GetTransceivers() {
		if t.Direction() != webrtc.RTPTransceiverDirectionSendonly {
			continue
		}
		source := "camera"
		if t.Kind() == webrtc.RTPCodecTypeAudio {
			source = "microphone"
		}
		list = append(list, protocol.Track{MID: t.Mid(), Source: source})
	}
	return list
}

func (m *Media) close() error {
	m.cancel()
	err := m.pc.GracefulClose()
	m.work.Wait()
	return err
}
