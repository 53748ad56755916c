package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary be the program: tests start real processes of
// exactly what they were compiled with, race detector included.
const asProgram = "CONSILIUM_TEST_AS_PROGRAM"

// init runs before the tests' own main, so that what a process prints and how
// it ends is the program's doing alone.
func init() {
	if os.Getenv(asProgram) == "" {
		return
	}
	go func() { // a process does not outlive the test that started it
		if _, err := io.Copy(io.Discard, os.NewFile(3, "lifeline")); err == nil { // a process that this one starts has none
			os.Exit(3)
		}
	}()
	main()
	os.Exit(0)
}

// TestRealProcesses plays what can go wrong around a server, on processes of it
// that are reached over HTTP, sockets and media only, and killed for good.
func TestRealProcesses(t *testing.T) {
	w := &workshop{seeded: t.TempDir()}
	first := demo(t, w.seeded, "localhost:0")
	if code := first.terminate(); code != 0 {
		t.Fatalf("a demonstration that is told to stop ends with %d:\n%s", code, first.text)
	}
	shared := demo(t, w.copy(t), "localhost:0")
	alone := func(play func(*testing.T, *workshop)) func(*testing.T) { return func(t *testing.T) { play(t, w) } }
	there := func(play func(*stage)) func(*testing.T) { return func(t *testing.T) { play(on(t, shared)) } }
	var all sync.WaitGroup
	turns := make(chan struct{}, 6) // they mostly wait for each other's packets
	for _, c := range []struct {
		name string
		play func(*testing.T)
	}{ // those that take longest first
		{"Redis comes and goes", alone(redisComesAndGoes)},
		{"one slot on PostgreSQL", alone(oneSlotOnPostgres)},
		{"kill -9 during writes", alone(killDuringWrites)},
		{"full disk", alone(fullDisk)},
		{"a load", holdsCalls},
		{"SIGTERM during a call", alone(terminateDuringCall)},
		{"one slot on SQLite", there(oneSlot)},
		{"bad frames and bombs", there(badFrames)},
		{"a reader that stops", there(readerStops)},
		{"access is withdrawn", there(accessWithdrawn)},
		{"three tabs", there(threeTabs)},
		{"one key, twenty times", there(oneKeyTwentyTimes)},
		{"wrong passwords", there(wrongPasswords)},
		{"tokens", there(badTokens)},
		{"tickets", there(badTickets)},
		{"foreign pages", there(foreignPages)},
		{"out of turn", there(outOfTurn)},
	} {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			t.Run(c.name, c.play)
		})
	}
	all.Wait()
}

// workshop holds what the tests share: the data of a filled demonstration, from
// which each that needs a server of its own gets a copy.
type workshop struct{ seeded string }

func (w *workshop) copy(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command("cp", "-a", w.seeded, to).CombinedOutput(); err != nil {
		t.Fatalf("data not copied: %v: %s", err, out)
	}
	return to
}

// process is a running program.
type process struct {
	t     *testing.T
	args  []string
	env   []string
	url   string // of the server, once it is ready
	cmd   *exec.Cmd
	text  *transcript   // what it printed, errors and log included
	ended chan struct{} // closed when it has ended

	mu      sync.Mutex // guards what follows
	killed  bool
	secrets map[string]string // what must not be in the log, and what it is
}

// command starts the program. It ends with the test at the latest.
func command(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	lifeline, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, args: args, env: env, text: newTranscript(), ended: make(chan struct{}), secrets: map[string]string{}}
	p.cmd = exec.Command(self, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CONSILIUM_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(append(p.cmd.Env, env...), asProgram+"=1")
	p.cmd.ExtraFiles = []*os.File{lifeline}
	p.cmd.Stdout, p.cmd.Stderr = p.text, p.text
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = lifeline.Close()
	go func() {
		_ = p.cmd.Wait() // the code is in ProcessState
		_ = hold.Close()
		close(p.ended)
	}()
	t.Cleanup(p.cleanUp)
	return p
}

