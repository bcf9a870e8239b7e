/*
 * Sums that are wanted at many chips at once, where one transmission serves several of them.
 *
 * Every root has an in-tree of few hops. What a chip sends toward a root is its own vectors, or a
 * bundle: a sum of what came in. Where trees of several roots go through a chip with the same sum, it
 * is the same bundle, and a link carries it once for all of them. At the receiver what arrives is added
 * into every bundle that has it as a part, and into `out`.
 *
 * Invariants (rs__shared_check): the parts of a bundle come in over links into its chip, from chips that
 * have them; a bundle is deeper than its parts; flattened, a root's bundle holds every source but the
 * root itself exactly once, and is no deeper than the hops that were allowed.
 */
#ifndef RS__SHARED_H
#define RS__SHARED_H

#include "rs__collective.h"

/* What comes in over a link: the sender's own vectors (item RS_NONE), or a bundle of it. */
typedef struct rs__shared_part {
  uint32_t link, item;
} rs__shared_part;

typedef struct rs__bundle {
  uint64_t hash;
  uint32_t chip;
  uint32_t depth;      /* hops that its farthest vectors have come */
  uint32_t uses;       /* parts that it is, and roots; 0: it is not sent */
  uint32_t first_part; /* into parts */
  uint32_t part_count;
  uint32_t first_key;  /* into key_uses, one a link that leaves the chip */
  uint32_t place;      /* among its chip's, while it is in use */
  uint32_t next_equal; /* of its place in the table, or RS_NONE */
} rs__bundle;

/* A bundle in use, as those look at it that want to send it too. */
typedef struct rs__sent {
  uint64_t ways; /* bit l mod 64: it may be sent over its chip's link number l */
  uint32_t id, depth;
} rs__sent;

typedef struct rs__sent_list {
  rs__sent *list; /* in no order */
  uint32_t count, capacity;
} rs__sent_list;

typedef struct rs__shared {
  rs__plan *plan;
  rs_arena *arena; /* of all that it has */
  uint32_t hops;
  const uint32_t *cores; /* chips that are sources and roots */
  uint32_t core_count;
  uint32_t *root_bundle; /* [core] what its `out` gets; RS_NONE: none yet */
  bool *is_source;       /* [chip] */
  rs__bundle *bundles;
  uint32_t bundle_count, bundle_capacity;
  rs__shared_part *parts;
  uint32_t part_count, part_capacity;
  uint32_t *key_uses; /* [key] bundles of which it is a part over that link */
  uint32_t key_count, key_capacity;
  uint32_t *raw_uses;  /* [link] the same of the sender's own vectors */
  uint32_t *load;      /* [link · hops + depth] transmissions, with those that were there before */
  uint64_t squares;    /* of loads, summed, beyond what they were at first */
  rs__sent_list *sent; /* [chip] */
  uint32_t *table;     /* by hash: the first of a list */
  uint32_t table_mask;
} rs__shared;

/* ---- rs_plan_bundles.c ---- */

/* No trees yet. `load` ([link · hops + depth of what is sent]) is what links carry already, and is raised. */
rs_status rs__shared_begin(rs__plan *plan, rs_arena *arena, const uint32_t *cores,
                           uint32_t core_count, uint32_t hops, uint32_t *load, rs__shared *shared);

/* The bundle of these parts, which are sorted here. RS_NONE: no memory. */
uint32_t rs__bundle_intern(rs__shared *s, uint32_t chip, rs__shared_part *parts, uint32_t count);

/* One user more or less. Without memory the plan fails. */
void rs__bundle_acquire(rs__shared *s, uint32_t id);
void rs__bundle_release(rs__shared *s, uint32_t id);

/* An array with room for `wanted`; NULL: no memory. */
void *rs__bundle_reserve(rs__shared *s, void *old, uint32_t *capacity, uint32_t wanted,
                         size_t size);

/* How many bundles a part is in. */
static inline uint32_t *rs__bundle_key(const rs__shared *s, const rs__shared_part *part) {
  if (part->item == RS_NONE) return &s->raw_uses[part->link];
  const rs__bundle *b = &s->bundles[part->item];
  return &s->key_uses[b->first_key + part->link - s->plan->wiring->out_first[b->chip]];
}

/* A link's bit among those that leave its chip. */
static inline uint64_t rs__bundle_way(const rs_wiring *w, uint32_t link) {
  return UINT64_C(1) << ((link - w->out_first[w->links[link].from]) & 63);
}

static inline uint32_t rs__bundle_depth(const rs__shared *s, uint32_t item) {
  return item == RS_NONE ? 0 : s->bundles[item].depth;
}

/* Transmissions of one depth on a link. What has come as far goes on at the same time. */
static inline uint32_t *rs__bundle_load(const rs__shared *s, uint32_t link, uint32_t depth) {
  return &s->load[(size_t)link * s->hops + depth];
}

/* ---- rs_plan_shared.c ---- */

/* What choosing trees of at most so many hops needs, for one set of cores after the other. NULL: no memory. */
typedef struct rs__tree_maker rs__tree_maker;
rs__tree_maker *rs__tree_maker_create(rs__plan *plan, uint32_t hops);

/* Rounds `first` … `end` − 1 of choosing trees from every core to every other one, through members (and other
 * chips where the variant allows relays). `neighbourhoods`: round 0 and every other one look for sums of all
 * neighbours of a chip. RS_E_INFEASIBLE: some core is farther. */
rs_status rs__shared_improve(rs__tree_maker *maker, rs__shared *shared, uint32_t first,
                             uint32_t end, bool neighbourhoods);

/* ---- rs_plan_shared_check.c ---- */

/* RS_E_REFUSED with the first violation. */
rs_status rs__shared_check(const rs__shared *shared, rs_diag *diag);

#endif
