/* Which links are read. A host whose jobs pile up must read less, or the node
 * would have to drop what comes in; which links, the node knows best. Those
 * that bring the most wait in the network, where TCP tells the other end, and
 * the rest of what the host had read already waits in the conn. */
#include "node/inner.h"

/* Beyond half of the jobs, a link with its fair share of that half is not
 * read; at a quarter all are again. Between them is the work of milliseconds:
 * a link is not stopped and started for every frame. */
enum { PAUSE_PART = 2, RESUME_PART = 4 };

/* False: no memory. */
static bool push_read(struct hearsay_node *node, hearsay_link link, bool on)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_READ};

    effect.read.link = link;
    effect.read.on = on;
    return hsy_effects_push(&node->fx, &effect);
}

static void pause_conn(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(conn->state == HSY_CONN_UP);
    if (conn->unread || conn->gone || conn->doomed) {
        return;
    }
    if (!push_read(node, conn->link, false)) {
        node->nomem = true; /* It goes on, and what is too much is dropped. */
        return;
    }
    conn->unread = true;
    conn->deadline_ns = HEARSAY_NEVER; /* The frame begun can wait, too. */
    node->unread_count++;
    node->core.env.counters.reads_paused++;
    hsy_core_paused(&node->core, conn->link, true);
}

void hsy_conn_job_out(struct hearsay_node *node, struct hsy_conn *conn)
{
    node->busy_count += conn->jobs == 0 ? 1 : 0;
    conn->jobs++;
    HSY_ASSERT(node->busy_count <= node->conns.count);
}

void hsy_conn_forget_jobs(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(conn->jobs == 0 || node->busy_count > 0);
    node->busy_count -= conn->jobs > 0 ? 1 : 0;
    node->unread_count -= conn->unread ? 1 : 0;
}

void hsy_conn_weigh(struct hearsay_node *node, struct hsy_conn *conn)
{
    uint32_t most = node->core.env.config.jobs_max / PAUSE_PART;

    HSY_ASSERT(conn->jobs > 0);
    HSY_ASSERT(node->busy_count > 0);
    if (node->checks_count > most && conn->jobs >= most / node->busy_count) {
        pause_conn(node, conn);
    }
}

/* A host that goes on reading is not refused for it: its bytes are handled
 * once so many wait, whatever becomes of them. */
bool hsy_conn_holds(const struct hearsay_node *node,
                    const struct hsy_conn *conn, size_t len)
{
    return conn->unread && len <= node->core.env.config.frame_max;
}

bool hsy_conn_must_hold(struct hearsay_node *node, struct hsy_conn *conn,
                        size_t len)
{
    if (conn->state == HSY_CONN_UP &&
        node->jobs_count >= node->core.env.config.jobs_max) {
        pause_conn(node, conn); /* Whatever comes next might need a job. */
    }
    return hsy_conn_holds(node, conn, len);
}

/* What the conn holds is not looked at here: other conns may go by that. */
static void resume_conn(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(node->unread_count > 0);
    conn->unread = false;
    node->unread_count--;
    if (conn->gone || conn->doomed) {
        return;
    }
    if (!push_read(node, conn->link, true)) {
        node->nomem = true; /* It would never be read again. */
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    conn->woken = conn->in_len > 0;
    hsy_core_paused(&node->core, conn->link, false);
}

/* True: some conn was; the order of conns may have changed. */
static bool parse_woken(struct hearsay_node *node)
{
    bool any = false;

    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (!conn->woken) {
            continue;
        }
        conn->woken = false;
        any = true;
        if (!conn->gone && !conn->doomed) {
            hsy_conn_resume(node, conn->link);
        }
    }
    return any;
}

void hsy_conns_read_again(struct hearsay_node *node)
{
    uint32_t max = node->core.env.config.jobs_max;

    if (node->unread_count == 0 || node->checks_count > max / RESUME_PART ||
        node->jobs_count >= max) {
        return;
    }
    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (conn->unread) {
            resume_conn(node, conn);
        }
    }
    HSY_ASSERT(node->unread_count == 0);
    while (parse_woken(node)) {
        /* Each conn is woken once. */
    }
}

/* What it said before its host closed it is heard, room or not. */
void hsy_conn_hear_out(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(conn->unread);
    HSY_ASSERT(conn->gone);
    conn->unread = false;
    node->unread_count--;
    hsy_core_paused(&node->core, conn->link, false);
    hsy_conn_resume(node, conn->link);
}
