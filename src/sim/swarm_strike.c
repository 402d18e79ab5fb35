/* Carrying out a plan: what each blow does to the cluster, and what ends it.
 *
 * A blow is aimed at nodes by number among those that were drawn; one that
 * names a node left out of this run falls on nobody. What it does to each
 * node of several is decided by its own random number and the node's. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/swarm_inner.h"

#include <string.h>

enum { NOBODY = -1, CLOGGED_MAX = 8, HUBS = 3 };

/* ------------------------------------------------------------------- deeds */

static void plan_deed(struct hsy_swarm *s, uint64_t at_ns,
                      enum hsy_deed_kind kind, uint32_t node)
{
    if (s->deeds_count == HSY_DEEDS_MAX) {
        return; /* It stays as it is until the end. */
    }
    uint32_t place = s->deeds_count++;
    for (; place > 0 && s->deeds[place - 1].at_ns > at_ns; place--) {
        s->deeds[place] = s->deeds[place - 1];
    }
    s->deeds[place] = (struct hsy_deed){
        .at_ns = at_ns, .seq = s->deeds_seq++, .kind = kind, .node = node};
}

static void later(struct hsy_swarm *s, uint64_t delay_ns,
                  enum hsy_deed_kind kind, uint32_t node)
{
    plan_deed(s, hsy_time_add(hsy_cluster_now(s->c), delay_ns), kind, node);
}

uint64_t hsy_swarm_next_deed(const struct hsy_swarm *s)
{
    return s->deeds_count == 0 ? HEARSAY_NEVER : s->deeds[0].at_ns;
}

void hsy_swarm_tell(struct hsy_swarm *s, const char *what, int64_t node,
                    uint64_t lasts_ns)
{
    char text[96];
    struct hsy_line line = hsy_line(text, sizeof(text));
    hsy_line_text(&line, what);
    if (node != NOBODY) {
        hsy_line_text(&line, " ");
        hsy_line_node(&line, s->c, (uint32_t)node);
    }
    if (lasts_ns > 0) {
        hsy_line_text(&line, " for ");
        hsy_line_time(&line, lasts_ns);
    }
    hsy_line_text(&s->blows, "  ");
    hsy_line_time(&s->blows, hsy_cluster_now(s->c));
    hsy_line_text(&s->blows, "  ");
    hsy_line_text(&s->blows, text);
    hsy_line_text(&s->blows, "\n");
    hsy_story_action(&s->w->story, s->c, text);
    hsy_swarm_told(s);
}

/* -------------------------------------------------------------- partitions */

static bool coin_of(const struct hsy_swarm *s, uint64_t how, uint32_t node)
{
    return hsy_swarm_mix(how, hsy_swarm_name(s, node)) % 2 == 0;
}

/* Whether @strike keeps what @from sends from @to. */
static bool cuts(const struct hsy_swarm *s, const struct hsy_strike *strike,
                 uint32_t from, uint32_t to)
{
    uint32_t seeds = s->plan->seeds;
    bool from_side = coin_of(s, strike->how, from);
    bool to_side = coin_of(s, strike->how, to);
    uint32_t bridge = (uint32_t)(strike->whom % s->count);
    if (strike->fault == HSY_SWARM_SEEDS_APART) {
        return (from < seeds) != (to < seeds);
    }
    if (strike->fault == HSY_SWARM_HUBS_APART) {
        return s->hubs[from] != s->hubs[to];
    }
    if (strike->fault == HSY_SWARM_ONE_WAY) {
        return from_side && !to_side;
    }
    if (strike->fault == HSY_SWARM_BRIDGE && (from == bridge || to == bridge)) {
        return false;
    }
    return from_side != to_side;
}

/* All pairs that @strike is about: cut, or whole again. */
static void partition(struct hsy_swarm *s, const struct hsy_strike *strike,
                      bool cut)
{
    for (uint32_t a = 0; a < s->count; a++) {
        for (uint32_t b = 0; b < s->count; b++) {
            if (a == b || !cuts(s, strike, a, b)) {
                continue;
            }
            if (!cut) {
                hsy_cluster_heal_pair(s->c, a, b);
            } else if (hsy_cluster_cut_way(s->c, a, b) != HEARSAY_OK) {
                s->w->err = HEARSAY_ERR_NOMEM;
            }
        }
    }
}

