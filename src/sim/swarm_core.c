/* The liveness phase. A core is drawn: a majority of the seeds or more, and
 * some peers. Its links become healthy and its processes run; whatever is not
 * of the core is broken for good, most of it for everybody, some of it for
 * half of the core only. Then the core alone must become whole. */
#include "base/assert.h"
#include "base/time.h"
#include "node/view.h"
#include "sim/swarm_inner.h"

#include <string.h>

enum { CORE_PEERS_MIN = 3 };

static uint64_t below(struct hsy_swarm *s, uint64_t bound)
{
    return hsy_prng_below(&s->core, bound);
}

static bool is_core(const struct hsy_swarm *s, uint32_t node)
{
    return s->fates[node] == HSY_FATE_CORE;
}

/* ------------------------------------------------------------ who is of it */

static bool lives(const struct hsy_swarm *s, uint32_t node)
{
    enum hsy_process process = hsy_cluster_process(s->c, node);
    return process == HSY_PROCESS_RUNNING || process == HSY_PROCESS_FROZEN;
}

/* It has said its good-byes, or is about to. */
static bool is_leaving(const struct hsy_swarm *s, uint32_t node)
{
    struct hsy_view_status status;
    if (!lives(s, node)) {
        return false;
    }
    hsy_view_status(hsy_cluster_node(s->c, node),
                    hsy_cluster_clock(s->c, node).mono_ns, &status);
    return status.state == HSY_VIEW_LEAVING || status.state == HSY_VIEW_STOPPED;
}

/* Those that live come first. */
static uint32_t rank_of(const struct hsy_swarm *s, uint32_t node)
{
    return lives(s, node) && !is_leaving(s, node) ? 0 : 1;
}

/* Of the nodes @first..@end: at least @min of them. */
static void choose(struct hsy_swarm *s, uint32_t first, uint32_t end,
                   uint32_t min)
{
    uint32_t order[HSY_SWARM_NODES_MAX];
    uint32_t living = 0, placed = 0;
    uint32_t count = end - first;
    for (uint32_t i = 0; i < count; i++) { /* Shuffled as it is filled. */
        uint32_t place = (uint32_t)below(s, i + 1);
        order[i] = order[place];
        order[place] = first + i;
        living += rank_of(s, first + i) == 0 ? 1 : 0;
    }
    min = min < count ? min : count;
    uint32_t max = living > min ? living : min;
    uint32_t wanted =
        below(s, 2) == 0 ? max : min + (uint32_t)below(s, max - min + 1);
    for (uint32_t rank = 0; rank < 2; rank++) {
        for (uint32_t i = 0; i < count && placed < wanted; i++) {
            if (rank_of(s, order[i]) == rank) {
                s->fates[order[i]] = HSY_FATE_CORE;
                placed++;
            }
        }
    }
}

/* ----------------------------------------------------------- what they get */

static void recover(struct hsy_swarm *s, uint32_t node)
{
    hsy_cluster_heal(s->c, node);
    hsy_cluster_slow(s->c, node, 0);
    hsy_cluster_disk_mood(s->c, node, HSY_DISK_FINE);
    if (s->clock_ms[node] != 0) {
        hsy_cluster_clock_jump(s->c, node, -s->clock_ms[node]);
        s->clock_ms[node] = 0;
    }
    if (hsy_cluster_process(s->c, node) == HSY_PROCESS_STARTING ||
        is_leaving(s, node)) {
        (void)!hsy_cluster_kill(s->c, node); /* It starts right now. */
    }
    if (hsy_cluster_process(s->c, node) == HSY_PROCESS_FROZEN) {
        (void)!hsy_cluster_thaw(s->c, node);
    }
    if (hsy_cluster_process(s->c, node) == HSY_PROCESS_NONE) {
        hsy_swarm_tell(s, "start", node, 0);
        (void)!hsy_cluster_start(s->c, node, 0);
    }
}

