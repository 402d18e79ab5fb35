/* R1 to R8, from what seeds list, what goes over the wire, and what each
 * process calls its own incarnation.
 *
 * Of every seed and node the checker remembers the rank that was last read
 * there; a seed that is down holds what it held. One fall is no fault: what a
 * seed had learnt and not yet committed when it was killed. It had shown it
 * to nobody who relies on it, for it acknowledges after the commit. The
 * checker knows that something was lost from the writes that were open then,
 * and takes as such what rose within UNSURE_NS before;
 * or, at a seed that is frozen, slow or whose disk may refuse writes, since
 * that began, until there was time to write all of it again.
 *
 * A tombstone that is gone from the list has sunk (24 h) and is remembered by
 * the seed as a floor; a living record that is gone has fallen. Absent (its
 * lease ran out) is a way to be listed, not a fall. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/check.h"

#include <string.h>

#define UNSURE_NS (2 * HSY_SECOND)
/* Facts of a node that does nothing come every second. */
#define NOTICED_NS (1 * HSY_SECOND)
/* A silent death is reported after 42 s at worst and certified within the
 * trial's tries; R5 allows for a lost report, too. */
#define R5_BOUND_NS (120 * HSY_SECOND)
/* R6 asks about nodes that have run undisturbed for so long. */
#define R6_STEADY_NS (60 * HSY_SECOND)

static uint64_t rank_of(const struct hsy_listed *l)
{
    bool dead = l->state == HSY_PEER_DEAD || l->state == HSY_PEER_LEFT;
    return 2 * l->incarnation + (dead ? 1 : 0);
}

static bool is_dead(uint64_t rank)
{
    return (rank & 1) != 0;
}

int hsy_check_registry_init(struct hsy_check_registry *r,
                            struct hsy_findings *f,
                            const struct hsy_promises *promises)
{
    HSY_ASSERT(f->seeds <= HEARSAY_SEEDS_MAX);
    memset(r, 0, sizeof(*r));
    r->f = f;
    r->quorum = f->seeds / 2 + 1;
    r->ping_ns = promises->ping_interval_ns;
    r->bound_ns = R5_BOUND_NS;
    size_t cells = (size_t)f->seeds * f->count;
    r->held = hsy_mem_zalloc(&f->mem, cells * sizeof(*r->held));
    r->subjects = hsy_mem_zalloc(&f->mem, f->count * sizeof(*r->subjects));
    if (r->held == NULL || r->subjects == NULL) {
        hsy_check_registry_fini(r);
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < f->count; i++) {
        r->subjects[i].say_ns = HEARSAY_NEVER;
        r->subjects[i].buried_ns = HEARSAY_NEVER;
    }
    for (uint32_t s = 0; s < f->seeds; s++) {
        r->crashed_ns[s] = HEARSAY_NEVER;
    }
    return HEARSAY_OK;
}

void hsy_check_registry_fini(struct hsy_check_registry *r)
{
    if (r->f == NULL) {
        return; /* Never begun. */
    }
    hsy_mem_free(&r->f->mem, r->held);
    hsy_mem_free(&r->f->mem, r->subjects);
    memset(r, 0, sizeof(*r));
}

static struct hsy_held *held_at(const struct hsy_check_registry *r,
                                uint32_t seed, uint32_t node)
{
    HSY_ASSERT(seed < r->f->seeds);
    HSY_ASSERT(node < r->f->count);
    return &r->held[(size_t)seed * r->f->count + node];
}

void hsy_check_registry_started(struct hsy_check_registry *r, uint32_t node)
{
    r->subjects[node].ended_ns = HEARSAY_NEVER;
}

/* Since when writes of @seed may not have reached its disk; NEVER: they have.
 */
static uint64_t unsaved_since(const struct hsy_check_registry *r, uint32_t seed)
{
    return r->f->now_ns < r->unsaved_until_ns[seed] ? r->unsaved_from_ns[seed]
                                                    : HEARSAY_NEVER;
}

void hsy_check_registry_ended(struct hsy_check_registry *r, uint32_t node,
                              uint32_t writes)
{
    r->subjects[node].ended_ns = r->f->now_ns;
    r->subjects[node].say_ns = HEARSAY_NEVER;
    r->subjects[node].buried_ns = HEARSAY_NEVER;
    if (node < r->f->seeds) {
        r->says[node] = false;
        r->crash_unsaved_ns[node] = unsaved_since(r, node);
        bool may_lose =
            writes > 0 || r->crash_unsaved_ns[node] != HEARSAY_NEVER;
        r->crashed_ns[node] = may_lose ? r->f->now_ns : HEARSAY_NEVER;
    }
}

