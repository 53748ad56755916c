package rooms

// LinkReport is a person's own view of their link, every few seconds.
type LinkReport struct {
	RTT      float64 // ms, 0: unknown
	LossUp   float64 // share of packets lost, 0 to 1
	LossDown float64
	Freezes  int // video freezes since the call began
	Path     string
}

func (r LinkReport) loss() float64 { return max(r.LossUp, r.LossDown) }

// What a word means: a satellite's 600 ms is fair when nothing is lost, and
// speech with the error correction of Opus stands some five lost packets in a
// hundred.
const (
	goodRTT, fairRTT   = 300.0, 900.0 // ms
	goodLoss, fairLoss = 0.02, 0.08   // share of packets
)

// linkTally turns reports into a word and a summary.
type linkTally struct {
	word    RoomLink
	last    LinkReport
	reports int
	sumRTT  float64
	sumLoss float64
}

// add takes one report and reports whether the word has changed.
func (t *linkTally) add(r LinkReport) bool {
	t.last = r
	t.reports++
	t.sumRTT += r.RTT
	t.sumLoss += r.loss()
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
	n := SessionNote{Path: t.last.Path, Freezes: t.last.Freezes}
	if t.reports > 0 {
		n.RTT = t.sumRTT / float64(t.reports)
		n.Loss = t.sumLoss / float64(t.reports)
	}
	return n
}
