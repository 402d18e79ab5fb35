/* B1 to B5. What was published and delivered is the ledger's business: B1, B2
 * and B4 are read off its totals after each delivery, so that the place is
 * known.
 *
 * B3 follows waves (and check_repair.c what they leave behind). A message that
 * is published starts one: its members are all who had joined and were in one
 * component with the origin then, by both ends' word of every link. Flooding
 * reaches them all unless one of them loses a link, freezes or ends; then
 * nothing can be said any more and the wave is dropped. At calm, every wave
 * that is neither complete nor dropped is a loss. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

#include <string.h>

/* A wave younger than this may still be under way at calm. */
#define WAVE_NS (5 * HSY_SECOND)

enum { ORDERS_MAX = 1 << 20 };

struct order {
    uint64_t pair; /* Key: receiver, origin. */
    uint64_t epoch;
    uint64_t life;
    uint64_t last_seq;
};

enum { ORDER_KEY_LEN = 24 };

int hsy_check_broadcast_init(struct hsy_check_broadcast *b,
                             struct hsy_findings *f, struct hsy_ledger *ledger,
                             const struct hsy_promises *promises)
{
    memset(b, 0, sizeof(*b));
    b->f = f;
    b->ledger = ledger;
    b->promises = promises;
    struct hsy_table_shape shape = {.key_len = ORDER_KEY_LEN,
                                    .item_len = sizeof(struct order),
                                    .items_max = ORDERS_MAX};
    hsy_table_init(&b->orders, &f->mem, shape, 1);
    b->disturbed_ns =
        hsy_mem_zalloc(&f->mem, f->count * sizeof(*b->disturbed_ns));
    b->lives = hsy_mem_zalloc(&f->mem, f->count * sizeof(*b->lives));
    b->waves = hsy_mem_zalloc(&f->mem, HSY_WAVES_MAX * sizeof(*b->waves));
    b->wall_ms = hsy_mem_zalloc(&f->mem, f->count * sizeof(*b->wall_ms));
    hsy_check_repair_begin(b);
    if (b->wall_ms == NULL || b->disturbed_ns == NULL || b->lives == NULL ||
        b->waves == NULL) {
        hsy_check_broadcast_fini(b);
        return HEARSAY_ERR_NOMEM;
    }
    return HEARSAY_OK;
}

void hsy_check_broadcast_fini(struct hsy_check_broadcast *b)
{
    if (b->f == NULL) {
        return; /* Never begun. */
    }
    hsy_table_fini(&b->orders);
    hsy_table_fini(&b->judged);
    hsy_mem_free(&b->f->mem, b->wall_ms);
    hsy_mem_free(&b->f->mem, b->disturbed_ns);
    hsy_mem_free(&b->f->mem, b->lives);
    hsy_mem_free(&b->f->mem, b->waves);
    hsy_mem_free(&b->f->mem, b->lost);
    memset(b, 0, sizeof(*b));
}

/* ---------------------------------------------------------- B1, B2, B4, B5 */

static void compare(struct hsy_check_broadcast *b, enum hsy_invariant what,
                    bool grew, uint32_t node, const char *text)
{
    hsy_findings_looked(b->f, what);
    if (grew) {
        struct hsy_words words = {.text = text, .about = HSY_NODE_NONE};
        hsy_findings_broken(b->f, what, node, &words);
    }
}

static void look_at_ledger(struct hsy_check_broadcast *b, uint32_t node)
{
    struct hsy_totals now = hsy_ledger_totals(b->ledger);
    compare(b, HSY_B1, now.phantom != b->before.phantom, node,
            "delivered what its origin never published");
    compare(b, HSY_B1, now.reused != b->before.reused, node,
            "published two messages under one number");
    compare(b, HSY_B2, now.twice != b->before.twice, node,
            "delivered a message twice");
    compare(b, HSY_B4, now.altered != b->before.altered, node,
            "delivered other bytes than were published");
    b->before = now;
}

static void look_at_order(struct hsy_check_broadcast *b, uint32_t node,
                          uint32_t origin,
                          const struct hearsay_message *message)
{
    struct order key = {.pair = ((uint64_t)node << 32) | origin,
                        .epoch = message->epoch,
                        .life = b->lives[node]};
    void *item;
    int err = hsy_table_put(&b->orders, &item, &key);
    if (err != HEARSAY_OK) {
        if (err == HEARSAY_ERR_FULL) {
            b->left_out++;
        } else {
            hsy_findings_err(b->f, err);
        }
        return;
    }
    struct order *order = item;
    hsy_findings_looked(b->f, HSY_B5);
    if (hsy_findings_excused(b->f, HSY_B5, origin)) {
        return;
    }
    if (message->seq < order->last_seq) {
        struct hsy_words words = {.text = "delivered out of order, of",
                                  .about = origin,
                                  .a_text = "number",
                                  .a = message->seq,
                                  .b_text = "after",
                                  .b = order->last_seq};
        hsy_findings_broken(b->f, HSY_B5, node, &words);
        return;
    }
    if (b->promises->ordered && order->last_seq > 0 &&
        message->seq != order->last_seq + 1 + message->missing) {
        struct hsy_words words = {.text = "did not say what is missing, of",
                                  .about = origin,
                                  .a_text = "number",
                                  .a = message->seq,
                                  .b_text = "after",
                                  .b = order->last_seq};
        hsy_findings_broken(b->f, HSY_B5, node, &words);
    }
    order->last_seq = message->seq;
}

