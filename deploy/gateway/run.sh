#!/bin/sh
# Runs nginx with the routes of this directory, in the foreground, until it is signalled.
#   MOBILE_INSTANCES, ...   the instances of a BFF, separated by spaces; `make run`'s when not set
#   PORT                    where it listens on loopback; the first free one from 8080 on when not set
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=$(mktemp -d "${TMPDIR:-/tmp}/bff-gateway.XXXXXX")
# shellcheck disable=SC2064 # the directory is known now
trap "rm -rf '$directory'" EXIT

is_taken() { awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
    END { exit !found }' /proc/net/tcp /proc/net/tcp6; }
port=${PORT:-8080}
while [ -z "${PORT:-}" ] && is_taken "$port"; do port=$((port + 1)); done

# max_fails=0: a refused connection is tried at the other instance at once and nothing is remembered, so that an instance
# that was restarted is used at once, and two unlucky ones never add up to "nobody is there".
servers() { for address in $1; do printf 'server %s max_fails=0; ' "$address"; done; }
of_make_run() { awk -F '"' '/^\[/ { table = $0 } table == "[server]" && /^listen / { print $2 }' \
    "$here/../../bffs/$1/config/local.toml"; }
for file in "$here"/nginx/*.conf; do
    bff=$(basename "$file" .conf)
    eval "instances=\${$(printf %s "$bff" | tr 'a-z-' 'A-Z_')_INSTANCES:-}"
    # shellcheck disable=SC2154 # by eval
    printf 'upstream %s { %skeepalive 64; }\n' "$bff" "$(servers "${instances:-$(of_make_run "$bff")}")"
done >"$directory/upstreams.conf"
sed -e "s|@PORT@|$port|" -e "s|@DIRECTORY@|$directory|" -e "s|@HERE@|$here|" "$here/nginx.conf" >"$directory/nginx.conf"

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
