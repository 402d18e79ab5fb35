/* Who asks: one neighbour at a time, first the one that brought the manifest,
 * for a window of pieces that moves on as they come. So a content streams down
 * the tree behind its manifest, and what is in flight is the receiver's
 * choice. Who does not answer is left for the next; a piece is judged by its
 * hash, so one that comes late from the one before is as good. */
#include <string.h>

#include "base/addr.h"
#include "core/bulk.h"

enum { STALLS_DOUBLED = 3 };

/* A round that found nothing, and nobody else waits. */
#define ROUND_NS (2 * HSY_SECOND)

static uint16_t pieces_of(const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->have <= hsy_pieces_of(e->len));
    return hsy_pieces_of(e->len);
}

static bool is_banned(const struct hsy_bulk_entry *e, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < HSY_BULK_BANNED; i++) {
        if (e->banned[i] == link) {
            return true;
        }
    }
    return false;
}

static bool may_ask(const struct hsy_bulk_entry *e,
                    const struct hsy_neighbour *n)
{
    HSY_ASSERT(n != NULL);
    return n->overlay && hsy_neighbour_has(n, HSY_FETCH) &&
           !is_banned(e, n->link);
}

/* -------------------------------------------------------------------- ask */

static void send_fetch(struct hsy_bulk *b, const struct hsy_bulk_entry *e,
                       uint16_t first)
{
    struct hsy_frame frame = {.type = HSY_FETCH};

    HSY_ASSERT(e->link != 0);
    frame.fetch.id = e->id;
    frame.fetch.first = first;
    frame.fetch.upto = e->asked;
    b->env->counters.fetches_sent++;
    hsy_send(b->env, e->link, &frame);
}

/* How many more pieces may be asked for. */
static uint16_t wants(const struct hsy_bulk_entry *e)
{
    uint32_t upto = (uint32_t)e->have + HSY_BULK_WINDOW;

    if (e->state != HSY_BULK_FETCHING || e->link == 0) {
        return 0;
    }
    upto = upto < pieces_of(e) ? upto : pieces_of(e);
    HSY_ASSERT(e->asked <= upto);
    return (uint16_t)(upto - e->asked);
}

/* @count pieces more. */
static void ask(struct hsy_bulk *b, struct hsy_bulk_entry *e, uint16_t count)
{
    uint16_t first = e->asked;

    HSY_ASSERT(count >= 1 && count <= wants(e));
    e->asked = (uint16_t)(e->asked + count);
    send_fetch(b, e, first);
}

static void ask_soon(struct hsy_bulk *b)
{
    if (b->ask_ns == HEARSAY_NEVER) {
        b->ask_ns = hsy_time_add(b->env->now.mono_ns, b->pause_ns);
    }
    hsy_bulk_plan(b, b->ask_ns);
}

/* Is this machine busy? Then others go first. */
static void adapt_pause(struct hsy_bulk *b)
{
    uint64_t late_ns = hsy_time_since(b->ask_ns, b->env->now.mono_ns);

    if (late_ns > HSY_BULK_LATE_NS) {
        b->pause_ns = hsy_time_min(2 * b->pause_ns, HSY_BULK_PAUSE_MAX_NS);
        b->was_late = true;
    } else {
        uint64_t less_ns = b->pause_ns / (b->was_late ? 32 : 8);
        b->pause_ns =
            hsy_time_max(b->pause_ns - less_ns, HSY_BULK_PAUSE_MIN_NS);
    }
    HSY_ASSERT(b->pause_ns >= HSY_BULK_PAUSE_MIN_NS);
}

/* The one that is behind the others and wants more; NULL. */
static struct hsy_bulk_entry *most_behind(const struct hsy_bulk *b)
{
    struct hsy_bulk_entry *most = NULL;

    for (uint32_t i = 0; i < b->turns; i++) {
        struct hsy_bulk_entry *e = hsy_bulk_turn(b, i);
        if (wants(e) > 0 && (most == NULL || e->asked < most->asked)) {
            most = e;
        }
    }
    HSY_ASSERT(most == NULL || most->link != 0);
    return most;
}

