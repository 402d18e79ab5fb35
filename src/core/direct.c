/* A DIRECT follows the ways that every node on it has learnt by listening
 * (ways.h). Where there is none it is spread, and the receipt that comes back
 * teaches the way: only the first message to a silent node costs more than its
 * path. A retry is spread as well, for it says that the way was wrong. A copy
 * is known by its id and attempt, so circles end; hops end the rest. */
#include "core/direct.h"

#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "core/push.h"
#include "core/queries.h"
#include "core/relay.h"

/* What found no memory or no job is tried again. */
#define RETRY_NS (10 * HSY_MS)

/* One of our own. */
struct out {
    uint64_t number; /* Key. */
    struct hearsay_id to;
    uint64_t deadline_ns, next_ns; /* The end; the next attempt. */
    uint64_t wait_ns;
    uint8_t *bytes; /* Owned: signed and encoded; NULL: not yet. */
    uint32_t len;
    enum hsy_direct_kind kind;
    enum hearsay_outcome outcome;
    bool over; /* The outcome is known, and not told yet. */
    bool silent;
    uint8_t attempt;
};

/* What a receipt is about. */
struct about {
    struct hsy_epoch of;
    uint64_t number;
};

/* A receipt, given or being signed: a retry gets the same one again. */
struct receipt {
    struct about about; /* Key. */
    uint64_t wall_ms;
    struct hsy_sig sig;
    bool is_signed;
    uint8_t attempt;
    uint8_t unused[6];
};

void hsy_directs_init(struct hsy_directs *d, struct hsy_env *env,
                      struct hsy_neighbours *neighbours,
                      const struct hsy_tree *tree)
{
    HSY_ASSERT(tree != NULL);
    *d = (struct hsy_directs){.env = env,
                              .neighbours = neighbours,
                              .tree = tree,
                              .next_ns = HEARSAY_NEVER};
    hsy_ways_init(&d->ways, env, neighbours);
    hsy_once_init(&d->once, env);
    hsy_ring_init(
        &d->seen, env,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct hsy_bundle_id),
                                 .items_max = HSY_DIRECT_SEEN_MAX});
    hsy_ring_init(
        &d->receipts, env,
        (struct hsy_table_shape){.key_len = sizeof(struct about),
                                 .item_len = sizeof(struct receipt),
                                 .items_max = HSY_DIRECT_RECEIPTS_MAX});
    hsy_table_init(
        &d->outs, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(uint64_t),
                                 .item_len = sizeof(struct out),
                                 .items_max = 2 * HSY_DIRECT_OPEN_MAX},
        env->config.hash_salt);
}

void hsy_directs_fini(struct hsy_directs *d)
{
    HSY_ASSERT(d->env != NULL);
    for (uint32_t i = 0; i < d->outs.count; i++) {
        struct out *out = hsy_table_at(&d->outs, i);
        hsy_mem_free(&d->env->mem, out->bytes);
    }
    hsy_table_fini(&d->outs);
    hsy_ring_fini(&d->receipts);
    hsy_ring_fini(&d->seen);
    hsy_once_fini(&d->once);
    hsy_ways_fini(&d->ways);
}

static bool is_own(const struct hsy_directs *d, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_id_equal(id, &d->env->id);
}

/* Fixed for the life of the process, as the numbers are. */
static void fix_epoch(struct hsy_directs *d, uint64_t incarnation)
{
    HSY_ASSERT(incarnation > 0);
    d->incarnation = d->incarnation == 0 ? incarnation : d->incarnation;
}

/* --------------------------------------------------------------- sending on */

