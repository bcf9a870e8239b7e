/*
 * Two graphs of diameter 2 over finite fields.
 *
 * polarfly:q   ER_q (Erdős–Rényi, Brown): the points of the projective plane over GF(q), two of them
 *   joined when their scalar product is 0; a point orthogonal to itself (a quadric, q + 1 of them)
 *   has no loop. Points are numbered (1, y, z), (0, 1, z), (0, 0, 1). `twins` gives each quadric w a
 *   chip w' with the neighbours of w, and a cable to w. Source: Lakhotia et al., "PolarFly: a
 *   cost-effective and flexible low-diameter topology", SC 2022.
 *
 * slimfly:q   McKay–Miller–Širáň graphs: chips (s, x, y), number sq² + xq + y;
 *   (0, x, y) ~ (0, x, y') when y − y' ∈ X, (1, m, c) ~ (1, m, c') when c − c' ∈ Y,
 *   (0, x, y) ~ (1, m, c) when y = mx + c; X and Y depend on q = 4w + δ. Source: Besta, Hoefler,
 *   "Slim Fly: a cost effective low-diameter network topology", SC 2014; Hafner, "Geometric
 *   realisation of the graphs of McKay–Miller–Širáň", 2004, for the sets when δ is 0 or −1.
 */
#include <stdio.h>

#include "rs__edges.h"
#include "rs_galois.h"

#define ORDER_MAX 1021 /* chips stay within RS__CHIPS_MAX: 1021² + 1021 + 1 */

/* Refuses parameter 0 with the nearest that exists. */
static rs_status refuse_order(const rs__arguments *arguments, const char *family,
                              const char *expected, const char *rest, bool (*exists)(int64_t),
                              rs_diag *diag) {
  char suggestion[64];
  int64_t order = arguments->value[0];
  snprintf(suggestion, sizeof suggestion, "%s:%lld%s", family,
           (long long)rs__nearest_number(order, 2, ORDER_MAX, exists), rest);
  rs__arguments_refuse(arguments, 0, diag, "%s: there is none for q = %lld", family,
                       (long long)order);
  rs_diag_expect(diag, "%s", expected);
  rs_diag_suggest(diag, suggestion);
  return RS_E_INPUT;
}

/* ---- polarfly:q[,twins] ---- */

bool rs__polarfly_exists(int64_t q) {
  uint64_t prime;
  uint32_t power;
  return q >= 2 && rs_is_prime_power((uint64_t)q, &prime, &power);
}

enum { PARAM_Q, PARAM_TWINS };

static const rs__param polarfly_params[] = {
    [PARAM_Q] = {.key = "q",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = ORDER_MAX},
    [PARAM_TWINS] = {.key = "twins", .kind = RS__PARAM_FLAG},
};

static rs_status plan_polarfly(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  uint64_t q = (uint64_t)arguments->value[PARAM_Q];
  bool twins = arguments->value[PARAM_TWINS] != 0;
  if (!rs__polarfly_exists((int64_t)q)) {
    return refuse_order(arguments, "polarfly", "a power of a prime", twins ? ",twins" : "",
                        rs__polarfly_exists, diag);
  }
  plan->chips = q * q + q + 1 + (twins ? q + 1 : 0);
  plan->ports = q + 1;
  /* A line meets the quadrics in at most 2 points when q is odd, in all q + 1 when it is even. */
  if (twins) plan->ports += q % 2 == 1 ? 2 : q + 1;
  plan->cables = q * (q + 1) * (q + 1) / 2 + (twins ? (q + 1) * (q + 1) : 0);
  return RS_OK;
}

typedef struct point {
  uint32_t x, y, z;
} point;

static point point_of(uint32_t q, uint32_t index) {
  if (index < q * q) return (point){1, index / q, index % q};
  if (index < q * q + q) return (point){0, 1, index - q * q};
  return (point){0, 0, 1};
}

/* Scales the first coordinate that is not 0 to 1; the number of the point. */
static uint32_t index_of(const rs_galois *f, point v) {
  uint32_t q = f->order;
  uint32_t lead = v.x != 0 ? v.x : v.y != 0 ? v.y : v.z;
  uint32_t inverse = rs_galois_power(f, f->order - 1U - f->log[lead]);
  v.y = rs_galois_mul(f, v.y, inverse);
  v.z = rs_galois_mul(f, v.z, inverse);
  if (v.x != 0) return v.y * q + v.z;
  return v.y != 0 ? q * q + v.z : q * q + q;
}

