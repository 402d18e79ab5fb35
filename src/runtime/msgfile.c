/* A file is named by its number, with zeros in front so that a listing shows
 * the order: 0000000042.log. Names are on disk before anything counts on
 * them, and gone from it before anything counts on that: hence a sync of the
 * directory for each. */
#include "runtime/msgfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/files.h"

enum { NAME_LEN = 10 + 4, READ_LEN = 64 * 1024 };

struct name {
    char text[NAME_LEN + 1];
};

static struct name name_of(uint32_t number)
{
    struct name name;
    int n = snprintf(name.text, sizeof(name.text), "%010u.log", number);
    HSY_ASSERT(n == NAME_LEN);
    return name;
}

/* False: not one of ours. */
static bool number_of(const char *text, uint32_t *out)
{
    uint64_t number = 0;
    if (strlen(text) != NAME_LEN || strcmp(text + 10, ".log") != 0) {
        return false;
    }
    for (int i = 0; i < 10; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = 10 * number + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)number;
    return number >= 1 && number < UINT32_MAX;
}

static int failed(struct hsy_msgfiles *files, const char *doing)
{
    int reason = errno;
    (void)snprintf(files->why, sizeof(files->why),
                   "cannot %s the log of retained messages: %s", doing,
                   strerror(reason));
    return reason == EACCES || reason == EPERM ? HEARSAY_ERR_DENIED
                                               : HEARSAY_ERR_IO;
}

static ssize_t system_write(void *ctx, int fd, struct hsy_slice bytes, off_t at)
{
    (void)ctx;
    return pwrite(fd, bytes.data, bytes.len, at);
}

/* fdatasync() of a directory need not write an entry that found room in it. */
static int system_sync(void *ctx, int fd, bool names)
{
    (void)ctx;
    return names ? fsync(fd) : fdatasync(fd);
}

static const struct hsy_msgfile_disk system_disk = {.write = system_write,
                                                    .sync = system_sync};

/* ---------------------------------------------------------- the directory */

/* The name of the directory itself. */
static int sync_parent(const struct hsy_msgfiles *files)
{
    int fd = openat(files->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int rc = fsync(fd);
    (void)close(fd);
    return rc;
}

int hsy_msgfiles_open(struct hsy_msgfiles *files, const char *dir,
                      const struct hsy_msgfile_disk *disk)
{
    struct hearsay_runtime_error error = {.err = 0};

    *files = (struct hsy_msgfiles){.disk = disk != NULL ? *disk : system_disk,
                                   .dir_fd = -1};
    int rc = hsy_dir_make(dir, 0700, &error);
    if (rc != 0) {
        (void)snprintf(files->why, sizeof(files->why), "%.150s", error.text);
        return rc;
    }
    files->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->dir_fd < 0 || sync_parent(files) != 0) {
        return failed(files, "open");
    }
    return 0;
}

