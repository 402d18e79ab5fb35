/* Lines first go behind what is held, then as much as possible goes out: one
 * path for the quick and for the stuck descriptor. */
#include "runtime/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

/* A pipe that poll() calls writable has room for this much (PIPE_BUF), so
 * that a write of it does not wait even on a blocking descriptor. */
enum { CHUNK_MAX = 4096, ROOM_FIRST = 4096 };

void hsy_log_sink_fini(struct hsy_log_sink *s)
{
    hsy_mem_free(hearsay_mem_default(), s->held);
    s->held = NULL;
    s->held_len = 0;
    s->held_room = 0;
}

static bool takes_bytes(const struct hsy_log_sink *s)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLOUT};

    return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT) != 0;
}

bool hsy_log_sink_flush(struct hsy_log_sink *s)
{
    size_t done = 0;

    HSY_ASSERT(s->held_len <= s->held_room);
    while (done < s->held_len && takes_bytes(s)) {
        size_t len = s->held_len - done;
        len = len < CHUNK_MAX ? len : CHUNK_MAX;
        ssize_t n = write(s->fd, s->held + done, len);
        s->err = n < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    s->held_len -= done;
    if (s->held_len == 0) {
        hsy_log_sink_fini(s);
        return true;
    }
    memmove(s->held, s->held + done, s->held_len);
    return false;
}

/* False: over the bound, or no memory. */
static bool reserve(struct hsy_log_sink *s, size_t len)
{
    size_t room = s->held_room == 0 ? ROOM_FIRST : s->held_room;

    if (s->held_len + len > HSY_LOG_HELD_MAX) {
        return false;
    }
    while (room < s->held_len + len) {
        room *= 2;
    }
    if (room == s->held_room) {
        return true;
    }
    char *held = hsy_mem_alloc(hearsay_mem_default(), room);
    if (held == NULL) {
        return false;
    }
    if (s->held_len > 0) {
        memcpy(held, s->held, s->held_len);
    }
    hsy_mem_free(hearsay_mem_default(), s->held);
    s->held = held;
    s->held_room = room;
    return true;
}

bool hsy_log_sink_put(struct hsy_log_sink *s, const char *line, size_t len)
{
    HSY_ASSERT(len >= 1);
    HSY_ASSERT(s->fd >= 0);
    if (!reserve(s, len)) {
        s->lost++;
        return false;
    }
    memcpy(s->held + s->held_len, line, len);
    s->held_len += len;
    (void)hsy_log_sink_flush(s);
    return true;
}
