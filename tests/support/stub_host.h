/* A runtime on a loop, around a stub node, for tests: opens one, runs the loop
 * until something is true, and closes. Include after stub_node.h. */
#ifndef HSY_TESTS_SUPPORT_STUB_HOST_H
#define HSY_TESTS_SUPPORT_STUB_HOST_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/stats.h"
#include "support/claim.h"
#include "support/stub_node.h"

struct host {
    struct uv_loop_s *loop;
    struct hearsay_runtime *rt;
    struct hearsay_runtime_config config;
    struct hsy_limits limits;
    uint32_t messages, notes, stops;
    char note_last[64];
    enum hearsay_stop stop_why;
    bool closed;
};

static inline void host_on_message(void *ctx,
                                   const struct hearsay_message *message)
{
    struct host *h = ctx;
    (void)message;
    h->messages++;
}

static inline void host_on_note(void *ctx, const struct hearsay_note *note,
                                uint64_t wall_ms)
{
    struct host *h = ctx;
    CLAIM(wall_ms > 0);
    h->notes++;
    (void)snprintf(h->note_last, sizeof(h->note_last), "%s", note->event);
}

static inline void host_on_stopped(void *ctx, enum hearsay_stop why,
                                   const char *text)
{
    struct host *h = ctx;
    CLAIM(text != NULL);
    h->stops++;
    h->stop_why = why;
}

/* Settings to change before host_open(). */
static inline void host_init(struct host *h)
{
    *h = (struct host){.limits = hsy_limits_default()};
    hearsay_runtime_config_init(&h->config, HEARSAY_PEER);
    h->config.listen[0] = "127.0.0.1:0";
    h->config.data_dir = NULL;
    h->config.workers = 2;
    h->config.on_message = host_on_message;
    h->config.on_note = host_on_note;
    h->config.on_stopped = host_on_stopped;
    h->config.ctx = h;
    CLAIM_INT(hsy_loop_create(&h->loop), 0);
}

static inline int host_try(struct host *h, struct hearsay_runtime_error *error)
{
    return hsy_runtime_open_limits(&h->rt, h->loop, &h->config, &h->limits,
                                   error);
}

static inline void host_open(struct host *h)
{
    struct hearsay_runtime_error error;
    int rc = host_try(h, &error);
    if (rc != 0) {
        print_message("%s\n", error.text);
    }
    CLAIM_INT(rc, 0);
}

static inline struct hearsay_node *host_node(const struct host *h)
{
    /* The stub's insides are the test's to look at. */
    return (struct hearsay_node *)(uintptr_t)hearsay_runtime_node(h->rt);
}

static inline struct hsy_runtime_stats host_stats(const struct host *h)
{
    struct hsy_runtime_stats stats;
    hsy_runtime_stats(h->rt, &stats);
    return stats;
}

static inline void host_closed(void *ctx)
{
    struct host *h = ctx;
    h->closed = true;
    hsy_loop_stop(h->loop);
}

static inline void host_close(struct host *h)
{
    hearsay_runtime_close(h->rt, host_closed, h);
    hsy_loop_run(h->loop);
    CLAIM(h->closed);
    hsy_loop_destroy(h->loop);
}

static inline uint16_t host_port(const struct host *h)
{
    struct hearsay_addr addr;
    CLAIM(hearsay_runtime_bound(h->rt, 0, &addr));
    return addr.port;
}

/* Runs the loop until @expr, for 10 s at most: then the claim fails. */
#define HOST_UNTIL(h, expr)                                       \
    do {                                                          \
        for (int host_try_no = 0; !(expr) && host_try_no < 10000; \
             host_try_no++) {                                     \
            hsy_loop_run_for((h)->loop, HSY_MS);                  \
        }                                                         \
        CLAIM(expr);                                              \
    } while (0)

/* A client's socket, connected to the host's listener. */
static inline int host_connect(const struct host *h, int rcvbuf)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLAIM(fd >= 0);
    if (rcvbuf > 0) {
        CLAIM_INT(
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)), 0);
    }
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(host_port(h)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CLAIM_INT(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

#endif
