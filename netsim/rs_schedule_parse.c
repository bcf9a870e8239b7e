/*
 * Reading the text form: one pass over the bytes with a cursor that knows its line and where the
 * line began, so that every fault has a line and a column. Words are compared in place; nothing is
 * copied but labels. Memory grows with what was read, never with what a header promises.
 */
#include <stdio.h>
#include <string.h>

#include "rs_schedule_text.h"

typedef struct reader {
  const char *file;
  const char *at;
  const char *end;
  const char *line_start;
  int line;
  rs_diag *diag;
  rs_arena *arena;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  uint64_t promised_ops, promised_bursts, promised_computes;
} reader;

/* ---- faults ---- */

/* A fault at `place`; what stands there is quoted, up to the next blank. */
static rs_status fault_at(reader *r, const char *place, const char *expected) {
  int column = (int)RS_MIN(place - r->line_start + 1, 1000000);
  if (place >= r->end) {
    rs_diag_set(r->diag, RS_E_INPUT, "the file ends here");
  } else if (*place == '\n') {
    rs_diag_set(r->diag, RS_E_INPUT, "the line ends here");
  } else if (*place == '\r') {
    rs_diag_set(r->diag, RS_E_INPUT, "a carriage return; lines end with a line feed alone");
  } else {
    int length = 0;
    while (length < 40 && place + length < r->end && place[length] != ' ' &&
           place[length] != '\n' && place[length] != '\0') {
      length++;
    }
    rs_diag_set(r->diag, RS_E_INPUT, "'%.*s'", RS_MAX(length, 1), place);
  }
  rs_diag_expect(r->diag, "%s", expected);
  rs_diag_at(r->diag, r->file, r->line, column);
  return RS_E_INPUT;
}

static rs_status fault_here(reader *r, const char *expected) {
  return fault_at(r, r->at, expected);
}

/* ---- the scanner ---- */

static bool starts_with(const reader *r, const char *text, size_t length) {
  return (size_t)(r->end - r->at) >= length && memcmp(r->at, text, length) == 0;
}

/* Takes exactly `text`. */
static rs_status take(reader *r, const char *text) {
  size_t length = strlen(text);
  if (!starts_with(r, text, length)) {
    char expected[80];
    snprintf(expected, sizeof expected, *text == '\n' ? "the end of the line" : "'%s'", text);
    return fault_here(r, expected);
  }
  r->at += length;
  if (*text == '\n') {
    r->line++;
    r->line_start = r->at;
  }
  return RS_OK;
}

/* A decimal number from 0 to `most`. Leading zeros are refused: the form is canonical. */
static rs_status take_number(reader *r, int64_t most, int64_t *value) {
  const char *start = r->at;
  int64_t number = 0;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
    int digit = *r->at - '0';
    if (number > (most - digit) / 10) {
      char expected[64];
      snprintf(expected, sizeof expected, "a number of at most %lld", (long long)most);
      return fault_at(r, start, expected);
    }
    number = number * 10 + digit;
    r->at++;
  }
  if (r->at == start || (*start == '0' && r->at > start + 1)) {
    return fault_at(r, start, "a whole number");
  }
  *value = number;
  return RS_OK;
}

static rs_status take_u32(reader *r, uint32_t *value) {
  int64_t number;
  rs_status status = take_number(r, RS_NONE - 1, &number);
  if (status == RS_OK) *value = (uint32_t)number;
  return status;
}

static rs_status take_field(reader *r, const char *name, int64_t *value) {
  rs_status status = take(r, name);
  return status == RS_OK ? take_number(r, INT64_MAX, value) : status;
}

/* A word of lower-case letters, digits and a few signs, ended by a blank or the line's end. */
static size_t word_length(const reader *r) {
  const char *c = r->at;
  while (c < r->end && *c != ' ' && *c != '\n' && *c != '\r' && *c != '\0' && *c != '+') c++;
  return (size_t)(c - r->at);
}

static rs_status unknown_word(reader *r, size_t length, const char *const *words, size_t count,
                              const char *expected) {
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)RS_MIN(length, sizeof word - 1), r->at);
  fault_here(r, expected);
  rs_diag_suggest(r->diag, rs_nearest_word(word, words, count));
  return RS_E_INPUT;
}

