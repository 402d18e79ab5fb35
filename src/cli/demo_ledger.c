/* What the logs add up to, in memory that does not grow with the log: for
 * each message a bitmap of the nodes that delivered it, for each peer a
 * bitmap of those it says it is linked with, and latencies in a histogram.
 *
 * Lines of different nodes come in any order, so a node may be named before
 * its own first line was read. Hence two numberings: a node's number is known
 * from the pipe that a line came through; an id gets an ident when first
 * named, and the ident gets its node when that node's "started" is read. For
 * the same reason a delivery may be read before the sending of its message;
 * its latency then waits in `early`. */
#include "cli/demo_ledger.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/table.h"
#include "cli/demo_stats.h"

#include <string.h>

#define NOBODY UINT32_MAX
enum { EARLY_MAX = 2048, SETTLE_US = 2000000 };
_Static_assert(HSY_LEDGER_PEERS_MAX < 1 << 23, "an ident must fit its key");

struct ident {
    struct hearsay_id id; /* The key. */
    uint32_t number;
    uint32_t node; /* NOBODY until it started. */
};

/* A message: (origin's ident, seq) in one number. */
struct message {
    uint64_t key;
    uint64_t sent_us; /* 0: its sender's line was not read yet. */
    uint64_t seen[];  /* A bit for each node. */
};

struct early {
    uint64_t key, seen_us;
    uint32_t node;
};

struct hsy_demo_ledger {
    struct hearsay_mem mem;
    struct hsy_demo_ledger_shape shape;
    uint32_t nodes_count;
    uint32_t words;                     /* 64-bit words of a bitmap of nodes. */
    struct hsy_demo_ledger_node *nodes; /* Owned. */
    uint32_t *ident_of;                 /* Owned; by node. */
    uint32_t *parents;                  /* Owned; scratch of the components. */
    uint64_t *sees; /* Owned; nodes_count rows of `words`, by ident. */
    struct hsy_table idents;
    struct hsy_table messages;
    struct early early[EARLY_MAX];
    uint32_t early_count;
    struct hsy_histogram latency;
    uint64_t twice, unfollowed, lines_lost;
};

