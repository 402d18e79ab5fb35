/* A study is a cluster under a measure, and a list of phases that says what
 * befalls it when. This file holds its life, its view of the cluster, and its
 * figures. What takes memory in proportion to nodes times messages (ledger
 * and checks) is left out of large networks; the measure is not. */
#include "sim/study.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/study_inner.h"

#include <string.h>

enum {
    LEAN_BOOK = 16,
    LEAN_RETAIN = 16,
    SLICE_PEERS = 1000, /* So many peers are shown a second at a time. */
    SEED_LINKS_SPARE = 4096,
    SEED_LINKS_MAX = 1000000,
    CALM_S = 120 /* What struck is over for so long: liveness is due. */
};

uint64_t hsy_study_join_over(uint32_t peers)
{
    return hsy_time_min(20 * peers * HSY_MS, 100 * HSY_SECOND);
}

void hsy_study_config_init(struct hsy_study_config *config,
                           const struct hearsay_mem *mem)
{
    struct hearsay_config peer;
    hearsay_config_init(&peer, HEARSAY_PEER);
    *config = (struct hsy_study_config){
        .mem = *mem,
        .crypto = hearsay_crypto_null(),
        .machine = hsy_machine_node(),
        .rng = 1,
        .seeds = 3,
        .peers = 100,
        .overlay = peer.overlay,
        .spares_percent = peer.spares_percent,
        .shortcuts = peer.shortcuts,
        .relay = peer.relay,
        .links_wanted = peer.links_wanted,
        .ping_interval_ns = peer.ping_interval_ns,
        .gossip_interval_ns = peer.gossip_interval_ns,
        .weather = {.latency_ns = {1 * HSY_MS, 20 * HSY_MS},
                    .window_len = 512 * 1024},
        .join_max_ns = 5 * HSY_MINUTE,
        .messages = 10,
        .per_s_milli = 10 * 1000,
        .payload_len = 100,
        .again_after_ns = HSY_MINUTE,
    };
}

/* ----------------------------------------------------------- is it sound */

static const char *numbers_fault(const struct hsy_study_config *c)
{
    if (c->seeds < 1 || c->seeds > HEARSAY_SEEDS_MAX) {
        return "seeds: 1 to 32";
    }
    if (c->peers < 1 || c->peers > HSY_STUDY_PEERS_MAX) {
        return "peers: 1 to 1000000";
    }
    if (c->messages > HSY_STUDY_MESSAGES_MAX ||
        c->warm_up > HSY_STUDY_MESSAGES_MAX) {
        return "messages: at most 1000000";
    }
    if (c->per_s_milli < 1) {
        return "rate: more than none";
    }
    if (c->payload_len < HSY_STUDY_PAYLOAD_MIN ||
        c->payload_len > HEARSAY_PAYLOAD_MAX) {
        return "payload: 8 bytes to 16 MiB";
    }
    if (c->weather.latency_ns.min > c->weather.latency_ns.max) {
        return "latency: the least first";
    }
    return NULL;
}

static const char *faults_fault(const struct hsy_study_config *c)
{
    const struct hsy_study_pauses *p = &c->pauses;
    const struct hsy_study_strikes *k = &c->strikes;
    if (k->crash_ppm > 1000000 || k->hubs_ppm > 1000000 ||
        k->freeze_ppm > 1000000 || k->freeze_hubs_ppm > 1000000) {
        return "a share of the peers: at most 100 %";
    }
    if ((uint64_t)hsy_study_victims(c) + p->count > c->peers) {
        return "crash, kill, hubs and freeze together strike more peers than "
               "there are; strike fewer";
    }
    if (p->count > 0 && (p->lasts_ns == 0 || p->apart_ns == 0)) {
        return "pauses need a length and a time between them";
    }
    if (p->seeds >= c->seeds && p->seeds > 0) {
        return "pauses of seeds: one of them is to be left";
    }
    if (c->churn.count > c->peers ||
        (c->churn.count > 0 && c->peers > HSY_STUDY_PEERS_MAX / 2)) {
        return "churn: at most all peers, once, and of 500000 of them";
    }
    if (c->churn.count > 0 && c->split.lasts_ns > 0) {
        return "churn and split: one of the two";
    }
    if (c->lies && c->liars.seeds > c->seeds) {
        return "seeds that lie: at most all of them";
    }
    if (c->reset_ppm > 1000000) {
        return "a share of the connections: at most 100 %";
    }
    return NULL;
}