/* One of the words of a table; *index is which. */
static rs_status take_word(reader *r, const char *const *words, size_t count, const char *expected,
                           int *index) {
  size_t length = word_length(r);
  for (size_t i = 0; i < count; i++) {
    if (strlen(words[i]) != length || memcmp(words[i], r->at, length) != 0) continue;
    r->at += length;
    *index = (int)i;
    return RS_OK;
  }
  return unknown_word(r, length, words, count, expected);
}

/* The rest of the line, without blanks at its ends, as a string of at most size − 1 bytes. */
static rs_status take_rest(reader *r, char *text, size_t size) {
  const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
  if (stop == NULL) return fault_at(r, r->end, "the end of the line");
  size_t length = (size_t)(stop - r->at);
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)r->at[i] < 0x20) return fault_at(r, r->at + i, "printable text");
  }
  if (length >= size) return fault_here(r, "a shorter text");
  if (length > 0 && (r->at[0] == ' ' || stop[-1] == ' ')) {
    return fault_here(r, "text without blanks at its ends");
  }
  memcpy(text, r->at, length);
  text[length] = '\0';
  r->at = stop;
  return RS_OK;
}

/* A word that fits into text[size]. */
static rs_status take_name(reader *r, char *text, size_t size) {
  size_t length = 0;
  while (r->at + length < r->end && (unsigned char)r->at[length] > 0x20) length++;
  if (length == 0) return fault_here(r, "a name");
  if (length >= size) return fault_here(r, "a shorter name");
  memcpy(text, r->at, length);
  text[length] = '\0';
  r->at += length;
  return RS_OK;
}

/* ---- the header ---- */

static rs_status read_timing(reader *r, rs_timing *t) {
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
  rs_status status = take(r, "timing ");
  const char *place = r->at;
  if (status == RS_OK) status = take_name(r, t->name, sizeof t->name);
  for (size_t i = 0; i < RS_COUNT_OF(fields) && status == RS_OK; i++) {
    status = take_field(r, fields[i].name, fields[i].value);
  }
  if (status != RS_OK) return status;
  status = rs_timing_check(t, r->diag);
  if (status != RS_OK) {
    rs_diag_at(r->diag, r->file, r->line, (int)(place - r->line_start + 1));
    return status;
  }
  return take(r, "\n");
}

static rs_status read_digest(reader *r, uint64_t *digest) {
  *digest = 0;
  for (int i = 0; i < 16; i++) {
    static const char digits[] = "0123456789abcdef";
    const char *found = r->at < r->end && *r->at != '\0' ? strchr(digits, *r->at) : NULL;
    if (found == NULL) return fault_here(r, "16 hexadecimal digits");
    *digest = *digest << 4 | (uint64_t)(found - digits);
    r->at++;
  }
  return RS_OK;
}

/* The provider knows topologies but not this file: its diagnostic gets the place of the spec. */
static rs_status provide(reader *r, rs_wiring_provider *provider, void *context,
                         const char *topology, int column) {
  rs_status status = provider(context, topology, r->arena, &r->wiring, r->diag);
  if (status != RS_OK) rs_diag_at(r->diag, r->file, r->line, column);
  return status;
}

static rs_status read_wiring(reader *r) {
  int64_t chips, links;
  uint64_t digest;
  rs_status status = take_field(r, "wiring chips=", &chips);
  if (status == RS_OK) status = take_field(r, " links=", &links);
  if (status == RS_OK) status = take(r, " digest=");
  const char *place = r->at;
  if (status == RS_OK) status = read_digest(r, &digest);
  if (status != RS_OK) return status;
  if (chips != r->wiring->chip_count || links != r->wiring->link_count ||
      digest != rs_wiring_digest(r->wiring)) {
    rs_diag_set(r->diag, RS_E_INPUT,
                "the wiring differs: this topology has %u chips, %u links and digest %016llx",
                r->wiring->chip_count, r->wiring->link_count,
                (unsigned long long)rs_wiring_digest(r->wiring));
    rs_diag_at(r->diag, r->file, r->line, (int)(place - r->line_start + 1));
    return RS_E_INPUT;
  }
  return take(r, "\n");
}

static rs_status read_counts(reader *r) {
  int64_t ops, bursts, computes;
  rs_status status = take_field(r, "counts ops=", &ops);
  if (status == RS_OK) status = take_field(r, " bursts=", &bursts);
  if (status == RS_OK) status = take_field(r, " computes=", &computes);
  if (status != RS_OK) return status;
  r->promised_ops = (uint64_t)ops;
  r->promised_bursts = (uint64_t)bursts;
  r->promised_computes = (uint64_t)computes;
  return take(r, "\n");
}