/* ---------------------------------------------------------- R2 to R4: lists */

/* Nothing says that what @h rose to was on the disk at @at_ns. */
static bool is_unsure(const struct hsy_held *h, uint64_t unsaved_ns,
                      uint64_t at_ns)
{
    return hsy_time_add(h->risen_ns, UNSURE_NS + NOTICED_NS) >= unsaved_ns ||
           hsy_time_since(h->risen_ns, at_ns) < UNSURE_NS;
}

static void read_unsaved(struct hsy_check_registry *r,
                         const struct hsy_fact *fact)
{
    uint64_t now_ns = r->f->now_ns;
    uint64_t *until_ns = &r->unsaved_until_ns[fact->node];
    if (fact->unsaved_ns == 0) {
        return;
    }
    if (now_ns >= *until_ns) {
        r->unsaved_from_ns[fact->node] = now_ns;
    }
    *until_ns = hsy_time_max(*until_ns, hsy_time_add(now_ns, fact->unsaved_ns));
}

/* What @h may have fallen to in the crash of @seed. */
static uint64_t least_rank(const struct hsy_check_registry *r, uint32_t seed,
                           const struct hsy_held *h)
{
    uint64_t at_ns = r->crashed_ns[seed];
    bool lost = at_ns != HEARSAY_NEVER &&
                is_unsure(h, r->crash_unsaved_ns[seed], at_ns);
    return lost ? h->before : h->rank;
}

static void rise(struct hsy_check_registry *r, uint32_t seed,
                 struct hsy_held *h, uint64_t rank)
{
    uint64_t now_ns = r->f->now_ns;
    if (rank > h->rank && !is_unsure(h, unsaved_since(r, seed), now_ns)) {
        h->before = h->rank;
    }
    if (rank != h->rank) {
        h->risen_ns = now_ns;
    }
    h->rank = rank;
}

/* @rank is below what @seed held: fine after a crash, else R2 or R4. */
static void judge_fall(struct hsy_check_registry *r, uint32_t seed,
                       uint32_t subject, uint64_t rank)
{
    struct hsy_held *h = held_at(r, seed, subject);
    if (rank < least_rank(r, seed, h)) {
        struct hsy_words words = {.text = "lists as alive in spite of a "
                                          "tombstone",
                                  .about = subject,
                                  .a_text = "at rank",
                                  .a = rank,
                                  .b_text = "below",
                                  .b = h->rank};
        if (h->grave_rank != 0 && rank != 0 && !is_dead(rank)) {
            hsy_findings_broken(r->f, HSY_R2, seed, &words);
        }
        words.text = "holds less than it did of";
        hsy_findings_broken(r->f, HSY_R4, seed, &words);
    }
    h->grave_rank = 0; /* Said once; or lost in the crash. */
    h->rank = rank;
    h->before = rank;
    h->risen_ns = r->f->now_ns;
}

static void judge_highest(struct hsy_check_registry *r, uint32_t node,
                          const struct hsy_listed *l)
{
    const struct hsy_subject *s = &r->subjects[l->subject];
    hsy_findings_looked(r->f, HSY_R3);
    if (l->incarnation > s->highest) {
        struct hsy_words words = {.text = "has an incarnation never had by",
                                  .about = l->subject,
                                  .a_text = "namely",
                                  .a = l->incarnation,
                                  .b_text = "above",
                                  .b = s->highest};
        hsy_findings_broken(r->f, HSY_R3, node, &words);
    }
}

static void read_line(struct hsy_check_registry *r, uint32_t seed,
                      const struct hsy_listed *l)
{
    struct hsy_held *h = held_at(r, seed, l->subject);
    uint64_t rank = rank_of(l);
    h->read = r->reads[seed];
    h->present = true;
    h->state = l->state;
    if (rank == h->rank) {
        return; /* Nearly always. */
    }
    judge_highest(r, seed, l);
    if (rank < h->rank) {
        judge_fall(r, seed, l->subject, rank);
    }
    rise(r, seed, h, rank);
    if (is_dead(rank)) {
        h->grave_rank = rank;
    }
}

/* The tombstone in @h is in the list no more. It may have sunk, and then its
 * rank is held; or it was not on the disk when @seed crashed, and then the seed
 * may hear from others of the life that it ended. */
static void miss_grave(struct hsy_check_registry *r, uint32_t seed,
                       struct hsy_held *h)
{
    if (least_rank(r, seed, h) < h->rank) {
        h->grave_rank = 0;
        h->rank = 0;
        h->before = 0;
        h->risen_ns = r->f->now_ns;
    }
}

/* The life in @h is in the list no more: fine if the disk had the death before
 * it, and that has sunk. */
