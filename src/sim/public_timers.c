/* Timers of the embedder's program: a heap by time, and by the order of their
 * making where times are equal. A timer of a frozen process that comes due is
 * parked until the thaw. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/public.h"

#include <string.h>

enum { FIRST_ROOM = 16 };

void hsy_timers_init(struct hsy_timers *t, const struct hearsay_mem *mem)
{
    *t = (struct hsy_timers){.mem = *mem};
}

void hsy_timers_fini(struct hsy_timers *t)
{
    hsy_mem_free(&t->mem, t->heap);
    *t = (struct hsy_timers){.mem = t->mem};
}

uint64_t hsy_timers_next_ns(const struct hsy_timers *t)
{
    return t->count == 0 ? HEARSAY_NEVER : t->heap[0].at_ns;
}

/* For one more. */
static int make_room(struct hsy_timers *t)
{
    if (t->count < t->room) {
        return HEARSAY_OK;
    }
    uint32_t room = t->room == 0 ? FIRST_ROOM : t->room * 2;
    struct hsy_timer *heap = hsy_mem_alloc(&t->mem, room * sizeof(*heap));
    if (heap == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (t->count > 0) {
        memcpy(heap, t->heap, t->count * sizeof(*heap));
    }
    hsy_mem_free(&t->mem, t->heap);
    t->heap = heap;
    t->room = room;
    return HEARSAY_OK;
}

static bool before(const struct hsy_timer *a, const struct hsy_timer *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->seq < b->seq);
}

static void swap(struct hsy_timer *a, struct hsy_timer *b)
{
    struct hsy_timer kept = *a;
    *a = *b;
    *b = kept;
}

/* There is room. */
static void push(struct hsy_timers *t, const struct hsy_timer *timer)
{
    HSY_ASSERT(t->count < t->room);
    uint32_t i = t->count;
    t->heap[i] = *timer;
    t->count++;
    while (i > 0 && before(&t->heap[i], &t->heap[(i - 1) / 2])) {
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct hsy_timer pop(struct hsy_timers *t)
{
    HSY_ASSERT(t->count > 0);
    struct hsy_timer top = t->heap[0];
    t->count--;
    t->heap[0] = t->heap[t->count];
    uint32_t i = 0;
    for (;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < t->count && before(&t->heap[child], &t->heap[least])) {
                least = child;
            }
        }
        if (least == i) {
            return top;
        }
        swap(&t->heap[i], &t->heap[least]);
        i = least;
    }
}

int hearsay_sim_schedule(struct hearsay_sim *sim, uint32_t node,
                         uint64_t delay_ns, hearsay_sim_timer timer, void *arg)
{
    bool nobody = node == HEARSAY_SIM_NOBODY;
    if (timer == NULL || (!nobody && node >= hsy_cluster_count(sim->cluster))) {
        return HEARSAY_ERR_INVALID;
    }
    if (sim->err != HEARSAY_OK) {
        return sim->err;
    }
    if (!nobody && hsy_cluster_node(sim->cluster, node) == NULL) {
        return HEARSAY_ERR_STATE;
    }
    /* Parked ones too have their room: they come back. */
    if (sim->timers.count + sim->parked.count >= HEARSAY_SIM_WAITING_MAX) {
        return HEARSAY_ERR_FULL;
    }
    struct hsy_timer made = {
        .at_ns = hsy_time_add(hsy_cluster_now(sim->cluster), delay_ns),
        .seq = sim->next_seq,
        .node = node,
        .life = nobody ? 0 : hsy_cluster_life(sim->cluster, node),
        .call = timer,
        .arg = arg};
    int err = make_room(&sim->timers);
    if (err == HEARSAY_OK) {
        push(&sim->timers, &made);
        sim->next_seq++;
    }
    return err;
}

static bool is_alive(const struct hearsay_sim *sim, const struct hsy_timer *t)
{
    return t->node == HEARSAY_SIM_NOBODY ||
           hsy_cluster_life(sim->cluster, t->node) == t->life;
}

static bool is_frozen(const struct hearsay_sim *sim, const struct hsy_timer *t)
{
    return t->node != HEARSAY_SIM_NOBODY &&
           hsy_cluster_process(sim->cluster, t->node) == HSY_PROCESS_FROZEN;
}

void hsy_public_fire(struct hearsay_sim *sim)
{
    while (sim->err == HEARSAY_OK &&
           hsy_timers_next_ns(&sim->timers) <= hsy_cluster_now(sim->cluster)) {
        struct hsy_timer t = pop(&sim->timers);
        if (!is_alive(sim, &t)) {
            continue;
        }
        if (is_frozen(sim, &t)) {
            if (make_room(&sim->parked) != HEARSAY_OK) {
                hsy_public_fail(sim, HEARSAY_ERR_NOMEM,
                                "no memory for a timer");
                return;
            }
            push(&sim->parked, &t);
            continue;
        }
        if (!hsy_public_counts(sim)) {
            return;
        }
        sim->depth++;
        t.call(t.arg, sim, t.node);
        sim->depth--;
        hsy_public_drain(sim);
    }
}

void hsy_public_unpark(struct hearsay_sim *sim)
{
    sim->thawed = false;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sim->parked.count; i++) {
        struct hsy_timer t = sim->parked.heap[i];
        if (!is_alive(sim, &t)) {
            continue;
        }
        if (is_frozen(sim, &t)) {
            sim->parked.heap[kept] = t;
            kept++;
            continue;
        }
        if (make_room(&sim->timers) != HEARSAY_OK) {
            hsy_public_fail(sim, HEARSAY_ERR_NOMEM, "no memory for a timer");
            return;
        }
        push(&sim->timers, &t);
    }
    sim->parked.count = kept;
}
