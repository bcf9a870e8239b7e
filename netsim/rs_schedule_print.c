/*
 * Writing the text form. Lines of bursts are put together in a buffer of our own, digits by hand,
 * and go to the sink in blocks: a call through the sink for every word costs more than the word.
 */
#include <stdio.h>
#include <string.h>

#include "rs_schedule_text.h"

/* The longest burst line: 2 words of 32 bits, copy, 4 numbers of 64 bits, stride, words: < 200. */
#define LINE_BYTES_MAX 256
#define BLOCK_BYTES 8192

typedef struct block {
  rs_sink *sink;
  size_t length;
  char bytes[BLOCK_BYTES];
} block;

static void flush(block *b) {
  rs_sink_bytes(b->sink, b->bytes, b->length);
  b->length = 0;
}

/* ---- pieces of a line; each returns where the next one goes ---- */

static char *write_number(char *at, uint64_t value) {
  static const char pairs[] =
      "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445"
      "46474849505152535455565758596061626364656667686970717273747576777879808182838485868788899091"
      "9293949596979899";
  char digits[20];
  size_t first = sizeof digits;
  while (value >= 100) {
    first -= 2;
    memcpy(digits + first, pairs + 2 * (value % 100), 2);
    value /= 100;
  }
  if (value >= 10) {
    first -= 2;
    memcpy(digits + first, pairs + 2 * value, 2);
  } else {
    digits[--first] = (char)('0' + value);
  }
  memcpy(at, digits + first, sizeof digits - first);
  return at + (sizeof digits - first);
}

static char *write_word(char *at, const char *word) {
  size_t length = strlen(word);
  memcpy(at, word, length);
  return at + length;
}

static char *write_address(char *at, uint8_t buffer, int64_t offset) {
  *at++ = ' ';
  at = write_word(at, rs_buffer_word((rs_buffer)buffer));
  *at++ = '+';
  return write_number(at, (uint64_t)offset);
}

/* Without the newline. */
static char *write_burst(char *at, const rs_wiring *wiring, const rs_burst *b) {
  const rs_link *link = &wiring->links[b->link];
  uint32_t copy = rs_wiring_link_copy(wiring, b->link);
  at = write_word(at, "b ");
  at = write_number(at, b->op);
  *at++ = ' ';
  at = write_number(at, link->from);
  *at++ = '>';
  at = write_number(at, link->to);
  if (copy > 0) {
    *at++ = '.';
    at = write_number(at, copy);
  }
  *at++ = ' ';
  at = write_number(at, (uint64_t)b->start_cycles);
  *at++ = ' ';
  at = write_number(at, (uint64_t)b->count);
  if (b->stride != 1) {
    *at++ = 'x';
    at = write_number(at, b->stride);
  }
  at = write_address(at, b->source, b->source_offset);
  at = write_address(at, b->target, b->target_offset);
  *at++ = ' ';
  return write_word(at, rs_action_word((rs_action)b->action));
}

static void print_bursts(const rs_schedule *s, const rs_wiring *wiring, rs_sink *sink) {
  block b;
  b.sink = sink;
  b.length = 0;
  for (uint64_t i = 0; i < s->burst_count && !sink->failed; i++) {
    char *end = write_burst(b.bytes + b.length, wiring, &s->bursts[i]);
    *end++ = '\n';
    b.length = (size_t)(end - b.bytes);
    if (b.length > BLOCK_BYTES - LINE_BYTES_MAX) flush(&b);
  }
  flush(&b);
}

/* ---- the header and the rare lines ---- */

/* Runs of consecutive chips are ranges: 0-7,16. */
static void print_group(const uint32_t *chips, uint32_t count, rs_sink *sink) {
  for (uint32_t i = 0; i < count;) {
    uint32_t end = i;
    while (end + 1 < count && chips[end + 1] == chips[end] + 1) end++;
    if (i > 0) rs_sink_put(sink, ",");
    rs_sink_i64(sink, chips[i]);
    if (end > i) {
      rs_sink_put(sink, "-");
      rs_sink_i64(sink, chips[end]);
    }
    i = end + 1;
  }
}

