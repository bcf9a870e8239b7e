/* Records that wait for their partner; see rs__schedule_diff.h. */
#include <stdlib.h>
#include <string.h>

#include "rs__schedule_diff.h"

#define FIRST_CAPACITY 4096

/* ---- what records do ---- */

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

static uint32_t name_of(const uint32_t *names, uint32_t index) {
  return names == NULL || index == RS_NONE ? index : names[index];
}

/* Everything of a burst but its start, with the names that both sides share. */
static rs_burst burst_key(const rs__diff_names *names, int side, const rs_burst *burst) {
  rs_burst key = *burst;
  key.op = name_of(names->ops[side], burst->op);
  key.link = name_of(names->links[side], burst->link);
  return key;
}

static rs_compute compute_key(const rs__diff_names *names, int side, const rs_compute *compute) {
  rs_compute key = *compute;
  key.reads_op = name_of(names->ops[side], compute->reads_op);
  key.writes_op = name_of(names->ops[side], compute->writes_op);
  return key;
}

static const char *label_of(const rs__diff_names *names, int side, const rs_compute *compute) {
  return names->headers[side]->labels[compute->label];
}

uint64_t rs__diff_hash(const rs__diff_names *names, int side, const rs_record *record) {
  uint64_t hash = (uint64_t)record->kind + 1;
  if (record->kind == RS_RECORD_BURST) {
    rs_burst b = burst_key(names, side, &record->burst);
    hash = mix(hash, ((uint64_t)b.op << 32) | b.link);
    hash = mix(hash, (uint64_t)b.source_offset);
    hash = mix(hash, (uint64_t)b.target_offset);
    hash = mix(hash, (uint64_t)b.count);
    hash = mix(hash, ((uint64_t)b.stride << 32) | (uint64_t)b.source << 16 |
                         (uint64_t)b.target << 8 | b.action);
  } else {
    rs_compute c = compute_key(names, side, &record->compute);
    hash = mix(hash, ((uint64_t)c.reads_op << 32) | c.writes_op);
    hash = mix(hash, ((uint64_t)c.chip << 32) | c.unit);
    hash = mix(hash, (uint64_t)c.cycles);
    hash = mix(hash, (uint64_t)c.first_cycles);
    for (const char *at = label_of(names, side, &record->compute); *at != '\0'; at++) {
      hash = mix(hash, (unsigned char)*at);
    }
  }
  return mix(hash, hash >> 32);
}

static bool bursts_do_the_same(const rs__diff_names *names, int side_a, const rs_burst *burst_a,
                               int side_b, const rs_burst *burst_b) {
  rs_burst a = burst_key(names, side_a, burst_a);
  rs_burst b = burst_key(names, side_b, burst_b);
  return a.op == b.op && a.link == b.link && a.source == b.source &&
         a.source_offset == b.source_offset && a.target == b.target &&
         a.target_offset == b.target_offset && a.action == b.action && a.count == b.count &&
         a.stride == b.stride;
}

static bool computes_do_the_same(const rs__diff_names *names, int side_a, const rs_compute *a,
                                 int side_b, const rs_compute *b) {
  rs_compute key_a = compute_key(names, side_a, a);
  rs_compute key_b = compute_key(names, side_b, b);
  return key_a.chip == key_b.chip && key_a.unit == key_b.unit && key_a.cycles == key_b.cycles &&
         key_a.first_cycles == key_b.first_cycles && key_a.reads_op == key_b.reads_op &&
         key_a.writes_op == key_b.writes_op &&
         strcmp(label_of(names, side_a, a), label_of(names, side_b, b)) == 0;
}

static bool does_the_same(const rs__diff_names *names, const rs__waiting *waiting, int side,
                          uint32_t hash, const rs_record *record) {
  if (waiting->hash != hash || waiting->kind != record->kind) return false;
  if (record->kind == RS_RECORD_BURST) {
    return bursts_do_the_same(names, waiting->side, &waiting->of.burst, side, &record->burst);
  }
  return computes_do_the_same(names, waiting->side, &waiting->of.compute, side, &record->compute);
}

/* ---- the table ---- */

