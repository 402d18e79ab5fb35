/* A disk in memory for SQLite, behind its VFS interface, that writes down
 * every change in a journal; crash_cut.h makes of the journal what a power cut
 * leaves. The disk promises what ext4 under unix-fsync promises, and no more:
 * what was written before a sync of its file is there, a name is there when
 * its directory was synced, and bytes beside those that are being written are
 * never harmed. The shared memory of the WAL is memory: it dies with its
 * connection, as the first one to come makes it anew anyway. */
#ifndef HSY_TESTS_SUPPORT_CRASH_VFS_H
#define HSY_TESTS_SUPPORT_CRASH_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CRASH_FILES_MAX = 8,
    CRASH_NAME_MAX = 48,
    CRASH_SECTOR = 512 /* What is written or not, as a whole. */
};

struct crash_file {
    char name[CRASH_NAME_MAX]; /* "": no file. */
    uint32_t inode;            /* A file of a name that was free is another. */
    uint8_t *bytes;            /* Owned. */
    size_t len, room;
};

struct crash_disk {
    struct crash_file files[CRASH_FILES_MAX];
    uint32_t inodes; /* So many have been. */
};

void crash_disk_fini(struct crash_disk *disk);
/* *@out is empty, or to be replaced. */
void crash_disk_copy(struct crash_disk *out, const struct crash_disk *disk);
struct crash_file *crash_disk_find(struct crash_disk *disk, const char *name);
/* NULL: CRASH_FILES_MAX are there. */
struct crash_file *crash_disk_add(struct crash_disk *disk, const char *name,
                                  uint32_t inode);
void crash_file_write(struct crash_file *file, size_t at, const uint8_t *bytes,
                      size_t len);
void crash_file_truncate(struct crash_file *file, size_t len);

enum crash_op_kind {
    CRASH_WRITE,
    CRASH_TRUNCATE, /* To @at. */
    CRASH_SYNC,
    CRASH_SYNC_FAILED, /* Of what waited some is there, and some never. */
    CRASH_CREATE,
    CRASH_DELETE
};

struct crash_op {
    enum crash_op_kind kind;
    uint32_t inode;
    bool dir;                  /* The directory is synced as well. */
    char name[CRASH_NAME_MAX]; /* Of CREATE and DELETE. */
    size_t at, len;
    size_t bytes_at; /* In crash_journal.bytes. */
};

struct crash_journal {
    struct crash_disk base; /* Before the first operation. */
    struct crash_op *ops;
    size_t ops_count, ops_room;
    uint8_t *bytes;
    size_t bytes_len, bytes_room;
};

enum crash_fault_kind {
    CRASH_FAULT_NONE,
    CRASH_FAULT_EIO, /* Writes, truncations and syncs fail. */
    CRASH_FAULT_FULL /* What makes a file longer fails. */
};

/* Attempts to change something, counted from 0 since the mount, that fail. A
 * write that fails may have been made in part. */
struct crash_fault {
    enum crash_fault_kind kind;
    uint64_t from, until;
    uint64_t rng;
};

struct crash_vfs;

/* Registers it under @name, which is borrowed. */
struct crash_vfs *crash_vfs_create(const char *name);
void crash_vfs_destroy(struct crash_vfs *v); /* No file of it is open. */
/* A copy of @disk (NULL: an empty one) is there now; nothing is journalled,
 * and nothing fails. No file may be open. */
void crash_vfs_mount(struct crash_vfs *v, const struct crash_disk *disk);
void crash_vfs_fault(struct crash_vfs *v, const struct crash_fault *fault);
/* Operations journalled so far; attempts made; attempts that failed. */
uint64_t crash_vfs_ops(struct crash_vfs *v);
uint64_t crash_vfs_tries(struct crash_vfs *v);
uint64_t crash_vfs_failures(struct crash_vfs *v);
/* Between these two other threads wait with whatever they want of the disk. */
void crash_vfs_hold(struct crash_vfs *v);
void crash_vfs_release(struct crash_vfs *v);
/* Lent until the next mount; not while another thread writes. */
const struct crash_journal *crash_vfs_journal(const struct crash_vfs *v);

#endif
