/*
 * Route tables by marginal cost.
 *
 * What we want small is Σ load², which is least when all links carry alike and no hop is wasted.
 * One more route on a link of load x adds (x + 1)² − x² = 2x + 1: that is its price. Each pair in
 * turn takes the cheapest walk of as many hops as it may have (a Bellman–Ford recursion, worked out
 * only where the pair can go) and adds itself to the loads. Prices are above zero, so that a
 * cheapest walk is at no chip twice. In later rounds each route is taken out before it is chosen
 * again; the first round is minimal. A detour is taken where its links together cost less than the minimal path: more hops are
 * charged in the same coin.
 *
 * The idea is that of successive routing at marginal cost, as for traffic assignment (Dafermos,
 * Sparrow, "The traffic assignment problem for a general network", 1969); the rest is ours.
 */
#include "rs_route_table.h"

#include <assert.h>
#include <string.h>

#define ROUNDS_DEFAULT 3 /* each costs 7 ms at 264 chips; a fourth brings 3 % there */

typedef struct maker {
  const rs_wiring *wiring;
  rs_route_table *table;
  uint8_t *depth; /* [to · chips + from]; UINT8_MAX: none */
  uint32_t *queue;
  /* [left · chips + chip], of the pair at hand where the stamp is the pair's */
  uint64_t *cost;
  uint32_t *choice; /* link */
  uint64_t *stamp;
  uint64_t pair_stamp;
  bool minimal; /* no detours this round: before there are loads, they would be for nothing */
} maker;

/* ---- distances ---- */

static rs_status search_to(const rs_wiring *wiring, uint32_t to, uint32_t *queue, uint8_t *depth,
                           rs_diag *diag) {
  uint32_t count = 1;
  memset(depth, UINT8_MAX, wiring->chip_count);
  depth[to] = 0;
  queue[0] = to;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = queue[head];
    for (uint32_t k = wiring->in_first[chip]; k < wiring->in_first[chip + 1]; k++) {
      uint32_t from = wiring->links[wiring->in_links[k]].from;
      if (depth[from] != UINT8_MAX) continue;
      if (depth[chip] == RS_ROUTE_HOPS_MAX) {
        return rs_diag_set(diag, RS_E_LIMIT, "chips %u and %u are more than %d hops apart", from,
                           to, RS_ROUTE_HOPS_MAX);
      }
      depth[from] = (uint8_t)(depth[chip] + 1);
      queue[count++] = from;
    }
  }
  return RS_OK;
}

/* Hops that the route of a pair at this distance may have. */
static uint32_t limit_of(const rs_route_table *table, uint32_t distance) {
  uint64_t limit = RS_MIN((uint64_t)distance + table->extra_hops, RS_ROUTE_HOPS_MAX);
  return table->hops_max == 0 ? (uint32_t)limit : (uint32_t)RS_MIN(limit, table->hops_max);
}

static rs_status find_distances(maker *m, rs_diag *diag) {
  uint32_t n = m->wiring->chip_count;
  for (uint32_t to = 0; to < n; to++) {
    uint8_t *depth = m->depth + (size_t)to * n;
    rs_status status = search_to(m->wiring, to, m->queue, depth, diag);
    if (status != RS_OK) return status;
    for (uint32_t from = 0; from < n; from++) {
      if (depth[from] == UINT8_MAX) {
        return rs_diag_set(diag, RS_E_INFEASIBLE, "no path from chip %u to chip %u", from, to);
      }
      if (m->table->hops_max == 0 || depth[from] <= m->table->hops_max) continue;
      return rs_diag_set(diag, RS_E_INFEASIBLE,
                         "no path from chip %u to chip %u within %u hops: it takes %u", from, to,
                         m->table->hops_max, depth[from]);
    }
  }
  return RS_OK;
}

/* Room for each route at its limit, so that it can change its length in place. */
static uint64_t lay_out(maker *m) {
  uint32_t n = m->wiring->chip_count;
  uint64_t place = 0;
  for (uint32_t from = 0; from < n; from++) {
    for (uint32_t to = 0; to < n; to++) {
      m->table->first[(size_t)from * n + to] = place;
      if (from != to) place += limit_of(m->table, m->depth[(size_t)to * n + from]);
    }
  }
  return place;
}

/* ---- routes ---- */

static uint64_t price_of(const rs_route_table *table, uint32_t link) {
  return 2 * (uint64_t)table->link_load[link] + 1;
}

/* The least price of a walk of at most `left` hops; the first link of it, the lowest among equals,
 * is left in m->choice. Each (left, chip) is worked out once a pair. */
