/* One link, as links.c (their life), link_dial.c (opening), link_in.c
 * (reading) and link_out.c (writing) see it. Private to these. */
#ifndef HSY_RUNTIME_LINK_H
#define HSY_RUNTIME_LINK_H

#include <uv.h>

#include "base/table.h"
#include "runtime/links.h"

enum hsy_link_state {
    HSY_LINK_RESOLVING,  /* Its host name is asked for. */
    HSY_LINK_CONNECTING, /* An address is being tried. */
    HSY_LINK_SECURING,   /* The transport's handshake. */
    HSY_LINK_OPEN,       /* LINK_UP was told. */
    HSY_LINK_LINGERING,  /* Hung up: flush, shut down, wait for its end. */
    HSY_LINK_FAILED,     /* LINK_DOWN is to be told. */
    HSY_LINK_GONE        /* Waits for libuv to let go of it. */
};

/* Why a link is not read. */
enum hsy_pause {
    HSY_PAUSE_DISK = 1, /* The runtime: the disk does not keep up. */
    HSY_PAUSE_NODE = 2  /* The node: its jobs pile up. */
};

/* A dial under way; freed when it succeeded or failed. */
struct hsy_dial {
    uv_connect_t req;
    struct hsy_dns_query *query; /* Lent by the resolver; NULL: none. */
    struct hearsay_addr addrs[HSY_DNS_ADDRS_MAX];
    uint32_t addrs_count, addrs_next;
    uint64_t deadline_ns; /* Of all addresses together. */
    bool closing;         /* The socket of the last address. */
};

/* Bytes on their way to the kernel, beyond what it took at once. */
struct hsy_flight {
    uv_write_t req;
    uv_shutdown_t shutdown;
    struct hsy_bytes wire;
    size_t wire_sent;     /* Known to be taken. */
    size_t stream_len;    /* Stream bytes that these are. */
    size_t stream_sent;   /* Of these, reported. */
    int unacked;          /* Bytes in the kernel, not acknowledged. */
    uint64_t progress_ns; /* When the other side last took any. */
};

struct hsy_link {
    hearsay_link id;
    enum hsy_link_state state;
    enum hearsay_down why; /* When FAILED. */
    bool accepted;
    bool handle_live; /* @tcp is initialised and not closed. */
    bool handle_busy; /* libuv still knows @tcp. */
    uint8_t paused;   /* Who wants it unread: bits of hsy_pause; 0: read. */
    bool write_dead;  /* The kernel refuses bytes; the reader will see why. */
    bool finished;    /* The transport has said that nothing follows. */
    bool shut;        /* Our side of the connection is shut down. */
    bool late;        /* What did not get through by now never will. */
    bool dirty;       /* In links->dirty. */
    bool failing;     /* In links->failed. */
    bool timed;       /* In links->timed. */
    uint32_t turn_bytes; /* Read in this turn; > 0: in links->readers. */
    uint64_t deadline_ns;
    struct hsy_links *links;
    struct hsy_link *next, **at;             /* links->all */
    struct hsy_link *timed_next, **timed_at; /* links->timed */
    struct hsy_link *dirty_next, *failed_next, *reader_next;
    struct hsy_transport *transport; /* Owned; NULL before the connection. */
    struct hsy_bytes stream;         /* Queued by the node. */
    struct hsy_bytes wire;           /* Made by the transport. */
    struct hsy_dial *dial;           /* Owned; NULL: no dial under way. */
    struct hsy_flight *flight;       /* Owned; NULL: nothing under way. */
    uv_tcp_t tcp;
};

/* A TLS record's worth and more; what one read() takes at most. */
enum { HSY_READ_LEN = 64 * 1024 };

struct hsy_links {
    struct hsy_links_config config;
    struct hsy_table by_id; /* Of struct link_item. */
    struct hsy_link *all, *timed;
    struct hsy_link *dirty, **dirty_end;
    struct hsy_link *failed, **failed_end;
    struct hsy_link *readers;
    uint32_t readers_count;
    uint64_t readers_bytes;
    uint32_t disk_paused; /* Links with HSY_PAUSE_DISK. */
    uint32_t count;       /* In all. */
    hearsay_link accepted_last;
    uint64_t sweep_ns; /* When the timer is due; HEARSAY_NEVER. */
    uv_timer_t sweep;
    struct hsy_runtime_stats stats;
    bool ending;  /* hsy_links_hang_up_all() */
    bool closing; /* hsy_links_close() */
    bool sweep_open;
    void (*on_closed)(void *ctx);
    void *on_closed_ctx;
    char *read_buf; /* Owned, HSY_READ_LEN; shared: idle links need none. */
};

/* links.c */
void hsy_link_enter(struct hsy_link *l, enum hsy_link_state to);
void hsy_link_deadline(struct hsy_link *l, uint64_t at_ns);
/* LINK_DOWN follows at the end of the turn. */
void hsy_link_fail(struct hsy_link *l, enum hearsay_down why);
/* To its end without a word. */
void hsy_link_drop(struct hsy_link *l);
/* Closes the socket, if there is one. */
void hsy_link_close_handle(struct hsy_link *l);
/* The connection is there: handshake, then LINK_UP. */
void hsy_link_connected(struct hsy_link *l);
void hsy_link_dirty(struct hsy_link *l);
void hsy_link_event(struct hsy_link *l, const struct hearsay_event *ev);
enum hearsay_down hsy_link_why(int uv_error);

/* When it is GONE and nothing holds it any more. */
void hsy_link_free_if_done(struct hsy_link *l);

/* link_in.c */
void hsy_in_start(struct hsy_link *l);
/* Stops reading for one reason more, or one less. */
void hsy_in_pause(struct hsy_link *l, enum hsy_pause why);
void hsy_in_resume(struct hsy_link *l, enum hsy_pause why);
/* No reason holds any more; reading is not started. */
void hsy_in_forget(struct hsy_link *l);
/* Forgets who read how much in this turn. */
void hsy_in_turn_over(struct hsy_links *links);

/* link_dial.c */
void hsy_dial_start(struct hsy_link *l, const char *host, uint16_t port);
void hsy_dial_answer(struct hsy_link *l, const struct hsy_dns_answer *answer);
void hsy_dial_closed(struct hsy_link *l); /* Its socket is closed. */
void hsy_dial_late(struct hsy_link *l, uint64_t now_ns);
void hsy_dial_free(struct hsy_link *l);

/* link_out.c */
void hsy_out_flush(struct hsy_link *l);
/* Looks for progress of what is under way; fails a link that makes none. */
void hsy_out_check(struct hsy_link *l, uint64_t now_ns);
size_t hsy_out_len(const struct hsy_link *l);
void hsy_out_free(struct hsy_link *l);

#endif
