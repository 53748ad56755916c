package cluster

import (
	"context"
	"sync"
)

// Bus tells all nodes what has just happened. Each channel numbers its messages
// 1, 2, 3 … within an epoch; when the numbering begins anew the epoch changes.
// Who has seen offset n of an epoch goes on with n+1, or, when that is no longer
// kept, reads everything anew from the database.
type Bus interface {
	// Publish tells every subscriber of the channel. An error means that nobody
	// may have been told: try again later. Told twice does no harm.
	Publish(ctx context.Context, channel string, payload []byte) error

	// Subscribe calls fn for each message of the channels, one at a time and in
	// the order of each channel. A message with Gap set says that some may be
	// missing. fn may block for a while, but whoever falls subscriberQueue
	// messages behind gets a Gap in their place. cancel waits for a running fn,
	// so fn must not call it.
	//
	// What is published after Subscribe returned is delivered, if the bus can be
	// reached; otherwise a Gap comes once it can.
	Subscribe(fn func(Message), channels ...string) (cancel func())

	// Position is where the channel stands now.
	Position(ctx context.Context, channel string) (Position, error)

	// History returns the messages after the position, in order. complete is
	// false when some of them are no longer kept, or the epoch is another one.
	History(ctx context.Context, channel string, after Position) (messages []Message, complete bool, err error)
}

// Position is a place in a channel.
type Position struct {
	Epoch  string
	Offset uint64
}

// Message is something that happened.
type Message struct {
	Channel string
	Position
	Payload []byte
	Gap     bool // no payload: messages before Position may be missing, read everything anew
}

const (
	// historyLength is how many messages of a channel are kept.
	historyLength = 1024
	// subscriberQueue is how many messages may wait for one subscriber.
	subscriberQueue = 1024
)

// subscriber hands messages to one subscription's function, on a goroutine of
// its own so that a slow one holds up nobody else.
type subscriber struct {
	fn       func(Message)
	channels map[string]bool
	done     chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	wake   sync.Cond
	queue  []Message
	closed bool
}

func newSubscriber(fn func(Message), channels []string) *subscriber {
	s := &subscriber{fn: fn, channels: map[string]bool{}, done: make(chan struct{})}
	s.wake.L = &s.mu
	for _, c := range channels {
		s.channels[c] = true
	}
	go s.run()
	return s
}

func (s *subscriber) run() {
	defer close(s.done)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closed {
			s.wake.Wait()
		}
		if s.closed {
			s.mu.Unlock()
			return
		}
		batch := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, m := range batch {
			s.mu.Lock()
			closed := s.closed
			s.mu.Unlock()
			if closed {
				return
			}
			s.fn(m)
		}
	}
}

// put queues the message. When the queue is full, one Gap per channel takes the
// place of everything in it.
func (s *subscriber) put(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if len(s.queue) >= subscriberQueue {
		last := map[string]Message{}
		for _, q := range append(s.queue, m) {
			last[q.Channel] = Message{Channel: q.Channel, Position: q.Position, Gap: true}
		}
		s.queue = s.queue[:0]
		for _, gap := range last {
			s.queue = append(s.queue, gap)
		}
	} else {
		s.queue = append(s.queue, m)
	}
	s.wake.Signal()
}

// stop ends the goroutine and waits for a running fn.
func (s *subscriber) stop() {
	s.mu.Lock()
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.done
}
