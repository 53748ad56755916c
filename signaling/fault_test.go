package signaling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"consilium/auth"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// raw connects to a path with the headers and answers the socket or the status.
func (h *house) raw(path string, header http.Header) (*websocket.Conn, int) {
	h.Helper()
	host := header.Get("Host")
	header.Del("Host")
	if host != "" {
		header["Host"] = []string{host} // gorilla takes it as the request's host
	}
	conn, response, err := websocket.DefaultDialer.DialContext(h.ctx, "ws"+strings.TrimPrefix(h.url, "http")+path, header)
	if err != nil {
		if response == nil {
			h.Fatal(err)
		}
		return nil, response.StatusCode
	}
	h.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	return conn, response.StatusCode
}

func (p *page) headers() http.Header {
	return http.Header{"Origin": {p.url}, "Cookie": {"session=" + p.cookie}}
}

func TestWhoMayConnect(t *testing.T) {
	h := open(t)
	doctors := h.signsIn("doctor")
	bearer, err := h.gate.Issue(auth.Actor{Person: "doctor", Tenant: tenant, Epoch: doctors.actor.Epoch}, auth.APIToken, auth.Claims{})
	h.ok(err)
	ticket := doctors.deskTicket()
	lockedIn := h.signsIn("second")
	h.ok(h.gate.Lock(h.ctx, lockedIn.cookie))
	with := func(change func(http.Header)) http.Header {
		header := doctors.headers()
		change(header)
		return header
	}
	for _, path := range []string{"/ws/desk", "/ws/rooms/some-consult"} {
		locked := http.StatusLocked
		if path == "/ws/desk" { // a locked screen must still ring
			locked = http.StatusSwitchingProtocols
		}
		for _, c := range []struct {
			name   string
			header http.Header
			want   int
		}{
			{"cookie and origin", doctors.headers(), http.StatusSwitchingProtocols},
			{"no cookie", with(func(h http.Header) { h.Del("Cookie") }), http.StatusUnauthorized},
			{"forged cookie", with(func(h http.Header) { h.Set("Cookie", "session="+strings.Repeat("x", 43)) }), http.StatusUnauthorized},
			{"locked session", lockedIn.headers(), locked},
			{"no origin", with(func(h http.Header) { h.Del("Origin") }), http.StatusForbidden},
			{"foreign origin", with(func(h http.Header) { h.Set("Origin", "https://evil.example") }), http.StatusForbidden},
			{"null origin", with(func(h http.Header) { h.Set("Origin", "null") }), http.StatusForbidden},
			{"origin that begins like ours", with(func(h http.Header) { h.Set("Origin", h.Get("Origin")+".evil.example") }), http.StatusForbidden},
			{"unknown host", with(func(h http.Header) { h.Set("Host", "rebound.example") }), http.StatusMisdirectedRequest},
			{"bearer", http.Header{"Authorization": {"Bearer " + bearer}}, http.StatusSwitchingProtocols},
			{"bearer on a foreign page", http.Header{"Authorization": {"Bearer " + bearer}, "Origin": {"https://evil.example"}}, http.StatusForbidden},
			{"ticket as bearer", http.Header{"Authorization": {"Bearer " + ticket}}, http.StatusUnauthorized},
			{"oversized bearer", http.Header{"Authorization": {"Bearer " + strings.Repeat("x", 5000)}}, http.StatusUnauthorized},
		} {
			if _, got := h.raw(path, c.header); got != c.want {
				t.Errorf("%s with %s: %d, want %d", path, c.name, got, c.want)
			}
		}
	}
}

func TestALockedScreenRings(t *testing.T) {
	h := open(t)
	expert := h.signsIn("expert")
	h.ok(h.gate.Lock(h.ctx, expert.cookie))
	desk := expert.opensDesk() // anew, as after a lost network
	h.ok(desk.Arm(true))
	id := h.signsIn("doctor").startsNow()
	h.ok(desk.Await(h.ctx, "the ring", func(d *client.Desk) bool { return len(d.Rings()) == 1 && d.Rings()[0].Consult == id }))
	if conn, status := expert.raw("/ws/rooms/"+id, expert.headers()); conn != nil || status != http.StatusLocked {
		t.Errorf("the room of a locked session answers %d", status)
	}
	h.ok(h.gate.SignOut(h.ctx, expert.cookie))
	if desk.Ended(h.ctx); h.ctx.Err() != nil {
		t.Error("the socket outlives the session")
	}
}

func TestOnePersonCannotHoldAllSockets(t *testing.T) {
	h := open(t)
	doctors := h.signsIn("doctor")
	for range 24 {
		if _, status := h.raw("/ws/desk", doctors.headers()); status != http.StatusSwitchingProtocols {
			t.Fatalf("a few tabs are answered %d", status)
		}
	}
	if _, status := h.raw("/ws/desk", doctors.headers()); status != http.StatusTooManyRequests {
		t.Errorf("the 25th is answered %d", status)
	}
	if _, status := h.raw("/ws/desk", h.signsIn("expert").headers()); status != http.StatusSwitchingProtocols {
		t.Errorf("somebody else is answered %d", status)
	}
}

