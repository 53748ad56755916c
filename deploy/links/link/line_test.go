package link

import (
	"context"
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// arrival is a packet that came out of a line, and when after the start.
type arrival struct {
	bytes int
	at    time.Duration
}

// on runs a script against a line in false time and returns what arrived.
func on(t *testing.T, setting Setting, script func(*Line)) (got []arrival, stats Stats) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		line := NewLine(1, func(packet []byte) { got = append(got, arrival{len(packet), time.Since(began)}) })
		if err := line.Set(setting); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			line.Run(ctx)
		}()
		script(line)
		time.Sleep(time.Minute) // false time: everything that can arrive has arrived
		stats = line.Stats()
		cancel()
		<-ended
	})
	return got, stats
}

func TestRateAndDelay(t *testing.T) {
	got, stats := on(t, Setting{Rate: 64, Queue: time.Second, Delay: 150 * time.Millisecond}, func(l *Line) {
		for range 3 {
			l.Put(make([]byte, 800)) // 100 ms each at 64 kbit/s
		}
	})
	want := []arrival{{800, 250 * time.Millisecond}, {800, 350 * time.Millisecond}, {800, 450 * time.Millisecond}}
	if len(got) != len(want) {
		t.Fatalf("%d packets arrived: %v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("packet %d: %v, want %v", i, got[i], want[i])
		}
	}
	if stats.Bytes != 2400 || stats.Packets != 3 {
		t.Errorf("stats say %+v", stats)
	}
}

func TestQueueDropsItsTail(t *testing.T) {
	var standing time.Duration
	got, stats := on(t, Setting{Rate: 64, Queue: time.Second}, func(l *Line) {
		for range 15 {
			l.Put(make([]byte, 800))
		}
		standing = l.Stats().Queue
	})
	if len(got) != 10 || stats.Dropped != 5 {
		t.Errorf("%d arrived and %d were dropped; a second at 64 kbit/s holds ten packets of 800 bytes", len(got), stats.Dropped)
	}
	if standing != time.Second {
		t.Errorf("the full queue is %v long", standing)
	}
	if stats.Queue != 0 {
		t.Errorf("the drained queue is %v long", stats.Queue)
	}
}

func TestQueuedPacketsLeaveAtTheNewRate(t *testing.T) {
	got, _ := on(t, Setting{Rate: 64, Queue: time.Second}, func(l *Line) {
		l.Put(make([]byte, 800))
		l.Put(make([]byte, 800))
		if err := l.Set(Setting{Rate: 640, Queue: time.Second}); err != nil {
			t.Error(err)
		}
	})
	if len(got) != 2 || got[1].at-got[0].at != 10*time.Millisecond {
		t.Errorf("the second packet follows as %v", got)
	}
}

func TestOutageLosesAndEnds(t *testing.T) {
	got, stats := on(t, Setting{}, func(l *Line) {
		l.SetOutage(true)
		l.Put(make([]byte, 100))
		time.Sleep(5 * time.Second)
		l.SetOutage(false)
		l.Put(make([]byte, 200))
	})
	if len(got) != 1 || got[0].bytes != 200 || stats.Lost != 1 {
		t.Errorf("arrived %v, lost %d", got, stats.Lost)
	}
}

func TestLoss(t *testing.T) {
	const packets = 200_000
	for _, one := range []struct {
		name       string
		loss, mean float64
		wantMean   float64 // of packets lost in a row
	}{
		{"random", 0.03, 0, 1 / 0.97},
		{"bursts", 0.1, 4, 4},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := newChance(7)
			lost, runs, before := 0, 0, false
			for range packets {
				now := c.loses(Setting{Loss: one.loss, Burst: one.mean})
				if now {
					lost++
					if !before {
						runs++
					}
				}
				before = now
			}
			if share := float64(lost) / packets; math.Abs(share-one.loss) > 0.1*one.loss {
				t.Errorf("lost %.4f, want %.2f", share, one.loss)
			}
			if mean := float64(lost) / float64(runs); math.Abs(mean-one.wantMean) > 0.1*one.wantMean {
				t.Errorf("%.2f in a row, want %.2f", mean, one.wantMean)
			}
		})
	}
}

func TestSameSeedSameLoss(t *testing.T) {
	a, b := newChance(3), newChance(3)
	for i := range 1000 {
		if s := (Setting{Loss: 0.1, Burst: 4}); a.loses(s) != b.loses(s) {
			t.Fatalf("packet %d differs", i)
		}
	}
}

func TestFirewall(t *testing.T) {
	packet := func(protocol byte, from, to uint16) []byte {
		p := make([]byte, 40)
		p[0], p[9] = 0x45, protocol
		binary.BigEndian.PutUint16(p[20:], from)
		binary.BigEndian.PutUint16(p[22:], to)
		return p
	}
	const udp = 17
	short := packet(protocolTCP, 443, 443)[:22]
	for _, one := range []struct {
		name             string
		packet           []byte
		all, tcp, tcp443 bool
	}{
		{"datagram", packet(udp, 443, 443), true, false, false},
		{"to the server's 443", packet(protocolTCP, 50000, 443), true, true, true},
		{"from the server's 443", packet(protocolTCP, 443, 50000), true, true, true},
		{"another port", packet(protocolTCP, 50000, 8443), true, true, false},
		{"IPv6", []byte{0x60, 1, 2}, true, false, false},
		{"cut in the ports", short, true, true, false},
		{"nothing", nil, true, false, false},
	} {
		for pass, want := range map[Pass]bool{PassAll: one.all, PassTCP: one.tcp, PassTCP443: one.tcp443} {
			if got := pass.lets(one.packet); got != want {
				t.Errorf("%s through %s: %v", one.name, pass, got)
			}
		}
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	for _, s := range []Setting{{Rate: -1}, {Rate: 64}, {Loss: 1}, {Burst: 0.5}, {Pass: "udp"}} {
		if s.Validate() == nil {
			t.Errorf("%+v passes", s)
		}
	}
}
