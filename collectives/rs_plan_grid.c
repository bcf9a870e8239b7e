/*
 * Recognising a group that is a grid of full meshes (a Hamming graph): hypercubes, HyperX, tori of
 * side 4 (a ring of 4 is a square) or 2, and what is called otherwise but wired alike.
 *
 * Members then have coordinates, and exactly those that differ in one have a link. Found from place 0:
 * its neighbours fall into cliques, one a dimension; a member at distance h has h neighbours at
 * distance h − 1, each lacking one of its coordinates, so that its own are the largest of theirs. All
 * links that this promises are then looked for, so that nothing is assumed. O(links · dimensions).
 */
#include <string.h>

#include "rs__collective.h"

static rs_status not_a_grid(rs__plan *plan) {
  return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "the group is no grid of full meshes");
}

static bool are_joined(const rs__plan *plan, uint32_t a, uint32_t b) {
  return rs__plan_find_link(plan, plan->members[a], plan->members[b]) != RS_NONE;
}

/* The next neighbour of a place in the group, by links out of it; RS_NONE: no more. *link: where to go
 * on. */
static uint32_t next_neighbour(const rs__plan *plan, uint32_t place, uint32_t *link) {
  const rs_wiring *w = plan->wiring;
  uint32_t chip = plan->members[place];
  for (; *link < w->out_first[chip + 1]; (*link)++) {
    uint32_t to = plan->position[w->links[*link].to];
    if (to == RS_NONE) continue;
    (*link)++;
    return to;
  }
  return RS_NONE;
}

/* Gives the neighbours of place 0 a coordinate each. */
static bool place_neighbours(const rs__plan *plan, rs__grid *grid) {
  uint32_t link = plan->wiring->out_first[plan->members[0]];
  uint32_t first[RS__GRID_DIMENSIONS_MAX] = {0}; /* a member of the clique */
  uint32_t place;
  while ((place = next_neighbour(plan, 0, &link)) != RS_NONE) {
    uint32_t j = 0;
    while (j < grid->dimensions && !are_joined(plan, first[j], place)) j++;
    if (j == grid->dimensions) {
      if (grid->dimensions == RS__GRID_DIMENSIONS_MAX) return false;
      first[grid->dimensions] = place;
      grid->size[grid->dimensions++] = 1;
    }
    grid->digit[place * RS__GRID_DIMENSIONS_MAX + j] = (uint16_t)grid->size[j]++;
  }
  return true;
}

/* Depths in hops, and places by them. */
static uint32_t search(const rs__plan *plan, uint32_t *depth, uint32_t *order) {
  uint32_t count = 1;
  memset(depth, 0xff, plan->member_count * sizeof *depth);
  depth[0] = 0;
  order[0] = 0;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t link = plan->wiring->out_first[plan->members[order[head]]];
    uint32_t place;
    while ((place = next_neighbour(plan, order[head], &link)) != RS_NONE) {
      if (depth[place] != RS_NONE) continue;
      depth[place] = depth[order[head]] + 1;
      order[count++] = place;
    }
  }
  return count;
}

static void inherit(const rs__plan *plan, const uint32_t *depth, uint32_t place, rs__grid *grid) {
  uint16_t *own = grid->digit + (size_t)place * RS__GRID_DIMENSIONS_MAX;
  uint32_t link = plan->wiring->out_first[plan->members[place]];
  uint32_t other;
  while ((other = next_neighbour(plan, place, &link)) != RS_NONE) {
    if (depth[other] + 1 != depth[place]) continue;
    const uint16_t *theirs = grid->digit + (size_t)other * RS__GRID_DIMENSIONS_MAX;
    for (uint32_t j = 0; j < grid->dimensions; j++) own[j] = RS_MAX(own[j], theirs[j]);
  }
}

/* Every place has coordinates of its own, and all of them are taken. */
static bool fill_places(const rs__plan *plan, rs__grid *grid) {
  uint64_t all = 1;
  for (uint32_t j = 0; j < grid->dimensions; j++) {
    grid->step[j] = (uint32_t)all;
    all *= grid->size[j];
    if (all > plan->member_count) return false;
  }
  if (all != plan->member_count) return false;
  memset(grid->place_at, 0xff, plan->member_count * sizeof *grid->place_at);
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t at = rs__grid_index(grid, i);
    if (grid->place_at[at] != RS_NONE) return false;
    grid->place_at[at] = i;
  }
  return true;
}

static bool has_all_links(const rs__plan *plan, const rs__grid *grid) {
  for (uint32_t i = 0; i < plan->member_count; i++) {
    for (uint32_t j = 0; j < grid->dimensions; j++) {
      for (uint32_t d = 0; d < grid->size[j]; d++) {
        uint32_t other = rs__grid_sibling(grid, i, j, d);
        if (other != i && !are_joined(plan, i, other)) return false;
      }
    }
  }
  return true;
}

uint32_t rs__grid_index(const rs__grid *grid, uint32_t place) {
  uint32_t at = 0;
  for (uint32_t j = 0; j < grid->dimensions; j++) {
    at += grid->step[j] * grid->digit[(size_t)place * RS__GRID_DIMENSIONS_MAX + j];
  }
  return at;
}

uint32_t rs__grid_digit(const rs__grid *grid, uint32_t place, uint32_t dimension) {
  return grid->digit[(size_t)place * RS__GRID_DIMENSIONS_MAX + dimension];
}

uint32_t rs__grid_sibling(const rs__grid *grid, uint32_t place, uint32_t dimension,
                          uint32_t digit) {
  uint32_t own = rs__grid_digit(grid, place, dimension);
  return grid->place_at[rs__grid_index(grid, place) + grid->step[dimension] * digit -
                        grid->step[dimension] * own];
}

rs_status rs__plan_grid(rs__plan *plan, rs__grid *grid) {
  uint32_t n = plan->member_count;
  *grid = (rs__grid){.dimensions = 0};
  grid->digit = RS_ARENA_NEW(plan->arena, uint16_t, (size_t)n * RS__GRID_DIMENSIONS_MAX);
  grid->place_at = RS_ARENA_NEW(plan->arena, uint32_t, n);
  uint32_t *depth = RS_ARENA_NEW(plan->arena, uint32_t, n);
  uint32_t *order = RS_ARENA_NEW(plan->arena, uint32_t, n);
  if (grid->digit == NULL || grid->place_at == NULL || depth == NULL || order == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  if (n < 4 || n > RS__GRID_CHIPS_MAX || !place_neighbours(plan, grid)) return not_a_grid(plan);
  if (grid->dimensions < 2 || search(plan, depth, order) < n) return not_a_grid(plan);
  for (uint32_t k = 0; k < n; k++) {
    if (depth[order[k]] > 1) inherit(plan, depth, order[k], grid);
  }
  if (!fill_places(plan, grid) || !has_all_links(plan, grid)) return not_a_grid(plan);
  return RS_OK;
}
