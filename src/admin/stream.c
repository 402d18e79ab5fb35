/* Server-sent events. Each subscriber is a position in the shared ring; it
 * reads whole events into libmicrohttpd's buffer, and one that does not fit
 * is copied first, so that the ring may move on under a slow reader without
 * tearing an event. A subscriber that the ring has left behind is told how
 * many events it missed. One that has read everything is suspended: its
 * connection costs no turn of the loop until there is news or a heartbeat. */
#include "admin/stream.h"

#include "admin/admin.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/quantity.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

enum {
    BLOCK_LEN = 4096,
    SMALL_LEN = 96,
    BEATS_UNTIL_DROP = 8, /* 2 min: then the ring's memory goes back. */
    MESSAGE_JSON_MAX = HSY_ADMIN_EVENTS_LEN_MAX
};

struct hsy_subscriber {
    struct hsy_subscriber *next, **link;
    struct hsy_stream *stream;
    struct MHD_Connection *connection;
    uint64_t next_id;
    bool suspended, beat;
    bool members;          /* It follows membership. */
    char small[SMALL_LEN]; /* Comments and notices. */
    char *big;             /* Owned; an event larger than the block. */
    size_t at, len;        /* What is left of big, or else of small. */
};

void hsy_stream_init(struct hsy_stream *stream)
{
    *stream = (struct hsy_stream){0};
    hsy_events_init(&stream->events, hearsay_mem_default(),
                    HSY_ADMIN_EVENTS_MAX, HSY_ADMIN_EVENTS_LEN_MAX);
}

void hsy_stream_fini(struct hsy_stream *stream)
{
    HSY_ASSERT(stream->subscribers == NULL);
    hsy_events_drop(&stream->events);
}

/* ---------------------------------------------------------------- events */

static void open_event(struct hsy_stream *stream, struct hsy_json *json,
                       const char *event)
{
    char head[64];
    hsy_json_init(json, hearsay_mem_default(), MESSAGE_JSON_MAX);
    int len = snprintf(head, sizeof(head), "id: %llu\nevent: %s\ndata: ",
                       (unsigned long long)stream->events.next_id, event);
    HSY_ASSERT(len > 0 && (size_t)len < sizeof(head));
    hsy_json_raw(json, head, (size_t)len);
}

static bool close_event(struct hsy_stream *stream, struct hsy_json *json)
{
    hsy_json_raw(json, "\n\n", 2);
    size_t len = json->bad ? SIZE_MAX : json->len; /* Then it is missed. */
    hsy_events_add(&stream->events, json->text, len);
    hsy_json_fini(json);
    return stream->subscribers != NULL;
}

/* A large one is too much for all who follow: who wants it asks for it. */
static void put_content(struct hsy_json *json,
                        const struct hearsay_message *message)
{
    char origin[HEARSAY_ID_TEXT_LEN];
    char path[192];
    hearsay_id_text(origin, &message->origin);
    snprintf(path, sizeof(path), "/v1/content?origin=%s&epoch=%llu&seq=%llu",
             origin, (unsigned long long)message->epoch,
             (unsigned long long)message->seq);
    hsy_json_u64(json, "bytes", message->payload_len);
    hsy_json_string(json, "path", path);
}

bool hsy_stream_message(struct hsy_stream *stream,
                        const struct hearsay_message *message)
{
    if (!hsy_events_kept(&stream->events)) {
        hsy_events_add(&stream->events, "", 0);
        return false;
    }
    struct hsy_json json;
    open_event(stream, &json, "message");
    hsy_json_open(&json, NULL, '{');
    hsy_json_id(&json, "origin", &message->origin);
    hsy_json_u64(&json, "epoch", message->epoch);
    hsy_json_u64(&json, "seq", message->seq);
    hsy_json_u64(&json, "time", message->wall_ms);
    hsy_json_u64(&json, "hops", message->hops);
    hsy_json_string(&json, "topic", message->topic);
    if (message->missing > 0) {
        hsy_json_u64(&json, "missing", message->missing);
    }
    if (message->again) {
        hsy_json_bool(&json, "again", true);
    }
    if (message->direct) {
        hsy_json_bool(&json, "direct", true);
    }
    if (message->query_ns > 0) {
        hsy_json_u64(&json, "query_ms", message->query_ns / HSY_MS);
    }
    if (message->content != NULL) {
        put_content(&json, message);
    } else {
        hsy_json_payload(&json, message->payload, message->payload_len);
    }
    hsy_json_close(&json, '}');
    return close_event(stream, &json);
}

