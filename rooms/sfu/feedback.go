package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	// feedbackInterval is how often the publisher hears when its packets came,
	// the same as between browsers.
	feedbackInterval = 50 * time.Millisecond
	// feedbackBatch forces a report earlier when many packets came.
	feedbackBatch = 100
)

// arrivalFactory makes an arrivalFeedback for each connection.
type arrivalFactory struct{}

// NewInterceptor implements interceptor.Factory.
func (arrivalFactory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &arrivalFeedback{
		began:    time.Now(),
		recorder: twcc.NewRecorder(rand.Uint32()),
	}, nil
}

// arrivalFeedback is the receiving half of transport-wide congestion control:
// it notes when packets of any stream of a connection arrive (retransmissions
// and probes too, hence an interceptor) and reports it to the browser, whose
// bandwidth estimate lives on it. It has no goroutine: the packets are its clock.
type arrivalFeedback struct {
	interceptor.NoOp
	began time.Time

	mu       sync.Mutex // guards all below
	recorder *twcc.Recorder
	writer   interceptor.RTCPWriter
	sent     time.Time
	noted    int
}

// BindRTCPWriter implements interceptor.Interceptor.
func (a *arrivalFeedback) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writer = w
	return w
}

// BindRemoteStream implements interceptor.Interceptor.
func (a *arrivalFeedback) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	var id uint8
	for _, e := range info.RTPHeaderExtensions {
		if e.URI == transportCC {
			id = uint8(e.ID)
		}
	}
	if id == 0 {
		return r
	}
	var header rtp.Header // one reader per stream, so it can be reused
	return interceptor.RTPReaderFunc(func(b []byte, attributes interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, attributes, err := r.Read(b, attributes)
		if err != nil {
			return n, attributes, err
		}
		if _, err := header.Unmarshal(b[:n]); err == nil {
			if ext := header.GetExtension(id); len(ext) == 2 {
				a.note(info.SSRC, binary.BigEndian.Uint16(ext), time.Now())
			}
		}
		return n, attributes, nil
	})
}

func (a *arrivalFeedback) note(ssrc uint32, seq uint16, now time.Time) {
	a.mu.Lock()
	a.recorder.Record(ssrc, seq, now.Sub(a.began).Microseconds())
	a.noted++
	var reports []rtcp.Packet
	if a.noted >= feedbackBatch || now.Sub(a.sent) >= feedbackInterval {
		reports = a.recorder.BuildFeedbackPacket()
		a.noted, a.sent = 0, now
	}
	w := a.writer
	a.mu.Unlock()
	if len(reports) > 0 && w != nil {
		_, _ = w.Write(reports, nil) // a broken path shows itself elsewhere
	}
}
