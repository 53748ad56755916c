package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// Outbox kinds of the desk's own.
const (
	kindNotice  = "notice"  // somebody should know now
	kindTouched = "touched" // something beside the lifecycle changed: a file, a chat message, a receipt
)

const (
	lookEvery   = 2 * time.Second  // for timers and entries that other nodes left behind
	claimLease  = 10 * time.Second // a node that dies with claims gives them back after this
	batch       = 100
	sweepEvery  = time.Hour
	keepKeys    = 48 * time.Hour // how long an idempotency key is remembered
	keepSent    = 24 * time.Hour // how long a told entry stays in the outbox
	drainWithin = 5 * time.Second
)

// Run tells what is in the outbox, fires timers, and cleans up, until ctx ends.
// What was committed until then is told before it returns.
func (d *Desk) Run(ctx context.Context) {
	cancel := d.listen()
	defer cancel()
	d.reopen(ctx)
	publish, fire := make(chan struct{}, 1), make(chan struct{}, 1)
	var loops sync.WaitGroup
	loops.Go(func() { d.publishLoop(ctx, publish) })
	loops.Go(func() { d.timerLoop(ctx, fire) })
	loops.Go(func() { d.sweepLoop(ctx) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-d.store.Committed():
			poke(publish)
			poke(fire)
		}
	}
	loops.Wait()
	rest, stop := context.WithTimeout(context.Background(), drainWithin)
	defer stop()
	d.publish(rest)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (d *Desk) publishLoop(ctx context.Context, wake <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		d.publish(ctx)
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// publish tells what is in the outbox. What cannot be told stays and comes again.
func (d *Desk) publish(ctx context.Context) {
	for ctx.Err() == nil {
		entries, err := d.store.Pending(ctx, d.node, d.now(), batch, claimLease)
		if err != nil {
			d.complain(ctx, "outbox not read", err)
			return
		}
		var sent []int64
		for _, e := range entries {
			if err = d.tell(ctx, e); err != nil {
				d.complain(ctx, "outbox entry not told, it comes again", err)
				break
			}
			sent = append(sent, e.ID)
		}
		if e := d.store.MarkSent(ctx, d.now(), sent...); e != nil {
			d.complain(ctx, "outbox not marked", e)
			return
		}
		if err != nil || len(entries) < batch {
			return
		}
	}
}

func (d *Desk) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		d.log.ErrorContext(ctx, what, "err", err)
	}
}

func (d *Desk) tell(ctx context.Context, e store.OutboxEntry) error {
	t := tiding{People: e.People, Case: e.Case, State: e.State, Version: e.Version, Verb: e.Verb}
	if e.Event != nil {
		t.By, t.Asked, t.Released = e.Event.By, e.Event.Asked, e.Event.Released
	}
	if e.Kind == kindNotice {
		if err := json.Unmarshal(e.Body, &t.Notice); err != nil {
			return err
		}
	}
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if e.Kind == store.KindChanged {
		if err := d.cluster.Publish(ctx, roomsChannel, []byte(e.Case)); err != nil {
			return err
		}
	}
	return d.cluster.Publish(ctx, deskChannel(e.Tenant), payload)
}

// notify puts a notice into the outbox.
func (d *Desk) notify(ctx context.Context, tx *store.Tx, c *consult.Case, kind string, people ...string) error {
	body, err := json.Marshal(kind)
	if err != nil {
		return err
	}
	slices.Sort(people)
	people = slices.DeleteFunc(slices.Compact(people), func(p string) bool { return p == "" || p == consult.SystemPerson })
	if len(people) == 0 {
		return nil
	}
	return tx.Announce(ctx, store.OutboxEntry{Tenant: c.Tenant, Kind: kindNotice, Case: c.ID, Version: c.Version, State: c.State, People: people, Body: body, At: d.now()})
}

// touched tells who may see the case that something of it changed.
func (d *Desk) touched(ctx context.Context, tx *store.Tx, c *consult.Case) error {
	people := everybody(c)
	if c.State != consult.Draft {
		coordinators, err := d.coordinators(ctx, tx.Reader, c.Tenant, d.now())
		if err != nil {
			return err
		}
		people = append(people, coordinators...)
	}
	slices.Sort(people)
	return tx.Announce(ctx, store.OutboxEntry{Tenant: c.Tenant, Kind: kindTouched, Case: c.ID, Version: c.Version, State: c.State, People: slices.Compact(people), At: d.now()})
}

