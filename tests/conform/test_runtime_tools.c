/* What the runtime offers to cli and admin: timers, watches, signals, child
 * processes, logs, files. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "runtime/child.h"
#include "runtime/clock.h"
#include "runtime/files.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/process.h"
#include "support/claim.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/hearsay-tools-XXXXXX");
    CLAIM(mkdtemp(dir) != NULL);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(in_dir("file"));
    (void)unlink(in_dir("old"));
    (void)rmdir(in_dir("a/b"));
    (void)rmdir(in_dir("a"));
    return rmdir(dir);
}

/* ------------------------------------------------------------------- loop */

struct calls {
    struct uv_loop_s *loop;
    uint32_t count, stop_at;
};

static void on_call(void *ctx)
{
    struct calls *calls = ctx;
    calls->count++;
    if (calls->count == calls->stop_at) {
        hsy_loop_stop(calls->loop);
    }
}

static void a_timer_fires_late_rather_than_early_and_repeats(void **state)
{
    (void)state;
    struct calls calls = {.stop_at = 3};
    struct hsy_timer *timer;
    CLAIM_INT(hsy_loop_create(&calls.loop), 0);
    CLAIM_INT(hsy_timer_create(&timer, calls.loop, on_call, &calls), 0);
    uint64_t start_ns = hsy_clock_mono_ns();
    hsy_timer_start(timer, 10 * HSY_MS, 5 * HSY_MS);
    hsy_loop_run(calls.loop);
    CLAIM_INT(calls.count, 3);
    CLAIM(hsy_clock_mono_ns() - start_ns >= 18 * HSY_MS);
    hsy_timer_stop(timer);
    hsy_loop_run_for(calls.loop, 20 * HSY_MS);
    CLAIM_INT(calls.count, 3);
    hsy_timer_destroy(timer);
    hsy_loop_destroy(calls.loop);
}

static void on_signal(void *ctx, int signum)
{
    CLAIM_INT(signum, SIGUSR1);
    on_call(ctx);
}

static void a_signal_becomes_a_call(void **state)
{
    (void)state;
    struct calls calls = {.stop_at = 1};
    struct hsy_signal *sig;
    CLAIM_INT(hsy_loop_create(&calls.loop), 0);
    CLAIM_INT(hsy_signal_create(&sig, calls.loop, SIGKILL, on_signal, &calls),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_signal_create(&sig, calls.loop, SIGUSR1, on_signal, &calls),
              0);
    CLAIM_INT(raise(SIGUSR1), 0);
    hsy_loop_run(calls.loop);
    CLAIM_INT(calls.count, 1);
    hsy_signal_destroy(sig);
    hsy_loop_destroy(calls.loop);
}

static void on_watch(void *ctx, uint32_t events)
{
    CLAIM_INT(events, HSY_WATCH_READ);
    on_call(ctx);
}

static void a_watch_tells_what_is_ready(void **state)
{
    (void)state;
    struct calls calls = {.stop_at = 1};
    struct hsy_watch *watch;
    int fds[2];
    CLAIM_INT(pipe(fds), 0);
    CLAIM_INT(hsy_loop_create(&calls.loop), 0);
    CLAIM_INT(hsy_watch_create(&watch, calls.loop, fds[0], on_watch, &calls),
              0);
    CLAIM_INT(write(fds[1], "x", 1), 1);
    hsy_loop_run_for(calls.loop, 5 * HSY_MS);
    CLAIM_INT(calls.count, 0);
    hsy_watch_set(watch, HSY_WATCH_READ);
    hsy_loop_run(calls.loop);
    CLAIM_INT(calls.count, 1);
    hsy_watch_set(watch, 0);
    hsy_loop_run_for(calls.loop, 5 * HSY_MS);
    CLAIM_INT(calls.count, 1);
    hsy_watch_destroy(watch);
    hsy_loop_destroy(calls.loop);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* --------------------------------------------------------------- children */

struct output {
    struct uv_loop_s *loop;
    char text[256];
    uint32_t lines;
    size_t longest;
    bool ended;
    int code, signum;
};

static void on_line(void *ctx, enum hsy_child_stream stream, const char *line,
                    size_t line_len)
{
    struct output *out = ctx;
    CLAIM(!out->ended);
    size_t at = strlen(out->text);
    (void)snprintf(out->text + at, sizeof(out->text) - at, "%c:%s|",
                   stream == HSY_CHILD_OUT ? 'o' : 'e', line);
    out->lines++;
    out->longest = line_len > out->longest ? line_len : out->longest;
}

static void on_child_end(void *ctx, int exit_code, int signum)
{
    struct output *out = ctx;
    CLAIM(!out->ended);
    out->ended = true;
    out->code = exit_code;
    out->signum = signum;
    hsy_loop_stop(out->loop);
}

static struct hsy_child *start(struct output *out, const char *script,
                               const char *input)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct hsy_child_config config = {.argv = argv,
                                      .input = input,
                                      .input_len =
                                          input == NULL ? 0 : strlen(input),
                                      .own_session = true,
                                      .on_line = on_line,
                                      .on_exit = on_child_end,
                                      .ctx = out};
    struct hearsay_runtime_error error;
    struct hsy_child *child;
    *out = (struct output){.code = -1};
    CLAIM_INT(hsy_loop_create(&out->loop), 0);
    CLAIM_INT(hsy_child_spawn(&child, out->loop, &config, &error), 0);
    return child;
}

