/* A mark and up to eight runs beyond it. Almost always there is no run, and a
 * claim is one comparison. */
#include "core/origins.h"

#include <string.h>

#include "base/mem.h"
#include "core/saved.h"

void hsy_origins_init(struct hsy_origins *o, struct hsy_env *env)
{
    HSY_ASSERT(env->config.origins_max >= 1);
    *o = (struct hsy_origins){.env = env, .gap_next_ns = HEARSAY_NEVER};
    hsy_table_init(
        &o->table, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_epoch),
                                 .item_len = sizeof(struct hsy_origin),
                                 .items_max = env->config.origins_max},
        env->config.hash_salt);
}

void hsy_origins_fini(struct hsy_origins *o)
{
    for (uint32_t i = 0; i < o->table.count; i++) {
        hsy_mem_free(&o->env->mem, hsy_origin_at(o, i)->runs);
    }
    hsy_table_fini(&o->table);
    HSY_ASSERT(o->table.count == 0);
}

struct hsy_origin *hsy_origin_find(const struct hsy_origins *o,
                                   const struct hsy_epoch *of)
{
    HSY_ASSERT(of != NULL);
    return hsy_table_find(&o->table, of);
}

uint32_t hsy_origins_count(const struct hsy_origins *o)
{
    HSY_ASSERT(o->table.count <= o->table.items_max);
    return o->table.count;
}

struct hsy_origin *hsy_origin_at(const struct hsy_origins *o, uint32_t index)
{
    HSY_ASSERT(index < o->table.count);
    return hsy_table_at(&o->table, index);
}

struct hsy_epoch hsy_bundle_epoch(const struct hsy_bundle *bundle)
{
    HSY_ASSERT(bundle->count >= 1);
    return (struct hsy_epoch){.origin = bundle->origin,
                              .incarnation = bundle->epoch_incarnation,
                              .nonce = bundle->epoch_nonce};
}

uint64_t hsy_origin_high(const struct hsy_origin *origin)
{
    HSY_ASSERT(origin->runs_count <= HSY_GAPS_MAX);
    return origin->runs_count == 0 ? origin->done
                                   : origin->runs[origin->runs_count - 1].to;
}

/* ----------------------------------------------------------------- claims */

static enum hsy_claimed_as look(const struct hsy_origin *origin,
                                const struct hsy_span *span)
{
    HSY_ASSERT(span->from >= 1);
    HSY_ASSERT(span->from <= span->to);
    if (span->to <= origin->done) {
        return HSY_CLAIMED_BEFORE;
    }
    if (span->from <= origin->done) {
        return HSY_CLAIMED_PARTLY;
    }
    for (uint32_t i = 0; i < origin->runs_count; i++) {
        const struct hsy_run *run = &origin->runs[i];
        if (span->from >= run->from && span->to <= run->to) {
            return HSY_CLAIMED_BEFORE;
        }
        if (span->from <= run->to && span->to >= run->from) {
            return HSY_CLAIMED_PARTLY;
        }
    }
    return HSY_CLAIMED_NEW;
}

enum hsy_claimed_as hsy_origins_look(const struct hsy_origins *o,
                                     const struct hsy_span *span)
{
    const struct hsy_origin *origin = hsy_origin_find(o, &span->of);

    HSY_ASSERT(span->to < UINT64_MAX);
    return origin == NULL ? HSY_CLAIMED_NEW : look(origin, span);
}

/* Runs that the mark has reached become part of it. */
static void absorb(struct hsy_origins *o, struct hsy_origin *origin)
{
    uint32_t gone = 0;

    while (gone < origin->runs_count &&
           origin->runs[gone].from <= origin->done + 1) {
        HSY_ASSERT(origin->runs[gone].to > origin->done);
        origin->done = origin->runs[gone].to;
        gone++;
    }
    if (gone == 0) {
        return;
    }
    origin->runs_count = (uint8_t)(origin->runs_count - gone);
    memmove(origin->runs, origin->runs + gone,
            origin->runs_count * sizeof(*origin->runs));
    origin->asked = 0; /* Another gap is the first one now: a new round. */
    origin->rounds = 0;
    if (origin->runs_count == 0) {
        hsy_mem_free(&o->env->mem, origin->runs);
        origin->runs = NULL;
    }
}

