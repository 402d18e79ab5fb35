/* Choosing, asking for, accepting and replacing overlay links
 * (docs/protocol.md, Overlay; mission M5, M12). */
#ifndef HSY_CORE_OVERLAY_H
#define HSY_CORE_OVERLAY_H

#include "core/book.h"
#include "core/neighbours.h"

enum {
    HSY_DRAWS_MAX = 96, /* By degree, from all seeds asked. */
    HSY_UNIFORMS_MAX = 48,
    HSY_ATTEMPTS_MAX = 8, /* Links being opened at the same time. */
    HSY_TOP_MAX = 48,     /* top-half: most links of one peer's choice. */
    HSY_PATIENCE = 16,    /* Refusals in a row; see hsy_overlay_refuse(). */
    HSY_CAP_MIN = 32,
    HSY_CAP_MAX = 3200 /* With a quarter more it still fits one snapshot. */
};

/* A dial under way, meant to become an overlay link. */
struct hsy_attempt {
    struct hearsay_id id;
    hearsay_link link; /* 0: free. */
    uint64_t group;    /* Where it leads; hsy_addr_group(). */
    bool stuck;        /* Maybe: a seed has answered since. */
};

struct hsy_wish;

struct hsy_overlay {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_book *book;
    struct hearsay_id *draws; /* Owned; HSY_DRAWS_MAX + HSY_UNIFORMS_MAX. */
    uint32_t draws_count, uniforms_count;
    struct hsy_attempt *attempts; /* Owned; NULL: none. */
    struct hsy_wish *wishes;      /* Owned; NULL: none; wish.h. */
    uint32_t peers_count;         /* N as told by the seeds, itself included. */
    uint32_t wanted;              /* Self-chosen links to keep. */
    bool active;                  /* Since the quorum was first reached. */
    bool leaving;                 /* Chooses and accepts no more. */
    bool listed;                  /* top-half: the sorted list has come. */
    bool changed;          /* The set of links changed; the owner clears. */
    bool hungry;           /* Ask a seed for candidates; the owner clears. */
    bool doubtful;         /* Ask a seed for N again; the owner clears. */
    uint32_t asks;         /* Times asked in a row without a new link. */
    uint32_t refusals;     /* The same of CONNECTs that were refused. */
    uint64_t grow_next_ns; /* Out of patience: the next try, not sooner. */
    uint64_t ask_next_ns;
    uint64_t evict_next_ns; /* Nobody makes room for another one before. */
    uint64_t counted_ns;    /* When N was told, or asked for. */
    uint64_t next_ns;       /* Not later than the earliest thing to do. */
};

void hsy_overlay_init(struct hsy_overlay *o, struct hsy_env *env,
                      struct hsy_neighbours *neighbours, struct hsy_book *book);
void hsy_overlay_fini(struct hsy_overlay *o);

/* The quorum holds: choose from now on. */
void hsy_overlay_activate(struct hsy_overlay *o);
/* A seed's list: merged into the book; @by_degree first ones are draws.
 * All of them: the list is the sorted one. Returns how many ids were new. */
uint32_t hsy_overlay_learn(struct hsy_overlay *o,
                           const struct hsy_records *sample,
                           uint32_t by_degree);
void hsy_overlay_told_count(struct hsy_overlay *o, uint32_t peers_count);

/* An authenticated link to @n came up or was replaced: ask if it was meant
 * for that. What was agreed on the link before is said again, for the other
 * end may not have heard it. */
void hsy_overlay_link_up(struct hsy_overlay *o, struct hsy_neighbour *n);
/* Is there a link to @id, or one about to be? */
bool hsy_overlay_is_trying(struct hsy_overlay *o, const struct hearsay_id *id);
/* Asks the owner of the record @kept, whom it must not be trying, for a link;
 * @tries: how often it did before. False: no dial could be opened just now. */
bool hsy_overlay_try(struct hsy_overlay *o, const struct hsy_blob *kept,
                     uint32_t tries);
/* Is a dial to @id of this machine under way? */
bool hsy_overlay_dialling(struct hsy_overlay *o, const struct hearsay_id *id);
/* A seed of ours took us in: lines are open that were not. What was dialled
 * before may still wait for one, and is not waited for. */
void hsy_overlay_seed_answered(struct hsy_overlay *o);
/* True when the failed dial was one of this machine. */
bool hsy_overlay_dial_failed(struct hsy_overlay *o, hearsay_link link);
/* @gone is a copy of an entry that is no more. */
void hsy_overlay_link_down(struct hsy_overlay *o,
                           const struct hsy_neighbour *gone);

void hsy_overlay_connect(struct hsy_overlay *o, struct hsy_neighbour *n,
                         uint32_t their_degree);
/* Is @n to be refused for want of room, when somebody may make some? */
bool hsy_overlay_would_evict(struct hsy_overlay *o,
                             const struct hsy_neighbour *n);
/* Tells the neighbour @n to look elsewhere; the caller hangs up. */
void hsy_overlay_evict(struct hsy_overlay *o, const struct hsy_neighbour *n);
/* False: nobody asked @n. */
bool hsy_overlay_accept(struct hsy_overlay *o, struct hsy_neighbour *n);
/* The caller hangs up, unless @n is of use for something else. After
 * HSY_PATIENCE refusals in a row the network is full: who has m links is
 * content until it loses one, and who has fewer tries one peer at a time, with
 * back-off. */
void hsy_overlay_refuse(struct hsy_overlay *o, struct hsy_neighbour *n,
                        const struct hsy_records *alternatives);
/* A seed asks for one more link, to one of @records; see wish.h. */
void hsy_overlay_bridge(struct hsy_overlay *o,
                        const struct hsy_records *records);
void hsy_overlay_tick(struct hsy_overlay *o);
/* Linked to everybody there is, as far as the seeds have told. */
bool hsy_overlay_complete(const struct hsy_overlay *o);
/* top-half: how many are in the upper half of the list, 1 to HSY_TOP_MAX. */
uint32_t hsy_overlay_half(const struct hsy_overlay *o);

/* max(32, (2/3) m sqrt(N)). */
uint32_t hsy_overlay_cap(uint32_t links_wanted, uint32_t peers_count);

#endif
