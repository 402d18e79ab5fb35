/* --print-limits: what this configuration may come to hold at most, row by
 * row: a bound, the bytes of one, and their product. Bounds are read from the
 * same configuration that the node enforces; the bytes of one are what its
 * owner allocates, rounded up. It is a ceiling, not an estimate: an idle peer
 * holds about a hundredth of it. */
#include "cli/node_options.h"

#include "admin/admin.h"

struct limit {
    const char *what;
    uint64_t bound, each;
    const char *then; /* What happens there. */
};

enum {
    LINK_LEN = 4096,         /* Tables, handshake, ping and socket state. */
    LINK_IDS_LEN = 4096,     /* 256 ids of bundles that collapsed. */
    READ_LEN = 64 * 1024,    /* What one read from a socket may bring. */
    RECORD_LEN = 1024,       /* A signed record (<= 512) and its row. */
    SEEN_LEN = 64,           /* An id of 16 bytes, its slot, its age. */
    JOB_LEN = 17 * 1024,     /* A bundle (<= 16 KiB) and its bookkeeping. */
    LINK_SNAPSHOT_LEN = 512, /* A seed's share of one peer's LINKS. */
    WORKER_LEN = 256 * 1024, /* Touched stack and allocator cache. */
    REQUEST_LEN = HSY_ADMIN_CONNECTION_LEN + 4096
};

static void print_row(FILE *out, const struct limit *limit)
{
    fprintf(out, "%-28s %10llu %10llu %12llu  %s\n", limit->what,
            (unsigned long long)limit->bound, (unsigned long long)limit->each,
            (unsigned long long)(limit->bound * limit->each), limit->then);
}

void hsy_print_limits(FILE *out, const struct hsy_node_options *options)
{
    const struct hearsay_config *n = &options->config.node;
    bool seed = options->role == HEARSAY_SEED;
    uint32_t jobs = options->config.jobs_queued_max;
    uint32_t workers = options->config.workers;
    jobs = jobs == 0 ? 4096 : jobs;
    const struct limit limits[] = {
        {"links", n->links_max, LINK_LEN, "refuse"},
        {"bytes queued to a link", n->links_max, n->queue_max,
         "announce, then close as slow"},
        {"ids to announce to a link", n->links_max, LINK_IDS_LEN, "drop"},
        {"one frame per link, inbound", n->links_max,
         (uint64_t)n->frame_max + READ_LEN, "close as malformed"},
        {seed ? "registered peers" : "address book",
         seed ? n->peers_max : n->book_max, RECORD_LEN,
         seed ? "refuse" : "drop the oldest"},
        {"link snapshots", seed ? n->peers_max : 0, LINK_SNAPSHOT_LEN,
         "with its peer"},
        {"message ids remembered", seed ? 0 : n->seen_max, SEEN_LEN,
         "drop the oldest"},
        {"large messages, bytes", seed ? 0 : 1, n->bulk_bytes,
         "drop the oldest, then wait"},
        {"jobs", n->jobs_max, JOB_LEN, "try again"},
        {"jobs queued per lane", jobs, 64, "wait"},
        {"worker threads", workers == 0 ? 1 : workers, WORKER_LEN,
         workers == 0 ? "0 = cores - 1" : "fixed"},
        {"API connections", HSY_ADMIN_CONNECTIONS_MAX, REQUEST_LEN, "refuse"},
        {"API bodies, bytes", 1, HSY_ADMIN_BODIES_MAX, "try again"},
        {"API events, bytes", 1, HSY_ADMIN_EVENTS_LEN_MAX, "drop the oldest"},
    };

    uint64_t total = 0;
    fprintf(out, "%-28s %10s %10s %12s  %s\n", "what", "bound", "bytes each",
            "bytes", "at the bound");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (limits[i].bound > 0) {
            print_row(out, &limits[i]);
            total += limits[i].bound * limits[i].each;
        }
    }
    fprintf(out, "%-28s %10s %10s %12llu\n", "in all", "", "",
            (unsigned long long)total);
}
