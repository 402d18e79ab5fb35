/* Frames: what travels on a link (docs/protocol.md, Links).
 *
 *     0        4      5       6
 *     +--------+------+-------+----------------+
 *     | length | type | flags | body           |     big-endian; length
 *     +--------+------+-------+----------------+     counts type to body end
 */
#ifndef HSY_WIRE_FRAMES_H
#define HSY_WIRE_FRAMES_H

#include "wire/records.h"

enum {
    HSY_PROTOCOL_MIN = 1, /* Oldest version that this build speaks. */
    HSY_PROTOCOL_MAX = 2,
    HSY_IHAVE_VERSION = 2, /* The first that knows the frames from IHAVE on. */
    HSY_FRAME_HEADER_LEN = 6,
    HSY_NONCE_LEN = 32,
    HSY_ERROR_TEXT_MAX = 200,
    HSY_SAMPLE_BY_DEGREE = 32,
    HSY_SAMPLE_UNIFORM = 16,
    HSY_SAMPLE_MAX = HSY_SAMPLE_BY_DEGREE + HSY_SAMPLE_UNIFORM,
    HSY_PAGE_RECORDS = 48, /* Records in one PEERS frame at most. */
    HSY_ALTERNATIVES_MAX = 8,
    HSY_BRIDGE_RECORDS = 2,
    HSY_SYNC_ENTRIES_MAX = 64,
    HSY_IHAVE_IDS_MAX = 250,
    HSY_GRAFT_IDS_MAX = 64,
    HSY_REDIRECTS_MAX = 4, /* Records in one PRUNE. */
    HSY_DIGEST_BUCKETS = 64,
    HSY_DIGEST_MARKS_MAX = 256,
    HSY_PULL_SPANS_MAX = 16,
    HSY_SEED_BUCKETS = 256, /* Of the ids in a registry: by the first byte. */
    HSY_SEED_FACTS_MAX = 1024,
    /* Encoded records of one list: the largest list, the largest record. */
    HSY_RECORDS_LEN_MAX = HSY_PAGE_RECORDS * (HSY_RECORD_LEN_MAX + 2)
};

enum hsy_frame_type {
    HSY_HELLO = 1,
    HSY_AUTH = 2,
    HSY_ERROR = 3,
    HSY_LEAVE = 4,
    HSY_PING = 5,
    HSY_PONG = 6,
    HSY_REGISTER = 7,
    HSY_REGISTERED = 8,
    HSY_LOOKUP = 9,
    HSY_PEERS_GET = 10,
    HSY_PEERS = 11,
    HSY_LINKS = 12,
    HSY_DEAD_REPORT = 13,
    HSY_DEAD_NOTICE = 14,
    HSY_SEED_SYNC = 15,
    HSY_VERDICT = 16,
    HSY_BRIDGE = 17,
    HSY_CONNECT = 18,
    HSY_ACCEPT = 19,
    HSY_REFUSE = 20,
    HSY_BUNDLE = 21,
    /* From version 2 on. */
    HSY_IHAVE = 22,
    HSY_GRAFT = 23,
    HSY_PRUNE = 24,
    HSY_DIGEST = 25,
    HSY_PULL = 26,
    HSY_GONE = 27,
    HSY_ROOT = 28,
    HSY_DIRECT = 29,
    HSY_FETCH = 30,
    HSY_PIECE = 31,
    HSY_ACK = 32,
    HSY_READ = 33,
    HSY_FACTS = 34,
    HSY_SEED_DIGEST = 35,
    HSY_SEED_PULL = 36,
    HSY_WATCH = 39,
    HSY_MEMBER = 40,
    HSY_REACH = 41,
    HSY_RECORD = 42
};
#define HSY_FRAME_TYPE_MAX HSY_RECORD

/* The first version of the protocol that has frames of @type. On a link of an
 * older one they are neither sent nor taken. */
static inline uint8_t hsy_frame_version(enum hsy_frame_type type)
{
    return type < HSY_IHAVE ? HSY_PROTOCOL_MIN : HSY_IHAVE_VERSION;
}

