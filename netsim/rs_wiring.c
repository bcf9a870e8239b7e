/*
 * Building a wiring: cables are collected in the order in which they are added, which is also the
 * order in which ports are handed out, then sorted once by (from, to, from_port). Two counting sorts,
 * by `to` and then by `from`, are stable, so that the order of adding, which is the order of ports,
 * decides between parallel cables.
 */
#include "rs_wiring.h"

#include <stdio.h>
#include <string.h>

typedef struct draft {
  uint32_t from, to;
  uint32_t partner; /* index of the other direction among the drafts, or RS_NONE */
  uint16_t from_port, to_port;
  uint8_t cable_class;
} draft;

struct rs_wiring_builder {
  rs_arena *arena;
  uint32_t chip_count;
  draft *drafts;
  uint32_t draft_count, draft_capacity;
  uint32_t cable_count;
  uint32_t *sending; /* [chip] ports taken for sending */
  uint32_t *receiving;
  uint32_t node_size, rack_size;
  bool *spare; /* NULL: none */
  bool failed;
};

rs_wiring_builder *rs_wiring_builder_create(rs_arena *arena, uint32_t chip_count) {
  rs_wiring_builder *builder = RS_ARENA_NEW(arena, rs_wiring_builder, 1);
  if (builder == NULL) return NULL;
  builder->arena = arena;
  builder->chip_count = chip_count;
  builder->sending = RS_ARENA_NEW(arena, uint32_t, chip_count);
  builder->receiving = RS_ARENA_NEW(arena, uint32_t, chip_count);
  builder->failed = builder->sending == NULL || builder->receiving == NULL;
  return builder;
}

void rs_wiring_builder_set_places(rs_wiring_builder *builder, uint32_t node_size,
                                  uint32_t rack_size) {
  builder->node_size = node_size;
  builder->rack_size = rack_size;
}

rs_status rs_wiring_builder_set_spare(rs_wiring_builder *builder, uint32_t chip, rs_diag *diag) {
  assert(chip < builder->chip_count);
  if (builder->spare == NULL) {
    builder->spare = RS_ARENA_NEW(builder->arena, bool, builder->chip_count);
  }
  if (builder->spare == NULL) return rs_arena_failed(builder->arena, diag);
  builder->spare[chip] = true;
  return RS_OK;
}

static bool add_draft(rs_wiring_builder *builder, draft d) {
  if (builder->draft_count == builder->draft_capacity) {
    uint32_t capacity = RS_MAX(2 * builder->draft_capacity, UINT32_C(256));
    draft *larger = RS_ARENA_NEW(builder->arena, draft, capacity);
    if (larger == NULL) return false;
    if (builder->draft_count > 0) {
      memcpy(larger, builder->drafts, builder->draft_count * sizeof *larger);
    }
    builder->drafts = larger;
    builder->draft_capacity = capacity;
  }
  builder->drafts[builder->draft_count++] = d;
  return true;
}

static rs_status check_ends(const rs_wiring_builder *builder, uint32_t a, uint32_t b,
                            rs_diag *diag) {
  if (builder->failed) return rs_arena_failed(builder->arena, diag);
  if (a >= builder->chip_count || b >= builder->chip_count) {
    return rs_diag_set(diag, RS_E_INPUT, "cable %u–%u: there are %u chips", a, b,
                       builder->chip_count);
  }
  if (a == b) return rs_diag_set(diag, RS_E_INPUT, "chip %u is wired to itself", a);
  if (builder->sending[a] >= UINT16_MAX || builder->receiving[b] >= UINT16_MAX ||
      builder->draft_count >= UINT32_MAX / 4) {
    return rs_diag_set(diag, RS_E_LIMIT, "too many cables at chip %u or %u", a, b);
  }
  return RS_OK;
}

rs_status rs_wiring_builder_add(rs_wiring_builder *builder, uint32_t a, uint32_t b,
                                rs_cable_class cable_class, rs_diag *diag) {
  rs_status status = check_ends(builder, a, b, diag);
  if (status == RS_OK) status = check_ends(builder, b, a, diag);
  if (status != RS_OK) return status;
  uint16_t port_a = (uint16_t)builder->sending[a]++;
  uint16_t port_b = (uint16_t)builder->sending[b]++;
  builder->receiving[a]++;
  builder->receiving[b]++;
  uint32_t first = builder->draft_count;
  bool added = add_draft(builder, (draft){a, b, first + 1, port_a, port_b, (uint8_t)cable_class}) &&
               add_draft(builder, (draft){b, a, first, port_b, port_a, (uint8_t)cable_class});
  builder->cable_count++;
  builder->failed = !added;
  return added ? RS_OK : rs_arena_failed(builder->arena, diag);
}

