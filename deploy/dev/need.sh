#!/usr/bin/env bash
# need.sh WHAT…: makes sure that what a target needs is on this machine.
#
#   need.sh go node          checks toolchains and says what to install
#   need.sh test             the Debian packages of the test run, installed with
#                            apt where that is allowed, otherwise named
set -euo pipefail

fail() { printf '%s\n' "$@" >&2; exit 1; }

need_go() {
	command -v go >/dev/null || fail "Go 1.26 or newer is needed: https://go.dev/doc/install"
	local have
	have=$(go env GOVERSION)
	[ "$(printf '%s\n' go1.26 "$have" | sort -V | head -n1)" = go1.26 ] ||
		fail "Go 1.26 or newer is needed, this is ${have#go}."
}

need_node() {
	command -v node >/dev/null && command -v npm >/dev/null ||
		fail "Node.js 20.19 or newer with npm is needed."
	local have
	have=$(node --version)
	[ "$(printf '%s\n' v20.19.0 "$have" | sort -V | head -n1)" = v20.19.0 ] ||
		fail "Node.js 20.19 or newer is needed, this is ${have#v}."
}

# Package and the file that proves it is there.
missing_packages() {
	command -v redis-server >/dev/null || echo redis-server
	compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
	[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || echo chromium
	[ -n "${FIREFOX:-}" ] || command -v firefox-esr >/dev/null || echo firefox-esr
	[ -n "$(find /usr/share/fonts -iname 'NotoSansCJK*' -print -quit 2>/dev/null)" ] || echo fonts-noto-cjk
	command -v openssl >/dev/null || echo openssl
	command -v ip >/dev/null || echo iproute2 # network namespaces for the emulated links
	/usr/bin/python3 -c 'import aiortc, websockets' 2>/dev/null || echo python3-aiortc python3-websockets # a WebRTC stack of others
	command -v cc >/dev/null || echo gcc libc6-dev # the race detector links with cgo
}

need_test() {
	local missing
	missing=$(missing_packages | xargs)
	[ -n "$missing" ] || return 0
	local apt="apt-get install -y --no-install-recommends $missing"
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing $missing"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive $apt -qq >/dev/null
	elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
		echo "installing $missing"
		sudo apt-get update -qq
		sudo DEBIAN_FRONTEND=noninteractive $apt -qq >/dev/null
	else
		fail "The tests need a few Debian packages. Install them and run this again:" "" "    sudo $apt" ""
	fi
	missing=$(missing_packages | xargs)
	[ -z "$missing" ] || fail "Still missing after the installation: $missing"
}

for what in "$@"; do
	case $what in
	go) need_go ;;
	node) need_node ;;
	test) need_go && need_node && need_test ;;
	*) fail "need.sh knows go, node and test, not $what." ;;
	esac
done
