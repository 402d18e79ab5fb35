/* Starting threads, in one place. Signals stay with the threads that the
 * program made: a handler must not run on a stack this small. */
#include "runtime/worker.h"

#include <signal.h>

#include "base/assert.h"

int hsy_worker_start(pthread_t *out, void *(*fn)(void *arg), void *arg,
                     size_t stack_len)
{
    HSY_ASSERT(fn != NULL);

    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) {
        return HEARSAY_ERR_IO;
    }
    int rc = pthread_attr_setstacksize(&attr, stack_len);
    HSY_ASSERT(rc == 0);
    rc = pthread_attr_setdetachstate(
        &attr, out == NULL ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    HSY_ASSERT(rc == 0);

    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    rc = pthread_create(&thread, &attr, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    if (rc != 0) {
        return HEARSAY_ERR_IO;
    }
    if (out != NULL) {
        *out = thread;
    }
    return 0;
}
