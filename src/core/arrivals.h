/* Links coming and going, seen from the whole core: which of two links to one
 * node stays, who is told when one ends, and when an end is a death. */
#ifndef HSY_CORE_ARRIVALS_H
#define HSY_CORE_ARRIVALS_H

#include "core/core.h"

/* What HSY_ERROR_DUPLICATE says, here and in the word to the operator. */
#define HSY_DUPLICATE_TEXT                                                \
    "another process with this identity is alive: give each node a data " \
    "directory of its own"

/* Ends the link to @id as one that failed (@why), and tells every machine.
 * With @hang_up the link itself is still open and is closed. */
void hsy_core_drop(struct hsy_core *core, const struct hearsay_id *id,
                   enum hearsay_down why, bool hang_up);
/* The link @a was refused after all: if we dialled it, that dial failed. */
void hsy_core_arrival_lost(struct hsy_core *core, const struct hsy_arrival *a);
/* The overlay neighbour @id makes room for another one: it is told, with peers
 * to try instead, and hung up. */
void hsy_core_evict(struct hsy_core *core, const struct hearsay_id *id);
/* The own record says other things now: neighbours hear it. */
void hsy_core_tell_record(struct hsy_core *core);
/* The neighbour @n says other things of itself. False: that is not its record.
 */
bool hsy_core_renewed(struct hsy_core *core, struct hsy_neighbour *n,
                      const struct hsy_record *record);
/* The node left in order: no probe, no report. */
void hsy_core_departed(struct hsy_core *core, const struct hearsay_id *id);
/* Strikes and idle links, after liveness has looked. */
void hsy_core_watch(struct hsy_core *core);
/* A report is signed: off it goes. */
void hsy_core_report_signed(struct hsy_core *core,
                            const struct hsy_report *report);
/* A seed registered us just now: it hears what others have not. */
void hsy_core_report_again(struct hsy_core *core, hearsay_link seed);
/* "Dead Node:<ip>:<port>:<timestamp>:<notifier ip>" and a NUL. */
enum { HSY_REPORT_TEXT_MAX = 2 * HEARSAY_ADDR_TEXT_LEN + 48 };
void hsy_report_text(char out[HSY_REPORT_TEXT_MAX],
                     const struct hsy_report *report);

#endif
