//go:build linux

package sfu

import (
	"os"
	"runtime"
	"strconv"
	"testing"
)

// joinsVariable asks for more joins than the few of every run.
const joinsVariable = "SFU_JOINS"

// holdings is what a process holds on to.
type holdings struct {
	goroutines, descriptors int
	heap                    uint64
}

func held(t *testing.T) holdings {
	t.Helper()
	runtime.GC()
	runtime.GC() // what pools kept goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return holdings{runtime.NumGoroutine(), len(open), m.HeapAlloc}
}

// Whoever has left leaves nothing behind.
func TestLeaversLeaveNothingBehind(t *testing.T) {
	joins := 20
	if text := os.Getenv(joinsVariable); text != "" {
		n, err := strconv.Atoi(text)
		must(t, err)
		joins = n
	}
	r := listen(t).NewRoom()
	stays := join(t, r, "stays", clientOptions{pairs: 1, listenOnly: true})
	comeAndGo := func(times int) {
		for range times {
			t.Run("", func(t *testing.T) {
				guest := join(t, r, "guest", clientOptions{pairs: 1})
				eventually(t, "the guest is heard", func() bool {
					mid := stays.on("guest", Microphone)
					return mid != "" && stays.count(mid, "guest microphone") > 0
				})
				guest.peer.Close()
			})
			stays.mu.Lock()
			clear(stays.heard) // the test's own memory
			stays.mu.Unlock()
		}
	}
	comeAndGo(3)
	var before holdings
	eventually(t, "the first guests are gone", func() bool {
		now := held(t)
		settled := now.goroutines == before.goroutines && now.descriptors == before.descriptors
		before = now
		return settled
	})
	comeAndGo(joins)
	// However many came: a leak is at least one goroutine or descriptor per join, and
	// a connection that stays holds some hundred kilobytes. Less is the noise of the
	// one who stays.
	const few, slack = 8, 1 << 20
	var after holdings
	defer func() { t.Logf("%d joins and leaves: %+v before, %+v after", joins, before, after) }()
	eventually(t, "all guests are gone", func() bool {
		after = held(t)
		return after.goroutines <= before.goroutines+few && after.descriptors <= before.descriptors+few && after.heap <= before.heap+slack
	})
}
