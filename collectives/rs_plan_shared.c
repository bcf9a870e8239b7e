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

#define RS__NOWHERE UINT32_MAX /* no level: too far */

/* ---- a root's tree ---- */

/* Something that still has to come nearer to the root. */
typedef struct item {
  uint32_t chip, bundle; /* RS_NONE: the chip's own vectors */
  uint32_t next;         /* of its chip */
  bool is_taken;
} item;

typedef struct taking { /* an item that goes over a link */
  uint32_t item, link, next;
} taking;

typedef struct candidate {
  uint32_t id, gain; /* of a bundle, or of a link that it would leave by */
} candidate;

/* A chip of the nearer level that could take some. */
typedef struct cover {
  uint32_t gain; /* of items that it could take, at most */
  uint32_t way;  /* the least load of a link on from there */
  uint32_t place, chip;
} cover;

/* Chips on shortest ways from members, all of which may be cores, to a root, by level. */
typedef struct reach {
  const uint32_t *order;       /* chips */
  const uint32_t *level_first; /* [level + 1] into order */
  const uint32_t *index; /* [place in order] among all chips of the level, of which there are */
  const uint32_t *level_count; /* [level] so many */
} reach;

struct rs__tree_maker {
  rs__plan *plan;
  uint32_t hops;
  rs__shared *s;
  uint32_t root;
  bool tries_neighbourhoods;
  uint32_t *level;       /* [chip] hops to the root */
  const uint32_t *order; /* its reach */
  const uint32_t *level_first;
  uint32_t reached; /* chips in it; 0: no root is at hand */
  uint32_t *place;  /* [chip] for ties */
  reach *reaches;   /* [chip] of roots that were met before */
  bool *is_useful;  /* [chip] of the reach that is looked for */
  uint32_t *queue, *firsts;
  uint32_t *first_item; /* [chip] list */
  item *items;
  uint32_t item_count, item_capacity;
  taking *takings;        /* of the level at hand */
  uint32_t *first_taking; /* [chip] list of those that go to it */
  bool *is_dirty;         /* [chip] it makes a new bundle */
  candidate *candidates;
  uint32_t candidate_capacity;
  rs__shared_part *scratch;
  cover *covers;      /* of chips of the nearer level: a heap */
  uint32_t *cover_at; /* [chip] its place among covers while they are listed */
  uint32_t cover_count;
  uint32_t *left; /* items of the level that are not taken */
  uint32_t left_count;
};

static bool is_allowed(const rs__plan *plan, uint32_t chip) {
  return plan->variant.relays || plan->position[chip] != RS_NONE;
}

/* Breadth first, up to the hops that are allowed: all chips into the queue, their levels' first places into
 * firsts. */
static uint32_t search(rs__tree_maker *m, uint32_t root) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t count = 1;
  m->level[root] = 0;
  m->queue[0] = root;
  memset(m->firsts, 0, (m->hops + 2) * sizeof *m->firsts);
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = m->queue[head], level = m->level[chip];
    m->firsts[level + 1] = head + 1;
    if (level == m->hops) continue;
    for (uint32_t i = w->in_first[chip]; i < w->in_first[chip + 1]; i++) {
      uint32_t from = w->links[w->in_links[i]].from;
      if (m->level[from] != RS__NOWHERE || !is_allowed(m->plan, from)) continue;
      m->level[from] = level + 1;
      m->queue[count++] = from;
    }
  }
  for (uint32_t l = 1; l <= m->hops + 1; l++) m->firsts[l] = RS_MAX(m->firsts[l], m->firsts[l - 1]);
  return count;
}

/* Marks those of the queue that members send over. Returns how many there are. */
static uint32_t find_useful(rs__tree_maker *m, uint32_t reached) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t count = 0;
  for (uint32_t k = reached; k-- > 0;) {
    uint32_t chip = m->queue[k];
    if (!m->is_useful[chip] && m->plan->position[chip] == RS_NONE) continue;
    m->is_useful[chip] = true;
    count++;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (m->level[to] + 1 == m->level[chip]) m->is_useful[to] = true;
    }
  }
  return count;
}

