package main

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"consilium/rooms/turn"
)

const (
	// greetTime is how long a connection may take to say what it speaks.
	greetTime = 10 * time.Second
	// mostGreeted is how many may be about to say so at once; beyond it the one
	// that has taken longest makes room for the next.
	mostGreeted = 1024
	// alpnTURN is TURN's name in the handshake (RFC 7443); browsers say none.
	alpnTURN = "stun.turn"
)

// port is the TLS port, which HTTP and TURN share. To the HTTP server it is the
// listener, and what it accepts with HTTP in its handshake is the very *tls.Conn:
// HTTP/2 and Request.TLS hang on that. It owns its listeners and every connection
// until that has said what it speaks.
type port struct {
	listeners []net.Listener
	config    *tls.Config
	relay     *turn.Relay
	log       *slog.Logger
	web       chan net.Conn
	done      chan struct{}  // closed by Close
	work      sync.WaitGroup // accept loops and greetings

	mu      sync.Mutex // guards what follows
	closed  bool
	greeted *list.List // of net.Conn, the oldest in front
}

var _ net.Listener = (*port)(nil)

// share begins to accept. config is the HTTP server's.
func share(listeners []net.Listener, config *tls.Config, relay *turn.Relay, log *slog.Logger) *port {
	config = config.Clone()
	config.NextProtos = append(config.NextProtos[:len(config.NextProtos):len(config.NextProtos)], alpnTURN)
	p := &port{listeners: listeners, config: config, relay: relay, log: log, web: make(chan net.Conn), done: make(chan struct{}), greeted: list.New()}
	for _, l := range listeners {
		p.work.Go(func() { p.acceptFrom(l) })
	}
	return p
}

// Accept implements net.Listener: the next connection that speaks HTTP.
func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.web:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (p *port) Addr() net.Addr { return p.listeners[0].Addr() }

// Close implements net.Listener. Connections that were handed on stay open.
func (p *port) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.done)
	for e := p.greeted.Front(); e != nil; e = e.Next() {
		_ = e.Value.(net.Conn).Close()
	}
	p.mu.Unlock()
	var errs []error
	for _, l := range p.listeners {
		errs = append(errs, l.Close())
	}
	p.work.Wait()
	return errors.Join(errs...)
}

// acceptFrom never waits for a peer. What keeps the system from accepting, such
// as too many open files, passes.
func (p *port) acceptFrom(l net.Listener) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			p.log.Warn("connection not accepted", "error", err)
			select {
			case <-time.After(pause):
				pause = min(2*pause, longest)
			case <-p.done:
				return
			}
			continue
		}
		pause = shortest
		p.work.Go(func() { p.greet(conn) })
	}
}

// enter counts a connection in, at the cost of the slowest if there are too many.
func (p *port) enter(conn net.Conn) (*list.Element, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false
	}
	if p.greeted.Len() >= mostGreeted {
		_ = p.greeted.Remove(p.greeted.Front()).(net.Conn).Close()
	}
	return p.greeted.PushBack(conn), true
}

func (p *port) leave(e *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.greeted.Remove(e)
}

// greet shakes hands with a newcomer and passes it on.
func (p *port) greet(raw net.Conn) {
	place, ok := p.enter(raw)
	if !ok {
		_ = raw.Close()
		return
	}
	_ = raw.SetDeadline(time.Now().Add(greetTime))
	conn := tls.Server(raw, p.config)
	speaks, head, err := language(conn)
	p.leave(place)
	if err != nil {
		_ = raw.Close()
		return
	}
	_ = raw.SetDeadline(time.Time{})
	if speaks == alpnTURN {
		p.relay.Serve(conn, head)
		return
	}
	var web net.Conn = conn
	if len(head) > 0 {
		web = &begun{Conn: conn, head: head}
	}
	select {
	case p.web <- web:
	case <-p.done:
		_ = conn.Close()
	}
}

// language is what the peer speaks: by its handshake, and by its first bytes,
// which are returned, when the handshake does not say.
func language(conn *tls.Conn) (string, []byte, error) {
	if err := conn.Handshake(); err != nil {
		return "", nil, err
	}
	if said := conn.ConnectionState().NegotiatedProtocol; said != "" {
		return said, nil, nil
	}
	head := make([]byte, turn.HeadSize)
	if _, err := io.ReadFull(conn, head); err != nil {
		return "", nil, err
	}
	if turn.Speaks(head) {
		return alpnTURN, head, nil
	}
	return "http/1.1", head, nil
}

// begun is a connection of which some was read already. The HTTP server does not
// see that it is TLS, so secured tells the handlers.
type begun struct {
	*tls.Conn
	head []byte
}

// Read implements net.Conn.
func (b *begun) Read(into []byte) (int, error) {
	if len(b.head) == 0 {
		return b.Conn.Read(into)
	}
	n := copy(into, b.head)
	b.head = b.head[n:]
	return n, nil
}

type tlsKey struct{}

// remember keeps a begun connection's TLS for secured; it is the server's
// ConnContext.
func remember(ctx context.Context, c net.Conn) context.Context {
	if b, ok := c.(*begun); ok {
		state := b.ConnectionState()
		return context.WithValue(ctx, tlsKey{}, &state)
	}
	return ctx
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if state, ok := r.Context().Value(tlsKey{}).(*tls.ConnectionState); ok {
			r.TLS = state
		}
		next.ServeHTTP(w, r)
	})
}
