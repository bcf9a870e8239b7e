/* `realscale topology`: measures and cable counts of wirings, whole or with faults, and exports. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rs__routes.h"
#include "rs_chip.h"
#include "rs_cli.h"
#include "rs_fault.h"
#include "rs_graph_write.h"
#include "rs_optimise.h"
#include "rs_topology.h"
#include "rs_units.h"
#include "rs_wiring_row.h"

static const rs_option options[] = {
    {"export", 'e', RS_OPTION_LIST, "FILE",
     "write the wiring: .graphml, .dot, .edges, .xml (SimGrid), .svg"},
    {"ports", 0, RS_OPTION_TEXT, "N", "ports that a chip has (default: 16)"},
    {"all", 0, RS_OPTION_FLAG, NULL, "slow measures beyond 2,000 chips, distances beyond 100,000"},
    {"fail-link", 0, RS_OPTION_LIST, "A-B", "without the cable between A and B (A-B.1: its copy)"},
    {"fail-chip", 0, RS_OPTION_LIST, "C", "without chip C"},
    {"fail-random", 0, RS_OPTION_TEXT, "K,SEED", "without K cables drawn by seed"},
    {"cable-costs", 0, RS_OPTION_TEXT, "N,R,I",
     "relative cost of a cable in a node, in a rack, between racks (default: 1,2,10)"},
    {"routes", 0, RS_OPTION_TEXT, "KIND",
     "static routes in place of measures: minimal, detour:H (at most H hops) or disjoint"},
    {"pair", 0, RS_OPTION_TEXT, "A-B", "the paths from chip A to chip B, of --routes"},
    {"optimise", 0, RS_OPTION_TEXT, "SECONDS", "search better ports for a realscale:N with racks"},
    {"steps", 0, RS_OPTION_TEXT, "N", "end the search after N steps: repeatable"},
    {"seed", 0, RS_OPTION_TEXT, "S", "of the search (default: 1)"},
};

typedef struct job {
  const rs_arguments *arguments;
  rs_topology_options build;
  rs_cable_costs costs;
  rs__routes routes;
  rs_table *table;
  const char *const *columns;
  size_t column_count;
} job;

/* ---- options ---- */

static rs_status read_ports(const rs_arguments *arguments, uint32_t *ports, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, "ports");
  int64_t value = 0;
  if (text == NULL) return RS_OK;
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, &value, diag);
  if (status == RS_OK && value >= 1 && value <= UINT16_MAX) {
    *ports = (uint32_t)value;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "--ports: '%s' is not a number of ports", text);
  rs_diag_expect(diag, "a whole number from 1 to 65535");
  return RS_E_INPUT;
}

static rs_status read_numbers(const rs_arguments *arguments, const char *option, size_t count,
                              int64_t **values, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, option);
  size_t found = 0;
  *values = NULL;
  if (text == NULL) return RS_OK;
  rs_status status = rs_cli_parse_list(arguments->arena, text, values, &found, diag);
  if (status == RS_OK && found == count) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--%s: '%s' is not %zu numbers", option, text, count);
  rs_diag_expect(diag, "whole numbers between commas");
  return RS_E_INPUT;
}

static rs_status read_costs(job *j, rs_diag *diag) {
  int64_t *values;
  j->costs = rs_cable_costs_default;
  rs_status status = read_numbers(j->arguments, "cable-costs", RS_CABLE_CLASS_COUNT, &values, diag);
  for (int k = 0; status == RS_OK && values != NULL && k < RS_CABLE_CLASS_COUNT; k++) {
    j->costs.by_class[k] = (double)values[k];
  }
  return status;
}

/* ---- faults ---- */

static size_t option_index(const rs_arguments *arguments, const char *name) {
  size_t index = 0;
  while (strcmp(arguments->options[index].name, name) != 0) index++;
  return index;
}

/* All --fail-link and --fail-chip as one text: "12-13,7". NULL: there are none. */
static rs_status join_faults(const rs_arguments *arguments, const char **text, rs_diag *diag) {
  static const char *const names[] = {"fail-link", "fail-chip"};
  *text = NULL;
  for (size_t k = 0; k < RS_COUNT_OF(names); k++) {
    size_t index = option_index(arguments, names[k]);
    for (size_t i = 0; i < arguments->value_counts[index]; i++) {
      const char *value = arguments->values[index][i];
      if ((strchr(value, '-') == NULL) == (k == 0)) {
        rs_diag_set(diag, RS_E_INPUT, "--%s: '%s' is not a %s", names[k], value,
                    k == 0 ? "cable" : "chip");
        rs_diag_expect(diag, k == 0 ? "two chips such as 0-3" : "a chip such as 12");
        return RS_E_INPUT;
      }
      *text = rs_arena_printf(arguments->arena, "%s%s%s", *text == NULL ? "" : *text,
                              *text == NULL ? "" : ",", value);
      if (*text == NULL) return rs_arena_failed(arguments->arena, diag);
    }
  }
  return RS_OK;
}

