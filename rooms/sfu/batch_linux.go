package sfu

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// beat is how long a busy socket waits between two looks: what comes and
	// goes meanwhile shares one wake-up and one system call. It is the most that
	// a packet waits on each of the two ways. A quiet socket has no beat. On a virtual
	// machine a wake-up costs several packets; with 1 ms they were half of all.
	beat = 2500 * time.Microsecond
	// alone is after how long without packets one is read without a beat after it.
	alone = 2 * beat
	// readBatch and writeBatch are in packets.
	readBatch  = 64
	writeBatch = 256
	// maxDatagram is the largest that is read or batched, bytes.
	maxDatagram = 2048
	// trainMax and trainBytes bound one train of segments (the kernel takes 64
	// and 64 KB).
	trainMax   = 40
	trainBytes = 60_000
)

// batchConn is the media socket: it reads and writes many packets with one
// system call (recvmmsg, sendmmsg), and packets of one size to one address as
// one train (UDP_SEGMENT), which passes the network stack once.
//
// The reading goroutine is its clock. While packets come or wait it looks at the
// socket once per beat, first sending what is queued; when there is nothing it
// sleeps until something comes, and then whoever writes sends at once.
type batchConn struct {
	fd     int
	stop   int // an eventfd that wakes the reader at the end
	closed atomic.Bool
	local  net.Addr
	family uint16
	// deliver takes a packet and tells whether it is done with.
	deliver func(from netip.AddrPort, b []byte, at time.Time) bool

	in  reading // the reading goroutine's own
	out writing
}

// reading is a batch of packets that have come.
type reading struct {
	mu       sync.Mutex // held while the socket is in use
	messages [readBatch]mmsghdr
	vectors  [readBatch]unix.Iovec
	names    [readBatch]unix.RawSockaddrInet6
	bytes    [readBatch][maxDatagram]byte

	next, filled int
	at           time.Time // the batch was read
	busy         bool      // there were packets within the last beat
	err          error
}

// writing is what waits for the next beat.
type writing struct {
	mu     sync.Mutex // guards all
	quiet  bool       // the reader sleeps: nobody else will send
	trains bool       // the kernel takes them
	queued int
	to     [writeBatch]netip.AddrPort
	length [writeBatch]int
	bytes  [writeBatch][maxDatagram]byte
	after  [writeBatch]int   // next packet of the same stream, 0: none
	last   map[outStream]int // newest packet of a stream
	order  []int             // first packets of streams, in the order of writing

	messages [writeBatch]mmsghdr
	vectors  [writeBatch]unix.Iovec
	names    [writeBatch]unix.RawSockaddrInet6
	controls [writeBatch]segmentControl
	count    int // of messages
	sent     int
}

// outStream is what keeps its order: one RTP stream to one address. Two streams
// may overtake one another within a beat.
type outStream struct {
	to   netip.AddrPort
	ssrc uint32 // 0: not media
}

// streamOf tells media by its first bytes (RFC 7983, RFC 5761).
func streamOf(b []byte, to netip.AddrPort) outStream {
	s := outStream{to: to}
	if len(b) >= 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223) {
		s.ssrc = binary.BigEndian.Uint32(b[8:])
	}
	return s
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	length uint32
	_      [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// segmentControl is the control message that asks for a train.
type segmentControl struct {
	header unix.Cmsghdr
	size   uint16
	_      [6]byte
}

// newMediaConn takes the socket over. What deliver does not take is read from it.
func newMediaConn(udp *net.UDPConn, deliver func(from netip.AddrPort, b []byte, at time.Time) bool) (net.PacketConn, error) {
	c := &batchConn{local: udp.LocalAddr(), deliver: deliver}
	if err := c.takeOver(udp); err != nil {
		return nil, err
	}
	c.family = unix.AF_INET
	if udp.LocalAddr().(*net.UDPAddr).IP.To4() == nil {
		c.family = unix.AF_INET6
	}
	// Reading the option tells whether the kernel knows it.
	_, err := unix.GetsockoptInt(c.fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	c.out.trains = err == nil
	r := &c.in
	for i := range r.messages {
		r.vectors[i].Base = &r.bytes[i][0]
		r.vectors[i].SetLen(maxDatagram)
		r.messages[i].header.Iov = &r.vectors[i]
		r.messages[i].header.SetIovlen(1)
		r.messages[i].header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
	}
	c.out.last = make(map[outStream]int, writeBatch)
	return c, nil
}

// takeOver keeps the socket and gives up the runtime's: its poller would wake a
// thread for every packet that comes while the reader waits for its beat.
func (c *batchConn) takeOver(udp *net.UDPConn) (err error) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return err
	}
	if c.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return err
	}
	dupErr := raw.Control(func(fd uintptr) {
		c.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, dupErr); err != nil {
		_ = unix.Close(c.stop)
		return err
	}
	return udp.Close()
}

