package sfu

import (
	"io"
	"sync"
	"sync/atomic"

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
// stack would keep a megabyte of each for a reader that never comes.
type buffers struct {
	overflow func() // the browser opened more streams than any would

	mu       sync.Mutex // guards what follows
	declared map[uint32]bool
	rtp      map[uint32]*streamBuffer
	made     int
}

// streamBuffer is a queue that takes nothing until its stream is declared.
type streamBuffer struct {
	*packetio.Buffer
	open atomic.Bool
}

// Write implements io.Writer.
func (b *streamBuffer) Write(p []byte) (int, error) {
	if !b.open.Load() {
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// Read implements io.Reader. The stack looks into streams that it does not know;
// it must not be left waiting there, or it would read along once the stream is
// declared.
func (b *streamBuffer) Read(p []byte) (int, error) {
	if !b.open.Load() {
		return 0, io.EOF
	}
	return b.Buffer.Read(p)
}

// declare opens exactly the streams of an offer's accepted sections.
func (b *buffers) declare(ssrcs []uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.declared = map[uint32]bool{0: true} // browsers probe bandwidth on stream 0
	for _, s := range ssrcs {
		b.declared[s] = true
	}
	for ssrc, buffer := range b.rtp {
		buffer.open.Store(b.declared[ssrc])
	}
}

// make is the stack's BufferFactory.
func (b *buffers) make(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made++; b.made == maxStreams {
		b.overflow()
	}
	buffer := &streamBuffer{Buffer: packetio.NewBuffer()}
	if kind == packetio.RTCPBufferPacket {
		buffer.SetLimitSize(rtcpBuffer)
		buffer.open.Store(true)
		return buffer
	}
	buffer.SetLimitSize(rtpBuffer)
	buffer.open.Store(b.declared[ssrc])
	if b.made < maxStreams {
		if b.rtp == nil {
			b.rtp = map[uint32]*streamBuffer{}
		}
		b.rtp[ssrc] = buffer
	}
	return buffer
}
