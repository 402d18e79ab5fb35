/* The power goes at every write and every sync that a seed makes, in several
 * ways each; the next process must find all that was acknowledged, nobody
 * alive who was dead, and no garbage. At a sample of them a write or a sync
 * fails instead, once or for a while, and the seed goes on; or the disk lies
 * about its syncs.
 *
 *     PROGRAM                      what ./run test asks: 20,000 points
 *     HEARSAY_CRASH_POINTS=N       the same with N points, or a few more
 *     PROGRAM FIRST COUNT          the workloads FIRST .. FIRST + COUNT - 1,
 *                                  and one line that says what came of them
 *     PROGRAM FIRST COUNT --json   the same as a JSON object
 *
 * A failure names its workload, operation and tear; PROGRAM FIRST 1 repeats
 * it. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/claim.h"
#include "support/crash_judge.h"

#if defined(__SANITIZE_ADDRESS__)
enum { POINTS = 2000, STEPS = 20 };
#else
enum { POINTS = 20000, STEPS = 60 };
#endif

enum {
    FAULTS_EACH = 4, /* One attempt in so many fails in a run of its own. */
    LIES_EACH = 3,   /* One operation in so many is a cut of a lying disk. */
    TWICE_EACH = 7,  /* The same of points: cut again during the start. */
    TOLD_MAX = 12,
    CUTS = 3 /* Of a run with failures. */
};

struct tally {
    uint64_t points;
    uint64_t cuts, twice, lies, failing; /* Of these. */
    uint64_t refused, mixed;             /* Of the lies. */
    uint64_t writes, syncs;
    uint64_t workloads;
    uint64_t found[CRASH_FAULTS];
    uint64_t events[CRASH_EVENTS];
    uint64_t open_failures, write_failures;
    uint64_t wrong; /* Other than points: books that do not add up. */
    bool quiet;
};

static struct crash_seed seed;
static struct crash_judge judge;
static struct crash_vfs *work, *court;
static struct tally tally;
static uint64_t workload;

/* ------------------------------------------------------------------ points */

static void tell(uint64_t at, const char *how, enum crash_fault_found found)
{
    static uint32_t told;

    if (found == CRASH_FINE || tally.quiet || told >= TOLD_MAX) {
        return;
    }
    told++;
    (void)fprintf(
        stderr, "# workload %" PRIu64 ", operation %" PRIu64 ", %s: %s (%s)\n",
        workload, at, how, crash_found_name(found), judge.text);
}

static void wrong(const char *what, uint64_t at, const char *text)
{
    tally.wrong++;
    if (!tally.quiet && tally.wrong <= TOLD_MAX) {
        (void)fprintf(stderr,
                      "# workload %" PRIu64 ", fault at %" PRIu64 ": %s: %s\n",
                      workload, at, what, text);
    }
}

/* In the middle of the recovery from a cut, another one. */
static void point_twice(uint64_t at, enum crash_claim claim, uint64_t rng)
{
    static struct crash_disk disk;
    uint64_t sum = judge.sum;
    const struct crash_journal *journal = crash_vfs_journal(court);
    struct crash_cut cut;

    crash_cut_init(&cut, journal, CRASH_HONEST, rng);
    for (uint64_t left = rng % (journal->ops_count + 1); left > 0; left--) {
        bool more = crash_cut_step(&cut);
        HSY_ASSERT(more);
    }
    crash_cut_take(&cut, &disk, (enum crash_tear)(rng / 64 % CRASH_TEARS), rng);
    crash_cut_fini(&cut);
    enum crash_fault_found found = crash_judge_point(&judge, &disk, at, claim);
    if (found == CRASH_FINE && judge.sum != sum) {
        found = CRASH_FELL; /* Less than the process before it has shown. */
    }
    tally.points++;
    tally.twice++;
    tally.found[found]++;
    tell(at, "cut again", found);
    crash_disk_fini(&disk);
}

