/* Subscribers of /v1/events. */
#ifndef HSY_ADMIN_STREAM_H
#define HSY_ADMIN_STREAM_H

#include "admin/events.h"
#include "admin/http.h"

struct hsy_subscriber;

struct hsy_stream {
    struct hsy_events events;
    struct hsy_subscriber *subscribers; /* Owned list. */
    uint32_t subscribers_count;
    uint64_t subscriptions; /* Ever. */
    uint32_t quiet_beats;   /* Heartbeats without any subscriber. */
    uint32_t members_count; /* Of the subscribers, who follow membership. */
    bool ending;            /* Whoever has read all gets the end. */
};

void hsy_stream_init(struct hsy_stream *stream);
/* All subscribers must be gone. */
void hsy_stream_fini(struct hsy_stream *stream);

/* Adds an event. Whether somebody waits for it: then hsy_stream_wake(). */
bool hsy_stream_message(struct hsy_stream *stream,
                        const struct hearsay_message *message);
bool hsy_stream_note(struct hsy_stream *stream, const struct hearsay_note *note,
                     uint64_t wall_ms);

/* The same of a step of membership. */
bool hsy_stream_member(struct hsy_stream *stream,
                       const struct hearsay_member *member, uint64_t wall_ms);

/* Lets those go on that have something to read. */
void hsy_stream_wake(struct hsy_stream *stream);

/* Ends the stream for all; libmicrohttpd must not stop while a connection is
 * suspended. */
void hsy_stream_end(struct hsy_stream *stream);

/* Every 15 s: a comment for each, so that both ends notice a dead line. */
void hsy_stream_beat(struct hsy_stream *stream);
/* False: no subscriber and nothing kept; beats may pause. */
bool hsy_stream_active(const struct hsy_stream *stream);

/* Queues the endless answer. @members: it follows membership, too. */
enum MHD_Result hsy_stream_subscribe(struct hsy_stream *stream,
                                     struct MHD_Connection *connection,
                                     bool members);

#endif