const char *hsy_study_config_fault(const struct hsy_study_config *config)
{
    HSY_ASSERT(config->machine != NULL);
    HSY_ASSERT(config->crypto != NULL);
    const char *fault = numbers_fault(config);
    return fault != NULL ? fault : faults_fault(config);
}

/* ---------------------------------------------------------- observation */

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct hsy_study *s = ctx;
    if (node >= s->config.seeds && s->member[node] == 0 &&
        strcmp(note->event, "joined") == 0) {
        s->member[node] = 1;
        s->members++;
        s->joined_ns = s->members == s->config.peers ? now_ns : s->joined_ns;
    }
    if (s->liars != NULL) {
        hsy_liars_note(s->liars, note);
    }
    s->forward.note(s->forward.ctx, node, now_ns, note);
}

/* The number in "#0001f2abc..."; what peers publish by themselves begins with
 * a digit. False: it has none. */
static bool read_number(uint32_t *out, const struct hearsay_message *message)
{
    const uint8_t *p = message->payload;
    if (message->payload_len < HSY_STUDY_PAYLOAD_MIN || p[0] != '#') {
        return false;
    }
    *out = 0;
    for (uint32_t i = 1; i < HSY_STUDY_PAYLOAD_MIN; i++) {
        uint32_t digit = (uint32_t)(p[i] >= 'a' ? p[i] - 'a' + 10 : p[i] - '0');
        *out = *out << 4 | (digit & 15);
    }
    return true;
}

static void note_spread(struct hsy_study *s, uint64_t now_ns,
                        const struct hearsay_message *message)
{
    uint32_t index;
    if (!read_number(&index, message)) {
        return;
    }
    if (index < s->spreads_count) {
        struct hsy_spread *spread = &s->spreads[index];
        spread->last_ns = now_ns;
        spread->hops =
            spread->hops > message->hops ? spread->hops : message->hops;
    }
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct hsy_study *s = ctx;
    s->delivered++;
    s->delivered_ns = now_ns;
    note_spread(s, now_ns, message);
    s->forward.delivered(s->forward.ctx, node, now_ns, message);
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hsy_study *s = ctx;
    if (s->member[node] != 0) {
        s->member[node] = 0;
        s->members--;
    }
    s->forward.ended(s->forward.ctx, node, why);
}

/* What the study has no ear for goes straight to the measure; all of one
 * observer shares one context, so those are handed on as well. */
static void on_published(void *ctx, uint32_t node, uint64_t seq,
                         const uint8_t *payload, size_t payload_len)
{
    struct hsy_study *s = ctx;
    s->published++;
    s->forward.published(s->forward.ctx, node, seq, payload, payload_len);
}

static void on_started(void *ctx, uint32_t node)
{
    struct hsy_study *s = ctx;
    s->forward.started(s->forward.ctx, node);
}

static void on_sent(void *ctx, uint32_t from, uint32_t to, const uint8_t *bytes,
                    size_t len)
{
    struct hsy_study *s = ctx;
    if (s->liars != NULL) {
        hsy_liars_sent(s->liars, from, bytes, len);
    }
    s->forward.sent(s->forward.ctx, from, to, bytes, len);
}

