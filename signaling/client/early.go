package client

import (
	"io"
	"sync"

	"github.com/pion/transport/v4/packetio"
)

// rtpBuffer and rtcpBuffer bound what waits between the socket and a reader, bytes.
const (
	rtpBuffer  = 1 << 20
	rtcpBuffer = 100 << 10
)

// early makes media that overtake their answer wait for it. The stack would look
// into a stream that no description names yet, and read on in it beside the
// reader that the answer starts.
type early struct {
	answered sync.RWMutex // held for writing while an offer is out
}

// make is the stack's BufferFactory: it is called when a stream is first heard
// of, in a packet or in a description.
func (e *early) make(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	buffer := packetio.NewBuffer()
	if kind == packetio.RTCPBufferPacket {
		buffer.SetLimitSize(rtcpBuffer)
		return buffer
	}
	buffer.SetLimitSize(rtpBuffer)
	e.answered.RLock()
	defer e.answered.RUnlock()
	return buffer
}
