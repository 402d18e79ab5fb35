/* What the runtime measures about itself, for the admin layer. */
#ifndef HSY_RUNTIME_STATS_H
#define HSY_RUNTIME_STATS_H

#include "hearsay/runtime.h"

enum { HSY_JOB_KINDS = 2 }; /* enum hearsay_job_kind is an index. */

/* Times are of what is done; totals only grow. */
struct hsy_lane_stats {
    uint32_t depth; /* Asked for and not yet answered. */
    uint32_t depth_peak;
    uint64_t done;
    uint64_t wait_ns, wait_max_ns; /* From submission to start. */
    uint64_t run_ns, run_max_ns;
};

struct hsy_runtime_stats {
    uint32_t workers;                          /* Threads of the CPU lane. */
    uint32_t lane_max;                         /* jobs_queued_max */
    struct hsy_lane_stats jobs[HSY_JOB_KINDS]; /* The CPU lane, by kind. */
    struct hsy_lane_stats disk;                /* In transactions asked for. */
    uint64_t commits, commits_failed, rows;    /* Group commits and rows. */

    uint32_t links;           /* Dialling or open. */
    uint32_t links_lingering; /* Hung up, flushing. */
    uint32_t links_paused;    /* Not read, for back-pressure. */
    uint64_t pauses;          /* How often a link was paused. */
    uint64_t accepted;
    uint64_t accepts_refused; /* Closed at once: links_max reached. */
    uint64_t accept_failures; /* E.g. no descriptor left. */
    uint64_t dials;
    uint64_t slow_closed;
    uint64_t bytes_in, bytes_out; /* On the wire. */
    uint64_t flushes;             /* Writes to the kernel. */
    uint64_t queue_bytes;         /* Waiting in all out buffers. */
    uint64_t step_failures;       /* Events lost for want of memory. */
    uint64_t turns;               /* Of the loop. */
};

/* "sign"; static. */
const char *hsy_job_kind_text(enum hearsay_job_kind kind);

/* Loop's thread, or before it runs. */
void hsy_runtime_stats(const struct hearsay_runtime *rt,
                       struct hsy_runtime_stats *out);

/* What the runtime holds of each link, without what is queued there. */
size_t hsy_runtime_link_len(void);

#endif
