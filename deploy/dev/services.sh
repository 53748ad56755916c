#!/usr/bin/env bash
# Starts a Redis and a PostgreSQL of our own for tests and development, on free
# ports and with data of their own, and stops them again. A server that
# already runs on this machine is neither used nor touched.
#
#   services.sh start DIR   prints CONSILIUM_TEST_REDIS_URL=… and
#                           CONSILIUM_TEST_DATABASE_URL=…, nothing else
#   services.sh stop DIR    stops both and removes PostgreSQL's data
#
# In a script:
#   dir=$(mktemp -d); trap 'services.sh stop "$dir"; rm -rf "$dir"' EXIT
#   set -a; eval "$(services.sh start "$dir")"; set +a
#
# Ports and passwords follow from CONSILIUM_SERVICES_SEED when it is set, so that
# the same addresses come back and Go may reuse the results of unchanged tests.
#
# PostgreSQL here does not wait for the disk: fast, and good for tests only.
set -euo pipefail

fail() { echo "services.sh: $*" >&2; exit 1; }

verb=${1:-} dir=${2:-}
[[ -n $dir ]] || fail "usage: services.sh start|stop DIR"

# PostgreSQL refuses to run as root, so root hands it to the user postgres.
as_postgres() {
	if [[ $(id -u) == 0 ]]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_bin() {
	local bin
	if bin=$(command -v initdb); then dirname "$(readlink -f "$bin")"; return; fi
	# Debian and Ubuntu keep the server's programs off PATH, one folder a version.
	bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
	[[ -x $bin/initdb ]] || fail "PostgreSQL's server is missing; type: apt-get install postgresql"
	echo "$bin"
}

seed=${CONSILIUM_SERVICES_SEED:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}

# derive WHAT: 32 hexadecimal digits that follow from the seed.
derive() { printf '%s %s' "$seed" "$1" | sha256sum | cut -c1-32; }

# A port that nobody listens on now. Whoever starts on it says whether it was
# still free then, and takes another one otherwise.
free_port() {
	local what=$1 port n
	for n in $(seq 100); do
		port=$((20000 + 0x$(derive "$what $n" | cut -c1-7) % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
	fail "no free port was found"
}

start_redis() {
	command -v redis-server >/dev/null || fail "redis-server is missing; type: apt-get install redis-server"
	mkdir -p "$dir/redis"
	local port password try
	password=$(derive "redis password")
	for try in 1 2 3 4 5; do
		port=$(free_port "redis port $try")
		# The password goes through a file: arguments are visible to everybody.
		(umask 077 && cat >"$dir/redis/redis.conf" <<CONF
bind 127.0.0.1
port $port
requirepass $password
daemonize yes
save ""
appendonly no
dir "$dir/redis"
pidfile "$dir/redis/pid"
logfile "$dir/redis/log"
CONF
		)
		rm -f "$dir/redis/pid"
		redis-server "$dir/redis/redis.conf" >&2 || continue
		for _ in $(seq 100); do
			if [[ -s $dir/redis/pid ]] && kill -0 "$(<"$dir/redis/pid")" 2>/dev/null &&
				[[ $(REDISCLI_AUTH=$password redis-cli -p "$port" ping 2>/dev/null) == PONG ]]; then
				echo "CONSILIUM_TEST_REDIS_URL=redis://:$password@127.0.0.1:$port/0"
				return
			fi
			sleep 0.05
		done
	done
	tail -n 20 "$dir/redis/log" >&2 || true
	fail "Redis did not start"
}

start_postgres() {
	local bin data port password try
	bin=$(postgres_bin)
	data=$dir/postgres
	mkdir -p "$data"
	if [[ $(id -u) == 0 ]]; then
		id postgres >/dev/null 2>&1 || fail "the user postgres is missing; type: apt-get install postgresql"
		chown postgres: "$data"
		if ! as_postgres test -w "$data"; then # a folder above it is closed to others
			rmdir "$data"
			data=$(mktemp -d "${TMPDIR:-/tmp}/consilium-postgres.XXXXXX")
			chown postgres: "$data"
		fi
	fi
	echo "$data" >"$dir/postgres.at"
	password=$(derive "postgres password")
	(umask 077 && echo "$password" >"$data/password")
	if [[ $(id -u) == 0 ]]; then chown postgres: "$data/password"; fi
	as_postgres "$bin/initdb" -D "$data/cluster" -U consilium --auth=scram-sha-256 --pwfile="$data/password" \
		-E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
	rm "$data/password"
	for try in 1 2 3 4 5; do
		port=$(free_port "postgres port $try")
		if as_postgres "$bin/pg_ctl" -D "$data/cluster" -l "$data/log" -w -t 60 start \
			-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB" \
			>/dev/null 2>&1; then
			PGPASSWORD=$password "$bin/createdb" -h 127.0.0.1 -p "$port" -U consilium consilium >&2
			echo "CONSILIUM_TEST_DATABASE_URL=postgres://consilium:$password@127.0.0.1:$port/consilium?sslmode=disable"
			return
		fi
	done
	tail -n 20 "$data/log" >&2 || true
	fail "PostgreSQL did not start"
}

stop_redis() {
	local pid
	[[ -s $dir/redis/pid ]] || return 0
	pid=$(<"$dir/redis/pid")
	# Only the process that we started: the number may belong to another one now.
	if [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$(readlink -f "$dir/redis")" ]]; then
		kill "$pid" 2>/dev/null || true
		for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
	fi
	rm -f "$dir/redis/pid"
}

stop_postgres() {
	local data
	[[ -s $dir/postgres.at ]] || return 0
	data=$(<"$dir/postgres.at")
	if [[ -e $data/cluster/postmaster.pid ]]; then
		as_postgres "$(postgres_bin)/pg_ctl" -D "$data/cluster" -m immediate -w -t 30 stop >/dev/null 2>&1 || true
	fi
	rm -rf "$data" "$dir/postgres.at"
}

case $verb in
	start)
		mkdir -p "$dir"
		dir=$(readlink -f "$dir")
		stop_redis # what an earlier start in the same folder left
		stop_postgres
		trap '[[ $? == 0 ]] || { stop_redis; stop_postgres; }' EXIT
		start_redis
		start_postgres
		;;
	stop)
		[[ -d $dir ]] || exit 0
		dir=$(readlink -f "$dir")
		stop_redis
		stop_postgres
		;;
	*) fail "usage: services.sh start|stop DIR" ;;
esac
