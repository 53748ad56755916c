package sfu

import (
	"fmt"
	"strings"
)

// writeAnswer makes the answer that the browser gets out of the one that the
// protocol stack agreed to: our own candidates instead of the pseudo ones, no
// attribute that a browser does not need (every hundred bytes count on a
// village's uplink), and rejected sections as rejected.
func writeAnswer(stack string, o *offer, candidates string) (string, error) {
	blocks := splitSections(stack)
	if len(blocks) != len(o.sections)+1 {
		return "", fmt.Errorf("answer has %d sections, offer %d", len(blocks)-1, len(o.sections))
	}
	var b strings.Builder
	for _, line := range blocks[0] {
		switch {
		case strings.HasPrefix(line, "a=group:"):
			b.WriteString("a=group:BUNDLE")
			for _, s := range o.sections {
				if !s.rejected {
					b.WriteString(" " + s.mid)
				}
			}
			b.WriteString("\r\n")
		case strings.HasPrefix(line, "a=msid-semantic"):
		default:
			b.WriteString(line + "\r\n")
		}
	}
	first := true
	for i, s := range o.sections {
		if s.rejected {
			fmt.Fprintf(&b, "m=%s 0 UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=inactive\r\n",
				s.kind, s.format, s.mid)
			continue
		}
		for _, line := range blocks[i+1] {
			if !needless(line, s.rids != nil) && !(s.direction == recvonly && strings.HasSuffix(line, " "+remb)) {
				b.WriteString(line + "\r\n")
			}
		}
		if first {
			b.WriteString(candidates)
			first = false
		}
	}
	return b.String(), nil
}

func needless(line string, layers bool) bool {
	if strings.HasPrefix(line, "a=ssrc:") {
		return !strings.Contains(line, " cname:")
	}
	if strings.HasPrefix(line, "a=extmap:") {
		return !strings.HasSuffix(line, transportCC) && !(layers && strings.Contains(line, sdesPrefix))
	}
	return strings.HasPrefix(line, "a=candidate:") || line == "a=end-of-candidates"
}

// splitSections cuts a description into its session part and its sections.
func splitSections(text string) [][]string {
	blocks := [][]string{nil}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "m=") {
			blocks = append(blocks, nil)
		}
		blocks[len(blocks)-1] = append(blocks[len(blocks)-1], line)
	}
	return blocks
}