static rs_status find_reach(rs__tree_maker *m, uint32_t root, reach *found) {
  uint32_t levels = m->hops + 1, reached = search(m, root), useful = find_useful(m, reached);
  uint32_t *order =
      RS_ARENA_NEW(m->plan->arena, uint32_t, 2 * (size_t)useful + 2 * (size_t)levels + 1);
  if (order == NULL) return rs_arena_failed(m->plan->arena, m->plan->diag);
  uint32_t *index = order + useful, *firsts = index + useful, *counts = firsts + levels + 1;
  uint32_t at = 0;
  for (uint32_t level = 0; level < levels; level++) {
    firsts[level] = at;
    counts[level] = m->firsts[level + 1] - m->firsts[level];
    for (uint32_t k = m->firsts[level]; k < m->firsts[level + 1]; k++) {
      uint32_t chip = m->queue[k];
      m->level[chip] = RS__NOWHERE;
      if (!m->is_useful[chip]) continue;
      m->is_useful[chip] = false;
      order[at] = chip;
      index[at++] = k - m->firsts[level];
    }
  }
  firsts[levels] = at;
  *found = (reach){order, firsts, index, counts};
  return RS_OK;
}

/* The next root's levels take the place of the last one's. */
static rs_status enter_root(rs__tree_maker *m, uint32_t root) {
  reach *r = &m->reaches[root];
  for (uint32_t k = 0; k < m->reached; k++) {
    m->level[m->order[k]] = RS__NOWHERE;
    m->first_item[m->order[k]] = RS_NONE;
  }
  m->reached = 0;
  if (r->order == NULL) {
    rs_status status = find_reach(m, root, r);
    if (status != RS_OK) return status;
  }
  m->root = root;
  m->order = r->order;
  m->level_first = r->level_first;
  m->reached = m->level_first[m->hops + 1];
  for (uint32_t level = 0; level <= m->hops; level++) {
    /* of equals who stands first takes an item: another one for every root */
    uint32_t count = RS_MAX(r->level_count[level], 1), turn = count - root % count;
    for (uint32_t k = m->level_first[level]; k < m->level_first[level + 1]; k++) {
      m->level[m->order[k]] = level;
      m->place[m->order[k]] = (r->index[k] + turn) % count;
    }
  }
  return RS_OK;
}

static void add_item(rs__tree_maker *m, uint32_t chip, uint32_t bundle) {
  m->items =
      rs__bundle_reserve(m->s, m->items, &m->item_capacity, m->item_count + 1, sizeof *m->items);
  if (m->items == NULL) {
    m->s->plan->status = rs_arena_failed(m->s->plan->arena, m->s->plan->diag);
    m->item_count = m->item_capacity = 0;
    return;
  }
  m->items[m->item_count] = (item){chip, bundle, m->first_item[chip], false};
  m->first_item[chip] = m->item_count++;
}

/* The untaken item that a part of a bundle is, or RS_NONE. */
static uint32_t find_item(const rs__tree_maker *m, const rs__shared_part *part) {
  uint32_t chip = m->plan->wiring->links[part->link].from;
  for (uint32_t i = m->first_item[chip]; i != RS_NONE; i = m->items[i].next) {
    if (m->items[i].bundle == part->item) return m->items[i].is_taken ? RS_NONE : i;
  }
  return RS_NONE;
}

/* Items of the level that the bundle would take; 0: it cannot be taken. */
static uint32_t gain_of(const rs__tree_maker *m, const rs__bundle *b, uint32_t level) {
  uint32_t gain = 0;
  for (uint32_t i = 0; i < b->part_count; i++) {
    uint32_t found = find_item(m, &m->s->parts[b->first_part + i]);
    if (found == RS_NONE || m->level[m->items[found].chip] > level) return 0;
    gain += m->level[m->items[found].chip] == level ? 2 : 0;
  }
  return gain;
}

/* Bits of the links from a chip to one that is nearer to the root. */
static uint64_t ways_inward(const rs__tree_maker *m, uint32_t chip) {
  const rs_wiring *w = m->plan->wiring;
  uint64_t ways = 0;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (m->level[w->links[l].to] + 1 == m->level[chip]) ways |= rs__bundle_way(w, l);
  }
  return ways;
}

/* It is sent to a chip that is nearer to the root: not only one that shares a bit with such a link. */
static bool goes_inward(const rs__tree_maker *m, const rs__bundle *b) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t first = w->out_first[b->chip];
  if (rs_wiring_out_degree(w, b->chip) <= 64) return true;
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

