package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"consilium/rooms/store"
)

// place is where an installation keeps its data; every command that touches one
// takes it.
type place struct {
	Data            string `help:"Folder of the database, attachments and keys." default:"./data" env:"CONSILIUM_DATA" type:"path"`
	DatabaseURL     string `help:"postgres://user:password@host/name; empty: a SQLite file in the data folder." env:"CONSILIUM_DATABASE_URL" placeholder:"URL"`
	DatabaseURLFile string `help:"File that holds the database URL." env:"CONSILIUM_DATABASE_URL_FILE" type:"path" placeholder:"FILE"`
}

func (p place) database() (string, error) {
	return secret("database URL", p.DatabaseURL, p.DatabaseURLFile)
}

// secret is a value given directly or, better, in a file.
func secret(what, value, file string) (string, error) {
	switch {
	case value != "" && file != "":
		return "", fmt.Errorf("the %s is given twice, directly and as a file", what)
	case file == "":
		return value, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return strings.TrimSpace(string(b)), nil
}

type serveCmd struct {
	place
	Listen       string   `help:"Address of HTTP. Off localhost TLS is needed, by certificate files or by a trusted proxy in front." default:"localhost:8080" env:"CONSILIUM_LISTEN"`
	PublicURL    string   `help:"Where people reach the server, like https://consult.example.org. Links are made of it; Origin and Host are checked against it." env:"CONSILIUM_PUBLIC_URL" placeholder:"URL"`
	RedisURL     string   `help:"redis://… shared by several nodes; a balancer keeps the people of one consult on one node. Empty: in memory." env:"CONSILIUM_REDIS_URL" placeholder:"URL"`
	RedisURLFile string   `help:"File that holds the Redis URL." env:"CONSILIUM_REDIS_URL_FILE" type:"path" placeholder:"FILE"`
	MediaListen  string   `help:"Address of media: one port, UDP and TCP." default:":8443" env:"CONSILIUM_MEDIA_LISTEN"`
	MediaAddress []string `help:"IP address and port told to browsers when the machine stands behind NAT; may be repeated." env:"CONSILIUM_MEDIA_ADDRESS" placeholder:"IP:PORT"`
	TrustedProxy []string `help:"Address or network from which alone plain HTTP and X-Forwarded-For are believed; may be repeated." env:"CONSILIUM_TRUSTED_PROXY" placeholder:"CIDR"`
	TLSCert      string   `help:"Certificate chain, PEM. Read again when it changes." env:"CONSILIUM_TLS_CERT" type:"path" placeholder:"FILE"`
	TLSKey       string   `help:"Private key, PEM." env:"CONSILIUM_TLS_KEY" type:"path" placeholder:"FILE"`
	SealKeyFile  string   `help:"Key that seals signing keys and second factors in the database; made when missing. Default: seal.key in the data folder." env:"CONSILIUM_SEAL_KEY_FILE" type:"path" placeholder:"FILE"`
	LogLevel     string   `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"CONSILIUM_LOG_LEVEL"`
}

// Run is the real thing.
func (c *serveCmd) Run(ctx context.Context) error {
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	return serve(ctx, cfg, prepare)
}

func (c *serveCmd) settings() (settings, error) {
	cfg := settings{listen: c.Listen, data: c.Data, media: c.MediaListen, announce: c.MediaAddress, proxies: c.TrustedProxy,
		cert: c.TLSCert, key: c.TLSKey, seal: c.SealKeyFile, out: os.Stdout}
	var err error
	if cfg.database, err = c.database(); err != nil {
		return cfg, err
	}
	if cfg.redis, err = secret("Redis URL", c.RedisURL, c.RedisURLFile); err != nil {
		return cfg, err
	}
	if c.PublicURL != "" {
		if cfg.public, err = url.Parse(strings.TrimSuffix(c.PublicURL, "/")); err != nil {
			return cfg, fmt.Errorf("--public-url: %w", err)
		}
	}
	cfg.log = newLog(c.LogLevel)
	return cfg, nil
}

// newLog writes JSON to standard error. Nothing that is logged names a patient:
// errors carry ids and causes, requests their route.
func newLog(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // kong has checked it
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}

// prepare makes the partnership when there is none, and a link for its first
// administrator as long as it has none.
func prepare(ctx context.Context, s *server) error {
	tenant, err := onlyTenant(ctx, s.store, true)
	if err != nil {
		return err
	}
	enrolled, err := s.store.Enrolled(ctx, tenant.ID)
	if err != nil || enrolled {
		return err
	}
	link, err := enrolmentLink(ctx, s, tenant.ID)
	if err != nil {
		return err
	}
	// The link is a secret: it goes into a file that only this user can read,
	// not into the log.
	path := filepath.Join(s.data, "enrolment-link")
	if err := os.WriteFile(path, []byte(link+"\n"), 0o600); err != nil {
		return err
	}
	s.log.Info("there is no administrator yet: open the link in this file within 24 hours, or make another with consilium admin enrolment", "file", path)
	return nil
}

func enrolmentLink(ctx context.Context, s *server, tenant string) (string, error) {
	_, token, err := s.gate.IssueEnrolment(ctx, tenant)
	return s.public.String() + "/enrol#" + token, err
}

// onlyTenant is the partnership of the installation. Several on one
// installation come later.
func onlyTenant(ctx context.Context, st *store.Store, create bool) (store.Tenant, error) {
	list, err := st.Tenants(ctx)
	if err != nil {
		return store.Tenant{}, err
	}
	for _, t := range list {
		if t.ID == demoTenant {
			return t, errors.New("this data belongs to a demonstration, whose accounts and passwords everybody knows: choose another --data or --database-url")
		}
	}
	switch {
	case len(list) > 0:
		return list[0], nil
	case !create:
		return store.Tenant{}, errors.New("there is no partnership yet: start consilium serve once, or type consilium admin tenant")
	}
	t := store.Tenant{ID: store.NewID(), Name: "医疗联合体", NameLatin: "Medical partnership", Created: timeNow().UTC()}
	return t, st.SaveTenant(ctx, t)
}
