/* TCP links: dialled and accepted, read and written, flushed once per turn of
 * the loop, and ended in order or by a deadline. */
#ifndef HSY_RUNTIME_LINKS_H
#define HSY_RUNTIME_LINKS_H

#include "runtime/dns.h"
#include "runtime/limits.h"
#include "runtime/stats.h"
#include "runtime/transport.h"

struct uv_loop_s;
struct hsy_links;

struct hsy_links_config {
    struct uv_loop_s *loop;
    struct hsy_dns *dns; /* Borrowed while the links exist. */
    struct hsy_limits limits;
    uint32_t links_max; /* Accepted beyond it: closed at once. */
    uint64_t out_max;   /* Bytes queued on a link; beyond: SLOW. */
    hsy_transport_make transport;
    void *transport_ctx;

    /* LINK_UP, LINK_DOWN, BYTES, SENT. Never from inside hsy_links_dial(),
     * _send() or _hang_up(); those may be called from it. */
    void (*on_event)(void *ctx, const struct hearsay_event *ev);
    void (*on_slow)(void *ctx, hearsay_link link, uint64_t waiting_len);
    void *ctx;
};

/* Gives *@out. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_links_create(struct hsy_links **out,
                                      const struct hsy_links_config *config);

/* The node's effects. HEARSAY_ERR_NOMEM: nothing was begun. */
HEARSAY_MUST_USE int hsy_links_dial(struct hsy_links *links, hearsay_link id,
                                    const char *host, uint16_t port);
/* Takes the share of @buf. An @id that is gone is no error. */
void hsy_links_send(struct hsy_links *links, hearsay_link id,
                    struct hearsay_buf *buf);
void hsy_links_hang_up(struct hsy_links *links, hearsay_link id);
/* Whether it is read. */
void hsy_links_read(struct hsy_links *links, hearsay_link id, bool on);
/* As if it had broken: bytes of it were lost for want of memory. */
void hsy_links_break(struct hsy_links *links, hearsay_link id);

/* Takes @fd, fresh from accept(). */
void hsy_links_accept(struct hsy_links *links, int fd);

/* Takes the resolver's answers. */
void hsy_links_resolved(struct hsy_links *links);

/* The end of a turn: tells what went down, writes what was queued. True: more
 * is to do at once, do not sleep. */
bool hsy_links_flush(struct hsy_links *links);

/* The disk does not keep up, at the end of a turn: stops reading the links
 * that brought more than the average of this turn; or reads all again. */
void hsy_links_pause_busiest(struct hsy_links *links);
void hsy_links_resume(struct hsy_links *links);

/* Hangs up all; accepts and dials nothing any more. */
void hsy_links_hang_up_all(struct hsy_links *links);
/* Links that still flush. */
uint32_t hsy_links_lingering(const struct hsy_links *links);

/* Fills in what stats.h has about links. */
void hsy_links_stats(const struct hsy_links *links,
                     struct hsy_runtime_stats *out);

/* Closes all at once, without events; calls @on_closed(@ctx) from the loop
 * when @links is freed. */
void hsy_links_close(struct hsy_links *links, void (*on_closed)(void *ctx),
                     void *ctx);

#endif
