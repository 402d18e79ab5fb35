/* B6: what messages cost. Two ceilings, one for all times and one for quiet
 * ones, as docs/testing.md derives them. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

/* Flooding because of a lost link is over by then, and so are the rounds of the
 * root (13 s) by which the tree gets its shape back: two of them, and one for
 * the marks and pulls that a link brings when it comes up. */
#define QUIET_NS (45 * HSY_SECOND)

enum {
    ENOUGH = 100,        /* Deliveries, before anything is said. */
    ID_LEN = 23,         /* Of an IHAVE that tells one id only. */
    SHORTCUT_PEERS = 20, /* One of so many gets an own small bundle so. */
    CONTROL_LEN = 4096   /* Of GRAFT and PRUNE per node, in a quiet time. */
};

static bool is_quiet(const struct hsy_check_broadcast *b)
{
    return hsy_time_since(b->unrest_ns, b->f->now_ns) >= QUIET_NS;
}

void hsy_check_costs_disturbed(struct hsy_check_broadcast *b)
{
    b->unrest_ns = b->f->now_ns;
    b->quiet = (struct hsy_costs){0};
    HSY_ASSERT(!is_quiet(b));
}

void hsy_check_costs_published(struct hsy_check_broadcast *b,
                               const struct hsy_graph *graph)
{
    uint64_t ends = 2 * (uint64_t)graph->links;
    b->costs.messages++;
    b->ends_most = ends > b->ends_most ? ends : b->ends_most;
    b->costs.ways = b->costs.messages * b->ends_most;
    if (is_quiet(b)) {
        b->quiet.messages++;
        b->quiet.ways += ends;
        b->quiet.nodes += graph->vertices;
    }
}

void hsy_check_costs_delivered(struct hsy_check_broadcast *b)
{
    b->costs.deliveries++;
    b->quiet.deliveries += is_quiet(b) ? 1 : 0;
}

static void add_frame(struct hsy_costs *costs,
                      const struct hsy_frame_seen *frame)
{
    bool is_relay = frame->type == HSY_IHAVE || frame->type == HSY_GRAFT ||
                    frame->type == HSY_PRUNE;
    if (frame->type == HSY_BUNDLE) {
        costs->copies++;
        costs->bundle_bytes += frame->len;
    } else if (frame->type == HSY_PIECE) {
        costs->bundle_bytes += frame->len;
    } else {
        costs->control_bytes += frame->len;
        costs->relay_bytes += is_relay ? frame->len : 0;
    }
}

void hsy_check_broadcast_frame(struct hsy_check_broadcast *b,
                               const struct hsy_frame_seen *frame)
{
    add_frame(&b->costs, frame);
    if (is_quiet(b)) {
        add_frame(&b->quiet, frame);
    }
}

static void judge(struct hsy_check_broadcast *b, const char *text,
                  uint64_t spent, uint64_t bound)
{
    hsy_findings_looked(b->f, HSY_B6);
    if (spent > bound) {
        struct hsy_words words = {.text = text,
                                  .about = HSY_NODE_NONE,
                                  .a_text = "spent",
                                  .a = spent,
                                  .b_text = "of at most",
                                  .b = bound};
        hsy_findings_broken(b->f, HSY_B6, b->f->seeds, &words);
    }
}

/* Flooding sends a message over each link at most once each way, of the most
 * links that there were; a half more for links that come and go. What is pulled
 * is one copy of a delivery. */
static void judge_all(struct hsy_check_broadcast *b)
{
    const struct hsy_costs *c = &b->costs;
    if (c->deliveries < ENOUGH) {
        return;
    }
    judge(b, "copies of messages,", 2 * c->copies,
          3 * c->ways + 2 * c->deliveries);
    judge(b, "bytes of IHAVE, GRAFT and PRUNE,", 2 * c->relay_bytes,
          3 * ID_LEN * (c->ways + c->deliveries));
}

/* Along the tree, N - 1 copies; one in five has a spare parent, and over
 * that link a copy may go each way: N more; half as many for links that a late
 * bundle made eager and no third copy has pruned; and shortcuts of the origin.
 * (2.2 a node are the most that 3,000 runs of the swarm had.) */
static void judge_quiet(struct hsy_check_broadcast *b)
{
    const struct hsy_costs *c = &b->quiet;
    /* More than its messages explain: repair is still at work. */
    bool is_repairing = c->deliveries > c->nodes;
    if (c->deliveries < ENOUGH || b->promises->floods || is_repairing) {
        return;
    }
    judge(b, "copies of messages in a quiet time,", c->copies,
          5 * c->nodes / 2 + c->messages + c->nodes / SHORTCUT_PEERS + ENOUGH);
    judge(b, "bytes of IHAVE, GRAFT and PRUNE in a quiet time,", c->relay_bytes,
          ID_LEN * c->ways + (uint64_t)CONTROL_LEN * b->f->count);
}

void hsy_check_costs_calm(struct hsy_check_broadcast *b)
{
    judge_all(b);
    judge_quiet(b);
    b->costs = (struct hsy_costs){0};
    b->quiet = (struct hsy_costs){0};
}
