package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// each runs the test in memory, and on Redis when there is one;
// CONSILIUM_TEST_REQUIRE=1 makes its absence a failure. open makes a further
// node of the same installation; the memory has just one.
func each(t *testing.T, test func(t *testing.T, open func() *Cluster)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		c := opened(t, "memory:")
		test(t, func() *Cluster { return c })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := os.Getenv("CONSILIUM_TEST_REDIS_URL")
		if url == "" {
			if os.Getenv("CONSILIUM_TEST_REQUIRE") == "1" {
				t.Fatal("CONSILIUM_TEST_REDIS_URL is not set; deploy/dev/services.sh starts a server and prints it")
			}
			t.Skip("CONSILIUM_TEST_REDIS_URL is not set")
		}
		test(t, func() *Cluster { return opened(t, url) })
	})
}

func opened(t *testing.T, url string) *Cluster {
	t.Helper()
	c, err := Open(url, nil)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok holds and says what it waited for otherwise.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// unique keeps tests on one Redis apart.
func unique(name string) string { return name + ":" + rand.Text() }

// ear collects what a subscription hears.
type ear struct {
	mu    sync.Mutex
	heard []Message // guarded by mu
}

func (e *ear) hear(m Message) {
	e.mu.Lock()
	e.heard = append(e.heard, m)
	e.mu.Unlock()
}

func (e *ear) texts() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []string{}
	for _, m := range e.heard {
		if m.Gap {
			list = append(list, "gap")
		} else {
			list = append(list, string(m.Payload))
		}
	}
	return list
}

func TestPresenceListsEachPersonOnce(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, a, b := t.Context(), open(), open()
		tenant, other := unique("t"), unique("t")
		must(t, a.Touch(ctx, tenant, "wang", "s1", false, time.Minute))
		must(t, b.Touch(ctx, tenant, "wang", "s2", true, time.Minute))
		must(t, b.Touch(ctx, tenant, "li", "s3", false, time.Minute))
		must(t, b.Touch(ctx, other, "zhao", "s4", true, time.Minute))
		want := []Present{{"li", false}, {"wang", true}}
		for _, node := range []*Cluster{a, b} {
			got, err := node.List(ctx, tenant)
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}
		must(t, a.Remove(ctx, tenant, "s2"))
		must(t, a.Remove(ctx, tenant, "never there"))
		must(t, a.Touch(ctx, tenant, "li", "s3", true, time.Minute))
		got, err := a.List(ctx, tenant)
		must(t, err)
		if d := cmp.Diff([]Present{{"li", true}, {"wang", false}}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestPresenceEndsByItself(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, c, tenant := t.Context(), open(), unique("t")
		must(t, c.Touch(ctx, tenant, "stays", "s1", false, time.Hour))
		must(t, c.Touch(ctx, tenant, "goes", "s2", false, 50*time.Millisecond))
		must(t, c.Touch(ctx, tenant, "stays", "s3", true, 50*time.Millisecond))
		eventually(t, "a socket that nobody touches is gone", func() bool {
			got, err := c.List(ctx, tenant)
			must(t, err)
			return cmp.Equal(got, []Present{{"stays", false}})
		})
	})
}

func TestBusDeliversInOrder(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, a, b, channel := t.Context(), open(), open(), unique("desk")
		var one, two, deaf ear
		defer a.Subscribe(one.hear, channel, unique("other"))()
		defer b.Subscribe(two.hear, channel)()
		defer b.Subscribe(deaf.hear, unique("desk"))()
		var want []string
		for i := range 300 {
			text := fmt.Sprint("message:", i)
			want = append(want, text)
			must(t, a.Publish(ctx, channel, []byte(text)))
		}
		for _, e := range []*ear{&one, &two} {
			eventually(t, "300 messages", func() bool { return len(e.texts()) >= 300 })
			if d := cmp.Diff(want, e.texts()); d != "" {
				t.Error(d)
			}
			for i, m := range e.heard {
				if m.Offset != uint64(i+1) || m.Epoch != e.heard[0].Epoch || m.Channel != channel {
					t.Fatalf("message %d is %+v", i, m)
				}
			}
		}
		if len(deaf.texts()) != 0 {
			t.Error("another channel's messages were delivered")
		}
	})
}

