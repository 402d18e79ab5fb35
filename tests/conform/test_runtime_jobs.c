/* The CPU lane: order, bounds, and an end without leftovers. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/time.h"
#include "runtime/jobs.h"
#include "support/claim.h"
#include "support/stub_node.h"

static atomic_uint wakes;

static void wake(void *ctx)
{
    (void)ctx;
    (void)atomic_fetch_add(&wakes, 1);
}

static struct hsy_jobs *open_jobs(uint32_t workers, uint32_t queued_max)
{
    struct hsy_jobs_config config = {.workers = workers,
                                     .queued_max = queued_max,
                                     .jobs_max = 1000,
                                     .wake = wake};
    struct hsy_jobs *jobs;
    CLAIM_INT(hsy_jobs_create(&jobs, &config), 0);
    return jobs;
}

static struct hearsay_job *next_within_10s(struct hsy_jobs *jobs)
{
    struct hearsay_job *job = NULL;
    for (int i = 0; i < 100000 && job == NULL; i++) {
        hsy_jobs_kick(jobs);
        job = hsy_jobs_next(jobs);
        struct timespec nap = {.tv_nsec = 100000};
        if (job == NULL) {
            (void)nanosleep(&nap, NULL);
        }
    }
    CLAIM(job != NULL);
    return job;
}

static void answers_come_in_order_per_kind_whoever_ends_first(void **state)
{
    (void)state;
    struct hsy_jobs *jobs = open_jobs(8, 64);
    uint64_t next[2] = {0, 0};
    for (uint64_t i = 0; i < 1000; i++) {
        enum hearsay_job_kind kind =
            i % 3 == 0 ? HEARSAY_JOB_SIGN : HEARSAY_JOB_VERIFY;
        /* The early ones of each handful take longest. */
        hsy_jobs_submit(jobs,
                        stub_job_new(kind, next[kind]++, (7 - i % 8) * 50000));
    }
    CLAIM_INT(hsy_jobs_depth(jobs), 1000);
    uint64_t seen[2] = {0, 0};
    for (int i = 0; i < 1000; i++) {
        struct hearsay_job *job = next_within_10s(jobs);
        CLAIM(job->ran);
        CLAIM_INT(job->number, seen[job->kind]);
        seen[job->kind]++;
        hsy_mem_free(hearsay_mem_default(), job);
    }
    CLAIM_INT(hsy_jobs_depth(jobs), 0);
    CLAIM(hsy_jobs_next(jobs) == NULL);
    const struct hsy_lane_stats *stats =
        hsy_jobs_stats(jobs, HEARSAY_JOB_VERIFY);
    CLAIM_INT(stats->done, 666);
    CLAIM_INT(stats->depth, 0);
    CLAIM_INT(stats->depth_peak, 666);
    CLAIM(stats->run_ns > 0);
    CLAIM(atomic_load(&wakes) >= 1);
    hsy_jobs_destroy(jobs);
}

static void a_long_one_of_one_kind_does_not_hold_up_the_other(void **state)
{
    (void)state;
    struct hsy_jobs *jobs = open_jobs(2, 64);
    struct hearsay_job *slow = stub_job_new(HEARSAY_JOB_SIGN, 1, 200 * HSY_MS);
    struct hearsay_job *fast = stub_job_new(HEARSAY_JOB_VERIFY, 2, 0);
    hsy_jobs_submit(jobs, slow);
    hsy_jobs_submit(jobs, fast);
    CLAIM(next_within_10s(jobs) == fast);
    CLAIM(next_within_10s(jobs) == slow);
    hsy_jobs_destroy(jobs);
    hsy_mem_free(hearsay_mem_default(), slow);
    hsy_mem_free(hearsay_mem_default(), fast);
}

static void destroying_drops_what_has_not_begun(void **state)
{
    (void)state;
    struct hsy_jobs *jobs = open_jobs(1, 4);
    struct hearsay_job *all[100];
    for (uint64_t i = 0; i < 100; i++) {
        all[i] = stub_job_new(HEARSAY_JOB_VERIFY, i, HSY_MS);
        hsy_jobs_submit(jobs, all[i]);
    }
    hsy_jobs_kick(jobs);
    hsy_jobs_destroy(jobs);
    CLAIM(!all[99]->ran);
    for (int i = 0; i < 100; i++) {
        hsy_mem_free(hearsay_mem_default(), all[i]);
    }
}

static void more_jobs_than_promised_are_a_bug(void **state)
{
    (void)state;
    struct hsy_jobs_config config = {
        .workers = 1, .queued_max = 1, .jobs_max = 1, .wake = wake};
    struct hsy_jobs *jobs;
    CLAIM_INT(hsy_jobs_create(&jobs, &config), 0);
    struct hearsay_job *job = stub_job_new(HEARSAY_JOB_SIGN, 0, 0);
    hsy_jobs_submit(jobs, job);
    CLAIM_DIES(hsy_jobs_submit(jobs, job));
    hsy_jobs_destroy(jobs);
    hsy_mem_free(hearsay_mem_default(), job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_order_per_kind_whoever_ends_first),
        cmocka_unit_test(a_long_one_of_one_kind_does_not_hold_up_the_other),
        cmocka_unit_test(destroying_drops_what_has_not_begun),
        cmocka_unit_test(more_jobs_than_promised_are_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