static struct hsy_observer observer_of(struct hsy_study *s)
{
    const struct hsy_observer *f = &s->forward;
    return (struct hsy_observer){
        .ctx = s,
        .note = on_note,
        .delivered = on_delivered,
        .ended = on_ended,
        .published = on_published,
        .started = f->started != NULL ? on_started : NULL,
        .sent = f->sent != NULL ? on_sent : NULL,
    };
}

/* ------------------------------------------------------------------ life */

static uint32_t at_most(uint64_t value, uint32_t max)
{
    return value < max ? (uint32_t)value : max;
}

static void choose_nodes(struct hsy_study *s)
{
    const struct hsy_study_config *c = &s->config;
    struct hearsay_config *seed = &s->seed_config;
    struct hearsay_config *peer = &s->peer_config;
    hearsay_config_init(seed, HEARSAY_SEED);
    hearsay_config_init(peer, HEARSAY_PEER);
    seed->ping_interval_ns = c->ping_interval_ns;
    uint64_t links = (uint64_t)c->peers + SEED_LINKS_SPARE;
    if (seed->links_max < links) {
        seed->links_max = at_most(links, SEED_LINKS_MAX);
        seed->jobs_max = seed->links_max;
    }
    if (seed->peers_max < hsy_study_peers(c) + 1) {
        seed->peers_max = hsy_study_peers(c) + 1;
    }
    peer->overlay = c->overlay;
    peer->relay = c->relay;
    peer->spares_percent = c->spares_percent;
    peer->shortcuts = c->shortcuts;
    if (c->announce_ns > 0) {
        peer->announce_ns = c->announce_ns;
    }
    peer->links_wanted = c->links_wanted;
    peer->ping_interval_ns = c->ping_interval_ns;
    peer->gossip_interval_ns = c->gossip_interval_ns;
    peer->gossip_count = c->gossip_count;
    if (c->peers >= HSY_STUDY_LEAN) {
        peer->book_max = LEAN_BOOK;
        peer->retain_max = LEAN_RETAIN;
    }
}

static int build(struct hsy_study *s)
{
    const struct hsy_study_config *c = &s->config;
    struct hsy_cluster_config cc;
    struct hsy_witness_options keeps = {.keeps =
                                            c->checks ? HSY_WITNESS_CHECKS : 0};
    hsy_cluster_config_init(&cc, &c->mem);
    cc.machine = c->machine;
    cc.crypto = c->crypto;
    cc.rng = c->rng;
    cc.hash_salt = c->hash_salt;
    cc.seeds = c->seeds;
    cc.peers = hsy_study_peers(c);
    cc.seed_config = &s->seed_config;
    cc.peer_config = &s->peer_config;
    cc.latency_ns = c->weather.latency_ns;
    cc.tail_ppm = c->weather.tail_ppm;
    cc.tail_ns = c->weather.tail_ns;
    cc.bytes_per_s = c->weather.bytes_per_s;
    cc.window_len = c->weather.window_len;
    int err = hsy_witness_create(&s->w, &cc, &keeps);
    if (err == HEARSAY_OK) {
        err = hsy_measure_create(&s->m, &c->mem, s->w->cluster);
    }
    if (err == HEARSAY_OK) {
        if (c->pauses.answers_ns > 0) {
            hsy_measure_late(s->m, c->pauses.answers_ns);
        }
        s->forward = hsy_measure_observer(s->m);
        s->w->next = observer_of(s);
    }
    return err;
}

static int make_room(struct hsy_study *s)
{
    const struct hsy_study_config *c = &s->config;
    s->spreads_room =
        c->warm_up + c->messages * (hsy_study_has_strikes(c) ? 2 : 1) + 1;
    s->spreads = hsy_mem_zalloc(&c->mem, s->spreads_room * sizeof(*s->spreads));
    s->member = hsy_mem_zalloc(&c->mem, (size_t)c->seeds + hsy_study_peers(c));
    return s->member == NULL || s->spreads == NULL ? HEARSAY_ERR_NOMEM
                                                   : HEARSAY_OK;
}

