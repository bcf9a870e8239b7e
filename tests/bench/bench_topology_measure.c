/*
 * Measures of a wiring of cables, ours against igraph's, in one run: prints CPU seconds and ratios,
 * and fails when the results differ. Usage: bench_topology_measure [SPEC] (default
 * realscale:10440, where igraph takes about a minute).
 */
#include <igraph.h>
#include <math.h>

#include "rs_bench.h"
#include "rs_measure.h"
#include "rs_topology.h"

typedef struct timed {
  rs_measure measure;
  rs_measure_more more;
  double distances_s, connectivity_s, betweenness_s;
} timed;

static igraph_error_t create_graph(const rs_wiring *wiring, igraph_t *graph) {
  igraph_vector_int_t ends;
  igraph_error_t error = igraph_vector_int_init(&ends, 2 * (igraph_integer_t)wiring->cable_count);
  igraph_integer_t used = 0;
  if (error != IGRAPH_SUCCESS) return error;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    if (wiring->links[l].reverse < l) continue;
    VECTOR(ends)[used++] = wiring->links[l].from;
    VECTOR(ends)[used++] = wiring->links[l].to;
  }
  error = igraph_create(graph, &ends, wiring->chip_count, IGRAPH_UNDIRECTED);
  igraph_vector_int_destroy(&ends);
  return error;
}

static bool report(const char *what, double ours_s, double igraph_s, bool same) {
  printf("%-28s ours %8.3f s, igraph %8.3f s, ratio %.0f, results %s\n", what, ours_s, igraph_s,
         igraph_s / ours_s, same ? "agree" : "DIFFER");
  return same;
}

static bool compare_distances(const igraph_t *graph, const timed *ours) {
  igraph_real_t diameter = 0, average = 0;
  double start = bench_cpu_s();
  igraph_diameter(graph, &diameter, NULL, NULL, NULL, NULL, IGRAPH_UNDIRECTED, 1);
  double diameter_s = bench_cpu_s() - start;
  start = bench_cpu_s();
  igraph_average_path_length(graph, &average, NULL, IGRAPH_UNDIRECTED, 1);
  double average_s = bench_cpu_s() - start;
  bool same = report("diameter, distances", ours->distances_s, diameter_s,
                     ours->measure.diameter_hops == diameter);
  return report("average hops, distances", ours->distances_s, average_s,
                fabs(ours->measure.average_hops - average) < 1e-9) &&
         same;
}

static bool compare_connectivity(const igraph_t *graph, const timed *ours) {
  igraph_integer_t connectivity = 0;
  double start = bench_cpu_s();
  igraph_edge_connectivity(graph, &connectivity, /*checks=*/0);
  return report("edge connectivity", ours->connectivity_s, bench_cpu_s() - start,
                ours->measure.edge_connectivity == connectivity);
}

static bool compare_betweenness(const igraph_t *graph, const timed *ours) {
  igraph_vector_t values;
  if (igraph_vector_init(&values, 0) != IGRAPH_SUCCESS) return false;
  double start = bench_cpu_s();
  igraph_edge_betweenness(graph, &values, IGRAPH_UNDIRECTED, NULL);
  double seconds = bench_cpu_s() - start;
  double most = igraph_vector_max(&values);
  igraph_vector_destroy(&values);
  return report("edge betweenness", ours->betweenness_s, seconds,
                fabs(ours->more.betweenness_max - most) < 1e-9 * most);
}

static rs_status measure(rs_arena *arena, const rs_wiring *wiring, timed *t, rs_diag *diag) {
  double start = bench_cpu_s();
  rs_status status = rs_measure_distances(arena, wiring, &t->measure, diag);
  t->distances_s = bench_cpu_s() - start;
  start = bench_cpu_s();
  if (status == RS_OK) status = rs_measure_run(arena, wiring, true, &t->measure, diag);
  t->connectivity_s = bench_cpu_s() - start - t->distances_s; /* the run measures distances too */
  start = bench_cpu_s();
  if (status == RS_OK) {
    status =
        rs_measure_run_more(arena, wiring, &t->measure, RS_MEASURE_BETWEENNESS, &t->more, diag);
  }
  t->betweenness_s = bench_cpu_s() - start;
  return status;
}

/* The parts that have no rival here. */
static rs_status time_others(rs_arena *arena, const rs_wiring *wiring, const timed *t,
                             rs_diag *diag) {
  static const struct {
    const char *name;
    unsigned part;
  } parts[] = {{"girth", RS_MEASURE_GIRTH},
               {"bisection and its bound", RS_MEASURE_BISECTION},
               {"symmetry (igraph)", RS_MEASURE_SYMMETRY}};
  rs_status status = RS_OK;
  for (size_t i = 0; status == RS_OK && i < RS_COUNT_OF(parts); i++) {
    rs_measure_more more;
    double start = bench_cpu_s();
    status = rs_measure_run_more(arena, wiring, &t->measure, parts[i].part, &more, diag);
    printf("%-28s ours %8.3f s\n", parts[i].name, bench_cpu_s() - start);
  }
  return status;
}

int main(int argc, char **argv) {
  const char *spec = argc > 1 ? argv[1] : "realscale:10440";
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring = NULL;
  timed ours;
  igraph_t graph;
  rs_diag diag = {0};
  bool same = false;
  if (arena == NULL) return 1;
  rs_status status = rs_topology_parse(arena, spec, &topology, &diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, &diag);
  if (status == RS_OK) status = measure(arena, wiring, &ours, &diag);
  if (status == RS_OK) {
    printf("%s: diameter %u, average %.5f, connectivity %lld, betweenness %.1f\n", spec,
           ours.measure.diameter_hops, ours.measure.average_hops,
           (long long)ours.measure.edge_connectivity, ours.more.betweenness_max);
    status = time_others(arena, wiring, &ours, &diag);
    bench_report_memory();
  }
  if (status == RS_OK && create_graph(wiring, &graph) == IGRAPH_SUCCESS) {
    same = compare_distances(&graph, &ours);
    same = compare_betweenness(&graph, &ours) && same;
    same = compare_connectivity(&graph, &ours) && same;
    igraph_destroy(&graph);
  }
  if (status != RS_OK) {
    char text[1024];
    rs_diag_format(&diag, text, sizeof text);
    fprintf(stderr, "%s\n", text);
  }
  rs_arena_destroy(arena);
  return same ? 0 : 1;
}
