/* Opening a runtime, top-down: data directory and key, database, sockets,
 * node and its rows, threads, and the loop's handles last, because only these
 * need turns of the loop to be given back. Closing goes the other way. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "node/rows.h"
#include "runtime/clock.h"
#include "runtime/datadir.h"
#include "runtime/files.h"
#include "runtime/inner.h"

enum {
    JOBS_QUEUED_DEFAULT = 4096,
    /* A node has at most 8192 writes of its registry under way, and a few. */
    WRITES_MIN = 16384,
    WORKERS_MAX = 256,
    PATH_LEN_MAX = 4096,
    MARKS_LEN = 4 << 20 /* Of 16,384 origins. */
};

void hearsay_runtime_config_init(struct hearsay_runtime_config *config,
                                 enum hearsay_role role)
{
    HSY_ASSERT(config != NULL);
    *config = (struct hearsay_runtime_config){
        .listen = {role == HEARSAY_SEED ? "[::]:7946" : "[::]:0"},
        .listen_count = 1,
        .data_dir = "./hearsay-data"};
    hearsay_config_init(&config->node, role);
}

static int config_check(const struct hearsay_runtime_config *config,
                        struct hearsay_runtime_error *error)
{
    const char *why = NULL;
    if (config->listen_count < 1 || config->listen_count > HEARSAY_LISTEN_MAX) {
        why = "listen_count must be 1 to 4";
    } else if (config->advertise_count > HEARSAY_ADDRS_MAX) {
        why = "advertise_count must be at most 4";
    } else if (config->workers > WORKERS_MAX) {
        why = "workers must be at most 256";
    } else if (config->node.jobs_max < 1 || config->node.links_max < 1) {
        why = "jobs_max and links_max must be at least 1";
    } else if (config->node.retain_on_disk && config->data_dir == NULL) {
        why = "retain_on_disk needs a data directory";
    } else if (config->node.retain_on_disk &&
               (config->node.retain_bytes < HSY_RETAIN_DISK_MIN ||
                config->node.retain_bytes > HSY_RETAIN_DISK_MAX)) {
        why = "retain_bytes must be 1 MiB to 16 GiB to be on disk";
    }
    return why == NULL ? 0
                       : hsy_error_set(error, HEARSAY_ERR_INVALID, "%s", why);
}

static uint32_t workers_of(const struct hearsay_runtime_config *config)
{
    if (config->workers > 0) {
        return config->workers;
    }
    unsigned cores = uv_available_parallelism();
    return cores < 2 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : cores - 1;
}

/* With a data directory what is in it, else nothing. */
static int open_store(struct hearsay_runtime *rt,
                      const struct hearsay_runtime_config *c,
                      struct hearsay_runtime_error *error)
{
    char path[PATH_LEN_MAX];
    char retain[PATH_LEN_MAX];
    uint64_t len = c->node.retain_bytes;
    /* A short bundle is half as long again with its key, heads and seal; what
     * is dropped goes a second later; and there are marks. */
    struct hsy_msglog_config log = {
        .dir = retain, .live_max = len + len / 2 + len / 8 + MARKS_LEN};
    uint32_t writes = 4 * rt->lane_max;
    struct hsy_store_config config = {
        .tokens_max = writes > WRITES_MIN ? writes : WRITES_MIN,
        .wake = hsy_runtime_wake,
        .ctx = rt};
    if (c->data_dir != NULL) {
        (void)snprintf(path, sizeof(path), "%s/state.db", c->data_dir);
        (void)snprintf(retain, sizeof(retain), "%s/retain", c->data_dir);
        config.path = path;
        config.log = c->node.retain_on_disk ? &log : NULL;
        rt->retain_unread = config.log == NULL && access(retain, F_OK) == 0;
    }
    return hsy_store_open(&rt->store, &config, error);
}

/* Identity: with a data directory the one in it, else a fresh one. */
static int open_identity(struct hearsay_runtime *rt,
                         struct hearsay_config *node, const char *data_dir,
                         struct hearsay_runtime_error *error)
{
    int rc = 0;
    if (data_dir != NULL) {
        rc = hsy_datadir_lock(&rt->lock_fd, data_dir, error);
        if (rc == 0) {
            rc = hsy_datadir_key(node->secret, data_dir, error);
        }
    } else {
        rc = hsy_random(node->secret, sizeof(node->secret));
    }
    if (rc == 0) {
        rc = hsy_random(&node->boot_nonce, sizeof(node->boot_nonce));
    }
    if (rc == 0) {
        rc = hsy_random(&node->rng_seed, sizeof(node->rng_seed));
    }
    if (rc == 0) {
        rc = hsy_random(&node->hash_salt, sizeof(node->hash_salt));
    }
    return rc;
}

