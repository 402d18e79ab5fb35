/* The routes. What a route shows comes from node/view.h, copied out row by
 * row, so that an answer is one moment of the node. */
#include "admin/http.h"
#include "admin/state.h"
#include "admin/topology.h"
#include "base/assert.h"
#include "base/time.h"
#include "node/view.h"
#include "runtime/clock.h"
#include "runtime/stats.h"

#include <stdio.h>
#include <string.h>

static const char *role_text(enum hearsay_role role)
{
    return role == HEARSAY_SEED ? "seed" : "peer";
}

/* ---------------------------------------------------------------- status */

/* What this process holds for itself, and in all; the kernel's own count.
 * Zero when it does not tell. */
static void put_memory(struct hsy_json *json)
{
    unsigned long long rss_kib = 0, private_kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    if (file != NULL) {
        char line[128];
        while (fgets(line, sizeof(line), file) != NULL) {
            (void)!sscanf(line, "Rss: %llu", &rss_kib);
            (void)!sscanf(line, "Anonymous: %llu", &private_kib);
        }
        fclose(file);
    }
    hsy_json_open(json, "memory", '{');
    hsy_json_u64(json, "private_bytes", private_kib * 1024);
    hsy_json_u64(json, "rss_bytes", rss_kib * 1024);
    hsy_json_close(json, '}');
}

static void put_lane(struct hsy_json *json, const char *name,
                     const struct hsy_lane_stats *lane)
{
    hsy_json_open(json, name, '{');
    hsy_json_u64(json, "depth", lane->depth);
    hsy_json_u64(json, "depth_peak", lane->depth_peak);
    hsy_json_u64(json, "done", lane->done);
    hsy_json_u64(json, "wait_us", lane->wait_ns / 1000);
    hsy_json_u64(json, "wait_max_us", lane->wait_max_ns / 1000);
    hsy_json_u64(json, "run_us", lane->run_ns / 1000);
    hsy_json_u64(json, "run_max_us", lane->run_max_ns / 1000);
    hsy_json_close(json, '}');
}

static void put_runtime(struct hsy_json *json, const struct hearsay_runtime *rt)
{
    struct hsy_runtime_stats stats;
    hsy_runtime_stats(rt, &stats);
    hsy_json_open(json, "runtime", '{');
    hsy_json_u64(json, "workers", stats.workers);
    hsy_json_u64(json, "jobs_max", stats.lane_max);
    hsy_json_open(json, "lanes", '{');
    for (int i = 0; i < HSY_JOB_KINDS; i++) {
        enum hearsay_job_kind kind = (enum hearsay_job_kind)i;
        put_lane(json, hsy_job_kind_text(kind), &stats.jobs[i]);
    }
    put_lane(json, "disk", &stats.disk);
    hsy_json_close(json, '}');
    hsy_json_u64(json, "commits", stats.commits);
    hsy_json_u64(json, "commits_failed", stats.commits_failed);
    hsy_json_u64(json, "links", stats.links);
    hsy_json_u64(json, "links_paused", stats.links_paused);
    hsy_json_u64(json, "pauses", stats.pauses);
    hsy_json_u64(json, "accepts_refused", stats.accepts_refused);
    hsy_json_u64(json, "queue_bytes", stats.queue_bytes);
    hsy_json_u64(json, "wire_bytes_in", stats.bytes_in);
    hsy_json_u64(json, "wire_bytes_out", stats.bytes_out);
    hsy_json_close(json, '}');
}

static void put_api(struct hsy_json *json, const struct hsy_stream *stream)
{
    hsy_json_open(json, "api", '{');
    hsy_json_u64(json, "subscribers", stream->subscribers_count);
    hsy_json_u64(json, "subscriptions", stream->subscriptions);
    hsy_json_u64(json, "events", stream->events.next_id - 1);
    hsy_json_u64(json, "events_bytes", stream->events.room);
    hsy_json_close(json, '}');
}

