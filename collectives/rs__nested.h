/*
 * The nested exchange in parts: nodes, racks and the links between them; the rounds; the direct exchange.
 */
#ifndef RS__NESTED_H
#define RS__NESTED_H

#include "rs__collective.h"

enum { RS__IN_RACK, RS__BETWEEN_RACKS, RS__LEVELS };

typedef struct rs__gate {
  uint32_t link, from, to; /* places */
  uint32_t came_next, left_next;
  uint32_t forward; /* the task that brings it into hop buffer, or RS_NONE */
  uint32_t copy;    /* and the one that adds it to the receiver's own `out` */
  uint32_t alone;   /* and the one that keeps it apart for a relay, or RS_NONE */
  bool relays;      /* of a direct exchange: it is sent on to another node */
} rs__gate;

/* A node without a link from a rack gets that rack's sum from a chip of its own rack that has one. */
typedef struct rs__relay {
  uint32_t gate; /* between racks */
  uint32_t link; /* on to the node */
  int64_t at;    /* there, in hop buffer */
} rs__relay;

typedef struct rs__nested {
  rs__plan *plan;
  uint32_t n, node_count, rack_count;
  uint32_t *node_of, *rack_of; /* [place] */
  uint32_t *places;            /* by node */
  uint32_t *node_first;        /* [node + 1] into places */
  rs__gate *gates[RS__LEVELS];
  uint32_t gate_count[RS__LEVELS];
  uint32_t *came[RS__LEVELS], *left[RS__LEVELS]; /* [place] lists of gates; RS_NONE: none */
  uint32_t *came_count;                          /* [place] at the level at hand */
  uint32_t *ready;  /* [place] a join: what goes on is there, or RS_NONE */
  int64_t *at;      /* [place] where, in hop buffer */
  uint32_t *share;  /* [place] the join of its share of other racks, or RS_NONE */
  uint32_t *spread; /* [place] first task of those to its node, or RS_NONE */
  uint32_t
      *together; /* [rack] the join of all its nodes' sums, until racks have exchanged; or NULL */
  bool is_direct;
  rs__relay *relays;
  uint32_t relay_count;
} rs__nested;

static inline uint32_t rs__nested_chip(const rs__nested *x, uint32_t place) {
  return x->plan->members[place];
}

static inline rs_status rs__nested_refuse(const rs__nested *x, const char *why) {
  return rs_diag_set(x->plan->diag, RS_E_INFEASIBLE, "%s", why);
}

static inline uint32_t rs__nested_link(const rs__nested *x, uint32_t from, uint32_t to) {
  return rs__plan_find_link(x->plan, rs__nested_chip(x, from), rs__nested_chip(x, to));
}

/* The k-th chip of a node. */
static inline uint32_t rs__nested_member(const rs__nested *x, uint32_t node, uint32_t k) {
  return x->places[x->node_first[node] + k];
}

static inline uint32_t rs__nested_size(const rs__nested *x, uint32_t node) {
  return x->node_first[node + 1] - x->node_first[node];
}

/* ---- rs_collective_nested_gates.c ---- */

/* Arrays of a place each. */
rs_status rs__nested_reserve(rs__nested *x);

/* Numbers nodes and racks of the group. RS_E_INFEASIBLE: it is not for this row. */
rs_status rs__nested_fill_places(rs__nested *x);

/* Both ends are members, and of different groups of one level. */
bool rs__nested_joins(const rs__nested *x, int level, const rs_link *l, uint32_t *from,
                      uint32_t *to);

/* A link from every group to every other: of nodes in a rack, of racks, or, of a direct exchange, from
 * every rack to every node. */
rs_status rs__nested_choose_gates(rs__nested *x, int level);

/* Every two nodes of a rack, and every two racks. */
rs_status rs__nested_check_gates(const rs__nested *x);

/* ---- rs_collective_nested.c ---- */

/* The whole message, from a buffer into `out` of the receiver, where it is added. */
uint32_t rs__nested_add_to_out(const rs__nested *x, uint32_t link, rs_buffer source, int64_t offset,
                               uint32_t after);

/* Orders `writer`, which adds to `out` of a place, behind the tasks of a level's gates that read it. */
void rs__nested_clear_reads(const rs__nested *x, int level, uint32_t place, uint32_t writer);

/* What the senders of a place's gates have, summed up in its hop buffer. Returns where; −1: none of
 * them has anything. */
int64_t rs__nested_forward_sums(rs__nested *x, int level, rs_buffer source, uint32_t place);

/* What came to a place by gates of a level, from tmp[at], into `out` of the others of its node. They must
 * have been read by gates of `read_by` before. */
void rs__nested_spread_sum(rs__nested *x, int level, uint32_t place, int64_t at, int read_by);

/* What lands on `out` of a gateway lands after its own has left for others. */
void rs__nested_guard_sums(rs__nested *x, int level);

/* Rounds 1 to 3; x->ready: the rack's sum is in `out` of a place. */
rs_status rs__nested_sum_racks(rs__nested *x);

/* ---- rs_collective_nested_direct.c ---- */

/* Rounds 4 and 5, and 6 for nodes without a link from a rack. */
rs_status rs__nested_build_direct(rs__nested *x);

#endif
