/* A peer keeps m links of its own choice. The choice is preferential
 * attachment: the seed drew candidates by degree, the peer picks uniformly
 * among the draws, one time in eight among uniform ones (weighting twice
 * would pile everybody onto a few nodes). */
#include "core/overlay.h"

#include "base/addr.h"
#include "base/mem.h"
#include "core/diversity.h"
#include "core/kept.h"
#include "core/refusal.h"
#include "core/votes.h"
#include "core/wish.h"

enum {
    PICK_TRIES = 16,
    UNIFORM_ONE_IN = 8,
    POOR_DEGREE = 2,
    OPENED_MAX = 16 /* Links kept free for what is being opened. */
};

#define CONNECT_WAIT_NS (3 * HSY_SECOND)
#define RECOUNT_NS (1 * HSY_SECOND)
#define EVICT_NS (10 * HSY_SECOND)
#define PATIENT_BASE_NS (1 * HSY_SECOND)
#define PATIENT_CAP_NS (60 * HSY_SECOND)

void hsy_overlay_init(struct hsy_overlay *o, struct hsy_env *env,
                      struct hsy_neighbours *neighbours, struct hsy_book *book)
{
    HSY_ASSERT(env->config.links_wanted >= 1);
    *o = (struct hsy_overlay){.env = env,
                              .neighbours = neighbours,
                              .book = book,
                              .wanted = env->config.links_wanted,
                              .next_ns = HEARSAY_NEVER};
}

void hsy_overlay_fini(struct hsy_overlay *o)
{
    hsy_mem_free(&o->env->mem, o->draws);
    hsy_mem_free(&o->env->mem, o->attempts);
    hsy_wishes_fini(o);
    o->draws = NULL;
    o->attempts = NULL;
}

uint32_t hsy_overlay_cap(uint32_t links_wanted, uint32_t peers_count)
{
    /* Integer root of (4/9) m^2 N; Newton's method from above. */
    uint64_t square =
        (uint64_t)4 * links_wanted * links_wanted * peers_count / 9;
    uint64_t root = square;

    HSY_ASSERT(links_wanted >= 1);
    while (root > 0 && root > square / root) {
        root = (root + square / root) / 2;
    }
    HSY_ASSERT(root * root <= square);
    root = root > HSY_CAP_MIN ? root : HSY_CAP_MIN;
    return root < HSY_CAP_MAX ? (uint32_t)root : HSY_CAP_MAX;
}

/* Of all links some are for a majority of the seeds and for what is being
 * opened; who is poor gets in above the cap. */
static uint32_t cap_now(const struct hsy_overlay *o)
{
    const struct hearsay_config *config = &o->env->config;
    uint32_t cap = hsy_overlay_cap(config->links_wanted, o->peers_count);
    uint32_t opened = config->links_max / 8;
    struct hsy_votes votes = hsy_votes(o->env);
    uint32_t others =
        hsy_votes_missing(&votes) + (opened < OPENED_MAX ? opened : OPENED_MAX);

    HSY_ASSERT(config->links_max > others);
    uint32_t room = (config->links_max - others) * 4 / 5;
    return cap < room ? cap : room;
}

/* Who came early, and is a hub now, was told a small N: long before that
 * makes it refuse, it asks again. Without this all hubs stop at the least
 * cap, which cuts the power law. */
static void doubt_count(struct hsy_overlay *o)
{
    uint64_t age_ns = hsy_time_since(o->counted_ns, o->env->now.mono_ns);

    if (4 * o->neighbours->degree >= 3 * cap_now(o) && age_ns >= RECOUNT_NS) {
        o->doubtful = true;
        o->counted_ns = o->env->now.mono_ns;
    }
    HSY_ASSERT(o->counted_ns <= o->env->now.mono_ns);
}

static void wake(struct hsy_overlay *o)
{
    o->next_ns = o->env->now.mono_ns;
}

/* ------------------------------------------------------ the draws pool */

static struct hearsay_id *uniforms(const struct hsy_overlay *o)
{
    HSY_ASSERT(o->draws != NULL);
    return o->draws + HSY_DRAWS_MAX;
}