static void put_counters(struct hsy_json *json,
                         const struct hsy_counters *counters)
{
    const char *name = NULL;
    uint64_t value = 0;
    hsy_json_open(json, "counters", '{');
    for (uint32_t i = 0; hsy_view_counter(counters, i, &name, &value); i++) {
        hsy_json_u64(json, name, value);
    }
    hsy_json_close(json, '}');
}

static void put_bound(struct hsy_json *json, const struct hearsay_runtime *rt)
{
    struct hearsay_addr addr;
    hsy_json_open(json, "listen", '[');
    for (uint32_t i = 0; hearsay_runtime_bound(rt, i, &addr); i++) {
        hsy_json_addr(json, NULL, &addr);
    }
    hsy_json_close(json, ']');
}

static void put_status(struct hsy_json *json, const struct hsy_view_status *s)
{
    hsy_json_id(json, "id", &s->id);
    hsy_json_string(json, "role", role_text(s->role));
    hsy_json_string(json, "name", s->name);
    hsy_json_string(json, "network", s->network);
    hsy_json_string(json, "state", hsy_view_state_text(s->state));
    hsy_json_u64(json, "registered", s->registered);
    hsy_json_u64(json, "quorum", s->quorum);
    hsy_json_u64(json, "seeds", s->seeds);
    hsy_json_u64(json, "peers", s->peers);
    hsy_json_u64(json, "dead", s->dead);
    if (s->role == HEARSAY_SEED) {
        hsy_json_u64(json, "components", s->components);
        hsy_json_u64(json, "cut_peers", s->cut_peers);
    }
    hsy_json_u64(json, "degree", s->degree);
    hsy_json_u64(json, "incarnation", s->incarnation);
    if (s->role == HEARSAY_PEER) {
        hsy_json_string(json, "relay", hsy_view_relay_text(s->relay));
        hsy_json_bool(json, "dialable", s->dialable);
    }
    hsy_json_u64(json, "last_seq", s->last_seq);
    hsy_json_u64(json, "uptime_s", s->uptime_ns / HSY_SECOND);
    if (s->joined_after_ns > 0) {
        hsy_json_milli(json, "join_s", s->joined_after_ns / HSY_MS);
    } else {
        hsy_json_null(json, "join_s");
    }
}

static enum MHD_Result get_status(struct hsy_http_request *r)
{
    struct hsy_view_status status;
    hsy_view_status(hsy_http_node(r), hsy_clock_mono_ns(), &status);
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    put_status(&json, &status);
    put_bound(&json, r->admin->runtime);
    put_memory(&json);
    put_runtime(&json, r->admin->runtime);
    put_api(&json, &r->admin->stream);
    put_counters(&json, &status.counters);
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}

/* ----------------------------------------------------------------- lists */

static void put_peer(struct hsy_json *json, const struct hsy_view_peer *peer)
{
    HSY_ASSERT(peer->addrs_count <= HEARSAY_ADDRS_MAX);
    hsy_json_open(json, NULL, '{');
    hsy_json_id(json, "id", &peer->id);
    hsy_json_string(json, "name", peer->name);
    hsy_json_string(json, "role", role_text(peer->role));
    hsy_json_open(json, "addresses", '[');
    for (uint32_t i = 0; i < peer->addrs_count; i++) {
        hsy_json_addr(json, NULL, &peer->addrs[i]);
    }
    hsy_json_close(json, ']');
    hsy_json_u64(json, "incarnation", peer->incarnation);
    hsy_json_string(json, "state", hsy_view_peer_state_text(peer->state));
    hsy_json_u64(json, "degree", peer->degree);
    hsy_json_bool(json, "cut", peer->cut);
    hsy_json_bool(json, "dialable", peer->dialable);
    hsy_json_close(json, '}');
}

static enum MHD_Result get_peers(struct hsy_http_request *r)
{
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '[');
    struct hsy_view_peer peer;
    for (uint32_t i = 0; hsy_view_peer(hsy_http_node(r), i, &peer); i++) {
        put_peer(&json, &peer);
    }
    hsy_json_close(&json, ']');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}

