/* The CPU lane. A job gets a slot when submitted and keeps it until its
 * answer is given back. A slot stands in two lists: in its kind's order, from
 * which answers leave only at the head, and in where it is at present:
 *
 *     fresh -> (overflow ->) ready -> a worker -> done -> (finished, no list)
 *
 * fresh, overflow, the orders and the statistics belong to the loop's thread;
 * ready and done are shared, under one lock. The lock is taken once per turn
 * to hand over, once per job by a worker, once per wake to collect.
 *
 * The slots are one array for jobs_max jobs, made at once: so that taking a
 * job cannot fail. Slots never used are pages never touched. */
#include "runtime/jobs.h"

#include <pthread.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/worker.h"

struct slot {
    struct hearsay_job *job;
    struct slot *next;       /* In fresh, overflow, ready, done or free. */
    struct slot *order_next; /* In the order of its kind. */
    uint64_t submitted_ns, started_ns, ended_ns;
    bool finished; /* Seen by the loop's thread. */
};

struct list {
    struct slot *first, *last;
    uint32_t count;
};

struct order {
    struct slot *first, *last;
};

struct hsy_jobs {
    struct hsy_jobs_config config;
    struct slot *slots;  /* Owned; jobs_max. */
    uint32_t slots_used; /* Those beyond were never touched. */
    struct slot *free;   /* Last in, first out: the warm ones. */
    struct list fresh, overflow;
    struct order orders[HSY_JOB_KINDS];
    struct hsy_lane_stats stats[HSY_JOB_KINDS];
    uint32_t depth;   /* All slots in use. */
    uint32_t in_lane; /* Of these, handed over and not yet given back. */

    pthread_mutex_t lock;
    pthread_cond_t work;
    struct list ready, done;
    bool stopping;

    pthread_t *threads; /* Owned; config.workers. */
    uint32_t threads_count;
};

const char *hsy_job_kind_text(enum hearsay_job_kind kind)
{
    switch (kind) {
    case HEARSAY_JOB_SIGN:
        return "sign";
    case HEARSAY_JOB_VERIFY:
        return "verify";
    }
    HSY_ASSERT(false);
    return "";
}

static void list_put(struct list *l, struct slot *s)
{
    s->next = NULL;
    if (l->last == NULL) {
        l->first = s;
    } else {
        l->last->next = s;
    }
    l->last = s;
    l->count++;
}

static struct slot *list_take(struct list *l)
{
    struct slot *s = l->first;
    if (s != NULL) {
        l->first = s->next;
        l->last = l->first == NULL ? NULL : l->last;
        l->count--;
    }
    return s;
}

/* --------------------------------------------------------------- workers */

/* Under the lock. NULL: the lane is stopping. */
static struct slot *wait_ready(struct hsy_jobs *jobs)
{
    while (!jobs->stopping && jobs->ready.first == NULL) {
        (void)pthread_cond_wait(&jobs->work, &jobs->lock);
    }
    return jobs->stopping ? NULL : list_take(&jobs->ready);
}