void hsy_fetch_more(struct hsy_bulk *b)
{
    struct hsy_bulk_entry *e = NULL;
    uint32_t left = HSY_BULK_BATCH;

    if (b->env->now.mono_ns < b->ask_ns) {
        hsy_bulk_plan(b, b->ask_ns);
        return;
    }
    adapt_pause(b);
    b->ask_ns = HEARSAY_NEVER;
    while ((e = most_behind(b)) != NULL && left > 0) {
        uint32_t count = wants(e) < left ? wants(e) : left;
        ask(b, e, (uint16_t)count);
        left -= count;
    }
    if (e != NULL) {
        ask_soon(b);
    }
    HSY_ASSERT(left <= HSY_BULK_BATCH);
}

static void set_deadline(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->stalls <= STALLS_DOUBLED);
    e->next_ns =
        hsy_time_add(b->env->now.mono_ns, HSY_BULK_STALL_NS << e->stalls);
    hsy_bulk_plan(b, e->next_ns);
}

static void ask_link(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                     hearsay_link link)
{
    HSY_ASSERT(e->link == 0);
    HSY_ASSERT(e->have < pieces_of(e));
    e->link = link;
    e->tries++;
    e->asked = e->have;
    /* The first ones at once: most messages are not much longer. */
    ask(b, e, wants(e) < HSY_BULK_BATCH ? wants(e) : HSY_BULK_BATCH);
    if (wants(e) > 0) {
        ask_soon(b);
    }
    set_deadline(b, e);
}

/* What the one asked has not sent is not wanted from it any more. */
static void stop_asking(struct hsy_bulk *b, struct hsy_bulk_entry *e, bool tell)
{
    if (e->link == 0) {
        return;
    }
    if (tell) {
        e->asked = e->have;
        send_fetch(b, e, e->have);
    }
    e->before = e->link;
    e->link = 0;
    HSY_ASSERT(e->before != 0);
}

/* The neighbour behind @link by number; NULL: none that may be asked. */
static const struct hsy_neighbour *next_behind(const struct hsy_bulk *b,
                                               const struct hsy_bulk_entry *e,
                                               hearsay_link link)
{
    const struct hsy_neighbour *next = NULL;

    for (uint32_t i = 0; i < hsy_neighbours_count(b->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(b->neighbours, i);
        if (may_ask(e, n) && n->link > link &&
            (next == NULL || n->link < next->link)) {
            next = n;
        }
    }
    HSY_ASSERT(next == NULL || next->link > link);
    return next;
}

static uint32_t count_askable(const struct hsy_bulk *b,
                              const struct hsy_bulk_entry *e)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < hsy_neighbours_count(b->neighbours); i++) {
        count += may_ask(e, hsy_neighbour_at(b->neighbours, i)) ? 1 : 0;
    }
    HSY_ASSERT(count <= hsy_neighbours_count(b->neighbours));
    return count;
}

/* All were asked, and nothing came. True: it is lost, and gone. */
static bool end_round(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    bool late =
        hsy_time_since(e->progress_ns, b->env->now.mono_ns) >= HSY_BULK_LOST_NS;
    bool asked_any = e->tries > 0;
    bool nobody = asked_any && e->nos >= e->tries;

    HSY_ASSERT(e->link == 0);
    e->tries = 0;
    e->nos = 0;
    if (nobody && late) {
        hsy_bulk_lose(b, e);
        return true;
    }
    if (asked_any && b->waiting > 0) {
        hsy_bulk_enter(b, e, HSY_BULK_WAITING); /* Behind the others. */
    }
    e->next_ns = hsy_time_add(b->env->now.mono_ns, ROUND_NS);
    hsy_bulk_plan(b, e->next_ns);
    return false;
}

/* Asks somebody: the one that brought the manifest, or who comes behind the
 * last one asked. @e may be gone afterwards. */
static void ask_somebody(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    const struct hsy_neighbour *n =
        e->from == 0 ? NULL : hsy_neighbour_by_link(b->neighbours, e->from);

    HSY_ASSERT(e->link == 0);
    if (e->tries >= count_askable(b, e)) {
        (void)end_round(b, e);
        return;
    }
    if (n == NULL || e->tries > 0 || !may_ask(e, n)) {
        n = next_behind(b, e, e->before);
        n = n != NULL ? n : next_behind(b, e, 0);
    }
    HSY_ASSERT(n != NULL); /* One at least may be asked. */
    ask_link(b, e, n->link);
}

