/*
 * Mutants of schedules: one seeded fault of a class each, and what became of them.
 *
 * A mutant is put before four judges: the checker, the one-pass proof, which must say the same, the
 * oracle (rs_test_checker.h) and the player at vector fidelity. What the oracle or the player faults, the checker must refuse; what the checker
 * proves, both must find right. A mutant that all find right is equivalent (a burst moved to where it
 * does no harm, say). One that only the checker refuses is counted as strict.
 */
#ifndef RS_TEST_CHECKER_MUTANTS_H
#define RS_TEST_CHECKER_MUTANTS_H

#include "rs_player.h"
#include "rs_test_checker.h"
#include "rs_test_stream.h"

typedef enum mutation {
  MUTATION_EARLIER,
  MUTATION_LATER,
  MUTATION_LINK,
  MUTATION_LINKS_SWAPPED,
  MUTATION_STARTS_SWAPPED,
  MUTATION_DROPPED,
  MUTATION_DOUBLED,
  MUTATION_SOURCE_OFFSET,
  MUTATION_TARGET_OFFSET,
  MUTATION_SOURCE_BUFFER,
  MUTATION_TARGET_BUFFER,
  MUTATION_ACTION,
  MUTATION_COUNT_CHANGED,
  MUTATION_STRIDE,
  MUTATION_OPERATION,
  MUTATION_VECTOR_UNIT,
  MUTATION_INPUT_LATER,
  MUTATION_INTERVAL,
  MUTATION_ROOT,
  MUTATION_TORN,
  MUTATION_SAME_PLACE,
  MUTATION_COUNT
} mutation;

static inline const char *mutation_word(mutation m) {
  static const char *const words[] = {
      "start earlier",      "start later",   "other link",     "links swapped",  "starts swapped",
      "burst dropped",      "burst doubled", "source offset",  "target offset",  "source buffer",
      "target buffer",      "action",        "count",          "stride",         "operation",
      "weaker vector unit", "input later",   "interval moved", "another result", "torn apart",
      "same place"};
  return words[m];
}

typedef struct mutant_count {
  uint64_t tried, refused, equivalent, strict;
  uint64_t in_one_pass; /* decided by the one-pass proof too */
} mutant_count;

typedef struct mutator {
  const rs_schedule *base;
  const rs_wiring *wiring;
  rs_schedule mutant; /* arrays of its own, one burst longer */
  rs_arena *arena;
  mutant_count counts[MUTATION_COUNT];
} mutator;

static inline void mutator_init(mutator *m, rs_arena *arena, const rs_schedule *base,
                                const rs_wiring *wiring) {
  memset(m, 0, sizeof *m);
  m->base = base;
  m->wiring = wiring;
  m->arena = arena;
  m->mutant = *base;
  m->mutant.bursts = RS_ARENA_NEW(arena, rs_burst, base->burst_count + 1);
  m->mutant.ops = RS_ARENA_NEW(arena, rs_op, base->op_count);
  m->mutant.computes = RS_ARENA_NEW(arena, rs_compute, base->compute_count);
}

static inline void mutator_reset(mutator *m) {
  rs_schedule *s = &m->mutant;
  s->timing = m->base->timing;
  s->burst_count = m->base->burst_count;
  memcpy(s->bursts, m->base->bursts, m->base->burst_count * sizeof *s->bursts);
  memcpy(s->ops, m->base->ops, m->base->op_count * sizeof *s->ops);
  if (m->base->compute_count > 0) {
    memcpy(s->computes, m->base->computes, m->base->compute_count * sizeof *s->computes);
  }
}

/* Small distances find off-by-one mistakes, large ones anything else. */
static inline int64_t draw_distance(rs_random *random) {
  static const int64_t reach[] = {1, 3, 30, 300};
  return rs_random_between(random, 1, reach[rs_random_below(random, 4)]);
}

static inline void swap_starts(rs_burst *a, rs_burst *b) {
  int64_t start = a->start_cycles;
  a->start_cycles = b->start_cycles;
  b->start_cycles = start;
}

static inline void swap_links(rs_burst *a, rs_burst *b) {
  uint32_t link = a->link;
  a->link = b->link;
  b->link = link;
}

