/*
 * Symmetries of a wiring: how many, and which chips they move onto each other.
 *
 * igraph's canonical-form library takes no parallel edges. So between chips that k > 1 links join,
 * the links become one through a vertex of colour k of its own: symmetries of the coloured graph
 * are those of the chips.
 */
#include <stdio.h>

#include "rs__measure.h"

typedef struct symmetry {
  const rs_wiring *wiring;
  rs_measure_more *more;
  uint32_t *group; /* union-find over chips */
} symmetry;

static uint32_t copies_from(const rs_wiring *wiring, uint32_t l) {
  uint32_t end = l + 1;
  while (end < wiring->link_count && wiring->links[end].from == wiring->links[l].from &&
         wiring->links[end].to == wiring->links[l].to) {
    end++;
  }
  return end - l;
}

/* Ends of the simple graph's edges, and the colours of its vertices. */
static igraph_error_t collect(const rs_wiring *wiring, igraph_vector_int_t *ends,
                              igraph_vector_int_t *colours) {
  igraph_error_t error = igraph_vector_int_resize(colours, wiring->chip_count);
  if (error != IGRAPH_SUCCESS) return error;
  igraph_vector_int_null(colours);
  for (uint32_t l = 0; l < wiring->link_count; l += copies_from(wiring, l)) {
    const rs_link *link = &wiring->links[l];
    uint32_t copies = copies_from(wiring, l);
    if (link->reverse != RS_NONE && link->from > link->to) continue;
    igraph_integer_t from = link->from, middle = igraph_vector_int_size(colours);
    if (copies > 1) {
      if ((error = igraph_vector_int_push_back(colours, copies)) != IGRAPH_SUCCESS) return error;
      if ((error = igraph_vector_int_push_back(ends, from)) != IGRAPH_SUCCESS) return error;
      if ((error = igraph_vector_int_push_back(ends, middle)) != IGRAPH_SUCCESS) return error;
      from = middle;
    }
    if ((error = igraph_vector_int_push_back(ends, from)) != IGRAPH_SUCCESS) return error;
    if ((error = igraph_vector_int_push_back(ends, link->to)) != IGRAPH_SUCCESS) return error;
  }
  return IGRAPH_SUCCESS;
}

static uint32_t find_group(uint32_t *group, uint32_t chip) {
  while (group[chip] != chip) chip = group[chip] = group[group[chip]];
  return chip;
}

static void join_orbits(symmetry *s, const igraph_vector_int_list_t *generators) {
  uint32_t n = s->wiring->chip_count;
  for (igraph_integer_t g = 0; g < igraph_vector_int_list_size(generators); g++) {
    const igraph_vector_int_t *permutation = igraph_vector_int_list_get_ptr(generators, g);
    for (uint32_t chip = 0; chip < n; chip++) {
      uint32_t a = find_group(s->group, chip);
      uint32_t b = find_group(s->group, (uint32_t)VECTOR(*permutation)[chip]);
      s->group[RS_MAX(a, b)] = RS_MIN(a, b);
    }
  }
  for (uint32_t chip = 0; chip < n; chip++) s->more->orbits += s->group[chip] == chip ? 1 : 0;
}

static igraph_error_t find_group_of(symmetry *s, const igraph_t *simple,
                                    const igraph_vector_int_t *colours) {
  igraph_vector_int_list_t generators;
  igraph_bliss_info_t info = {0};
  igraph_error_t error = igraph_vector_int_list_init(&generators, 0);
  if (error != IGRAPH_SUCCESS) return error;
  error = igraph_automorphism_group(simple, colours, &generators, IGRAPH_BLISS_FL, NULL);
  if (error == IGRAPH_SUCCESS) join_orbits(s, &generators);
  igraph_vector_int_list_destroy(&generators);
  if (error != IGRAPH_SUCCESS) return error;
  error = igraph_automorphisms(simple, colours, IGRAPH_BLISS_FL, &info);
  if (error == IGRAPH_SUCCESS) {
    snprintf(s->more->automorphisms, sizeof s->more->automorphisms, "%s", info.group_size);
    igraph_free(info.group_size);
  }
  return error;
}

static igraph_error_t find_symmetry(const igraph_t *graph, void *context) {
  symmetry *s = context;
  igraph_vector_int_t ends, colours;
  igraph_t simple;
  igraph_error_t error = igraph_vector_int_init(&ends, 0);
  if (error != IGRAPH_SUCCESS) return error;
  error = igraph_vector_int_init(&colours, 0);
  if (error != IGRAPH_SUCCESS) {
    igraph_vector_int_destroy(&ends);
    return error;
  }
  error = collect(s->wiring, &ends, &colours);
  if (error == IGRAPH_SUCCESS) {
    error =
        igraph_create(&simple, &ends, igraph_vector_int_size(&colours), igraph_is_directed(graph));
  }
  if (error == IGRAPH_SUCCESS) {
    error = find_group_of(s, &simple, &colours);
    igraph_destroy(&simple);
  }
  igraph_vector_int_destroy(&colours);
  igraph_vector_int_destroy(&ends);
  return error;
}

rs_status rs__measure_symmetry(rs_arena *arena, const rs_wiring *wiring, rs_measure_more *more,
                               rs_diag *diag) {
  symmetry s = {.wiring = wiring, .more = more};
  s.group = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (s.group == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) s.group[chip] = chip;
  return rs__igraph_run(wiring, find_symmetry, &s, diag);
}
