/*
 * `realscale diff`: what changed between two schedules, in a few lines: the whole, the operations, the
 * first difference, and the largest ones. Files are read side by side and not kept; see rs_schedule_diff.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"
#include "rs_schedule_diff.h"

/* 160 MB of records that wait for their like. */
#define WINDOW_RECORDS_MAX (UINT32_C(1) << 21)
#define MOST_MAX 100000
/* Records whose hashes are alike stay together however many parts there are. */
#define DOUBLINGS_MAX 4

static const rs_option options[] = {
    {"most", 0, RS_OPTION_TEXT, "N", "how many single changes of a kind to show (default: 10)"},
    {"window", 0, RS_OPTION_TEXT, "N",
     "how many records may wait for their like before files are read several times (default: "
     "2097152)"},
};

/* ---- rows ---- */

static const char *const columns[] = {"what", "before", "after", "change"};

static void add_count(rs_table *table, const char *what, int64_t before, int64_t after) {
  rs_table_add_row(table);
  rs_table_set_text(table, "what", what);
  rs_table_set_i64(table, "before", before);
  rs_table_set_i64(table, "after", after);
  rs_table_set_i64(table, "change", after - before);
}

static void add_text(rs_table *table, const char *what, const char *before, const char *after) {
  if (before != NULL && after != NULL && strcmp(before, after) == 0) return;
  rs_table_add_row(table);
  rs_table_set_text(table, "what", what);
  if (before != NULL) rs_table_set_text(table, "before", before);
  if (after != NULL) rs_table_set_text(table, "after", after);
}

/* A line of the text form without its start, which is its fourth word: what a record does. */
static const char *without_start(rs_arena *arena, const char *line) {
  const char *start = line;
  for (int i = 0; i < 3; i++) start = strchr(start, ' ') + 1;
  return rs_arena_printf(arena, "%.*s%s", (int)(start - line), line, strchr(start, ' ') + 1);
}

static const char *describe_record(rs_arena *arena, const rs_diff_side *side,
                                   const rs_record *record) {
  if (record->kind == RS_RECORD_BURST) {
    char text[256];
    rs_burst_describe(side->header, side->wiring, &record->burst, text, sizeof text);
    return without_start(arena, text);
  }
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_compute_describe(side->header, &record->compute, &sink);
  const char *copy = text.failed ? NULL : without_start(arena, text.bytes);
  rs_text_deinit(&text);
  return copy;
}

/* What it does, with its start on either side: narrow enough for a terminal. */
static void add_change(rs_arena *arena, rs_table *table, const char *prefix, const rs_diff *d,
                       const rs_change *c) {
  static const char *const words[RS_CHANGE_KIND_COUNT] = {"moved", "removed", "added"};
  int side = c->kind == RS_CHANGE_ADDED ? 1 : 0;
  const char *text = describe_record(arena, &d->sides[side], side == 0 ? &c->before : &c->after);
  rs_table_add_row(table);
  rs_table_set_text(table, "what", rs_arena_printf(arena, "%s%s %s", prefix, words[c->kind], text));
  if (c->kind != RS_CHANGE_ADDED) {
    rs_table_set_i64(table, "before", rs_record_start_cycles(&c->before));
  }
  if (c->kind != RS_CHANGE_REMOVED) {
    rs_table_set_i64(table, "after", rs_record_start_cycles(&c->after));
  }
  if (c->kind == RS_CHANGE_MOVED) rs_table_set_i64(table, "change", c->shift_cycles);
}

/* A stall of one that the other has not, and those that take another time; both stand in order. */
static void add_stalls(rs_table *table, const rs_schedule *a, const rs_schedule *b, size_t most) {
  char texts[2][64];
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
    if (before != NULL) rs_stall_describe(before, texts[0], sizeof texts[0]);
    if (after != NULL) rs_stall_describe(after, texts[1], sizeof texts[1]);
    add_text(table,
             before == NULL  ? "stall added"
             : after == NULL ? "stall removed"
                             : "stall changed",
             before != NULL ? texts[0] : NULL, after != NULL ? texts[1] : NULL);
    if (before != NULL && after != NULL) {
      rs_table_set_i64(table, "change", after->cycles - before->cycles);
    }
    shown++;
  }
}

