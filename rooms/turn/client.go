package turn

import (
	"net"
	"sync"
	"time"
)

const (
	// firstAllocation is how long a connection may live without one.
	firstAllocation = 10 * time.Second
	// clientSilent is how long a person may say nothing: browsers refresh an
	// allocation every ten minutes even when nothing flows through it.
	clientSilent = 11 * time.Minute
	// clientStuck is how long a write may take.
	clientStuck = 10 * time.Second
	// longest is a connection's life, whatever flows through it.
	longest = 12 * time.Hour
)

// client is the near side: one person's connection, bounded in time.
type client struct {
	net.Conn
	head []byte // of what was read already; the reader's
	end  *time.Timer
	gone func() // called once
	came time.Time

	mu        sync.Mutex // guards what follows
	allocated bool
}

// newClient begins the bounds.
func newClient(conn net.Conn, head []byte, gone func(*client)) *client {
	c := &client{Conn: conn, head: head, came: time.Now()}
	c.gone = sync.OnceFunc(func() { gone(c) })
	_ = c.Conn.SetReadDeadline(c.came.Add(firstAllocation))
	c.end = time.AfterFunc(longest, func() { _ = c.Close() })
	return c
}

// grant lifts the first bound: the person has an allocation.
func (c *client) grant() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allocated = true
}

func (c *client) granted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allocated
}

// Read implements net.Conn.
func (c *client) Read(b []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(b, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	if c.granted() {
		_ = c.Conn.SetReadDeadline(time.Now().Add(clientSilent))
	}
	return c.Conn.Read(b)
}

// Write implements net.Conn. After a write that failed nobody could tell where
// the next message begins.
func (c *client) Write(b []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(clientStuck))
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

// Close implements net.Conn.
func (c *client) Close() error {
	c.end.Stop()
	c.gone()
	return c.Conn.Close()
}
