/* Seats: one per line of config.txt. As long as fewer than q are in use, a
 * random idle one is tried. A seat that fails waits, with back-off, and the
 * next one gets its turn. So "replace an unreachable seed" and "join" and
 * "hold the quorum for ever" are the same loop. */
#include "core/join.h"

#include "base/addr.h"
#include "base/mem.h"
#include "core/lines.h"

#define RETRY_BASE_NS (1 * HSY_SECOND)
/* Only who has no quorum dials at all. Of 5,000 peers whose seeds are gone
 * each second some 700 do, until one of their seeds is back. */
#define RETRY_CAP_NS (15 * HSY_SECOND)
/* A seed has 4 s to write it to its disk; and then its answer is on its way. */
#define DISK_WAIT_NS (4 * HSY_SECOND)
#define ANSWER_WAIT_NS (1 * HSY_SECOND)
#define COMPLAIN_EVERY_NS (5 * HSY_SECOND)
#define ASK_BASE_NS (1 * HSY_SECOND)
#define ASK_CAP_NS (60 * HSY_SECOND)

/* Rows: from. Columns: to. Anything may fall back to IDLE. */
static const bool edges[5][5] = {
    [HSY_SEAT_IDLE] = {[HSY_SEAT_DIALLING] = true, [HSY_SEAT_LINKED] = true},
    [HSY_SEAT_DIALLING] = {[HSY_SEAT_LINKED] = true, [HSY_SEAT_IDLE] = true},
    [HSY_SEAT_LINKED] = {[HSY_SEAT_REGISTERING] = true, [HSY_SEAT_IDLE] = true},
    [HSY_SEAT_REGISTERING] = {[HSY_SEAT_REGISTERED] = true,
                              [HSY_SEAT_LINKED] = true,
                              [HSY_SEAT_IDLE] = true},
    [HSY_SEAT_REGISTERED] =
        {[HSY_SEAT_REGISTERING] = true, [HSY_SEAT_IDLE] = true},
};

static void enter(struct hsy_join *j, struct hsy_seat *seat,
                  enum hsy_seat_state to, uint64_t next_ns)
{
    HSY_ASSERT(edges[seat->state][to]);
    HSY_ASSERT((to == HSY_SEAT_DIALLING) == (seat->dialling != 0));
    seat->state = to;
    seat->next_ns = next_ns;
    j->next_ns = hsy_time_min(j->next_ns, next_ns);
}

int hsy_join_init(struct hsy_join *j, struct hsy_env *env,
                  struct hsy_neighbours *neighbours,
                  struct hsy_overlay *overlay, struct hsy_self *self)
{
    uint32_t count = hsy_lines_count(env);

    HSY_ASSERT(count >= 1);
    *j = (struct hsy_join){.env = env,
                           .neighbours = neighbours,
                           .overlay = overlay,
                           .self = self,
                           .give_up_ns = HEARSAY_NEVER,
                           .next_ns = HEARSAY_NEVER};
    j->seats = hsy_mem_zalloc(&env->mem, count * sizeof(*j->seats));
    if (j->seats == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct hsy_seed_line *line = hsy_line_at(env, i);
        j->seats[i].known = line->pinned;
        j->seats[i].id = line->id;
    }
    return 0;
}

void hsy_join_fini(struct hsy_join *j)
{
    HSY_ASSERT(j->env != NULL);
    hsy_mem_free(&j->env->mem, j->seats);
    j->seats = NULL;
}

void hsy_join_start(struct hsy_join *j)
{
    uint64_t now_ns = j->env->now.mono_ns;
    uint64_t timeout_ns = j->env->config.join_timeout_ns;

    j->started_ns = now_ns;
    j->next_ns = now_ns;
    j->complain_ns = now_ns;
    if (timeout_ns > 0) {
        j->give_up_ns = hsy_time_add(now_ns, timeout_ns);
    }
    HSY_ASSERT(j->give_up_ns > now_ns);
}

struct hsy_votes hsy_join_votes(const struct hsy_join *j)
{
    struct hsy_votes votes = hsy_votes(j->env);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        if (j->seats[i].twin) {
            hsy_votes_void(&votes);
        }
    }
    HSY_ASSERT(votes.seeds >= 1);
    return votes;
}

