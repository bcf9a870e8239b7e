/*
 * A plan for one rack that is turned to all: where racks are alike, so are their shares of a plan.
 *
 * The tasks are those of the links that leave the first rack's chips, and stand for the like links of all
 * racks. Every rack does the same at the same time, so one calendar of these links is enough to book
 * them: a quotient of the wiring, in which a link to another rack ends at the chip in the like place.
 *
 * A task is one or more parts, a burst each when turned: a part for source rack r goes over the task's
 * link of rack r + turn; `in` is read behind the part for rack r + on, and `out` is written behind
 * the part of rack r. So 10,440 chips need a plan of some hundred thousand tasks, and memory for the
 * bursts alone.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__collective.h"

/* ---- the quotient ---- */

static rs_wiring *make_quotient(const rs__plan *plan, uint32_t shift) {
  const rs_wiring *w = plan->wiring;
  rs_wiring *q = RS_ARENA_NEW(plan->arena, rs_wiring, 1);
  uint32_t links = w->out_first[shift];
  if (q == NULL) return NULL;
  q->chip_count = shift;
  q->link_count = links;
  q->links = RS_ARENA_NEW(plan->arena, rs_link, links);
  q->out_first = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)shift + 1);
  q->in_first = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)shift + 2);
  q->in_links = RS_ARENA_NEW(plan->arena, uint32_t, links);
  if (q->links == NULL || q->out_first == NULL || q->in_first == NULL || q->in_links == NULL) {
    return NULL;
  }
  memcpy(q->out_first, w->out_first, ((size_t)shift + 1) * sizeof *q->out_first);
  for (uint32_t l = 0; l < links; l++) {
    q->links[l] = w->links[l];
    q->links[l].to %= shift;
    q->links[l].reverse = RS_NONE;
    q->in_first[q->links[l].to + 1]++;
  }
  for (uint32_t c = 0; c < shift; c++) q->in_first[c + 1] += q->in_first[c];
  for (uint32_t l = 0; l < links; l++) q->in_links[q->in_first[q->links[l].to]++] = l;
  for (uint32_t c = shift; c > 0; c--) q->in_first[c] = q->in_first[c - 1];
  q->in_first[0] = 0;
  return q;
}

rs_status rs__turned_begin(rs__plan *plan, uint32_t shift, rs__plan *one) {
  rs_wiring *quotient = make_quotient(plan, shift);
  if (quotient == NULL) return rs_arena_failed(plan->arena, plan->diag);
  *one = *plan;
  one->wiring = quotient;
  plan->turned = (rs__turned){.shift = shift, .turns = plan->wiring->chip_count / shift};
  return rs__plan_init(one, 0);
}

void rs__turned_add(rs__plan *plan, const rs__turned_part *part) {
  rs__turned *t = &plan->turned;
  if (plan->status != RS_OK) return;
  if (t->part_count == t->part_capacity) {
    rs__turned_part *parts = rs__grow(plan->arena, t->parts, &t->part_capacity, sizeof *parts);
    if (parts == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    t->parts = parts;
  }
  t->parts[t->part_count++] = *part;
}

static int compare_parts(const void *left, const void *right) {
  const rs__turned_part *a = left, *b = right;
  if (a->start_cycles != b->start_cycles) return a->start_cycles < b->start_cycles ? -1 : 1;
  return a->link != b->link ? (a->link < b->link ? -1 : 1) : 0;
}

rs_status rs__turned_finish(rs__plan *plan, rs__plan *one, const int64_t *base) {
  rs__turned *t = &plan->turned;
  if ((uint64_t)t->part_count * t->turns > RS_COMPILE_TURNED_MAX) {
    return rs_diag_set(plan->diag, RS_E_LIMIT, "more than %lld bursts",
                       (long long)RS_COMPILE_TURNED_MAX);
  }
  rs_calendar *calendar = rs_calendar_create(plan->arena, one->wiring, plan->timing);
  if (calendar == NULL) return rs_arena_failed(plan->arena, plan->diag);
  one->calendar = calendar;
  rs_status status = rs__plan_run(one, calendar);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < t->part_count; i++) {
    rs__turned_part *p = &t->parts[i];
    const rs__task *task = &one->tasks[p->task];
    p->link = task->link;
    p->start_cycles = task->start_cycles + rs_timing_slots(plan->timing, p->first);
    if (p->source == RS_BUFFER_TMP) p->source_offset += base[p->key];
    if (p->target == RS_BUFFER_TMP) p->target_offset += base[p->key];
  }
  qsort(t->parts, t->part_count, sizeof *t->parts, compare_parts);
  return RS_OK;
}

/* ---- what becomes of it ---- */

