/* Of n seeds more than half are a majority. Whom a majority need not meet, are
 * as many as it leaves at most. */
#include "core/votes.h"

#include "core/lines.h"

_Static_assert(HEARSAY_SEEDS_MAX <= 64, "a line is a bit");

struct hsy_votes hsy_votes(const struct hsy_env *env)
{
    struct hsy_votes votes = {.seeds = hsy_lines_count(env)};

    HSY_ASSERT(votes.seeds >= 1);
    return votes;
}

void hsy_votes_void(struct hsy_votes *v)
{
    HSY_ASSERT(v->seeds > 1); /* The other one has its vote. */
    v->seeds--;
}

void hsy_votes_add(struct hsy_votes *v, uint32_t line)
{
    uint64_t bit = UINT64_C(1) << line;

    HSY_ASSERT(line < HEARSAY_SEEDS_MAX);
    HSY_ASSERT((v->lines & bit) == 0);
    v->lines |= bit;
    v->count++;
}

void hsy_votes_add_stranger(struct hsy_votes *v)
{
    HSY_ASSERT(v->count < UINT32_MAX);
    v->count++;
}

uint32_t hsy_votes_majority(const struct hsy_votes *v)
{
    HSY_ASSERT(v->seeds >= 1);
    return v->seeds / 2 + 1;
}

uint32_t hsy_votes_missing(const struct hsy_votes *v)
{
    uint32_t wanted = hsy_votes_majority(v);

    HSY_ASSERT(wanted <= v->seeds);
    return v->count >= wanted ? 0 : wanted - v->count;
}

bool hsy_votes_meet_majorities(const struct hsy_votes *v)
{
    uint32_t others = v->seeds - hsy_votes_majority(v);

    HSY_ASSERT(others < v->seeds);
    return v->count > others; /* Those that are not may be too few for one. */
}
