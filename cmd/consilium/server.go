package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/cluster"
	"consilium/rooms/sfu"
	"consilium/rooms/store"
	"consilium/rooms/turn"
	"consilium/signaling"
	"consilium/signaling/protocol"
	"consilium/web"
	"consilium/web/api"
)

// settings is a server's configuration, checked by validate.
type settings struct {
	listen   string   // host:port of HTTP
	public   *url.URL // where people reach it; nil: http://<listen>, on localhost only
	hosts    []string // further Host headers that are answered
	data     string   // folder of the database, attachments and keys
	database string   // URL; empty: a SQLite file in data
	redis    string   // URL; empty: in memory
	media    string   // host:port of media, UDP and TCP
	announce []string // addresses told to browsers instead of the machine's own
	proxies  []string // CIDRs from which plain HTTP and X-Forwarded-For are believed
	cert     string   // TLS files; both or none
	key      string
	seal     string // file of the sealing key; empty: in data
	demo     bool   // demonstration: no second factor demanded, cheap hashes
	log      *slog.Logger
	out      io.Writer // the one line that says ready
	now      func() time.Time
}

// local reports whether only this machine can reach the address.
func local(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (s *settings) validate() error {
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return fmt.Errorf("--listen %q is not host:port", s.listen)
	}
	if (s.cert == "") != (s.key == "") {
		return errors.New("--tls-cert and --tls-key belong together")
	}
	if !local(s.listen) {
		switch {
		case s.demo:
			return errors.New("a demonstration listens on localhost only: its accounts and passwords are printed for everybody to read")
		case s.public == nil:
			return errors.New("--public-url is needed off localhost, like https://consult.example.org: links, Origin and Host are checked against it")
		case s.cert == "" && len(s.proxies) == 0:
			return errors.New("plain HTTP off localhost is refused: give --tls-cert and --tls-key, or say with --trusted-proxy which proxy ends TLS in front")
		case s.public.Scheme != "https":
			return errors.New("--public-url must begin with https:// off localhost: browsers give neither camera nor microphone to other pages")
		}
	}
	return nil
}

// server is the wired parts. Its life is run.
type server struct {
	settings
	store    *store.Store
	cluster  *cluster.Cluster
	keys     *auth.Keys
	gate     *auth.Gate
	desk     *rooms.Desk
	registry *rooms.Registry
	media    *sfu.Server
	relay    *turn.Relay // nil without TLS
	relayKey []byte
	sockets  *signaling.Server
	guard    *web.Guard
	handler  http.Handler
	draining atomic.Bool
	closers  []func() error // in order of opening
}

// open wires everything up to the point where requests could be served. On an
// error what was opened is closed again.
func open(ctx context.Context, cfg settings, port string) (*server, error) {
	s := &server{settings: cfg}
	if s.now == nil {
		s.now = time.Now
	}
	for _, step := range []func() error{
		func() error { return s.openData(ctx) },
		func() error { return s.openPeople(ctx) },
		s.openRooms,
		func() error { return s.openHTTP(port) },
	} {
		if err := step(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *server) onClose(f func() error) { s.closers = append(s.closers, f) }

// close closes in reverse order.
func (s *server) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func (s *server) openData(ctx context.Context) error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if s.database == "" {
		s.database = "sqlite:" + filepath.Join(s.data, "consilium.db")
	}
	var err error
	if s.store, err = store.Open(ctx, s.database, s.log); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	s.onClose(s.store.Close)
	if s.redis == "" {
		s.redis = "memory:"
	}
	if s.cluster, err = cluster.Open(s.redis, s.log); err != nil {
		return err
	}
	s.onClose(s.cluster.Close)
	return nil
}

func (s *server) openPeople(ctx context.Context) error {
	path := s.seal
	if path == "" {
		path = filepath.Join(s.data, "seal.key")
	}
	seal, err := auth.OpenSeal(path)
	if err != nil {
		return err
	}
	if s.relayKey, err = seal.Derive("media relay"); err != nil {
		return err
	}
	if s.keys, err = auth.OpenKeys(ctx, s.store, seal, auth.KeysConfig{Log: s.log, Now: s.now}); err != nil {
		return err
	}
	cfg := auth.Config{
		RequireTOTP: !s.demo, Log: s.log, Now: s.now,
		// The desk is made after the gate; by the time access is withdrawn it is there.
		Announce: func(ctx context.Context, r auth.Revocation) { s.desk.Withdraw(ctx, r) },
	}
	if s.demo {
		cfg.Cost = demoCost
	}
	s.gate, err = auth.NewGate(s.store, s.keys, cfg)
	return err
}

func (s *server) openRooms() error {
	blobs, err := store.OpenBlobs(filepath.Join(s.data, "attachments"))
	if err != nil {
		return fmt.Errorf("folder of attachments: %w", err)
	}
	s.desk, err = rooms.NewDesk(rooms.DeskConfig{Store: s.store, Blobs: blobs, Cluster: s.cluster, Gate: s.gate, Log: s.log, Now: s.now, Demo: s.demo})
	if err != nil {
		return err
	}
	media, err := mediaConfig(s.settings)
	if err != nil {
		return err
	}
	if s.media, err = sfu.Listen(media); err != nil {
		return fmt.Errorf("media: %w", err)
	}
	s.onClose(s.media.Close)
	if s.cert != "" {
		if s.relay, err = turn.New(turn.Config{Key: s.relayKey, Ways: s.ways, Now: s.now}); err != nil {
			return err
		}
		s.onClose(s.relay.Close)
	}
	s.registry, err = rooms.NewRegistry(rooms.RegistryConfig{Casework: s.desk, Chatbook: s.desk, Media: s.media, Log: s.log})
	if err != nil {
		return err
	}
	s.desk.Watch(s.registry)
	return nil
}

func (s *server) ways() []turn.Way {
	var out []turn.Way
	for _, w := range s.media.Ways() {
		out = append(out, turn.Way(w))
	}
	return out
}

// relays are what a participant may use where no direct path to the media port
// works: TURN at the app's own address, when this server ends TLS there itself.
func (s *server) relays(participant string) []protocol.ICEServer {
	if s.relay == nil {
		return []protocol.ICEServer{}
	}
	port := s.public.Port()
	if port == "" {
		port = "443"
	}
	username, credential := s.relay.Grant(participant)
	address := "turns:" + net.JoinHostPort(s.public.Hostname(), port) + "?transport=tcp"
	return []protocol.ICEServer{{URLs: []string{address}, Username: username, Credential: credential}}
}

// mediaConfig reads the media addresses. Without a host, media listens on every
// address of the machine; localhost means both loopback families' first.
func mediaConfig(cfg settings) (sfu.Config, error) {
	addr, err := addrPort(cfg.media)
	if err != nil {
		return sfu.Config{}, fmt.Errorf("--media-listen %q: %w", cfg.media, err)
	}
	out := sfu.Config{Listen: addr, Logger: cfg.log}
	for _, a := range cfg.announce {
		ap, err := addrPort(a)
		if err != nil || ap.Addr().IsUnspecified() {
			return sfu.Config{}, fmt.Errorf("--media-address %q must be an IP address and a port, like 203.0.113.7:8443", a)
		}
		out.Announce = append(out.Announce, ap)
	}
	return out, nil
}

func addrPort(text string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return netip.AddrPort{}, err
	}
	switch host {
	case "":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1"
	}
	return netip.ParseAddrPort(net.JoinHostPort(host, port))
}

