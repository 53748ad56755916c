package sfu

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// nowhere takes packets of the network.
type nowhere struct{ bytes int }

func (n *nowhere) WriteToAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	n.bytes += len(b)
	return len(b), nil
}

var (
	someKey, someSalt = []byte("sixteen bytes ok"), []byte("twelve bytes")
	someAddress       = netip.MustParseAddrPort("192.0.2.1:4000")
)

func someContext(t *testing.T) *srtp.Context {
	t.Helper()
	c, err := srtp.CreateContext(someKey, someSalt, srtp.ProtectionProfileAeadAes128Gcm, srtp.SRTPReplayProtection(replayWindow))
	must(t, err)
	return c
}

// carried is a publisher whose media goes to five subscribers, with keys and
// addresses but without a network.
func carried(t *testing.T, s *Server) *connection {
	t.Helper()
	room := &Room{server: s}
	carry := func(at netip.AddrPort) *connection {
		p := &Peer{room: room, events: events{closed: true}}
		c := &connection{peer: p, feedback: newArrivalFeedback()}
		p.conn = c
		c.done, c.stop = t.Context(), func() {}
		c.way = &carrier{server: s, conn: c, done: c.done}
		c.way.in.context, c.way.out.context = someContext(t), someContext(t)
		r := &route{to: at}
		c.way.route.Store(r)
		s.reroute(c.way, nil, r)
		c.control = c.way.writeControl
		c.ready.Store(true)
		return c
	}
	codecs := []offeredCodec{{codec: vp8, pt: 96, rtx: 97}}
	from := carry(someAddress)
	from.streams.declare([]section{{kind: video, mid: "1", ssrc: 7, rtx: 8, codecs: codecs}}, layerIDs{})
	pub := newPublication(from.peer, Camera)
	pub.open.Store(true)
	from.sending = map[string]*publication{"1": pub}
	var lines []*line
	for i := range 5 {
		c := carry(netip.AddrPortFrom(someAddress.Addr(), uint16(5000+i)))
		l := newLine(c, receiving{mid: "3", kind: video, twcc: 4, codecs: codecs})
		l.tune(pub)
		l.occupant, c.lines = pub, []*line{l}
		lines = append(lines, l)
	}
	pub.subscribers.Store(&lines)
	return from
}

// encrypted is the publisher's n-th packet, the first of a key frame.
func encrypted(t *testing.T, c *srtp.Context, n int) []byte {
	t.Helper()
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: uint16(n), Timestamp: 3000, SSRC: 7},
		Payload: append(vp8Header(uint16(n), 1, true), make([]byte, 1000)...),
	}
	raw, err := p.Marshal()
	must(t, err)
	secret, err := c.EncryptRTP(nil, raw, nil)
	must(t, err)
	return secret
}

// From the socket to five subscribers and back to the socket, encryption and all.
func TestForwardingWithEncryptionDoesNotAllocate(t *testing.T) {
	out := &nowhere{}
	s := &Server{routes: map[netip.AddrPort]*carrier{}, direct: out}
	carried(t, s)
	browser, now, n := someContext(t), time.Now(), 0
	const packets = 2 * cacheSize // each keeps what it needs for good
	var sent [][]byte
	for i := range packets + 102 {
		sent = append(sent, encrypted(t, browser, i))
	}
	step := func() {
		if !s.deliver(someAddress, sent[n], now) && n > 0 {
			t.Fatal("a packet was not taken")
		}
		n++
	}
	for range packets {
		step()
	}
	before := out.bytes
	if got := testing.AllocsPerRun(100, step); got > 0 {
		t.Errorf("%v allocations per packet", got)
	}
	if forwarded := (out.bytes - before) / 101; forwarded < 5*1000 {
		t.Errorf("%d bytes are sent for a packet", forwarded)
	}
}

// Only what has the right address, keys and stream is forwarded, and only once.
func TestOnlyTheBrowsersOwnMediaIsTaken(t *testing.T) {
	out := &nowhere{}
	s := &Server{routes: map[netip.AddrPort]*carrier{}, direct: out}
	from := carried(t, s)
	browser, now := someContext(t), time.Now()
	other, err := srtp.CreateContext([]byte("a key of another"), someSalt, srtp.ProtectionProfileAeadAes128Gcm)
	must(t, err)
	first := encrypted(t, browser, 1)
	changed := encrypted(t, browser, 2)
	changed[len(changed)-20] ^= 1
	for _, c := range []struct {
		name    string
		from    netip.AddrPort
		packet  []byte
		forward bool
	}{
		{"from elsewhere", netip.MustParseAddrPort("192.0.2.2:4000"), first, false},
		{"with other keys", someAddress, encrypted(t, other, 1), false},
		{"changed on the way", someAddress, changed, false},
		{"cut off", someAddress, first[:20], false},
		{"too large", someAddress, make([]byte, 2*maxPacket), false},
		{"its own", someAddress, first, true},
		{"the same again", someAddress, first, false},
		{"its own, from an address that IPv6 maps", netip.AddrPortFrom(netip.AddrFrom16(someAddress.Addr().As16()), 4000), encrypted(t, browser, 3), true},
	} {
		before := out.bytes
		s.deliver(c.from, c.packet, now)
		if forwarded := out.bytes > before; forwarded != c.forward {
			t.Errorf("%s: %v", c.name, forwarded)
		}
	}
	s.reroute(from.way, from.way.route.Swap(nil), nil)
	before := out.bytes
	if s.deliver(someAddress, encrypted(t, browser, 4), now) || out.bytes > before {
		t.Error("an address is still known when it is not used any more")
	}
}

func TestCertificateIsTheOneOfTheOffer(t *testing.T) {
	certificate, fingerprint, err := newCertificate()
	must(t, err)
	other, _, err := newCertificate()
	must(t, err)
	check := verify(strings.ToLower(fingerprint))
	must(t, check(certificate.Certificate, nil))
	if check(other.Certificate, nil) == nil || check(nil, nil) == nil {
		t.Error("another certificate passes, or none")
	}
	if verify("sha-1 "+strings.Repeat("00:", 19)+"00")(certificate.Certificate, nil) == nil {
		t.Error("a weak fingerprint passes")
	}
}
