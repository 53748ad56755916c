package sfu

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/transport/v4/packetio"
)

const (
	// rtpBuffer bounds what waits between the socket and the forwarding loop,
	// bytes: most of a second of a 1.5 Mbit/s picture.
	rtpBuffer  = 128 << 10
	rtcpBuffer = 16 << 10
	// maxStreams bounds the streams that one browser may open, RTP and RTCP. A
	// browser has about three dozen in a room of eight.
	maxStreams = 512
)

// buffers makes the queues between a connection's decryption and its readers,
// and keeps media out that the offer did not declare or that was refused: the
// stack would keep a megabyte of each for a reader that never comes. An offer
// declares streams by number, or as layers by name.
type buffers struct {
	overflow func() // the browser opened more streams than any would

	mu       sync.Mutex // guards what follows
	declared map[uint32]bool
	ids      layerIDs
	layers   map[layerName]uint32 // the stream of each, 0: it has not come yet
	rtp      map[uint32]*streamBuffer
	made     int
}

// layerName is what a packet says of its stream.
type layerName struct {
	mid, rid string
	repaired bool // the stream repairs the layer
}

// streamBuffer is a queue that takes nothing until its stream is declared.
type streamBuffer struct {
	*packetio.Buffer
	access atomic.Uint32
	known  chan struct{} // closed when the stream is no stranger any more
	once   sync.Once
	ask    func(packet []byte) bool // whether a stranger's packet tells that it is a layer
}

// What a streamBuffer takes: nothing; nothing from what may yet prove to be a
// layer; what was declared; and a layer.
const (
	shut uint32 = iota
	stranger
	declared
	layer
)

// Write implements io.Writer.
func (b *streamBuffer) Write(p []byte) (int, error) {
	switch b.access.Load() {
	case shut:
		return len(p), nil
	case stranger:
		if !b.ask(p) {
			return len(p), nil
		}
		b.become(layer)
	}
	return b.Buffer.Write(p)
}

// Read implements io.Reader. The stack looks into streams that it does not know;
// it must not be left waiting there, or it would read along once the stream is
// declared. Only a layer it may find so.
func (b *streamBuffer) Read(p []byte) (int, error) {
	access := b.access.Load()
	if access == stranger {
		<-b.known
		if b.access.Load() != layer {
			return 0, io.EOF
		}
	}
	if access == shut {
		return 0, io.EOF
	}
	return b.Buffer.Read(p)
}

// Close implements io.Closer.
func (b *streamBuffer) Close() error {
	b.become(shut)
	return b.Buffer.Close()
}

func (b *streamBuffer) become(access uint32) {
	b.access.Store(access)
	if access != stranger {
		b.once.Do(func() { close(b.known) })
	}
}

// declare opens exactly the streams of an offer's accepted sections.
func (b *buffers) declare(ssrcs []uint32, ids layerIDs, rids layersByMID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.declared = map[uint32]bool{0: true} // browsers probe bandwidth on stream 0
	for _, s := range ssrcs {
		b.declared[s] = true
	}
	before := b.layers
	b.ids, b.layers = ids, map[layerName]uint32{}
	taken := map[uint32]bool{}
	for mid, names := range rids {
		for _, rid := range names {
			for _, repaired := range []bool{false, true} {
				name := layerName{mid, rid, repaired}
				b.layers[name] = before[name]
				taken[before[name]] = true
			}
		}
	}
	for ssrc, buffer := range b.rtp {
		if !taken[ssrc] {
			buffer.become(b.access(ssrc))
		}
	}
}

// access is what a stream's buffer takes at first. The caller holds mu.
func (b *buffers) access(ssrc uint32) uint32 {
	switch {
	case b.declared[ssrc]:
		return declared
	case len(b.layers) > 0:
		return stranger
	}
	return shut
}

// isLayer tells whether a packet shows its stream to be a layer that no other
// stream is.
func (b *buffers) isLayer(ssrc uint32, packet []byte) bool {
	var h rtp.Header
	if _, err := h.Unmarshal(packet); err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	extension := func(id int) string {
		if id == 0 {
			return ""
		}
		return string(h.GetExtension(uint8(id)))
	}
	name := layerName{mid: extension(b.ids.mid), rid: extension(b.ids.rid)}
	if repaired := extension(b.ids.repaired); repaired != "" {
		name.rid, name.repaired = repaired, true
	}
	known, ok := b.layers[name]
	if !ok || known != 0 && known != ssrc {
		return false
	}
	b.layers[name] = ssrc
	return true
}

// make is the stack's BufferFactory.
func (b *buffers) make(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made++; b.made == maxStreams {
		b.overflow()
	}
	if kind == packetio.RTCPBufferPacket {
		buffer := packetio.NewBuffer()
		buffer.SetLimitSize(rtcpBuffer)
		return buffer
	}
	buffer := &streamBuffer{Buffer: packetio.NewBuffer(), known: make(chan struct{})}
	buffer.ask = func(packet []byte) bool { return b.isLayer(ssrc, packet) }
	buffer.SetLimitSize(rtpBuffer)
	buffer.become(b.access(ssrc))
	if b.made < maxStreams {
		if b.rtp == nil {
			b.rtp = map[uint32]*streamBuffer{}
		}
		b.rtp[ssrc] = buffer
	}
	return buffer
}
