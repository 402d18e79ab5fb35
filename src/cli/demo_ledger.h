/* The demo's bookkeeping: what the nodes' logs add up to. No process, no
 * clock and no printing here; lines and times in, figures out. Nodes are
 * numbered seeds first, then peers. Times are CLOCK_MONOTONIC microseconds. */
#ifndef HSY_CLI_DEMO_LEDGER_H
#define HSY_CLI_DEMO_LEDGER_H

#include "cli/demo_line.h"
#include "hearsay.h"

struct hsy_demo_ledger;

struct hsy_demo_ledger_shape {
    uint32_t seeds;        /* 1..HEARSAY_SEEDS_MAX */
    uint32_t peers;        /* 1..HSY_LEDGER_PEERS_MAX */
    uint32_t messages_max; /* Messages followed; later ones are not. */
};

enum { HSY_LEDGER_PEERS_MAX = 2000 };

/* What the demo did to a node. */
enum hsy_fate {
    HSY_FATE_NONE,
    HSY_FATE_KILLED,
    HSY_FATE_FROZEN,
    HSY_FATE_THAWED
};

struct hsy_demo_ledger_node {
    struct hearsay_id id; /* All zero until it started. */
    bool started, joined;
    bool gone; /* Its process ended. */
    enum hsy_fate fate;
    uint64_t joined_us; /* When its line was read. */
    uint64_t join_ms;   /* By its own clock. */
    uint64_t dials;     /* Before it had joined. */
    uint64_t published, delivered, strikes, reports;

    uint64_t fault_us, thaw_us;
    uint32_t removed_by;    /* A bit for each seed that took it off. */
    uint64_t removed_us;    /* A majority had; 0: never. */
    uint64_t registered_us; /* First time after the thaw; 0: never. */
    uint64_t connected_us;  /* First time after the thaw; 0: never. */
};

struct hsy_demo_ledger_report {
    uint32_t joined;
    uint64_t join_ms_max;
    uint64_t dials; /* Sum over the joined. */
    uint32_t components, links, min_degree, max_degree;
    uint32_t links_one_sided; /* Of the links; only one end names them. */
    uint64_t published, expected, delivered, missed, delivered_twice;
    uint64_t latency_p50_us, latency_p99_us, latency_max_us;
    uint64_t dead_reports;
    uint32_t removed_dead, removed_alive;
    uint64_t killed_max_us, frozen_max_us; /* 0: none. */
    uint32_t thawed, returned;
    uint64_t returned_max_us; /* 0: none. */
    uint64_t unfollowed;      /* Messages beyond messages_max. */
    uint64_t lines_lost;      /* Log lines that nodes could not write. */
};

/* Gives *@out, to be returned to hsy_demo_ledger_destroy(). HEARSAY_ERR_NOMEM.
 */
HEARSAY_MUST_USE int
hsy_demo_ledger_create(struct hsy_demo_ledger **out,
                       const struct hsy_demo_ledger_shape *shape,
                       const struct hearsay_mem *mem);
void hsy_demo_ledger_destroy(struct hsy_demo_ledger *l);

/* @node logged @line, which was read at @now_us. */
void hsy_demo_ledger_take(struct hsy_demo_ledger *l, uint64_t now_us,
                          uint32_t node, const struct hsy_demo_line *line);

/* The demo killed, froze or thawed a peer. A node has one fate: only a
 * frozen one is thawed, and nothing else follows. */
void hsy_demo_ledger_fate(struct hsy_demo_ledger *l, uint64_t now_us,
                          uint32_t node, enum hsy_fate fate);

/* The process of @node ended. */
void hsy_demo_ledger_gone(struct hsy_demo_ledger *l, uint32_t node);

/* Lent. */
const struct hsy_demo_ledger_node *
hsy_demo_ledger_node(const struct hsy_demo_ledger *l, uint32_t node);
/* UINT32_MAX: nobody of ours. */
uint32_t hsy_demo_ledger_find(const struct hsy_demo_ledger *l,
                              const struct hearsay_id *id);
/* Links of @node with peers that live and are not frozen; a seed has none. */
uint32_t hsy_demo_ledger_degree(const struct hsy_demo_ledger *l, uint32_t node);
uint64_t hsy_demo_ledger_published(const struct hsy_demo_ledger *l);

/* The figures, for an end at @end_us:
 *
 * expected, delivered, missed: pairs of a message published at least 2 s
 *     before the end and another peer that had joined by then, both neither
 *     killed nor frozen at any time; missed = expected - delivered.
 * delivered_twice: second deliveries at any node.
 * components: of the peers neither killed nor frozen at any time.
 * links, min_degree, max_degree: among peers that live; a link counts when
 *     either end names it.
 * latency: of first deliveries between peers untouched until then.
 * removed_dead: killed and frozen peers that a majority of the seeds took
 *     off; removed_alive: peers that were neither and whose process runs.
 * returned: thawed peers that registered again (when they had been taken
 *     off) and linked again. */
void hsy_demo_ledger_sum(struct hsy_demo_ledger *l, uint64_t end_us,
                         struct hsy_demo_ledger_report *out);

#endif
