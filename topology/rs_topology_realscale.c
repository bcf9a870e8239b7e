/*
 * realscale:N, the system of 8-chip nodes.
 *
 * A node is a full mesh of 8 chips (7 ports each); the other 4 ports of each chip, 32 a node, leave
 * the node. Both levels join groups by the same rule: groups g of S leaving slots each, n of them,
 * m = ⌊S/(n−1)⌋ cables a pair. Offset o = 1 … n−1 and copy c = 0 … m−1 name slot (o−1)m + c of
 * group g; its cable goes to group g+o (mod n), offset n−o, the same copy. The rule is its own
 * inverse, and every group sees the same picture.
 *
 *   one level    n ≤ 33 nodes of S = 32 slots; slot s is on chip s mod 8
 *   two levels   in a rack, 9 nodes of S = 16 slots (so m = 2), slot s on chip s mod 8; then
 *                R ≤ 145 racks of S = 144 slots, put on chips by a table (`wiring` names one, `ports` spells one)
 *
 * A system whose last rack is not full is the wiring of full racks without the nodes that are not
 * there: nothing is recabled when they come. At 145 racks m = 1 and the rule reads: port P of rack
 * r goes to port 143 − P of rack r + P + 1 (mod 145).
 *
 * Source of the shape: Abts et al., "A software-defined tensor streaming multiprocessor for
 * large-scale machine learning", ISCA 2022 (node, rack and system sizes); the choice of chips by
 * slot is ours, see docs/topologies.md.
 */
#include <stdio.h>
#include <string.h>

#include "rs__realscale.h"

enum { CHIPS_MAX = RS__RACKS_MAX * RS__RACK_CHIPS };

enum { PARAM_N, PARAM_WIRING, PARAM_PORTS, PARAM_LEVELS, PARAM_SPARE };
enum { WIRING_OPTIMISED, WIRING_SPREAD, WIRING_BLOCK, WIRING_CONSECUTIVE, WIRING_NATURAL };

static const char *const wirings[] = {"optimised",   "spread",  "block",
                                      "consecutive", "natural", NULL};

static const rs__param params[] = {
    [PARAM_N] = {.key = "n",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = RS__NODE_CHIPS,
                 .value_max = CHIPS_MAX},
    [PARAM_WIRING] = {.key = "wiring", .kind = RS__PARAM_CHOICE, .choices = wirings},
    [PARAM_PORTS] = {.key = "ports", .kind = RS__PARAM_TEXT},
    [PARAM_LEVELS] = {.key = "levels", .kind = RS__PARAM_NUMBER, .value_max = 2},
    [PARAM_SPARE] = {.key = "spare", .kind = RS__PARAM_NUMBER, .value_max = 1},
};

/*
 * Rack chip of rack port 0 … 143, each chip twice, as rs_optimise.h found them by swapping entries
 * with the objective (pairs at 7 hops or more, total distance).
 *
 * full_chip, for 145 racks: from wiring=natural with seed 1 in 60,000 steps (bench_topology_optimise
 * realscale:10440,wiring=natural 1 60000). Diameter 6, average 4.83290 hops, where the natural
 * order has 7 and 5.17491.
 *
 * fewer_chip, for fewer racks: an earlier find for 145 racks (there 6 and 4.83633), which is the
 * better of the two from 8 to 73 racks and at 100 (docs/topologies.md).
 */
static const uint8_t full_chip[RS__RACK_SLOTS] = {
    57, 39, 2,  58, 11, 28, 6,  71, 1,  3,  54, 57, 2,  22, 61, 7,  46, 27, 10, 64, 5,  65, 18, 34,
    14, 13, 10, 51, 41, 12, 30, 15, 68, 58, 48, 11, 42, 16, 20, 21, 32, 42, 26, 59, 22, 47, 41, 35,
    31, 9,  52, 27, 6,  34, 16, 25, 53, 5,  24, 40, 4,  45, 38, 68, 32, 38, 15, 31, 54, 35, 50, 64,
    40, 65, 26, 61, 36, 71, 19, 37, 44, 67, 43, 25, 44, 55, 12, 14, 20, 69, 39, 17, 62, 37, 7,  46,
    49, 49, 66, 50, 52, 23, 4,  21, 60, 51, 29, 48, 63, 9,  19, 55, 0,  33, 45, 60, 56, 13, 47, 17,
    63, 70, 33, 28, 8,  3,  67, 53, 66, 8,  43, 59, 0,  36, 18, 23, 1,  62, 24, 69, 30, 70, 29, 56};