static enum crash_fault_found point(const struct crash_cut *cut,
                                    enum crash_tear tear, uint64_t rng,
                                    enum crash_claim claim)
{
    static struct crash_disk disk;

    crash_cut_take(cut, &disk, tear, rng);
    enum crash_fault_found found =
        crash_judge_point(&judge, &disk, cut->at, claim);
    crash_disk_fini(&disk);
    tally.points++;
    tally.found[found]++;
    tell(cut->at, crash_tear_name(tear), found);
    return found;
}

/* ----------------------------------------------------------- an honest disk */

static void cut_at(const struct crash_cut *cut)
{
    /* Nothing waits: all tears are one. */
    static const uint64_t tries[CRASH_TEARS] = {1, 1, 2, 2, 2, 2};

    for (uint32_t tear = 0; tear < CRASH_TEARS; tear++) {
        for (uint64_t i = 0; i < tries[tear]; i++) {
            uint64_t rng = workload * 131 + i;
            enum crash_fault_found found =
                point(cut, (enum crash_tear)tear, rng, CRASH_EXACT);
            tally.cuts++;
            if (found == CRASH_FINE && tally.points % TWICE_EACH == 0) {
                point_twice(cut->at, CRASH_EXACT, rng * 7919 + cut->at);
            }
        }
        if (cut->pending_count == 0) {
            return;
        }
    }
}

static void cut_everywhere(void)
{
    struct crash_cut cut;

    crash_cut_init(&cut, crash_vfs_journal(work), CRASH_HONEST, workload);
    do {
        cut_at(&cut);
    } while (crash_cut_step(&cut));
    crash_cut_fini(&cut);
}

/* ------------------------------------------------------- a disk that lies */

static void lie(const struct crash_cut *cut, enum crash_tear tear,
                enum crash_claim claim)
{
    (void)point(cut, tear, workload, claim);
    tally.lies++;
    tally.refused += judge.refused ? 1 : 0;
    tally.mixed += judge.mixed && !judge.refused ? 1 : 0;
}

static void lie_everywhere(enum crash_honesty honesty)
{
    struct crash_cut cut;
    bool in_order = honesty == CRASH_LIES_ALWAYS;

    crash_cut_init(&cut, crash_vfs_journal(work), honesty, workload);
    do {
        if (cut.at % LIES_EACH != workload % LIES_EACH) {
            continue;
        }
        lie(&cut, CRASH_PREFIX, in_order ? CRASH_EARLIER : CRASH_ANY_TRUE);
        lie(&cut, CRASH_TORN, CRASH_ANY_TRUE);
        lie(&cut, CRASH_REORDERED, CRASH_ANY_TRUE);
    } while (crash_cut_step(&cut));
    crash_cut_fini(&cut);
}

/* --------------------------------------------------------------- failures */

static void count_run(void)
{
    for (uint32_t i = 0; i < CRASH_EVENTS; i++) {
        tally.events[i] += seed.events[i];
    }
    tally.open_failures += seed.open_failures;
    tally.write_failures += seed.write_failures;
    if (seed.broken > 0) {
        wrong("rows of its own that it does not take", 0, seed.text);
    }
    if (seed.mute > 0) {
        wrong("a failure without a word", 0, seed.text);
    }
}

static void run_seed(const struct crash_fault *fault)
{
    crash_vfs_mount(work, NULL);
    if (fault != NULL) {
        crash_vfs_fault(work, fault);
    }
    crash_seed_work(&seed, work, workload, STEPS);
    if (crash_seed_mend(&seed) > 0) {
        wrong("not all is written when the disk is good again",
              fault != NULL ? fault->from : 0, seed.text);
    }
    count_run();
    crash_judge_read(&judge, &seed);
}

/* Did a process start after a sync had failed, and before @at? It reads in the
 * cache what is on no disk: see docs/testing.md. */