static bool push_candidate(rs__tree_maker *m, uint32_t *count, uint32_t id, uint32_t gain) {
  rs__shared *s = m->s;
  m->candidates = rs__bundle_reserve(s, m->candidates, &m->candidate_capacity, *count + 1,
                                     sizeof *m->candidates);
  if (m->candidates == NULL) {
    s->plan->status = rs_arena_failed(s->plan->arena, s->plan->diag);
    m->candidate_capacity = 0;
    return false;
  }
  m->candidates[(*count)++] = (candidate){id, gain};
  return true;
}

/* Takes bundles that are sent already. */
static void take_shared(rs__tree_maker *m, uint32_t level) {
  rs__shared *s = m->s;
  uint32_t count = 0;
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    const rs__sent_list *sent = &s->sent[m->order[k]];
    uint64_t inward = ways_inward(m, m->order[k]);
    for (uint32_t i = 0; i < sent->count; i++) {
      const rs__sent *one = &sent->list[i];
      if ((one->ways & inward) == 0 || one->depth + level - 1 > m->hops) continue;
      const rs__bundle *b = &s->bundles[one->id];
      uint32_t gain = goes_inward(m, b) ? gain_of(m, b, level) : 0;
      if (gain == 0) continue;
      if (!push_candidate(m, &count, one->id, gain)) return;
    }
  }
  if (count > 0) qsort(m->candidates, count, sizeof *m->candidates, compare_candidates);
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
static uint32_t list_neighbours(const rs__tree_maker *m, uint32_t chip, uint32_t but,
                                uint32_t level, uint32_t *gain) {
  const rs_wiring *w = m->plan->wiring;
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
static void take_neighbourhoods(rs__tree_maker *m, uint32_t level) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t count = 0;
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    uint32_t chip = m->order[k], gain;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      if (m->level[w->links[l].to] + 1 != m->level[chip]) continue;
      if (list_neighbours(m, chip, w->links[l].to, level, &gain) == 0) continue;
      if (!push_candidate(m, &count, l, gain)) return;
    }
  }
  if (count > 0) qsort(m->candidates, count, sizeof *m->candidates, compare_candidates);
  for (uint32_t c = 0; c < count && m->s->plan->status == RS_OK; c++) {
    const rs_link *link = &w->links[m->candidates[c].id];
    uint32_t gain, parts = list_neighbours(m, link->from, link->to, level, &gain);
    if (parts == 0) continue;
    for (uint32_t i = 0; i < parts; i++) m->items[find_item(m, &m->scratch[i])].is_taken = true;
    uint32_t id = rs__bundle_intern(m->s, link->from, m->scratch, parts);
    if (id != RS_NONE) add_item(m, link->from, id);
  }
}

/* ---- the rest ---- */

static bool is_sent(const rs__shared *s, uint32_t link, uint32_t bundle) {
  const rs__shared_part part = {link, bundle};
  return *rs__bundle_key(s, &part) > 0;
}

/* The best link by which an item can come a level nearer, of those to chips that are dirty (or all):
 * one that carries it already, else the least loaded. */
static uint32_t best_link(const rs__tree_maker *m, const item *it, bool only_dirty) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t best = RS_NONE, degree = rs_wiring_out_degree(w, it->chip);
  uint64_t best_cost = UINT64_MAX;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t l = w->out_first[it->chip] + (k + m->root) % degree;
    uint32_t to = w->links[l].to;
    if (m->level[to] != m->level[it->chip] - 1 || (only_dirty && !m->is_dirty[to])) continue;
    uint32_t load = *rs__bundle_load(m->s, l, rs__bundle_depth(m->s, it->bundle));
    uint64_t cost = is_sent(m->s, l, it->bundle) ? 0 : load + UINT64_C(1);
    if (cost < best_cost) {
      best_cost = cost;
      best = l;
    }
  }
  return best;
}

/* How many items that are left the chip could take, doubled; 1 more when that needs no new load. */
static uint32_t cover_of(const rs__tree_maker *m, uint32_t chip) {
  const rs_wiring *w = m->plan->wiring;
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
static uint32_t way_out(const rs__tree_maker *m, uint32_t chip, uint32_t depth) {
  const rs_wiring *w = m->plan->wiring;
  uint32_t least = UINT32_MAX;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (m->level[w->links[l].to] + 1 == m->level[chip])
      least = RS_MIN(least, *rs__bundle_load(m->s, l, depth));
  }
  return least;
}

