/* The end of a process that found a bug in itself. One line to stderr, so
 * that even a node without a log says where; then abort(), so that a core
 * dump or a debugger sees the state that broke the claim. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void hsy_assert_fail(const char *expr, const char *file, int line)
{
    /* No assert here: a failing one would call this function again. */
    fprintf(stderr, "hearsay: bug: %s:%d: not true: %s\n", file, line, expr);
    abort();
}