static rs_status apply_faults(const job *j, const char **spec, rs_wiring **wiring, rs_diag *diag) {
  rs_arena *arena = j->arguments->arena;
  const char *random = rs_arguments_value(j->arguments, "fail-random");
  const char *text;
  int64_t *drawn;
  rs_faults faults = {0};
  rs_status status = join_faults(j->arguments, &text, diag);
  if (status == RS_OK) status = read_numbers(j->arguments, "fail-random", 2, &drawn, diag);
  if (status != RS_OK || (text == NULL && drawn == NULL)) return status;
  if (text != NULL && drawn != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--fail-random does not go with named faults");
  }
  if (text != NULL) {
    status = rs_faults_parse(arena, *wiring, text, &faults, diag);
    if (status != RS_OK) rs_diag_at(diag, "--fail-link, --fail-chip", 1, diag->column);
  } else if (drawn[0] > UINT32_MAX) {
    status = rs_diag_set(diag, RS_E_INPUT, "--fail-random: more cables than there can be");
  } else {
    status =
        rs_faults_draw(arena, *wiring, (uint32_t)drawn[0], 0, (uint64_t)drawn[1], &faults, diag);
  }
  faults.renumber = true;
  if (status == RS_OK) status = rs_faults_apply(arena, *wiring, &faults, wiring, NULL, NULL, diag);
  if (status == RS_OK) {
    *spec = rs_arena_printf(arena, "%s without %s", *spec,
                            text != NULL ? text : rs_arena_printf(arena, "%s (drawn)", random));
  }
  return status;
}

/* ---- the search for better ports ---- */

typedef struct deadline {
  struct timespec began;
  double seconds;
  bool draws;
  uint64_t asked;
} deadline;

static double elapsed_s(const deadline *d) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - d->began.tv_sec) + 1e-9 * (double)(now.tv_nsec - d->began.tv_nsec);
}

static bool is_over(void *context) {
  deadline *d = context;
  double passed = elapsed_s(d);
  if (d->draws && d->asked++ % 64 == 0) {
    fprintf(stderr, "\rsearching: %.0f of %.0f s ", passed, d->seconds);
  }
  return passed >= d->seconds;
}

static rs_status read_search(const job *j, rs_optimise_options *search, deadline *d,
                             rs_diag *diag) {
  static const char *const names[] = {"optimise", "steps", "seed"};
  int64_t values[] = {0, INT64_MAX, 1};
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    int64_t *value;
    rs_status status = read_numbers(j->arguments, names[i], 1, &value, diag);
    if (status != RS_OK) return status;
    if (value != NULL) values[i] = value[0];
  }
  d->seconds = (double)values[0];
  search->steps_max = (uint64_t)values[1];
  search->seed = (uint64_t)values[2];
  search->stop = is_over;
  search->stop_context = d;
  return RS_OK;
}

/* Replaces the topology by the best that is found, and says on stderr what was gained. */
static rs_status optimise(const job *j, rs_topology **topology, rs_diag *diag) {
  rs_optimise_options search = {0};
  rs_optimise_result result;
  deadline d = {.draws = isatty(STDERR_FILENO) != 0};
  if (rs_arguments_value(j->arguments, "optimise") == NULL) return RS_OK;
  rs_status status = read_search(j, &search, &d, diag);
  if (status != RS_OK) return status;
  clock_gettime(CLOCK_MONOTONIC, &d.began);
  status = rs_optimise_ports(j->arguments->arena, *topology, &search, &result, diag);
  if (d.draws) fputc('\n', stderr);
  if (status != RS_OK) {
    if (diag->status == RS_E_INFEASIBLE) diag->status = RS_E_INPUT;
    return status;
  }
  fprintf(stderr, "before  diameter %u, average %.5f hops\n", result.before.diameter_hops,
          result.before.average_hops);
  fprintf(stderr, "after   diameter %u, average %.5f hops\n", result.after.diameter_hops,
          result.after.average_hops);
  fprintf(stderr, "%llu steps, %llu kept, %llu better; --steps %llu repeats this\n",
          (unsigned long long)result.steps, (unsigned long long)result.accepted,
          (unsigned long long)result.improved, (unsigned long long)result.steps);
  return rs_topology_parse(j->arguments->arena, result.spec, topology, diag);
}

/* ---- exports ---- */

static rs_status export_wiring(const job *j, const char *spec, const rs_wiring *wiring,
                               const char *path, rs_diag *diag) {
  rs_graph_format format;
  rs_text text;
  const rs_chip *chip = rs_chip_find("groqchip1");
  const rs_graph_write_options write = {.title = spec, .timing = &chip->timing};
  rs_status status = rs_graph_format_of_name(path, &format, diag);
  if (status != RS_OK) return status;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  status = rs_graph_write(j->arguments->arena, wiring, format, &write, &sink, diag);
  if (status == RS_OK) status = rs_file_write(path, text.bytes, text.length, diag);
  rs_text_deinit(&text);
  return status;
}

