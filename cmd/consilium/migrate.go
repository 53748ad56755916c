package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"consilium/rooms/store"
)

// timeNow is the wall clock; a name of its own so that seeds can have another.
var timeNow = time.Now

type migrateCmd struct {
	place
}

// Run brings the schema up to date. A server does so itself when it starts; this
// is for who wants it done before.
func (c *migrateCmd) Run(ctx context.Context) error {
	st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	fmt.Println("the schema is up to date")
	return nil
}

// open opens the installation's database.
func (p place) open(ctx context.Context) (*store.Store, error) {
	url, err := p.database()
	if err != nil {
		return nil, err
	}
	if url == "" {
		if err := os.MkdirAll(p.Data, 0o700); err != nil {
			return nil, err
		}
		url = "sqlite:" + filepath.Join(p.Data, "consilium.db")
	}
	return store.Open(ctx, url, newLog("warn"))
}
