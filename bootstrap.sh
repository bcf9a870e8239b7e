#!/bin/sh
# RealScale from nothing: installs what is missing from Debian's packages, builds, and then
#
#   ./bootstrap.sh run [EXPERIMENT.yaml [OPTION…]]   runs an experiment (the main job by default)
#   ./bootstrap.sh test                              runs every test, plain and under sanitizers
#   ./bootstrap.sh accept                            takes this build's schedules as the golden ones
#   ./bootstrap.sh fuzz [SECONDS]                    fuzzes every parser, a minute each or as long as said
#   ./bootstrap.sh build                             only sets up and builds
#
# A second call skips what is done. Needs Debian 12 or later, and root or sudo only when a package
# is missing. Progress goes to stderr, results to stdout.
set -eu

root=$(cd "$(dirname "$0")" && pwd)

packages="cmake ninja-build pkg-config gcc libc6-dev libigraph-dev libfyaml-dev libjansson-dev
  libsqlite3-dev libcmocka-dev libsimgrid-dev gnuplot-nox fonts-dejavu-core"
test_packages="clang clang-format libopenmpi-dev openmpi-bin"

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# Prints the packages of "$@" that dpkg does not know as installed.
missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || printf '%s ' "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null || die "this set-up needs Debian's dpkg; on another system install: $packages"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing packages: $missing; install them as root"
    as_root=sudo
  fi
  say "installing $missing"
  # shellcheck disable=SC2086 # the list is meant to split
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $missing >/dev/null 2>&1 || {
    $as_root apt-get update -qq >&2 &&
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $missing >&2
  } || die "could not install: $missing"
}

build_preset() {
  log=$root/build/$1.log
  mkdir -p "$root/build"
  if ! { (cd "$root" && cmake --preset "$1") && (cd "$root" && cmake --build --preset "$1"); } \
    >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "the build failed; all of its output is in $log"
  fi
}

run_tests() {
  (cd "$root" && ctest --preset "$1" -j "$(nproc)")
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
run)
  # shellcheck disable=SC2086
  install_packages $packages
  build_preset default
  case ${1:-} in
  '' | -*) set -- "$root/experiments/llama2_70b.yaml" "$@" ;; # options alone: of the main job
  esac
  exec "$root/build/default/experiments/realscale" run "$@"
  ;;
build)
  # shellcheck disable=SC2086
  install_packages $packages
  build_preset default
  say "built $root/build/default/experiments/realscale"
  ;;
accept)
  # shellcheck disable=SC2086
  install_packages $packages
  build_preset default
  (cd "$root" && cmake --build --preset default --target accept)
  say "review with: git diff tests/golden"
  ;;
fuzz)
  # shellcheck disable=SC2086
  install_packages $packages $test_packages
  say "building the fuzz targets with clang and sanitizers"
  build_preset fuzz
  exec "$root/tests/fuzz/run.sh" "$root/build/fuzz" "${1:-60}"
  ;;
test)
  # shellcheck disable=SC2086
  install_packages $packages $test_packages
  say "building with clang, for its warnings"
  build_preset clang
  say "building with AddressSanitizer and UndefinedBehaviorSanitizer"
  build_preset asan
  run_tests asan
  say "building with optimisation"
  build_preset default
  run_tests default
  ;;
*)
  sed -n '2,11s/^# \{0,1\}//p' "$0"
  [ "$command" = help ] || [ "$command" = --help ] || exit 2
  ;;
esac