/* The same of one in a BUNDLE: manifests and queries are newer than it. */
static inline uint8_t hsy_bundle_version(const struct hsy_bundle *bundle)
{
    return bundle->asks || hsy_bundle_large(bundle) ? HSY_IHAVE_VERSION
                                                    : HSY_PROTOCOL_MIN;
}

enum {
    /* A receiver that does not know the type skips the frame. */
    HSY_FLAG_IGNORABLE = 1,
    /* Of a BUNDLE, from version 2 on: a copy beside the tree (flooded, or
     * pulled), which says nothing about the link it came over. */
    HSY_FLAG_EXTRA = 2
};

/* Of HELLO's features. The dialler wants to know who lives here, and no link:
 * it hangs up once the acceptor has proved itself. */
#define HSY_HELLO_FEELER UINT64_C(1)

enum hsy_trust { HSY_TRUST_ORIGIN = 0, HSY_TRUST_MEMBERS = 1 };

struct hsy_hello {
    uint16_t version_min, version_max;
    uint8_t network_len; /* 1..64 */
    char network[HEARSAY_NAME_MAX];
    enum hsy_trust trust;
    uint64_t features;
    uint8_t nonce[HSY_NONCE_LEN];
    struct hearsay_addr observed; /* Where the receiver seems to be. */
    struct hsy_record record;     /* The sender's own. */
};

/* A human can act on each of them; the text says how. */
enum hsy_error_code {
    HSY_ERROR_VERSION = 1,   /* No common protocol version. */
    HSY_ERROR_NETWORK = 2,   /* Another network name. */
    HSY_ERROR_TRUST = 3,     /* Another trust mode. */
    HSY_ERROR_OWN_ID = 4,    /* You reached yourself. */
    HSY_ERROR_DUPLICATE = 5, /* Another live process has this identity. */
    HSY_ERROR_AUTH = 6,      /* A signature does not match. */
    HSY_ERROR_MALFORMED = 7, /* Bytes that violate the format. */
    HSY_ERROR_TYPE = 8,      /* A frame that has no business here. */
    HSY_ERROR_LATE = 9,      /* A deadline passed. */
    HSY_ERROR_FULL = 10,     /* No room; try others. */
    HSY_ERROR_REDUNDANT = 11 /* We have a link already. */
};

struct hsy_error {
    enum hsy_error_code code;
    uint8_t text_len;
    char text[HSY_ERROR_TEXT_MAX]; /* Not NUL-terminated. */
};

enum hsy_registered_verdict {
    HSY_REGISTERED_OK = 0,
    HSY_REGISTERED_STALE = 1,  /* Come back above known_rank. */
    HSY_REGISTERED_FULL = 2,   /* The Peer List is full. */
    HSY_REGISTERED_NO_ADDR = 3 /* The record names no address. */
};

struct hsy_registered {
    enum hsy_registered_verdict verdict;
    uint64_t incarnation; /* Of the record this answers. */
    uint64_t known_rank;
    uint32_t lease_s;
    uint32_t peers_count; /* N, for the cap on links. */
    uint16_t by_degree;   /* The first so many of the sample. */
    struct hsy_records sample;
};

enum hsy_peers_kind {
    HSY_PEERS_SAMPLE = 0,  /* 32 by degree, 16 uniform. */
    HSY_PEERS_UNIFORM = 1, /* 16 uniform. */
    HSY_PEERS_PAGE = 2,    /* Page k of all, by id. */
    HSY_PEERS_LOOKUP = 3,  /* Answer to LOOKUP: none or one. */
    HSY_PEERS_TOP = 4      /* The `count` of highest degree, sorted. */
};

struct hsy_peers_get {
    enum hsy_peers_kind kind;
    uint16_t count; /* 1..HSY_PAGE_RECORDS */
    uint32_t page;
};

struct hsy_peers {
    enum hsy_peers_kind kind;
    uint32_t page;
    uint32_t peers_count;
    uint16_t by_degree;
    struct hsy_records records;
};

/* What a seed writes into the page of its answer to a LOOKUP of @id: the
 * first bytes of it, for the list of nobody has no other name. */