/* Not over the eager links only, when those may be what is broken. */
static void spread(struct hsy_directs *d, struct hsy_push *p,
                   const struct hsy_neighbour *except)
{
    const struct hsy_direct *direct = &p->frame->direct.direct;
    bool all = p->frame->direct.attempt >= 2 ||
               d->env->now.mono_ns < d->tree->flood_until_ns;

    for (uint32_t i = 0; i < hsy_neighbours_count(d->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(d->neighbours, i);
        if (n != except && hsy_ways_usable(n) && (all || n->eager) &&
            !hsy_id_equal(&n->id, &direct->origin)) {
            hsy_push_to(p, n->link);
        }
    }
    hsy_push_flush(p);
    d->env->counters.directs_spread += p->sent;
    HSY_ASSERT(p->count == 0);
}

/* May @frame go along the way @n alone? A receipt goes back where the message
 * came from just now. */
static bool is_trusted(const struct hsy_neighbour *n,
                       const struct hsy_frame *frame)
{
    const struct hsy_direct *direct = &frame->direct.direct;
    bool sure =
        direct->kind == HSY_DIRECT_RECEIPT || hsy_id_equal(&n->id, &direct->to);

    HSY_ASSERT(n->overlay);
    return frame->direct.attempt < (sure ? 2 : 1);
}

/* Returns over how many links it went. @except may be NULL. */
static uint32_t send_on(struct hsy_directs *d, const struct hsy_frame *frame,
                        const struct hsy_neighbour *except)
{
    const struct hsy_direct *direct = &frame->direct.direct;
    struct hsy_neighbour *n = hsy_ways_find(&d->ways, &direct->to);
    struct hsy_push p;

    HSY_ASSERT(!is_own(d, &direct->to));
    hsy_push_begin(&p, d->env, frame);
    if (n != NULL && n != except && is_trusted(n, frame)) {
        hsy_push_to(&p, n->link);
        hsy_push_flush(&p);
    } else {
        spread(d, &p, except);
    }
    return p.sent;
}

static void send_own(struct hsy_directs *d, const struct hsy_direct *direct,
                     uint8_t attempt)
{
    struct hsy_frame frame = {.type = HSY_DIRECT};

    HSY_ASSERT(is_own(d, &direct->origin));
    frame.direct.hops_left = HSY_DIRECT_HOPS_MAX;
    frame.direct.attempt = attempt;
    frame.direct.direct = *direct;
    (void)send_on(d, &frame, NULL);
}

/* ------------------------------------------------------------------ own ones
 */

static uint32_t *open_of(struct hsy_directs *d, enum hsy_direct_kind kind)
{
    HSY_ASSERT(kind != HSY_DIRECT_RECEIPT);
    return &d->open[kind == HSY_DIRECT_ANSWER ? 1 : 0];
}

static int fault_of(const struct hsy_directs *d,
                    const struct hsy_direct_wish *wish)
{
    if (wish->direct.payload_len > HEARSAY_DIRECT_MAX ||
        wish->direct.topic_len > HSY_TOPIC_MAX) {
        return HEARSAY_ERR_TOO_BIG;
    }
    HSY_ASSERT(wish->direct.kind != HSY_DIRECT_RECEIPT);
    return is_own(d, &wish->direct.to) ||
                   wish->timeout_ns < HSY_DIRECT_TIMEOUT_MIN_NS ||
                   wish->timeout_ns > HSY_DIRECT_TIMEOUT_MAX_NS
               ? HEARSAY_ERR_INVALID
               : 0;
}

/* The target knows numbers of so far back only. */
static bool is_full(struct hsy_directs *d, enum hsy_direct_kind kind)
{
    uint64_t lowest = d->last_number + 1;

    for (uint32_t i = 0; i < d->outs.count; i++) {
        const struct out *out = hsy_table_at(&d->outs, i);
        lowest = out->number < lowest ? out->number : lowest;
    }
    HSY_ASSERT(lowest > 0);
    return *open_of(d, kind) == HSY_DIRECT_OPEN_MAX ||
           d->last_number + 1 - lowest >= HSY_ONCE_SPAN;
}

/* Four round trips of the slowest neighbour: where it goes is not known. */
static uint64_t first_wait_ns(const struct hsy_directs *d)
{
    uint64_t wait_ns = HSY_DIRECT_WAIT_MIN_NS;

    for (uint32_t i = 0; i < hsy_neighbours_count(d->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(d->neighbours, i);
        wait_ns = n->overlay ? hsy_time_max(wait_ns, 4 * n->rtt_ns) : wait_ns;
    }
    HSY_ASSERT(wait_ns > 0);
    return hsy_time_min(wait_ns, HSY_DIRECT_WAIT_MAX_NS);
}

static void remove_out(struct hsy_directs *d, struct out *out)
{
    uint32_t *open = open_of(d, out->kind);

    HSY_ASSERT(*open > 0);
    (*open)--;
    hsy_mem_free(&d->env->mem, out->bytes);
    hsy_table_remove(&d->outs, out);
}

static bool sign(struct hsy_directs *d, const struct hsy_direct *direct)
{
    struct hsy_signable what = {.kind = HSY_SIGN_DIRECT, .direct = *direct};

    HSY_ASSERT(is_own(d, &direct->origin));
    return d->env->ports.sign(d->env->ports.ctx, &what);
}

static int begin(struct hsy_directs *d, const struct hsy_direct_wish *wish)
{
    struct hsy_direct direct = wish->direct;
    uint64_t now_ns = d->env->now.mono_ns;
    void *item;

    direct.origin = d->env->id;
    direct.incarnation = d->incarnation;
    direct.nonce = d->env->config.boot_nonce;
    direct.number = d->last_number + 1;
    direct.wall_ms = d->env->now.wall_ms;
    int err = hsy_table_put(&d->outs, &item, &direct.number);
    if (err != 0) {
        return err;
    }
    struct out *out = item;
    out->to = direct.to;
    out->kind = direct.kind;
    out->silent = wish->silent;
    out->wait_ns = first_wait_ns(d);
    out->deadline_ns = hsy_time_add(now_ns, wish->timeout_ns);
    out->next_ns = out->deadline_ns; /* Until it is signed. */
    (*open_of(d, direct.kind))++;
    if (!sign(d, &direct)) {
        remove_out(d, out);
        return HEARSAY_ERR_AGAIN;
    }
    d->next_ns = hsy_time_min(d->next_ns, out->next_ns);
    d->last_number++;
    HSY_ASSERT(d->last_number == direct.number);
    return 0;
}

int hsy_directs_send(struct hsy_directs *d, uint64_t incarnation,
                     const struct hsy_direct_wish *wish, uint64_t *out_number)
{
    int err = fault_of(d, wish);

    HSY_ASSERT(incarnation > 0);
    if (err != 0) {
        return err;
    }
    if (is_full(d, wish->direct.kind)) {
        return HEARSAY_ERR_AGAIN;
    }
    fix_epoch(d, incarnation);
    err = begin(d, wish);
    if (err != 0) {
        return err;
    }
    d->env->counters.directs_sent++;
    if (out_number != NULL) {
        *out_number = d->last_number;
    }
    return 0;
}

/* False: no memory; it will be told at the next tick. */
static bool tell_outcome(struct hsy_directs *d, struct out *out)
{
    struct hsy_counters *counters = &d->env->counters;
    struct hearsay_effect effect = {.kind = HEARSAY_FX_RECEIPT};

    HSY_ASSERT(out->over);
    effect.receipt.number = out->number;
    effect.receipt.to = out->to;
    effect.receipt.outcome = out->outcome;
    if (!out->silent && !d->env->ports.tell(d->env->ports.ctx, &effect)) {
        out->next_ns = hsy_time_add(d->env->now.mono_ns, RETRY_NS);
        d->next_ns = hsy_time_min(d->next_ns, out->next_ns);
        return false;
    }
    bool delivered = out->outcome == HEARSAY_OUTCOME_DELIVERED;
    counters->directs_delivered += delivered ? 1 : 0;
    counters->directs_unanswered += delivered ? 0 : 1;
    remove_out(d, out);
    return true;
}

static bool end_out(struct hsy_directs *d, struct out *out,
                    enum hearsay_outcome outcome)
{
    HSY_ASSERT(out->number > 0);
    if (!out->over) {
        out->over = true;
        out->outcome = outcome;
    }
    return tell_outcome(d, out);
}

/* Sends it, and plans the next attempt. */
static void attempt_out(struct hsy_directs *d, struct out *out)
{
    struct hsy_reader in = hsy_reader(out->bytes, out->len);
    uint64_t now_ns = d->env->now.mono_ns;
    struct hsy_direct direct;

    hsy_get_direct(&in, &direct);
    HSY_ASSERT(hsy_reader_done(&in)); /* We encoded it ourselves. */
    send_own(d, &direct, out->attempt);
    bool last = out->attempt + 1 == HSY_DIRECT_ATTEMPTS_MAX;
    out->attempt = (uint8_t)(out->attempt + (last ? 0 : 1));
    uint64_t next_ns =
        last ? HEARSAY_NEVER : hsy_time_add(now_ns, out->wait_ns);
    out->next_ns = hsy_time_min(next_ns, out->deadline_ns);
    out->wait_ns = hsy_time_add(out->wait_ns, out->wait_ns);
    d->next_ns = hsy_time_min(d->next_ns, out->next_ns);
}

static void out_signed(struct hsy_directs *d, const struct hsy_direct *direct)
{
    struct out *out = hsy_table_find(&d->outs, &direct->number);
    struct hsy_writer count = hsy_writer_count();

    if (out == NULL || out->over) {
        return; /* It was too late. */
    }
    HSY_ASSERT(out->bytes == NULL);
    hsy_put_direct(&count, direct);
    out->bytes = hsy_mem_alloc(&d->env->mem, count.len);
    if (out->bytes == NULL) {
        send_own(d, direct, 0); /* Once, and never again. */
        return;
    }
    out->len = (uint32_t)count.len;
    struct hsy_writer to = hsy_writer(out->bytes, count.len);
    hsy_put_direct(&to, direct);
    HSY_ASSERT(!to.bad);
    attempt_out(d, out);
}

/* ------------------------------------------------------------------ receipts
 */

static struct about about_of(const struct hsy_direct *direct)
{
    HSY_ASSERT(direct->number > 0);
    return (struct about){.of = {.origin = direct->origin,
                                 .incarnation = direct->incarnation,
                                 .nonce = direct->nonce},
                          .number = direct->number};
}

static struct hsy_direct receipt_for(const struct hsy_directs *d,
                                     const struct receipt *r)
{
    HSY_ASSERT(r->about.number > 0);
    return (struct hsy_direct){.kind = HSY_DIRECT_RECEIPT,
                               .origin = d->env->id,
                               .incarnation = d->incarnation,
                               .nonce = d->env->config.boot_nonce,
                               .to = r->about.of.origin,
                               .about_incarnation = r->about.of.incarnation,
                               .about_nonce = r->about.of.nonce,
                               .about_number = r->about.number,
                               .wall_ms = r->wall_ms,
                               .sig = r->sig};
}

/* Without memory or a job there is none: the sender tries again. */
static void acknowledge(struct hsy_directs *d, const struct hsy_direct *direct,
                        uint8_t attempt)
{
    struct about about = about_of(direct);
    struct receipt *r = hsy_ring_find(&d->receipts, &about);

    HSY_ASSERT(is_own(d, &direct->to));
    if (r == NULL) {
        r = hsy_ring_put(&d->receipts, &about);
        if (r == NULL) {
            d->env->counters.directs_dropped++;
            return;
        }
    }
    r->attempt = attempt;
    if (r->is_signed) {
        struct hsy_direct receipt = receipt_for(d, r);
        send_own(d, &receipt, attempt);
    } else if (r->wall_ms == 0) {
        r->wall_ms = d->env->now.wall_ms;
        struct hsy_direct receipt = receipt_for(d, r);
        if (!sign(d, &receipt)) {
            r->wall_ms = 0;
            d->env->counters.directs_dropped++;
        }
    }
}

static void receipt_signed(struct hsy_directs *d,
                           const struct hsy_direct *direct)
{
    struct about about = {.of = {.origin = direct->to,
                                 .incarnation = direct->about_incarnation,
                                 .nonce = direct->about_nonce},
                          .number = direct->about_number};
    struct receipt *r = hsy_ring_find(&d->receipts, &about);

    HSY_ASSERT(direct->kind == HSY_DIRECT_RECEIPT);
    if (r != NULL) {
        r->sig = direct->sig;
        r->is_signed = true;
        send_own(d, direct, r->attempt);
    }
}

void hsy_directs_signed(struct hsy_directs *d, const struct hsy_direct *direct)
{
    HSY_ASSERT(is_own(d, &direct->origin));
    if (direct->kind == HSY_DIRECT_RECEIPT) {
        receipt_signed(d, direct);
    } else {
        out_signed(d, direct);
    }
}

static void take_receipt(struct hsy_directs *d, const struct hsy_direct *direct)
{
    struct out *out = hsy_table_find(&d->outs, &direct->about_number);

    HSY_ASSERT(direct->kind == HSY_DIRECT_RECEIPT);
    if (out == NULL || out->over || !hsy_id_equal(&out->to, &direct->origin) ||
        direct->about_incarnation != d->incarnation ||
        direct->about_nonce != d->env->config.boot_nonce) {
        return; /* Of a retry, of an earlier life, or from somebody else. */
    }
    (void)end_out(d, out, HEARSAY_OUTCOME_DELIVERED);
}

/* -------------------------------------------------------------------- coming
 */

/* Room in what @n may bring. */
static bool take_quota(const struct hsy_directs *d, struct hsy_neighbour *n,
                       const struct hsy_direct *direct)
{
    uint64_t now_ns = d->env->now.mono_ns;
    uint64_t since_ms = hsy_time_since(n->direct_ns, now_ns) / HSY_MS;
    uint64_t back =
        since_ms > 1000 ? HSY_DIRECT_QUOTA : since_ms * HSY_DIRECT_QUOTA / 1000;
    uint32_t cost = HSY_DIRECT_COST + direct->topic_len + direct->payload_len;

    HSY_ASSERT(cost < HSY_DIRECT_QUOTA);
    if (since_ms > 0) {
        n->direct_used -=
            back < n->direct_used ? (uint32_t)back : n->direct_used;
        n->direct_ns = now_ns;
    }
    if (n->direct_used + cost > HSY_DIRECT_QUOTA) {
        return false;
    }
    n->direct_used += cost;
    return true;
}

/* Another attempt is another one. */
static struct hsy_bundle_id id_of(const struct hsy_directs *d,
                                  const struct hsy_frame *frame)
{
    struct hsy_bundle_id id;

    HSY_ASSERT(frame->type == HSY_DIRECT);
    d->env->ports.direct_id(d->env->ports.ctx, &id, &frame->direct.direct);
    id.bytes[0] ^= frame->direct.attempt;
    return id;
}

bool hsy_directs_wants(struct hsy_directs *d, struct hsy_neighbour *n,
                       const struct hsy_frame *frame)
{
    struct hsy_counters *counters = &d->env->counters;
    const struct hsy_direct *direct = &frame->direct.direct;
    bool ours = is_own(d, &direct->to);

    HSY_ASSERT(frame->type == HSY_DIRECT);
    counters->directs_in++;
    if (!take_quota(d, n, direct)) {
        counters->directs_dropped++;
        return false;
    }
    if (!hsy_relay_in_window(d->env, direct->wall_ms)) {
        counters->directs_expired++;
        return false;
    }
    struct hsy_bundle_id id = id_of(d, frame);
    if (is_own(d, &direct->origin) || hsy_ring_find(&d->seen, &id) != NULL) {
        counters->directs_duplicate++;
        return false;
    }
    if (!ours && frame->direct.hops_left == 0) {
        counters->directs_stray++;
        return false;
    }
    if (hsy_ring_put(&d->seen, &id) == NULL) {
        counters->directs_dropped++;
        return false;
    }
    return true;
}

static void note_seen(struct hsy_directs *d, const struct hsy_neighbour *n,
                      const struct hsy_frame *frame)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "direct-seen");

    HSY_ASSERT(frame->direct.direct.number > 0);
    hsy_note_id(&note, "origin", &frame->direct.direct.origin);
    hsy_note_u64(&note, "seq", frame->direct.direct.number);
    hsy_note_id(&note, "from", &n->id);
    hsy_note_u64(&note, "attempt", frame->direct.attempt);
    hsy_note_u64(&note, "bytes", frame->direct.direct.payload_len);
    hsy_tell(d->env, &note);
}

