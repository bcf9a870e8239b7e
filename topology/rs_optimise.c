/*
 * Hill climbing over the port tables of realscale:N.
 *
 * Evaluation: breadth-first search from all 72 chips of a rack at once, one bit each, by pulling:
 * a chip takes what its neighbours had a step ago. A node is a full mesh, so that its chips share
 * the union of the node's words (a chip's own bits in it change nothing); what is left are two
 * cables in the rack, which never change, and at most two between racks. The rule that joins racks
 * moves every rack onto the next, so one rack stands for all of them when all are full.
 *
 * Climbing: a swap of two ports is kept unless it is worse. Plateaus are crossed, since swaps that
 * are as good are kept. Simulated annealing was not tried.
 */
#include "rs_optimise.h"

#include <string.h>

#include "rs__realscale.h"
#include "rs_random.h"

enum {
  LINKS = 4, /* node-leaving cables of a chip: two in the rack, then two between racks */
  WORDS = 2  /* of 64 sources: a rack has 72 chips */
};
#define HOPS_LOST 64 /* counted for a pair without a path: worse than any with one */

typedef struct bits {
  uint64_t word[WORDS];
} bits;

typedef struct climber {
  rs__realscale shape;
  uint32_t chips;
  bool has_spares;       /* the spec asks for them; the search does not care */
  uint32_t source_racks; /* 1 when all racks are alike */
  uint64_t weight;       /* racks that a source rack stands for */
  uint32_t target_hops;
  uint32_t (*neighbours)[LINKS]; /* [chip]; no cable: `chips` */
  bits *seen;                    /* [chip] */
  bits *frontier, *next;         /* [chip + 1]; the last stays 0, for cables that are not there */
} climber;

/* ---- the graph ---- */

/* The rack level of the build, for every rack alike. */
static void fill_rack_cables(climber *c) {
  uint32_t used[RS__RACK_CHIPS] = {0};
  uint32_t inside[RS__RACK_CHIPS][2];
  uint32_t m = RS__RACK_NODE_SLOTS / (RS__RACK_NODES - 1);
  for (uint32_t a = 0; a < RS__RACK_NODES; a++) {
    for (uint32_t b = a + 1; b < RS__RACK_NODES; b++) {
      for (uint32_t copy = 0; copy < m; copy++) {
        uint32_t slot_a, slot_b;
        rs__realscale_pair(a, b, RS__RACK_NODES, m, copy, &slot_a, &slot_b);
        uint32_t x = a * RS__NODE_CHIPS + slot_a % RS__NODE_CHIPS;
        uint32_t y = b * RS__NODE_CHIPS + slot_b % RS__NODE_CHIPS;
        inside[x][used[x]++] = y;
        inside[y][used[y]++] = x;
      }
    }
  }
  for (uint32_t chip = 0; chip < c->chips; chip++) {
    for (uint32_t k = 0; k < 2; k++) {
      uint32_t to = chip / RS__RACK_CHIPS * RS__RACK_CHIPS + inside[chip % RS__RACK_CHIPS][k];
      c->neighbours[chip][k] = RS_MIN(to, c->chips);
    }
  }
}

/* The rule leads from slot (offset, copy) of a rack to slot (R − offset, copy) of another. */
static void fill_slot(climber *c, uint32_t slot, uint32_t side) {
  const rs__realscale *s = &c->shape;
  bool used = slot < (s->racks - 1) * s->rack_copies;
  uint32_t offset = used ? slot / s->rack_copies + 1 : 0;
  uint32_t far = used ? (s->racks - offset - 1) * s->rack_copies + slot % s->rack_copies : 0;
  for (uint32_t rack = 0; rack < s->racks; rack++) {
    uint32_t chip = rack * RS__RACK_CHIPS + s->ports[slot];
    uint32_t to = (rack + offset) % s->racks * RS__RACK_CHIPS + s->ports[far];
    if (chip < c->chips) c->neighbours[chip][2 + side] = used ? RS_MIN(to, c->chips) : c->chips;
  }
}

