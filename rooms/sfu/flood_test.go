//go:build linux

package sfu

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
)

// rubbish makes packets that no proper peer sends. Each is one of the kinds that
// the media port tells apart by its first byte (RFC 7983), and some of those.
type rubbish struct {
	*rand.Rand
	real [][]byte // what a proper peer sent
}

func (r rubbish) packet() []byte {
	switch r.IntN(8) {
	case 0:
		return r.noise(r.IntN(maxDatagram + 200))
	case 1: // says what it is, and is nothing of the kind
		b := r.noise(1 + r.IntN(200))
		b[0] = []byte{0, 1, 3, 20, 22, 23, 25, 63, 64, 79, 128, 144, 191, 255}[r.IntN(14)]
		return b
	case 2:
		return r.check()
	case 3:
		return r.record()
	case 4: // cut off
		b := r.one()
		return b[:r.IntN(len(b))]
	case 5: // with something behind it
		return append(r.one(), r.noise(1+r.IntN(300))...)
	case 6: // a length that is not its own
		b := r.one()
		at := r.IntN(max(len(b)-1, 1))
		binary.BigEndian.PutUint16(b[at:][:2], uint16(r.Uint32()))
		return b
	default: // some bits turned
		b := r.one()
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	}
}

func (r rubbish) noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// one is a copy of a real packet.
func (r rubbish) one() []byte { return slices.Clone(r.real[r.IntN(len(r.real))]) }

// check is a connectivity check whose attributes overrun one another.
func (r rubbish) check() []byte {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("somebody:else"), stun.NewSoftware("x"), stun.Fingerprint)
	b := slices.Clone(m.Raw)
	for range 1 + r.IntN(3) {
		at := 20 + r.IntN(len(b)-22)
		binary.BigEndian.PutUint16(b[at:], uint16(r.Uint32()))
	}
	if r.IntN(2) == 0 {
		binary.BigEndian.PutUint16(b[2:], uint16(r.Uint32()))
	}
	return b
}

// record is a DTLS record of epoch 0, with a message in it that is none: as
// ClientHello, fragment, alert (also one that says goodbye) or new cipher.
func (r rubbish) record() []byte {
	body := r.noise(r.IntN(80))
	kind := []byte{20, 21, 22, 23}[r.IntN(4)]
	if kind == 21 && r.IntN(2) == 0 {
		body = []byte{1, 0}
	}
	if kind == 22 && len(body) > 12 {
		body[0] = []byte{0, 1, 2, 11, 16, 20}[r.IntN(6)]
	}
	b := append([]byte{kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, byte(r.Uint32()), 0, byte(len(body))}, body...)
	if r.IntN(3) == 0 {
		binary.BigEndian.PutUint16(b[11:], uint16(r.Uint32()))
	}
	return b
}

// elsewhere is the same for sending from another place. A connectivity check that is
// whole would be taken there, as ICE has it: what it is authenticated by does not
// cover where it comes from (RFC 8445 §19.2), nor what stands behind it.
func (r rubbish) elsewhere() rubbish {
	real := make([][]byte, len(r.real))
	for i, b := range r.real {
		real[i] = slices.Clone(b)
		if len(b) >= 20 && b[0] < 4 {
			real[i][8] ^= 0xff // of the transaction's number
		}
	}
	return rubbish{r.Rand, real}
}

// flood sends so many packets.
func (r rubbish) flood(packets int, send func([]byte)) {
	for range packets {
		send(r.packet())
	}
}

var candidateTCP = regexp.MustCompile(`(?m)^a=candidate:.* tcp .*$`)

// pipe is the way of a browser over TCP to the server. Frames of others can be
// put between its own.
type pipe struct {
	listener *net.TCPListener
	wg       sync.WaitGroup

	mu     sync.Mutex // guards what follows
	server net.Conn   // the newest connection's
	real   [][]byte
}