/* False: no memory. */
static bool hand_over(struct hsy_directs *d, const struct hsy_frame *frame)
{
    const struct hsy_direct *direct = &frame->direct.direct;
    struct hearsay_message message = {.origin = direct->origin,
                                      .epoch = direct->incarnation,
                                      .seq = direct->number,
                                      .wall_ms = direct->wall_ms,
                                      .payload = direct->payload,
                                      .payload_len = direct->payload_len,
                                      .direct = true};
    struct hearsay_effect effect = {.kind = HEARSAY_FX_DELIVER};
    char topic[HSY_TOPIC_MAX + 1];
    uint8_t left = frame->direct.hops_left;

    HSY_ASSERT(direct->topic_len <= HSY_TOPIC_MAX);
    memcpy(topic, direct->topic, direct->topic_len);
    topic[direct->topic_len] = '\0';
    message.topic = topic;
    message.hops = left < HSY_DIRECT_HOPS_MAX
                       ? (uint32_t)HSY_DIRECT_HOPS_MAX - left + 1
                       : 1;
    effect.message = &message;
    return d->env->ports.tell(d->env->ports.ctx, &effect);
}

/* False: it cannot be taken just now, as if it had never come. */
static bool take_new(struct hsy_directs *d, const struct hsy_neighbour *n,
                     const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->direct.direct.kind != HSY_DIRECT_RECEIPT);
    if (frame->direct.direct.kind == HSY_DIRECT_ANSWER) {
        return hsy_queries_answer(d->queries, &frame->direct.direct);
    }
    if (!hand_over(d, frame)) {
        return false;
    }
    note_seen(d, n, frame);
    return true;
}

