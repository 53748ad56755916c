//go:build !linux

package sfu

import (
	"net"
	"net/netip"
	"time"
)

// newMediaConn is the socket as it is: batches of packets are for Linux.
func newMediaConn(udp *net.UDPConn, _ func(netip.AddrPort, []byte, time.Time) bool) (net.PacketConn, error) {
	return udp, nil
}
