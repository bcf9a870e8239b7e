/* `realscale compile`: a collective on a wiring, compiled, proved, played, and written. */
#include <stdlib.h>
#include <string.h>

#include "rs__result.h"
#include "rs_cli.h"
#include "rs_msccl.h"
#include "rs_random.h"
#include "rs_units.h"

#define PROGRAM_BYTES_MAX ((size_t)1 << 30)
#define SIZES_BYTES_MAX ((size_t)64 << 20)

static const rs_option options[] = {
    {"topology", 't', RS_OPTION_TEXT, "SPEC", "the wiring, such as mesh:8 (needed)"},
    {"bytes", 'b', RS_OPTION_TEXT, "SIZE",
     "MPI's count, such as 16KiB (needed, but for a barrier)"},
    {"algorithm", 'a', RS_OPTION_TEXT, "NAME",
     "a row of 'list collectives' (default: auto), or FILE.xml: a program of MSCCL"},
    {"chips", 0, RS_OPTION_TEXT, "LIST", "the group, such as 0-7 (default: all chips)"},
    {"pairs", 0, RS_OPTION_TEXT, "PAIRS",
     "for send: who sends to whom, such as 0>1,1>0, or shift:1, reverse or random:SEED"},
    {"sizes", 0, RS_OPTION_TEXT, "FILE",
     "for all-to-all, instead of --bytes: a line of sizes a sender, between commas"},
    {"root", 0, RS_OPTION_TEXT, "CHIP", "for kinds with a root (default: the group's first)"},
    {"timing", 0, RS_OPTION_TEXT, "TIMING",
     "unit, a chip's (default: groqchip1), or latency=500ns,rate=50GiB/s"},
    {"steady", 0, RS_OPTION_FLAG, NULL,
     "also the period at which it can be repeated, and what is moved then"},
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

#define BARRIER "barrier"

/* A barrier is an all-reduce of one vector: nobody has its result before all have begun. */
static rs_status parse_kind(const char *word, rs__collective *j, rs_diag *diag) {
  if (rs_collective_kind_parse(word, &j->request.kind)) return RS_OK;
  if (strcmp(word, BARRIER) == 0) {
    j->request.kind = RS_ALL_REDUCE;
    j->name = BARRIER;
    j->request.label = BARRIER;
    return RS_OK;
  }
  const char *words[RS_COLLECTIVE_KIND_COUNT + 1] = {[RS_COLLECTIVE_KIND_COUNT] = BARRIER};
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

/* --sizes stands for --bytes and --algorithm. */
static rs_status check_sizes(const rs_arguments *arguments, const rs__collective *j,
                             rs_diag *diag) {
  if (j->request.kind != RS_ALL_TO_ALL) {
    return rs_diag_set(diag, RS_E_INPUT, "--sizes: only all-to-all has a size a pair");
  }
  if (rs_arguments_value(arguments, "bytes") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--bytes and --sizes: one of the two says what is moved");
  }
  if (rs_arguments_value(arguments, "algorithm") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--algorithm: with --sizes there is one only");
  }
  return RS_OK;
}

static rs_status read_sizes(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *path = rs_arguments_value(arguments, "sizes");
  rs_collective_request *request = &j->request;
  char *text;
  size_t length;
  if (path == NULL) return RS_OK;
  rs_status status = rs_file_read(arguments->arena, path, SIZES_BYTES_MAX, &text, &length, diag);
  if (status == RS_OK) {
    status =
        rs__sizes_parse(arguments->arena, path, text, length, request->chip_count, &j->sizes, diag);
  }
  for (size_t i = 0; status == RS_OK && i < (size_t)request->chip_count * request->chip_count;
       i++) {
    request->block_bytes = RS_MAX(request->block_bytes, j->sizes[i]);
  }
  return status;
}

static rs_status read_bytes(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *bytes;
  if (j->name != NULL && rs_arguments_value(arguments, "bytes") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--bytes: a %s has no size", j->name);
  }
  if (j->name != NULL) {
    j->request.block_bytes = j->timing.vector_bytes;
    return RS_OK;
  }
  if (rs_arguments_value(arguments, "sizes") != NULL) return check_sizes(arguments, j, diag);
  rs_status status = require(arguments, "bytes", &bytes, diag);
  return status == RS_OK ? parse_bytes(bytes, &j->request.block_bytes, diag) : status;
}

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

static rs_status all_chips(rs_arena *arena, uint32_t count, uint32_t **chips, rs_diag *diag) {
  *chips = RS_ARENA_NEW(arena, uint32_t, count);
  if (*chips == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < count; i++) (*chips)[i] = i;
  return RS_OK;
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

/* "3>5" at *text, which moves behind it. */
static bool parse_pair(const char **text, uint32_t chips, uint32_t pair[2]) {
  for (int i = 0; i < 2; i++) {
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 9) return false;
    pair[i] = (uint32_t)strtoul(*text, NULL, 10);
    *text += digits;
    if (pair[i] >= chips || (i == 0 && *(*text)++ != '>')) return false;
  }
  return **text == ',' || **text == '\0';
}

static rs_status list_pairs(const char *text, uint32_t chips, uint32_t *pairs, uint32_t *count,
                            rs_diag *diag) {
  const char *at = text;
  *count = 0;
  do {
    const char *start = at;
    if (*count < 2 * chips && parse_pair(&at, chips, pairs + *count)) {
      *count += 2;
      continue;
    }
    rs_diag_set(diag, RS_E_INPUT, "'%.40s' is not a pair of chips, or one too many", start);
    rs_diag_expect(diag, "0>1,1>0 with chips 0 to %u, or shift:1, reverse, random:SEED", chips - 1);
    rs_diag_at(diag, "--pairs", 1, (int)RS_MIN(start - text, 1 << 20) + 1);
    return RS_E_INPUT;
  } while (*at++ == ',');
  return RS_OK;
}

/* Permutations by name; a chip that would send to itself sends nothing. */
static bool name_pairs(const char *text, uint32_t chips, uint32_t *pairs, uint32_t *count) {
  const char *number = strchr(text, ':');
  int64_t value = 0;
  bool has_number = number != NULL &&
                    rs_quantity_parse(number + 1, RS_QUANTITY_COUNT, &value, NULL) == RS_OK &&
                    value >= 0;
  bool is_shift = strncmp(text, "shift:", 6) == 0 && has_number;
  bool is_random = strncmp(text, "random:", 7) == 0 && has_number;
  bool is_reverse = strcmp(text, "reverse") == 0;
  if (!is_shift && !is_random && !is_reverse) return false;
  rs_random random;
  uint32_t *to = pairs + (size_t)2 * chips;
  rs_random_init(&random, (uint64_t)value, 0);
  for (uint32_t i = 0; i < chips; i++) {
    to[i] = is_reverse ? chips - 1 - i : i;
    if (is_shift) to[i] = (uint32_t)((i + (uint64_t)value) % chips);
    uint32_t other = (uint32_t)rs_random_below(&random, i + 1);
    if (!is_random) continue;
    to[i] = to[other];
    to[other] = i;
  }
  *count = 0;
  for (uint32_t i = 0; i < chips; i++) {
    if (to[i] == i) continue;
    pairs[(*count)++] = i;
    pairs[(*count)++] = to[i];
  }
  return true;
}

static rs_status read_pairs(const rs_arguments *arguments, const char *text, rs__collective *j,
                            rs_diag *diag) {
  uint32_t chips = j->wiring->chip_count;
  uint32_t *pairs = RS_ARENA_NEW(arguments->arena, uint32_t, (size_t)chips * 3);
  rs_collective_request *request = &j->request;
  if (pairs == NULL) return rs_arena_failed(arguments->arena, diag);
  request->chips = pairs;
  request->root = RS_NONE;
  if (request->kind != RS_SEND) {
    return rs_diag_set(diag, RS_E_INPUT, "--pairs: only send is between pairs");
  }
  if (rs_arguments_value(arguments, "chips") != NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--chips and --pairs: one of the two says who sends");
  }
  if (!name_pairs(text, chips, pairs, &request->chip_count)) {
    return list_pairs(text, chips, pairs, &request->chip_count, diag);
  }
  if (request->chip_count > 0) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "--pairs: in '%.40s' every chip sends to itself", text);
}

static rs_status read_group(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *pairs = rs_arguments_value(arguments, "pairs");
  if (pairs != NULL) return read_pairs(arguments, pairs, j, diag);
  const char *list = rs_arguments_value(arguments, "chips");
  const char *root = rs_arguments_value(arguments, "root");
  rs_collective_request *request = &j->request;
  uint32_t *chips = NULL;
  uint32_t count = j->wiring->chip_count;
  rs_status status =
      list == NULL ? all_chips(arguments->arena, count, &chips, diag)
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

static rs_status read_job(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  const char *topology;
  const char *timing = rs_arguments_value(arguments, "timing");
  j->timing_name = timing == NULL ? "groqchip1" : timing;
  j->is_steady = rs_arguments_flag(arguments, "steady");
  rs_status status = parse_kind(arguments->operands[0], j, diag);
  if (status == RS_OK) status = require(arguments, "topology", &topology, diag);
  if (status == RS_OK) status = rs_cli_find_timing(j->timing_name, &j->timing, diag);
  if (status == RS_OK) status = read_bytes(arguments, j, diag);
  if (status == RS_OK) {
    status = rs_cli_build_topology(arguments->arena, topology, &j->topology, &j->wiring, diag);
  }
  if (status == RS_OK) status = read_group(arguments, j, diag);
  if (status == RS_OK) status = read_sizes(arguments, j, diag);
  j->request.algorithm = rs_arguments_value(arguments, "algorithm");
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
  rs_status status = read_job(arguments, &j, &diag);
  if (status == RS_OK) status = read_program(arena, &j, &diag);
  if (status == RS_OK) status = rs__collective_compile(arena, &j, &diag);
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
