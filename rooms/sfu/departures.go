package sfu

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// departuresKept is how many packets are remembered: two seconds of 6 Mbit/s. It
// must divide 65536.
const departuresKept = 2048

// departures numbers the pictures' packets of a connection, across its lines,
// and remembers when they left, until the browser says when they came
// (transport-wide congestion control).
type departures struct {
	mu    sync.Mutex // guards what follows
	next  uint16
	slots []departure // made with the first packet
}

type departure struct {
	at     int64 // Unix nanoseconds; 0: nothing, or reported already
	number uint16
	size   uint16
	still  bool // says nothing of what the link carries
}

// leave notes a packet and puts its number into the header extension.
func (d *departures) leave(extension *[2]byte, size int, still bool, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slots == nil {
		d.slots = make([]departure, departuresKept)
	}
	d.slots[d.next%departuresKept] = departure{now.UnixNano(), d.next, uint16(size), still}
	binary.BigEndian.PutUint16(extension[:], d.next)
	d.next++
}

// arrived is what a browser says of one packet.
type arrived struct {
	size  int
	lost  bool
	still bool
	came  time.Duration // by the browser's clock
	took  time.Duration // from one clock to the other
}

// reported matches a browser's report with what left. Packets that are not known
// are left out.
func (d *departures) reported(p *rtcp.TransportLayerCC, each func(arrived)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slots == nil {
		return
	}
	came := time.Duration(p.ReferenceTime) * 64 * time.Millisecond
	deltas, number := p.RecvDeltas, p.BaseSequenceNumber
	symbol := func(s uint16) {
		a := arrived{lost: s == rtcp.TypeTCCPacketNotReceived}
		if !a.lost {
			if len(deltas) == 0 {
				return
			}
			came += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
		}
		slot := &d.slots[number%departuresKept]
		if slot.at != 0 && slot.number == number {
			a.size, a.still, a.came, a.took = int(slot.size), slot.still, came, came-time.Duration(slot.at)
			slot.at = 0
			each(a)
		}
		number++
	}
	left := int(p.PacketStatusCount)
	for _, chunk := range p.PacketChunks {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			n := min(int(c.RunLength), left)
			left -= n
			for range n {
				symbol(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			n := min(len(c.SymbolList), left)
			left -= n
			for _, s := range c.SymbolList[:n] {
				symbol(s)
			}
		}
	}
}
