/*
 * Distances of a wiring, ours against igraph's, in one run: prints both times and their ratio, and
 * fails when the results differ. Usage: bench_topology_measure [SPEC] (default realscale:10440).
 */
#include <igraph.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "rs_measure.h"
#include "rs_topology.h"

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

static int compare(const char *spec, const rs_wiring *wiring, const rs_measure *measure,
                   double ours_s) {
  igraph_t graph;
  igraph_real_t diameter = 0, average = 0;
  if (create_graph(wiring, &graph) != IGRAPH_SUCCESS) return 1;
  double start = now_s();
  igraph_diameter(&graph, &diameter, NULL, NULL, NULL, NULL, IGRAPH_UNDIRECTED, 1);
  double diameter_s = now_s() - start;
  start = now_s();
  igraph_average_path_length(&graph, &average, NULL, IGRAPH_UNDIRECTED, 1);
  double average_s = now_s() - start;
  igraph_destroy(&graph);
  printf("%s: diameter %u, average %.5f\n", spec, measure->diameter_hops, measure->average_hops);
  printf("ours                        %8.3f s\n", ours_s);
  printf("igraph diameter             %8.3f s, ratio %.1f\n", diameter_s, diameter_s / ours_s);
  printf("igraph average path length  %8.3f s, ratio %.1f\n", average_s, average_s / ours_s);
  bool same = measure->diameter_hops == diameter && fabs(measure->average_hops - average) < 1e-9;
  printf("results %s\n", same ? "agree" : "DIFFER");
  return same ? 0 : 1;
}

int main(int argc, char **argv) {
  const char *spec = argc > 1 ? argv[1] : "realscale:10440";
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring;
  rs_measure measure;
  rs_diag diag = {0};
  if (arena == NULL) return 1;
  rs_status status = rs_topology_parse(arena, spec, &topology, &diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, &diag);
  double start = now_s();
  if (status == RS_OK) status = rs_measure_distances(arena, wiring, &measure, &diag);
  double ours_s = now_s() - start;
  if (status != RS_OK) {
    char text[1024];
    rs_diag_format(&diag, text, sizeof text);
    fprintf(stderr, "%s\n", text);
  }
  int result = status == RS_OK ? compare(spec, wiring, &measure, ours_s) : 1;
  rs_arena_destroy(arena);
  return result;
}
