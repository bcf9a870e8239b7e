#!/bin/sh
# Runs the README's examples: in every ```console block, each "$ command" must print exactly the lines
# that follow it. Usage: test_readme.sh ROOT PROGRAM [accept]; accept prints the README with the
# outputs of this run in their places.
set -u

root=$1
program=$2
mode=${3:-check}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work"
ln -s "$program" "$scratch/bin/realscale"
ln -s "$root/experiments" "$scratch/work/experiments"
PATH=$scratch/bin:$PATH
cd "$scratch/work" || exit 1

commands=0
failed=0
inside=
pending=
: >"$scratch/expected"

# Runs the pending command and compares, or prints, its output.
finish_command() {
  [ -n "$pending" ] || return 0
  commands=$((commands + 1))
  sh -c "$pending" >"$scratch/actual" 2>"$scratch/errors"
  if [ "$mode" = accept ]; then
    cat "$scratch/actual"
  elif ! diff "$scratch/expected" "$scratch/actual" >"$scratch/diff"; then
    printf 'README: `%s` prints something else:\n' "$pending"
    cat "$scratch/diff" "$scratch/errors"
    failed=1
  fi
  pending=
  : >"$scratch/expected"
}

while IFS= read -r line; do
  case $inside$line in
  '```console') inside=1 ;;
  '1```')
    finish_command
    inside=
    ;;
  1'$ '*)
    finish_command
    pending=${line#'$ '}
    ;;
  1*)
    printf '%s\n' "$line" >>"$scratch/expected"
    [ "$mode" = accept ] && continue
    ;;
  esac
  [ "$mode" = accept ] && printf '%s\n' "$line"
done <"$root/README.md"

[ "$mode" = accept ] && exit 0
[ "$commands" -ge 5 ] || { echo "README: only $commands examples were found"; exit 1; }
exit $failed