static void put_member(struct hsy_json *json, const struct hsy_view_peer *peer)
{
    HSY_ASSERT(peer->addrs_count <= HEARSAY_ADDRS_MAX);
    hsy_json_open(json, NULL, '{');
    hsy_json_id(json, "id", &peer->id);
    hsy_json_string(json, "name", peer->name);
    hsy_json_addr(json, "address", &peer->addrs[0]);
    hsy_json_u64(json, "incarnation", peer->incarnation);
    hsy_json_close(json, '}');
}

static enum MHD_Result get_members(struct hsy_http_request *r)
{
    if (!hsy_view_members_listed(hsy_http_node(r))) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_CONFLICT,
                .error = "this node does not know (yet) who is there",
                .hint = "at a peer, follow /v1/events?members=true and wait "
                        "for members-listed"});
    }
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '[');
    uint32_t at = 0;
    struct hsy_view_peer peer;
    while (hsy_view_member(hsy_http_node(r), &at, &peer)) {
        put_member(&json, &peer);
    }
    hsy_json_close(&json, ']');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}

static void put_link(struct hsy_json *json, const struct hsy_view_link *link)
{
    hsy_json_open(json, NULL, '{');
    hsy_json_id(json, "id", &link->id);
    hsy_json_string(json, "name", link->name);
    hsy_json_string(json, "role", role_text(link->role));
    hsy_json_addr(json, "address", &link->addr);
    hsy_json_string(json, "direction", link->accepted ? "in" : "out");
    hsy_json_string(json, "relay", hsy_view_link_relay_text(link->relay));
    hsy_json_u64(json, "version", link->version);
    if (link->rtt_ns > 0) {
        hsy_json_milli(json, "rtt_ms", link->rtt_ns / 1000);
    } else {
        hsy_json_null(json, "rtt_ms"); /* Not measured yet. */
    }
    hsy_json_u64(json, "queue_bytes", link->queue_bytes);
    hsy_json_open(json, "lanes", '{');
    for (uint32_t i = 0; hsy_view_lane_text(i) != NULL; i++) {
        hsy_json_u64(json, hsy_view_lane_text(i), link->lanes[i]);
    }
    hsy_json_close(json, '}');
    hsy_json_u64(json, "strikes", link->strikes);
    hsy_json_close(json, '}');
}

static enum MHD_Result get_links(struct hsy_http_request *r)
{
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '[');
    struct hsy_view_link link;
    for (uint32_t i = 0; hsy_view_link(hsy_http_node(r), i, &link); i++) {
        put_link(&json, &link);
    }
    hsy_json_close(&json, ']');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}

/* --------------------------------------------------------------- actions */

static enum MHD_Result get_events(struct hsy_http_request *r)
{
    const char *members = hsy_http_argument(r, "members");
    bool follows = members != NULL && strcmp(members, "true") == 0;
    if (members != NULL && !follows && strcmp(members, "false") != 0) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){.status = MHD_HTTP_BAD_REQUEST,
                                       .error = "members is no boolean",
                                       .hint = "members=true or false"});
    }
    enum MHD_Result result =
        hsy_stream_subscribe(&r->admin->stream, r->connection, follows);
    hsy_admin_watch(r->admin);
    hsy_admin_start_beats(r->admin);
    return result;
}

