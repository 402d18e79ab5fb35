/* Few dials at a time, first come first served. An answer counts for as long
 * as the record has the same incarnation and addresses; a no is looked into
 * again every ten minutes, for ports are opened and lines come back. */
#include "core/dialback.h"

#include "base/mem.h"
#include "core/kept.h"

#define AGAIN_NS HSY_DIALBACK_AGAIN_NS
/* Who has just come has links to open, and so have all when a network begins.
 */
#define WAIT_NS HSY_DIALBACK_WAIT_NS

enum { TRIES = 2 };

/* ------------------------------------------------------------------ waiting */

static void look_again(struct hsy_seed *s)
{
    struct hsy_dialbacks *d = &s->dialbacks;

    if (d->again_ns == HEARSAY_NEVER) {
        d->again_ns = hsy_time_add(s->env->now.mono_ns, AGAIN_NS);
        d->next_ns = hsy_time_min(d->next_ns, d->again_ns);
    }
    HSY_ASSERT(d->again_ns != HEARSAY_NEVER);
}

/* Those that wait are due in the order they came; with no room for a dial, the
 * next one that ends makes some. */
static void plan(struct hsy_seed *s)
{
    struct hsy_dialbacks *d = &s->dialbacks;

    HSY_ASSERT(d->open_count <= HSY_DIALBACKS_OPEN);
    d->next_ns = d->again_ns;
    if (d->count > 0 && d->open_count < HSY_DIALBACKS_OPEN) {
        d->next_ns = hsy_time_min(d->next_ns, d->ring[d->head].due_ns);
    }
}

void hsy_dialback_want(struct hsy_seed *s, const struct hearsay_id *id)
{
    struct hsy_dialbacks *d = &s->dialbacks;
    struct hsy_entry *e = hsy_registry_find(&s->registry, id);

    HSY_ASSERT(d->count <= HSY_DIALBACKS_MAX);
    if (e == NULL || e->reaching) {
        return;
    }
    if (d->ring == NULL) {
        d->ring =
            hsy_mem_alloc(&s->env->mem, HSY_DIALBACKS_MAX * sizeof(*d->ring));
    }
    if (d->ring == NULL || d->count == HSY_DIALBACKS_MAX) {
        look_again(s);
        return;
    }
    d->ring[(d->head + d->count) % HSY_DIALBACKS_MAX] =
        (struct hsy_dialback_wish){
            .id = *id, .due_ns = hsy_time_add(s->env->now.mono_ns, WAIT_NS)};
    d->count++;
    e->reaching = true;
    plan(s);
}

static struct hearsay_id pop(struct hsy_dialbacks *d)
{
    HSY_ASSERT(d->count > 0);
    struct hearsay_id id = d->ring[d->head].id;
    d->head = (d->head + 1) % HSY_DIALBACKS_MAX;
    d->count--;
    return id;
}

/* Whom it did not reach, or had no time for. */
static void want_again(struct hsy_seed *s)
{
    s->dialbacks.again_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < s->registry.living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(&s->registry, i);
        if (e->held && e->reach != HSY_REACH_YES) {
            hsy_dialback_want(s, &e->id);
        }
    }
    HSY_ASSERT(s->dialbacks.count <= HSY_DIALBACKS_MAX);
}

/* ------------------------------------------------------------------ dialling
 */

static void dial(struct hsy_seed *s, const struct hearsay_id *id,
                 uint8_t failed)
{
    struct hsy_dialbacks *d = &s->dialbacks;
    struct hsy_entry *e = hsy_registry_find(&s->registry, id);

    HSY_ASSERT(d->open_count < HSY_DIALBACKS_OPEN);
    if (e == NULL) {
        return;
    }
    hearsay_link link = e->held ? hsy_kept_feel(s->env, e->record, failed) : 0;
    e->reaching = link != 0;
    if (link == 0) {
        look_again(s); /* It went, or there is no room for a dial. */
        return;
    }
    d->open[d->open_count] =
        (struct hsy_dialback){.link = link,
                              .id = *id,
                              .incarnation = e->incarnation,
                              .failed = failed};
    d->open_count++;
    s->env->counters.dialbacks++;
}