static void print_header(const rs_schedule *s, rs_sink *sink) {
  const rs_timing *t = &s->timing;
  rs_sink_put(sink, s->stall_count == 0 ? "rsched 1\n" : "rsched 2\n");
  rs_sink_printf(sink, "topology %s\n", s->topology[0] == '\0' ? "-" : s->topology);
  rs_sink_printf(sink, "wiring chips=%u links=%u digest=%016llx\n", s->chip_count, s->link_count,
                 (unsigned long long)s->wiring_digest);
  rs_sink_printf(sink, "timing %s clock_hz=%lld vector_bytes=%lld slot=%lld/%lld", t->name,
                 (long long)t->clock_hz, (long long)t->vector_bytes, (long long)t->slot_num,
                 (long long)t->slot_den);
  rs_sink_printf(sink, " latency=%lld,%lld,%lld", (long long)t->latency_cycles[RS_CABLE_NODE],
                 (long long)t->latency_cycles[RS_CABLE_RACK],
                 (long long)t->latency_cycles[RS_CABLE_INTER_RACK]);
  rs_sink_printf(sink, " send=%lld receive=%lld forward=%lld add=%lld adds_per_cycle=%lld\n",
                 (long long)t->send_cycles, (long long)t->receive_cycles,
                 (long long)t->forward_cycles, (long long)t->add_cycles,
                 (long long)t->adds_per_cycle);
  rs_sink_printf(sink, "counts ops=%u bursts=%llu computes=%llu\n", s->op_count,
                 (unsigned long long)s->burst_count, (unsigned long long)s->compute_count);
  if (s->stall_count == 0) return;
  rs_sink_printf(sink, "deskew stalls=%llu interval=%lld margin=%lld\n",
                 (unsigned long long)s->stall_count, (long long)s->deskew_interval_cycles,
                 (long long)s->deskew_margin_cycles);
}

static void print_number_or_none(uint32_t number, rs_sink *sink) {
  if (number == RS_NONE) {
    rs_sink_put(sink, "-");
  } else {
    rs_sink_i64(sink, number);
  }
}

static void print_op(const rs_schedule *s, uint32_t index, rs_sink *sink) {
  const rs_op *op = &s->ops[index];
  rs_sink_printf(sink, "op %u %s bytes=%lld vectors=%lld tmp=%lld ready=%lld root=", index,
                 rs_collective_kind_word(op->kind), (long long)op->block_bytes,
                 (long long)op->block_vectors, (long long)op->tmp_vectors,
                 (long long)op->ready_cycles);
  print_number_or_none(op->root, sink);
  rs_sink_printf(sink, " algorithm=%s group=", op->algorithm[0] == '\0' ? "-" : op->algorithm);
  print_group(s->group_chips + op->group_first, op->group_count, sink);
  rs_sink_printf(sink, " label=%s\n", op->label);
}

rs_status rs_schedule_print(rs_schedule *schedule, const rs_wiring *wiring, rs_sink *sink,
                            rs_diag *diag) {
  rs_schedule_sort(schedule);
  print_header(schedule, sink);
  for (uint32_t i = 0; i < schedule->op_count && !sink->failed; i++) print_op(schedule, i, sink);
  for (uint64_t i = 0; i < schedule->stall_count && !sink->failed; i++) {
    char line[64];
    rs_stall_describe(&schedule->stalls[i], line, sizeof line);
    rs_sink_printf(sink, "%s\n", line);
  }
  print_bursts(schedule, wiring, sink);
  for (uint64_t i = 0; i < schedule->compute_count && !sink->failed; i++) {
    rs_compute_describe(schedule, &schedule->computes[i], sink);
    rs_sink_put(sink, "\n");
  }
  rs_sink_put(sink, "end\n");
  if (!sink->failed) return RS_OK;
  return rs_diag_set(diag, RS_E_SYSTEM, "the schedule could not be written");
}

/* ---- one record, for messages ---- */

void rs_stall_describe(const rs_stall *stall, char *text, size_t size) {
  snprintf(text, size, "d %lld %lld %s", (long long)stall->at_cycles, (long long)stall->cycles,
           rs_stall_kind_word((rs_stall_kind)stall->kind));
}

void rs_compute_describe(const rs_schedule *s, const rs_compute *c, rs_sink *sink) {
  rs_sink_printf(sink, "c %u %s %lld %lld %lld reads=", c->chip, rs_unit_word((rs_unit)c->unit),
                 (long long)c->start_cycles, (long long)c->cycles, (long long)c->first_cycles);
  print_number_or_none(c->reads_op, sink);
  rs_sink_put(sink, " writes=");
  print_number_or_none(c->writes_op, sink);
  rs_sink_put(sink, " ");
  rs_sink_put(sink, s->labels[c->label]);
}

void rs_burst_describe(const rs_schedule *schedule, const rs_wiring *wiring, const rs_burst *burst,
                       char *text, size_t size) {
  char line[LINE_BYTES_MAX];
  (void)schedule;
  if (size == 0) return;
  text[0] = '\0';
  if (burst->link >= wiring->link_count) return; /* a burst that is not well formed */
  size_t length = (size_t)(write_burst(line, wiring, burst) - line);
  length = RS_MIN(length, size - 1);
  memcpy(text, line, length);
  text[length] = '\0';
}
