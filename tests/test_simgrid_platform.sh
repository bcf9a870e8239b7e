#!/bin/sh
# SimGrid loads the exported platform, sees every chip, and routes like us: chips 0 and 7 of a node
# are one cable apart, two nodes of the rack at most three. Usage: test_simgrid_platform.sh REALSCALE LOADER
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$1" topology realscale:72 --export "$scratch/p.xml" >/dev/null
near=$("$2" "$scratch/p.xml" chip0 chip7 2>/dev/null)
far=$("$2" "$scratch/p.xml" chip0 chip71 2>/dev/null)
echo "$near; $far"
case $near in "72 hosts, 1 links, "*) ;; *) exit 1 ;; esac
case $far in "72 hosts, "[123]" links, "*) ;; *) exit 1 ;; esac
