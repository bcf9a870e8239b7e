/*
 * The kill rate of the checker: more than 10,000 seeded mutants of schedules of every algorithm, in
 * eleven classes of fault. A mutant is refused by the checker, or it is equivalent: an oracle that moves every
 * vector by the sentences of rs_schedule.h, the vector-fidelity player with two seeds, and the one-pass
 * prover all find it right. A wrong mutant that the checker proves would have survived; none may.
 */
#include <stdio.h>

#include "rs_collective.h"
#include "rs_player.h"
#include "rs_test_checker.h"
#include "rs_test_stream.h"
#include "rs_topology.h"

#define ROUNDS 9 /* mutants a class of each schedule */

typedef enum fault_class {
  SHIFTED_START,
  SWAPPED_LINKS,
  DROPPED_BURST,
  DOUBLED_CONTRIBUTION,
  WRONG_CHUNK,
  WRONG_CHIP,
  EARLY_READ,
  BUFFER_OVERFLOW,
  VECTOR_UNIT_CLASH,
  TORN_TRANSMISSION,
  DOUBLED_TARGET,
  CLASS_COUNT
} fault_class;

static const char *const class_words[CLASS_COUNT] = {
    "shifted start",     "swapped links",     "dropped burst", "doubled contribution",
    "wrong chunk",       "wrong chip",        "early read",    "buffer overflow",
    "vector-unit clash", "torn transmission", "doubled target"};

typedef struct tally {
  int mutants, refused, equivalent, survived;
} tally;

/* ---- schedules ---- */

typedef struct base {
  rs_arena *arena;
  const char *spec;
  rs_timing timing;
  const rs_wiring *wiring;
  rs_schedule *schedule;
} base;

/* One of each kind of wiring that some algorithm needs: full, ring, cube, nodes, a = 2h, one-way. */
static const char *const specs[] = {
    "mesh:4", "ring:5", "hypercube:3", "realscale:16", "dragonfly:a=4,h=2", "kautz:2,2,directed"};

/* False: the algorithm is for other wirings. */
static bool compile_base(base *b, const rs_collective_algorithm *row, int64_t bytes) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  uint32_t chips[64];
  assert_ok(rs_topology_parse(b->arena, b->spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(b->arena, topology, NULL, &wiring, &diag), &diag);
  b->wiring = wiring;
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  bool rooted = row->kind == RS_BROADCAST || row->kind == RS_REDUCE || row->kind == RS_SCATTER ||
                row->kind == RS_GATHER;
  rs_collective_request request = {.kind = row->kind,
                                   .algorithm = row->name,
                                   .chips = chips,
                                   .chip_count = wiring->chip_count,
                                   .root = rooted ? chips[1] : RS_NONE,
                                   .block_bytes = bytes};
  if (row->kind == RS_SEND) request.chip_count = wiring->chip_count / 2 * 2;
  b->schedule = rs_schedule_create(b->arena, wiring, b->spec, &b->timing);
  rs_calendar *calendar = rs_calendar_create(b->arena, wiring, &b->timing);
  return rs_collective_compile(b->schedule, wiring, calendar, &request, NULL, NULL, &diag) == RS_OK;
}

/* ---- faults ---- */

static rs_burst *any_burst(rs_schedule *s, rs_random *random) {
  return &s->bursts[rs_random_below(random, s->burst_count)];
}

/* A burst that adds; NULL: the kind has none. */
static rs_burst *any_add(rs_schedule *s, rs_random *random) {
  uint64_t first = rs_random_below(random, s->burst_count);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    rs_burst *b = &s->bursts[(first + i) % s->burst_count];
    if (b->action == RS_ACTION_ADD) return b;
  }
  return NULL;
}

static bool swap_links(rs_schedule *s, rs_random *random) {
  rs_burst *a = any_burst(s, random);
  rs_burst *b = any_burst(s, random);
  uint32_t link = a->link;
  a->link = b->link;
  b->link = link;
  return a->link != b->link;
}

/* What was added comes again, on the same way; where nothing is added, what was kept is added to itself. */
static bool double_contribution(rs_schedule *s, rs_random *random) {
  rs_burst *b = any_add(s, random);
  rs_burst again = b != NULL ? *b : *any_burst(s, random);
  if (again.target == RS_BUFFER_TMP && again.action != RS_ACTION_ADD) return false;
  again.action = RS_ACTION_ADD;
  again.start_cycles += rs_random_between(random, 1, 2000);
  return rs_schedule_add_burst(s, &again) != NULL;
}

