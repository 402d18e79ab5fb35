/* Who asks: what is offered by a neighbour is asked for in turn, a credit at a
 * time, one PULL to each neighbour and for each origin. */
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "core/repair.h"

static struct hsy_pull **slot_of(struct hsy_repair *r, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < HSY_PULLS_MAX; i++) {
        if (r->pulls[i] != NULL && r->pulls[i]->link == link) {
            return &r->pulls[i];
        }
    }
    return NULL;
}

struct hsy_pull *hsy_pull_of(struct hsy_repair *r, hearsay_link link)
{
    struct hsy_pull **slot = slot_of(r, link);

    HSY_ASSERT(slot == NULL || *slot != NULL);
    return slot == NULL ? NULL : *slot;
}

static struct hsy_origins *origins_of(const struct hsy_repair *r)
{
    HSY_ASSERT(r->relay != NULL);
    return &r->relay->origins;
}

/* ----------------------------------------------------------------- offers */

/* Is anything of it missing here? */
static bool is_wanted(const struct hsy_origin *origin,
                      const struct hsy_offer *offer)
{
    struct hsy_span span;

    HSY_ASSERT(offer->link == 0 || offer->low >= 1);
    return offer->link != 0 &&
           hsy_origin_missing(origin, &span, offer->low, offer->high);
}

/* The offer is used up; another one may have come meanwhile. A rumour that
 * came to nothing goes, which may move another entry here; one that came true
 * is none any more. */
static void forget_offer(struct hsy_repair *r, struct hsy_origin *origin)
{
    bool was_rumour = origin->rumour;

    origin->pulling = 0;
    origin->offer = is_wanted(origin, &origin->later)
                        ? origin->later
                        : (struct hsy_offer){.link = 0};
    origin->later.link = 0;
    if (origin->offer.link != 0) {
        return;
    }
    origin->rumour = false;
    HSY_ASSERT(!was_rumour || r->rumours > 0);
    r->rumours -= was_rumour ? 1 : 0;
    if (was_rumour && hsy_origin_is_rumour(origin)) {
        hsy_origin_remove(origins_of(r), origin);
    }
}

/* What a neighbour has when we have just come was published before. */
static void learn_history(struct hsy_repair *r, struct hsy_origin *origin,
                          const struct hsy_span *mark)
{
    /* Not joined yet is joined at NEVER: since then it is no time. */
    bool new_here =
        hsy_time_since(r->env->joined_ns, r->env->now.mono_ns) < HSY_HISTORY_NS;

    HSY_ASSERT(mark->from <= mark->to);
    if (!new_here || origin->restored) {
        return; /* All that was missed since an earlier life is wanted. */
    }
    hsy_origin_older(origin, mark->to);
    if (origin->history_from == 0 || mark->from < origin->history_from) {
        origin->history_from = mark->from;
    }
    hsy_delivery_look(&r->relay->delivery, origin);
}

static struct hsy_origin *known_or_rumour(struct hsy_repair *r,
                                          const struct hsy_epoch *of)
{
    struct hsy_origin *origin = hsy_origin_find(origins_of(r), of);

    HSY_ASSERT(r->rumours <= HSY_RUMOURS_MAX);
    if (origin == NULL && r->rumours < HSY_RUMOURS_MAX) {
        origin = hsy_origin_make(origins_of(r), of);
        r->rumours += origin != NULL ? 1 : 0;
        if (origin != NULL) {
            origin->rumour = true;
        }
    }
    return origin;
}

/* Of a past life of this node: it is not delivered here, and only taken note
 * of, so that digests agree. */
