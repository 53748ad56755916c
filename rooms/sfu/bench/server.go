package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"consilium/rooms/sfu"
)

// forwarder is a media server as the measurement sees it: ours or the reference.
type forwarder interface {
	// join takes one person's offer and returns the answer.
	join(j Join) (string, error)
	leave(room, person int)
}

// Join is one person's offer. Every offer has a microphone at MID 0, a camera at
// MID 1, and pairs of receiving sections for everyone else.
type Join struct {
	Room, Person, Size int
	SDP                string
}

// Service is the forwarder behind the pipe.
type Service struct {
	forwarder forwarder
	profile   io.Closer
}

// Join answers an offer.
func (s *Service) Join(j Join, answer *string) (err error) {
	*answer, err = s.forwarder.join(j)
	return err
}

// Leave ends a person's media.
func (s *Service) Leave(j Join, _ *bool) error {
	s.forwarder.leave(j.Room, j.Person)
	return nil
}

// CPU tells the time used.
func (s *Service) CPU(_ bool, used *time.Duration) error {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return err
	}
	*used = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return nil
}

// Memory tells the resident bytes after garbage is gone.
func (s *Service) Memory(_ bool, bytes *int) error {
	runtime.GC()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	*bytes = pages * os.Getpagesize()
	return err
}

// Profile starts a CPU profile into the file, or ends it when the name is empty.
func (s *Service) Profile(file string, _ *bool) error {
	if file == "" {
		pprof.StopCPUProfile()
		return s.profile.Close()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	s.profile = f
	return pprof.StartCPUProfile(f)
}

// pipe is standard input and output as one connection.
type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipe) Close() error {
	_ = p.WriteCloser.Close()
	return p.ReadCloser.Close()
}

const referenceLite = "reference, ICE-lite"

// serve is a server process: it answers on standard input and output until the
// input ends.
func serve(kind string) error {
	var f forwarder
	switch kind {
	case "ours":
		s, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
		if err != nil {
			return err
		}
		f = &ours{server: s, rooms: map[int]*sfu.Room{}, peers: map[[2]int]*sfu.Peer{}}
	case "reference", referenceLite:
		f = newReference(kind == referenceLite)
	default:
		return fmt.Errorf("no forwarder is called %q", kind)
	}
	server := rpc.NewServer()
	if err := server.Register(&Service{forwarder: f}); err != nil {
		return err
	}
	server.ServeConn(pipe{os.Stdin, os.Stdout})
	return nil
}

// ours is rooms/sfu.
type ours struct {
	server *sfu.Server

	mu    sync.Mutex // guards what follows
	rooms map[int]*sfu.Room
	peers map[[2]int]*sfu.Peer
}

func (o *ours) join(j Join) (string, error) {
	o.mu.Lock()
	room := o.rooms[j.Room]
	if room == nil {
		room = o.server.NewRoom()
		o.rooms[j.Room] = room
	}
	o.mu.Unlock()
	peer, err := room.Join(strconv.Itoa(j.Person), sfu.Rights{Microphone: true, Camera: true}, sfu.Hooks{})
	if err != nil {
		return "", err
	}
	peer.Enter()
	o.mu.Lock()
	o.peers[[2]int{j.Room, j.Person}] = peer
	o.mu.Unlock()
	answer, _, err := peer.Offer(context.Background(), j.SDP, []sfu.Track{
		{MID: "0", Source: sfu.Microphone}, {MID: "1", Source: sfu.Camera},
	})
	return answer, err
}

func (o *ours) leave(room, person int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := [2]int{room, person}
	o.peers[key].Close()
	delete(o.peers, key)
}

// process is a server process as its owner sees it.
type process struct {
	kind  string
	name  string
	cmd   *exec.Cmd
	calls *rpc.Client
}

// start runs this program again as a server.
func start(kind string, processors int) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serveVariable+"="+kind)
	name := kind
	if processors > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", processors))
		name = fmt.Sprintf("%s, GOMAXPROCS=%d", kind, processors)
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{kind: kind, name: name, cmd: cmd, calls: rpc.NewClient(pipe{out, in})}, nil
}

func (p *process) stop() {
	_ = p.calls.Close() // ends its input, and with it the process
	_ = p.cmd.Wait()
}

func (p *process) cpu() (used time.Duration, err error) {
	err = p.calls.Call("Service.CPU", true, &used)
	return used, err
}

func (p *process) memory() (bytes int, err error) {
	err = p.calls.Call("Service.Memory", true, &bytes)
	return bytes, err
}

func (p *process) profile(file string) error {
	return p.calls.Call("Service.Profile", file, nil)
}
