/* The log of retained messages on disks that fill up, fail or lose power, and
 * in processes that are killed. */
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "base/prng.h"
#include "support/msglog_rig.h"

enum { KEYS = 24, VALUE_MAX = 1500, WRITES_MAX = 4096 };

/* ------------------------------------------------------------------ model */

/* What the log should hold. Rows have numbers for values, which say the order
 * too. */
struct model {
    uint32_t value[KEYS]; /* 0: no such row. */
};

static const char *key_of(uint32_t key)
{
    static char text[24];
    (void)snprintf(text, sizeof(text), "key-%02u", key);
    return text;
}

/* 7 digits of the number, and a tail whose length it decides. */
static const char *value_of(uint32_t number)
{
    static char text[VALUE_MAX + 16];
    memset(text, '.', sizeof(text));
    (void)snprintf(text, sizeof(text), "%07u", number);
    text[7] = '.';
    text[8 + number * 7919 % VALUE_MAX] = '\0';
    return text;
}

static int read_back(void *ctx, const struct hearsay_row *row)
{
    struct model *m = ctx;
    uint32_t key;
    uint32_t number;
    char text[16] = "";
    CLAIM(row->value_len >= 8);
    CLAIM_INT(row->key_len, 6);
    memcpy(text, row->key, 6);
    CLAIM_INT(sscanf(text, "key-%u", &key), 1);
    CLAIM(key < KEYS);
    memcpy(text, row->value, 8);
    CLAIM_INT(sscanf(text, "%u", &number), 1);
    const char *whole = value_of(number);
    CLAIM_INT(row->value_len, strlen(whole));
    CLAIM_BYTES(row->value, whole, row->value_len);
    CLAIM_INT(m->value[key], 0); /* Once. */
    for (uint32_t i = 0; i < KEYS; i++) {
        CLAIM(m->value[i] < number); /* In order. */
    }
    m->value[key] = number;
    return 0;
}

static struct model model_of(struct hsy_msglog *log)
{
    struct model m = {.value = {0}};
    struct hearsay_runtime_error error;
    CLAIM_INT(hsy_msglog_load(log, read_back, &m, &error), 0);
    return m;
}

