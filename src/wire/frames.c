/* The header of a frame, and which body belongs to which type. One switch
 * writes, one reads, in the same order: a type that is missing in either
 * breaks the build. Bodies of one line are drawn here:
 *
 *     AUTH         signature 64          over hsy_auth_signed_bytes()
 *     LEAVE        leave
 *     PING, PONG   nonce u64             PONG repeats PING's
 *     REGISTER, RECORD   record
 *     LOOKUP       id 32
 *     LINKS        links
 *     DEAD_REPORT, DEAD_NOTICE   report
 *     CONNECT      degree u32
 *     ACCEPT       nothing
 *     BUNDLE       hops u8 | bundle      hops are outside the signature
 */
#include "wire/codec.h"

#include "base/assert.h"

enum {
    LENGTH_LEN = 4,                                /* The length itself. */
    LENGTH_MIN = HSY_FRAME_HEADER_LEN - LENGTH_LEN /* What it counts. */
};

static void put_body(struct hsy_writer *out,
                     const struct hsy_frame *frame) /* tidy: dispatch */
{
    switch (frame->type) {
    case HSY_HELLO:
        hsy_wire_put_hello(out, &frame->hello);
        break;
    case HSY_AUTH:
        hsy_wire_put_sig(out, &frame->auth);
        break;
    case HSY_ERROR:
        hsy_wire_put_error(out, &frame->error);
        break;
    case HSY_LEAVE:
        hsy_put_leave(out, &frame->leave);
        break;
    case HSY_PING:
        hsy_put_u64(out, frame->ping);
        break;
    case HSY_PONG:
        hsy_put_u64(out, frame->pong);
        break;
    case HSY_REGISTER:
        hsy_put_record(out, &frame->reg);
        break;
    case HSY_REGISTERED:
        hsy_wire_put_registered(out, &frame->registered);
        break;
    case HSY_LOOKUP:
        hsy_wire_put_id(out, &frame->lookup);
        break;
    case HSY_PEERS_GET:
        hsy_wire_put_peers_get(out, &frame->peers_get);
        break;
    case HSY_PEERS:
        hsy_wire_put_peers(out, &frame->peers);
        break;
    case HSY_LINKS:
        hsy_put_links(out, &frame->links);
        break;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        hsy_put_report(out, &frame->report);
        break;
    case HSY_SEED_SYNC:
        hsy_wire_put_sync(out, &frame->sync);
        break;
    case HSY_SEED_DIGEST:
        hsy_wire_put_seed_digest(out, &frame->seed_digest);
        break;
    case HSY_SEED_PULL:
        hsy_wire_put_seed_pull(out, &frame->seed_pull);
        break;
    case HSY_VERDICT:
        hsy_wire_put_verdict_frame(out, frame);
        break;
    case HSY_BRIDGE:
        hsy_wire_put_bridge(out, frame);
        break;
    case HSY_CONNECT:
        hsy_put_u32(out, frame->connect.degree);
        break;
    case HSY_ACCEPT:
        break;
    case HSY_REFUSE:
        hsy_wire_put_refuse(out, frame);
        break;
    case HSY_BUNDLE:
        hsy_put_u8(out, frame->bundle.hops);
        hsy_put_bundle(out, &frame->bundle.bundle);
        break;
    case HSY_IHAVE:
        hsy_wire_put_ihave(out, &frame->ihave);
        break;
    case HSY_GRAFT:
        hsy_wire_put_graft(out, frame);
        break;
    case HSY_PRUNE:
        hsy_wire_put_prune(out, frame);
        break;
    case HSY_DIGEST:
        hsy_wire_put_digest(out, &frame->digest);
        break;
    case HSY_PULL:
        hsy_wire_put_pull(out, frame);
        break;
    case HSY_GONE:
        hsy_wire_put_gone(out, frame);
        break;
    case HSY_ACK:
        hsy_wire_put_ack(out, &frame->ack);
        break;
    case HSY_ROOT:
        hsy_wire_put_root(out, &frame->root);
        break;
    case HSY_FETCH:
        hsy_wire_put_fetch(out, &frame->fetch);
        break;
    case HSY_PIECE:
        hsy_wire_put_piece(out, &frame->piece);
        break;
    case HSY_DIRECT:
        hsy_wire_put_direct(out, frame);
        break;
    case HSY_REACH:
        hsy_wire_put_reach(out, &frame->reach);
        break;
    case HSY_READ:
        hsy_wire_put_read(out, &frame->read);
        break;
    case HSY_FACTS:
        hsy_wire_put_facts(out, &frame->facts);
        break;
    case HSY_RECORD:
        hsy_put_record(out, &frame->record);
        break;
    case HSY_WATCH:
        hsy_wire_put_watch(out, &frame->watch);
        break;
    case HSY_MEMBER:
        hsy_wire_put_member(out, &frame->member);
        break;
    }
}

