/* `realscale list`: what there is, one line each, and what is known of one chip or model. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs__cmd_list.h"
#include "rs_chip_file.h"
#include "rs_cli.h"
#include "rs_collective.h"
#include "rs_model.h"
#include "rs_topology.h"

static const char *const columns[] = {"name", "summary"};

static void add_line(rs_table *table, const char *name, const char *summary) {
  rs_table_add_row(table);
  rs_table_set_text(table, "name", name);
  rs_table_set_text(table, "summary", summary);
}

static rs_status list_models(const rs_arguments *arguments, rs_table *table, rs_diag *diag) {
  (void)arguments;
  (void)diag;
  for (size_t i = 0; i < rs_model_preset_count(); i++) {
    rs_model_preset preset = rs_model_preset_at(i);
    add_line(table, preset.name, preset.summary);
  }
  return RS_OK;
}

static rs_status list_chips(const rs_arguments *arguments, rs_table *table, rs_diag *diag) {
  (void)arguments;
  (void)diag;
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  for (size_t i = 0; i < count; i++) add_line(table, chips[i].name, chips[i].summary);
  return RS_OK;
}

/* ---- one chip ---- */

static const char *const note_columns[] = {"key", "value", "confidence", "source", "range"};

/* Sources are sentences: lines as long as they are, where a table would cut them. */
static void print_chip(const rs_chip_file *file) {
  size_t key_width = 0, value_width = 0;
  for (size_t i = 0; i < file->note_count; i++) {
    key_width = RS_MAX(key_width, strlen(file->notes[i].key));
    value_width = RS_MAX(value_width, strlen(file->notes[i].value));
  }
  printf("%s: %s\n\n", file->chip.name, file->chip.summary);
  for (size_t i = 0; i < file->note_count; i++) {
    const rs_chip_note *note = &file->notes[i];
    bool has_range = note->range[0] != '\0';
    printf("%-*s  %-*s  %-2s  %s%s%s%s\n", (int)key_width, note->key, (int)value_width, note->value,
           note->confidence, note->source, has_range ? " (" : "", note->range,
           has_range ? ")" : "");
  }
  printf(
      "\nP primary source, P2 primary through a reader's notes, S press or third party, W weak,\n"
      "I arithmetic, F fitted, A assumption\n");
  for (size_t i = 0; i < file->reference_count; i++) {
    printf("[%s] %s\n", file->references[i].name, file->references[i].text);
  }
}

/* A row a number, then what the sources call by a name. */
static int show_chip(const rs_arguments *arguments) {
  rs_diag diag = {0};
  rs_chip_file file;
  if (rs_cli_read_chip(arguments->arena, arguments->operands[1], &file, &diag) != RS_OK) {
    return rs_cli_report(&diag);
  }
  if (arguments->format == RS_FORMAT_TABLE) {
    print_chip(&file);
    return RS_EXIT_GOOD;
  }
  rs_table *table = rs_table_create(arguments->arena, note_columns, RS_COUNT_OF(note_columns));
  for (size_t i = 0; i < file.note_count; i++) {
    const rs_chip_note *note = &file.notes[i];
    rs_table_add_row(table);
    rs_table_set_text(table, "key", note->key);
    rs_table_set_text(table, "value", note->value);
    rs_table_set_text(table, "confidence", note->confidence);
    rs_table_set_text(table, "source", note->source);
    if (note->range[0] != '\0') rs_table_set_text(table, "range", note->range);
  }
  for (size_t i = 0; i < file.reference_count; i++) {
    const char *key = rs_arena_printf(arguments->arena, "[%s]", file.references[i].name);
    if (key == NULL) continue;
    rs_table_add_row(table);
    rs_table_set_text(table, "key", key);
    rs_table_set_text(table, "source", file.references[i].text);
  }
  return rs_cli_print_table(arguments, table);
}

static rs_status list_topologies(const rs_arguments *arguments, rs_table *table, rs_diag *diag) {
  (void)diag;
  size_t count;
  const rs_topology_family *families = rs_topology_families(&count);
  for (size_t i = 0; i < count; i++) {
    const rs_topology_family *f = &families[i];
    const char *name = rs_arena_printf(arguments->arena, "%s:%s", f->name, f->arguments);
    const char *summary =
        rs_arena_printf(arguments->arena, "%s (for example %s)", f->summary, f->example);
    if (name == NULL || summary == NULL) return rs_arena_failed(arguments->arena, diag);
    add_line(table, name, summary);
  }
  return RS_OK;
}