static inline uint32_t hsy_lookup_mark(const struct hearsay_id *id)
{
    return (uint32_t)id->bytes[0] << 24 | (uint32_t)id->bytes[1] << 16 |
           (uint32_t)id->bytes[2] << 8 | (uint32_t)id->bytes[3];
}

/* One fact that a seed tells its fellows. */
enum hsy_sync_kind {
    HSY_SYNC_RECORD = 1, /* A live registration. */
    HSY_SYNC_LINKS = 2,  /* A link snapshot. */
    HSY_SYNC_DEATH = 3,  /* A certificate. */
    HSY_SYNC_LEFT = 4    /* A graceful departure. */
};

struct hsy_sync_entry {
    enum hsy_sync_kind kind;
    union {
        struct hsy_record record;
        struct hsy_links links;
        struct hsy_certificate certificate;
        struct {
            struct hsy_record record;
            struct hsy_leave leave;
        } left;
    };
};

struct hsy_sync {
    uint64_t digest[2]; /* Of the whole registry: equal = nothing to do. */
    bool ask;           /* If yours is another: tell me your SEED_DIGEST. */
    uint16_t count;
    const uint8_t *entries; /* Encoded, each with a u32 length in front. */
    uint32_t entries_len;
};

/* What a seed knows: of the facts about the ids of each bucket the sum. */
struct hsy_seed_digest {
    const uint8_t *sums; /* Encoded: u64 x HSY_SEED_BUCKETS. */
};

/* What a fellow shall send: of these buckets the facts in [first, last] that
 * are not here already. */
struct hsy_seed_pull {
    uint8_t buckets[HSY_SEED_BUCKETS / 8]; /* Bit b % 8 of byte b / 8. */
    uint64_t first, last;
    uint16_t count;       /* At most HSY_SEED_FACTS_MAX. */
    const uint8_t *facts; /* Encoded: u64 each, none below the one before. */
};

/* A peer wants to hear of membership: the first one with a nonce begins it,
 * each later one says that what came under it was taken. */
struct hsy_watch_wish {
    uint32_t nonce; /* 0: no more. */
    /* It knows so many changes of that log, and needs only what came after;
     * log 0: nothing. */
    uint64_t log, upto;
};

enum hsy_member_how {
    HSY_MEMBER_CHANGES = 0, /* What came after; maybe nothing. */
    HSY_MEMBER_LIST = 1,    /* The beginning of all that is known here ... */
    HSY_MEMBER_MORE = 2,    /* ... more of it ... */
    HSY_MEMBER_END = 3,     /* ... and its end. */
    HSY_MEMBER_REFUSED = 4  /* No room, or not registered here. */
};

struct hsy_member_news {
    uint32_t nonce; /* Of the WATCH. */
    enum hsy_member_how how;
    uint64_t log, upto;    /* Known then; of a list: from its end on. */
    struct hsy_sync facts; /* Of it only the list is sent; no LINKS. */
};

enum hsy_bridge_why { HSY_BRIDGE_COMPONENT = 1 };

enum hsy_refuse_why {
    HSY_REFUSE_FULL = 1,
    HSY_REFUSE_LEAVING = 2,
    HSY_REFUSE_BACKOFF = 3,
    HSY_REFUSE_ROLE = 4 /* Seeds have no overlay links. */
};

enum hsy_prune_why {
    HSY_PRUNE_DUPLICATE = 1, /* It came twice before. */
    HSY_PRUNE_FULL = 2,      /* Answer to GRAFT: no more eager links. */
    HSY_PRUNE_SLOW = 3       /* More is queued for you than fits; not sent. */
};

/* Where the tree of the sender hangs, and how far from it he is. */
struct hsy_root {
    uint8_t rank;         /* Of the root; the higher one wins, then ... */
    struct hearsay_id id; /* ... the lower id. */
    uint32_t round;       /* Counted by the root. */
    uint32_t distance_us; /* 0: he is the root. */
    bool parent;          /* The receiver is the one he hangs on. */
};

