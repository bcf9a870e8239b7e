/*
 * `realscale diff`: what changed between two schedules.
 *
 * Both are in canonical order by time; to pair bursts that moved, they are sorted by what they carry
 * (operation, link, buffers, offsets, count) and walked together. Equal keys pair in order of start.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"

static const rs_option options[] = {
    {"most", 0, RS_OPTION_TEXT, "N", "how many single changes to show (default: 10)"},
};

typedef struct side {
  rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs_burst **sorted;
  int64_t makespan_cycles;
  uint32_t links_used;
} side;

typedef enum change_kind { CHANGE_MOVED, CHANGE_REMOVED, CHANGE_ADDED } change_kind;

typedef struct change {
  change_kind kind;
  const rs_burst *before; /* NULL: added */
  const rs_burst *after;  /* NULL: removed */
  int64_t shift_cycles;   /* of a move */
} change;

static int compare_i64(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}

/* What a burst carries; the start is not part of it. */
static int compare_load(const rs_burst *a, const rs_burst *b) {
  const int64_t pairs[][2] = {{a->op, b->op},         {a->link, b->link},
                              {a->source, b->source}, {a->source_offset, b->source_offset},
                              {a->target, b->target}, {a->target_offset, b->target_offset},
                              {a->action, b->action}, {a->count, b->count},
                              {a->stride, b->stride}};
  for (size_t i = 0; i < RS_COUNT_OF(pairs); i++) {
    int order = compare_i64(pairs[i][0], pairs[i][1]);
    if (order != 0) return order;
  }
  return 0;
}

static int compare_bursts(const void *left, const void *right) {
  const rs_burst *a = *(const rs_burst *const *)left;
  const rs_burst *b = *(const rs_burst *const *)right;
  int order = compare_load(a, b);
  return order != 0 ? order : compare_i64(a->start_cycles, b->start_cycles);
}

static rs_status read_side(rs_arena *arena, const char *path, side *s, rs_diag *diag) {
  rs_play play;
  const rs_play_options play_options = {.fidelity = RS_FIDELITY_BURST};
  rs_status status = rs__proof_read(arena, path, &s->schedule, &s->wiring, diag);
  if (status != RS_OK) return status;
  s->makespan_cycles = -1; /* a schedule that cannot be played can still be compared */
  if (rs_player_run(s->schedule, s->wiring, &play_options, &play, diag) == RS_OK) {
    s->makespan_cycles = play.makespan_cycles + play.stall_cycles;
    s->links_used = play.links_used;
  }
  size_t count = s->schedule->burst_count;
  s->sorted = RS_ARENA_NEW(arena, const rs_burst *, count);
  if (s->sorted == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < count; i++) s->sorted[i] = &s->schedule->bursts[i];
  qsort(s->sorted, count, sizeof *s->sorted, compare_bursts);
  return RS_OK;
}

/* Walks both sorted lists; `changes` holds at most before + after entries. */
static size_t pair_bursts(const side *before, const side *after, change *changes) {
  size_t count = 0;
  size_t i = 0;
  size_t k = 0;
  while (i < before->schedule->burst_count || k < after->schedule->burst_count) {
    const rs_burst *a = i < before->schedule->burst_count ? before->sorted[i] : NULL;
    const rs_burst *b = k < after->schedule->burst_count ? after->sorted[k] : NULL;
    int order = a == NULL ? 1 : b == NULL ? -1 : compare_load(a, b);
    if (order < 0) {
      changes[count++] = (change){CHANGE_REMOVED, a, NULL, 0};
    } else if (order > 0) {
      changes[count++] = (change){CHANGE_ADDED, NULL, b, 0};
    } else if (a->start_cycles != b->start_cycles) {
      changes[count++] = (change){CHANGE_MOVED, a, b, b->start_cycles - a->start_cycles};
    }
    if (order <= 0) i++;
    if (order >= 0) k++;
  }
  return count;
}

/* Largest moves first, then what was removed, then added; ties by start. */
static int compare_changes(const void *left, const void *right) {
  const change *a = left;
  const change *b = right;
  if (a->kind != b->kind) return (int)a->kind - (int)b->kind;
  int order = compare_i64(llabs(b->shift_cycles), llabs(a->shift_cycles));
  if (order != 0) return order;
  const rs_burst *first = a->before != NULL ? a->before : a->after;
  const rs_burst *second = b->before != NULL ? b->before : b->after;
  order = compare_i64(first->start_cycles, second->start_cycles);
  return order != 0 ? order : compare_load(first, second);
}

/* ---- output ---- */

static const char *const columns[] = {"what", "before", "after", "change"};

static void add_count(rs_table *table, const char *what, int64_t before, int64_t after) {
  rs_table_add_row(table);
  rs_table_set_text(table, "what", what);
  rs_table_set_i64(table, "before", before);
  rs_table_set_i64(table, "after", after);
  rs_table_set_i64(table, "change", after - before);
}

static void add_text(rs_table *table, const char *what, const char *before, const char *after) {
  if (strcmp(before, after) == 0) return;
  rs_table_add_row(table);
  rs_table_set_text(table, "what", what);
  rs_table_set_text(table, "before", before);
  rs_table_set_text(table, "after", after);
}

static void add_change(rs_table *table, const side *before, const side *after, const change *c) {
  static const char *const words[] = {"burst moved", "burst removed", "burst added"};
  char text[256];
  rs_table_add_row(table);
  rs_table_set_text(table, "what", words[c->kind]);
  if (c->before != NULL) {
    rs_burst_describe(before->schedule, before->wiring, c->before, text, sizeof text);
    rs_table_set_text(table, "before", text);
  }
  if (c->after != NULL) {
    rs_burst_describe(after->schedule, after->wiring, c->after, text, sizeof text);
    rs_table_set_text(table, "after", text);
  }
  if (c->kind == CHANGE_MOVED) rs_table_set_i64(table, "change", c->shift_cycles);
}

