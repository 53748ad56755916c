package sfu

import "encoding/binary"

// startsKeyFrame tells whether the payload is the first packet of a key frame,
// from which a decoder can start.
func startsKeyFrame(c codec, payload []byte) bool {
	switch c {
	case vp8:
		d, ok := parseVP8(payload)
		return ok && d.start && len(payload) > d.size && payload[d.size]&1 == 0
	case h264:
		return startsParameterSet(payload)
	}
	return true
}

// vp8Descriptor is the payload descriptor of RFC 7741 §4.2; zero when there is
// none to be trusted.
type vp8Descriptor struct {
	start    bool // first packet of a frame
	size     int  // bytes before the VP8 payload
	picture  int  // offset of the picture id, 0: none
	long     bool // picture id of 15 bits
	tl0      int  // offset of TL0PICIDX, 0: none
	id       uint16
	tl0Index uint8
}

func parseVP8(p []byte) (d vp8Descriptor, ok bool) {
	if len(p) < 1 {
		return vp8Descriptor{}, false
	}
	d.start = p[0]&0x10 != 0 && p[0]&0x07 == 0
	d.size = 1
	if p[0]&0x80 == 0 {
		return d, true
	}
	if len(p) < 2 {
		return vp8Descriptor{}, false
	}
	ext := p[1]
	d.size = 2
	if ext&0x80 != 0 { // I: picture id
		if len(p) < d.size+1 {
			return vp8Descriptor{}, false
		}
		d.picture = d.size
		if d.long = p[d.size]&0x80 != 0; d.long {
			if len(p) < d.size+2 {
				return vp8Descriptor{}, false
			}
			d.id = binary.BigEndian.Uint16(p[d.size:]) & 0x7fff
			d.size += 2
		} else {
			d.id = uint16(p[d.size] & 0x7f)
			d.size++
		}
	}
	if ext&0x40 != 0 { // L: TL0PICIDX
		if len(p) < d.size+1 {
			return vp8Descriptor{}, false
		}
		d.tl0, d.tl0Index = d.size, p[d.size]
		d.size++
	}
	if ext&0x30 != 0 { // T or K
		d.size++
	}
	if len(p) < d.size {
		return vp8Descriptor{}, false
	}
	return d, true
}

// shift moves the picture counters in place, so that they go on across a change
// of publisher. The width of the picture id stays what the publisher uses.
func (d *vp8Descriptor) shift(payload []byte, pictures uint16, tl0s uint8) {
	if d.picture > 0 {
		id := d.id + pictures
		if d.long {
			binary.BigEndian.PutUint16(payload[d.picture:], id|0x8000)
		} else {
			payload[d.picture] = uint8(id) & 0x7f
		}
	}
	if d.tl0 > 0 {
		payload[d.tl0] = d.tl0Index + tl0s
	}
}

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
