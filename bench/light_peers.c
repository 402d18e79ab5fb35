/* Thousands of peers in one process and one thread, for ./run bench seedload:
 * real nodes, with true signatures, on real connections to their seeds; among
 * each other they are linked through memory, so that a network of 10,000 costs
 * this process 10,000 sockets and not 100,000.
 *
 *     light_peers COUNT RATE PORT SEED...
 *
 * starts RATE peers a second. The n-th has an address of its own
 * in 10.80.0.0/12 (which must be local: `ip route add local 10.80.0.0/12 dev
 * lo`) at PORT, where all are listened for: a seed dials them back. It answers
 * the line "report" with one JSON object on a line, and ends when its input
 * does. */
#include "base/addr.h"
#include "bench.h"
#include "node/view.h"

#include <errno.h>
#include <hearsay.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PEERS_MAX = 100000,
    READ_LEN = 64 * 1024,
    POLLED = 512, /* Of one call. */
    NET = 80,     /* 10.80.0.0/12 */
    SEEDS_FROM = 4
};

#define MS UINT64_C(1000000)
#define NONE UINT32_MAX

/* One end of a link. */
struct end {
    hearsay_link name; /* 0: free. */
    uint32_t owner;
    uint32_t next;  /* Of its owner, or of the free ones. */
    uint32_t other; /* In memory: the other end; NONE: on a socket. */
    int fd;         /* -1: in memory. */
    bool connecting, muted;
    uint8_t *out; /* Owned: what the kernel has not taken. */
    size_t out_len, out_room;
};

/* To be told when the effects of a step are drained. */
struct told {
    uint32_t peer;
    struct hearsay_event ev;
    struct hearsay_buf *buf; /* Owned: its bytes; NULL: none. */
};

struct peer {
    struct hearsay_node *node; /* NULL: not started. */
    uint64_t due_ns;
    hearsay_link accepted; /* The last one. */
    uint32_t ends;         /* The first one; NONE. */
    bool stopped;
};

static struct {
    struct peer *peers;
    uint32_t count, started;
    struct end *ends;
    uint32_t ends_count, ends_room, free_end;
    struct told *told; /* A ring; its room is a power of two. */
    uint32_t told_first, told_count, told_room;
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    uint32_t seeds_count;
    uint16_t port;
    int poll, listener;
    uint64_t jobs;
} app;

static void die(const char *what)
{
    fprintf(stderr, "light_peers: %s\n", what);
    exit(1);
}

