package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"consilium/web/api"
)

type generateCmd struct {
	Check bool   `help:"Fail when a generated file is not current; write nothing."`
	Root  string `help:"The checkout's folder." default:"." type:"existingdir"`
}

// Run writes the OpenAPI document where the app's build finds it.
func (g *generateCmd) Run() error {
	mounted, err := api.Mount(http.NewServeMux(), api.Config{})
	if err != nil {
		return err
	}
	path := filepath.Join(g.Root, "web", "app", "src", "gen", "openapi.json")
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if bytes.Equal(old, mounted.Document()) {
		return nil
	}
	if g.Check {
		return fmt.Errorf("%s is not current: run consilium generate", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, mounted.Document(), 0o644)
}
