//go:build linux

// Command emulate runs a link between two network namespaces and takes orders on
// standard input, one JSON object a line; each is answered by one line. It owns
// the links.Network and removes it when standard input closes or it is told to
// stop. What runs in the namespaces is its caller's affair.
//
//	{"do":"link","link":{"up":64,"down":100,"rtt":300,"queue":1000,"loss":0.03}}
//	{"do":"outage","on":true}
//	{"do":"move"}                  gives the clinic another address
//	{"do":"stats"}
//
// Where namespaces are not permitted it says so and ends with status 3.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"consilium/deploy/links"
)

const statusNotPermitted = 3

func main() {
	seed := flag.Uint64("seed", 1, "what chance begins with")
	flag.Parse()
	err := run(*seed)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "emulate:", err)
	if errors.Is(err, links.ErrNotPermitted) {
		os.Exit(statusNotPermitted)
	}
	os.Exit(1)
}

func run(seed uint64) error {
	network, err := links.Open(seed)
	if err != nil {
		return err
	}
	stopped, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(stopped)
	var carried sync.WaitGroup
	carried.Go(func() { network.Run(ctx) })

	obeyed := make(chan error, 1)
	go func() { obeyed <- obey(network, os.Stdin, os.Stdout) }() // ends with the process when it was a signal
	select {
	case err = <-obeyed:
	case <-ctx.Done():
	}
	cancel()
	carried.Wait()
	return errors.Join(err, network.Close())
}

// obey follows orders until there are no more.
func obey(network *links.Network, orders io.Reader, answers io.Writer) error {
	out := json.NewEncoder(answers)
	if err := out.Encode(ready{Clinic: network.Clinic, Hospital: network.Hospital, Address: network.Address().String(), Server: links.Hospital.String()}); err != nil {
		return err
	}
	lines := bufio.NewScanner(orders)
	for lines.Scan() {
		if err := out.Encode(answer(network, lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}
