# Everything a person types stands here; `make help` lists it.
# The two that matter: `make run` and `make test`. Each does its own set-up.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test build app generate check lint test-go test-app test-e2e test-firefox test-pages links leaks fuzz bench dev clean

APP      := web/app
MODULES  := $(APP)/node_modules/.package-lock.json
APP_SRC  := $(shell find $(APP)/src $(APP)/public -type f 2>/dev/null) $(wildcard $(APP)/*.json $(APP)/*.ts $(APP)/*.html)
DIST     := $(APP)/dist/index.html
GO_SRC   := $(shell find cmd signaling rooms auth web -name node_modules -prune -o \( -name '*.go' -o -name '*.sql' -o -name '*.lua' \) -print 2>/dev/null) go.mod go.sum
BIN      := bin/consilium
DATA     ?= data
LISTEN   ?= localhost:8080

# One set of build flags everywhere but for the race detector, so that the build
# cache is filled once: SQLite alone takes minutes to compile.
export CGO_ENABLED := 0

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: build ## set up everything and start the demonstration on http://localhost:8080
	@exec $(BIN) demo --listen $(LISTEN) --data $(DATA)

test: ## set up everything and run every test; prints the time of each stage
	@exec deploy/dev/test.sh

build: $(BIN) ## build bin/consilium with the browser app inside

app: $(DIST) ## build the browser app into web/app/dist

$(MODULES): $(APP)/package.json $(APP)/package-lock.json
	@deploy/dev/need.sh node
	cd $(APP) && npm ci --no-audit --no-fund
	@touch $@

$(DIST): $(MODULES) $(APP_SRC)
	cd $(APP) && npm run --silent build

$(BIN): $(DIST) $(GO_SRC)
	@deploy/dev/need.sh go
	go build -o $@ ./cmd/consilium

generate: ## write what is generated from Go: PROTOCOL.md, fixtures, OpenAPI, TypeScript
	go generate ./signaling/protocol
	go run ./cmd/consilium generate

check: ## fail if something generated is out of date
	@deploy/dev/test.sh generated

lint: ## formatters, vet, staticcheck, type checks
	@deploy/dev/test.sh lint

test-go: ## the Go tests with the race detector, on real Redis and PostgreSQL
	@deploy/dev/test.sh go

test-app: ## the browser app's unit tests
	@deploy/dev/test.sh app

test-e2e: ## the journeys in real Chromium
	@deploy/dev/test.sh journeys

test-firefox: ## a call between a real Firefox and Chromium
	@deploy/dev/test.sh firefox

test-pages: ## every page under axe in both languages, themes and sizes, with pictures in web/app/e2e/output
	@SWEEP=full deploy/dev/test.sh pages

links: build ## measure calls on emulated bad links, as root, and print a table; LINKS="dsl edge" and RUNS=1 choose
	@deploy/dev/need.sh test
	@cd $(APP) && CONSILIUM_BIN=$(CURDIR)/$(BIN) npm run --silent links -- matrix; status=$$?; cat e2e/output/links.txt; exit $$status

leaks: ## 1,000 joins and leaves, and what the server holds before and after (about 4 minutes; `make test` does 20)
	@set -o pipefail; SFU_JOINS=1000 go test -count=1 -timeout 30m -v -run '^TestLeaversLeaveNothingBehind$$' ./rooms/sfu \
		| grep -vE '^ *(=== |--- PASS: .*/)'

fuzz: ## fuzz every decoder of outside input, FUZZTIME (default 30s) each
	@deploy/dev/fuzz.sh

bench: ## what forwarding costs, beside a bare forwarder in the same run (6 minutes; an idle machine gives steady figures)
	@go run ./rooms/sfu/bench

dev: $(MODULES) ## the browser app with live reload on http://localhost:5173, against the server at CONSILIUM_URL (default http://localhost:8080)
	cd $(APP) && npm run dev

clean: ## remove what was built (never the data folder)
	rm -rf bin $(APP)/dist/assets $(APP)/dist/index.html $(APP)/node_modules $(APP)/.svelte-check
