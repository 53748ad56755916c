package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a Redis of the test's own, which it may kill.
type server struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
}

func ownRedis(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CONSILIUM_TEST_REQUIRE") == "1" {
			t.Fatal("redis-server is missing; type: apt-get install redis-server")
		}
		t.Skip("redis-server is missing")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &server{t: t, addr: l.Addr().String()}
	must(t, l.Close())
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) url() string { return "redis://" + s.addr + "/0" }

func (s *server) start() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	must(s.t, err)
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", filepath.Clean(s.t.TempDir()))
	must(s.t, s.cmd.Start())
	client := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1})
	defer client.Close()
	eventually(s.t, "Redis answers", func() bool { return client.Ping(context.Background()).Err() == nil })
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func TestBusFillsInWhatABrokenConnectionLost(t *testing.T) {
	t.Parallel()
	s := ownRedis(t)
	a, b := opened(t, s.url()), opened(t, s.url())
	admin := redis.NewClient(&redis.Options{Addr: s.addr})
	defer admin.Close()
	var e ear
	defer a.Subscribe(e.hear, "desk")()
	n := 0
	for range 5 {
		for range 50 {
			n++
			must(t, b.Publish(t.Context(), "desk", []byte(fmt.Sprint(n))))
			if n%20 == 0 {
				must(t, admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
			}
		}
	}
	eventually(t, "everything has come", func() bool { return len(e.texts()) >= n })
	for i, text := range e.texts() {
		if text != fmt.Sprint(i+1) {
			t.Fatalf("heard %v, want 1 to %d without a gap", e.texts(), n)
		}
	}
}

func TestRedisThatLostEverythingIsAGap(t *testing.T) {
	t.Parallel()
	s := ownRedis(t)
	c := opened(t, s.url())
	ctx := t.Context()
	var e, late ear
	defer c.Subscribe(e.hear, "desk")()
	must(t, c.Publish(ctx, "desk", []byte("before")))
	eventually(t, "the first message", func() bool { return len(e.texts()) == 1 })
	at, err := c.Position(ctx, "desk")
	must(t, err)

	s.kill()
	if err := c.Publish(ctx, "desk", []byte("lost")); err == nil {
		t.Error("publishing without Redis is said to have worked")
	}
	if err := c.Ping(ctx); err == nil {
		t.Error("Redis is said to be there")
	}
	if err := c.Touch(ctx, "t", "wang", "s", false, time.Minute); err == nil {
		t.Error("presence without Redis is said to be kept")
	}
	eventually(t, "the outage is noticed", func() bool {
		began := time.Now()
		c.Subscribe(func(Message) {}, "other")()
		return time.Since(began) < time.Second
	})
	defer c.Subscribe(late.hear, "late")()

	s.start()
	eventually(t, "both are told that something is missing", func() bool {
		return slices.Equal(e.texts(), []string{"before", "gap"}) && slices.Equal(late.texts(), []string{"gap"})
	})
	must(t, c.Publish(ctx, "desk", []byte("after")))
	eventually(t, "messages come again", func() bool { return slices.Equal(e.texts(), []string{"before", "gap", "after"}) })
	if _, complete, err := c.History(ctx, "desk", at); err != nil || complete {
		t.Errorf("history of the epoch before is said to be complete (%v)", err)
	}
	must(t, c.Touch(ctx, "t", "wang", "s", false, time.Minute))
}

func TestRedisThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	s := ownRedis(t)
	c := opened(t, s.url())
	var e ear
	defer c.Subscribe(e.hear, "desk")()
	must(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	began := time.Now()
	if err := c.Publish(t.Context(), "desk", []byte("1")); err == nil {
		t.Error("a Redis that hangs is said to have taken a message")
	}
	if took := time.Since(began); took > 3*redisPatience {
		t.Errorf("publishing held its caller up for %v", took)
	}
	must(t, s.cmd.Process.Signal(syscall.SIGCONT))
	eventually(t, "messages come again", func() bool {
		return c.Publish(t.Context(), "desk", []byte("2")) == nil && slices.Contains(e.texts(), "2")
	})
}

func TestRedisThatComesLate(t *testing.T) {
	t.Parallel()
	s := ownRedis(t)
	s.kill()
	c := opened(t, s.url())
	var e ear
	defer c.Subscribe(e.hear, "desk")()
	s.start()
	eventually(t, "a gap, then messages", func() bool {
		return c.Publish(t.Context(), "desk", []byte("hello")) == nil && slices.Contains(e.texts(), "hello")
	})
	if e.texts()[0] != "gap" {
		t.Errorf("heard %v, want a gap first", e.texts())
	}
}