static bool bit_get(const uint64_t *bits, uint32_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static void bit_put(uint64_t *bits, uint32_t i, bool value)
{
    uint64_t mask = UINT64_C(1) << (i % 64);
    bits[i / 64] = value ? bits[i / 64] | mask : bits[i / 64] & ~mask;
}

static bool is_peer(const struct hsy_demo_ledger *l, uint32_t node)
{
    return node >= l->shape.seeds;
}

/* ------------------------------------------------------------- life */

void hsy_demo_ledger_destroy(struct hsy_demo_ledger *l)
{
    if (l == NULL) {
        return;
    }
    struct hearsay_mem mem = l->mem;
    hsy_table_fini(&l->messages);
    hsy_table_fini(&l->idents);
    hsy_mem_free(&mem, l->sees);
    hsy_mem_free(&mem, l->parents);
    hsy_mem_free(&mem, l->ident_of);
    hsy_mem_free(&mem, l->nodes);
    hsy_mem_free(&mem, l);
}

static void tables_init(struct hsy_demo_ledger *l)
{
    size_t message_len =
        sizeof(struct message) + (size_t)l->words * sizeof(uint64_t);
    struct hsy_table_shape idents = {.key_len = sizeof(struct hearsay_id),
                                     .item_len = sizeof(struct ident),
                                     .items_max = l->nodes_count};
    struct hsy_table_shape messages = {.key_len = sizeof(uint64_t),
                                       .item_len = (uint32_t)message_len,
                                       .items_max = l->shape.messages_max};
    hsy_table_init(&l->idents, &l->mem, idents, 0);
    hsy_table_init(&l->messages, &l->mem, messages, 0);
}

int hsy_demo_ledger_create(struct hsy_demo_ledger **out,
                           const struct hsy_demo_ledger_shape *shape,
                           const struct hearsay_mem *mem)
{
    HSY_ASSERT(shape->seeds >= 1 && shape->seeds <= HEARSAY_SEEDS_MAX);
    HSY_ASSERT(shape->peers >= 1 && shape->peers <= HSY_LEDGER_PEERS_MAX);
    HSY_ASSERT(shape->messages_max >= 1);
    struct hsy_demo_ledger *l = hsy_mem_zalloc(mem, sizeof(*l));
    if (l == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    uint32_t n = shape->seeds + shape->peers;
    l->mem = *mem;
    l->shape = *shape;
    l->nodes_count = n;
    l->words = (n + 63) / 64;
    tables_init(l);
    l->nodes = hsy_mem_zalloc(mem, n * sizeof(*l->nodes));
    l->ident_of = hsy_mem_zalloc(mem, n * sizeof(*l->ident_of));
    l->parents = hsy_mem_zalloc(mem, n * sizeof(*l->parents));
    l->sees = hsy_mem_zalloc(mem, (size_t)n * l->words * sizeof(*l->sees));
    if (l->nodes == NULL || l->ident_of == NULL || l->parents == NULL ||
        l->sees == NULL) {
        hsy_demo_ledger_destroy(l);
        return HEARSAY_ERR_NOMEM;
    }
    memset(l->ident_of, 0xff, n * sizeof(*l->ident_of)); /* NOBODY */
    *out = l;
    return 0;
}

/* ----------------------------------------------------------- idents */

/* NULL: a stranger, for whom there is no room, or no id at all. */
static struct ident *ident_get(struct hsy_demo_ledger *l,
                               const struct hearsay_id *id)
{
    static const struct hearsay_id none;
    struct ident *found = hsy_table_find(&l->idents, id);
    if (found != NULL || memcmp(id, &none, sizeof(none)) == 0) {
        return found;
    }
    void *added;
    uint32_t number = l->idents.count;
    if (hsy_table_put(&l->idents, &added, id) != 0) {
        return NULL;
    }
    found = added;
    found->number = number;
    found->node = NOBODY;
    return found;
}

uint32_t hsy_demo_ledger_find(const struct hsy_demo_ledger *l,
                              const struct hearsay_id *id)
{
    const struct ident *found = hsy_table_find(&l->idents, id);
    return found == NULL ? NOBODY : found->node;
}

/* Nothing is ever removed from idents, so a number is also a position. */
static uint32_t node_of_ident(const struct hsy_demo_ledger *l, uint32_t number)
{
    const struct ident *ident = hsy_table_at(&l->idents, number);
    return ident->node;
}

static void take_started(struct hsy_demo_ledger *l, uint32_t node,
                         const struct hearsay_id *id)
{
    struct ident *ident = ident_get(l, id);
    if (ident == NULL || ident->node != NOBODY) {
        return;
    }
    ident->node = node;
    l->ident_of[node] = ident->number;
    l->nodes[node].id = *id;
    l->nodes[node].started = true;
}

/* --------------------------------------------------------- messages */

static uint64_t message_key(uint32_t ident, uint64_t seq)
{
    return (uint64_t)ident << 40 | (seq & ((UINT64_C(1) << 40) - 1));
}

/* NULL: not followed. */
static struct message *message_get(struct hsy_demo_ledger *l, uint64_t key)
{
    struct message *found = hsy_table_find(&l->messages, &key);
    void *added;
    if (found == NULL && hsy_table_put(&l->messages, &added, &key) == 0) {
        found = added;
    }
    return found;
}

/* Only what happens between untouched peers says how fast the network is. */
static void latency_add(struct hsy_demo_ledger *l,
                        const struct message *message, uint32_t node,
                        uint64_t seen_us)
{
    uint32_t origin = node_of_ident(l, (uint32_t)(message->key >> 40));
    const struct hsy_demo_ledger_node *to = &l->nodes[node];
    if (origin == NOBODY || origin == node || !to->joined ||
        to->joined_us > message->sent_us || to->fate != HSY_FATE_NONE ||
        l->nodes[origin].fate != HSY_FATE_NONE) {
        return;
    }
    hsy_histogram_add(&l->latency, seen_us > message->sent_us
                                       ? seen_us - message->sent_us
                                       : 0);
}

static void early_resolve(struct hsy_demo_ledger *l,
                          const struct message *message)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->early_count; i++) {
        struct early *e = &l->early[i];
        if (e->key == message->key) {
            latency_add(l, message, e->node, e->seen_us);
        } else {
            l->early[kept++] = *e;
        }
    }
    l->early_count = kept;
}

static void take_sent(struct hsy_demo_ledger *l, uint32_t node,
                      const struct hsy_demo_line *line)
{
    l->nodes[node].published++;
    if (l->ident_of[node] == NOBODY) {
        return;
    }
    struct message *message =
        message_get(l, message_key(l->ident_of[node], line->seq));
    if (message == NULL) {
        l->unfollowed++;
        return;
    }
    message->sent_us = line->mono_us > 0 ? line->mono_us : 1;
    early_resolve(l, message);
}

