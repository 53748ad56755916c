package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Store is the open database. It is safe for concurrent use.
type Store struct {
	Reader
	writer    *bun.DB // SQLite: one connection; PostgreSQL: the same pool as the reader
	pool      *bun.DB // the reader's pool
	log       *slog.Logger
	committed chan struct{}
}

// Reader answers questions. A [Store] is one (it sees what is committed), and so
// is a [Tx] (it also sees what the transaction wrote).
type Reader struct {
	db       bun.IDB
	postgres bool
}

// Tx is a running write transaction. It must not outlive the function that it
// was given to, and that function must not write through the Store: SQLite has
// one writer, which the transaction holds.
type Tx struct {
	Reader
	announced bool // the outbox has something new
}

// Open opens the database at the URL, `sqlite:/path/file.db` or
// `postgres://user@host/name`, and brings its schema up to date.
func Open(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: log, committed: make(chan struct{}, 1)}
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		s.writer, s.pool, err = openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		s.writer, err = openPostgres(ctx, url)
		s.pool, s.postgres = s.writer, true
	default:
		return nil, fmt.Errorf("database URL must begin with sqlite: or postgres://")
	}
	if err != nil {
		return nil, err
	}
	s.db = s.pool
	return s, nil
}

// Close closes all connections.
func (s *Store) Close() error {
	err := s.writer.Close()
	if s.pool != s.writer {
		if e := s.pool.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Ping reports whether the database answers and can be written to.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.PingContext(ctx); err != nil {
		return err
	}
	return s.writer.PingContext(ctx)
}

// Committed receives after a commit that put something into the outbox, so
// that the publisher need not poll. Several commits may be one signal.
func (s *Store) Committed() <-chan struct{} { return s.committed }

// attempts bounds how often a transaction is tried when the database asks for
// it (deadlock, serialisation, busy). With the pauses below that is about 3 s.
const attempts = 12

// Write runs f in one write transaction. When the database asks for it, f runs
// again from the start, so it must have no effect beside its transaction.
func (s *Store) Write(ctx context.Context, f func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, f)
		if err == nil || try == attempts || !retryable(err) {
			return err
		}
		pause := time.Duration(1<<min(try, 8)) * time.Millisecond
		pause = pause/2 + rand.N(pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, f func(tx *Tx) error) error {
	btx, err := s.writer.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return translate(err)
	}
	done := false
	defer func() {
		if !done { // f failed or panicked
			_ = btx.Rollback()
		}
	}()
	tx := &Tx{Reader: Reader{db: btx, postgres: s.postgres}}
	if err := f(tx); err != nil {
		return translate(err)
	}
	done = true
	if err := btx.Commit(); err != nil {
		return translate(err)
	}
	if tx.announced {
		select {
		case s.committed <- struct{}{}:
		default:
		}
	}
	return nil
}

// forUpdate locks the selected rows until the transaction ends. SQLite needs
// nothing: its transaction already is the only writer.
func (r Reader) forUpdate(q *bun.SelectQuery) *bun.SelectQuery {
	if r.postgres {
		return q.For("UPDATE")
	}
	return q
}

// NewID makes a fresh identifier: a UUID of version 7, which sorts by its time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// affected returns how many rows a statement changed.
func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
