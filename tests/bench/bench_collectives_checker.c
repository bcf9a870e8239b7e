/*
 * How many bursts a second the checker proves, on an all-reduce that this file makes by itself: one
 * tree a shard, summed up to its root and spread down again, every burst at the first cycle at which
 * its data and its link are free. Prints bursts a second of the validation, of the whole proof, and
 * the peak memory. Fails when the proof fails, or when a planted fault is not seen.
 * Usage: bench_collectives_checker [SPEC [SHARDS [VECTORS]]] (default realscale:10440 52 1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rs_checker.h"
#include "rs_random.h"
#include "rs_topology.h"

/* Processor time: the checker is one thread, and other programs should not count. */
static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct maker {
  rs_schedule *schedule;
  const rs_wiring *wiring;
  int64_t *link_free; /* [link] */
  int64_t *ready;     /* [chip] its part of the shard may depart */
  uint32_t *parent;   /* [chip] link from the parent; RS_NONE: root or not seen */
  uint32_t *order;    /* breadth first */
  int64_t vectors;
} maker;

static void search_tree(maker *m, uint32_t root) {
  const rs_wiring *w = m->wiring;
  uint32_t count = 1;
  memset(m->parent, 0xff, w->chip_count * sizeof *m->parent);
  m->order[0] = root;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = m->order[head];
    uint32_t degree = rs_wiring_out_degree(w, chip);
    for (uint32_t k = 0; k < degree; k++) {
      uint32_t l = w->out_first[chip] + (k + root) % degree;
      uint32_t to = w->links[l].to;
      if (to == root || m->parent[to] != RS_NONE) continue;
      m->parent[to] = l;
      m->order[count++] = to;
    }
  }
}

static void send(maker *m, uint32_t link, int64_t offset, rs_action action) {
  const rs_timing *t = &m->schedule->timing;
  const rs_link *l = &m->wiring->links[link];
  rs_burst b = {.start_cycles = RS_MAX(m->link_free[link], m->ready[l->from]),
                .count = m->vectors,
                .source_offset = offset,
                .target_offset = offset,
                .link = link,
                .stride = 1,
                .source = RS_BUFFER_OUT,
                .target = RS_BUFFER_OUT,
                .action = (uint8_t)action};
  m->link_free[link] = b.start_cycles + rs_timing_slots(t, b.count);
  int64_t arrival = rs_burst_arrival(t, l, &b, 0);
  int64_t departs = arrival + t->forward_cycles + (action == RS_ACTION_ADD ? t->add_cycles : 0);
  m->ready[l->to] = RS_MAX(m->ready[l->to], departs);
  if (rs_schedule_add_burst(m->schedule, &b) == NULL) exit(1);
}

static void make_shard(maker *m, uint32_t root, int64_t offset) {
  const rs_wiring *w = m->wiring;
  search_tree(m, root);
  for (uint32_t c = 0; c < w->chip_count; c++) m->ready[c] = m->schedule->timing.send_cycles;
  for (uint32_t k = w->chip_count; k-- > 1;) {
    send(m, w->links[m->parent[m->order[k]]].reverse, offset, RS_ACTION_ADD);
  }
  for (uint32_t k = 1; k < w->chip_count; k++) {
    send(m, m->parent[m->order[k]], offset, RS_ACTION_KEEP);
  }
}

