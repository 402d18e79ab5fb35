/* Every *.scn beside this file is a test case of its own: run in virtual
 * time, twice and once more with another hash salt, with equal digests, and
 * with all memory given back. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario.h"

enum { FILES_MAX = 256, PATH_LEN = 512, STORY_LEN = 16 * 1024 };

static size_t allocations;

static void *counted_alloc(void *ctx, size_t len)
{
    (void)ctx;
    allocations++;
    return malloc(len);
}

static void counted_free(void *ctx, void *ptr)
{
    (void)ctx;
    allocations -= ptr == NULL ? 0 : 1;
    free(ptr);
}

static const struct hearsay_mem mem = {.alloc = counted_alloc,
                                       .free = counted_free};

static const char *folder(void)
{
    static char path[PATH_LEN];
    const char *root = getenv("HEARSAY_SOURCE_ROOT");
    (void)snprintf(path, sizeof(path), "%s/tests/scenario",
                   root == NULL ? "." : root);
    return path;
}

static char *read_file(const char *path, size_t *out_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = malloc(1 << 16);
    assert_non_null(text);
    *out_len = fread(text, 1, 1 << 16, f);
    assert_true(*out_len < 1 << 16);
    assert_int_equal(fclose(f), 0);
    return text;
}

static struct hsy_scenario *parse_file(const char *path)
{
    size_t len;
    char *text = read_file(path, &len);
    if (len < 2 || memcmp(text, "# ", 2) != 0) {
        fail_msg("%s: must open with a sentence: # ...", path);
    }
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error;
    int err = hsy_scenario_parse(&s, &mem, text, len, &error);
    free(text);
    if (err != HEARSAY_OK) {
        fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.text);
    }
    return s;
}

static struct hsy_scenario_result run(const struct hsy_scenario *s,
                                      const char *path, uint64_t hash_salt)
{
    static char story[STORY_LEN];
    struct hsy_scenario_setup setup = {.machine = hsy_machine_node(),
                                       .crypto = hearsay_crypto_null(),
                                       .mem = mem,
                                       .hash_salt = hash_salt};
    const char *rng = getenv("HEARSAY_RNG"); /* To look for luck. */
    setup.rng = rng == NULL ? 0 : strtoull(rng, NULL, 0);
    struct hsy_scenario_result result;
    int err = hsy_scenario_run(s, &setup, &result, story, sizeof(story));
    assert_int_equal(err, HEARSAY_OK);
    if (!result.passed) {
        (void)fprintf(stderr, "# %s\n%s\n", path, story); /* Whole. */
        fail_msg("%s:%u failed", path, result.line);
    }
    return result;
}

/* Under a sanitizer, which is slow, the salted run is the second one. */
static struct hsy_scenario_result again(const struct hsy_scenario *s,
                                        const char *path,
                                        const struct hsy_scenario_result *first)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)s;
    (void)path;
    return *first;
#else
    (void)first;
    return run(s, path, 0);
#endif
}

static void test_scenario(void **state)
{
    const char *path = *state;
    allocations = 0;
    struct hsy_scenario *s = parse_file(path);
    struct hsy_scenario_result first = run(s, path, 0);
    struct hsy_scenario_result second = again(s, path, &first);
    struct hsy_scenario_result salted = run(s, path, 0x5a17);
    hsy_scenario_destroy(s);
    assert_true(first.digest == second.digest);
    assert_true(first.steps == second.steps);
    assert_true(first.digest == salted.digest);
    assert_true(first.steps == salted.steps);
    assert_int_equal(allocations, 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name,
                  ((const struct CMUnitTest *)b)->name);
}

static size_t find_files(struct CMUnitTest *tests,
                         char (*paths)[PATH_LEN + 256], char (*names)[256])
{
    size_t count = 0;
    DIR *dir = opendir(folder());
    const struct dirent *entry = dir == NULL ? NULL : readdir(dir);
    for (; entry != NULL; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        const char *only = getenv("HEARSAY_ONLY");
        if (len < 5 || strcmp(entry->d_name + len - 4, ".scn") != 0 ||
            count == FILES_MAX ||
            (only != NULL && strstr(entry->d_name, only) == NULL)) {
            continue;
        }
        (void)snprintf(paths[count], sizeof(paths[count]), "%s/%s", folder(),
                       entry->d_name);
        (void)snprintf(names[count], sizeof(names[count]), "%s", entry->d_name);
        tests[count] = (struct CMUnitTest){.name = names[count],
                                           .test_func = test_scenario,
                                           .initial_state = paths[count]};
        count++;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

int main(void)
{
    static struct CMUnitTest tests[FILES_MAX];
    static char paths[FILES_MAX][PATH_LEN + 256];
    static char names[FILES_MAX][256];
    size_t count = find_files(tests, paths, names);
    if (count == 0) {
        (void)fprintf(stderr, "no *.scn in %s\n", folder());
        return 1;
    }
    qsort(tests, count, sizeof(tests[0]), by_name);
    return _cmocka_run_group_tests("scenarios", tests, count, NULL, NULL);
}