static void *need(void *ptr)
{
    if (ptr == NULL) {
        die("out of memory");
    }
    return ptr;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t = {0};

    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

/* --------------------------------------------------------------- addresses */

static uint32_t ip_of(uint32_t peer)
{
    uint32_t low = peer / 4096 + 1; /* Most are alone in their /24. */
    return 10u << 24 | (NET + peer % 16) << 16 | (peer / 16 % 256) << 8 | low;
}

/* NONE: nobody's. */
static uint32_t peer_at(uint32_t ip)
{
    uint32_t second = ip >> 16 & 0xff;
    uint32_t peer =
        ((ip & 0xff) - 1) * 4096 + (ip >> 8 & 0xff) * 16 + second - NET;

    return ip >> 24 == 10 && second >= NET && second < NET + 16 &&
                   (ip & 0xff) >= 1 && peer < app.started
               ? peer
               : NONE;
}

static struct hearsay_addr addr_of(uint32_t ip, uint16_t port)
{
    struct hearsay_addr addr = {.port = port};

    addr.ip[10] = addr.ip[11] = 0xff; /* ::ffff:a.b.c.d */
    for (int i = 0; i < 4; i++) {
        addr.ip[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
    }
    return addr;
}

/* -------------------------------------------------------------------- ends */

static uint32_t end_new(uint32_t owner, hearsay_link name, int fd)
{
    if (app.free_end == NONE) {
        if (app.ends_count == app.ends_room) {
            app.ends_room = app.ends_room == 0 ? 1024 : 2 * app.ends_room;
            app.ends =
                need(realloc(app.ends, app.ends_room * sizeof(*app.ends)));
        }
        app.ends[app.ends_count].next = NONE;
        app.free_end = app.ends_count;
        app.ends_count++;
    }
    uint32_t e = app.free_end;
    app.free_end = app.ends[e].next;
    app.ends[e] = (struct end){.name = name,
                               .owner = owner,
                               .next = app.peers[owner].ends,
                               .other = NONE,
                               .fd = fd};
    app.peers[owner].ends = e;
    return e;
}

static uint32_t end_find(uint32_t owner, hearsay_link name)
{
    uint32_t e = app.peers[owner].ends;

    while (e != NONE && app.ends[e].name != name) {
        e = app.ends[e].next;
    }
    return e;
}

static void end_free(uint32_t e)
{
    struct end *end = &app.ends[e];
    uint32_t *at = &app.peers[end->owner].ends;

    while (*at != e) {
        at = &app.ends[*at].next;
    }
    *at = end->next;
    if (end->fd >= 0) {
        (void)close(end->fd);
    }
    free(end->out);
    *end = (struct end){.next = app.free_end, .fd = -1};
    app.free_end = e;
}

static void watch(uint32_t e)
{
    const struct end *end = &app.ends[e];
    bool writes = end->connecting || end->out_len > 0;
    struct epoll_event ev = {.events = (end->muted ? 0u : EPOLLIN) |
                                       (writes ? EPOLLOUT : 0u),
                             .data = {.u32 = e}};

    if (epoll_ctl(app.poll, EPOLL_CTL_MOD, end->fd, &ev) != 0 &&
        epoll_ctl(app.poll, EPOLL_CTL_ADD, end->fd, &ev) != 0) {
        die("epoll takes no more");
    }
}

/* --------------------------------------------------------------- what is told
 */

static void tell(uint32_t peer, struct hearsay_event ev,
                 struct hearsay_buf *buf)
{
    if (app.told_count == app.told_room) {
        uint32_t room = app.told_room == 0 ? 4096 : 2 * app.told_room;
        struct told *wider = need(malloc(room * sizeof(*wider)));
        for (uint32_t i = 0; i < app.told_count; i++) {
            wider[i] = app.told[(app.told_first + i) & (app.told_room - 1)];
        }
        free(app.told);
        app.told = wider;
        app.told_room = room;
        app.told_first = 0;
    }
    app.told[(app.told_first + app.told_count) & (app.told_room - 1)] =
        (struct told){peer, ev, buf};
    app.told_count++;
}

static void tell_down(uint32_t peer, hearsay_link name, enum hearsay_down why)
{
    tell(peer,
         (struct hearsay_event){.kind = HEARSAY_EV_LINK_DOWN,
                                .down = {name, why}},
         NULL);
}

static void tell_up(uint32_t e, bool accepted, struct hearsay_addr from)
{
    tell(app.ends[e].owner,
         (struct hearsay_event){.kind = HEARSAY_EV_LINK_UP,
                                .up = {.link = app.ends[e].name,
                                       .accepted = accepted,
                                       .from = from}},
         NULL);
}

static hearsay_link next_accepted(uint32_t peer)
{
    hearsay_link *last = &app.peers[peer].accepted;

    *last += *last == 0 ? 1 : 2; /* Odd, rising. */
    return *last;
}

/* ----------------------------------------------------------------- effects */

static void dial_seed(uint32_t peer, hearsay_link name,
                      const struct hearsay_addr *to)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(to->port)};
    int on = 1;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memcpy(&sin6.sin6_addr, to->ip, sizeof(to->ip));
    if (fd < 0) {
        tell_down(peer, name, HEARSAY_DOWN_UNREACHABLE);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)) != 0 &&
        errno != EINPROGRESS) {
        (void)close(fd);
        tell_down(peer, name, HEARSAY_DOWN_REFUSED);
        return;
    }
    uint32_t e = end_new(peer, name, fd);
    app.ends[e].connecting = true;
    watch(e);
}

static void dial(uint32_t peer, hearsay_link name, const char *host,
                 uint16_t port)
{
    struct hearsay_addr to = {.port = port};

    if (hsy_ip_parse(to.ip, host, strlen(host)) != 0) {
        tell_down(peer, name, HEARSAY_DOWN_UNREACHABLE);
        return;
    }
    uint32_t ip = (uint32_t)to.ip[12] << 24 | (uint32_t)to.ip[13] << 16 |
                  (uint32_t)to.ip[14] << 8 | to.ip[15];
    uint32_t other = port == app.port ? peer_at(ip) : NONE;
    if (other == NONE) {
        dial_seed(peer, name, &to);
        return;
    }
    uint32_t near = end_new(peer, name, -1);
    uint32_t far = end_new(other, next_accepted(other), -1);
    app.ends[near].other = far;
    app.ends[far].other = near;
    tell_up(near, false, to);
    tell_up(far, true, addr_of(ip_of(peer), 40000));
}

