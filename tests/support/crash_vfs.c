/* The disk and its journal. */
#include "support/crash_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"

enum { REGIONS_MAX = 16, PATH_MAX_LEN = CRASH_NAME_MAX - 1 };

struct crash_vfs {
    sqlite3_vfs vfs;
    pthread_mutex_t lock; /* Recursive. */
    struct crash_disk disk;
    struct crash_journal journal;
    struct crash_fault fault;
    uint64_t tries, failures;
    struct hsy_prng prng;
};

struct open_file {
    sqlite3_file base;
    struct crash_vfs *v;
    struct crash_file *file; /* Of the disk, or own. */
    struct crash_file own;   /* Of a temporary file. */
    bool temporary;
    bool new_name; /* Its first sync is one of the directory as well. */
    void *regions[REGIONS_MAX];
};

/* ------------------------------------------------------------------ disks */

static void *grown(void *items, size_t *room, size_t wanted, size_t len)
{
    if (wanted <= *room) {
        return items;
    }
    while (*room < wanted) {
        *room = *room == 0 ? 64 : *room * 2;
    }
    void *more = realloc(items, *room * len);
    HSY_ASSERT(more != NULL);
    return more;
}

static void file_fini(struct crash_file *file)
{
    free(file->bytes);
    *file = (struct crash_file){.inode = 0};
}

void crash_disk_fini(struct crash_disk *disk)
{
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        file_fini(&disk->files[i]);
    }
    disk->inodes = 0;
}

void crash_disk_copy(struct crash_disk *out, const struct crash_disk *disk)
{
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        struct crash_file *to = &out->files[i];
        const struct crash_file *from = &disk->files[i];
        memcpy(to->name, from->name, sizeof(to->name));
        to->inode = from->inode;
        to->len = 0;
        crash_file_write(to, 0, from->bytes, from->len);
    }
    out->inodes = disk->inodes;
}

struct crash_file *crash_disk_find(struct crash_disk *disk, const char *name)
{
    for (uint32_t i = 0; i < CRASH_FILES_MAX; i++) {
        if (strcmp(disk->files[i].name, name) == 0) {
            return &disk->files[i];
        }
    }
    return NULL;
}

struct crash_file *crash_disk_add(struct crash_disk *disk, const char *name,
                                  uint32_t inode)
{
    struct crash_file *file = crash_disk_find(disk, "");
    size_t len = strlen(name);

    HSY_ASSERT(len >= 1);
    HSY_ASSERT(len <= PATH_MAX_LEN);
    if (file != NULL) {
        memcpy(file->name, name, len + 1);
        file->inode = inode;
        file->len = 0;
    }
    return file;
}

void crash_file_truncate(struct crash_file *file, size_t len)
{
    file->bytes = grown(file->bytes, &file->room, len, 1);
    if (len > file->len) {
        memset(file->bytes + file->len, 0, len - file->len);
    }
    file->len = len;
}

void crash_file_write(struct crash_file *file, size_t at, const uint8_t *bytes,
                      size_t len)
{
    if (len == 0) {
        return;
    }
    if (at + len > file->len) {
        crash_file_truncate(file, at + len);
    }
    memcpy(file->bytes + at, bytes, len);
}

/* ---------------------------------------------------------------- journal */

static void lock(struct crash_vfs *v)
{
    int rc = pthread_mutex_lock(&v->lock);
    HSY_ASSERT(rc == 0);
}

static void unlock(struct crash_vfs *v)
{
    int rc = pthread_mutex_unlock(&v->lock);
    HSY_ASSERT(rc == 0);
}

static void note(struct crash_vfs *v, struct crash_op op, const uint8_t *bytes)
{
    struct crash_journal *j = &v->journal;

    j->ops = grown(j->ops, &j->ops_room, j->ops_count + 1, sizeof(*j->ops));
    if (op.kind == CRASH_WRITE) {
        j->bytes = grown(j->bytes, &j->bytes_room, j->bytes_len + op.len, 1);
        memcpy(j->bytes + j->bytes_len, bytes, op.len);
        op.bytes_at = j->bytes_len;
        j->bytes_len += op.len;
    }
    j->ops[j->ops_count] = op;
    j->ops_count++;
}

