package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownServer is a demonstration in a process and a folder of its own, so that
// what it uses is the server's alone.
type ownServer struct {
	url  string
	cmd  *exec.Cmd
	data string
}

// startOwn starts it and waits until it is ready.
func startOwn(ctx context.Context, crowd int) (*ownServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "consilium-load-")
	if err != nil {
		return nil, err
	}
	s := &ownServer{data: data}
	s.cmd = exec.Command(self, "demo", "--listen", "localhost:0", "--data", data, "--crowd", strconv.Itoa(crowd)) // ended by end, not by ctx: its people leave first
	s.cmd.Stderr = os.Stderr
	said, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	stop := context.AfterFunc(ctx, func() { _ = s.cmd.Process.Signal(syscall.SIGTERM) }) // before it is ready
	defer stop()
	lines := bufio.NewScanner(said)
	for s.url == "" && lines.Scan() {
		if url, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			s.url = url
		}
	}
	if s.url == "" {
		return nil, errors.Join(errors.New("the server did not start"), ctx.Err(), s.end())
	}
	go func() { // it says nothing more that matters, and must not be kept waiting
		for lines.Scan() {
		}
	}()
	return s, nil
}

func (s *ownServer) end() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself; Wait says so
	return errors.Join(s.cmd.Wait(), os.RemoveAll(s.data))
}

// ticks of processor time in a second, which Linux has on every machine (USER_HZ,
// proc(5)).
const ticks = 100

// used is the processor time so far; zero where the system does not tell.
func (s *ownServer) used() time.Duration {
	if s == nil {
		return 0
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name, in brackets, may hold anything; utime and stime are fields 14 and 15.
	_, rest, _ := strings.Cut(string(stat), ") ")
	var sum int64
	for _, field := range strings.Fields(rest)[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}

// megabytes is the resident memory now.
func (s *ownServer) megabytes() float64 {
	statm, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		return 0
	}
	return float64(pages*os.Getpagesize()) / 1e6
}
