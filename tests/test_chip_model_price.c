/* Prices of tokens, by hand. */
#include <math.h>
#include <string.h>

#include "rs_math.h"
#include "rs_price.h"
#include "rs_test.h"

/* 8 chips at 3.60 an hour are 0.008 a second; at 1,000 tokens a second of which half are wanted that is
 * 16 for a million. 10 J a token, 1.5 times, are 15 MJ for a million = 4.1667 kWh, at 0.12: 0.5. */
static void rented_chips(void **state) {
  const rs_price p = {.chip_hour = 3.6, .power_kwh = 0.12, .overhead = 1.5, .utilisation = 0.5};
  (void)state;
  assert_int_equal(rs_price_check(&p, NULL), RS_OK);
  rs_price_parts parts = rs_price_per_million(&p, 8, 1000, 10);
  assert_true(fabs(parts.chips / 16 - 1) < 1e-12);
  assert_true(fabs(parts.power / 0.5 - 1) < 1e-12);
  assert_true(fabs(parts.total / 16.5 - 1) < 1e-12);
}

/* 35,064 over 4 years of 8,766 hours are 1 an hour. */
static void bought_chips(void **state) {
  const rs_price bought = {
      .capital = 35064, .years = 4, .power_kwh = 0.1, .overhead = 1, .utilisation = 1};
  const rs_price rented = {.chip_hour = 1, .power_kwh = 0.1, .overhead = 1, .utilisation = 1};
  (void)state;
  assert_int_equal(rs_price_check(&bought, NULL), RS_OK);
  rs_price_parts a = rs_price_per_million(&bought, 3, 50, 2);
  rs_price_parts b = rs_price_per_million(&rented, 3, 50, 2);
  assert_true(fabs(a.total / b.total - 1) < 1e-12 && fabs(a.chips / b.chips - 1) < 1e-12);
}

static void bad_figures_are_named(void **state) {
  const rs_price good = {.chip_hour = 1, .power_kwh = 0.1, .overhead = 1.2, .utilisation = 0.6};
  rs_price bad[7];
  static const char *const names[] = {"chip_hour is -1",  "power_kwh is nan",    "overhead is 0.5",
                                      "utilisation is 0", "utilisation is 1.01", "not both",
                                      "neither"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) bad[i] = good;
  bad[0].chip_hour = -1;
  bad[1].power_kwh = NAN;
  bad[2].overhead = 0.5;
  bad[3].utilisation = 0;
  bad[4].utilisation = 1.01;
  bad[5].capital = bad[5].years = 4;
  bad[6].chip_hour = 0;
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    rs_diag diag = {0};
    assert_int_equal(rs_price_check(&bad[i], &diag), RS_E_INPUT);
    if (strstr(diag.what, names[i]) == NULL) fail_msg("'%s' is not '%s'", diag.what, names[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rented_chips),
      cmocka_unit_test(bought_chips),
      cmocka_unit_test(bad_figures_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
