/* The last records of a run, readable: what a failed scenario prints. */
#ifndef HSY_SIM_STORY_H
#define HSY_SIM_STORY_H

#include "sim/cluster.h"

/* Text that is built piece by piece; what has no room is cut. Always ends
 * with a NUL. */
struct hsy_line {
    char *data;
    size_t max, len;
};
struct hsy_line hsy_line(char *data, size_t max);
void hsy_line_text(struct hsy_line *line, const char *text);
/* The first @len bytes of @text. */
void hsy_line_piece(struct hsy_line *line, const char *text, size_t len);
void hsy_line_u64(struct hsy_line *line, uint64_t value);
/* "42.135s" */
void hsy_line_time(struct hsy_line *line, uint64_t time_ns);
/* "peer 3", "seed 1" */
void hsy_line_node(struct hsy_line *line, const struct hsy_cluster *c,
                   uint32_t node);

enum { HSY_STORY_LINES = 40, HSY_STORY_LINE_LEN = 200 };

struct hsy_story {
    uint32_t count; /* Of all lines ever. */
    char lines[HSY_STORY_LINES][HSY_STORY_LINE_LEN];
};

/* One record on one line, gossip too. */
void hsy_story_render(struct hsy_line *line, const struct hsy_cluster *c,
                      uint32_t node, const struct hearsay_note *note);
/* One record: its time, its node, its fields, nodes by their short names.
 * Gossip itself is left out. */
void hsy_story_note(struct hsy_story *story, const struct hsy_cluster *c,
                    uint32_t node, const struct hearsay_note *note);
/* Something that was done to the cluster. */
void hsy_story_action(struct hsy_story *story, const struct hsy_cluster *c,
                      const char *text);
void hsy_story_tell(const struct hsy_story *story, struct hsy_line *out);

#endif
