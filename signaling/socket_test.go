package signaling

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"consilium/rooms"
	"consilium/signaling/protocol"
)

// bare runs a socket with nothing behind it and answers the app's end of it.
func bare(t *testing.T, pace pace, session func(*socket)) *websocket.Conn {
	t.Helper()
	ended := make(chan struct{})
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		// What the kernel holds for a slow reader is little and soon drained.
		if err := conn.NetConn().(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil {
			t.Error(err)
		}
		s := newSocket(conn, protocol.Room, pace)
		s.serve(func() { session(s) })
	}))
	t.Cleanup(server.Close)
	app, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		app.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("the socket's session does not end")
		}
	})
	return app
}

// closeCode reads until the socket ends.
func closeCode(t *testing.T, app *websocket.Conn) protocol.CloseCode {
	t.Helper()
	app.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, _, err := app.ReadMessage()
		if err == nil {
			continue
		}
		closed := (*websocket.CloseError)(nil)
		if !errors.As(err, &closed) {
			t.Fatalf("the socket ended with %v, want a close frame", err)
		}
		return protocol.CloseCode(closed.Code)
	}
}

func TestSlowReaderIsDisconnected(t *testing.T) {
	frame := protocol.Encode(protocol.Room, protocol.Server, protocol.ChatMessage{Text: strings.Repeat("x", 32<<10)})
	slow := make(chan time.Duration, 1)
	app := bare(t, standard, func(s *socket) {
		longest := time.Duration(0)
		for !s.closed() {
			began := time.Now()
			s.send(frame)
			longest = max(longest, time.Since(began))
		}
		slow <- longest
	})
	if longest := <-slow; longest > time.Second {
		t.Errorf("who sends to a slow reader waited %v", longest)
	}
	if code := closeCode(t, app); code != protocol.CloseSlow {
		t.Errorf("closed with %d, want %d", code, protocol.CloseSlow)
	}
}

func TestReaderThatStopsForGoodDoesNotKeepTheSocket(t *testing.T) {
	frame := protocol.Encode(protocol.Room, protocol.Server, protocol.ChatMessage{Text: strings.Repeat("x", 32<<10)})
	quick := standard
	quick.write, quick.close = 200*time.Millisecond, 200*time.Millisecond
	ended := make(chan struct{})
	bare(t, quick, func(s *socket) {
		defer close(ended)
		for !s.closed() {
			s.send(frame)
		}
	})
	<-ended // and bare's clean-up waits for the rest
}

func TestHelloHasToComeSoonWhateverElseDoes(t *testing.T) {
	quick := standard
	quick.hello, quick.ping = 300*time.Millisecond, 20*time.Millisecond
	app := bare(t, quick, func(s *socket) { s.hello() })
	if code := closeCode(t, app); code != protocol.CloseNoHello { // reading answers the pings
		t.Errorf("closed with %d, want %d", code, protocol.CloseNoHello)
	}
}

func TestSilenceEndsTheSocketAndPongsDoNot(t *testing.T) {
	quick := standard
	quick.ping, quick.silent = 50*time.Millisecond, 500*time.Millisecond
	began := time.Now()
	app := bare(t, quick, func(s *socket) { s.next(func() {}) })
	pings := 0
	app.SetPingHandler(func(data string) error {
		if pings++; pings > 20 {
			return nil // from now on silent
		}
		return app.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	if code := closeCode(t, app); code != protocol.CloseSilent {
		t.Errorf("closed with %d, want %d", code, protocol.CloseSilent)
	}
	if lasted := time.Since(began); lasted < time.Second {
		t.Errorf("a socket that answered pings for a second was closed after %v", lasted)
	}
}

func TestWhatWasToldBeforeClosingArrives(t *testing.T) {
	app := bare(t, standard, func(s *socket) {
		s.tell(protocol.Ended{By: "the expert"})
		s.close(protocol.CloseRoomEnded)
		s.close(protocol.CloseDrain) // too late: the first reason counts
	})
	_, frame, err := app.ReadMessage()
	if err != nil || !strings.Contains(string(frame), "the expert") {
		t.Errorf("received %s, %v", frame, err)
	}
	if code := closeCode(t, app); code != protocol.CloseRoomEnded {
		t.Errorf("closed with %d, want %d", code, protocol.CloseRoomEnded)
	}
}

func TestEveryMessageHasItsHandler(t *testing.T) {
	for _, e := range protocol.Table() {
		if e.Socket != protocol.Room || e.From != protocol.Client || e.Type == "hello" {
			continue
		}
		if _, ok := roomHandlers[e.Type]; !ok {
			t.Errorf("%s has no handler", e.Type)
		}
	}
}

func TestRoomAndProtocolUseTheSameCodes(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range protocol.ErrorCodes() {
		known[string(c.Code)] = true
	}
	for _, code := range []string{
		rooms.RefusedNotAllowed, rooms.RefusedNotAdmitted, rooms.RefusedNoParticipant, rooms.RefusedState, rooms.RefusedConsent,
		rooms.RefusedOffer, rooms.RefusedFull, rooms.RefusedEmpty, rooms.RefusedUnavailable,
	} {
		if !known[code] {
			t.Errorf("%s is not in the protocol", code)
		}
	}
	for why, code := range closeCodes {
		if string(why) != code.String() && why != rooms.ClosedDrain {
			t.Errorf("%s closes with %s", why, code)
		}
	}
}

func TestLimit(t *testing.T) {
	l := limit{burst: 3, perSecond: 2}
	now := time.Now()
	count := func(at time.Time) (n int) {
		for range 10 {
			if l.allow(at) {
				n++
			}
		}
		return n
	}
	if n := count(now); n != 3 {
		t.Errorf("%d at once, want 3", n)
	}
	if n := count(now.Add(time.Second)); n != 2 {
		t.Errorf("%d a second later, want 2", n)
	}
	if n := count(now.Add(time.Hour)); n != 3 {
		t.Errorf("%d an hour later, want 3", n)
	}
}
