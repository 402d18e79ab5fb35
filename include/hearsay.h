/**
 * Hearsay: a gossip network as a pure state machine.
 *
 * A node does no I/O. The host (hearsay/runtime.h, the simulator, or your own
 * loop, see examples/) feeds it events and the time, and carries out the
 * effects that come back:
 *
 *     hearsay_step(node, now, &event)       event: bytes in, link down, tick...
 *     hearsay_next_effect(node, &effect)    effect: dial, send, deliver...
 *     hearsay_deadline(node)                when to step again at the latest
 *
 * Same configuration, same events: byte-identical effects, on every machine.
 *
 * Words used below. *borrowed*: only for the call. *given*: the receiver owns
 * it. *lent*: valid until the next hearsay_step() on the same node.
 *
 * Threads: a node belongs to one thread at a time. The one exception is
 * hearsay_job_run(), which may run anywhere.
 *
 * What a host does wrong (a clock that goes back, a link number used twice,
 * more SENT than was given) is a bug and ends the process with a message; what
 * the world does wrong never does. C11 or C++11 and later; in C++ the kinds of
 * a field are named hearsay_field::HEARSAY_FIELD_END and so on.
 */
#ifndef HEARSAY_H
#define HEARSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__) && defined(__cplusplus)
/* The events are C: a union without a name holds structs without one. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnested-anon-types"
#endif

#if defined(__GNUC__)
#define HEARSAY_MUST_USE __attribute__((warn_unused_result))
#define HEARSAY_API __attribute__((visibility("default")))
#else
#define HEARSAY_MUST_USE
#define HEARSAY_API
#endif

#define HEARSAY_VERSION "0.1.0"

/* ---------------------------------------------------------------- errors */

/** Every operating error: name, value, text. Bugs are asserted instead. */
#define HEARSAY_ERRORS(X)                                      \
    X(NOMEM, -1, "out of memory")                              \
    X(MALFORMED, -2, "bytes violate the format")               \
    X(FULL, -3, "a fixed limit was reached")                   \
    X(BUSY, -4, "effects of the last step are not drained")    \
    X(AGAIN, -5, "no room just now; try again later")          \
    X(INVALID, -6, "an argument or a setting is out of range") \
    X(STATE, -7, "not possible in the node's present state")   \
    X(TOO_BIG, -8, "the payload is larger than the limit")     \
    X(IO, -9, "the operating system refused")                  \
    X(DENIED, -10, "permission denied or wrong file mode")     \
    X(LOCKED, -11, "another process uses this data directory") \
    X(NEWER, -12, "written by a newer version")                \
    X(FORGED, -13, "a signature does not match")               \
    X(UNKNOWN, -14, "there is no such query here")             \
    X(LATE, -15, "the time for it is over")                    \
    X(ANSWERED, -16, "it was answered before")

enum hearsay_err {
    HEARSAY_OK = 0,
#define X(name, code, text) HEARSAY_ERR_##name = (code),
    HEARSAY_ERRORS(X)
#undef X
};

/** The text of an error code; never NULL. The string is static. */
HEARSAY_API const char *hearsay_strerror(int err);

/* ----------------------------------------------------------- basic types */

enum {
    HEARSAY_ID_LEN = 32,     /**< An Ed25519 public key. */
    HEARSAY_SECRET_LEN = 32, /**< An Ed25519 seed. */
    HEARSAY_NAME_MAX = 64,   /**< Bytes of a node or network name. */
    HEARSAY_ADDRS_MAX = 4,   /**< Advertised addresses of one node. */
    HEARSAY_SEEDS_MAX = 32,  /**< Lines of one config.txt. */
    HEARSAY_HOST_MAX = 253,  /**< Bytes of a DNS name. */
    HEARSAY_PAYLOAD_MAX = 16 * 1024 * 1024, /**< Bytes of one message ... */
    HEARSAY_DIRECT_MAX = 15 * 1024, /**< ... to one node, or of a query or an
                                         answer. */
    HEARSAY_ADDR_TEXT_LEN = 56,     /**< "[v6]:port" and its final NUL. */
    HEARSAY_ID_TEXT_LEN = 65        /**< 64 hex digits and the final NUL. */
};

/** Who a node is: its public key. Never an address. */
struct hearsay_id {
    uint8_t bytes[HEARSAY_ID_LEN];
};

/** Where a node listens. IPv4 is kept as ::ffff:a.b.c.d. */
struct hearsay_addr {
    uint8_t ip[16]; /**< Network order; all zero = not known. */
    uint16_t port;  /**< Host order; 0 = not known. */
};

