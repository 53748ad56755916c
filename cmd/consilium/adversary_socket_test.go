package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"consilium/rooms/store"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// bombs are offers made to hurt whoever reads them.
func bombs() map[string]string {
	const begin = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	const transport = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 " +
		"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\na=setup:actpass\r\n"
	fill := func(line string) string { // to just under what a frame takes
		return strings.Repeat(line, 55_000/len(strings.Trim(strconv.QuoteToASCII(line), `"`)))
	}
	return map[string]string{
		"empty":                 "",
		"no description":        fill("x"),
		"thousand sections":     begin + transport + strings.Repeat("m=video 9 X 96\r\na=mid:0\r\n", 1000),
		"sections of one mid":   begin + transport + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n", 60),
		"formats without end":   begin + transport + "m=audio 9 UDP/TLS/RTP/SAVPF" + fill(" 111") + "\r\n",
		"candidates everywhere": begin + transport + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n" + fill("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n"),
		"numbers too large":     begin + transport + "m=audio 9 UDP/TLS/RTP/SAVPF " + strings.Repeat("9", 50_000) + "\r\na=mid:0\r\n",
		"one long line":         begin + "a=" + fill("x"),
		"groups in groups":      begin + transport + "a=group:BUNDLE" + fill(" 0")[:50_000] + "\r\n" + "a=group:BUNDLE 0\r\n",
		"bare line feeds":       "v=0" + fill("\n"),
		"no fingerprint":        begin + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n",
		"data channels":         begin + transport + strings.Repeat("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n", 100),
		"control characters":    begin + fill("\x00\x01")[:8000],
	}
}

// badFrames throws everything at a room while another call goes on.
func badFrames(s *stage) {
	quiet := s.call(s.signsIn("chen"), s.signsIn("liu"), neurology)
	li, wang := s.signsIn("li"), s.signsIn("wang")
	id := li.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	wang.does(id, "accept", nil)
	watcher := wang.goesIn(id)

	for name, sdp := range bombs() {
		conn := li.speaks(id)
		for n := range 3 {
			s.ok(conn.WriteMessage(websocket.TextMessage, protocol.Encode(protocol.Room, protocol.Client,
				protocol.Offer{ID: int64(n + 1), SDP: sdp, Fresh: n > 0, Tracks: []protocol.Track{{MID: "0", Source: "microphone"}}})))
			if refusal := string(s.hears(conn, "error")); !strings.Contains(refusal, `"bad-offer"`) && !strings.Contains(refusal, `"malformed"`) {
				s.Errorf("an offer that is %s: %s", name, refusal)
			}
		}
		_ = conn.Close()
	}
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	for frame, want := range map[string]string{
		`{"type":"wave","body":{}}`:                                                `"unknown-message"`,
		`{"type":"renewed","body":{"token":"x"}}`:                                  `"unknown-message"`,
		`{"type":"knock","body":{"loud":true}}`:                                    `"malformed"`,
		`{"type":"media","body":{"microphone":1,"camera":true,"screen":false}}`:    `"malformed"`,
		`{"type":"media","body":{"microphone":null,"camera":true,"screen":false}}`: `"malformed"`,
		`{"type":"knock","body":` + deep + `}`:                                     `"malformed"`,
		`{"type":"quality","body":{"rtt":1e999}}`:                                  `"malformed"`,
		`{"type":"chat","body":{"key":"k","text":" "}}`:                            `"empty-text"`,
		`{"type":"admit","body":{"participant":"nobody"}}`:                         `"not-allowed"`,
	} {
		conn := li.speaks(id)
		s.says(conn, frame)
		if refusal := string(s.hears(conn, "error")); !strings.Contains(refusal, want) {
			s.Errorf("%.60s is refused with %s, want %s", frame, refusal, want)
		}
		s.says(conn, `{"type":"ping","body":{"at":1}}`)
		s.hears(conn, "pong") // the socket is still good
		_ = conn.Close()
	}
	li.breaksOff(id)
	s.ok(watcher.Say(store.NewID(), "still here"))
	s.ok(watcher.Await(s.ctx, "the own message", func(r *client.Room) bool { return len(r.Chat()) == 1 && len(r.Errors()) == 0 }))
	quiet.undisturbed()
}

// breaksOff sends what ends a socket, to both of them.
func (p *person) breaksOff(id string) {
	p.Helper()
	text, binary := websocket.TextMessage, websocket.BinaryMessage
	desk := func() *websocket.Conn {
		conn := p.greets("/ws/desk", fmt.Sprintf(`{"ticket":%q}`, p.deskTicket()))
		p.hears(conn, "welcome")
		return conn
	}
	for which, open := range map[string]func() *websocket.Conn{"room": func() *websocket.Conn { return p.speaks(id) }, "desk": desk} {
		for name, c := range map[string]struct {
			kind  int
			frame string
			times int
			want  protocol.CloseCode
		}{
			"no JSON":            {text, "hello", 1, protocol.CloseViolation},
			"no envelope":        {text, `{"hello":"there"}`, 1, protocol.CloseViolation},
			"a second hello":     {text, `{"type":"hello","body":{"ticket":"x"}}`, 1, protocol.CloseViolation},
			"binary":             {binary, "\x01\x02", 1, protocol.CloseViolation},
			"eleven unknown":     {text, `{"type":"wave","body":{}}`, 11, protocol.CloseViolation},
			"64 KB and a little": {text, `{"type":"ping","body":{"at":1` + strings.Repeat(" ", protocol.MaxFrame) + `}}`, 1, protocol.CloseTooBig},
			"8 MB":               {text, strings.Repeat(" ", 8<<20), 1, protocol.CloseTooBig},
		} {
			conn := open()
			for range c.times {
				if err := conn.WriteMessage(c.kind, []byte(c.frame)); err != nil {
					break // the server has stopped reading; why, it says
				}
			}
			p.endsWith(which+": "+name, conn, c.want, c.frame)
		}
	}
	conn, _ := p.raw("/ws/rooms/" + id)
	p.says(conn, `{"type":"knock","body":{}}`)
	p.shuts("a message before hello", conn, protocol.CloseViolation)
}

