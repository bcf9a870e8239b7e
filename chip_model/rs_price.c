/* Prices of tokens: two products and their sum. */
#include "rs_price.h"

#include <assert.h>

#include "rs_math.h"

#define SECONDS_AN_HOUR 3600.0
#define HOURS_A_YEAR 8766.0
#define JOULES_A_KWH 3.6e6
#define MILLION 1e6

rs_status rs_price_check(const rs_price *p, rs_diag *diag) {
  const struct {
    const char *name;
    double value, least, most;
  } figures[] = {{"chip_hour", p->chip_hour, 0, 1e9}, {"capital", p->capital, 0, 1e12},
                 {"years", p->years, 0, 100},         {"power_kwh", p->power_kwh, 0, 1e6},
                 {"overhead", p->overhead, 1, 100},   {"utilisation", p->utilisation, 1e-6, 1}};
  for (size_t i = 0; i < RS_COUNT_OF(figures); i++) {
    double value = figures[i].value;
    if (value >= figures[i].least && value <= figures[i].most) continue; /* a NaN is refused too */
    rs_diag_set(diag, RS_E_INPUT, "%s is %g", figures[i].name, value);
    rs_diag_expect(diag, "from %g to %g", figures[i].least, figures[i].most);
    return RS_E_INPUT;
  }
  bool is_rented = p->chip_hour > 0, is_bought = p->capital > 0 && p->years > 0;
  if (is_rented != is_bought) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "a chip is rented or bought: %s",
              is_rented ? "not both" : "neither");
  rs_diag_expect(diag, "chip_hour, or capital and years");
  return RS_E_INPUT;
}

rs_price_parts rs_price_per_million(const rs_price *p, int64_t chips, double tokens_per_s,
                                    double j_per_token) {
  assert(chips >= 1 && tokens_per_s > 0);
  double hour = p->chip_hour > 0 ? p->chip_hour : p->capital / (p->years * HOURS_A_YEAR);
  double second = hour / SECONDS_AN_HOUR * (double)chips;
  rs_price_parts parts = {
      .chips = second / (tokens_per_s * p->utilisation) * MILLION,
      .power = j_per_token * p->overhead / JOULES_A_KWH * p->power_kwh * MILLION};
  parts.total = parts.chips + parts.power;
  return parts;
}
