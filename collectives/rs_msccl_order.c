/*
 * In which order can the steps of a program run?
 *
 * A step has two halves, receive (or do something) and send. A half waits for the half before it in
 * its threadblock, the first one also for the step that it names, and a receive for its send: the
 * k-th receive from a peer on a channel takes the k-th send to it. Sends do not wait for receives:
 * what is sent is kept on the way. Kahn's algorithm (1962), lowest half first, gives the order or a
 * cycle. O(steps · log steps).
 */
#include <stdlib.h>
#include <string.h>

#include "rs__msccl.h"

/* ---- sends and receives ---- */

/* The end of a connection: a threadblock that sends on it, or receives. */
typedef struct port {
  uint32_t from, to, channel;
  uint32_t block;
} port;

static int compare_ports(const void *left, const void *right) {
  const port *a = left;
  const port *b = right;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  if (a->to != b->to) return a->to < b->to ? -1 : 1;
  return (a->channel > b->channel) - (a->channel < b->channel);
}

/* Only blocks that do send, or receive. */
static bool uses(const rs_msccl *p, const rs__ms_block *block, bool sends) {
  for (uint32_t i = 0; i < block->count; i++) {
    uint8_t type = p->steps[block->first + i].type;
    if (sends ? rs__ms_sends(type) : rs__ms_receives(type)) return true;
  }
  return false;
}

static rs_status list_ports(const rs_msccl *p, bool sends, port *ports, uint32_t *count,
                            rs_diag *diag) {
  *count = 0;
  for (uint32_t i = 0; i < p->block_count; i++) {
    const rs__ms_block *b = &p->blocks[i];
    if (!uses(p, b, sends)) continue;
    ports[(*count)++] =
        sends ? (port){b->gpu, b->send, b->channel, i} : (port){b->recv, b->gpu, b->channel, i};
  }
  qsort(ports, *count, sizeof *ports, compare_ports);
  for (uint32_t i = 1; i < *count; i++) {
    if (compare_ports(&ports[i - 1], &ports[i]) != 0) continue;
    return rs__ms_refuse(p, p->blocks[ports[i].block].line, diag,
                         "two threadblocks %s GPU %u %s GPU %u on channel %u",
                         sends ? "of" : "that receive from", ports[i].from,
                         sends ? "send to" : "are on", ports[i].to, ports[i].channel);
  }
  return RS_OK;
}

/* The next step from `at` on that sends, or receives; the block's end: none. */
static uint32_t next_use(const rs_msccl *p, const rs__ms_block *block, uint32_t at, bool sends) {
  for (; at < block->first + block->count; at++) {
    uint8_t type = p->steps[at].type;
    if (sends ? rs__ms_sends(type) : rs__ms_receives(type)) break;
  }
  return at;
}

static rs_status match_steps(rs_msccl *p, const port *out, const port *in, rs_diag *diag) {
  const rs__ms_block *sender = &p->blocks[out->block];
  const rs__ms_block *receiver = &p->blocks[in->block];
  uint32_t s = next_use(p, sender, sender->first, true);
  uint32_t r = next_use(p, receiver, receiver->first, false);
  while (s < sender->first + sender->count && r < receiver->first + receiver->count) {
    if (p->steps[s].count != p->steps[r].count) {
      return rs__ms_refuse(p, p->steps[r].line, diag,
                           "it receives %u chunks, the send at line %d is of %u", p->steps[r].count,
                           p->steps[s].line, p->steps[s].count);
    }
    p->steps[s].peer = r;
    s = next_use(p, sender, s + 1, true);
    r = next_use(p, receiver, r + 1, false);
  }
  if (s < sender->first + sender->count) {
    return rs__ms_refuse(p, p->steps[s].line, diag, "nobody receives what it sends");
  }
  if (r < receiver->first + receiver->count) {
    return rs__ms_refuse(p, p->steps[r].line, diag, "nobody sends what it receives");
  }
  return RS_OK;
}

static rs_status match(rs_arena *arena, rs_msccl *p, rs_diag *diag) {
  uint32_t out_count, in_count, i = 0, k = 0;
  port *out = RS_ARENA_NEW(arena, port, p->block_count);
  port *in = RS_ARENA_NEW(arena, port, p->block_count);
  if (out == NULL || in == NULL) return rs_arena_failed(arena, diag);
  rs_status status = list_ports(p, true, out, &out_count, diag);
  if (status == RS_OK) status = list_ports(p, false, in, &in_count, diag);
  while (status == RS_OK && (i < out_count || k < in_count)) {
    int order = i == out_count ? 1 : k == in_count ? -1 : compare_ports(&out[i], &in[k]);
    if (order < 0) {
      return rs__ms_refuse(p, p->blocks[out[i].block].line, diag,
                           "nobody receives from GPU %u on channel %u at GPU %u", out[i].from,
                           out[i].channel, out[i].to);
    }
    if (order > 0) {
      return rs__ms_refuse(p, p->blocks[in[k].block].line, diag,
                           "nobody sends to GPU %u on channel %u from GPU %u", in[k].to,
                           in[k].channel, in[k].from);
    }
    status = match_steps(p, &out[i++], &in[k++], diag);
  }
  return status;
}

/* ---- the order ---- */

typedef struct wait {
  rs__ms_half half; /* that waits */
  uint32_t next;
} wait;

