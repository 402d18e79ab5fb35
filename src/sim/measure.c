/* Everything is counted as it happens, from outside of the nodes: what they
 * deliver, what their links carry, what seeds record. A message is (origin,
 * process of the origin, seq), with a bit per node: has it come? A delivery
 * names an epoch instead of a process; the first one of an epoch shows which
 * process it stands for, as in ledger.c. */
#include "sim/measure.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "sim/measure_inner.h"

#include <string.h>

enum {
    BITS_LEN_MAX = 256 * 1024 * 1024,
    RECORDS_MAX = 1 << 20, /* Of deaths; more are not told apart. */
    PULLS_MAX = 1 << 16    /* Pairs; what more of them pull is payload. */
};

static uint32_t messages_max(uint32_t nodes)
{
    uint32_t fit = BITS_LEN_MAX / ((nodes + 7) / 8);
    return fit < HSY_MEASURE_MESSAGES ? fit : (uint32_t)HSY_MEASURE_MESSAGES;
}

static struct hsy_table_shape shape(size_t key_len, size_t item_len,
                                    uint32_t items_max)
{
    return (struct hsy_table_shape){.key_len = (uint32_t)key_len,
                                    .item_len = (uint32_t)item_len,
                                    .items_max = items_max};
}

int hsy_measure_create(struct hsy_measure **out, const struct hearsay_mem *mem,
                       const struct hsy_cluster *cluster)
{
    struct hsy_measure *m = hsy_mem_zalloc(mem, sizeof(*m));
    if (m == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    m->mem = *mem;
    m->cluster = cluster;
    m->count = hsy_cluster_count(cluster);
    m->seeds = hsy_cluster_seeds(cluster);
    m->late_ns = HSY_MEASURE_LATE_S * HSY_SECOND;
    m->mend.healed_ns = HEARSAY_NEVER;
    m->mend.linked_ns = HEARSAY_NEVER;
    m->mend.mended_ns = HEARSAY_NEVER;
    uint32_t most = messages_max(m->count);
    hsy_table_init(&m->messages, mem,
                   shape(sizeof(struct hsy_message_key),
                         sizeof(struct hsy_measured), most),
                   1);
    hsy_table_init(&m->epochs, mem,
                   shape(sizeof(struct hsy_epoch_key),
                         sizeof(struct hsy_measured_epoch), 2 * most),
                   1);
    hsy_table_init(&m->strikes, mem,
                   shape(sizeof(uint64_t), sizeof(struct hsy_strike), m->count),
                   1);
    hsy_table_init(&m->records, mem,
                   shape(sizeof(struct hsy_death_key),
                         sizeof(struct hsy_death_key), RECORDS_MAX),
                   1);
    hsy_table_init(&m->pulls, mem,
                   shape(sizeof(uint64_t), sizeof(struct hsy_pulls), PULLS_MAX),
                   1);
    m->members = hsy_mem_zalloc(mem, m->count * sizeof(*m->members));
    if (m->members == NULL) {
        hsy_measure_destroy(m);
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        m->members[i].joined_ns = HEARSAY_NEVER;
    }
    *out = m;
    return HEARSAY_OK;
}

void hsy_measure_destroy(struct hsy_measure *m)
{
    if (m == NULL) {
        return;
    }
    struct hearsay_mem mem = m->mem; /* Outlives the memory that held it. */
    for (uint32_t i = 0; i < m->messages.count; i++) {
        struct hsy_measured *message = hsy_table_at(&m->messages, i);
        hsy_mem_free(&mem, message->got);
    }
    hsy_table_fini(&m->messages);
    hsy_table_fini(&m->epochs);
    hsy_table_fini(&m->strikes);
    hsy_table_fini(&m->records);
    hsy_table_fini(&m->pulls);
    hsy_mem_free(&mem, m->members);
    hsy_mem_free(&mem, m->degrees);
    hsy_mem_free(&mem, m->degree_counts);
    hsy_mem_free(&mem, m->first.due);
    hsy_mem_free(&mem, m->sides);
    hsy_mem_free(&mem, m);
}

/* ---------------------------------------------------------------- messages */

static void keep_err(struct hsy_measure *m, int err)
{
    /* A full table is a limit, not a failure. */
    if (m->err == HEARSAY_OK && err == HEARSAY_ERR_NOMEM) {
        m->err = err;
    }
}

static int follow(struct hsy_measure *m, const struct hsy_message_key *key,
                  uint64_t payload_len)
{
    uint8_t *got = hsy_mem_zalloc(&m->mem, (m->count + 7) / 8);
    if (got == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    void *item;
    int err = hsy_table_put(&m->messages, &item, key);
    if (err != HEARSAY_OK) {
        hsy_mem_free(&m->mem, got);
        return err;
    }
    struct hsy_measured *message = item;
    message->published_ns = hsy_cluster_now(m->cluster);
    message->payload_len = payload_len;
    message->got = got;
    return HEARSAY_OK;
}

static void on_published(void *ctx, uint32_t node, uint64_t seq,
                         const uint8_t *payload, size_t payload_len)
{
    struct hsy_measure *m = ctx;
    (void)payload;
    struct hsy_message_key key = {
        .origin = node, .life = hsy_cluster_life(m->cluster, node), .seq = seq};
    HSY_ASSERT(node < m->count);
    if (hsy_table_find(&m->messages, &key) != NULL) {
        return; /* Told when published, and again when it was signed. */
    }
    m->is_full = m->messages.count == messages_max(m->count);
    if (!m->is_full) {
        keep_err(m, follow(m, &key, payload_len));
        hsy_measure_first_published(m, &key);
    }
}

static struct hsy_measured *find(const struct hsy_measure *m, uint32_t origin,
                                 uint64_t life, uint64_t seq)
{
    struct hsy_message_key key = {
        .origin = origin, .life = (uint32_t)life, .seq = seq};
    return hsy_table_find(&m->messages, &key);
}

/* Binds @epoch to @life, both ways. */
static void bind(struct hsy_measure *m, const struct hsy_epoch_key *epoch,
                 uint32_t life)
{
    void *item;
    int err = hsy_table_put(&m->epochs, &item, epoch);
    if (err == HEARSAY_OK) {
        ((struct hsy_measured_epoch *)item)->life = life;
        struct hsy_epoch_key claim = {
            .origin = epoch->origin, .is_life = 1, .value = life};
        err = hsy_table_put(&m->epochs, &item, &claim);
    }
    keep_err(m, err);
}

/* The message that a delivery is of; NULL: none that we follow. */
static struct hsy_measured *match(struct hsy_measure *m, uint32_t origin,
                                  const struct hearsay_message *message)
{
    struct hsy_epoch_key key = {.origin = origin, .value = message->epoch};
    const struct hsy_measured_epoch *known = hsy_table_find(&m->epochs, &key);
    if (known != NULL) {
        return find(m, origin, known->life, message->seq);
    }
    uint32_t newest = hsy_cluster_life(m->cluster, origin);
    for (uint64_t life = (uint64_t)newest + 1; life > 0; life--) {
        struct hsy_epoch_key claim = {
            .origin = origin, .is_life = 1, .value = life - 1};
        struct hsy_measured *found = find(m, origin, life - 1, message->seq);
        if (found != NULL && hsy_table_find(&m->epochs, &claim) == NULL) {
            bind(m, &key, (uint32_t)(life - 1));
            return found;
        }
    }
    return NULL;
}

void hsy_measure_leave_out(struct hsy_measure *m, uint32_t node)
{
    HSY_ASSERT(node < m->count);
    m->members[node].left_out = true;
}

static void delivered_first(struct hsy_measure *m, struct hsy_measured *found,
                            uint64_t now_ns, uint32_t hops)
{
    HSY_ASSERT(now_ns >= found->published_ns);
    m->delivered++;
    if (m->first.due != NULL || found->published_ns < m->from_ns) {
        return;
    }
    m->counts.deliveries++;
    hsy_histogram_add(&m->histograms[HSY_MEASURE_LATENCY],
                      now_ns - found->published_ns);
    hsy_histogram_add(&m->histograms[HSY_MEASURE_HOPS], hops);
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct hsy_measure *m = ctx;
    uint32_t origin;
    HSY_ASSERT(node < m->count);
    if (!hsy_cluster_find(m->cluster, &message->origin, &origin)) {
        m->counts.unknown++;
        return;
    }
    if (origin == node) {
        return;
    }
    struct hsy_measured *found = match(m, origin, message);
    if (found == NULL && m->is_full) {
        m->counts.ignored++;
    } else if (found == NULL) {
        m->counts.unknown++;
    } else if (hsy_measured_has(found, node)) {
        m->twice++;
    } else {
        found->got[node / 8] |= (uint8_t)(1u << (node % 8));
        hsy_measure_first_delivered(m, found, node, now_ns);
        hsy_measure_mend_delivered(m, node, found, now_ns);
        if (!m->members[node].left_out) {
            delivered_first(m, found, now_ns, message->hops);
        }
    }
}

/* --------------------------------------------------------------- processes */

static void on_started(void *ctx, uint32_t node)
{
    struct hsy_measure *m = ctx;
    HSY_ASSERT(node < m->count);
    struct hsy_member *member = &m->members[node];
    member->started_ns = hsy_cluster_now(m->cluster);
    member->joined_ns = HEARSAY_NEVER;
    if (member->was_started) {
        hsy_measure_recovered(m, node);
        member->well_ns = member->started_ns;
        /* Its bits stand for what the process before had got. */
        for (uint32_t i = 0; i < m->messages.count; i++) {
            struct hsy_measured *message = hsy_table_at(&m->messages, i);
            message->got[node / 8] &= (uint8_t) ~(1u << (node % 8));
        }
    }
    member->was_started = true;
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hsy_measure *m = ctx;
    (void)why;
    HSY_ASSERT(node < m->count);
    m->members[node].joined_ns = HEARSAY_NEVER;
}

static void on_joined(struct hsy_measure *m, uint32_t node, uint64_t now_ns)
{
    struct hsy_member *member = &m->members[node];
    if (member->joined_ns == HEARSAY_NEVER) {
        member->joined_ns = now_ns;
        hsy_histogram_add(&m->histograms[HSY_MEASURE_JOINS],
                          now_ns - member->started_ns);
    }
}

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct hsy_measure *m = ctx;
    const char *event = note->event;
    HSY_ASSERT(node < m->count);
    if (event[0] == 'g' && strcmp(event, "gossip-sent") == 0) {
        const struct hearsay_field *seq = hsy_note_find(note, "seq");
        HSY_ASSERT(seq != NULL);
        on_published(m, node, seq->u64, NULL, 0);
    } else if (event[0] == 'j' && strcmp(event, "joined") == 0) {
        on_joined(m, node, now_ns);
    } else if (event[0] == 'd') {
        keep_err(m, hsy_measure_death(m, node, now_ns, note));
    }
}

struct hsy_observer hsy_measure_observer(struct hsy_measure *m)
{
    return (struct hsy_observer){.ctx = m,
                                 .note = on_note,
                                 .delivered = on_delivered,
                                 .published = on_published,
                                 .started = on_started,
                                 .ended = on_ended,
                                 .sent = hsy_measure_sent};
}

int hsy_measure_err(const struct hsy_measure *m)
{
    return m->err;
}

/* ------------------------------------------------------------ the overlay */

static uint32_t load_bucket(uint32_t degree)
{
    uint32_t bucket = 0;
    while (degree > 0) {
        degree /= 2;
        bucket++;
    }
    return bucket < HSY_MEASURE_DEGREES ? bucket
                                        : (uint32_t)HSY_MEASURE_DEGREES - 1;
}

static void count_degrees(struct hsy_measure *m, const struct hsy_graph *g)
{
    memset(m->load, 0, sizeof(m->load));
    m->degrees_count = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        if (!g->present[i]) {
            continue;
        }
        struct hsy_measure_load *load = &m->load[load_bucket(g->degrees[i])];
        load->peers++;
        load->copies += m->members[i].copies;
        m->degrees[m->degrees_count++] = g->degrees[i];
        m->degree_counts[g->degrees[i]]++;
    }
    m->components = g->components;
    m->has_graph = true;
    m->has_fit = false;
}

