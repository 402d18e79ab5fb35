/* One run of a swarm: builds the network that the plan names, lets the plan
 * befall it while all invariants are watched, and hands over to the core. */
#include "sim/swarm.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "node/view.h"
#include "sim/swarm_inner.h"
#include "wire/records.h"

#include <string.h>

_Static_assert((int)HSY_INVARIANTS <= (int)HSY_SWARM_INVARIANTS_MAX,
               "a result has room for each");
/* Each of its lines has two blanks before it and a newline behind. */
_Static_assert(HSY_SWARM_STORY_LEN > HSY_STORY_LINES * (HSY_STORY_LINE_LEN + 3),
               "a story fits into a result");

/* ------------------------------------------------------------ what is told */

bool hsy_swarm_failed(const struct hsy_swarm *s)
{
    return s->out->what[0] != '\0';
}

static void broke(struct hsy_swarm *s, const char *what, const char *text,
                  uint64_t at_ns)
{
    if (hsy_swarm_failed(s)) {
        return;
    }
    struct hsy_line line = hsy_line(s->out->what, sizeof(s->out->what));
    hsy_line_text(&line, what);
    line = hsy_line(s->out->text, sizeof(s->out->text));
    hsy_line_text(&line, text);
    s->out->at_ns = at_ns;
}

void hsy_swarm_broke(struct hsy_swarm *s, const char *what, uint32_t node,
                     const char *text)
{
    char all[160];
    struct hsy_line line = hsy_line(all, sizeof(all));
    hsy_line_node(&line, s->c, node);
    hsy_line_text(&line, " ");
    hsy_line_text(&line, text);
    broke(s, what, all, hsy_cluster_now(s->c));
}

void hsy_swarm_broke_at(struct hsy_swarm *s, const char *what, uint32_t node,
                        const char *text, uint64_t number)
{
    char all[128];
    struct hsy_line line = hsy_line(all, sizeof(all));
    hsy_line_text(&line, text);
    hsy_line_text(&line, " ");
    hsy_line_u64(&line, number);
    hsy_swarm_broke(s, what, node, all);
}

void hsy_swarm_told(struct hsy_swarm *s)
{
    const struct hsy_story *story = &s->w->story;
    if (s->setup->trace != NULL && story->count > 0) {
        uint32_t last = (story->count - 1) % HSY_STORY_LINES;
        s->setup->trace(s->setup->ctx, story->lines[last]);
    }
}

static enum hearsay_role role_of(const struct hsy_swarm *s, uint32_t node)
{
    return node < s->plan->seeds ? HEARSAY_SEED : HEARSAY_PEER;
}

static void on_note(void *ctx, uint32_t node, const struct hearsay_note *note)
{
    struct hsy_swarm *s = ctx;
    hsy_marks_note(&s->out->marks, role_of(s, node), note);
    if (s->fates[node] == HSY_FATE_CORE &&
        (strcmp(note->event, "registered") == 0 ||
         (node >= s->plan->seeds && strcmp(note->event, "connect") == 0))) {
        s->joins++;
    }
    if (strncmp(note->event, "gossip-", 7) != 0) {
        hsy_swarm_told(s);
    }
}

static void on_sent(void *ctx, uint32_t from, uint32_t to, const uint8_t *bytes,
                    size_t len)
{
    struct hsy_swarm *s = ctx;
    (void)to;
    hsy_marks_sent(&s->out->marks, role_of(s, from), bytes, len);
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hsy_swarm *s = ctx;
    static const char *const reasons[] = {
        [HEARSAY_STOP_LEFT] = "left",
        [HEARSAY_STOP_JOIN_TIMEOUT] = "stopped: no quorum in time:",
        [HEARSAY_STOP_DUPLICATE] = "stopped: duplicate:",
        [HEARSAY_STOP_DISK] = "stopped: disk:"};
    if (why != NULL) {
        hsy_marks_stopped(&s->out->marks, *why);
        hsy_swarm_tell(s, reasons[*why], node, 0);
    }
}

