#!/usr/bin/env bash
# test.sh [STAGE…]: runs the stages of the test suite, all of them by default,
# and prints how long each took. A stage that fails ends the run.
#
# Redis and PostgreSQL are started here, on free ports with data of their own,
# and stopped at the end; a server that already runs on the machine is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0 # as in the Makefile; the race detector alone wants it

scratch=$(mktemp -d "${TMPDIR:-/tmp}/consilium-test.XXXXXX")
chmod 755 "$scratch" # PostgreSQL runs as a user of its own and must reach its folder
times=()
compiling=
finished= # a run that is stopped leaves no status

cleanup() {
	local status=$?
	[ -z "$compiling" ] || kill "$compiling" 2>/dev/null || true
	deploy/dev/services.sh stop "$scratch/services" >/dev/null 2>&1 || true
	rm -rf "$scratch"
	if [ ${#times[@]} -gt 0 ]; then
		printf '\n%-12s %8s\n' stage seconds
		printf '%-12s %8s\n' "${times[@]}"
	fi
	[ -n "$finished" ] && echo "all stages passed" || echo "FAILED"
	exit $status
}
trap cleanup EXIT

stage() {
	local name=$1 began=$SECONDS
	printf '\n== %s\n' "$name"
	local status=0
	"stage_$name" || status=$?
	times+=("$name" "$((SECONDS - began))")
	return $status
}

stage_setup() {
	deploy/dev/need.sh test &&
		make --no-print-directory web/app/node_modules/.package-lock.json &&
		go mod download
}

stage_generated() {
	go run ./signaling/protocol/generate --check &&
		make --no-print-directory build && # the journeys want it too, and `go run` links each time
		bin/consilium generate --check
}

# Go and the app side by side; what the Go half said comes after the other's.
stage_lint() {
	local status=0
	lint_go >"$scratch/lint-go" 2>&1 &
	local go_half=$!
	(cd web/app && npm run --silent format:check && npm run --silent check) || status=$?
	wait "$go_half" || status=$?
	cat "$scratch/lint-go"
	return $status
}

lint_go() {
	local unformatted
	unformatted=$(gofmt -l cmd signaling rooms auth deploy web/*.go web/api)
	if [ -n "$unformatted" ]; then
		echo "gofmt: $unformatted"
		return 1
	fi
	go vet ./... && go tool -modfile=deploy/tools/go.mod staticcheck ./...
}

stage_app() {
	(cd web/app && npm run --silent test) &&
		make --no-print-directory app &&
		(cd web/app && npm run --silent budget)
}

# What the Go tests are made of is compiled beside the stages before them: of
# SQLite, a minute of compilation runs on one core whatever the machine has.
compile_early() {
	CGO_ENABLED=1 go build -race ./... >/dev/null 2>&1 & # the stage says itself what is wrong
	compiling=$!
}

stage_go() {
	[ -z "$compiling" ] || wait "$compiling" || true
	compiling=
	# The same addresses each time, so that unchanged tests need not run again.
	[ -s .cache/services-seed ] || (umask 077 && mkdir -p .cache && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >.cache/services-seed)
	CONSILIUM_SERVICES_SEED=$(<.cache/services-seed)
	export CONSILIUM_SERVICES_SEED
	deploy/dev/services.sh start "$scratch/services" >"$scratch/services.env" || return 1
	# shellcheck disable=SC1091
	source "$scratch/services.env"
	export CONSILIUM_TEST_REDIS_URL CONSILIUM_TEST_DATABASE_URL CONSILIUM_TEST_REQUIRE=1
	# The longest first, so that none of them runs alone at the end.
	CGO_ENABLED=1 go test -race -timeout 10m ./rooms/sfu ./cmd/consilium ./...
}

stage_journeys() {
	make --no-print-directory build && CONSILIUM_BIN=$PWD/bin/consilium npm run --prefix web/app --silent e2e
}

# A call between Firefox and Chromium.
stage_firefox() {
	make --no-print-directory build && CONSILIUM_BIN=$PWD/bin/consilium npm run --prefix web/app --silent firefox
}

# Calls on emulated links; they skip, and say so, where namespaces are not permitted.
stage_links() {
	make --no-print-directory build && CONSILIUM_BIN=$PWD/bin/consilium npm run --prefix web/app --silent links -- short layers
}

# The sweep of the pages by itself; with SWEEP=full in every theme and size.
stage_pages() {
	make --no-print-directory build && CONSILIUM_BIN=$PWD/bin/consilium npm run --prefix web/app --silent e2e -- sweep
}

whole=
if [ $# -eq 0 ]; then
	set -- generated lint app go journeys firefox links
	whole=yes
fi
stage setup
[ -z "$whole" ] || compile_early
for name in "$@"; do
	stage "$name"
done
finished=yes
