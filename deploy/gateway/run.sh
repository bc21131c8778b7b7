#!/bin/sh
# Runs nginx with the routes of this directory, in the foreground, until it is signalled.
#   MOBILE, WEB, PARTNER   the instances of each BFF, separated by spaces; `make run`'s when not set
#   PORT                   where it listens on loopback; the first free one from 8080 on when not set
set -eu
here=$(dirname "$0")
directory=$(mktemp -d "${TMPDIR:-/tmp}/bff-gateway.XXXXXX")
# shellcheck disable=SC2064 # the directory is known now
trap "rm -rf '$directory'" EXIT

is_taken() { awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
    END { exit !found }' /proc/net/tcp /proc/net/tcp6; }
port=${PORT:-8080}
while [ -z "${PORT:-}" ] && is_taken "$port"; do port=$((port + 1)); done

servers() { for address in $1; do printf 'server %s max_fails=0; ' "$address"; done; }
sed -e "s|@PORT@|$port|" -e "s|@DIRECTORY@|$directory|" \
    -e "s|@MOBILE@|$(servers "${MOBILE:-127.0.0.1:8081}")|" \
    -e "s|@WEB@|$(servers "${WEB:-127.0.0.1:8082}")|" \
    -e "s|@PARTNER@|$(servers "${PARTNER:-127.0.0.1:8083}")|" "$here/nginx.conf" >"$directory/nginx.conf"

nginx -q -t -p "$directory" -c "$directory/nginx.conf"
echo "gateway on http://127.0.0.1:$port"
nginx -p "$directory" -c "$directory/nginx.conf" &
nginx=$!
stopped=false
trap 'stopped=true; kill "$nginx" 2>/dev/null || true' INT TERM
status=0
while kill -0 "$nginx" 2>/dev/null; do
    wait "$nginx" || status=$?
done
"$stopped" || exit "$status"