/** The two clocks. @mono_ns drives everything and never goes back; @wall_ms
 * (Unix, UTC) is only stamped into output and used to expire. */
struct hearsay_now {
    uint64_t mono_ns;
    uint64_t wall_ms;
};

/** No deadline at all. */
#define HEARSAY_NEVER UINT64_MAX

/** The allocator of one node. @alloc gives @len bytes or NULL, aligned for
 * any type. @free takes NULL as a no-op. Both get @ctx. */
struct hearsay_mem {
    void *(*alloc)(void *ctx, size_t len);
    void (*free)(void *ctx, void *ptr);
    void *ctx;
};

/** The C library's allocator. */
HEARSAY_API const struct hearsay_mem *hearsay_mem_default(void);

/** Byte strings that are kept once. */
struct hearsay_pool;

/** Signatures and hashes; see hearsay_crypto_sodium(). */
struct hearsay_crypto;

/** Ed25519 and BLAKE2b by libsodium. NULL when libsodium cannot start. */
HEARSAY_API const struct hearsay_crypto *hearsay_crypto_sodium(void);

/** Fast and worthless signatures, for simulation and tests only. */
HEARSAY_API const struct hearsay_crypto *hearsay_crypto_null(void);

/* -------------------------------------------------------- configuration */

enum hearsay_role { HEARSAY_SEED = 1, HEARSAY_PEER = 2 };

/** How a peer chooses its links (docs/protocol.md, Overlay). */
enum hearsay_overlay {
    HEARSAY_OVERLAY_PREFERENTIAL, /**< By degree: a power law. Default. */
    HEARSAY_OVERLAY_TOP_HALF,     /**< The upper half of the sorted list. */
    HEARSAY_OVERLAY_UNIFORM       /**< Any peer as likely as any other. */
};

/** How a message travels (docs/protocol.md, Relay). */
enum hearsay_relay {
    HEARSAY_RELAY_TREE, /**< Along a tree; other links carry announcements,
                             and mend it. Default. */
    HEARSAY_RELAY_FLOOD /**< To every link but the one it came from. */
};

/** One line of config.txt. */
struct hearsay_seed {
    char host[HEARSAY_HOST_MAX + 1]; /**< IP or DNS name, no brackets. */
    uint16_t port;
    bool pinned;          /**< @id is known, and nobody else will do. */
    struct hearsay_id id; /**< Meaningful when @pinned. */
};

/** Gossip without end, for hearsay_config.gossip_count. */
#define HEARSAY_UNLIMITED UINT32_MAX

/**
 * Everything a node needs to know. Start from hearsay_config_init().
 * Borrowed by hearsay_node_create(), which copies what it keeps.
 */
struct hearsay_config {
    enum hearsay_role role;
    const char *name;    /**< 0-64 bytes of UTF-8, for people. */
    const char *network; /**< 1-64 bytes; other networks are refused. */
    uint8_t secret[HEARSAY_SECRET_LEN]; /**< The identity: random bytes, kept
                                             with the rows, and never shared
                                             by two running nodes. */
    uint64_t boot_nonce; /**< 64 random bits, fresh for each process. */
    uint64_t rng_seed;   /**< Seeds every random choice of this node. */
    uint64_t hash_salt;  /**< Keys the node's hash tables against chosen ids:
                              random bits; changes nothing that can be seen. */

    const struct hearsay_seed *seeds; /**< config.txt, duplicates removed. */
    uint32_t seeds_count;             /**< 1..HEARSAY_SEEDS_MAX. */

    /** Where others reach this node. An address with a port but no IP is
     * completed with the source address that a seed observes. */
    struct hearsay_addr addrs[HEARSAY_ADDRS_MAX];
    uint32_t addrs_count; /**< 1..HEARSAY_ADDRS_MAX. */

    enum hearsay_overlay overlay;
    enum hearsay_relay relay;
    uint32_t links_wanted; /**< m: links a peer chooses itself; 1..64. */

    uint64_t gossip_interval_ns; /**< At least 1 ms. */
    uint32_t gossip_count;       /**< 0 = off, HEARSAY_UNLIMITED. */
    uint64_t ping_interval_ns;   /**< At least 10 ms. */
    uint64_t ping_timeout_ns; /**< Floor of one PING's deadline; 10 ms..12 s. */
    uint64_t join_timeout_ns; /**< 0: retry for ever. */
    uint64_t lease_ns; /**< Seed: how long silence keeps a record; >= 1 s. */