static void take_seen(struct hsy_demo_ledger *l, uint32_t node,
                      const struct hsy_demo_line *line)
{
    l->nodes[node].delivered++;
    struct ident *origin = ident_get(l, &line->id);
    if (origin == NULL) {
        return;
    }
    struct message *message =
        message_get(l, message_key(origin->number, line->seq));
    if (message == NULL) {
        return;
    }
    if (bit_get(message->seen, node)) {
        l->twice++;
        return;
    }
    bit_put(message->seen, node, true);
    if (message->sent_us > 0) {
        latency_add(l, message, node, line->mono_us);
    } else if (l->early_count < EARLY_MAX) {
        l->early[l->early_count++] = (struct early){
            .key = message->key, .seen_us = line->mono_us, .node = node};
    }
}

/* ------------------------------------------------ joining and links */

static void take_joined(struct hsy_demo_ledger *l, uint64_t now_us,
                        uint32_t node, const struct hsy_demo_line *line)
{
    struct hsy_demo_ledger_node *n = &l->nodes[node];
    if (n->joined) {
        return;
    }
    n->joined = true;
    n->joined_us = now_us;
    n->join_ms = line->after_ms;
    n->dials = line->dials;
}

static void take_link(struct hsy_demo_ledger *l, uint64_t now_us, uint32_t node,
                      const struct hsy_demo_line *line)
{
    bool up = line->event == HSY_DEMO_CONNECT;
    if (node < l->shape.seeds) {
        return; /* The overlay is the peers'. */
    }
    struct ident *other = ident_get(l, &line->id);
    if (other == NULL) {
        return;
    }
    bit_put(l->sees + (size_t)node * l->words, other->number, up);
    struct hsy_demo_ledger_node *n = &l->nodes[node];
    if (up && n->fate == HSY_FATE_THAWED && n->connected_us == 0) {
        n->connected_us = now_us;
    }
}

static bool alive(const struct hsy_demo_ledger *l, uint32_t node)
{
    const struct hsy_demo_ledger_node *n = &l->nodes[node];
    return !n->gone && n->fate != HSY_FATE_KILLED && n->fate != HSY_FATE_FROZEN;
}

static bool untouched(const struct hsy_demo_ledger *l, uint32_t node)
{
    return l->nodes[node].fate == HSY_FATE_NONE;
}

static bool sees(const struct hsy_demo_ledger *l, uint32_t from, uint32_t to)
{
    return l->ident_of[to] != NOBODY &&
           bit_get(l->sees + (size_t)from * l->words, l->ident_of[to]);
}

static bool linked(const struct hsy_demo_ledger *l, uint32_t a, uint32_t b)
{
    return a != b && alive(l, a) && alive(l, b) &&
           (sees(l, a, b) || sees(l, b, a));
}

uint32_t hsy_demo_ledger_degree(const struct hsy_demo_ledger *l, uint32_t node)
{
    uint32_t degree = 0;
    for (uint32_t other = l->shape.seeds; other < l->nodes_count; other++) {
        degree += is_peer(l, node) && linked(l, node, other);
    }
    return degree;
}

/* --------------------------------------------------- deaths, returns */

