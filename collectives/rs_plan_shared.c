/*
 * Choosing in-trees so that few sums differ.
 *
 * Roots are taken one after another, several times over. A root's tree is made from its farthest level
 * inward. On each level, bundles that chips one hop nearer send already, and whose parts are all still
 * wanted, are taken first, the largest first: they cost nothing. What is left goes to as few chips of
 * the nearer level as possible (greedy set cover), since each of these has a new bundle to send. From the
 * second round on the others' bundles are known. A new tree is kept when the sum of squares of the
 * loads of links, counted for each depth alone, does not grow.
 *
 * O(rounds · roots · bundles · degree); bundles are about links, times what is not shared.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__shared.h"
#include "rs_random.h"

#define RS__NOWHERE UINT32_MAX /* no level: too far */

/* ---- what is used ---- */

static uint32_t *key_of(const rs__shared *s, const rs__shared_part *part) {
  if (part->item == RS_NONE) return &s->raw_uses[part->link];
  const rs__bundle *b = &s->bundles[part->item];
  return &s->key_uses[b->first_key + part->link - s->plan->wiring->out_first[b->chip]];
}

static uint32_t depth_of(const rs__shared *s, uint32_t item) {
  return item == RS_NONE ? 0 : s->bundles[item].depth;
}

/* Transmissions of one depth on a link. What has come as far goes on at the same time. */
static uint32_t *load_of(const rs__shared *s, uint32_t link, uint32_t depth) {
  return &s->load[(size_t)link * s->hops + depth];
}

static void acquire(rs__shared *s, uint32_t id) {
  const rs__bundle *b = &s->bundles[id];
  if (s->bundles[id].uses++ > 0) return;
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    uint32_t *uses = key_of(s, part);
    uint32_t *load = load_of(s, part->link, depth_of(s, part->item));
    if ((*uses)++ == 0) s->squares += 2 * (uint64_t)(*load)++ + 1;
    if (part->item != RS_NONE) acquire(s, part->item);
  }
}

static void release(rs__shared *s, uint32_t id) {
  const rs__bundle *b = &s->bundles[id];
  if (--s->bundles[id].uses > 0) return;
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    uint32_t *uses = key_of(s, part);
    uint32_t *load = load_of(s, part->link, depth_of(s, part->item));
    if (--*uses == 0) s->squares -= 2 * (uint64_t)--(*load) + 1;
    if (part->item != RS_NONE) release(s, part->item);
  }
}

/* ---- bundles ---- */

static int compare_parts(const void *left, const void *right) {
  const rs__shared_part *a = left;
  const rs__shared_part *b = right;
  if (a->link != b->link) return a->link < b->link ? -1 : 1;
  return (a->item > b->item) - (a->item < b->item);
}

static void *reserve(rs__shared *s, void *old, uint32_t *capacity, uint32_t wanted, size_t size) {
  while (old == NULL || wanted > *capacity) {
    old = rs__grow(s->plan->arena, old, capacity, size);
    if (old == NULL) return NULL;
  }
  return old;
}

static uint32_t find_bundle(const rs__shared *s, uint64_t hash, uint32_t chip,
                            const rs__shared_part *parts, uint32_t count) {
  for (uint32_t id = s->table[hash & s->table_mask]; id != RS_NONE;
       id = s->bundles[id].next_equal) {
    const rs__bundle *b = &s->bundles[id];
    if (b->hash == hash && b->chip == chip && b->part_count == count &&
        memcmp(&s->parts[b->first_part], parts, count * sizeof *parts) == 0) {
      return id;
    }
  }
  return RS_NONE;
}

