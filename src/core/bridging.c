/* A part may be a phantom: links come and go between two snapshots, and a
 * seed that hears nothing from the others goes by what was true long ago. So
 * three things must be true before anybody is told:
 *
 * - Members of both sides have answered since the first look, and it is a
 *   while later. What they had said before was in front of their answers. (Of
 *   a side of which nobody is registered here, fellows know lately.)
 * - A second look still sees them apart.
 * - Nobody else can know of a link between them: every member of the part is
 *   registered here, or enough fellows are in step to know all that any
 *   quorum knows. A seed that is cut off from its fellows is not. */
#include "core/bridging.h"

#include "base/addr.h"
#include "base/compiler.h"
#include "core/fellows.h"

#define SETTLE_NS (3 * HSY_SECOND)
#define ANSWERS_APART_NS (500 * HSY_MS)
#define ASK_NS (12 * HSY_SECOND)

enum { SMALL_MEMBERS = 2, SMALL_SIDE = 3, LARGE_SIDE = 12 };

/* Of the set of members @set. */
static bool has(uint8_t set, uint32_t member)
{
    HSY_ASSERT(member < HSY_PARTING_MEMBERS);
    return (set >> member & 1) != 0;
}

static bool on_small_side(uint32_t member)
{
    HSY_ASSERT(member < HSY_PARTING_MEMBERS);
    return member < SMALL_MEMBERS;
}

/* Has somebody of the members @side answered, or could nobody be asked? */
static bool is_settled(const struct hsy_parting *p, unsigned side)
{
    HSY_ASSERT((p->answered & ~p->asked) == 0);
    HSY_ASSERT((p->asked & ~p->known) == 0);
    return (p->answered & side) != 0 || (p->asked & side) == 0;
}

/* There is somebody to be told. */
static bool is_answered(const struct hsy_parting *p)
{
    HSY_ASSERT(p->known != 0);
    return p->answered != 0 && is_settled(p, SMALL_SIDE) &&
           is_settled(p, LARGE_SIDE);
}

/* ------------------------------------------------------------------ asking */

static bool is_asked(const struct hsy_topology *t, const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < t->partings_count; i++) {
        const struct hsy_parting *p = &t->partings[i];
        for (uint32_t k = 0; k < HSY_PARTING_MEMBERS; k++) {
            if (has(p->asked, k) && hsy_id_equal(&p->ids[k], id)) {
                return true;
            }
        }
    }
    HSY_ASSERT(t->partings_count <= HSY_PARTINGS_MAX);
    return false;
}

/* Takes the one at @at, if any, for the member @member of @p, and asks him if
 * he is registered here. Who is not is of use only if nobody of his side is. */
static void choose(struct hsy_seed *s, struct hsy_parting *p, uint32_t member,
                   uint32_t at)
{
    struct hsy_frame frame = {.type = HSY_PING, .ping = s->topology.nonce};
    unsigned side = on_small_side(member) ? SMALL_SIDE : LARGE_SIDE;

    if (at == HSY_WEB_NONE) {
        return;
    }
    const struct hsy_entry *e = hsy_registry_at(&s->registry, at);
    const struct hsy_neighbour *n =
        e->held ? hsy_neighbour_by_id(s->neighbours, &e->id) : NULL;
    if (n == NULL && (p->asked & side) != 0) {
        return;
    }
    if (n != NULL && !is_asked(&s->topology, &e->id)) { /* @p is not in yet. */
        s->env->counters.pings++;
        hsy_send(s->env, n->link, &frame);
    }
    HSY_ASSERT(!has(p->known, member));
    p->ids[member] = e->id;
    p->known = (uint8_t)(p->known | 1U << member);
    p->asked = (uint8_t)(p->asked | (n != NULL ? 1U : 0U) << member);
}

static bool may_be_believed(const struct hsy_seed *s,
                            const struct hsy_component *part)
{
    HSY_ASSERT(part != NULL);
    return !part->open || hsy_fellows_in_touch(s);
}

static void ask_about(struct hsy_seed *s, const struct hsy_picture *look,
                      const struct hsy_component *part)
{
    const struct hsy_component *largest = &look->parts[look->largest];
    struct hsy_topology *t = &s->topology;
    struct hsy_parting p = {.told = false};
    bool all_here = part->held > 0 && largest->held > 0;

    HSY_ASSERT(t->partings_count < HSY_PARTINGS_MAX);
    if (!may_be_believed(s, part) || (!all_here && !hsy_fellows_in_touch(s)) ||
        part->held + largest->held == 0) {
        return; /* Other seeds will see to it. */
    }
    uint32_t one = hsy_picture_any(look, s->env, HSY_WEB_NONE);
    choose(s, &p, 0, part->best);
    choose(s, &p, 1, part->second);
    choose(s, &p, SMALL_MEMBERS, one);
    choose(s, &p, SMALL_MEMBERS + 1, hsy_picture_any(look, s->env, one));
    t->partings[t->partings_count] = p;
    t->partings_count++;
}

