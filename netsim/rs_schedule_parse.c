/*
 * Reading the text form: the grammar, by recursive descent over the scanner of rs__schedule_scan.h.
 * Nothing is copied but labels. What drives it, and where the bytes come from, is in
 * rs_schedule_read.c, which sees to it that the whole line is there before it is looked at.
 *
 * What the grammar cannot see (offsets inside their buffers, groups without repetition) is asked of
 * rs__schedule.h a record at a time, while the places of the record's fields are still known.
 */
#include "rs__schedule_parse.h"

#include <string.h>

/* ---- faults of whole records ---- */

/* Notes where a field of the record begins. */
static void mark_field(rs__reader *r, rs__field field) {
  r->places[field] = r->scan.at;
}

/* Turns a fault of the record whose line the cursor is still on into a diagnostic. */
static rs_status record_status(rs__reader *r, rs__record_fault fault) {
  static const char *const expected[RS__FIELDS] = {
      [RS__FIELD_VECTORS] = "vectors · chips of at most 2^40",
      [RS__FIELD_ROOT] = "a chip of the group, or - where the kind has no root",
      [RS__FIELD_GROUP] = "chips of the wiring, each once (for a send: pairs, each receiver once)",
      [RS__FIELD_COUNT] = "at most 2^40 vectors",
      [RS__FIELD_START] = "times from 0 to 2^60 cycles",
      [RS__FIELD_SOURCE] = "a range inside the operation's buffer",
      [RS__FIELD_TARGET] = "a range inside the operation's buffer",
      [RS__FIELD_ACTION] = "keep or add, or tmp as target",
      [RS__FIELD_CYCLES] = "at least one cycle, and an end before 2^60",
      [RS__FIELD_KIND] = "deskew for the first, runtime-deskew for the others",
      [RS__FIELD_INTERVAL] = "0 to 2^60 cycles",
      [RS__FIELD_MARGIN] = "0 to 2^60 cycles"};
  if (fault.what == NULL) return RS_OK;
  const char *place = r->places[fault.field] == NULL ? r->scan.line_start : r->places[fault.field];
  rs_diag_set(r->scan.diag, RS_E_INPUT, "'%.*s': %s", rs__scan_quoted_length(&r->scan, place),
              place, fault.what);
  if (expected[fault.field] != NULL) rs_diag_expect(r->scan.diag, "%s", expected[fault.field]);
  rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, rs__scan_column(&r->scan, place));
  return RS_E_INPUT;
}

/* ---- the header ---- */

/* NAME=NUMBER, with the number's place noted. */
static rs_status read_size(rs__reader *r, const char *name, rs__field field, int64_t *value) {
  rs_status status = rs__scan_take(&r->scan, name);
  mark_field(r, field);
  return status == RS_OK ? rs__scan_number(&r->scan, INT64_MAX, value) : status;
}

static rs_status read_timing(rs__reader *r, rs_timing *t) {
  const struct {
    const char *name;
    int64_t *value;
  } fields[] = {{" clock_hz=", &t->clock_hz},
                {" vector_bytes=", &t->vector_bytes},
                {" slot=", &t->slot_num},
                {"/", &t->slot_den},
                {" latency=", &t->latency_cycles[RS_CABLE_NODE]},
                {",", &t->latency_cycles[RS_CABLE_RACK]},
                {",", &t->latency_cycles[RS_CABLE_INTER_RACK]},
                {" send=", &t->send_cycles},
                {" receive=", &t->receive_cycles},
                {" forward=", &t->forward_cycles},
                {" add=", &t->add_cycles},
                {" adds_per_cycle=", &t->adds_per_cycle}};
  rs_status status = rs__scan_take(&r->scan, "timing ");
  const char *place = r->scan.at;
  if (status == RS_OK) status = rs__scan_name(&r->scan, t->name, sizeof t->name);
  for (size_t i = 0; i < RS_COUNT_OF(fields) && status == RS_OK; i++) {
    status = rs__scan_field(&r->scan, fields[i].name, fields[i].value);
  }
  if (status != RS_OK) return status;
  status = rs_timing_check(t, r->scan.diag);
  if (status != RS_OK) {
    rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, rs__scan_column(&r->scan, place));
    return status;
  }
  return rs__scan_take(&r->scan, "\n");
}

