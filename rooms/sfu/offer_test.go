package sfu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// chromium is a first offer as the app makes it: microphone, camera, two spare
// pairs, codecs pruned.
func chromium(t testing.TB) string { return offerOf(t, "chromium") }

var chromiumTracks = []Track{{MID: "0", Source: Microphone}, {MID: "1", Source: Camera}}

func TestParseOfferOfChromium(t *testing.T) {
	o, err := parseOffer(chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.sections) != 6 {
		t.Fatalf("%d sections", len(o.sections))
	}
	camera := o.sections[1]
	if camera.ssrc == 0 || camera.rtx == 0 || camera.twcc == 0 || camera.direction != sendonly {
		t.Errorf("camera section %+v", camera)
	}
	if len(camera.codecs) != 2 || camera.codecs[0].codec != vp8 || camera.codecs[1].codec != h264 || camera.codecs[0].rtx < 0 {
		t.Errorf("camera codecs %+v", camera.codecs)
	}
	if o.sections[3].direction != recvonly {
		t.Errorf("section 3 is %s", o.sections[3].direction)
	}
}

func TestAnswerToChromium(t *testing.T) {
	s, err := Listen(Config{
		Listen:   netip.MustParseAddrPort("127.0.0.1:0"),
		Announce: []netip.AddrPort{netip.MustParseAddrPort("203.0.113.5:443"), netip.MustParseAddrPort("203.0.113.6:0")},
	})
	must(t, err)
	defer s.Close()
	p, err := s.NewRoom().Join("clinic", Rights{Microphone: true}, Hooks{})
	must(t, err)
	answer, lines, err := p.Offer(context.Background(), chromium(t), chromiumTracks)
	must(t, err)

	blocks := splitSections(answer)[1:]
	want := []string{"recvonly", "inactive", "sendonly", "sendonly", "sendonly", "sendonly"}
	for i, d := range want {
		if !strings.Contains(strings.Join(blocks[i], "\n"), "\na="+d) {
			t.Errorf("section %d is not %s:\n%s", i, d, strings.Join(blocks[i], "\n"))
		}
	}
	for _, w := range []string{
		"a=ice-lite\r\n",
		"a=setup:passive\r\n",
		"203.0.113.5 443 typ host\r\n",
		fmt.Sprintf("203.0.113.6 %d typ host tcptype passive\r\n", s.Addr().Port()),
		"useinbandfec=1;usedtx=1",
		"a=ssrc-group:FID ",
	} {
		if !strings.Contains(answer, w) {
			t.Errorf("answer lacks %q", w)
		}
	}
	if strings.Contains(answer, "127.0.0.1 ") && strings.Contains(answer, "a=candidate:1 1 udp 2130706431 127.0.0.1") {
		t.Error("behind a NAT the answer tells the inner address")
	}
	if len(answer) > 5<<10 {
		t.Errorf("the answer is %d bytes, too much for a thin link", len(answer))
	}
	if len(lines) != 4 || lines[0].MID != "2" || lines[3].MID != "5" {
		t.Errorf("lines %+v", lines)
	}
}

