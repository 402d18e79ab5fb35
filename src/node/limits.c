/* Bounds are read from the configuration that the node enforces, the bytes of
 * one from the structs that hold it. */
#include "node/limits.h"

#include "core/registry_rows.h"
#include "core/trial.h"
#include "node/inner.h"

enum {
    WORD = 8 /* Also what malloc() adds. */
};

/* An item of a table as it grows: the old place (two thirds of the new one)
 * goes after the new one has come, and there are up to four slots for each. */
static uint64_t in_table(uint64_t item_len)
{
    uint64_t each = item_len + 4 * sizeof(uint32_t);

    HSY_ASSERT(item_len >= WORD);
    return (5 * each + 2) / 3;
}

/* A blob in the pool, without its bytes. */
static uint64_t in_pool(void)
{
    return sizeof(struct hsy_blob) + 4 * (sizeof(void *) + sizeof(uint32_t)) +
           WORD;
}

static uint64_t link_len(const struct hearsay_config *c)
{
    uint64_t serves = c->role == HEARSAY_SEED ? 0 : in_table(hsy_serves_len());

    return sizeof(struct hsy_conn) + sizeof(struct hsy_handshake) +
           sizeof(struct hsy_lanes) + in_table(sizeof(struct hsy_conn_slot)) +
           in_table(sizeof(struct hsy_neighbour)) +
           in_table(2 * sizeof(hearsay_link)) + HSY_RECORD_LEN_MAX + in_pool() +
           serves;
}

static uint64_t job_len(void)
{
    return hsy_job_len() + 2 * HSY_BUNDLE_LEN_MAX + sizeof(struct hsy_claim);
}

static uint64_t listed_len(const struct hearsay_config *c)
{
    uint64_t item = c->role == HEARSAY_SEED ? sizeof(struct hsy_entry)
                                            : sizeof(struct hsy_contact);
    return in_table(item) + HSY_RECORD_LEN_MAX + in_pool();
}

/* One of @count rows of a table of them; false: it has fewer. */
static bool pick(const struct hsy_limit *rows, size_t count, uint32_t *index,
                 struct hsy_limit *out)
{
    if (*index < count) {
        *out = rows[*index];
        return true;
    }
    HSY_ASSERT(count > 0);
    *index -= (uint32_t)count;
    return false;
}

/* What is kept of messages. */
static bool kept_limit(const struct hearsay_config *c, uint32_t *index,
                       struct hsy_limit *out)
{
    uint64_t peer = c->role == HEARSAY_SEED ? 0 : 1;
    const struct hsy_limit rows[] = {
        {"message ids remembered", peer * c->seen_max,
         in_table(hsy_ml_seen_len()), "drop the oldest"},
        {"bundles being checked", peer * c->jobs_max,
         in_table(sizeof(struct hsy_bundle_id) + 2 * WORD), "drop, counted"},
        {"origins", peer * c->origins_max,
         in_table(sizeof(struct hsy_origin)) +
             HSY_GAPS_MAX * sizeof(struct hsy_run),
         "drop until one is over"},
        {"bundles kept", peer * c->retain_max,
         in_table(sizeof(struct hsy_retained_bundle)) + in_pool(),
         "drop the oldest"},
        {"bytes of bundles kept", peer * c->retain_bytes, 1, "drop the oldest"},
    };

    HSY_ASSERT(peer <= 1);
    return pick(rows, sizeof(rows) / sizeof(rows[0]), index, out);
}

/* What messages wait in, for the application or for others. */
static bool waiting_limit(const struct hearsay_config *c, uint32_t *index,
                          struct hsy_limit *out)
{
    uint64_t peer = c->role == HEARSAY_SEED ? 0 : 1;
    const struct hsy_limit rows[] = {
        {"topics wanted", peer, HSY_TOPICS_MAX * sizeof(struct hsy_pattern),
         "refuse"},
        {"bundles to be saved", c->retain_on_disk ? peer * HSY_SAVING_MAX : 0,
         hsy_saved_saving_len(), "deliver unsaved"},
        {"their bytes",
         c->retain_on_disk ? peer * c->retain_bytes / HSY_SAVING_PARTS : 0, 1,
         "deliver unsaved"},
        {"contents to be saved, bytes",
         c->retain_on_disk ? peer * c->bulk_bytes : 0, 1, "deliver unsaved"},
        {"bundles read back at the start",
         c->retain_on_disk ? peer * hsy_restored_max(c) : 0,
         hsy_restored_len() + in_pool(), "drop the oldest"},
        {"bytes of these before they are kept",
         c->retain_on_disk ? peer * hsy_restored_bytes(c) : 0, 1,
         "drop the oldest"},
        {"rows to be deleted",
         c->retain_on_disk ? peer * HSY_SAVED_GONE_MAX : 0,
         2 * sizeof(struct hsy_gone), "leave until the next start"},
        {"bundles out of order",
         c->ordered_wait_ns > 0 ? peer * HSY_HELD_MAX : 0,
         hsy_order_held_len() + in_pool(), "skip the oldest gap"},
        {"bytes of these",
         c->ordered_wait_ns > 0 ? peer * c->retain_bytes / HSY_HELD_PARTS : 0,
         1, "skip the oldest gap"},
        {"large messages known", peer * HSY_BULK_MAX,
         in_table(sizeof(struct hsy_bulk_entry)) + HSY_BUNDLE_LEN_MAX +
             in_pool(),
         "drop the oldest, then tell as lost"},
        {"their contents, bytes", peer * c->bulk_bytes, 1,
         "drop the oldest, then wait"},
        {"large ones to be signed", peer * HSY_BULK_OWN,
         c->payload_max + 2 * (uint64_t)HSY_BUNDLE_LEN_MAX, "try again"},
        {"bundles announced here", peer * HSY_WANTED_MAX,
         in_table(sizeof(struct hsy_wanted_bundle)), "leave to repair"},
        {"ids to be announced", peer * HSY_ANNOUNCE_MAX,
         2 * sizeof(struct hsy_announced), "drop the oldest"},
        {"neighbours' progress", peer * HSY_ACKS_HEARD_MAX,
         in_table(sizeof(struct hsy_epoch) + 3 * WORD), "not waited for"},
        {"PULLs open", peer * HSY_PULLS_MAX, sizeof(struct hsy_pull), "wait"},
    };