/* A stall of one that the other has not, and those that take another time; both stand in order. */
static void add_stalls(rs_table *table, const rs_schedule *a, const rs_schedule *b, size_t most) {
  char text[64];
  size_t shown = 0;
  for (uint64_t i = 0, k = 0; (i < a->stall_count || k < b->stall_count) && shown < most;) {
    const rs_stall *before = i < a->stall_count ? &a->stalls[i] : NULL;
    const rs_stall *after = k < b->stall_count ? &b->stalls[k] : NULL;
    if (before != NULL && after != NULL && before->at_cycles != after->at_cycles) {
      if (before->at_cycles < after->at_cycles)
        after = NULL;
      else
        before = NULL;
    }
    i += before != NULL ? 1 : 0;
    k += after != NULL ? 1 : 0;
    if (before != NULL && after != NULL && before->cycles == after->cycles) continue;
    rs_table_add_row(table);
    rs_table_set_text(table, "what",
                      before == NULL  ? "stall added"
                      : after == NULL ? "stall removed"
                                      : "stall changed");
    if (before != NULL) {
      rs_stall_describe(before, text, sizeof text);
      rs_table_set_text(table, "before", text);
    }
    if (after != NULL) {
      rs_stall_describe(after, text, sizeof text);
      rs_table_set_text(table, "after", text);
    }
    if (before != NULL && after != NULL) {
      rs_table_set_i64(table, "change", after->cycles - before->cycles);
    }
    shown++;
  }
}

static int64_t count_kind(const change *changes, size_t count, change_kind kind) {
  int64_t found = 0;
  for (size_t i = 0; i < count; i++) found += changes[i].kind == kind ? 1 : 0;
  return found;
}

static void fill_table(rs_table *table, const side *before, const side *after,
                       const change *changes, size_t change_count, size_t most) {
  const rs_schedule *a = before->schedule;
  const rs_schedule *b = after->schedule;
  add_text(table, "topology", a->topology, b->topology);
  add_text(table, "timing", a->timing.name, b->timing.name);
  if (before->makespan_cycles >= 0 && after->makespan_cycles >= 0) {
    add_count(table, "makespan_cycles", before->makespan_cycles, after->makespan_cycles);
    add_count(table, "links_used", before->links_used, after->links_used);
  }
  add_count(table, "operations", a->op_count, b->op_count);
  add_count(table, "bursts", (int64_t)a->burst_count, (int64_t)b->burst_count);
  add_count(table, "computes", (int64_t)a->compute_count, (int64_t)b->compute_count);
  if (a->stall_count + b->stall_count > 0) {
    add_count(table, "deskew_stalls", (int64_t)a->stall_count, (int64_t)b->stall_count);
    add_count(table, "deskew_interval_cycles", a->deskew_interval_cycles,
              b->deskew_interval_cycles);
    add_count(table, "deskew_margin_cycles", a->deskew_margin_cycles, b->deskew_margin_cycles);
    add_stalls(table, a, b, most);
  }
  add_count(table, "bursts_moved", 0, count_kind(changes, change_count, CHANGE_MOVED));
  add_count(table, "bursts_removed", 0, count_kind(changes, change_count, CHANGE_REMOVED));
  add_count(table, "bursts_added", 0, count_kind(changes, change_count, CHANGE_ADDED));
  for (size_t i = 0; i < change_count && i < most; i++) {
    add_change(table, before, after, &changes[i]);
  }
}

static rs_status read_most(const rs_arguments *arguments, size_t *most, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, "most");
  int64_t *values;
  size_t count;
  *most = 10;
  if (text == NULL) return RS_OK;
  rs_status status = rs_cli_parse_list(arguments->arena, text, &values, &count, diag);
  if (status == RS_OK && count == 1) *most = (size_t)values[0];
  if (status == RS_OK && count != 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "--most: '%s' is not one number", text);
  }
  return status;
}

static int run_diff(const rs_arguments *arguments) {
  rs_arena *arena = arguments->arena;
  rs_diag diag = {0};
  side before = {0};
  side after = {0};
  size_t most;
  rs_status status = read_most(arguments, &most, &diag);
  if (status == RS_OK) status = read_side(arena, arguments->operands[0], &before, &diag);
  if (status == RS_OK) status = read_side(arena, arguments->operands[1], &after, &diag);
  if (status != RS_OK) {
    rs_cli_report(&diag);
    return RS_EXIT_USAGE;
  }
  size_t capacity = (size_t)(before.schedule->burst_count + after.schedule->burst_count);
  change *changes = RS_ARENA_NEW(arena, change, capacity);
  if (changes == NULL) {
    rs_arena_failed(arena, &diag);
    return rs_cli_report(&diag);
  }
  size_t count = pair_bursts(&before, &after, changes);
  qsort(changes, count, sizeof *changes, compare_changes);
  rs_table *table = rs_table_create(arena, columns, RS_COUNT_OF(columns));
  fill_table(table, &before, &after, changes, count, most);
  rs_cli_print_table(arguments, table);
  bool same = rs_schedule_digest(before.schedule) == rs_schedule_digest(after.schedule);
  return same ? RS_EXIT_GOOD : RS_EXIT_FAILED;
}

const rs_command rs_command_diff = {
    .name = "diff",
    .operands = "OLD.rsched NEW.rsched",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "what changed between two schedules: makespan, links, bursts",
    .example = "realscale diff old.rsched new.rsched",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_diff,
};
