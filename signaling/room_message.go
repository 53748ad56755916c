package signaling

import (
	"time"

	"consilium/rooms"
	"consilium/signaling/protocol"
)

// Send and Close make a visit the room's outlet.

// Send tells the app what the room tells.
func (v *visit) Send(t rooms.RoomTelling) {
	switch t := t.(type) {
	case rooms.RoomSnapshot:
		v.mu.Lock()
		v.participant, v.phase, v.may = t.Participant, t.Phase, t.May
		v.mu.Unlock()
		token, ok := v.renew()
		if !ok {
			v.sock.close(protocol.CloseFault)
			return
		}
		m := welcome(t, token)
		m.ICEServers = v.relays()
		v.sock.tell(m)
		return
	case rooms.RoomPhaseChanged:
		v.mu.Lock()
		renew := v.phase != t.Phase
		v.phase, v.may = t.Phase, t.May
		v.mu.Unlock()
		v.sock.tell(protocol.PhaseChanged{Phase: string(t.Phase), By: t.By, May: rights(t.May)})
		if renew {
			if token, ok := v.renew(); ok {
				v.sock.tell(v.renewed(token))
			}
		}
		return
	}
	v.sock.tell(roomMessage(t))
}

// Close ends the socket for the room's reason.
func (v *visit) Close(why rooms.RoomClose) {
	code, ok := closeCodes[why]
	if !ok {
		code = protocol.CloseFault
	}
	v.sock.close(code)
}

var closeCodes = map[rooms.RoomClose]protocol.CloseCode{
	rooms.ClosedDrain:     protocol.CloseDrain,
	rooms.ClosedTakenOver: protocol.CloseTakenOver,
	rooms.ClosedRevoked:   protocol.CloseRevoked,
	rooms.ClosedRemoved:   protocol.CloseRemoved,
	rooms.ClosedEnded:     protocol.CloseRoomEnded,
	rooms.ClosedLeft:      protocol.CloseLeft,
}

// roomMessage translates what a room tells into the protocol.
func roomMessage(t rooms.RoomTelling) any {
	switch t := t.(type) {
	case rooms.RoomJoined:
		return protocol.Joined{Participant: participant(t.Person)}
	case rooms.RoomUpdated:
		return protocol.Updated{Participant: participant(t.Person)}
	case rooms.RoomLeft:
		return protocol.Left{Participant: t.Participant, Why: t.Why}
	case rooms.RoomAnswer:
		return protocol.Answer{ID: t.ID, SDP: t.SDP, Lines: lines(t.Lines)}
	case rooms.RoomLines:
		return protocol.Lines{Lines: lines(t.Lines)}
	case rooms.RoomLayers:
		return protocol.Layers{Layers: layers(t.Layers)}
	case rooms.RoomMoreLines:
		return protocol.MoreLines{Audio: t.Audio, Video: t.Video}
	case rooms.RoomChat:
		return chatMessage(t)
	case rooms.RoomCaseChanged:
		return protocol.CaseChanged{State: string(t.Case.State), Version: t.Case.Version, Began: millis(t.Case.Began)}
	case rooms.RoomEnded:
		return protocol.Ended{By: t.By.Name, ByLatin: t.By.NameLatin}
	case rooms.RoomRefused:
		return protocol.Error{Code: protocol.ErrorCode(t.Code), Re: t.Re, Message: t.Message}
	}
	return t // Encode says that it is no message
}

func welcome(t rooms.RoomSnapshot, token string) protocol.RoomWelcome {
	m := protocol.RoomWelcome{
		Participant: t.Participant, Token: token, Grace: int(t.Grace / time.Second), Resumed: t.Resumed,
		Phase: string(t.Phase), State: string(t.Case.State), Version: t.Case.Version,
		May: rights(t.May), Lines: lines(t.Lines), Layers: layers(t.Layers), Began: millis(t.Case.Began),
		Roster: make([]protocol.Participant, 0, len(t.Roster)),
		Chat:   make([]protocol.ChatMessage, 0, len(t.Chat)),
	}
	for _, p := range t.Roster {
		m.Roster = append(m.Roster, participant(p))
	}
	for _, c := range t.Chat {
		m.Chat = append(m.Chat, chatMessage(c))
	}
	return m
}

// millis is a time on the wire; 0 stands for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func participant(p rooms.RoomPerson) protocol.Participant {
	return protocol.Participant{
		ID: p.ID, Person: p.Person, Name: p.Name, NameLatin: p.NameLatin, Seat: string(p.Seat),
		Institution: p.Institution, InstitutionLatin: p.InstitutionLatin,
		Phase: string(p.Phase), Since: p.Since.UnixMilli(), Connected: p.Connected,
		Media: protocol.Media(p.Media), Link: string(p.Link), RTT: p.RTT, Loss: p.Loss,
	}
}

func chatMessage(c rooms.RoomChat) protocol.ChatMessage {
	return protocol.ChatMessage{Seq: c.Seq, Key: c.Key, Person: c.Person, Name: c.Name, NameLatin: c.NameLatin, At: c.At.UnixMilli(), Text: c.Text}
}

func lines(list []rooms.RoomLine) []protocol.Line {
	out := make([]protocol.Line, 0, len(list))
	for _, l := range list {
		out = append(out, protocol.Line{MID: l.MID, Participant: l.Participant, Source: string(l.Source), Paused: l.Paused, Stills: l.Stills})
	}
	return out
}

func layers(list []rooms.RoomLayer) []protocol.Layer {
	out := make([]protocol.Layer, 0, len(list))
	for _, l := range list {
		out = append(out, protocol.Layer{Source: string(l.Source), RID: l.RID, Rate: l.Rate / 1000})
	}
	return out
}

func rights(list []rooms.RoomRight) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}