static inline void mutate_interval(rs_schedule *s, rs_random *random) {
  if (s->compute_count == 0) return;
  rs_compute *c = &s->computes[rs_random_below(random, s->compute_count)];
  int64_t distance = draw_distance(random);
  switch (rs_random_below(random, 4)) {
    case 0:
      c->start_cycles = RS_MAX(0, c->start_cycles - distance);
      break;
    case 1:
      c->start_cycles += distance;
      break;
    case 2:
      c->cycles += distance;
      break;
    default:
      c->chip = (c->chip + 1) % s->chip_count;
      break;
  }
}

static inline void mutate_input(rs_schedule *s, rs_random *random) {
  if (s->compute_count > 0) {
    s->computes[rs_random_below(random, s->compute_count)].first_cycles += draw_distance(random);
  } else {
    s->ops[rs_random_below(random, s->op_count)].ready_cycles += draw_distance(random);
  }
}

/* The same bursts for another end: another root, or one block exchanged for another kind. */
static inline void mutate_root(rs_schedule *s, rs_random *random) {
  rs_op *op = &s->ops[rs_random_below(random, s->op_count)];
  if (op->root != RS_NONE) {
    op->root = s->group_chips[op->group_first + rs_random_below(random, op->group_count)];
  } else if (op->kind == RS_ALL_REDUCE) {
    op->kind = RS_REDUCE_SCATTER;
  } else if (op->kind == RS_ALL_GATHER) {
    op->kind = RS_ALL_TO_ALL;
  }
}

/* Two bursts of one transmission no longer are, or write to one place. A burst that shares with none is
 * given a second place first, which is right or wrong for reasons of its own. */
static inline void mutate_transmission(rs_schedule *s, uint64_t index, bool to_same_place,
                                       rs_random *random) {
  rs_burst *b = &s->bursts[index];
  if (index == 0 || !rs_schedule_rides(s, index)) {
    s->bursts[s->burst_count] = *b;
    b = &s->bursts[s->burst_count++];
    if (to_same_place) return;
    b->target_offset ^= 1;
  }
  if (to_same_place) {
    b->target = b[-1].target;
    b->target_offset = b[-1].target_offset;
    return;
  }
  switch (rs_random_below(random, 3)) {
    case 0:
      b->start_cycles++;
      break;
    case 1:
      b->source_offset ^= 1;
      break;
    default:
      break; /* it is one still, or was made so just now */
  }
}

/* One field of a burst. */
static inline void mutate_field(rs_burst *b, mutation kind, int64_t distance, bool back,
                                rs_random *random) {
  switch (kind) {
    case MUTATION_SOURCE_OFFSET:
      b->source_offset += back ? -RS_MIN(distance, 3) : RS_MIN(distance, 3);
      break;
    case MUTATION_TARGET_OFFSET:
      b->target_offset += back ? -RS_MIN(distance, 3) : RS_MIN(distance, 3);
      break;
    case MUTATION_SOURCE_BUFFER:
      b->source = (uint8_t)((b->source + 1 + rs_random_below(random, 2)) % 3);
      break;
    case MUTATION_TARGET_BUFFER:
      b->target = b->target == RS_BUFFER_OUT ? RS_BUFFER_TMP : RS_BUFFER_OUT;
      break;
    case MUTATION_ACTION:
      b->action = b->action == RS_ACTION_ADD ? RS_ACTION_KEEP : RS_ACTION_ADD;
      break;
    case MUTATION_COUNT_CHANGED:
      b->count += back ? -1 : 1;
      break;
    case MUTATION_STRIDE:
      b->stride += (uint32_t)RS_MIN(distance, 3);
      break;
    default:
      assert_true(kind == MUTATION_COUNT);
  }
}

static inline void mutate(mutator *m, mutation kind, rs_random *random) {
  rs_schedule *s = &m->mutant;
  uint64_t index = rs_random_below(random, s->burst_count);
  rs_burst *b = &s->bursts[index];
  rs_burst *other = &s->bursts[rs_random_below(random, s->burst_count)];
  int64_t distance = draw_distance(random);
  bool back = rs_random_below(random, 2) == 0;
  switch (kind) {
    case MUTATION_EARLIER:
      b->start_cycles = RS_MAX(0, b->start_cycles - distance);
      break;
    case MUTATION_LATER:
      b->start_cycles += distance;
      break;
    case MUTATION_LINK:
      b->link = (uint32_t)rs_random_below(random, s->link_count);
      break;
    case MUTATION_LINKS_SWAPPED:
      swap_links(b, other);
      break;
    case MUTATION_STARTS_SWAPPED:
      swap_starts(b, other);
      break;
    case MUTATION_DROPPED:
      *b = s->bursts[--s->burst_count];
      break;
    case MUTATION_DOUBLED: /* at once, or after everything */
      s->bursts[s->burst_count] = *b;
      s->bursts[s->burst_count++].start_cycles += back ? distance : 100000;
      break;
    case MUTATION_OPERATION:
      b->op = (uint32_t)rs_random_below(random, s->op_count);
      break;
    case MUTATION_VECTOR_UNIT:
      s->timing.adds_per_cycle = rs_random_between(random, 1, 3);
      break;
    case MUTATION_INPUT_LATER:
      mutate_input(s, random);
      break;
    case MUTATION_INTERVAL:
      mutate_interval(s, random);
      break;
    case MUTATION_ROOT:
      mutate_root(s, random);
      break;
    case MUTATION_TORN:
      mutate_transmission(s, index, false, random);
      break;
    case MUTATION_SAME_PLACE:
      mutate_transmission(s, index, true, random);
      break;
    default:
      mutate_field(b, kind, distance, back, random);
  }
}

