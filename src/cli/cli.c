/* Texts for people go to stderr with the program's name; results go to
 * stdout, and a result that did not arrive is a failure. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void hsy_cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("hearsay: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static int write_errno; /* Of the first write to stdout that failed. */

bool hsy_cli_flush(void)
{
    if (fflush(stdout) != 0 && write_errno == 0) {
        write_errno = errno;
    }
    return ferror(stdout) == 0;
}

int hsy_cli_finish(int code)
{
    if (!hsy_cli_flush() && code == HSY_EXIT_DONE) {
        hsy_cli_complain("standard output: %s; the result is not complete",
                         strerror(write_errno != 0 ? write_errno : EIO));
        return HSY_EXIT_FAILED;
    }
    return code;
}

bool hsy_cli_colours(int stream_fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0 && isatty(stream_fd) == 1;
}

void hsy_cli_sleep_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000 * 1000};
    nanosleep(&pause, NULL);
}
