/* The moves of a hostile world around one node: what its neighbours say
 * (test_node_hostile_frame.h), when links come and go, what the host holds
 * back, and how the time passes. */
#ifndef HSY_TESTS_UNIT_TEST_NODE_MOVES_H
#define HSY_TESTS_UNIT_TEST_NODE_MOVES_H

#include "unit/test_node_hostile_frame.h"

/* ------------------------------------------------------------------ moves */

/* An open link of the node and who is at its other end; false: none. */
static inline bool hostile_any_link(struct hostile *h, hearsay_link *link,
                                    struct puppet **who)
{
    const struct stage *s = &h->stage;
    uint32_t start = (uint32_t)hostile_pick(h, s->links_used);

    for (uint32_t i = 0; i < s->links_used; i++) {
        const struct stage_link *l = &s->links[(start + i) % s->links_used];
        const struct hsy_neighbour *n =
            hsy_neighbour_by_link(&s->node->core.neighbours, l->link);
        if (!l->open || l->hung_up || l->down) {
            continue;
        }
        *link = l->link;
        *who = hostile_puppet(h); /* A challenger, or not authenticated. */
        for (uint32_t k = 0; n != NULL && k < HOSTILE_PUPPETS; k++) {
            if (memcmp(&h->who[k].id, &n->id, sizeof(n->id)) == 0) {
                *who = &h->who[k];
            }
        }
        return true;
    }
    return false;
}

static inline void hostile_say(struct hostile *h)
{
    static uint8_t bytes[256 * 1024];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame;
    struct puppet *who = NULL;
    hearsay_link link = 0;

    if (!hostile_any_link(h, &link, &who)) {
        return;
    }
    hostile_frame(h, who, link, &frame);
    hsy_frame_encode(&out, &frame);
    HSY_ASSERT(!out.bad);
    if (link == h->tail.link) {
        stage_bytes(&h->stage, link, h->tail.bytes, h->tail.len);
        h->tail.link = 0;
    }
    size_t cut = hostile_chance(h, 16) ? hostile_pick(h, out.len) : 0;
    if (cut > 0 && h->tail.link == 0 && cut < sizeof(h->tail.bytes)) {
        h->tail.link = link;
        h->tail.len = (uint32_t)cut;
        memcpy(h->tail.bytes, bytes + out.len - cut, cut);
        out.len -= cut;
    }
    stage_bytes(&h->stage, link, bytes, out.len);
    h->frames++;
}

/* The rest of a frame that was begun: all of it, or one more byte. */
static inline void hostile_go_on(struct hostile *h)
{
    struct hostile_tail *t = &h->tail;

    if (t->link == 0) {
        return;
    }
    uint32_t len = hostile_chance(h, 2) ? t->len : 1;
    stage_bytes(&h->stage, t->link, t->bytes, len);
    t->len -= len;
    memmove(t->bytes, t->bytes + len, t->len);
    t->link = t->len == 0 ? 0 : t->link;
}

static inline void hostile_noise(struct hostile *h)
{
    uint8_t bytes[64];
    struct puppet *who = NULL;
    hearsay_link link = 0;
    size_t len = 1 + hostile_pick(h, sizeof(bytes));

    if (!hostile_any_link(h, &link, &who)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)hostile_pick(h, i < 3 ? 1 : 256);
    }
    stage_bytes(&h->stage, link, bytes, len);
}

/* @p comes again: another boot, a later incarnation, another role. */
static inline void hostile_reborn(struct hostile *h, struct puppet *p)
{
    if (hostile_chance(h, 3)) {
        p->record.boot_nonce = hostile_pick(h, 3);
        p->record.incarnation = hostile_incarnation(h);
        p->record.addrs_count = (uint8_t)hostile_pick(h, 2);
        puppet_sign_record(p);
    }
}

static inline void hostile_dial(struct hostile *h)
{
    struct puppet *p = hostile_puppet(h);

    hostile_reborn(h, p);
    (void)puppet_dial(&h->stage, p);
}

/* Answers the dial @link as @p; now and then with a refusal half-way. */
static inline void hostile_pick_up(struct hostile *h, hearsay_link link,
                                   const struct puppet *p)
{
    struct hsy_frame error = {.type = HSY_ERROR};
    struct hsy_frame hello = puppet_hello(p, p->number);

    if (!hostile_chance(h, 8)) {
        puppet_answer(&h->stage, link, p);
        return;
    }
    stage_open(&h->stage, link);
    puppet_say(&h->stage, link, &hello);
    error.error.code = (enum hsy_error_code)(1 + hostile_pick(h, 11));
    puppet_say(&h->stage, link, &error);
}

