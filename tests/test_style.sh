#!/bin/sh
# The house rules that a program can hold: include arrows, spacing, names of files, no printf below
# experiments/. Usage: test_style.sh ROOT [includes|format|files|planted]. Exit 1 with one line a
# violation. `planted` proves that the include rule can fail: it plants a wrong include in a copy.
set -eu

root=$1
what=$2

# folder: the folders whose headers it may include
allowed_includes() {
  case $1 in
  base) echo "base" ;;
  netsim) echo "netsim base" ;;
  topology) echo "topology netsim base" ;;
  collectives) echo "collectives topology netsim base" ;;
  chip_model) echo "chip_model netsim base" ;;
  workloads) echo "workloads collectives chip_model topology netsim base" ;;
  experiments) echo "experiments workloads collectives chip_model topology netsim base" ;;
  esac
}

folders="base netsim topology collectives chip_model workloads experiments"

# Every #include "x" of every folder must be a header of an allowed folder. Reads a tree, prints
# violations as file:line: …
check_includes() {
  tree=$1
  status=0
  for folder in $folders; do
    for file in "$tree/$folder"/*.c "$tree/$folder"/*.h; do
      [ -e "$file" ] || continue
      grep -n '^ *# *include *"' "$file" | sed 's/^\([0-9]*\):.*"\(.*\)".*/\1 \2/' >"$scratch/includes"
      while read -r line header; do
        case $header in *.inc) continue ;; esac # generated beside the library
        found=
        for allowed in $(allowed_includes "$folder"); do
          [ ! -e "$tree/$allowed/$header" ] || found=$allowed
        done
        # A header that is private to its folder (two underscores) stays there.
        case $header in rs__*) [ "$found" = "$folder" ] || found= ;; esac
        if [ -z "$found" ]; then
          echo "${file#"$tree"/}:$line: includes \"$header\", which $folder/ may not"
          status=1
        fi
      done <"$scratch/includes"
    done
  done
  # The checker shares no code with the compilers.
  if grep -nE '#include "(rs_collective|rs__collective|rs_calendar|rs__calendar|rs_bound|rs_route)' \
    "$tree"/collectives/rs_checker*.c "$tree"/collectives/rs__checker*.h "$tree"/collectives/rs_field.*; then
    echo "collectives/: the checker includes a header of the compilers"
    status=1
  fi
  return $status
}

# A wrong include of every kind must be seen.
check_planted() {
  plant "netsim/rs_wiring.c" "rs_topology.h"
  plant "base/rs_text.c" "rs_wiring.h"
  plant "chip_model/rs_cost.h" "rs_collective.h"
  plant "workloads/rs_decode.h" "rs_cli.h"
  plant "collectives/rs_checker.c" "rs_route.h"
}

plant() {
  rm -rf "$scratch/tree"
  mkdir "$scratch/tree"
  for folder in $folders; do cp -R "$root/$folder" "$scratch/tree/"; done
  printf '#include "%s"\n' "$2" >>"$scratch/tree/$1"
  if check_includes "$scratch/tree" >"$scratch/out"; then
    echo "$1: a planted include of \"$2\" was not seen"
    exit 1
  fi
}

check_format() {
  command -v clang-format >/dev/null || { echo "clang-format is missing"; exit 1; }
  (cd "$root" && git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format --dry-run -Werror --style=file)
}

check_files() {
  status=0
  cd "$root"
  names=$(git ls-files -co --exclude-standard '*.c' '*.h' | sed 's#.*/##' | sort | uniq -d)
  [ -z "$names" ] || { echo "file names that stand twice in the tree: $names"; status=1; }
  for folder in base netsim topology collectives chip_model workloads; do
    if grep -nE '(^|[^_a-zA-Z])(printf|fprintf|exit|abort|fopen|getenv|time|clock_gettime) *\(' "$folder"/*.c /dev/null; then
      echo "$folder/: prints, exits, reads a file, the environment or the clock; only experiments/ may"
      status=1
    fi
  done
  return $status
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
case $what in
includes) check_includes "$root" ;;
planted) check_planted ;;
format) check_format ;;
files) check_files ;;
*) echo "unknown rule $what"; exit 2 ;;
esac
