package link

import "encoding/binary"

const (
	protocolTCP = 6
	portHTTPS   = 443
)

// lets reports whether the firewall passes an IP packet. Only IPv4 is spoken on
// an emulated link; anything else is stopped by every firewall but PassAll.
func (p Pass) lets(packet []byte) bool {
	if p == PassAll || p == "" {
		return true
	}
	if len(packet) < 20 || packet[0]>>4 != 4 || packet[9] != protocolTCP {
		return false
	}
	if p == PassTCP {
		return true
	}
	header := int(packet[0]&0x0f) * 4
	if len(packet) < header+4 {
		return false
	}
	from := binary.BigEndian.Uint16(packet[header:])
	to := binary.BigEndian.Uint16(packet[header+2:])
	return from == portHTTPS || to == portHTTPS
}
