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
	camera camera
	work   sync.WaitGroup
	cancel context.CancelFunc
	audio  int // receiving sections
	video  int

	mu       sync.Mutex // guards what follows
	id       int64
	received map[string]*stream // by mid
	up       chan struct{}      // closed once connected
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
	m, err := newMedia(pairs, r.cfg, relays)
	if err != nil {
		return err
	}
	r.watch.mu.Lock()
	former := r.media
	r.media = m
	m.camera.ask(r.layers)
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

func newMedia(pairs int, cfg Config, relays []protocol.ICEServer) (*Media, error) {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Media{cancel: cancel, audio: pairs, video: pairs, received: make(map[string]*stream), up: make(chan struct{})}
	api, err := m.newAPI(cfg.Downlink)
	if err == nil {
		m.pc, err = api.NewPeerConnection(configuration(cfg, relays))
	}
	if err != nil {
		cancel()
		return nil, err
	}
	connected := sync.OnceFunc(func() { close(m.up) })
	m.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connected()
		}
	})
	m.pc.OnTrack(m.count)
	err = errors.Join(m.speak(ctx), m.film(ctx, cfg.Picture))
	for range pairs {
		err = errors.Join(err, m.line(webrtc.RTPCodecTypeAudio), m.line(webrtc.RTPCodecTypeVideo))
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// newAPI is the stack, behind a downlink of a rate, bit/s; 0: the machine's own.
func (m *Media) newAPI(rate int) (*webrtc.API, error) {
	// A page that ends its call hears late packets; pion's errors about them say
	// nothing. PION_LOG_ERROR=pc brings them back.
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	var settings webrtc.SettingEngine
	settings.LoggerFactory = quiet
	settings.SetIncludeLoopbackCandidate(true) // a machine without a network still talks to itself
	settings.BufferFactory = m.early.make
	var engine webrtc.MediaEngine
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	var registry interceptor.Registry
	registry.Add(&repairs{}) // nearest to the network
	err := errors.Join(
		webrtc.ConfigureNack(&engine, &registry),
		webrtc.ConfigureRTCPReports(&registry),
		webrtc.ConfigureSimulcastExtensionHeaders(&engine),
	)
	if rate > 0 {
		network, failed := newDownlink(rate)
		settings.SetNet(network)
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}) // TCP would go past the link
		err = errors.Join(err, failed, webrtc.ConfigureTWCCSender(&engine, &registry))
	} else {
		// It does not tell when packets came, though they are numbered: many clients
		// on one busy machine would look like many thin links.
		err = errors.Join(err, engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportCC}, webrtc.RTPCodecTypeVideo))
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(&registry)), err
}

// speak sends sound.
func (m *Media) speak(ctx context.Context) error {
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
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
	next := noise()
	m.work.Go(func() {
		repeat(ctx, soundEvery, func() error {
			err := track.WriteSample(media.Sample{Data: next(), Duration: soundEvery})
			if errors.Is(err, io.ErrClosedPipe) {
				return nil
			}
			return err
		})
	})
	return nil
}

// repeat does something again and again, until it fails or the context ends.
func repeat(ctx context.Context, every time.Duration, do func() error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if do() != nil {
				return
			}
		}
	}
}

// line adds a receiving section.
func (m *Media) line(kind webrtc.RTPCodecType) error {
	_, err := m.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	return err
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
