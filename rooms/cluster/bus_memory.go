package cluster

import (
	"context"
	"crypto/rand"
	"sync"
)

type memoryBus struct {
	mu          sync.Mutex
	topics      map[string]*topic        // guarded by mu
	subscribers map[*subscriber]struct{} // guarded by mu
	closed      bool                     // guarded by mu
}

// topic is the state of one channel; guarded by the bus's mu.
type topic struct {
	at      Position
	history []Message // the last ones, oldest first
}

var _ Bus = (*memoryBus)(nil)

func newMemoryBus() *memoryBus {
	return &memoryBus{topics: map[string]*topic{}, subscribers: map[*subscriber]struct{}{}}
}

func (b *memoryBus) topicLocked(channel string) *topic {
	t := b.topics[channel]
	if t == nil {
		t = &topic{at: Position{Epoch: rand.Text()}}
		b.topics[channel] = t
	}
	return t
}

func (b *memoryBus) Publish(_ context.Context, channel string, payload []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	t := b.topicLocked(channel)
	t.at.Offset++
	m := Message{Channel: channel, Position: t.at, Payload: payload}
	if len(t.history) >= 2*historyLength {
		t.history = append([]Message(nil), t.history[historyLength:]...)
	}
	t.history = append(t.history, m)
	for s := range b.subscribers {
		if s.channels[channel] {
			s.put(m)
		}
	}
	return nil
}

func (b *memoryBus) Subscribe(fn func(Message), channels ...string) (cancel func()) {
	s := newSubscriber(fn, channels)
	b.mu.Lock()
	closed := b.closed
	if !closed {
		b.subscribers[s] = struct{}{}
	}
	b.mu.Unlock()
	if closed {
		s.stop()
	}
	return func() {
		b.mu.Lock()
		delete(b.subscribers, s)
		b.mu.Unlock()
		s.stop()
	}
}

func (b *memoryBus) Position(_ context.Context, channel string) (Position, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.topicLocked(channel).at, nil
}

func (b *memoryBus) History(_ context.Context, channel string, after Position) ([]Message, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topicLocked(channel)
	if t.at.Epoch != after.Epoch || after.Offset > t.at.Offset {
		return nil, false, nil
	}
	missing := t.at.Offset - after.Offset
	kept := t.history[max(0, len(t.history)-historyLength):]
	if missing > uint64(len(kept)) {
		return nil, false, nil
	}
	return append([]Message{}, kept[uint64(len(kept))-missing:]...), true, nil
}

func (b *memoryBus) close() error {
	b.mu.Lock()
	b.closed = true
	all := b.subscribers
	b.subscribers = map[*subscriber]struct{}{}
	b.mu.Unlock()
	for s := range all {
		s.stop()
	}
	return nil
}
