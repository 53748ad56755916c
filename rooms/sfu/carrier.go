package sfu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/packetio"
)

// handshakeQueue bounds the DTLS records that wait to be read, bytes.
const handshakeQueue = 16 << 10

// carrier is the way to one browser: ICE finds it, DTLS makes sure who it is
// and agrees on keys, SRTP uses them. It hands what comes to its connection.
//
// Media that comes on the socket from the address in use goes straight from the
// socket's reader to the connection (Server.deliver). All else, and all of TCP,
// goes through the ICE agent's queue to the goroutine read.
type carrier struct {
	server *Server
	conn   *connection
	agent  *ice.Agent
	link   *ice.Conn        // nil before start
	hello  *packetio.Buffer // DTLS records that came
	names  names

	gathered chan struct{}
	route    atomic.Pointer[route] // nil: none yet, or lost
	iceUp    atomic.Bool
	keyed    atomic.Bool
	over     atomic.Bool // the browser said goodbye, or DTLS failed

	done     context.Context
	reading  sync.WaitGroup
	security sync.WaitGroup

	in  decryption
	out encryption
}

// route is the address in use.
type route struct {
	tcp bool
	to  netip.AddrPort // unset: only the agent knows how to write there
}

// newCarrier makes one that nobody can reach yet. It ends with the context.
func newCarrier(c *connection) (*carrier, error) {
	t := &carrier{
		server: c.peer.room.server, conn: c, done: c.done,
		hello: packetio.NewBuffer(), gathered: make(chan struct{}, 1),
	}
	t.hello.SetLimitSize(handshakeQueue)
	var err error
	if t.agent, err = t.newAgent(); err != nil {
		return nil, err
	}
	err = errors.Join(
		t.agent.OnCandidate(func(c ice.Candidate) {
			if c == nil {
				select {
				case t.gathered <- struct{}{}:
				default:
				}
			}
		}),
		t.agent.OnSelectedCandidatePairChange(func(local, remote ice.Candidate) { t.use(local, remote) }),
		t.agent.OnConnectionStateChange(t.onICE),
	)
	return t, err
}

// newAgent is ICE as one connection gets it.
func (t *carrier) newAgent() (*ice.Agent, error) {
	s := t.server
	networks := []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeTCP4}
	if s.addr.Addr().Is6() {
		networks = append(networks, ice.NetworkTypeUDP6, ice.NetworkTypeTCP6)
	}
	return ice.NewAgentWithOptions(
		ice.WithICELite(true),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithNetworkTypes(networks),
		ice.WithUDPMux(agentUDP{s.udpMux, t}),
		ice.WithTCPMux(agentTCP{s.tcpMux, t}),
		ice.WithDisableActiveTCP(),
		ice.WithIncludeLoopback(),
		ice.WithNet(s.pseudo),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithDisconnectedTimeout(iceDisconnected),
		ice.WithFailedTimeout(iceFailed),
		ice.WithKeepaliveInterval(iceKeepalive),
		ice.WithBindingRequestHandler(atFirstCheck()),
		ice.WithLoggerFactory(pionLoggers{s.log}),
	)
}

// gather opens the agent's side of the sockets and returns our credentials.
func (t *carrier) gather(ctx context.Context) (ufrag, pwd string, err error) {
	if err := t.agent.GatherCandidates(); err != nil {
		return "", "", err
	}
	timeout := time.NewTimer(gatherTimeout)
	defer timeout.Stop()
	select {
	case <-t.gathered:
		return t.agent.GetLocalUserCredentials()
	case <-ctx.Done():
		return "", "", ctx.Err()
	case <-timeout.C:
		return "", "", errors.New("no local candidates")
	}
}

// start waits for the browser of an offer, in the background. It returns the
// credentials that the browser is to use.
func (t *carrier) start(ctx context.Context, o *offer) (ufrag, pwd string, err error) {
	if ufrag, pwd, err = t.gather(ctx); err != nil {
		return "", "", err
	}
	t.names.set(ufrag, pwd, o)
	if t.link, err = t.agent.StartAccept(o.ufrag, o.pwd); err != nil {
		return "", "", err
	}
	t.reading.Go(t.read)
	t.security.Go(func() {
		if err := t.secure(o.fingerprint); err != nil && t.done.Err() == nil {
			t.server.log.Debug("media: secure connection", "err", err)
		}
		t.over.Store(true)
		t.conn.onState()
	})
	return ufrag, pwd, nil
}

// restart takes the browser's new ICE credentials and returns ours. The address in
// use stays until there is another.
func (t *carrier) restart(ctx context.Context, o *offer) (ufrag, pwd string, err error) {
	if err := t.agent.Restart("", ""); err != nil {
		return "", "", err
	}
	if ufrag, pwd, err = t.gather(ctx); err != nil {
		return "", "", err
	}
	t.names.set(ufrag, pwd, o)
	return ufrag, pwd, t.agent.SetRemoteCredentials(o.ufrag, o.pwd)
}

