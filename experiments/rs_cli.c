/*
 * The command line. A command is a table row; parsing, errors and --help all read the same row, so
 * that what the help says is what the parser does.
 */
#include "rs_cli.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rs_math.h"

static const rs_command *const commands[] = {
    &rs_command_run_experiment, &rs_command_topology, &rs_command_compile, &rs_command_check,
    &rs_command_diff,           &rs_command_fault,    &rs_command_replay,  &rs_command_trace,
    &rs_command_clock,          &rs_command_cost,     &rs_command_plan,    &rs_command_plot,
    &rs_command_report,         &rs_command_validate, &rs_command_list,
};

/* Every command has these besides its own. */
static const rs_option common_options[] = {
    {"format", 0, RS_OPTION_TEXT, "table|csv|json", "how results are printed (default: table)"},
    {"help", 'h', RS_OPTION_FLAG, NULL, "this text"},
};

enum { OPTION_FORMAT, OPTION_HELP };

/* ---- help ---- */

static void print_option(const rs_option *option) {
  char left[64];
  const char *value = option->value == NULL ? "" : option->value;
  const char *gap = option->value == NULL ? "" : " ";
  if (option->letter != 0) {
    snprintf(left, sizeof left, "-%c, --%s%s%s", option->letter, option->name, gap, value);
  } else {
    snprintf(left, sizeof left, "    --%s%s%s", option->name, gap, value);
  }
  printf("  %-30s  %s%s\n", left, option->help,
         option->kind == RS_OPTION_LIST ? " (may be repeated)" : "");
}

static void print_command_help(const rs_command *command) {
  printf("realscale %s: %s\n\n", command->name, command->summary);
  printf("usage: realscale %s [OPTION…]%s%s\n\n", command->name,
         command->operands == NULL ? "" : " ", command->operands == NULL ? "" : command->operands);
  printf("options:\n");
  for (size_t i = 0; i < command->option_count; i++) print_option(&command->options[i]);
  for (size_t i = 0; i < RS_COUNT_OF(common_options); i++) print_option(&common_options[i]);
  printf("\nexample:\n  %s\n", command->example);
  printf("\nexit status: 0 good, 1 a check or a point failed, 2 unusable input\n");
}

static void print_general_help(void) {
  printf(
      "realscale: how fast a language model runs on chips with one clock and a timetable\n\n"
      "usage: realscale COMMAND [ARGUMENT…]\n\ncommands:\n");
  for (size_t i = 0; i < RS_COUNT_OF(commands); i++) {
    printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  }
  printf(
      "\n`realscale COMMAND --help` says more, with an example. Start with:\n"
      "  realscale run experiments/llama2_70b.yaml\n");
}

/* ---- errors ---- */

static int exit_status(rs_status status) {
  switch (status) {
    case RS_OK:
      return RS_EXIT_GOOD;
    case RS_E_REFUSED:
    case RS_E_INFEASIBLE:
      return RS_EXIT_FAILED;
    case RS_E_INPUT:
    case RS_E_LIMIT:
    case RS_E_OVERFLOW:
    case RS_E_NO_MEMORY:
    case RS_E_SYSTEM:
      return RS_EXIT_USAGE;
  }
  return RS_EXIT_USAGE;
}

int rs_cli_report(const rs_diag *diag) {
  char line[1400];
  rs_diag_format(diag, line, sizeof line);
  fprintf(stderr, "%s%s\n", diag->file[0] == '\0' ? "realscale: " : "", line);
  return exit_status(diag->status);
}

/* Errors of the command line itself have the command as their place. */
static rs_status usage_error(const rs_arguments *arguments, rs_diag *diag) {
  char place[64];
  snprintf(place, sizeof place, "realscale %s", arguments->command);
  rs_diag_at(diag, place, 0, 0);
  return diag->status;
}

/* ---- parsing ---- */

typedef struct parser {
  const rs_command *command;
  rs_arguments *arguments;
  size_t option_count; /* own and common */
  int argc;
  char **argv;
  int next;
} parser;

