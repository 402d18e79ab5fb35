/* The node's own structures, shared by the files of this folder only. */
#ifndef HSY_NODE_INNER_H
#define HSY_NODE_INNER_H

#include "base/mem.h"
#include "base/table.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "node/effects.h"
#include "node/lanes.h"
#include "node/rows.h"

enum {
    HSY_HALF_OPEN_MAX = 64,
    /* HELLO and AUTH fit with room to spare; nothing else is due yet. */
    HSY_FRAME_MAX_BEFORE_AUTH = 4096,
    HSY_IN_SLACK = 64 * 1024 /* Held of a link beyond a frame; one read. */
};

/* Deadlines of docs/protocol.md, Links. Each step of a handshake has its own:
 * where bytes take two seconds each way, an answer takes four. */
#define HSY_DIAL_NS (10 * HSY_SECOND)
#define HSY_HELLO_NS (5 * HSY_SECOND)
#define HSY_AUTH_NS (5 * HSY_SECOND)
/* For the AUTH of an acceptor, which verifies ours first: so much more. */
#define HSY_VERIFY_NS (2 * HSY_SECOND)
/* For a feeler to hang up. */
#define HSY_FELT_NS (5 * HSY_SECOND)
/* All of it, our own signatures too. */
#define HSY_HANDSHAKE_NS (15 * HSY_SECOND)
/* A HELLO comes a round trip after the accept; it is not cut sooner. */
#define HSY_SILENT_NS (500 * HSY_MS)
/* A line of 8 kbit/s that others use, too, needs that for a small bundle. */
#define HSY_FRAME_NS (30 * HSY_SECOND)
/* The other end takes nothing for so long: it is slow (Queues). */
#define HSY_SLOW_NS (10 * HSY_SECOND)
/* It is, too, if it takes something, but less than so much in so long, while
 * too much waits for it: what it did not take yet lies in the way of everything
 * else on its line. */
#define HSY_CROWDED_NS (4 * HSY_SECOND)
enum { HSY_CROWDED_LEN = 6 * 1024 };

/* Bytes of a link that its host holds at most, or one frame if that is
 * longer; the rest waits in lanes, where a PING overtakes it. Two bundles of
 * 16 KiB: at 1 MiB/s a PING waits 32 ms, and a host that takes all of it once
 * per turn of its loop, 10,000 times a second, sends 320 MiB/s. */
enum { HSY_WINDOW_LEN = 32 * 1024 };

/*
 * dialler:  DIALLING -> HELLO -> SIGNING -> AUTH -> CHECKING -> UP
 * acceptor:             HELLO -> AUTH -> CHECKING -> SIGNING -> UP or FELT
 */
enum hsy_conn_state {
    HSY_CONN_DIALLING,
    HSY_CONN_HELLO,    /* Waiting for their HELLO. */
    HSY_CONN_SIGNING,  /* Our AUTH is being signed. */
    HSY_CONN_AUTH,     /* Waiting for their AUTH. */
    HSY_CONN_CHECKING, /* Their AUTH and record are being verified. */
    HSY_CONN_FELT,     /* A feeler has our AUTH, and is about to hang up. */
    HSY_CONN_UP
};

/* Only while a link is being authenticated. */
struct hsy_handshake {
    struct hsy_conn *newer, *older; /* Among the accepted ones. */
    uint8_t nonce[HSY_NONCE_LEN];
    uint8_t their_nonce[HSY_NONCE_LEN];
    struct hsy_sig their_auth;
    struct hsy_record record; /* Theirs; not verified before UP. */
    struct hearsay_addr observed;
    struct hearsay_id expect; /* Meaningful with has_expect. */
    uint64_t until_ns;        /* The whole of it. */
    uint64_t asked_ns;        /* When our HELLO went out. */
    uint64_t rtt_ns;          /* Until the answer to it came; 0. */
    bool has_expect;
    bool hello_seen;
    bool feels; /* The dialler wants no link. */
};

struct hsy_conn {
    hearsay_link link;
    enum hsy_conn_state state;
    bool accepted;
    bool doomed;   /* To be cut when the step ends. */
    bool gone;     /* The host closed it; only its jobs are still out. */
    bool relieved; /* What was too much for it is gone; the core is told. */
    bool unread;   /* The host was told not to read it. */
    bool serving;  /* The core may have pieces for it. */
    bool woken;    /* It was read no more, and has bytes to be parsed. */
    enum hearsay_down why; /* Meaningful with doomed or gone. */
    struct hearsay_addr from;
    struct hsy_handshake *handshake; /* Owned; NULL when UP. */
    uint64_t deadline_ns; /* Dial, handshake, or the frame begun; NEVER. */
    uint8_t *in;          /* Owned: bytes not parsed yet. */
    uint32_t in_len, in_room;
    uint16_t version;        /* The highest that both speak; 0: not known. */
    uint32_t given;          /* Bytes that the host has not reported as SENT. */
    uint64_t taken_ns;       /* When it last did, or held none before. */
    uint64_t crowded_ns;     /* Since then too much has waited; NEVER. */
    uint32_t crowded_len;    /* Taken since then. */
    struct hsy_lanes *lanes; /* Owned; NULL: nothing else waits. */
    uint32_t jobs;           /* Outstanding for this link. */
};

