/* A node without a protocol, in place of src/node: it does what its script
 * says. Include it in one test program, which then has no real node: it
 * defines the node's part of hearsay.h.
 *
 *     static void script(struct hearsay_node *node,
 *                        const struct hearsay_event *ev)
 *     {
 *         if (ev->kind == HEARSAY_EV_LINK_UP)
 *             stub_send(node, ev->up.link, "hello", 5);
 *     }
 *     ... stub_script = script; hearsay_runtime_open(...);
 */
#ifndef HSY_TESTS_SUPPORT_STUB_NODE_H
#define HSY_TESTS_SUPPORT_STUB_NODE_H

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "hearsay.h"

enum { STUB_EFFECTS_MAX = 4096, STUB_ROWS_MAX = 64 };

/* Called by each step, before its effects are read. */
static void (*stub_script)(struct hearsay_node *node,
                           const struct hearsay_event *ev);
/* What the next hearsay_node_restore() calls return. */
static int stub_restore_rc;
/* What the next steps return instead of being taken. */
static int stub_step_rc;

struct hearsay_job {
    enum hearsay_job_kind kind;
    uint64_t number;
    uint64_t spin_ns; /* How long it runs. */
    bool ran;
    struct hearsay_job *next; /* Of those the node still owns. */
};

struct hearsay_node {
    struct hearsay_config config;
    char name[HEARSAY_NAME_MAX + 1];
    struct hearsay_effect effects[STUB_EFFECTS_MAX];
    uint32_t effects_count, effects_next;
    void *lent[STUB_EFFECTS_MAX]; /* Freed by the next step. */
    uint32_t lent_count;
    struct hearsay_job *jobs;
    uint64_t deadline_ns;
    bool started, stopped;
    uint64_t links_dialled; /* For even numbers. */
    uint64_t events[HEARSAY_EV_LEAVE + 1];
    uint64_t bytes_in, bytes_sent;
    hearsay_link up_last, down_last;
    struct hearsay_addr up_from;
    enum hearsay_down down_why;
    uint32_t rows_restored;
    struct hearsay_config seen; /* As given, secret included. */
};

/* ------------------------------------------- for scripts: asking for things */

static inline struct hearsay_effect *stub_effect(struct hearsay_node *node)
{
    HSY_ASSERT(node->effects_count < STUB_EFFECTS_MAX);
    return &node->effects[node->effects_count++];
}

static inline void *stub_lend(struct hearsay_node *node, const void *data,
                              size_t len)
{
    HSY_ASSERT(node->lent_count < STUB_EFFECTS_MAX);
    void *copy = hsy_mem_alloc(hearsay_mem_default(), len + 1);
    HSY_ASSERT(copy != NULL);
    memcpy(copy, data, len);
    ((char *)copy)[len] = '\0';
    node->lent[node->lent_count++] = copy;
    return copy;
}

static inline hearsay_link stub_dial(struct hearsay_node *node,
                                     const char *host, uint16_t port)
{
    hearsay_link link = 2 * ++node->links_dialled;
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_DIAL,
        .dial = {.link = link,
                 .host = stub_lend(node, host, strlen(host)),
                 .port = port}};
    return link;
}

static inline void stub_send(struct hearsay_node *node, hearsay_link link,
                             const void *data, uint32_t len)
{
    struct hearsay_buf *buf = hsy_buf_new(hearsay_mem_default(), len);
    HSY_ASSERT(buf != NULL);
    memcpy(buf->data, data, len);
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_SEND, .send = {.link = link, .buf = buf}};
}

static inline void stub_hang_up(struct hearsay_node *node, hearsay_link link)
{
    *stub_effect(node) = (struct hearsay_effect){.kind = HEARSAY_FX_HANG_UP,
                                                 .hang_up = {.link = link}};
}

static inline void stub_deliver(struct hearsay_node *node, const char *text)
{
    struct hearsay_message m = {.seq = 1,
                                .topic = "stub",
                                .payload = stub_lend(node, text, strlen(text)),
                                .payload_len = strlen(text)};
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_DELIVER, .message = stub_lend(node, &m, sizeof(m))};
}

static inline void stub_note(struct hearsay_node *node, const char *event,
                             const char *text)
{
    struct hsy_note n = hsy_note(HEARSAY_INFO, event);
    hsy_note_text(&n, "text", stub_lend(node, text, strlen(text)));
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_NOTE,
        .note = stub_lend(node, &n.note, sizeof(n.note))};
}

static inline struct hearsay_job *
stub_job_new(enum hearsay_job_kind kind, uint64_t number, uint64_t spin_ns)
{
    struct hearsay_job *job =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*job));
    HSY_ASSERT(job != NULL);
    job->kind = kind;
    job->number = number;
    job->spin_ns = spin_ns;
    return job;
}

static inline void stub_job(struct hearsay_node *node,
                            enum hearsay_job_kind kind, uint64_t number,
                            uint64_t spin_ns)
{
    struct hearsay_job *job = stub_job_new(kind, number, spin_ns);
    job->next = node->jobs;
    node->jobs = job;
    *stub_effect(node) =
        (struct hearsay_effect){.kind = HEARSAY_FX_JOB, .job = job};
}

/* @key 1 to 32 bytes of text; @value NULL: delete. */
static inline void stub_persist_in(struct hearsay_node *node, uint64_t token,
                                   enum hearsay_table table, const char *key,
                                   const char *value, bool more)
{
    struct hearsay_row row = {.table = table,
                              .key = stub_lend(node, key, strlen(key)),
                              .key_len = strlen(key)};
    if (value != NULL) {
        row.value = stub_lend(node, value, strlen(value));
        row.value_len = strlen(value);
    }
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_PERSIST,
        .persist = {.token = token, .row = row, .more = more}};
}

