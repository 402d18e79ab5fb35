/* Real nodes without a platform. A stage is one node whose host is the test:
 * every effect is kept, every answer can be held back, time is virtual. The
 * other end of a link is a puppet, which says what the test wants and can sign
 * for itself (null crypto), or another stage, through a world of wires. */
#ifndef HSY_TESTS_SUPPORT_NODE_RIG_H
#define HSY_TESTS_SUPPORT_NODE_RIG_H

#include "core/core.h"
#include "node/view.h"

enum {
    STAGE_LINKS_MAX = 512,
    STAGE_JOBS_MAX = 2048,
    STAGE_TOKENS_MAX = 8192,
    STAGE_NOTES_MAX = 256,
    STAGE_FOUND_MAX = 64,
    STAGE_TEXT_MAX = 256,
    WORLD_STAGES_MAX = 6,
    WORLD_WIRES_MAX = 256
};

/* A link as its host sees it. */
struct stage_link {
    hearsay_link link; /* 0: a free place. */
    uint16_t port;     /* Of a dial. */
    bool dialled;      /* By the node; else accepted by its listener. */
    bool open;         /* The node was told LINK_UP. */
    bool hung_up;      /* The node ended it. */
    bool down;         /* The node was told LINK_DOWN. */
    bool wired;        /* The world looks after it. */
    bool unread;       /* The node wants no more bytes of it. */
    uint32_t pauses;   /* Times that it said so. */
    uint8_t *out;      /* Owned: what the node sent, and not yet taken. */
    uint32_t out_len, out_room;
    uint32_t unsent; /* Not reported as SENT. */
};

struct stage_note {
    char event[32];
    char text[STAGE_TEXT_MAX]; /* Of the last text field. */
};

struct stage {
    struct hearsay_config config;
    struct hearsay_seed lines[HEARSAY_SEEDS_MAX];
    struct hearsay_node *node; /* Owned; NULL before stage_create(). */
    struct hearsay_now now;
    /* What the host does not do just now. */
    bool hold_jobs, hold_writes, hold_sent;
    bool writes_fail;

    struct stage_link links[STAGE_LINKS_MAX];
    uint32_t links_used; /* Places that were ever used. */
    hearsay_link last_link;
    struct hearsay_job *jobs[STAGE_JOBS_MAX]; /* Run, not given back. */
    uint32_t jobs_count;
    uint64_t tokens[STAGE_TOKENS_MAX]; /* Not answered. */
    uint32_t tokens_count;
    struct stage_note notes[STAGE_NOTES_MAX]; /* The last ones, a ring. */
    uint64_t notes_count;
    uint32_t delivered;
    char payload[STAGE_TEXT_MAX]; /* Of the last message, cut. */
    uint64_t incarnation_saved;
    uint32_t rows_saved;
    uint64_t digest; /* Over every effect, in order. */
    uint64_t effects_count;
    uint64_t effects_after_stop;
    bool stopped;
    uint32_t receipts, queries_done, members_told; /* Told. */
    struct hearsay_found found[STAGE_FOUND_MAX];   /* The first ones. */
    uint32_t found_count, finds_done;
    struct hearsay_find_end find_end; /* The last one. */
    enum hearsay_outcome outcome;     /* Of the last receipt. */
    enum hearsay_stop stop_why;
};

/* Settings of @role: null crypto, every secret byte @number, listening at
 * 10.0.0.<number>:<7000 + number>, @seeds_count lines for the puppets or
 * stages numbered 200, 201, ... */
void stage_init(struct stage *s, enum hearsay_role role, uint8_t number,
                uint32_t seeds_count);
/* After changes of s->config; asserted to succeed. */
void stage_create(struct stage *s);
void stage_fini(struct stage *s);
/* Steps, keeps the effects, then answers what is not held. The rc of the
 * step. */
int stage_step(struct stage *s, const struct hearsay_event *ev);
void stage_start(struct stage *s);
void stage_tick(struct stage *s);
/* Time goes on by @ms, with a TICK whenever one is due. */
void stage_run(struct stage *s, uint64_t ms);
/* A moment of time passes and nothing else: no TICK. */
void stage_pass(struct stage *s, uint64_t ns);
/* Answers all that was held. */
void stage_settle(struct stage *s);
/* Gives the job of that place back; false: there is none. */
bool stage_job_back(struct stage *s, uint32_t index);
int stage_publish(struct stage *s, const char *text);
int stage_watch(struct stage *s, bool on);
void stage_leave(struct stage *s);

