/* Contents of large messages (docs/protocol.md, Large messages). The signed
 * bundle of one is a manifest: it names the pieces by their hashes, and is
 * spread like any other. The pieces are fetched from one neighbour at a time,
 * in order, and served to those who ask. Three files: bulk.c is the store and
 * its bound, fetch.c asks, serve.c answers; own.c takes what is published. */
#ifndef HSY_CORE_BULK_H
#define HSY_CORE_BULK_H

#include "core/messages.h"
#include "core/neighbours.h"

enum {
    HSY_BULK_MAX = 4096, /* Messages known, in any state. */
    /* Fetched at a time. An origin has a quarter of the turns, and of the
     * bytes, so that contents which never come hold up their origin only. */
    HSY_BULK_TURNS = 16,
    HSY_BULK_PARTS = 4,
    /* Pieces asked for ahead: 256 KiB. In 40 ms there and back that are 6
     * MiB/s, and it is what a receiver has to take in at once at most. */
    HSY_BULK_WINDOW = 8,
    HSY_BULK_BATCH = 2,  /* Of all messages, asked for at a time. */
    HSY_BULK_BANNED = 4, /* Links remembered that sent a false piece. */
    HSY_BULK_OWN = 4,    /* Own ones whose hashes are being made. */
    HSY_SERVES_MAX = 16  /* Messages that one link asks for at a time. */
};
/* Without a piece for so long, another neighbour is asked; doubled three
 * times, for a link that is only slow. */
#define HSY_BULK_STALL_NS (2 * HSY_SECOND)
/* Between two batches: so 64 MiB/s at most. A machine that has better things
 * to do steps us later than we asked for; then the pause doubles. When we are
 * in time it shrinks, by an eighth until we were late for the first time, and
 * by a thirty-second from then on: so that we are late once in thirty times.
 * 64 KiB each 64 ms are what is left of it at worst: 16 MiB in 16 s. */
#define HSY_BULK_PAUSE_START_NS (16 * HSY_MS)
#define HSY_BULK_PAUSE_MIN_NS (1 * HSY_MS)
#define HSY_BULK_PAUSE_MAX_NS (64 * HSY_MS)
#define HSY_BULK_LATE_NS (2 * HSY_MS)
/* What all neighbours had and have not any more is lost, but not sooner than
 * that. */
#define HSY_BULK_LOST_NS (120 * HSY_SECOND)
/* Own contents keep their place so long, or until one copy is out. */
#define HSY_BULK_PIN_NS (30 * HSY_SECOND)

/*
 * WAITING -> FETCHING -> COMPLETE     own: COMPLETE
 *    ^----------'                     a round found nothing, others wait
 */
enum hsy_bulk_state { HSY_BULK_WAITING, HSY_BULK_FETCHING, HSY_BULK_COMPLETE };

struct hsy_bulk_entry {
    struct hsy_bundle_id id; /* Key. */
    struct hearsay_id origin;
    struct hsy_blob *bundle;     /* A share; kept.h. */
    struct hearsay_buf *content; /* A share; grows with what comes; NULL. */
    uint64_t order;              /* Of waiting; of becoming complete. */
    uint64_t since_ns;           /* When the manifest came. */
    uint64_t progress_ns;        /* When a piece last did. */
    /* FETCHING: ask another; WAITING: not before; pinned: until. */
    uint64_t next_ns;
    uint64_t ordinal;    /* See struct hsy_manifest. */
    hearsay_link from;   /* The manifest came from there; 0: gone. */
    hearsay_link link;   /* Asked just now; 0: none. */
    hearsay_link before; /* Asked last; its pieces may still come. */
    hearsay_link banned[HSY_BULK_BANNED];
    uint32_t len;
    uint16_t have;       /* Pieces, the first ones. */
    uint16_t asked;      /* Up to there. */
    uint16_t tries, nos; /* In this round: links asked; done with it. */
    uint8_t stalls;      /* Deadlines missed in a row. */
    uint8_t hops;
    uint8_t banned_next;
    bool pinned;
    bool to_serve; /* Not for the application; see struct hsy_manifest. */
    enum hsy_bulk_state state;
};

