package sfu

import (
	"fmt"
	"strings"
)

// answer is what the browser is told of our side.
type answer struct {
	session, version uint64
	fingerprint      string
	ufrag, pwd       string
	candidates       string
}

// write answers an offer: one section for each of its, in the directions given,
// with the codecs that both have. Every hundred bytes count on a village's uplink,
// so there is nothing in it that a browser does not need.
func (a *answer) write(o *offer, directions []direction, lines map[string]*line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:%s\r\na=ice-lite\r\na=group:BUNDLE",
		a.session, a.version, a.fingerprint)
	for _, s := range o.sections {
		if !s.rejected {
			b.WriteString(" " + s.mid)
		}
	}
	b.WriteString("\r\n")
	candidates := a.candidates
	for i := range o.sections {
		s := &o.sections[i]
		if s.rejected {
			fmt.Fprintf(&b, "m=%s 0 UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=inactive\r\n", s.kind, s.format, s.mid)
			continue
		}
		s.describe(&b)
		fmt.Fprintf(&b, "a=setup:passive\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", a.ufrag, a.pwd)
		switch directions[i] {
		case sendonly:
			s.answerSending(&b, o.ids)
		case recvonly:
			lines[s.mid].describe(&b)
		default:
			b.WriteString("a=inactive\r\n")
		}
		b.WriteString(candidates) // of the bundle: once
		candidates = ""
	}
	return b.String()
}

// describe writes the section's codecs and what is the same both ways.
func (s *section) describe(b *strings.Builder) {
	fmt.Fprintf(b, "m=%s 9 UDP/TLS/RTP/SAVPF", s.kind)
	for _, c := range s.codecs {
		fmt.Fprintf(b, " %d", c.pt)
		if c.rtx >= 0 {
			fmt.Fprintf(b, " %d", c.rtx)
		}
	}
	fmt.Fprintf(b, "\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", s.mid)
	if s.twcc != 0 {
		fmt.Fprintf(b, "a=extmap:%d %s\r\n", s.twcc, transportCC)
	}
	for _, c := range s.codecs {
		c.describe(b, s.direction != recvonly)
	}
}

// describe writes a codec; with sends the browser sends it.
func (c *offeredCodec) describe(b *strings.Builder, sends bool) {
	switch c.codec {
	case opus:
		fmt.Fprintf(b, "a=rtpmap:%d %s/48000/2\r\na=fmtp:%d %s\r\n", c.pt, c.codec, c.pt, opusParameters)
	case vp8, vp9, av1:
		fmt.Fprintf(b, "a=rtpmap:%d %s/90000\r\n", c.pt, c.codec)
	case h264:
		fmt.Fprintf(b, "a=rtpmap:%d %s/90000\r\na=fmtp:%d %s\r\n", c.pt, c.codec, c.pt, h264Parameters(c.profile))
	}
	for _, fb := range c.feedback {
		if sends || fb != remb {
			fmt.Fprintf(b, "a=rtcp-fb:%d %s\r\n", c.pt, fb)
		}
	}
	if c.rtx >= 0 {
		fmt.Fprintf(b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", c.rtx, c.rtx, c.pt)
	}
}

// answerSending writes what concerns a section that the browser sends on.
func (s *section) answerSending(b *strings.Builder, ids layerIDs) {
	b.WriteString("a=recvonly\r\n")
	if s.rids == nil {
		return
	}
	ids.describe(b)
	for _, rid := range s.rids {
		fmt.Fprintf(b, "a=rid:%s recv\r\n", rid)
	}
	fmt.Fprintf(b, "a=simulcast:recv %s\r\n", strings.Join(s.rids, ";"))
}

// describe writes what the browser gets on the line.
func (l *line) describe(b *strings.Builder) {
	fmt.Fprintf(b, "a=msid:%s %s%s\r\n", l.stream, l.kind, l.stream)
	if l.rtxSSRC != 0 {
		fmt.Fprintf(b, "a=ssrc-group:FID %d %d\r\n", l.ssrc, l.rtxSSRC)
	}
	fmt.Fprintf(b, "a=ssrc:%d cname:%s\r\n", l.ssrc, l.stream)
	if l.rtxSSRC != 0 {
		fmt.Fprintf(b, "a=ssrc:%d cname:%s\r\n", l.rtxSSRC, l.stream)
	}
	b.WriteString("a=sendonly\r\n")
}