static void flush(uint32_t e)
{
    struct end *end = &app.ends[e];
    ssize_t n = end->out_len == 0
                    ? 0
                    : send(end->fd, end->out, end->out_len, MSG_NOSIGNAL);

    if (n > 0) {
        end->out_len -= (size_t)n;
        memmove(end->out, end->out + n, end->out_len);
        tell(end->owner,
             (struct hearsay_event){
                 .kind = HEARSAY_EV_SENT,
                 .sent = {.link = end->name, .len = (size_t)n}},
             NULL);
    }
    if (end->out_len == 0) {
        free(end->out);
        end->out = NULL;
        end->out_room = 0;
    }
    watch(e);
}

/* Takes @buf. */
static void send_on(uint32_t peer, hearsay_link name, struct hearsay_buf *buf)
{
    uint32_t e = end_find(peer, name);

    if (e == NONE) {
        hearsay_buf_unref(buf);
        return;
    }
    struct end *end = &app.ends[e];
    if (end->fd < 0) {
        const struct end *far = &app.ends[end->other];
        tell(peer,
             (struct hearsay_event){.kind = HEARSAY_EV_SENT,
                                    .sent = {.link = name, .len = buf->len}},
             NULL);
        tell(far->owner,
             (struct hearsay_event){.kind = HEARSAY_EV_BYTES,
                                    .bytes = {.link = far->name,
                                              .data = buf->data,
                                              .len = buf->len}},
             buf);
        return;
    }
    if (end->out_len + buf->len > end->out_room) {
        end->out_room = 2 * (end->out_len + buf->len);
        end->out = need(realloc(end->out, end->out_room));
    }
    memcpy(end->out + end->out_len, buf->data, buf->len);
    end->out_len += buf->len;
    hearsay_buf_unref(buf);
    if (!end->connecting) {
        flush(e);
    }
}

static void hang_up(uint32_t peer, hearsay_link name)
{
    uint32_t e = end_find(peer, name);

    if (e == NONE) {
        return;
    }
    uint32_t far = app.ends[e].fd < 0 ? app.ends[e].other : NONE;
    if (far != NONE) {
        tell_down(app.ends[far].owner, app.ends[far].name, HEARSAY_DOWN_CLOSED);
        end_free(far);
    }
    end_free(e);
}

static void carry_out(uint32_t peer, const struct hearsay_effect *fx)
{
    uint32_t e;

    switch (fx->kind) {
    case HEARSAY_FX_DIAL:
        dial(peer, fx->dial.link, fx->dial.host, fx->dial.port);
        return;
    case HEARSAY_FX_SEND:
        send_on(peer, fx->send.link, fx->send.buf);
        return;
    case HEARSAY_FX_HANG_UP:
        hang_up(peer, fx->hang_up.link);
        return;
    case HEARSAY_FX_READ: /* What comes through memory is held back inside. */
        e = end_find(peer, fx->read.link);
        if (e != NONE && app.ends[e].fd >= 0) {
            app.ends[e].muted = !fx->read.on;
            watch(e);
        }
        return;
    case HEARSAY_FX_JOB:
        hearsay_job_run(fx->job);
        app.jobs++;
        tell(peer,
             (struct hearsay_event){.kind = HEARSAY_EV_JOB_DONE,
                                    .job = {fx->job}},
             NULL);
        return;
    case HEARSAY_FX_PERSIST:
        if (!fx->persist.more) {
            tell(peer,
                 (struct hearsay_event){
                     .kind = HEARSAY_EV_PERSISTED,
                     .persisted = {fx->persist.token, .ok = true}},
                 NULL);
        }
        return;
    case HEARSAY_FX_STOPPED:
        fprintf(stderr, "light_peers: %s\n", fx->stopped.text);
        app.peers[peer].stopped = true;
        return;
    case HEARSAY_FX_DELIVER:
    case HEARSAY_FX_RECEIPT:
    case HEARSAY_FX_ANSWER:
    case HEARSAY_FX_QUERY_DONE:
    case HEARSAY_FX_FOUND:
    case HEARSAY_FX_FIND_DONE:
    case HEARSAY_FX_MEMBER:
    case HEARSAY_FX_NOTE:
        return;
    }
}

