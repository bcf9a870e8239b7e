/*
 * Private to topology/: graphs as lists of edges, for families that are made in two steps.
 */
#ifndef RS__EDGES_H
#define RS__EDGES_H

#include "rs__family.h"

typedef struct rs__edge {
  uint32_t a, b;
} rs__edge;

typedef struct rs__edges {
  rs_arena *arena;
  rs__edge *items;
  size_t count;
  size_t capacity;
  uint32_t vertex_count;
  const bool *looped; /* [vertex] or NULL: where the construction has a loop that is not an edge */
} rs__edges;

/* Room for `capacity` edges. */
rs_status rs__edges_init(rs_arena *arena, rs__edges *edges, uint32_t vertex_count,
                         uint64_t capacity, rs_diag *diag);

/* Within the capacity: more is our mistake. */
void rs__edges_add(rs__edges *edges, uint32_t a, uint32_t b);

/* Drops loops, puts the smaller end first, sorts, and keeps one of equal edges. */
void rs__edges_simplify(rs__edges *edges);

/* One cable an edge, in their order. */
rs_status rs__edges_build(const rs__edges *edges, rs_wiring_builder *builder, rs_diag *diag);

/* The graphs that star products start from. Orders must have a construction. */
rs_status rs__polarfly_edges(rs_arena *arena, uint32_t q, rs__edges *edges, rs_diag *diag);
rs_status rs__slimfly_edges(rs_arena *arena, uint32_t q, rs__edges *edges, rs_diag *diag);

bool rs__polarfly_exists(int64_t q);
bool rs__slimfly_exists(int64_t q);
bool rs__paley_exists(int64_t r);
/* q = 4w + δ with δ in −1, 0, 1. */
int rs__slimfly_delta(int64_t q);

/* The number nearest to n in low … high that `exists`, the smaller of two; −1 when there is none. */
int64_t rs__nearest_number(int64_t n, int64_t low, int64_t high, bool (*exists)(int64_t));

#endif