static bool is_misled(const struct crash_journal *journal, uint64_t at)
{
    uint64_t failed = 0;

    while (failed < at && journal->ops[failed].kind != CRASH_SYNC_FAILED) {
        failed++;
    }
    for (uint32_t i = 0; i < seed.starts_count; i++) {
        if (seed.starts[i] > failed && seed.starts[i] <= at) {
            return true;
        }
    }
    return false;
}

static void cut_after_failures(uint64_t at, enum crash_tear tear, uint64_t rng)
{
    const struct crash_journal *journal = crash_vfs_journal(work);
    struct crash_cut cut;

    crash_cut_init(&cut, journal,
                   is_misled(journal, at) ? CRASH_RETRIES : CRASH_HONEST, rng);
    while (cut.at < at && crash_cut_step(&cut)) {
    }
    (void)point(&cut, tear, rng, CRASH_AS_TRUE);
    tally.failing++;
    crash_cut_fini(&cut);
}

/* After the failures the power goes as well. */
static void cut_a_few(const struct crash_fault *fault)
{
    struct hsy_prng prng;
    uint64_t end = crash_vfs_journal(work)->ops_count;
    uint64_t from = fault->from < end ? fault->from : 0;
    uint64_t span = end - from;

    hsy_prng_init(&prng, fault->rng);
    for (uint32_t i = 0; i < CUTS; i++) {
        uint64_t near = i == 0 && span > 60 ? 60 : span;
        uint64_t at = from + hsy_prng_below(&prng, near);
        uint64_t tear = hsy_prng_below(&prng, CRASH_TEARS);
        cut_after_failures(at, (enum crash_tear)tear, fault->rng);
    }
    cut_after_failures(end, CRASH_LOST, fault->rng);
}

static void fail_at(enum crash_fault_kind kind, uint64_t from, uint64_t count)
{
    struct crash_fault fault = {.kind = kind,
                                .from = from,
                                .until = from + count,
                                .rng = workload * 1000003 + from * 4 + kind};
    run_seed(&fault);
    if (crash_vfs_failures(work) == 0) {
        return; /* Nothing needed room then. */
    }
    cut_a_few(&fault);
    if (crash_judge_owed(&judge) > 0) {
        wrong("something was never written", from, seed.text);
    }
}

static void fail_everywhere(uint64_t tries)
{
    for (uint64_t at = workload % FAULTS_EACH; at < tries; at += FAULTS_EACH) {
        fail_at(CRASH_FAULT_EIO, at, at % 3 == 0 ? 40 : 1);
        fail_at(CRASH_FAULT_FULL, at, at % 2 == 0 ? 200 : 20);
    }
}

/* --------------------------------------------------------------------- all */

static void count_ops(void)
{
    const struct crash_journal *journal = crash_vfs_journal(work);

    for (size_t i = 0; i < journal->ops_count; i++) {
        tally.writes += journal->ops[i].kind == CRASH_WRITE ? 1 : 0;
        tally.syncs += journal->ops[i].kind == CRASH_SYNC ? 1 : 0;
    }
}

static void run_workload(uint64_t rng)
{
    workload = rng;
    run_seed(NULL);
    uint64_t tries = crash_vfs_tries(work);
    count_ops();
    tally.workloads++;
    cut_everywhere();
    lie_everywhere(CRASH_LIES_OFTEN);
    lie_everywhere(CRASH_LIES_ALWAYS);
    fail_everywhere(tries);
}

static uint64_t faults_found(void)
{
    uint64_t sum = tally.wrong;

    for (uint32_t i = CRASH_FINE + 1; i < CRASH_FAULTS; i++) {
        sum += tally.found[i];
    }
    return sum;
}

