/*
 * Star products: every chip x of a graph of diameter 2 is replaced by a small graph G'.
 *
 * Chip (x, i) has number x·|G'| + i. (x, i) ~ (x, j) when i ~ j in G'; (x, i) ~ (y, f(i)) for every
 * edge x → y of the big graph, taken from the smaller number to the larger; where the big graph's
 * construction has a loop at x, (x, i) ~ (x, f(i)).
 *
 * polarstar:q,G'   ER_q with G' = an Inductive-Quad (f swaps 2i and 2i + 1) or Paley(r)
 * bundlefly:q,r    the McKay–Miller–Širáň graph of q with Paley(r), no loops
 *   Paley(r), r ≡ 1 (mod 4): i ~ j when i − j is a square; f multiplies by a non-square.
 *
 * Sources: Lakhotia et al., "PolarStar: expanding the horizon of diameter-3 networks", SPAA 2024;
 * Lei et al., "Bundlefly: a low-diameter topology for multicore fiber", ICS 2020.
 */
#include <stdio.h>

#include "rs__edges.h"
#include "rs_galois.h"

/* ---- the small graphs ---- */

#define SMALL_VERTICES_MAX 1024

typedef struct small_graph {
  rs__edges edges;
  uint32_t *f; /* [vertex] */
} small_graph;

static const rs__edge quad3_edges[] = {{0, 2}, {0, 4}, {0, 5}, {1, 2}, {1, 6}, {1, 7},
                                       {2, 5}, {3, 5}, {3, 6}, {3, 7}, {4, 6}, {4, 7}};
static const rs__edge quad4_edges[] = {{0, 2}, {0, 3}, {0, 4}, {0, 5}, {1, 6}, {1, 7}, {1, 8},
                                       {1, 9}, {2, 4}, {2, 5}, {2, 7}, {3, 7}, {3, 8}, {3, 9},
                                       {4, 8}, {4, 9}, {5, 6}, {5, 7}, {6, 8}, {6, 9}};

bool rs__paley_exists(int64_t r) {
  return r >= 5 && r % 4 == 1 && r <= SMALL_VERTICES_MAX && rs__polarfly_exists(r);
}

/* An Inductive-Quad of degree d has 2d + 2 vertices. */
static rs_status make_quad(rs_arena *arena, uint32_t degree, small_graph *g, rs_diag *diag) {
  const rs__edge *edges = degree == 3 ? quad3_edges : quad4_edges;
  uint32_t vertices = 2 * degree + 2, count = vertices * degree / 2;
  rs_status status = rs__edges_init(arena, &g->edges, vertices, count, diag);
  if (status != RS_OK) return status;
  g->f = RS_ARENA_NEW(arena, uint32_t, vertices);
  if (g->f == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < count; i++) rs__edges_add(&g->edges, edges[i].a, edges[i].b);
  for (uint32_t v = 0; v < vertices; v++) g->f[v] = v ^ 1;
  return RS_OK;
}

static rs_status make_paley(rs_arena *arena, uint32_t r, small_graph *g, rs_diag *diag) {
  rs_galois *field;
  rs_status status = rs_galois_create(arena, r, &field, diag);
  if (status == RS_OK) {
    status = rs__edges_init(arena, &g->edges, r, (uint64_t)r * (r - 1) / 4, diag);
  }
  if (status != RS_OK) return status;
  g->f = RS_ARENA_NEW(arena, uint32_t, r);
  if (g->f == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < r; i++) {
    g->f[i] = rs_galois_mul(field, i, field->generator);
    for (uint32_t j = i + 1; j < r; j++) {
      if (rs_galois_is_square(field, rs_galois_subtract(field, i, j))) {
        rs__edges_add(&g->edges, i, j);
      }
    }
  }
  return RS_OK;
}

/* ---- the product ---- */

static rs_status multiply(rs_arena *arena, const rs__edges *big, const small_graph *small,
                          rs__edges *result, rs_diag *diag) {
  uint32_t n = small->edges.vertex_count;
  uint64_t capacity = (uint64_t)big->vertex_count * (small->edges.count + n) + big->count * n;
  rs_status status = rs__edges_init(arena, result, big->vertex_count * n, capacity, diag);
  if (status != RS_OK) return status;
  for (uint32_t x = 0; x < big->vertex_count; x++) {
    for (size_t e = 0; e < small->edges.count; e++) {
      rs__edge edge = small->edges.items[e];
      rs__edges_add(result, x * n + edge.a, x * n + edge.b);
    }
    if (big->looped == NULL || !big->looped[x]) continue;
    for (uint32_t i = 0; i < n; i++) rs__edges_add(result, x * n + i, x * n + small->f[i]);
  }
  for (size_t e = 0; e < big->count; e++) {
    rs__edge edge = big->items[e];
    uint32_t from = RS_MIN(edge.a, edge.b), to = RS_MAX(edge.a, edge.b);
    for (uint32_t i = 0; i < n; i++) rs__edges_add(result, from * n + i, to * n + small->f[i]);
  }
  /* f is an involution of an Inductive-Quad, and loops of Paley may repeat its edges. */
  rs__edges_simplify(result);
  return RS_OK;
}

static rs_status build_product(rs_arena *arena, const rs__edges *big, const small_graph *small,
                               rs_wiring_builder *builder, rs_diag *diag) {
  rs__edges edges;
  rs_status status = multiply(arena, big, small, &edges, diag);
  return status == RS_OK ? rs__edges_build(&edges, builder, diag) : status;
}

