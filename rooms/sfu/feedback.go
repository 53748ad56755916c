package sfu

import (
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

const (
	// feedbackInterval is how often the publisher hears when its packets came,
	// the same as between browsers; as there, a link that bears sound only is spared:
	// a report for each packet of sound would take a fourth of it.
	feedbackInterval = 50 * time.Millisecond
	feedbackSpared   = 250 * time.Millisecond
	// feedbackBatch forces a report earlier when many packets came.
	feedbackBatch = 100
)

// arrivalFeedback is the receiving half of transport-wide congestion control:
// it notes when packets of any stream of a connection arrive (retransmissions
// and probes too) and reports it to the browser, whose bandwidth estimate lives on
// it. It has no goroutine: the packets are its clock.
type arrivalFeedback struct {
	began    time.Time
	recorder *twcc.Recorder
	sent     time.Time
	noted    int
}

func newArrivalFeedback() arrivalFeedback {
	return arrivalFeedback{began: time.Now(), recorder: twcc.NewRecorder(rand.Uint32())}
}

// note takes a packet in and returns what to report now.
func (a *arrivalFeedback) note(ssrc uint32, number uint16, spared bool, now time.Time) []rtcp.Packet {
	interval := feedbackInterval
	if spared {
		interval = feedbackSpared
	}
	a.recorder.Record(ssrc, number, now.Sub(a.began).Microseconds())
	a.noted++
	if a.noted < feedbackBatch && now.Sub(a.sent) < interval {
		return nil
	}
	a.noted, a.sent = 0, now
	return a.recorder.BuildFeedbackPacket()
}
