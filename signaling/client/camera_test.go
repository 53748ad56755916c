package client

import (
	"bytes"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// A packet that is sent again names the layer that it repairs, however often it is
// sent; others are left alone.
func TestRepairsNameTheirLayer(t *testing.T) {
	const mid, rid, repaired = 1, 2, 3
	info := &interceptor.StreamInfo{SSRC: 7, SSRCRetransmission: 8, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{
		{URI: sdesMID, ID: mid}, {URI: sdesRID, ID: rid}, {URI: sdesRepair, ID: repaired},
	}}
	var sent []rtp.Header
	writer := new(repairs).BindLocalStream(info, interceptor.RTPWriterFunc(func(h *rtp.Header, _ []byte, _ interceptor.Attributes) (int, error) {
		sent = append(sent, h.Clone())
		return 0, nil
	}))
	for _, ssrc := range []uint32{7, 8} {
		h := rtp.Header{Version: 2, SSRC: ssrc}
		for id, name := range map[uint8]string{mid: "1", rid: "s"} {
			if err := h.SetExtension(id, []byte(name)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, err := writer.Write(&h, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, h := range sent {
		named, other := uint8(rid), uint8(repaired)
		if h.SSRC == 8 {
			named, other = other, named
		}
		if !bytes.Equal(h.GetExtension(named), []byte("s")) || h.GetExtension(other) != nil || !bytes.Equal(h.GetExtension(mid), []byte("1")) {
			t.Errorf("packet %d of stream %d has extensions %+v", i, h.SSRC, h.Extensions)
		}
	}
}