static void note_own(struct hsy_repair *r, const struct hsy_span *mark)
{
    struct hsy_span all = {.of = mark->of, .from = 1, .to = mark->to};
    struct hsy_origin *origin = NULL;

    HSY_ASSERT(hsy_id_equal(&mark->of.origin, &r->env->id));
    if (mark->of.nonce == r->env->config.boot_nonce) {
        return;
    }
    struct hsy_origin *known = hsy_origin_find(origins_of(r), &mark->of);
    all.from = known == NULL ? 1 : known->done + 1;
    if (all.from <= all.to &&
        hsy_origins_claim(origins_of(r), &origin, &all) == HSY_CLAIMED_NEW) {
        origin->wall_ms = r->env->now.wall_ms;
    }
}

bool hsy_pull_offered(struct hsy_repair *r, const struct hsy_neighbour *n,
                      const struct hsy_span *mark)
{
    if (hsy_id_equal(&mark->of.origin, &r->env->id)) {
        note_own(r, mark);
        return false;
    }
    if (mark->from > mark->to) {
        return false; /* It keeps nothing of it. */
    }
    struct hsy_origin *origin = known_or_rumour(r, &mark->of);
    if (origin == NULL || origin->muted) {
        return false;
    }
    learn_history(r, origin, mark);
    uint64_t unwanted = hsy_origin_unwanted(r->env, origin);
    uint64_t from = mark->from > unwanted ? mark->from : unwanted + 1;
    struct hsy_offer offer = {.link = n->link, .low = from, .high = mark->to};
    bool lacks = is_wanted(origin, &offer);
    /* While one is being pulled, the next one waits. */
    struct hsy_offer *place =
        origin->pulling == 0 ? &origin->offer : &origin->later;
    bool never_asked = n->pull_credit == 0;
    if (lacks && (place->link == 0 || offer.high > place->high ||
                  (never_asked && offer.high == place->high))) {
        *place = offer;
        r->next_ns = r->env->now.mono_ns; /* See end_of(). */
    }
    if (origin->rumour && origin->offer.link == 0) {
        forget_offer(r, origin);
    }
    return lacks;
}

/* -------------------------------------------------------------------- ask */

/* Appends what is missing of @origin and offered, as far as there is room. */
static void add_spans(struct hsy_pull *p, struct hsy_origin *origin)
{
    uint64_t from = origin->offer.low;
    struct hsy_span span;

    HSY_ASSERT(origin->offer.link == p->link);
    while (p->count < HSY_PULL_SPANS_MAX &&
           hsy_origin_missing(origin, &span, from, origin->offer.high)) {
        p->spans[p->count] = span;
        p->count++;
        origin->pulling = p->link;
        from = span.to + 1;
    }
}

/* What was offered has come otherwise, while the link had its hands full. With
 * @spans_count there was room for more. */
static void forget_if_fulfilled(struct hsy_repair *r, struct hsy_origin *origin,
                                uint32_t spans_count)
{
    if (origin->pulling == 0 && spans_count < HSY_PULL_SPANS_MAX) {
        HSY_ASSERT(!hsy_origin_is_rumour(origin)); /* So it stays. */
        forget_offer(r, origin);
    }
}

static void send_pull(struct hsy_repair *r, const struct hsy_pull *p,
                      uint32_t credit)
{
    struct hsy_frame frame = {.type = HSY_PULL};
    uint8_t bytes[HSY_PULL_SPANS_MAX * HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));

    HSY_ASSERT(p->count >= 1);
    frame.pull.nonce = p->nonce;
    frame.pull.credit = credit;
    frame.pull.spans.bytes = bytes;
    for (uint32_t i = 0; i < p->count; i++) {
        hsy_spans_add(&list, &frame.pull.spans, &p->spans[i]);
    }
    HSY_ASSERT(!list.bad);
    r->env->counters.pulls_sent++;
    hsy_send(r->env, p->link, &frame);
}

/* Nothing is asked for after all. */
static void unpull(struct hsy_repair *r, const struct hsy_pull *p)
{
    HSY_ASSERT(p->count <= HSY_PULL_SPANS_MAX);
    for (uint32_t i = 0; i < p->count; i++) {
        hsy_origin_find(origins_of(r), &p->spans[i].of)->pulling = 0;
    }
}

