/*
 * Quantities: a decimal number and a unit, exactly, in integers.
 *
 * The number is read as digits · 10^−decimals in 128 bits; a unit is a rational num/den of the
 * canonical unit. The value is digits · num / (den · 10^decimals) and must divide without rest.
 */
#include "rs_units.h"

#include <stdio.h>
#include <string.h>

#include "rs_math.h"
#include "rs_text.h"

typedef struct unit {
  const char *name;
  rs_quantity quantity;
  int64_t num;
  int64_t den;
} unit;

#define KILO INT64_C(1000)
#define KIBI INT64_C(1024)

/* Largest first within a quantity: formatting takes the first unit that divides the value. Binary
 * sizes go before decimal ones of about the same size, because sizes of tensors are binary. */
static const unit units[] = {
    {"TiB", RS_QUANTITY_BYTES, KIBI *KIBI *KIBI *KIBI, 1},
    {"TB", RS_QUANTITY_BYTES, KILO *KILO *KILO *KILO, 1},
    {"GiB", RS_QUANTITY_BYTES, KIBI *KIBI *KIBI, 1},
    {"GB", RS_QUANTITY_BYTES, KILO *KILO *KILO, 1},
    {"MiB", RS_QUANTITY_BYTES, KIBI *KIBI, 1},
    {"MB", RS_QUANTITY_BYTES, KILO *KILO, 1},
    {"KiB", RS_QUANTITY_BYTES, KIBI, 1},
    {"KB", RS_QUANTITY_BYTES, KILO, 1},
    {"B", RS_QUANTITY_BYTES, 1, 1},
    {"TB/s", RS_QUANTITY_RATE, KILO *KILO *KILO *KILO, 1},
    {"TiB/s", RS_QUANTITY_RATE, KIBI *KIBI *KIBI *KIBI, 1},
    {"GB/s", RS_QUANTITY_RATE, KILO *KILO *KILO, 1},
    {"GiB/s", RS_QUANTITY_RATE, KIBI *KIBI *KIBI, 1},
    {"MB/s", RS_QUANTITY_RATE, KILO *KILO, 1},
    {"MiB/s", RS_QUANTITY_RATE, KIBI *KIBI, 1},
    {"KB/s", RS_QUANTITY_RATE, KILO, 1},
    {"KiB/s", RS_QUANTITY_RATE, KIBI, 1},
    {"B/s", RS_QUANTITY_RATE, 1, 1},
    {"Tbps", RS_QUANTITY_RATE, KILO *KILO *KILO *KILO, 8},
    {"Gbps", RS_QUANTITY_RATE, KILO *KILO *KILO, 8},
    {"Mbps", RS_QUANTITY_RATE, KILO *KILO, 8},
    {"Kbps", RS_QUANTITY_RATE, KILO, 8},
    {"bps", RS_QUANTITY_RATE, 1, 8},
    {"GHz", RS_QUANTITY_FREQUENCY, KILO *KILO *KILO, 1},
    {"MHz", RS_QUANTITY_FREQUENCY, KILO *KILO, 1},
    {"kHz", RS_QUANTITY_FREQUENCY, KILO, 1},
    {"Hz", RS_QUANTITY_FREQUENCY, 1, 1},
    {"s", RS_QUANTITY_TIME, KILO *KILO *KILO *KILO *KILO, 1},
    {"ms", RS_QUANTITY_TIME, KILO *KILO *KILO *KILO, 1},
    {"us", RS_QUANTITY_TIME, KILO *KILO *KILO, 1},
    {"ns", RS_QUANTITY_TIME, KILO *KILO, 1},
    {"ps", RS_QUANTITY_TIME, KILO, 1},
    {"fs", RS_QUANTITY_TIME, 1, 1},
    {"%", RS_QUANTITY_RATIO, 10 * KILO *KILO, 1},
    {"ppm", RS_QUANTITY_RATIO, KILO, 1},
    {"ppb", RS_QUANTITY_RATIO, 1, 1},
    {"", RS_QUANTITY_COUNT, 1, 1},
};

const char *rs_quantity_describe(rs_quantity quantity) {
  switch (quantity) {
    case RS_QUANTITY_COUNT:
      return "a whole number such as 16";
    case RS_QUANTITY_BYTES:
      return "a size such as 16KiB";
    case RS_QUANTITY_RATE:
      return "a rate such as 12.5GB/s";
    case RS_QUANTITY_FREQUENCY:
      return "a frequency such as 900MHz";
    case RS_QUANTITY_TIME:
      return "a time such as 25ns";
    case RS_QUANTITY_RATIO:
      return "a ratio such as 100ppm";
  }
  return "a quantity";
}

/* ---- parsing ---- */

