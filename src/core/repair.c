/* Gaps and their end. A gap in the numbers of an origin that is heard is left
 * to the tree for two seconds; then one neighbour after the other is asked for
 * it, and when all have said that it is gone, or when nobody can have it any
 * more, it is given up: told, counted, and never asked for again. */
#include "core/repair.h"

#include "base/addr.h"
#include "base/mem.h"

/* Between two neighbours that could not help; between two rounds. */
#define AGAIN_NS (200 * HSY_MS)
#define ROUND_NS (2 * HSY_SECOND)
/* A round that found nothing doubles the time to the next, up to 64 s: who
 * gets something tells (digest.c), so asking again is only for frames that
 * were lost. */
enum { ROUNDS_DOUBLED = 5 };

void hsy_repair_init(struct hsy_repair *r, struct hsy_env *env,
                     struct hsy_neighbours *neighbours, struct hsy_relay *relay)
{
    HSY_ASSERT(relay != NULL);
    *r = (struct hsy_repair){.env = env,
                             .neighbours = neighbours,
                             .relay = relay,
                             .at_once = 1,
                             .first_credit = HSY_PULL_CREDIT_FIRST,
                             .next_ns = HEARSAY_NEVER};
}

void hsy_repair_fini(struct hsy_repair *r)
{
    HSY_ASSERT(r->env != NULL);
    for (uint32_t i = 0; i < HSY_PULLS_MAX; i++) {
        hsy_mem_free(&r->env->mem, r->pulls[i]);
        r->pulls[i] = NULL;
    }
}

/* ------------------------------------------------------------------- lost */

static void note_lost(struct hsy_repair *r, const struct hsy_span *span)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "lost");

    HSY_ASSERT(span->from <= span->to);
    hsy_note_id(&note, "origin", &span->of.origin);
    hsy_note_u64(&note, "epoch", span->of.incarnation);
    hsy_note_u64(&note, "from", span->from);
    hsy_note_u64(&note, "to", span->to);
    hsy_tell(r->env, &note);
    r->env->counters.lost += span->to - span->from + 1;
}

/* What is missing up to @to is given up. What was published before our time
 * was not ours to lose, unless an earlier life may have been there. */
static void close_gap(struct hsy_repair *r, struct hsy_origin *origin,
                      uint64_t to)
{
    uint64_t not_ours = r->relay->saved.had_life
                            ? hsy_origin_unwanted(r->env, origin)
                            : origin->history_to;
    struct hsy_span span;

    HSY_ASSERT(to < hsy_origin_high(origin));
    if (hsy_origin_missing(origin, &span, not_ours + 1, to)) {
        note_lost(r, &span);
    }
    (void)hsy_origin_give_up(&r->relay->origins, origin, to);
    origin->asked = 0;
    hsy_saved_mark(&r->relay->saved, origin);
    hsy_delivery_look(&r->relay->delivery, origin);
}

/* ------------------------------------------------------------------ rounds */