static void remove_run(struct hsy_origin *origin, uint32_t at)
{
    HSY_ASSERT(at < origin->runs_count);
    origin->runs_count--;
    memmove(origin->runs + at, origin->runs + at + 1,
            (origin->runs_count - at) * sizeof(*origin->runs));
}

/* The one that costs least to get again. */
static void forget_shortest(struct hsy_origin *origin)
{
    uint32_t best = 0;

    HSY_ASSERT(origin->runs_count == HSY_GAPS_MAX);
    for (uint32_t i = 1; i < origin->runs_count; i++) {
        const struct hsy_run *run = &origin->runs[i];
        if (run->to - run->from <
            origin->runs[best].to - origin->runs[best].from) {
            best = i;
        }
    }
    remove_run(origin, best);
}

/* A run that touches no other. */
static void insert_run(struct hsy_origins *o, struct hsy_origin *origin,
                       const struct hsy_span *span)
{
    uint32_t at = 0;

    if (origin->runs_count == HSY_GAPS_MAX) {
        forget_shortest(origin);
    }
    HSY_ASSERT(origin->runs_count < HSY_GAPS_MAX);
    while (at < origin->runs_count && origin->runs[at].from < span->from) {
        at++;
    }
    memmove(origin->runs + at + 1, origin->runs + at,
            (origin->runs_count - at) * sizeof(*origin->runs));
    origin->runs[at] = (struct hsy_run){
        .from = span->from, .to = span->to, .since_ns = o->env->now.mono_ns};
    origin->runs_count++;
    o->gap_next_ns = hsy_time_min(o->gap_next_ns, o->env->now.mono_ns);
}

/* Two runs that touch become one; the older gap in front of it counts. */
static void join_runs(struct hsy_origin *origin, uint32_t at)
{
    struct hsy_run *run = &origin->runs[at];

    if (at + 1 < origin->runs_count && run->to + 1 == run[1].from) {
        run->to = run[1].to;
        remove_run(origin, at + 1);
    }
    HSY_ASSERT(run->from <= run->to);
}

/* False: it touches none. */
static bool extend_run(struct hsy_origin *origin, const struct hsy_span *span)
{
    for (uint32_t i = 0; i < origin->runs_count; i++) {
        struct hsy_run *run = &origin->runs[i];
        if (run->to + 1 == span->from) {
            run->to = span->to;
            join_runs(origin, i);
            return true;
        }
        if (span->to + 1 == run->from) {
            run->from = span->from;
            return true;
        }
    }
    HSY_ASSERT(span->from > origin->done + 1);
    return false;
}

static bool room_for_runs(struct hsy_origins *o, struct hsy_origin *origin)
{
    if (origin->runs == NULL) {
        origin->runs =
            hsy_mem_alloc(&o->env->mem, HSY_GAPS_MAX * sizeof(*origin->runs));
        HSY_ASSERT(origin->runs_count == 0);
    }
    return origin->runs != NULL;
}

/* Nothing can come of it any more that would be taken (relay.c, in_window),
 * and nothing of it is kept. */
static bool is_over(const struct hsy_origins *o,
                    const struct hsy_origin *origin)
{
    uint64_t last_ns = hsy_time_max(origin->heard_ns, origin->born_ns);

    return origin->first == HSY_PLACE_NONE && !origin->muted &&
           origin->offer.link == 0 && origin->held == NULL &&
           origin->under_way == 0 &&
           hsy_time_since(last_ns, o->env->now.mono_ns) >
               2 * o->env->config.retain_ns;
}

