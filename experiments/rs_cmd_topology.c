/* `realscale topology`: measures and cable counts of wirings, a row a spec. */
#include <string.h>

#include "rs_cli.h"
#include "rs_measure.h"
#include "rs_topology.h"
#include "rs_units.h"

/* Edge connectivity is n − 1 maximum flows: seconds up to here, minutes far beyond. */
#define CONNECTIVITY_CHIPS_MAX 2000

static const rs_option options[] = {
    {"ports", 0, RS_OPTION_TEXT, "N", "ports that a chip has (default: 16)"},
    {"connectivity", 0, RS_OPTION_FLAG, NULL, "edge connectivity beyond 2,000 chips too (slow)"},
};

static const char *const columns[] = {"topology",          "chips",
                                      "ports_max",         "degree_min",
                                      "degree_max",        "cables",
                                      "cables_node",       "cables_rack",
                                      "cables_inter_rack", "diameter_hops",
                                      "average_hops",      "edge_connectivity",
                                      "cables_per_chip",   "node_leaving_cables_per_node"};

/* Cables that leave a node, a node: one of the readings of "16n cables". */
static double leaving_cables_per_node(const rs_wiring *wiring) {
  uint32_t nodes = 0;
  uint64_t ends = 0;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    nodes = RS_MAX(nodes, wiring->node_of[chip] + 1);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (wiring->node_of[link->from] != wiring->node_of[link->to]) ends++;
  }
  return (double)ends / 2 / (double)nodes;
}

static void fill_row(rs_table *table, const char *spec, const rs_wiring *wiring,
                     const rs_measure *m) {
  rs_table_add_row(table);
  rs_table_set_text(table, "topology", spec);
  rs_table_set_i64(table, "chips", m->chips);
  rs_table_set_i64(table, "ports_max", m->ports_max);
  rs_table_set_i64(table, "degree_min", m->degree_min);
  rs_table_set_i64(table, "degree_max", m->degree_max);
  rs_table_set_i64(table, "cables", m->cables);
  rs_table_set_i64(table, "cables_node", m->cables_by_class[RS_CABLE_NODE]);
  rs_table_set_i64(table, "cables_rack", m->cables_by_class[RS_CABLE_RACK]);
  rs_table_set_i64(table, "cables_inter_rack", m->cables_by_class[RS_CABLE_INTER_RACK]);
  rs_table_set_i64(table, "diameter_hops", m->diameter_hops);
  rs_table_set_double(table, "average_hops", m->average_hops);
  if (m->edge_connectivity >= 0) {
    rs_table_set_i64(table, "edge_connectivity", m->edge_connectivity);
  }
  rs_table_set_double(table, "cables_per_chip", (double)m->cables / (double)m->chips);
  if (wiring->node_of != NULL) {
    rs_table_set_double(table, "node_leaving_cables_per_node", leaving_cables_per_node(wiring));
  }
}

static rs_status read_ports(const rs_arguments *arguments, rs_topology_options *build,
                            rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, "ports");
  int64_t ports = 0;
  if (text == NULL) return RS_OK;
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, &ports, diag);
  if (status == RS_OK && ports >= 1 && ports <= UINT16_MAX) {
    build->ports_max = (uint32_t)ports;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "--ports: '%s' is not a number of ports", text);
  rs_diag_expect(diag, "a whole number from 1 to 65535");
  return RS_E_INPUT;
}

static rs_status add_topology(const rs_arguments *arguments, const char *spec,
                              const rs_topology_options *build, rs_table *table, rs_diag *diag) {
  rs_topology *topology;
  rs_wiring *wiring;
  rs_measure measure;
  rs_status status = rs_topology_parse(arguments->arena, spec, &topology, diag);
  if (status == RS_OK) {
    status = rs_topology_build(arguments->arena, topology, build, &wiring, diag);
  }
  if (status != RS_OK) return status;
  bool connectivity =
      wiring->chip_count <= CONNECTIVITY_CHIPS_MAX || rs_arguments_flag(arguments, "connectivity");
  status = rs_measure_run(arguments->arena, wiring, connectivity, &measure, diag);
  if (status != RS_OK) return status;
  fill_row(table, rs_topology_spec(topology), wiring, &measure);
  return RS_OK;
}

static int run_topology(const rs_arguments *arguments) {
  rs_diag diag = {0};
  rs_topology_options build = {0};
  if (read_ports(arguments, &build, &diag) != RS_OK) return rs_cli_report(&diag);
  rs_table *table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns));
  for (size_t i = 0; i < arguments->operand_count; i++) {
    if (add_topology(arguments, arguments->operands[i], &build, table, &diag) != RS_OK) {
      return rs_cli_report(&diag);
    }
  }
  return rs_cli_print_table(arguments, table);
}

const rs_command rs_command_topology = {
    .name = "topology",
    .operands = "SPEC…",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "measures and cable count of a wiring",
    .example = "realscale topology realscale:264 mesh:8",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_topology,
};