static inline void hostile_answer(struct hostile *h)
{
    struct stage *s = &h->stage;

    for (uint32_t i = 0; i < s->links_used; i++) {
        struct stage_link *l = &s->links[i];
        if (!l->dialled || l->open || l->down || l->hung_up) {
            continue;
        }
        if (hostile_chance(h, 3)) {
            stage_down(s, l->link, (enum hearsay_down)hostile_pick(h, 6));
            return;
        }
        struct puppet *p = hostile_puppet(h);
        for (uint32_t k = 0; !hostile_chance(h, 16) && k < HOSTILE_PUPPETS;
             k++) {
            p = l->port == 7000 + h->who[k].number ? &h->who[k] : p;
        }
        struct hearsay_id own = hearsay_node_id(s->node);
        if (memcmp(&p->id, &own, sizeof(own)) != 0) {
            hostile_reborn(h, p);
            hostile_pick_up(h, l->link, p);
        }
        return;
    }
}

static inline void hostile_hang_up(struct hostile *h)
{
    struct puppet *who = NULL;
    hearsay_link link = 0;

    if (hostile_any_link(h, &link, &who)) {
        stage_down(&h->stage, link, (enum hearsay_down)hostile_pick(h, 6));
    }
}

static inline void hostile_wait(struct hostile *h)
{
    static const uint64_t most_ms[] = {3, 300, 3000, 40000};
    struct stage *s = &h->stage;
    uint64_t due_ns = hearsay_deadline(s->node);

    switch (hostile_pick(h, 4)) {
    case 0: /* Late, and the next event is no TICK. */
        stage_pass(s, hostile_pick(h, most_ms[hostile_pick(h, 4)]) * HSY_MS);
        return;
    case 1: /* To the very nanosecond, or one past it. */
        if (due_ns != HEARSAY_NEVER && due_ns > s->now.mono_ns) {
            stage_pass(s, due_ns - s->now.mono_ns + hostile_pick(h, 2));
        }
        return;
    default:
        stage_run(s, hostile_pick(h, most_ms[hostile_pick(h, 4)]));
        return;
    }
}

static inline void hostile_host(struct hostile *h)
{
    struct stage *s = &h->stage;

    switch (hostile_pick(h, 8)) {
    case 0:
        s->hold_jobs = hostile_chance(h, 2);
        return;
    case 1:
        s->hold_writes = hostile_chance(h, 2);
        return;
    case 2:
        s->hold_sent = hostile_chance(h, 2);
        return;
    case 3:
        stage_settle(s);
        return;
    case 4:
        s->writes_fail = hostile_chance(h, 64);
        return;
    case 5:
        (void)stage_publish(s, "x");
        (void)stage_watch(s, !hostile_chance(h, 8));
        return;
    case 6:
        if (hostile_chance(h, 128)) {
            stage_leave(s);
        }
        return;
    default:
        (void)stage_job_back(s, 0);
        return;
    }
}

/* What was read goes; a node that has stopped begins anew. */
static inline void hostile_tidy(struct hostile *h)
{
    struct stage *s = &h->stage;

    for (uint32_t i = 0; i < s->links_used; i++) {
        if (s->links[i].out_len > 100000) {
            s->links[i].out_len = 0;
        }
    }
    if (s->tokens_count > STAGE_TOKENS_MAX / 2 ||
        s->jobs_count > STAGE_JOBS_MAX / 2) {
        stage_settle(s);
    }
    if (s->stopped) {
        bool seed = s->config.role == HEARSAY_SEED;
        stage_fini(s);
        h->tail.link = 0;
        h->restarts++;
        hostile_begin_node(h, seed);
    }
}

static inline void hostile_move(struct hostile *h)
{
    uint64_t dice = hostile_pick(h, 64);

    if (dice < 40) {
        hostile_say(h);
    } else if (dice < 45) {
        hostile_dial(h);
    } else if (dice < 51) {
        hostile_answer(h);
    } else if (dice < 54) {
        hostile_go_on(h);
    } else if (dice < 55) {
        hostile_noise(h);
    } else if (dice < 56) {
        hostile_hang_up(h);
    } else if (dice < 60) {
        hostile_wait(h);
    } else {
        hostile_host(h);
    }
    hostile_tidy(h);
}

#endif
