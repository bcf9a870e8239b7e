/*
 * A timing in words: `latency=500ns,rate=50GiB/s`, for links that are no chip's of the catalogue.
 *
 * A message of n bytes is to take latency + n/rate on a lone link, the usual two-parameter model. The
 * latency of rs_timing.h counts until a whole vector has arrived, so a slot is added to the one that
 * the user gives. Times become cycles of `clock`, rounded up; the slot stays an exact fraction.
 */
#include <string.h>

#include "rs_cli.h"
#include "rs_math.h"
#include "rs_timing.h"
#include "rs_units.h"

#define FEMTOSECONDS INT64_C(1000000000000000) /* a second */

typedef enum key { LATENCY, RATE, VECTOR, CLOCK, SEND, RECEIVE, FORWARD, ADD, KEY_COUNT } key;

static const struct {
  const char *name;
  rs_quantity quantity;
  int64_t least;
} keys[KEY_COUNT] = {
    [LATENCY] = {"latency", RS_QUANTITY_TIME, 0}, [RATE] = {"rate", RS_QUANTITY_RATE, 1},
    [VECTOR] = {"vector", RS_QUANTITY_BYTES, 1},  [CLOCK] = {"clock", RS_QUANTITY_FREQUENCY, 1},
    [SEND] = {"send", RS_QUANTITY_TIME, 0},       [RECEIVE] = {"receive", RS_QUANTITY_TIME, 0},
    [FORWARD] = {"forward", RS_QUANTITY_TIME, 0}, [ADD] = {"add", RS_QUANTITY_TIME, 0},
};

typedef struct parsed {
  int64_t values[KEY_COUNT];
  bool given[KEY_COUNT];
} parsed;

static rs_status refuse(rs_diag *diag, const char *item, const char *what, const char *expected) {
  rs_diag_set(diag, RS_E_INPUT, "timing: '%.60s': %s", item, what);
  rs_diag_expect(diag, "%s", expected);
  return RS_E_INPUT;
}

/* One KEY=VALUE; `item` is a copy that may be cut. */
static rs_status parse_item(char *item, parsed *p, rs_diag *diag) {
  const char *names[KEY_COUNT];
  char *equals = strchr(item, '=');
  if (equals == NULL) return refuse(diag, item, "no value", "KEY=VALUE, such as latency=500ns");
  *equals = '\0';
  int k = 0;
  while (k < KEY_COUNT && strcmp(item, keys[k].name) != 0) k++;
  if (k == KEY_COUNT) {
    for (int i = 0; i < KEY_COUNT; i++) names[i] = keys[i].name;
    refuse(diag, item, "unknown", "latency, rate, vector, clock, send, receive, forward or add");
    rs_diag_suggest(diag, rs_nearest_word(item, names, KEY_COUNT));
    return RS_E_INPUT;
  }
  if (p->given[k]) return refuse(diag, item, "given twice", "each key once");
  p->given[k] = true;
  rs_status status = rs_quantity_parse(equals + 1, keys[k].quantity, &p->values[k], diag);
  if (status != RS_OK || p->values[k] >= keys[k].least) return status;
  return refuse(diag, equals + 1, "too small", rs_quantity_describe(keys[k].quantity));
}

static rs_status parse_items(const char *text, parsed *p, rs_diag *diag) {
  while (true) {
    char item[128];
    size_t length = strcspn(text, ",");
    if (length >= sizeof item) return refuse(diag, text, "too long", "KEY=VALUE");
    memcpy(item, text, length);
    item[length] = '\0';
    rs_status status = parse_item(item, p, diag);
    if (status != RS_OK || text[length] == '\0') return status;
    text += length + 1;
  }
}

/* slot = vector / rate · clock, in lowest terms. */
static rs_status set_slot(const parsed *p, rs_timing *t, rs_diag *diag) {
  rs_int128 numerator = (rs_int128)t->vector_bytes * t->clock_hz;
  rs_int128 a = numerator;
  rs_int128 b = p->values[RATE];
  while (b != 0) {
    rs_int128 rest = a % b;
    a = b;
    b = rest;
  }
  numerator /= a;
  if (numerator >= INT64_C(1) << 40) {
    return refuse(diag, "rate", "a vector's time in cycles is a fraction of too many digits",
                  "a rounder rate, clock or vector");
  }
  t->slot_num = (int64_t)numerator;
  t->slot_den = (int64_t)(p->values[RATE] / a);
  return RS_OK;
}

/* Femtoseconds as cycles, rounded up; beyond every bound of rs_timing_check when it is too much. */
static int64_t cycles_of(const rs_timing *t, int64_t femtoseconds) {
  rs_int128 cycles = ((rs_int128)femtoseconds * t->clock_hz + FEMTOSECONDS - 1) / FEMTOSECONDS;
  return cycles < INT64_C(1) << 60 ? (int64_t)cycles : INT64_C(1) << 60;
}

rs_status rs_cli_parse_timing(const char *text, rs_timing *timing, rs_diag *diag) {
  parsed p = {.values = {[VECTOR] = 320, [CLOCK] = 1000000000}};
  rs_status status = parse_items(text, &p, diag);
  if (status != RS_OK) return status;
  if (!p.given[LATENCY] || !p.given[RATE]) {
    return refuse(diag, text, "latency and rate are needed", "such as latency=500ns,rate=50GiB/s");
  }
  *timing = (rs_timing){.name = "custom",
                        .clock_hz = p.values[CLOCK],
                        .vector_bytes = p.values[VECTOR],
                        .adds_per_cycle = INT64_C(1) << 20};
  status = set_slot(&p, timing, diag);
  if (status != RS_OK) return status;
  int64_t latency =
      cycles_of(timing, p.values[LATENCY]) + rs_ceil_div_i64(timing->slot_num, timing->slot_den);
  for (int c = 0; c < RS_CABLE_CLASS_COUNT; c++) timing->latency_cycles[c] = latency;
  timing->send_cycles = cycles_of(timing, p.values[SEND]);
  timing->receive_cycles = cycles_of(timing, p.values[RECEIVE]);
  timing->forward_cycles = cycles_of(timing, p.values[FORWARD]);
  timing->add_cycles = cycles_of(timing, p.values[ADD]);
  return rs_timing_check(timing, diag);
}

/* ---- times on a clock ---- */

rs_status rs_cli_read_cycles(const rs_arguments *arguments, const char *option, const char *example,
                             int64_t clock_hz, int64_t *cycles, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, option);
  int64_t fs;
  if (text == NULL) return RS_OK;
  if (rs_quantity_parse(text, RS_QUANTITY_TIME, &fs, diag) == RS_OK && fs >= 0) {
    *cycles = rs_mul_ceil_div_i64(fs, clock_hz, FEMTOSECONDS);
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "--%s: '%s' is not a time", option, text);
  rs_diag_expect(diag, "a time such as %s", example);
  return RS_E_INPUT;
}
