/*
 * Hardware aligned counters. Nothing flows against the tree once links are characterised, so a chip's
 * whole run can be worked out when its parent's is known: chip by chip, parents first, without a queue
 * of events. O(chips · epochs).
 */
#include "rs_hac.h"

#include <string.h>

#include "rs_random.h"

/* ---- cables ---- */

/* Twelve uniform numbers of variance 1/12: mean 0, variance 1, in 2^-32. */
static int64_t draw_normal(rs_random *random) {
  int64_t sum = 0;
  for (int i = 0; i < 12; i++) sum += (int64_t)(rs_random_u64(random) >> 32);
  return sum - (INT64_C(6) << 32);
}

int64_t *rs_link_delays(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                        int64_t sigma_millicycles, uint64_t seed) {
  int64_t *delays = RS_ARENA_NEW(arena, int64_t, wiring->link_count);
  if (delays == NULL) return NULL;
  const int64_t bound = (INT64_C(1) << 32) * RS_LINK_DELAY_SIGMAS;
  rs_int128 second = (rs_int128)1000000000 * 1000000; /* in fs */
  for (uint32_t i = 0; i < wiring->link_count; i++) {
    const rs_link *link = &wiring->links[i];
    uint32_t cable = link->reverse == RS_NONE ? i : RS_MIN(i, link->reverse);
    rs_random random;
    rs_random_init(&random, seed, (UINT64_C(1) << 32) + cable);
    int64_t normal = draw_normal(&random);
    while (normal > bound || normal < -bound) normal = draw_normal(&random);
    rs_int128 deviation = (rs_int128)normal * sigma_millicycles; /* 2^-32 millicycles */
    rs_int128 cycles = ((rs_int128)rs_timing_latency(timing, link) * 1000 << 32) + deviation;
    delays[i] = (int64_t)(cycles * second / timing->clock_hz / 1000 / ((rs_int128)1 << 32));
  }
  return delays;
}

/* ---- the tree ---- */

static bool is_usable(const rs_wiring *w, const rs_sync_tree *t, uint32_t link) {
  uint32_t to = w->links[link].to;
  return w->links[link].reverse != RS_NONE && to != t->root && t->parent[to] == RS_NONE;
}

static void hang(const rs_wiring *w, rs_sync_tree *t, uint32_t link, uint32_t *count) {
  uint32_t from = w->links[link].from, to = w->links[link].to;
  t->parent[to] = from;
  t->link[to] = link;
  t->depth_of[to] = t->depth_of[from] + 1;
  t->depth = RS_MAX(t->depth, t->depth_of[to]);
  t->order[(*count)++] = to;
}

static uint32_t grow_breadth_first(const rs_wiring *w, rs_sync_tree *t) {
  uint32_t count = 1;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = t->order[head];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      if (is_usable(w, t, l)) hang(w, t, l, &count);
    }
  }
  return count;
}

/* Goes on from a chip that has a usable link left, else back to its parent. */
static uint32_t grow_depth_first(const rs_wiring *w, rs_sync_tree *t) {
  uint32_t count = 1;
  for (uint32_t chip = t->root; chip != RS_NONE;) {
    uint32_t l = w->out_first[chip];
    while (l < w->out_first[chip + 1] && !is_usable(w, t, l)) l++;
    if (l == w->out_first[chip + 1]) {
      chip = t->parent[chip];
      continue;
    }
    hang(w, t, l, &count);
    chip = w->links[l].to;
  }
  return count;
}

rs_status rs_sync_tree_build(rs_arena *arena, const rs_wiring *wiring, uint32_t root,
                             bool is_depth_first, rs_sync_tree *tree, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  if (root >= n) {
    rs_diag_set(diag, RS_E_INPUT, "there is no chip %u to be the root", root);
    rs_diag_expect(diag, "chips 0 to %u", n - 1);
    return RS_E_INPUT;
  }
  *tree = (rs_sync_tree){.root = root,
                         .parent = RS_ARENA_NEW(arena, uint32_t, n),
                         .link = RS_ARENA_NEW(arena, uint32_t, n),
                         .depth_of = RS_ARENA_NEW(arena, uint32_t, n),
                         .order = RS_ARENA_NEW(arena, uint32_t, n)};
  if (tree->parent == NULL || tree->link == NULL || tree->depth_of == NULL || tree->order == NULL) {
    return rs_arena_failed(arena, diag);
  }
  memset(tree->parent, 0xff, n * sizeof *tree->parent);
  memset(tree->link, 0xff, n * sizeof *tree->link);
  tree->order[0] = root;
  uint32_t count =
      is_depth_first ? grow_depth_first(wiring, tree) : grow_breadth_first(wiring, tree);
  if (count == n) return RS_OK;
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "cables with both directions lead from chip %u to %u of %u chips: the others "
                     "cannot be aligned",
                     root, count - 1, n - 1);
}