static void pool_add(struct hsy_overlay *o, const struct hearsay_id *id,
                     bool by_degree)
{
    if (o->draws == NULL) {
        o->draws = o->env->mem.alloc(o->env->mem.ctx,
                                     (HSY_DRAWS_MAX + HSY_UNIFORMS_MAX) *
                                         sizeof(*o->draws));
    }
    if (o->draws == NULL) {
        return; /* The book alone will do. */
    }
    if (by_degree && o->draws_count < HSY_DRAWS_MAX) {
        o->draws[o->draws_count] = *id;
        o->draws_count++;
    }
    if (!by_degree) { /* News first: what a refusal brought a while ago may
                         be full too by now. */
        bool full = o->uniforms_count == HSY_UNIFORMS_MAX;
        uint32_t at =
            full ? (uint32_t)hsy_prng_below(&o->env->prng, HSY_UNIFORMS_MAX)
                 : o->uniforms_count;
        uniforms(o)[at] = *id;
        o->uniforms_count += full ? 0 : 1;
    }
    HSY_ASSERT(o->draws_count <= HSY_DRAWS_MAX);
    HSY_ASSERT(o->uniforms_count <= HSY_UNIFORMS_MAX);
}

/* Takes one at random out of @ids; false when there is none. */
static bool pool_take(struct hsy_env *env, struct hearsay_id *ids,
                      uint32_t *count, struct hearsay_id *out)
{
    if (*count == 0) {
        return false;
    }
    uint32_t at = (uint32_t)hsy_prng_below(&env->prng, *count);
    *out = ids[at];
    *count -= 1;
    ids[at] = ids[*count];
    return true;
}

static void pool_drop(struct hsy_overlay *o)
{
    o->env->mem.free(o->env->mem.ctx, o->draws);
    o->draws = NULL;
    o->draws_count = 0;
    o->uniforms_count = 0;
}

/* top-half chooses from the sorted list alone, until it has had it. */
static bool wants_sorted(const struct hsy_overlay *o)
{
    HSY_ASSERT(o->env != NULL);
    return o->env->config.overlay == HEARSAY_OVERLAY_TOP_HALF && !o->listed;
}

uint32_t hsy_overlay_learn(struct hsy_overlay *o,
                           const struct hsy_records *sample, uint32_t by_degree)
{
    struct hsy_reader at = hsy_reader(sample->bytes, sample->len);
    struct hsy_encoded record;
    uint32_t index = 0;
    uint32_t added = 0;
    bool sorted = by_degree > 0 && by_degree == sample->count;
    bool pooled = !wants_sorted(o) || sorted;

    o->listed = o->listed || sorted;
    while (hsy_records_next_encoded(&at, &record)) {
        bool is_new;
        const struct hsy_contact *c =
            hsy_book_merge_encoded(o->book, &record, &is_new);
        if (c != NULL && pooled) {
            pool_add(o, &c->id, index < by_degree);
        }
        added += is_new ? 1 : 0;
        index++;
    }
    HSY_ASSERT(index == sample->count);
    HSY_ASSERT(added <= index);
    wake(o);
    return added;
}

bool hsy_overlay_complete(const struct hsy_overlay *o)
{
    HSY_ASSERT(o->env != NULL);
    return o->neighbours->degree + 1 >= o->peers_count;
}

uint32_t hsy_overlay_half(const struct hsy_overlay *o)
{
    uint32_t half = o->peers_count / 2;

    half = half < HSY_TOP_MAX ? half : HSY_TOP_MAX;
    HSY_ASSERT(half <= HSY_PAGE_RECORDS);
    return half > 1 ? half : 1;
}

/* The earlier system's rule: everybody in the upper half of the sorted list,
 * here bounded, for the list may be a million long. And by what the cap lets
 * in: when all choose w in the upper half, each one there has its own w, w of
 * the others there and w of the lower half, 3 w in all. More would be asked
 * of full peers, for ever. Never fewer than m, which keeps a small or young
 * network together. */
static void choose_wanted(struct hsy_overlay *o)
{
    const struct hearsay_config *config = &o->env->config;
    uint32_t third = cap_now(o) / 3;
    uint32_t half = hsy_overlay_half(o);

    o->wanted = config->links_wanted;
    if (config->overlay == HEARSAY_OVERLAY_TOP_HALF) {
        half = half < third ? half : third;
        o->wanted = half > o->wanted ? half : o->wanted;
    }
    HSY_ASSERT(o->wanted >= config->links_wanted);
}

void hsy_overlay_told_count(struct hsy_overlay *o, uint32_t peers_count)
{
    o->peers_count = peers_count;
    o->counted_ns = o->env->now.mono_ns;
    if (!o->active) {
        choose_wanted(o); /* N at the time of joining decides. */
    }
    HSY_ASSERT(cap_now(o) >= 1);
}

