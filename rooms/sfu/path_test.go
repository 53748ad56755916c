package sfu

import (
	"errors"
	"net"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// path is the way between one browser and the server: free towards the server,
// and towards the browser a link of a rate behind a queue that drops what does
// not fit.
type path struct {
	t      *testing.T
	outer  *net.UDPConn // where the browser sends to
	inner  *net.UDPConn // where the server sends to
	server *net.UDPAddr
	queue  chan waiting

	mu      sync.Mutex // guards what follows
	real    [][]byte   // the first packets of the browser
	browser *net.UDPAddr
	loses   func(raw []byte) bool // of what comes from the server; nil: nothing
	dead    bool                  // nothing passes either way
	rate    int                   // bits/s
	waiting int                   // bytes
}

// waiting is a packet in the queue.
type waiting struct {
	raw []byte
	at  time.Time
}

// queueTime is how long the queue is.
const queueTime = 500 * time.Millisecond

func newPath(t *testing.T, s *Server, rate int) *path {
	t.Helper()
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		must(t, err)
		return c
	}
	p := &path{t: t, outer: open(), inner: open(), server: net.UDPAddrFromAddrPort(s.Addr()), rate: rate, queue: make(chan waiting, 10_000)}
	var wg sync.WaitGroup
	wg.Go(p.up)
	wg.Go(func() { defer close(p.queue); p.down() })
	wg.Go(p.drain)
	t.Cleanup(func() {
		if err := errors.Join(p.outer.Close(), p.inner.Close()); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
	return p
}

var candidate = regexp.MustCompile(`(?m)^a=candidate:.* udp .*$`)

// through makes an answer name the path instead of the server.
func (p *path) through(answer string) string {
	port := strconv.Itoa(p.outer.LocalAddr().(*net.UDPAddr).Port)
	return candidate.ReplaceAllString(answer, "a=candidate:1 1 udp 2130706431 127.0.0.1 "+port+" typ host\r")
}

func (p *path) setRate(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

func (p *path) up() {
	b := make([]byte, 2000)
	for {
		n, from, err := p.outer.ReadFromUDP(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.browser = from
		if len(p.real) < realKept {
			p.real = append(p.real, slices.Clone(b[:n]))
		}
		dead := p.dead
		p.mu.Unlock()
		if !dead {
			_, _ = p.inner.WriteToUDP(b[:n], p.server)
		}
	}
}

func (p *path) down() {
	b := make([]byte, 2000)
	for {
		n, err := p.inner.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		full := time.Duration(p.waiting+n)*8*time.Second/time.Duration(p.rate) > queueTime
		lost := full || p.dead || p.loses != nil && p.loses(b[:n])
		if !lost {
			p.waiting += n
		}
		p.mu.Unlock()
		if !lost {
			p.queue <- waiting{slices.Clone(b[:n]), time.Now()}
		}
	}
}

// drain sends what is in the queue at the link's rate. A packet leaves when the
// last of its bits would.
func (p *path) drain() {
	var free time.Time
	for w := range p.queue {
		p.mu.Lock()
		rate, to := p.rate, p.browser
		p.mu.Unlock()
		if free.Before(w.at) {
			free = w.at
		}
		free = free.Add(time.Duration(len(w.raw)) * 8 * time.Second / time.Duration(rate))
		if wait := time.Until(free); wait > 0 {
			<-time.After(wait)
		}
		p.mu.Lock()
		p.waiting -= len(w.raw)
		p.mu.Unlock()
		_, _ = p.outer.WriteToUDP(w.raw, to)
	}
}

// Over a real link with real peers: who is on a thin one is told that the picture
// is paused and gets the sound; when the link is better the picture comes back,
// with a key frame. How fast and how smoothly is for the tests in virtual time:
// this one bears a busy machine.
func TestAPictureIsPausedAndComesBack(t *testing.T) {
	t.Parallel()
	s := listen(t)
	r := s.NewRoom()
	join(t, r, "clinic", clientOptions{camera: 200_000})
	strong := join(t, r, "strong", clientOptions{listenOnly: true})
	weak := join(t, r, "weak", clientOptions{listenOnly: true, path: newPath(t, s, 130_000)})
	strong.gets("clinic", Camera)
	within(t, time.Minute, "the weak one is told that the picture is paused", func() bool {
		return weak.paused("clinic", Camera)
	})
	video := weak.on("clinic", Camera)
	within(t, time.Minute, "sound comes without the picture", func() bool {
		if weak.count(video, "clinic camera") > 0 {
			weak.forget() // it was under way
		}
		return weak.count(weak.on("clinic", Microphone), "clinic microphone") > 50
	})

	weak.forget()
	weak.path.setRate(5_000_000)
	within(t, 3*time.Minute, "the weak one is told that the picture goes on", func() bool {
		return !weak.paused("clinic", Camera)
	})
	within(t, time.Minute, "the picture goes on, from a key frame", func() bool {
		packets := slices.SortedFunc(slices.Values(weak.packets(video)), func(a, b received) int {
			return int(int16(a.header.SequenceNumber - b.header.SequenceNumber))
		})
		at := slices.IndexFunc(packets, func(p received) bool { return p.key })
		return at >= 0 && len(packets)-at > 20
	})
}

func (c *client) paused(participant string, s Source) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		if l.Participant == participant && l.Source == s {
			return l.Paused
		}
	}
	return false
}

// forget drops what was heard.
func (c *client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = map[string][]received{}
}

// The end of the handshake is sent again when it was lost, however often.
func TestTheLastFlightIsLost(t *testing.T) {
	t.Parallel()
	s := listen(t)
	p := newPath(t, s, 50_000_000)
	lost := 0
	p.mu.Lock()
	p.loses = func(raw []byte) bool {
		if raw[0] != changeCipherSpec || lost == 3 {
			return false
		}
		lost++
		return true
	}
	p.mu.Unlock()
	r := s.NewRoom()
	join(t, r, "expert", clientOptions{pairs: 1})
	clinic := join(t, r, "clinic", clientOptions{pairs: 1, path: p})
	clinic.gets("expert", Microphone)
	p.mu.Lock()
	defer p.mu.Unlock()
	if lost != 3 {
		t.Errorf("%d flights were lost", lost)
	}
}

// A connection whose way is dead is not given up: it goes on when the way is back.
func TestAConnectionOutlivesItsWay(t *testing.T) {
	t.Parallel()
	s := listen(t)
	r := s.NewRoom()
	join(t, r, "expert", clientOptions{pairs: 1})
	p := newPath(t, s, 50_000_000)
	clinic := join(t, r, "clinic", clientOptions{pairs: 1, path: p})
	clinic.gets("expert", Microphone)
	up := func() bool {
		clinic.mu.Lock()
		defer clinic.mu.Unlock()
		return clinic.up
	}
	kill := func(dead bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dead = dead
	}
	kill(true)
	within(t, time.Minute, "the way is known to be dead", func() bool { return !up() })
	if !clinic.peer.Holds() {
		t.Error("the connection is given up")
	}
	kill(false)
	within(t, time.Minute, "the way is back", up)
	clinic.gets("expert", Microphone)
}
