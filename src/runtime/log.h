/* A log: notes as lines of text or JSON, on stderr and at the end of a file.
 * One thread. Writing never fails to the caller and never waits: what cannot
 * be written now is held, up to a bound, and what does not fit there is
 * counted and said in the log (`log-lines-lost count=N`) when it can be. */
#ifndef HSY_RUNTIME_LOG_H
#define HSY_RUNTIME_LOG_H

#include "hearsay/runtime.h"

struct hsy_log;

struct hsy_log_config {
    enum hearsay_level level; /* Below it, notes are not written. */
    bool json;
    bool to_stderr;
    const char *output; /* A file to append to; NULL: none. Copied. */
};

/* Gives *@out, to be returned to hsy_log_close(). HEARSAY_ERR_IO: the file
 * cannot be opened, *@error says why. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_log_open(struct hsy_log **out,
                                  const struct hsy_log_config *config,
                                  struct hearsay_runtime_error *error);

/* Fits hearsay_runtime_config.on_note; @log is its ctx there. */
void hsy_log_note(struct hsy_log *log, const struct hearsay_note *note,
                  uint64_t wall_ms);

/* As above, at the present time. */
void hsy_log_now(struct hsy_log *log, const struct hearsay_note *note);

/* Opens the file anew (after a rotation; SIGHUP). On failure the old file
 * stays, and a WARN says so. */
void hsy_log_reopen(struct hsy_log *log);

/* Lines are waiting for a descriptor that is busy: call hsy_log_flush() a
 * moment later. */
bool hsy_log_is_behind(const struct hsy_log *log);
/* True: nothing waits any more. */
bool hsy_log_flush(struct hsy_log *log);

void hsy_log_set_level(struct hsy_log *log, enum hearsay_level level);
/* "debug", "info", "warn", "error", any case; HEARSAY_ERR_MALFORMED. */
HEARSAY_MUST_USE int hsy_log_level_parse(enum hearsay_level *out,
                                         const char *text);

/* Lines that could not be written since the log was opened. */
uint64_t hsy_log_lost(const struct hsy_log *log);

void hsy_log_close(struct hsy_log *log); /* NULL is a no-op. */

#endif