void hsy_overlay_activate(struct hsy_overlay *o)
{
    o->active = true;
    o->hungry = wants_sorted(o); /* Only a request brings it. */
    o->ask_next_ns = o->env->now.mono_ns;
    wake(o);
}

/* --------------------------------------------------------- choosing */

/* How many places there are: none while nothing is being dialled. */
static uint32_t attempts_room(const struct hsy_overlay *o)
{
    return o->attempts == NULL ? 0 : HSY_ATTEMPTS_MAX;
}

/* A free place; NULL: none, or no memory. */
static struct hsy_attempt *new_attempt(struct hsy_overlay *o)
{
    if (o->attempts == NULL) {
        o->attempts = hsy_mem_zalloc(&o->env->mem,
                                     HSY_ATTEMPTS_MAX * sizeof(*o->attempts));
    }
    for (uint32_t i = 0; i < attempts_room(o); i++) {
        if (o->attempts[i].link == 0) {
            return &o->attempts[i];
        }
    }
    return NULL;
}

static struct hsy_attempt *find_attempt(struct hsy_overlay *o,
                                        const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < attempts_room(o); i++) {
        if (o->attempts[i].link != 0 && hsy_id_equal(&o->attempts[i].id, id)) {
            return &o->attempts[i];
        }
    }
    return NULL;
}

bool hsy_overlay_is_trying(struct hsy_overlay *o, const struct hearsay_id *id)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(o->neighbours, id);

    HSY_ASSERT(id != NULL);
    return find_attempt(o, id) != NULL ||
           (n != NULL && (n->overlay || n->asked));
}

static bool is_candidate(struct hsy_overlay *o, const struct hearsay_id *id)
{
    const struct hsy_contact *c = hsy_book_find(o->book, id);

    HSY_ASSERT(id != NULL);
    return c != NULL && c->next_try_ns <= o->env->now.mono_ns &&
           !hsy_overlay_is_trying(o, id);
}

/* Is a link of our own choice in that part of the internet, or on its way? */
static bool leads_where_others_do(struct hsy_overlay *o,
                                  const struct hearsay_id *id)
{
    const struct hsy_contact *c = hsy_book_find(o->book, id);

    HSY_ASSERT(c != NULL);
    uint64_t group = hsy_kept_group(c->record);
    for (uint32_t i = 0; group != 0 && i < attempts_room(o); i++) {
        if (o->attempts[i].link != 0 && o->attempts[i].group == group) {
            return true;
        }
    }
    return hsy_diversity_chosen(o->neighbours, group);
}

/* Who was refused takes one of the uniform ones, where the others that came
 * with the refusal are too: with one hub full, the next one is as well. */
static bool draws_uniform(struct hsy_overlay *o)
{
    struct hsy_env *env = o->env;

    HSY_ASSERT(o->draws != NULL);
    return env->config.overlay == HEARSAY_OVERLAY_UNIFORM ||
           o->refusals % 2 == 1 || o->refusals >= HSY_PATIENCE ||
           (env->config.overlay == HEARSAY_OVERLAY_PREFERENTIAL &&
            hsy_prng_below(&env->prng, UNIFORM_ONE_IN) == 0);
}

static bool draw(struct hsy_overlay *o, struct hearsay_id *out)
{
    struct hsy_env *env = o->env;

    if (o->draws == NULL) {
        return false;
    }
    if (draws_uniform(o) &&
        pool_take(env, uniforms(o), &o->uniforms_count, out)) {
        return true;
    }
    if (env->config.overlay != HEARSAY_OVERLAY_UNIFORM &&
        pool_take(env, o->draws, &o->draws_count, out)) {
        return true;
    }
    return pool_take(env, uniforms(o), &o->uniforms_count, out);
}

/* Somebody to ask: best where no other link of our choice leads. */
struct choice {
    struct hearsay_id id;
    bool found;
};

/* True: @id will do; false: go on, and take the choice if there is none. */
static bool offer(struct hsy_overlay *o, struct choice *best,
                  const struct hearsay_id *id)
{
    if (!is_candidate(o, id)) {
        return false;
    }
    bool taken = leads_where_others_do(o, id);
    if (!taken || !best->found) {
        best->id = *id;
        best->found = true;
    }
    return !taken;
}

/* From the book: the first that will do from a random start, so that the last
 * free one is always found. */
