//go:build linux

// Package links emulates the link between a clinic and a hospital at the level of
// IP: two network namespaces that it makes itself, a TUN device in each, and
// between them a link.Line for each direction. TCP runs from end to end, so slow
// start and retransmission are those of the kernels' own stacks. A Network owns
// its namespaces and devices and removes them when closed; it knows nothing of
// what talks over the link.
package links

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"

	"consilium/deploy/links/link"
)

// ErrNotPermitted means that this machine lets this user make no namespaces or
// TUN devices. Callers skip what they wanted to measure, and say so.
var ErrNotPermitted = errors.New("network namespaces and TUN devices are not permitted here: root with CAP_NET_ADMIN and CAP_SYS_ADMIN, /dev/net/tun and iproute2 are needed")

// The addresses are the same in every network: namespaces keep them apart.
var (
	subnet   = netip.MustParsePrefix("10.77.0.0/16")
	Hospital = netip.MustParseAddr("10.77.0.1")
	clinic   = netip.MustParseAddr("10.77.1.1") // the first one; Move goes on from here
)

const mtu = 1500

// Network is a clinic's namespace and a hospital's with a link between them.
type Network struct {
	Clinic, Hospital string     // names of the namespaces, for ip netns exec
	Up, Down         *link.Line // from the clinic, to the clinic

	clinicTUN, hospitalTUN *os.File

	mu      sync.Mutex // guards what follows
	address netip.Addr // the clinic's
}

// Open makes the namespaces and joins them by a perfect wire; Run carries the
// packets. The seed decides what chance does later.
func Open(seed uint64) (*Network, error) {
	if os.Geteuid() != 0 {
		return nil, ErrNotPermitted
	}
	name := fmt.Sprintf("consilium-links-%d", os.Getpid())
	n := &Network{Clinic: name + "-clinic", Hospital: name + "-hospital", address: clinic}
	if err := n.open(seed); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Network) open(seed uint64) error {
	var err error
	if n.clinicTUN, err = namespace(n.Clinic, n.address); err != nil {
		return err
	}
	if n.hospitalTUN, err = namespace(n.Hospital, Hospital); err != nil {
		return err
	}
	// A full device queue or an interface that is down loses the packet, as a wire would.
	n.Up = link.NewLine(seed, func(packet []byte) { _, _ = n.hospitalTUN.Write(packet) })
	n.Down = link.NewLine(seed+1, func(packet []byte) { _, _ = n.clinicTUN.Write(packet) })
	return nil
}

// namespace makes one side: loopback, a TUN device with an address, and a route
// to everywhere, by which browsers find the address that they may use.
func namespace(name string, address netip.Addr) (*os.File, error) {
	if err := ip("netns", "add", name); err != nil {
		return nil, errors.Join(ErrNotPermitted, err)
	}
	tun, err := openTUN(name)
	if err != nil {
		return nil, err
	}
	for _, command := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "set", device, "mtu", fmt.Sprint(mtu), "up"},
		{"addr", "add", address.String() + "/32", "dev", device},
		{"route", "add", subnet.String(), "dev", device},
		{"route", "add", "default", "dev", device},
	} {
		if err := ip(append([]string{"-n", name}, command...)...); err != nil {
			return nil, errors.Join(err, tun.Close())
		}
	}
	return tun, nil
}

// ip runs the tool of iproute2.
func ip(arguments ...string) error {
	out, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Run carries packets until ctx ends, and then closes the devices.
func (n *Network) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { n.Up.Run(ctx) })
	all.Go(func() { n.Down.Run(ctx) })
	all.Go(func() { pump(n.clinicTUN, n.Up) })
	all.Go(func() { pump(n.hospitalTUN, n.Down) })
	<-ctx.Done()
	_ = n.clinicTUN.Close() // ends the pumps
	_ = n.hospitalTUN.Close()
	all.Wait()
}

// pump puts what a device sends on a line until the device is closed.
func pump(tun *os.File, line *link.Line) {
	buffer := make([]byte, mtu)
	for {
		size, err := tun.Read(buffer)
		if err != nil {
			return
		}
		line.Put(append([]byte(nil), buffer[:size]...))
	}
}

// Address is the clinic's at the moment.
func (n *Network) Address() netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.address
}

// Move gives the clinic its next address and takes the old one away, as when a
// telephone leaves the Wi-Fi. What is bound to the old address is cut off.
func (n *Network) Move() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	next := n.address.Next()
	if err := ip("-n", n.Clinic, "addr", "add", next.String()+"/32", "dev", device); err != nil {
		return err
	}
	if err := ip("-n", n.Clinic, "addr", "del", n.address.String()+"/32", "dev", device); err != nil {
		return err
	}
	n.address = next
	return nil
}

// Close removes the namespaces. Processes that still live in one keep it alive,
// without a device, until they end.
func (n *Network) Close() error {
	var errs []error
	for _, tun := range []*os.File{n.clinicTUN, n.hospitalTUN} {
		if tun == nil {
			continue
		}
		if err := tun.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, name := range []string{n.Clinic, n.Hospital} {
		if _, err := os.Stat(namespaces + name); err == nil {
			errs = append(errs, ip("netns", "del", name))
		}
	}
	return errors.Join(errs...)
}
