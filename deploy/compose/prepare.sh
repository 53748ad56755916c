#!/usr/bin/env bash
# prepare.sh HOST ADDRESS: writes .env and fresh secrets for compose.yaml.
# HOST is the name that people type, ADDRESS the public IP address for media.
# Nothing that exists is overwritten.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -eq 2 ] || { echo "usage: $0 HOST ADDRESS" >&2; exit 2; }

if [ -e .env ] || [ -e secrets ]; then
	echo ".env or secrets/ exists already; remove them to begin anew." >&2
	exit 1
fi

secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

postgres=$(secret)
redis=$(secret)
umask 077
mkdir secrets
printf '%s' "$postgres" >secrets/postgres_password
printf 'postgres://consilium:%s@postgres:5432/consilium?sslmode=disable' "$postgres" >secrets/database_url
printf 'redis://:%s@redis:6379/0' "$redis" >secrets/redis_url
printf 'requirepass %s\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy volatile-ttl\n' "$redis" >secrets/redis.conf
# Compose mounts secrets with their modes; the containers' users are not ours.
chmod 755 secrets
chmod 644 secrets/*
printf 'CONSILIUM_HOST=%s\nCONSILIUM_ADDRESS=%s\n' "$1" "$2" >.env
echo "Written: .env and secrets/. Keep this folder readable by administrators alone."
