/*
 * Choosing spares: hops from each free chip to all that live, breadth first on what is left of the wiring.
 * Chips that the wiring keeps free come before others outside the group.
 */
#include "rs__fault_spare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct search {
  const rs__spare_request *request;
  rs_arena *arena;
  uint32_t *stand_in;
  bool *is_member;
  bool *is_taken; /* stands in already */
  uint32_t *hops, *queue;
} search;

static bool is_free(const search *s, uint32_t chip) {
  return !s->is_member[chip] && !s->is_taken[chip] && !s->request->dead_chips[chip];
}

/* From a chip to every member that lives and is in no `except_node`; INT64_MAX: not to all of them. */
static int64_t hops_from(const search *s, uint32_t from, uint32_t except_node) {
  const rs_wiring *w = s->request->left;
  const uint32_t *node_of = s->request->wiring->node_of;
  int64_t sum = 0;
  uint32_t head = 0, tail = 0;
  memset(s->hops, 0xff, w->chip_count * sizeof *s->hops); /* RS_NONE */
  s->hops[from] = 0;
  s->queue[tail++] = from;
  while (head < tail) {
    uint32_t chip = s->queue[head++];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (s->hops[to] != RS_NONE) continue;
      s->hops[to] = s->hops[chip] + 1;
      s->queue[tail++] = to;
    }
  }
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    bool is_left = s->is_member[chip] && !s->request->dead_chips[chip];
    if (!is_left || (node_of != NULL && node_of[chip] == except_node)) continue;
    if (s->hops[chip] == RS_NONE) return INT64_MAX;
    sum += s->hops[chip];
  }
  return sum;
}

/* ---- a chip ---- */

static uint32_t find_chip(const search *s) {
  const bool *spare = s->request->wiring->spare;
  uint32_t best = RS_NONE;
  int64_t best_hops = INT64_MAX;
  for (int pass = spare == NULL ? 1 : 0; pass < 2 && best == RS_NONE; pass++) {
    for (uint32_t chip = 0; chip < s->request->wiring->chip_count; chip++) {
      if (!is_free(s, chip) || (pass == 0 && !spare[chip])) continue;
      int64_t hops = hops_from(s, chip, RS_NONE);
      if (hops >= best_hops) continue;
      best = chip;
      best_hops = hops;
    }
  }
  return best;
}

static const char *replace_chip(search *s, uint32_t dead) {
  uint32_t chip = s->request->way == RS__SPARE_CHIP ? s->request->named : find_chip(s);
  if (chip == RS_NONE || !is_free(s, chip)) return "no chip outside the group is free";
  s->stand_in[dead] = chip;
  s->is_taken[chip] = true;
  return NULL;
}

/* ---- a node ---- */

/* The chips of a node, in order; how many there are. */
static uint32_t list_node(const rs_wiring *w, uint32_t node, uint32_t *chips) {
  uint32_t count = 0;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    if (w->node_of[chip] == node) chips[count++] = chip;
  }
  return count;
}

static bool node_is_free(const search *s, const uint32_t *chips, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!is_free(s, chips[i])) return false;
  }
  return true;
}

/* The free node with as many chips that is nearest to who lives elsewhere; false: none. Fills `chips`. */
static bool find_node(const search *s, uint32_t dead_node, uint32_t size, uint32_t *chips,
                      uint32_t *scratch) {
  const rs_wiring *w = s->request->wiring;
  int64_t best = INT64_MAX;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    bool is_first = chip == 0 || w->node_of[chip] != w->node_of[chip - 1];
    if (!is_first || !is_free(s, chip)) continue;
    uint32_t count = list_node(w, w->node_of[chip], scratch);
    if (count != size || !node_is_free(s, scratch, count)) continue;
    int64_t hops = hops_from(s, chip, dead_node);
    if (hops >= best) continue;
    best = hops;
    memcpy(chips, scratch, size * sizeof *chips);
  }
  return best < INT64_MAX;
}

