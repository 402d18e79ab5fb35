/* Seeds find each other by config.txt alone: a line is dialled until its
 * address has answered, and the key that answered there is the fellow. A node
 * that merely calls itself a seed is none. Lines are dialled for ever, for n
 * counts them whether they answer or not. */
#include "core/fellows.h"

#include "base/addr.h"
#include "core/lines.h"
#include "core/liveness.h"
#include "core/trial.h"

#define REDIAL_BASE_NS (1 * HSY_SECOND)
/* Few, and the network heals no sooner than they find each other. */
#define REDIAL_CAP_NS (10 * HSY_SECOND)
/* So long after its link came up a fellow has told all, even if so much
 * happens that digests are never equal. */
#define TOLD_ALL_NS (15 * HSY_SECOND)
#define REDIAL_FLOOR_NS (200 * HSY_MS)

static uint32_t lines_count(const struct hsy_seed *s)
{
    HSY_ASSERT(s->env->lines != NULL);
    return hsy_lines_count(s->env);
}

static void tell_twice(struct hsy_seed *s, uint32_t line)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "seed-twice");

    HSY_ASSERT(s->fellows[line].known);
    hsy_note_id(&note, "seed", &s->fellows[line].id);
    hsy_note_text(&note, "host", hsy_line_host(s->env, line));
    hsy_note_u64(&note, "port", hsy_line_at(s->env, line)->port);
    hsy_tell(s->env, &note);
}

/* Line @line turned out to be @id. */
static void learn(struct hsy_seed *s, uint32_t line,
                  const struct hearsay_id *id)
{
    struct hsy_fellow *f = &s->fellows[line];

    HSY_ASSERT(line < lines_count(s));
    f->id = *id;
    f->known = true;
    f->self = hsy_id_equal(id, &s->env->id);
    f->twice = false;
    for (uint32_t i = 0; i < lines_count(s); i++) {
        const struct hsy_fellow *other = &s->fellows[i];
        if (i != line && other->known && !other->twice &&
            hsy_id_equal(&other->id, id)) {
            f->twice = true;
        }
    }
    if (f->self || f->twice) {
        f->next_ns = HEARSAY_NEVER;
    }
    if (f->twice) {
        tell_twice(s, line);
    }
}

void hsy_fellows_init(struct hsy_seed *s)
{
    HSY_ASSERT(lines_count(s) >= 1);
    s->fellows_next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < lines_count(s); i++) {
        s->fellows[i] = (struct hsy_fellow){.next_ns = HEARSAY_NEVER,
                                            .digest_ns = HEARSAY_NEVER};
    }
}

void hsy_fellows_start(struct hsy_seed *s)
{
    HSY_ASSERT(s->env->lines != NULL);
    for (uint32_t i = 0; i < lines_count(s); i++) {
        const struct hsy_seed_line *line = hsy_line_at(s->env, i);
        s->fellows[i].next_ns = s->env->now.mono_ns;
        if (line->pinned) {
            learn(s, i, &line->id);
        }
    }
    s->fellows_next_ns = s->env->now.mono_ns;
}

bool hsy_fellows_vote(const struct hsy_seed *s, struct hsy_votes *votes,
                      const struct hearsay_id *id)
{
    bool own = hsy_id_equal(id, &s->env->id);

    HSY_ASSERT(votes->seeds == lines_count(s));
    for (uint32_t i = 0; i < lines_count(s); i++) {
        const struct hsy_fellow *f = &s->fellows[i];
        if (f->known && !f->twice && hsy_id_equal(&f->id, id)) {
            hsy_votes_add(votes, i);
            return true;
        }
    }
    if (own) {
        hsy_votes_add_stranger(votes); /* Its line has not answered yet. */
    }
    return own;
}

static const struct hsy_fellow *find(const struct hsy_seed *s,
                                     const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    for (uint32_t i = 0; i < lines_count(s); i++) {
        const struct hsy_fellow *f = &s->fellows[i];
        if (f->known && !f->self && !f->twice && hsy_id_equal(&f->id, id)) {
            return f;
        }
    }
    return NULL;
}

bool hsy_seed_is_fellow(const struct hsy_seed *s, const struct hearsay_id *id)
{
    HSY_ASSERT(s != NULL);
    return find(s, id) != NULL;
}

struct hsy_fellow *hsy_fellow_of(struct hsy_seed *s,
                                 const struct hearsay_id *id)
{
    const struct hsy_fellow *f = find(s, id);

    HSY_ASSERT(s != NULL);
    return f == NULL ? NULL : &s->fellows[f - s->fellows];
}

void hsy_fellows_send(struct hsy_seed *s, const struct hsy_frame *frame)
{
    hearsay_link links[HEARSAY_SEEDS_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < lines_count(s); i++) {
        const struct hsy_fellow *f = &s->fellows[i];
        const struct hsy_neighbour *n =
            f->known && !f->self && !f->twice
                ? hsy_neighbour_by_id(s->neighbours, &f->id)
                : NULL;
        if (n != NULL && n->fellow) {
            links[count] = n->link;
            count++;
        }
    }
    HSY_ASSERT(count <= HEARSAY_SEEDS_MAX);
    if (count > 0) {
        s->env->ports.send(s->env->ports.ctx, links, count, frame);
    }
}

/* What it knows is known here, or has been for as long as silence is no sign
 * of trouble. */
static bool is_in_touch(const struct hsy_seed *s, const struct hsy_fellow *f)
{
    const struct hsy_neighbour *n =
        f->known && !f->self && !f->twice
            ? hsy_neighbour_by_id(s->neighbours, &f->id)
            : NULL;
    uint64_t now_ns = s->env->now.mono_ns;

    if (n == NULL || !n->fellow) {
        return false;
    }
    HSY_ASSERT(n->heard_ns <= now_ns);
    return now_ns - n->heard_ns < hsy_liveness_round_ns(&s->env->config) &&
           (f->in_step || hsy_time_add(f->up_ns, TOLD_ALL_NS) <= now_ns);
}

