package signaling_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

var both = protocol.Media{Microphone: true, Camera: true}

// expectClosed waits for the socket's end and its code.
func expectClosed(h *house, ended func(context.Context) error, want protocol.CloseCode) {
	h.Helper()
	closed := (*client.Closed)(nil)
	if err := ended(h.ctx); !errors.As(err, &closed) || closed.Code != want {
		h.Errorf("ended with %v, want %d %s", err, int(want), want)
	}
}

// inCall brings doctor and expert into a running call with media.
func inCall(h *house) (id string, doctor, expert *client.Room, doctors, experts *page) {
	h.Helper()
	doctors, experts = h.signsIn("doctor"), h.signsIn("expert")
	id = doctors.startsNow()
	experts.accepts(id)
	return id, doctors.goesIn(id, 2), experts.goesIn(id, 2), doctors, experts
}

func TestEmergencyFromRingToMedia(t *testing.T) {
	h := open(t)
	experts := h.signsIn("expert")
	desk := experts.opensDesk()
	h.ok(desk.Arm(true))
	doctors := h.signsIn("doctor")
	id := doctors.startsNow()
	h.ok(desk.Await(h.ctx, "the ring", func(d *client.Desk) bool { return len(d.Rings()) == 1 && d.Rings()[0].Consult == id }))

	// The doctor is in the lobby with media connected before anybody accepts.
	doctor := doctors.opens(id)
	h.ok(doctor.Connect(h.ctx, 2))
	h.ok(doctor.SetMedia(both))
	h.ok(doctor.Knock())
	h.ok(doctor.Await(h.ctx, "waiting", func(r *client.Room) bool { return r.Phase() == "waiting" }))

	experts.accepts(id)
	h.ok(desk.Await(h.ctx, "the ring's end", func(d *client.Desk) bool { return len(d.Rings()) == 0 }))
	h.ok(doctor.Await(h.ctx, "admission by acceptance", func(r *client.Room) bool { return r.Phase() == "in" && r.State() == "in-call" }))
	expert := experts.goesIn(id, 2)

	for _, source := range []string{"microphone", "camera"} {
		h.ok(doctor.AwaitMedia(h.ctx, expert.Self(), source, 10))
		h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), source, 10))
	}
}

func TestBookedConsultFromLobbyToMedia(t *testing.T) {
	h := open(t)
	doctors, experts := h.signsIn("doctor"), h.signsIn("expert")
	desk := experts.opensDesk()
	id := doctors.books(experts)
	doctor := doctors.opens(id)
	h.ok(doctor.Connect(h.ctx, 2))
	h.ok(doctor.SetMedia(both))
	h.ok(doctor.Knock())
	h.ok(doctor.Await(h.ctx, "waiting", func(r *client.Room) bool { return r.Phase() == "waiting" && r.State() == "waiting" }))
	h.ok(desk.Await(h.ctx, "the knock at the expert's desk", func(d *client.Desk) bool {
		for _, m := range d.Heard() {
			if n, ok := m.(protocol.Notice); ok && n.Kind == "knocking" && n.Consult == id {
				return true
			}
		}
		return false
	}))
	expert := experts.goesIn(id, 2)
	h.ok(expert.Await(h.ctx, "who waits, since when", func(r *client.Room) bool {
		p, ok := r.Person("doctor")
		return ok && p.Phase == "waiting" && p.Since > 0
	}))
	if got := expert.Received(doctor.Self(), "camera").Packets; got != 0 {
		t.Errorf("%d packets came out of the waiting room", got)
	}
	h.ok(expert.Admit(doctor.Self()))
	h.ok(doctor.Await(h.ctx, "being admitted", func(r *client.Room) bool { return r.Phase() == "in" && r.State() == "in-call" }))
	h.ok(doctor.AwaitMedia(h.ctx, expert.Self(), "camera", 5))
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "camera", 5))
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "microphone", 5))
}

