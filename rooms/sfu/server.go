package sfu

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// udpSocketBuffer holds bursts of all rooms together, bytes.
	udpSocketBuffer = 4 << 20
	// tcpWriteQueue bounds what may wait for one slow TCP peer, bytes. Beyond
	// it packets are dropped as a full link would drop them; a TCP peer never
	// holds up the others.
	tcpWriteQueue = 128 << 10
	// tcpReadQueue is how many packets of one TCP peer may wait.
	tcpReadQueue = 64
	// firstCheckTimeout is how long a TCP connection may live without a valid
	// connectivity check.
	firstCheckTimeout = 10 * time.Second

	// A browser sends checks every 2.5 s or faster, so this much silence means
	// that the path is gone.
	iceDisconnected = 4 * time.Second
	// After this much silence only an ICE restart or a new connection helps.
	iceFailed = 60 * time.Second
	// iceKeepalive is without effect on a lite agent but must be below the others.
	iceKeepalive = 2 * time.Second
	// flightAgain is when a DTLS flight that was lost is sent again at first; a
	// second, the usual, is long for somebody who waits on a radio link.
	flightAgain = 400 * time.Millisecond
)

// Server owns the sockets that all rooms share.
type Server struct {
	cfg    Config
	log    *slog.Logger
	addr   netip.AddrPort
	udpMux *udpMux
	tcpMux *tcpMux
	pseudo *pseudoNet
	direct packetWriter // writes to the UDP socket past ICE; nil: it cannot

	certificate tls.Certificate
	fingerprint string

	routesMu sync.RWMutex // guards the one below
	routes   map[netip.AddrPort]*carrier

	// ending counts connections that are being taken down in the background.
	ending sync.WaitGroup

	mu     sync.Mutex // guards what follows
	rooms  map[*Room]struct{}
	closed bool
}

func (c *Config) validate() error {
	if !c.Listen.IsValid() {
		return errors.New("sfu: Config.Listen is not an address and port")
	}
	for _, a := range c.Announce {
		if !a.IsValid() || a.Addr().IsUnspecified() {
			return fmt.Errorf("sfu: Config.Announce: %q is not an address that a browser can reach", a)
		}
	}
	return nil
}

// packetWriter is a socket that takes addresses as they are kept here.
type packetWriter interface {
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// Listen opens the sockets.
func Listen(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	udp, tcp, err := openSockets(cfg.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: cfg.Logger, rooms: map[*Room]struct{}{}, routes: map[netip.AddrPort]*carrier{}}
	bound := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	s.addr = netip.AddrPortFrom(cfg.Listen.Addr(), bound.Port())

	if s.pseudo, err = newPseudoNet(s.addr.Addr()); err != nil {
		return nil, errors.Join(fmt.Errorf("sfu: %w", err), udp.Close(), tcp.Close())
	}
	if s.certificate, s.fingerprint, err = newCertificate(); err != nil {
		return nil, errors.Join(fmt.Errorf("sfu: %w", err), udp.Close(), tcp.Close())
	}
	loggers := pionLoggers{s.log}
	media, err := newMediaConn(udp, s.deliver)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sfu: %w", err), udp.Close(), tcp.Close())
	}
	s.direct, _ = media.(packetWriter)
	s.udpMux = newUDPMux(media, loggers)
	s.tcpMux = newTCPMux(tcp, loggers)
	return s, nil
}

// openSockets binds UDP and TCP to one port number. With port 0 the pick of UDP
// may be taken on TCP, so it tries again.
func openSockets(at netip.AddrPort) (*net.UDPConn, *net.TCPListener, error) {
	udpNetwork, tcpNetwork := "udp", "tcp"
	if at.Addr().Is4() {
		udpNetwork, tcpNetwork = "udp4", "tcp4"
	}
	var lastErr error
	for range 10 {
		udp, err := net.ListenUDP(udpNetwork, net.UDPAddrFromAddrPort(at))
		if err != nil {
			return nil, nil, fmt.Errorf("sfu: media port: %w", err)
		}
		// The kernel may grant less; that is not an error.
		_ = udp.SetReadBuffer(udpSocketBuffer)
		_ = udp.SetWriteBuffer(udpSocketBuffer)

		port := udp.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		tcp, err := net.ListenTCP(tcpNetwork, net.TCPAddrFromAddrPort(netip.AddrPortFrom(at.Addr(), port)))
		if err == nil {
			return udp, tcp, nil
		}
		lastErr = fmt.Errorf("sfu: media port over TCP: %w", err)
		_ = udp.Close()
		if at.Port() != 0 {
			break
		}
	}
	return nil, nil, lastErr
}

// Addr is the address listened on, with the port that was picked.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// NewRoom makes an empty room.
func (s *Server) NewRoom() *Room {
	r := &Room{server: s, peers: map[string]*Peer{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		r.closed = true
		return r
	}
	s.rooms[r] = struct{}{}
	return r
}

func (s *Server) forget(r *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rooms, r)
}

// Close ends every room and waits for everything that the server started.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	rooms := make([]*Room, 0, len(s.rooms))
	for r := range s.rooms {
		rooms = append(rooms, r)
	}
	s.mu.Unlock()
	for _, r := range rooms {
		r.Close()
	}
	s.ending.Wait()
	return errors.Join(s.udpMux.Close(), s.tcpMux.Close())
}
