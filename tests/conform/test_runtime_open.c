/* Opening and closing: the data directory, the key, errors with advice,
 * publishing, stopping, and a node on a thread of its own. */
#include "support/stub_host.h"

#include <pthread.h>
#include <sys/stat.h>

#include "runtime/files.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    stub_script = NULL;
    stub_restore_rc = 0;
    stub_step_rc = 0;
    (void)snprintf(dir, sizeof(dir), "/tmp/hearsay-open-XXXXXX");
    CLAIM(mkdtemp(dir) != NULL);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/data/%s", dir, name);
    return path;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "lock",         "node.key",     "node.key.new",         "state.db",
        "state.db-wal", "state.db-shm", "retain/0000000001.log"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(in_dir(names[i]));
    }
    (void)rmdir(in_dir("retain"));
    (void)rmdir(in_dir(""));
    return rmdir(dir);
}

static void init_with_data(struct host *h)
{
    static char data[96];
    (void)snprintf(data, sizeof(data), "%s/data", dir);
    host_init(h);
    h->config.data_dir = data;
}

/* Opens, and claims that it fails with @err and a text that has @part. */
static void claim_refused(struct host *h, int err, const char *part)
{
    struct hearsay_runtime_error error;
    CLAIM_INT(host_try(h, &error), err);
    CLAIM_INT(error.err, err);
    if (strstr(error.text, part) == NULL) {
        print_message("%s\n", error.text);
    }
    CLAIM(strstr(error.text, part) != NULL);
    hsy_loop_destroy(h->loop);
}

static void the_key_is_made_once_and_private(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    host_open(&h);
    struct hearsay_config first = host_node(&h)->seen;
    host_close(&h);
    struct stat st;
    CLAIM_INT(stat(in_dir("node.key"), &st), 0);
    CLAIM_INT(st.st_mode & 07777, 0600);
    CLAIM_INT(st.st_size, 65);
    CLAIM_INT(stat(in_dir(""), &st), 0);
    CLAIM_INT(st.st_mode & 07777, 0700);

    init_with_data(&h);
    host_open(&h);
    struct hearsay_config second = host_node(&h)->seen;
    host_close(&h);
    CLAIM_BYTES(first.secret, second.secret, sizeof(first.secret));
    CLAIM(first.boot_nonce != second.boot_nonce);
    CLAIM(first.rng_seed != second.rng_seed);
    CLAIM(first.hash_salt != second.hash_salt);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    host_open(&h);
    host_close(&h);
    CLAIM_INT(chmod(in_dir("node.key"), 0640), 0);
    char advice[160];
    (void)snprintf(advice, sizeof(advice), "chmod 600 %s", in_dir("node.key"));
    init_with_data(&h);
    claim_refused(&h, HEARSAY_ERR_DENIED, advice);
    CLAIM_INT(chmod(in_dir("node.key"), 0600), 0);
    init_with_data(&h);
    host_open(&h);
    host_close(&h);
}

static void a_damaged_key_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "abc\n", "zz"};
    CLAIM_INT(mkdir(in_dir(""), 0700), 0);
    for (size_t i = 0; i < 3; i++) {
        CLAIM_INT(hsy_file_write(in_dir("node.key"), bad[i], strlen(bad[i]),
                                 0600, NULL),
                  0);
        struct host h;
        init_with_data(&h);
        claim_refused(&h, HEARSAY_ERR_MALFORMED, "64 hex digits");
    }
}