// receive fills the batch with what is there.
func (r *reading) receive(fd int) {
	for i := range r.messages {
		r.messages[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.messages[0])), readBatch, unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		r.next, r.filled, r.err = 0, int(n), nil
		if errno != 0 {
			r.filled, r.err = 0, errno
		}
		return
	}
}

// ReadFromAddrPort reads one packet; ice.AddrPortReaderWriter.
func (c *batchConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	r := &c.in
	for {
		for r.next < r.filled {
			i := r.next
			r.next++
			m := &r.messages[i]
			from, ok := address(&r.names[i])
			if !ok || m.header.Flags&unix.MSG_TRUNC != 0 {
				continue // larger than any that a browser sends
			}
			packet := r.bytes[i][:m.length]
			if c.deliver(from, packet, r.at) {
				continue
			}
			return copy(b, packet), from, nil
		}
		if err := c.fill(); err != nil {
			return 0, netip.AddrPort{}, err
		}
	}
}

// fill reads the next batch, or waits for packets.
func (c *batchConn) fill() error {
	r := &c.in
	r.mu.Lock()
	defer r.mu.Unlock()
	c.out.flush(c, false) // what the last batch has led to
	wrote := false
	if r.busy && r.filled < readBatch { // else there is more already
		rest(beat)
		wrote = c.out.flush(c, false) // what others have written
	}
	before := r.at
	if c.closed.Load() {
		return net.ErrClosed
	}
	r.receive(c.fd)
	if r.err == unix.EAGAIN && !wrote {
		c.out.flush(c, true)
		err := c.wait()
		c.out.mu.Lock()
		c.out.quiet = false
		c.out.mu.Unlock()
		if err != nil {
			return err
		}
		r.receive(c.fd)
	}
	if r.err != nil && r.err != unix.EAGAIN {
		return r.err
	}
	if r.filled > 0 {
		r.at = time.Now()
	}
	// What comes after a while may be all for another while.
	r.busy = wrote || r.filled > 0 && r.at.Sub(before) < alone
	return nil
}

// rest waits without the runtime's timers: a timer that ends wakes a second thread
// to look for work, a thousand times per second. The thread keeps its processor
// meanwhile as long as nobody needs it; with a single one somebody always may.
func rest(d time.Duration) {
	if runtime.GOMAXPROCS(0) == 1 {
		time.Sleep(d)
		return
	}
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal makes it shorter, which does no harm
}

// wait waits for a packet, or for the end.
func (c *batchConn) wait() error {
	for {
		fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}, {Fd: int32(c.stop), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
		case c.closed.Load():
			return net.ErrClosed
		default:
			return err
		}
	}
}

