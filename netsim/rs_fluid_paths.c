/* Paths of pairs, balanced greedily. */
#include "rs__fluid_paths.h"

#include "rs_random.h"

rs_status rs__fluid_paths_create(rs__fluid_paths *paths, rs_fluid *fluid,
                                 const rs_fluid_traffic_config *config, rs_diag *diag) {
  uint32_t n = fluid->wiring->chip_count;
  if (n > RS__FLUID_CHIPS_MAX) {
    rs_diag_set(diag, RS_E_LIMIT, "beyond SimGrid's reach: routes between %u chips", n);
    rs_diag_expect(diag, "at most %d chips", RS__FLUID_CHIPS_MAX);
    return RS_E_LIMIT;
  }
  *paths = (rs__fluid_paths){.fluid = fluid, .config = config};
  paths->path_of = RS_ARENA_NEW(fluid->arena, uint32_t, (size_t)n * n);
  paths->link_pairs = RS_ARENA_NEW(fluid->arena, uint32_t, fluid->wiring->link_count);
  paths->link_vectors = RS_ARENA_NEW(fluid->arena, uint64_t, fluid->wiring->link_count);
  if (paths->path_of == NULL || paths->link_pairs == NULL || paths->link_vectors == NULL) {
    return rs_arena_failed(fluid->arena, diag);
  }
  for (size_t i = 0; i < (size_t)n * n; i++) paths->path_of[i] = RS_NONE;
  return RS_OK;
}

/* Among equals a hash of the pair decides. */
static uint32_t pick_link(rs__fluid_paths *paths, uint32_t at, uint32_t to, uint64_t salt) {
  const rs_wiring *w = paths->fluid->wiring;
  uint32_t first = w->out_first[at];
  uint32_t degree = rs_wiring_out_degree(w, at);
  uint8_t here = paths->config->distance[(size_t)at * w->chip_count + to];
  uint32_t turn = (uint32_t)(rs_mix_u64(salt) % degree);
  uint32_t best = RS_NONE;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t link = first + (turn + k) % degree;
    uint32_t next = w->links[link].to;
    if (paths->config->distance[(size_t)next * w->chip_count + to] + 1 != here) continue;
    if (best == RS_NONE || paths->link_pairs[link] < paths->link_pairs[best]) best = link;
  }
  assert(best != RS_NONE); /* distances are those of the wiring */
  paths->link_pairs[best]++;
  return best;
}

uint32_t rs__fluid_paths_find(rs__fluid_paths *paths, uint32_t from, uint32_t to) {
  const rs_wiring *w = paths->fluid->wiring;
  uint32_t *known = &paths->path_of[(size_t)from * w->chip_count + to];
  uint32_t links[UINT8_MAX];
  uint32_t count = 0;
  if (*known != RS_NONE) return *known;
  for (uint32_t at = from; at != to; at = w->links[links[count++]].to) {
    uint64_t pair = (uint64_t)from << 32 | to;
    links[count] = pick_link(paths, at, to, rs_mix_u64(pair) ^ at);
  }
  *known = rs_fluid_add_path(paths->fluid, links, count);
  return *known;
}

void rs__fluid_paths_count(rs__fluid_paths *paths, uint32_t path, int64_t vectors) {
  const rs_fluid *f = paths->fluid;
  for (uint32_t i = f->path_first[path]; i < f->path_first[path + 1]; i++) {
    paths->link_vectors[f->path_links[i]] += (uint64_t)vectors;
  }
}

int64_t rs__fluid_paths_lead(const rs__fluid_paths *paths, uint32_t path) {
  const rs_fluid *f = paths->fluid;
  int64_t lead = f->timing.send_cycles - paths->config->router_cycles;
  for (uint32_t i = f->path_first[path]; i < f->path_first[path + 1]; i++) {
    const rs_link *link = &f->wiring->links[f->path_links[i]];
    lead += rs_timing_latency(&f->timing, link) + paths->config->router_cycles;
  }
  return lead;
}
