package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"consilium/auth"
	"consilium/rooms/store"
)

// demoTenant is the demonstration's partnership. serve refuses data that holds
// it.
const demoTenant = "demo"

// demoPassword is everybody's password in a demonstration.
const demoPassword = "consilium"

// demoCost keeps signing in quick on a small machine; the passwords are public.
var demoCost = auth.Cost{Memory: 8 * 1024, Passes: 1, Lanes: 1}

type demoCmd struct {
	Listen string `help:"Address of HTTP, on localhost only." default:"localhost:8080" env:"CONSILIUM_LISTEN"`
	Data   string `help:"Folder; the demonstration keeps to its own subfolder." default:"./data" env:"CONSILIUM_DATA" type:"path"`
	Media  string `name:"media-listen" help:"Address of media, on localhost only." default:"localhost:0" env:"CONSILIUM_MEDIA_LISTEN"`
	Fresh  bool   `help:"Throw away what an earlier demonstration left, and fill it anew."`
	Crowd  int    `help:"Add this many invented doctors when it is filled, for a load." hidden:""`
	Log    string `name:"log-level" help:"debug, info, warn or error." default:"warn" enum:"debug,info,warn,error" env:"CONSILIUM_LOG_LEVEL"`
}

// Run serves a demonstration partnership with invented people and patients.
func (c *demoCmd) Run(ctx context.Context) error {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log)) // kong has checked it
	cfg := settings{listen: c.Listen, data: filepath.Join(c.Data, "demo"), media: c.Media, demo: true, out: os.Stdout,
		log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))}
	if !local(c.Media) {
		return errors.New("a demonstration's media stays on localhost too")
	}
	if err := cfg.validate(); err != nil {
		return err
	}
	if c.Fresh {
		if err := os.RemoveAll(cfg.data); err != nil {
			return err
		}
	}
	return serve(ctx, cfg, func(ctx context.Context, s *server) error {
		if err := seedOnce(ctx, s, c.Crowd); err != nil {
			return fmt.Errorf("filling the demonstration: %w", err)
		}
		printDemo(os.Stdout, s)
		return nil
	})
}

// seedOnce fills an empty database, and finishes nothing that was begun: a seed
// that was interrupted is thrown away by hand with --fresh.
func seedOnce(ctx context.Context, s *server, crowd int) error {
	list, err := s.store.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID != demoTenant {
			return errors.New("this data belongs to a real installation: choose another --data")
		}
	}
	mark := filepath.Join(s.data, "seeded")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if len(list) > 0 {
		return errors.New("an earlier start was interrupted while filling it: start again with --fresh")
	}
	if err := seed(ctx, s, crowd); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte("the demonstration was filled\n"), 0o600)
}

func seed(ctx context.Context, s *server, crowd int) error {
	now := s.now()
	if err := s.store.SaveTenant(ctx, store.Tenant{ID: demoTenant, Name: "临江医联体（演示）", NameLatin: "Linjiang partnership (demonstration)", Created: now.UTC()}); err != nil {
		return err
	}
	if err := seedPlaces(ctx, s.store, now); err != nil {
		return err
	}
	if err := seedPeople(ctx, s.store, now); err != nil {
		return err
	}
	if err := seedCrowd(ctx, s.store, now, crowd); err != nil {
		return err
	}
	return seedCases(ctx, s, now)
}

// printDemo says where to go, as whom, and what to try first.
func printDemo(w io.Writer, s *server) {
	port := s.public.Port()
	fmt.Fprintf(w, `
Consilium demonstration 会诊演示 — people and patients are invented 人员与患者均为虚构

  http://localhost:%[1]s   and   http://127.0.0.1:%[1]s
  Two addresses, two separate sign-ins: play two people in one browser.
  两个地址登录互不影响，可在同一浏览器中扮演两个角色。

  Password for everyone 统一密码: %[2]s

`, port, demoPassword)
	for _, p := range demoPeople {
		fmt.Fprintf(w, "  %-8s %s%s %s · %s\n", p.login, p.name, strings.Repeat("　", max(0, 4-len([]rune(p.name)))), p.place.name, p.says)
	}
	fmt.Fprintf(w, `
Try first 先试试
  1. http://127.0.0.1:%[1]s as %[3]s (cardiologist on duty): click once anywhere, so that the page may ring.
     以 %[3]s（心内科值班）登录，点一下页面以允许响铃。
  2. http://localhost:%[1]s as %[4]s (township doctor): start a consult now with cardiology.
     以 %[4]s（乡镇医生）登录，发起“急会诊”，选择心内科。
  3. It rings at %[3]s: accept, talk, end, write and sign the opinion; %[4]s decides.
     %[3]s 处响铃：接受、通话、结束、填写并签署意见，由 %[4]s 记录处理决定。
  No camera? The lobby offers a test picture and tone. 没有摄像头？候诊页可使用测试画面和声音。
  The coordinator is %[5]s. 协调员为 %[5]s。

`, port, demoPassword, "wang", "li", "tang")
}