static void *worker(void *arg)
{
    struct hsy_jobs *jobs = arg;
    struct slot *s;

    (void)pthread_mutex_lock(&jobs->lock);
    while ((s = wait_ready(jobs)) != NULL) {
        (void)pthread_mutex_unlock(&jobs->lock);
        s->started_ns = hsy_clock_mono_ns();
        hearsay_job_run(s->job);
        s->ended_ns = hsy_clock_mono_ns();
        (void)pthread_mutex_lock(&jobs->lock);
        bool first = jobs->done.first == NULL;
        list_put(&jobs->done, s);
        if (first) {
            jobs->config.wake(jobs->config.ctx); /* Later ones ride along. */
        }
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static int workers_start(struct hsy_jobs *jobs)
{
    while (jobs->threads_count < jobs->config.workers) {
        int rc = hsy_worker_start(&jobs->threads[jobs->threads_count], worker,
                                  jobs, HSY_WORKER_STACK_LEN);
        if (rc != 0) {
            return rc;
        }
        jobs->threads_count++;
    }
    return 0;
}

int hsy_jobs_create(struct hsy_jobs **out, const struct hsy_jobs_config *config)
{
    HSY_ASSERT(config->workers >= 1);
    HSY_ASSERT(config->queued_max >= 1);
    HSY_ASSERT(config->jobs_max >= 1);
    HSY_ASSERT(config->wake != NULL);

    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_jobs *jobs = hsy_mem_zalloc(mem, sizeof(*jobs));
    if (jobs == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    jobs->config = *config;
    int rc = pthread_mutex_init(&jobs->lock, NULL);
    HSY_ASSERT(rc == 0);
    rc = pthread_cond_init(&jobs->work, NULL);
    HSY_ASSERT(rc == 0);
    jobs->slots = hsy_mem_alloc(mem, config->jobs_max * sizeof(*jobs->slots));
    jobs->threads =
        hsy_mem_alloc(mem, config->workers * sizeof(*jobs->threads));
    if (jobs->slots == NULL || jobs->threads == NULL) {
        rc = HEARSAY_ERR_NOMEM;
        goto fail;
    }
    rc = workers_start(jobs);
    if (rc != 0) {
        goto fail;
    }
    *out = jobs;
    return 0;

fail:
    hsy_jobs_destroy(jobs);
    return rc;
}

void hsy_jobs_destroy(struct hsy_jobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    (void)pthread_cond_broadcast(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
    for (uint32_t i = 0; i < jobs->threads_count; i++) {
        int rc = pthread_join(jobs->threads[i], NULL);
        HSY_ASSERT(rc == 0);
    }
    (void)pthread_cond_destroy(&jobs->work);
    (void)pthread_mutex_destroy(&jobs->lock);
    const struct hearsay_mem *mem = hearsay_mem_default();
    hsy_mem_free(mem, jobs->threads);
    hsy_mem_free(mem, jobs->slots);
    hsy_mem_free(mem, jobs);
}

/* ----------------------------------------------------- the loop's thread */

static struct slot *slot_take(struct hsy_jobs *jobs)
{
    struct slot *s = jobs->free;
    if (s != NULL) {
        jobs->free = s->next;
    } else {
        /* The node bounds its jobs; see hearsay_config.jobs_max. */
        HSY_ASSERT(jobs->slots_used < jobs->config.jobs_max);
        s = &jobs->slots[jobs->slots_used++];
    }
    *s = (struct slot){.job = NULL};
    return s;
}

void hsy_jobs_submit(struct hsy_jobs *jobs, struct hearsay_job *job)
{
    HSY_ASSERT(job != NULL);
    enum hearsay_job_kind kind = hearsay_job_kind(job);
    HSY_ASSERT((uint32_t)kind < HSY_JOB_KINDS);

    struct slot *s = slot_take(jobs);
    s->job = job;
    s->submitted_ns = hsy_clock_mono_ns();
    struct order *order = &jobs->orders[kind];
    if (order->last == NULL) {
        order->first = s;
    } else {
        order->last->order_next = s;
    }
    order->last = s;
    list_put(&jobs->fresh, s);
    jobs->depth++;
    struct hsy_lane_stats *stats = &jobs->stats[kind];
    stats->depth++;
    stats->depth_peak =
        stats->depth > stats->depth_peak ? stats->depth : stats->depth_peak;
}

void hsy_jobs_kick(struct hsy_jobs *jobs)
{
    struct slot *s;
    while ((s = list_take(&jobs->fresh)) != NULL) {
        list_put(&jobs->overflow, s); /* Behind those that wait already. */
    }
    if (jobs->overflow.count == 0 || jobs->in_lane >= jobs->config.queued_max) {
        return;
    }
    uint32_t moved = 0;
    (void)pthread_mutex_lock(&jobs->lock);
    while (jobs->in_lane < jobs->config.queued_max &&
           (s = list_take(&jobs->overflow)) != NULL) {
        list_put(&jobs->ready, s);
        jobs->in_lane++;
        moved++;
    }
    if (moved == 1) {
        (void)pthread_cond_signal(&jobs->work);
    } else {
        (void)pthread_cond_broadcast(&jobs->work);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void collect(struct hsy_jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    struct list done = jobs->done;
    jobs->done = (struct list){.count = 0};
    (void)pthread_mutex_unlock(&jobs->lock);
    struct slot *s;
    while ((s = list_take(&done)) != NULL) {
        s->finished = true;
    }
}

static void stats_add(struct hsy_lane_stats *stats, const struct slot *s)
{
    uint64_t wait_ns = s->started_ns - s->submitted_ns;
    uint64_t run_ns = s->ended_ns - s->started_ns;
    HSY_ASSERT(stats->depth > 0);
    stats->depth--;
    stats->done++;
    stats->wait_ns += wait_ns;
    stats->run_ns += run_ns;
    stats->wait_max_ns =
        wait_ns > stats->wait_max_ns ? wait_ns : stats->wait_max_ns;
    stats->run_max_ns = run_ns > stats->run_max_ns ? run_ns : stats->run_max_ns;
}

static struct hearsay_job *order_take(struct hsy_jobs *jobs, uint32_t kind)
{
    struct order *order = &jobs->orders[kind];
    struct slot *s = order->first;
    if (s == NULL || !s->finished) {
        return NULL;
    }
    order->first = s->order_next;
    order->last = order->first == NULL ? NULL : order->last;
    stats_add(&jobs->stats[kind], s);
    HSY_ASSERT(jobs->depth > 0);
    HSY_ASSERT(jobs->in_lane > 0);
    jobs->depth--;
    jobs->in_lane--;
    struct hearsay_job *job = s->job;
    s->next = jobs->free;
    jobs->free = s;
    return job;
}

struct hearsay_job *hsy_jobs_next(struct hsy_jobs *jobs)
{
    if (jobs->in_lane == 0) {
        return NULL;
    }
    for (uint32_t kind = 0; kind < HSY_JOB_KINDS; kind++) {
        struct hearsay_job *job = order_take(jobs, kind);
        if (job != NULL) {
            return job;
        }
    }
    collect(jobs);
    for (uint32_t kind = 0; kind < HSY_JOB_KINDS; kind++) {
        struct hearsay_job *job = order_take(jobs, kind);
        if (job != NULL) {
            return job;
        }
    }
    return NULL;
}

uint32_t hsy_jobs_depth(const struct hsy_jobs *jobs)
{
    return jobs->depth;
}

const struct hsy_lane_stats *hsy_jobs_stats(const struct hsy_jobs *jobs,
                                            enum hearsay_job_kind kind)
{
    return &jobs->stats[kind];
}
