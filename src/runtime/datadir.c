/* The data directory. The lock is flock() on a file of its own: the kernel
 * drops it with the process, so nothing stale is left behind, and SQLite's
 * locks on state.db stay free for people who read it. */
#include "runtime/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/files.h"

static int join(char out[PATH_MAX], const char *dir, const char *name,
                struct hearsay_runtime_error *error)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    if (n < 0 || n >= PATH_MAX) {
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "the path of the data directory is too long");
    }
    return 0;
}

static int lock_failed(struct hearsay_runtime_error *error, const char *path)
{
    if (errno == EWOULDBLOCK) {
        return hsy_error_set(
            error, HEARSAY_ERR_LOCKED,
            "another process uses the data directory %s; stop it (see "
            "`fuser %s/lock`), or give this one another with --data",
            path, path);
    }
    int err =
        errno == EACCES || errno == EPERM ? HEARSAY_ERR_DENIED : HEARSAY_ERR_IO;
    return hsy_error_set(error, err,
                         "cannot write in the data directory %s: %s; make it "
                         "writable for this user, or choose another with "
                         "--data",
                         path, strerror(errno));
}

int hsy_datadir_lock(int *out_fd, const char *path,
                     struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out_fd != NULL);
    HSY_ASSERT(path != NULL);

    char name[PATH_MAX];
    int rc = hsy_dir_make(path, 0700, error);
    if (rc == 0) {
        rc = join(name, path, "lock", error);
    }
    if (rc != 0) {
        return rc;
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return lock_failed(error, path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = lock_failed(error, path);
        (void)close(fd);
        return rc;
    }
    *out_fd = fd;
    return 0;
}

static int key_make(uint8_t out[HEARSAY_SECRET_LEN], const char *path,
                    struct hearsay_runtime_error *error)
{
    struct hearsay_id secret; /* For its text form; it is no id. */
    char text[HEARSAY_ID_TEXT_LEN];
    _Static_assert(sizeof(secret.bytes) == HEARSAY_SECRET_LEN, "both 32");

    int rc = hsy_random(secret.bytes, sizeof(secret.bytes));
    if (rc != 0) {
        return hsy_error_set(error, rc, "the system has no random numbers");
    }
    hearsay_id_text(text, &secret);
    text[sizeof(text) - 1] = '\n';
    rc = hsy_file_write(path, text, sizeof(text), 0600, error);
    if (rc == 0) {
        memcpy(out, secret.bytes, HEARSAY_SECRET_LEN);
    }
    hsy_mem_wipe(&secret, sizeof(secret));
    hsy_mem_wipe(text, sizeof(text));
    return rc;
}

static int key_parse(uint8_t out[HEARSAY_SECRET_LEN], const char *path,
                     const struct hsy_file *file,
                     struct hearsay_runtime_error *error)
{
    size_t len = file->len;
    if (len > 0 && file->data[len - 1] == '\n') {
        len--;
    }
    struct hearsay_id secret;
    if (hsy_id_parse(&secret, file->data, len) != 0) {
        return hsy_error_set(
            error, HEARSAY_ERR_MALFORMED,
            "the key file %s is damaged: it must be 64 hex digits; restore it "
            "from a backup, or remove it to start as a new node",
            path);
    }
    memcpy(out, secret.bytes, HEARSAY_SECRET_LEN);
    hsy_mem_wipe(&secret, sizeof(secret));
    return 0;
}

int hsy_datadir_key(uint8_t out[HEARSAY_SECRET_LEN], const char *path,
                    struct hearsay_runtime_error *error)
{
    char name[PATH_MAX];
    int rc = join(name, path, "node.key", error);
    if (rc != 0) {
        return rc;
    }
    struct stat st;
    if (stat(name, &st) != 0) {
        return errno == ENOENT
                   ? key_make(out, name, error)
                   : hsy_error_set(error, HEARSAY_ERR_IO,
                                   "cannot read the key file %s: %s", name,
                                   strerror(errno));
    }
    if ((st.st_mode & 077) != 0) {
        return hsy_error_set(error, HEARSAY_ERR_DENIED,
                             "the key file %s has mode %04o, so others may "
                             "use this node's identity; run `chmod 600 %s`",
                             name, (unsigned)(st.st_mode & 07777), name);
    }
    struct hsy_file file;
    rc = hsy_file_read(&file, name, 256, error);
    if (rc != 0) {
        return rc == HEARSAY_ERR_TOO_BIG ? HEARSAY_ERR_MALFORMED : rc;
    }
    rc = key_parse(out, name, &file, error);
    hsy_file_free(&file);
    return rc;
}
