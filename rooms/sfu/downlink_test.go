package sfu

import (
	"testing"
	"time"
)

// Links as they are met, towards the one who watches.
var (
	dsl   = wire{rate: 2_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}
	mid   = wire{rate: 384_000, queue: 500 * time.Millisecond, delay: 75 * time.Millisecond, loss: 0.01}
	vsat  = wire{rate: 512_000, queue: 500 * time.Millisecond, delay: 300 * time.Millisecond}
	thin  = wire{rate: 250_000, queue: 500 * time.Millisecond, delay: 20 * time.Millisecond}
	edge  = wire{rate: 100_000, queue: time.Second, delay: 150 * time.Millisecond, loss: 0.03}
	lossy = wire{rate: 2_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond, loss: 0.1}
)

// A link is filled as far as it goes and no further: its queue gets short and
// stays so, sound passes, and the picture does not come and go.
func TestALinkIsFilledAndNotOverfilled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		link  wire
		least int // of the picture, bits/s
	}{
		{"dsl", dsl, 1_000_000},
		{"3g", mid, 240_000},
		{"vsat", vsat, 330_000},
		{"250 kbit/s", thin, 150_000},
		{"100 kbit/s", edge, 45_000},
		{"a tenth lost", lossy, 900_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(1)
			v := w.watch("expert", c.link, w.publish("clinic", 1_200_000))
			w.run(15 * time.Second)
			settled := v.record.settled
			v.forget()
			w.run(2 * time.Minute)
			r := &v.record
			t.Logf("settled after %.1f s, then: queue %d ms (95 %%), picture %d kbit/s, %.1f switches/min",
				settled.Seconds(), r.queue95().Milliseconds(), v.rate()/1000, float64(r.switches)/2)
			if settled > 10*time.Second {
				t.Errorf("the queue takes %v to get short", settled)
			}
			if q := r.queue95(); q > queueLong {
				t.Errorf("a queue of %v", q)
			}
			if r.soundDropped > r.sound/1000 {
				t.Errorf("%d packets of sound find the queue full", r.soundDropped)
			}
			if r.switches > 4 {
				t.Errorf("the picture is paused or resumed %d times", r.switches)
			}
			if v.rate() < c.least {
				t.Errorf("a picture of %d bits/s, less than %d", v.rate(), c.least)
			}
		})
	}
}

// One weak link among strong ones costs its owner the picture and the others
// nothing. What finds out whether the picture would fit again does not touch
// sound; when the link gets better, the picture comes back.
func TestOneWeakLinkAmongStrongOnes(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{100_000, 160_000, 250_000} {
		w := newWorld(1)
		clinic := w.publish("clinic", 1_200_000)
		strong := w.watch("strong", wire{rate: 5_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}, clinic)
		weak := w.watch("weak", wire{rate: rate, queue: 500 * time.Millisecond, delay: 50 * time.Millisecond}, clinic)
		w.run(15 * time.Second)
		if q := weak.link.queued(); q > queueLong {
			t.Errorf("%d bits/s: a queue of %v", rate, q)
		}
		weak.forget()
		strong.forget()
		w.run(2 * time.Minute)
		r := &weak.record
		t.Logf("%d kbit/s: queue %d ms (95 %%), %d switches", rate/1000, r.queue95().Milliseconds(), r.switches)
		if r.settled > 0 {
			t.Errorf("%d bits/s: a queue of more than %v", rate, queueLong)
		}
		if r.soundDropped > 0 || r.switches > 0 {
			t.Errorf("%d bits/s: %d packets of sound dropped, %d pauses and resumptions", rate, r.soundDropped, r.switches)
		}
		if strong.rate() < 1_100_000 || strong.record.switches > 0 {
			t.Errorf("%d bits/s: the strong one gets %d bits/s", rate, strong.rate())
		}

		weak.link.rate = 3_000_000
		weak.forget()
		w.run(90 * time.Second)
		t.Logf("%d kbit/s, then 3 Mbit/s: the picture is back after %.1f s", rate/1000, r.resumed.Seconds())
		if r.switches != 1 || r.resumed > time.Minute {
			t.Errorf("%d bits/s, then 3 Mbit/s: %d switches, the last after %v", rate, r.switches, r.resumed)
		}
		if r.soundDropped > 0 || r.settled > 0 {
			t.Errorf("%d bits/s, then 3 Mbit/s: a queue, and %d packets of sound dropped", rate, r.soundDropped)
		}
	}
}

