package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// files lists everything in the folder that is not a folder itself.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}))
	return list
}

func TestBlobComesBackUnderItsHash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	b, err := OpenBlobs(dir)
	must(t, err)
	content := bytes.Repeat([]byte("心电图\x00"), 100_000)
	sum := sha256.Sum256(content)
	for _, err := range parallel(8, func(int) error { // the same file from several uploads
		blob, err := b.Put(t.Context(), "t1", bytes.NewReader(content), 20<<20)
		if err == nil && (blob.Hash != hex.EncodeToString(sum[:]) || blob.Size != int64(len(content))) {
			t.Errorf("kept as %+v", blob)
		}
		return err
	}) {
		must(t, err)
	}
	f, err := b.Open("t1", strings.ToUpper(hex.EncodeToString(sum[:])))
	must(t, err)
	defer f.Close()
	got, err := io.ReadAll(f)
	must(t, err)
	if !bytes.Equal(got, content) {
		t.Error("the content changed")
	}
	kept := files(t, dir)
	if len(kept) != 1 {
		t.Errorf("files %v, want one", kept)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if _, err := b.Open("t2", hex.EncodeToString(sum[:])); !errors.Is(err, ErrNotFound) {
		t.Errorf("another partnership reads it: %v", err)
	}
}

func TestBlobThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	b, err := OpenBlobs(dir)
	must(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("the link broke")
	for name, c := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"too large": {t.Context(), strings.NewReader("0123456789x"), ErrTooLarge},
		"broken":    {t.Context(), io.MultiReader(strings.NewReader("0123"), iotest.ErrReader(broken)), broken},
		"cancelled": {cancelled, strings.NewReader("0123"), context.Canceled},
	} {
		if _, err := b.Put(c.ctx, "t1", c.r, 10); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := b.Put(t.Context(), "t1", strings.NewReader("0123456789"), 10); err != nil {
		t.Errorf("as large as allowed: %v", err)
	}
}

func TestBlobNamesAreNoPaths(t *testing.T) {
	b, err := OpenBlobs(t.TempDir())
	must(t, err)
	for _, tenant := range []string{"", "..", "a/b", "../x", "incoming", "a\x00"} {
		if _, err := b.Put(t.Context(), tenant, strings.NewReader("x"), 10); !errors.Is(err, ErrNotFound) {
			t.Errorf("tenant %q: %v", tenant, err)
		}
	}
	for _, hash := range []string{"", "..", "../../etc/passwd", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("../", 21) + "a"} {
		if _, err := b.Open("t1", hash); !errors.Is(err, ErrNotFound) {
			t.Errorf("hash %q: %v", hash, err)
		}
	}
}

func TestHalfWrittenBlobsAreCleanedUp(t *testing.T) {
	dir := t.TempDir()
	b, err := OpenBlobs(dir)
	must(t, err)
	old, young := filepath.Join(b.incoming(), "upload-1"), filepath.Join(b.incoming(), "upload-2")
	for _, path := range []string{old, young} {
		must(t, os.WriteFile(path, []byte("half"), 0o600))
	}
	must(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*leftover)))
	_, err = OpenBlobs(dir)
	must(t, err)
	if left := files(t, dir); len(left) != 1 || left[0] != young {
		t.Errorf("left: %v, want only what another process may still be writing", left)
	}
}
