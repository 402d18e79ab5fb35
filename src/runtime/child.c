/* A child process: uv_spawn, and its two outputs cut into lines of bounded
 * length. Its end is told after its last line: when the process is gone and
 * both pipes are at their end, or 500 ms after the process when a grandchild
 * keeps a pipe open. The object lives until its uv handles are all closed. */
#include "runtime/child.h"

#include <signal.h>
#include <string.h>
#include <uv.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/files.h"

enum { READ_LEN = 4096, PIPE_WAIT_MS = 500 };

struct stream {
    uv_pipe_t pipe;
    struct hsy_child *child;
    enum hsy_child_stream which;
    char *line; /* Owned, HSY_CHILD_LINE_MAX + 1; NULL until bytes come. */
    size_t line_len;
    bool cutting; /* Dropping the rest of a line that is too long. */
    bool ended;
};

struct hsy_child {
    uv_process_t process;
    uv_timer_t pipe_wait;
    uv_pipe_t input;
    uv_write_t input_write;
    char *input_data; /* Owned; NULL: no input. */
    struct stream streams[2];
    uint32_t handles_open;
    bool has_streams;
    bool running, told, destroyed;
    int exit_code, signum;
    void (*on_line)(void *ctx, enum hsy_child_stream stream, const char *line,
                    size_t line_len);
    void (*on_exit)(void *ctx, int exit_code, int signum);
    void *ctx;
    char read_buf[READ_LEN];
};

static void child_free(struct hsy_child *c)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    hsy_mem_free(mem, c->streams[0].line);
    hsy_mem_free(mem, c->streams[1].line);
    hsy_mem_free(mem, c->input_data);
    hsy_mem_free(mem, c);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct hsy_child *c = handle->data;
    HSY_ASSERT(c->handles_open > 0);
    c->handles_open--;
    if (c->handles_open == 0 && c->destroyed) {
        child_free(c);
    }
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_handle_closed);
    }
}

static void tell_exit(struct hsy_child *c)
{
    if (c->told || c->destroyed) {
        return;
    }
    c->told = true;
    (void)uv_timer_stop(&c->pipe_wait);
    if (c->on_exit != NULL) {
        c->on_exit(c->ctx, c->exit_code, c->signum);
    }
}

static bool streams_ended(const struct hsy_child *c)
{
    return !c->has_streams || (c->streams[0].ended && c->streams[1].ended);
}

/* ----------------------------------------------------------------- lines */

static void line_out(struct stream *s)
{
    struct hsy_child *c = s->child;
    size_t len = s->line_len;
    s->line[len] = '\0';
    s->line_len = 0;
    s->cutting = false;
    if (!c->destroyed) {
        c->on_line(c->ctx, s->which, s->line, len);
    }
}

static void line_add(struct stream *s, const char *data, size_t len)
{
    size_t room = HSY_CHILD_LINE_MAX - s->line_len;
    size_t n = len < room ? len : room;
    memcpy(s->line + s->line_len, data, n);
    s->line_len += n;
    s->cutting = n < len;
}

static void lines_in(struct stream *s, const char *data, size_t len)
{
    while (len > 0 && !s->child->destroyed) {
        const char *newline = memchr(data, '\n', len);
        size_t part = newline == NULL ? len : (size_t)(newline - data);
        if (!s->cutting) {
            line_add(s, data, part);
        }
        if (newline == NULL) {
            return;
        }
        line_out(s);
        data += part + 1;
        len -= part + 1;
    }
}

static void stream_end(struct stream *s)
{
    struct hsy_child *c = s->child;
    s->ended = true;
    close_handle((uv_handle_t *)&s->pipe);
    if (s->line_len > 0) {
        line_out(s); /* The last line has no newline. */
    }
    if (!c->running && streams_ended(c)) {
        tell_exit(c);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct hsy_child *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->read_buf, READ_LEN);
}

static void on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *buf)
{
    struct hsy_child *c = uv->data;
    struct stream *s = uv == (uv_stream_t *)&c->streams[0].pipe
                           ? &c->streams[0]
                           : &c->streams[1];
    if (n < 0) {
        stream_end(s);
        return;
    }
    if (n > 0 && s->line == NULL) {
        s->line = hsy_mem_alloc(hearsay_mem_default(), HSY_CHILD_LINE_MAX + 1);
    }
    if (n > 0 && s->line != NULL) {
        lines_in(s, buf->base, (size_t)n);
    }
}

/* ----------------------------------------------------------------- start */

static void on_pipe_wait(uv_timer_t *timer)
{
    tell_exit(timer->data);
}

static void on_process_exit(uv_process_t *process, int64_t code, int signum)
{
    struct hsy_child *c = process->data;
    c->running = false;
    c->signum = signum;
    c->exit_code = signum != 0 ? 128 + signum : (int)code;
    close_handle((uv_handle_t *)&c->process);
    if (streams_ended(c)) {
        tell_exit(c);
    } else if (!c->destroyed) {
        (void)uv_timer_start(&c->pipe_wait, on_pipe_wait, PIPE_WAIT_MS, 0);
    }
}

