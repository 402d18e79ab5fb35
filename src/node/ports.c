/* The core acts through these: frames become bytes, and everything becomes an
 * effect. Without memory an effect is lost; the step says so (NOMEM), and
 * what cannot do without it ends: a link with a hole in its stream, a write
 * that is never acknowledged. */
#include <string.h>

#include "base/compiler.h"
#include "node/inner.h"

static void port_send(void *ctx, const hearsay_link *links, uint32_t count,
                      const struct hsy_frame *frame)
{
    struct hearsay_node *node = ctx;
    struct hearsay_buf *buf = hsy_conn_encode(node, frame);

    enum hsy_lane lane = hsy_lane_of(frame, &node->core.env.id);

    HSY_ASSERT(count >= 1);
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_conn *conn = hsy_conn_find(node, links[i]);
        if (conn != NULL && buf != NULL) {
            hsy_conn_send(node, conn, buf, lane);
        } else if (conn != NULL) {
            node->nomem = true;
            hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        }
    }
    hearsay_buf_unref(buf);
}

static hearsay_link port_dial(void *ctx, const char *host, uint16_t port,
                              const struct hearsay_id *expect)
{
    return hsy_conn_dial(ctx, host, port, expect);
}

static hearsay_link port_feel(void *ctx, const char *host, uint16_t port,
                              const struct hearsay_id *expect)
{
    hearsay_link link = hsy_conn_dial(ctx, host, port, expect);

    HSY_ASSERT(expect != NULL);
    if (link != 0) {
        hsy_conn_find(ctx, link)->handshake->feels = true;
    }
    return link;
}

static void port_hang_up(void *ctx, hearsay_link link, unsigned code,
                         const char *text)
{
    struct hearsay_node *node = ctx;
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn != NULL) {
        hsy_conn_hang_up(node, conn, code, text);
    }
    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
}

static bool port_sign(void *ctx, const struct hsy_signable *what)
{
    return hsy_jobs_sign(ctx, what);
}

/* The step that is under way ends the links; see hearsay_step(). */
static void port_stop(void *ctx, enum hearsay_stop why, const char *text)
{
    struct hearsay_node *node = ctx;

    HSY_ASSERT(text != NULL);
    if (node->end_text == NULL) {
        node->end_why = why;
        node->end_text = text;
        node->core.phase = HSY_PHASE_STOPPED;
    }
}

/* The value and its seal; NULL: no memory. */
static const uint8_t *sealed_value(struct hearsay_node *node,
                                   const struct hearsay_row *row)
{
    uint8_t *value = hsy_effects_room(&node->fx, row->value_len + HSY_SEAL_LEN);

    HSY_ASSERT(row->value != NULL);
    if (value != NULL) {
        memcpy(value, row->value, row->value_len);
        hsy_row_seal(value + row->value_len, row);
    }
    return value;
}

/* One row of a transaction; false: no memory. */
static bool push_row(struct hearsay_node *node, const struct hearsay_row *row,
                     bool more)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_PERSIST};

    HSY_ASSERT(row->key_len >= 1);
    HSY_ASSERT(row->key_len <= 32);
    effect.persist.token = node->last_token;
    effect.persist.more = more;
    effect.persist.row = *row;
    effect.persist.row.key =
        hsy_effects_copy(&node->fx, row->key, row->key_len);
    if (row->value != NULL) {
        effect.persist.row.value = sealed_value(node, row);
        effect.persist.row.value_len = row->value_len + HSY_SEAL_LEN;
    }
    return effect.persist.row.key != NULL &&
           (row->value == NULL || effect.persist.row.value != NULL) &&
           hsy_effects_push(&node->fx, &effect);
}

static uint64_t port_persist(void *ctx, const struct hearsay_row *rows,
                             uint32_t count)
{
    struct hearsay_node *node = ctx;

    HSY_ASSERT(count >= 1);
    node->last_token++;
    for (uint32_t i = 0; i < count; i++) {
        if (!push_row(node, &rows[i], i + 1 < count)) {
            node->nomem = true;
            port_stop(node, HEARSAY_STOP_DISK,
                      "out of memory for a write that must not be lost");
            break;
        }
    }
    return node->last_token;
}

static void port_deliver(void *ctx, const struct hearsay_message *message)
{
    struct hearsay_node *node = ctx;
    struct hearsay_effect effect = {.kind = HEARSAY_FX_DELIVER};
    struct hearsay_message copy = *message;
    bool held = true;

    copy.topic = hsy_effects_text(&node->fx, message->topic);
    if (message->content != NULL) {
        held = hsy_effects_hold(&node->fx, message->content);
    } else {
        copy.payload =
            hsy_effects_copy(&node->fx, message->payload, message->payload_len);
    }
    effect.message = hsy_effects_copy(&node->fx, &copy, sizeof(copy));
    if (!held || copy.topic == NULL || copy.payload == NULL ||
        effect.message == NULL || !hsy_effects_push(&node->fx, &effect)) {
        node->nomem = true;
    }
}

/* Copies the texts that a note borrows; false: no memory. */
static bool keep_texts(struct hearsay_node *node, struct hearsay_note *note)
{
    for (uint32_t i = 0; i < HEARSAY_FIELDS_MAX; i++) {
        struct hearsay_field *field = &note->fields[i];
        if (field->kind == HEARSAY_FIELD_END) {
            return true;
        }
        if (field->kind == HEARSAY_FIELD_TEXT) {
            field->text = hsy_effects_text(&node->fx, field->text);
        }
        if (field->kind == HEARSAY_FIELD_TEXT && field->text == NULL) {
            return false;
        }
    }
    return true;
}

