package sfu

import (
	"encoding/binary"
	"sync"

	"github.com/pion/rtp"
)

// How many packets are kept: of a picture two seconds of the 1.2 Mbit/s that a
// camera makes at most, and more of a smaller one; of sound more than a second. It
// is most of what a participant takes of memory. They must divide 65536.
const (
	cacheSize      = 256
	soundCacheSize = 64
)

// maxPacket is the largest RTP packet that is read, bytes. Browsers stay below
// 1,200.
const maxPacket = 1500

// packet is one RTP packet on its way through. Its payload belongs to whoever
// made the packet and is valid only during the call.
type packet struct {
	seq     uint16
	time    uint32
	marker  bool
	codec   codec
	key     bool // first packet of a key frame; always true for audio
	picture descriptor
	payload []byte
}

// cache keeps the last packets of one published track, once for all of its
// subscribers. The feed writes, subscribers' repairs read.
type cache struct {
	mu    sync.Mutex // guards what is in the slots
	slots []slot
}

func newCache(k kind) *cache {
	size := cacheSize
	if k == audio {
		size = soundCacheSize
	}
	return &cache{slots: make([]slot, size)}
}

func (c *cache) size() int { return len(c.slots) }

func (c *cache) slot(seq uint16) *slot { return &c.slots[int(seq)%len(c.slots)] }

type slot struct {
	packet
	filled bool
}

// put copies the packet in, over one that is as much older as the cache is large.
func (c *cache) put(p *packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slot(p.seq)
	buffer := append(s.payload[:0], p.payload...)
	s.packet, s.filled = *p, true
	s.payload = buffer
}

func (c *cache) has(seq uint16) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slot(seq)
	return s.filled && s.seq == seq
}

// get copies the packet out, its payload into buffer, which holds maxPacket.
func (c *cache) get(seq uint16, buffer []byte) (packet, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slot(seq)
	if !s.filled || s.seq != seq {
		return packet{}, false
	}
	p := s.packet
	p.payload = append(buffer[:0], s.payload...)
	return p, true
}

// read fills the packet from a decrypted RTP header and its buffer. A repair has
// the number of what it repairs in front (RFC 4588 §4).
func (p *packet) read(h *rtp.Header, raw []byte, headerSize int, repair bool) bool {
	payload := raw[headerSize:]
	if h.Padding {
		if len(payload) == 0 {
			return false
		}
		padding := int(payload[len(payload)-1])
		if padding == 0 || padding > len(payload) {
			return false
		}
		payload = payload[:len(payload)-padding]
	}
	p.seq, p.time, p.marker = h.SequenceNumber, h.Timestamp, h.Marker
	if repair {
		if len(payload) < 2 {
			return false // padding
		}
		p.seq, payload = binary.BigEndian.Uint16(payload), payload[2:]
	}
	p.payload = payload
	if p.key = true; p.codec != opus {
		p.picture, p.key = look(p.codec, payload)
	}
	return true
}