    uint32_t links_max; /**< Links of any kind, half-open included; 16..10^6. */
    uint32_t peers_max; /**< Seed: registered peers; 1..10^7. */
    uint32_t book_max;  /**< Peer: addresses remembered; 1..10^5. */
    uint32_t seen_max;  /**< Message List: ids remembered; 1..10^8. */
    uint32_t origins_max; /**< Origins whose numbers are remembered, one for
                               each life of a node; 16..10^6. */
    /** What is kept for those who missed it: bundles, their bytes, for how
     * long; 1..10^7, 64 KiB..64 GiB, 1 s..1 day. */
    uint32_t retain_max;
    uint64_t retain_bytes;
    uint64_t retain_ns;
    /** Peer: what is kept is on the host's disk as well, and what has come is
     * remembered there: who is started again neither delivers twice, without
     * saying so, nor forgets. A message is delivered when it is on disk, and
     * relayed before. */
    bool retain_on_disk;
    /** Contents of messages of more than 15 KiB, those that are being fetched
     * included: bytes; 16 MiB..64 GiB. */
    uint64_t bulk_bytes;
    /** Payloads of more bytes are neither fetched nor delivered, and may not be
     * published; 15 KiB..HEARSAY_PAYLOAD_MAX. */
    uint32_t payload_max;
    /** Of what was published before this node joined, and is still kept by
     * others: the last so many messages of each origin. 0: nothing;
     * HEARSAY_UNLIMITED: all. */
    uint32_t history;
    /** Which topics the application wants: whole ones, or the beginning of some
     * and a '*', so that "*" is all; "" is of messages without a topic. Up to
     * 64 patterns of up to 64 bytes, copied; none: all. Only delivery is
     * filtered: the node relays and keeps everything. */
    const char *const *topics;
    uint32_t topics_count;
    /** 0: messages are delivered as they come. Else those of one origin and
     * epoch in rising numbers, and what comes behind a gap waits for so long
     * at most, until the gap closes; 1 ms..10 min. What comes later than that
     * is not delivered, and told (the note "late"). */
    uint64_t ordered_wait_ns;
    /** Ids gather so long before they are announced, or a tenth of it when
     * little is going on; 1 ms..10 s. */
    uint64_t announce_ns;
    /** The application answers queries with ANSWER. Without it the node does,
     * at once and with an empty answer: "received". */
    bool answers;
    /** So many nodes of a hundred keep a second parent in the tree (fewer below
     * 200 peers): more copies that were not needed, and less to mend after a
     * crash; 0..100. */
    uint32_t spares_percent;
    /** Links beside the tree over which own messages of up to 1 KiB go as well,
     * to be there sooner; at most a twentieth of the network. 0..64. */
    uint32_t shortcuts;
    /** Bytes that wait for one link, those given as SEND and not yet reported
     * as SENT included; at least 128 KiB. What finds no room is announced
     * instead (docs/protocol.md, Queues), or the link is hung up as slow. */
    uint32_t queue_max;
    /** Jobs asked for and not yet answered; 16..10^6. Beyond half of it the
     * node has the busiest links read no more, until a quarter is left. */
    uint32_t jobs_max;
    uint32_t frame_max; /**< Bytes of one frame; 64 KiB..16 MiB. */

    const struct hearsay_crypto *crypto;
    struct hearsay_mem mem;
    struct hearsay_pool *pool; /**< NULL. The simulator shares one among its
                                    nodes, which so keep equal records once. */
};

/** Fills @config with the defaults of @role (docs/reference.md). What has none
 * is zero and yours to set: secret, boot_nonce, rng_seed, hash_salt, seeds and
 * addrs, with their counts. The first three make a node that others can
 * imitate if they stay so, the fourth one that chosen ids can slow down. */
HEARSAY_API void hearsay_config_init(struct hearsay_config *config,
                                     enum hearsay_role role);

/* ---------------------------------------------------------------- events */

/** A link is named by a number that is never used again, so that an answer
 * for a link that is gone finds nothing. The node names those it dials (even
 * numbers), the host names those it accepts (odd numbers, rising). Events of a
 * link that the node has hung up are harmless, and so are effects for a link
 * that the host has reported as down. */
typedef uint64_t hearsay_link;

