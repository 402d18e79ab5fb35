/* The runtime's inside, as runtime.c (running) and open.c (opening and
 * closing) see it. Private to these. */
#ifndef HSY_RUNTIME_INNER_H
#define HSY_RUNTIME_INNER_H

#include <uv.h>

#include "base/notes.h"
#include "runtime/jobs.h"
#include "runtime/limits.h"
#include "runtime/links.h"
#include "runtime/listen.h"
#include "runtime/outbox.h"
#include "runtime/store.h"

enum run_state {
    RUN_NEW,      /* START is still to come. */
    RUN_GOING,    /* The node is stepped. */
    RUN_STOPPING, /* It said STOPPED; its last words are being flushed. */
    RUN_STOPPED,  /* on_stopped was called. */
    RUN_CLOSING   /* hearsay_runtime_close() was called. */
};

struct hearsay_runtime {
    bool retain_unread; /* Messages on disk that nobody asked for. */
    enum run_state state;
    struct hsy_limits limits;
    uint32_t lane_max, workers;
    struct hearsay_node *node;
    struct hsy_outbox outbox;
    void (*on_stopped)(void *ctx, enum hearsay_stop why, const char *text);
    int lock_fd; /* -1: no data directory. */
    struct hsy_dns *dns;
    struct hsy_store *store;
    struct hsy_jobs *jobs;
    struct hsy_links *links; /* NULL only when opening failed. */
    struct hsy_listen listen;

    bool leave_wanted, leave_told;
    uint64_t leave_by_ns; /* HEARSAY_NEVER, or when patience ends. */
    uint64_t stop_by_ns;  /* When STOPPING ends at the latest. */
    enum hearsay_stop stop_why;
    const char *stop_text; /* Static. */

    uv_async_t wake;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_idle_t idle;      /* Active while the loop must not sleep. */
    uint32_t parts_open; /* Handles, links and listeners not yet closed. */
    void (*on_closed)(void *ctx);
    void *on_closed_ctx;

    uint64_t turns, step_failures;
    uint64_t rows_dropped; /* Of the log, told so far. */
};

/* runtime.c: what the parts call back. @ctx is the runtime. */
void hsy_runtime_note(struct hearsay_runtime *rt, const struct hsy_note *n);
void hsy_runtime_link_event(void *ctx, const struct hearsay_event *ev);
void hsy_runtime_slow(void *ctx, hearsay_link link, uint64_t waiting_len);
void hsy_runtime_accept(void *ctx, int fd);
void hsy_runtime_accept_pause(void *ctx, const char *why);
void hsy_runtime_wake(void *ctx); /* From any thread. */
void hsy_runtime_tell_dropped(struct hearsay_runtime *rt);
void hsy_runtime_on_wake(uv_async_t *wake);
void hsy_runtime_on_turn(uv_prepare_t *prepare);

#endif