static void run(struct output *out, const char *script, const char *input)
{
    struct hsy_child *child = start(out, script, input);
    hsy_loop_run_for(out->loop, 10 * HSY_SECOND);
    CLAIM(out->ended);
    CLAIM(!hsy_child_running(child));
    hsy_child_kill(child, SIGTERM); /* Nothing happens. */
    hsy_child_destroy(child);
    hsy_loop_destroy(out->loop);
}

static void a_childs_lines_come_before_its_end(void **state)
{
    (void)state;
    struct output out;
    run(&out, "echo one; sleep 0.05; echo two >&2; printf three; exit 7", NULL);
    CLAIM_TEXT(out.text, "o:one|e:two|o:three|");
    CLAIM_INT(out.code, 7);
    CLAIM_INT(out.signum, 0);
}

static void a_childs_input_is_what_was_given(void **state)
{
    (void)state;
    struct output out;
    run(&out, "cat", "hello\nworld");
    CLAIM_TEXT(out.text, "o:hello|o:world|");
    run(&out, "cat", "");
    CLAIM_TEXT(out.text, "");
    run(&out, "cat", NULL);
    CLAIM_INT(out.code, 0);
}

static void a_line_that_is_too_long_is_cut(void **state)
{
    (void)state;
    struct output out;
    run(&out, "head -c 20000 /dev/zero | tr '\\0' x; echo; echo next", NULL);
    CLAIM_INT(out.lines, 2);
    CLAIM_INT(out.longest, HSY_CHILD_LINE_MAX);
}

static void a_grandchild_with_the_pipe_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct output out;
    run(&out, "sleep 3 & exit 3", NULL);
    CLAIM_INT(out.code, 3);
}

static void a_killed_child_says_by_what(void **state)
{
    (void)state;
    struct output out;
    struct hsy_child *child = start(&out, "echo up; exec sleep 60", NULL);
    CLAIM(hsy_child_running(child));
    CLAIM(hsy_child_pid(child) > 0);
    hsy_loop_run_for(out.loop, 50 * HSY_MS);
    hsy_child_kill(child, SIGTERM);
    hsy_loop_run_for(out.loop, 10 * HSY_SECOND);
    CLAIM_INT(out.signum, SIGTERM);
    CLAIM_INT(out.code, 128 + SIGTERM);
    hsy_child_destroy(child);
    hsy_loop_destroy(out.loop);
}

static void destroying_kills_and_reaps(void **state)
{
    (void)state;
    struct output out;
    struct hsy_child *child = start(&out, "exec sleep 60", NULL);
    int pid = hsy_child_pid(child);
    hsy_child_destroy(child);
    hsy_loop_destroy(out.loop);
    CLAIM(!out.ended);
    CLAIM(kill(pid, 0) != 0);
}

static void a_program_that_is_not_there_is_told(void **state)
{
    (void)state;
    const char *const argv[] = {"/nowhere/program", NULL};
    struct hsy_child_config config = {.argv = argv};
    struct hearsay_runtime_error error;
    struct hsy_child *child;
    struct uv_loop_s *loop;
    CLAIM_INT(hsy_loop_create(&loop), 0);
    CLAIM_INT(hsy_child_spawn(&child, loop, &config, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "/nowhere/program") != NULL);
    hsy_loop_destroy(loop);
}

