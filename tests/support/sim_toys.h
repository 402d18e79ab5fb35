/* Toys for a virtual cluster: nodes that do what a test tells them to, and
 * remember what they are told. So the engine is tested without the protocol.
 * Include this instead of cmocka.h, once per test. */
#ifndef HSY_TESTS_SUPPORT_SIM_TOYS_H
#define HSY_TESTS_SUPPORT_SIM_TOYS_H

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/cluster.h"
#include "support/claim.h"

/* ------------------------------------------------------------------- toys */

enum { TOYS_MAX = 8, PLAN_MAX = 64, SEEN_MAX = 256 };

struct seen {
    uint64_t at_ns;
    enum hearsay_event_kind kind;
    hearsay_link link;
    enum hearsay_down why;
    size_t len;
    uint64_t wall_ms;
    uint64_t token;
    bool accepted;
    bool ok; /* PERSISTED. */
};

/* What survives a toy's processes, for the test to read. */
struct diary {
    struct seen seen[SEEN_MAX];
    uint32_t count;
    uint8_t bytes[4096];
    size_t bytes_len;
    uint32_t restored;
    uint8_t row[64]; /* The value of the last row restored. */
    size_t row_len;
    uint64_t hash_salt;
    bool refuses; /* Rows. */
    uint64_t boot_nonce;
    hearsay_link accepted;
};

struct hearsay_node {
    struct diary *diary;
    struct hearsay_effect plan[PLAN_MAX];
    uint32_t plan_count, plan_at;
    uint64_t deadline_ns;
    hearsay_link next_link;
};

static struct diary diaries[TOYS_MAX];
static struct hearsay_node *toys[TOYS_MAX];

static inline int toy_create(struct hearsay_node **out,
                             const struct hearsay_config *config,
                             const char **why)
{
    (void)why;
    uint32_t index = config->addrs[0].ip[15] - 1u;
    assert_true(index < TOYS_MAX);
    struct hearsay_node *toy = calloc(1, sizeof(*toy));
    assert_non_null(toy);
    toy->diary = &diaries[index];
    toy->diary->boot_nonce = config->boot_nonce;
    toy->diary->restored = 0;
    toy->diary->hash_salt = config->hash_salt;
    toy->deadline_ns = HEARSAY_NEVER;
    toy->next_link = 2;
    toys[index] = toy;
    *out = toy;
    return HEARSAY_OK;
}

static inline void toy_destroy(struct hearsay_node *toy)
{
    free(toy);
}

static inline int toy_restore(struct hearsay_node *toy,
                              const struct hearsay_row *row)
{
    struct diary *d = toy->diary;
    assert_true(row->key_len > 0);
    if (d->refuses) {
        return HEARSAY_ERR_MALFORMED;
    }
    assert_true(row->value_len <= sizeof(d->row));
    memcpy(d->row, row->value, row->value_len);
    d->row_len = row->value_len;
    toy->diary->restored++;
    return HEARSAY_OK;
}

static inline void remember(struct diary *d, const struct hearsay_now *now,
                            const struct hearsay_event *ev)
{
    assert_true(d->count < SEEN_MAX);
    struct seen *s = &d->seen[d->count];
    d->count++;
    *s = (struct seen){
        .at_ns = now->mono_ns, .wall_ms = now->wall_ms, .kind = ev->kind};
    if (ev->kind == HEARSAY_EV_LINK_UP) {
        s->link = ev->up.link;
        s->accepted = ev->up.accepted;
        d->accepted = ev->up.accepted ? ev->up.link : d->accepted;
    } else if (ev->kind == HEARSAY_EV_LINK_DOWN) {
        s->link = ev->down.link;
        s->why = ev->down.why;
    } else if (ev->kind == HEARSAY_EV_PERSISTED) {
        s->token = ev->persisted.token;
        s->ok = ev->persisted.ok;
    } else if (ev->kind == HEARSAY_EV_SENT) {
        s->link = ev->sent.link;
        s->len = ev->sent.len;
    } else if (ev->kind == HEARSAY_EV_BYTES) {
        s->link = ev->bytes.link;
        s->len = ev->bytes.len;
        assert_true(d->bytes_len + s->len <= sizeof(d->bytes));
        memcpy(d->bytes + d->bytes_len, ev->bytes.data, s->len);
        d->bytes_len += s->len;
    }
}

static inline int toy_step(struct hearsay_node *toy,
                           const struct hearsay_now *now,
                           const struct hearsay_event *ev)
{
    if (toy->deadline_ns <= now->mono_ns) {
        toy->deadline_ns = HEARSAY_NEVER;
    }
    remember(toy->diary, now, ev);
    return HEARSAY_OK;
}

static inline bool toy_next_effect(struct hearsay_node *toy,
                                   struct hearsay_effect *out)
{
    if (toy->plan_at == toy->plan_count) {
        toy->plan_at = 0;
        toy->plan_count = 0;
        return false;
    }
    *out = toy->plan[toy->plan_at];
    toy->plan_at++;
    return true;
}

static inline uint64_t toy_deadline(const struct hearsay_node *toy)
{
    return toy->deadline_ns;
}

static inline enum hearsay_job_kind toy_job_kind(const struct hearsay_job *job)
{
    (void)job;
    return HEARSAY_JOB_SIGN;
}

static inline void toy_job_run(struct hearsay_job *job)
{
    (void)job;
}

static const struct hsy_machine toy_machine = {.create = toy_create,
                                               .destroy = toy_destroy,
                                               .restore = toy_restore,
                                               .step = toy_step,
                                               .next_effect = toy_next_effect,
                                               .deadline = toy_deadline,
                                               .job_kind = toy_job_kind,
                                               .job_run = toy_job_run};