func TestChatAndRoster(t *testing.T) {
	h := open(t)
	_, doctor, expert, _, _ := inCall(h)
	h.ok(expert.Await(h.ctx, "the doctor on the roster", func(r *client.Room) bool {
		p, ok := r.Person("doctor")
		return ok && p.Name == "Name of doctor" && p.NameLatin == "Latin name of doctor" &&
			p.Institution == "The clinic" && p.InstitutionLatin == "Latin clinic" && p.Seat == "owner" && p.Media == both && p.Connected
	}))
	h.ok(doctor.Say("k", "心电图在这里。"))
	h.ok(expert.Await(h.ctx, "the message", func(r *client.Room) bool {
		return len(r.Chat()) == 1 && r.Chat()[0].Text == "心电图在这里。" && r.Chat()[0].Name == "Name of doctor" && r.Chat()[0].NameLatin == "Latin name of doctor"
	}))
	h.ok(doctor.Report(protocol.Quality{RTT: 500, LossUp: 0.04, Path: "udp"}))
	h.ok(expert.Await(h.ctx, "the doctor's link in one word", func(r *client.Room) bool {
		p, _ := r.Person("doctor")
		return p.Link == "fair"
	}))
}

func TestDroppedSocketResumesWhileMediaGoesOn(t *testing.T) {
	h := open(t)
	_, doctor, expert, _, _ := inCall(h)
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "camera", 5))
	self := doctor.Self()
	doctor.Drop()
	h.ok(expert.Await(h.ctx, "the doctor's socket being away", func(r *client.Room) bool {
		p, ok := r.Person("doctor")
		return ok && !p.Connected
	}))
	h.ok(expert.AwaitMedia(h.ctx, self, "camera", 5))
	h.ok(expert.Say("k", "still there?"))
	h.ok(doctor.Resume(h.ctx))
	h.ok(doctor.Await(h.ctx, "the same seat and what was said", func(r *client.Room) bool {
		return r.Resumed() && r.Self() == self && r.Phase() == "in" && len(r.Chat()) == 1
	}))
	h.ok(expert.AwaitMedia(h.ctx, self, "microphone", 5))
	h.ok(doctor.AwaitMedia(h.ctx, expert.Self(), "microphone", 5))
}

func TestReloadGetsTheSameSeatAndNewMedia(t *testing.T) {
	h := open(t)
	id, doctor, expert, doctors, _ := inCall(h)
	self := doctor.Self()
	h.ok(doctor.Close())
	again := doctors.opens(id)
	h.ok(again.Await(h.ctx, "the call of before", func(r *client.Room) bool { return r.Self() == self && r.Phase() == "in" && !r.Resumed() }))
	h.ok(again.Connect(h.ctx, 2))
	h.ok(again.SetMedia(both))
	h.ok(expert.AwaitMedia(h.ctx, self, "camera", 5))
	h.ok(again.AwaitMedia(h.ctx, expert.Self(), "camera", 5))
}

func TestThreeTabsOneSeat(t *testing.T) {
	h := open(t)
	id, first, expert, doctors, _ := inCall(h)
	second := doctors.opens(id)
	expectClosed(h, first.Ended, protocol.CloseTakenOver)
	third := doctors.opens(id)
	expectClosed(h, second.Ended, protocol.CloseTakenOver)
	h.ok(third.Connect(h.ctx, 2))
	h.ok(third.SetMedia(both))
	h.ok(expert.AwaitMedia(h.ctx, third.Self(), "camera", 5))
	h.ok(expert.Await(h.ctx, "two people", func(r *client.Room) bool { return r.People() == 2 }))
}

func TestAnotherExpertJoinsTheRunningCall(t *testing.T) {
	h := open(t)
	id, doctor, expert, _, experts := inCall(h)
	if _, err := h.desk.Do(h.ctx, experts.actor, id, "key", 0, consult.JoinCmd{Person: "second"}); err != nil {
		t.Fatal(err)
	}
	seconds := h.signsIn("second")
	desk := seconds.opensDesk()
	h.ok(desk.Await(h.ctx, "the invitation", func(d *client.Desk) bool { return len(d.Rings()) == 1 && d.Rings()[0].Invitation }))
	seconds.accepts(id)
	second := seconds.goesIn(id, 2)
	for _, r := range []*client.Room{doctor, expert} {
		h.ok(r.AwaitMedia(h.ctx, second.Self(), "camera", 5))
	}
	h.ok(second.AwaitMedia(h.ctx, doctor.Self(), "camera", 5))
	h.ok(second.AwaitMedia(h.ctx, expert.Self(), "microphone", 5))
}

