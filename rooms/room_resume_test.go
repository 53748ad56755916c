package rooms

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// mediaGoes has the person's media connect or fail, as the media server would say.
func (p *someone) mediaGoes(up bool) {
	room := p.hold.room
	room.inbox.post(func() {
		seat := p.hold.participant
		seat.mediaUp = up
		seat.hadMedia = seat.hadMedia || up
		room.show(seat)
		room.settle()
	})
	synctest.Wait()
}

func TestSecondTabTakesOver(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		first, expert := s.goesIn("doctor"), s.goesIn("expert")
		second := s.opens("doctor")
		first.expectClosed(ClosedTakenOver)
		second.expectPhase(PhaseIn)
		if a, b := first.snapshot().Participant, second.snapshot().Participant; a != b {
			t.Errorf("the second tab has another seat: %s, %s", a, b)
		}
		first.hold.EndForAll()
		first.hold.Leave()
		first.hold.Drop()
		s.expectState(consult.InCall)
		if !expert.sees()["doctor"].Connected {
			t.Error("what the first tab says still counts")
		}
		if n := len(expert.sees()); n != 2 {
			t.Errorf("%d people on the roster, want 2", n)
		}
	})
}

func TestReloadKeepsTheSeat(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		id := doctor.snapshot().Participant
		doctor.hold.Drop()
		s.passes(3 * time.Second)
		if expert.sees()["doctor"].Connected {
			t.Error("the expert does not see that the doctor's socket is away")
		}
		again := s.opens("doctor")
		again.expectPhase(PhaseIn)
		if snap := again.snapshot(); snap.Participant != id || snap.Resumed {
			t.Errorf("a reload got seat %s (resumed %v), want %s and new media", snap.Participant, snap.Resumed, id)
		}
		if len(every[RoomLeft](expert)) != 0 || !expert.sees()["doctor"].Connected {
			t.Error("a reload looks like leaving")
		}
		s.passes(time.Minute)
		s.expectState(consult.InCall)
	})
}

func TestRoomTokenResumesWithMediaGoingOn(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		id := doctor.snapshot().Participant
		doctor.mediaGoes(true)
		doctor.hold.Drop()
		expert.hold.Say("k1", "can you hear me?")
		s.passes(20 * time.Second)
		s.expectState(consult.InCall) // the media never stopped
		again, err := s.tries(RoomEntry{Actor: sceneActor("doctor"), Participant: id, Admitted: true})
		if err != nil {
			t.Fatal(err)
		}
		snap := again.snapshot()
		if !snap.Resumed || snap.Participant != id || snap.Phase != PhaseIn {
			t.Errorf("resumed %v as %s in phase %s", snap.Resumed, snap.Participant, snap.Phase)
		}
		if len(snap.Chat) != 1 || snap.Chat[0].Text != "can you hear me?" {
			t.Errorf("what was said meanwhile is missing: %+v", snap.Chat)
		}
	})
}

func TestSeatIsGivenUpAfterTheGrace(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		expert, second := s.goesIn("expert"), s.goesIn("second")
		second.hold.Drop()
		s.passes(ResumeGrace - time.Second)
		if _, there := expert.sees()["second"]; !there {
			t.Error("the seat was given up too soon")
		}
		s.passes(2 * time.Second)
		if left := last[RoomLeft](expert); left.Why != "lost" {
			t.Errorf("told %+v, want that the second expert is lost", left)
		}
		s.goesIn("second")
	})
}

func TestSeatIsKeptWhileMediaFlows(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		doctor.mediaGoes(true)
		doctor.hold.Drop()
		s.passes(5 * time.Minute)
		if _, there := expert.sees()["doctor"]; !there {
			t.Error("a doctor whose sound and picture still arrive was thrown out")
		}
		s.expectState(consult.InCall)
		doctor.mediaGoes(false)
		if _, there := expert.sees()["doctor"]; there {
			t.Error("neither socket nor media, and still there")
		}
	})
}

