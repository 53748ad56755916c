package rooms

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"consilium/rooms/cluster"
	"consilium/rooms/consult"
)

// tappedBus lets a test say something to who subscribed last.
type tappedBus struct {
	cluster.Bus
	last func(cluster.Message)
}

func (b *tappedBus) Subscribe(fn func(cluster.Message), channels ...string) func() {
	b.last = fn
	return b.Bus.Subscribe(fn, channels...)
}

// complains makes the desk's next words in the log arrive on the channel.
func (o *office) complains() <-chan struct{} {
	said := make(chan struct{}, 100)
	o.log = slog.New(slog.NewTextHandler(says(said), nil))
	return said
}

type says chan struct{}

func (s says) Write(p []byte) (int, error) {
	s <- struct{}{}
	return len(p), nil
}

// databaseAway takes the cases out of the database until back is called.
func (o *office) databaseAway() (back func()) {
	o.t.Helper()
	o.tamper(`ALTER TABLE cases RENAME TO cases_away`)
	return func() { o.t.Helper(); o.tamper(`ALTER TABLE cases_away RENAME TO cases`) }
}

func TestARingIsNotLostWhileTheDatabaseIsAway(t *testing.T) {
	o := openOffice(t)
	tried := o.complains()
	expert, _ := o.attends("heart", DeskPosition{})
	age := 60
	v, err := o.StartNow(context.Background(), o.actor("doctor"), "", consult.StartCmd{Department: heartDep,
		Patient: consult.Patient{Name: "P", Age: &age, Sex: "male"}, Question: "?", ConsentDeferred: "unconscious"})
	o.ok(err)
	pending, err := o.store.Pending(context.Background(), o.node, o.time(), batch, claimLease)
	o.ok(err)
	back := o.databaseAway()
	for _, e := range pending {
		o.ok(o.tell(context.Background(), e))
	}
	<-tried
	back()
	o.hears(expert, "DeskRing {Consult:"+v.ID)
	o.hears(expert, "DeskChanged {Consult:"+v.ID)
}

func TestAnAppIsNotLeftStaleAfterAGap(t *testing.T) {
	o := openOffice(t)
	tried := o.complains()
	bus := &tappedBus{Bus: o.cl.Bus}
	o.cl.Bus = bus
	doctor, leave := o.attends("doctor", DeskPosition{})
	gap := cluster.Message{Channel: deskChannel(deskTenant), Position: cluster.Position{Epoch: "new", Offset: 7}, Gap: true}
	back := o.databaseAway()
	done := make(chan struct{})
	go func() { defer close(done); bus.last(gap) }()
	<-tried
	back()
	o.hears(doctor, "DeskSnapshot {DeskPosition:{Epoch:new Offset:7}")
	<-done

	o.databaseAway()
	done = make(chan struct{})
	go func() { defer close(done); bus.last(gap) }()
	<-tried
	leave()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("an app that left is still waiting for the database")
	}
}

func TestTheDayBeginsWhereClocksSkipMidnight(t *testing.T) {
	o := openOffice(t)
	cairo := time.Date(2024, 4, 26, 12, 0, 0, 0, time.UTC) // the clocks went from 00:00 to 01:00
	day := o.day(context.Background(), o.actor("doctor"), "Africa/Cairo", cairo)
	if want := time.Date(2024, 4, 25, 22, 0, 0, 0, time.UTC); !day.Start.Equal(want) || day.Length() != 23*time.Hour {
		t.Errorf("the day is %v", day)
	}
	if day := o.day(context.Background(), o.actor("doctor"), "Nowhere/Land", cairo); day.Start.Hour() != 0 || day.Length() != 24*time.Hour {
		t.Errorf("without a zone the day is %v", day)
	}
}
