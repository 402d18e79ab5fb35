/* A log of retained messages in a directory of its own, and what is in it, as
 * text. Values begin with their text; the rest is filling. */
#ifndef HSY_TESTS_SUPPORT_MSGLOG_RIG_H
#define HSY_TESTS_SUPPORT_MSGLOG_RIG_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/msglog.h"
#include "support/claim.h"
#include "wire/msgrecord.h"

enum { RIG_TEXT_MAX = 16384 };

static char rig_dir[64];

static inline void rig_clear(void)
{
    DIR *d = opendir(rig_dir);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL) {
        (void)unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d != NULL) {
        (void)closedir(d);
    }
}

static inline int rig_begin(void **state)
{
    (void)state;
    (void)snprintf(rig_dir, sizeof(rig_dir), "/tmp/hearsay-msglog-XXXXXX");
    CLAIM(mkdtemp(rig_dir) != NULL);
    return 0;
}

static inline int rig_end(void **state)
{
    (void)state;
    rig_clear();
    return rmdir(rig_dir);
}

/* A disk that is only asked how often it was synced, and is quick. */
static uint32_t rig_syncs;

static inline ssize_t rig_pwrite(void *ctx, int fd, struct hsy_slice bytes,
                                 off_t at)
{
    (void)ctx;
    return pwrite(fd, bytes.data, bytes.len, at);
}

static inline int rig_sync(void *ctx, int fd, bool names)
{
    (void)ctx;
    (void)fd;
    rig_syncs += names ? 0 : 1;
    return 0;
}

static const struct hsy_msgfile_disk rig_disk = {.write = rig_pwrite,
                                                 .sync = rig_sync};

/* Room for everything in one segment, unless a test says otherwise. */
static inline struct hsy_msglog_config rig_config(void)
{
    return (struct hsy_msglog_config){.dir = rig_dir,
                                      .live_max = 1 << 20,
                                      .segment_len = 1 << 20,
                                      .disk = &rig_disk};
}

static inline struct hsy_msglog *
rig_open(const struct hsy_msglog_config *config)
{
    struct hsy_msglog *log;
    struct hearsay_runtime_error error = {.err = 0};
    int rc = hsy_msglog_open(&log, config, &error);
    if (rc != 0) {
        print_message("%s\n", error.text);
    }
    CLAIM_INT(rc, 0);
    return log;
}

static inline struct hsy_msglog *rig_reopen(struct hsy_msglog *log,
                                            struct hsy_msglog_config config)
{
    hsy_msglog_close(log);
    return rig_open(&config);
}

/* @value NULL: delete. */
static inline int rig_put(struct hsy_msglog *log, const char *key,
                          const char *value, bool more)
{
    struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                              .key = (const uint8_t *)key,
                              .key_len = strlen(key),
                              .value = (const uint8_t *)value,
                              .value_len = value == NULL ? 0 : strlen(value)};
    return hsy_msglog_put(log, &row, more);
}

/* One commit of one row. */
static inline int rig_try(struct hsy_msglog *log, const char *key,
                          const char *value)
{
    hsy_msglog_begin(log);
    int rc = rig_put(log, key, value, false);
    if (rc == 0) {
        rc = hsy_msglog_commit(log);
    }
    if (rc != 0) {
        hsy_msglog_rollback(log);
    }
    return rc;
}

static inline void rig_commit(struct hsy_msglog *log, const char *key,
                              const char *value)
{
    CLAIM_INT(rig_try(log, key, value), 0);
}

/* "key=value " of each row; of a long value its first 8 bytes. */
struct rig_rows {
    uint32_t count;
    size_t len;
    char text[RIG_TEXT_MAX];
};

static inline int rig_collect(void *ctx, const struct hearsay_row *row)
{
    struct rig_rows *rows = ctx;
    CLAIM_INT(row->table, HEARSAY_TABLE_MESSAGES);
    CLAIM(row->value != NULL);
    int value_len = row->value_len > 8 ? 8 : (int)row->value_len;
    int n = snprintf(rows->text + rows->len, RIG_TEXT_MAX - rows->len,
                     "%.*s=%.*s ", (int)row->key_len, (const char *)row->key,
                     value_len, (const char *)row->value);
    CLAIM(n > 0 && (size_t)n < RIG_TEXT_MAX - rows->len);
    rows->len += (size_t)n;
    rows->count++;
    return 0;
}

static inline const char *rig_rows(struct hsy_msglog *log)
{
    static struct rig_rows rows;
    struct hearsay_runtime_error error;
    rows = (struct rig_rows){.count = 0};
    CLAIM_INT(hsy_msglog_load(log, rig_collect, &rows, &error), 0);
    return rows.text;
}

static inline struct hsy_msglog_stats rig_stats(const struct hsy_msglog *log)
{
    struct hsy_msglog_stats stats;
    hsy_msglog_stats(log, &stats);
    return stats;
}

static inline const char *rig_path(uint32_t number)
{
    static char path[96];
    (void)snprintf(path, sizeof(path), "%s/%010u.log", rig_dir, number);
    return path;
}

/* A whole file; to be freed. */
struct rig_file {
    uint8_t *data;
    size_t len;
};

static inline struct rig_file rig_read(uint32_t number)
{
    struct stat st;
    int fd = open(rig_path(number), O_RDONLY);
    CLAIM(fd >= 0);
    CLAIM_INT(fstat(fd, &st), 0);
    struct rig_file file = {.data = malloc((size_t)st.st_size + 1),
                            .len = (size_t)st.st_size};
    CLAIM(file.data != NULL);
    CLAIM_INT(read(fd, file.data, file.len), file.len);
    CLAIM_INT(close(fd), 0);
    return file;
}

static inline void rig_write(uint32_t number, const void *data, size_t len)
{
    int fd = open(rig_path(number), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CLAIM(fd >= 0);
    CLAIM_INT(write(fd, data, len), len);
    CLAIM_INT(close(fd), 0);
}

static inline bool rig_exists(uint32_t number)
{
    struct stat st;
    return stat(rig_path(number), &st) == 0;
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_begin, rig_end)

#endif
