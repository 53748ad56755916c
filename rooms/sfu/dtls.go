package sfu

import "encoding/binary"

// Content types and the shape of a DTLS 1.2 record (RFC 6347 §4.1).
const (
	changeCipherSpec = 20
	handshake        = 22
	recordHeader     = 13 // bytes: type, version, epoch, sequence number, length
)

// forged tells a datagram that is DTLS by its first byte (RFC 7983) and that the
// stack must not see. Before anything is encrypted, in epoch 0, a browser sends
// handshake messages and a change of cipher. All else there can come from whoever
// knows or guesses a browser's address: the stack would believe an alert that
// says goodbye in the middle of a call, and answer nonsense with a fatal alert to
// the browser, which RFC 6347 §4.1.2.7 says to discard.
//
// What it costs is that an alert of a handshake that fails is not heard; such a
// handshake ends by itself.
func forged(b []byte) bool {
	if len(b) == 0 || b[0] < 20 || b[0] > 63 {
		return false
	}
	for len(b) > 0 {
		if len(b) < recordHeader {
			return true
		}
		epoch, size := binary.BigEndian.Uint16(b[3:]), int(binary.BigEndian.Uint16(b[11:]))
		if len(b) < recordHeader+size {
			return true
		}
		body := b[recordHeader : recordHeader+size]
		if epoch == 0 && b[0] != handshake && (b[0] != changeCipherSpec || size != 1 || body[0] != 1) {
			return true
		}
		b = b[recordHeader+size:]
	}
	return false
}