static const rs_option *option_at(const parser *p, size_t index) {
  size_t own = p->command->option_count;
  return index < own ? &p->command->options[index] : &common_options[index - own];
}

static rs_status unknown_option(const parser *p, const char *word, rs_diag *diag) {
  const char *names[64];
  size_t count = 0;
  for (size_t i = 0; i < p->option_count && count < RS_COUNT_OF(names); i++) {
    names[count++] = option_at(p, i)->name;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown option '%s'", word);
  rs_diag_expect(diag, "an option that 'realscale %s --help' lists", p->command->name);
  const char *bare = word + strspn(word, "-");
  const char *near = rs_nearest_word(bare, names, count);
  if (near != NULL) {
    char suggestion[80];
    snprintf(suggestion, sizeof suggestion, "--%s", near);
    rs_diag_suggest(diag, suggestion);
  }
  return RS_E_INPUT;
}

/* The option that `word` names ("--name", "--name=value", "-n"); *inline_value points behind '='. */
static size_t find_option(const parser *p, const char *word, const char **inline_value) {
  *inline_value = NULL;
  bool is_long = word[1] == '-';
  const char *name = word + (is_long ? 2 : 1);
  size_t length = strcspn(name, "=");
  for (size_t i = 0; i < p->option_count; i++) {
    const rs_option *option = option_at(p, i);
    bool same = is_long ? strlen(option->name) == length && memcmp(option->name, name, length) == 0
                        : length == 1 && option->letter == name[0] && name[0] != '\0';
    if (!same) continue;
    if (name[length] == '=') *inline_value = name + length + 1;
    return i;
  }
  return SIZE_MAX;
}

static rs_status append_value(parser *p, size_t index, const char *value, rs_diag *diag) {
  rs_arguments *arguments = p->arguments;
  const rs_option *option = option_at(p, index);
  size_t count = arguments->value_counts[index];
  if (option->kind == RS_OPTION_TEXT && count == 1) {
    return rs_diag_set(diag, RS_E_INPUT, "option --%s is given twice", option->name);
  }
  if (arguments->values[index] == NULL) {
    arguments->values[index] = RS_ARENA_NEW(arguments->arena, const char *, (size_t)p->argc);
    if (arguments->values[index] == NULL) return rs_arena_failed(arguments->arena, diag);
  }
  arguments->values[index][count] = value;
  arguments->value_counts[index]++;
  return RS_OK;
}

static rs_status parse_option(parser *p, rs_diag *diag) {
  const char *word = p->argv[p->next++];
  const char *value;
  size_t index = find_option(p, word, &value);
  if (index == SIZE_MAX) return unknown_option(p, word, diag);
  const rs_option *option = option_at(p, index);
  if (option->kind == RS_OPTION_FLAG) {
    if (value == NULL) return append_value(p, index, "", diag);
    return rs_diag_set(diag, RS_E_INPUT, "option --%s takes no value", option->name);
  }
  if (value == NULL) {
    if (p->next >= p->argc) {
      rs_diag_set(diag, RS_E_INPUT, "option --%s has no value", option->name);
      rs_diag_expect(diag, "%s", option->value);
      return RS_E_INPUT;
    }
    value = p->argv[p->next++];
  }
  return append_value(p, index, value, diag);
}

static rs_status parse_format(parser *p, rs_diag *diag) {
  static const char *const words[] = {"table", "csv", "json"};
  size_t index = p->command->option_count + OPTION_FORMAT;
  if (p->arguments->value_counts[index] == 0) return RS_OK;
  const char *value = p->arguments->values[index][0];
  for (size_t i = 0; i < RS_COUNT_OF(words); i++) {
    if (strcmp(words[i], value) != 0) continue;
    p->arguments->format = (rs_format)i;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown format '%s'", value);
  rs_diag_expect(diag, "table, csv or json");
  rs_diag_suggest(diag, rs_nearest_word(value, words, RS_COUNT_OF(words)));
  return RS_E_INPUT;
}

static rs_status check_operands(const parser *p, rs_diag *diag) {
  const rs_command *command = p->command;
  size_t count = p->arguments->operand_count;
  if (count < command->operands_min) {
    rs_diag_set(diag, RS_E_INPUT, "too few arguments");
    rs_diag_expect(diag, "%s, for example `%s`", command->operands, command->example);
    return RS_E_INPUT;
  }
  if (count > command->operands_max) {
    rs_diag_set(diag, RS_E_INPUT, "unexpected argument '%s'",
                p->arguments->operands[command->operands_max]);
    if (command->operands != NULL) rs_diag_expect(diag, "%s", command->operands);
    return RS_E_INPUT;
  }
  return RS_OK;
}

static rs_status parse_arguments(parser *p, rs_diag *diag) {
  bool only_operands = false;
  while (p->next < p->argc) {
    const char *word = p->argv[p->next];
    if (!only_operands && strcmp(word, "--") == 0) {
      only_operands = true;
      p->next++;
    } else if (!only_operands && word[0] == '-' && word[1] != '\0') {
      rs_status status = parse_option(p, diag);
      if (status != RS_OK) return status;
    } else {
      p->arguments->operands[p->arguments->operand_count++] = word;
      p->next++;
    }
  }
  return RS_OK;
}

static bool asks_for_help(const parser *p) {
  return p->arguments->value_counts[p->command->option_count + OPTION_HELP] > 0;
}

/* Help wins over every other complaint: who asks for it has something wrong already. */
static rs_status parse_all(parser *p, rs_diag *diag) {
  rs_status status = parse_arguments(p, diag);
  if (asks_for_help(p)) return RS_OK;
  if (status == RS_OK) status = parse_format(p, diag);
  if (status == RS_OK) status = check_operands(p, diag);
  return status == RS_OK ? RS_OK : usage_error(p->arguments, diag);
}

/* ---- running ---- */

/* stdout is checked once, at the end: a reader who has gone away is no error, a full disk is one. */
static int finish_output(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  if (errno == EPIPE) return status;
  fprintf(stderr, "realscale: cannot write to stdout: %s\n", strerror(errno));
  return RS_EXIT_USAGE;
}

static int run_command(const rs_command *command, rs_arena *arena, int argc, char **argv) {
  size_t option_count = command->option_count + RS_COUNT_OF(common_options);
  rs_arguments arguments = {.command = command->name,
                            .options = command->options,
                            .option_count = command->option_count,
                            .values = RS_ARENA_NEW(arena, const char **, option_count),
                            .value_counts = RS_ARENA_NEW(arena, size_t, option_count),
                            .operands = RS_ARENA_NEW(arena, const char *, (size_t)argc + 1),
                            .format = RS_FORMAT_TABLE,
                            .arena = arena};
  rs_diag diag = {0};
  if (arguments.values == NULL || arguments.value_counts == NULL || arguments.operands == NULL) {
    rs_arena_failed(arena, &diag);
    return rs_cli_report(&diag);
  }
  parser p = {command, &arguments, option_count, argc, argv, 0};
  if (parse_all(&p, &diag) != RS_OK) return rs_cli_report(&diag);
  if (asks_for_help(&p)) {
    print_command_help(command);
    return RS_EXIT_GOOD;
  }
  return command->run(&arguments);
}

static const rs_command *find_command(const char *name) {
  for (size_t i = 0; i < RS_COUNT_OF(commands); i++) {
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  }
  return NULL;
}

static int unknown_command(const char *name) {
  const char *names[RS_COUNT_OF(commands)];
  for (size_t i = 0; i < RS_COUNT_OF(commands); i++) names[i] = commands[i]->name;
  rs_diag diag;
  rs_diag_set(&diag, RS_E_INPUT, "unknown command '%s'", name);
  rs_diag_expect(&diag, "a command that 'realscale --help' lists");
  rs_diag_suggest(&diag, rs_nearest_word(name, names, RS_COUNT_OF(names)));
  return rs_cli_report(&diag);
}

int rs_cli_main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc < 2) {
    print_general_help();
    finish_output(RS_EXIT_GOOD);
    return RS_EXIT_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
    print_general_help();
    return finish_output(RS_EXIT_GOOD);
  }
  if (strcmp(name, "--version") == 0) {
    printf("realscale %s\n", RS_VERSION);
    return finish_output(RS_EXIT_GOOD);
  }
  const rs_command *command = find_command(name);
  if (command == NULL) return unknown_command(name);
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  if (arena == NULL) {
    rs_arena_failed(arena, &diag);
    return rs_cli_report(&diag);
  }
  int status = finish_output(run_command(command, arena, argc - 2, argv + 2));
  rs_arena_destroy(arena);
  return status;
}

