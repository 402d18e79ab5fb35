/* Drawing a plan. Every concern has a stream of its own, derived from the one
 * PRNG seed: the network, the weather, which classes are on, and each class.
 * What a class would have done is drawn whether it is on or not, so nothing
 * shifts when it is switched off. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/swarm_inner.h"

#include <string.h>

_Static_assert(HSY_SWARM_FAULTS_COUNT < 64, "sets of classes are bits");

enum stream {
    STREAM_NETWORK,
    STREAM_WEATHER,
    STREAM_CLASSES,
    STREAM_RUN, /* As many as a plan has streams. */
    STREAM_MESSAGES = 14,
    STREAM_BOUNDS = 15,
    STREAM_CLASS,
    STREAM_DELIVERY = 256,
    STREAM_BURSTS = 257
};

struct range {
    uint64_t min, max;
};

static const char *const names[HSY_SWARM_FAULTS_COUNT] = {
#define X(name, text, says) [HSY_SWARM_##name] = text,
    HSY_SWARM_FAULTS(X)
#undef X
};

static const char *const sayings[HSY_SWARM_FAULTS_COUNT] = {
#define X(name, text, says) [HSY_SWARM_##name] = says,
    HSY_SWARM_FAULTS(X)
#undef X
};

const char *hsy_swarm_fault_name(enum hsy_swarm_fault fault)
{
    HSY_ASSERT(fault < HSY_SWARM_FAULTS_COUNT);
    return names[fault];
}

const char *hsy_swarm_fault_says(enum hsy_swarm_fault fault)
{
    HSY_ASSERT(fault < HSY_SWARM_FAULTS_COUNT);
    return sayings[fault];
}

bool hsy_swarm_fault_find(const char *name, size_t name_len,
                          enum hsy_swarm_fault *out)
{
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        if (strlen(names[i]) == name_len &&
            memcmp(names[i], name, name_len) == 0) {
            *out = (enum hsy_swarm_fault)i;
            return true;
        }
    }
    return false;
}

/* ----------------------------------------------------------------- drawing */

uint64_t hsy_swarm_mix(uint64_t a, uint64_t b)
{
    struct hsy_prng prng; /* A multiplier that is not the generator's own. */
    hsy_prng_init(&prng, a);
    hsy_prng_init(&prng,
                  hsy_prng_next(&prng) ^ (b + 1) * 0xd1342543de82ef95ULL);
    return hsy_prng_next(&prng);
}

static struct hsy_prng stream(uint64_t rng, unsigned which)
{
    struct hsy_prng prng;
    hsy_prng_init(&prng, hsy_swarm_mix(rng, which));
    return prng;
}

static uint64_t draw(struct hsy_prng *prng, uint64_t min, uint64_t max)
{
    return min + hsy_prng_below(prng, max - min + 1);
}

static bool one_in(struct hsy_prng *prng, uint64_t n)
{
    return hsy_prng_below(prng, n) == 0;
}

/* Each doubling as likely as any other: short and long alike. */
static uint64_t draw_by_size(struct hsy_prng *prng, struct range range)
{
    uint64_t doublings = 0;
    while (range.min << (doublings + 1) <= range.max) {
        doublings++;
    }
    uint64_t base = range.min << hsy_prng_below(prng, doublings + 1);
    return hsy_time_min(base + hsy_prng_below(prng, base), range.max);
}

