/* The invariants of docs/testing.md, watched over a cluster. Each has a
 * checker with books of its own, which believe a node only where there is no
 * other source. Those that are armed make a run fail; the others are counted,
 * so that a later issue can arm them.
 *
 * Safety is looked at after every step (hsy_checks_stepped() and the other
 * words of the observer; hsy_checks_look() looks at everybody); liveness when
 * the caller says that all is healed and has settled (hsy_checks_calm()).
 *
 * For small networks: looking costs time in proportion to what a step's node
 * knows, and memory in proportion to seeds times nodes. */
#ifndef HSY_SIM_CHECKS_H
#define HSY_SIM_CHECKS_H

#include "sim/cluster.h"
#include "sim/ledger.h"

enum hsy_invariant {
    HSY_B1,
    HSY_B2,
    HSY_B3,
    HSY_B4,
    HSY_B5,
    HSY_B6,
    HSY_B7,
    HSY_R1,
    HSY_R2,
    HSY_R3,
    HSY_R4,
    HSY_R5,
    HSY_R6,
    HSY_R7,
    HSY_R8,
    HSY_O1,
    HSY_O2,
    HSY_O3,
    HSY_O4,
    HSY_S1,
    HSY_S2,
    HSY_S3,
    HSY_S4,
    HSY_D1,
    HSY_D2,
    HSY_D3,
    HSY_Q1,
    HSY_INVARIANTS /* How many there are. */
};

/* "B1"; a sentence; the issue that arms it: "simulator", "relay", "seeds",
 * "security". Static. */
const char *hsy_invariant_name(enum hsy_invariant what);
const char *hsy_invariant_says(enum hsy_invariant what);
const char *hsy_invariant_armed_by(enum hsy_invariant what);
/* What "B1" names. False: nothing. */
bool hsy_invariant_find(const char *name, enum hsy_invariant *out);

struct hsy_broken {
    enum hsy_invariant what;
    uint32_t node; /* Where, or about whom. */
    uint64_t at_ns;
    char text[160];
};

struct hsy_checks;

/* For @cluster, made of @config; @ledger is told of every message before the
 * checks are. All three are borrowed for the life of the checks.
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_checks_create(struct hsy_checks **out,
                                       const struct hsy_cluster_config *config,
                                       const struct hsy_cluster *cluster,
                                       struct hsy_ledger *ledger);
void hsy_checks_destroy(struct hsy_checks *k);

/* At first those that the simulator issue arms are armed. */
void hsy_checks_arm(struct hsy_checks *k, enum hsy_invariant what, bool armed);
bool hsy_checks_armed(const struct hsy_checks *k, enum hsy_invariant what);
/* @node may break @what from now on, as what befell it allows: R1, R2, R4
 * and R8 of a seed whose disk was harmed or lied; B3 of a node whose wall clock
 * jumped; B5 of what a peer says that forgot its epochs. */
void hsy_checks_excuse(struct hsy_checks *k, enum hsy_invariant what,
                       uint32_t node);

/* Safety, of all nodes, between steps, any time. */
HEARSAY_MUST_USE int hsy_checks_look(struct hsy_checks *k);
/* Liveness: all is healed and has settled for as long as the caller deems
 * right. HEARSAY_ERR_NOMEM, as above. */
HEARSAY_MUST_USE int hsy_checks_calm(struct hsy_checks *k);

/* The first armed one that broke; NULL: all hold. */
const struct hsy_broken *hsy_checks_first(const struct hsy_checks *k);
/* The first time that @what broke, armed or not; NULL: it holds. */
const struct hsy_broken *hsy_checks_first_of(const struct hsy_checks *k,
                                             enum hsy_invariant what);
/* Times broken, armed or not, but not excused. */
uint32_t hsy_checks_count(const struct hsy_checks *k, enum hsy_invariant what);
/* Times there was something to check. */
uint64_t hsy_checks_looked(const struct hsy_checks *k, enum hsy_invariant what);
/* Checks of messages that were left out because a table was full. */
uint64_t hsy_checks_left_out(const struct hsy_checks *k);

/* O3: how well a power law fits the degrees, p; false: it cannot be told.
 * Asked at calm, of networks of at least @peers_min live peers. */
struct hsy_checks_fit {
    void *ctx;
    bool (*p_of)(void *ctx, const uint32_t *degrees, uint32_t count,
                 double *out_p);
    uint32_t peers_min;
};
void hsy_checks_set_fit(struct hsy_checks *k, const struct hsy_checks_fit *fit);

/* What messages have cost since the last calm (B6), for printing. */
struct hsy_costs {
    uint64_t deliveries; /* To others than the origin. */
    uint64_t copies;     /* BUNDLE frames sent. */
    uint64_t bundle_bytes, control_bytes;
    uint64_t relay_bytes; /* Of the latter, IHAVE, GRAFT and PRUNE. */
    uint64_t messages;    /* Published. */
    /* For each of them: ways over links, two for each link; peers. */
    uint64_t ways, nodes;
};
struct hsy_costs hsy_checks_costs(const struct hsy_checks *k);

/* The words of an observer. An error is kept and is the answer of the next
 * hsy_checks_look() or hsy_checks_calm(). */
void hsy_checks_note(struct hsy_checks *k, uint32_t node,
                     const struct hearsay_note *note);
void hsy_checks_published(struct hsy_checks *k, uint32_t node, uint64_t seq);
/* @origin: HSY_LEDGER_NOBODY for a stranger. */
void hsy_checks_delivered(struct hsy_checks *k, uint32_t node, int64_t origin,
                          const struct hearsay_message *message);
void hsy_checks_asked(struct hsy_checks *k, uint32_t node, uint32_t to,
                      uint64_t number, const struct hsy_ask_for *what);
void hsy_checks_told(struct hsy_checks *k, uint32_t node,
                     const struct hearsay_effect *fx);
void hsy_checks_started(struct hsy_checks *k, uint32_t node);
void hsy_checks_ended(struct hsy_checks *k, uint32_t node);
void hsy_checks_sent(struct hsy_checks *k, uint32_t from, uint32_t to,
                     const uint8_t *bytes, size_t len);
void hsy_checks_stepped(struct hsy_checks *k, uint32_t node);

/* S1 needs a count of the bytes that the cluster holds. A meter is an
 * allocator around another one; @real is copied. */
struct hsy_meter {
    struct hearsay_mem real;
    uint64_t live_bytes;
};
void hsy_meter_init(struct hsy_meter *meter, const struct hearsay_mem *real);
/* Good as long as @meter stays where it is. */
struct hearsay_mem hsy_meter_mem(struct hsy_meter *meter);
/* What nodes so configured may hold together. */
uint64_t hsy_meter_ceiling(const struct hsy_cluster_config *config);
/* @meter is the cluster's, borrowed. */
void hsy_checks_set_meter(struct hsy_checks *k, const struct hsy_meter *meter,
                          uint64_t ceiling);

struct hsy_direct_totals;
/* What came of direct messages and queries; check_direct.h. */
const struct hsy_direct_totals *hsy_checks_direct(const struct hsy_checks *k);

#endif
