package client

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Received counts what arrived on one section.
type Received struct {
	Packets int
	Bytes   int       // of what they carry
	Frames  int       // packets that end a frame
	Small   int       // packets that begin a frame of another one's small layer
	Lost    int       // gaps in the sequence numbers that nothing filled
	First   time.Time // when the first packet came
}

// Add counts what arrived on another section too. First stays.
func (n *Received) Add(other Received) {
	n.Packets += other.Packets
	n.Bytes += other.Bytes
	n.Frames += other.Frames
	n.Small += other.Small
	n.Lost += other.Lost
}

// seenMost is how many packets ago one may have come first that comes again.
const seenMost = 512

// stream is what arrives on one section.
type stream struct {
	Received
	lowest, highest int64           // sequence numbers, extended (RFC 3550, appendix A.1)
	seen            [seenMost]int64 // those that came, each plus one
}

// add counts a packet; one that is sent again may come twice.
func (n *stream) add(p *rtp.Packet, codec string, now time.Time) {
	seq := p.SequenceNumber
	if n.Packets == 0 {
		n.First, n.lowest, n.highest = now, int64(seq), int64(seq)
	}
	extended := n.highest + int64(int16(seq-uint16(n.highest)))
	seen := &n.seen[extended&(seenMost-1)]
	if *seen == extended+1 {
		return
	}
	*seen = extended + 1
	n.lowest, n.highest = min(n.lowest, extended), max(n.highest, extended)
	n.Packets++
	n.Bytes += len(p.Payload)
	if p.Marker {
		n.Frames++
	}
	if codec == webrtc.MimeTypeVP8 && isSmall(p.Payload) {
		n.Small++
	}
	n.Lost = int(n.highest-n.lowest) + 1 - n.Packets
}

// count reads one receiving section until the connection ends.
func (m *Media) count(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := ""
	for _, t := range m.pc.GetTransceivers() {
		if t.Receiver() == receiver {
			mid = t.Mid()
		}
	}
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		m.mu.Lock()
		if m.received[mid] == nil {
			m.received[mid] = &stream{}
		}
		m.received[mid].add(packet, track.Codec().MimeType, time.Now())
		m.mu.Unlock()
	}
}

// Received counts what has arrived from a participant's source so far.
func (r *Room) Received(participant, source string) Received {
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	return r.received(participant, source)
}

func (r *Room) received(participant, source string) Received {
	if r.media == nil {
		return Received{}
	}
	for _, l := range r.lines {
		if l.Participant == participant && l.Source == source {
			r.media.mu.Lock()
			defer r.media.mu.Unlock()
			if n := r.media.received[l.MID]; n != nil {
				return n.Received
			}
		}
	}
	return Received{}
}

// Total sums what has arrived on all sections so far; it has no First.
func (r *Room) Total() (sum Received) {
	r.watch.mu.Lock()
	m := r.media
	r.watch.mu.Unlock()
	if m == nil {
		return sum
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.received {
		sum.Add(n.Received)
	}
	return sum
}