enum MHD_Result hsy_http_refuse_publish(struct hsy_http_request *r, int err)
{
    struct hsy_http_problem problem = {
        .status = MHD_HTTP_INTERNAL_SERVER_ERROR,
        .error = hearsay_strerror(err),
        .hint = "see the node's log",
    };
    struct hsy_view_status status;
    hsy_view_status(hsy_http_node(r), hsy_clock_mono_ns(), &status);
    if (err == HEARSAY_ERR_TOO_BIG) {
        problem.status = MHD_HTTP_CONTENT_TOO_LARGE;
        problem.error = "the message or its topic is too long";
        problem.hint = "16 MiB of message and 64 bytes of topic at most, or "
                       "what --payload-max says";
    } else if (err == HEARSAY_ERR_AGAIN) {
        problem.status = MHD_HTTP_TOO_MANY_REQUESTS;
        problem.error = "the links do not take messages that fast";
        problem.hint = "try again a little later";
        problem.header = (struct hsy_http_header){"Retry-After", "1"};
        problem.retry_ms = 20; /* A bundle stays open that long at most. */
    } else if (err == HEARSAY_ERR_STATE && status.role == HEARSAY_SEED) {
        problem.status = MHD_HTTP_CONFLICT;
        problem.error = "this node is a seed, and seeds carry no messages";
        problem.hint = "publish at a peer";
    } else if (err == HEARSAY_ERR_STATE) {
        problem.status = MHD_HTTP_CONFLICT;
        problem.error = "this peer has not joined the network";
        problem.hint = "try again when its state is `joined`; `hearsay "
                       "status` tells";
    } else if (err == HEARSAY_ERR_NOMEM) {
        problem.status = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    return hsy_http_refuse(r->connection, &problem);
}

/* ------------------------------------------------------ large payloads */

static void end_share(void *content)
{
    hearsay_buf_unref(content);
}

static enum MHD_Result refuse_download(struct hsy_http_request *r)
{
    return hsy_http_refuse(
        r->connection,
        &(struct hsy_http_problem){
            .status = MHD_HTTP_TOO_MANY_REQUESTS,
            .error = "too many large messages are being downloaded",
            .hint = "try again when one of the downloads has ended",
            .header = {"Retry-After", "1"},
            .retry_ms = 200}); /* 16 MiB take about as long. */
}

/* The payload of a large message, as long as the node keeps it. */
static enum MHD_Result get_content(struct hsy_http_request *r)
{
    struct hsy_view_message which = {.epoch = 0};
    if (!hsy_http_message_name(r, &which)) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_BAD_REQUEST,
                .error = "which message? an argument is missing or malformed",
                .hint = "take the path from the message's event: "
                        "/v1/content?origin=ID&epoch=N&seq=N"});
    }
    struct hearsay_buf *content = hsy_view_content(hsy_http_node(r), &which);
    if (content == NULL) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_NOT_FOUND,
                .error = "this node does not keep that content",
                .hint = "it is kept for a while only (--bulk-bytes); fetch it "
                        "when its event comes"});
    }
    if (!hsy_http_pin(r, content)) {
        hearsay_buf_unref(content);
        return refuse_download(r);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(
            content->len, content->data, end_share, hearsay_buf_ref(content));
    if (response == NULL) {
        hearsay_buf_unref(content);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type",
                            "application/octet-stream");
    enum MHD_Result result =
        MHD_queue_response(r->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result post_message(struct hsy_http_request *r)
{
    if (hsy_http_argument(r, "to") != NULL) {
        return hsy_asks_send(r);
    }
    uint64_t seq = 0;
    int err = hearsay_runtime_publish(
        r->admin->runtime, hsy_http_argument(r, "topic"),
        r->body != NULL ? r->body : "", r->body_len, &seq);
    if (err != 0) {
        return hsy_http_refuse_publish(r, err);
    }
    struct hearsay_id id = hearsay_node_id(hsy_http_node(r));
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    hsy_json_id(&json, "id", &id);
    hsy_json_u64(&json, "seq", seq);
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_ACCEPTED, &json);
}

static enum MHD_Result post_leave(struct hsy_http_request *r)
{
    hearsay_runtime_leave(r->admin->runtime);
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    hsy_json_string(&json, "state", "leaving");
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_ACCEPTED, &json);
}

const struct hsy_http_route hsy_http_routes[] = {
    {"GET", "/v1/status", get_status},
    {"GET", "/v1/peers", get_peers},
    {"GET", "/v1/links", get_links},
    {"GET", "/v1/topology", hsy_topology_get},
    {"GET", "/v1/members", get_members},
    {"GET", "/v1/events", get_events},
    {"GET", "/v1/content", get_content},
    {"GET", "/v1/find", hsy_asks_find},
    {"POST", "/v1/messages", post_message},
    {"POST", "/v1/queries", hsy_asks_query},
    {"POST", "/v1/answers", hsy_asks_answer},
    {"POST", "/v1/leave", post_leave},
    {NULL, NULL, NULL},
};
