// Package link is the model of one direction of a network link: what it does to
// the packets that are put on it. A Line owns its queue and its chance; it knows
// packets and time, and nothing of sockets, devices or namespaces.
package link

import (
	"errors"
	"fmt"
	"time"
)

// Pass is what a link's firewall lets through.
type Pass string

const (
	PassAll    Pass = "all"
	PassTCP    Pass = "tcp"    // everything but TCP disappears without a word
	PassTCP443 Pass = "tcp443" // as PassTCP, and only to and from port 443
)

// Setting is how one direction behaves. The zero value is a perfect wire.
type Setting struct {
	Rate  int           // kbit/s of IP bytes; 0: no limit
	Queue time.Duration // what the queue in front of the rate holds, in time at that rate; beyond it packets are dropped
	Delay time.Duration // one way, after the queue
	Loss  float64       // share of packets lost after the queue, 0 to 1
	Burst float64       // mean number of packets lost in a row; 0 or 1: each by itself
	Pass  Pass          // empty: PassAll
}

// Validate says what is wrong with a setting.
func (s Setting) Validate() error {
	switch {
	case s.Rate < 0 || s.Queue < 0 || s.Delay < 0:
		return errors.New("rate, queue and delay are not negative")
	case s.Rate > 0 && s.Queue == 0:
		return errors.New("a rate needs a queue")
	case s.Loss < 0 || s.Loss >= 1:
		return errors.New("loss is a share from 0 to below 1")
	case s.Burst != 0 && s.Burst < 1:
		return errors.New("a burst is at least one packet long")
	}
	switch s.Pass {
	case "", PassAll, PassTCP, PassTCP443:
		return nil
	}
	return fmt.Errorf("pass is %q, %q or %q", PassAll, PassTCP, PassTCP443)
}

// onWire is how long a number of IP bytes takes at the rate.
func (s Setting) onWire(bytes int) time.Duration {
	if s.Rate == 0 {
		return 0
	}
	return time.Duration(bytes) * 8 * time.Millisecond / time.Duration(s.Rate)
}
