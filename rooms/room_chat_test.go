package rooms

import (
	"fmt"
	"testing"
	"testing/synctest"

	"consilium/rooms/consult"
)

func TestChatIsKeptAndHeardOnce(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		student := s.opens("student")
		doctor.hold.Say("k1", "the second lead")
		doctor.hold.Say("k2", "is inverted")
		expert.hold.Say("k1", "I see it")
		synctest.Wait()
		for _, p := range []*someone{doctor, expert} {
			heard := every[RoomChat](p)
			if len(heard) != 3 {
				t.Fatalf("heard %d messages, want 3", len(heard))
			}
			for i, m := range heard {
				if m.Seq != int64(i+1) {
					t.Errorf("message %d came at place %d", m.Seq, i+1)
				}
			}
		}
		if n := len(every[RoomChat](student)) + len(student.snapshot().Chat); n != 0 {
			t.Errorf("an observer heard %d messages of the record", n)
		}
		doctor.hold.Say("k1", "the second lead")
		synctest.Wait()
		if n := len(s.desk.chat); n != 3 {
			t.Errorf("%d messages kept, want 3: the same key is one message", n)
		}
	})
}

func TestNewcomerMissesNoMessage(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		for i := range 20 {
			doctor.hold.Say(fmt.Sprint(i), "…")
		}
		expert := s.opens("expert") // while messages are on their way
		for i := range 20 {
			doctor.hold.Say(fmt.Sprint(20+i), "…")
		}
		synctest.Wait()
		next := int64(1)
		for _, m := range append(expert.snapshot().Chat, every[RoomChat](expert)...) {
			if m.Seq != next {
				t.Fatalf("message %d follows %d", m.Seq, next-1)
			}
			next++
		}
		if next != 41 {
			t.Errorf("the last message is %d, want 40", next-1)
		}
	})
}

func TestChatThatCannotBeKeptIsRefused(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		doctor.hold.Say("k", "  \n")
		doctor.expectRefused(RefusedEmpty)
		s.databaseGone(errDatabase)
		doctor.hold.Say("k", "hello")
		doctor.expectRefused(RefusedUnavailable)
		if n := len(every[RoomChat](doctor)); n != 0 {
			t.Errorf("%d messages shown that were not kept", n)
		}
	})
}

func TestMessageSaidOutsideTheRoomIsHeard(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor := s.goesIn("doctor")
		s.registry.Said(sceneCase, RoomChat{Seq: 1, Text: "on my way"})
		synctest.Wait()
		if got := last[RoomChat](doctor).Text; got != "on my way" {
			t.Errorf("heard %q", got)
		}
	})
}

func TestStuckDatabaseDoesNotStopTheRoom(t *testing.T) {
	play(t, consult.InCall, func(s *scene) {
		doctor, expert := s.goesIn("doctor"), s.goesIn("expert")
		stuck := make(chan struct{})
		s.desk.mu.Lock()
		s.desk.stuck = stuck
		s.desk.mu.Unlock()
		doctor.hold.Say("k", "hello")
		doctor.hold.SetMedia(RoomMedia{Microphone: true})
		synctest.Wait()
		if !expert.sees()["doctor"].Media.Microphone {
			t.Error("the room stands still while a message is being kept")
		}
		close(stuck)
		synctest.Wait()
		if got := last[RoomChat](expert).Text; got != "hello" {
			t.Errorf("the message did not arrive: %q", got)
		}
	})
}
