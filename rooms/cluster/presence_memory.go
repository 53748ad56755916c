package cluster

import (
	"context"
	"sync"
	"time"
)

type memoryPresence struct {
	mu      sync.Mutex
	sockets map[string]map[string]memorySocket // guarded by mu: tenant, socket
}

type memorySocket struct {
	present Present
	until   time.Time
}

var _ Presence = (*memoryPresence)(nil)

func newMemoryPresence() *memoryPresence {
	return &memoryPresence{sockets: map[string]map[string]memorySocket{}}
}

func (p *memoryPresence) Touch(_ context.Context, tenant, person, socket string, armed bool, ttl time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[tenant] == nil {
		p.sockets[tenant] = map[string]memorySocket{}
	}
	p.sockets[tenant][socket] = memorySocket{Present{person, armed}, time.Now().Add(ttl)}
	return nil
}

func (p *memoryPresence) Remove(_ context.Context, tenant, socket string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets[tenant], socket)
	if len(p.sockets[tenant]) == 0 {
		delete(p.sockets, tenant)
	}
	return nil
}

func (p *memoryPresence) List(_ context.Context, tenant string) ([]Present, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var open []Present
	for id, s := range p.sockets[tenant] {
		if s.until.After(now) {
			open = append(open, s.present)
		} else {
			delete(p.sockets[tenant], id)
		}
	}
	return gather(open), nil
}
