package cluster

import (
	"context"
	"sync"
	"time"
)

// limiterSweep is after how many tries the memory forgets keys that are whole
// again.
const limiterSweep = 4096

type memoryLimiter struct {
	mu    sync.Mutex
	whole map[string]time.Time // guarded by mu: when each key's allowance is whole
	tries int                  // guarded by mu: since the last sweep
}

var _ Limiter = (*memoryLimiter)(nil)

func newMemoryLimiter() *memoryLimiter { return &memoryLimiter{whole: map[string]time.Time{}} }

func (l *memoryLimiter) Try(_ context.Context, key string, rate Rate) (bool, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.tries++; l.tries >= limiterSweep {
		l.tries = 0
		for k, t := range l.whole {
			if !t.After(now) {
				delete(l.whole, k)
			}
		}
	}
	whole := l.whole[key]
	if whole.Before(now) {
		whole = now
	}
	whole = whole.Add(rate.interval())
	if wait := whole.Sub(now) - rate.Per; wait > 0 {
		return false, wait, nil
	}
	l.whole[key] = whole
	return true, 0, nil
}