static void note_name(struct crash_vfs *v, enum crash_op_kind kind,
                      const struct crash_file *file, bool dir)
{
    struct crash_op op = {.kind = kind, .inode = file->inode, .dir = dir};

    memcpy(op.name, file->name, sizeof(op.name));
    note(v, op, NULL);
}

/* Does this attempt fail? @longer: it needs room. */
static bool fails(struct crash_vfs *v, bool longer)
{
    const struct crash_fault *f = &v->fault;
    uint64_t try = v->tries;

    v->tries++;
    bool now = f->kind != CRASH_FAULT_NONE && try >= f->from &&
               try < f->until && (f->kind == CRASH_FAULT_EIO || longer);
    v->failures += now ? 1 : 0;
    return now;
}

static int error_of(const struct crash_vfs *v, int eio)
{
    return v->fault.kind == CRASH_FAULT_FULL ? SQLITE_FULL : eio;
}

/* ------------------------------------------------------------------ files */

static struct open_file *opened(sqlite3_file *base)
{
    return (struct open_file *)(void *)base;
}

static void do_write(struct open_file *of, size_t at, const uint8_t *bytes,
                     size_t len)
{
    crash_file_write(of->file, at, bytes, len);
    if (!of->temporary && len > 0) {
        note(of->v,
             (struct crash_op){.kind = CRASH_WRITE,
                               .inode = of->file->inode,
                               .at = at,
                               .len = len},
             bytes);
    }
}

static int on_close(sqlite3_file *base)
{
    struct open_file *of = opened(base);

    for (uint32_t i = 0; i < REGIONS_MAX; i++) {
        free(of->regions[i]);
    }
    file_fini(&of->own);
    return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *out, int len, sqlite3_int64 at)
{
    struct open_file *of = opened(base);
    size_t want = (size_t)len;
    size_t from = (size_t)at;

    lock(of->v);
    size_t there = from < of->file->len ? of->file->len - from : 0;
    size_t got = there < want ? there : want;
    if (got > 0) {
        memcpy(out, of->file->bytes + from, got);
    }
    unlock(of->v);
    memset((uint8_t *)out + got, 0, want - got);
    return got == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *bytes, int len,
                    sqlite3_int64 at)
{
    struct open_file *of = opened(base);
    struct crash_vfs *v = of->v;
    size_t want = (size_t)len;
    int rc = SQLITE_OK;

    lock(v);
    if (!of->temporary && fails(v, (size_t)at + want > of->file->len)) {
        size_t sectors = want / CRASH_SECTOR + 1;
        want = (size_t)hsy_prng_below(&v->prng, sectors) * CRASH_SECTOR;
        rc = error_of(v, SQLITE_IOERR_WRITE);
    }
    do_write(of, (size_t)at, bytes, want);
    unlock(v);
    return rc;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    struct open_file *of = opened(base);
    struct crash_vfs *v = of->v;
    int rc = SQLITE_OK;

    lock(v);
    if (!of->temporary && fails(v, (size_t)len > of->file->len)) {
        rc = error_of(v, SQLITE_IOERR_TRUNCATE);
    } else {
        crash_file_truncate(of->file, (size_t)len);
        if (!of->temporary) {
            note(v,
                 (struct crash_op){.kind = CRASH_TRUNCATE,
                                   .inode = of->file->inode,
                                   .at = (size_t)len},
                 NULL);
        }
    }
    unlock(v);
    return rc;
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct open_file *of = opened(base);
    struct crash_vfs *v = of->v;
    int rc = SQLITE_OK;

    (void)flags;
    if (of->temporary) {
        return SQLITE_OK;
    }
    lock(v);
    struct crash_op op = {.kind = CRASH_SYNC, .inode = of->file->inode};
    if (fails(v, false)) {
        op.kind = CRASH_SYNC_FAILED;
        rc = error_of(v, SQLITE_IOERR_FSYNC);
    } else {
        op.dir = of->new_name;
        of->new_name = false;
    }
    note(v, op, NULL);
    unlock(v);
    return rc;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct open_file *of = opened(base);

    lock(of->v);
    *out = (sqlite3_int64)of->file->len;
    unlock(of->v);
    return SQLITE_OK;
}