static void move_on(struct hsy_bulk *b, struct hsy_bulk_entry *e, bool tell)
{
    HSY_ASSERT(e->state == HSY_BULK_FETCHING);
    b->env->counters.fetches_moved++;
    stop_asking(b, e, tell);
    ask_somebody(b, e);
}

/* ------------------------------------------------------------------- turns */

struct share {
    uint32_t turns;
    uint64_t bytes;
};

/* What is being fetched of @origin. */
static struct share share_of(const struct hsy_bulk *b,
                             const struct hearsay_id *origin)
{
    struct share s = {.turns = 0};

    for (uint32_t i = 0; i < b->turns; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_turn(b, i);
        if (hsy_id_equal(origin, &e->origin)) {
            s.turns++;
            s.bytes += e->len;
        }
    }
    HSY_ASSERT(s.turns <= b->turns);
    return s;
}

/* Has its origin a turn left? The first one it has in any case. */
static bool may_begin(const struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    struct share s = share_of(b, &e->origin);
    uint64_t quota = b->env->config.bulk_bytes / HSY_BULK_PARTS;

    HSY_ASSERT(e->state == HSY_BULK_WAITING);
    return s.turns == 0 || (s.turns < HSY_BULK_TURNS / HSY_BULK_PARTS &&
                            s.bytes + e->len <= quota);
}

/* What the application waits for goes first; then who has waited for longest.
 */
static bool goes_before(const struct hsy_bulk_entry *a,
                        const struct hsy_bulk_entry *b)
{
    HSY_ASSERT(a != b);
    return a->to_serve != b->to_serve ? b->to_serve : a->order < b->order;
}

/* The first one that may begin; NULL. One that was asked of everybody in vain
 * rests first. */
static struct hsy_bulk_entry *first_waiting(struct hsy_bulk *b)
{
    struct hsy_bulk_entry *first = NULL;

    for (uint32_t i = 0; i < b->table.count && b->waiting > 0; i++) {
        struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        if (e->state != HSY_BULK_WAITING) {
            continue;
        }
        if (b->env->now.mono_ns < e->next_ns) {
            hsy_bulk_plan(b, e->next_ns);
        } else if ((first == NULL || goes_before(e, first)) &&
                   may_begin(b, e)) {
            first = e;
        }
    }
    HSY_ASSERT(first == NULL || first->state == HSY_BULK_WAITING);
    return first;
}

static uint32_t held_by(const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->state == HSY_BULK_WAITING);
    return e->content == NULL ? 0 : e->content->len;
}

/* Room for all of @e, which may move meanwhile; NULL: there is none. Others
 * make room, and what it holds from an earlier turn may be among that. */
static struct hsy_bulk_entry *reserve(struct hsy_bulk *b,
                                      struct hsy_bulk_entry *e)
{
    struct hsy_bundle_id id = e->id;
    struct hearsay_id origin = e->origin;
    uint32_t held;

    do {
        held = held_by(e);
        if (!hsy_bulk_make_room(b, &origin, e->len - held)) {
            return NULL;
        }
        e = hsy_bulk_find(b, &id);
        HSY_ASSERT(e != NULL);
    } while (held_by(e) != held);
    return e;
}

void hsy_fetch_next(struct hsy_bulk *b)
{
    struct hsy_bulk_entry *e;

    HSY_ASSERT(b->turns <= HSY_BULK_TURNS);
    while (b->turns < HSY_BULK_TURNS && (e = first_waiting(b)) != NULL) {
        e = reserve(b, e);
        if (e == NULL) {
            return; /* The others do not overtake it. */
        }
        hsy_bulk_enter(b, e, HSY_BULK_FETCHING);
        ask_somebody(b, e);
    }
}

void hsy_fetch_tick(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->state == HSY_BULK_FETCHING);
    if (b->env->now.mono_ns < e->next_ns) {
        hsy_bulk_plan(b, e->next_ns);
        return;
    }
    if (e->link == 0) {
        ask_somebody(b, e);
        return;
    }
    e->stalls =
        e->stalls < STALLS_DOUBLED ? (uint8_t)(e->stalls + 1) : STALLS_DOUBLED;
    move_on(b, e, true);
}

void hsy_fetch_link_down(struct hsy_bulk *b, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = b->table.count; i > 0; i--) {
        struct hsy_bulk_entry *e = hsy_bulk_at(b, i - 1);
        e->from = e->from == link ? 0 : e->from;
        if (e->state == HSY_BULK_FETCHING && e->link == link) {
            move_on(b, e, false);
        }
    }
}