/* The peers of highest degree. */
static void find_hubs(struct hsy_swarm *s)
{
    struct hsy_graph *g = s->w->graph;
    if (hsy_graph_read(g, s->c) != HEARSAY_OK) {
        s->w->err = HEARSAY_ERR_NOMEM;
        return;
    }
    memset(s->hubs, 0, sizeof(s->hubs));
    for (int i = 0; i < HUBS; i++) {
        uint32_t best = s->plan->seeds;
        for (uint32_t n = best; n < s->count; n++) {
            if (s->hubs[best] ||
                (!s->hubs[n] && g->degrees[n] > g->degrees[best])) {
                best = n;
            }
        }
        s->hubs[best] = true;
    }
}

static void strike_all(struct hsy_swarm *s, uint32_t index)
{
    const struct hsy_strike *strike = &s->plan->strikes[index];
    if (strike->fault == HSY_SWARM_HUBS_APART) {
        find_hubs(s);
    }
    partition(s, strike, true);
    later(s, strike->lasts_ns, HSY_DEED_REJOIN, index);
    hsy_swarm_tell(s, hsy_swarm_fault_name(strike->fault), NOBODY,
                   strike->lasts_ns);
}

/* Some nodes stop hearing anybody, one after the other, and hear again in
 * another order. */
static void clog_some(struct hsy_swarm *s, const struct hsy_strike *strike)
{
    uint32_t clogged = 0;
    for (uint32_t i = 0; i < s->count && clogged < CLOGGED_MAX; i++) {
        uint64_t dice = hsy_swarm_mix(strike->how, hsy_swarm_name(s, i));
        if (dice % 3 == 0) {
            uint64_t span = strike->lasts_ns / 2 + 1;
            later(s, (dice >> 8) % span, HSY_DEED_ISOLATE, i);
            later(s, span + (dice >> 32) % span, HSY_DEED_HEAL, i);
            clogged++;
        }
    }
    hsy_swarm_tell(s, "clog and swizzle some", NOBODY, strike->lasts_ns);
}

/* --------------------------------------------------------------- processes */

/* kill -9, and a start after some time. */
static void crash(struct hsy_swarm *s, uint32_t node, uint64_t down_ns)
{
    (void)!hsy_cluster_kill(s->c, node); /* It may be down already. */
    (void)!hsy_cluster_start(s->c, node, down_ns);
}

static void harm_disk(struct hsy_swarm *s, const struct hsy_strike *strike,
                      uint32_t node)
{
    enum hsy_disk_harm harm = HSY_HARM_STALE;
    if (strike->fault == HSY_SWARM_DISK_LOST) {
        harm = HSY_HARM_LOSE;
    } else if (strike->fault == HSY_SWARM_DISK_CORRUPT) {
        harm = strike->how % 2 == 0 ? HSY_HARM_FLIP : HSY_HARM_CUT;
    }
    hsy_witness_disk_lost(s->w, node);
    (void)!hsy_cluster_kill(s->c, node);
    if (hsy_cluster_disk_harm(s->c, node, harm) != HEARSAY_OK) {
        s->w->err = HEARSAY_ERR_NOMEM;
    }
    (void)!hsy_cluster_start(s->c, node, strike->lasts_ns);
}

static void spoil_disk(struct hsy_swarm *s, const struct hsy_strike *strike,
                       uint32_t node)
{
    enum hsy_disk_mood mood = HSY_DISK_LYING;
    if (strike->fault == HSY_SWARM_DISK_FULL) {
        mood = HSY_DISK_FULL;
    } else if (strike->fault == HSY_SWARM_DISK_FLAKY) {
        mood = HSY_DISK_FLAKY;
    } else {
        hsy_witness_disk_lost(s->w, node);
    }
    hsy_witness_disk_bad(s->w, node);
    hsy_cluster_disk_mood(s->c, node, mood);
    bool lies = mood == HSY_DISK_LYING;
    later(s, strike->lasts_ns, lies ? HSY_DEED_CRASH : HSY_DEED_DISK_FINE,
          node);
}