static void draw_network(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_NETWORK);
    p->seeds_drawn = (uint32_t)draw(&prng, 1, 5);
    bool large = one_in(&prng, 24); /* Enough peers to reach the cap. */
    uint32_t small = (uint32_t)draw(&prng, 4, 16);
    uint32_t many = (uint32_t)draw(&prng, 44, 60);
    p->peers_drawn = large ? many : small;
    p->for_ns = draw(&prng, 20, large ? 60 : 180) * HSY_SECOND;
    p->overlay = (enum hearsay_overlay)draw(&prng, 0, 2);
    p->links_wanted = (uint32_t)draw(&prng, 2, 5);
    if (large) {
        p->links_wanted += 3;
    }
    p->gossip_count = one_in(&prng, 2) ? HEARSAY_UNLIMITED : 10;
    p->gossip_interval_ns = draw(&prng, 1, 10) * HSY_SECOND;
    if (large) {
        p->gossip_count = 2;
    }
    p->ping_interval_ns =
        one_in(&prng, 2) ? 13 * HSY_SECOND : draw(&prng, 3, 13) * HSY_SECOND;
    p->one_host = one_in(&prng, 2);
    p->stagger_ns = draw(&prng, 0, 5000) * HSY_MS;
    p->publish_percent = (uint32_t)draw(&prng, 0, large ? 20 : 60);
    for (unsigned i = 0; i < HSY_SWARM_STREAMS; i++) {
        p->streams[i] = hsy_swarm_mix(p->choice.rng, STREAM_RUN + i);
    }
}

/* Bounds that are met, or nearly. A large network needs its links. */
static void draw_bounds(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_BOUNDS);
    if (!one_in(&prng, 4)) {
        return;
    }
    uint32_t most = p->peers_drawn > 16 ? p->peers_drawn : 0;
    p->links_max = most + (uint32_t)draw(&prng, 16, 20);
    p->jobs_max = (uint32_t)draw(&prng, 16, 64);
    p->book_max = (uint32_t)draw(&prng, 6, 16);
    p->seen_max = (uint32_t)draw(&prng, 1024, 4096);
}

/* In half of the runs all is kept, so that losses have no excuse. */
static void draw_messages(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_MESSAGES);
    bool floods = one_in(&prng, 6);
    bool all = one_in(&prng, 2);
    uint32_t history = (uint32_t)draw(&prng, 0, 8);
    bool any = one_in(&prng, 2);
    uint32_t few = (uint32_t)draw(&prng, 4, 256);
    uint64_t short_ns = draw(&prng, 60, 300) * HSY_SECOND;
    uint64_t bound = draw(&prng, 0, 2);
    p->relay = floods ? HEARSAY_RELAY_FLOOD : HEARSAY_RELAY_TREE;
    p->history = all || any ? HEARSAY_UNLIMITED : history;
    p->retain_max = all || bound == 1 ? 0 : few;
    p->retain_ns = all || bound != 1 ? 0 : short_ns;
}

static void draw_delivery(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_DELIVERY);
    uint64_t wait_ns = draw(&prng, 1, 20) * HSY_SECOND;
    p->ordered_wait_ns = one_in(&prng, 4) ? wait_ns : 0;
    p->retain_on_disk = one_in(&prng, 2);
}

/* In one plan of three: much to deliver, at little cost, so that many pairs of
 * a message and a node are judged. */
static void draw_bursts(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_BURSTS);
    bool any = one_in(&prng, 3);
    uint32_t percent = (uint32_t)draw(&prng, 10, 100);
    p->burst_percent = any ? percent : 0;
    p->burst = (uint32_t)draw_by_size(&prng, (struct range){2, 64});
    p->burst_of_all = one_in(&prng, 2);
}

static void draw_weather(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_WEATHER);
    uint64_t far_ms = draw(&prng, 20, 500);
    uint64_t near_ms = draw(&prng, 0, 20);
    p->latency_min_ns = draw(&prng, 0, near_ms) * HSY_MS;
    p->latency_max_ns = near_ms * HSY_MS;
    if (hsy_swarm_is_on(p, HSY_SWARM_DELAY)) {
        p->latency_max_ns = far_ms * HSY_MS;
    }
    uint32_t tail_ppm = (uint32_t)draw(&prng, 100, 10000);
    uint64_t tail_ns = draw(&prng, 1, 30) * HSY_SECOND;
    if (hsy_swarm_is_on(p, HSY_SWARM_TAIL)) {
        p->tail_ppm = tail_ppm;
        p->tail_ns = tail_ns;
    }
    struct range lens = {UINT64_C(16) << 10, UINT64_C(1) << 20};
    uint32_t window_len = (uint32_t)draw_by_size(&prng, lens);
    uint32_t bytes_per_s = (uint32_t)draw_by_size(&prng, lens);
    if (hsy_swarm_is_on(p, HSY_SWARM_NARROW)) {
        p->window_len = window_len;
        p->bytes_per_s = bytes_per_s;
    }
    uint32_t reset_ppm = (uint32_t)draw(&prng, 100, 20000);
    if (hsy_swarm_is_on(p, HSY_SWARM_RESET)) {
        p->reset_ppm = reset_ppm;
    }
    p->job_max_ns = draw(&prng, 0, 30) * HSY_MS;
    p->disk_max_ns = draw(&prng, 1, 100) * HSY_MS;
}

