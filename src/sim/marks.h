/* What happens only sometimes. Each rare path of the protocol has a mark;
 * many runs together must reach all of them, or a path is quietly untested. */
#ifndef HSY_SIM_MARKS_H
#define HSY_SIM_MARKS_H

#include "hearsay.h"

struct hsy_counters;

enum { HSY_MARKS_MAX = 128 };

/* How often each was reached. All zero at first. */
struct hsy_marks {
    uint32_t reached[HSY_MARKS_MAX];
};

uint32_t hsy_marks_count(void);
/* Static; @mark < hsy_marks_count(). */
const char *hsy_mark_name(uint32_t mark);
const char *hsy_mark_says(uint32_t mark);

/* A record of a seed or of a peer. */
void hsy_marks_note(struct hsy_marks *marks, enum hearsay_role role,
                    const struct hearsay_note *note);
/* Whole frames that a seed or a peer sent. */
void hsy_marks_sent(struct hsy_marks *marks, enum hearsay_role role,
                    const uint8_t *bytes, size_t len);
/* A process ended by itself. */
void hsy_marks_stopped(struct hsy_marks *marks, enum hearsay_stop why);
/* A fault class struck; enum hsy_swarm_fault. */
void hsy_marks_struck(struct hsy_marks *marks, uint32_t fault);
/* The counters of a process: a mark is reached when its counter is not 0. */
void hsy_marks_counters(struct hsy_marks *marks, enum hearsay_role role,
                        const struct hsy_counters *counters);

#endif
