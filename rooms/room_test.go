package rooms

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"consilium/auth"
	"consilium/rooms/consult"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScheduledConsultFromLobbyToCall(t *testing.T) {
	play(t, consult.Ready, func(s *scene) {
		doctor := s.opens("doctor")
		doctor.expectPhase(PhaseLobby)
		doctor.hold.Knock()
		doctor.expectPhase(PhaseWaiting)
		s.expectState(consult.Waiting)

		expert := s.opens("expert")
		if waiting := expert.snapshot().Roster[0]; waiting.Name != "Name of doctor" || waiting.Phase != PhaseWaiting || waiting.Since.IsZero() {
			t.Errorf("the expert does not see who waits and since when: %+v", waiting)
		}
		expert.hold.Knock()
		expert.expectPhase(PhaseIn)
		doctor.expectPhase(PhaseWaiting)

		expert.hold.Admit(doctor.snapshot().Participant)
		doctor.expectPhase(PhaseIn)
		s.expectState(consult.InCall)
		if by := last[RoomPhaseChanged](doctor).By; by != expert.snapshot().Participant {
			t.Errorf("admitted by %q, want the expert", by)
		}
		if got := last[RoomCaseChanged](doctor).Case.State; got != consult.InCall {
			t.Errorf("the doctor was told that the case is %q", got)
		}
		want := []string{"arrive by doctor", "arrive by expert", "admit by expert"}
		if got := s.desk.did(); !slices.Equal(got, want) {
			t.Errorf("the case saw %q, want %q", got, want)
		}
	})
}

func TestAdmittingFasterThanTheKnockIsKept(t *testing.T) {
	play(t, consult.Waiting, func(s *scene) {
		expert := s.goesIn("expert")
		doctor := s.opens("doctor")
		stuck := make(chan struct{})
		s.desk.mu.Lock()
		s.desk.stuck = stuck
		s.desk.mu.Unlock()
		doctor.hold.Knock()
		expert.hold.Admit(doctor.snapshot().Participant)
		synctest.Wait()
		close(stuck)
		doctor.expectPhase(PhaseIn)
		s.expectState(consult.InCall)
		did := s.desk.did()
		if slices.Index(did, "arrive by doctor") > slices.Index(did, "admit by expert") || !slices.Contains(did, "arrive by doctor") {
			t.Errorf("the case saw %q", did)
		}
	})
}

func TestKnockBeforeTheCaseIsReadyWaits(t *testing.T) {
	play(t, consult.Scheduled, func(s *scene) {
		expert := s.opens("expert")
		expert.hold.Knock()
		expert.expectPhase(PhaseWaiting)
		s.turns(consult.Ready, nil)
		expert.expectPhase(PhaseIn)
		s.expectState(consult.Waiting)
	})
}

func TestDoorsThatAreNotOpenYetAreTriedAgain(t *testing.T) {
	play(t, consult.Ready, func(s *scene) {
		s.desk.refuse[consult.Arrive] = &consult.Error{Code: consult.GuardTime, Message: "too early"}
		doctor := s.opens("doctor")
		doctor.hold.Knock()
		doctor.expectPhase(PhaseWaiting)
		s.expectState(consult.Ready)
		s.desk.mu.Lock()
		delete(s.desk.refuse, consult.Arrive)
		s.desk.mu.Unlock()
		s.passes(retryAfter)
		s.expectState(consult.Waiting)
	})
}

func TestEmergencyAcceptanceAdmits(t *testing.T) {
	play(t, consult.Invited, func(s *scene) {
		s.desk.state.StartNow = true
		s.desk.seats["expert"] = auth.SeatInvited
		doctor := s.opens("doctor")
		doctor.hold.Knock()
		doctor.expectPhase(PhaseWaiting)
		if _, err := s.tries(RoomEntry{Actor: sceneActor("expert")}); err == nil {
			t.Error("an expert who has not accepted got into the room")
		}
		s.turns(consult.InCall, func(d *paperDesk) { d.seats["expert"] = auth.SeatExpert })
		doctor.expectPhase(PhaseIn)
		s.goesIn("expert")
		s.passes(time.Hour)
		s.expectState(consult.InCall)
	})
}

func TestWhoMayEnter(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		if _, err := s.tries(RoomEntry{Actor: sceneActor("stranger")}); err != errHidden {
			t.Errorf("a stranger is answered %v, want what a missing case answers", err)
		}
	})
	for _, state := range []consult.State{consult.Draft, consult.Invited, consult.OpinionDue, consult.Cancelled} {
		play(t, state, func(s *scene) {
			if _, err := s.tries(RoomEntry{Actor: sceneActor("doctor")}); err == nil {
				t.Errorf("a case that is %s has a room", state)
			}
		})
	}
}