static rs_status read_digest(rs__reader *r, uint64_t *digest) {
  *digest = 0;
  for (int i = 0; i < 16; i++) {
    static const char digits[] = "0123456789abcdef";
    const char *found =
        r->scan.at < r->scan.end && *r->scan.at != '\0' ? strchr(digits, *r->scan.at) : NULL;
    if (found == NULL) return rs__scan_fault(&r->scan, "16 hexadecimal digits");
    *digest = *digest << 4 | (uint64_t)(found - digits);
    r->scan.at++;
  }
  return RS_OK;
}

/* The provider knows topologies but not this file: its diagnostic gets the place of the spec. */
static rs_status provide(rs__reader *r, rs_wiring_provider *provider, void *context,
                         const char *topology, int column) {
  rs_status status = provider(context, topology, r->arena, &r->wiring, r->scan.diag);
  if (status != RS_OK) rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, column);
  return status;
}

static rs_status read_wiring(rs__reader *r) {
  int64_t chips, links;
  uint64_t digest;
  rs_status status = rs__scan_field(&r->scan, "wiring chips=", &chips);
  if (status == RS_OK) status = rs__scan_field(&r->scan, " links=", &links);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " digest=");
  const char *place = r->scan.at;
  if (status == RS_OK) status = read_digest(r, &digest);
  if (status != RS_OK) return status;
  if (chips != r->wiring->chip_count || links != r->wiring->link_count ||
      digest != rs_wiring_digest(r->wiring)) {
    rs_diag_set(r->scan.diag, RS_E_INPUT,
                "the wiring differs: this topology has %u chips, %u links and digest %016llx",
                r->wiring->chip_count, r->wiring->link_count,
                (unsigned long long)rs_wiring_digest(r->wiring));
    rs_diag_at(r->scan.diag, r->scan.file, r->scan.line, rs__scan_column(&r->scan, place));
    return RS_E_INPUT;
  }
  return rs__scan_take(&r->scan, "\n");
}

static rs_status read_counts(rs__reader *r) {
  int64_t ops, bursts, computes;
  rs_status status = rs__scan_field(&r->scan, "counts ops=", &ops);
  if (status == RS_OK) status = rs__scan_field(&r->scan, " bursts=", &bursts);
  if (status == RS_OK) status = rs__scan_field(&r->scan, " computes=", &computes);
  if (status != RS_OK) return status;
  r->promised_ops = (uint64_t)ops;
  r->promised_bursts = (uint64_t)bursts;
  r->promised_computes = (uint64_t)computes;
  return rs__scan_take(&r->scan, "\n");
}

