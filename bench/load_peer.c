/* A peer that publishes and measures, for benches that run real processes. It
 * is told what to do by lines on its standard input, and answers each with one
 * JSON object on a line:
 *
 *     load_peer NAME HOST:PORT SEED...     listens there; keeps no files, and
 *                                          LOAD_PEER_RETAIN MiB of messages
 *
 *     publish RATE SECONDS BYTES   so many messages a second, 0: as many as are
 *                                  taken; answered at the end
 *     watch ID                     whose queue "queued_most" is about
 *     reset                        latencies and "queued_most" begin anew
 *     report                       what it has seen so far
 *
 * It leaves when the input ends. A payload begins with the time of publishing,
 * by the clock that all processes of a machine share. */
#define _POSIX_C_SOURCE 200809L /* <uv.h> wants it under -std=c11. */

#include "bench.h"
#include "node/view.h"

#include <hearsay/runtime.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
    STAMP_LEN = 8,
    SEQS_MAX = 16 * 1024 * 1024,     /* Of one origin, kept track of. */
    LATENCIES_MAX = 8 * 1024 * 1024, /* Later ones are not counted. */
    ORIGINS_MAX = 256,
    TURN_MAX = 512, /* Messages published in one turn of the loop. */
    LINE_MAX_LEN = 256
};

struct origin {
    struct hearsay_id id;
    uint64_t distinct, highest;
    uint8_t *bits; /* SEQS_MAX of them, mostly never touched. */
};

static struct {
    struct hearsay_runtime *runtime;
    uv_pipe_t input;
    uv_timer_t timer, sampler;
    uv_idle_t idle; /* While as much as possible is published. */
    char line[LINE_MAX_LEN];
    size_t line_len;
    /* What is being published. */
    uint64_t begun_ns, for_ns, rate, done, again;
    size_t payload_len;
    uint8_t *payload;
    bool publishing;
    /* What has been seen. */
    struct origin origins[ORIGINS_MAX];
    uint32_t origins_count;
    uint64_t twice, published, again_all;
    uint32_t *latencies_us;
    size_t latencies_count;
    struct hearsay_id watched;
    uint32_t queued_most;
} app;

static void die(const char *what)
{
    fprintf(stderr, "load_peer: %s\n", what);
    exit(1);
}

static void say(const char *text)
{
    puts(text);
    (void)fflush(stdout);
}

/* --------------------------------------------------------------- messages */

static struct origin *origin_of(const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < app.origins_count; i++) {
        if (memcmp(&app.origins[i].id, id, sizeof(*id)) == 0) {
            return &app.origins[i];
        }
    }
    if (app.origins_count == ORIGINS_MAX) {
        die("more origins than it can keep track of");
    }
    struct origin *o = &app.origins[app.origins_count++];
    o->id = *id;
    o->bits = calloc(SEQS_MAX / 8, 1);
    if (o->bits == NULL) {
        die("out of memory");
    }
    return o;
}

static void on_message(void *ctx, const struct hearsay_message *message)
{
    struct origin *o = origin_of(&message->origin);
    uint64_t seq = message->seq, stamp_ns = 0;

    (void)ctx;
    if (seq >= SEQS_MAX) {
        die("more messages of one origin than it can keep track of");
    }
    uint8_t bit = (uint8_t)(1u << (seq % 8));
    app.twice += (o->bits[seq / 8] & bit) != 0 ? 1 : 0;
    o->distinct += (o->bits[seq / 8] & bit) == 0 ? 1 : 0;
    o->bits[seq / 8] |= bit;
    o->highest = seq > o->highest ? seq : o->highest;
    if (message->payload_len >= STAMP_LEN &&
        app.latencies_count < LATENCIES_MAX) {
        memcpy(&stamp_ns, message->payload, STAMP_LEN);
        app.latencies_us[app.latencies_count++] =
            (uint32_t)((uv_hrtime() - stamp_ns) / 1000);
    }
}