static void take(struct hsy_directs *d, const struct hsy_neighbour *n,
                 const struct hsy_frame *frame)
{
    const struct hsy_direct *direct = &frame->direct.direct;
    struct hsy_counters *counters = &d->env->counters;
    struct about about = about_of(direct);
    enum hsy_once_as as = hsy_once_claim(&d->once, &about.of, about.number);

    HSY_ASSERT(is_own(d, &direct->to));
    if (as == HSY_ONCE_NEW && !take_new(d, n, frame)) {
        hsy_once_release(&d->once, &about.of, about.number);
        as = HSY_ONCE_NO_ROOM;
    }
    if (as == HSY_ONCE_NO_ROOM || as == HSY_ONCE_OLD) {
        counters->directs_dropped++;
        return;
    }
    counters->directs_taken += as == HSY_ONCE_NEW ? 1 : 0;
    counters->directs_again += as == HSY_ONCE_BEFORE ? 1 : 0;
    acknowledge(d, direct, frame->direct.attempt);
}

void hsy_directs_frame(struct hsy_directs *d, struct hsy_neighbour *n,
                       uint64_t incarnation, const struct hsy_frame *frame)
{
    const struct hsy_direct *direct = &frame->direct.direct;

    HSY_ASSERT(hsy_ways_usable(n));
    fix_epoch(d, incarnation);
    hsy_ways_learn(&d->ways, &direct->origin, n->link);
    if (is_own(d, &direct->to)) {
        if (direct->kind == HSY_DIRECT_RECEIPT) {
            take_receipt(d, direct);
        } else {
            take(d, n, frame);
        }
        return;
    }
    struct hsy_frame on = *frame;
    HSY_ASSERT(on.direct.hops_left > 0);
    on.direct.hops_left--;
    d->env->counters.directs_forwarded += send_on(d, &on, n);
}