// metered counts what comes in on a connection.
type metered struct {
	net.Conn
	in *atomic.Int64
}

func (m metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.in.Add(int64(n))
	return n, err
}

func TestLargeFramesAreCompressedAndBombsAreNotUnpacked(t *testing.T) {
	h := open(t)
	doctors := h.signsIn("doctor")
	id := doctors.startsNow()
	var in atomic.Int64
	dialer := websocket.Dialer{EnableCompression: true, NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return metered{conn, &in}, err
	}}
	conn, response, err := dialer.DialContext(h.ctx, "ws"+strings.TrimPrefix(h.url, "http")+"/ws/rooms/"+id, doctors.headers())
	h.ok(err)
	t.Cleanup(func() { conn.Close() })
	if !strings.Contains(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		t.Fatal("the server does not compress")
	}
	before := in.Load()
	h.says(conn, `{"type":"hello","body":{"ticket":"`+doctors.roomTicket(id)+`"}}`)
	_, welcome, err := conn.ReadMessage()
	h.ok(err)
	if wire := in.Load() - before; wire > int64(len(welcome))*9/10 {
		t.Errorf("%d bytes of welcome took %d", len(welcome), wire)
	}
	h.says(conn, `{"type":"chat","body":{"key":"k","text":"`+strings.Repeat("x", 4<<20)+`"}}`) // 4 KB on the wire
	h.closes(conn, protocol.CloseTooBig)
}

// speaks opens a raw room socket, says hello and reads the welcome.
func (p *page) speaks(id string) *websocket.Conn {
	p.Helper()
	conn, status := p.raw("/ws/rooms/"+id, p.headers())
	if conn == nil {
		p.Fatalf("refused: %d", status)
	}
	p.says(conn, `{"type":"hello","body":{"ticket":"`+p.roomTicket(id)+`"}}`)
	if got := p.hears(conn, "welcome"); got == nil {
		p.Fatal("no welcome")
	}
	return conn
}

func (h *house) says(conn *websocket.Conn, frame string) {
	h.Helper()
	h.ok(conn.WriteMessage(websocket.TextMessage, []byte(frame)))
}

// hears reads until a message of the type comes.
func (h *house) hears(conn *websocket.Conn, name string) json.RawMessage {
	h.Helper()
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			h.Fatalf("waiting for %s: %v", name, err)
		}
		var env struct {
			Type string
			Body json.RawMessage
		}
		h.ok(json.Unmarshal(frame, &env))
		if env.Type == name {
			return env.Body
		}
	}
}

// refused reads until an error comes and answers its code.
func (h *house) refused(conn *websocket.Conn) protocol.ErrorCode {
	h.Helper()
	var e protocol.Error
	h.ok(json.Unmarshal(h.hears(conn, "error"), &e))
	return e.Code
}

// closes reads until the socket ends and holds its code against want.
func (h *house) closes(conn *websocket.Conn, want protocol.CloseCode) {
	h.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		if !websocket.IsCloseError(err, int(want)) {
			h.Errorf("ended with %v, want %d %s", err, int(want), want)
		}
		return
	}
}

func TestBadFramesHarmNobodyElse(t *testing.T) {
	h := open(t)
	doctors, experts := h.signsIn("doctor"), h.signsIn("expert")
	id := doctors.startsNow()
	experts.accepts(id)
	watcher := experts.opens(id) // must not notice anything but people coming and going

	conn := doctors.speaks(id)
	for frame, want := range map[string]protocol.ErrorCode{
		`{"type":"wave","body":{}}`:                                         protocol.UnknownMessage,
		`{"type":"knock","body":{"loud":true}}`:                             protocol.Malformed,
		`{"type":"media","body":{"microphone":1}}`:                          protocol.Malformed,
		`{"type":"admit","body":{"participant":"nobody"}}`:                  protocol.NotAllowed,
		`{"type":"chat","body":{"key":"k","text":" "}}`:                     protocol.EmptyText,
		`{"type":"offer","body":{"id":1,"sdp":"v=0","tracks":[]}}`:          protocol.BadOffer,
		`{"type":"offer","body":{"id":1,"sdp":"` + bomb + `","tracks":[]}}`: protocol.BadOffer,
	} {
		h.says(conn, frame)
		if got := h.refused(conn); got != want {
			t.Errorf("%.60s is answered %q, want %q", frame, got, want)
		}
	}
	h.says(conn, `{"type":"ping","body":{"at":1}}`)
	h.hears(conn, "pong") // the socket is still good

	for name, frame := range map[string]string{
		"no JSON":      `hello`,
		"no envelope":  `{"hello":"room"}`,
		"second hello": `{"type":"hello","body":{}}`,
	} {
		conn := doctors.speaks(id)
		h.says(conn, frame)
		t.Log(name)
		h.closes(conn, protocol.CloseViolation)
	}
	conn = doctors.speaks(id)
	h.ok(conn.WriteMessage(websocket.BinaryMessage, []byte{1, 2, 3}))
	h.closes(conn, protocol.CloseViolation)

	conn = doctors.speaks(id)
	for range 11 {
		h.says(conn, `{"type":"wave","body":{}}`)
	}
	h.closes(conn, protocol.CloseViolation)

	conn = doctors.speaks(id)
	h.says(conn, `{"type":"chat","body":{"key":"k","text":"`+strings.Repeat("x", protocol.MaxFrame)+`"}}`)
	h.closes(conn, protocol.CloseTooBig)

	conn, _ = h.raw("/ws/rooms/"+id, doctors.headers())
	h.says(conn, `{"type":"knock","body":{}}`)
	h.closes(conn, protocol.CloseViolation)

	h.ok(watcher.Say("k", "still here"))
	h.ok(watcher.Await(h.ctx, "the own message", func(r *client.Room) bool { return len(r.Chat()) == 1 && len(r.Errors()) == 0 }))
}

