/* Of a suspect:
 *
 *     struck out, --> held --a majority answers--> due --> dialled --> report
 *     not found        ^                                     |
 *                      +----- nobody else was heard ---------+
 *
 * A dial that is not answered proves something only if somebody else was heard
 * after it began, so the others are asked then, too. */
#include "core/doubt.h"

#include "base/addr.h"

_Static_assert(sizeof(struct hsy_suspect) % 8 == 0, "items of a table");

void hsy_doubt_init(struct hsy_doubt *d, struct hsy_env *env,
                    struct hsy_neighbours *neighbours,
                    struct hsy_probes *probes, const struct hsy_join *join)
{
    HSY_ASSERT(env->config.links_max >= 1);
    *d = (struct hsy_doubt){.env = env,
                            .neighbours = neighbours,
                            .probes = probes,
                            .join = join,
                            .round_ns = HEARSAY_NEVER,
                            .next_ns = HEARSAY_NEVER};
    hsy_table_init(
        &d->suspects, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_suspect),
                                 .items_max = env->config.links_max},
        env->config.hash_salt);
}

void hsy_doubt_fini(struct hsy_doubt *d)
{
    HSY_ASSERT(d->env != NULL);
    hsy_table_fini(&d->suspects);
}

static void forget(struct hsy_doubt *d, struct hsy_suspect *s)
{
    HSY_ASSERT(d->held >= (s->held ? 1U : 0U));
    d->held -= s->held ? 1 : 0;
    hsy_table_remove(&d->suspects, s);
}

/* ------------------------------------------------------------- a round */

static bool is_asked(const struct hsy_doubt *d, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return n->role == HEARSAY_SEED ? hsy_join_is_seat(d->join, &n->id)
                                   : n->overlay && n->strikes == 0;
}

/* Asks all anew: answers to older rounds do not count. */
static void ask(struct hsy_doubt *d)
{
    struct hsy_env *env = d->env;
    uint64_t least_ns = env->config.ping_timeout_ns;
    uint64_t wait_ns = least_ns;
    struct hsy_frame frame = {.type = HSY_PING};

    d->nonce = hsy_prng_next(&env->prng) | 1;
    d->asked = 0;
    d->answered = 0;
    frame.ping = d->nonce;
    for (uint32_t i = 0; i < hsy_neighbours_count(d->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(d->neighbours, i);
        if (is_asked(d, n)) {
            n->doubt_nonce = d->nonce;
            d->asked++;
            env->counters.pings++;
            wait_ns = hsy_time_max(wait_ns, hsy_neighbour_wait_ns(n, least_ns));
            hsy_send(env, n->link, &frame);
        }
    }
    d->round_ns = hsy_time_add(env->now.mono_ns, wait_ns);
    d->next_ns = hsy_time_min(d->next_ns, d->round_ns);
    HSY_ASSERT(d->round_ns > env->now.mono_ns);
}

/* The line works: all who were held back are tried again. */
static void believe_again(struct hsy_doubt *d)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "doubt-over");

    hsy_note_u64(&note, "held", d->held);
    hsy_note_u64(&note, "answered", d->answered);
    hsy_note_u64(&note, "asked", d->asked);
    hsy_tell(d->env, &note);
    for (uint32_t i = 0; i < d->suspects.count; i++) {
        struct hsy_suspect *s = hsy_table_at(&d->suspects, i);
        if (s->held) {
            s->held = false;
            s->due_ns = hsy_time_add(d->env->now.mono_ns, s->wait_ns);
            d->next_ns = hsy_time_min(d->next_ns, s->due_ns);
        }
    }
    d->held = 0;
    HSY_ASSERT(2 * d->answered > d->asked);
}

bool hsy_doubt_pong(struct hsy_doubt *d, struct hsy_neighbour *n,
                    uint64_t nonce)
{
    HSY_ASSERT(n->link != 0);
    if (n->doubt_nonce == 0 || nonce != n->doubt_nonce) {
        return false;
    }
    n->doubt_nonce = 0; /* Once. */
    d->answered += nonce == d->nonce ? 1 : 0;
    if (d->held > 0 && 2 * d->answered > d->asked) {
        believe_again(d);
    }
    return true;
}

/* ------------------------------------------------------------- suspects */

/* Are so many silent, those that are being dialled included, that it may be
 * this peer? Of few neighbours one is a third, and tells only of itself as long
 * as the own seeds answer. */