/* ----------------------------------------------------------------- strikes */

/* How often a class strikes at most, and for how long; 0: it does not. */
struct habit {
    uint32_t times_max;
    struct range lasts_ms;
};

static const struct habit habits[HSY_SWARM_FAULTS_COUNT] = {
    [HSY_SWARM_CLOG] = {2, {1000, 60000}},
    [HSY_SWARM_CUT] = {4, {100, 120000}},
    [HSY_SWARM_ONE_WAY] = {4, {100, 120000}},
    [HSY_SWARM_SPLIT] = {2, {1000, 120000}},
    [HSY_SWARM_BRIDGE] = {2, {1000, 120000}},
    [HSY_SWARM_ISOLATE] = {4, {100, 120000}},
    [HSY_SWARM_SEEDS_APART] = {2, {1000, 120000}},
    [HSY_SWARM_HUBS_APART] = {2, {1000, 120000}},
    [HSY_SWARM_CRASH] = {4, {10, 120000}},
    [HSY_SWARM_PAUSE] = {4, {10, 120000}},
    [HSY_SWARM_SLOW] = {2, {1000, 60000}},
    [HSY_SWARM_LEAVE] = {3, {1, 1}},
    [HSY_SWARM_RESTART_ALL] = {1, {10, 30000}},
    [HSY_SWARM_HALF] = {1, {10, 60000}},
    [HSY_SWARM_LATE_JOBS] = {2, {1000, 30000}},
    [HSY_SWARM_DISK_LOST] = {2, {10, 60000}},
    [HSY_SWARM_DISK_STALE] = {2, {10, 60000}},
    [HSY_SWARM_DISK_CORRUPT] = {2, {10, 60000}},
    [HSY_SWARM_DISK_FULL] = {2, {1000, 60000}},
    [HSY_SWARM_DISK_FLAKY] = {2, {1000, 60000}},
    [HSY_SWARM_DISK_LYING] = {2, {1000, 60000}},
    [HSY_SWARM_CLOCK] = {3, {1, 1}},
};

static void keep_strike(struct hsy_swarm_plan *p, const struct hsy_strike *s)
{
    if (s->at_ns >= p->for_ns || p->strikes_count == HSY_SWARM_STRIKES_MAX) {
        return;
    }
    uint32_t place = p->strikes_count++;
    for (; place > 0 && p->strikes[place - 1].at_ns > s->at_ns; place--) {
        p->strikes[place] = p->strikes[place - 1];
    }
    p->strikes[place] = *s;
}

/* Times are drawn over @span_ns; those that a shorter run does not reach are
 * left out. */
static void draw_strikes(struct hsy_swarm_plan *p, enum hsy_swarm_fault fault,
                         uint64_t span_ns)
{
    const struct habit *habit = &habits[fault];
    if (habit->times_max == 0 || !hsy_swarm_is_on(p, fault)) {
        return;
    }
    struct hsy_prng prng = stream(p->choice.rng, STREAM_CLASS + fault);
    struct range lasts = {habit->lasts_ms.min * HSY_MS,
                          habit->lasts_ms.max * HSY_MS};
    uint64_t times = draw(&prng, 1, habit->times_max);
    for (uint64_t i = 0; i < times; i++) {
        struct hsy_strike s = {.fault = fault};
        s.at_ns = draw(&prng, 0, span_ns / HSY_MS) * HSY_MS;
        s.lasts_ns = draw_by_size(&prng, lasts);
        s.whom = hsy_prng_next(&prng);
        s.how = hsy_prng_next(&prng);
        keep_strike(p, &s);
    }
}