static inline void stub_persist(struct hearsay_node *node, uint64_t token,
                                const char *key, const char *value, bool more)
{
    stub_persist_in(node, token, HEARSAY_TABLE_BOOK, key, value, more);
}

static inline void stub_stop(struct hearsay_node *node, enum hearsay_stop why,
                             const char *text)
{
    node->stopped = true;
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_STOPPED, .stopped = {.why = why, .text = text}};
}

/* ----------------------------------------------------- the node's functions */

void hearsay_config_init(struct hearsay_config *config, enum hearsay_role role)
{
    *config = (struct hearsay_config){.role = role,
                                      .name = "stub",
                                      .network = "stub",
                                      .links_max = 64,
                                      .queue_max = 256 * 1024,
                                      .jobs_max = 4096,
                                      .frame_max = 1024 * 1024,
                                      .mem = *hearsay_mem_default()};
}

int hearsay_node_create(struct hearsay_node **out,
                        const struct hearsay_config *config, const char **why)
{
    (void)why;
    struct hearsay_node *node =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*node));
    if (node == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    node->config = *config;
    node->seen = *config;
    (void)snprintf(node->name, sizeof(node->name), "%s", config->name);
    node->deadline_ns = HEARSAY_NEVER;
    *out = node;
    return 0;
}

static inline void stub_clear(struct hearsay_node *node)
{
    for (uint32_t i = 0; i < node->lent_count; i++) {
        hsy_mem_free(hearsay_mem_default(), node->lent[i]);
    }
    node->lent_count = 0;
}

void hearsay_node_destroy(struct hearsay_node *node)
{
    if (node == NULL) {
        return;
    }
    struct hearsay_effect fx;
    while (hearsay_next_effect(node, &fx)) {
        if (fx.kind == HEARSAY_FX_SEND) {
            hearsay_buf_unref(fx.send.buf);
        }
    }
    stub_clear(node);
    struct hearsay_job *job;
    while ((job = node->jobs) != NULL) {
        node->jobs = job->next;
        hsy_mem_free(hearsay_mem_default(), job);
    }
    hsy_mem_free(hearsay_mem_default(), node);
}

int hearsay_node_restore(struct hearsay_node *node,
                         const struct hearsay_row *row)
{
    HSY_ASSERT(!node->started);
    HSY_ASSERT(row->key_len >= 1);
    if (stub_restore_rc != 0) {
        return stub_restore_rc;
    }
    node->rows_restored++;
    return 0;
}

static inline void stub_count(struct hearsay_node *node,
                              const struct hearsay_event *ev)
{
    node->events[ev->kind]++;
    if (ev->kind == HEARSAY_EV_LINK_UP) {
        node->up_last = ev->up.link;
        node->up_from = ev->up.from;
    } else if (ev->kind == HEARSAY_EV_LINK_DOWN) {
        node->down_last = ev->down.link;
        node->down_why = ev->down.why;
    } else if (ev->kind == HEARSAY_EV_BYTES) {
        node->bytes_in += ev->bytes.len;
    } else if (ev->kind == HEARSAY_EV_SENT) {
        node->bytes_sent += ev->sent.len;
    }
}

static inline void stub_job_back(struct hearsay_node *node,
                                 struct hearsay_job *job)
{
    HSY_ASSERT(job->ran);
    struct hearsay_job **at = &node->jobs;
    while (*at != job) {
        HSY_ASSERT(*at != NULL); /* Given back twice. */
        at = &(*at)->next;
    }
    *at = job->next;
    hsy_mem_free(hearsay_mem_default(), job);
}

int hearsay_step(struct hearsay_node *node, const struct hearsay_now *now,
                 const struct hearsay_event *ev)
{
    HSY_ASSERT(now->mono_ns > 0);
    if (node->effects_next < node->effects_count) {
        return HEARSAY_ERR_BUSY;
    }
    if (node->stopped || (!node->started && ev->kind != HEARSAY_EV_START)) {
        return HEARSAY_ERR_STATE;
    }
    if (stub_step_rc != 0) {
        return stub_step_rc;
    }
    stub_clear(node);
    node->effects_count = 0;
    node->effects_next = 0;
    node->started = true;
    if (now->mono_ns >= node->deadline_ns) {
        node->deadline_ns = HEARSAY_NEVER;
    }
    stub_count(node, ev);
    if (stub_script != NULL) {
        stub_script(node, ev);
    }
    if (ev->kind == HEARSAY_EV_JOB_DONE) {
        stub_job_back(node, ev->job.job);
    }
    return 0;
}

bool hearsay_next_effect(struct hearsay_node *node, struct hearsay_effect *out)
{
    if (node->effects_next == node->effects_count) {
        return false;
    }
    *out = node->effects[node->effects_next++];
    return true;
}

uint64_t hearsay_deadline(const struct hearsay_node *node)
{
    return node->deadline_ns;
}

struct hearsay_id hearsay_node_id(const struct hearsay_node *node)
{
    (void)node;
    return (struct hearsay_id){.bytes = {1}};
}

enum hearsay_job_kind hearsay_job_kind(const struct hearsay_job *job)
{
    return job->kind;
}

void hearsay_job_run(struct hearsay_job *job)
{
    HSY_ASSERT(!job->ran);
    struct timespec nap = {.tv_nsec = (long)job->spin_ns};
    if (job->spin_ns > 0) {
        (void)nanosleep(&nap, NULL);
    }
    job->ran = true;
}

#endif
