package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Blobs keeps the bytes of attachments in a folder, each file under the SHA-256
// of its content, apart for each tenant. A file is complete and on the disk
// before it has its name, and it is never changed.
type Blobs struct {
	dir string
}

// Blob is a kept file.
type Blob struct {
	Hash string // SHA-256, hex
	Size int64  // bytes
}

// leftover is the age after which a half-written file belongs to a process that
// died: no upload takes that long.
const leftover = 24 * time.Hour

// OpenBlobs opens the folder, making it if need be.
func OpenBlobs(dir string) (*Blobs, error) {
	b := &Blobs{dir: dir}
	if err := os.MkdirAll(b.incoming(), 0o700); err != nil {
		return nil, err
	}
	old, err := os.ReadDir(b.incoming())
	if err != nil {
		return nil, err
	}
	for _, f := range old {
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > leftover {
			_ = os.Remove(filepath.Join(b.incoming(), f.Name())) // only litter: the next start tries again
		}
	}
	return b, nil
}

func (b *Blobs) incoming() string { return filepath.Join(b.dir, "incoming") }

// Put keeps what r holds, at most limit bytes, and returns its hash. ErrTooLarge
// and ErrFull leave nothing behind.
func (b *Blobs) Put(ctx context.Context, tenant string, r io.Reader, limit int64) (Blob, error) {
	if !plainName(tenant) {
		return Blob{}, ErrNotFound
	}
	f, err := os.CreateTemp(b.incoming(), "upload-*") // mode 0600
	if err != nil {
		return Blob{}, translate(err)
	}
	defer os.Remove(f.Name()) // in vain once it has been renamed
	defer f.Close()

	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(reading{ctx, r}, limit+1))
	if err != nil {
		return Blob{}, translate(err)
	}
	if n > limit {
		return Blob{}, ErrTooLarge
	}
	if err := f.Sync(); err != nil {
		return Blob{}, translate(err)
	}
	if err := f.Close(); err != nil {
		return Blob{}, translate(err)
	}
	blob := Blob{Hash: hex.EncodeToString(h.Sum(nil)), Size: n}
	path := b.path(tenant, blob.Hash)
	if err := makeDir(b.dir, filepath.Dir(path)); err != nil {
		return Blob{}, translate(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return Blob{}, translate(err)
	}
	return blob, translate(syncDir(filepath.Dir(path)))
}

// Open opens a kept file for reading.
func (b *Blobs) Open(tenant, hash string) (*os.File, error) {
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != 2*sha256.Size || !plainName(tenant) {
		return nil, ErrNotFound
	}
	f, err := os.Open(b.path(tenant, strings.ToLower(hash)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	return f, err
}

func (b *Blobs) path(tenant, hash string) string {
	return filepath.Join(b.dir, tenant, hash[:2], hash)
}

// plainName keeps a tenant's id from being a path.
func plainName(s string) bool {
	if s == "" || s == "incoming" {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

// makeDir makes the folder below root, and the entries of new folders durable.
func makeDir(root, dir string) error {
	if dir == root {
		return nil
	}
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeDir(root, filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir makes the names in the folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// reading stops a copy when its context ends.
type reading struct {
	ctx context.Context
	r   io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
