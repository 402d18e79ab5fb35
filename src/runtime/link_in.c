/* Reading: what comes in goes through the transport to the node at once; all
 * links share one buffer. And back-pressure: a link is not read while its node
 * says so, and those that brought the most while the disk does not keep up. */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/link.h"
#include "runtime/sockaddr.h"

/* Bytes that the kernel holds and has not sent: a window of the node. */
enum { NOTSENT_LEN = 32 * 1024 };

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct hsy_link *l = handle->data;
    (void)suggested;
    *buf = uv_buf_init(l->links->read_buf, HSY_READ_LEN);
}

static void link_opened(struct hsy_link *l)
{
    hsy_link_enter(l, HSY_LINK_OPEN);
    uv_os_fd_t fd;
    struct hearsay_addr from = {.port = 0};
    if (uv_fileno((const uv_handle_t *)&l->tcp, &fd) == 0) {
        from = hsy_sockaddr_remote(fd);
    }
    if (l->stream.len > 0) {
        hsy_link_dirty(l);
    }
    if (l->flight != NULL) {
        hsy_link_deadline(l, hsy_clock_mono_ns()); /* See hsy_out_check(). */
    }
    hsy_link_event(
        l, &(struct hearsay_event){
               .kind = HEARSAY_EV_LINK_UP,
               .up = {.link = l->id, .accepted = l->accepted, .from = from}});
}

static bool on_stream_bytes(void *ctx, const uint8_t *data, size_t len)
{
    struct hsy_link *l = ctx;
    if (l->state == HSY_LINK_SECURING) {
        link_opened(l);
    }
    if (l->state == HSY_LINK_OPEN && len > 0) {
        hsy_link_event(l,
                       &(struct hearsay_event){
                           .kind = HEARSAY_EV_BYTES,
                           .bytes = {.link = l->id, .data = data, .len = len}});
    }
    return l->state == HSY_LINK_OPEN;
}

static void turn_count(struct hsy_link *l, uint32_t len)
{
    struct hsy_links *links = l->links;
    if (l->turn_bytes == 0) {
        l->reader_next = links->readers;
        links->readers = l;
        links->readers_count++;
    }
    l->turn_bytes += len;
    links->readers_bytes += len;
    links->stats.bytes_in += len;
}

static void link_wire_in(struct hsy_link *l, const uint8_t *data, size_t len)
{
    struct hsy_slice in = {.data = data, .len = len};
    struct hsy_sink out = {.take = on_stream_bytes, .ctx = l};
    int rc = l->transport->ops->open(l->transport, &l->wire, in, out);
    if (rc != 0) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
        return;
    }
    if (l->state == HSY_LINK_SECURING &&
        l->transport->ops->ready(l->transport)) {
        link_opened(l);
    }
    if (l->wire.len > 0) {
        hsy_link_dirty(l);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct hsy_link *l = stream->data;
    if (n == 0) {
        return; /* Nothing there after all. */
    }
    if (n < 0) {
        enum hearsay_down why =
            n == UV_EOF ? HEARSAY_DOWN_CLOSED : HEARSAY_DOWN_RESET;
        hsy_link_fail(l, why);
        return;
    }
    turn_count(l, (uint32_t)n);
    if (l->state == HSY_LINK_SECURING || l->state == HSY_LINK_OPEN) {
        link_wire_in(l, (const uint8_t *)buf->base, (size_t)n);
    }
}

void hsy_in_start(struct hsy_link *l)
{
    int rc = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
    HSY_ASSERT(rc == 0 || rc == UV_EALREADY);
}

/* The kernel would take megabytes for a link whose other end takes nothing,
 * where no PING overtakes them and no bundle collapses. With this it takes no
 * more than it has sent and a little, so it never runs dry: it has room again
 * when half of that is left. Nothing depends on it. */
static void leave_little_in_the_kernel(const struct hsy_link *l)
{
#ifdef TCP_NOTSENT_LOWAT
    int len = NOTSENT_LEN;
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&l->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &len, sizeof(len));
    }
#else
    (void)l;
#endif
}

void hsy_link_connected(struct hsy_link *l)
{
    struct hsy_links_config *config = &l->links->config;
    hsy_link_enter(l, HSY_LINK_SECURING);
    hsy_dial_free(l);
    (void)uv_tcp_nodelay(&l->tcp, 1);
    leave_little_in_the_kernel(l);
    int rc =
        config->transport(config->transport_ctx, &l->transport, l->accepted);
    if (rc == 0) {
        rc = l->transport->ops->start(l->transport, &l->wire);
    }
    if (rc != 0) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
        return;
    }
    hsy_link_deadline(
        l, hsy_time_add(hsy_clock_mono_ns(), config->limits.dial_ns));
    hsy_in_start(l);
    if (l->wire.len > 0) {
        hsy_link_dirty(l);
    }
    if (l->transport->ops->ready(l->transport)) {
        link_opened(l);
    }
}

/* ---------------------------------------------------------- back-pressure */

void hsy_in_pause(struct hsy_link *l, enum hsy_pause why)
{
    struct hsy_links *links = l->links;
    HSY_ASSERT(l->state == HSY_LINK_OPEN);
    if ((l->paused & why) != 0) {
        return;
    }
    if (l->paused == 0) {
        links->stats.links_paused++;
        links->stats.pauses++;
        (void)uv_read_stop((uv_stream_t *)&l->tcp);
    }
    links->disk_paused += why == HSY_PAUSE_DISK ? 1U : 0U;
    l->paused = (uint8_t)(l->paused | why);
}

void hsy_in_resume(struct hsy_link *l, enum hsy_pause why)
{
    struct hsy_links *links = l->links;
    if ((l->paused & why) == 0) {
        return;
    }
    links->disk_paused -= why == HSY_PAUSE_DISK ? 1U : 0U;
    l->paused = (uint8_t)(l->paused & ~why);
    if (l->paused == 0) {
        links->stats.links_paused--;
        hsy_in_start(l);
    }
}

void hsy_in_forget(struct hsy_link *l)
{
    struct hsy_links *links = l->links;
    links->disk_paused -= (l->paused & HSY_PAUSE_DISK) != 0 ? 1U : 0U;
    links->stats.links_paused -= l->paused != 0 ? 1U : 0U;
    l->paused = 0;
}

void hsy_links_pause_busiest(struct hsy_links *links)
{
    if (links->readers_count == 0) {
        return;
    }
    uint64_t average = links->readers_bytes / links->readers_count;
    for (struct hsy_link *l = links->readers; l != NULL; l = l->reader_next) {
        if (l->turn_bytes >= average && l->state == HSY_LINK_OPEN) {
            hsy_in_pause(l, HSY_PAUSE_DISK);
        }
    }
}

void hsy_links_resume(struct hsy_links *links)
{
    struct hsy_link *l = links->all;
    for (; l != NULL && links->disk_paused > 0; l = l->next) {
        hsy_in_resume(l, HSY_PAUSE_DISK);
    }
}

void hsy_in_turn_over(struct hsy_links *links)
{
    struct hsy_link *l = links->readers;
    links->readers = NULL;
    links->readers_count = 0;
    links->readers_bytes = 0;
    while (l != NULL) {
        struct hsy_link *next = l->reader_next;
        l->turn_bytes = 0;
        hsy_link_free_if_done(l);
        l = next;
    }
}
