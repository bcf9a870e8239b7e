/*
 * The search over port tables: what it gains and what a step costs.
 * Usage: bench_topology_optimise [SPEC [SEED [STEPS]]] (default realscale:10440,wiring=natural 1
 * 1000).
 */
#include "rs_bench.h"
#include "rs_optimise.h"

static void print_measure(const char *when, const rs_optimise_measure *m) {
  printf("%-7s diameter %u, average %.5f, pairs beyond the target %llu\n", when, m->diameter_hops,
         m->average_hops, (unsigned long long)m->pairs_beyond);
}

int main(int argc, char **argv) {
  const char *spec = argc > 1 ? argv[1] : "realscale:10440,wiring=natural";
  rs_optimise_options options = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                                 .steps_max = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000};
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_topology *topology;
  rs_optimise_result result;
  double start = bench_cpu_s();
  rs_status status = rs_topology_parse(arena, spec, &topology, &diag);
  if (status == RS_OK) status = rs_optimise_ports(arena, topology, &options, &result, &diag);
  if (status == RS_OK) {
    double seconds = bench_cpu_s() - start;
    print_measure("before:", &result.before);
    print_measure("after:", &result.after);
    printf("target %u hops; %llu steps in %.2f s, %llu accepted, %llu improved\n%s\n",
           result.target_hops, (unsigned long long)result.steps, seconds,
           (unsigned long long)result.accepted, (unsigned long long)result.improved, result.spec);
  } else {
    fprintf(stderr, "%s\n", diag.what);
  }
  rs_arena_destroy(arena);
  return status == RS_OK ? 0 : 1;
}
