/*
 * `realscale report`: results folders as one HTML page that needs nothing else: styles are in it, and
 * pictures are data URIs, because two SVGs in one page would share their names of markers.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_manifest.h"

#define PICTURE_BYTES_MAX ((size_t)64 << 20)

static const rs_option options[] = {
    {"output", 'o', RS_OPTION_TEXT, "FILE.html", "the page (default: DIR/report.html)"},
    {"title", 0, RS_OPTION_TEXT, "TEXT", "of the page (default: the first experiment's name)"},
};

typedef struct section {
  rs_manifest manifest;
  rs_table *table;
} section;

typedef struct page {
  rs_arena *arena;
  const char *title;
  section *sections;
  size_t section_count;
} page;

static const char style[] =
    "body{font:15px/1.5 system-ui,'DejaVu Sans',sans-serif;color:#1c1c1c;background:#fff;"
    "margin:2rem auto;max-width:72rem;padding:0 1rem}\n"
    "h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.25rem;margin:2.5rem 0 .5rem;"
    "border-top:2px solid #1f77b4;padding-top:1rem}h3{font-size:1rem;margin:1.5rem 0 .5rem}\n"
    "code{background:#f2f2f2;padding:.1rem .3rem;border-radius:3px}\n"
    "figure{margin:1rem 0}figure img{max-width:100%;height:auto;border:1px solid #ddd}\n"
    "figcaption{color:#555;font-size:.85rem}\n"
    "dl{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:.5rem 0}dl div{display:flex;gap:.4rem}"
    "dt{color:#555}dd{margin:0;font-weight:600;overflow-wrap:anywhere}\n"
    ".wide{overflow-x:auto;max-height:40rem}table{border-collapse:collapse;font-size:.85rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid "
    "#e4e4e4;text-align:right;white-space:nowrap}"
    "th{position:sticky;top:0;background:#f7f7f7}th.text,td.text{text-align:left}\n"
    "footer{color:#777;font-size:.8rem;margin-top:3rem}\n"
    "@media print{.wide{max-height:none;overflow:visible}}\n";

/* ---- pictures ---- */

static void put_base64(rs_sink *sink, const char *bytes, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < length; i += 3) {
    unsigned group = 0;
    size_t have = RS_MIN(length - i, (size_t)3);
    for (size_t k = 0; k < 3; k++) {
      group = group << 8 | (k < have ? (unsigned char)bytes[i + k] : 0u);
    }
    char four[4];
    for (size_t k = 0; k < 4; k++) {
      four[k] = k <= have ? digits[group >> (18 - 6 * k) & 63u] : '=';
    }
    rs_sink_bytes(sink, four, sizeof four);
  }
}

/* The picture that `run` left, or a fresh one when it is gone. */
static rs_status find_picture(const page *p, const section *s, size_t index, const char **path,
                              rs_diag *diag) {
  struct stat info;
  const char *paths[2];
  const rs_plot *plot = &s->manifest.plots[index];
  *path = rs_arena_printf(p->arena, "%s/plot-%zu-%s.svg", s->manifest.folder, index + 1,
                          rs_plot_kind_word(plot->kind));
  if (*path == NULL) return rs_arena_failed(p->arena, diag);
  if (stat(*path, &info) == 0) return RS_OK;
  return rs_draw_plot(p->arena, s->manifest.folder, s->manifest.name, s->table, plot, index + 1,
                      paths, diag);
}

static void put_picture(const page *p, const section *s, size_t index, rs_sink *sink) {
  rs_diag diag = {0};
  const char *path = NULL;
  char *bytes;
  size_t length;
  const rs_plot *plot = &s->manifest.plots[index];
  rs_status status = find_picture(p, s, index, &path, &diag);
  if (status == RS_OK) {
    status = rs_file_read(p->arena, path, PICTURE_BYTES_MAX, &bytes, &length, &diag);
  }
  const char *caption = plot->title != NULL ? plot->title : rs_plot_kind_word(plot->kind);
  if (status != RS_OK) { /* numbers without a picture are better than no page */
    rs_sink_put(sink, "<p>No picture: ");
    rs_sink_put_escaped(sink, diag.what);
    rs_sink_put(sink, "</p>\n");
    return;
  }
  rs_sink_put(sink, "<figure><img alt=\"");
  rs_sink_put_escaped(sink, caption);
  rs_sink_put(sink, "\" src=\"data:image/svg+xml;base64,");
  put_base64(sink, bytes, length);
  rs_sink_put(sink, "\"><figcaption>");
  rs_sink_put_escaped(sink, caption);
  rs_sink_put(sink, "</figcaption></figure>\n");
}