/** Why a link, or the try to open one, ended. */
enum hearsay_down {
    HEARSAY_DOWN_CLOSED,      /**< The other side ended it in order. */
    HEARSAY_DOWN_RESET,       /**< It broke. */
    HEARSAY_DOWN_REFUSED,     /**< Nobody listens there. */
    HEARSAY_DOWN_TIMEOUT,     /**< The dial was not answered in time. */
    HEARSAY_DOWN_UNREACHABLE, /**< No route, no such host, no socket left. */
    HEARSAY_DOWN_SLOW         /**< The other side takes nothing any more. */
};

enum hearsay_event_kind {
    HEARSAY_EV_START,     /**< First event of a node's life. */
    HEARSAY_EV_TICK,      /**< Nothing but the time. */
    HEARSAY_EV_LINK_UP,   /**< A dial succeeded, or a link was accepted. */
    HEARSAY_EV_LINK_DOWN, /**< A link ended, or a dial failed. Not told for
                               one that the node has hung up. */
    HEARSAY_EV_BYTES,     /**< Bytes came in on a link. */
    HEARSAY_EV_SENT,      /**< The kernel took bytes of a link's queue. */
    HEARSAY_EV_PUBLISH,   /**< The application publishes a message. It is not
                               delivered back to it. */
    HEARSAY_EV_JOB_DONE,  /**< A job of an effect has run. */
    HEARSAY_EV_PERSISTED, /**< A write of an effect is on disk, or failed. */
    HEARSAY_EV_SUBSCRIBE, /**< The application wants a topic, or no more. */
    HEARSAY_EV_SEND,      /**< A message to one node; RECEIPT tells what became
                               of it. */
    HEARSAY_EV_QUERY,     /**< Publish a message that asks: ANSWER for each
                               answer, QUERY_DONE at the end. */
    HEARSAY_EV_ANSWER,    /**< The application answers a query. */
    HEARSAY_EV_FIND,      /**< Ask a quorum of the seeds who is there: FOUND
                               for each node, FIND_DONE at the end. */
    HEARSAY_EV_WATCH,     /**< The application follows membership, MEMBER by
                               MEMBER, or no more. */
    HEARSAY_EV_LEAVE      /**< Tell everybody good-bye, then stop: STOPPED
                               follows within 2 s, once jobs are answered.
                               Without it a node that ends counts as dead. */
};

struct hearsay_job;

struct hearsay_event {
    enum hearsay_event_kind kind;
    union {
        struct {
            hearsay_link link;
            bool accepted;            /**< By the host's listener. */
            struct hearsay_addr from; /**< The other end. */
        } up;
        struct {
            hearsay_link link;
            enum hearsay_down why;
        } down;
        struct {
            hearsay_link link;
            const uint8_t *data; /**< Borrowed. */
            size_t len;          /**< >= 1. */
        } bytes;
        struct {
            hearsay_link link;
            size_t len; /**< Not more than was given and not told yet. */
        } sent;
        struct {
            const char *topic;      /**< Borrowed; NULL or <= 64 bytes. */
            const uint8_t *payload; /**< Borrowed. */
            size_t payload_len;     /**< <= payload_max of the config. */
            uint64_t *out_seq;      /**< Set on success; may be NULL. */
        } publish;
        struct {
            const char *pattern; /**< As in hearsay_config.topics; borrowed. */
            bool on;             /**< Adds it; else takes it away. */
        } subscribe;
        struct {
            bool on;
        } watch;
        struct {
            struct hearsay_id to;
            const char *topic;      /**< Borrowed; NULL or <= 64 bytes. */
            const uint8_t *payload; /**< Borrowed. */
            size_t payload_len;     /**< <= HEARSAY_DIRECT_MAX. */
            uint64_t timeout_ns;    /**< 1 ms..60 s; 0: 5 s. */
            uint64_t *out_number;   /**< Set on success; may be NULL. */
        } send;
        struct {
            const char *topic;      /**< Borrowed; NULL or <= 64 bytes. */
            const uint8_t *payload; /**< Borrowed. */
            size_t payload_len;     /**< <= HEARSAY_DIRECT_MAX. */
            uint64_t timeout_ns;    /**< 1 ms..60 s; 0: 5 s. */
            uint64_t *out_seq;      /**< Set on success; may be NULL. */
        } query;
        struct {
            struct hearsay_id origin; /**< These three name the query. */
            uint64_t epoch, seq;
            const uint8_t *payload; /**< Borrowed. */
            size_t payload_len;     /**< <= HEARSAY_DIRECT_MAX. */
            uint64_t *out_number;   /**< As of SEND. */
        } answer;
        struct {
            bool all;             /**< Else @id alone. */
            struct hearsay_id id; /**< Not looked at with @all. */
            uint64_t timeout_ns;  /**< At most 60 s; 0: 5 s. */
            uint64_t *out_number; /**< Set on success; may be NULL. */
        } find;
        struct {
            struct hearsay_job *job; /**< Given back. */
        } job;
        struct {
            uint64_t token; /**< Of the effect. */
            bool ok;
        } persisted;
    };
};

