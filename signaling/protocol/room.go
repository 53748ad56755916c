package protocol

// The room socket (/ws/rooms/{consult}): lobby, call and chat of one consult.

// RoomHello is the first frame from the app: a ticket, or a room token to resume.
type RoomHello struct {
	Ticket string `json:"ticket,omitempty" maxLength:"4096" doc:"single-use room ticket from POST /api/consults/{id}/join"`
	Resume string `json:"resume,omitempty" maxLength:"4096" doc:"room token of the dropped socket; only while this page still holds its media connection"`
	Chat   int64  `json:"chat,omitempty" doc:"sequence number of the last chat message seen"`
}

// Offer carries the browser's SDP offer. The browser is always the offerer.
type Offer struct {
	ID     int64   `json:"id" doc:"copied into the answer; a newer offer makes older answers void"`
	Fresh  bool    `json:"fresh,omitempty" doc:"true: a new media connection. For readers of a trace: the server knows one by its certificate and drops the one of before"`
	SDP    string  `json:"sdp" maxLength:"60000"`
	Tracks []Track `json:"tracks" maxItems:"8" doc:"what is sent on which section"`
}

// Track names what the browser sends on one media section.
type Track struct {
	MID    string `json:"mid" maxLength:"32"`
	Source string `json:"source" enum:"microphone,camera,screen"`
}

// Media says which of the person's own sources are on.
type Media struct {
	Microphone bool `json:"microphone"`
	Camera     bool `json:"camera"`
	Screen     bool `json:"screen"`
	Paused     bool `json:"paused,omitempty" doc:"the camera is on, but its link bears sound only: the picture comes back by itself"`
}

// Knock says that the person is ready to enter.
type Knock struct{}

// Admit lets a waiting person in.
type Admit struct {
	Participant string `json:"participant" maxLength:"64"`
}

// ChatSend says something to the room; it is kept with the case.
type ChatSend struct {
	Key  string `json:"key" maxLength:"64" doc:"made by the sender; the same key twice is one message"`
	Text string `json:"text" maxLength:"4000" doc:"at most 4,000 characters"`
}

// Quality is the person's own view of the link, every few seconds.
type Quality struct {
	RTT       float64 `json:"rtt" doc:"ms"`
	LossUp    float64 `json:"loss_up" doc:"share of packets lost, 0 to 1"`
	LossDown  float64 `json:"loss_down" doc:"share of packets lost, 0 to 1"`
	RateUp    float64 `json:"rate_up" doc:"kbit/s sent"`
	RateDown  float64 `json:"rate_down" doc:"kbit/s received"`
	Concealed float64 `json:"concealed" doc:"share of audio samples concealed, 0 to 1"`
	Freezes   int     `json:"freezes" doc:"video freezes since the call began"`
	Path      string  `json:"path" enum:",udp,tcp,relay"`
}

// Leave leaves the call; the case goes on.
type Leave struct{}

// EndAll ends the call for everybody.
type EndAll struct{}

// RoomWelcome answers RoomHello: who and what is here, as of now.
type RoomWelcome struct {
	Participant string        `json:"participant" doc:"the person's own id in this room"`
	Token       string        `json:"token" doc:"room token: resumes this socket on any node, valid 10 min"`
	Grace       int           `json:"grace" doc:"seconds within which a dropped socket may resume"`
	Resumed     bool          `json:"resumed" doc:"true: the media connection of before can go on, if need be on another path"`
	Phase       string        `json:"phase" enum:"lobby,waiting,in"`
	State       string        `json:"state" doc:"state of the consult"`
	Version     int64         `json:"version" doc:"version of the consult, as in case"`
	May         []string      `json:"may" doc:"microphone, camera, screen, chat, admit, end, invite"`
	Roster      []Participant `json:"roster"`
	Chat        []ChatMessage `json:"chat" doc:"messages after the one named in hello"`
	Began       int64         `json:"began,omitempty" doc:"ms since the Unix epoch when the call began"`
	Lines       []Line        `json:"lines"`
	Layers      []Layer       `json:"layers,omitempty" doc:"as in layers"`
	ICEServers  []ICEServer   `json:"ice_servers" doc:"for the media connection; empty when the server has no relay"`
}

// ICEServer is a relay as an RTCPeerConnection takes it. A browser uses it only
// where no direct path works: in networks that let nothing but TLS through.
type ICEServer struct {
	URLs       []string `json:"urls" doc:"turns: at the host and port of the app itself"`
	Username   string   `json:"username"`
	Credential string   `json:"credential" doc:"opens a relay within the next hour; an open one goes on"`
}