/* The place of another burst, read or written. */
static bool move_chunk(rs_schedule *s, rs_random *random) {
  rs_burst *b = any_burst(s, random);
  const rs_burst *other = any_burst(s, random);
  rs_burst before = *b;
  if (rs_random_below(random, 2) == 0) {
    b->source_offset = other->source_offset;
  } else {
    b->target_offset = other->target_offset;
  }
  return b->source_offset != before.source_offset || b->target_offset != before.target_offset;
}

/* Another link of the sender, or to the receiver. */
static bool mistake_chip(rs_schedule *s, const rs_wiring *w, rs_random *random) {
  rs_burst *b = any_burst(s, random);
  const rs_link *link = &w->links[b->link];
  uint32_t before = b->link;
  if (rs_random_below(random, 2) == 0) {
    uint32_t first = w->out_first[link->from];
    b->link = first + (uint32_t)rs_random_below(random, w->out_first[link->from + 1] - first);
  } else {
    uint32_t first = w->in_first[link->to];
    uint32_t count = w->in_first[link->to + 1] - first;
    b->link = w->in_links[first + (uint32_t)rs_random_below(random, count)];
  }
  return b->link != before;
}

/* By no more than what makes data wait: then nothing but the read is wrong. */
static bool read_early(rs_schedule *s, rs_random *random) {
  const rs_timing *t = &s->timing;
  rs_burst *b = any_burst(s, random);
  int64_t most = t->send_cycles + t->latency_cycles[0] + t->forward_cycles + t->add_cycles;
  int64_t earlier = rs_random_between(random, 1, RS_MAX(most, 1));
  if (b->start_cycles < earlier) return false;
  b->start_cycles -= earlier;
  return true;
}

static bool overflow_buffer(rs_schedule *s, rs_random *random) {
  rs_burst *b = any_burst(s, random);
  rs_op *op = &s->ops[b->op];
  int64_t out = rs_op_out_vectors(op);
  switch (rs_random_below(random, 3)) {
    case 0: /* just beyond the end */
      b->target_offset = (b->target == RS_BUFFER_OUT ? out : op->tmp_vectors) - b->count + 1;
      return true;
    case 1:
      b->source_offset = (b->source == RS_BUFFER_IN    ? rs_op_in_vectors(op)
                          : b->source == RS_BUFFER_OUT ? out
                                                       : op->tmp_vectors) -
                         b->count + 1;
      return true;
    default: /* a hop buffer that is smaller than what is staged in it */
      if (op->tmp_vectors == 0) return false;
      op->tmp_vectors--;
      return true;
  }
}

/* Two adds at one chip in one cycle, where the unit does one. */
static bool clash(rs_schedule *s, const rs_wiring *w, rs_random *random) {
  rs_burst *a = any_add(s, random);
  if (a == NULL) return false;
  s->timing.adds_per_cycle = 1;
  uint32_t to = w->links[a->link].to;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    rs_burst *b = &s->bursts[i];
    if (b == a || b->action != RS_ACTION_ADD || w->links[b->link].to != to) continue;
    b->start_cycles = a->start_cycles + rs_timing_latency(&s->timing, &w->links[a->link]) -
                      rs_timing_latency(&s->timing, &w->links[b->link]);
    return b->start_cycles >= 0;
  }
  return false;
}

/* A burst that shares its transmission with the one before it; NULL: there is none. */
static rs_burst *any_rider(rs_schedule *s, rs_random *random) {
  uint64_t first = rs_random_below(random, s->burst_count);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    uint64_t k = (first + i) % s->burst_count;
    if (rs_schedule_rides(s, k)) return &s->bursts[k];
  }
  return NULL;
}

/* One of two that share is moved in time, or reads something else: no longer one transmission. */
static bool tear(rs_schedule *s, rs_random *random) {
  rs_burst *b = any_rider(s, random);
  if (b == NULL) return false;
  if (rs_random_below(random, 2) == 0) b--;
  switch (rs_random_below(random, 4)) {
    case 0:
      b->start_cycles += rs_random_below(random, 2) == 0 ? 1 : -1;
      return b->start_cycles >= 0;
    case 1:
      b->source_offset += b->source_offset == 0 ? 1 : -1;
      return true;
    case 2:
      b->source = (uint8_t)((b->source + 1 + rs_random_below(random, 2)) % 3);
      return true;
    default:
      b->count--;
      return b->count > 0;
  }
}

