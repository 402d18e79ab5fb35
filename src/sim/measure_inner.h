/* Shared by the files of the measure. */
#ifndef HSY_SIM_MEASURE_INNER_H
#define HSY_SIM_MEASURE_INNER_H

#include "base/table.h"
#include "sim/measure.h"

struct hsy_message_key {
    uint32_t origin, life;
    uint64_t seq;
};

struct hsy_measured {
    struct hsy_message_key key;
    uint64_t published_ns;
    uint64_t payload_len; /* 0: not told. */
    uint8_t *got;         /* Owned: a bit per node. */
};

/* (origin, epoch) -> life, and (origin, life) -> known. */
struct hsy_epoch_key {
    uint32_t origin, is_life;
    uint64_t value;
};
struct hsy_measured_epoch {
    struct hsy_epoch_key key;
    uint64_t life;
};

struct hsy_member {
    uint64_t started_ns;
    uint64_t joined_ns; /* NEVER: no member. */
    uint64_t well_ns;   /* Since when nothing has befallen it. */
    uint32_t copies;    /* Of messages that it sent. */
    bool was_started, left_out;
};

/* Something befell a node; kept after it recovers. */
struct hsy_strike {
    uint64_t node; /* The key. */
    uint64_t struck_ns;
    uint64_t reported_ns; /* 0: not yet. */
    uint64_t seeds;       /* A bit for each that has recorded its death. */
    bool over;            /* It has recovered. */
    bool found;           /* By all live seeds. */
};

/* One death as seeds see it; it is judged by the first that records it. */
struct hsy_death_key {
    uint64_t node, incarnation;
};

/* What one node has asked another one for, and not been told the end of. */
enum { HSY_PULLED_MAX = 32 };
struct hsy_pulled {
    uint64_t epoch; /* A fingerprint: origin and epoch. */
    uint64_t from, to;
    uint32_t nonce;
};
struct hsy_pulls {
    uint64_t who; /* The key: who asked, whom. */
    uint32_t next, count;
    struct hsy_pulled pulled[HSY_PULLED_MAX]; /* A ring; the oldest go. */
};

/* The first message after a strike. */
struct hsy_first {
    uint8_t *due; /* Owned: a bit per node that is owed it; NULL: none. */
    uint32_t due_count;
    bool published;
    struct hsy_message_key key;
    uint64_t copies, deliveries;
    struct hsy_histogram latency; /* Of those that were due. */
};

struct hsy_measure {
    struct hearsay_mem mem;
    const struct hsy_cluster *cluster; /* Borrowed. */
    uint32_t count, seeds;
    uint64_t late_ns;
    int err; /* Sticky: HEARSAY_ERR_NOMEM. */
    struct hsy_table messages, epochs, strikes, records, pulls;
    bool is_full;               /* A message came that is not followed. */
    struct hsy_member *members; /* Owned; one per node. */
    uint64_t delivered, twice;
    struct hsy_measure_counts counts;
    uint64_t from_ns; /* Messages published before do not count. */
    struct hsy_first first;
    struct hsy_mend mend; /* by_kind: at the heal. */
    uint8_t *sides;       /* Owned; NULL: no heal yet. */
    struct hsy_histogram histograms[HSY_MEASURE_HISTOGRAMS];
    bool has_graph, has_fit;
    uint32_t components;
    uint32_t *degrees; /* Owned: of each live peer. */
    uint32_t degrees_count;
    uint32_t *degree_counts; /* Owned: peers of each degree. */
    uint32_t degree_counts_len;
    struct hsy_measure_load load[HSY_MEASURE_DEGREES];
    struct hsy_powerlaw fit;
};

static inline bool hsy_measure_bit(const uint8_t *bits, uint32_t node)
{
    return ((bits[node / 8] >> (node % 8)) & 1) != 0;
}

static inline bool hsy_measured_has(const struct hsy_measured *message,
                                    uint32_t node)
{
    return hsy_measure_bit(message->got, node);
}

/* In measure_first.c: @message was published, or came to @node. */
void hsy_measure_first_published(struct hsy_measure *m,
                                 const struct hsy_message_key *key);
void hsy_measure_first_delivered(struct hsy_measure *m,
                                 const struct hsy_measured *message,
                                 uint32_t node, uint64_t now_ns);
bool hsy_measure_is_first(const struct hsy_measure *m,
                          const struct hsy_message_key *key);
void hsy_measure_first_figures(const struct hsy_measure *m,
                               struct hsy_figures *f);

/* Should @node have got @message? In measure_figures.c. */
bool hsy_measure_owes(const struct hsy_measure *m, uint32_t node,
                      const struct hsy_measured *message);
/* In measure_mend.c: @message came to @node; an ACCEPT was sent. */
void hsy_measure_mend_delivered(struct hsy_measure *m, uint32_t node,
                                const struct hsy_measured *message,
                                uint64_t now_ns);
void hsy_measure_mend_accepted(struct hsy_measure *m, uint32_t from,
                               uint32_t to);

/* Of struct hsy_observer; in measure_traffic.c. */
void hsy_measure_sent(void *ctx, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t len);
/* PULL and GONE; in measure_pulls.c. */
void hsy_measure_asked(struct hsy_measure *m, uint32_t from, uint32_t to,
                       const uint8_t *frame, size_t len);
/* A BUNDLE of these messages, from @from to @to: was it asked for? */
struct hsy_carried_span {
    uint64_t epoch, first;
    uint32_t count;
};
bool hsy_measure_was_asked(const struct hsy_measure *m, uint32_t from,
                           uint32_t to, const struct hsy_carried_span *span);
uint64_t hsy_measure_epoch_print(const uint8_t *origin_and_epoch);
/* A note that begins with a d; in measure_deaths.c. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_measure_death(struct hsy_measure *m, uint32_t node,
                                       uint64_t now_ns,
                                       const struct hearsay_note *note);
/* Nothing has befallen it, as far as anybody has told us. */
bool hsy_measure_is_well(const struct hsy_measure *m, uint32_t node);

#endif