static int open_sockets(struct hearsay_runtime *rt, struct hearsay_config *node,
                        const struct hearsay_runtime_config *config,
                        struct hearsay_runtime_error *error)
{
    for (uint32_t i = 0; i < config->listen_count; i++) {
        int rc =
            hsy_listen_bind(&rt->listen, config->listen[i], rt->dns, error);
        if (rc != 0) {
            return rc;
        }
    }
    return hsy_advertise(node, config, &rt->listen, rt->dns, error);
}

/* A damaged row is no reason to stay away: see hearsay_node_restore(). */
static int restore_row(void *ctx, const struct hearsay_row *row)
{
    struct hearsay_runtime *rt = ctx;
    int rc = hearsay_node_restore(rt->node, row);
    if (rc == 0 || rc == HEARSAY_ERR_NOMEM) {
        return rc;
    }
    struct hsy_note n = hsy_note(HEARSAY_WARN, "store-row-skipped");
    hsy_note_text(&n, "file",
                  row->table == HEARSAY_TABLE_MESSAGES ? "retain" : "state.db");
    hsy_note_text(&n, "table", hsy_table_name(row->table));
    if (row->key_len == HEARSAY_ID_LEN) {
        struct hearsay_id id;
        memcpy(id.bytes, row->key, sizeof(id.bytes));
        hsy_note_id(&n, "key", &id);
    }
    hsy_note_text(&n, "text",
                  rc == HEARSAY_ERR_MALFORMED
                      ? "the row is damaged; the network knows what was in it"
                      : hearsay_strerror(rc));
    hsy_runtime_note(rt, &n);
    return 0;
}

static void tell_bytes(struct hearsay_runtime *rt, enum hearsay_level level,
                       const char *event, uint64_t bytes)
{
    struct hsy_note n = hsy_note(level, event);
    hsy_note_u64(&n, "bytes", bytes);
    hsy_runtime_note(rt, &n);
}

/* What is not in the log any more. A torn end was never answered for. */
static void tell_log(struct hearsay_runtime *rt)
{
    struct hsy_msglog_stats stats = hsy_store_log_stats(rt->store);
    if (stats.torn_bytes > 0) {
        tell_bytes(rt, HEARSAY_INFO, "retain-torn", stats.torn_bytes);
    }
    if (stats.damaged_bytes > 0) {
        tell_bytes(rt, HEARSAY_WARN, "retain-damaged", stats.damaged_bytes);
    }
    hsy_runtime_tell_dropped(rt);
}

static int open_node(struct hearsay_runtime *rt,
                     const struct hearsay_config *config,
                     struct hearsay_runtime_error *error)
{
    const char *why = NULL;
    int rc = hearsay_node_create(&rt->node, config, &why);
    if (rc != 0) {
        return hsy_error_set(error, rc, "%s",
                             why != NULL ? why : hearsay_strerror(rc));
    }
    rc = hsy_store_load(rt->store, restore_row, rt, error);
    tell_log(rt);
    if (rt->retain_unread) {
        struct hsy_note n = hsy_note(HEARSAY_WARN, "retain-unread");
        hsy_note_text(&n, "text",
                      "an earlier process kept messages on disk, and this one "
                      "does not read them; remove the directory retain, or "
                      "set retain_on_disk (--retain-on-disk)");
        hsy_runtime_note(rt, &n);
    }
    return rc;
}

static int open_threads(struct hearsay_runtime *rt, uint32_t jobs_max)
{
    struct hsy_jobs_config config = {.workers = rt->workers,
                                     .queued_max = rt->lane_max,
                                     .jobs_max = jobs_max,
                                     .wake = hsy_runtime_wake,
                                     .ctx = rt};
    int rc = hsy_jobs_create(&rt->jobs, &config);
    return rc != 0 ? rc : hsy_store_start(rt->store);
}

