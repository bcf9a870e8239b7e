/*
 * A price table: a YAML file of the user's.
 *
 *   currency: USD
 *   power_kwh: 0.10       # price of electricity
 *   overhead: 1.3         # power of the building / power of the chips
 *   utilisation: 0.6      # share of the time that makes tokens that somebody wants
 *   chips:
 *     h100: {chip_hour: 2.50}
 *     groqchip1: {capital: 20000, years: 4}
 *
 * All figures are needed; a chip has chip_hour, or capital and years, of one chip with its share of
 * host and rack. RS_E_INPUT with file, line, column and a suggestion.
 */
#ifndef RS_PRICE_FILE_H
#define RS_PRICE_FILE_H

#include "rs_arena.h"
#include "rs_price.h"

typedef struct rs_price_row {
  const char *chip;
  rs_price price;
} rs_price_row;

typedef struct rs_price_table {
  const char *currency;
  const rs_price_row *rows;
  size_t row_count;
} rs_price_table;

rs_status rs_price_table_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                               rs_price_table *table, rs_diag *diag);

/* NULL: the table has no such chip. */
const rs_price *rs_price_table_find(const rs_price_table *table, const char *chip);

#endif
