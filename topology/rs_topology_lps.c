/*
 * lps:p,q, the Ramanujan graphs X^{p,q} (SpectralFly): Cayley graphs of 2 × 2 matrices over GF(q) up
 * to scalars.
 *
 * The p + 1 generators are the integer solutions of A² + B² + C² + D² = p with one sign fixed: for
 * p ≡ 1 (mod 4) A odd and positive, for p ≡ 3 A even and the first that is not 0 positive. With
 * x² + y² = −1 (mod q) a solution stands for [[A+Bx+Dy, −By+C+Dx], [−By−C+Dx, A−Bx−Dy]], of
 * determinant p. When p is a square mod q they generate PSL(2, q), else PGL(2, q). q² > 4p keeps
 * loops and double edges out. Chips are the matrices in normal form (first entry that is not 0
 * scaled to 1), numbered in the order of their entries. Sources: Lubotzky, Phillips, Sarnak,
 * "Ramanujan graphs", Combinatorica 1988; Young et al., "SpectralFly: Ramanujan graphs as flexible
 * and efficient interconnection networks", IPDPS 2022.
 */
#include <stdio.h>

#include "rs__family.h"
#include "rs_galois.h"

#define Q_MAX 127 /* 127·(127² − 1) / 2 chips of PSL stay within RS__CHIPS_MAX */
#define P_MAX 997

enum { PARAM_P, PARAM_Q };

static const rs__param params[] = {
    [PARAM_P] = {.key = "p",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = P_MAX},
    [PARAM_Q] = {.key = "q",
                 .kind = RS__PARAM_NUMBER,
                 .positional = true,
                 .required = true,
                 .value_min = 2,
                 .value_max = Q_MAX},
};

static bool exists(int64_t p, int64_t q) {
  return p > 2 && q > 2 && p != q && rs_is_prime((uint64_t)p) && rs_is_prime((uint64_t)q) &&
         q * q > 4 * p;
}

static bool is_square(int64_t a, int64_t q) {
  for (int64_t root = 1; root < q; root++) {
    if (root * root % q == a % q) return true;
  }
  return false;
}

/* The pair nearest to (p, q) by the sum of the distances. */
static void nearest_pair(int64_t p, int64_t q, int64_t *near_p, int64_t *near_q) {
  int64_t best = INT64_MAX;
  for (int64_t a = 3; a <= P_MAX; a += 2) {
    for (int64_t b = 3; b <= Q_MAX; b += 2) {
      int64_t away = (a > p ? a - p : p - a) + (b > q ? b - q : q - b);
      if (away >= best || !exists(a, b)) continue;
      best = away;
      *near_p = a;
      *near_q = b;
    }
  }
}

static rs_status plan(const rs__arguments *arguments, rs__plan *result, rs_diag *diag) {
  int64_t p = arguments->value[PARAM_P], q = arguments->value[PARAM_Q];
  if (!exists(p, q)) {
    char suggestion[64];
    int64_t near_p = 0, near_q = 0;
    nearest_pair(p, q, &near_p, &near_q);
    snprintf(suggestion, sizeof suggestion, "lps:%lld,%lld", (long long)near_p, (long long)near_q);
    rs__arguments_refuse(arguments, PARAM_P, diag, "lps: there is none for p = %lld, q = %lld",
                         (long long)p, (long long)q);
    rs_diag_expect(diag, "two different odd primes with q² > 4p");
    rs_diag_suggest(diag, suggestion);
    return RS_E_INPUT;
  }
  result->chips = (uint64_t)(q * (q * q - 1) / (is_square(p, q) ? 2 : 1));
  result->ports = (uint64_t)p + 1;
  result->cables = result->chips * result->ports / 2;
  return RS_OK;
}

/* ---- matrices up to scalars ---- */

typedef struct matrix {
  uint32_t a, b, c, d;
} matrix;

/* The group: number of each normal form, and the generators. */
typedef struct group {
  uint32_t q;
  uint32_t *inverse; /* [q] of numbers mod q */
  uint32_t *index;   /* [code], RS_NONE: not of the group */
  matrix *generators;
  uint32_t generator_count;
} group;

static uint32_t reduce(int64_t value, uint32_t q) {
  int64_t rest = value % (int64_t)q;
  return (uint32_t)(rest < 0 ? rest + q : rest);
}

static matrix multiply(uint32_t q, matrix l, matrix r) {
  return (matrix){(l.a * r.a + l.b * r.c) % q, (l.a * r.b + l.b * r.d) % q,
                  (l.c * r.a + l.d * r.c) % q, (l.c * r.b + l.d * r.d) % q};
}

/* Normal forms (1, b, c, d) come first, then (0, 1, c, d): q³ + q² codes, singular ones included. */
static uint32_t code_of(const group *g, matrix m) {
  uint32_t q = g->q;
  uint32_t scale = g->inverse[m.a != 0 ? m.a : m.b];
  uint32_t b = m.b * scale % q, c = m.c * scale % q, d = m.d * scale % q;
  return m.a != 0 ? (b * q + c) * q + d : q * q * q + c * q + d;
}

