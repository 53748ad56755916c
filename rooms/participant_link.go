package rooms

// LinkReport is a person's own view of their link, every few seconds.
type LinkReport struct {
	RTT      float64 // ms, 0: unknown
	LossUp   float64 // share of packets lost, 0 to 1
	LossDown float64
	RateUp   float64 // kbit/s
	RateDown float64
	// Concealed is the share of the sound heard that the browser had to invent.
	Concealed float64
	Freezes   int // video freezes since the call began
	Path      string
}

func (r LinkReport) loss() float64 { return max(r.LossUp, r.LossDown) }

// What a word means for a conversation; the app uses the same limits for the
// person's own link.
const (
	goodRTT, fairRTT   = 250.0, 600.0 // ms
	goodLoss, fairLoss = 0.03, 0.1    // share of packets
)

// linkTally turns reports into a word and a summary.
type linkTally struct {
	word    RoomLink
	last    LinkReport
	reports int
	sumRTT  float64
	sumLoss float64
	sumUp   float64
	sumDown float64
	sumMade float64 // of Concealed
	// reconnects counts the times that media came back after it was lost.
	reconnects int
}

// add takes one report and reports whether the word has changed.
func (t *linkTally) add(r LinkReport) bool {
	t.last = r
	t.reports++
	t.sumRTT += r.RTT
	t.sumLoss += r.loss()
	t.sumUp += r.RateUp
	t.sumDown += r.RateDown
	t.sumMade += r.Concealed
	before := t.word
	switch {
	case r.RTT == 0 && r.loss() == 0:
		t.word = LinkUnknown
	case r.RTT <= goodRTT && r.loss() <= goodLoss:
		t.word = LinkGood
	case r.RTT <= fairRTT && r.loss() <= fairLoss:
		t.word = LinkFair
	default:
		t.word = LinkPoor
	}
	return t.word != before
}

func (t *linkTally) summary() SessionNote {
	n := SessionNote{Path: t.last.Path, Freezes: t.last.Freezes, Reconnects: t.reconnects}
	if t.reports > 0 {
		n.RTT = t.sumRTT / float64(t.reports)
		n.Loss = t.sumLoss / float64(t.reports)
		n.RateUp = t.sumUp / float64(t.reports)
		n.RateDown = t.sumDown / float64(t.reports)
		n.Concealed = t.sumMade / float64(t.reports)
	}
	return n
}
