package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the direction of imports: each package and those of ours that it
// may name. A package that is not listed may not exist; an import that is not
// listed may not be added without deciding so here.
var mayImport = map[string][]string{
	"auth":                        {},
	"rooms/schedule":              {},
	"rooms/consult":               {"auth", "rooms/schedule"},
	"rooms/store":                 {"rooms/consult", "rooms/schedule", "auth"},
	"rooms/cluster":               {},
	"rooms/sfu":                   {},
	"rooms/sfu/bench":             {"rooms/sfu"},
	"rooms/turn":                  {},
	"rooms/photo":                 {},
	"rooms":                       {"rooms/consult", "rooms/schedule", "rooms/store", "rooms/cluster", "rooms/sfu", "rooms/photo", "auth"},
	"signaling/protocol":          {},
	"signaling/protocol/generate": {"signaling/protocol"},
	"signaling":                   {"signaling/protocol", "rooms", "rooms/consult", "auth"},
	"signaling/client":            {"signaling/protocol"},
	"web/api":                     {"rooms", "rooms/consult", "auth"},
	"web":                         {},
	"cmd/consilium":               {"*"},
	"deploy/links/link":           {},
	"deploy/links":                {"deploy/links/link"},
	"deploy/links/emulate":        {"deploy/links", "deploy/links/link"},
}

// mustNotReach are facts about the packages that hold the rules: whatever they
// import, directly or not, must not lead there.
var mustNotReach = map[string][]string{
	"rooms/consult":  {"database/sql", "net/http", "github.com/gorilla/websocket", "github.com/redis/go-redis/v9"},
	"rooms/schedule": {"database/sql", "net/http", "github.com/gorilla/websocket", "github.com/redis/go-redis/v9"},
	"rooms/sfu":      {"database/sql", "github.com/redis/go-redis/v9"},
	"rooms/turn":     {"database/sql", "github.com/redis/go-redis/v9", "github.com/gorilla/websocket"},
	"rooms/store":    {"github.com/redis/go-redis/v9", "github.com/gorilla/websocket"},
	"auth":           {"database/sql", "github.com/redis/go-redis/v9"},
}

func TestImportsPointDownwards(t *testing.T) {
	for _, line := range goList(t, "{{.ImportPath}} {{join .Imports \" \"}}", "consilium/...") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "consilium/")
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s is not in the table of packages: give it a place in mayImport and in the README, or put the code where its name says", pkg)
			continue
		}
		for _, imported := range fields[1:] {
			ours, found := strings.CutPrefix(imported, "consilium/")
			if !found || slices.Contains(allowed, "*") || slices.Contains(allowed, ours) {
				continue
			}
			t.Errorf("%s imports %s: imports point downwards only, so that the rules stay free of transport and storage", pkg, ours)
		}
	}
}

func TestRulesReachNoTransport(t *testing.T) {
	for pkg, forbidden := range mustNotReach {
		deps := goList(t, "{{join .Deps \"\\n\"}}", "consilium/"+pkg)
		for _, dep := range forbidden {
			if slices.Contains(deps, dep) {
				t.Errorf("%s reaches %s: it must stay testable without it", pkg, dep)
			}
		}
	}
}

func goList(t *testing.T, format, pattern string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, pattern).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pattern, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
