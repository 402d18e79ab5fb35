/* An entry that was never tried is worth nothing on the day when all others
 * are gone; and a proven one that an unknown wants to replace is tried before
 * it goes. A feeler is no link: neither end counts it as one, asks for
 * anything, or wonders why it ended. */
#include "core/feeler.h"

#include "core/kept.h"

/* How often links become anchors, and how long they have stood then. */
#define LOOK_NS (60 * HSY_SECOND)
#define STOOD_NS (60 * HSY_SECOND)

enum { GONE_TRIES = 2 };

void hsy_feeler_init(struct hsy_feeler *f, struct hsy_env *env,
                     const struct hsy_neighbours *neighbours,
                     struct hsy_overlay *overlay)
{
    HSY_ASSERT(overlay->env == env);
    *f = (struct hsy_feeler){.env = env,
                             .neighbours = neighbours,
                             .overlay = overlay,
                             .next_ns = HEARSAY_NEVER};
}

/* ------------------------------------------------------------- anchors */

static struct hsy_contact *contact_at(const struct hsy_feeler *f, uint32_t i)
{
    HSY_ASSERT(i < f->overlay->book->by_id.count);
    return hsy_table_at(&f->overlay->book->by_id, i);
}

/* Does an anchor lie there already? */
static bool is_anchored(const struct hsy_feeler *f, uint64_t group)
{
    HSY_ASSERT(f->overlay->book->anchors <= HSY_ANCHORS);
    for (uint32_t i = 0; group != 0 && i < f->overlay->book->by_id.count; i++) {
        const struct hsy_contact *c = contact_at(f, i);
        if (c->anchor && hsy_kept_group(c->record) == group) {
            return true;
        }
    }
    return false;
}

/* The oldest link of our own choice that is no anchor yet: those that others
 * chose may all be one attacker's. NULL: none has stood for long. */
static struct hsy_contact *next_anchor(const struct hsy_feeler *f)
{
    struct hsy_contact *best = NULL;
    uint64_t best_ns = HEARSAY_NEVER;

    for (uint32_t i = 0; i < hsy_neighbours_count(f->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(f->neighbours, i);
        struct hsy_contact *c = hsy_book_find(f->overlay->book, &n->id);
        if (n->chosen && c != NULL && c->good && !c->anchor &&
            n->since_ns < best_ns && !is_anchored(f, n->group)) {
            best = c;
            best_ns = n->since_ns;
        }
    }
    HSY_ASSERT((best == NULL) == (best_ns == HEARSAY_NEVER));
    return best != NULL &&
                   hsy_time_since(best_ns, f->env->now.mono_ns) >= STOOD_NS
               ? best
               : NULL;
}

/* An anchor that was not reached twice makes room for one that holds. */
static struct hsy_contact *lost_anchor(const struct hsy_feeler *f)
{
    HSY_ASSERT(f->overlay->book->anchors > 0);
    for (uint32_t i = 0; i < f->overlay->book->by_id.count; i++) {
        struct hsy_contact *c = contact_at(f, i);
        if (c->anchor && c->tries >= GONE_TRIES) {
            return c;
        }
    }
    return NULL;
}

static void choose_anchors(struct hsy_feeler *f)
{
    struct hsy_book *book = f->overlay->book;

    for (uint32_t i = 0; i < HSY_ANCHORS; i++) {
        struct hsy_contact *c = next_anchor(f);
        if (c == NULL) {
            return;
        }
        struct hsy_contact *lost =
            book->anchors == HSY_ANCHORS ? lost_anchor(f) : NULL;
        if (lost != NULL) {
            hsy_book_anchor(book, lost, false);
        }
        if (book->anchors == HSY_ANCHORS) {
            return;
        }
        hsy_book_anchor(book, c, true);
    }
    HSY_ASSERT(book->anchors <= HSY_ANCHORS);
}

/* ------------------------------------------------------------- feelers */

/* Proven ones first, whose place is wanted; then the untried. NULL: all that
 * there is to know is known. */
static const struct hsy_contact *choose(struct hsy_feeler *f)
{
    uint32_t count = f->overlay->book->by_id.count;
    const struct hsy_contact *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct hsy_contact *c = contact_at(f, (f->at + i) % count);
        bool wanted = c->coveted || !c->good;
        if (!wanted || c->next_try_ns > f->env->now.mono_ns ||
            hsy_neighbour_by_id(f->neighbours, &c->id) != NULL ||
            hsy_overlay_dialling(f->overlay, &c->id)) {
            continue;
        }
        if (best == NULL || (c->coveted && !best->coveted)) {
            best = c;
        }
    }
    f->at++;
    HSY_ASSERT(best == NULL || best->coveted || !best->good);
    return best;
}

/* Not while there is something better to dial, or to wait for. */
static void feel(struct hsy_feeler *f)
{
    const struct hsy_overlay *o = f->overlay;
    const struct hsy_contact *c = NULL;

    if (f->link == 0 && o->attempts == NULL && !f->env->strained) {
        c = choose(f);
    }
    if (c == NULL) {
        return;
    }
    f->id = c->id;
    f->link = hsy_kept_feel(f->env, c->record, c->tries);
    f->env->counters.feelers += f->link != 0 ? 1 : 0;
}

void hsy_feeler_tick(struct hsy_feeler *f)
{
    uint64_t now_ns = f->env->now.mono_ns;

    if (!f->overlay->active || f->overlay->leaving) {
        return;
    }
    if (f->next_ns == HEARSAY_NEVER) {
        f->next_ns = hsy_time_add(now_ns, LOOK_NS);
        f->feel_ns = hsy_time_add(now_ns, HSY_FEELER_NS);
    }
    if (now_ns < f->next_ns) {
        return;
    }
    f->next_ns = hsy_time_add(now_ns, LOOK_NS);
    choose_anchors(f);
    if (now_ns >= f->feel_ns) {
        f->feel_ns = hsy_time_add(now_ns, HSY_FEELER_NS);
        feel(f);
    }
    HSY_ASSERT(f->next_ns > now_ns);
}

bool hsy_feeler_came(struct hsy_feeler *f, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    if (f->link != link) {
        return false;
    }
    f->link = 0;
    f->env->counters.feelers_answered++;
    hsy_book_worked(f->overlay->book, &f->id);
    return true;
}

bool hsy_feeler_dial_failed(struct hsy_feeler *f, hearsay_link link, bool alive)
{
    HSY_ASSERT(link != 0);
    if (f->link != link) {
        return false;
    }
    f->link = 0;
    if (!alive) {
        hsy_book_failed(f->overlay->book, &f->id);
    }
    return true;
}