static void step(uint32_t index, const struct hearsay_event *ev)
{
    struct peer *peer = &app.peers[index];
    struct hearsay_now now = {.mono_ns = clock_ns(CLOCK_MONOTONIC),
                              .wall_ms = clock_ns(CLOCK_REALTIME) / MS};
    struct hearsay_effect fx;

    if (peer->stopped) {
        return;
    }
    int err = hearsay_step(peer->node, &now, ev);
    while (hearsay_next_effect(peer->node, &fx)) {
        carry_out(index, &fx);
    }
    peer->due_ns = hearsay_deadline(peer->node);
    if (err != 0 && ev->kind == HEARSAY_EV_LINK_UP) {
        hang_up(index, ev->up.link);
    }
}

static void drain(void)
{
    while (app.told_count > 0) {
        struct told next = app.told[app.told_first];
        app.told_first = (app.told_first + 1) & (app.told_room - 1);
        app.told_count--;
        step(next.peer, &next.ev);
        if (next.buf != NULL) {
            hearsay_buf_unref(next.buf);
        }
    }
}

/* ----------------------------------------------------------------- sockets */

static void take_one(void)
{
    struct sockaddr_in6 at = {0}, from = {0};
    socklen_t at_len = sizeof(at), from_len = sizeof(from);
    int fd = accept4(app.listener, (struct sockaddr *)&from, &from_len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    (void)getsockname(fd, (struct sockaddr *)&at, &at_len);
    const uint8_t *ip = at.sin6_addr.s6_addr + 12;
    uint32_t peer = peer_at((uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 |
                            (uint32_t)ip[2] << 8 | ip[3]);
    if (peer == NONE) {
        (void)close(fd);
        return;
    }
    struct hearsay_addr addr = {.port = ntohs(from.sin6_port)};
    memcpy(addr.ip, &from.sin6_addr, sizeof(addr.ip));
    uint32_t e = end_new(peer, next_accepted(peer), fd);
    watch(e);
    tell_up(e, true, addr);
}

static void connected(uint32_t e)
{
    struct end *end = &app.ends[e];
    struct sockaddr_in6 sin6 = {0};
    socklen_t len = sizeof(sin6), error_len = sizeof(int);
    int error = 0;

    (void)getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
    if (error != 0) {
        tell_down(end->owner, end->name, HEARSAY_DOWN_REFUSED);
        end_free(e);
        return;
    }
    if (getpeername(end->fd, (struct sockaddr *)&sin6, &len) != 0) {
        return; /* The event was of one that had this place before. */
    }
    struct hearsay_addr addr = {.port = ntohs(sin6.sin6_port)};
    memcpy(addr.ip, &sin6.sin6_addr, sizeof(addr.ip));
    end->connecting = false;
    watch(e);
    tell_up(e, false, addr);
}

static void hear(uint32_t e)
{
    static uint8_t bytes[READ_LEN];
    const struct end *end = &app.ends[e];
    uint32_t owner = end->owner;
    hearsay_link name = end->name;
    ssize_t n = read(end->fd, bytes, sizeof(bytes));

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        end_free(e);
        tell_down(owner, name,
                  n == 0 ? HEARSAY_DOWN_CLOSED : HEARSAY_DOWN_RESET);
        return;
    }
    struct hearsay_event ev = {
        .kind = HEARSAY_EV_BYTES,
        .bytes = {.link = name, .data = bytes, .len = (size_t)n}};
    step(owner, &ev);
}

static void serve(uint32_t e, uint32_t events)
{
    if (app.ends[e].name == 0 || app.ends[e].fd < 0) {
        return; /* It ended in this turn. */
    }
    if (app.ends[e].connecting) {
        connected(e);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        flush(e);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        hear(e);
    }
}

/* -------------------------------------------------------------------- life */

static void start(void)
{
    struct hearsay_config config;
    char name[HEARSAY_NAME_MAX + 1];
    const char *why = NULL;
    uint32_t peer = app.started;

    hearsay_config_init(&config, HEARSAY_PEER);
    snprintf(name, sizeof(name), "light-%" PRIu32, peer);
    config.name = name;
    config.seeds = app.seeds;
    config.seeds_count = app.seeds_count;
    config.addrs[0] = addr_of(ip_of(peer), app.port);
    config.addrs_count = 1;
    config.gossip_count = 0;
    config.crypto = hearsay_crypto_sodium();
    config.mem = *hearsay_mem_default();
    if (getrandom(config.secret, sizeof(config.secret), 0) < 0 ||
        getrandom(&config.boot_nonce, sizeof(config.boot_nonce), 0) < 0 ||
        getrandom(&config.rng_seed, sizeof(config.rng_seed), 0) < 0 ||
        getrandom(&config.hash_salt, sizeof(config.hash_salt), 0) < 0) {
        die("no random bytes");
    }
    if (hearsay_node_create(&app.peers[peer].node, &config, &why) != 0) {
        die(why != NULL ? why : "out of memory");
    }
    app.peers[peer].ends = NONE;
    app.started++;
    step(peer, &(struct hearsay_event){.kind = HEARSAY_EV_START});
    drain();
}

static void tick(void)
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    for (uint32_t i = 0; i < app.started; i++) {
        if (app.peers[i].due_ns <= now_ns && !app.peers[i].stopped) {
            step(i, &(struct hearsay_event){.kind = HEARSAY_EV_TICK});
            drain();
        }
    }
}

