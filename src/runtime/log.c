/* The log: notes rendered as lines, for stderr and a file. Lines that several
 * processes append to one file do not mix: each goes out with one write(). */
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
#include "runtime/log_sink.h"

enum { CLOSE_TRIES = 50, CLOSE_WAIT_MS = 10 };

struct hsy_log {
    enum hearsay_level level;
    bool json;
    struct hsy_log_sink err, file;
    bool told; /* That the file takes nothing. */
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
    /* A busy reader gets a moment for the last lines. */
    for (int i = 0; i < CLOSE_TRIES && !hsy_log_flush(log); i++) {
        (void)poll(NULL, 0, CLOSE_WAIT_MS);
    }
    if (log->file.fd >= 0) {
        (void)close(log->file.fd);
    }
    hsy_log_sink_fini(&log->file);
    hsy_log_sink_fini(&log->err);
    hsy_mem_free(hearsay_mem_default(), log);
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

static bool sink_note(const struct hsy_log *log, struct hsy_log_sink *s,
                      const struct hsy_note *note)
{
    char line[HSY_NOTE_LINE_MAX];
    size_t len = render(log, line, &note->note, hsy_clock_wall_ms());
    return hsy_log_sink_put(s, line, len);
}

/* Once, when the file stops taking lines; stderr is all that is left. */
static void tell_stuck(struct hsy_log *log)
{
    struct hsy_log_sink here = {.fd = STDERR_FILENO};
    struct hsy_note n = hsy_note(HEARSAY_WARN, "log-failed");
    const char *why =
        log->file.err != 0 ? strerror(log->file.err) : "takes nothing";

    if (log->told) {
        return;
    }
    log->told = true;
    hsy_note_text(&n, "output", log->output);
    hsy_note_text(&n, "text", why);
    (void)sink_note(log, &here, &n);
    hsy_log_sink_fini(&here);
}

static void tell_lost(const struct hsy_log *log, struct hsy_log_sink *s)
{
    struct hsy_note n = hsy_note(HEARSAY_WARN, "log-lines-lost");
    uint64_t lost = s->lost;

    hsy_note_u64(&n, "count", lost);
    if (hsy_log_sink_flush(s) && sink_note(log, s, &n)) {
        s->lost -= lost;
    }
}

static void sink_line(struct hsy_log *log, struct hsy_log_sink *s,
                      const char *line, size_t len)
{
    if (s->fd < 0) {
        return;
    }
    if (s->lost > 0) {
        tell_lost(log, s);
    }
    log->lost += hsy_log_sink_put(s, line, len) ? 0 : 1;
    if (s == &log->file && s->err != 0) {
        tell_stuck(log);
    }
}

bool hsy_log_flush(struct hsy_log *log)
{
    bool err_done = log->err.fd < 0 || hsy_log_sink_flush(&log->err);
    bool file_done = log->file.fd < 0 || hsy_log_sink_flush(&log->file);

    return err_done && file_done;
}

bool hsy_log_is_behind(const struct hsy_log *log)
{
    return log->err.held_len > 0 || log->file.held_len > 0;
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
    (void)hsy_log_sink_flush(&log->file);
    (void)close(log->file.fd);
    /* What the old file did not take goes to the new one. */
    log->file.fd = fd;
    log->told = false;
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