/* The bundle of these parts, which are sorted here. RS_NONE: no memory. */
static uint32_t intern(rs__shared *s, uint32_t chip, rs__shared_part *parts, uint32_t count) {
  const rs_wiring *w = s->plan->wiring;
  uint64_t hash = rs_mix_u64(chip);
  uint32_t depth = 0;
  qsort(parts, count, sizeof *parts, compare_parts);
  for (uint32_t i = 0; i < count; i++) {
    hash = rs_mix_u64(hash ^ ((uint64_t)parts[i].link << 32 | parts[i].item));
    if (parts[i].item != RS_NONE) depth = RS_MAX(depth, s->bundles[parts[i].item].depth);
  }
  uint32_t id = find_bundle(s, hash, chip, parts, count);
  if (id != RS_NONE) return id;
  uint32_t keys = rs_wiring_out_degree(w, chip);
  s->bundles = reserve(s, s->bundles, &s->bundle_capacity, s->bundle_count + 1, sizeof *s->bundles);
  s->parts = reserve(s, s->parts, &s->part_capacity, s->part_count + count, sizeof *s->parts);
  s->key_uses = reserve(s, s->key_uses, &s->key_capacity, s->key_count + keys, sizeof *s->key_uses);
  if (s->bundles == NULL || s->parts == NULL || s->key_uses == NULL) {
    s->plan->status = rs_arena_failed(s->plan->arena, s->plan->diag);
    return RS_NONE;
  }
  memcpy(&s->parts[s->part_count], parts, count * sizeof *parts);
  memset(&s->key_uses[s->key_count], 0, keys * sizeof *s->key_uses);
  id = s->bundle_count++;
  s->bundles[id] = (rs__bundle){.hash = hash,
                                .chip = chip,
                                .depth = depth + 1,
                                .first_part = s->part_count,
                                .part_count = count,
                                .first_key = s->key_count,
                                .next = s->first_bundle[chip],
                                .next_equal = s->table[hash & s->table_mask]};
  s->first_bundle[chip] = s->table[hash & s->table_mask] = id;
  s->part_count += count;
  s->key_count += keys;
  return id;
}

/* ---- a root's tree ---- */

/* Something that still has to come nearer to the root. */
typedef struct item {
  uint32_t chip, bundle; /* RS_NONE: the chip's own vectors */
  uint32_t next;         /* of its chip */
  bool is_taken;
} item;

typedef struct taking { /* an item that goes over a link */
  uint32_t item, link;
} taking;

typedef struct candidate {
  uint32_t id, gain; /* of a bundle, or of a link that it would leave by */
} candidate;

typedef struct tree_maker {
  rs__shared *s;
  uint32_t root;
  bool tries_neighbourhoods;
  uint32_t *level;       /* [chip] hops to the root */
  uint32_t *order;       /* chips by level */
  uint32_t *level_first; /* [level + 1] into order */
  uint32_t *first_item;  /* [chip] list */
  item *items;
  uint32_t item_count, item_capacity;
  taking *takings; /* of the level at hand */
  uint32_t taking_count;
  bool *is_dirty; /* [chip] it makes a new bundle */
  candidate *candidates;
  uint32_t candidate_capacity;
  rs__shared_part *scratch;
  uint32_t *left; /* items of the level that are not taken */
  uint32_t left_count;
} tree_maker;

static bool is_allowed(const rs__shared *s, uint32_t chip) {
  return s->plan->variant.relays || s->plan->position[chip] != RS_NONE;
}

/* Levels up to the hops that are allowed. */
static void find_levels(tree_maker *m) {
  const rs_wiring *w = m->s->plan->wiring;
  memset(m->level, 0xff, w->chip_count * sizeof *m->level);
  uint32_t count = 1;
  m->level[m->root] = 0;
  m->order[0] = m->root;
  memset(m->level_first, 0, (m->s->hops + 2) * sizeof *m->level_first);
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = m->order[head], level = m->level[chip];
    m->level_first[level + 1] = head + 1;
    if (level == m->s->hops) continue;
    for (uint32_t i = w->in_first[chip]; i < w->in_first[chip + 1]; i++) {
      uint32_t from = w->links[w->in_links[i]].from;
      if (m->level[from] != RS__NOWHERE || !is_allowed(m->s, from)) continue;
      m->level[from] = level + 1;
      m->order[count++] = from;
    }
  }
  for (uint32_t l = 1; l <= m->s->hops + 1; l++) {
    m->level_first[l] = RS_MAX(m->level_first[l], m->level_first[l - 1]);
  }
}

