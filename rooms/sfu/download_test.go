package sfu

import (
	"testing"
	"time"
)

// download is a file that comes over a link beside a call, as TCP brings it: it
// fills the queue until something is lost (RFC 5681).
type download struct {
	link      *wire
	left      int // segments that have not been sent
	flying    int
	window    float64
	threshold float64
	eased     time.Time // the window was halved
	done      time.Time
}

// segment is a full one, bytes, and windowFirst what is sent before anything is
// acknowledged (RFC 6928).
const (
	segment     = 1448
	windowFirst = 10
)

func (w *world) download(link *wire, size int) *download {
	d := &download{link: link, left: (size + segment - 1) / segment, window: windowFirst, threshold: 1000}
	w.after(0, d.send)
	return d
}

func (d *download) send() {
	for d.left > 0 && float64(d.flying) < d.window {
		d.left--
		d.flying++
		came := false
		late := d.link.queued() + 2*d.link.delay + 300*time.Millisecond
		d.link.carry(segment, func() {
			came = true
			d.link.world.after(d.link.delay, d.acknowledged)
		})
		d.link.world.after(late, func() {
			if !came {
				d.lost()
			}
		})
	}
	if d.left == 0 && d.flying == 0 {
		d.done = d.link.world.now
	}
}

func (d *download) acknowledged() {
	d.flying--
	if d.window < d.threshold {
		d.window++
	} else {
		d.window += 1 / d.window
	}
	d.send()
}

func (d *download) lost() {
	d.flying--
	d.left++
	if now := d.link.world.now; now.Sub(d.eased) > 2*d.link.delay {
		d.window = max(d.window/2, 2)
		d.threshold, d.eased = d.window, now
	}
	d.send()
}

// A file that comes beside a call on a thin link takes the picture's place for a
// moment, and no longer: what the link carried before is tried soon.
func TestAFileBesideACall(t *testing.T) {
	const seeds = 8
	var away time.Duration
	for seed := range uint64(seeds) {
		w := newWorld(seed)
		clinic := w.publish("clinic", 1_200_000)
		w.run(10 * time.Second)
		v := w.watch("expert", edge, clinic)
		w.run(15 * time.Second)
		file := w.download(v.link, 25_000)
		began := w.now
		v.forget()
		paused := time.Duration(0)
		for range 300 {
			w.run(100 * time.Millisecond)
			if v.paused[v.conn.lines[1]] {
				paused += 100 * time.Millisecond
			}
		}
		t.Logf("the file took %.1f s; the picture was away for %.1f s, and has %d kbit/s",
			file.done.Sub(began).Seconds(), paused.Seconds(), v.rate()/1000)
		if file.done.IsZero() {
			t.Fatal("the file did not come")
		}
		away += paused
	}
	if mean := away / seeds; mean > 10*time.Second {
		t.Errorf("the picture is away for %v on average", mean)
	}
}
