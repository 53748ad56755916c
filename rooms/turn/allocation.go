package turn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// Way is one media port of this server.
type Way struct {
	Told  netip.AddrPort // as browsers are told; may be a NAT's
	Local netip.AddrPort // the same port, as reached from this machine
}

// errElsewhere means that a packet was for something else than a media port.
var errElsewhere = errors.New("turn: not a media port of this server")

const (
	// mostPacket is larger than any packet of a call, bytes.
	mostPacket = 1600
	// legQueue bounds what waits in a socket for a slow person, bytes: beyond
	// it packets are dropped, as a full link would drop them.
	legQueue = 64 << 10
)

// allocation is the far side of one person's relay: a connected socket to each
// media port. It implements net.PacketConn towards the protocol server.
type allocation struct {
	legs    map[netip.AddrPort]*net.UDPConn // by the address told; never changed
	limit   *rate.Limiter                   // bytes per second, both directions, shared by the person's allocations
	arrived chan packet
	closed  chan struct{}
	close   func() error
}

type packet struct {
	data *[mostPacket]byte
	size int
	from netip.AddrPort
}

var packets = sync.Pool{New: func() any { return new([mostPacket]byte) }}

var _ net.PacketConn = (*allocation)(nil)

// open connects a socket to every way; work counts their readers. ended is
// called once.
func open(ways []Way, limit *rate.Limiter, work *sync.WaitGroup, ended func()) (*allocation, error) {
	a := &allocation{
		legs: make(map[netip.AddrPort]*net.UDPConn, len(ways)), limit: limit,
		arrived: make(chan packet), closed: make(chan struct{}),
	}
	a.close = sync.OnceValue(func() error {
		close(a.closed)
		var errs []error
		for _, leg := range a.legs {
			errs = append(errs, leg.Close())
		}
		ended()
		return errors.Join(errs...)
	})
	for _, w := range ways {
		leg, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(w.Local))
		if err != nil {
			return nil, errors.Join(err, a.close())
		}
		_ = leg.SetReadBuffer(legQueue) // the kernel may grant less
		a.legs[w.Told] = leg
	}
	for told, leg := range a.legs {
		work.Go(func() { a.read(told, leg) })
	}
	return a, nil
}

// read passes on what one media port sends.
func (a *allocation) read(told netip.AddrPort, leg *net.UDPConn) {
	for {
		p := packet{data: packets.Get().(*[mostPacket]byte), from: told}
		var err error
		if p.size, err = leg.Read(p.data[:]); err != nil {
			packets.Put(p.data)
			if errors.Is(err, syscall.ECONNREFUSED) {
				continue // of an earlier packet: the media port may be back for the next
			}
			return
		}
		select {
		case a.arrived <- p:
		case <-a.closed:
			return
		}
	}
}

// ReadFrom implements net.PacketConn.
func (a *allocation) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		select {
		case p := <-a.arrived:
			n := copy(b, p.data[:p.size])
			packets.Put(p.data)
			if !a.limit.AllowN(time.Now(), n) {
				continue
			}
			return n, net.UDPAddrFromAddrPort(p.from), nil
		case <-a.closed:
			return 0, nil, net.ErrClosed
		}
	}
}

// WriteTo implements net.PacketConn. The address must be one that was told, to
// the port and to the letter: its IPv4-mapped form is another.
func (a *allocation) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errElsewhere
	}
	leg := a.legs[udp.AddrPort()]
	if leg == nil {
		return 0, errElsewhere
	}
	if !a.limit.AllowN(time.Now(), len(b)) {
		return len(b), nil // dropped, as on a full link
	}
	return leg.Write(b)
}

// Close implements net.PacketConn.
func (a *allocation) Close() error { return a.close() }

// LocalAddr implements net.PacketConn.
func (a *allocation) LocalAddr() net.Addr {
	for _, leg := range a.legs {
		return leg.LocalAddr()
	}
	return &net.UDPAddr{}
}

// SetDeadline implements net.PacketConn; nothing here waits for a deadline.
func (a *allocation) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline implements net.PacketConn.
func (a *allocation) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline implements net.PacketConn.
func (a *allocation) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
