//go:build linux

package sfu

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"golang.org/x/sys/unix"
)

// FuzzArrived: whatever a browser reports about the packets that it was sent,
// each counts once at most, and only those that left.
func FuzzArrived(f *testing.F) {
	raw, err := (&rtcp.TransportLayerCC{
		Header:            rtcp.Header{Type: rtcp.TypeTransportSpecificFeedback, Count: rtcp.FormatTCC, Length: 5},
		PacketStatusCount: 2,
		PacketChunks:      []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2}},
		RecvDeltas:        []*rtcp.RecvDelta{{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}, {Type: rtcp.TypeTCCPacketReceivedSmallDelta}},
	}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, uint16(0))
	f.Add(raw, uint16(65_530))
	f.Fuzz(func(t *testing.T, raw []byte, first uint16) {
		var p rtcp.TransportLayerCC
		if p.Unmarshal(raw) != nil {
			return
		}
		const left = 50
		d := departures{next: first}
		var number [2]byte
		for range left {
			d.leave(&number, 1000, false, time.Unix(1_800_000_000, 0))
		}
		count := 0
		for range 2 {
			d.reported(&p, func(a arrived) {
				if count++; a.size != 1000 {
					t.Fatalf("a packet of %d bytes never left", a.size)
				}
			})
		}
		if count > left {
			t.Fatalf("%d of %d packets are reported", count, left)
		}
	})
}

// FuzzUplink: whatever a browser sends as media and reports, what is made of it
// keeps to the bounds of a receiver report, and the numbers of its packets are
// read without harm.
func FuzzUplink(f *testing.F) {
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x31, 1, 2, 0}, []byte{0x80, 96, 0, 9, 0, 0, 9, 1, 0, 0, 0, 1}, uint64(1)<<63, uint32(7))
	f.Add([]byte{0x80, 111, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1}, []byte{0x80, 111, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, ^uint64(0), ^uint32(0))
	f.Fuzz(func(t *testing.T, one, other []byte, ntp uint64, stamp uint32) {
		feedback := newArrivalFeedback()
		var a arrivals
		c, now := offline(), time.Unix(1_800_000_000, 0)
		c.streams.declare([]section{{kind: audio, mid: "0", ssrc: 1, twcc: 3}}, layerIDs{})
		for _, raw := range [][]byte{one, other} {
			var h rtp.Header
			size, err := h.Unmarshal(raw)
			if err != nil {
				continue
			}
			if _, number := c.streams.find(&h); len(number) == 2 {
				if _, err := rtcp.Marshal(feedback.note(h.SSRC, binary.BigEndian.Uint16(number), false, now)); err != nil {
					t.Fatal(err)
				}
			}
			p := packet{codec: opus}
			if !p.read(&h, raw, size, false) {
				continue
			}
			a.count(&p, len(raw), now)
			a.reported(&rtcp.SenderReport{NTPTime: ntp, RTPTime: stamp}, c, now)
			now = now.Add(time.Second)
			block, expected, lost, ok := a.report(1, now)
			if ok && (lost < 0 || lost > expected || block.TotalLost >= 1<<23) {
				t.Fatalf("%d of %d lost: %+v", lost, expected, block)
			}
			a.point().when(now, 48000)
		}
	})
}

// FuzzStreamOf: a packet counts as a stream's only if it is RTP, and then as its
// own.
func FuzzStreamOf(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4})
	f.Add([]byte{0x80, 200, 0, 1, 1, 2, 3, 4, 0, 0, 0, 1})
	f.Add([]byte{22, 0xfe, 0xfd})
	f.Fuzz(func(t *testing.T, b []byte) {
		got := streamOf(b, netip.AddrPort{}).ssrc
		var h rtp.Header
		if _, err := h.Unmarshal(b); err == nil && h.Version == 2 && (b[1] < 192 || b[1] > 223) {
			if got != h.SSRC {
				t.Fatalf("stream %d, want %d", got, h.SSRC)
			}
		} else if got != 0 && (len(b) < 12 || b[0]>>6 != 2) {
			t.Fatalf("stream %d of what is no media", got)
		}
	})
}

// FuzzAddress: an address that the kernel names is the one that is written back.
func FuzzAddress(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1}, uint16(8443), uint32(0))
	f.Add(netip.MustParseAddr("fe80::1").AsSlice(), uint16(1), uint32(2))
	f.Add(netip.MustParseAddr("::ffff:192.0.2.1").AsSlice(), uint16(65535), uint32(2))
	f.Fuzz(func(t *testing.T, ip []byte, port uint16, scope uint32) {
		at, ok := netip.AddrFromSlice(ip)
		if !ok {
			return
		}
		var name unix.RawSockaddrInet6
		family := uint16(unix.AF_INET6)
		if at.Is4() {
			family = unix.AF_INET
		}
		putAddress(&name, netip.AddrPortFrom(at, port), family)
		if family == unix.AF_INET6 {
			name.Scope_id = scope & 0x7fffffff
		}
		got, ok := address(&name)
		if !ok || got.Port() != port || got.Addr().WithZone("") != at {
			t.Fatalf("%v is read as %v", at, got)
		}
		var again unix.RawSockaddrInet6
		putAddress(&again, got, family)
		if back, _ := address(&again); back != got {
			t.Fatalf("%v is written as %v", got, back)
		}
	})
}
