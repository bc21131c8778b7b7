#!/bin/bash
# Runs a binary as its image would: a user of its own, no capability, a root that cannot be written, and of the machine's
# configuration only what the image has. smoke.py calls it in a mount namespace of its own; needs root on Linux.
#   unshare --mount deploy/isolate.sh <pod> <binary>
# <pod> has `config` and `secrets`, mounted where the Deployment mounts them, and `environment`, a variable per line.
set -euo pipefail
pod=$1 binary=$2
mapfile -t environment <"$pod/environment"
# What gcr.io/distroless/cc has in /etc.
kept=$(mktemp -d)
for each in hosts resolv.conf nsswitch.conf passwd group ssl ca-certificates; do
    [ ! -e "/etc/$each" ] || cp -aL "/etc/$each" "$kept"
done
mount -t tmpfs -o mode=755 tmpfs /etc
cp -a "$kept/." /etc && rm -r "$kept" && chmod 755 /etc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /etc/bff /run/secrets/bff
cp "$pod"/config/* /etc/bff && chmod 644 /etc/bff/*
cp "$pod"/secrets/* /run/secrets/bff && chown -R 0:65532 /run/secrets/bff && chmod 440 /run/secrets/bff/*
while read -r _ place type _; do
    case $type$place in proc* | sysfs* | */dev | */dev/*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
done < <(sort -u /proc/mounts)
for place in / /etc /run /tmp; do
    ! touch "$place/smoke.$$" 2>/dev/null || { echo "$place can be written"; exit 1; }
done
cd /
exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env -i "${environment[@]}" "$binary"
