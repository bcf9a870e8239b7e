/*
 * Quantities: a decimal number and a unit, exactly, in integers.
 *
 * A unit is num/den of the canonical unit. The whole part times num is one product. The fraction is
 * taken from its last digit to its first: from q = 0 each digit d makes q = (d · num + q) / 10. All
 * these divisions are exact if and only if fraction · num is an integer, because what the digits
 * before d add is a multiple of ten. Nothing exceeds 10 · num, however many digits there are: 2^−40
 * TiB, with its 40 decimals, is a byte.
 */
#include "rs_units.h"

#include <assert.h>
#include <stdbool.h>
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

/* Largest first within a quantity, binary before decimal: formatting takes the first of equally
 * short texts. Bits (den = 8) come last; they are read but not written. */
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
    {"TiB/s", RS_QUANTITY_RATE, KIBI *KIBI *KIBI *KIBI, 1},
    {"TB/s", RS_QUANTITY_RATE, KILO *KILO *KILO *KILO, 1},
    {"GiB/s", RS_QUANTITY_RATE, KIBI *KIBI *KIBI, 1},
    {"GB/s", RS_QUANTITY_RATE, KILO *KILO *KILO, 1},
    {"MiB/s", RS_QUANTITY_RATE, KIBI *KIBI, 1},
    {"MB/s", RS_QUANTITY_RATE, KILO *KILO, 1},
    {"KiB/s", RS_QUANTITY_RATE, KIBI, 1},
    {"KB/s", RS_QUANTITY_RATE, KILO, 1},
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

/* ---- parsing: the number ---- */

typedef struct decimal {
  bool negative;
  bool overflow;        /* the digits before the point are beyond 64 bits; `whole` is cut */
  uint64_t whole;       /* the digits before the point */
  const char *fraction; /* the first character behind the point, or `end` */
  const char *end;      /* the first character that is not of the number */
} decimal;

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* A '_' counts only between two digits. */
static bool is_separator(const char *start, const char *c) {
  return *c == '_' && c > start && is_digit(c[-1]) && is_digit(c[1]);
}

static const char *skip_digits(const char *start) {
  const char *c = start;
  while (is_digit(*c) || is_separator(start, c)) c++;
  return c;
}

/* false when there is no number: [+-] digits [. digits], where one of the two may be absent. */
static bool parse_decimal(const char *text, decimal *number) {
  *number = (decimal){.negative = *text == '-'};
  const char *start = *text == '-' || *text == '+' ? text + 1 : text;
  const char *point = skip_digits(start);
  number->fraction = number->end = point;
  if (*point == '.' && is_digit(point[1])) {
    number->fraction = point + 1;
    number->end = skip_digits(point + 1);
  }
  for (const char *c = start; c < point; c++) {
    if (*c == '_' || number->overflow) continue;
    number->overflow = __builtin_mul_overflow(number->whole, 10u, &number->whole) ||
                       __builtin_add_overflow(number->whole, (uint64_t)(*c - '0'), &number->whole);
  }
  return number->end > start;
}

/* ---- parsing: the unit ---- */

static const unit *find_unit(const char *name, rs_quantity quantity) {
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity == quantity && strcmp(units[i].name, name) == 0) return &units[i];
  }
  return NULL;
}

static bool is_unit_of_another(const char *name, rs_quantity quantity) {
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity != quantity && strcmp(units[i].name, name) == 0) return true;
  }
  return false;
}

/* Units as they are written elsewhere. The nearest word takes no notice of case, and would read a
 * bit as a byte: what ends in one of these is that unit, with the prefix that stands before it. */
static const struct {
  const char *ending;
  const char *unit;
  rs_quantity quantity;
} spellings[] = {
    {"bit/s", "bps", RS_QUANTITY_RATE},     {"b/s", "bps", RS_QUANTITY_RATE},
    {"Bps", "B/s", RS_QUANTITY_RATE},       {"bytes/s", "B/s", RS_QUANTITY_RATE},
    {"bytes", "B", RS_QUANTITY_BYTES},      {"byte", "B", RS_QUANTITY_BYTES},
    {"hertz", "Hz", RS_QUANTITY_FREQUENCY}, {"\xc2\xb5s", "us", RS_QUANTITY_TIME},
    {"\xce\xbcs", "us", RS_QUANTITY_TIME},  {"seconds", "s", RS_QUANTITY_TIME},
    {"second", "s", RS_QUANTITY_TIME},      {"sec", "s", RS_QUANTITY_TIME},
    {"percent", "%", RS_QUANTITY_RATIO},
};

enum { UNIT_BYTES = 16 };

/* Writes the name as this program would spell it; the name itself when there is nothing to say. */
static void respell(const char *name, rs_quantity quantity, char spelled[UNIT_BYTES]) {
  size_t length = strlen(name);
  snprintf(spelled, UNIT_BYTES, "%s", name);
  for (size_t i = 0; i < RS_COUNT_OF(spellings); i++) {
    size_t ending = strlen(spellings[i].ending);
    if (spellings[i].quantity != quantity || length < ending || length - ending > 2) continue;
    if (strcmp(name + length - ending, spellings[i].ending) != 0) continue;
    snprintf(spelled, UNIT_BYTES, "%.*s%s", (int)(length - ending), name, spellings[i].unit);
    return;
  }
}