/* The neighbour after the last one asked, by number of the link. */
static struct hsy_neighbour *next_to_ask(const struct hsy_repair *r,
                                         const struct hsy_origin *origin)
{
    struct hsy_neighbour *next = NULL;

    for (uint32_t i = 0; i < hsy_neighbours_count(r->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(r->neighbours, i);
        if (n->overlay && hsy_neighbour_has(n, HSY_PULL) &&
            n->link > origin->asked && (next == NULL || n->link < next->link)) {
            next = n;
        }
    }
    HSY_ASSERT(next == NULL || next->link > origin->asked);
    return next;
}

/* All were asked: what none of them has is lost. */
static void end_round(struct hsy_repair *r, struct hsy_origin *origin)
{
    uint64_t end = origin->runs[0].from - 1;
    uint64_t gone = origin->gone_to < end ? origin->gone_to : end;
    bool asked_any = origin->asked != 0;

    HSY_ASSERT(origin->runs_count > 0);
    origin->asked = 0;
    origin->ask_next_ns =
        hsy_time_add(r->env->now.mono_ns, ROUND_NS << origin->rounds);
    if (asked_any && gone > origin->done) {
        close_gap(r, origin, gone);
    } else if (origin->rounds < ROUNDS_DOUBLED) {
        origin->rounds++;
    }
}

static void ask_next(struct hsy_repair *r, struct hsy_origin *origin)
{
    struct hsy_neighbour *n = next_to_ask(r, origin);

    HSY_ASSERT(origin->offer.link == 0);
    if (origin->unheard) { /* Lost, maybe before it had its turn. */
        origin->unheard = false;
        origin->gone_to = 0;
    }
    if (n == NULL) {
        end_round(r, origin);
        return;
    }
    origin->ask_next_ns = hsy_time_add(r->env->now.mono_ns, AGAIN_NS);
    if (hsy_pull_of(r, n->link) != NULL) {
        return; /* It has its hands full; the same one next time. */
    }
    if (origin->asked == 0) {
        origin->gone_to = UINT64_MAX;
    }
    origin->asked = n->link;
    origin->unheard = true;
    origin->offer.link = n->link;
    origin->offer.low = hsy_origin_unwanted(r->env, origin) + 1;
    origin->offer.high = hsy_origin_high(origin);
    hsy_pull_from(r, n);
}

/* Up to where the first gap of @origin is closed without a word. Something that
 * came says that what is below it was before our time; if all that came was
 * later, the latest of that time is wanted, to know its clock. */
static uint64_t closed_quietly(const struct hsy_repair *r,
                               const struct hsy_origin *origin)
{
    uint64_t unwanted = hsy_origin_unwanted(r->env, origin);
    uint64_t gap_end = origin->runs[0].from - 1;

    HSY_ASSERT(origin->done < gap_end);
    if (origin->history_to <= gap_end) {
        return 0;
    }
    return unwanted < gap_end ? unwanted : gap_end;
}

/* When to look at the first gap of @origin again. */
static uint64_t look_at_gap(struct hsy_repair *r, struct hsy_origin *origin)
{
    uint64_t now_ns = r->env->now.mono_ns;
    uint64_t since_ns = origin->runs[0].since_ns;
    uint64_t end_ns = hsy_time_add(since_ns, r->env->config.retain_ns);
    uint64_t ask_ns =
        hsy_time_max(hsy_time_add(since_ns, HSY_GAP_NS), origin->ask_next_ns);

    uint64_t close_to =
        now_ns >= end_ns ? origin->runs[0].from - 1 : closed_quietly(r, origin);
    if (close_to > origin->done) {
        close_gap(r, origin, close_to);
        return now_ns;
    }
    if (now_ns < ask_ns || origin->offer.link != 0) {
        return hsy_time_min(end_ns, hsy_time_max(ask_ns, now_ns + AGAIN_NS));
    }
    ask_next(r, origin);
    HSY_ASSERT(end_ns > now_ns);
    return hsy_time_min(end_ns, hsy_time_add(now_ns, AGAIN_NS));
}

void hsy_repair_tick(struct hsy_repair *r)
{
    struct hsy_origins *origins = &r->relay->origins;
    uint64_t now_ns = r->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;

    r->next_ns = hsy_time_min(r->next_ns, origins->gap_next_ns);
    origins->gap_next_ns = HEARSAY_NEVER;
    if (now_ns < r->next_ns) {
        return;
    }
    (void)hsy_pulls_expire(r);
    for (uint32_t i = hsy_origins_count(origins); i > 0; i--) {
        struct hsy_origin *origin = hsy_origin_at(origins, i - 1);
        if (hsy_id_equal(&origin->of.origin, &r->env->id)) {
            continue; /* A large message of ours is being signed. */
        }
        while (origin->runs_count > 0) {
            uint64_t look_ns = look_at_gap(r, origin);
            next_ns = hsy_time_min(next_ns,
                                   look_ns > now_ns ? look_ns : HEARSAY_NEVER);
            if (look_ns > now_ns) {
                break;
            }
        }
    }
    /* Pulls may have begun, or ended, meanwhile. */
    next_ns = hsy_time_min(next_ns, hsy_digest_tell_held(r));
    r->next_ns = hsy_time_min(next_ns, hsy_pulls_expire(r));
    HSY_ASSERT(r->next_ns > now_ns);
}

/* ----------------------------------------------------------------- answer */

/* One PULL being answered. */
struct answer {
    struct hsy_repair *r;
    hearsay_link to;
    uint64_t credit;
    bool more;     /* The credit is used up. */
    bool sent_any; /* One bundle at least is sent. */
    struct hsy_spans gone;
    struct hsy_writer list;
    uint8_t bytes[HSY_PULL_SPANS_MAX * HSY_SPAN_LEN];
};

static bool send_one(struct answer *a, const struct hsy_retained_bundle *b)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE, .flags = HSY_FLAG_EXTRA};

    HSY_ASSERT(b->bundle->len > 0);
    if (b->bundle->len > a->credit && a->sent_any) {
        a->more = true;
        return false;
    }
    a->credit = b->bundle->len < a->credit ? a->credit - b->bundle->len : 0;
    a->sent_any = true;
    frame.bundle.bundle = hsy_retained_bundle(b);
    frame.bundle.hops = b->hops;
    a->r->env->counters.bundles_pulled++;
    hsy_send(a->r->env, a->to, &frame);
    return true;
}