static void plan_product(uint64_t big_chips, uint64_t big_ports, uint64_t small_chips,
                         uint64_t small_ports, rs__plan *plan) {
  plan->chips = rs__mul_saturate(big_chips, small_chips);
  plan->ports = big_ports + small_ports;
  plan->cables = rs__mul_saturate(plan->chips, plan->ports) / 2;
}

/* ---- polarstar:q,G' ---- */

enum { PARAM_Q, PARAM_SMALL };

typedef struct supernode {
  const char *word;
  uint32_t quad_degree; /* 0: Paley */
  uint32_t paley_order;
} supernode;

static const supernode supernodes[] = {
    {"iq3", 3, 0}, {"iq4", 4, 0}, {"paley5", 0, 5}, {"paley9", 0, 9}, {"paley13", 0, 13}};
static const char *const supernode_words[] = {"iq3", "iq4", "paley5", "paley9", "paley13", NULL};

static const rs__param polarstar_params[] = {
    [PARAM_Q] = {.key = "q",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = 359},
    [PARAM_SMALL] = {.key = "g",
                     .kind = RS__PARAM_CHOICE,
                     .positional = true,
                     .required = true,
                     .choices = supernode_words},
};

static rs_status plan_polarstar(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  int64_t q = arguments->value[PARAM_Q];
  const supernode *small = &supernodes[arguments->value[PARAM_SMALL]];
  if (!rs__polarfly_exists(q)) {
    char suggestion[64];
    snprintf(suggestion, sizeof suggestion, "polarstar:%lld,%s",
             (long long)rs__nearest_number(q, 2, 359, rs__polarfly_exists), small->word);
    rs__arguments_refuse(arguments, PARAM_Q, diag, "polarstar: there is none for q = %lld",
                         (long long)q);
    rs_diag_expect(diag, "a power of a prime");
    rs_diag_suggest(diag, suggestion);
    return RS_E_INPUT;
  }
  uint64_t vertices = small->quad_degree > 0 ? 2 * small->quad_degree + 2 : small->paley_order;
  uint64_t degree = small->quad_degree > 0 ? small->quad_degree : (small->paley_order - 1) / 2;
  plan_product((uint64_t)(q * q + q + 1), (uint64_t)q + 1, vertices, degree, plan);
  return RS_OK;
}

static rs_status build_polarstar(rs_arena *arena, const rs__arguments *arguments,
                                 rs_wiring_builder *builder, rs_diag *diag) {
  const supernode *choice = &supernodes[arguments->value[PARAM_SMALL]];
  rs__edges big;
  small_graph small;
  rs_status status = choice->quad_degree > 0 ? make_quad(arena, choice->quad_degree, &small, diag)
                                             : make_paley(arena, choice->paley_order, &small, diag);
  if (status == RS_OK) {
    status = rs__polarfly_edges(arena, (uint32_t)arguments->value[PARAM_Q], &big, diag);
  }
  return status == RS_OK ? build_product(arena, &big, &small, builder, diag) : status;
}

const rs__family rs__family_polarstar = {polarstar_params, RS_COUNT_OF(polarstar_params),
                                         plan_polarstar, build_polarstar};

/* ---- bundlefly:q,r ---- */

enum { PARAM_R = 1 };

static const rs__param bundlefly_params[] = {
    [PARAM_Q] = {.key = "q",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = 359},
    [PARAM_R] = {.key = "r",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = SMALL_VERTICES_MAX},
};

static rs_status plan_bundlefly(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  int64_t q = arguments->value[PARAM_Q], r = arguments->value[PARAM_R];
  bool q_exists = rs__slimfly_exists(q);
  if (!q_exists || !rs__paley_exists(r)) {
    char suggestion[64];
    snprintf(suggestion, sizeof suggestion, "bundlefly:%lld,%lld",
             (long long)rs__nearest_number(q, 2, 359, rs__slimfly_exists),
             (long long)rs__nearest_number(r, 5, SMALL_VERTICES_MAX, rs__paley_exists));
    rs__arguments_refuse(arguments, q_exists ? PARAM_R : PARAM_Q, diag,
                         "bundlefly: there is none for %s = %lld", q_exists ? "r" : "q",
                         (long long)(q_exists ? r : q));
    rs_diag_expect(diag, q_exists ? "a power of a prime that is 1 more than a multiple of 4"
                                  : "a power of a prime, at least 3");
    rs_diag_suggest(diag, suggestion);
    return RS_E_INPUT;
  }
  uint64_t big_ports = (uint64_t)(3 * q - rs__slimfly_delta(q)) / 2;
  plan_product(2 * (uint64_t)(q * q), big_ports, (uint64_t)r, (uint64_t)(r - 1) / 2, plan);
  return RS_OK;
}

static rs_status build_bundlefly(rs_arena *arena, const rs__arguments *arguments,
                                 rs_wiring_builder *builder, rs_diag *diag) {
  rs__edges big;
  small_graph small;
  rs_status status = make_paley(arena, (uint32_t)arguments->value[PARAM_R], &small, diag);
  if (status == RS_OK) {
    status = rs__slimfly_edges(arena, (uint32_t)arguments->value[PARAM_Q], &big, diag);
  }
  return status == RS_OK ? build_product(arena, &big, &small, builder, diag) : status;
}

const rs__family rs__family_bundlefly = {bundlefly_params, RS_COUNT_OF(bundlefly_params),
                                         plan_bundlefly, build_bundlefly};