// launch starts a server and waits until it is ready.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := command(t, env, args...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	line := regexp.MustCompile(`(?m)^ready (\S+)$`)
	err := p.text.await(ctx, p.ended, func(text string) bool {
		m := line.FindStringSubmatch(text)
		if m != nil {
			p.url = m[1]
		}
		return m != nil
	})
	if err != nil {
		t.Fatalf("the server is not ready: %v\n%s", err, p.text)
	}
	return p
}

// patience bounds every wait; only a failing test waits so long.
const patience = 2 * time.Minute

// demo serves demonstration data.
func demo(t *testing.T, data, listen string) *process {
	t.Helper()
	return launch(t, nil, "demo", "--data", data, "--listen", listen, "--media-listen", "localhost:0", "--log-level", "info")
}

// again starts the same server on the same data at the same address.
func (p *process) again(t *testing.T) *process {
	t.Helper()
	args := append([]string(nil), p.args...)
	for i, a := range args {
		if a == "--listen" {
			args[i+1] = strings.TrimPrefix(p.url, "http://")
		}
	}
	return launch(t, p.env, args...)
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// terminate asks the process to end and answers its exit code.
func (p *process) terminate() int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Errorf("the process does not end:\n%s", p.text)
		p.kill()
	}
	return p.cmd.ProcessState.ExitCode()
}

// keepsSecret adds something that the process must not write down anywhere but
// in its database.
func (p *process) keepsSecret(what, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secrets[value] = what
}

func (p *process) cleanUp() {
	select {
	case <-p.ended:
	default:
		if code := p.terminate(); code != 0 {
			p.t.Errorf("a server that is told to stop ends with %d", code)
		}
	}
	text := p.text.String()
	for _, bad := range []string{"DATA RACE", "panic", "goroutine "} {
		if strings.Contains(text, bad) {
			p.t.Errorf("the log holds %q", bad)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for value, what := range p.secrets {
		if strings.Contains(text, value) {
			p.t.Errorf("the log holds %s", what)
		}
		for _, arg := range p.args {
			if strings.Contains(arg, value) {
				p.t.Errorf("the command line holds %s", what)
			}
		}
	}
	if p.t.Failed() {
		p.t.Logf("%s printed:\n%s", strings.Join(p.args, " "), tail(text, 8000))
	}
}

func tail(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return "…" + text[len(text)-most:]
}

// transcript collects what a process prints.
type transcript struct {
	mu    sync.Mutex // guards what follows
	text  bytes.Buffer
	grown chan struct{} // closed and replaced with every write
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (r *transcript) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.grown)
	r.grown = make(chan struct{})
	return r.text.Write(b)
}

func (r *transcript) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// await waits until the text is as wanted.
func (r *transcript) await(ctx context.Context, ended <-chan struct{}, is func(string) bool) error {
	for {
		r.mu.Lock()
		text, grown := r.text.String(), r.grown
		r.mu.Unlock()
		if is(text) {
			return nil
		}
		select {
		case <-grown:
		case <-ended:
			return errors.New("the process has ended")
		case <-ctx.Done():
			return fmt.Errorf("waiting for the process: %w", ctx.Err())
		}
	}
}

func TestProcessesRefuseToServeInTheOpen(t *testing.T) {
	for name, args := range map[string][]string{
		"plain HTTP off localhost":                 {"serve", "--listen", "0.0.0.0:0", "--public-url", "https://consult.example.org"},
		"a public address without TLS":             {"serve", "--listen", "0.0.0.0:0", "--public-url", "http://consult.example.org"},
		"a demonstration off localhost":            {"demo", "--listen", "0.0.0.0:0"},
		"a demonstration's media off localhost":    {"demo", "--listen", "localhost:0", "--media-listen", "0.0.0.0:0"},
		"a demonstration on every IPv6 address":    {"demo", "--listen", "[::]:0"},
		"a demonstration on a name that means all": {"demo", "--listen", ":0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := command(t, nil, append(args, "--data", t.TempDir())...)
			if code := p.wait(); code == 0 {
				t.Errorf("it ran and ended with %d", code)
			}
			if text := p.text.String(); strings.Contains(text, "ready ") || !strings.Contains(text, "consilium: ") {
				t.Errorf("it says:\n%s", text)
			}
		})
	}
}