func (d *Desk) timerLoop(ctx context.Context, wake <-chan struct{}) {
	for {
		d.fireDue(ctx)
		pause := lookEvery
		if next, ok, err := d.store.NextTimer(ctx, d.now()); err == nil && ok {
			pause = max(min(pause, next.Sub(d.now())), 10*time.Millisecond)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// fireDue fires what is due. Each timer fires once, on whichever node claims it
// first, also after a restart.
func (d *Desk) fireDue(ctx context.Context) {
	for ctx.Err() == nil {
		due, err := d.store.ClaimTimers(ctx, d.node, d.now(), batch, claimLease)
		if err != nil {
			d.complain(ctx, "timers not read", err)
			return
		}
		for _, t := range due {
			if err := d.fire(ctx, t); err != nil {
				d.complain(ctx, "timer did not fire, it comes again", err)
			}
		}
		if len(due) < batch {
			return
		}
	}
}

func (d *Desk) fire(ctx context.Context, t store.Timer) error {
	timer := consult.Timer{Case: t.Case, Kind: t.Kind, At: t.At, Wave: t.Wave}
	cmd := timer.Command()
	var err error
	if cmd == nil {
		err = d.fireNotice(ctx, t)
	} else {
		_, err = d.transition(ctx, consult.System(t.Tenant), store.TransitionInput{ID: t.Case, Timer: t.ID}, cmd)
		var refused *consult.Error
		if errors.As(err, &refused) {
			if again := timer.Again(refused); again > 0 {
				return d.store.PutOff(ctx, t.ID, d.now().Add(again))
			}
			err = d.store.Fire(ctx, t.ID, d.now()) // the case went on meanwhile: nothing to do any more
		}
	}
	if errors.Is(err, store.ErrTimerGone) {
		return nil
	}
	return err
}

// fireNotice fires a timer that changes nothing and tells somebody.
func (d *Desk) fireNotice(ctx context.Context, t store.Timer) error {
	return d.store.Write(ctx, func(tx *store.Tx) error {
		now := d.now()
		if err := tx.Fire(ctx, t.ID, now); err != nil {
			return err
		}
		c, err := tx.Case(ctx, t.Tenant, t.Case)
		if err != nil {
			return err
		}
		coordinators, err := d.coordinators(ctx, tx.Reader, t.Tenant, now)
		if err != nil {
			return err
		}
		experts := c.In(auth.SeatExpert, auth.SeatChair, auth.SeatMember)
		inviting := c.In(auth.SeatOwner, auth.SeatAccompanying)
		switch t.Kind {
		case consult.TimerOverdue:
			return d.notify(ctx, tx, c, "due", append(d.waitedFor(c, experts), coordinators...)...)
		case consult.TimerWaiting:
			return d.notify(ctx, tx, c, "waiting-long", append(experts, coordinators...)...)
		case consult.TimerCallBack:
			return d.notify(ctx, tx, c, "call-back", append(experts, inviting...)...)
		case consult.TimerOfferText:
			return d.notify(ctx, tx, c, "offer-async", experts...)
		}
		return nil
	})
}

// waitedFor is whose step is next.
func (d *Desk) waitedFor(c *consult.Case, experts []string) []string {
	switch c.WaitsFor() {
	case consult.ForRequester:
		return []string{c.Author}
	case consult.ForExpert:
		return append(slices.Clone(experts), c.In(auth.SeatInvited)...)
	case consult.ForBoth:
		return append(slices.Clone(experts), c.Author)
	}
	return nil
}

func (d *Desk) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := d.now()
		for what, f := range map[string]func() error{
			"sessions": func() error { return d.gate.Sweep(ctx) },
			"keys":     func() error { return d.store.ForgetKeys(ctx, now.Add(-keepKeys)) },
			"outbox":   func() error { return d.store.ForgetSent(ctx, now.Add(-keepSent)) },
		} {
			if err := f(); err != nil {
				d.complain(ctx, what+" not swept", err)
			}
		}
	}
}
