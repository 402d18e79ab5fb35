/* Greedy: tries the larger step first and keeps whatever still fails in the
 * same way. Classes go in halves, then one by one, and again until none can
 * go; then nodes, then time. Every try is a whole run, so their number is
 * bounded; what was found up to then is a failure all the same. */
#include "sim/minimise.h"

#include "base/assert.h"
#include "base/time.h"

#include <string.h>

enum { PEERS_MIN = 3 };

struct search {
    struct hsy_minimised *out;
    const struct hsy_minimiser *m;
    struct hsy_swarm_result tried; /* Too large for a stack of frames. */
    uint64_t on;                   /* Classes that are left. */
    int err;
};

static bool is_over(const struct search *s)
{
    return s->err != HEARSAY_OK || s->out->bounded;
}

/* Whether @choice fails as the first one did; if so it is the smallest. */
static bool fails(struct search *s, const struct hsy_swarm_choice *choice)
{
    if (is_over(s)) {
        return false;
    }
    if (s->out->tries == s->m->tries_max) {
        s->out->bounded = true;
        return false;
    }
    s->out->tries++;
    s->err = s->m->run(s->m->ctx, choice, &s->tried);
    bool same =
        s->err == HEARSAY_OK && strcmp(s->tried.what, s->out->result.what) == 0;
    if (same) {
        s->out->choice = *choice;
        s->out->result = s->tried;
        s->on = s->tried.on;
    }
    if (s->m->tried != NULL) {
        s->m->tried(s->m->ctx, s->out->tries, choice, same);
    }
    return same;
}

/* ----------------------------------------------------------------- classes */

static bool fails_without(struct search *s, uint64_t set)
{
    struct hsy_swarm_choice choice = s->out->choice;
    if ((s->on & set) == 0) {
        return false; /* None of them is on. */
    }
    choice.without |= set;
    return fails(s, &choice);
}

static uint32_t classes_count(uint64_t set)
{
    uint32_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

/* The first @count of the classes in @set. */
static uint64_t first_of(uint64_t set, uint32_t count)
{
    uint64_t out = 0;
    for (; set != 0 && count > 0; count--) {
        out |= set & (~set + 1);
        set &= set - 1;
    }
    return out;
}

/* One pass in pieces of @size. True: something went. */
static bool drop_pieces(struct search *s, uint32_t size)
{
    bool any = false;
    uint64_t left = s->on;
    while (left != 0 && !is_over(s)) {
        uint64_t piece = first_of(left, size);
        left &= ~piece;
        any = fails_without(s, piece) || any;
    }
    return any;
}

static void drop_classes(struct search *s)
{
    (void)fails_without(s, s->on);
    for (uint32_t size = classes_count(s->on) / 2; size > 1; size /= 2) {
        (void)drop_pieces(s, size);
    }
    while (drop_pieces(s, 1)) {
        continue;
    }
}

/* -------------------------------------------------------------- nodes, time */

/* What is made smaller of a choice: its value now, and with another one. */
struct knob {
    uint64_t (*value)(const struct search *s);
    struct hsy_swarm_choice (*with)(const struct search *s, uint64_t value);
    uint64_t min, grain;
};

static uint64_t peers_value(const struct search *s)
{
    return s->out->result.peers;
}

static struct hsy_swarm_choice peers_with(const struct search *s,
                                          uint64_t value)
{
    struct hsy_swarm_choice choice = s->out->choice;
    choice.peers = (uint32_t)value;
    return choice;
}

static uint64_t seeds_value(const struct search *s)
{
    return s->out->result.seeds;
}

static struct hsy_swarm_choice seeds_with(const struct search *s,
                                          uint64_t value)
{
    struct hsy_swarm_choice choice = s->out->choice;
    choice.seeds = (uint32_t)value;
    return choice;
}

static uint64_t time_value(const struct search *s)
{
    return s->out->result.for_ns;
}

static struct hsy_swarm_choice time_with(const struct search *s, uint64_t value)
{
    struct hsy_swarm_choice choice = s->out->choice;
    choice.for_ns = value;
    return choice;
}

/* The largest step that still fails, then half of it, and so on. */
static void turn_down(struct search *s, const struct knob *knob)
{
    uint64_t value = knob->value(s);
    uint64_t grains = value > knob->min ? (value - knob->min) / knob->grain : 0;
    while (grains > 0 && !is_over(s)) {
        value = knob->value(s);
        uint64_t less = value - hsy_time_min(grains * knob->grain,
                                             hsy_time_since(knob->min, value));
        struct hsy_swarm_choice choice = knob->with(s, less);
        if (less == value || !fails(s, &choice)) {
            grains /= 2;
        }
    }
}

int hsy_minimise(struct hsy_minimised *out, const struct hsy_minimiser *m)
{
    static const struct knob knobs[] = {
        {peers_value, peers_with, PEERS_MIN, 1},
        {seeds_value, seeds_with, 1, 1},
        {time_value, time_with, HSY_SECOND, HSY_SECOND},
    };
    HSY_ASSERT(out->result.what[0] != '\0');
    struct search s = {.out = out, .m = m, .on = out->result.on};
    out->tries = 0;
    out->bounded = false;
    drop_classes(&s);
    for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
        turn_down(&s, &knobs[i]);
    }
    return s.err;
}