static matrix matrix_of(uint32_t q, uint32_t code) {
  if (code >= q * q * q) return (matrix){0, 1, (code - q * q * q) / q, code % q};
  return (matrix){1, code / (q * q), code / q % q, code % q};
}

/* Numbers the invertible normal forms; of PSL only those whose determinant is a square. */
static rs_status number_group(rs_arena *arena, group *g, bool only_squares, rs_diag *diag) {
  uint32_t q = g->q, codes = q * q * q + q * q, next = 0;
  bool *square = RS_ARENA_NEW(arena, bool, q);
  g->inverse = RS_ARENA_NEW(arena, uint32_t, q);
  g->index = RS_ARENA_NEW(arena, uint32_t, codes);
  if (square == NULL || g->inverse == NULL || g->index == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t a = 1; a < q; a++) {
    square[a * a % q] = true;
    for (uint32_t b = 1; b < q; b++) {
      if (a * b % q == 1) g->inverse[a] = b;
    }
  }
  for (uint32_t code = 0; code < codes; code++) {
    matrix m = matrix_of(q, code);
    uint32_t determinant = (m.a * m.d + (q - m.b) * m.c) % q;
    bool member = determinant != 0 && (!only_squares || square[determinant]);
    g->index[code] = member ? next++ : RS_NONE;
  }
  return RS_OK;
}

static void find_roots(int64_t q, int64_t *x, int64_t *y) {
  for (*x = 0; *x < q; ++*x) {
    for (*y = 0; *y < q; ++*y) {
      if ((*x * *x + *y * *y + 1) % q == 0) return;
    }
  }
  assert(false); /* −1 is a sum of two squares modulo every prime */
}

/* Of the two signs of a solution, one counts. */
static bool is_chosen(int64_t p, const int64_t s[4]) {
  if (p % 4 == 1) return s[0] % 2 != 0 && s[0] > 0;
  if (s[0] % 2 != 0) return false;
  int first = 0;
  while (s[first] == 0) first++;
  return s[first] > 0;
}

static void add_generator(group *g, const int64_t s[4], int64_t x, int64_t y) {
  uint32_t q = g->q;
  g->generators[g->generator_count++] =
      (matrix){reduce(s[0] + s[1] * x + s[3] * y, q), reduce(-s[1] * y + s[2] + s[3] * x, q),
               reduce(-s[1] * y - s[2] + s[3] * x, q), reduce(s[0] - s[1] * x - s[3] * y, q)};
}

static rs_status find_generators(rs_arena *arena, group *g, int64_t p, rs_diag *diag) {
  int64_t x, y, root = 0;
  while ((root + 1) * (root + 1) <= p) root++;
  g->generators = RS_ARENA_NEW(arena, matrix, (size_t)p + 1);
  if (g->generators == NULL) return rs_arena_failed(arena, diag);
  find_roots(g->q, &x, &y);
  int64_t s[4];
  for (s[0] = -root; s[0] <= root; s[0]++) {
    for (s[1] = -root; s[1] <= root; s[1]++) {
      for (s[2] = -root; s[2] <= root; s[2]++) {
        int64_t rest = p - s[0] * s[0] - s[1] * s[1] - s[2] * s[2];
        for (s[3] = -root; s[3] <= root && rest >= 0; s[3]++) {
          if (s[3] * s[3] == rest && is_chosen(p, s)) add_generator(g, s, x, y);
        }
      }
    }
  }
  assert(g->generator_count == (uint32_t)p + 1); /* Jacobi's four-square theorem */
  return RS_OK;
}

static rs_status add_cables(const group *g, rs_wiring_builder *builder, rs_diag *diag) {
  uint32_t q = g->q;
  for (uint32_t code = 0; code < q * q * q + q * q; code++) {
    if (g->index[code] == RS_NONE) continue;
    for (uint32_t k = 0; k < g->generator_count; k++) {
      uint32_t other = g->index[code_of(g, multiply(q, matrix_of(q, code), g->generators[k]))];
      if (other <= g->index[code]) continue; /* the inverse generator adds it from there */
      rs_status status = rs__cable_add(builder, g->index[code], other, diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

static rs_status build(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                       rs_diag *diag) {
  int64_t p = arguments->value[PARAM_P], q = arguments->value[PARAM_Q];
  group g = {.q = (uint32_t)q};
  rs_status status = number_group(arena, &g, is_square(p, q), diag);
  if (status == RS_OK) status = find_generators(arena, &g, p, diag);
  return status == RS_OK ? add_cables(&g, builder, diag) : status;
}

const rs__family rs__family_lps = {params, RS_COUNT_OF(params), plan, build};
