/* Loop pieces for layers that may not see libuv. Each handle is one heap
 * object that begins with its uv handle; destroying it closes the uv handle,
 * and libuv's close callback frees it. */
#include "runtime/loop.h"

#include <signal.h>
#include <uv.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

int hsy_loop_create(struct uv_loop_s **out)
{
    HSY_ASSERT(out != NULL);

    const struct hearsay_mem *mem = hearsay_mem_default();
    uv_loop_t *loop = hsy_mem_zalloc(mem, sizeof(*loop));
    if (loop == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int rc = uv_loop_init(loop);
    if (rc != 0) {
        hsy_mem_free(mem, loop);
        return rc == UV_ENOMEM ? HEARSAY_ERR_NOMEM : HEARSAY_ERR_IO;
    }
    *out = loop;
    return 0;
}

void hsy_loop_run(struct uv_loop_s *loop)
{
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

static void on_run_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_plain_close(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

void hsy_loop_run_for(struct uv_loop_s *loop, uint64_t for_ns)
{
    uv_timer_t timer;
    bool closed = false;
    int rc = uv_timer_init(loop, &timer);
    HSY_ASSERT(rc == 0);
    timer.data = &closed;
    uv_update_time(loop);
    rc = uv_timer_start(&timer, on_run_over, (for_ns + HSY_MS - 1) / HSY_MS, 0);
    HSY_ASSERT(rc == 0);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, on_plain_close);
    while (!closed) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
    }
}

void hsy_loop_stop(struct uv_loop_s *loop)
{
    uv_stop(loop);
}

static void assert_closing(uv_handle_t *handle, void *arg)
{
    (void)arg;
    /* Destroy it before the loop. A killed child is reaped by the loop. */
    HSY_ASSERT(uv_is_closing(handle) || handle->type == UV_PROCESS);
}

void hsy_loop_destroy(struct uv_loop_s *loop)
{
    if (loop == NULL) {
        return;
    }
    uv_walk(loop, assert_closing, NULL);
    while (uv_run(loop, UV_RUN_DEFAULT) != 0) {
        /* A pending uv_stop() ended the first turn early. */
    }
    int rc = uv_loop_close(loop);
    HSY_ASSERT(rc == 0);
    hsy_mem_free(hearsay_mem_default(), loop);
}

static void on_close_free(uv_handle_t *handle)
{
    hsy_mem_free(hearsay_mem_default(), handle->data);
}

/* ---------------------------------------------------------------- timers */

struct hsy_timer {
    uv_timer_t uv;
    void (*fn)(void *ctx);
    void *ctx;
};

int hsy_timer_create(struct hsy_timer **out, struct uv_loop_s *loop,
                     void (*fn)(void *ctx), void *ctx)
{
    HSY_ASSERT(fn != NULL);

    struct hsy_timer *t = hsy_mem_zalloc(hearsay_mem_default(), sizeof(*t));
    if (t == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int rc = uv_timer_init(loop, &t->uv);
    HSY_ASSERT(rc == 0);
    t->uv.data = t;
    t->fn = fn;
    t->ctx = ctx;
    *out = t;
    return 0;
}

static void on_timer(uv_timer_t *uv)
{
    struct hsy_timer *t = uv->data;
    t->fn(t->ctx);
}

static uint64_t ms_up(uint64_t ns)
{
    return ns / HSY_MS + (ns % HSY_MS != 0 ? 1 : 0);
}

void hsy_timer_start(struct hsy_timer *timer, uint64_t after_ns,
                     uint64_t every_ns)
{
    uv_update_time(timer->uv.loop); /* Else "now" is the turn's beginning. */
    int rc =
        uv_timer_start(&timer->uv, on_timer, ms_up(after_ns), ms_up(every_ns));
    HSY_ASSERT(rc == 0);
}

void hsy_timer_stop(struct hsy_timer *timer)
{
    (void)uv_timer_stop(&timer->uv);
}

void hsy_timer_destroy(struct hsy_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->uv, on_close_free);
    }
}

/* --------------------------------------------------------------- watches */

struct hsy_watch {
    uv_poll_t uv;
    uint32_t events;
    void (*fn)(void *ctx, uint32_t events);
    void *ctx;
};

int hsy_watch_create(struct hsy_watch **out, struct uv_loop_s *loop, int fd,
                     void (*fn)(void *ctx, uint32_t events), void *ctx)
{
    HSY_ASSERT(fn != NULL);
    HSY_ASSERT(fd >= 0);

    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_watch *w = hsy_mem_zalloc(mem, sizeof(*w));
    if (w == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (uv_poll_init(loop, &w->uv, fd) != 0) {
        hsy_mem_free(mem, w);
        return HEARSAY_ERR_IO;
    }
    w->uv.data = w;
    w->fn = fn;
    w->ctx = ctx;
    *out = w;
    return 0;
}

static void on_watch(uv_poll_t *uv, int status, int uv_events)
{
    struct hsy_watch *w = uv->data;
    uint32_t events = status < 0 ? w->events : 0;
    events |= (uv_events & UV_READABLE) != 0 ? HSY_WATCH_READ : 0U;
    events |= (uv_events & UV_WRITABLE) != 0 ? HSY_WATCH_WRITE : 0U;
    w->fn(w->ctx, events);
}

void hsy_watch_set(struct hsy_watch *watch, uint32_t events)
{
    HSY_ASSERT((events & ~(uint32_t)(HSY_WATCH_READ | HSY_WATCH_WRITE)) == 0);

    watch->events = events;
    if (events == 0) {
        (void)uv_poll_stop(&watch->uv);
        return;
    }
    int uv_events = (events & HSY_WATCH_READ) != 0 ? UV_READABLE : 0;
    uv_events |= (events & HSY_WATCH_WRITE) != 0 ? UV_WRITABLE : 0;
    int rc = uv_poll_start(&watch->uv, uv_events, on_watch);
    HSY_ASSERT(rc == 0);
}

void hsy_watch_destroy(struct hsy_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->uv, on_close_free);
    }
}

/* --------------------------------------------------------------- signals */

struct hsy_signal {
    uv_signal_t uv;
    void (*fn)(void *ctx, int signum);
    void *ctx;
};

static void on_signal(uv_signal_t *uv, int signum)
{
    struct hsy_signal *s = uv->data;
    s->fn(s->ctx, signum);
}

int hsy_signal_create(struct hsy_signal **out, struct uv_loop_s *loop,
                      int signum, void (*fn)(void *ctx, int signum), void *ctx)
{
    HSY_ASSERT(fn != NULL);

    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_signal *s = hsy_mem_zalloc(mem, sizeof(*s));
    if (s == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (uv_signal_init(loop, &s->uv) != 0) {
        hsy_mem_free(mem, s);
        return HEARSAY_ERR_NOMEM;
    }
    s->uv.data = s;
    s->fn = fn;
    s->ctx = ctx;
    if (uv_signal_start(&s->uv, on_signal, signum) != 0) {
        hsy_signal_destroy(s);
        return HEARSAY_ERR_INVALID;
    }
    *out = s;
    return 0;
}

void hsy_signal_destroy(struct hsy_signal *sig)
{
    if (sig != NULL) {
        uv_close((uv_handle_t *)&sig->uv, on_close_free);
    }
}
