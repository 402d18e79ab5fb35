/* What repair promises, judged at calm: B7, and of B3 what no wave can say.
 *
 * B7: what some live peer still keeps has been pulled by all who had joined
 * when it was published, still run, and are in one component with it. Where
 * bounds are tight and those between them may have lost it: by its neighbours.
 * Of the nodes it believes only what they keep.
 *
 * B3: the same of what was published by a process that still runs, whatever
 * nodes say that they keep, if bounds are such that it must be kept. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/check.h"

#include <string.h>

/* What is older than this is taken and kept no more. */
#define WINDOW_NS (10 * HSY_MINUTE)

enum { JUDGED_MAX = 1 << 20 };

/* A message that was looked at, for the component of @root, or for one that
 * keeps it. */
struct judged {
    uint32_t origin, root;
    uint64_t epoch, seq;
};

/* ------------------------------------------------------------- given up */

void hsy_check_repair_lost(struct hsy_check_broadcast *b, uint32_t node,
                           const struct hsy_lost *lost)
{
    HSY_ASSERT(node < b->f->count);
    if (b->lost == NULL) {
        b->lost = hsy_mem_alloc(&b->f->mem, HSY_LOST_MAX * sizeof(*b->lost));
    }
    if (b->lost == NULL) {
        hsy_findings_err(b->f, HEARSAY_ERR_NOMEM);
        return;
    }
    if (b->lost_count < HSY_LOST_MAX) {
        b->lost[b->lost_count] = *lost;
        b->lost[b->lost_count].node = node;
        b->lost[b->lost_count].life = b->lives[node];
        b->lost_count++;
    }
}

/* It said so, and may have had reason to. */
static bool gave_up(struct hsy_check_broadcast *b, uint32_t node,
                    const struct hsy_kept_name *name)
{
    for (uint32_t i = 0; i < b->lost_count && !b->promises->keeps_all; i++) {
        const struct hsy_lost *lost = &b->lost[i];
        if (lost->node == node &&
            (b->promises->on_disk || lost->life == b->lives[node]) &&
            lost->origin == name->origin && lost->epoch == name->epoch &&
            name->seq >= lost->from && name->seq <= lost->to) {
            return true;
        }
    }
    if (b->lost_count == HSY_LOST_MAX && !b->promises->keeps_all) {
        b->left_out++; /* It may be among those that nobody wrote down. */
        return true;
    }
    return false;
}

/* -------------------------------------------------------------------- B7 */

/* Has it been neither too old nor too new for @wall_ms, the clock of who lacks
 * it, all the time that repair takes? */
static bool in_window(const struct hsy_check_broadcast *b, uint64_t wall_ms,
                      uint64_t published_ms)
{
    uint64_t window_ms = WINDOW_NS / HSY_MS;
    uint64_t settle_ms = HSY_SETTLE_NS / HSY_MS;
    uint64_t kept_ms = hsy_time_min(b->promises->retain_ns, WINDOW_NS) / HSY_MS;
    return published_ms + kept_ms >= wall_ms &&
           published_ms + settle_ms <= wall_ms + window_ms;
}

static uint32_t root_of(const struct hsy_graph *g, uint32_t node)
{
    while (g->parents[node] != node) {
        node = g->parents[node];
    }
    return node;
}

static bool are_linked(const struct hsy_graph *g, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < g->links; i++) {
        uint32_t lower, higher;
        hsy_graph_ends(g, i, &lower, &higher);
        if ((lower == a && higher == b) || (lower == b && higher == a)) {
            return true;
        }
    }
    return false;
}

/* Can @node get what @keeper keeps? */
static bool reaches(const struct hsy_check_broadcast *b,
                    const struct hsy_graph *g, uint32_t keeper, uint32_t node)
{
    return g->present[node] &&
           (b->promises->keeps_all ? root_of(g, node) == root_of(g, keeper)
                                   : are_linked(g, node, keeper));
}

/* Where not all history is wanted, clocks say what was before one's time. */
static bool has_doubts(const struct hsy_check_broadcast *b, uint32_t origin,
                       uint32_t node)
{
    return !b->promises->keeps_all &&
           (hsy_findings_excused(b->f, HSY_B3, origin) ||
            hsy_findings_excused(b->f, HSY_B3, node));
}

/* A bundle has the time at which its first message was taken. It is told when
 * it is signed, and who joins in between, and wants no history, takes it for
 * that. */
static void count_from_its_clock(const struct hsy_check_broadcast *b,
                                 struct hsy_kept_message *message,
                                 const struct hsy_kept *kept)
{
    uint64_t now_ms = b->wall_ms[kept->node];
    uint64_t age_ms = now_ms > kept->wall_ms ? now_ms - kept->wall_ms : 0;
    uint64_t age_ns = hsy_time_min(age_ms * HSY_MS, b->f->now_ns);
    if (!b->promises->keeps_all) {
        message->published_ns =
            hsy_time_min(message->published_ns, b->f->now_ns - age_ns);
    }
}