static void add_item(tree_maker *m, uint32_t chip, uint32_t bundle) {
  m->items = reserve(m->s, m->items, &m->item_capacity, m->item_count + 1, sizeof *m->items);
  if (m->items == NULL) {
    m->s->plan->status = rs_arena_failed(m->s->plan->arena, m->s->plan->diag);
    m->item_count = m->item_capacity = 0;
    return;
  }
  m->items[m->item_count] = (item){chip, bundle, m->first_item[chip], false};
  m->first_item[chip] = m->item_count++;
}

/* The untaken item that a part of a bundle is, or RS_NONE. */
static uint32_t find_item(const tree_maker *m, const rs__shared_part *part) {
  uint32_t chip = m->s->plan->wiring->links[part->link].from;
  for (uint32_t i = m->first_item[chip]; i != RS_NONE; i = m->items[i].next) {
    if (m->items[i].bundle == part->item) return m->items[i].is_taken ? RS_NONE : i;
  }
  return RS_NONE;
}

/* Items of the level that the bundle would take; 0: it cannot be taken. */
static uint32_t gain_of(const tree_maker *m, const rs__bundle *b, uint32_t level) {
  uint32_t gain = 0;
  if (b->depth + level - 1 > m->s->hops) return 0;
  for (uint32_t i = 0; i < b->part_count; i++) {
    uint32_t found = find_item(m, &m->s->parts[b->first_part + i]);
    if (found == RS_NONE || m->level[m->items[found].chip] > level) return 0;
    gain += m->level[m->items[found].chip] == level ? 2 : 0;
  }
  return gain;
}

/* It is sent to a chip that is nearer to the root. */
static bool goes_inward(const tree_maker *m, const rs__bundle *b) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t first = w->out_first[b->chip];
  for (uint32_t l = first; l < w->out_first[b->chip + 1]; l++) {
    if (m->s->key_uses[b->first_key + l - first] == 0) continue;
    if (m->level[w->links[l].to] + 1 == m->level[b->chip]) return true;
  }
  return false;
}

static int compare_candidates(const void *left, const void *right) {
  const candidate *a = left;
  const candidate *b = right;
  if (a->gain != b->gain) return a->gain > b->gain ? -1 : 1;
  return (a->id > b->id) - (a->id < b->id);
}

static bool push_candidate(tree_maker *m, uint32_t *count, uint32_t id, uint32_t gain) {
  rs__shared *s = m->s;
  m->candidates =
      reserve(s, m->candidates, &m->candidate_capacity, *count + 1, sizeof *m->candidates);
  if (m->candidates == NULL) {
    s->plan->status = rs_arena_failed(s->plan->arena, s->plan->diag);
    m->candidate_capacity = 0;
    return false;
  }
  m->candidates[(*count)++] = (candidate){id, gain};
  return true;
}

/* Takes bundles that are sent already. */
static void take_shared(tree_maker *m, uint32_t level) {
  rs__shared *s = m->s;
  uint32_t count = 0;
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    for (uint32_t id = s->first_bundle[m->order[k]]; id != RS_NONE; id = s->bundles[id].next) {
      const rs__bundle *b = &s->bundles[id];
      if (b->uses == 0 || !goes_inward(m, b)) continue;
      uint32_t gain = gain_of(m, b, level);
      if (gain == 0) continue;
      if (!push_candidate(m, &count, id, gain)) return;
    }
  }
  qsort(m->candidates, count, sizeof *m->candidates, compare_candidates);
  for (uint32_t c = 0; c < count; c++) {
    const rs__bundle *b = &s->bundles[m->candidates[c].id];
    if (gain_of(m, b, level) == 0) continue;
    for (uint32_t i = 0; i < b->part_count; i++) {
      m->items[find_item(m, &s->parts[b->first_part + i])].is_taken = true;
    }
    add_item(m, b->chip, m->candidates[c].id);
  }
}