static bool same(const struct model *a, const struct model *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* A batch of some transactions of some rows each; numbers rise. */
static int batch(struct hsy_msglog *log, struct hsy_prng *prng, struct model *m,
                 uint32_t *number)
{
    uint64_t transactions = 1 + hsy_prng_below(prng, 4);
    int rc = 0;
    hsy_msglog_begin(log);
    for (uint64_t t = 0; t < transactions && rc == 0; t++) {
        uint64_t rows = 1 + hsy_prng_below(prng, 3);
        for (uint64_t i = 1; i <= rows && rc == 0; i++) {
            /* Some are written rarely, and stay in old segments. */
            uint64_t below = 1 + hsy_prng_below(prng, KEYS);
            uint32_t key =
                (uint32_t)hsy_prng_below(prng, 1 + hsy_prng_below(prng, below));
            bool deleted = hsy_prng_below(prng, 3) == 0;
            m->value[key] = deleted ? 0 : ++*number;
            rc = rig_put(log, key_of(key), deleted ? NULL : value_of(*number),
                         i < rows);
        }
    }
    if (rc == 0) {
        rc = hsy_msglog_commit(log);
    }
    if (rc != 0) {
        hsy_msglog_rollback(log);
    }
    return rc;
}

static struct hsy_msglog_config small(const struct hsy_msgfile_disk *disk)
{
    /* A bound that is reached, and not by what is live. */
    return (struct hsy_msglog_config){.dir = rig_dir,
                                      .live_max = KEYS * VALUE_MAX * 3 / 2,
                                      .segment_len = 6000,
                                      .disk = disk};
}

/* -------------------------------------------------------- a failing disk */

struct faulty {
    uint64_t room; /* Bytes until writes fail; UINT64_MAX: never. */
    bool sync_fails, names_fail;
    uint32_t failures;
};

static ssize_t faulty_write(void *ctx, int fd, struct hsy_slice bytes, off_t at)
{
    struct faulty *f = ctx;
    if (f->room == 0) {
        f->failures++;
        errno = ENOSPC;
        return -1;
    }
    size_t len = bytes.len < f->room ? bytes.len : (size_t)f->room;
    f->room -= f->room == UINT64_MAX ? 0 : len;
    return pwrite(fd, bytes.data, len, at);
}

static int faulty_sync(void *ctx, int fd, bool names)
{
    struct faulty *f = ctx;
    (void)fd;
    if (names ? f->names_fail : f->sync_fails) {
        f->failures++;
        errno = EIO;
        return -1;
    }
    return 0;
}

static struct hsy_msgfile_disk disk_of(struct faulty *f)
{
    *f = (struct faulty){.room = UINT64_MAX};
    return (struct hsy_msgfile_disk){
        .write = faulty_write, .sync = faulty_sync, .ctx = f};
}

static void a_disk_full_at_any_byte_leaves_no_half_record(void **state)
{
    (void)state;
    struct faulty f;
    struct hsy_msgfile_disk disk = disk_of(&f);
    struct hsy_msglog_config config = rig_config();
    config.disk = &disk;
    size_t len = HSY_MSGRECORD_HEAD_LEN + 1 + 26;
    for (f.room = 0; f.room <= len; f.room++) {
        uint64_t room = f.room;
        rig_clear();
        f.room = UINT64_MAX;
        struct hsy_msglog *log = rig_open(&config);
        rig_commit(log, "a", "1");
        f.room = room;
        int rc = rig_try(log, "b", "twenty-six bytes of a text");
        CLAIM_INT(rc, room < len ? HEARSAY_ERR_IO : 0);
        CLAIM(rc == 0 || strstr(hsy_msglog_why(log), "No space") != NULL);
        CLAIM(rc == 0 || rig_try(log, "c", "3") == HEARSAY_ERR_IO);
        f.room = UINT64_MAX;
        rig_commit(log, "d", "4");
        const char *want = rc == 0 ? "a=1 b=twenty-s d=4 " : "a=1 d=4 ";
        CLAIM_TEXT(rig_rows(log), want);
        log = rig_reopen(log, config);
        CLAIM_TEXT(rig_rows(log), want);
        CLAIM_INT(rig_stats(log).damaged_bytes, 0);
        CLAIM_INT(rig_stats(log).torn_bytes, 0);
        hsy_msglog_close(log);
        f.room = room;
    }
}

/* Not even the cut can be made sure of: what follows is in another file. */
static void after_a_failed_sync_nothing_is_put_behind_it(void **state)
{
    (void)state;
    struct faulty f;
    struct hsy_msgfile_disk disk = disk_of(&f);
    struct hsy_msglog_config config = rig_config();
    config.disk = &disk;
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    f.sync_fails = true;
    CLAIM_INT(rig_try(log, "b", "2"), HEARSAY_ERR_IO);
    CLAIM_INT(rig_try(log, "c", "3"), HEARSAY_ERR_IO);
    CLAIM_TEXT(rig_rows(log), "a=1 ");
    f.sync_fails = false;
    rig_commit(log, "d", "4");
    CLAIM_INT(rig_stats(log).segments, 2);
    CLAIM_TEXT(rig_rows(log), "a=1 d=4 ");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "a=1 d=4 ");
    hsy_msglog_close(log);
}