static struct hsy_votes registered(const struct hsy_join *j)
{
    struct hsy_votes votes = hsy_join_votes(j);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        if (j->seats[i].state == HSY_SEAT_REGISTERED) {
            hsy_votes_add(&votes, i);
        }
    }
    HSY_ASSERT(votes.count <= votes.seeds);
    return votes;
}

uint32_t hsy_join_seeds(const struct hsy_join *j)
{
    return hsy_join_votes(j).seeds;
}

uint32_t hsy_join_quorum(const struct hsy_join *j)
{
    struct hsy_votes votes = hsy_join_votes(j);

    return hsy_votes_majority(&votes);
}

uint32_t hsy_join_registered(const struct hsy_join *j)
{
    return registered(j).count;
}

bool hsy_join_is_held(const struct hsy_join *j)
{
    struct hsy_votes votes = registered(j);

    return hsy_votes_missing(&votes) == 0;
}

static struct hsy_seat *seat_of(struct hsy_join *j, const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->known && !seat->twin && hsy_id_equal(&seat->id, id)) {
            return seat;
        }
    }
    return NULL;
}

uint32_t hsy_join_line_of(const struct hsy_join *j, const struct hearsay_id *id)
{
    uint32_t line = 0;

    HSY_ASSERT(id != NULL);
    while (line < hsy_lines_count(j->env) &&
           (!j->seats[line].known || j->seats[line].twin ||
            !hsy_id_equal(&j->seats[line].id, id))) {
        line++;
    }
    return line < hsy_lines_count(j->env) ? line : HEARSAY_SEEDS_MAX;
}

uint32_t hsy_join_unknown(const struct hsy_join *j)
{
    uint32_t count = 0;

    HSY_ASSERT(j->seats != NULL);
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        count += j->seats[i].known ? 0 : 1;
    }
    return count;
}

bool hsy_join_is_seat(const struct hsy_join *j, const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        const struct hsy_seat *seat = &j->seats[i];
        if (seat->known && hsy_id_equal(&seat->id, id)) {
            return true;
        }
    }
    return false;
}

static void seat_note(struct hsy_join *j, enum hearsay_level level,
                      const char *event, const struct hsy_seat *seat)
{
    struct hsy_note note = hsy_note(level, event);
    uint32_t line = (uint32_t)(seat - j->seats);

    HSY_ASSERT(line < hsy_lines_count(j->env));
    if (seat->known) {
        hsy_note_id(&note, "seed", &seat->id);
    }
    hsy_note_text(&note, "host", hsy_line_host(j->env, line));
    hsy_note_u64(&note, "port", hsy_line_at(j->env, line)->port);
    hsy_note_u64(&note, "k", hsy_join_registered(j));
    hsy_note_u64(&note, "q", hsy_join_quorum(j));
    hsy_tell(j->env, &note);
}

/* ---------------------------------------------------------- trying seats */

static void give_up(struct hsy_join *j, struct hsy_seat *seat,
                    enum hearsay_level level, const char *event)
{
    struct hsy_env *env = j->env;

    HSY_ASSERT(seat->state != HSY_SEAT_IDLE);
    seat->dialling = 0;
    seat->failed = true;
    seat->unreached = false; /* What is not held says nothing. */
    uint64_t wait_ns =
        hsy_backoff_ns(env, seat->tries, RETRY_BASE_NS, RETRY_CAP_NS);
    seat->tries++;
    enter(j, seat, HSY_SEAT_IDLE, hsy_time_add(env->now.mono_ns, wait_ns));
    j->next_ns = env->now.mono_ns; /* Another seat's turn. */
    if (!j->stopped) {
        seat_note(j, level, event, seat);
    }
}

/* That a seed is away matters when it held a registration. */
static void fail(struct hsy_join *j, struct hsy_seat *seat, const char *event)
{
    bool held = seat->state == HSY_SEAT_REGISTERED;

    HSY_ASSERT(event != NULL);
    give_up(j, seat, held ? HEARSAY_WARN : HEARSAY_DEBUG, event);
}

/* The seats in use would be no majority, though all came to hold it. */
static bool is_short(const struct hsy_join *j)
{
    struct hsy_votes busy = hsy_join_votes(j);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        if (j->seats[i].state != HSY_SEAT_IDLE) {
            hsy_votes_add(&busy, i);
        }
    }
    return hsy_votes_missing(&busy) > 0;
}

