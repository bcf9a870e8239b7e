/*
 * Lists of edges into a graph: a line a cable, words between blanks. See rs_graph_read.h.
 */
#include <string.h>

#include "rs__file_graph.h"
#include "rs_graph_read.h"

#define WORDS_MAX 4
#define QUOTE_MAX 40

typedef struct word {
  const char *bytes;
  size_t length;
  int column;
} word;

typedef struct line {
  word words[WORDS_MAX];
  size_t count;
  int number;
} line;

static rs_status refuse(const line *at, size_t index, rs_diag *diag, const char *what) {
  const word *w = &at->words[index];
  rs_diag_set(diag, RS_E_INPUT, "%s: '%.*s'", what, (int)RS_MIN(w->length, QUOTE_MAX), w->bytes);
  rs_diag_at(diag, NULL, at->number, w->column);
  return RS_E_INPUT;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Splits one line at blanks, without its comment. */
static rs_status split_line(const char *text, size_t length, line *result, rs_diag *diag) {
  result->count = 0;
  for (size_t i = 0; i < length && text[i] != '#';) {
    if (is_blank(text[i])) {
      i++;
      continue;
    }
    size_t start = i;
    while (i < length && text[i] != '#' && !is_blank(text[i])) i++;
    word w = {text + start, i - start, (int)start + 1};
    if (result->count == WORDS_MAX) {
      result->words[0] = w;
      return refuse(result, 0, diag, "more words than a line can use");
    }
    result->words[result->count++] = w;
  }
  return RS_OK;
}

static bool is_word(const line *l, size_t index, const char *expected) {
  const word *w = &l->words[index];
  return w->length == strlen(expected) && memcmp(w->bytes, expected, w->length) == 0;
}

static rs_status read_number(const line *l, size_t index, uint32_t *value, rs_diag *diag) {
  const word *w = &l->words[index];
  *value = 0;
  for (size_t i = 0; i < w->length; i++) {
    bool digit = w->bytes[i] >= '0' && w->bytes[i] <= '9';
    if (!digit) return refuse(l, index, diag, "not a number");
    *value = *value * 10 + (uint32_t)(w->bytes[i] - '0');
    if (*value > RS__CHIPS_MAX) return refuse(l, index, diag, "a number out of range");
  }
  return RS_OK;
}

static rs_status read_cable(const line *l, rs__file_graph *graph, uint32_t *chips_seen,
                            rs_diag *diag) {
  rs__file_edge edge = {.cable_class = RS_CABLE_CLASS_COUNT};
  if (l->count < 2 || l->count > 3) {
    refuse(l, 0, diag, "not a line of a list of edges");
    rs_diag_expect(diag, "two chips and perhaps a class, as in '0 1 node'");
    return RS_E_INPUT;
  }
  rs_status status = read_number(l, 0, &edge.a, diag);
  if (status == RS_OK) status = read_number(l, 1, &edge.b, diag);
  if (status != RS_OK) return status;
  if (edge.a == edge.b) return refuse(l, 1, diag, "a cable from a chip to itself");
  if (l->count == 3) {
    edge.cable_class = rs__cable_class_of(l->words[2].bytes, l->words[2].length);
    if (edge.cable_class == RS_CABLE_CLASS_COUNT) {
      refuse(l, 2, diag, "unknown cable class");
      rs_diag_expect(diag, "node, rack or inter-rack");
      return RS_E_INPUT;
    }
  }
  for (size_t end = 0; end < 2 && graph->chip_count > 0; end++) {
    if ((end == 0 ? edge.a : edge.b) < graph->chip_count) continue;
    return refuse(l, end, diag, "no such chip");
  }
  *chips_seen = RS_MAX(*chips_seen, RS_MAX(edge.a, edge.b) + 1);
  return rs__file_graph_add(graph, edge, diag);
}

static rs_status read_line(const line *l, rs__file_graph *graph, uint32_t *chips_seen,
                           rs_diag *diag) {
  if (l->count == 0) return RS_OK;
  bool head = graph->edge_count == 0;
  if (head && l->count == 2 && is_word(l, 0, "chips")) {
    return read_number(l, 1, &graph->chip_count, diag);
  }
  if (head && l->count == 1 && is_word(l, 0, "directed")) {
    graph->directed = true;
    return RS_OK;
  }
  if (head && l->count == 3 && is_word(l, 0, "places")) {
    rs_status status = read_number(l, 1, &graph->node_size, diag);
    return status == RS_OK ? read_number(l, 2, &graph->rack_size, diag) : status;
  }
  return read_cable(l, graph, chips_seen, diag);
}

rs_status rs_topology_from_edges(rs_arena *arena, const char *spec, const char *text, size_t length,
                                 rs_topology **topology, rs_diag *diag) {
  rs__file_graph graph = {.arena = arena};
  uint32_t chips_seen = 0;
  line l = {.number = 1};
  for (size_t start = 0; start < length; l.number++) {
    const char *newline = memchr(text + start, '\n', length - start);
    size_t end = newline == NULL ? length : (size_t)(newline - text);
    rs_status status = split_line(text + start, end - start, &l, diag);
    if (status == RS_OK) status = read_line(&l, &graph, &chips_seen, diag);
    if (status != RS_OK) return status;
    start = end + 1;
  }
  if (graph.chip_count == 0) graph.chip_count = chips_seen;
  return rs__file_graph_finish(&graph, spec, topology, diag);
}

rs_status rs_topology_from_text(rs_arena *arena, const char *spec, const char *text, size_t length,
                                rs_topology **topology, rs_diag *diag) {
  static const char mark[] = "\xef\xbb\xbf"; /* UTF-8 files may start with it */
  size_t start = length >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
  size_t first = start;
  while (first < length && (is_blank(text[first]) || text[first] == '\n')) first++;
  if (first < length && text[first] == '<') {
    return rs_topology_from_graphml(arena, spec, text + start, length - start, topology, diag);
  }
  return rs_topology_from_edges(arena, spec, text + start, length - start, topology, diag);
}
