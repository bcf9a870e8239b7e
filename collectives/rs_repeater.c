/*
 * Templates are kept in a list, the latest first: the next request is most often like the last ones.
 * Two groups are alike when chip i of one corresponds to chip i of the other, links between members
 * correspond with their latencies, and no burst uses a chip outside; or when they are the same chips.
 * Every transmission of a repeat is booked; the first that would be put off calls the repeat off.
 */
#include "rs_repeater.h"

#include <string.h>

#include "rs__collective.h"

#define TEMPLATES_MAX 256

/* A transmission: what a link and the vector unit at its end are booked for. */
typedef struct move {
  int64_t start_cycles, count;
  uint32_t link;
  uint32_t adds; /* places at the receiver to which it is added */
} move;

typedef struct rs_template {
  const struct rs_template *next;
  rs_collective_kind kind;
  const char *algorithm;      /* that was asked for, */
  rs_compile_variant asked;   /* with this */
  const char *row;            /* that was taken, */
  rs_compile_variant variant; /* with this */
  int64_t block_bytes;
  uint32_t chip_count, links_inside;
  const uint32_t *chips;
  const rs_ready *ready; /* as they were */
  const int64_t *ends;
  int64_t makespan_cycles, end_cycles;
  bool counts_adds;
  uint32_t op;
  const rs_burst *bursts; /* as they were; of a sketch, which repeats times alone, NULL */
  uint64_t burst_count;
  const move *moves;
  uint64_t move_count;
  int64_t vectors; /* that links carry */
} template;

struct rs_repeater {
  rs_arena *arena;
  const rs_wiring *wiring;
  const template *templates;
  const template *known; /* of them, those that came from elsewhere, and all behind it */
  uint32_t template_count;
  bool is_sketch;
  int64_t vectors;
  uint32_t *position; /* [chip] in the group at hand, or RS_NONE */
  uint32_t *links;    /* of the repeat's moves */
  uint64_t link_capacity;
  uint64_t repeats;
};

rs_repeater *rs_repeater_create(rs_arena *arena, const rs_wiring *wiring) {
  rs_repeater *r = RS_ARENA_NEW(arena, rs_repeater, 1);
  if (r == NULL) return NULL;
  *r = (rs_repeater){.arena = arena, .wiring = wiring};
  r->position = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (r->position == NULL) return NULL;
  memset(r->position, 0xff, wiring->chip_count * sizeof *r->position);
  return r;
}

rs_repeater *rs_repeater_sketch(rs_arena *arena, const rs_wiring *wiring,
                                const rs_template *known) {
  rs_repeater *r = rs_repeater_create(arena, wiring);
  if (r == NULL) return NULL;
  r->templates = r->known = known;
  r->is_sketch = true;
  return r;
}

uint64_t rs_repeater_count(const rs_repeater *r) {
  return r->repeats;
}

int64_t rs_repeater_vectors(const rs_repeater *r) {
  return r->vectors;
}

const rs_template *rs_repeater_templates(const rs_repeater *r) {
  return r->templates;
}

const rs_template *rs_templates_join(rs_arena *arena, const rs_template *all,
                                     const rs_template *more, const rs_template *known) {
  for (; more != known; more = more->next) {
    template *copy = RS_ARENA_NEW(arena, template, 1);
    if (copy == NULL) return all;
    *copy = *more;
    copy->next = all;
    all = copy;
  }
  return all;
}

/* ---- what is alike ---- */

static void mark(rs_repeater *r, const uint32_t *chips, uint32_t count, bool is_in) {
  for (uint32_t i = 0; i < count; i++) r->position[chips[i]] = is_in ? i : RS_NONE;
}

static uint32_t count_links_inside(rs_repeater *r, const rs_collective_request *q) {
  const rs_wiring *w = r->wiring;
  uint32_t count = 0;
  mark(r, q->chips, q->chip_count, true);
  for (uint32_t i = 0; i < q->chip_count; i++) {
    for (uint32_t l = w->out_first[q->chips[i]]; l < w->out_first[q->chips[i] + 1]; l++) {
      count += r->position[w->links[l].to] != RS_NONE ? 1 : 0;
    }
  }
  mark(r, q->chips, q->chip_count, false);
  return count;
}

