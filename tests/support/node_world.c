/* Wires between stages: what one sends, the other gets. */
#include <string.h>

#include "support/node_rig.h"

static bool connect_dial(struct world *w, struct stage *from,
                         struct stage_link *l)
{
    struct stage *to = NULL;
    hearsay_link link = l->link;
    uint16_t port = l->port;

    for (uint32_t i = 0; i < w->count; i++) {
        if (w->stages[i]->config.addrs[0].port == port &&
            !w->stages[i]->stopped) {
            to = w->stages[i];
        }
    }
    l->wired = true;
    if (to == NULL) {
        stage_down(from, link, HEARSAY_DOWN_REFUSED);
        return true;
    }
    HSY_ASSERT(w->wires_count < WORLD_WIRES_MAX);
    struct world_wire *wire = &w->wires[w->wires_count];
    w->wires_count++;
    *wire = (struct world_wire){.ends = {from, to}, .links = {link, 0}};
    wire->links[1] = to->last_link + 2;
    (void)stage_accept(to, &from->config.addrs[0]);
    stage_open(from, link);
    return true;
}

static bool open_dials(struct world *w)
{
    bool moved = false;

    for (uint32_t i = 0; i < w->count; i++) {
        struct stage *s = w->stages[i];
        for (uint32_t k = 0; k < s->links_used; k++) {
            struct stage_link *l = &s->links[k];
            if (l->dialled && !l->wired && !l->open && !l->hung_up) {
                moved = connect_dial(w, s, l) || moved;
            }
        }
    }
    return moved;
}

/* One portion of bytes from one end of @wire to the other. */
static bool carry(const struct world *w, struct world_wire *wire, uint32_t end)
{
    struct stage *to = wire->ends[1 - end];
    struct stage_link *l = stage_find(wire->ends[end], wire->links[end]);
    uint8_t portion[4096];

    const struct stage_link *theirs = stage_find(to, wire->links[1 - end]);
    if (l == NULL || l->out_len == 0 || wire->cut[1 - end] ||
        (theirs != NULL && theirs->unread)) {
        return false;
    }
    uint32_t len = w->chunk == 0 ? (uint32_t)sizeof(portion) : w->chunk;
    len = len < l->out_len ? len : l->out_len;
    memcpy(portion, l->out, len);
    memmove(l->out, l->out + len, l->out_len - len);
    l->out_len -= len;
    stage_bytes(to, wire->links[1 - end], portion, len);
    return true;
}

/* An end that is over is told to the other one when its bytes have gone. */
static bool tell_end(struct world_wire *wire, uint32_t end)
{
    const struct stage_link *l = stage_find(wire->ends[end], wire->links[end]);
    bool over = l == NULL || l->hung_up || l->down;

    if (!over || wire->cut[1 - end] || (l != NULL && l->out_len > 0)) {
        return false;
    }
    wire->cut[0] = true;
    wire->cut[1] = true;
    if (stage_is_open(wire->ends[1 - end], wire->links[1 - end])) {
        stage_down(wire->ends[1 - end], wire->links[1 - end],
                   HEARSAY_DOWN_CLOSED);
    }
    return true;
}

void world_settle(struct world *w)
{
    bool moved = true;

    while (moved) {
        moved = open_dials(w);
        for (uint32_t i = 0; i < w->wires_count; i++) {
            moved = carry(w, &w->wires[i], 0) || moved;
            moved = carry(w, &w->wires[i], 1) || moved;
            moved = tell_end(&w->wires[i], 0) || moved;
            moved = tell_end(&w->wires[i], 1) || moved;
        }
    }
}

static void time_to(struct stage *s, uint64_t at_ns)
{
    if (at_ns > s->now.mono_ns) {
        stage_pass(s, at_ns - s->now.mono_ns);
    }
}

static uint64_t next_of(const struct world *w)
{
    uint64_t next_ns = HEARSAY_NEVER;
    for (uint32_t i = 0; i < w->count; i++) {
        next_ns = hsy_time_min(next_ns, hearsay_deadline(w->stages[i]->node));
    }
    return next_ns;
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t until_ns = w->stages[0]->now.mono_ns + ms * HSY_MS;

    world_settle(w);
    for (uint64_t at_ns = next_of(w); at_ns <= until_ns; at_ns = next_of(w)) {
        for (uint32_t i = 0; i < w->count; i++) {
            struct stage *s = w->stages[i];
            time_to(s, at_ns);
            if (hearsay_deadline(s->node) <= s->now.mono_ns) {
                stage_tick(s);
            }
        }
        world_settle(w);
    }
    for (uint32_t i = 0; i < w->count; i++) {
        time_to(w->stages[i], until_ns);
    }
}

void world_cut(struct world *w, const struct stage *a, const struct stage *b)
{
    for (uint32_t i = 0; i < w->wires_count; i++) {
        struct world_wire *wire = &w->wires[i];
        bool between = (wire->ends[0] == a && wire->ends[1] == b) ||
                       (wire->ends[0] == b && wire->ends[1] == a);
        if (!between || wire->cut[0] || wire->cut[1]) {
            continue;
        }
        wire->cut[0] = true;
        wire->cut[1] = true;
        for (uint32_t end = 0; end < 2; end++) {
            if (stage_is_open(wire->ends[end], wire->links[end])) {
                stage_down(wire->ends[end], wire->links[end],
                           HEARSAY_DOWN_RESET);
            }
        }
    }
}
