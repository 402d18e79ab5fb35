/* A node on a thread and loop of its own. Calls from other threads become
 * requests on the caller's stack, taken by the loop under one lock; the
 * caller waits. stop() asks the loop to leave, then joins. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "hearsay/runtime.h"
#include "runtime/files.h"
#include "runtime/worker.h"

enum {
    STACK_LEN = 1024 * 1024, /* The host's callbacks run on it. */
    CALL_WAIT_S = 10         /* Longer: the loop is stuck in a callback. */
};

struct request {
    struct request *next;
    int (*call)(struct hearsay_runtime *rt, void *arg);
    void *arg;
    int rc;
    bool done;
};

struct hearsay_thread {
    struct hearsay_runtime_config config; /* Borrowed until it is open. */
    struct hearsay_runtime_error *error;  /* The same. */
    void (*on_stopped)(void *ctx, enum hearsay_stop why, const char *text);
    void (*on_message)(void *ctx, const struct hearsay_message *message);
    void (*on_note)(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms);
    void (*on_told)(void *ctx, const struct hearsay_effect *told);
    void *ctx;

    pthread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    struct hearsay_runtime *runtime;
    bool stopped; /* The node is done; the loop's thread only. */

    pthread_mutex_t lock; /* Guards the rest. */
    pthread_cond_t changed;
    bool opened; /* Or failed: then open_rc is not 0. */
    int open_rc;
    bool stopping; /* stop() was called. */
    struct request *first, *last;
};

/* ------------------------------------------------------ the loop's thread */

static void on_closed(void *ctx)
{
    struct hearsay_thread *t = ctx;
    t->runtime = NULL;
    uv_close((uv_handle_t *)&t->wake, NULL);
}

static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    struct hearsay_thread *t = ctx;
    t->stopped = true;
    if (t->on_stopped != NULL) {
        t->on_stopped(t->ctx, why, text);
    }
    (void)uv_async_send(&t->wake); /* stop() may wait for this. */
}

static void on_message(void *ctx, const struct hearsay_message *message)
{
    struct hearsay_thread *t = ctx;
    t->on_message(t->ctx, message);
}

static void on_note(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms)
{
    struct hearsay_thread *t = ctx;
    t->on_note(t->ctx, note, wall_ms);
}

static void on_told(void *ctx, const struct hearsay_effect *told)
{
    struct hearsay_thread *t = ctx;
    t->on_told(t->ctx, told);
}

/* Under the lock, so that a caller that gives up knows where its request
 * is. */
static void requests_serve(struct hearsay_thread *t)
{
    struct request *r;
    while ((r = t->first) != NULL) {
        t->first = r->next;
        t->last = t->first == NULL ? NULL : t->last;
        r->rc = t->runtime == NULL ? HEARSAY_ERR_STATE
                                   : r->call(t->runtime, r->arg);
        r->done = true;
    }
    (void)pthread_cond_broadcast(&t->changed);
}

static void on_wake(uv_async_t *wake)
{
    struct hearsay_thread *t = wake->data;
    (void)pthread_mutex_lock(&t->lock);
    requests_serve(t);
    bool stopping = t->stopping;
    (void)pthread_mutex_unlock(&t->lock);
    if (!stopping || t->runtime == NULL) {
        return;
    }
    if (t->stopped) {
        struct hearsay_runtime *rt = t->runtime;
        t->runtime = NULL;
        hearsay_runtime_close(rt, on_closed, t);
    } else {
        hearsay_runtime_leave(t->runtime);
    }
}

static int thread_open(struct hearsay_thread *t)
{
    if (uv_loop_init(&t->loop) != 0) {
        return hsy_error_set(t->error, HEARSAY_ERR_IO,
                             "the system has no descriptor for a loop");
    }
    int rc = uv_async_init(&t->loop, &t->wake, on_wake);
    if (rc != 0) {
        rc = hsy_error_set(t->error, HEARSAY_ERR_IO,
                           "the system has no descriptor for a loop");
        (void)uv_loop_close(&t->loop);
        return rc;
    }
    t->wake.data = t;
    rc = hearsay_runtime_open(&t->runtime, &t->loop, &t->config, t->error);
    if (rc != 0) {
        uv_close((uv_handle_t *)&t->wake, NULL);
        (void)uv_run(&t->loop, UV_RUN_DEFAULT);
        int closed = uv_loop_close(&t->loop);
        HSY_ASSERT(closed == 0);
    }
    return rc;
}

static void *thread_main(void *arg)
{
    struct hearsay_thread *t = arg;
    int rc = thread_open(t);
    (void)pthread_mutex_lock(&t->lock);
    t->open_rc = rc;
    t->opened = true;
    (void)pthread_cond_broadcast(&t->changed);
    (void)pthread_mutex_unlock(&t->lock);
    if (rc != 0) {
        return NULL;
    }
    (void)uv_run(&t->loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&t->loop);
    HSY_ASSERT(rc == 0);
    return NULL;
}

