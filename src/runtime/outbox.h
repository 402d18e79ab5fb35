/* What the application is to be told, kept until no call of its own and no
 * step of the node is under way: so its callbacks may call anything. */
#ifndef HSY_RUNTIME_OUTBOX_H
#define HSY_RUNTIME_OUTBOX_H

#include "hearsay/runtime.h"

struct hsy_outbox_item;

/* Starts zeroed but for the callbacks. */
struct hsy_outbox {
    void (*on_message)(void *ctx, const struct hearsay_message *message);
    void (*on_note)(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms);
    /* RECEIPT, ANSWER, QUERY_DONE, MEMBER; runtime.h. */
    void (*on_told)(void *ctx, const struct hearsay_effect *told);
    void *ctx;
    struct hsy_outbox_item *first, *last; /* Owned. */
    size_t len;                           /* Bytes held. */
    bool stopped;                         /* Tell nothing any more. */
};

/* Copies. HEARSAY_ERR_NOMEM: it was not taken. Without a callback for it,
 * nothing is kept. */
HEARSAY_MUST_USE int hsy_outbox_message(struct hsy_outbox *box,
                                        const struct hearsay_message *message);
/* The same, but without memory the note is gone: notes are the first to go. */
void hsy_outbox_note(struct hsy_outbox *box, const struct hearsay_note *note,
                     uint64_t wall_ms);

/* As hsy_outbox_message(). */
HEARSAY_MUST_USE int hsy_outbox_told(struct hsy_outbox *box,
                                     const struct hearsay_effect *told);

/* Calls back for all that is there, in order; stops when a callback calls
 * hsy_outbox_stop(). True: the callbacks caused more. */
bool hsy_outbox_flush(struct hsy_outbox *box);

/* Frees what is there, now and later. */
void hsy_outbox_stop(struct hsy_outbox *box);

#endif
