//go:build linux

package links

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	namespaces = "/run/netns/" // where iproute2 keeps them
	device     = "link0"       // in each namespace
)

// openTUN makes the TUN device of a namespace. The file works from anywhere.
func openTUN(name string) (*os.File, error) {
	var tun *os.File
	err := inside(name, func() (err error) {
		tun, err = newTUN()
		return err
	})
	return tun, err
}

func newTUN() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(ErrNotPermitted, err)
	}
	request, err := unix.NewIfreq(device)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, errors.Join(ErrNotPermitted, err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

// inside runs do on a thread that is in the namespace. The thread is never
// unlocked, so it ends with its goroutine and nothing else runs in there.
func inside(name string, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- enter(name, do)
	}()
	return <-done
}

func enter(name string, do func() error) error {
	space, err := os.Open(namespaces + name)
	if err != nil {
		return err
	}
	defer space.Close()
	if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering %s: %w", name, errors.Join(ErrNotPermitted, err))
	}
	return do()
}