static void a_disk_that_comes_and_goes_never_spoils_the_log(void **state)
{
    (void)state;
    uint32_t failures = 0;
    uint64_t moved = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct hsy_prng prng;
        struct faulty f;
        struct hsy_msgfile_disk disk = disk_of(&f);
        struct hsy_msglog_config config = small(&disk);
        struct model m = {.value = {0}};
        uint32_t number = 0;
        hsy_prng_init(&prng, seed);
        rig_clear();
        struct hsy_msglog *log = rig_open(&config);
        for (uint32_t i = 0; i < 300; i++) {
            struct model next = m;
            bool bad = hsy_prng_below(&prng, 4) == 0;
            f.room = bad ? hsy_prng_below(&prng, 8000) : UINT64_MAX;
            f.sync_fails = bad && hsy_prng_below(&prng, 3) == 0;
            f.names_fail = bad && hsy_prng_below(&prng, 3) == 0;
            if (batch(log, &prng, &next, &number) == 0) {
                m = next;
            }
            struct model got = model_of(log);
            CLAIM(same(&got, &m));
            if (hsy_prng_below(&prng, 20) == 0) {
                disk = disk_of(&f);
                moved += rig_stats(log).rows_moved;
                log = rig_reopen(log, config);
                got = model_of(log);
                CLAIM(same(&got, &m));
            }
            failures += f.failures;
            f.failures = 0;
        }
        CLAIM_INT(rig_stats(log).rows_dropped, 0);
        hsy_msglog_close(log);
    }
    CLAIM(failures > 100);
    CLAIM(moved > 100);
}

/* ----------------------------------------------------- processes that die */

enum { GROUPS = 3, GROUP = KEYS / GROUPS };

/* What a child has done, as its parent sees it when it is dead. */
struct diary {
    struct model answered, asked;
    uint32_t number, batches;
    struct hsy_prng prng;
};

static struct diary *diary;

static void diary_begin(uint64_t seed)
{
    void *page = mmap(NULL, sizeof(*diary), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CLAIM(page != MAP_FAILED);
    diary = page;
    hsy_prng_init(&diary->prng, seed);
}

static void diary_end(void)
{
    CLAIM_INT(munmap(diary, sizeof(*diary)), 0);
}

/* A transaction for each group of keys: all of them put, or deleted. */
static int diary_batch(struct hsy_msglog *log)
{
    int rc = 0;
    bool deleted = false;
    diary->asked = diary->answered;
    hsy_msglog_begin(log);
    for (uint32_t key = 0; key < KEYS && rc == 0; key++) {
        if (key % GROUP == 0) {
            deleted = hsy_prng_below(&diary->prng, 3) == 0;
        }
        diary->asked.value[key] = deleted ? 0 : ++diary->number;
        rc = rig_put(log, key_of(key), deleted ? NULL : value_of(diary->number),
                     key % GROUP < GROUP - 1);
    }
    if (rc == 0) {
        rc = hsy_msglog_commit(log);
    }
    if (rc == 0) {
        diary->answered = diary->asked;
        diary->batches++;
    } else {
        hsy_msglog_rollback(log);
    }
    return rc;
}

/* Of each group there is all that was asked for last, or all that was answered
 * last: what is there is what the next child begins with. */
static void claim_diary(struct hsy_msglog *log)
{
    struct model got = model_of(log);
    for (uint32_t at = 0; at < KEYS; at += GROUP) {
        size_t len = GROUP * sizeof(got.value[0]);
        CLAIM(memcmp(got.value + at, diary->answered.value + at, len) == 0 ||
              memcmp(got.value + at, diary->asked.value + at, len) == 0);
    }
    CLAIM_INT(rig_stats(log).rows_dropped, 0);
    diary->answered = got;
    diary->asked = got;
}

static _Noreturn void batches_until_killed(void)
{
    struct hsy_msglog_config config = small(NULL);
    struct hsy_msglog *log = rig_open(&config);
    while (diary_batch(log) == 0) {
    }
    _exit(1);
}

static void a_kill_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    struct hsy_msglog_config config = small(NULL);
    struct hsy_prng prng;
    hsy_prng_init(&prng, 99);
    diary_begin(99);
    for (uint32_t round = 0; round < 30; round++) {
        uint32_t until = diary->batches + (uint32_t)hsy_prng_below(&prng, 12);
        uint64_t spin = hsy_prng_below(&prng, 300000);
        pid_t child = fork();
        CLAIM(child >= 0);
        if (child == 0) {
            batches_until_killed();
        }
        const volatile uint32_t *batches = &diary->batches;
        while (*batches < until) {
            CLAIM_INT(sched_yield(), 0);
        }
        for (volatile uint64_t i = 0; i < spin; i++) {
        }
        CLAIM_INT(kill(child, SIGKILL), 0);
        int status;
        CLAIM_INT(waitpid(child, &status, 0), child);
        CLAIM(WIFSIGNALED(status));
        struct hsy_msglog *log = rig_open(&config);
        CLAIM(*batches >= until);
        claim_diary(log);
        hsy_msglog_close(log);
    }
    diary_end();
}