func TestVanishedSideInterruptsAndComesBack(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		doctor.mediaGoes(true)
		expert.mediaGoes(true)
		doctor.mediaGoes(false)
		if link := expert.sees()["doctor"].Link; link != LinkLost {
			t.Errorf("the expert sees the link as %q", link)
		}
		s.passes(apartAfter - time.Second)
		s.expectState(consult.InCall)
		s.passes(2 * time.Second)
		s.expectState(consult.Interrupted)
		expert.expectPhase(PhaseIn)
		doctor.mediaGoes(true)
		s.expectState(consult.InCall)
		want := []string{"interrupt by system", "resume by system"}
		if got := s.desk.did(); !slices.Equal(got, want) {
			t.Errorf("the case saw %q, want %q", got, want)
		}
	})
}

func TestShortBreakInterruptsNothing(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		s.goesIn("expert")
		for range 5 {
			doctor.hold.Drop()
			s.passes(apartAfter - time.Second)
			doctor = s.opens("doctor")
			s.passes(time.Second)
		}
		s.expectState(consult.InCall)
		if did := s.desk.did(); len(did) != 0 {
			t.Errorf("the case saw %q", did)
		}
	})
}

func TestOneOfTwoExpertsLeavingInterruptsNothing(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		s.goesIn("expert")
		s.goesIn("second").hold.Leave()
		s.passes(time.Minute)
		s.expectState(consult.InCall)
	})
}

func TestSlowPageIsNoBrokenCall(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		s.passes(meetWithin - time.Second)
		s.expectState(consult.InCall)
		s.goesIn("expert")
		s.passes(time.Hour)
		s.expectState(consult.InCall)
	})
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		s.passes(meetWithin + time.Second)
		s.expectState(consult.Interrupted)
		s.goesIn("expert")
		s.expectState(consult.InCall)
	})
}

func TestEverybodyGoneInterruptsBeforeTheRoomCloses(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		s.goesIn("expert").hold.Drop()
		s.passes(time.Hour)
		s.expectState(consult.Interrupted)
		if _, live := s.registry.Live(sceneCase); !live {
			t.Error("the doctor is still there, the room is not")
		}
	})
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor").hold.Drop()
		s.goesIn("expert").hold.Drop()
		s.passes(time.Hour)
		s.expectState(consult.Interrupted)
		if _, live := s.registry.Live(sceneCase); live {
			t.Error("nobody is there, the room is")
		}
	})
}

func TestInterruptionIsTriedAgainWhenTheDatabaseComesBack(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		expert := s.goesIn("expert")
		s.databaseGone(errDatabase)
		expert.hold.Drop()
		s.passes(time.Minute)
		s.expectState(consult.InCall)
		s.databaseGone(nil)
		s.passes(retryAfter)
		s.expectState(consult.Interrupted)
	})
}

func TestTokenAfterARestartGivesSeatAndPlaceBack(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		nurse, err := s.tries(RoomEntry{Actor: sceneActor("nurse"), Participant: "seat-of-before", Admitted: true})
		if err != nil {
			t.Fatal(err)
		}
		nurse.expectPhase(PhaseIn)
		if snap := nurse.snapshot(); snap.Participant != "seat-of-before" || snap.Resumed {
			t.Errorf("came back as %s (resumed %v)", snap.Participant, snap.Resumed)
		}
	})
}

func TestCallThatARestartCutOffIsInterruptedIfNobodyComesBack(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.registry.Reopen(sceneCase, "t", s.desk.now())
		s.passes(meetWithin - time.Second)
		s.expectState(consult.InCall)
		s.passes(2 * time.Second)
		s.expectState(consult.Interrupted)
		s.passes(time.Hour)
		if _, live := s.registry.Live(sceneCase); live {
			t.Error("nobody came, and the room is still there")
		}
	})
	play(t, consult.InCall, func(s *scene) {
		s.registry.Reopen(sceneCase, "t", s.desk.now())
		s.goesIn("doctor")
		s.goesIn("expert")
		s.passes(time.Hour)
		s.expectState(consult.InCall)
	})
}

func TestRevokedWhileAwayIsGone(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		doctor.mediaGoes(true)
		doctor.hold.Drop()
		s.registry.Revoked(auth.Revocation{Person: "doctor", Epoch: 9})
		synctest.Wait()
		if _, there := expert.sees()["doctor"]; there {
			t.Error("a revoked person's media goes on because the socket is away")
		}
	})
}
