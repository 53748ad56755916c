package main

import "consilium/signaling/protocol"

// sample is one example of a message; together they are the fixtures that Go
// and TypeScript both read.
type sample struct {
	socket protocol.Socket
	from   protocol.Side
	body   any
}

func (s sample) frame() []byte {
	if _, event := s.body.(protocol.Changed); event {
		return protocol.EncodeEvent(43, s.body)
	}
	return protocol.Encode(s.socket, s.from, s.body)
}

const (
	consultID  = "0199a5f0-0000-7000-8000-000000000001"
	doctorID   = "0199a5f0-0000-7000-8000-00000000000a"
	expertID   = "0199a5f0-0000-7000-8000-00000000000b"
	deptID     = "0199a5f0-0000-7000-8000-00000000000c"
	doctorSeat = "p-1"
	expertSeat = "p-2"
	instant    = int64(1763800000000) // ms since the Unix epoch
)

var doctor = protocol.Participant{
	ID: doctorSeat, Person: doctorID, Name: "Demonstration requester", Seat: "owner",
	Institution: "Demonstration clinic", Phase: "waiting", Since: instant, Connected: true,
	Media: protocol.Media{Microphone: true, Camera: true}, Link: "fair", RTT: 240, Loss: 0.03,
}

var expert = protocol.Participant{
	ID: expertSeat, Person: expertID, Name: "王建国", NameLatin: "Wang Jianguo", Seat: "expert",
	Institution: "市人民医院", InstitutionLatin: "City People’s Hospital", Phase: "in", Since: instant, Connected: true, Link: "unknown",
}

var lines = []protocol.Line{
	{MID: "2", Participant: expertSeat, Source: "microphone"},
	{MID: "3", Participant: expertSeat, Source: "camera", Stills: true},
	{MID: "4", Participant: expertSeat, Source: "screen", Paused: true},
	{MID: "5"},
}

var layers = []protocol.Layer{{Source: "camera", RID: "s", Rate: 130}}

var relay = []protocol.ICEServer{{URLs: []string{"turns:consult.example.org:443?transport=tcp"}, Username: "1763803600:p-1", Credential: "credential"}}

var samples = []sample{
	{protocol.Desk, protocol.Client, protocol.DeskHello{Ticket: "ticket", Epoch: "e1", Offset: 41}},
	{protocol.Desk, protocol.Client, protocol.Armed{Armed: true}},
	{protocol.Desk, protocol.Client, protocol.Ping{At: instant}},
	{protocol.Desk, protocol.Server, protocol.DeskWelcome{Epoch: "e1", Offset: 42, Resumed: true,
		Rings: []protocol.Ring{{Consult: consultID, Department: deptID, Wave: 1, Until: instant}}}},
	{protocol.Desk, protocol.Server, protocol.Pong{At: instant, Server: instant + 20}},
	{protocol.Desk, protocol.Server, protocol.Ring{Consult: consultID, Department: deptID, Wave: 2, Until: instant, Invitation: true}},
	{protocol.Desk, protocol.Server, protocol.RingStopped{Consult: consultID, Why: "taken"}},
	{protocol.Desk, protocol.Server, protocol.Changed{Consult: consultID, State: "in-call", Version: 7, Verb: "accept"}},
	{protocol.Desk, protocol.Server, protocol.Presence{Person: expertID, Online: true, Armed: true}},
	{protocol.Desk, protocol.Server, protocol.Notice{Kind: "unanswered", Consult: consultID}},
	{protocol.Desk, protocol.Server, protocol.Error{Code: protocol.UnknownMessage, Re: "wave", Message: "no such message on the desk socket"}},

	{protocol.Room, protocol.Client, protocol.RoomHello{Ticket: "ticket", Chat: 3}},
	{protocol.Room, protocol.Client, protocol.Offer{ID: 1, Fresh: true, SDP: "v=0\r\n", Tracks: []protocol.Track{{MID: "0", Source: "microphone"}, {MID: "1", Source: "camera"}}}},
	{protocol.Room, protocol.Client, protocol.Media{Microphone: true, Camera: false, Screen: false}},
	{protocol.Room, protocol.Client, protocol.Knock{}},
	{protocol.Room, protocol.Client, protocol.Admit{Participant: doctorSeat}},
	{protocol.Room, protocol.Client, protocol.ChatSend{Key: "k-1", Text: "请把心电图靠近镜头。"}},
	{protocol.Room, protocol.Client, protocol.Quality{RTT: 240, LossUp: 0.03, LossDown: 0.01, RateUp: 180, RateDown: 620, Concealed: 0.002, Freezes: 1, Path: "udp"}},
	{protocol.Room, protocol.Client, protocol.Leave{}},
	{protocol.Room, protocol.Client, protocol.EndAll{}},
	{protocol.Room, protocol.Client, protocol.Ping{At: instant}},
	{protocol.Room, protocol.Server, protocol.RoomWelcome{Participant: doctorSeat, Token: "token", Grace: 30, Resumed: false,
		Phase: "waiting", State: "waiting", Version: 6, May: []string{"microphone", "camera", "screen", "chat"},
		Roster: []protocol.Participant{doctor, expert},
		Chat:   []protocol.ChatMessage{{Seq: 4, Key: "k-0", Person: expertID, Name: "王建国", NameLatin: "Wang Jianguo", At: instant, Text: "Good morning."}},
		Began:  instant, Lines: lines, Layers: layers, ICEServers: relay}},
	{protocol.Room, protocol.Server, protocol.Answer{ID: 1, SDP: "v=0\r\n", Lines: lines}},
	{protocol.Room, protocol.Server, protocol.Lines{Lines: lines}},
	{protocol.Room, protocol.Server, protocol.Layers{Layers: layers}},
	{protocol.Room, protocol.Server, protocol.MoreLines{Audio: 4, Video: 4}},
	{protocol.Room, protocol.Server, protocol.Joined{Participant: expert}},
	{protocol.Room, protocol.Server, protocol.Updated{Participant: doctor}},
	{protocol.Room, protocol.Server, protocol.Left{Participant: expertSeat, Why: "left"}},
	{protocol.Room, protocol.Server, protocol.ChatMessage{Seq: 5, Key: "k-1", Person: doctorID, Name: "Demonstration requester", At: instant, Text: "好的。"}},
	{protocol.Room, protocol.Server, protocol.CaseChanged{State: "in-call", Version: 8, Began: instant}},
	{protocol.Room, protocol.Server, protocol.PhaseChanged{Phase: "in", By: expertSeat, May: []string{"microphone", "camera", "screen", "chat"}}},
	{protocol.Room, protocol.Server, protocol.Renewed{Token: "token", ICEServers: relay}},
	{protocol.Room, protocol.Server, protocol.Ended{By: "王建国", ByLatin: "Wang Jianguo"}},
	{protocol.Room, protocol.Server, protocol.Error{Code: protocol.NotAdmitted, Re: "offer", Message: "only people in the call may do this"}},
	{protocol.Room, protocol.Server, protocol.Pong{At: instant, Server: instant + 20}},
}
