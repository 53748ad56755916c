package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"consilium/auth"
	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// The bus. A partnership's apps listen to two channels: what happens to cases
// (kept for a while, so that an app can go on where it stopped) and who is
// present (told once). The nodes listen to two more, and to callsChannel.
const (
	roomsChannel  = "rooms"       // cases that changed, for the live rooms of every node
	revokeChannel = "revocations" // access that was withdrawn
)

func deskChannel(tenant string) string     { return "desk:" + tenant }
func presenceChannel(tenant string) string { return "presence:" + tenant }

// tiding is what the bus carries to the apps: ids and states.
type tiding struct {
	People   []string      `json:"people"` // who may be told
	Case     string        `json:"case,omitempty"`
	State    consult.State `json:"state,omitempty"`
	Version  int64         `json:"version,omitempty"`
	Verb     consult.Verb  `json:"verb,omitempty"`
	By       string        `json:"by,omitempty"`
	Asked    []string      `json:"asked,omitempty"`
	Released []string      `json:"released,omitempty"`
	Notice   string        `json:"notice,omitempty"` // a notice instead of a change
}

// presenceTTL is how long a socket counts as open without being touched; the
// sockets beat more often than that.
const presenceTTL = 75 * time.Second

// busPatience bounds one look at the cluster.
const busPatience = 3 * time.Second

// app is one open app that attends. Its events come on one goroutine, the
// subscription's.
type app struct {
	DeskApp
	desk  *Desk
	send  func(DeskEvent)
	ready chan struct{} // closed when the first snapshot was sent
	gone  chan struct{} // closed when the app leaves
	at    cluster.Position
}

// Attend tells the app a snapshot, what it missed, and then what happens, until
// leave is called.
func (d *Desk) Attend(ctx context.Context, da DeskApp, send func(DeskEvent)) (leave func(), err error) {
	a := &app{DeskApp: da, desk: d, send: send, ready: make(chan struct{}), gone: make(chan struct{})}
	cancel := d.cluster.Subscribe(func(m cluster.Message) {
		<-a.ready
		a.hear(m)
	}, deskChannel(da.Actor.Tenant), presenceChannel(da.Actor.Tenant))
	if err = a.begin(ctx); err != nil {
		close(a.gone) // what the bus has told meanwhile is for the app's next try
	}
	close(a.ready)
	if err != nil {
		cancel()
		return nil, err
	}
	d.touch(ctx, da, false)
	return sync.OnceFunc(func() { close(a.gone); cancel(); d.forget(da) }), nil
}