static void cut_from_half(struct hsy_swarm *s, uint32_t node)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (i != node && is_core(s, i) && below(s, 2) == 0 &&
            hsy_cluster_cut(s->c, node, i) != HEARSAY_OK) {
            s->w->err = HEARSAY_ERR_NOMEM;
        }
    }
}

/* What lives and is not of the core breaks. Where its links were cut before,
 * they stay so. */
static enum hsy_fate break_for_good(struct hsy_swarm *s, uint32_t node)
{
    uint64_t how = below(s, 4);
    if (hsy_cluster_process(s->c, node) == HSY_PROCESS_STARTING) {
        (void)!hsy_cluster_kill(s->c, node);
    }
    if (!lives(s, node)) {
        return HSY_FATE_GONE;
    }
    if (how == 0) {
        hsy_swarm_tell(s, "dead for good:", node, 0);
        (void)!hsy_cluster_kill(s->c, node);
    } else if (how == 1) {
        hsy_swarm_tell(s, "frozen for good:", node, 0);
        (void)!hsy_cluster_freeze(s->c, node); /* It may be. */
    } else if (how == 2) {
        hsy_swarm_tell(s, "alone for good:", node, 0);
        hsy_cluster_isolate(s->c, node);
    } else {
        hsy_swarm_tell(s, "cut from half of the core:", node, 0);
        cut_from_half(s, node);
        return HSY_FATE_GREY;
    }
    return HSY_FATE_GONE;
}

void hsy_swarm_choose_core(struct hsy_swarm *s)
{
    uint32_t seeds = s->plan->seeds;
    for (uint32_t i = 0; i < s->count; i++) {
        s->fates[i] = HSY_FATE_GONE;
    }
    choose(s, 0, seeds, seeds / 2 + 1);
    choose(s, seeds, s->count, CORE_PEERS_MIN);
    s->deeds_count = 0; /* What was to end does not. */
    struct hsy_weather weather = hsy_cluster_weather(s->c);
    weather.latency_ns = (struct hsy_range){HSY_MS, 20 * HSY_MS};
    weather.tail_ppm = 0;
    weather.bytes_per_s = 0;
    weather.window_len = HSY_SWARM_WINDOW;
    hsy_cluster_set_weather(s->c, &weather);
    for (uint32_t i = 0; i < s->count; i++) {
        if (is_core(s, i)) {
            s->out->core++;
            recover(s, i);
        }
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (!is_core(s, i)) {
            s->fates[i] = break_for_good(s, i);
        }
    }
    hsy_swarm_tell(s, "the core is healthy", -1, 0);
    hsy_swarm_pass(s, hsy_cluster_now(s->c) + HSY_SECOND);
}

/* ------------------------------------------------------------- what it must */

static void check_joined(struct hsy_swarm *s, uint32_t node)
{
    struct hsy_view_status status;
    if (hsy_cluster_process(s->c, node) != HSY_PROCESS_RUNNING) {
        hsy_swarm_broke(s, "joined", node, "does not run");
        return;
    }
    hsy_view_status(hsy_cluster_node(s->c, node),
                    hsy_cluster_clock(s->c, node).mono_ns, &status);
    if (status.role == HEARSAY_SEED) {
        return;
    }
    if (status.state != HSY_VIEW_JOINED) {
        hsy_swarm_broke_at(s, "joined", node, "has not joined; registered",
                           status.registered);
    } else if (status.registered < status.quorum) {
        hsy_swarm_broke_at(s, "joined", node, "is below its quorum; registered",
                           status.registered);
    }
}

/* Into @out_alive: whom @seed lists as alive. */
static void read_list(const struct hsy_swarm *s, uint32_t seed,
                      bool out_alive[HSY_SWARM_NODES_MAX])
{
    struct hsy_view_peer peer;
    uint32_t node;
    memset(out_alive, 0, HSY_SWARM_NODES_MAX * sizeof(out_alive[0]));
    for (uint32_t i = 0; hsy_view_peer(hsy_cluster_node(s->c, seed), i, &peer);
         i++) {
        if (hsy_cluster_find(s->c, &peer.id, &node)) {
            out_alive[node] = peer.state == HSY_PEER_ALIVE;
        }
    }
}

