package sfu

import (
	"slices"
	"testing"
	"time"
)

var fast = wire{rate: 3_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}

// Who comes to somebody whom nobody has watched, and whose picture was small: it
// begins at once, sound is heard from the first second on, whatever the link, and the
// picture soon is what the link carries.
func TestTheFirstSecondsOnALink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		link  wire
		lost  float64       // share of the sound that finds the queue full in 10 s
		queue time.Duration // the longest
		first time.Duration // until there is a picture
		early int           // of the picture from the fourth second to the tenth, bits/s
		least int           // in the minute after, bits/s
	}{
		{"dsl", dsl, 0, 100 * time.Millisecond, 500 * time.Millisecond, 1_100_000, 1_150_000},
		{"3 Mbit/s", fast, 0, 100 * time.Millisecond, 500 * time.Millisecond, 1_100_000, 1_150_000},
		{"3g", mid, 0.01, queueLong * 2, 600 * time.Millisecond, 140_000, 240_000},
		{"vsat", vsat, 0.03, queueLong * 2, time.Second, 180_000, 330_000},
		{"250 kbit/s", thin, 0.01, 400 * time.Millisecond, 600 * time.Millisecond, 100_000, 140_000},
		{"100 kbit/s", edge, 0.03, 900 * time.Millisecond, time.Second, 30_000, 40_000},
		{"a tenth lost", lossy, 0, 100 * time.Millisecond, time.Second, 900_000, 1_050_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(4) {
				w := newWorld(seed)
				clinic := w.publish("clinic", 1_200_000)
				w.run(10*time.Second + time.Duration(seed)*170*time.Millisecond)
				v := w.watch("expert", c.link, clinic)
				w.run(4 * time.Second)
				before := v.record.bytes
				w.run(6 * time.Second)
				r := v.record
				lost, most := float64(r.soundDropped)/float64(r.sound), slices.Max(r.queue)
				early := (r.bytes - before) * 8 / 6
				v.forget()
				w.run(time.Minute)
				t.Logf("%d of %d packets of sound dropped, queue at most %d ms, picture after %.1f s, %d kbit/s; then queue %d ms (95 %%), %d kbit/s, %d switches",
					r.soundDropped, r.sound, most.Milliseconds(), r.first.Seconds(), early/1000,
					v.record.queue95().Milliseconds(), v.rate()/1000, v.record.switches)
				if lost > c.lost {
					t.Errorf("%.1f %% of the sound finds the queue full", 100*lost)
				}
				if most > c.queue {
					t.Errorf("a queue of %v", most)
				}
				if r.first == 0 || r.first > c.first {
					t.Errorf("the first picture after %v", r.first)
				}
				if early < c.early || v.rate() < c.least {
					t.Errorf("a picture of %d bits/s, then of %d", early, v.rate())
				}
				if v.record.queue95() > queueLong || v.record.switches > 2 {
					t.Errorf("then a queue of %v, %d pauses and resumptions", v.record.queue95(), v.record.switches)
				}
			}
		})
	}
}

// A third person does not make the others' pictures smaller, not even while the
// ramp is between nothing and all; on a link that carries them, both pictures come
// at once in full, and nobody is told that they were paused.
func TestAThirdPersonDisturbsNobody(t *testing.T) {
	for _, c := range []struct {
		name  string
		link  wire
		least int // of the newcomer's pictures from the fifth second on, bits/s
	}{
		{"5 Mbit/s", wire{rate: 5_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}, 2_200_000},
		{"250 kbit/s", thin, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(1)
			clinic, expert := w.publish("clinic", 1_200_000), w.publish("expert", 1_200_000)
			two := []*viewer{w.watch("at the clinic", fast, expert), w.watch("at the expert's", fast, clinic)}
			w.run(15 * time.Second)
			for _, v := range two {
				v.forget()
			}
			third := w.watch("third", c.link, clinic, expert)
			for range 80 {
				w.run(50 * time.Millisecond)
				if clinic.allowed < clinic.most || expert.allowed < expert.most {
					t.Fatalf("the publishers are told %d and %d bits/s", clinic.allowed, expert.allowed)
				}
			}
			first, told := third.record.first, third.record.switches
			third.forget()
			w.run(6 * time.Second)
			for _, v := range two {
				t.Logf("%s: %d kbit/s, queue %d ms (95 %%)", v.id, v.rate()/1000, v.record.queue95().Milliseconds())
				if v.rate() < 1_150_000 || v.record.switches > 0 || v.record.soundDropped > 0 || v.record.settled > 0 {
					t.Errorf("%s is disturbed: %d bits/s, %+v switches, %d packets of sound dropped",
						v.id, v.rate(), v.record.switches, v.record.soundDropped)
				}
			}
			t.Logf("the third: first picture after %.1f s, then %d kbit/s", first.Seconds(), third.rate()/1000)
			if third.rate() < c.least {
				t.Errorf("the third has pictures of %d bits/s", third.rate())
			}
			if c.least > 0 && (first == 0 || first > 3*time.Second || told > 0) {
				t.Errorf("the third sees something after %v, and is told %d times that pictures are paused or go on", first, told)
			}
			if third.record.soundDropped > 0 {
				t.Errorf("%d packets of the third's sound dropped", third.record.soundDropped)
			}
		})
	}
}

// A browser that does not report what comes has no ramp; one that could and does
// not gets everything after some seconds.
func TestTheRampEnds(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var none ramp
	if none.value(now) != unlimited {
		t.Errorf("without reports: %d bits/s", none.value(now))
	}
	r := ramp{applies: true, began: now, rises: now.Add(rampWait), double: rampSlow}
	if got := r.value(now.Add(rampWait / 2)); got != rampStart {
		t.Errorf("at first: %d bits/s", got)
	}
	if got := r.value(now.Add(rampWait + (rampDoublings+1)*rampSlow)); got != unlimited {
		t.Errorf("after all doublings: %d bits/s", got)
	}
	// With reports it is soon beyond two cameras, but not while there is a queue.
	r.reported(false, now.Add(100*time.Millisecond))
	quick := r.value(now.Add(3500 * time.Millisecond))
	r.reported(true, now.Add(time.Second))
	if held := r.value(now.Add(3500 * time.Millisecond)); quick < 2*cameraMost || held >= quick {
		t.Errorf("after 3.5 s: %d bits/s, and %d with a queue on the way", quick, held)
	}
}
