/*
 * Chips as files: a JSON object with "name", "kind" ("lpu" or "gpu"), "summary", "references" (an
 * object of texts, for the user) and a key a number, each of which says where it comes from:
 *
 *   "sram": {"value": "220MiB", "confidence": "P", "source": "[TSP] 88 slices of 2.5 MiB",
 *            "range": "exact"}
 *
 * Values are texts with their unit; whole numbers whose unit is in the key are JSON integers.
 * Confidence: P primary source, P2 primary through a reader's notes, S press or third party, W weak,
 * I our arithmetic, F fitted (the source says on what), A assumption. "range" may be left out.
 *
 * Errors are RS_E_INPUT with file, line, column and a suggestion. Everything is the arena's.
 */
#ifndef RS_CHIP_FILE_H
#define RS_CHIP_FILE_H

#include "rs_arena.h"
#include "rs_chip.h"

/* One number as it was written. */
typedef struct rs_chip_note {
  const char *key;
  const char *value;
  const char *confidence;
  const char *source;
  const char *range; /* "" when there is none */
} rs_chip_note;

/* What sources call [name]. */
typedef struct rs_chip_reference {
  const char *name;
  const char *text;
} rs_chip_reference;

typedef struct rs_chip_file {
  rs_chip chip;
  const rs_chip_note *notes; /* in the order of the key table */
  size_t note_count;
  const rs_chip_reference *references; /* as written */
  size_t reference_count;
} rs_chip_file;

rs_status rs_chip_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                        rs_chip_file *result, rs_diag *diag);

/* The file of a chip of the catalogue; NULL: unknown. */
const char *rs_chip_text(const char *name);

#endif