struct hsy_conn_slot {
    hearsay_link link; /* Key. */
    struct hsy_conn *conn;
};

/* What every step looks at comes first, and together: in a simulation of many
 * nodes each step begins with a node that no cache has. */
struct hearsay_node {
    uint64_t due_ns;        /* hearsay_deadline(), as the last step left it. */
    uint64_t conns_next_ns; /* Not later than the earliest deadline. */
    uint64_t late_ns;       /* When this process last was away. */
    const char *end_text;   /* Why it is ending; NULL while it is not. */
    enum hearsay_stop end_why;
    bool stopped;       /* STOPPED is out: no jobs, no links, nothing more. */
    bool nomem;         /* An effect was lost in this step. */
    bool hang_up_lost;  /* Some HANG_UP found no memory. */
    bool doom_pending;  /* Some conn is doomed. */
    bool serve_pending; /* Some conn began to be served. */
    bool crowd_pending; /* Some conn is crowded, and the core not told. */
    uint32_t half_open; /* Accepted, not UP. */
    uint32_t jobs_count;
    uint32_t checks_count; /* Of these, checks of frames. */
    uint32_t busy_count;   /* Conns with jobs. */
    uint32_t unread_count; /* Conns that are not read. */
    struct hsy_effects fx;
    struct hsy_table conns;                     /* struct hsy_conn_slot */
    struct hsy_conn *oldest_half, *newest_half; /* Half-open ones; a list. */
    struct hsy_core core;
    struct hearsay_mem mem;
    const struct hearsay_crypto *crypto;
    uint8_t secret[HEARSAY_SECRET_LEN];
    char *texts; /* Owned: name and network, each with its NUL. */
    struct hearsay_pool own_pool;
    struct hearsay_pool *pool; /* own_pool, or the one of the config. */
    struct hsy_blob *lines;    /* A share: of config.txt; lines.h. */
    struct hearsay_job *jobs;  /* All outstanding. */
    hearsay_link last_link;    /* Even numbers are ours. */
    uint64_t last_token;
    uint32_t rows_refused[HSY_TABLES_COUNT + 1]; /* By table; last: unknown. */
};

/* conns.c: links, how they begin, and what time does to them. */
struct hsy_conn *hsy_conn_find(const struct hearsay_node *node,
                               hearsay_link link);
hearsay_link hsy_conn_dial(struct hearsay_node *node, const char *host,
                           uint16_t port, const struct hearsay_id *expect);
void hsy_conn_link_up(struct hearsay_node *node, hearsay_link link,
                      bool accepted, const struct hearsay_addr *from);
void hsy_conn_link_down(struct hearsay_node *node, hearsay_link link,
                        enum hearsay_down why);
void hsy_conn_bytes(struct hearsay_node *node, hearsay_link link,
                    const uint8_t *data, size_t len);
/* conns_out.c. The host took @len bytes of the link. */
void hsy_conn_sent(struct hearsay_node *node, hearsay_link link, size_t len);
/* NULL: no memory. */
struct hearsay_buf *hsy_conn_encode(struct hearsay_node *node,
                                    const struct hsy_frame *frame);
/* Queues @buf (borrowed) on the link. What finds no room is dropped, or dooms
 * the link; see lanes.h. */
void hsy_conn_send(struct hearsay_node *node, struct hsy_conn *conn,
                   struct hearsay_buf *buf, enum hsy_lane lane);
void hsy_conn_send_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_frame *frame);
/* Gives the host all that must not be lost when the link is hung up. */
void hsy_conn_last_words(struct hearsay_node *node, struct hsy_conn *conn);
/* Bytes that wait or are given. */
uint32_t hsy_conn_queued(const struct hsy_conn *conn);
/* When the link is slow unless the host takes something; NEVER. */
uint64_t hsy_conn_slow_ns(const struct hearsay_node *node,
                          const struct hsy_conn *conn);
/* Of one that is slow by then: is it, after all, quick enough? */
bool hsy_conn_keeps_up(struct hearsay_node *node, struct hsy_conn *conn);
/* Tells the core of links for which too much waits. */
void hsy_conns_tell_crowded(struct hearsay_node *node);
/* Gives pieces of large messages to links for which nothing else waits. */
void hsy_conns_serve(struct hearsay_node *node);
/* conns_end.c. Takes the conn out of the table, and no word to anybody. */
void hsy_conn_free(struct hearsay_node *node, struct hsy_conn *conn);
/* The same, and the core hears that the link or the dial failed. */
void hsy_conn_end(struct hearsay_node *node, struct hsy_conn *conn,
                  enum hearsay_down why, unsigned code);