static const char *describe_op(rs_arena *arena, const rs_schedule *s, uint32_t index) {
  const rs_op *op = &s->ops[index];
  return rs_arena_printf(arena, "%s %lld B %s%s%s", rs_collective_kind_word(op->kind),
                         (long long)op->block_bytes, op->algorithm,
                         op->label[0] == '\0' ? "" : ", ", op->label);
}

typedef struct field {
  const char *name;
  int64_t before, after;
} field;

static void add_fields(rs_arena *arena, rs_table *table, const char *prefix, const field *fields,
                       size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (fields[i].before == fields[i].after) continue;
    add_count(table, rs_arena_printf(arena, "%s%s", prefix, fields[i].name), fields[i].before,
              fields[i].after);
  }
}

static void add_op(rs_arena *arena, rs_table *table, const rs_diff *d, uint32_t i, uint32_t k) {
  const rs_op *a = &d->sides[0].header->ops[i];
  const rs_op *b = &d->sides[1].header->ops[k];
  const char *prefix = rs_arena_printf(arena, "op %u ", i);
  const field fields[] = {{"bytes", a->block_bytes, b->block_bytes},
                          {"chips", a->group_count, b->group_count},
                          {"root", (int32_t)a->root, (int32_t)b->root},
                          {"ready_cycles", a->ready_cycles, b->ready_cycles},
                          {"tmp_vectors", a->tmp_vectors, b->tmp_vectors}};
  add_text(table, rs_arena_printf(arena, "%skind", prefix), rs_collective_kind_word(a->kind),
           rs_collective_kind_word(b->kind));
  add_text(table, rs_arena_printf(arena, "%slabel", prefix), a->label, b->label);
  add_text(table, rs_arena_printf(arena, "%salgorithm", prefix), a->algorithm, b->algorithm);
  add_fields(arena, table, prefix, fields, RS_COUNT_OF(fields));
}

static void add_ops(rs_arena *arena, rs_table *table, const rs_diff *d, size_t most) {
  const rs_diff_side *a = &d->sides[0];
  const rs_diff_side *b = &d->sides[1];
  size_t rows = rs_table_row_count(table);
  for (uint32_t i = 0; i < a->header->op_count && rs_table_row_count(table) < rows + most; i++) {
    uint32_t k = a->op_partner[i];
    if (k != RS_NONE) {
      add_op(arena, table, d, i, k);
    } else {
      add_text(table, rs_arena_printf(arena, "op %u removed", i), describe_op(arena, a->header, i),
               NULL);
    }
  }
  rows = rs_table_row_count(table);
  for (uint32_t k = 0; k < b->header->op_count && rs_table_row_count(table) < rows + most; k++) {
    if (b->op_partner[k] != RS_NONE) continue;
    add_text(table, rs_arena_printf(arena, "op %u added", k), NULL,
             describe_op(arena, b->header, k));
  }
}

static void add_op_ends(rs_arena *arena, rs_table *table, const rs_diff *d, size_t most) {
  const rs_diff_side *a = &d->sides[0];
  const rs_diff_side *b = &d->sides[1];
  size_t shown = 0;
  if (a->header->op_count < 2 && b->header->op_count < 2) return; /* the makespan says it */
  for (uint32_t i = 0; i < a->header->op_count && shown < most; i++) {
    uint32_t k = a->op_partner[i];
    if (k == RS_NONE || a->op_changes[i] + b->op_changes[k] == 0) continue;
    const char *label = a->header->ops[i].label;
    add_count(table,
              rs_arena_printf(arena, "op %u%s%s ends", i, label[0] == '\0' ? "" : ", ", label),
              a->op_end_cycles[i], b->op_end_cycles[k]);
    shown++;
  }
}

/* ---- the table ---- */