/* --------------------------------------------------------------- the network
 */

uint64_t hsy_swarm_name(const struct hsy_swarm *s, uint32_t node)
{
    uint32_t seeds = s->plan->seeds;
    return node < seeds ? 1000 + node : node - seeds;
}

static void configure(struct hsy_swarm *s, struct hsy_cluster_config *config)
{
    const struct hsy_swarm_plan *p = s->plan;
    hearsay_config_init(&s->seed_config, HEARSAY_SEED);
    hearsay_config_init(&s->peer_config, HEARSAY_PEER);
    s->peer_config.overlay = p->overlay;
    s->peer_config.links_wanted = p->links_wanted;
    s->peer_config.gossip_count = p->gossip_count;
    s->peer_config.gossip_interval_ns = p->gossip_interval_ns;
    s->peer_config.ping_interval_ns = p->ping_interval_ns;
    s->seed_config.ping_interval_ns = p->ping_interval_ns;
    if (p->links_max != 0) {
        s->peer_config.links_max = p->links_max;
        s->peer_config.jobs_max = p->jobs_max;
        s->peer_config.book_max = p->book_max;
        s->peer_config.seen_max = p->seen_max;
    }
    s->peer_config.relay = p->relay;
    s->peer_config.history = p->history;
    if (p->retain_max != 0) {
        s->peer_config.retain_max = p->retain_max;
    }
    s->peer_config.retain_on_disk = p->retain_on_disk;
    s->peer_config.ordered_wait_ns = p->ordered_wait_ns;
    if (p->retain_ns != 0) {
        s->peer_config.retain_ns = p->retain_ns;
    }
    /* Who went while no seed was up is hidden when the lease ends. */
    s->seed_config.lease_ns = 60 * HSY_SECOND;

    hsy_cluster_config_init(config, &s->mem);
    const struct hsy_machine *machine = s->setup->machine;
    config->machine = machine == NULL ? hsy_machine_node() : machine;
    config->crypto = s->setup->crypto;
    config->hash_salt = s->setup->hash_salt;
    config->rng = p->streams[HSY_SWARM_STREAM_CLUSTER];
    config->seeds = p->seeds;
    config->peers = p->peers;
    config->seed_config = &s->seed_config;
    config->peer_config = &s->peer_config;
    config->latency_ns =
        (struct hsy_range){p->latency_min_ns, p->latency_max_ns};
    config->job_ns.max = p->job_max_ns;
    config->disk_ns.max = p->disk_max_ns;
    config->one_host = p->one_host;
    config->tail_ppm = p->tail_ppm;
    config->tail_ns = p->tail_ns;
    config->bytes_per_s = p->bytes_per_s;
    config->window_len = p->window_len == 0 ? HSY_SWARM_WINDOW : p->window_len;
}

static uint64_t start_delay(const struct hsy_swarm *s, uint32_t node)
{
    const struct hsy_swarm_plan *p = s->plan;
    uint64_t starts = p->streams[HSY_SWARM_STREAM_STARTS];
    uint64_t dice = hsy_swarm_mix(starts, hsy_swarm_name(s, node));
    uint64_t delay_ns = dice % (p->stagger_ns + 1);
    uint64_t other = dice >> 32;
    if (node < p->seeds + 2) {
        return delay_ns;
    }
    if (hsy_swarm_is_on(p, HSY_SWARM_FLASH) && other % 10 != 0) {
        return starts % (p->for_ns / 2) + dice % HSY_SECOND;
    }
    if (hsy_swarm_is_on(p, HSY_SWARM_LATE_JOIN) && other % 4 == 0) {
        return dice % p->for_ns;
    }
    return delay_ns;
}

static int build(struct hsy_swarm *s)
{
    struct hsy_cluster_config config;
    configure(s, &config);
    int err = hsy_witness_create(&s->w, &config, NULL);
    if (err != HEARSAY_OK) {
        return err;
    }
    s->c = s->w->cluster;
    s->w->on_note = on_note;
    s->w->ctx = s;
    s->w->next =
        (struct hsy_observer){.ctx = s, .sent = on_sent, .ended = on_ended};
    for (uint32_t i = 0; i < s->count && err == HEARSAY_OK; i++) {
        err = hsy_cluster_start(s->c, i, start_delay(s, i));
    }
    return err;
}

