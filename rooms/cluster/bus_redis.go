package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// busKept is how long a silent channel keeps its numbering and history.
	busKept = 24 * time.Hour
	// busPing is how long the bus listens before it asks whether anybody is there.
	busPing = 3 * time.Second
	// busBackoff bounds the pause between two attempts to connect.
	busBackoff = 2 * time.Second
)

// redisBus numbers messages in Redis and listens on one connection. Redis's own
// publish and subscribe loses messages whenever that connection breaks, so each
// message carries its number: after every (re)subscription and at every hole the
// missing ones are fetched from the history, and where that does not reach back
// far enough the subscribers get a Gap.
type redisBus struct {
	client *redis.Client
	log    *slog.Logger
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	done   chan struct{} // closed when the listener has ended

	// order makes (un)subscribe commands and the set of feeds agree; taken before mu.
	order sync.Mutex

	mu          sync.Mutex
	listener    *redis.PubSub            // guarded by mu: nil while Redis is away
	away        bool                     // guarded by mu: the last attempt to connect failed
	feeds       map[string]*feed         // guarded by mu
	subscribers map[*subscriber]struct{} // guarded by mu
}

// feed is what this node knows of one channel; guarded by the bus's mu.
type feed struct {
	users  int           // subscriptions
	ready  chan struct{} // closed while the subscription is in force
	known  bool          // last is valid
	last   Position      // of the last message handed on
	missed bool          // something may have been missed before last was known
}

var _ Bus = (*redisBus)(nil)

func newRedisBus(client *redis.Client, log *slog.Logger) *redisBus {
	ctx, cancel := context.WithCancel(context.Background())
	b := &redisBus{client: client, log: log, ctx: ctx, cancel: cancel, done: make(chan struct{}),
		feeds: map[string]*feed{}, subscribers: map[*subscriber]struct{}{}}
	go b.listen()
	return b
}

const busPrefix = "consilium:bus:"

func busKeys(channel string) []string {
	return []string{"consilium:{bus:" + channel + "}:at", "consilium:{bus:" + channel + "}:log"}
}

func (b *redisBus) Publish(ctx context.Context, channel string, payload []byte) error {
	return publishScript.Run(ctx, b.client, busKeys(channel),
		busPrefix+channel, payload, rand.Text(), historyLength, int(busKept.Seconds())).Err()
}

func (b *redisBus) Position(ctx context.Context, channel string) (Position, error) {
	at, err := positionScript.Run(ctx, b.client, busKeys(channel), rand.Text(), int(busKept.Seconds())).StringSlice()
	if err != nil {
		return Position{}, err
	}
	if len(at) != 2 {
		return Position{}, errors.New("cluster: the position in Redis cannot be read")
	}
	offset, err := strconv.ParseUint(at[1], 10, 64)
	return Position{Epoch: at[0], Offset: offset}, err
}

func (b *redisBus) History(ctx context.Context, channel string, after Position) ([]Message, bool, error) {
	answer, err := historyScript.Run(ctx, b.client, busKeys(channel), after.Epoch, after.Offset).StringSlice()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, false, err
	}
	if len(answer) < 2 {
		return nil, false, nil // another epoch
	}
	end, err := strconv.ParseUint(answer[1], 10, 64)
	if err != nil {
		return nil, false, err
	}
	list := []Message{}
	for i := 2; i+1 < len(answer); i += 2 {
		offset, err := strconv.ParseUint(strings.TrimSuffix(answer[i], "-0"), 10, 64)
		if err != nil {
			return nil, false, err
		}
		list = append(list, Message{Channel: channel, Position: Position{after.Epoch, offset}, Payload: []byte(answer[i+1])})
	}
	if uint64(len(list)) != end-after.Offset {
		return nil, false, nil // the oldest are no longer kept
	}
	return list, true, nil
}

