package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	maxOffer    = 64 << 10 // bytes
	maxSections = 64
	maxFormats  = 128 // payload types there are
	maxToken    = 256 // bytes of a mid, credential or fingerprint
)

// direction is a section's, as the browser sees it.
type direction string

const (
	sendrecv direction = "sendrecv"
	sendonly direction = "sendonly"
	recvonly direction = "recvonly"
	inactive direction = "inactive"
)

// offer is what the package needs to know of a browser's offer. Nothing else of
// the browser's text goes any further.
type offer struct {
	session     string // sess-id of the o= line
	fingerprint string // "sha-256 AB:CD:…"
	ufrag, pwd  string
	sections    []section
	ids         layerIDs // zero when no section has layers
}

// identity tells one PeerConnection of a browser from the next.
type identity struct{ session, fingerprint, ufrag, pwd string }

func (o *offer) identity() identity { return identity{o.session, o.fingerprint, o.ufrag, o.pwd} }

// continues tells whether an offer is a later one of the same PeerConnection. An
// ICE restart keeps the session id, as RFC 8829 §5.2.2 has it, and a reload keeps
// nothing. Stacks that name every description's session anew keep the ICE
// credentials.
func (i identity) continues(former identity) bool {
	return i.fingerprint == former.fingerprint &&
		(i.session == former.session || i.ufrag == former.ufrag && i.pwd == former.pwd)
}

type section struct {
	kind      kind
	mid       string
	direction direction
	codecs    []offeredCodec
	twcc      int      // header extension id, 0: none
	ssrc, rtx uint32   // what the browser sends with, 0: none
	rids      []string // names of its layers in place of ssrc, the smallest first
	rejected  bool     // stopped by the browser, or nothing in it that is forwarded
	format    int      // its first payload type, to answer a rejected section with
}

type offeredCodec struct {
	codec    codec
	pt, rtx  int // rtx -1: none
	profile  string
	feedback []string
}

