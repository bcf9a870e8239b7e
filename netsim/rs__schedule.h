/*
 * Well-formedness of one record of a schedule, for rs_schedule_validate and for the parser, which
 * reports a fault at the field's own column.
 */
#ifndef RS__SCHEDULE_H
#define RS__SCHEDULE_H

#include "rs_schedule.h"

#define RS__TIME_CYCLES_MAX (INT64_C(1) << 60)
#define RS__VECTORS_MAX (INT64_C(1) << 40)
#define RS__STALL_CYCLES_MAX (INT64_C(1) << 24)
#define RS__LABEL_BYTES 256 /* of a compute interval's label, with its NUL */

/* The part of a record that a fault is about. */
typedef enum rs__field {
  RS__FIELD_RECORD, /* the whole */
  RS__FIELD_KIND,
  RS__FIELD_BYTES,
  RS__FIELD_VECTORS,
  RS__FIELD_TMP,
  RS__FIELD_READY,
  RS__FIELD_ROOT,
  RS__FIELD_ALGORITHM,
  RS__FIELD_GROUP,
  RS__FIELD_OP,
  RS__FIELD_LINK,
  RS__FIELD_START,
  RS__FIELD_COUNT,
  RS__FIELD_SOURCE,
  RS__FIELD_TARGET,
  RS__FIELD_ACTION,
  RS__FIELD_CHIP,
  RS__FIELD_UNIT,
  RS__FIELD_CYCLES,
  RS__FIELD_FIRST,
  RS__FIELD_READS,
  RS__FIELD_WRITES,
  RS__FIELD_LABEL,
  RS__FIELD_INTERVAL,
  RS__FIELD_MARGIN,
  RS__FIELDS
} rs__field;

typedef struct rs__record_fault {
  const char *what; /* NULL: none */
  rs__field field;
} rs__record_fault;

/* `mark` has chip_count entries, all 0 before the first operation; operations go in order. */
rs__record_fault rs__schedule_op_fault(const rs_schedule *schedule, uint32_t op, uint32_t *mark);
rs__record_fault rs__schedule_burst_fault(const rs_schedule *schedule, const rs_burst *burst);
rs__record_fault rs__schedule_compute_fault(const rs_schedule *schedule, const rs_compute *compute);

/* ---- rs_schedule_stalls.c ---- */

/* The index-th, held against the one before it. */
rs__record_fault rs__schedule_stall_fault(const rs_schedule *schedule, uint64_t index);
/* Of interval and margin. */
rs__record_fault rs__schedule_deskew_fault(const rs_schedule *schedule);
uint64_t rs__schedule_digest_stalls(uint64_t digest, const rs_schedule *schedule);

/* Printable and without blanks at its ends: what stands to the end of a line. */
bool rs__schedule_text_is_line(const char *text, size_t size);

#endif
