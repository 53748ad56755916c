package client

import (
	"context"
	"fmt"
	"sync"
)

// watch guards a state that one goroutine changes and others wait on.
type watch struct {
	mu      sync.Mutex    // guards the owner's state
	changed chan struct{} // closed and replaced on every change
}

func newWatch() *watch { return &watch{changed: make(chan struct{})} }

// change runs f under the lock and wakes who waits.
func (w *watch) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	close(w.changed)
	w.changed = make(chan struct{})
}

// await waits until is, called under the lock, reports true. what says in the
// error what was waited for; state, called under the lock, what was there.
func (w *watch) await(ctx context.Context, ended <-chan struct{}, why func() error, what string, is func() bool, state func() string) error {
	for {
		w.mu.Lock()
		ok, changed, now := is(), w.changed, state()
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ended:
			w.mu.Lock()
			ok = is()
			w.mu.Unlock()
			if ok {
				return nil
			}
			return fmt.Errorf("waiting for %s: %w (%s)", what, why(), now)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (%s)", what, ctx.Err(), now)
		}
	}
}