/* Of the idle seats that are due the one that has been for longest; NULL: none
 * is. So each gets its turn, however long a dial of another one takes. Those
 * that wait equally long, as all do at first, have equal chances. */
static struct hsy_seat *pick_seat(struct hsy_join *j)
{
    struct hsy_seat *picked = NULL;
    uint64_t equals = 0;

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->state != HSY_SEAT_IDLE || seat->twin ||
            seat->next_ns > j->env->now.mono_ns ||
            (picked != NULL && seat->next_ns > picked->next_ns)) {
            continue;
        }
        bool equal = picked != NULL && seat->next_ns == picked->next_ns;
        equals = equal ? equals + 1 : 1;
        if (hsy_prng_below(&j->env->prng, equals) == 0) {
            picked = seat; /* Reservoir of one: uniform. */
        }
    }
    HSY_ASSERT((picked == NULL) == (equals == 0));
    return picked;
}

static void register_at(struct hsy_join *j, struct hsy_seat *seat,
                        const struct hsy_neighbour *n)
{
    struct hsy_frame frame = {.type = HSY_REGISTER};
    uint64_t wait_ns = DISK_WAIT_NS + hsy_neighbour_wait_ns(n, ANSWER_WAIT_NS);

    HSY_ASSERT(seat->state != HSY_SEAT_IDLE);
    if (seat->state == HSY_SEAT_REGISTERING) {
        enter(j, seat, HSY_SEAT_LINKED, HEARSAY_NEVER); /* Start over. */
    }
    if (j->self->state != HSY_SELF_READY || !hsy_self_has_addr(j->self)) {
        return; /* hsy_join_record_ready() comes back to it. */
    }
    frame.reg = j->self->record;
    enter(j, seat, HSY_SEAT_REGISTERING,
          hsy_time_add(j->env->now.mono_ns, wait_ns));
    hsy_send(j->env, n->link, &frame);
}

static void take_seat(struct hsy_join *j, struct hsy_seat *seat)
{
    uint32_t at = (uint32_t)(seat - j->seats);
    const struct hsy_seed_line *line = hsy_line_at(j->env, at);
    const struct hsy_neighbour *n =
        seat->known ? hsy_neighbour_by_id(j->neighbours, &seat->id) : NULL;
    struct hsy_env *env = j->env;

    HSY_ASSERT(seat->state == HSY_SEAT_IDLE);
    if (n != NULL && n->role == HEARSAY_SEED) { /* It linked to us. */
        enter(j, seat, HSY_SEAT_LINKED, HEARSAY_NEVER);
        register_at(j, seat, n);
        return;
    }
    seat->dialling =
        env->ports.dial(env->ports.ctx, hsy_line_host(env, at), line->port,
                        seat->known && line->pinned ? &seat->id : NULL);
    if (seat->dialling == 0) {
        seat->next_ns = hsy_time_add(env->now.mono_ns, RETRY_BASE_NS);
        return;
    }
    enter(j, seat, HSY_SEAT_DIALLING, HEARSAY_NEVER);
}

/* Every seat that is not in use has failed: say what is missing. */
static void complain(struct hsy_join *j)
{
    struct hsy_env *env = j->env;
    struct hsy_note note = hsy_note(HEARSAY_WARN, "no-quorum");

    for (uint32_t i = 0; i < hsy_lines_count(env); i++) {
        const struct hsy_seat *seat = &j->seats[i];
        if (seat->state != HSY_SEAT_REGISTERED && !seat->failed &&
            !seat->twin) {
            return;
        }
    }
    if (env->now.mono_ns < j->complain_ns) {
        return;
    }
    j->complain_ns = hsy_time_add(env->now.mono_ns, COMPLAIN_EVERY_NS);
    hsy_note_u64(&note, "k", hsy_join_registered(j));
    hsy_note_u64(&note, "q", hsy_join_quorum(j));
    hsy_note_u64(&note, "n", hsy_join_seeds(j));
    hsy_note_text(&note, "text",
                  "too few seeds answer; check that they run and that the "
                  "seed list names them; retrying");
    hsy_tell(env, &note);
}

