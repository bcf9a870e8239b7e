/*
 * Faults: a filtered copy of a wiring. Links keep their order, so one pass over them makes the new
 * list, and nothing has to be sorted.
 */
#include "rs_fault.h"

#include <string.h>

#include "rs_random.h"

/* ---- applying ---- */

typedef struct filter {
  rs_arena *arena;
  const rs_wiring *old;
  rs_wiring *fresh;
  bool *dead_chip;     /* [old chip] */
  bool *dead_link;     /* [old link] */
  uint32_t *new_chip;  /* [old chip] */
  uint32_t *new_link;  /* [old link], RS_NONE: gone */
  uint32_t *old_chip;  /* [new chip] */
  uint32_t *old_link;  /* [new link] */
  uint32_t chip_count; /* new */
} filter;

static rs_status create_filter(filter *f, rs_diag *diag) {
  uint32_t chips = f->old->chip_count, links = f->old->link_count;
  f->fresh = RS_ARENA_NEW(f->arena, rs_wiring, 1);
  f->dead_chip = RS_ARENA_NEW(f->arena, bool, chips);
  f->dead_link = RS_ARENA_NEW(f->arena, bool, links);
  f->new_chip = RS_ARENA_NEW(f->arena, uint32_t, chips);
  f->new_link = RS_ARENA_NEW(f->arena, uint32_t, links);
  f->old_chip = RS_ARENA_NEW(f->arena, uint32_t, chips);
  f->old_link = RS_ARENA_NEW(f->arena, uint32_t, links);
  bool complete = f->fresh != NULL && f->dead_chip != NULL && f->dead_link != NULL &&
                  f->new_chip != NULL && f->new_link != NULL && f->old_chip != NULL &&
                  f->old_link != NULL;
  return complete ? RS_OK : rs_arena_failed(f->arena, diag);
}

static void mark_faults(filter *f, const rs_faults *faults) {
  for (uint32_t k = 0; k < faults->chip_count; k++) {
    assert(faults->chips[k] < f->old->chip_count);
    f->dead_chip[faults->chips[k]] = true;
  }
  for (uint32_t k = 0; k < faults->link_count; k++) {
    uint32_t l = faults->links[k];
    assert(l < f->old->link_count);
    f->dead_link[l] = true;
    if (f->old->links[l].reverse != RS_NONE) f->dead_link[f->old->links[l].reverse] = true;
  }
  for (uint32_t chip = 0; chip < f->old->chip_count; chip++) {
    bool gone = faults->renumber && f->dead_chip[chip];
    f->new_chip[chip] = gone ? RS_NONE : f->chip_count;
    if (!gone) f->old_chip[f->chip_count++] = chip;
  }
}

/* Numbers the links that stay. */
static void keep_links(filter *f) {
  uint32_t count = 0;
  for (uint32_t l = 0; l < f->old->link_count; l++) {
    const rs_link *link = &f->old->links[l];
    bool gone = f->dead_link[l] || f->dead_chip[link->from] || f->dead_chip[link->to];
    f->new_link[l] = gone ? RS_NONE : count;
    if (!gone) f->old_link[count++] = l;
  }
  f->fresh->link_count = count;
}

static void fill_links(filter *f) {
  rs_wiring *w = f->fresh;
  for (uint32_t l = 0; l < w->link_count; l++) {
    rs_link link = f->old->links[f->old_link[l]];
    link.from = f->new_chip[link.from];
    link.to = f->new_chip[link.to];
    if (link.reverse != RS_NONE) link.reverse = f->new_link[link.reverse];
    w->links[l] = link;
    w->out_first[link.from + 1]++;
    w->in_first[link.to + 1]++;
    if (link.reverse == RS_NONE || link.reverse > l) w->cable_count++;
  }
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    w->out_first[chip + 1] += w->out_first[chip];
    w->in_first[chip + 1] += w->in_first[chip];
  }
}

/* In the order of links, which is by (from, from_port) for each receiver's sender; `place` counts. */
static void fill_incoming(rs_wiring *w, uint32_t *place) {
  memcpy(place, w->in_first, w->chip_count * sizeof *place);
  for (uint32_t l = 0; l < w->link_count; l++) w->in_links[place[w->links[l].to]++] = l;
}