/* ---------------------------------------------------------------- the time */

static void look(struct hsy_swarm *s)
{
    if (hsy_checks_look(s->w->checks) != HEARSAY_OK) {
        s->w->err = HEARSAY_ERR_NOMEM;
    }
    const struct hsy_broken *b = hsy_checks_first(s->w->checks);
    if (b != NULL) {
        broke(s, hsy_invariant_name(b->what), b->text, b->at_ns);
    }
    if (s->w->err != HEARSAY_OK) {
        broke(s, "nomem", hearsay_strerror(s->w->err), hsy_cluster_now(s->c));
    }
}

void hsy_swarm_pass(struct hsy_swarm *s, uint64_t until_ns)
{
    while (!hsy_swarm_failed(s)) {
        uint64_t now_ns = hsy_cluster_now(s->c);
        uint64_t next_ns = hsy_time_min(until_ns, now_ns + HSY_SECOND);
        int err = hsy_cluster_run(s->c, next_ns);
        if (err == HEARSAY_ERR_NOMEM) {
            s->w->err = err;
        } else if (err != HEARSAY_OK) {
            broke(s, "contract", hsy_cluster_fault(s->c), now_ns);
        }
        look(s);
        if (next_ns == until_ns) {
            break;
        }
    }
}

static void count_all(struct hsy_swarm *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct hearsay_node *node = hsy_cluster_node(s->c, i);
        if (node != NULL) {
            struct hsy_view_status status;
            hsy_view_status(node, hsy_cluster_clock(s->c, i).mono_ns, &status);
            hsy_marks_counters(&s->out->marks, role_of(s, i), &status.counters);
        }
    }
}

static void publish(struct hsy_swarm *s)
{
    uint64_t dice = hsy_prng_next(&s->traffic);
    uint64_t whom = hsy_prng_next(&s->traffic);
    uint32_t peer = (uint32_t)(whom % s->plan->peers_drawn);
    if (dice % 100 >= s->plan->publish_percent || peer >= s->plan->peers) {
        return;
    }
    bool large = dice >> 8 & 1 && dice >> 9 & 1;
    bool in_pieces = large && (dice >> 10 & 7) == 0;
    size_t most = in_pieces ? HSY_SWARM_PAYLOAD_MAX - 15
                  : large   ? HSY_INLINE_MAX - 15
                            : 200;
    size_t len = 16 + (dice >> 16) % most;
    memset(s->payload, (int)(dice >> 40 & 0xff), len);
    memcpy(s->payload, &whom, sizeof(whom)); /* No two alike. */
    uint64_t seq;
    (void)!hsy_cluster_publish(s->c, s->plan->seeds + peer, s->payload, len,
                               &seq); /* It may not run, or have no room. */
}

/* Many short ones at once. Drawn by the second, as what ask() does. */
static void publish_many(struct hsy_swarm *s)
{
    const struct hsy_swarm_plan *p = s->plan;
    uint64_t second = hsy_cluster_now(s->c) / HSY_SECOND;
    uint64_t stream = hsy_swarm_mix(p->streams[HSY_SWARM_STREAM_TRAFFIC], 1);
    uint64_t burst = hsy_swarm_mix(stream, second);
    if (burst % 100 >= p->burst_percent) {
        return;
    }
    for (uint32_t i = 0; i < p->burst; i++) {
        uint64_t dice = hsy_swarm_mix(burst, i);
        uint64_t whom = p->burst_of_all ? dice : burst / 100;
        uint32_t from = (uint32_t)(whom % p->peers_drawn);
        size_t len = 16 + (dice >> 32) % 100;
        uint64_t seq;
        memset(s->payload, (int)(dice >> 40 & 0xff), len);
        memcpy(s->payload, &dice, sizeof(dice)); /* No two alike. */
        if (from < p->peers) {
            (void)!hsy_cluster_publish(s->c, p->seeds + from, s->payload, len,
                                       &seq);
        }
    }
}

