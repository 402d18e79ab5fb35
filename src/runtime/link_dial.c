/* Opening a link: a host name, its addresses in the resolver's order, each
 * with its share of the time that is left. The next address begins when the
 * socket of the last one is closed, since one handle serves them all. */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/link.h"
#include "runtime/sockaddr.h"

void hsy_dial_free(struct hsy_link *l)
{
    struct hsy_dial *d = l->dial;
    if (d == NULL) {
        return;
    }
    if (d->query != NULL) {
        hsy_dns_forget(l->links->config.dns, d->query);
    }
    hsy_mem_free(hearsay_mem_default(), d);
    l->dial = NULL;
}

/* This address did not answer; there may be another one. */
static void address_failed(struct hsy_link *l, enum hearsay_down why)
{
    struct hsy_dial *d = l->dial;
    l->why = why;
    if (d->addrs_next == d->addrs_count ||
        hsy_clock_mono_ns() >= d->deadline_ns) {
        hsy_link_fail(l, why);
        return;
    }
    d->closing = true;
    hsy_link_close_handle(l);
}

static bool connected_to_itself(struct hsy_link *l)
{
    /* On loopback, a dial to a free port of the ephemeral range can get that
     * same port as its source and meet itself. */
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&l->tcp, &fd) != 0) {
        return false;
    }
    struct hearsay_addr local = hsy_sockaddr_local(fd);
    struct hearsay_addr remote = hsy_sockaddr_remote(fd);
    return local.port != 0 && hsy_addr_equal(&local, &remote);
}

static void on_connect(uv_connect_t *req, int status)
{
    struct hsy_link *l = req->data;
    if (status == UV_ECANCELED || l->state != HSY_LINK_CONNECTING) {
        return; /* Closed by us, for a reason that is dealt with. */
    }
    if (status == 0 && connected_to_itself(l)) {
        status = UV_ECONNREFUSED;
    }
    if (status != 0) {
        address_failed(l, hsy_link_why(status));
        return;
    }
    hsy_link_connected(l);
}

static int connect_next(struct hsy_link *l)
{
    struct hsy_dial *d = l->dial;
    HSY_ASSERT(d->addrs_next < d->addrs_count);
    HSY_ASSERT(!l->handle_busy);

    uint64_t now_ns = hsy_clock_mono_ns();
    uint64_t left_ns = hsy_time_since(now_ns, d->deadline_ns);
    uint64_t share_ns = left_ns / (d->addrs_count - d->addrs_next);
    hsy_link_deadline(l, hsy_time_add(now_ns, share_ns));

    struct sockaddr_storage ss;
    (void)hsy_sockaddr_write(&ss, &d->addrs[d->addrs_next++]);
    int rc = uv_tcp_init(l->links->config.loop, &l->tcp);
    HSY_ASSERT(rc == 0);
    l->tcp.data = l;
    l->handle_live = true;
    l->handle_busy = true;
    d->req.data = l;
    return uv_tcp_connect(&d->req, &l->tcp, (const struct sockaddr *)&ss,
                          on_connect);
}

static void connect_or_fail(struct hsy_link *l)
{
    int rc = connect_next(l);
    if (rc != 0) {
        address_failed(l, hsy_link_why(rc));
    }
}

void hsy_dial_closed(struct hsy_link *l)
{
    HSY_ASSERT(l->state == HSY_LINK_CONNECTING);
    HSY_ASSERT(l->dial->closing);
    l->dial->closing = false;
    connect_or_fail(l);
}

void hsy_dial_late(struct hsy_link *l, uint64_t now_ns)
{
    struct hsy_dial *d = l->dial;
    if (l->state == HSY_LINK_RESOLVING) {
        hsy_link_fail(l, HEARSAY_DOWN_TIMEOUT);
        return;
    }
    HSY_ASSERT(l->state == HSY_LINK_CONNECTING);
    HSY_ASSERT(now_ns >= l->deadline_ns);
    hsy_link_deadline(l, HEARSAY_NEVER);
    if (!d->closing) {
        address_failed(l, HEARSAY_DOWN_TIMEOUT);
    }
}

static void addresses_known(struct hsy_link *l)
{
    struct hsy_dial *d = l->dial;
    d->deadline_ns =
        hsy_time_add(hsy_clock_mono_ns(), l->links->config.limits.dial_ns);
    hsy_link_enter(l, HSY_LINK_CONNECTING);
    connect_or_fail(l);
}

void hsy_dial_answer(struct hsy_link *l, const struct hsy_dns_answer *answer)
{
    HSY_ASSERT(l->state == HSY_LINK_RESOLVING);
    struct hsy_dial *d = l->dial;
    d->query = NULL;
    if (answer->count == 0) {
        hsy_link_fail(l, HEARSAY_DOWN_UNREACHABLE);
        return;
    }
    memcpy(d->addrs, answer->addrs, sizeof(d->addrs));
    d->addrs_count = answer->count;
    addresses_known(l);
}

void hsy_dial_start(struct hsy_link *l, const char *host, uint16_t port)
{
    struct hsy_dial *d = l->dial;
    size_t host_len = strlen(host);
    HSY_ASSERT(d != NULL);
    HSY_ASSERT(host_len >= 1);
    HSY_ASSERT(host_len <= HEARSAY_HOST_MAX);

    struct hearsay_addr addr = {.port = port};
    if (hsy_ip_parse(addr.ip, host, host_len) == 0) {
        d->addrs[0] = addr;
        d->addrs_count = 1;
        addresses_known(l);
        return;
    }
    struct hearsay_seed endpoint = {.port = port};
    memcpy(endpoint.host, host, host_len + 1);
    hsy_link_deadline(
        l, hsy_time_add(hsy_clock_mono_ns(), l->links->config.limits.dns_ns));
    if (hsy_dns_ask(l->links->config.dns, &d->query, &endpoint, l) != 0) {
        hsy_link_fail(l, HEARSAY_DOWN_UNREACHABLE);
    }
}
