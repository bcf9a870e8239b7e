/* Timing presets and their check. */
#include "rs_timing.h"

void rs_timing_init_unit(rs_timing *timing) {
  *timing = (rs_timing){.name = "unit",
                        .clock_hz = 1000000000,
                        .vector_bytes = 320,
                        .slot_num = 1,
                        .slot_den = 1,
                        .latency_cycles = {1, 1, 1},
                        .adds_per_cycle = INT64_C(1) << 20};
}

rs_status rs_timing_check(const rs_timing *timing, rs_diag *diag) {
  const struct {
    const char *name;
    int64_t value;
    int64_t least;
  } fields[] = {{"clock_hz", timing->clock_hz, 1},
                {"vector_bytes", timing->vector_bytes, 1},
                {"slot numerator", timing->slot_num, 1},
                {"slot denominator", timing->slot_den, 1},
                {"latency of a node cable", timing->latency_cycles[RS_CABLE_NODE], 1},
                {"latency of a rack cable", timing->latency_cycles[RS_CABLE_RACK], 1},
                {"latency of an inter-rack cable", timing->latency_cycles[RS_CABLE_INTER_RACK], 1},
                {"send_cycles", timing->send_cycles, 0},
                {"receive_cycles", timing->receive_cycles, 0},
                {"forward_cycles", timing->forward_cycles, 0},
                {"add_cycles", timing->add_cycles, 0},
                {"adds_per_cycle", timing->adds_per_cycle, 1}};
  for (size_t i = 0; i < RS_COUNT_OF(fields); i++) {
    if (fields[i].value >= fields[i].least && fields[i].value < INT64_C(1) << 40) continue;
    rs_diag_set(diag, RS_E_INPUT, "timing: %s is %lld", fields[i].name, (long long)fields[i].value);
    rs_diag_expect(diag, "at least %lld and below 2^40", (long long)fields[i].least);
    return RS_E_INPUT;
  }
  /* the name is one word of the text form */
  size_t length = 0;
  while (length < sizeof timing->name && timing->name[length] > ' ' &&
         timing->name[length] < 0x7f) {
    length++;
  }
  if (length > 0 && length < sizeof timing->name && timing->name[length] == '\0') return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "timing: the name is not a word");
  rs_diag_expect(diag, "1 to %zu letters without a blank", sizeof timing->name - 1);
  return RS_E_INPUT;
}
