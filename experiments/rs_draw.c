/* Running gnuplot on a plot's data: no shell, no user settings, its first complaint kept. */
#include "rs_draw.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs__draw.h"
#include "rs_cli.h"
#include "rs_process.h"

#define COMPLAINT_BYTES_MAX 2047

/* The folder that holds the scripts: the source tree's, else the installed one. */
static const char *find_scripts(rs_arena *arena, rs_plot_kind kind) {
  static const char *const folders[] = {RS_PLOTS_SOURCE_DIR, RS_PLOTS_INSTALL_DIR};
  for (size_t i = 0; i < RS_COUNT_OF(folders); i++) {
    const char *path = rs_arena_printf(arena, "%s/%s.gp", folders[i], rs_plot_kind_word(kind));
    if (path != NULL && access(path, R_OK) == 0) return folders[i];
  }
  return NULL;
}

/* ---- the child ---- */

/* gnuplot shows the command and a caret first; the reason is the line that ends its message. */
static const char *last_line(char *text) {
  size_t length = strlen(text);
  while (length > 0 && strchr(" \n\r\t", text[length - 1]) != NULL) text[--length] = '\0';
  char *line = strrchr(text, '\n');
  line = line == NULL ? text : line + 1;
  return line + strspn(line, " \t");
}

static rs_status run_gnuplot(rs_arena *arena, const char *variables, const char *script,
                             rs_diag *diag) {
  int how = 0;
  rs_text complaint;
  char *copy = rs_arena_strdup(arena, variables);
  char *name = rs_arena_strdup(arena, script);
  if (copy == NULL || name == NULL) return rs_arena_failed(arena, diag);
  char program[] = "gnuplot", defaults[] = "-d", expression[] = "-e";
  char *arguments[] = {program, defaults, expression, copy, name, NULL};
  const rs_process process = {.program = program,
                              .arguments = arguments,
                              .kept = RS_PROCESS_STDERR,
                              .bytes_max = COMPLAINT_BYTES_MAX};
  rs_text_init(&complaint);
  rs_status status = rs_process_run(&process, &complaint, &how, diag);
  if (status == RS_OK && (!WIFEXITED(how) || WEXITSTATUS(how) != 0)) {
    char empty[] = "";
    status = rs_diag_set(diag, RS_E_SYSTEM, "gnuplot refused: %.300s",
                         last_line(complaint.length > 0 ? complaint.bytes : empty));
  }
  rs_text_deinit(&complaint);
  return status;
}

/* ---- one plot ---- */

static rs_status draw_file(rs_arena *arena, const char *scripts, const rs_plot *plot,
                           const char *data, const char *output, const char *variables,
                           rs_diag *diag) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs__draw_set_text(&sink, "scripts", scripts);
  rs__draw_set_text(&sink, "data", data);
  rs__draw_set_text(&sink, "file", output);
  rs_sink_put(&sink, variables);
  const char *script = rs_arena_printf(arena, "%s/%s.gp", scripts, rs_plot_kind_word(plot->kind));
  rs_status status = script == NULL || sink.failed ? rs_arena_failed(arena, diag)
                                                   : run_gnuplot(arena, text.bytes, script, diag);
  rs_text_deinit(&text);
  if (status != RS_OK) unlink(output); /* half a picture would look like a whole one */
  return status;
}

static rs_status draw(rs_arena *arena, const char *base, const rs_plot *plot, const rs_text *data,
                      const rs_text *variables, const char *paths[2], rs_diag *diag) {
  const char *path = rs_arena_printf(arena, "%s.dat", base);
  paths[0] = rs_arena_printf(arena, "%s.svg", base);
  paths[1] = rs_arena_printf(arena, "%s.png", base);
  if (path == NULL || paths[0] == NULL || paths[1] == NULL || data->failed || variables->failed) {
    return rs_arena_failed(arena, diag);
  }
  rs_status status = rs_file_write(path, data->bytes, data->length, diag);
  const char *scripts = find_scripts(arena, plot->kind);
  if (status == RS_OK && scripts == NULL) {
    status = rs_diag_set(diag, RS_E_SYSTEM, "there is no script %s.gp in %s or %s",
                         rs_plot_kind_word(plot->kind), RS_PLOTS_SOURCE_DIR, RS_PLOTS_INSTALL_DIR);
  }
  for (int i = 0; i < 2 && status == RS_OK; i++) {
    status = draw_file(arena, scripts, plot, path, paths[i], variables->bytes, diag);
  }
  return status;
}

rs_status rs_draw_plot(rs_arena *arena, const char *folder, const char *name, const rs_table *table,
                       const rs_plot *plot, size_t number, const char *paths[2], rs_diag *diag) {
  rs_text data, variables;
  rs_text_init(&data);
  rs_text_init(&variables);
  rs_sink data_sink = rs_text_sink(&data);
  rs_sink variable_sink = rs_text_sink(&variables);
  const char *base =
      rs_arena_printf(arena, "%s/plot-%zu-%s", folder, number, rs_plot_kind_word(plot->kind));
  rs_status status =
      base == NULL ? rs_arena_failed(arena, diag)
                   : rs__draw_data(arena, table, plot, name, &data_sink, &variable_sink, diag);
  if (status == RS_OK) status = draw(arena, base, plot, &data, &variables, paths, diag);
  rs_text_deinit(&data);
  rs_text_deinit(&variables);
  return status;
}