static rs_status copy_places(const filter *f, const uint32_t *old_place, uint32_t **place,
                             rs_diag *diag) {
  if (old_place == NULL) return RS_OK;
  *place = RS_ARENA_NEW(f->arena, uint32_t, f->chip_count);
  if (*place == NULL) return rs_arena_failed(f->arena, diag);
  for (uint32_t chip = 0; chip < f->chip_count; chip++)
    (*place)[chip] = old_place[f->old_chip[chip]];
  return RS_OK;
}

static rs_status copy_spares(const filter *f, rs_diag *diag) {
  if (f->old->spare == NULL) return RS_OK;
  f->fresh->spare = RS_ARENA_NEW(f->arena, bool, f->chip_count);
  if (f->fresh->spare == NULL) return rs_arena_failed(f->arena, diag);
  for (uint32_t chip = 0; chip < f->chip_count; chip++) {
    f->fresh->spare[chip] = f->old->spare[f->old_chip[chip]];
  }
  return RS_OK;
}

static rs_status build_filtered(filter *f, rs_diag *diag) {
  rs_wiring *w = f->fresh;
  w->chip_count = f->chip_count;
  w->links = RS_ARENA_NEW(f->arena, rs_link, w->link_count);
  w->out_first = RS_ARENA_NEW(f->arena, uint32_t, (size_t)w->chip_count + 1);
  w->in_first = RS_ARENA_NEW(f->arena, uint32_t, (size_t)w->chip_count + 1);
  w->in_links = RS_ARENA_NEW(f->arena, uint32_t, w->link_count);
  uint32_t *place = RS_ARENA_NEW(f->arena, uint32_t, w->chip_count);
  if (w->links == NULL || w->out_first == NULL || w->in_first == NULL || w->in_links == NULL ||
      place == NULL) {
    return rs_arena_failed(f->arena, diag);
  }
  fill_links(f);
  fill_incoming(w, place);
  rs_status status = copy_places(f, f->old->node_of, &w->node_of, diag);
  if (status == RS_OK) status = copy_places(f, f->old->rack_of, &w->rack_of, diag);
  return status == RS_OK ? copy_spares(f, diag) : status;
}

rs_status rs_faults_apply(rs_arena *arena, const rs_wiring *wiring, const rs_faults *faults,
                          rs_wiring **result, uint32_t **old_link, uint32_t **old_chip,
                          rs_diag *diag) {
  filter f = {.arena = arena, .old = wiring};
  rs_status status = create_filter(&f, diag);
  if (status != RS_OK) return status;
  mark_faults(&f, faults);
  keep_links(&f);
  status = build_filtered(&f, diag);
  if (status == RS_OK) status = rs_wiring_check(f.fresh, diag);
  if (status != RS_OK) return status;
  *result = f.fresh;
  if (old_link != NULL) *old_link = f.old_link;
  if (old_chip != NULL) *old_chip = f.old_chip;
  return RS_OK;
}

/* ---- drawing ---- */

/* `count` different numbers of 0 … among − 1, by the first steps of a shuffle. */
static rs_status draw(rs_arena *arena, uint32_t among, uint32_t count, rs_random *random,
                      uint32_t **numbers, rs_diag *diag) {
  *numbers = RS_ARENA_NEW(arena, uint32_t, among);
  if (*numbers == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t k = 0; k < among; k++) (*numbers)[k] = k;
  for (uint32_t k = 0; k < count; k++) {
    uint32_t other = k + (uint32_t)rs_random_below(random, among - k);
    uint32_t swap = (*numbers)[k];
    (*numbers)[k] = (*numbers)[other];
    (*numbers)[other] = swap;
  }
  return RS_OK;
}