typedef struct decimal {
  bool negative;
  rs_int128 digits; /* without the point */
  int decimals;     /* digits behind the point */
} decimal;

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Returns the end of the number, or NULL when there is none; *overflow when it is too long. */
static const char *parse_decimal(const char *text, decimal *number, bool *overflow) {
  const rs_int128 most = (rs_int128)INT64_MAX * KILO * KILO * KILO;
  bool any = false;
  bool point = false;
  *number = (decimal){0};
  *overflow = false;
  if (*text == '-' || *text == '+') number->negative = *text++ == '-';
  for (;; text++) {
    if (is_digit(*text)) {
      if (number->digits > most) *overflow = true;
      if (!*overflow) number->digits = number->digits * 10 + (*text - '0');
      if (point) number->decimals++;
      any = true;
    } else if (*text == '.' && !point && is_digit(text[1])) {
      point = true;
    } else if (*text == '_' && any && is_digit(text[-1]) && is_digit(text[1])) {
      continue;
    } else {
      break;
    }
  }
  return any ? text : NULL;
}

static const unit *find_unit(const char *name, size_t length, rs_quantity quantity) {
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity != quantity) continue;
    if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0) {
      return &units[i];
    }
  }
  return NULL;
}

static bool is_unit_of_another(const char *name, rs_quantity quantity) {
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity != quantity && strcmp(units[i].name, name) == 0) return true;
  }
  return false;
}

/* "expected a size such as 16KiB; did you mean '16KiB'?" with the user's own number in front. */
static void suggest_unit(const char *text, size_t number_length, const char *name,
                         rs_quantity quantity, rs_diag *diag) {
  const char *names[RS_COUNT_OF(units)];
  size_t count = 0;
  char suggestion[128];
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity == quantity) names[count++] = units[i].name;
  }
  const char *near = rs_nearest_word(name, names, count);
  if (*name == '\0' && quantity == RS_QUANTITY_BYTES) near = "B";
  if (near == NULL || quantity == RS_QUANTITY_COUNT) return;
  snprintf(suggestion, sizeof suggestion, "%.*s%s", (int)RS_MIN(number_length, (size_t)64), text,
           near);
  rs_diag_suggest(diag, suggestion);
}

static rs_status refuse_unit(const char *text, size_t number_length, const char *name,
                             rs_quantity quantity, rs_diag *diag) {
  if (quantity == RS_QUANTITY_COUNT) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' has a unit, but is a count", text);
  } else if (*name == '\0') {
    rs_diag_set(diag, RS_E_INPUT, "'%s' has no unit", text);
  } else if (is_unit_of_another(name, quantity)) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is the unit of something else", name);
  } else {
    rs_diag_set(diag, RS_E_INPUT, "unknown unit '%s'", name);
  }
  rs_diag_expect(diag, "%s", rs_quantity_describe(quantity));
  suggest_unit(text, number_length, name, quantity, diag);
  return RS_E_INPUT;
}

static rs_status too_large(const char *text, rs_diag *diag) {
  return rs_diag_set(diag, RS_E_OVERFLOW, "'%s' is beyond 64 bits", text);
}

/* digits · num / (den · 10^decimals), exactly. Powers of ten are divided out of the digits first;
 * a number with more than 18 decimals that are not zero is no multiple of any canonical unit. */
static rs_status scale(const char *text, decimal number, const unit *u, rs_quantity quantity,
                       int64_t *value, rs_diag *diag) {
  while (number.decimals > 0 && number.digits % 10 == 0) {
    number.digits /= 10;
    number.decimals--;
  }
  rs_int128 divisor = u->den;
  for (int i = 0; i < number.decimals && i < 19; i++) divisor *= 10;
  rs_int128 product;
  if (__builtin_mul_overflow(number.digits, (rs_int128)u->num, &product)) {
    return too_large(text, diag);
  }
  if (number.decimals > 18 || product % divisor != 0) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is not a whole number of the smallest unit", text);
    rs_diag_expect(diag, "%s", rs_quantity_describe(quantity));
    return RS_E_INPUT;
  }
  product /= divisor;
  if (product > INT64_MAX) return too_large(text, diag);
  *value = number.negative ? -(int64_t)product : (int64_t)product;
  return RS_OK;
}

rs_status rs_quantity_parse(const char *text, rs_quantity quantity, int64_t *value, rs_diag *diag) {
  decimal number;
  bool overflow;
  const char *start = text + strspn(text, " ");
  const char *end = parse_decimal(start, &number, &overflow);
  if (end == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is not a number", text);
    rs_diag_expect(diag, "%s", rs_quantity_describe(quantity));
    return RS_E_INPUT;
  }
  const char *name = end + strspn(end, " ");
  size_t length = strlen(name);
  while (length > 0 && name[length - 1] == ' ') length--;
  const unit *u = find_unit(name, length, quantity);
  if (u == NULL) return refuse_unit(start, (size_t)(end - start), name, quantity, diag);
  if (overflow) return too_large(text, diag);
  return scale(text, number, u, quantity, value, diag);
}

/* ---- formatting ---- */

void rs_quantity_format(int64_t value, rs_quantity quantity, char *text, size_t size) {
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    const unit *u = &units[i];
    if (u->quantity != quantity || u->den != 1) continue;
    bool smallest = u->num == 1;
    if (smallest || (value != 0 && value % u->num == 0)) {
      snprintf(text, size, "%lld%s", (long long)(value / u->num), u->name);
      return;
    }
  }
}
