/* A network that was in two pieces is whole again: what did each miss, when is
 * the last of it there, and what did that cost? What is missing is counted
 * once, at the heal, and then down with each delivery. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

static void count_message(struct hsy_measure *m,
                          const struct hsy_measured *message)
{
    uint64_t missed[2] = {0, 0};
    for (uint32_t node = m->seeds; node < m->count; node++) {
        if (!hsy_measured_has(message, node) &&
            hsy_measure_owes(m, node, message)) {
            missed[m->sides[node]]++;
        }
    }
    for (int i = 0; i < 2; i++) {
        m->mend.sides[i].messages += missed[i] > 0 ? 1 : 0;
        m->mend.sides[i].deliveries += missed[i];
        m->mend.lacking += missed[i];
        m->mend.payload_bytes += missed[i] * message->payload_len;
    }
}

static bool is_linked(const struct hsy_measure *m, const struct hsy_graph *g)
{
    for (uint32_t i = 0; i < g->links; i++) {
        uint32_t a;
        uint32_t b;
        hsy_graph_ends(g, i, &a, &b);
        if (m->sides[a] != m->sides[b]) {
            return true;
        }
    }
    return false;
}

int hsy_measure_healed(struct hsy_measure *m, const uint8_t *sides,
                       const struct hsy_graph *g)
{
    uint8_t *copy = hsy_mem_alloc(&m->mem, m->count);
    if (copy == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    hsy_mem_free(&m->mem, m->sides);
    m->sides = copy;
    memcpy(copy, sides, m->count);
    uint64_t now_ns = hsy_cluster_now(m->cluster);
    m->mend = (struct hsy_mend){.healed_ns = now_ns,
                                .linked_ns = HEARSAY_NEVER,
                                .mended_ns = HEARSAY_NEVER};
    memcpy(m->mend.by_kind, m->counts.by_kind, sizeof(m->mend.by_kind));
    for (uint32_t i = m->seeds; i < m->count; i++) {
        HSY_ASSERT(sides[i] <= 1);
        m->mend.sides[sides[i]].peers++;
    }
    for (uint32_t i = 0; i < m->messages.count; i++) {
        const struct hsy_measured *message = hsy_table_at(&m->messages, i);
        if (message->published_ns < now_ns) {
            count_message(m, message);
        }
    }
    if (is_linked(m, g)) {
        m->mend.linked_ns = now_ns;
    }
    if (m->mend.lacking == 0) {
        m->mend.mended_ns = now_ns;
    }
    return HEARSAY_OK;
}

void hsy_measure_mend_delivered(struct hsy_measure *m, uint32_t node,
                                const struct hsy_measured *message,
                                uint64_t now_ns)
{
    if (m->sides == NULL || message->published_ns >= m->mend.healed_ns ||
        m->mend.lacking == 0 || !hsy_measure_owes(m, node, message)) {
        return;
    }
    m->mend.lacking--;
    if (m->mend.lacking == 0) {
        m->mend.mended_ns = now_ns;
    }
}

void hsy_measure_mend_accepted(struct hsy_measure *m, uint32_t from,
                               uint32_t to)
{
    if (m->sides != NULL && m->mend.linked_ns == HEARSAY_NEVER &&
        from >= m->seeds && to >= m->seeds && m->sides[from] != m->sides[to]) {
        m->mend.linked_ns = hsy_cluster_now(m->cluster);
    }
}

struct hsy_mend hsy_measure_mend(const struct hsy_measure *m)
{
    struct hsy_mend mend = m->mend;
    for (int i = 0; m->sides != NULL && i < HSY_TRAFFICS; i++) {
        mend.by_kind[i].frames =
            m->counts.by_kind[i].frames - m->mend.by_kind[i].frames;
        mend.by_kind[i].bytes =
            m->counts.by_kind[i].bytes - m->mend.by_kind[i].bytes;
    }
    return mend;
}
