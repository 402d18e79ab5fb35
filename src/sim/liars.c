/* Roles are drawn when all have joined; each second every liar says what is
 * due. Frames are real and signed by who sends them. */
#include "sim/liars.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/prng.h"
#include "base/time.h"
#include "node/view.h"
#include "wire/frames.h"

#include <string.h>

enum {
    NEIGHBOURS = 2,
    REPORT_EVERY_S = 3,
    REPORT_ALL_S = 60, /* From here on they report everybody. */
    REPLAY_EVERY_S = 3,
    REPLAYS_MAX = 16,
    PLAY_FROM_S = 20,
    PLAY_UNTIL_S = 110,
    FRAME_MAX = 4096
};

enum role { HONEST, LIAR, PLAYER };

struct replay {
    uint32_t len;
    uint8_t bytes[FRAME_MAX];
};

struct hsy_liars {
    struct hearsay_mem mem;
    struct hsy_cluster *c; /* Borrowed. */
    struct hsy_liars_config config;
    struct hsy_prng prng;
    uint32_t count, seeds, second;
    uint32_t victim, neighbours[NEIGHBOURS], replayer, player, recluse;
    enum role *roles;           /* Owned, as the next ones: per node. */
    struct hsy_record *records; /* What each registered with last. */
    bool *muted;
    struct replay *replays; /* Owned; REPLAYS_MAX. */
    uint32_t replays_count;
    struct hsy_liars_counts counts;
};

