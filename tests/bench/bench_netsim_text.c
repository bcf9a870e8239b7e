/*
 * Printing, parsing, sorting, digesting and playing a large schedule, in bursts a second.
 * Usage: bench_netsim_text [BURSTS] (default 2000000). Fails when the text does not come back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rs_player.h"
#include "rs_random.h"
#include "rs_schedule_text.h"

enum { CHIPS = 256 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(rs_status status, const rs_diag *diag) {
  char text[1024];
  if (status == RS_OK) return;
  rs_diag_format(diag, text, sizeof text);
  fprintf(stderr, "%s\n", text);
  exit(1);
}

/* A full mesh. */
static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  rs_wiring *w;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, CHIPS);
  (void)context;
  (void)topology;
  if (builder == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t a = 0; a < CHIPS; a++) {
    for (uint32_t b = a + 1; b < CHIPS; b++) {
      must(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, diag), diag);
    }
  }
  rs_status status = rs_wiring_builder_finish(builder, &w, diag);
  *wiring = w;
  return status;
}

/* Broadcasts of 7 vectors, one after the other on each link, links in turn. */
static rs_schedule *make(rs_arena *arena, const rs_wiring *w, uint64_t bursts) {
  rs_timing t;
  rs_timing_init_unit(&t);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  rs_op op = {.kind = RS_BROADCAST,
              .root = 0,
              .block_bytes = 320000,
              .block_vectors = 1000,
              .tmp_vectors = 1000};
  uint32_t chips[CHIPS];
  for (uint32_t i = 0; i < CHIPS; i++) chips[i] = i;
  for (int i = 0; i < 100; i++) rs_schedule_add_op(s, &op, chips, CHIPS);
  for (uint64_t i = 0; i < bursts; i++) {
    rs_burst b = {.start_cycles = (int64_t)(i / w->link_count) * 500 + 207,
                  .count = 7,
                  .source_offset = (int64_t)(i % 990),
                  .target_offset = (int64_t)(i % 990),
                  .link = (uint32_t)(i % w->link_count),
                  .op = (uint32_t)(i % 100),
                  .stride = 1,
                  .source = RS_BUFFER_IN,
                  .target = RS_BUFFER_TMP,
                  .action = RS_ACTION_FORWARD};
    if (rs_schedule_add_burst(s, &b) == NULL) exit(1);
  }
  return s;
}

static void say(const char *what, uint64_t bursts, double seconds) {
  printf("%-22s %8.3f s  %7.2f million bursts a second\n", what, seconds,
         (double)bursts / seconds / 1e6);
}

/* Puts the bursts out of order, the same way each time. */
static void shuffle(rs_schedule *s) {
  rs_random random;
  rs_random_init(&random, 1, 0);
  for (uint64_t i = s->burst_count; i > 1; i--) {
    uint64_t k = rs_random_below(&random, i);
    rs_burst kept = s->bursts[i - 1];
    s->bursts[i - 1] = s->bursts[k];
    s->bursts[k] = kept;
  }
}

int main(int argc, char **argv) {
  uint64_t bursts = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  const rs_wiring *w, *back_wiring;
  rs_schedule *back;
  rs_text text, again;
  rs_play result;
  const rs_play_options options = {.fidelity = RS_FIDELITY_BURST};
  must(provide(NULL, "", arena, &w, &diag), &diag);
  rs_schedule *s = make(arena, w, bursts);

  double start = now_s();
  must(rs_player_run(s, w, &options, &result, &diag), &diag);
  say("play, burst fidelity", bursts, now_s() - start);

  shuffle(s);
  start = now_s();
  rs_schedule_sort(s);
  say("sort, shuffled", bursts, now_s() - start);

  start = now_s();
  uint64_t digest = rs_schedule_digest(s);
  say("digest", bursts, now_s() - start);

  rs_text_init(&text);
  rs_text_init(&again);
  rs_sink sink = rs_text_sink(&text);
  start = now_s();
  must(rs_schedule_print(s, w, &sink, &diag), &diag);
  double print_s = now_s() - start;
  say("print", bursts, print_s);

  start = now_s();
  must(rs_schedule_parse(arena, "bench", text.bytes, text.length, provide, NULL, &back,
                         &back_wiring, &diag),
       &diag);
  double parse_s = now_s() - start;
  say("parse", bursts, parse_s);
  printf("%-22s %8.1f MB, print %.0f MB/s, parse %.0f MB/s\n", "text", (double)text.length / 1e6,
         (double)text.length / 1e6 / print_s, (double)text.length / 1e6 / parse_s);

  sink = rs_text_sink(&again);
  must(rs_schedule_print(back, back_wiring, &sink, &diag), &diag);
  bool same = digest == rs_schedule_digest(back) && text.length == again.length &&
              memcmp(text.bytes, again.bytes, text.length) == 0;
  printf("the text %s\n", same ? "comes back" : "DOES NOT COME BACK");
  rs_text_deinit(&text);
  rs_text_deinit(&again);
  rs_arena_destroy(arena);
  return same ? 0 : 1;
}
