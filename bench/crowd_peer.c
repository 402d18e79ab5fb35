/* Many peers in one process, on one loop, for ./run bench crowd. It answers
 * each line of its standard input with one JSON object on a line:
 *
 *     crowd_peer NAME COUNT HOST SEED...   COUNT peers, each with a port of its
 *                                          own at HOST; they keep no files
 *
 *     report      how many have joined, when the last one did, and what the
 *                 process holds
 *
 * All leave when the input ends. */
#define _POSIX_C_SOURCE 200809L /* <uv.h> wants it under -std=c11. */

#include "bench.h"
#include "node/view.h"

#include <hearsay/runtime.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum { PEERS_MAX = 256, LINE_MAX_LEN = 256, SEEDS_FROM = 4 };

static struct {
    struct hearsay_runtime *peers[PEERS_MAX]; /* NULL: gone. */
    uint32_t count, gone;
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    uint32_t seeds_count;
    uv_pipe_t input;
    char line[LINE_MAX_LEN];
    size_t line_len;
} app;

static void die(const char *what)
{
    fprintf(stderr, "crowd_peer: %s\n", what);
    exit(1);
}

/* ---------------------------------------------------------------- commands */

static void report(void)
{
    uint32_t joined = 0, links = 0, links_least = UINT32_MAX;
    uint64_t last_ns = 0;

    for (uint32_t i = 0; i < app.count; i++) {
        struct hsy_view_status status;
        if (app.peers[i] == NULL) {
            continue;
        }
        hsy_view_status(hearsay_runtime_node(app.peers[i]), uv_hrtime(),
                        &status);
        joined += status.joined_after_ns != 0 ? 1 : 0;
        last_ns =
            status.joined_after_ns > last_ns ? status.joined_after_ns : last_ns;
        links += status.degree;
        links_least = status.degree < links_least ? status.degree : links_least;
    }
    printf("{\"count\": %" PRIu32 ", \"gone\": %" PRIu32
           ", \"joined\": %" PRIu32 ", \"join_most_ms\": %" PRIu64
           ", \"links\": %" PRIu32 ", \"links_least\": %" PRIu32,
           app.count, app.gone, joined, last_ns / 1000000, links, links_least);
    printf(", \"private_kib\": %" PRIu64 ", \"rss_kib\": %" PRIu64 "}\n",
           bench_kib("/proc/self/smaps_rollup", "Anonymous"),
           bench_kib("/proc/self/smaps_rollup", "Rss"));
    (void)fflush(stdout);
}

static void leave_all(void)
{
    for (uint32_t i = 0; i < app.count; i++) {
        if (app.peers[i] != NULL) {
            hearsay_runtime_leave(app.peers[i]);
        }
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    buf->base = app.line + app.line_len;
    buf->len = sizeof(app.line) - 1 - app.line_len;
}

static void on_input(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    char *end;

    (void)buf;
    if (len < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        leave_all();
        return;
    }
    app.line_len += (size_t)len;
    app.line[app.line_len] = '\0';
    while ((end = strchr(app.line, '\n')) != NULL) {
        *end = '\0';
        if (strcmp(app.line, "report") != 0) {
            die("no such command");
        }
        report();
        app.line_len -= (size_t)(end + 1 - app.line);
        memmove(app.line, end + 1, app.line_len + 1);
    }
    if (app.line_len == sizeof(app.line) - 1) {
        die("a line is too long");
    }
}

/* -------------------------------------------------------------------- life */

static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    struct hearsay_runtime **peer = ctx;

    if (why != HEARSAY_STOP_LEFT) {
        fprintf(stderr, "crowd_peer: %s\n", text);
    }
    hearsay_runtime_close(*peer, NULL, NULL);
    *peer = NULL;
    app.gone++;
}

static void read_seeds(int argc, char **argv)
{
    if (!bench_seeds(app.seeds, argc - SEEDS_FROM, argv + SEEDS_FROM)) {
        die("a seed is HOST:PORT, and there are too many of them");
    }
    app.seeds_count = (uint32_t)(argc - SEEDS_FROM);
}

static void open_peer(uv_loop_t *loop, char **argv, struct hearsay_runtime **at)
{
    struct hearsay_runtime_config config;
    struct hearsay_runtime_error error;
    char name[HEARSAY_NAME_MAX + 1], listen[LINE_MAX_LEN];

    hearsay_runtime_config_init(&config, HEARSAY_PEER);
    snprintf(name, sizeof(name), "%.40s-%td", argv[1], at - app.peers);
    snprintf(listen, sizeof(listen), "%.200s:0", argv[3]);
    config.node.seeds = app.seeds;
    config.node.seeds_count = app.seeds_count;
    config.node.name = name;
    config.node.gossip_count = 0;
    config.listen[0] = listen;
    config.listen_count = 1;
    config.data_dir = NULL;
    config.workers = 1;
    config.on_stopped = on_stopped;
    config.ctx = at;
    if (hearsay_runtime_open(at, loop, &config, &error) != 0) {
        die(error.text);
    }
}

/* As many descriptors as may be had: a peer has some twenty. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();

    if (argc <= SEEDS_FROM) {
        die("usage: crowd_peer NAME COUNT HOST SEED...");
    }
    app.count = (uint32_t)strtoul(argv[2], NULL, 10);
    if (app.count < 1 || app.count > PEERS_MAX) {
        die("COUNT is 1 to 256");
    }
    raise_limit();
    read_seeds(argc, argv);
    (void)uv_pipe_init(loop, &app.input, 0);
    if (uv_pipe_open(&app.input, 0) != 0) {
        die("standard input is no pipe");
    }
    for (uint32_t i = 0; i < app.count; i++) {
        open_peer(loop, argv, &app.peers[i]);
    }
    (void)uv_read_start((uv_stream_t *)&app.input, on_room, on_input);
    return uv_run(loop, UV_RUN_DEFAULT);
}
