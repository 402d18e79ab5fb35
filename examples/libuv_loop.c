/* A peer on a libuv loop that is yours: the runtime has the sockets, the
 * worker threads and the data directory, you have the loop.
 *
 *     cc libuv_loop.c $(pkg-config --cflags --libs hearsay libuv) -o libuv_loop
 *     ./libuv_loop DATA_DIR HOST:PORT...
 *
 * It publishes once a second from a timer, prints the messages of the others,
 * and leaves on Ctrl-C. DATA_DIR keeps its identity: the next run is the same
 * peer. Everything runs on the one thread that runs the loop. */
#define _POSIX_C_SOURCE 200809L /* <uv.h> wants it under -std=c11. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearsay/runtime.h>
#include <uv.h>

struct app {
    struct hearsay_runtime *runtime;
    uv_timer_t timer;
    uv_signal_t signal;
    unsigned published;
    enum hearsay_stop why;
};

/* What @message points to is ours for this call only. */
static void on_message(void *ctx, const struct hearsay_message *message)
{
    char id[HEARSAY_ID_TEXT_LEN];

    (void)ctx;
    hearsay_id_text(id, &message->origin);
    printf("%.8s %llu [%s] %llu bytes, %u links away\n", id,
           (unsigned long long)message->seq, message->topic,
           (unsigned long long)message->payload_len, (unsigned)message->hops);
}

static void on_note(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms)
{
    (void)ctx;
    if (note->level >= HEARSAY_INFO) {
        fprintf(stderr, "%llu %s\n", (unsigned long long)wall_ms, note->event);
    }
}

/* The runtime is gone. With our own handles closed too, uv_run() returns. */
static void on_closed(void *ctx)
{
    struct app *app = ctx;

    uv_close((uv_handle_t *)&app->timer, NULL);
    uv_close((uv_handle_t *)&app->signal, NULL);
}

/* After hearsay_runtime_leave(), or by itself: @why and @text say so. */
static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    struct app *app = ctx;

    fprintf(stderr, "libuv_loop: %s\n", text);
    app->why = why;
    (void)uv_timer_stop(&app->timer); /* It would publish to nobody. */
    hearsay_runtime_close(app->runtime, on_closed, app);
    app->runtime = NULL;
}

static void on_timer(uv_timer_t *timer)
{
    struct app *app = timer->data;
    char text[32];

    int len = snprintf(text, sizeof(text), "tick %u", app->published + 1);
    int err =
        hearsay_runtime_publish(app->runtime, "ticks", text, (size_t)len, NULL);
    if (err == 0) {
        app->published++;
    } else if (err != HEARSAY_ERR_STATE && err != HEARSAY_ERR_AGAIN) {
        /* Those two pass: it has not joined yet, or has no room now. */
        fprintf(stderr, "libuv_loop: %s\n", hearsay_strerror(err));
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct app *app = signal->data;

    (void)number;
    if (app->runtime != NULL) {
        hearsay_runtime_leave(app->runtime); /* on_stopped() within 3 s. */
    }
}

/* "host:port", an IPv6 address in brackets. */
static bool read_seed(struct hearsay_seed *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
    size_t skip = text[0] == '[' ? 1 : 0; /* And one at its end. */

    if (port < 1 || port > 65535 || (size_t)(colon - text) <= 2 * skip) {
        return false;
    }
    size_t len = (size_t)(colon - text) - 2 * skip;
    *out = (struct hearsay_seed){.port = (uint16_t)port};
    if (len > HEARSAY_HOST_MAX) {
        return false;
    }
    memcpy(out->host, text + skip, len);
    return true;
}

static int open_runtime(struct app *app, uv_loop_t *loop, int argc, char **argv)
{
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    struct hearsay_runtime_config config;
    struct hearsay_runtime_error error;

    hearsay_runtime_config_init(&config, HEARSAY_PEER);
    for (int i = 2; i < argc && i - 2 < HEARSAY_SEEDS_MAX; i++) {
        if (!read_seed(&seeds[i - 2], argv[i])) {
            fprintf(stderr, "libuv_loop: \"%s\" is not host:port\n", argv[i]);
            return HEARSAY_ERR_INVALID;
        }
        config.node.seeds_count++;
    }
    config.node.seeds = seeds;
    config.node.name = "libuv_loop";
    config.node.gossip_count = 0; /* It has something of its own to say. */
    config.data_dir = argv[1];
    config.on_message = on_message;
    config.on_note = on_note;
    config.on_stopped = on_stopped;
    config.ctx = app;
    int err = hearsay_runtime_open(&app->runtime, loop, &config, &error);
    if (err != 0) {
        fprintf(stderr, "libuv_loop: %s\n", error.text);
    }
    return err;
}

int main(int argc, char **argv)
{
    static struct app app;
    uv_loop_t *loop = uv_default_loop();

    if (argc < 3) {
        fprintf(stderr, "usage: libuv_loop DATA_DIR HOST:PORT...\n");
        return 2;
    }
    if (open_runtime(&app, loop, argc, argv) != 0) {
        return EXIT_FAILURE;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    app.timer.data = &app;
    app.signal.data = &app;
    (void)uv_timer_init(loop, &app.timer);
    (void)uv_timer_start(&app.timer, on_timer, 1000, 1000);
    (void)uv_signal_init(loop, &app.signal);
    (void)uv_signal_start(&app.signal, on_signal, SIGINT);

    (void)uv_run(loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(loop);
    return app.why == HEARSAY_STOP_LEFT ? EXIT_SUCCESS : EXIT_FAILURE;
}