static void fill_system_cables(climber *c) {
  uint8_t used[RS__RACK_CHIPS] = {0};
  for (uint32_t slot = 0; slot < RS__RACK_SLOTS; slot++) {
    fill_slot(c, slot, used[c->shape.ports[slot]]++);
  }
}

/* ---- evaluation ---- */

static uint64_t pull_chip(climber *c, uint32_t chip, const bits *node) {
  uint64_t found = 0;
  const uint32_t *from = c->neighbours[chip];
  for (uint32_t w = 0; w < WORDS; w++) {
    uint64_t word = node->word[w];
    for (uint32_t k = 0; k < LINKS; k++) word |= c->frontier[from[k]].word[w];
    word &= ~c->seen[chip].word[w];
    c->next[chip].word[w] = word;
    c->seen[chip].word[w] |= word;
    found += (uint64_t)__builtin_popcountll(word);
  }
  return found;
}

/* One hop further; returns the pairs that are at this distance. */
static uint64_t pull(climber *c) {
  uint64_t found = 0;
  for (uint32_t first = 0; first < c->chips; first += RS__NODE_CHIPS) {
    bits node = {{0}};
    for (uint32_t chip = first; chip < first + RS__NODE_CHIPS; chip++) {
      for (uint32_t w = 0; w < WORDS; w++) node.word[w] |= c->frontier[chip].word[w];
    }
    for (uint32_t chip = first; chip < first + RS__NODE_CHIPS; chip++) {
      found += pull_chip(c, chip, &node);
    }
  }
  bits *swap = c->frontier;
  c->frontier = c->next;
  c->next = swap;
  return found;
}

/* Adds the distances from all chips of a rack. */
static void measure_rack(climber *c, uint32_t rack, rs_optimise_measure *m) {
  uint32_t first = rack * RS__RACK_CHIPS;
  uint32_t sources = RS_MIN((uint32_t)RS__RACK_CHIPS, c->chips - first);
  uint64_t left = (uint64_t)sources * (c->chips - 1);
  memset(c->seen, 0, c->chips * sizeof *c->seen);
  memset(c->frontier, 0, c->chips * sizeof *c->frontier);
  for (uint32_t k = 0; k < sources; k++) {
    c->seen[first + k].word[k / 64] = c->frontier[first + k].word[k / 64] = UINT64_C(1) << k % 64;
  }
  for (uint32_t hops = 1; left > 0; hops++) {
    uint64_t found = hops == HOPS_LOST ? left : pull(c);
    if (found == 0) {
      hops = HOPS_LOST;
      found = left;
    }
    left -= found;
    m->hops_total += found * hops * c->weight;
    if (hops > c->target_hops) m->pairs_beyond += found * c->weight;
    m->diameter_hops = RS_MAX(m->diameter_hops, hops);
  }
}

static rs_optimise_measure measure(climber *c) {
  rs_optimise_measure m = {0};
  for (uint32_t rack = 0; rack < c->source_racks; rack++) measure_rack(c, rack, &m);
  m.average_hops = (double)m.hops_total / ((double)c->chips * (double)(c->chips - 1));
  return m;
}

/* ---- climbing ---- */

static int compare(const rs_optimise_measure *a, const rs_optimise_measure *b) {
  if (a->pairs_beyond != b->pairs_beyond) return a->pairs_beyond < b->pairs_beyond ? -1 : 1;
  if (a->hops_total != b->hops_total) return a->hops_total < b->hops_total ? -1 : 1;
  return 0;
}

static void swap_ports(climber *c, uint32_t a, uint32_t b) {
  uint8_t swap = c->shape.ports[a];
  c->shape.ports[a] = c->shape.ports[b];
  c->shape.ports[b] = swap;
  fill_system_cables(c);
}

