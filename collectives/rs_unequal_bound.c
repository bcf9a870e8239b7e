/*
 * Lower bounds of an unequal all-to-all.
 *
 * Latency: the farthest pair that has something to move. Bandwidth: what leaves or enters a chip, a node
 * or a rack over the links that do; and all hops of all vectors over all links. A link with n vectors is
 * busy for n slots, the last of which still needs its way. See rs_bound.c for the equal case.
 */
#include "rs__bound.h"
#include "rs_unequal.h"

typedef struct crossings {
  const uint32_t *labels; /* [chip]; NULL: every chip is a set */
  int64_t *out, *in;      /* [label] vectors that must cross */
  int64_t *links_out, *links_in;
} crossings;

typedef struct tally {
  rs__bounder *bounder;
  const rs_unequal_request *request;
  crossings sets[3]; /* chips, nodes, racks */
  size_t set_count;
  rs_int128 hops;
  int64_t farthest; /* cycles of links and forwarding */
} tally;

static int64_t vectors_of(const tally *t, uint32_t from, uint32_t to) {
  if (from == to) return 0;
  int64_t bytes = t->request->bytes[(size_t)from * t->request->chip_count + to];
  return bytes <= 0 ? 0 : rs_timing_vectors(t->bounder->timing, bytes);
}

static rs_status add_sets(tally *t, const uint32_t *labels) {
  const rs_wiring *w = t->bounder->wiring;
  crossings *c = &t->sets[t->set_count++];
  int64_t *counts = RS_ARENA_NEW(t->bounder->arena, int64_t, (size_t)w->chip_count * 4);
  if (counts == NULL) return rs_arena_failed(t->bounder->arena, t->bounder->diag);
  *c = (crossings){.labels = labels,
                   .out = counts,
                   .in = counts + w->chip_count,
                   .links_out = counts + (size_t)w->chip_count * 2,
                   .links_in = counts + (size_t)w->chip_count * 3};
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t from = w->links[l].from, to = w->links[l].to;
    if (labels != NULL) from = labels[from];
    if (labels != NULL) to = labels[to];
    if (from == to) continue;
    c->links_out[from]++;
    c->links_in[to]++;
  }
  return RS_OK;
}

static void count_crossing(tally *t, uint32_t from, uint32_t to, int64_t vectors) {
  for (size_t k = 0; k < t->set_count; k++) {
    crossings *c = &t->sets[k];
    uint32_t a = c->labels == NULL ? from : c->labels[from];
    uint32_t b = c->labels == NULL ? to : c->labels[to];
    if (a == b) continue;
    c->out[a] += vectors;
    c->in[b] += vectors;
  }
}

/* What the chip at a place sends: crossings, hops, and the farthest. */
static rs_status count_sender(tally *t, uint32_t place) {
  rs__bounder *b = t->bounder;
  const uint32_t *chips = t->request->chips;
  rs__search cycles = rs__bound_hop_costs(b, /*backward=*/false);
  rs__bound_search(b, chips[place], &cycles);
  for (uint32_t k = 0; k < t->request->chip_count; k++) {
    int64_t vectors = vectors_of(t, place, k);
    if (vectors == 0) continue;
    if (b->distance[chips[k]] < 0) {
      return rs_diag_set(b->diag, RS_E_INFEASIBLE, "no path between chips %u and %u", chips[place],
                         chips[k]);
    }
    t->farthest = RS_MAX(t->farthest, b->distance[chips[k]]);
    count_crossing(t, chips[place], chips[k], vectors);
  }
  rs__search hops = {.cost = {1, 1, 1}};
  rs__bound_search(b, chips[place], &hops);
  for (uint32_t k = 0; k < t->request->chip_count; k++) {
    t->hops += (rs_int128)vectors_of(t, place, k) * b->distance[chips[k]];
  }
  return RS_OK;
}

static void raise_sets(tally *t) {
  for (size_t k = 0; k < t->set_count; k++) {
    const crossings *c = &t->sets[k];
    for (uint32_t label = 0; label < t->bounder->wiring->chip_count; label++) {
      rs__bound_raise_slots(t->bounder, c->out[label], c->links_out[label]);
      rs__bound_raise_slots(t->bounder, c->in[label], c->links_in[label]);
    }
  }
  rs__bound_raise_slots(t->bounder, t->hops, t->bounder->wiring->link_count);
}

static rs_status count_all(tally *t) {
  const rs_wiring *w = t->bounder->wiring;
  rs_status status = add_sets(t, NULL);
  if (status == RS_OK && w->node_of != NULL) status = add_sets(t, w->node_of);
  if (status == RS_OK && w->rack_of != NULL) status = add_sets(t, w->rack_of);
  for (uint32_t i = 0; i < t->request->chip_count && status == RS_OK; i++) {
    status = count_sender(t, i);
  }
  if (status == RS_OK) raise_sets(t);
  return status;
}

rs_status rs_unequal_bound(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                           const rs_unequal_request *request, rs_bound *bound, rs_diag *diag) {
  /* The bounder wants a request to check the group by; what it would move is not looked at. */
  const rs_collective_request equal = {.kind = RS_ALL_TO_ALL,
                                       .chips = request->chips,
                                       .chip_count = request->chip_count,
                                       .root = RS_NONE,
                                       .block_bytes = 1};
  rs__bounder b = {.wiring = wiring, .timing = timing, .request = &equal, .diag = diag};
  tally t = {.bounder = &b, .request = request};
  *bound = (rs_bound){.cycles = 0};
  b.arena = rs_arena_create(0);
  if (b.arena == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs__bound_init(&b);
  if (status == RS_OK) status = count_all(&t);
  if (status == RS_OK && b.slots > 0) {
    int64_t ends = timing->send_cycles + timing->receive_cycles;
    bound->latency_cycles = ends + t.farthest - timing->forward_cycles;
    bound->bandwidth_cycles =
        ends + rs_timing_slots(timing, b.slots - 1) + rs__bound_latency_min(&b);
    bound->cycles = RS_MAX(bound->latency_cycles, bound->bandwidth_cycles);
  }
  rs_arena_destroy(b.arena);
  return status;
}
