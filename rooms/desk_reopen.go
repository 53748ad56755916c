package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"consilium/rooms/cluster"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// Calls that were going on when a server stopped without a word.
//
// A node that starts opens the room of every consult that is in a call, and
// waits for its people. Whether they left for good, nobody else may know: the
// node that had them may be this one, killed and started again. But they may as
// well be talking on another node. So a reopened room into which nobody has come
// asks the other nodes before it declares the call interrupted, and leaves the
// call alone as long as one of them has people in it, or cannot be asked.

// callsChannel is where nodes ask each other who has the people of a call.
const callsChannel = "calls"

// answerWithin is how long the other nodes may take to answer. Without another
// node it is what an empty room waits for nothing.
const answerWithin = time.Second

// inquiry is a question about a call, or its answer.
type inquiry struct {
	ID   string `json:"id"`             // of the question
	Case string `json:"case,omitempty"` // question: whose call
	Here bool   `json:"here,omitempty"` // answer: the call's people are with me
}

var errElsewhere = &consult.Error{Code: consult.StateForbids, Message: "The people of this call are on another server."}

// reopen opens the rooms of calls that were going on before this node started.
func (d *Desk) reopen(ctx context.Context) {
	if d.live == nil {
		return
	}
	tenants, err := d.store.Tenants(ctx)
	for _, t := range tenants {
		for cursor := ""; err == nil; {
			var list []consult.Case
			list, cursor, err = d.store.Cases(ctx, store.CaseFilter{Tenant: t.ID, States: []consult.State{consult.InCall}, Limit: batch, Cursor: cursor})
			for i := range list {
				d.setReopened(list[i].ID, true)
				d.live.Reopen(list[i].ID, t.ID, roomCase(&list[i]))
			}
			if cursor == "" {
				break
			}
		}
	}
	if err != nil {
		d.complain(ctx, "calls of before the start not looked up", err)
	}
}

// setReopened notes that the case's room was opened by reopen and nobody has
// come into it yet, or that somebody has.
func (d *Desk) setReopened(id string, empty bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if empty {
		d.reopened[id] = true
	} else {
		delete(d.reopened, id)
	}
}

// mayInterrupt asks whether this node may say of the call that it broke off.
func (d *Desk) mayInterrupt(ctx context.Context, id string) error {
	d.mu.Lock()
	reopened := d.reopened[id]
	d.mu.Unlock()
	if !reopened || len(d.whoIsHere(id)) > 0 {
		return nil
	}
	question := inquiry{ID: store.NewID(), Case: id}
	here, lost := make(chan struct{}, 1), make(chan struct{}, 1)
	cancel := d.cluster.Subscribe(func(m cluster.Message) {
		var answer inquiry
		switch {
		case m.Gap: // an answer may be among what was missed
			poke(lost)
		case json.Unmarshal(m.Payload, &answer) == nil && answer.ID == question.ID && answer.Here:
			poke(here)
		}
	}, callsChannel)
	defer cancel()
	quick, stop := context.WithTimeout(ctx, busPatience)
	defer stop()
	if err := d.inquire(quick, question); err != nil {
		return err
	}
	patience := time.NewTimer(answerWithin)
	defer patience.Stop()
	select {
	case <-here:
		return errElsewhere
	case <-lost:
		return errors.New("rooms: the other nodes could not be asked about the call")
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return nil
	}
}

func (d *Desk) inquire(ctx context.Context, q inquiry) error {
	payload, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return d.cluster.Publish(ctx, callsChannel, payload)
}

// answer answers another node's question when the call's people are here. Who
// has lost their connection for a moment still counts: their room decides.
func (d *Desk) answer(payload []byte) {
	var q inquiry
	if json.Unmarshal(payload, &q) != nil || q.Case == "" || len(d.whoIsHere(q.Case)) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), busPatience)
	defer cancel()
	if err := d.inquire(ctx, inquiry{ID: q.ID, Here: true}); err != nil {
		d.log.WarnContext(ctx, "another node is not told that a call goes on here", "case", q.Case, "err", err)
	}
}

// whoIsHere is who is in the case's room on this node, or about to come back.
func (d *Desk) whoIsHere(id string) []RoomPerson {
	if d.live == nil {
		return nil
	}
	status, _ := d.live.Live(id)
	return status.People
}