/* Tells of the end of it: false when nothing is to be published any more. */
static bool publish_due(void)
{
    uint64_t elapsed_ns = uv_hrtime() - app.begun_ns;
    uint64_t due = app.rate == 0 ? UINT64_MAX
                                 : app.rate * elapsed_ns / UINT64_C(1000000000);

    for (uint32_t i = 0; i < TURN_MAX && app.done < due; i++) {
        uint64_t now_ns = uv_hrtime();
        memcpy(app.payload, &now_ns, STAMP_LEN);
        int err = hearsay_runtime_publish(app.runtime, NULL, app.payload,
                                          app.payload_len, NULL);
        if (err != 0) {
            app.again += err == HEARSAY_ERR_AGAIN ? 1 : 0;
            break;
        }
        app.done++;
    }
    return elapsed_ns < app.for_ns;
}

static void publish_some(void)
{
    char text[LINE_MAX_LEN];

    if (!app.publishing || publish_due()) {
        return;
    }
    app.publishing = false;
    (void)uv_idle_stop(&app.idle);
    (void)uv_timer_stop(&app.timer);
    app.published += app.done;
    app.again_all += app.again;
    snprintf(text, sizeof(text),
             "{\"published\": %" PRIu64 ", \"again\": %" PRIu64 "}", app.done,
             app.again);
    say(text);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    publish_some();
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
    publish_some();
}

static void sample(uv_timer_t *timer)
{
    const struct hearsay_node *node = hearsay_runtime_node(app.runtime);
    struct hsy_view_link link;

    (void)timer;
    for (uint32_t i = 0; hsy_view_link(node, i, &link); i++) {
        if (memcmp(&link.id, &app.watched, sizeof(link.id)) == 0 &&
            link.queue_bytes > app.queued_most) {
            app.queued_most = link.queue_bytes;
        }
    }
}

/* --------------------------------------------------------------- commands */

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Which @permille of them do not exceed; they are sorted. */
static uint32_t latency_us(uint32_t permille)
{
    size_t last = app.latencies_count - 1;
    return app.latencies_count == 0 ? 0
                                    : app.latencies_us[last * permille / 1000];
}

static size_t own_len(void)
{
    size_t len = app.latencies_count * sizeof(*app.latencies_us);

    for (uint32_t i = 0; i < app.origins_count; i++) {
        len += app.origins[i].highest / 8;
    }
    return len;
}

static void report(void)
{
    const struct hearsay_node *node = hearsay_runtime_node(app.runtime);
    struct hsy_view_status status;
    char id[HEARSAY_ID_TEXT_LEN];

    qsort(app.latencies_us, app.latencies_count, sizeof(*app.latencies_us),
          by_value);
    hsy_view_status(node, uv_hrtime(), &status);
    hearsay_id_text(id, &status.id);
    printf("{\"id\": \"%s\", \"joined\": %s, \"links\": %" PRIu32
           ", \"published\": %" PRIu64 ", \"again\": %" PRIu64
           ", \"twice\": %" PRIu64 ", \"lost\": %" PRIu64,
           id, status.joined_after_ns != 0 ? "true" : "false", status.degree,
           app.published, app.again_all, app.twice, status.counters.lost);
    printf(", \"latencies\": %zu, \"queued_most\": %" PRIu32,
           app.latencies_count, app.queued_most);
    /* Its own notes of what came are no part of the node. */
    printf(", \"rss_most_kib\": %" PRIu64 ", \"own_kib\": %zu"
           ", \"permille_us\": [",
           bench_kib("/proc/self/status", "VmHWM"), own_len() / 1024);
    for (uint32_t i = 0; i <= 1000; i++) {
        printf("%s%" PRIu32, i > 0 ? ", " : "", latency_us(i));
    }
    printf("], \"origins\": {");
    for (uint32_t i = 0; i < app.origins_count; i++) {
        hearsay_id_text(id, &app.origins[i].id);
        printf("%s\"%s\": %" PRIu64, i > 0 ? ", " : "", id,
               app.origins[i].distinct);
    }
    say("}}");
}

static void begin_publishing(uint64_t rate, uint64_t seconds, size_t bytes)
{
    if (app.publishing || bytes < STAMP_LEN || bytes > HEARSAY_PAYLOAD_MAX) {
        die("publish: it does so already, or BYTES are out of range");
    }
    free(app.payload);
    app.payload = calloc(1, bytes);
    if (app.payload == NULL) {
        die("out of memory");
    }
    app.payload_len = bytes;
    app.rate = rate;
    app.for_ns = seconds * UINT64_C(1000000000);
    app.begun_ns = uv_hrtime();
    app.done = 0;
    app.again = 0;
    app.publishing = true;
    (void)uv_timer_start(&app.timer, on_timer, 1, 1);
    if (rate == 0) {
        (void)uv_idle_start(&app.idle, on_idle);
    }
}