func TestObserverHasNoMicrophone(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		expert := s.goesIn("expert")
		student := s.opens("student")
		student.hold.Knock()
		student.expectPhase(PhaseWaiting)
		expert.hold.Admit(student.snapshot().Participant)
		student.expectPhase(PhaseIn)
		if may := student.snapshot().May; len(may) != 0 {
			t.Errorf("an observer may %q", may)
		}
		student.hold.SetMedia(RoomMedia{Microphone: true, Camera: true, Screen: true})
		synctest.Wait()
		if media := expert.sees()["student"].Media; media != (RoomMedia{}) {
			t.Errorf("an observer sends %+v", media)
		}
		student.hold.EndForAll()
		student.expectRefused(RefusedNotAllowed)
		student.hold.Say("k", "hello")
		student.expectRefused(RefusedNotAllowed)
		s.expectState(consult.InCall)
	})
}

func TestMediaStateIsSeenByAll(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		doctor.hold.SetMedia(RoomMedia{Microphone: true, Screen: true})
		synctest.Wait()
		if got, want := expert.sees()["doctor"].Media, (RoomMedia{Microphone: true, Screen: true}); got != want {
			t.Errorf("the expert sees %+v, want %+v", got, want)
		}
		s.expectNotes("doctor joined", "expert joined", "doctor presented")
	})
}

func TestLinkIsOneWord(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		for _, c := range []struct {
			report LinkReport
			want   RoomLink
		}{
			{LinkReport{RTT: 40}, LinkGood},
			{LinkReport{RTT: 590}, LinkFair},
			{LinkReport{RTT: 590, LossUp: 0.2}, LinkPoor},
			{LinkReport{RTT: 40, LossDown: 0.05}, LinkFair},
		} {
			doctor.hold.Report(c.report)
			synctest.Wait()
			if got := expert.sees()["doctor"].Link; got != c.want {
				t.Errorf("%+v is called %q, want %q", c.report, got, c.want)
			}
		}
		before := len(every[RoomUpdated](expert))
		for range 50 {
			doctor.hold.Report(LinkReport{RTT: 45, LossDown: 0.05})
		}
		synctest.Wait()
		if n := len(every[RoomUpdated](expert)) - before; n > 1 {
			t.Errorf("50 reports that say the same made %d updates", n)
		}
	})
}

func TestEndForAll(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		late := s.opens("nurse")
		expert.hold.EndForAll()
		s.expectState(consult.OpinionDue)
		for _, p := range []*someone{doctor, expert, late} {
			p.expectClosed(ClosedEnded)
			if by := last[RoomEnded](p).By; by.Name != "Name of expert" {
				t.Errorf("ended by %q", by)
			}
		}
		if _, live := s.registry.Live(sceneCase); live {
			t.Error("the room is still there")
		}
		s.expectNotes("doctor joined", "expert joined", "doctor left", "expert left")
	})
}

func TestCaseThatEndsElsewhereEndsTheRoom(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		s.turns(consult.Async, nil)
		doctor.expectClosed(ClosedEnded)
	})
}

func TestLeavingLeavesTheCase(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		second := s.goesIn("second")
		second.hold.Leave()
		second.expectClosed(ClosedLeft)
		if left := last[RoomLeft](doctor); left.Why != "left" || left.Participant != second.snapshot().Participant {
			t.Errorf("the doctor was told %+v", left)
		}
		if _, there := expert.sees()["second"]; there {
			t.Error("who left is still on the roster")
		}
		s.passes(time.Minute)
		s.expectState(consult.InCall)
		s.goesIn("second")
	})
}

func TestEightPeopleAreEnough(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		var others []*someone
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			s.desk.seats[name] = auth.SeatExpert
			others = append(others, s.goesIn(name))
		}
		ninth := s.opens("expert")
		ninth.hold.Knock()
		ninth.expectRefused(RefusedFull)
		ninth.expectPhase(PhaseWaiting)
		others[0].hold.Leave()
		ninth.expectPhase(PhaseIn)
	})
}

func TestAdmissionIsAnExpertsFromInside(t *testing.T) {
	play(t, consult.Waiting, func(s *scene) {
		doctor := s.opens("doctor")
		doctor.hold.Knock()
		id := func() string { return doctor.snapshot().Participant }
		nurse := s.opens("nurse")
		nurse.hold.Admit(id())
		nurse.expectRefused(RefusedNotAllowed)
		expert := s.opens("expert")
		expert.hold.Admit(id())
		expert.expectRefused(RefusedNotAdmitted)
		expert.hold.Knock()
		expert.hold.Admit("nobody")
		expert.expectRefused(RefusedNoParticipant)
		s.desk.refuse[consult.Admit] = &consult.Error{Code: consult.GuardConsent, Message: "no consent"}
		expert.hold.Admit(id())
		expert.expectRefused(RefusedConsent)
		doctor.expectPhase(PhaseWaiting)
		s.expectState(consult.Waiting)
	})
}