static void add_timing(rs_arena *arena, rs_table *table, const rs_timing *a, const rs_timing *b) {
  const field fields[] = {
      {"clock_hz", a->clock_hz, b->clock_hz},
      {"vector_bytes", a->vector_bytes, b->vector_bytes},
      {"slot_num", a->slot_num, b->slot_num},
      {"slot_den", a->slot_den, b->slot_den},
      {"latency node", a->latency_cycles[RS_CABLE_NODE], b->latency_cycles[RS_CABLE_NODE]},
      {"latency rack", a->latency_cycles[RS_CABLE_RACK], b->latency_cycles[RS_CABLE_RACK]},
      {"latency inter-rack", a->latency_cycles[RS_CABLE_INTER_RACK],
       b->latency_cycles[RS_CABLE_INTER_RACK]},
      {"send_cycles", a->send_cycles, b->send_cycles},
      {"receive_cycles", a->receive_cycles, b->receive_cycles},
      {"forward_cycles", a->forward_cycles, b->forward_cycles},
      {"add_cycles", a->add_cycles, b->add_cycles},
      {"adds_per_cycle", a->adds_per_cycle, b->adds_per_cycle}};
  add_text(table, "timing", a->name, b->name);
  add_fields(arena, table, "timing ", fields, RS_COUNT_OF(fields));
}

static void add_header(rs_arena *arena, rs_table *table, const rs_diff *d, size_t most) {
  const rs_diff_side *before = &d->sides[0];
  const rs_diff_side *after = &d->sides[1];
  const rs_schedule *a = before->header;
  const rs_schedule *b = after->header;
  add_text(table, "topology", a->topology, b->topology);
  add_timing(arena, table, &a->timing, &b->timing);
  add_count(table, "makespan_cycles", before->makespan_cycles, after->makespan_cycles);
  add_count(table, "links_used", before->links_used, after->links_used);
  add_count(table, "operations", a->op_count, b->op_count);
  add_count(table, "bursts", (int64_t)before->bursts, (int64_t)after->bursts);
  add_count(table, "computes", (int64_t)before->computes, (int64_t)after->computes);
  if (a->stall_count + b->stall_count > 0) {
    add_count(table, "deskew_stalls", (int64_t)a->stall_count, (int64_t)b->stall_count);
    add_count(table, "deskew_interval_cycles", a->deskew_interval_cycles,
              b->deskew_interval_cycles);
    add_count(table, "deskew_margin_cycles", a->deskew_margin_cycles, b->deskew_margin_cycles);
    add_stalls(table, a, b, most);
  }
}

static void add_sums(rs_table *table, const rs_diff *d) {
  static const char *const words[RS_RECORD_END][RS_CHANGE_KIND_COUNT] = {
      {"bursts_moved", "bursts_removed", "bursts_added"},
      {"computes_moved", "computes_removed", "computes_added"}};
  bool has_computes = d->sides[0].computes + d->sides[1].computes > 0;
  for (int record = 0; record < (has_computes ? 2 : 1); record++) {
    for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
      add_count(table, words[record][kind], 0, (int64_t)d->changed[record][kind]);
    }
  }
  if (d->earlier + d->later == 0) return;
  add_count(table, "moved_earlier", 0, (int64_t)d->earlier);
  rs_table_set_i64(table, "change", d->shift_cycles_min);
  add_count(table, "moved_later", 0, (int64_t)d->later);
  rs_table_set_i64(table, "change", d->shift_cycles_max);
}

static void fill_table(rs_arena *arena, rs_table *table, const rs_diff *d, size_t most) {
  add_header(arena, table, d, most);
  add_ops(arena, table, d, most);
  add_sums(table, d);
  add_op_ends(arena, table, d, most);
  if (d->changes > 0) add_change(arena, table, "first: ", d, &d->first);
  for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
    for (size_t i = 0; i < d->shown[kind].count; i++) {
      add_change(arena, table, "", d, &d->shown[kind].changes[i]);
    }
  }
}

/* ---- reading ---- */

typedef struct job {
  const char *const *paths; /* before, after */
  size_t most;
  uint32_t window_records_max;
} job;

