/* The program `realscale`. Everything is in rs_cli.c and the commands. */
#include "rs_cli.h"

int main(int argc, char **argv) {
  return rs_cli_main(argc, argv);
}
