/*
 * The table of topology families, and what is the same for all of them: finding the family of a
 * spec, holding its plan against the bounds, and building with a check at the end.
 */
#include "rs_topology.h"

#include <string.h>

#include "rs__realscale.h"

#define SPEC_BYTES_MAX 1024
#define PORTS_DEFAULT 16 /* C2C ports on the die */
#define LANES_DEFAULT 4  /* of a C2C port */
#define QUOTE_MAX 40

static const rs_topology_family rows[] = {
    {"realscale",
     "N[,wiring=optimised|spread|block|consecutive|natural|,ports=TABLE][,levels=1|2][,spare=1]",
     "realscale:264", "8-chip nodes, racks of 9 nodes; N = 8 … 10440 in steps of 8"},
    {"mesh", "N", "mesh:8", "full mesh: every pair of chips has a cable"},
    {"ring", "N", "ring:8", "every chip has a cable to the next and to the one before"},
    {"torus", "AxBx…", "torus:4x4x4", "rings along every coordinate of a grid"},
    {"grid", "AxBx…", "grid:5x5", "lines along every coordinate: a torus whose ends are open"},
    {"hypercube", "N", "hypercube:6", "2^N chips; a cable flips one bit"},
    {"hyperx", "AxBx…", "hyperx:6x6x7", "full meshes along every coordinate of a grid"},
    {"dragonfly", "a=A,h=H[,wiring=palmtree|consecutive]", "dragonfly:a=8,h=4,wiring=palmtree",
     "AH + 1 groups of A chips, H global ports a chip; diameter 3"},
    {"d3", "K,M", "d3:9,8", "swapped dragonfly D3(K, M): KM² chips; diameter 3"},
    {"polarfly", "Q[,twins]", "polarfly:13,twins",
     "Q² + Q + 1 points of a projective plane; diameter 2"},
    {"slimfly", "Q", "slimfly:9", "2Q² chips; diameter 2"},
    {"polarstar", "Q,iq3|iq4|paley5|paley9|paley13", "polarstar:11,iq4",
     "a small graph in the place of every chip of polarfly:Q; diameter 3"},
    {"bundlefly", "Q,R", "bundlefly:8,9",
     "Paley graph of R chips in the place of every chip of slimfly:Q; diameter 3"},
    {"lps", "P,Q", "lps:13,29", "Ramanujan graph of degree P + 1 (SpectralFly)"},
    {"kautz", "D,K[,directed]", "kautz:8,3", "D^K + D^(K-1) chips; diameter K"},
    {"debruijn", "D,K[,directed]", "debruijn:4,4", "D^K chips; diameter K"},
    {"imase-itoh", "D,N[,undirected]", "imase-itoh:16,10440",
     "N chips with D transmit and D receive fibres each"},
    {"random", "n=N,degree=D[,seed=S]", "random:n=264,degree=16,seed=1",
     "connected random regular graph (Jellyfish)"},
    {"lprack", "256", "lprack:256",
     "newer rack: 16 trays of 16 chips, 30 cables a chip; diameter 2"},
};

static const rs__family *const families[] = {
    &rs__family_realscale,  &rs__family_mesh,      &rs__family_ring,    &rs__family_torus,
    &rs__family_grid,       &rs__family_hypercube, &rs__family_hyperx,  &rs__family_dragonfly,
    &rs__family_d3,         &rs__family_polarfly,  &rs__family_slimfly, &rs__family_polarstar,
    &rs__family_bundlefly,  &rs__family_lps,       &rs__family_kautz,   &rs__family_debruijn,
    &rs__family_imase_itoh, &rs__family_random,    &rs__family_lprack,
};

static_assert(RS_COUNT_OF(rows) == RS_COUNT_OF(families), "the two tables go together");

const rs_topology_family *rs_topology_families(size_t *count) {
  *count = RS_COUNT_OF(rows);
  return rows;
}

/* The row whose name stands before the colon, or RS_COUNT_OF(rows) with a diagnostic. */
static size_t find_family(const char *spec, const char *colon, rs_diag *diag) {
  const char *names[RS_COUNT_OF(rows)];
  char name[64];
  size_t start = strspn(spec, " \t\r\n");
  size_t end = colon == NULL ? strlen(spec) : (size_t)(colon - spec);
  while (end > start && strchr(" \t\r\n", spec[end - 1]) != NULL) end--;
  size_t length = RS_MIN(end - RS_MIN(start, end), sizeof name - 1);
  memcpy(name, spec + start, length);
  name[length] = '\0';
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    names[i] = rows[i].name;
    if (strcmp(name, names[i]) == 0) return i;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown topology '%.*s'", QUOTE_MAX, name);
  rs_diag_at(diag, NULL, 1, (int)start + 1);
  rs_diag_expect(diag, "a family and its arguments, as in 'realscale:264'");
  rs_diag_suggest(diag, rs_nearest_word(name, names, RS_COUNT_OF(rows)));
  return RS_COUNT_OF(rows);
}