void hsy_msgfiles_close(struct hsy_msgfiles *files)
{
    if (files->dir_fd >= 0) {
        (void)close(files->dir_fd);
        files->dir_fd = -1;
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t x;
    uint32_t y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static int list(DIR *dir, struct hsy_bytes *out)
{
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        uint32_t number;
        if (number_of(entry->d_name, &number) &&
            hsy_bytes_add(out, &number, sizeof(number)) != 0) {
            return HEARSAY_ERR_NOMEM;
        }
    }
    return errno == 0 ? 0 : HEARSAY_ERR_IO;
}

int hsy_msgfiles_list(struct hsy_msgfiles *files, struct hsy_bytes *out)
{
    int fd = openat(files->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed(files, "list");
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int rc = failed(files, "list");
        (void)close(fd);
        return rc;
    }
    int rc = list(dir, out);
    rc = rc == HEARSAY_ERR_IO ? failed(files, "list") : rc;
    (void)closedir(dir);
    if (rc == 0 && out->len > 0) {
        qsort(out->data, out->len / sizeof(uint32_t), sizeof(uint32_t),
              by_number);
    }
    return rc;
}

/* ---------------------------------------------------------------- a file */

int hsy_msgfile_open(struct hsy_msgfiles *files, uint32_t number, bool write)
{
    struct name name = name_of(number);
    int flags =
        (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = openat(files->dir_fd, name.text, flags);
    return fd >= 0 ? fd : failed(files, "open a file of");
}

/* A block that cannot be read stays zero: no record lies in it. */
static void read_blocks(int fd, struct hsy_bytes *out, size_t len)
{
    memset(out->data, 0, len);
    out->len = len;
    size_t at = 0;
    while (at < len) {
        size_t want = len - at < READ_LEN ? len - at : READ_LEN;
        ssize_t n = pread(fd, out->data + at, want, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        at += n > 0 ? (size_t)n : want;
    }
}

int hsy_msgfile_read(struct hsy_msgfiles *files, uint32_t number,
                     size_t len_max, struct hsy_bytes *out)
{
    struct stat st;
    int fd = hsy_msgfile_open(files, number, false);
    if (fd < 0) {
        return fd;
    }
    int rc = 0;
    out->len = 0;
    if (fstat(fd, &st) != 0) {
        rc = failed(files, "read");
    } else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > len_max) {
        rc = HEARSAY_ERR_TOO_BIG;
    } else if (st.st_size > 0) {
        rc = hsy_bytes_reserve(out, (size_t)st.st_size);
    }
    if (rc == 0 && st.st_size > 0) {
        read_blocks(fd, out, (size_t)st.st_size);
    }
    (void)close(fd);
    return rc;
}

bool hsy_msgfile_read_at(int fd, void *out, size_t len, uint64_t at)
{
    uint8_t *to = out;
    while (len > 0) {
        ssize_t n = pread(fd, to, len, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        to += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

int hsy_msgfile_write(struct hsy_msgfiles *files, int fd,
                      struct hsy_slice bytes, uint64_t at)
{
    while (bytes.len > 0) {
        ssize_t n = files->disk.write(files->disk.ctx, fd, bytes, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            (void)failed(files, "write");
            return HEARSAY_ERR_IO;
        }
        bytes.data += n;
        bytes.len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

static int sync_fd(struct hsy_msgfiles *files, int fd, bool names)
{
    if (files->disk.sync(files->disk.ctx, fd, names) == 0) {
        return 0;
    }
    (void)failed(files, "write");
    return HEARSAY_ERR_IO;
}

int hsy_msgfile_sync(struct hsy_msgfiles *files, int fd)
{
    return sync_fd(files, fd, false);
}

int hsy_msgfile_create(struct hsy_msgfiles *files, uint32_t number,
                       struct hsy_slice head)
{
    struct name name = name_of(number);
    int fd = openat(files->dir_fd, name.text,
                    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        (void)failed(files, "make a file of");
        return HEARSAY_ERR_IO;
    }
    int rc = hsy_msgfile_write(files, fd, head, 0);
    if (rc == 0) {
        rc = sync_fd(files, files->dir_fd, true);
    }
    if (rc == 0) {
        return fd;
    }
    (void)close(fd);
    (void)unlinkat(files->dir_fd, name.text, 0);
    return rc;
}

int hsy_msgfile_cut(struct hsy_msgfiles *files, int fd, uint64_t len)
{
    if (ftruncate(fd, (off_t)len) != 0) {
        (void)failed(files, "cut");
        return HEARSAY_ERR_IO;
    }
    return hsy_msgfile_sync(files, fd);
}

int hsy_msgfile_remove(struct hsy_msgfiles *files, uint32_t number)
{
    struct name name = name_of(number);
    if (unlinkat(files->dir_fd, name.text, 0) != 0 && errno != ENOENT) {
        (void)failed(files, "remove a file of");
        return HEARSAY_ERR_IO;
    }
    return sync_fd(files, files->dir_fd, true);
}
