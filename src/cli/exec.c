/* The command reads the message from a file in memory: all of it is written
 * before the command is waited for, whether or not the command reads it. The
 * end comes as an event on a pidfd, so that waiting has a deadline. */
#include "cli/exec.h"

#include "base/assert.h"
#include "base/time.h"
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(const char *command,
                             const struct hsy_exec_message *message,
                             int input_fd)
{
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL); /* We ignore it; a shell expects it. */
    if (dup2(input_fd, STDIN_FILENO) < 0 ||
        setenv("HEARSAY_ORIGIN", message->origin, 1) != 0 ||
        setenv("HEARSAY_SEQ", message->seq, 1) != 0 ||
        setenv("HEARSAY_TOPIC", message->topic, 1) != 0) {
        _exit(126);
    }
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* A descriptor at the beginning of the payload; -1 and errno. */
static int payload_file(const struct hsy_exec_message *message)
{
    int fd = memfd_create("hearsay-message", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < message->payload_len) {
        const uint8_t *at = (const uint8_t *)message->payload + done;
        ssize_t written = write(fd, at, message->payload_len - done);
        if (written < 0) {
            int err = errno;
            close(fd);
            errno = err;
            return -1;
        }
        done += (size_t)written;
    }
    if (fd >= 0) {
        (void)lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

/* 0 or the errno. *@out_pid is the leader of its own process group. */
static int spawn(const char *command, const struct hsy_exec_message *message,
                 pid_t *out_pid)
{
    int fd = payload_file(message);
    if (fd < 0) {
        return errno;
    }
    int err = 0;
    pid_t pid = fork();
    if (pid == 0) {
        become(command, message, fd);
    }
    if (pid < 0) {
        err = errno;
    } else {
        *out_pid = pid;
    }
    close(fd);
    return err;
}

/* False: still running after @timeout_ns. */
static bool wait_bounded(pid_t pid, uint64_t timeout_ns)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0) {
        return false;
    }
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&poll_fd, 1, (int)(timeout_ns / HSY_MS));
    } while (ready < 0 && errno == EINTR);
    close(fd);
    return ready > 0;
}

bool hsy_exec_run(const char *command, const struct hsy_exec_message *message)
{
    HSY_ASSERT(message->payload_len <= HEARSAY_PAYLOAD_MAX);
    HSY_ASSERT(message->timeout_ns > 0);
    pid_t pid = 0;
    int err = spawn(command, message, &pid);
    if (err != 0) {
        hsy_cli_complain("watch: --exec: cannot start sh: %s", strerror(err));
        return false;
    }
    bool ended = wait_bounded(pid, message->timeout_ns);
    if (!ended) {
        kill(-pid, SIGKILL);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (!ended) {
        hsy_cli_complain("watch: --exec: message #%s: killed after %.3g s",
                         message->seq,
                         (double)message->timeout_ns / HSY_SECOND);
        return false;
    }
    if (WIFSIGNALED(status)) {
        hsy_cli_complain("watch: --exec: message #%s: ended by signal %d",
                         message->seq, WTERMSIG(status));
        return false;
    }
    if (WEXITSTATUS(status) != 0) {
        hsy_cli_complain("watch: --exec: message #%s: exit code %d",
                         message->seq, WEXITSTATUS(status));
        return false;
    }
    return true;
}