static void get_body(struct hsy_reader *in,
                     struct hsy_frame *frame) /* tidy: dispatch */
{
    switch (frame->type) {
    case HSY_HELLO:
        hsy_wire_get_hello(in, &frame->hello);
        break;
    case HSY_AUTH:
        hsy_wire_get_sig(in, &frame->auth);
        break;
    case HSY_ERROR:
        hsy_wire_get_error(in, &frame->error);
        break;
    case HSY_LEAVE:
        hsy_get_leave(in, &frame->leave);
        break;
    case HSY_PING:
        frame->ping = hsy_get_u64(in);
        break;
    case HSY_PONG:
        frame->pong = hsy_get_u64(in);
        break;
    case HSY_REGISTER:
        hsy_get_record(in, &frame->reg);
        break;
    case HSY_REGISTERED:
        hsy_wire_get_registered(in, &frame->registered);
        break;
    case HSY_LOOKUP:
        hsy_wire_get_id(in, &frame->lookup);
        break;
    case HSY_PEERS_GET:
        hsy_wire_get_peers_get(in, &frame->peers_get);
        break;
    case HSY_PEERS:
        hsy_wire_get_peers(in, &frame->peers);
        break;
    case HSY_LINKS:
        hsy_get_links(in, &frame->links);
        break;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        hsy_get_report(in, &frame->report);
        break;
    case HSY_SEED_SYNC:
        hsy_wire_get_sync(in, &frame->sync);
        break;
    case HSY_SEED_DIGEST:
        hsy_wire_get_seed_digest(in, &frame->seed_digest);
        break;
    case HSY_SEED_PULL:
        hsy_wire_get_seed_pull(in, &frame->seed_pull);
        break;
    case HSY_VERDICT:
        hsy_wire_get_verdict_frame(in, frame);
        break;
    case HSY_BRIDGE:
        hsy_wire_get_bridge(in, frame);
        break;
    case HSY_CONNECT:
        frame->connect.degree = hsy_get_u32(in);
        break;
    case HSY_ACCEPT:
        break;
    case HSY_REFUSE:
        hsy_wire_get_refuse(in, frame);
        break;
    case HSY_BUNDLE:
        frame->bundle.hops = hsy_get_u8(in);
        hsy_get_bundle(in, &frame->bundle.bundle);
        break;
    case HSY_IHAVE:
        hsy_wire_get_ihave(in, &frame->ihave);
        break;
    case HSY_GRAFT:
        hsy_wire_get_graft(in, frame);
        break;
    case HSY_PRUNE:
        hsy_wire_get_prune(in, frame);
        break;
    case HSY_DIGEST:
        hsy_wire_get_digest(in, &frame->digest);
        break;
    case HSY_PULL:
        hsy_wire_get_pull(in, frame);
        break;
    case HSY_GONE:
        hsy_wire_get_gone(in, frame);
        break;
    case HSY_ACK:
        hsy_wire_get_ack(in, &frame->ack);
        break;
    case HSY_ROOT:
        hsy_wire_get_root(in, &frame->root);
        break;
    case HSY_FETCH:
        hsy_wire_get_fetch(in, &frame->fetch);
        break;
    case HSY_PIECE:
        hsy_wire_get_piece(in, &frame->piece);
        break;
    case HSY_DIRECT:
        hsy_wire_get_direct(in, frame);
        break;
    case HSY_REACH:
        hsy_wire_get_reach(in, &frame->reach);
        break;
    case HSY_READ:
        hsy_wire_get_read(in, &frame->read);
        break;
    case HSY_FACTS:
        hsy_wire_get_facts(in, &frame->facts);
        break;
    case HSY_RECORD:
        hsy_get_record(in, &frame->record);
        break;
    case HSY_WATCH:
        hsy_wire_get_watch(in, &frame->watch);
        break;
    case HSY_MEMBER:
        hsy_wire_get_member(in, &frame->member);
        break;
    }
}

