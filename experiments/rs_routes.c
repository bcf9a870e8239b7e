/* Static routes of a wiring: made, checked, and counted. */
#include <stdlib.h>
#include <string.h>

#include "rs__routes.h"
#include "rs_route_table.h"
#include "rs_units.h"

/* With more chips edge-disjoint paths are counted from chip 0 only: all pairs of 300 take seconds. */
#define DISJOINT_ALL_CHIPS_MAX 300

static const char *const table_columns[] = {
    "topology",           "routes",  "chips",         "pairs",          "hops_mean",
    "hops_max",           "detours", "link_load_min", "link_load_mean", "link_load_max",
    "load_max_over_mean", "check"};
static const char *const disjoint_columns[] = {"topology",  "routes",     "chips",     "pairs",
                                               "paths_min", "paths_mean", "paths_max", "hops_mean",
                                               "hops_max",  "check"};
static const char *const pair_columns[] = {"topology", "routes", "from", "to",
                                           "path",     "hops",   "links"};

/* ---- options ---- */

static bool parse_number(const char *text, uint32_t *value) {
  int64_t number;
  rs_diag ignored;
  bool good = rs_quantity_parse(text, RS_QUANTITY_COUNT, &number, &ignored) == RS_OK &&
              number >= 0 && number <= UINT32_MAX;
  if (good) *value = (uint32_t)number;
  return good;
}

static rs_status parse_pair(const char *text, rs__routes *result, rs_diag *diag) {
  char from[16];
  const char *dash = strchr(text, '-');
  size_t length = dash == NULL ? 0 : (size_t)(dash - text);
  if (length > 0 && length < sizeof from) {
    memcpy(from, text, length);
    from[length] = '\0';
    result->one_pair = parse_number(from, &result->from) && parse_number(dash + 1, &result->to) &&
                       result->from != result->to;
  }
  if (result->one_pair) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--pair: '%.40s' is not a pair", text);
  rs_diag_expect(diag, "two different chips such as 0-35");
  return RS_E_INPUT;
}

rs_status rs__routes_parse(const char *routes, const char *pair, rs__routes *result,
                           rs_diag *diag) {
  static const char *const words[] = {"minimal", "disjoint", "detour:4"};
  static const rs__routes_kind kinds[] = {RS__ROUTES_MINIMAL, RS__ROUTES_DISJOINT};
  *result = (rs__routes){.text = routes};
  if (routes == NULL && pair != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--pair needs --routes, which says what kind");
  }
  if (routes == NULL) return RS_OK;
  for (size_t i = 0; i < RS_COUNT_OF(kinds); i++) {
    if (strcmp(routes, words[i]) == 0) result->kind = kinds[i];
  }
  if (strncmp(routes, "detour:", 7) == 0 && parse_number(routes + 7, &result->hops_max) &&
      result->hops_max >= 1 && result->hops_max <= RS_ROUTE_HOPS_MAX) {
    result->kind = RS__ROUTES_DETOUR;
  }
  if (result->kind == RS__ROUTES_NONE) {
    rs_diag_set(diag, RS_E_INPUT, "--routes: there is no kind '%.40s'", routes);
    rs_diag_expect(diag, "minimal, disjoint, or detour:H with at most H hops, from 1 to %d",
                   RS_ROUTE_HOPS_MAX);
    rs_diag_suggest(diag, rs_nearest_word(routes, words, RS_COUNT_OF(words)));
    return RS_E_INPUT;
  }
  return pair == NULL ? RS_OK : parse_pair(pair, result, diag);
}

rs_table *rs__routes_table(rs_arena *arena, const rs__routes *routes) {
  if (routes->one_pair) return rs_table_create(arena, pair_columns, RS_COUNT_OF(pair_columns));
  if (routes->kind == RS__ROUTES_DISJOINT) {
    return rs_table_create(arena, disjoint_columns, RS_COUNT_OF(disjoint_columns));
  }
  return rs_table_create(arena, table_columns, RS_COUNT_OF(table_columns));
}

static void start_row(const rs__routes *routes, const char *spec, rs_table *table) {
  rs_table_add_row(table);
  rs_table_set_text(table, "topology", spec);
  rs_table_set_text(table, "routes", routes->text);
}

/* ---- a path as a row ---- */

static rs_status add_path(rs_arena *arena, const rs__routes *routes, const char *spec,
                          const rs_wiring *wiring, uint32_t index, const uint32_t *links,
                          uint32_t hops, rs_table *table, rs_diag *diag) {
  const char *text = "";
  for (uint32_t k = 0; k < hops; k++) {
    char name[48];
    rs_wiring_link_name(wiring, links[k], name, sizeof name);
    text = rs_arena_printf(arena, "%s%s%s", text, k == 0 ? "" : " ", name);
    if (text == NULL) return rs_arena_failed(arena, diag);
  }
  start_row(routes, spec, table);
  rs_table_set_i64(table, "from", routes->from);
  rs_table_set_i64(table, "to", routes->to);
  rs_table_set_i64(table, "path", index);
  rs_table_set_i64(table, "hops", hops);
  rs_table_set_text(table, "links", text);
  return RS_OK;
}

/* ---- tables of routes ---- */