static uint32_t seeds_counted(uint32_t bits)
{
    uint32_t count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

static void take_removed(struct hsy_demo_ledger *l, uint64_t now_us,
                         uint32_t seed, const struct hsy_demo_line *line)
{
    uint32_t subject = hsy_demo_ledger_find(l, &line->id);
    if (subject == NOBODY || is_peer(l, seed)) {
        return;
    }
    struct hsy_demo_ledger_node *n = &l->nodes[subject];
    n->removed_by |= UINT32_C(1) << seed;
    if (n->removed_us == 0 &&
        seeds_counted(n->removed_by) > l->shape.seeds / 2) {
        n->removed_us = now_us;
    }
}

static void take_registered(struct hsy_demo_ledger *l, uint64_t now_us,
                            uint32_t seed, const struct hsy_demo_line *line)
{
    uint32_t subject = hsy_demo_ledger_find(l, &line->id);
    if (subject == NOBODY || is_peer(l, seed)) {
        return;
    }
    struct hsy_demo_ledger_node *n = &l->nodes[subject];
    if (n->fate == HSY_FATE_THAWED && n->registered_us == 0) {
        n->registered_us = now_us;
    }
}

void hsy_demo_ledger_fate(struct hsy_demo_ledger *l, uint64_t now_us,
                          uint32_t node, enum hsy_fate fate)
{
    HSY_ASSERT(node < l->nodes_count);
    struct hsy_demo_ledger_node *n = &l->nodes[node];
    HSY_ASSERT(fate != HSY_FATE_NONE);
    HSY_ASSERT(n->fate ==
               (fate == HSY_FATE_THAWED ? HSY_FATE_FROZEN : HSY_FATE_NONE));
    n->fate = fate;
    if (fate == HSY_FATE_THAWED) {
        n->thaw_us = now_us;
        return;
    }
    n->fault_us = now_us;
    n->removed_by = 0; /* What came before was about something else. */
    n->removed_us = 0;
}

void hsy_demo_ledger_gone(struct hsy_demo_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->nodes_count);
    l->nodes[node].gone = true;
}

/* ------------------------------------------------------------ lines */

void hsy_demo_ledger_take(struct hsy_demo_ledger *l, uint64_t now_us,
                          uint32_t node, const struct hsy_demo_line *line)
{
    HSY_ASSERT(node < l->nodes_count);
    switch (line->event) {
    case HSY_DEMO_STARTED:
        take_started(l, node, &line->id);
        break;
    case HSY_DEMO_JOINED:
        take_joined(l, now_us, node, line);
        break;
    case HSY_DEMO_CONNECT:
    case HSY_DEMO_DISCONNECT:
        take_link(l, now_us, node, line);
        break;
    case HSY_DEMO_SENT:
        take_sent(l, node, line);
        break;
    case HSY_DEMO_SEEN:
        take_seen(l, node, line);
        break;
    case HSY_DEMO_STRIKE:
        l->nodes[node].strikes++;
        break;
    case HSY_DEMO_REPORT:
        l->nodes[node].reports++;
        break;
    case HSY_DEMO_REMOVED:
        take_removed(l, now_us, node, line);
        break;
    case HSY_DEMO_REGISTERED:
        take_registered(l, now_us, node, line);
        break;
    case HSY_DEMO_LOST:
        l->lines_lost += line->count;
        break;
    case HSY_DEMO_OTHER:
        break;
    }
}

const struct hsy_demo_ledger_node *
hsy_demo_ledger_node(const struct hsy_demo_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->nodes_count);
    return &l->nodes[node];
}

uint64_t hsy_demo_ledger_published(const struct hsy_demo_ledger *l)
{
    uint64_t published = 0;
    for (uint32_t i = 0; i < l->nodes_count; i++) {
        published += l->nodes[i].published;
    }
    return published;
}

/* ---------------------------------------------------------- figures */

static void sum_joins(const struct hsy_demo_ledger *l,
                      struct hsy_demo_ledger_report *out)
{
    for (uint32_t i = l->shape.seeds; i < l->nodes_count; i++) {
        const struct hsy_demo_ledger_node *n = &l->nodes[i];
        out->dead_reports += n->reports;
        if (n->joined) {
            out->joined++;
            out->dials += n->dials;
            out->join_ms_max =
                n->join_ms > out->join_ms_max ? n->join_ms : out->join_ms_max;
        }
    }
}

static uint32_t links_one_sided(const struct hsy_demo_ledger *l)
{
    uint32_t count = 0;
    for (uint32_t a = l->shape.seeds; a < l->nodes_count; a++) {
        for (uint32_t b = l->shape.seeds; b < a; b++) {
            count += linked(l, a, b) && sees(l, a, b) != sees(l, b, a);
        }
    }
    return count;
}

static void sum_links(const struct hsy_demo_ledger *l,
                      struct hsy_demo_ledger_report *out)
{
    uint32_t ends = 0;
    out->min_degree = UINT32_MAX;
    for (uint32_t i = l->shape.seeds; i < l->nodes_count; i++) {
        uint32_t degree = hsy_demo_ledger_degree(l, i);
        if (!alive(l, i)) {
            continue;
        }
        ends += degree;
        out->min_degree = degree < out->min_degree ? degree : out->min_degree;
        out->max_degree = degree > out->max_degree ? degree : out->max_degree;
    }
    out->min_degree = out->min_degree == UINT32_MAX ? 0 : out->min_degree;
    out->links = ends / 2;
    out->links_one_sided = links_one_sided(l);
}