/* `parts`: in how many passes; 0: as many as it needs if the first would not do, and that is said there. */
static rs_status run_pass(rs_arena *arena, const job *j, uint32_t part, uint32_t *parts,
                          rs_diff *diff, rs_diag *diag) {
  rs_schedule_reader *readers[2] = {NULL, NULL};
  int descriptors[2];
  rs_source sources[2];
  int opened = 0;
  rs_status status = RS_OK;
  for (int i = 0; i < 2 && status == RS_OK; i++) {
    status = rs_file_open(j->paths[i], &descriptors[i], diag);
    if (status != RS_OK) break;
    opened++;
    sources[i] = (rs_source){rs_file_read_some, &descriptors[i]};
    status = rs__proof_open(arena, j->paths[i], &sources[i], &readers[i], diag);
  }
  if (status == RS_OK) {
    const rs_diff_options pass = {.most = j->most,
                                  .window_records_max = j->window_records_max,
                                  .part = part,
                                  .parts = RS_MAX(*parts, 1u)};
    status = rs_diff_run(arena, readers, &pass, diff, diag);
    if (*parts == 0) *parts = rs_diff_parts(readers, j->window_records_max);
  }
  for (int i = 0; i < 2; i++) rs_schedule_reader_close(readers[i]);
  for (int i = 0; i < opened; i++) rs_file_close(descriptors[i]);
  return status;
}

/* The passes behind the first have arenas of their own: what they find is in what the first set up. */
static rs_status run_parts(rs_arena *arena, const job *j, uint32_t parts, rs_diff *diff,
                           rs_diag *diag) {
  rs_status status = RS_OK;
  *diff = (rs_diff){0};
  for (uint32_t part = 0; part < parts && status == RS_OK; part++) {
    rs_arena *scratch = part == 0 ? arena : rs_arena_create(0);
    status = scratch == NULL ? rs_arena_failed(NULL, diag)
                             : run_pass(scratch, j, part, &parts, diff, diag);
    if (part > 0) rs_arena_destroy(scratch);
  }
  return status;
}

static rs_status compare(rs_arena *arena, const job *j, rs_diff *diff, rs_diag *diag) {
  uint32_t parts = 0;
  rs_status status = run_pass(arena, j, 0, &parts, diff, diag);
  if (status != RS_E_LIMIT) return status;
  for (int i = 0; i < 2; i++) {
    if (strcmp(j->paths[i], "-") != 0) continue;
    rs_diag_expect(diag, "two files, which can be read again, instead of stdin");
    return status;
  }
  for (int i = 0; i < DOUBLINGS_MAX && status == RS_E_LIMIT; i++) {
    status = run_parts(arena, j, parts, diff, diag);
    parts *= 2;
  }
  if (status == RS_E_LIMIT) rs_diag_expect(diag, "a larger --window: these all do the same");
  return status;
}

static rs_status read_number(const rs_arguments *arguments, const char *name, int64_t least,
                             int64_t most, int64_t *value, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, name);
  int64_t *values;
  size_t count;
  if (text == NULL) return RS_OK;
  rs_status status = rs_cli_parse_list(arguments->arena, text, &values, &count, diag);
  if (status != RS_OK) return status;
  *value = values[0];
  if (count == 1 && values[0] >= least && values[0] <= most) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "--%s: '%s' is not one number from %lld to %lld", name, text,
                     (long long)least, (long long)most);
}

static int run_diff(const rs_arguments *arguments) {
  rs_arena *arena = arguments->arena;
  rs_diag diag = {0};
  rs_diff diff = {0};
  int64_t most = 10;
  int64_t window = WINDOW_RECORDS_MAX;
  rs_status status = read_number(arguments, "most", 0, MOST_MAX, &most, &diag);
  if (status == RS_OK) status = read_number(arguments, "window", 1024, INT32_MAX, &window, &diag);
  if (status == RS_OK) {
    const job j = {arguments->operands, (size_t)most, (uint32_t)window};
    status = compare(arena, &j, &diff, &diag);
  }
  if (status != RS_OK) {
    rs_cli_report(&diag);
    return RS_EXIT_USAGE;
  }
  rs_table *table = rs_table_create(arena, columns, RS_COUNT_OF(columns));
  if (table == NULL) {
    rs_arena_failed(arena, &diag);
    return rs_cli_report(&diag);
  }
  fill_table(arena, table, &diff, (size_t)most);
  rs_cli_print_table(arguments, table);
  return rs_diff_is_empty(&diff) ? RS_EXIT_GOOD : RS_EXIT_FAILED;
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
