package cluster

import (
	"context"
	"time"
)

// Limiter counts how often something was tried, on all nodes together.
type Limiter interface {
	// Try counts one try of the key. ok is false when there were too many; wait
	// is then how long until the next one will be allowed.
	Try(ctx context.Context, key string, rate Rate) (ok bool, wait time.Duration, err error)
}

// Rate allows Burst tries at once and, over time, Burst tries per Per.
type Rate struct {
	Burst int
	Per   time.Duration
}

// The rate is kept as the generic cell rate algorithm does: one instant per key,
// the earliest at which the allowance is whole again. A try moves it by one
// interval and is refused when that would take it further than Per from now.

func (r Rate) interval() time.Duration { return r.Per / time.Duration(max(r.Burst, 1)) }
