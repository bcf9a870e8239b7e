/*
 * When inputs are there.
 *
 * Inputs come one vector after another (rs_ready), so that a task can start before all of what it reads is
 * there. A plan says which task waits for which vectors, and only its run asks when they come: so the plan
 * of a group is the same whenever its inputs come, and can be kept (rs_plan_kept.c).
 */
#include "rs__collective.h"

static rs_ready ready_of(const rs_collective_request *request, uint32_t place) {
  if (request->ready == NULL) return (rs_ready){request->ready_cycles, 0, 0};
  return request->ready[place];
}

int64_t rs__ready_complete(const rs_collective_request *request, uint32_t place) {
  rs_ready ready = ready_of(request, place);
  return ready.start_cycles + ready.cycles;
}

int64_t rs__ready_vector(const rs__plan *plan, uint32_t place, int64_t k) {
  rs_ready ready = ready_of(plan->request, place);
  int64_t last = plan->in_vectors - 1;
  if (last == 0) return ready.start_cycles + ready.cycles;
  return ready.start_cycles + ready.first_cycles +
         rs_mul_ceil_div_i64(k, ready.cycles - ready.first_cycles, last);
}

int64_t rs__floor_slots(const rs_timing *timing, int64_t k) {
  if ((k | timing->slot_num) >> 31 == 0) return k * timing->slot_num / timing->slot_den;
  return (int64_t)((rs_int128)k * timing->slot_num / timing->slot_den);
}

/* Least integer s such that s + k·q is at or after the time when in[offset + k] is ready, for the
 * first and the last k. Both times are linear in between, so that is enough. */
static int64_t after_ready(const rs__plan *plan, uint32_t chip, int64_t offset, int64_t count) {
  uint32_t place = plan->position[chip];
  int64_t first = rs__ready_vector(plan, place, offset);
  int64_t last =
      rs__ready_vector(plan, place, offset + count - 1) - rs__floor_slots(plan->timing, count - 1);
  return RS_MAX(first, last);
}

int64_t rs__plan_reads_in(rs__plan *plan, uint32_t chip, int64_t offset, int64_t count) {
  plan->looks_at_times = true;
  return after_ready(plan, chip, offset, count) + plan->timing->send_cycles;
}

int64_t rs__plan_lands_on_in(rs__plan *plan, uint32_t link, int64_t offset, int64_t count) {
  const rs_link *l = &plan->wiring->links[link];
  plan->looks_at_times = true;
  return after_ready(plan, l->to, offset, count) - rs_timing_latency(plan->timing, l);
}

static void add_wait(rs__plan *plan, const rs__wait *wait) {
  if (plan->status != RS_OK || wait->task == RS_NONE) return;
  if (plan->wait_count == plan->wait_capacity) {
    rs__wait *waits = rs__grow(plan->arena, plan->waits, &plan->wait_capacity, sizeof *waits);
    if (waits == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    plan->waits = waits;
  }
  plan->waits[plan->wait_count++] = *wait;
}

void rs__plan_wait_to_read(rs__plan *plan, uint32_t task, uint32_t chip, rs__run run) {
  add_wait(plan, &(rs__wait){run.offset, run.count, plan->timing->send_cycles, task, chip});
}

void rs__plan_wait_to_land(rs__plan *plan, uint32_t task, rs__run run) {
  if (plan->status != RS_OK || task == RS_NONE) return;
  const rs_link *link = &plan->wiring->links[plan->tasks[task].link];
  add_wait(plan, &(rs__wait){run.offset, run.count, -rs_timing_latency(plan->timing, link), task,
                             link->to});
}

void rs__plan_end_waits(rs__plan *plan) {
  for (uint32_t i = 0; i < plan->wait_count; i++) {
    const rs__wait *wait = &plan->waits[i];
    rs__task *task = &plan->tasks[rs__plan_first_of(plan, wait->task)];
    int64_t there = after_ready(plan, wait->chip, wait->offset, wait->count);
    task->start_cycles = RS_MAX(task->start_cycles, there + wait->then_cycles);
  }
}
