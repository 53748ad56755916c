package sfu

type kind uint8

const (
	audio kind = iota
	video
)

func (k kind) String() string {
	if k == audio {
		return "audio"
	}
	return "video"
}

func (s Source) kind() kind {
	if s == Microphone {
		return audio
	}
	return video
}

// index numbers the sources, for arrays.
func (s Source) index() int {
	switch s {
	case Microphone:
		return 0
	case Camera:
		return 1
	default:
		return 2
	}
}

func (s Source) valid() bool { return s == Microphone || s == Camera || s == Screen }

var sources = [...]Source{Microphone, Camera, Screen}

func (r Rights) allow(s Source) bool {
	switch s {
	case Microphone:
		return r.Microphone
	case Camera:
		return r.Camera
	case Screen:
		return r.Screen
	}
	return false
}

// codec is one that is forwarded. All browsers have the first two, most have H.264. A
// picture's codec that stands before another is preferred: the last two cost the
// sender's processor more than a clinic's may have, and are for who offers nothing else
// or chooses for itself.
type codec uint8

const (
	noCodec codec = iota
	opus
	vp8
	h264
	vp9
	av1
	codecCount
)

func (c codec) String() string {
	return [codecCount]string{"none", "opus", "VP8", "H264", "VP9", "AV1"}[c]
}

// opusParameters ask for in-band FEC and DTX; they go into every answer.
const opusParameters = "minptime=10;useinbandfec=1;usedtx=1"

func (c codec) clock() uint32 {
	if c == opus {
		return 48000
	}
	return 90000
}

// h264Parameters is the fmtp line of packetization mode 1 with the profile.
func h264Parameters(profile string) string {
	return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile
}

// remb is the feedback that tells a publisher how much of it is of use.
const remb = "goog-remb"

// Header extensions.
const (
	transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	sdesPrefix  = "urn:ietf:params:rtp-hdrext:sdes:"
	sdesMID     = sdesPrefix + "mid"
	sdesRID     = sdesPrefix + "rtp-stream-id"
	sdesRepair  = sdesPrefix + "repaired-rtp-stream-id"
)