static void a_process_dies_with_its_parent(void **state)
{
    (void)state;
    int fds[2];
    CLAIM_INT(pipe(fds), 0);
    pid_t parent = fork();
    CLAIM(parent >= 0);
    if (parent == 0) {
        pid_t me = getpid();
        if (fork() == 0) {
            int rc = hsy_process_die_with_parent(me);
            char ok = rc == 0 ? 'y' : 'n';
            (void)!write(fds[1], &ok, 1);
            for (;;) {
                (void)pause();
            }
        }
        (void)close(fds[1]);
        (void)pause();
        _exit(0);
    }
    (void)close(fds[1]);
    char ok = 0;
    CLAIM_INT(read(fds[0], &ok, 1), 1);
    CLAIM_INT(ok, 'y');
    CLAIM_INT(kill(parent, SIGKILL), 0);
    CLAIM_INT(read(fds[0], &ok, 1), 0); /* The last writer is gone. */
    CLAIM_INT(waitpid(parent, NULL, 0), parent);
    (void)close(fds[0]);
    CLAIM_INT(hsy_process_die_with_parent(getpid()), HEARSAY_ERR_STATE);
}

/* ------------------------------------------------------------------- files */

static void a_file_is_read_whole_or_refused(void **state)
{
    (void)state;
    struct hearsay_runtime_error error;
    struct hsy_file file;
    CLAIM_INT(hsy_file_write(in_dir("file"), "12345", 5, 0600, &error), 0);
    CLAIM_INT(hsy_file_read(&file, in_dir("file"), 5, &error), 0);
    CLAIM_INT(file.len, 5);
    CLAIM_TEXT(file.data, "12345");
    hsy_file_free(&file);
    CLAIM_INT(hsy_file_read(&file, in_dir("file"), 4, &error),
              HEARSAY_ERR_TOO_BIG);
    CLAIM(strstr(error.text, "larger than 4 bytes") != NULL);
    CLAIM_INT(hsy_file_read(&file, in_dir("none"), 4, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, in_dir("none")) != NULL);
    CLAIM_INT(hsy_file_read(&file, dir, 4, &error), HEARSAY_ERR_IO);
    CLAIM_INT(hsy_file_write(in_dir("file"), "new", 3, 0640, &error), 0);
    CLAIM_INT(hsy_file_read(&file, in_dir("file"), 100, NULL), 0);
    CLAIM_TEXT(file.data, "new");
    hsy_file_free(&file);
}

static void directories_are_made_with_their_parents(void **state)
{
    (void)state;
    struct hearsay_runtime_error error;
    CLAIM_INT(hsy_dir_make(in_dir("a/b"), 0700, &error), 0);
    CLAIM_INT(hsy_dir_make(in_dir("a/b"), 0700, &error), 0);
    CLAIM_INT(hsy_file_write(in_dir("file"), "", 0, 0600, &error), 0);
    CLAIM_INT(hsy_dir_make(in_dir("file"), 0700, &error), HEARSAY_ERR_IO);
    CLAIM_INT(hsy_dir_make(in_dir("file/x"), 0700, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "file/x") != NULL);
}

/* --------------------------------------------------------------------- log */

static struct hsy_log *open_log(const char *path, bool json)
{
    struct hsy_log_config config = {
        .level = HEARSAY_INFO, .json = json, .output = path};
    struct hearsay_runtime_error error;
    struct hsy_log *log;
    CLAIM_INT(hsy_log_open(&log, &config, &error), 0);
    return log;
}

static void say(struct hsy_log *log, enum hearsay_level level,
                const char *event)
{
    struct hsy_note n = hsy_note(level, event);
    hsy_note_u64(&n, "link", 7);
    hsy_log_note(log, &n.note, 0);
}

static void claim_file(const char *name, const char *text)
{
    struct hsy_file file;
    CLAIM_INT(hsy_file_read(&file, in_dir(name), 4096, NULL), 0);
    CLAIM_TEXT(file.data, text);
    hsy_file_free(&file);
}