static rs_status add_table(rs_arena *arena, const rs__routes *routes, const char *spec,
                           const rs_wiring *wiring, rs_table *table, rs_diag *diag) {
  rs_route_options options = {0};
  rs_route_table made;
  rs_route_balance b;
  if (routes->kind == RS__ROUTES_DETOUR) {
    options.extra_hops = options.hops_max = routes->hops_max;
  }
  rs_status status = rs_route_table_build(arena, wiring, &options, &made, diag);
  if (status == RS_OK) status = rs_route_table_check(&made, 0, &b, diag);
  if (status != RS_OK) return status;
  if (routes->one_pair) {
    uint32_t hops;
    const uint32_t *links = rs_route_table_path(&made, routes->from, routes->to, &hops);
    return add_path(arena, routes, spec, wiring, 0, links, hops, table, diag);
  }
  int64_t pairs = (int64_t)wiring->chip_count * (wiring->chip_count - 1);
  start_row(routes, spec, table);
  rs_table_set_i64(table, "chips", wiring->chip_count);
  rs_table_set_i64(table, "pairs", pairs);
  rs_table_set_double(table, "hops_mean", (double)b.hops_total / (double)pairs);
  rs_table_set_i64(table, "hops_max", b.hops_max);
  rs_table_set_i64(table, "detours", (int64_t)b.detours);
  rs_table_set_i64(table, "link_load_min", b.load_min);
  rs_table_set_double(table, "link_load_mean", b.load_mean);
  rs_table_set_i64(table, "link_load_max", b.load_max);
  rs_table_set_double(table, "load_max_over_mean", b.load_max / b.load_mean);
  rs_table_set_text(table, "check", "good");
  return RS_OK;
}

/* ---- edge-disjoint paths ---- */

typedef struct counts {
  int64_t pairs, paths, hops;
  uint32_t paths_min, paths_max, hops_max;
} counts;

static rs_status count_pair(rs_arena *scratch, const rs_wiring *wiring, uint32_t from, uint32_t to,
                            counts *c, rs_diag *diag) {
  rs_route_disjoint found;
  rs_status status = rs_route_disjoint_build(scratch, wiring, from, to, UINT32_MAX, &found, diag);
  if (status == RS_OK) status = rs_route_disjoint_check(wiring, from, to, &found, diag);
  if (status != RS_OK) return status;
  c->pairs++;
  c->paths += found.path_count;
  c->paths_min = RS_MIN(c->paths_min, found.path_count);
  c->paths_max = RS_MAX(c->paths_max, found.path_count);
  c->hops += found.first[found.path_count];
  for (uint32_t k = 0; k < found.path_count; k++) {
    c->hops_max = RS_MAX(c->hops_max, found.first[k + 1] - found.first[k]);
  }
  return RS_OK;
}

static rs_status count_pairs(const rs_wiring *wiring, counts *c, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  uint32_t sources = n <= DISJOINT_ALL_CHIPS_MAX ? n : 1;
  rs_arena *scratch = rs_arena_create(0);
  rs_status status = scratch == NULL ? rs_arena_failed(scratch, diag) : RS_OK;
  *c = (counts){.paths_min = UINT32_MAX};
  for (uint32_t from = 0; from < sources && status == RS_OK; from++) {
    for (uint32_t to = 0; to < n && status == RS_OK; to++) {
      if (to != from) status = count_pair(scratch, wiring, from, to, c, diag);
      rs_arena_reset(scratch);
    }
  }
  rs_arena_destroy(scratch);
  return status;
}

static rs_status add_disjoint(rs_arena *arena, const rs__routes *routes, const char *spec,
                              const rs_wiring *wiring, rs_table *table, rs_diag *diag) {
  counts c;
  rs_route_disjoint found;
  rs_status status;
  if (routes->one_pair) {
    status =
        rs_route_disjoint_build(arena, wiring, routes->from, routes->to, UINT32_MAX, &found, diag);
    if (status == RS_OK) {
      status = rs_route_disjoint_check(wiring, routes->from, routes->to, &found, diag);
    }
    for (uint32_t k = 0; status == RS_OK && k < found.path_count; k++) {
      status = add_path(arena, routes, spec, wiring, k, found.links + found.first[k],
                        found.first[k + 1] - found.first[k], table, diag);
    }
    return status;
  }
  status = count_pairs(wiring, &c, diag);
  if (status != RS_OK) return status;
  start_row(routes, spec, table);
  rs_table_set_i64(table, "chips", wiring->chip_count);
  rs_table_set_i64(table, "pairs", c.pairs);
  rs_table_set_i64(table, "paths_min", c.paths_min);
  rs_table_set_double(table, "paths_mean", (double)c.paths / (double)c.pairs);
  rs_table_set_i64(table, "paths_max", c.paths_max);
  rs_table_set_double(table, "hops_mean", (double)c.hops / (double)c.paths);
  rs_table_set_i64(table, "hops_max", c.hops_max);
  rs_table_set_text(table, "check", "good");
  return RS_OK;
}

rs_status rs__routes_add(rs_arena *arena, const rs__routes *routes, const char *spec,
                         const rs_wiring *wiring, rs_table *table, rs_diag *diag) {
  if (routes->one_pair && RS_MAX(routes->from, routes->to) >= wiring->chip_count) {
    rs_diag_set(diag, RS_E_INPUT, "--pair: there is no chip %u", RS_MAX(routes->from, routes->to));
    rs_diag_expect(diag, "chips 0 to %u", wiring->chip_count - 1);
    return RS_E_INPUT;
  }
  if (wiring->chip_count < 2 || wiring->link_count == 0) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "%.80s has nothing to route over", spec);
  }
  return routes->kind == RS__ROUTES_DISJOINT
             ? add_disjoint(arena, routes, spec, wiring, table, diag)
             : add_table(arena, routes, spec, wiring, table, diag);
}