func newPipe(t *testing.T, s *Server) *pipe {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	p := &pipe{listener: l}
	p.wg.Go(func() {
		for {
			browser, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp4", s.Addr().String())
			if err != nil {
				_ = browser.Close()
				return
			}
			p.mu.Lock()
			p.server = server
			p.mu.Unlock()
			p.wg.Go(func() {
				_, _ = io.Copy(browser, server)
				_ = browser.Close()
			})
			p.wg.Go(func() {
				p.up(browser, server)
				_ = server.Close()
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); p.wg.Wait() })
	return p
}

// up passes frames (RFC 4571) on.
func (p *pipe) up(browser, server net.Conn) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(browser, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(browser, b); err != nil {
			return
		}
		p.mu.Lock()
		if len(p.real) < realKept {
			p.real = append(p.real, b)
		}
		_, err := server.Write(append(size[:], b...))
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// realKept is how many real packets are kept to make rubbish of.
const realKept = 100

func (p *pipe) send(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
}

func (p *pipe) through(answer string) string {
	port := p.listener.Addr().(*net.TCPAddr).Port
	return candidateTCP.ReplaceAllString(answer, fmt.Sprintf("a=candidate:2 1 tcp 1518280447 127.0.0.1 %d typ host tcptype passive\r", port))
}

// Rubbish from everywhere: from nowhere in particular and from the very address
// of participants, over UDP and over TCP. Another call on the same server does
// not notice, the call of whose address was used outlives it, and nothing stays
// behind.
func TestFloodsHarmNobody(t *testing.T) {
	s := listen(t)
	quiet := s.NewRoom()
	clinic := join(t, quiet, "clinic", clientOptions{pairs: 1})
	expert := join(t, quiet, "expert", clientOptions{pairs: 1})
	flooded := s.NewRoom()
	udp := newPath(t, s, 50_000_000)
	tcp := newPipe(t, s)
	onUDP := join(t, flooded, "on UDP", clientOptions{pairs: 2, path: udp, plain: true})
	onTCP := join(t, flooded, "on TCP", clientOptions{pairs: 2, tcpOnly: true, pipe: tcp})
	partner := join(t, flooded, "partner", clientOptions{pairs: 2})
	all := []*client{clinic, expert, onUDP, onTCP, partner}
	forget := func() {
		for _, c := range all {
			c.forget()
		}
	}
	within(t, 2*time.Minute, "all are connected", func() bool {
		return !slices.ContainsFunc(all, func(c *client) bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return !c.up
		})
	})
	// gets looks through all that was heard, so that is little.
	gets := func(c *client, from string, source Source) {
		t.Helper()
		forget()
		within(t, time.Minute, fmt.Sprintf("%s gets %s's %s", c.name, from, source), func() bool {
			return c.count(c.on(from, source), from+" "+string(source)) >= 5
		})
	}
	for _, source := range []Source{Microphone, Camera} {
		gets(partner, "on UDP", source)
		gets(partner, "on TCP", source)
		gets(onUDP, "partner", source)
		gets(clinic, "expert", source)
		gets(expert, "clinic", source)
	}
	foreign, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(s.Addr()))
	must(t, err)
	defer foreign.Close()
	udp.mu.Lock()
	tcp.mu.Lock()
	r := rubbish{rand.New(rand.NewPCG(1, 2)), slices.Concat(udp.real, tcp.real)}
	tcp.mu.Unlock()
	udp.mu.Unlock()
	stranger := r.elsewhere()

	mid := expert.on("clinic", Microphone)
	heard := func() int {
		expert.mu.Lock()
		defer expert.mu.Unlock()
		return len(expert.heard[mid])
	}
	// loss is the share of the other call's packets that are lost, at its worst.
	loss := func() (worst float64) {
		for _, c := range []struct {
			at   *client
			from string
		}{{expert, "clinic"}, {clinic, "expert"}} {
			for _, source := range []Source{Microphone, Camera} {
				got, lost := lossOf(c.at.packets(c.at.on(c.from, source)))
				if got == 0 {
					t.Fatalf("nothing of %s's %s arrives", c.from, source)
				}
				worst = max(worst, float64(lost)/float64(got+lost))
			}
		}
		return worst
	}
	forget()
	before := held(t)
	// The call that goes on is the clock, on every machine: the next of the rubbish
	// comes when another packet of its own has. A machine that is too busy loses
	// packets by itself at times; what a flood does it does each time.
	const storms, most, bursts = 5, 20, 100
	least := 1.0
	for storm := 0; storm < storms || storm < most && least > 0.01; storm++ {
		forget()
		for burst := range bursts {
			so := heard()
			r.flood(15, func(b []byte) { _, _ = udp.inner.WriteToUDP(b, udp.server) })
			stranger.flood(15, func(b []byte) { _, _ = foreign.Write(b) })
			r.flood(10, tcp.send)
			if burst%20 == 0 {
				strange(t, s, stranger)
			}
			within(t, time.Minute, "the other call goes on", func() bool { return heard() > so })
		}
		least = min(least, loss())
	}
	if least > 0.01 {
		t.Errorf("of the other call %.1f %% is lost in every storm", least*100)
	}
	// Who is on TCP has said those things themselves; over UDP anybody can.
	for _, source := range []Source{Microphone, Camera} {
		gets(onUDP, "partner", source)
		gets(partner, "on UDP", source)
	}
	// The flood is some 12 MB. The browsers of the test keep a thousand packets of each
	// stream to repair with, and fill that meanwhile.
	const few, slack = 8, 10 << 20
	var after holdings
	defer func() { t.Logf("%+v before, %+v after", before, after) }()
	eventually(t, "the flood has left nothing behind", func() bool {
		forget()
		after = held(t)
		return after.goroutines <= before.goroutines+few && after.descriptors <= before.descriptors+few && after.heap <= before.heap+slack
	})
}

// strange is a TCP connection to the media port that keeps to no framing.
func strange(t *testing.T, s *Server, r rubbish) {
	t.Helper()
	conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(s.Addr()))
	must(t, err)
	b := r.packet()
	switch r.IntN(4) {
	case 0: // no length
		_, _ = conn.Write(b)
	case 1: // more is announced than comes
		_, _ = conn.Write(append([]byte{0xff, 0xff}, b...))
	case 2: // nothing, again and again
		_, _ = conn.Write(make([]byte, 100))
	default:
		_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	}
	must(t, conn.Close())
}