int hsy_measure_graph(struct hsy_measure *m, const struct hsy_graph *g)
{
    HSY_ASSERT(g->count == m->count);
    uint32_t most = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        most = g->present[i] && g->degrees[i] > most ? g->degrees[i] : most;
    }
    uint32_t *degrees = hsy_mem_alloc(&m->mem, g->count * sizeof(*degrees));
    uint32_t *counts = hsy_mem_zalloc(&m->mem, (most + 1) * sizeof(*counts));
    if (degrees == NULL || counts == NULL) {
        hsy_mem_free(&m->mem, degrees);
        hsy_mem_free(&m->mem, counts);
        return HEARSAY_ERR_NOMEM;
    }
    hsy_mem_free(&m->mem, m->degrees);
    hsy_mem_free(&m->mem, m->degree_counts);
    m->degrees = degrees;
    m->degree_counts = counts;
    m->degree_counts_len = most + 1;
    count_degrees(m, g);
    return HEARSAY_OK;
}

int hsy_measure_fit(struct hsy_measure *m,
                    const struct hsy_powerlaw_options *options)
{
    if (m->degrees_count == 0) {
        return HEARSAY_ERR_INVALID;
    }
    int err = hsy_powerlaw_fit(&m->fit, &m->mem, m->degrees, m->degrees_count,
                               options);
    m->has_fit = err == HEARSAY_OK;
    return err;
}

bool hsy_measure_degrees(const struct hsy_measure *m, const uint32_t **out,
                         uint32_t *out_len)
{
    if (m->has_graph) {
        *out = m->degree_counts;
        *out_len = m->degree_counts_len;
    }
    return m->has_graph;
}

bool hsy_measure_powerlaw(const struct hsy_measure *m, struct hsy_powerlaw *out)
{
    if (m->has_fit) {
        *out = m->fit;
    }
    return m->has_fit;
}

struct hsy_measure_load hsy_measure_load(const struct hsy_measure *m,
                                         uint32_t bucket)
{
    HSY_ASSERT(bucket < HSY_MEASURE_DEGREES);
    return m->load[bucket];
}
