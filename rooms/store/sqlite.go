package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// SQLite has one writer, so writes share one connection whose transactions take
// the lock at once: a transaction never has to be promoted half-way. Each commit
// is on the disk before it is acknowledged (synchronous=FULL under WAL syncs the
// log at every commit). Readers have their own connections and never wait.
const sqliteCommon = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_pragma=journal_size_limit(67108864)"

func openSQLite(ctx context.Context, path string) (writer, reader *bun.DB, err error) {
	if path == "" || path == ":memory:" {
		return nil, nil, fmt.Errorf("the SQLite database needs a file: sqlite:/path/consilium.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	// Made here so that nobody else on the machine can read it; the log files
	// beside it take over its mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqliteCommon

	w, err := sql.Open("sqlite", name+"&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	w.SetMaxOpenConns(1)
	w.SetMaxIdleConns(1)
	w.SetConnMaxLifetime(0)
	if err := migrate(ctx, w, false); err != nil {
		w.Close()
		return nil, nil, err
	}
	r, err := sql.Open("sqlite", name+"&_pragma=query_only(1)")
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	readers := max(4, 2*runtime.NumCPU())
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	return bun.NewDB(w, sqlitedialect.New(), bun.WithDiscardUnknownColumns()),
		bun.NewDB(r, sqlitedialect.New(), bun.WithDiscardUnknownColumns()), nil
}
