package sfu

import (
	"fmt"
	"testing"
	"time"
)

// two are the layers of the app's camera.
var two = []string{"s", "l"}

var strongLink = wire{rate: 5_000_000, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}

// twoMinutes is what one on a strong link and one on a weak one get of a camera in
// two layers, once that has settled.
func (w *world) twoMinutes(settles time.Duration, link wire) (clinic *studio, strong, weak *viewer) {
	clinic = w.publishLayers("clinic", 1_200_000, two)
	strong, weak = w.watch("strong", strongLink, clinic), w.watch("weak", link, clinic)
	w.run(settles)
	weak.forget()
	strong.forget()
	w.run(2 * time.Minute)
	return clinic, strong, weak
}

// One weak link among strong ones costs nobody anything: its owner gets a smaller
// picture, the others what they had. When the link gets better the large one comes,
// and the smaller is not asked for any more.
func TestOneWeakLinkGetsASmallerLayer(t *testing.T) {
	for _, c := range []struct{ rate, least int }{
		{160_000, 60_000}, {250_000, 130_000}, {400_000, 220_000}, {600_000, 330_000},
	} {
		t.Run(fmt.Sprintf("%d kbit/s", c.rate/1000), func(t *testing.T) {
			t.Parallel()
			w := newWorld(1)
			clinic, strong, weak := w.twoMinutes(20*time.Second, wire{rate: c.rate, queue: 500 * time.Millisecond, delay: 50 * time.Millisecond})
			r := &weak.record
			t.Logf("queue %d ms (95 %%), %d of %d packets of sound dropped, %d kbit/s, %d switches, %d changes of layer, frozen %.1f s; strong %d kbit/s",
				r.queue95().Milliseconds(), r.soundDropped, r.sound, weak.rate()/1000, r.switches, r.layers, r.frozen.Seconds(), strong.rate()/1000)
			if r.queue95() > queueLong || r.soundDropped > r.sound/1000 {
				t.Errorf("a queue of %v, %d packets of sound dropped", r.queue95(), r.soundDropped)
			}
			if weak.rate() < c.least || r.switches+r.layers > 0 || r.frozen > time.Second {
				t.Errorf("a picture of %d bits/s, %d pauses, resumptions and changes of layer, frozen for %v", weak.rate(), r.switches+r.layers, r.frozen)
			}
			if strong.rate() < 1_100_000 || strong.record.switches+strong.record.layers > 0 {
				t.Errorf("the strong one gets %d bits/s, %d changes", strong.rate(), strong.record.switches+strong.record.layers)
			}

			weak.link.rate = 3_000_000
			weak.forget()
			w.run(90 * time.Second)
			t.Logf("then 3 Mbit/s: %d changes of layer, frozen %.1f s", r.layers, r.frozen.Seconds())
			if r.layers != 1 || r.soundDropped > 0 || r.settled > 0 || r.frozen > time.Second {
				t.Errorf("then 3 Mbit/s: %d changes of layer, frozen for %v, %d packets of sound dropped, a queue for %v",
					r.layers, r.frozen, r.soundDropped, r.settled)
			}
			if asked := clinic.asks(); asked != 0 {
				t.Errorf("%d bits/s of the smaller layer are still asked for", asked)
			}
			if r.broken+strong.record.broken > 0 {
				t.Errorf("%d packets do not go on where the one before ended", r.broken+strong.record.broken)
			}
		})
	}
}

// asks is how much of the smallest layer the server has asked for, bits/s.
func (s *studio) asks() int { return s.publications[Camera.index()].limits[0].asked }

// Between two people one layer is enough, the largest: it comes down to what the link
// carries.
func TestTwoPeopleNeedOneLayer(t *testing.T) {
	t.Parallel()
	for _, link := range []wire{dsl, mid, vsat, thin, edge, lossy} {
		w := newWorld(1)
		clinic := w.publishLayers("clinic", 1_200_000, two)
		w.watch("expert", link, clinic)
		for range 600 {
			w.run(200 * time.Millisecond)
			if asked := clinic.asks(); asked > 0 {
				t.Fatalf("on a link of %d bits/s the smaller layer is asked for", link.rate)
			}
		}
	}
}