static void a_log_has_a_line_for_each_note_of_its_level(void **state)
{
    (void)state;
    struct hsy_log *log = open_log(in_dir("file"), false);
    say(log, HEARSAY_DEBUG, "unseen");
    say(log, HEARSAY_INFO, "connect");
    hsy_log_set_level(log, HEARSAY_ERROR);
    say(log, HEARSAY_WARN, "unseen");
    CLAIM_INT(hsy_log_lost(log), 0);
    hsy_log_close(log);
    claim_file("file", "1970-01-01T00:00:00.000Z INFO connect link=7\n");
    enum hearsay_level level = HEARSAY_INFO;
    CLAIM_INT(hsy_log_level_parse(&level, "Debug"), 0);
    CLAIM_INT(level, HEARSAY_DEBUG);
    CLAIM_INT(hsy_log_level_parse(&level, "loud"), HEARSAY_ERR_MALFORMED);
}

static void reopening_follows_a_rotation(void **state)
{
    (void)state;
    struct hsy_log *log = open_log(in_dir("file"), true);
    say(log, HEARSAY_INFO, "one");
    char old[128];
    (void)snprintf(old, sizeof(old), "%s", in_dir("old"));
    CLAIM_INT(rename(in_dir("file"), old), 0);
    say(log, HEARSAY_INFO, "two");
    hsy_log_reopen(log);
    say(log, HEARSAY_INFO, "three");
    hsy_log_close(log);
    claim_file("file", "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":"
                       "\"INFO\",\"event\":\"three\",\"link\":7}\n");
    struct hsy_file file;
    CLAIM_INT(hsy_file_read(&file, old, 4096, NULL), 0);
    CLAIM(strstr(file.data, "two") != NULL);
    hsy_file_free(&file);
}

static void a_log_that_takes_nothing_is_counted_and_told_later(void **state)
{
    (void)state;
    CLAIM_INT(mkfifo(in_dir("file"), 0600), 0);
    int reader = open(in_dir("file"), O_RDONLY | O_NONBLOCK);
    CLAIM(reader >= 0);
    struct hsy_log *log = open_log(in_dir("file"), false);
    int quiet = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    CLAIM_INT(dup2(null, STDERR_FILENO), STDERR_FILENO);
    uint64_t start_ns = hsy_clock_mono_ns();
    for (int i = 0; i < 20000; i++) {
        say(log, HEARSAY_INFO, "connect");
    }
    CLAIM_INT(dup2(quiet, STDERR_FILENO), STDERR_FILENO);
    /* Not even a millisecond of waiting for each, on the busiest machine. */
    CLAIM(hsy_clock_mono_ns() - start_ns < 20 * HSY_SECOND);
    CLAIM(hsy_log_lost(log) > 0);
    CLAIM(hsy_log_lost(log) < 20000);
    CLAIM(hsy_log_is_behind(log));
    static char text[131072];
    ssize_t n;
    do { /* The reader comes back: what was held goes out first. */
        n = read(reader, text, sizeof(text));
    } while (n > 0 && !hsy_log_flush(log));
    while (read(reader, text, sizeof(text)) > 0) {
    }
    say(log, HEARSAY_INFO, "after");
    n = read(reader, text, sizeof(text) - 1);
    CLAIM(n > 0);
    text[n] = '\0';
    CLAIM(strstr(text, "WARN log-lines-lost count=") != NULL);
    CLAIM(strstr(text, "INFO after") != NULL);
    hsy_log_close(log);
    (void)close(reader);
    (void)close(quiet);
    (void)close(null);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_late_rather_than_early_and_repeats),
        cmocka_unit_test(a_signal_becomes_a_call),
        cmocka_unit_test(a_watch_tells_what_is_ready),
        cmocka_unit_test(a_childs_lines_come_before_its_end),
        cmocka_unit_test(a_childs_input_is_what_was_given),
        cmocka_unit_test(a_line_that_is_too_long_is_cut),
        cmocka_unit_test(a_grandchild_with_the_pipe_does_not_hold_up_the_end),
        cmocka_unit_test(a_killed_child_says_by_what),
        cmocka_unit_test(destroying_kills_and_reaps),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(a_process_dies_with_its_parent),
        T(a_file_is_read_whole_or_refused),
        T(directories_are_made_with_their_parents),
        T(a_log_has_a_line_for_each_note_of_its_level),
        T(reopening_follows_a_rotation),
        T(a_log_that_takes_nothing_is_counted_and_told_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