bool hsy_stream_note(struct hsy_stream *stream, const struct hearsay_note *note,
                     uint64_t wall_ms)
{
    if (!hsy_events_kept(&stream->events)) {
        hsy_events_add(&stream->events, "", 0);
        return false;
    }
    char line[HSY_NOTE_LINE_MAX];
    size_t len = hsy_note_json(line, sizeof(line), note, wall_ms);
    struct hsy_json json;
    open_event(stream, &json, "note");
    hsy_json_raw(&json, line, len);
    return close_event(stream, &json);
}

static void put_by(struct hsy_json *json, const struct hearsay_member *member)
{
    hsy_json_open(json, "by", '[');
    for (uint32_t i = 0; i < member->by_count; i++) {
        hsy_json_id(json, NULL, &member->by[i]);
    }
    hsy_json_close(json, ']');
}

bool hsy_stream_member(struct hsy_stream *stream,
                       const struct hearsay_member *member, uint64_t wall_ms)
{
    if (!hsy_events_kept(&stream->events)) {
        hsy_events_add(&stream->events, "", 0);
        return false;
    }
    char now[HSY_TIME_TEXT_LEN], when[HSY_TIME_TEXT_LEN];
    struct hsy_json json;
    hsy_wall_text(now, wall_ms);
    hsy_wall_text(when, member->wall_ms);
    open_event(stream, &json, "member");
    hsy_json_open(&json, NULL, '{');
    hsy_json_string(&json, "time", now);
    hsy_json_string(&json, "event", hsy_member_event(member->change));
    if (member->change != HEARSAY_MEMBERS_LISTED) {
        hsy_json_id(&json, "id", &member->id);
        hsy_json_string(&json, "name", member->name);
        hsy_json_addr(&json, "address", &member->addr);
        hsy_json_u64(&json, "incarnation", member->incarnation);
        hsy_json_string(&json, "signed", when);
    }
    put_by(&json, member);
    hsy_json_u64(&json, "count", member->count);
    hsy_json_close(&json, '}');
    return close_event(stream, &json);
}

/* --------------------------------------------------------------- reading */

static void say(struct hsy_subscriber *s, const char *text)
{
    HSY_ASSERT(s->big == NULL && s->at == s->len);
    s->len = strlen(text);
    HSY_ASSERT(s->len < SMALL_LEN);
    memcpy(s->small, text, s->len);
    s->at = 0;
}

/* Moves what is pending into @out. */
static size_t flush_pending(struct hsy_subscriber *s, char *out, size_t max)
{
    const char *from = s->big != NULL ? s->big : s->small;
    size_t left = s->len - s->at;
    size_t take = left < max ? left : max;
    memcpy(out, from + s->at, take);
    s->at += take;
    if (s->at == s->len) {
        hsy_mem_free(hearsay_mem_default(), s->big);
        s->big = NULL;
        s->at = s->len = 0;
    }
    return take;
}

/* Tells what the ring has dropped before this subscriber read it. */
static void tell_lost(struct hsy_subscriber *s)
{
    const struct hsy_events *events = &s->stream->events;
    char text[SMALL_LEN];
    snprintf(text, sizeof(text), "event: lost\ndata: {\"count\":%llu}\n\n",
             (unsigned long long)(events->first_id - s->next_id));
    s->next_id = events->first_id;
    say(s, text);
}

/* As many whole events as fit. */
static size_t copy_events(struct hsy_subscriber *s, char *out, size_t max)
{
    const struct hsy_events *events = &s->stream->events;
    size_t done = 0;
    while (s->next_id < events->next_id) {
        size_t len = hsy_events_len(events, s->next_id);
        if (len > max - done) {
            break;
        }
        hsy_events_copy(events, s->next_id, out + done);
        s->next_id++;
        done += len;
    }
    return done;
}

/* The next event is larger than the block: keep a copy. False: no memory. */
static bool pin_event(struct hsy_subscriber *s)
{
    const struct hsy_events *events = &s->stream->events;
    size_t len = hsy_events_len(events, s->next_id);
    s->big = hsy_mem_alloc(hearsay_mem_default(), len);
    if (s->big == NULL) {
        return false;
    }
    hsy_events_copy(events, s->next_id, s->big);
    s->next_id++;
    s->at = 0;
    s->len = len;
    return true;
}