/* R5: who is gone is in no list; R7: who lives is in all. Another issue arms
 * these; but that a majority of the core lists the living is wanted now. */
static void check_lists(struct hsy_swarm *s)
{
    bool alive[HSY_SWARM_NODES_MAX];
    uint32_t listed[HSY_SWARM_NODES_MAX] = {0};
    uint32_t core_seeds = 0;
    for (uint32_t seed = 0; seed < s->plan->seeds; seed++) {
        if (!is_core(s, seed)) {
            continue;
        }
        core_seeds++;
        read_list(s, seed, alive);
        for (uint32_t i = s->plan->seeds; i < s->count; i++) {
            listed[i] += alive[i] ? 1 : 0;
        }
    }
    for (uint32_t i = s->plan->seeds; i < s->count; i++) {
        if (s->fates[i] == HSY_FATE_GONE && listed[i] > 0) {
            s->ghosts++;
        }
        if (is_core(s, i) && listed[i] < core_seeds) {
            s->hidden++;
        }
        if (is_core(s, i) && 2 * listed[i] < core_seeds) {
            hsy_swarm_broke_at(
                s, "lists", i,
                "lives; seeds of the core that list it:", listed[i]);
        }
    }
    if (s->ghosts > 0 && hsy_checks_armed(s->w->checks, HSY_R5)) {
        hsy_swarm_broke_at(s, "R5", s->plan->seeds,
                           "or others: gone and still listed:", s->ghosts);
    }
    if (s->hidden > 0 && hsy_checks_armed(s->w->checks, HSY_R7)) {
        hsy_swarm_broke_at(s, "R7", s->plan->seeds,
                           "or others: alive and hidden:", s->hidden);
    }
}

/* Of the tree that @node is in. */
static uint32_t root_of(const struct hsy_graph *g, uint32_t node)
{
    while (g->parents[node] != node) {
        node = g->parents[node];
    }
    return node;
}

/* Links may lead through nodes that are grey; nothing is promised about the
 * grey ones themselves. */
static void check_overlay(struct hsy_swarm *s, bool has_grey)
{
    struct hsy_graph *g = s->w->graph;
    if (hsy_graph_read(g, s->c) != HEARSAY_OK) {
        s->w->err = HEARSAY_ERR_NOMEM;
        return;
    }
    int64_t root = -1;
    for (uint32_t i = s->plan->seeds; i < s->count; i++) {
        if (!is_core(s, i)) {
            continue;
        }
        if (root >= 0 && root_of(g, i) != root) {
            hsy_swarm_broke_at(s, "overlay", i, "is in another piece, of",
                               g->components);
        }
        root = root >= 0 ? root : root_of(g, i);
    }
    if (g->one_sided != 0 && !has_grey) {
        hsy_swarm_broke_at(s, "links", 0,
                           "links that one end only knows of:", g->one_sided);
    }
}

/* Those of the core publish, at most so many in a second as peers keep twice
 * over: an announced message that is pushed out before it can be asked for is
 * promised to nobody. When the last ones did. */
static uint64_t publish_each(struct hsy_swarm *s)
{
    uint64_t at_ns = hsy_cluster_now(s->c);
    uint32_t most = s->plan->retain_max / 2, count = 0;
    for (uint32_t i = s->plan->seeds; i < s->count; i++) {
        uint64_t seq;
        if (!is_core(s, i)) {
            continue;
        }
        if (most > 0 && count == most) {
            at_ns += HSY_SECOND;
            count = 0;
            hsy_swarm_pass(s, at_ns);
        }
        count++;
        if (hsy_cluster_publish(s->c, i, (const uint8_t *)"quiet", 5, &seq) !=
            HEARSAY_OK) {
            hsy_swarm_broke(s, "messages", i, "refuses to publish");
        }
    }
    return at_ns;
}

