/* A read goes in rounds. Each asks all seeds that hold our registration for
 * what comes behind the last id; what is true of everybody up to the least of
 * the last ids that they told is then known from all that answered, and is
 * told. A round counts when those that answered are a majority, so each id is
 * read from one, though not all from the same. */
#include "core/reads.h"

#include "base/addr.h"
#include "base/mem.h"
#include "core/kept.h"
#include "core/lines.h"

#define RETRY_NS (10 * HSY_MS)

/* The highest that was told of an id in this round. */
struct hsy_read_fact {
    struct hearsay_id id;
    uint64_t rank;
    bool left;               /* By its own word. */
    struct hsy_blob *record; /* A share. */
};

size_t hsy_read_fact_len(void)
{
    return sizeof(struct hsy_read_fact);
}

void hsy_reads_init(struct hsy_reads *r, struct hsy_env *env,
                    const struct hsy_join *join)
{
    HSY_ASSERT(join != NULL);
    *r = (struct hsy_reads){.env = env, .join = join, .next_ns = HEARSAY_NEVER};
}

static void drop_facts(struct hsy_reads *r)
{
    for (uint32_t i = 0; i < r->facts_count; i++) {
        hsy_keep_no_more(r->env, r->facts[i].record);
    }
    r->facts_count = 0;
    HSY_ASSERT(r->env != NULL);
}

void hsy_reads_fini(struct hsy_reads *r)
{
    drop_facts(r);
    hsy_mem_free(&r->env->mem, r->facts);
    r->facts = NULL;
    r->open = false;
}

static void plan(struct hsy_reads *r, uint64_t at_ns)
{
    HSY_ASSERT(r->open);
    r->next_ns = hsy_time_min(r->next_ns, at_ns);
}

/* ------------------------------------------------------------------ telling */

static enum hearsay_found_state state_of(const struct hsy_read_fact *f)
{
    HSY_ASSERT(f->rank > 0);
    if (f->rank % 2 == 0) {
        return HEARSAY_FOUND_ALIVE;
    }
    return f->left ? HEARSAY_FOUND_LEFT : HEARSAY_FOUND_DEAD;
}

/* False: no memory. */
static bool tell_fact(struct hsy_reads *r, const struct hsy_read_fact *f)
{
    struct hsy_record record = hsy_kept_record(f->record);
    struct hearsay_found found = {.number = r->number,
                                  .id = f->id,
                                  .incarnation = f->rank / 2,
                                  .state = state_of(f),
                                  .role = record.role,
                                  .addrs_count = record.addrs_count};
    struct hearsay_effect effect = {.kind = HEARSAY_FX_FOUND, .found = &found};

    HSY_ASSERT(record.name_len <= HEARSAY_NAME_MAX);
    for (uint32_t i = 0; i < record.addrs_count; i++) {
        found.addrs[i] = record.addrs[i];
    }
    for (uint32_t i = 0; i < record.name_len; i++) {
        found.name[i] = record.name[i];
    }
    return r->env->ports.tell(r->env->ports.ctx, &effect);
}

static uint32_t answered_count(const struct hsy_reads *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < HEARSAY_SEEDS_MAX; i++) {
        count += (r->answered >> i & 1) != 0 ? 1 : 0;
    }
    HSY_ASSERT((r->answered & ~r->asked) == 0);
    return count;
}

/* False: no memory; it is told at a later tick. */
static bool end_read(struct hsy_reads *r, bool stopped)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_FIND_DONE};

    HSY_ASSERT(r->open);
    effect.find_done.number = r->number;
    effect.find_done.found = r->found;
    effect.find_done.answered = answered_count(r);
    effect.find_done.quorum = hsy_join_quorum(r->join);
    effect.find_done.seeds = hsy_join_seeds(r->join);
    effect.find_done.whole = r->whole;
    effect.find_done.stopped = stopped;
    r->ends = true;
    if (!r->env->ports.tell(r->env->ports.ctx, &effect)) {
        plan(r, hsy_time_add(r->env->now.mono_ns, RETRY_NS));
        return false;
    }
    r->env->counters.reads_short += r->whole ? 0 : 1;
    drop_facts(r);
    hsy_mem_free(&r->env->mem, r->facts);
    r->facts = NULL;
    r->open = false;
    r->ends = false;
    r->next_ns = HEARSAY_NEVER;
    return true;
}

bool hsy_reads_stop(struct hsy_reads *r)
{
    HSY_ASSERT(r->env != NULL);
    r->whole = r->open && r->ends ? r->whole : false;
    return !r->open || end_read(r, true);
}

/* ------------------------------------------------------------------ a round */

