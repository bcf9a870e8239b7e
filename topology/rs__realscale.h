/*
 * Private to topology/: the shape of realscale:N, for the build and for the search over its port
 * tables.
 */
#ifndef RS__REALSCALE_H
#define RS__REALSCALE_H

#include "rs__family.h"

enum {
  RS__NODE_CHIPS = 8,
  RS__NODE_SLOTS = 32, /* node-leaving ports of a node: 4 a chip */
  RS__NODES_ONE_MAX = 33,
  RS__RACK_NODES = 9,
  RS__RACK_CHIPS = RS__RACK_NODES * RS__NODE_CHIPS,
  RS__RACK_NODE_SLOTS = 16, /* of the 32, those that stay in the rack */
  RS__RACK_SLOTS = RS__RACK_NODES * (RS__NODE_SLOTS - RS__RACK_NODE_SLOTS),
  RS__RACKS_MAX = 145,
  RS__PORTS_TEXT = 2 * RS__RACK_SLOTS /* characters of a table in a spec */
};

static_assert((int)RS__PORTS_TEXT == (int)RS__TEXT_MAX, "the parser refuses longer tables");

/* What the parameters come to. */
typedef struct rs__realscale {
  uint32_t nodes;
  uint32_t racks;                /* 0: one level */
  uint32_t rack_copies;          /* cables a pair of racks */
  uint8_t ports[RS__RACK_SLOTS]; /* rack chip of each rack port */
} rs__realscale;

/* Of arguments that the plan has accepted. */
void rs__realscale_shape(const rs__arguments *arguments, rs__realscale *s);

bool rs__realscale_has_spares(const rs__arguments *arguments);
bool rs__realscale_is_spare(const rs__arguments *arguments, uint32_t chip);

/* The table as a spec carries it, two digits a port: node, chip. Room for RS__PORTS_TEXT + 1. */
void rs__realscale_print_ports(const uint8_t *ports, char *text);

/* The rule by which groups a < b of n with m cables a pair are joined: the slot at either end. */
static inline void rs__realscale_pair(uint32_t a, uint32_t b, uint32_t n, uint32_t m, uint32_t copy,
                                      uint32_t *slot_a, uint32_t *slot_b) {
  uint32_t offset = b - a;
  *slot_a = (offset - 1) * m + copy;
  *slot_b = (n - offset - 1) * m + copy;
}

#endif