static void judge_messages(struct hsy_swarm *s, uint64_t at_ns)
{
    struct hsy_expectation e = {.from_ns = at_ns, .to_ns = at_ns};
    struct hsy_missing missing = hsy_ledger_judge(s->w->ledger, &e);
    if (missing.missed > 0) {
        char text[64];
        struct hsy_line line = hsy_line(text, sizeof(text));
        hsy_line_text(&line, "missed, of ");
        hsy_line_node(&line, s->c, missing.origin);
        hsy_line_text(&line, ", message");
        hsy_swarm_broke_at(s, "messages", missing.node, text, missing.seq);
    } else if (missing.expected == 0) {
        hsy_swarm_broke(s, "messages", 0, "nobody is there to listen");
    }
}

static void check_messages(struct hsy_swarm *s)
{
    uint64_t from_ns = hsy_cluster_now(s->c);
    uint64_t to_ns = publish_each(s);
    /* In order, they may wait for one that nobody has any more. */
    hsy_swarm_pass(s, to_ns + 5 * HSY_SECOND + s->plan->ordered_wait_ns);
    for (uint32_t i = s->plan->seeds; i < s->count; i++) {
        if (!is_core(s, i)) {
            hsy_ledger_ended(s->w->ledger, i); /* Owes nobody anything. */
        }
    }
    for (uint64_t at_ns = from_ns; at_ns <= to_ns; at_ns += HSY_SECOND) {
        judge_messages(s, at_ns);
    }
}

/* Last, the seeds of the core die at once, long after their disks are well:
 * what they then read must be all that they had (R1, R2, R4). */
static void check_disks(struct hsy_swarm *s)
{
    for (uint32_t i = 0; i < s->plan->seeds; i++) {
        if (is_core(s, i)) {
            (void)!hsy_cluster_kill(s->c, i); /* It runs: that was checked. */
            (void)!hsy_cluster_start(s->c, i, 0);
        }
    }
    hsy_swarm_tell(s, "the seeds of the core restart", -1, 0);
    hsy_swarm_pass(s, hsy_cluster_now(s->c) + 2 * HSY_SECOND);
}

static void check_invariants(struct hsy_swarm *s, bool has_grey)
{
    if (!has_grey && hsy_checks_calm(s->w->checks) != HEARSAY_OK) {
        s->w->err = HEARSAY_ERR_NOMEM;
    }
    hsy_swarm_pass(s, hsy_cluster_now(s->c));
}

void hsy_swarm_check_core(struct hsy_swarm *s)
{
    uint64_t now_ns = hsy_cluster_now(s->c);
    bool has_grey = false;
    for (uint32_t i = 0; i < s->count; i++) {
        has_grey = has_grey || s->fates[i] == HSY_FATE_GREY;
    }
    s->joins = 0;
    hsy_swarm_pass(s, now_ns + 59 * HSY_SECOND);
    s->joins = 0;
    hsy_swarm_pass(s, now_ns + 119 * HSY_SECOND);
    if (s->joins > 10 * s->plan->peers && !hsy_swarm_failed(s)) {
        hsy_swarm_broke_at(
            s, "calm", s->plan->seeds,
            "and others: links and registrations without end:", s->joins);
    }
    for (uint32_t i = 0; i < s->count && !hsy_swarm_failed(s); i++) {
        if (is_core(s, i)) {
            check_joined(s, i);
        }
    }
    if (!hsy_swarm_failed(s)) {
        check_lists(s);
    }
    if (!hsy_swarm_failed(s)) {
        check_overlay(s, has_grey);
    }
    if (!hsy_swarm_failed(s)) {
        check_invariants(s, has_grey);
    }
    if (!hsy_swarm_failed(s)) {
        check_messages(s);
    }
    if (!hsy_swarm_failed(s)) {
        check_disks(s);
    }
}
