//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"consilium/deploy/links"
	"consilium/deploy/links/link"
)

// ready is the first line of the output.
type ready struct {
	Clinic   string `json:"clinic"`   // namespace
	Hospital string `json:"hospital"` // namespace
	Address  string `json:"address"`  // the clinic's
	Server   string `json:"server"`   // the hospital's address
}

// order is one line of the input.
type order struct {
	Do   string `json:"do"`
	Link *table `json:"link"` // of link
	On   bool   `json:"on"`   // of outage
}

// table is a link as people write it down.
type table struct {
	Up    int       `json:"up"`    // kbit/s; 0: no limit
	Down  int       `json:"down"`  // kbit/s; 0: no limit
	RTT   int       `json:"rtt"`   // ms, half of it each way
	Queue int       `json:"queue"` // ms
	Loss  float64   `json:"loss"`  // share, each way
	Burst float64   `json:"burst"` // mean packets lost in a row
	Pass  link.Pass `json:"pass"`
}

func (t table) setting(rate int) link.Setting {
	const ms = time.Millisecond
	return link.Setting{Rate: rate, Queue: time.Duration(t.Queue) * ms, Delay: time.Duration(t.RTT) * ms / 2, Loss: t.Loss, Burst: t.Burst, Pass: t.Pass}
}

// told is the answer to an order.
type told struct {
	Error   string   `json:"error,omitempty"`
	Address string   `json:"address,omitempty"` // the clinic's, after a move
	Up      *figures `json:"up,omitempty"`
	Down    *figures `json:"down,omitempty"`
}

type figures struct {
	Queue   float64 `json:"queue"` // ms
	Packets int     `json:"packets"`
	Bytes   int     `json:"bytes"`
	Dropped int     `json:"dropped"`
	Lost    int     `json:"lost"`
	Blocked int     `json:"blocked"`
}

func figuresOf(l *link.Line) *figures {
	s := l.Stats()
	return &figures{Queue: float64(s.Queue.Microseconds()) / 1000, Packets: s.Packets, Bytes: s.Bytes, Dropped: s.Dropped, Lost: s.Lost, Blocked: s.Blocked}
}

// answer follows one order.
func answer(network *links.Network, line []byte) told {
	var o order
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		return told{Error: err.Error()}
	}
	var err error
	switch {
	case o.Do == "link" && o.Link != nil:
		if err = network.Up.Set(o.Link.setting(o.Link.Up)); err == nil {
			err = network.Down.Set(o.Link.setting(o.Link.Down))
		}
	case o.Do == "outage":
		network.Up.SetOutage(o.On)
		network.Down.SetOutage(o.On)
	case o.Do == "move":
		if err = network.Move(); err == nil {
			return told{Address: network.Address().String()}
		}
	case o.Do == "stats":
		return told{Up: figuresOf(network.Up), Down: figuresOf(network.Down)}
	default:
		err = fmt.Errorf("there is no order %q", o.Do)
	}
	if err != nil {
		return told{Error: err.Error()}
	}
	return told{}
}