static bool is_same_name(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_request(const template *t, const rs_collective_request *q) {
  if (t->kind != q->kind || t->block_bytes != q->block_bytes || t->chip_count != q->chip_count) {
    return false;
  }
  int64_t later = q->ready[0].start_cycles - t->ready[0].start_cycles;
  for (uint32_t i = 0; i < t->chip_count; i++) {
    if (!rs__has_input(q, i)) continue;
    const rs_ready *a = &t->ready[i];
    const rs_ready *b = &q->ready[i];
    if (b->start_cycles - a->start_cycles != later || a->cycles != b->cycles ||
        a->first_cycles != b->first_cycles) {
      return false;
    }
  }
  return true;
}

static bool is_same_variant(rs_compile_variant a, rs_compile_variant b) {
  return a.splits == b.splits && a.relays == b.relays && a.as_built == b.as_built;
}

/* Compiling would try the same, or only what came of it. */
static bool is_same_choice(const template *t, const rs_collective_request *q) {
  if (is_same_name(t->algorithm, q->algorithm) && is_same_variant(t->asked, q->variant))
    return true;
  return is_same_name(t->row, q->algorithm) && is_same_variant(t->variant, q->variant);
}

/* The link of the other group that corresponds; RS_NONE: there is none. */
static uint32_t find_link(const rs_repeater *r, const rs_collective_request *q,
                          const rs_timing *timing, uint32_t link) {
  const rs_wiring *w = r->wiring;
  const rs_link *old = &w->links[link];
  uint32_t from = r->position[old->from];
  uint32_t to = r->position[old->to];
  if (from == RS_NONE || to == RS_NONE) return RS_NONE;
  /* of several side by side the one with the same number */
  uint32_t ordinal = 0;
  for (uint32_t l = w->out_first[old->from]; l < link; l++) {
    ordinal += w->links[l].to == old->to ? 1 : 0;
  }
  uint32_t chip = q->chips[from];
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (w->links[l].to != q->chips[to] || ordinal-- > 0) continue;
    bool is_like = rs_timing_latency(timing, old) == rs_timing_latency(timing, &w->links[l]);
    return is_like ? l : RS_NONE;
  }
  return RS_NONE;
}

static bool is_same_group(const template *t, const rs_collective_request *q) {
  return memcmp(t->chips, q->chips, t->chip_count * sizeof *t->chips) == 0;
}

/* Fills r->links, a link for every move of the template. */
static bool map_links(rs_repeater *r, const template *t, const rs_collective_request *q,
                      const rs_timing *timing) {
  bool is_same = is_same_group(t, q);
  bool is_mapped = true;
  if (t->move_count > r->link_capacity) {
    uint32_t *links = RS_ARENA_NEW(r->arena, uint32_t, t->move_count);
    if (links == NULL) return false; /* compiling will say so */
    r->links = links;
    r->link_capacity = t->move_count;
  }
  if (!is_same) mark(r, t->chips, t->chip_count, true);
  for (uint64_t i = 0; i < t->move_count && is_mapped; i++) {
    uint32_t link = t->moves[i].link;
    r->links[i] = is_same ? link : find_link(r, q, timing, link);
    is_mapped = r->links[i] != RS_NONE;
  }
  if (!is_same) mark(r, t->chips, t->chip_count, false);
  return is_mapped;
}

/* ---- repeating ---- */

static rs_status no_memory(const rs_schedule *s, rs_diag *diag) {
  return rs_arena_failed(s->arena, diag);
}

/* Books the moves of a template whose adds were counted: all come as far apart as they did, so it is
 * enough that nothing else is added meanwhile. */
static bool book_counted(const rs_repeater *r, const template *t, const rs_timing *timing,
                         rs_calendar *calendar, int64_t later) {
  for (uint64_t i = 0; i < t->move_count; i++) {
    const move *m = &t->moves[i];
    const rs_link *link = &r->wiring->links[r->links[i]];
    int64_t start = m->start_cycles + later;
    int64_t arrival = start + rs_timing_latency(timing, link);
    if (m->adds > 0 && arrival < rs__calendar_adds_end(calendar, link->to)) return false;
    if (rs_calendar_book(calendar, r->links[i], start, m->count) != start) return false;
  }
  return true;
}

/* Books the moves as they are, and only so. A vector unit that does not keep up books lanes of its
 * own, which are not looked for here. */
