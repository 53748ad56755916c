package turn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"golang.org/x/time/rate"
)

const (
	mostClients     = 1024 // connections at once
	mostAllocations = 512  // in all
	mostPerUser     = 6    // a page makes one for each of its networks and again after a break

	// userRate is what one person may send and receive together, bytes per
	// second: eight pictures and a screen at their best, and some.
	userRate = 3 << 20
	// userBurst is a key frame for everybody at once.
	userBurst = 1 << 20

	// clientQueue bounds what may wait in the kernel for a slow person, bytes:
	// media that waits is late media.
	clientQueue = 128 << 10
)

// Config is what a relay needs.
type Config struct {
	Key []byte // for credentials, 32 bytes or more; the same on all nodes
	// Ways are the media ports, asked for at every allocation and permission:
	// addresses of the machine come and go.
	Ways func() []Way
	Now  func() time.Time // nil: time.Now
}

func (c Config) validate() (Config, error) {
	if len(c.Key) < 32 || c.Ways == nil {
		return c, errors.New("turn: a key of 32 bytes and the media ports are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// Relay relays for the connections that Serve hands it.
type Relay struct {
	cfg    Config
	server *turn.Server
	accept chan net.Conn
	done   chan struct{}  // closed by Close
	work   sync.WaitGroup // clients, allocations and their readers

	mu       sync.Mutex // guards what follows
	closed   bool
	clients  map[string]*client // by both addresses
	accounts map[string]*account
	held     int // allocations
}

// account is one user while they hold an allocation.
type account struct {
	held  int
	limit *rate.Limiter
}

// New makes a relay.
func New(cfg Config) (*Relay, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	r := &Relay{cfg: cfg, accept: make(chan net.Conn), done: make(chan struct{}), clients: map[string]*client{}, accounts: map[string]*account{}}
	r.server, err = turn.NewServer(turn.ServerConfig{
		Realm:       realm,
		AuthHandler: r.authenticate,
		// Its messages name users and addresses, and nothing that goes wrong
		// there is the operator's to mend.
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
		ListenerConfigs: []turn.ListenerConfig{{
			Listener: handed{r}, RelayAddressGenerator: generator{r}, PermissionHandler: r.permit,
		}},
		// IPv4 unless asked otherwise (RFC 8656 §7.2): the family in which
		// somebody reaches HTTPS says nothing about the media port's.
		StrictAddressFamily: true,
		EventHandler: turn.EventHandler{OnAllocationCreated: func(from, to net.Addr, _, _, _ string, _ net.Addr, _ int) {
			r.mu.Lock()
			c := r.clients[pair(from, to)]
			r.mu.Unlock()
			if c != nil {
				c.grant()
			}
		}},
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func pair(from, to net.Addr) string { return from.String() + " " + to.String() }

// Serve takes over a connection, of which head was read already. It returns at
// once.
func (r *Relay) Serve(conn net.Conn, head []byte) {
	if tcp := underneath(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(clientQueue)
	}
	key := pair(conn.RemoteAddr(), conn.LocalAddr())
	r.mu.Lock()
	if r.closed || r.clients[key] != nil {
		r.mu.Unlock()
		_ = conn.Close()
		return
	}
	var oldest *client
	if len(r.clients) >= mostClients {
		oldest = r.idlestLocked()
	}
	r.work.Add(1)
	c := newClient(conn, head, func(c *client) {
		r.mu.Lock()
		delete(r.clients, key)
		r.mu.Unlock()
		r.work.Done()
	})
	r.clients[key] = c
	r.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	select {
	case r.accept <- c:
	case <-r.done:
		_ = c.Close()
	}
}

// idlestLocked is the connection that has been without an allocation for longest.
// There is one whenever there are too many: allocations are fewer than clients.
func (r *Relay) idlestLocked() *client {
	var oldest *client
	for _, c := range r.clients {
		if !c.granted() && (oldest == nil || c.came.Before(oldest.came)) {
			oldest = c
		}
	}
	return oldest
}

// underneath is the TCP connection that carries a TLS one.
func underneath(conn net.Conn) *net.TCPConn {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// Close ends every connection and waits for everything that the relay started.
func (r *Relay) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	clients := make([]*client, 0, len(r.clients))
	for _, c := range r.clients {
		clients = append(clients, c)
	}
	r.mu.Unlock()
	close(r.done)
	err := r.server.Close()
	for _, c := range clients {
		_ = c.Close() // a connection that broke before is closed too
	}
	r.work.Wait()
	return err
}

// permit answers whether an allocation may exchange packets with an address.
// Permissions know no ports; allocation.WriteTo does.
func (r *Relay) permit(_ net.Addr, peer net.IP) bool {
	ip, ok := netip.AddrFromSlice(peer)
	return ok && slices.ContainsFunc(r.cfg.Ways(), func(w Way) bool { return w.Told.Addr() == ip })
}

// handed is the listener of the protocol server: its connections come from Serve.
type handed struct{ relay *Relay }

// Accept implements net.Listener.
func (h handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.relay.accept:
		return c, nil
	case <-h.relay.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; Relay.Close has done it.
func (handed) Close() error { return nil }

// Addr implements net.Listener.
func (handed) Addr() net.Addr { return &net.TCPAddr{} }

// generator makes the far sides.
type generator struct{ relay *Relay }

var _ turn.RelayAddressGenerator = generator{}

// errRefused is what a client hears as "insufficient capacity".
var errRefused = errors.New("turn: no allocation for this user now")

// Validate implements turn.RelayAddressGenerator.
func (generator) Validate() error { return nil }

// AllocatePacketConn implements turn.RelayAddressGenerator. Without a user it is
// a search for an even port, which nobody needs who reaches media ports only.
func (g generator) AllocatePacketConn(asked turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	r := g.relay
	var ways []Way
	for _, w := range r.cfg.Ways() {
		if w.Told.Addr().Is4() == (asked.Network == "udp4") {
			ways = append(ways, w)
		}
	}
	if len(ways) == 0 || asked.UserID == "" {
		return nil, nil, errRefused
	}
	limit, ok := r.hold(asked.UserID)
	if !ok {
		return nil, nil, errRefused
	}
	a, err := open(ways, limit, &r.work, func() { r.release(asked.UserID) })
	if err != nil {
		return nil, nil, err
	}
	// The relayed address is where the first media port sees packets come from.
	return a, a.legs[ways[0].Told].LocalAddr(), nil
}

// AllocateListener implements turn.RelayAddressGenerator: TCP is not relayed.
func (generator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRefused
}

// AllocateConn implements turn.RelayAddressGenerator.
func (generator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errRefused }

func (r *Relay) hold(user string) (*rate.Limiter, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.accounts[user]
	if a == nil {
		a = &account{limit: rate.NewLimiter(userRate, userBurst)}
	}
	if r.closed || r.held >= mostAllocations || a.held >= mostPerUser {
		return nil, false
	}
	r.work.Add(1)
	r.accounts[user] = a
	a.held++
	r.held++
	return a.limit, true
}

func (r *Relay) release(user string) {
	defer r.work.Done()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held--
	if a := r.accounts[user]; a.held > 1 {
		a.held--
	} else {
		delete(r.accounts, user)
	}
}