static void a_second_process_is_locked_out_and_told_where(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    host_open(&h);
    pid_t child = fork();
    CLAIM(child >= 0);
    if (child == 0) {
        struct host other;
        struct hearsay_runtime_error error;
        init_with_data(&other);
        int rc = host_try(&other, &error);
        _exit(rc == HEARSAY_ERR_LOCKED && strstr(error.text, dir) != NULL ? 0
                                                                          : 1);
    }
    int status;
    CLAIM_INT(waitpid(child, &status, 0), child);
    CLAIM(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    host_close(&h);
    init_with_data(&h);
    host_open(&h);
    host_close(&h);
}

static void a_directory_that_cannot_be_is_told(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.data_dir = "/dev/null/data";
    claim_refused(&h, HEARSAY_ERR_IO, "/dev/null");
}

static void a_port_in_use_is_told_with_what_to_do(void **state)
{
    (void)state;
    struct host h, second;
    host_init(&h);
    host_open(&h);
    char listen_at[32];
    (void)snprintf(listen_at, sizeof(listen_at), "127.0.0.1:%u",
                   (unsigned)host_port(&h));
    host_init(&second);
    second.config.listen[0] = listen_at;
    char text[80];
    (void)snprintf(text, sizeof(text), "cannot listen on %s: Address already",
                   listen_at);
    claim_refused(&second, HEARSAY_ERR_IO, text);
    host_init(&second);
    second.config.listen[0] = listen_at;
    claim_refused(&second, HEARSAY_ERR_IO, "--listen");
    host_close(&h);
}

static void a_bad_endpoint_is_told(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.listen[0] = "no port here";
    claim_refused(&h, HEARSAY_ERR_INVALID, "\"no port here\"");
    host_init(&h);
    h.config.listen[0] = "nobody.invalid:1";
    claim_refused(&h, HEARSAY_ERR_INVALID, "nobody.invalid");
    host_init(&h);
    h.config.listen[0] = "192.0.2.1:0";
    claim_refused(&h, HEARSAY_ERR_IO, "no such address");
}

static void advertised_addresses_are_what_was_said_or_bound(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.listen[1] = "[::]:0";
    h.config.listen_count = 2;
    host_open(&h);
    struct hearsay_config seen = host_node(&h)->seen;
    struct hearsay_addr bound[2];
    CLAIM(hearsay_runtime_bound(h.rt, 0, &bound[0]));
    CLAIM(hearsay_runtime_bound(h.rt, 1, &bound[1]));
    CLAIM(!hearsay_runtime_bound(h.rt, 2, &bound[1]));
    CLAIM_INT(seen.addrs_count, 2);
    char text[HEARSAY_ADDR_TEXT_LEN];
    hearsay_addr_text(text, &seen.addrs[0]);
    CLAIM(strncmp(text, "127.0.0.1:", 10) == 0);
    CLAIM_INT(seen.addrs[0].port, bound[0].port);
    static const uint8_t none[16] = {0};
    CLAIM_BYTES(seen.addrs[1].ip, none, 16);
    CLAIM_INT(seen.addrs[1].port, bound[1].port);
    host_close(&h);

    host_init(&h);
    h.config.advertise[0] = "192.0.2.7";
    h.config.advertise[1] = "[2001:db8::1]:99";
    h.config.advertise[2] = "2001:db8::2";
    h.config.advertise_count = 3;
    host_open(&h);
    seen = host_node(&h)->seen;
    CLAIM_INT(seen.addrs_count, 3);
    CLAIM_INT(seen.addrs[0].port, host_port(&h));
    hearsay_addr_text(text, &seen.addrs[1]);
    CLAIM_TEXT(text, "[2001:db8::1]:99");
    CLAIM_INT(seen.addrs[2].port, host_port(&h));
    host_close(&h);
}

static void a_wildcard_takes_ipv4_too(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.listen[0] = "[::]:0";
    host_open(&h);
    int fd = host_connect(&h, 0);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_LINK_UP] == 1);
    char text[HEARSAY_ADDR_TEXT_LEN];
    hearsay_addr_text(text, &host_node(&h)->up_from);
    CLAIM(strncmp(text, "127.0.0.1:", 10) == 0);
    (void)close(fd);
    host_close(&h);
}

/* ------------------------------------------------------------------ running */

static void persist_at_start(struct hearsay_node *node,
                             const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_START) {
        stub_persist(node, 1, "a", "1", true);
        stub_persist(node, 1, "b", "2", false);
        stub_persist(node, 2, "c", "3", false);
    }
}

static void rows_are_restored_and_damaged_ones_skipped(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    stub_script = persist_at_start;
    host_open(&h);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_PERSISTED] == 2);
    host_close(&h);

    init_with_data(&h);
    stub_script = NULL;
    host_open(&h);
    CLAIM_INT(host_node(&h)->rows_restored, 3);
    host_close(&h);

    stub_restore_rc = HEARSAY_ERR_MALFORMED;
    init_with_data(&h);
    host_open(&h);
    CLAIM_INT(h.notes, 0); /* No callback from inside open. */
    HOST_UNTIL(&h, h.notes == 4);
    CLAIM_INT(host_node(&h)->rows_restored, 0);
    host_close(&h);
}

static void retain_at_start(struct hearsay_node *node,
                            const struct hearsay_event *ev)
{
    enum hearsay_table messages = HEARSAY_TABLE_MESSAGES;
    if (ev->kind == HEARSAY_EV_START) {
        stub_persist(node, 1, "a", "1", false);
        stub_persist_in(node, 2, messages, "b", "2", true);
        stub_persist_in(node, 2, messages, "c", "3", false);
        stub_persist_in(node, 3, messages, "d", "a last one", false);
    }
}

