package cluster

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed scripts/publish.lua
	publishText string
	//go:embed scripts/position.lua
	positionText string
	//go:embed scripts/history.lua
	historyText string
	//go:embed scripts/touch.lua
	touchText string
	//go:embed scripts/present.lua
	presentText string
	//go:embed scripts/try.lua
	tryText string

	publishScript  = redis.NewScript(publishText)
	positionScript = redis.NewScript(positionText)
	historyScript  = redis.NewScript(historyText)
	touchScript    = redis.NewScript(touchText)
	presentScript  = redis.NewScript(presentText)
	tryScript      = redis.NewScript(tryText)
)

// redisPatience is how long one command may take. A Redis that is down must not
// hold up what works without it.
const redisPatience = 2 * time.Second

// redisLog takes the driver's own remarks. What matters of them comes back as an
// error too, so they are for debugging.
type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "redis driver", "remark", fmt.Sprintf(format, v...))
}

func openRedis(url string, log *slog.Logger) (*Cluster, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		// The parser's own message may repeat the password.
		return nil, errors.New("the Redis URL cannot be read; it looks like redis://:password@host:6379/0")
	}
	options.DialTimeout = redisPatience
	options.ReadTimeout = redisPatience
	options.WriteTimeout = redisPatience
	options.MaxRetries = 1
	options.ContextTimeoutEnabled = true
	redis.SetLogger(redisLog{log}) // one for the whole process; otherwise it writes to standard error
	client := redis.NewClient(options)
	bus := newRedisBus(client, log)
	return &Cluster{
		Presence: &redisPresence{client}, Bus: bus, Limiter: &redisLimiter{client},
		ping: func(ctx context.Context) error { return client.Ping(ctx).Err() },
		close: func() error {
			bus.close()
			return client.Close()
		},
	}, nil
}