int hsy_liars_create(struct hsy_liars **out, const struct hearsay_mem *mem,
                     struct hsy_cluster *c,
                     const struct hsy_liars_config *config, uint64_t rng)
{
    uint32_t count = hsy_cluster_count(c);
    struct hsy_liars *l = hsy_mem_zalloc(mem, sizeof(*l));
    HSY_ASSERT(config->seeds <= hsy_cluster_seeds(c));
    if (l == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    l->mem = *mem;
    l->c = c;
    l->config = *config;
    l->count = count;
    l->seeds = hsy_cluster_seeds(c);
    l->victim = l->player = l->replayer = l->recluse = UINT32_MAX;
    hsy_prng_init(&l->prng, rng);
    l->roles = hsy_mem_zalloc(mem, count * sizeof(*l->roles));
    l->records = hsy_mem_zalloc(mem, count * sizeof(*l->records));
    l->muted = hsy_mem_zalloc(mem, count * sizeof(*l->muted));
    l->replays = hsy_mem_zalloc(mem, REPLAYS_MAX * sizeof(*l->replays));
    if (l->roles == NULL || l->records == NULL || l->muted == NULL ||
        l->replays == NULL) {
        hsy_liars_destroy(l);
        return HEARSAY_ERR_NOMEM;
    }
    *out = l;
    return HEARSAY_OK;
}

void hsy_liars_destroy(struct hsy_liars *l)
{
    if (l == NULL) {
        return;
    }
    struct hearsay_mem mem = l->mem; /* Outlives the memory that held it. */
    hsy_mem_free(&mem, l->roles);
    hsy_mem_free(&mem, l->records);
    hsy_mem_free(&mem, l->muted);
    hsy_mem_free(&mem, l->replays);
    hsy_mem_free(&mem, l);
}

/* -------------------------------------------------------------- listening */

void hsy_liars_note(struct hsy_liars *l, const struct hearsay_note *note)
{
    bool muted = strcmp(note->event, "notifier-muted") == 0;
    bool plays = strcmp(note->event, "peer-plays-dead") == 0;
    const struct hearsay_field *id =
        muted || plays ? hsy_note_find(note, "peer") : NULL;
    uint32_t node;
    if (id == NULL || !hsy_cluster_find(l->c, &id->id, &node)) {
        return;
    }
    if (plays) {
        l->counts.players_found += l->roles[node] == PLAYER ? 1 : 0;
    } else if (!l->muted[node]) {
        l->muted[node] = true;
        l->counts.liars_muted += l->roles[node] == LIAR ? 1 : 0;
        l->counts.honest_muted += l->roles[node] == HONEST ? 1 : 0;
    }
}

static void keep(struct hsy_liars *l, const uint8_t *bytes, size_t len)
{
    if (l->replays_count < REPLAYS_MAX && len <= FRAME_MAX) {
        struct replay *r = &l->replays[l->replays_count];
        l->replays_count++;
        r->len = (uint32_t)len;
        memcpy(r->bytes, bytes, len);
    }
}

void hsy_liars_sent(struct hsy_liars *l, uint32_t from, const uint8_t *bytes,
                    size_t len)
{
    struct hsy_frame frame;
    size_t one;
    while (hsy_frame_peek(&one, bytes, len, UINT32_MAX) == 0 && one > 0 &&
           one <= len) {
        bool wanted = bytes[4] == HSY_REGISTER || bytes[4] == HSY_DEAD_REPORT;
        if (wanted && hsy_frame_decode(&frame, bytes, one, NULL) == 0) {
            if (frame.type == HSY_REGISTER) {
                l->records[from] = frame.reg;
            } else if (l->roles[from] == HONEST) {
                keep(l, bytes, one);
            }
        }
        bytes += one;
        len -= one;
    }
}

/* --------------------------------------------------------------- speaking */

static void say(struct hsy_liars *l, uint32_t from, uint32_t to,
                const struct hsy_frame *frame)
{
    uint8_t bytes[FRAME_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_frame_encode(&out, frame);
    HSY_ASSERT(!out.bad);
    l->counts.lies += hsy_cluster_say(l->c, from, to, bytes, out.len) ? 1 : 0;
}

static void report(struct hsy_liars *l, uint32_t liar, uint32_t subject)
{
    struct hsy_frame frame = {.type = HSY_DEAD_REPORT};
    struct hsy_report *r = &frame.report;
    uint8_t bytes[FRAME_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    if (l->records[subject].incarnation == 0 || liar == subject) {
        return;
    }
    r->subject = *hsy_cluster_id(l->c, subject);
    r->incarnation = l->records[subject].incarnation;
    r->subject_addr = hsy_cluster_addr(l->c, subject);
    r->wall_ms = hsy_cluster_wall_ms(l->c);
    r->notifier = *hsy_cluster_id(l->c, liar);
    r->notifier_addr = hsy_cluster_addr(l->c, liar);
    hsy_report_signed_bytes(&out, r);
    HSY_ASSERT(!out.bad);
    hsy_cluster_sign(l->c, liar, bytes, out.len, r->sig.bytes);
    for (uint32_t seed = 0; seed < l->seeds; seed++) {
        say(l, liar, seed, &frame);
    }
}

static void convict(struct hsy_liars *l, uint32_t seed, uint32_t subject)
{
    struct hsy_frame frame = {.type = HSY_VERDICT};
    struct hsy_verdict *v = &frame.verdict.verdict;
    uint8_t bytes[FRAME_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    frame.verdict.record = l->records[subject];
    if (frame.verdict.record.incarnation == 0) {
        return;
    }
    v->subject = *hsy_cluster_id(l->c, subject);
    v->incarnation = frame.verdict.record.incarnation;
    v->wall_ms = hsy_cluster_wall_ms(l->c);
    v->seed = *hsy_cluster_id(l->c, seed);
    hsy_verdict_signed_bytes(&out, v);
    HSY_ASSERT(!out.bad);
    hsy_cluster_sign(l->c, seed, bytes, out.len, v->sig.bytes);
    for (uint32_t to = 0; to < l->seeds; to++) {
        if (to != seed) {
            say(l, seed, to, &frame);
        }
    }
}

static void replay(struct hsy_liars *l)
{
    for (uint32_t i = 0; i < l->replays_count; i++) {
        for (uint32_t seed = 0; seed < l->seeds; seed++) {
            const struct replay *r = &l->replays[i];
            l->counts.lies +=
                hsy_cluster_say(l->c, l->replayer, seed, r->bytes, r->len) ? 1
                                                                           : 0;
        }
    }
}

/* ------------------------------------------------------------------ roles */

static uint32_t any_peer(struct hsy_liars *l)
{
    uint32_t peers = l->count - l->seeds;
    return l->seeds + (uint32_t)hsy_prng_below(&l->prng, peers);
}

static uint32_t any_honest(struct hsy_liars *l)
{
    uint32_t node = any_peer(l);
    for (uint32_t i = 0; i < l->count; i++) {
        if (node != l->victim && l->roles[node] == HONEST) {
            return node;
        }
        node = node + 1 < l->count ? node + 1 : l->seeds;
    }
    return UINT32_MAX; /* All are something. */
}

/* The first ones of its links with peers. */
static void draw_neighbours(struct hsy_liars *l)
{
    const struct hearsay_node *node = hsy_cluster_node(l->c, l->victim);
    struct hsy_view_link link;
    uint32_t found = 0;
    for (uint32_t i = 0;
         node != NULL && found < NEIGHBOURS && hsy_view_link(node, i, &link);
         i++) {
        uint32_t other;
        if (hsy_cluster_find(l->c, &link.id, &other) && other >= l->seeds) {
            l->roles[other] = LIAR;
            l->neighbours[found] = other;
            found++;
        }
    }
    l->counts.liars += found;
    for (; found < NEIGHBOURS; found++) {
        l->neighbours[found] = UINT32_MAX;
    }
}

static void draw_roles(struct hsy_liars *l)
{
    l->victim = any_peer(l);
    l->neighbours[0] = l->neighbours[1] = UINT32_MAX;
    if (l->config.neighbours) {
        draw_neighbours(l);
    }
    l->replayer = l->config.replayer ? any_honest(l) : UINT32_MAX;
    if (l->replayer != UINT32_MAX) {
        l->roles[l->replayer] = LIAR; /* But it may find nothing to say. */
    }
    l->player = l->config.player ? any_honest(l) : UINT32_MAX;
    if (l->player != UINT32_MAX) {
        l->roles[l->player] = PLAYER;
        l->counts.players++;
    }
    if (l->config.recluse_ns > 0) {
        l->recluse = l->seeds - 1; /* The first ones lie. */
    }
}

/* Nothing that it says reaches a peer; what it says to seeds does. */
static int play_dead(struct hsy_liars *l)
{
    int err = HEARSAY_OK;
    for (uint32_t i = l->seeds; err == HEARSAY_OK && i < l->count; i++) {
        if (i != l->player) {
            err = hsy_cluster_cut_way(l->c, l->player, i);
        }
    }
    return err;
}

static int turns(struct hsy_liars *l)
{
    if (l->recluse != UINT32_MAX && l->second == 1) {
        hsy_cluster_isolate(l->c, l->recluse);
    }
    if (l->recluse != UINT32_MAX &&
        l->second == l->config.recluse_ns / HSY_SECOND) {
        hsy_cluster_heal(l->c, l->recluse);
    }
    if (l->player != UINT32_MAX && l->second == PLAY_UNTIL_S) {
        hsy_cluster_heal(l->c, l->player);
    }
    return l->player != UINT32_MAX && l->second == PLAY_FROM_S ? play_dead(l)
                                                               : HEARSAY_OK;
}

int hsy_liars_second(struct hsy_liars *l)
{
    if (l->second == 0) {
        draw_roles(l);
    }
    l->second++;
    for (uint32_t i = 0; i < NEIGHBOURS; i++) {
        if (l->neighbours[i] != UINT32_MAX && l->second % REPORT_EVERY_S == 0) {
            report(l, l->neighbours[i],
                   l->second < REPORT_ALL_S ? l->victim : any_peer(l));
        }
    }
    for (uint32_t seed = 0; seed < l->config.seeds; seed++) {
        convict(l, seed, any_peer(l));
    }
    if (l->replayer != UINT32_MAX && l->second % REPLAY_EVERY_S == 0) {
        replay(l);
    }
    return turns(l);
}

struct hsy_liars_counts hsy_liars_counts(const struct hsy_liars *l)
{
    return l->counts;
}
