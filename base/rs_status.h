/*
 * What went wrong, and where: status codes and diagnostics.
 *
 * Every function that can fail on the user's input returns an rs_status and fills the rs_diag that
 * it was given. A diagnostic is one sentence of what is wrong, one of what was expected, and, when
 * there is one, a suggestion; a place in a text is optional. Mistakes of our own are assertions.
 *
 * The printed form is one line:   file:line:column: what; expected …; did you mean '…'?
 * Parts that are absent are left out. An rs_diag owns no memory and may live on the stack; a NULL
 * rs_diag pointer is allowed everywhere and loses only the text.
 */
#ifndef RS_STATUS_H
#define RS_STATUS_H

#include <stdarg.h>
#include <stddef.h>

typedef enum rs_status {
  RS_OK = 0,
  RS_E_INPUT,      /* the user's text or value is not usable */
  RS_E_INFEASIBLE, /* well formed, but has no answer: does not fit, does not divide */
  RS_E_REFUSED,    /* a check found the thing to be wrong */
  RS_E_LIMIT,      /* beyond a stated bound: size, depth, time */
  RS_E_OVERFLOW,   /* a quantity leaves 64 bits */
  RS_E_NO_MEMORY,
  RS_E_SYSTEM /* the operating system or a library refused */
} rs_status;

typedef struct rs_diag {
  rs_status status;
  char file[256];
  int line;   /* from 1; 0 = no place */
  int column; /* from 1; 0 = no column */
  char what[512];
  char expected[256];
  char suggestion[128];
} rs_diag;

#define RS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Sets status and the sentence, clears expectation, suggestion and place. Returns `status`, so that
 * `return rs_diag_set(diag, RS_E_INPUT, "…")` reads well. */
rs_status rs_diag_set(rs_diag *diag, rs_status status, const char *format, ...) RS_PRINTF(3, 4);

/* RS_E_INPUT at a place, for a parser's own helper, which has taken the arguments of its format. `file` may
 * be NULL: who knows it adds it. */
rs_status rs_diag_refuse(rs_diag *diag, const char *file, int line, int column, const char *format,
                         va_list arguments) RS_PRINTF(5, 0);

/* Adds what was expected ("a size such as 16KiB"). */
void rs_diag_expect(rs_diag *diag, const char *format, ...) RS_PRINTF(2, 3);

/* Adds a suggestion, printed as: did you mean '…'? A NULL suggestion adds nothing. */
void rs_diag_suggest(rs_diag *diag, const char *suggestion);

/* Adds a place. `file` may be NULL to keep the one that is there. */
void rs_diag_at(rs_diag *diag, const char *file, int line, int column);

/* Writes the one-line form, cut at `size`; always ends with NUL; control characters of quoted input
 * are replaced by '?'. Returns the length that was written. */
size_t rs_diag_format(const rs_diag *diag, char *text, size_t size);

/* One word for a status, for logs and result rows: "ok", "input", "infeasible", … */
const char *rs_status_word(rs_status status);

#endif
