/* What a study does when. Each phase has a function that is called whenever
 * virtual time has come to its next work, or a slice has passed; it does what
 * is due and says which phase follows. All waiting is bounded. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/study_inner.h"

enum {
    HEAD_MS = 500,      /* Seeds are up before the first peer starts. */
    SETTLE_EVERY_S = 5, /* How often the overlay is looked at, */
    SETTLE_MAX_S = 60,  /* and how long it may stay in pieces. */
    QUIET_S = 5,        /* No delivery for so long: all have arrived. */
    DRAIN_MAX_S = 120,
    WATCH_S = 120,
    SIDE_TRIES = 64 /* To find one of a half. */
};

const char *hsy_study_phase_text(enum hsy_study_phase phase)
{
    static const char *const texts[] = {
        [HSY_STUDY_JOINING] = "joining",
        [HSY_STUDY_SETTLING] = "settling",
        [HSY_STUDY_WARMING_UP] = "warming up",
        [HSY_STUDY_WARM] = "warm",
        [HSY_STUDY_SENDING] = "sending",
        [HSY_STUDY_DRAINING] = "arriving",
        [HSY_STUDY_CHURNING] = "being replaced",
        [HSY_STUDY_CALMING] = "settling again",
        [HSY_STUDY_STRIKING] = "struck",
        [HSY_STUDY_SENDING_AGAIN] = "sending again",
        [HSY_STUDY_DRAINING_AGAIN] = "arriving again",
        [HSY_STUDY_WATCHING] = "watching",
        [HSY_STUDY_PAUSING] = "pausing",
        [HSY_STUDY_LINGERING] = "lingering",
        [HSY_STUDY_DONE] = "done",
    };
    HSY_ASSERT((size_t)phase < sizeof(texts) / sizeof(texts[0]));
    return texts[phase];
}

static uint64_t now_of(const struct hsy_study *s)
{
    return hsy_cluster_now(s->w->cluster);
}

uint64_t hsy_study_stop_ns(const struct hsy_study *s)
{
    uint64_t stop_ns = hsy_time_min(s->due_ns, now_of(s) + s->slice_ns);
    stop_ns = hsy_time_min(stop_ns, s->turn_ns);
    stop_ns = hsy_time_min(stop_ns, s->reset_ns);
    stop_ns = hsy_time_min(stop_ns, s->lies_ns);
    if (s->config.for_ns != 0) {
        stop_ns = hsy_time_min(stop_ns, s->config.for_ns);
    }
    return hsy_time_max(stop_ns, now_of(s));
}

static int enter(struct hsy_study *s, enum hsy_study_phase phase)
{
    s->phase = phase;
    s->since_ns = now_of(s);
    s->due_ns = HEARSAY_NEVER;
    return HEARSAY_OK;
}

static uint64_t spent_ns(const struct hsy_study *s)
{
    return hsy_time_since(s->since_ns, now_of(s));
}

/* ---------------------------------------------------------------- joining */

/* When peer @index (from 0) starts. */
static uint64_t start_ns(const struct hsy_study *s, uint32_t index)
{
    /* Both factors are below 2^64 / 10^6: ten years, a million peers. */
    return HEAD_MS * HSY_MS + s->config.join_over_ns / s->config.peers * index;
}

/* Those of the next slice, so that the future holds few of them. */
static int start_some(struct hsy_study *s)
{
    struct hsy_cluster *c = s->w->cluster;
    uint64_t until_ns = now_of(s) + s->slice_ns;
    int err = HEARSAY_OK;
    while (err == HEARSAY_OK && s->started < s->config.peers &&
           start_ns(s, s->started) <= until_ns) {
        uint64_t delay_ns = hsy_time_since(now_of(s), start_ns(s, s->started));
        err = hsy_cluster_start(c, s->config.seeds + s->started, delay_ns);
        s->started++;
    }
    return err;
}

static int work_joining(struct hsy_study *s)
{
    uint64_t deadline_ns =
        start_ns(s, s->config.peers - 1) + s->config.join_max_ns;
    bool all = s->members == s->config.peers;
    if (all || now_of(s) >= deadline_ns) {
        s->late = !all;
        return enter(s, HSY_STUDY_SETTLING);
    }
    return start_some(s);
}

