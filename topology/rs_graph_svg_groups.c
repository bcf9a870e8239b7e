/*
 * The panel of groups: each a disc on a circle, the cables between two of them one line, as wide as
 * they are many. Where the lines are too many to follow, those of group 0 stand out.
 */
#include <math.h>

#include "rs__graph_svg.h"

#define GROUPS_MAX 150      /* more stand closer than their discs are wide */
#define LINES_PLAIN_MAX 250 /* lines that an eye can follow */
#define LINES_LABELLED_MAX 15

typedef struct groups {
  const rs__picture *p;
  uint32_t size, count;
  uint32_t *cables; /* [a · count + b], a < b */
  uint8_t *colour;  /* the class of the last of them */
  uint32_t lines, cables_min, cables_max;
  double radius, disc;
} groups;

static rs_status count_cables(groups *g, rs_diag *diag) {
  const rs_wiring *wiring = g->p->wiring;
  g->cables = RS_ARENA_NEW(g->p->arena, uint32_t, (size_t)g->count * g->count);
  g->colour = RS_ARENA_NEW(g->p->arena, uint8_t, (size_t)g->count * g->count);
  if (g->cables == NULL || g->colour == NULL) return rs_arena_failed(g->p->arena, diag);
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (link->reverse != RS_NONE && link->reverse < l) continue;
    uint32_t a = link->from / g->size, b = link->to / g->size;
    uint32_t pair = RS_MIN(a, b) * g->count + RS_MAX(a, b);
    g->cables[pair]++;
    g->colour[pair] = link->cable_class;
  }
  g->cables_min = UINT32_MAX;
  for (uint32_t a = 0; a < g->count; a++) {
    for (uint32_t b = a + 1; b < g->count; b++) {
      uint32_t cables = g->cables[a * g->count + b];
      if (cables == 0) continue;
      g->lines++;
      g->cables_min = RS_MIN(g->cables_min, cables);
      g->cables_max = RS_MAX(g->cables_max, cables);
    }
  }
  return RS_OK;
}

static rs__spot spot_of(const groups *g, uint32_t group) {
  rs__spot centre = {RS__PANEL / 2.0, RS__PANEL / 2.0 + 24};
  return rs__svg_on_circle(centre, g->radius, group, g->count);
}

static void put_line(const groups *g, uint32_t a, uint32_t b, bool faint) {
  uint32_t pair = a * g->count + b;
  double widest = RS_MAX(1.0, RS_MIN(9.0, 32.0 / g->count));
  double width = RS_MAX(0.4, widest * g->cables[pair] / g->cables_max);
  rs__spot from = spot_of(g, a), to = spot_of(g, b);
  rs_sink_printf(g->p->sink, "<g stroke=\"%s\" stroke-width=\"%.2f\" stroke-opacity=\"%s\">",
                 faint ? "#999999" : rs__svg_colours[g->colour[pair]], faint ? 0.3 : width,
                 faint ? "0.35" : "0.8");
  rs__svg_line(g->p, from, to);
  rs_sink_put(g->p->sink, "</g>\n");
}

static void put_label(const groups *g, uint32_t a, uint32_t b) {
  /* Off the middle, where lines cross. */
  double t = 0.36;
  rs__spot from = spot_of(g, a), to = spot_of(g, b);
  double x = from.x + t * (to.x - from.x), y = from.y + t * (to.y - from.y);
  rs_sink_printf(
      g->p->sink,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"34\" height=\"18\" rx=\"4\" fill=\"white\"/>\n", x - 17,
      y - 9);
  rs__svg_open_text(g->p, x, y + 5, 13, "middle", "#000000");
  rs_sink_printf(g->p->sink, "%u", g->cables[a * g->count + b]);
  rs__svg_close_text(g->p);
}

static void put_lines(const groups *g) {
  bool crowded = g->lines > LINES_PLAIN_MAX;
  for (int pass = crowded ? 0 : 1; pass < 3; pass++) {
    if (pass == 2 && g->lines > LINES_LABELLED_MAX) break;
    for (uint32_t a = 0; a < g->count; a++) {
      for (uint32_t b = a + 1; b < g->count; b++) {
        if (g->cables[a * g->count + b] == 0) continue;
        if (pass == 0 && a > 0) put_line(g, a, b, /*faint=*/true);
        if (pass == 1 && (a == 0 || !crowded)) put_line(g, a, b, /*faint=*/false);
        if (pass == 2) put_label(g, a, b);
      }
    }
  }
}

static void put_discs(const groups *g, uint32_t numbered_every) {
  rs__spot centre = {RS__PANEL / 2.0, RS__PANEL / 2.0 + 24};
  for (uint32_t k = 0; k < g->count; k++) {
    rs__spot s = spot_of(g, k);
    rs_sink_printf(g->p->sink,
                   "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#ffffff\" "
                   "stroke=\"#000000\"/>\n",
                   s.x, s.y, g->disc);
    if (k % numbered_every != 0) continue;
    if (g->disc < 10) s = rs__svg_on_circle(centre, g->radius + 16, k, g->count);
    rs__svg_open_text(g->p, s.x, s.y + 4, g->disc < 10 ? 10 : 13, "middle", "#000000");
    rs_sink_printf(g->p->sink, "%u", k);
    rs__svg_close_text(g->p);
  }
}

static void put_caption(const groups *g, const char *word, uint32_t merged) {
  const char *cable = rs__svg_cable_word(g->p);
  uint32_t inside = g->cables[0], pairs = g->count * (g->count - 1) / 2;
  rs__svg_open_text(g->p, 12, 44, 13, "start", "#444444");
  rs_sink_printf(g->p->sink, "%u %ss of %u chips, %u %ss inside the first.", g->count,
                 merged > 1 ? "group" : word, g->size, inside, cable);
  if (merged > 1) rs_sink_printf(g->p->sink, " A group is %u %ss.", merged, word);
  rs__svg_close_text(g->p);
  rs__svg_open_text(g->p, 12, 62, 13, "start", "#444444");
  if (g->lines == 0) {
    rs_sink_printf(g->p->sink, "No %ss between them.", cable);
  } else if (g->cables_min == g->cables_max) {
    rs_sink_printf(g->p->sink, "%u of %u pairs are joined, each by %u %s%s.", g->lines, pairs,
                   g->cables_min, cable, g->cables_min == 1 ? "" : "s");
  } else {
    rs_sink_printf(g->p->sink, "%u of %u pairs are joined, by %u to %u %ss: the line's width.",
                   g->lines, pairs, g->cables_min, g->cables_max, cable);
  }
  if (g->lines > LINES_PLAIN_MAX) rs_sink_put(g->p->sink, " Those of 0 stand out.");
  rs__svg_close_text(g->p);
}

rs_status rs__svg_put_groups(const rs__picture *p, uint32_t unit_size, const char *word,
                             rs_diag *diag) {
  const double turn = 6.283185307179586;
  uint32_t units = (p->wiring->chip_count - 1) / unit_size + 1;
  uint32_t merged = (units - 1) / GROUPS_MAX + 1;
  groups g = {.p = p, .size = unit_size * merged, .radius = RS__PANEL / 2.0 - 70};
  g.count = (units - 1) / merged + 1;
  g.disc = RS_MIN(22.0, 0.42 * turn * g.radius / g.count);
  rs_status status = count_cables(&g, diag);
  if (status != RS_OK) return status;
  put_lines(&g);
  put_discs(&g, rs__svg_number_step(g.count, g.disc < 10 ? 30 : 60));
  put_caption(&g, word, merged);
  return RS_OK;
}