// Participant is a person in the room.
type Participant struct {
	ID               string  `json:"id"`
	Person           string  `json:"person"`
	Name             string  `json:"name"`
	NameLatin        string  `json:"name_latin,omitempty" doc:"in Latin script, when known"`
	Seat             string  `json:"seat"`
	Institution      string  `json:"institution" doc:"institution name"`
	InstitutionLatin string  `json:"institution_latin,omitempty" doc:"in Latin script, when known"`
	Phase            string  `json:"phase" enum:"lobby,waiting,in"`
	Since            int64   `json:"since" doc:"ms since the Unix epoch when the phase was entered"`
	Connected        bool    `json:"connected" doc:"false while their socket is away and may resume"`
	Media            Media   `json:"media"`
	Link             string  `json:"link" enum:"unknown,good,fair,poor,lost" doc:"link quality in one word"`
	RTT              float64 `json:"rtt,omitempty" doc:"ms"`
	Loss             float64 `json:"loss,omitempty" doc:"0 to 1, the worse direction"`
}

// Joined says that someone entered the room or its lobby.
type Joined struct {
	Participant Participant `json:"participant"`
}

// Updated replaces what is known of a participant.
type Updated struct {
	Participant Participant `json:"participant"`
}

// Left says that someone is gone for good.
type Left struct {
	Participant string `json:"participant"`
	Why         string `json:"why" enum:"left,lost,removed"`
}

// Answer answers an Offer.
type Answer struct {
	ID    int64  `json:"id"`
	SDP   string `json:"sdp"`
	Lines []Line `json:"lines"`
}

// Line tells whose media a receiving section of the browser carries now.
type Line struct {
	MID         string `json:"mid"`
	Participant string `json:"participant,omitempty" doc:"empty: the line is spare"`
	Source      string `json:"source,omitempty" enum:",microphone,camera,screen"`
	Paused      bool   `json:"paused,omitempty" doc:"true: the server holds the picture back, because this browser's downlink does not carry it; sound goes on"`
	Stills      bool   `json:"stills,omitempty" doc:"true: the same, but a still of the picture comes every few seconds"`
}

// Lines replaces the whole map of lines.
type Lines struct {
	Lines []Line `json:"lines"`
}

// Layers replaces the list of what is of use of the person's own pictures. A camera is
// offered in several sizes (simulcast with rid): the smaller ones that are listed have
// somebody who watches them in place of the largest, the others need not be sent, and
// none is listed at first. The largest is always of use; it is listed while that is
// less than all of it, because nobody watches, or only over links that carry less. A
// browser is held to it anyhow (goog-remb), and can tell by this that its own uplink is
// not what limits it.
type Layers struct {
	Layers []Layer `json:"layers"`
}

// Layer is one size of one's own picture.
type Layer struct {
	Source string `json:"source" enum:"camera,screen"`
	RID    string `json:"rid,omitempty" doc:"as in the offer; empty for a picture in one size"`
	Rate   int    `json:"rate" doc:"kbit/s that are of use"`
}

// MoreLines asks the browser to offer again with more receiving sections.
type MoreLines struct {
	Audio int `json:"audio" doc:"receiving audio sections wanted in all"`
	Video int `json:"video" doc:"receiving video sections wanted in all"`
}

// ChatMessage is one kept message.
type ChatMessage struct {
	Seq       int64  `json:"seq"`
	Key       string `json:"key"`
	Person    string `json:"person"`
	Name      string `json:"name"`
	NameLatin string `json:"name_latin,omitempty" doc:"in Latin script, when known"`
	At        int64  `json:"at" doc:"ms since the Unix epoch"`
	Text      string `json:"text"`
}

// CaseChanged says that the consult changed; the app reads it anew.
type CaseChanged struct {
	State   string `json:"state"`
	Version int64  `json:"version"`
	Began   int64  `json:"began,omitempty" doc:"ms since the Unix epoch when the call began"`
}

// PhaseChanged tells the person their own phase and rights when either changes.
type PhaseChanged struct {
	Phase string   `json:"phase" enum:"lobby,waiting,in"`
	By    string   `json:"by,omitempty" doc:"participant who admitted"`
	May   []string `json:"may" doc:"as in welcome"`
}

// Renewed carries what is short-lived anew, before the old ends.
type Renewed struct {
	Token      string      `json:"token"`
	ICEServers []ICEServer `json:"ice_servers" doc:"as in welcome, with a fresh credential"`
}

// Ended says that the call is over.
type Ended struct {
	By      string `json:"by,omitempty" doc:"name of who ended it; empty: the system"`
	ByLatin string `json:"by_latin,omitempty" doc:"in Latin script, when known"`
}

// Error answers a message that could not be carried out.
type Error struct {
	Code    ErrorCode `json:"code"`
	Re      string    `json:"re,omitempty" doc:"type of the message that failed"`
	Message string    `json:"message" doc:"English, for logs; the app translates the code"`
}
