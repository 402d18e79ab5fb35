/* The signed things of the protocol as structs (docs/protocol.md, Identity,
 * Seed registry). Decoding never allocates: lists stay encoded slices of the
 * frame, walked with an iterator that the decoder has proved sound. */
#ifndef HSY_WIRE_RECORDS_H
#define HSY_WIRE_RECORDS_H

#include "base/cursor.h"
#include "hearsay.h"

enum {
    HSY_SIG_LEN = 64,
    HSY_RECORD_LEN_MAX = 512,
    HSY_VERDICTS_MAX = HEARSAY_SEEDS_MAX / 2 + 1,
    HSY_TOPIC_MAX = 64,
    HSY_QUERY_MS_MAX = 60 * 1000,
    HSY_BUNDLE_LEN_MAX = 16 * 1024, /* Encoded, signature included. */
    HSY_BUNDLE_FIXED_LEN = HEARSAY_ID_LEN + 4 * 8 + 2 + HSY_SIG_LEN,
    HSY_BUNDLE_MESSAGES_MAX = 64,
    /* A longer payload is not in its bundle: the hashes of its pieces are. */
    HSY_INLINE_MAX = 15 * 1024,
    HSY_PIECE_LEN = 32 * 1024, /* Of each but the last. */
    HSY_PIECE_HASH_LEN = 16,
    HSY_PIECES_MAX = HEARSAY_PAYLOAD_MAX / HSY_PIECE_LEN
};

/* How many pieces a payload of @len bytes has, and how long one of them is. */
static inline uint16_t hsy_pieces_of(uint32_t len)
{
    return (uint16_t)((len + HSY_PIECE_LEN - 1) / HSY_PIECE_LEN);
}

static inline uint32_t hsy_piece_len(uint32_t len, uint16_t index)
{
    uint32_t at = (uint32_t)index * HSY_PIECE_LEN;

    return len - at < HSY_PIECE_LEN ? len - at : HSY_PIECE_LEN;
}

/* Incarnations stay below 2^62, so that rank = 2 * incarnation + dead fits. */
#define HSY_INCARNATION_END (UINT64_C(1) << 62)

struct hsy_sig {
    uint8_t bytes[HSY_SIG_LEN];
};

/* Of a record's features: seeds cannot dial it, so nobody is sent there. It
 * takes part through the links that it opens itself. */
#define HSY_RECORD_UNDIALABLE UINT64_C(1)

/* Where a node is, said by itself. */
struct hsy_record {
    struct hearsay_id id;
    uint64_t incarnation;
    uint64_t boot_nonce;
    uint64_t issued_ms;
    uint64_t features;
    enum hearsay_role role;
    uint8_t addrs_count; /* 0 only in HELLO, before the address is known. */
    struct hearsay_addr addrs[HEARSAY_ADDRS_MAX];
    uint8_t name_len;
    char name[HEARSAY_NAME_MAX]; /* Not NUL-terminated. */
    struct hsy_sig sig;          /* By id. */
};

/* Do they name the same addresses, in the same order? */
bool hsy_record_same_addrs(const struct hsy_record *a,
                           const struct hsy_record *b);

static inline uint64_t hsy_rank_alive(uint64_t incarnation)
{
    return 2 * incarnation;
}

static inline uint64_t hsy_rank_dead(uint64_t incarnation)
{
    return 2 * incarnation + 1;
}

/* "I leave": a tombstone that needs nobody else. */
struct hsy_leave {
    struct hearsay_id id;
    uint64_t incarnation;
    uint64_t issued_ms;
    struct hsy_sig sig; /* By id. */
};

/* A neighbour's word that a peer is dead: a suspicion. */
struct hsy_report {
    struct hearsay_id subject;
    uint64_t incarnation; /* Of the subject, as the notifier knew it. */
    struct hearsay_addr subject_addr;
    uint64_t wall_ms;
    struct hearsay_id notifier;
    struct hearsay_addr notifier_addr;
    struct hsy_sig sig; /* By notifier. */
};

/* One seed's word that it tried and failed too. */
struct hsy_verdict {
    struct hearsay_id subject;
    uint64_t incarnation;
    uint64_t wall_ms;
    struct hearsay_id seed;
    struct hsy_sig sig; /* By seed. */
};

/* A death: a majority of verdicts on one (subject, incarnation). */
struct hsy_certificate {
    struct hsy_record record; /* The subject's own. */
    uint8_t verdicts_count;
    struct hsy_verdict verdicts[HSY_VERDICTS_MAX];
};

/* A list of node ids, packed, 32 bytes each. */
struct hsy_ids {
    const uint8_t *bytes;
    uint32_t count;
};

static inline const struct hearsay_id *hsy_ids_at(const struct hsy_ids *ids,
                                                  uint32_t index)
{
    /* struct hearsay_id is 32 bytes of uint8_t: alignment 1, no padding. */
    return (const struct hearsay_id *)(const void *)(ids->bytes +
                                                     (size_t)index * 32);
}
_Static_assert(sizeof(struct hearsay_id) == 32, "ids are packed on the wire");