static bool offer_book(struct hsy_overlay *o, struct choice *best)
{
    uint32_t count = o->book->by_id.count;

    if (count == 0) {
        return false;
    }
    uint32_t start = (uint32_t)hsy_prng_below(&o->env->prng, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (start + i) % count;
        const struct hsy_contact *c = hsy_table_at(&o->book->by_id, at);
        if (offer(o, best, &c->id)) {
            return true;
        }
    }
    return false;
}

static bool pick(struct hsy_overlay *o, struct hearsay_id *out)
{
    struct choice best = {.found = false};
    bool good = false;

    while (hsy_book_take_first(o->book, out)) { /* Each once: this ends. */
        if (is_candidate(o, out)) {
            return true;
        }
    }
    while (!good && draw(o, out)) { /* Each draw leaves the pool: as well. */
        good = offer(o, &best, out);
    }
    if (!good && !wants_sorted(o)) {
        (void)offer_book(o, &best);
    }
    *out = best.id;
    return best.found;
}

/* ---------------------------------------------------------- asking */

static void send_connect(struct hsy_overlay *o, struct hsy_neighbour *n)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};

    HSY_ASSERT(n->link != 0);
    frame.connect.degree = o->neighbours->degree;
    n->invited = true;
    hsy_send(o->env, n->link, &frame);
}

static void ask(struct hsy_overlay *o, struct hsy_neighbour *n)
{
    HSY_ASSERT(!n->overlay);
    n->asked = true;
    n->asked_until_ns = hsy_time_add(o->env->now.mono_ns,
                                     hsy_neighbour_wait_ns(n, CONNECT_WAIT_NS));
    o->next_ns = hsy_time_min(o->next_ns, n->asked_until_ns);
    send_connect(o, n);
}

bool hsy_overlay_try(struct hsy_overlay *o, const struct hsy_blob *kept,
                     uint32_t tries)
{
    struct hearsay_id id = hsy_kept_record(kept).id;
    struct hsy_neighbour *n = hsy_neighbour_by_id(o->neighbours, &id);

    HSY_ASSERT(!hsy_overlay_is_trying(o, &id));
    if (n != NULL) {
        ask(o, n);
        return true;
    }
    struct hsy_attempt *a = new_attempt(o);
    if (a == NULL) {
        return false;
    }
    a->id = id;
    a->group = hsy_kept_group(kept);
    a->stuck = false;
    a->link = hsy_kept_dial(o->env, kept, tries);
    return a->link != 0;
}

static bool try_candidate(struct hsy_overlay *o, const struct hearsay_id *id)
{
    const struct hsy_contact *c = hsy_book_find(o->book, id);

    HSY_ASSERT(c != NULL);
    return hsy_overlay_try(o, c->record, c->tries);
}

/* Links asked for and not yet answered. */
static uint32_t pending(const struct hsy_overlay *o)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < attempts_room(o); i++) {
        count += o->attempts[i].link != 0 ? 1 : 0;
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(o->neighbours); i++) {
        count += hsy_neighbour_at(o->neighbours, i)->asked ? 1 : 0;
    }
    return count;
}

/* Enough, or all that can be had: links of its own choice; as many links as
 * it would grant to others; or m of them, and nobody who grants it more. */
static bool is_content(const struct hsy_overlay *o)
{
    const struct hsy_neighbours *ns = o->neighbours;

    HSY_ASSERT(o->wanted >= 1);
    return ns->chosen >= o->wanted || ns->degree >= cap_now(o) ||
           (o->refusals >= HSY_PATIENCE &&
            ns->degree >= o->env->config.links_wanted);
}

/* Of those that are dialled, the ones that were there before a seed answered.
 */
static uint32_t stuck(const struct hsy_overlay *o)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < attempts_room(o); i++) {
        const struct hsy_attempt *a = &o->attempts[i];
        count += a->link != 0 && a->stuck ? 1 : 0;
    }
    HSY_ASSERT(count <= HSY_ATTEMPTS_MAX);
    return count;
}

/* How many may be asked at the same time. */
static uint32_t tries_max(const struct hsy_overlay *o)
{
    bool wait = o->grow_next_ns > o->env->now.mono_ns;

    if (is_content(o)) {
        return 0;
    }
    HSY_ASSERT(!wait || o->refusals >= HSY_PATIENCE);
    if (o->refusals >= HSY_PATIENCE) {
        return wait ? 0 : 1;
    }
    uint32_t missing = o->wanted - o->neighbours->chosen;
    uint32_t room = cap_now(o) - o->neighbours->degree;
    missing = missing < room ? missing : room;
    uint32_t most = o->env->strained ? 1 + stuck(o) : HSY_ATTEMPTS_MAX;
    most = most < HSY_ATTEMPTS_MAX ? most : HSY_ATTEMPTS_MAX;
    return missing < most ? missing : most;
}