static rs_status read_header(reader *r, rs_wiring_provider *provider, void *context) {
  char topology[256];
  rs_timing timing = {0};
  rs_status status = take(r, "rsched 1");
  if (status == RS_OK) status = take(r, "\n");
  if (status == RS_OK) status = take(r, "topology ");
  int column = (int)(r->at - r->line_start + 1);
  if (status == RS_OK) status = take_rest(r, topology, sizeof topology);
  if (status == RS_OK) status = provide(r, provider, context, topology, column);
  if (status == RS_OK) status = take(r, "\n");
  if (status == RS_OK) status = read_wiring(r);
  if (status == RS_OK) status = read_timing(r, &timing);
  if (status == RS_OK) status = read_counts(r);
  if (status != RS_OK) return status;
  if (strcmp(topology, "-") == 0) topology[0] = '\0';
  r->schedule = rs_schedule_create(r->arena, r->wiring, topology, &timing);
  return r->schedule == NULL ? rs_arena_failed(r->arena, r->diag) : RS_OK;
}

/* ---- operations ---- */

/* 0-7,16: adds the chips to *chips, which doubles. */
static rs_status read_group(reader *r, uint32_t **chips, uint32_t *count) {
  uint32_t capacity = 0;
  uint32_t most = 2 * r->wiring->chip_count; /* pairs of a send name a chip twice */
  *count = 0;
  for (;;) {
    uint32_t low;
    const char *place = r->at;
    rs_status status = take_u32(r, &low);
    uint32_t high = low;
    if (status == RS_OK && starts_with(r, "-", 1)) {
      r->at++;
      status = take_u32(r, &high);
    }
    if (status != RS_OK) return status;
    if (high < low || high >= r->wiring->chip_count || high - low >= most - *count) {
      return fault_at(r, place, "chips of the wiring, such as 0-7,16");
    }
    uint32_t needed = *count + (high - low + 1);
    if (needed > capacity) {
      capacity = RS_MAX(needed, 2 * capacity);
      uint32_t *larger = RS_ARENA_NEW(r->arena, uint32_t, capacity);
      if (larger == NULL) return rs_arena_failed(r->arena, r->diag);
      if (*count > 0) memcpy(larger, *chips, *count * sizeof *larger);
      *chips = larger;
    }
    for (uint32_t chip = low; chip <= high; chip++) (*chips)[(*count)++] = chip;
    if (!starts_with(r, ",", 1)) return RS_OK;
    r->at++;
  }
}

static rs_status read_kind(reader *r, rs_collective_kind *kind) {
  const char *words[RS_COLLECTIVE_KIND_COUNT];
  int index;
  for (int i = 0; i < RS_COLLECTIVE_KIND_COUNT; i++) {
    words[i] = rs_collective_kind_word((rs_collective_kind)i);
  }
  rs_status status = take_word(r, words, RS_COUNT_OF(words), "a collective", &index);
  if (status == RS_OK) *kind = (rs_collective_kind)index;
  return status;
}

static rs_status read_root(reader *r, uint32_t *root) {
  *root = RS_NONE;
  rs_status status = take(r, " root=");
  if (status != RS_OK) return status;
  if (starts_with(r, "-", 1)) {
    r->at++;
    return RS_OK;
  }
  return take_u32(r, root);
}

static rs_status read_op(reader *r) {
  rs_op op = {0};
  uint32_t index;
  uint32_t *chips = NULL;
  uint32_t chip_count = 0;
  rs_status status = take(r, "op ");
  const char *place = r->at;
  if (status == RS_OK) status = take_u32(r, &index);
  if (status == RS_OK && index != r->schedule->op_count) {
    return fault_at(r, place, "operations in order from 0");
  }
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = read_kind(r, &op.kind);
  if (status == RS_OK) status = take_field(r, " bytes=", &op.block_bytes);
  if (status == RS_OK) status = take_field(r, " vectors=", &op.block_vectors);
  if (status == RS_OK) status = take_field(r, " tmp=", &op.tmp_vectors);
  if (status == RS_OK) status = take_field(r, " ready=", &op.ready_cycles);
  if (status == RS_OK) status = read_root(r, &op.root);
  if (status == RS_OK) status = take(r, " algorithm=");
  if (status == RS_OK) status = take_name(r, op.algorithm, sizeof op.algorithm);
  if (status == RS_OK) status = take(r, " group=");
  if (status == RS_OK) status = read_group(r, &chips, &chip_count);
  if (status == RS_OK) status = take(r, " label=");
  if (status == RS_OK) status = take_rest(r, op.label, sizeof op.label);
  if (status == RS_OK) status = take(r, "\n");
  if (status != RS_OK) return status;
  if (strcmp(op.algorithm, "-") == 0) op.algorithm[0] = '\0';
  index = rs_schedule_add_op(r->schedule, &op, chips, chip_count);
  return index == RS_NONE ? rs_arena_failed(r->arena, r->diag) : RS_OK;
}

