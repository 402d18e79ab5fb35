/* libmicrohttpd without threads: its epoll descriptor is one more descriptor
 * of the node's loop, its next timeout one more timer. News for subscribers
 * only arms that timer at zero, so that a burst of messages is written to
 * each of them once per turn of the loop. */
#include "admin/admin.h"

#include "admin/state.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/files.h"

#include <string.h>
#include <unistd.h>

#define BEAT_NS (15 * HSY_SECOND)

enum { UNWATCH_BEATS = 8 }; /* As long as events are remembered. */

/* ------------------------------------------------------------- listeners */

static void pump(void *ctx)
{
    struct hsy_listener *listener = ctx;
    MHD_run(listener->daemon);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (MHD_get_timeout(listener->daemon, &timeout_ms) == MHD_YES) {
        hsy_timer_start(listener->timer, timeout_ms * HSY_MS, 0);
    } else {
        hsy_timer_stop(listener->timer);
    }
}

static void on_ready(void *ctx, uint32_t events)
{
    (void)events;
    pump(ctx);
}

static void pump_soon(struct hsy_listener *listener)
{
    if (listener->daemon != NULL) {
        hsy_timer_start(listener->timer, 0, 0);
    }
}

/* Takes @fd when it succeeds. */
static int listener_open(struct hsy_listener *listener, struct hsy_admin *admin,
                         int fd, MHD_AccessHandlerCallback handle)
{
    listener->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, admin,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HSY_ADMIN_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HSY_ADMIN_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HSY_ADMIN_CONNECTION_LEN, MHD_OPTION_NOTIFY_COMPLETED,
        hsy_http_done, NULL, MHD_OPTION_END);
    if (listener->daemon == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int epoll_fd =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)
            ->epoll_fd;
    int err = hsy_timer_create(&listener->timer, admin->loop, pump, listener);
    if (err == 0) {
        err = hsy_watch_create(&listener->watch, admin->loop, epoll_fd,
                               on_ready, listener);
    }
    if (err == 0) {
        hsy_watch_set(listener->watch, HSY_WATCH_READ);
    }
    return err;
}

static void listener_close(struct hsy_listener *listener)
{
    hsy_watch_destroy(listener->watch);
    hsy_timer_destroy(listener->timer);
    if (listener->daemon != NULL) {
        for (int i = 0; i < 4; i++) { /* Last block, its end, the hang-up. */
            MHD_run(listener->daemon);
        }
        MHD_stop_daemon(listener->daemon);
    }
    *listener = (struct hsy_listener){0};
}

/* ------------------------------------------------------------------ life */

void hsy_admin_watch(struct hsy_admin *admin)
{
    if (!admin->watching && admin->stream.members_count > 0) {
        admin->watching = hearsay_runtime_watch(admin->runtime, true) == 0;
    }
}

/* For as long as a subscriber may come back and go on where he was. */
static void unwatch(struct hsy_admin *admin)
{
    admin->unwatched_beats =
        admin->stream.members_count > 0 ? 0 : admin->unwatched_beats + 1;
    hsy_admin_watch(admin); /* There may be memory for it by now. */
    if (admin->watching && admin->unwatched_beats >= UNWATCH_BEATS &&
        hearsay_runtime_watch(admin->runtime, false) == 0) {
        admin->watching = false;
    }
}

static void on_beat(void *ctx)
{
    struct hsy_admin *admin = ctx;
    hsy_stream_beat(&admin->stream);
    unwatch(admin);
    hsy_asks_beat(&admin->asks);
    pump_soon(&admin->local);
    pump_soon(&admin->tcp);
    if (!hsy_stream_active(&admin->stream) && !hsy_asks_any(&admin->asks) &&
        !admin->watching) {
        hsy_timer_stop(admin->beat);
        admin->beating = false;
    }
}

void hsy_admin_start_beats(struct hsy_admin *admin)
{
    if (!admin->beating) {
        hsy_timer_start(admin->beat, BEAT_NS, BEAT_NS);
        admin->beating = true;
    }
}