static void report(void)
{
    uint32_t registered = 0, joined = 0, stopped = 0, links = 0;

    for (uint32_t i = 0; i < app.started; i++) {
        struct hsy_view_status status;
        stopped += app.peers[i].stopped ? 1 : 0;
        hsy_view_status(app.peers[i].node, clock_ns(CLOCK_MONOTONIC), &status);
        registered +=
            status.registered >= status.quorum && status.quorum > 0 ? 1 : 0;
        joined += status.joined_after_ns != 0 ? 1 : 0;
        links += status.degree;
    }
    printf("{\"count\": %" PRIu32 ", \"started\": %" PRIu32
           ", \"registered\": %" PRIu32 ", \"joined\": %" PRIu32
           ", \"stopped\": %" PRIu32 ", \"links\": %" PRIu32
           ", \"jobs\": %" PRIu64 "}\n",
           app.count, app.started, registered, joined, stopped, links / 2,
           app.jobs);
    (void)fflush(stdout);
}

/* False: the input has ended. Only one line is ever under way. */
static bool take_command(void)
{
    char line[256];
    ssize_t n = read(STDIN_FILENO, line, sizeof(line));

    if (n > 0) {
        report();
    }
    return n > 0;
}

static void loop(uint64_t rate)
{
    struct epoll_event events[POLLED];
    uint64_t begun_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t ticked_ns = 0;

    for (;;) {
        uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        if (app.started < app.count &&
            (now_ns - begun_ns) / MS * rate / 1000 > app.started) {
            start();
        }
        if (now_ns >= ticked_ns + MS) {
            ticked_ns = now_ns;
            tick();
        }
        int count = epoll_wait(app.poll, events, POLLED, 1);
        for (int i = 0; i < count; i++) {
            uint32_t e = events[i].data.u32;
            if (e == NONE - 1 && !take_command()) {
                return;
            }
            if (e == NONE) {
                take_one();
            } else if (e < NONE - 1) {
                serve(e, events[i].events);
            }
            drain();
        }
    }
}

static void listen_all(void)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(app.port)};
    struct epoll_event ev = {.events = EPOLLIN, .data = {.u32 = NONE}};
    struct epoll_event input = {.events = EPOLLIN, .data = {.u32 = NONE - 1}};

    app.poll = epoll_create1(EPOLL_CLOEXEC);
    app.listener =
        socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (app.poll < 0 || app.listener < 0 ||
        bind(app.listener, (struct sockaddr *)&sin6, sizeof(sin6)) != 0 ||
        listen(app.listener, 4096) != 0 ||
        epoll_ctl(app.poll, EPOLL_CTL_ADD, app.listener, &ev) != 0 ||
        epoll_ctl(app.poll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) {
        die("cannot listen, or the input is no pipe");
    }
}

static void read_seeds(int argc, char **argv)
{
    if (!bench_seeds(app.seeds, argc - SEEDS_FROM, argv + SEEDS_FROM)) {
        die("a seed is HOST:PORT, and there are too many of them");
    }
    app.seeds_count = (uint32_t)(argc - SEEDS_FROM);
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    if (argc <= SEEDS_FROM) {
        die("usage: light_peers COUNT RATE PORT SEED...");
    }
    app.count = (uint32_t)strtoul(argv[1], NULL, 10);
    uint64_t rate = strtoul(argv[2], NULL, 10);
    app.port = (uint16_t)strtoul(argv[3], NULL, 10);
    if (app.count < 1 || app.count > PEERS_MAX || rate < 1 || app.port < 1) {
        die("COUNT is 1 to 100000, RATE and PORT at least 1");
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    app.free_end = NONE;
    app.peers = need(calloc(app.count, sizeof(*app.peers)));
    read_seeds(argc, argv);
    listen_all();
    loop(rate);
    return 0; /* All is gone with the process. */
}
