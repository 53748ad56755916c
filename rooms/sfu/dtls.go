package sfu

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

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
		var record []byte
		if record, b = cutRecord(b); record == nil {
			return true
		}
		body := record[recordHeader:]
		if inClear(record) && record[0] != handshake && (record[0] != changeCipherSpec || len(body) != 1 || body[0] != 1) {
			return true
		}
	}
	return false
}

// sealed is a datagram of DTLS without the records that are not encrypted. Once
// there are keys a browser sends none that matters: of a last flight that it
// repeats, the encrypted end is enough. Others could send some, and the stack would
// answer what makes no sense with a fatal alert to the browser.
func sealed(b []byte) []byte {
	var out []byte
	for {
		var record []byte
		if record, b = cutRecord(b); record == nil {
			return out
		}
		if !inClear(record) {
			out = append(out, record...)
		}
	}
}

// cutRecord splits the first record off a datagram, nil: it is not whole.
func cutRecord(b []byte) (record, rest []byte) {
	if len(b) < recordHeader {
		return nil, nil
	}
	end := recordHeader + int(binary.BigEndian.Uint16(b[11:]))
	if len(b) < end {
		return nil, nil
	}
	return b[:end], b[end:]
}

// inClear tells a record of epoch 0, in which nothing is encrypted yet.
func inClear(record []byte) bool { return binary.BigEndian.Uint16(record[3:]) == 0 }

// newCertificate makes the one that all connections of a server use. Browsers
// know it by its fingerprint, which the answer names, and by nothing else.
func newCertificate() (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "media"},
		NotBefore:    now.AddDate(0, 0, -1),
		NotAfter:     now.AddDate(10, 0, 0),
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, "sha-256 " + colons(raw), nil
}

func colons(raw []byte) string {
	sum := sha256.Sum256(raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

var errCertificate = errors.New("the certificate is not the one that the offer names")

// verify compares a browser's certificate with the fingerprint of its offer (RFC
// 8122 §5).
func verify(fingerprint string) func([][]byte, [][]*x509.Certificate) error {
	return func(raw [][]byte, _ [][]*x509.Certificate) error {
		if len(raw) == 0 {
			return errCertificate
		}
		name, want, _ := strings.Cut(fingerprint, " ")
		var sum []byte
		switch strings.ToLower(name) {
		case "sha-256":
			s := sha256.Sum256(raw[0])
			sum = s[:]
		case "sha-384":
			s := sha512.Sum384(raw[0])
			sum = s[:]
		case "sha-512":
			s := sha512.Sum512(raw[0])
			sum = s[:]
		}
		expected, err := hex.DecodeString(strings.ReplaceAll(want, ":", ""))
		if err != nil || sum == nil || !bytes.Equal(sum, expected) {
			return errCertificate
		}
		return nil
	}
}