/* NULL: as many are open as may be. */
static struct hsy_pull **free_pull(struct hsy_repair *r)
{
    struct hsy_pull **slot = NULL;
    uint32_t open = 0;

    for (uint32_t i = 0; i < HSY_PULLS_MAX; i++) {
        open += r->pulls[i] != NULL ? 1 : 0;
        slot = r->pulls[i] == NULL ? &r->pulls[i] : slot;
    }
    HSY_ASSERT(r->at_once >= 1 && r->at_once <= HSY_PULLS_MAX);
    return open < r->at_once ? slot : NULL;
}

/* What comes in answer to a PULL cannot be overtaken by anything else, so on a
 * slow line no more may be asked for than passes in a second or two: that of
 * each neighbour, or the one that all share. */
static void learn_pace(struct hsy_repair *r, const struct hsy_pull *p)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(r->neighbours, p->link);
    uint64_t took_ns = hsy_time_since(p->begun_ns, r->env->now.mono_ns);
    bool quick = p->ended && took_ns <= HSY_PULL_QUICK_NS;
    bool late = took_ns > HSY_PULL_LATE_NS;

    if (quick && p->more) {
        r->at_once =
            r->at_once * 2 < HSY_PULLS_MAX ? r->at_once * 2 : HSY_PULLS_MAX;
    } else if (late) {
        r->at_once = (r->at_once + 1) / 2;
    }
    if (n != NULL && quick && p->more) {
        n->pull_credit = n->pull_credit * 2 < HSY_PULL_CREDIT
                             ? n->pull_credit * 2
                             : HSY_PULL_CREDIT;
    } else if (n != NULL && late) {
        n->pull_credit = n->pull_credit / 2 > HSY_PULL_CREDIT_MIN
                             ? n->pull_credit / 2
                             : HSY_PULL_CREDIT_MIN;
    }
    if (quick || late) {
        r->first_credit = late ? HSY_PULL_CREDIT_MIN : HSY_PULL_CREDIT_FIRST;
    }
    HSY_ASSERT(r->at_once >= 1);
}

void hsy_pull_from(struct hsy_repair *r, struct hsy_neighbour *n)
{
    struct hsy_pull **slot = free_pull(r);
    struct hsy_origins *origins = origins_of(r);
    struct hsy_pull p = {.link = n->link};

    HSY_ASSERT(hsy_neighbour_has(n, HSY_PULL));
    if (slot == NULL || hsy_pull_of(r, n->link) != NULL) {
        return; /* When one ends, the others' offers are looked at. */
    }
    for (uint32_t i = 0;
         i < hsy_origins_count(origins) && p.count < HSY_PULL_SPANS_MAX; i++) {
        struct hsy_origin *origin = hsy_origin_at(origins, i);
        if (origin->offer.link == n->link && origin->pulling == 0) {
            add_spans(&p, origin);
            forget_if_fulfilled(r, origin, p.count);
        }
    }
    struct hsy_pull *kept =
        p.count == 0 ? NULL : hsy_mem_alloc(&r->env->mem, sizeof(*kept));
    if (kept == NULL) {
        unpull(r, &p);
        return;
    }
    r->last_nonce++;
    p.nonce = r->last_nonce;
    p.begun_ns = r->env->now.mono_ns;
    p.deadline_ns = hsy_time_add(p.begun_ns, HSY_PULL_NS);
    n->pull_credit = n->pull_credit == 0 ? r->first_credit : n->pull_credit;
    r->next_ns = hsy_time_min(r->next_ns, p.deadline_ns);
    *kept = p;
    *slot = kept;
    send_pull(r, kept, n->pull_credit);
}

/* -------------------------------------------------------------------- end */

/* @origin was asked of @p's link: what does that mean for the round over all
 * neighbours because of its first gap? */
