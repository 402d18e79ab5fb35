/* One entry per message, with a bit per node: has the present process got it?
 *
 * A message is (origin, process of the origin, seq). A delivery names an
 * epoch instead of a process; which process an epoch belongs to is learnt
 * from the first delivery that matches something published by a process that
 * no other epoch stands for. Nothing of the node's bookkeeping is trusted. */
#include "sim/ledger.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/table.h"

#include <string.h>

enum { MESSAGES_MAX = 1 << 24 };

struct message_key {
    uint32_t origin;
    uint32_t process;
    uint64_t seq;
};

struct message {
    struct message_key key;
    uint64_t published_ns;
    uint64_t print;
    uint64_t payload_len;
    uint8_t *got; /* Owned: a bit per node; the others lie behind it. */
    uint8_t *judged, *lost;
};

/* (origin, epoch) -> process, and (origin, process) -> known. */
struct epoch_key {
    uint32_t origin;
    uint32_t is_process;
    uint64_t value;
};

struct epoch {
    struct epoch_key key;
    uint64_t process;
};

struct member {
    uint32_t process; /* Starts so far. */
    bool up;
    bool here; /* The present process has joined. */
    bool unsure;
    bool forgot;        /* An epoch of it may stand for several processes. */
    uint64_t joined_ns; /* NEVER: not yet. */
};

struct hsy_ledger {
    struct hearsay_mem mem;
    uint32_t count;
    struct member *members; /* Owned. */
    struct hsy_table messages;
    struct hsy_table epochs;
    struct hsy_totals totals;
    const char *broken;
    bool remembers, owes;
};

