/*
 * Published results, each with the command of this program that says the same: the file of `validate`.
 *
 *   rows:
 *     - name: lstm-512-batch-1          # of its own
 *       group: lpu                      # rows that are summed up together
 *       role: calibration               # or prediction, or definition (follows from how a thing is built)
 *       quantity: cycles of an LSTM step, hidden 512, batch 1
 *       published: 670                  # in the unit of the column
 *       relation: equal                 # or at_most, at_least (default: equal)
 *       source: who published it
 *       confidence: P
 *       command: cost lstm --hidden 512 --batch 1
 *       column: cycles                  # of the command's first row
 *       cause: why ours differs         # optional
 *
 * Words that begin with "experiments/" are files of the folder that the program has. Errors have file,
 * line and column. Texts are the arena's.
 */
#ifndef RS_VALIDATION_H
#define RS_VALIDATION_H

#include "rs_arena.h"
#include "rs_math.h"

typedef enum rs_relation {
  RS_RELATION_EQUAL,
  RS_RELATION_AT_MOST,
  RS_RELATION_AT_LEAST
} rs_relation;

typedef enum rs_role { RS_ROLE_CALIBRATION, RS_ROLE_PREDICTION, RS_ROLE_DEFINITION } rs_role;

typedef struct rs_validation_row {
  const char *name, *group, *quantity, *source, *confidence, *command, *column;
  const char *cause; /* NULL: none */
  double published;
  rs_relation relation;
  rs_role role;
  int line; /* of the row in the file */
} rs_validation_row;

rs_status rs_validation_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                              rs_validation_row **rows, size_t *count, rs_diag *diag);

/* How far ours is from what was published, as a share of it: positive is more. 0 on the right side of
 * a bound. */
double rs_validation_error(const rs_validation_row *row, double ours);

/* Splits a command at blanks; '…' keeps blanks. NULL-terminated. */
rs_status rs_validation_split(rs_arena *arena, const char *command, const char ***words,
                              size_t *count, rs_diag *diag);

const char *rs_role_word(rs_role role);
const char *rs_relation_word(rs_relation relation);

#endif