static void judge_round(struct hsy_origin *origin, const struct hsy_pull *p)
{
    if (origin->asked != p->link) {
        return;
    }
    /* What the ones before said may be behind the mark by now. */
    HSY_ASSERT(origin->pulling == p->link);
    uint64_t gone = p->ended ? origin->gone_now : 0;
    origin->unheard = false;
    origin->gone_to = gone < origin->gone_to ? gone : origin->gone_to;
}

/* Whether it still has something for us. */
static bool offer_holds(const struct hsy_origin *origin,
                        const struct hsy_pull *p)
{
    HSY_ASSERT(p->link != 0);
    return p->ended && p->more && p->got && origin->offer.link == p->link &&
           is_wanted(origin, &origin->offer);
}

/* Each origin once, though it may have several spans. */
static void settle_origins(struct hsy_repair *r, const struct hsy_pull *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct hsy_origin *origin =
            hsy_origin_find(origins_of(r), &p->spans[i].of);
        if (origin == NULL || origin->pulling != p->link) {
            continue;
        }
        judge_round(origin, p);
        origin->gone_now = 0;
        origin->pulling = 0;
        if (!offer_holds(origin, p)) {
            forget_offer(r, origin);
        }
    }
    HSY_ASSERT(p->count <= HSY_PULL_SPANS_MAX);
}

/* The place is free: to whoever offers something. */
static void pull_from_anybody(struct hsy_repair *r, hearsay_link first)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(r->neighbours, first);

    HSY_ASSERT(first != 0);
    if (n != NULL && n->overlay) {
        hsy_pull_from(r, n);
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(r->neighbours); i++) {
        n = hsy_neighbour_at(r->neighbours, i);
        if (free_pull(r) != NULL && n->overlay &&
            hsy_neighbour_has(n, HSY_PULL)) {
            hsy_pull_from(r, n);
        }
    }
}

static void end_pull(struct hsy_repair *r, struct hsy_pull **slot)
{
    struct hsy_pull *p = *slot;
    hearsay_link link = p->link;

    HSY_ASSERT(p->count >= 1);
    *slot = NULL;
    learn_pace(r, p);
    settle_origins(r, p);
    if (p->got) {
        hsy_digest_tell(r, link);
    }
    hsy_mem_free(&r->env->mem, p);
    r->next_ns = r->env->now.mono_ns; /* Rounds may go on. */
    pull_from_anybody(r, link);
}

static void end_when_whole(struct hsy_repair *r, struct hsy_pull **slot)
{
    HSY_ASSERT(*slot != NULL);
    if ((*slot)->ended && (*slot)->in_check == 0) {
        end_pull(r, slot);
    }
}

static uint64_t first_wanted(const struct hsy_repair *r,
                             const struct hsy_origin *origin)
{
    uint64_t unwanted = hsy_origin_unwanted(r->env, origin);

    HSY_ASSERT(unwanted <= origin->history_to);
    return (unwanted > origin->done ? unwanted : origin->done) + 1;
}

void hsy_repair_gone(struct hsy_repair *r, const struct hsy_neighbour *n,
                     const struct hsy_frame *frame)
{
    struct hsy_pull **slot = slot_of(r, n->link);

    HSY_ASSERT(frame->type == HSY_GONE);
    if (slot == NULL || (*slot)->nonce != frame->gone.nonce || (*slot)->ended) {
        return; /* Of one that was given up. */
    }
    for (uint32_t i = 0; i < frame->gone.spans.count; i++) {
        struct hsy_span span = hsy_spans_at(&frame->gone.spans, i);
        struct hsy_origin *origin = hsy_origin_find(origins_of(r), &span.of);
        if (origin != NULL && origin->pulling == n->link &&
            span.from <= first_wanted(r, origin)) {
            origin->gone_now = span.to;
        }
    }
    (*slot)->ended = true;
    (*slot)->more = frame->gone.how == HSY_GONE_MORE;
    end_when_whole(r, slot);
}

