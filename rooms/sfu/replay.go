package sfu

import "time"

const (
	// replayWithin is how old a key frame may be from which a line still begins. An
	// older one would have the browser play what is past, and show everything later by
	// as much for a while.
	replayWithin = 500 * time.Millisecond
	// replayMost is how many packets are sent at once for that.
	replayMost = 32
)

// keyed is where a feed's newest key frame begins. Only take, and the lines that it
// writes to, use it.
type keyed struct {
	seq uint16
	at  time.Time // it came
}

// replay begins with the feed's newest key frame, when that is fresh and kept with all
// that followed: it was asked for while the browser's handshake was under way, or for
// somebody else. The caller holds mu.
func (l *line) replay(f *feed, p *packet, now time.Time) bool {
	count := p.seq - f.key.seq
	if f.key.at.IsZero() || now.Sub(f.key.at) > replayWithin || count > replayMost {
		return false
	}
	for seq := f.key.seq; seq != p.seq; seq++ {
		if !f.cache.has(seq) {
			return false
		}
	}
	buffer := make([]byte, maxPacket)
	for seq := f.key.seq; seq != p.seq; seq++ {
		old, _ := f.cache.get(seq, buffer)
		if l.feed != f {
			l.start(f, &old, now)
		}
		l.pass(&old, now)
	}
	return true
}
