/*
 * Quantities at the border: text with a unit in, canonical integers inside, text out.
 *
 * Canonical units: bytes; bytes a second; hertz; femtoseconds; parts per billion; plain counts.
 * A bare number, an unknown suffix or the suffix of another quantity is RS_E_INPUT; the diagnostic
 * names the units that would do and suggests the nearest. Decimals are exact ("2.5MiB" is allowed
 * when it is a whole number of bytes). Numbers beyond 64 bits are RS_E_OVERFLOW. No locale.
 *
 *   bytes      B KB MB GB TB (10^3n), KiB MiB GiB TiB (2^10n)
 *   rate       B/s KB/s MB/s GB/s TB/s, KiB/s …, bps Kbps Mbps Gbps Tbps (bits; a whole byte rate)
 *   frequency  Hz kHz MHz GHz
 *   time       fs ps ns us ms s
 *   ratio      ppb ppm %
 *   count      a bare non-negative integer; '_' between digits is allowed
 */
#ifndef RS_UNITS_H
#define RS_UNITS_H

#include <stdint.h>

#include "rs_status.h"

typedef enum rs_quantity {
  RS_QUANTITY_COUNT,
  RS_QUANTITY_BYTES,
  RS_QUANTITY_RATE,      /* bytes a second */
  RS_QUANTITY_FREQUENCY, /* hertz */
  RS_QUANTITY_TIME,      /* femtoseconds */
  RS_QUANTITY_RATIO      /* parts per billion */
} rs_quantity;

/* Parses the whole of `text` (blanks between number and unit are allowed, nothing else). Negative
 * numbers are parsed and returned; range checks are the caller's, who knows the key. */
rs_status rs_quantity_parse(const char *text, rs_quantity quantity, int64_t *value, rs_diag *diag);

/* The shortest exact text that parses back to `value`, of those with a number of at least 1 and no
 * bits; the largest unit of equals: "16KiB", "900MHz", "12.5GB/s". Any value fits in 32 bytes. */
void rs_quantity_format(int64_t value, rs_quantity quantity, char *text, size_t size);

/* What the quantity is called and an example of it, for messages: "a size such as 16KiB". */
const char *rs_quantity_describe(rs_quantity quantity);

#endif