static const char *print_spec(rs_arena *arena, const rs_topology_family *row,
                              const rs__family *family, const rs__arguments *arguments) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_sink_printf(&sink, "%s:", row->name);
  rs__arguments_print(family, arguments, &sink);
  const char *copy = text.failed ? NULL : rs_arena_strndup(arena, text.bytes, text.length);
  rs_text_deinit(&text);
  return copy;
}

rs_status rs_topology_parse(rs_arena *arena, const char *spec, rs_topology **topology,
                            rs_diag *diag) {
  if (strlen(spec) > SPEC_BYTES_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "a topology of more than %d characters", SPEC_BYTES_MAX);
  }
  const char *colon = strchr(spec, ':');
  size_t index = find_family(spec, colon, diag);
  if (index == RS_COUNT_OF(rows)) return RS_E_INPUT;
  const char *rest = colon == NULL ? spec + strlen(spec) : colon + 1;
  rs_topology *result = RS_ARENA_NEW(arena, rs_topology, 1);
  if (result == NULL) return rs_arena_failed(arena, diag);
  result->family = families[index];
  rs_status status = rs__arguments_parse(result->family, &rows[index], rest, (int)(rest - spec) + 1,
                                         &result->arguments, diag);
  if (status == RS_OK) status = result->family->plan(&result->arguments, &result->plan, diag);
  if (status != RS_OK) return status;
  result->spec = print_spec(arena, &rows[index], result->family, &result->arguments);
  if (result->spec == NULL) return rs_arena_failed(arena, diag);
  if (result->plan.chips > RS__CHIPS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "%s has more than %d chips", result->spec,
                       (int)RS__CHIPS_MAX);
  }
  *topology = result;
  return RS_OK;
}

const char *rs_topology_spec(const rs_topology *topology) {
  return topology->spec;
}

uint32_t rs_topology_chip_count(const rs_topology *topology) {
  return (uint32_t)topology->plan.chips;
}

bool rs_topology_is_spare(const rs_topology *topology, uint32_t chip) {
  assert(chip < topology->plan.chips);
  return topology->family == &rs__family_realscale &&
         rs__realscale_is_spare(&topology->arguments, chip);
}

uint32_t rs_topology_lanes(const rs_topology *topology, rs_cable_class cable_class) {
  uint32_t lanes = topology->plan.lanes[cable_class];
  return lanes == 0 ? LANES_DEFAULT : lanes;
}

static rs_status check_bounds(const rs_topology *topology, uint64_t ports_max, rs_diag *diag) {
  if (topology->plan.ports > ports_max) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "%s needs %llu ports a chip, and a chip has %llu",
                       topology->spec, (unsigned long long)topology->plan.ports,
                       (unsigned long long)ports_max);
  }
  if (topology->plan.cables > RS__CABLES_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "%s has more than %d cables", topology->spec,
                       (int)RS__CABLES_MAX);
  }
  return RS_OK;
}

rs_status rs_topology_build(rs_arena *arena, const rs_topology *topology,
                            const rs_topology_options *options, rs_wiring **wiring, rs_diag *diag) {
  uint32_t ports_max = options == NULL ? 0 : options->ports_max;
  if (ports_max == 0) ports_max = topology->plan.ports_default;
  if (ports_max == 0) ports_max = PORTS_DEFAULT;
  rs_status status = check_bounds(topology, ports_max, diag);
  if (status != RS_OK) return status;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, (uint32_t)topology->plan.chips);
  if (builder == NULL) return rs_arena_failed(arena, diag);
  status = topology->family->build(arena, &topology->arguments, builder, diag);
  if (status != RS_OK) return status;
  return rs_wiring_builder_finish(builder, wiring, diag); /* which checks it */
}

uint64_t rs__mul_saturate(uint64_t a, uint64_t b) {
  rs_uint128 product = (rs_uint128)a * b;
  return product > UINT64_C(1) << 62 ? UINT64_C(1) << 62 : (uint64_t)product;
}

rs_cable_class rs__class_by_place(uint32_t a, uint32_t b) {
  if (a / 8 == b / 8) return RS_CABLE_NODE;
  return a / 72 == b / 72 ? RS_CABLE_RACK : RS_CABLE_INTER_RACK;
}

rs_status rs__cable_add(rs_wiring_builder *builder, uint32_t a, uint32_t b, rs_diag *diag) {
  return rs_wiring_builder_add(builder, a, b, rs__class_by_place(a, b), diag);
}
