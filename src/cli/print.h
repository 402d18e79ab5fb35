/* Printing what came from other machines. */
#ifndef HSY_CLI_PRINT_H
#define HSY_CLI_PRINT_H

#include <stdio.h>

/* Control bytes could drive the terminal: they are shown as escapes. */
void hsy_print_defused(FILE *out, const char *text);

#endif