static void miss_life(struct hsy_check_registry *r, uint32_t seed,
                      uint32_t subject)
{
    struct hsy_held *h = held_at(r, seed, subject);
    uint64_t rank = least_rank(r, seed, h);
    if (!is_dead(rank)) {
        judge_fall(r, seed, subject, 0);
        return;
    }
    h->rank = rank;
    h->risen_ns = r->f->now_ns;
}

/* What was in the list before and is not now. */
static void read_gaps(struct hsy_check_registry *r, uint32_t seed)
{
    for (uint32_t i = 0; i < r->f->count; i++) {
        struct hsy_held *h = held_at(r, seed, i);
        if (!h->present || h->read == r->reads[seed]) {
            continue;
        }
        h->present = false;
        if (is_dead(h->rank)) {
            miss_grave(r, seed, h);
        } else {
            miss_life(r, seed, i);
        }
    }
}

static void read_list(struct hsy_check_registry *r, const struct hsy_fact *fact)
{
    uint32_t seed = fact->node;
    r->reads[seed]++;
    for (uint32_t i = 0; i < fact->listed_count; i++) {
        read_line(r, seed, &fact->listed[i]);
    }
    read_gaps(r, seed);
    r->crashed_ns[seed] = HEARSAY_NEVER; /* The disk has spoken. */
    hsy_findings_looked(r->f, HSY_R2);
    hsy_findings_looked(r->f, HSY_R4);
}

void hsy_check_registry_fact(struct hsy_check_registry *r,
                             const struct hsy_fact *fact)
{
    struct hsy_subject *s = &r->subjects[fact->node];
    if (!fact->up) {
        return;
    }
    if (fact->incarnation > s->highest) {
        s->highest = fact->incarnation;
    }
    if (!fact->has_say) {
        s->say_ns = HEARSAY_NEVER;
    } else if (s->say_ns == HEARSAY_NEVER) {
        s->say_ns = r->f->now_ns;
    }
    if (fact->node < r->f->seeds) {
        r->says[fact->node] = fact->has_say;
        read_unsaved(r, fact);
        if (fact->listed != NULL) {
            read_list(r, fact);
        }
        return;
    }
    for (uint32_t i = 0; i < fact->listed_count; i++) {
        judge_highest(r, fact->node, &fact->listed[i]);
    }
}

/* ---------------------------------------------------------------- R1 and R8 */

void hsy_check_registry_acked(struct hsy_check_registry *r, uint32_t seed,
                              uint32_t peer, uint64_t incarnation)
{
    held_at(r, seed, peer)->acked = incarnation;
}

/* Seeds that hold @peer at @incarnation or better; harmed ones may. */
static uint32_t holders(const struct hsy_check_registry *r, uint32_t peer,
                        uint64_t incarnation, enum hsy_invariant what)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < r->f->seeds; s++) {
        bool holds = held_at(r, s, peer)->rank >= 2 * incarnation;
        count += holds || hsy_findings_excused(r->f, what, s) ? 1 : 0;
    }
    return count;
}

void hsy_check_registry_claimed(struct hsy_check_registry *r,
                                const struct hsy_claimed *claim)
{
    if (claim->k < claim->q) {
        return; /* It does not say that it is complete. */
    }
    uint64_t incarnation = held_at(r, claim->seed, claim->peer)->acked;
    struct hsy_words words = {.about = HSY_NODE_NONE,
                              .a_text = "held by",
                              .a = holders(r, claim->peer, incarnation, HSY_R8),
                              .b_text = "at incarnation",
                              .b = incarnation};
    hsy_findings_looked(r->f, HSY_R8);
    if (incarnation == 0) {
        words.text = "claims a registration that nobody acknowledged";
    } else if (claim->q < r->quorum || claim->k > r->f->seeds) {
        words.text = "calls a minority a quorum";
    } else if (words.a < r->quorum) {
        words.text = "is registered with a minority";
    }
    if (words.text != NULL) {
        hsy_findings_broken(r->f, HSY_R8, claim->peer, &words);
        return;
    }
    struct hsy_subject *s = &r->subjects[claim->peer];
    s->acked = incarnation > s->acked ? incarnation : s->acked;
}

/* Any q of n seeds are a quorum read; it misses what q of them lack. */
static void look_r1(struct hsy_check_registry *r, uint32_t peer)
{
    struct hsy_subject *s = &r->subjects[peer];
    if (s->acked == 0) {
        return;
    }
    hsy_findings_looked(r->f, HSY_R1);
    uint32_t lack = r->f->seeds - holders(r, peer, s->acked, HSY_R1);
    if (lack >= r->quorum) {
        struct hsy_words words = {.text = "was acknowledged and is lost",
                                  .about = HSY_NODE_NONE,
                                  .a_text = "at incarnation",
                                  .a = s->acked,
                                  .b_text = "seeds that lack it:",
                                  .b = lack};
        hsy_findings_broken(r->f, HSY_R1, peer, &words);
        s->acked = 0; /* Said once. */
    }
}