/* ---- whole neighbourhoods ---- */

/* Parts of the sum of all neighbours of a chip but one: those whose vectors still have to come. *gain: how many
 * are of the level, doubled. Returns 0 when some are on their way already. */
static uint32_t list_neighbours(const tree_maker *m, uint32_t chip, uint32_t but, uint32_t level,
                                uint32_t *gain) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t count = 0, last = RS_NONE;
  *gain = 0;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    rs__shared_part part = {w->in_links[k], RS_NONE};
    uint32_t from = w->links[part.link].from;
    bool is_other = from == but || from == m->root || from == last;
    last = from;
    if (is_other || !m->s->is_source[from]) continue;
    if (find_item(m, &part) == RS_NONE) return 0;
    if (m->level[from] == level) *gain += 2;
    m->scratch[count++] = part;
  }
  return *gain == 0 ? 0 : count;
}

/* Where all neighbours' vectors are still to come, a chip's sum of them can be the same for many roots: these
 * are made first, also of chips nearer to the root than need it, as long as they do not overlap. */
static void take_neighbourhoods(tree_maker *m, uint32_t level) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t count = 0;
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    uint32_t chip = m->order[k], gain;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      if (m->level[w->links[l].to] + 1 != m->level[chip]) continue;
      if (list_neighbours(m, chip, w->links[l].to, level, &gain) == 0) continue;
      if (!push_candidate(m, &count, l, gain)) return;
    }
  }
  qsort(m->candidates, count, sizeof *m->candidates, compare_candidates);
  for (uint32_t c = 0; c < count && m->s->plan->status == RS_OK; c++) {
    const rs_link *link = &w->links[m->candidates[c].id];
    uint32_t gain, parts = list_neighbours(m, link->from, link->to, level, &gain);
    if (parts == 0) continue;
    for (uint32_t i = 0; i < parts; i++) m->items[find_item(m, &m->scratch[i])].is_taken = true;
    uint32_t id = intern(m->s, link->from, m->scratch, parts);
    if (id != RS_NONE) add_item(m, link->from, id);
  }
}

/* ---- the rest ---- */

static bool is_sent(const rs__shared *s, uint32_t link, uint32_t bundle) {
  const rs__shared_part part = {link, bundle};
  return *key_of(s, &part) > 0;
}

/* The best link by which an item can come a level nearer, of those to chips that are dirty (or all):
 * one that carries it already, else the least loaded. */
static uint32_t best_link(const tree_maker *m, const item *it, bool only_dirty) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t best = RS_NONE, degree = rs_wiring_out_degree(w, it->chip);
  uint64_t best_cost = UINT64_MAX;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t l = w->out_first[it->chip] + (k + m->root) % degree;
    uint32_t to = w->links[l].to;
    if (m->level[to] != m->level[it->chip] - 1 || (only_dirty && !m->is_dirty[to])) continue;
    uint32_t load = *load_of(m->s, l, depth_of(m->s, it->bundle));
    uint64_t cost = is_sent(m->s, l, it->bundle) ? 0 : load + UINT64_C(1);
    if (cost < best_cost) {
      best_cost = cost;
      best = l;
    }
  }
  return best;
}

/* How many items that are left the chip could take, doubled; 1 more when that needs no new load. */
static uint32_t cover_of(const tree_maker *m, uint32_t chip) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t gain = 0;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    uint32_t from = w->links[w->in_links[k]].from;
    if (m->level[from] != m->level[chip] + 1) continue;
    for (uint32_t i = m->first_item[from]; i != RS_NONE; i = m->items[i].next) {
      if (m->items[i].is_taken) continue;
      gain += is_sent(m->s, w->in_links[k], m->items[i].bundle) ? 3 : 2;
    }
  }
  return gain;
}