// endsWith is shuts; a sender that is cut off in the middle of a frame may be
// reset before it has read why.
func (p *person) endsWith(what string, conn *websocket.Conn, want protocol.CloseCode, frame string) {
	p.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		reset := (*net.OpError)(nil)
		if !websocket.IsCloseError(err, int(want)) && !(len(frame) > 1<<20 && errors.As(err, &reset)) {
			p.Errorf("%s: ended with %v, want %d %s", what, err, int(want), want)
		}
		return
	}
}

// readerStops asks and asks and never reads the answers: it is cut off, and
// neither the others in its room nor anybody else notices more than that.
func readerStops(s *stage) {
	quiet := s.call(s.signsIn("he"), s.signsIn("xu"), imaging)
	li, wang := s.signsIn("li"), s.signsIn("wang")
	id := li.send("POST", "/api/consults/start", emergency(cardiology), withKey(store.NewID())...).is(201).view().ID
	wang.does(id, "accept", nil)
	watcher := wang.goesIn(id)
	conn := li.speaks(id)
	connected := func(want bool) func(*client.Room) bool {
		return func(r *client.Room) bool { p, ok := r.Person(demoID("li")); return ok && p.Connected == want }
	}
	s.ok(watcher.Await(s.ctx, "the doctor", connected(true)))

	flood := make(chan error, 1)
	go func() { // every message is answered, if only by a refusal
		for n := 0; ; n++ {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping","body":{"at":`+strconv.Itoa(n)+`}}`)); err != nil {
				flood <- err
				return
			}
		}
	}()
	s.ok(watcher.Await(s.ctx, "the doctor being cut off", connected(false)))
	s.ok(watcher.Say(store.NewID(), "where are you?"))
	s.ok(watcher.Await(s.ctx, "the own message", func(r *client.Room) bool { return len(r.Chat()) == 1 }))
	quiet.undisturbed()
	select {
	case <-flood:
	case <-s.ctx.Done():
		s.Error("the one who does not read can go on writing")
	}
	back := li.goesIn(id) // and may come back
	s.ok(watcher.AwaitMedia(s.ctx, back.Self(), "camera", 5))
}

// threeTabs opens the call in three tabs, one after the other: the last one has
// it, the others say so and stay away.
func threeTabs(s *stage) {
	ma, zhao := s.signsIn("ma"), s.signsIn("zhao")
	c := s.call(ma, zhao, cardiology)
	second := ma.goesIn(c.id)
	s.closes("the first tab", c.doctor.Ended, protocol.CloseTakenOver)
	third := ma.goesIn(c.id)
	s.closes("the second tab", second.Ended, protocol.CloseTakenOver)
	if protocol.CloseTakenOver.MayReturn() {
		s.Error("two tabs would take the call from each other for ever")
	}
	s.ok(c.expert.Await(s.ctx, "one doctor", func(r *client.Room) bool { return r.People() == 2 }))
	c.doctor = third
	c.flows()
}

// accessWithdrawn closes an account in the middle of a call: within seconds the
// person neither sees nor hears nor is seen or heard, and every door is shut.
func accessWithdrawn(s *stage) {
	chen, sun, admin := s.signsIn("chen"), s.signsIn("sun"), s.signsIn("gao")
	desk := sun.opensDesk()
	c := s.call(chen, sun, neurology)
	doctor, expert := c.doctor.Self(), c.expert.Self()
	resume := c.expert
	admin.send("PATCH", "/api/admin/people/"+demoID("sun"), map[string]any{"disabled": true}).is(200)

	s.closes("the expert's room", c.expert.Ended, protocol.CloseRevoked)
	s.closes("the expert's desk", desk.Ended, protocol.CloseRevoked)
	s.ok(c.doctor.Await(s.ctx, "the expert being gone", func(r *client.Room) bool { return r.People() == 1 }))
	s.stops("the doctor's picture at the expert's", func() int { return c.expert.Received(doctor, "camera").Packets })
	s.stops("the expert's picture at the doctor's", func() int { return c.doctor.Received(expert, "camera").Packets })

	if err := resume.Resume(s.ctx); err == nil {
		s.Error("the room token still opens the room")
	}
	sun.send("GET", "/api/consults/"+c.id, nil).refused(401, "signed-out")
	s.nobody().send("POST", "/api/session", map[string]any{"login": "sun", "password": demoPassword}).refused(403, "account-disabled")
	chen.send("GET", "/api/consults/"+c.id, nil).is(200)
}

// stops waits until a count no longer rises, which must be soon.
func (s *stage) stops(what string, count func() int) {
	s.Helper()
	const still = 700 * time.Millisecond // seven pictures
	deadline := time.Now().Add(10 * time.Second)
	last, since := count(), time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for time.Since(since) < still {
		<-tick.C
		if now := count(); now != last {
			last, since = now, time.Now()
		}
		if time.Now().After(deadline) {
			s.Fatalf("%s goes on", what)
		}
	}
}
