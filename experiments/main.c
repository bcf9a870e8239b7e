/* The program `realscale`. Everything is in rs_cli.c and the commands. */
#include <string.h>

#include "rs_cli.h"
#include "rs_memory.h"
#include "rs_ranks.h"

int main(int argc, char **argv) {
  rs_memory_keep();
  rs_ranks_begin(argv);
  if (rs_ranks_rank() != 0) { /* helps with `run`, and leaves files and the last word to rank 0 */
    if (argc > 1 && strcmp(argv[1], "run") == 0) rs_cli_main(argc, argv);
    rs_ranks_end(RS_EXIT_GOOD);
    return RS_EXIT_GOOD;
  }
  int status = rs_cli_main(argc, argv);
  rs_ranks_end(status);
  return status;
}
