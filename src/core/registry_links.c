/* Degrees are kept, not computed: a link counts for both ends when both name
 * it, so each change of one snapshot touches only the neighbours that came or
 * went. With a degree goes the weight in draws. */
#include "core/registry_links.h"

#include "base/addr.h"
#include "core/kept.h"

struct hsy_ids hsy_entry_links(const struct hsy_entry *e)
{
    HSY_ASSERT(e != NULL);
    return e->links == NULL ? (struct hsy_ids){0}
                            : hsy_kept_links_brief(e->links).neighbours;
}

static bool names(const struct hsy_entry *e, const struct hearsay_id *id)
{
    struct hsy_ids links = hsy_entry_links(e);
    uint32_t low = 0;
    uint32_t high = links.count;

    HSY_ASSERT(high == 0 || links.bytes != NULL);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = hsy_id_compare(hsy_ids_at(&links, middle), id);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

uint32_t hsy_registry_index(const struct hsy_registry *r,
                            const struct hsy_entry *e)
{
    uint32_t index = (uint32_t)(e - hsy_registry_at(r, 0));

    HSY_ASSERT(index < r->living.count);
    return index;
}

uint64_t hsy_entry_weight(const struct hsy_entry *e)
{
    return hsy_entry_offered(e) ? (uint64_t)e->degree + 1 : 0;
}

void hsy_registry_draw(struct hsy_registry *r, const struct hsy_entry *e,
                       bool on)
{
    uint32_t index = hsy_registry_index(r, e);

    if (!hsy_entry_offered(e)) {
        return;
    }
    HSY_ASSERT(on || r->offered_count > 0);
    if (on) {
        hsy_weights_raise(&r->weights, index, hsy_entry_weight(e));
        r->offered_count++;
    } else {
        hsy_weights_lower(&r->weights, index, hsy_entry_weight(e));
        r->offered_count--;
    }
}

void hsy_registry_shun(struct hsy_registry *r, const struct hearsay_id *id,
                       bool shunned)
{
    struct hsy_entry *e = hsy_registry_find(r, id);

    HSY_ASSERT(id != NULL);
    if (e != NULL && e->shunned != shunned) {
        hsy_registry_draw(r, e, false);
        e->shunned = shunned;
        hsy_registry_draw(r, e, true);
    }
}

void hsy_registry_reach(struct hsy_registry *r, struct hsy_entry *e,
                        enum hsy_reach_found found)
{
    HSY_ASSERT(hsy_registry_find(r, &e->id) == e);
    hsy_registry_draw(r, e, false);
    e->reach = (uint8_t)found;
    hsy_registry_draw(r, e, true);
}

static void raise_degree(struct hsy_registry *r, struct hsy_entry *e)
{
    HSY_ASSERT(e->degree < UINT32_MAX);
    e->degree++;
    hsy_weights_raise(&r->weights, hsy_registry_index(r, e),
                      hsy_entry_offered(e) ? 1 : 0);
}

static void lower_degree(struct hsy_registry *r, struct hsy_entry *e)
{
    HSY_ASSERT(e->degree > 0);
    e->degree--;
    hsy_weights_lower(&r->weights, hsy_registry_index(r, e),
                      hsy_entry_offered(e) ? 1 : 0);
}

/* Counts the link of @e to @id, or uncounts it, if the other end names it
 * too. */
static void count_link(struct hsy_registry *r, struct hsy_entry *e,
                       const struct hearsay_id *id, bool add)
{
    struct hsy_entry *other = hsy_registry_find(r, id);

    if (other == NULL || !names(other, &e->id)) {
        return;
    }
    HSY_ASSERT(other != e);
    if (add) {
        raise_degree(r, other);
        raise_degree(r, e);
    } else {
        lower_degree(r, other);
        lower_degree(r, e);
    }
}

/* Those of @these that are not among @those; both ascend. A new snapshot
 * differs from the one before in a link or two. */
static void count_difference(struct hsy_registry *r, struct hsy_entry *e,
                             const struct hsy_ids *these,
                             const struct hsy_ids *those, bool add)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < these->count; i++) {
        const struct hearsay_id *id = hsy_ids_at(these, i);
        while (at < those->count &&
               hsy_id_compare(hsy_ids_at(those, at), id) < 0) {
            at++;
        }
        if (at == those->count || !hsy_id_equal(hsy_ids_at(those, at), id)) {
            count_link(r, e, id, add);
        }
    }
}

/* Takes the share @kept; NULL: no snapshot. */
void hsy_registry_set_links(struct hsy_registry *r, struct hsy_entry *e,
                            struct hsy_blob *kept)
{
    struct hsy_ids before = hsy_entry_links(e);
    struct hsy_ids after = {0};

    if (kept != NULL) {
        after = hsy_kept_links_brief(kept).neighbours;
    }
    count_difference(r, e, &before, &after, false);
    count_difference(r, e, &after, &before, true);
    hsy_keep_no_more(r->env, e->links);
    e->links = kept;
    HSY_ASSERT(e->degree <= after.count);
}