static void expire(struct hsy_join *j)
{
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->state == HSY_SEAT_REGISTERING &&
            seat->next_ns <= j->env->now.mono_ns) {
            const struct hsy_neighbour *n =
                hsy_neighbour_by_id(j->neighbours, &seat->id);
            if (n != NULL && !seat->mute) {
                seat->mute = true; /* Asked once more, then given up. */
                register_at(j, seat, n);
            } else {
                fail(j, seat, "seed-mute");
            }
        }
    }
}

static uint64_t next_deadline(const struct hsy_join *j)
{
    uint64_t next_ns = j->give_up_ns;
    bool full = !is_short(j);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        const struct hsy_seat *seat = &j->seats[i];
        bool idle = seat->state == HSY_SEAT_IDLE;
        if (!seat->twin && (!idle || !full)) {
            next_ns = hsy_time_min(next_ns, seat->next_ns);
        }
    }
    HSY_ASSERT(j->stopped || next_ns > 0);
    return next_ns;
}

const struct hsy_neighbour *hsy_join_holder(const struct hsy_join *j,
                                            uint32_t index)
{
    const struct hsy_seat *seat = &j->seats[index];

    HSY_ASSERT(index < hsy_lines_count(j->env));
    return seat->state == HSY_SEAT_REGISTERED
               ? hsy_neighbour_by_id(j->neighbours, &seat->id)
               : NULL;
}

bool hsy_join_is_strained(const struct hsy_join *j)
{
    struct hsy_votes well = hsy_join_votes(j);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        const struct hsy_neighbour *n = hsy_join_holder(j, i);
        if (n != NULL && n->strikes == 0) {
            hsy_votes_add(&well, i);
        }
    }
    HSY_ASSERT(well.count <= hsy_join_registered(j));
    return j->joined && hsy_votes_missing(&well) > 0;
}

/* To one of our seeds, in turn: what comes back is large. */
static void tell_one(struct hsy_join *j, const struct hsy_frame *frame)
{
    uint32_t count = hsy_lines_count(j->env);
    const struct hsy_neighbour *n = NULL;

    HSY_ASSERT(count > 0);
    for (uint32_t i = 0; i < count && n == NULL; i++) {
        j->told = (j->told + 1) % count;
        n = hsy_join_holder(j, j->told);
    }
    if (n != NULL) {
        hsy_send(j->env, n->link, frame);
    }
}

/* Candidates ran out: ask one of our seeds for more. */
static void ask_for_peers(struct hsy_join *j)
{
    struct hsy_overlay *o = j->overlay;
    struct hsy_env *env = j->env;
    bool sorted = env->config.overlay == HEARSAY_OVERLAY_TOP_HALF && !o->listed;

    if (!o->hungry || env->now.mono_ns < o->ask_next_ns) {
        return;
    }
    /* Not sooner: most steps end above, and a frame is large. */
    struct hsy_frame frame = {.type = HSY_PEERS_GET};
    frame.peers_get.kind = sorted ? HSY_PEERS_TOP : HSY_PEERS_SAMPLE;
    frame.peers_get.count =
        sorted ? (uint16_t)hsy_overlay_half(o) : HSY_SAMPLE_MAX;
    uint64_t wait_ns = hsy_backoff_ns(env, o->asks, ASK_BASE_NS, ASK_CAP_NS);
    o->asks++;
    o->hungry = false;
    o->ask_next_ns = hsy_time_add(env->now.mono_ns, ASK_BASE_NS + wait_ns);
    if (!sorted && hsy_overlay_complete(o)) {
        o->doubtful = true; /* Is there anybody else? */
        return;
    }
    tell_one(j, &frame);
}

/* Every PEERS says what N is; a look-up of ourselves is the shortest. */
static void ask_for_count(struct hsy_join *j)
{
    if (!j->overlay->doubtful) {
        return;
    }
    struct hsy_frame frame = {.type = HSY_LOOKUP};
    j->overlay->doubtful = false;
    frame.lookup = j->env->id;
    struct hsy_votes told = hsy_join_tell_seeds(j, &frame);
    HSY_ASSERT(told.count <= hsy_join_seeds(j));
}