/* A peer's snapshot of its links; a higher version replaces a lower one. */
struct hsy_links {
    struct hearsay_id id;
    uint64_t incarnation;
    uint64_t version; /* Rises within one incarnation. */
    struct hsy_ids neighbours;
    struct hsy_sig sig; /* By id. */
};

/* Consecutive messages of one origin: the unit of signature, id and relay. */
struct hsy_bundle {
    struct hearsay_id origin;
    uint64_t epoch_incarnation;
    uint64_t epoch_nonce;
    uint64_t first_seq; /* From 1. */
    uint64_t wall_ms;
    uint16_t count;          /* 1..64 */
    const uint8_t *messages; /* Encoded: topic_len u8 | topic | len u32 | .. */
    uint32_t messages_len;
    bool asks; /* One of them at least is a query: not for version 1. */
    struct hsy_sig sig; /* By origin. */
    /* All of it as it was decoded, lent like the messages; NULL: made here.
     * Whoever changes another field sets it to NULL. */
    const uint8_t *encoded;
    uint32_t encoded_len;
};

/* A bundle's id: BLAKE2b-128 over its encoding, signature included. */
struct hsy_bundle_id {
    uint8_t bytes[16];
};

/* Bundle ids, packed. */
struct hsy_bundle_ids {
    const uint8_t *bytes;
    uint32_t count;
};

static inline const struct hsy_bundle_id *
hsy_bundle_ids_at(const struct hsy_bundle_ids *ids, uint32_t index)
{
    return (const struct hsy_bundle_id *)(const void *)(ids->bytes +
                                                        (size_t)index * 16);
}
_Static_assert(sizeof(struct hsy_bundle_id) == 16, "packed on the wire");

/* One life of an origin: its sequence numbers begin anew with each. */
struct hsy_epoch {
    struct hearsay_id origin;
    uint64_t incarnation, nonce;
};

/* Messages of one epoch; both ends included. Empty: to = from - 1. */
struct hsy_span {
    struct hsy_epoch of;
    uint64_t from, to;
};

/* Spans as they are encoded, one after the other. */
enum { HSY_SPAN_LEN = 32 + 4 * 8 };
struct hsy_spans {
    const uint8_t *bytes;
    uint32_t count;
};

/* One message inside a bundle; topic and payload are lent by the bundle. Of a
 * large one, which is alone in its bundle, there are hashes instead. */
struct hsy_message {
    const uint8_t *topic;
    uint8_t topic_len;
    const uint8_t *payload; /* NULL: a large one. */
    uint32_t payload_len;
    const uint8_t *hashes; /* HSY_PIECE_HASH_LEN for each piece; or NULL. */
    uint32_t query_ms;     /* It asks, and waits so long; 0: it does not. */
};

/* One message for one node, the word that it came, or an answer to a query. */
enum hsy_direct_kind {
    HSY_DIRECT_MESSAGE = 0,
    HSY_DIRECT_RECEIPT = 1,
    HSY_DIRECT_ANSWER = 2
};

enum {
    HSY_DIRECT_ATTEMPTS_MAX = 8,
    HSY_DIRECT_FIXED_LEN = 1 + 32 + 3 * 8 + 32 + 4 * 8 + 1 + 4 + HSY_SIG_LEN,
    HSY_DIRECT_LEN_MAX =
        HSY_DIRECT_FIXED_LEN + HSY_TOPIC_MAX + HEARSAY_DIRECT_MAX
};

struct hsy_direct {
    enum hsy_direct_kind kind;
    struct hearsay_id origin;
    uint64_t incarnation, nonce; /* The epoch of @origin. */
    uint64_t number;             /* From 1; 0 in a receipt. */
    struct hearsay_id to;
    /* What of @to's this is about; zero in a message. */
    uint64_t about_incarnation, about_nonce, about_number;
    uint64_t wall_ms;
    const uint8_t *topic; /* Only of a message; lent, as the payload is. */
    uint8_t topic_len;
    const uint8_t *payload;
    uint32_t payload_len;
    struct hsy_sig sig; /* By @origin. */
};

static inline bool hsy_message_large(const struct hsy_message *message)
{
    return message->payload_len > HSY_INLINE_MAX;
}

/* Encoded records, one after the other, each with a u16 length in front. */
struct hsy_records {
    const uint8_t *bytes;
    uint32_t len;
    uint16_t count;
};

/* Encoders write the canonical form; decoders accept nothing else (sticky
 * error in @in). *_body is what the signature covers, without it. */