void hsy_check_broadcast_delivered(struct hsy_check_broadcast *b, uint32_t node,
                                   int64_t origin,
                                   const struct hearsay_message *message)
{
    HSY_ASSERT(node < b->f->count);
    look_at_ledger(b, node);
    if (origin >= 0 && origin != (int64_t)node) {
        hsy_check_costs_delivered(b);
        look_at_order(b, node, (uint32_t)origin, message);
    }
}

/* ---------------------------------------------------------------------- B3 */

static bool in_wave(const struct hsy_wave *wave, uint32_t node)
{
    return ((wave->members[node / 8] >> (node % 8)) & 1) != 0;
}

static bool disturbed(const struct hsy_check_broadcast *b,
                      const struct hsy_wave *wave)
{
    for (uint32_t i = 0; i < b->f->count; i++) {
        if (in_wave(wave, i) && b->disturbed_ns[i] >= wave->at_ns) {
            return true;
        }
    }
    return false;
}

void hsy_check_broadcast_published(struct hsy_check_broadcast *b,
                                   uint32_t origin, uint64_t seq,
                                   struct hsy_graph *graph)
{
    HSY_ASSERT(origin < b->f->count);
    look_at_ledger(b, origin);
    if (graph != NULL) {
        hsy_check_costs_published(b, graph);
    }
    if (graph == NULL || b->f->count > HSY_WAVE_NODES_MAX ||
        !graph->present[origin]) {
        return;
    }
    if (b->waves_count == HSY_WAVES_MAX) {
        b->left_out++;
        return;
    }
    struct hsy_wave *wave = &b->waves[b->waves_count];
    *wave =
        (struct hsy_wave){.origin = origin, .seq = seq, .at_ns = b->f->now_ns};
    uint32_t members = 0;
    for (uint32_t i = 0; i < b->f->count; i++) {
        if (graph->present[i] && hsy_ledger_has_joined(b->ledger, i) &&
            hsy_graph_together(graph, origin, i)) {
            wave->members[i / 8] |= (uint8_t)(1u << (i % 8));
            members++;
        }
    }
    /* What was disturbed at this very moment may be before or after. */
    b->waves_count += members > 1 && !disturbed(b, wave) ? 1 : 0;
}

void hsy_check_broadcast_disturbed(struct hsy_check_broadcast *b, uint32_t node)
{
    HSY_ASSERT(node < b->f->count);
    b->disturbed_ns[node] = b->f->now_ns;
    hsy_check_costs_disturbed(b);
}

void hsy_check_broadcast_absent(struct hsy_check_broadcast *b, uint32_t node)
{
    HSY_ASSERT(node < b->f->count);
    b->disturbed_ns[node] = b->f->now_ns;
}

void hsy_check_broadcast_started(struct hsy_check_broadcast *b, uint32_t node)
{
    hsy_check_broadcast_disturbed(b, node);
    b->lives[node]++;
}

/* True: nothing more is to be expected of it. */
static bool wave_over(struct hsy_check_broadcast *b,
                      const struct hsy_wave *wave, uint32_t *out_lacks)
{
    if (disturbed(b, wave)) {
        return true;
    }
    struct hsy_message_name name = {.origin = wave->origin, .seq = wave->seq};
    if (hsy_ledger_lacks(b->ledger, &name, wave->members, out_lacks)) {
        return false;
    }
    hsy_findings_looked(b->f, HSY_B3);
    hsy_ledger_judge_members(b->ledger, &name, wave->members);
    return true;
}

void hsy_check_broadcast_look(struct hsy_check_broadcast *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->waves_count; i++) {
        uint32_t lacks;
        if (!wave_over(b, &b->waves[i], &lacks)) {
            b->waves[kept] = b->waves[i];
            kept++;
        }
    }
    b->waves_count = kept;
}

/* Some lack it. */
static void judge_wave(struct hsy_check_broadcast *b,
                       const struct hsy_wave *wave)
{
    struct hsy_message_name name = {.origin = wave->origin, .seq = wave->seq};
    hsy_ledger_judge_members(b->ledger, &name, wave->members);
}

static void judge_waves(struct hsy_check_broadcast *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->waves_count; i++) {
        const struct hsy_wave *wave = &b->waves[i];
        uint32_t lacks = 0;
        if (wave_over(b, wave, &lacks)) {
            continue;
        }
        if (hsy_time_since(wave->at_ns, b->f->now_ns) < WAVE_NS) {
            b->waves[kept] = *wave;
            kept++;
            continue;
        }
        if (!b->promises->keeps_all) {
            continue; /* It may be kept no more: B7 says what is. */
        }
        hsy_findings_looked(b->f, HSY_B3);
        struct hsy_words words = {.text = "missed a message of",
                                  .about = wave->origin,
                                  .a_text = "number",
                                  .a = wave->seq,
                                  .b_text = "published at ms",
                                  .b = wave->at_ns / HSY_MS};
        if (!hsy_findings_excused(b->f, HSY_B3, wave->origin)) {
            judge_wave(b, wave);
            hsy_findings_broken(b->f, HSY_B3, lacks, &words);
        }
    }
    b->waves_count = kept;
}

void hsy_check_broadcast_calm(struct hsy_check_broadcast *b,
                              const struct hsy_graph *graph)
{
    judge_waves(b);
    hsy_check_costs_calm(b);
    hsy_check_repair_calm(b, graph);
}