/* ---- asking the arguments ---- */

static size_t option_index(const rs_arguments *arguments, const char *option) {
  for (size_t i = 0; i < arguments->option_count; i++) {
    if (strcmp(arguments->options[i].name, option) == 0) return i;
  }
  assert(false); /* not an option of the command */
  return 0;
}

const char *rs_arguments_value(const rs_arguments *arguments, const char *option) {
  size_t index = option_index(arguments, option);
  return arguments->value_counts[index] == 0 ? NULL : arguments->values[index][0];
}

size_t rs_arguments_values(const rs_arguments *arguments, const char *option,
                           const char *const **values) {
  size_t index = option_index(arguments, option);
  *values = arguments->values[index];
  return arguments->value_counts[index];
}

bool rs_arguments_flag(const rs_arguments *arguments, const char *option) {
  return arguments->value_counts[option_index(arguments, option)] > 0;
}

/* ---- printing ---- */

static int write_stdout(void *context, const char *bytes, size_t length) {
  (void)context;
  return fwrite(bytes, 1, length, stdout) == length ? 0 : 1;
}

/* The table form is for reading, also in a pipe or a file; programs have CSV and JSON. */
#define PIPE_WIDTH 120

static size_t terminal_width(void) {
  struct winsize size;
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return PIPE_WIDTH;
  return size.ws_col == 0 ? PIPE_WIDTH : size.ws_col;
}

