package sfu

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("SFU_HARNESS") != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

const patience = 15 * time.Second

// eventually waits for a condition that other goroutines bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	within(t, patience, what, holds)
}

func within(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// never watches for a while that a condition stays false.
func never(t *testing.T, what string, watch time.Duration, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(watch)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if holds() {
			t.Fatal(what)
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		}
	}
}

func listen(t *testing.T) *Server {
	t.Helper()
	s, err := Listen(Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Logger: testLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a participant's browser: a real pion peer.
type client struct {
	t    *testing.T
	name string
	peer *Peer
	pc   *webrtc.PeerConnection
	path *path
	pipe *pipe

	microphone, camera, screen *source
	layers                     []*source // of the camera, beside the largest
	wg                         sync.WaitGroup
	answered                   sync.RWMutex // held for writing while an offer is out

	mu    sync.Mutex            // guards what follows
	heard map[string][]received // by mid
	lines []Line
	more  [2]int
	up    bool
	live  map[Source]bool
	asked []Layer
}

type received struct {
	header  rtp.Header
	payload []byte
	picture descriptor
	key     bool
}

var labelled = regexp.MustCompile(`[0-9]{5}\|([^|]*)\|$`)

// from reads who made the packet, out of its payload.
func (r received) from() string {
	if m := labelled.FindSubmatch(r.payload); m != nil {
		return string(m[1])
	}
	return ""
}

type clientOptions struct {
	tcpOnly      bool
	interceptors []interceptor.Factory
	pairs        int // of spare lines; 0 means 2
	withScreen   bool
	listenOnly   bool
	rights       *Rights
	outside      bool
	peer         *Peer    // offer on this one instead of joining
	path         *path    // the way from and to the server; nil: loopback
	pipe         *pipe    // the same over TCP
	plain        bool     // does not tell when packets came, whatever the way
	mendsSound   bool     // asks for lost sound, and sends it again
	camera       int      // bits/s of the camera at most; 0: little
	rids         []string // of the camera's layers, the smallest first
	pictures     []codec  // that the browser has, what it sends first; nil: all, VP8
}

func join(t *testing.T, r *Room, name string, opts clientOptions) *client {
	t.Helper()
	c := &client{t: t, name: name, heard: map[string][]received{}, live: map[Source]bool{}}
	if opts.peer == nil {
		may := Rights{Microphone: true, Camera: true, Screen: true}
		if opts.rights != nil {
			may = *opts.rights
		}
		p, err := r.Join(name, may, c.hooks())
		if err != nil {
			t.Fatal(err)
		}
		c.peer = p
		if !opts.outside {
			p.Enter()
		}
	} else {
		c.peer = opts.peer
	}
	c.connect(opts)
	return c
}

func (c *client) hooks() Hooks {
	locked := func(f func()) {
		c.mu.Lock()
		defer c.mu.Unlock()
		f()
	}
	return Hooks{
		Lines:     func(l []Line) { locked(func() { c.lines = l }) },
		More:      func(a, v int) { locked(func() { c.more = [2]int{a, v} }) },
		Layers:    func(l []Layer) { locked(func() { c.asked = l }) },
		Connected: func(up bool) { locked(func() { c.up = up }) },
		Media:     func(s Source, live bool) { locked(func() { c.live[s] = live }) },
	}
}

func (c *client) connect(opts clientOptions) {
	c.t.Helper()
	var m webrtc.MediaEngine
	must(c.t, registerCodecs(&m, opts.pictures))
	var registry interceptor.Registry
	for _, f := range opts.interceptors {
		registry.Add(f) // nearest to the network
	}
	if opts.mendsSound {
		m.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeAudio)
	}
	must(c.t, webrtc.ConfigureNack(&m, &registry))
	must(c.t, webrtc.ConfigureRTCPReports(&registry))
	if opts.path != nil && !opts.plain {
		// Else a busy machine looks like a link that is full.
		must(c.t, webrtc.ConfigureTWCCSender(&m, &registry))
	}
	if opts.rids != nil {
		must(c.t, webrtc.ConfigureSimulcastExtensionHeaders(&m))
	}
	var se webrtc.SettingEngine
	se.LoggerFactory = pionLoggers{slog.New(slog.DiscardHandler)}
	se.SetIncludeLoopbackCandidate(true)
	se.BufferFactory = c.buffer
	se.DisableSRTPReplayProtection(opts.mendsSound) // what a dropper loses has been decrypted
	if opts.tcpOnly {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	} else {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&registry), webrtc.WithSettingEngine(se))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	must(c.t, err)
	c.pc, c.path, c.pipe = pc, opts.path, opts.pipe
	c.t.Cleanup(c.hangUp)
	pc.OnTrack(c.onTrack)
	if !opts.listenOnly {
		c.microphone = c.newSource(Microphone, opus)
		if opts.rids == nil {
			c.camera = c.newSource(Camera, append(slices.Clone(opts.pictures), vp8)[0])
		} else {
			c.film(opts.rids)
		}
		c.camera.setRates(opts.camera, opts.camera)
		if opts.withScreen {
			c.screen = c.newSource(Screen, vp8)
		}
	}
	pairs := opts.pairs
	if pairs == 0 {
		pairs = 2
	}
	c.addLines(pairs)
	c.offer()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *client) addLines(pairs int) {
	for range pairs {
		for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			_, err := c.pc.AddTransceiverFromKind(k, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			must(c.t, err)
		}
	}
}

