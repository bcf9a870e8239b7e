/* Quantities with units: exact, bounded, and helpful when they are wrong. */
#include <string.h>

#include "rs_random.h"
#include "rs_test.h"
#include "rs_units.h"

static void check_value(const char *text, rs_quantity quantity, int64_t value) {
  rs_diag diag;
  int64_t parsed;
  assert_ok(rs_quantity_parse(text, quantity, &parsed, &diag), &diag);
  assert_int_equal(parsed, value);
}

static void check_refusal(const char *text, rs_quantity quantity, rs_status status,
                          const char *words) {
  rs_diag diag;
  char line[1024];
  int64_t parsed = -77;
  assert_int_equal(rs_quantity_parse(text, quantity, &parsed, &diag), status);
  assert_int_equal(parsed, -77);
  rs_diag_format(&diag, line, sizeof line);
  if (strstr(line, words) == NULL) fail_msg("'%s' says: %s", text, line);
}

static void units_are_exact(void **state) {
  (void)state;
  check_value("16KiB", RS_QUANTITY_BYTES, 16384);
  check_value("2.5 MiB", RS_QUANTITY_BYTES, 2621440); /* 2.5 · 2^20 */
  check_value("1.5KB", RS_QUANTITY_BYTES, 1500);
  check_value("12.5GB/s", RS_QUANTITY_RATE, 12500000000);
  check_value("100Gbps", RS_QUANTITY_RATE, 12500000000); /* 100·10^9 / 8 */
  check_value("900MHz", RS_QUANTITY_FREQUENCY, 900000000);
  check_value("26.24ns", RS_QUANTITY_TIME, 26240000); /* fs */
  check_value("100ppm", RS_QUANTITY_RATIO, 100000);   /* ppb */
  check_value("0.01%", RS_QUANTITY_RATIO, 100000);
  check_value("1_000", RS_QUANTITY_COUNT, 1000);
  check_value("-3", RS_QUANTITY_COUNT, -3);
  check_value("9223372036854775807B", RS_QUANTITY_BYTES, INT64_MAX);
  check_value("0.50000000000000000000KiB", RS_QUANTITY_BYTES, 512);
}

static void wrong_quantities_say_what_would_do(void **state) {
  (void)state;
  check_refusal("16", RS_QUANTITY_BYTES, RS_E_INPUT, "did you mean '16B'?");
  check_refusal("16KiBs", RS_QUANTITY_BYTES, RS_E_INPUT, "did you mean '16KiB'?");
  check_refusal("900mhz", RS_QUANTITY_FREQUENCY, RS_E_INPUT, "did you mean '900MHz'?");
  check_refusal("16GHz", RS_QUANTITY_BYTES, RS_E_INPUT, "unit of something else");
  check_refusal("0.1B", RS_QUANTITY_BYTES, RS_E_INPUT, "whole number");
  check_refusal("1bps", RS_QUANTITY_RATE, RS_E_INPUT, "whole number"); /* an eighth of a byte */
  check_refusal("", RS_QUANTITY_BYTES, RS_E_INPUT, "not a number");
  check_refusal("KiB", RS_QUANTITY_BYTES, RS_E_INPUT, "not a number");
  check_refusal("5 apples", RS_QUANTITY_COUNT, RS_E_INPUT, "is a count");
  check_refusal("9223372036854775808B", RS_QUANTITY_BYTES, RS_E_OVERFLOW, "64 bits");
  check_refusal("99999999999999999999999999999999999999999999TB", RS_QUANTITY_BYTES, RS_E_OVERFLOW,
                "64 bits");
  check_refusal("1__0", RS_QUANTITY_COUNT, RS_E_INPUT, "unit");
}

static void what_is_printed_parses_back(void **state) {
  (void)state;
  static const rs_quantity quantities[] = {RS_QUANTITY_COUNT, RS_QUANTITY_BYTES,
                                           RS_QUANTITY_RATE,  RS_QUANTITY_FREQUENCY,
                                           RS_QUANTITY_TIME,  RS_QUANTITY_RATIO};
  rs_random random;
  rs_random_init(&random, 1, 0);
  for (int i = 0; i < 20000; i++) {
    int64_t value = (int64_t)(rs_random_u64(&random) >> (1 + rs_random_below(&random, 63)));
    if (i % 3 == 0) value = value / 1000 * 1000;
    for (size_t q = 0; q < sizeof quantities / sizeof quantities[0]; q++) {
      char text[64];
      rs_quantity_format(value, quantities[q], text, sizeof text);
      check_value(text, quantities[q], value);
    }
  }
}

/* Any bytes: an answer or a refusal, never more. Seeds are the loop's own. */
static void random_text_is_survived(void **state) {
  (void)state;
  static const char letters[] = "0123456789.-+_ KMGTiBbpsHzn%/\t\xff";
  rs_random random;
  rs_random_init(&random, 2, 0);
  for (int i = 0; i < 100000; i++) {
    char text[24];
    size_t length = rs_random_below(&random, sizeof text - 1);
    int64_t value;
    for (size_t k = 0; k < length; k++) {
      text[k] = letters[rs_random_below(&random, sizeof letters - 1)];
    }
    text[length] = '\0';
    rs_quantity_parse(text, (rs_quantity)rs_random_below(&random, 6), &value, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units_are_exact),
      cmocka_unit_test(wrong_quantities_say_what_would_do),
      cmocka_unit_test(what_is_printed_parses_back),
      cmocka_unit_test(random_text_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
