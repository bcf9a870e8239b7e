/* The inside of GPU steps. */
#ifndef RS__GPU_STEP_H
#define RS__GPU_STEP_H

#include "rs_gpu_step.h"

/* RS_E_INPUT for counts out of bounds, RS_E_INFEASIBLE for what does not divide. */
rs_status rs__gpu_check_request(const rs_model *model, const rs_chip *chip,
                                const rs_gpu_request *request, rs_diag *diag);

/* Weights and cache on one GPU with so many positions a sequence, and what does not fit. */
rs_status rs__gpu_measure(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                          int64_t positions, rs_gpu_memory *memory, rs_diag *diag);

/* All of a step but its memory, which is known and fits. */
rs_status rs__gpu_run_fitting(const rs_model *model, const rs_chip *chip,
                              const rs_gpu_request *request, int64_t queries, int64_t context,
                              rs_gpu_step *step, rs_diag *diag);

/* `tokens` of one micro-batch from one GPU's work, and from what all of them draw for so long. */
void rs__gpu_fill_energy(const rs_chip *chip, const rs_gpu_request *request, double tokens,
                         double seconds, double compute_pj, double hbm_pj, double link_pj,
                         rs_gpu_energy *energy);

#endif