func (c *client) tracks() []Track {
	var tracks []Track
	for _, s := range []*source{c.microphone, c.camera, c.screen} {
		if s != nil {
			tracks = append(tracks, Track{MID: s.transceiver.Mid(), Source: s.source})
		}
	}
	return tracks
}

// offer negotiates, as the app's call code does.
func (c *client) offer() string {
	c.t.Helper()
	return c.offerWith(nil)
}

func (c *client) offerWith(options *webrtc.OfferOptions) string {
	c.t.Helper()
	o, err := c.pc.CreateOffer(options)
	must(c.t, err)
	must(c.t, c.pc.SetLocalDescription(o))
	c.answered.Lock()
	defer c.answered.Unlock()
	answer, lines, err := c.peer.Offer(context.Background(), o.SDP, c.tracks())
	must(c.t, err)
	c.mu.Lock()
	c.lines = lines
	c.mu.Unlock()
	if c.path != nil {
		answer = c.path.through(answer)
	}
	if c.pipe != nil {
		answer = c.pipe.through(answer)
	}
	must(c.t, c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
	return answer
}

// buffer makes the queue of a stream that is heard of. Media that overtake their
// answer wait for it: the stack would look into a stream that no description
// names yet, and read on in it beside the reader that the answer starts.
func (c *client) buffer(packetio.BufferPacketType, uint32) io.ReadWriteCloser {
	buffer := packetio.NewBuffer()
	buffer.SetLimitSize(1 << 20)
	c.answered.RLock()
	defer c.answered.RUnlock()
	return buffer
}

func (c *client) hangUp() {
	for _, s := range append([]*source{c.microphone, c.camera, c.screen}, c.layers...) {
		if s != nil {
			s.end()
		}
	}
	_ = c.pc.GracefulClose()
	c.wg.Wait()
}

func (c *client) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := receiver.RTPTransceiver().Mid()
	c.wg.Go(func() {
		for {
			if _, _, err := receiver.ReadRTCP(); err != nil {
				return
			}
		}
	})
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		r := received{header: p.Header, payload: p.Payload}
		r.picture, r.key = look(codecOf(track), p.Payload)
		c.mu.Lock()
		c.heard[mid] = append(c.heard[mid], r)
		c.mu.Unlock()
	}
}

// on returns the mid of the line that carries a participant's source.
func (c *client) on(participant string, s Source) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		if l.Participant == participant && l.Source == s {
			return l.MID
		}
	}
	return ""
}

func (c *client) count(mid, from string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, r := range c.heard[mid] {
		if r.from() == from {
			n++
		}
	}
	return n
}

func (c *client) packets(mid string) []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heard[mid])
}

// gets waits until the client gets fresh media of the participant's source.
func (c *client) gets(participant string, s Source) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%s has a line for %s's %s", c.name, participant, s), func() bool {
		return c.on(participant, s) != ""
	})
	mid := c.on(participant, s)
	before := c.count(mid, participant+" "+string(s))
	eventually(c.t, fmt.Sprintf("%s gets %s's %s", c.name, participant, s), func() bool {
		return c.count(mid, participant+" "+string(s)) >= before+5
	})
}

