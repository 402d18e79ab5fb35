/* A read-only look at a node, for the API and the CLI. Everything is copied
 * out; nothing here changes the node. Between steps only. */
#ifndef HSY_NODE_VIEW_H
#define HSY_NODE_VIEW_H

#include "core/counters.h"
#include "hearsay.h"

enum hsy_view_state {
    HSY_VIEW_STARTING, /* Not started, or its incarnation not on disk yet. */
    HSY_VIEW_JOINING,  /* Below the quorum, or without a first link. */
    HSY_VIEW_JOINED,
    HSY_VIEW_SERVING, /* A seed. */
    HSY_VIEW_LEAVING,
    HSY_VIEW_STOPPED
};

/* For who steps many nodes, and knows which one is next: has what each step
 * looks at brought to the cache. Call twice, some time apart: first not
 * @deep, which touches nothing, then @deep, for what that points to. NULL @node
 * is a no-op unless @deep. */
void hsy_node_fetch(const struct hearsay_node *node, bool deep);

/* "joining"; static. */
const char *hsy_view_state_text(enum hsy_view_state state);

struct hsy_view_status {
    struct hearsay_id id;
    enum hearsay_role role;
    char name[HEARSAY_NAME_MAX + 1];
    char network[HEARSAY_NAME_MAX + 1];
    enum hsy_view_state state;
    enum hearsay_relay relay; /* Of a peer. */
    uint64_t incarnation;
    uint32_t registered, quorum, seeds; /* k/q of n. */
    uint32_t peers; /* Alive in the Peer List; a peer: told by seeds. */
    uint32_t dead;  /* Seed: tombstones. */
    /* Seed, as it saw the overlay last: its parts, and the peers without which
     * it would fall into more of them. */
    uint32_t components, cut_peers;
    uint32_t degree; /* Overlay links. */
    bool dialable;   /* Of a peer: its seeds do not say otherwise. */
    uint64_t uptime_ns;
    uint64_t joined_after_ns; /* 0: not yet. */
    uint64_t last_seq;        /* Of own messages. */
    struct hsy_counters counters;
};

void hsy_view_status(const struct hearsay_node *node, uint64_t now_ns,
                     struct hsy_view_status *out);

/* The names and values of counters, for printing. False at the end. */
bool hsy_view_counter(const struct hsy_counters *counters, uint32_t index,
                      const char **out_name, uint64_t *out_value);

/* "tree"; static. */
const char *hsy_view_relay_text(enum hearsay_relay relay);

/* What becomes of a message at a link. */
enum hsy_view_link_relay {
    HSY_VIEW_RELAY_NONE,  /* Nothing: a link to or between seeds. */
    HSY_VIEW_RELAY_EAGER, /* It is sent. */
    HSY_VIEW_RELAY_LAZY   /* It is announced. */
};
/* "eager"; static. */
const char *hsy_view_link_relay_text(enum hsy_view_link_relay relay);

struct hsy_view_link {
    hearsay_link link;
    struct hearsay_id id;
    struct hearsay_addr addr;
    char name[HEARSAY_NAME_MAX + 1];
    enum hearsay_role role;
    bool accepted; /* direction: "in", else "out" */
    bool overlay;  /* Messages travel over it, or are announced. */
    enum hsy_view_link_relay relay;
    uint32_t version; /* Of the protocol, as both ends speak it. */
    uint64_t rtt_ns;
    uint32_t queue_bytes; /* All that was not sent yet. */
    uint32_t lanes[4];    /* Of these, what the host was not given yet. */
    uint32_t strikes;
};

/* "control"; static. NULL: no such lane. */
const char *hsy_view_lane_text(uint32_t lane);

/* Authenticated links, in order of age. False: no such index. */
bool hsy_view_link(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_link *out);

enum hsy_view_peer_state {
    HSY_PEER_ALIVE,
    HSY_PEER_DEAD,
    HSY_PEER_LEFT,
    HSY_PEER_ABSENT
};
const char *hsy_view_peer_state_text(enum hsy_view_peer_state state);

struct hsy_view_peer {
    struct hearsay_id id;
    char name[HEARSAY_NAME_MAX + 1];
    enum hearsay_role role;
    uint32_t addrs_count;
    struct hearsay_addr addrs[HEARSAY_ADDRS_MAX];
    uint64_t incarnation;
    enum hsy_view_peer_state state;
    uint32_t degree; /* A seed's count; a peer knows only its own: 0. */
    bool cut;        /* Of a seed: others hang on it alone. */
    bool dialable;   /* Nobody has found out that it is not. */
};

/* A seed's Peer List, tombstones included; a peer's address book. */
bool hsy_view_peer(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_peer *out);

/* For those who look after every step: nothing is copied. */
uint64_t hsy_view_incarnation(const struct hearsay_node *node);
/* Ids in the Message List. */
uint32_t hsy_view_seen(const struct hearsay_node *node);

/* A bundle that a node keeps for those who missed it, in no order. */
struct hsy_view_kept {
    struct hearsay_id origin;
    uint64_t epoch; /* As in struct hearsay_message. */
    uint64_t first_seq;
    uint64_t wall_ms; /* When it was published, by its origin's clock. */
    uint32_t count;   /* 0: of a large message whose content is not here. */
    bool own;         /* Of this process. */
};
bool hsy_view_kept(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_kept *out);

/* The content of a large message that is whole here; NULL. The caller ends
 * the share with hearsay_buf_unref(). */
struct hsy_view_message {
    struct hearsay_id origin;
    uint64_t epoch, seq;
};
struct hearsay_buf *hsy_view_content(const struct hearsay_node *node,
                                     const struct hsy_view_message *which);

/* Does a peer that follows membership know all who are there? */
bool hsy_view_members_listed(const struct hearsay_node *node);
/* The next one that is there, from *@at on, which begins at 0; false: that was
 * all. */
bool hsy_view_member(const struct hearsay_node *node, uint32_t *at,
                     struct hsy_view_peer *out);

/* The rank of a line of hsy_view_peer(); of a tombstone, its own
 * incarnation, which may be above that of the record. */
struct hsy_view_rank {
    const struct hearsay_id *id; /* Lent until the next step. */
    uint64_t incarnation;
    enum hsy_view_peer_state state;
};
bool hsy_view_rank(const struct hearsay_node *node, uint32_t index,
                   struct hsy_view_rank *out);

#endif