/* ---- counters ---- */

int64_t rs_hac_tracking_ppb(void) {
  return 1000000000 / RS_HAC_EPOCH_CYCLES;
}

int64_t rs_hac_value(const rs_hac *hac, int64_t tick) {
  uint32_t low = 0, high = hac->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (hac->pieces[middle].tick <= tick) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return tick + hac->pieces[low].offset;
}

/* Counters never go back (a step of −1 stands still for a tick), so the pieces' last values rise. */
int64_t rs_hac_tick_of(const rs_hac *hac, int64_t value) {
  uint32_t low = 0, high = hac->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (hac->pieces[middle + 1].tick - 1 + hac->pieces[middle].offset >= value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return RS_MAX(hac->pieces[low].tick, value - hac->pieces[low].offset);
}

int64_t rs_hac_characterise(const rs_clock *parent, const rs_clock *child, int64_t there_fs,
                            int64_t back_fs, int64_t begin_ticks, int64_t *end_ticks) {
  int64_t sum = 0;
  int64_t tick = begin_ticks;
  for (int i = 0; i < RS_HAC_ECHOES; i++) {
    int64_t turned = rs_clock_tick_after(child, rs_clock_time_fs(parent, tick) + there_fs);
    int64_t back = rs_clock_tick_after(parent, rs_clock_time_fs(child, turned) + back_fs);
    sum += back - tick;
    tick = back + 1;
  }
  *end_ticks = tick;
  return sum * 1000 / (2 * RS_HAC_ECHOES);
}

typedef struct exchange {
  rs_arena *arena;
  const rs_clock *parent_clock, *clock;
  const rs_hac *parent;
  int64_t delay_fs;
  const rs_hac_config *config;
  int64_t end_value; /* of the root: exchanges end */
  rs_hac *hac;
  rs_hac_report *report;
} exchange;

/* Child's tick at which it sees the counter `value` that its parent sent. */
static int64_t see(const exchange *e, int64_t value) {
  int64_t sent = rs_hac_tick_of(e->parent, value);
  return rs_clock_tick_after(e->clock, rs_clock_time_fs(e->parent_clock, sent) + e->delay_fs);
}

/* The first epoch edge after the parent was set sets the child; each edge after it corrects. A piece an
 * edge at most. */
static rs_status run_child(const exchange *e, rs_diag *diag) {
  rs_hac *hac = e->hac;
  const rs_hac_piece *set = &e->parent->pieces[0];
  int64_t edge = rs_floor_div_i64(set->tick + set->offset, RS_HAC_EPOCH_CYCLES) + 1;
  int64_t last = e->config->has_exchange ? e->end_value / RS_HAC_EPOCH_CYCLES : edge;
  hac->pieces = RS_ARENA_NEW(e->arena, rs_hac_piece, (size_t)RS_MAX(last - edge + 1, INT64_C(1)));
  if (hac->pieces == NULL) return rs_arena_failed(e->arena, diag);
  int64_t value = edge * RS_HAC_EPOCH_CYCLES;
  int64_t tick = see(e, value);
  int64_t offset = value + hac->link_cycles - tick;
  hac->pieces[hac->count++] = (rs_hac_piece){tick, offset};
  int64_t next_edge = (offset + tick) / RS_HAC_EPOCH_CYCLES + 1;
  e->report->aligned_value = RS_MAX(e->report->aligned_value, next_edge * RS_HAC_EPOCH_CYCLES);
  for (edge++; edge <= last; edge++) {
    value = edge * RS_HAC_EPOCH_CYCLES;
    tick = see(e, value);
    int64_t behind = value + hac->link_cycles - (tick + offset);
    if (behind == 0) continue;
    offset += behind > 0 ? 1 : -1;
    hac->pieces[hac->count++] = (rs_hac_piece){tick, offset};
    e->report->steps++;
  }
  return RS_OK;
}

/* Mean and standard deviation of the characterised latencies, by integers. */
static void summarise(const int64_t *milli, uint32_t count, rs_hac_report *report) {
  rs_int128 sum = 0, squares = 0;
  if (count == 0) return;
  for (uint32_t i = 0; i < count; i++) sum += milli[i];
  int64_t mean = (int64_t)(sum / count);
  for (uint32_t i = 0; i < count; i++) {
    squares += (rs_int128)(milli[i] - mean) * (milli[i] - mean);
  }
  int64_t variance = count > 1 ? (int64_t)(squares / (count - 1)) : 0;
  int64_t root = 0;
  for (int64_t bit = INT64_C(1) << 30; bit > 0; bit /= 2) {
    if ((root + bit) * (root + bit) <= variance) root += bit;
  }
  report->latency_mean_milli = mean;
  report->latency_sd_milli = root;
}

/* All links at once, each with echoes between its own two ends. Returns the root's tick by which all
 * are done, or −1. */
static int64_t characterise_all(rs_arena *arena, const rs_sync_tree *tree, const rs_clock *clocks,
                                const int64_t *delays_fs, const rs_wiring *wiring,
                                const rs_hac_config *config, rs_hac *hacs, rs_hac_report *report) {
  uint32_t n = wiring->chip_count;
  int64_t *milli = RS_ARENA_NEW(arena, int64_t, n);
  int64_t done = config->begin_ticks;
  if (milli == NULL) return -1;
  rs_int128 begin_fs = rs_clock_time_fs(&clocks[tree->root], config->begin_ticks);
  for (uint32_t i = 1; i < n; i++) {
    uint32_t chip = tree->order[i];
    const rs_clock *parent = &clocks[tree->parent[chip]];
    uint32_t link = tree->link[chip];
    int64_t end;
    milli[i - 1] = rs_hac_characterise(parent, &clocks[chip], delays_fs[link],
                                       delays_fs[wiring->links[link].reverse],
                                       rs_clock_tick_after(parent, begin_fs), &end);
    hacs[chip].link_cycles = (milli[i - 1] + 500) / 1000;
    rs_int128 end_fs = rs_clock_time_fs(parent, end);
    done = RS_MAX(done, rs_clock_tick_after(&clocks[tree->root], end_fs));
  }
  summarise(milli, n - 1, report);
  return done;
}

rs_status rs_hac_run(rs_arena *arena, const rs_sync_tree *tree, const rs_clock *clocks,
                     const int64_t *delays_fs, const rs_wiring *wiring, const rs_hac_config *config,
                     rs_hac **counters, rs_hac_report *report, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  rs_hac *hacs = RS_ARENA_NEW(arena, rs_hac, n);
  rs_hac *root = &hacs[tree->root];
  *report = (rs_hac_report){0};
  if (hacs == NULL) return rs_arena_failed(arena, diag);
  root->pieces = RS_ARENA_NEW(arena, rs_hac_piece, 1);
  if (root->pieces == NULL) return rs_arena_failed(arena, diag);
  int64_t begin = characterise_all(arena, tree, clocks, delays_fs, wiring, config, hacs, report);
  if (begin < 0) return rs_arena_failed(arena, diag);
  root->pieces[root->count++] = (rs_hac_piece){begin, 0};
  report->aligned_value = (rs_floor_div_i64(begin, RS_HAC_EPOCH_CYCLES) + 1) * RS_HAC_EPOCH_CYCLES;
  int64_t longest = 0; /* a level is set within the latency of a link and two epochs */
  for (uint32_t i = 0; i < n; i++) longest = RS_MAX(longest, hacs[i].link_cycles);
  int64_t end_value =
      begin + (tree->depth + 1) * (longest + 2 * RS_HAC_EPOCH_CYCLES) + config->run_cycles;
  for (uint32_t i = 1; i < n; i++) {
    uint32_t chip = tree->order[i];
    uint32_t parent = tree->parent[chip];
    const exchange e = {.arena = arena,
                        .parent_clock = &clocks[parent],
                        .clock = &clocks[chip],
                        .parent = &hacs[parent],
                        .delay_fs = delays_fs[tree->link[chip]],
                        .config = config,
                        .end_value = end_value,
                        .hac = &hacs[chip],
                        .report = report};
    rs_status status = run_child(&e, diag);
    if (status != RS_OK) return status;
  }
  report->aligned_fs =
      (int64_t)rs_clock_time_fs(&clocks[tree->root], rs_hac_tick_of(root, report->aligned_value));
  *counters = hacs;
  return RS_OK;
}