/* All that needs no loop, top-down. */
static int open_parts(struct hearsay_runtime *rt,
                      const struct hearsay_runtime_config *config,
                      struct hearsay_runtime_error *error)
{
    struct hearsay_config node = config->node;
    int rc = hsy_dns_create(&rt->dns);
    if (rc == 0) {
        rc = open_identity(rt, &node, config->data_dir, error);
    }
    if (rc == 0) {
        rc = open_store(rt, config, error);
    }
    if (rc == 0) {
        rc = open_sockets(rt, &node, config, error);
    }
    if (rc == 0) {
        rc = open_node(rt, &node, error);
    }
    if (rc == 0) {
        rc = open_threads(rt, node.jobs_max);
    }
    hsy_mem_wipe(node.secret, sizeof(node.secret));
    return rc;
}

static struct hsy_links_config links_config(struct hearsay_runtime *rt,
                                            uv_loop_t *loop,
                                            const struct hearsay_config *node)
{
    /* The node keeps a link below queue_max; ours only bounds its mistakes,
     * so it is wide. */
    uint64_t out_max = 2 * (uint64_t)node->queue_max + node->frame_max;
    out_max = out_max < 65536 ? 65536 : out_max;
    out_max = out_max > UINT32_MAX ? UINT32_MAX : out_max;
    return (struct hsy_links_config){.loop = loop,
                                     .dns = rt->dns,
                                     .limits = rt->limits,
                                     .links_max = node->links_max,
                                     .out_max = out_max,
                                     .transport = hsy_plain_make,
                                     .on_event = hsy_runtime_link_event,
                                     .on_slow = hsy_runtime_slow,
                                     .ctx = rt};
}

static void handles_open(struct hearsay_runtime *rt, uv_loop_t *loop)
{
    int rc = uv_timer_init(loop, &rt->timer);
    HSY_ASSERT(rc == 0);
    rc = uv_prepare_init(loop, &rt->prepare);
    HSY_ASSERT(rc == 0);
    rc = uv_idle_init(loop, &rt->idle);
    HSY_ASSERT(rc == 0);
    rt->timer.data = rt;
    rt->prepare.data = rt;
    rt->idle.data = rt;
    rc = uv_prepare_start(&rt->prepare, hsy_runtime_on_turn);
    HSY_ASSERT(rc == 0);
    rt->parts_open += 3;
}

/* From here on closing takes turns of the loop. */
static int open_on_loop(struct hearsay_runtime *rt, uv_loop_t *loop,
                        const struct hearsay_config *node)
{
    handles_open(rt, loop);
    struct hsy_links_config links = links_config(rt, loop, node);
    int rc = hsy_links_create(&rt->links, &links);
    if (rc != 0) {
        return rc;
    }
    hsy_dns_on_answer(rt->dns, hsy_runtime_wake, rt);
    struct hsy_listen_config listen = {.pause_ns = rt->limits.accept_pause_ns,
                                       .on_accept = hsy_runtime_accept,
                                       .on_pause = hsy_runtime_accept_pause,
                                       .ctx = rt};
    return hsy_listen_start(&rt->listen, loop, &listen);
}

static void tell_listening(struct hearsay_runtime *rt)
{
    for (uint32_t i = 0; i < rt->listen.count; i++) {
        struct hsy_note n = hsy_note(HEARSAY_INFO, "listening");
        hsy_note_addr(&n, "address", &rt->listen.listeners[i].bound);
        hsy_runtime_note(rt, &n);
    }
}

/* A vanished client must be an error code of write(), not the end of the
 * process. A disposition that the host has chosen is left alone. */
static void sigpipe_ignore(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 &&
        (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        (void)sigaction(SIGPIPE, &ignore, NULL);
    }
}

/* Threads, files and sockets, at once; handles and memory are left. */
static void parts_release(struct hearsay_runtime *rt)
{
    hsy_jobs_destroy(rt->jobs);
    rt->jobs = NULL;
    hsy_store_close(rt->store);
    rt->store = NULL;
    hsy_listen_stop(&rt->listen);
    if (rt->lock_fd >= 0) {
        (void)close(rt->lock_fd);
        rt->lock_fd = -1;
    }
}

static void runtime_free(struct hearsay_runtime *rt)
{
    hearsay_node_destroy(rt->node);
    hsy_outbox_stop(&rt->outbox);
    hsy_mem_free(hearsay_mem_default(), rt);
}

