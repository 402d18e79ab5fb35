/* Who answers. What was asked for is remembered, a request for each link and
 * message; the node takes a piece when nothing else waits for the link, so no
 * piece ever waits in a queue, and small messages go first. A request for what
 * has not come here yet waits until it does. */
#include "core/bulk.h"

#include "base/addr.h"

#include <string.h>

struct request {
    struct hsy_bundle_id id;
    uint16_t next, upto;
};

struct serves {
    hearsay_link link; /* Key. */
    uint8_t count;
    uint8_t turn; /* Of the requests: the next one to be looked at. */
    uint8_t unused[6];
    struct request requests[HSY_SERVES_MAX];
};

size_t hsy_serves_len(void)
{
    return sizeof(struct serves);
}

void hsy_serve_init(struct hsy_bulk *b)
{
    HSY_ASSERT(b->env != NULL);
    hsy_table_init(
        &b->serves, &b->env->mem,
        (struct hsy_table_shape){.key_len = sizeof(hearsay_link),
                                 .item_len = sizeof(struct serves),
                                 .items_max = b->env->config.links_max},
        b->env->config.hash_salt);
}

static struct request *find(struct serves *s, const struct hsy_bundle_id *id)
{
    HSY_ASSERT(s->count <= HSY_SERVES_MAX);
    for (uint32_t i = 0; i < s->count; i++) {
        if (memcmp(&s->requests[i].id, id, sizeof(*id)) == 0) {
            return &s->requests[i];
        }
    }
    return NULL;
}

static void forget(struct hsy_bulk *b, struct serves *s, struct request *r)
{
    HSY_ASSERT(s->count > 0);
    s->count--;
    *r = s->requests[s->count];
    if (s->count == 0) {
        hsy_table_remove(&b->serves, s);
    }
}

static struct hsy_frame not_here(const struct hsy_bulk *b,
                                 const struct hsy_bundle_id *id)
{
    struct hsy_frame frame = {.type = HSY_PIECE};

    frame.piece.id = *id;
    bool had = hsy_bulk_find(b, id) == NULL && hsy_ml_seen(b->seen, id);
    frame.piece.how = had ? HSY_PIECE_GONE : HSY_PIECE_NOT_HERE;
    HSY_ASSERT(frame.piece.len == 0);
    return frame;
}

/* False: no room for it, or no memory. */
static bool remember(struct hsy_bulk *b, hearsay_link link,
                     const struct hsy_fetch *fetch)
{
    void *item;

    if (hsy_table_put(&b->serves, &item, &link) != 0) {
        return false;
    }
    struct serves *s = item;
    struct request *r = find(s, &fetch->id);
    if (r == NULL && s->count == HSY_SERVES_MAX) {
        return false;
    }
    if (r == NULL) {
        r = &s->requests[s->count];
        s->count++;
        *r = (struct request){.id = fetch->id, .next = fetch->first};
    } else if (fetch->first != r->upto) {
        r->next = fetch->first; /* Anew; else more of the same. */
    }
    r->upto = fetch->upto;
    HSY_ASSERT(r->next < r->upto);
    return true;
}

bool hsy_bulk_fetch(struct hsy_bulk *b, const struct hsy_neighbour *n,
                    const struct hsy_fetch *fetch)
{
    struct hsy_bulk_entry *e = hsy_bulk_find(b, &fetch->id);
    struct serves *s = hsy_table_find(&b->serves, &n->link);

    HSY_ASSERT(n->overlay);
    b->env->counters.fetches_in++;
    if (e != NULL && fetch->upto > hsy_pieces_of(e->len)) {
        return false;
    }
    if (fetch->first == fetch->upto) {
        struct request *r = s == NULL ? NULL : find(s, &fetch->id);
        if (r != NULL) {
            forget(b, s, r);
        }
        return true;
    }
    /* Two who ask each other would both wait. */
    bool mutual = e != NULL && e->state == HSY_BULK_FETCHING &&
                  e->link == n->link && e->have <= fetch->first;
    if (e == NULL || mutual || !remember(b, n->link, fetch)) {
        struct hsy_frame frame = not_here(b, &fetch->id);
        hsy_send(b->env, n->link, &frame);
        return true;
    }
    b->env->ports.serve(b->env->ports.ctx, n->link);
    return true;
}

/* Is there a piece for it, or the word that there will be none? */
static bool is_ready(const struct hsy_bulk *b, const struct request *r)
{
    const struct hsy_bulk_entry *e = hsy_bulk_find(b, &r->id);

    HSY_ASSERT(r->next < r->upto);
    return e == NULL || r->next < e->have;
}

static void fill_piece(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                       struct request *r, struct hsy_frame *out)
{
    *out = (struct hsy_frame){.type = HSY_PIECE};
    out->piece.id = e->id;
    out->piece.index = r->next;
    out->piece.how = HSY_PIECE_DATA;
    out->piece.bytes = e->content->data + (size_t)r->next * HSY_PIECE_LEN;
    out->piece.len = hsy_piece_len(e->len, r->next);
    r->next++;
    b->env->counters.pieces_out++;
    if (r->next == hsy_pieces_of(e->len) && e->pinned) {
        e->pinned = false; /* One copy is out. */
        b->next_ns = b->env->now.mono_ns;
    }
    HSY_ASSERT(r->next <= r->upto);
}

bool hsy_bulk_serve(struct hsy_bulk *b, hearsay_link link,
                    struct hsy_frame *out)
{
    struct serves *s = hsy_table_find(&b->serves, &link);

    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; s != NULL && i < s->count; i++) {
        s->turn = (uint8_t)((s->turn + 1) % s->count);
        struct request *r = &s->requests[s->turn];
        struct hsy_bulk_entry *e = hsy_bulk_find(b, &r->id);
        if (!is_ready(b, r)) {
            continue;
        }
        if (e == NULL) {
            *out = not_here(b, &r->id);
        } else {
            fill_piece(b, e, r, out);
        }
        if (e == NULL || r->next == r->upto) {
            forget(b, s, r);
        }
        return true;
    }
    return false;
}

void hsy_serve_changed(struct hsy_bulk *b, const struct hsy_bundle_id *id)
{
    for (uint32_t i = 0; i < b->serves.count; i++) {
        struct serves *s = hsy_table_at(&b->serves, i);
        struct request *r = find(s, id);
        if (r != NULL && is_ready(b, r)) {
            b->env->ports.serve(b->env->ports.ctx, s->link);
        }
    }
    HSY_ASSERT(b->serves.count <= b->serves.items_max);
}

void hsy_serve_link_down(struct hsy_bulk *b, hearsay_link link)
{
    struct serves *s = hsy_table_find(&b->serves, &link);

    HSY_ASSERT(link != 0);
    if (s != NULL) {
        hsy_table_remove(&b->serves, s);
    }
}
