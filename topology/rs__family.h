/*
 * Private to topology/: what a family of topologies is made of.
 *
 * A family is a row: its parameters (so that one parser and one printer serve all), a plan that
 * turns parameters into counts or refuses them with the nearest that would do, and a build that
 * adds the cables. Adding a family: a row here, one in rs_topology.c, and the two functions.
 */
#ifndef RS__FAMILY_H
#define RS__FAMILY_H

#include "rs_topology.h"

#define RS__PARAMS_MAX 5
#define RS__DIMS_MAX 16
#define RS__TEXT_MAX 288
/* Bounds of what we build; a spec beyond them is RS_E_LIMIT, not a machine out of memory. */
#define RS__CHIPS_BITS 20
#define RS__CHIPS_MAX (UINT64_C(1) << RS__CHIPS_BITS)
#define RS__CABLES_MAX (UINT64_C(1) << 24)

typedef enum rs__param_kind {
  RS__PARAM_NUMBER,
  RS__PARAM_DIMS,   /* 4x4x4 */
  RS__PARAM_CHOICE, /* one of `choices`; the value is its index */
  RS__PARAM_FLAG,   /* the bare key */
  RS__PARAM_TEXT    /* kept as it is, for the plan to check; the value is 1 when there is one */
} rs__param_kind;

typedef struct rs__param {
  const char *key;
  rs__param_kind kind;
  bool positional; /* printed as a bare value; else as key=value */
  bool required;
  bool printed; /* printed even when it has its default value */
  int64_t value_min, value_max, value_default;
  const char *const *choices; /* ends with NULL */
} rs__param;

typedef struct rs__arguments {
  int64_t value[RS__PARAMS_MAX];
  int column[RS__PARAMS_MAX]; /* in the spec, from 1; 0: not given */
  uint32_t dims[RS__DIMS_MAX];
  uint32_t dim_count;
  char text[RS__TEXT_MAX + 1];       /* of the family's one parameter of kind text */
  const struct rs__file_graph *file; /* of the family "file" only; NULL else */
} rs__arguments;

/* What a build will need, known before it starts. Bounds may be above what is used, never below. */
typedef struct rs__plan {
  uint64_t chips;
  uint64_t ports;
  uint64_t cables;
  uint32_t ports_default;              /* of the part; 0: 16, the C2C ports of the shipped die */
  uint8_t lanes[RS_CABLE_CLASS_COUNT]; /* of a cable, by class; 0: 4 */
} rs__plan;

typedef struct rs__family {
  const rs__param *params;
  size_t param_count;
  rs_status (*plan)(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag);
  rs_status (*build)(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                     rs_diag *diag);
} rs__family;

struct rs_topology {
  const rs__family *family;
  const char *spec;
  rs__arguments arguments;
  rs__plan plan;
};

extern const rs__family rs__family_realscale;
extern const rs__family rs__family_mesh;
extern const rs__family rs__family_ring;
extern const rs__family rs__family_torus;
extern const rs__family rs__family_grid;
extern const rs__family rs__family_hypercube;
extern const rs__family rs__family_hyperx;
extern const rs__family rs__family_dragonfly;
extern const rs__family rs__family_d3;
extern const rs__family rs__family_polarfly;
extern const rs__family rs__family_slimfly;
extern const rs__family rs__family_polarstar;
extern const rs__family rs__family_bundlefly;
extern const rs__family rs__family_lps;
extern const rs__family rs__family_kautz;
extern const rs__family rs__family_debruijn;
extern const rs__family rs__family_imase_itoh;
extern const rs__family rs__family_random;
extern const rs__family rs__family_lprack;

/* ---- specs (rs_topology_spec.c) ---- */

/* Reads the text after the colon, which starts at `column` of the spec. */
rs_status rs__arguments_parse(const rs__family *family, const rs_topology_family *row,
                              const char *text, int column, rs__arguments *arguments,
                              rs_diag *diag);
/* The canonical text after the colon. */
void rs__arguments_print(const rs__family *family, const rs__arguments *arguments, rs_sink *sink);

/* ---- helpers of the families ---- */

/* A refusal of parameter `index`, with its place. Follow with rs_diag_expect, rs_diag_suggest. */
rs_status rs__arguments_refuse(const rs__arguments *arguments, size_t index, rs_diag *diag,
                               const char *format, ...) RS_PRINTF(4, 5);

/* a × b, at most 2^62: enough to be beyond every bound above. */
uint64_t rs__mul_saturate(uint64_t a, uint64_t b);

/* Chips without places of their own are counted off, 8 a node and 72 a rack, so that cable plans
 * of all families compare: a cable's class follows from where its ends stand. */
rs_cable_class rs__class_by_place(uint32_t a, uint32_t b);

/* Adds a cable of the class that its ends' places give. */
rs_status rs__cable_add(rs_wiring_builder *builder, uint32_t a, uint32_t b, rs_diag *diag);

#endif
