package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// postgresConnections is how many connections one node holds at most.
const postgresConnections = 24

func openPostgres(ctx context.Context, url string) (*bun.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's own message may repeat the password.
		return nil, errors.New("the PostgreSQL URL cannot be read; it looks like postgres://user:password@host:5432/name")
	}
	// bun writes arguments into the text, so a statement is never seen twice
	// and preparing it would be a round trip for nothing.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.RuntimeParams["application_name"] = "consilium"
	cfg.RuntimeParams["timezone"] = "UTC"

	slow := cfg.Copy() // migrations may take long
	m := stdlib.OpenDB(*slow)
	err = migrate(ctx, m, true)
	if e := m.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}

	cfg.RuntimeParams["synchronous_commit"] = "on"
	cfg.RuntimeParams["lock_timeout"] = "10s"
	cfg.RuntimeParams["statement_timeout"] = "30s"
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections / 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return bun.NewDB(db, pgdialect.New(), bun.WithDiscardUnknownColumns()), nil
}