// bomb is an offer of a thousand sections.
var bomb = func() string {
	var sdp strings.Builder
	sdp.WriteString(`v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n`)
	for i := range 1000 {
		fmt.Fprintf(&sdp, `m=video 9 X 96\r\na=mid:%d\r\n`, i)
	}
	return sdp.String()
}()

func TestClosingWithLeftLeaves(t *testing.T) {
	h := open(t)
	doctors, experts := h.signsIn("doctor"), h.signsIn("expert")
	id := doctors.startsNow()
	experts.accepts(id)
	watcher := experts.opens(id)
	conn := doctors.speaks(id)
	h.ok(watcher.Await(h.ctx, "two people", func(r *client.Room) bool { return r.People() == 2 }))
	h.ok(conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(protocol.CloseLeft), ""), time.Now().Add(time.Second)))
	soon, cancel := context.WithTimeout(h.ctx, 15*time.Second) // well within the grace
	defer cancel()
	h.ok(watcher.Await(soon, "one person", func(r *client.Room) bool { return r.People() == 1 }))
}

func TestTooManyMessages(t *testing.T) {
	h := open(t)
	doctors := h.signsIn("doctor")
	id := doctors.startsNow()
	conn := doctors.speaks(id)
	for range 20 {
		h.says(conn, `{"type":"chat","body":{"key":"k","text":"hello"}}`)
	}
	if got := h.refused(conn); got != protocol.TooFast {
		t.Errorf("refused with %q, want %q", got, protocol.TooFast)
	}
}

func TestDeskSocketContinuesAfterADrop(t *testing.T) {
	h := open(t)
	doctors := h.signsIn("doctor")
	first := doctors.opensDesk()
	id := doctors.startsNow()
	changed := func(id string) func(*client.Desk) bool {
		return func(d *client.Desk) bool {
			for _, m := range d.Heard() {
				if c, ok := m.(protocol.Changed); ok && c.Consult == id {
					return true
				}
			}
			return false
		}
	}
	h.ok(first.Await(h.ctx, "the first case", changed(id)))
	at := first.Position()
	first.Drop()
	missed := doctors.startsNow()
	again, err := client.OpenDesk(h.ctx, doctors.cfg, doctors.deskTicket(), at)
	h.ok(err)
	t.Cleanup(again.Drop)
	h.ok(again.Await(h.ctx, "what was missed", changed(missed)))
	h.ok(again.Await(h.ctx, "a continued stream", func(d *client.Desk) bool { return d.Resumed() && !changed(id)(d) }))

	anew, err := client.OpenDesk(h.ctx, doctors.cfg, doctors.deskTicket(), client.DeskPosition{Epoch: "another", Offset: 1})
	h.ok(err)
	t.Cleanup(anew.Drop)
	h.ok(anew.Await(h.ctx, "a new snapshot", func(d *client.Desk) bool { return !d.Resumed() }))
}

func TestStrangersDeskHearsNothing(t *testing.T) {
	h := open(t)
	strangers, doctors := h.signsIn("stranger"), h.signsIn("doctor")
	strange := strangers.opensDesk()
	own := doctors.opensDesk()
	id := doctors.startsNow()
	h.ok(own.Await(h.ctx, "the own case", func(d *client.Desk) bool { return len(d.Heard()) > 0 }))
	next := strangers.startsNow() // what comes after it has been told by then
	heard := func(d *client.Desk, id string) bool {
		for _, m := range d.Heard() {
			if c, ok := m.(protocol.Changed); ok && c.Consult == id {
				return true
			}
		}
		return false
	}
	h.ok(strange.Await(h.ctx, "the stranger's own case", func(d *client.Desk) bool { return heard(d, next) }))
	h.ok(strange.Await(h.ctx, "nothing of the other case", func(d *client.Desk) bool { return !heard(d, id) }))
}

func TestLostSideInterruptsTheCase(t *testing.T) {
	h := open(t)
	id, doctor, expert, doctors, _ := inCall(h)
	h.ok(expert.AwaitMedia(h.ctx, doctor.Self(), "camera", 5))
	h.ok(doctor.Close())
	h.ok(expert.Await(h.ctx, "the interruption", func(r *client.Room) bool { return r.State() == "interrupted" }))
	doctors.goesIn(id, 2)
	h.ok(expert.Await(h.ctx, "the call going on", func(r *client.Room) bool { return r.State() == "in-call" }))
}
