/* watch --exec: one command per message. */
#ifndef HSY_CLI_EXEC_H
#define HSY_CLI_EXEC_H

#include "hearsay.h"

/* All borrowed. */
struct hsy_exec_message {
    const char *origin, *seq, *topic; /* HEARSAY_ORIGIN, _SEQ, _TOPIC. */
    const void *payload;              /* Its standard input. */
    size_t payload_len;               /* <= HEARSAY_PAYLOAD_MAX */
    uint64_t timeout_ns;              /* > 0 */
};

/* Runs `sh -c COMMAND` and waits for it, timeout_ns at most; then it is killed,
 * with all that it started in its process group. True: it ended with 0;
 * otherwise stderr says how it ended. */
bool hsy_exec_run(const char *command, const struct hsy_exec_message *message);

#endif