static bool is_quadric(const rs_galois *f, point v) {
  uint32_t sum = rs_galois_add(f, rs_galois_mul(f, v.x, v.x), rs_galois_mul(f, v.y, v.y));
  return rs_galois_add(f, sum, rs_galois_mul(f, v.z, v.z)) == 0;
}

/* Two independent vectors that are orthogonal to u. */
static void span_of(const rs_galois *f, point u, point *v, point *w) {
  if (u.x != 0) {
    *v = (point){u.y, rs_galois_negate(f, u.x), 0};
    *w = (point){u.z, 0, rs_galois_negate(f, u.x)};
  } else if (u.y != 0) {
    *v = (point){1, 0, 0};
    *w = (point){0, u.z, rs_galois_negate(f, u.y)};
  } else {
    *v = (point){1, 0, 0};
    *w = (point){0, 1, 0};
  }
}

/* The k-th of the q + 1 points on the line of v and w. */
static uint32_t point_on_line(const rs_galois *f, point v, point w, uint32_t k) {
  if (k == f->order) return index_of(f, w);
  return index_of(f, (point){rs_galois_add(f, v.x, rs_galois_mul(f, k, w.x)),
                             rs_galois_add(f, v.y, rs_galois_mul(f, k, w.y)),
                             rs_galois_add(f, v.z, rs_galois_mul(f, k, w.z))});
}

rs_status rs__polarfly_edges(rs_arena *arena, uint32_t q, rs__edges *edges, rs_diag *diag) {
  rs_galois *field;
  uint32_t points = q * q + q + 1;
  rs_status status = rs_galois_create(arena, q, &field, diag);
  if (status == RS_OK) {
    status = rs__edges_init(arena, edges, points, (uint64_t)q * (q + 1) * (q + 1) / 2, diag);
  }
  bool *looped = RS_ARENA_NEW(arena, bool, points);
  if (status == RS_OK && looped == NULL) status = rs_arena_failed(arena, diag);
  if (status != RS_OK) return status;
  for (uint32_t u = 0; u < points; u++) {
    point v, w;
    looped[u] = is_quadric(field, point_of(q, u));
    span_of(field, point_of(q, u), &v, &w);
    for (uint32_t k = 0; k <= q; k++) {
      uint32_t other = point_on_line(field, v, w, k);
      if (u < other) rs__edges_add(edges, u, other);
    }
  }
  edges->looped = looped;
  rs__edges_simplify(edges);
  return RS_OK;
}

/* Quadric number k gets twin `points + k`. */
static rs_status add_twins(const rs__edges *edges, rs_wiring_builder *builder, rs_diag *diag) {
  uint32_t *twin = RS_ARENA_NEW(edges->arena, uint32_t, edges->vertex_count);
  if (twin == NULL) return rs_arena_failed(edges->arena, diag);
  uint32_t next = edges->vertex_count;
  rs_status status = RS_OK;
  for (uint32_t u = 0; u < edges->vertex_count && status == RS_OK; u++) {
    if (!edges->looped[u]) continue;
    twin[u] = next++;
    status = rs__cable_add(builder, u, twin[u], diag);
  }
  for (size_t i = 0; i < edges->count && status == RS_OK; i++) {
    rs__edge e = edges->items[i];
    if (twin[e.a] != 0) status = rs__cable_add(builder, e.b, twin[e.a], diag);
    if (twin[e.b] != 0 && status == RS_OK) status = rs__cable_add(builder, e.a, twin[e.b], diag);
  }
  return status;
}

static rs_status build_polarfly(rs_arena *arena, const rs__arguments *arguments,
                                rs_wiring_builder *builder, rs_diag *diag) {
  rs__edges edges;
  rs_status status = rs__polarfly_edges(arena, (uint32_t)arguments->value[PARAM_Q], &edges, diag);
  if (status == RS_OK) status = rs__edges_build(&edges, builder, diag);
  if (status == RS_OK && arguments->value[PARAM_TWINS] != 0) {
    status = add_twins(&edges, builder, diag);
  }
  return status;
}

const rs__family rs__family_polarfly = {polarfly_params, RS_COUNT_OF(polarfly_params),
                                        plan_polarfly, build_polarfly};

/* ---- slimfly:q ---- */

int rs__slimfly_delta(int64_t q) {
  return q % 4 == 0 ? 0 : q % 4 == 1 ? 1 : -1;
}

