/*
 * Collectives between GPUs on one switch: base + steps · step + bytes / rate, after the model by which
 * NCCL itself chooses (its src/graph/tuning.cc, whose latencies the chip files carry).
 *
 * A ring has n − 1 steps for an all-gather or a reduce-scatter and twice as many for an all-reduce,
 * and each step sends a share of 1/n. Two protocols: one that fills the links, and one for small
 * messages whose flags take the place of data and that starts faster; the better one is taken. NCCL's
 * trees have as many steps on one switch as its rings, so they are not a choice of their own. One
 * shot, as serving stacks have it beside NCCL: every GPU reads the whole vector of every other.
 */
#include <assert.h>

#include "rs__cost.h"
#include "rs__gpu.h"

rs_status rs_gpu_communicate(const rs_chip *chip, rs_gpu_collective collective, int64_t ranks,
                             int64_t bytes, bool is_one_shot, rs_gpu_op *op, rs_diag *diag) {
  const rs__shape shapes[] = {{"ranks", ranks}, {"bytes", bytes}};
  static const char *const labels[RS_GPU_COLLECTIVE_COUNT] = {
      "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "send", "send to a board"};
  assert(chip->kind == RS_CHIP_GPU);
  *op = (rs_gpu_op){.kind = RS_GPU_COLLECTIVE,
                    .label = labels[collective],
                    .count = 1,
                    .collective = collective,
                    .ranks = ranks,
                    .collective_bytes = bytes,
                    .is_one_shot = is_one_shot};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status != RS_OK || ranks <= chip->gpu.link_domain) return status;
  return rs_diag_set(diag, RS_E_INFEASIBLE, "%lld GPUs are not on one switch: of %s there are %lld",
                     (long long)ranks, chip->name, (long long)chip->gpu.link_domain);
}

typedef struct protocol {
  int64_t base_fs, step_fs, efficiency_ppb;
} protocol;

/* Steps of a ring, and what a GPU sends in all of them: `numerator` / ranks of the bytes. */
static void count_steps(const rs_gpu_op *op, int64_t *steps, int64_t *numerator) {
  int64_t others = op->ranks - 1;
  switch (op->collective) {
    case RS_GPU_ALL_REDUCE:
      *steps = op->is_one_shot ? 1 : 2 * others;
      *numerator = op->is_one_shot ? others * op->ranks : 2 * others;
      return;
    case RS_GPU_SEND:
    case RS_GPU_SEND_BOARD:
      *steps = 1;
      *numerator = op->ranks;
      return;
    default:
      *steps = op->is_one_shot ? 1 : others;
      *numerator = others;
  }
}

static rs_status time_with(const rs_chip *chip, const protocol *p, int64_t steps, int64_t bytes,
                           int64_t *time_fs, rs_diag *diag) {
  int64_t walk;
  rs_status status =
      rs__gpu_time(bytes, chip->gpu.link_bytes_per_s, p->efficiency_ppb, time_fs, diag);
  if (status == RS_OK) status = rs__cost_product(steps, p->step_fs, 1, &walk, diag);
  if (status == RS_OK) *time_fs += p->base_fs + walk;
  return status;
}

rs_status rs__gpu_time_collective(const rs_chip *chip, const rs_gpu_op *op, int64_t *time_fs,
                                  int64_t *link_bytes, rs_diag *diag) {
  const rs_chip_gpu *g = &chip->gpu;
  int64_t steps, numerator, sent, small_time;
  *time_fs = *link_bytes = 0;
  if (op->ranks == 1) return RS_OK;
  count_steps(op, &steps, &numerator);
  rs_status status = rs__cost_product(op->collective_bytes, numerator, 1, &sent, diag);
  if (status != RS_OK) return status;
  *link_bytes = rs_ceil_div_i64(sent, op->ranks);
  if (op->collective == RS_GPU_SEND_BOARD) {
    status = rs__gpu_time(*link_bytes, g->board_bytes_per_s, INT64_C(1000000000), time_fs, diag);
    if (status == RS_OK) *time_fs += g->ring_base_fs + g->board_step_fs;
    return status;
  }
  int64_t small_ppb =
      rs_mul_ceil_div_i64(g->link_efficiency_ppb, g->small_efficiency_ppb, INT64_C(1000000000));
  protocol large = {g->ring_base_fs, g->ring_step_fs, g->link_efficiency_ppb};
  const protocol small = {g->small_base_fs, g->small_step_fs, small_ppb};
  /* one kernel that reads its peers waits as little as the small protocol and fills the links */
  if (op->is_one_shot) large = (protocol){small.base_fs, small.step_fs, large.efficiency_ppb};
  status = time_with(chip, &large, steps, *link_bytes, time_fs, diag);
  if (status == RS_OK) status = time_with(chip, &small, steps, *link_bytes, &small_time, diag);
  if (status == RS_OK) *time_fs = RS_MIN(*time_fs, small_time);
  return status;
}
