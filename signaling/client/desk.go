package client

import (
	"context"
	"fmt"

	"consilium/signaling/protocol"
)

// Desk is one open app at its desk socket.
type Desk struct {
	conn  *conn
	watch *watch

	// What follows is guarded by watch.
	welcomed bool
	epoch    string
	offset   uint64
	resumed  bool
	rings    []protocol.Ring
	heard    []any // every message after the first welcome, pongs excepted
}

// DeskPosition is where a former socket stood.
type DeskPosition struct {
	Epoch  string
	Offset uint64
}

// OpenDesk opens the desk socket and waits for its welcome. last may be zero.
func OpenDesk(ctx context.Context, cfg Config, ticket string, last DeskPosition) (*Desk, error) {
	d := &Desk{watch: newWatch()}
	var err error
	d.conn, err = dial(ctx, cfg, protocol.Desk, "/ws/desk", protocol.DeskHello{Ticket: ticket, Epoch: last.Epoch, Offset: last.Offset}, d.receive)
	if err != nil {
		return nil, err
	}
	if err := d.Await(ctx, "the desk's welcome", func(d *Desk) bool { return d.welcomed }); err != nil {
		d.Drop()
		return nil, err
	}
	return d, nil
}

func (d *Desk) receive(body any, offset uint64) {
	d.watch.change(func() {
		d.offset = max(d.offset, offset)
		switch m := body.(type) {
		case protocol.DeskWelcome:
			if d.welcomed {
				d.heard = append(d.heard, m)
			}
			d.welcomed, d.epoch, d.offset, d.resumed, d.rings = true, m.Epoch, m.Offset, m.Resumed, m.Rings
			return
		case protocol.Pong:
			return
		case protocol.Ring:
			d.rings = append(d.rings, m)
		case protocol.RingStopped:
			var left []protocol.Ring
			for _, r := range d.rings {
				if r.Consult != m.Consult {
					left = append(left, r)
				}
			}
			d.rings = left
		}
		d.heard = append(d.heard, body)
	})
}

// Await waits until is reports true of the desk; is must not block.
func (d *Desk) Await(ctx context.Context, what string, is func(*Desk) bool) error {
	return d.watch.await(ctx, d.conn.ended, func() error { return d.conn.why }, what,
		func() bool { return is(d) },
		func() string { return fmt.Sprintf("%d rings, heard %+v", len(d.rings), d.heard) })
}

// Rings lists what rings; for use in Await.
func (d *Desk) Rings() []protocol.Ring { return d.rings }

// Heard lists what was told since the welcome; for use in Await.
func (d *Desk) Heard() []any { return d.heard }

// Resumed tells whether the last welcome continued; for use in Await.
func (d *Desk) Resumed() bool { return d.resumed }

// Position is where the socket stands now.
func (d *Desk) Position() DeskPosition {
	d.watch.mu.Lock()
	defer d.watch.mu.Unlock()
	return DeskPosition{Epoch: d.epoch, Offset: d.offset}
}

// Arm says whether the app may ring.
func (d *Desk) Arm(armed bool) error { return d.conn.send(protocol.Armed{Armed: armed}) }

// Drop cuts the connection as a dead link does.
func (d *Desk) Drop() { d.conn.drop() }

// Ended waits until the socket has ended and says why.
func (d *Desk) Ended(ctx context.Context) error { return ended(ctx, d.conn) }

func ended(ctx context.Context, c *conn) error {
	select {
	case <-c.ended:
		return c.why
	case <-ctx.Done():
		return fmt.Errorf("waiting for the socket to end: %w", ctx.Err())
	}
}
