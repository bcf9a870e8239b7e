/* The inside of chips: the table of a chip's numbers, a row each, from which files are read, checked
 * and compiled in. */
#ifndef RS__CHIP_H
#define RS__CHIP_H

#include "rs_chip.h"

typedef enum rs__chip_unit {
  RS__CHIP_COUNT, /* a whole number, unit in the key's name */
  RS__CHIP_BYTES,
  RS__CHIP_RATE,
  RS__CHIP_FREQUENCY,
  RS__CHIP_TIME,
  RS__CHIP_SHARE,      /* parts per billion inside */
  RS__CHIP_OPERATIONS, /* operations a second */
  RS__CHIP_PJ_PER_BIT, /* from here on doubles */
  RS__CHIP_PJ,
  RS__CHIP_WATT,
  RS__CHIP_UNIT_COUNT
} rs__chip_unit;

typedef struct rs__chip_key {
  const char *name;   /* in files and messages */
  const char *member; /* as C writes it */
  size_t offset;
  rs__chip_unit unit;
  unsigned kinds; /* bit 1 << rs_chip_kind */
  bool optional;  /* absent: 0 */
  int64_t least, most;
} rs__chip_key;

const rs__chip_key *rs__chip_keys(size_t *count);
bool rs__chip_key_of(const rs__chip_key *key, rs_chip_kind kind); /* chips of the kind have it */
bool rs__chip_key_is_double(const rs__chip_key *key);

int64_t rs__chip_get_i64(const rs_chip *chip, const rs__chip_key *key);
double rs__chip_get_double(const rs_chip *chip, const rs__chip_key *key);

/* Parses a number with its unit and puts it into the chip. RS_E_INPUT with the units that would do;
 * bounds are rs_chip_check's. */
rs_status rs__chip_set_text(rs_chip *chip, const rs__chip_key *key, const char *text,
                            rs_diag *diag);
void rs__chip_set_i64(rs_chip *chip, const rs__chip_key *key, int64_t value);

const char *rs__chip_unit_describe(rs__chip_unit unit); /* "a rate such as 3.35TB/s" */

/* The number against its own bounds. */
rs_status rs__chip_check_key(const rs_chip *chip, const rs__chip_key *key, rs_diag *diag);

#endif
