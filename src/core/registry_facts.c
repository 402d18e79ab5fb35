/* A digest is a sum of one number per fact: it follows each change at once,
 * and two seeds with equal digests have nothing to tell each other. There is
 * one over everything, and one for each bucket of ids, which says where they
 * differ. */
#include "core/registry_facts.h"

#include "core/kept.h"

enum { FACT_WORDS = 9, LANES = 2 };

/* What the digest says of one id. Two seeds that know different records of
 * one incarnation differ too: in the time of issue or in the signature. */
struct fact {
    uint64_t words[FACT_WORDS];
};

/* The last step of splitmix64: every bit of @v reaches every bit. */
static uint64_t mix(uint64_t v)
{
    v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
    return v ^ (v >> 31);
}

static struct fact fact_of(const struct hearsay_id *id, uint64_t rank)
{
    struct hsy_reader in = hsy_reader(id->bytes, sizeof(id->bytes));
    struct fact fact = {.words = {[4] = rank}};

    for (uint32_t i = 0; i < 4; i++) {
        fact.words[i] = hsy_get_u64(&in);
    }
    HSY_ASSERT(hsy_reader_done(&in));
    return fact;
}

static struct fact fact_of_entry(const struct hsy_entry *e)
{
    struct fact fact = fact_of(&e->id, hsy_rank_alive(e->incarnation));
    const struct hsy_blob *record = e->record;

    HSY_ASSERT(record->len > HSY_SIG_LEN);
    struct hsy_reader sig =
        hsy_reader(record->bytes + record->len - HSY_SIG_LEN, HSY_SIG_LEN);
    fact.words[5] = hsy_kept_record_brief(record).issued_ms;
    fact.words[6] = hsy_get_u64(&sig);
    if (e->links != NULL) {
        fact.words[7] = e->incarnation;
        fact.words[8] = hsy_kept_links_brief(e->links).version;
    }
    return fact;
}

static uint64_t number_of(const struct fact *fact, uint32_t lane)
{
    static const uint64_t lanes[LANES] = {UINT64_C(0x9e3779b97f4a7c15),
                                          UINT64_C(0xc2b2ae3d27d4eb4f)};
    uint64_t h = lanes[lane];

    HSY_ASSERT(fact->words[4] != 0); /* Every fact has a rank. */
    for (uint32_t i = 0; i < FACT_WORDS; i++) {
        h = mix(h ^ fact->words[i]) + lanes[lane];
    }
    return h;
}

/* Unsigned sums wrap around and back. */
static void count_fact(struct hsy_registry *r, const struct hearsay_id *id,
                       const struct fact *fact, bool add)
{
    uint8_t bucket = hsy_registry_bucket(id);
    uint64_t first = number_of(fact, 0);
    uint64_t second = number_of(fact, 1);

    HSY_ASSERT(add || r->buckets[bucket].count > 0);
    r->digest[0] += add ? first : UINT64_C(0) - first;
    r->digest[1] += add ? second : UINT64_C(0) - second;
    r->buckets[bucket].sum += add ? first : UINT64_C(0) - first;
    r->buckets[bucket].count += add ? 1 : UINT32_MAX;
    r->changed_ns = r->env->now.mono_ns;
    r->graph_ns = r->changed_ns;
}

void hsy_registry_count_entry(struct hsy_registry *r, const struct hsy_entry *e,
                              bool add)
{
    struct fact fact = fact_of_entry(e);

    HSY_ASSERT(e->incarnation > 0);
    count_fact(r, &e->id, &fact, add);
}

void hsy_registry_count_grave(struct hsy_registry *r, const struct hsy_grave *g,
                              bool add)
{
    struct fact fact = fact_of(&g->id, hsy_rank_dead(g->incarnation));

    HSY_ASSERT(g->proof != NULL);
    count_fact(r, &g->id, &fact, add);
}

uint64_t hsy_entry_fact(const struct hsy_entry *e)
{
    struct fact fact = fact_of_entry(e);

    HSY_ASSERT(e->incarnation > 0);
    return number_of(&fact, 0);
}

uint64_t hsy_grave_fact(const struct hsy_grave *g)
{
    struct fact fact = fact_of(&g->id, hsy_rank_dead(g->incarnation));

    HSY_ASSERT(g->incarnation > 0);
    return number_of(&fact, 0);
}