static void ask(struct hsy_reads *r)
{
    struct hsy_frame frame = {.type = HSY_READ};
    uint64_t wait_ns = HSY_READ_ANSWER_NS;

    HSY_ASSERT(r->open);
    drop_facts(r);
    r->nonce++;
    r->asked = 0;
    r->answered = 0;
    r->more = false;
    frame.read.nonce = r->nonce;
    frame.read.count = r->all ? HSY_PAGE_RECORDS : 0;
    frame.read.id = r->id;
    for (uint32_t i = 0; i < hsy_lines_count(r->env); i++) {
        const struct hsy_neighbour *seed = hsy_join_holder(r->join, i);
        if (seed != NULL && hsy_neighbour_has(seed, HSY_READ)) {
            wait_ns = hsy_neighbour_wait_ns(seed, wait_ns);
            r->asked |= UINT64_C(1) << i;
            hsy_send(r->env, seed->link, &frame);
        }
    }
    r->answer_by_ns = hsy_time_add(r->env->now.mono_ns, wait_ns);
    plan(r, r->answer_by_ns);
}

int hsy_reads_begin(struct hsy_reads *r, const struct hearsay_id *id,
                    uint64_t timeout_ns, uint64_t *out_number)
{
    static const struct hearsay_id none;

    HSY_ASSERT(out_number != NULL);
    if (timeout_ns > HSY_READ_MAX_NS) {
        return HEARSAY_ERR_INVALID;
    }
    if (r->open) {
        return HEARSAY_ERR_AGAIN;
    }
    r->facts =
        hsy_mem_alloc(&r->env->mem, HSY_READ_FACTS_MAX * sizeof(*r->facts));
    if (r->facts == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    r->number++;
    r->open = true;
    r->all = id == NULL;
    r->whole = false;
    r->id = id != NULL ? *id : none;
    r->found = 0;
    r->deadline_ns = hsy_time_add(r->env->now.mono_ns,
                                  timeout_ns > 0 ? timeout_ns : HSY_READ_NS);
    r->env->counters.reads++;
    plan(r, r->deadline_ns);
    ask(r);
    *out_number = r->number;
    return 0;
}

static bool is_majority(const struct hsy_reads *r)
{
    struct hsy_votes votes = hsy_join_votes(r->join);

    for (uint32_t i = 0; i < hsy_lines_count(r->env); i++) {
        if ((r->answered >> i & 1) != 0) {
            hsy_votes_add(&votes, i);
        }
    }
    HSY_ASSERT(votes.count == answered_count(r));
    return hsy_votes_missing(&votes) == 0;
}

/* Tells what is known from all that answered, in order. False: no memory, and
 * the rest is told at a later tick. */
static bool tell_known(struct hsy_reads *r)
{
    uint32_t told = 0;

    while (told < r->facts_count &&
           (!r->more || hsy_id_compare(&r->facts[told].id, &r->upto) <= 0) &&
           tell_fact(r, &r->facts[told])) {
        hsy_keep_no_more(r->env, r->facts[told].record);
        told++;
    }
    r->found += told;
    r->facts_count -= told;
    for (uint32_t i = 0; i < r->facts_count; i++) {
        r->facts[i] = r->facts[i + told];
    }
    HSY_ASSERT(r->facts_count + told <= HSY_READ_FACTS_MAX);
    return r->facts_count == 0 ||
           (r->more && hsy_id_compare(&r->facts[0].id, &r->upto) > 0);
}

/* Those that answered are a majority, and no more answers are waited for. */
static void end_round(struct hsy_reads *r)
{
    HSY_ASSERT(is_majority(r));
    r->asked = r->answered; /* Who is later is too late. */
    if (!tell_known(r)) {
        r->answer_by_ns = hsy_time_add(r->env->now.mono_ns, RETRY_NS);
        plan(r, r->answer_by_ns);
        return;
    }
    if (r->more) {
        r->id = r->upto;
        ask(r);
        return;
    }
    r->whole = true;
    (void)end_read(r, false);
}

/* ------------------------------------------------------------------ answers */

/* Is it signed by so many seeds that every majority has one of them? Of a seed
 * that this peer has never reached, and whose key is not pinned, it cannot
 * know the id: whose verdict it does not know may be one of those. */
static bool is_proven(struct hsy_reads *r, const struct hsy_certificate *proof)
{
    struct hsy_votes votes = hsy_join_votes(r->join);
    uint32_t unknown = hsy_join_unknown(r->join);

    HSY_ASSERT(proof->verdicts_count >= 1);
    for (uint8_t i = 0; i < proof->verdicts_count; i++) {
        uint32_t line = hsy_join_line_of(r->join, &proof->verdicts[i].seed);
        if (line < HEARSAY_SEEDS_MAX) {
            hsy_votes_add(&votes, line);
        } else if (unknown > 0) {
            hsy_votes_add_stranger(&votes);
            unknown--;
        }
    }
    bool proven = hsy_votes_meet_majorities(&votes);
    r->env->counters.facts_unproven += proven ? 0 : 1;
    return proven;
}

/* The rank that @entry proves; 0: none. */
static uint64_t rank_of(struct hsy_reads *r, const struct hsy_sync_entry *entry,
                        const struct hsy_record **out_record)
{
    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        *out_record = &entry->record;
        return hsy_rank_alive(entry->record.incarnation);
    case HSY_SYNC_DEATH:
        *out_record = &entry->certificate.record;
        return is_proven(r, &entry->certificate)
                   ? hsy_rank_dead(entry->certificate.record.incarnation)
                   : 0;
    case HSY_SYNC_LEFT:
        *out_record = &entry->left.record;
        return hsy_rank_dead(entry->left.leave.incarnation);
    case HSY_SYNC_LINKS:
        break; /* The decoder lets none through. */
    }
    HSY_ASSERT(false);
    return 0;
}