bool hsy_repair_expects(struct hsy_repair *r, hearsay_link link,
                        const struct hsy_bundle *bundle)
{
    const struct hsy_pull *p = hsy_pull_of(r, link);
    struct hsy_epoch of = hsy_bundle_epoch(bundle);

    HSY_ASSERT(bundle->count >= 1);
    for (uint32_t i = 0; p != NULL && i < p->count; i++) {
        const struct hsy_span *span = &p->spans[i];
        if (bundle->first_seq <= span->to &&
            bundle->first_seq + bundle->count - 1 >= span->from &&
            memcmp(&span->of, &of, sizeof(of)) == 0) {
            return true;
        }
    }
    return false;
}

void hsy_repair_checking(struct hsy_repair *r, hearsay_link link)
{
    struct hsy_pull *p = hsy_pull_of(r, link);

    HSY_ASSERT(p != NULL);
    p->in_check++;
    p->deadline_ns = hsy_time_add(r->env->now.mono_ns, HSY_PULL_NS);
}

void hsy_repair_checked(struct hsy_repair *r, hearsay_link link, bool is_new)
{
    struct hsy_pull **slot = slot_of(r, link);

    if (slot == NULL || (*slot)->in_check == 0) {
        return; /* It was given up meanwhile. */
    }
    struct hsy_pull *p = *slot;
    p->in_check--;
    p->got = p->got || is_new;
    r->env->counters.repaired += is_new ? 1 : 0;
    HSY_ASSERT(p->count >= 1);
    end_when_whole(r, slot);
}

/* Does a link that was never asked offer something of what @p is to bring? It
 * may have come because the one of @p is stuck. */
static bool is_outbid(const struct hsy_repair *r, const struct hsy_pull *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct hsy_origin *origin =
            hsy_origin_find(origins_of(r), &p->spans[i].of);
        if (origin == NULL || origin->pulling != p->link ||
            origin->later.link == 0) {
            continue;
        }
        const struct hsy_neighbour *n =
            hsy_neighbour_by_link(r->neighbours, origin->later.link);
        if (n != NULL && n->pull_credit == 0) {
            return true;
        }
    }
    HSY_ASSERT(p->count >= 1);
    return false;
}

/* When @p is given up, if nothing comes before. */
static uint64_t end_of(const struct hsy_repair *r, const struct hsy_pull *p)
{
    HSY_ASSERT(HSY_PULL_NS >= HSY_PULL_LATE_NS);
    return is_outbid(r, p) ? p->deadline_ns - (HSY_PULL_NS - HSY_PULL_LATE_NS)
                           : p->deadline_ns;
}

uint64_t hsy_pulls_expire(struct hsy_repair *r)
{
    uint64_t next_ns = HEARSAY_NEVER;

    for (uint32_t i = 0; i < HSY_PULLS_MAX; i++) {
        if (r->pulls[i] != NULL &&
            end_of(r, r->pulls[i]) <= r->env->now.mono_ns) {
            end_pull(r, &r->pulls[i]);
        }
    }
    for (uint32_t i = 0; i < HSY_PULLS_MAX; i++) {
        if (r->pulls[i] != NULL) {
            next_ns = hsy_time_min(next_ns, end_of(r, r->pulls[i]));
        }
    }
    HSY_ASSERT(next_ns > r->env->now.mono_ns);
    return next_ns;
}

void hsy_repair_link_down(struct hsy_repair *r, hearsay_link link)
{
    struct hsy_pull **slot = slot_of(r, link);
    struct hsy_origins *origins = origins_of(r);

    HSY_ASSERT(link != 0);
    if (slot != NULL) {
        end_pull(r, slot);
    }
    for (uint32_t i = hsy_origins_count(origins); i > 0; i--) {
        struct hsy_origin *origin = hsy_origin_at(origins, i - 1);
        if (origin->later.link == link) {
            origin->later.link = 0;
        }
        if (origin->offer.link == link) {
            forget_offer(r, origin);
        }
    }
}