static void jump_clock(struct hsy_swarm *s, const struct hsy_strike *strike,
                       uint32_t node)
{
    enum { TEN_YEARS_DOUBLINGS = 38 }; /* 2^38 ms are 8.7 years. */
    uint64_t ms = UINT64_C(1) << (strike->how % (TEN_YEARS_DOUBLINGS + 1));
    ms += strike->how / 64 % ms / 8;
    int64_t jump = strike->whom % 8 < 5 ? (int64_t)ms : -(int64_t)ms;
    uint64_t before_ms = hsy_cluster_clock(s->c, node).wall_ms;
    hsy_cluster_clock_jump(s->c, node, jump);
    uint64_t after_ms = hsy_cluster_clock(s->c, node).wall_ms;
    s->clock_ms[node] += (int64_t)(after_ms - before_ms);
    hsy_witness_clock_jumped(s->w, node);
}

static void slow_down(struct hsy_swarm *s, const struct hsy_strike *strike,
                      uint32_t node, uint64_t max_ns)
{
    hsy_cluster_slow(s->c, node, 1 + strike->how % max_ns);
    later(s, strike->lasts_ns, HSY_DEED_FAST, node);
}

/* Several at once. */
static void strike_many(struct hsy_swarm *s, const struct hsy_strike *strike)
{
    bool seeds = hsy_swarm_is_on(s->plan, HSY_SWARM_SEEDS);
    bool all = strike->fault == HSY_SWARM_RESTART_ALL;
    uint32_t first = seeds && strike->whom % 3 != 0 ? 0 : s->plan->seeds;
    uint32_t end =
        first == 0 && strike->whom % 3 == 1 && all ? s->plan->seeds : s->count;
    for (uint32_t i = first; i < end; i++) {
        if (strike->fault == HSY_SWARM_LATE_JOBS) {
            slow_down(s, strike, i, 2 * HSY_SECOND);
        } else if (all || coin_of(s, strike->how, i)) {
            uint64_t spread = hsy_swarm_mix(strike->how, i) % HSY_SECOND;
            crash(s, i, strike->lasts_ns + spread);
        }
    }
    hsy_swarm_tell(s, hsy_swarm_fault_name(strike->fault), NOBODY,
                   strike->lasts_ns);
}

/* ----------------------------------------------------------------- strikes */

/* Whom @strike is aimed at; false: not in this run. */
static bool aim(const struct hsy_swarm *s, uint64_t whom, uint32_t *out)
{
    const struct hsy_swarm_plan *p = s->plan;
    if (hsy_swarm_is_on(p, HSY_SWARM_SEEDS) && whom % 4 == 0) {
        *out = (uint32_t)(whom / 4 % p->seeds_drawn);
        return *out < p->seeds;
    }
    uint32_t peer = (uint32_t)(whom / 4 % p->peers_drawn);
    *out = p->seeds + peer;
    return peer < p->peers;
}

static void cut_pair(struct hsy_swarm *s, const struct hsy_strike *strike,
                     uint32_t node)
{
    uint32_t other;
    if (!aim(s, strike->how, &other) || other == node) {
        return;
    }
    int err = strike->fault == HSY_SWARM_CUT
                  ? hsy_cluster_cut(s->c, node, other)
                  : hsy_cluster_cut_way(s->c, node, other);
    s->w->err = err == HEARSAY_OK ? s->w->err : err;
    later(s, strike->lasts_ns, HSY_DEED_HEAL, node);
}

