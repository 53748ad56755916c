package sfu

import (
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// What a browser says of packets is matched with what left, once; what it makes
// up counts for nothing.
func TestReportsAreMatchedWithWhatLeft(t *testing.T) {
	var d departures
	left := time.Unix(1_800_000_000, 0)
	d.next = 65_530 // wraps
	recorder := twcc.NewRecorder(1)
	var number [2]byte
	for i := range 20 {
		d.leave(&number, 100+i, false, left.Add(time.Duration(i)*10*time.Millisecond))
		if n := uint16(number[0])<<8 | uint16(number[1]); n != uint16(65_530+i) {
			t.Fatalf("packet %d has number %d", i, n)
		}
		if i == 3 || i == 12 {
			continue // lost
		}
		recorder.Record(1, uint16(65_530+i), int64(i)*10_000+5_000_000)
	}
	collect := func(reports []rtcp.Packet) (got []arrived) {
		for _, p := range reports {
			d.reported(p.(*rtcp.TransportLayerCC), func(a arrived) { got = append(got, a) })
		}
		return got
	}
	reports := recorder.BuildFeedbackPacket()
	got := collect(reports)
	if len(got) != 20 {
		t.Fatalf("%d packets are reported, want 20", len(got))
	}
	for i, a := range got {
		if a.lost != (i == 3 || i == 12) || a.size != 100+i {
			t.Errorf("packet %d: %+v", i, a)
		}
		if drift := a.took - got[0].took; !a.lost && (drift > time.Millisecond || drift < -time.Millisecond) {
			t.Errorf("packet %d took %v longer than the first", i, drift)
		}
	}
	if again := collect(reports); len(again) > 0 {
		t.Errorf("the same report counts twice: %v", again)
	}
	lies := &rtcp.TransportLayerCC{
		BaseSequenceNumber: 0, PacketStatusCount: 65_535,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 65_535},
			&rtcp.StatusVectorChunk{SymbolList: []uint16{7, 7}},
		},
	}
	if got := collect([]rtcp.Packet{lies}); len(got) > 0 {
		t.Errorf("made up: %v", got)
	}
}
