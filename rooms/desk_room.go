package rooms

import (
	"context"
	"fmt"
	"slices"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// The desk is the durable side of every live room.
var (
	_ casework = (*Desk)(nil)
	_ chatbook = (*Desk)(nil)
)

// JoinRoom gives a person who may enter a ticket for the consult's room. Nobody
// else causes a room to exist.
func (d *Desk) JoinRoom(ctx context.Context, by auth.Actor, id string) (TicketView, error) {
	c, err := d.open(ctx, by, id, "room.enter")
	if err != nil {
		return TicketView{}, err
	}
	if !roomOpen(roomCase(c)) {
		return TicketView{}, &consult.Error{Code: consult.StateForbids, Message: "This consult has no open room now.", Possible: possible(by, c, c.Object(by.Person, d.now()))}
	}
	ticket, err := d.gate.Issue(by, auth.TicketToken, auth.Claims{Socket: auth.RoomSocket, Consult: id, Seat: c.SeatOf(by.Person, d.now())})
	return TicketView{Ticket: ticket, Path: "/ws/rooms/" + id}, err
}

// DeskTicket gives a person a ticket for their desk socket.
func (d *Desk) DeskTicket(_ context.Context, by auth.Actor) (TicketView, error) {
	ticket, err := d.gate.Issue(by, auth.TicketToken, auth.Claims{Socket: auth.DeskSocket})
	return TicketView{Ticket: ticket, Path: "/ws/desk"}, err
}

// RoomPass says who the person is in this case's room, as of now.
func (d *Desk) RoomPass(ctx context.Context, by auth.Actor, caseID string) (RoomPass, error) {
	c, err := d.store.Case(ctx, by.Tenant, caseID)
	if err != nil {
		return RoomPass{}, hide(err)
	}
	o := c.Object(by.Person, d.now())
	if !auth.Visible(by, o) {
		return RoomPass{}, errHidden
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, by.Person)
	if err != nil {
		return RoomPass{}, hide(err)
	}
	p := n.person(by.Person, seatedAt(c, by.Person))
	return RoomPass{Object: o, Case: roomCase(c), RoomName: RoomName{Name: p.Name, NameLatin: p.NameLatin,
		Institution: p.InstitutionName, InstitutionLatin: p.InstitutionNameLatin}}, nil
}

// SessionNote writes down who joined, left, presented, and how the link was.
func (d *Desk) SessionNote(ctx context.Context, caseID string, by auth.Actor, note SessionNote) error {
	c, err := d.store.Case(ctx, by.Tenant, caseID)
	if err != nil {
		return hide(err)
	}
	now := d.now()
	switch note.What {
	case "joined":
		d.setReopened(caseID, false)
		err = d.store.Enter(ctx, by.Tenant, caseID, by.Person, now)
	case "left", "lost", "removed":
		err = d.store.Depart(ctx, by.Tenant, caseID, by.Person, now)
	}
	if err != nil {
		return err
	}
	e := d.entry(ctx, by, auth.Action("room."+note.What), c)
	e.Told = note.What != "presented"
	if note.Lasted > 0 {
		e.Detail = summarise(note)
	}
	return d.store.Audit(ctx, e)
}

// summarise writes a stay in a call as the audit trail has it.
func summarise(n SessionNote) string {
	path := n.Path
	if path == "" {
		path = "unknown"
	}
	return fmt.Sprintf(sessionSummary, int(n.Lasted.Seconds()), n.RTT, 100*n.Loss, path, n.Freezes,
		n.RateUp, n.RateDown, 100*n.Concealed, n.Reconnects)
}

const sessionSummary = "lasted %ds rtt %.0fms loss %.1f%% path %s freezes %d up %.0f down %.0f kbit/s concealed %.1f%% reconnects %d"

// sessionSummaryRead is sessionSummary for reading; Sscanf knows no precision.
const sessionSummaryRead = "lasted %ds rtt %fms loss %f%% path %s freezes %d up %f down %f kbit/s concealed %f%% reconnects %d"

// summarised reads how many seconds a stay lasted from its summary, 0 without
// one, and how the link was meanwhile, nil where nothing was measured.
func summarised(summary string) (lasted int, link *SessionLink) {
	var k SessionLink
	read, _ := fmt.Sscanf(summary, sessionSummaryRead, &lasted, &k.RTT, &k.Loss, &k.Path, &k.Freezes,
		&k.RateUp, &k.RateDown, &k.Concealed, &k.Reconnects) // what is no summary reads as nothing
	if read < 9 || k.Path == "unknown" {
		return lasted, nil
	}
	k.Loss, k.Concealed = k.Loss/100, k.Concealed/100
	return lasted, &k
}

// Chat keeps a message with the case.
func (d *Desk) Chat(ctx context.Context, caseID string, by auth.Actor, key, text string) (RoomChat, error) {
	c, err := d.store.Case(ctx, by.Tenant, caseID)
	if err != nil {
		return RoomChat{}, hide(err)
	}
	if err := allow(by, "chat.write", c, d.now()); err != nil {
		d.refused(ctx, by, "chat.write", caseID)
		return RoomChat{}, err
	}
	said := store.ChatMessage{Tenant: by.Tenant, Case: caseID, Person: by.Person, Key: key, At: d.now(), Text: text}
	var m store.ChatMessage
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		var replayed bool
		var err error
		if m, replayed, err = tx.AddChat(ctx, said); err != nil || replayed {
			return err
		}
		if err := tx.Audit(ctx, d.entry(ctx, by, "chat.write", c)); err != nil {
			return err
		}
		return d.touched(ctx, tx, c)
	})
	if err != nil {
		return RoomChat{}, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, by.Person)
	return n.chat(m), hide(err)
}

func (n names) chat(m store.ChatMessage) RoomChat {
	p := n.people[m.Person]
	return RoomChat{Seq: m.Seq, Key: m.Key, Person: m.Person, Name: p.Name, NameLatin: p.NameLatin, At: m.At, Text: m.Text}
}

// mostChat is how many messages one answer holds, the last ones.
const mostChat = 500

// ChatSince answers the messages after seq.
func (d *Desk) ChatSince(ctx context.Context, caseID string, by auth.Actor, seq int64) ([]RoomChat, error) {
	if _, err := d.open(ctx, by, caseID, "chat.read"); err != nil {
		return nil, err
	}
	list, err := d.store.Chat(ctx, by.Tenant, caseID, seq)
	if err != nil {
		return nil, hide(err)
	}
	if len(list) > mostChat {
		list = slices.Clone(list[len(list)-mostChat:])
	}
	ids := make([]string, 0, len(list))
	for _, m := range list {
		ids = append(ids, m.Person)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, ids...)
	if err != nil {
		return nil, hide(err)
	}
	out := make([]RoomChat, 0, len(list))
	for _, m := range list {
		out = append(out, n.chat(m))
	}
	return out, nil
}

// ReadChat is the kept chat for the case's page.
func (d *Desk) ReadChat(ctx context.Context, by auth.Actor, id string, after int64) ([]ChatView, error) {
	list, err := d.ChatSince(ctx, id, by, after)
	out := make([]ChatView, 0, len(list))
	for _, m := range list {
		out = append(out, ChatView(m))
	}
	return out, err
}

// Say keeps a message that was written outside the room, and tells the room.
func (d *Desk) Say(ctx context.Context, by auth.Actor, id, key, text string) (ChatView, error) {
	m, err := d.Chat(ctx, id, by, key, text)
	if err != nil {
		return ChatView{}, err
	}
	if d.live != nil {
		d.live.Said(id, m)
	}
	return ChatView(m), nil
}
