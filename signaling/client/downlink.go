package client

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

const (
	queueTime  = 500 * time.Millisecond // that a packet waits at most
	queueMost  = 10_000                 // packets
	headers    = 28                     // bytes of IPv4 and UDP before what a packet carries
	largestUDP = 1 << 16                // bytes
)

// downlink is a network whose way in is thin: one link for all sockets, with a
// queue that drops what does not fit. The way out is free.
type downlink struct {
	*stdnet.Net
	rate int // bit/s

	mu   sync.Mutex // guards what follows
	free time.Time  // when all that is in the queue has passed
}

func newDownlink(rate int) (*downlink, error) {
	n, err := stdnet.NewNet()
	return &downlink{Net: n, rate: rate}, err
}

// pass tells when a packet that has come will have passed the link, false when it is
// dropped.
func (d *downlink) pass(bytes int) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	from := d.free
	if from.Before(now) {
		from = now
	}
	passed := from.Add(time.Duration(bytes+headers) * 8 * time.Second / time.Duration(d.rate))
	if passed.Sub(now) > queueTime {
		return passed, false
	}
	d.free = passed
	return passed, true
}

// ListenUDP implements transport.Net.
func (d *downlink) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	socket, err := d.Net.ListenUDP(network, local)
	if err != nil {
		return nil, err
	}
	c := &thinSocket{UDPConn: socket, queue: make(chan datagram, queueMost), closed: make(chan struct{})}
	c.reader.Go(func() { c.read(d) })
	return c, nil
}

// thinSocket is a socket behind a downlink.
type thinSocket struct {
	transport.UDPConn
	queue  chan datagram // closed when nothing more comes
	why    error         // set before queue is closed
	closed chan struct{}
	once   sync.Once
	reader sync.WaitGroup
}

type datagram struct {
	data   []byte
	from   net.Addr
	passed time.Time
}

func (c *thinSocket) read(d *downlink) {
	defer close(c.queue)
	b := make([]byte, largestUDP)
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil {
			c.why = err
			return
		}
		if passed, ok := d.pass(n); ok {
			select {
			case c.queue <- datagram{slices.Clone(b[:n]), from, passed}:
			case <-c.closed:
			}
		}
	}
}

// ReadFrom implements net.PacketConn.
func (c *thinSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	p, more := <-c.queue
	if !more {
		return 0, nil, c.why
	}
	select {
	case <-time.After(time.Until(p.passed)):
		return copy(b, p.data), p.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

// Close implements net.PacketConn.
func (c *thinSocket) Close() error {
	c.once.Do(func() { close(c.closed) })
	err := c.UDPConn.Close()
	c.reader.Wait()
	return err
}