/* "16KiB" for "16KiBs": the user's own number with the nearest unit. */
static void suggest_unit(const char *text, const decimal *number, const char *name,
                         rs_quantity quantity, rs_diag *diag) {
  const char *names[RS_COUNT_OF(units)];
  size_t count = 0;
  char spelled[UNIT_BYTES];
  char suggestion[128];
  if (quantity == RS_QUANTITY_COUNT) return;
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity == quantity) names[count++] = units[i].name;
  }
  respell(name, quantity, spelled);
  const char *near = rs_nearest_word(spelled, names, count);
  if (*name == '\0' && quantity == RS_QUANTITY_BYTES) near = "B";
  size_t digits = (size_t)(number->end - text);
  if (near == NULL || digits > 64) return;
  snprintf(suggestion, sizeof suggestion, "%.*s%s", (int)digits, text, near);
  rs_diag_suggest(diag, suggestion);
}

/* "a size such as 16KiB (TiB, TB, …)" */
static void expect_units(rs_quantity quantity, rs_diag *diag) {
  char names[160];
  size_t used = 0;
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    if (units[i].quantity != quantity) continue;
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : ", ",
                             units[i].name);
    assert(used < sizeof names);
  }
  const char *what = rs_quantity_describe(quantity);
  if (quantity == RS_QUANTITY_COUNT) {
    rs_diag_expect(diag, "%s", what);
  } else {
    rs_diag_expect(diag, "%s (%s)", what, names);
  }
}

static rs_status refuse_unit(const char *text, const decimal *number, const char *name,
                             rs_quantity quantity, rs_diag *diag) {
  if (quantity == RS_QUANTITY_COUNT && *name == '\0') {
    rs_diag_set(diag, RS_E_INPUT, "'%s' ends with a blank", text);
  } else if (quantity == RS_QUANTITY_COUNT) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' has a unit, but is a count", text);
  } else if (*name == '\0') {
    rs_diag_set(diag, RS_E_INPUT, "'%s' has no unit", text);
  } else if (is_unit_of_another(name, quantity)) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is the unit of something else", name);
  } else {
    rs_diag_set(diag, RS_E_INPUT, "unknown unit '%s'", name);
  }
  expect_units(quantity, diag);
  suggest_unit(text, number, name, quantity, diag);
  return RS_E_INPUT;
}

/* ---- parsing: the value ---- */

static rs_status too_large(const char *text, rs_diag *diag) {
  return rs_diag_set(diag, RS_E_OVERFLOW, "'%s' is beyond 64 bits", text);
}

/* fraction · num, or −1 when that is not an integer; the file's head says why this is exact. */
static int64_t scale_fraction(const decimal *number, int64_t num) {
  int64_t scaled = 0;
  for (const char *c = number->end; c > number->fraction; c--) {
    if (c[-1] == '_') continue;
    scaled += (c[-1] - '0') * num;
    if (scaled % 10 != 0) return -1;
    scaled /= 10;
  }
  return scaled;
}

static rs_status scale(const char *text, const decimal *number, const unit *u, int64_t *value,
                       rs_diag *diag) {
  if (number->overflow) return too_large(text, diag);
  int64_t fraction = scale_fraction(number, u->num);
  rs_int128 scaled = (rs_int128)number->whole * u->num + fraction;
  if (fraction < 0 || scaled % u->den != 0) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is not a whole number of the smallest unit", text);
    rs_diag_expect(diag, "%s", rs_quantity_describe(u->quantity));
    return RS_E_INPUT;
  }
  scaled /= u->den;
  if (number->negative) scaled = -scaled;
  if (scaled > INT64_MAX || scaled < INT64_MIN) return too_large(text, diag);
  *value = (int64_t)scaled;
  return RS_OK;
}

rs_status rs_quantity_parse(const char *text, rs_quantity quantity, int64_t *value, rs_diag *diag) {
  decimal number;
  if (!parse_decimal(text, &number)) {
    rs_diag_set(diag, RS_E_INPUT, "'%s' is not a number", text);
    expect_units(quantity, diag);
    return RS_E_INPUT;
  }
  const char *name = number.end + strspn(number.end, " ");
  const unit *u = find_unit(name, quantity);
  if (u == NULL || (*name == '\0' && name > number.end)) {
    return refuse_unit(text, &number, name, quantity, diag);
  }
  return scale(text, &number, u, value, diag);
}

/* ---- formatting ---- */

/* Writes `value` in one unit: the whole part, and the decimals that it takes. false when the whole
 * part would be 0, or when the decimals are more than the digits of any int64_t. */
static bool format_in(int64_t value, const unit *u, char text[64]) {
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  uint64_t num = (uint64_t)u->num;
  char decimals[24];
  size_t count = 0;
  uint64_t whole = rest / num;
  for (rest %= num; rest != 0; rest %= num) {
    if (count + 1 == sizeof decimals) return false;
    rest *= 10;
    decimals[count++] = (char)('0' + rest / num);
  }
  decimals[count] = '\0';
  if (whole == 0 && count > 0) return false;
  snprintf(text, 64, "%s%llu%s%s%s", value < 0 ? "-" : "", (unsigned long long)whole,
           count > 0 ? "." : "", decimals, u->name);
  return true;
}

void rs_quantity_format(int64_t value, rs_quantity quantity, char *text, size_t size) {
  char best[64] = "";
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    char candidate[64];
    if (units[i].quantity != quantity || units[i].den != 1) continue;
    if (!format_in(value, &units[i], candidate)) continue;
    if (best[0] != '\0' && strlen(candidate) >= strlen(best)) continue;
    memcpy(best, candidate, strlen(candidate) + 1);
  }
  snprintf(text, size, "%s", best);
}
