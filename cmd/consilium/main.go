// Command consilium is the telemedicine consultation server: serve runs it,
// demo runs a demonstration, the rest looks after an installation. This package
// wires the parts together and owns nothing else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones for machines that have none

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "development"

type commands struct {
	Serve    serveCmd    `cmd:"" help:"Run the server."`
	Demo     demoCmd     `cmd:"" help:"Run a demonstration on this machine, with invented people and patients."`
	Load     loadCmd     `cmd:"" help:"Hold calls between invented people, over the real protocol, and say how the server bore it."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database's schema up to date, without serving."`
	Admin    adminCmd    `cmd:"" help:"Look after institutions, accounts and roles, without prompts."`
	Token    tokenCmd    `cmd:"" help:"Print a token with which a machine uses the API for ten minutes."`
	Generate generateCmd `cmd:"" help:"Write what is generated from the Go types: the app's copy of the OpenAPI document."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "consilium:", err)
		os.Exit(1)
	}
}

// run is main for a test to call.
func run(ctx context.Context, args []string) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("consilium"), kong.Description("Consultations between clinics and hospitals."), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run()
}