/* ---- bursts ---- */

static rs_status read_link(reader *r, uint32_t *link) {
  uint32_t from, to;
  uint32_t copy = 0;
  const char *place = r->at;
  rs_status status = take_u32(r, &from);
  if (status == RS_OK) status = take(r, ">");
  if (status == RS_OK) status = take_u32(r, &to);
  if (status == RS_OK && starts_with(r, ".", 1)) {
    r->at++;
    status = take_u32(r, &copy);
  }
  if (status != RS_OK) return status;
  *link = rs_wiring_find_link(r->wiring, from, to, copy);
  return *link == RS_NONE ? fault_at(r, place, "a link of this wiring") : RS_OK;
}

static rs_status read_address(reader *r, bool is_target, uint8_t *buffer, int64_t *offset) {
  static const char *const words[] = {"in", "out", "tmp"};
  int index;
  const char *place = r->at;
  const char *expected = is_target ? "out+OFFSET or tmp+OFFSET" : "in+, out+ or tmp+OFFSET";
  rs_status status = take_word(r, words, RS_COUNT_OF(words), expected, &index);
  if (status == RS_OK && is_target && index == RS_BUFFER_IN) return fault_at(r, place, expected);
  if (status == RS_OK) status = take(r, "+");
  if (status != RS_OK) return status;
  *buffer = (uint8_t)index;
  return take_number(r, INT64_MAX, offset);
}

static rs_status read_count(reader *r, rs_burst *burst) {
  const char *place = r->at;
  rs_status status = take_number(r, INT64_MAX, &burst->count);
  if (status != RS_OK) return status;
  if (burst->count == 0) return fault_at(r, place, "at least one vector");
  burst->stride = 1;
  if (!starts_with(r, "x", 1)) return RS_OK;
  r->at++;
  place = r->at;
  status = take_u32(r, &burst->stride);
  if (status == RS_OK && burst->stride < 2) {
    return fault_at(r, place, "a stride of at least 2 slots");
  }
  return status;
}

static rs_status read_burst(reader *r) {
  static const char *const actions[] = {"keep", "add", "forward"};
  rs_burst burst = {0};
  int action = 0;
  rs_status status = take(r, "b ");
  const char *place = r->at;
  if (status == RS_OK) status = take_u32(r, &burst.op);
  if (status == RS_OK && burst.op >= r->schedule->op_count) {
    return fault_at(r, place, "an operation of the header");
  }
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = read_link(r, &burst.link);
  if (status == RS_OK) status = take_field(r, " ", &burst.start_cycles);
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = read_count(r, &burst);
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = read_address(r, false, &burst.source, &burst.source_offset);
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = read_address(r, true, &burst.target, &burst.target_offset);
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) {
    status = take_word(r, actions, RS_COUNT_OF(actions), "keep, add or forward", &action);
  }
  if (status == RS_OK) status = take(r, "\n");
  if (status != RS_OK) return status;
  burst.action = (uint8_t)action;
  if (rs_schedule_add_burst(r->schedule, &burst) == NULL) return rs_arena_failed(r->arena, r->diag);
  return RS_OK;
}

/* ---- compute intervals ---- */

static rs_status read_op_or_none(reader *r, const char *name, uint32_t *op) {
  rs_status status = take(r, name);
  *op = RS_NONE;
  if (status != RS_OK) return status;
  if (starts_with(r, "-", 1)) {
    r->at++;
    return RS_OK;
  }
  const char *place = r->at;
  status = take_u32(r, op);
  if (status == RS_OK && *op >= r->schedule->op_count) {
    return fault_at(r, place, "an operation of the header, or -");
  }
  return status;
}

