/* What concerns the process as a whole, and is therefore the program's
 * decision and never the library's. cli/main.c calls these before anything
 * else, while there is one thread. */
#ifndef HSY_RUNTIME_PROCESS_H
#define HSY_RUNTIME_PROCESS_H

#include "hearsay.h"

/* Ignores SIGPIPE, and tunes the C library's allocator for small processes:
 * one arena, memory given back early. */
void hsy_process_init(void);

/* For a program that holds gigabytes: memory is taken and given back in larger
 * steps than hsy_process_init() chose. */
void hsy_process_hold_much(void);

/* How many bytes @ptr, given by the C library, really has room for. */
size_t hsy_process_block_len(void *ptr);

/* Raises the soft limit of open descriptors to the hard one; gives what is
 * allowed now. */
uint64_t hsy_process_raise_files(void);

/* Asks the kernel to SIGKILL this process when its parent dies, however that
 * happens. @expected_parent is the parent's pid as it told us (`--parent
 * PID`): when we have another one, it died before we asked, and
 * HEARSAY_ERR_STATE says that this process should end now. The parent must
 * have started us from a thread that lives as long as it does. */
HEARSAY_MUST_USE int hsy_process_die_with_parent(int64_t expected_parent);

#endif