rs_status rs_faults_draw(rs_arena *arena, const rs_wiring *wiring, uint32_t cables, uint32_t chips,
                         uint64_t seed, rs_faults *faults, rs_diag *diag) {
  uint32_t *drawn_cables, *drawn_chips;
  rs_random of_cables, of_chips;
  if (cables > wiring->cable_count || chips > wiring->chip_count) {
    return rs_diag_set(diag, RS_E_INPUT, "%u cables and %u chips to fail; there are %u and %u",
                       cables, chips, wiring->cable_count, wiring->chip_count);
  }
  rs_random_init(&of_cables, seed, 0);
  rs_random_init(&of_chips, seed, 1);
  rs_status status = draw(arena, wiring->cable_count, cables, &of_cables, &drawn_cables, diag);
  if (status == RS_OK) {
    status = draw(arena, wiring->chip_count, chips, &of_chips, &drawn_chips, diag);
  }
  uint32_t *link_of = RS_ARENA_NEW(arena, uint32_t, wiring->cable_count);
  if (status == RS_OK && link_of == NULL) status = rs_arena_failed(arena, diag);
  if (status != RS_OK) return status;
  uint32_t count = 0;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    if (wiring->links[l].reverse == RS_NONE || wiring->links[l].reverse > l) link_of[count++] = l;
  }
  for (uint32_t k = 0; k < cables; k++) drawn_cables[k] = link_of[drawn_cables[k]];
  *faults = (rs_faults){
      .links = drawn_cables, .link_count = cables, .chips = drawn_chips, .chip_count = chips};
  return RS_OK;
}

/* ---- parsing ---- */

typedef struct cursor {
  const char *text;
  const char *at;
} cursor;

static void skip_blanks(cursor *c) {
  while (*c->at == ' ' || *c->at == '\t') c->at++;
}

static rs_status refuse(const cursor *c, const char *start, const char *what, rs_diag *diag) {
  rs_diag_set(diag, RS_E_INPUT, "%s: '%.*s'", what, (int)RS_MIN(strcspn(start, ","), (size_t)40),
              start);
  rs_diag_at(diag, NULL, 1, (int)(start - c->text) + 1);
  rs_diag_expect(diag, "chips and cables between commas, as in '12, 0-8, 0-8.1'");
  return RS_E_INPUT;
}

/* At most 9 digits; false when there are none, or more. */
static bool take_number(cursor *c, uint32_t *value) {
  size_t digits = strspn(c->at, "0123456789");
  *value = 0;
  if (digits == 0 || digits > 9) return false;
  for (; digits > 0; digits--) *value = *value * 10 + (uint32_t)(*c->at++ - '0');
  return true;
}

/* One fault; adds to `chips` or `links`. */
static rs_status take_fault(cursor *c, const rs_wiring *wiring, uint32_t *chips, uint32_t *links,
                            rs_faults *faults, rs_diag *diag) {
  uint32_t a, b, copy = 0;
  skip_blanks(c);
  const char *start = c->at;
  if (!take_number(c, &a)) return refuse(c, start, "not a chip or a cable", diag);
  bool cable = *c->at == '-';
  if (cable) {
    c->at++;
    bool good = take_number(c, &b);
    if (good && *c->at == '.') {
      c->at++;
      good = take_number(c, &copy);
    }
    if (!good) return refuse(c, start, "not a cable", diag);
  }
  skip_blanks(c);
  if (*c->at != '\0' && *c->at != ',') return refuse(c, start, "not a chip or a cable", diag);
  if (!cable) {
    if (a >= wiring->chip_count) return refuse(c, start, "no such chip", diag);
    chips[faults->chip_count++] = a;
    return RS_OK;
  }
  uint32_t link = rs_wiring_find_link(wiring, a, b, copy);
  if (link == RS_NONE) return refuse(c, start, "no such cable", diag);
  links[faults->link_count++] = link;
  return RS_OK;
}

rs_status rs_faults_parse(rs_arena *arena, const rs_wiring *wiring, const char *text,
                          rs_faults *faults, rs_diag *diag) {
  cursor c = {text, text};
  size_t most = 1;
  for (const char *at = text; *at != '\0'; at++) most += *at == ',' ? 1 : 0;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, most);
  uint32_t *links = RS_ARENA_NEW(arena, uint32_t, most);
  if (chips == NULL || links == NULL) return rs_arena_failed(arena, diag);
  *faults = (rs_faults){.links = links, .chips = chips};
  for (;;) {
    rs_status status = take_fault(&c, wiring, chips, links, faults, diag);
    if (status != RS_OK) return status;
    if (*c.at == '\0') return RS_OK;
    c.at++;
  }
}