static bool allocate(rs__window *w, uint32_t capacity) {
  rs__waiting *places = realloc(w->places, capacity * sizeof *places);
  if (places == NULL) return false;
  w->places = places;
  uint32_t *buckets = realloc(w->buckets, capacity * sizeof *buckets);
  if (buckets == NULL) return false;
  w->buckets = buckets;
  w->capacity = capacity;
  memset(buckets, 0xff, capacity * sizeof *buckets); /* RS_NONE */
  return true;
}

bool rs__window_init(rs__window *w, uint32_t records_max) {
  *w = (rs__window){.free = RS_NONE, .count_max = records_max};
  return allocate(w, FIRST_CAPACITY);
}

void rs__window_deinit(rs__window *w) {
  free(w->places);
  free(w->buckets);
}

/* Called with every place in use. The first of each queue goes to its new bucket; a bit says which those
 * are: no queue's `last` is RS_NONE, and that of all others is. */
static bool enlarge(rs__window *w) {
  if (!allocate(w, 2 * w->capacity)) return false;
  for (uint32_t i = 0; i < w->used; i++) {
    rs__waiting *waiting = &w->places[i];
    if (waiting->last == RS_NONE) continue;
    uint32_t *bucket = &w->buckets[waiting->hash & (w->capacity - 1)];
    waiting->next = *bucket;
    *bucket = i;
  }
  return true;
}

static uint32_t take_place(rs__window *w) {
  uint32_t place = w->free;
  if (place == RS_NONE) return w->used++;
  w->free = w->places[place].next;
  return place;
}

static void fill_place(rs__window *w, uint32_t place, int side, uint32_t hash,
                       const rs_record *record) {
  rs__waiting *waiting = &w->places[place];
  *waiting = (rs__waiting){.hash = hash,
                           .next = RS_NONE,
                           .after = RS_NONE,
                           .last = RS_NONE,
                           .kind = (uint8_t)record->kind,
                           .side = (uint8_t)side};
  if (record->kind == RS_RECORD_BURST) {
    waiting->of.burst = record->burst;
  } else {
    waiting->of.compute = record->compute;
  }
  w->waiting[side]++;
}

rs_record rs__waiting_record(const rs__waiting *waiting) {
  rs_record record = {.kind = (rs_record_kind)waiting->kind};
  if (record.kind == RS_RECORD_BURST) {
    record.burst = waiting->of.burst;
  } else {
    record.compute = waiting->of.compute;
  }
  return record;
}

/* Takes the first of a queue; the second one, if there is one, stands in the chain for it. */
static rs_record take_first(rs__window *w, uint32_t *chain) {
  uint32_t place = *chain;
  rs__waiting *waiting = &w->places[place];
  rs_record record = rs__waiting_record(waiting);
  if (waiting->after == RS_NONE) {
    *chain = waiting->next;
  } else {
    rs__waiting *second = &w->places[waiting->after];
    second->next = waiting->next;
    second->last = waiting->last;
    *chain = waiting->after;
  }
  w->waiting[waiting->side]--;
  waiting->kind = RS_RECORD_END;
  waiting->last = RS_NONE;
  waiting->next = w->free;
  w->free = place;
  return record;
}

rs__meet rs__window_enter(rs__window *w, const rs__diff_names *names, int side, uint32_t hash,
                          const rs_record *record, rs_record *partner) {
  uint32_t *chain = &w->buckets[hash & (w->capacity - 1)];
  while (*chain != RS_NONE && !does_the_same(names, &w->places[*chain], side, hash, record)) {
    chain = &w->places[*chain].next;
  }
  if (*chain != RS_NONE && w->places[*chain].side != side) {
    *partner = take_first(w, chain);
    return RS__MEET_PAIRED;
  }
  uint32_t queue = *chain;
  if (w->waiting[0] + w->waiting[1] >= w->count_max) return RS__MEET_FULL;
  if (w->free == RS_NONE && w->used == w->capacity && !enlarge(w)) return RS__MEET_NO_MEMORY;
  uint32_t place = take_place(w);
  fill_place(w, place, side, hash, record);
  if (queue != RS_NONE) {
    w->places[w->places[queue].last].after = place;
    w->places[queue].last = place;
  } else {
    uint32_t *bucket = &w->buckets[hash & (w->capacity - 1)];
    w->places[place].next = *bucket;
    w->places[place].last = place;
    *bucket = place;
  }
  return RS__MEET_WAITS;
}
