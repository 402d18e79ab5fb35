/* Answers from the Peer List: draws, the top, pages. */
#include "core/registry.h"

#include "base/addr.h"
#include "base/compiler.h"
#include "core/kept.h"

/* Who may be offered to @asker. */
struct offer {
    struct hsy_registry *r;
    const struct hearsay_id *asker;
    uint32_t count;          /* How many there are. */
    uint64_t before, weight; /* Of the asker, who is left out. */
};

static bool offered(const struct offer *o, const struct hsy_entry *e)
{
    HSY_ASSERT(e->record != NULL);
    return hsy_entry_offered(e) && !hsy_id_equal(&e->id, o->asker);
}

static struct offer offer_to(struct hsy_registry *r,
                             const struct hearsay_id *asker)
{
    struct offer o = {.r = r, .asker = asker};
    const struct hsy_entry *own = hsy_registry_find(r, asker);

    o.count = r->offered_count;
    if (own != NULL && hsy_entry_offered(own)) {
        HSY_ASSERT(o.count > 0);
        o.count--;
        o.weight = hsy_entry_weight(own);
        o.before = hsy_weights_before(&r->weights, hsy_registry_index(r, own));
    }
    return o;
}

static struct hsy_entry *any_entry(const struct offer *o)
{
    HSY_ASSERT(o->r->living.count > 0);
    return hsy_registry_at(
        o->r, (uint32_t)hsy_prng_below(&o->r->env->prng, o->r->living.count));
}

/* One by degree: a point on the line of all weights but the asker's. */
static const struct hsy_entry *draw(const struct offer *o)
{
    const struct hsy_weights *w = &o->r->weights;
    uint64_t total = hsy_weights_total(w);

    HSY_ASSERT(o->count > 0);
    HSY_ASSERT(total > o->weight);
    uint64_t at = hsy_prng_below(&o->r->env->prng, total - o->weight);
    at += at >= o->before ? o->weight : 0;
    const struct hsy_entry *e = hsy_registry_at(o->r, hsy_weights_at(w, at));
    HSY_ASSERT(offered(o, e));
    return e;
}

static void add_record(struct hsy_writer *list, struct hsy_records *records,
                       const struct hsy_entry *e)
{
    HSY_ASSERT(!e->absent);
    hsy_records_add_encoded(list, records, e->record->bytes, e->record->len);
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

/* One that is not among @drawn. When most of the list is taken, or not offered:
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
        add_record(list, records, drawn[i]);
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
        add_record(list, records, draw(&o));
        by_degree++;
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
        add_record(list, records, top[i]);
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
            add_record(list, records, e);
        }
    }
    HSY_ASSERT(!list->bad);
}