/* --------------------------------------------------------------- effects */

/** Bytes shared by several links, reference-counted, for one thread. Read
 * @len bytes of @data and change nothing; it may outlive its node, but not the
 * node's allocator. */
struct hearsay_buf {
    uint32_t refs;
    uint32_t len;
    uint8_t *data; /**< Part of the same allocation. */
    struct hearsay_mem mem;
};

/** Ends the caller's share of @buf; NULL is a no-op. */
HEARSAY_API void hearsay_buf_unref(struct hearsay_buf *buf);

/** One more share of @buf, to be ended with hearsay_buf_unref(); returns it. */
HEARSAY_API struct hearsay_buf *hearsay_buf_ref(struct hearsay_buf *buf);

/** What a row of the host's store is about. Keys and values are bytes that
 * only the node understands. Values are sealed with a checksum, which covers
 * table and key too. */
enum hearsay_table {
    HEARSAY_TABLE_SELF,     /**< Incarnation. One row, key "incarnation". */
    HEARSAY_TABLE_BOOK,     /**< Peer: the address book, key = node id. */
    HEARSAY_TABLE_REGISTRY, /**< Seed: the Peer List, key = node id. */
    HEARSAY_TABLE_FLOOR,    /**< Seed: the least rank an id may come with. */
    HEARSAY_TABLE_MESSAGES  /**< Peer: retained messages, values up to 64
                                 KiB. */
};

/** One row: put, or deleted when @value is NULL. */
struct hearsay_row {
    enum hearsay_table table;
    const uint8_t *key;
    size_t key_len; /**< 1..32. */
    const uint8_t *value;
    size_t value_len;
};

/** A message handed to the application: once per node and message, not at its
 * origin. @topic and @payload are a stranger's bytes: escape them before they
 * reach a terminal. */
struct hearsay_message {
    struct hearsay_id origin;
    uint64_t epoch;   /**< The origin's incarnation when it started. */
    uint64_t seq;     /**< From 1, without gaps per origin and epoch. */
    uint64_t wall_ms; /**< The origin's clock; for people. */
    uint32_t hops;    /**< Links it took; a statistic, not authenticated. */
    uint64_t missing; /**< Ordered: so many numbers just before this one, or
                           before others of a topic that is not wanted, were
                           skipped since the last one told. Else 0. */
    bool again;       /**< With retain_on_disk, after a restart that was none in
                           order: it may have been delivered before. */
    const char *topic;      /**< Lent; "" when there is none. */
    const uint8_t *payload; /**< Lent. */
    size_t payload_len;
    struct hearsay_buf *content; /**< Of a message of more than 15 KiB: holds
                                      the payload, lent. Who takes a share with
                                      hearsay_buf_ref() may keep it. Else
                                      NULL. */
    /** For this node alone: @seq is the origin's own count of such messages,
     * with gaps for those to others. */
    bool direct;
    uint64_t query_ns; /**< It asks, and waits so long; 0: it does not. */
};

/** What became of a direct message. */
enum hearsay_outcome {
    HEARSAY_OUTCOME_DELIVERED, /**< Its target's application was told. */
    HEARSAY_OUTCOME_NO_ANSWER, /**< No word until the deadline: its target is
                                    unreachable, or slow, and may have it. */
    HEARSAY_OUTCOME_STOPPED    /**< This node stopped before it was known. */
};

/** The end of a query. */
struct hearsay_summary {
    uint64_t seq;
    uint32_t answered; /**< Nodes whose answer came. */
    uint32_t expected; /**< Nodes that were asked, and are not dead by now. */
    uint32_t missing_count;           /**< Of these, without an answer. */
    const struct hearsay_id *missing; /**< Lent: the first of them. */
    uint32_t missing_listed;          /**< How many ids those are. */
    bool counted_only; /**< Too many peers, or no seed told who they are:
                            nobody can be named. */
    bool stopped;      /**< This node stopped before the end. */
};