static const char *replace_node(search *s, uint32_t dead) {
  const rs_wiring *w = s->request->wiring;
  if (s->stand_in[dead] != dead) return NULL; /* with another chip of its node */
  if (w->node_of == NULL) return "the wiring has no nodes";
  uint32_t *old = RS_ARENA_NEW(s->arena, uint32_t, w->chip_count);
  uint32_t *fresh = RS_ARENA_NEW(s->arena, uint32_t, w->chip_count);
  uint32_t *scratch = RS_ARENA_NEW(s->arena, uint32_t, w->chip_count);
  if (old == NULL || fresh == NULL || scratch == NULL) return "memory is used up";
  uint32_t count = list_node(w, w->node_of[dead], old);
  if (!find_node(s, w->node_of[dead], count, fresh, scratch)) return "no node is free";
  for (uint32_t i = 0; i < count; i++) {
    if (!s->is_member[old[i]]) continue;
    s->stand_in[old[i]] = fresh[i];
    s->is_taken[fresh[i]] = true;
  }
  return NULL;
}

/* ---- the whole ---- */

rs_status rs__spare_choose(rs_arena *arena, const rs__spare_request *request, uint32_t *stand_in,
                           const char **reason, rs_diag *diag) {
  uint32_t n = request->wiring->chip_count;
  const rs_op *op = &request->schedule->ops[0];
  search s = {.request = request,
              .arena = arena,
              .stand_in = stand_in,
              .is_member = RS_ARENA_NEW(arena, bool, n),
              .is_taken = RS_ARENA_NEW(arena, bool, n),
              .hops = RS_ARENA_NEW(arena, uint32_t, n),
              .queue = RS_ARENA_NEW(arena, uint32_t, n)};
  if (s.is_member == NULL || s.is_taken == NULL || s.hops == NULL || s.queue == NULL) {
    return rs_arena_failed(arena, diag);
  }
  const uint32_t *group = request->schedule->group_chips + op->group_first;
  for (uint32_t i = 0; i < op->group_count; i++) s.is_member[group[i]] = true;
  for (uint32_t chip = 0; chip < n; chip++) stand_in[chip] = chip;
  *reason = NULL;
  for (uint32_t chip = 0; chip < n; chip++) {
    if (!s.is_member[chip] || !request->dead_chips[chip]) continue;
    const char *why = NULL;
    if (request->way == RS__SPARE_NONE) {
      stand_in[chip] = RS_NONE;
    } else {
      why = request->way == RS__SPARE_NODE ? replace_node(&s, chip) : replace_chip(&s, chip);
    }
    if (why == NULL) continue;
    stand_in[chip] = RS_NONE;
    *reason = why;
  }
  return RS_OK;
}

static int compare_chips(const void *left, const void *right) {
  const uint32_t *a = left, *b = right;
  return (*a > *b) - (*a < *b);
}

void rs__spare_describe(const uint32_t *stand_in, uint32_t chip_count, char *text, size_t size) {
  uint32_t chips[64];
  size_t count = 0, used = 0;
  text[0] = '\0';
  for (uint32_t chip = 0; chip < chip_count && count < RS_COUNT_OF(chips); chip++) {
    if (stand_in[chip] != chip && stand_in[chip] != RS_NONE) chips[count++] = stand_in[chip];
  }
  qsort(chips, count, sizeof *chips, compare_chips);
  for (size_t i = 0, end; i < count && used + 32 < size; i = end) {
    for (end = i + 1; end < count && chips[end] == chips[end - 1] + 1;) end++;
    int length = end == i + 1
                     ? snprintf(text + used, size - used, "%s%u", i == 0 ? "" : ",", chips[i])
                     : snprintf(text + used, size - used, "%s%u-%u", i == 0 ? "" : ",", chips[i],
                                chips[end - 1]);
    used += (size_t)length;
  }
}