static void grow(struct hsy_overlay *o)
{
    struct hearsay_id id;
    uint32_t open = pending(o);
    uint32_t most = tries_max(o);

    while (open < most) {
        if (!pick(o, &id)) {
            o->hungry = true;
            break;
        }
        if (!try_candidate(o, &id)) {
            break;
        }
        open++;
    }
    if (is_content(o)) {
        o->hungry = false;
        pool_drop(o);
    }
    if (open == 0) {
        hsy_mem_free(&o->env->mem, o->attempts);
        o->attempts = NULL;
    }
    HSY_ASSERT(open <= HSY_ATTEMPTS_MAX + hsy_neighbours_count(o->neighbours));
}

/* CONNECTs that nobody answered in time. */
static void expire_asks(struct hsy_overlay *o)
{
    for (uint32_t i = 0; i < hsy_neighbours_count(o->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(o->neighbours, i);
        if (n->asked && n->asked_until_ns <= o->env->now.mono_ns) {
            n->asked = false;
            n->asked_until_ns = HEARSAY_NEVER;
            hsy_book_failed(o->book, &n->id);
        }
    }
}

static uint64_t next_deadline(const struct hsy_overlay *o)
{
    uint64_t next_ns = HEARSAY_NEVER;

    for (uint32_t i = 0; i < hsy_neighbours_count(o->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(o->neighbours, i);
        next_ns =
            hsy_time_min(next_ns, n->asked ? n->asked_until_ns : HEARSAY_NEVER);
    }
    if (!is_content(o)) { /* Somebody's back-off may be over. */
        next_ns = hsy_time_min(next_ns,
                               hsy_time_add(o->env->now.mono_ns, HSY_SECOND));
    }
    HSY_ASSERT(next_ns > o->env->now.mono_ns);
    return next_ns;
}

void hsy_overlay_tick(struct hsy_overlay *o)
{
    if (!o->active || o->leaving || o->env->now.mono_ns < o->next_ns) {
        return;
    }
    expire_asks(o);
    uint64_t wish_ns = hsy_wishes_tick(o); /* Before others take its place. */
    grow(o);
    o->next_ns = hsy_time_min(next_deadline(o), wish_ns);
}

/* ------------------------------------------------------------ answers */

static void patient_again(struct hsy_overlay *o)
{
    HSY_ASSERT(o->neighbours != NULL);
    o->refusals = 0;
    o->grow_next_ns = 0;
}

static void linked(struct hsy_overlay *o, struct hsy_neighbour *n, bool chosen)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "connect");

    n->asked = false;
    n->asked_until_ns = HEARSAY_NEVER;
    o->asks = 0;
    patient_again(o);
    o->changed = true;
    n->fresh = true;
    hsy_neighbour_set_overlay(o->neighbours, n, true, chosen);
    hsy_book_linked(o->book, &n->id);
    hsy_note_id(&note, "peer", &n->id);
    hsy_note_addr(&note, "addr", &n->addr);
    hsy_note_text(&note, "direction", n->accepted ? "in" : "out");
    hsy_note_u64(&note, "degree", o->neighbours->degree);
    hsy_tell(o->env, &note);
    wake(o);
}

bool hsy_overlay_dialling(struct hsy_overlay *o, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return find_attempt(o, id) != NULL;
}

void hsy_overlay_link_up(struct hsy_overlay *o, struct hsy_neighbour *n)
{
    struct hsy_attempt *a = find_attempt(o, &n->id);
    bool wanted = a != NULL || n->asked;

    if (a != NULL) {
        a->link = 0;
    }
    if (n->overlay) {
        send_connect(o, n);
    } else if (wanted) {
        ask(o, n);
    }
    HSY_ASSERT(find_attempt(o, &n->id) == NULL);
}

void hsy_overlay_seed_answered(struct hsy_overlay *o)
{
    HSY_ASSERT(o->env != NULL);
    for (uint32_t i = 0; i < attempts_room(o); i++) {
        o->attempts[i].stuck = true;
    }
    wake(o);
}

