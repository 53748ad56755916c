package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"consilium/rooms/consult"
)

func TestWhatIsAcknowledgedIsOnTheDisk(t *testing.T) {
	f := newFixture(t, "sqlite:"+filepath.Join(t.TempDir(), "a b?c%20#d", "consilium.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		must(t, f.writer.NewRaw("PRAGMA "+pragma).Scan(t.Context(), &got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if n := f.writer.DB.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections may write", n)
	}
	if _, err := f.pool.ExecContext(t.Context(), "UPDATE tenants SET name = 'x'"); err == nil {
		t.Error("a reader can write")
	}
	for _, path := range files(t, filepath.Dir(strings.TrimPrefix(f.url, "sqlite:"))) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: others on the machine can read it", path, info.Mode())
		}
	}
}

func TestPostgresWaitsForTheDisk(t *testing.T) {
	f := newFixture(t, freshPostgres(t))
	for setting, want := range map[string]string{"synchronous_commit": "on", "TimeZone": "UTC"} {
		var got string
		must(t, f.writer.NewRaw("SHOW "+setting).Scan(t.Context(), &got))
		if got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
}

func TestReopenedStoreHasEverything(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.create(t, nil)
		must(t, f.Close())
		s, err := Open(t.Context(), f.url, nil)
		must(t, err)
		defer s.Close()
		must(t, s.Ping(t.Context()))
		got, err := s.Case(t.Context(), f.tenant, c.ID)
		must(t, err)
		if got.Request.Patient.Name != "李秀英" {
			t.Errorf("%+v", got)
		}
	})
}

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	url := emptyPostgres(t)
	for _, err := range parallel(4, func(int) error {
		s, err := Open(t.Context(), url, nil)
		if err != nil {
			return err
		}
		return s.Close()
	}) {
		must(t, err)
	}
}

// The previous version of the program runs on the next one's schema.
func TestNewerSchemaIsNoObstacle(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := f.create(t, nil)
		for _, statement := range []string{"ALTER TABLE cases ADD COLUMN later TEXT NOT NULL DEFAULT 'x'", "ALTER TABLE links ADD COLUMN later TEXT",
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"} {
			_, err := f.writer.ExecContext(ctx, statement)
			must(t, err)
		}
		s, err := Open(ctx, f.url, nil)
		must(t, err)
		defer s.Close()
		_, err = s.Case(ctx, f.tenant, c.ID)
		must(t, err)
	})
}

func TestFullDiskLosesNothing(t *testing.T) {
	f := newFixture(t, "sqlite:"+filepath.Join(t.TempDir(), "consilium.db"))
	ctx := t.Context()
	c := f.create(t, nil)
	var pages int
	must(t, f.writer.NewRaw("PRAGMA page_count").Scan(ctx, &pages))
	_, err := f.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	must(t, err)
	_, err = f.step(ctx, c.ID, f.doctor, consult.Submitted, func(c *consult.Case) { c.Request.History = strings.Repeat("病史", 100_000) })
	if !errors.Is(err, ErrFull) {
		t.Fatalf("on a full disk: %v", err)
	}
	got, err := f.Case(ctx, f.tenant, c.ID)
	must(t, err)
	timeline, err := f.Timeline(ctx, f.tenant, c.ID)
	must(t, err)
	if got.Version != 1 || len(timeline) != 1 {
		t.Errorf("version %d and %d audit entries after a failed write", got.Version, len(timeline))
	}
	_, err = f.writer.ExecContext(ctx, "PRAGMA max_page_count = 1000000")
	must(t, err)
	f.mustStep(t, c.ID, consult.Submitted, nil) // there is room again
}

func TestURLThatCannotBeOpened(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/proc/nowhere/x.db", "postgres://u:geheim@127.0.0.1:1/x?connect_timeout=1", "postgres://u:geheim@[/x"} {
		s, err := Open(t.Context(), url, nil)
		if err == nil {
			s.Close()
			t.Errorf("%q opened", url)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error holds the password: %v", url, err)
		}
	}
}