static rs_status read_topology(rs__reader *r, rs_wiring_provider *provider, void *context,
                               char *topology, size_t size) {
  rs_status status = rs__scan_take(&r->scan, "topology ");
  int column = rs__scan_column(&r->scan, r->scan.at);
  if (status == RS_OK) status = rs__scan_rest(&r->scan, topology, size);
  if (status == RS_OK && strcmp(topology, "-") == 0) topology[0] = '\0';
  if (status == RS_OK) status = provide(r, provider, context, topology, column);
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

static rs_status read_version(rs__reader *r) {
  static const char second[] = "rsched 2\n";
  r->version = rs__scan_starts_with(&r->scan, second, sizeof second - 1) ? 2 : 1;
  rs_status status = rs__scan_take(&r->scan, r->version == 2 ? "rsched 2" : "rsched 1");
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

static rs_status read_deskew(rs__reader *r) {
  rs_schedule *s = r->schedule;
  int64_t stalls = 0;
  rs_status status = rs__reader_fill(r);
  if (status == RS_OK) status = rs__scan_take(&r->scan, "deskew stalls=");
  const char *place = r->scan.at;
  if (status == RS_OK) status = rs__scan_number(&r->scan, INT64_MAX, &stalls);
  if (status == RS_OK && stalls == 0) {
    return rs__scan_fault_at(&r->scan, place, "at least one stall; without any it is rsched 1");
  }
  if (status == RS_OK) {
    status = read_size(r, " interval=", RS__FIELD_INTERVAL, &s->deskew_interval_cycles);
  }
  if (status == RS_OK) {
    status = read_size(r, " margin=", RS__FIELD_MARGIN, &s->deskew_margin_cycles);
  }
  if (status == RS_OK) status = record_status(r, rs__schedule_deskew_fault(s));
  r->promised_stalls = (uint64_t)stalls;
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

rs_status rs__parse_header(rs__reader *r, rs_wiring_provider *provider, void *context) {
  char topology[256];
  rs_timing timing = {0};
  rs_status status = rs__reader_fill(r);
  if (status == RS_OK) status = read_version(r);
  if (status == RS_OK) status = rs__reader_fill(r);
  if (status == RS_OK) status = read_topology(r, provider, context, topology, sizeof topology);
  if (status == RS_OK) status = rs__reader_fill(r);
  if (status == RS_OK) status = read_wiring(r);
  if (status == RS_OK) status = rs__reader_fill(r);
  if (status == RS_OK) status = read_timing(r, &timing);
  if (status == RS_OK) status = rs__reader_fill(r);
  if (status == RS_OK) status = read_counts(r);
  if (status != RS_OK) return status;
  r->schedule = rs_schedule_create(r->arena, r->wiring, topology, &timing);
  r->mark = RS_ARENA_NEW(r->arena, uint32_t, r->wiring->chip_count);
  if (r->schedule == NULL || r->mark == NULL) return rs_arena_failed(r->arena, r->scan.diag);
  return r->version == 1 ? RS_OK : read_deskew(r);
}

/* ---- operations ---- */

/* Adds low … high to the group, whose room doubles and is used again for the next operation. */
static bool add_range(rs__reader *r, uint32_t low, uint32_t high, uint32_t *count) {
  uint32_t needed = *count + (high - low + 1);
  if (needed > r->group_capacity) {
    uint32_t capacity = RS_MAX(needed, 2 * r->group_capacity);
    uint32_t *larger = RS_ARENA_NEW(r->arena, uint32_t, capacity);
    if (larger == NULL) return false;
    if (*count > 0) memcpy(larger, r->group, *count * sizeof *larger);
    r->group = larger;
    r->group_capacity = capacity;
  }
  for (uint32_t chip = low; chip <= high; chip++) r->group[(*count)++] = chip;
  return true;
}

/* 0-7,16 */
static rs_status read_group(rs__reader *r, uint32_t *count) {
  uint32_t most = 2 * r->wiring->chip_count; /* a send has a pair for each receiver */
  *count = 0;
  for (;;) {
    uint32_t low;
    const char *place = r->scan.at;
    rs_status status = rs__scan_u32(&r->scan, &low);
    uint32_t high = low;
    if (status == RS_OK && rs__scan_starts_with(&r->scan, "-", 1)) {
      r->scan.at++;
      status = rs__scan_u32(&r->scan, &high);
    }
    if (status != RS_OK) return status;
    if (high < low || high >= r->wiring->chip_count || high - low >= most - *count) {
      return rs__scan_fault_at(&r->scan, place, "chips of the wiring, such as 0-7,16");
    }
    if (!add_range(r, low, high, count)) return rs_arena_failed(r->arena, r->scan.diag);
    if (!rs__scan_starts_with(&r->scan, ",", 1)) return RS_OK;
    r->scan.at++;
  }
}

static rs_status read_kind(rs__reader *r, rs_collective_kind *kind) {
  const char *words[RS_COLLECTIVE_KIND_COUNT];
  int index;
  for (int i = 0; i < RS_COLLECTIVE_KIND_COUNT; i++) {
    words[i] = rs_collective_kind_word((rs_collective_kind)i);
  }
  rs_status status = rs__scan_word(&r->scan, words, RS_COUNT_OF(words), "a collective", &index);
  if (status == RS_OK) *kind = (rs_collective_kind)index;
  return status;
}

/* A chip or an operation, or '-'. */
static rs_status read_number_or_none(rs__reader *r, uint32_t *number) {
  *number = RS_NONE;
  if (!rs__scan_starts_with(&r->scan, "-", 1)) return rs__scan_u32(&r->scan, number);
  r->scan.at++;
  return RS_OK;
}

/* Everything behind the operation's number and kind. */
static rs_status read_op_fields(rs__reader *r, rs_op *op, uint32_t *chip_count) {
  rs_status status = read_size(r, " bytes=", RS__FIELD_BYTES, &op->block_bytes);
  if (status == RS_OK) status = read_size(r, " vectors=", RS__FIELD_VECTORS, &op->block_vectors);
  if (status == RS_OK) status = read_size(r, " tmp=", RS__FIELD_TMP, &op->tmp_vectors);
  if (status == RS_OK) status = read_size(r, " ready=", RS__FIELD_READY, &op->ready_cycles);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " root=");
  mark_field(r, RS__FIELD_ROOT);
  if (status == RS_OK) status = read_number_or_none(r, &op->root);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " algorithm=");
  mark_field(r, RS__FIELD_ALGORITHM);
  if (status == RS_OK) status = rs__scan_name(&r->scan, op->algorithm, sizeof op->algorithm);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " group=");
  mark_field(r, RS__FIELD_GROUP);
  if (status == RS_OK) status = read_group(r, chip_count);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " label=");
  mark_field(r, RS__FIELD_LABEL);
  if (status == RS_OK) status = rs__scan_rest(&r->scan, op->label, sizeof op->label);
  if (status == RS_OK && strcmp(op->algorithm, "-") == 0) op->algorithm[0] = '\0';
  return status;
}