static ssize_t read_events(void *cls, uint64_t position, char *out, size_t max)
{
    (void)position;
    struct hsy_subscriber *s = cls;
    const struct hsy_events *events = &s->stream->events;
    if (s->at == s->len && s->next_id < events->first_id) {
        tell_lost(s);
    }
    if (s->at == s->len) {
        size_t done = copy_events(s, out, max);
        if (done > 0) {
            return (ssize_t)done;
        }
        if (s->next_id < events->next_id && !pin_event(s)) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
    }
    if (s->at == s->len && s->beat) {
        say(s, ":\n\n");
    }
    s->beat = false;
    if (s->at < s->len) {
        return (ssize_t)flush_pending(s, out, max);
    }
    if (s->stream->ending) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    s->suspended = true;
    MHD_suspend_connection(s->connection);
    return 0;
}

static void resume(struct hsy_subscriber *s)
{
    if (s->suspended) {
        s->suspended = false;
        MHD_resume_connection(s->connection);
    }
}

void hsy_stream_wake(struct hsy_stream *stream)
{
    for (struct hsy_subscriber *s = stream->subscribers; s != NULL;
         s = s->next) {
        if (s->next_id < stream->events.next_id) {
            resume(s);
        }
    }
}

void hsy_stream_end(struct hsy_stream *stream)
{
    stream->ending = true;
    for (struct hsy_subscriber *s = stream->subscribers; s != NULL;
         s = s->next) {
        resume(s);
    }
}

void hsy_stream_beat(struct hsy_stream *stream)
{
    for (struct hsy_subscriber *s = stream->subscribers; s != NULL;
         s = s->next) {
        s->beat = true;
        resume(s);
    }
    stream->quiet_beats =
        stream->subscribers != NULL ? 0 : stream->quiet_beats + 1;
    if (stream->quiet_beats >= BEATS_UNTIL_DROP) {
        hsy_events_drop(&stream->events);
    }
}

bool hsy_stream_active(const struct hsy_stream *stream)
{
    return stream->subscribers != NULL || hsy_events_kept(&stream->events);
}

/* ----------------------------------------------------------- subscribing */

static void free_subscriber(void *cls)
{
    struct hsy_subscriber *s = cls;
    *s->link = s->next;
    if (s->next != NULL) {
        s->next->link = s->link;
    }
    s->stream->subscribers_count--;
    s->stream->members_count -= s->members ? 1 : 0;
    hsy_mem_free(hearsay_mem_default(), s->big);
    hsy_mem_free(hearsay_mem_default(), s);
}

/* Where a newcomer starts: behind the id that it names, or now. */
static uint64_t start_id(const struct hsy_events *events,
                         struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                   "Last-Event-ID");
    uint64_t last = 0;
    if (text == NULL || hsy_uint_parse(&last, text, UINT64_MAX) != 0) {
        return events->next_id;
    }
    /* An id from before this process: it starts with the oldest we have. */
    return last < events->next_id ? last + 1 : events->first_id;
}

static struct hsy_subscriber *
add(struct hsy_stream *stream, struct MHD_Connection *connection, bool members)
{
    struct hsy_subscriber *s =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->stream = stream;
    s->connection = connection;
    s->next_id = start_id(&stream->events, connection);
    say(s, "retry: 1000\n\n");
    s->next = stream->subscribers;
    s->link = &stream->subscribers;
    if (s->next != NULL) {
        s->next->link = &s->next;
    }
    stream->subscribers = s;
    s->members = members;
    stream->members_count += members ? 1 : 0;
    stream->subscribers_count++;
    stream->subscriptions++;
    return s;
}

static enum MHD_Result refuse_full(struct MHD_Connection *connection)
{
    return hsy_http_refuse(
        connection,
        &(struct hsy_http_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                   .error = "no room for another subscriber",
                                   .hint = "end another `hearsay watch`",
                                   .header = {"Retry-After", "15"}});
}

enum MHD_Result hsy_stream_subscribe(struct hsy_stream *stream,
                                     struct MHD_Connection *connection,
                                     bool members)
{
    if (stream->subscribers_count >= HSY_ADMIN_SUBSCRIBERS_MAX / 2) {
        hsy_stream_beat(stream); /* Finds those whose client is gone. */
    }
    if (stream->subscribers_count == HSY_ADMIN_SUBSCRIBERS_MAX ||
        hsy_events_keep(&stream->events) != 0) {
        return refuse_full(connection);
    }
    struct hsy_subscriber *s = add(stream, connection, members);
    if (s == NULL) {
        return refuse_full(connection);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_LEN, read_events, s, free_subscriber);
    if (response == NULL) {
        free_subscriber(s);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result =
        MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