func TestSeatTakenAwayEndsTheSocket(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		s.turns(consult.InCall, func(d *paperDesk) { delete(d.seats, "expert") })
		expert.expectClosed(ClosedRemoved)
		if why := last[RoomLeft](doctor).Why; why != "removed" {
			t.Errorf("the doctor was told %q", why)
		}
	})
}

func TestRightsFollowTheCase(t *testing.T) {
	play(t, consult.Scheduled, func(s *scene) {
		doctor := s.opens("doctor")
		if slices.Contains(doctor.snapshot().May, MayEnd) {
			t.Error("a call that has not begun can be ended")
		}
		s.turns(consult.Ready, nil)
		if !slices.Contains(last[RoomPhaseChanged](doctor).May, MayEnd) {
			t.Error("the doctor was not told of the new right")
		}
		doctor.expectPhase(PhaseLobby)
	})
}

func TestRevocationEndsWhatThePersonHas(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		s.registry.Revoked(auth.Revocation{Person: "expert", Session: "another session"})
		s.registry.Revoked(auth.Revocation{Person: "expert", Epoch: 1})
		expert.expectClosed("")
		s.registry.Revoked(auth.Revocation{Person: "expert", Epoch: 2})
		expert.expectClosed(ClosedRevoked)
		s.registry.Revoked(auth.Revocation{Person: "doctor", Session: "session-doctor"})
		doctor.expectClosed(ClosedRevoked)
	})
}

func TestGrantThatEndedEndsTheSeat(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		expert := s.goesIn("expert")
		actor := sceneActor("expert")
		actor.Grants = nil
		expert.hold.Renew(actor)
		expert.expectClosed(ClosedRemoved)
	})
}

func TestStoppingServerSendsEverybodyElsewhere(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		s.registry.Close()
		doctor.expectClosed(ClosedDrain)
		s.expectState(consult.InCall)
		if _, err := s.tries(RoomEntry{Actor: sceneActor("doctor")}); err != errDraining {
			t.Errorf("a stopping server answers %v", err)
		}
	})
}

func TestEmptyRoomGoesAway(t *testing.T) {
	play(t, consult.Ready, func(s *scene) {
		s.opens("doctor").hold.Leave()
		s.passes(emptyAfter - time.Second)
		if _, live := s.registry.Live(sceneCase); !live {
			t.Error("the room went too soon")
		}
		s.passes(2 * time.Second)
		if _, live := s.registry.Live(sceneCase); live {
			t.Error("the room is still there")
		}
	})
}

func TestBoardSeesTheRoom(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		synctest.Wait()
		status, live := s.registry.Live(sceneCase)
		if !live || len(status.People) != 1 || status.People[0].Phase != PhaseIn {
			t.Errorf("the board sees %+v", status)
		}
		if n := len(s.registry.All("t")); n != 1 {
			t.Errorf("%d rooms of the partnership, want 1", n)
		}
		if n := len(s.registry.All("another")); n != 0 {
			t.Errorf("another partnership sees %d rooms", n)
		}
	})
}

func TestBookedAnewEverybodyWaitsAgain(t *testing.T) {
	play(t, consult.Waiting, func(s *scene) {
		doctor := s.opens("doctor")
		doctor.hold.Knock()
		expert := s.goesIn("expert")
		s.turns(consult.Scheduled, nil)
		expert.expectPhase(PhaseWaiting)
		expert.hold.Admit(doctor.snapshot().Participant)
		expert.expectRefused(RefusedNotAdmitted)
		doctor.expectPhase(PhaseWaiting)
		s.passes(20 * time.Minute)

		s.turns(consult.Ready, nil) // prepared anew: both are still at the door
		s.expectState(consult.Waiting)
		expert.expectPhase(PhaseIn)
		doctor.expectPhase(PhaseWaiting)
		expert.hold.Admit(doctor.snapshot().Participant)
		doctor.expectPhase(PhaseIn)
		s.expectState(consult.InCall)
		s.expectNotes("expert joined", "expert left", "expert joined", "doctor joined")
	})
}

func TestSeatTakenAwayWhileTheDatabaseWasAway(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		expert := s.goesIn("expert")
		s.databaseGone(errDatabase)
		s.turns(consult.InCall, func(d *paperDesk) { delete(d.seats, "expert") })
		expert.expectClosed("")
		s.databaseGone(nil)
		s.passes(retryAfter)
		expert.expectClosed(ClosedRemoved)
	})
}

func TestGuestWhoIsInvitedAgainIsLetInAgain(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		s.goesIn("doctor")
		expert, student := s.goesIn("expert"), s.opens("student")
		student.hold.Knock()
		expert.hold.Admit(student.snapshot().Participant)
		student.expectPhase(PhaseIn)
		s.turns(consult.InCall, func(d *paperDesk) { delete(d.seats, "student") })
		student.expectClosed(ClosedRemoved)
		s.turns(consult.InCall, func(d *paperDesk) { d.seats["student"] = auth.SeatObserver })
		student = s.opens("student")
		student.hold.Knock()
		student.expectPhase(PhaseWaiting)
	})
}
