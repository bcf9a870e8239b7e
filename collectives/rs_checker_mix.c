/*
 * Mixes: runs that one burst has put together from several, such as the blocks of a node's chips.
 *
 * Taken as so many elements, each would be an entry in every memory that it comes to: 8 times the
 * memory and time for a burst of 8 blocks. So the parts are kept once, in a table by their hash, and
 * memories point there. Most bursts move what is a mix already, and do not even look it up. A mix is
 * never changed: what is added to, or cut, is taken apart first.
 */
#include <string.h>

#include "rs__checker.h"
#include "rs_random.h"

/* ---- the parts of a chain of pieces ---- */

static bool append_part(rs__checker *c, uint32_t *count, rs_uint128 value, int64_t length) {
  if (*count == c->part_capacity) {
    uint32_t capacity = RS_MAX(2 * c->part_capacity, UINT32_C(64));
    rs__part *larger = RS_ARENA_NEW(c->arena, rs__part, capacity);
    if (larger == NULL) return false;
    if (*count > 0) memcpy(larger, c->parts, *count * sizeof *larger);
    c->parts = larger;
    c->part_capacity = capacity;
  }
  c->parts[(*count)++] = (rs__part){value, length};
  return true;
}

/* Into the scratch. Returns how many; 0: no memory. */
static uint32_t list_parts(rs__checker *c, uint32_t piece) {
  uint32_t count = 0;
  for (; piece != RS_NONE; piece = c->pieces[piece].next) {
    const rs__piece *p = &c->pieces[piece];
    if (p->mix == NULL) {
      if (!append_part(c, &count, p->value, p->count)) return 0;
      continue;
    }
    for (uint32_t k = 0; k < p->mix->count; k++) {
      if (!append_part(c, &count, p->mix->parts[k].value, p->mix->parts[k].count)) return 0;
    }
  }
  return count;
}

static uint64_t hash_parts(const rs__part *parts, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t k = 0; k < count; k++) {
    hash = rs_mix_u64(hash ^ (uint64_t)parts[k].value);
    hash = rs_mix_u64(hash ^ (uint64_t)(parts[k].value >> 64) ^ (uint64_t)parts[k].count << 1);
  }
  return hash;
}

/* ---- the table ---- */

static bool enlarge_table(rs__checker *c) {
  uint32_t slots = RS_MAX(2 * c->mix_slots, UINT32_C(256));
  rs__mix **larger = rs__checker_take(c, slots * sizeof(rs__mix *));
  if (larger == NULL) return false;
  memset(larger, 0, slots * sizeof(rs__mix *));
  for (uint32_t i = 0; i < c->mix_slots; i++) {
    for (rs__mix *m = c->mixes[i]; m != NULL;) {
      rs__mix *next = m->next;
      m->next = larger[m->hash & (slots - 1)];
      larger[m->hash & (slots - 1)] = m;
      m = next;
    }
  }
  c->mixes = larger;
  c->mix_slots = slots;
  return true;
}

static bool same_parts(const rs__mix *m, const rs__part *parts, uint32_t count) {
  if (m->count != count) return false;
  for (uint32_t k = 0; k < count; k++) {
    if (m->parts[k].value != parts[k].value || m->parts[k].count != parts[k].count) return false;
  }
  return true;
}

const rs__mix *rs__checker_mix(rs__checker *c, uint32_t piece) {
  uint32_t count = list_parts(c, piece);
  if (count == 0 || (c->mix_count >= c->mix_slots && !enlarge_table(c))) return NULL;
  uint64_t hash = hash_parts(c->parts, count);
  rs__mix **chain = &c->mixes[hash & (c->mix_slots - 1)];
  for (rs__mix *m = *chain; m != NULL; m = m->next) {
    if (m->hash == hash && same_parts(m, c->parts, count)) return m;
  }
  size_t bytes = sizeof(rs__mix) + count * sizeof(rs__part);
  rs__mix *m = rs__checker_take(c, bytes);
  if (m == NULL) return NULL;
  m->hash = hash;
  m->count = count;
  memcpy(m->parts, c->parts, count * sizeof *c->parts);
  m->next = *chain;
  *chain = m;
  c->mix_count++;
  return m;
}