static void draw_classes(struct hsy_swarm_plan *p)
{
    struct hsy_prng prng = stream(p->choice.rng, STREAM_CLASSES);
    p->on = hsy_prng_next(&prng) & HSY_SWARM_ALL;
    if (one_in(&prng, 4)) { /* So that losses have no excuse. */
        p->on &= ~HSY_SWARM_BREAKS_LINKS;
    }
    if (p->choice.only != 0) {
        p->on = p->choice.only & HSY_SWARM_ALL;
    }
    p->on &= ~p->choice.without;
}

void hsy_swarm_draw(struct hsy_swarm_plan *out,
                    const struct hsy_swarm_choice *choice)
{
    HSY_ASSERT(choice->seeds <= HSY_SWARM_SEEDS_MAX);
    HSY_ASSERT(choice->peers <= HSY_SWARM_PEERS_MAX);
    HSY_ASSERT(choice->for_ns <= HSY_SWARM_FOR_MAX_NS);
    memset(out, 0, sizeof(*out));
    out->choice = *choice;
    draw_classes(out);
    draw_network(out);
    draw_bounds(out);
    draw_messages(out);
    draw_delivery(out);
    draw_bursts(out);
    draw_weather(out);
    /* More nodes or more time than drawn are nodes and time to strike at. */
    out->seeds = choice->seeds == 0 ? out->seeds_drawn : choice->seeds;
    out->peers = choice->peers == 0 ? out->peers_drawn : choice->peers;
    out->seeds_drawn =
        out->seeds > out->seeds_drawn ? out->seeds : out->seeds_drawn;
    out->peers_drawn =
        out->peers > out->peers_drawn ? out->peers : out->peers_drawn;
    uint64_t span_ns = hsy_time_max(out->for_ns, choice->for_ns);
    out->for_ns = choice->for_ns == 0 ? out->for_ns : choice->for_ns;
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        draw_strikes(out, (enum hsy_swarm_fault)i, span_ns);
    }
}

/* ------------------------------------------------------------------- repro */

static void put_hex(struct hsy_line *line, uint64_t value)
{
    char digits[17];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        at--;
        digits[at] = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value > 0);
    hsy_line_text(line, "0x");
    hsy_line_text(line, digits + at);
}

static void put_set(struct hsy_line *line, const char *flag, uint64_t set)
{
    const char *before = flag;
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        if ((set & HSY_SWARM_BIT(i)) != 0) {
            hsy_line_text(line, before);
            hsy_line_text(line, names[i]);
            before = ",";
        }
    }
}

void hsy_swarm_repro(char out[HSY_SWARM_REPRO_LEN],
                     const struct hsy_swarm_choice *choice)
{
    struct hsy_line line = hsy_line(out, HSY_SWARM_REPRO_LEN);
    hsy_line_text(&line, "hearsay sim --swarm --rng ");
    put_hex(&line, choice->rng);
    put_set(&line, " --only ", choice->only & ~choice->without);
    if (choice->only == 0) {
        put_set(&line, " --without ", choice->without);
    }
    if (choice->seeds != 0) {
        hsy_line_text(&line, " --seeds ");
        hsy_line_u64(&line, choice->seeds);
    }
    if (choice->peers != 0) {
        hsy_line_text(&line, " --peers ");
        hsy_line_u64(&line, choice->peers);
    }
    if (choice->for_ns != 0) {
        hsy_line_text(&line, " --for ");
        hsy_line_u64(&line, choice->for_ns / HSY_MS);
        hsy_line_text(&line, "ms");
    }
}