static void show(uint64_t first)
{
    uint64_t lost = tally.found[CRASH_LOST_WORD];
    uint64_t risen = tally.found[CRASH_RESURRECTED];

    (void)printf(
        "# crash points: workloads %" PRIu64 "..%" PRIu64 ": %" PRIu64
        " points (%" PRIu64 " cuts, %" PRIu64 " cut twice, %" PRIu64
        " lies: %" PRIu64 " refused, %" PRIu64 " of several times, %" PRIu64
        " failing), %" PRIu64 " writes, %" PRIu64 " syncs: %" PRIu64
        " acknowledged lost, %" PRIu64 " resurrected, %" PRIu64
        " other faults\n",
        first, first + tally.workloads - 1, tally.points, tally.cuts,
        tally.twice, tally.lies, tally.refused, tally.mixed, tally.failing,
        tally.writes, tally.syncs, lost, risen, faults_found() - lost - risen);
    (void)fflush(stdout);
}

static void show_json(void)
{
    uint64_t lost = tally.found[CRASH_LOST_WORD];
    uint64_t risen = tally.found[CRASH_RESURRECTED];

    (void)printf("{\"workloads\": %" PRIu64 ", \"points\": %" PRIu64
                 ", \"cuts\": %" PRIu64 ", \"twice\": %" PRIu64
                 ", \"lies\": %" PRIu64 ", \"refused\": %" PRIu64
                 ", \"failing\": %" PRIu64 ", \"lost\": %" PRIu64
                 ", \"resurrected\": %" PRIu64 ", \"other\": %" PRIu64 "}\n",
                 tally.workloads, tally.points, tally.cuts, tally.twice,
                 tally.lies, tally.refused, tally.failing, lost, risen,
                 faults_found() - lost - risen);
}

static void begin(void)
{
    tally = (struct tally){.points = 0};
    work = crash_vfs_create("crash-work");
    court = crash_vfs_create("crash-judge");
    crash_judge_init(&judge, court);
}

static void end(void)
{
    crash_judge_fini(&judge);
    crash_vfs_destroy(work);
    crash_vfs_destroy(court);
}

static void no_point_loses_what_was_acknowledged(void **state)
{
    (void)state;
    const char *text = getenv("HEARSAY_CRASH_POINTS");
    uint64_t points = text == NULL ? POINTS : strtoull(text, NULL, 0);
    begin();
    for (uint64_t rng = 1; tally.points < points || rng <= 2; rng++) {
        run_workload(rng);
    }
    show(1);
    for (uint32_t i = 0; i < CRASH_EVENTS; i++) {
        (void)printf("# %s: %" PRIu64 "\n",
                     crash_event_name((enum crash_event)i), tally.events[i]);
    }
    end();
    CLAIM_INT(tally.found[CRASH_LOST_WORD], 0);
    CLAIM_INT(tally.found[CRASH_RESURRECTED], 0);
    CLAIM_INT(faults_found(), 0);
    CLAIM(tally.points >= points);
    for (uint32_t i = 0; i < CRASH_EVENTS; i++) {
        CLAIM(tally.events[i] > 0);
    }
    CLAIM(tally.open_failures > 0);
    CLAIM(tally.write_failures > 0);
    CLAIM(tally.refused > 0);
    CLAIM(tally.syncs >= tally.workloads * STEPS);
    CLAIM(tally.writes >= 2 * tally.syncs);
    CLAIM(tally.cuts > points / 4);
    CLAIM(tally.failing > points / 20);
    CLAIM(tally.twice > points / 40);
}

/* ----------------------------------------------------- does the judge bite? */

static void begin_one(void)
{
    begin();
    workload = 1;
    run_seed(NULL);
    HSY_ASSERT(tally.wrong == 0);
    tally.quiet = true;
}

/* Cuts after each operation, of nothing but what was synced. */
static void cut_bare(enum crash_honesty honesty)
{
    struct crash_cut cut;

    crash_cut_init(&cut, crash_vfs_journal(work), honesty, workload);
    do {
        (void)point(&cut, CRASH_LOST, 1, CRASH_EXACT);
    } while (crash_cut_step(&cut));
    crash_cut_fini(&cut);
}

static void a_disk_that_lies_is_not_taken_for_an_honest_one(void **state)
{
    (void)state;
    begin_one();
    cut_bare(CRASH_LIES_ALWAYS);
    end();
    CLAIM(tally.found[CRASH_LOST_WORD] > tally.points / 2);
}