static rs_schedule *make_schedule(rs_arena *arena, const rs_wiring *wiring, uint32_t shards,
                                  int64_t vectors) {
  rs_timing timing = {"custom", 900000000, 320, 2952, 125, {216, 220, 250}, 31, 47, 40, 20, 16};
  maker m = {.wiring = wiring, .vectors = vectors};
  m.schedule = rs_schedule_create(arena, wiring, "", &timing);
  m.link_free = RS_ARENA_NEW(arena, int64_t, wiring->link_count);
  m.ready = RS_ARENA_NEW(arena, int64_t, wiring->chip_count);
  m.parent = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  m.order = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t c = 0; c < wiring->chip_count; c++) chips[c] = c;
  rs_op op = {.kind = RS_ALL_REDUCE,
              .root = RS_NONE,
              .block_bytes = shards * vectors * timing.vector_bytes,
              .block_vectors = shards * vectors};
  rs_schedule_add_op(m.schedule, &op, chips, wiring->chip_count);
  for (uint32_t s = 0; s < shards; s++) {
    uint32_t root = (uint32_t)(rs_mix_u64(s) % wiring->chip_count);
    make_shard(&m, root, s * vectors);
  }
  rs_schedule_sort(m.schedule);
  return m.schedule;
}

/* A figure of /proc/self/status in MB. Writing 5 to clear_refs resets the peak. */
static double memory_mb(const char *key) {
  char line[256];
  double kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, key, strlen(key)) == 0) kib = atof(line + strlen(key) + 1);
  }
  if (file != NULL) fclose(file);
  return kib / 1024;
}

static void reset_peak(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (file == NULL) return;
  fputs("5", file);
  fclose(file);
}

static void say(const rs_diag *diag) {
  char text[1024];
  rs_diag_format(diag, text, sizeof text);
  printf("%s\n", text);
}

/* A burst that starts a cycle earlier must be refused, whichever it is: all of them are tight. */
static int plant(rs_schedule *schedule, const rs_wiring *wiring) {
  rs_check_options options = {.seed = 1};
  rs_check_report report;
  rs_diag diag = {0};
  rs_burst *burst = &schedule->bursts[schedule->burst_count / 2];
  burst->start_cycles--;
  rs_status status = rs_checker_run(schedule, wiring, &options, &report, &diag);
  burst->start_cycles++;
  say(&diag);
  return status == RS_E_REFUSED ? 0 : 1;
}

int main(int argc, char **argv) {
  const char *spec = argc > 1 ? argv[1] : "realscale:10440";
  uint32_t shards = argc > 2 ? (uint32_t)atoi(argv[2]) : 52;
  int64_t vectors = argc > 3 ? atoll(argv[3]) : 1;
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring;
  rs_diag diag = {0};
  if (rs_topology_parse(arena, spec, &topology, &diag) != RS_OK ||
      rs_topology_build(arena, topology, NULL, &wiring, &diag) != RS_OK) {
    say(&diag);
    return 2;
  }
  rs_schedule *schedule = make_schedule(arena, wiring, shards, vectors);
  reset_peak();
  double before_mb = memory_mb("VmRSS");
  double millions = (double)schedule->burst_count / 1e6;
  double start = now_s();
  rs_status status = rs_schedule_validate(schedule, wiring, &diag);
  double validated = now_s() - start;
  rs_check_options options = {.seed = 1};
  rs_check_report report = {0};
  double best = 1e9;
  for (int k = 0; k < 5 && status == RS_OK; k++) {
    start = now_s();
    status = rs_checker_run(schedule, wiring, &options, &report, &diag);
    best = RS_MIN(best, now_s() - start);
  }
  double peak_mb = memory_mb("VmHWM");
  if (status != RS_OK) {
    say(&diag);
    return 1;
  }
  printf("%s, %u shards of %lld vectors: %.3f million bursts, makespan %lld cycles, slack %lld\n",
         spec, shards, (long long)vectors, millions, (long long)report.makespan_cycles,
         (long long)report.slack_cycles_min);
  printf("validation %8.3f s %8.2f million bursts/s\n", validated, millions / validated);
  printf("proof      %8.3f s %8.2f million bursts/s (validation included)\n", best,
         millions / best);
  printf("memory     %8.1f MB above the %.1f MB before it\n", peak_mb - before_mb, before_mb);
  int planted = plant(schedule, wiring);
  rs_arena_destroy(arena);
  return planted;
}
