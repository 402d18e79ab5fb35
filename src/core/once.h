/* Which direct messages of whom have come: of each life of a sender the
 * highest number, and which of the last 256 before it. So a retry and a replay
 * are known for what they are. */
#ifndef HSY_CORE_ONCE_H
#define HSY_CORE_ONCE_H

#include "base/table.h"
#include "core/env.h"

enum {
    /* A sender has no number open that is so far behind its last one. */
    HSY_ONCE_SPAN = 256,
    HSY_ONCE_MAX = 4096
};
/* A sender that was silent for so long may be forgotten: whatever could be
 * replayed of it is out of the window of time by then. */
#define HSY_ONCE_NS (20 * HSY_MINUTE)

enum hsy_once_as {
    HSY_ONCE_NEW,
    HSY_ONCE_BEFORE,
    HSY_ONCE_OLD, /* Too far behind: nobody can say. */
    HSY_ONCE_NO_ROOM
};

struct hsy_once_sender {
    struct hsy_epoch of;               /* Key. */
    uint64_t high;                     /* The highest number that came. */
    uint64_t bits[HSY_ONCE_SPAN / 64]; /* Bit k: high - k came. */
    uint64_t heard_ns;
};

struct hsy_once {
    const struct hsy_env *env;
    struct hsy_table senders; /* struct hsy_once_sender */
    uint32_t hand;            /* Where to look for one to be forgotten. */
};

void hsy_once_init(struct hsy_once *o, const struct hsy_env *env);
void hsy_once_fini(struct hsy_once *o);
/* Claims @number, if it is new. */
enum hsy_once_as hsy_once_claim(struct hsy_once *o, const struct hsy_epoch *of,
                                uint64_t number);
/* Takes the last claim of @number back. */
void hsy_once_release(struct hsy_once *o, const struct hsy_epoch *of,
                      uint64_t number);

#endif
