//go:build !linux

package sfu

import "net"

// newMediaConn is the socket as it is: batches of packets are for Linux.
func newMediaConn(udp *net.UDPConn) (net.PacketConn, error) { return udp, nil }