// lossOf counts what came and what is missing between the first and the last.
func lossOf(packets []received) (got, lost int) {
	if len(packets) == 0 {
		return 0, 0
	}
	seen := map[uint16]bool{}
	first := packets[0].header.SequenceNumber
	least, most := 0, 0
	for _, p := range packets {
		seen[p.header.SequenceNumber] = true
		from := int(int16(p.header.SequenceNumber - first))
		least, most = min(least, from), max(most, from)
	}
	return len(seen), most - least + 1 - len(seen)
}

// What a participant sends in its own name and no browser would: very large,
// empty, nothing but padding, extensions that nobody agreed on. Its own
// stream goes on.
func TestOddMediaOfAParticipant(t *testing.T) {
	r := listen(t).NewRoom()
	clinic := join(t, r, "clinic", clientOptions{pairs: 1})
	expert := join(t, r, "expert", clientOptions{pairs: 1})
	expert.gets("clinic", Camera)
	for _, source := range []*source{clinic.microphone, clinic.camera} {
		for _, payload := range [][]byte{nil, {0}, {0x90}, {0xff, 0xff, 0xff}, make([]byte, maxPacket-400)} {
			odd := &rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: 40_000, Timestamp: 1, Extension: true, ExtensionProfile: rtp.ExtensionProfileTwoByte},
				Payload: payload,
			}
			must(t, odd.Header.SetExtension(13, make([]byte, 40)))
			must(t, source.track.WriteRTP(odd))
			odd.Header.Padding, odd.Header.PaddingSize = true, 100
			must(t, source.track.WriteRTP(odd))
		}
	}
	for range 2 { // those that came meanwhile are not what is meant
		expert.gets("clinic", Camera)
		expert.gets("clinic", Microphone)
	}
}
