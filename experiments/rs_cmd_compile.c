/* `realscale compile`: a collective on a wiring, compiled, proved, played, and written. */
#include <string.h>

#include "rs__cmd_compile.h"
#include "rs__experiment.h"
#include "rs_msccl.h"
#include "rs_periodic.h"
#include "rs_units.h"

#define PROGRAM_BYTES_MAX ((size_t)1 << 30)
#define SIZES_BYTES_MAX ((size_t)64 << 20)
enum { MARGIN_CYCLES_MAX = 1 << 20 };
/* As the keys of task clock have them when they are left out. */
enum { DESKEW_PPM = 100, LINK_SPREAD_MILLI = 2800 };

static const rs_option options[] = {
    {"topology", 't', RS_OPTION_TEXT, "SPEC", "the wiring, such as mesh:8 (needed)"},
    {"bytes", 'b', RS_OPTION_TEXT, "SIZE",
     "MPI's count, such as 16KiB (needed, but for a barrier)"},
    {"algorithm", 'a', RS_OPTION_TEXT, "NAME",
     "a row of 'list collectives' (default: auto), or FILE.xml: a program of MSCCL"},
    {"chips", 0, RS_OPTION_LIST, "LIST",
     "the group, such as 0-7 (default: all but spare ones); again: another at the same time"},
    {"groups", 0, RS_OPTION_TEXT, "N", "the chips in groups of N, all at the same time"},
    {"pairs", 0, RS_OPTION_TEXT, "PAIRS",
     "for send: who sends to whom, such as 0>1,1>0, or shift:1, reverse or random:SEED"},
    {"sizes", 0, RS_OPTION_TEXT, "FILE",
     "for all-to-all, instead of --bytes: a line of sizes a sender, between commas"},
    {"root", 0, RS_OPTION_TEXT, "CHIP", "for kinds with a root (default: the group's first)"},
    {"timing", 0, RS_OPTION_TEXT, "TIMING",
     "unit, a chip's (default: groqchip1), or latency=500ns,rate=50GiB/s"},
    {"deskew-margin", 0, RS_OPTION_TEXT, "CYCLES",
     "from nominal arrival to receive on every hop (default: 0)"},
    {"deskew-interval", 0, RS_OPTION_TEXT, "TIME",
     "DESKEW at the start and RUNTIME_DESKEW this often, in cycles or a time such as 72us"},
    {"deskew-ppm", 0, RS_OPTION_TEXT, "PPM",
     "oscillators that RUNTIME_DESKEW must make good (default: 100)"},
    {"fidelity", 0, RS_OPTION_TEXT, "NAME",
     "burst (default), or vector: play it again with every vector of data moved and added"},
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

static rs_status read_sizes(const rs_arguments *arguments, const rs__compile_jobs *all,
                            rs_diag *diag) {
  const char *path = rs_arguments_value(arguments, "sizes");
  rs__collective *j = &all->items[0];
  rs_collective_request *request = &j->request;
  char *text;
  size_t length;
  if (path == NULL) return RS_OK;
  if (all->count > 1) {
    return rs_diag_set(diag, RS_E_INPUT, "--sizes: they are for one group, and here are %zu",
                       all->count);
  }
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

static rs_status parse_margin(const char *text, int64_t *margin, rs_diag *diag) {
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, margin, diag);
  if (status == RS_OK && (*margin < 0 || *margin > MARGIN_CYCLES_MAX)) {
    status = rs_diag_set(diag, RS_E_INPUT, "'%s' is not a margin", text);
    rs_diag_expect(diag, "0 to %d cycles", MARGIN_CYCLES_MAX);
  }
  if (status != RS_OK) rs_diag_at(diag, "--deskew-margin", 1, 1);
  return status;
}

/* --deskew-interval and --deskew-ppm. */
static rs_status read_deskew(const rs_arguments *arguments, rs__collective *j, rs_diag *diag) {
  rs__stalled *d = &j->stalled;
  const char *ppm = rs_arguments_value(arguments, "deskew-ppm");
  const char *interval = rs_arguments_value(arguments, "deskew-interval");
  d->margin_cycles = j->request.deskew_margin_cycles;
  d->offset_ppb = 1000 * DESKEW_PPM;
  d->link_spread_milli = LINK_SPREAD_MILLI;
  if (interval == NULL) {
    return ppm == NULL ? RS_OK
                       : rs_diag_set(diag, RS_E_INPUT, "--deskew-ppm: without --deskew-interval");
  }
  if (ppm != NULL && !rs__experiment_parse_decimal(ppm, RS_CLOCK_OFFSET_PPB_MAX, &d->offset_ppb)) {
    rs_diag_set(diag, RS_E_INPUT, "--deskew-ppm: '%s' is no offset", ppm);
    rs_diag_expect(diag, "parts per million such as 100 or 12.5");
    return RS_E_INPUT;
  }
  if (j->is_steady) {
    return rs_diag_set(diag, RS_E_INPUT,
                       "--steady: repeats of a schedule with stalls do not overlap");
  }
  rs_status status = rs_quantity_parse(interval, RS_QUANTITY_COUNT, &d->interval_cycles, NULL);
  if (status != RS_OK) {
    status = rs_cli_read_cycles(arguments, "deskew-interval", "72us, or a number of cycles",
                                j->timing.clock_hz, &d->interval_cycles, diag);
  }
  if (status == RS_OK && d->interval_cycles < 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "--deskew-interval: '%s' is not an interval", interval);
    rs_diag_expect(diag, "at least 1 cycle");
  }
  return status;
}