int64_t rs__turned_end(const rs__plan *plan, int64_t *chip_end) {
  const rs__turned *t = &plan->turned;
  const rs_timing *timing = plan->timing;
  int64_t end = 0;
  for (uint32_t i = 0; i < t->part_count; i++) {
    const rs__turned_part *p = &t->parts[i];
    if (p->target != RS_BUFFER_OUT) continue;
    const rs_link *link = &plan->wiring->links[p->link];
    int64_t in_sram = p->start_cycles + rs_timing_slots(timing, p->count - 1) +
                      rs_timing_latency(timing, link) + timing->receive_cycles;
    end = RS_MAX(end, in_sram);
    for (uint32_t k = 0; chip_end != NULL && k < t->turns; k++) {
      uint32_t chip = link->to % t->shift + k * t->shift;
      chip_end[chip] = RS_MAX(chip_end[chip], in_sram);
    }
  }
  return end;
}

/* [link · turns + rack]. */
static uint32_t *list_links(const rs__plan *plan) {
  const rs__turned *t = &plan->turned;
  uint32_t links = plan->wiring->out_first[t->shift];
  uint32_t *turned = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)links * t->turns);
  for (uint32_t l = 0; l < links && turned != NULL; l++) {
    for (uint32_t k = 0; k < t->turns; k++) {
      turned[(size_t)l * t->turns + k] = rs__rotation_link(plan, l, k * t->shift);
    }
  }
  return turned;
}

static rs_status book(const rs__plan *plan, const uint32_t *turned, uint32_t link, int64_t start,
                      int64_t vectors, rs_calendar *calendar) {
  for (uint32_t k = 0; k < plan->turned.turns; k++) {
    uint32_t like = turned[(size_t)link * plan->turned.turns + k];
    int64_t booked = rs_calendar_book(calendar, like, start, vectors);
    if (booked < 0) return rs_arena_failed(plan->arena, plan->diag);
    assert(booked == start); /* the calendar was empty */
  }
  return RS_OK;
}

/* Parts that follow each other on a link are booked at once. */
static rs_status book_all(const rs__plan *plan, const uint32_t *turned, rs_calendar *calendar) {
  const rs__turned *t = &plan->turned;
  uint32_t links = plan->wiring->out_first[t->shift];
  rs__slice *open = RS_ARENA_NEW(plan->arena, rs__slice, links);
  if (open == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < t->part_count; i++) {
    const rs__turned_part *p = &t->parts[i];
    rs__slice *s = &open[p->link];
    if (s->vectors > 0 &&
        s->start_cycles + rs_timing_slots(plan->timing, s->vectors) == p->start_cycles) {
      s->vectors += p->count;
      continue;
    }
    rs_status status = s->vectors == 0
                           ? RS_OK
                           : book(plan, turned, p->link, s->start_cycles, s->vectors, calendar);
    if (status != RS_OK) return status;
    *s = (rs__slice){p->start_cycles, p->count};
  }
  for (uint32_t l = 0; l < links; l++) {
    if (open[l].vectors == 0) continue;
    rs_status status = book(plan, turned, l, open[l].start_cycles, open[l].vectors, calendar);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

rs_status rs__turned_append(const rs__plan *plan, rs_calendar *calendar, rs_schedule *schedule,
                            uint32_t op) {
  const rs__turned *t = &plan->turned;
  int64_t rack = t->shift * plan->block;
  uint32_t *turned = list_links(plan);
  if (turned == NULL || !rs_schedule_reserve_bursts(schedule, (uint64_t)t->part_count * t->turns)) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  rs_status status = book_all(plan, turned, calendar);
  for (uint32_t i = 0; i < t->part_count && status == RS_OK; i++) {
    const rs__turned_part *p = &t->parts[i];
    rs_burst burst = {.start_cycles = p->start_cycles,
                      .count = p->count,
                      .op = op,
                      .stride = 1,
                      .source = p->source,
                      .target = p->target,
                      .action = p->target == RS_BUFFER_TMP ? RS_ACTION_FORWARD : RS_ACTION_KEEP};
    for (uint32_t r = 0; r < t->turns; r++) {
      burst.link = turned[(size_t)p->link * t->turns + (r + p->turn) % t->turns];
      burst.source_offset = p->source_offset;
      if (p->source == RS_BUFFER_IN) burst.source_offset += (r + p->on) % t->turns * rack;
      burst.target_offset = p->target_offset + (p->target == RS_BUFFER_OUT ? r * rack : 0);
      if (rs_schedule_add_burst(schedule, &burst) == NULL) {
        return rs_arena_failed(schedule->arena, plan->diag);
      }
    }
  }
  return status;
}
