/* Small files as a whole: read with a limit, replaced in one step. Every
 * failure becomes a text that names the path and the reason. */
#include "runtime/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

int hsy_error_set(struct hearsay_runtime_error *error, int err,
                  const char *format, ...)
{
    HSY_ASSERT(err < 0);
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        error->err = err;
        (void)vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }
    return err;
}

static int failed(struct hearsay_runtime_error *error, const char *doing,
                  const char *path)
{
    int err =
        errno == EACCES || errno == EPERM ? HEARSAY_ERR_DENIED : HEARSAY_ERR_IO;
    return hsy_error_set(error, err, "cannot %s %s: %s", doing, path,
                         strerror(errno));
}

/* Reads up to @max bytes; the number read, or -1 with errno. */
static ssize_t read_fully(int fd, char *out, size_t max)
{
    size_t len = 0;
    while (len < max) {
        ssize_t n = read(fd, out + len, max - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static int write_fully(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_open(struct hsy_file *out, int fd, const char *path,
                     size_t len_max, struct hearsay_runtime_error *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return failed(error, "read", path);
    }
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return failed(error, "read", path);
    }
    /* A pipe has no size, so the limit is what is allocated; one byte more
     * tells a file at the limit from one beyond it, and holds the NUL. */
    size_t room = S_ISREG(st.st_mode) && (uint64_t)st.st_size < len_max
                      ? (size_t)st.st_size + 1
                      : len_max + 1;
    char *data = hsy_mem_alloc(hearsay_mem_default(), room);
    if (data == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM,
                             "cannot read %s: out of memory", path);
    }
    ssize_t n = read_fully(fd, data, room);
    if (n >= 0 && (size_t)n < room) {
        data[n] = '\0';
        *out = (struct hsy_file){.data = data, .len = (size_t)n};
        return 0;
    }
    int rc = n < 0
                 ? failed(error, "read", path)
                 : hsy_error_set(error, HEARSAY_ERR_TOO_BIG,
                                 "%s is larger than %zu bytes", path, len_max);
    hsy_mem_free(hearsay_mem_default(), data);
    return rc;
}

int hsy_file_read(struct hsy_file *out, const char *path, size_t len_max,
                  struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(path != NULL);
    HSY_ASSERT(len_max < SIZE_MAX);

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return failed(error, "read", path);
    }
    int rc = read_open(out, fd, path, len_max, error);
    (void)close(fd);
    return rc;
}

void hsy_file_free(struct hsy_file *file)
{
    if (file->data != NULL) {
        hsy_mem_wipe(file->data, file->len);
    }
    hsy_mem_free(hearsay_mem_default(), file->data);
    *file = (struct hsy_file){0};
}

/* A rename is on disk only when its directory is. */
static int sync_parent(const char *path)
{
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL) {
        (void)snprintf(dir, sizeof(dir), ".");
    } else if (slash == dir) {
        slash[1] = '\0';
    } else {
        *slash = '\0';
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int rc = fsync(fd);
    (void)close(fd);
    return rc;
}

struct bytes {
    const char *data;
    size_t len;
};

/* Writes @path, which must not exist, to disk; removes it on failure. */
static int write_new(const char *path, struct bytes bytes, uint32_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return -1;
    }
    int rc = write_fully(fd, bytes.data, bytes.len);
    if (rc == 0) {
        rc = fsync(fd);
    }
    int reason = errno;
    (void)close(fd);
    if (rc != 0) {
        (void)unlink(path);
    }
    errno = reason;
    return rc;
}

int hsy_file_write(const char *path, const void *data, size_t len,
                   uint32_t mode, struct hearsay_runtime_error *error)
{
    HSY_ASSERT(path != NULL);
    HSY_ASSERT(data != NULL || len == 0);

    char draft[PATH_MAX];
    int n = snprintf(draft, sizeof(draft), "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof(draft)) {
        errno = ENAMETOOLONG;
        return failed(error, "write", path);
    }
    (void)unlink(draft); /* Left behind by a crash. */
    if (write_new(draft, (struct bytes){data, len}, mode) != 0) {
        return failed(error, "write", path);
    }
    if (rename(draft, path) != 0) {
        int reason = errno;
        (void)unlink(draft);
        errno = reason;
        return failed(error, "write", path);
    }
    return sync_parent(path) == 0 ? 0 : failed(error, "write", path);
}

int hsy_dir_make(const char *path, uint32_t mode,
                 struct hearsay_runtime_error *error)
{
    HSY_ASSERT(path != NULL);

    char at[PATH_MAX];
    int n = snprintf(at, sizeof(at), "%s", path);
    if (n <= 0 || (size_t)n >= sizeof(at)) {
        errno = n <= 0 ? EINVAL : ENAMETOOLONG;
        return failed(error, "make directory", path);
    }
    for (char *slash = at + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(at, (mode_t)mode) != 0 && errno != EEXIST) {
            return failed(error, "make directory", at);
        }
        *slash = '/';
    }
    struct stat st;
    if (mkdir(at, (mode_t)mode) != 0 && errno != EEXIST) {
        return failed(error, "make directory", path);
    }
    if (stat(at, &st) != 0) {
        return failed(error, "make directory", path);
    }
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return failed(error, "make directory", path);
    }
    return 0;
}