/* --------------------------------------------------------------- settling */

static int begin_sending(struct hsy_study *s, enum hsy_study_phase phase,
                         uint32_t messages)
{
    int err = enter(s, phase);
    s->to_send = messages;
    s->sent = 0;
    s->due_ns = now_of(s);
    return err;
}

static int begin_measuring(struct hsy_study *s)
{
    s->spreads_first = s->spreads_count;
    hsy_study_plan_split(s);
    hsy_study_plan_resets(s);
    s->lies_ns = s->liars != NULL ? now_of(s) : HEARSAY_NEVER;
    int err = hsy_study_single_out(s);
    return err != HEARSAY_OK
               ? err
               : begin_sending(s, HSY_STUDY_SENDING, s->config.messages);
}

static int work_settling(struct hsy_study *s)
{
    if (s->due_ns == HEARSAY_NEVER) {
        s->due_ns = now_of(s) + SETTLE_EVERY_S * HSY_SECOND;
    }
    if (now_of(s) < s->due_ns) {
        return HEARSAY_OK;
    }
    s->due_ns = HEARSAY_NEVER;
    int err = hsy_graph_read(s->w->graph, s->w->cluster);
    if (err != HEARSAY_OK) {
        return err;
    }
    s->apart = s->w->graph->components > 1;
    bool settled = !s->apart && s->w->graph->one_sided == 0;
    if (!settled && spent_ns(s) < SETTLE_MAX_S * HSY_SECOND) {
        return HEARSAY_OK;
    }
    hsy_measure_traffic(s->m);
    return s->config.warm_up == 0
               ? begin_measuring(s)
               : begin_sending(s, HSY_STUDY_WARMING_UP, s->config.warm_up);
}

/* --------------------------------------------------------------- messages */

static bool can_send(const struct hsy_study *s, uint32_t node)
{
    return s->member[node] != 0 && node != s->slow_node &&
           hsy_cluster_process(s->w->cluster, node) == HSY_PROCESS_RUNNING;
}

bool hsy_study_pick(struct hsy_study *s, uint32_t *out_node)
{
    uint32_t first = s->config.seeds;
    uint32_t peers = hsy_study_peers(&s->config);
    uint32_t start = (uint32_t)hsy_prng_below(&s->prng, peers);
    for (uint32_t i = 0; i < peers; i++) {
        uint32_t node = first + (start + i) % peers;
        if (can_send(s, node)) {
            *out_node = node;
            return true;
        }
    }
    return false;
}

static int pick(struct hsy_study *s, bool *out_found, uint32_t *out_node)
{
    if (s->phase == HSY_STUDY_SENDING_AGAIN && s->config.first_after) {
        return hsy_study_pick_first(s, out_found, out_node);
    }
    for (int i = 0; i < SIDE_TRIES; i++) {
        *out_found = hsy_study_pick(s, out_node);
        if (!*out_found || s->sides == NULL ||
            s->sides[*out_node] == s->sent % 2) {
            break;
        }
    }
    return HEARSAY_OK;
}

/* A number and filler: no two payloads are the same. Text, so that records
 * show it. */
static void fill(const struct hsy_study *s, uint8_t *payload)
{
    uint32_t len = s->config.payload_len;
    for (uint32_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)('a' + i % 26);
    }
    payload[0] = '#';
    for (uint32_t i = 1; i < HSY_STUDY_PAYLOAD_MIN; i++) {
        uint32_t shift = 4 * (HSY_STUDY_PAYLOAD_MIN - 1 - i);
        payload[i] =
            (uint8_t) "0123456789abcdef"[s->spreads_count >> shift & 15];
    }
}

