/* The inside of `realscale list`: what is known of one model. */
#ifndef RS__CMD_LIST_H
#define RS__CMD_LIST_H

#include "rs_cli.h"

/* Prints the row of a preset's name or a config.json's path; returns the exit status. */
int rs__cmd_list_model(const rs_arguments *arguments, const char *name);

#endif
