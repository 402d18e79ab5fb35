/* Child processes on the loop: their output as lines, their end as a call. */
#ifndef HSY_RUNTIME_CHILD_H
#define HSY_RUNTIME_CHILD_H

#include "hearsay/runtime.h"

struct uv_loop_s;
struct hsy_child;

enum hsy_child_stream { HSY_CHILD_OUT, HSY_CHILD_ERR };

enum { HSY_CHILD_LINE_MAX = 16 * 1024 };

struct hsy_child_config {
    /* NULL-terminated; argv[0] is looked up in PATH unless it has a slash.
     * Borrowed for hsy_child_spawn(), like all pointers here but @ctx. */
    const char *const *argv;
    const char *cwd; /* NULL: ours. */

    /* Written to its standard input, which is then closed; NULL: /dev/null. */
    const void *input;
    size_t input_len;

    /* Out of our process group: a Ctrl-C in the terminal then reaches only
     * us, and we decide how the child ends. */
    bool own_session;

    /* One line without its newline, NUL-terminated, @line_len <=
     * HSY_CHILD_LINE_MAX; lent for the call. A longer line is cut: its rest
     * is dropped. NULL: that output goes where ours goes. */
    void (*on_line)(void *ctx, enum hsy_child_stream stream, const char *line,
                    size_t line_len);
    /* Once, after its last line: the exit code, or the signal that ended it
     * (then @exit_code is 128 + @signum). The child still wants
     * hsy_child_destroy(), from here or later. May be NULL. */
    void (*on_exit)(void *ctx, int exit_code, int signum);
    void *ctx;
};

/* Gives *@out, to be returned to hsy_child_destroy(). HEARSAY_ERR_IO: *@error
 * says what could not be started and why. HEARSAY_ERR_NOMEM.
 *
 * A child of ours that is a `hearsay` should die with us, even by SIGKILL:
 * pass it `--parent PID`, see hsy_process_die_with_parent(). */
HEARSAY_MUST_USE int hsy_child_spawn(struct hsy_child **out,
                                     struct uv_loop_s *loop,
                                     const struct hsy_child_config *config,
                                     struct hearsay_runtime_error *error);

int hsy_child_pid(const struct hsy_child *child);
bool hsy_child_running(const struct hsy_child *child);

/* Sends @signum; nothing happens when it has ended. */
void hsy_child_kill(struct hsy_child *child, int signum);

/* No callback comes any more. One that still runs is killed with SIGKILL and
 * reaped by the loop. NULL is a no-op. */
void hsy_child_destroy(struct hsy_child *child);

#endif