/* One that is published: its hashes are made a few at a time. */
struct hsy_bulk_own {
    struct hearsay_buf *content; /* Owned; NULL: free. */
    uint8_t *room; /* Owned: the hashes, then the signed manifest. */
    uint64_t seq, wall_ms;
    uint32_t signed_len; /* Of the manifest; 0: not signed yet. */
    uint16_t hashed;     /* Pieces. */
    bool signing;
    uint8_t topic_len;
    uint8_t topic[HSY_TOPIC_MAX];
};

/* Who is told that an expected message will never be complete. */
struct hsy_bulk_over {
    void *ctx;
    void (*over)(void *ctx, const struct hsy_bundle *bundle,
                 const struct hsy_bundle_id *id);
};

struct hsy_bulk {
    struct hsy_env *env;
    struct hsy_bulk_over over;
    struct hsy_neighbours *neighbours;
    const struct hsy_ml *seen;
    struct hsy_table table;  /* struct hsy_bulk_entry */
    struct hsy_table serves; /* struct serves, by link; serve.c */
    struct hsy_bulk_own own[HSY_BULK_OWN];
    uint64_t bytes; /* Spoken for; <= config.bulk_bytes. */
    uint64_t last_order;
    uint64_t next_ns;
    uint64_t age_ns; /* Nothing is too old, or pinned for too long, before. */
    uint64_t ask_ns; /* The next batch; NEVER: nothing to ask for. */
    uint64_t pause_ns;
    bool was_late; /* Since something began to be fetched. */
    struct hsy_bundle_id turn_ids[HSY_BULK_TURNS]; /* Of those FETCHING. */
    uint32_t turns;                                /* How many. */
    uint32_t waiting;
};

void hsy_bulk_init(struct hsy_bulk *b, struct hsy_env *env,
                   struct hsy_neighbours *neighbours,
                   const struct hsy_ml *seen);
void hsy_bulk_fini(struct hsy_bulk *b);

/* A manifest whose number is claimed, and whose content is wanted. */
struct hsy_manifest {
    const struct hsy_bundle *bundle;
    const struct hsy_bundle_id *id;
    const struct hsy_neighbour *from; /* NULL: gone, or nobody. */
    /* Of the row on the disk that an earlier process left, which had not, or
     * not for sure, handed it to the application; 0: there is none. */
    uint64_t ordinal;
    uint8_t hops;
    /* It was handed over, by an earlier process: this one fetches it for those
     * who ask. */
    bool to_serve;
};
/* True: it will be complete, or over. False: it is neither fetched nor
 * delivered; what there is no room for even to wait is told as lost. */
HEARSAY_MUST_USE bool hsy_bulk_expect(struct hsy_bulk *b,
                                      const struct hsy_manifest *manifest);
/* PIECE from @n. False: no honest node sends it. *@out: the message that is
 * complete with it, for the application; NULL. Valid until the next call. */
bool hsy_bulk_piece(struct hsy_bulk *b, const struct hsy_neighbour *n,
                    const struct hsy_piece *piece,
                    const struct hsy_bulk_entry **out);
/* FETCH from @n. False: no honest node sends it. */
bool hsy_bulk_fetch(struct hsy_bulk *b, const struct hsy_neighbour *n,
                    const struct hsy_fetch *fetch);
/* The next piece that @link has asked for and can have; false: none. Lent
 * until the next call. */
bool hsy_bulk_serve(struct hsy_bulk *b, hearsay_link link,
                    struct hsy_frame *out);