bool rs__slimfly_exists(int64_t q) {
  return q >= 3 && q % 4 != 2 && rs__polarfly_exists(q);
}

#define SLIMFLY_ORDER_MAX 719 /* 2q² within RS__CHIPS_MAX */

static const rs__param slimfly_params[] = {
    {.key = "q",
     .kind = RS__PARAM_NUMBER,
     .positional = true,
     .required = true,
     .value_min = 2,
     .value_max = SLIMFLY_ORDER_MAX},
};

static rs_status plan_slimfly(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  int64_t q = arguments->value[0];
  if (!rs__slimfly_exists(q)) {
    return refuse_order(arguments, "slimfly", "a power of a prime, at least 3", "",
                        rs__slimfly_exists, diag);
  }
  plan->chips = 2 * (uint64_t)(q * q);
  plan->ports = (uint64_t)(3 * q - rs__slimfly_delta(q)) / 2;
  plan->cables = plan->chips * plan->ports / 2;
  return RS_OK;
}

/* in_x[a], in_y[a]: the sets X and Y. Exponents of the generator, by δ. */
static void fill_sets(const rs_galois *f, bool *in_x, bool *in_y) {
  uint32_t q = f->order, w = (q + 1) / 4;
  for (uint32_t i = 0; i < q - 1; i++) {
    bool x = i % 2 == 0;
    bool y = !x;
    switch (rs__slimfly_delta(q)) {
      case 1: /* even powers, odd powers */
        break;
      case 0: /* q − 1 is odd: 0, 2 … q − 2 and 1, 3 … q − 3, q − 1 = 0 */
        y = i % 2 == 1 || i == 0;
        break;
      default: /* 0, 2 … 2w − 2 and 2w − 1, 2w + 1 … 4w − 3; Y = X shifted by one */
        x = i <= 2 * w - 2 ? i % 2 == 0 : i % 2 == 1;
        y = i >= 1 && i <= 2 * w - 1 ? i % 2 == 1 : i % 2 == 0;
        break;
    }
    if (x) in_x[rs_galois_power(f, i)] = true;
    if (y) in_y[rs_galois_power(f, i)] = true;
  }
}

/* Chips of one (s, x): y ~ y' when y − y' is in the set. */
static void add_cosets(const rs_galois *f, rs__edges *edges, uint32_t first, const bool *in_set) {
  for (uint32_t y = 0; y < f->order; y++) {
    for (uint32_t other = y + 1; other < f->order; other++) {
      if (in_set[rs_galois_subtract(f, y, other)]) rs__edges_add(edges, first + y, first + other);
    }
  }
}

rs_status rs__slimfly_edges(rs_arena *arena, uint32_t q, rs__edges *edges, rs_diag *diag) {
  rs_galois *field;
  uint64_t ports = (uint64_t)((int64_t)(3 * q) - rs__slimfly_delta(q)) / 2;
  rs_status status = rs_galois_create(arena, q, &field, diag);
  if (status == RS_OK) status = rs__edges_init(arena, edges, 2 * q * q, ports * q * q, diag);
  bool *in_x = RS_ARENA_NEW(arena, bool, q), *in_y = RS_ARENA_NEW(arena, bool, q);
  if (status == RS_OK && (in_x == NULL || in_y == NULL)) status = rs_arena_failed(arena, diag);
  if (status != RS_OK) return status;
  fill_sets(field, in_x, in_y);
  for (uint32_t x = 0; x < q; x++) {
    add_cosets(field, edges, x * q, in_x);
    add_cosets(field, edges, q * q + x * q, in_y);
    for (uint32_t m = 0; m < q; m++) {
      uint32_t product = rs_galois_mul(field, m, x);
      for (uint32_t c = 0; c < q; c++) {
        uint32_t y = rs_galois_add(field, product, c);
        rs__edges_add(edges, x * q + y, q * q + m * q + c);
      }
    }
  }
  return RS_OK;
}

static rs_status build_slimfly(rs_arena *arena, const rs__arguments *arguments,
                               rs_wiring_builder *builder, rs_diag *diag) {
  rs__edges edges;
  rs_status status = rs__slimfly_edges(arena, (uint32_t)arguments->value[0], &edges, diag);
  return status == RS_OK ? rs__edges_build(&edges, builder, diag) : status;
}

const rs__family rs__family_slimfly = {slimfly_params, RS_COUNT_OF(slimfly_params), plan_slimfly,
                                       build_slimfly};