static void on_input_written(uv_write_t *req, int status)
{
    (void)status; /* It does not read its input: its business. */
    close_handle((uv_handle_t *)req->handle);
}

static int input_copy(struct hsy_child *c,
                      const struct hsy_child_config *config)
{
    if (config->input == NULL) {
        return 0;
    }
    c->input_data = hsy_mem_alloc(hearsay_mem_default(), config->input_len + 1);
    if (c->input_data == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    memcpy(c->input_data, config->input, config->input_len);
    return 0;
}

static void handles_init(struct hsy_child *c, uv_loop_t *loop)
{
    int rc = uv_timer_init(loop, &c->pipe_wait);
    HSY_ASSERT(rc == 0);
    c->pipe_wait.data = c;
    c->handles_open++;
    for (int i = 0; c->has_streams && i < 2; i++) {
        struct stream *s = &c->streams[i];
        rc = uv_pipe_init(loop, &s->pipe, 0);
        HSY_ASSERT(rc == 0);
        s->pipe.data = c;
        s->child = c;
        s->which = i == 0 ? HSY_CHILD_OUT : HSY_CHILD_ERR;
        c->handles_open++;
    }
    if (c->input_data != NULL) {
        rc = uv_pipe_init(loop, &c->input, 0);
        HSY_ASSERT(rc == 0);
        c->input.data = c;
        c->handles_open++;
    }
}

static int spawn(struct hsy_child *c, uv_loop_t *loop,
                 const struct hsy_child_config *config)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = 1},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
    };
    if (c->input_data != NULL) {
        stdio[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
        stdio[0].data.stream = (uv_stream_t *)&c->input;
    }
    for (int i = 0; c->has_streams && i < 2; i++) {
        stdio[1 + i].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
        stdio[1 + i].data.stream = (uv_stream_t *)&c->streams[i].pipe;
    }
    uv_process_options_t options = {
        .file = config->argv[0],
        /* libuv's type is not const; it does not write there. */
        .args = (char **)(uintptr_t)config->argv,
        .cwd = config->cwd,
        .flags = config->own_session ? UV_PROCESS_DETACHED : 0U,
        .stdio = stdio,
        .stdio_count = 3,
        .exit_cb = on_process_exit,
    };
    c->process.data = c;
    c->handles_open++;
    return uv_spawn(loop, &c->process, &options);
}

static void io_start(struct hsy_child *c, size_t input_len)
{
    for (int i = 0; c->has_streams && i < 2; i++) {
        uv_stream_t *s = (uv_stream_t *)&c->streams[i].pipe;
        int rc = uv_read_start(s, on_alloc, on_read);
        HSY_ASSERT(rc == 0);
    }
    if (c->input_data == NULL) {
        return;
    }
    if (input_len == 0) {
        close_handle((uv_handle_t *)&c->input);
        return;
    }
    uv_buf_t buf = uv_buf_init(c->input_data, (unsigned)input_len);
    if (uv_write(&c->input_write, (uv_stream_t *)&c->input, &buf, 1,
                 on_input_written) != 0) {
        close_handle((uv_handle_t *)&c->input);
    }
}

int hsy_child_spawn(struct hsy_child **out, struct uv_loop_s *loop,
                    const struct hsy_child_config *config,
                    struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(config->argv != NULL);
    HSY_ASSERT(config->argv[0] != NULL);
    HSY_ASSERT(config->input_len <= UINT32_MAX);

    struct hsy_child *c = hsy_mem_zalloc(hearsay_mem_default(), sizeof(*c));
    if (c == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    c->on_line = config->on_line;
    c->on_exit = config->on_exit;
    c->ctx = config->ctx;
    c->has_streams = config->on_line != NULL;
    if (input_copy(c, config) != 0) {
        child_free(c);
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    handles_init(c, loop);
    int rc = spawn(c, loop, config);
    if (rc != 0) {
        hsy_child_destroy(c);
        return hsy_error_set(error, HEARSAY_ERR_IO, "cannot start %s: %s",
                             config->argv[0], uv_strerror(rc));
    }
    c->running = true;
    io_start(c, config->input_len);
    *out = c;
    return 0;
}

int hsy_child_pid(const struct hsy_child *child)
{
    return uv_process_get_pid(&child->process);
}

bool hsy_child_running(const struct hsy_child *child)
{
    return child->running;
}

void hsy_child_kill(struct hsy_child *child, int signum)
{
    if (child->running) {
        (void)uv_process_kill(&child->process, signum);
    }
}

void hsy_child_destroy(struct hsy_child *child)
{
    if (child == NULL) {
        return;
    }
    HSY_ASSERT(!child->destroyed);
    child->destroyed = true;
    close_handle((uv_handle_t *)&child->pipe_wait);
    for (int i = 0; child->has_streams && i < 2; i++) {
        close_handle((uv_handle_t *)&child->streams[i].pipe);
    }
    if (child->input_data != NULL) {
        close_handle((uv_handle_t *)&child->input);
    }
    if (child->running) {
        /* on_process_exit() reaps it and closes the last handle. */
        (void)uv_process_kill(&child->process, SIGKILL);
    } else {
        close_handle((uv_handle_t *)&child->process);
    }
}