rs_status rs_wiring_builder_add_fibre(rs_wiring_builder *builder, uint32_t from, uint32_t to,
                                      rs_cable_class cable_class, rs_diag *diag) {
  rs_status status = check_ends(builder, from, to, diag);
  if (status != RS_OK) return status;
  uint16_t from_port = (uint16_t)builder->sending[from]++;
  uint16_t to_port = (uint16_t)builder->receiving[to]++;
  bool added =
      add_draft(builder, (draft){from, to, RS_NONE, from_port, to_port, (uint8_t)cable_class});
  builder->cable_count++;
  builder->failed = !added;
  return added ? RS_OK : rs_arena_failed(builder->arena, diag);
}

/* One stable counting sort of the order by a key; `first` gets the start of each key's run. */
static void sort_by(const draft *drafts, bool by_from, const uint32_t *order, uint32_t count,
                    uint32_t *first, uint32_t keys, uint32_t *sorted) {
  memset(first, 0, ((size_t)keys + 1) * sizeof *first);
  for (uint32_t i = 0; i < count; i++) {
    first[(by_from ? drafts[i].from : drafts[i].to) + 1]++;
  }
  for (uint32_t k = 0; k < keys; k++) first[k + 1] += first[k];
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = order == NULL ? i : order[i];
    uint32_t key = by_from ? drafts[index].from : drafts[index].to;
    sorted[first[key]++] = index;
  }
  /* every entry now holds the end of its run, which is the start of the next */
  for (uint32_t k = keys; k > 0; k--) first[k] = first[k - 1];
  first[0] = 0;
}

static void fill_links(const rs_wiring_builder *builder, const uint32_t *order, uint32_t *place,
                       rs_wiring *wiring) {
  for (uint32_t l = 0; l < wiring->link_count; l++) place[order[l]] = l;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const draft *d = &builder->drafts[order[l]];
    wiring->links[l] = (rs_link){.from = d->from,
                                 .to = d->to,
                                 .reverse = d->partner == RS_NONE ? RS_NONE : place[d->partner],
                                 .from_port = d->from_port,
                                 .to_port = d->to_port,
                                 .cable_class = d->cable_class};
  }
}

/* Links are in order of `from`, so filling by `to` keeps that order among those that enter a chip. */
static void fill_incoming(rs_wiring *wiring) {
  uint32_t n = wiring->chip_count;
  for (uint32_t l = 0; l < wiring->link_count; l++) wiring->in_first[wiring->links[l].to + 1]++;
  for (uint32_t c = 0; c < n; c++) wiring->in_first[c + 1] += wiring->in_first[c];
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    wiring->in_links[wiring->in_first[wiring->links[l].to]++] = l;
  }
  for (uint32_t c = n; c > 0; c--) wiring->in_first[c] = wiring->in_first[c - 1];
  wiring->in_first[0] = 0;
}

static bool fill_places(rs_arena *arena, uint32_t chips, uint32_t size, uint32_t **place_of) {
  if (size == 0) return true;
  *place_of = RS_ARENA_NEW(arena, uint32_t, chips);
  if (*place_of == NULL) return false;
  for (uint32_t c = 0; c < chips; c++) (*place_of)[c] = c / size;
  return true;
}

