/*
 * Bounds of a candidate. The bound of a step's parts (rs__decode_bound) is made for each distance that
 * the groups of a placement have inside; how layers fall to stages adds the rest: layers, sums between
 * them, crossings, the busiest stage.
 *
 * Distances are breadth-first searches from some members of a group, one of each in a large wiring: the
 * farthest of what they find is no more than the group's diameter, so that the bound stays one.
 */
#include "rs__decode.h"
#include "rs__planner.h"
#include "rs_placement.h"

#define CHIPS_LARGE 2048 /* with more chips one member is asked, with fewer MEMBERS of them */
enum { MEMBERS = 4 };

/* ---- distances ---- */

typedef struct searcher {
  const rs_wiring *wiring;
  uint32_t *hops, *queue, *wanted; /* of each chip; wanted: the search that looks for it */
  uint32_t search;
} searcher;

/* To the farthest of the chips that are wanted, one of which is where it begins; 1 at least, and 1 where
 * there is no way to some. */
static int64_t search_from(searcher *s, uint32_t from, uint32_t count) {
  const rs_wiring *w = s->wiring;
  uint32_t found = 1, waiting = 1;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) s->hops[chip] = RS_NONE;
  s->hops[from] = 0;
  s->queue[0] = from;
  for (uint32_t head = 0; head < waiting && found < count; head++) {
    uint32_t chip = s->queue[head];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (s->hops[to] != RS_NONE) continue;
      s->hops[to] = s->hops[chip] + 1;
      s->queue[waiting++] = to;
      if (s->wanted[to] == s->search && ++found == count) return s->hops[to];
    }
  }
  return 1;
}

static int64_t find_inside(searcher *s, const uint32_t *group, uint32_t tensor, uint32_t members) {
  int64_t farthest = 1;
  s->search++;
  for (uint32_t i = 0; i < tensor; i++) s->wanted[group[i]] = s->search;
  for (uint32_t m = 0; m < members; m++) {
    int64_t hops = search_from(s, group[(uint64_t)m * tensor / members], tensor);
    farthest = RS_MAX(farthest, hops);
  }
  return farthest;
}

rs_status rs__planner_reach(rs_arena *arena, const rs_wiring *w, const uint32_t *chips,
                            int64_t tensor, int64_t stages, int64_t **inside, rs_diag *diag) {
  size_t count = (size_t)RS_MAX(stages, 1);
  uint32_t members = (uint32_t)RS_MIN(tensor, w->chip_count > CHIPS_LARGE ? 1 : MEMBERS);
  searcher s = {.wiring = w};
  s.hops = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  s.queue = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  s.wanted = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  *inside = RS_ARENA_NEW(arena, int64_t, count);
  if (s.hops == NULL || s.queue == NULL || s.wanted == NULL || *inside == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (int64_t k = 0; k < stages; k++) {
    int64_t hops = find_inside(&s, &chips[k * tensor], (uint32_t)tensor, members);
    (*inside)[k] = RS_MIN(hops, RS__REACH_MAX);
  }
  return RS_OK;
}

/* ---- bounds ---- */

/* In a stage every transfer takes as long as the two chips a and b need that are farthest from each
 * other: each has what the other had after the one before. Where the stage ends the chips that go on may
 * be others; they have what a and b had one transfer earlier, one of which is half of the way off. So
 * the first transfer of a stage counts half of its way. */
static int64_t half_of(int64_t hops) {
  return (hops + 1) / 2;
}

rs_status rs__planner_bound(rs_arena *scratch, const rs_planner_request *q,
                            const rs_sharding_request *r, const int64_t *inside, int64_t stages,
                            rs__bounds *bounds, rs_diag *diag) {
  bool is_wanted[RS__REACH_MAX + 1] = {false};
  for (int64_t k = 0; k < stages; k++) is_wanted[inside[k]] = is_wanted[half_of(inside[k])] = true;
  for (int64_t hops = 1; hops <= RS__REACH_MAX; hops++) {
    if (!is_wanted[hops]) continue;
    rs_arena_reset(scratch);
    rs_status status = rs__decode_bound(scratch, q->model, q->chip, &bounds->least, r, hops,
                                        &bounds->of[hops], diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

typedef struct sums {
  int64_t latency, busiest;
  double joules; /* dynamic, a step */
} sums;

/* A stage's layers, and what goes on from its last one to the next stage. */
static void add_stage(const rs_model *m, const rs__bounds *bounds, const int64_t *inside,
                      const rs_sharding *s, int64_t k, sums *all) {
  const rs_stage *stage = &s->stages[k];
  const rs__bound *b = &bounds->of[inside[k]];
  /* an embedding alone is collected behind the crossing, so that its bound is not this stage's */
  bool embeds = stage->embeds && stage->layer_count > 0;
  int64_t own = (embeds ? b->embed : 0) + (stage->heads ? b->head : 0);
  for (int64_t i = 0; i < stage->layer_count; i++) {
    int kind = rs_model_layer_has_experts(m, stage->first_layer + i) ? 1 : 0;
    bool crosses = i + 1 == stage->layer_count && !stage->heads;
    int64_t end = crosses ? b->split[kind] : b->sum[kind];
    own += b->body[kind] + end;
    all->latency += b->body[kind] + end;
    all->joules += b->layer_j[kind];
    if (!crosses) continue;
    all->latency += bounds->of[half_of(inside[k + 1])].cross[kind];
  }
  all->busiest = RS_MAX(all->busiest, own);
}

/* Actual stages wait for what they receive as part of their time; the bound leaves that to crossings. */
static sums add_up(const rs_model *m, const rs__bounds *bounds, const int64_t *inside,
                   const rs_sharding *s) {
  int64_t last = s->request.pipeline - 1;
  const rs__bound *first = &bounds->of[inside[0]], *end = &bounds->of[inside[last]];
  sums all = {.latency = first->embed + end->head, .joules = first->embed_j + end->head_j};
  if (last > 0) all.latency += end->token;
  for (int64_t k = 0; k <= last; k++) add_stage(m, bounds, inside, s, k, &all);
  return all;
}

/* Splitting the last sum of a stage saves the group's energy a part of a residual: a layer's energy is
 * taken with the whole one, so what the bound has too much is taken off again. */
rs__score rs__planner_score(const rs_planner_request *q, const rs__bounds *bounds,
                            const int64_t *inside, const rs_sharding *s) {
  const rs_chip *chip = q->chip;
  const rs_sharding_request *r = &s->request;
  sums all = add_up(q->model, bounds, inside, s);
  rs__score score = {.sequences = r->batch * r->micro_batches};
  score.period_cycles = RS_MAX(all.latency, r->micro_batches * all.busiest);
  double period_s = (double)score.period_cycles / (double)chip->timing.clock_hz;
  double fixed = chip->static_w * (double)s->chips_used * period_s / (double)score.sequences;
  double dynamic = all.joules / (double)r->batch * 0.99;
  score.energy_pj = (int64_t)((fixed + dynamic) * 1e12);
  return score;
}
