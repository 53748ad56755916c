package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// ErrClosed says that the cluster was closed.
var ErrClosed = errors.New("cluster: closed")

// Cluster is the open connection to the other nodes. It is safe for concurrent
// use.
type Cluster struct {
	Presence
	Bus
	Limiter

	ping  func(context.Context) error
	close func() error
}

// Open opens the cluster at the URL: `memory:` for a single node, or
// `redis://:password@host:6379/0` (rediss:// for TLS). A Redis that is down is no
// error: it is used as soon as it is up.
func Open(url string, log *slog.Logger) (*Cluster, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	switch {
	case url == "memory:" || url == "":
		bus := newMemoryBus()
		return &Cluster{
			Presence: newMemoryPresence(), Bus: bus, Limiter: newMemoryLimiter(),
			ping: func(context.Context) error { return nil }, close: bus.close,
		}, nil
	case strings.HasPrefix(url, "redis://"), strings.HasPrefix(url, "rediss://"):
		return openRedis(url, log)
	}
	return nil, fmt.Errorf("cluster URL must be memory: or begin with redis://")
}

// Ping reports whether the other nodes can be reached.
func (c *Cluster) Ping(ctx context.Context) error { return c.ping(ctx) }

// Close ends all subscriptions and connections.
func (c *Cluster) Close() error { return c.close() }
