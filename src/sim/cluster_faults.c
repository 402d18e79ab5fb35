/* What befalls machines and the network between them: weather, cuts, resets,
 * slow processes, clocks that jump, disks that fail.
 *
 * A cut is a pair (from, to) in one table. Each host counts the pairs that
 * name it, so that asking about two that nobody has cut costs no look-up. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/inner.h"

enum { MILLION = 1000000 };

#define SLOW_MAX_NS (24 * 60 * HSY_MINUTE)

/* ------------------------------------------------------------------ cuts */

static uint64_t way_key(uint32_t from, uint32_t to)
{
    return ((uint64_t)from << 32) | to;
}

bool hsy_cluster_blocked(const struct hsy_cluster *c, uint32_t from,
                         uint32_t to)
{
    if (from == to) {
        return false;
    }
    if (c->isolated_count == 0 && c->cuts.count == 0 && !c->is_split) {
        return false; /* So it mostly is, and no host need be looked at. */
    }
    const struct hsy_host *a = &c->hosts[from];
    const struct hsy_host *b = &c->hosts[to];
    if (a->isolated || b->isolated || a->side != b->side) {
        return true;
    }
    if (a->cuts == 0 || b->cuts == 0) {
        return false;
    }
    uint64_t key = way_key(from, to);
    return hsy_table_find(&c->cuts, &key) != NULL;
}

int hsy_cluster_cut_way(struct hsy_cluster *c, uint32_t from, uint32_t to)
{
    HSY_ASSERT(from < c->count);
    HSY_ASSERT(to < c->count);
    HSY_ASSERT(from != to);
    uint64_t key = way_key(from, to);
    if (hsy_table_find(&c->cuts, &key) != NULL) {
        return HEARSAY_OK;
    }
    void *item;
    int err = hsy_table_put(&c->cuts, &item, &key);
    if (err != HEARSAY_OK) {
        return err;
    }
    c->hosts[from].cuts++;
    c->hosts[to].cuts++;
    return HEARSAY_OK;
}

/* @pair is in the table of cuts. */
static void mend(struct hsy_cluster *c, uint64_t *pair)
{
    struct hsy_host *from = &c->hosts[*pair >> 32];
    struct hsy_host *to = &c->hosts[(uint32_t)*pair];
    HSY_ASSERT(from->cuts > 0);
    HSY_ASSERT(to->cuts > 0);
    from->cuts--;
    to->cuts--;
    hsy_table_remove(&c->cuts, pair);
}

static void mend_way(struct hsy_cluster *c, uint32_t from, uint32_t to)
{
    uint64_t key = way_key(from, to);
    uint64_t *pair = hsy_table_find(&c->cuts, &key);
    if (pair != NULL) {
        mend(c, pair);
    }
}

int hsy_cluster_cut(struct hsy_cluster *c, uint32_t a, uint32_t b)
{
    uint64_t key = way_key(a, b);
    bool was_cut = hsy_table_find(&c->cuts, &key) != NULL;
    int err = hsy_cluster_cut_way(c, a, b);
    if (err == HEARSAY_OK) {
        err = hsy_cluster_cut_way(c, b, a);
    }
    if (err != HEARSAY_OK && !was_cut) {
        mend_way(c, a, b); /* Half a cut is none. */
    }
    return err;
}

void hsy_cluster_isolate(struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    c->isolated_count += c->hosts[node].isolated ? 0 : 1;
    c->hosts[node].isolated = true;
}

void hsy_cluster_split(struct hsy_cluster *c, const uint8_t *sides)
{
    for (uint32_t i = 0; i < c->count; i++) {
        c->hosts[i].side = sides != NULL ? sides[i] : 0;
    }
    c->is_split = sides != NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        hsy_net_healed(c, i); /* Who is on one side now may have been apart. */
    }
}

void hsy_cluster_heal(struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    c->isolated_count -= c->hosts[node].isolated ? 1 : 0;
    c->hosts[node].isolated = false;
    for (uint32_t i = c->cuts.count; i > 0 && c->hosts[node].cuts > 0; i--) {
        uint64_t *pair = hsy_table_at(&c->cuts, i - 1);
        if ((uint32_t)(*pair >> 32) == node || (uint32_t)*pair == node) {
            mend(c, pair);
        }
    }
    hsy_net_healed(c, node);
}

