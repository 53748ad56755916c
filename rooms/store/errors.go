package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"consilium/auth"
)

var (
	// ErrNotFound says that there is no such thing in this tenant.
	ErrNotFound = fmt.Errorf("not found (%w)", auth.ErrNoRecord)
	// ErrTimerGone says that the timer was fired before, or no longer applies.
	ErrTimerGone = errors.New("the timer was fired or replaced")
	// ErrFull says that the disk is full; nothing was written.
	ErrFull = errors.New("the disk is full, nothing was saved")
	// ErrExists says that something with this name or number exists already.
	ErrExists = errors.New("exists already")
	// ErrTooLarge says that a file is larger than allowed.
	ErrTooLarge = errors.New("the file is too large")
	// ErrBadText says that a text holds a character that cannot be stored (NUL).
	ErrBadText = errors.New("the text holds a NUL character")

	errBookedTwice = errors.New("booked twice")
	errAgain       = errors.New("lost a race, try again")
)

// translate gives the database's own errors the names above; the cause stays
// in the chain for the log.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if errors.Is(err, syscall.ENOSPC) {
		return errors.Join(ErrFull, err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return translateSQLite(lite, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translatePostgres(pg, err)
	}
	return err
}

func translateSQLite(lite *sqlite.Error, err error) error {
	switch {
	case lite.Code() == sqlite3.SQLITE_CONSTRAINT_TRIGGER && strings.Contains(lite.Error(), "booked-twice"):
		return errors.Join(errBookedTwice, err)
	case lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE, lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errors.Join(ErrExists, err)
	case lite.Code()&0xff == sqlite3.SQLITE_FULL:
		return errors.Join(ErrFull, err)
	}
	return err
}

func translatePostgres(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case "23P01": // exclusion_violation
		return errors.Join(errBookedTwice, err)
	case "23505": // unique_violation
		return errors.Join(ErrExists, err)
	case "53100": // disk_full
		return errors.Join(ErrFull, err)
	case "22021", "22P05": // a NUL in a text, a \u0000 in JSON
		return errors.Join(ErrBadText, err)
	}
	return err
}

// retryable reports whether the same transaction may well succeed when it runs
// again: it lost a race, and nothing of it was kept.
func retryable(err error) bool {
	if errors.Is(err, errAgain) {
		return true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "40001", "40P01", "55P03": // serialisation, deadlock, lock timeout
			return true
		}
	}
	return false
}