static rs_status read_jobs(const rs_arguments *arguments, rs__compile_jobs *all, rs_diag *diag) {
  rs__collective first = {0}, *j = &first;
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
  j->request.algorithm = rs_arguments_value(arguments, "algorithm");
  const char *margin = rs_arguments_value(arguments, "deskew-margin");
  if (status == RS_OK && margin != NULL) {
    status = parse_margin(margin, &j->request.deskew_margin_cycles, diag);
  }
  if (status == RS_OK) status = read_deskew(arguments, j, diag);
  if (status == RS_OK) status = rs__compile_read_groups(arguments, j, all, diag);
  for (size_t i = 0; status == RS_OK && i < all->count; i++) {
    all->items[i].stalled.root = all->items[0].request.chips[0];
  }
  return status == RS_OK ? read_sizes(arguments, all, diag) : status;
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

static void print_deskew(const rs__collective *j) {
  const rs__stalled *d = &j->stalled;
  if (d->interval_cycles == 0 || d->need_cycles <= d->margin_cycles) return;
  fprintf(stderr,
          "realscale: oscillators of ±%lld.%03lld ppm ask for a margin of %lld cycles, and "
          "--deskew-margin is %lld\n",
          (long long)(d->offset_ppb / 1000), (long long)(d->offset_ppb % 1000),
          (long long)d->need_cycles, (long long)d->margin_cycles);
}

/* Groups in the order in which they were given book the links one after the other; the whole is
 * proved and played as one. */
static rs_status compile_together(rs_arena *arena, const rs__compile_jobs *all, rs_diag *diag) {
  const rs__collective *first = &all->items[0];
  rs_calendar *calendar = rs_calendar_create(arena, first->wiring, &first->timing);
  rs_schedule *schedule = rs_schedule_create(arena, first->wiring, first->topology, &first->timing);
  rs_proof proof;
  rs_status status = RS_OK;
  if (calendar == NULL || schedule == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < all->count && status == RS_OK; i++) {
    rs__collective *j = &all->items[i];
    j->schedule = schedule;
    status =
        rs_collective_compile(schedule, j->wiring, calendar, &j->request, NULL, &j->report, diag);
    if (status == RS_OK) {
      status = rs_collective_bound(arena, j->wiring, &j->timing, &j->request, &j->bound, diag);
    }
  }
  if (status == RS_OK) status = rs__proof_run(schedule, first->wiring, &proof, diag);
  if (status == RS_OK && first->stalled.interval_cycles > 0) {
    rs__stalled *stalled = &all->items[0].stalled;
    status = rs__result_add_stalls(arena, stalled, schedule, first->wiring, &proof, diag);
  }
  int64_t period = 0;
  if (status == RS_OK && first->is_steady) {
    status = rs_periodic_find(arena, schedule, first->wiring, &period, diag);
  }
  for (size_t i = 0; i < all->count && status == RS_OK; i++) {
    all->items[i].proof = proof;
    all->items[i].period_cycles = period;
  }
  return status;
}

static rs_status compile_all(rs_arena *arena, const rs__compile_jobs *all, rs_diag *diag) {
  if (all->count == 1) {
    rs_status status = read_program(arena, &all->items[0], diag);
    return status == RS_OK ? rs__collective_compile(arena, &all->items[0], diag) : status;
  }
  if (is_xml(all->items[0].request.algorithm)) {
    return rs_diag_set(diag, RS_E_INPUT, "a program of MSCCL is for one group");
  }
  return compile_together(arena, all, diag);
}

static rs_status tabulate(rs_arena *arena, const rs__compile_jobs *all, rs_table **table,
                          rs_diag *diag) {
  rs_result *results = RS_ARENA_NEW(arena, rs_result, all->count);
  rs_status status = results == NULL ? rs_arena_failed(arena, diag) : RS_OK;
  for (size_t i = 0; i < all->count && status == RS_OK; i++) {
    status = rs_result_create(arena, RS_TASK_COLLECTIVE, &results[i], diag);
    if (status == RS_OK) rs__collective_fill(arena, &all->items[i], &results[i]);
  }
  if (status != RS_OK) return status;
  return rs_result_tabulate(arena, RS_TASK_COLLECTIVE, results, all->count, table, diag);
}

static int run_compile(const rs_arguments *arguments) {
  rs_diag diag = {0};
  rs__compile_jobs all;
  rs_table *table;
  rs_arena *arena = arguments->arena;
  const char *output = rs_arguments_value(arguments, "output");
  bool moves_vectors;
  rs_status status = read_jobs(arguments, &all, &diag);
  if (status == RS_OK) {
    status = parse_fidelity(rs_arguments_value(arguments, "fidelity"), &moves_vectors, &diag);
  }
  if (status == RS_OK) status = compile_all(arena, &all, &diag);
  if (status == RS_OK && moves_vectors) {
    const rs__collective *j = &all.items[0]; /* groups share one schedule */
    status = rs__proof_play_vectors(j->schedule, j->wiring, &j->proof, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  print_choice(&all.items[0].report);
  print_deskew(&all.items[0]);
  status = tabulate(arena, &all, &table, &diag);
  if (status == RS_OK && output != NULL) status = write_output(output, &all.items[0], &diag);
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
