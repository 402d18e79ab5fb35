/* The log. A line goes out with one write(), so lines of several processes
 * that append to one file do not mix. A descriptor that takes nothing (a full
 * pipe, a stopped terminal, a full disk) costs at most one short wait; then
 * lines are counted until it takes some again. */
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"
#include "runtime/clock.h"
#include "runtime/files.h"

enum { WAIT_MS = 20 };

struct sink {
    int fd;            /* -1: none. */
    bool stuck;        /* The last write failed: do not wait for it again. */
    bool broken;       /* The last line is there in part. */
    uint64_t lost_now; /* Lines since the last one that was written. */
};

struct hsy_log {
    enum hearsay_level level;
    bool json;
    struct sink err, file;
    uint64_t lost;
    char *output; /* Owned; NULL: no file. */
};

static int open_output(const char *path)
{
    /* O_NONBLOCK matters for a named pipe: nobody may read it. */
    return open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        0640);
}

int hsy_log_open(struct hsy_log **out, const struct hsy_log_config *config,
                 struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(config != NULL);

    const struct hearsay_mem *mem = hearsay_mem_default();
    size_t path_len = config->output == NULL ? 0 : strlen(config->output) + 1;
    struct hsy_log *log = hsy_mem_zalloc(mem, sizeof(*log) + path_len);
    if (log == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    *log = (struct hsy_log){.level = config->level,
                            .json = config->json,
                            .err.fd = config->to_stderr ? STDERR_FILENO : -1,
                            .file.fd = -1};
    if (config->output != NULL) {
        log->output = (char *)(log + 1);
        memcpy(log->output, config->output, path_len);
        log->file.fd = open_output(log->output);
        if (log->file.fd < 0) {
            int rc = hsy_error_set(error, HEARSAY_ERR_IO,
                                   "cannot write the log %s: %s", log->output,
                                   strerror(errno));
            hsy_mem_free(mem, log);
            return rc;
        }
    }
    *out = log;
    return 0;
}

void hsy_log_close(struct hsy_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->file.fd >= 0) {
        (void)close(log->file.fd);
    }
    hsy_mem_free(hearsay_mem_default(), log);
}

static bool takes_bytes(const struct sink *s)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLOUT};
    int rc = poll(&pfd, 1, s->stuck ? 0 : WAIT_MS);
    return rc == 1 && (pfd.revents & POLLOUT) != 0;
}

/* One line, newline included. False: it is not there as a whole. */
static bool sink_write(struct sink *s, const char *line, size_t len)
{
    if (!takes_bytes(s)) {
        return false;
    }
    if (s->broken && write(s->fd, "\n", 1) != 1) {
        return false;
    }
    s->broken = false;
    ssize_t n = write(s->fd, line, len);
    if (n >= 0 && (size_t)n < len) {
        s->broken = n > 0;
    }
    return n == (ssize_t)len;
}

static size_t render(const struct hsy_log *log, char *out,
                     const struct hearsay_note *note, uint64_t wall_ms)
{
    size_t len = log->json
                     ? hsy_note_json(out, HSY_NOTE_LINE_MAX, note, wall_ms)
                     : hsy_note_line(out, HSY_NOTE_LINE_MAX, note, wall_ms);
    HSY_ASSERT(len < HSY_NOTE_LINE_MAX);
    out[len] = '\n';
    return len + 1;
}

static bool sink_note(struct hsy_log *log, struct sink *s,
                      struct hsy_note *note, uint64_t wall_ms)
{
    char line[HSY_NOTE_LINE_MAX];
    size_t len = render(log, line, &note->note, wall_ms);
    return sink_write(s, line, len);
}

/* Once when the file stops taking lines; stderr is all that is left. */
static void tell_stuck(struct hsy_log *log, const char *why, uint64_t wall_ms)
{
    struct sink here = {.fd = STDERR_FILENO, .stuck = true};
    struct hsy_note n = hsy_note(HEARSAY_WARN, "log-failed");
    hsy_note_text(&n, "output", log->output);
    hsy_note_text(&n, "text", why);
    (void)sink_note(log, &here, &n, wall_ms);
}

static void sink_line(struct hsy_log *log, struct sink *s, const char *line,
                      size_t len)
{
    if (s->fd < 0) {
        return;
    }
    if (s->lost_now > 0) {
        struct hsy_note n = hsy_note(HEARSAY_WARN, "log-lines-lost");
        hsy_note_u64(&n, "count", s->lost_now);
        if (sink_note(log, s, &n, hsy_clock_wall_ms())) {
            s->lost_now = 0;
        }
    }
    errno = 0;
    bool written = s->lost_now == 0 && sink_write(s, line, len);
    if (!written) {
        const char *why = errno != 0 ? strerror(errno) : "takes nothing";
        if (!s->stuck && s == &log->file) {
            tell_stuck(log, why, hsy_clock_wall_ms());
        }
        s->lost_now++;
        log->lost++;
    }
    s->stuck = !written;
}

void hsy_log_note(struct hsy_log *log, const struct hearsay_note *note,
                  uint64_t wall_ms)
{
    HSY_ASSERT(log != NULL);
    HSY_ASSERT(note != NULL);

    if (note->level < log->level) {
        return;
    }
    char line[HSY_NOTE_LINE_MAX];
    size_t len = render(log, line, note, wall_ms);
    sink_line(log, &log->file, line, len);
    sink_line(log, &log->err, line, len);
}

void hsy_log_now(struct hsy_log *log, const struct hearsay_note *note)
{
    hsy_log_note(log, note, hsy_clock_wall_ms());
}

void hsy_log_reopen(struct hsy_log *log)
{
    HSY_ASSERT(log != NULL);
    if (log->output == NULL) {
        return;
    }
    int fd = open_output(log->output);
    if (fd < 0) {
        struct hsy_note n = hsy_note(HEARSAY_WARN, "log-reopen-failed");
        hsy_note_text(&n, "output", log->output);
        hsy_note_text(&n, "text", strerror(errno));
        hsy_log_now(log, &n.note);
        return;
    }
    (void)close(log->file.fd);
    /* The lost ones of the old file are told in the new one. */
    log->file = (struct sink){.fd = fd, .lost_now = log->file.lost_now};
}

void hsy_log_set_level(struct hsy_log *log, enum hearsay_level level)
{
    log->level = level;
}

int hsy_log_level_parse(enum hearsay_level *out, const char *text)
{
    static const struct {
        const char *text;
        enum hearsay_level level;
    } levels[] = {{"debug", HEARSAY_DEBUG},
                  {"info", HEARSAY_INFO},
                  {"warn", HEARSAY_WARN},
                  {"error", HEARSAY_ERROR}};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcasecmp(text, levels[i].text) == 0) {
            *out = levels[i].level;
            return 0;
        }
    }
    return HEARSAY_ERR_MALFORMED;
}

uint64_t hsy_log_lost(const struct hsy_log *log)
{
    return log->lost;
}
