/* Margins of a repeated schedule on drifting programs, link by link, piece by piece. */
#include "rs_clock_run.h"

struct rs_departures {
  const rs_schedule *schedule;
  int64_t period_cycles;
  uint64_t *first;  /* [link + 1] into bursts and before */
  uint64_t *bursts; /* of a link, by start */
  int64_t *before;  /* vectors of the link before that burst, in a period */
  int64_t *vectors; /* [link] in a period */
};

/* ---- departures ---- */

static rs_status check_bursts(const rs_schedule *s, rs_diag *diag) {
  if (s->burst_count == 0) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "the schedule moves nothing, so nothing can be late");
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    assert(i == 0 || s->bursts[i - 1].start_cycles <= s->bursts[i].start_cycles);
    if (s->bursts[i].stride == 1) continue;
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "a burst with a stride of %u slots: its gaps may hold other bursts, and a "
                       "run on clocks needs links whose bursts follow one another",
                       s->bursts[i].stride);
  }
  return RS_OK;
}

rs_status rs_departures_create(rs_arena *arena, const rs_schedule *schedule,
                               const rs_wiring *wiring, int64_t period_cycles,
                               rs_departures **departures, rs_diag *diag) {
  rs_status status = check_bursts(schedule, diag);
  if (status != RS_OK) return status;
  size_t links = wiring->link_count;
  rs_departures *d = RS_ARENA_NEW(arena, rs_departures, 1);
  uint64_t *next = RS_ARENA_NEW(arena, uint64_t, links);
  if (d == NULL || next == NULL) return rs_arena_failed(arena, diag);
  *d = (rs_departures){.schedule = schedule,
                       .period_cycles = period_cycles,
                       .first = RS_ARENA_NEW(arena, uint64_t, links + 1),
                       .bursts = RS_ARENA_NEW(arena, uint64_t, schedule->burst_count),
                       .before = RS_ARENA_NEW(arena, int64_t, schedule->burst_count),
                       .vectors = RS_ARENA_NEW(arena, int64_t, links)};
  if (d->first == NULL || d->bursts == NULL || d->before == NULL || d->vectors == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    if (!rs_schedule_rides(schedule, i)) d->first[schedule->bursts[i].link + 1]++;
  }
  for (size_t l = 0; l < links; l++) {
    d->first[l + 1] += d->first[l];
    next[l] = d->first[l];
  }
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    const rs_burst *b = &schedule->bursts[i];
    if (rs_schedule_rides(schedule, i)) continue; /* a FIFO holds a vector once */
    d->before[next[b->link]] = d->vectors[b->link];
    d->bursts[next[b->link]++] = i;
    d->vectors[b->link] += b->count;
  }
  *departures = d;
  return RS_OK;
}

/* Of a burst, vectors k with start + ⌈k·slot⌉ < cycle: those with k·slot ≤ cycle − 1 − start. */
static int64_t burst_before(const rs_timing *t, const rs_burst *b, int64_t cycle) {
  if (cycle <= b->start_cycles) return 0;
  rs_int128 last = (rs_int128)(cycle - 1 - b->start_cycles) * t->slot_den / t->slot_num;
  return last >= b->count ? b->count : (int64_t)last + 1;
}

int64_t rs_departures_before(const rs_departures *d, uint32_t link, int64_t cycle) {
  if (cycle <= 0 || d->vectors[link] == 0) return 0;
  int64_t rounds = cycle / d->period_cycles;
  int64_t rest = cycle % d->period_cycles;
  int64_t count = rounds * d->vectors[link];
  uint64_t low = d->first[link], high = d->first[link + 1];
  while (low < high) { /* the first burst that starts at or after `rest` */
    uint64_t middle = low + (high - low) / 2;
    if (d->schedule->bursts[d->bursts[middle]].start_cycles < rest) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == d->first[link]) return count;
  const rs_burst *b = &d->schedule->bursts[d->bursts[low - 1]];
  return count + d->before[low - 1] + burst_before(&d->schedule->timing, b, rest);
}

