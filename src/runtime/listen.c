/* Listening. The sockets are ours and libuv only watches them, because its
 * own listener, when descriptors run out, accepts and at once closes what
 * waits: here it waits in the kernel's queue until there is room again. */
#include "runtime/listen.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/time.h"
#include "runtime/files.h"
#include "runtime/limits.h"
#include "runtime/sockaddr.h"

enum {
    BACKLOG = 4096,  /* The kernel cuts it to net.core.somaxconn. */
    ACCEPTS_MAX = 64 /* In one turn, so that links get theirs. */
};

/* --------------------------------------------------------------- binding */

static int socket_bind(int fd, const struct hearsay_addr *addr)
{
    const int on = 1, off = 0;
    struct sockaddr_storage ss;
    socklen_t len = hsy_sockaddr_write(&ss, addr);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return -1;
    }
    if (ss.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&ss, len) != 0) {
        return -1;
    }
    return listen(fd, BACKLOG);
}

/* The descriptor, or -1 with errno. */
static int listen_at(const struct hearsay_addr *addr)
{
    struct sockaddr_storage ss;
    (void)hsy_sockaddr_write(&ss, addr);
    int fd =
        socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (socket_bind(fd, addr) == 0) {
        return fd;
    }
    int reason = errno;
    (void)close(fd);
    errno = reason;
    return -1;
}

/* [::] on a machine without IPv6 means 0.0.0.0. */
static int listen_any(struct hearsay_addr addr)
{
    static const uint8_t any_v4[16] = {[10] = 255, [11] = 255};
    int fd = listen_at(&addr);
    if (fd < 0 && !hsy_addr_has_ip(&addr) &&
        (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        memcpy(addr.ip, any_v4, sizeof(addr.ip));
        fd = listen_at(&addr);
    }
    return fd;
}

static int bind_failed(struct hearsay_runtime_error *error, const char *text)
{
    int err = errno == EACCES ? HEARSAY_ERR_DENIED : HEARSAY_ERR_IO;
    const char *advice = "";
    if (errno == EADDRINUSE) {
        advice = "; stop the process that listens there, or choose another "
                 "port with --listen (port 0: the system chooses)";
    } else if (errno == EADDRNOTAVAIL) {
        advice = "; this machine has no such address: see `ip addr`, or use "
                 "[::] for all";
    } else if (errno == EACCES) {
        advice = "; ports below 1024 need a privilege: choose a higher one "
                 "with --listen";
    }
    return hsy_error_set(error, err, "cannot listen on %s: %s%s", text,
                         strerror(errno), advice);
}

int hsy_listen_bind(struct hsy_listen *l, const char *text, struct hsy_dns *dns,
                    struct hearsay_runtime_error *error)
{
    HSY_ASSERT(!l->started);
    HSY_ASSERT(l->count < HEARSAY_LISTEN_MAX);

    struct hearsay_seed endpoint;
    const char *why = "";
    if (hsy_endpoint_parse(&endpoint, text, true, &why) != 0) {
        return hsy_error_set(error, HEARSAY_ERR_INVALID,
                             "cannot listen on \"%s\": %s", text, why);
    }
    struct hsy_dns_answer answer;
    struct hsy_limits limits = hsy_limits_default();
    hsy_dns_wait(dns, &endpoint, limits.dns_ns, &answer);
    if (answer.count == 0) {
        return hsy_error_set(error, HEARSAY_ERR_INVALID,
                             "cannot listen on %s: cannot resolve %s: %s", text,
                             endpoint.host, answer.why);
    }
    int fd = -1;
    for (uint32_t i = 0; i < answer.count && fd < 0; i++) {
        fd = listen_any(answer.addrs[i]);
    }
    if (fd < 0) {
        return bind_failed(error, text);
    }
    l->listeners[l->count++] = (struct hsy_listener){
        .fd = fd, .bound = hsy_sockaddr_local(fd), .listen = l};
    return 0;
}

/* ------------------------------------------------------------- accepting */

static void on_poll(uv_poll_t *poll, int status, int events);

static void polls_start(struct hsy_listen *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        int rc = uv_poll_start(&l->listeners[i].poll, UV_READABLE, on_poll);
        HSY_ASSERT(rc == 0);
    }
}

static void on_pause_over(uv_timer_t *timer)
{
    polls_start(timer->data);
}

static void accept_pause(struct hsy_listen *l)
{
    const char *why = errno == EMFILE || errno == ENFILE
                          ? "no descriptor left; raise the limit (ulimit -n)"
                          : "the system has no memory for a connection";
    l->failures++;
    for (uint32_t i = 0; i < l->count; i++) {
        (void)uv_poll_stop(&l->listeners[i].poll);
    }
    (void)uv_timer_start(&l->pause, on_pause_over, l->config.pause_ns / HSY_MS,
                         0);
    l->config.on_pause(l->config.ctx, why);
}

static bool out_of_resources(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS ||
           reason == ENOMEM;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct hsy_listener *from = poll->data;
    struct hsy_listen *l = from->listen;
    (void)status; /* Whatever it is, accept4() says it. */
    (void)events;

    for (int i = 0; i < ACCEPTS_MAX && !l->stopped; i++) {
        int fd = accept4(from->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->config.on_accept(l->config.ctx, fd);
            continue;
        }
        if (out_of_resources(errno)) {
            accept_pause(l);
            return;
        }
        if (errno == EAGAIN) {
            return;
        }
        /* Others are of a connection that is gone already: accept(2). */
    }
}

int hsy_listen_start(struct hsy_listen *l, struct uv_loop_s *loop,
                     const struct hsy_listen_config *config)
{
    HSY_ASSERT(!l->started);
    HSY_ASSERT(l->count >= 1);

    l->config = *config;
    l->started = true;
    int rc = uv_timer_init(loop, &l->pause);
    HSY_ASSERT(rc == 0);
    l->pause.data = l;
    l->handles_open = 1;
    for (uint32_t i = 0; i < l->count; i++) {
        struct hsy_listener *from = &l->listeners[i];
        if (uv_poll_init(loop, &from->poll, from->fd) != 0) {
            return HEARSAY_ERR_IO;
        }
        from->poll.data = from;
        l->handles_open++;
    }
    polls_start(l);
    return 0;
}

static void closed_one(struct hsy_listen *l)
{
    HSY_ASSERT(l->handles_open > 0);
    l->handles_open--;
    if (l->handles_open == 0 && l->on_closed != NULL) {
        l->on_closed(l->on_closed_ctx);
    }
}

static void on_pause_closed(uv_handle_t *handle)
{
    closed_one(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct hsy_listener *from = handle->data;
    closed_one(from->listen);
}

void hsy_listen_stop(struct hsy_listen *l)
{
    if (l->stopped) {
        return;
    }
    l->stopped = true;
    uint32_t polls = l->started ? l->handles_open - 1 : 0;
    if (l->started) {
        uv_close((uv_handle_t *)&l->pause, on_pause_closed);
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (i < polls) {
            uv_close((uv_handle_t *)&l->listeners[i].poll, on_poll_closed);
        }
        (void)close(l->listeners[i].fd);
        l->listeners[i].fd = -1;
    }
}

void hsy_listen_close(struct hsy_listen *l, void (*on_closed)(void *ctx),
                      void *ctx)
{
    HSY_ASSERT(on_closed != NULL);
    hsy_listen_stop(l);
    if (l->handles_open == 0) {
        on_closed(ctx);
        return;
    }
    l->on_closed = on_closed;
    l->on_closed_ctx = ctx;
}