/* ------------------------------------------------------------ power fails */

/* Writes since the last sync of their file: any block of them may be lost. */
struct unsynced {
    char path[96];
    off_t at;
    size_t len;
};

struct power {
    struct unsynced writes[WRITES_MAX];
    uint32_t count;
    uint64_t syncs_left; /* Then it fails. */
};

static struct power power;

static void path_of(char path[96], int fd)
{
    char link[64];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 95);
    CLAIM(n > 0);
    path[n] = '\0';
}

static ssize_t power_write(void *ctx, int fd, struct hsy_slice bytes, off_t at)
{
    struct power *p = ctx;
    CLAIM(p->count < WRITES_MAX);
    struct unsynced *w = &p->writes[p->count++];
    path_of(w->path, fd);
    w->at = at;
    w->len = bytes.len;
    return pwrite(fd, bytes.data, bytes.len, at);
}

/* Blocks of 512 bytes are zeros, and maybe the file is shorter. */
static void lose_some(const struct unsynced *w)
{
    static const char zeros[512];
    struct hsy_prng *prng = &diary->prng;
    off_t end = w->at + (off_t)w->len;
    int fd = open(w->path, O_WRONLY);
    if (fd < 0) {
        return; /* Removed since. */
    }
    if (hsy_prng_below(prng, 3) == 0) {
        end = w->at + (off_t)hsy_prng_below(prng, w->len + 1);
        CLAIM_INT(ftruncate(fd, end), 0);
    }
    uint64_t one_in = 1 + hsy_prng_below(prng, 20);
    for (off_t at = w->at; at < end;) {
        off_t next = (at / 512 + 1) * 512;
        next = next > end ? end : next;
        if (hsy_prng_below(prng, one_in) == 0) {
            size_t len = (size_t)(next - at);
            CLAIM_INT(pwrite(fd, zeros, len, at), len);
        }
        at = next;
    }
    CLAIM_INT(close(fd), 0);
}

static int power_sync(void *ctx, int fd, bool names)
{
    struct power *p = ctx;
    char path[96];
    if (p->syncs_left == 0) {
        for (uint32_t i = 0; i < p->count; i++) {
            lose_some(&p->writes[i]);
        }
        _exit(0);
    }
    p->syncs_left--;
    path_of(path, fd);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (names || strcmp(p->writes[i].path, path) != 0) {
            p->writes[kept++] = p->writes[i];
        }
    }
    p->count = kept;
    return 0;
}

static _Noreturn void batches_until_dark(const struct hsy_msglog_config *config)
{
    struct hsy_msglog *log = rig_open(config);
    power.syncs_left = hsy_prng_below(&diary->prng, 30);
    while (diary_batch(log) == 0) {
    }
    _exit(1);
}

static void a_power_cut_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    struct hsy_msgfile_disk disk = {
        .write = power_write, .sync = power_sync, .ctx = &power};
    struct hsy_msglog_config config = small(&disk);
    uint64_t torn = 0;
    uint64_t damaged = 0;
    power = (struct power){.syncs_left = UINT64_MAX};
    diary_begin(4711);
    for (uint32_t cut = 0; cut < 300; cut++) {
        pid_t child = fork();
        CLAIM(child >= 0);
        if (child == 0) {
            batches_until_dark(&config);
        }
        int status;
        CLAIM_INT(waitpid(child, &status, 0), child);
        CLAIM_INT(status, 0);
        struct hsy_msglog_config plain = small(&rig_disk);
        struct hsy_msglog *log = rig_open(&plain);
        torn += rig_stats(log).torn_bytes;
        damaged += rig_stats(log).damaged_bytes;
        claim_diary(log);
        hsy_msglog_close(log);
    }
    CLAIM(torn > 0);
    CLAIM(damaged > 0); /* Later blocks came to the disk, earlier did not. */
    CLAIM(diary->batches > 300);
    diary_end();
}