/* What a node has, in three sizes. */
enum hsy_digest_kind {
    HSY_DIGEST_SUM = 0,    /* One number, of idle origins. */
    HSY_DIGEST_HASHES = 1, /* One of each bucket. */
    HSY_DIGEST_MARKS = 2   /* Every origin of some buckets. */
};

struct hsy_digest {
    enum hsy_digest_kind kind;
    uint64_t sum;   /* SUM */
    bool idle_only; /* HASHES: busy origins are left out. */
    uint32_t hashes[HSY_DIGEST_BUCKETS];
    bool ask;         /* MARKS: answer with yours of these buckets. */
    uint64_t buckets; /* MARKS: a bit for each that is complete with this. */
    struct hsy_spans marks; /* From the lowest retained to the highest seen. */
};

enum hsy_gone_how {
    HSY_GONE_DONE = 0, /* All that was asked for has been looked at. */
    HSY_GONE_MORE = 1  /* The credit is used up: ask again. */
};

/* Pieces of a large message, [first, upto): send them as you get them. */
struct hsy_fetch {
    struct hsy_bundle_id id;
    uint16_t first, upto; /* Equal: nothing more. */
};

enum hsy_piece_how {
    HSY_PIECE_DATA = 0,
    HSY_PIECE_NOT_HERE = 1, /* I do not know it, or cannot help now. */
    HSY_PIECE_GONE = 2      /* I knew it, and will not have it any more. */
};

struct hsy_piece {
    struct hsy_bundle_id id;
    uint16_t index; /* 0 unless DATA. */
    enum hsy_piece_how how;
    const uint8_t *bytes;
    uint32_t len; /* 1..HSY_PIECE_LEN; 0 unless DATA. */
};

/* What a seed knows of one id, or of those that come behind it. */
struct hsy_read_ask {
    uint32_t nonce;
    uint16_t count; /* 0: of @id alone; else so many behind it, <= 48. */
    struct hearsay_id id;
};

/* The answer: of each id the highest that the seed knows, with its proof. */
struct hsy_facts {
    uint32_t nonce;
    bool more; /* There are others behind the last one. */
    uint16_t count;
    const uint8_t *entries; /* As in SEED_SYNC: records, deaths, departures,
                               by rising id. */
    uint32_t entries_len;
};

/* What became of a seed's dial to a peer that is registered with it. */
struct hsy_reach {
    uint64_t incarnation; /* Of the record whose addresses were dialled. */
    bool reached;
    struct hearsay_addr addr; /* The last one dialled. */
};

struct hsy_frame {
    enum hsy_frame_type type;
    uint8_t flags;
    union {
        struct hsy_hello hello;
        struct hsy_sig auth;
        struct hsy_error error;
        struct hsy_leave leave;
        uint64_t ping, pong;           /* The nonce. */
        struct hsy_record reg, record; /* Of REGISTER; of RECORD. */
        struct hsy_registered registered;
        struct hearsay_id lookup;
        struct hsy_peers_get peers_get;
        struct hsy_peers peers;
        struct hsy_links links;
        struct hsy_report report; /* DEAD_REPORT and DEAD_NOTICE. */
        struct hsy_sync sync;
        struct hsy_seed_digest seed_digest;
        struct hsy_seed_pull seed_pull;
        struct hsy_watch_wish watch;
        struct hsy_member_news member;
        struct {
            struct hsy_verdict verdict;
            struct hsy_record record; /* The subject's, to try it. */
        } verdict;
        struct {
            enum hsy_bridge_why why;
            struct hsy_records records; /* 1..HSY_BRIDGE_RECORDS */
        } bridge;
        struct {
            uint32_t degree;
        } connect;
        struct {
            enum hsy_refuse_why why;
            struct hsy_records alternatives; /* <= 8 */
        } refuse;
        struct {
            uint8_t hops; /* Links travelled so far; not signed. */
            struct hsy_bundle bundle;
        } bundle;
        struct hsy_bundle_ids ihave; /* 1..HSY_IHAVE_IDS_MAX */
        struct {
            bool last_parent;          /* It has no other eager link. */
            struct hsy_bundle_ids ids; /* Send me these, too; at most
                                          HSY_GRAFT_IDS_MAX. */
        } graft;
        struct {
            enum hsy_prune_why why;
            struct hsy_records alternatives; /* <= HSY_REDIRECTS_MAX */
        } prune;
        struct hsy_root root;
        struct hsy_reach reach;
        struct hsy_read_ask read;
        struct hsy_facts facts;
        struct hsy_span ack; /* From 1: I, and all behind me, have these. */
        struct hsy_fetch fetch;
        struct hsy_piece piece;
        struct hsy_digest digest;
        struct {
            uint32_t nonce;
            uint32_t credit;        /* Bytes of bundles to be sent at most. */
            struct hsy_spans spans; /* 1..HSY_PULL_SPANS_MAX */
        } pull;
        struct {
            uint32_t nonce; /* Of the PULL that this ends. */
            enum hsy_gone_how how;
            struct hsy_spans spans; /* Never again from here. */
        } gone;
        struct {
            uint8_t hops_left, attempt; /* Not signed. */
            struct hsy_direct direct;
        } direct;
    };
};