/* As if the seed had answered when it asked its disk. */
static void a_word_before_the_commit_is_noticed(void **state)
{
    (void)state;
    uint32_t early = 0;
    begin_one();
    for (uint32_t i = 0; i < seed.words_count; i++) {
        struct crash_word *word = &seed.words[i];
        for (uint32_t k = 0; k < seed.facts_count; k++) {
            const struct crash_fact *fact = &seed.facts[k];
            if (fact->who == word->who && fact->rank == word->rank &&
                fact->asked < word->at) {
                word->at = fact->asked;
                early++;
            }
        }
    }
    cut_bare(CRASH_HONEST);
    end();
    CLAIM(early > 20);
    CLAIM(tally.found[CRASH_LOST_WORD] >= early);
}

/* What is on the disk in the end, after @sql. */
static enum crash_fault_found judge_after(const char *sql)
{
    static struct crash_disk disk;
    struct crash_cut cut;
    sqlite3 *db;

    crash_cut_init(&cut, crash_vfs_journal(work), CRASH_HONEST, 1);
    while (crash_cut_step(&cut)) {
    }
    uint64_t at = cut.at;
    crash_cut_take(&cut, &disk, CRASH_KEPT, 1);
    crash_cut_fini(&cut);
    crash_vfs_mount(court, &disk);
    CLAIM_INT(
        sqlite3_open_v2(CRASH_PATH, &db, SQLITE_OPEN_READWRITE, "crash-judge"),
        SQLITE_OK);
    CLAIM_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    CLAIM_INT(sqlite3_close(db), SQLITE_OK);
    crash_cut_init(&cut, crash_vfs_journal(court), CRASH_HONEST, 1);
    while (crash_cut_step(&cut)) {
    }
    crash_cut_take(&cut, &disk, CRASH_KEPT, 1);
    crash_cut_fini(&cut);
    enum crash_fault_found found =
        crash_judge_point(&judge, &disk, at, CRASH_EXACT);
    crash_disk_fini(&disk);
    return found;
}

static void rows_that_are_gone_or_changed_are_noticed(void **state)
{
    (void)state;
    begin_one();
    CLAIM_INT(judge_after("SELECT 1"), CRASH_FINE);
    /* A tombstone, a floor, somebody living, the seed itself. */
    CLAIM(judge_after("DELETE FROM state WHERE part = 3") != CRASH_FINE);
    CLAIM_INT(judge_after("DELETE FROM state WHERE part = 2"), CRASH_LOST_WORD);
    CLAIM_INT(judge_after("DELETE FROM state WHERE part = 0"), CRASH_LOST_WORD);
    CLAIM_INT(judge_after("UPDATE state SET value = zeroblob(length(value))"
                          " WHERE part = 2"),
              CRASH_GARBAGE);
    CLAIM_INT(judge_after("PRAGMA user_version = 99"), CRASH_UNREADABLE);
    end();
}

/* The exit code: 1 when anything is wrong, or nothing was done. */
static int run_range(uint64_t first, uint64_t count, bool json)
{
    begin();
    for (uint64_t rng = first; rng < first + count; rng++) {
        run_workload(rng);
    }
    if (json) {
        show_json();
    } else {
        show(first);
    }
    end();
    return faults_found() == 0 && count > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_loses_what_was_acknowledged),
        cmocka_unit_test(a_disk_that_lies_is_not_taken_for_an_honest_one),
        cmocka_unit_test(a_word_before_the_commit_is_noticed),
        cmocka_unit_test(rows_that_are_gone_or_changed_are_noticed),
    };
    bool json = argc == 4 && strcmp(argv[3], "--json") == 0;
    if (argc == 3 || json) {
        return run_range(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0),
                         json);
    }
    return cmocka_run_group_tests_name("crash points", tests, NULL, NULL);
}