/** What the seeds know of a node. */
enum hearsay_found_state {
    HEARSAY_FOUND_ALIVE,
    HEARSAY_FOUND_DEAD, /**< Certified by a majority of the seeds. */
    HEARSAY_FOUND_LEFT  /**< By its own word. */
};

/** A node, as FIND has found it: the highest that any seed of a quorum knows,
 * each proved by the node's signature or the seeds'. */
struct hearsay_found {
    uint64_t number; /**< Of the FIND. */
    struct hearsay_id id;
    uint64_t incarnation;
    enum hearsay_found_state state;
    enum hearsay_role role;
    char name[HEARSAY_NAME_MAX + 1];
    uint32_t addrs_count;
    struct hearsay_addr addrs[HEARSAY_ADDRS_MAX];
};

/** The end of a FIND. */
struct hearsay_find_end {
    uint64_t number;
    uint32_t found;    /**< Nodes told by FOUND. */
    uint32_t answered; /**< Seeds that answered last. */
    uint32_t quorum;   /**< So many had to. */
    uint32_t seeds;    /**< Of so many. */
    bool whole;   /**< A quorum told all: who is not found is not there. Else
                       its time was up, and what was found is true all the
                       same, but somebody may be missing. */
    bool stopped; /**< This node stopped before the end. */
};

/** What became of a member. Of one member they come in the order of its
 * incarnations, and each once, however many seeds tell it. */
enum hearsay_change {
    HEARSAY_MEMBER_KNOWN,   /**< It was there already. */
    HEARSAY_MEMBERS_LISTED, /**< All that were there have been told: from now
                                 on changes follow. Of no member. */
    HEARSAY_MEMBER_JOINED,  /**< It came; or came back, as another process. One
                                 that was present was started again before
                                 anybody had missed it. */
    HEARSAY_MEMBER_REFUTED, /**< The same process answered what was said of it:
                                 it lives, whether DIED was told or not. */
    HEARSAY_MEMBER_LEFT,    /**< By its own word. */
    HEARSAY_MEMBER_DIED,    /**< By the word of so many seeds that every
                                 majority has one of them. */
    HEARSAY_MEMBER_UNLISTED /**< No seed of a quorum knows it any more, nor what
                                 became of it: it went while nobody told us. */
};

/** One step of membership. @name is a stranger's bytes. */
struct hearsay_member {
    enum hearsay_change change;
    struct hearsay_id id;
    uint64_t incarnation;
    const char *name;            /**< Lent; "" when there is none. */
    struct hearsay_addr addr;    /**< The first it advertises. */
    uint64_t wall_ms;            /**< By the clock of whoever signed it. */
    const struct hearsay_id *by; /**< Lent: the seeds at whose word; of DIED
                                      those that vouch for it. */
    uint32_t by_count;
    uint32_t count; /**< Members that were there just before it, this node not
                         counted. */
};

/** One value of a note. */
struct hearsay_field {
    const char *key; /**< Static. */
    enum hearsay_field_kind {
        HEARSAY_FIELD_END, /**< After the last one. */
        HEARSAY_FIELD_U64,
        HEARSAY_FIELD_TEXT, /**< Lent. */
        HEARSAY_FIELD_ID,
        HEARSAY_FIELD_ADDR
    } kind;
    union {
        uint64_t u64;
        const char *text;
        struct hearsay_id id;
        struct hearsay_addr addr;
    };
};

enum { HEARSAY_FIELDS_MAX = 8 };

enum hearsay_level { HEARSAY_DEBUG, HEARSAY_INFO, HEARSAY_WARN, HEARSAY_ERROR };

/** Something happened: one structured record. Logs, the demo's table, events
 * of the API and the scenarios are renderings of these. */
struct hearsay_note {
    enum hearsay_level level;
    const char *event; /**< Static, e.g. "connect"; docs/reference.md. */
    struct hearsay_field fields[HEARSAY_FIELDS_MAX];
};

/** Why a node stopped. */
enum hearsay_stop {
    HEARSAY_STOP_LEFT,         /**< As asked by HEARSAY_EV_LEAVE. */
    HEARSAY_STOP_JOIN_TIMEOUT, /**< No quorum of seeds in time. */
    HEARSAY_STOP_DUPLICATE,    /**< Another process has this identity. */
    HEARSAY_STOP_DISK          /**< What must be on disk could not be. */
};

