#!/bin/bash
# Runs a release binary as its image would: a user of its own, no capability, a root that cannot be written, only its own
# environment, the configuration and secrets of overlays/prod, and nobody else there.
#   deploy/smoke.sh web target/release/bff-web        needs root on Linux, curl, setpriv and unshare (util-linux)
set -euo pipefail
name=$1 binary=$(realpath "$2") here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "smoke: $name: $*" >&2; exit 1; }

# Inside: the second time, in a mount namespace of its own.
if [ "${3:-}" = inside ]; then
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/bff /run/secrets/bff
    cp "$here/../bffs/$name/config/base.toml" "$here/$name/overlays/prod/prod.toml" /run/bff
    (umask 077 && head -c 32 /dev/urandom | base64 >/run/secrets/bff/session-keys && echo smoke >/run/secrets/bff/client-secret)
    chown -R 0:65532 /run/secrets/bff && chmod 440 /run/secrets/bff/* && chmod 755 /run/secrets/bff
    mount -o remount,ro /run
    awk '$3 != "proc" && $3 != "sysfs" { print $2 }' /proc/mounts | sort -u | while read -r place; do
        case $place in /dev | /dev/* | /proc/* | /sys/*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
    done
    ! touch "/tmp/smoke.$$" 2>/dev/null || fail "/tmp can be written"
    cd /
    variables=(BFF_CONFIG_DIR=/run/bff BFF_ENV=prod BFF__CACHE__REDIS__PASSWORD=smoke
        BFF__SERVER__LISTEN=127.0.0.1:0 BFF__ADMIN__LISTEN=127.0.0.1:0 BFF__SERVER__DRAIN_DELAY=0s)
    [ "$name" != web ] || variables+=(BFF__SESSION__REDIS__PASSWORD=smoke)
    exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
        env -i "${variables[@]}" "$binary"
fi

size=$(stat -c %s "$binary")
[ "$size" -lt 31457280 ] || fail "$size bytes; an image has to stay under 30 MB"
# What gcr.io/distroless/cc has.
strange=$(ldd "$binary" | awk '{ print $1 }' | grep -Ev '^(linux-vdso|libc|libm|libgcc_s|libdl|libpthread|librt|/lib.*/ld-linux.*)(\.so.*)?$' || true)
[ -z "$strange" ] || fail "needs libraries that the image does not have: $strange"

process="" scratch=$(mktemp -d)
trap '[ -z "$process" ] || kill "$process" 2>/dev/null || true; rm -rf "$scratch"' EXIT
begun=$(date +%s%3N)
unshare --mount "$0" "$name" "$binary" inside >"$scratch/log" 2>&1 &
process=$!
until line=$(grep -s '"message":"ready"' "$scratch/log"); do
    kill -0 "$process" 2>/dev/null || fail "it ended: $(cat "$scratch/log")"
    [ $(($(date +%s%3N) - begun)) -lt 20000 ] || fail "not ready after 20 s: $(cat "$scratch/log")"
    sleep 0.01
done
address() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" <<<"$line"; }
public=$(address address) admin=$(address admin)
status() { curl -s -o /dev/null -w '%{http_code}' "http://$1"; }
for probe in startupz livez readyz metrics; do
    [ "$(status "$admin/$probe")" = 200 ] || fail "/$probe: $(cat "$scratch/log")"
done
[ "$(status "$public/nowhere")" = 404 ] || fail "the public port does not answer"
[ "$(status "$public/metrics")" = 404 ] || fail "metrics are on the public port"

field() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$process/status"; }
[ "$(field Uid) $(field CapBnd)" = "65532 0000000000000000" ] || fail "it is not the user that it should be"
written=$(find "/proc/$process/fd" -type l -printf '%l\n' | grep '^/' | grep -Ev "^(/dev/null|/dev/urandom|$scratch/log)( |\$)" || true)
[ -z "$written" ] || fail "it has files open: $written"
# The binary alone, from its start to its first line, without the shell around it.
idle=$(field VmRSS)

kill -TERM "$process"
wait "$process" || fail "it ended with $? after SIGTERM: $(tail -3 "$scratch/log")"
process=""
echo "smoke: $name: $((size / 1048576)) MB on disk, $((idle / 1024)) MB in memory when idle; starts, answers and stops"