/* Now and then somebody sends to one other, or asks all. Drawn by the second,
 * so that the rest of the traffic is as it would be without. */
static void ask(struct hsy_swarm *s)
{
    uint64_t second = hsy_cluster_now(s->c) / HSY_SECOND;
    uint64_t stream = s->plan->streams[HSY_SWARM_STREAM_TRAFFIC];
    uint64_t dice = hsy_swarm_mix(stream, second);
    uint64_t whom = hsy_swarm_mix(dice, second);
    uint32_t from = (uint32_t)(whom % s->plan->peers_drawn);
    uint32_t to = (uint32_t)((whom >> 32) % s->plan->peers_drawn);
    bool query = dice % 100 >= 90;
    if (dice % 100 < 60 || from == to || from >= s->plan->peers ||
        to >= s->plan->peers) {
        return;
    }
    struct hsy_ask_for what = {.payload = s->payload,
                               .payload_len = 24 + (dice >> 16) % 2000,
                               .timeout_ns =
                                   (1 + (dice >> 32) % 20) * HSY_SECOND};
    memset(s->payload, (int)(dice >> 40 & 0xff), what.payload_len);
    memcpy(s->payload, &whom, sizeof(whom)); /* No two alike. */
    memcpy(s->payload + 8, &second, sizeof(second));
    uint64_t number;
    if (query) {
        (void)!hsy_cluster_query(s->c, s->plan->seeds + from, &what, &number);
    } else {
        (void)!hsy_cluster_send(s->c, s->plan->seeds + from,
                                s->plan->seeds + to, &what, &number);
    }
}

/* Of the breaks of connections, each end gets half. */
static void every_second(struct hsy_swarm *s)
{
    publish(s);
    publish_many(s);
    ask(s);
    uint32_t reset_ppm = s->plan->reset_ppm / 2;
    for (uint32_t i = 0; i < s->count && reset_ppm > 0; i++) {
        if (hsy_cluster_reset(s->c, i, reset_ppm) > 0) {
            s->out->struck |= HSY_SWARM_BIT(HSY_SWARM_RESET);
        }
    }
    if (hsy_cluster_now(s->c) / HSY_SECOND % 10 == 0) {
        count_all(s);
    }
}

/* Strikes, their ends and the seconds, in order of time. */
static void chaos(struct hsy_swarm *s)
{
    const struct hsy_swarm_plan *p = s->plan;
    uint32_t next = 0;
    uint64_t second_ns = HSY_SECOND;
    while (!hsy_swarm_failed(s)) {
        uint64_t strike_ns =
            next < p->strikes_count ? p->strikes[next].at_ns : HEARSAY_NEVER;
        uint64_t deed_ns = hsy_swarm_next_deed(s);
        uint64_t at_ns =
            hsy_time_min(second_ns, hsy_time_min(strike_ns, deed_ns));
        if (at_ns >= p->for_ns) {
            break;
        }
        hsy_swarm_pass(s, at_ns);
        if (hsy_swarm_failed(s)) {
            break;
        }
        if (at_ns == deed_ns) {
            hsy_swarm_do_deed(s);
        } else if (at_ns == strike_ns) {
            count_all(s); /* Counters die with their process. */
            hsy_swarm_strike(s, next);
            next++;
        } else {
            every_second(s);
            second_ns += HSY_SECOND;
        }
    }
    hsy_swarm_pass(s, p->for_ns);
}

/* ---------------------------------------------------------------- the result
 */

static void mark_weather(struct hsy_swarm *s)
{
    static const enum hsy_swarm_fault always[] = {
        HSY_SWARM_DELAY,     HSY_SWARM_TAIL,  HSY_SWARM_NARROW,
        HSY_SWARM_LATE_JOIN, HSY_SWARM_FLASH, HSY_SWARM_SEEDS};
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        s->out->struck |= s->plan->on & HSY_SWARM_BIT(always[i]);
    }
    for (uint32_t i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        if ((s->out->struck & HSY_SWARM_BIT(i)) != 0) {
            hsy_marks_struck(&s->out->marks, i);
        }
    }
}