/* Asks the host to close. */
void hsy_conn_push_hang_up(struct hearsay_node *node, hearsay_link link);
/* Forgets the conn and asks the host to close. @code 0: no ERROR frame. */
void hsy_conn_hang_up(struct hearsay_node *node, struct hsy_conn *conn,
                      unsigned code, const char *text);
/* Refuses: counted and noted, ERROR frame, hang up; the core hears that the
 * link or the dial failed. */
void hsy_conn_refuse(struct hearsay_node *node, struct hsy_conn *conn,
                     enum hsy_error_code code, const char *text);
/* Cut when the step ends, for the core may be in the middle of something. */
void hsy_conn_doom(struct hearsay_node *node, struct hsy_conn *conn,
                   enum hearsay_down why);
/* The same for a link that takes too little; counted and noted. */
void hsy_conn_doom_slow(struct hearsay_node *node, struct hsy_conn *conn);
/* A job of this link came back; true: the conn is still there. */
bool hsy_conn_job_back(struct hearsay_node *node, hearsay_link link);
/* Parses what was held back while the handshake's jobs ran. */
void hsy_conn_resume(struct hearsay_node *node, hearsay_link link);
/* Neither half-open nor in the list of those any more. */
void hsy_conn_whole(struct hearsay_node *node, struct hsy_conn *conn);
void hsy_conns_tick(struct hearsay_node *node);
void hsy_conns_fini(struct hearsay_node *node);
/* Ends every link, without a word to the core. */
void hsy_conns_hang_up(struct hearsay_node *node);
void hsy_conn_plan(struct hearsay_node *node, struct hsy_conn *conn,
                   uint64_t deadline_ns);
/* The next step of its handshake may take @wait_ns. */
void hsy_conn_await(struct hearsay_node *node, struct hsy_conn *conn,
                    uint64_t wait_ns);

/* conns_read.c. A job of this link goes out. */
void hsy_conn_job_out(struct hearsay_node *node, struct hsy_conn *conn);
/* The conn goes, whatever is out. */
void hsy_conn_forget_jobs(struct hearsay_node *node, struct hsy_conn *conn);
/* One more frame of it is being checked: enough for now? */
void hsy_conn_weigh(struct hearsay_node *node, struct hsy_conn *conn);
/* Do @len bytes of it wait, for it is not read? */
bool hsy_conn_holds(const struct hearsay_node *node,
                    const struct hsy_conn *conn, size_t len);
/* The same, also because there is no job left. */
bool hsy_conn_must_hold(struct hearsay_node *node, struct hsy_conn *conn,
                        size_t len);
/* A job came back: all links are read again when so few are out. */
void hsy_conns_read_again(struct hearsay_node *node);
/* Of one that is gone and was not read: takes what it holds. */
void hsy_conn_hear_out(struct hearsay_node *node, struct hsy_conn *conn);

/* handshake.c */
void hsy_handshake_begin(struct hearsay_node *node, struct hsy_conn *conn);
/* A frame before UP. */
void hsy_handshake_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_frame *frame);
void hsy_handshake_signed(struct hearsay_node *node, struct hsy_conn *conn,
                          const struct hsy_sig *sig);
void hsy_handshake_checked(struct hearsay_node *node, struct hsy_conn *conn,
                           bool good);

/* jobs.c */
bool hsy_jobs_sign(struct hearsay_node *node, const struct hsy_signable *what);
bool hsy_jobs_sign_auth(struct hearsay_node *node, struct hsy_conn *conn,
                        const struct hsy_auth_text *auth);
bool hsy_jobs_check_auth(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_auth_text *auth);
/* Verifies every signature in @frame, then gives it to the core; at once when
 * there is nothing to verify. */
void hsy_jobs_check_frame(struct hearsay_node *node, struct hsy_conn *conn,
                          const struct hsy_frame *frame, const uint8_t *bytes,
                          size_t len);
void hsy_jobs_done(struct hearsay_node *node, struct hearsay_job *job);
void hsy_jobs_fini(struct hearsay_node *node);
/* Of one, without what it works on. */
size_t hsy_job_len(void);

/* signatures.c: what in a frame is signed, by whom. */
struct hsy_claim {
    struct hearsay_id signer;
    struct hsy_sig sig;
    uint32_t offset, len; /* In the collector's bytes. */
};
struct hsy_claims {
    const struct hearsay_node *node;
    struct hsy_writer bytes;  /* Counting, or into a buffer. */
    struct hsy_claim *claims; /* NULL: only counts. */
    uint32_t count;
};
void hsy_claims_of_frame(struct hsy_claims *c, const struct hsy_frame *frame);
void hsy_claims_of_record(struct hsy_claims *c,
                          const struct hsy_record *record);

/* ports.c: the core's way out. */
struct hsy_ports hsy_node_ports(struct hearsay_node *node);

/* config.c */
const char *hsy_config_fault(const struct hearsay_config *config);

#endif
