/* The links of a node: how they begin, and what time does to them. Their ends
 * are in conns_end.c, bytes that come in in conns_in.c, frames that go out in
 * conns_out.c. A conn may vanish under any call into the core, so loops look
 * it up again by its number, which is never used twice. */
#include "node/inner.h"

/* ------------------------------------------------------------ the table */

struct hsy_conn *hsy_conn_find(const struct hearsay_node *node,
                               hearsay_link link)
{
    const struct hsy_conn_slot *slot = hsy_table_find(&node->conns, &link);

    HSY_ASSERT(slot == NULL || slot->conn->link == link);
    return slot == NULL ? NULL : slot->conn;
}

void hsy_conn_plan(struct hearsay_node *node, struct hsy_conn *conn,
                   uint64_t deadline_ns)
{
    conn->deadline_ns = deadline_ns;
    node->conns_next_ns = hsy_time_min(node->conns_next_ns, deadline_ns);
}

void hsy_conn_await(struct hearsay_node *node, struct hsy_conn *conn,
                    uint64_t wait_ns)
{
    uint64_t next_ns = hsy_time_add(node->core.env.now.mono_ns, wait_ns);

    HSY_ASSERT(conn->handshake->until_ns > 0);
    hsy_conn_plan(node, conn, hsy_time_min(next_ns, conn->handshake->until_ns));
}

/* Connected: their HELLO is waited for. */
static void await_hello(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(!conn->handshake->hello_seen);
    conn->state = HSY_CONN_HELLO;
    conn->handshake->until_ns =
        hsy_time_add(node->core.env.now.mono_ns, HSY_HANDSHAKE_NS);
    hsy_conn_await(node, conn, HSY_HELLO_NS);
}

static struct hsy_conn *conn_new(struct hearsay_node *node, hearsay_link link)
{
    struct hsy_conn *conn = hsy_mem_zalloc(&node->mem, sizeof(*conn));
    struct hsy_handshake *handshake =
        hsy_mem_zalloc(&node->mem, sizeof(*handshake));
    void *item;

    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
    if (conn == NULL || handshake == NULL ||
        hsy_table_put(&node->conns, &item, &link) != 0) {
        hsy_mem_free(&node->mem, handshake);
        hsy_mem_free(&node->mem, conn);
        return NULL;
    }
    ((struct hsy_conn_slot *)item)->conn = conn;
    conn->link = link;
    conn->handshake = handshake;
    conn->deadline_ns = HEARSAY_NEVER;
    conn->crowded_ns = HEARSAY_NEVER;
    for (size_t i = 0; i < HSY_NONCE_LEN; i++) {
        handshake->nonce[i] = (uint8_t)hsy_prng_next(&node->core.env.prng);
    }
    return conn;
}

static bool is_half_open(const struct hsy_conn *conn)
{
    return conn->accepted && conn->state != HSY_CONN_UP;
}

static void make_half_open(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_conn *before = node->newest_half;

    HSY_ASSERT(is_half_open(conn));
    conn->handshake->older = before;
    if (before != NULL) {
        before->handshake->newer = conn;
    } else {
        node->oldest_half = conn;
    }
    node->newest_half = conn;
    node->half_open++;
    HSY_ASSERT(node->half_open <= HSY_HALF_OPEN_MAX);
}

void hsy_conn_whole(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_handshake *h = conn->handshake;

    if (!is_half_open(conn)) {
        return;
    }
    HSY_ASSERT(node->half_open > 0);
    node->half_open--;
    if (h->older != NULL) {
        h->older->handshake->newer = h->newer;
    } else {
        node->oldest_half = h->newer;
    }
    if (h->newer != NULL) {
        h->newer->handshake->older = h->older;
    } else {
        node->newest_half = h->older;
    }
}

void hsy_conn_free(struct hearsay_node *node, struct hsy_conn *conn)
{
    void *slot = hsy_table_find(&node->conns, &conn->link);

    HSY_ASSERT(slot != NULL);
    hsy_conn_whole(node, conn);
    hsy_conn_forget_jobs(node, conn);
    hsy_table_remove(&node->conns, slot);
    hsy_lanes_free(conn->lanes);
    hsy_mem_free(&node->mem, conn->in);
    hsy_mem_free(&node->mem, conn->handshake);
    hsy_mem_free(&node->mem, conn);
}

void hsy_conns_fini(struct hearsay_node *node)
{
    while (node->conns.count > 0) {
        struct hsy_conn_slot *slot =
            hsy_table_at(&node->conns, node->conns.count - 1);
        hsy_conn_free(node, slot->conn);
    }
    HSY_ASSERT(node->half_open == 0);
    hsy_table_fini(&node->conns);
}

/* ------------------------------------------------------------------ opens */

hearsay_link hsy_conn_dial(struct hearsay_node *node, const char *host,
                           uint16_t port, const struct hearsay_id *expect)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_DIAL};
    struct hsy_conn *conn = conn_new(node, node->last_link + 2);

    HSY_ASSERT(port > 0);
    if (conn == NULL) {
        return 0;
    }
    effect.dial.link = conn->link;
    effect.dial.host = hsy_effects_text(&node->fx, host);
    effect.dial.port = port;
    if (effect.dial.host == NULL || !hsy_effects_push(&node->fx, &effect)) {
        hsy_conn_free(node, conn);
        return 0;
    }
    node->last_link = conn->link;
    node->core.env.counters.dials++;
    conn->state = HSY_CONN_DIALLING;
    if (expect != NULL) {
        conn->handshake->expect = *expect;
        conn->handshake->has_expect = true;
    }
    hsy_conn_plan(node, conn,
                  hsy_time_add(node->core.env.now.mono_ns, HSY_DIAL_NS));
    return conn->link;
}

