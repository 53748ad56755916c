package rooms

import (
	"testing"
	"time"
)

func TestSessionSummaryIsReadAsItWasWritten(t *testing.T) {
	note := SessionNote{
		What: "left", Lasted: 61 * time.Second, RTT: 312, Loss: 0.031, Path: "relay", Freezes: 4,
		RateUp: 58, RateDown: 97, Concealed: 0.042, Reconnects: 2,
	}
	lasted, link := summarised(summarise(note))
	want := SessionLink{RTT: 312, Loss: 0.031, RateUp: 58, RateDown: 97, Concealed: 0.042, Freezes: 4, Reconnects: 2, Path: "relay"}
	if lasted != 61 || link == nil || *link != want {
		t.Errorf("read %d s and %+v, want 61 s and %+v", lasted, link, want)
	}
}

func TestSessionSummaryWithoutMeasurements(t *testing.T) {
	for summary, want := range map[string]int{
		"": 0, "ward round": 0,
		summarise(SessionNote{Lasted: 5 * time.Second}):   5,
		"lasted 7s rtt 86ms loss 1.2% path udp freezes 0": 7, // kept by an earlier version
		"lasted 9s rtt 0ms loss 0.0% path  freezes 0":     9,
	} {
		if lasted, link := summarised(summary); lasted != want || link != nil {
			t.Errorf("%q read as %d s and %+v, want %d s and nothing", summary, lasted, link, want)
		}
	}
}
