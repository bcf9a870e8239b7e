/*
 * Route tables: time to build and to check, and how evenly the routes load the links.
 * Usage: bench_topology_routes [SPEC [EXTRA_HOPS]] (default realscale:264 0).
 */
#include "rs_bench.h"
#include "rs_route_table.h"
#include "rs_topology.h"

#define RUNS 9

static rs_status time_tables(rs_arena *arena, const rs_wiring *wiring, uint32_t extra_hops,
                             rs_diag *diag) {
  double build_s[RUNS], check_s[RUNS];
  rs_route_options options = {.extra_hops = extra_hops};
  rs_route_balance balance = {0};
  for (int run = 0; run < RUNS; run++) {
    rs_route_table table;
    double start = bench_cpu_s();
    rs_status status = rs_route_table_build(arena, wiring, &options, &table, diag);
    if (status != RS_OK) return status;
    build_s[run] = bench_cpu_s() - start;
    start = bench_cpu_s();
    status = rs_route_table_check(&table, 0, &balance, diag);
    if (status != RS_OK) return status;
    check_s[run] = bench_cpu_s() - start;
  }
  printf("%u … %u routes a link, mean %.2f; %llu detours\n", balance.load_min, balance.load_max,
         balance.load_mean, (unsigned long long)balance.detours);
  bench_report("build", build_s, RUNS);
  bench_report("check", check_s, RUNS);
  return RS_OK;
}

int main(int argc, char **argv) {
  const char *spec = argc > 1 ? argv[1] : "realscale:264";
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_status status = rs_topology_parse(arena, spec, &topology, &diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, &diag);
  if (status == RS_OK) {
    status = time_tables(arena, wiring, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0, &diag);
  }
  if (status != RS_OK) fprintf(stderr, "%s\n", diag.what);
  rs_arena_destroy(arena);
  return status == RS_OK ? 0 : 1;
}