// ReadFrom implements net.PacketConn.
func (c *batchConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo implements net.PacketConn.
func (c *batchConn) WriteTo(b []byte, to net.Addr) (int, error) {
	at, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	return c.WriteToAddrPort(b, at.AddrPort())
}

// WriteToAddrPort queues one packet for the next beat; ice.AddrPortReaderWriter.
// Like the network itself it does not tell what became of a packet.
func (c *batchConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if len(b) > maxDatagram {
		return 0, unix.EMSGSIZE
	}
	if c.family == unix.AF_INET && !to.Addr().Unmap().Is4() {
		return 0, unix.EAFNOSUPPORT
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	i := w.queued
	w.queued++
	w.to[i], w.length[i], w.after[i] = to, copy(w.bytes[i][:], b), 0
	stream := streamOf(b, to)
	if last, known := w.last[stream]; known {
		w.after[last] = i
	} else {
		w.order = append(w.order, i)
	}
	w.last[stream] = i
	if w.queued == writeBatch || w.quiet {
		w.flushLocked(c)
	}
	return len(b), nil
}

// Close sends what is queued and closes the socket, once the reader has left it.
func (c *batchConn) Close() error {
	c.out.mu.Lock()
	c.out.flushLocked(c)
	closed := c.closed.Swap(true)
	c.out.mu.Unlock()
	if closed {
		return net.ErrClosed
	}
	_, err := unix.Write(c.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return errors.Join(err, unix.Close(c.fd), unix.Close(c.stop))
}

// LocalAddr implements net.PacketConn.
func (c *batchConn) LocalAddr() net.Addr { return c.local }

// SetDeadline implements net.PacketConn. Nobody waits for long: what is written is
// queued, and reading ends with the socket.
func (c *batchConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn.
func (c *batchConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn.
func (c *batchConn) SetWriteDeadline(time.Time) error { return nil }

// flush sends what is queued. With quiet, writers send themselves from now on.
func (w *writing) flush(c *batchConn, quiet bool) (any bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	any = w.queued > 0
	w.flushLocked(c)
	w.quiet = quiet
	return any
}

func (w *writing) flushLocked(c *batchConn) {
	if w.queued == 0 {
		return
	}
	if !c.closed.Load() {
		w.arrange(c.family)
		w.send(c.fd)
	}
	w.queued, w.order = 0, w.order[:0]
	clear(w.last)
}

// arrange makes messages out of the queue: the packets of a stream keep their
// order, and a run of one size, which a shorter one may end, becomes a train.
func (w *writing) arrange(family uint16) {
	w.count, w.sent = 0, 0
	vector := 0
	for _, p := range w.order {
		for more := true; more; {
			first, size, total := vector, w.length[p], 0
			for {
				w.vectors[vector].Base = &w.bytes[p][0]
				w.vectors[vector].SetLen(w.length[p])
				vector++
				total += w.length[p]
				ends := w.length[p] < size || !w.trains || vector-first == trainMax
				if more = w.after[p] != 0; !more {
					break
				}
				p = w.after[p]
				if ends || w.length[p] > size || total+w.length[p] > trainBytes {
					break
				}
			}
			w.message(w.to[p], family, first, vector, size)
		}
	}
}

// message describes one message, of the vectors from first up to end.
func (w *writing) message(to netip.AddrPort, family uint16, first, end, size int) {
	i := w.count
	w.count++
	h := &w.messages[i].header
	*h = unix.Msghdr{Iov: &w.vectors[first], Name: (*byte)(unsafe.Pointer(&w.names[i]))}
	h.SetIovlen(end - first)
	h.Namelen = putAddress(&w.names[i], to, family)
	if end-first > 1 {
		control := &w.controls[i]
		control.header.Level, control.header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		control.header.SetLen(unix.CmsgLen(2))
		control.size = uint16(size)
		h.Control = (*byte)(unsafe.Pointer(control))
		h.SetControllen(unix.CmsgSpace(2))
	}
}

// send sends the messages. While the socket is full it waits.
func (w *writing) send(fd int) {
	for w.sent < w.count {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&w.messages[w.sent])), uintptr(w.count-w.sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			w.sent += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		default:
			// The first message cannot go: as a train, one by one, or not at all.
			w.single(fd, &w.messages[w.sent].header)
			w.sent++
		}
	}
}

// single sends a train's packets one by one: a path may not take trains, as with
// a smaller MTU or a network card that does no checksums.
func (w *writing) single(fd int, train *unix.Msghdr) {
	if train.Control == nil {
		return
	}
	h := *train
	h.Control = nil
	h.SetControllen(0)
	h.SetIovlen(1)
	for _, v := range unsafe.Slice(train.Iov, train.Iovlen) {
		h.Iov = &v
		_, _, _ = unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), unix.MSG_DONTWAIT)
	}
}

// putAddress writes the address in the form of the socket's family and returns
// its length.
func putAddress(name *unix.RawSockaddrInet6, to netip.AddrPort, family uint16) uint32 {
	if family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		*v4 = unix.RawSockaddrInet4{Family: family, Addr: to.Addr().Unmap().As4()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&v4.Port))[:], to.Port())
		return unix.SizeofSockaddrInet4
	}
	*name = unix.RawSockaddrInet6{Family: family, Addr: to.Addr().As16()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	if zone := to.Addr().Zone(); zone != "" {
		if index, err := strconv.Atoi(zone); err == nil {
			name.Scope_id = uint32(index)
		} else if at, err := net.InterfaceByName(zone); err == nil {
			name.Scope_id = uint32(at.Index)
		}
	}
	return unix.SizeofSockaddrInet6
}

// address reads the address of a packet. A link-local one has its interface's
// number as its zone.
func address(name *unix.RawSockaddrInet6) (netip.AddrPort, bool) {
	switch name.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&v4.Port))[:])
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port), true
	case unix.AF_INET6:
		at := netip.AddrFrom16(name.Addr)
		if name.Scope_id != 0 && !at.Is4In6() {
			at = at.WithZone(strconv.Itoa(int(name.Scope_id)))
		}
		return netip.AddrPortFrom(at, binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])), true
	}
	return netip.AddrPort{}, false
}
