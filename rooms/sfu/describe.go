package sfu

import (
	"fmt"
	"strings"
)

// describe writes the description that the protocol stack gets: the same
// sections with only what is forwarded, no candidates, and the directions
// given, one per section.
func (o *offer) describe(directions []direction) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")
	for _, s := range o.sections {
		b.WriteString(" " + s.mid)
	}
	b.WriteString("\r\na=fingerprint:" + o.fingerprint + "\r\n")
	for i := range o.sections {
		o.sections[i].describe(&b, o, directions[i])
	}
	return b.String()
}

func (s *section) describe(b *strings.Builder, o *offer, d direction) {
	codecs := s.codecs
	if len(codecs) == 0 { // a rejected section must be there, not make sense
		codecs = []offeredCodec{{codec: opus, pt: 111, rtx: -1}}
		if s.kind == video {
			codecs = []offeredCodec{{codec: vp8, pt: 96, rtx: -1}}
		}
	}
	fmt.Fprintf(b, "m=%s 9 UDP/TLS/RTP/SAVPF", s.kind)
	for _, c := range codecs {
		fmt.Fprintf(b, " %d", c.pt)
		if c.rtx >= 0 {
			fmt.Fprintf(b, " %d", c.rtx)
		}
	}
	fmt.Fprintf(b, "\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", s.mid, d)
	fmt.Fprintf(b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=setup:actpass\r\n", o.ufrag, o.pwd)
	if s.twcc != 0 {
		fmt.Fprintf(b, "a=extmap:%d %s\r\n", s.twcc, transportCC)
	}
	// Without these the stack makes up sections for streams that were not declared.
	ids := o.ids
	if ids == (layerIDs{}) {
		ids = layerIDs{mid: otherID(s.twcc, 1), rid: otherID(s.twcc, 2)}
	}
	ids.describe(b)
	for _, c := range codecs {
		c.describe(b)
	}
	if d != sendonly {
		return
	}
	if s.rids != nil {
		describeLayers(b, s.rids)
		return
	}
	if s.rtx != 0 {
		fmt.Fprintf(b, "a=ssrc-group:FID %d %d\r\n", s.ssrc, s.rtx)
	}
	fmt.Fprintf(b, "a=ssrc:%d cname:-\r\n", s.ssrc)
	if s.rtx != 0 {
		fmt.Fprintf(b, "a=ssrc:%d cname:-\r\n", s.rtx)
	}
}

// otherID is the n-th header extension id that is not taken.
func otherID(taken, n int) int {
	if taken != 0 && n >= taken {
		return n + 1
	}
	return n
}

func (c *offeredCodec) describe(b *strings.Builder) {
	switch c.codec {
	case opus:
		fmt.Fprintf(b, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%d %s\r\n", c.pt, c.pt, opusParameters)
	case vp8:
		fmt.Fprintf(b, "a=rtpmap:%d VP8/90000\r\n", c.pt)
	case h264:
		fmt.Fprintf(b, "a=rtpmap:%d H264/90000\r\na=fmtp:%d %s\r\n", c.pt, c.pt, h264Parameters(c.profile))
	}
	for _, fb := range c.feedback {
		fmt.Fprintf(b, "a=rtcp-fb:%d %s\r\n", c.pt, fb)
	}
	if c.rtx >= 0 {
		fmt.Fprintf(b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", c.rtx, c.rtx, c.pt)
	}
}
