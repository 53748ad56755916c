package rooms

import (
	"context"
	"errors"
	"testing"

	"consilium/auth"
	"consilium/rooms/consult"
)

// deafOutlet is an app that hears nothing.
type deafOutlet struct{}

func (deafOutlet) Send(RoomTelling) {}
func (deafOutlet) Close(RoomClose)  {}

// serves makes the desk a server on the office's database and bus; stop ends it without a word
// to the database.
func (o *office) serves(d *Desk) (stop func()) {
	o.t.Helper()
	live, err := NewRegistry(RegistryConfig{Casework: d, Chatbook: d})
	o.ok(err)
	d.Watch(live)
	deaf := d.listen()
	stop = func() { deaf(); live.Close() }
	o.t.Cleanup(stop)
	return stop
}

func TestACallOfAnotherNodeIsLeftAlone(t *testing.T) {
	o := openOffice(t)
	bus := &deafBus{Bus: o.cl.Bus}
	o.cl.Bus = bus
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	kill := o.serves(o.Desk)
	id := o.start()
	_, err := o.Do(ctx, o.actor("heart"), id, "", 0, consult.AcceptCmd{})
	o.ok(err)
	for _, login := range []string{"doctor", "heart"} {
		_, err := o.live.Enter(ctx, RoomEntry{Actor: o.actor(login), Consult: id, Out: deafOutlet{}})
		o.ok(err)
	}

	second := o.another(o.cl)
	o.serves(second)
	second.reopen(ctx)
	nobodyCame := func() error {
		_, err := second.RoomEvent(ctx, id, consult.Interrupt, auth.Actor{Tenant: deskTenant})
		return err
	}
	if err := nobodyCame(); !errors.Is(err, errElsewhere) || o.theCase(id).State != consult.InCall {
		t.Fatalf("a node that starts breaks off the call of another: %v, %s", err, o.theCase(id).State)
	}
	kill()
	bus.mu.Lock()
	bus.deaf = true
	bus.mu.Unlock()
	if err := nobodyCame(); err == nil || o.theCase(id).State != consult.InCall {
		t.Errorf("the other nodes could not be asked, and the call is %s (%v)", o.theCase(id).State, err)
	}
	bus.mu.Lock()
	bus.deaf = false
	bus.mu.Unlock()
	if err := nobodyCame(); err != nil || o.theCase(id).State != consult.Interrupted {
		t.Errorf("nobody has the call's people, and it is %s (%v)", o.theCase(id).State, err)
	}
}

func TestANodeDecidesAboutItsOwnCallWithoutTheBus(t *testing.T) {
	o := openOffice(t)
	bus := &deafBus{Bus: o.cl.Bus}
	o.cl.Bus = bus
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	o.serves(o.Desk)
	id := o.start()
	_, err := o.Do(ctx, o.actor("heart"), id, "", 0, consult.AcceptCmd{})
	o.ok(err)
	again := o.another(o.cl) // after kill -9
	o.serves(again)
	again.reopen(ctx)
	o.ok(again.SessionNote(ctx, id, o.actor("heart"), SessionNote{What: "joined"})) // and gone again
	bus.mu.Lock()
	bus.deaf = true
	bus.mu.Unlock()
	if _, err := again.RoomEvent(ctx, id, consult.Interrupt, auth.Actor{Tenant: deskTenant}); err != nil || o.theCase(id).State != consult.Interrupted {
		t.Errorf("the call is %s (%v)", o.theCase(id).State, err)
	}
}