/* A number without a name is not in use. */
static const char *const names[HSY_FRAME_TYPE_MAX + 1] = {
    [HSY_HELLO] = "HELLO",
    [HSY_AUTH] = "AUTH",
    [HSY_ERROR] = "ERROR",
    [HSY_LEAVE] = "LEAVE",
    [HSY_PING] = "PING",
    [HSY_PONG] = "PONG",
    [HSY_REGISTER] = "REGISTER",
    [HSY_REGISTERED] = "REGISTERED",
    [HSY_LOOKUP] = "LOOKUP",
    [HSY_PEERS_GET] = "PEERS_GET",
    [HSY_PEERS] = "PEERS",
    [HSY_LINKS] = "LINKS",
    [HSY_DEAD_REPORT] = "DEAD_REPORT",
    [HSY_DEAD_NOTICE] = "DEAD_NOTICE",
    [HSY_SEED_SYNC] = "SEED_SYNC",
    [HSY_VERDICT] = "VERDICT",
    [HSY_BRIDGE] = "BRIDGE",
    [HSY_CONNECT] = "CONNECT",
    [HSY_ACCEPT] = "ACCEPT",
    [HSY_REFUSE] = "REFUSE",
    [HSY_BUNDLE] = "BUNDLE",
    [HSY_IHAVE] = "IHAVE",
    [HSY_GRAFT] = "GRAFT",
    [HSY_PRUNE] = "PRUNE",
    [HSY_DIGEST] = "DIGEST",
    [HSY_PULL] = "PULL",
    [HSY_GONE] = "GONE",
    [HSY_ROOT] = "ROOT",
    [HSY_ACK] = "ACK",
    [HSY_DIRECT] = "DIRECT",
    [HSY_FETCH] = "FETCH",
    [HSY_PIECE] = "PIECE",
    [HSY_READ] = "READ",
    [HSY_FACTS] = "FACTS",
    [HSY_REACH] = "REACH",
    [HSY_RECORD] = "RECORD",
    [HSY_SEED_DIGEST] = "SEED_DIGEST",
    [HSY_SEED_PULL] = "SEED_PULL",
    [HSY_WATCH] = "WATCH",
    [HSY_MEMBER] = "MEMBER",
};

bool hsy_frame_known(unsigned type)
{
    return type <= HSY_FRAME_TYPE_MAX && names[type] != NULL;
}

/* The flags that a frame may carry. */
static unsigned flags_of(enum hsy_frame_type type)
{
    return type == HSY_BUNDLE ? HSY_FLAG_IGNORABLE | HSY_FLAG_EXTRA
                              : HSY_FLAG_IGNORABLE;
}

void hsy_frame_encode(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(hsy_frame_known(frame->type));
    HSY_ASSERT((frame->flags & ~flags_of(frame->type)) == 0);
    /* The length comes first on the wire: encode twice, once to count. */
    struct hsy_writer body = hsy_writer_count();
    put_body(&body, frame);
    HSY_ASSERT(body.len <= UINT32_MAX - LENGTH_MIN);
    hsy_put_u32(out, (uint32_t)body.len + LENGTH_MIN);
    hsy_put_u8(out, (uint8_t)frame->type);
    hsy_put_u8(out, frame->flags);
    put_body(out, frame);
}

int hsy_frame_peek(size_t *out_len, const uint8_t *data, size_t data_len,
                   uint32_t frame_max)
{
    HSY_ASSERT(out_len != NULL);
    if (data_len < LENGTH_LEN) {
        *out_len = 0;
        return 0;
    }
    struct hsy_reader in = hsy_reader(data, data_len);
    uint32_t length = hsy_get_u32(&in);
    if (length < LENGTH_MIN) {
        return HEARSAY_ERR_MALFORMED;
    }
    if (length > frame_max) {
        return HEARSAY_ERR_TOO_BIG;
    }
    *out_len = (size_t)LENGTH_LEN + length;
    return 0;
}

int hsy_frame_decode(struct hsy_frame *out, const uint8_t *data, size_t len,
                     uint8_t *out_flags)
{
    HSY_ASSERT(out != NULL);
    struct hsy_reader in = hsy_reader(data, len);
    uint32_t length = hsy_get_u32(&in);
    if (length != hsy_reader_left(&in)) {
        return HEARSAY_ERR_MALFORMED;
    }
    uint8_t type = hsy_get_u8(&in);
    uint8_t flags = hsy_get_u8(&in);
    if (in.bad) {
        return HEARSAY_ERR_MALFORMED;
    }
    if (out_flags != NULL) {
        *out_flags = flags;
    }
    if (!hsy_frame_known(type)) {
        return HEARSAY_ERR_STATE;
    }
    out->type = (enum hsy_frame_type)type;
    out->flags = flags;
    hsy_wire_require(&in, (flags & ~flags_of(out->type)) == 0);
    get_body(&in, out);
    return hsy_reader_done(&in) ? 0 : HEARSAY_ERR_MALFORMED;
}

const char *hsy_frame_name(unsigned type)
{
    return hsy_frame_known(type) ? names[type] : "?";
}
