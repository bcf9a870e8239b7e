/*
 * What tokens cost, from figures that are the user's: a price of a chip's time, and of electricity.
 *
 *   time      chip_hour, or capital / (years · 8,766 h) when the chips are bought
 *   power     joules · overhead / 3.6 MJ · power_kwh
 *   of time   only `utilisation` of it makes tokens that somebody wants; power is for tokens made
 *
 * Doubles, in the currency that the figures have. No order of anything hangs on them.
 */
#ifndef RS_PRICE_H
#define RS_PRICE_H

#include <stdint.h>

#include "rs_status.h"

typedef struct rs_price {
  double chip_hour; /* of one chip with its share of host and rack; 0: bought */
  double capital;   /* of one chip with its share of host and rack */
  double years;     /* over which it is written off */
  double power_kwh;
  double overhead;    /* power of the building / power of the chips, ≥ 1 */
  double utilisation; /* above 0, at most 1 */
} rs_price;

typedef struct rs_price_parts {
  double total; /* the sum of the parts, for a million tokens */
  double chips;
  double power;
} rs_price_parts;

/* RS_E_INPUT with the name of the figure that is out of bounds. */
rs_status rs_price_check(const rs_price *price, rs_diag *diag);

/* `chips` chips that together make tokens_per_s (> 0) and spend j_per_token on each. */
rs_price_parts rs_price_per_million(const rs_price *price, int64_t chips, double tokens_per_s,
                                    double j_per_token);

#endif
