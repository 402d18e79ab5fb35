/* The files of the log of retained messages: numbered segments in a directory
 * of their own. Knows nothing of what is in them. One thread at a time. */
#ifndef HSY_RUNTIME_MSGFILE_H
#define HSY_RUNTIME_MSGFILE_H

#include <sys/types.h>

#include "hearsay/runtime.h"
#include "runtime/bytes.h"

/* The calls of the system that a full or broken disk fails; tests have others.
 * As pwrite(), fdatasync() and (@names: of a directory) fsync(), errno
 * included. */
struct hsy_msgfile_disk {
    ssize_t (*write)(void *ctx, int fd, struct hsy_slice bytes, off_t at);
    int (*sync)(void *ctx, int fd, bool names);
    void *ctx;
};

struct hsy_msgfiles {
    struct hsy_msgfile_disk disk;
    int dir_fd;    /* -1: not open. */
    char why[160]; /* Why the last call failed. */
};

/* Makes @dir (0700) if it is missing and opens it. @disk NULL: the system's.
 * To be ended with hsy_msgfiles_close(), after a failure too. HEARSAY_ERR_IO,
 * HEARSAY_ERR_DENIED. */
HEARSAY_MUST_USE int hsy_msgfiles_open(struct hsy_msgfiles *files,
                                       const char *dir,
                                       const struct hsy_msgfile_disk *disk);
void hsy_msgfiles_close(struct hsy_msgfiles *files);

/* The numbers of all segments, uint32_t each, rising, at the end of @out.
 * HEARSAY_ERR_IO, HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_msgfiles_list(struct hsy_msgfiles *files,
                                       struct hsy_bytes *out);

/* All of a segment in place of @out. What the disk does not give is zeros.
 * HEARSAY_ERR_IO: none of it; HEARSAY_ERR_TOO_BIG: beyond @len_max;
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_msgfile_read(struct hsy_msgfiles *files,
                                      uint32_t number, size_t len_max,
                                      struct hsy_bytes *out);

/* A descriptor to read or write an existing segment; negative: enum
 * hearsay_err. */
HEARSAY_MUST_USE int hsy_msgfile_open(struct hsy_msgfiles *files,
                                      uint32_t number, bool write);

/* @len bytes at @at; false: they are not there, or cannot be read. */
bool hsy_msgfile_read_at(int fd, void *out, size_t len, uint64_t at);

/* A new segment (0600) that begins with @head, its name on disk, what is in
 * it not yet; gives a descriptor, or HEARSAY_ERR_IO and no such file. */
HEARSAY_MUST_USE int hsy_msgfile_create(struct hsy_msgfiles *files,
                                        uint32_t number, struct hsy_slice head);

/* All of @bytes at @at, or HEARSAY_ERR_IO and any part of them. */
HEARSAY_MUST_USE int hsy_msgfile_write(struct hsy_msgfiles *files, int fd,
                                       struct hsy_slice bytes, uint64_t at);
/* HEARSAY_ERR_IO: nobody knows what of it is on disk. */
HEARSAY_MUST_USE int hsy_msgfile_sync(struct hsy_msgfiles *files, int fd);
/* The first @len bytes stay, on disk. HEARSAY_ERR_IO. */
HEARSAY_MUST_USE int hsy_msgfile_cut(struct hsy_msgfiles *files, int fd,
                                     uint64_t len);
/* Gone from the disk. HEARSAY_ERR_IO: it may come back. */
HEARSAY_MUST_USE int hsy_msgfile_remove(struct hsy_msgfiles *files,
                                        uint32_t number);

#endif
