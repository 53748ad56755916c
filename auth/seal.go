package auth

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Seal encrypts the few secrets that are kept in the database (private keys,
// second factors) with a key that is not: a copy of the database alone opens
// nothing. XChaCha20-Poly1305, a random nonce in front of each box.
type Seal struct {
	box cipher.AEAD
	key []byte
}

// SealKeySize is the size of a sealing key in bytes.
const SealKeySize = chacha20poly1305.KeySize

// NewSeal makes a seal of a key of SealKeySize bytes.
func NewSeal(key []byte) (*Seal, error) {
	box, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("auth: sealing key: %w", err)
	}
	return &Seal{box: box, key: bytes.Clone(key)}, nil
}

// OpenSeal reads the sealing key from a file (Base64, one line) and makes the
// file, readable by its owner alone, when there is none. All nodes of an
// installation need the same file, and its loss is the loss of what it sealed:
// it belongs into the backup, apart from the database.
func OpenSeal(path string) (*Seal, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKeyFile(path); err == nil {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("auth: sealing key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != SealKeySize {
		return nil, fmt.Errorf("auth: %s does not hold a sealing key: one line, %d bytes in Base64", path, SealKeySize)
	}
	return NewSeal(key)
}

// makeKeyFile writes a new key beside the path and links it into place, so
// that of two processes that start together both read the same whole key.
func makeKeyFile(path string) error {
	key := make([]byte, SealKeySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	temporary := path + "." + rand.Text()
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Derive makes a key of 32 bytes for another purpose, the same on every node
// that has the sealing key and of no help in finding it (HKDF).
func (s *Seal) Derive(purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("auth: derive a key: %w", err)
	}
	return key, nil
}

// seal encrypts; open works only with the same purpose, so that a box cannot
// be moved to another row or column.
func (s *Seal) seal(plain []byte, purpose string) []byte {
	nonce := make([]byte, s.box.NonceSize(), s.box.NonceSize()+len(plain)+s.box.Overhead())
	_, _ = rand.Read(nonce)
	return s.box.Seal(nonce, nonce, plain, []byte(purpose))
}

func (s *Seal) open(box []byte, purpose string) ([]byte, error) {
	if len(box) < s.box.NonceSize() {
		return nil, errors.New("auth: a sealed secret is cut short")
	}
	plain, err := s.box.Open(nil, box[:s.box.NonceSize()], box[s.box.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, errors.New("auth: a sealed secret does not open: the key file is not the one it was sealed with")
	}
	return plain, nil
}
