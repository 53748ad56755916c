//go:build linux

package sfu

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"
)

// mediaSocket is a batching socket that nobody reads, so that the test beats.
func mediaSocket(t *testing.T, network, at string) *batchConn {
	t.Helper()
	udp, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	must(t, err)
	conn, err := newMediaConn(udp, func(netip.AddrPort, []byte, time.Time) bool { return false })
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*batchConn)
}

func receiver(t *testing.T, network, at string) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	if err != nil {
		t.Skipf("this machine has no %s: %v", at, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	must(t, c.SetReadDeadline(time.Now().Add(patience)))
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// media is a packet of a stream with a number to know it by.
func media(ssrc uint32, n, size int) []byte {
	b := bytes.Repeat([]byte{byte(n)}, size)
	b[0], b[1] = 0x80, 96
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// Whatever the sizes, everything arrives whole, and each stream in its order.
func TestBatchesArriveWholeAndInOrder(t *testing.T) {
	for name, c := range map[string]struct{ network, at, to string }{
		"IPv4":           {"udp4", "127.0.0.1:0", "127.0.0.1:0"},
		"IPv6":           {"udp", "[::]:0", "[::1]:0"},
		"IPv4 over both": {"udp", "[::]:0", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			one, toOne := receiver(t, "udp", c.to)
			two, toTwo := receiver(t, "udp", c.to)
			s := mediaSocket(t, c.network, c.at)
			want := map[uint32][][]byte{}
			const each = 100 // of three streams: more than a batch, and less than a receiver's queue
			for n := range each {
				// Trains of all lengths: the size changes now and then, up and down.
				size := 120 + n*n%7
				for ssrc := range uint32(3) {
					p := media(ssrc, n, size-int(ssrc)*30)
					want[ssrc] = append(want[ssrc], p)
					to := toOne
					if ssrc == 2 {
						to = toTwo
					}
					if _, err := s.WriteToAddrPort(p, to); err != nil {
						t.Fatal(err)
					}
				}
			}
			s.out.flush(s, false)
			buffer := make([]byte, 4000)
			for i := range 3 * each {
				from := one
				if i >= 2*each {
					from = two
				}
				n, err := from.Read(buffer)
				must(t, err)
				ssrc := binary.BigEndian.Uint32(buffer[8:])
				if len(want[ssrc]) == 0 || !bytes.Equal(buffer[:n], want[ssrc][0]) {
					t.Fatalf("packet %d of stream %d is not the next one", i, ssrc)
				}
				want[ssrc] = want[ssrc][1:]
			}
		})
	}
}

// A path that refuses a train gets its packets one by one.
func TestRefusedTrainGoesOneByOne(t *testing.T) {
	to, at := receiver(t, "udp4", "127.0.0.1:0")
	s := mediaSocket(t, "udp4", "127.0.0.1:0")
	if !s.out.trains {
		t.Skip("this kernel has no trains")
	}
	for n := range 3 {
		_, err := s.WriteToAddrPort(media(1, n, 1000), at)
		must(t, err)
	}
	w := &s.out
	w.mu.Lock()
	w.arrange(s.family)
	if w.count != 1 {
		t.Errorf("three packets of one size are %d messages, want one train", w.count)
	}
	w.controls[0].size = 1 // three thousand segments: the kernel says EINVAL
	w.send(s.fd)
	w.mu.Unlock()
	buffer := make([]byte, 4000)
	for n := range 3 {
		size, err := to.Read(buffer)
		must(t, err)
		if !bytes.Equal(buffer[:size], media(1, n, 1000)) {
			t.Errorf("packet %d arrived as %d bytes of something else", n, size)
		}
	}
}

// While nothing is read, what is written must not wait for a beat.
func TestQuietSocketSendsAtOnce(t *testing.T) {
	to, at := receiver(t, "udp4", "127.0.0.1:0")
	s := mediaSocket(t, "udp4", "127.0.0.1:0")
	done := make(chan error, 1)
	go func() {
		_, _, err := s.ReadFromAddrPort(make([]byte, maxDatagram))
		done <- err
	}()
	eventually(t, "the reader sleeps", func() bool {
		s.out.mu.Lock()
		defer s.out.mu.Unlock()
		return s.out.quiet
	})
	_, err := s.WriteToAddrPort(media(1, 7, 500), at)
	must(t, err)
	n, err := to.Read(make([]byte, maxDatagram))
	must(t, err)
	if n != 500 {
		t.Errorf("%d bytes arrived, want 500", n)
	}
	must(t, s.Close())
	if err := <-done; err == nil {
		t.Error("a closed socket still reads")
	}
}

func TestBatchingDoesNotAllocate(t *testing.T) {
	_, at := receiver(t, "udp4", "127.0.0.1:0")
	s := mediaSocket(t, "udp4", "127.0.0.1:0")
	p := media(1, 1, 1000)
	step := func() {
		for range 20 {
			_, _ = s.WriteToAddrPort(p, at)
		}
		s.out.flush(s, false)
	}
	step()
	if n := testing.AllocsPerRun(100, step); n > 0 {
		t.Errorf("%v allocations per flush of 20 packets", n)
	}
}
