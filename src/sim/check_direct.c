/* A message is known by its content; so it is seen when a node delivers what
 * nobody sent, to whom it was not sent, or twice. An outcome is judged against
 * what the target's application got, never against the sender's word. */
#include "sim/check_direct.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"

#include <string.h>

/* An outcome is this late at most: timers, and what found no memory. */
#define OVERDUE_NS (10 * HSY_SECOND)

struct key {
    uint32_t node, life;
    uint64_t number;
};

/* What was asked for. */
struct asked {
    struct key key;
    uint64_t content;
    uint64_t due_ns;
    uint32_t to; /* HSY_NODE_NONE: a query. */
    uint32_t outcomes;
    uint32_t taken_life; /* Of the last process that got it, and 1. */
    bool taken;
    bool over; /* Its process is gone, or it was judged. */
    uint8_t unused[2];
};

struct content {
    uint64_t hash; /* Key. */
    struct key of;
};

/* A node, and a query of another one. */
struct pair {
    uint32_t node, origin;
    uint64_t seq;
};

static void init(struct hsy_table *t, const struct hsy_findings *f,
                 uint32_t key_len, uint32_t item_len)
{
    hsy_table_init(t, &f->mem,
                   (struct hsy_table_shape){.key_len = key_len,
                                            .item_len = item_len,
                                            .items_max = HSY_DIRECT_BOOK_MAX},
                   0);
}

int hsy_check_direct_init(struct hsy_check_direct *d, struct hsy_findings *f,
                          const struct hsy_cluster *cluster)
{
    *d = (struct hsy_check_direct){.f = f, .cluster = cluster};
    init(&d->asked, f, sizeof(struct key), sizeof(struct asked));
    init(&d->content, f, sizeof(uint64_t), sizeof(struct content));
    init(&d->heard, f, sizeof(struct pair), sizeof(struct pair));
    init(&d->answers, f, sizeof(struct pair), sizeof(struct pair));
    d->stalled_ns = hsy_mem_zalloc(&f->mem, f->count * sizeof(*d->stalled_ns));
    return d->stalled_ns == NULL ? HEARSAY_ERR_NOMEM : HEARSAY_OK;
}

void hsy_check_direct_fini(struct hsy_check_direct *d)
{
    if (d->f == NULL) {
        return;
    }
    hsy_table_fini(&d->asked);
    hsy_table_fini(&d->content);
    hsy_table_fini(&d->heard);
    hsy_table_fini(&d->answers);
    hsy_mem_free(&d->f->mem, d->stalled_ns);
}

