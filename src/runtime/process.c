/* Decisions about the whole process, made once by the program. */
#include "runtime/process.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"

void hsy_process_init(void)
{
    /* A client that vanishes is an error code of write(), not our end. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    int rc = sigaction(SIGPIPE, &ignore, NULL);
    HSY_ASSERT(rc == 0);

    /* glibc gives each thread an arena of its own, which never shrinks; our
     * threads allocate next to nothing, so they share the first one. A fixed
     * threshold keeps large blocks in mappings, which go back to the kernel
     * when freed; left alone, glibc raises it with each such free. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TOP_PAD, 16 * 1024);
}

void hsy_process_hold_much(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
    (void)mallopt(M_TOP_PAD, 16 * 1024 * 1024);
}

size_t hsy_process_block_len(void *ptr)
{
    return malloc_usable_size(ptr);
}

uint64_t hsy_process_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        return limit.rlim_cur;
    }
    return raised.rlim_cur;
}

int hsy_process_die_with_parent(int64_t expected_parent)
{
    HSY_ASSERT(expected_parent > 0);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return HEARSAY_ERR_STATE;
    }
    /* It may have died before the kernel knew of our wish. */
    return getppid() == expected_parent ? 0 : HEARSAY_ERR_STATE;
}