static void mark_taken_by(rs__tree_maker *m, uint32_t chip) {
  const rs_wiring *w = m->plan->wiring;
  m->is_dirty[chip] = true;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    uint32_t from = w->links[w->in_links[k]].from;
    if (m->level[from] != m->level[chip] + 1) continue;
    for (uint32_t i = m->first_item[from]; i != RS_NONE; i = m->items[i].next) {
      m->items[i].is_taken = true;
    }
  }
}

/* The most items first, of equals who has the least loaded way on, of equals the first. */
static bool takes_first(const cover *a, const cover *b) {
  if (a->gain != b->gain) return a->gain > b->gain;
  return a->way != b->way ? a->way < b->way : a->place < b->place;
}

static void sink(cover *heap, uint32_t count, uint32_t at) {
  const cover moved = heap[at];
  for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && takes_first(&heap[child + 1], &heap[child])) child++;
    if (!takes_first(&heap[child], &moved)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

/* Chips that could take any of what is left. */
static void list_covers(rs__tree_maker *m, uint32_t level) {
  const rs_wiring *w = m->plan->wiring;
  m->cover_count = 0;
  for (uint32_t i = 0; i < m->left_count; i++) {
    const item *it = &m->items[m->left[i]];
    for (uint32_t l = w->out_first[it->chip]; l < w->out_first[it->chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (m->level[to] + 1 != level) continue;
      if (m->cover_at[to] == RS_NONE) {
        m->cover_at[to] = m->cover_count;
        m->covers[m->cover_count++] = (cover){.place = m->place[to], .chip = to};
      }
      m->covers[m->cover_at[to]].gain += is_sent(m->s, l, it->bundle) ? 3 : 2;
    }
  }
  for (uint32_t k = 0; k < m->cover_count; k++) {
    m->cover_at[m->covers[k].chip] = RS_NONE;
    m->covers[k].way = way_out(m, m->covers[k].chip, m->hops - level + 1);
  }
  for (uint32_t at = m->cover_count / 2; at-- > 0;) sink(m->covers, m->cover_count, at);
}

/* Chips of the nearer level that take all that is left: greedy. What a chip could take only becomes less, so
 * that the largest figure is looked at again and stands if it is still that. */
static void choose_takers(rs__tree_maker *m, uint32_t level) {
  list_covers(m, level);
  while (m->cover_count > 0) {
    cover *best = &m->covers[0];
    uint32_t gain = cover_of(m, best->chip);
    if (gain == best->gain) {
      mark_taken_by(m, best->chip);
      gain = 0;
    }
    best->gain = gain;
    if (gain == 0) m->covers[0] = m->covers[--m->cover_count];
    sink(m->covers, m->cover_count, 0);
  }
}

/* Everything of the level that is not taken yet goes to new bundles of the nearer level. */
static void take_rest(rs__tree_maker *m, uint32_t level) {
  m->left_count = 0;
  for (uint32_t k = m->level_first[level]; k < m->level_first[level + 1]; k++) {
    for (uint32_t i = m->first_item[m->order[k]]; i != RS_NONE; i = m->items[i].next) {
      if (!m->items[i].is_taken) m->left[m->left_count++] = i;
    }
  }
  choose_takers(m, level);
  const rs_wiring *w = m->plan->wiring;
  for (uint32_t i = 0; i < m->left_count; i++) {
    uint32_t link = best_link(m, &m->items[m->left[i]], /*only_dirty=*/true);
    uint32_t *first = &m->first_taking[w->links[link].to];
    m->takings[i] = (taking){m->left[i], link, *first};
    *first = i;
  }
  for (uint32_t k = m->level_first[level - 1]; k < m->level_first[level]; k++) {
    uint32_t chip = m->order[k], count = 0;
    if (!m->is_dirty[chip]) continue;
    m->is_dirty[chip] = false;
    for (uint32_t i = m->first_taking[chip]; i != RS_NONE; i = m->takings[i].next) {
      const taking *t = &m->takings[i];
      m->scratch[count++] = (rs__shared_part){t->link, m->items[t->item].bundle};
    }
    m->first_taking[chip] = RS_NONE;
    if (count == 0) continue;
    uint32_t id = rs__bundle_intern(m->s, chip, m->scratch, count);
    if (id == RS_NONE) return;
    add_item(m, chip, id);
  }
}

/* The root's bundle: what its neighbours have for it. */
static uint32_t finish(rs__tree_maker *m) {
  uint32_t count = 0;
  for (uint32_t k = m->level_first[1]; k < m->level_first[2]; k++) {
    for (uint32_t i = m->first_item[m->order[k]]; i != RS_NONE; i = m->items[i].next) {
      if (m->items[i].is_taken) continue;
      uint32_t link = best_link(m, &m->items[i], /*only_dirty=*/false);
      m->scratch[count++] = (rs__shared_part){link, m->items[i].bundle};
    }
  }
  return rs__bundle_intern(m->s, m->root, m->scratch, count);
}

static rs_status make_tree(rs__tree_maker *m, uint32_t root, uint32_t *bundle) {
  rs__shared *s = m->s;
  m->item_count = 0;
  rs_status status = enter_root(m, root);
  if (status != RS_OK) return status;
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

rs__tree_maker *rs__tree_maker_create(rs__plan *plan, uint32_t hops) {
  rs_arena *arena = plan->arena;
  uint32_t chips = plan->wiring->chip_count;
  size_t items = (size_t)plan->wiring->link_count + chips + 1;
  rs__tree_maker *m = RS_ARENA_NEW(arena, rs__tree_maker, 1);
  if (m == NULL) return NULL;
  assert(hops >= 1);
  *m = (rs__tree_maker){.plan = plan, .hops = hops};
  m->level = RS_ARENA_NEW(arena, uint32_t, chips);
  m->place = RS_ARENA_NEW(arena, uint32_t, chips);
  m->reaches = RS_ARENA_NEW(arena, reach, chips);
  m->is_useful = RS_ARENA_NEW(arena, bool, chips);
  m->queue = RS_ARENA_NEW(arena, uint32_t, chips);
  m->firsts = RS_ARENA_NEW(arena, uint32_t, hops + 2);
  m->first_item = RS_ARENA_NEW(arena, uint32_t, chips);
  m->takings = RS_ARENA_NEW(arena, taking, items);
  m->first_taking = RS_ARENA_NEW(arena, uint32_t, chips);
  m->is_dirty = RS_ARENA_NEW(arena, bool, chips);
  m->scratch = RS_ARENA_NEW(arena, rs__shared_part, items);
  m->left = RS_ARENA_NEW(arena, uint32_t, items);
  m->covers = RS_ARENA_NEW(arena, cover, chips);
  m->cover_at = RS_ARENA_NEW(arena, uint32_t, chips);
  if (m->level == NULL || m->place == NULL || m->is_useful == NULL || m->cover_at == NULL ||
      m->reaches == NULL || m->queue == NULL || m->firsts == NULL || m->first_item == NULL ||
      m->takings == NULL || m->first_taking == NULL || m->is_dirty == NULL || m->scratch == NULL ||
      m->left == NULL || m->covers == NULL) {
    return NULL;
  }
  memset(m->level, 0xff, chips * sizeof *m->level);
  memset(m->first_item, 0xff, chips * sizeof *m->first_item);
  memset(m->first_taking, 0xff, chips * sizeof *m->first_taking);
  memset(m->cover_at, 0xff, chips * sizeof *m->cover_at);
  return m;
}

/* A new tree for a root; the old one comes back when it was better. */
static rs_status improve(rs__tree_maker *m, uint32_t core) {
  rs__shared *s = m->s;
  uint32_t old = s->root_bundle[core], bundle = RS_NONE;
  uint64_t before = s->squares;
  if (old != RS_NONE) rs__bundle_release(s, old);
  rs_status status = make_tree(m, s->cores[core], &bundle);
  if (status != RS_OK) return status;
  rs__bundle_acquire(s, bundle);
  if (s->plan->status != RS_OK) return s->plan->status;
  if (old != RS_NONE && s->squares > before) {
    rs__bundle_release(s, bundle);
    rs__bundle_acquire(s, old);
    return RS_OK;
  }
  s->root_bundle[core] = bundle;
  return RS_OK;
}

rs_status rs__shared_improve(rs__tree_maker *m, rs__shared *shared, uint32_t first, uint32_t end,
                             bool neighbourhoods) {
  assert(shared->hops == m->hops);
  m->s = shared;
  for (uint32_t round = first; round < end; round++) {
    uint64_t before = shared->squares;
    m->tries_neighbourhoods = ((round & 1) == 0) == neighbourhoods;
    for (uint32_t i = 0; i < shared->core_count; i++) {
      rs_status status = improve(m, i);
      if (status != RS_OK) return status;
    }
    if (round > 1 && shared->squares == before) break;
  }
  return RS_OK;
}
