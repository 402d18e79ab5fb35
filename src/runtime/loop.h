/* Event-loop pieces for layers that may not include uv.h: a loop, timers,
 * descriptor watches, signals. All belong to the loop's thread; callbacks
 * come from hsy_loop_run(). A handle may be destroyed from any callback, its
 * own included; after that no callback of it comes any more. */
#ifndef HSY_RUNTIME_LOOP_H
#define HSY_RUNTIME_LOOP_H

#include "hearsay.h"

struct uv_loop_s; /* What hearsay_runtime_open() wants. */

/* Gives *@out, to be returned to hsy_loop_destroy(). HEARSAY_ERR_NOMEM,
 * HEARSAY_ERR_IO (no descriptors left). */
HEARSAY_MUST_USE int hsy_loop_create(struct uv_loop_s **out);

/* Runs until hsy_loop_stop(), or until no handle is left. */
void hsy_loop_run(struct uv_loop_s *loop);

/* Runs for @for_ns at most, or until hsy_loop_stop(). */
void hsy_loop_run_for(struct uv_loop_s *loop, uint64_t for_ns);

/* Ends the present hsy_loop_run() after this turn. */
void hsy_loop_stop(struct uv_loop_s *loop);

/* Every handle and runtime on it must be destroyed or closed already (their
 * last callbacks still run in here); one that is not is a bug and asserted.
 * NULL is a no-op. */
void hsy_loop_destroy(struct uv_loop_s *loop);

/* ---------------------------------------------------------------- timers */

struct hsy_timer;

/* Gives a stopped timer. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_timer_create(struct hsy_timer **out,
                                      struct uv_loop_s *loop,
                                      void (*fn)(void *ctx), void *ctx);

/* Fires @after_ns from now (rounded up to milliseconds), then each @every_ns
 * unless that is 0. Starting again replaces the former start. */
void hsy_timer_start(struct hsy_timer *timer, uint64_t after_ns,
                     uint64_t every_ns);
void hsy_timer_stop(struct hsy_timer *timer);
void hsy_timer_destroy(struct hsy_timer *timer); /* NULL is a no-op. */

/* --------------------------------------------------------------- watches */

struct hsy_watch;

enum { HSY_WATCH_READ = 1, HSY_WATCH_WRITE = 2 };

/* Watches @fd, which stays the caller's and must outlive the watch; nothing
 * is watched until hsy_watch_set(). @events: HSY_WATCH_READ | _WRITE, those
 * that are ready; all that were asked for when @fd is broken.
 * HEARSAY_ERR_NOMEM; HEARSAY_ERR_IO: @fd cannot be polled. */
HEARSAY_MUST_USE int hsy_watch_create(struct hsy_watch **out,
                                      struct uv_loop_s *loop, int fd,
                                      void (*fn)(void *ctx, uint32_t events),
                                      void *ctx);

/* Level-triggered; 0 = pause. */
void hsy_watch_set(struct hsy_watch *watch, uint32_t events);
void hsy_watch_destroy(struct hsy_watch *watch); /* NULL is a no-op. */

/* --------------------------------------------------------------- signals */

struct hsy_signal;

/* Calls @fn each time the process gets @signum, in place of the default
 * action. HEARSAY_ERR_NOMEM; HEARSAY_ERR_INVALID: not a signal that can be
 * caught. */
HEARSAY_MUST_USE int hsy_signal_create(struct hsy_signal **out,
                                       struct uv_loop_s *loop, int signum,
                                       void (*fn)(void *ctx, int signum),
                                       void *ctx);
void hsy_signal_destroy(struct hsy_signal *sig); /* NULL is a no-op. */

#endif