/* True: the first time that it is looked at, for this component. */
static bool is_first(struct hsy_check_broadcast *b, struct hsy_table *judged,
                     const struct judged *key)
{
    void *item;
    if (hsy_table_find(judged, key) != NULL) {
        return false;
    }
    int err = hsy_table_put(judged, &item, key);
    if (err == HEARSAY_ERR_FULL) {
        b->left_out++;
    } else if (err != HEARSAY_OK) {
        hsy_findings_err(b->f, err);
    }
    return err == HEARSAY_OK;
}

static void judge_kept(struct hsy_check_broadcast *b,
                       const struct hsy_graph *graph,
                       const struct hsy_kept *kept,
                       const struct hsy_kept_name *name)
{
    struct hsy_kept_message message;
    if (!hsy_ledger_find(b->ledger, &message, name) ||
        hsy_time_since(message.published_ns, b->f->now_ns) < HSY_SETTLE_NS) {
        return;
    }
    hsy_findings_looked(b->f, HSY_B7);
    count_from_its_clock(b, &message, kept);
    for (uint32_t i = b->f->seeds; i < b->f->count; i++) {
        if (!hsy_ledger_expects(b->ledger, &message, i) ||
            !reaches(b, graph, kept->node, i) ||
            !in_window(b, b->wall_ms[i], kept->wall_ms) ||
            has_doubts(b, name->origin, i) ||
            (hsy_ledger_owes(b->ledger, &message, i) && gave_up(b, i, name))) {
            continue;
        }
        if (!hsy_ledger_judge_one(b->ledger, &message, i)) {
            struct hsy_words words = {.text = "lacks, and others keep, one of",
                                      .about = name->origin,
                                      .a_text = "number",
                                      .a = name->seq,
                                      .b_text = "published at ms",
                                      .b = message.published_ns / HSY_MS};
            hsy_findings_broken(b->f, HSY_B7, i, &words);
        }
    }
}

void hsy_check_repair_kept(struct hsy_check_broadcast *b,
                           const struct hsy_graph *graph,
                           const struct hsy_kept *kept)
{
    HSY_ASSERT(kept->node < b->f->count);
    HSY_ASSERT(kept->origin < b->f->count);
    if (!graph->present[kept->node]) {
        return;
    }
    for (uint32_t i = 0; i < kept->count; i++) {
        struct judged key = {.origin = kept->origin,
                             .root = b->promises->keeps_all
                                         ? root_of(graph, kept->node)
                                         : kept->node,
                             .epoch = kept->epoch,
                             .seq = kept->first_seq + i};
        struct hsy_kept_name name = {.origin = kept->origin,
                                     .epoch = kept->epoch,
                                     .seq = key.seq,
                                     .own = kept->own};
        if (is_first(b, &b->judged, &key)) {
            judge_kept(b, graph, kept, &name);
        }
    }
}

/* -------------------------------------------------------------------- B3 */

struct whom {
    const struct hsy_check_broadcast *b;
    const struct hsy_graph *graph;
};

static bool counts(void *ctx, uint32_t origin, uint32_t node)
{
    const struct whom *w = ctx;
    return w->graph->present[origin] && w->graph->present[node] &&
           root_of(w->graph, origin) == root_of(w->graph, node) &&
           !hsy_findings_excused(w->b->f, HSY_B3, origin) &&
           !hsy_findings_excused(w->b->f, HSY_B3, node);
}

static void judge_published(struct hsy_check_broadcast *b,
                            const struct hsy_graph *graph)
{
    uint64_t now_ns = b->f->now_ns;
    struct whom whom = {.b = b, .graph = graph};
    struct hsy_expectation e = {.from_ns =
                                    now_ns > WINDOW_NS ? now_ns - WINDOW_NS : 0,
                                .to_ns = now_ns - HSY_SETTLE_NS,
                                .ctx = &whom,
                                .counts = counts};
    struct hsy_missing missing = hsy_ledger_judge(b->ledger, &e);
    if (missing.expected == 0) {
        return;
    }
    hsy_findings_looked(b->f, HSY_B3);
    if (missing.missed > 0) {
        struct hsy_words words = {.text = "never got a message of",
                                  .about = missing.origin,
                                  .a_text = "number",
                                  .a = missing.seq,
                                  .b_text = "and with others so many:",
                                  .b = missing.missed};
        hsy_findings_broken(b->f, HSY_B3, missing.node, &words);
    }
}

void hsy_check_repair_calm(struct hsy_check_broadcast *b,
                           const struct hsy_graph *graph)
{
    if (b->promises->keeps_all && b->f->now_ns >= HSY_SETTLE_NS) {
        judge_published(b, graph);
    }
    hsy_table_fini(&b->judged);
    hsy_check_repair_begin(b);
}

void hsy_check_repair_begin(struct hsy_check_broadcast *b)
{
    struct hsy_table_shape shape = {.key_len = sizeof(struct judged),
                                    .item_len = sizeof(struct judged),
                                    .items_max = JUDGED_MAX};
    hsy_table_init(&b->judged, &b->f->mem, shape, 1);
}