rs_status rs__parse_op(rs__reader *r) {
  rs_op op = {0};
  uint32_t index;
  uint32_t chip_count = 0;
  rs_status status = rs__scan_take(&r->scan, "op ");
  const char *place = r->scan.at;
  if (status == RS_OK) status = rs__scan_u32(&r->scan, &index);
  if (status == RS_OK && index != r->schedule->op_count) {
    return rs__scan_fault_at(&r->scan, place, "operations in order from 0");
  }
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_KIND);
  if (status == RS_OK) status = read_kind(r, &op.kind);
  if (status == RS_OK) status = read_op_fields(r, &op, &chip_count);
  if (status != RS_OK) return status;
  index = rs_schedule_add_op(r->schedule, &op, r->group, chip_count);
  if (index == RS_NONE) return rs_arena_failed(r->arena, r->scan.diag);
  status = record_status(r, rs__schedule_op_fault(r->schedule, index, r->mark));
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

/* ---- stalls ---- */

rs_status rs__parse_stall(rs__reader *r) {
  const char *words[RS_STALL_KIND_COUNT];
  rs_stall stall = {0};
  int kind = 0;
  rs_status status = read_size(r, "d ", RS__FIELD_START, &stall.at_cycles);
  if (status == RS_OK) status = read_size(r, " ", RS__FIELD_CYCLES, &stall.cycles);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_KIND);
  for (int i = 0; i < RS_STALL_KIND_COUNT; i++) words[i] = rs_stall_kind_word((rs_stall_kind)i);
  if (status == RS_OK) {
    status = rs__scan_word(&r->scan, words, RS_COUNT_OF(words), "deskew or runtime-deskew", &kind);
  }
  if (status != RS_OK) return status;
  stall.kind = (uint8_t)kind;
  if (rs_schedule_add_stall(r->schedule, &stall) == NULL) {
    return rs_arena_failed(r->arena, r->scan.diag);
  }
  uint64_t index = r->schedule->stall_count - 1;
  status = record_status(r, rs__schedule_stall_fault(r->schedule, index));
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

/* ---- bursts ---- */

static rs_status read_link(rs__reader *r, uint32_t *link) {
  uint32_t from, to;
  uint32_t copy = 0;
  const char *place = r->scan.at;
  rs_status status = rs__scan_u32(&r->scan, &from);
  if (status == RS_OK) status = rs__scan_take(&r->scan, ">");
  if (status == RS_OK) status = rs__scan_u32(&r->scan, &to);
  if (status == RS_OK && rs__scan_starts_with(&r->scan, ".", 1)) {
    r->scan.at++;
    status = rs__scan_u32(&r->scan, &copy);
  }
  if (status != RS_OK) return status;
  *link = rs_wiring_find_link(r->wiring, from, to, copy);
  return *link == RS_NONE ? rs__scan_fault_at(&r->scan, place, "a link of this wiring") : RS_OK;
}

static rs_status read_address(rs__reader *r, bool is_target, uint8_t *buffer, int64_t *offset) {
  static const char *const words[] = {"in", "out", "tmp"};
  int index;
  const char *place = r->scan.at;
  const char *expected = is_target ? "out+OFFSET or tmp+OFFSET" : "in+, out+ or tmp+OFFSET";
  rs_status status = rs__scan_word(&r->scan, words, RS_COUNT_OF(words), expected, &index);
  if (status == RS_OK && is_target && index == RS_BUFFER_IN)
    return rs__scan_fault_at(&r->scan, place, expected);
  if (status == RS_OK) status = rs__scan_take(&r->scan, "+");
  if (status != RS_OK) return status;
  *buffer = (uint8_t)index;
  return rs__scan_number(&r->scan, INT64_MAX, offset);
}

