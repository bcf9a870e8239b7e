/*
 * random:n=,degree=,seed=, a connected random regular graph (Jellyfish).
 *
 * From a circulant graph, which is regular and simple, edges a–b and c–d are again and again
 * replaced by a–c and b–d wherever that keeps the graph simple; 20 tries an edge leave nothing of
 * the start (the switch chain converges to uniform). A result that is not connected is switched
 * on. Sources: Singla et al., "Jellyfish: networking data centers randomly", NSDI 2012; Cooper,
 * Dyer, Greenhill, "Sampling regular graphs and a peer-to-peer network", 2007 (the switch chain).
 */
#include <inttypes.h>
#include <stdio.h>

#include "rs__edges.h"
#include "rs_random.h"

#define SWITCHES_AN_EDGE 20
#define ROUNDS_MAX 200

enum { PARAM_N, PARAM_DEGREE, PARAM_SEED };

static const rs__param params[] = {
    [PARAM_N] = {.key = "n",
                 .kind = RS__PARAM_NUMBER,
                 .required = true,
                 .value_min = 3,
                 .value_max = RS__CHIPS_MAX},
    [PARAM_DEGREE] = {.key = "degree",
                      .kind = RS__PARAM_NUMBER,
                      .required = true,
                      .value_min = 2,
                      .value_max = 4096},
    [PARAM_SEED] = {.key = "seed",
                    .kind = RS__PARAM_NUMBER,
                    .printed = true,
                    .value_max = INT64_MAX,
                    .value_default = 1},
};

static rs_status refuse(const rs__arguments *arguments, int64_t degree, const char *why,
                        rs_diag *diag) {
  char suggestion[128];
  snprintf(suggestion, sizeof suggestion, "random:n=%" PRId64 ",degree=%" PRId64 ",seed=%" PRId64,
           arguments->value[PARAM_N], degree, arguments->value[PARAM_SEED]);
  rs__arguments_refuse(arguments, PARAM_DEGREE, diag,
                       "random: no graph of %" PRId64 " chips with degree %" PRId64 ": %s",
                       arguments->value[PARAM_N], arguments->value[PARAM_DEGREE], why);
  rs_diag_suggest(diag, suggestion);
  return RS_E_INPUT;
}

static rs_status plan(const rs__arguments *arguments, rs__plan *result, rs_diag *diag) {
  int64_t n = arguments->value[PARAM_N], degree = arguments->value[PARAM_DEGREE];
  if (degree >= n) return refuse(arguments, n - 1, "a chip has fewer others", diag);
  if (n % 2 == 1 && degree % 2 == 1) {
    return refuse(arguments, degree - 1 < 2 ? 2 : degree - 1, "an odd number of cable ends", diag);
  }
  *result = (rs__plan){.chips = (uint64_t)n,
                       .ports = (uint64_t)degree,
                       .cables = (uint64_t)n * (uint64_t)degree / 2};
  return RS_OK;
}

/* Edges, and for each chip its neighbours, so that "is there an edge" costs O(degree). */
typedef struct switcher {
  rs__edges edges;
  uint32_t degree;
  uint32_t *neighbours; /* [chip][degree] */
  rs_random random;
} switcher;

static bool are_joined(const switcher *s, uint32_t a, uint32_t b) {
  const uint32_t *row = &s->neighbours[(size_t)a * s->degree];
  for (uint32_t k = 0; k < s->degree; k++) {
    if (row[k] == b) return true;
  }
  return false;
}

static void replace_neighbour(switcher *s, uint32_t chip, uint32_t old, uint32_t fresh) {
  uint32_t *row = &s->neighbours[(size_t)chip * s->degree];
  while (*row != old) row++;
  *row = fresh;
}

/* a–b, c–d become a–c, b–d when all four differ and neither edge is there. */
static void try_switch(switcher *s) {
  rs__edge *first = &s->edges.items[rs_random_below(&s->random, s->edges.count)];
  rs__edge *second = &s->edges.items[rs_random_below(&s->random, s->edges.count)];
  bool turned = rs_random_below(&s->random, 2) == 1;
  uint32_t a = first->a, b = first->b;
  uint32_t c = turned ? second->b : second->a, d = turned ? second->a : second->b;
  if (a == c || a == d || b == c || b == d || are_joined(s, a, c) || are_joined(s, b, d)) return;
  replace_neighbour(s, a, b, c);
  replace_neighbour(s, b, a, d);
  replace_neighbour(s, c, d, a);
  replace_neighbour(s, d, c, b);
  *first = (rs__edge){a, c};
  *second = (rs__edge){b, d};
}

/* i ~ i ± 1 … degree / 2; an odd degree also joins opposite chips (n is even then). */
static void add_circulant(switcher *s, uint32_t n) {
  uint32_t *used = s->neighbours;
  for (uint32_t step = 1; step <= s->degree / 2; step++) {
    for (uint32_t chip = 0; chip < n; chip++) rs__edges_add(&s->edges, chip, (chip + step) % n);
  }
  for (uint32_t chip = 0; s->degree % 2 == 1 && chip < n / 2; chip++) {
    rs__edges_add(&s->edges, chip, chip + n / 2);
  }
  for (uint32_t chip = 0; chip < n; chip++) {
    for (uint32_t step = 1; step <= s->degree / 2; step++) {
      *used++ = (chip + step) % n;
      *used++ = (chip + n - step) % n;
    }
    if (s->degree % 2 == 1) *used++ = (chip + n / 2) % n;
  }
}

static bool is_connected(const switcher *s, uint32_t n, uint32_t *queue, uint32_t *seen,
                         uint32_t round) {
  uint32_t count = 1;
  queue[0] = 0;
  seen[0] = round;
  for (uint32_t head = 0; head < count; head++) {
    const uint32_t *row = &s->neighbours[(size_t)queue[head] * s->degree];
    for (uint32_t k = 0; k < s->degree; k++) {
      if (seen[row[k]] == round) continue;
      seen[row[k]] = round;
      queue[count++] = row[k];
    }
  }
  return count == n;
}

static rs_status build(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                       rs_diag *diag) {
  uint32_t n = (uint32_t)arguments->value[PARAM_N];
  switcher s = {.degree = (uint32_t)arguments->value[PARAM_DEGREE]};
  rs_status status = rs__edges_init(arena, &s.edges, n, (uint64_t)n * s.degree / 2, diag);
  if (status != RS_OK) return status;
  s.neighbours = RS_ARENA_NEW(arena, uint32_t, (size_t)n * s.degree);
  uint32_t *queue = RS_ARENA_NEW(arena, uint32_t, n), *seen = RS_ARENA_NEW(arena, uint32_t, n);
  if (s.neighbours == NULL || queue == NULL || seen == NULL) return rs_arena_failed(arena, diag);
  rs_random_init(&s.random, (uint64_t)arguments->value[PARAM_SEED], 0);
  add_circulant(&s, n);
  for (uint32_t round = 1; round <= ROUNDS_MAX; round++) {
    for (size_t k = 0; k < SWITCHES_AN_EDGE * s.edges.count; k++) try_switch(&s);
    if (!is_connected(&s, n, queue, seen, round)) continue;
    rs__edges_simplify(&s.edges); /* the order of the edges is not the graph's */
    return rs__edges_build(&s.edges, builder, diag);
  }
  rs_diag_set(diag, RS_E_INFEASIBLE, "random: no connected graph in %d rounds", ROUNDS_MAX);
  rs_diag_expect(diag, "a degree of 3 or more, or another seed");
  return RS_E_INFEASIBLE;
}

const rs__family rs__family_random = {params, RS_COUNT_OF(params), plan, build};