static struct hearsay_runtime *
runtime_new(const struct hearsay_runtime_config *config,
            const struct hsy_limits *limits)
{
    struct hearsay_runtime *rt =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*rt));
    if (rt == NULL) {
        return NULL;
    }
    rt->limits = *limits;
    rt->lane_max = config->jobs_queued_max == 0 ? JOBS_QUEUED_DEFAULT
                                                : config->jobs_queued_max;
    rt->workers = workers_of(config);
    rt->outbox = (struct hsy_outbox){.on_message = config->on_message,
                                     .on_note = config->on_note,
                                     .on_told = config->on_told,
                                     .ctx = config->ctx};
    rt->on_stopped = config->on_stopped;
    rt->lock_fd = -1;
    rt->leave_by_ns = HEARSAY_NEVER;
    return rt;
}

/* The text for failures that have none of their own. */
static int open_failed(struct hearsay_runtime_error *error, int rc)
{
    if (error->err == 0) {
        (void)hsy_error_set(error, rc, "cannot start the node: %s",
                            hearsay_strerror(rc));
    }
    return rc;
}

int hsy_runtime_open_limits(struct hearsay_runtime **out,
                            struct uv_loop_s *loop,
                            const struct hearsay_runtime_config *config,
                            const struct hsy_limits *limits,
                            struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(loop != NULL);
    HSY_ASSERT(error != NULL);

    *error = (struct hearsay_runtime_error){.err = 0};
    int rc = config_check(config, error);
    if (rc != 0) {
        return rc;
    }
    struct hearsay_runtime *rt = runtime_new(config, limits);
    if (rt == NULL) {
        return open_failed(error, HEARSAY_ERR_NOMEM);
    }
    rc = open_parts(rt, config, error);
    if (rc == 0 && uv_async_init(loop, &rt->wake, hsy_runtime_on_wake) != 0) {
        rc = HEARSAY_ERR_IO;
    }
    if (rc != 0) {
        parts_release(rt);
        hsy_dns_close(rt->dns);
        runtime_free(rt);
        return open_failed(error, rc);
    }
    rt->wake.data = rt;
    rt->parts_open = 1;
    rc = open_on_loop(rt, loop, &config->node);
    if (rc != 0) {
        hearsay_runtime_close(rt, NULL, NULL);
        return open_failed(error, rc);
    }
    sigpipe_ignore();
    tell_listening(rt);
    *out = rt;
    return 0;
}

int hearsay_runtime_open(struct hearsay_runtime **out, struct uv_loop_s *loop,
                         const struct hearsay_runtime_config *config,
                         struct hearsay_runtime_error *error)
{
    struct hsy_limits limits = hsy_limits_default();
    return hsy_runtime_open_limits(out, loop, config, &limits, error);
}

/* ------------------------------------------------------------------ close */

static void part_closed(void *ctx)
{
    struct hearsay_runtime *rt = ctx;
    HSY_ASSERT(rt->parts_open > 0);
    rt->parts_open--;
    if (rt->parts_open > 0) {
        return;
    }
    void (*on_closed)(void *ctx) = rt->on_closed;
    void *on_closed_ctx = rt->on_closed_ctx;
    runtime_free(rt);
    if (on_closed != NULL) {
        on_closed(on_closed_ctx);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void hearsay_runtime_close(struct hearsay_runtime *rt,
                           void (*on_closed)(void *ctx), void *ctx)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(rt->state != RUN_CLOSING);

    rt->state = RUN_CLOSING;
    rt->on_closed = on_closed;
    rt->on_closed_ctx = ctx;
    hsy_outbox_stop(&rt->outbox);
    parts_release(rt);
    rt->parts_open += rt->links != NULL ? 2 : 1;
    if (rt->links != NULL) {
        hsy_links_close(rt->links, part_closed, rt);
    }
    hsy_dns_close(rt->dns); /* After the links, which have questions there. */
    uv_close((uv_handle_t *)&rt->timer, on_handle_closed);
    uv_close((uv_handle_t *)&rt->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&rt->idle, on_handle_closed);
    uv_close((uv_handle_t *)&rt->wake, on_handle_closed);
    hsy_listen_close(&rt->listen, part_closed, rt);
}