static rs_status list_collectives(const rs_arguments *arguments, rs_table *table, rs_diag *diag) {
  size_t count;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  for (size_t i = 0; i < count; i++) {
    const char *name = rs_arena_printf(arguments->arena, "%s --algorithm %s",
                                       rs_collective_kind_word(rows[i].kind), rows[i].name);
    if (name == NULL) return rs_arena_failed(arguments->arena, diag);
    add_line(table, name, rows[i].summary);
  }
  return RS_OK;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Where the first sentence in `text` ends: a full stop with a space or nothing behind it. */
static size_t sentence_length(const char *text) {
  size_t length = 0;
  for (; text[length] != '\0'; length++) {
    if (text[length] == '.' && (text[length + 1] == ' ' || text[length + 1] == '\0')) break;
  }
  return length;
}

/* The comment that an experiment begins with says what it is for: its first sentence, in one line. */
static const char *first_sentence(rs_arena *arena, const char *path) {
  char *text;
  size_t length, used = 0;
  rs_diag ignored;
  if (rs_file_read(arena, path, (size_t)1 << 20, &text, &length, &ignored) != RS_OK) return "";
  for (const char *line = text; *line == '#';) {
    const char *start = line + 1 + strspn(line + 1, " ");
    size_t letters = strcspn(start, "\r\n");
    line = start + letters + strspn(start + letters, "\r\n");
    if (used > 0) text[used++] = ' '; /* over the comment's own '#' */
    memmove(text + used, start, letters);
    used += letters;
  }
  text[used] = '\0';
  return rs_arena_strndup(arena, text, sentence_length(text));
}

/* As one types it here: without the working folder in front. */
static const char *shortest_path(rs_arena *arena, const char *path) {
  char here[4096];
  size_t length = getcwd(here, sizeof here) == NULL ? 0 : strlen(here);
  bool inside = length > 1 && strncmp(path, here, length) == 0 && path[length] == '/';
  return rs_arena_strdup(arena, inside ? path + length + 1 : path);
}

/* Names of the *.yaml files of a folder, sorted; 0 when there is no such folder. */
static size_t read_folder(rs_arena *arena, const char *folder, const char **names, size_t most) {
  size_t count = 0;
  DIR *stream = opendir(folder);
  if (stream == NULL) return 0;
  struct dirent *entry;
  while (count < most && (entry = readdir(stream)) != NULL) {
    const char *ending = strrchr(entry->d_name, '.');
    if (ending == NULL || strcmp(ending, ".yaml") != 0) continue;
    names[count] = rs_arena_strdup(arena, entry->d_name);
    if (names[count] != NULL) count++;
  }
  closedir(stream);
  if (count > 0) qsort(names, count, sizeof *names, compare_names);
  return count;
}

static rs_status list_experiments(const rs_arguments *arguments, rs_table *table, rs_diag *diag) {
  static const char *const folders[] = {RS_EXPERIMENTS_SOURCE_DIR, RS_EXPERIMENTS_INSTALL_DIR};
  const char *names[256];
  for (size_t i = 0; i < RS_COUNT_OF(folders); i++) {
    size_t count = read_folder(arguments->arena, folders[i], names, RS_COUNT_OF(names));
    for (size_t k = 0; k < count; k++) {
      const char *path = rs_arena_printf(arguments->arena, "%s/%s", folders[i], names[k]);
      if (path == NULL) return rs_arena_failed(arguments->arena, diag);
      const char *shown = shortest_path(arguments->arena, path);
      if (shown == NULL) return rs_arena_failed(arguments->arena, diag);
      add_line(table, shown, first_sentence(arguments->arena, path));
    }
    if (count > 0) return RS_OK;
  }
  return rs_diag_set(diag, RS_E_SYSTEM, "no experiments in %s or %s", folders[0], folders[1]);
}

typedef struct subject {
  const char *name;
  rs_status (*fill)(const rs_arguments *arguments, rs_table *table, rs_diag *diag);
} subject;

static const subject subjects[] = {
    {"models", list_models},           {"chips", list_chips},
    {"topologies", list_topologies},   {"collectives", list_collectives},
    {"experiments", list_experiments},
};

static int run_list(const rs_arguments *arguments) {
  const char *names[RS_COUNT_OF(subjects)];
  rs_diag diag = {0};
  if (arguments->operand_count == 2) {
    if (strcmp(arguments->operands[0], "chips") == 0) return show_chip(arguments);
    if (strcmp(arguments->operands[0], "models") == 0) {
      return rs__cmd_list_model(arguments, arguments->operands[1]);
    }
    rs_diag_set(&diag, RS_E_INPUT, "'%s' takes no NAME", arguments->operands[0]);
    rs_diag_expect(&diag, "a NAME behind chips or models only");
    return rs_cli_report(&diag);
  }
  for (size_t i = 0; i < RS_COUNT_OF(subjects); i++) {
    names[i] = subjects[i].name;
    if (strcmp(names[i], arguments->operands[0]) != 0) continue;
    rs_table *table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns));
    if (subjects[i].fill(arguments, table, &diag) != RS_OK) return rs_cli_report(&diag);
    return rs_cli_print_list(arguments, table);
  }
  rs_diag_set(&diag, RS_E_INPUT, "nothing to list under '%s'", arguments->operands[0]);
  rs_diag_expect(&diag, "models, chips, topologies, collectives or experiments");
  rs_diag_suggest(&diag, rs_nearest_word(arguments->operands[0], names, RS_COUNT_OF(names)));
  return rs_cli_report(&diag);
}

const rs_command rs_command_list = {
    .name = "list",
    .operands = "models|chips|topologies|collectives|experiments [NAME]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "what there is, with one line each; or one chip's or model's numbers",
    .example = "realscale list chips h100",
    .run = run_list,
};
