/*
 * Playing a timetable while something breaks.
 *
 * Chips of this kind do not notice: there are no acknowledgements, so a receiver uses what its memory
 * holds at the time that the compiler chose. The player does the same. A vector that is lost puts a
 * spoiled word where it should have gone (for the results it is the same whether the old word stays
 * there or another), a sum takes the spoil with it, and an interval that reads a result that is not
 * right spoils all that it makes. What is wrong at the end, by the definitions of the results, is
 * the loss: exact, but for a chance of 2^−64 a word.
 */
#include <assert.h>
#include <stdlib.h>

#include "rs__player.h"
#include "rs_random.h"

uint64_t rs__memory_spoil_of(uint32_t what, uint64_t which, int64_t k) {
  return rs_mix_u64(rs_mix_u64((uint64_t)what << 32 ^ which) + (uint64_t)k) | 1;
}

/* ---- set-up ---- */

typedef struct start {
  int64_t cycles;
  uint64_t index;
} start;

static int compare_starts(const void *left, const void *right) {
  const start *a = left;
  const start *b = right;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

/* Intervals that read something and make something, by start. */
static bool collect_computes(rs__losing *l) {
  const rs_schedule *s = l->schedule;
  start *starts = malloc((s->compute_count + 1) * sizeof *starts);
  l->computes = malloc((s->compute_count + 1) * sizeof *l->computes);
  if (starts != NULL && l->computes != NULL) {
    for (uint64_t i = 0; i < s->compute_count; i++) {
      const rs_compute *c = &s->computes[i];
      if (c->reads_op == RS_NONE) continue;
      starts[l->compute_count++] = (start){c->start_cycles, i};
    }
    qsort(starts, l->compute_count, sizeof *starts, compare_starts);
    for (uint64_t i = 0; i < l->compute_count; i++) l->computes[i] = starts[i].index;
  }
  bool good = starts != NULL && l->computes != NULL;
  free(starts);
  return good;
}

rs_status rs__losing_init(rs__losing *losing, const rs__player *player, rs__memory *memory) {
  *losing = (rs__losing){.outage = player->options->outage,
                         .loss = player->options->loss,
                         .schedule = player->schedule,
                         .wiring = player->wiring,
                         .memory = memory,
                         .error_burst = RS_NONE};
  assert(losing->loss != NULL);
  *losing->loss = (rs_loss){.first_cycles = -1, .first_burst = RS_NONE};
  losing->chip_hit = calloc((size_t)player->wiring->chip_count + 1, sizeof *losing->chip_hit);
  bool good = losing->chip_hit != NULL && collect_computes(losing);
  return good ? RS_OK : rs_arena_failed(NULL, player->diag);
}

void rs__losing_deinit(rs__losing *losing) {
  free(losing->computes);
  free(losing->chip_hit);
}

/* ---- on the way ---- */

static bool is_dead(const rs__losing *l, uint32_t link) {
  const rs_outage *o = l->outage;
  const rs_link *ends = &l->wiring->links[link];
  if (o->dead_links != NULL && o->dead_links[link]) return true;
  return o->dead_chips != NULL && (o->dead_chips[ends->from] || o->dead_chips[ends->to]);
}

static bool is_hit(rs__losing *l, uint32_t burst, int64_t k, int64_t now_cycles) {
  uint32_t link = l->schedule->bursts[burst].link;
  const rs_outage *o = l->outage;
  if (is_dead(l, link) && now_cycles > o->at_cycles) return true;
  if (link != o->error_link) return false;
  const rs_timing *t = &l->schedule->timing;
  bool is_after = now_cycles - rs_timing_latency(t, &l->wiring->links[link]) >= o->at_cycles;
  if (l->error_burst == RS_NONE && is_after) {
    l->error_burst = burst;
    l->error_vector = k;
    return true;
  }
  /* the same vector, to another place of its transmission */
  return l->error_burst != RS_NONE && k == l->error_vector &&
         rs_burst_shares(&l->schedule->bursts[l->error_burst], &l->schedule->bursts[burst]);
}

uint64_t rs__losing_deliver(rs__losing *losing, uint32_t burst, int64_t k, int64_t now_cycles,
                            uint64_t value, bool rides) {
  rs_loss *loss = losing->loss;
  if (!is_hit(losing, burst, k, now_cycles)) return value;
  loss->vectors_lost += !rides;
  if (loss->first_cycles < 0) {
    loss->first_cycles = now_cycles;
    loss->first_burst = burst;
  }
  return value + rs__memory_spoil_of(burst, UINT32_MAX, k);
}

static rs_status note_wrong(void *context, rs__words_bank *bank, int64_t address,
                            const rs__word *word, uint64_t value) {
  bool *wrong = context;
  (void)bank;
  (void)address;
  if (!rs__word_is(word, value)) *wrong = true;
  return *wrong ? RS_E_REFUSED : RS_OK; /* one is enough */
}

static bool reads_wrong(rs__losing *l, const rs_compute *c) {
  bool wrong = false;
  rs__memory_visit_results(l->memory, c->reads_op, c->chip, note_wrong, &wrong);
  return wrong;
}

/* Intervals of no length may follow each other within a cycle, in any order of the list: those of one
 * start are gone through until nothing more is handed on. */
static void hand_on(rs__losing *l, uint64_t first, uint64_t end) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (uint64_t i = first; i < end; i++) {
      if (l->computes[i] == UINT64_MAX) continue; /* has handed on what it had */
      const rs_compute *c = &l->schedule->computes[l->computes[i]];
      if (!reads_wrong(l, c)) continue;
      if (c->writes_op != RS_NONE) rs__memory_spoil_input(l->memory, c->writes_op, c->chip);
      l->computes[i] = UINT64_MAX;
      changed = true;
    }
  }
}

void rs__losing_compute(rs__losing *losing, int64_t cycles) {
  const rs_compute *all = losing->schedule->computes;
  while (losing->compute_next < losing->compute_count) {
    uint64_t first = losing->compute_next, end = first;
    int64_t at = all[losing->computes[first]].start_cycles;
    if (at > cycles) return;
    while (end < losing->compute_count && all[losing->computes[end]].start_cycles == at) end++;
    hand_on(losing, first, end);
    losing->compute_next = end;
  }
}

/* ---- at the end ---- */

static rs_status count_result(void *context, rs__words_bank *bank, int64_t address,
                              const rs__word *word, uint64_t value) {
  rs__losing *l = context;
  rs_loss *loss = l->loss;
  const bool *dead = l->outage->dead_chips;
  (void)address;
  if (dead != NULL && dead[bank->chip]) return RS_OK;
  loss->results++;
  if (rs__word_is(word, value)) return RS_OK;
  loss->results_lost++;
  l->chip_hit[bank->chip] = true;
  return RS_OK;
}

void rs__losing_tally(rs__losing *losing) {
  rs_loss *loss = losing->loss;
  rs__losing_compute(losing, INT64_MAX); /* what starts after the last arrival */
  for (uint32_t op = 0; op < losing->schedule->op_count; op++) {
    uint64_t before = loss->results_lost;
    rs__memory_visit_results(losing->memory, op, RS_NONE, count_result, losing);
    if (loss->results_lost > before) loss->ops_hit++;
  }
  for (uint32_t c = 0; c < losing->wiring->chip_count; c++) loss->chips_hit += losing->chip_hit[c];
}
