#!/bin/sh
# The same bytes at any number of ranks: test_mpi.sh PROGRAM EXPERIMENT
set -eu
program=$1
experiment=$2
command -v mpirun >/dev/null || { echo "mpirun is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A container has one user and few processors; what MPI keeps to its end is not ours to judge.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ASAN_OPTIONS=detect_leaks=0
ranks() {
  count=$1
  shift
  mpirun --oversubscribe --mca btl self,vader --mca btl_vader_single_copy_mechanism none \
    --mca plm_rsh_agent true -n "$count" "$@"
}
sweep='sweep.context=[512,1024,1536,2048,3000]'
"$program" run "$experiment" --set "$sweep" -o "$scratch/one" -j 1 >"$scratch/one.txt" 2>/dev/null
for count in 2 3; do
  ranks "$count" "$program" run "$experiment" --set "$sweep" -o "$scratch/$count" \
    >"$scratch/$count.txt" 2>"$scratch/log" || { cat "$scratch/log"; exit 1; }
  cmp "$scratch/one.txt" "$scratch/$count.txt"
  for file in results.csv results.json manifest.json; do
    cmp "$scratch/one/$file" "$scratch/$count/$file"
  done
done

# A sweep that was made by one process is resumed by two, which then compute nothing but what is new.
ranks 2 "$program" run "$experiment" --set 'sweep.context=[512,640,1024]' --resume \
  -o "$scratch/one" >/dev/null 2>"$scratch/log"
[ "$(wc -l <"$scratch/one/results.csv")" = 4 ]

# A mistake is said once and ends all ranks; a command without points runs once.
if ranks 2 "$program" run "$scratch/none.yaml" >/dev/null 2>"$scratch/log"; then exit 1; fi
[ "$(grep -c 'cannot open' "$scratch/log")" = 1 ]
[ "$(ranks 2 "$program" topology mesh:8 --format csv 2>/dev/null | wc -l)" = 2 ]