void hsy_join_tick(struct hsy_join *j)
{
    struct hsy_env *env = j->env;

    if (j->stopped) {
        return;
    }
    ask_for_peers(j);
    ask_for_count(j);
    if (env->now.mono_ns < j->next_ns) {
        return;
    }
    expire(j);
    struct hsy_seat *seat;
    while (is_short(j) && (seat = pick_seat(j)) != NULL) {
        take_seat(j, seat);
    }
    if (!hsy_join_is_held(j)) {
        complain(j);
    }
    if (!j->joined && env->now.mono_ns >= j->give_up_ns) {
        j->stopped = true;
        env->ports.stop(env->ports.ctx, HEARSAY_STOP_JOIN_TIMEOUT,
                        "no quorum of seeds within --join-timeout: check that "
                        "the seeds run and that the seed list names them");
        return;
    }
    j->next_ns = next_deadline(j);
}

/* ------------------------------------------------------------- answers */

static void free_twins(struct hsy_join *j)
{
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->twin) {
            HSY_ASSERT(seat->state == HSY_SEAT_IDLE);
            seat->twin = false;
            seat->known = false;
            seat->next_ns = j->env->now.mono_ns;
        }
    }
}

/* The seat that a dial of ours was for; learns the id of its line. */
static struct hsy_seat *seat_dialled(struct hsy_join *j, hearsay_link own_dial,
                                     const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->state != HSY_SEAT_DIALLING || seat->dialling != own_dial) {
            continue;
        }
        if (seat->known && !hsy_id_equal(&seat->id, id)) {
            free_twins(j); /* Lines have changed hands: look again. */
        }
        struct hsy_seat *same = seat_of(j, id);
        seat->dialling = 0;
        seat->id = *id;
        seat->known = true;
        if (same != NULL && same != seat) {
            seat->twin = true;
            enter(j, seat, HSY_SEAT_IDLE, HEARSAY_NEVER);
            seat_note(j, HEARSAY_WARN, "seed-twice", seat);
            return NULL;
        }
        return seat;
    }
    return NULL;
}

void hsy_join_link_up(struct hsy_join *j, const struct hsy_neighbour *n,
                      hearsay_link own_dial)
{
    struct hsy_seat *seat =
        own_dial != 0 ? seat_dialled(j, own_dial, &n->id) : NULL;

    if (seat != NULL && n->role != HEARSAY_SEED) {
        fail(j, seat, "not-a-seed");
        return;
    }
    if (seat != NULL) {
        HSY_ASSERT(hsy_id_equal(&seat->id, &n->id));
        enter(j, seat, HSY_SEAT_LINKED, HEARSAY_NEVER);
        seat->tries = 0;
        seat->failed = false;
    } else {
        seat = seat_of(j, &n->id); /* Its link was replaced. */
    }
    if (seat != NULL && seat->state != HSY_SEAT_IDLE &&
        seat->state != HSY_SEAT_DIALLING) {
        register_at(j, seat, n);
    }
    j->next_ns = j->env->now.mono_ns;
}

bool hsy_join_dial_failed(struct hsy_join *j, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        if (seat->state == HSY_SEAT_DIALLING && seat->dialling == link) {
            fail(j, seat, "seed-unreachable");
            return true;
        }
    }
    return false;
}

void hsy_join_link_down(struct hsy_join *j, const struct hearsay_id *id)
{
    struct hsy_seat *seat = seat_of(j, id);

    HSY_ASSERT(hsy_neighbour_by_id(j->neighbours, id) == NULL);
    if (seat != NULL && seat->state != HSY_SEAT_IDLE &&
        seat->state != HSY_SEAT_DIALLING) {
        fail(j, seat, "seed-lost");
    }
}

void hsy_join_record_ready(struct hsy_join *j)
{
    HSY_ASSERT(j->self->state == HSY_SELF_READY);
    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        struct hsy_seat *seat = &j->seats[i];
        const struct hsy_neighbour *n =
            seat->known ? hsy_neighbour_by_id(j->neighbours, &seat->id) : NULL;
        if (n != NULL && seat->state != HSY_SEAT_IDLE &&
            seat->state != HSY_SEAT_DIALLING) {
            register_at(j, seat, n);
        }
    }
}

void hsy_join_note_list(struct hsy_join *j, const struct hearsay_id *seed,
                        const struct hsy_records *list, uint32_t added)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "peer-list");

    HSY_ASSERT(added <= list->count);
    hsy_note_id(&note, "seed", seed);
    hsy_note_u64(&note, "count", list->count);
    hsy_note_u64(&note, "new", added);
    hsy_note_u64(&note, "peers", j->overlay->peers_count);
    hsy_tell(j->env, &note);
}

