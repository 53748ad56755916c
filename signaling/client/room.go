package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"consilium/signaling/protocol"
)

// Room is one person's page in a room: the socket, what is known of the others,
// and the media connection, which outlives a dropped socket.
type Room struct {
	cfg     Config
	consult string
	watch   *watch
	offers  sync.Mutex // one offer at a time

	// What follows is guarded by watch.
	conn     *conn
	self     string
	token    string
	resumed  bool
	phase    string
	state    string
	may      []string
	roster   map[string]protocol.Participant
	lines    []protocol.Line
	layers   []protocol.Layer
	chat     []protocol.ChatMessage
	errors   []protocol.Error
	answer   protocol.Answer
	more     *protocol.MoreLines
	endedBy  *string
	welcomes int
	media    *Media
	relays   []protocol.ICEServer
}

// OpenRoom opens the room socket with a ticket and waits for its welcome.
func OpenRoom(ctx context.Context, cfg Config, consult, ticket string) (*Room, error) {
	r := &Room{cfg: cfg, consult: consult, watch: newWatch(), roster: make(map[string]protocol.Participant)}
	if err := r.connect(ctx, protocol.RoomHello{Ticket: ticket}); err != nil {
		return nil, err
	}
	return r, nil
}

// Resume opens the socket again with the room token, as a page does after its
// socket dropped.
func (r *Room) Resume(ctx context.Context) error {
	r.watch.mu.Lock()
	hello := protocol.RoomHello{Resume: r.token}
	if n := len(r.chat); n > 0 {
		hello.Chat = r.chat[n-1].Seq
	}
	r.watch.mu.Unlock()
	return r.connect(ctx, hello)
}

func (r *Room) connect(ctx context.Context, hello protocol.RoomHello) error {
	r.watch.mu.Lock()
	before := r.welcomes
	r.watch.mu.Unlock()
	c, err := dial(ctx, r.cfg, protocol.Room, "/ws/rooms/"+r.consult, hello, r.receive)
	if err != nil {
		return err
	}
	r.watch.change(func() { r.conn = c })
	if err := r.Await(ctx, "the room's welcome", func(r *Room) bool { return r.welcomes > before }); err != nil {
		c.drop()
		return err
	}
	return nil
}

func (r *Room) receive(body any, _ uint64) {
	r.watch.change(func() {
		switch m := body.(type) {
		case protocol.RoomWelcome:
			r.welcomes++
			r.self, r.token, r.resumed, r.phase, r.state, r.may = m.Participant, m.Token, m.Resumed, m.Phase, m.State, m.May
			clear(r.roster)
			for _, p := range m.Roster {
				r.roster[p.ID] = p
			}
			r.chat = append(r.chat, m.Chat...)
			r.relays = m.ICEServers
			if len(m.Lines) > 0 {
				r.lines = m.Lines
			}
			r.ask(m.Layers)
		case protocol.Joined:
			r.roster[m.Participant.ID] = m.Participant
		case protocol.Updated:
			r.roster[m.Participant.ID] = m.Participant
		case protocol.Left:
			delete(r.roster, m.Participant)
		case protocol.ChatMessage:
			r.chat = append(r.chat, m)
		case protocol.CaseChanged:
			r.state = m.State
		case protocol.PhaseChanged:
			r.phase, r.may = m.Phase, m.May
		case protocol.Renewed:
			r.token, r.relays = m.Token, m.ICEServers
		case protocol.Ended:
			r.endedBy = &m.By
		case protocol.Answer:
			r.answer, r.lines = m, m.Lines
		case protocol.Lines:
			r.lines = m.Lines
		case protocol.Layers:
			r.ask(m.Layers)
		case protocol.MoreLines:
			r.more = &m
		case protocol.Error:
			r.errors = append(r.errors, m)
		}
	})
}

// ask tells the camera which of its layers are of use.
func (r *Room) ask(layers []protocol.Layer) {
	r.layers = layers
	if r.media != nil {
		r.media.camera.ask(layers)
	}
}