/* A connection comes in from @from. */
hearsay_link stage_accept(struct stage *s, const struct hearsay_addr *from);
struct stage_link *stage_find(struct stage *s, hearsay_link link);
/* The dial to @port that has neither come up nor failed; NULL. */
struct stage_link *stage_dial(struct stage *s, uint16_t port);
/* The host took @len bytes of what the node gave it for @link. */
void stage_sent(struct stage *s, hearsay_link link, uint32_t len);
bool stage_is_open(struct stage *s, hearsay_link link);
void stage_open(struct stage *s, hearsay_link link);
void stage_down(struct stage *s, hearsay_link link, enum hearsay_down why);
void stage_bytes(struct stage *s, hearsay_link link, const void *data,
                 size_t len);
/* Frames of @type that the node sent on @link and nobody took. */
uint32_t stage_frames(struct stage *s, hearsay_link link,
                      enum hsy_frame_type type);
/* The last of them; false: none. Slices are lent until the next step. */
bool stage_frame(struct stage *s, hearsay_link link, enum hsy_frame_type type,
                 struct hsy_frame *out);
uint32_t stage_noted(const struct stage *s, const char *event);
const struct hsy_counters *stage_counters(const struct stage *s);
/* Authenticated links of the node. */
uint32_t stage_ups(const struct stage *s);

/* ---------------------------------------------------------------- puppets */

struct puppet {
    uint8_t number;
    struct hearsay_id id;
    struct hsy_record record; /* Signed. */
    uint16_t version;         /* The highest that it speaks. */
};

void puppet_init(struct puppet *p, uint8_t number, enum hearsay_role role);
/* After changes of p->record. */
void puppet_sign_record(struct puppet *p);
/* Signs the bytes in @covered. */
struct hsy_sig puppet_sign(const struct hearsay_id *id,
                           const struct hsy_writer *covered);
void puppet_say(struct stage *s, hearsay_link link,
                const struct hsy_frame *frame);
/* A bundle of @p's own with one message of @len bytes, 4096 at most. */
void puppet_say_bundle(struct stage *s, hearsay_link link,
                       const struct puppet *p, uint64_t seq, uint32_t len);
/* What a sound HELLO of @p says; its nonce is all @nonce. */
struct hsy_frame puppet_hello(const struct puppet *p, uint8_t nonce);
/* The AUTH that answers the node's HELLO on @link, when @p's own HELLO had
 * that nonce. */
struct hsy_frame puppet_auth(struct stage *s, hearsay_link link,
                             const struct puppet *p, uint8_t nonce);
/* The whole handshake, as far as the node goes with it. */
hearsay_link puppet_dial(struct stage *s, const struct puppet *p);
/* The same as a feeler. */
hearsay_link puppet_feel(struct stage *s, const struct puppet *p);
void puppet_answer(struct stage *s, hearsay_link link, const struct puppet *p);
/* The node, a peer with one seed, joins with @seed's help: registered, alone
 * in the network. The link to the seed. */
hearsay_link puppet_seat(struct stage *s, const struct puppet *seed,
                         uint32_t peers_count);

/* ----------------------------------------------------------------- worlds */

struct world_wire {
    struct stage *ends[2];
    hearsay_link links[2];
    bool cut[2]; /* This end's host knows that it is over. */
};

struct world {
    struct stage *stages[WORLD_STAGES_MAX]; /* Borrowed; created. */
    uint32_t count;
    struct world_wire wires[WORLD_WIRES_MAX];
    uint32_t wires_count;
    uint32_t chunk; /* Bytes delivered at a time; 0: all there are. */
};

/* Everything moves until nothing does; the time stands still. */
void world_settle(struct world *w);
void world_run(struct world *w, uint64_t ms);
/* Every link between these two breaks. */
void world_cut(struct world *w, const struct stage *a, const struct stage *b);

#endif