static uint64_t cost_of(maker *m, const uint8_t *depth, uint32_t chip, uint32_t left) {
  const rs_wiring *wiring = m->wiring;
  size_t state = (size_t)left * wiring->chip_count + chip;
  if (depth[chip] == 0) return 0;
  if (m->stamp[state] == m->pair_stamp) return m->cost[state];
  uint64_t least = UINT64_MAX;
  for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
    uint32_t to = wiring->links[l].to;
    if (depth[to] >= left) continue;
    uint64_t cost = price_of(m->table, l) + cost_of(m, depth, to, left - 1);
    if (cost >= least) continue;
    least = cost;
    m->choice[state] = l;
  }
  assert(least != UINT64_MAX); /* depth[chip] ≤ left, so some neighbour is within left − 1 */
  m->stamp[state] = m->pair_stamp;
  m->cost[state] = least;
  return least;
}

static void route_pair(maker *m, const uint8_t *depth, uint32_t from, uint32_t to) {
  rs_route_table *table = m->table;
  size_t pair = (size_t)from * m->wiring->chip_count + to;
  uint32_t *route = table->links + table->first[pair];
  for (uint32_t k = 0; k < table->hops[pair]; k++) table->link_load[route[k]]--;
  uint32_t left = m->minimal ? depth[from] : limit_of(table, depth[from]), hops = 0;
  m->pair_stamp++;
  cost_of(m, depth, from, left);
  for (uint32_t chip = from; chip != to; left--) {
    route[hops] = m->choice[(size_t)left * m->wiring->chip_count + chip];
    table->link_load[route[hops]]++;
    chip = m->wiring->links[route[hops++]].to;
  }
  table->hops[pair] = (uint8_t)hops;
}

static void route_all(maker *m) {
  uint32_t n = m->wiring->chip_count;
  for (uint32_t to = 0; to < n; to++) {
    const uint8_t *depth = m->depth + (size_t)to * n;
    /* From the destination's successor on: no chip is always the first to choose. */
    for (uint32_t k = 1; k < n; k++) route_pair(m, depth, (to + k) % n, to);
  }
}

static rs_status create_maker(rs_arena *scratch, maker *m, rs_diag *diag) {
  size_t n = m->wiring->chip_count;
  m->depth = RS_ARENA_NEW(scratch, uint8_t, n * n);
  m->queue = RS_ARENA_NEW(scratch, uint32_t, n);
  size_t states = n * (RS_ROUTE_HOPS_MAX + 1);
  m->cost = RS_ARENA_NEW(scratch, uint64_t, states);
  m->choice = RS_ARENA_NEW(scratch, uint32_t, states);
  m->stamp = RS_ARENA_NEW(scratch, uint64_t, states);
  if (m->depth == NULL || m->queue == NULL || m->cost == NULL || m->choice == NULL ||
      m->stamp == NULL) {
    return rs_arena_failed(scratch, diag);
  }
  return find_distances(m, diag);
}

static rs_status make_table(rs_arena *arena, rs_arena *scratch, uint32_t rounds, maker *m,
                            rs_diag *diag) {
  size_t n = m->wiring->chip_count;
  rs_status status = create_maker(scratch, m, diag);
  if (status != RS_OK) return status;
  m->table->first = RS_ARENA_NEW(arena, uint64_t, n * n);
  m->table->hops = RS_ARENA_NEW(arena, uint8_t, n * n);
  m->table->link_load = RS_ARENA_NEW(arena, uint32_t, m->wiring->link_count);
  if (m->table->first == NULL || m->table->hops == NULL || m->table->link_load == NULL) {
    return rs_arena_failed(arena, diag);
  }
  m->table->links = RS_ARENA_NEW(arena, uint32_t, lay_out(m));
  if (m->table->links == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t round = 0; round < rounds; round++) {
    m->minimal = round == 0 && rounds > 1;
    route_all(m);
  }
  return RS_OK;
}

rs_status rs_route_table_build(rs_arena *arena, const rs_wiring *wiring,
                               const rs_route_options *options, rs_route_table *table,
                               rs_diag *diag) {
  maker m = {.wiring = wiring, .table = table};
  uint32_t rounds = options == NULL || options->rounds == 0 ? ROUNDS_DEFAULT : options->rounds;
  *table = (rs_route_table){.wiring = wiring};
  if (options != NULL) {
    table->extra_hops = options->extra_hops;
    table->hops_max = options->hops_max;
  }
  if (wiring->chip_count > RS_ROUTE_TABLE_CHIPS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "a route table of %u chips; at most %d fit",
                       wiring->chip_count, RS_ROUTE_TABLE_CHIPS_MAX);
  }
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  rs_status status = make_table(arena, scratch, rounds, &m, diag);
  rs_arena_destroy(scratch);
  return status;
}

const uint32_t *rs_route_table_path(const rs_route_table *table, uint32_t from, uint32_t to,
                                    uint32_t *hops) {
  size_t pair = (size_t)from * table->wiring->chip_count + to;
  *hops = table->hops[pair];
  return table->links + table->first[pair];
}

