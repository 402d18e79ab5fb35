/* Worker j of J does the runs j, j + J, j + 2J ... and writes each result,
 * which is plain bytes, into a pipe. When a worker dies, the first of its
 * runs that it has not answered for is the one that killed it; another worker
 * goes on behind it. Which run a worker does never depends on time, and
 * neither does what is made of the results. */
#include "cli/sim_swarm_jobs.h"

#include "base/assert.h"
#include "base/mem.h"
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 100, JOBS_MAX = 64 };

struct worker {
    pid_t pid; /* 0: none. */
    int fd;
    uint64_t next; /* The run that it is to answer for next. */
    size_t have;   /* Bytes of @in. */
    struct hsy_swarm_result in;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signum)
{
    stopped = signum;
}

void hsy_swarm_catch_signals(void)
{
    /* Reset: the second one does what it does to everybody. */
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)SA_RESETHAND};
    int err = sigaction(SIGINT, &action, NULL);
    err |= sigaction(SIGTERM, &action, NULL);
    HSY_ASSERT(err == 0);
}

bool hsy_swarm_stopped(void)
{
    return stopped != 0;
}

int hsy_swarm_signal(void)
{
    return stopped;
}

/* ------------------------------------------------------------------ workers */

static void trace(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

static bool write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* In the child. */
_Noreturn static void work(const struct hsy_swarm_jobs *jobs, uint64_t first,
                           int fd)
{
    static struct hsy_swarm_plan plan;
    static struct hsy_swarm_result result;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    struct hsy_swarm_setup setup = {.mem = *hearsay_mem_default(),
                                    .crypto = hearsay_crypto_null(),
                                    .hash_salt = jobs->hash_salt,
                                    .trace = jobs->trace ? trace : NULL};
    for (uint64_t run = first; run < jobs->runs; run += jobs->jobs) {
        struct hsy_swarm_choice choice = jobs->choice;
        choice.rng += run;
        hsy_swarm_draw(&plan, &choice);
        /* Without memory the result says so. */
        int err = hsy_swarm_run(&result, &plan, &setup);
        HSY_ASSERT(err == HEARSAY_OK || result.what[0] != '\0');
        if (!write_all(fd, &result, sizeof(result))) {
            _exit(HSY_EXIT_FAILED); /* Nobody is there to hear of it. */
        }
    }
    _exit(HSY_EXIT_DONE);
}

static int worker_start(struct worker *w, const struct hsy_swarm_jobs *jobs)
{
    int fds[2];
    if (pipe(fds) != 0) {
        hsy_cli_complain("no pipe for a worker: %s; use fewer --jobs",
                         strerror(errno));
        return HEARSAY_ERR_IO;
    }
    fflush(NULL); /* Or the child would print it again. */
    pid_t pid = fork();
    if (pid < 0) {
        hsy_cli_complain("no process for a worker: %s; use fewer --jobs",
                         strerror(errno));
        close(fds[0]);
        close(fds[1]);
        return HEARSAY_ERR_IO;
    }
    if (pid == 0) {
        close(fds[0]);
        work(jobs, w->next, fds[1]);
    }
    close(fds[1]);
    w->pid = pid;
    w->fd = fds[0];
    w->have = 0;
    return HEARSAY_OK;
}

/* Reaps it; how it ended. */
static int worker_end(struct worker *w)
{
    int status = 0;
    close(w->fd);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    w->pid = 0;
    w->fd = -1;
    return status;
}

/* The run that it was at killed it. */
static void tell_crash(struct worker *w, const struct hsy_swarm_jobs *jobs,
                       int status)
{
    memset(&w->in, 0, sizeof(w->in));
    memcpy(w->in.what, "crash", sizeof("crash"));
    snprintf(w->in.text, sizeof(w->in.text),
             "the process died (%s %d); see stderr",
             WIFSIGNALED(status) ? "signal" : "exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    struct hsy_swarm_choice choice = jobs->choice;
    choice.rng += w->next;
    static struct hsy_swarm_plan plan;
    hsy_swarm_draw(&plan, &choice);
    w->in.on = plan.on;
    w->in.seeds = plan.seeds;
    w->in.peers = plan.peers;
    w->in.for_ns = plan.for_ns;
    jobs->done(jobs->ctx, w->next, &w->in);
    w->next += jobs->jobs;
}

/* Its pipe can be read, or has ended. */
static int worker_read(struct worker *w, const struct hsy_swarm_jobs *jobs)
{
    ssize_t n = read(w->fd, (char *)&w->in + w->have, sizeof(w->in) - w->have);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return HEARSAY_OK;
    }
    if (n > 0) {
        w->have += (size_t)n;
        if (w->have == sizeof(w->in)) {
            jobs->done(jobs->ctx, w->next, &w->in);
            w->next += jobs->jobs;
            w->have = 0;
        }
        return HEARSAY_OK;
    }
    int status = worker_end(w);
    if (w->next >= jobs->runs || hsy_swarm_stopped()) {
        return HEARSAY_OK;
    }
    tell_crash(w, jobs, status);
    return w->next < jobs->runs ? worker_start(w, jobs) : HEARSAY_OK;
}

/* --------------------------------------------------------------- all of them
 */

/* Waits for any. How many there are. */
static uint32_t wait_for(const struct worker *workers, uint32_t count,
                         bool out_ready[JOBS_MAX])
{
    struct pollfd fds[JOBS_MAX];
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++) {
        out_ready[i] = false;
        fds[i] = (struct pollfd){.fd = workers[i].pid != 0 ? workers[i].fd : -1,
                                 .events = POLLIN};
        live += workers[i].pid != 0 ? 1 : 0;
    }
    if (live > 0 && poll(fds, count, TICK_MS) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            out_ready[i] = fds[i].fd >= 0 && fds[i].revents != 0;
        }
    }
    return live;
}

static int serve(struct worker *workers, uint32_t count,
                 const struct hsy_swarm_jobs *jobs)
{
    int err = HEARSAY_OK;
    bool ready[JOBS_MAX];
    while (err == HEARSAY_OK && !hsy_swarm_stopped() &&
           wait_for(workers, count, ready) > 0) {
        for (uint32_t i = 0; i < count && err == HEARSAY_OK; i++) {
            if (ready[i]) {
                err = worker_read(&workers[i], jobs);
            }
        }
        if (jobs->tick != NULL) {
            jobs->tick(jobs->ctx);
        }
    }
    return err;
}

int hsy_swarm_jobs_run(const struct hsy_swarm_jobs *jobs)
{
    HSY_ASSERT(jobs->jobs >= 1);
    HSY_ASSERT(jobs->jobs <= JOBS_MAX);
    const struct hearsay_mem *mem = hearsay_mem_default();
    uint32_t count =
        jobs->runs < jobs->jobs ? (uint32_t)jobs->runs : jobs->jobs;
    struct worker *workers = hsy_mem_zalloc(mem, count * sizeof(*workers));
    if (workers == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < count && err == HEARSAY_OK; i++) {
        workers[i].next = i;
        err = worker_start(&workers[i], jobs);
    }
    if (err == HEARSAY_OK) {
        err = serve(workers, count, jobs);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (workers[i].pid != 0) {
            kill(workers[i].pid, SIGKILL);
            (void)worker_end(&workers[i]);
        }
    }
    hsy_mem_free(mem, workers);
    return err;
}
