//go:build linux

package links

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"consilium/deploy/links/link"
)

// network opens one and carries its packets, or skips where that may not be.
func network(t *testing.T) *Network {
	t.Helper()
	n, err := Open(1)
	if errors.Is(err, ErrNotPermitted) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		for _, name := range []string{n.Clinic, n.Hospital} {
			if _, err := os.Stat(namespaces + name); err == nil {
				t.Errorf("%s was left behind", name)
			}
		}
	})
	return n
}

// socket opens a UDP socket in a namespace.
func socket(t *testing.T, space string, at netip.AddrPort) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	if err := inside(space, func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// asks sends from the clinic and returns who the hospital saw and how long the
// answer took.
func asks(t *testing.T, from, to *net.UDPConn) (netip.Addr, time.Duration) {
	t.Helper()
	limit := time.Now().Add(5 * time.Second)
	_ = from.SetReadDeadline(limit)
	_ = to.SetReadDeadline(limit)
	began := time.Now()
	if _, err := from.WriteTo([]byte("ask"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	_, who, err := to.ReadFromUDPAddrPort(buffer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.WriteToUDPAddrPort([]byte("answer"), who); err != nil {
		t.Fatal(err)
	}
	if _, err := from.Read(buffer); err != nil {
		t.Fatal(err)
	}
	return who.Addr(), time.Since(began)
}

func TestPacketsCrossAndTheClinicMoves(t *testing.T) {
	n := network(t)
	const delay = 40 * time.Millisecond
	for _, line := range []*link.Line{n.Up, n.Down} {
		if err := line.Set(link.Setting{Delay: delay}); err != nil {
			t.Fatal(err)
		}
	}
	hospital := socket(t, n.Hospital, netip.AddrPortFrom(Hospital, 9000))
	before := n.Address()
	who, took := asks(t, socket(t, n.Clinic, netip.AddrPortFrom(before, 0)), hospital)
	if who != before || took < 2*delay {
		t.Errorf("the hospital saw %v and the answer took %v", who, took)
	}
	if err := n.Move(); err != nil {
		t.Fatal(err)
	}
	after := n.Address()
	who, _ = asks(t, socket(t, n.Clinic, netip.AddrPortFrom(netip.IPv4Unspecified(), 0)), hospital)
	if after == before || who != after {
		t.Errorf("moved from %v to %v, the hospital saw %v", before, after, who)
	}
	if up := n.Up.Stats(); up.Packets < 2 || up.Bytes < 2*(20+8+3) {
		t.Errorf("the line counted %+v: an ask is 31 IP bytes", up)
	}
}
