package turn

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a relay with a media port that sends back what it gets.
type house struct {
	relay *Relay
	media netip.AddrPort // where the media port really is
	later atomic.Int64   // nanoseconds that the relay's clock is ahead

	at string // address that hands connections to the relay
}

// open starts it; told makes the ways of the media port's real address.
func openHouse(t *testing.T, told func(media netip.AddrPort) []Way) *house {
	t.Helper()
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{media: media.LocalAddr().(*net.UDPAddr).AddrPort()}
	go func() {
		b := make([]byte, mostPacket)
		for {
			n, from, err := media.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = media.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	ways := told(h.media)
	h.relay, err = New(Config{
		Key:  []byte("a key for nothing but this test..."),
		Ways: func() []Way { return ways },
		Now:  func() time.Time { return time.Now().Add(time.Duration(h.later.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.at = door.Addr().String()
	go func() {
		for {
			c, err := door.Accept()
			if err != nil {
				return
			}
			h.relay.Serve(c, nil)
		}
	}()
	t.Cleanup(func() {
		if err := errors.Join(door.Close(), h.relay.Close(), media.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func behindNAT(media netip.AddrPort) []Way {
	return []Way{
		{Told: netip.MustParseAddrPort("203.0.113.7:8443"), Local: media},
		{Told: netip.MustParseAddrPort("[2001:db8::7]:8443"), Local: media},
	}
}

// person speaks TURN word by word, also what no proper client would say.
type person struct {
	t                         *testing.T
	conn                      net.Conn
	username, password, nonce string
}

func (h *house) person(t *testing.T, username, password string) *person {
	t.Helper()
	conn, err := net.Dial("tcp", h.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := &person{t: t, conn: conn, username: username, password: password}
	first := p.says(stun.MethodAllocate, udpTransport)
	var nonce stun.Nonce
	if err := nonce.GetFrom(first); err != nil {
		t.Fatalf("no challenge: %v", err)
	}
	p.nonce = nonce.String()
	return p
}

var (
	udpTransport = stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}
	tcpTransport = stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{6, 0, 0, 0}}
	evenPort     = stun.RawAttribute{Type: stun.AttrEvenPort, Value: []byte{0x80}}
	channel      = stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{0x40, 0, 0, 0}}
	family6      = stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{2, 0, 0, 0}}
)

// peer is an XOR-PEER-ADDRESS exactly as given: an IPv4-mapped address stays one.
type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	at := netip.AddrPort(p)
	value := []byte{0, 1, 0, 0}
	if at.Addr().Is6() {
		value[1] = 2
	}
	binary.BigEndian.PutUint16(value[2:], at.Port()^0x2112)
	mask := append([]byte(magicCookie), m.TransactionID[:]...)
	for i, b := range at.Addr().AsSlice() {
		value = append(value, b^mask[i])
	}
	m.Add(stun.AttrXORPeerAddress, value)
	return nil
}

// says sends one request and returns the answer.
func (p *person) says(method stun.Method, with ...stun.Setter) *stun.Message {
	p.t.Helper()
	m := stun.New()
	set := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, with...)
	if p.nonce != "" {
		set = append(set, stun.NewUsername(p.username), stun.NewRealm(realm), stun.NewNonce(p.nonce), stun.NewLongTermIntegrity(p.username, realm, p.password))
	}
	if err := m.Build(set...); err != nil {
		p.t.Fatal(err)
	}
	_ = p.conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := p.conn.Write(m.Raw); err != nil {
		p.t.Fatal(err)
	}
	raw := make([]byte, 20)
	if _, err := io.ReadFull(p.conn, raw); err != nil {
		p.t.Fatal(err)
	}
	raw = append(raw, make([]byte, binary.BigEndian.Uint16(raw[2:]))...)
	if _, err := io.ReadFull(p.conn, raw[20:]); err != nil {
		p.t.Fatal(err)
	}
	answer := stun.New()
	if _, err := answer.Write(raw); err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func granted(m *stun.Message) bool { return m.Type.Class == stun.ClassSuccessResponse }

func TestAllocationReachesTheMediaPortBehindNATBothWays(t *testing.T) {
	h := openHouse(t, behindNAT)
	relayed := allocate(t, h)
	told := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("203.0.113.7:8443"))
	for _, word := range []string{"one", strings.Repeat("x", 1200)} { // an indication, then a channel
		echoes(t, relayed, told, word)
	}
}

func allocate(t *testing.T, h *house) net.PacketConn {
	t.Helper()
	conn, err := net.Dial("tcp", h.at)
	if err != nil {
		t.Fatal(err)
	}
	username, password := h.relay.Grant("somebody")
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: h.at, TURNServerAddr: h.at, Conn: turn.NewSTUNConn(conn),
		Username: username, Password: password, Realm: realm,
	})
	if err == nil {
		err = client.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = relayed.Close() })
	return relayed
}

// echoes sends a word to the media port until it comes back: datagrams get lost.
// Nothing but words sent there may come.
func echoes(t *testing.T, relayed net.PacketConn, media net.Addr, word string) {
	t.Helper()
	b := make([]byte, mostPacket)
	for range 30 {
		if _, err := relayed.WriteTo([]byte(word), media); err != nil {
			t.Fatal(err)
		}
		for {
			if err := relayed.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			n, at, err := relayed.ReadFrom(b)
			if err != nil {
				break
			}
			if at.String() != media.String() || strings.HasPrefix(string(b[:n]), "astray") {
				t.Fatalf("%q from %s", b[:n], at)
			}
			if string(b[:n]) == word {
				return
			}
		}
	}
	t.Fatalf("%.20q never came back", word)
}

func TestNoAddressIsPermittedButTheMediaPorts(t *testing.T) {
	h := openHouse(t, behindNAT)
	for name, c := range map[string]struct {
		family []stun.Setter
		own    string
		refuse []string
	}{
		"IPv4": {nil, "203.0.113.7", []string{
			"127.0.0.1", "127.0.0.53", "0.0.0.0", "255.255.255.255", "169.254.1.1", "169.254.169.254", "100.100.100.200",
			"10.0.0.1", "172.17.0.1", "192.168.1.1", "224.0.0.1", "203.0.113.8", "::ffff:203.0.113.7", "::1",
		}},
		"IPv6": {[]stun.Setter{family6}, "2001:db8::7", []string{
			"::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "2001:db8::8", "203.0.113.7", "127.0.0.1",
			"::ffff:203.0.113.7", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::203.0.113.7", "::127.0.0.1",
			"64:ff9b::203.0.113.7", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:7f00:1::",
		}},
	} {
		p := h.person(t, "", "")
		p.username, p.password = h.relay.Grant("somebody")
		if !granted(p.says(stun.MethodAllocate, append([]stun.Setter{udpTransport}, c.family...)...)) {
			t.Fatalf("%s: no allocation", name)
		}
		own := peer(netip.AddrPortFrom(netip.MustParseAddr(c.own), 8443))
		for _, address := range c.refuse {
			at := peer(netip.AddrPortFrom(netip.MustParseAddr(address), 8443))
			if granted(p.says(stun.MethodCreatePermission, at)) {
				t.Errorf("%s: a permission for %s", name, address)
			}
			if granted(p.says(stun.MethodCreatePermission, own, at)) {
				t.Errorf("%s: a permission for %s beside the media port", name, address)
			}
			if granted(p.says(stun.MethodChannelBind, channel, at)) {
				t.Errorf("%s: a channel to %s", name, address)
			}
		}
		if !granted(p.says(stun.MethodCreatePermission, own)) || !granted(p.says(stun.MethodChannelBind, channel, own)) {
			t.Errorf("%s: the media port itself is refused", name)
		}
	}
}

func TestNoPortIsReachedButTheMediaPort(t *testing.T) {
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	// The media host is loopback itself, so its address is permitted.
	h := openHouse(t, func(media netip.AddrPort) []Way { return []Way{{Told: media, Local: media}} })
	relayed := allocate(t, h)
	media := net.UDPAddrFromAddrPort(h.media)
	for _, word := range []string{"by indication", "by channel"} {
		if _, err := relayed.WriteTo([]byte("astray"), other.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		// The relay takes one after the other: what went astray was dealt with.
		echoes(t, relayed, media, word)
	}
	_ = other.SetReadDeadline(time.Now())
	if n, _, err := other.ReadFrom(make([]byte, 100)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("another port got %d bytes (%v)", n, err)
	}
}

func TestNobodyElseReachesAnAllocation(t *testing.T) {
	h := openHouse(t, func(media netip.AddrPort) []Way { return []Way{{Told: media, Local: media}} })
	relayed := allocate(t, h)
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	media := net.UDPAddrFromAddrPort(h.media)
	echoes(t, relayed, media, "hello") // permits the stranger's address
	if _, err := stranger.WriteTo([]byte("astray"), relayed.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	echoes(t, relayed, media, "again")
}

func TestCredentials(t *testing.T) {
	h := openHouse(t, behindNAT)
	username, password := h.relay.Grant("somebody")
	ends, _, _ := strings.Cut(username, ":")
	for name, c := range map[string]struct{ username, password string }{
		"another's name":     {ends + ":anybody", password},
		"a later end":        {"9999999999:somebody", password},
		"another password":   {username, "forged"},
		"no password":        {username, ""},
		"no name":            {"", ""},
		"no user":            {ends + ":", h.relay.password(ends + ":")},
		"an end of no sense": {"tomorrow:somebody", h.relay.password("tomorrow:somebody")},
		"an endless name":    {username + strings.Repeat("x", 200), h.relay.password(username + strings.Repeat("x", 200))},
	} {
		if granted(h.person(t, c.username, c.password).says(stun.MethodAllocate, udpTransport)) {
			t.Errorf("%s opens an allocation", name)
		}
	}
	p := h.person(t, username, password)
	if !granted(p.says(stun.MethodAllocate, udpTransport)) {
		t.Fatal("the credential opens nothing")
	}
	h.later.Store(int64(grantLife))
	if !granted(p.says(stun.MethodRefresh)) {
		t.Error("a call ends with its credential")
	}
	if granted(h.person(t, username, password).says(stun.MethodAllocate, udpTransport)) {
		t.Error("an old credential opens an allocation")
	}
}

func TestWhatIsBounded(t *testing.T) {
	h := openHouse(t, behindNAT)
	comes := func(user string) *person {
		p := h.person(t, "", "")
		p.username, p.password = h.relay.Grant(user)
		return p
	}
	for name, asked := range map[string][]stun.Setter{"TCP": {tcpTransport}, "an even port": {udpTransport, evenPort}} {
		if granted(comes("somebody").says(stun.MethodAllocate, asked...)) {
			t.Errorf("%s is relayed", name)
		}
	}
	for range mostPerUser {
		if !granted(comes("somebody").says(stun.MethodAllocate, udpTransport)) {
			t.Fatal("refused below the bound")
		}
	}
	if granted(comes("somebody").says(stun.MethodAllocate, udpTransport)) {
		t.Error("one user has more allocations than the bound")
	}
	other := comes("another")
	if !granted(other.says(stun.MethodAllocate, udpTransport)) {
		t.Error("one user's allocations are another's bound")
	}
	none := stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 0, 0}}
	for range mostPerUser + 1 { // giving back makes room again
		if !granted(other.says(stun.MethodRefresh, none)) || !granted(other.says(stun.MethodAllocate, udpTransport)) {
			t.Fatal("what was given back still counts")
		}
	}
}

func TestAnAllocationPassesNoMoreThanItsRate(t *testing.T) {
	h := openHouse(t, behindNAT)
	a, err := open([]Way{{Told: h.media, Local: h.media}}, rate.NewLimiter(1, 1000), &h.relay.work, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, size := range []int{900, 300, 50} { // the second is beyond the rate, the third is within
		if _, err := a.WriteTo(make([]byte, size), net.UDPAddrFromAddrPort(h.media)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{900, 50} {
		if p := <-a.arrived; p.size != want {
			t.Errorf("%d bytes passed, want %d", p.size, want)
		}
	}
}

func TestAConnectionWithoutAllocationEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		began := time.Now()
		c := newClient(near, []byte("head"), func(*client) {})
		defer c.Close()
		if b := make([]byte, 9); func() string { n, _ := c.Read(b); return string(b[:n]) }() != "head" {
			t.Error("what was read before is lost")
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != firstAllocation {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		c.grant()
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != firstAllocation+clientSilent {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// TestAStrangersClient drives coturn's client against the relay.
func TestAStrangersClient(t *testing.T) {
	program, err := exec.LookPath("turnutils_uclient")
	if err != nil {
		t.Skip("turnutils_uclient is not installed (Debian: coturn)")
	}
	h := openHouse(t, func(media netip.AddrPort) []Way { return []Way{{Told: media, Local: media}} })
	_, port, _ := net.SplitHostPort(h.at)
	run := func(peer string) string {
		for {
			username, password := h.relay.Grant(rand.Text())
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			out, _ := exec.CommandContext(ctx, program, "-v", "-t", "-c", "-n", "20", "-e", peer, "-r", strconv.Itoa(int(h.media.Port())),
				"-u", username, "-w", password, "-p", port, "127.0.0.1").CombinedOutput()
			cancel()
			// By chance it asks for an even port, which is refused.
			if !strings.Contains(string(out), "error 508") {
				return string(out)
			}
		}
	}
	if out := run("127.0.0.1"); !strings.Contains(out, "Total lost packets 0 (0.000000%)") {
		t.Errorf("to the media port:\n%s", out)
	}
	// A channel is refused with 401, a permission with 403.
	// A permission is refused with 403, a channel with 401.
	if out := run("127.0.0.2"); !strings.Contains(out, "error 403") && !strings.Contains(out, "error 401") || strings.Contains(out, "Total lost packets 0 ") {
		t.Errorf("elsewhere:\n%s", out)
	}
}

func FuzzSpeaks(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.Add([]byte{0x40, 0, 0, 4, 0x21, 0x12, 0xa4, 0x42})
	f.Fuzz(func(t *testing.T, b []byte) {
		speaks := Speaks(b)
		if m := new(stun.Message); len(b) >= 20 && b[0] < 0x40 && m.UnmarshalBinary(b) == nil && b[3]&3 == 0 && !speaks {
			t.Errorf("% x is STUN", b)
		}
		if speaks && (!stun.IsMessage(append(b[:len(b):len(b)], make([]byte, 20)...)) || b[0] >= 'A') {
			t.Errorf("% x is not STUN, or may be HTTP", b)
		}
	})
}