static void strike_one(struct hsy_swarm *s, const struct hsy_strike *strike,
                       uint32_t node)
{
    switch (strike->fault) { /* tidy: dispatch */
    case HSY_SWARM_CUT:
    case HSY_SWARM_ONE_WAY:
        cut_pair(s, strike, node);
        break;
    case HSY_SWARM_ISOLATE:
        hsy_cluster_isolate(s->c, node);
        later(s, strike->lasts_ns, HSY_DEED_HEAL, node);
        break;
    case HSY_SWARM_CRASH:
        crash(s, node, strike->lasts_ns);
        break;
    case HSY_SWARM_PAUSE:
        (void)!hsy_cluster_freeze(s->c, node); /* It may not run. */
        later(s, strike->lasts_ns, HSY_DEED_THAW, node);
        break;
    case HSY_SWARM_SLOW:
        slow_down(s, strike, node, 10 * HSY_SECOND);
        break;
    case HSY_SWARM_LEAVE:
        (void)!hsy_cluster_leave(s->c, node); /* It may not run. */
        break;
    case HSY_SWARM_DISK_LOST:
    case HSY_SWARM_DISK_STALE:
    case HSY_SWARM_DISK_CORRUPT:
        harm_disk(s, strike, node);
        break;
    case HSY_SWARM_DISK_FULL:
    case HSY_SWARM_DISK_FLAKY:
    case HSY_SWARM_DISK_LYING:
        spoil_disk(s, strike, node);
        break;
    case HSY_SWARM_CLOCK:
        jump_clock(s, strike, node);
        break;
    case HSY_SWARM_DELAY:
    case HSY_SWARM_TAIL:
    case HSY_SWARM_NARROW:
    case HSY_SWARM_RESET:
    case HSY_SWARM_CLOG:
    case HSY_SWARM_SPLIT:
    case HSY_SWARM_BRIDGE:
    case HSY_SWARM_SEEDS_APART:
    case HSY_SWARM_HUBS_APART:
    case HSY_SWARM_LATE_JOIN:
    case HSY_SWARM_FLASH:
    case HSY_SWARM_RESTART_ALL:
    case HSY_SWARM_HALF:
    case HSY_SWARM_LATE_JOBS:
    case HSY_SWARM_SEEDS:
    case HSY_SWARM_FAULTS_COUNT:
        break; /* These do not strike, or not one node. */
    }
}

static bool is_partition(const struct hsy_strike *strike)
{
    return strike->fault == HSY_SWARM_SPLIT ||
           strike->fault == HSY_SWARM_BRIDGE ||
           strike->fault == HSY_SWARM_SEEDS_APART ||
           strike->fault == HSY_SWARM_HUBS_APART ||
           (strike->fault == HSY_SWARM_ONE_WAY && strike->whom % 4 == 0);
}

static bool is_for_many(const struct hsy_strike *strike)
{
    return strike->fault == HSY_SWARM_RESTART_ALL ||
           strike->fault == HSY_SWARM_HALF ||
           strike->fault == HSY_SWARM_LATE_JOBS;
}

void hsy_swarm_strike(struct hsy_swarm *s, uint32_t index)
{
    const struct hsy_strike *strike = &s->plan->strikes[index];
    uint32_t node;
    if (is_partition(strike)) {
        strike_all(s, index);
    } else if (strike->fault == HSY_SWARM_CLOG) {
        clog_some(s, strike);
    } else if (is_for_many(strike)) {
        strike_many(s, strike);
    } else if (aim(s, strike->whom, &node)) {
        hsy_swarm_tell(s, hsy_swarm_fault_name(strike->fault), node,
                       strike->lasts_ns);
        strike_one(s, strike, node);
    } else {
        return; /* Its node is not in this run. */
    }
    s->out->struck |= HSY_SWARM_BIT(strike->fault);
    hsy_marks_struck(&s->out->marks, strike->fault);
}

/* --------------------------------------------------------------- their end */

static void disk_fine(struct hsy_swarm *s, uint32_t node)
{
    hsy_cluster_disk_mood(s->c, node, HSY_DISK_FINE);
    (void)!hsy_cluster_start(s->c, node, 0); /* It may run. */
}

void hsy_swarm_do_deed(struct hsy_swarm *s)
{
    HSY_ASSERT(s->deeds_count > 0);
    struct hsy_deed deed = s->deeds[0];
    s->deeds_count--;
    memmove(&s->deeds[0], &s->deeds[1], s->deeds_count * sizeof(deed));
    switch (deed.kind) {
    case HSY_DEED_THAW:
        (void)!hsy_cluster_thaw(s->c, deed.node); /* It may be gone. */
        break;
    case HSY_DEED_FAST:
        hsy_cluster_slow(s->c, deed.node, 0);
        break;
    case HSY_DEED_DISK_FINE:
        disk_fine(s, deed.node);
        break;
    case HSY_DEED_CRASH:
        crash(s, deed.node, HSY_SECOND);
        hsy_cluster_disk_mood(s->c, deed.node, HSY_DISK_FINE);
        break;
    case HSY_DEED_ISOLATE:
        hsy_cluster_isolate(s->c, deed.node);
        break;
    case HSY_DEED_HEAL:
        hsy_cluster_heal(s->c, deed.node);
        break;
    case HSY_DEED_REJOIN:
        partition(s, &s->plan->strikes[deed.node], false);
        break;
    }
}
