package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Preferences of RFC 8445 §5.1.2: UDP before TCP whatever the address.
const (
	udpTypePreference = 126
	tcpTypePreference = 90
)

// reachable is where browsers are told to send: the announced addresses, the
// address listened on, or every address of the machine.
func (s *Server) reachable() []netip.AddrPort {
	port := s.addr.Port()
	if len(s.cfg.Announce) > 0 {
		out := slices.Clone(s.cfg.Announce)
		for i, a := range out {
			if a.Port() == 0 {
				out[i] = netip.AddrPortFrom(a.Addr(), port)
			}
		}
		return out
	}
	if !s.addr.Addr().IsUnspecified() {
		return []netip.AddrPort{s.addr}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		s.log.Warn("media: list addresses", "err", err)
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		ip := prefix.Addr().Unmap()
		usable := (ip.IsGlobalUnicast() || ip == pseudo4) && (ip.Is4() || s.addr.Addr().Is6())
		if usable {
			out = append(out, netip.AddrPortFrom(ip, port))
		}
	}
	// Loopback is for a browser on this very machine: last.
	slices.SortStableFunc(out, func(a, b netip.AddrPort) int {
		switch al, bl := a.Addr().IsLoopback(), b.Addr().IsLoopback(); {
		case al == bl:
			return 0
		case al:
			return 1
		default:
			return -1
		}
	})
	return out
}

// Way is one address of the media port.
type Way struct {
	Told  netip.AddrPort // as browsers are told
	Local netip.AddrPort // the same port, as reached from this machine
}

// Ways are the addresses that browsers are told, and where each leads here: a
// NAT's address may not lead back to the machine behind it.
func (s *Server) Ways() []Way {
	listen, port := s.addr.Addr(), s.addr.Port()
	var out []Way
	for _, told := range s.reachable() {
		local := told
		switch {
		case !listen.IsUnspecified():
			local = s.addr
		case len(s.cfg.Announce) > 0 && told.Addr().Is6() && listen.Is6():
			local = netip.AddrPortFrom(pseudo6, port)
		case len(s.cfg.Announce) > 0:
			local = netip.AddrPortFrom(pseudo4, port)
		}
		out = append(out, Way{Told: told, Local: local})
	}
	return out
}

// candidateLines are the a=candidate lines of an answer, UDP and passive TCP
// (RFC 6544) for each address.
func (s *Server) candidateLines() string {
	var b strings.Builder
	for i, a := range s.reachable() {
		local := max(65535-i*256, 0)
		fmt.Fprintf(&b, "a=candidate:%d 1 udp %d %s %d typ host\r\n",
			2*i+1, candidatePriority(udpTypePreference, local), a.Addr(), a.Port())
		fmt.Fprintf(&b, "a=candidate:%d 1 tcp %d %s %d typ host tcptype passive\r\n",
			2*i+2, candidatePriority(tcpTypePreference, local), a.Addr(), a.Port())
	}
	b.WriteString("a=end-of-candidates\r\n")
	return b.String()
}

func candidatePriority(kind, local int) int { return kind<<24 | local<<8 | 255 }
