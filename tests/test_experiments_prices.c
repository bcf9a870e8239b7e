/* Price tables: what is read, and what is refused and where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"
#include "rs_price_file.h"
#include "rs_random.h"
#include "rs_test.h"

static const char good[] =
    "# mine\n"
    "currency: EUR\n"
    "power_kwh: 0.25\n"
    "overhead: 1.3\n"
    "utilisation: 0.6\n"
    "chips:\n"
    "  a: {chip_hour: 2.50}\n"
    "  b: {capital: 20000, years: 4}\n";

static int make_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL;
}

static int drop_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

static void a_table_is_read(void **state) {
  rs_price_table table;
  rs_diag diag = {0};
  assert_ok(rs_price_table_parse(*state, "p.yaml", good, strlen(good), &table, &diag), &diag);
  assert_string_equal(table.currency, "EUR");
  assert_int_equal(table.row_count, 2);
  const rs_price *a = rs_price_table_find(&table, "a"), *b = rs_price_table_find(&table, "b");
  assert_true(a->chip_hour == 2.5 && a->power_kwh == 0.25 && a->overhead == 1.3);
  assert_true(b->capital == 20000 && b->years == 4 && b->chip_hour == 0 && b->utilisation == 0.6);
  assert_null(rs_price_table_find(&table, "c"));
}

static void faults_say_what_and_where(void **state) {
  static const struct {
    const char *old, *new, *message;
  } faults[] = {
      {"power_kwh", "power_khw",
       "p.yaml:3:1: a price table has no key 'power_khw' here; did you mean 'power_kwh'?"},
      {"0.25", "1e3", "p.yaml:3:12: 'power_kwh' is not a figure; expected a number such as 0.25"},
      {"0.25", "-1", "p.yaml:3:12: 'power_kwh' is not a figure"},
      {"0.25", "[1]", "p.yaml:3:12: 'power_kwh' is not a figure"},
      {"overhead: 1.3\n", "", "the key 'overhead' is missing"},
      {"1.3", "0.3", "p.yaml:7:3: overhead is 0.3; expected from 1 to 100"},
      {"0.6", "0", "p.yaml:7:3: utilisation is 0"},
      {"EUR", "thalersilver", "p.yaml:2:11: 'currency' is not a word"},
      {"{chip_hour: 2.50}", "2.50", "p.yaml:7:6: the price of 'a' is not a mapping"},
      {"{chip_hour: 2.50}", "{}", "p.yaml:7:3: a chip is rented or bought: neither"},
      {"{chip_hour: 2.50}", "{chip_hour: 2, capital: 1, years: 1}", "not both"},
      {"chip_hour", "chip_hours", "did you mean 'chip_hour'?"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    char text[1024], words[1024];
    rs_price_table table;
    rs_diag diag = {0};
    const char *at = strstr(good, faults[i].old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, faults[i].new,
             at + strlen(faults[i].old));
    assert_int_equal(rs_price_table_parse(*state, "p.yaml", text, strlen(text), &table, &diag),
                     RS_E_INPUT);
    rs_diag_format(&diag, words, sizeof words);
    if (strstr(words, faults[i].message) == NULL) {
      fail_msg("fault %zu: '%s' is not in '%s'", i, faults[i].message, words);
    }
    assert_true(diag.line >= 1 && diag.column >= 1);
  }
}

/* Letters changed and cut at random: a table that is good, or a refusal with words and a place. */
static void mutated_tables_do_no_harm(void **state) {
  const uint64_t seed = 20261124;
  rs_random random;
  int read = 0;
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (int i = 0; i < 5000; i++) {
    static const char letters[] = "{}[]\",:0123456789.-e\\ \n\t#&*%\x01\xff";
    size_t length = strlen(good);
    char *text = malloc(length);
    rs_price_table table;
    rs_diag diag = {0};
    assert_non_null(text);
    memcpy(text, good, length);
    for (uint64_t k = 1 + rs_random_below(&random, 3); k > 0; k--) {
      text[rs_random_below(&random, length)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    if (rs_random_below(&random, 8) == 0) length -= (size_t)rs_random_below(&random, length);
    if (rs_price_table_parse(*state, "m", text, length, &table, &diag) == RS_OK) {
      for (size_t k = 0; k < table.row_count; k++) {
        assert_ok(rs_price_check(&table.rows[k].price, &diag), &diag);
      }
      read++;
    } else {
      assert_true(diag.what[0] != '\0' && diag.line >= 1);
    }
    free(text);
    rs_arena_reset(*state);
  }
  assert_true(read > 100 && read < 4900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_is_read),
      cmocka_unit_test(faults_say_what_and_where),
      cmocka_unit_test(mutated_tables_do_no_harm),
  };
  return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
