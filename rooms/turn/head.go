package turn

// HeadSize is how many bytes of a connection tell what it speaks.
const HeadSize = 8

// magicCookie stands in every STUN message (RFC 8489 §5).
const magicCookie = "\x21\x12\xa4\x42"

// Speaks tells from a connection's first HeadSize bytes whether they begin a
// STUN message, which is how TURN begins: two zero bits, a length in whole
// words, the magic cookie. No HTTP request does: it begins with a letter.
func Speaks(head []byte) bool {
	return len(head) >= HeadSize && head[0]&0xc0 == 0 && head[3]&3 == 0 && string(head[4:8]) == magicCookie
}