static bool book_all(const rs_repeater *r, const template *t, rs_calendar *calendar,
                     int64_t later) {
  for (uint64_t i = 0; i < t->move_count; i++) {
    const move *m = &t->moves[i];
    int64_t start = m->start_cycles + later;
    uint32_t lanes[RS__SHARED_MAX], *places[RS__SHARED_MAX];
    if (!rs__calendar_adds_allow(calendar, r->links[i], m->adds)) return false;
    for (uint32_t k = 0; k < m->adds; k++) places[k] = &lanes[k];
    int64_t booked =
        rs__calendar_book_adds(calendar, r->links[i], start, m->count, places, m->adds);
    if (booked != start) return false;
  }
  return true;
}

/* What is added on a chip until when, for what is booked there later. */
static void note_adds(const rs_repeater *r, const template *t, rs_calendar *calendar,
                      int64_t later) {
  for (uint64_t i = 0; i < t->move_count; i++) {
    const move *m = &t->moves[i];
    if (m->adds == 0) continue;
    const rs_burst burst = {.start_cycles = m->start_cycles + later,
                            .count = m->count,
                            .link = r->links[i],
                            .stride = 1,
                            .action = RS_ACTION_ADD};
    rs__calendar_note_burst(calendar, &burst, t->counts_adds);
  }
}

static rs_status append(const rs_repeater *r, const template *t, rs_schedule *s,
                        const rs_collective_request *q, int64_t later, uint32_t *op,
                        rs_diag *diag) {
  rs_op copy = s->ops[t->op];
  copy.ready_cycles = q->ready_cycles;
  size_t length = q->label == NULL ? 0 : strlen(q->label);
  memset(copy.label, 0, sizeof copy.label);
  if (length > 0) memcpy(copy.label, q->label, RS_MIN(length, sizeof copy.label - 1));
  *op = rs_schedule_add_op(s, &copy, q->chips, q->chip_count);
  if (*op == RS_NONE) return no_memory(s, diag);
  for (uint64_t i = 0, m = 0; i < t->burst_count; i++) {
    rs_burst burst = t->bursts[i];
    if (i > 0 && !rs_burst_shares(&t->bursts[i - 1], &burst)) m++;
    burst.start_cycles += later;
    burst.link = r->links[m];
    burst.op = *op;
    if (rs_schedule_add_burst(s, &burst) == NULL) return no_memory(s, diag);
  }
  return RS_OK;
}

/* *done: it was repeated. */
static rs_status repeat(rs_repeater *r, const template *t, rs_schedule *s, rs_calendar *calendar,
                        const rs_collective_request *q, int64_t *ends, rs_compile_report *report,
                        bool *done, rs_diag *diag) {
  int64_t later = q->ready[0].start_cycles - t->ready[0].start_cycles;
  uint64_t before = rs_calendar_mark(calendar);
  uint32_t op = t->op;
  *done = false;
  if (!map_links(r, t, q, &s->timing)) return RS_OK;
  bool booked = t->counts_adds ? book_counted(r, t, &s->timing, calendar, later)
                               : book_all(r, t, calendar, later);
  if (!booked) {
    rs_calendar_rewind(calendar, before);
    return RS_OK;
  }
  note_adds(r, t, calendar, later);
  rs_status status = r->is_sketch ? RS_OK : append(r, t, s, q, later, &op, diag);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < t->chip_count; i++) ends[i] = t->ends[i] + later;
  *report = (rs_compile_report){.op = op,
                                .algorithm = t->row,
                                .variant = t->variant,
                                .counts_adds = t->counts_adds,
                                .end_cycles = t->end_cycles + later,
                                .makespan_cycles = t->makespan_cycles,
                                .bursts = t->burst_count};
  r->vectors += t->vectors;
  r->repeats++;
  *done = true;
  return RS_OK;
}

/* ---- remembering ---- */

static void *copy_of(rs_arena *arena, const void *from, size_t bytes) {
  unsigned char *copy = RS_ARENA_NEW(arena, unsigned char, bytes);
  if (copy != NULL) memcpy(copy, from, bytes);
  return copy;
}

