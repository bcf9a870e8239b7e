/* The inside of the GPU's cost model. */
#ifndef RS__GPU_H
#define RS__GPU_H

#include "rs_gpu.h"

/* amount / (per_s · efficiency) in femtoseconds, rounded up. */
rs_status rs__gpu_time(int64_t amount, int64_t per_s, int64_t efficiency_ppb, int64_t *time_fs,
                       rs_diag *diag);
rs_status rs__gpu_too_long(rs_diag *diag);

/* The time of a collective, and the bytes that a GPU sends for it. */
rs_status rs__gpu_time_collective(const rs_chip *chip, const rs_gpu_op *op, int64_t *time_fs,
                                  int64_t *link_bytes, rs_diag *diag);

#endif
