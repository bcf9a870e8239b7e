/*
 * What falls to one chip of a group: the fullest one, as all of them take its time and have its room.
 *
 * Heads are dealt as whole kv heads with the queries that share them, or, with more chips than kv
 * heads, a kv head's queries over several chips. Experts are dealt as wholes over `expert` parts of
 * the group, each on tensor / expert chips that split its columns.
 *
 * A token's hidden vector is whole on every chip of the group (replicated), and every chip finds its
 * experts' tokens there; or each token is on one chip only, which sends it to the experts' chips and
 * gets it back (dispatched).
 */
#ifndef RS__SHARE_H
#define RS__SHARE_H

#include "rs_sharding.h"

typedef struct rs__share {
  int64_t rows;     /* token positions that go through a layer at once */
  int64_t queries;  /* query heads */
  int64_t kv_heads; /* 1 with latent attention */

  /* a cache that is split by positions */
  int64_t sharers;        /* chips that hold a part of the same one; 1: nothing is split */
  int64_t shared_caches;  /* so many times in a group, one behind the other; the rest holds none */
  int64_t positions;      /* cached ones of a sequence on a chip, by heads all */
  int64_t scored_queries; /* heads whose queries a chip takes to its cache; by heads its own */
  int64_t query_bytes;    /* of a chip's own heads, as they meet the cache, all rows */
  int64_t partial_bytes;  /* what the cache gave for them on one chip, and how sure it is */

  int64_t ffn; /* columns of a dense layer's MLP */
  int64_t vocab;
  int64_t hidden;       /* of a split hidden vector */
  int64_t shard_bytes;  /* of a split one, all rows */
  int64_t hidden_bytes; /* of a whole one, all rows */

  /* experts */
  int64_t experts;    /* held; 0: the model has none */
  int64_t expert_ffn; /* columns of each that are held */
  int64_t shared_ffn; /* columns of the shared ones, side by side */
  int64_t slots;      /* experts that are computed, each for `vectors` rows */
  int64_t vectors;
  bool picks_experts; /* slots < experts: which ones is found out by the router */
  bool dispatches;
  int64_t own_rows;   /* dispatched: rows that live on this chip */
  int64_t pair_slots; /* and rows that it may send to each chip */
} rs__share;

/* RS_E_OVERFLOW, RS_E_INFEASIBLE when the group cannot dispatch. The shape divides (checked before). */
rs_status rs__share_of(const rs_model *model, const rs_sharding_request *request, rs__share *share,
                       rs_diag *diag);

/* Chances of dropping something in one layer, and the share of all (token, expert) pairs that is
 * dropped in the mean. Of a model without experts both are 0. */
void rs__share_overflow(const rs_model *model, const rs__share *share, double *probability,
                        double *dropped);

#endif