/* Both to one place; where nothing is shared, a burst twice. */
static bool double_target(rs_schedule *s, rs_random *random) {
  rs_burst *b = rs_random_below(random, 2) == 0 ? any_rider(s, random) : NULL;
  if (b == NULL) {
    rs_burst again = *any_burst(s, random);
    return rs_schedule_add_burst(s, &again) != NULL;
  }
  b->target = b[-1].target;
  b->target_offset = b[-1].target_offset;
  return b->action != RS_ACTION_FORWARD || b->target == RS_BUFFER_TMP;
}

/* False: it does not apply, or changed nothing. */
static bool mutate(rs_schedule *s, const rs_wiring *w, fault_class class, rs_random *random) {
  rs_burst *b = any_burst(s, random);
  int64_t start = b->start_cycles;
  switch (class) {
    case SHIFTED_START:
      b->start_cycles += rs_random_between(random, -30, 30);
      return b->start_cycles >= 0 && b->start_cycles != start;
    case SWAPPED_LINKS:
      return swap_links(s, random);
    case DROPPED_BURST:
      *b = s->bursts[--s->burst_count];
      return true;
    case DOUBLED_CONTRIBUTION:
      return double_contribution(s, random);
    case WRONG_CHUNK:
      return move_chunk(s, random);
    case WRONG_CHIP:
      return mistake_chip(s, w, random);
    case EARLY_READ:
      return read_early(s, random);
    case BUFFER_OVERFLOW:
      return overflow_buffer(s, random);
    case VECTOR_UNIT_CLASH:
      return clash(s, w, random);
    case TORN_TRANSMISSION:
      return tear(s, random);
    case DOUBLED_TARGET:
      return double_target(s, random);
    case CLASS_COUNT:
      break;
  }
  return false;
}

/* ---- judges ---- */

static bool plays(const rs_schedule *s, const rs_wiring *w, uint64_t seed, rs_play *play,
                  rs_diag *diag) {
  const rs_play_options options = {.fidelity = RS_FIDELITY_VECTOR, .seed = seed};
  return rs_player_run(s, w, &options, play, diag) == RS_OK;
}

static void judge(const rs_schedule *s, const rs_wiring *w, uint64_t seed, const char *name,
                  tally *t) {
  char verdict[256] = "";
  rs_diag diag = {0};
  rs_check_report report;
  rs_play play;
  const rs_check_options options = {.seed = seed};
  bool proved = rs_checker_run(s, w, &options, &report, &diag) == RS_OK;
  stream_agrees(s, w, seed, proved, &report);
  t->mutants++;
  t->refused += !proved;
  if (!proved) return;
  oracle_judge(s, w, verdict, sizeof verdict);
  bool right = verdict[0] == '\0' && plays(s, w, seed, &play, &diag) &&
               plays(s, w, ~seed, &play, &diag) && play.makespan_cycles == report.makespan_cycles;
  t->equivalent += right;
  t->survived += !right;
  if (right) return;
  print_message("%s, seed %llu, survived: oracle '%s', player '%s'\n", name,
                (unsigned long long)seed, verdict, diag.what);
}

/* A copy to be changed, with room for one burst more. */
static rs_schedule *copy_schedule(rs_arena *arena, const rs_schedule *from) {
  rs_schedule *s = RS_ARENA_NEW(arena, rs_schedule, 1);
  *s = *from;
  s->arena = arena;
  s->burst_capacity = from->burst_count + 1;
  s->bursts = RS_ARENA_NEW(arena, rs_burst, s->burst_capacity);
  s->ops = RS_ARENA_NEW(arena, rs_op, s->op_count);
  memcpy(s->bursts, from->bursts, from->burst_count * sizeof *s->bursts);
  memcpy(s->ops, from->ops, from->op_count * sizeof *s->ops);
  return s;
}