static void retained_messages_are_kept_when_asked_for(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct host h;
        init_with_data(&h);
        h.config.node.retain_on_disk = on != 0;
        h.config.node.retain_bytes = 1 << 20;
        stub_script = retain_at_start;
        host_open(&h);
        CLAIM_INT(host_node(&h)->rows_restored, on); /* "a" of before. */
        HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_PERSISTED] == 3);
        host_close(&h);
    }
    static const uint32_t restored[] = {1, 4};
    for (int on = 0; on < 2; on++) {
        struct host h;
        init_with_data(&h);
        h.config.node.retain_on_disk = on != 0;
        h.config.node.retain_bytes = 1 << 20;
        stub_script = NULL;
        host_open(&h);
        CLAIM_INT(host_node(&h)->rows_restored, restored[on]);
        /* "listening"; and that there is something nobody reads. */
        HOST_UNTIL(&h, h.notes == (on != 0 ? 1 : 2));
        host_close(&h);
    }
}

static void a_torn_end_of_the_log_is_told(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    h.config.node.retain_on_disk = true;
    h.config.node.retain_bytes = 1 << 20;
    stub_script = retain_at_start;
    host_open(&h);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_PERSISTED] == 3);
    host_close(&h);
    struct stat st;
    CLAIM_INT(stat(in_dir("retain/0000000001.log"), &st), 0);
    CLAIM_INT(truncate(in_dir("retain/0000000001.log"), st.st_size - 1), 0);

    init_with_data(&h);
    h.config.node.retain_on_disk = true;
    h.config.node.retain_bytes = 1 << 20;
    stub_script = NULL;
    host_open(&h);
    CLAIM_INT(host_node(&h)->rows_restored, 3);
    HOST_UNTIL(&h, h.notes == 2); /* And "listening". */
    host_close(&h);
}

static void
retaining_needs_a_directory_and_a_size_that_makes_sense(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.node.retain_on_disk = true;
    claim_refused(&h, HEARSAY_ERR_INVALID, "data directory");
    static const uint64_t sizes[] = {1, (1 << 20) - 1,
                                     (UINT64_C(16) << 30) + 1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        host_init(&h);
        h.config.data_dir = in_dir("never");
        h.config.node.retain_on_disk = true;
        h.config.node.retain_bytes = sizes[i];
        claim_refused(&h, HEARSAY_ERR_INVALID, "1 MiB");
    }
}

static void what_was_asked_for_just_before_closing_is_kept(void **state)
{
    (void)state;
    struct host h;
    init_with_data(&h);
    stub_script = persist_at_start;
    host_open(&h);
    hsy_loop_run_for(h.loop, 0);
    host_close(&h);
    init_with_data(&h);
    stub_script = NULL;
    host_open(&h);
    CLAIM_INT(host_node(&h)->rows_restored, 3);
    host_close(&h);
}

static void without_a_directory_rows_are_answered(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    stub_script = persist_at_start;
    host_open(&h);
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_PERSISTED] == 2);
    host_close(&h);
}

static void echo(struct hearsay_node *node, const struct hearsay_event *ev)
{
    if (ev->kind == HEARSAY_EV_PUBLISH) {
        *ev->publish.out_seq = 41;
        stub_deliver(node, "text");
        stub_note(node, "gossip-seen", "lent");
    }
}

static void publish_again(void *ctx, const struct hearsay_message *message)
{
    struct host *h = ctx;
    uint64_t seq;
    CLAIM_TEXT(message->topic, "stub");
    CLAIM_BYTES(message->payload, "text", 4);
    h->messages++;
    if (h->messages < 3) {
        CLAIM_INT(hearsay_runtime_publish(h->rt, "t", "x", 1, &seq), 0);
    }
}

static void callbacks_come_from_the_loop_and_may_publish(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.on_message = publish_again;
    stub_script = echo;
    host_open(&h);
    uint64_t seq = 0;
    CLAIM_INT(hearsay_runtime_publish(h.rt, "t", "x", 1, &seq),
              HEARSAY_ERR_STATE); /* START is still to come. */
    hsy_loop_run_for(h.loop, HSY_MS);
    CLAIM_INT(hearsay_runtime_publish(h.rt, NULL, "x", 1, &seq), 0);
    CLAIM_INT(seq, 41);
    CLAIM_INT(h.messages, 0);
    HOST_UNTIL(&h, h.messages == 3);
    HOST_UNTIL(&h, h.notes == 4);
    CLAIM_TEXT(h.note_last, "gossip-seen");
    host_close(&h);
}

static void close_inside(void *ctx, const struct hearsay_message *message)
{
    struct host *h = ctx;
    (void)message;
    h->messages++;
    hearsay_runtime_close(h->rt, host_closed, h);
}

