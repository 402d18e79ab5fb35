/* Writing: what the node queued on a link in one turn becomes wire bytes at
 * its end and goes to the kernel with one write. What the kernel does not
 * take at once is a flight: libuv writes the rest as room appears, and the
 * next bytes wait behind it.
 *
 * SENT is told in stream bytes. In a flight they are told in proportion to
 * the wire bytes taken, rounded down, so that the sum is exact at its end
 * whatever the transport adds. */
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/link.h"

/* Progress is looked for this often within slow_ns. */
enum { CHECKS = 8 };

static void tell_sent(struct hsy_link *l, size_t len)
{
    if (len == 0 || l->state != HSY_LINK_OPEN) {
        return;
    }
    hsy_link_event(
        l, &(struct hearsay_event){.kind = HEARSAY_EV_SENT,
                                   .sent = {.link = l->id, .len = len}});
}

static void flight_free(struct hsy_link *l)
{
    if (l->flight != NULL) {
        hsy_bytes_fini(&l->flight->wire);
        hsy_mem_free(hearsay_mem_default(), l->flight);
        l->flight = NULL;
    }
}

void hsy_out_free(struct hsy_link *l)
{
    flight_free(l);
    hsy_bytes_fini(&l->wire);
    hsy_bytes_fini(&l->stream);
}

size_t hsy_out_len(const struct hsy_link *l)
{
    size_t len = l->stream.len + l->wire.len;
    return l->flight == NULL ? len
                             : len + l->flight->wire.len - l->flight->wire_sent;
}

/* The kernel refuses. What the other side sent before it went away may still
 * be unread, so the reader is left to find the end; a second is plenty. */
static void write_dead(struct hsy_link *l)
{
    l->write_dead = true;
    hsy_bytes_fini(&l->stream);
    hsy_bytes_fini(&l->wire);
    if (l->state == HSY_LINK_LINGERING) {
        hsy_link_drop(l);
        return;
    }
    hsy_link_deadline(l, hsy_time_add(hsy_clock_mono_ns(),
                                      l->links->config.limits.linger_ns));
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct hsy_link *l = req->data;
    if (status == UV_ECANCELED) {
        return; /* Its handle was closed; on_handle_closed() frees. */
    }
    flight_free(l);
    if (status != 0 && l->state == HSY_LINK_LINGERING) {
        hsy_link_drop(l);
    }
    /* Else the other side's end is awaited, or the deadline: closing now,
     * with its bytes unread, would make the kernel throw ours away. */
}

static struct hsy_flight *flight_new(struct hsy_link *l)
{
    HSY_ASSERT(l->flight == NULL);
    l->flight = hsy_mem_zalloc(hearsay_mem_default(), sizeof(*l->flight));
    if (l->flight != NULL) {
        l->flight->req.data = l;
        l->flight->shutdown.data = l;
    }
    return l->flight;
}

/* All is written and the node wants no more. */
static void shut_down(struct hsy_link *l)
{
    if (l->shut) {
        return;
    }
    l->shut = true;
    struct hsy_flight *f = flight_new(l);
    if (f == NULL ||
        uv_shutdown(&f->shutdown, (uv_stream_t *)&l->tcp, on_shutdown) != 0) {
        flight_free(l);
        hsy_link_drop(l);
    }
}

/* Notes that the kernel has taken @wire_sent bytes of the flight; gives the
 * stream bytes to tell. */
static size_t flight_progress(struct hsy_flight *f, size_t wire_sent,
                              uint64_t now_ns)
{
    HSY_ASSERT(wire_sent >= f->wire_sent);
    HSY_ASSERT(wire_sent <= f->wire.len);
    if (wire_sent == f->wire_sent) {
        return 0;
    }
    f->wire_sent = wire_sent;
    f->progress_ns = now_ns;
    size_t sent = (size_t)((uint64_t)f->stream_len * wire_sent / f->wire.len);
    size_t fresh = sent - f->stream_sent;
    f->stream_sent = sent;
    return fresh;
}

static void on_write(uv_write_t *req, int status)
{
    struct hsy_link *l = req->data;
    if (status == UV_ECANCELED) {
        return; /* Its handle was closed; on_handle_closed() frees. */
    }
    struct hsy_flight *f = l->flight;
    if (status != 0) {
        flight_free(l);
        write_dead(l);
        return;
    }
    l->links->stats.bytes_out += f->wire.len - f->wire_sent;
    size_t fresh = flight_progress(f, f->wire.len, hsy_clock_mono_ns());
    flight_free(l);
    if (l->state == HSY_LINK_OPEN) {
        hsy_link_deadline(l, HEARSAY_NEVER);
    }
    hsy_link_dirty(l); /* What came meanwhile, or the shutdown. */
    tell_sent(l, fresh);
}

