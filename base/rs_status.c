/* Diagnostics: fixed buffers, so that reporting an error can never fail for want of memory. */
#include "rs_status.h"

#include <stdio.h>
#include <string.h>

RS_PRINTF(3, 0)
static rs_status set(rs_diag *diag, rs_status status, const char *format, va_list arguments) {
  if (diag == NULL) return status;
  /* The new sentence may quote the old one, so the old one is cleared only when it was read. */
  char what[sizeof diag->what];
  vsnprintf(what, sizeof what, format, arguments);
  *diag = (rs_diag){.status = status};
  memcpy(diag->what, what, strlen(what) + 1);
  return status;
}

rs_status rs_diag_set(rs_diag *diag, rs_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set(diag, status, format, arguments);
  va_end(arguments);
  return status;
}

rs_status rs_diag_refuse(rs_diag *diag, const char *file, int line, int column, const char *format,
                         va_list arguments) {
  set(diag, RS_E_INPUT, format, arguments);
  rs_diag_at(diag, file, line, column);
  return RS_E_INPUT;
}

void rs_diag_expect(rs_diag *diag, const char *format, ...) {
  if (diag == NULL) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(diag->expected, sizeof diag->expected, format, arguments);
  va_end(arguments);
}

void rs_diag_suggest(rs_diag *diag, const char *suggestion) {
  if (diag == NULL || suggestion == NULL) return;
  snprintf(diag->suggestion, sizeof diag->suggestion, "%s", suggestion);
}

void rs_diag_at(rs_diag *diag, const char *file, int line, int column) {
  if (diag == NULL) return;
  if (file != NULL) snprintf(diag->file, sizeof diag->file, "%s", file);
  diag->line = line;
  diag->column = column;
}

/* Appends at `used`, never beyond `size`; returns the new length. */
RS_PRINTF(4, 5)
static size_t append(char *text, size_t size, size_t used, const char *format, ...) {
  if (used + 1 >= size) return used;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text + used, size - used, format, arguments);
  va_end(arguments);
  if (length < 0) return used;
  size_t end = used + (size_t)length;
  return end < size ? end : size - 1;
}

/* Quoted input may hold anything; an error stays one line and cannot drive a terminal. U+0080 to
 * U+009F are control characters too, in UTF-8 a byte 0xc2 and one of 0x80 … 0x9f. */
static void replace_control(char *text) {
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)text[0];
    unsigned char next = (unsigned char)text[1];
    if (c < 0x20 || c == 0x7f) *text = '?';
    if (c == 0xc2 && next >= 0x80 && next <= 0x9f) text[0] = text[1] = '?';
  }
}

size_t rs_diag_format(const rs_diag *diag, char *text, size_t size) {
  size_t used = 0;
  if (size == 0) return 0;
  text[0] = '\0';
  if (diag->file[0] != '\0') used = append(text, size, used, "%s:", diag->file);
  if (diag->line > 0) used = append(text, size, used, "%d:", diag->line);
  if (diag->line > 0 && diag->column > 0) used = append(text, size, used, "%d:", diag->column);
  if (used > 0) used = append(text, size, used, " ");
  used = append(text, size, used, "%s", diag->what);
  if (diag->expected[0] != '\0') used = append(text, size, used, "; expected %s", diag->expected);
  if (diag->suggestion[0] != '\0') {
    used = append(text, size, used, "; did you mean '%s'?", diag->suggestion);
  }
  replace_control(text);
  return used;
}

const char *rs_status_word(rs_status status) {
  switch (status) {
    case RS_OK:
      return "ok";
    case RS_E_INPUT:
      return "input";
    case RS_E_INFEASIBLE:
      return "infeasible";
    case RS_E_REFUSED:
      return "refused";
    case RS_E_LIMIT:
      return "limit";
    case RS_E_OVERFLOW:
      return "overflow";
    case RS_E_NO_MEMORY:
      return "no-memory";
    case RS_E_SYSTEM:
      return "system";
  }
  return "unknown";
}