int hsy_study_create(struct hsy_study **out,
                     const struct hsy_study_config *config)
{
    if (hsy_study_config_fault(config) != NULL) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_study *s = hsy_mem_zalloc(&config->mem, sizeof(*s));
    if (s == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    s->config = *config;
    s->struck_ns = HEARSAY_NEVER;
    s->due_ns = HEARSAY_NEVER;
    s->turn_ns = HEARSAY_NEVER;
    s->pieces.whole_ns = HEARSAY_NEVER;
    s->lies_ns = HEARSAY_NEVER;
    s->reset_ns = HEARSAY_NEVER;
    s->slow_node = UINT32_MAX;
    s->slice_ns = hsy_time_max(
        10 * HSY_MS,
        hsy_time_min(HSY_SECOND, HSY_SECOND * SLICE_PEERS / config->peers));
    hsy_prng_init(&s->prng, ~config->rng); /* Not the cluster's. */
    choose_nodes(s);
    int err = make_room(s);
    if (err == HEARSAY_OK && config->pauses.count > 0) {
        size_t away = (size_t)config->pauses.count + config->pauses.seeds;
        s->paused = hsy_mem_zalloc(&config->mem, away * sizeof(*s->paused));
        err = s->paused == NULL ? HEARSAY_ERR_NOMEM : HEARSAY_OK;
    }
    if (err == HEARSAY_OK) {
        err = build(s);
    }
    if (err == HEARSAY_OK && config->lies) {
        err = hsy_liars_create(&s->liars, &config->mem, s->w->cluster,
                               &config->liars, config->rng);
    }
    for (uint32_t i = 0; err == HEARSAY_OK && i < config->seeds; i++) {
        err = hsy_cluster_start(s->w->cluster, i, 0);
    }
    if (err != HEARSAY_OK) {
        hsy_study_destroy(s);
        return err;
    }
    *out = s;
    return HEARSAY_OK;
}

void hsy_study_destroy(struct hsy_study *s)
{
    if (s == NULL) {
        return;
    }
    struct hearsay_mem mem = s->config.mem; /* Outlives what held it. */
    if (s->w != NULL) {
        s->w->next = (struct hsy_observer){0};
    }
    hsy_measure_destroy(s->m);
    hsy_witness_destroy(s->w);
    hsy_mem_free(&mem, s->spreads);
    hsy_mem_free(&mem, s->member);
    hsy_liars_destroy(s->liars);
    hsy_mem_free(&mem, s->paused);
    hsy_mem_free(&mem, s->sides);
    hsy_mem_free(&mem, s);
}

int hsy_study_step(struct hsy_study *s, bool *out_done)
{
    HSY_ASSERT(s->phase != HSY_STUDY_DONE);
    if (!s->in_slice) {
        s->stop_ns = hsy_study_stop_ns(s);
    }
    int err = hsy_bite_run(&s->bite, s->w->cluster, s->stop_ns);
    s->in_slice = hsy_cluster_now(s->w->cluster) < s->stop_ns;
    if (err == HEARSAY_OK) {
        err = s->w->err;
    }
    if (err == HEARSAY_OK) {
        err = hsy_measure_err(s->m);
    }
    if (err == HEARSAY_OK && !s->in_slice) {
        err = hsy_study_work(s);
    }
    if (err == HEARSAY_OK) {
        *out_done = s->phase == HSY_STUDY_DONE;
    }
    return err;
}

/* --------------------------------------------------------------- reading */

void hsy_study_progress(const struct hsy_study *s,
                        struct hsy_study_progress *out)
{
    *out = (struct hsy_study_progress){
        .phase = s->phase,
        .now_ns = hsy_cluster_now(s->w->cluster),
        .events = hsy_cluster_steps(s->w->cluster),
        .peers = s->config.peers,
        .joined = s->members,
        .published = s->published,
        .delivered = s->delivered,
        .joined_ns = s->joined_ns,
        .late = s->late,
        .cut_short = s->cut_short,
        .apart = s->apart,
    };
}

bool hsy_study_absent(const struct hsy_study *s, uint32_t index,
                      uint32_t *out_node)
{
    uint32_t count = hsy_cluster_count(s->w->cluster);
    for (uint32_t i = s->config.seeds; i < count; i++) {
        if (s->member[i] == 0 && index-- == 0) {
            *out_node = i;
            return true;
        }
    }
    return false;
}

void hsy_study_last(const struct hsy_study *s, struct hsy_histogram *out_ns,
                    struct hsy_histogram *out_hops)
{
    memset(out_ns, 0, sizeof(*out_ns));
    memset(out_hops, 0, sizeof(*out_hops));
    for (uint32_t i = s->spreads_first; i < s->spreads_count; i++) {
        const struct hsy_spread *spread = &s->spreads[i];
        if (spread->last_ns != 0) {
            hsy_histogram_add(out_ns,
                              hsy_time_since(spread->at_ns, spread->last_ns));
            hsy_histogram_add(out_hops, spread->hops);
        }
    }
}

struct hsy_liars_counts hsy_study_lies(const struct hsy_study *s)
{
    return s->liars != NULL ? hsy_liars_counts(s->liars)
                            : (struct hsy_liars_counts){.lies = 0};
}

const struct hsy_witness *hsy_study_witness(const struct hsy_study *s)
{
    return s->w;
}

const struct hsy_measure *hsy_study_measure(const struct hsy_study *s)
{
    return s->m;
}

/* Whether all have joined, and what was broken is whole or gone, for so long
 * that the promises about a calm network are due. */
static bool is_calm(const struct hsy_study *s)
{
    uint64_t now_ns = hsy_cluster_now(s->w->cluster);
    uint64_t last_ns = s->struck_ns == HEARSAY_NEVER ? 0 : s->struck_ns;
    last_ns = hsy_time_max(last_ns, s->joined_ns);
    return s->phase == HSY_STUDY_DONE && !hsy_study_freezes(&s->config) &&
           !s->late && hsy_time_since(last_ns, now_ns) >= CALM_S * HSY_SECOND;
}

/* With the checks: all armed invariants. Without: what the measure sees, a
 * message twice (B2) or from nobody (B1). */
static int count_violations(struct hsy_study *s, struct hsy_figures *f)
{
    struct hsy_checks *k = s->w->checks;
    f->violations = f->delivered_twice + hsy_measure_counts(s->m).unknown;
    if (k == NULL) {
        return HEARSAY_OK;
    }
    int err = hsy_checks_look(k);
    if (err == HEARSAY_OK && is_calm(s)) {
        err = hsy_checks_calm(k);
    }
    f->violations = 0;
    for (int i = 0; i < HSY_INVARIANTS; i++) {
        enum hsy_invariant what = (enum hsy_invariant)i;
        if (hsy_checks_armed(k, what)) {
            f->violations += hsy_checks_count(k, what);
        }
    }
    return err;
}

int hsy_study_finish(struct hsy_study *s,
                     const struct hsy_powerlaw_options *fit,
                     struct hsy_figures *out)
{
    struct hsy_figures f;
    int err = hsy_graph_read(s->w->graph, s->w->cluster);
    if (err == HEARSAY_OK) {
        err = hsy_measure_graph(s->m, s->w->graph);
    }
    if (err == HEARSAY_OK && fit != NULL) {
        err = hsy_measure_fit(s->m, fit);
        err = err == HEARSAY_ERR_INVALID ? HEARSAY_OK : err; /* No fit. */
    }
    if (err != HEARSAY_OK) {
        return err;
    }
    hsy_measure_figures(s->m, &f);
    f.rng = s->config.rng;
    err = count_violations(s, &f);
    if (err == HEARSAY_OK) {
        *out = f;
    }
    return err;
}
