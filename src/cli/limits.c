/* --print-limits: what this configuration may come to hold at most, row by
 * row: the node's own (src/node/limits.c), then those of its host. */
#include "cli/node_options.h"

#include "admin/admin.h"
#include "node/limits.h"
#include "runtime/limits.h"
#include "runtime/log_sink.h"
#include "runtime/stats.h"

enum {
    WORKER_LEN = 256 * 1024, /* Touched stack and allocator cache. */
    QUEUED_LEN = 64,         /* A job in a lane. */
    REQUEST_LEN = HSY_ADMIN_CONNECTION_LEN + 4096
};

static void print_row(FILE *out, const struct hsy_limit *limit)
{
    fprintf(out, "%-28s %10llu %10llu %12llu  %s\n", limit->what,
            (unsigned long long)limit->bound, (unsigned long long)limit->each,
            (unsigned long long)(limit->bound * limit->each), limit->then);
}

/* Adds it to *@total; a bound of 0 is none. */
static void take_row(FILE *out, const struct hsy_limit *limit, uint64_t *total)
{
    if (limit->bound > 0) {
        print_row(out, limit);
        *total += limit->bound * limit->each;
    }
}

static void host_rows(FILE *out, const struct hsy_node_options *options,
                      uint64_t *total)
{
    const struct hearsay_config *n = &options->config.node;
    uint32_t jobs = options->config.jobs_queued_max;
    uint32_t workers = options->config.workers;
    const struct hsy_limit limits[] = {
        {"sockets", n->links_max, hsy_runtime_link_len(), "refuse"},
        {"jobs queued per lane", jobs == 0 ? 4096 : jobs, QUEUED_LEN, "wait"},
        {"worker threads", workers == 0 ? 1 : workers, WORKER_LEN,
         workers == 0 ? "0 = cores - 1" : "fixed"},
        {"for the application, bytes", 1, HSY_OUTBOX_LEN_MAX, "try again"},
        {"log lines held, bytes", options->output == NULL ? 1 : 2,
         HSY_LOG_HELD_MAX, "drop, counted"},
        {"API connections",
         (options->http_on ? 2 : 1) * HSY_ADMIN_CONNECTIONS_MAX, REQUEST_LEN,
         "refuse"},
        {"API bodies, bytes", 1, HSY_ADMIN_BODIES_MAX, "try again"},
        {"API answers not read, bytes", HSY_ADMIN_ASKS_MAX,
         HSY_ADMIN_ASK_LEN_MAX, "drop, counted"},
        {"API downloads, bytes", 1, HSY_ADMIN_PINNED_MAX, "try again"},
        {"API topologies, bytes", HSY_ADMIN_DRAWINGS_MAX,
         HSY_ADMIN_RESPONSE_MAX, "try again"},
        {"API events, bytes", 1, HSY_ADMIN_EVENTS_LEN_MAX, "drop the oldest"},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        take_row(out, &limits[i], total);
    }
}

void hsy_print_limits(FILE *out, const struct hsy_node_options *options)
{
    struct hsy_limit limit;
    uint64_t total = 0;
    fprintf(out, "%-28s %10s %10s %12s  %s\n", "what", "bound", "bytes each",
            "bytes", "at the bound");
    for (uint32_t i = 0; hsy_node_limit(&options->config.node, i, &limit);
         i++) {
        take_row(out, &limit, &total);
    }
    host_rows(out, options, &total);
    fprintf(out, "%-28s %10s %10s %12llu\n", "in all", "", "",
            (unsigned long long)total);
}