int64_t rs_departures_at(const rs_departures *d, uint32_t link, int64_t index, uint64_t *burst) {
  assert(d->vectors[link] > 0 && index >= 0);
  int64_t rounds = index / d->vectors[link];
  int64_t rest = index % d->vectors[link];
  uint64_t low = d->first[link], high = d->first[link + 1] - 1;
  while (low < high) { /* the last burst that begins with vector `rest` or an earlier one */
    uint64_t middle = low + (high - low + 1) / 2;
    if (d->before[middle] <= rest) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  *burst = d->bursts[low];
  const rs_burst *b = &d->schedule->bursts[*burst];
  return rounds * d->period_cycles +
         rs_burst_departure(&d->schedule->timing, b, rest - d->before[low]);
}

/* ---- the run ---- */

typedef struct link_view {
  const rs_clock_run_config *config;
  const rs_program *from, *to;
  uint32_t link;
  int64_t delay_fs;
  int64_t received_cycles; /* from departure to receive, on the program */
  int64_t wait_cycles_max; /* so far */
} link_view;

static int64_t margin_fs(const link_view *v, int64_t departure) {
  rs_int128 receive = rs_program_time_fs(v->to, departure + v->received_cycles);
  return (int64_t)(receive - rs_program_time_fs(v->from, departure) - v->delay_fs);
}

/* Cycles of departures whose vectors wait when the one of `departure` has arrived; 0: it is late. */
static int64_t waiting_cycles(const link_view *v, int64_t departure) {
  rs_int128 arrival = rs_program_time_fs(v->from, departure) + v->delay_fs;
  int64_t received = rs_program_cycle_before(v->to, arrival) - v->received_cycles;
  return RS_MAX(departure - received, INT64_C(0));
}

/* Vectors that wait when the index-th has arrived. */
static int64_t waiting_vectors(const link_view *v, int64_t index) {
  uint64_t burst;
  const rs_departures *d = v->config->departures;
  int64_t departure = rs_departures_at(d, v->link, index, &burst);
  int64_t since = departure - waiting_cycles(v, departure);
  return index + 1 - rs_departures_before(d, v->link, since + 1);
}

/* The most vectors that leave within `cycles`, at any time: a window that ends with a burst's last
 * vector holds most. So many rounds on that
 * the window has begun. O(bursts of the link). */
static int64_t densest(const link_view *v, int64_t cycles) {
  const rs_departures *d = v->config->departures;
  int64_t rounds = cycles / d->period_cycles + 1;
  int64_t most = 0;
  for (uint64_t i = d->first[v->link]; i < d->first[v->link + 1]; i++) {
    const rs_burst *b = &d->schedule->bursts[d->bursts[i]];
    int64_t count = rounds * d->vectors[v->link] + d->before[i] + b->count;
    int64_t end =
        rounds * d->period_cycles + rs_burst_departure(&d->schedule->timing, b, b->count - 1);
    most = RS_MAX(most, count - rs_departures_before(d, v->link, end - cycles + 1));
  }
  return most;
}

static bool is_faulty(const link_view *v, rs_clock_fault fault, int64_t index) {
  uint64_t burst;
  if (fault == RS_CLOCK_OVERFLOW) return waiting_vectors(v, index) > v->config->fifo_vectors;
  return margin_fs(v, rs_departures_at(v->config->departures, v->link, index, &burst)) < 0;
}

/* The first faulty vector of `first` … `last`, of which the last is faulty or the first: between them
 * margins are linear. Keeps the earliest of all links. */
static void note_fault(const link_view *v, rs_clock_fault fault, int64_t first, int64_t last,
                       rs_clock_run *run) {
  if (is_faulty(v, fault, first)) last = first;
  while (first < last) {
    int64_t middle = first + (last - first) / 2;
    if (is_faulty(v, fault, middle)) {
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  uint64_t burst;
  int64_t cycle = rs_departures_at(v->config->departures, v->link, last, &burst);
  if (run->fault != RS_CLOCK_SAFE && run->fault_cycle <= cycle) return;
  run->fault = fault;
  run->fault_link = v->link;
  run->fault_cycle = cycle;
  run->fault_burst = burst;
}

static void note_vector(const link_view *v, int64_t departure, rs_clock_run *run) {
  int64_t margin = margin_fs(v, departure);
  rs_int128 skew = rs_program_time_fs(v->to, departure) - rs_program_time_fs(v->from, departure);
  run->skew_fs_max = RS_MAX(run->skew_fs_max, (int64_t)(skew < 0 ? -skew : skew));
  if (margin >= run->margin_fs_min) return;
  run->margin_fs_min = margin;
  run->margin_link = v->link;
  run->margin_cycle = departure;
}

/* Vectors `first` … `last`, which leave in one piece of both programs. */
static void note_piece(link_view *v, int64_t first, int64_t last, rs_clock_run *run) {
  const rs_departures *d = v->config->departures;
  const rs_timing *t = &v->config->schedule->timing;
  uint64_t burst;
  int64_t begin = rs_departures_at(d, v->link, first, &burst);
  int64_t end = rs_departures_at(d, v->link, last, &burst);
  note_vector(v, begin, run);
  note_vector(v, end, run);
  if (margin_fs(v, begin) < 0 || margin_fs(v, end) < 0) {
    note_fault(v, RS_CLOCK_LATE, first, last, run);
  }
  /* One cycle more than at the ends: between them the wait may be rounded the other way. */
  int64_t wait = RS_MAX(waiting_cycles(v, begin), waiting_cycles(v, end)) + 1;
  int64_t most = rs_mul_ceil_div_i64(wait, t->slot_den, t->slot_num);
  v->wait_cycles_max = RS_MAX(v->wait_cycles_max, wait);
  if (most > v->config->fifo_vectors && densest(v, wait) > v->config->fifo_vectors) {
    note_fault(v, RS_CLOCK_OVERFLOW, first, last, run);
  }
}

static void run_link(link_view *v, rs_clock_run *run) {
  const rs_departures *d = v->config->departures;
  int64_t end = rs_departures_before(d, v->link, v->config->run_cycles);
  for (int64_t index = 0; index < end;) {
    uint64_t burst;
    int64_t departure = rs_departures_at(d, v->link, index, &burst);
    int64_t change = rs_program_next_change(v->from, departure);
    int64_t receive = rs_program_next_change(v->to, departure + v->received_cycles);
    if (receive < INT64_MAX) change = RS_MIN(change, receive - v->received_cycles);
    int64_t next = change < v->config->run_cycles ? rs_departures_before(d, v->link, change) : end;
    note_piece(v, index, next - 1, run);
    index = next;
  }
  if (end > 0)
    run->fifo_vectors_max = RS_MAX(run->fifo_vectors_max, densest(v, v->wait_cycles_max));
}

void rs_clock_run_schedule(const rs_clock_run_config *config, rs_clock_run *run) {
  const rs_timing *t = &config->schedule->timing;
  *run = (rs_clock_run){.margin_fs_min = INT64_MAX, .margin_link = RS_NONE, .fault_link = RS_NONE};
  for (uint32_t l = 0; l < config->wiring->link_count; l++) {
    const rs_link *link = &config->wiring->links[l];
    link_view view = {.config = config,
                      .from = &config->programs[link->from],
                      .to = &config->programs[link->to],
                      .link = l,
                      .delay_fs = config->delays_fs[l],
                      .received_cycles = rs_timing_latency(t, link) + config->margin_cycles};
    run_link(&view, run);
  }
}

const char *rs_clock_fault_word(rs_clock_fault fault) {
  static const char *const words[] = {"none", "late", "overflow"};
  return words[fault];
}
