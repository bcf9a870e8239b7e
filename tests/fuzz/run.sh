#!/bin/sh
# Runs every libFuzzer target of a build, one after the other: run.sh BUILD [SECONDS a target] [TARGET…]
# Begins from the inputs that are kept and from what earlier runs in BUILD found. Prints runs and
# crashes a target, and the processor time of all; exits with 1 when something was found.
set -eu

root=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "${1:-}/tests" ]; then
  sed -n "2,4s/^# //p" "$0" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
seconds=${2:-60}
if [ $# -le 2 ]; then set -- "$build"/tests/fuzz_*; else shift 2; fi

export ASAN_OPTIONS="${ASAN_OPTIONS:-allocator_may_return_null=1}"
found=0
printf '%-28s %12s %8s  %s\n' target runs inputs found
for target in "$@"; do
  name=$(basename "$target")
  [ -x "$build/tests/$name" ] || continue
  work=$build/fuzz/$name
  mkdir -p "$work/corpus" "$work/found" "$root/corpus/$name"
  "$build/tests/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix="$work/found/" "$work/corpus" "$root/corpus/$name" \
    >"$work/log" 2>&1 || true
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  crashes=$(find "$work/found" -type f | wc -l)
  found=$((found + crashes))
  printf '%-28s %12s %8s  %s\n' "$name" "${runs:-?}" "$(find "$work/corpus" -type f | wc -l)" \
    "$([ "$crashes" = 0 ] && [ -n "$runs" ] && echo nothing || echo "$crashes, in $work (log, found)")"
  [ -n "$runs" ] || found=$((found + 1))
done
times >"$build/fuzz/times"
echo "processor time of all targets, user and system: $(tail -n 1 "$build/fuzz/times")"
[ "$found" = 0 ]
