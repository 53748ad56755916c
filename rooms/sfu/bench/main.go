package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// serveVariable names, in the environment, what a child process serves.
const serveVariable = "CONSILIUM_BENCH_SERVE"

func main() {
	if kind := os.Getenv(serveVariable); kind != "" {
		exit(serve(kind))
	}
	var o options
	flag.IntVar(&o.slices, "slices", 7, "turns of each variant")
	flag.DurationVar(&o.slice, "slice", 2500*time.Millisecond, "length of a turn")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of ours, two rooms of six, to this file and do nothing else")
	flag.StringVar(&o.record, "record", "", "record a picture of Chromium into this file and do nothing else")
	flag.Parse()
	exit(run(o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type options struct {
	slices  int
	slice   time.Duration
	profile string
	record  string
}

const (
	// settle is how long a variant plays before its turn counts.
	settle = 600 * time.Millisecond
	// warm is how long it plays before its first turn: ours gives a link that it
	// does not know little at first.
	warm = 8 * time.Second
)

func run(o options) error {
	if o.record != "" {
		return record(o.record)
	}
	if o.profile != "" {
		return profileOurs(o)
	}
	fmt.Printf("%s/%s, %d processors, %s, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), profile)
	for _, w := range []workload{twoOfSix, twentyOfTwo} {
		if err := compare(w, o); err != nil {
			return err
		}
	}
	for _, step := range []func(options) error{memory, joining, growth} {
		if err := step(o); err != nil {
			return err
		}
	}
	return nil
}

// stage is a server with people in its rooms.
type stage struct {
	*process
	people []*person
	on     atomic.Bool
}

// open starts a server and fills its rooms.
func open(kind string, processors int, w workload) (*stage, error) {
	server, err := start(kind, processors)
	if err != nil {
		return nil, err
	}
	s := &stage{process: server}
	if err := s.fill(w); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// fill joins everybody, a few at a time.
func (s *stage) fill(w workload) error {
	all := w.rooms * w.size
	people, errs := make([]*person, all), make([]error, all)
	gate := make(chan struct{}, 4)
	var wait sync.WaitGroup
	for i := range all {
		gate <- struct{}{}
		wait.Go(func() {
			defer func() { <-gate }()
			people[i], errs[i] = enter(s.process, i/w.size, i%w.size, w.size, false)
		})
	}
	wait.Wait()
	for i, p := range people {
		if p != nil {
			p.play(w, float64(i)/float64(all), &s.on)
			s.people = append(s.people, p)
		}
	}
	return errors.Join(errs...)
}

// warm plays until everything is sent to everybody.
func (s *stage) warm() {
	s.on.Store(true)
	defer s.on.Store(false)
	time.Sleep(warm)
}

func (s *stage) close() {
	for _, p := range s.people {
		p.leave()
	}
	s.stop()
}

func (s *stage) got() (n int64) {
	for _, p := range s.people {
		n += p.got.Load()
	}
	return n
}

// turn plays for a while and returns the server's CPU time per forwarded packet
// and the packets per second.
func (s *stage) turn(length time.Duration) (cost time.Duration, rate float64, err error) {
	s.on.Store(true)
	defer s.on.Store(false)
	time.Sleep(settle)
	before, err := s.cpu()
	if err != nil {
		return 0, 0, err
	}
	packets, began := s.got(), time.Now()
	time.Sleep(length)
	after, err := s.cpu()
	packets = s.got() - packets
	if err == nil && packets == 0 {
		err = fmt.Errorf("%s forwards nothing", s.name)
	}
	if err != nil {
		return 0, 0, err
	}
	return (after - before) / time.Duration(packets), float64(packets) / time.Since(began).Seconds(), nil
}

// compare prints one workload's table.
func compare(w workload, o options) error {
	var stages []*stage
	defer func() {
		for _, s := range stages {
			s.close()
		}
	}()
	for _, v := range []struct {
		kind       string
		processors int
	}{{"reference", 0}, {"ours", 0}, {"reference", 1}, {"ours", 1}} {
		s, err := open(v.kind, v.processors, w)
		if err != nil {
			return err
		}
		stages = append(stages, s)
		s.warm()
	}
	costs := make([][]time.Duration, len(stages))
	ratios := make([][]float64, len(stages))
	rates := make([]float64, len(stages))
	for range o.slices {
		for i, s := range stages {
			cost, rate, err := s.turn(o.slice)
			if err != nil {
				return err
			}
			costs[i], rates[i] = append(costs[i], cost), rate
			ratios[i] = append(ratios[i], float64(cost)/float64(costs[0][len(costs[0])-1]))
		}
	}
	fmt.Printf("\n%s (VP8 %.1f Mbit/s, Opus), medians of %d turns of %v\n", w.name, float64(w.rate)/1e6, o.slices, o.slice)
	fmt.Printf("%-26s %16s %16s %14s\n", "", "µs per forwarded", "× the reference", "packets per s")
	for i, s := range stages {
		fmt.Printf("%-26s %16.1f %16.2f %14.0f\n", s.name, micros(median(costs[i])), median(ratios[i]), rates[i])
	}
	return nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// memory prints what a person in a room of six takes.
func memory(o options) error {
	fmt.Printf("\nresident memory per person in a room of six\n")
	w := twoOfSix
	w.rooms = 1
	for _, kind := range []string{"reference", "ours"} {
		s, err := open(kind, 0, workload{size: 1, rooms: 0})
		if err != nil {
			return err
		}
		empty, err := s.memory()
		if err == nil {
			err = s.fill(w)
		}
		if err == nil {
			s.warm()
			_, _, err = s.turn(o.slice)
		}
		var full int
		if err == nil {
			full, err = s.memory()
		}
		s.close()
		if err != nil {
			return err
		}
		fmt.Printf("%-26s %16.2f MB\n", kind, float64(full-empty)/6/1e6)
	}
	return nil
}

// joining prints the time from a newcomer's first step to the first packet that
// is forwarded to it.
func joining(o options) error {
	fmt.Printf("\njoin to first forwarded packet, loopback, median of %d\n", 2*o.slices+1)
	for _, kind := range []string{"reference", referenceLite, "ours"} {
		server, err := start(kind, 0)
		if err != nil {
			return err
		}
		var times []time.Duration
		for room := range 2*o.slices + 1 {
			took, err := joinOnce(server, room)
			if err != nil {
				server.stop()
				return err
			}
			times = append(times, took)
		}
		server.stop()
		fmt.Printf("%-26s %16.0f ms\n", kind, micros(median(times))/1000)
	}
	return nil
}

func joinOnce(server *process, room int) (time.Duration, error) {
	var on atomic.Bool
	on.Store(true)
	first, err := enter(server, room, 0, 2, true)
	if err != nil {
		return 0, err
	}
	defer first.leave()
	first.play(twentyOfTwo, 0, &on)
	began := time.Now()
	second, err := enter(server, room, 1, 2, true)
	if err != nil {
		return 0, err
	}
	defer second.leave()
	select {
	case <-second.first:
		return time.Since(began), nil
	case <-time.After(10 * time.Second):
		return 0, fmt.Errorf("%s forwards nothing to a newcomer", server.name)
	}
}

// growth prints ours from one room to a hundred.
func growth(o options) error {
	fmt.Printf("\ngrowth of ours (VP8 0.12 Mbit/s, Opus), one turn of %v each\n", 2*o.slice)
	fmt.Printf("%-26s %16s %16s %14s\n", "rooms of two", "µs per forwarded", "CPU", "packets per s")
	for _, rooms := range []int{1, 10, 30, 100} {
		s, err := open("ours", 0, small(rooms))
		if err != nil {
			return err
		}
		s.warm()
		cost, rate, err := s.turn(2 * o.slice)
		s.close()
		if err != nil {
			return err
		}
		fmt.Printf("%-26d %16.1f %15.1f%% %14.0f\n", rooms, micros(cost), rate*cost.Seconds()*100, rate)
	}
	return nil
}

// profileOurs writes where ours spends its time.
func profileOurs(o options) error {
	s, err := open("ours", 0, twoOfSix)
	if err != nil {
		return err
	}
	defer s.close()
	s.warm()
	if err := s.profile(o.profile); err != nil {
		return err
	}
	cost, rate, err := s.turn(o.slice)
	if err != nil {
		return err
	}
	fmt.Printf("%.1f µs per forwarded packet, %.0f per s\n", micros(cost), rate)
	return s.profile("")
}
