package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is a TLS certificate in files, read again when they change, so
// that a renewal needs no restart.
type certificate struct {
	cert, key string

	mu      sync.Mutex // guards what follows
	loaded  *tls.Certificate
	at      time.Time // when the files were looked at
	written time.Time // modification time of what is loaded
}

// lookAgain is how often the files are looked at.
const lookAgain = time.Minute

func newCertificate(cert, key string) (*certificate, error) {
	c := &certificate{cert: cert, key: key}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c, c.loadLocked()
}

func (c *certificate) loadLocked() error {
	info, err := os.Stat(c.cert)
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	c.at = time.Now()
	if c.loaded != nil && info.ModTime().Equal(c.written) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	c.loaded, c.written = &pair, info.ModTime()
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) > lookAgain {
		if err := c.loadLocked(); err != nil && c.loaded == nil {
			return nil, err
		}
	}
	return c.loaded, nil
}
