/* How much the runtime holds, and how long it waits for what; the times are
 * constants in service, and tests shorten them. */
#ifndef HSY_RUNTIME_LIMITS_H
#define HSY_RUNTIME_LIMITS_H

#include "base/time.h"
#include "hearsay/runtime.h"

/* Bytes for the application; beyond, publish() says "again". */
enum { HSY_OUTBOX_LEN_MAX = 1024 * 1024 };

/* retain_bytes of a node with its messages on disk. The log keeps 4 MiB for
 * marks, next to which less is not worth files; and a file is 4 MiB at most, so
 * that the most are some 13,000 of them. */
#define HSY_RETAIN_DISK_MIN (UINT64_C(1) << 20)
#define HSY_RETAIN_DISK_MAX (UINT64_C(16) << 30)

struct hsy_limits {
    uint64_t dns_ns;          /* One host name. */
    uint64_t dial_ns;         /* All addresses of one dial together; two of
                                 them have four seconds each. */
    uint64_t linger_ns;       /* A link that was hung up, to flush. */
    uint64_t slow_ns;         /* Bytes wait and the kernel takes none. */
    uint64_t leave_ns;        /* From leave() to on_stopped. */
    uint64_t accept_pause_ns; /* No descriptor left. */
};

static inline struct hsy_limits hsy_limits_default(void)
{
    return (struct hsy_limits){.dns_ns = 5 * HSY_SECOND,
                               .dial_ns = 9 * HSY_SECOND,
                               .linger_ns = HSY_SECOND,
                               .slow_ns = 10 * HSY_SECOND,
                               .leave_ns = 3 * HSY_SECOND,
                               .accept_pause_ns = 100 * HSY_MS};
}

/* hearsay_runtime_open() with other limits. */
HEARSAY_MUST_USE int
hsy_runtime_open_limits(struct hearsay_runtime **out, struct uv_loop_s *loop,
                        const struct hearsay_runtime_config *config,
                        const struct hsy_limits *limits,
                        struct hearsay_runtime_error *error);

#endif