    HSY_ASSERT(peer <= 1);
    return pick(rows, sizeof(rows) / sizeof(rows[0]), index, out);
}

/* What goes to one node, and what asks all. */
static bool direct_limit(const struct hearsay_config *c, uint32_t *index,
                         struct hsy_limit *out)
{
    uint64_t peer = c->role == HEARSAY_SEED ? 0 : 1;
    const struct hsy_limit rows[] = {
        {"ways to nodes", peer * HSY_WAYS_MAX, in_table(sizeof(struct hsy_way)),
         "drop the oldest"},
        {"senders of direct messages", peer * HSY_ONCE_MAX,
         in_table(sizeof(struct hsy_once_sender)), "not acknowledged"},
        {"direct messages seen",
         peer * (HSY_DIRECT_SEEN_MAX + HSY_DIRECT_RECEIPTS_MAX),
         in_table(HSY_DIRECT_FIXED_LEN), "drop the oldest"},
        {"direct messages open", peer * 2 * HSY_DIRECT_OPEN_MAX,
         HSY_DIRECT_LEN_MAX, "try again"},
        {"queries of others", peer * HSY_ASKED_MAX,
         in_table(2 * sizeof(struct hsy_query_name)), "drop the oldest"},
        {"facts of a read, all seeds together", peer * HSY_READ_FACTS_MAX,
         hsy_read_fact_len() + in_pool() + HSY_RECORD_LEN_MAX, "one at a time"},
        {"nodes that are asked", peer * HSY_QUERIES_MAX * HSY_QUERY_NODES_MAX,
         in_table(2 * HEARSAY_ID_LEN), "count only"},
    };

    HSY_ASSERT(peer <= 1);
    return pick(rows, sizeof(rows) / sizeof(rows[0]), index, out);
}

bool hsy_node_limit(const struct hearsay_config *c, uint32_t index,
                    struct hsy_limit *out)
{
    bool seed = c->role == HEARSAY_SEED;
    uint64_t graves = seed ? (uint64_t)c->peers_max + HSY_GRAVES_EXTRA : 0;
    const struct hsy_limit rows[] = {
        {"links", c->links_max, link_len(c), "refuse"},
        {"bytes queued to a link", c->links_max, c->queue_max,
         "announce, then close as slow"},
        {"ids to announce to a link", c->links_max,
         HSY_LANE_IDS_MAX * sizeof(struct hsy_bundle_id), "drop"},
        {"bytes of a link not parsed", c->links_max,
         (uint64_t)c->frame_max + HSY_IN_SLACK, "close as malformed"},
        {seed ? "registered peers" : "address book",
         seed ? c->peers_max : c->book_max, listed_len(c),
         seed ? "refuse" : "drop the oldest"},
        {"link snapshots", seed ? c->peers_max : 0,
         HSY_LINKS_COUNT_MAX * HEARSAY_ID_LEN, "cut"},
        {"tombstones", graves,
         in_table(sizeof(struct hsy_grave)) + HSY_ROW_LEN_MAX,
         "the oldest becomes a floor"},
        {"floors", graves, in_table(sizeof(struct hsy_floor)),
         "drop the oldest"},
        {"probes", hsy_probes_max(c),
         in_table(sizeof(struct hsy_probe)) +
             HSY_PROBE_TRIES * in_table(hsy_probe_try_len()),
         "counted, not probed"},
        {"trials", seed ? c->peers_max : 0, in_table(sizeof(struct hsy_trial)),
         "tried again after a minute"},
        {"refuted reports", seed ? HSY_VOICE_PAIRS_MAX : 0,
         sizeof(struct hsy_pair) + in_table(sizeof(struct hsy_refuter)),
         "forget the oldest"},
        {"dials back to peers", seed ? HSY_DIALBACKS_MAX : 0, HEARSAY_ID_LEN,
         "ten minutes later"},
        {"suspects held", seed ? 0 : c->links_max,
         in_table(sizeof(struct hsy_suspect)), "not reported"},
        {"jobs", c->jobs_max, job_len(), "try again"},
    };

    HSY_ASSERT(out != NULL);
    return pick(rows, sizeof(rows) / sizeof(rows[0]), &index, out) ||
           kept_limit(c, &index, out) || waiting_limit(c, &index, out) ||
           direct_limit(c, &index, out);
}

uint64_t hsy_node_limits_total(const struct hearsay_config *config)
{
    struct hsy_limit limit;
    uint64_t total = 0;

    for (uint32_t i = 0; hsy_node_limit(config, i, &limit); i++) {
        total += limit.bound * limit.each;
    }
    HSY_ASSERT(total > 0);
    return total;
}
