/* Threads of ours: small stacks, no signals. */
#ifndef HSY_RUNTIME_WORKER_H
#define HSY_RUNTIME_WORKER_H

#include <pthread.h>

#include "hearsay.h"

enum {
    /* Ed25519, SQLite and getaddrinfo() need well under 128 KiB; sanitizers
     * double frames. Only touched pages cost memory. */
    HSY_WORKER_STACK_LEN = 256 * 1024
};

/* Runs @fn on a thread that takes no signals. @out NULL: detached, else to be
 * joined. HEARSAY_ERR_IO: the system has no room for a thread. */
HEARSAY_MUST_USE int hsy_worker_start(pthread_t *out, void *(*fn)(void *arg),
                                      void *arg, size_t stack_len);

#endif
