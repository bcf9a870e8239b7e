/*
 * What the tests of mistakes share: a good text with one thing wrong in it, and the line that the reader
 * has to make of it, as far as it is given.
 */
#ifndef RS_TEST_MISTAKES_H
#define RS_TEST_MISTAKES_H

#include <string.h>

#include "rs_experiment.h"
#include "rs_test.h"

/* `good` with its first `from` replaced by `to`, or with `to` behind it when `from` is NULL. */
static inline const char *edit(rs_arena *arena, const char *good, const char *from,
                               const char *to) {
  const char *found = from == NULL ? good + strlen(good) : strstr(good, from);
  assert_non_null(found);
  const char *text = rs_arena_printf(arena, "%.*s%s%s", (int)(found - good), good, to,
                                     from == NULL ? "" : found + strlen(from));
  assert_non_null(text);
  return text;
}

/* The experiment "e" of this text, with `sets` as --set has them, is refused with this line. */
static inline void assert_mistake(rs_arena *arena, const char *text, const char *const *sets,
                                  size_t set_count, const char *line) {
  char printed[1200];
  rs_diag diag = {0};
  const rs_experiment *e;
  rs_status status =
      rs_experiment_parse(arena, "e", text, strlen(text), sets, set_count, &e, &diag);
  rs_diag_format(&diag, printed, sizeof printed);
  if (status != RS_E_INPUT || diag.status != RS_E_INPUT ||
      strncmp(printed, line, strlen(line)) != 0) {
    fail_msg("status %d, '%s'; expected '%s…'", (int)status, printed, line);
  }
}

#endif