void hsy_dialbacks_tick(struct hsy_seed *s)
{
    struct hsy_dialbacks *d = &s->dialbacks;

    if (d->again_ns <= s->env->now.mono_ns) {
        want_again(s);
    }
    while (d->count > 0 && d->open_count < HSY_DIALBACKS_OPEN &&
           d->ring[d->head].due_ns <= s->env->now.mono_ns) {
        struct hearsay_id id = pop(d);
        dial(s, &id, 0);
    }
    plan(s);
    HSY_ASSERT(d->next_ns > s->env->now.mono_ns);
}

void hsy_dialbacks_fini(struct hsy_seed *s)
{
    HSY_ASSERT(s->env != NULL);
    hsy_mem_free(&s->env->mem, s->dialbacks.ring);
    s->dialbacks.ring = NULL;
    s->dialbacks.count = 0;
}

/* ------------------------------------------------------------------ outcome */

/* False: not one of these. */
static bool take_open(struct hsy_seed *s, hearsay_link link,
                      struct hsy_dialback *out)
{
    struct hsy_dialbacks *d = &s->dialbacks;

    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < d->open_count; i++) {
        if (d->open[i].link == link) {
            *out = d->open[i];
            d->open_count--;
            d->open[i] = d->open[d->open_count];
            plan(s);
            return true;
        }
    }
    return false;
}

/* A yes is worth a frame only to whom a no was told, here or at another seed.
 */
static void tell(struct hsy_seed *s, struct hsy_entry *e, uint8_t failed,
                 bool reached)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(s->neighbours, &e->id);
    struct hsy_record record = hsy_kept_record(e->record);
    uint32_t last = failed > 0 ? failed - 1U : 0;
    struct hsy_frame frame = {.type = HSY_REACH, .flags = HSY_FLAG_IGNORABLE};

    HSY_ASSERT(record.addrs_count >= 1);
    if (n == NULL || (reached && !e->denied && !e->undialable) ||
        !hsy_neighbour_has(n, HSY_REACH)) {
        return;
    }
    e->denied = !reached;
    frame.reach.incarnation = e->incarnation;
    frame.reach.reached = reached;
    frame.reach.addr = record.addrs[last % record.addrs_count];
    hsy_send(s->env, n->link, &frame);
}

static void note_undialable(struct hsy_seed *s, const struct hsy_entry *e)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "undialable");
    struct hsy_record record = hsy_kept_record(e->record);

    HSY_ASSERT(record.addrs_count >= 1);
    hsy_note_id(&note, "peer", &e->id);
    hsy_note_addr(&note, "addr", &record.addrs[0]);
    hsy_tell(s->env, &note);
}

/* Who has never reached anybody may be the one behind a firewall: then nobody
 * is kept from the others on its word. */
static void conclude(struct hsy_seed *s, const struct hsy_dialback *t,
                     bool reached)
{
    struct hsy_entry *e = hsy_registry_find(&s->registry, &t->id);

    HSY_ASSERT(reached || t->failed == TRIES);
    s->dialbacks.reached = s->dialbacks.reached || reached;
    if (e == NULL) {
        return;
    }
    e->reaching = false;
    if (e->incarnation != t->incarnation) {
        look_again(s);
        return;
    }
    if (reached) {
        hsy_registry_reach(&s->registry, e, HSY_REACH_YES);
    } else {
        look_again(s);
        if (s->dialbacks.reached) {
            hsy_registry_reach(&s->registry, e, HSY_REACH_NO);
        }
        note_undialable(s, e);
    }
    tell(s, e, t->failed, reached);
}

bool hsy_dialback_came(struct hsy_seed *s, hearsay_link link)
{
    struct hsy_dialback t;

    if (!take_open(s, link, &t)) {
        return false;
    }
    HSY_ASSERT(t.failed < TRIES);
    conclude(s, &t, true);
    return true;
}

bool hsy_dialback_dial_failed(struct hsy_seed *s, hearsay_link link, bool alive)
{
    struct hsy_dialback t;

    if (!take_open(s, link, &t)) {
        return false;
    }
    HSY_ASSERT(t.failed < TRIES);
    t.failed = (uint8_t)(t.failed + (alive ? 0 : 1));
    if (alive || t.failed == TRIES) {
        conclude(s, &t, alive);
    } else {
        dial(s, &t.id, t.failed);
    }
    return true;
}