// A browser that is short of time reads late what came in time. That is no full
// link: its picture stays. A link that is full too is still seen.
func TestABusyMachineIsNoFullLink(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		for _, c := range []struct {
			link         wire
			early, least int           // of the picture, bits/s
			queue        time.Duration // on the link
			switches     int
		}{
			{fast, 450_000, 900_000, queueCalm, 0},
			{thin, 55_000, 55_000, 400 * time.Millisecond, 2},
		} {
			w := newWorld(seed)
			v := w.watch("expert", c.link, w.publish("clinic", 1_200_000))
			v.busy()
			w.run(15 * time.Second)
			early := v.rate()
			v.forget()
			w.run(2 * time.Minute)
			r := &v.record
			t.Logf("%d kbit/s: a picture of %d, then of %d, queue %d ms (95 %%), %d switches",
				c.link.rate/1000, early/1000, v.rate()/1000, r.queue95().Milliseconds(), r.switches)
			if early < c.early || v.rate() < c.least || r.switches > c.switches {
				t.Errorf("a picture of %d bits/s, then of %d, %d pauses and resumptions", early, v.rate(), r.switches)
			}
			if q := r.queue95(); q > c.queue {
				t.Errorf("a queue of %v", q)
			}
		}
	}
}

// Whose picture is about to be paused does not let the publisher free: its full voice
// and picture would come just when the link is full.
func TestAPauseLetsNobodyFree(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(seed)
		clinic := w.publish("clinic", 1_200_000)
		w.run(10 * time.Second)
		v := w.watch("expert", wire{rate: 60_000, queue: time.Second, delay: 150 * time.Millisecond, loss: 0.01}, clinic)
		w.run(20 * time.Second)
		v.forget()
		for range 1200 {
			w.run(100 * time.Millisecond)
			if clinic.allowed > frugally {
				t.Fatalf("after %v the publisher is told %d bits/s", w.now.Sub(v.record.began), clinic.allowed)
			}
		}
	}
}

func TestALinkThatChanges(t *testing.T) {
	w := newWorld(1)
	link := dsl
	link.queue = 500 * time.Millisecond
	v := w.watch("expert", link, w.publish("clinic", 1_200_000))
	w.run(20 * time.Second)
	v.link.rate = 200_000
	v.forget()
	w.run(time.Minute)
	t.Logf("2 Mbit/s, then 200 kbit/s: the queue is short after %.1f s", v.record.settled.Seconds())
	if v.record.settled > 10*time.Second {
		t.Errorf("the queue takes %v to get short", v.record.settled)
	}
	if v.record.switches > 2 || v.rate() < 90_000 {
		t.Errorf("%d pauses and resumptions, %d bits/s", v.record.switches, v.rate())
	}
	v.link.rate = 2_000_000
	w.run(75 * time.Second)
	v.forget()
	w.run(10 * time.Second)
	if v.rate() < 1_000_000 {
		t.Errorf("75 s after the link got better the picture has %d bits/s", v.rate())
	}
}

// Everybody in a room of six has a downlink for some of the others' pictures.
func TestARoomOfSixOnAMiddlingLink(t *testing.T) {
	w := newWorld(1)
	var others []*studio
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		others = append(others, w.publish(id, 1_200_000))
	}
	v := w.watch("f", wire{rate: 1_000_000, queue: 300 * time.Millisecond, delay: 40 * time.Millisecond}, others...)
	w.run(15 * time.Second)
	v.forget()
	w.run(time.Minute)
	if q := v.record.queue95(); q > queueLong || v.record.soundDropped > v.record.sound/1000 {
		t.Errorf("a queue of %v, %d packets of sound dropped", q, v.record.soundDropped)
	}
	if v.record.switches > 6 || v.rate() < 450_000 {
		t.Errorf("%d pauses and resumptions, %d bits/s", v.record.switches, v.rate())
	}
}

// Until the key frame that was asked for comes, every packet calls for it. It
// answers them all: on a thin link a second one would stand before the sound.
func TestAKeyFrameComesOnce(t *testing.T) {
	w := newWorld(1)
	clinic := w.publish("clinic", 40_000) // five frames per second
	w.run(10 * time.Second)
	before := clinic.keyFrames
	v := w.watch("expert", dsl, clinic)
	w.run(3 * time.Second)
	if n := clinic.keyFrames - before; n != 1 || v.record.first == 0 {
		t.Errorf("%d key frames, the picture comes after %v", n, v.record.first)
	}
}

// After a gap that cannot be repaired the publisher is asked for a key frame,
// once, though every packet that follows calls for it.
func TestAGapBringsAKeyFrame(t *testing.T) {
	for _, gap := range []time.Duration{200 * time.Millisecond, 5 * time.Second} {
		w := newWorld(1)
		clinic := w.publish("clinic", 600_000)
		w.watch("expert", dsl, clinic)
		w.run(10 * time.Second)
		before := clinic.keyFrames
		clinic.silent = true
		w.run(gap)
		clinic.silent = false
		w.run(3 * time.Second)
		if n := clinic.keyFrames - before; n != 1 {
			t.Errorf("%v without packets: %d key frames", gap, n)
		}
	}
}