void hsy_origin_remove(struct hsy_origins *o, struct hsy_origin *origin)
{
    HSY_ASSERT(origin->first == HSY_PLACE_NONE);
    HSY_ASSERT(origin->held == NULL);
    HSY_ASSERT(origin->under_way == 0);
    if (o->saved != NULL) {
        hsy_saved_unmark(o->saved, origin);
    }
    hsy_mem_free(&o->env->mem, origin->runs);
    hsy_table_remove(&o->table, origin);
}

/* One that is over makes room; false: there is none. */
static bool make_room(struct hsy_origins *o)
{
    for (uint32_t i = 0; i < o->table.count; i++) {
        struct hsy_origin *origin = hsy_origin_at(o, i);
        if (is_over(o, origin)) {
            hsy_origin_remove(o, origin);
            return true;
        }
    }
    return false;
}

struct hsy_origin *hsy_origin_make(struct hsy_origins *o,
                                   const struct hsy_epoch *of)
{
    void *item = hsy_table_find(&o->table, of);

    if (item != NULL) {
        return item;
    }
    if (o->table.count == o->table.items_max && !make_room(o)) {
        return NULL;
    }
    if (hsy_table_put(&o->table, &item, of) != 0) {
        return NULL;
    }
    struct hsy_origin *origin = item;
    origin->born_ns = o->env->now.mono_ns;
    HSY_ASSERT(origin->first == HSY_PLACE_NONE);
    return origin;
}

enum hsy_claimed_as hsy_origins_claim(struct hsy_origins *o,
                                      struct hsy_origin **out,
                                      const struct hsy_span *span)
{
    struct hsy_origin *origin = hsy_origin_make(o, &span->of);

    if (origin == NULL) {
        return HSY_CLAIMED_NO_ROOM;
    }
    if (out != NULL) {
        *out = origin;
    }
    enum hsy_claimed_as as = look(origin, span);
    if (as != HSY_CLAIMED_NEW) {
        return as;
    }
    if (span->from == origin->done + 1) {
        origin->done = span->to;
        absorb(o, origin);
    } else if (!room_for_runs(o, origin)) {
        return HSY_CLAIMED_NO_ROOM;
    } else if (!extend_run(origin, span)) {
        insert_run(o, origin, span);
    }
    HSY_ASSERT(look(origin, span) == HSY_CLAIMED_BEFORE);
    return HSY_CLAIMED_NEW;
}

/* ---------------------------------------------------------------- missing */

bool hsy_origin_missing(const struct hsy_origin *origin, struct hsy_span *out,
                        uint64_t from, uint64_t to)
{
    uint64_t at = from > origin->done ? from : origin->done + 1;

    HSY_ASSERT(from >= 1);
    for (uint32_t i = 0; i < origin->runs_count; i++) {
        const struct hsy_run *run = &origin->runs[i];
        if (at < run->from) {
            to = to < run->from - 1 ? to : run->from - 1;
            break;
        }
        at = at > run->to ? at : run->to + 1;
    }
    if (at > to) {
        return false;
    }
    *out = (struct hsy_span){.of = origin->of, .from = at, .to = to};
    return true;
}

uint64_t hsy_origin_give_up(struct hsy_origins *o, struct hsy_origin *origin,
                            uint64_t to)
{
    uint64_t lost = 0;
    struct hsy_span span;

    HSY_ASSERT(to <= hsy_origin_high(origin));
    while (hsy_origin_missing(origin, &span, 1, to)) {
        lost += span.to - span.from + 1;
        origin->done = span.to;
        absorb(o, origin);
    }
    return lost;
}

bool hsy_origin_is_rumour(const struct hsy_origin *origin)
{
    HSY_ASSERT(origin->runs_count == 0 || origin->runs != NULL);
    return origin->done == 0 && origin->runs_count == 0;
}

