package rooms

import "sync"

// mailbox is an unbounded queue of functions for one goroutine. It never blocks
// whoever posts, so that media callbacks and a slow database cannot hold each
// other up; what goes in is bounded by the sockets' own limits.
type mailbox struct {
	wake chan struct{} // holds one token while there is something to take

	mu     sync.Mutex // guards what follows
	jobs   []func()
	closed bool
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// post queues f and reports whether it will run.
func (m *mailbox) post(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.jobs = append(m.jobs, f)
	m.wakeLocked()
	return true
}

// close lets what is queued run and takes nothing more.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.wakeLocked()
}

func (m *mailbox) wakeLocked() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take empties the queue; over means that it is closed and nothing will follow.
func (m *mailbox) take() (jobs []func(), over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	jobs, m.jobs = m.jobs, nil
	return jobs, m.closed
}

// serve runs what is posted, in order, until the mailbox is closed and empty.
func (m *mailbox) serve() {
	for range m.wake {
		jobs, over := m.take()
		for _, f := range jobs {
			f()
		}
		if over {
			return
		}
	}
}