void hsy_cluster_heal_pair(struct hsy_cluster *c, uint32_t a, uint32_t b)
{
    HSY_ASSERT(a < c->count);
    HSY_ASSERT(b < c->count);
    mend_way(c, a, b);
    mend_way(c, b, a);
    hsy_net_healed(c, a);
}

/* --------------------------------------------------------------- weather */

void hsy_cluster_set_weather(struct hsy_cluster *c,
                             const struct hsy_weather *weather)
{
    struct hsy_cluster_config config = c->config;
    config.latency_ns = weather->latency_ns;
    config.tail_ppm = weather->tail_ppm;
    config.tail_ns = weather->tail_ns;
    config.bytes_per_s = weather->bytes_per_s;
    config.window_len = weather->window_len;
    HSY_ASSERT(hsy_cluster_config_fault(&config) == NULL);
    c->weather = *weather;
}

struct hsy_weather hsy_cluster_weather(const struct hsy_cluster *c)
{
    return c->weather;
}

uint32_t hsy_cluster_reset(struct hsy_cluster *c, uint32_t node,
                           uint32_t chance_ppm)
{
    HSY_ASSERT(node < c->count);
    HSY_ASSERT(chance_ppm <= MILLION);
    return hsy_net_break(c, node, chance_ppm);
}

/* -------------------------------------------------------------- machines */

void hsy_cluster_slow(struct hsy_cluster *c, uint32_t node, uint64_t extra_ns)
{
    HSY_ASSERT(node < c->count);
    HSY_ASSERT(extra_ns <= SLOW_MAX_NS);
    c->hosts[node].slow_ns = extra_ns;
    hsy_cluster_pace(c, node);
}

void hsy_cluster_far(struct hsy_cluster *c, uint32_t node, uint64_t extra_ns)
{
    HSY_ASSERT(node < c->count);
    HSY_ASSERT(extra_ns <= SLOW_MAX_NS);
    c->hosts[node].far_ns = extra_ns;
    c->is_far = c->is_far || extra_ns > 0;
}

void hsy_cluster_nat(struct hsy_cluster *c, uint32_t node, bool on)
{
    HSY_ASSERT(node < c->count);
    c->hosts[node].nat = on;
}

uint64_t hsy_cluster_distance(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].far_ns;
}

void hsy_cluster_throttle(struct hsy_cluster *c, uint32_t node,
                          struct hsy_throttle throttle)
{
    HSY_ASSERT(node < c->count);
    c->hosts[node].throttle = throttle;
    c->is_throttled =
        c->is_throttled || throttle.in_per_s > 0 || throttle.out_per_s > 0;
}

uint64_t hsy_cluster_slowness(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].slow_ns;
}

void hsy_cluster_clock_jump(struct hsy_cluster *c, uint32_t node, int64_t ms)
{
    HSY_ASSERT(node < c->count);
    struct hsy_host *host = &c->hosts[node];
    uint64_t now_ms = hsy_cluster_clock(c, node).wall_ms;
    uint64_t to_ms;
    if (ms >= 0) {
        to_ms = hsy_time_add(now_ms, (uint64_t)ms);
    } else {
        to_ms = hsy_time_since(0 - (uint64_t)ms, now_ms);
    }
    host->wall_ms = to_ms - hsy_cluster_wall_ms(c); /* Wraps, and back. */
}

void hsy_cluster_disk_mood(struct hsy_cluster *c, uint32_t node,
                           enum hsy_disk_mood mood)
{
    HSY_ASSERT(node < c->count);
    int err = hsy_disk_set_mood(&c->hosts[node].disk, mood);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for what a disk held");
    }
}

enum hsy_disk_mood hsy_cluster_disk_mood_of(const struct hsy_cluster *c,
                                            uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].disk.mood;
}

int hsy_cluster_disk_harm(struct hsy_cluster *c, uint32_t node,
                          enum hsy_disk_harm harm)
{
    HSY_ASSERT(node < c->count);
    if (c->hosts[node].node != NULL) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_disk_harm(&c->hosts[node].disk, harm, &c->prng);
}