func (b *redisBus) Subscribe(fn func(Message), channels ...string) (cancel func()) {
	s := newSubscriber(fn, channels)
	b.order.Lock()
	b.mu.Lock()
	b.subscribers[s] = struct{}{}
	var wait []*feed
	var fresh []string
	for c := range s.channels {
		f := b.feeds[c]
		if f == nil {
			f = &feed{ready: make(chan struct{})}
			b.feeds[c] = f
			fresh = append(fresh, busPrefix+c)
		}
		f.users++
		wait = append(wait, f)
	}
	listener, away := b.listener, b.away
	b.mu.Unlock()
	if listener != nil && len(fresh) > 0 {
		// An error breaks the connection, and the listener subscribes anew.
		_ = listener.Subscribe(b.ctx, fresh...)
	}
	b.order.Unlock()

	patience := redisPatience
	if away {
		patience = 0
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for _, f := range wait {
		b.await(f, timer)
	}
	return func() { b.unsubscribe(s) }
}

// await waits until the feed's subscription is in force; when that takes too
// long, its subscribers get a Gap once it is.
func (b *redisBus) await(f *feed, timer *time.Timer) {
	b.mu.Lock()
	ready := f.ready
	b.mu.Unlock()
	select {
	case <-ready:
		return
	default:
	}
	select {
	case <-ready:
	case <-b.ctx.Done():
	case <-timer.C:
		timer.Reset(0) // the next feed need not wait either
		b.mu.Lock()
		select {
		case <-f.ready:
		default:
			f.missed = true
		}
		b.mu.Unlock()
	}
}

func (b *redisBus) unsubscribe(s *subscriber) {
	b.order.Lock()
	b.mu.Lock()
	_, there := b.subscribers[s]
	delete(b.subscribers, s)
	var gone []string
	if there {
		for c := range s.channels {
			if b.feeds[c].users--; b.feeds[c].users == 0 {
				delete(b.feeds, c)
				gone = append(gone, busPrefix+c)
			}
		}
	}
	listener := b.listener
	b.mu.Unlock()
	if listener != nil && len(gone) > 0 {
		_ = listener.Unsubscribe(b.ctx, gone...) // a message too many is dropped
	}
	b.order.Unlock()
	s.stop()
}

// listen keeps a connection open and hands on what comes, until close.
func (b *redisBus) listen() {
	defer close(b.done)
	pause := 50 * time.Millisecond
	for b.ctx.Err() == nil {
		ps := b.client.Subscribe(b.ctx)
		err := b.connect(ps)
		if err == nil {
			pause = 50 * time.Millisecond
			err = b.receive(ps)
		}
		_ = ps.Close() // broken anyway
		b.lost(err)
		select {
		case <-b.ctx.Done():
		case <-time.After(pause):
			pause = min(2*pause, busBackoff)
		}
	}
}

// connect opens the connection and subscribes to everything that is wanted.
func (b *redisBus) connect(ps *redis.PubSub) error {
	ctx, cancel := context.WithTimeout(b.ctx, redisPatience)
	defer cancel()
	if err := ps.Ping(ctx); err != nil {
		return err
	}
	if _, err := ps.ReceiveTimeout(ctx, redisPatience); err != nil { // the pong: somebody is there
		return err
	}
	b.order.Lock()
	defer b.order.Unlock()
	b.mu.Lock()
	var channels []string
	for c := range b.feeds {
		channels = append(channels, busPrefix+c)
	}
	b.mu.Unlock()
	if len(channels) > 0 {
		if err := ps.Subscribe(ctx, channels...); err != nil {
			return err
		}
	}
	b.mu.Lock()
	if b.away {
		b.log.Info("the bus is back")
	}
	b.listener, b.away = ps, false
	b.mu.Unlock()
	return nil
}

// lost notes that the connection is gone.
func (b *redisBus) lost(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.away && b.ctx.Err() == nil {
		b.log.Warn("the bus is away, trying again", "error", err)
	}
	b.listener, b.away = nil, true
	for _, f := range b.feeds {
		select {
		case <-f.ready:
			f.ready = make(chan struct{})
		default:
		}
		if !f.known {
			f.missed = true
		}
	}
}

// receive hands on what comes until the connection breaks.
func (b *redisBus) receive(ps *redis.PubSub) error {
	asked := false
	for {
		got, err := ps.ReceiveTimeout(b.ctx, busPing)
		var timeout net.Error
		switch {
		case err == nil:
			asked = false
		case errors.As(err, &timeout) && timeout.Timeout() && !asked && b.ctx.Err() == nil:
			asked = true
			if err := ps.Ping(b.ctx); err != nil {
				return err
			}
			continue
		default:
			return err
		}
		switch m := got.(type) {
		case *redis.Subscription:
			if m.Kind == "subscribe" {
				err = b.catchUp(strings.TrimPrefix(m.Channel, busPrefix), true)
			}
		case *redis.Message:
			err = b.take(strings.TrimPrefix(m.Channel, busPrefix), m.Payload)
		}
		if err != nil {
			return err
		}
	}
}

// take hands on one message, and before it those that it shows to be missing.
func (b *redisBus) take(channel, text string) error {
	epoch, rest, _ := strings.Cut(text, ":")
	number, payload, ok := strings.Cut(rest, ":")
	offset, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return nil // not ours
	}
	m := Message{Channel: channel, Position: Position{epoch, offset}, Payload: []byte(payload)}
	b.mu.Lock()
	f := b.feeds[channel]
	if f == nil {
		b.mu.Unlock()
		return nil
	}
	seen := f.known && f.last.Epoch == epoch && offset <= f.last.Offset
	next := !f.known || f.last.Epoch == epoch && offset == f.last.Offset+1
	if next && !seen {
		b.handOnLocked(f, m)
	}
	b.mu.Unlock()
	if seen || next {
		return nil
	}
	return b.catchUp(channel, false)
}

// catchUp fetches what the feed has missed, or tells its subscribers that
// something is missing. It runs on the listener's goroutine only.
func (b *redisBus) catchUp(channel string, subscribed bool) error {
	b.mu.Lock()
	f := b.feeds[channel]
	if f == nil {
		b.mu.Unlock()
		return nil
	}
	known, last, missed := f.known, f.last, f.missed
	b.mu.Unlock()

	var list []Message
	var gap *Message
	ctx, cancel := context.WithTimeout(b.ctx, redisPatience)
	defer cancel()
	complete := !known && !missed // a new subscription has missed nothing
	if known && !missed {
		var err error
		if list, complete, err = b.History(ctx, channel, last); err != nil {
			return err
		}
	}
	if !complete {
		at, err := b.Position(ctx, channel)
		if err != nil {
			return err
		}
		gap = &Message{Channel: channel, Position: at, Gap: true}
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	if gap != nil {
		f.missed = false
		b.handOnLocked(f, *gap)
	}
	for _, m := range list {
		b.handOnLocked(f, m)
	}
	if subscribed {
		select {
		case <-f.ready:
		default:
			close(f.ready)
		}
	}
	return nil
}

func (b *redisBus) handOnLocked(f *feed, m Message) {
	f.known, f.last = true, m.Position
	for s := range b.subscribers {
		if s.channels[m.Channel] {
			s.put(m)
		}
	}
}

func (b *redisBus) close() {
	b.cancel()
	b.mu.Lock()
	listener := b.listener
	b.mu.Unlock()
	if listener != nil {
		_ = listener.Close() // ends a receive that is under way
	}
	<-b.done
	b.mu.Lock()
	all := slices.Collect(maps.Keys(b.subscribers))
	clear(b.subscribers)
	b.mu.Unlock()
	for _, s := range all {
		s.stop()
	}
}
