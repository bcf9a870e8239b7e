/*
 * The command line: one table a command, from which arguments are parsed, errors are made and
 * --help is printed.
 *
 * Conventions of every command: --help with an example; --format table|csv|json; results on stdout,
 * everything else on stderr; exit status 0 good, 1 a check or a point failed, 2 unusable input. An
 * option's value may follow as "--name value" or "--name=value"; short options are one letter;
 * "--" ends options. Errors: `realscale COMMAND: what; expected …; did you mean '…'?`
 */
#ifndef RS_CLI_H
#define RS_CLI_H

#include <stdio.h>

#include "rs_arena.h"
#include "rs_table.h"

#define RS_EXIT_GOOD 0
#define RS_EXIT_FAILED 1
#define RS_EXIT_USAGE 2

typedef enum rs_option_kind {
  RS_OPTION_FLAG,
  RS_OPTION_TEXT, /* may be given once */
  RS_OPTION_LIST  /* may be given many times */
} rs_option_kind;

typedef struct rs_option {
  const char *name; /* "topology", without dashes */
  char letter;      /* 'o', or 0 */
  rs_option_kind kind;
  const char *value; /* "SPEC" for the help; NULL for a flag */
  const char *help;
} rs_option;

typedef struct rs_arguments {
  const char *command;
  const rs_option *options;
  size_t option_count;
  const char ***values; /* [option] list of values given */
  size_t *value_counts; /* [option]; for a flag: how often */
  const char **operands;
  size_t operand_count;
  rs_format format; /* from --format; the default is table */
  rs_arena *arena;
} rs_arguments;

typedef int rs_command_run(const rs_arguments *arguments);

typedef struct rs_command {
  const char *name;     /* "topology" */
  const char *operands; /* "SPEC" for the help */
  size_t operands_min, operands_max;
  const char *summary; /* one line */
  const char *example; /* whole command line */
  const rs_option *options;
  size_t option_count;
  rs_command_run *run;
} rs_command;

/* Each command is defined in experiments/rs_cmd_<name>.c as `const rs_command rs_command_<name>`. */
extern const rs_command rs_command_run_experiment, rs_command_plot, rs_command_topology,
    rs_command_compile, rs_command_check, rs_command_diff, rs_command_fault, rs_command_trace,
    rs_command_clock, rs_command_cost, rs_command_plan, rs_command_report, rs_command_validate,
    rs_command_list;

int rs_cli_main(int argc, char **argv);

/* The value of an option by name, NULL when absent; the name must be one of the command's. */
const char *rs_arguments_value(const rs_arguments *arguments, const char *option);
/* How often a list's option was given, and its values. */
size_t rs_arguments_values(const rs_arguments *arguments, const char *option,
                           const char *const **values);
bool rs_arguments_flag(const rs_arguments *arguments, const char *option);

/* Prints the diagnostic as one line on stderr ("realscale: " in front when it has no file), and
 * returns the exit status that goes with it: RS_E_REFUSED and RS_E_INFEASIBLE 1, the rest 2. */
int rs_cli_report(const rs_diag *diag);

/* Prints the table to stdout in the arguments' format, with the width of the terminal. Returns
 * RS_EXIT_GOOD, or RS_EXIT_USAGE with a message when stdout could not be written. */
int rs_cli_print_table(const rs_arguments *arguments, const rs_table *table);

/* The same without a width: a list of names and sentences is read whole. */
int rs_cli_print_list(const rs_arguments *arguments, const rs_table *table);

/* A list such as "1,3,6" or "0-7,16" as integers ≥ 0 (arena's array). */
rs_status rs_cli_parse_list(rs_arena *arena, const char *text, int64_t **values, size_t *count,
                            rs_diag *diag);

/* A time option such as 300ns in whole cycles of a clock, rounded up; *cycles stays when it was not
 * given. `example` is for the message. */
rs_status rs_cli_read_cycles(const rs_arguments *arguments, const char *option, const char *example,
                             int64_t clock_hz, int64_t *cycles, rs_diag *diag);

/* ---- files, for all commands ---- */

/* Reads a whole regular file of at most limit_bytes: RS_E_INPUT with the file's name for one that
 * is absent, a directory, unreadable or too large. The text is NUL-terminated and the arena's. */
rs_status rs_file_read(rs_arena *arena, const char *path, size_t limit_bytes, char **text,
                       size_t *length, rs_diag *diag);
/* The same file piece by piece; "-": stdin. rs_file_read_some is an rs_source_read of a descriptor. */
rs_status rs_file_open(const char *path, int *descriptor, rs_diag *diag);
ptrdiff_t rs_file_read_some(void *descriptor, char *bytes, size_t capacity);
void rs_file_close(int descriptor);
/* Writes to a temporary name beside `path`, then renames: never half a file. `fill` puts the text
 * into the sink, in pieces of any size; its failure is the result, and the file stays as it was. */
typedef rs_status rs_file_fill(void *context, rs_sink *sink, rs_diag *diag);
rs_status rs_file_print(const char *path, rs_file_fill *fill, void *context, rs_diag *diag);
/* The same for a text that is there. */
rs_status rs_file_write(const char *path, const char *bytes, size_t length, rs_diag *diag);
/* Makes a folder and its parents. */
rs_status rs_file_make_folder(const char *path, rs_diag *diag);

/* ---- what several commands need ---- */

/* Parses a topology; "file:PATH" is read here, as GraphML or as a list of edges. */
struct rs_topology;
rs_status rs_cli_parse_topology(rs_arena *arena, const char *spec, struct rs_topology **topology,
                                rs_diag *diag);

/* Parses and builds a topology with the chip's usual ports. */
struct rs_wiring;
rs_status rs_cli_build_topology(rs_arena *arena, const char *spec, const char **canonical,
                                const struct rs_wiring **wiring, rs_diag *diag);

/* A model by the name of a preset, or by the path of a config.json (a '/' in it, or .json at its end). */
struct rs_model;
rs_status rs_cli_find_model(rs_arena *arena, const char *name, struct rs_model *model,
                            rs_diag *diag);

/* Whether a model's or a chip's name is the path of its file: a '/' in it, or .json at its end. */
bool rs_cli_is_path(const char *name);

/* A chip by its name, or by the path of its file (a '/' in it, or .json at its end). */
struct rs_chip;
struct rs_chip_file;
rs_status rs_cli_find_chip(rs_arena *arena, const char *name, const struct rs_chip **chip,
                           rs_diag *diag);
/* The same with what its file says of every number. */
rs_status rs_cli_read_chip(rs_arena *arena, const char *name, struct rs_chip_file *file,
                           rs_diag *diag);

/* A timing: "unit", the name of an LPU, or keys and values as below. */
struct rs_timing;
rs_status rs_cli_find_timing(const char *name, struct rs_timing *timing, rs_diag *diag);

/* latency=TIME,rate=RATE[,vector=SIZE][,clock=FREQUENCY][,send=TIME][,receive=TIME][,forward=TIME]
 * [,add=TIME]: a message of n bytes takes latency + n/rate on a lone link. Left out: 320B, 1GHz, and
 * no time. The timing is named "custom". */
rs_status rs_cli_parse_timing(const char *text, struct rs_timing *timing, rs_diag *diag);

#endif
