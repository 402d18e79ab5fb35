/* The CPU lane: jobs of the node on worker threads, answers in submission
 * order per kind. Nothing is ever dropped: what does not fit into the lane
 * waits before it, bounded by the node's jobs_max. */
#ifndef HSY_RUNTIME_JOBS_H
#define HSY_RUNTIME_JOBS_H

#include "runtime/stats.h"

struct hsy_jobs;

struct hsy_jobs_config {
    uint32_t workers;        /* >= 1 */
    uint32_t queued_max;     /* Handed to the workers and not yet answered. */
    uint32_t jobs_max;       /* In all; one more is a bug of the node. */
    void (*wake)(void *ctx); /* From any thread: call hsy_jobs_next(). */
    void *ctx;
};

/* Starts the workers. Gives *@out, to be returned to hsy_jobs_destroy().
 * HEARSAY_ERR_NOMEM; HEARSAY_ERR_IO: no thread. */
HEARSAY_MUST_USE int hsy_jobs_create(struct hsy_jobs **out,
                                     const struct hsy_jobs_config *config);

/* Takes @job until hsy_jobs_next() gives it back. Workers see it with the
 * next hsy_jobs_kick(). */
void hsy_jobs_submit(struct hsy_jobs *jobs, struct hearsay_job *job);

/* Hands over what was submitted since: once per turn of the loop. */
void hsy_jobs_kick(struct hsy_jobs *jobs);

/* The next answer; NULL: none just now. */
struct hearsay_job *hsy_jobs_next(struct hsy_jobs *jobs);

/* Submitted and not yet given back. */
uint32_t hsy_jobs_depth(const struct hsy_jobs *jobs);
const struct hsy_lane_stats *hsy_jobs_stats(const struct hsy_jobs *jobs,
                                            enum hearsay_job_kind kind);

/* Waits for the jobs that run (milliseconds), drops the others; the node owns
 * them all and frees them. No wake comes any more. NULL is a no-op. */
void hsy_jobs_destroy(struct hsy_jobs *jobs);

#endif
