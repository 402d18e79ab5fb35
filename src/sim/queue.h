/* The future of a simulation: what will happen, ordered by time, and by the
 * order of scheduling where times are equal. */
#ifndef HSY_SIM_QUEUE_H
#define HSY_SIM_QUEUE_H

#include "hearsay.h"

struct hsy_conn;

enum hsy_future_kind {
    HSY_FUTURE_START,       /* A process begins. */
    HSY_FUTURE_TICK,        /* Its deadline. */
    HSY_FUTURE_ARRIVE,      /* Segments of a connection, sent by @side. */
    HSY_FUTURE_ACCEPT,      /* A process takes a connection off its backlog. */
    HSY_FUTURE_SENT,        /* The kernel of @side took bytes. */
    HSY_FUTURE_DIAL_LATE,   /* Nobody answered a dial. */
    HSY_FUTURE_DIAL_FAILED, /* It could not even start; @value is the link. */
    HSY_FUTURE_JOB,         /* @job has run. */
    HSY_FUTURE_DISK         /* The oldest open write of the node is done. */
};

struct hsy_future {
    uint64_t at_ns;
    union {
        struct hsy_conn *conn; /* ARRIVE to DIAL_LATE: holds a reference. */
        struct hearsay_job *job;
        uint64_t value;
    };
    uint32_t node; /* Where it happens. */
    uint32_t life; /* Of the process it is for; another one ignores it. */
    uint8_t kind;  /* enum hsy_future_kind */
    uint8_t side;
};

struct hsy_queue_key;
struct hsy_queue_slot;

struct hsy_queue {
    struct hearsay_mem mem;
    struct hsy_queue_key *heap;   /* Owned; heap_room entries. */
    struct hsy_queue_slot *slots; /* Owned; slots_room entries. */
    struct hsy_queue_key *ring;   /* Owned; ring_room entries, a power of 2. */
    uint32_t heap_count, heap_room;
    uint32_t slots_count, slots_room; /* Used ever; allocated. */
    uint32_t ring_at, ring_count, ring_room;
    uint32_t free_slot;  /* Index + 1 of the first free one; 0: none. */
    uint64_t popped_ns;  /* Of the last one. */
    uint64_t next_order; /* Of scheduling. */
};

void hsy_queue_init(struct hsy_queue *q, const struct hearsay_mem *mem);
void hsy_queue_fini(struct hsy_queue *q);
/* HEARSAY_ERR_NOMEM: nothing was scheduled. */
HEARSAY_MUST_USE int hsy_queue_push(struct hsy_queue *q,
                                    const struct hsy_future *f);
/* When the next one is; HEARSAY_NEVER: there is none. */
uint64_t hsy_queue_next_ns(const struct hsy_queue *q);
/* The queue must not be empty. */
struct hsy_future hsy_queue_pop(struct hsy_queue *q);
/* Of those in the heap, hence not of this instant, the first (@index 0), the
 * second or the third, as far as is known now. False: there are not so
 * many. */
bool hsy_queue_ahead(const struct hsy_queue *q, uint32_t index,
                     struct hsy_future *out);

#endif