/* Would anybody take it still, by our clock? */
static bool is_fresh(const struct answer *a,
                     const struct hsy_retained_bundle *b)
{
    HSY_ASSERT(a->r != NULL);
    return hsy_relay_in_window(a->r->env, hsy_retained_bundle(b).wall_ms);
}

/* As good as gone. That it is too old by our clock is not enough, which may be
 * wrong: it has also been here for too long. */
static bool is_over(const struct answer *a, const struct hsy_retained_bundle *b)
{
    uint64_t age_ns = hsy_time_since(b->seen_ns, a->r->env->now.mono_ns);

    HSY_ASSERT(b->seen_ns <= a->r->env->now.mono_ns);
    return !is_fresh(a, b) && age_ns >= HSY_BUNDLE_WINDOW_MS * HSY_MS;
}

/* From @from to @to nothing is kept: what this node is done with is gone. Not
 * so what an earlier life was done with and its disk may have refused: others
 * keep that, and who asks has not heard the last of it. */
static void say_gone(struct answer *a, const struct hsy_origin *origin,
                     uint64_t from, uint64_t to)
{
    struct hsy_span span = {.of = origin->of, .from = from, .to = to};

    span.to = to < origin->done ? to : origin->done;
    if (span.from > span.to || span.from <= origin->blank_to ||
        a->gone.count == HSY_PULL_SPANS_MAX) {
        return;
    }
    HSY_ASSERT(span.from >= 1);
    hsy_spans_add(&a->list, &a->gone, &span);
}

static void answer_span(struct answer *a, const struct hsy_span *span)
{
    const struct hsy_retained *retained = &a->r->relay->retained;
    const struct hsy_origin *origin =
        hsy_origin_find(&a->r->relay->origins, &span->of);
    uint64_t at = span->from;

    if (origin == NULL || span->from > span->to) {
        return;
    }
    const struct hsy_retained_bundle *b =
        hsy_retained_from(retained, origin, span->from);
    while (b != NULL && b->from <= span->to && !a->more) {
        bool over = is_over(a, b);
        if (!over && b->from > at) {
            say_gone(a, origin, at, b->from - 1);
        }
        if (over || !is_fresh(a, b) || send_one(a, b)) {
            at = over ? at : b->from + b->count;
            b = hsy_retained_following(retained, b);
        }
    }
    HSY_ASSERT(at >= span->from);
    if (!a->more && at <= span->to) {
        say_gone(a, origin, at, span->to);
    }
}

void hsy_repair_pull(struct hsy_repair *r, const struct hsy_neighbour *n,
                     const struct hsy_frame *pull)
{
    struct hsy_frame frame = {.type = HSY_GONE, .gone.nonce = pull->pull.nonce};
    struct answer a;

    HSY_ASSERT(n->overlay);
    r->env->counters.pulls_in++;
    a.r = r;
    a.to = n->link;
    a.more = false;
    a.sent_any = false;
    a.credit = pull->pull.credit < HSY_PULL_ANSWER_MAX ? pull->pull.credit
                                                       : HSY_PULL_ANSWER_MAX;
    a.list = hsy_writer(a.bytes, sizeof(a.bytes));
    a.gone = (struct hsy_spans){.bytes = a.bytes};
    for (uint32_t i = 0; i < pull->pull.spans.count && !a.more; i++) {
        struct hsy_span span = hsy_spans_at(&pull->pull.spans, i);
        answer_span(&a, &span);
    }
    HSY_ASSERT(!a.list.bad);
    frame.gone.how = a.more ? HSY_GONE_MORE : HSY_GONE_DONE;
    frame.gone.spans = a.gone;
    hsy_send(r->env, n->link, &frame);
}