/* ------------------------------------------------------------------ driving */

static struct hearsay_config seed_config, peer_config;

static inline struct hsy_cluster_config settings(void)
{
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = &toy_machine;
    config.crypto = hearsay_crypto_null();
    config.rng = 5;
    config.seeds = 1;
    config.peers = 3;
    config.seed_config = &seed_config;
    config.peer_config = &peer_config;
    config.latency_ns = (struct hsy_range){10 * HSY_MS, 10 * HSY_MS};
    config.clock_ns = (struct hsy_range){0, 0};
    return config;
}

static inline struct hsy_cluster *
cluster_of(const struct hsy_cluster_config *config)
{
    memset(diaries, 0, sizeof(diaries));
    struct hsy_cluster *c = NULL;
    assert_int_equal(hsy_cluster_create(&c, config), HEARSAY_OK);
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        assert_int_equal(hsy_cluster_start(c, i, 0), HEARSAY_OK);
    }
    assert_int_equal(hsy_cluster_run(c, 0), HEARSAY_OK);
    return c;
}

static inline struct hsy_cluster *cluster(void)
{
    struct hsy_cluster_config config = settings();
    return cluster_of(&config);
}

static inline struct hearsay_effect *plan(uint32_t node)
{
    struct hearsay_node *toy = toys[node];
    assert_true(toy->plan_count < PLAN_MAX);
    struct hearsay_effect *fx = &toy->plan[toy->plan_count];
    toy->plan_count++;
    memset(fx, 0, sizeof(*fx));
    return fx;
}

/* A step in which the toy carries out its plan. */
static inline void poke(struct hsy_cluster *c, uint32_t node)
{
    uint64_t seq;
    assert_int_equal(
        hsy_cluster_publish(c, node, (const uint8_t *)"x", 1, &seq),
        HEARSAY_OK);
}

static inline hearsay_link dial(struct hsy_cluster *c, uint32_t from,
                                const char *host, uint16_t port)
{
    hearsay_link link = toys[from]->next_link;
    toys[from]->next_link += 2;
    struct hearsay_effect *fx = plan(from);
    fx->kind = HEARSAY_FX_DIAL;
    fx->dial.link = link;
    fx->dial.host = host;
    fx->dial.port = port;
    poke(c, from);
    return link;
}

static inline hearsay_link dial_node(struct hsy_cluster *c, uint32_t from,
                                     uint32_t to)
{
    struct hearsay_addr addr = hsy_cluster_addr(c, to);
    char host[HEARSAY_ADDR_TEXT_LEN];
    hsy_addr_host_text(host, &addr);
    return dial(c, from, host, addr.port);
}

static inline void plan_send(uint32_t from, hearsay_link link, const char *text,
                             uint32_t len)
{
    struct hearsay_buf *buf = hsy_buf_new(hearsay_mem_default(), len);
    assert_non_null(buf);
    memcpy(buf->data, text, len);
    struct hearsay_effect *fx = plan(from);
    fx->kind = HEARSAY_FX_SEND;
    fx->send.link = link;
    fx->send.buf = buf;
}

static inline void plan_hang_up(uint32_t from, hearsay_link link)
{
    struct hearsay_effect *fx = plan(from);
    fx->kind = HEARSAY_FX_HANG_UP;
    fx->hang_up.link = link;
}

static inline void plan_read(uint32_t node, hearsay_link link, bool on)
{
    struct hearsay_effect *fx = plan(node);
    fx->kind = HEARSAY_FX_READ;
    fx->read.link = link;
    fx->read.on = on;
}

static inline void run_ms(struct hsy_cluster *c, uint64_t ms)
{
    int err = hsy_cluster_run(c, hsy_cluster_now(c) + ms * HSY_MS);
    if (err != HEARSAY_OK) {
        fail_msg("%s", hsy_cluster_fault(c));
    }
}

/* The @n-th (from 0) event of a kind that @node saw; NULL: not so many. */
static const struct seen *saw(uint32_t node, enum hearsay_event_kind kind,
                              uint32_t n)
{
    for (uint32_t i = 0; i < diaries[node].count; i++) {
        if (diaries[node].seen[i].kind == kind && n-- == 0) {
            return &diaries[node].seen[i];
        }
    }
    return NULL;
}

static const struct seen *must_see(uint32_t node, enum hearsay_event_kind kind,
                                   uint32_t n)
{
    const struct seen *s = saw(node, kind, n);
    assert_non_null(s);
    return s;
}

static inline hearsay_link link_up(struct hsy_cluster *c, uint32_t from,
                                   uint32_t to)
{
    hearsay_link link = dial_node(c, from, to);
    run_ms(c, 100);
    must_see(from, HEARSAY_EV_LINK_UP, 0);
    must_see(to, HEARSAY_EV_LINK_UP, 0);
    return link;
}

static inline void plan_row(uint32_t node, uint64_t token, const char *key,
                            const char *value, bool more)
{
    struct hearsay_effect *fx = plan(node);
    fx->kind = HEARSAY_FX_PERSIST;
    fx->persist.token = token;
    fx->persist.more = more;
    fx->persist.row.table = HEARSAY_TABLE_SELF;
    fx->persist.row.key = (const uint8_t *)key;
    fx->persist.row.key_len = strlen(key);
    fx->persist.row.value = (const uint8_t *)value;
    fx->persist.row.value_len = value == NULL ? 0 : strlen(value);
}

#endif