void hsy_put_record(struct hsy_writer *out, const struct hsy_record *record);
void hsy_get_record(struct hsy_reader *in, struct hsy_record *record);
void hsy_put_leave(struct hsy_writer *out, const struct hsy_leave *leave);
void hsy_get_leave(struct hsy_reader *in, struct hsy_leave *leave);
void hsy_put_report(struct hsy_writer *out, const struct hsy_report *report);
void hsy_get_report(struct hsy_reader *in, struct hsy_report *report);
void hsy_put_verdict(struct hsy_writer *out, const struct hsy_verdict *verdict);
void hsy_get_verdict(struct hsy_reader *in, struct hsy_verdict *verdict);
void hsy_put_certificate(struct hsy_writer *out,
                         const struct hsy_certificate *certificate);
void hsy_get_certificate(struct hsy_reader *in,
                         struct hsy_certificate *certificate);
void hsy_put_links(struct hsy_writer *out, const struct hsy_links *links);
void hsy_get_links(struct hsy_reader *in, struct hsy_links *links);
void hsy_put_bundle(struct hsy_writer *out, const struct hsy_bundle *bundle);
/* @bundle->encoded, or the encoding in @room; the length in *@out_len. */
const uint8_t *hsy_bundle_encoded(const struct hsy_bundle *bundle,
                                  uint8_t room[HSY_BUNDLE_LEN_MAX],
                                  size_t *out_len);
/* Also walks the messages: count, bounds and total are sound afterwards. */
void hsy_get_bundle(struct hsy_reader *in, struct hsy_bundle *bundle);

void hsy_put_direct(struct hsy_writer *out, const struct hsy_direct *direct);
void hsy_get_direct(struct hsy_reader *in, struct hsy_direct *direct);

/* The bytes that a signature covers: a domain text ("hearsay-record-1",
 * "hearsay-leave-1", "hearsay-report-1", "hearsay-verdict-1",
 * "hearsay-links-1", "hearsay-bundle-1", "hearsay-direct-1", each with its
 * NUL) and the encoding without the signature. */
void hsy_record_signed_bytes(struct hsy_writer *out,
                             const struct hsy_record *record);
void hsy_leave_signed_bytes(struct hsy_writer *out,
                            const struct hsy_leave *leave);
void hsy_report_signed_bytes(struct hsy_writer *out,
                             const struct hsy_report *report);
void hsy_verdict_signed_bytes(struct hsy_writer *out,
                              const struct hsy_verdict *verdict);
void hsy_links_signed_bytes(struct hsy_writer *out,
                            const struct hsy_links *links);
void hsy_bundle_signed_bytes(struct hsy_writer *out,
                             const struct hsy_bundle *bundle);

void hsy_direct_signed_bytes(struct hsy_writer *out,
                             const struct hsy_direct *direct);

/* A sound record as it is encoded. */
struct hsy_encoded {
    const uint8_t *bytes;
    size_t len;
};
/* As hsy_record_signed_bytes(). */
void hsy_encoded_signed_bytes(struct hsy_writer *out,
                              const struct hsy_encoded *record);

/* Some fields of an encoded record, which must be a sound one. */
struct hsy_record_brief {
    uint64_t incarnation, boot_nonce, issued_ms, features;
    enum hearsay_role role;
    uint8_t addrs_count;
};
struct hsy_record_brief hsy_record_brief(const uint8_t *encoded, size_t len);
/* Its first address; all zero: it has none. */
struct hearsay_addr hsy_record_first_addr(const uint8_t *encoded, size_t len);
/* The same of encoded links; the ids are lent by @encoded. */
struct hsy_links_brief {
    uint64_t incarnation, version;
    struct hsy_ids neighbours;
};
struct hsy_links_brief hsy_links_brief(const uint8_t *encoded, size_t len);

/* Appends one record to a list under construction. */
void hsy_records_add(struct hsy_writer *list, struct hsy_records *records,
                     const struct hsy_record *record);
/* The same of a record that is encoded already. */
void hsy_records_add_encoded(struct hsy_writer *list,
                             struct hsy_records *records,
                             const uint8_t *encoded, size_t len);
/* Walks a list, lending each record as it is encoded. */
bool hsy_records_next_encoded(struct hsy_reader *at, struct hsy_encoded *out);
/* Walks a list: false at its end. Start with a reader over bytes/len. */
bool hsy_records_next(struct hsy_reader *at, struct hsy_record *record);

/* Appends one message to a bundle under construction: bundle->messages must
 * be out->data; updates count and messages_len. */
void hsy_messages_add(struct hsy_writer *out, struct hsy_bundle *bundle,
                      const struct hsy_message *message);
bool hsy_messages_next(struct hsy_reader *at, struct hsy_message *message);
/* Is it the manifest of a large message? */
bool hsy_bundle_large(const struct hsy_bundle *bundle);

/* Appends one span to a list under construction. */
void hsy_spans_add(struct hsy_writer *list, struct hsy_spans *spans,
                   const struct hsy_span *span);
/* @index < count. */
struct hsy_span hsy_spans_at(const struct hsy_spans *spans, uint32_t index);

/* Equal in every field, signature included. */
bool hsy_record_equal(const struct hsy_record *a, const struct hsy_record *b);

#endif
