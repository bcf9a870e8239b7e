/*
 * Dragonflies, one chip a router.
 *
 * dragonfly:a,h   groups of a chips, full mesh inside, h global ports a chip; with g = ah + 1 groups
 *   every pair of groups has one cable. Port p = 0 … ah − 1 of a group sits on chip p div h.
 *   palmtree:    port p of group i goes to port ah − 1 − p of group i − p − 1 (mod g)
 *   consecutive: port p of group i goes to group p when p < i, else to p + 1
 *   Sources: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA
 *   2008; Camarero, Vallejo, Beivide, "Topological characterization of Hamming and dragonfly
 *   networks", TACO 2014 (palmtree).
 *
 * d3:K,M   the swapped dragonfly D3(K, M): chips (c, d, p), c < K, d, p < M, number (cM + d)M + p;
 *   (c, d, p) ~ (c, d, p') for all p' ≠ p and (c, d, p) ~ (c', p, d) for all c'. Source: Draper,
 *   "The swapped dragonfly", 2022.
 */
#include "rs__family.h"

/* ---- dragonfly:a=,h=,wiring= ---- */

enum { PARAM_A, PARAM_H, PARAM_WIRING };
enum { WIRING_PALMTREE, WIRING_CONSECUTIVE };

static const char *const wirings[] = {"palmtree", "consecutive", NULL};

static const rs__param dragonfly_params[] = {
    [PARAM_A] =
        {.key = "a", .kind = RS__PARAM_NUMBER, .required = true, .value_min = 1, .value_max = 4096},
    [PARAM_H] =
        {.key = "h", .kind = RS__PARAM_NUMBER, .required = true, .value_min = 1, .value_max = 4096},
    [PARAM_WIRING] = {.key = "wiring",
                      .kind = RS__PARAM_CHOICE,
                      .printed = true,
                      .choices = wirings},
};

static rs_status plan_dragonfly(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  uint64_t a = (uint64_t)arguments->value[PARAM_A], h = (uint64_t)arguments->value[PARAM_H];
  uint64_t groups = a * h + 1;
  (void)diag;
  plan->chips = rs__mul_saturate(a, groups);
  plan->ports = a - 1 + h;
  plan->cables = rs__mul_saturate(plan->chips, plan->ports) / 2;
  return RS_OK;
}

/* Where the cable between groups i < j leaves them: a port number at either end. */
static void global_ports(int64_t wiring, uint32_t i, uint32_t j, uint32_t ports, uint32_t *port_i,
                         uint32_t *port_j) {
  if (wiring == WIRING_PALMTREE) {
    /* j = i − p − 1 (mod ports + 1) */
    *port_i = ports - (j - i);
    *port_j = ports - 1 - *port_i;
  } else {
    *port_i = j - 1;
    *port_j = i;
  }
}

static rs_status add_global(const rs__arguments *arguments, rs_wiring_builder *builder,
                            rs_diag *diag) {
  uint32_t a = (uint32_t)arguments->value[PARAM_A], h = (uint32_t)arguments->value[PARAM_H];
  for (uint32_t i = 0; i <= a * h; i++) {
    for (uint32_t j = i + 1; j <= a * h; j++) {
      uint32_t port_i, port_j;
      global_ports(arguments->value[PARAM_WIRING], i, j, a * h, &port_i, &port_j);
      rs_status status = rs__cable_add(builder, i * a + port_i / h, j * a + port_j / h, diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

/* A full mesh in each run of `size` chips. */
static rs_status add_meshes(rs_wiring_builder *builder, uint32_t chips, uint32_t size,
                            rs_diag *diag) {
  for (uint32_t chip = 0; chip < chips; chip++) {
    uint32_t end = (chip / size + 1) * size;
    for (uint32_t other = chip + 1; other < end; other++) {
      rs_status status = rs__cable_add(builder, chip, other, diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status build_dragonfly(rs_arena *arena, const rs__arguments *arguments,
                                 rs_wiring_builder *builder, rs_diag *diag) {
  uint32_t a = (uint32_t)arguments->value[PARAM_A], h = (uint32_t)arguments->value[PARAM_H];
  (void)arena;
  rs_status status = add_meshes(builder, a * (a * h + 1), a, diag);
  if (status != RS_OK) return status;
  return add_global(arguments, builder, diag);
}

const rs__family rs__family_dragonfly = {dragonfly_params, RS_COUNT_OF(dragonfly_params),
                                         plan_dragonfly, build_dragonfly};

/* ---- d3:K,M ---- */

enum { PARAM_K, PARAM_M };

static const rs__param d3_params[] = {
    [PARAM_K] = {.key = "k",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 1,
                 .value_max = 65536},
    [PARAM_M] = {.key = "m",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = 1024},
};

static rs_status plan_d3(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) {
  uint64_t k = (uint64_t)arguments->value[PARAM_K], m = (uint64_t)arguments->value[PARAM_M];
  (void)diag;
  plan->chips = rs__mul_saturate(k, m * m);
  plan->ports = m - 1 + k;
  plan->cables = rs__mul_saturate(plan->chips, plan->ports) / 2;
  return RS_OK;
}

static rs_status build_d3(rs_arena *arena, const rs__arguments *arguments,
                          rs_wiring_builder *builder, rs_diag *diag) {
  uint32_t k = (uint32_t)arguments->value[PARAM_K], m = (uint32_t)arguments->value[PARAM_M];
  (void)arena;
  rs_status status = add_meshes(builder, k * m * m, m, diag);
  for (uint32_t chip = 0; chip < k * m * m && status == RS_OK; chip++) {
    uint32_t d = chip / m % m, p = chip % m;
    for (uint32_t c = 0; c < k && status == RS_OK; c++) {
      uint32_t other = (c * m + p) * m + d;
      if (chip < other) status = rs__cable_add(builder, chip, other, diag);
    }
  }
  return status;
}

const rs__family rs__family_d3 = {d3_params, RS_COUNT_OF(d3_params), plan_d3, build_d3};