static void count_pairs(struct hsy_swarm *s)
{
    struct hsy_totals t = hsy_ledger_totals(s->w->ledger);
    s->out->pairs =
        (struct hsy_swarm_pairs){.published = t.published,
                                 .all = t.published * (s->plan->peers - 1),
                                 .delivered = t.delivered + t.twice + t.phantom,
                                 .phantom = t.phantom,
                                 .twice = t.twice,
                                 .altered = t.altered,
                                 .judged = t.judged,
                                 .lost = t.lost,
                                 .left_out = hsy_checks_left_out(s->w->checks)};
}

static void finish(struct hsy_swarm *s)
{
    struct hsy_swarm_result *out = s->out;
    count_all(s);
    mark_weather(s);
    count_pairs(s);
    out->digest = hsy_cluster_digest(s->c);
    out->steps = hsy_cluster_steps(s->c);
    out->virtual_ns = hsy_cluster_now(s->c);
    for (unsigned i = 0; i < HSY_INVARIANTS; i++) {
        enum hsy_invariant what = (enum hsy_invariant)i;
        out->broken[i] = hsy_checks_count(s->w->checks, what);
        out->looked[i] = hsy_checks_looked(s->w->checks, what);
    }
    out->broken[HSY_R5] += s->ghosts;
    out->broken[HSY_R7] += s->hidden;
    if (hsy_swarm_failed(s)) {
        struct hsy_line line = hsy_line(out->story, sizeof(out->story));
        hsy_story_tell(&s->w->story, &line);
    }
}

static void live(struct hsy_swarm *s)
{
    int err = build(s);
    if (err != HEARSAY_OK) {
        struct hsy_line line = hsy_line(s->out->what, sizeof(s->out->what));
        hsy_line_text(&line, "nomem");
        line = hsy_line(s->out->text, sizeof(s->out->text));
        hsy_line_text(&line, hearsay_strerror(err));
    } else {
        chaos(s);
        if (!hsy_swarm_failed(s)) {
            hsy_swarm_choose_core(s);
        }
        if (!hsy_swarm_failed(s)) {
            hsy_swarm_check_core(s);
        }
        finish(s);
    }
    hsy_witness_destroy(s->w);
}

int hsy_swarm_run(struct hsy_swarm_result *out,
                  const struct hsy_swarm_plan *plan,
                  const struct hsy_swarm_setup *setup)
{
    HSY_ASSERT(plan->seeds + plan->peers <= HSY_SWARM_NODES_MAX);
    HSY_ASSERT(setup->crypto != NULL);
    memset(out, 0, sizeof(*out));
    struct hsy_swarm *s = hsy_mem_zalloc(&setup->mem, sizeof(*s));
    if (s == NULL) {
        memcpy(out->what, "nomem", sizeof("nomem"));
        return HEARSAY_ERR_NOMEM;
    }
    s->mem = setup->mem;
    s->plan = plan;
    s->setup = setup;
    s->out = out;
    s->count = plan->seeds + plan->peers;
    s->blows = hsy_line(out->blows, sizeof(out->blows));
    hsy_prng_init(&s->traffic, plan->streams[HSY_SWARM_STREAM_TRAFFIC]);
    hsy_prng_init(&s->core, plan->streams[HSY_SWARM_STREAM_CORE]);
    out->on = plan->on;
    out->for_ns = plan->for_ns;
    out->seeds = plan->seeds;
    out->peers = plan->peers;
    for (uint32_t i = 0; i < s->count; i++) {
        s->fates[i] = HSY_FATE_GONE;
    }
    live(s);
    struct hearsay_mem mem = s->mem;
    hsy_mem_free(&mem, s);
    return strcmp(out->what, "nomem") == 0 ? HEARSAY_ERR_NOMEM : HEARSAY_OK;
}