/* ---- the page ---- */

static void put_pairs(rs_sink *sink, const char *heading, const rs_manifest_pair *pairs,
                      size_t count) {
  if (count == 0) return;
  rs_sink_printf(sink, "<h3>%s</h3>\n<dl>\n", heading);
  for (size_t i = 0; i < count; i++) {
    rs_sink_put(sink, "<div><dt>");
    rs_sink_put_escaped(sink, pairs[i].key);
    rs_sink_put(sink, "</dt><dd>");
    rs_sink_put_escaped(sink, pairs[i].value);
    rs_sink_put(sink, "</dd></div>\n");
  }
  rs_sink_put(sink, "</dl>\n");
}

static void put_code(rs_sink *sink, const char *label, const char *text) {
  if (text == NULL) return;
  rs_sink_printf(sink, "<p>%s <code>", label);
  rs_sink_put_escaped(sink, text);
  rs_sink_put(sink, "</code></p>\n");
}

static void put_section(const page *p, const section *s, rs_sink *sink) {
  const rs_manifest *m = &s->manifest;
  rs_sink_put(sink, "<section>\n<h2>");
  rs_sink_put_escaped(sink, m->name);
  rs_sink_put(sink, "</h2>\n");
  put_code(sink, "Asked for by", m->command);
  for (size_t i = 0; i < m->plot_count; i++) put_picture(p, s, i, sink);
  rs_sink_put(sink, "<h3>Results</h3>\n");
  rs_table_print_html(s->table, sink);
  put_pairs(sink, "Experiment", m->keys, m->key_count);
  put_pairs(sink, "Swept", m->sweeps, m->sweep_count);
  put_code(sink, "Digest of results.csv:", m->results_digest);
  rs_sink_put(sink, "</section>\n");
}

static rs_status print_page(void *context, rs_sink *sink, rs_diag *diag) {
  const page *p = context;
  (void)diag;
  rs_sink_put(sink,
              "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
  rs_sink_put_escaped(sink, p->title);
  rs_sink_printf(sink, "</title>\n<style>\n%s</style></head><body>\n<h1>", style);
  rs_sink_put_escaped(sink, p->title);
  rs_sink_put(sink, "</h1>\n");
  for (size_t i = 0; i < p->section_count; i++) put_section(p, &p->sections[i], sink);
  rs_sink_put(sink, "<footer>Made by realscale " RS_VERSION
                    " from the folders' results.csv and manifest.json.</footer>\n"
                    "</body></html>\n");
  return RS_OK;
}

static rs_status read_sections(const rs_arguments *arguments, page *p, rs_diag *diag) {
  p->section_count = arguments->operand_count;
  p->sections = RS_ARENA_NEW(p->arena, section, p->section_count);
  rs_status status = p->sections == NULL ? rs_arena_failed(p->arena, diag) : RS_OK;
  for (size_t i = 0; i < p->section_count && status == RS_OK; i++) {
    section *s = &p->sections[i];
    status = rs_manifest_read(p->arena, arguments->operands[i], &s->manifest, diag);
    if (status == RS_OK) {
      status = rs_manifest_read_results(p->arena, &s->manifest, &s->table, diag);
    }
  }
  return status;
}

static int run_report(const rs_arguments *arguments) {
  rs_diag diag = {0};
  page p = {.arena = arguments->arena};
  const char *output = rs_arguments_value(arguments, "output");
  if (output == NULL) {
    output = rs_arena_printf(p.arena, "%s/report.html", arguments->operands[0]);
  }
  rs_status status =
      output == NULL ? rs_arena_failed(p.arena, &diag) : read_sections(arguments, &p, &diag);
  if (status == RS_OK) {
    const char *title = rs_arguments_value(arguments, "title");
    p.title = title != NULL ? title : p.sections[0].manifest.name;
    status = rs_file_print(output, print_page, &p, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  printf("%s\n", output);
  return RS_EXIT_GOOD;
}

const rs_command rs_command_report = {
    .name = "report",
    .operands = "DIR…",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "results folders as one self-contained HTML page",
    .example = "realscale report results/llama2-70b-decode -o report.html",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_report,
};