static const uint8_t fewer_chip[RS__RACK_SLOTS] = {
    47, 36, 11, 4,  12, 42, 29, 2,  63, 44, 15, 29, 4,  68, 37, 62, 10, 37, 19, 66, 33, 25, 55, 70,
    13, 42, 51, 39, 53, 48, 33, 7,  12, 19, 30, 64, 40, 71, 3,  46, 16, 32, 59, 38, 67, 45, 17, 21,
    10, 43, 68, 51, 16, 70, 18, 9,  63, 22, 2,  71, 47, 65, 52, 61, 3,  60, 44, 14, 8,  27, 50, 38,
    24, 5,  55, 69, 60, 20, 32, 20, 43, 53, 62, 45, 49, 14, 40, 7,  1,  17, 34, 25, 61, 21, 31, 48,
    23, 54, 58, 69, 41, 31, 26, 64, 28, 35, 23, 67, 28, 52, 22, 66, 56, 50, 6,  0,  0,  46, 5,  18,
    36, 6,  34, 39, 41, 54, 57, 11, 58, 65, 35, 9,  1,  59, 15, 27, 49, 24, 57, 56, 13, 30, 8,  26};

/* Rack chip of a rack port by the named rule, in a system of so many racks. */
static uint8_t named_port(int64_t wiring, uint32_t racks, uint32_t slot) {
  uint32_t chip = 0;
  switch (wiring) {
    case WIRING_OPTIMISED:
      chip = racks == RS__RACKS_MAX ? full_chip[slot] : fewer_chip[slot];
      break;
    case WIRING_SPREAD: /* the next port on the next node */
      chip = slot % RS__RACK_NODES * RS__NODE_CHIPS + slot / RS__RACK_NODES % RS__NODE_CHIPS;
      break;
    case WIRING_BLOCK: /* the next port on the same chip, until it has its two */
      chip = slot / 2;
      break;
    case WIRING_CONSECUTIVE: /* the next port on the next chip, twice round the rack */
      chip = slot % RS__RACK_CHIPS;
      break;
    case WIRING_NATURAL: /* node after node, 16 ports each, in turn on its chips */
      chip = slot / RS__RACK_NODE_SLOTS * RS__NODE_CHIPS + slot % RS__NODE_CHIPS;
      break;
    default:
      assert(false);
  }
  return (uint8_t)chip;
}

void rs__realscale_shape(const rs__arguments *arguments, rs__realscale *s) {
  int64_t levels = arguments->value[PARAM_LEVELS];
  *s = (rs__realscale){.nodes = (uint32_t)arguments->value[PARAM_N] / RS__NODE_CHIPS};
  bool two = levels == 2 || (levels == 0 && s->nodes > RS__NODES_ONE_MAX);
  if (two) s->racks = (s->nodes + RS__RACK_NODES - 1) / RS__RACK_NODES;
  if (s->racks > 1) s->rack_copies = RS__RACK_SLOTS / (s->racks - 1);
  for (uint32_t slot = 0; slot < RS__RACK_SLOTS; slot++) {
    const char *digits = arguments->text + (size_t)2 * slot;
    s->ports[slot] = arguments->column[PARAM_PORTS] == 0
                         ? named_port(arguments->value[PARAM_WIRING], s->racks, slot)
                         : (uint8_t)((digits[0] - '0') * RS__NODE_CHIPS + (digits[1] - '0'));
  }
}

void rs__realscale_print_ports(const uint8_t *ports, char *text) {
  for (uint32_t slot = 0; slot < RS__RACK_SLOTS; slot++) {
    *text++ = (char)('0' + ports[slot] / RS__NODE_CHIPS);
    *text++ = (char)('0' + ports[slot] % RS__NODE_CHIPS);
  }
  *text = '\0';
}

/* ---- the table that a spec carries ---- */

static rs_status refuse_ports(const rs__arguments *arguments, size_t offset, rs_diag *diag,
                              const char *what) {
  rs__arguments shifted = *arguments;
  shifted.column[PARAM_PORTS] += (int)offset;
  rs__arguments_refuse(&shifted, PARAM_PORTS, diag, "realscale: %s", what);
  rs_diag_expect(diag,
                 "for each of the %d ports of a rack its node 0-8 and its chip 0-7, every chip "
                 "twice",
                 RS__RACK_SLOTS);
  return RS_E_INPUT;
}

/* Two digits a port, and two ports a chip. */
static rs_status check_ports(const rs__arguments *arguments, rs_diag *diag) {
  const char *text = arguments->text;
  uint8_t used[RS__RACK_CHIPS] = {0};
  for (size_t slot = 0; slot < RS__RACK_SLOTS; slot++) {
    for (size_t k = 0; k < 2; k++) {
      char c = text[2 * slot + k];
      if (c == '\0') return refuse_ports(arguments, 2 * slot + k, diag, "ports= is too short");
      if (c < '0' || c > (k == 0 ? '8' : '7')) {
        return refuse_ports(
            arguments, 2 * slot + k, diag,
            k == 0 ? "ports= has a node that is not 0-8" : "ports= has a chip that is not 0-7");
      }
    }
    int chip = (text[2 * slot] - '0') * RS__NODE_CHIPS + (text[2 * slot + 1] - '0');
    if (++used[chip] > 2) {
      return refuse_ports(arguments, 2 * slot, diag, "ports= has a chip more than twice");
    }
  }
  return RS_OK; /* the parser took no more text than that */
}

