/* What is wrong with an experiment: one sentence with its place, for all that read one. */
#include "rs__experiment.h"

rs_status rs__experiment_fault(const rs__reader *r, const rs__place *place, const char *what,
                               const char *expected, const char *suggestion) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s", what);
  if (expected != NULL) rs_diag_expect(r->diag, "%s", expected);
  rs_diag_suggest(r->diag, suggestion);
  rs_diag_at(r->diag, place->file, place->line, place->column);
  return RS_E_INPUT;
}