/* Tries one swap that changes the graph: different chips, and at least one port in use. */
static void climb(climber *c, rs_random *random, rs_optimise_result *result) {
  uint32_t used = (c->shape.racks - 1) * c->shape.rack_copies;
  uint32_t a, b;
  do {
    a = (uint32_t)rs_random_below(random, used);
    b = (uint32_t)rs_random_below(random, RS__RACK_SLOTS);
  } while (c->shape.ports[a] == c->shape.ports[b]);
  swap_ports(c, a, b);
  rs_optimise_measure now = measure(c);
  int order = compare(&now, &result->after);
  result->steps++;
  if (order > 0) {
    swap_ports(c, a, b);
    return;
  }
  result->after = now;
  result->accepted++;
  if (order < 0) result->improved++;
}

static rs_status create_climber(rs_arena *arena, const rs_topology *start, climber *c,
                                rs_diag *diag) {
  rs__realscale_shape(&start->arguments, &c->shape);
  c->has_spares = rs__realscale_has_spares(&start->arguments);
  c->chips = c->shape.nodes * RS__NODE_CHIPS;
  bool full = c->shape.nodes % RS__RACK_NODES == 0;
  c->source_racks = full ? 1 : c->shape.racks;
  c->weight = full ? c->shape.racks : 1;
  c->neighbours = rs_arena_array(arena, c->chips, sizeof *c->neighbours);
  c->seen = RS_ARENA_NEW(arena, bits, c->chips);
  c->frontier = RS_ARENA_NEW(arena, bits, (size_t)c->chips + 1);
  c->next = RS_ARENA_NEW(arena, bits, (size_t)c->chips + 1);
  if (c->neighbours == NULL || c->seen == NULL || c->frontier == NULL || c->next == NULL) {
    return rs_arena_failed(arena, diag);
  }
  fill_rack_cables(c);
  fill_system_cables(c);
  return RS_OK;
}

/* The spec of what was found: parsed, so that it is canonical and surely reads back. */
static rs_status print_found(rs_arena *arena, const climber *c, rs_optimise_result *result,
                             rs_diag *diag) {
  char ports[RS__PORTS_TEXT + 1];
  rs_topology *found;
  rs__realscale_print_ports(c->shape.ports, ports);
  memcpy(result->ports, c->shape.ports, sizeof result->ports);
  const char *levels = c->shape.nodes > RS__NODES_ONE_MAX ? "" : ",levels=2";
  const char *spare = c->has_spares ? ",spare=1" : "";
  const char *text =
      rs_arena_printf(arena, "realscale:%u,ports=%s%s%s", c->chips, ports, levels, spare);
  if (text == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_topology_parse(arena, text, &found, diag);
  if (status == RS_OK) result->spec = rs_topology_spec(found);
  return status;
}

static rs_status search(rs_arena *arena, rs_arena *scratch, const rs_topology *start,
                        const rs_optimise_options *options, rs_optimise_result *result,
                        rs_diag *diag) {
  climber c = {0};
  rs_random random;
  rs_status status = create_climber(scratch, start, &c, diag);
  if (status != RS_OK) return status;
  memset(result, 0, sizeof *result);
  c.target_hops = options->target_hops;
  if (c.target_hops == 0) c.target_hops = measure(&c).diameter_hops - 1;
  result->target_hops = c.target_hops;
  result->before = result->after = measure(&c);
  rs_random_init(&random, options->seed, 0);
  while (result->steps < options->steps_max) {
    if (options->stop != NULL && options->stop(options->stop_context)) break;
    climb(&c, &random, result);
  }
  return print_found(arena, &c, result, diag);
}

rs_status rs_optimise_ports(rs_arena *arena, const rs_topology *start,
                            const rs_optimise_options *options, rs_optimise_result *result,
                            rs_diag *diag) {
  rs__realscale shape = {0};
  if (start->family == &rs__family_realscale) rs__realscale_shape(&start->arguments, &shape);
  if (shape.racks < 2) {
    rs_diag_set(diag, RS_E_INFEASIBLE, "%.80s has no ports between racks to permute", start->spec);
    rs_diag_expect(diag, "realscale:N with two racks or more, as in 'realscale:10440'");
    return RS_E_INFEASIBLE;
  }
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  rs_status status = search(arena, scratch, start, options, result, diag);
  rs_arena_destroy(scratch);
  return status;
}