static inline bool is_unchanged(const mutator *m) {
  const rs_schedule *a = m->base, *b = &m->mutant;
  return a->burst_count == b->burst_count &&
         memcmp(a->bursts, b->bursts, a->burst_count * sizeof *a->bursts) == 0 &&
         memcmp(a->ops, b->ops, a->op_count * sizeof *a->ops) == 0 &&
         (a->compute_count == 0 ||
          memcmp(a->computes, b->computes, a->compute_count * sizeof *a->computes) == 0) &&
         memcmp(&a->timing, &b->timing, sizeof a->timing) == 0;
}

/* One mutant, before all judges. `name` and `seed` are for the message. */
static inline void mutator_try(mutator *m, mutation kind, uint64_t seed, const char *name) {
  char verdict[256] = "";
  rs_check_report report;
  rs_diag checked = {0}, played = {0};
  rs_random random;
  rs_play play;
  rs_random_init(&random, seed, (uint64_t)kind);
  mutator_reset(m);
  mutate(m, kind, &random);
  if (is_unchanged(m)) return;
  mutant_count *count = &m->counts[kind];
  rs_check_options options = {.seed = seed};
  rs_play_options play_options = {.fidelity = RS_FIDELITY_VECTOR, .seed = seed};
  bool proved = rs_checker_run(&m->mutant, m->wiring, &options, &report, &checked) == RS_OK;
  if (stream_agrees(&m->mutant, m->wiring, seed, proved, &report) != RS_E_LIMIT)
    count->in_one_pass++;
  count->tried++;
  if (!proved) count->refused++;
  if (!proved && report.fault.kind == RS_FAULT_FORM) return;
  oracle_judge(&m->mutant, m->wiring, verdict, sizeof verdict);
  bool plays = rs_player_run(&m->mutant, m->wiring, &play_options, &play, &played) == RS_OK;
  if (proved && (verdict[0] != '\0' || !plays)) {
    fail_msg("%s, '%s', seed %llu: proved, but oracle '%s', player '%s'", name, mutation_word(kind),
             (unsigned long long)seed, verdict, plays ? "" : played.what);
  }
  if (proved) assert_int_equal(report.makespan_cycles, play.makespan_cycles);
  if (proved) count->equivalent++;
  if (!proved && verdict[0] == '\0' && plays) {
    count->strict++;
    if (getenv("RS_TEST_STRICT") != NULL) {
      print_message("strict: %s, %s, seed %llu: %s\n", name, mutation_word(kind),
                    (unsigned long long)seed, checked.what);
    }
  }
}

static inline void mutant_counts_print(const mutant_count *counts) {
  mutant_count sum = {0};
  print_message("%-20s %8s %8s %10s %7s %12s\n", "class", "mutants", "refused", "equivalent",
                "strict", "in one pass");
  for (int k = 0; k <= MUTATION_COUNT; k++) {
    const mutant_count *c = k < MUTATION_COUNT ? &counts[k] : &sum;
    print_message("%-20s %8llu %8llu %10llu %7llu %12llu\n",
                  k < MUTATION_COUNT ? mutation_word((mutation)k) : "all",
                  (unsigned long long)c->tried, (unsigned long long)c->refused,
                  (unsigned long long)c->equivalent, (unsigned long long)c->strict,
                  (unsigned long long)c->in_one_pass);
    sum.tried += c->tried;
    sum.refused += c->refused;
    sum.equivalent += c->equivalent;
    sum.strict += c->strict;
    sum.in_one_pass += c->in_one_pass;
  }
}

#endif
