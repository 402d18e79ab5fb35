/* The Peer List in the order of ids, so that a read that takes many steps meets
 * everybody who is there all the time, however the list changes meanwhile. */
#include "core/registry.h"

#include "base/addr.h"
#include "core/kept.h"

/* An entry of a SEED_SYNC at most, with its length. */
enum { FACT_LEN_MAX = 4096 };

/* One of the living, or a grave. */
struct fact {
    const struct hearsay_id *id;
    const struct hsy_entry *entry; /* NULL: it is dead. */
    const struct hsy_grave *grave;
};

/* The @max least, ascending. */
struct least {
    struct fact facts[HSY_PAGE_RECORDS];
    uint32_t count, max;
    bool more; /* Some had no room. */
};

static void offer(struct least *l, const struct fact *f)
{
    uint32_t at = l->count;

    HSY_ASSERT(l->max <= HSY_PAGE_RECORDS);
    while (at > 0 && hsy_id_compare(l->facts[at - 1].id, f->id) > 0) {
        at--;
    }
    l->more = l->more || l->count == l->max;
    if (at == l->max) {
        return;
    }
    uint32_t last = l->count < l->max ? l->count : l->max - 1;
    for (uint32_t i = last; i > at; i--) {
        l->facts[i] = l->facts[i - 1];
    }
    l->facts[at] = *f;
    l->count = last + 1;
}

static void find_one(const struct hsy_registry *r, const struct hearsay_id *id,
                     struct least *l)
{
    struct fact f = {.entry = hsy_registry_find(r, id),
                     .grave = hsy_registry_grave(r, id)};

    HSY_ASSERT(f.entry == NULL || f.grave == NULL);
    f.id = id;
    if (f.entry != NULL || f.grave != NULL) {
        offer(l, &f);
    }
}

static void find_behind(const struct hsy_registry *r,
                        const struct hearsay_id *after, struct least *l)
{
    for (uint32_t i = 0; i < r->living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, i);
        struct fact f = {.id = &e->id, .entry = e};
        if (hsy_id_compare(&e->id, after) > 0) {
            offer(l, &f);
        }
    }
    for (uint32_t i = 0; i < r->graves.count; i++) {
        const struct hsy_grave *g = hsy_table_at(&r->graves, i);
        struct fact f = {.id = &g->id, .grave = g};
        if (hsy_id_compare(&g->id, after) > 0) {
            offer(l, &f);
        }
    }
    HSY_ASSERT(l->count <= l->max);
}

/* As it is told to fellows. */
static void put_fact(const struct fact *f, struct hsy_writer *list)
{
    HSY_ASSERT((f->grave == NULL) != (f->entry == NULL));
    if (f->grave != NULL) {
        hsy_put_bytes(list, f->grave->proof, f->grave->proof_len);
    } else {
        const struct hsy_blob *record = f->entry->record;
        hsy_sync_put_record(list, record->bytes, record->len);
    }
}

void hsy_registry_facts(const struct hsy_registry *r,
                        const struct hearsay_id *after, uint32_t count,
                        struct hsy_writer *list, struct hsy_facts *facts)
{
    struct least l = {.max = count > 0 ? count : 1};

    HSY_ASSERT(count <= HSY_PAGE_RECORDS);
    if (count == 0) {
        find_one(r, after, &l);
    } else {
        find_behind(r, after, &l);
    }
    for (uint32_t i = 0; i < l.count; i++) {
        if (list->max - list->len < FACT_LEN_MAX) {
            l.more = true;
            break;
        }
        put_fact(&l.facts[i], list);
        facts->count++;
    }
    HSY_ASSERT(!list->bad);
    facts->more = l.more;
    facts->entries = list->data;
    facts->entries_len = (uint32_t)list->len;
}