// use notes the address that the browser has chosen.
func (t *carrier) use(local, remote ice.Candidate) {
	r := &route{tcp: local.NetworkType().IsTCP()}
	if at, err := netip.ParseAddr(remote.Address()); err == nil && !r.tcp && t.server.direct != nil {
		r.to = netip.AddrPortFrom(at.Unmap(), uint16(remote.Port()))
	}
	former := t.route.Swap(r)
	t.server.reroute(t, former, r)
	if former != nil && *former != *r {
		t.conn.moved(time.Now())
	}
}

func (t *carrier) onICE(s ice.ConnectionState) {
	up := s == ice.ConnectionStateConnected || s == ice.ConnectionStateCompleted
	if s == ice.ConnectionStateFailed || s == ice.ConnectionStateClosed {
		t.server.reroute(t, t.route.Swap(nil), nil)
	}
	if t.iceUp.Swap(up) != up {
		t.conn.onState()
	}
}

// isUp tells whether media can flow.
func (t *carrier) isUp() bool { return t.iceUp.Load() && t.holds() }

// holds tells whether it could, with a way.
func (t *carrier) holds() bool { return t.keyed.Load() && !t.over.Load() && t.done.Err() == nil }

// read sorts what comes through the agent (RFC 7983).
func (t *carrier) read() {
	buffer := make([]byte, maxPacket+maxOverhead)
	for {
		n, err := t.link.Read(buffer)
		if errors.Is(err, io.ErrShortBuffer) {
			continue // larger than anything of use: nobody's call ends of it
		}
		if err != nil {
			_ = t.hello.Close()
			return
		}
		switch b := buffer[:n]; {
		case isControl(b):
			t.receiveControl(b, time.Now())
		case isMedia(b):
			t.receive(b, time.Now())
		case n > 0 && b[0] >= 20 && b[0] <= 63:
			if forged(b) {
				continue
			}
			if t.keyed.Load() {
				b = sealed(b)
			}
			if len(b) > 0 {
				_, _ = t.hello.Write(b) // what does not fit is lost, as on the way
			}
		}
	}
}

// secure does the DTLS handshake, as its server, and waits for the end.
func (t *carrier) secure(fingerprint string) error {
	if err := t.agent.AwaitConnect(t.done); err != nil {
		return err
	}
	records := &records{Buffer: t.hello, link: t.link}
	conn, err := dtls.ServerWithOptions(records, records.RemoteAddr(),
		dtls.WithCertificates(t.server.certificate),
		// GCM first: SHA-1 costs five times as much.
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerify(true), // the offer names the certificate
		dtls.WithVerifyPeerCertificate(verify(fingerprint)),
		// The ICE check has already proved that the peer is where it says; the
		// cookie exchange would prove it again for another round trip.
		dtls.WithInsecureSkipVerifyHello(true),
		dtls.WithFlightInterval(flightAgain),
		dtls.WithLoggerFactory(pionLoggers{t.server.log}),
	)
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.HandshakeContext(t.done); err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	if err := t.key(conn); err != nil {
		return err
	}
	t.keyed.Store(true)
	t.conn.onState()
	t.security.Go(func() {
		<-t.done.Done()
		_ = conn.Close() // says goodbye
	})
	for b := make([]byte, 64); ; {
		// Nothing is said but goodbye.
		if _, err := conn.Read(b); err != nil {
			return err
		}
	}
}

// close ends what the context has not. It waits.
func (t *carrier) close() error {
	t.security.Wait() // goodbye is said before the way is gone
	t.server.reroute(t, t.route.Swap(nil), nil)
	err := t.agent.GracefulClose()
	_ = t.hello.Close()
	t.reading.Wait()
	return err
}

// records is the socket as DTLS sees it.
type records struct {
	*packetio.Buffer
	link *ice.Conn
}

var _ net.PacketConn = (*records)(nil)

// ReadFrom implements net.PacketConn.
func (r *records) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := r.Read(b)
	return n, r.RemoteAddr(), err
}

// WriteTo implements net.PacketConn.
func (r *records) WriteTo(b []byte, _ net.Addr) (int, error) { return r.link.Write(b) }

// LocalAddr implements net.PacketConn.
func (r *records) LocalAddr() net.Addr { return r.link.LocalAddr() }

// RemoteAddr is where records come from now.
func (r *records) RemoteAddr() net.Addr { return r.link.RemoteAddr() }

// SetDeadline implements net.PacketConn; writing never waits.
func (r *records) SetDeadline(t time.Time) error { return r.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn.
func (r *records) SetWriteDeadline(time.Time) error { return nil }