enum hearsay_effect_kind {
    HEARSAY_FX_DIAL,    /**< Open a link; answer LINK_UP or LINK_DOWN. After
                             10 s the node gives up and hangs up itself. */
    HEARSAY_FX_SEND,    /**< Queue bytes on a link; report them as SENT, as
                             the kernel takes them: 32 KiB are given at a
                             time, and a link of which nothing is taken for
                             10 s is hung up. */
    HEARSAY_FX_HANG_UP, /**< Flush what is queued, then close; end a dial that
                             is under way. No answer. */
    HEARSAY_FX_DELIVER, /**< A message for the application. */
    HEARSAY_FX_RECEIPT, /**< What became of SEND, or of the application's
                             ANSWER; once for each. */
    HEARSAY_FX_ANSWER,  /**< An answer to a query; once for each node. */
    HEARSAY_FX_QUERY_DONE, /**< The query is over; once for each. */
    HEARSAY_FX_FOUND,      /**< FIND has found a node, dead ones too. */
    HEARSAY_FX_FIND_DONE,  /**< FIND is over; once for each. */
    HEARSAY_FX_MEMBER,     /**< A member came, went, or lives after all. */
    HEARSAY_FX_NOTE,       /**< Tell whoever listens. */
    HEARSAY_FX_JOB,        /**< hearsay_job_run() it, answer JOB_DONE. */
    HEARSAY_FX_PERSIST,    /**< Commit to disk, answer PERSISTED. */
    HEARSAY_FX_READ,       /**< Read no more from a link, or read it again: its
                                bytes wait in the network meanwhile. What still
                                comes is held back, up to a bound. */
    HEARSAY_FX_STOPPED /**< The node is done: no link is left and no job out.
                            Flush, then destroy it. The last effect. */
};

struct hearsay_effect {
    enum hearsay_effect_kind kind;
    union {
        struct {
            hearsay_link link;
            const char *host; /**< Lent: an IP or a DNS name. */
            uint16_t port;
        } dial;
        struct {
            hearsay_link link;
            struct hearsay_buf *buf; /**< Given: hearsay_buf_unref() it. */
        } send;
        struct {
            hearsay_link link;
        } hang_up;
        struct {
            hearsay_link link;
            bool on; /**< As each link is from LINK_UP on. */
        } read;
        const struct hearsay_message *message; /**< Lent. */
        struct {
            uint64_t number;
            struct hearsay_id to;
            enum hearsay_outcome outcome;
        } receipt;
        struct {
            uint64_t seq;
            struct hearsay_id from;
            const uint8_t *payload; /**< Lent. */
            size_t payload_len;
        } answer;
        const struct hearsay_summary *summary; /**< Of QUERY_DONE; lent. */
        const struct hearsay_found *found;     /**< Lent. */
        struct hearsay_find_end find_done;
        const struct hearsay_member *member; /**< Lent. */
        const struct hearsay_note *note;     /**< Lent. */
        struct hearsay_job *job; /**< Given, until JOB_DONE returns it. */
        struct {
            uint64_t token; /**< To answer with, once for all its rows. Those
                                 of equal token, all consecutive, are one
                                 transaction; one whose last row is missing
                                 when the token changes (out of memory) is to
                                 be dropped without an answer. */
            struct hearsay_row row; /**< Lent: copy it. */
            bool more; /**< Another row of the same token follows. */
        } persist;
        struct {
            enum hearsay_stop why;
            const char *text; /**< Static: what happened, what to do. */
        } stopped;
    };
};

/* ------------------------------------------------------------------ node */

/** One node of the network; opaque. */
struct hearsay_node;

/**
 * Makes a node that has not started yet.
 *
 * @config is borrowed. Gives *@out, to be returned to hearsay_node_destroy().
 * HEARSAY_ERR_INVALID: a setting is out of range; *@why (may be NULL) names
 *     it in a static string.
 * HEARSAY_ERR_NOMEM. *@out is untouched on failure.
 */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_node_create(struct hearsay_node **out,
                    const struct hearsay_config *config, const char **why);

/** Frees @node, its jobs, those given away included, and its undrained effects;
 * NULL is a no-op. No job of it may still be running. At any time, but only
 * STOPPED means that good-byes were said. Links are the host's to close. */
HEARSAY_API void hearsay_node_destroy(struct hearsay_node *node);

