package sfu

import "encoding/binary"

// look reads what the payload of a picture's packet says of it, and whether it is the
// first packet of a key frame, from which a decoder can start.
func look(c codec, payload []byte) (d descriptor, key bool) {
	if len(payload) == 0 {
		return descriptor{}, false
	}
	switch c {
	case vp8:
		d, _ = parseVP8(payload)
		key = d.start && len(payload) > d.size && payload[d.size]&1 == 0
	case vp9:
		d, _ = parseVP9(payload)
		key = d.start && payload[0]&vp9Predicts == 0
	case h264:
		key = startsParameterSet(payload)
	case av1:
		key = payload[0]&(av1Continues|av1Anew) == av1Anew
	}
	return d, key
}

// The flags of AV1's aggregation header (RTP Payload Format For AV1 §4.4) that are
// looked at: the packet begins within a unit, and with a new sequence.
const av1Continues, av1Anew = 0x80, 0x08

// NAL unit types of H.264 (RFC 6184 §5.2).
const (
	nalParameterSet = 7
	nalAggregate    = 24 // STAP-A
	nalFragment     = 28 // FU-A
)

// startsParameterSet finds a sequence parameter set at the beginning of the
// payload or within an aggregate. Browsers send one before every key frame.
func startsParameterSet(p []byte) bool {
	if len(p) < 2 {
		return false
	}
	switch p[0] & 0x1f {
	case nalParameterSet:
		return true
	case nalFragment:
		return p[1]&0x80 != 0 && p[1]&0x1f == nalParameterSet
	case nalAggregate:
		for rest := p[1:]; len(rest) > 2; {
			size := int(binary.BigEndian.Uint16(rest))
			if size == 0 || size > len(rest)-2 {
				return false
			}
			if rest[2]&0x1f == nalParameterSet {
				return true
			}
			rest = rest[2+size:]
		}
	}
	return false
}
