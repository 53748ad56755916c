package sfu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

const (
	// maxOverhead is what encryption adds at most, bytes.
	maxOverhead = 32
	// replayWindow is by how many packets one may be late.
	replayWindow = 128
	// showEvery is how often the ICE agent sees media, to know that its path lives.
	showEvery = 500 * time.Millisecond
)

var errNotUp = errors.New("no keys yet")

// decryption is what decrypts.
type decryption struct {
	shown time.Time // the socket's reader's own

	mu      sync.Mutex // guards what follows; held while a packet is forwarded
	context *srtp.Context
	header  rtp.Header
	plain   [maxPacket + maxOverhead]byte

	controlHeader rtcp.Header
}

// encryption is what encrypts.
type encryption struct {
	mu      sync.Mutex // guards all
	context *srtp.Context
	header  rtp.Header
	secret  [maxPacket + 4*maxOverhead]byte // headers of ours are longer than those that came
	control rtcp.Header
}

// isMedia tells RTP and RTCP by the first byte (RFC 7983).
func isMedia(b []byte) bool { return len(b) >= 12 && b[0]>>6 == 2 }

// isControl tells RTCP from RTP (RFC 5761 §4).
func isControl(b []byte) bool { return isMedia(b) && b[1] >= 192 && b[1] <= 223 }

// key takes the keys that DTLS has agreed on (RFC 5764).
func (t *carrier) key(conn *dtls.Conn) error {
	agreed, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	if !ok || !known {
		return errors.New("DTLS: no SRTP profile in common")
	}
	config := srtp.Config{Profile: srtp.ProtectionProfile(agreed)} // both have the registered number
	if err := config.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		return fmt.Errorf("SRTP keys: %w", err)
	}
	k := config.Keys
	out, err := srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, config.Profile)
	if err != nil {
		return fmt.Errorf("SRTP: %w", err)
	}
	in, err := srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, config.Profile,
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		return fmt.Errorf("SRTP: %w", err)
	}
	t.in.mu.Lock()
	t.in.context = in
	t.in.mu.Unlock()
	t.out.mu.Lock()
	t.out.context = out
	t.out.mu.Unlock()
	return nil
}

// receive decrypts a packet of media and hands it to the connection, which is
// done with it when the call returns.
func (t *carrier) receive(b []byte, now time.Time) {
	in := &t.in
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.context == nil || len(b) > len(in.plain) {
		return
	}
	size, err := in.header.Unmarshal(b)
	if err != nil || !t.conn.streams.wants(in.header.SSRC) {
		return
	}
	plain, err := in.context.DecryptRTP(in.plain[:0], b, &in.header)
	if err != nil {
		return
	}
	t.conn.receive(&in.header, plain, size, now)
}

// receiveControl does the same for RTCP.
func (t *carrier) receiveControl(b []byte, now time.Time) {
	in := &t.in
	in.mu.Lock()
	if in.context == nil {
		in.mu.Unlock()
		return
	}
	plain, err := in.context.DecryptRTCP(nil, b, &in.controlHeader)
	in.mu.Unlock()
	if err != nil {
		return
	}
	t.conn.suspect(binary.BigEndian.Uint32(plain[4:]))
	if packets, err := rtcp.Unmarshal(plain); err == nil {
		t.conn.receiveControl(packets, now)
	}
}

// WriteRTP encrypts a packet and puts it on its way; what it writes is its size.
func (t *carrier) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	out := &t.out
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.context == nil {
		return 0, errNotUp
	}
	packet := rtp.Packet{Header: *h, Payload: payload}
	n, err := packet.MarshalTo(out.secret[:])
	if err != nil {
		return 0, err
	}
	secret, err := out.context.EncryptRTP(out.secret[:], out.secret[:n], &out.header)
	if err != nil {
		return 0, err
	}
	return t.send(secret)
}

// writeControl sends RTCP, as one compound packet.
func (t *carrier) writeControl(packets []rtcp.Packet) error {
	raw, err := rtcp.Marshal(packets)
	if err != nil {
		return err
	}
	out := &t.out
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.context == nil {
		return errNotUp
	}
	secret, err := out.context.EncryptRTCP(nil, raw, &out.control)
	if err != nil {
		return err
	}
	_, err = t.send(secret)
	return err
}

func (t *carrier) send(b []byte) (int, error) {
	if r := t.route.Load(); r != nil && r.to.IsValid() {
		return t.server.direct.WriteToAddrPort(b, r.to)
	}
	return t.link.Write(b)
}

// deliver takes media that came on the socket, and reports whether nobody else
// needs to see it. It is called by the socket's reader only.
func (s *Server) deliver(from netip.AddrPort, b []byte, now time.Time) bool {
	if !isMedia(b) {
		return false
	}
	s.routesMu.RLock()
	t := s.routes[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())]
	s.routesMu.RUnlock()
	if t == nil {
		return false
	}
	if isControl(b) {
		t.receiveControl(b, now)
		return true
	}
	t.receive(b, now)
	if now.Sub(t.in.shown) < showEvery {
		return true
	}
	t.in.shown = now // to the agent's reader it is a replay
	return false
}

// reroute notes whom an address belongs to.
func (s *Server) reroute(t *carrier, old, now *route) {
	s.routesMu.Lock()
	defer s.routesMu.Unlock()
	if old != nil && s.routes[old.to] == t {
		delete(s.routes, old.to)
	}
	if now != nil && now.to.IsValid() {
		s.routes[now.to] = t
	}
}