/* ------------------------------------------------------- any other thread */

static void thread_free(struct hearsay_thread *t)
{
    (void)pthread_cond_destroy(&t->changed);
    (void)pthread_mutex_destroy(&t->lock);
    hsy_mem_free(hearsay_mem_default(), t);
}

static struct hearsay_thread *
thread_new(const struct hearsay_runtime_config *config,
           struct hearsay_runtime_error *error)
{
    struct hearsay_thread *t =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    t->config = *config;
    t->error = error;
    t->on_message = config->on_message;
    t->on_note = config->on_note;
    t->on_told = config->on_told;
    t->on_stopped = config->on_stopped;
    t->ctx = config->ctx;
    t->config.on_message = config->on_message != NULL ? on_message : NULL;
    t->config.on_note = config->on_note != NULL ? on_note : NULL;
    t->config.on_told = config->on_told != NULL ? on_told : NULL;
    t->config.on_stopped = on_stopped;
    t->config.ctx = t;
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    HSY_ASSERT(rc == 0);
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    HSY_ASSERT(rc == 0);
    rc = pthread_cond_init(&t->changed, &attr);
    HSY_ASSERT(rc == 0);
    (void)pthread_condattr_destroy(&attr);
    rc = pthread_mutex_init(&t->lock, NULL);
    HSY_ASSERT(rc == 0);
    return t;
}

int hearsay_thread_start(struct hearsay_thread **out,
                         const struct hearsay_runtime_config *config,
                         struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(config != NULL);
    HSY_ASSERT(error != NULL);

    struct hearsay_thread *t = thread_new(config, error);
    if (t == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    int rc = hsy_worker_start(&t->thread, thread_main, t, STACK_LEN);
    if (rc != 0) {
        thread_free(t);
        return hsy_error_set(error, rc, "the system has no room for a thread");
    }
    (void)pthread_mutex_lock(&t->lock);
    while (!t->opened) { /* Opening has its own deadlines. */
        (void)pthread_cond_wait(&t->changed, &t->lock);
    }
    rc = t->open_rc;
    (void)pthread_mutex_unlock(&t->lock);
    if (rc != 0) {
        (void)pthread_join(t->thread, NULL);
        hsy_mem_wipe(t->config.node.secret, sizeof(t->config.node.secret));
        thread_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

static void request_withdraw(struct hearsay_thread *t, struct request *r)
{
    struct request **at = &t->first;
    struct request *before = NULL;
    while (*at != r) {
        before = *at;
        at = &(*at)->next;
    }
    *at = r->next;
    t->last = t->last == r ? before : t->last;
}

int hearsay_thread_call(struct hearsay_thread *thread,
                        int (*call)(struct hearsay_runtime *rt, void *arg),
                        void *arg)
{
    HSY_ASSERT(thread != NULL);
    HSY_ASSERT(call != NULL);
    HSY_ASSERT(!pthread_equal(pthread_self(), thread->thread));

    struct request r = {.call = call, .arg = arg, .rc = HEARSAY_ERR_AGAIN};
    struct timespec until;
    int rc = clock_gettime(CLOCK_MONOTONIC, &until);
    HSY_ASSERT(rc == 0);
    until.tv_sec += CALL_WAIT_S;

    (void)pthread_mutex_lock(&thread->lock);
    if (thread->last == NULL) {
        thread->first = &r;
    } else {
        thread->last->next = &r;
    }
    thread->last = &r;
    (void)uv_async_send(&thread->wake);
    while (!r.done && rc == 0) {
        rc = pthread_cond_timedwait(&thread->changed, &thread->lock, &until);
    }
    if (!r.done) {
        request_withdraw(thread, &r);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return r.rc;
}

struct message {
    const char *topic;
    const void *payload;
    size_t payload_len;
    uint64_t *out_seq;
};

static int publish(struct hearsay_runtime *rt, void *arg)
{
    const struct message *m = arg;
    return hearsay_runtime_publish(rt, m->topic, m->payload, m->payload_len,
                                   m->out_seq);
}

int hearsay_thread_publish(struct hearsay_thread *thread, const char *topic,
                           const void *payload, size_t payload_len,
                           uint64_t *out_seq)
{
    struct message m = {.topic = topic,
                        .payload = payload,
                        .payload_len = payload_len,
                        .out_seq = out_seq};
    return hearsay_thread_call(thread, publish, &m);
}

void hearsay_thread_stop(struct hearsay_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    HSY_ASSERT(!pthread_equal(pthread_self(), thread->thread));

    (void)pthread_mutex_lock(&thread->lock);
    thread->stopping = true;
    (void)uv_async_send(&thread->wake);
    (void)pthread_mutex_unlock(&thread->lock);
    int rc = pthread_join(thread->thread, NULL);
    HSY_ASSERT(rc == 0);
    thread_free(thread);
}