/* Writes header and body. Check @out->bad at the end: no room. */
void hsy_frame_encode(struct hsy_writer *out, const struct hsy_frame *frame);

/* Looks at a header. 0: *@out_len is the whole frame's length, header
 * included, or 0 while fewer than 4 bytes are there. HEARSAY_ERR_TOO_BIG:
 * longer than @frame_max. HEARSAY_ERR_MALFORMED: shorter than its header. */
HEARSAY_MUST_USE int hsy_frame_peek(size_t *out_len, const uint8_t *data,
                                    size_t data_len, uint32_t frame_max);

/* Decodes exactly one frame of @len bytes, header included. Slices in *@out
 * are lent by @data. Lists are walked: their iterators cannot fail later.
 * HEARSAY_ERR_MALFORMED; HEARSAY_ERR_STATE: unknown type, flags readable in
 * *@out_flags (may be NULL). *@out is undefined on failure. */
HEARSAY_MUST_USE int hsy_frame_decode(struct hsy_frame *out,
                                      const uint8_t *data, size_t len,
                                      uint8_t *out_flags);

/* Is there such a type? */
bool hsy_frame_known(unsigned type);
/* "HELLO"; "?" for a number that is no type. Static. */
const char *hsy_frame_name(unsigned type);

/* Sync entries: as records, see wire/records.h. */
enum { HSY_SYNC_RECORD_LEN_MAX = 4 + 1 + HSY_RECORD_LEN_MAX };
void hsy_sync_add(struct hsy_writer *list, struct hsy_sync *sync,
                  const struct hsy_sync_entry *entry);
/* The entry of a record that is encoded already, length in front. */
void hsy_sync_put_record(struct hsy_writer *out, const uint8_t *encoded,
                         size_t len);
bool hsy_sync_next(struct hsy_reader *at, struct hsy_sync_entry *entry);
/* Whom an entry is about; lent by it. */
const struct hearsay_id *hsy_sync_subject(const struct hsy_sync_entry *entry);

uint64_t hsy_seed_digest_sum(const struct hsy_seed_digest *digest,
                             uint8_t bucket);

static inline bool hsy_seed_pull_names(const struct hsy_seed_pull *pull,
                                       uint8_t bucket)
{
    return (pull->buckets[bucket / 8] >> (bucket % 8) & 1) != 0;
}
/* Does it ask for @fact, of a bucket that it names? */
bool hsy_seed_pull_wants(const struct hsy_seed_pull *pull, uint64_t fact);

/* "hearsay-auth-1\0" | role | signer's id | other's id | signer's nonce |
 * other's nonce | network. role: 0 = the signer dialled, 1 = it accepted. */
struct hsy_auth_text {
    bool accepted;
    struct hearsay_id signer, other;
    uint8_t signer_nonce[HSY_NONCE_LEN], other_nonce[HSY_NONCE_LEN];
    const char *network;
    uint8_t network_len;
};
void hsy_auth_signed_bytes(struct hsy_writer *out,
                           const struct hsy_auth_text *auth);

#endif