/* The least load of a link from the chip to the next level, of what has come from `depth` hops away. */
static uint32_t way_out(const tree_maker *m, uint32_t chip, uint32_t depth) {
  const rs_wiring *w = m->s->plan->wiring;
  uint32_t least = UINT32_MAX;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (m->level[w->links[l].to] + 1 == m->level[chip])
      least = RS_MIN(least, *load_of(m->s, l, depth));
  }
  return least;
}

static void mark_taken_by(tree_maker *m, uint32_t chip) {
  const rs_wiring *w = m->s->plan->wiring;
  m->is_dirty[chip] = true;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    uint32_t from = w->links[w->in_links[k]].from;
    if (m->level[from] != m->level[chip] + 1) continue;
    for (uint32_t i = m->first_item[from]; i != RS_NONE; i = m->items[i].next) {
      m->items[i].is_taken = true;
    }
  }
}

/* Chips of the nearer level that take all that is left: greedy, most items first. */
static void choose_takers(tree_maker *m, uint32_t level) {
  uint32_t first = m->level_first[level - 1], count = m->level_first[level] - first;
  for (;;) {
    uint32_t best = RS_NONE, best_gain = 0, best_load = 0;
    for (uint32_t k = 0; k < count; k++) {
      uint32_t chip = m->order[first + (k + m->root) % count];
      uint32_t gain = m->is_dirty[chip] ? 0 : cover_of(m, chip);
      if (gain < best_gain || gain == 0) continue;
      uint32_t load = way_out(m, chip, m->s->hops - level + 1);
      if (gain == best_gain && load >= best_load) continue;
      best = chip;
      best_gain = gain;
      best_load = load;
    }
    if (best == RS_NONE) return;
    mark_taken_by(m, best);
  }
}

/* Everything of the level that is not taken yet goes to new bundles of the nearer level. */
static void take_rest(tree_maker *m, uint32_t level) {
  m->left_count = 0;
  for (uint32_t k = m->level_first[level]; k < m->level_first[level + 1]; k++) {
    for (uint32_t i = m->first_item[m->order[k]]; i != RS_NONE; i = m->items[i].next) {
      if (!m->items[i].is_taken) m->left[m->left_count++] = i;
    }
  }
  choose_takers(m, level);
  m->taking_count = 0;
  for (uint32_t i = 0; i < m->left_count; i++) {
    uint32_t link = best_link(m, &m->items[m->left[i]], /*only_dirty=*/true);
    m->takings[m->taking_count++] = (taking){m->left[i], link};
  }
  const rs_wiring *w = m->s->plan->wiring;
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    uint32_t chip = m->order[k], count = 0;
    if (!m->is_dirty[chip]) continue;
    m->is_dirty[chip] = false;
    for (uint32_t i = 0; i < m->taking_count; i++) {
      const taking *t = &m->takings[i];
      if (w->links[t->link].to != chip) continue;
      m->scratch[count++] = (rs__shared_part){t->link, m->items[t->item].bundle};
    }
    if (count == 0) continue;
    uint32_t id = intern(m->s, chip, m->scratch, count);
    if (id == RS_NONE) return;
    add_item(m, chip, id);
  }
}

/* The root's bundle: what its neighbours have for it. */
static uint32_t finish(tree_maker *m) {
  uint32_t count = 0;
  for (uint32_t k = m->level_first[1]; k < m->level_first[2]; k++) {
    for (uint32_t i = m->first_item[m->order[k]]; i != RS_NONE; i = m->items[i].next) {
      if (m->items[i].is_taken) continue;
      uint32_t link = best_link(m, &m->items[i], /*only_dirty=*/false);
      m->scratch[count++] = (rs__shared_part){link, m->items[i].bundle};
    }
  }
  return intern(m->s, m->root, m->scratch, count);
}

