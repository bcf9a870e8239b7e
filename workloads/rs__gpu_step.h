/* The inside of GPU steps. */
#ifndef RS__GPU_STEP_H
#define RS__GPU_STEP_H

#include "rs_gpu_step.h"

/* RS_E_INPUT for counts out of bounds, RS_E_INFEASIBLE for what does not divide. */
rs_status rs__gpu_check_request(const rs_model *model, const rs_chip *chip,
                                const rs_gpu_request *request, rs_diag *diag);

#endif
