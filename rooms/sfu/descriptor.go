package sfu

import "encoding/binary"

// descriptor is what the beginning of a packet of VP8 (RFC 7741 §4.2) or VP9 (RFC 9628
// §4.2) says of its picture; zero when there is none to be trusted, and of other codecs.
type descriptor struct {
	start    bool // first packet of a picture
	size     int  // bytes before the codec's own, of VP8 only
	picture  int  // offset of the picture id, 0: none
	long     bool // picture id of 15 bits
	tl0      int  // offset of TL0PICIDX, 0: none
	id       uint16
	tl0Index uint8
}

func parseVP8(p []byte) (d descriptor, ok bool) {
	if len(p) < 1 {
		return descriptor{}, false
	}
	d.start = p[0]&0x10 != 0 && p[0]&0x07 == 0
	d.size = 1
	if p[0]&0x80 == 0 {
		return d, true
	}
	if len(p) < 2 {
		return descriptor{}, false
	}
	ext := p[1]
	d.size = 2
	if ext&0x80 != 0 && !d.readID(p) { // I
		return descriptor{}, false
	}
	if ext&0x40 != 0 { // L: TL0PICIDX
		if len(p) < d.size+1 {
			return descriptor{}, false
		}
		d.tl0, d.tl0Index = d.size, p[d.size]
		d.size++
	}
	if ext&0x30 != 0 { // T or K
		d.size++
	}
	if len(p) < d.size {
		return descriptor{}, false
	}
	return d, true
}

// The flags of a VP9 descriptor that are looked at.
const (
	vp9HasID    = 0x80 // I
	vp9Predicts = 0x40 // P: from pictures of before
	vp9Layered  = 0x20 // L
	vp9Flexible = 0x10 // F: without TL0PICIDX
	vp9Begins   = 0x08 // B: a layer's frame
)

// parseVP9 leaves out what comes after TL0PICIDX: differences, which no shift changes.
func parseVP9(p []byte) (d descriptor, ok bool) {
	if len(p) < 1 {
		return descriptor{}, false
	}
	flags := p[0]
	d.start, d.size = flags&vp9Begins != 0, 1
	if flags&vp9HasID != 0 && !d.readID(p) {
		return descriptor{}, false
	}
	if flags&vp9Layered == 0 {
		return d, true
	}
	if len(p) < d.size+1 {
		return descriptor{}, false
	}
	d.start = d.start && p[d.size]>>1&0x07 == 0 // SID: the lowest layer of the picture
	d.size++
	if flags&vp9Flexible == 0 {
		if len(p) < d.size+1 {
			return descriptor{}, false
		}
		d.tl0, d.tl0Index = d.size, p[d.size]
		d.size++
	}
	return d, true
}

// readID reads the picture id at d.size, which both codecs write alike.
func (d *descriptor) readID(p []byte) bool {
	if len(p) < d.size+1 {
		return false
	}
	d.picture = d.size
	if d.long = p[d.size]&0x80 != 0; !d.long {
		d.id = uint16(p[d.size])
		d.size++
		return true
	}
	if len(p) < d.size+2 {
		return false
	}
	d.id = binary.BigEndian.Uint16(p[d.size:]) & 0x7fff
	d.size += 2
	return true
}

// shift moves the picture counters in place, so that they go on across a change
// of publisher. The width of the picture id stays what the publisher uses.
func (d *descriptor) shift(payload []byte, pictures uint16, tl0s uint8) {
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