static rs_status make_tree(tree_maker *m, uint32_t root, uint32_t *bundle) {
  rs__shared *s = m->s;
  m->root = root;
  m->item_count = 0;
  memset(m->first_item, 0xff, s->plan->wiring->chip_count * sizeof *m->first_item);
  find_levels(m);
  for (uint32_t i = 0; i < s->core_count; i++) {
    if (s->cores[i] == root) continue;
    if (m->level[s->cores[i]] == RS__NOWHERE) {
      return rs_diag_set(s->plan->diag, RS_E_INFEASIBLE,
                         "chips %u and %u are more than %u hops apart", s->cores[i], root, s->hops);
    }
    add_item(m, s->cores[i], RS_NONE);
  }
  for (uint32_t level = s->hops; level >= 2 && s->plan->status == RS_OK; level--) {
    if (m->tries_neighbourhoods && level == s->hops && level >= 3) take_neighbourhoods(m, level);
    if (s->plan->status == RS_OK) take_shared(m, level);
    if (s->plan->status == RS_OK) take_rest(m, level);
  }
  if (s->plan->status == RS_OK) *bundle = finish(m);
  return s->plan->status;
}

/* ---- all roots ---- */

static bool init_maker(tree_maker *m, rs__shared *s) {
  rs_arena *arena = s->plan->arena;
  uint32_t chips = s->plan->wiring->chip_count;
  size_t items = (size_t)s->plan->wiring->link_count + chips + 1;
  *m = (tree_maker){.s = s};
  m->level = RS_ARENA_NEW(arena, uint32_t, chips);
  m->order = RS_ARENA_NEW(arena, uint32_t, chips);
  m->level_first = RS_ARENA_NEW(arena, uint32_t, s->hops + 2);
  m->first_item = RS_ARENA_NEW(arena, uint32_t, chips);
  m->takings = RS_ARENA_NEW(arena, taking, items);
  m->is_dirty = RS_ARENA_NEW(arena, bool, chips);
  m->scratch = RS_ARENA_NEW(arena, rs__shared_part, items);
  m->left = RS_ARENA_NEW(arena, uint32_t, items);
  return m->level != NULL && m->order != NULL && m->level_first != NULL && m->first_item != NULL &&
         m->takings != NULL && m->is_dirty != NULL && m->scratch != NULL && m->left != NULL;
}

static bool init_shared(rs__shared *s) {
  rs_arena *arena = s->plan->arena;
  const rs_wiring *w = s->plan->wiring;
  uint32_t slots = 1024;
  while (slots < w->link_count * 2) slots *= 2;
  s->table_mask = slots - 1;
  s->root_bundle = RS_ARENA_NEW(arena, uint32_t, s->core_count);
  s->is_source = RS_ARENA_NEW(arena, bool, w->chip_count);
  s->raw_uses = RS_ARENA_NEW(arena, uint32_t, w->link_count);
  s->first_bundle = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  s->table = RS_ARENA_NEW(arena, uint32_t, slots);
  if (s->root_bundle == NULL || s->is_source == NULL || s->raw_uses == NULL ||
      s->first_bundle == NULL || s->table == NULL) {
    return false;
  }
  memset(s->root_bundle, 0xff, s->core_count * sizeof *s->root_bundle);
  memset(s->first_bundle, 0xff, w->chip_count * sizeof *s->first_bundle);
  memset(s->table, 0xff, slots * sizeof *s->table);
  for (uint32_t i = 0; i < s->core_count; i++) s->is_source[s->cores[i]] = true;
  return true;
}

