package sfu

import (
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// wanderer is a socket of a browser that has got another address: it can check the
// way from there and listen.
type wanderer struct {
	t            *testing.T
	conn         *net.UDPConn
	to           *net.UDPAddr
	ours, theirs []string // ufrag and password
}

func wander(t *testing.T, s *Server, c *client) *wanderer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	pair := func(sdp string) []string {
		var out []string
		for _, m := range credentials.FindAllStringSubmatch(sdp, 2) {
			out = append(out, m[1])
		}
		return out
	}
	return &wanderer{t, conn, net.UDPAddrFromAddrPort(s.Addr()), pair(c.pc.LocalDescription().SDP), pair(c.pc.RemoteDescription().SDP)}
}

// check sends one under a name of the browser's, and a password of ours.
func (w *wanderer) check(name, password string) {
	w.t.Helper()
	check, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(w.theirs[0]+":"+name),
		stun.RawAttribute{Type: stun.AttrUseCandidate}, stun.NewShortTermIntegrity(password), stun.Fingerprint)
	must(w.t, err)
	_, err = w.conn.WriteTo(check.Raw, w.to)
	must(w.t, err)
}

// hears tells whether media comes here.
func (w *wanderer) hears(wait time.Duration) bool {
	w.t.Helper()
	must(w.t, w.conn.SetReadDeadline(time.Now().Add(wait)))
	for b := make([]byte, 1500); ; {
		n, err := w.conn.Read(b)
		if err != nil {
			return false
		}
		if isMedia(b[:n]) {
			return true
		}
	}
}

// A browser that checks from another address, under a new name of its own and with
// our password, gets its media there, and no offer is needed.
func TestABrowserFindsItsWayAlone(t *testing.T) {
	t.Parallel()
	s := listen(t)
	r := s.NewRoom()
	join(t, r, "expert", clientOptions{pairs: 1})
	clinic := join(t, r, "clinic", clientOptions{pairs: 1})
	clinic.gets("expert", Camera)

	w := wander(t, s, clinic)
	w.check("another", "not the password that was told")
	if w.hears(time.Second) {
		t.Fatal("media goes to somebody who does not know the password")
	}
	w.check("another", w.theirs[1])
	if !w.hears(patience) {
		t.Fatal("no media comes to the new address")
	}

	late := wander(t, s, clinic)
	late.check(late.ours[0], late.theirs[1]) // it had been on its way
	if late.hears(time.Second) {
		t.Error("media goes back to where the browser was")
	}
	w.check("third", w.theirs[1])
	eventually(t, "the browser moves once more", func() bool { return clinic.peer.conn.way.names.knows("third") })
	if !w.hears(patience) {
		t.Error("no media comes any more")
	}
}
