/* The stalls of a schedule: well-formedness, digest, and the time that they take. */
#include "rs__schedule.h"

const char *rs_stall_kind_word(rs_stall_kind kind) {
  static const char *const words[RS_STALL_KIND_COUNT] = {"deskew", "runtime-deskew"};
  return words[kind];
}

/* ---- well-formedness and digest ---- */

static rs__record_fault fault(rs__field field, const char *what) {
  return (rs__record_fault){what, field};
}

rs__record_fault rs__schedule_stall_fault(const rs_schedule *s, uint64_t index) {
  const rs_stall *stall = &s->stalls[index];
  const rs_stall *before = index == 0 ? NULL : stall - 1;
  if (stall->kind >= RS_STALL_KIND_COUNT) return fault(RS__FIELD_KIND, "unknown kind");
  if ((index == 0) != (stall->kind == RS_DESKEW)) {
    return fault(RS__FIELD_KIND, index == 0 ? "chips have not been brought together yet"
                                            : "chips are brought together once");
  }
  if (stall->at_cycles < 0 || stall->at_cycles > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_START, "it stands before cycle 0 or beyond 2^60");
  }
  if (index == 0 && stall->at_cycles != 0) {
    return fault(RS__FIELD_START, "the first stall stands before cycle 0");
  }
  if (before != NULL && stall->at_cycles <= before->at_cycles) {
    return fault(RS__FIELD_START, "it does not stand behind the stall before it");
  }
  if (stall->cycles < 1 || stall->cycles > RS__STALL_CYCLES_MAX) {
    return fault(RS__FIELD_CYCLES, "it takes no cycle or more than 2^24");
  }
  return fault(RS__FIELD_RECORD, NULL);
}

rs__record_fault rs__schedule_deskew_fault(const rs_schedule *s) {
  if (s->deskew_interval_cycles < 0 || s->deskew_interval_cycles > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_INTERVAL, "an interval is a number of cycles up to 2^60");
  }
  if (s->deskew_margin_cycles < 0 || s->deskew_margin_cycles > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_MARGIN, "a margin is a number of cycles up to 2^60");
  }
  return fault(RS__FIELD_RECORD, NULL);
}

uint64_t rs__schedule_digest_stalls(uint64_t digest, const rs_schedule *s) {
  digest = rs_digest_u64(digest, s->stall_count);
  digest = rs_digest_u64(digest, (uint64_t)s->deskew_interval_cycles);
  digest = rs_digest_u64(digest, (uint64_t)s->deskew_margin_cycles);
  for (uint64_t i = 0; i < s->stall_count; i++) {
    digest = rs_digest_u64(digest, (uint64_t)s->stalls[i].at_cycles);
    digest = rs_digest_u64(digest, (uint64_t)s->stalls[i].cycles);
    digest = rs_digest_u64(digest, s->stalls[i].kind);
  }
  return digest;
}

/* ---- the wall ---- */

/* Stalls are few, and who asks for many cycles asks in order or for a picture: a plain sum. */
int64_t rs_schedule_wall(const rs_schedule *s, int64_t cycle) {
  int64_t wall = cycle;
  for (uint64_t i = 0; i < s->stall_count && s->stalls[i].at_cycles <= cycle; i++) {
    wall += s->stalls[i].cycles;
  }
  return wall;
}

int64_t rs_schedule_wall_end(const rs_schedule *s, int64_t cycle) {
  if (s->stall_count == 0 || cycle == 0) return cycle;
  return rs_schedule_wall(s, cycle - 1) + 1;
}