/* A new tree for a root; the old one comes back when it was better. */
static rs_status improve(rs__shared *s, tree_maker *m, uint32_t core) {
  uint32_t old = s->root_bundle[core], bundle = RS_NONE;
  uint64_t before = s->squares;
  if (old != RS_NONE) release(s, old);
  rs_status status = make_tree(m, s->cores[core], &bundle);
  if (status != RS_OK) return status;
  acquire(s, bundle);
  if (old != RS_NONE && s->squares > before) {
    release(s, bundle);
    acquire(s, old);
    return RS_OK;
  }
  s->root_bundle[core] = bundle;
  return RS_OK;
}

rs_status rs__shared_make(rs__plan *plan, const uint32_t *cores, uint32_t core_count, uint32_t hops,
                          uint32_t rounds, uint32_t *load, rs__shared *shared) {
  *shared = (rs__shared){
      .plan = plan, .hops = hops, .cores = cores, .core_count = core_count, .load = load};
  tree_maker maker;
  assert(hops >= 1);
  if (!init_shared(shared) || !init_maker(&maker, shared)) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (size_t i = 0; i < (size_t)plan->wiring->link_count * hops; i++) {
    shared->squares += (uint64_t)load[i] * load[i];
  }
  rs_status status = RS_OK;
  for (uint32_t round = 0; round < rounds; round++) {
    uint64_t before = shared->squares;
    maker.tries_neighbourhoods = (round & 1) == 0;
    for (uint32_t i = 0; i < core_count && status == RS_OK; i++) {
      status = improve(shared, &maker, i);
    }
    if (status != RS_OK) return status;
    if (round > 1 && shared->squares == before) break;
  }
  return RS_OK;
}

/* ---- checking ---- */

/* Counts the sources of a bundle. */
static void count_sources(const rs__shared *s, uint32_t id, uint32_t *times) {
  const rs__bundle *b = &s->bundles[id];
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    if (part->item == RS_NONE) {
      times[s->plan->wiring->links[part->link].from]++;
    } else {
      count_sources(s, part->item, times);
    }
  }
}

static rs_status check_bundle(const rs__shared *s, uint32_t id, rs_diag *diag) {
  const rs__bundle *b = &s->bundles[id];
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    const rs_link *l = &s->plan->wiring->links[part->link];
    bool is_right = l->to == b->chip;
    if (part->item == RS_NONE) {
      is_right = is_right && s->is_source[l->from];
    } else {
      const rs__bundle *inner = &s->bundles[part->item];
      is_right = is_right && inner->chip == l->from && inner->depth < b->depth && inner->uses > 0;
    }
    if (!is_right || *key_of(s, part) == 0) {
      return rs_diag_set(diag, RS_E_REFUSED, "bundle %u of chip %u has a wrong part", id, b->chip);
    }
  }
  return RS_OK;
}

rs_status rs__shared_check(const rs__shared *s, rs_diag *diag) {
  uint32_t chips = s->plan->wiring->chip_count;
  rs_status status = RS_OK;
  for (uint32_t id = 0; id < s->bundle_count && status == RS_OK; id++) {
    if (s->bundles[id].uses > 0) status = check_bundle(s, id, diag);
  }
  uint32_t *times = RS_ARENA_NEW(s->plan->arena, uint32_t, chips);
  if (times == NULL) return rs_arena_failed(s->plan->arena, diag);
  for (uint32_t i = 0; i < s->core_count && status == RS_OK; i++) {
    memset(times, 0, chips * sizeof *times);
    count_sources(s, s->root_bundle[i], times);
    if (s->bundles[s->root_bundle[i]].depth > s->hops) {
      return rs_diag_set(diag, RS_E_REFUSED, "chip %u is reached in too many hops", s->cores[i]);
    }
    for (uint32_t chip = 0; chip < chips; chip++) {
      uint32_t wanted = s->is_source[chip] && chip != s->cores[i] ? 1 : 0;
      if (times[chip] == wanted) continue;
      return rs_diag_set(diag, RS_E_REFUSED, "chip %u gets chip %u %u times", s->cores[i], chip,
                         times[chip]);
    }
  }
  return status;
}
