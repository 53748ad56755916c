package sfu

import (
	"net"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// names are the ICE credentials of one connection. A browser that finds its way
// dead restarts ICE by itself, with the answer that it has: it checks from its new
// addresses under a new name of its own, and under ours. As we send no checks, all
// that this takes here is to accept the name (RFC 8445 §9 would have both sides change
// theirs, for which the browser would have to reach us first). Whoever uses it has our
// password, as before.
type names struct {
	mu         sync.Mutex // guards what follows
	ufrag, pwd string     // ours
	browser    string     // the browser's name
	former     string     // the one before: checks of it may still be on their way
	password   string     // the browser's, for checks that we would send
}

func (n *names) set(ufrag, pwd string, o *offer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ufrag, n.pwd, n.browser, n.former, n.password = ufrag, pwd, o.ufrag, "", o.pwd
}

// knows tells whether the browser goes by a name now.
func (n *names) knows(browser string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.browser == browser
}

// recognise has the agent take a browser's check under a new name of the browser's.
func (t *carrier) recognise(b []byte) {
	if !stun.IsMessage(b) {
		return
	}
	check := stun.Message{Raw: b}
	var name stun.Username
	if check.Decode() != nil || check.Type != stun.BindingRequest || name.GetFrom(&check) != nil {
		return
	}
	ours, theirs, _ := strings.Cut(name.String(), ":")
	n := &t.names
	n.mu.Lock()
	defer n.mu.Unlock()
	if ours != n.ufrag || theirs == "" || theirs == n.browser || theirs == n.former {
		return
	}
	if stun.NewShortTermIntegrity(n.pwd).Check(&check) != nil {
		return
	}
	if t.agent.SetRemoteCredentials(theirs, n.password) == nil {
		n.former, n.browser = n.browser, theirs
	}
}

// agentUDP and agentTCP are the sockets as one connection's agent sees them.
type agentUDP struct {
	*udpMux
	t *carrier
}

// GetConn implements ice.UDPMux.
func (m agentUDP) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	conn, err := m.udpMux.GetConn(ufrag, addr)
	return checked{conn, m.t}, err
}

type agentTCP struct {
	*tcpMux
	t *carrier
}

// GetConnByUfrag implements ice.TCPMux.
func (m agentTCP) GetConnByUfrag(ufrag string, is6 bool, at net.IP) (net.PacketConn, error) {
	conn, err := m.tcpMux.GetConnByUfrag(ufrag, is6, at)
	return checked{conn, m.t}, err
}

var (
	_ ice.UDPMux = agentUDP{}
	_ ice.TCPMux = agentTCP{}
)

// checked looks at the checks before the agent does.
type checked struct {
	net.PacketConn
	t *carrier
}

// ReadFrom implements net.PacketConn.
func (c checked) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		c.t.recognise(b[:n])
	}
	return n, from, err
}
