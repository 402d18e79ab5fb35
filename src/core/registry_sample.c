/* Answers from the Peer List: draws, the top, pages.
 *
 * A draw by degree is rejection sampling: any entry, kept with probability
 * (degree + 1) / (bound + 1), else again. It needs no index that every change
 * of a degree would have to keep in order. The bound is allowed to be too
 * high (a hub that went) and is set right when a draw takes too long. */
#include "core/registry.h"

#include "base/addr.h"

/* With a hub of 2,667 links (the cap at a million peers) and 8 on average one
 * try in 300 is kept: 4,096 tries fail once in 10^6 draws. */
enum { TRIES_MAX = 4096 };

/* Who may be offered to @asker. */
struct offer {
    struct hsy_registry *r;
    const struct hearsay_id *asker;
    uint32_t count; /* How many there are. */
};

static bool offered(const struct offer *o, const struct hsy_entry *e)
{
    HSY_ASSERT(e->record.addrs_count >= 1);
    return !e->absent && !hsy_id_equal(&e->id, o->asker);
}

static struct offer offer_to(struct hsy_registry *r,
                             const struct hearsay_id *asker)
{
    struct offer o = {.r = r, .asker = asker};
    const struct hsy_entry *own = hsy_registry_find(r, asker);

    o.count = hsy_registry_count(r);
    if (own != NULL && !own->absent) {
        HSY_ASSERT(o.count > 0);
        o.count--;
    }
    return o;
}

static struct hsy_entry *any_entry(const struct offer *o)
{
    HSY_ASSERT(o->r->living.count > 0);
    return hsy_registry_at(
        o->r, (uint32_t)hsy_prng_below(&o->r->env->prng, o->r->living.count));
}

static void mend_bound(struct hsy_registry *r)
{
    r->degree_bound = 0;
    for (uint32_t i = 0; i < r->living.count; i++) {
        uint32_t degree = hsy_registry_at(r, i)->degree;
        if (degree > r->degree_bound) {
            r->degree_bound = degree;
        }
    }
    HSY_ASSERT(r->degree_bound < r->living.count);
}

/* One by degree. NULL: no luck in very many tries; the bound is exact now. */
static const struct hsy_entry *draw(const struct offer *o)
{
    HSY_ASSERT(o->count > 0);
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        const struct hsy_entry *e = any_entry(o);
        HSY_ASSERT(e->degree <= o->r->degree_bound);
        uint64_t dice =
            hsy_prng_below(&o->r->env->prng, (uint64_t)o->r->degree_bound + 1);
        if (dice <= e->degree && offered(o, e)) {
            return e;
        }
    }
    mend_bound(o->r);
    return NULL;
}

static bool drawn_before(const struct hsy_entry *const *drawn, uint32_t count,
                         const struct hsy_entry *e)
{
    HSY_ASSERT(count <= HSY_PAGE_RECORDS);
    for (uint32_t i = 0; i < count; i++) {
        if (drawn[i] == e) {
            return true;
        }
    }
    return false;
}

/* One that is not among @drawn. When most of the list is taken or absent:
 * the next such one after a random place. NULL: there is none. */
static const struct hsy_entry *draw_other(const struct offer *o,
                                          const struct hsy_entry *const *drawn,
                                          uint32_t count)
{
    uint32_t living = o->r->living.count;

    for (uint32_t i = 0; i < 4 * HSY_PAGE_RECORDS; i++) {
        const struct hsy_entry *e = any_entry(o);
        if (offered(o, e) && !drawn_before(drawn, count, e)) {
            return e;
        }
    }
    uint32_t start = (uint32_t)hsy_prng_below(&o->r->env->prng, living);
    for (uint32_t i = 0; i < living; i++) {
        const struct hsy_entry *e = hsy_registry_at(o->r, (start + i) % living);
        if (offered(o, e) && !drawn_before(drawn, count, e)) {
            return e;
        }
    }
    HSY_ASSERT(o->count <= count);
    return NULL;
}

static void add_uniform(const struct offer *o, uint32_t count,
                        struct hsy_writer *list, struct hsy_records *records)
{
    const struct hsy_entry *drawn[HSY_PAGE_RECORDS];
    uint32_t wanted = count < o->count ? count : o->count;

    HSY_ASSERT(wanted <= HSY_PAGE_RECORDS);
    for (uint32_t i = 0; i < wanted; i++) {
        drawn[i] = draw_other(o, drawn, i);
        HSY_ASSERT(drawn[i] != NULL);
        hsy_records_add(list, records, &drawn[i]->record);
    }
    HSY_ASSERT(!list->bad);
}

uint16_t hsy_registry_sample(struct hsy_registry *r,
                             const struct hearsay_id *asker,
                             struct hsy_writer *list,
                             struct hsy_records *records)
{
    struct offer o = offer_to(r, asker);
    uint16_t by_degree = 0;

    HSY_ASSERT(records->count == 0);
    for (uint32_t i = 0; i < HSY_SAMPLE_BY_DEGREE && o.count > 0; i++) {
        const struct hsy_entry *e = draw(&o);
        if (e != NULL) {
            hsy_records_add(list, records, &e->record);
            by_degree++;
        }
    }
    add_uniform(&o, HSY_SAMPLE_UNIFORM, list, records);
    HSY_ASSERT(records->count <= HSY_SAMPLE_MAX);
    return by_degree;
}

void hsy_registry_uniform(struct hsy_registry *r,
                          const struct hearsay_id *asker, uint32_t count,
                          struct hsy_writer *list, struct hsy_records *records)
{
    struct offer o = offer_to(r, asker);

    HSY_ASSERT(count <= HSY_PAGE_RECORDS);
    add_uniform(&o, count, list, records);
}

/* Puts @e into @top, sorted by falling degree; the earlier one first. */
static uint32_t rank_in(const struct hsy_entry **top, uint32_t count,
                        uint32_t max, const struct hsy_entry *e)
{
    uint32_t at = count;

    HSY_ASSERT(count <= max);
    while (at > 0 && top[at - 1]->degree < e->degree) {
        at--;
    }
    if (at == max) {
        return count;
    }
    uint32_t last = count < max ? count : max - 1;
    for (uint32_t i = last; i > at; i--) {
        top[i] = top[i - 1];
    }
    top[at] = e;
    return last + 1;
}

void hsy_registry_top(struct hsy_registry *r, const struct hearsay_id *asker,
                      uint32_t count, struct hsy_writer *list,
                      struct hsy_records *records)
{
    const struct hsy_entry *top[HSY_PAGE_RECORDS];
    struct offer o = offer_to(r, asker);
    uint32_t found = 0;

    HSY_ASSERT(count >= 1);
    HSY_ASSERT(count <= HSY_PAGE_RECORDS);
    for (uint32_t i = 0; i < r->living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, i);
        if (offered(&o, e)) {
            found = rank_in(top, found, count, e);
        }
    }
    for (uint32_t i = 0; i < found; i++) {
        hsy_records_add(list, records, &top[i]->record);
    }
    HSY_ASSERT(!list->bad);
}

void hsy_registry_page(const struct hsy_registry *r, uint32_t page,
                       struct hsy_writer *list, struct hsy_records *records)
{
    uint64_t first = (uint64_t)page * HSY_PAGE_RECORDS;

    HSY_ASSERT(records->count == 0);
    for (uint64_t i = first;
         i < first + HSY_PAGE_RECORDS && i < r->living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, (uint32_t)i);
        if (!e->absent) {
            hsy_records_add(list, records, &e->record);
        }
    }
    HSY_ASSERT(!list->bad);
}
