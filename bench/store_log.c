/* Where should retained messages be kept: as rows of the database, or in the
 * log? Both get the same life: messages of 1 KiB are put, in group commits of
 * several sizes, and each goes again when there are 10,000 newer ones. Told
 * are messages a second, what reached the disk for each, as the kernel counts
 * it, and the time of the processor; at the end, how long it takes to open
 * and to read all back.
 *
 *     store_log DIR         a directory on the disk to be measured
 */
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/db.h"
#include "runtime/msglog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_LEN = 1024, WINDOW = 10000, ROWS_MAX = 60000, COMMITS_MAX = 1500 };

struct keeper {
    const char *name;
    struct hsy_db *db; /* One of the two. */
    struct hsy_msglog *log;
};

static uint8_t value[VALUE_LEN];

static void must(int rc, const char *what)
{
    if (rc != 0) {
        fprintf(stderr, "store_log: %s: %s\n", what, hearsay_strerror(rc));
        exit(1);
    }
}

/* What this process has caused to be written to disks. */
static uint64_t written(void)
{
    char line[128];
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        (void)sscanf(line, "write_bytes: %" SCNu64, &bytes);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes;
}

static double cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Keys are as random as ids of bundles are. */
static void put(const struct keeper *k, uint64_t number, bool deleted)
{
    uint64_t key[2] = {number * UINT64_C(0x9e3779b97f4a7c15), number};
    struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                              .key = (const uint8_t *)key,
                              .key_len = sizeof(key),
                              .value = deleted ? NULL : value,
                              .value_len = deleted ? 0 : sizeof(value)};
    must(k->db != NULL ? hsy_db_put(k->db, &row)
                       : hsy_msglog_put(k->log, &row, false),
         "put");
}

static void begin(const struct keeper *k)
{
    if (k->db != NULL) {
        must(hsy_db_begin(k->db), "begin");
    } else {
        hsy_msglog_begin(k->log);
    }
}

static void commit(const struct keeper *k)
{
    must(k->db != NULL ? hsy_db_commit(k->db) : hsy_msglog_commit(k->log),
         "commit");
}

static void measure(const struct keeper *k, uint64_t *number, uint32_t group)
{
    uint32_t rows =
        group * COMMITS_MAX > ROWS_MAX ? ROWS_MAX : group * COMMITS_MAX;
    uint64_t bytes = written();
    double cpu = cpu_us();
    uint64_t from_ns = hsy_clock_mono_ns();
    for (uint32_t done = 0; done < rows; done += group) {
        begin(k);
        for (uint32_t i = 0; i < group; i++) {
            put(k, *number, false);
            if (*number >= WINDOW) {
                put(k, *number - WINDOW, true);
            }
            ++*number;
        }
        commit(k);
    }
    double s = (double)(hsy_clock_mono_ns() - from_ns) / 1e9;
    printf("%-9s %6" PRIu32 " %12.0f %12.0f %10.2f %10.1f\n", k->name, group,
           rows / s, (double)(written() - bytes) / rows, s * 1e3 * group / rows,
           (cpu_us() - cpu) / rows);
    (void)fflush(stdout);
}

static int count(void *ctx, const struct hearsay_row *row)
{
    uint32_t *rows = ctx;
    *rows += row->value_len == VALUE_LEN ? 1 : 0;
    return 0;
}

static void run(struct keeper *k)
{
    static const uint32_t groups[] = {1, 10, 100, 1000};
    uint64_t number = 0;
    while (number < WINDOW) { /* Until as many go as come. */
        begin(k);
        for (uint32_t i = 0; i < 1000; i++) {
            put(k, number++, false);
        }
        commit(k);
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        measure(k, &number, groups[i]);
    }
}

static void read_back(const struct keeper *k, uint64_t from_ns)
{
    struct hearsay_runtime_error error;
    uint32_t rows = 0;
    must(k->db != NULL ? hsy_db_load(k->db, count, &rows, &error)
                       : hsy_msglog_load(k->log, count, &rows, &error),
         "load");
    printf("%-9s opened and read back %" PRIu32 " rows in %.0f ms\n", k->name,
           rows, (double)(hsy_clock_mono_ns() - from_ns) / 1e6);
}

int main(int argc, char **argv)
{
    char path[512];
    struct hearsay_runtime_error error = {.err = 0};
    if (argc != 2) {
        fprintf(stderr, "usage: store_log DIR\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(value); i++) {
        value[i] = (uint8_t)(i * 31);
    }
    printf("%-9s %6s %12s %12s %10s %10s\n", "keeper", "group", "messages/s",
           "bytes each", "ms/commit", "cpu us");
    struct keeper k = {.name = "database"};
    (void)snprintf(path, sizeof(path), "%s/state.db", argv[1]);
    must(hsy_db_open(&k.db, path, NULL, &error), error.text);
    run(&k);
    hsy_db_close(k.db);
    uint64_t from_ns = hsy_clock_mono_ns();
    must(hsy_db_open(&k.db, path, NULL, &error), error.text);
    read_back(&k, from_ns);
    hsy_db_close(k.db);

    k = (struct keeper){.name = "log"};
    (void)snprintf(path, sizeof(path), "%s/retain", argv[1]);
    struct hsy_msglog_config config = {.dir = path, .live_max = 16 << 20};
    must(hsy_msglog_open(&k.log, &config, &error), error.text);
    run(&k);
    hsy_msglog_close(k.log);
    from_ns = hsy_clock_mono_ns();
    must(hsy_msglog_open(&k.log, &config, &error), error.text);
    read_back(&k, from_ns);
    struct hsy_msglog_stats stats;
    hsy_msglog_stats(k.log, &stats);
    printf("log: %" PRIu64 " bytes in %" PRIu32 " files, %" PRIu64
           " of them live\n",
           stats.bytes, stats.segments, stats.live_bytes);
    hsy_msglog_close(k.log);
    return 0;
}
