/* Times of whole runs in the one-pass proof: linear in the address, compared exactly, in ticks. */
#include "rs__stream.h"

int64_t rs__pace_cycles(const rs_timing *t, const rs__pace *p, int64_t address) {
  if (p->stride == 0) return p->cycles;
  return p->cycles + rs_timing_slots(t, (address - p->origin) * p->stride);
}

/* a − b at an address, in ticks. */
static rs_int128 gap_at(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t address) {
  rs_int128 slots =
      (rs_int128)(address - a->origin) * a->stride - (rs_int128)(address - b->origin) * b->stride;
  return (rs_int128)(a->cycles - b->cycles) * t->slot_den + slots * t->slot_num;
}

bool rs__pace_follows(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                      int64_t end, int64_t cost_cycles) {
  rs_int128 cost = (rs_int128)cost_cycles * t->slot_den;
  return b->cycles < 0 || (gap_at(t, a, b, first) >= cost && gap_at(t, a, b, end - 1) >= cost);
}

bool rs__pace_coincides(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                        int64_t end) {
  return b->cycles >= 0 && gap_at(t, a, b, first) == 0 && gap_at(t, a, b, end - 1) == 0;
}

rs__pace rs__pace_later(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                        int64_t end) {
  if (a->cycles < 0 || (b->cycles >= 0 && rs__pace_follows(t, b, a, first, end, 0))) return *b;
  if (b->cycles < 0 || rs__pace_follows(t, a, b, first, end, 0)) return *a;
  int64_t last = RS_MAX(rs__pace_cycles(t, a, end - 1), rs__pace_cycles(t, b, end - 1));
  return (rs__pace){last, first, a->burst, 0};
}
