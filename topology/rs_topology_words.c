/*
 * Kautz, de Bruijn and Imase–Itoh graphs: chips are numbers, a link shifts and appends.
 *
 *   kautz:d,k       n = d^k + d^(k−1) chips, i → −di − j (mod n), j = 1 … d
 *   debruijn:d,k    n = d^k chips, i → di + j (mod n), j = 0 … d − 1
 *   imase-itoh:d,n  the Kautz rule for any n
 *
 * They are directed by nature. With `directed` (the default of imase-itoh) a chip has d transmit and
 * d receive fibres, which may go to different chips, and uses d ports. Undirected, an arc is a
 * cable, both arcs of a pair are one, and a chip uses up to 2d ports. Arcs from a chip to itself are
 * left out. Source: Imase, Itoh, "A design for directed graphs with minimum diameter", IEEE Trans.
 * Computers 1983, which also shows that the rule gives the Kautz graph at n = d^k + d^(k−1).
 */
#include "rs__edges.h"

enum { PARAM_D, PARAM_SIZE, PARAM_MODE };

typedef struct rule {
  uint64_t degree;
  uint64_t chips;
  bool kautz; /* else de Bruijn */
  bool directed;
} rule;

static uint64_t power(uint64_t base, int64_t exponent) {
  uint64_t result = 1;
  for (int64_t k = 0; k < exponent; k++) result = rs__mul_saturate(result, base);
  return result;
}

static rule kautz_rule(const rs__arguments *arguments) {
  uint64_t d = (uint64_t)arguments->value[PARAM_D];
  int64_t k = arguments->value[PARAM_SIZE];
  return (rule){d, power(d, k) + power(d, k - 1), true, arguments->value[PARAM_MODE] != 0};
}

static rule debruijn_rule(const rs__arguments *arguments) {
  uint64_t d = (uint64_t)arguments->value[PARAM_D];
  return (rule){d, power(d, arguments->value[PARAM_SIZE]), false,
                arguments->value[PARAM_MODE] != 0};
}

static rule imase_itoh_rule(const rs__arguments *arguments) {
  return (rule){(uint64_t)arguments->value[PARAM_D], (uint64_t)arguments->value[PARAM_SIZE], true,
                arguments->value[PARAM_MODE] == 0};
}

static rs_status plan_rule(const rule *r, rs__plan *plan) {
  plan->chips = r->chips;
  plan->ports = r->directed ? r->degree : RS_MIN(2 * r->degree, r->chips - 1);
  plan->cables = rs__mul_saturate(r->chips, r->degree);
  return RS_OK;
}

static uint32_t target_of(const rule *r, uint64_t chip, uint64_t j) {
  uint64_t n = r->chips, shifted = r->degree * chip;
  if (!r->kautz) return (uint32_t)((shifted + j) % n);
  return (uint32_t)((n - (shifted + j + 1) % n) % n);
}

static rs_status build_directed(const rule *r, rs_wiring_builder *builder, rs_diag *diag) {
  for (uint32_t chip = 0; chip < r->chips; chip++) {
    for (uint32_t j = 0; j < r->degree; j++) {
      uint32_t to = target_of(r, chip, j);
      if (to == chip) continue;
      rs_status status =
          rs_wiring_builder_add_fibre(builder, chip, to, rs__class_by_place(chip, to), diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status build_rule(rs_arena *arena, const rule *r, rs_wiring_builder *builder,
                            rs_diag *diag) {
  rs__edges edges;
  if (r->directed) return build_directed(r, builder, diag);
  rs_status status = rs__edges_init(arena, &edges, (uint32_t)r->chips, r->chips * r->degree, diag);
  if (status != RS_OK) return status;
  for (uint32_t chip = 0; chip < r->chips; chip++) {
    for (uint32_t j = 0; j < r->degree; j++) rs__edges_add(&edges, chip, target_of(r, chip, j));
  }
  rs__edges_simplify(&edges);
  return rs__edges_build(&edges, builder, diag);
}

#define PARAMS(size_key, size_min, size_max, mode)        \
  {                                                       \
    [PARAM_D] = {.key = "d",                              \
                 .kind = RS__PARAM_NUMBER,                \
                 .positional = true,                      \
                 .required = true,                        \
                 .value_min = 2,                          \
                 .value_max = 4096},                      \
    [PARAM_SIZE] = {.key = size_key,                      \
                    .kind = RS__PARAM_NUMBER,             \
                    .positional = true,                   \
                    .required = true,                     \
                    .value_min = size_min,                \
                    .value_max = size_max},               \
    [PARAM_MODE] = {.key = mode, .kind = RS__PARAM_FLAG}, \
  }

#define FAMILY(name, size_key, size_min, size_max, mode)                                        \
  static const rs__param name##_params[] = PARAMS(size_key, size_min, size_max, mode);          \
  static rs_status plan_##name(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) { \
    rule r = name##_rule(arguments);                                                            \
    (void)diag;                                                                                 \
    return plan_rule(&r, plan);                                                                 \
  }                                                                                             \
  static rs_status build_##name(rs_arena *arena, const rs__arguments *arguments,                \
                                rs_wiring_builder *builder, rs_diag *diag) {                    \
    rule r = name##_rule(arguments);                                                            \
    return build_rule(arena, &r, builder, diag);                                                \
  }                                                                                             \
  const rs__family rs__family_##name = {name##_params, RS_COUNT_OF(name##_params), plan_##name, \
                                        build_##name}

FAMILY(kautz, "k", 1, RS__CHIPS_BITS, "directed");
FAMILY(debruijn, "k", 1, RS__CHIPS_BITS, "directed");
FAMILY(imase_itoh, "n", 2, RS__CHIPS_MAX, "undirected");
