package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"consilium/signaling/protocol"
)

// Config says where the server is and who connects.
type Config struct {
	URL    string // of the server, as http://localhost:8080
	Origin string // as a browser sends it; empty: URL
	Cookie string // name=value of the session cookie
	Bearer string // API token, instead of a cookie
	// Relayed leaves the media only the relays that the server tells of.
	Relayed bool
	// Picture is the rate of the picture that is sent, bit/s, at 30 frames a second.
	// 0: ten small frames a second.
	Picture int
	// Downlink is the rate of a thin link to the client, bit/s, whose queue drops what
	// does not fit. The client then tells when packets came, as browsers do. 0: the
	// machine's own, and nothing is told. What comes from a relay is not held up.
	Downlink int
}

// Closed says that the server closed the socket.
type Closed struct{ Code protocol.CloseCode }

func (c *Closed) Error() string { return fmt.Sprintf("socket closed: %d %s", int(c.Code), c.Code) }

// Refused says that the server refused the upgrade.
type Refused struct{ Status int }

func (r *Refused) Error() string { return fmt.Sprintf("upgrade refused: %d", r.Status) }

const (
	writeWithin = 10 * time.Second
	largest     = 8 << 20 // bytes of a frame from the server
)

// conn is one socket. Its reader hands every message to receive, in order.
type conn struct {
	which protocol.Socket
	ws    *websocket.Conn
	ended chan struct{} // closed when the reader has ended
	why   error         // set before ended is closed

	mu sync.Mutex // one writer at a time
}

// dial connects, says hello and starts the reader.
func dial(ctx context.Context, cfg Config, which protocol.Socket, path string, hello any, receive func(body any, offset uint64)) (*conn, error) {
	header := http.Header{"Origin": {cfg.Origin}}
	if cfg.Origin == "" {
		header.Set("Origin", cfg.URL)
	}
	if cfg.Cookie != "" {
		header.Set("Cookie", cfg.Cookie)
	}
	if cfg.Bearer != "" {
		header.Set("Authorization", "Bearer "+cfg.Bearer)
	}
	dialer := websocket.Dialer{HandshakeTimeout: writeWithin}
	ws, response, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(cfg.URL, "http")+path, header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		return nil, &Refused{Status: response.StatusCode}
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(largest)
	c := &conn{which: which, ws: ws, ended: make(chan struct{})}
	if err := c.send(hello); err != nil {
		ws.Close()
		return nil, err
	}
	go c.read(receive)
	return c, nil
}

func (c *conn) read(receive func(any, uint64)) {
	defer close(c.ended)
	defer c.ws.Close()
	for {
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			closed := (*websocket.CloseError)(nil)
			if errors.As(err, &closed) {
				err = &Closed{Code: protocol.CloseCode(closed.Code)}
			}
			c.why = err
			return
		}
		body, offset, err := protocol.DecodeEvent(c.which, protocol.Server, frame)
		if err != nil {
			c.why = fmt.Errorf("the server does not keep to the protocol: %w", err)
			return
		}
		receive(body, offset)
	}
}

func (c *conn) send(body any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, protocol.Encode(c.which, protocol.Client, body))
}

// drop cuts the connection without a word, as a dead link does, and waits for
// the reader.
func (c *conn) drop() {
	c.ws.NetConn().Close()
	<-c.ended
}
