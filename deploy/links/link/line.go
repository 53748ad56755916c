package link

import (
	"context"
	"sync"
	"time"
)

// Stats is what a line did since it began, and what stands in its queue now.
type Stats struct {
	Queue   time.Duration // until the last packet of the queue will have left it
	Packets int           // that arrived at the other end
	Bytes   int           // of those, IP bytes
	Dropped int           // packets that the queue had no room for
	Lost    int           // packets lost by chance or in an outage
	Blocked int           // packets that the firewall stopped
}

// Line is one direction of a link: firewall, queue, rate, loss, delay, in this
// order. Run carries the packets; Put and the rest may be called from anywhere.
type Line struct {
	deliver func(packet []byte)

	mu      sync.Mutex // guards what follows
	setting Setting
	outage  bool
	chance  chance
	queue   [][]byte // the first is being sent
	waiting int      // bytes in queue
	free    time.Time
	air     []flight
	stats   Stats

	queued chan struct{} // something was put on the queue
	flying chan struct{} // something left it
}

// flight is a packet on its way through the delay.
type flight struct {
	packet []byte
	due    time.Time
}

// NewLine makes a perfect wire whose chance begins at the seed. deliver is called
// by Run, one packet at a time and in order.
func NewLine(seed uint64, deliver func(packet []byte)) *Line {
	return &Line{deliver: deliver, chance: newChance(seed), queued: make(chan struct{}, 1), flying: make(chan struct{}, 1)}
}

// Set changes how the line behaves from the next packet on. What is queued stays
// queued and leaves at the new rate.
func (l *Line) Set(s Setting) error {
	if err := s.Validate(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setting = s
	return nil
}

// SetOutage loses every packet that comes out of the queue while it is on.
func (l *Line) SetOutage(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outage = on
}

// Stats tells what the line did.
func (l *Line) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	if len(l.queue) > 0 {
		rest := l.setting.onWire(l.waiting - len(l.queue[0]))
		s.Queue = max(0, time.Until(l.free)) + rest
	}
	return s
}

// Put offers a packet to the line, which keeps it.
func (l *Line) Put(packet []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.setting.Pass.lets(packet) {
		l.stats.Blocked++
		return
	}
	// An empty queue takes any packet, however small the queue.
	if l.setting.Rate > 0 && len(l.queue) > 0 && l.setting.onWire(l.waiting+len(packet)) > l.setting.Queue {
		l.stats.Dropped++
		return
	}
	if len(l.queue) == 0 {
		l.beginLocked(packet)
	}
	l.queue = append(l.queue, packet)
	l.waiting += len(packet)
	wake(l.queued)
}

// beginLocked starts to send a packet, right after the one before it.
func (l *Line) beginLocked(packet []byte) {
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(l.setting.onWire(len(packet)))
}

// Run carries packets until ctx ends.
func (l *Line) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { l.send(ctx) })
	both.Go(func() { l.fly(ctx) })
	both.Wait()
}

// send takes packets off the queue as fast as the rate allows.
func (l *Line) send(ctx context.Context) {
	for {
		l.mu.Lock()
		idle, free := len(l.queue) == 0, l.free
		l.mu.Unlock()
		if idle {
			if !waitFor(ctx, l.queued) {
				return
			}
			continue
		}
		if !sleepUntil(ctx, free) {
			return
		}
		l.sent()
	}
}

// sent moves the first of the queue into the air, or loses it.
func (l *Line) sent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	packet, left := l.queue[0], l.free
	l.queue[0] = nil
	l.queue = l.queue[1:]
	l.waiting -= len(packet)
	if len(l.queue) > 0 {
		// From when the one before left, not from now: timers are late, the link is not.
		l.free = left.Add(l.setting.onWire(len(l.queue[0])))
	}
	if l.chance.loses(l.setting) || l.outage {
		l.stats.Lost++
		return
	}
	l.air = append(l.air, flight{packet, left.Add(l.setting.Delay)})
	wake(l.flying)
}

// fly delivers packets once their delay is over. A shorter delay overtakes
// nothing: packets keep their order.
func (l *Line) fly(ctx context.Context) {
	for {
		l.mu.Lock()
		var next flight
		idle := len(l.air) == 0
		if !idle {
			next = l.air[0]
		}
		l.mu.Unlock()
		if idle {
			if !waitFor(ctx, l.flying) {
				return
			}
			continue
		}
		if !sleepUntil(ctx, next.due) {
			return
		}
		l.mu.Lock()
		l.air[0] = flight{}
		l.air = l.air[1:]
		l.stats.Packets++
		l.stats.Bytes += len(next.packet)
		l.mu.Unlock()
		l.deliver(next.packet)
	}
}

// wake leaves a sign for the one goroutine that waits for it.
func wake(sign chan struct{}) {
	select {
	case sign <- struct{}{}:
	default:
	}
}

func waitFor(ctx context.Context, sign chan struct{}) bool {
	select {
	case <-sign:
		return true
	case <-ctx.Done():
		return false
	}
}

func sleepUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