static void mutate_base(const base *b, const char *name, uint64_t *seed, tally *tallies) {
  for (int k = 0; k < CLASS_COUNT * ROUNDS; k++, ++*seed) {
    rs_random random;
    fault_class class = (fault_class)(k % CLASS_COUNT);
    rs_arena *arena = rs_arena_create(0);
    rs_schedule *mutant = copy_schedule(arena, b->schedule);
    rs_random_init(&random, *seed, 7);
    if (mutate(mutant, b->wiring, class, &random)) {
      judge(mutant, b->wiring, *seed, name, &tallies[class]);
    }
    rs_arena_destroy(arena);
  }
}

static void print_tallies(const tally *tallies) {
  tally all = {0};
  print_message("%-22s %8s %8s %11s %9s\n", "class", "mutants", "refused", "equivalent",
                "survived");
  for (int c = 0; c < CLASS_COUNT; c++) {
    const tally *t = &tallies[c];
    print_message("%-22s %8d %8d %11d %9d\n", class_words[c], t->mutants, t->refused, t->equivalent,
                  t->survived);
    assert_true(t->refused > 150);
    assert_int_equal(t->survived, 0);
    all.mutants += t->mutants;
    all.refused += t->refused;
    all.equivalent += t->equivalent;
  }
  print_message("kill rate %.2f %%: %d of %d mutants that are not equivalent were refused\n",
                100.0 * all.refused / (all.mutants - all.equivalent), all.refused,
                all.mutants - all.equivalent);
  assert_true(all.mutants > 10000);
  assert_int_equal(all.refused, all.mutants - all.equivalent);
}

static void no_mutant_survives(void **state) {
  tally tallies[CLASS_COUNT] = {{0}};
  const rs_timing timings[] = {unit_timing(), chip_timing(), fast_timing()};
  size_t count, covered = 0;
  uint64_t seed = 0;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  (void)state;
  for (size_t row = 0; row < count; row++) {
    int compiled = 0;
    for (size_t k = 0; k < 2 * RS_COUNT_OF(specs); k++) {
      char name[128];
      base b = {
          .arena = rs_arena_create(0), .spec = specs[k / 2], .timing = timings[(row + k) % 3]};
      int64_t bytes = k % 2 == 0 ? 320 : 11 * 320;
      snprintf(name, sizeof name, "%s %s on %s", rs_collective_kind_word(rows[row].kind),
               rows[row].name, b.spec);
      if (compile_base(&b, &rows[row], bytes)) {
        mutate_base(&b, name, &seed, tallies);
        compiled++;
      }
      rs_arena_destroy(b.arena);
    }
    covered += compiled > 0 ? 1 : 0;
    if (compiled == 0) print_message("%s is for none of these wirings\n", rows[row].name);
  }
  assert_true(covered >= 25); /* all but gateways, which needs 264 chips, when this was written */
  print_tallies(tallies);
}

/* Every burst of an all-reduce of 16 KiB on eight chips, one cycle earlier and one later: the checker
 * refuses exactly those edits that make a conflict or break causality. */
static void one_cycle_is_enough(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  base b = {.arena = arena, .spec = "mesh:8", .timing = chip_timing()};
  const rs_collective_algorithm row = {RS_ALL_REDUCE, "auto", ""};
  assert_true(compile_base(&b, &row, 16384));
  rs_schedule *s = b.schedule;
  const rs_wiring *w = b.wiring;
  int refused = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    for (int shift = -1; shift <= 1; shift += 2) {
      rs_diag diag;
      rs_play result;
      rs_check_report report;
      const rs_check_options options = {.seed = 0};
      s->bursts[i].start_cycles += shift;
      bool right = plays(s, w, 0, &result, &diag);
      bool proved = rs_checker_run(s, w, &options, &report, &diag) == RS_OK;
      if (right != proved) fail_msg("burst %llu, %+d: %s", (unsigned long long)i, shift, diag.what);
      if (!proved) {
        refused++;
        assert_int_not_equal(report.fault.link, RS_NONE);
        assert_non_null(strstr(diag.what, "cycle"));
        assert_non_null(strstr(diag.what, "'b 0 "));
      }
      s->bursts[i].start_cycles -= shift;
    }
  }
  assert_true(refused >= (int)s->burst_count); /* one cycle earlier is always too early */
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_mutant_survives),
      cmocka_unit_test(one_cycle_is_enough),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