bool hsy_overlay_dial_failed(struct hsy_overlay *o, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < attempts_room(o); i++) {
        struct hsy_attempt *a = &o->attempts[i];
        if (a->link == link) {
            a->link = 0;
            hsy_book_failed(o->book, &a->id);
            wake(o);
            return true;
        }
    }
    return false;
}

void hsy_overlay_link_down(struct hsy_overlay *o,
                           const struct hsy_neighbour *gone)
{
    HSY_ASSERT(hsy_neighbour_by_id(o->neighbours, &gone->id) == NULL);
    if (gone->overlay) {
        o->changed = true;
        patient_again(o); /* Others may have lost one too. */
    }
    /* Others first: the lost one may be dead. */
    hsy_book_failed(o->book, &gone->id);
    wake(o);
}

bool hsy_overlay_would_evict(struct hsy_overlay *o,
                             const struct hsy_neighbour *n)
{
    HSY_ASSERT(o->env != NULL);
    return n->role == HEARSAY_PEER && !n->overlay && !o->leaving &&
           o->neighbours->degree >= cap_now(o) &&
           o->evict_next_ns <= o->env->now.mono_ns;
}

void hsy_overlay_evict(struct hsy_overlay *o, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    o->evict_next_ns = hsy_time_add(o->env->now.mono_ns, EVICT_NS);
    hsy_refusal_send(o, n, HSY_REFUSE_FULL);
}

static void refuse(struct hsy_overlay *o, const struct hsy_neighbour *n,
                   enum hsy_refuse_why why)
{
    HSY_ASSERT(o->env != NULL);
    o->env->counters.connects_refused++;
    hsy_refusal_send(o, n, why);
}

void hsy_overlay_connect(struct hsy_overlay *o, struct hsy_neighbour *n,
                         uint32_t their_degree)
{
    struct hsy_frame frame = {.type = HSY_ACCEPT};
    uint32_t cap = cap_now(o);
    /* Who has almost no links is let in above the cap; so is who comes from
     * another part of the network. */
    bool needed = their_degree < POOR_DEGREE || hsy_wish_names(o, &n->id);
    uint32_t limit = needed ? cap + cap / 4 : cap;

    if (n->role != HEARSAY_PEER) {
        refuse(o, n, HSY_REFUSE_ROLE);
        return;
    }
    if (o->leaving) {
        refuse(o, n, HSY_REFUSE_LEAVING);
        return;
    }
    doubt_count(o);
    if (!n->overlay && o->neighbours->degree >= limit) {
        refuse(o, n, HSY_REFUSE_FULL);
        return;
    }
    hsy_send(o->env, n->link, &frame);
    if (!n->overlay) {
        linked(o, n, n->asked); /* Both asked: both chose. */
    }
    HSY_ASSERT(n->overlay);
}

bool hsy_overlay_accept(struct hsy_overlay *o, struct hsy_neighbour *n)
{
    bool in_time = n->asked;

    if (!n->invited || n->role != HEARSAY_PEER) {
        return false;
    }
    n->asked = false;
    n->asked_until_ns = HEARSAY_NEVER;
    if (!n->overlay) {
        /* Even a late yes stands: the other end has the link already. */
        linked(o, n, in_time);
    }
    HSY_ASSERT(n->overlay);
    return true;
}

void hsy_overlay_refuse(struct hsy_overlay *o, struct hsy_neighbour *n,
                        const struct hsy_records *alternatives)
{
    struct hsy_env *env = o->env;

    HSY_ASSERT(alternatives->count <= HSY_ALTERNATIVES_MAX);
    n->asked = false;
    n->asked_until_ns = HEARSAY_NEVER;
    hsy_book_refused(o->book, &n->id);
    o->refusals++;
    if (o->refusals >= HSY_PATIENCE) {
        o->grow_next_ns = hsy_time_add(
            env->now.mono_ns, hsy_backoff_ns(env, o->refusals - HSY_PATIENCE,
                                             PATIENT_BASE_NS, PATIENT_CAP_NS));
    }
    (void)hsy_overlay_learn(o, alternatives, 0);
    wake(o);
}

void hsy_overlay_bridge(struct hsy_overlay *o,
                        const struct hsy_records *records)
{
    HSY_ASSERT(records->count <= HSY_BRIDGE_RECORDS);
    if (hsy_wish_add(o, records)) {
        o->env->counters.bridges++;
        wake(o);
    }
}