/* ---------------------------------------------------------------------- time
 */

/* True: @out is still there. */
static bool tick_out(struct hsy_directs *d, struct out *out)
{
    uint64_t now_ns = d->env->now.mono_ns;

    HSY_ASSERT(out->next_ns <= out->deadline_ns || out->over);
    if (now_ns < out->next_ns) {
        return true;
    }
    if (out->over || now_ns >= out->deadline_ns) {
        return !end_out(d, out, HEARSAY_OUTCOME_NO_ANSWER);
    }
    d->env->counters.directs_retried++;
    attempt_out(d, out);
    return true;
}

void hsy_directs_tick(struct hsy_directs *d)
{
    if (d->env->now.mono_ns < d->next_ns) {
        return;
    }
    d->next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < d->outs.count;) {
        struct out *out = hsy_table_at(&d->outs, i);
        if (tick_out(d, out)) { /* Else another one is in its place. */
            d->next_ns = hsy_time_min(d->next_ns, out->next_ns);
            i++;
        }
    }
    HSY_ASSERT(d->next_ns > d->env->now.mono_ns);
}

bool hsy_directs_stop(struct hsy_directs *d)
{
    while (d->outs.count > 0) {
        struct out *out = hsy_table_at(&d->outs, 0);
        if (!end_out(d, out, HEARSAY_OUTCOME_STOPPED)) {
            return false;
        }
    }
    HSY_ASSERT(d->open[0] + d->open[1] == 0);
    return true;
}