// begin sends the first snapshot, and what the app missed if that is still known.
func (a *app) begin(ctx context.Context) error {
	quick, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	channel := deskChannel(a.Actor.Tenant)
	at, err := a.desk.cluster.Position(quick, channel)
	if err != nil { // the bus is away: a snapshot without a position, a Gap comes with the bus
		a.desk.log.WarnContext(ctx, "bus not reached", "err", err)
		return a.snapshot(ctx, cluster.Position{}, false)
	}
	var missed []cluster.Message
	complete := false
	if a.Last.Epoch != "" {
		missed, complete, err = a.desk.cluster.History(quick, channel, cluster.Position{Epoch: a.Last.Epoch, Offset: a.Last.Offset})
		complete = complete && err == nil
	}
	if complete {
		at = cluster.Position{Epoch: a.Last.Epoch, Offset: a.Last.Offset}
	}
	if err := a.snapshot(ctx, at, complete); err != nil {
		return err
	}
	for _, m := range missed {
		if !complete {
			break
		}
		if err := a.take(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) snapshot(ctx context.Context, at cluster.Position, resumed bool) error {
	rings, err := a.rings(ctx)
	if err != nil {
		return err
	}
	a.at = at
	a.send(DeskEvent{Body: DeskSnapshot{DeskPosition: DeskPosition{Epoch: at.Epoch, Offset: at.Offset}, Resumed: resumed, Rings: rings}})
	return nil
}

func (a *app) rings(ctx context.Context) ([]DeskRing, error) {
	list, _, err := a.desk.ringing(ctx, a.Actor, a.desk.now())
	out := make([]DeskRing, 0, len(list))
	for i := range list {
		out = append(out, deskRing(&list[i], a.Actor.Person))
	}
	return out, err
}

func deskRing(c *consult.Case, person string) DeskRing {
	r := DeskRing{Consult: c.ID, Department: askedFor(c, person), Wave: c.Wave, Invitation: c.State != consult.Invited}
	if !c.WaveEnds.IsZero() {
		r.Until = c.WaveEnds.UnixMilli()
	}
	return r
}

// hearAgain is how long a message of the bus waits for another try while the
// database is away.
const hearAgain = 500 * time.Millisecond

// hear handles one message of the bus. While the database is away it tries
// again and again: an app that missed a message would show what is no longer so,
// or not ring. What happens meanwhile waits in the subscription, and becomes one
// Gap when it is too much.
func (a *app) hear(m cluster.Message) {
	for told := false; ; told = true {
		ctx, cancel := context.WithTimeout(context.Background(), 3*busPatience)
		err := a.take(ctx, m)
		cancel()
		if err == nil {
			return
		}
		if !told {
			a.desk.log.Error("an app is not told of what happened; trying again", "err", err)
		}
		select {
		case <-a.gone:
			return
		case <-time.After(hearAgain):
		}
	}
}

// take does with a message what it asks for. An error leaves the app as it was.
func (a *app) take(ctx context.Context, m cluster.Message) error {
	select {
	case <-a.gone:
		return nil
	default:
	}
	if m.Channel == presenceChannel(a.Actor.Tenant) {
		var p DeskPresence
		if !m.Gap && json.Unmarshal(m.Payload, &p) == nil {
			a.send(DeskEvent{Body: p})
		}
		return nil
	}
	if m.Gap {
		return a.snapshot(ctx, m.Position, false)
	}
	if m.Epoch == a.at.Epoch && m.Offset <= a.at.Offset {
		return nil
	}
	var t tiding
	if err := json.Unmarshal(m.Payload, &t); err != nil {
		a.desk.log.ErrorContext(ctx, "message of the bus not read", "err", err)
	} else if slices.Contains(t.People, a.Actor.Person) {
		if err := a.tell(ctx, t, m.Offset); err != nil {
			return err
		}
	}
	a.at = m.Position
	return nil
}

func (a *app) tell(ctx context.Context, t tiding, offset uint64) error {
	me := a.Actor.Person
	if t.Notice != "" {
		a.send(DeskEvent{Offset: offset, Body: DeskNotice{Kind: t.Notice, Consult: t.Case}})
		return nil
	}
	var ring *DeskRing
	if slices.Contains(t.Asked, me) {
		c, err := a.desk.store.Case(ctx, a.Actor.Tenant, t.Case)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && slices.Contains(c.Ringing(a.desk.now()), me) {
			r := deskRing(c, me)
			ring = &r
		}
	}
	if slices.Contains(t.Released, me) {
		a.send(DeskEvent{Body: DeskRingStopped{Consult: t.Case, Why: stopped(t, me)}})
	}
	if ring != nil {
		a.send(DeskEvent{Body: *ring})
	}
	a.send(DeskEvent{Offset: offset, Body: DeskChanged{Consult: t.Case, State: string(t.State), Version: t.Version, Verb: string(t.Verb)}})
	return nil
}

// stopped says why a ring ends.
func stopped(t tiding, me string) string {
	switch {
	case t.By == me:
		return "answered"
	case t.Verb == consult.Accept:
		return "taken"
	case t.Verb == consult.Escalate:
		return "timeout"
	}
	return "cancelled"
}

// Arm says whether the app may ring.
func (d *Desk) Arm(ctx context.Context, a DeskApp, armed bool) error {
	d.mu.Lock()
	if armed {
		d.armed[a.Socket] = true
	} else {
		delete(d.armed, a.Socket)
	}
	d.mu.Unlock()
	err := d.cluster.Touch(ctx, a.Actor.Tenant, a.Actor.Person, a.Socket, armed, presenceTTL)
	d.sayPresent(ctx, a.Actor.Tenant, a.Actor.Person)
	return err
}

// Beat says that the app is still there.
func (d *Desk) Beat(ctx context.Context, a DeskApp) error {
	d.mu.Lock()
	armed := d.armed[a.Socket]
	d.mu.Unlock()
	return d.cluster.Touch(ctx, a.Actor.Tenant, a.Actor.Person, a.Socket, armed, presenceTTL)
}

func (d *Desk) touch(ctx context.Context, a DeskApp, armed bool) {
	quick, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	if err := d.cluster.Touch(quick, a.Actor.Tenant, a.Actor.Person, a.Socket, armed, presenceTTL); err != nil {
		d.log.WarnContext(ctx, "presence not noted", "err", err)
	}
	d.sayPresent(ctx, a.Actor.Tenant, a.Actor.Person)
}

func (d *Desk) forget(a DeskApp) {
	ctx, cancel := context.WithTimeout(context.Background(), busPatience)
	defer cancel()
	d.mu.Lock()
	delete(d.armed, a.Socket)
	d.mu.Unlock()
	if err := d.cluster.Remove(ctx, a.Actor.Tenant, a.Socket); err != nil {
		d.log.WarnContext(ctx, "presence not removed", "err", err)
	}
	d.sayPresent(ctx, a.Actor.Tenant, a.Actor.Person)
}

// presentPerson is whether a person's app is open, and can ring.
type presentPerson struct{ Online, Armed bool }

func (d *Desk) present(ctx context.Context, tenant string) (map[string]presentPerson, error) {
	quick, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	list, err := d.cluster.List(quick, tenant)
	out := make(map[string]presentPerson, len(list))
	for _, p := range list {
		out[p.Person] = presentPerson{Online: true, Armed: p.Armed}
	}
	return out, err
}

// presentOrNobody is for lists, which must not fail because presence is away.
func (d *Desk) presentOrNobody(ctx context.Context, tenant string) map[string]presentPerson {
	out, err := d.present(ctx, tenant)
	if err != nil {
		d.log.WarnContext(ctx, "presence is unknown", "err", err)
	}
	return out
}

// sayPresent tells the partnership's apps how a person stands.
func (d *Desk) sayPresent(ctx context.Context, tenant, person string) {
	all, err := d.present(ctx, tenant)
	if err == nil {
		payload, _ := json.Marshal(DeskPresence{Person: person, Online: all[person].Online, Armed: all[person].Armed})
		err = d.cluster.Publish(ctx, presenceChannel(tenant), payload)
	}
	if err != nil {
		d.log.WarnContext(ctx, "presence not told", "err", err)
	}
}

// Withdraw ends what is open of somebody whose access was taken away, here and
// on every other node. It is auth.Config.Announce.
func (d *Desk) Withdraw(ctx context.Context, r auth.Revocation) {
	d.revoked(r)
	payload, _ := json.Marshal(r)
	if err := d.cluster.Publish(ctx, revokeChannel, payload); err != nil {
		d.log.ErrorContext(ctx, "revocation not spread; other nodes find out by themselves within seconds", "err", err)
	}
}

// OnRevoked adds what a revocation ends beside the live rooms: the sockets. Call
// it before Run.
func (d *Desk) OnRevoked(f func(auth.Revocation)) { d.onRevoked = append(d.onRevoked, f) }

func (d *Desk) revoked(r auth.Revocation) {
	if d.live != nil {
		d.live.Revoked(r)
	}
	for _, f := range d.onRevoked {
		f(r)
	}
}

// listen is this node's own ear on the bus.
func (d *Desk) listen() (cancel func()) {
	return d.cluster.Subscribe(func(m cluster.Message) {
		switch {
		case m.Channel == revokeChannel && !m.Gap:
			var r auth.Revocation
			if err := json.Unmarshal(m.Payload, &r); err == nil {
				d.revoked(r)
			}
		case d.live == nil:
		case m.Channel == callsChannel && !m.Gap:
			d.answer(m.Payload)
		case m.Gap:
			for _, r := range d.live.all() {
				r.inbox.post(r.refresh)
			}
		case m.Channel == roomsChannel:
			d.live.Changed(string(m.Payload))
		}
	}, roomsChannel, revokeChannel, callsChannel)
}