func TestEightPeopleInOneCall(t *testing.T) {
	h := open(t)
	id, doctor, expert, _, first := inCall(h)
	everybody := []*client.Room{doctor, expert}
	for _, name := range experts[1:7] {
		_, err := h.desk.Do(h.ctx, first.actor, id, "join "+name, 0, consult.JoinCmd{Person: name})
		h.ok(err)
		p := h.signsIn(name)
		p.accepts(id)
		everybody = append(everybody, p.goesIn(id, 7))
	}
	_, err := h.desk.Do(h.ctx, first.actor, id, "join the ninth", 0, consult.JoinCmd{Person: "eighth"})
	h.ok(err)
	ninths := h.signsIn("eighth")
	ninths.accepts(id)
	ninth := ninths.opens(id)
	h.ok(ninth.Knock())
	h.ok(ninth.Await(h.ctx, "being told that the call is full", func(r *client.Room) bool {
		return r.RefusedWith(protocol.RoomFull) && r.Phase() == "waiting"
	}))
	for _, r := range everybody[:2] { // who came with two spare pairs
		h.ok(r.Widen(h.ctx))
	}
	var flows sync.WaitGroup
	for _, to := range everybody {
		for _, from := range everybody {
			if from == to {
				continue
			}
			for _, source := range []string{"camera", "microphone"} {
				flows.Go(func() {
					if err := to.AwaitMedia(h.ctx, from.Self(), source, 3); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	flows.Wait()
	h.ok(everybody[7].Leave())
	h.ok(ninth.Await(h.ctx, "the place that became free", func(r *client.Room) bool { return r.Phase() == "in" }))
}

func TestMoreLinesWhenTheyRunOut(t *testing.T) {
	h := open(t)
	doctors, experts := h.signsIn("doctor"), h.signsIn("expert")
	id := doctors.startsNow()
	experts.accepts(id)
	doctor, expert := doctors.goesIn(id, 0), experts.goesIn(id, 2)
	h.ok(doctor.Widen(h.ctx))
	h.ok(doctor.AwaitMedia(h.ctx, expert.Self(), "camera", 5))
}

func TestMutedSourceStopsWhateverThePageSends(t *testing.T) {
	h := open(t)
	_, doctor, expert, _, _ := inCall(h)
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "microphone", 5))
	h.ok(doctor.SetMedia(protocol.Media{Camera: true})) // the page goes on sending sound
	h.ok(expert.Await(h.ctx, "the muted microphone", func(r *client.Room) bool {
		p, _ := r.Person("doctor")
		return !p.Media.Microphone
	}))
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "camera", 5)) // whatever was on its way has arrived
	before := expert.Received(doctor.Self(), "microphone").Packets
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "camera", 10)) // a second in which 50 packets of sound were sent
	if after := expert.Received(doctor.Self(), "microphone").Packets; after > before+2 {
		t.Errorf("%d packets of a muted microphone arrived", after-before)
	}
}

func TestEndForAll(t *testing.T) {
	h := open(t)
	id, doctor, expert, doctors, _ := inCall(h)
	h.ok(expert.EndForAll())
	expectClosed(h, doctor.Ended, protocol.CloseRoomEnded)
	expectClosed(h, expert.Ended, protocol.CloseRoomEnded)
	view, err := h.desk.Consult(h.ctx, doctors.actor, id)
	if err != nil || view.State != consult.OpinionDue {
		t.Errorf("the case is %s (%v), want %s", view.State, err, consult.OpinionDue)
	}
	if _, err := h.desk.JoinRoom(h.ctx, doctors.actor, id); err == nil {
		t.Error("a call that is over can be joined")
	}
}

func TestLeave(t *testing.T) {
	h := open(t)
	id, doctor, expert, doctors, _ := inCall(h)
	h.ok(doctor.Leave())
	expectClosed(h, doctor.Ended, protocol.CloseLeft)
	h.ok(expert.Await(h.ctx, "the doctor leaving", func(r *client.Room) bool { return r.People() == 1 }))
	doctors.goesIn(id, 2)
}

func TestRevocationEndsSocketsAndMedia(t *testing.T) {
	h := open(t)
	_, doctor, expert, _, experts := inCall(h)
	desk := experts.opensDesk()
	h.ok(doctor.AwaitMedia(h.ctx, expert.Self(), "camera", 5))
	if _, err := h.gate.Revoke(h.ctx, "expert"); err != nil {
		t.Fatal(err)
	}
	expectClosed(h, expert.Ended, protocol.CloseRevoked)
	expectClosed(h, desk.Ended, protocol.CloseRevoked)
	h.ok(doctor.Await(h.ctx, "the expert's lines being spare", func(r *client.Room) bool {
		for _, l := range r.Lines() {
			if l.Participant != "" {
				return false
			}
		}
		return r.People() == 1
	}))
	if err := expert.Resume(h.ctx); err == nil {
		t.Error("a revoked person came back with the room token")
	}
}

