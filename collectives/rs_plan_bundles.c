/*
 * Bundles of shared trees: who is sent, and how much links carry for it.
 *
 * A bundle is in use as long as a root or another bundle in use has it as a part; then its own parts are in
 * use over their links, and a link carries each of them once for all. Equal bundles are one: they are found
 * by a digest of their parts, which are sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__shared.h"
#include "rs_random.h"

/* ---- what is used ---- */

void *rs__bundle_reserve(rs__shared *s, void *old, uint32_t *capacity, uint32_t wanted,
                         size_t size) {
  while (old == NULL || wanted > *capacity) {
    old = rs__grow(s->arena, old, capacity, size);
    if (old == NULL) return NULL;
  }
  return old;
}

/* Puts a bundle with those of its chip that are in use. */
static void list_sent(rs__shared *s, uint32_t id) {
  rs__bundle *b = &s->bundles[id];
  rs__sent_list *sent = &s->sent[b->chip];
  sent->list =
      rs__bundle_reserve(s, sent->list, &sent->capacity, sent->count + 1, sizeof *sent->list);
  if (sent->list == NULL) {
    s->plan->status = rs_arena_failed(s->arena, s->plan->diag);
    sent->count = sent->capacity = 0;
    return;
  }
  b->place = sent->count;
  sent->list[sent->count++] = (rs__sent){.id = id, .depth = b->depth};
}

static void unlist_sent(rs__shared *s, uint32_t id) {
  const rs__bundle *b = &s->bundles[id];
  rs__sent_list *sent = &s->sent[b->chip];
  sent->list[b->place] = sent->list[--sent->count];
  s->bundles[sent->list[b->place].id].place = b->place;
}

/* The first use of a part over its link, or the last one's end. More than 64 links share bits, which stay. */
static void mark_way(rs__shared *s, const rs__shared_part *part, bool is_used) {
  const rs_wiring *w = s->plan->wiring;
  if (part->item == RS_NONE) return;
  const rs__bundle *b = &s->bundles[part->item];
  uint64_t way = rs__bundle_way(w, part->link);
  uint64_t *ways = &s->sent[b->chip].list[b->place].ways;
  if (is_used) *ways |= way;
  if (!is_used && rs_wiring_out_degree(w, b->chip) <= 64) *ways &= ~way;
}

void rs__bundle_acquire(rs__shared *s, uint32_t id) {
  const rs__bundle *b = &s->bundles[id];
  if (s->plan->status != RS_OK || s->bundles[id].uses++ > 0) return;
  list_sent(s, id);
  for (uint32_t i = 0; i < b->part_count && s->plan->status == RS_OK; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    if (part->item != RS_NONE) rs__bundle_acquire(s, part->item);
    if (s->plan->status != RS_OK || (*rs__bundle_key(s, part))++ > 0) continue;
    uint32_t *load = rs__bundle_load(s, part->link, rs__bundle_depth(s, part->item));
    s->squares += 2 * (uint64_t)(*load)++ + 1;
    mark_way(s, part, true);
  }
}

void rs__bundle_release(rs__shared *s, uint32_t id) {
  const rs__bundle *b = &s->bundles[id];
  if (s->plan->status != RS_OK || --s->bundles[id].uses > 0) return;
  for (uint32_t i = 0; i < b->part_count; i++) {
    const rs__shared_part *part = &s->parts[b->first_part + i];
    if (--*rs__bundle_key(s, part) == 0) {
      uint32_t *load = rs__bundle_load(s, part->link, rs__bundle_depth(s, part->item));
      s->squares -= 2 * (uint64_t)--(*load) + 1;
      mark_way(s, part, false);
    }
    if (part->item != RS_NONE) rs__bundle_release(s, part->item);
  }
  unlist_sent(s, id);
}

/* ---- bundles ---- */

static int compare_parts(const void *left, const void *right) {
  const rs__shared_part *a = left;
  const rs__shared_part *b = right;
  if (a->link != b->link) return a->link < b->link ? -1 : 1;
  return (a->item > b->item) - (a->item < b->item);
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

uint32_t rs__bundle_intern(rs__shared *s, uint32_t chip, rs__shared_part *parts, uint32_t count) {
  const rs_wiring *w = s->plan->wiring;
  uint64_t hash = rs_mix_u64(chip);
  uint32_t depth = 0;
  if (count > 0) qsort(parts, count, sizeof *parts, compare_parts);
  for (uint32_t i = 0; i < count; i++) {
    hash = rs_mix_u64(hash ^ ((uint64_t)parts[i].link << 32 | parts[i].item));
    if (parts[i].item != RS_NONE) depth = RS_MAX(depth, s->bundles[parts[i].item].depth);
  }
  uint32_t id = find_bundle(s, hash, chip, parts, count);
  if (id != RS_NONE) return id;
  uint32_t keys = rs_wiring_out_degree(w, chip);
  s->bundles = rs__bundle_reserve(s, s->bundles, &s->bundle_capacity, s->bundle_count + 1,
                                  sizeof *s->bundles);
  s->parts =
      rs__bundle_reserve(s, s->parts, &s->part_capacity, s->part_count + count, sizeof *s->parts);
  s->key_uses = rs__bundle_reserve(s, s->key_uses, &s->key_capacity, s->key_count + keys,
                                   sizeof *s->key_uses);
  if (s->bundles == NULL || s->parts == NULL || s->key_uses == NULL) {
    s->plan->status = rs_arena_failed(s->arena, s->plan->diag);
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
                                .next_equal = s->table[hash & s->table_mask]};
  s->table[hash & s->table_mask] = id;
  s->part_count += count;
  s->key_count += keys;
  return id;
}

/* ---- the empty set ---- */

rs_status rs__shared_begin(rs__plan *plan, rs_arena *arena, const uint32_t *cores,
                           uint32_t core_count, uint32_t hops, uint32_t *load, rs__shared *s) {
  const rs_wiring *w = plan->wiring;
  uint32_t slots = 64, ways = 0;
  *s = (rs__shared){.plan = plan,
                    .arena = arena,
                    .hops = hops,
                    .cores = cores,
                    .core_count = core_count,
                    .load = load};
  for (uint32_t i = 0; i < core_count; i++) ways += rs_wiring_out_degree(w, cores[i]);
  while (slots < ways * 2) slots *= 2;
  s->table_mask = slots - 1;
  s->root_bundle = RS_ARENA_NEW(arena, uint32_t, core_count);
  s->is_source = RS_ARENA_NEW(arena, bool, w->chip_count);
  s->raw_uses = RS_ARENA_NEW(arena, uint32_t, w->link_count);
  s->sent = RS_ARENA_NEW(arena, rs__sent_list, w->chip_count);
  s->table = RS_ARENA_NEW(arena, uint32_t, slots);
  if (s->root_bundle == NULL || s->is_source == NULL || s->raw_uses == NULL || s->sent == NULL ||
      s->table == NULL) {
    return rs_arena_failed(arena, plan->diag);
  }
  memset(s->root_bundle, 0xff, core_count * sizeof *s->root_bundle);
  memset(s->table, 0xff, slots * sizeof *s->table);
  for (uint32_t i = 0; i < core_count; i++) s->is_source[cores[i]] = true;
  return RS_OK;
}