func TestOffersThatAreRefused(t *testing.T) {
	good := chromium(t)
	section := "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n"
	many := func(n int) string {
		var b strings.Builder
		head, _, _ := strings.Cut(good, "m=")
		group := "a=group:BUNDLE"
		for i := range n {
			group += fmt.Sprintf(" x%d", i)
		}
		first := splitSections(good)[1]
		fmt.Fprintf(&b, "%s%s\r\n", strings.ReplaceAll(head, "a=group:BUNDLE 0 1 2 3 4 5\r\n", ""), group)
		for i := range n {
			b.WriteString(section + fmt.Sprintf("a=mid:x%d\r\n", i))
			for _, l := range first {
				if strings.HasPrefix(l, "a=ice-") || strings.HasPrefix(l, "a=finger") || strings.HasPrefix(l, "a=setup") {
					b.WriteString(l + "\r\n")
				}
			}
		}
		return b.String()
	}
	if _, err := parseOffer(many(64)); err != nil {
		t.Fatalf("64 sections: %v", err)
	}
	for name, c := range map[string]struct {
		offer  string
		tracks []Track
		code   string
	}{
		"empty":                 {"", nil, CodeOfferMalformed},
		"not SDP":               {strings.Repeat("hello\n", 10), nil, CodeOfferMalformed},
		"over 64 KB":            {good + strings.Repeat("a=x:y\r\n", 10000), nil, CodeOfferTooBig},
		"65 sections":           {many(65), nil, CodeOfferTooBig},
		"10,000 sections":       {strings.Repeat("m=audio 9 X 0\r\n", 4000), nil, CodeOfferMalformed},
		"bomb of sections":      {"v=0\r\n" + strings.Repeat("m=audio 9 X 0\r\n", 4000), nil, CodeOfferTooBig},
		"bomb of formats":       {"v=0\r\nm=audio 9 X" + strings.Repeat(" 1", 20000), nil, CodeOfferMalformed},
		"data channel":          {good + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:9\r\n", nil, CodeOfferUnsupported},
		"no credentials":        {strings.ReplaceAll(good, "a=ice-pwd", "a=no"), nil, CodeOfferMalformed},
		"no fingerprint":        {strings.ReplaceAll(good, "a=fingerprint", "a=no"), nil, CodeOfferMalformed},
		"weak fingerprint":      {strings.ReplaceAll(good, "a=fingerprint:sha-256", "a=fingerprint:md5"), nil, CodeOfferMalformed},
		"wants to be passive":   {strings.ReplaceAll(good, "a=setup:actpass", "a=setup:passive"), nil, CodeOfferUnsupported},
		"not bundled":           {strings.Replace(good, "BUNDLE 0 1", "BUNDLE 0", 1), nil, CodeOfferUnsupported},
		"same mid twice":        {strings.Replace(good, "a=mid:1", "a=mid:0", 1), nil, CodeOfferMalformed},
		"mid of odd bytes":      {strings.Replace(good, "a=mid:1", "a=mid:1\x00 2", 1), nil, CodeOfferMalformed},
		"no codec in common":    {strings.NewReplacer("VP8/90000", "AV2/90000", "H264/90000", "AV3/90000").Replace(good), nil, CodeOfferUnsupported},
		"no ssrc":               {strings.ReplaceAll(good, "a=ssrc:", "a=none:"), nil, CodeOfferUnsupported},
		"track without section": {good, []Track{{MID: "77", Source: Camera}}, CodeOfferUnsupported},
		"camera on audio":       {good, []Track{{MID: "0", Source: Camera}}, CodeOfferUnsupported},
		"unknown source":        {good, []Track{{MID: "1", Source: "keyboard"}}, CodeOfferUnsupported},
		"same source twice":     {good, []Track{{MID: "1", Source: Camera}, {MID: "1", Source: Screen}}, CodeOfferUnsupported},
		"track on a line":       {good, []Track{{MID: "3", Source: Camera}}, CodeOfferUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
			must(t, err)
			_, _, err = p.Offer(context.Background(), c.offer, c.tracks)
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestABadOfferLeavesTheCallAlone(t *testing.T) {
	r := listen(t).NewRoom()
	expert := join(t, r, "expert", clientOptions{})
	clinic := join(t, r, "clinic", clientOptions{})
	expert.gets("clinic", Camera)
	for _, bad := range []string{
		"v=0", chromium(t)[:3000],
		strings.Replace(clinic.pc.LocalDescription().SDP, "a=recvonly", "a=inactive", 1), // a line that goes away
	} {
		if _, _, err := clinic.peer.Offer(context.Background(), bad, clinic.tracks()); err == nil {
			t.Fatalf("accepted %q…", bad[:min(len(bad), 40)])
		}
	}
	expert.gets("clinic", Camera)
	clinic.gets("expert", Camera)
}

// Candidates in an offer are never contacted.
func TestSignalledCandidatesAreIgnored(t *testing.T) {
	p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
	must(t, err)
	text := chromium(t) + "a=candidate:1 1 udp 2130706431 192.0.2.77 9 typ host\r\n"
	_, _, err = p.Offer(context.Background(), text, chromiumTracks)
	must(t, err)
	candidates, err := p.conn.way.agent.GetRemoteCandidates()
	must(t, err)
	if len(candidates) > 0 {
		t.Errorf("the ICE agent knows %v", candidates)
	}
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

func TestARejectedSectionIsAnsweredAsRejected(t *testing.T) {
	blocks := splitSections(chromium(t))
	blocks[6][0] = strings.Replace(blocks[6][0], "m=video 9", "m=video 0", 1)
	var b strings.Builder
	for _, block := range blocks {
		for _, l := range block {
			l = strings.Replace(l, "BUNDLE 0 1 2 3 4 5", "BUNDLE 0 1 2 3 4", 1)
			b.WriteString(l + "\r\n")
		}
	}
	p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
	must(t, err)
	answer, lines, err := p.Offer(context.Background(), b.String(), chromiumTracks)
	must(t, err)
	if !strings.Contains(answer, "m=video 0 ") || !strings.Contains(answer, "BUNDLE 0 1 2 3 4\r\n") || len(lines) != 3 {
		t.Errorf("lines %v, answer:\n%s", lines, answer)
	}
}

func FuzzParseOffer(f *testing.F) {
	for _, browser := range []string{"chromium", "firefox", "firefox-layers", "safari"} {
		f.Add(offerOf(f, browser))
	}
	f.Add("v=0\r\nm=audio 9 X 1\r\n")
	f.Add(layeredOffer(f, true, layerLines...))
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseOffer(text)
		if err != nil {
			return
		}
		p, err := planFor(o, nil, Rights{true, true, true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := offline()
		lines, _ := c.bind(p.receiving)
		blocks := splitSections((&answer{candidates: "a=end-of-candidates\r\n"}).write(o, p.directions, lines))
		if len(blocks) != len(o.sections)+1 {
			t.Fatalf("%d sections are answered with %d", len(o.sections), len(blocks)-1)
		}
		for i, section := range o.sections {
			if !slices.Contains(blocks[i+1], "a=mid:"+section.mid) {
				t.Fatalf("section %s is answered with %q", section.mid, blocks[i+1])
			}
		}
	})
}

// scramble edits an offer line by line, three bytes per edit: browsers' offers
// with a part missing, doubled, moved or altered get further than random bytes.
func scramble(text string, edits []byte) string {
	lines := strings.SplitAfter(text, "\r\n")
	for ; len(edits) >= 3 && len(lines) > 1; edits = edits[3:] {
		i, j := int(edits[1])%len(lines), int(edits[2])%len(lines)
		switch edits[0] % 6 {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = slices.Insert(lines, i, lines[j])
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		case 3:
			lines[i] = strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return '0' + (r-'0'+rune(edits[2]))%10
				}
				return r
			}, lines[i])
		case 4:
			for _, d := range []string{"sendonly", "recvonly", "inactive", "sendrecv"} {
				lines[i] = strings.Replace(lines[i], "a="+d, "a="+[]string{"inactive", "sendonly", "sendrecv", "recvonly"}[edits[2]%4], 1)
			}
		case 5:
			if lines[i] == "" {
				continue
			}
			at := int(edits[2]) % max(len(lines[i])-2, 1)
			lines[i] = lines[i][:at] + lines[i][at+1:]
		}
	}
	return strings.Join(lines, "")
}

// FuzzOffer drives the whole negotiation twice, protocol stack included: a first
// offer, and another on top.
func FuzzOffer(f *testing.F) {
	good := layeredOffer(f, true, layerLines...)
	f.Add([]byte{}, []byte{})
	f.Add([]byte{4, 120, 0}, []byte{4, 120, 1, 0, 30, 0})
	f.Add([]byte{1, 40, 80, 3, 50, 7}, []byte{2, 10, 90, 5, 60, 3})
	s, err := Listen(Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 300 {
			return
		}
		r := s.NewRoom()
		defer r.Close()
		p, err := r.Join("x", Rights{true, true, true}, Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, edits := range [][]byte{first, second} {
			text := scramble(good, edits)
			_, _, err = p.Offer(ctx, text, chromiumTracks)
			if e := (*Error)(nil); errors.As(err, &e) && e.Code == CodeFailed {
				t.Fatalf("an offer that passed the checks could not be agreed on: %v\n%s", err, text)
			}
		}
	})
}