/* ---- the check ---- */

typedef struct checker {
  const rs_route_table *table;
  rs_route_balance *balance;
  uint8_t *depth;
  uint32_t *queue;
  uint32_t *load;
  uint32_t *mark; /* [chip] the last route that was there, as from + 1; zeroed a destination */
} checker;

static rs_status check_route(const checker *c, uint32_t from, uint32_t to, rs_diag *diag) {
  const rs_wiring *wiring = c->table->wiring;
  uint32_t hops, chip = from;
  const uint32_t *route = rs_route_table_path(c->table, from, to, &hops);
  if (from == to && hops == 0) return RS_OK;
  uint32_t limit = from == to ? 0 : limit_of(c->table, c->depth[from]);
  if (hops > limit) {
    return rs_diag_set(diag, RS_E_REFUSED, "the route from %u to %u has %u hops; it may have %u",
                       from, to, hops, limit);
  }
  c->mark[from] = from + 1;
  for (uint32_t k = 0; k < hops; k++) {
    if (route[k] >= wiring->link_count || wiring->links[route[k]].from != chip) {
      return rs_diag_set(diag, RS_E_REFUSED, "the route from %u to %u breaks off at chip %u", from,
                         to, chip);
    }
    chip = wiring->links[route[k]].to;
    if (c->mark[chip] == from + 1) {
      return rs_diag_set(diag, RS_E_REFUSED, "the route from %u to %u is at chip %u twice", from,
                         to, chip);
    }
    c->mark[chip] = from + 1;
    c->load[route[k]]++;
  }
  if (chip != to) {
    return rs_diag_set(diag, RS_E_REFUSED, "the route from %u to %u ends at chip %u", from, to,
                       chip);
  }
  c->balance->hops_total += hops;
  c->balance->hops_max = RS_MAX(c->balance->hops_max, hops);
  c->balance->detours += hops > c->depth[from];
  return RS_OK;
}

static rs_status check_loads(const checker *c, uint32_t imbalance_max_percent, rs_diag *diag) {
  const rs_wiring *wiring = c->table->wiring;
  rs_route_balance *b = c->balance;
  uint32_t most = 0;
  if (wiring->link_count == 0) return RS_OK;
  b->load_min = UINT32_MAX;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    if (c->load[l] != c->table->link_load[l]) {
      return rs_diag_set(diag, RS_E_REFUSED, "link %u carries %u routes, and the table says %u", l,
                         c->load[l], c->table->link_load[l]);
    }
    b->load_min = RS_MIN(b->load_min, c->load[l]);
    if (c->load[l] > c->load[most]) most = l;
  }
  b->load_max = c->load[most];
  b->load_mean = (double)b->hops_total / wiring->link_count;
  /* load_max / (hops_total / links) > percent / 100, in whole numbers. */
  rs_uint128 share = (rs_uint128)b->load_max * wiring->link_count * 100;
  if (imbalance_max_percent == 0 || share <= (rs_uint128)b->hops_total * imbalance_max_percent) {
    return RS_OK;
  }
  return rs_diag_set(diag, RS_E_REFUSED,
                     "link %u carries %u routes, more than %u %% of the mean of %.1f", most,
                     b->load_max, imbalance_max_percent, b->load_mean);
}

static rs_status check_all(checker *c, uint32_t imbalance_max_percent, rs_diag *diag) {
  uint32_t n = c->table->wiring->chip_count;
  for (uint32_t to = 0; to < n; to++) {
    rs_status status = search_to(c->table->wiring, to, c->queue, c->depth, diag);
    memset(c->mark, 0, n * sizeof *c->mark);
    for (uint32_t from = 0; from < n && status == RS_OK; from++) {
      status = check_route(c, from, to, diag);
    }
    if (status != RS_OK) return status;
  }
  return check_loads(c, imbalance_max_percent, diag);
}

rs_status rs_route_table_check(const rs_route_table *table, uint32_t imbalance_max_percent,
                               rs_route_balance *balance, rs_diag *diag) {
  rs_route_balance unused;
  size_t n = table->wiring->chip_count;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_diag_set(diag, RS_E_NO_MEMORY, "out of memory");
  checker c = {table,
               balance == NULL ? &unused : balance,
               RS_ARENA_NEW(scratch, uint8_t, n),
               RS_ARENA_NEW(scratch, uint32_t, n),
               RS_ARENA_NEW(scratch, uint32_t, table->wiring->link_count),
               RS_ARENA_NEW(scratch, uint32_t, n)};
  bool held = c.depth != NULL && c.queue != NULL && c.load != NULL && c.mark != NULL;
  memset(c.balance, 0, sizeof *c.balance);
  rs_status status =
      held ? check_all(&c, imbalance_max_percent, diag) : rs_arena_failed(scratch, diag);
  rs_arena_destroy(scratch);
  return status;
}