static void ask_anew(struct hsy_seed *s, const struct hsy_picture *look)
{
    struct hsy_topology *t = &s->topology;
    uint32_t count = look->web.parts;
    uint32_t start = (uint32_t)hsy_prng_below(&s->env->prng, count);

    HSY_ASSERT(count > 1);
    t->partings_count = 0;
    t->nonce = hsy_prng_next(&s->env->prng) | 1; /* 0: none. */
    t->asked_ns = s->env->now.mono_ns;
    for (uint32_t i = 0; i < count && t->partings_count < HSY_PARTINGS_MAX;
         i++) {
        uint32_t at = (uint32_t)(((uint64_t)start + i) % count);
        if (at != look->largest) {
            ask_about(s, look, &look->parts[at]);
        }
    }
}

/* True: @id is one of those that were asked about @p. */
static bool answer(struct hsy_parting *p, const struct hearsay_id *id)
{
    bool is_member = false;

    for (uint32_t k = 0; k < HSY_PARTING_MEMBERS; k++) {
        if (has(p->asked, k) && hsy_id_equal(&p->ids[k], id)) {
            p->answered = (uint8_t)(p->answered | 1U << k);
            is_member = true;
        }
    }
    HSY_ASSERT((p->answered & ~p->asked) == 0);
    return is_member;
}

bool hsy_bridging_pong(struct hsy_seed *s, const struct hearsay_id *id,
                       uint64_t nonce)
{
    struct hsy_topology *t = &s->topology;
    uint64_t look_ns =
        hsy_time_max(hsy_time_add(t->asked_ns, SETTLE_NS),
                     hsy_time_add(s->env->now.mono_ns, ANSWERS_APART_NS));
    bool ours = false;

    HSY_ASSERT(id != NULL);
    if (t->nonce == 0 || nonce != t->nonce) {
        return false;
    }
    for (uint32_t i = 0; i < t->partings_count; i++) {
        struct hsy_parting *p = &t->partings[i];
        bool is_member = answer(p, id);
        if (is_member && !p->told && is_answered(p)) {
            t->next_ns = hsy_time_min(t->next_ns, look_ns);
        }
        ours = ours || is_member;
    }
    return ours;
}

/* ----------------------------------------------------------------- telling */

/* The members of a parting that can be told of, as this look sees them. */
struct sides {
    const struct hsy_entry *entries[HSY_PARTING_MEMBERS]; /* NULL: not now. */
    const struct hsy_component *parts[HSY_PARTING_MEMBERS];
};

static struct sides sides_of(const struct hsy_seed *s,
                             const struct hsy_picture *look,
                             const struct hsy_parting *p)
{
    struct sides sides = {0};

    for (uint32_t k = 0; k < HSY_PARTING_MEMBERS; k++) {
        bool there = has(p->asked, k)
                         ? has(p->answered, k)
                         : has(p->known, k) && hsy_fellows_in_touch(s);
        sides.parts[k] = there ? hsy_picture_part(look, &p->ids[k]) : NULL;
        sides.entries[k] = sides.parts[k] == NULL
                               ? NULL
                               : hsy_registry_find(look->r, &p->ids[k]);
    }
    HSY_ASSERT(p->answered != 0);
    return sides;
}

/* May @a and @b, of both sides, be told of each other? */
static bool are_apart(const struct hsy_seed *s, const struct sides *sides,
                      uint32_t a, uint32_t b)
{
    HSY_ASSERT(on_small_side(a) != on_small_side(b));
    return sides->parts[a] != NULL && sides->parts[b] != NULL &&
           sides->parts[a] != sides->parts[b] &&
           may_be_believed(s, sides->parts[on_small_side(a) ? a : b]);
}

/* Tells one of up to two of the other side, its own opposite first; false:
 * there is nothing to tell, or nobody. */
