package sfu

import (
	"fmt"

	"github.com/pion/webrtc/v4"
)

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

func (k kind) rtp() webrtc.RTPCodecType {
	if k == audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
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

// codec is one that is forwarded. All browsers have the first two, most have all
// three. A picture's codec that stands before another is preferred.
type codec uint8

const (
	noCodec codec = iota
	opus
	vp8
	h264
)

// opusParameters ask for in-band FEC and DTX; they go into every answer.
const opusParameters = "minptime=10;useinbandfec=1;usedtx=1"

func (c codec) clock() uint32 {
	if c == opus {
		return 48000
	}
	return 90000
}

func codecOf(mime string) codec {
	switch mime {
	case webrtc.MimeTypeOpus:
		return opus
	case webrtc.MimeTypeVP8:
		return vp8
	case webrtc.MimeTypeH264:
		return h264
	}
	return noCodec
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

// newMediaEngine registers what connections may negotiate. The payload types
// are ours only until the browser offers its own.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	var m webrtc.MediaEngine
	audioFeedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}}
	videoFeedback := []webrtc.RTCPFeedback{
		{Type: "transport-cc"}, {Type: remb}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}
	register := func(k kind, pt webrtc.PayloadType, mime, fmtp string, clock uint32, channels uint16, fb []webrtc.RTCPFeedback) error {
		return m.RegisterCodec(webrtc.RTPCodecParameters{
			PayloadType: pt,
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: mime, ClockRate: clock, Channels: channels, SDPFmtpLine: fmtp, RTCPFeedback: fb,
			},
		}, k.rtp())
	}
	if err := register(audio, 111, webrtc.MimeTypeOpus, opusParameters, 48000, 2, audioFeedback); err != nil {
		return nil, err
	}
	for _, v := range []struct {
		pt         webrtc.PayloadType
		mime, fmtp string
	}{
		{96, webrtc.MimeTypeVP8, ""},
		{102, webrtc.MimeTypeH264, h264Parameters("42e01f")}, // constrained baseline
		{104, webrtc.MimeTypeH264, h264Parameters("42001f")}, // baseline
	} {
		if err := register(video, v.pt, v.mime, v.fmtp, 90000, 0, videoFeedback); err != nil {
			return nil, err
		}
		if err := register(video, v.pt+1, webrtc.MimeTypeRTX, fmt.Sprintf("apt=%d", v.pt), 90000, 0, nil); err != nil {
			return nil, err
		}
	}
	for _, k := range []kind{audio, video} {
		for _, uri := range []string{transportCC, sdesMID, sdesRID, sdesRepair} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, k.rtp()); err != nil {
				return nil, err
			}
		}
	}
	return &m, nil
}
