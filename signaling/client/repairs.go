package client

import (
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// repairs makes packets that are sent again tell which layer they repair. The stack
// copies the header of the packet that was lost, as if they were the layer itself.
type repairs struct{ interceptor.NoOp }

// NewInterceptor implements interceptor.Factory.
func (*repairs) NewInterceptor(string) (interceptor.Interceptor, error) { return &repairs{}, nil }

// BindLocalStream implements interceptor.Interceptor.
func (*repairs) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	var rid, repaired uint8
	for _, e := range info.RTPHeaderExtensions {
		switch e.URI {
		case sdesRID:
			rid = uint8(e.ID)
		case sdesRepair:
			repaired = uint8(e.ID)
		}
	}
	if rid == 0 || repaired == 0 {
		return next
	}
	return interceptor.RTPWriterFunc(func(header *rtp.Header, payload []byte, attributes interceptor.Attributes) (int, error) {
		if name := header.GetExtension(rid); header.SSRC == info.SSRCRetransmission && name != nil {
			again := header.Clone()
			header = &again
			if err := header.DelExtension(rid); err != nil {
				return 0, err
			}
			if err := header.SetExtension(repaired, name); err != nil {
				return 0, err
			}
		}
		return next.Write(header, payload, attributes)
	})
}
