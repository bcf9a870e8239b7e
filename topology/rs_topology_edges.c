/*
 * Lists of edges, and the search for the nearest parameter that has a construction.
 */
#include <stdlib.h>

#include "rs__edges.h"

rs_status rs__edges_init(rs_arena *arena, rs__edges *edges, uint32_t vertex_count,
                         uint64_t capacity, rs_diag *diag) {
  *edges = (rs__edges){.arena = arena, .vertex_count = vertex_count, .capacity = capacity};
  edges->items = RS_ARENA_NEW(arena, rs__edge, capacity);
  return edges->items == NULL ? rs_arena_failed(arena, diag) : RS_OK;
}

void rs__edges_add(rs__edges *edges, uint32_t a, uint32_t b) {
  assert(edges->count < edges->capacity);
  edges->items[edges->count++] = (rs__edge){a, b};
}

static int compare_edges(const void *left, const void *right) {
  const rs__edge *x = left, *y = right;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return (x->b > y->b) - (x->b < y->b);
}

void rs__edges_simplify(rs__edges *edges) {
  size_t kept = 0;
  for (size_t i = 0; i < edges->count; i++) {
    rs__edge e = edges->items[i];
    if (e.a == e.b) continue;
    edges->items[kept++] = (rs__edge){RS_MIN(e.a, e.b), RS_MAX(e.a, e.b)};
  }
  qsort(edges->items, kept, sizeof *edges->items, compare_edges);
  edges->count = 0;
  for (size_t i = 0; i < kept; i++) {
    if (i > 0 && compare_edges(&edges->items[i - 1], &edges->items[i]) == 0) continue;
    edges->items[edges->count++] = edges->items[i];
  }
}

rs_status rs__edges_build(const rs__edges *edges, rs_wiring_builder *builder, rs_diag *diag) {
  for (size_t i = 0; i < edges->count; i++) {
    rs_status status = rs__cable_add(builder, edges->items[i].a, edges->items[i].b, diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

int64_t rs__nearest_number(int64_t n, int64_t low, int64_t high, bool (*exists)(int64_t)) {
  for (int64_t away = 0; n - away >= low || n + away <= high; away++) {
    if (n - away >= low && n - away <= high && exists(n - away)) return n - away;
    if (n + away >= low && n + away <= high && exists(n + away)) return n + away;
  }
  return -1;
}
