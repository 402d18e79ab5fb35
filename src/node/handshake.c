/* Who is at the other end (docs/protocol.md, Links). Both send HELLO, then
 * AUTH: a signature over both ids, both nonces and the roles. The dialler
 * speaks first; the acceptor answers a HELLO with one of its own, signs only
 * for a dialler that has proved itself, and is up when its AUTH is out.
 *
 *     dialler                               acceptor
 *       HELLO  ------------------------------>
 *              <------------------------------  HELLO
 *       AUTH   ------------------------------>  verify
 *       verify <------------------------------  AUTH, up
 *       up
 *
 * A dialler that is a feeler says so in HELLO. It hangs up when it is up, and
 * the acceptor, which has proved itself and needs nothing more, waits for that.
 *
 * Each arrow that is waited for has a deadline of its own, so that a long line
 * is no reason to fail; all together have one, too. */
#include <string.h>

#include "base/addr.h"
#include "node/inner.h"

static void send_hello(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_frame frame = {.type = HSY_HELLO};
    struct hsy_hello *hello = &frame.hello;

    HSY_ASSERT(node->core.self.signed_once);
    hello->version_min = HSY_PROTOCOL_MIN;
    hello->version_max = HSY_PROTOCOL_MAX;
    hello->network_len = (uint8_t)strlen(node->core.env.config.network);
    memcpy(hello->network, node->core.env.config.network, hello->network_len);
    hello->trust = HSY_TRUST_ORIGIN;
    hello->features =
        !conn->accepted && conn->handshake->feels ? HSY_HELLO_FEELER : 0;
    memcpy(hello->nonce, conn->handshake->nonce, HSY_NONCE_LEN);
    hello->observed = conn->from;
    hello->record = node->core.self.record;
    conn->handshake->asked_ns = node->core.env.now.mono_ns;
    hsy_conn_send_frame(node, conn, &frame);
}

void hsy_handshake_begin(struct hearsay_node *node, struct hsy_conn *conn)
{
    HSY_ASSERT(!conn->accepted);
    HSY_ASSERT(conn->state == HSY_CONN_HELLO);
    send_hello(node, conn);
}

/* What stands against this HELLO; NULL: nothing. */
static const char *objection(const struct hearsay_node *node,
                             const struct hsy_conn *conn,
                             const struct hsy_hello *hello,
                             enum hsy_error_code *code)
{
    HSY_ASSERT(hello->version_min <= hello->version_max);
    *code = HSY_ERROR_VERSION;
    if (hello->version_min > HSY_PROTOCOL_MAX ||
        hello->version_max < HSY_PROTOCOL_MIN) {
        return "no protocol version in common: upgrade the older node";
    }
    *code = HSY_ERROR_NETWORK;
    if (hello->network_len != strlen(node->core.env.config.network) ||
        memcmp(hello->network, node->core.env.config.network,
               hello->network_len) != 0) {
        return "another network name: check --network on both nodes";
    }
    *code = HSY_ERROR_TRUST;
    if (hello->trust != HSY_TRUST_ORIGIN) {
        return "another trust mode: all nodes of a network need the same";
    }
    *code = HSY_ERROR_OWN_ID;
    if (hsy_id_equal(&hello->record.id, &node->core.env.id)) {
        return "this is the node itself: a copied key, or its own address";
    }
    *code = HSY_ERROR_AUTH;
    if (conn->handshake->has_expect &&
        !hsy_id_equal(&hello->record.id, &conn->handshake->expect)) {
        return "another node lives at this address";
    }
    return NULL;
}

static struct hsy_auth_text auth_text(const struct hearsay_node *node,
                                      const struct hsy_conn *conn, bool ours)
{
    const struct hsy_handshake *h = conn->handshake;
    struct hsy_auth_text auth = {
        .network = node->core.env.config.network,
        .network_len = (uint8_t)strlen(node->core.env.config.network)};

    HSY_ASSERT(h->hello_seen);
    auth.accepted = conn->accepted == ours;
    auth.signer = ours ? node->core.env.id : h->record.id;
    auth.other = ours ? h->record.id : node->core.env.id;
    memcpy(auth.signer_nonce, ours ? h->nonce : h->their_nonce, HSY_NONCE_LEN);
    memcpy(auth.other_nonce, ours ? h->their_nonce : h->nonce, HSY_NONCE_LEN);
    return auth;
}

static void sign_auth(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_auth_text auth = auth_text(node, conn, true);

    if (!hsy_jobs_sign_auth(node, conn, &auth)) {
        hsy_conn_refuse(node, conn, HSY_ERROR_FULL,
                        "too busy to authenticate; try again");
        return;
    }
    conn->state = HSY_CONN_SIGNING;
    hsy_conn_await(node, conn, HSY_HANDSHAKE_NS); /* For ourselves. */
    HSY_ASSERT(conn->jobs > 0);
}

/* Their answer to our HELLO is here: that was a round trip. */
static void measure(const struct hearsay_node *node,
                    const struct hsy_conn *conn)
{
    struct hsy_handshake *h = conn->handshake;

    HSY_ASSERT(h->rtt_ns == 0);
    h->rtt_ns = hsy_time_since(h->asked_ns, node->core.env.now.mono_ns);
}