// A publisher whose uplink does not bear a second layer sends one, and who watches it
// is no worse off than without layers: the picture is paused for the weak link, and
// said to be, once.
func TestALayerThatDoesNotCome(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	clinic := w.publishLayers("clinic", 1_200_000, two)
	clinic.thin = true
	strong := w.watch("strong", strongLink, clinic)
	weak := w.watch("weak", wire{rate: 250_000, queue: 500 * time.Millisecond, delay: 50 * time.Millisecond}, clinic)
	w.run(20 * time.Second)
	weak.forget()
	strong.forget()
	w.run(2 * time.Minute)
	if !weak.conn.lines[1].showsPaused() || weak.record.switches > 0 || weak.record.soundDropped > 0 || weak.record.settled > 0 {
		t.Errorf("paused: %v, %d pauses and resumptions, %d packets of sound dropped",
			weak.conn.lines[1].showsPaused(), weak.record.switches, weak.record.soundDropped)
	}
	if strong.rate() < 1_100_000 || strong.record.switches+strong.record.layers > 0 {
		t.Errorf("the strong one gets %d bits/s, %d changes", strong.rate(), strong.record.switches+strong.record.layers)
	}
	// Once it bears one, the picture comes.
	clinic.thin = false
	w.run(time.Minute)
	weak.forget()
	w.run(30 * time.Second)
	if weak.rate() < 130_000 {
		t.Errorf("when a smaller layer can come: a picture of %d bits/s", weak.rate())
	}
	// And when it comes no more, while the picture of all is small, that does.
	clinic.thin, clinic.most = true, 150_000
	w.run(30 * time.Second)
	weak.forget()
	w.run(30 * time.Second)
	if weak.rate() < 110_000 || weak.record.switches+weak.record.layers > 0 {
		t.Errorf("when only the largest comes, and is small: a picture of %d bits/s, %d changes",
			weak.rate(), weak.record.switches+weak.record.layers)
	}
	if weak.record.broken+strong.record.broken > 0 {
		t.Errorf("%d packets do not go on where the one before ended", weak.record.broken+strong.record.broken)
	}
}

// A browser may send only a smaller layer, from the first moment on or when it has sent
// the largest: VP9 in layers of Chromium's own comes so.
func TestOnlyASmallLayerComes(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	clinic := w.publishLayers("clinic", 1_200_000, two)
	clinic.alone = 300_000
	clinic.encoders[1].feed.live.Store(false)
	expert := w.watch("expert", strongLink, clinic)
	w.run(3 * time.Second)
	expert.forget()
	w.run(10 * time.Second)
	if expert.rate() < 250_000 || expert.record.switches > 0 {
		t.Errorf("a picture of %d bits/s, %d pauses and resumptions", expert.rate(), expert.record.switches)
	}
	clinic.alone = 0
	w.run(30 * time.Second)
	expert.forget()
	w.run(10 * time.Second)
	if expert.rate() < 1_000_000 {
		t.Errorf("when the largest comes too: a picture of %d bits/s", expert.rate())
	}
	clinic.alone = 300_000
	w.run(5 * time.Second)
	expert.forget()
	w.run(10 * time.Second)
	if expert.rate() < 250_000 || expert.record.switches > 0 || expert.record.broken > 0 {
		t.Errorf("when it comes no more: a picture of %d bits/s, %d pauses and resumptions, %d packets that do not go on",
			expert.rate(), expert.record.switches, expert.record.broken)
	}
}

