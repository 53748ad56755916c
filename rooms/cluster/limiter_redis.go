package cluster

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

type redisLimiter struct{ client *redis.Client }

var _ Limiter = (*redisLimiter)(nil)

func (l *redisLimiter) Try(ctx context.Context, key string, rate Rate) (bool, time.Duration, error) {
	wait, err := tryScript.Run(ctx, l.client, []string{"consilium:try:" + key},
		rate.interval().Microseconds(), rate.Per.Microseconds()).Int64()
	if err != nil {
		return false, 0, err
	}
	return wait == 0, time.Duration(wait) * time.Microsecond, nil
}