bool hsy_fellows_in_touch(const struct hsy_seed *s)
{
    struct hsy_votes votes = hsy_votes(s->env);

    (void)hsy_fellows_vote(s, &votes, &s->env->id);
    for (uint32_t i = 0; i < lines_count(s); i++) {
        if (s->fellows[i].twice) {
            hsy_votes_void(&votes);
        } else if (is_in_touch(s, &s->fellows[i])) {
            hsy_votes_add(&votes, i);
        }
    }
    return hsy_votes_missing(&votes) == 0;
}

/* ----------------------------------------------------------------- links */

static void redial_later(struct hsy_seed *s, struct hsy_fellow *f)
{
    uint64_t wait_ns =
        hsy_backoff_ns(s->env, f->tries, REDIAL_BASE_NS, REDIAL_CAP_NS);

    HSY_ASSERT(f->dialling == 0);
    f->tries++;
    f->next_ns = hsy_time_add(s->env->now.mono_ns,
                              hsy_time_max(wait_ns, REDIAL_FLOOR_NS));
    s->fellows_next_ns = hsy_time_min(s->fellows_next_ns, f->next_ns);
}

/* The line that @link is a dial of; NULL. */
static struct hsy_fellow *line_dialled(struct hsy_seed *s, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < lines_count(s); i++) {
        if (s->fellows[i].dialling == link) {
            return &s->fellows[i];
        }
    }
    return NULL;
}

void hsy_fellows_link_up(struct hsy_seed *s, struct hsy_neighbour *n,
                         hearsay_link own_dial)
{
    struct hsy_fellow *line = own_dial != 0 ? line_dialled(s, own_dial) : NULL;

    HSY_ASSERT(n->link != 0);
    if (line != NULL && n->role != HEARSAY_SEED) {
        line->dialling = 0;
        redial_later(s, line); /* Somebody else lives there now. */
    } else if (line != NULL) {
        line->dialling = 0;
        line->tries = 0;
        line->next_ns = HEARSAY_NEVER;
        learn(s, (uint32_t)(line - s->fellows), &n->id);
    }
    struct hsy_fellow *f = hsy_fellow_of(s, &n->id);
    if (f == NULL) {
        return;
    }
    n->fellow = true;
    if (f->dialling == 0) {
        f->next_ns = HEARSAY_NEVER;
    }
    hsy_fellows_sync_start(s, f, n);
    hsy_trials_again(s);
}

void hsy_fellows_link_down(struct hsy_seed *s, const struct hsy_neighbour *gone)
{
    struct hsy_fellow *f = hsy_fellow_of(s, &gone->id);

    if (f == NULL) {
        return;
    }
    HSY_ASSERT(!f->self);
    f->digest_ns = HEARSAY_NEVER;
    if (f->dialling == 0) {
        redial_later(s, f);
    }
}

bool hsy_fellows_dial_failed(struct hsy_seed *s, hearsay_link link,
                             unsigned code)
{
    struct hsy_fellow *f = line_dialled(s, link);

    if (f == NULL) {
        return false;
    }
    f->dialling = 0;
    if (code == HSY_ERROR_OWN_ID) {
        learn(s, (uint32_t)(f - s->fellows), &s->env->id);
        HSY_ASSERT(f->self);
        return true;
    }
    redial_later(s, f);
    return true;
}

static void dial(struct hsy_seed *s, struct hsy_fellow *f)
{
    struct hsy_env *env = s->env;
    uint32_t at = (uint32_t)(f - s->fellows);
    const struct hsy_seed_line *line = hsy_line_at(env, at);

    HSY_ASSERT(f->dialling == 0);
    if (f->known && hsy_neighbour_by_id(s->neighbours, &f->id) != NULL) {
        f->next_ns = HEARSAY_NEVER; /* It dialled us meanwhile. */
        return;
    }
    f->dialling = env->ports.dial(env->ports.ctx, hsy_line_host(env, at),
                                  line->port, line->pinned ? &line->id : NULL);
    f->next_ns = f->dialling != 0
                     ? HEARSAY_NEVER
                     : hsy_time_add(env->now.mono_ns, REDIAL_BASE_NS);
}

static uint64_t tick_line(struct hsy_seed *s, struct hsy_fellow *f)
{
    const struct hsy_neighbour *n =
        f->known ? hsy_neighbour_by_id(s->neighbours, &f->id) : NULL;
    uint64_t next_ns = HEARSAY_NEVER;

    if (f->self || f->twice) {
        return HEARSAY_NEVER;
    }
    if (f->next_ns <= s->env->now.mono_ns) {
        dial(s, f);
    }
    if (n != NULL && n->fellow) {
        next_ns = hsy_fellows_sync_tick(s, f, n);
    }
    HSY_ASSERT(f->next_ns > s->env->now.mono_ns);
    return hsy_time_min(next_ns, f->next_ns);
}

void hsy_fellows_tick(struct hsy_seed *s)
{
    uint64_t next_ns = HEARSAY_NEVER;

    if (s->env->now.mono_ns < s->fellows_next_ns) {
        return;
    }
    for (uint32_t i = 0; i < lines_count(s); i++) {
        next_ns = hsy_time_min(next_ns, tick_line(s, &s->fellows[i]));
    }
    s->fellows_next_ns = next_ns;
    HSY_ASSERT(s->fellows_next_ns > s->env->now.mono_ns);
}