void hsy_bulk_link_up(struct hsy_bulk *b, const struct hsy_neighbour *n);
void hsy_bulk_link_down(struct hsy_bulk *b, hearsay_link link);
void hsy_bulk_tick(struct hsy_bulk *b);
/* The lowest ordinal of those that are still to come; UINT64_MAX: none. */
uint64_t hsy_bulk_lowest(const struct hsy_bulk *b);
/* Bytes of what is remembered for one link that asks, in a table. */
size_t hsy_serves_len(void);
/* Does anybody still need this node for an own message? */
bool hsy_bulk_is_pinned(const struct hsy_bulk *b);

/* own.c. Takes a copy of @payload, to be published as @seq.
 * HEARSAY_ERR_AGAIN, HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_bulk_own_take(struct hsy_bulk *b,
                                       const struct hsy_message *message,
                                       uint64_t seq);
/* Makes more hashes, or all of them. The first one that is ready to be signed
 * and is not; NULL. */
struct hsy_bulk_own *hsy_bulk_own_hash(struct hsy_bulk *b, bool all);
/* Is there one that is not served yet; that is not being signed yet? */
bool hsy_bulk_own_any(const struct hsy_bulk *b);
bool hsy_bulk_own_waits(const struct hsy_bulk *b);
/* It is signed: from now on it is served, or as soon as there is memory. */
void hsy_bulk_own_signed(struct hsy_bulk *b, const struct hsy_bundle *bundle);
void hsy_bulk_own_settle(struct hsy_bulk *b);

/* bulk.c, for the other files of this machine only. */
struct hsy_bulk_entry *hsy_bulk_find(const struct hsy_bulk *b,
                                     const struct hsy_bundle_id *id);
struct hsy_bulk_entry *hsy_bulk_at(const struct hsy_bulk *b, uint32_t index);
/* The one that has this turn; @index < turns. */
struct hsy_bulk_entry *hsy_bulk_turn(const struct hsy_bulk *b, uint32_t index);
/* Room for @len more bytes of @origin; false: what is there must stay. Other
 * entries may have moved. */
bool hsy_bulk_make_room(struct hsy_bulk *b, const struct hearsay_id *origin,
                        uint64_t len);
/* Adds an entry for @bundle; NULL: no room, or no memory. */
struct hsy_bulk_entry *hsy_bulk_add(struct hsy_bulk *b,
                                    const struct hsy_bundle *bundle,
                                    const struct hsy_bundle_id *id);
void hsy_bulk_remove(struct hsy_bulk *b, struct hsy_bulk_entry *e);
/* The same, and it is told as lost. */
void hsy_bulk_lose(struct hsy_bulk *b, struct hsy_bulk_entry *e);
void hsy_bulk_enter(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                    enum hsy_bulk_state state);
/* @e is too old, or pinned for too long, at some time. */
void hsy_bulk_plan_age(struct hsy_bulk *b, const struct hsy_bulk_entry *e);
/* Something is due then. */
void hsy_bulk_plan(struct hsy_bulk *b, uint64_t at_ns);
/* Puts the next piece behind the others; false: no memory. */
bool hsy_bulk_append(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                     const struct hsy_piece *piece);
/* Of an entry's manifest, lent as long as the entry is there. */
void hsy_bulk_message(const struct hsy_bulk_entry *e, struct hsy_bundle *bundle,
                      struct hsy_message *message);
/* fetch.c: gives free turns to those who wait; time; losses of links. */
void hsy_fetch_next(struct hsy_bulk *b);
void hsy_fetch_tick(struct hsy_bulk *b, struct hsy_bulk_entry *e);
void hsy_fetch_more(struct hsy_bulk *b);
void hsy_fetch_link_down(struct hsy_bulk *b, hearsay_link link);
/* serve.c: something of @id came, or it is gone. */
void hsy_serve_changed(struct hsy_bulk *b, const struct hsy_bundle_id *id);
void hsy_serve_init(struct hsy_bulk *b);
void hsy_serve_link_down(struct hsy_bulk *b, hearsay_link link);

#endif