rs_status rs_wiring_builder_finish(rs_wiring_builder *builder, rs_wiring **wiring, rs_diag *diag) {
  rs_arena *arena = builder->arena;
  uint32_t n = builder->chip_count;
  uint32_t count = builder->draft_count;
  rs_wiring *w = RS_ARENA_NEW(arena, rs_wiring, 1);
  uint32_t *by_to = RS_ARENA_NEW(arena, uint32_t, count);
  uint32_t *order = RS_ARENA_NEW(arena, uint32_t, count);
  uint32_t *first = RS_ARENA_NEW(arena, uint32_t, (size_t)n + 1);
  if (w == NULL || by_to == NULL || order == NULL || first == NULL || builder->failed) {
    return rs_arena_failed(arena, diag);
  }
  w->chip_count = n;
  w->link_count = count;
  w->cable_count = builder->cable_count;
  w->spare = builder->spare;
  w->links = RS_ARENA_NEW(arena, rs_link, count);
  w->out_first = RS_ARENA_NEW(arena, uint32_t, (size_t)n + 1);
  w->in_first = RS_ARENA_NEW(arena, uint32_t, (size_t)n + 1);
  w->in_links = RS_ARENA_NEW(arena, uint32_t, count);
  if (w->links == NULL || w->out_first == NULL || w->in_first == NULL || w->in_links == NULL ||
      !fill_places(arena, n, builder->node_size, &w->node_of) ||
      !fill_places(arena, n, builder->rack_size, &w->rack_of)) {
    return rs_arena_failed(arena, diag);
  }
  sort_by(builder->drafts, false, NULL, count, first, n, by_to);
  sort_by(builder->drafts, true, by_to, count, w->out_first, n, order);
  fill_links(builder, order, by_to, w); /* by_to is free again: scratch */
  fill_incoming(w);
  *wiring = w;
  return rs_wiring_check(w, diag);
}

/* ---- asking ---- */

uint32_t rs_wiring_find_link(const rs_wiring *wiring, uint32_t from, uint32_t to, uint32_t copy) {
  if (from >= wiring->chip_count) return RS_NONE;
  uint32_t low = wiring->out_first[from];
  uint32_t end = wiring->out_first[from + 1];
  uint32_t high = end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (wiring->links[middle].to < to) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (copy >= end - low || wiring->links[low + copy].to != to) return RS_NONE;
  return low + copy;
}

uint32_t rs_wiring_working_count(const rs_wiring *wiring) {
  uint32_t count = wiring->chip_count;
  for (uint32_t chip = 0; wiring->spare != NULL && chip < wiring->chip_count; chip++) {
    count -= wiring->spare[chip] ? 1 : 0;
  }
  return count;
}

rs_status rs_wiring_working(rs_arena *arena, const rs_wiring *wiring, uint32_t **chips,
                            uint32_t *count, rs_diag *diag) {
  *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  *count = 0;
  if (*chips == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    bool works = wiring->spare == NULL || !wiring->spare[chip];
    if (works) (*chips)[(*count)++] = chip;
  }
  return RS_OK;
}

uint32_t rs_wiring_link_copy(const rs_wiring *wiring, uint32_t link) {
  uint32_t first = link;
  while (first > 0 && wiring->links[first - 1].from == wiring->links[link].from &&
         wiring->links[first - 1].to == wiring->links[link].to) {
    first--;
  }
  return link - first;
}

void rs_wiring_link_name(const rs_wiring *wiring, uint32_t link, char *text, size_t size) {
  uint32_t copy = rs_wiring_link_copy(wiring, link);
  const rs_link *l = &wiring->links[link];
  if (copy == 0) {
    snprintf(text, size, "%u>%u", l->from, l->to);
  } else {
    snprintf(text, size, "%u>%u.%u", l->from, l->to, copy);
  }
}

uint64_t rs_wiring_digest(const rs_wiring *wiring) {
  uint64_t digest = rs_digest_u64(RS_DIGEST_SEED, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->link_count; i++) {
    const rs_link *l = &wiring->links[i];
    digest = rs_digest_u64(digest, (uint64_t)l->from << 32 | l->to);
    digest = rs_digest_u64(
        digest, (uint64_t)l->from_port << 32 | (uint64_t)l->to_port << 8 | l->cable_class);
  }
  return digest;
}

/* ---- checking ---- */

static bool links_in_order(const rs_link *a, const rs_link *b) {
  if (a->from != b->from) return a->from < b->from;
  if (a->to != b->to) return a->to < b->to;
  return a->from_port < b->from_port;
}