static int publish_at(struct hsy_study *s, uint32_t node)
{
    const struct hearsay_mem *mem = &s->config.mem;
    uint64_t seq;
    uint8_t *payload = hsy_mem_alloc(mem, s->config.payload_len);
    if (payload == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    fill(s, payload);
    int err = hsy_cluster_publish(s->w->cluster, node, payload,
                                  s->config.payload_len, &seq);
    hsy_mem_free(mem, payload);
    return err;
}

static int publish(struct hsy_study *s)
{
    uint32_t node;
    bool found = false;
    int err = pick(s, &found, &node);
    if (err != HEARSAY_OK || !found) {
        return err; /* Nobody is left to say anything. */
    }
    err = publish_at(s, node);
    if (err == HEARSAY_OK) {
        HSY_ASSERT(s->spreads_count < s->spreads_room);
        s->spreads[s->spreads_count].at_ns = now_of(s);
        s->spreads_count++;
    }
    /* A node may have no room just now: that message is not published. */
    return err == HEARSAY_ERR_AGAIN || err == HEARSAY_ERR_STATE ? HEARSAY_OK
                                                                : err;
}

/* The n-th message is due n / rate after the first, without drift. */
static int work_sending(struct hsy_study *s)
{
    int err = HEARSAY_OK;
    while (err == HEARSAY_OK && s->to_send > 0 && now_of(s) >= s->due_ns) {
        err = publish(s);
        s->to_send--;
        s->sent++;
        s->due_ns =
            s->since_ns + s->sent * (1000 * HSY_SECOND) / s->config.per_s_milli;
    }
    if (err == HEARSAY_OK && s->to_send == 0) {
        err = enter(s, s->phase + 1);
        s->delivered_ns = now_of(s);
    }
    return err;
}

/* Peers that publish so many messages by themselves have published them. Of
 * those that never end, nobody waits for the last. */
static bool is_gossip_over(const struct hsy_study *s)
{
    uint64_t count = s->config.gossip_count;
    uint64_t each_ns = s->config.gossip_interval_ns;
    if (count == 0 || count == HEARSAY_UNLIMITED || s->late) {
        return true;
    }
    uint64_t span_ns =
        count > HEARSAY_NEVER / each_ns ? HEARSAY_NEVER : count * each_ns;
    return now_of(s) >= hsy_time_add(s->joined_ns, span_ns);
}

/* A late tail and slow links make silence mean less. What is missing then may
 * come by repair, which takes longer; it is looked for now and then only. */
static bool is_drained(struct hsy_study *s)
{
    if (!is_gossip_over(s) || hsy_study_is_split(s)) {
        return false;
    }
    if (s->sent == 0 || spent_ns(s) >= DRAIN_MAX_S * HSY_SECOND) {
        return true;
    }
    uint64_t quiet_ns = QUIET_S * HSY_SECOND + s->config.weather.tail_ns +
                        2 * s->config.weather.latency_ns.max;
    if (hsy_time_since(s->delivered_ns, now_of(s)) < quiet_ns ||
        now_of(s) < s->look_ns) {
        return false;
    }
    s->look_ns = now_of(s) + QUIET_S * HSY_SECOND;
    return hsy_measure_missed(s->m) == 0;
}

static int work_warm(struct hsy_study *s)
{
    if (!is_drained(s)) {
        return HEARSAY_OK;
    }
    hsy_measure_restart(s->m);
    return begin_measuring(s);
}

static int strike_or_pause(struct hsy_study *s)
{
    if (!hsy_study_has_strikes(&s->config)) {
        return enter(s, HSY_STUDY_PAUSING);
    }
    int err = hsy_study_strike(s);
    if (err == HEARSAY_OK) {
        err = hsy_study_break(s);
    }
    if (err == HEARSAY_OK) {
        err = enter(s, HSY_STUDY_STRIKING);
        s->due_ns = hsy_time_add(s->since_ns, s->config.again_after_ns);
    }
    return err;
}

static int work_draining(struct hsy_study *s)
{
    if (!is_drained(s)) {
        return HEARSAY_OK;
    }
    return s->config.churn.count > 0 ? enter(s, HSY_STUDY_CHURNING)
                                     : strike_or_pause(s);
}

/* ------------------------------------------------------------------ churn */

static int work_churning(struct hsy_study *s)
{
    bool done = false;
    int err = hsy_study_replace(s, &done);
    if (err == HEARSAY_OK && done) {
        err = enter(s, HSY_STUDY_CALMING);
        s->due_ns = hsy_time_add(s->since_ns, s->config.churn.calm_ns);
    }
    return err;
}

static int work_calming(struct hsy_study *s)
{
    return now_of(s) < s->due_ns ? HEARSAY_OK : strike_or_pause(s);
}

/* ----------------------------------------------------------- after strikes */

static int work_striking(struct hsy_study *s)
{
    uint32_t messages = s->config.first_after ? 1 : s->config.messages;
    int err = hsy_study_look(s);
    return err != HEARSAY_OK || now_of(s) < s->due_ns
               ? err
               : begin_sending(s, HSY_STUDY_SENDING_AGAIN, messages);
}

/* What came of the first message is all that is asked for. */
static int work_draining_first(struct hsy_study *s)
{
    bool over = hsy_measure_first_lacking(s->m) == 0 ||
                spent_ns(s) >= DRAIN_MAX_S * HSY_SECOND;
    return over ? enter(s, HSY_STUDY_PAUSING) : HEARSAY_OK;
}

static int work_draining_again(struct hsy_study *s)
{
    if (s->config.first_after) {
        return work_draining_first(s);
    }
    return is_drained(s) ? enter(s, HSY_STUDY_WATCHING) : HEARSAY_OK;
}

static int work_watching(struct hsy_study *s)
{
    struct hsy_measure_counts counts = hsy_measure_counts(s->m);
    s->due_ns = s->struck_ns + WATCH_S * HSY_SECOND;
    bool over = now_of(s) >= s->due_ns;
    /* With the checks, what is due after a while is waited for. */
    if (over || (counts.detected >= counts.struck && !s->config.checks)) {
        return enter(s, HSY_STUDY_PAUSING);
    }
    return HEARSAY_OK;
}

/* ----------------------------------------------------------------- pauses */

static int work_pausing(struct hsy_study *s)
{
    const struct hsy_study_pauses *p = &s->config.pauses;
    bool idle = s->paused_count == 0;
    if (p->count == 0 || (idle && spent_ns(s) >= p->for_ns)) {
        return enter(s, HSY_STUDY_LINGERING);
    }
    if (s->due_ns != HEARSAY_NEVER && now_of(s) < s->due_ns) {
        return HEARSAY_OK;
    }
    s->due_ns = now_of(s) + (idle ? p->lasts_ns : p->apart_ns);
    return idle ? hsy_study_pause(s) : hsy_study_unpause(s);
}

static int work_lingering(struct hsy_study *s)
{
    return now_of(s) >= s->config.for_ns ? enter(s, HSY_STUDY_DONE)
                                         : HEARSAY_OK;
}

static int work_done(struct hsy_study *s)
{
    return enter(s, HSY_STUDY_DONE);
}

int hsy_study_work(struct hsy_study *s)
{
    static int (*const work[])(struct hsy_study *) = {
        [HSY_STUDY_JOINING] = work_joining,
        [HSY_STUDY_SETTLING] = work_settling,
        [HSY_STUDY_WARMING_UP] = work_sending,
        [HSY_STUDY_WARM] = work_warm,
        [HSY_STUDY_SENDING] = work_sending,
        [HSY_STUDY_DRAINING] = work_draining,
        [HSY_STUDY_CHURNING] = work_churning,
        [HSY_STUDY_CALMING] = work_calming,
        [HSY_STUDY_STRIKING] = work_striking,
        [HSY_STUDY_SENDING_AGAIN] = work_sending,
        [HSY_STUDY_DRAINING_AGAIN] = work_draining_again,
        [HSY_STUDY_WATCHING] = work_watching,
        [HSY_STUDY_PAUSING] = work_pausing,
        [HSY_STUDY_LINGERING] = work_lingering,
        [HSY_STUDY_DONE] = work_done,
    };
    HSY_ASSERT((size_t)s->phase < sizeof(work) / sizeof(work[0]));
    int err = now_of(s) >= s->turn_ns ? hsy_study_turn(s) : HEARSAY_OK;
    hsy_study_watch_queues(s);
    hsy_study_reset(s);
    if (err == HEARSAY_OK && now_of(s) >= s->lies_ns) {
        s->lies_ns += HSY_SECOND;
        err = hsy_liars_second(s->liars);
    }
    if (err == HEARSAY_OK) {
        err = work[s->phase](s);
    }
    if (err == HEARSAY_OK && s->config.for_ns != 0 &&
        s->phase < HSY_STUDY_LINGERING && now_of(s) >= s->config.for_ns) {
        s->cut_short = true;
        err = enter(s, HSY_STUDY_DONE);
    }
    return err;
}