// Await waits until is reports true of the room; is must not block.
func (r *Room) Await(ctx context.Context, what string, is func(*Room) bool) error {
	r.watch.mu.Lock()
	c := r.conn
	r.watch.mu.Unlock()
	return r.watch.await(ctx, c.ended, func() error { return c.why }, what,
		func() bool { return is(r) },
		func() string {
			return fmt.Sprintf("phase %s, case %s, roster %+v, lines %+v, errors %+v", r.phase, r.state, r.roster, r.lines, r.errors)
		})
}

// For use in Await.

// Self is the person's own participant id.
func (r *Room) Self() string { return r.self }

// Phase is lobby, waiting or in.
func (r *Room) Phase() string { return r.phase }

// State is the consult's.
func (r *Room) State() string { return r.state }

// May lists the person's rights.
func (r *Room) May() []string { return r.may }

// Resumed tells whether the last welcome kept the media connection.
func (r *Room) Resumed() bool { return r.resumed }

// Chat is everything said.
func (r *Room) Chat() []protocol.ChatMessage { return r.chat }

// Errors is every refusal so far.
func (r *Room) Errors() []protocol.Error { return r.errors }

// Relays are the relays that the server told of last.
func (r *Room) Relays() []protocol.ICEServer { return r.relays }

// Lines is the present map of lines.
func (r *Room) Lines() []protocol.Line { return r.lines }

// Person finds somebody on the roster by person id.
func (r *Room) Person(id string) (protocol.Participant, bool) {
	for _, p := range r.roster {
		if p.Person == id {
			return p, true
		}
	}
	return protocol.Participant{}, false
}

// People counts the roster.
func (r *Room) People() int { return len(r.roster) }

// Showing lists the others who are in the call with microphone and camera on, by
// participant id.
func (r *Room) Showing() []string {
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	var list []string
	for id, p := range r.roster {
		if id != r.self && p.Phase == "in" && p.Media.Microphone && p.Media.Camera {
			list = append(list, id)
		}
	}
	return list
}

// RefusedWith tells whether something was refused with the code.
func (r *Room) RefusedWith(code protocol.ErrorCode) bool {
	return slices.ContainsFunc(r.errors, func(e protocol.Error) bool { return e.Code == code })
}

func (r *Room) send(body any) error {
	r.watch.mu.Lock()
	c := r.conn
	r.watch.mu.Unlock()
	return c.send(body)
}

// Knock says that the person is ready to enter.
func (r *Room) Knock() error { return r.send(protocol.Knock{}) }

// Admit lets a waiting person in.
func (r *Room) Admit(participant string) error {
	return r.send(protocol.Admit{Participant: participant})
}

// Say sends a chat message.
func (r *Room) Say(key, text string) error { return r.send(protocol.ChatSend{Key: key, Text: text}) }

// SetMedia says which of the own sources are on.
func (r *Room) SetMedia(m protocol.Media) error { return r.send(m) }

// Report sends a view of the own link.
func (r *Room) Report(q protocol.Quality) error { return r.send(q) }

// Leave leaves the room.
func (r *Room) Leave() error { return r.send(protocol.Leave{}) }

// EndForAll ends the call for everybody.
func (r *Room) EndForAll() error { return r.send(protocol.EndAll{}) }

// Drop cuts the socket as a dead link does; media goes on.
func (r *Room) Drop() {
	r.watch.mu.Lock()
	c := r.conn
	r.watch.mu.Unlock()
	c.drop()
}

// Ended waits until the socket has ended and says why.
func (r *Room) Ended(ctx context.Context) error {
	r.watch.mu.Lock()
	c := r.conn
	r.watch.mu.Unlock()
	return ended(ctx, c)
}

// Close closes the page: media and socket.
func (r *Room) Close() error {
	r.watch.mu.Lock()
	media := r.media
	r.watch.mu.Unlock()
	var err error
	if media != nil {
		err = media.close()
	}
	r.Drop()
	return err
}

// errNoMedia means that Connect has not been called.
var errNoMedia = errors.New("no media connection yet")