static bool are_many(const struct hsy_doubt *d, uint32_t *out_silent,
                     uint32_t *out_all)
{
    uint32_t silent = d->probes->by_id.count;
    uint32_t all = silent;

    for (uint32_t i = 0; i < hsy_neighbours_count(d->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(d->neighbours, i);
        all += n->overlay ? 1 : 0;
        silent += n->overlay && n->strikes > 0 ? 1 : 0;
    }
    for (uint32_t i = 0; i < d->suspects.count; i++) {
        const struct hsy_suspect *s = hsy_table_at(&d->suspects, i);
        bool counted = hsy_probe_running(d->probes, &s->id);
        all += counted ? 0 : 1;
        silent += counted ? 0 : 1;
    }
    HSY_ASSERT(silent <= all);
    *out_silent = silent;
    *out_all = all;
    return HSY_DOUBT_SHARE * silent >= all &&
           (silent >= HSY_DOUBT_LEAST || d->env->strained);
}

static bool is_anybody_heard(const struct hsy_doubt *d, uint64_t since_ns)
{
    for (uint32_t i = 0; i < hsy_neighbours_count(d->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(d->neighbours, i);
        HSY_ASSERT(n->heard_ns <= d->env->now.mono_ns);
        if (n->heard_ns > since_ns) {
            return true;
        }
    }
    return false;
}

/* Takes @given in, or overwrites what is there. NULL: no room. */
static struct hsy_suspect *take(struct hsy_doubt *d,
                                const struct hsy_suspect *given)
{
    struct hsy_suspect *old = hsy_table_find(&d->suspects, &given->id);
    void *item;

    if (old != NULL) {
        forget(d, old);
    }
    if (hsy_table_put(&d->suspects, &item, &given->id) != 0) {
        return NULL;
    }
    struct hsy_suspect *s = item;
    *s = *given;
    s->held = false;
    s->due_ns = HEARSAY_NEVER;
    HSY_ASSERT(s->wait_ns > 0);
    return s;
}

/* True: report it. */
static bool judge(struct hsy_doubt *d, const struct hsy_suspect *given,
                  bool blind)
{
    struct hsy_suspect *s = take(d, given);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "doubt");
    uint32_t silent = 0;
    uint32_t all = 0;

    if (s == NULL) {
        d->env->counters.probes_refused++;
        return false; /* Others look after it, too. */
    }
    if (!are_many(d, &silent, &all) && !blind) {
        forget(d, s);
        return true;
    }
    s->held = true;
    d->held++;
    d->env->counters.reports_held++;
    hsy_note_id(&note, "subject", &s->id);
    hsy_note_addr(&note, "addr", &s->addr);
    hsy_note_u64(&note, "silent", silent);
    hsy_note_u64(&note, "of", all);
    hsy_tell(d->env, &note);
    HSY_ASSERT(d->held <= d->suspects.count);
    if (d->round_ns == HEARSAY_NEVER || d->held == 1) {
        ask(d);
    }
    return false;
}

bool hsy_doubt_struck_out(struct hsy_doubt *d, const struct hsy_suspect *s)
{
    HSY_ASSERT(hsy_neighbour_by_id(d->neighbours, &s->id) == NULL);
    return judge(d, s, false);
}

bool hsy_doubt_not_found(struct hsy_doubt *d, const struct hsy_probe *p)
{
    struct hsy_suspect *tried = hsy_table_find(&d->suspects, &p->id);
    struct hsy_suspect given = {.id = p->id,
                                .incarnation = p->incarnation,
                                .addr = p->addrs[0],
                                .wait_ns = tried != NULL ? tried->wait_ns : 1};
    bool blind = !is_anybody_heard(d, p->tried_ns);

    HSY_ASSERT(!hsy_probe_running(d->probes, &p->id));
    if (p->refused || (tried != NULL && !blind)) {
        hsy_doubt_answered(d, &p->id);
        return true;
    }
    return judge(d, &given, blind);
}

void hsy_doubt_answered(struct hsy_doubt *d, const struct hearsay_id *id)
{
    struct hsy_suspect *s = hsy_table_find(&d->suspects, id);

    HSY_ASSERT(id != NULL);
    if (s != NULL) {
        forget(d, s);
    }
}

/* ------------------------------------------------------------------ time */

/* One dial: the three strikes, or three dials, were before. */
static void dial(struct hsy_doubt *d, struct hsy_suspect *s)
{
    s->due_ns = HEARSAY_NEVER;
    if (hsy_probe_start(d->probes, &s->id, s->incarnation, &s->addr, 1) != 0) {
        d->env->counters.probes_refused++;
        forget(d, s);
        return;
    }
    hsy_probe_later(d->probes, &s->id, 1);
    HSY_ASSERT(hsy_probe_running(d->probes, &s->id));
}

/* From the last to the first: removing one moves one that has been seen. */
static bool dial_the_due(struct hsy_doubt *d)
{
    bool any = false;

    for (uint32_t left = d->suspects.count; left > 0; left--) {
        struct hsy_suspect *s = hsy_table_at(&d->suspects, left - 1);
        if (s->due_ns <= d->env->now.mono_ns) {
            dial(d, s);
            any = true;
        }
    }
    return any;
}

void hsy_doubt_tick(struct hsy_doubt *d)
{
    uint64_t now_ns = d->env->now.mono_ns;

    if (now_ns < d->next_ns) {
        return;
    }
    bool over = d->round_ns <= now_ns;
    d->round_ns = over ? HEARSAY_NEVER : d->round_ns;
    if (dial_the_due(d) || (over && d->held > 0)) {
        ask(d);
    }
    d->next_ns = d->round_ns;
    for (uint32_t i = 0; i < d->suspects.count; i++) {
        const struct hsy_suspect *s = hsy_table_at(&d->suspects, i);
        d->next_ns = hsy_time_min(d->next_ns, s->due_ns);
    }
    HSY_ASSERT(d->next_ns > now_ns);
}
