/* What the parts of src/admin share. */
#ifndef HSY_ADMIN_STATE_H
#define HSY_ADMIN_STATE_H

#include "admin/admin.h"
#include "admin/asks.h"
#include "admin/listen.h"
#include "admin/stream.h"
#include "runtime/loop.h"

struct MHD_Daemon;

/* One listening socket with its own daemon, driven by its epoll descriptor
 * and one timer. */
struct hsy_listener {
    struct MHD_Daemon *daemon; /* NULL: not in use. */
    struct hsy_watch *watch;
    struct hsy_timer *timer;
};

struct hsy_admin {
    struct uv_loop_s *loop;
    struct hearsay_runtime *runtime;
    struct hsy_listener local, tcp;
    struct hsy_unix_socket socket;
    struct hearsay_addr bound; /* Of tcp. */
    struct hsy_stream stream;
    struct hsy_asks asks;
    struct hsy_timer *beat;
    bool beating;
    bool watching; /* The node follows membership, for subscribers. */
    uint32_t unwatched_beats; /* Since one did. */
    char socket_path[108];
    size_t bodies_len; /* Room of the bodies of all requests. */
    /* Those that hold a content, and the bytes of these: one that several
     * read is there, and counts, once. */
    struct hsy_http_request *readers;
    size_t pinned_len;
    uint32_t drawings; /* Answers of /v1/topology that are being read. */
};

/* Heartbeats while there are subscribers. */
void hsy_admin_start_beats(struct hsy_admin *admin);
/* The node follows membership, when a subscriber does. */
void hsy_admin_watch(struct hsy_admin *admin);

#endif