// What the command line withdraws is announced to nobody.
func TestUnannouncedRevocationEndsSocketsAndMedia(t *testing.T) {
	h := open(t)
	_, doctor, expert, _, experts := inCall(h)
	desk := experts.opensDesk()
	began := time.Now()
	must(h.store.Revoke(h.ctx, "expert"))(t)
	expectClosed(h, expert.Ended, protocol.CloseRevoked)
	expectClosed(h, desk.Ended, protocol.CloseRevoked)
	h.ok(doctor.Await(h.ctx, "the expert being gone", func(r *client.Room) bool { return r.People() == 1 }))
	// Before the sockets' own checks, every 14 s.
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("a revoked person stayed for %v", took)
	}
	h.ok(doctor.SetMedia(both)) // and nobody else is thrown out
}

func TestSignOutEndsOnlyThatBrowser(t *testing.T) {
	h := open(t)
	_, doctor, expert, doctors, _ := inCall(h)
	elsewhere := h.signsIn("doctor").opensDesk()
	h.ok(h.gate.SignOut(h.ctx, doctors.cookie))
	expectClosed(h, doctor.Ended, protocol.CloseRevoked)
	h.ok(expert.Await(h.ctx, "the doctor being gone", func(r *client.Room) bool { return r.People() == 1 }))
	h.ok(elsewhere.Arm(true))
	if h.sockets.Open() < 2 {
		t.Error("the other browser's socket was closed too")
	}
}

func TestStoppingServerSendsAppsElsewhere(t *testing.T) {
	h := open(t)
	_, doctor, _, doctors, _ := inCall(h)
	desk := doctors.opensDesk()
	h.registry.Close()
	h.sockets.Close()
	expectClosed(h, doctor.Ended, protocol.CloseDrain)
	expectClosed(h, desk.Ended, protocol.CloseDrain)
}

func TestTickets(t *testing.T) {
	h := open(t)
	doctors, experts := h.signsIn("doctor"), h.signsIn("expert")
	id := doctors.startsNow()
	experts.accepts(id)
	second := doctors.startsNow()
	room := func(cfg client.Config, id, ticket string) error {
		r, err := client.OpenRoom(h.ctx, cfg, id, ticket)
		if err == nil {
			r.Drop()
		}
		return err
	}
	used := doctors.roomTicket(id)
	h.ok(room(doctors.cfg, id, used))
	for _, c := range []struct {
		name   string
		cfg    client.Config
		id     string
		ticket string
		want   protocol.CloseCode
	}{
		{"used before", doctors.cfg, id, used, protocol.CloseTicket},
		{"nonsense", doctors.cfg, id, "nonsense", protocol.CloseTicket},
		{"none", doctors.cfg, id, "", protocol.CloseTicket},
		{"another person's", doctors.cfg, id, experts.roomTicket(id), protocol.CloseTicket},
		{"for another room", doctors.cfg, second, doctors.roomTicket(id), protocol.CloseNoSuchRoom},
		{"for the desk", doctors.cfg, id, doctors.deskTicket(), protocol.CloseTicket},
	} {
		closed := (*client.Closed)(nil)
		if err := room(c.cfg, c.id, c.ticket); !errors.As(err, &closed) || closed.Code != c.want {
			t.Errorf("a ticket %s ends with %v, want %d", c.name, err, int(c.want))
		}
	}
	forged, err := h.gate.Issue(auth.Actor{Person: "stranger", Tenant: tenant, Epoch: 1}, auth.TicketToken, auth.Claims{Socket: auth.RoomSocket, Consult: id})
	h.ok(err)
	strangers := h.signsIn("stranger")
	closed := (*client.Closed)(nil)
	if err := room(strangers.cfg, id, forged); !errors.As(err, &closed) || closed.Code.MayReturn() && closed.Code != protocol.CloseTicket {
		t.Errorf("a stranger's ticket ends with %v", err)
	}
}
