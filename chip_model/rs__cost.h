/* The inside of the cost model: finishing a cost, and products that are checked. */
#ifndef RS__COST_H
#define RS__COST_H

#include "rs_cost.h"

/* One shape of an operation, for the check that all are at least 1. */
typedef struct rs__shape {
  const char *name;
  int64_t value;
} rs__shape;

rs_status rs__cost_check_shapes(const rs__shape *shapes, size_t count, rs_diag *diag);

/* RS_E_INPUT, with the formats that would do, when the matrix unit does not compute in `math`. */
rs_status rs__cost_check_math(const rs_chip *chip, rs_number math, rs_diag *diag);

/* a · b · c, RS_E_OVERFLOW when it leaves 64 bits. */
rs_status rs__cost_product(int64_t a, int64_t b, int64_t c, int64_t *product, rs_diag *diag);

/* Adds the parts up, finds the bound, and computes the energy from bytes, MACs and vector ops. Also
 * raises stream_cycles when the streams cannot carry sram_bytes in the time of the other parts.
 * `early_bytes` of them were carried before the operation began; they still cost energy. */
rs_status rs__cost_finish(const rs_chip *chip, rs_number math, int64_t early_bytes, rs_cost *cost,
                          rs_diag *diag);

#endif
