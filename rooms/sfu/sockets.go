package sfu

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// An ICE-lite agent needs a local candidate of each family and transport only
// to hang its side of a pair on: it finds its peer from the peer's checks, and
// what the browser is told about addresses is written by candidateLines. So
// every agent sees one pseudo interface instead of the machine's: joining costs
// no enumeration, no goroutine per address, and addresses that come and go
// while the server runs do not matter.

var (
	pseudo4 = netip.MustParseAddr("127.0.0.1")
	pseudo6 = netip.MustParseAddr("::1")
)

// pseudoNet is the network as ICE agents see it.
type pseudoNet struct {
	*stdnet.Net
	interfaces []*transport.Interface
}

func newPseudoNet(listen netip.Addr) (*pseudoNet, error) {
	std, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	ifc := transport.NewInterface(net.Interface{Index: 1, MTU: 1500, Name: "media", Flags: net.FlagUp})
	if !listen.Is6() || listen.IsUnspecified() {
		ifc.AddAddress(&net.IPNet{IP: pseudo4.AsSlice(), Mask: net.CIDRMask(32, 32)})
	}
	if listen.Is6() {
		ifc.AddAddress(&net.IPNet{IP: pseudo6.AsSlice(), Mask: net.CIDRMask(128, 128)})
	}
	return &pseudoNet{Net: std, interfaces: []*transport.Interface{ifc}}, nil
}

// Interfaces implements transport.Net.
func (n *pseudoNet) Interfaces() ([]*transport.Interface, error) { return n.interfaces, nil }

// udpMux shares one socket among all agents. It names the pseudo addresses as
// the ones listened on.
type udpMux struct {
	*ice.UDPMuxDefault
	listen []net.Addr
	fixed  net.Addr // the real address, when it is a specific one
}

var _ ice.UDPMux = (*udpMux)(nil)

func newUDPMux(conn net.PacketConn, loggers pionLoggers) *udpMux {
	at := conn.LocalAddr().(*net.UDPAddr)
	m := &udpMux{UDPMuxDefault: ice.NewUDPMuxDefault(ice.UDPMuxParams{
		UDPConn: conn,
		Logger:  loggers.NewLogger("udp-mux"),
	})}
	v4, v6 := at.IP.To4() != nil, at.IP.To4() == nil
	if at.IP.IsUnspecified() {
		v4 = true
	} else {
		m.fixed = at
	}
	if v4 {
		m.listen = append(m.listen, &net.UDPAddr{IP: pseudo4.AsSlice(), Port: at.Port})
	}
	if v6 {
		m.listen = append(m.listen, &net.UDPAddr{IP: pseudo6.AsSlice(), Port: at.Port})
	}
	return m
}

// GetListenAddresses implements ice.UDPMux.
func (m *udpMux) GetListenAddresses() []net.Addr { return m.listen }

// GetConn implements ice.UDPMux.
func (m *udpMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	if m.fixed != nil {
		addr = m.fixed
	}
	return m.UDPMuxDefault.GetConn(ufrag, addr)
}

// tcpMux shares one listener among all agents. Underneath, connections are
// keyed by the local address that they came in on; here that is always the
// pseudo address.
type tcpMux struct{ inner *ice.TCPMuxDefault }

var _ ice.TCPMux = tcpMux{}

func newTCPMux(l *net.TCPListener, loggers pionLoggers) *tcpMux {
	return &tcpMux{ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener:                     &mediaListener{TCPListener: l},
		Logger:                       loggers.NewLogger("tcp-mux"),
		ReadBufferSize:               tcpReadQueue,
		WriteBufferSize:              tcpWriteQueue,
		FirstStunBindTimeout:         firstCheckTimeout,
		AliveDurationForConnFromStun: firstCheckTimeout,
	})}
}

func pseudoFor(is6 bool) net.IP {
	if is6 {
		return pseudo6.AsSlice()
	}
	return pseudo4.AsSlice()
}

// GetConnByUfrag implements ice.TCPMux.
func (m tcpMux) GetConnByUfrag(ufrag string, is6 bool, _ net.IP) (net.PacketConn, error) {
	return m.inner.GetConnByUfrag(ufrag, is6, pseudoFor(is6))
}

// RemoveConnByUfrag implements ice.TCPMux.
func (m tcpMux) RemoveConnByUfrag(ufrag string) { m.inner.RemoveConnByUfrag(ufrag) }

// Close implements ice.TCPMux.
func (m tcpMux) Close() error { return m.inner.Close() }

// maxTCPConns bounds the connections open at once, valid or not.
const maxTCPConns = 2048

// mediaListener limits connections and hides their local address.
type mediaListener struct {
	*net.TCPListener
	open atomic.Int32
}

// Accept implements net.Listener.
func (l *mediaListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > maxTCPConns {
			l.open.Add(-1)
			_ = c.Close()
			continue
		}
		// Media that waits in the kernel is late media.
		_ = c.SetWriteBuffer(tcpWriteQueue)
		return &mediaConn{TCPConn: c, listener: l}, nil
	}
}

type mediaConn struct {
	*net.TCPConn
	listener *mediaListener
	once     sync.Once
}

// LocalAddr implements net.Conn.
func (c *mediaConn) LocalAddr() net.Addr {
	remote := c.RemoteAddr().(*net.TCPAddr)
	local := c.TCPConn.LocalAddr().(*net.TCPAddr)
	return &net.TCPAddr{IP: pseudoFor(remote.IP.To4() == nil), Port: local.Port}
}

// Close implements net.Conn.
func (c *mediaConn) Close() error {
	c.once.Do(func() { c.listener.open.Add(-1) })
	return c.TCPConn.Close()
}
