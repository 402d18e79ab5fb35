/* What the files of the network share; nobody else includes this.
 *
 *   net.c        connections: how they open, close and break
 *   net_pipes.c  what flies between their ends
 */
#ifndef HSY_SIM_NET_INNER_H
#define HSY_SIM_NET_INNER_H

#include "sim/inner.h"

static inline struct hsy_conn *hsy_conn_of(struct hsy_end *end)
{
    return (struct hsy_conn *)(void *)(end - end->side); /* Its first part. */
}

static inline struct hsy_end *hsy_other_end(struct hsy_end *end)
{
    return end->side == 0 ? end + 1 : end - 1;
}

/* Segments. A new one is NULL without memory, and the run has failed. */
void hsy_segments_append(struct hsy_segments *list, struct hsy_segment *s);
struct hsy_segment *hsy_segments_take(struct hsy_segments *list);
void hsy_segments_clear(struct hsy_cluster *c, struct hsy_segments *list);
struct hsy_segment *hsy_segment_new(struct hsy_cluster *c,
                                    enum hsy_segment_kind kind);
void hsy_segment_free(struct hsy_cluster *c, struct hsy_segment *s);

/* An event about @end; it takes a reference. */
struct hsy_future hsy_net_future(enum hsy_future_kind kind, uint64_t at_ns,
                                 struct hsy_end *end);

uint64_t hsy_pipe_seen_ns(const struct hsy_cluster *c, uint32_t to,
                          const struct hsy_segment *s);
void hsy_pipe_schedule(struct hsy_cluster *c, struct hsy_end *end);
void hsy_pipe_emit(struct hsy_cluster *c, struct hsy_end *end,
                   enum hsy_segment_kind kind);
void hsy_pipe_pump(struct hsy_cluster *c, struct hsy_end *end);
void hsy_pipe_reset(struct hsy_cluster *c, struct hsy_end *end);

#endif