/* All racks but the last are full, and have a cable to one another whatever the table. */
static rs_status check_last_rack(const rs__arguments *arguments, rs_diag *diag) {
  rs__realscale s;
  rs__realscale_shape(arguments, &s);
  if (s.racks < 2) return RS_OK;
  uint32_t chips = (s.nodes - (s.racks - 1) * RS__RACK_NODES) * RS__NODE_CHIPS;
  for (uint32_t slot = 0; slot < (s.racks - 1) * s.rack_copies; slot++) {
    if (s.ports[slot] < chips) return RS_OK;
  }
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "realscale: with this ports= the last rack, of %u chips, has no cable to "
                     "another",
                     chips);
}

static rs_status check_tables(const rs__arguments *arguments, rs_diag *diag) {
  size_t index = arguments->column[PARAM_PORTS] != 0 ? PARAM_PORTS : PARAM_WIRING;
  rs__realscale s;
  if (arguments->column[index] == 0) return RS_OK;
  if (index == PARAM_PORTS) {
    if (arguments->column[PARAM_WIRING] != 0) {
      return rs__arguments_refuse(arguments, PARAM_PORTS, diag,
                                  "realscale: wiring= and ports= are two tables for one thing");
    }
    rs_status status = check_ports(arguments, diag);
    if (status != RS_OK) return status;
  }
  rs__realscale_shape(arguments, &s);
  if (s.racks == 0) {
    rs__arguments_refuse(arguments, index, diag,
                         "realscale: %s= places the cables between racks, and %lld chips on one "
                         "level have no rack level",
                         params[index].key, (long long)arguments->value[PARAM_N]);
    rs_diag_suggest(diag, "levels=2");
    return RS_E_INPUT;
  }
  return index == PARAM_PORTS ? check_last_rack(arguments, diag) : RS_OK;
}

/* The last node of a rack, full or not, stands by for the others; a lone node has no others. */
bool rs__realscale_is_spare(const rs__arguments *arguments, uint32_t chip) {
  if (arguments->value[PARAM_SPARE] == 0) return false;
  uint32_t nodes = (uint32_t)arguments->value[PARAM_N] / RS__NODE_CHIPS;
  uint32_t node = chip / RS__NODE_CHIPS;
  bool is_last = node % RS__RACK_NODES == RS__RACK_NODES - 1 || node == nodes - 1;
  return is_last && node % RS__RACK_NODES > 0;
}

static rs_status plan(const rs__arguments *arguments, rs__plan *result, rs_diag *diag) {
  int64_t n = arguments->value[PARAM_N];
  if (n % RS__NODE_CHIPS != 0) {
    char nearest[64];
    int64_t to = (n + RS__NODE_CHIPS / 2) / RS__NODE_CHIPS * RS__NODE_CHIPS;
    snprintf(nearest, sizeof nearest, "realscale:%lld", (long long)RS_MIN(to, CHIPS_MAX));
    rs__arguments_refuse(arguments, PARAM_N, diag, "realscale: %lld chips are not whole nodes",
                         (long long)n);
    rs_diag_expect(diag, "a multiple of %d from %d to %d", RS__NODE_CHIPS, RS__NODE_CHIPS,
                   CHIPS_MAX);
    rs_diag_suggest(diag, nearest);
    return RS_E_INPUT;
  }
  if (arguments->value[PARAM_LEVELS] == 1 && n > RS__NODES_ONE_MAX * RS__NODE_CHIPS) {
    rs__arguments_refuse(arguments, PARAM_LEVELS, diag,
                         "realscale: one level reaches %d nodes, which are %d chips",
                         RS__NODES_ONE_MAX, RS__NODES_ONE_MAX * RS__NODE_CHIPS);
    rs_diag_suggest(diag, "levels=2");
    return RS_E_INPUT;
  }
  if (arguments->value[PARAM_SPARE] == 1 && n == RS__NODE_CHIPS) {
    rs__arguments_refuse(arguments, PARAM_SPARE, diag, "realscale: a lone node has none to spare");
    rs_diag_suggest(diag, "realscale:16,spare=1");
    return RS_E_INPUT;
  }
  rs_status status = check_tables(arguments, diag);
  if (status != RS_OK) return status;
  *result = (rs__plan){.chips = (uint64_t)n, .ports = 11, .cables = (uint64_t)n * 11 / 2};
  return RS_OK;
}

