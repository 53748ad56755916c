package cluster

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Presence knows who has the app open. Each open socket is touched again and
// again by its node; one that is not touched within its time to live is gone,
// so a node that dies takes nobody's presence with it for long.
type Presence interface {
	// Touch notes that the person's socket is open for the time to live.
	Touch(ctx context.Context, tenant, person, socket string, armed bool, ttl time.Duration) error
	// Remove notes that the socket is closed. Removing a missing one is no error.
	Remove(ctx context.Context, tenant, socket string) error
	// List returns who is present, each person once, by id.
	List(ctx context.Context, tenant string) ([]Present, error)
}

// Present is a person with at least one socket open.
type Present struct {
	Person string
	Armed  bool // some page of theirs can ring
}

// gather makes one entry of a person's sockets.
func gather(sockets []Present) []Present {
	slices.SortFunc(sockets, func(a, b Present) int { return strings.Compare(a.Person, b.Person) })
	list := []Present{}
	for _, s := range sockets {
		if n := len(list); n > 0 && list[n-1].Person == s.Person {
			list[n-1].Armed = list[n-1].Armed || s.Armed
		} else {
			list = append(list, s)
		}
	}
	return list
}
