/* A peer on a poll(2) loop of its own: no libuv, no threads, no allocation
 * but the node's. It needs <hearsay.h> only; link it with -lhearsay, or with
 * libhearsay.a and -lsodium.
 *
 *     cc poll_loop.c $(pkg-config --cflags --libs hearsay) -o poll_loop
 *     ./poll_loop CONFIG [NAME]
 *
 * CONFIG has one host:port of a seed a line. Each line of stdin is published,
 * each message of the others is printed, and the end of stdin (Ctrl-D) means
 * good-bye. What happens goes to stderr.
 *
 * Read "the loop" first; that is all there is to embedding a node. The links
 * below it are everyday non-blocking sockets, the program at the end is its
 * settings. What a product would do differently is said in each place.
 *
 * Four rules that are easy to miss:
 *
 *   - Effects are drained before the next step, so an answer that is ready
 *     while draining (a job done, a dial that failed) waits in a queue.
 *   - Every JOB and every PERSIST is answered, also after LEAVE.
 *   - Tell as SENT no more than the node gave, and tell all that was taken:
 *     a link's queue counts as full otherwise, and the node gives it up.
 *   - HANG_UP is the end of the link for the node, but not of its bytes: the
 *     last ones say why. So the socket lingers until they are through. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <hearsay.h>

/* All memory outside the node is one struct host. Its pages are used as far
 * as they are needed only. */
enum {
    LINKS_MAX = 64,         /* As the node is told: more it does not hold. */
    SLOTS = 2 * LINKS_MAX,  /* The other half lingers. */
    QUEUE_MAX = 128 * 1024, /* As the node is told, too. */
    JOBS_MAX = 4096,        /* The same. */
    ANSWERS_MAX = 2 * JOBS_MAX,
    READ_LEN = 16 * 1024,

    LISTENER = SLOTS, /* In polls, behind the links. */
    INPUT,
    POLLS
};

#define MS 1000000ULL /* In ns. */
#define LINGER_NS (1000 * MS)
#define PAUSE_NS (100 * MS)

struct link {
    hearsay_link name; /* 0: the node does not know it, or not any more. */
    enum { FREE, CONNECTING, OPEN, LINGERING } state;
    bool unread;          /* The node has enough to do. */
    bool shut;            /* LINGERING, and all is written. */
    uint64_t close_by_ns; /* Of LINGERING. */
    size_t out_len;
    uint8_t out[QUEUE_MAX];
};

struct host {
    struct hearsay_node *node;
    bool leaving, stopped;
    enum hearsay_stop stop; /* Once stopped: why. */
    struct link links[SLOTS];
    struct pollfd polls[POLLS]; /* fd -1: not watched. */
    hearsay_link accepted_last;
    uint64_t accept_at_ns;                     /* Not before. */
    struct hearsay_event answers[ANSWERS_MAX]; /* A ring. */
    size_t answers_first, answers_count;
    char input[16 * 1024]; /* Of stdin, not published yet. */
    size_t input_len;
    bool input_ended;
};

static void die(const char *what)
{
    fprintf(stderr, "poll_loop: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0) {
        die("no clock");
    }
    return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

/* What the loop calls; all of it is below. */
static int link_dial(struct host *h, hearsay_link name, const char *host,
                     uint16_t port);
static enum hearsay_down why(int error);
static void link_send(struct host *h, hearsay_link name,
                      const struct hearsay_buf *buf);
static void link_hang_up(struct host *h, hearsay_link name);
static void link_pause(struct host *h, hearsay_link name, bool on);
static void link_accept(struct host *h);
static void link_serve(struct host *h, int slot);
static void link_flush(struct host *h, int slot);
static bool is_lingering(const struct host *h);
static int prepare(struct host *h);
static void input_read(struct host *h);
static void input_publish(struct host *h);
static void print_message(const struct hearsay_message *m);
static void print_note(const struct hearsay_note *note);

/* -------------------------------------------------------------- the loop */

/* Told when the effects are drained. What is asked for is bounded: room. */
static void answer(struct host *h, struct hearsay_event ev)
{
    if (h->answers_count == ANSWERS_MAX) {
        die("more answers than the node was allowed questions");
    }
    h->answers[(h->answers_first + h->answers_count) % ANSWERS_MAX] = ev;
    h->answers_count++;
}

static void carry_out(struct host *h, const struct hearsay_effect *fx)
{
    int error;

    switch (fx->kind) {
    case HEARSAY_FX_DIAL:
        error = link_dial(h, fx->dial.link, fx->dial.host, fx->dial.port);
        if (error != 0) {
            answer(h,
                   (struct hearsay_event){.kind = HEARSAY_EV_LINK_DOWN,
                                          .down = {fx->dial.link, why(error)}});
        }
        return;
    case HEARSAY_FX_SEND:
        link_send(h, fx->send.link, fx->send.buf);
        hearsay_buf_unref(fx->send.buf);
        return;
    case HEARSAY_FX_HANG_UP:
        link_hang_up(h, fx->hang_up.link);
        return;
    case HEARSAY_FX_READ:
        link_pause(h, fx->read.link, !fx->read.on);
        return;
    case HEARSAY_FX_DELIVER:
        print_message(fx->message);
        return;
    case HEARSAY_FX_RECEIPT: /* This example sends no direct message, */
    case HEARSAY_FX_ANSWER:  /* and asks nothing. */
    case HEARSAY_FX_QUERY_DONE:
    case HEARSAY_FX_FOUND:
    case HEARSAY_FX_FIND_DONE:
    case HEARSAY_FX_MEMBER:
        return;
    case HEARSAY_FX_NOTE:
        print_note(fx->note);
        return;
    case HEARSAY_FX_JOB:
        /* 15 to 45 us of signing or verifying. A product has worker threads,
         * and answers in the order of submission. */
        hearsay_job_run(fx->job);
        answer(h, (struct hearsay_event){.kind = HEARSAY_EV_JOB_DONE,
                                         .job = {fx->job}});
        return;
    case HEARSAY_FX_PERSIST:
        /* Nothing is kept: each run is a peer that nobody has met. A product
         * collects the rows up to the one without `more`, commits them in
         * one transaction, answers when they are on disk (false when they
         * are not), and gives them to hearsay_node_restore() next time,
         * together with the same secret. */
        if (!fx->persist.more) {
            answer(h, (struct hearsay_event){
                          .kind = HEARSAY_EV_PERSISTED,
                          .persisted = {fx->persist.token, .ok = true}});
        }
        return;
    case HEARSAY_FX_STOPPED:
        fprintf(stderr, "poll_loop: %s\n", fx->stopped.text);
        h->stopped = true;
        h->stop = fx->stopped.why;
        return;
    }
}

/* One event, and its effects in their order. */
static int step(struct host *h, const struct hearsay_event *ev)
{
    struct hearsay_now now = {.mono_ns = clock_ns(CLOCK_MONOTONIC),
                              .wall_ms = clock_ns(CLOCK_REALTIME) / MS};
    struct hearsay_effect fx;
    int err = hearsay_step(h->node, &now, ev);

    while (hearsay_next_effect(h->node, &fx)) {
        carry_out(h, &fx);
    }
    return err;
}

/* One event and the answers that it led to. The error is that of the event:
 * an answer that comes after STOPPED finds nobody, and that is fine. */
static int feed(struct host *h, const struct hearsay_event *ev)
{
    int err = step(h, ev);

    while (h->answers_count > 0) {
        struct hearsay_event next = h->answers[h->answers_first];
        h->answers_first = (h->answers_first + 1) % ANSWERS_MAX;
        h->answers_count--;
        (void)step(h, &next);
    }
    return err;
}

static void loop(struct host *h)
{
    (void)feed(h, &(struct hearsay_event){.kind = HEARSAY_EV_START});
    while (!h->stopped || is_lingering(h)) {
        input_publish(h);
        for (int i = 0; i < SLOTS; i++) {
            link_flush(h, i); /* One write per link and turn. */
        }
        if (poll(h->polls, POLLS, prepare(h)) < 0) {
            continue; /* A signal; revents means nothing. */
        }
        if (clock_ns(CLOCK_MONOTONIC) >= hearsay_deadline(h->node)) {
            (void)feed(h, &(struct hearsay_event){.kind = HEARSAY_EV_TICK});
        }
        if (h->polls[LISTENER].revents != 0) {
            link_accept(h);
        }
        if (h->polls[INPUT].revents != 0) {
            input_read(h);
        }
        for (int i = 0; i < SLOTS; i++) {
            if (h->polls[i].revents != 0) {
                link_serve(h, i);
            }
        }
    }
}

/* ----------------------------------------------------------------- links */

/* One family is enough: an IPv6 socket speaks IPv4 as well, and both sides
 * write its addresses as ::ffff:a.b.c.d. */
static struct hearsay_addr addr_of(const struct sockaddr_in6 *sin6)
{
    struct hearsay_addr addr = {.port = ntohs(sin6->sin6_port)};

    memcpy(addr.ip, &sin6->sin6_addr, sizeof(addr.ip));
    return addr;
}

static void set_up(int fd)
{
    int on = 1;

    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        die("cannot set up a socket");
    }
    /* What belongs together is written together already. It is no harm when
     * this fails. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* The slot of a link that the node knows, or -1. */
static int slot_of(const struct host *h, hearsay_link name)
{
    for (int i = 0; i < SLOTS; i++) {
        if (h->links[i].name == name) {
            return i;
        }
    }
    return -1;
}

static void link_close(struct host *h, int slot)
{
    struct link *l = &h->links[slot];

    (void)close(h->polls[slot].fd);
    h->polls[slot].fd = -1;
    l->name = 0;
    l->state = FREE;
    l->unread = false;
    l->shut = false;
    l->out_len = 0;
}

/* A free slot, or that of the link that has lingered longest. The node knows
 * at most LINKS_MAX, so there is one. */
static int slot_free(struct host *h)
{
    int oldest = -1;

    for (int i = 0; i < SLOTS; i++) {
        if (h->links[i].state == FREE) {
            return i;
        }
        if (h->links[i].state == LINGERING &&
            (oldest < 0 ||
             h->links[i].close_by_ns < h->links[oldest].close_by_ns)) {
            oldest = i;
        }
    }
    if (oldest < 0) {
        die("more links than the node was allowed");
    }
    link_close(h, oldest);
    return oldest;
}

/* The node may react with a dial into the same slot, so close first. */
static void link_lost(struct host *h, hearsay_link name, enum hearsay_down why)
{
    int slot = slot_of(h, name);

    if (slot >= 0) {
        link_close(h, slot);
        (void)feed(h, &(struct hearsay_event){.kind = HEARSAY_EV_LINK_DOWN,
                                              .down = {name, why}});
    }
}

/* Takes @fd. No revents: those of this turn belong to another socket. */
static struct link *link_open(struct host *h, int fd, hearsay_link name)
{
    int slot = slot_free(h);

    set_up(fd);
    h->links[slot].name = name;
    h->polls[slot] = (struct pollfd){.fd = fd};
    return &h->links[slot];
}

static void link_up(struct host *h, int slot, bool accepted)
{
    struct link *l = &h->links[slot];
    hearsay_link name = l->name;
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
    socklen_t len = sizeof(sin6);

    l->state = OPEN;
    (void)getpeername(h->polls[slot].fd, (struct sockaddr *)&sin6, &len);
    struct hearsay_event ev = {
        .kind = HEARSAY_EV_LINK_UP,
        .up = {.link = name, .accepted = accepted, .from = addr_of(&sin6)}};
    if (feed(h, &ev) != 0) {
        link_lost(h, name, HEARSAY_DOWN_RESET); /* The node took no note. */
    }
}

static enum hearsay_down why(int error)
{
    return error == ECONNREFUSED ? HEARSAY_DOWN_REFUSED
           : error == ETIMEDOUT  ? HEARSAY_DOWN_TIMEOUT
                                 : HEARSAY_DOWN_UNREACHABLE;
}

/* Gives why it failed at once, or 0: link_serve() will tell. The node gives
 * up by itself, and hangs up, when that takes too long. Numbers are looked up
 * at once; a name holds up the loop, so a product resolves names on a thread,
 * and tries all addresses that it gets. */
static int link_dial(struct host *h, hearsay_link name, const char *host,
                     uint16_t port)
{
    struct addrinfo hints = {.ai_family = AF_INET6,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_V4MAPPED | AI_NUMERICSERV};
    struct addrinfo *found;
    char service[6];
    int error = 0;

    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return EHOSTUNREACH;
    }
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0) {
        error = errno;
    } else {
        link_open(h, fd, name)->state = CONNECTING;
        error = connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
        error = error == EINPROGRESS ? 0 : error;
    }
    if (fd >= 0 && error != 0) {
        link_close(h, slot_of(h, name));
    }
    freeaddrinfo(found);
    return error;
}

/* At most what the node was allowed, so it fits. */
static void link_send(struct host *h, hearsay_link name,
                      const struct hearsay_buf *buf)
{
    int slot = slot_of(h, name);

    if (slot < 0) {
        return; /* It was lost in this turn; the node will hear of it. */
    }
    struct link *l = &h->links[slot];
    if (buf->len > QUEUE_MAX - l->out_len) {
        die("the node sent more than its queue_max");
    }
    /* A product with many neighbours keeps @buf, which they share, and
     * unrefs it when it is written. */
    memcpy(l->out + l->out_len, buf->data, buf->len);
    l->out_len += buf->len;
}

static void link_hang_up(struct host *h, hearsay_link name)
{
    int slot = slot_of(h, name);

    if (slot < 0) {
        return;
    }
    struct link *l = &h->links[slot];
    if (l->state == CONNECTING) {
        link_close(h, slot);
        return;
    }
    l->name = 0;
    l->unread = false; /* To see its end. */
    l->state = LINGERING;
    l->close_by_ns = clock_ns(CLOCK_MONOTONIC) + LINGER_NS;
}

/* What it says waits in the kernels, and then at its sender. */
static void link_pause(struct host *h, hearsay_link name, bool on)
{
    int slot = slot_of(h, name);

    if (slot >= 0) {
        h->links[slot].unread = on;
    }
}

static void link_accept(struct host *h)
{
    int fd = accept(h->polls[LISTENER].fd, NULL, NULL);

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            /* No descriptor left, probably, and poll() would say "readable"
             * all the time. */
            h->accept_at_ns = clock_ns(CLOCK_MONOTONIC) + PAUSE_NS;
        }
        return;
    }
    h->accepted_last += h->accepted_last == 0 ? 1 : 2; /* Odd, rising. */
    (void)link_open(h, fd, h->accepted_last);
    link_up(h, slot_of(h, h->accepted_last), true);
}

static void link_connected(struct host *h, int slot)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(h->polls[slot].fd, SOL_SOCKET, SO_ERROR, &error, &len) !=
        0) {
        error = errno;
    }
    if (error == 0) {
        link_up(h, slot, false);
        return;
    }
    link_lost(h, h->links[slot].name, why(error));
}

/* One read per link and turn, so that none keeps the others waiting. */
static void link_read(struct host *h, int slot)
{
    struct link *l = &h->links[slot];
    hearsay_link name = l->name;
    uint8_t bytes[READ_LEN];
    ssize_t n = read(h->polls[slot].fd, bytes, sizeof(bytes));

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (l->state == LINGERING) { /* It may say what it wants. */
        if (n <= 0) {
            link_close(h, slot);
        }
        return;
    }
    if (n <= 0) {
        link_lost(h, name, n == 0 ? HEARSAY_DOWN_CLOSED : HEARSAY_DOWN_RESET);
        return;
    }
    struct hearsay_event ev = {
        .kind = HEARSAY_EV_BYTES,
        .bytes = {.link = name, .data = bytes, .len = (size_t)n}};
    if (feed(h, &ev) == HEARSAY_ERR_NOMEM) {
        link_lost(h, name, HEARSAY_DOWN_RESET); /* A stream with a hole. */
    }
}

static void link_serve(struct host *h, int slot)
{
    if (h->links[slot].state == CONNECTING) {
        link_connected(h, slot);
    } else if ((h->polls[slot].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        link_read(h, slot);
    }
}

/* Writes what the kernel takes. Where it takes nothing any more, the link's
 * end is found by link_read(), after the other side's last words. With a
 * reader that is only slow the node deals itself. */
static void link_write(struct host *h, int slot)
{
    struct link *l = &h->links[slot];
    ssize_t n = send(h->polls[slot].fd, l->out, l->out_len, MSG_NOSIGNAL);

    if (n < 0) {
        l->out_len = errno == EAGAIN || errno == EINTR ? l->out_len : 0;
        return;
    }
    l->out_len -= (size_t)n;
    memmove(l->out, l->out + n, l->out_len);
    if (l->state == OPEN && n > 0) {
        struct hearsay_event ev = {.kind = HEARSAY_EV_SENT,
                                   .sent = {.link = l->name, .len = (size_t)n}};
        (void)feed(h, &ev); /* The slot may hold another link now. */
    }
}

/* A lingering link is closed when the other side has closed too, having read
 * all. Closed earlier, with bytes of the other side unread, the kernel would
 * send a reset and throw our last words away. */
static void link_flush(struct host *h, int slot)
{
    struct link *l = &h->links[slot];

    if (l->out_len > 0) {
        link_write(h, slot);
    }
    if (l->state != LINGERING) {
        return;
    }
    if (l->out_len == 0 && !l->shut) {
        (void)shutdown(h->polls[slot].fd, SHUT_WR);
        l->shut = true;
    }
    if (clock_ns(CLOCK_MONOTONIC) >= l->close_by_ns) {
        link_close(h, slot);
    }
}

static bool is_lingering(const struct host *h)
{
    for (int i = 0; i < SLOTS; i++) {
        if (h->links[i].state == LINGERING) {
            return true;
        }
    }
    return false;
}

/* What to wait for, and for how long: poll()'s timeout in ms. */
static int prepare(struct host *h)
{
    uint64_t until_ns = h->stopped ? HEARSAY_NEVER : hearsay_deadline(h->node);
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    for (int i = 0; i < SLOTS; i++) {
        struct link *l = &h->links[i];
        bool writes = l->state == CONNECTING || l->out_len > 0;
        h->polls[i].events =
            (short)((l->unread ? 0 : POLLIN) | (writes ? POLLOUT : 0));
        if (l->state == LINGERING && l->close_by_ns < until_ns) {
            until_ns = l->close_by_ns;
        }
    }
    h->polls[LISTENER].events = now_ns >= h->accept_at_ns ? POLLIN : 0;
    if (now_ns < h->accept_at_ns && h->accept_at_ns < until_ns) {
        until_ns = h->accept_at_ns;
    }
    if (until_ns == HEARSAY_NEVER) {
        return -1;
    }
    uint64_t wait_ms = until_ns <= now_ns ? 0 : (until_ns - now_ns) / MS + 1;
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

/* ----------------------------------------------------------- the program */

static void input_read(struct host *h)
{
    ssize_t n = read(STDIN_FILENO, h->input + h->input_len,
                     sizeof(h->input) - h->input_len);

    if (n > 0) {
        h->input_len += (size_t)n;
    } else if (n == 0 || errno != EINTR) {
        h->input_ended = true;
    }
}

/* Publishes the first line of the input; a line that is too long, in pieces.
 * False: there is none, or it must wait. */
static bool publish_one(struct host *h)
{
    const char *end = memchr(h->input, '\n', h->input_len);
    size_t len = end != NULL ? (size_t)(end - h->input) : h->input_len;
    bool whole = end != NULL || h->input_ended || len == sizeof(h->input);

    if (h->input_len == 0 || !whole) {
        return false;
    }
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH,
                               .publish = {.topic = "chat",
                                           .payload = (const uint8_t *)h->input,
                                           .payload_len = len}};
    int err = feed(h, &ev);
    if (err == HEARSAY_ERR_STATE || err == HEARSAY_ERR_AGAIN) {
        return false; /* Not joined yet, or no room: again next turn. */
    }
    if (err != 0) {
        fprintf(stderr, "poll_loop: a line is lost: %s\n",
                hearsay_strerror(err));
    }
    size_t used = end != NULL ? len + 1 : len;
    h->input_len -= used;
    memmove(h->input, h->input + used, h->input_len);
    return true;
}

static void input_publish(struct host *h)
{
    while (publish_one(h)) {
    }
    bool more = !h->input_ended && h->input_len < sizeof(h->input);
    h->polls[INPUT].fd = more && !h->stopped ? STDIN_FILENO : -1;
    if (h->input_ended && h->input_len == 0 && !h->leaving) {
        h->leaving = true;
        (void)feed(h, &(struct hearsay_event){.kind = HEARSAY_EV_LEAVE});
    }
}

static void print_message(const struct hearsay_message *m)
{
    char id[HEARSAY_ID_TEXT_LEN];

    hearsay_id_text(id, &m->origin);
    printf("%.8s %llu ", id, (unsigned long long)m->seq);
    for (size_t i = 0; i < m->payload_len; i++) { /* Maybe to a terminal. */
        uint8_t byte = m->payload[i];
        (void)putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    (void)putchar('\n');
}

/* Its fields, up to the one of HEARSAY_FIELD_END, say more. */
static void print_note(const struct hearsay_note *note)
{
    fprintf(stderr, "%s\n", note->event);
}

/* "host:port", "[v6]:port"; a # begins a comment. False: nothing on the line.
 * The keys that the programs' config.txt may pin are not for this one. */
static bool read_seed(struct hearsay_seed *out, char *line)
{
    line[strcspn(line, "#\r\n")] = '\0';
    line += strspn(line, " \t");
    line[strcspn(line, " \t")] = '\0';
    if (*line == '\0') {
        return false;
    }
    char *colon = strrchr(line, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
    if (port < 1 || port > 65535) {
        die("CONFIG: a line is not host:port");
    }
    *colon = '\0';
    if (*line == '[') {
        line++;
        line[strcspn(line, "]")] = '\0';
    }
    if (strlen(line) > HEARSAY_HOST_MAX) {
        die("CONFIG: a host name is too long");
    }
    *out = (struct hearsay_seed){.port = (uint16_t)port};
    memcpy(out->host, line, strlen(line));
    return true;
}

/* Every node must count the same seeds: a quorum is more than half of them. */
static uint32_t read_seeds(struct hearsay_seed seeds[HEARSAY_SEEDS_MAX],
                           const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512];
    uint32_t count = 0;

    if (file == NULL) {
        die("cannot read CONFIG");
    }
    while (count < HEARSAY_SEEDS_MAX && fgets(line, sizeof(line), file)) {
        count += read_seed(&seeds[count], line) ? 1 : 0;
    }
    (void)fclose(file);
    return count;
}

static void fill_random(void *out, size_t len)
{
    FILE *file = fopen("/dev/urandom", "rb");

    if (file == NULL || fread(out, 1, len, file) != len) {
        die("no random numbers");
    }
    (void)fclose(file);
}

/* The port that the system chose, on all addresses. */
static uint16_t listen_any(int *out_fd)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_addr = IN6ADDR_ANY_INIT};
    socklen_t len = sizeof(sin6);
    int off = 0;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (fd < 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
        bind(fd, (struct sockaddr *)&sin6, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&sin6, &len) != 0) {
        die("cannot listen");
    }
    set_up(fd);
    *out_fd = fd;
    return ntohs(sin6.sin6_port);
}

static struct hearsay_node *make_node(const char *path, const char *name,
                                      uint16_t port)
{
    struct hearsay_config config;
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    struct hearsay_node *node = NULL;
    const char *fault = "out of memory";

    hearsay_config_init(&config, HEARSAY_PEER);
    config.name = name;
    config.seeds = seeds;
    config.seeds_count = read_seeds(seeds, path);
    fill_random(config.secret, sizeof(config.secret)); /* Or the kept one. */
    fill_random(&config.boot_nonce, sizeof(config.boot_nonce));
    fill_random(&config.rng_seed, sizeof(config.rng_seed));
    fill_random(&config.hash_salt, sizeof(config.hash_salt));
    config.addrs[0].port = port; /* The seeds see with which IP. */
    config.addrs_count = 1;
    config.gossip_count = 0; /* It has a user who talks. */
    config.links_max = LINKS_MAX;
    config.queue_max = QUEUE_MAX;
    config.jobs_max = JOBS_MAX;
    if (hearsay_node_create(&node, &config, &fault) != 0) {
        die(fault);
    }
    return node;
}

int main(int argc, char **argv)
{
    static struct host h;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: poll_loop CONFIG [NAME]\n");
        return 2;
    }
    for (int i = 0; i < POLLS; i++) {
        h.polls[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    uint16_t port = listen_any(&h.polls[LISTENER].fd);
    h.node = make_node(argv[1], argc == 3 ? argv[2] : "poll_loop", port);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);

    loop(&h);

    (void)close(h.polls[LISTENER].fd);
    hearsay_node_destroy(h.node);
    return h.stop == HEARSAY_STOP_LEFT ? EXIT_SUCCESS : EXIT_FAILURE;
}
