/* cmocka with the headers that it wants before it, and a check that prints a diagnostic. */
#ifndef RS_TEST_H
#define RS_TEST_H

/* clang-format off */
#include <setjmp.h> /* cmocka.h needs these four before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "rs_status.h"

/* Fails with the diagnostic's own words when `status` is not RS_OK. */
#define assert_ok(status_expression, diag)                             \
  do {                                                                 \
    rs_status assert_ok_status_ = (status_expression);                 \
    if (assert_ok_status_ != RS_OK) {                                  \
      char assert_ok_text_[1024];                                      \
      rs_diag_format((diag), assert_ok_text_, sizeof assert_ok_text_); \
      fail_msg("%s", assert_ok_text_);                                 \
    }                                                                  \
  } while (0)

#endif
