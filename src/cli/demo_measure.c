/* Memory first, since a request for the status costs some. Frozen nodes are
 * not asked: they cannot answer, and that is no fault of theirs. */
#include "cli/demo_measure.h"

#include <jansson.h>

#include "base/time.h"
#include "cli/demo_stats.h"
#include "client/client.h"
#include "runtime/clock.h"

#define ASKING_NS (10 * HSY_SECOND)

/* ------------------------------------------------------------- memory */

struct sizes {
    uint64_t rss[HSY_LEDGER_PEERS_MAX], anonymous[HSY_LEDGER_PEERS_MAX];
    size_t count;
};

static void sizes_take(struct sizes *sizes, const struct hsy_demo_nodes *nodes,
                       uint32_t first, uint32_t end)
{
    struct hsy_demo_memory memory;
    sizes->count = 0;
    for (uint32_t i = first; i < end; i++) {
        if (hsy_demo_node_memory(nodes, i, &memory)) {
            sizes->rss[sizes->count] = memory.rss_kib;
            sizes->anonymous[sizes->count++] = memory.private_kib;
        }
    }
}

static void memory_measure(struct hsy_demo_figures *out,
                           const struct hsy_demo_nodes *nodes,
                           const struct hsy_demo_options *options)
{
    static struct sizes sizes; /* Too large for a stack. */
    uint32_t seeds = options->seeds;
    sizes_take(&sizes, nodes, 0, seeds);
    out->rss.seed_max = hsy_percentile(sizes.rss, sizes.count, 100);
    out->anonymous.seed_max = hsy_percentile(sizes.anonymous, sizes.count, 100);
    sizes_take(&sizes, nodes, seeds, seeds + options->peers);
    out->rss.peer_p50 = hsy_percentile(sizes.rss, sizes.count, 50);
    out->rss.peer_max = hsy_percentile(sizes.rss, sizes.count, 100);
    out->anonymous.peer_p50 = hsy_percentile(sizes.anonymous, sizes.count, 50);
    out->anonymous.peer_max = hsy_percentile(sizes.anonymous, sizes.count, 100);
}

/* ------------------------------------------------------------- status */

static bool copies_ask(const char *socket_path, uint64_t *out)
{
    struct hsy_client *client = NULL;
    struct hsy_client_error error;
    json_t *status = NULL;
    if (hsy_client_create(&client, socket_path) != 0) {
        return false;
    }
    int err = hsy_client_get(client, "/v1/status", &status, &error);
    hsy_client_destroy(client);
    if (err != 0) {
        return false;
    }
    const json_t *counters = json_object_get(status, "counters");
    const json_t *copies = json_object_get(counters, "bundles_in");
    bool there = json_is_integer(copies);
    *out = there ? (uint64_t)json_integer_value(copies) : 0;
    json_decref(status);
    return there;
}

static void copies_measure(struct hsy_demo_figures *out,
                           struct hsy_demo_nodes *nodes,
                           const struct hsy_demo_options *options)
{
    uint64_t until_ns = hsy_time_add(hsy_clock_mono_ns(), ASKING_NS);
    for (uint32_t i = options->seeds; i < options->seeds + options->peers;
         i++) {
        uint64_t copies = 0;
        if (hsy_demo_node_process(nodes, i) != HSY_PROCESS_RUNNING) {
            continue;
        }
        if (hsy_clock_mono_ns() < until_ns &&
            copies_ask(hsy_demo_node_socket(nodes, i), &copies)) {
            out->relay_copies += copies;
        } else {
            out->status_missing++;
        }
    }
}

void hsy_demo_measure(struct hsy_demo_figures *out,
                      struct hsy_demo_nodes *nodes,
                      const struct hsy_demo_options *options)
{
    memory_measure(out, nodes, options);
    copies_measure(out, nodes, options);
}
