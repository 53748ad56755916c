package signaling_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"consilium/rooms/consult"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// python is Debian's, which has Debian's modules, whatever stands first on PATH.
const python = "/usr/bin/python3"

// stranger is a page that is neither pion nor a browser: aiortc, in a process of
// its own (testdata/aiortc_page.py).
type stranger struct {
	watch chan struct{} // a token whenever something was told

	mu       sync.Mutex // guards what follows
	told     []string   // as it came
	self     string
	phase    string
	answers  int
	lines    []protocol.Line
	frames   map[string]int // decoded frames that differ, by mid
	finished bool
}

// told is what the page says.
type told struct {
	Event       string
	Participant string
	Phase       string
	Lines       []protocol.Line
	MID         string
	Frames      int
}

// strangerGoesIn starts the page with so many spare pairs.
func (p *page) strangerGoesIn(id string, pairs int) *stranger {
	p.Helper()
	cmd := exec.CommandContext(p.ctx, python, "testdata/aiortc_page.py")
	stdin := must(cmd.StdinPipe())(p.T)
	stdout := must(cmd.StdoutPipe())(p.T)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	p.ok(cmd.Start())
	s := &stranger{watch: make(chan struct{}, 1), frames: map[string]int{}}
	var reading sync.WaitGroup
	reading.Go(func() { s.listen(bufio.NewScanner(stdout)) })
	p.Cleanup(func() {
		_ = stdin.Close() // tells it to leave
		reading.Wait()
		if err := cmd.Wait(); err != nil || p.Failed() {
			p.Errorf("aiortc ended with %v\n%s\n%s", err, strings.Join(s.told, "\n"), &stderr)
		}
	})
	p.ok(json.NewEncoder(stdin).Encode(map[string]any{
		"url": "ws" + strings.TrimPrefix(p.url, "http") + "/ws/rooms/" + id, "origin": p.url, "cookie": p.cfg.Cookie,
		"ticket": p.roomTicket(id), "pairs": pairs,
	}))
	return s
}

func (s *stranger) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		var t told
		_ = json.Unmarshal(lines.Bytes(), &t) // what is not JSON is shown if the test fails
		s.change(func() {
			s.told = append(s.told, lines.Text())
			switch t.Event {
			case "welcome":
				s.self = t.Participant
			case "phase":
				s.phase = t.Phase
			case "answered":
				s.answers++
			case "lines":
				s.lines = t.Lines
			case "media":
				s.frames[t.MID] = t.Frames
			}
		})
	}
	s.change(func() { s.finished = true })
}

func (s *stranger) change(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	select {
	case s.watch <- struct{}{}:
	default:
	}
}

// await waits until is reports true of the page.
func (s *stranger) await(h *house, what string, is func() bool) {
	h.Helper()
	for {
		s.mu.Lock()
		done, finished := is(), s.finished
		s.mu.Unlock()
		switch {
		case done:
			return
		case finished:
			h.Fatalf("aiortc ended before %s", what)
		}
		select {
		case <-s.watch:
		case <-h.ctx.Done():
			h.Fatalf("waiting for %s: %v", what, h.ctx.Err())
		}
	}
}

// shows waits until the page has decoded that many more frames, each unlike the
// one before, of a participant's source.
func (s *stranger) shows(h *house, participant, source string, more int) {
	h.Helper()
	frames := func() int {
		for _, l := range s.lines {
			if l.Participant == participant && l.Source == source {
				return s.frames[l.MID]
			}
		}
		return 0
	}
	s.mu.Lock()
	start := frames()
	s.mu.Unlock()
	s.await(h, fmt.Sprintf("%d more frames of %s from %s", more, source, participant), func() bool { return frames() >= start+more })
}

// A WebRTC stack that is neither a browser's nor the server's own takes part: it
// decodes what others send, the others get what it sends, and the map of lines
// grows under it.
func TestAStrangersStack(t *testing.T) {
	if out, err := exec.Command(python, "-c", "import aiortc, websockets").CombinedOutput(); err != nil {
		why := fmt.Sprintf("aiortc is not installed (Debian: python3-aiortc python3-websockets): %v: %s", err, out)
		if os.Getenv("CONSILIUM_TEST_REQUIRE") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	h := open(t)
	experts, doctors := h.signsIn("expert"), h.signsIn("doctor")
	id := doctors.startsNow()
	experts.accepts(id)
	doctor := doctors.goesIn(id, 2)
	aiortc := experts.strangerGoesIn(id, 1)
	aiortc.await(h, "being in the call", func() bool { return aiortc.phase == "in" })
	both := func(from *client.Room) {
		h.Helper()
		for _, source := range []string{"microphone", "camera"} {
			h.ok(from.AwaitMedia(h.ctx, aiortc.self, source, 20))
			aiortc.shows(h, from.Self(), source, 20)
		}
	}
	both(doctor)

	// A third makes it offer again, for more lines.
	_, err := h.desk.Do(h.ctx, experts.actor, id, "key", 0, consult.JoinCmd{Person: "second"})
	h.ok(err)
	seconds := h.signsIn("second")
	seconds.accepts(id)
	second := seconds.goesIn(id, 2)
	aiortc.await(h, "a second answer", func() bool { return aiortc.answers == 2 })
	both(doctor)
	both(second)
}