static rs_status export_all(const job *j, const char *spec, const rs_wiring *wiring,
                            rs_diag *diag) {
  size_t index = option_index(j->arguments, "export");
  for (size_t i = 0; i < j->arguments->value_counts[index]; i++) {
    rs_status status = export_wiring(j, spec, wiring, j->arguments->values[index][i], diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* ---- rows ---- */

static void fill_row(const job *j, const rs_wiring_row *row) {
  rs_table_add_row(j->table);
  for (size_t i = 0; i < j->column_count; i++) {
    rs_cell cell = rs_wiring_row_cell(row, i);
    if (cell.kind == RS_CELL_TEXT) rs_table_set_text(j->table, j->columns[i], cell.text);
    if (cell.kind == RS_CELL_I64) rs_table_set_i64(j->table, j->columns[i], cell.integer);
    if (cell.kind == RS_CELL_DOUBLE) rs_table_set_double(j->table, j->columns[i], cell.number);
  }
}

static rs_status build(const job *j, const char *text, const char **spec, rs_wiring **wiring,
                       rs_diag *diag) {
  rs_arena *arena = j->arguments->arena;
  rs_topology *topology;
  rs_status status = rs_cli_parse_topology(arena, text, &topology, diag);
  if (status == RS_OK) status = optimise(j, &topology, diag);
  if (status == RS_OK) {
    status = rs_topology_build(arena, topology, &j->build, wiring, diag);
    if (status == RS_E_INFEASIBLE)
      rs_diag_expect(diag, "at most that, or --ports N for another part");
  }
  if (status != RS_OK) {
    if (diag->status == RS_E_INFEASIBLE) diag->status = RS_E_INPUT; /* unusable, not a result */
    return status;
  }
  *spec = rs_topology_spec(topology);
  return apply_faults(j, spec, wiring, diag);
}

static rs_status add_topology(const job *j, const char *text, rs_diag *diag) {
  rs_arena *arena = j->arguments->arena;
  const char *spec;
  rs_wiring *wiring;
  rs_wiring_row row;
  rs_status status = build(j, text, &spec, &wiring, diag);
  if (status == RS_OK) status = export_all(j, spec, wiring, diag);
  if (status != RS_OK) return status;
  if (j->routes.kind != RS__ROUTES_NONE) {
    return rs__routes_add(arena, &j->routes, spec, wiring, j->table, diag);
  }
  status = rs_wiring_row_measure(arena, spec, wiring, rs_arguments_flag(j->arguments, "all"),
                                 &j->costs, &row, diag);
  if (status != RS_OK) return status;
  fill_row(j, &row);
  if (!row.has_distances) {
    fprintf(stderr,
            "realscale: %s: distances of %u chips, and what follows from them, need --all\n", spec,
            wiring->chip_count);
  } else if (row.connected == 0) {
    fprintf(stderr,
            "realscale: %s is not connected: diameter and average are over the pairs that are\n",
            spec);
  }
  return RS_OK;
}

static rs_status read_options(job *j, rs_diag *diag) {
  const rs_arguments *arguments = j->arguments;
  rs_status status = read_ports(arguments, &j->build.ports_max, diag);
  if (status == RS_OK) status = read_costs(j, diag);
  if (status == RS_OK) {
    status = rs__routes_parse(rs_arguments_value(arguments, "routes"),
                              rs_arguments_value(arguments, "pair"), &j->routes, diag);
  }
  if (status != RS_OK) return status;
  if (arguments->operand_count > 1 && rs_arguments_value(arguments, "export") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--export names a file, and there are %zu topologies",
                       arguments->operand_count);
  }
  return RS_OK;
}

static int run_topology(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments};
  if (read_options(&j, &diag) != RS_OK) return rs_cli_report(&diag);
  j.columns = rs_wiring_row_columns(&j.column_count);
  j.table = j.routes.kind == RS__ROUTES_NONE
                ? rs_table_create(arguments->arena, j.columns, j.column_count)
                : rs__routes_table(arguments->arena, &j.routes);
  for (size_t i = 0; i < arguments->operand_count; i++) {
    if (add_topology(&j, arguments->operands[i], &diag) != RS_OK) return rs_cli_report(&diag);
  }
  return rs_cli_print_table(arguments, j.table);
}

const rs_command rs_command_topology = {
    .name = "topology",
    .operands = "SPEC…",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "measures and cable count of a wiring; exports and pictures",
    .example = "realscale topology realscale:264 --export r264.svg",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_topology,
};