func TestBusKeepsHistory(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, c, channel := t.Context(), open(), unique("desk")
		start, err := c.Position(ctx, channel)
		must(t, err)
		if start.Offset != 0 || start.Epoch == "" {
			t.Fatalf("a new channel stands at %+v", start)
		}
		for i := range 5 {
			must(t, c.Publish(ctx, channel, []byte(fmt.Sprint(i+1))))
		}
		read := func(after Position) (texts []string, complete bool) {
			list, complete, err := c.History(ctx, channel, after)
			must(t, err)
			for i, m := range list {
				if m.Offset != after.Offset+uint64(i)+1 {
					t.Errorf("message %q has offset %d", m.Payload, m.Offset)
				}
				texts = append(texts, string(m.Payload))
			}
			return texts, complete
		}
		if got, ok := read(start); !ok || !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
			t.Errorf("from the start: %v %v", got, ok)
		}
		if got, ok := read(Position{start.Epoch, 3}); !ok || !slices.Equal(got, []string{"4", "5"}) {
			t.Errorf("after 3: %v %v", got, ok)
		}
		if got, ok := read(Position{start.Epoch, 5}); !ok || len(got) != 0 {
			t.Errorf("after the last: %v %v", got, ok)
		}
		for _, at := range []Position{{start.Epoch, 6}, {"another", 3}, {"", 0}} {
			if _, ok := read(at); ok {
				t.Errorf("history after %+v is said to be complete", at)
			}
		}
		for range historyLength {
			must(t, c.Publish(ctx, channel, []byte("more")))
		}
		if _, ok := read(Position{start.Epoch, 4}); ok {
			t.Error("history that is no longer kept is said to be complete")
		}
		if got, ok := read(Position{start.Epoch, 5}); !ok || len(got) != historyLength {
			t.Errorf("the last %d messages: %d %v", historyLength, len(got), ok)
		}
		if at, err := c.Position(ctx, channel); err != nil || at != (Position{start.Epoch, 5 + historyLength}) {
			t.Errorf("position %+v %v", at, err)
		}
	})
}

func TestBusStopsAfterCancel(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, c, channel := t.Context(), open(), unique("desk")
		var kept, gone ear
		defer c.Subscribe(kept.hear, channel)()
		cancel := c.Subscribe(gone.hear, channel)
		must(t, c.Publish(ctx, channel, []byte("1")))
		eventually(t, "the first message", func() bool { return len(gone.texts()) == 1 })
		cancel()
		cancel()
		must(t, c.Publish(ctx, channel, []byte("2")))
		eventually(t, "the second message", func() bool { return len(kept.texts()) == 2 })
		if len(gone.texts()) != 1 {
			t.Error("a message came after cancel")
		}
		var again ear
		cancel = c.Subscribe(again.hear, channel)
		defer cancel()
		must(t, c.Publish(ctx, channel, []byte("3")))
		eventually(t, "a message for a new subscription", func() bool { return slices.Equal(again.texts(), []string{"3"}) })
	})
}

func TestSlowSubscriberGetsAGapAndHoldsUpNobody(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, c, channel := t.Context(), open(), unique("desk")
		var quick, slow ear
		blocked, release := make(chan struct{}), make(chan struct{})
		var once, free sync.Once
		defer c.Subscribe(quick.hear, channel)()
		defer c.Subscribe(func(m Message) {
			once.Do(func() { close(blocked); <-release })
			slow.hear(m)
		}, channel)()
		defer free.Do(func() { close(release) })
		must(t, c.Publish(ctx, channel, []byte("first")))
		<-blocked
		n := subscriberQueue + 10
		for i := range n {
			must(t, c.Publish(ctx, channel, []byte("x")))
			if i%100 == 0 || i == n-1 {
				eventually(t, "the quick one has everything", func() bool { return len(quick.texts()) == i+2 })
			}
		}
		free.Do(func() { close(release) })
		must(t, c.Publish(ctx, channel, []byte("last")))
		eventually(t, "the slow one goes on", func() bool { return slices.Contains(slow.texts(), "last") })
		got := slow.texts()
		if got[0] != "first" || got[1] != "gap" || len(got) > 15 {
			t.Errorf("the slow one heard %d messages, beginning %v", len(got), got[:2])
		}
	})
}

func TestLimiter(t *testing.T) {
	each(t, func(t *testing.T, open func() *Cluster) {
		ctx, a, b, key := t.Context(), open(), open(), unique("login")
		rate := Rate{Burst: 5, Per: time.Hour}
		allowed := 0
		for i := range 12 {
			node := []*Cluster{a, b}[i%2]
			ok, wait, err := node.Try(ctx, key, rate)
			must(t, err)
			if ok {
				allowed++
			} else if wait <= 0 || wait > rate.Per/5+time.Second {
				t.Errorf("refused for %v", wait)
			}
		}
		if allowed != 5 {
			t.Errorf("%d of 12 tries were allowed, want 5", allowed)
		}
		if ok, _, err := a.Try(ctx, unique("login"), rate); err != nil || !ok {
			t.Errorf("another key is refused: %v", err)
		}
		quick, short := unique("quick"), Rate{Burst: 1, Per: 30 * time.Millisecond}
		_, _, err := a.Try(ctx, quick, short)
		must(t, err)
		eventually(t, "allowed again after the interval", func() bool {
			ok, _, err := a.Try(ctx, quick, short)
			must(t, err)
			return ok
		})
	})
}

func TestClosedMemoryRefuses(t *testing.T) {
	c, err := Open("memory:", nil)
	must(t, err)
	var e ear
	cancel := c.Subscribe(e.hear, "x")
	must(t, c.Close())
	cancel()
	if err := c.Publish(context.Background(), "x", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("publish after close: %v", err)
	}
}

func TestURLThatCannotBeReadKeepsItsSecret(t *testing.T) {
	for _, url := range []string{"redis://:geheim@host:notaport/0", "http://:geheim@host"} {
		if _, err := Open(url, nil); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