void hsy_origin_older(struct hsy_origin *origin, uint64_t to)
{
    uint64_t before_ours =
        origin->ours_from == 0 ? UINT64_MAX : origin->ours_from - 1;

    to = to < before_ours ? to : before_ours;
    origin->history_to = to > origin->history_to ? to : origin->history_to;
    HSY_ASSERT(origin->history_to <= before_ours);
}

void hsy_origin_ours(struct hsy_origin *origin, uint64_t from)
{
    HSY_ASSERT(from >= 1);
    if (origin->ours_from == 0 || from < origin->ours_from) {
        origin->ours_from = from;
    }
    if (from <= origin->history_to) {
        origin->history_to = from - 1;
        origin->asked = 0; /* What is below it is wanted now: a new round. */
        origin->rounds = 0;
    }
}

uint64_t hsy_origin_unwanted(const struct hsy_env *env,
                             const struct hsy_origin *origin)
{
    uint32_t history = env->config.history;
    uint64_t wanted = history == 0 ? 1 : history; /* One, to know the mark. */

    HSY_ASSERT(wanted >= 1);
    if (history == HEARSAY_UNLIMITED || origin->history_to < wanted) {
        return 0;
    }
    return origin->history_to - wanted;
}

bool hsy_origins_is_near(const struct hsy_origins *o, uint64_t wall_ms)
{
    uint64_t window_ms = o->env->config.retain_ns / HSY_MS;
    uint64_t now_ms = o->env->now.wall_ms;

    HSY_ASSERT(window_ms > 0);
    return wall_ms >= (now_ms > window_ms ? now_ms - window_ms : 0) &&
           wall_ms <= now_ms + window_ms; /* Else a clock was wrong. */
}

bool hsy_origin_is_recent(const struct hsy_origins *o,
                          const struct hsy_origin *origin)
{
    HSY_ASSERT(origin != NULL);
    return hsy_origins_is_near(o, origin->wall_ms);
}

bool hsy_origin_is_idle(const struct hsy_origin *origin, uint64_t now_ns)
{
    HSY_ASSERT(origin->heard_ns <= now_ns);
    return origin->heard_ns == 0 ||
           hsy_time_since(origin->heard_ns, now_ns) >= HSY_ORIGIN_IDLE_NS;
}

/* ----------------------------------------------------------------- digest */

/* Of the splitmix64 generator (Steele, Lea, Flood 2014): every bit of the
 * result depends on every bit of @v. */
static uint64_t mixed(uint64_t v)
{
    v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
    return v ^ (v >> 31);
}

uint64_t hsy_epoch_hash(const struct hsy_epoch *of, uint64_t salt)
{
    uint64_t hash = mixed(of->incarnation ^ salt) ^ of->nonce;

    for (uint32_t i = 0; i < HEARSAY_ID_LEN; i += 8) {
        uint64_t word = 0;
        for (uint32_t k = 0; k < 8; k++) {
            word = word << 8 | of->origin.bytes[i + k];
        }
        hash = mixed(hash ^ word);
    }
    HSY_ASSERT(HEARSAY_ID_LEN % 8 == 0);
    return hash;
}

uint32_t hsy_origin_bucket(const struct hsy_epoch *of)
{
    HSY_ASSERT(HSY_DIGEST_BUCKETS == 64);
    return (uint32_t)(hsy_epoch_hash(of, 0) >> 58);
}

uint64_t hsy_origin_hash(const struct hsy_origin *origin)
{
    uint64_t key = hsy_epoch_hash(&origin->of, 0);
    uint64_t hash = origin->done == 0 ? 0 : mixed(key ^ origin->done);

    /* A gap that nobody can close would hide what lies above it. */
    for (uint32_t i = 0; i < origin->runs_count; i++) {
        const struct hsy_run *run = &origin->runs[i];
        hash += mixed(mixed(key ^ run->from) ^ run->to);
    }
    HSY_ASSERT(hsy_origin_high(origin) > 0 || hash == 0);
    return hash;
}