func (s *server) openHTTP(port string) error {
	if s.public == nil {
		host, _, _ := net.SplitHostPort(s.listen)
		s.public = &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
		if s.cert != "" {
			s.public.Scheme = "https"
		}
	}
	if local(s.listen) {
		for _, h := range []string{"localhost", "127.0.0.1", "[::1]"} {
			s.hosts = append(s.hosts, h+":"+port)
		}
	}
	proxies, err := prefixes(s.proxies)
	if err != nil {
		return err
	}
	s.guard, err = web.NewGuard(web.Config{Public: s.public, Hosts: s.hosts, Proxies: proxies, OnlyProxies: !local(s.listen) && s.cert == "", Log: s.log})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	if _, err := api.Mount(mux, api.Config{Desk: s.desk, Gate: s.gate, Log: s.log, Secure: s.guard.Secure(), Version: version, Remote: s.guard.Remote}); err != nil {
		return err
	}
	s.sockets, err = signaling.New(signaling.Config{Gate: s.gate, Desk: s.desk, Registry: s.registry, Relay: s.relays, Origins: s.guard.Origins(), Cookie: api.CookieName(s.guard.Secure()), Log: s.log})
	if err != nil {
		return err
	}
	s.sockets.Mount(mux)
	s.desk.OnRevoked(s.sockets.Revoked)
	app, err := web.App()
	if err != nil {
		return err
	}
	mux.Handle("/", app)
	m := s.newMetrics()
	s.mountHealth(mux, m)
	s.handler = s.guard.Wrap(m.count(web.Compress(mux), mux))
	return nil
}

func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); err != nil && single == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy %q must be an address or a network like 10.0.0.0/8", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// listeners opens the HTTP port. localhost means both of its addresses, where
// the machine has them, on the same port.
func listeners(address string) ([]net.Listener, string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	if host != "localhost" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, "", err
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		return []net.Listener{l}, port, nil
	}
	first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, "", err
	}
	list := []net.Listener{first}
	_, port, _ = net.SplitHostPort(first.Addr().String())
	if second, err := net.Listen("tcp", net.JoinHostPort("::1", port)); err == nil {
		list = append(list, second)
	}
	return list, port, nil
}

// drainTime is how long requests may take to finish once the server stops.
const drainTime = 10 * time.Second

// serve runs a server until ctx ends. before is called when everything is wired
// and nothing is served yet.
func serve(ctx context.Context, cfg settings, before func(context.Context, *server) error) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	ports, port, err := listeners(cfg.listen)
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range ports {
			_ = l.Close() // closed already when it was served
		}
	}()
	s, err := open(ctx, cfg, port)
	if err != nil {
		return err
	}
	if before != nil {
		if err := before(ctx, s); err != nil {
			return errors.Join(err, s.close())
		}
	}
	return errors.Join(s.run(ctx, ports), s.close())
}

// run serves until ctx ends, and then lets everything finish: people in calls
// are told to come back, what was committed is told, requests are answered.
func (s *server) run(ctx context.Context, ports []net.Listener) error {
	web := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	if s.cert != "" {
		files, err := newCertificate(s.cert, s.key)
		if err != nil {
			return err
		}
		web.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get, NextProtos: []string{"h2", "http/1.1"}}
		web.Handler, web.ConnContext = secured(s.handler), remember
		ports = []net.Listener{share(ports, web.TLSConfig, s.relay, s.log)}
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var loops sync.WaitGroup
	loops.Go(func() { s.desk.Run(work) })
	loops.Go(func() { s.keys.Run(work) })
	loops.Go(func() { s.sockets.Watch(work) })

	failed := make(chan error, len(ports))
	for _, l := range ports {
		loops.Go(func() {
			if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	fmt.Fprintf(s.out, "ready %s\n", s.public)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.log.Info("stopping")
	s.draining.Store(true)
	s.registry.Close()
	s.sockets.Close()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if e := web.Shutdown(end); e != nil {
		err = errors.Join(err, web.Close())
	}
	stopWork()
	loops.Wait()
	return err
}
