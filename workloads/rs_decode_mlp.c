/*
 * The second half of a layer: an MLP split by columns over the group, or a router and experts.
 *
 * Experts' slots are compiled in advance (rs_share.c). Products of several experts at once are one
 * matrix whose columns are those of all of them: each tile meets the rows of its own expert.
 *
 * Dispatched, a row goes from its chip to the chips of its experts and back by two all-to-alls whose
 * blocks are the slots that every chip has for every other; what it meets elsewhere (norms, router,
 * shared experts, residual) happens on its own chip, for that chip's rows alone.
 */
#include "rs__decode.h"

enum {
  OPS_SILU_GATE = 8, /* x·g·σ(x): product, power of two, add, reciprocal (square of the reciprocal
                        root: 2), two products, conversion */
  OPS_GELU = 10,     /* tanh form: square, two products and an add, tanh, add, two products,
                        conversion; the bias before it */
  OPS_ROUTER = 6,    /* σ of a score as in SiLU (5), the bias that evens the load */
  OPS_PICK = 2,      /* compare, select: for every expert of a token */
  OPS_PACK = 1,      /* copy */
  OPS_WEIGH = 3,     /* product with the router's weight, add, conversion */
};

static void add_mlp(rs__step *s, int64_t ffn, int64_t rows) {
  const rs_model *m = s->model;
  if (m->gated_mlp) {
    rs__step_project(s, "gate-up", (rs__matrix){m->hidden, 2 * ffn, rows, true});
    rs__step_vector(s, "activation", ffn, rows, OPS_SILU_GATE);
  } else {
    rs__step_project(s, "up", (rs__matrix){m->hidden, ffn, rows, true});
    rs__step_vector(s, "activation", ffn, rows, OPS_GELU);
  }
  rs__step_project(s, "down", (rs__matrix){ffn, m->hidden, rows, false});
}

void rs__decode_add_dense(rs__step *s) {
  rs__step_norm(s, "norm", s->model->hidden, s->share.rows);
  add_mlp(s, s->share.ffn, s->share.rows);
}

/* ---- experts ---- */

/* Scores of all experts, and the choice of a row's best. */
static void add_router(rs__step *s, int64_t rows) {
  const rs_moe *e = &s->model->moe;
  rs__step_project(s, "router", (rs__matrix){s->model->hidden, e->experts, rows, true});
  rs__step_vector(s, "pick", e->experts, rows, OPS_ROUTER + OPS_PICK * e->top);
}

/* All slots of the chip: rows in, rows out. Weights that the router picks cannot be loaded before. */
static void add_slots(rs__step *s) {
  const rs__share *h = &s->share;
  int64_t hidden = s->model->hidden;
  int64_t columns = h->slots * h->expert_ffn;
  rs__step_project(s, "expert gate-up",
                   (rs__matrix){hidden, 2 * columns, h->vectors, !h->picks_experts});
  rs__step_vector(s, "expert activation", columns, h->vectors, OPS_SILU_GATE);
  rs__step_project(s, "expert down",
                   (rs__matrix){h->expert_ffn, h->slots * hidden, h->vectors, false});
}

void rs__decode_add_experts(rs__step *s) {
  const rs__share *h = &s->share;
  rs__step_norm(s, "norm", s->model->hidden, h->rows);
  add_router(s, h->rows);
  if (h->shared_ffn > 0) add_mlp(s, h->shared_ffn, h->rows);
  add_slots(s);
  rs__step_vector(s, "weigh", s->model->hidden, h->slots * h->vectors, OPS_WEIGH);
}

/* ---- dispatched ---- */

void rs__decode_add_dispatched(rs__step *s, const char *label) {
  const rs__share *h = &s->share;
  int64_t hidden = s->model->hidden;
  int64_t row_bytes = hidden * rs_number_bytes(s->request->activations);
  int64_t sent = h->pair_slots * s->request->tensor;
  rs__step_collective(s, RS_REDUCE_SCATTER, h->own_rows * row_bytes, RS_PART_NETWORK, label);
  rs__decode_add_residual(s, hidden, h->own_rows);
  rs__step_norm(s, "norm", hidden, h->own_rows);
  add_router(s, h->own_rows);
  if (h->shared_ffn > 0) add_mlp(s, h->shared_ffn, h->own_rows);
  rs__step_vector(s, "pack", hidden, sent, OPS_PACK);
  rs__step_collective(s, RS_ALL_TO_ALL, h->pair_slots * row_bytes, RS_PART_NETWORK, label);
  add_slots(s);
  rs__step_vector(s, "pack", hidden, sent, OPS_PACK);
  rs__step_collective(s, RS_ALL_TO_ALL, h->pair_slots * row_bytes, RS_PART_NETWORK, label);
  rs__step_vector(s, "weigh", hidden, h->own_rows * s->model->moe.top, OPS_WEIGH);
  rs__decode_add_residual(s, hidden, h->own_rows);
}
