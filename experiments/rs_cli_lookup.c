/* What several commands look up by name: topologies, models, chips, timing presets. */
#include <string.h>

#include "rs_chip_file.h"
#include "rs_cli.h"
#include "rs_graph_read.h"
#include "rs_model.h"
#include "rs_topology.h"
#include "rs_yaml.h"

#define GRAPH_BYTES_MAX ((size_t)256 << 20)
#define CONFIG_BYTES_MAX ((size_t)16 << 20)
#define CHIP_BYTES_MAX ((size_t)1 << 20)

rs_status rs_cli_parse_topology(rs_arena *arena, const char *spec, rs_topology **topology,
                                rs_diag *diag) {
  static const char prefix[] = "file:";
  char *text;
  size_t length;
  if (strncmp(spec, prefix, strlen(prefix)) != 0) {
    return rs_topology_parse(arena, spec, topology, diag);
  }
  if (spec[strlen(prefix)] == '\0') {
    rs_diag_set(diag, RS_E_INPUT, "file: without a path");
    rs_diag_at(diag, NULL, 1, (int)sizeof prefix);
    rs_diag_expect(diag, "a GraphML file or a list of edges, as in 'file:my.graphml'");
    return RS_E_INPUT;
  }
  rs_status status =
      rs_file_read(arena, spec + strlen(prefix), GRAPH_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  status = rs_topology_from_text(arena, spec, text, length, topology, diag);
  if (status != RS_OK && diag != NULL) {
    rs_diag_at(diag, spec + strlen(prefix), diag->line, diag->column);
  }
  return status;
}

rs_status rs_cli_build_topology(rs_arena *arena, const char *spec, const char **canonical,
                                const rs_wiring **wiring, rs_diag *diag) {
  rs_topology *topology;
  rs_wiring *built;
  rs_status status = rs_cli_parse_topology(arena, spec, &topology, diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &built, diag);
  if (status != RS_OK) return status;
  *canonical = rs_topology_spec(topology);
  *wiring = built;
  return RS_OK;
}

/* ---- models and chips ---- */

bool rs_cli_is_path(const char *name) {
  return strchr(name, '/') != NULL || (strlen(name) > 5 && rs_text_ends_with(name, ".json"));
}

static rs_status unknown_model(const char *name, rs_diag *diag) {
  const char *names[64];
  size_t count = RS_MIN(rs_model_preset_count(), RS_COUNT_OF(names));
  for (size_t i = 0; i < count; i++) names[i] = rs_model_preset_at(i).name;
  rs_diag_set(diag, RS_E_INPUT, "unknown model '%.100s'", name);
  rs_diag_expect(diag, "a preset of 'realscale list models', or the path of a config.json");
  rs_diag_suggest(diag, rs_nearest_word(name, names, count));
  return RS_E_INPUT;
}

rs_status rs_cli_find_model(rs_arena *arena, const char *name, rs_model *model, rs_diag *diag) {
  rs_model_preset preset;
  char *text;
  size_t length;
  if (rs_model_preset_find(name, &preset)) {
    return rs_model_parse(name, preset.config, strlen(preset.config), model, diag);
  }
  if (!rs_cli_is_path(name)) return unknown_model(name, diag);
  rs_status status = rs_file_read(arena, name, CONFIG_BYTES_MAX, &text, &length, diag);
  return status == RS_OK ? rs_model_parse(name, text, length, model, diag) : status;
}

static rs_status unknown_chip(const char *name, rs_diag *diag) {
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  const char *names[64];
  for (size_t i = 0; i < count && i < RS_COUNT_OF(names); i++) names[i] = chips[i].name;
  rs_diag_set(diag, RS_E_INPUT, "unknown chip '%.100s'", name);
  rs_diag_expect(diag, "a chip of 'realscale list chips', or the path of a chip's JSON");
  rs_diag_suggest(diag, rs_nearest_word(name, names, RS_MIN(count, RS_COUNT_OF(names))));
  return RS_E_INPUT;
}

rs_status rs_cli_read_chip(rs_arena *arena, const char *name, rs_chip_file *file, rs_diag *diag) {
  const char *text = rs_chip_text(name);
  if (text != NULL) return rs_chip_parse(arena, name, text, strlen(text), file, diag);
  if (!rs_cli_is_path(name)) return unknown_chip(name, diag);
  char *read;
  size_t length;
  rs_status status = rs_file_read(arena, name, CHIP_BYTES_MAX, &read, &length, diag);
  return status == RS_OK ? rs_chip_parse(arena, name, read, length, file, diag) : status;
}

rs_status rs_cli_find_chip(rs_arena *arena, const char *name, const rs_chip **chip, rs_diag *diag) {
  *chip = rs_chip_find(name);
  if (*chip != NULL) return RS_OK;
  rs_chip_file *file = RS_ARENA_NEW(arena, rs_chip_file, 1);
  if (file == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_cli_read_chip(arena, name, file, diag);
  *chip = &file->chip;
  return status;
}

/* ---- timing ---- */

rs_status rs_cli_find_timing(const char *name, rs_timing *timing, rs_diag *diag) {
  if (strchr(name, '=') != NULL) return rs_cli_parse_timing(name, timing, diag);
  if (strcmp(name, "unit") == 0) {
    rs_timing_init_unit(timing);
    return RS_OK;
  }
  const rs_chip *chip = rs_chip_find(name);
  if (chip != NULL && chip->kind == RS_CHIP_LPU) {
    *timing = chip->timing;
    return RS_OK;
  }
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  const char *names[64] = {"unit"};
  size_t name_count = 1;
  for (size_t i = 0; i < count && name_count < RS_COUNT_OF(names); i++) {
    if (chips[i].kind == RS_CHIP_LPU) names[name_count++] = chips[i].name;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown timing '%s'", name);
  rs_diag_expect(diag,
                 "unit, an LPU that 'realscale list chips' shows, or latency=500ns,rate=50GiB/s");
  rs_diag_suggest(diag, rs_nearest_word(name, names, name_count));
  return RS_E_INPUT;
}
