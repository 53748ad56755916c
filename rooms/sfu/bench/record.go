package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

//go:embed record.html
var recordPage []byte

const (
	recordFrames = 300
	// recordRest is how many frames after the key frame are left out: it upsets the
	// encoder for a while.
	recordRest = 30
	// recordSteady is how many seconds in a row have to be as they should before it
	// begins.
	recordSteady   = 5
	recordPatience = 2 * time.Minute
	videoClock     = 90_000
)

// chromiumFlags let it show its invented camera without asking, on a machine that
// may have no network.
var chromiumFlags = []string{
	"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
	"--allow-loopback-in-peer-connection", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
}

// record writes into a file how Chromium cuts the frames of a steady picture.
func record(file string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), recordPatience)
	defer cancel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return err
	}
	r := &recorder{ended: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(recordPage) })
	mux.HandleFunc("POST /offer", r.offer)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	var work sync.WaitGroup
	work.Go(func() { _ = server.Serve(listener) }) // until it is closed
	defer func() {
		err = errors.Join(err, server.Close(), r.close())
		work.Wait()
	}()
	stop, err := browse("http://" + listener.Addr().String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	select {
	case err = <-r.ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("no recording: %w; %s", err, r.state())
	}
	fmt.Println(r.state())
	return os.WriteFile(file, r.text(), 0o644)
}

// browse opens a page in a Chromium of its own.
func browse(url string) (stop func() error, err error) {
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	home, err := os.MkdirTemp("", "consilium-record-")
	if err != nil {
		return nil, err
	}
	film := filepath.Join(home, "scene.y4m")
	if err := scene(film); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	cmd := exec.Command(browser, append(chromiumFlags, "--use-file-for-fake-video-capture="+film, "--user-data-dir="+home, url)...)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	return func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it ends with the signal
		return os.RemoveAll(home)
	}, nil
}

// recorder is the peer that the page sends to.
type recorder struct {
	ended chan error // gets nil when all is recorded

	mu      sync.Mutex // guards what follows
	pc      *webrtc.PeerConnection
	browser string
	next    uint16 // sequence number, once something came
	came    bool
	frame   []int // payloads of the frame that comes, bytes
	key     bool  // it is a key frame
	second  stretch
	steady  int   // seconds
	keyed   []int // the key frame that was asked for
	rest    int   // frames since then
	frames  [][]int
	all     stretch // of frames
}

// stretch is some of the picture, by its own clock.
type stretch struct {
	frames, bytes int
	from, to      uint32
}

func (s *stretch) add(timestamp uint32, sizes []int) {
	if s.frames == 0 {
		s.from = timestamp
	}
	s.frames, s.to = s.frames+1, timestamp
	for _, size := range sizes {
		s.bytes += size
	}
}

// rates are what it makes in a second, without its first frame, where it begins.
func (s *stretch) rates() (frames, bits float64) {
	if s.frames < 2 {
		return 0, 0
	}
	seconds := float64(s.to-s.from) / videoClock
	each := float64(s.bytes) / float64(s.frames)
	return float64(s.frames-1) / seconds, each * 8 * float64(s.frames-1) / seconds
}

// isSteady tells whether it is as it was asked for.
func (s *stretch) isSteady() bool {
	frames, bits := s.rates()
	return frames > 29.5 && frames < 30.5 && bits > 0.9*recordedRate && bits < 1.1*recordedRate
}

func (r *recorder) offer(w http.ResponseWriter, request *http.Request) {
	offer, err := io.ReadAll(request.Body)
	answer := ""
	if err == nil {
		answer, err = r.connect(string(offer), request.UserAgent())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, answer)
}

func (r *recorder) connect(offer, browser string) (string, error) {
	api, err := newAPI(webrtc.SettingEngine{}, r.arrived)
	if err != nil {
		return "", err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.pc, r.browser = pc, browser
	r.mu.Unlock()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	return answer(pc)
}

func (r *recorder) close() error {
	r.mu.Lock()
	pc := r.pc
	r.mu.Unlock()
	if pc == nil {
		return nil
	}
	return pc.GracefulClose()
}

// arrived takes a packet in. On loopback none overtakes another.
func (r *recorder) arrived(raw []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var p rtp.Packet
	if p.Unmarshal(raw) != nil {
		return
	}
	if r.came && p.SequenceNumber != r.next {
		r.end(errors.New("packets were lost"))
	}
	r.came, r.next = true, p.SequenceNumber+1
	if len(p.Payload) == 0 {
		return // it is padding
	}
	if r.frame == nil {
		var vp8 codecs.VP8Packet
		frame, err := vp8.Unmarshal(p.Payload)
		r.key = err == nil && len(frame) > 0 && frame[0]&1 == 0
	}
	r.frame = append(r.frame, len(p.Payload))
	if p.Marker {
		r.take(p.SSRC, p.Timestamp)
		r.frame = nil
	}
}

// take takes a whole frame in.
func (r *recorder) take(ssrc, timestamp uint32) {
	switch {
	case r.steady < recordSteady:
		r.await(ssrc, timestamp)
	case r.keyed == nil && r.key:
		r.keyed = r.frame
	case r.keyed == nil: // it is under way
	case r.rest < recordRest:
		r.rest++
	case len(r.frames) < recordFrames:
		r.frames = append(r.frames, r.frame)
		r.all.add(timestamp, r.frame)
	case r.all.isSteady():
		r.end(nil)
	default:
		r.end(errors.New("the picture did not stay steady"))
	}
}

// await waits for a picture that is steady, and asks for a key frame then.
func (r *recorder) await(ssrc, timestamp uint32) {
	r.second.add(timestamp, r.frame)
	if r.second.to-r.second.from < videoClock {
		return
	}
	if r.steady++; !r.second.isSteady() {
		r.steady = 0
	}
	r.second = stretch{}
	if r.steady == recordSteady {
		_ = r.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}) // time is up otherwise
	}
}

func (r *recorder) end(err error) {
	select {
	case r.ended <- err:
	default: // it has ended before
	}
}

// state tells how far it has come.
func (r *recorder) state() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames, bits := r.all.rates()
	return fmt.Sprintf("%d seconds were steady, %d frames recorded, %.2f a second, %.3f Mbit/s", r.steady, len(r.frames), frames, bits/1e6)
}

// text is the recording: a line for every frame.
func (r *recorder) text() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bytes.Buffer
	frames, bits := r.all.rates()
	fmt.Fprintf(&b, "# Bytes of payload in the packets of a key frame, and of %d frames in a row.\n", len(r.frames))
	fmt.Fprintf(&b, "# VP8, %dx%d, %.2f frames/s, %.3f Mbit/s\n# %s\n", sceneWidth, sceneHeight, frames, bits/1e6, r.browser)
	for _, sizes := range append([][]int{r.keyed}, r.frames...) {
		fmt.Fprintln(&b, strings.Trim(fmt.Sprint(sizes), "[]"))
	}
	return b.Bytes()
}