static int open_local(struct hsy_admin *admin,
                      struct hearsay_runtime_error *error)
{
    struct hsy_unix_socket made;
    int err = hsy_listen_unix(&made, admin->socket_path, error);
    if (err != 0) {
        return err;
    }
    admin->socket = made; /* From here on hsy_admin_close() removes it. */
    err = listener_open(&admin->local, admin, made.fd, hsy_http_handle);
    if (admin->local.daemon == NULL) {
        close(made.fd);
    }
    return err == 0 ? 0
                    : hsy_error_set(error, err, "%s: no memory for the API",
                                    admin->socket_path);
}

static int open_tcp(struct hsy_admin *admin, const struct hearsay_addr *addr,
                    struct hearsay_runtime_error *error)
{
    int fd = -1;
    int err = hsy_listen_tcp(&fd, &admin->bound, addr, error);
    if (err != 0) {
        return err;
    }
    err = listener_open(&admin->tcp, admin, fd, hsy_http_handle_tcp);
    if (admin->tcp.daemon == NULL) {
        close(fd);
    }
    return err == 0 ? 0 : hsy_error_set(error, err, "--http: no memory for it");
}

int hsy_admin_open(struct hsy_admin **out,
                   const struct hsy_admin_config *config,
                   struct hearsay_runtime_error *error)
{
    HSY_ASSERT(strlen(config->socket_path) <
               sizeof(((struct hsy_admin *)NULL)->socket_path));
    struct hsy_admin *admin =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*admin));
    if (admin == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "no memory for the API");
    }
    admin->loop = config->loop;
    admin->runtime = config->runtime;
    admin->socket.fd = -1;
    memcpy(admin->socket_path, config->socket_path,
           strlen(config->socket_path) + 1);
    hsy_stream_init(&admin->stream);

    int err = hsy_timer_create(&admin->beat, admin->loop, on_beat, admin);
    if (err != 0) {
        hsy_error_set(error, err, "no memory for the API");
    }
    if (err == 0) {
        err = open_local(admin, error);
    }
    if (err == 0 && config->http != NULL) {
        err = open_tcp(admin, config->http, error);
    }
    if (err != 0) {
        hsy_admin_close(admin);
        return err;
    }
    *out = admin;
    return 0;
}

void hsy_admin_close(struct hsy_admin *admin)
{
    if (admin == NULL) {
        return;
    }
    hsy_stream_end(&admin->stream);
    hsy_asks_end(&admin->asks);
    listener_close(&admin->tcp);
    listener_close(&admin->local);
    if (admin->socket.fd >= 0) {
        hsy_unlink_unix(&admin->socket, admin->socket_path);
    }
    hsy_timer_destroy(admin->beat);
    hsy_stream_fini(&admin->stream);
    hsy_mem_free(hearsay_mem_default(), admin);
}

/* ---------------------------------------------------------------- events */

static void wake(struct hsy_admin *admin)
{
    pump_soon(&admin->local);
    pump_soon(&admin->tcp);
}

void hsy_admin_message(struct hsy_admin *admin,
                       const struct hearsay_message *message)
{
    if (hsy_stream_message(&admin->stream, message)) {
        hsy_stream_wake(&admin->stream);
        wake(admin);
    }
}

void hsy_admin_note(struct hsy_admin *admin, const struct hearsay_note *note,
                    uint64_t wall_ms)
{
    if (hsy_stream_note(&admin->stream, note, wall_ms)) {
        hsy_stream_wake(&admin->stream);
        wake(admin);
    }
}

/* Those that were there before it followed are too many for the events that
 * are remembered: GET /v1/members has them. */
static void member(struct hsy_admin *admin, const struct hearsay_member *member)
{
    if (member->change != HEARSAY_MEMBER_KNOWN &&
        hsy_stream_member(&admin->stream, member, hsy_clock_wall_ms())) {
        hsy_stream_wake(&admin->stream);
        wake(admin);
    }
}

void hsy_admin_told(struct hsy_admin *admin, const struct hearsay_effect *told)
{
    if (told->kind == HEARSAY_FX_MEMBER) {
        member(admin, told->member);
        return;
    }
    if (hsy_asks_told(&admin->asks, told,
                      hearsay_runtime_node(admin->runtime))) {
        wake(admin);
    }
}

bool hsy_admin_bound(const struct hsy_admin *admin, struct hearsay_addr *out)
{
    if (admin->tcp.daemon == NULL) {
        return false;
    }
    *out = admin->bound;
    return true;
}
