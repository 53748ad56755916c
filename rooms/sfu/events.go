package sfu

import "sync"

// events calls a peer's hooks one after the other, on a goroutine of its own
// that exists while there is something to call.
type events struct {
	hooks Hooks
	wait  *sync.WaitGroup

	mu      sync.Mutex // guards what follows
	queue   []func(*Hooks)
	running bool
	closed  bool
}

func (e *events) post(f func(*Hooks)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.queue = append(e.queue, f)
	if !e.running {
		e.running = true
		e.wait.Go(e.run)
	}
}

func (e *events) run() {
	for {
		e.mu.Lock()
		if len(e.queue) == 0 || e.closed {
			e.running = false
			e.mu.Unlock()
			return
		}
		f := e.queue[0]
		e.queue = e.queue[1:]
		e.mu.Unlock()
		f(&e.hooks)
	}
}

// close drops what is still queued. A hook that runs is not waited for.
func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed, e.queue = true, nil
}
