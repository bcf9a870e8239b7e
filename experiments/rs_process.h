/*
 * Another program, run to its end: gnuplot, or this one again. No shell; nothing on its stdin; one of its
 * two outputs is kept, the other goes nowhere.
 */
#ifndef RS_PROCESS_H
#define RS_PROCESS_H

#include "rs_text.h"

typedef enum rs_process_output { RS_PROCESS_STDOUT, RS_PROCESS_STDERR } rs_process_output;

typedef struct rs_process {
  const char *program;    /* a path, or a name that is looked for on PATH */
  char *const *arguments; /* [0] is the name it is called by; NULL at the end */
  rs_process_output kept;
  size_t bytes_max; /* of what is kept; the rest is read and dropped; 0: no limit */
} rs_process;

/* Appends what it printed; *status as waitpid has it. RS_E_SYSTEM: it cannot be started, or was lost;
 * messages name arguments[0]. */
rs_status rs_process_run(const rs_process *process, rs_text *printed, int *status, rs_diag *diag);

#endif