typedef struct graph {
  wait *waits;
  uint32_t wait_count;
  uint32_t *first;   /* [half] who waits for it */
  uint32_t *pending; /* [half] */
} graph;

static void add_wait(graph *g, rs__ms_half before, rs__ms_half after) {
  g->waits[g->wait_count] = (wait){after, g->first[before]};
  g->first[before] = g->wait_count++;
  g->pending[after]++;
}

/* At most four a step: both halves, the block's order, the step it names, the send. */
static void add_waits(const rs_msccl *p, graph *g) {
  for (uint32_t i = 0; i < p->step_count; i++) {
    const rs__ms_step *step = &p->steps[i];
    add_wait(g, 2 * i, 2 * i + 1);
    if (i > p->blocks[step->block].first) add_wait(g, 2 * i - 1, 2 * i);
    if (step->before != RS_NONE) add_wait(g, 2 * step->before + 1, 2 * i);
    if (step->peer != RS_NONE) add_wait(g, 2 * i + 1, 2 * step->peer);
  }
}

static rs_status make_graph(rs_arena *arena, const rs_msccl *p, graph *g, rs_diag *diag) {
  size_t halves = 2 * (size_t)p->step_count;
  *g = (graph){.waits = RS_ARENA_NEW(arena, wait, 2 * halves),
               .first = RS_ARENA_NEW(arena, uint32_t, halves),
               .pending = RS_ARENA_NEW(arena, uint32_t, halves)};
  if (g->waits == NULL || g->first == NULL || g->pending == NULL) {
    return rs_arena_failed(arena, diag);
  }
  memset(g->first, 0xff, halves * sizeof *g->first); /* RS_NONE */
  add_waits(p, g);
  return RS_OK;
}

static rs_status refuse_cycle(const rs_msccl *p, const graph *g, rs_diag *diag) {
  for (uint32_t i = 0; i < p->step_count; i++) {
    if (g->pending[2 * i] == 0) continue;
    return rs__ms_refuse(p, p->steps[i].line, diag,
                         "steps wait for each other in a circle, and this one for them");
  }
  assert(false);
  return RS_OK;
}

rs_status rs__ms_order(rs_arena *arena, rs_msccl *p, rs_diag *diag) {
  graph g;
  uint32_t halves = 2 * p->step_count, head = 0, tail = 0;
  rs_status status = match(arena, p, diag);
  if (status == RS_OK) status = make_graph(arena, p, &g, diag);
  if (status != RS_OK) return status;
  p->order = RS_ARENA_NEW(arena, rs__ms_half, halves);
  if (p->order == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t half = 0; half < halves; half++) {
    if (g.pending[half] == 0) p->order[tail++] = half;
  }
  while (head < tail) {
    for (uint32_t w = g.first[p->order[head++]]; w != RS_NONE; w = g.waits[w].next) {
      if (--g.pending[g.waits[w].half] == 0) p->order[tail++] = g.waits[w].half;
    }
  }
  return tail == halves ? RS_OK : refuse_cycle(p, &g, diag);
}

/* ---- chunk by chunk ---- */

static uint64_t count_split(const rs_msccl *p) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < p->step_count; i++) count += RS_MAX(p->steps[i].count, UINT32_C(1));
  return count;
}

static void split_step(rs_msccl *made, const rs__ms_step *step, const uint32_t *last) {
  for (uint32_t k = 0; k < RS_MAX(step->count, UINT32_C(1)); k++) {
    rs__ms_step part = *step;
    part.count = step->count == 0 ? 0 : 1;
    part.source.chunk += k;
    part.target.chunk += k;
    part.peer = RS_NONE;
    part.before = k > 0 || step->before == RS_NONE ? RS_NONE : last[step->before];
    made->steps[made->step_count++] = part;
  }
}

rs_status rs__ms_split(rs_arena *arena, const rs_msccl *p, rs_msccl **split, rs_diag *diag) {
  uint64_t count = count_split(p);
  if (count > RS__MS_STEPS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "chunk by chunk it has more than %u steps",
                       RS__MS_STEPS_MAX);
  }
  rs_msccl *made = RS_ARENA_NEW(arena, rs_msccl, 1);
  uint32_t *last = RS_ARENA_NEW(arena, uint32_t, p->step_count);
  if (made == NULL || last == NULL) return rs_arena_failed(arena, diag);
  *made = *p;
  made->step_count = 0;
  made->steps = RS_ARENA_NEW(arena, rs__ms_step, count);
  made->blocks = RS_ARENA_NEW(arena, rs__ms_block, p->block_count);
  if (made->steps == NULL || made->blocks == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0, end = 0; i < p->step_count;
       i++) { /* what others wait for is its last part */
    end += RS_MAX(p->steps[i].count, UINT32_C(1));
    last[i] = end - 1;
  }
  for (uint32_t b = 0; b < p->block_count; b++) {
    const rs__ms_block *from = &p->blocks[b];
    made->blocks[b] = *from;
    made->blocks[b].first = made->step_count;
    for (uint32_t i = 0; i < from->count; i++) split_step(made, &p->steps[from->first + i], last);
    made->blocks[b].count = made->step_count - made->blocks[b].first;
  }
  *split = made;
  return rs__ms_order(arena, made, diag);
}