/* ------------------------------------------------------------------ coming */

static bool hash_matches(struct hsy_bulk *b, const struct hsy_bulk_entry *e,
                         const struct hsy_piece *piece)
{
    struct hsy_bundle bundle;
    struct hsy_message message;
    uint8_t hash[HSY_PIECE_HASH_LEN];

    hsy_bulk_message(e, &bundle, &message);
    HSY_ASSERT(piece->index < pieces_of(e));
    b->env->ports.hash(b->env->ports.ctx, hash, piece->bytes, piece->len);
    return memcmp(hash, message.hashes + piece->index * sizeof(hash),
                  sizeof(hash)) == 0;
}

/* No honest node has it: each piece is checked before it is passed on. */
static void ban(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                const struct hsy_neighbour *n)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "piece-false");

    HSY_ASSERT(!is_banned(e, n->link));
    b->env->counters.pieces_bad++;
    e->banned[e->banned_next] = n->link;
    e->banned_next = (uint8_t)((e->banned_next + 1) % HSY_BULK_BANNED);
    hsy_note_id(&note, "from", &n->id);
    hsy_note_text(&note, "text",
                  "a piece of a message that is not what its origin signed");
    hsy_tell(b->env, &note);
    if (e->link == n->link) {
        move_on(b, e, true);
    }
}

static void came(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                 const struct hsy_neighbour *n)
{
    struct hsy_bundle_id id = e->id;

    HSY_ASSERT(e->have > 0);
    e->stalls = 0;
    e->tries = e->link != 0 ? 1 : 0; /* A new round, that it begins. */
    e->nos = 0;
    if (e->have == pieces_of(e)) {
        stop_asking(b, e, e->link != n->link);
        hsy_bulk_enter(b, e, HSY_BULK_COMPLETE);
    } else if (e->link != 0) {
        e->asked = e->asked > e->have ? e->asked : e->have;
        if (wants(e) > 0) {
            ask_soon(b);
        }
        set_deadline(b, e);
    }
    hsy_serve_changed(b, &id);
}

/* Only who is done with it counts: who has not heard of it yet may have it
 * later, and so may we. */
static void refused(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                    const struct hsy_neighbour *n, enum hsy_piece_how how)
{
    HSY_ASSERT(how != HSY_PIECE_DATA);
    if (e->state == HSY_BULK_FETCHING && e->link == n->link) {
        e->nos = (uint16_t)(e->nos + (how == HSY_PIECE_GONE ? 1 : 0));
        move_on(b, e, false);
    }
}

/* Is it the one we need, from one that we asked? */
static bool is_wanted(const struct hsy_bulk_entry *e,
                      const struct hsy_neighbour *n,
                      const struct hsy_piece *piece)
{
    HSY_ASSERT(piece->how == HSY_PIECE_DATA);
    return e->state == HSY_BULK_FETCHING && piece->index == e->have &&
           (e->link == n->link || e->before == n->link) &&
           !is_banned(e, n->link);
}

bool hsy_bulk_piece(struct hsy_bulk *b, const struct hsy_neighbour *n,
                    const struct hsy_piece *piece,
                    const struct hsy_bulk_entry **out)
{
    struct hsy_bulk_entry *e = hsy_bulk_find(b, &piece->id);

    *out = NULL;
    HSY_ASSERT(n->overlay);
    if (piece->how != HSY_PIECE_DATA) {
        if (e != NULL) {
            refused(b, e, n, piece->how);
        }
        return true;
    }
    if (e != NULL && (piece->index >= pieces_of(e) ||
                      piece->len != hsy_piece_len(e->len, piece->index))) {
        return false;
    }
    b->env->counters.pieces_in++;
    if (e == NULL || !is_wanted(e, n, piece)) {
        b->env->counters.pieces_unexpected++; /* Late, mostly. */
        return true;
    }
    if (!hash_matches(b, e, piece)) {
        ban(b, e, n);
        return true;
    }
    if (!hsy_bulk_append(b, e, piece)) {
        return true; /* No memory: it is asked for again. */
    }
    came(b, e, n);
    if (e->state == HSY_BULK_COMPLETE && !e->to_serve) {
        *out = e;
    }
    return true;
}
