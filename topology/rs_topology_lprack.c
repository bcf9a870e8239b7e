/*
 * lprack:256, the rack of the newer part: 16 trays of 16 chips.
 *
 * A cable here is the bundle of lanes between two chips. In the tray every pair of chips has one of
 * 4 lanes (15 cables a chip, 60 lanes). Each chip has one of 2 lanes to one chip of each other tray
 * (15 cables, 30 lanes): the chip of the same position. Which chip of the other tray it is has not
 * been published; the same position is ours, and makes the rack the 16 × 16 HyperX: two hops at
 * most, one in the tray and one across. The 4 lanes to other racks and the lane to the host are not
 * wired, since no wiring of several racks is known to us.
 *
 * As cable classes, `node` is in the tray and `rack` is between trays.
 */
#include "rs__family.h"

enum { TRAY_CHIPS = 16, TRAYS = 16, RACK_CHIPS = TRAYS * TRAY_CHIPS };
enum { PORTS = TRAY_CHIPS - 1 + TRAYS - 1 };

static const rs__param params[] = {
    {.key = "n",
     .kind = RS__PARAM_NUMBER,
     .positional = true,
     .required = true,
     .value_min = 1,
     .value_max = RS__CHIPS_MAX},
};

static rs_status plan(const rs__arguments *arguments, rs__plan *result, rs_diag *diag) {
  if (arguments->value[0] != RACK_CHIPS) {
    rs__arguments_refuse(arguments, 0, diag,
                         "lprack: a rack has %d chips, and racks are not joined", RACK_CHIPS);
    rs_diag_suggest(diag, "lprack:256");
    return RS_E_INPUT;
  }
  *result = (rs__plan){.chips = RACK_CHIPS,
                       .ports = PORTS,
                       .cables = RACK_CHIPS * PORTS / 2,
                       .ports_default = PORTS,
                       .lanes = {[RS_CABLE_NODE] = 4, [RS_CABLE_RACK] = 2}};
  return RS_OK;
}

static rs_status build(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                       rs_diag *diag) {
  (void)arena;
  (void)arguments;
  rs_wiring_builder_set_places(builder, TRAY_CHIPS, RACK_CHIPS);
  for (uint32_t a = 0; a < RACK_CHIPS; a++) {
    for (uint32_t b = a + 1; b < RACK_CHIPS; b++) {
      bool same_tray = a / TRAY_CHIPS == b / TRAY_CHIPS;
      if (!same_tray && a % TRAY_CHIPS != b % TRAY_CHIPS) continue;
      rs_cable_class cable_class = same_tray ? RS_CABLE_NODE : RS_CABLE_RACK;
      rs_status status = rs_wiring_builder_add(builder, a, b, cable_class, diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

const rs__family rs__family_lprack = {params, RS_COUNT_OF(params), plan, build};
