package protocol

import "reflect"

// MaxFrame is the size in bytes above which a frame from the app is not read:
// the socket closes with CloseTooBig.
const MaxFrame = 64 << 10

// Socket names one of the two sockets.
type Socket string

const (
	Desk Socket = "desk"
	Room Socket = "room"
)

// Side is who sends a message.
type Side string

const (
	Client Side = "client"
	Server Side = "server"
)

// Entry is one message of the language: on the wire it is
// {"type": Type, "body": Body}.
type Entry struct {
	Socket Socket
	From   Side
	Type   string
	Body   reflect.Type
}

// Table is every message, in the order of the document.
func Table() []Entry { return table }

var table = []Entry{
	entry[DeskHello](Desk, Client, "hello"),
	entry[Armed](Desk, Client, "armed"),
	entry[Ping](Desk, Client, "ping"),
	entry[DeskWelcome](Desk, Server, "welcome"),
	entry[Pong](Desk, Server, "pong"),
	entry[Ring](Desk, Server, "ring"),
	entry[RingStopped](Desk, Server, "ring-stopped"),
	entry[Changed](Desk, Server, "changed"),
	entry[Presence](Desk, Server, "presence"),
	entry[Notice](Desk, Server, "notice"),
	entry[Error](Desk, Server, "error"),

	entry[RoomHello](Room, Client, "hello"),
	entry[Offer](Room, Client, "offer"),
	entry[Media](Room, Client, "media"),
	entry[Knock](Room, Client, "knock"),
	entry[Admit](Room, Client, "admit"),
	entry[ChatSend](Room, Client, "chat"),
	entry[Quality](Room, Client, "quality"),
	entry[Leave](Room, Client, "leave"),
	entry[EndAll](Room, Client, "end"),
	entry[Ping](Room, Client, "ping"),
	entry[RoomWelcome](Room, Server, "welcome"),
	entry[Answer](Room, Server, "answer"),
	entry[Lines](Room, Server, "lines"),
	entry[Layers](Room, Server, "layers"),
	entry[MoreLines](Room, Server, "more-lines"),
	entry[Joined](Room, Server, "joined"),
	entry[Updated](Room, Server, "updated"),
	entry[Left](Room, Server, "left"),
	entry[ChatMessage](Room, Server, "chat"),
	entry[CaseChanged](Room, Server, "case"),
	entry[PhaseChanged](Room, Server, "phase"),
	entry[Renewed](Room, Server, "renewed"),
	entry[Ended](Room, Server, "ended"),
	entry[Error](Room, Server, "error"),
	entry[Pong](Room, Server, "pong"),
}

func entry[B any](socket Socket, from Side, name string) Entry {
	return Entry{Socket: socket, From: from, Type: name, Body: reflect.TypeFor[B]()}
}

type nameKey struct {
	socket Socket
	from   Side
	name   string
}

type bodyKey struct {
	socket Socket
	from   Side
	body   reflect.Type
}

var (
	byName = make(map[nameKey]Entry)
	byBody = make(map[bodyKey]Entry)
)

func init() {
	for _, e := range table {
		byName[nameKey{e.Socket, e.From, e.Type}] = e
		byBody[bodyKey{e.Socket, e.From, e.Body}] = e
	}
}
