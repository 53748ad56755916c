package client

import (
	"encoding/binary"
	"math/rand/v2"
)

// picture makes VP8 key frames that any decoder shows (RFC 6386): grey areas
// whose prediction modes change from frame to frame, so that a picture moves.
func picture(width, height int) func() []byte {
	n := uint64(0)
	return func() []byte {
		n++
		return keyFrame(width, height, n)
	}
}

// keyFrame is one intra frame without any residue: every macroblock is its
// prediction from its neighbours.
func keyFrame(width, height int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	var e boolEncoder
	e.start()
	// 9.2: colour space, clamping.
	e.flag(false)
	e.flag(false)
	e.flag(false)    // 9.3: no segments
	e.flag(false)    // 9.6: normal loop filter,
	e.literal(0, 6)  // of level 0,
	e.literal(0, 3)  // sharpness 0,
	e.flag(false)    // no filter deltas
	e.literal(0, 2)  // 9.5: one partition of residues
	e.literal(40, 7) // 9.6: quantiser index
	for range 5 {    // and no deltas to it
		e.flag(false)
	}
	e.flag(false) // 9.11: refresh_entropy_probs
	for i := range coefficientUpdates {
		e.bit(false, coefficientUpdates[i]) // 13.4: keep the default probabilities
	}
	e.flag(true)    // 9.11: macroblocks may be skipped,
	e.literal(1, 8) // with this probability of not being so: all are
	for range ((width + 15) / 16) * ((height + 15) / 16) {
		e.bit(true, 1) // skipped
		// 11.2: luma mode of a key frame, tree B_PRED 145 {DC V 163 | H TM} 156.
		e.bit(true, 145)
		second := random.IntN(2) == 1
		e.bit(second, 156)
		if second {
			e.bit(random.IntN(2) == 1, 128) // H, TM
		} else {
			e.bit(random.IntN(2) == 1, 163) // DC, V
		}
		e.bit(false, 142) // chroma: DC
	}
	first := e.end()
	// 9.1: frame tag (key frame, version 0, shown), start code, size.
	tag := uint32(len(first))<<5 | 1<<4
	frame := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a}
	frame = binary.LittleEndian.AppendUint16(frame, uint16(width))
	frame = binary.LittleEndian.AppendUint16(frame, uint16(height))
	frame = append(frame, first...)
	return append(frame, 0, 0) // the partition of residues: none
}

// boolEncoder is the arithmetic encoder of RFC 6386, section 7.3.
type boolEncoder struct {
	out    []byte
	rng    uint32
	bottom uint32
	count  int
}

func (e *boolEncoder) start() { *e = boolEncoder{rng: 255, count: 24} }

// bit writes one value that is false with probability prob/256.
func (e *boolEncoder) bit(value bool, prob uint8) {
	split := 1 + (e.rng-1)*uint32(prob)>>8
	if value {
		e.bottom += split
		e.rng -= split
	} else {
		e.rng = split
	}
	for e.rng < 128 {
		e.rng <<= 1
		if e.bottom&(1<<31) != 0 {
			e.carry()
		}
		e.bottom <<= 1
		e.count--
		if e.count == 0 {
			e.out = append(e.out, byte(e.bottom>>24))
			e.bottom &= 1<<24 - 1
			e.count = 8
		}
	}
}

func (e *boolEncoder) carry() {
	for i := len(e.out) - 1; i >= 0; i-- {
		e.out[i]++
		if e.out[i] != 0 {
			return
		}
	}
}

func (e *boolEncoder) flag(value bool) { e.bit(value, 128) }

func (e *boolEncoder) literal(value uint32, bits int) {
	for i := bits - 1; i >= 0; i-- {
		e.flag(value>>i&1 == 1)
	}
}

func (e *boolEncoder) end() []byte {
	for range 32 {
		e.flag(false)
	}
	return e.out
}

// noise makes Opus packets (RFC 6716) of 20 ms: a CELT frame of arbitrary bits
// decodes to some sound, which is all that an ear for energy needs.
func noise() func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	return func() []byte {
		packet := make([]byte, 60)
		packet[0] = 31 << 3 // full band, 20 ms, mono, one frame
		for i := 1; i < len(packet); i++ {
			packet[i] = byte(random.Uint32())
		}
		return packet
	}
}