/* The transmissions of consecutive bursts, which stand one behind the other. NULL: no memory. */
static const move *list_moves(rs_arena *arena, const rs_burst *bursts, uint64_t count,
                              uint64_t *move_count) {
  uint64_t moves = 0;
  for (uint64_t i = 0; i < count; i++) {
    moves += i == 0 || !rs_burst_shares(&bursts[i - 1], &bursts[i]) ? 1 : 0;
  }
  move *list = RS_ARENA_NEW(arena, move, moves);
  *move_count = 0;
  for (uint64_t i = 0; i < count && list != NULL; i++) {
    const rs_burst *b = &bursts[i];
    bool rides = i > 0 && rs_burst_shares(&bursts[i - 1], b);
    if (!rides) list[(*move_count)++] = (move){b->start_cycles, b->count, b->link, 0};
    list[*move_count - 1].adds += b->action == RS_ACTION_ADD;
  }
  return list;
}

static int64_t count_vectors(const rs_burst *bursts, uint64_t count) {
  int64_t vectors = 0;
  for (uint64_t i = 0; i < count; i++) {
    bool rides = i > 0 && rs_burst_shares(&bursts[i - 1], &bursts[i]);
    if (!rides) vectors += bursts[i].count;
  }
  return vectors;
}

/* The schedule's bursts stay where they are when there are more of them; a sketch needs none. Without memory nothing is remembered, and the next one compiles again. */
static void remember(rs_repeater *r, const rs_schedule *s, const rs_collective_request *q,
                     const int64_t *ends, uint64_t first_burst, uint32_t links_inside,
                     const rs_compile_report *report) {
  size_t count = q->chip_count;
  const rs_burst *bursts = s->bursts + first_burst;
  uint64_t burst_count = s->burst_count - first_burst;
  int64_t vectors = count_vectors(bursts, burst_count);
  r->vectors += vectors;
  if (r->template_count == TEMPLATES_MAX) return;
  template *t = RS_ARENA_NEW(r->arena, template, 1);
  if (t == NULL) return;
  uint64_t move_count;
  const move *moves = list_moves(r->arena, bursts, burst_count, &move_count);
  *t = (template){.next = r->templates,
                  .kind = q->kind,
                  .algorithm = q->algorithm,
                  .asked = q->variant,
                  .row = report->algorithm,
                  .variant = report->variant,
                  .counts_adds = report->counts_adds,
                  .block_bytes = q->block_bytes,
                  .chip_count = q->chip_count,
                  .links_inside = links_inside,
                  .chips = copy_of(r->arena, q->chips, count * sizeof *q->chips),
                  .ready = copy_of(r->arena, q->ready, count * sizeof *q->ready),
                  .ends = copy_of(r->arena, ends, count * sizeof *ends),
                  .makespan_cycles = report->makespan_cycles,
                  .end_cycles = report->end_cycles,
                  .op = report->op,
                  .bursts = r->is_sketch ? NULL : bursts,
                  .burst_count = burst_count,
                  .moves = moves,
                  .move_count = move_count,
                  .vectors = vectors};
  if (moves == NULL || t->chips == NULL || t->ready == NULL || t->ends == NULL) return;
  r->templates = t;
  r->template_count++;
}

rs_status rs_repeater_compile(rs_repeater *r, rs_schedule *s, rs_calendar *calendar,
                              const rs_collective_request *q, int64_t *ends,
                              rs_compile_report *report, rs_diag *diag) {
  assert(q->ready != NULL && ends != NULL && report != NULL);
  bool done = false;
  uint32_t links_inside = q->kind == RS_SEND ? 0 : count_links_inside(r, q);
  bool is_known = false;
  for (const template *t = r->templates; t != NULL; t = t->next) {
    is_known = is_known || t == r->known;
    if (t->links_inside != links_inside || !is_same_request(t, q)) continue;
    if ((q->kind == RS_SEND || is_known) && !is_same_group(t, q)) continue;
    if (is_known ? !is_same_choice(t, q) : !is_same_name(t->algorithm, q->algorithm)) continue;
    rs_status status = repeat(r, t, s, calendar, q, ends, report, &done, diag);
    if (status != RS_OK || done) return status;
  }
  uint64_t first_burst = s->burst_count;
  uint32_t op_count = s->op_count, group_chip_count = s->group_chip_count;
  rs_status status = rs_collective_compile(s, r->wiring, calendar, q, ends, report, diag);
  if (status == RS_OK) remember(r, s, q, ends, first_burst, links_inside, report);
  if (r->is_sketch) {
    s->burst_count = first_burst;
    s->op_count = op_count;
    s->group_chip_count = group_chip_count;
  }
  return status;
}