/* Of an id, the place in r->facts: where it is, or belongs. */
static uint32_t place_of(const struct hsy_reads *r, const struct hearsay_id *id)
{
    uint32_t at = r->facts_count;

    HSY_ASSERT(r->facts != NULL);
    while (at > 0 && hsy_id_compare(&r->facts[at - 1].id, id) >= 0) {
        at--;
    }
    return at;
}

static void merge(struct hsy_reads *r, const struct hsy_sync_entry *entry)
{
    const struct hsy_record *record = NULL;
    uint64_t rank = rank_of(r, entry, &record);
    uint32_t at = place_of(r, &record->id);
    struct hsy_read_fact *f = &r->facts[at];
    bool known = at < r->facts_count && hsy_id_equal(&f->id, &record->id);

    if (rank == 0 || (known && f->rank >= rank)) {
        return;
    }
    struct hsy_blob *kept = hsy_keep_record(r->env, record);
    if (kept == NULL) {
        return; /* As if this seed had not known it. */
    }
    if (known) {
        hsy_keep_no_more(r->env, f->record);
    } else {
        HSY_ASSERT(r->facts_count < HSY_READ_FACTS_MAX);
        for (uint32_t i = r->facts_count; i > at; i--) {
            r->facts[i] = r->facts[i - 1];
        }
        r->facts_count++;
    }
    *f = (struct hsy_read_fact){.id = record->id,
                                .rank = rank,
                                .left = entry->kind == HSY_SYNC_LEFT,
                                .record = kept};
}

/* The line of the seed at @link, if it was asked and has not answered. */
static uint32_t line_at(const struct hsy_reads *r, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < hsy_lines_count(r->env); i++) {
        const struct hsy_neighbour *seed = hsy_join_holder(r->join, i);
        bool waits = ((r->asked & ~r->answered) >> i & 1) != 0;
        if (waits && seed != NULL && seed->link == link) {
            return i;
        }
    }
    return HEARSAY_SEEDS_MAX;
}

void hsy_reads_facts(struct hsy_reads *r, hearsay_link link,
                     const struct hsy_facts *facts)
{
    struct hsy_reader at = hsy_reader(facts->entries, facts->entries_len);
    struct hsy_sync_entry entry;
    struct hearsay_id last = r->id;

    uint32_t line = r->open && !r->ends && facts->nonce == r->nonce
                        ? line_at(r, link)
                        : HEARSAY_SEEDS_MAX;
    if (line == HEARSAY_SEEDS_MAX || facts->count > HSY_PAGE_RECORDS ||
        (!r->all && (facts->more || facts->count > 1))) {
        return; /* An answer that is late, or to nothing that was asked. */
    }
    while (hsy_sync_next(&at, &entry)) {
        last = *hsy_sync_subject(&entry);
        if (r->all ? hsy_id_compare(&last, &r->id) <= 0
                   : !hsy_id_equal(&last, &r->id)) {
            return; /* Not what was asked for: as if it were silent. */
        }
        merge(r, &entry);
    }
    r->answered |= UINT64_C(1) << line;
    if (facts->more && (!r->more || hsy_id_compare(&last, &r->upto) < 0)) {
        r->more = true;
        r->upto = last;
    }
    if (r->answered == r->asked && is_majority(r)) {
        end_round(r);
    }
}

/* --------------------------------------------------------------------- time */

void hsy_reads_tick(struct hsy_reads *r)
{
    uint64_t now_ns = r->env->now.mono_ns;

    if (now_ns < r->next_ns) {
        return;
    }
    r->next_ns = HEARSAY_NEVER;
    if (r->ends || now_ns >= r->deadline_ns) {
        (void)end_read(r, false);
    } else if (now_ns >= r->answer_by_ns && is_majority(r)) {
        end_round(r);
    } else if (now_ns >= r->answer_by_ns) {
        ask(r);
    }
    if (r->open && !r->ends) {
        plan(r, hsy_time_min(r->deadline_ns, r->answer_by_ns));
    }
    HSY_ASSERT(r->next_ns > now_ns);
}