static uint64_t hash_of(const uint8_t *payload, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ len;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ payload[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void broken(struct hsy_check_direct *d, enum hsy_invariant what,
                   uint32_t node, const char *text, uint64_t number)
{
    struct hsy_words words = {
        .text = text, .about = HSY_NODE_NONE, .a_text = "number", .a = number};
    hsy_findings_broken(d->f, what, node, &words);
}

static void *put(struct hsy_check_direct *d, struct hsy_table *t,
                 const void *key)
{
    void *item = NULL;
    hsy_findings_err(d->f, hsy_table_put(t, &item, key));
    return item;
}

void hsy_check_direct_asked(struct hsy_check_direct *d,
                            const struct hsy_direct_asked *asked)
{
    struct key key = {asked->node, asked->life, asked->number};
    uint64_t hash = hash_of(asked->payload, asked->payload_len);
    uint64_t timeout_ns =
        asked->timeout_ns == 0 ? 5 * HSY_SECOND : asked->timeout_ns;
    bool query = asked->to == HSY_NODE_NONE;
    if (query) {
        key.number |= UINT64_C(1) << 63; /* They count apart. */
        d->totals.queries++;
    } else {
        d->totals.sent++;
    }
    struct asked *a = put(d, &d->asked, &key);
    struct content *c = query ? NULL : put(d, &d->content, &hash);
    if (a != NULL) {
        a->content = hash;
        a->to = asked->to;
        a->due_ns = hsy_time_add(d->f->now_ns, timeout_ns);
    }
    if (c != NULL) {
        c->of = key;
    }
}

void hsy_check_direct_heard(struct hsy_check_direct *d, uint32_t node,
                            uint32_t origin, uint64_t seq)
{
    struct pair pair = {node, origin, seq};
    (void)put(d, &d->heard, &pair);
}

/* ---------------------------------------------------------------------- told
 */

static void on_taken(struct hsy_check_direct *d, uint32_t node,
                     const struct hearsay_message *m)
{
    uint64_t hash = hash_of(m->payload, m->payload_len);
    uint32_t life = hsy_cluster_life(d->cluster, node);
    uint32_t origin = HSY_NODE_NONE;
    bool known = hsy_cluster_find(d->cluster, &m->origin, &origin);
    const struct content *c = hsy_table_find(&d->content, &hash);
    struct asked *a = c == NULL ? NULL : hsy_table_find(&d->asked, &c->of);
    d->totals.taken++;
    hsy_findings_looked(d->f, HSY_D1);
    if (!known || a == NULL || a->to != node || a->key.node != origin ||
        a->key.number != m->seq) {
        broken(d, HSY_D1, node, "took what was not sent to it", m->seq);
        return;
    }
    if (a->taken && a->taken_life == life) {
        broken(d, HSY_D1, node, "took a direct message twice", m->seq);
    }
    a->taken = true;
    a->taken_life = life;
}

static struct asked *asked_of(struct hsy_check_direct *d, uint32_t node,
                              uint64_t number)
{
    struct key key = {node, hsy_cluster_life(d->cluster, node), number};
    return hsy_table_find(&d->asked, &key);
}

static void on_outcome(struct hsy_check_direct *d, uint32_t node,
                       const struct hearsay_effect *fx)
{
    struct asked *a = asked_of(d, node, fx->receipt.number);
    bool delivered = fx->receipt.outcome == HEARSAY_OUTCOME_DELIVERED;
    d->totals.delivered += delivered ? 1 : 0;
    d->totals.stopped += fx->receipt.outcome == HEARSAY_OUTCOME_STOPPED ? 1 : 0;
    d->totals.unanswered +=
        fx->receipt.outcome == HEARSAY_OUTCOME_NO_ANSWER ? 1 : 0;
    if (a == NULL) {
        broken(d, HSY_D3, node, "was told of what it never sent",
               fx->receipt.number);
        return;
    }
    a->outcomes++;
    hsy_findings_looked(d->f, HSY_D2);
    if (delivered && !a->taken) {
        broken(d, HSY_D2, node, "was told delivered, and nobody took it",
               fx->receipt.number);
    }
    if (a->outcomes > 1) {
        broken(d, HSY_D3, node, "was told two outcomes", fx->receipt.number);
    }
}

static void on_answer(struct hsy_check_direct *d, uint32_t node,
                      const struct hearsay_effect *fx)
{
    struct pair pair = {HSY_NODE_NONE, node, fx->answer.seq};
    bool known = hsy_cluster_find(d->cluster, &fx->answer.from, &pair.node);
    d->totals.answers++;
    hsy_findings_looked(d->f, HSY_Q1);
    if (!known || hsy_table_find(&d->heard, &pair) == NULL) {
        broken(d, HSY_Q1, node, "got an answer of who was not asked",
               fx->answer.seq);
        return;
    }
    /* Another process of ours may use the number again. */
    pair.seq =
        fx->answer.seq << 16 | (hsy_cluster_life(d->cluster, node) & 0xffff);
    if (hsy_table_find(&d->answers, &pair) != NULL) {
        broken(d, HSY_Q1, node, "got two answers of one node", fx->answer.seq);
    }
    (void)put(d, &d->answers, &pair);
}

static void on_done(struct hsy_check_direct *d, uint32_t node,
                    const struct hearsay_summary *s)
{
    struct hsy_direct_totals *t = &d->totals;
    struct asked *a = asked_of(d, node, s->seq | UINT64_C(1) << 63);
    t->done++;
    t->answered = s->answered;
    t->expected = s->expected;
    t->missing_count = s->missing_count;
    t->missing_listed = 0;
    hsy_findings_looked(d->f, HSY_Q1);
    if (a == NULL || ++a->outcomes > 1) {
        broken(d, HSY_D3, node, "was told of an end that is none", s->seq);
    }
    if (s->answered + s->missing_count != s->expected) {
        broken(d, HSY_Q1, node, "was told numbers that do not add up", s->seq);
    }
    for (uint32_t i = 0; i < s->missing_listed; i++) {
        struct pair pair = {HSY_NODE_NONE, node,
                            s->seq << 16 |
                                (hsy_cluster_life(d->cluster, node) & 0xffff)};
        bool known = hsy_cluster_find(d->cluster, &s->missing[i], &pair.node);
        if (!known || hsy_table_find(&d->answers, &pair) != NULL) {
            broken(d, HSY_Q1, node, "was told that one misses that is not",
                   s->seq);
        }
        if (t->missing_listed < HSY_DIRECT_MISSING_MAX) {
            t->missing[t->missing_listed] = pair.node;
            t->missing_listed++;
        }
    }
}

void hsy_check_direct_told(struct hsy_check_direct *d, uint32_t node,
                           const struct hearsay_effect *fx)
{
    if (fx->kind == HEARSAY_FX_DELIVER) {
        on_taken(d, node, fx->message);
    } else if (fx->kind == HEARSAY_FX_RECEIPT) {
        on_outcome(d, node, fx);
    } else if (fx->kind == HEARSAY_FX_ANSWER) {
        on_answer(d, node, fx);
    } else if (fx->kind == HEARSAY_FX_QUERY_DONE) {
        on_done(d, node, fx->summary);
    } /* Finds and members are no direct messages. */
}

/* ------------------------------------------------------------------- outcomes
 */

static void judge(struct hsy_check_direct *d, struct asked *a)
{
    a->over = true;
    hsy_findings_looked(d->f, HSY_D3);
    if (a->outcomes == 0) {
        broken(d, HSY_D3, a->key.node, "was not told what became of a message",
               a->key.number & ~(UINT64_C(1) << 63));
    }
}

void hsy_check_direct_ended(struct hsy_check_direct *d, uint32_t node,
                            bool by_itself)
{
    /* Those of its earlier processes are over. */
    for (uint32_t i = 0; i < d->asked.count; i++) {
        struct asked *a = hsy_table_at(&d->asked, i);
        if (a->key.node == node && !a->over) {
            if (by_itself) {
                judge(d, a);
            }
            a->over = true; /* Who is killed is told nothing. */
        }
    }
}

void hsy_check_direct_stalled(struct hsy_check_direct *d, uint32_t node)
{
    HSY_ASSERT(node < d->f->count);
    d->stalled_ns[node] = d->f->now_ns;
}

void hsy_check_direct_look(struct hsy_check_direct *d)
{
    for (uint32_t i = 0; i < d->f->count; i++) {
        if (hsy_cluster_process(d->cluster, i) != HSY_PROCESS_RUNNING ||
            hsy_cluster_slowness(d->cluster, i) > 0) {
            hsy_check_direct_stalled(d, i);
        }
    }
    for (uint32_t i = 0; i < d->asked.count; i++) {
        struct asked *a = hsy_table_at(&d->asked, i);
        uint64_t since_ns = hsy_time_max(a->due_ns, d->stalled_ns[a->key.node]);
        if (!a->over && d->f->now_ns > hsy_time_add(since_ns, OVERDUE_NS)) {
            judge(d, a);
        }
    }
}
