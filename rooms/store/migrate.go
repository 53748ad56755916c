package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. Nodes that start together take turns.
// Migrations only expand what the previous version of the program uses; what it
// no longer needs is taken away one release later.
func migrate(ctx context.Context, db *sql.DB, postgres bool) error {
	dir, dialect := "migrations/sqlite", goose.DialectSQLite3
	var options []goose.ProviderOption
	if postgres {
		dir, dialect = "migrations/postgres", goose.DialectPostgres
		// Ask once a second, give up after five minutes.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, sub, options...)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", translate(err))
	}
	return nil
}