static rs_status read_count(rs__reader *r, rs_burst *burst) {
  const char *place = r->scan.at;
  rs_status status = rs__scan_number(&r->scan, INT64_MAX, &burst->count);
  if (status != RS_OK) return status;
  if (burst->count == 0) return rs__scan_fault_at(&r->scan, place, "at least one vector");
  burst->stride = 1;
  if (!rs__scan_starts_with(&r->scan, "x", 1)) return RS_OK;
  r->scan.at++;
  place = r->scan.at;
  status = rs__scan_u32(&r->scan, &burst->stride);
  if (status == RS_OK && burst->stride < 2) {
    return rs__scan_fault_at(&r->scan, place, "a stride of at least 2 slots");
  }
  return status;
}

static rs_status read_burst_fields(rs__reader *r, rs_burst *burst) {
  static const char *const actions[] = {"keep", "add", "forward"};
  int action = 0;
  rs_status status = read_link(r, &burst->link);
  if (status == RS_OK) status = read_size(r, " ", RS__FIELD_START, &burst->start_cycles);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_COUNT);
  if (status == RS_OK) status = read_count(r, burst);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_SOURCE);
  if (status == RS_OK) status = read_address(r, false, &burst->source, &burst->source_offset);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_TARGET);
  if (status == RS_OK) status = read_address(r, true, &burst->target, &burst->target_offset);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  mark_field(r, RS__FIELD_ACTION);
  if (status != RS_OK) return status;
  status = rs__scan_word(&r->scan, actions, RS_COUNT_OF(actions), "keep, add or forward", &action);
  burst->action = (uint8_t)action;
  return status;
}

rs_status rs__parse_burst(rs__reader *r, rs_burst *burst) {
  *burst = (rs_burst){0};
  rs_status status = rs__scan_take(&r->scan, "b ");
  const char *place = r->scan.at;
  if (status == RS_OK) status = rs__scan_u32(&r->scan, &burst->op);
  if (status == RS_OK && burst->op >= r->schedule->op_count) {
    return rs__scan_fault_at(&r->scan, place, "an operation of the header");
  }
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  if (status == RS_OK) status = read_burst_fields(r, burst);
  if (status == RS_OK) status = record_status(r, rs__schedule_burst_fault(r->schedule, burst));
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}

/* ---- compute intervals ---- */

static rs_status read_op_or_none(rs__reader *r, const char *name, uint32_t *op) {
  rs_status status = rs__scan_take(&r->scan, name);
  const char *place = r->scan.at;
  if (status == RS_OK) status = read_number_or_none(r, op);
  if (status == RS_OK && *op != RS_NONE && *op >= r->schedule->op_count) {
    return rs__scan_fault_at(&r->scan, place, "an operation of the header, or -");
  }
  return status;
}

static rs_status read_compute_fields(rs__reader *r, rs_compute *compute) {
  static const char *const units[] = {"matrix", "vector", "host"};
  int unit = 0;
  rs_status status =
      rs__scan_word(&r->scan, units, RS_COUNT_OF(units), "matrix, vector or host", &unit);
  compute->unit = (uint8_t)unit;
  if (status == RS_OK) status = read_size(r, " ", RS__FIELD_START, &compute->start_cycles);
  if (status == RS_OK) status = read_size(r, " ", RS__FIELD_CYCLES, &compute->cycles);
  if (status == RS_OK) status = read_size(r, " ", RS__FIELD_FIRST, &compute->first_cycles);
  if (status == RS_OK) status = read_op_or_none(r, " reads=", &compute->reads_op);
  if (status == RS_OK) status = read_op_or_none(r, " writes=", &compute->writes_op);
  return status;
}

rs_status rs__parse_compute(rs__reader *r, rs_compute *compute) {
  char label[RS__LABEL_BYTES];
  *compute = (rs_compute){0};
  rs_status status = rs__scan_take(&r->scan, "c ");
  const char *place = r->scan.at;
  if (status == RS_OK) status = rs__scan_u32(&r->scan, &compute->chip);
  if (status == RS_OK && compute->chip >= r->wiring->chip_count) {
    return rs__scan_fault_at(&r->scan, place, "a chip of the wiring");
  }
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  if (status == RS_OK) status = read_compute_fields(r, compute);
  if (status == RS_OK) status = rs__scan_take(&r->scan, " ");
  if (status == RS_OK) status = rs__scan_rest(&r->scan, label, sizeof label);
  if (status != RS_OK) return status;
  compute->label = rs_schedule_label(r->schedule, label);
  if (compute->label == RS_NONE) return rs_arena_failed(r->arena, r->scan.diag);
  status = record_status(r, rs__schedule_compute_fault(r->schedule, compute));
  return status == RS_OK ? rs__scan_take(&r->scan, "\n") : status;
}
