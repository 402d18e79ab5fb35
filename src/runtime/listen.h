/* The listening sockets. */
#ifndef HSY_RUNTIME_LISTEN_H
#define HSY_RUNTIME_LISTEN_H

#include <uv.h>

#include "hearsay/runtime.h"
#include "runtime/dns.h"

struct hsy_listen_config {
    uint64_t pause_ns; /* No descriptor left: how long to accept nothing. */
    /* Takes @fd, which is non-blocking. */
    void (*on_accept)(void *ctx, int fd);
    /* Accepting failed and pauses; @why is static. */
    void (*on_pause)(void *ctx, const char *why);
    void *ctx;
};

struct hsy_listener {
    int fd;
    struct hearsay_addr bound;
    uv_poll_t poll;
    struct hsy_listen *listen;
};

/* Starts zeroed. */
struct hsy_listen {
    struct hsy_listener listeners[HEARSAY_LISTEN_MAX];
    uint32_t count;
    struct hsy_listen_config config;
    uv_timer_t pause;
    uint64_t failures;
    bool started, stopped;
    uint32_t handles_open;
    void (*on_closed)(void *ctx);
    void *on_closed_ctx;
};

/* Binds "host:port" and listens, without a loop yet. A name is bound at the
 * first of its addresses that this machine has; [::] takes IPv4 too.
 * HEARSAY_ERR_IO, HEARSAY_ERR_INVALID, HEARSAY_ERR_DENIED; *@error. */
HEARSAY_MUST_USE int hsy_listen_bind(struct hsy_listen *l, const char *text,
                                     struct hsy_dns *dns,
                                     struct hearsay_runtime_error *error);

/* Accepts from now on. HEARSAY_ERR_IO. */
HEARSAY_MUST_USE int hsy_listen_start(struct hsy_listen *l,
                                      struct uv_loop_s *loop,
                                      const struct hsy_listen_config *config);

/* Closes the sockets at once. Again: a no-op. */
void hsy_listen_stop(struct hsy_listen *l);

/* Stops, and calls @on_closed when libuv has let go of @l; at once when it
 * was never started. */
void hsy_listen_close(struct hsy_listen *l, void (*on_closed)(void *ctx),
                      void *ctx);

/* Fills in node->addrs: each of config->advertise resolved, else what is
 * bound (a wildcard as its port alone). HEARSAY_ERR_INVALID; *@error. */
HEARSAY_MUST_USE int hsy_advertise(struct hearsay_config *node,
                                   const struct hearsay_runtime_config *config,
                                   const struct hsy_listen *l,
                                   struct hsy_dns *dns,
                                   struct hearsay_runtime_error *error);

#endif
