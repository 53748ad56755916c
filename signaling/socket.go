package signaling

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"consilium/signaling/protocol"
)

// pace is the times of a socket.
type pace struct {
	hello  time.Duration // from the upgrade to the hello
	ping   time.Duration // between our pings
	silent time.Duration // without anything arriving, pongs included
	write  time.Duration // for one frame
	close  time.Duration // from our close frame to theirs
}

var standard = pace{
	hello:  10 * time.Second,
	ping:   15 * time.Second,
	silent: 40 * time.Second,
	write:  10 * time.Second,
	close:  2 * time.Second,
}

// queuedFrames wait for a reader that is slower than the room.
const queuedFrames = 256

// worthCompressing is the least of a frame that compression makes much smaller,
// bytes: session descriptions, welcomes and lists, not the small talk between.
const worthCompressing = 512

// errClosed means that the session is over; the close code has been decided.
var errClosed = errors.New("socket closed")

// socket is one WebSocket: a reader, which is the goroutine that runs the
// session, and a writer with a bounded queue.
type socket struct {
	conn  *websocket.Conn
	which protocol.Socket
	pace  pace
	queue chan []byte

	mu   sync.Mutex    // held while code or the read deadline is set
	over chan struct{} // closed when code is set
	code protocol.CloseCode

	bad  limit // messages that could not be understood; reader only
	left bool  // the app closed with CloseLeft; reader only
}

func newSocket(conn *websocket.Conn, which protocol.Socket, pace pace) *socket {
	return &socket{
		conn: conn, which: which, pace: pace,
		queue: make(chan []byte, queuedFrames),
		over:  make(chan struct{}),
		bad:   limit{burst: 10, perSecond: 1.0 / 30},
	}
}

// serve runs the session in the caller's goroutine beside the writer, and
// returns when both have ended and the connection is closed.
func (s *socket) serve(session func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write()
	}()
	session()
	s.close(protocol.CloseFault) // if nobody has said why
	s.awaitClose()
	<-written
	s.conn.Close()
}

// send queues a frame; a full queue means that the app does not read, and ends
// the socket.
func (s *socket) send(frame []byte) {
	select {
	case <-s.over:
		return
	default:
	}
	select {
	case s.queue <- frame:
	default:
		s.close(protocol.CloseSlow)
	}
}

// tell sends a message.
func (s *socket) tell(body any) { s.send(protocol.Encode(s.which, protocol.Server, body)) }

// refuse answers a message that could not be carried out.
func (s *socket) refuse(re string, code protocol.ErrorCode, message string) {
	s.tell(protocol.Error{Code: code, Re: re, Message: message})
}

// close ends the socket; the first reason counts. It returns at once: the
// writer sends what is queued and then the close frame.
func (s *socket) close(code protocol.CloseCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return
	}
	s.code = code
	close(s.over)
	// Bounds how long the reader waits for the other side to close too.
	s.conn.SetReadDeadline(time.Now().Add(s.pace.close))
}

// readUntil sets the read deadline of an open socket.
func (s *socket) readUntil(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed() {
		s.conn.SetReadDeadline(t)
	}
}

func (s *socket) closed() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// write is the writer's life.
func (s *socket) write() {
	ping := time.NewTicker(s.pace.ping)
	defer ping.Stop()
	for {
		if s.closed() { // before anything that is queued
			s.bye()
			return
		}
		select {
		case frame := <-s.queue:
			if !s.put(frame) {
				return
			}
		case <-ping.C:
			if s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.pace.write)) != nil {
				s.close(protocol.CloseSlow)
			}
		case <-s.over:
		}
	}
}

func (s *socket) put(frame []byte) bool {
	s.conn.EnableWriteCompression(len(frame) >= worthCompressing)
	s.conn.SetWriteDeadline(time.Now().Add(s.pace.write))
	if err := s.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
		s.close(protocol.CloseSlow)
		s.conn.Close() // nothing more can be written, not even why
		return false
	}
	return true
}

// bye sends what is still queued, unless the other side does not read anyway,
// and the close frame.
func (s *socket) bye() {
	s.conn.SetWriteDeadline(time.Now().Add(s.pace.close))
	for s.code != protocol.CloseSlow {
		select {
		case frame := <-s.queue:
			if s.conn.WriteMessage(websocket.TextMessage, frame) != nil {
				s.conn.Close()
				return
			}
			continue
		default:
		}
		break
	}
	reason := websocket.FormatCloseMessage(int(s.code), s.code.String())
	if s.conn.WriteControl(websocket.CloseMessage, reason, time.Now().Add(s.pace.close)) != nil {
		s.conn.Close()
	}
}

// awaitClose reads on until the other side has closed too, so that our close
// frame is not lost in a reset.
func (s *socket) awaitClose() {
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}

// hello reads the first message, which has to come soon, whatever else does.
func (s *socket) hello() (body any, err error) {
	s.readUntil(time.Now().Add(s.pace.hello))
	return s.receive(protocol.CloseNoHello, func() {})
}

// next reads a message after hello. alive is called for every sign of life.
func (s *socket) next(alive func()) (body any, err error) {
	extend := func() { s.readUntil(time.Now().Add(s.pace.silent)) }
	extend()
	return s.receive(protocol.CloseSilent, func() {
		extend()
		alive()
	})
}

// receive reads until there is a message that can be understood. Others are
// answered here; too many of them end the socket. silent is the code when the
// read deadline passes.
func (s *socket) receive(silent protocol.CloseCode, alive func()) (body any, err error) {
	s.conn.SetPongHandler(func(string) error {
		alive()
		return nil
	})
	for {
		frame, err := s.read(silent)
		if err != nil {
			return nil, err
		}
		alive()
		body, err := protocol.Decode(s.which, protocol.Client, frame)
		if err == nil {
			return body, nil
		}
		bad := (*protocol.MessageError)(nil)
		if !errors.As(err, &bad) || !s.bad.allow(time.Now()) {
			s.close(protocol.CloseViolation)
			return nil, errClosed
		}
		s.refuse(bad.Type, bad.Code, bad.Why)
	}
}

// read reads one text frame of at most protocol.MaxFrame bytes.
func (s *socket) read(silent protocol.CloseCode) ([]byte, error) {
	kind, r, err := s.conn.NextReader()
	if s.closed() {
		return nil, errClosed
	}
	if err != nil {
		s.lost(err, silent)
		return nil, errClosed
	}
	if kind != websocket.TextMessage {
		s.close(protocol.CloseViolation)
		return nil, errClosed
	}
	frame, err := io.ReadAll(io.LimitReader(r, protocol.MaxFrame+1))
	if err != nil {
		s.lost(err, silent)
		return nil, errClosed
	}
	if len(frame) > protocol.MaxFrame {
		s.close(protocol.CloseTooBig)
		return nil, errClosed
	}
	return frame, nil
}

// lost closes after the reader failed: silence, or the other side is gone.
func (s *socket) lost(err error, silent protocol.CloseCode) {
	s.left = websocket.IsCloseError(err, int(protocol.CloseLeft))
	timeout := net.Error(nil)
	if errors.As(err, &timeout) && timeout.Timeout() {
		s.close(silent)
		return
	}
	s.close(protocol.CloseFault)
}