static void on_hello(struct hearsay_node *node, struct hsy_conn *conn,
                     const struct hsy_hello *hello)
{
    struct hsy_handshake *h = conn->handshake;
    enum hsy_error_code code;
    const char *text = objection(node, conn, hello, &code);

    HSY_ASSERT(!h->hello_seen);
    h->hello_seen = true;
    h->record = hello->record;
    h->observed = hello->observed;
    conn->version = hello->version_max < HSY_PROTOCOL_MAX ? hello->version_max
                                                          : HSY_PROTOCOL_MAX;
    memcpy(h->their_nonce, hello->nonce, HSY_NONCE_LEN);
    if (text != NULL) {
        hsy_conn_refuse(node, conn, code, text);
    } else if (conn->accepted) {
        h->feels = (hello->features & HSY_HELLO_FEELER) != 0;
        conn->state = HSY_CONN_AUTH;
        hsy_conn_await(node, conn, HSY_AUTH_NS);
        send_hello(node, conn);
    } else {
        measure(node, conn);
        sign_auth(node, conn);
    }
}

static void on_auth(struct hearsay_node *node, struct hsy_conn *conn,
                    const struct hsy_sig *sig)
{
    struct hsy_auth_text auth = auth_text(node, conn, false);

    HSY_ASSERT(conn->state == HSY_CONN_AUTH);
    if (conn->accepted) {
        measure(node, conn);
    }
    conn->handshake->their_auth = *sig;
    if (!hsy_jobs_check_auth(node, conn, &auth)) {
        hsy_conn_refuse(node, conn, HSY_ERROR_FULL,
                        "too busy to authenticate; try again");
        return;
    }
    conn->state = HSY_CONN_CHECKING;
    hsy_conn_await(node, conn, HSY_HANDSHAKE_NS); /* For ourselves. */
}

static void note_refused_there(struct hearsay_node *node,
                               const struct hsy_conn *conn,
                               const struct hsy_error *error)
{
    bool usual =
        error->code == HSY_ERROR_REDUNDANT || error->code == HSY_ERROR_OWN_ID;
    struct hsy_note note =
        hsy_note(usual ? HEARSAY_DEBUG : HEARSAY_WARN, "refused-there");
    char text[HSY_ERROR_TEXT_MAX + 1];

    HSY_ASSERT(error->text_len <= HSY_ERROR_TEXT_MAX);
    memcpy(text, error->text, error->text_len);
    text[error->text_len] = '\0';
    hsy_note_addr(&note, "addr", &conn->from);
    hsy_note_u64(&note, "code", error->code);
    hsy_note_text(&note, "text", text);
    hsy_tell(&node->core.env, &note);
}

/* The other end says why it will not have us. */
static void on_error(struct hearsay_node *node, struct hsy_conn *conn,
                     const struct hsy_error *error)
{
    hearsay_link link = conn->link;
    bool dialled = !conn->accepted;
    bool known = conn->handshake->hello_seen;
    struct hearsay_id id = conn->handshake->record.id;

    if (dialled) {
        note_refused_there(node, conn, error);
    }
    hsy_conn_hang_up(node, conn, 0, NULL);
    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
    if (dialled) {
        hsy_core_dial_failed(&node->core, link, HEARSAY_DOWN_CLOSED,
                             error->code, known ? &id : NULL);
    }
}

void hsy_handshake_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_frame *frame)
{
    HSY_ASSERT(conn->handshake != NULL);
    if (frame->type == HSY_ERROR) {
        on_error(node, conn, &frame->error);
    } else if (frame->type == HSY_HELLO && conn->state == HSY_CONN_HELLO) {
        on_hello(node, conn, &frame->hello);
    } else if (frame->type == HSY_AUTH && conn->state == HSY_CONN_AUTH) {
        on_auth(node, conn, &frame->auth);
    } else {
        hsy_conn_refuse(node, conn, HSY_ERROR_TYPE,
                        "this frame has no place in the handshake");
    }
}

static void come_up(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_handshake *h = conn->handshake;
    struct hsy_arrival arrival = {.link = conn->link,
                                  .accepted = conn->accepted,
                                  .from = conn->from,
                                  .version = conn->version,
                                  .rtt_ns = h->rtt_ns,
                                  .observed = h->observed,
                                  .record = h->record};

    HSY_ASSERT(h->hello_seen);
    hsy_conn_whole(node, conn);
    conn->state = HSY_CONN_UP;
    conn->deadline_ns = HEARSAY_NEVER;
    conn->handshake = NULL;
    hsy_mem_free(&node->mem, h);
    hsy_core_link_up(&node->core, &arrival);
    hsy_conn_resume(node, arrival.link);
}

void hsy_handshake_signed(struct hearsay_node *node, struct hsy_conn *conn,
                          const struct hsy_sig *sig)
{
    struct hsy_frame frame = {.type = HSY_AUTH, .auth = *sig};
    hearsay_link link = conn->link;

    HSY_ASSERT(conn->state == HSY_CONN_SIGNING);
    hsy_conn_send_frame(node, conn, &frame);
    if (conn->accepted && conn->handshake->feels) {
        conn->state = HSY_CONN_FELT;
        hsy_conn_await(node, conn, HSY_FELT_NS);
        return;
    }
    if (conn->accepted) {
        come_up(node, conn);
        return;
    }
    conn->state = HSY_CONN_AUTH;
    hsy_conn_await(node, conn, HSY_AUTH_NS + HSY_VERIFY_NS);
    hsy_conn_resume(node, link);
}

void hsy_handshake_checked(struct hearsay_node *node, struct hsy_conn *conn,
                           bool good)
{
    HSY_ASSERT(conn->state == HSY_CONN_CHECKING);
    if (!good) {
        hsy_conn_refuse(node, conn, HSY_ERROR_AUTH,
                        "a signature of the handshake does not match");
    } else if (conn->accepted) {
        sign_auth(node, conn);
    } else {
        come_up(node, conn);
    }
}