// source plays synthetic media: a packet every 10 ms, a key frame only at the
// start and when asked.
type source struct {
	source      Source
	codec       codec
	label       string
	track       *webrtc.TrackLocalStaticRTP
	transceiver *webrtc.RTPTransceiver
	rid         string // empty: not a layer
	stop        chan struct{}
	once        sync.Once
	wg          sync.WaitGroup

	mu        sync.Mutex
	wantKey   bool
	keyFrames int
	most      int // bits/s, 0: little
	rate      int // the same, as the server lets it
}

func (c *client) newSource(s Source, as codec) *source {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mimes[as]}, string(s), c.name)
	must(c.t, err)
	tr, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	must(c.t, err)
	out := &source{source: s, codec: as, label: c.name + " " + string(s), track: track, transceiver: tr}
	out.begin()
	return out
}

// film makes a camera whose picture comes in layers; the packets of each bear its
// name after the camera's.
func (c *client) film(rids []string) {
	var tr *webrtc.RTPTransceiver
	for _, rid := range rids {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8},
			string(Camera), c.name, webrtc.WithRTPStreamID(rid))
		must(c.t, err)
		if tr == nil {
			tr, err = c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		} else {
			err = tr.Sender().AddEncoding(track)
		}
		must(c.t, err)
		c.layers = append(c.layers, &source{source: Camera, codec: vp8, label: c.name + " camera " + rid, rid: rid, track: track, transceiver: tr})
	}
	for _, s := range c.layers {
		s.begin()
	}
	last := len(c.layers) - 1
	c.layers, c.camera = c.layers[:last], c.layers[last]
}

func (s *source) begin() {
	s.stop, s.wantKey = make(chan struct{}), true
	s.wg.Go(s.listen)
	s.wg.Go(func() { s.play(s.source.kind()) })
}

// name tells in a packet which layer it is of.
func (s *source) name(h *rtp.Header) {
	if s.rid == "" {
		return
	}
	for _, e := range s.transceiver.Sender().GetParameters().HeaderExtensions {
		switch e.URI {
		case sdesMID:
			_ = h.SetExtension(uint8(e.ID), []byte(s.transceiver.Mid()))
		case sdesRID:
			_ = h.SetExtension(uint8(e.ID), []byte(s.rid))
		}
	}
}

func (s *source) end() {
	s.once.Do(func() { close(s.stop) })
	_ = s.transceiver.Sender().Stop()
	s.wg.Wait()
}

func (s *source) readRTCP() ([]rtcp.Packet, error) {
	if s.rid != "" {
		packets, _, err := s.transceiver.Sender().ReadSimulcastRTCP(s.rid)
		return packets, err
	}
	packets, _, err := s.transceiver.Sender().ReadRTCP()
	return packets, err
}

func (s *source) listen() {
	for {
		packets, err := s.readRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			s.mu.Lock()
			switch p := p.(type) {
			case *rtcp.PictureLossIndication:
				s.wantKey = true
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				s.rate = min(s.most, int(p.Bitrate)-soundLeast)
			}
			s.mu.Unlock()
		}
	}
}

func (s *source) setRates(most, rate int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most, s.rate = most, rate
}

func (s *source) play(k kind) {
	step := uint32(480)
	if k == video {
		step = 900
	}
	// Ticks of a busy machine are lost; a rate must not be.
	next := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for n := uint16(1); ; n++ {
		next = next.Add(10 * time.Millisecond)
		wait.Reset(time.Until(next))
		select {
		case <-s.stop:
			return
		case <-wait.C:
		}
		payload := []byte(fmt.Sprintf("%05d|%s|", n, s.label))
		if k == video {
			s.mu.Lock()
			key := s.wantKey
			if key {
				s.wantKey = false
				s.keyFrames++
			}
			fill := max(s.rate/800-12-6-len(payload), 0) // for 10 ms
			s.mu.Unlock()
			payload = slices.Concat(pictureHeader(s.codec, n, key), make([]byte, fill), payload)
		}
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: k == video, SequenceNumber: n, Timestamp: uint32(n) * step},
			Payload: payload,
		}
		s.name(&p.Header)
		_ = s.track.WriteRTP(&p)
	}
}

// testLogger shows what the package logs when SFU_DEBUG is set.
func testLogger(t *testing.T) *slog.Logger {
	if os.Getenv("SFU_DEBUG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