static void port_note(void *ctx, const struct hearsay_note *note)
{
    struct hearsay_node *node = ctx;
    struct hearsay_effect effect = {.kind = HEARSAY_FX_NOTE};
    struct hearsay_note copy = *note;

    HSY_ASSERT(note->event != NULL);
    effect.note = keep_texts(node, &copy)
                      ? hsy_effects_copy(&node->fx, &copy, sizeof(copy))
                      : NULL;
    if (effect.note == NULL || !hsy_effects_push(&node->fx, &effect)) {
        return; /* Only a word for the log. */
    }
}

static uint32_t port_waiting(void *ctx, hearsay_link link)
{
    const struct hsy_conn *conn = hsy_conn_find(ctx, link);

    return conn == NULL ? 0 : hsy_lanes_len(conn->lanes, HSY_LANE_OWN);
}

static void port_bundle_id(void *ctx, struct hsy_bundle_id *out,
                           const struct hsy_bundle *bundle)
{
    struct hearsay_node *node = ctx;
    HSY_UNSET uint8_t room[HSY_BUNDLE_LEN_MAX];
    size_t len = 0;
    const uint8_t *bytes = hsy_bundle_encoded(bundle, room, &len);

    _Static_assert(sizeof(out->bytes) == HSY_CRYPTO_HASH_LEN, "128 bits");
    node->crypto->hash(out->bytes, bytes, len);
}

static void port_hash(void *ctx, uint8_t out[HSY_PIECE_HASH_LEN],
                      const uint8_t *bytes, size_t len)
{
    const struct hearsay_node *node = ctx;

    _Static_assert((int)HSY_PIECE_HASH_LEN == (int)HSY_CRYPTO_HASH_LEN,
                   "128 bits");
    node->crypto->hash(out, bytes, len);
}

static void port_serve(void *ctx, hearsay_link link)
{
    struct hearsay_node *node = ctx;
    struct hsy_conn *conn = hsy_conn_find(node, link);

    HSY_ASSERT(link != 0);
    if (conn != NULL) {
        conn->serving = true;
        node->serve_pending = true;
    }
}

static void port_direct_id(void *ctx, struct hsy_bundle_id *out,
                           const struct hsy_direct *direct)
{
    struct hearsay_node *node = ctx;
    HSY_UNSET uint8_t room[HSY_DIRECT_LEN_MAX];
    struct hsy_writer bytes = hsy_writer(room, sizeof(room));

    hsy_put_direct(&bytes, direct);
    HSY_ASSERT(!bytes.bad);
    node->crypto->hash(out->bytes, room, bytes.len);
}

/* Copies what @effect lends; false: no memory. */
static bool keep_lent(struct hsy_effects *fx, struct hearsay_effect *effect)
{
    if (effect->kind == HEARSAY_FX_DELIVER) {
        struct hearsay_message copy = *effect->message;
        copy.topic = hsy_effects_text(fx, copy.topic);
        copy.payload = hsy_effects_copy(fx, copy.payload, copy.payload_len);
        effect->message = hsy_effects_copy(fx, &copy, sizeof(copy));
        return copy.topic != NULL && copy.payload != NULL &&
               effect->message != NULL;
    }
    if (effect->kind == HEARSAY_FX_ANSWER) {
        effect->answer.payload = hsy_effects_copy(fx, effect->answer.payload,
                                                  effect->answer.payload_len);
        return effect->answer.payload != NULL;
    }
    if (effect->kind == HEARSAY_FX_QUERY_DONE) {
        struct hearsay_summary copy = *effect->summary;
        copy.missing = hsy_effects_copy(
            fx, copy.missing, copy.missing_listed * sizeof(*copy.missing));
        effect->summary = hsy_effects_copy(fx, &copy, sizeof(copy));
        return copy.missing != NULL && effect->summary != NULL;
    }
    if (effect->kind == HEARSAY_FX_FOUND) {
        effect->found =
            hsy_effects_copy(fx, effect->found, sizeof(*effect->found));
        return effect->found != NULL;
    }
    if (effect->kind == HEARSAY_FX_MEMBER) {
        struct hearsay_member copy = *effect->member;
        copy.name = hsy_effects_text(fx, copy.name);
        copy.by =
            hsy_effects_copy(fx, copy.by, copy.by_count * sizeof(*copy.by));
        effect->member = hsy_effects_copy(fx, &copy, sizeof(copy));
        return copy.name != NULL && copy.by != NULL && effect->member != NULL;
    }
    HSY_ASSERT(effect->kind == HEARSAY_FX_RECEIPT ||
               effect->kind == HEARSAY_FX_FIND_DONE);
    return true;
}

static bool port_tell(void *ctx, const struct hearsay_effect *effect)
{
    struct hearsay_node *node = ctx;
    struct hearsay_effect copy = *effect;

    return keep_lent(&node->fx, &copy) && hsy_effects_push(&node->fx, &copy);
}

struct hsy_ports hsy_node_ports(struct hearsay_node *node)
{
    return (struct hsy_ports){
        .ctx = node,
        .send = port_send,
        .dial = port_dial,
        .feel = port_feel,
        .hang_up = port_hang_up,
        .sign = port_sign,
        .persist = port_persist,
        .deliver = port_deliver,
        .note = port_note,
        .stop = port_stop,
        .waiting = port_waiting,
        .bundle_id = port_bundle_id,
        .hash = port_hash,
        .serve = port_serve,
        .direct_id = port_direct_id,
        .tell = port_tell,
    };
}