/* ----------------------------------------------- the system's own refusals */

/* Waits for @child, which must have ended with 0. */
static void claim_ended(pid_t child)
{
    int status;
    CLAIM(child > 0);
    CLAIM_INT(waitpid(child, &status, 0), child);
    CLAIM_INT(status, 0);
}

static _Noreturn void batches_at_the_file_size_limit(void)
{
    struct hsy_msglog_config config = small(NULL);
    struct rlimit limit = {50000, 50000};
    uint32_t failures = 0;
    config.segment_len = 1 << 20; /* The limit comes first. */
    config.live_max = 1 << 20;
    struct hsy_msglog *log = rig_open(&config);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(1);
    }
    while (diary->batches < 20) {
        bool failed = diary_batch(log) != 0;
        failures += failed ? 1 : 0;
        if (failed && strstr(hsy_msglog_why(log), "too large") == NULL) {
            _exit(2);
        }
    }
    _exit(failures > 0 ? 0 : 3);
}

static void a_limit_on_files_costs_one_commit_each(void **state)
{
    (void)state;
    diary_begin(5);
    pid_t child = fork();
    if (child == 0) {
        batches_at_the_file_size_limit();
    }
    claim_ended(child);
    struct model answered = diary->answered;
    struct hsy_msglog_config config = small(NULL);
    config.live_max = 1 << 20;
    struct hsy_msglog *log = rig_open(&config);
    struct model got = model_of(log);
    CLAIM(same(&got, &answered));
    CLAIM_INT(rig_stats(log).damaged_bytes + rig_stats(log).torn_bytes, 0);
    hsy_msglog_close(log);
    diary_end();
}

/* On a disk of 256 KiB of its own; 77: this user may not mount one. */
static int fill_a_small_disk(void)
{
    char ballast[96];
    struct hsy_msglog_config config = rig_config();
    config.disk = NULL;
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", rig_dir, "tmpfs", 0, "size=256k") != 0) {
        return 77;
    }
    (void)snprintf(ballast, sizeof(ballast), "%s/ballast", rig_dir);
    int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, 128 * 1024) != 0 || close(fd) != 0) {
        return 1;
    }
    struct hsy_msglog *log = rig_open(&config);
    while (diary_batch(log) == 0) {
    }
    for (int i = 0; i < 5; i++) {
        if (diary_batch(log) == 0 ||
            strstr(hsy_msglog_why(log), "No space") == NULL) {
            return 2;
        }
    }
    struct model got = model_of(log);
    log = rig_reopen(log, config); /* As good as ever, and as full. */
    struct model again = model_of(log);
    if (!same(&got, &diary->answered) || !same(&again, &diary->answered) ||
        diary_batch(log) == 0) {
        return 3;
    }
    uint32_t batches = diary->batches;
    if (unlink(ballast) != 0 || diary_batch(log) != 0) {
        return 4;
    }
    log = rig_reopen(log, config);
    got = model_of(log);
    hsy_msglog_close(log);
    return same(&got, &diary->answered) && batches > 0 ? 0 : 5;
}

static void a_full_disk_is_used_again_when_there_is_room(void **state)
{
    (void)state;
    diary_begin(6);
    pid_t child = fork();
    if (child == 0) {
        _exit(fill_a_small_disk());
    }
    int status;
    CLAIM(child > 0);
    CLAIM_INT(waitpid(child, &status, 0), child);
    diary_end();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("no mount permitted here\n");
        skip();
    }
    CLAIM_INT(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(a_disk_full_at_any_byte_leaves_no_half_record),
        IN_RIG(after_a_failed_sync_nothing_is_put_behind_it),
        IN_RIG(a_disk_that_comes_and_goes_never_spoils_the_log),
        IN_RIG(a_kill_loses_nothing_that_was_answered),
        IN_RIG(a_power_cut_loses_nothing_that_was_answered),
        IN_RIG(a_limit_on_files_costs_one_commit_each),
        IN_RIG(a_full_disk_is_used_again_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
