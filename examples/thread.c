/* A peer beside a program that has no loop: the node runs on a thread of its
 * own, and the program calls it from where it is.
 *
 *     cc thread.c $(pkg-config --cflags --libs hearsay) -o thread
 *     ./thread HOST:PORT...
 *
 * Each line of stdin is published, or, when it begins with '?', asked of all;
 * its end means good-bye. The callbacks come from the node's thread, so what
 * they share with the program needs a lock or, as here, is atomic. Nothing is
 * kept on disk: each run is another peer. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hearsay/runtime.h>

enum { LINE_MAX_LEN = 16 * 1024 }; /* A longer line is two messages. */

struct app {
    atomic_bool stopped; /* The node is done; nothing will be taken. */
    atomic_ulong received;
};

static void print_line(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* To a terminal? */
        (void)putchar(bytes[i] < 0x20 || bytes[i] == 0x7f ? '?' : bytes[i]);
    }
    (void)putchar('\n');
}

/* On the node's thread: be quick, and do not call hearsay_thread_publish(),
 * hearsay_thread_call() or hearsay_thread_stop() from here. */
static void on_message(void *ctx, const struct hearsay_message *message)
{
    struct app *app = ctx;

    atomic_fetch_add(&app->received, 1);
    print_line(message->payload, message->payload_len);
}

/* Answers to what was asked, and the end of it. */
static void on_told(void *ctx, const struct hearsay_effect *told)
{
    (void)ctx;
    if (told->kind == HEARSAY_FX_ANSWER) {
        print_line(told->answer.payload, told->answer.payload_len);
    } else if (told->kind == HEARSAY_FX_QUERY_DONE) {
        printf("%u of %u answered\n", told->summary->answered,
               told->summary->expected);
    }
}

static void on_note(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms)
{
    (void)ctx;
    (void)wall_ms;
    fprintf(stderr, "%s\n", note->event);
}

static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    struct app *app = ctx;

    (void)why;
    fprintf(stderr, "thread: %s\n", text);
    atomic_store(&app->stopped, true);
}

/* On the node's thread as well. */
static int ask(struct hearsay_runtime *rt, void *query)
{
    return hearsay_runtime_query(rt, query, NULL);
}

/* Waits while the node has not joined yet, or has no room. */
static int say(struct app *app, struct hearsay_thread *node, const char *text,
               size_t len)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    struct hearsay_outgoing query = {.payload = text + 1,
                                     .payload_len = len - 1};
    int err;

    do {
        err = len > 0 && text[0] == '?'
                  ? hearsay_thread_call(node, ask, &query)
                  : hearsay_thread_publish(node, NULL, text, len, NULL);
        if (err != HEARSAY_ERR_STATE && err != HEARSAY_ERR_AGAIN) {
            return err;
        }
        (void)nanosleep(&pause, NULL);
    } while (!atomic_load(&app->stopped));
    return err;
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

static struct hearsay_thread *start(struct app *app, int argc, char **argv)
{
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    struct hearsay_runtime_config config;
    struct hearsay_runtime_error error;
    struct hearsay_thread *node = NULL;

    hearsay_runtime_config_init(&config, HEARSAY_PEER);
    for (int i = 1; i < argc && i - 1 < HEARSAY_SEEDS_MAX; i++) {
        if (!read_seed(&seeds[i - 1], argv[i])) {
            fprintf(stderr, "thread: \"%s\" is not host:port\n", argv[i]);
            return NULL;
        }
        config.node.seeds_count++;
    }
    config.node.seeds = seeds; /* Borrowed for the call, as all of it. */
    config.node.name = "thread";
    config.node.gossip_count = 0;
    config.data_dir = NULL;
    config.workers = 1;
    config.on_message = on_message;
    config.on_note = on_note;
    config.on_told = on_told;
    config.on_stopped = on_stopped;
    config.ctx = app;
    if (hearsay_thread_start(&node, &config, &error) != 0) {
        fprintf(stderr, "thread: %s\n", error.text);
    }
    return node;
}

int main(int argc, char **argv)
{
    static struct app app;
    char line[LINE_MAX_LEN];

    if (argc < 2) {
        fprintf(stderr, "usage: thread HOST:PORT...\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    struct hearsay_thread *node = start(&app, argc, argv);
    if (node == NULL) {
        return EXIT_FAILURE;
    }
    int err = 0;
    while (err == 0 && fgets(line, sizeof(line), stdin) != NULL) {
        err = say(&app, node, line, strcspn(line, "\n"));
    }
    if (err != 0) {
        fprintf(stderr, "thread: %s\n", hearsay_strerror(err));
    }
    hearsay_thread_stop(node); /* Says good-bye; no callback after it. */
    fprintf(stderr, "thread: %lu messages received\n",
            atomic_load(&app.received));
    return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
