package main

import (
	"bufio"
	"bytes"
	"container/list"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"consilium/rooms"
	"consilium/rooms/store"
	"consilium/rooms/turn"
	"consilium/signaling/client"
)

// shared is a TLS port with a page that says how it was reached, and a relay
// whose media port sends back what it gets.
type shared struct {
	at    string // host and port
	pool  *x509.CertPool
	relay *turn.Relay
	media netip.AddrPort
}

func openShared(t *testing.T) *shared {
	t.Helper()
	cert, key, pool := certificateFiles(t, t.TempDir())
	files, err := newCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := media.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = media.WriteToUDP(b[:n], from)
		}
	}()
	s := &shared{pool: pool, media: media.LocalAddr().(*net.UDPAddr).AddrPort()}
	s.relay, err = turn.New(turn.Config{Key: bytes.Repeat([]byte{7}, 32), Ways: func() []turn.Way { return []turn.Way{{Told: s.media, Local: s.media}} }})
	if err != nil {
		t.Fatal(err)
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.at = door.Addr().String()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %t", r.Proto, r.TLS != nil && r.TLS.HandshakeComplete)
	})
	web := &http.Server{
		Handler: secured(page), ConnContext: remember,
		TLSConfig: &tls.Config{GetCertificate: files.get, NextProtos: []string{"h2", "http/1.1"}},
	}
	served := make(chan error, 1)
	p := share([]net.Listener{door}, web.TLSConfig, s.relay, slog.New(slog.DiscardHandler))
	go func() { served <- web.Serve(p) }()
	t.Cleanup(func() {
		err := web.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		if err := errors.Join(err, s.relay.Close(), media.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial shakes hands, naming the protocols.
func (s *shared) dial(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", s.at, &tls.Config{RootCAs: s.pool, ServerName: "localhost", NextProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func (s *shared) page(t *testing.T, http2 bool) string {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.pool, ServerName: "localhost"}, ForceAttemptHTTP2: http2, DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get("https://" + s.at + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return text(t, res)
}

func TestOnePortSpeaksHTTPAndTURN(t *testing.T) {
	s := openShared(t)
	if got := s.page(t, true); got != "HTTP/2.0 true" {
		t.Errorf("HTTP/2: %s", got)
	}
	if got := s.page(t, false); got != "HTTP/1.1 true" {
		t.Errorf("HTTP/1.1: %s", got)
	}
	for _, protocols := range [][]string{{"http/1.1"}, nil} {
		conn := s.dial(t, protocols...)
		// In two pieces, so that what is looked at is not all there is.
		for _, piece := range []string{"GET", " / HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
			if _, err := io.WriteString(conn, piece); err != nil {
				t.Fatal(err)
			}
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("HTTP with %q in the handshake: %v", protocols, err)
		}
		if got := text(t, res); got != "HTTP/1.1 true" {
			t.Errorf("HTTP with %q in the handshake: %s", protocols, got)
		}
	}
	for _, protocols := range [][]string{{"stun.turn"}, nil} {
		conn := s.dial(t, protocols...)
		ask := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
		if _, err := conn.Write(ask.Raw); err != nil {
			t.Fatal(err)
		}
		answer := stun.New()
		if _, err := answer.ReadFrom(conn); err != nil || answer.TransactionID != ask.TransactionID {
			t.Errorf("STUN with %q in the handshake: %v %s", protocols, err, answer)
		}
	}
}

func TestSilentConnectionsHarmNobody(t *testing.T) {
	s := openShared(t)
	for i := range 100 {
		if i%10 == 0 { // shakes hands, then says nothing
			s.dial(t)
			continue
		}
		conn, err := net.Dial("tcp", s.at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if i%2 == 0 { // begins the handshake and stops
			if _, err := conn.Write([]byte{22, 3, 1, 2, 0}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.page(t, true); got != "HTTP/2.0 true" {
		t.Error(got)
	}
}

func TestTheSlowestMakesRoom(t *testing.T) {
	p := &port{greeted: list.New()}
	first, far := net.Pipe()
	defer far.Close()
	for i := range mostGreeted + 1 {
		conn := first
		if i > 0 {
			var other net.Conn
			conn, other = net.Pipe()
			defer conn.Close()
			defer other.Close()
		}
		if _, ok := p.enter(conn); !ok {
			t.Fatal("refused")
		}
	}
	if _, err := first.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) || p.greeted.Len() != mostGreeted {
		t.Errorf("the first is %v, %d wait", err, p.greeted.Len())
	}
}

// believed is a certificate that clients in this process take for a good one.
// The system's authorities are read once, so it is one for all runs.
var believed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "consilium-certificate-")
	return dir, err
})

func TestACallThroughTheAppsPortAlone(t *testing.T) {
	dir, err := believed()
	if err != nil {
		t.Fatal(err)
	}
	cfg := demoSettings(t)
	cfg.cert, cfg.key = dir+"/cert.pem", dir+"/key.pem"
	if _, err := os.Stat(cfg.cert); err != nil {
		certificateFiles(t, dir)
		if err := os.Setenv("SSL_CERT_FILE", cfg.cert); err != nil {
			t.Fatal(err)
		}
	}
	var logged bytes.Buffer
	cfg.log = slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	srv := begin(t, cfg, seedAlone)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()

	doctor := signInTLS(t, srv.url, "chen")
	expert := signInTLS(t, srv.url, "sun")
	id := decoded[rooms.CaseView](doctor.send("POST", "/api/consults/start", emergency(neurology))).ID
	expert.send("POST", "/api/consults/"+id+"/accept", map[string]any{})
	enter := func(p tlsPerson) *client.Room {
		ticket := decoded[rooms.TicketView](p.send("POST", "/api/consults/"+id+"/join", nil)).Ticket
		r, err := client.OpenRoom(ctx, client.Config{URL: srv.url, Cookie: p.cookie.Name + "=" + p.cookie.Value, Relayed: true}, id, ticket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		if err := errors.Join(r.Connect(ctx, 2), r.SetMedia(bothOn), r.Knock()); err != nil {
			t.Fatal(err)
		}
		if err := r.Await(ctx, "being in the call", func(r *client.Room) bool { return r.Phase() == "in" }); err != nil {
			t.Fatal(err)
		}
		return r
	}
	one, two := enter(doctor), enter(expert)
	for _, source := range []string{"microphone", "camera"} {
		if err := errors.Join(one.AwaitMedia(ctx, two.Self(), source, 20), two.AwaitMedia(ctx, one.Self(), source, 20)); err != nil {
			t.Error(err)
		}
	}
	relays := one.Relays()
	if len(relays) != 1 || relays[0].URLs[0] != strings.Replace(srv.url, "https://", "turns:", 1)+"?transport=tcp" {
		t.Fatalf("relays %+v", relays)
	}
	if err := errors.Join(one.Close(), two.Close(), srv.stop()); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{relays[0].Credential, relays[0].Username} {
		if strings.Contains(logged.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// tlsPerson is somebody who is signed in over TLS.
type tlsPerson struct {
	t      *testing.T
	url    string
	cookie *http.Cookie
}

func signInTLS(t *testing.T, url, login string) tlsPerson {
	t.Helper()
	p := tlsPerson{t: t, url: url}
	a := p.send("POST", "/api/session", map[string]string{"login": login, "password": demoPassword})
	p.cookie = (&http.Response{Header: a.header}).Cookies()[0]
	return p
}

func (p tlsPerson) send(method, path string, body any) answer {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	res := fetch(p.t, method, p.url+path, json.RawMessage(b), p.cookie, "Idempotency-Key", store.NewID())
	a := answer{p.t, res.StatusCode, res.Header, []byte(text(p.t, res))}
	if res.StatusCode >= 300 {
		p.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, a.raw)
	}
	return a
}