static void check_later(struct hsy_link *l, uint64_t now_ns)
{
    uint64_t slow_ns = l->links->config.limits.slow_ns;
    uint64_t end_ns = hsy_time_add(l->flight->progress_ns, slow_ns);
    uint64_t check_ns = hsy_time_add(now_ns, slow_ns / CHECKS + 1);
    hsy_link_deadline(l, hsy_time_min(end_ns, check_ns));
}

/* The kernel may hold much, and has no room again before some of it is through.
 * A slow reader is not a dead one: what it acknowledges counts. */
static void kernel_progress(struct hsy_link *l, uint64_t now_ns)
{
    uv_os_fd_t fd;
    int unacked = 0;
    if (uv_fileno((const uv_handle_t *)&l->tcp, &fd) != 0 ||
        ioctl(fd, SIOCOUTQ, &unacked) != 0) {
        return;
    }
    if (unacked < l->flight->unacked) {
        l->flight->progress_ns = now_ns;
    }
    l->flight->unacked = unacked;
}

void hsy_out_check(struct hsy_link *l, uint64_t now_ns)
{
    struct hsy_flight *f = l->flight;
    HSY_ASSERT(l->state == HSY_LINK_OPEN);
    HSY_ASSERT(f != NULL);

    size_t waiting = uv_stream_get_write_queue_size((uv_stream_t *)&l->tcp);
    HSY_ASSERT(waiting <= f->wire.len);
    size_t before = f->wire_sent;
    size_t fresh = flight_progress(f, f->wire.len - waiting, now_ns);
    l->links->stats.bytes_out += f->wire_sent - before;
    kernel_progress(l, now_ns);
    uint64_t slow_ns = l->links->config.limits.slow_ns;
    if (hsy_time_since(f->progress_ns, now_ns) >= slow_ns) {
        hsy_link_fail(l, HEARSAY_DOWN_SLOW);
        return;
    }
    check_later(l, now_ns);
    tell_sent(l, fresh);
}

/* @taken bytes of l->wire went out at once; the rest becomes a flight. Gives
 * false when that failed. */
static bool take_off(struct hsy_link *l, size_t stream_len, size_t taken,
                     size_t *out_sent)
{
    struct hsy_flight *f = flight_new(l);
    if (f == NULL) {
        return false;
    }
    uint64_t now_ns = hsy_clock_mono_ns();
    f->wire = l->wire;
    l->wire = (struct hsy_bytes){.len = 0};
    f->stream_len = stream_len;
    f->progress_ns = now_ns;
    kernel_progress(l, now_ns);
    *out_sent = flight_progress(f, taken, now_ns);
    uv_buf_t rest = uv_buf_init((char *)f->wire.data + taken,
                                (unsigned)(f->wire.len - taken));
    if (uv_write(&f->req, (uv_stream_t *)&l->tcp, &rest, 1, on_write) != 0) {
        flight_free(l);
        return false;
    }
    if (l->state == HSY_LINK_OPEN) {
        check_later(l, now_ns);
    }
    return true;
}

static void write_wire(struct hsy_link *l, size_t stream_len)
{
    HSY_ASSERT(l->wire.len > 0);
    HSY_ASSERT(l->wire.len <= UINT32_MAX);
    uv_buf_t buf = uv_buf_init((char *)l->wire.data, (unsigned)l->wire.len);
    int n = uv_try_write((uv_stream_t *)&l->tcp, &buf, 1);
    l->links->stats.flushes++;
    if (n < 0 && n != UV_EAGAIN) {
        write_dead(l);
        return;
    }
    size_t taken = n < 0 ? 0 : (size_t)n;
    l->links->stats.bytes_out += taken;
    size_t sent = stream_len;
    if (taken == l->wire.len) {
        hsy_bytes_fini(&l->wire);
    } else if (!take_off(l, stream_len, taken, &sent)) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
        return;
    }
    tell_sent(l, sent);
}

static bool may_write(const struct hsy_link *l)
{
    return l->flight == NULL && l->handle_live && !l->write_dead && !l->shut &&
           l->transport != NULL;
}

static int make_wire(struct hsy_link *l, size_t *out_stream_len)
{
    const struct hsy_transport_ops *ops = l->transport->ops;
    int rc = 0;
    if (l->stream.len > 0 && ops->ready(l->transport)) {
        *out_stream_len = l->stream.len;
        rc = ops->seal(l->transport, &l->wire, &l->stream);
    }
    if (rc == 0 && l->state == HSY_LINK_LINGERING && !l->finished) {
        HSY_ASSERT(l->stream.len == 0);
        l->finished = true;
        rc = ops->finish(l->transport, &l->wire);
    }
    return rc;
}

void hsy_out_flush(struct hsy_link *l)
{
    if (!may_write(l)) {
        return;
    }
    size_t stream_len = 0;
    if (make_wire(l, &stream_len) != 0) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
        return;
    }
    if (l->wire.len > 0) {
        write_wire(l, stream_len); /* Tells SENT: all may be different now. */
    }
    if (l->finished && may_write(l) && l->wire.len == 0) {
        shut_down(l);
    }
}