static void sum_components(struct hsy_demo_ledger *l,
                           struct hsy_demo_ledger_report *out)
{
    for (uint32_t i = 0; i < l->nodes_count; i++) {
        l->parents[i] = i;
    }
    for (uint32_t a = l->shape.seeds; a < l->nodes_count; a++) {
        for (uint32_t b = l->shape.seeds; b < a; b++) {
            if (untouched(l, a) && untouched(l, b) && linked(l, a, b)) {
                hsy_union_join(l->parents, a, b);
            }
        }
    }
    for (uint32_t i = l->shape.seeds; i < l->nodes_count; i++) {
        out->components +=
            untouched(l, i) && hsy_union_find(l->parents, i) == i;
    }
}

static void sum_message(const struct hsy_demo_ledger *l,
                        const struct message *message,
                        struct hsy_demo_ledger_report *out)
{
    uint32_t origin = node_of_ident(l, (uint32_t)(message->key >> 40));
    if (origin == NOBODY || !untouched(l, origin)) {
        return;
    }
    for (uint32_t i = l->shape.seeds; i < l->nodes_count; i++) {
        const struct hsy_demo_ledger_node *n = &l->nodes[i];
        if (i == origin || !untouched(l, i) || !n->joined ||
            n->joined_us > message->sent_us) {
            continue;
        }
        out->expected++;
        out->delivered += bit_get(message->seen, i);
    }
}

static void sum_messages(const struct hsy_demo_ledger *l, uint64_t end_us,
                         struct hsy_demo_ledger_report *out)
{
    for (uint32_t i = 0; i < l->messages.count; i++) {
        const struct message *message = hsy_table_at(&l->messages, i);
        if (message->sent_us > 0 && message->sent_us + SETTLE_US <= end_us) {
            sum_message(l, message, out);
        }
    }
    out->missed = out->expected - out->delivered;
    out->delivered_twice = l->twice;
    out->unfollowed = l->unfollowed;
    out->lines_lost = l->lines_lost;
    out->published = hsy_demo_ledger_published(l);
    out->latency_p50_us = hsy_histogram_percentile(&l->latency, 50);
    out->latency_p99_us = hsy_histogram_percentile(&l->latency, 99);
    out->latency_max_us = l->latency.max;
}

static void raise_to(uint64_t *max, uint64_t value)
{
    *max = value > *max ? value : *max;
}

static void sum_removal(const struct hsy_demo_ledger_node *n,
                        struct hsy_demo_ledger_report *out)
{
    if (n->removed_us == 0) {
        return;
    }
    if (n->fate == HSY_FATE_NONE) {
        out->removed_alive += !n->gone;
        return;
    }
    out->removed_dead++;
    raise_to(n->fate == HSY_FATE_KILLED ? &out->killed_max_us
                                        : &out->frozen_max_us,
             n->removed_us - n->fault_us);
}

/* One that nobody took off has nothing to register again, and its links may
 * have lived through the frost; else both must have been seen anew. */
static void sum_return(const struct hsy_demo_ledger *l, uint32_t node,
                       struct hsy_demo_ledger_report *out)
{
    const struct hsy_demo_ledger_node *n = &l->nodes[node];
    if (n->fate != HSY_FATE_THAWED) {
        return;
    }
    out->thawed++;
    bool taken_off = n->removed_by != 0;
    if (n->gone || hsy_demo_ledger_degree(l, node) == 0 ||
        (taken_off && (n->registered_us == 0 || n->connected_us == 0))) {
        return;
    }
    out->returned++;
    if (n->registered_us > 0) {
        raise_to(&out->returned_max_us, n->registered_us - n->thaw_us);
    }
    if (n->connected_us > 0) {
        raise_to(&out->returned_max_us, n->connected_us - n->thaw_us);
    }
}

void hsy_demo_ledger_sum(struct hsy_demo_ledger *l, uint64_t end_us,
                         struct hsy_demo_ledger_report *out)
{
    *out = (struct hsy_demo_ledger_report){0};
    sum_joins(l, out);
    sum_links(l, out);
    sum_components(l, out);
    sum_messages(l, end_us, out);
    for (uint32_t i = l->shape.seeds; i < l->nodes_count; i++) {
        sum_removal(&l->nodes[i], out);
        sum_return(l, i, out);
    }
}