int hsy_ledger_create(struct hsy_ledger **out, uint32_t nodes_count,
                      const struct hearsay_mem *mem)
{
    HSY_ASSERT(nodes_count > 0);
    struct hsy_ledger *l = hsy_mem_zalloc(mem, sizeof(*l));
    if (l == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    l->mem = *mem;
    l->count = nodes_count;
    l->broken = "";
    struct hsy_table_shape messages = {.key_len = sizeof(struct message_key),
                                       .item_len = sizeof(struct message),
                                       .items_max = MESSAGES_MAX};
    struct hsy_table_shape epochs = {.key_len = sizeof(struct epoch_key),
                                     .item_len = sizeof(struct epoch),
                                     .items_max = MESSAGES_MAX};
    hsy_table_init(&l->messages, mem, messages, 1);
    hsy_table_init(&l->epochs, mem, epochs, 1);
    l->members = hsy_mem_zalloc(mem, nodes_count * sizeof(*l->members));
    if (l->members == NULL) {
        hsy_ledger_destroy(l);
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < nodes_count; i++) {
        l->members[i].joined_ns = HEARSAY_NEVER;
    }
    *out = l;
    return HEARSAY_OK;
}

void hsy_ledger_destroy(struct hsy_ledger *l)
{
    if (l == NULL) {
        return;
    }
    struct hearsay_mem mem = l->mem; /* Outlives the memory that held it. */
    for (uint32_t i = 0; i < l->messages.count; i++) {
        struct message *m = hsy_table_at(&l->messages, i);
        hsy_mem_free(&mem, m->got);
    }
    hsy_table_fini(&l->messages);
    hsy_table_fini(&l->epochs);
    hsy_mem_free(&mem, l->members);
    hsy_mem_free(&mem, l);
}

static bool has(const struct message *m, uint32_t node)
{
    return ((m->got[node / 8] >> (node % 8)) & 1) != 0;
}

static void set_got(struct message *m, uint32_t node, bool got)
{
    uint8_t bit = (uint8_t)(1u << (node % 8));
    if (got) {
        m->got[node / 8] |= bit;
    } else {
        m->got[node / 8] &= (uint8_t)~bit;
    }
}

void hsy_ledger_remember(struct hsy_ledger *l, bool owes)
{
    HSY_ASSERT(l->totals.published == 0);
    l->remembers = true;
    l->owes = owes;
}

void hsy_ledger_unsure(struct hsy_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    l->members[node].unsure = true;
}

static bool remembers(const struct hsy_ledger *l, const struct member *member)
{
    return l->remembers && !member->unsure;
}

void hsy_ledger_started(struct hsy_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    struct member *member = &l->members[node];
    member->process++;
    member->up = true;
    member->here = false;
    if (!l->owes || !remembers(l, member)) {
        member->joined_ns = HEARSAY_NEVER;
    }
    if (member->process == 1 || remembers(l, member)) {
        return; /* Nothing to forget. */
    }
    for (uint32_t i = 0; i < l->messages.count; i++) {
        set_got(hsy_table_at(&l->messages, i), node, false);
    }
}

void hsy_ledger_joined(struct hsy_ledger *l, uint32_t node, uint64_t now_ns)
{
    HSY_ASSERT(node < l->count);
    l->members[node].here = true;
    if (l->members[node].joined_ns == HEARSAY_NEVER) {
        l->members[node].joined_ns = now_ns;
    }
}

void hsy_ledger_ended(struct hsy_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    l->members[node].up = false;
    l->members[node].here = false;
}

void hsy_ledger_forgot(struct hsy_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    l->members[node].forgot = true;
}

static void broke(struct hsy_ledger *l, uint64_t *count, const char *text)
{
    (*count)++;
    if (l->broken[0] == '\0') {
        l->broken = text;
    }
}

/* True: it was not. */
static bool set(uint8_t *bits, uint32_t node)
{
    uint8_t bit = (uint8_t)(1u << (node % 8));
    bool is_new = (bits[node / 8] & bit) == 0;
    bits[node / 8] |= bit;
    return is_new;
}

/* True: @node has it. */
static bool judge(struct hsy_ledger *l, struct message *m, uint32_t node)
{
    bool got = has(m, node);
    l->totals.judged += set(m->judged, node) ? 1 : 0;
    l->totals.lost += !got && set(m->lost, node) ? 1 : 0;
    return got;
}

/* A fingerprint: FNV-1a over bytes. */
static uint64_t print_of(const uint8_t *data, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static bool same_payload(const struct message *m, const uint8_t *payload,
                         size_t payload_len)
{
    return m->payload_len == payload_len &&
           m->print == print_of(payload, payload_len);
}

int hsy_ledger_published(struct hsy_ledger *l, uint64_t now_ns,
                         const struct hsy_published *p)
{
    HSY_ASSERT(p->origin < l->count);
    struct message_key key = {.origin = p->origin,
                              .process = l->members[p->origin].process,
                              .seq = p->seq};
    struct message *m = hsy_table_find(&l->messages, &key);
    if (m != NULL) {
        if (!same_payload(m, p->payload, p->payload_len)) {
            broke(l, &l->totals.reused,
                  "B1: one sequence number stands for two messages");
        }
        return HEARSAY_OK;
    }
    size_t bits_len = (l->count + 7) / 8;
    uint8_t *got = hsy_mem_zalloc(&l->mem, 3 * bits_len);
    if (got == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    void *item;
    int err = hsy_table_put(&l->messages, &item, &key);
    if (err != HEARSAY_OK) {
        hsy_mem_free(&l->mem, got);
        return err;
    }
    m = item;
    m->published_ns = now_ns;
    m->print = print_of(p->payload, p->payload_len);
    m->payload_len = p->payload_len;
    m->got = got;
    m->judged = got + bits_len;
    m->lost = got + 2 * bits_len;
    l->totals.published++;
    return HEARSAY_OK;
}

static struct message *find_message(const struct hsy_ledger *l, uint32_t origin,
                                    uint64_t process, uint64_t seq)
{
    struct message_key key = {
        .origin = origin, .process = (uint32_t)process, .seq = seq};
    return hsy_table_find(&l->messages, &key);
}

/* The newest process of @origin that has published this and that no epoch
 * stands for; with other bytes if need be; 0: none. */
static uint32_t unclaimed(const struct hsy_ledger *l, uint32_t origin,
                          const struct hearsay_message *message)
{
    uint32_t other = 0;
    for (uint32_t p = l->members[origin].process; p > 0; p--) {
        struct epoch_key key = {.origin = origin, .is_process = 1, .value = p};
        const struct message *m = find_message(l, origin, p, message->seq);
        if (m == NULL || hsy_table_find(&l->epochs, &key) != NULL) {
            continue;
        }
        if (same_payload(m, message->payload, message->payload_len)) {
            return p;
        }
        other = other == 0 ? p : other;
    }
    return other;
}

/* *@out: the process that @epoch stands for; 0: none can be. */
static int process_of(struct hsy_ledger *l, uint32_t *out, uint32_t origin,
                      const struct hearsay_message *message)
{
    struct epoch_key key = {.origin = origin, .value = message->epoch};
    const struct epoch *known = hsy_table_find(&l->epochs, &key);
    if (known != NULL) {
        *out = (uint32_t)known->process;
        return HEARSAY_OK;
    }
    uint32_t process = unclaimed(l, origin, message);
    *out = process;
    if (process == 0) {
        return HEARSAY_OK;
    }
    void *item;
    int err = hsy_table_put(&l->epochs, &item, &key);
    if (err != HEARSAY_OK) {
        return err;
    }
    ((struct epoch *)item)->process = process;
    struct epoch_key claim = {
        .origin = origin, .is_process = 1, .value = process};
    return hsy_table_put(&l->epochs, &item, &claim);
}

/* By an @origin that forgot its epochs: of the messages of that number and
 * payload, one that @node has not got; else one that it has; else any. */
static struct message *find_by_payload(const struct hsy_ledger *l,
                                       uint32_t node, uint32_t origin,
                                       const struct hearsay_message *message)
{
    struct message *best = NULL;
    bool best_same = false;
    for (uint32_t p = l->members[origin].process; p > 0; p--) {
        struct message *m = find_message(l, origin, p, message->seq);
        if (m == NULL) {
            continue;
        }
        bool same = same_payload(m, message->payload, message->payload_len);
        if (same && !has(m, node)) {
            return m;
        }
        if (best == NULL || (same && !best_same)) {
            best = m;
            best_same = same;
        }
    }
    return best;
}

/* *@out: what was delivered; NULL: it was never published. */
static int find_delivered(struct hsy_ledger *l, struct message **out,
                          uint32_t node, uint32_t origin,
                          const struct hearsay_message *message)
{
    if (l->members[origin].forgot) {
        *out = find_by_payload(l, node, origin, message);
        return HEARSAY_OK;
    }
    uint32_t process = 0;
    int err = process_of(l, &process, origin, message);
    *out = err != HEARSAY_OK || process == 0
               ? NULL
               : find_message(l, origin, process, message->seq);
    return err;
}

int hsy_ledger_delivered(struct hsy_ledger *l, uint32_t node, int64_t origin,
                         const struct hearsay_message *message)
{
    HSY_ASSERT(node < l->count);
    HSY_ASSERT(origin < (int64_t)l->count);
    if (origin == (int64_t)node) {
        return HEARSAY_OK; /* May come before we are told of it. */
    }
    struct message *m = NULL;
    if (origin >= 0) {
        int err = find_delivered(l, &m, node, (uint32_t)origin, message);
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    if (m == NULL) {
        broke(l, &l->totals.phantom, "B1: delivered but never published");
        return HEARSAY_OK;
    }
    if (has(m, node) && message->again && l->remembers) {
        return HEARSAY_OK; /* As it says itself. */
    }
    if (has(m, node)) {
        broke(l, &l->totals.twice, "B2: delivered twice");
        return HEARSAY_OK;
    }
    set_got(m, node, true);
    l->totals.delivered++;
    if (!same_payload(m, message->payload, message->payload_len)) {
        broke(l, &l->totals.altered, "B4: delivered with other bytes");
    }
    return HEARSAY_OK;
}

bool hsy_ledger_late(struct hsy_ledger *l, uint32_t node,
                     const struct hsy_late *late)
{
    HSY_ASSERT(node < l->count);
    HSY_ASSERT(late->origin < l->count);
    const struct member *origin = &l->members[late->origin];
    struct epoch_key key = {.origin = late->origin, .value = late->epoch};
    if (origin->forgot) {
        return false;
    }
    const struct epoch *known = hsy_table_find(&l->epochs, &key);
    for (uint64_t seq = late->from; seq <= late->to; seq++) {
        for (uint64_t p = origin->process; p > 0; p--) {
            struct message *m = find_message(l, late->origin, p, seq);
            if (m != NULL && known != NULL && known->process == p) {
                set_got(m, node, true);
            }
        }
    }
    return true;
}

struct hsy_totals hsy_ledger_totals(const struct hsy_ledger *l)
{
    return l->totals;
}

const char *hsy_ledger_broken(const struct hsy_ledger *l)
{
    return l->broken;
}

static bool is_expected(const struct hsy_ledger *l, const struct message *m,
                        uint32_t node, const struct hsy_expectation *e)
{
    return node != m->key.origin && l->members[node].up &&
           l->members[node].joined_ns <= m->published_ns &&
           (e->counts == NULL || e->counts(e->ctx, m->key.origin, node));
}

static void count_missing(const struct hsy_ledger *l, const struct message *m,
                          const struct hsy_expectation *e,
                          struct hsy_missing *out)
{
    for (uint32_t node = 0; node < l->count; node++) {
        if (!is_expected(l, m, node, e)) {
            continue;
        }
        out->expected++;
        if (has(m, node)) {
            continue;
        }
        if (out->missed == 0) {
            out->origin = m->key.origin;
            out->node = node;
            out->seq = m->key.seq;
        }
        out->missed++;
    }
}

/* Who published and went may have taken the message along. */
static bool is_meant(const struct hsy_ledger *l, const struct message *m,
                     const struct hsy_expectation *e)
{
    const struct member *origin = &l->members[m->key.origin];
    return m->published_ns >= e->from_ns && m->published_ns <= e->to_ns &&
           origin->up && origin->process == m->key.process;
}

struct hsy_missing hsy_ledger_missing(const struct hsy_ledger *l,
                                      const struct hsy_expectation *e)
{
    struct hsy_missing missing = {0};
    for (uint32_t i = 0; i < l->messages.count; i++) {
        const struct message *m = hsy_table_at(&l->messages, i);
        if (is_meant(l, m, e)) {
            count_missing(l, m, e, &missing);
        }
    }
    return missing;
}

struct hsy_missing hsy_ledger_judge(struct hsy_ledger *l,
                                    const struct hsy_expectation *e)
{
    for (uint32_t i = 0; i < l->messages.count; i++) {
        struct message *m = hsy_table_at(&l->messages, i);
        for (uint32_t node = 0; is_meant(l, m, e) && node < l->count; node++) {
            if (is_expected(l, m, node, e)) {
                (void)judge(l, m, node);
            }
        }
    }
    return hsy_ledger_missing(l, e);
}

bool hsy_ledger_has_joined(const struct hsy_ledger *l, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    return l->members[node].here;
}

static bool is_member(const struct hsy_message_name *name,
                      const uint8_t *members, uint32_t node)
{
    return node != name->origin && ((members[node / 8] >> (node % 8)) & 1) != 0;
}

bool hsy_ledger_lacks(const struct hsy_ledger *l,
                      const struct hsy_message_name *name,
                      const uint8_t *members, uint32_t *out_node)
{
    HSY_ASSERT(name->origin < l->count);
    uint32_t process = l->members[name->origin].process;
    const struct message *m = find_message(l, name->origin, process, name->seq);
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_member(name, members, i) && (m == NULL || !has(m, i))) {
            *out_node = i;
            return true;
        }
    }
    return false;
}

void hsy_ledger_judge_members(struct hsy_ledger *l,
                              const struct hsy_message_name *name,
                              const uint8_t *members)
{
    HSY_ASSERT(name->origin < l->count);
    uint32_t process = l->members[name->origin].process;
    struct message *m = find_message(l, name->origin, process, name->seq);
    for (uint32_t i = 0; m != NULL && i < l->count; i++) {
        if (is_member(name, members, i)) {
            (void)judge(l, m, i);
        }
    }
}

bool hsy_ledger_find(const struct hsy_ledger *l, struct hsy_kept_message *out,
                     const struct hsy_kept_name *name)
{
    HSY_ASSERT(name->origin < l->count);
    const struct member *origin = &l->members[name->origin];
    struct epoch_key key = {.origin = name->origin, .value = name->epoch};
    const struct epoch *known = hsy_table_find(&l->epochs, &key);
    if (origin->forgot || (known == NULL && !name->own)) {
        return false;
    }
    uint64_t process = name->own ? origin->process : known->process;
    struct message *m = find_message(l, name->origin, process, name->seq);
    if (m == NULL) {
        return false;
    }
    *out = (struct hsy_kept_message){.message = m,
                                     .published_ns = m->published_ns};
    return true;
}

bool hsy_ledger_expects(const struct hsy_ledger *l,
                        const struct hsy_kept_message *m, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    struct hsy_expectation all = {0};
    return l->members[node].joined_ns <= m->published_ns &&
           is_expected(l, m->message, node, &all);
}

bool hsy_ledger_owes(const struct hsy_ledger *l,
                     const struct hsy_kept_message *m, uint32_t node)
{
    return hsy_ledger_expects(l, m, node) && !has(m->message, node);
}

bool hsy_ledger_judge_one(struct hsy_ledger *l,
                          const struct hsy_kept_message *m, uint32_t node)
{
    HSY_ASSERT(node < l->count);
    return judge(l, m->message, node);
}