/* The half-open link that has said nothing for the longest time, if that is
 * longer than a round trip takes. Were it cut sooner, then in a crowd each
 * newcomer would take the place of one whose HELLO is on its way, and nobody
 * would ever get in. */
static struct hsy_conn *stalest_half_open(const struct hearsay_node *node)
{
    struct hsy_conn *conn = node->oldest_half;

    while (conn != NULL && conn->handshake->hello_seen) {
        conn = conn->handshake->newer;
    }
    uint64_t patient_ns =
        hsy_time_add(node->core.env.now.mono_ns, HSY_HELLO_NS - HSY_SILENT_NS);
    return conn != NULL && conn->deadline_ns <= patient_ns ? conn : NULL;
}

static void accept_conn(struct hearsay_node *node, hearsay_link link,
                        const struct hearsay_addr *from)
{
    struct hsy_counters *counters = &node->core.env.counters;

    counters->links_accepted++;
    if (node->half_open >= HSY_HALF_OPEN_MAX) {
        struct hsy_conn *stalest = stalest_half_open(node);
        counters->half_open_refused++;
        if (stalest == NULL) {
            hsy_conn_push_hang_up(node, link);
            return;
        }
        hsy_conn_hang_up(node, stalest, 0, NULL);
    }
    struct hsy_conn *conn =
        node->core.self.signed_once ? conn_new(node, link) : NULL;
    if (conn == NULL) {
        hsy_conn_push_hang_up(node, link);
        return;
    }
    conn->accepted = true;
    conn->from = *from;
    await_hello(node, conn);
    make_half_open(node, conn);
}

void hsy_conn_link_up(struct hearsay_node *node, hearsay_link link,
                      bool accepted, const struct hearsay_addr *from)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (accepted) {
        HSY_ASSERT(link % 2 == 1);
        HSY_ASSERT(conn == NULL);
        accept_conn(node, link, from);
        return;
    }
    if (conn == NULL || conn->state != HSY_CONN_DIALLING) {
        hsy_conn_push_hang_up(node, link); /* Given up meanwhile. */
        return;
    }
    conn->from = *from;
    await_hello(node, conn);
    hsy_handshake_begin(node, conn);
}

/* ----------------------------------------------------------------- ticks */

/* The dial, the handshake, a frame begun, or bytes that the host holds. */
static uint64_t due_ns(const struct hearsay_node *node,
                       const struct hsy_conn *conn)
{
    return conn->gone || conn->doomed
               ? HEARSAY_NEVER
               : hsy_time_min(conn->deadline_ns, hsy_conn_slow_ns(node, conn));
}

static void expire(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_counters *counters = &node->core.env.counters;

    HSY_ASSERT(due_ns(node, conn) <= node->core.env.now.mono_ns);
    if (conn->deadline_ns > node->core.env.now.mono_ns) {
        if (!hsy_conn_keeps_up(node, conn)) {
            hsy_conn_doom_slow(node, conn);
        }
    } else if (conn->state == HSY_CONN_DIALLING) {
        hsy_conn_push_hang_up(node, conn->link);
        hsy_conn_end(node, conn, HEARSAY_DOWN_TIMEOUT, 0);
    } else if (conn->state == HSY_CONN_UP) {
        counters->frames_late++;
        hsy_conn_refuse(node, conn, HSY_ERROR_LATE,
                        "a frame was begun and not finished in time");
    } else {
        counters->handshake_late++;
        hsy_conn_push_hang_up(node, conn->link);
        hsy_conn_end(node, conn, HEARSAY_DOWN_TIMEOUT, 0);
    }
}

/* One conn whose time has come; NULL: none. */
static struct hsy_conn *find_expired(struct hearsay_node *node)
{
    uint64_t next_ns = HEARSAY_NEVER;

    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        uint64_t at_ns = due_ns(node, conn);
        if (at_ns <= node->core.env.now.mono_ns) {
            return conn;
        }
        next_ns = hsy_time_min(next_ns, at_ns);
    }
    node->conns_next_ns = next_ns;
    return NULL;
}

/* One conn that must go now; NULL: none. */
static struct hsy_conn *find_doomed(struct hearsay_node *node)
{
    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (conn->doomed || (conn->gone && conn->jobs == 0)) {
            return conn;
        }
    }
    node->doom_pending = false;
    return NULL;
}

static void end_doomed(struct hearsay_node *node)
{
    struct hsy_conn *conn;

    while (node->doom_pending && (conn = find_doomed(node)) != NULL) {
        if (!conn->gone) {
            hsy_conn_push_hang_up(node, conn->link);
        }
        hsy_conn_end(node, conn, conn->why, 0);
    }
    HSY_ASSERT(!node->doom_pending);
}

void hsy_conns_tick(struct hearsay_node *node)
{
    struct hsy_conn *conn;

    if (node->core.env.now.mono_ns >= node->conns_next_ns) {
        while ((conn = find_expired(node)) != NULL) {
            expire(node, conn);
        }
    }
    while (node->crowd_pending || node->doom_pending) {
        hsy_conns_tell_crowded(node);
        end_doomed(node);
    }
}
