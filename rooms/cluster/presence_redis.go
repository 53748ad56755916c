package cluster

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

type redisPresence struct{ client *redis.Client }

var _ Presence = (*redisPresence)(nil)

// keys are in one hash slot, so that a script may use both.
func (*redisPresence) keys(tenant string) []string {
	return []string{"consilium:{presence:" + tenant + "}:until", "consilium:{presence:" + tenant + "}:sockets"}
}

func (p *redisPresence) Touch(ctx context.Context, tenant, person, socket string, armed bool, ttl time.Duration) error {
	value := "-" + person
	if armed {
		value = "+" + person
	}
	err := touchScript.Run(ctx, p.client, p.keys(tenant), socket, value, ttl.Milliseconds()).Err()
	if err == redis.Nil { // the script returns nothing
		return nil
	}
	return err
}

func (p *redisPresence) Remove(ctx context.Context, tenant, socket string) error {
	keys := p.keys(tenant)
	_, err := p.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.ZRem(ctx, keys[0], socket)
		tx.HDel(ctx, keys[1], socket)
		return nil
	})
	return err
}

func (p *redisPresence) List(ctx context.Context, tenant string) ([]Present, error) {
	values, err := presentScript.Run(ctx, p.client, p.keys(tenant)).StringSlice()
	if err != nil && err != redis.Nil {
		return nil, err
	}
	sockets := make([]Present, 0, len(values))
	for _, v := range values {
		if v != "" {
			sockets = append(sockets, Present{Person: v[1:], Armed: strings.HasPrefix(v, "+")})
		}
	}
	return gather(sockets), nil
}