/* One process, one connection: nobody else wants a lock. */
static int on_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int on_reserved(sqlite3_file *base, int *out)
{
    (void)base;
    *out = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

/* As the VFS for unix says it. */
static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int on_device(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_shm_map(sqlite3_file *base, int region, int len, int extend,
                      void volatile **out)
{
    struct open_file *of = opened(base);

    HSY_ASSERT(region >= 0);
    HSY_ASSERT(region < REGIONS_MAX);
    if (of->regions[region] == NULL && extend != 0) {
        of->regions[region] = calloc(1, (size_t)len);
        HSY_ASSERT(of->regions[region] != NULL);
    }
    *out = of->regions[region];
    return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    (void)base;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int on_shm_unmap(sqlite3_file *base, int drop)
{
    struct open_file *of = opened(base);

    for (uint32_t i = 0; i < REGIONS_MAX && drop != 0; i++) {
        free(of->regions[i]);
        of->regions[i] = NULL;
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* -------------------------------------------------------------------- VFS */

static struct crash_vfs *of_vfs(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

/* A name that is not there yet; NULL: its directory entry finds no room. */
static struct crash_file *make(struct crash_vfs *v, const char *name)
{
    if (fails(v, true)) {
        return NULL;
    }
    struct crash_file *file =
        crash_disk_add(&v->disk, name, v->disk.inodes + 1);
    HSY_ASSERT(file != NULL);
    v->disk.inodes++;
    note_name(v, CRASH_CREATE, file, false);
    return file;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base,
                   int flags, int *out_flags)
{
    struct crash_vfs *v = of_vfs(vfs);
    struct open_file *of = opened(base);
    /* As unix does: of these the name is synced with the first bytes. */
    int journals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;

    *of = (struct open_file){.v = v, .temporary = name == NULL};
    if (name == NULL) {
        of->file = &of->own;
    } else {
        lock(v);
        of->file = crash_disk_find(&v->disk, name);
        if (of->file == NULL && (flags & SQLITE_OPEN_CREATE) != 0) {
            of->file = make(v, name);
        }
        of->new_name = (flags & SQLITE_OPEN_CREATE) != 0 &&
                       (flags & journals) != 0; /* Also of an old one. */
        unlock(v);
    }
    if (of->file == NULL) {
        return SQLITE_CANTOPEN;
    }
    of->base.pMethods = &methods;
    if (out_flags != NULL) {
        *out_flags = flags;
    }
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    struct crash_vfs *v = of_vfs(vfs);
    int rc = SQLITE_OK;

    lock(v);
    struct crash_file *file = crash_disk_find(&v->disk, name);
    if (file == NULL) {
        rc = SQLITE_IOERR_DELETE_NOENT;
    } else if (fails(v, false)) {
        rc = SQLITE_IOERR_DELETE;
    } else {
        note_name(v, CRASH_DELETE, file, sync_dir != 0);
        file_fini(file);
    }
    unlock(v);
    return rc;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct crash_vfs *v = of_vfs(vfs);

    lock(v);
    const struct crash_file *file = crash_disk_find(&v->disk, name);
    *out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->len > 0);
    unlock(v);
    return SQLITE_OK;
}

static int on_full_name(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    size_t name_len = strlen(name);

    (void)vfs;
    HSY_ASSERT(name_len < (size_t)len);
    memcpy(out, name, name_len + 1);
    return SQLITE_OK;
}

static int on_random(sqlite3_vfs *vfs, int len, char *out)
{
    struct crash_vfs *v = of_vfs(vfs);

    lock(v);
    for (int i = 0; i < len; i++) {
        out[i] = (char)(hsy_prng_next(&v->prng) >> 56);
    }
    unlock(v);
    return len;
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int on_now(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = 2461000.5; /* A day of 2025. */
    return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    (void)len;
    (void)out;
    return 0;
}

struct crash_vfs *crash_vfs_create(const char *name)
{
    struct crash_vfs *v = calloc(1, sizeof(*v));
    pthread_mutexattr_t attr;

    HSY_ASSERT(v != NULL);
    int rc = pthread_mutexattr_init(&attr);
    HSY_ASSERT(rc == 0);
    rc = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    HSY_ASSERT(rc == 0);
    rc = pthread_mutex_init(&v->lock, &attr);
    HSY_ASSERT(rc == 0);
    (void)pthread_mutexattr_destroy(&attr);
    v->vfs = (sqlite3_vfs){.iVersion = 1,
                           .szOsFile = (int)sizeof(struct open_file),
                           .mxPathname = PATH_MAX_LEN,
                           .zName = name,
                           .pAppData = v,
                           .xOpen = on_open,
                           .xDelete = on_delete,
                           .xAccess = on_access,
                           .xFullPathname = on_full_name,
                           .xRandomness = on_random,
                           .xSleep = on_sleep,
                           .xCurrentTime = on_now,
                           .xGetLastError = on_last_error};
    rc = sqlite3_vfs_register(&v->vfs, 0);
    HSY_ASSERT(rc == SQLITE_OK);
    hsy_prng_init(&v->prng, 1);
    return v;
}

static void journal_clear(struct crash_journal *j)
{
    j->ops_count = 0;
    j->bytes_len = 0;
}

void crash_vfs_destroy(struct crash_vfs *v)
{
    int rc = sqlite3_vfs_unregister(&v->vfs);

    HSY_ASSERT(rc == SQLITE_OK);
    crash_disk_fini(&v->disk);
    crash_disk_fini(&v->journal.base);
    free(v->journal.ops);
    free(v->journal.bytes);
    (void)pthread_mutex_destroy(&v->lock);
    free(v);
}

void crash_vfs_mount(struct crash_vfs *v, const struct crash_disk *disk)
{
    static const struct crash_disk empty;

    lock(v);
    crash_disk_copy(&v->disk, disk != NULL ? disk : &empty);
    crash_disk_copy(&v->journal.base, &v->disk);
    journal_clear(&v->journal);
    v->fault = (struct crash_fault){.kind = CRASH_FAULT_NONE};
    v->tries = 0;
    v->failures = 0;
    hsy_prng_init(&v->prng, 1);
    unlock(v);
}

void crash_vfs_fault(struct crash_vfs *v, const struct crash_fault *fault)
{
    lock(v);
    v->fault = *fault;
    if (fault->kind != CRASH_FAULT_NONE) {
        hsy_prng_init(&v->prng, fault->rng);
    }
    unlock(v);
}

uint64_t crash_vfs_ops(struct crash_vfs *v)
{
    lock(v);
    uint64_t count = v->journal.ops_count;
    unlock(v);
    return count;
}

uint64_t crash_vfs_tries(struct crash_vfs *v)
{
    lock(v);
    uint64_t count = v->tries;
    unlock(v);
    return count;
}

uint64_t crash_vfs_failures(struct crash_vfs *v)
{
    lock(v);
    uint64_t count = v->failures;
    unlock(v);
    return count;
}

void crash_vfs_hold(struct crash_vfs *v)
{
    lock(v);
}

void crash_vfs_release(struct crash_vfs *v)
{
    unlock(v);
}

const struct crash_journal *crash_vfs_journal(const struct crash_vfs *v)
{
    return &v->journal;
}