static int print_table(const rs_arguments *arguments, const rs_table *table, size_t width) {
  rs_sink sink = {.write = write_stdout};
  rs_table_print(table, arguments->format, width, &sink);
  return RS_EXIT_GOOD; /* a failed write is sticky in stdout and seen at the end */
}

int rs_cli_print_table(const rs_arguments *arguments, const rs_table *table) {
  return print_table(arguments, table, terminal_width());
}

int rs_cli_print_list(const rs_arguments *arguments, const rs_table *table) {
  return print_table(arguments, table, 0);
}

/* ---- lists of numbers ---- */

#define LIST_COUNT_MAX 1000000

static bool parse_number(const char **cursor, int64_t *value) {
  if (**cursor < '0' || **cursor > '9') return false;
  errno = 0;
  char *end;
  *value = strtoll(*cursor, &end, 10);
  *cursor = end;
  return errno == 0;
}

/* One pass to count (values = NULL), one to fill. */
static bool walk_list(const char *text, int64_t *values, size_t *count) {
  const char *cursor = text;
  *count = 0;
  for (;;) {
    int64_t low;
    if (!parse_number(&cursor, &low)) return false;
    int64_t high = low;
    if (*cursor == '-') {
      cursor++;
      if (!parse_number(&cursor, &high) || high < low) return false;
    }
    if (high - low >= LIST_COUNT_MAX) return false;
    for (int64_t value = low; value <= high; value++) {
      if (*count >= LIST_COUNT_MAX) return false;
      if (values != NULL) values[*count] = value;
      (*count)++;
    }
    if (*cursor == '\0') return true;
    if (*cursor++ != ',') return false;
  }
}

rs_status rs_cli_parse_list(rs_arena *arena, const char *text, int64_t **values, size_t *count,
                            rs_diag *diag) {
  if (!walk_list(text, NULL, count)) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is not a list of whole numbers", text);
    rs_diag_expect(diag, "numbers and ranges such as 1,3,6 or 0-7,16; at most a million");
    return RS_E_INPUT;
  }
  *values = RS_ARENA_NEW(arena, int64_t, *count);
  if (*values == NULL) return rs_arena_failed(arena, diag);
  walk_list(text, *values, count);
  return RS_OK;
}
