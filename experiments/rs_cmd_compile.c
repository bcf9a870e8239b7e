/* `realscale compile`: a collective on a wiring, compiled, proved, played, and written. */
#include <string.h>

#include "rs__result.h"
#include "rs_cli.h"
#include "rs_msccl.h"
#include "rs_units.h"

#define PROGRAM_BYTES_MAX ((size_t)1 << 30)
enum { MARGIN_CYCLES_MAX = 1 << 20 };

static const rs_option options[] = {
    {"topology", 't', RS_OPTION_TEXT, "SPEC", "the wiring, such as mesh:8 (needed)"},
    {"bytes", 'b', RS_OPTION_TEXT, "SIZE", "MPI's count, such as 16KiB (needed)"},
    {"algorithm", 'a', RS_OPTION_TEXT, "NAME",
     "a row of 'list collectives' (default: auto), or FILE.xml: a program of MSCCL"},
    {"chips", 0, RS_OPTION_TEXT, "LIST", "the group, such as 0-7 (default: all but spare ones)"},
    {"root", 0, RS_OPTION_TEXT, "CHIP", "for kinds with a root (default: the group's first)"},
    {"timing", 0, RS_OPTION_TEXT, "TIMING",
     "unit, a chip's (default: groqchip1), or latency=500ns,rate=50GiB/s"},
    {"deskew-margin", 0, RS_OPTION_TEXT, "CYCLES",
     "from nominal arrival to receive on every hop (default: 0)"},
    {"fidelity", 0, RS_OPTION_TEXT, "NAME",
     "burst (default), or vector: play it again with every vector of data moved and added"},
    {"output", 'o', RS_OPTION_TEXT, "FILE",
     "write the schedule, or as FILE.xml a program of MSCCL"},
};

/* ---- arguments ---- */

static rs_status require(const rs_arguments *arguments, const char *option, const char **value,
                         rs_diag *diag) {
  *value = rs_arguments_value(arguments, option);
  if (*value != NULL) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--%s is missing", option);
  rs_diag_expect(diag, "for example `%s`",
                 "realscale compile all-reduce --topology mesh:8 --bytes 16KiB");
  return RS_E_INPUT;
}

static rs_status parse_kind(const char *word, rs_collective_kind *kind, rs_diag *diag) {
  if (rs_collective_kind_parse(word, kind)) return RS_OK;
  const char *words[RS_COLLECTIVE_KIND_COUNT];
  for (int i = 0; i < RS_COLLECTIVE_KIND_COUNT; i++) {
    words[i] = rs_collective_kind_word((rs_collective_kind)i);
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown collective '%s'", word);
  rs_diag_expect(diag, "a collective that 'realscale list collectives' shows");
  rs_diag_suggest(diag, rs_nearest_word(word, words, RS_COUNT_OF(words)));
  return RS_E_INPUT;
}

static rs_status parse_bytes(const char *text, int64_t *bytes, rs_diag *diag) {
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_BYTES, bytes, diag);
  if (status == RS_OK && *bytes < 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "'%s' is not a size to move", text);
    rs_diag_expect(diag, "at least 1B");
  }
  if (status != RS_OK) rs_diag_at(diag, "--bytes", 1, 1);
  return status;
}

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

static rs_status chips_of(rs_arena *arena, const char *option, const char *text,
                          const rs_wiring *wiring, uint32_t **chips, uint32_t *count,
                          rs_diag *diag) {
  int64_t *numbers;
  size_t number_count;
  rs_status status = rs_cli_parse_list(arena, text, &numbers, &number_count, diag);
  if (status != RS_OK) return status;
  *chips = RS_ARENA_NEW(arena, uint32_t, number_count);
  if (*chips == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < number_count; i++) {
    if (numbers[i] >= wiring->chip_count) {
      rs_diag_set(diag, RS_E_INPUT, "--%s: there is no chip %lld", option, (long long)numbers[i]);
      rs_diag_expect(diag, "chips 0 to %u", wiring->chip_count - 1);
      return RS_E_INPUT;
    }
    (*chips)[i] = (uint32_t)numbers[i];
  }
  *count = (uint32_t)number_count;
  return RS_OK;
}

static rs_status read_group(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *list = rs_arguments_value(arguments, "chips");
  const char *root = rs_arguments_value(arguments, "root");
  rs_collective_request *request = &j->request;
  uint32_t *chips = NULL;
  uint32_t count;
  rs_status status =
      list == NULL ? rs_wiring_working(arguments->arena, j->wiring, &chips, &count, diag)
                   : chips_of(arguments->arena, "chips", list, j->wiring, &chips, &count, diag);
  if (status != RS_OK) return status;
  request->chips = chips;
  request->chip_count = count;
  request->root = has_root(request->kind) ? chips[0] : RS_NONE;
  if (root == NULL) return RS_OK;
  if (!has_root(request->kind)) {
    return rs_diag_set(diag, RS_E_INPUT, "--root: a collective of this kind has no root");
  }
  uint32_t *roots;
  status = chips_of(arguments->arena, "root", root, j->wiring, &roots, &count, diag);
  if (status == RS_OK && count != 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "--root: '%s' is not one chip", root);
  }
  if (status == RS_OK) request->root = roots[0];
  return status;
}

static rs_status parse_margin(const char *text, int64_t *margin, rs_diag *diag) {
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, margin, diag);
  if (status == RS_OK && (*margin < 0 || *margin > MARGIN_CYCLES_MAX)) {
    status = rs_diag_set(diag, RS_E_INPUT, "'%s' is not a margin", text);
    rs_diag_expect(diag, "0 to %d cycles", MARGIN_CYCLES_MAX);
  }
  if (status != RS_OK) rs_diag_at(diag, "--deskew-margin", 1, 1);
  return status;
}