static rs_status add_node_meshes(rs_wiring_builder *builder, uint32_t nodes, rs_diag *diag) {
  for (uint32_t node = 0; node < nodes; node++) {
    for (uint32_t a = 0; a < RS__NODE_CHIPS; a++) {
      for (uint32_t b = a + 1; b < RS__NODE_CHIPS; b++) {
        rs_status status = rs_wiring_builder_add(builder, node * RS__NODE_CHIPS + a,
                                                 node * RS__NODE_CHIPS + b, RS_CABLE_NODE, diag);
        if (status != RS_OK) return status;
      }
    }
  }
  return RS_OK;
}

/* Joins nodes a < b, which stand `offset` apart in a system of n such nodes. */
static rs_status join_nodes(rs_wiring_builder *builder, uint32_t a, uint32_t b, uint32_t n,
                            uint32_t m, rs_diag *diag) {
  for (uint32_t copy = 0; copy < m; copy++) {
    uint32_t slot_a, slot_b;
    rs__realscale_pair(a, b, n, m, copy, &slot_a, &slot_b);
    rs_cable_class cable_class =
        a / RS__RACK_NODES == b / RS__RACK_NODES ? RS_CABLE_RACK : RS_CABLE_INTER_RACK;
    rs_status status =
        rs_wiring_builder_add(builder, a * RS__NODE_CHIPS + slot_a % RS__NODE_CHIPS,
                              b * RS__NODE_CHIPS + slot_b % RS__NODE_CHIPS, cable_class, diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status add_one_level(rs_wiring_builder *builder, uint32_t nodes, rs_diag *diag) {
  uint32_t m = nodes < 2 ? 0 : RS__NODE_SLOTS / (nodes - 1);
  for (uint32_t a = 0; a < nodes; a++) {
    for (uint32_t b = a + 1; b < nodes; b++) {
      rs_status status = join_nodes(builder, a, b, nodes, m, diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status add_racks_inside(rs_wiring_builder *builder, const rs__realscale *s,
                                  rs_diag *diag) {
  for (uint32_t a = 0; a < s->nodes; a++) {
    uint32_t end = RS_MIN((a / RS__RACK_NODES + 1) * RS__RACK_NODES, s->nodes);
    for (uint32_t b = a + 1; b < end; b++) {
      rs_status status = join_nodes(builder, a, b, RS__RACK_NODES,
                                    RS__RACK_NODE_SLOTS / (RS__RACK_NODES - 1), diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status join_racks(rs_wiring_builder *builder, const rs__realscale *s, uint32_t a,
                            uint32_t b, rs_diag *diag) {
  for (uint32_t copy = 0; copy < s->rack_copies; copy++) {
    uint32_t slot_a, slot_b;
    rs__realscale_pair(a, b, s->racks, s->rack_copies, copy, &slot_a, &slot_b);
    uint32_t chip_a = a * RS__RACK_CHIPS + s->ports[slot_a];
    uint32_t chip_b = b * RS__RACK_CHIPS + s->ports[slot_b];
    /* Rack a < b is full; only the last rack can lack nodes. */
    if (chip_b >= s->nodes * RS__NODE_CHIPS) continue;
    rs_status status = rs_wiring_builder_add(builder, chip_a, chip_b, RS_CABLE_INTER_RACK, diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status build(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                       rs_diag *diag) {
  rs__realscale s;
  (void)arena;
  rs__realscale_shape(arguments, &s);
  rs_wiring_builder_set_places(builder, RS__NODE_CHIPS, RS__RACK_CHIPS);
  rs_status status = add_node_meshes(builder, s.nodes, diag);
  for (uint32_t chip = 0; chip < s.nodes * RS__NODE_CHIPS && status == RS_OK; chip++) {
    if (!rs__realscale_is_spare(arguments, chip)) continue;
    status = rs_wiring_builder_set_spare(builder, chip, diag);
  }
  if (status != RS_OK) return status;
  if (s.racks == 0) return add_one_level(builder, s.nodes, diag);
  status = add_racks_inside(builder, &s, diag);
  for (uint32_t a = 0; a < s.racks && status == RS_OK; a++) {
    for (uint32_t b = a + 1; b < s.racks && status == RS_OK; b++) {
      status = join_racks(builder, &s, a, b, diag);
    }
  }
  return status;
}

bool rs__realscale_has_spares(const rs__arguments *arguments) {
  return arguments->value[PARAM_SPARE] == 1;
}

const rs__family rs__family_realscale = {params, RS_COUNT_OF(params), plan, build};