static bool read_id(struct hearsay_id *out, const char *text)
{
    for (size_t i = 0; i < sizeof(out->bytes); i++) {
        unsigned byte = 0;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        out->bytes[i] = (uint8_t)byte;
    }
    return true;
}

static void command(const char *line)
{
    uint64_t rate, seconds;
    size_t bytes;

    if (sscanf(line, "publish %" SCNu64 " %" SCNu64 " %zu", &rate, &seconds,
               &bytes) == 3) {
        begin_publishing(rate, seconds, bytes);
    } else if (strncmp(line, "watch ", 6) == 0 &&
               read_id(&app.watched, line + 6)) {
        say("{}");
    } else if (strcmp(line, "reset") == 0) {
        app.latencies_count = 0;
        app.queued_most = 0;
        say("{}");
    } else if (strcmp(line, "report") == 0) {
        report();
    } else {
        die("no such command");
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
        (void)uv_read_stop(stream);
        hearsay_runtime_leave(app.runtime);
        return;
    }
    app.line_len += (size_t)len;
    app.line[app.line_len] = '\0';
    while ((end = strchr(app.line, '\n')) != NULL) {
        *end = '\0';
        command(app.line);
        app.line_len -= (size_t)(end + 1 - app.line);
        memmove(app.line, end + 1, app.line_len + 1);
    }
    if (app.line_len == sizeof(app.line) - 1) {
        die("a line is too long");
    }
}

/* ------------------------------------------------------------------- life */

static void on_closed(void *ctx)
{
    (void)ctx;
    uv_close((uv_handle_t *)&app.timer, NULL);
    uv_close((uv_handle_t *)&app.sampler, NULL);
    uv_close((uv_handle_t *)&app.idle, NULL);
    uv_close((uv_handle_t *)&app.input, NULL);
}

static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    (void)ctx;
    if (why != HEARSAY_STOP_LEFT) {
        fprintf(stderr, "load_peer: %s\n", text);
    }
    hearsay_runtime_close(app.runtime, on_closed, NULL);
}

static void open_peer(uv_loop_t *loop, char **argv, int argc)
{
    struct hearsay_runtime_config config;
    struct hearsay_runtime_error error;
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];

    hearsay_runtime_config_init(&config, HEARSAY_PEER);
    if (!bench_seeds(seeds, argc - 3, argv + 3)) {
        die("a seed is HOST:PORT, and there are too many of them");
    }
    config.node.seeds_count = (uint32_t)(argc - 3);
    config.node.seeds = seeds;
    config.node.name = argv[1];
    config.node.gossip_count = 0;
    config.listen[0] = argv[2];
    config.listen_count = 1;
    config.data_dir = NULL;
    const char *retain = getenv("LOAD_PEER_RETAIN"); /* MiB */
    if (retain != NULL) {
        config.node.retain_bytes = strtoull(retain, NULL, 10) << 20;
    }
    config.workers = 1;
    config.on_message = on_message;
    config.on_stopped = on_stopped;
    if (hearsay_runtime_open(&app.runtime, loop, &config, &error) != 0) {
        die(error.text);
    }
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();

    if (argc < 4) {
        die("usage: load_peer NAME HOST:PORT SEED...");
    }
    app.latencies_us = malloc(LATENCIES_MAX * sizeof(*app.latencies_us));
    if (app.latencies_us == NULL) {
        die("out of memory");
    }
    (void)uv_timer_init(loop, &app.timer);
    (void)uv_timer_init(loop, &app.sampler);
    (void)uv_idle_init(loop, &app.idle);
    (void)uv_pipe_init(loop, &app.input, 0);
    if (uv_pipe_open(&app.input, 0) != 0) {
        die("standard input is no pipe");
    }
    open_peer(loop, argv, argc);
    (void)uv_timer_start(&app.sampler, sample, 20, 20);
    (void)uv_read_start((uv_stream_t *)&app.input, on_room, on_input);
    return uv_run(loop, UV_RUN_DEFAULT);
}