static rs_status read_compute(reader *r) {
  static const char *const units[] = {"matrix", "vector", "host"};
  char label[256];
  rs_compute compute = {0};
  int unit = 0;
  rs_status status = take(r, "c ");
  const char *place = r->at;
  if (status == RS_OK) status = take_u32(r, &compute.chip);
  if (status == RS_OK && compute.chip >= r->wiring->chip_count) {
    return fault_at(r, place, "a chip of the wiring");
  }
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) {
    status = take_word(r, units, RS_COUNT_OF(units), "matrix, vector or host", &unit);
  }
  if (status == RS_OK) status = take_field(r, " ", &compute.start_cycles);
  if (status == RS_OK) status = take_field(r, " ", &compute.cycles);
  if (status == RS_OK) status = take_field(r, " ", &compute.first_cycles);
  if (status == RS_OK) status = read_op_or_none(r, " reads=", &compute.reads_op);
  if (status == RS_OK) status = read_op_or_none(r, " writes=", &compute.writes_op);
  if (status == RS_OK) status = take(r, " ");
  if (status == RS_OK) status = take_rest(r, label, sizeof label);
  if (status == RS_OK) status = take(r, "\n");
  if (status != RS_OK) return status;
  compute.unit = (uint8_t)unit;
  compute.label = rs_schedule_label(r->schedule, label);
  if (compute.label == RS_NONE || rs_schedule_add_compute(r->schedule, &compute) == NULL) {
    return rs_arena_failed(r->arena, r->diag);
  }
  return RS_OK;
}

/* ---- the whole ---- */

static rs_status check_counts(reader *r, const char *place) {
  const rs_schedule *s = r->schedule;
  if (s->op_count == r->promised_ops && s->burst_count == r->promised_bursts &&
      s->compute_count == r->promised_computes) {
    return RS_OK;
  }
  rs_diag_set(r->diag, RS_E_INPUT,
              "the file has %u operations, %llu bursts and %llu compute intervals", s->op_count,
              (unsigned long long)s->burst_count, (unsigned long long)s->compute_count);
  rs_diag_expect(r->diag, "%llu, %llu and %llu, as its header says",
                 (unsigned long long)r->promised_ops, (unsigned long long)r->promised_bursts,
                 (unsigned long long)r->promised_computes);
  rs_diag_at(r->diag, r->file, r->line, (int)(place - r->line_start + 1));
  return RS_E_INPUT;
}

static rs_status read_records(reader *r) {
  rs_status status = RS_OK;
  while (status == RS_OK && starts_with(r, "op ", 3)) status = read_op(r);
  while (status == RS_OK && starts_with(r, "b ", 2)) status = read_burst(r);
  while (status == RS_OK && starts_with(r, "c ", 2)) status = read_compute(r);
  if (status != RS_OK) return status;
  if (!starts_with(r, "end", 3)) {
    return fault_here(r,
                      "an operation, then bursts ('b …'), then compute intervals ('c …'), 'end'");
  }
  status = check_counts(r, r->at);
  if (status == RS_OK) status = take(r, "end");
  if (status == RS_OK) status = take(r, "\n");
  if (status == RS_OK && r->at != r->end) return fault_here(r, "nothing after 'end'");
  return status;
}

/* What the grammar cannot see (ranges of offsets, groups) is the schedule's own check. */
static rs_status validate(reader *r) {
  rs_status status = rs_schedule_validate(r->schedule, r->wiring, r->diag);
  if (status == RS_OK) return RS_OK;
  rs_diag_at(r->diag, r->file, r->line, 1);
  if (r->diag != NULL && r->diag->status == RS_E_REFUSED) r->diag->status = RS_E_INPUT;
  return status == RS_E_REFUSED ? RS_E_INPUT : status;
}

rs_status rs_schedule_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                            rs_wiring_provider *provider, void *provider_context,
                            rs_schedule **schedule, const rs_wiring **wiring, rs_diag *diag) {
  reader r = {.file = file,
              .at = text,
              .end = text + length,
              .line_start = text,
              .line = 1,
              .diag = diag,
              .arena = arena};
  rs_status status = read_header(&r, provider, provider_context);
  if (status == RS_OK) status = read_records(&r);
  if (status == RS_OK) status = validate(&r);
  if (status != RS_OK) return status;
  rs_schedule_sort(r.schedule);
  *schedule = r.schedule;
  *wiring = r.wiring;
  return RS_OK;
}