// What a link has for two paused pictures may be too little for each of them, and yet
// enough for one: that comes back.
func TestOneOfTwoPausedPicturesComesBack(t *testing.T) {
	for rate := 160_000; rate <= 400_000; rate += 30_000 {
		t.Run(fmt.Sprintf("%d kbit/s", rate/1000), func(t *testing.T) {
			t.Parallel()
			w := newWorld(1)
			one, other := w.publishLayers("one", 1_200_000, two), w.publishLayers("other", 1_200_000, two)
			one.thin, other.thin = true, true
			strong := w.watch("strong", strongLink, one, other)
			weak := w.watch("weak", wire{rate: rate, queue: 500 * time.Millisecond, delay: 75 * time.Millisecond}, one, other)
			w.run(20 * time.Second)
			one.thin, other.thin = false, false
			w.run(time.Minute)
			weak.forget()
			w.run(time.Minute)
			r := &weak.record
			t.Logf("%d kbit/s, %d switches; strong %d kbit/s", weak.rate()/1000, r.switches, strong.rate()/1000)
			if weak.rate() < videoFloor || r.switches > 1 || r.soundDropped > r.sound/500 {
				t.Errorf("pictures of %d bits/s, %d pauses and resumptions, %d packets of sound dropped",
					weak.rate(), r.switches, r.soundDropped)
			}
			if strong.rate() < 2_200_000 {
				t.Errorf("the strong one gets %d bits/s", strong.rate())
			}
		})
	}
}

// Whatever a link carries between nothing and all, layers do not come and go.
func TestLayersDoNotComeAndGo(t *testing.T) {
	for rate := 150_000; rate <= 2_500_000; rate += rate / 3 {
		t.Run(fmt.Sprintf("%d kbit/s", rate/1000), func(t *testing.T) {
			t.Parallel()
			w := newWorld(2)
			_, strong, weak := w.twoMinutes(30*time.Second, wire{rate: rate, queue: 300 * time.Millisecond, delay: 30 * time.Millisecond, loss: 0.01})
			r := &weak.record
			t.Logf("%d kbit/s: queue %d ms (95 %%), %d of %d packets of sound dropped, %d kbit/s, %d switches, %d changes of layer, frozen %.1f s; strong %d kbit/s",
				rate/1000, r.queue95().Milliseconds(), r.soundDropped, r.sound, weak.rate()/1000, r.switches, r.layers, r.frozen.Seconds(), strong.rate()/1000)
			if r.broken+strong.record.broken > 0 {
				t.Errorf("%d bits/s: %d packets do not go on where the one before ended", rate, r.broken+strong.record.broken)
			}
			if r.layers > 2 || r.switches > 2 || strong.record.layers > 0 {
				t.Errorf("%d bits/s: %d changes of layer, %d pauses and resumptions, and %d at the strong one",
					rate, r.layers, r.switches, strong.record.layers)
			}
		})
	}
}

// Who comes to somebody that sends a small layer anyway begins with that one.
func TestANewcomerBeginsSmall(t *testing.T) {
	w := newWorld(1)
	clinic := w.publishLayers("clinic", 1_200_000, two)
	w.watch("strong", strongLink, clinic)
	w.watch("weak", wire{rate: 250_000, queue: 500 * time.Millisecond, delay: 50 * time.Millisecond}, clinic)
	w.run(40 * time.Second)
	if clinic.asks() == 0 {
		t.Fatal("the weak one does not get a smaller layer")
	}
	v := w.watch("third", strongLink, clinic)
	w.run(20 * time.Second)
	t.Logf("the third: first picture after %.2f s, %d changes of layer, largest: %v", v.record.first.Seconds(), v.record.layers, v.conn.lines[1].pause.layer == 1)
	if v.record.first == 0 || v.record.first > time.Second || v.record.switches > 0 || v.record.layers != 2 || v.conn.lines[1].pause.layer != 1 {
		t.Errorf("the third's first picture comes after %v, %d pauses and resumptions, %d changes of layer",
			v.record.first, v.record.switches, v.record.layers)
	}
}