static void closing_from_a_callback_is_allowed(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.config.on_message = close_inside;
    stub_script = echo;
    host_open(&h);
    hsy_loop_run_for(h.loop, HSY_MS);
    uint64_t seq;
    CLAIM_INT(hearsay_runtime_publish(h.rt, "t", "x", 1, &seq), 0);
    CLAIM_INT(hearsay_runtime_publish(h.rt, "t", "x", 1, &seq), 0);
    hsy_loop_run(h.loop);
    CLAIM(h.closed);
    CLAIM_INT(h.messages, 1);
    hsy_loop_destroy(h.loop);
}

static void closing_before_the_loop_ran_is_allowed(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_close(&h);
    CLAIM_INT(h.notes, 0);
}

static void a_node_that_never_leaves_is_stopped_in_time(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.limits.leave_ns = 30 * HSY_MS;
    host_open(&h);
    hearsay_runtime_leave(h.rt);
    HOST_UNTIL(&h, h.stops == 1);
    CLAIM_INT(h.stop_why, HEARSAY_STOP_LEFT);
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_LEAVE], 1);
    host_close(&h);
}

static void ticks_come_at_the_nodes_deadline(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    hsy_loop_run_for(h.loop, 5 * HSY_MS);
    uint64_t turns = host_stats(&h).turns;
    hsy_loop_run_for(h.loop, 50 * HSY_MS);
    CLAIM(host_stats(&h).turns <= turns + 3); /* Idle means asleep. */
    CLAIM_INT(host_node(&h)->events[HEARSAY_EV_TICK], 0);
    host_node(&h)->deadline_ns = 1;
    HOST_UNTIL(&h, host_node(&h)->events[HEARSAY_EV_TICK] == 1);
    host_close(&h);
}

/* ---------------------------------------------------- a thread of its own */

struct seen_from_inside {
    pthread_t thread;
    bool bound;
};

static int look_inside(struct hearsay_runtime *rt, void *arg)
{
    struct seen_from_inside *seen = arg;
    struct hearsay_addr addr;
    seen->thread = pthread_self();
    seen->bound = hearsay_runtime_bound(rt, 0, &addr) && addr.port != 0;
    return -77;
}

static void a_thread_publishes_for_others_and_stops(void **state)
{
    (void)state;
    struct hearsay_runtime_config config;
    struct hearsay_runtime_error error;
    struct hearsay_thread *thread;
    hearsay_runtime_config_init(&config, HEARSAY_PEER);
    config.listen[0] = "127.0.0.1:0";
    config.data_dir = NULL;
    config.workers = 1;
    stub_script = echo;
    CLAIM_INT(hearsay_thread_start(&thread, &config, &error), 0);
    uint64_t seq = 0;
    int rc = HEARSAY_ERR_STATE;
    for (int i = 0; i < 10000 && rc == HEARSAY_ERR_STATE; i++) {
        rc = hearsay_thread_publish(thread, "t", "x", 1, &seq);
    }
    CLAIM_INT(rc, 0);
    CLAIM_INT(seq, 41);
    struct seen_from_inside seen = {.bound = false};
    CLAIM_INT(hearsay_thread_call(thread, look_inside, &seen), -77);
    CLAIM(seen.bound);
    CLAIM(!pthread_equal(seen.thread, pthread_self()));
    hearsay_thread_stop(thread); /* The stub never leaves: 3 s. */
    hearsay_thread_stop(NULL);

    config.listen[0] = "192.0.2.1:0";
    CLAIM_INT(hearsay_thread_start(&thread, &config, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "192.0.2.1") != NULL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_key_is_made_once_and_private),
        T(a_key_that_others_can_read_is_refused),
        T(a_damaged_key_is_refused),
        T(a_second_process_is_locked_out_and_told_where),
        T(a_directory_that_cannot_be_is_told),
        T(a_port_in_use_is_told_with_what_to_do),
        T(a_bad_endpoint_is_told),
        T(advertised_addresses_are_what_was_said_or_bound),
        T(a_wildcard_takes_ipv4_too),
        T(rows_are_restored_and_damaged_ones_skipped),
        T(retained_messages_are_kept_when_asked_for),
        T(a_torn_end_of_the_log_is_told),
        T(retaining_needs_a_directory_and_a_size_that_makes_sense),
        T(what_was_asked_for_just_before_closing_is_kept),
        T(without_a_directory_rows_are_answered),
        T(callbacks_come_from_the_loop_and_may_publish),
        T(closing_from_a_callback_is_allowed),
        T(closing_before_the_loop_ran_is_allowed),
        T(a_node_that_never_leaves_is_stopped_in_time),
        T(ticks_come_at_the_nodes_deadline),
        T(a_thread_publishes_for_others_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