static rs_status check_link(const rs_wiring *w, uint32_t index, rs_diag *diag) {
  const rs_link *l = &w->links[index];
  if (l->from >= w->chip_count || l->to >= w->chip_count || l->from == l->to) {
    return rs_diag_set(diag, RS_E_REFUSED, "link %u joins %u and %u", index, l->from, l->to);
  }
  if (index > 0 && !links_in_order(&w->links[index - 1], l)) {
    return rs_diag_set(diag, RS_E_REFUSED, "link %u is out of order", index);
  }
  if (index < w->out_first[l->from] || index >= w->out_first[l->from + 1]) {
    return rs_diag_set(diag, RS_E_REFUSED, "link %u is not among the links of chip %u", index,
                       l->from);
  }
  if (l->cable_class >= RS_CABLE_CLASS_COUNT) {
    return rs_diag_set(diag, RS_E_REFUSED, "link %u has no cable class", index);
  }
  if (l->reverse == RS_NONE) return RS_OK;
  const rs_link *r = l->reverse < w->link_count ? &w->links[l->reverse] : NULL;
  if (r == NULL || r->reverse != index || r->from != l->to || r->to != l->from ||
      r->cable_class != l->cable_class || r->from_port != l->to_port ||
      r->to_port != l->from_port) {
    return rs_diag_set(diag, RS_E_REFUSED, "link %u and its reverse do not match", index);
  }
  return RS_OK;
}

/* The ports of one chip in one direction, as a bitmap: cleared by the links that set it, so that the
 * check stays linear in the links. */
typedef struct port_set {
  uint64_t words[(UINT16_MAX + 1) / 64];
} port_set;

/* false: it was taken */
static bool take_port(port_set *ports, uint16_t port) {
  uint64_t bit = UINT64_C(1) << port % 64;
  bool is_free = (ports->words[port / 64] & bit) == 0;
  ports->words[port / 64] |= bit;
  return is_free;
}

static rs_status check_ports(const rs_wiring *w, uint32_t chip, port_set *ports, rs_diag *diag) {
  for (uint32_t i = w->out_first[chip]; i < w->out_first[chip + 1]; i++) {
    if (take_port(ports, w->links[i].from_port)) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "chip %u sends twice on port %u", chip,
                       w->links[i].from_port);
  }
  for (uint32_t i = w->out_first[chip]; i < w->out_first[chip + 1]; i++) {
    ports->words[w->links[i].from_port / 64] = 0;
  }
  for (uint32_t i = w->in_first[chip]; i < w->in_first[chip + 1]; i++) {
    if (take_port(ports, w->links[w->in_links[i]].to_port)) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "chip %u receives twice on port %u", chip,
                       w->links[w->in_links[i]].to_port);
  }
  for (uint32_t i = w->in_first[chip]; i < w->in_first[chip + 1]; i++) {
    ports->words[w->links[w->in_links[i]].to_port / 64] = 0;
  }
  return RS_OK;
}

static rs_status check_incoming(const rs_wiring *w, uint32_t chip, rs_diag *diag) {
  uint32_t first = w->in_first[chip];
  uint32_t end = w->in_first[chip + 1];
  if (first > end || end > w->link_count) {
    return rs_diag_set(diag, RS_E_REFUSED, "the links that enter chip %u are not a range", chip);
  }
  for (uint32_t i = first; i < end; i++) {
    uint32_t l = w->in_links[i];
    if (l >= w->link_count || w->links[l].to != chip || (i > first && w->in_links[i - 1] >= l)) {
      return rs_diag_set(diag, RS_E_REFUSED, "the links that enter chip %u are wrong", chip);
    }
  }
  return RS_OK;
}

rs_status rs_wiring_check(const rs_wiring *w, rs_diag *diag) {
  if (w->out_first[0] != 0 || w->out_first[w->chip_count] != w->link_count || w->in_first[0] != 0 ||
      w->in_first[w->chip_count] != w->link_count) {
    return rs_diag_set(diag, RS_E_REFUSED, "the links of the chips are not all links");
  }
  for (uint32_t c = 0; c < w->chip_count; c++) {
    if (w->out_first[c] > w->out_first[c + 1]) {
      return rs_diag_set(diag, RS_E_REFUSED, "the links of chip %u are not a range", c);
    }
  }
  for (uint32_t l = 0; l < w->link_count; l++) {
    rs_status status = check_link(w, l, diag);
    if (status != RS_OK) return status;
  }
  port_set ports = {{0}};
  for (uint32_t c = 0; c < w->chip_count; c++) {
    rs_status status = check_incoming(w, c, diag);
    if (status == RS_OK) status = check_ports(w, c, &ports, diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}