static void seated(struct hsy_join *j, struct hsy_seat *seat,
                   const struct hsy_registered *answer)
{
    enter(j, seat, HSY_SEAT_REGISTERED, HEARSAY_NEVER);
    seat->mute = false;
    seat_note(j, HEARSAY_INFO, "registered", seat);
    hsy_overlay_told_count(j->overlay, answer->peers_count);
    uint32_t added =
        hsy_overlay_learn(j->overlay, &answer->sample, answer->by_degree);
    hsy_join_note_list(j, &seat->id, &answer->sample, added);
    if (!j->joined && hsy_join_is_held(j)) {
        j->joined = true;
        j->give_up_ns = HEARSAY_NEVER;
        hsy_overlay_activate(j->overlay);
    }
    HSY_ASSERT(hsy_join_registered(j) >= 1);
}

bool hsy_join_registered_frame(struct hsy_join *j,
                               const struct hsy_neighbour *n,
                               const struct hsy_registered *answer)
{
    struct hsy_seat *seat = seat_of(j, &n->id);

    if (seat != NULL && answer->verdict == HSY_REGISTERED_STALE) {
        /* Asked for or not: somebody has a record of ours that ranks higher. */
        hsy_self_step_above(j->self, answer->known_rank);
        return false;
    }
    if (seat == NULL || seat->state != HSY_SEAT_REGISTERING ||
        answer->incarnation != j->self->record.incarnation) {
        return false; /* An answer to what we no longer are. */
    }
    switch (answer->verdict) {
    case HSY_REGISTERED_OK:
        seated(j, seat, answer);
        return true;
    case HSY_REGISTERED_STALE:
        return false; /* Dealt with above. */
    case HSY_REGISTERED_FULL:
        give_up(j, seat, HEARSAY_WARN, "seed-full");
        return false;
    case HSY_REGISTERED_NO_ADDR:
        seat_note(j, HEARSAY_WARN, "no-address", seat);
        return false;
    }
    return false;
}

/* It does, or is asked to again. */
static bool holds(const struct hsy_seat *seat)
{
    return seat->state == HSY_SEAT_REGISTERED ||
           seat->state == HSY_SEAT_REGISTERING;
}

bool hsy_join_reach(struct hsy_join *j, const struct hearsay_id *id,
                    bool reached)
{
    struct hsy_seat *seat = seat_of(j, id);

    HSY_ASSERT(id != NULL);
    if (seat == NULL || !holds(seat)) {
        return false;
    }
    seat->unreached = !reached;
    return true;
}

bool hsy_join_is_unreached(const struct hsy_join *j)
{
    uint32_t held = 0;
    uint32_t unreached = 0;

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        const struct hsy_seat *seat = &j->seats[i];
        if (holds(seat)) {
            held++;
            unreached += seat->unreached ? 1 : 0;
        }
    }
    HSY_ASSERT(unreached <= held);
    return 2 * unreached > held;
}

bool hsy_join_seed_at(const struct hsy_join *j, uint32_t line,
                      struct hearsay_id *out)
{
    const struct hsy_seat *seat = &j->seats[line];

    HSY_ASSERT(line < hsy_lines_count(j->env));
    *out = seat->id;
    return seat->known && !seat->twin;
}

bool hsy_join_may_bridge(struct hsy_join *j, const struct hearsay_id *id)
{
    struct hsy_seat *seat = seat_of(j, id);
    uint64_t now_ns = j->env->now.mono_ns;

    if (seat == NULL || seat->bridge_next_ns > now_ns) {
        return false;
    }
    seat->bridge_next_ns = hsy_time_add(now_ns, HSY_MINUTE);
    HSY_ASSERT(seat->bridge_next_ns > now_ns);
    return true;
}

struct hsy_votes hsy_join_tell_seeds(struct hsy_join *j,
                                     const struct hsy_frame *frame)
{
    struct hsy_votes told = hsy_join_votes(j);

    for (uint32_t i = 0; i < hsy_lines_count(j->env); i++) {
        const struct hsy_neighbour *n = hsy_join_holder(j, i);
        if (n != NULL) {
            hsy_send(j->env, n->link, frame);
            hsy_votes_add(&told, i);
        }
    }
    HSY_ASSERT(told.count <= told.seeds);
    return told;
}
