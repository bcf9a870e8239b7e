/* Writing the text form. The inner loop writes digits and fixed words, no printf. */
#include <string.h>

#include "rs_schedule_text.h"

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
  rs_sink_put(sink, "rsched 1\n");
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
}

static void print_op(const rs_schedule *s, uint32_t index, rs_sink *sink) {
  const rs_op *op = &s->ops[index];
  rs_sink_printf(sink, "op %u %s bytes=%lld vectors=%lld tmp=%lld ready=%lld root=", index,
                 rs_collective_kind_word(op->kind), (long long)op->block_bytes,
                 (long long)op->block_vectors, (long long)op->tmp_vectors,
                 (long long)op->ready_cycles);
  if (op->root == RS_NONE) {
    rs_sink_put(sink, "-");
  } else {
    rs_sink_i64(sink, op->root);
  }
  rs_sink_printf(sink, " algorithm=%s group=", op->algorithm[0] == '\0' ? "-" : op->algorithm);
  print_group(s->group_chips + op->group_first, op->group_count, sink);
  rs_sink_printf(sink, " label=%s\n", op->label);
}

static void print_address(uint8_t buffer, int64_t offset, rs_sink *sink) {
  rs_sink_put(sink, rs_buffer_word((rs_buffer)buffer));
  rs_sink_put(sink, "+");
  rs_sink_i64(sink, offset);
}

static void print_burst(const rs_wiring *wiring, const rs_burst *b, rs_sink *sink) {
  const rs_link *link = &wiring->links[b->link];
  uint32_t copy = rs_wiring_link_copy(wiring, b->link);
  rs_sink_put(sink, "b ");
  rs_sink_i64(sink, b->op);
  rs_sink_put(sink, " ");
  rs_sink_i64(sink, link->from);
  rs_sink_put(sink, ">");
  rs_sink_i64(sink, link->to);
  if (copy > 0) {
    rs_sink_put(sink, ".");
    rs_sink_i64(sink, copy);
  }
  rs_sink_put(sink, " ");
  rs_sink_i64(sink, b->start_cycles);
  rs_sink_put(sink, " ");
  rs_sink_i64(sink, b->count);
  if (b->stride != 1) {
    rs_sink_put(sink, "x");
    rs_sink_i64(sink, b->stride);
  }
  rs_sink_put(sink, " ");
  print_address(b->source, b->source_offset, sink);
  rs_sink_put(sink, " ");
  print_address(b->target, b->target_offset, sink);
  rs_sink_put(sink, " ");
  rs_sink_put(sink, rs_action_word((rs_action)b->action));
}

static void print_op_or_none(const char *name, uint32_t op, rs_sink *sink) {
  rs_sink_put(sink, name);
  if (op == RS_NONE) {
    rs_sink_put(sink, "-");
  } else {
    rs_sink_i64(sink, op);
  }
}

static void print_compute(const rs_schedule *s, const rs_compute *c, rs_sink *sink) {
  rs_sink_printf(sink, "c %u %s %lld %lld %lld", c->chip, rs_unit_word((rs_unit)c->unit),
                 (long long)c->start_cycles, (long long)c->cycles, (long long)c->first_cycles);
  print_op_or_none(" reads=", c->reads_op, sink);
  print_op_or_none(" writes=", c->writes_op, sink);
  rs_sink_printf(sink, " %s\n", s->labels[c->label]);
}

rs_status rs_schedule_print(rs_schedule *schedule, const rs_wiring *wiring, rs_sink *sink,
                            rs_diag *diag) {
  rs_schedule_sort(schedule);
  print_header(schedule, sink);
  for (uint32_t i = 0; i < schedule->op_count; i++) print_op(schedule, i, sink);
  for (uint64_t i = 0; i < schedule->burst_count && !sink->failed; i++) {
    print_burst(wiring, &schedule->bursts[i], sink);
    rs_sink_put(sink, "\n");
  }
  for (uint64_t i = 0; i < schedule->compute_count && !sink->failed; i++) {
    print_compute(schedule, &schedule->computes[i], sink);
  }
  rs_sink_put(sink, "end\n");
  if (!sink->failed) return RS_OK;
  return rs_diag_set(diag, RS_E_SYSTEM, "the schedule could not be written");
}

/* ---- one burst, for messages ---- */

typedef struct fixed_text {
  char *bytes;
  size_t size, length;
} fixed_text;

static int write_fixed(void *context, const char *bytes, size_t length) {
  fixed_text *text = context;
  size_t room = text->size - text->length - 1;
  size_t taken = RS_MIN(length, room);
  memcpy(text->bytes + text->length, bytes, taken);
  text->length += taken;
  text->bytes[text->length] = '\0';
  return 0;
}

void rs_burst_describe(const rs_schedule *schedule, const rs_wiring *wiring, const rs_burst *burst,
                       char *text, size_t size) {
  (void)schedule;
  if (size == 0) return;
  fixed_text fixed = {text, size, 0};
  text[0] = '\0';
  rs_sink sink = {.write = write_fixed, .context = &fixed};
  if (burst->link < wiring->link_count) print_burst(wiring, burst, &sink);
}