static rs_status read_job(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *topology;
  const char *bytes;
  const char *timing = rs_arguments_value(arguments, "timing");
  rs_status status = parse_kind(arguments->operands[0], &j->request.kind, diag);
  if (status == RS_OK) status = require(arguments, "topology", &topology, diag);
  if (status == RS_OK) status = require(arguments, "bytes", &bytes, diag);
  if (status == RS_OK) status = parse_bytes(bytes, &j->request.block_bytes, diag);
  if (status == RS_OK) {
    j->timing_name = timing == NULL ? "groqchip1" : timing;
    status = rs_cli_find_timing(j->timing_name, &j->timing, diag);
  }
  if (status == RS_OK) {
    status = rs_cli_build_topology(arguments->arena, topology, &j->topology, &j->wiring, diag);
  }
  if (status == RS_OK) status = read_group(arguments, j, diag);
  j->request.algorithm = rs_arguments_value(arguments, "algorithm");
  const char *margin = rs_arguments_value(arguments, "deskew-margin");
  if (status == RS_OK && margin != NULL) {
    status = parse_margin(margin, &j->request.deskew_margin_cycles, diag);
  }
  return status;
}

/* ---- work ---- */

static bool is_xml(const char *path) {
  size_t length = path == NULL ? 0 : strlen(path);
  return length > 4 && strcmp(path + length - 4, ".xml") == 0;
}

/* The algorithm may be a file: a program of MSCCL for the collective that was asked for. */
static rs_status read_program(rs_arena *arena, rs__collective *j, rs_diag *diag) {
  const char *path = j->request.algorithm;
  char *text;
  size_t length;
  if (!is_xml(path)) return RS_OK;
  rs_status status = rs_file_read(arena, path, PROGRAM_BYTES_MAX, &text, &length, diag);
  if (status == RS_OK) status = rs_msccl_parse(arena, path, text, length, &j->program, diag);
  if (status != RS_OK || rs_msccl_kind(j->program) == j->request.kind) return status;
  rs_diag_set(diag, RS_E_INPUT, "this program is %s",
              rs_collective_kind_word(rs_msccl_kind(j->program)));
  rs_diag_expect(diag, "%s", rs_collective_kind_word(j->request.kind));
  rs_diag_at(diag, path, 0, 0);
  return RS_E_INPUT;
}

static rs_status parse_fidelity(const char *word, bool *moves_vectors, rs_diag *diag) {
  static const char *const words[] = {"burst", "vector"};
  *moves_vectors = word != NULL && strcmp(word, "vector") == 0;
  if (word == NULL || *moves_vectors || strcmp(word, "burst") == 0) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--fidelity: unknown word '%s'", word);
  rs_diag_expect(diag, "burst or vector");
  rs_diag_suggest(diag, rs_nearest_word(word, words, RS_COUNT_OF(words)));
  return RS_E_INPUT;
}

static rs_status write_output(const char *path, const rs__collective *j, rs_diag *diag) {
  if (!is_xml(path)) return rs__proof_write(path, j->schedule, j->wiring, diag);
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_status status = rs_msccl_print(j->schedule, j->wiring, 0, &sink, diag);
  if (status == RS_OK && text.failed) status = rs_arena_failed(NULL, diag);
  if (status == RS_OK) status = rs_file_write(path, text.bytes, text.length, diag);
  rs_text_deinit(&text);
  return status;
}

/* What the choice was, for people: on stderr, so that results stay results. */
static void print_choice(const rs_compile_report *report) {
  for (uint32_t i = 0; i < report->row_count && report->row_count > 1; i++) {
    const rs_compile_row *row = &report->rows[i];
    const char *mark = strcmp(row->algorithm, report->algorithm) == 0 ? "chosen " : "        ";
    if (row->makespan_cycles >= 0) {
      fprintf(stderr, "%s%-30s %lld cycles, %llu bursts\n", mark, row->algorithm,
              (long long)row->makespan_cycles, (unsigned long long)row->bursts);
    } else {
      fprintf(stderr, "%s%-30s not compiled: %s\n", mark, row->algorithm, row->reason);
    }
  }
}

static int run_compile(const rs_arguments *arguments) {
  rs_diag diag = {0};
  rs__collective j = {0};
  rs_result result;
  rs_table *table;
  rs_arena *arena = arguments->arena;
  const char *output = rs_arguments_value(arguments, "output");
  bool moves_vectors;
  rs_status status = read_job(arguments, &j, &diag);
  if (status == RS_OK) {
    status = parse_fidelity(rs_arguments_value(arguments, "fidelity"), &moves_vectors, &diag);
  }
  if (status == RS_OK) status = read_program(arena, &j, &diag);
  if (status == RS_OK) status = rs__collective_compile(arena, &j, &diag);
  if (status == RS_OK && moves_vectors) {
    status = rs__proof_play_vectors(j.schedule, j.wiring, &j.proof, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  print_choice(&j.report);
  status = rs_result_create(arena, RS_TASK_COLLECTIVE, &result, &diag);
  if (status == RS_OK) {
    rs__collective_fill(arena, &j, &result);
    status = rs_result_tabulate(arena, RS_TASK_COLLECTIVE, &result, 1, &table, &diag);
  }
  if (status == RS_OK && output != NULL) {
    status = write_output(output, &j, &diag);
  }
  return status == RS_OK ? rs_cli_print_table(arguments, table) : rs_cli_report(&diag);
}

const rs_command rs_command_compile = {
    .name = "compile",
    .operands = "COLLECTIVE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a collective into a proved schedule; its makespan beside the lower bound",
    .example = "realscale compile all-reduce --topology mesh:8 --bytes 16KiB -o a.rsched",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_compile,
};