/**
 * Gives back one row that an earlier process persisted; before START only.
 *
 * @row is borrowed. HEARSAY_ERR_MALFORMED: the row is damaged, or not of this
 * role; it was skipped and the node is unchanged. HEARSAY_ERR_FULL: no room
 * under the configured limit. After both go on with the next row: what is
 * missing is learnt again, and START tells of it ("rows-refused").
 * HEARSAY_ERR_STATE: already started. HEARSAY_ERR_NOMEM.
 */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_node_restore(struct hearsay_node *node, const struct hearsay_row *row);

/**
 * Feeds one event to the protocol and collects what it wants done.
 *
 * @now->mono_ns never goes back between calls. @ev is borrowed. Whatever is
 * returned, read the effects with hearsay_next_effect() before the next call.
 * Not reentrant.
 *
 * HEARSAY_ERR_BUSY: effects are not drained; nothing happened.
 * HEARSAY_ERR_STATE: before START, a second START, after STOPPED; or PUBLISH,
 *     SEND, QUERY, ANSWER or FIND at a seed, before joining (the note
 *     "joined") or after LEAVE; or SUBSCRIBE or WATCH at a seed. Nothing was
 *     taken.
 * HEARSAY_ERR_AGAIN: PUBLISH, SEND, QUERY, ANSWER or FIND found a bound
 *     reached; nothing was taken. Try again after the next JOB_DONE, SENT,
 *     RECEIPT, QUERY_DONE or FIND_DONE; where PUBLISH waits for peers that are
 *     behind, after the next BYTES, in 3 s at most.
 * HEARSAY_ERR_TOO_BIG: one of these with too large a payload or topic.
 * HEARSAY_ERR_UNKNOWN, HEARSAY_ERR_LATE, HEARSAY_ERR_ANSWERED: ANSWER to a
 *     query that is not known here (any more), is over, or has its answer.
 * HEARSAY_ERR_INVALID: there is no such kind of event; or SUBSCRIBE with a
 *     pattern that is too long, or has a '*' that is not at its end; or SEND
 *     to the node itself, or SEND, QUERY or FIND with a timeout out of range.
 * HEARSAY_ERR_FULL: SUBSCRIBE with a 65th pattern.
 * HEARSAY_ERR_NOMEM: the event was taken, but something that it or the time
 *     should have led to is missing; the node goes on. SUBSCRIBE and WATCH
 *     changed nothing. After BYTES and LINK_UP
 *     the host ends that link and reports it as down. A job of JOB_DONE is not
 *     given twice.
 * Bad bytes from a peer are no error here: they are counted, noted, and the
 * link is hung up.
 */
HEARSAY_API HEARSAY_MUST_USE int hearsay_step(struct hearsay_node *node,
                                              const struct hearsay_now *now,
                                              const struct hearsay_event *ev);

/** Takes the next effect. False: there is none, and *@out is untouched. */
HEARSAY_API HEARSAY_MUST_USE bool
hearsay_next_effect(struct hearsay_node *node, struct hearsay_effect *out);

/** When to step with a TICK at the latest, in mono_ns; it may have passed. Ask
 * again after each step. HEARSAY_NEVER: before START and from the end on. */
HEARSAY_API uint64_t hearsay_deadline(const struct hearsay_node *node);

/** This node's id. */
HEARSAY_API struct hearsay_id hearsay_node_id(const struct hearsay_node *node);

/* ------------------------------------------------------------------ jobs */

enum hearsay_job_kind { HEARSAY_JOB_SIGN, HEARSAY_JOB_VERIFY };

/** Which lane a job belongs to. Completions go back in submission order per
 * kind, whatever order the workers finish in. */
HEARSAY_API enum hearsay_job_kind
hearsay_job_kind(const struct hearsay_job *job);

/** Does the work: up to some milliseconds for a large frame. Touches nothing
 * but @job and what never changes in its node: any thread may call it, once,
 * also while the node is stepped. */
HEARSAY_API void hearsay_job_run(struct hearsay_job *job);

/* ------------------------------------------------------------------ text */

/** Writes 64 hex digits and a NUL. */
HEARSAY_API void hearsay_id_text(char out[HEARSAY_ID_TEXT_LEN],
                                 const struct hearsay_id *id);

/** Writes "1.2.3.4:5" or "[2001:db8::1]:5" and a NUL. */
HEARSAY_API void hearsay_addr_text(char out[HEARSAY_ADDR_TEXT_LEN],
                                   const struct hearsay_addr *addr);

/** Reads what hearsay_addr_text() writes. HEARSAY_ERR_MALFORMED leaves
 * *@out untouched. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_addr_parse(struct hearsay_addr *out,
                                                    const char *text);

#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif
