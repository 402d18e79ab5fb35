/* Links on real sockets: opening, writing, ending, and their deadlines. */
#include "support/stub_host.h"

#include <sys/resource.h>

static void nothing(struct hearsay_node *node, const struct hearsay_event *ev)
{
    (void)node;
    (void)ev;
}

static int reset(void **state)
{
    (void)state;
    stub_script = nothing;
    stub_step_rc = 0;
    return 0;
}

/* ------------------------------------------------------------ accepting */

static void accepted_links_have_odd_rising_numbers(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    int a = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    CLAIM_INT(host_node(&h)->up_last, 1);
    CLAIM(host_node(&h)->up_from.port != 0);
    (void)close(a);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->down_why, HEARSAY_DOWN_CLOSED);
    int b = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 2);
    CLAIM_INT(host_node(&h)->up_last, 3);
    (void)close(b);
    host_close(&h);
}

static void a_reset_is_told_as_one(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    int fd = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    CLAIM_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    (void)close(fd);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->down_why, HEARSAY_DOWN_RESET);
    host_close(&h);
}

static void one_link_too_many_is_closed_at_once(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.links_max = 2;
    host_open(&h);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = host_connect(&h, 0);
        hsy_loop_run_for(h.loop, 5 * HSY_MS);
    }
    HOST_UNTIL(&h, host_stats(&h).accepts_refused == 1);
    CLAIM_INT(host_stats(&h).links, 2);
    char byte;
    CLAIM(recv(fds[2], &byte, 1, 0) <= 0);
    for (int i = 0; i < 3; i++) {
        (void)close(fds[i]);
    }
    HOST_UNTIL(&h, host_stats(&h).links == 0);
    int again = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 3);
    (void)close(again);
    host_close(&h);
}

static void five_hundred_quick_connections_leave_nothing_behind(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    for (uint32_t i = 1; i <= 500; i++) {
        int fd = host_connect(&h, 0);
        CLAIM_INT(send(fd, "x", 1, MSG_NOSIGNAL), 1);
        (void)close(fd);
        if (i % 50 == 0) {
            HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == i);
        }
    }
    CLAIM_INT(host_stats(&h).accepted, 500);
    CLAIM_INT(host_stats(&h).links, 0);
    CLAIM_INT(host_node(&h)->bytes_in, 500);
    host_close(&h);
}

static void without_descriptors_it_waits_and_goes_on(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.limits.accept_pause_ns = 10 * HSY_MS;
    host_open(&h);
    hsy_loop_run_for(h.loop, HSY_MS);
    int fd = host_connect(&h, 0);
    struct rlimit before, none;
    CLAIM_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    CLAIM_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    HOST_UNTIL(&h, host_stats(&h).accept_failures >= 2);
    CLAIM_TEXT(h.note_last, "accept-failed");
    CLAIM_INT(host_stats(&h).links, 0);
    CLAIM_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    (void)close(fd);
    host_close(&h);
}

/* ---------------------------------------------------------------- dialling */

static const char *dial_host;
static uint16_t dial_port;

static void dial_at_start(struct hearsay_node *node,
                          const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_START) {
        (void)stub_dial(node, dial_host, dial_port);
    }
}

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CLAIM_INT(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    CLAIM_INT(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static enum hearsay_down dial_and_fail(const char *to, uint16_t port)
{
    struct host h;
    host_init(&h);
    h.limits.dial_ns = 50 * HSY_MS;
    dial_host = to;
    dial_port = port;
    stub_script = dial_at_start;
    host_open(&h);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->down_last, 2);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_UP], 0);
    CLAIM_INT(host_stats(&h).links, 0);
    enum hearsay_down why = host_node(&h)->down_why;
    host_close(&h);
    return why;
}

static void nobody_there_is_refused(void **state)
{
    (void)state;
    CLAIM_INT(dial_and_fail("127.0.0.1", free_port()), HEARSAY_DOWN_REFUSED);
    CLAIM_INT(dial_and_fail("::1", free_port()), HEARSAY_DOWN_REFUSED);
}

static void a_name_is_tried_at_all_its_addresses(void **state)
{
    (void)state;
    CLAIM_INT(dial_and_fail("localhost", free_port()), HEARSAY_DOWN_REFUSED);
}

static void no_such_name_is_unreachable(void **state)
{
    (void)state;
    CLAIM_INT(dial_and_fail("nobody.invalid", 1), HEARSAY_DOWN_UNREACHABLE);
}

static void no_route_is_unreachable(void **state)
{
    (void)state;
    CLAIM_INT(dial_and_fail("255.255.255.255", 1), HEARSAY_DOWN_UNREACHABLE);
}

/* A listener whose queue is full answers no SYN. */
static void no_answer_is_a_timeout(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int deaf = socket(AF_INET, SOCK_STREAM, 0);
    CLAIM_INT(bind(deaf, (const struct sockaddr *)&at, sizeof(at)), 0);
    CLAIM_INT(listen(deaf, 0), 0);
    CLAIM_INT(getsockname(deaf, (struct sockaddr *)&at, &len), 0);
    int fill[4];
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fill[i], (const struct sockaddr *)&at, sizeof(at));
    }
    CLAIM_INT(dial_and_fail("127.0.0.1", ntohs(at.sin_port)),
              HEARSAY_DOWN_TIMEOUT);
    for (int i = 0; i < 4; i++) {
        (void)close(fill[i]);
    }
    (void)close(deaf);
}

/* Two links of one node: it dials itself by name, and both ends talk. */
static void talk(struct hearsay_node *node, const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_TICK) {
        (void)stub_dial(node, "localhost", dial_port);
    } else if (ev->kind == HEARSAY_EV_LINK_UP && !ev->up.accepted) {
        stub_send(node, ev->up.link, "hello ", 6);
        stub_send(node, ev->up.link, "world", 5);
        stub_hang_up(node, ev->up.link);
    }
}

static void a_dial_by_name_comes_up_and_a_hang_up_flushes(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = talk;
    host_open(&h);
    dial_port = host_port(&h);
    hsy_loop_run_for(h.loop, HSY_MS); /* START is over. */
    host_node(&h)->deadline_ns = 1;
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_UP], 2);
    CLAIM_INT(host_node(&h)->bytes_in, 11);
    CLAIM_INT(host_node(&h)->down_last, 1); /* Only the accepted end. */
    CLAIM_INT(host_node(&h)->down_why, HEARSAY_DOWN_CLOSED);
    CLAIM_INT(host_stats(&h).flushes, 1); /* Both in one write. */
    HOST_UNTIL(&h, host_stats(&h).links_lingering == 0);
    host_close(&h);
}

/* ------------------------------------------------------------------ ending */

enum { BIG = 200 * 1024, BIGS = 40 };

static uint64_t bytes_asked;

static void send_much(struct hearsay_node *node, const struct hearsay_event *ev)
{
    static uint8_t big[BIG];
    if (ev->kind == HEARSAY_EV_LINK_UP) {
        for (int i = 0; i < BIGS; i++) {
            stub_send(node, ev->up.link, big, BIG);
            bytes_asked += BIG;
        }
    }
}

static void send_much_and_hang_up(struct hearsay_node *node,
                                  const struct hearsay_event *ev)
{
    send_much(node, ev);
    if (ev->kind == HEARSAY_EV_LINK_UP) {
        stub_hang_up(node, ev->up.link);
    }
}

static uint64_t drain(struct host *h, int fd)
{
    static char buf[65536];
    uint64_t total = 0;
    for (int i = 0; i < 10000; i++) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n == 0) {
            return total;
        }
        total += n > 0 ? (uint64_t)n : 0;
        if (n < 0) {
            hsy_loop_run_for(h->loop, HSY_MS);
        }
    }
    return total;
}

static void sent_adds_up_to_what_was_asked(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    stub_script = send_much;
    bytes_asked = 0;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    CLAIM(host_node(&h)->bytes_sent < bytes_asked);
    uint64_t got = 0;
    static char buf[65536];
    for (int i = 0; got < bytes_asked && i < 100000; i++) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        got += n > 0 ? (uint64_t)n : 0;
        hsy_loop_run_for(h.loop, n > 0 ? 0 : HSY_MS);
    }
    CLAIM_INT(got, bytes_asked);
    HOST_UNTIL(&h, host_node(&h)->bytes_sent == bytes_asked);
    CLAIM_INT(host_stats(&h).queue_bytes, 0);
    (void)close(fd);
    host_close(&h);
}

/* So that the node can still think better of it. */
static void little_of_it_is_in_the_kernel_while_nobody_reads(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    stub_script = send_much;
    bytes_asked = 0;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    HOST_UNTIL(&h, host_stats(&h).bytes_out > 0);
    hsy_loop_run_for(h.loop, 20 * HSY_MS);
    CLAIM(bytes_asked > 1024 * 1024);
    CLAIM(host_stats(&h).bytes_out < 256 * 1024);
    (void)close(fd);
    host_close(&h);
}

static void a_hang_up_flushes_what_a_slow_reader_takes_in_time(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    stub_script = send_much_and_hang_up;
    bytes_asked = 0;
    host_open(&h);
    h.limits.linger_ns = 9 * HSY_SECOND;
    int fd = host_connect(&h, 0);
    CLAIM_INT(send(fd, "unread", 6, 0), 6);
    HOST_UNTIL(&h, host_stats(&h).links_lingering == 1);
    CLAIM_INT(drain(&h, fd), BIG * BIGS);
    (void)close(fd);
    HOST_UNTIL(&h, host_stats(&h).links_lingering == 0);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_DOWN], 0);
    host_close(&h);
}

static void a_hang_up_waits_no_longer_than_its_deadline(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    h.limits.linger_ns = 30 * HSY_MS;
    stub_script = send_much_and_hang_up;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    HOST_UNTIL(&h, host_stats(&h).links_lingering == 1);
    HOST_UNTIL(&h, host_stats(&h).links_lingering == 0);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_DOWN], 0);
    (void)close(fd);
    host_close(&h);
}

static void who_takes_nothing_is_closed_as_slow(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    h.limits.slow_ns = 100 * HSY_MS;
    stub_script = send_much;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->down_why, HEARSAY_DOWN_SLOW);
    CLAIM_INT(host_stats(&h).slow_closed, 1);
    CLAIM_TEXT(h.note_last, "slow-closed");
    (void)close(fd);
    host_close(&h);
}

static void who_takes_a_little_now_and_then_is_kept(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.queue_max = BIG * BIGS;
    h.limits.slow_ns = 200 * HSY_MS;
    stub_script = send_much;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    static char buf[65536];
    for (int i = 0; i < 100; i++) {
        hsy_loop_run_for(h.loop, 10 * HSY_MS);
        (void)recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    }
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_DOWN], 0);
    (void)close(fd);
    host_close(&h);
}

static void send_too_much(struct hearsay_node *node,
                          const struct hearsay_event *ev)
{
    static uint8_t big[BIG];
    if (ev->kind == HEARSAY_EV_LINK_UP) {
        for (int i = 0; i < 400; i++) {
            stub_send(node, ev->up.link, big, BIG);
        }
    }
}

static void a_queue_beyond_its_bound_is_slow_at_once(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = send_too_much;
    host_open(&h);
    int fd = host_connect(&h, 4096);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_DOWN] == 1);
    CLAIM_INT(host_node(&h)->down_why, HEARSAY_DOWN_SLOW);
    (void)close(fd);
    host_close(&h);
}

static void last_words(struct hearsay_node *node,
                       const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_LEAVE) {
        stub_send(node, node->up_last, "bye", 3);
        stub_stop(node, HEARSAY_STOP_LEFT, "left");
    }
}

static void last_words_are_flushed_before_on_stopped(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = last_words;
    host_open(&h);
    int fd = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    hearsay_runtime_leave(h.rt);
    hearsay_runtime_leave(h.rt);
    char text[8] = "";
    hsy_loop_run_for(h.loop, 20 * HSY_MS);
    CLAIM_INT(recv(fd, text, sizeof(text), 0), 3);
    CLAIM_INT(recv(fd, text, sizeof(text), 0), 0);
    CLAIM_INT(h.stops, 0); /* Our end is still open. */
    (void)close(fd);
    HOST_UNTIL(&h, h.stops == 1);
    CLAIM_INT(h.stop_why, HEARSAY_STOP_LEFT);
    hsy_loop_run_for(h.loop, 5 * HSY_MS);
    CLAIM_INT(h.stops, 1);
    host_close(&h);
}

static void closing_with_dials_and_links_under_way_frees_them(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    dial_host = "nobody.invalid";
    dial_port = 1;
    stub_script = dial_at_start;
    host_open(&h);
    int fd = host_connect(&h, 0);
    hsy_loop_run_for(h.loop, HSY_MS);
    host_close(&h);
    (void)close(fd);
}

/* ---------------------------------------------------------- back-pressure */

/* Its first bytes are enough for a while: until a job is done. */
static void stub_read(struct hearsay_node *node, hearsay_link link, bool on)
{
    *stub_effect(node) = (struct hearsay_effect){
        .kind = HEARSAY_FX_READ, .read = {.link = link, .on = on}};
}

static void pause_first(struct hearsay_node *node,
                        const struct hearsay_event *ev)
{
    static hearsay_link paused;
    if (ev->kind == HEARSAY_EV_BYTES && node->events[ev->kind] == 1) {
        paused = ev->bytes.link;
        stub_read(node, paused, false);
    } else if (ev->kind == HEARSAY_EV_BYTES && node->bytes_in == 5) {
        stub_job(node, HEARSAY_JOB_VERIFY, 0, 50 * HSY_MS);
    } else if (ev->kind == HEARSAY_EV_JOB_DONE) {
        CLAIM_INT(node->bytes_in, 5);
        stub_read(node, paused, true);
        stub_read(node, 999, true); /* No such link: no harm. */
    }
}

static void what_the_node_will_not_read_waits_in_the_kernel(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = pause_first;
    host_open(&h);
    int busy = host_connect(&h, 0), quiet = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 2);
    CLAIM_INT(send(busy, "much", 4, 0), 4);
    HOST_UNTIL(&h, host_stats(&h).links_paused == 1);
    CLAIM_INT(send(busy, "more", 4, 0), 4);
    CLAIM_INT(send(quiet, "x", 1, 0), 1);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_JOB_DONE] == 1);
    HOST_UNTIL(&h, host_node(&h)->bytes_in == 9);
    CLAIM_INT(host_stats(&h).links_paused, 0);
    CLAIM_INT(host_stats(&h).pauses, 1);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_DOWN], 0);
    (void)close(busy);
    (void)close(quiet);
    host_close(&h);
}

static void pause_all(struct hearsay_node *node, const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_BYTES) {
        stub_read(node, ev->bytes.link, false);
    }
}

static void a_link_that_is_not_read_ends_with_the_others(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = pause_all;
    host_open(&h);
    int fd = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    CLAIM_INT(send(fd, "much", 4, 0), 4);
    HOST_UNTIL(&h, host_stats(&h).links_paused == 1);
    host_close(&h);
    (void)close(fd);
}

static void rows_per_read(struct hearsay_node *node,
                          const struct hearsay_event *ev)
{
    static uint64_t token;
    if (ev->kind == HEARSAY_EV_BYTES) {
        for (int i = 0; i < 8; i++) {
            token++;
            stub_persist(node, token, "key", "value", false);
        }
    }
}

static void a_full_disk_stops_reading_and_an_idle_one_resumes(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.jobs_queued_max = 8;
    stub_script = rows_per_read;
    host_open(&h);
    int busy = host_connect(&h, 0), quiet = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 2);
    CLAIM_INT(send(busy, "much more", 9, 0), 9);
    HOST_UNTIL(&h, host_stats(&h).pauses > 0);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LINK_DOWN], 0);
    CLAIM_INT(send(busy, "later", 5, 0), 5);
    HOST_UNTIL(&h, host_node(&h)->bytes_in == 14);
    HOST_UNTIL(&h, host_stats(&h).links_paused == 0);
    (void)close(busy);
    (void)close(quiet);
    host_close(&h);
}

static void bytes_lost_for_want_of_memory_break_the_link(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    int fd = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    stub_step_rc = HEARSAY_ERR_NOMEM;
    CLAIM_INT(send(fd, "x", 1, 0), 1);
    HOST_UNTIL(&h, host_stats(&h).step_failures >= 1);
    stub_step_rc = 0;
    HOST_UNTIL(&h, host_stats(&h).links == 0);
    (void)close(fd);
    host_close(&h);
}

#define T(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(accepted_links_have_odd_rising_numbers),
        T(a_reset_is_told_as_one),
        T(one_link_too_many_is_closed_at_once),
        T(five_hundred_quick_connections_leave_nothing_behind),
        T(without_descriptors_it_waits_and_goes_on),
        T(nobody_there_is_refused),
        T(a_name_is_tried_at_all_its_addresses),
        T(no_such_name_is_unreachable),
        T(no_route_is_unreachable),
        T(no_answer_is_a_timeout),
        T(a_dial_by_name_comes_up_and_a_hang_up_flushes),
        T(sent_adds_up_to_what_was_asked),
        T(little_of_it_is_in_the_kernel_while_nobody_reads),
        T(a_hang_up_flushes_what_a_slow_reader_takes_in_time),
        T(a_hang_up_waits_no_longer_than_its_deadline),
        T(who_takes_nothing_is_closed_as_slow),
        T(who_takes_a_little_now_and_then_is_kept),
        T(a_queue_beyond_its_bound_is_slow_at_once),
        T(last_words_are_flushed_before_on_stopped),
        T(closing_with_dials_and_links_under_way_frees_them),
        T(what_the_node_will_not_read_waits_in_the_kernel),
        T(a_link_that_is_not_read_ends_with_the_others),
        T(a_full_disk_stops_reading_and_an_idle_one_resumes),
        T(bytes_lost_for_want_of_memory_break_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