static bool tell_member(struct hsy_seed *s, const struct sides *sides,
                        uint32_t member)
{
    HSY_UNSET uint8_t bytes[HSY_BRIDGE_RECORDS * (HSY_RECORD_LEN_MAX + 2)];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_BRIDGE};
    const struct hsy_entry *e = sides->entries[member];
    const struct hsy_neighbour *n =
        e == NULL ? NULL : hsy_neighbour_by_id(s->neighbours, &e->id);

    if (n == NULL) {
        return false;
    }
    for (uint32_t k = 0; k < SMALL_MEMBERS; k++) {
        uint32_t opposite = (member + SMALL_MEMBERS) % HSY_PARTING_MEMBERS;
        opposite ^= k;
        if (are_apart(s, sides, member, opposite)) {
            const struct hsy_blob *record = sides->entries[opposite]->record;
            hsy_records_add_encoded(&list, &frame.bridge.records, record->bytes,
                                    record->len);
        }
    }
    HSY_ASSERT(!list.bad);
    if (frame.bridge.records.count == 0) {
        return false;
    }
    frame.bridge.why = HSY_BRIDGE_COMPONENT;
    hsy_send(s->env, n->link, &frame);
    return true;
}

/* Of the two members from @from on: who answered, or is told of. */
static uint32_t first_of(const struct hsy_parting *p, uint32_t from)
{
    bool any = has(p->answered, from) || has(p->answered, from + 1);
    uint8_t of = any ? p->answered : p->known;

    HSY_ASSERT(has(of, from) || has(of, from + 1));
    return has(of, from) ? from : from + 1;
}

static void note_bridge(struct hsy_seed *s, const struct hsy_parting *p)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "bridge");
    uint32_t small = first_of(p, 0);
    uint32_t large = first_of(p, SMALL_MEMBERS);

    HSY_ASSERT(is_answered(p));
    hsy_note_id(&note, "a", &p->ids[small]);
    hsy_note_id(&note, "b", &p->ids[large]);
    hsy_tell(s->env, &note);
    s->env->counters.bridges++;
}

static void tell_both(struct hsy_seed *s, const struct hsy_picture *look,
                      struct hsy_parting *p)
{
    struct sides sides = sides_of(s, look, p);
    uint32_t told = 0;

    HSY_ASSERT(!p->told);
    for (uint32_t k = 0; k < HSY_PARTING_MEMBERS; k++) {
        told += has(p->answered, k) && tell_member(s, &sides, k) ? 1 : 0;
    }
    if (told > 0) {
        note_bridge(s, p);
    }
    p->told = true;
}

/* -------------------------------------------------------------------- time */

/* How many wait for an answer. */
static uint32_t tell_the_answered(struct hsy_seed *s,
                                  const struct hsy_picture *look)
{
    struct hsy_topology *t = &s->topology;
    uint32_t open = 0;

    HSY_ASSERT(look->web.parts > 1);
    for (uint32_t i = 0; i < t->partings_count; i++) {
        struct hsy_parting *p = &t->partings[i];
        if (!p->told && is_answered(p)) {
            tell_both(s, look, p);
        }
        open += p->told ? 0 : 1;
    }
    return open;
}

/* It is time to ask, to go on waiting, or to tell. After telling, the next look
 * asks anew, should they be apart still. */
static void go_on(struct hsy_seed *s, const struct hsy_picture *look)
{
    struct hsy_topology *t = &s->topology;
    uint64_t now_ns = s->env->now.mono_ns;
    uint64_t settled_ns = hsy_time_add(t->asked_ns, SETTLE_NS);
    uint64_t over_ns = hsy_time_add(t->asked_ns, ASK_NS);

    HSY_ASSERT(look->web.parts > 1);
    if (t->partings_count == 0 || now_ns >= over_ns) {
        ask_anew(s, look);
        over_ns = hsy_time_add(now_ns, ASK_NS);
    } else if (now_ns < settled_ns) {
        over_ns = settled_ns; /* Some may have answered. */
    } else if (tell_the_answered(s, look) == 0) {
        t->partings_count = 0;
    }
    if (t->partings_count > 0) {
        t->next_ns = hsy_time_min(t->next_ns, over_ns);
    }
    HSY_ASSERT(t->next_ns > now_ns);
}

void hsy_bridging_tick(struct hsy_seed *s)
{
    struct hsy_topology *t = &s->topology;
    struct hsy_picture look;

    HSY_ASSERT(t->next_ns <= s->env->now.mono_ns);
    if (!hsy_topology_look(t, &s->registry, &look)) {
        return;
    }
    if (look.web.parts > 1) {
        go_on(s, &look);
    } else {
        t->partings_count = 0;
    }
    hsy_picture_fini(&look, &s->env->mem);
}