/* ---------------------------------------------------------------- R5 to R7 */

static bool buried(const struct hsy_check_registry *r, uint32_t node)
{
    for (uint32_t s = 0; s < r->f->seeds; s++) {
        const struct hsy_held *h = held_at(r, s, node);
        if (r->says[s] && h->present && h->state == HSY_PEER_DEAD &&
            h->rank / 2 >= r->subjects[node].highest) {
            return true;
        }
    }
    return false;
}

static void look_r6(struct hsy_check_registry *r, uint32_t node)
{
    struct hsy_subject *s = &r->subjects[node];
    bool steady = s->say_ns != HEARSAY_NEVER &&
                  hsy_time_since(s->say_ns, r->f->now_ns) >= R6_STEADY_NS;
    if (!steady || !buried(r, node)) {
        s->buried_ns = HEARSAY_NEVER;
        s->r6_told = false;
        return;
    }
    if (s->buried_ns == HEARSAY_NEVER) {
        s->buried_ns = r->f->now_ns;
    }
    hsy_findings_looked(r->f, HSY_R6);
    uint64_t since_ns = hsy_time_since(s->buried_ns, r->f->now_ns);
    if (since_ns > r->ping_ns && !s->r6_told) {
        struct hsy_words words = {.text = "lives and is called dead",
                                  .about = HSY_NODE_NONE,
                                  .a_text = "for ms",
                                  .a = since_ns / HSY_MS};
        s->r6_told = true;
        hsy_findings_broken(r->f, HSY_R6, node, &words);
    }
}

void hsy_check_registry_look(struct hsy_check_registry *r)
{
    for (uint32_t i = r->f->seeds; i < r->f->count; i++) {
        look_r1(r, i);
        look_r6(r, i);
    }
}

/* A quorum read takes the highest rank of q lists, so a dead node may be
 * alive in some, as long as fewer than q of all lack the tombstone. */
static void calm_r5(struct hsy_check_registry *r, uint32_t node)
{
    const struct hsy_subject *s = &r->subjects[node];
    if (s->highest == 0 || s->ended_ns == HEARSAY_NEVER ||
        hsy_time_since(s->ended_ns, r->f->now_ns) < r->bound_ns) {
        return;
    }
    uint32_t lack = 0;
    uint32_t alive = 0;
    for (uint32_t i = 0; i < r->f->seeds; i++) {
        const struct hsy_held *h = held_at(r, i, node);
        lack += h->grave_rank < 2 * s->highest + 1 ? 1 : 0;
        alive += r->says[i] && h->present && h->state == HSY_PEER_ALIVE ? 1 : 0;
    }
    hsy_findings_looked(r->f, HSY_R5);
    if (alive > 0 && lack >= r->quorum) {
        struct hsy_words words = {
            .text = "is dead and still listed",
            .about = HSY_NODE_NONE,
            .a_text = "by seeds:",
            .a = alive,
            .b_text = "after ms",
            .b = hsy_time_since(s->ended_ns, r->f->now_ns) / HSY_MS};
        hsy_findings_broken(r->f, HSY_R5, node, &words);
    }
}

static void calm_r7(struct hsy_check_registry *r, uint32_t first,
                    uint32_t other)
{
    hsy_findings_looked(r->f, HSY_R7);
    for (uint32_t i = 0; i < r->f->count; i++) {
        uint64_t a = held_at(r, first, i)->rank;
        uint64_t b = held_at(r, other, i)->rank;
        if (a != b) {
            struct hsy_words words = {.text = "differs from a fellow about",
                                      .about = i,
                                      .a_text = "by rank",
                                      .a = b,
                                      .b_text = "against",
                                      .b = a};
            hsy_findings_broken(r->f, HSY_R7, other, &words);
            return;
        }
    }
}

void hsy_check_registry_calm(struct hsy_check_registry *r)
{
    for (uint32_t i = r->f->seeds; i < r->f->count; i++) {
        calm_r5(r, i);
    }
    uint32_t first = r->f->seeds;
    for (uint32_t s = 0; s < r->f->seeds; s++) {
        if (!r->says[s]) {
            continue;
        }
        if (first == r->f->seeds) {
            first = s;
        } else {
            calm_r7(r, first, s);
        }
    }
}