func unsupported(format string, args ...any) *Error {
	return &Error{CodeOfferUnsupported, fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *Error {
	return &Error{CodeOfferMalformed, fmt.Sprintf(format, args...)}
}

// parseOffer reads an offer. It is strict where later steps rely on a value and
// deaf to everything else.
func parseOffer(text string) (*offer, error) {
	if len(text) > maxOffer {
		return nil, &Error{CodeOfferTooBig, "the media offer is over 64 KB"}
	}
	if !strings.HasPrefix(text, "v=0") {
		return nil, malformed("the media offer is not a session description")
	}
	p := offerParser{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) < 2 || line[1] != '=' {
			if line == "" {
				continue
			}
			return nil, malformed("the media offer has a line that is not of the form x=…")
		}
		if err := p.line(line[0], line[2:]); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// offerParser collects a description line by line.
type offerParser struct {
	offer   offer
	bundle  []string
	setup   string
	raw     []rawSection
	current *rawSection // nil: session level
}

// rawSection is a section before its codecs are put together.
type rawSection struct {
	section
	mux      bool
	portless bool // port 0: rejected, unless it is only there in the bundle
	bundled  bool // bundle-only
	formats  []int
	names    map[int]string // payload type → "opus/48000/2"
	params   map[int]string
	feedback map[int][]string
	ssrcs    []uint32
	groups   [][2]uint32 // FID: primary, retransmission
	layered
}

func (p *offerParser) line(kind byte, value string) error {
	switch kind {
	case 'o':
		fields := strings.Fields(value)
		if len(fields) < 2 || !isToken(fields[1]) {
			return malformed("the media offer has a malformed o= line")
		}
		p.offer.session = fields[1]
	case 'm':
		return p.media(value)
	case 'a':
		key, val, _ := strings.Cut(value, ":")
		if p.current != nil {
			if err := p.sectionAttribute(key, val); err != nil {
				return err
			}
		}
		return p.sharedAttribute(key, val)
	}
	return nil
}

func (p *offerParser) media(value string) error {
	if len(p.raw) == maxSections {
		return &Error{CodeOfferTooBig, "the media offer has over 64 sections"}
	}
	fields := strings.Fields(value)
	if len(fields) < 4 || len(fields)-3 > maxFormats {
		return malformed("the media offer has a malformed m= line")
	}
	raw := rawSection{
		section: section{direction: sendrecv}, portless: fields[1] == "0",
		names: map[int]string{}, params: map[int]string{}, feedback: map[int][]string{},
	}
	switch fields[0] {
	case "audio":
		raw.kind = audio
	case "video":
		raw.kind = video
	default:
		return unsupported("only audio and video sections are answered")
	}
	for _, f := range fields[3:] {
		pt, err := strconv.Atoi(f)
		if err != nil || pt < 0 || pt > 127 {
			return malformed("the media offer has a payload type that is not one")
		}
		raw.formats = append(raw.formats, pt)
	}
	raw.format = raw.formats[0]
	p.raw = append(p.raw, raw)
	p.current = &p.raw[len(p.raw)-1]
	return nil
}

// sharedAttribute reads what is the same for the whole bundle, at whichever
// level it stands; the first one counts.
func (p *offerParser) sharedAttribute(key, val string) error {
	first := func(at *string) {
		if *at == "" {
			*at = val
		}
	}
	switch key {
	case "group":
		if mids := strings.Fields(val); len(mids) > 0 && mids[0] == "BUNDLE" && p.bundle == nil {
			p.bundle = mids[1:]
		}
	case "ice-ufrag":
		first(&p.offer.ufrag)
	case "ice-pwd":
		first(&p.offer.pwd)
	case "setup":
		first(&p.setup)
	case "fingerprint":
		first(&p.offer.fingerprint)
		if !strings.EqualFold(val, p.offer.fingerprint) {
			return unsupported("all sections must use one certificate")
		}
	}
	return nil
}

func (p *offerParser) sectionAttribute(key, val string) error {
	s := p.current
	switch key {
	case "mid":
		s.mid = val
	case "rtcp-mux":
		s.mux = true
	case "bundle-only":
		s.bundled = true
	case "sendrecv", "sendonly", "recvonly", "inactive":
		s.direction = direction(key)
	case "rtpmap", "fmtp", "rtcp-fb":
		number, rest, _ := strings.Cut(val, " ")
		pt, err := strconv.Atoi(number)
		if err != nil {
			return nil // rtcp-fb:* is legal and not needed
		}
		switch key {
		case "rtpmap":
			s.names[pt] = strings.ToLower(rest)
		case "fmtp":
			s.params[pt] = strings.ToLower(rest)
		default:
			s.feedback[pt] = append(s.feedback[pt], rest)
		}
	case "extmap":
		// Firefox says of some that it only sends them (RFC 8285 §7): "9/sendonly".
		number, uri, _ := strings.Cut(val, " ")
		number, way, _ := strings.Cut(number, "/")
		id, err := strconv.Atoi(number)
		if err == nil && way != string(recvonly) && way != string(inactive) && id >= 1 && id <= 14 {
			s.extension(uri, id)
		}
	case "rid":
		return s.rid(val)
	case "simulcast":
		s.simulcast = val
	case "ssrc":
		number, _, _ := strings.Cut(val, " ")
		ssrc, err := strconv.ParseUint(number, 10, 32)
		if err != nil || ssrc == 0 {
			return malformed("the media offer has a malformed ssrc line")
		}
		if !slices.Contains(s.ssrcs, uint32(ssrc)) {
			if len(s.ssrcs) == 16 {
				return unsupported("a section has too many streams")
			}
			s.ssrcs = append(s.ssrcs, uint32(ssrc))
		}
	case "ssrc-group":
		return s.group(val)
	}
	return nil
}

func (s *rawSection) group(val string) error {
	fields := strings.Fields(val)
	if len(fields) != 3 || fields[0] != "FID" || len(s.groups) == 16 {
		return nil
	}
	primary, err1 := strconv.ParseUint(fields[1], 10, 32)
	repair, err2 := strconv.ParseUint(fields[2], 10, 32)
	if err1 != nil || err2 != nil || primary == 0 || repair == 0 || primary == repair {
		return malformed("the media offer has a malformed ssrc-group line")
	}
	s.groups = append(s.groups, [2]uint32{uint32(primary), uint32(repair)})
	return nil
}

func (p *offerParser) finish() (*offer, error) {
	o := &p.offer
	switch {
	case o.session == "":
		return nil, malformed("the media offer has no o= line")
	case len(p.raw) == 0:
		return nil, unsupported("the media offer has no section")
	case !isToken(o.ufrag) || len(o.ufrag) < 4 || !isToken(o.pwd) || len(o.pwd) < 22:
		return nil, malformed("the media offer has no ICE credentials")
	case !isFingerprint(o.fingerprint):
		return nil, malformed("the media offer has no certificate fingerprint")
	case p.setup != "actpass" && p.setup != "active":
		return nil, unsupported("the offer must leave the passive DTLS role to the server")
	}
	mids := map[string]bool{}
	ssrcs := map[uint32]bool{}
	byType := map[int]string{}
	for i := range p.raw {
		raw := &p.raw[i]
		if !isToken(raw.mid) || mids[raw.mid] {
			return nil, malformed("every section needs a mid of its own")
		}
		mids[raw.mid] = true
		// RFC 9143 §6: with bundle-only, port 0 is no rejection.
		if raw.portless && !raw.bundled {
			raw.rejected, raw.direction = true, inactive
		} else if !slices.Contains(p.bundle, raw.mid) || !raw.mux {
			return nil, unsupported("all sections must be bundled, with rtcp-mux")
		}
		if err := raw.settle(ssrcs, byType); err != nil {
			return nil, err
		}
		o.sections = append(o.sections, raw.section)
	}
	return o, p.settleIDs()
}

// settle turns the collected lines into the section's codecs and streams.
// ssrcs and byType hold what other sections of the bundle use.
func (s *rawSection) settle(ssrcs map[uint32]bool, byType map[int]string) error {
	var have [codecCount]bool
	for _, pt := range s.formats {
		c := s.codec(pt)
		if c.codec == noCodec || have[c.codec] || (c.codec == opus) != (s.kind == audio) {
			continue
		}
		have[c.codec] = true
		for _, at := range []int{c.pt, c.rtx} {
			if at < 0 {
				continue
			}
			name := s.names[at] + " " + s.params[at]
			if known, ok := byType[at]; ok && known != name {
				return unsupported("payload type %d means two things", at)
			}
			byType[at] = name
		}
		s.codecs = append(s.codecs, c)
	}
	// A browser sends what the answer names first, and VP8 is what all can see:
	// Firefox has no H.264 without its plug-in.
	slices.SortStableFunc(s.codecs, func(a, b offeredCodec) int { return int(a.codec) - int(b.codec) })
	if s.direction == inactive {
		s.rejected = s.rejected || len(s.codecs) == 0
		return nil
	}
	if len(s.codecs) == 0 {
		return unsupported("%s needs Opus, or VP8, H.264, VP9 or AV1", s.kind)
	}
	if s.direction == recvonly {
		return nil
	}
	if rids, err := s.sent(); err != nil || rids != nil {
		s.rids = rids
		return err
	}
	if len(s.ssrcs) == 0 {
		return unsupported("a sending section names no stream (ssrc)")
	}
	s.ssrc = s.ssrcs[0]
	for _, g := range s.groups {
		if g[0] == s.ssrc {
			s.rtx = g[1]
		}
	}
	for _, ssrc := range []uint32{s.ssrc, s.rtx} {
		if ssrc != 0 && ssrcs[ssrc] {
			return malformed("two sections name the same stream (ssrc)")
		}
		ssrcs[ssrc] = true
	}
	return nil
}

// codec puts together what the section says of a payload type. Of a codec's profiles
// only the one that everybody has is taken: what one browser sends, every other must
// decode.
func (s *rawSection) codec(pt int) offeredCodec {
	c := offeredCodec{pt: pt, rtx: -1}
	switch s.names[pt] {
	case "opus/48000/2":
		c.codec = opus
	case "vp8/90000":
		c.codec = vp8
	case "h264/90000":
		profile := s.param(pt, "profile-level-id", "")
		baseline := strings.HasPrefix(profile, "42e0") || strings.HasPrefix(profile, "4200")
		if s.param(pt, "packetization-mode", "0") != "1" || len(profile) != 6 || !baseline || !isHex(profile) {
			return c
		}
		c.codec, c.profile = h264, profile
	case "vp9/90000":
		if s.param(pt, "profile-id", "0") != "0" {
			return c
		}
		c.codec = vp9
	case "av1/90000":
		if s.param(pt, "profile", "0") != "0" {
			return c
		}
		c.codec = av1
	default:
		return c
	}
	for _, fb := range s.feedback[pt] {
		switch fb {
		case "transport-cc", remb, "nack", "nack pli", "ccm fir":
			if !slices.Contains(c.feedback, fb) {
				c.feedback = append(c.feedback, fb)
			}
		}
	}
	for _, other := range s.formats {
		if s.names[other] == "rtx/90000" && s.params[other] == "apt="+strconv.Itoa(pt) {
			c.rtx = other
		}
	}
	return c
}

// param is a value of a payload type's fmtp line.
func (s *rawSection) param(pt int, name, absent string) string {
	for param := range strings.SplitSeq(s.params[pt], ";") {
		if key, val, _ := strings.Cut(strings.TrimSpace(param), "="); key == name {
			return val
		}
	}
	return absent
}

// isToken accepts what mids, session ids and ICE credentials are made of.
func isToken(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("+/-_.{}=", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func isFingerprint(s string) bool {
	hash, value, ok := strings.Cut(s, " ")
	if !ok || len(s) > maxToken {
		return false
	}
	switch strings.ToLower(hash) {
	case "sha-256", "sha-384", "sha-512":
	default:
		return false
	}
	pairs := strings.Split(value, ":")
	for _, pair := range pairs {
		if len(pair) != 2 || !isHex(pair) {
			return false
		}
	}
	return len(pairs) >= 32
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
